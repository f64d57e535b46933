package dev.kernelet.abi;

import jdk.internal.misc.Unsafe;

/**
 * Raw native memory by absolute address: the one door to it in the whole project.
 *
 * <p>Uses the JDK's internal Unsafe because {@code MemorySegment} and {@code VarHandle} cost 9 to 15 ms of start-up
 * (docs/design/0001). Nothing here checks bounds: an address must come from an allocation or mapping the caller owns.
 */
public final class Memory {
    private static final Unsafe U = Unsafe.getUnsafe();
    private static final long BYTES = Unsafe.ARRAY_BYTE_BASE_OFFSET;
    /** Up to here a loop is faster than a call. */
    private static final int SHORT = 160;

    private Memory() {}

    public static byte getByte(long address) { return U.getByte(address); }
    public static short getShort(long address) { return U.getShort(address); }
    public static int getInt(long address) { return U.getInt(address); }
    public static long getLong(long address) { return U.getLong(address); }
    public static void putByte(long address, byte value) { U.putByte(address, value); }
    public static void putShort(long address, short value) { U.putShort(address, value); }
    public static void putInt(long address, int value) { U.putInt(address, value); }
    public static void putLong(long address, long value) { U.putLong(address, value); }

    public static int getUnsignedByte(long address) { return U.getByte(address) & 0xff; }
    public static int getUnsignedShort(long address) { return U.getShort(address) & 0xffff; }
    public static long getUnsignedInt(long address) { return U.getInt(address) & 0xffffffffL; }

    public static int getIntAcquire(long address) { return U.getIntAcquire(null, address); }
    public static int getIntVolatile(long address) { return U.getIntVolatile(null, address); }
    public static void putIntRelease(long address, int value) { U.putIntRelease(null, address, value); }
    public static void putIntVolatile(long address, int value) { U.putIntVolatile(null, address, value); }
    public static long getLongVolatile(long address) { return U.getLongVolatile(null, address); }
    public static void putLongVolatile(long address, long value) { U.putLongVolatile(null, address, value); }
    public static boolean compareAndSetInt(long address, int expected, int value) {
        return U.compareAndSetInt(null, address, expected, value);
    }
    public static int getAndSetInt(long address, int value) { return U.getAndSetInt(null, address, value); }
    public static void fullFence() { U.fullFence(); }

    /** Copies; the ranges do not overlap. */
    public static void copy(long source, long destination, long length) {
        if (length > SHORT) {
            U.copyMemory(source, destination, length);
            return;
        }
        // The first compiler calls out for copyMemory: 50 ns.
        long i = 0;
        for (; i + 8 <= length; i += 8) U.putLong(destination + i, U.getLong(source + i));
        for (; i < length; i++) U.putByte(destination + i, U.getByte(source + i));
    }

    public static void fill(long address, long length, byte value) { U.setMemory(address, length, value); }
    public static void zero(long address, long length) { U.setMemory(address, length, (byte) 0); }

    /** Copies {@code length} bytes of {@code source}, from index {@code from}, to native memory. */
    public static void copyFromArray(byte[] source, int from, long destination, int length) {
        if ((from | length | source.length - from - length) < 0) throw new IndexOutOfBoundsException();
        U.copyMemory(source, BYTES + from, null, destination, length);
    }

    /** Copies {@code length} bytes of native memory into {@code destination} at index {@code to}. */
    public static void copyToArray(long source, byte[] destination, int to, int length) {
        if ((to | length | destination.length - to - length) < 0) throw new IndexOutOfBoundsException();
        if (length > SHORT) {
            U.copyMemory(null, source, destination, BYTES + to, length);
            return;
        }
        int i = 0;
        for (; i + 8 <= length; i += 8) U.putLong(destination, BYTES + to + i, U.getLong(source + i));
        for (; i < length; i++) destination[to + i] = U.getByte(source + i);
    }

    /** Allocates zeroed native memory; the caller owns it until {@link #free}. */
    public static long allocate(long bytes) {
        long address = U.allocateMemory(bytes);
        U.setMemory(address, bytes, (byte) 0);
        return address;
    }

    public static void free(long address) { U.freeMemory(address); }

    /**
     * Copies a string with its NUL, at most {@code max} bytes: its length without it, or -1: there is none
     * (then all are copied). Reads each byte once: the source may change.
     */
    public static int copyString(long source, long destination, int max) {
        int i = 0;
        for (; i + 8 <= max; i += 8) {
            long v = U.getLong(source + i);
            U.putLong(destination + i, v);
            long zero = v - 0x0101010101010101L & ~v & 0x8080808080808080L;
            if (zero != 0) return i + (Long.numberOfTrailingZeros(zero) >> 3);
        }
        for (; i < max; i++) {
            byte b = U.getByte(source + i);
            U.putByte(destination + i, b);
            if (b == 0) return i;
        }
        return -1;
    }

    /** How many of {@code max} bytes come before the first NUL; {@code max} if there is none. */
    public static int length(long address, long max) {
        int n = 0;
        // Eight at a time: this runs before there is compiled code.
        for (; n + 8 <= max; n += 8) {
            long v = U.getLong(address + n);
            if ((v - 0x0101010101010101L & ~v & 0x8080808080808080L) != 0) break;
        }
        while (n < max && U.getByte(address + n) != 0) n++;
        return n;
    }

    private static final long STRING_BYTES = U.objectFieldOffset(String.class, "value");

    /** Whether the byte string {@code s} is what {@code bytes} holds from {@code from} on. */
    public static boolean isEqual(String s, byte[] bytes, int from) {
        // Its own array: char by char costs the first compiler's code ten times as much.
        byte[] own = (byte[]) U.getReference(s, STRING_BYTES);
        int n = own.length;
        if (n != s.length() || (from | bytes.length - from - n) < 0) return false;
        int i = 0;
        for (long at = BYTES + from; i + 8 <= n; i += 8) {
            if (U.getLong(own, BYTES + i) != U.getLong(bytes, at + i)) return false;
        }
        for (; i < n; i++) if (own[i] != bytes[from + i]) return false;
        return true;
    }

    /** A hash of {@code length} bytes from {@code from} on, eight at a time. */
    public static int hash(byte[] bytes, int from, int length) {
        if ((from | length | bytes.length - from - length) < 0) throw new IndexOutOfBoundsException();
        long h = length, tail = 0;
        int i = 0;
        for (long at = BYTES + from; i + 8 <= length; i += 8) h = mix(h ^ U.getLong(bytes, at + i));
        for (; i < length; i++) tail = tail << 8 | bytes[from + i] & 0xff;
        h = mix(h ^ tail);
        return (int) (h ^ h >>> 32);
    }

    private static long mix(long h) {
        h *= 0x9e3779b97f4a7c15L;
        return h ^ h >>> 29;
    }

    /** The same of a byte string. */
    public static int hash(String s) {
        byte[] own = (byte[]) U.getReference(s, STRING_BYTES);
        return hash(own, 0, own.length);
    }

    /** Stores {@code s} (a byte string: one char per byte) and returns its length; no terminator. */
    public static int putBytes(long address, String s) {
        int n = s.length();
        for (int i = 0; i < n; i++) U.putByte(address + i, (byte) s.charAt(i));
        return n;
    }

    /** The bytes at {@code address} as a byte string (ISO 8859-1: one char per byte, lossless). */
    public static String getBytes(long address, int length) {
        var bytes = new byte[length];
        copyToArray(address, bytes, 0, length);
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}

package dev.kernelet.sentry.strace;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/** Reads structs from the application's memory and spells them. A fault shows the address instead. */
final class Structs {
    private Structs() {}

    private static final int CAPACITY = 1 << 16;
    private static final int ARRAY_SHOWN = 16;
    static int logSize = 1024;
    private static long buffer;

    /** {@code length} bytes copied in to the returned address, which the next call reuses; 0 when there are fewer. */
    private static long read(Task t, long address, int length) {
        if (address == 0 || length > CAPACITY) return 0;
        if (buffer == 0) buffer = Memory.allocate(CAPACITY);
        return t.mem.copyIn(buffer, address, length) == length ? buffer : 0;
    }

    /** Returns false, having written the address, when the struct cannot be read. */
    private static boolean load(StringBuilder b, Task t, long address, int length) {
        if (read(t, address, length) != 0) return true;
        pointer(b, address);
        return false;
    }

    static void pointer(StringBuilder b, long address) {
        if (address == 0) b.append("NULL");
        else Values.hex(b, address);
    }

    // ---- bytes and strings
    /** A buffer, at most {@link #logSize} bytes of it. */
    static void bytes(StringBuilder b, Task t, long address, long length) {
        if (length == 0 && address != 0) {
            b.append("\"\"");
            return;
        }
        int shown = (int) Math.min(Math.min(length, logSize), CAPACITY);
        if (shown < 0 || !load(b, t, address, shown)) {
            if (shown < 0) pointer(b, address);
            return;
        }
        quote(b, buffer, shown);
        if (shown < length) b.append("...");
    }

    static void string(StringBuilder b, Task t, long address) {
        if (address == 0) {
            b.append("NULL");
            return;
        }
        String s = t.mem.string(address, 4096);
        if (s == null) {
            Values.hex(b, address);
            return;
        }
        b.append('"');
        int shown = Math.min(s.length(), Math.max(logSize, 32));
        for (int i = 0; i < shown; i++) quote(b, s.charAt(i));
        b.append(shown < s.length() ? "\"..." : "\"");
    }

    private static void quote(StringBuilder b, long address, int length) {
        b.append('"');
        for (int i = 0; i < length; i++) quote(b, Memory.getUnsignedByte(address + i));
        b.append('"');
    }

    private static void quote(StringBuilder b, int c) {
        switch (c) {
            case '\n' -> b.append("\\n");
            case '\t' -> b.append("\\t");
            case '\r' -> b.append("\\r");
            case '"' -> b.append("\\\"");
            case '\\' -> b.append("\\\\");
            default -> {
                if (c >= 0x20 && c < 0x7f) {
                    b.append((char) c);
                } else {
                    b.append("\\x").append("0123456789abcdef".charAt(c >> 4)).append("0123456789abcdef".charAt(c & 15));
                }
            }
        }
    }

    /** argv: a vector of strings that ends in NULL. */
    static void strings(StringBuilder b, Task t, long address) {
        b.append('[');
        int start = b.length();
        for (int i = 0; address != 0; i++) {
            long p = read(t, address + 8L * i, 8);
            if (p == 0) break;
            long string = Memory.getLong(p);
            if (string == 0) break;
            if (i > 0) b.append(", ");
            if (b.length() - start > 2 * logSize) {
                b.append("...");
                break;
            }
            string(b, t, string);
        }
        b.append(']');
    }

    /** envp: only how many. */
    static void count(StringBuilder b, Task t, long address) {
        Values.hex(b, address);
        int n = 0;
        while (address != 0 && n < 10_000) {
            long p = read(t, address + 8L * n, 8);
            if (p == 0 || Memory.getLong(p) == 0) break;
            n++;
        }
        b.append(" /* ").append(n).append(" vars */");
    }

    /** iovec[count]; of their bytes at most {@code total} are shown. */
    static void vectors(StringBuilder b, Task t, long address, int count, long total) {
        if (count < 0 || count > 1024) {
            pointer(b, address);
            return;
        }
        b.append('[');
        for (int i = 0; i < count; i++) {
            if (i > 0) b.append(", ");
            if (i == ARRAY_SHOWN) {
                b.append("...");
                break;
            }
            if (!load(b, t, address + 16L * i, 16)) break;
            long base = Memory.getLong(buffer), length = Memory.getLong(buffer + 8);
            b.append("{base=");
            long shown = Math.min(length, total);
            if (shown > 0) bytes(b, t, base, shown);
            else pointer(b, base);
            b.append(", len=").append(length).append('}');
            total -= Math.max(0, shown);
        }
        b.append(']');
    }

    // ---- sockets
    static void socketAddress(StringBuilder b, Task t, long address, int length) {
        if (length < 2 || length > 128 || !load(b, t, address, length)) {
            if (length < 2 || length > 128) pointer(b, address);
            return;
        }
        int family = Memory.getUnsignedShort(buffer);
        Values.constant(b.append('{'), Values.FAMILY, family);
        if (family == 1) {
            int end = 2;
            while (end < length && (Memory.getByte(buffer + end) != 0 || end == 2)) end++;
            b.append(' ');
            if (length > 2) quote(b, buffer + 2, end - 2);
        } else if (family == 2 && length >= 8) {
            b.append(' ');
            for (int i = 4; i < 8; i++) b.append(Memory.getUnsignedByte(buffer + i)).append(i < 7 ? '.' : ':');
            b.append(port());
        } else if (family == 10 && length >= 24) {
            b.append(" [");
            for (int i = 8; i < 24; i += 2) {
                int group = Memory.getUnsignedByte(buffer + i) << 8 | Memory.getUnsignedByte(buffer + i + 1);
                b.append(Integer.toHexString(group)).append(i < 22 ? ':' : ']');
            }
            b.append(':').append(port());
        } else if (family == 16 && length >= 12) {
            b.append(" pid=").append(Memory.getInt(buffer + 4)).append(" groups=").append(Memory.getUnsignedInt(buffer + 8));
        }
        b.append('}');
    }

    private static int port() { return Memory.getUnsignedByte(buffer + 2) << 8 | Memory.getUnsignedByte(buffer + 3); }

    /** The address an out argument received, its length behind {@code lengthAddress}. */
    static void socketAddressOut(StringBuilder b, Task t, long address, long lengthAddress) {
        long p = address == 0 ? 0 : read(t, lengthAddress, 4);
        if (p == 0) pointer(b, address);
        else socketAddress(b, t, address, Math.min(Memory.getInt(p), 128));
    }

    static void message(StringBuilder b, Task t, long address, long total) {
        if (!load(b, t, address, 56)) return;
        long name = Memory.getLong(buffer), vectors = Memory.getLong(buffer + 16), control = Memory.getLong(buffer + 32);
        int nameLength = Memory.getInt(buffer + 8), count = (int) Math.min(Memory.getLong(buffer + 24), 1 << 20);
        long controlLength = Memory.getLong(buffer + 40);
        int flags = Memory.getInt(buffer + 48);
        b.append("{name=");
        if (name == 0 || nameLength == 0) pointer(b, name);
        else socketAddress(b, t, name, nameLength);
        vectors(b.append(", iov="), t, vectors, count, total);
        pointer(b.append(", control="), control);
        b.append(" len=").append(controlLength);
        Values.flags(b.append(", flags="), Values.MSG, flags & 0xffffffffL, "0");
        b.append('}');
    }

    // ---- time
    static void timespec(StringBuilder b, Task t, long address) {
        if (load(b, t, address, 16)) time(b, 0, 9);
    }

    static void timespecs(StringBuilder b, Task t, long address, int digits) {
        if (!load(b, t, address, 32)) return;
        time(b.append('['), 0, digits);
        time(b.append(", "), 16, digits);
        b.append(']');
    }

    static void timeval(StringBuilder b, Task t, long address) {
        if (load(b, t, address, 16)) time(b, 0, 6);
    }

    /** itimerspec and itimerval: interval, then value. */
    static void intervalTimer(StringBuilder b, Task t, long address, int digits) {
        if (!load(b, t, address, 32)) return;
        time(b.append("{interval="), 0, digits);
        time(b.append(", value="), 16, digits);
        b.append('}');
    }

    private static void time(StringBuilder b, int offset, int digits) {
        b.append(Memory.getLong(buffer + offset));
        long fraction = Memory.getLong(buffer + offset + 8);
        if (fraction < 0 || fraction > 999_999_999) {
            b.append('.').append(fraction); // UTIME_NOW, or nonsense
            return;
        }
        String s = Long.toString(fraction);
        b.append('.');
        for (int i = s.length(); i < digits; i++) b.append('0');
        b.append(s).append('s');
    }

    // ---- signals
    static void signalSet(StringBuilder b, Task t, long address) {
        if (load(b, t, address, 8)) Values.signalSet(b, Memory.getLong(buffer));
    }

    static void sigaction(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 32)) return;
        long handler = Memory.getLong(buffer);
        b.append("{handler=");
        if (handler == 0) b.append("SIG_DFL");
        else if (handler == 1) b.append("SIG_IGN");
        else Values.hex(b, handler);
        Values.flags(b.append(", flags="), Values.SA, Memory.getLong(buffer + 8), "0");
        Values.signalSet(b.append(", mask="), Memory.getLong(buffer + 24));
        b.append('}');
    }

    static void siginfo(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 24)) return;
        Values.signal(b.append("{signo="), Memory.getInt(buffer));
        b.append(", code=").append(Memory.getInt(buffer + 8)).append(", pid=").append(Memory.getInt(buffer + 16)).append(", uid=");
        b.append(Memory.getInt(buffer + 20)).append('}');
    }

    static void stack(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 24)) return;
        Values.hex(b.append("{sp="), Memory.getLong(buffer));
        Values.flags(b.append(", flags="), "1=SS_ONSTACK 2=SS_DISABLE 80000000=SS_AUTODISARM",
                Memory.getUnsignedInt(buffer + 8), "0");
        b.append(", size=").append(Memory.getLong(buffer + 16)).append('}');
    }

    // ---- files and waiting
    static void stat(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 144)) return;
        b.append("{ino=").append(Memory.getLong(buffer + 8)).append(", mode=0").append(Integer.toOctalString(Memory.getInt(buffer + 24)));
        b.append(", nlink=").append(Memory.getLong(buffer + 16)).append(", uid=").append(Memory.getInt(buffer + 28));
        b.append(", gid=").append(Memory.getInt(buffer + 32)).append(", size=").append(Memory.getLong(buffer + 48)).append('}');
    }

    static void poll(StringBuilder b, Task t, long address, int count, boolean withResult) {
        if (count < 0 || count > 4096) {
            pointer(b, address);
            return;
        }
        b.append('[');
        for (int i = 0; i < count; i++) {
            if (i > 0) b.append(", ");
            if (i == ARRAY_SHOWN) {
                b.append("...");
                break;
            }
            if (!load(b, t, address + 8L * i, 8)) break;
            b.append("{fd=").append(Memory.getInt(buffer));
            Values.flags(b.append(", events="), Values.POLL, Memory.getUnsignedShort(buffer + 4), "0");
            if (withResult) Values.flags(b.append(", revents="), Values.POLL, Memory.getUnsignedShort(buffer + 6), "0");
            b.append('}');
        }
        b.append(']');
    }

    static void epoll(StringBuilder b, Task t, long address, long count) {
        b.append('[');
        for (int i = 0; i < count; i++) {
            if (i > 0) b.append(", ");
            if (i == ARRAY_SHOWN) {
                b.append("...");
                break;
            }
            if (!epollEvent(b, t, address + 12L * i)) break;
        }
        b.append(']');
    }

    static boolean epollEvent(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 12)) return false;
        Values.flags(b.append("{events="), Values.EPOLL, Memory.getUnsignedInt(buffer), "0");
        Values.hex(b.append(", data="), Memory.getLong(buffer + 4));
        b.append('}');
        return true;
    }

    static void descriptors(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 8)) return;
        b.append('[').append(Memory.getInt(buffer)).append(", ").append(Memory.getInt(buffer + 4)).append(']');
    }

    static void openHow(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 24)) return;
        Values.open(b.append("{flags="), Memory.getInt(buffer));
        b.append(", mode=0").append(Long.toOctalString(Memory.getLong(buffer + 8)));
        Values.flags(b.append(", resolve="), "1=RESOLVE_NO_XDEV 2=RESOLVE_NO_MAGICLINKS 4=RESOLVE_NO_SYMLINKS 8=RESOLVE_BENEATH "
                + "10=RESOLVE_IN_ROOT 20=RESOLVE_CACHED", Memory.getLong(buffer + 16), "0");
        b.append('}');
    }

    // ---- processes
    static void cloneArguments(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 64)) return;
        Values.flags(b.append("{flags="), Values.CLONE, Memory.getLong(buffer), "0");
        Values.signal(b.append(", exit_signal="), (int) Memory.getLong(buffer + 32));
        Values.hex(b.append(", stack="), Memory.getLong(buffer + 40));
        Values.hex(b.append(", stack_size="), Memory.getLong(buffer + 48));
        Values.hex(b.append(", tls="), Memory.getLong(buffer + 56));
        b.append('}');
    }

    static void waitStatus(StringBuilder b, Task t, long address) {
        if (load(b, t, address, 4)) Values.waitStatus(b, Memory.getInt(buffer));
    }

    static void limit(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 16)) return;
        amount(b.append("{cur="), Memory.getLong(buffer));
        amount(b.append(", max="), Memory.getLong(buffer + 8));
        b.append('}');
    }

    private static void amount(StringBuilder b, long value) {
        if (value == -1) b.append("RLIM_INFINITY");
        else b.append(Long.toUnsignedString(value));
    }

    static void integer(StringBuilder b, Task t, long address) {
        if (load(b, t, address, 4)) b.append('[').append(Memory.getInt(buffer)).append(']');
    }

    /** utsname: of its six strings the name and the release. */
    static void names(StringBuilder b, Task t, long address) {
        if (!load(b, t, address, 390)) return;
        string65(b.append("{sysname="), 0);
        string65(b.append(", nodename="), 65);
        string65(b.append(", release="), 130);
        b.append('}');
    }

    private static void string65(StringBuilder b, int offset) {
        int n = 0;
        while (n < 64 && Memory.getByte(buffer + offset + n) != 0) n++;
        quote(b, buffer + offset, n);
    }
}

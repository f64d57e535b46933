package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.kernel.Task;

/**
 * How a handler reads and writes the memory of the task whose call it serves. One per task. Kernel lock.
 *
 * <p>Three ways: <b>structs</b> go through private scratch memory ({@link #in}, {@link #scratch} + {@link #out}): the
 * application cannot change it underfoot. <b>Strings</b> likewise ({@link #path}). <b>Bulk data</b> that is never parsed goes
 * through the window, which the application can scribble over ({@link #dataIn}, {@link #dataWindow}, {@link #dataOut}).
 * Scratch lives until the call ends or is run again. What is written out may really be copied when the call's result is
 * (no extra round trip); a fault the mappings did not foretell then turns the result into -EFAULT.
 */
public final class UserMemory {
    private static final int SCRATCH = 64 << 10;
    /** In place of an offset in the window. */
    private static final int ZEROS = -1;
    /** Longest path with its NUL (PATH_MAX). */
    public static final int PATH_MAX = 4096;

    private final Task task;
    private long scratch;
    private int scratchUsed;
    private long[] big = {};
    private int bigCount;

    /** The path read last, {@link #pathLength} bytes without NUL. */
    public final byte[] pathBytes = new byte[PATH_MAX];
    public int pathLength;

    private final int[] deferredOffset = new int[ExecutionContext.MAX_DEFERRED];
    private final long[] deferredAddress = new long[ExecutionContext.MAX_DEFERRED];
    private final int[] deferredLength = new int[ExecutionContext.MAX_DEFERRED];
    private int deferred;
    /** Small results are gathered at the window's end, growing down; data starts at its beginning. */
    private int tail;

    public UserMemory(Task task) { this.task = task; }

    /** Called before each run of a handler. */
    public void begin() {
        scratchUsed = 0;
        deferred = 0;
        if (task.ctx != null) tail = task.ctx.windowSize();
        while (bigCount > 0) Memory.free(big[--bigCount]);
    }

    /** The task is gone. */
    public void release() {
        begin();
        if (scratch != 0) Memory.free(scratch);
        scratch = 0;
    }

    /** {@code bytes} of private memory, zeroed, aligned to 16. */
    public long scratch(int bytes) {
        int n = bytes + 15 & ~15;
        if (n > SCRATCH - scratchUsed) {
            if (bigCount == big.length) big = java.util.Arrays.copyOf(big, Math.max(4, 2 * bigCount));
            return big[bigCount++] = Memory.allocate(n);
        }
        if (scratch == 0) scratch = Memory.allocate(SCRATCH);
        long address = scratch + scratchUsed;
        scratchUsed += n;
        if (n <= 256) for (int i = 0; i < n; i += 8) Memory.putLong(address + i, 0);
        else Memory.zero(address, n);
        return address;
    }

    /** A private copy of {@code length} bytes of the application, or -EFAULT. */
    public long in(long userAddress, int length) {
        if (length == 0) return scratch(0);
        if (!readable(userAddress, length)) return -EFAULT;
        long p = scratch(length);
        return copyIn(p, userAddress, length) == length ? p : -EFAULT;
    }

    /** Copies application memory to {@code destination}; returns the bytes copied before a fault. */
    public long copyIn(long destination, long userAddress, long length) {
        ExecutionContext ctx = task.ctx;
        if (length <= PATH_MAX) {
            int at = ctx.prefetched(userAddress, length);
            if (at >= 0) {
                Memory.copy(ctx.window() + at, destination, length);
                return length;
            }
        }
        return ctx.copyIn(destination, userAddress, length);
    }

    /** Copies to application memory now; returns the bytes copied before a fault. */
    public long copyOut(long userAddress, long source, long length) {
        if (length <= 0) return 0;
        return task.ctx.copyOut(userAddress, source, length);
    }

    /** Hands {@code length} bytes at {@code source} (anywhere in the Sentry) to the application: 0 or -EFAULT. */
    public long out(long userAddress, long source, int length) {
        if (length == 0) return 0;
        if (!writable(userAddress, length)) return -EFAULT;
        ExecutionContext ctx = task.ctx;
        int room = length + 15 & ~15;
        if (deferred < ExecutionContext.MAX_DEFERRED && room <= tail - ctx.windowSize() / 2) {
            tail -= room;
            Memory.copy(source, ctx.window() + tail, length);
            defer(tail, userAddress, length);
            return 0;
        }
        return ctx.copyOut(userAddress, source, length) == length ? 0 : -EFAULT;
    }

    public long outInt(long userAddress, int value) {
        long p = scratch(4);
        Memory.putInt(p, value);
        return out(userAddress, p, 4);
    }

    public long outLong(long userAddress, long value) {
        long p = scratch(8);
        Memory.putLong(p, value);
        return out(userAddress, p, 8);
    }

    public long outBytes(long userAddress, byte[] bytes, int length) {
        long p = scratch(length);
        Memory.copyFromArray(bytes, 0, p, length);
        return out(userAddress, p, length);
    }

    /** A 32-bit word, zero-extended, or -EFAULT. */
    public long loadInt(long userAddress) {
        long p = in(userAddress, 4);
        return p < 0 ? p : Memory.getUnsignedInt(p);
    }

    /** Reads a path into {@link #pathBytes}: its length, -EFAULT or -ENAMETOOLONG. */
    public long path(long userAddress) {
        if (!readable(userAddress, 1)) return -EFAULT;
        long p = scratch(0);
        if (scratchUsed + PATH_MAX > SCRATCH) p = scratch(PATH_MAX);
        long n = string(p, userAddress, PATH_MAX);
        if (n < 0) return n;
        Memory.copyToArray(p, pathBytes, 0, (int) n);
        pathLength = (int) n;
        return n;
    }

    /** The string at {@code userAddress}, at most {@code max} bytes with its NUL; or null and t.error. */
    public String string(long userAddress, int max) {
        long p = scratch(max);
        long n = readable(userAddress, 1) ? string(p, userAddress, max) : -EFAULT;
        if (n < 0) {
            task.error = (int) n;
            return null;
        }
        return Memory.getBytes(p, (int) n);
    }

    private long string(long destination, long userAddress, int max) {
        int at = task.ctx.prefetched(userAddress, -1);
        if (at < 0) return task.ctx.copyInString(destination, userAddress, max);
        // The window can change under us: copy first, then look for the end.
        int room = Math.min(max, task.ctx.windowSize() - at);
        long w = task.ctx.window() + at;
        int n = Memory.copyString(w, destination, room);
        if (n >= 0) return n;
        return task.ctx.copyInString(destination, userAddress, max);
    }

    // ---- bulk data through the window
    /** Bytes that one {@link #dataIn} or {@link #dataOut} can carry. */
    public int dataMax() { return task.ctx.windowSize() / 2; }

    /**
     * The window's data part, holding {@code length} (at most {@link #dataMax}) bytes of the application; how many really
     * is {@link #dataLength}, less when the range ends in a hole. -EFAULT when there is none at all.
     */
    public long dataIn(long userAddress, long length) {
        ExecutionContext ctx = task.ctx;
        int at = ctx.prefetched(userAddress, length);
        if (at >= 0) {
            dataLength = length;
            return ctx.window() + at;
        }
        dataLength = ctx.windowIn(0, userAddress, length);
        return dataLength <= 0 && length > 0 ? -EFAULT : ctx.window();
    }

    public long dataLength;

    /** The window's data part, to be filled with at most {@link #dataMax} bytes. */
    public long dataWindow() { return task.ctx.window(); }

    /** window data to the application, now: 0 or -EFAULT. For all but the last piece of a call. */
    public long dataOut(long userAddress, long length) {
        return task.ctx.windowOut(0, userAddress, length) == length ? 0 : -EFAULT;
    }

    /** window data to the application with the call's result: 0 or -EFAULT. The last piece; the window stays untouched after. */
    public long dataOutLast(long userAddress, long length) {
        if (!writable(userAddress, length)) return dataOut(userAddress, length);
        if (deferred == ExecutionContext.MAX_DEFERRED) return dataOut(userAddress, length);
        defer(0, userAddress, (int) length);
        return 0;
    }

    /** Zeros to the application with the call's result: 0 or -EFAULT. */
    public long zerosOutLast(long userAddress, long length) {
        if (deferred == ExecutionContext.MAX_DEFERRED || !writable(userAddress, length)) return -EFAULT;
        defer(ZEROS, userAddress, (int) length);
        return 0;
    }

    private boolean zerosOut(long userAddress, int length) {
        int piece = Math.min(length, dataMax());
        Memory.zero(dataWindow(), piece);
        for (int done = 0; done < length; done += piece) {
            int n = Math.min(piece, length - done);
            if (task.ctx.windowOut(0, userAddress + done, n) != n) return false;
        }
        return true;
    }

    /** A large piece of private memory to the application, now: how many bytes before a fault. */
    public long bulkOut(long userAddress, long source, long length) {
        long n = task.ctx.space().writeRemote(userAddress, source, length);
        if (n == length) return n;
        n = Math.max(n, 0);
        return n + copyOut(userAddress + n, source + n, length - n);
    }

    /** A large piece of the application's memory to private memory: how many bytes before a fault. */
    public long bulkIn(long destination, long userAddress, long length) {
        long n = task.ctx.space().readRemote(userAddress, destination, length);
        if (n == length) return n;
        n = Math.max(n, 0);
        return n + task.ctx.copyIn(destination + n, userAddress + n, length - n);
    }

    // ---- checks
    public boolean readable(long userAddress, long length) {
        return task.mm.isAccessible(userAddress, length, false) || task.mm.growFor(task, userAddress, length, false);
    }

    public boolean writable(long userAddress, long length) {
        return task.mm.isAccessible(userAddress, length, true) || task.mm.growFor(task, userAddress, length, true);
    }

    private void defer(int offset, long userAddress, int length) {
        deferredOffset[deferred] = offset;
        deferredAddress[deferred] = userAddress;
        deferredLength[deferred++] = length;
    }

    /** Attaches the deferred copies to the coming resumeSyscall. */
    public void attachDeferred() {
        for (int i = 0; i < deferred; i++) {
            if (deferredOffset[i] == ZEROS) {
                boolean isTaken = task.ctx.deferZeros(deferredAddress[i], deferredLength[i]);
                if (!isTaken) zerosOut(deferredAddress[i], deferredLength[i]);
                continue;
            }
            if (!task.ctx.deferWindowOut(deferredOffset[i], deferredAddress[i], deferredLength[i])) {
                task.ctx.windowOut(deferredOffset[i], deferredAddress[i], deferredLength[i]);
            }
        }
        deferred = 0;
    }

    /** Does the deferred copies now (signal delivery, a blocked call): 0 or -EFAULT. */
    public long flush() {
        long r = 0;
        for (int i = 0; i < deferred; i++) {
            int n = deferredLength[i];
            boolean isDone = deferredOffset[i] == ZEROS ? zerosOut(deferredAddress[i], n)
                    : task.ctx.windowOut(deferredOffset[i], deferredAddress[i], n) == n;
            if (!isDone) r = -EFAULT;
        }
        deferred = 0;
        return r;
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.SyscallNumber;

/**
 * rseq(2): the host's kernel keeps the thread's area, as it alone knows when the thread is moved or interrupted. Its rules for
 * what inherits a registration are Linux's, so here is only remembered what was registered. Kernel lock.
 */
public final class Rseq {
    private static final int UNREGISTER = 1, SIZE_MIN = 32;

    /** The host has taken a registration before. */
    private static boolean works;

    private Rseq() {}

    public static long rseq(Task t, long area, int length, int flags, int signature) {
        if ((flags & UNREGISTER) != 0) return unregister(t, area, length, flags, signature);
        if (flags != 0) return -EINVAL;
        if (t.rseqArea != 0) {
            if (area != t.rseqArea || length != t.rseqLength) return -EINVAL;
            return signature != t.rseqSignature ? -EPERM : -EBUSY;
        }
        if (length < SIZE_MIN || (area & SIZE_MIN - 1) != 0) return -EINVAL;
        if (length > 4096 || !t.mem.writable(area, length)) return -EFAULT;
        // Where it has worked before, on the way back; should it fail then, leave() finds nothing: no harm.
        boolean isDeferred = works && t.ctx.deferHostCall(SyscallNumber.RSEQ, area, length, 0, signature, 0, 0, 0);
        if (!isDeferred) {
            long r = t.ctx.hostCall(SyscallNumber.RSEQ, area, length, 0, signature, 0, 0);
            if (r != 0) return r > -4096 && r < 0 ? r : -EINVAL;
            works = true;
        }
        t.rseqArea = area;
        t.rseqLength = length;
        t.rseqSignature = signature;
        return 0;
    }

    private static long unregister(Task t, long area, int length, int flags, int signature) {
        if (flags != UNREGISTER || area == 0 || area != t.rseqArea || length != t.rseqLength) return -EINVAL;
        if (signature != t.rseqSignature) return -EPERM;
        return leave(t) ? 0 : -EFAULT;
    }

    /** The thread's host thread ends, later than the program thinks: its area may then be gone, and must not be written. */
    static boolean leave(Task t) {
        long area = t.rseqArea;
        t.rseqArea = 0;
        return t.ctx.hostCall(SyscallNumber.RSEQ, area, t.rseqLength, UNREGISTER, t.rseqSignature, 0, 0) == 0;
    }

    /**
     * Memory is about to be unmapped, perhaps with the area. The host kills a thread that is interrupted
     * without it; here any system call is an interruption, so that a program would not see the end of this one.
     */
    public static void unmapped(Task t, long address, long length) {
        if (t.rseqArea != 0 && t.rseqArea >= address && t.rseqArea - address < length) leave(t);
    }

    /** fork(2) copies the registration with the memory; a thread or a vfork child starts without. */
    static void inherit(Task parent, Task child) {
        child.rseqArea = parent.rseqArea;
        child.rseqLength = parent.rseqLength;
        child.rseqSignature = parent.rseqSignature;
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.SCHED_GETAFFINITY;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/**
 * The processors that tasks may run on (sched_setaffinity(2)): the host thread behind a task is bound, so that what a program
 * asks for holds, and threads and processes it makes inherit it on the host as they do here. Kernel lock.
 */
public final class Affinity {
    private static final int BYTES_MAX = 128;
    /** What the sandbox was started with, in as many words as the host's kernel uses. */
    private static long[] initial;

    private Affinity() {}

    /** The mask of a task that has not been bound. Not to be changed. */
    public static long[] initial(Kernel k) {
        if (initial == null) initial = read(k.options.processors);
        return initial;
    }

    public static long[] of(Task t) {
        long[] own = t.sched.affinity;
        return own != null ? own : initial(t.kernel);
    }

    /** One of its processors; tasks without a binding are spread over them. */
    public static int any(Task t) {
        long[] mask = of(t);
        int count = 0;
        for (long w : mask) count += Long.bitCount(w);
        int skip = t.tid % count;
        for (int i = 0; ; i++) if ((mask[i >> 6] >>> i & 1) != 0 && skip-- == 0) return i;
    }

    /** The caller's own mask; where a quota leaves fewer processors than that, the first of them. */
    private static long[] read(int processors) {
        long p = Memory.allocate(BYTES_MAX);
        long n = HostCall.call(SCHED_GETAFFINITY, 0, BYTES_MAX, p);
        var mask = new long[(int) Math.max(8, Math.min(n, BYTES_MAX)) / 8];
        int found = 0;
        for (int i = 0; n > 0 && i < mask.length; i++) {
            for (long bits = Memory.getLong(p + 8L * i); bits != 0 && found < processors; bits &= bits - 1, found++) {
                mask[i] |= bits & -bits;
            }
        }
        Memory.free(p);
        if (found == 0) mask[0] = processors >= 64 ? -1 : (1L << processors) - 1;
        return mask;
    }

    /** Binds {@code o}, by order of the running task {@code t}: 0 or -errno. */
    public static long set(Task t, Task o, long[] mask) {
        boolean isStopped = o == t || o.state == Task.WAITING || o.state == Task.STOPPED || o.isNew;
        if (isStopped) {
            long r = o.ctx.setAffinity(mask);
            if (r == -EINVAL || o.ctx.isDead()) return r == -EINVAL ? r : -ESRCH;
            // Where it cannot be done (the platform binds threads itself, an engine forbids the call) it is remembered all the same.
            if (r < 0 && !limit(t.kernel, mask)) return -EINVAL;
            o.sched.affinity = mask;
            return 0;
        }
        if (!limit(t.kernel, mask)) return -EINVAL;
        o.sched.affinity = mask;
        o.sched.isBindingDue = true;
        o.notifySignal();
        return 0;
    }

    /** Leaves the processors there are; false: none. */
    private static boolean limit(Kernel k, long[] mask) {
        long[] all = initial(k);
        long any = 0;
        for (int i = 0; i < mask.length; i++) any |= mask[i] &= i < all.length ? all[i] : 0;
        return any != 0;
    }

    /** A task comes back to its context, or has got a new one by execve(2). */
    static void bind(Task t) {
        t.sched.isBindingDue = false;
        if (t.sched.affinity != null) t.ctx.setAffinity(t.sched.affinity.clone());
    }
}

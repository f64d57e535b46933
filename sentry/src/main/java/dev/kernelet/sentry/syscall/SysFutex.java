package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.FutexOps;
import dev.kernelet.sentry.kernel.Task;

/** futex(2) and its successors. */
final class SysFutex {
    private static final int PRIVATE = 128, CLOCK_REALTIME_FLAG = 256;
    private static final int WAITV_MAX = 128;
    private static final int FUTEX2_U32 = 2, FUTEX2_PRIVATE = 128;

    private SysFutex() {}

    /** futex(2). {@code fourth} is a timeout or a count, by operation. */
    static long futex(Task t, long address, int op, int value, long fourth, long address2, int value3) {
        boolean isPrivate = (op & PRIVATE) != 0;
        int command = op & ~(PRIVATE | CLOCK_REALTIME_FLAG);
        boolean realtime = (op & CLOCK_REALTIME_FLAG) != 0;
        // Only these may name CLOCK_REALTIME (LOCK_PI always means it).
        if (realtime && command != 0 && command != 9 && command != 11 && command != 13) return -ENOSYS;
        switch (command) {
            case 0 -> {
                long r = deadline(t, fourth, false, realtime);
                return r < 0 ? r : afterWait(t, FutexOps.await(t, address, value, ~0, isPrivate), fourth);
            }
            case 9 -> {
                long r = deadline(t, fourth, true, realtime);
                return r < 0 ? r : afterWait(t, FutexOps.await(t, address, value, value3, isPrivate), fourth);
            }
            case 1 -> { return FutexOps.wake(t, address, value, ~0, isPrivate); }
            case 10 -> { return FutexOps.wake(t, address, value, value3, isPrivate); }
            case 3 -> { return FutexOps.requeue(t, address, address2, value, (int) fourth, false, 0, isPrivate); }
            case 4 -> { return FutexOps.requeue(t, address, address2, value, (int) fourth, true, value3, isPrivate); }
            case 5 -> { return FutexOps.wakeOp(t, address, address2, value, (int) fourth, value3, isPrivate); }
            case 6, 13 -> {
                long r = deadline(t, fourth, true, command == 6 || realtime);
                return r < 0 ? r : FutexOps.lockPi(t, address, false, isPrivate);
            }
            case 7 -> { return FutexOps.unlockPi(t, address, isPrivate); }
            case 8 -> { return FutexOps.lockPi(t, address, true, isPrivate); }
            case 11 -> {
                long r = deadline(t, fourth, true, realtime);
                return r < 0 ? r : FutexOps.waitRequeuePi(t, address, value, address2, isPrivate);
            }
            case 12 -> {
                return FutexOps.cmpRequeuePi(t, address, address2, value, (int) fourth, value3, isPrivate);
            }
            default -> { return -ENOSYS; }
        }
    }

    /** First run: arms the deadline of a timespec. 0 or -errno. */
    private static long deadline(Task t, long timeout, boolean isAbsolute, boolean realtime) {
        if (timeout == 0 || !t.isFirstRun()) return 0;
        long nanos = TimeStructs.timespec(t, timeout);
        if (nanos < 0) return nanos;
        long now = t.kernel.now();
        if (!isAbsolute) t.setDeadline(now + nanos);
        else if (realtime) t.setDeadline(now + (nanos - t.kernel.realtime()));
        else t.setDeadline(nanos);
        if (isAbsolute && t.deadline() <= now) t.s3 = 1;
        return 0;
    }

    private static long afterWait(Task t, long r, long timeout) {
        if (r == -ERESTARTSYS && timeout != 0) return t.restartBlock();
        return r;
    }

    /** futex_wait(2). */
    static long futex_wait(Task t, long address, long value, long mask, int flags, long timeout, int clock) {
        long r = checkFlags(flags);
        if (r == 0) r = t.isFirstRun() && timeout != 0 ? waitDeadline(t, timeout, clock) : 0;
        if (r < 0) return r;
        if (mask == 0 || mask >>> 32 != 0 || value >>> 32 != 0) return -EINVAL;
        return FutexOps.await(t, address, (int) value, (int) mask, (flags & FUTEX2_PRIVATE) != 0);
    }

    /** futex_wake(2). */
    static long futex_wake(Task t, long address, long mask, int max, int flags) {
        long r = checkFlags(flags);
        if (r < 0) return r;
        if (mask == 0 || mask >>> 32 != 0) return -EINVAL;
        if (max <= 0) return 0;
        return FutexOps.wake(t, address, max, (int) mask, (flags & FUTEX2_PRIVATE) != 0);
    }

    private static long checkFlags(int flags) {
        if ((flags & ~(FUTEX2_PRIVATE | 3)) != 0) return -EINVAL;
        return (flags & 3) == FUTEX2_U32 ? 0 : -EINVAL;
    }

    private static long waitDeadline(Task t, long timeout, int clock) {
        if (clock != 0 && clock != 1) return -EINVAL;
        long nanos = TimeStructs.timespec(t, timeout);
        if (nanos < 0) return nanos;
        t.setDeadline(clock == 1 ? nanos : t.kernel.now() + (nanos - t.kernel.realtime()));
        return 0;
    }

    /** futex_waitv(2): struct futex_waitv is { u64 value, u64 address, u32 flags, u32 reserved }. */
    static long futex_waitv(Task t, long waiters, int n, int flags, long timeout, int clock) {
        if (flags != 0 || n <= 0 || n > WAITV_MAX || waiters == 0) return -EINVAL;
        if (t.isFirstRun() && timeout != 0) {
            long r = waitDeadline(t, timeout, clock);
            if (r < 0) return r;
        }
        if (!t.isFirstRun()) return FutexOps.awaitMany(t, n, null, null, null);
        long p = t.mem.in(waiters, n * 24);
        if (p < 0) return p;
        var address = new long[n];
        var expected = new int[n];
        var isPrivate = new boolean[n];
        for (int i = 0; i < n; i++, p += 24) {
            int f = Memory.getInt(p + 16);
            if (checkFlags(f) < 0 || Memory.getInt(p + 20) != 0) return -EINVAL;
            expected[i] = Memory.getInt(p);
            address[i] = Memory.getLong(p + 8);
            isPrivate[i] = (f & FUTEX2_PRIVATE) != 0;
        }
        return FutexOps.awaitMany(t, n, address, expected, isPrivate);
    }

    /** futex_requeue(2): two struct futex_waitv, from and to. */
    static long futex_requeue(Task t, long waiters, int flags, int wake, int move) {
        if (flags != 0 || waiters == 0) return -EINVAL;
        long p = t.mem.in(waiters, 48);
        if (p < 0) return p;
        int f = Memory.getInt(p + 16);
        if (checkFlags(f) < 0 || checkFlags(Memory.getInt(p + 40)) < 0) return -EINVAL;
        return FutexOps.requeue(t, Memory.getLong(p + 8), Memory.getLong(p + 32), wake, move, true, Memory.getInt(p),
                (f & FUTEX2_PRIVATE) != 0);
    }
}

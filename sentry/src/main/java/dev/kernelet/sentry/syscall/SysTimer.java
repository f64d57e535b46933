package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.PosixTimers;
import dev.kernelet.sentry.kernel.Task;

/** Interval timers and POSIX timers. */
final class SysTimer {
    private static final int TIMER_ABSTIME = 1;
    private static final int SIGALRM = 14;

    private SysTimer() {}

    private static PosixTimers timers(Task t) {
        if (t.group.timers == null) t.group.timers = new PosixTimers(t.group);
        return t.group.timers;
    }

    static long alarm(Task t, int seconds) {
        PosixTimers timers = timers(t);
        long left = timers.remaining(0);
        timers.set(0, Integer.toUnsignedLong(seconds) * 1_000_000_000, 0);
        // Rounded to the nearest second, but a pending alarm never shows as 0 (alarm(2) as Linux does it).
        return left == 0 ? 0 : Math.max(1, (left + 500_000_000) / 1_000_000_000);
    }

    static long getitimer(Task t, int which, long value) {
        if (which < 0 || which > 2) return -EINVAL;
        return outItimerval(t, value, timers(t).interval(which), timers(t).remaining(which));
    }

    static long setitimer(Task t, int which, long newValue, long oldValue) {
        if (which < 0 || which > 2) return -EINVAL;
        long interval = 0, value = 0;
        // A null new value disarms; Linux has kept that since it once did so by accident.
        if (newValue != 0) {
            long p = t.mem.in(newValue, 32);
            if (p < 0) return p;
            interval = micros(Memory.getLong(p), Memory.getLong(p + 8));
            value = micros(Memory.getLong(p + 16), Memory.getLong(p + 24));
            if (interval < 0 || value < 0) return -EINVAL;
        }
        PosixTimers timers = timers(t);
        if (oldValue != 0) {
            long r = outItimerval(t, oldValue, timers.interval(which), timers.remaining(which));
            if (r < 0) return r;
        }
        timers.set(which, value, interval);
        return 0;
    }

    private static long micros(long seconds, long micros) {
        return micros < 0 || micros > 999_999 ? -EINVAL : TimeStructs.nanos(seconds, micros * 1000);
    }

    private static long outItimerval(Task t, long address, long interval, long value) {
        long p = t.mem.scratch(32);
        Memory.putLong(p, interval / 1_000_000_000);
        Memory.putLong(p + 8, interval % 1_000_000_000 / 1000);
        Memory.putLong(p + 16, value / 1_000_000_000);
        long micros = value % 1_000_000_000 / 1000;
        Memory.putLong(p + 24, value > 0 && value < 1000 ? 1 : micros);
        return t.mem.out(address, p, 32);
    }

    static long create(Task t, int clock, long event, long id) {
        int notify = PosixTimers.SIGEV_SIGNAL, signo = SIGALRM;
        long value = 0;
        Task target = null;
        if (event != 0) {
            long p = t.mem.in(event, 64);
            if (p < 0) return p;
            value = Memory.getLong(p);
            signo = Memory.getInt(p + 8);
            notify = Memory.getInt(p + 12);
            if (notify == PosixTimers.SIGEV_THREAD_ID) {
                target = t.thread(Memory.getInt(p + 16));
                if (target == null || target.group != t.group) return -EINVAL;
            } else if (notify != PosixTimers.SIGEV_SIGNAL && notify != PosixTimers.SIGEV_NONE
                    && notify != PosixTimers.SIGEV_THREAD) {
                return -EINVAL;
            }
            if (notify != PosixTimers.SIGEV_NONE && (signo < 1 || signo > 64)) return -EINVAL;
        }
        boolean isCpu = clock == SysTime.PROCESS_CPUTIME || clock == SysTime.THREAD_CPUTIME || clock < 0;
        if (!isCpu && clock != SysTime.REALTIME && clock != SysTime.MONOTONIC && clock != SysTime.BOOTTIME
                && clock != SysTime.TAI) {
            return clock == SysTime.REALTIME_ALARM || clock == SysTime.BOOTTIME_ALARM ? -EPERM
                    : clock >= 4 && clock <= 6 ? -EOPNOTSUPP : -EINVAL;
        }
        Task cpuTask = clock == SysTime.THREAD_CPUTIME ? t : null;
        if (clock < 0 && SysTime.read(t, clock) < 0) return -EINVAL;
        PosixTimers.Entry e = timers(t).create(clock, notify, signo, value, event != 0, target, cpuTask, isCpu);
        if (e == null) return -EAGAIN;
        long r = t.mem.outInt(id, e.id);
        if (r < 0) timers(t).delete(e.id);
        return r;
    }

    static long settime(Task t, int id, int flags, long newValue, long oldValue) {
        long p = t.mem.in(newValue, 32);
        if (p < 0) return -EINVAL == p || newValue == 0 ? -EINVAL : p;
        long interval = TimeStructs.nanos(Memory.getLong(p), Memory.getLong(p + 8));
        long value = TimeStructs.nanos(Memory.getLong(p + 16), Memory.getLong(p + 24));
        if (interval < 0 || value < 0) return -EINVAL;
        PosixTimers.Entry e = timers(t).get(id);
        if (e == null) return -EINVAL;
        if (oldValue != 0) {
            long r = SysTime.outItimerspec(t, oldValue, e.intervalNanos(), e.remainingNanos());
            if (r < 0) return r;
        }
        long expiry = 0;
        if (value != 0) {
            boolean isAbsolute = (flags & TIMER_ABSTIME) != 0;
            boolean isOwnClock = e.clockId == SysTime.MONOTONIC || e.clockId < 0 || e.clockId == SysTime.PROCESS_CPUTIME
                    || e.clockId == SysTime.THREAD_CPUTIME;
            if (!isAbsolute) expiry = e.now() + Math.min(value, TimeStructs.FOREVER);
            else expiry = Math.max(1, isOwnClock ? value : SysTime.toMonotonic(t, e.clockId, value));
        }
        e.settime(expiry, interval);
        return 0;
    }

    static long gettime(Task t, int id, long value) {
        PosixTimers.Entry e = timers(t).get(id);
        return e == null ? -EINVAL : SysTime.outItimerspec(t, value, e.intervalNanos(), e.remainingNanos());
    }

    static long getoverrun(Task t, int id) {
        PosixTimers.Entry e = timers(t).get(id);
        return e == null ? -EINVAL : e.overrun();
    }

    static long delete(Task t, int id) { return timers(t).delete(id); }
}

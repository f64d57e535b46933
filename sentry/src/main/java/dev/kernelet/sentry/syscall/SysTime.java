package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.anon.TimerFile;
import dev.kernelet.sentry.kernel.CpuClocks;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** Clocks, sleeping and timers. */
final class SysTime {
    static final int REALTIME = 0, MONOTONIC = 1, PROCESS_CPUTIME = 2, THREAD_CPUTIME = 3, BOOTTIME = 7,
            REALTIME_ALARM = 8, BOOTTIME_ALARM = 9, TAI = 11;
    private static final int TIMER_ABSTIME = 1;
    private static final int TFD_TIMER_CANCEL_ON_SET = 2;

    private SysTime() {}

    // ---- reading clocks
    /** The clock's time in nanoseconds, or -EINVAL. */
    static long read(Task t, int clock) {
        if (clock < 0) return CpuClocks.read(t, clock);
        return switch (clock) {
            case PROCESS_CPUTIME -> CpuClocks.process(t.group);
            case THREAD_CPUTIME -> CpuClocks.thread(t);
            case 0, 1, 4, 5, 6, 7, 11 -> HostCall.clockNanos(clock);
            case REALTIME_ALARM -> HostCall.clockNanos(REALTIME);
            case BOOTTIME_ALARM -> HostCall.clockNanos(BOOTTIME);
            default -> -EINVAL;
        };
    }

    /** clock_gettime(2). */
    static long clock_gettime(Task t, int clock, long time) {
        long nanos = read(t, clock);
        return nanos < 0 ? nanos : TimeStructs.outTimespec(t, time, nanos);
    }

    /** clock_settime(2): the sandbox's clocks are the host's, nobody inside may set them. */
    static long clock_settime(Task t, int clock, long time) {
        if (clock != REALTIME) return -EINVAL;
        long nanos = TimeStructs.timespec(t, time);
        return nanos < 0 ? nanos : -EPERM;
    }

    /** clock_getres(2). */
    static long clock_getres(Task t, int clock, long resolution) {
        if (clock >= 0 && read(t, clock) < 0) return -EINVAL;
        if (clock < 0 && CpuClocks.read(t, clock) < 0) return -EINVAL;
        // The coarse clocks tick with the host's timer (CONFIG_HZ 250).
        long nanos = clock == 5 || clock == 6 ? 4_000_000 : 1;
        return resolution == 0 ? 0 : TimeStructs.outTimespec(t, resolution, nanos);
    }

    /** clock_adjtime(2). */
    static long clock_adjtime(Task t, int clock, long timex) { return clock == REALTIME ? adjtimex(t, timex) : -EINVAL; }

    /**
     * adjtimex(2): reading (modes 0) reports an unsynchronised clock; changes need privilege nobody inside
     * has.
     */
    static long adjtimex(Task t, long timex) {
        long p = t.mem.in(timex, 208);
        if (p < 0) return p;
        if (Memory.getInt(p) != 0) return -EPERM;
        Memory.zero(p, 208);
        Memory.putInt(p + 40, 0x40);
        Memory.putLong(p + 48, 2);
        long now = t.kernel.realtime();
        Memory.putLong(p + 72, now / 1_000_000_000);
        Memory.putLong(p + 80, now % 1_000_000_000 / 1000);
        Memory.putLong(p + 88, 10_000);
        long r = t.mem.out(timex, p, 208);
        return r < 0 ? r : 5;
    }

    /** gettimeofday(2). */
    static long gettimeofday(Task t, long timeval, long timezone) {
        if (timeval != 0) {
            long now = t.kernel.realtime();
            long p = t.mem.scratch(16);
            Memory.putLong(p, now / 1_000_000_000);
            Memory.putLong(p + 8, now % 1_000_000_000 / 1000);
            if (t.mem.out(timeval, p, 16) < 0) return -EFAULT;
        }
        return timezone == 0 ? 0 : t.mem.outLong(timezone, 0);
    }

    /** settimeofday(2). */
    static long settimeofday(Task t, long timeval, long timezone) {
        if (timeval != 0 && !t.mem.readable(timeval, 16)) return -EFAULT;
        return -EPERM;
    }

    /** time(2). */
    static long time(Task t, long address) {
        long seconds = t.kernel.realtime() / 1_000_000_000;
        if (address != 0 && t.mem.outLong(address, seconds) < 0) return -EFAULT;
        return seconds;
    }

    // ---- sleeping
    /** nanosleep(2). */
    static long nanosleep(Task t, long request, long remaining) {
        if (t.isFirstRun()) {
            long nanos = TimeStructs.timespec(t, request);
            if (nanos < 0) return nanos;
            t.setDeadline(TimeStructs.deadline(t, nanos));
        }
        return sleep(t, remaining, false);
    }

    /** clock_nanosleep(2). */
    static long clock_nanosleep(Task t, int clock, int flags, long request, long remaining) {
        boolean isAbsolute = (flags & TIMER_ABSTIME) != 0;
        if (clock == PROCESS_CPUTIME || clock < 0) return cpuSleep(t, clock, isAbsolute, request, remaining);
        if (t.isFirstRun()) {
            if (clock == THREAD_CPUTIME) return -EINVAL;
            if ( clock == 4 || clock == 5 || clock == 6 || clock > TAI || clock == 10) {
                return clock >= 4 && clock <= 6 ? -EOPNOTSUPP : -EINVAL;
            }
            long nanos = TimeStructs.timespec(t, request);
            if (nanos < 0) return nanos;
            long now = t.kernel.now();
            t.setDeadline(isAbsolute ? toMonotonic(t, clock, nanos) : now + nanos);
        }
        return sleep(t, remaining, isAbsolute);
    }

    /**
     * Sleeps until a CPU clock reaches a time. The clock is the host's and calls nobody: it is looked at now
     * and then.
     */
    private static long cpuSleep(Task t, int clock, boolean isAbsolute, long request, long remaining) {
        long now = read(t, clock);
        if (now < 0) return now;
        if (t.isFirstRun()) {
            // A thread's own clock would never get there.
            int id = ~(clock >> 3);
            if (clock < 0 && (clock & 4) != 0 && (id == 0 || id == t.ownTid)) return -EINVAL;
            long nanos = TimeStructs.timespec(t, request);
            if (nanos < 0) return nanos;
            t.s3 = isAbsolute ? nanos : now + nanos;
        }
        long left = t.s3 - now;
        if (left <= 0) return 0;
        t.lookAgainAt(t.kernel.now() + Math.max(1_000_000, left / t.kernel.options.processors));
        long r = t.block();
        if (r != -ERESTARTSYS) return r;
        if (isAbsolute) return -ERESTARTNOHAND;
        if (remaining != 0 && TimeStructs.outTimespec(t, remaining, left) < 0) return -EFAULT;
        return -EINTR;
    }

    private static long sleep(Task t, long remaining, boolean isAbsolute) {
        if (t.isTimedOut() || t.deadline() <= t.kernel.now()) return 0;
        long r = t.block();
        if (r != -ERESTARTSYS) return r;
        if (isAbsolute) return -ERESTARTNOHAND;
        if (remaining != 0) {
            long left = Math.max(0, t.deadline() - t.kernel.now());
            if (TimeStructs.outTimespec(t, remaining, left) < 0) return -EFAULT;
        }
        return t.restartBlock();
    }

    /** An absolute time of a clock as a monotonic deadline. */
    static long toMonotonic(Task t, int clock, long nanos) {
        return clock == MONOTONIC ? nanos : t.kernel.now() + (nanos - read(t, clock));
    }

    // ---- timerfd
    /** timerfd_create(2). */
    static long timerfd_create(Task t, int clock, int flags) {
        if ((flags & ~0x80800) != 0) return -EINVAL;
        boolean isAlarm = clock == REALTIME_ALARM || clock == BOOTTIME_ALARM;
        if (clock != REALTIME && clock != MONOTONIC && clock != BOOTTIME && !isAlarm) return -EINVAL;
        if (isAlarm && !t.cred.capable(35)) return -EPERM;
        return t.fds.install(t, new TimerFile(t.kernel, clock, flags), (flags & 0x80000) != 0);
    }

    /** timerfd_settime(2). */
    static long timerfd_settime(Task t, int fd, int flags, long newValue, long oldValue) {
        if ((flags & ~(TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) return -EINVAL;
        long p = t.mem.in(newValue, 32);
        if (p < 0) return p;
        long interval = TimeStructs.nanos(Memory.getLong(p), Memory.getLong(p + 8));
        long value = TimeStructs.nanos(Memory.getLong(p + 16), Memory.getLong(p + 24));
        if (interval < 0 || value < 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if (!(f instanceof TimerFile timer)) return -EINVAL;
        long old = 0;
        if (oldValue != 0) old = outItimerspec(t, oldValue, timer.interval(), timer.remaining());
        long deadline = 0;
        if (value != 0) {
            deadline = (flags & TIMER_ABSTIME) != 0 ? Math.max(1, toMonotonic(t, timer.clock, value))
                    : TimeStructs.deadline(t, value);
        }
        timer.set(deadline, interval);
        return old;
    }

    /** timerfd_gettime(2). */
    static long timerfd_gettime(Task t, int fd, long value) {
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if (!(f instanceof TimerFile timer)) return -EINVAL;
        return outItimerspec(t, value, timer.interval(), timer.remaining());
    }

    static long outItimerspec(Task t, long address, long interval, long value) {
        long p = t.mem.scratch(32);
        Memory.putLong(p, interval / 1_000_000_000);
        Memory.putLong(p + 8, interval % 1_000_000_000);
        Memory.putLong(p + 16, value / 1_000_000_000);
        Memory.putLong(p + 24, value % 1_000_000_000);
        return t.mem.out(address, p, 32);
    }

    // ---- interval and POSIX timers: kernel.ItimerSet and kernel.PosixTimers
    /** alarm(2). */
    static long alarm(Task t, int seconds) { return SysTimer.alarm(t, seconds); }

    /** getitimer(2). */
    static long getitimer(Task t, int which, long value) { return SysTimer.getitimer(t, which, value); }

    /** setitimer(2). */
    static long setitimer(Task t, int which, long newValue, long oldValue) {
        return SysTimer.setitimer(t, which, newValue, oldValue);
    }

    /** timer_create(2). */
    static long timer_create(Task t, int clock, long event, long id) { return SysTimer.create(t, clock, event, id); }

    /** timer_settime(2). */
    static long timer_settime(Task t, int id, int flags, long newValue, long oldValue) {
        return SysTimer.settime(t, id, flags, newValue, oldValue);
    }

    /** timer_gettime(2). */
    static long timer_gettime(Task t, int id, long value) { return SysTimer.gettime(t, id, value); }

    /** timer_getoverrun(2). */
    static long timer_getoverrun(Task t, int id) { return SysTimer.getoverrun(t, id); }

    /** timer_delete(2). */
    static long timer_delete(Task t, int id) { return SysTimer.delete(t, id); }

}

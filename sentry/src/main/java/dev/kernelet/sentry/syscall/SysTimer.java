package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** Interval timers and POSIX timers. */
final class SysTimer {
    private SysTimer() {}

    static long alarm(Task t, int seconds) { return -ENOSYS; }

    static long getitimer(Task t, int which, long value) { return -ENOSYS; }

    static long setitimer(Task t, int which, long newValue, long oldValue) { return -ENOSYS; }

    static long create(Task t, int clock, long event, long id) { return -ENOSYS; }

    static long settime(Task t, int id, int flags, long newValue, long oldValue) { return -ENOSYS; }

    static long gettime(Task t, int id, long value) { return -ENOSYS; }

    static long getoverrun(Task t, int id) { return -ENOSYS; }

    static long delete(Task t, int id) { return -ENOSYS; }
}

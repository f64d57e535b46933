package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family time. */
final class SysTime {
    private SysTime() {}

    /** nanosleep(2). */
    static long nanosleep(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** clock_nanosleep(2). */
    static long clock_nanosleep(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** clock_gettime(2). */
    static long clock_gettime(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** clock_settime(2). */
    static long clock_settime(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** clock_getres(2). */
    static long clock_getres(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** clock_adjtime(2). */
    static long clock_adjtime(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** adjtimex(2). */
    static long adjtimex(Task t, long a0) {
        return -ENOSYS;
    }

    /** gettimeofday(2). */
    static long gettimeofday(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** settimeofday(2). */
    static long settimeofday(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** time(2). */
    static long time(Task t, long a0) {
        return -ENOSYS;
    }

    /** alarm(2). */
    static long alarm(Task t, int a0) {
        return -ENOSYS;
    }

    /** getitimer(2). */
    static long getitimer(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** setitimer(2). */
    static long setitimer(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** timer_create(2). */
    static long timer_create(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** timer_settime(2). */
    static long timer_settime(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** timer_gettime(2). */
    static long timer_gettime(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** timer_getoverrun(2). */
    static long timer_getoverrun(Task t, int a0) {
        return -ENOSYS;
    }

    /** timer_delete(2). */
    static long timer_delete(Task t, int a0) {
        return -ENOSYS;
    }

    /** timerfd_create(2). */
    static long timerfd_create(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** timerfd_settime(2). */
    static long timerfd_settime(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** timerfd_gettime(2). */
    static long timerfd_gettime(Task t, int a0, long a1) {
        return -ENOSYS;
    }
}

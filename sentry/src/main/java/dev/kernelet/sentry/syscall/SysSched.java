package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family sched. */
final class SysSched {
    private SysSched() {}

    /** sched_yield(2). */
    static long sched_yield(Task t) {
        return -ENOSYS;
    }

    /** sched_setparam(2). */
    static long sched_setparam(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** sched_getparam(2). */
    static long sched_getparam(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** sched_setscheduler(2). */
    static long sched_setscheduler(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** sched_getscheduler(2). */
    static long sched_getscheduler(Task t, int a0) {
        return -ENOSYS;
    }

    /** sched_get_priority_max(2). */
    static long sched_get_priority_max(Task t, int a0) {
        return -ENOSYS;
    }

    /** sched_get_priority_min(2). */
    static long sched_get_priority_min(Task t, int a0) {
        return -ENOSYS;
    }

    /** sched_rr_get_interval(2). */
    static long sched_rr_get_interval(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** sched_setaffinity(2). */
    static long sched_setaffinity(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** sched_getaffinity(2). */
    static long sched_getaffinity(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** sched_setattr(2). */
    static long sched_setattr(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** sched_getattr(2). */
    static long sched_getattr(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** getpriority(2). */
    static long getpriority(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** setpriority(2). */
    static long setpriority(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** ioprio_get(2). */
    static long ioprio_get(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** ioprio_set(2). */
    static long ioprio_set(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }
}

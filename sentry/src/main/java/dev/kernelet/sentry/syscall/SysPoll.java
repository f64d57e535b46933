package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family poll. */
final class SysPoll {
    private SysPoll() {}

    /** poll(2). */
    static long poll(Task t, long a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** ppoll(2). */
    static long ppoll(Task t, long a0, int a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** select(2). */
    static long select(Task t, int a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** pselect6(2). */
    static long pselect6(Task t, int a0, long a1, long a2, long a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** epoll_create(2). */
    static long epoll_create(Task t, int a0) {
        return -ENOSYS;
    }

    /** epoll_create1(2). */
    static long epoll_create1(Task t, int a0) {
        return -ENOSYS;
    }

    /** epoll_ctl(2). */
    static long epoll_ctl(Task t, int a0, int a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** epoll_wait(2). */
    static long epoll_wait(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** epoll_pwait(2). */
    static long epoll_pwait(Task t, int a0, long a1, int a2, int a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** epoll_pwait2(2). */
    static long epoll_pwait2(Task t, int a0, long a1, int a2, long a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** eventfd(2). */
    static long eventfd(Task t, int a0) {
        return -ENOSYS;
    }

    /** eventfd2(2). */
    static long eventfd2(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** pipe(2). */
    static long pipe(Task t, long a0) {
        return -ENOSYS;
    }

    /** pipe2(2). */
    static long pipe2(Task t, long a0, int a1) {
        return -ENOSYS;
    }
}

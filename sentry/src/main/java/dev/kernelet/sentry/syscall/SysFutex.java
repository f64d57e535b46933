package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family futex. */
final class SysFutex {
    private SysFutex() {}

    /** futex(2). */
    static long futex(Task t, long a0, int a1, int a2, long a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** futex_wait(2). */
    static long futex_wait(Task t, long a0, long a1, long a2, int a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** futex_wake(2). */
    static long futex_wake(Task t, long a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** futex_waitv(2). */
    static long futex_waitv(Task t, long a0, int a1, int a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** futex_requeue(2). */
    static long futex_requeue(Task t, long a0, int a1, int a2, int a3) {
        return -ENOSYS;
    }
}

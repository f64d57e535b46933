package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family signal. */
final class SysSignal {
    private SysSignal() {}

    /** rt_sigaction(2). */
    static long rt_sigaction(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** rt_sigprocmask(2). */
    static long rt_sigprocmask(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** rt_sigreturn(2). */
    static long rt_sigreturn(Task t) {
        return -ENOSYS;
    }

    /** rt_sigpending(2). */
    static long rt_sigpending(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** rt_sigtimedwait(2). */
    static long rt_sigtimedwait(Task t, long a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** rt_sigqueueinfo(2). */
    static long rt_sigqueueinfo(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** rt_tgsigqueueinfo(2). */
    static long rt_tgsigqueueinfo(Task t, int a0, int a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** rt_sigsuspend(2). */
    static long rt_sigsuspend(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** sigaltstack(2). */
    static long sigaltstack(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** kill(2). */
    static long kill(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** tkill(2). */
    static long tkill(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** tgkill(2). */
    static long tgkill(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** pause(2). */
    static long pause(Task t) {
        return -ENOSYS;
    }

    /** signalfd(2). */
    static long signalfd(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** signalfd4(2). */
    static long signalfd4(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }
}

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family socket. */
final class SysSocket {
    private SysSocket() {}

    /** socket(2). */
    static long socket(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** socketpair(2). */
    static long socketpair(Task t, int a0, int a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** bind(2). */
    static long bind(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** listen(2). */
    static long listen(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** accept(2). */
    static long accept(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** accept4(2). */
    static long accept4(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** connect(2). */
    static long connect(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** getsockname(2). */
    static long getsockname(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** getpeername(2). */
    static long getpeername(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** shutdown(2). */
    static long shutdown(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** setsockopt(2). */
    static long setsockopt(Task t, int a0, int a1, int a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** getsockopt(2). */
    static long getsockopt(Task t, int a0, int a1, int a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** sendto(2). */
    static long sendto(Task t, int a0, long a1, long a2, int a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** recvfrom(2). */
    static long recvfrom(Task t, int a0, long a1, long a2, int a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** sendmsg(2). */
    static long sendmsg(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** recvmsg(2). */
    static long recvmsg(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** sendmmsg(2). */
    static long sendmmsg(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** recvmmsg(2). */
    static long recvmmsg(Task t, int a0, long a1, int a2, int a3, long a4) {
        return -ENOSYS;
    }
}

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family cred. */
final class SysCred {
    private SysCred() {}

    /** getuid(2). */
    static long getuid(Task t) {
        return -ENOSYS;
    }

    /** geteuid(2). */
    static long geteuid(Task t) {
        return -ENOSYS;
    }

    /** getgid(2). */
    static long getgid(Task t) {
        return -ENOSYS;
    }

    /** getegid(2). */
    static long getegid(Task t) {
        return -ENOSYS;
    }

    /** setuid(2). */
    static long setuid(Task t, int a0) {
        return -ENOSYS;
    }

    /** setgid(2). */
    static long setgid(Task t, int a0) {
        return -ENOSYS;
    }

    /** setreuid(2). */
    static long setreuid(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** setregid(2). */
    static long setregid(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** setresuid(2). */
    static long setresuid(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** setresgid(2). */
    static long setresgid(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** getresuid(2). */
    static long getresuid(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** getresgid(2). */
    static long getresgid(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** setfsuid(2). */
    static long setfsuid(Task t, int a0) {
        return -ENOSYS;
    }

    /** setfsgid(2). */
    static long setfsgid(Task t, int a0) {
        return -ENOSYS;
    }

    /** getgroups(2). */
    static long getgroups(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** setgroups(2). */
    static long setgroups(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** capget(2). */
    static long capget(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** capset(2). */
    static long capset(Task t, long a0, long a1) {
        return -ENOSYS;
    }
}

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family process. */
final class SysProcess {
    private SysProcess() {}

    /** clone(2). */
    static long clone(Task t, long a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** clone3(2). */
    static long clone3(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** fork(2). */
    static long fork(Task t) {
        return -ENOSYS;
    }

    /** vfork(2). */
    static long vfork(Task t) {
        return -ENOSYS;
    }

    /** execve(2). */
    static long execve(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** execveat(2). */
    static long execveat(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** exit(2). */
    static long exit(Task t, int a0) {
        return -ENOSYS;
    }

    /** exit_group(2). */
    static long exit_group(Task t, int a0) {
        return -ENOSYS;
    }

    /** wait4(2). */
    static long wait4(Task t, int a0, long a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** waitid(2). */
    static long waitid(Task t, int a0, int a1, long a2, int a3, long a4) {
        return -ENOSYS;
    }

    /** getpid(2). */
    static long getpid(Task t) {
        return -ENOSYS;
    }

    /** getppid(2). */
    static long getppid(Task t) {
        return -ENOSYS;
    }

    /** gettid(2). */
    static long gettid(Task t) {
        return -ENOSYS;
    }

    /** getpgid(2). */
    static long getpgid(Task t, int a0) {
        return -ENOSYS;
    }

    /** getpgrp(2). */
    static long getpgrp(Task t) {
        return -ENOSYS;
    }

    /** setpgid(2). */
    static long setpgid(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** getsid(2). */
    static long getsid(Task t, int a0) {
        return -ENOSYS;
    }

    /** setsid(2). */
    static long setsid(Task t) {
        return -ENOSYS;
    }

    /** set_tid_address(2). */
    static long set_tid_address(Task t, long a0) {
        return -ENOSYS;
    }

    /** set_robust_list(2). */
    static long set_robust_list(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** get_robust_list(2). */
    static long get_robust_list(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** prctl(2). */
    static long prctl(Task t, int a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** arch_prctl(2). */
    static long arch_prctl(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** personality(2). */
    static long personality(Task t, int a0) {
        return -ENOSYS;
    }

    /** rseq(2). */
    static long rseq(Task t, long a0, int a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** unshare(2). */
    static long unshare(Task t, int a0) {
        return -ENOSYS;
    }

    /** setns(2). */
    static long setns(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** getrlimit(2). */
    static long getrlimit(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** setrlimit(2). */
    static long setrlimit(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** prlimit64(2). */
    static long prlimit64(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** getrusage(2). */
    static long getrusage(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** times(2). */
    static long times(Task t, long a0) {
        return -ENOSYS;
    }

    /** sysinfo(2). */
    static long sysinfo(Task t, long a0) {
        return -ENOSYS;
    }

    /** uname(2). */
    static long uname(Task t, long a0) {
        return -ENOSYS;
    }

    /** sethostname(2). */
    static long sethostname(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** setdomainname(2). */
    static long setdomainname(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** pidfd_open(2). */
    static long pidfd_open(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** pidfd_getfd(2). */
    static long pidfd_getfd(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** pidfd_send_signal(2). */
    static long pidfd_send_signal(Task t, int a0, int a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** kcmp(2). */
    static long kcmp(Task t, int a0, int a1, int a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** syslog(2). */
    static long syslog(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** acct(2). */
    static long acct(Task t, long a0) {
        return -ENOSYS;
    }

    /** ptrace(2). */
    static long ptrace(Task t, long a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** restart_syscall(2). */
    static long restart_syscall(Task t) {
        return -ENOSYS;
    }

    /** seccomp(2). */
    static long seccomp(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** getrandom(2). */
    static long getrandom(Task t, long a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** getcpu(2). */
    static long getcpu(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** process_mrelease(2). */
    static long process_mrelease(Task t, int a0, int a1) {
        return -ENOSYS;
    }
}

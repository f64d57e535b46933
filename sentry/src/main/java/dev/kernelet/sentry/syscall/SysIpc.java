package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family ipc. */
final class SysIpc {
    private SysIpc() {}

    /** shmget(2). */
    static long shmget(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** shmat(2). */
    static long shmat(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** shmdt(2). */
    static long shmdt(Task t, long a0) {
        return -ENOSYS;
    }

    /** shmctl(2). */
    static long shmctl(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** semget(2). */
    static long semget(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** semop(2). */
    static long semop(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** semtimedop(2). */
    static long semtimedop(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** semctl(2). */
    static long semctl(Task t, int a0, int a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** msgget(2). */
    static long msgget(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** msgsnd(2). */
    static long msgsnd(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** msgrcv(2). */
    static long msgrcv(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** msgctl(2). */
    static long msgctl(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** mq_open(2). */
    static long mq_open(Task t, long a0, int a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** mq_unlink(2). */
    static long mq_unlink(Task t, long a0) {
        return -ENOSYS;
    }

    /** mq_timedsend(2). */
    static long mq_timedsend(Task t, int a0, long a1, long a2, int a3, long a4) {
        return -ENOSYS;
    }

    /** mq_timedreceive(2). */
    static long mq_timedreceive(Task t, int a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** mq_notify(2). */
    static long mq_notify(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** mq_getsetattr(2). */
    static long mq_getsetattr(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }
}

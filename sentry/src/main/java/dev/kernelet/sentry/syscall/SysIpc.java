package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.Task;

/** System calls: family ipc. */
final class SysIpc {
    private SysIpc() {}

    /** shmget(2). */
    static long shmget(Task t, int key, long size, int flags) {
        return IpcNamespace.of(t.kernel).segments.get(t, key, size, flags);
    }

    /** shmat(2). */
    static long shmat(Task t, int id, long address, int flags) {
        return IpcNamespace.of(t.kernel).segments.attach(t, id, address, flags);
    }

    /** shmdt(2). */
    static long shmdt(Task t, long address) {
        return IpcNamespace.of(t.kernel).segments.detach(t, address);
    }

    /** shmctl(2). */
    static long shmctl(Task t, int id, int command, long buffer) {
        return IpcNamespace.of(t.kernel).segments.control(t, id, command, buffer);
    }

    /** semget(2). */
    static long semget(Task t, int key, int count, int flags) {
        return IpcNamespace.of(t.kernel).semaphores.get(t, key, count, flags);
    }

    /** semop(2). */
    static long semop(Task t, int id, long operations, long count) {
        return IpcNamespace.of(t.kernel).semaphores.operate(t, id, operations, count, -1);
    }

    /** semtimedop(2). */
    static long semtimedop(Task t, int id, long operations, long count, long timeout) {
        long nanos = timeout == 0 ? -1 : TimeStructs.timespec(t, timeout);
        if (timeout != 0 && nanos < 0) return nanos;
        return IpcNamespace.of(t.kernel).semaphores.operate(t, id, operations, count, nanos);
    }

    /** semctl(2). */
    static long semctl(Task t, int id, int number, int command, long argument) {
        return IpcNamespace.of(t.kernel).semaphores.control(t, id, number, command, argument);
    }

    /** msgget(2). */
    static long msgget(Task t, int key, int flags) {
        return IpcNamespace.of(t.kernel).messages.get(t, key, flags);
    }

    /** msgsnd(2). */
    static long msgsnd(Task t, int id, long message, long size, int flags) {
        return IpcNamespace.of(t.kernel).messages.send(t, id, message, size, flags);
    }

    /** msgrcv(2). */
    static long msgrcv(Task t, int id, long message, long size, long type, int flags) {
        return IpcNamespace.of(t.kernel).messages.receive(t, id, message, size, type, flags);
    }

    /** msgctl(2). */
    static long msgctl(Task t, int id, int command, long buffer) {
        return IpcNamespace.of(t.kernel).messages.control(t, id, command, buffer);
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

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.MQ_PRIO_MAX;

import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.ipc.PosixQueueFile;
import dev.kernelet.sentry.ipc.PosixQueues;
import dev.kernelet.sentry.kernel.Task;

/** System calls: family ipc. */
final class SysIpc {
    private SysIpc() {}

    /** shmget(2). */
    static long shmget(Task t, int key, long size, int flags) {
        return IpcNamespace.of(t).segments.get(t, key, size, flags);
    }

    /** shmat(2). */
    static long shmat(Task t, int id, long address, int flags) {
        return IpcNamespace.of(t).segments.attach(t, id, address, flags);
    }

    /** shmdt(2). */
    static long shmdt(Task t, long address) {
        return IpcNamespace.of(t).segments.detach(t, address);
    }

    /** shmctl(2). */
    static long shmctl(Task t, int id, int command, long buffer) {
        return IpcNamespace.of(t).segments.control(t, id, command, buffer);
    }

    /** semget(2). */
    static long semget(Task t, int key, int count, int flags) {
        return IpcNamespace.of(t).semaphores.get(t, key, count, flags);
    }

    /** semop(2). */
    static long semop(Task t, int id, long operations, long count) {
        return IpcNamespace.of(t).semaphores.operate(t, id, operations, count, -1);
    }

    /** semtimedop(2). */
    static long semtimedop(Task t, int id, long operations, long count, long timeout) {
        long nanos = timeout == 0 ? -1 : TimeStructs.timespec(t, timeout);
        if (timeout != 0 && nanos < 0) return nanos;
        return IpcNamespace.of(t).semaphores.operate(t, id, operations, count, nanos);
    }

    /** semctl(2). */
    static long semctl(Task t, int id, int number, int command, long argument) {
        return IpcNamespace.of(t).semaphores.control(t, id, number, command, argument);
    }

    /** msgget(2). */
    static long msgget(Task t, int key, int flags) {
        return IpcNamespace.of(t).messages.get(t, key, flags);
    }

    /** msgsnd(2). */
    static long msgsnd(Task t, int id, long message, long size, int flags) {
        return IpcNamespace.of(t).messages.send(t, id, message, size, flags);
    }

    /** msgrcv(2). */
    static long msgrcv(Task t, int id, long message, long size, long type, int flags) {
        return IpcNamespace.of(t).messages.receive(t, id, message, size, type, flags);
    }

    /** msgctl(2). */
    static long msgctl(Task t, int id, int command, long buffer) {
        return IpcNamespace.of(t).messages.control(t, id, command, buffer);
    }

    /**
     * An absolute CLOCK_REALTIME timeout as monotonic deadline; Long.MAX_VALUE for none; -EFAULT, -EINVAL.
     */
    private static long realtimeDeadline(Task t, long timeout) {
        if (timeout == 0) return Long.MAX_VALUE;
        long nanos = TimeStructs.timespec(t, timeout);
        if (nanos < 0) return nanos;
        return Math.max(0, t.kernel.now() + (nanos - t.kernel.realtime()));
    }

    /** mq_open(2). */
    static long mq_open(Task t, long name, int flags, int mode, long attributes) {
        return IpcNamespace.of(t).posix.open(t, name, flags, mode, attributes);
    }

    /** mq_unlink(2). */
    static long mq_unlink(Task t, long name) {
        return IpcNamespace.of(t).posix.unlink(t, name);
    }

    /** mq_timedsend(2). */
    static long mq_timedsend(Task t, int fd, long message, long length, int priority, long timeout) {
        if (Integer.compareUnsigned(priority, MQ_PRIO_MAX) >= 0) return -EINVAL;
        long deadline = realtimeDeadline(t, timeout);
        if (deadline < 0) return deadline;
        PosixQueueFile f = PosixQueues.file(t, fd);
        return f == null ? t.error : f.send(t, message, length, priority, deadline);
    }

    /** mq_timedreceive(2). */
    static long mq_timedreceive(Task t, int fd, long buffer, long length, long priority, long timeout) {
        long deadline = realtimeDeadline(t, timeout);
        if (deadline < 0) return deadline;
        PosixQueueFile f = PosixQueues.file(t, fd);
        return f == null ? t.error : f.receive(t, buffer, length, priority, deadline);
    }

    /** mq_notify(2). */
    static long mq_notify(Task t, int fd, long event) {
        PosixQueueFile f = PosixQueues.file(t, fd);
        return f == null ? t.error : f.notify(t, event);
    }

    /** mq_getsetattr(2). */
    static long mq_getsetattr(Task t, int fd, long newAttributes, long oldAttributes) {
        PosixQueueFile f = PosixQueues.file(t, fd);
        return f == null ? t.error : f.attributes(t, newAttributes, oldAttributes);
    }
}

/**
 * System V shared memory, semaphores and message queues (sysvipc(7)), POSIX message queues (mq_overview(7)). Each kind is an
 * {@link dev.kernelet.sentry.ipc.IpcTable} of objects; {@link dev.kernelet.sentry.ipc.IpcNamespace} holds them. Kernel lock.
 */
package dev.kernelet.sentry.ipc;

/**
 * The kernel proper: {@link dev.kernelet.sentry.kernel.Kernel} (the lock, the ready list, workers, timers),
 * {@link dev.kernelet.sentry.kernel.Task}s in {@link dev.kernelet.sentry.kernel.ThreadGroup}s, descriptors, credentials.
 *
 * <p><b>Locking.</b> One kernel lock guards all Sentry state (docs/design/0002). Of the workers one at a time leads: it
 * holds the lock, polls running contexts, runs handlers. A handler that must make a host call which may take long
 * brackets it with {@link dev.kernelet.sentry.kernel.Kernel#enterSlow} and {@code exitSlow}; another worker leads meanwhile.
 * Threads that are not workers never take the lock: they {@link dev.kernelet.sentry.kernel.Kernel#post} an event.
 *
 * <p><b>Life of a call.</b> poll says SYSCALL; SyscallTable.dispatch; a result ends it, {@code Task.BLOCKED} leaves the task
 * registered with wait queues and timers; a wake-up puts it on the ready list and the handler is run again from its start.
 */
package dev.kernelet.sentry.kernel;

/**
 * System calls: {@link dev.kernelet.sentry.syscall.SyscallTable} maps numbers to static methods of the family classes. A
 * handler returns a value, a negative errno, or {@code Task.BLOCKED} after registering what it waits for; it is then run
 * again from its start, so whatever it did before must be undone, idempotent, or remembered in the task's s0...s3.
 */
package dev.kernelet.sentry.syscall;

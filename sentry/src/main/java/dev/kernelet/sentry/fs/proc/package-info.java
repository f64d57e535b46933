/**
 * procfs (proc(5)), made of the Sentry's own state. {@link dev.kernelet.sentry.fs.proc.ProcFs} is the filesystem,
 * {@link dev.kernelet.sentry.fs.proc.ProcRoot} its root, {@link dev.kernelet.sentry.fs.proc.TaskDirectory} a process or
 * thread; the texts are made in {@code TaskText} and {@code SystemText}. Kernel lock.
 */
package dev.kernelet.sentry.fs.proc;

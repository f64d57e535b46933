/**
 * Waiting: {@link dev.kernelet.sentry.wait.WaitQueue}s hold {@link dev.kernelet.sentry.wait.Waiter}s, and
 * {@link dev.kernelet.sentry.wait.Timer}s fire at a time. Nothing here blocks a thread: a wake-up is a callback, run under
 * the kernel lock, which every caller holds.
 */
package dev.kernelet.sentry.wait;

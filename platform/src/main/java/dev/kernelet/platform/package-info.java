/**
 * How application code runs and how its traps reach the Sentry.
 *
 * <p>{@link dev.kernelet.platform.Platform} makes {@link dev.kernelet.platform.AddressSpace}s; each holds
 * {@link dev.kernelet.platform.ExecutionContext}s, one per application thread. The Sentry polls running
 * contexts, handles what they report, orders host calls in their address space, and resumes them.
 * Implementations: {@code systrap} (SIGSYS and shared slots), {@code ptrace}, {@code kvm}; they never import
 * each other.
 *
 * <p>Locks: none of its own beyond what an implementation states. Callers hold the kernel lock.
 */
package dev.kernelet.platform;

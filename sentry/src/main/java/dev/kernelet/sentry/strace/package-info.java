/**
 * The log of system calls ({@code --strace}). {@link dev.kernelet.sentry.strace.Strace} writes a line when a call begins
 * (E) and one when it ends (X); {@link dev.kernelet.sentry.strace.StraceTable} says of what kind each argument is;
 * {@link dev.kernelet.sentry.strace.Values} spells flags and constants; {@link dev.kernelet.sentry.strace.Structs} reads
 * structs from the application's memory. To teach it a call, add a row to the table.
 *
 * <p>Runs under the kernel lock, only when switched on; may be slow, must not fail.
 */
package dev.kernelet.sentry.strace;

/**
 * Application memory: {@link dev.kernelet.sentry.mm.MemoryManager} keeps the list of mappings of one address space and
 * orders the host calls that make them real; {@link dev.kernelet.sentry.mm.UserMemory} moves bytes between the Sentry and
 * the application for the system call at hand. Kernel lock.
 */
package dev.kernelet.sentry.mm;

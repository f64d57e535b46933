/**
 * The Sentry's log. {@link dev.kernelet.sentry.log.DebugLog} is the one way to it: static methods, guarded by static
 * booleans, so that a log that is off costs a load and a branch. Lines go to a descriptor by one host call each, so what
 * was logged before a crash is there. Lock: the class's own monitor, a leaf (nothing is called under it but the host).
 */
package dev.kernelet.sentry.log;

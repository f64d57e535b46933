/**
 * What the Sentry's own process may still do to the host. {@link dev.kernelet.sandbox.confine.HostJail} holds the order, {@link
 * dev.kernelet.sandbox.confine.SentryCalls} the list of host calls.
 *
 * <p>A hole in the Sentry is a hole into what is left here, so all of it comes into force before the first instruction of the
 * program inside, on every thread of the virtual machine.
 */
package dev.kernelet.sandbox.confine;

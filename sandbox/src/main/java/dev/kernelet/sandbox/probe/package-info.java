/**
 * What the host allows here: {@link dev.kernelet.sandbox.probe.Probes} tries each mechanism Kernelet uses or
 * would use, and
 * says as a {@link dev.kernelet.sandbox.probe.Mechanism} whether it works, why not, what is lost and what to
 * do.
 *
 * <p>Probes have no side effects: what a process cannot take back (a filter, a namespace, a tracer) is tried
 * in a
 * {@link dev.kernelet.sandbox.probe.ProbeProcess} that is killed afterwards, as the virtual machine cannot
 * fork.
 * {@link dev.kernelet.sandbox.probe.Choice} asks the one or two calls a start can afford. No locks.
 */
package dev.kernelet.sandbox.probe;

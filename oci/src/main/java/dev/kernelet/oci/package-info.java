/**
 * The OCI runtime: bundles, the life of containers, and what other processes see of them. Used by the
 * commands of
 * {@code dev.kernelet.cli}; makes containers by {@link dev.kernelet.sandbox.Container}.
 *
 * <p>{@link dev.kernelet.oci.Json} and {@link dev.kernelet.oci.RuntimeSpec} read config.json, strictly and
 * completely: what
 * is not honoured is refused or warned about. {@link dev.kernelet.oci.StateStore} keeps a directory per
 * container; what it
 * holds is enough to clean up after any crash. {@link dev.kernelet.oci.SandboxProcess} is the process that a
 * container is:
 * it makes it, waits for {@code start} on {@link dev.kernelet.oci.ControlServer}, and ends with its exit
 * status.
 * {@link dev.kernelet.oci.ControlClient} is the other end, in the short-lived commands, which load no class
 * of the Sentry.
 * In a pod further containers come into the sandbox of the first: {@link dev.kernelet.oci.PodClient} asks for
 * them, {@link dev.kernelet.oci.PodMounts} shows the sandbox their files, and
 * {@link dev.kernelet.oci.PodControl} is the sandbox's end.
 * {@link dev.kernelet.oci.Cgroup} and {@link dev.kernelet.oci.Hooks} are the host's side.
 */
package dev.kernelet.oci;

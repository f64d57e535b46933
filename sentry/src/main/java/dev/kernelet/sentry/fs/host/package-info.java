/**
 * Files of the host. {@link dev.kernelet.sentry.fs.host.HostFilesystem} shows a host directory in direct mode: an O_PATH
 * descriptor of its root, every lookup one component below the parent's descriptor, no symbolic link ever followed by the
 * host. {@link dev.kernelet.sentry.fs.host.HostInode} holds what statx(2) said and the descriptors open for it, shared by
 * all its {@link dev.kernelet.sentry.fs.host.HostFile}s; descriptors nobody uses at the moment stay open as a cache, bounded
 * by {@link dev.kernelet.sentry.fs.host.FdCache}. {@link dev.kernelet.sentry.fs.host.HostFdFile} stands for a descriptor
 * the sandbox was given (stdin, stdout, stderr).
 *
 * <p>Modes: <b>exclusive</b> trusts its cache (the read-only lower layer of an overlay), <b>shared</b> asks the host on each
 * lookup and stat (volumes, which others may change). Devices, FIFOs and sockets of the host are seen but never opened.
 * All under the kernel lock, but for the calls bracketed by enterSlow and exitSlow.
 */
package dev.kernelet.sentry.fs.host;

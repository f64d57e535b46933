/**
 * TCP, UDP and ping sockets of the host's network, one non-blocking host socket for each of the sandbox. What goes to the
 * host is chosen from lists ({@link dev.kernelet.sentry.socket.hostinet.HostOptions}): options and control messages that
 * are not on them do not exist here. Readiness comes from {@link dev.kernelet.sentry.kernel.Reactor}.
 */
package dev.kernelet.sentry.socket.hostinet;

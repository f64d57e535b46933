/**
 * Sockets (socket(2), socket(7)). {@link dev.kernelet.sentry.socket.Socket} is the open file of one; a family is a package
 * with a subclass: {@code unix}, {@code hostinet} (the host's TCP and UDP), {@code loopback} (TCP and UDP within a sandbox
 * without network), {@code netlink}. {@link dev.kernelet.sentry.socket.Sockets} is what all of a sandbox share, and makes them.
 *
 * <p>{@code syscall.SysSocket} moves data, names and control messages between the application and a
 * {@link dev.kernelet.sentry.socket.Message}, and waits; a socket only ever sees memory of the Sentry or the window, never
 * blocks and answers {@code -EAGAIN} instead.
 */
package dev.kernelet.sentry.socket;

/**
 * unix(7). {@link dev.kernelet.sentry.socket.unix.UnixStream} is SOCK_STREAM and SOCK_SEQPACKET,
 * {@link dev.kernelet.sentry.socket.unix.UnixDatagram} SOCK_DGRAM. Data lies at the receiver; who sends looks at the
 * receiver's state. A path name's socket hangs at the inode that bind(2) made ({@code Inode.fifo}).
 */
package dev.kernelet.sentry.socket.unix;

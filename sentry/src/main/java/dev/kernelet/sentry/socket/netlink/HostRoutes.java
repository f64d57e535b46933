package dev.kernelet.sentry.socket.netlink;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;

/**
 * Asks the host: the request goes through a socket of the Sentry's own, and what comes back is passed on with the port
 * number of the asking socket. Only requests that get something come here.
 */
public final class HostRoutes extends Routes {
    private static final int ROOM = 128 << 10, ANSWERS_MAX = 1024, NLMSG_ERROR = 2;
    private static final int SOL_SOCKET_TIMEOUT_SECONDS = 2;

    @Override
    long get(Task t, NetlinkSocket s, int kind, boolean isDump, long p, int length) {
        long fd = HostCall.call(SOCKET, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NetlinkSocket.NETLINK_ROUTE);
        if (fd < 0) return fd;
        long buffer = Memory.allocate(ROOM);
        long r = exchange(s, (int) fd, isDump, p, length, buffer);
        Memory.free(buffer);
        HostCall.call(CLOSE, fd);
        return r;
    }

    private static long exchange(NetlinkSocket s, int fd, boolean isDump, long p, int length, long buffer) {
        Memory.putLong(buffer, SOL_SOCKET_TIMEOUT_SECONDS);
        HostCall.call(SETSOCKOPT, fd, SOL_SOCKET, SO_RCVTIMEO, buffer, 16);
        Memory.zero(buffer, 16);
        Memory.putShort(buffer, (short) AF_NETLINK);
        Memory.putInt(p + 12, 0);
        // An acknowledgement is not asked for twice.
        Memory.putShort(p + 6, (short) (Memory.getShort(p + 6) & ~4));
        long r = HostCall.call(SENDTO, fd, p, length, MSG_NOSIGNAL, buffer, 12);
        if (r < 0) return r;
        for (int i = 0; i < ANSWERS_MAX; i++) {
            long n = HostCall.call(RECVFROM, fd, buffer, ROOM, 0, 0, 0);
            if (n == -EINTR) continue;
            if (n < 0) return n == -EAGAIN ? -ENOBUFS : n;
            boolean isLast = !isDump, isError = false;
            for (int at = 0; n - at >= NetlinkSocket.HEADER;) {
                int size = Memory.getInt(buffer + at);
                if (size < NetlinkSocket.HEADER || size > n - at) break;
                int type = Memory.getUnsignedShort(buffer + at + 4);
                Memory.putInt(buffer + at + 12, s.port());
                if (type == NLMSG_DONE || type == NLMSG_ERROR) isLast = true;
                if (type == NLMSG_ERROR) isError = true;
                at += size + 3 & ~3;
            }
            if (isError) return Math.min(Memory.getInt(buffer + NetlinkSocket.HEADER), 0);
            var packet = new byte[(int) n];
            Memory.copyToArray(buffer, packet, 0, (int) n);
            s.deliver(packet);
            if (isLast) return isDump ? ANSWERED : 0;
        }
        return -ENOBUFS;
    }
}

package dev.kernelet.sentry.socket.netlink;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.LocalSocket;
import dev.kernelet.sentry.socket.Message;
import java.util.ArrayDeque;

/**
 * netlink(7). Requests are answered at once, into this socket's own queue; nobody else can be talked to. Multicast groups
 * may be joined, but nothing happens in them: interfaces do not change. Kernel lock.
 */
public final class NetlinkSocket extends LocalSocket {
    static final int NETLINK_ROUTE = 0, NETLINK_KOBJECT_UEVENT = 15;
    static final int HEADER = 16;
    private static final int NLMSG_NOOP = 1, NLMSG_ERROR = 2, NLM_F_REQUEST = 1, NLM_F_ACK = 4;
    private static final int REQUEST_MAX = 64 << 10, WAITING_MAX = 1 << 20, DATAGRAM_MAX = 4096;
    private static final int ADD_MEMBERSHIP = 1, DROP_MEMBERSHIP = 2, PKTINFO = 3, BROADCAST_ERROR = 4, NO_ENOBUFS = 5,
            LIST_MEMBERSHIPS = 9, CAP_ACK = 10, EXT_ACK = 11, GET_STRICT_CHK = 12;

    private int port, groups;
    private final ArrayDeque<byte[]> packets = new ArrayDeque<>();
    private int waiting;
    private int isSet;

    public NetlinkSocket(Task t, int type, int protocol) { super(t, AF_NETLINK, type, protocol); }

    public static boolean isKnown(int protocol) { return protocol == NETLINK_ROUTE || protocol == NETLINK_KOBJECT_UEVENT; }

    @Override
    protected void release(Task t) {
        if (port != 0) sockets.netlinkPorts.remove(protocol << 24 ^ port);
    }

    @Override
    public boolean raisesSigpipe() { return false; }

    // ---- names
    @Override
    public long bind(Task t, long name, int length) {
        if (length < 12 || Memory.getUnsignedShort(name) != AF_NETLINK) return -EINVAL;
        int wanted = Memory.getInt(name + 4);
        groups = Memory.getInt(name + 8);
        if (port != 0) return wanted == port ? 0 : -EINVAL;
        if (wanted == 0) return autobind(t);
        if (!sockets.netlinkPorts.add(protocol << 24 ^ wanted)) return -EADDRINUSE;
        port = wanted;
        return 0;
    }

    private long autobind(Task t) {
        if (port != 0) return 0;
        int candidate = t.group.ownPid;
        int other = -4096;
        while (!sockets.netlinkPorts.add(protocol << 24 ^ candidate)) candidate = other--;
        port = candidate;
        return 0;
    }

    @Override
    public long connect(Task t, long name, int length) {
        if (length < 2) return -EINVAL;
        if (Memory.getUnsignedShort(name) == AF_UNSPEC) return 0;
        if (length < 12 || Memory.getUnsignedShort(name) != AF_NETLINK) return -EINVAL;
        if (Memory.getInt(name + 4) != 0) return -ECONNREFUSED;
        return autobind(t);
    }

    private static long putName(long name, int port, int groups) {
        Memory.putInt(name, AF_NETLINK);
        Memory.putInt(name + 4, port);
        Memory.putInt(name + 8, groups);
        return 12;
    }

    @Override
    public long localName(Task t, long name) { return putName(name, port, groups); }

    @Override
    public long peerName(Task t, long name) { return putName(name, 0, 0); }

    // ---- requests
    @Override
    public long send(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        if (m.nameLength > 0) {
            if (m.nameLength < 12 || Memory.getUnsignedShort(m.name) != AF_NETLINK) return -EINVAL;
            if (Memory.getInt(m.name + 8) != 0) return -EPERM;
            if (Memory.getInt(m.name + 4) != 0) return -ECONNREFUSED;
        }
        autobind(t);
        if (protocol != NETLINK_ROUTE) return -ECONNREFUSED;
        if (m.length > REQUEST_MAX) return -EMSGSIZE;
        if (waiting > WAITING_MAX) return -ENOBUFS;
        int n = (int) m.length;
        // A private copy: the window changes underfoot.
        long p = t.mem.scratch(n);
        Memory.copy(m.data, p, n);
        int at = 0;
        while (n - at >= HEADER) {
            int length = Memory.getInt(p + at);
            if (length < HEADER || length > n - at) break;
            request(t, p + at, length);
            at += length + 3 & ~3;
        }
        return n;
    }

    private void request(Task t, long p, int length) {
        int kind = Memory.getUnsignedShort(p + 4), flags = Memory.getUnsignedShort(p + 6);
        if ((flags & NLM_F_REQUEST) == 0 || kind <= NLMSG_NOOP) return;
        long r = length < HEADER + 1 ? 0 : sockets.routes().answer(t, this, p, length);
        // Dumps end in a message of their own.
        if (r != Routes.ANSWERED && (r < 0 || (flags & NLM_F_ACK) != 0)) acknowledge(p, length, (int) r);
    }

    private void acknowledge(long p, int length, int error) {
        boolean isShort = error == 0 || (isSet >> CAP_ACK & 1) != 0;
        int n = HEADER + 4 + (isShort ? HEADER : length);
        var b = new byte[n + 3 & ~3];
        int request = Memory.getInt(p);
        put(b, 0, n);
        put(b, 4, NLMSG_ERROR | (isShort && error != 0 ? 0x100 << 16 : 0));
        put(b, 8, Memory.getInt(p + 8));
        put(b, 12, port);
        put(b, 16, error);
        Memory.copyToArray(p, b, 20, isShort ? HEADER : length);
        put(b, 20, request);
        deliver(b);
    }

    static void put(byte[] b, int at, int v) {
        b[at] = (byte) v;
        b[at + 1] = (byte) (v >> 8);
        b[at + 2] = (byte) (v >> 16);
        b[at + 3] = (byte) (v >> 24);
    }

    /**
     * Answers, as one datagram or several: Linux fills none with more than a reader's buffer holds, which is a page in the C
     * library (netlink(7)); a single message longer than that goes alone.
     */
    void deliver(byte[] packet) {
        int from = 0;
        for (int at = 0; at + HEADER <= packet.length; ) {
            int length = get(packet, at), next = at + length + 3 & ~3;
            if (length < HEADER || next > packet.length) break;
            if (next - from > DATAGRAM_MAX && at > from) {
                add(java.util.Arrays.copyOfRange(packet, from, at));
                from = at;
            }
            at = next;
        }
        add(from == 0 ? packet : java.util.Arrays.copyOfRange(packet, from, packet.length));
    }

    private static int get(byte[] b, int at) {
        return b[at] & 0xff | (b[at + 1] & 0xff) << 8 | (b[at + 2] & 0xff) << 16 | b[at + 3] << 24;
    }

    private void add(byte[] packet) {
        packets.add(packet);
        waiting += packet.length;
        queue.wake(POLLIN | POLLRDNORM);
    }

    int port() { return port; }

    /** A message that is no netlink message (mq_notify(2)); lost where nobody reads. */
    public void notice(byte[] packet) {
        if (waiting <= WAITING_MAX) add(packet);
    }

    // ---- answers
    @Override
    public long receive(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        byte[] p = packets.peek();
        if (p == null) return -EAGAIN;
        int n = (int) Math.min(m.length, p.length);
        Memory.copyFromArray(p, 0, m.data, n);
        if (n < p.length) m.flags |= MSG_TRUNC;
        m.nameLength = (int) putName(m.name, 0, 0);
        if ((isSet >> PKTINFO & 1) != 0) {
            long c = m.putControl(SOL_NETLINK, PKTINFO, 4);
            if (c != 0) Memory.putInt(c, 0);
        }
        if (isOn(SO_PASSCRED)) {
            long c = m.putControl(SOL_SOCKET, SCM_CREDENTIALS, 12);
            if (c != 0) Memory.zero(c, 12);
        }
        if ((flags & MSG_PEEK) == 0) {
            packets.poll();
            waiting -= p.length;
        }
        return (flags & MSG_TRUNC) != 0 ? p.length : n;
    }

    @Override
    public int poll(Task t) {
        return (packets.isEmpty() ? 0 : POLLIN | POLLRDNORM) | POLLOUT | POLLWRNORM | POLLWRBAND;
    }

    // ---- options
    @Override
    protected long getOption(Task t, int level, int option, long value, int room) {
        if (level == SOL_SOCKET) return super.getOption(t, level, option, value, room);
        if (level != SOL_NETLINK) return -ENOPROTOOPT;
        return switch (option) {
            case PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, CAP_ACK, EXT_ACK, GET_STRICT_CHK ->
                putInt(value, room, isSet >> option & 1);
            // A word for each 32 groups there are, if somebody has joined one (netlink_getsockopt).
            case LIST_MEMBERSHIPS -> room < 4 || groups == 0 ? 0 : putInt(value, room, groups);
            default -> -ENOPROTOOPT;
        };
    }

    @Override
    protected long setOption(Task t, int level, int option, long value, int length) {
        if (level == SOL_SOCKET) return super.setOption(t, level, option, value, length);
        if (level != SOL_NETLINK) return -ENOPROTOOPT;
        int v = length >= 4 ? Memory.getInt(value) : 0;
        switch (option) {
            case PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, CAP_ACK, EXT_ACK, GET_STRICT_CHK ->
                isSet = v != 0 ? isSet | 1 << option : isSet & ~(1 << option);
            case ADD_MEMBERSHIP, DROP_MEMBERSHIP -> {
                if (v < 1 || v > 64) return -EINVAL;
                if (v <= 32) groups = option == ADD_MEMBERSHIP ? groups | 1 << v - 1 : groups & ~(1 << v - 1);
            }
            default -> { return -ENOPROTOOPT; }
        }
        return 0;
    }
}

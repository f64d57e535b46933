package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import java.util.ArrayDeque;

/** udp(7) between sockets of the sandbox: what finds no room at the receiver is lost. Kernel lock. */
public final class LoopbackDatagram extends LoopbackSocket {
    private static final int LARGEST = 65507, OVERHEAD = 768;
    private static final int FIONREAD = 0x541b, SIOCOUTQ = 0x5411;

    /** A datagram under way. */
    private record Packet(byte[] data, long ip, int port, long to) {}

    private static final int SMALL = 4096, REFUSED_MAX = 16;
    private static final long SCRATCH = Memory.allocate(32);
    private final ArrayDeque<Packet> packets = new ArrayDeque<>();
    private int waitingBytes;
    private int shut;
    /** What came back from where nobody listens (IP_RECVERR), to be had by MSG_ERRQUEUE. */
    private ArrayDeque<Packet> refused;

    public LoopbackDatagram(Task t, int family) { super(t, family, SOCK_DGRAM); }

    @Override
    String procState() { return peerPort == 0 ? "07" : "01"; }

    @Override
    int matches(long to, long from, int fromPort) {
        int rank = super.matches(to, from, fromPort);
        if (peerPort == 0 || rank < 0) return rank;
        return from == peerIp && fromPort == peerPort ? rank + 4 : -1;
    }

    @Override
    public long connect(Task t, long name, int length) {
        if (length < 2) return -EINVAL;
        if (Memory.getUnsignedShort(name) == AF_UNSPEC) {
            peerPort = 0;
            return 0;
        }
        long to = parse(name, length);
        if (to < 0) return to;
        int toPort = parsedPort;
        to = route(to);
        if (to < 0) return to;
        long r = autobind(to);
        if (r < 0) return r;
        if (ip == ANY || ip == ANY6) ip = to;
        peerIp = to;
        peerPort = toPort;
        return 0;
    }

    @Override
    public long shutdown(Task t, int how) {
        if (peerPort == 0) return -ENOTCONN;
        shut |= how + 1;
        queue.wakeAll(POLLIN | POLLRDNORM | POLLOUT | POLLHUP | POLLRDHUP);
        return 0;
    }

    @Override
    public long send(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        if (m.length > LARGEST) return -EMSGSIZE;
        long to;
        int toPort;
        if (m.nameLength > 0) {
            to = parse(m.name, m.nameLength);
            if (to < 0) return to;
            toPort = parsedPort;
            if (toPort == 0) return -EINVAL;
            to = route(to);
            if (to < 0) return to;
        } else {
            if (peerPort == 0) return -EDESTADDRREQ;
            to = peerIp;
            toPort = peerPort;
        }
        if (error != 0) return takeError();
        if ((shut & 2) != 0) return -EPIPE;
        long r = autobind(to);
        if (r < 0) return r;
        long from = ip == ANY || ip == ANY6 ? to : ip;
        var o = (LoopbackDatagram) network.find(false, to, toPort, from, port);
        if (o == null) {
            // ICMP port unreachable, of which only connected sockets hear (udp(7)).
            boolean keeps = isV6() ? isSet(SOL_IPV6, LoopbackOptions.IPV6_RECVERR)
                    : isSet(SOL_IP, LoopbackOptions.IP_RECVERR);
            if (keeps) keepRefused(m, to, toPort);
            if (peerPort != 0 || keeps) {
                error = ECONNREFUSED;
                queue.wake(POLLIN | POLLRDNORM | POLLERR);
            }
            return m.length;
        }
        int n = (int) m.length;
        if (o.waitingBytes + n + OVERHEAD > o.receiveBuffer || (o.shut & 1) != 0) return n;
        // No memory is no room.
        if (HeapBudget.isScarce() && (o.waitingBytes > 0 || n > SMALL)) return n;
        var data = new byte[n];
        Memory.copyToArray(m.data, data, 0, n);
        o.packets.add(new Packet(data, from, port, to));
        o.waitingBytes += n + OVERHEAD;
        o.queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    @Override
    public long receive(Task t, Message m, int flags) {
        if ((flags & MSG_ERRQUEUE) != 0) return receiveRefused(m, flags);
        Packet p = packets.peek();
        if (p == null) {
            long e = takeError();
            if (e < 0) return e;
            return (shut & 1) != 0 ? 0 : -EAGAIN;
        }
        int n = (int) Math.min(m.length, p.data.length);
        Memory.copyFromArray(p.data, 0, m.data, n);
        if (n < p.data.length) m.flags |= MSG_TRUNC;
        m.nameLength = (int) putName(m.name, p.ip, p.port);
        if (m.controlRoom > 0) control(m, p);
        if ((flags & MSG_PEEK) == 0) {
            packets.poll();
            waitingBytes -= p.data.length + OVERHEAD;
        }
        return (flags & MSG_TRUNC) != 0 ? p.data.length : n;
    }

    private void keepRefused(Message m, long to, int toPort) {
        if (refused == null) refused = new ArrayDeque<>();
        if (refused.size() >= REFUSED_MAX || HeapBudget.isScarce()) return;
        var data = new byte[(int) Math.min(m.length, SMALL)];
        Memory.copyToArray(m.data, data, 0, data.length);
        refused.add(new Packet(data, to, toPort, to));
    }

    /** The datagram, whom it was for, and a struct sock_extended_err (ip(7), IP_RECVERR). */
    private long receiveRefused(Message m, int flags) {
        Packet p = refused == null ? null : refused.poll();
        if (p == null) return -EAGAIN;
        error = refused.isEmpty() ? 0 : ECONNREFUSED;
        int n = (int) Math.min(m.length, p.data.length);
        Memory.copyFromArray(p.data, 0, m.data, n);
        m.flags |= MSG_ERRQUEUE | (n < p.data.length ? MSG_TRUNC : 0);
        m.nameLength = (int) putName(m.name, p.ip, p.port);
        long c = isV6() ? m.putControl(SOL_IPV6, LoopbackOptions.IPV6_RECVERR, 44)
                : m.putControl(SOL_IP, LoopbackOptions.IP_RECVERR, 32);
        if (c == 0) return n;
        Memory.zero(c, isV6() ? 44 : 32);
        Memory.putInt(c, ECONNREFUSED);
        boolean isV6Packet = p.ip >= LOCALHOST6;
        // Origin, type and code: ICMP 3/3, or ICMPv6 1/4.
        Memory.putInt(c + 4, isV6Packet ? 0x040103 : 0x030302);
        putName(SCRATCH, p.ip, 0);
        Memory.copy(SCRATCH, c + 16, isV6() ? 28 : 16);
        return n;
    }

    private void control(Message m, Packet p) {
        if (isSet(SOL_IP, IP_PKTINFO)) {
            // struct in_pktinfo: interface, local address, destination.
            long c = m.putControl(SOL_IP, IP_PKTINFO, 12);
            if (c != 0) {
                Memory.putInt(c, 1);
                Memory.putInt(c + 4, Integer.reverseBytes((int) p.to));
                Memory.putInt(c + 8, Integer.reverseBytes((int) p.to));
            }
        }
        if (isSet(SOL_IP, IP_RECVTTL)) {
            long c = m.putControl(SOL_IP, 2, 4);
            if (c != 0) Memory.putInt(c, 64);
        }
        if (isV6() && isSet(SOL_IPV6, IPV6_RECVPKTINFO)) {
            // struct in6_pktinfo: destination, interface; the address as in a name.
            long c = m.putControl(SOL_IPV6, 50, 20);
            if (c != 0) {
                putName(SCRATCH, p.to, 0);
                Memory.copy(SCRATCH + 8, c, 16);
                Memory.putInt(c + 16, 1);
            }
        }
    }

    @Override
    public int poll(Task t) {
        int events = POLLOUT | POLLWRNORM | POLLWRBAND;
        if (error != 0 || refused != null && !refused.isEmpty()) events |= POLLERR;
        if (!packets.isEmpty()) events |= POLLIN | POLLRDNORM;
        if ((shut & 1) != 0) events |= POLLRDHUP | POLLIN | POLLRDNORM;
        return shut == 3 ? events | POLLHUP : events;
    }

    @Override
    public long ioctl(Task t, int request, long argument) {
        switch (request) {
            case FIONREAD -> { return t.mem.outInt(argument, packets.isEmpty() ? 0 : packets.peek().data.length); }
            case SIOCOUTQ -> { return t.mem.outInt(argument, 0); }
            default -> { return super.ioctl(t, request, argument); }
        }
    }
}

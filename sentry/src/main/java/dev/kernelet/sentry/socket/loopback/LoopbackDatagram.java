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
    private record Packet(byte[] data, long ip, int port, long to, int ttl, int tos) {}

    private static final int SMALL = 4096, REFUSED_MAX = 16;
    private static final long SCRATCH = Memory.allocate(32);
    /** What control messages or else options say of the datagram that is sent. */
    private static int ttl, tos;
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
        long r = control(m);
        if (r < 0) return r;
        if (error != 0) return takeError();
        if ((shut & 2) != 0) return -EPIPE;
        r = autobind(to);
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
        o.packets.add(new Packet(data, from, port, to, ttl, tos));
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

    /** Reads what is said of the datagram: 0 or -errno. */
    private long control(Message m) {
        boolean isV6 = isV6();
        ttl = isV6 ? option(SOL_IPV6, IPV6_UNICAST_HOPS, 64) : option(SOL_IP, IP_TTL, 64);
        tos = isV6 ? option(SOL_IPV6, IPV6_TCLASS, 0) : option(SOL_IP, IP_TOS, 0);
        int at = 0;
        while (m.controlLength - at >= CMSG_HEADER) {
            long p = m.control + at;
            long n = Memory.getLong(p);
            if (n < CMSG_HEADER || n > m.controlLength - at) return -EINVAL;
            int level = Memory.getInt(p + 8);
            if (level == (isV6 ? SOL_IPV6 : SOL_IP)) {
                long r = isV6 ? controlOfV6(p, (int) n - CMSG_HEADER) : controlOfV4(p, (int) n - CMSG_HEADER);
                if (r < 0) return r;
            } else if (level == SOL_UDP || level == SOL_SOCKET && Memory.getInt(p + 12) > SCM_CREDENTIALS) {
                return -EINVAL;
            }
            at += align((int) n);
        }
        return 0;
    }

    private static long controlOfV4(long p, int n) {
        int v = n >= 4 ? Memory.getInt(p + CMSG_HEADER) : n > 0 ? Memory.getUnsignedByte(p + CMSG_HEADER) : 0;
        switch (Memory.getInt(p + 12)) {
            case IP_TTL -> {
                if (n != 4 || v < 1 || v > 255) return -EINVAL;
                ttl = v;
            }
            case IP_TOS -> {
                if (n != 4 && n != 1 || v < 0 || v > 255) return -EINVAL;
                tos = v;
            }
            case IP_PKTINFO -> { return n == 12 ? 0 : -EINVAL; }
            default -> { return -EINVAL; }
        }
        return 0;
    }

    private static long controlOfV6(long p, int n) {
        int kind = Memory.getInt(p + 12);
        if (kind == IPV6_PKTINFO) return n < 20 ? -EINVAL : 0;
        if (kind != IPV6_HOPLIMIT && kind != IPV6_TCLASS && kind != IPV6_DONTFRAG) return -EINVAL;
        int v = n == 4 ? Memory.getInt(p + CMSG_HEADER) : -2;
        if (v < -1 || v > 255) return -EINVAL;
        if (v >= 0 && kind == IPV6_HOPLIMIT) ttl = v;
        if (v >= 0 && kind == IPV6_TCLASS) tos = v;
        return 0;
    }

    private void keepRefused(Message m, long to, int toPort) {
        if (refused == null) refused = new ArrayDeque<>();
        if (refused.size() >= REFUSED_MAX || HeapBudget.isScarce()) return;
        var data = new byte[(int) Math.min(m.length, SMALL)];
        Memory.copyToArray(m.data, data, 0, data.length);
        refused.add(new Packet(data, to, toPort, to, ttl, tos));
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
            long c = m.putControl(SOL_IP, IP_TTL, 4);
            if (c != 0) Memory.putInt(c, p.ttl);
        }
        if (isSet(SOL_IP, IP_RECVTOS)) {
            long c = m.putControl(SOL_IP, IP_TOS, 1);
            if (c != 0) Memory.putByte(c, (byte) p.tos);
        }
        if (isV6() && isSet(SOL_IPV6, IPV6_RECVPKTINFO)) {
            // struct in6_pktinfo: destination, interface; the address as in a name.
            long c = m.putControl(SOL_IPV6, IPV6_PKTINFO, 20);
            if (c != 0) {
                putName(SCRATCH, p.to, 0);
                Memory.copy(SCRATCH + 8, c, 16);
                Memory.putInt(c + 16, 1);
            }
        }
        if (isV6() && isSet(SOL_IPV6, IPV6_RECVHOPLIMIT)) {
            long c = m.putControl(SOL_IPV6, IPV6_HOPLIMIT, 4);
            if (c != 0) Memory.putInt(c, p.ttl);
        }
        if (isV6() && isSet(SOL_IPV6, IPV6_RECVTCLASS)) {
            long c = m.putControl(SOL_IPV6, IPV6_TCLASS, 4);
            if (c != 0) Memory.putInt(c, p.tos);
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

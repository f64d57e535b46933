package dev.kernelet.sentry.socket.unix;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Rights;

/** SOCK_DGRAM of unix(7): reliable, in order. Kernel lock. */
public final class UnixDatagram extends UnixSocket {
    /** net.unix.max_dgram_qlen. */
    private static final int QUEUE_MAX = 10;

    private final PacketQueue packets = new PacketQueue();
    /** Bytes and overhead of datagrams sent from here and not received yet. */
    private int unreceived;
    private final Relay relay = new Relay();

    public UnixDatagram(Task t) { super(t, SOCK_DGRAM); }

    @Override
    protected void release(Task t) {
        super.release(t);
        relay.cancel();
        for (Packet p = packets.first(); p != null; p = p.next) received(p);
        packets.clear(t, sockets);
        if (peer != null && peer.peer == this) {
            // A connected pair: the other end notices (poll says so to nobody else).
            peer.queue.wake(POLLOUT | POLLWRNORM | POLLIN);
        }
        peer = null;
    }

    @Override
    boolean isConnected() { return peer != null; }

    @Override
    public void pair(Task t, UnixSocket other) {
        peer = other;
        other.peer = this;
        takeCredentials(t);
        other.takeCredentials(t);
    }

    @Override
    public long connect(Task t, long name, int length) {
        if (length < 2) return -EINVAL;
        if (Memory.getUnsignedShort(name) == AF_UNSPEC) {
            disconnect(t, null);
            return 0;
        }
        UnixSocket other = find(t, name, length);
        if (other == null) return t.error;
        if (wantsCredentials()) autobind();
        if (other.peer != null && other.peer != this) return -EPERM;
        disconnect(t, other);
        peer = other;
        queue.wake(POLLOUT | POLLWRNORM);
        return 0;
    }

    /** Has another peer, or none: what the old one sent is dropped, and the old one learns of it if it has no other peer. */
    private void disconnect(Task t, UnixSocket next) {
        UnixSocket old = peer;
        if (old == null || old == next) return;
        relay.cancel();
        peer = null;
        if (packets.count == 0) return;
        for (Packet p = packets.first(); p != null; p = p.next) received(p);
        packets.clear(t, sockets);
        room.wakeAll(~0);
        if (old.isDead || old.peer != this) return;
        old.error = ECONNRESET;
        old.queue.wakeAll(POLLIN | POLLOUT | POLLERR);
    }

    @Override
    public long shutdown(Task t, int how) {
        shut |= how + 1;
        queue.wakeAll(POLLIN | POLLRDNORM | POLLOUT | POLLHUP | POLLRDHUP);
        return 0;
    }

    private boolean isFullFor(UnixSocket sender) {
        return packets.count > QUEUE_MAX && peer != sender;
    }

    @Override
    public long send(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        Rights parsed = sockets.parsed;
        long r = parsed.parse(t, m);
        if (r < 0) return r;
        if (m.length > sendBuffer - 32) return -EMSGSIZE;
        r = takeError();
        if (r < 0) return r;
        if ((shut & 2) != 0) return -EPIPE;
        UnixDatagram to;
        if (m.nameLength > 0) {
            to = (UnixDatagram) find(t, m.name, m.nameLength);
            if (to == null) return t.error;
        } else {
            if (peer == null) return -ENOTCONN;
            to = (UnixDatagram) peer;
        }
        if (wantsCredentials()) autobind();
        if (to.isDead) {
            if (m.nameLength == 0) disconnect(t, null);
            return -ECONNREFUSED;
        }
        if (to.peer != null && to.peer != this) return -EPERM;
        if ((to.shut & 1) != 0) return -EPIPE;
        int cost = (int) m.length + PacketQueue.OVERHEAD;
        if (unreceived > 0 && unreceived + cost > sendBuffer) return -EAGAIN;
        if (to.isFullFor(this)) {
            m.queue = to.room;
            return -EAGAIN;
        }
        if (to.packets.isShort(m.length)) return -ENOBUFS;
        r = parsed.mayHold(t, sockets);
        if (r < 0) return r;
        unreceived += cost;
        Rights rights = parsed.held(t, sockets, wantsCredentials() || to.wantsCredentials());
        to.packets.add(new Packet(m.data, (int) m.length, this, rights));
        to.queue.wake(POLLIN | POLLRDNORM);
        return m.length;
    }

    /** A datagram has left the queue: its sender has room again. */
    private static void received(Packet p) {
        var from = (UnixDatagram) p.from;
        from.unreceived -= p.length + PacketQueue.OVERHEAD;
        if (!from.isDead && from.hasRoom()) from.queue.wake(POLLOUT | POLLWRNORM);
    }

    @Override
    public long receive(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        long e = takeError();
        if (e < 0) return e;
        Packet p = packets.find(this, flags);
        if (p == null) {
            return (shut & 1) != 0 && (flags & MSG_DONTWAIT) == 0 ? 0 : -EAGAIN;
        }
        if (m.wantsName) putSource(m, p.from);
        boolean isPeek = (flags & MSG_PEEK) != 0;
        if (!isPeek) received(p);
        long n = packets.receive(t, this, p, m, flags);
        if (!isPeek && packets.count <= QUEUE_MAX) room.wake(POLLOUT | POLLWRNORM);
        return n;
    }

    @Override
    int unreceived() { return unreceived; }

    @Override
    long readable() { return packets.first() == null ? 0 : packets.first().length; }

    @Override
    public int poll(Task t) {
        int events = 0;
        if (error != 0) events |= POLLERR;
        if (shut == 3) events |= POLLHUP;
        if ((shut & 1) != 0) events |= POLLRDHUP | POLLIN | POLLRDNORM;
        if (packets.count > 0) events |= POLLIN | POLLRDNORM;
        boolean isWritable = hasRoom();
        if (isWritable && peer != null && !peer.isDead && ((UnixDatagram) peer).isFullFor(this)) {
            isWritable = false;
            // Whoever polls may wait: hear of room there.
            if (!relay.isQueued()) peer.room.add(relay);
        }
        return isWritable ? events | POLLOUT | POLLWRNORM | POLLWRBAND : events;
    }
}

package dev.kernelet.sentry.socket.unix;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.ByteRing;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Rights;
import dev.kernelet.sentry.socket.Socket;
import java.util.ArrayDeque;

/** SOCK_STREAM and SOCK_SEQPACKET of unix(7): connected pairs. Kernel lock. */
public final class UnixStream extends UnixSocket {
    private static final int CLOSED = 0, LISTENING = 1, CONNECTED = 2;

    private int state;
    private int backlog;
    private ArrayDeque<UnixStream> waiting;
    /** What this end has received: bytes of a stream, or packets. */
    private final ByteRing bytes;
    private final PacketQueue packets;
    private int packetBytes;
    private Mark firstMark, lastMark;

    /** A run of bytes with control data, or with a sender whose credentials count. */
    private static final class Mark {
        long start, end;
        Rights rights;
        Mark next;
    }

    public UnixStream(Task t, int type) {
        super(t, type);
        bytes = type == SOCK_STREAM ? new ByteRing() : null;
        packets = type == SOCK_STREAM ? null : new PacketQueue();
    }

    private UnixStream other() { return (UnixStream) peer; }

    @Override
    protected void release(Task t) {
        super.release(t);
        if (state == LISTENING) {
            for (UnixStream s; (s = waiting.poll()) != null;) sockets.putLater(t, s);
        }
        UnixStream o = other();
        if (o != null) {
            boolean isUnread = received() > 0 || packets != null && packets.count > 0;
            o.shut = 3;
            if (isUnread || isEmbryo) o.error = ECONNRESET;
            o.queue.wakeAll(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP | POLLERR);
        }
        for (Mark m = firstMark; m != null; m = m.next) if (m.rights != null) m.rights.drop(t, sockets);
        firstMark = lastMark = null;
        if (bytes != null) bytes.free();
        if (packets != null) packets.clear(t, sockets);
    }

    private int received() { return bytes != null ? bytes.used() : packetBytes; }

    // ---- connections
    @Override
    public boolean isListening() { return state == LISTENING; }

    @Override
    boolean isConnected() { return state == CONNECTED; }

    @Override
    public void pair(Task t, UnixSocket second) {
        join((UnixStream) second);
        takeCredentials(t);
        second.takeCredentials(t);
    }

    private void join(UnixStream second) {
        peer = second;
        second.peer = this;
        state = second.state = CONNECTED;
    }

    @Override
    public long listen(Task t, int wanted) {
        if (state == CONNECTED || address.isEmpty()) return -EINVAL;
        state = LISTENING;
        if (waiting == null) waiting = new ArrayDeque<>();
        boolean hasMore = wanted > backlog;
        backlog = wanted;
        takeCredentials(t);
        if (hasMore) room.wakeAll(~0);
        return 0;
    }

    @Override
    public long connect(Task t, long name, int length) {
        UnixSocket found = find(t, name, length);
        if (found == null) return t.error;
        if (wantsCredentials()) autobind();
        var listener = (UnixStream) found;
        if (listener.state != LISTENING || (listener.shut & 1) != 0) return -ECONNREFUSED;
        if (listener.waiting.size() > listener.backlog) {
            sockets.message.queue = listener.room;
            return -EAGAIN;
        }
        if (state == CONNECTED) return -EISCONN;
        if (state == LISTENING) return -EINVAL;
        var server = new UnixStream(t, type);
        server.isEmbryo = true;
        server.listenerName = listener.address;
        join(server);
        takeCredentials(listener);
        server.takeCredentials(t);
        listener.waiting.add(server);
        listener.queue.wake(POLLIN | POLLRDNORM);
        queue.wake(POLLOUT | POLLWRNORM);
        return 0;
    }

    /** The name an accepted socket shows: the listener's, which it does not own. */
    private String listenerName;
    /** Made by connect, not accepted yet. */
    private boolean isEmbryo;

    @Override
    public long localName(Task t, long name) { return putName(name, shownName()); }

    @Override
    String shownName() { return listenerName != null ? listenerName : address; }

    @Override
    public long peerName(Task t, long name) {
        if (state != CONNECTED) return -ENOTCONN;
        return putName(name, other().shownName());
    }

    @Override
    public Socket accept(Task t, Message m) {
        if (state != LISTENING) {
            t.error = -EINVAL;
            return null;
        }
        UnixStream s = waiting.poll();
        if (s == null) {
            t.error = (shut & 1) != 0 ? -EINVAL : -EAGAIN;
            return null;
        }
        s.isEmbryo = false;
        room.wake(POLLOUT | POLLWRNORM);
        m.nameLength = (int) putName(m.name, s.other().shownName());
        return s;
    }

    @Override
    public long shutdown(Task t, int how) {
        int bits = how + 1;
        shut |= bits;
        int events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP;
        UnixStream o = other();
        if (o != null) {
            o.shut |= (bits & 1) << 1 | bits >> 1;
            o.queue.wakeAll(events);
        }
        queue.wakeAll(events);
        if (state == LISTENING) room.wakeAll(~0);
        return 0;
    }

    // ---- data
    @Override
    public long send(Task t, Message m, int flags) {
        if (packets != null) {
            long e = takeError();
            if (e < 0 || state != CONNECTED) return e < 0 ? e : -ENOTCONN;
        }
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        Rights parsed = null;
        if (m.controlLength > 0) {
            parsed = sockets.parsed;
            long r = parsed.parse(t, m);
            if (r < 0) return r;
        }
        if (state != CONNECTED) return m.nameLength > 0 && packets == null ? -EOPNOTSUPP : -ENOTCONN;
        if (m.nameLength > 0 && packets == null) return -EISCONN;
        UnixStream o = other();
        if ((shut & 2) != 0 || o.isDead || (o.shut & 1) != 0) return -EPIPE;
        if (parsed != null) {
            long r = parsed.mayHold(t, sockets);
            if (r < 0) return r;
        }
        boolean wants = wantsCredentials() || o.wantsCredentials();
        if (packets != null) return sendPacket(t, m, o, parsed, wants);
        if (m.length == 0) return 0;
        int space = o.bytes.room(sendBuffer);
        if (space <= 0) return -EAGAIN;
        int n = (int) Math.min(m.length, space);
        // A note of whose bytes these are for each write, however few they are.
        if ((parsed != null || wants) && HeapBudget.isScarce()) return -ENOBUFS;
        if (parsed != null || wants) o.mark(t, n, (parsed != null ? parsed : noRights()).held(t, sockets, wants));
        o.bytes.put(m.data, n);
        o.queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    private Rights noRights() {
        sockets.parsed.clear();
        return sockets.parsed;
    }

    private long sendPacket(Task t, Message m, UnixStream o, Rights parsed, boolean wants) {
        if (m.length > sendBuffer - 32) return -EMSGSIZE;
        int cost = (int) m.length + PacketQueue.OVERHEAD;
        if (o.packetBytes > 0 && o.packetBytes + cost > sendBuffer) return -EAGAIN;
        if (o.packets.isShort(m.length)) return -ENOBUFS;
        Rights rights = parsed == null && !wants ? null : (parsed != null ? parsed : noRights()).held(t, sockets, wants);
        o.packets.add(new Packet(m.data, (int) m.length, this, rights));
        o.packetBytes += cost;
        o.queue.wake(POLLIN | POLLRDNORM);
        return m.length;
    }

    /** The next {@code n} bytes to arrive belong to {@code r}. */
    private void mark(Task t, int n, Rights r) {
        if (r == null) return;
        long start = bytes.position + bytes.used();
        if (lastMark != null && lastMark.end == start && r.files.length == 0 && lastMark.rights.files.length == 0
                && lastMark.rights.hasSameSender(r)) {
            lastMark.end += n;
            return;
        }
        var m = new Mark();
        m.start = start;
        m.end = start + n;
        m.rights = r;
        if (lastMark == null) firstMark = m; else lastMark.next = m;
        lastMark = m;
    }

    @Override
    public long receive(Task t, Message m, int flags) {
        if (packets != null) return receivePacket(t, m, flags);
        if (state != CONNECTED) return -EINVAL;
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        boolean isPeek = (flags & MSG_PEEK) != 0;
        int skip = isPeek ? Math.max(peekOffset, 0) : 0;
        if (bytes.used() <= skip) {
            long e = takeError();
            return e < 0 ? e : (shut & 1) != 0 ? 0 : -EAGAIN;
        }
        int n = (int) Math.min(m.length, bytes.used() - skip);
        long at = bytes.position + skip;
        Mark first = firstMark;
        while (first != null && first.end <= at) first = first.next;
        if (first != null) n = receiveMarked(t, m, flags, first, at, n);
        else if (wantsCredentials()) deliverCredentials(t, null, m);
        if (m.wantsName) putSource(m, other());
        bytes.peek(m.data, n, skip);
        received(isPeek ? -n : n);
        if (!isPeek) {
            boolean wasFull = bytes.wasHeldBack() | other().unreceived() * 4L > other().sendBuffer;
            bytes.consume(n);
            while (firstMark != null && firstMark.end <= bytes.position) {
                firstMark.rights.drop(t, sockets);
                firstMark = firstMark.next;
            }
            if (firstMark == null) lastMark = null;
            if (wasFull && other().hasRoom()) other().queue.wake(POLLOUT | POLLWRNORM);
        }
        return n;
    }

    /** Control data of what is about to be read from {@code at}, which ends where that changes. */
    private int receiveMarked(Task t, Message m, int flags, Mark first, long at, int n) {
        boolean wants = wantsCredentials();
        boolean isInside = first.start <= at;
        boolean hasFiles = first.rights.files.length > 0;
        // Bytes before those with files may be read together with them, unless the senders must be told apart.
        if (!isInside && (wants || !hasFiles)) {
            if (wants) {
                n = (int) Math.min(n, first.start - at);
                deliverCredentials(t, null, m);
                m.isBoundary = true;
            }
            return n;
        }
        if (at + n <= first.start && !isInside) return n;
        if (wants) deliverCredentials(t, first.rights, m);
        if (hasFiles || wants) {
            n = (int) Math.min(n, first.end - at);
            m.isBoundary = true;
        }
        if (hasFiles) {
            first.rights.deliver(t, sockets, m, (flags & MSG_PEEK) != 0, (flags & MSG_CMSG_CLOEXEC) != 0);
        }
        if (wants) deliverPidfd(t, first.rights, m);
        return n;
    }

    private long receivePacket(Task t, Message m, int flags) {
        if (state != CONNECTED) return -ENOTCONN;
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
        // Before what is still there to be received, unlike a stream's.
        long e = takeError();
        if (e < 0) return e;
        Packet p = packets.find(this, flags);
        if (p == null) return (shut & 1) != 0 ? 0 : -EAGAIN;
        if (m.wantsName) putSource(m, other());
        if ((flags & MSG_PEEK) == 0) packetBytes -= p.length + PacketQueue.OVERHEAD;
        long n = packets.receive(t, this, p, m, flags);
        if ((flags & MSG_PEEK) == 0 && other().hasRoom()) other().queue.wake(POLLOUT | POLLWRNORM);
        return n;
    }

    @Override
    int unreceived() { return peer == null || peer.isDead ? 0 : other().received(); }

    @Override
    long readable() {
        if (state == LISTENING) return -EINVAL;
        if (bytes != null) return bytes.used();
        return packetBytes - packets.count * PacketQueue.OVERHEAD;
    }

    @Override
    public int poll(Task t) {
        int events = 0;
        if (error != 0) events |= POLLERR;
        if (state == LISTENING) {
            if (!waiting.isEmpty()) events |= POLLIN | POLLRDNORM;
            return (shut & 1) != 0 ? events | POLLIN | POLLRDNORM | POLLRDHUP : events;
        }
        if (shut == 3 || state == CLOSED) events |= POLLHUP;
        if ((shut & 1) != 0) events |= POLLRDHUP | POLLIN | POLLRDNORM;
        if (bytes != null ? bytes.used() > 0 : packets.count > 0) events |= POLLIN | POLLRDNORM;
        if (hasRoom()) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
        return events;
    }
}

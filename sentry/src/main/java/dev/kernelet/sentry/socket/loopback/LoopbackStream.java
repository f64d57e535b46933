package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.ByteRing;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.vfs.FileOwner;
import java.util.ArrayDeque;

/** tcp(7) as its users see it: connections between sockets of the sandbox. Kernel lock. */
public final class LoopbackStream extends LoopbackSocket {
    private static final int CLOSED = 0, LISTENING = 1, CONNECTED = 2;
    private static final int FIONREAD = 0x541b, SIOCOUTQ = 0x5411, SIOCATMARK = 0x8905, SIOCOUTQNSD = 0x894b;
    private static final int ALL = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP | POLLERR;

    private int state;
    private int backlog;
    private ArrayDeque<LoopbackStream> waiting;
    private LoopbackStream peer;
    private final ByteRing bytes = new ByteRing();
    /** shutdown(2) of this end (1: reading, 2: writing), and whether the other end sends no more. */
    private int shut;
    private boolean isFinished, isDead, isEmbryo;
    /** A nonblocking connect(2) said EINPROGRESS: what the next one is told, by {@link #error} if it has failed. */
    private boolean isUnderWay, hasFailed;
    /** Urgent data (tcp(7), MSG_OOB): where its byte is in the stream. Without one, or read by MSG_OOB, or not. */
    private int urgent;
    private static final int NONE = 0, READ = 1, UNREAD = 2;
    private long urgentAt;

    public LoopbackStream(Task t, int family) { super(t, family, SOCK_STREAM); }

    @Override
    protected void release(Task t) {
        super.release(t);
        isDead = true;
        if (waiting != null) for (LoopbackStream s; (s = waiting.poll()) != null;) sockets.putLater(t, s);
        LoopbackStream p = peer;
        if (p != null && !p.isDead) {
            if (!isFinished && !resetsAtClose()) network.linger(this);
            p.isFinished = true;
            if (bytes.used() > 0 || isEmbryo || resetsAtClose()) p.reset();
            p.queue.wakeAll(ALL);
        }
        bytes.free();
    }

    /** RST: data is lost, both directions end. */
    private void reset() {
        error = ECONNRESET;
        shut = 3;
        isFinished = true;
    }

    @Override
    public boolean isListening() { return state == LISTENING; }

    @Override
    String procState() { return state == LISTENING ? "0A" : state == CONNECTED ? isFinished ? "08" : "01" : "07"; }

    @Override
    int matches(long to, long from, int fromPort) { return state == LISTENING ? super.matches(to, from, fromPort) : -1; }

    @Override
    boolean conflictsWith(LoopbackSocket o, long otherIp) {
        // Accepted sockets share their listener's port and do not count.
        return !(state == CONNECTED && isAccepted) && super.conflictsWith(o, otherIp);
    }

    private boolean isAccepted;

    @Override
    public long listen(Task t, int wanted) {
        if (state == CONNECTED) return -EINVAL;
        if (port == 0) {
            long r = autobind(ip);
            if (r < 0) return r;
        }
        if (waiting == null) waiting = new ArrayDeque<>();
        backlog = wanted;
        state = LISTENING;
        shut = 0;
        return 0;
    }

    @Override
    public long connect(Task t, long name, int length) {
        if (length >= 2 && Memory.getUnsignedShort(name) == AF_UNSPEC) return disconnect();
        long to = parse(name, length);
        if (to < 0) return to;
        int toPort = parsedPort;
        if (isUnderWay) {
            isUnderWay = false;
            return 0;
        }
        if (state == CONNECTED) return -EISCONN;
        if (state == LISTENING) return -EISCONN;
        if (hasFailed) {
            hasFailed = false;
            shut = 0;
            return error != 0 ? takeError() : -ECONNABORTED;
        }
        to = route(to);
        if (to < 0) return to;
        var listener = (LoopbackStream) network.find(true, to, toPort, 0, 0);
        if (listener == null || listener.waiting.size() > Math.max(listener.backlog, 16)) return refused();
        long r = autobind(to);
        if (r < 0) return r;
        if (ip == ANY || ip == ANY6) ip = to;
        var server = new LoopbackStream(t, listener.family);
        server.ip = to;
        server.port = toPort;
        server.isAccepted = true;
        server.inherit(listener);
        network.add(server);
        server.peerIp = ip;
        server.peerPort = port;
        peerIp = to;
        peerPort = toPort;
        peer = server;
        server.peer = this;
        state = server.state = CONNECTED;
        server.isEmbryo = true;
        listener.waiting.add(server);
        listener.queue.wake(POLLIN | POLLRDNORM);
        queue.wake(POLLOUT | POLLWRNORM);
        // It is done, but Linux answers when the packets have come back, and programs count on that.
        isUnderWay = isNonblocking();
        return isUnderWay ? -EINPROGRESS : 0;
    }

    private long refused() {
        if (!isNonblocking()) return -ECONNREFUSED;
        hasFailed = true;
        error = ECONNREFUSED;
        shut = 3;
        queue.wakeAll(ALL);
        return -EINPROGRESS;
    }

    private long disconnect() {
        isUnderWay = hasFailed = false;
        urgent = NONE;
        if (state == LISTENING) for (LoopbackStream s; (s = waiting.poll()) != null;) sockets.putLater(null, s);
        if (peer != null && !peer.isDead) {
            peer.reset();
            peer.peer = null;
            peer.queue.wakeAll(ALL);
        }
        peer = null;
        peerPort = 0;
        state = CLOSED;
        return 0;
    }

    @Override
    public Socket accept(Task t, Message m) {
        t.error = -EINVAL;
        if (state != LISTENING) return null;
        t.error = -EAGAIN;
        LoopbackStream s = waiting.poll();
        if (s == null) return null;
        s.isEmbryo = false;
        m.nameLength = (int) putName(m.name, s.peerIp, s.peerPort);
        return s;
    }

    @Override
    public long peerName(Task t, long name) {
        return state != CONNECTED || peer == null || isFinished && shut == 3 ? -ENOTCONN : super.peerName(t, name);
    }

    @Override
    public long shutdown(Task t, int how) {
        if (state == LISTENING) {
            if ((how + 1 & 1) != 0) {
                for (LoopbackStream s; (s = waiting.poll()) != null;) sockets.putLater(t, s);
                state = CLOSED;
                queue.wakeAll(ALL);
            }
            return 0;
        }
        if (state != CONNECTED) return -ENOTCONN;
        shut |= how + 1;
        if ((shut & 2) != 0 && peer != null) {
            peer.isFinished = true;
            peer.queue.wakeAll(ALL);
        }
        queue.wakeAll(ALL);
        return 0;
    }

    // ---- data
    @Override
    public long send(Task t, Message m, int flags) {
        if (error != 0) return takeError();
        if ((shut & 2) != 0) return -EPIPE;
        if (state != CONNECTED) return -EPIPE;
        if (peer == null || peer.isDead) {
            // The first write after the other end's close is answered by a reset, which the next one finds.
            reset();
            error = 0;
            queue.wakeAll(ALL);
            return m.length;
        }
        if ((peer.shut & 1) != 0) return m.length;
        if (m.length == 0) return 0;
        int room = peer.bytes.room(sendBuffer + peer.receiveBuffer);
        if (room <= 0) return -EAGAIN;
        int n = (int) Math.min(m.length, room);
        peer.bytes.put(m.data, n);
        if ((flags & MSG_OOB) != 0) peer.urge();
        peer.queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    /** The last byte that came is urgent; one before it is a byte like others, or lost if it would be next. */
    private void urge() {
        if (urgent != NONE && urgentAt == bytes.position && !isOn(SO_OOBINLINE)) bytes.consume(1);
        urgent = UNREAD;
        urgentAt = bytes.position + bytes.used() - 1;
        queue.wake(POLLPRI);
        FileOwner.urgent(this);
    }

    private boolean isAtMark() { return urgent != NONE && urgentAt == bytes.position; }

    /** Whether the next byte is one that is not read with the others. */
    private boolean isBeside() { return isAtMark() && !isOn(SO_OOBINLINE); }

    /** What can be read up to the mark (FIONREAD). */
    private int readable() {
        return urgent == NONE || isOn(SO_OOBINLINE) ? bytes.used() : (int) (urgentAt - bytes.position);
    }

    private long receiveUrgent(Message m, int flags) {
        if (urgent != UNREAD || isOn(SO_OOBINLINE)) return -EINVAL;
        m.flags |= MSG_OOB;
        if (m.length == 0) {
            m.flags |= MSG_TRUNC;
            return 0;
        }
        bytes.peek(m.data, 1, (int) (urgentAt - bytes.position));
        if ((flags & MSG_PEEK) == 0) urgent = READ;
        return 1;
    }

    private void consume(int n) {
        boolean wasFull = bytes.wasHeldBack() | (peer != null && !peer.hasRoom());
        bytes.consume(n);
        if (urgent != NONE && bytes.position > urgentAt) urgent = NONE;
        if (wasFull && peer != null && peer.hasRoom()) peer.queue.wake(POLLOUT | POLLWRNORM);
    }

    private int room() { return sendBuffer + peer.receiveBuffer - peer.bytes.used(); }

    private boolean hasRoom() { return peer == null || peer.isDead || room() * 3L >= sendBuffer + peer.receiveBuffer; }

    @Override
    public long receive(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return receiveUrgent(m, flags);
        boolean isPeek = (flags & MSG_PEEK) != 0;
        int skip = isBeside() ? 1 : 0;
        if (skip > 0 && !isPeek) {
            consume(1);
            skip = 0;
        }
        if (bytes.used() <= skip) {
            long e = takeError();
            if (e < 0) return e;
            if (state != CONNECTED) return -ENOTCONN;
            return isFinished || (shut & 1) != 0 || m.length == 0 ? 0 : -EAGAIN;
        }
        int n = (int) Math.min(m.length, bytes.used() - skip);
        // Nothing is read across the mark.
        if (urgent != NONE && urgentAt > bytes.position) n = (int) Math.min(n, urgentAt - bytes.position);
        if ((flags & MSG_TRUNC) == 0) bytes.peek(m.data, n, skip);
        if (!isPeek) consume(n);
        return n;
    }

    @Override
    public int poll(Task t) {
        if (state == LISTENING) return waiting.isEmpty() ? 0 : POLLIN | POLLRDNORM;
        int events = error != 0 ? POLLERR : 0;
        if (hasFailed) events |= POLLIN | POLLRDNORM | POLLRDHUP;
        if (state == CLOSED) return events | POLLOUT | POLLWRNORM | POLLHUP;
        boolean isReadShut = isFinished || (shut & 1) != 0;
        if (isReadShut) events |= POLLIN | POLLRDNORM | POLLRDHUP;
        if (isFinished && (shut & 2) != 0) events |= POLLHUP;
        if (bytes.used() > (isBeside() ? 1 : 0)) events |= POLLIN | POLLRDNORM;
        if (urgent == UNREAD) events |= POLLPRI;
        if ((shut & 2) != 0 || hasRoom()) events |= POLLOUT | POLLWRNORM;
        return events;
    }

    @Override
    public long ioctl(Task t, int request, long argument) {
        switch (request) {
            case FIONREAD -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, readable()); }
            case SIOCOUTQ -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, 0); }
            case SIOCOUTQNSD -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, 0); }
            case SIOCATMARK -> { return t.mem.outInt(argument, isAtMark() ? 1 : 0); }
            default -> { return super.ioctl(t, request, argument); }
        }
    }
}

package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.ByteRing;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Socket;
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
        if (state == CONNECTED) return -EISCONN;
        if (state == LISTENING) return -EISCONN;
        to = route(to);
        if (to < 0) return to;
        var listener = (LoopbackStream) network.find(true, to, toPort, 0, 0);
        if (listener == null || listener.waiting.size() > Math.max(listener.backlog, 16)) return -ECONNREFUSED;
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
        return 0;
    }

    private long disconnect() {
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
        if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
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
        peer.queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    private int room() { return sendBuffer + peer.receiveBuffer - peer.bytes.used(); }

    private boolean hasRoom() { return peer == null || peer.isDead || room() * 3L >= sendBuffer + peer.receiveBuffer; }

    @Override
    public long receive(Task t, Message m, int flags) {
        if ((flags & MSG_OOB) != 0) return -EINVAL;
        if (bytes.used() == 0) {
            long e = takeError();
            if (e < 0) return e;
            if (state != CONNECTED) return -ENOTCONN;
            return isFinished || (shut & 1) != 0 || m.length == 0 ? 0 : -EAGAIN;
        }
        int n = (int) Math.min(m.length, bytes.used());
        if ((flags & MSG_TRUNC) == 0) bytes.peek(m.data, n);
        if ((flags & MSG_PEEK) == 0) {
            boolean wasFull = bytes.wasHeldBack() | (peer != null && !peer.hasRoom());
            bytes.consume(n);
            if (wasFull && peer != null && peer.hasRoom()) peer.queue.wake(POLLOUT | POLLWRNORM);
        }
        return n;
    }

    @Override
    public int poll(Task t) {
        if (state == LISTENING) return waiting.isEmpty() ? 0 : POLLIN | POLLRDNORM;
        int events = error != 0 ? POLLERR : 0;
        if (state == CLOSED) return events | POLLOUT | POLLWRNORM | POLLHUP;
        boolean isReadShut = isFinished || (shut & 1) != 0;
        if (isReadShut) events |= POLLIN | POLLRDNORM | POLLRDHUP;
        if (isFinished && (shut & 2) != 0) events |= POLLHUP;
        if (bytes.used() > 0) events |= POLLIN | POLLRDNORM;
        if ((shut & 2) != 0 || hasRoom()) events |= POLLOUT | POLLWRNORM;
        return events;
    }

    @Override
    public long ioctl(Task t, int request, long argument) {
        switch (request) {
            case FIONREAD -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, bytes.used()); }
            case SIOCOUTQ -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, 0); }
            case SIOCOUTQNSD -> { return state == LISTENING ? -EINVAL : t.mem.outInt(argument, 0); }
            case SIOCATMARK -> { return t.mem.outInt(argument, 0); }
            default -> { return super.ioctl(t, request, argument); }
        }
    }
}

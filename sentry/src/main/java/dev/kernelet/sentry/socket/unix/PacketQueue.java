package dev.kernelet.sentry.socket.unix;

import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Rights;
import dev.kernelet.sentry.socket.Sockets;

/** Datagrams that wait to be received. Kernel lock. */
final class PacketQueue {
    /** What a datagram costs beyond its bytes, towards SO_SNDBUF. */
    static final int OVERHEAD = 256;
    private Packet head, tail;
    int count;

    Packet first() { return head; }

    void add(Packet p) {
        if (tail == null) head = p; else tail.next = p;
        tail = p;
        count++;
    }

    private void removeFirst() {
        head = head.next;
        if (head == null) tail = null;
        count--;
    }

    /** Receives the first one; there is one. */
    long receive(Task t, Sockets sockets, Message m, int flags, boolean wantsCredentials) {
        Packet p = head;
        boolean isPeek = (flags & MSG_PEEK) != 0;
        int n = (int) Math.min(m.length, p.length);
        if (n > 0) Memory.copy(p.data, m.data, n);
        if (n < p.length) m.flags |= MSG_TRUNC;
        if (wantsCredentials) Rights.deliverCredentials(p.rights, m);
        if (p.rights != null) p.rights.deliver(t, sockets, m, isPeek, (flags & MSG_CMSG_CLOEXEC) != 0);
        if (!isPeek) {
            removeFirst();
            p.free(t, sockets);
        }
        return (flags & MSG_TRUNC) != 0 ? p.length : n;
    }

    void clear(Task t, Sockets sockets) {
        while (head != null) {
            Packet p = head;
            removeFirst();
            p.free(t, sockets);
        }
    }
}

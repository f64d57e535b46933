package dev.kernelet.sentry.socket.unix;

import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Sockets;

/** Datagrams that wait to be received. Kernel lock. */
final class PacketQueue {
    /** What a datagram costs beyond its bytes, towards SO_SNDBUF. */
    static final int OVERHEAD = 256;
    private static final int SMALL = 4096;
    private Packet head, tail;
    int count;
    /** Bytes of the one found that are before the peek's offset. */
    private int skip;

    Packet first() { return head; }

    /** No memory for one more of that length; a small one alone always finds some. */
    boolean isShort(long length) {
        boolean isShort = HeapBudget.isNativeShort() || HeapBudget.isScarce();
        return isShort && (count > 0 || length > SMALL);
    }

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

    /**
     * The one to be received, or null. A peek from an offset begins in one behind, or beyond them all
     * (__skb_try_recv_from_queue in net/core/datagram.c).
     */
    Packet find(UnixSocket s, int flags) {
        skip = 0;
        if ((flags & MSG_PEEK) == 0 || s.peekOffset < 0) return head;
        int at = s.peekOffset;
        Packet p = head;
        for (; p != null && at >= p.length && (at > 0 || p.isPeeked); p = p.next) at -= p.length;
        skip = at;
        return p;
    }

    /** Receives what {@link #find} has found. */
    long receive(Task t, UnixSocket s, Packet p, Message m, int flags) {
        Sockets sockets = s.sockets;
        boolean isPeek = (flags & MSG_PEEK) != 0;
        int rest = p.length - skip, n = (int) Math.min(m.length, rest);
        if (n > 0) Memory.copy(p.data + skip, m.data, n);
        if (n < rest) m.flags |= MSG_TRUNC;
        if (isPeek && p.length == 0) p.isPeeked = true;
        s.received(isPeek ? -n : p.length);
        s.deliverCredentials(t, p.rights, m);
        if (p.rights != null) p.rights.deliver(t, sockets, m, isPeek, (flags & MSG_CMSG_CLOEXEC) != 0);
        s.deliverPidfd(t, p.rights, m);
        if (!isPeek) {
            removeFirst();
            p.free(t, sockets);
        }
        return (flags & MSG_TRUNC) != 0 ? rest : n;
    }

    void clear(Task t, Sockets sockets) {
        while (head != null) {
            Packet p = head;
            removeFirst();
            p.free(t, sockets);
        }
    }
}

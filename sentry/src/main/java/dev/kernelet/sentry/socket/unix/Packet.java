package dev.kernelet.sentry.socket.unix;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Rights;
import dev.kernelet.sentry.socket.Sockets;

/** A datagram under way. */
final class Packet {
    final long data;
    final int length;
    final UnixSocket from;
    final Rights rights;
    /** It is empty, and a peek has seen it: one from an offset (SO_PEEK_OFF) goes on behind it. */
    boolean isPeeked;
    Packet next;

    Packet(long source, int length, UnixSocket from, Rights rights) {
        this.length = length;
        this.from = from;
        this.rights = rights;
        data = length == 0 ? 0 : Memory.allocate(length);
        if (length > 0) Memory.copy(source, data, length);
        HeapBudget.buffers(length);
    }

    void free(Task t, Sockets sockets) {
        if (data != 0) Memory.free(data);
        HeapBudget.buffers(-length);
        if (rights != null) rights.drop(t, sockets);
    }
}

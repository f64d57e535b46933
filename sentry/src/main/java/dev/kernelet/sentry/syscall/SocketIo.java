package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.RWF_NOWAIT;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.BulkBuffers;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * Moves data between an application's vectors and a socket, and waits. A call that waits in its middle keeps in
 * {@code t.s0} how many bytes are done; {@code t.s1} is sendmmsg's and recvmmsg's.
 */
final class SocketIo {
    private SocketIo() {}

    static final int WAIT_READ = OpenFile.POLLIN | OpenFile.POLLRDNORM | OpenFile.POLLPRI | OpenFile.POLLERR
            | OpenFile.POLLHUP | OpenFile.POLLRDHUP;
    static final int WAIT_WRITE = OpenFile.POLLOUT | OpenFile.POLLWRNORM | OpenFile.POLLERR | OpenFile.POLLHUP;
    private static final long MAX_RW_COUNT = 0x7ffff000L, USER_END = 0x7ffffffff000L;
    private static final int IOV_MAX = 1024;
    /** Vectors of streams go in pieces of this size; packets in one, up to the second. */
    private static final int GATHER = 64 << 10, PACKET_MAX = 1 << 20;

    /** Bytes in the vector read last. */
    private static long total;

    // ---- vectors
    /** A vector of one range, in private memory; {@link #total} is its length. Or -EFAULT. */
    static long single(Task t, long address, long length) {
        if (length < 0) length = MAX_RW_COUNT;
        length = Math.min(length, MAX_RW_COUNT);
        if (length > 0 && (address < 0 || address + length > USER_END)) return -EFAULT;
        long p = t.mem.scratch(16);
        Memory.putLong(p, address);
        Memory.putLong(p + 8, length);
        total = length;
        return p;
    }

    /** The application's vector, copied and checked. */
    static long vector(Task t, long iov, long count) {
        if (count < 0 || count > IOV_MAX) return -EMSGSIZE;
        long p = t.mem.in(iov, (int) count * 16);
        if (p < 0) return p;
        long sum = 0;
        for (int i = 0; i < count; i++) {
            long address = Memory.getLong(p + 16L * i), n = Memory.getLong(p + 16L * i + 8);
            if (n < 0) return -EINVAL;
            n = Math.min(n, MAX_RW_COUNT - sum);
            if (n > 0 && (address < 0 || address + n > USER_END)) return -EFAULT;
            Memory.putLong(p + 16L * i + 8, n);
            sum += n;
        }
        total = sum;
        return p;
    }

    static long total() { return total; }

    private static long gather(Task t, long to, long iov, int count, long skip, long length) {
        long done = 0;
        for (int i = 0; i < count && done < length; i++) {
            long n = Memory.getLong(iov + 16L * i + 8);
            if (skip >= n) {
                skip -= n;
                continue;
            }
            long m = Math.min(n - skip, length - done);
            long address = Memory.getLong(iov + 16L * i) + skip;
            long got = m >= BulkBuffers.WORTHWHILE ? t.mem.bulkIn(to + done, address, m) : t.mem.copyIn(to + done, address, m);
            done += Math.max(got, 0);
            if (got < m) return done > 0 ? done : -EFAULT;
            skip = 0;
        }
        return done;
    }

    private static long scatter(Task t, long from, long iov, int count, long skip, long length) {
        for (int i = 0; i < count && length > 0; i++) {
            long n = Memory.getLong(iov + 16L * i + 8);
            if (skip >= n) {
                skip -= n;
                continue;
            }
            int m = (int) Math.min(n - skip, length);
            long address = Memory.getLong(iov + 16L * i) + skip;
            long r = m >= BulkBuffers.WORTHWHILE ? t.mem.bulkOut(address, from, m) == m ? 0 : -EFAULT
                    : t.mem.out(address, from, m);
            if (r < 0) return r;
            from += m;
            length -= m;
            skip = 0;
        }
        return 0;
    }

    // ---- send
    /** Sends the vector as the rest of {@code m} says. */
    static long send(Task t, Socket s, Message m, long iov, int count, long length, int flags) {
        boolean isStream = s.isStream();
        boolean waits = (flags & MSG_DONTWAIT) == 0 && !s.isNonblocking();
        int callFlags = waits ? flags : flags | MSG_DONTWAIT;
        if (!isStream && length > PACKET_MAX) return -EMSGSIZE;
        long done = t.s0, n, bulk = 0, buffer = 0;
        int window = t.mem.dataMax();
        do {
            long piece = length - done, p;
            if (count == 1 && (piece <= window || isStream && piece < BulkBuffers.WORTHWHILE)) {
                piece = Math.min(piece, window);
                p = piece == 0 ? t.mem.dataWindow() : t.mem.dataIn(Memory.getLong(iov) + done, piece);
                if (p > 0 && piece > 0 && t.mem.dataLength < piece) {
                    piece = t.mem.dataLength;
                    if (!isStream) p = -EFAULT;
                    length = done + piece;
                }
            } else {
                piece = Math.min(piece, isStream ? BulkBuffers.SIZE : PACKET_MAX);
                if (buffer == 0) {
                    if (piece > GATHER && piece <= BulkBuffers.SIZE) buffer = bulk = t.kernel.bulk.take();
                    else buffer = t.mem.scratch((int) piece);
                }
                p = buffer;
                long got = gather(t, p, iov, count, done, piece);
                if (got < 0 || got < piece && !isStream) p = -EFAULT;
                else if (got < piece) length = done + (piece = got);
            }
            if (p < 0) {
                n = p;
                break;
            }
            m.data = p;
            m.length = piece;
            n = s.send(t, m, callFlags);
            if (n < 0) break;
            done += n;
            // Control messages go with the first byte.
            m.controlLength = 0;
        } while (isStream && done < length && n > 0);
        if (bulk != 0) t.kernel.bulk.give(bulk);
        return finishSend(t, s, m, n, done, waits, flags);
    }

    private static long finishSend(Task t, Socket s, Message m, long n, long done, boolean waits, int flags) {
        if (n >= 0) return done;
        if (n == -EPIPE && done == 0 && s.raisesSigpipe() && (flags & MSG_NOSIGNAL) == 0) return Signals.brokenPipe(t);
        if (n == -EINPROGRESS && waits) n = -EAGAIN;
        if (n != -EAGAIN) return done > 0 ? done : n;
        t.s0 = done;
        if (!waits || t.isTimedOut()) return done > 0 ? done : -EAGAIN;
        long r = waitFor(t, s, m, WAIT_WRITE, s.sendTimeout);
        return r != Task.BLOCKED && done > 0 ? done : r;
    }

    /** BLOCKED; or what a signal turns it into: with a timeout the call cannot be restarted (signal(7)). */
    static long waitFor(Task t, Socket s, Message m, int events, long timeout) {
        if (timeout > 0) t.setDeadline(t.kernel.now() + timeout);
        t.waitOn(m != null && m.queue != null ? m.queue : s.waitQueue(), events, false);
        long r = t.block();
        return r == -ERESTARTSYS && timeout > 0 ? -EINTR : r;
    }

    // ---- receive
    /**
     * Receives into the vector; names, control data and flags stay in {@code m}. {@code isLast}: no message
     * follows.
     */
    static long receive(Task t, Socket s, Message m, long iov, int count, long length, int flags, boolean isLast) {
        boolean isStream = s.isStream();
        boolean waits = (flags & MSG_DONTWAIT) == 0 && !s.isNonblocking();
        int callFlags = waits ? flags : flags | MSG_DONTWAIT;
        boolean isWhole = (flags & (MSG_PEEK | MSG_TRUNC)) != 0 || !isStream;
        long done = t.s0, n, bulk = 0, buffer = 0, fault = 0;
        int window = t.mem.dataMax();
        do {
            long piece = length - done;
            boolean usesWindow = count == 1 && isLast && (piece <= window || !isWhole && piece < BulkBuffers.WORTHWHILE);
            if (usesWindow) {
                piece = Math.min(piece, window);
                m.data = t.mem.dataWindow();
            } else {
                piece = Math.min(piece, isWhole ? PACKET_MAX : BulkBuffers.SIZE);
                if (buffer == 0) {
                    if (piece > GATHER && piece <= BulkBuffers.SIZE) buffer = bulk = t.kernel.bulk.take();
                    else buffer = t.mem.scratch((int) piece);
                }
                m.data = buffer;
            }
            m.length = piece;
            n = s.receive(t, m, callFlags);
            if (n <= 0) break;
            long stored = isStream && (flags & MSG_TRUNC) != 0 && !isLocalStream(s) ? 0 : Math.min(n, piece);
            boolean isEnd = isWhole || n < piece && (flags & MSG_WAITALL) == 0 || done + n >= length || m.isBoundary;
            if (usesWindow) {
                long to = Memory.getLong(iov) + done;
                fault = isEnd ? t.mem.dataOutLast(to, stored) : t.mem.dataOut(to, stored);
            } else {
                fault = scatter(t, m.data, iov, count, done, stored);
            }
            if (fault < 0) break;
            done += n;
            if (isEnd) break;
        } while (done < length);
        if (bulk != 0) t.kernel.bulk.give(bulk);
        if (fault < 0) return done > 0 ? done : fault;
        boolean wantsMore = (flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL && isStream && done < length && !m.isBoundary;
        if (n > 0 && !wantsMore || n == 0 || n != -EAGAIN && n < 0) return done > 0 ? done : n;
        if (done > 0 && !wantsMore) return done;
        t.s0 = done;
        if (!waits || t.isTimedOut() || (flags & MSG_ERRQUEUE) != 0) return done > 0 ? done : -EAGAIN;
        long r = waitFor(t, s, m, WAIT_READ, s.receiveTimeout);
        return r != Task.BLOCKED && done > 0 ? done : r;
    }

    /** Only TCP throws data away that is received with MSG_TRUNC (tcp(7)). */
    private static boolean isLocalStream(Socket s) { return s.family == AF_UNIX; }

    // ---- read(2) and write(2)
    static long read(Task t, Socket s, long address, long length) {
        if (length == 0) return 0; // of datagrams as well: recv(2) would wait for one and take it
        long iov = single(t, address, length);
        if (iov < 0) return iov;
        Message m = s.sockets.message;
        m.clear();
        return receive(t, s, m, iov, 1, total, 0, true);
    }

    static long write(Task t, Socket s, long address, long length) {
        long iov = single(t, address, length);
        if (iov < 0) return iov;
        Message m = s.sockets.message;
        m.clear();
        return send(t, s, m, iov, 1, total, 0);
    }

    /** readv(2) and writev(2): the vector is checked and in private memory. */
    static long vector(Task t, Socket s, long iov, int count, long length, boolean writes, int rwf) {
        int flags = (rwf & RWF_NOWAIT) != 0 ? MSG_DONTWAIT : 0;
        Message m = s.sockets.message;
        m.clear();
        if (writes) return send(t, s, m, iov, count, length, flags);
        return length == 0 && s.isStream() ? 0 : receive(t, s, m, iov, count, length, flags, true);
    }
}

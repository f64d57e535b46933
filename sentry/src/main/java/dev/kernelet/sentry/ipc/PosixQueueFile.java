package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.socket.netlink.NetlinkSocket;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.wait.WaitQueue;

/** An open message queue description. */
public final class PosixQueueFile extends OpenFile {
    private static final int SIGEVENT_SIZE = 64, SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2;
    private static final int SI_MESGQ = -3;
    private final PosixQueue q;
    private final String name;

    PosixQueueFile(PosixQueue q, String name, int flags) {
        super(q, flags);
        this.q = q;
        this.name = name;
    }

    @Override
    public String describe() { return name; }

    /** A task that waits for a message: counted while its call lasts. */
    private static final class Receiver implements Task.Cleanup {
        final PosixQueue q;

        Receiver(PosixQueue q) {
            this.q = q;
            q.receivers++;
        }

        @Override
        public void cleanup(Task t) { q.receivers--; }
    }

    /** mq_timedsend(2); {@code deadline} on the monotonic clock, or Long.MAX_VALUE. */
    public long send(Task t, long message, long length, int priority, long deadline) {
        if (!isWritable()) return -EBADF;
        if (length < 0 || length > q.maxSize) return -EMSGSIZE;
        long p = t.mem.in(message, (int) length);
        if (p < 0) return p;
        if (q.isFull()) {
            if (isNonblocking()) return -EAGAIN;
            if (t.isTimedOut()) return -ETIMEDOUT;
            if (deadline != Long.MAX_VALUE) t.setDeadline(deadline);
            return t.block(q.queue, POLLOUT);
        }
        var data = new byte[(int) length];
        Memory.copyToArray(p, data, 0, (int) length);
        q.put(t, data, priority);
        return 0;
    }

    /** mq_timedreceive(2). */
    public long receive(Task t, long buffer, long length, long priorityAddress, long deadline) {
        if (!isReadable()) return -EBADF;
        if (length < 0 || length < q.maxSize) return -EMSGSIZE;
        if (q.count == 0) {
            if (isNonblocking()) return -EAGAIN;
            if (t.isTimedOut()) return -ETIMEDOUT;
            if (t.so == null) t.so = new Receiver(q);
            if (deadline != Long.MAX_VALUE) t.setDeadline(deadline);
            return t.block(q.queue, POLLIN);
        }
        if (!t.mem.writable(buffer, q.headSize())) return -EFAULT;
        int priority = q.topPriority();
        if (priorityAddress != 0) {
            long r = t.mem.outInt(priorityAddress, priority);
            if (r < 0) return r;
        }
        byte[] data = q.take(t);
        long r = t.mem.outBytes(buffer, data, data.length);
        return r < 0 ? r : data.length;
    }

    /** mq_notify(2). */
    public long notify(Task t, long eventAddress) {
        if (eventAddress == 0) {
            q.unregister(t.group, null);
            return 0;
        }
        long e = t.mem.in(eventAddress, SIGEVENT_SIZE);
        if (e < 0) return e;
        int how = Memory.getInt(e + 12), signo = Memory.getInt(e + 8);
        switch (how) {
            case SIGEV_NONE -> { return q.register(t, this, null); }
            case SIGEV_SIGNAL -> {
                if (signo < 0 || signo > 64) return -EINVAL;
                if (signo == 0) return q.register(t, this, null);
                var info = SigInfo.user(signo, SI_MESGQ, 0, 0);
                info.u1 = Memory.getLong(e);
                return q.register(t, this, info);
            }
            case SIGEV_THREAD -> { return notifyBySocket(t, signo, Memory.getLong(e)); }
            default -> { return -EINVAL; }
        }
    }

    /** How the C library makes a thread of a notice: a helper of its reads the cookie from a netlink socket. */
    private long notifyBySocket(Task t, int fd, long cookieAddress) {
        long p = t.mem.in(cookieAddress, PosixQueue.COOKIE_SIZE);
        if (p < 0) return p;
        var cookie = new byte[PosixQueue.COOKIE_SIZE];
        Memory.copyToArray(p, cookie, 0, cookie.length);
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if (!(f instanceof Socket)) return -ENOTSOCK;
        if (!(f instanceof NetlinkSocket s)) return -EINVAL;
        long r = q.register(t, this, null);
        if (r == 0) q.notifyBySocket(s, cookie);
        return r;
    }

    /** mq_getsetattr(2). */
    public long attributes(Task t, long newAddress, long oldAddress) {
        long n = 0;
        if (newAddress != 0) {
            n = t.mem.in(newAddress, MQ_ATTR_SIZE);
            if (n < 0) return n;
            if ((Memory.getLong(n) & ~(long) O_NONBLOCK) != 0) return -EINVAL;
        }
        if (oldAddress != 0) {
            long p = t.mem.scratch(MQ_ATTR_SIZE);
            Memory.putLong(p, flags & O_NONBLOCK);
            Memory.putLong(p + 8, q.maxMessages);
            Memory.putLong(p + 16, q.maxSize);
            Memory.putLong(p + 24, q.count);
            long r = t.mem.out(oldAddress, p, MQ_ATTR_SIZE);
            if (r < 0) return r;
        }
        if (n != 0) flags = flags & ~O_NONBLOCK | (int) Memory.getLong(n) & O_NONBLOCK;
        return 0;
    }

    @Override
    public void flush(Task t) { if (t != null) q.unregister(t.group, this); }

    @Override
    public long pread(Task t, long address, long length, long position) {
        String s = q.status(t.group.pids);
        if (position < 0) return -EINVAL;
        if (position >= s.length()) return 0;
        int n = (int) Math.min(length, s.length() - position);
        return Memory.putBytes(address, s.substring((int) position, (int) position + n));
    }

    @Override
    public int poll(Task t) {
        return (q.count > 0 ? POLLIN | POLLRDNORM : 0) | (q.isFull() ? 0 : POLLOUT | POLLWRNORM);
    }

    @Override
    public WaitQueue waitQueue() { return q.queue; }
}

package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.socket.netlink.NetlinkSocket;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/** One POSIX message queue: messages by falling priority, the oldest first among equals. */
final class PosixQueue extends Inode {
    final long maxMessages, maxSize;
    /** The real user whose RLIMIT_MSGQUEUE is charged. */
    int owner;
    private Message head;
    int count;
    private long bytes;
    final WaitQueue queue = new WaitQueue();
    /** Tasks that wait in mq_receive: then no notification is sent. */
    int receivers;
    // ---- mq_notify(3)
    private ThreadGroup notified;
    private PosixQueueFile notifiedFile;
    private SigInfo signal;
    /** SIGEV_THREAD: who gets the cookie, its last byte saying what happened. */
    private NetlinkSocket socket;
    private byte[] cookie;
    static final int COOKIE_SIZE = 32;
    private static final byte NOTIFY_WOKENUP = 1, NOTIFY_REMOVED = 2;

    private static final class Message {
        int priority;
        byte[] data;
        Message next;
    }

    PosixQueue(Filesystem fs, long ino, int mode, long maxMessages, long maxSize) {
        super(fs);
        this.ino = ino;
        this.mode = mode;
        this.maxMessages = maxMessages;
        this.maxSize = maxSize;
        size = 80;
    }

    /** What a queue counts for (mq_overview(7), since Linux 3.5): messages, and their tree nodes of 48 bytes. */
    long cost() {
        return maxMessages * maxSize + maxMessages * 8 + Math.min(maxMessages, 32768) * 48;
    }

    boolean isFull() { return count >= maxMessages; }

    void put(Task t, byte[] data, int priority) {
        var m = new Message();
        m.priority = priority;
        m.data = data;
        Message before = null;
        for (Message x = head; x != null && x.priority >= priority; x = x.next) before = x;
        if (before == null) {
            m.next = head;
            head = m;
        } else {
            m.next = before.next;
            before.next = m;
        }
        bytes += data.length;
        boolean wasEmpty = count++ == 0;
        mtime = ctime = t.kernel.realtime();
        queue.wakeAll(OpenFile.POLLIN | OpenFile.POLLRDNORM);
        if (wasEmpty && receivers == 0 && notified != null) notifyOnce(t);
    }

    int topPriority() { return head.priority; }

    byte[] take(Task t) {
        Message m = head;
        head = m.next;
        count--;
        bytes -= m.data.length;
        atime = ctime = t.kernel.realtime();
        queue.wakeAll(OpenFile.POLLOUT | OpenFile.POLLWRNORM);
        return m.data;
    }

    int headSize() { return head.data.length; }

    private void notifyOnce(Task t) {
        if (signal != null) {
            long uid = notified.leader.cred.userOut(t.cred.uid);
            signal.u0 = t.group.pidIn(notified.pids) & 0xffffffffL | uid << 32;
            Signals.send(notified, signal);
        }
        forget(NOTIFY_WOKENUP);
    }

    private void forget(byte why) {
        if (socket != null) {
            cookie[COOKIE_SIZE - 1] = why;
            socket.notice(cookie);
        }
        notified = null;
        notifiedFile = null;
        signal = null;
        socket = null;
        cookie = null;
    }

    void notifyBySocket(NetlinkSocket s, byte[] cookie) {
        socket = s;
        this.cookie = cookie;
    }

    /** Registers the process; {@code info} null: it is notified of nothing (SIGEV_NONE), but holds the registration. */
    long register(Task t, PosixQueueFile file, SigInfo info) {
        if (notified != null) return -EBUSY;
        notified = t.group;
        notifiedFile = file;
        signal = info;
        return 0;
    }

    void unregister(ThreadGroup g, PosixQueueFile file) {
        if (notified != g || file != null && notifiedFile != file) return;
        forget(NOTIFY_REMOVED);
    }

    /** What reading the queue's file shows (mq_overview(7)). */
    String status(PidNamespace viewer) {
        int how = notified == null || signal != null ? 0 : socket != null ? 2 : 1;
        return "QSIZE:" + pad(Long.toString(bytes), 10) + " NOTIFY:" + pad(Integer.toString(how), 5)
                + " SIGNO:" + pad(Integer.toString(signal == null ? 0 : signal.signo), 5) + " NOTIFY_PID:"
                + pad(Integer.toString(notified == null ? 0 : notified.pidIn(viewer)), 6) + "\n";
    }

    private static String pad(String s, int width) {
        var b = new StringBuilder(s);
        while (b.length() < width) b.append(' ');
        return b.toString();
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) { return new PosixQueueFile(this, null, flags); }
}

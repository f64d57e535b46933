package dev.kernelet.sandbox;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import java.util.Arrays;

/**
 * A sandbox that was started ahead of need (--pool; pool.c has the other side): waits for its one command.
 *
 * <p>To whoever connects we show our first mount and user namespace. His message has descriptors: a file with
 * the request, what shows that he is where we were started and confined as we were ({@link #isOwn}), and
 * those of 0, 1 and 2 that are open there. We answer with four bytes, and go on when four more say that the caller
 * still waits. From then on each four bytes are a signal; when the connection ends, so does the sandbox. Its
 * status the launcher writes.
 */
final class Spare implements Runnable {
    private static final int POLLIN = 1, SOL_SOCKET = 1, SO_PEERCRED = 17, SO_PEERPIDFD = 77, SCM_RIGHTS = 1;
    private static final int CLOEXEC = 0x80000, O_PATH = 0x200000, KILLED = 128 + 9;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000, MSG_NOSIGNAL = 0x4000, HEADER = 48;
    /** The caller's descriptors: request; mount and user namespace, root; status file; 0 to 2. */
    private static final int PLACES = 1, STATUS = 4, STDIO = 5, FDS_MAX = 8;
    /** Milliseconds for each of the caller's next words, whose own patience is 5 s. */
    private static final int PATIENCE = 1000;
    private static final int STATUS_ROOM = 8192, PROC_SUPER_MAGIC = 0x9fa0;
    /** Lines of /proc/PID/status that tell who a process is and what confines it. */
    private static final String[] CONFINING = {"Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp"};
    /** HUP, INT, QUIT, TERM: blocked by the launcher. */
    private static final long ENDING = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14;
    private static final int REQUEST_MAX = 32 << 20;

    /** What the caller asks for, in place of what this process was started with. */
    String[] command;
    String directory;
    Inherited inherited;
    int umask;

    /** Of the listener, then of the connection: the launcher writes to it at the end. */
    private final int fd;
    private final Inherited own;
    /** Holds the number of a closed descriptor, as the launcher does. */
    private final long closed;
    /** A socket whose name counts this user's spares; mount and user namespace of the start (pool.c). */
    private final int counter, mounts, users;
    /** What a caller must show: device and inode of each place, confining lines of the status. */
    private final long[] places = new long[2 * (STATUS - PLACES)];
    private final String confined;
    private SignalForwarder signals;
    private volatile boolean isAnswered;

    /** Before the root is left. */
    Spare(Inherited own) {
        this.own = own;
        fd = own.channel();
        long p = Memory.allocate(16);
        Memory.putBytes(p, "/dev/null\0");
        closed = HostCall.call(OPENAT, -100, p, O_PATH | CLOEXEC, 0);
        Memory.free(p);
        counter = fd + 1;
        mounts = fd + 2;
        users = fd + 3;
        int expected = fd + 4, header = 8 * places.length;
        long text = Memory.allocate(header + STATUS_ROOM);
        long n = HostCall.call(PREAD64, expected, text, header + STATUS_ROOM, 0);
        for (int i = 0; i < places.length; i++) places[i] = n < header ? -1 : Memory.getLong(text + 8L * i);
        confined = n < header ? null : confining(Memory.getBytes(text + header, (int) n - header));
        HostCall.call(CLOSE, expected);
        Memory.free(text);
    }

    private static String confining(String status) {
        var kept = new StringBuilder();
        for (int at = 0, end; (end = status.indexOf('\n', at)) >= 0; at = end + 1) {
            for (String start : CONFINING) {
                if (status.startsWith(start, at)) kept.append(status, at, end + 1);
            }
        }
        return kept.toString();
    }

    /** False: nobody came within the time a spare is kept, or this process is to end. */
    boolean await() {
        long end = System.currentTimeMillis() + Integer.getInteger("kernelet.pool.idle", 60) * 1000L;
        long p = Memory.allocate(64);
        Memory.putLong(p, ENDING);
        long ending = HostCall.call(SIGNALFD4, -1, p, 8, CLOEXEC);
        boolean isTaken = false;
        for (long left; !isTaken && (left = end - System.currentTimeMillis()) > 0; ) {
            Memory.putInt(p, fd);
            Memory.putInt(p + 4, POLLIN);
            Memory.putInt(p + 8, (int) ending);
            Memory.putInt(p + 12, POLLIN);
            if (HostCall.call(POLL, p, 2, left) <= 0) continue;
            if ((Memory.getInt(p + 12) >>> 16) != 0) break;
            long connection = HostCall.call(ACCEPT4, fd, 0, 0, CLOEXEC);
            if (connection < 0) {
                if (connection == -Errno.EAGAIN || connection == -Errno.EINTR) continue;
                break;
            }
            isTaken = take((int) connection, (int) ending, p);
            if (!isTaken) HostCall.call(CLOSE, connection);
        }
        HostCall.call(CLOSE, ending);
        Memory.free(p);
        return isTaken;
    }

    /** Whether the other side has sent something in time, and this process is not to end. */
    private static boolean hears(int connection, int ending, long p) {
        Memory.putInt(p, connection);
        Memory.putInt(p + 4, POLLIN);
        Memory.putInt(p + 8, ending);
        Memory.putInt(p + 12, POLLIN);
        return HostCall.call(POLL, p, 2, PATIENCE) > 0 && Memory.getInt(p + 12) >>> 16 == 0;
    }

    /** The request, and the caller's word that he waits. Nothing of this process is changed before that. */
    private boolean take(int connection, int ending, long p) {
        Memory.putInt(p + 12, 12);
        if (HostCall.call(GETSOCKOPT, connection, SOL_SOCKET, SO_PEERCRED, p, p + 12, 0) != 0
                || Memory.getInt(p + 4) != (int) HostCall.call(GETEUID)) return false;
        int pid = Memory.getInt(p);
        if (!show(connection) || !hears(connection, ending, p)) return false;
        int[] fds = receive(connection);
        boolean isTaken = fds.length >= STDIO && isOwn(connection, pid, fds) && read(fds[0])
                && fds.length == STDIO + 3 - Integer.bitCount(inherited.closedStdio())
                && HostCall.call(SENDTO, connection, p, 4, MSG_NOSIGNAL, 0, 0) == 4
                && hears(connection, ending, p)
                && HostCall.call(READ, connection, p, 4) == 4;
        if (isTaken) {
            HostCall.call(DUP3, connection, fd, CLOEXEC);
            HostCall.call(CLOSE, connection);
            for (int own : new int[] {counter, mounts, users}) HostCall.call(CLOSE, own);
            install(fds);
        }
        for (int f : fds) HostCall.call(CLOSE, f);
        return isTaken;
    }

    /** Sends one byte with the descriptors of our namespaces: only who is in them can have those. */
    private boolean show(int connection) {
        long m = Memory.allocate(96), vector = m + 56, control = m + 72;
        Memory.zero(m, 96);
        Memory.putLong(vector, m + 52);
        Memory.putLong(vector + 8, 1);
        Memory.putLong(m + 16, vector);
        Memory.putLong(m + 24, 1);
        Memory.putLong(m + 32, control);
        Memory.putLong(m + 40, 24);
        Memory.putLong(control, 24);
        Memory.putInt(control + 8, SOL_SOCKET);
        Memory.putInt(control + 12, SCM_RIGHTS);
        Memory.putInt(control + 16, mounts);
        Memory.putInt(control + 20, users);
        long r = HostCall.call(SENDMSG, connection, m, MSG_NOSIGNAL);
        Memory.free(m);
        return r == 1;
    }

    /**
     * Whether the caller is in our mount and user namespace, under our root, and has the rights and the
     * restrictions of whoever started us. That the status file is his own its Pid line says; that his number
     * has not become another process's, a descriptor of his process (Linux 6.5).
     */
    private boolean isOwn(int connection, int pid, int[] fds) {
        long p = Memory.allocate(STATUS_ROOM);
        boolean isOwn = confined != null;
        for (int i = PLACES; i < STATUS; i++) {
            isOwn &= HostCall.call(FSTAT, fds[i], p) == 0 && Memory.getLong(p) == places[2 * (i - PLACES)]
                    && Memory.getLong(p + 8) == places[2 * (i - PLACES) + 1];
        }
        isOwn &= HostCall.call(FSTATFS, fds[STATUS], p) == 0 && Memory.getLong(p) == PROC_SUPER_MAGIC;
        long n = HostCall.call(PREAD64, fds[STATUS], p, STATUS_ROOM, 0);
        String status = n > 0 ? Memory.getBytes(p, (int) n) : "";
        isOwn &= status.contains("\nPid:\t" + pid + "\n") && confining(status).equals(confined);
        Memory.putInt(p + 4, 4);
        if (HostCall.call(GETSOCKOPT, connection, SOL_SOCKET, SO_PEERPIDFD, p, p + 4, 0) == 0) {
            int process = Memory.getInt(p);
            Memory.putInt(p + 4, POLLIN);
            isOwn &= HostCall.call(POLL, p, 1, 0) == 0;
            HostCall.call(CLOSE, process);
        }
        Memory.free(p);
        return isOwn;
    }

    private static int[] receive(int connection) {
        int room = 16 + 4 * FDS_MAX;
        long m = Memory.allocate(72 + room), vector = m + 56, control = m + 72;
        Memory.zero(m, 72 + room);
        Memory.putLong(vector, m + 52); // the message's one byte
        Memory.putLong(vector + 8, 1);
        Memory.putLong(m + 16, vector);
        Memory.putLong(m + 24, 1);
        Memory.putLong(m + 32, control);
        Memory.putLong(m + 40, room);
        long r = HostCall.call(RECVMSG, connection, m, MSG_CMSG_CLOEXEC);
        int[] fds = {};
        if (r >= 0 && Memory.getLong(m + 40) >= 16 && Memory.getInt(control + 12) == SCM_RIGHTS) {
            fds = new int[(int) (Memory.getLong(control) - 16) / 4];
            for (int i = 0; i < fds.length; i++) fds[i] = Memory.getInt(control + 16 + 4L * i);
        }
        Memory.free(m);
        return fds;
    }

    /** struct pool_header, the directory, words and variables (pool.c). */
    private boolean read(int file) {
        long size = HostCall.call(LSEEK, file, 0, 2);
        if (size < HEADER || size > REQUEST_MAX) return false;
        long p = Memory.allocate(size);
        boolean isWhole = HostCall.call(PREAD64, file, p, size, 0) == size;
        long words = Memory.getLong(p + 32), variables = Memory.getLong(p + 40);
        String[] strings = isWhole && words > 0 && variables >= 0 && words < size && variables < size
                ? strings(p + HEADER, size - HEADER, (int) (1 + words + variables)) : null;
        if (strings != null) {
            int split = 1 + (int) words;
            directory = strings[0];
            command = Arrays.copyOfRange(strings, 1, split);
            umask = (int) Memory.getLong(p + 24) & 0777;
            String[] environment = Arrays.copyOfRange(strings, split, strings.length);
            int closed = (int) Memory.getLong(p + 16) & 7;
            inherited = new Inherited(own.home(), environment, Memory.getLong(p), Memory.getLong(p + 8),
                    closed, own.channel(), own.hand(), own.namespaces(), own.limits(), own.groups());
        }
        Memory.free(p);
        return strings != null;
    }

    /** Exactly {@code count} strings, each ended by a zero byte; or null. */
    private static String[] strings(long p, long size, int count) {
        var strings = new String[count];
        long from = p, end = p + size;
        for (int i = 0; i < count; i++) {
            long at = from;
            while (at < end && Memory.getByte(at) != 0) at++;
            if (at == end) return null;
            strings[i] = Memory.getBytes(from, (int) (at - from));
            from = at + 1;
        }
        return from == end ? strings : null;
    }

    /** The caller's descriptors 0 to 2 in place of ours, and what was to be said until now. */
    private void install(int[] fds) {
        long room = 16 << 10, said = Memory.allocate(room), n = HostCall.call(PREAD64, 2, said, room, 0);
        int next = STDIO;
        for (int i = 0; i < 3; i++) {
            if (!inherited.isClosed(i)) {
                HostCall.call(DUP3, fds[next++], i, 0);
            } else {
                HostCall.call(DUP3, closed, i, CLOEXEC);
            }
        }
        HostCall.call(CLOSE, closed);
        if (n > 0) HostCall.call(WRITE, 2, said, n);
        Memory.free(said);
    }

    /** From now on the caller's signals arrive, not those of this process, and his end is ours. */
    void watch(SignalForwarder forwarder) {
        signals = forwarder;
        var thread = new Thread(null, this, "pool", 64 << 10);
        thread.setDaemon(true);
        thread.start();
    }

    /** The status, before this process is taken down: its stubs are still to be reaped. */
    void answer(int status) {
        isAnswered = true;
        long p = Memory.allocate(8);
        Memory.putInt(p, status);
        HostCall.call(WRITE, fd, p, 4);
    }

    @Override
    public void run() {
        long p = Memory.allocate(8);
        while (HostCall.call(READ, fd, p, 4) == 4) {
            int signal = Memory.getInt(p);
            if (signal > 0 && signal <= 64) signals.deliver(signal, false);
        }
        if (!isAnswered) HostCall.call(EXIT_GROUP, KILLED);
    }
}

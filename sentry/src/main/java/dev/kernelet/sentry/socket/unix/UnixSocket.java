package dev.kernelet.sentry.socket.unix;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.socket.LocalSocket;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Rights;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.DirectoryOps;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;
import dev.kernelet.sentry.wait.WaitQueue;
import dev.kernelet.sentry.wait.Waiter;

/** What the kinds of unix(7) sockets have in common: names, options, credentials. Kernel lock. */
public abstract class UnixSocket extends LocalSocket {
    /** sizeof(struct sockaddr_un), and where sun_path starts in it. */
    private static final int NAME_SIZE = 110, PATH = 2;
    private static final int FIONREAD = 0x541b, SIOCOUTQ = 0x5411;

    /** "": none; else a path, or NUL and an abstract name. */
    String address = "";
    private Inode bound;
    int place;
    boolean isDead;
    UnixSocket peer;
    /** SHUT_RD and SHUT_WR as bits 1 and 2. */
    int shut;
    /** SO_PEEK_OFF; negative: peeks begin at the first byte. */
    int peekOffset = -1;
    /** Those who wait until this socket takes more: senders of datagrams, connecting streams. */
    final WaitQueue room = new WaitQueue();

    // ---- SO_PEERCRED: of the process that called connect, listen or socketpair at the other end
    int peerUid = -1, peerGid = -1;
    int[] peerGroups;
    private ThreadGroup peerProcess;
    /** SO_PASSPIDFD. */
    private boolean passesPidfd;

    UnixSocket(Task t, int type) {
        super(t, AF_UNIX, type, 0);
        sockets.unix.add(this);
    }

    @Override
    protected void release(Task t) {
        isDead = true;
        sockets.unix.drop(this);
        if (bound != null) {
            if (bound.fifo == this) bound.fifo = null;
            if (--bound.opens == 0) bound.releaseIfUnused();
        } else if (!address.isEmpty()) {
            sockets.unix.remove(address, this);
        }
        room.wakeAll(~0);
    }

    abstract boolean isConnected();

    /** socketpair(2). */
    public abstract void pair(Task t, UnixSocket other);

    // ---- names
    @Override
    public long bind(Task t, long name, int length) {
        if (length < PATH || length > NAME_SIZE || Memory.getUnsignedShort(name) != AF_UNIX) return -EINVAL;
        if (length == PATH) return autobind();
        if (Memory.getByte(name + PATH) == 0) {
            if (!address.isEmpty()) return -EINVAL;
            String abstractName = Memory.getBytes(name + PATH, length - PATH);
            if (!sockets.unix.put(abstractName, this)) return -EADDRINUSE;
            address = abstractName;
            return 0;
        }
        String path = pathOf(name, length);
        if (!address.isEmpty()) return -EINVAL;
        Path p = DirectoryOps.bindSocket(t, path, inode.mode & 0777, -1);
        if (p == null) return t.error;
        bound = p.dentry.inode;
        bound.opens++;
        bound.fifo = this;
        address = path;
        return 0;
    }

    final long autobind() {
        if (!address.isEmpty()) return 0;
        String name = sockets.unix.automatic(type);
        if (name == null) return -ENOSPC;
        sockets.unix.put(name, this);
        address = name;
        return 0;
    }

    private static String pathOf(long name, int length) {
        int n = 0;
        while (n < length - PATH && Memory.getByte(name + PATH + n) != 0) n++;
        return Memory.getBytes(name + PATH, n);
    }

    /** Whether this can still become a socket of the host. */
    public final boolean isFresh() { return address.isEmpty() && !isConnected() && !isListening(); }

    /** The path that a name is; null: it is none. */
    public static String path(long name, int length) {
        if (length <= PATH || length > NAME_SIZE || Memory.getUnsignedShort(name) != AF_UNIX) return null;
        return Memory.getByte(name + PATH) == 0 ? null : pathOf(name, length);
    }

    /**
     * An O_PATH descriptor when the path is that of a socket of the host, and may be written; else negative.
     */
    public static int hostTarget(Task t, String path) {
        boolean opens = t.kernel.options.hostSockets;
        if (path == null || !opens && !t.kernel.options.createsHostSockets) return -ENODEV;
        long r = t.walk.at(PathWalk.AT_FDCWD, path, PathWalk.FOLLOW);
        Inode n = t.walk.inode;
        if (r < 0 || n.type() != Stat.S_IFSOCK || n.fifo instanceof UnixSocket) return -ENODEV;
        if (!opens && n.fifo == null) return -ENODEV; // somebody else's
        r = Access.check(t.cred, n, Access.WRITE);
        return r < 0 ? (int) r : n.openHostSocket();
    }

    /** The socket with that name, or null with t.error. */
    final UnixSocket find(Task t, long name, int length) {
        t.error = -EINVAL;
        if (length <= PATH || length > NAME_SIZE || Memory.getUnsignedShort(name) != AF_UNIX) return null;
        UnixSocket s;
        if (Memory.getByte(name + PATH) == 0) {
            s = sockets.unix.get(type, Memory.getBytes(name + PATH, length - PATH));
        } else {
            long r = t.walk.at(PathWalk.AT_FDCWD, pathOf(name, length), PathWalk.FOLLOW);
            if (r == 0) r = Access.check(t.cred, t.walk.inode, Access.WRITE);
            if (r < 0) {
                t.error = (int) r;
                return null;
            }
            Inode n = t.walk.inode;
            s = n.type() == Stat.S_IFSOCK && n.fifo instanceof UnixSocket u ? u : null;
        }
        t.error = -ECONNREFUSED;
        if (s == null || s.isDead) return null;
        t.error = -EPROTOTYPE;
        return s.type == type ? s : null;
    }

    public static long putName(long name, String address) {
        Memory.putShort(name, (short) AF_UNIX);
        int n = Memory.putBytes(name + PATH, address);
        if (n == 0) return PATH;
        if (address.charAt(0) == 0) return PATH + n;
        Memory.putByte(name + PATH + n, (byte) 0);
        return PATH + n + 1;
    }

    /** The name as others see it. */
    String shownName() { return address; }

    /** The source of what is received: nothing when it has no name. */
    static void putSource(Message m, UnixSocket from) {
        String a = from.shownName();
        m.nameLength = a.isEmpty() ? 0 : (int) putName(m.name, a);
    }

    @Override
    public long localName(Task t, long name) { return putName(name, address); }

    @Override
    public long peerName(Task t, long name) {
        if (peer == null) return -ENOTCONN;
        return putName(name, peer.address);
    }

    // ---- options
    /** What is received says who sent it: by number, by a pidfd, or both. */
    final boolean wantsCredentials() { return isOn(SO_PASSCRED) || passesPidfd; }

    final void deliverCredentials(Task t, Rights r, Message m) {
        if (isOn(SO_PASSCRED)) Rights.deliverCredentials(t, r, m);
    }

    final void deliverPidfd(Task t, Rights r, Message m) { if (passesPidfd) Rights.deliverPidfd(t, r, m); }

    final void takeCredentials(Task t) {
        Credentials c = t.cred;
        peerUid = c.euid;
        peerGid = c.egid;
        peerGroups = c.groups;
        peerProcess = t.group;
    }

    final void takeCredentials(UnixSocket from) {
        peerUid = from.peerUid;
        peerGid = from.peerGid;
        peerGroups = from.peerGroups;
        peerProcess = from.peerProcess;
    }

    @Override
    protected long getOption(Task t, int level, int option, long value, int length) {
        if (level != SOL_SOCKET) return -EOPNOTSUPP;
        switch (option) {
            case SO_PEERCRED -> {
                Memory.putInt(value, peerProcess == null ? 0 : peerProcess.pidIn(t.group.pids));
                Memory.putInt(value + 4, peerUid == -1 ? -1 : t.cred.userOut(peerUid));
                Memory.putInt(value + 8, peerGid == -1 ? -1 : t.cred.groupOut(peerGid));
                return Math.min(length, 12);
            }
            case SO_PEERGROUPS -> {
                if (peerGroups == null) return -ENODATA;
                if (length < 4 * peerGroups.length) return -ERANGE;
                for (int i = 0; i < peerGroups.length; i++) {
                    Memory.putInt(value + 4L * i, t.cred.groupOut(peerGroups[i]));
                }
                return 4L * peerGroups.length;
            }
            case SO_PASSPIDFD -> { return putInt(value, length, passesPidfd ? 1 : 0); }
            case SO_PEERPIDFD -> {
                if (peerProcess == null) return -ENODATA;
                long fd = PidFile.install(t, peerProcess);
                return fd < 0 ? fd : putInt(value, length, (int) fd);
            }
            case SO_REUSEPORT -> { return putInt(value, length, 0); }
            case SO_PEEK_OFF -> { return putInt(value, length, peekOffset); }
            default -> { return super.getOption(t, level, option, value, length); }
        }
    }

    @Override
    protected long setOption(Task t, int level, int option, long value, int length) {
        if (level == SOL_SOCKET && option == SO_REUSEPORT && Memory.getInt(value) != 0) return -EOPNOTSUPP;
        if (level == SOL_SOCKET && option == SO_PEEK_OFF) {
            peekOffset = Memory.getInt(value);
            return 0;
        }
        if (level == SOL_SOCKET && option == SO_PASSPIDFD) {
            passesPidfd = Memory.getInt(value) != 0;
            return 0;
        }
        return super.setOption(t, level, option, value, length);
    }

    /** So many bytes have been taken, or (negative) looked at: the next peek from an offset goes on there. */
    final void received(int n) {
        if (peekOffset >= 0) peekOffset = Math.max(peekOffset - n, 0);
    }

    // ---- readiness and state
    /** Bytes this socket has sent that nobody has received yet. */
    abstract int unreceived();

    /** unix(7) promises nothing; Linux calls a socket writable while three quarters of its buffer are free. */
    final boolean hasRoom() { return unreceived() * 4L <= sendBuffer; }

    /** Bytes to be read (FIONREAD), or -errno. */
    abstract long readable();

    @Override
    public long ioctl(Task t, int request, long argument) {
        switch (request) {
            case FIONREAD -> {
                long n = readable();
                return n < 0 ? n : t.mem.outInt(argument, (int) n);
            }
            case SIOCOUTQ -> { return t.mem.outInt(argument, unreceived()); }
            default -> { return super.ioctl(t, request, argument); }
        }
    }

    @Override
    public String fdinfo(Task t) { return ""; }

    /** Passes a wake-up of another socket's {@link #room} on to those who wait here for POLLOUT. */
    final class Relay extends Waiter {
        @Override
        protected boolean wake(int ignored) {
            cancel();
            queue.wake(POLLOUT | POLLWRNORM);
            return true;
        }
    }
}

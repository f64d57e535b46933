package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Fcntl;
import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.socket.Sockets;
import dev.kernelet.sentry.socket.hostinet.HostSocket;
import dev.kernelet.sentry.socket.unix.UnixSocket;
import dev.kernelet.sentry.vfs.OpenFile;

/** System calls on sockets: names, connections, options, messages. */
final class SysSocket {
    private SysSocket() {}

    /**
     * Most room for an option's value, control messages (net.core.optmem_max and a margin), messages per
     * call.
     */
    private static final int OPTION_MAX = 4096, CONTROL_MAX = 64 << 10, MESSAGES_MAX = 1024;
    private static final int SOCKET_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

    /** The socket, or null and t.error. */
    private static Socket get(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        if (f instanceof Socket s) return s;
        t.error = f == null || (f.flags & Fcntl.O_PATH) != 0 ? -EBADF : -ENOTSOCK;
        return null;
    }

    // ---- making
    /** socket(2). */
    static long socket(Task t, int family, int type, int protocol) {
        int flags = type & ~SOCK_TYPE_MASK;
        if ((flags & ~SOCKET_FLAGS) != 0) return -EINVAL;
        Socket s = Sockets.of(t.kernel).create(t, family, type & SOCK_TYPE_MASK, protocol);
        return s == null ? t.error : install(t, s, flags);
    }

    private static long install(Task t, Socket s, int flags) {
        s.flags |= flags & SOCK_NONBLOCK;
        return t.fds.install(t, s, (flags & SOCK_CLOEXEC) != 0);
    }

    /** socketpair(2). */
    static long socketpair(Task t, int family, int type, int protocol, long pair) {
        int flags = type & ~SOCK_TYPE_MASK;
        if ((flags & ~SOCKET_FLAGS) != 0) return -EINVAL;
        Sockets sockets = Sockets.of(t.kernel);
        if (family != AF_UNIX) {
            Socket s = sockets.create(t, family, type & SOCK_TYPE_MASK, protocol);
            if (s == null) return t.error;
            s.put(t);
            return -EOPNOTSUPP;
        }
        if (!t.mem.writable(pair, 8)) return -EFAULT;
        var a = (UnixSocket) sockets.create(t, family, type & SOCK_TYPE_MASK, protocol);
        if (a == null) return t.error;
        UnixSocket b = sockets.unixSocket(t, type & SOCK_TYPE_MASK);
        a.pair(t, b);
        long fd0 = install(t, a, flags);
        if (fd0 < 0) {
            b.put(t);
            return fd0;
        }
        long fd1 = install(t, b, flags);
        if (fd1 < 0) {
            t.fds.close(t, (int) fd0);
            return fd1;
        }
        long p = t.mem.scratch(8);
        Memory.putInt(p, (int) fd0);
        Memory.putInt(p + 4, (int) fd1);
        return t.mem.out(pair, p, 8);
    }

    // ---- names
    /**
     * A name of the application's in private memory, {@link #NAME_MAX} bytes with zeros behind it; or -errno.
     */
    private static long nameIn(Task t, long address, int length) {
        if (length < 0 || length > NAME_MAX) return -EINVAL;
        long p = t.mem.scratch(NAME_MAX);
        if (length > 0 && (!t.mem.readable(address, length) || t.mem.copyIn(p, address, length) != length)) return -EFAULT;
        return p;
    }

    /** A name for the application, cut to the room it has: 0 or -errno. */
    private static long nameOut(Task t, long name, int length, long address, long lengthAddress) {
        long room = t.mem.in(lengthAddress, 4);
        if (room < 0) return room;
        int n = Memory.getInt(room);
        if (n < 0) return -EINVAL;
        n = Math.min(n, length);
        if (n > 0) {
            long r = t.mem.out(address, name, n);
            if (r < 0) return r;
        }
        return t.mem.outInt(lengthAddress, length);
    }

    /** bind(2). */
    static long bind(Task t, int fd, long address, int length) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long p = nameIn(t, address, length);
        if (p < 0) return p;
        if (t.kernel.options.createsHostSockets && s instanceof UnixSocket u && u.isFresh()) {
            String path = UnixSocket.path(p, length);
            Socket made = path == null ? null : HostSocket.bound(t, s.type, path, s.inode.mode & 0777);
            if (made != null) return replace(t, fd, s, made);
            if (path != null && t.error != -ENODEV) return t.error;
        }
        return s.bind(t, p, length);
    }

    /** listen(2). */
    static long listen(Task t, int fd, int backlog) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        return s.listen(t, Integer.compareUnsigned(backlog, SOMAXCONN) > 0 ? SOMAXCONN : backlog);
    }

    /** accept(2). */
    static long accept(Task t, int fd, long address, long length) { return accept4(t, fd, address, length, 0); }

    /** accept4(2). */
    static long accept4(Task t, int fd, long address, long length, int flags) {
        if ((flags & ~SOCKET_FLAGS) != 0) return -EINVAL;
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long free = t.fds.lowestFree(t, 0);
        if (free < 0) return free;
        Message m = s.sockets.message;
        m.clear();
        Socket c = s.accept(t, m);
        if (c == null) {
            if (t.error != -EAGAIN) return t.error;
            if (s.isNonblocking() || t.isTimedOut()) return -EAGAIN;
            return SocketIo.waitFor(t, s, null, SocketIo.WAIT_READ, s.receiveTimeout);
        }
        if (address != 0) {
            long r = nameOut(t, m.name, m.nameLength, address, length);
            if (r < 0) {
                c.put(t);
                return r;
            }
        }
        return install(t, c, flags);
    }

    /** connect(2). */
    static long connect(Task t, int fd, long address, int length) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long p = nameIn(t, address, length);
        if (p < 0) return p;
        Message m = s.sockets.message;
        m.clear();
        if (s instanceof UnixSocket u && u.isFresh()) {
            String path = UnixSocket.path(p, length);
            int file = UnixSocket.hostTarget(t, path);
            if (file >= 0) return connectToHost(t, fd, s, file, path);
        }
        long r = s.connect(t, p, length);
        boolean isUnderWay = r == -EINPROGRESS || r == -EALREADY;
        if (!isUnderWay && r != -EAGAIN) return t.s2 != 0 && r == -EISCONN ? 0 : r;
        if (s.isNonblocking()) return r;
        if (t.isTimedOut()) return isUnderWay ? -EINPROGRESS : -EAGAIN;
        t.s2 = 1;
        return SocketIo.waitFor(t, s, m, SocketIo.WAIT_WRITE, s.sendTimeout);
    }

    /** The descriptor becomes that of a socket of the host's; a duplicate made before does not. */
    private static long connectToHost(Task t, int fd, Socket s, int file, String path) {
        Socket made = HostSocket.toHost(t, s.type, file, path);
        return made == null ? t.error : replace(t, fd, s, made);
    }

    private static long replace(Task t, int fd, Socket s, Socket made) {
        made.flags = s.flags;
        t.fds.replace(t, fd, made, t.fds.isCloseOnExec(fd));
        return 0;
    }

    /** getsockname(2). */
    static long getsockname(Task t, int fd, long address, long length) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long p = t.mem.scratch(NAME_MAX);
        long n = s.localName(t, p);
        return n < 0 ? n : nameOut(t, p, (int) n, address, length);
    }

    /** getpeername(2). */
    static long getpeername(Task t, int fd, long address, long length) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long p = t.mem.scratch(NAME_MAX);
        long n = s.peerName(t, p);
        return n < 0 ? n : nameOut(t, p, (int) n, address, length);
    }

    /** shutdown(2). */
    static long shutdown(Task t, int fd, int how) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        return how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : s.shutdown(t, how);
    }

    // ---- options
    /** setsockopt(2). */
    static long setsockopt(Task t, int fd, int level, int option, long address, int length) {
        if (length < 0) return -EINVAL;
        Socket s = get(t, fd);
        if (s == null) return t.error;
        int n = Math.min(length, OPTION_MAX);
        long p = t.mem.scratch(Math.max(n, 16));
        if (n > 0 && (!t.mem.readable(address, n) || t.mem.copyIn(p, address, n) != n)) return -EFAULT;
        return s.setsockopt(t, level, option, p, n);
    }

    /** getsockopt(2). */
    static long getsockopt(Task t, int fd, int level, int option, long address, long lengthAddress) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        long length = t.mem.in(lengthAddress, 4);
        if (length < 0) return length;
        int room = Math.min(Memory.getInt(length), OPTION_MAX);
        if (room < 0) return -EINVAL;
        long p = t.mem.scratch(Math.max(room, NAME_MAX));
        long n = s.getsockopt(t, level, option, p, room);
        if (n < 0) return n;
        long r = n == 0 ? 0 : t.mem.out(address, p, (int) Math.min(n, room));
        return r < 0 ? r : t.mem.outInt(lengthAddress, (int) n);
    }

    // ---- messages
    /** sendto(2). */
    static long sendto(Task t, int fd, long buffer, long length, int flags, long address, int addressLength) {
        long iov = SocketIo.single(t, buffer, length);
        if (iov < 0) return iov;
        long total = SocketIo.total();
        Socket s = get(t, fd);
        if (s == null) return t.error;
        Message m = s.sockets.message;
        m.clear();
        if (address != 0) {
            long p = nameIn(t, address, addressLength);
            if (p < 0) return p;
            Memory.copy(p, m.name, NAME_MAX);
            m.nameLength = addressLength;
        }
        return SocketIo.send(t, s, m, iov, 1, total, flags);
    }

    /** recvfrom(2). */
    static long recvfrom(Task t, int fd, long buffer, long length, int flags, long address, long addressLength) {
        long iov = SocketIo.single(t, buffer, length);
        if (iov < 0) return iov;
        long total = SocketIo.total();
        Socket s = get(t, fd);
        if (s == null) return t.error;
        Message m = s.sockets.message;
        m.clear();
        if (address == 0) return SocketIo.receive(t, s, m, iov, 1, total, flags, true);
        m.wantsName = true;
        // Read first: the window with the data must stay untouched afterwards.
        long room = t.mem.in(addressLength, 4);
        if (room < 0) return room;
        if (Memory.getInt(room) < 0) return -EINVAL;
        long n = SocketIo.receive(t, s, m, iov, 1, total, flags, true);
        if (n < 0) return n;
        int shown = Math.min(Memory.getInt(room), m.nameLength);
        long r = shown > 0 ? t.mem.out(address, m.name, shown) : 0;
        if (r == 0) r = t.mem.outInt(addressLength, m.nameLength);
        return r < 0 ? r : n;
    }

    /** sendmsg(2). */
    static long sendmsg(Task t, int fd, long header, int flags) {
        Socket s = get(t, fd);
        return s == null ? t.error : sendOne(t, s, header, flags);
    }

    private static long sendOne(Task t, Socket s, long header, int flags) {
        long h = t.mem.in(header, MSGHDR_SIZE);
        if (h < 0) return h;
        Message m = s.sockets.message;
        m.clear();
        long name = Memory.getLong(h);
        int nameLength = name == 0 ? 0 : Memory.getInt(h + 8);
        if (nameLength < 0) return -EINVAL;
        if (nameLength > 0) {
            nameLength = Math.min(nameLength, NAME_MAX);
            long p = nameIn(t, name, nameLength);
            if (p < 0) return p;
            Memory.copy(p, m.name, NAME_MAX);
            m.nameLength = nameLength;
        }
        long count = Memory.getLong(h + 24);
        long iov = SocketIo.vector(t, Memory.getLong(h + 16), count);
        if (iov < 0) return iov;
        long total = SocketIo.total();
        long control = Memory.getLong(h + 32), controlLength = control == 0 ? 0 : Memory.getLong(h + 40);
        if (controlLength < 0 || controlLength > CONTROL_MAX) return -ENOBUFS;
        if (controlLength > 0 && t.s0 == 0) {
            long p = t.mem.in(control, (int) controlLength);
            if (p < 0) return p;
            m.control = p;
            m.controlLength = (int) controlLength;
        }
        return SocketIo.send(t, s, m, iov, (int) count, total, flags);
    }

    /** recvmsg(2). */
    static long recvmsg(Task t, int fd, long header, int flags) {
        Socket s = get(t, fd);
        return s == null ? t.error : receiveOne(t, s, header, flags, true);
    }

    private static long receiveOne(Task t, Socket s, long header, int flags, boolean isLast) {
        long h = t.mem.in(header, MSGHDR_SIZE);
        if (h < 0) return h;
        Message m = s.sockets.message;
        m.clear();
        long name = Memory.getLong(h);
        int nameRoom = Memory.getInt(h + 8);
        if (name != 0 && nameRoom < 0) return -EINVAL;
        long count = Memory.getLong(h + 24);
        long iov = SocketIo.vector(t, Memory.getLong(h + 16), count);
        if (iov < 0) return iov;
        long total = SocketIo.total();
        long control = Memory.getLong(h + 32), controlRoom = Memory.getLong(h + 40);
        if (control != 0 && controlRoom > 0) {
            m.controlRoom = (int) Math.min(controlRoom, CONTROL_MAX);
            m.control = t.mem.scratch(m.controlRoom);
        }
        m.wantsName = name != 0;
        long n = SocketIo.receive(t, s, m, iov, (int) count, total, flags, isLast);
        if (n < 0) return n;
        long r = 0;
        if (name != 0) {
            if (m.nameLength > 0) r = t.mem.out(name, m.name, Math.min(nameRoom, m.nameLength));
            if (r == 0) r = t.mem.outInt(header + 8, m.nameLength);
        }
        if (r == 0 && m.controlLength > 0) r = t.mem.out(control, m.control, m.controlLength);
        if (r < 0) return r;
        // msg_controllen and msg_flags.
        long end = t.mem.scratch(12);
        Memory.putLong(end, m.controlLength);
        Memory.putInt(end + 8, m.flags | flags & MSG_CMSG_CLOEXEC);
        r = t.mem.out(header + 40, end, 12);
        return r < 0 ? r : n;
    }

    /** sendmmsg(2). */
    static long sendmmsg(Task t, int fd, long headers, int count, int flags) {
        Socket s = get(t, fd);
        if (s == null) return t.error;
        int n = Integer.compareUnsigned(count, MESSAGES_MAX) > 0 ? MESSAGES_MAX : count;
        while (t.s1 < n) {
            long header = headers + t.s1 * MMSGHDR_SIZE;
            long r = sendOne(t, s, header, flags);
            if (r == Task.BLOCKED) return r;
            if (r >= 0) r = Math.min(t.mem.outInt(header + MSGHDR_SIZE, (int) r), r);
            if (r < 0) return t.s1 > 0 ? t.s1 : r;
            t.s0 = 0;
            t.s1++;
        }
        return n;
    }

    /** recvmmsg(2). The timeout is looked at between messages only, as on Linux. */
    static long recvmmsg(Task t, int fd, long headers, int count, int flags, long timeout) {
        if (t.isFirstRun()) {
            t.s3 = -1;
            if (timeout != 0) {
                long nanos = TimeStructs.timespec(t, timeout);
                if (nanos < 0) return nanos;
                t.s3 = TimeStructs.deadline(t, nanos);
            }
        }
        Socket s = get(t, fd);
        if (s == null) return t.error;
        int n = Integer.compareUnsigned(count, MESSAGES_MAX) > 0 ? MESSAGES_MAX : count;
        long r = 0;
        while (t.s1 < n) {
            long header = headers + t.s1 * MMSGHDR_SIZE;
            boolean mayWait = t.s1 == 0 || (flags & MSG_WAITFORONE) == 0;
            r = receiveOne(t, s, header, (mayWait ? flags : flags | MSG_DONTWAIT) & ~MSG_WAITFORONE, false);
            if (r == Task.BLOCKED) return r;
            if (r >= 0) r = Math.min(t.mem.outInt(header + MSGHDR_SIZE, (int) r), r);
            if (r < 0) break;
            t.s0 = 0;
            t.s1++;
            if (t.s3 != -1 && t.kernel.now() >= t.s3) break;
        }
        if (timeout != 0 && (r >= 0 || t.s1 > 0)) {
            TimeStructs.outTimespec(t, timeout, Math.max(0, t.s3 - t.kernel.now()));
        }
        return t.s1 > 0 ? t.s1 : r < 0 ? r : 0;
    }
}

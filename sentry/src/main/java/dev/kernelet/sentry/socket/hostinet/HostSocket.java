package dev.kernelet.sentry.socket.hostinet;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.Outside;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Reactor;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Message;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.socket.Sockets;
import dev.kernelet.sentry.socket.unix.UnixSocket;
import dev.kernelet.sentry.vfs.DirectoryOps;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/** A socket of the host's TCP/IP stack. Kernel lock. */
public final class HostSocket extends Socket {
    private static final int HOST_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
    private static final int SEND_FLAGS = MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_CONFIRM | MSG_MORE
            | MSG_FASTOPEN;
    private static final int RECEIVE_FLAGS = MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE;
    private static final int FIONREAD = 0x541b, SIOCOUTQ = 0x5411, SIOCATMARK = 0x8905, SIOCOUTQNSD = 0x894b;
    private static final int SIOCGSTAMP = 0x8906, SIOCGSTAMPNS = 0x8907, SIOCGSTAMP_NEW = 0x80108906,
            SIOCGSTAMPNS_NEW = 0x80108907;
    /**
     * Private memory for msghdr, iovec and the lengths of names: calls are short and under the kernel lock.
     */
    private static final long HEADER = Memory.allocate(128), IOVEC = HEADER + 64, LENGTH = HEADER + 96;

    private final int fd;
    private final Reactor.Watch watch;
    private final Reactor reactor;
    /** In the list of all. */
    private int place;
    /** Of a unix socket: its own and the other's name, as programs here know them. */
    private String address = "", peerAddress = "";
    /** The file that {@link #address} is, while it leads to this socket. */
    private Inode file;

    private HostSocket(Task t, int fd, int family, int type, int protocol) {
        super(t, family, type, protocol);
        this.fd = fd;
        reactor = Reactor.of(kernel);
        watch = reactor.watch(fd);
        place = sockets.ofHost.size();
        sockets.ofHost.add(this);
    }

    public static Socket create(Task t, int family, int type, int protocol) {
        long fd = HostCall.call(SOCKET, family, type | HOST_FLAGS, protocol);
        if (fd < 0) {
            t.error = (int) fd;
            return null;
        }
        return new HostSocket(t, (int) fd, family, type, protocol);
    }

    /**
     * A socket of the host connected to the host's socket {@code file} (an O_PATH descriptor, closed); null
     * with t.error.
     */
    public static Socket toHost(Task t, int type, int file, String path) {
        var s = (HostSocket) create(t, AF_UNIX, type, 0);
        if (s != null) {
            t.error = (int) s.connectToFile(file, path);
            if (t.error < 0) {
                s.put(t);
                s = null;
            }
        } else {
            HostCall.call(CLOSE, file);
        }
        return s;
    }

    private long connectToFile(int file, String path) {
        long r = Outside.connect(fd, file);
        HostCall.call(CLOSE, file);
        if (r == 0) peerAddress = path;
        return r;
    }

    /**
     * A socket of the host with that name in a directory of the host's; null with t.error, -ENODEV when the
     * directory is none.
     */
    public static Socket bound(Task t, int type, String path, int mode) {
        var s = (HostSocket) create(t, AF_UNIX, type, 0);
        if (s == null) return null;
        Path p = DirectoryOps.bindSocket(t, path, mode, s.fd);
        if (p == null) {
            int error = t.error;
            s.put(t);
            t.error = error;
            return null;
        }
        s.address = path;
        s.file = p.dentry.inode;
        s.file.opens++;
        s.file.fifo = s;
        return s;
    }

    @Override
    protected void release(Task t) {
        HostSocket last = sockets.ofHost.removeLast();
        if (last != this) {
            sockets.ofHost.set(place, last);
            last.place = place;
        }
        reactor.remove(watch);
        HostCall.call(CLOSE, fd);
        if (file == null) return;
        if (file.fifo == this) file.fifo = null;
        if (--file.opens == 0) file.releaseIfUnused();
    }

    // ---- names and connections
    @Override
    public long bind(Task t, long name, int length) {
        if (family == AF_UNIX) return -EINVAL; // a name it has, or it is connected
        if (length >= 8) {
            int port = Memory.getUnsignedByte(name + 2) << 8 | Memory.getUnsignedByte(name + 3);
            if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6 && !Sockets.mayBind(t, port))
                return -EACCES;
        }
        return HostCall.call(BIND, fd, name, length);
    }

    @Override
    public long listen(Task t, int backlog) { return HostCall.call(LISTEN, fd, backlog); }

    @Override
    public long connect(Task t, long name, int length) {
        if (family == AF_UNIX) {
            String path = UnixSocket.path(name, length);
            int target = UnixSocket.hostTarget(t, path);
            return target < 0 ? target == -EACCES ? target : -ECONNREFUSED : connectToFile(target, path);
        }
        long r = HostCall.call(CONNECT, fd, name, length);
        if (r == -EINPROGRESS || r == -EALREADY || r == -EAGAIN) arm(POLLOUT);
        return r;
    }

    @Override
    public Socket accept(Task t, Message m) {
        Memory.putInt(LENGTH, NAME_MAX);
        long r = HostCall.call(ACCEPT4, fd, m.name, LENGTH, HOST_FLAGS);
        if (r < 0) {
            if (r == -EAGAIN) arm(POLLIN);
            t.error = (int) r;
            return null;
        }
        m.nameLength = Memory.getInt(LENGTH);
        var accepted = new HostSocket(t, (int) r, family, type, protocol);
        if (family == AF_UNIX) {
            m.nameLength = (int) UnixSocket.putName(m.name, "");
            accepted.address = address;
        }
        return accepted;
    }

    @Override
    public long localName(Task t, long name) {
        return family == AF_UNIX ? UnixSocket.putName(name, address) : name(GETSOCKNAME, name);
    }

    @Override
    public long peerName(Task t, long name) {
        long r = name(GETPEERNAME, name);
        return r >= 0 && family == AF_UNIX ? UnixSocket.putName(name, peerAddress) : r;
    }

    private long name(int call, long name) {
        Memory.putInt(LENGTH, NAME_MAX);
        long r = HostCall.call(call, fd, name, LENGTH);
        return r < 0 ? r : Memory.getInt(LENGTH);
    }

    @Override
    public long shutdown(Task t, int how) {
        long r = HostCall.call(SHUTDOWN, fd, how);
        // The sockets of the host tell the other end; who waits at this one looks again.
        watch.queue.wakeAll(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP);
        return r;
    }

    // ---- data
    @Override
    public long send(Task t, Message m, int flags) {
        int hostFlags = flags & SEND_FLAGS | MSG_DONTWAIT | MSG_NOSIGNAL;
        // The host would look a name up for us: in its own directories, or among abstract ones.
        if (family == AF_UNIX && m.nameLength > 0) return type == SOCK_STREAM ? -EISCONN : -ECONNREFUSED;
        long n;
        if (m.controlLength == 0) {
            n = HostCall.call(SENDTO, fd, m.data, m.length, hostFlags, m.nameLength > 0 ? m.name : 0,
                    m.nameLength);
        } else {
            n = HostOptions.checkControl(m.control, m.controlLength);
            if (n < 0) return n;
            header(m, m.nameLength, m.controlLength);
            n = HostCall.call(SENDMSG, fd, HEADER, hostFlags);
        }
        if (n == -EAGAIN || n == -EINPROGRESS) arm(POLLOUT);
        return n;
    }

    private static void header(Message m, int nameLength, int controlLength) {
        Memory.putLong(IOVEC, m.data);
        Memory.putLong(IOVEC + 8, m.length);
        Memory.putLong(HEADER, nameLength > 0 ? m.name : 0);
        Memory.putInt(HEADER + 8, nameLength);
        Memory.putLong(HEADER + 16, IOVEC);
        Memory.putLong(HEADER + 24, 1);
        Memory.putLong(HEADER + 32, controlLength > 0 ? m.control : 0);
        Memory.putLong(HEADER + 40, controlLength);
        Memory.putInt(HEADER + 48, 0);
    }

    @Override
    public long receive(Task t, Message m, int flags) {
        int hostFlags = flags & RECEIVE_FLAGS | MSG_DONTWAIT;
        long n;
        if (family == AF_UNIX) m.controlRoom = 0; // descriptors of the host stay outside: MSG_CTRUNC
        boolean isPlain = m.controlRoom == 0 && !m.wantsName && (flags & MSG_OOB) == 0;
        if (type == SOCK_STREAM && isPlain) {
            n = HostCall.call(RECVFROM, fd, m.data, m.length, hostFlags, 0, 0);
        } else {
            header(m, NAME_MAX, m.controlRoom);
            n = HostCall.call(RECVMSG, fd, HEADER, hostFlags);
            if (n >= 0) {
                m.nameLength = family == AF_UNIX ? 0 : Math.clamp(Memory.getInt(HEADER + 8), 0, NAME_MAX);
                m.controlLength = (int) Math.clamp(Memory.getLong(HEADER + 40), 0, m.controlRoom);
                m.flags = Memory.getInt(HEADER + 48);
                m.isBoundary = m.controlLength > 0;
            }
        }
        if (n == -EAGAIN) arm((flags & MSG_OOB) != 0 ? POLLPRI : POLLIN | POLLRDHUP);
        return n;
    }

    // ---- options
    @Override
    protected long getOption(Task t, int level, int option, long value, int room) {
        if (family == AF_UNIX && level == SOL_SOCKET && option == SO_PEERCRED) {
            return peerCredentials(value, room);
        }
        if (!HostOptions.mayGet(level, option)) return missing(level, false);
        Memory.putInt(LENGTH, room);
        long r = HostCall.call(GETSOCKOPT, fd, level, option, value, LENGTH);
        return r < 0 ? r : Memory.getInt(LENGTH);
    }

    /** Who the other end is, outside; its process has no number here. */
    private long peerCredentials(long value, int room) {
        Memory.putInt(LENGTH, 12);
        long p = HEADER, r = HostCall.call(GETSOCKOPT, fd, SOL_SOCKET, SO_PEERCRED, p, LENGTH);
        if (r < 0) return r;
        Memory.putInt(value, 0);
        Memory.putInt(value + 4, kernel.options.ids.userInside(Memory.getInt(p + 4)));
        Memory.putInt(value + 8, kernel.options.ids.groupInside(Memory.getInt(p + 8)));
        return Math.min(room, 12);
    }

    @Override
    protected long setOption(Task t, int level, int option, long value, int length) {
        boolean isAdmin = t.cred.capable(Credentials.CAP_NET_ADMIN);
        if (level == SOL_SOCKET) {
            switch (option) {
                case SO_SNDBUFFORCE, SO_RCVBUFFORCE -> {
                    if (!isAdmin) return -EPERM;
                    option = option == SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF;
                }
                case SO_MARK -> { return -EPERM; }
                case SO_DEBUG -> { return Memory.getInt(value) == 0 ? 0 : -EACCES; }
                case SO_PRIORITY -> {
                    int v = Memory.getInt(value);
                    if ((v < 0 || v > 6) && !isAdmin) return -EPERM;
                }
                default -> { }
            }
        }
        // TCP_ULP: a protocol above it, in the host's kernel. There is none.
        if (level == SOL_TCP && option == 31 && family != AF_UNIX) return length < 1 ? -EINVAL : -ENOENT;
        if (HostOptions.maySet(level, option) == HostOptions.NO) return missing(level, true);
        return HostCall.call(SETSOCKOPT, fd, level, option, value, length);
    }

    private long missing(int level, boolean isSetting) {
        if (family == AF_UNIX && level != SOL_SOCKET) return -EOPNOTSUPP;
        return Sockets.noSuchOption(family, type, level, isSetting);
    }

    @Override
    public long ioctl(Task t, int request, long argument) {
        if (request == FIONREAD || request == SIOCOUTQ || request == SIOCATMARK || request == SIOCOUTQNSD) {
            long p = t.mem.scratch(8);
            long r = HostCall.call(IOCTL, fd, request, p);
            return r < 0 ? r : t.mem.out(argument, p, 4);
        }
        if (request == SIOCGSTAMP || request == SIOCGSTAMPNS || request == SIOCGSTAMP_NEW
                || request == SIOCGSTAMPNS_NEW) {
            long p = t.mem.scratch(16);
            // The new ones are the old ones of 64 bits.
            long r = HostCall.call(IOCTL, fd, request & 0xffff, p);
            return r < 0 ? r : t.mem.out(argument, p, 16);
        }
        return super.ioctl(t, request, argument);
    }

    // ---- readiness
    private void arm(int conditions) { reactor.arm(watch, conditions); }

    @Override
    public WaitQueue waitQueue() { return watch.queue; }

    @Override
    public int poll(Task t) {
        int now = Reactor.ask(HEADER, fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM
                | POLLRDBAND | POLLWRBAND);
        int missing = ((now & POLLIN) == 0 ? POLLIN | POLLPRI : 0) | ((now & POLLRDHUP) == 0 ? POLLRDHUP : 0)
                | ((now & POLLOUT) == 0 ? POLLOUT : 0);
        if (missing != 0 && (now & POLLHUP) == 0) arm(missing);
        return now;
    }

    public static String procNet(Task t, Sockets sockets, String name) {
        return HostTable.text(t, sockets.ofHost, name);
    }
}

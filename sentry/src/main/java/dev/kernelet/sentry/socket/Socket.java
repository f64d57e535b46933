package dev.kernelet.sentry.socket;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * A socket. Results are counts or negative errnos; nothing here blocks. Names are struct sockaddr in private
 * memory, their lengths checked to be 0...128. Kernel lock.
 */
public abstract class Socket extends OpenFile {
    public final Sockets sockets;
    public final Kernel kernel;
    public final int family, type, protocol;
    /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; 0: none. */
    public long receiveTimeout, sendTimeout;

    protected Socket(Task t, int family, int type, int protocol) {
        super(new SocketInode(t, Sockets.of(t.kernel).nextInode++), 2);
        this.kernel = t.kernel;
        this.sockets = Sockets.of(t.kernel);
        this.family = family;
        this.type = type;
        this.protocol = protocol;
    }

    // ---- names and connections
    public abstract long bind(Task t, long name, int length);

    public long listen(Task t, int backlog) { return -EOPNOTSUPP; }

    /**
     * The connection that waited longest, or null with t.error (-EAGAIN). {@code wantsName}: m.name gets the
     * peer's.
     */
    public Socket accept(Task t, Message m) {
        t.error = -EOPNOTSUPP;
        return null;
    }

    /**
     * connect(2). -EINPROGRESS, -EALREADY: under way, waitQueue() says POLLOUT; then the call is made again.
     * -EAGAIN: as a send that finds no room.
     */
    public abstract long connect(Task t, long name, int length);

    /** Writes this end's name to {@code name} (128 bytes): its length. */
    public abstract long localName(Task t, long name);

    public abstract long peerName(Task t, long name);

    public long shutdown(Task t, int how) { return -EOPNOTSUPP; }

    // ---- data
    /**
     * Sends m: bytes taken, or -errno; {@code t} may be any task. MSG_DONTWAIT and MSG_NOSIGNAL are the
     * caller's business.
     */
    public abstract long send(Task t, Message m, int flags);

    /**
     * Receives into m: bytes stored, 0 at the end; with MSG_TRUNC in {@code flags} what there would have
     * been. Sets m.flags, m.nameLength (as far as there is a name) and m.controlLength.
     */
    public abstract long receive(Task t, Message m, int flags);

    /** Whether a message is a run of bytes without borders. */
    public final boolean isStream() { return type == SOCK_STREAM; }

    /** Whether a send to nobody raises SIGPIPE. */
    public boolean raisesSigpipe() { return type == SOCK_STREAM; }

    @Override
    public long read(Task t, long address, long length) {
        Message m = sockets.direct;
        m.clear();
        m.data = address;
        m.length = length;
        return receive(t, m, 0);
    }

    @Override
    public long write(Task t, long address, long length) {
        Message m = sockets.direct;
        m.clear();
        m.data = address;
        m.length = length;
        return send(t, m, 0);
    }

    @Override
    public boolean isSeekable() { return false; }

    @Override
    public boolean isPacketLike() { return true; }

    @Override
    public long truncate(Task t, long size) { return -EINVAL; }

    @Override
    public long fallocate(Task t, int mode, long position, long length) { return -ESPIPE; }

    @Override
    public String describe() { return "socket:[" + inode.ino + "]"; }

    // ---- options
    /**
     * The option's value to {@code value} (room for {@code room} bytes): its length. SOL_SOCKET's common ones
     * are done.
     */
    protected abstract long getOption(Task t, int level, int option, long value, int room);

    protected abstract long setOption(Task t, int level, int option, long value, int length);

    /** getsockopt(2) to private memory of {@code room} bytes: the value's length or -errno. */
    public final long getsockopt(Task t, int level, int option, long value, int room) {
        if (level != SOL_SOCKET) return getOption(t, level, option, value, room);
        switch (option) {
            case SO_TYPE -> { return putInt(value, room, type); }
            case SO_DOMAIN -> { return putInt(value, room, family); }
            case SO_PROTOCOL -> { return putInt(value, room, protocol); }
            case SO_RCVTIMEO, SO_RCVTIMEO_NEW -> { return putTime(value, room, receiveTimeout); }
            case SO_SNDTIMEO, SO_SNDTIMEO_NEW -> { return putTime(value, room, sendTimeout); }
            default -> { return getOption(t, level, option, value, room); }
        }
    }

    public final long setsockopt(Task t, int level, int option, long value, int length) {
        if (level != SOL_SOCKET) return setOption(t, level, option, value, length);
        if (length < 4 && option != SO_BINDTODEVICE) return -EINVAL;
        switch (option) {
            case SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN, SO_PEERCRED, SO_PEERNAME -> {
                return -ENOPROTOOPT;
            }
            case SO_RCVTIMEO, SO_RCVTIMEO_NEW, SO_SNDTIMEO, SO_SNDTIMEO_NEW -> {
                if (length < 16) return -EINVAL;
                long seconds = Memory.getLong(value), micros = Memory.getLong(value + 8);
                if (micros < 0 || micros >= 1_000_000) return -EDOM;
                // A negative time is "do not wait" to Linux.
                long nanos = seconds < 0 ? 1 : seconds >= Long.MAX_VALUE / 4_000_000_000L ? 0
                        : seconds * 1_000_000_000 + micros * 1000;
                if (option == SO_RCVTIMEO || option == SO_RCVTIMEO_NEW) receiveTimeout = nanos;
                else sendTimeout = nanos;
                return 0;
            }
            default -> { return setOption(t, level, option, value, length); }
        }
    }

    protected static long putInt(long value, int room, int v) {
        Memory.putInt(value, v);
        return Math.min(room, 4);
    }

    private static long putTime(long value, int room, long nanos) {
        Memory.putLong(value, nanos / 1_000_000_000);
        Memory.putLong(value + 8, nanos % 1_000_000_000 / 1000);
        return Math.min(room, 16);
    }

    // ---- ioctl
    private static final int SIOCGIFNAME = 0x8910, SIOCGIFINDEX = 0x8933;

    @Override
    public long ioctl(Task t, int request, long argument) {
        if (request >= SIOCGIFNAME && request <= 0x89ff)
            return sockets.interfaces.ioctl(t, request, argument);
        return -ENOTTY;
    }
}

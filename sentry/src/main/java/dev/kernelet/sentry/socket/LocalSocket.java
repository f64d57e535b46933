package dev.kernelet.sentry.socket;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/** A socket that lives in the Sentry alone: queue, error, and the options of socket(7) that need nobody else. Kernel lock. */
public abstract class LocalSocket extends Socket {
    /** net.core.wmem_default and wmem_max, the same for receiving. */
    public static final int BUFFER_DEFAULT = 212992, BUFFER_MAX = 2 * 212992;
    private static final int SEND_MIN = 4608, RECEIVE_MIN = 2304;
    /** Switches that only need to be remembered. */
    private static final long SWITCHES = 1L << SO_DEBUG | 1L << SO_REUSEADDR | 1L << SO_DONTROUTE | 1L << SO_BROADCAST
            | 1L << SO_KEEPALIVE | 1L << SO_OOBINLINE | 1L << SO_NO_CHECK | 1L << SO_REUSEPORT | 1L << SO_PASSCRED
            | 1L << SO_TIMESTAMP | 1L << SO_PASSSEC | 1L << SO_TIMESTAMPNS | 1L << SO_RXQ_OVFL | 1L << SO_NOFCS
            | 1L << SO_SELECT_ERR_QUEUE;

    public final WaitQueue queue = new WaitQueue();
    protected int sendBuffer = BUFFER_DEFAULT, receiveBuffer = BUFFER_DEFAULT;
    /** SO_ERROR: positive. */
    public int error;
    private long switches;
    private int lingerOn, lingerSeconds, lowWater = 1, priority;

    protected LocalSocket(Task t, int family, int type, int protocol) { super(t, family, type, protocol); }

    @Override
    public final WaitQueue waitQueue() { return queue; }

    protected final boolean isOn(int option) { return (switches >>> option & 1) != 0; }

    /** close(2) throws away what is not sent yet, and resets (socket(7), SO_LINGER of zero seconds). */
    protected final boolean resetsAtClose() { return lingerOn != 0 && lingerSeconds == 0; }

    /** The options that an accepted connection has of its listener (socket(7)). */
    protected final void inheritSwitches(LocalSocket from) {
        switches = from.switches;
        sendBuffer = from.sendBuffer;
        receiveBuffer = from.receiveBuffer;
        lingerOn = from.lingerOn;
        lingerSeconds = from.lingerSeconds;
        lowWater = from.lowWater;
        priority = from.priority;
        receiveTimeout = from.receiveTimeout;
        sendTimeout = from.sendTimeout;
    }

    /** The pending error as -errno, cleared; 0: none. */
    protected final long takeError() {
        int e = error;
        error = 0;
        return -e;
    }

    public boolean isListening() { return false; }

    @Override
    protected long getOption(Task t, int level, int option, long value, int room) {
        if (level != SOL_SOCKET) return -EOPNOTSUPP;
        if (option < 64 && (SWITCHES >>> option & 1) != 0) return putInt(value, room, isOn(option) ? 1 : 0);
        switch (option) {
            case SO_ERROR -> { return putInt(value, room, (int) -takeError()); }
            case SO_SNDBUF -> { return putInt(value, room, sendBuffer); }
            case SO_RCVBUF -> { return putInt(value, room, receiveBuffer); }
            case SO_ACCEPTCONN -> { return putInt(value, room, isListening() ? 1 : 0); }
            case SO_PRIORITY -> { return putInt(value, room, priority); }
            case SO_RCVLOWAT -> { return putInt(value, room, lowWater); }
            case SO_SNDLOWAT -> { return putInt(value, room, 1); }
            case SO_MARK, SO_BUSY_POLL, SO_BSDCOMPAT, SO_LOCK_FILTER -> { return putInt(value, room, 0); }
            case SO_INCOMING_CPU -> { return putInt(value, room, -1); }
            case SO_BPF_EXTENSIONS -> { return putInt(value, room, 64); }
            case SO_MAX_PACING_RATE -> {
                Memory.putLong(value, -1);
                return room < 8 ? Math.min(room, 4) : 8;
            }
            case SO_PEERGROUPS, SO_PEERPIDFD -> { return -ENODATA; }
            case SO_ATTACH_FILTER -> { return 0; }
            case SO_PEEK_OFF -> { return -EOPNOTSUPP; }
            case SO_LINGER -> {
                Memory.putInt(value, lingerOn);
                Memory.putInt(value + 4, lingerSeconds);
                return Math.min(room, 8);
            }
            case SO_COOKIE -> {
                if (room < 8) return -EINVAL;
                Memory.putLong(value, inode.ino);
                return 8;
            }
            case SO_BINDTODEVICE -> { return 0; }
            case SO_PEERCRED -> {
                Memory.putInt(value, 0);
                Memory.putInt(value + 4, -1);
                Memory.putInt(value + 8, -1);
                return Math.min(room, 12);
            }
            case SO_PEERNAME -> {
                long p = t.mem.scratch(NAME_MAX);
                long n = peerName(t, p);
                if (n < 0) return -ENOTCONN;
                if (n < room) return -EINVAL;
                Memory.copy(p, value, room);
                return room;
            }
            default -> { return -ENOPROTOOPT; }
        }
    }

    @Override
    protected long setOption(Task t, int level, int option, long value, int length) {
        if (level != SOL_SOCKET) return -EOPNOTSUPP;
        int v = Memory.getInt(value);
        if (option == SO_DEBUG && v != 0 && !t.cred.capable(Credentials.CAP_NET_ADMIN)) return -EACCES;
        if (option < 64 && (SWITCHES >>> option & 1) != 0) {
            switches = v != 0 ? switches | 1L << option : switches & ~(1L << option);
            return 0;
        }
        switch (option) {
            case SO_SNDBUFFORCE, SO_RCVBUFFORCE -> {
                if (!t.cred.capable(Credentials.CAP_NET_ADMIN)) return -EPERM;
                return setBuffer(option == SO_SNDBUFFORCE, v);
            }
            case SO_SNDBUF, SO_RCVBUF -> { return setBuffer(option == SO_SNDBUF, v); }
            case SO_LINGER -> {
                if (length < 8) return -EINVAL;
                lingerOn = v != 0 ? 1 : 0;
                if (v != 0) lingerSeconds = Memory.getInt(value + 4);
                return 0;
            }
            case SO_PRIORITY -> {
                if ((v < 0 || v > 6) && !t.cred.capable(Credentials.CAP_NET_ADMIN)) return -EPERM;
                priority = v;
                return 0;
            }
            case SO_RCVLOWAT -> {
                lowWater = v < 0 ? Integer.MAX_VALUE : Math.max(v, 1);
                return 0;
            }
            case SO_MARK -> { return t.cred.capable(Credentials.CAP_NET_ADMIN) ? -ENOPROTOOPT : -EPERM; }
            case SO_PEEK_OFF -> { return -EOPNOTSUPP; }
            default -> { return -ENOPROTOOPT; }
        }
    }

    private long setBuffer(boolean isSend, int v) {
        // The value is doubled to make room for the kernel's own data (socket(7)).
        int n = 2 * Math.min(v < 0 ? BUFFER_DEFAULT : v, BUFFER_MAX / 2);
        if (isSend) {
            sendBuffer = Math.max(n, SEND_MIN);
            queue.wake(POLLOUT | POLLWRNORM);
        } else {
            receiveBuffer = Math.max(n, RECEIVE_MIN);
        }
        return 0;
    }
}

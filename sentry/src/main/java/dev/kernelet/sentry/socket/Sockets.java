package dev.kernelet.sentry.socket;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.sentry.fs.proc.NetDirectory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.hostinet.HostInterfaces;
import dev.kernelet.sentry.socket.hostinet.HostSocket;
import dev.kernelet.sentry.socket.loopback.LoopbackDatagram;
import dev.kernelet.sentry.socket.loopback.LoopbackInterfaces;
import dev.kernelet.sentry.socket.loopback.LoopbackNetwork;
import dev.kernelet.sentry.socket.loopback.LoopbackStream;
import dev.kernelet.sentry.socket.netlink.HostRoutes;
import dev.kernelet.sentry.socket.netlink.LoopbackRoutes;
import dev.kernelet.sentry.socket.netlink.NetlinkSocket;
import dev.kernelet.sentry.socket.netlink.Routes;
import dev.kernelet.sentry.socket.unix.UnixDatagram;
import dev.kernelet.sentry.socket.unix.UnixNames;
import dev.kernelet.sentry.socket.unix.UnixSocket;
import dev.kernelet.sentry.socket.unix.UnixStream;
import dev.kernelet.sentry.vfs.OpenFile;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;

/** What the sockets of a sandbox share. {@code Root.sockets}. Kernel lock. */
public final class Sockets implements NetDirectory.Source {
    /** Bound of files in SCM_RIGHTS that nobody has received yet. */
    public static final int FILES_UNDER_WAY_MAX = 1 << 16;

    public final Kernel kernel;
    public final boolean isHost;
    long nextInode = 100_000;
    /** The system calls' message, and that of plain reads and writes by others. */
    public final Message message = new Message(), direct = new Message();
    public final Rights parsed = new Rights();
    public int filesUnderWay;
    public final UnixNames unix = new UnixNames();
    public final ArrayList<HostSocket> ofHost = new ArrayList<>();
    public final Interfaces interfaces;
    public final LoopbackNetwork loopback;
    /** Port numbers in use, with the protocol in the highest byte. */
    public final HashSet<Integer> netlinkPorts = new HashSet<>();
    private Routes routes;
    private final ArrayDeque<OpenFile> toPut = new ArrayDeque<>();
    private boolean isPutting;

    private Sockets(Kernel kernel) {
        this.kernel = kernel;
        isHost = !kernel.options.network.equals("none");
        loopback = isHost ? null : new LoopbackNetwork();
        interfaces = isHost ? new HostInterfaces() : new LoopbackInterfaces();
    }

    public static Sockets of(Kernel kernel) {
        if (kernel.root.sockets == null) kernel.root.sockets = new Sockets(kernel);
        return (Sockets) kernel.root.sockets;
    }

    /** socket(2): {@code type} without flags. Null and t.error. */
    public Socket create(Task t, int family, int type, int protocol) {
        t.error = 0;
        if (family < 0 || family >= AF_MAX) return failed(t, -EAFNOSUPPORT);
        if (type < 0 || type > SOCK_PACKET) return failed(t, -EINVAL);
        return switch (family) {
            case AF_UNIX -> {
                if (protocol != 0 && protocol != AF_UNIX) yield failed(t, -EPROTONOSUPPORT);
                yield unixSocket(t, type);
            }
            case AF_INET, AF_INET6 -> inet(t, family, type, protocol);
            case AF_NETLINK -> {
                if (type != SOCK_RAW && type != SOCK_DGRAM) yield failed(t, -ESOCKTNOSUPPORT);
                if (protocol < 0 || protocol >= 32) yield failed(t, -EPROTONOSUPPORT);
                yield NetlinkSocket.isKnown(protocol) ? new NetlinkSocket(t, type, protocol) : failed(t, -EPROTONOSUPPORT);
            }
            case AF_PACKET -> failed(t, -EPERM);
            default -> failed(t, -EAFNOSUPPORT);
        };
    }

    private static Socket failed(Task t, int error) {
        t.error = error;
        return null;
    }

    public UnixSocket unixSocket(Task t, int type) {
        switch (type) {
            case SOCK_STREAM, SOCK_SEQPACKET -> { return new UnixStream(t, type); }
            // To Linux a raw one is a datagram socket too.
            case SOCK_DGRAM, SOCK_RAW -> { return new UnixDatagram(t); }
            default -> {
                t.error = -ESOCKTNOSUPPORT;
                return null;
            }
        }
    }

    private Socket inet(Task t, int family, int type, int protocol) {
        if (protocol < 0 || protocol >= IPPROTO_MAX) return failed(t, -EINVAL);
        int wanted;
        switch (type) {
            case SOCK_STREAM -> wanted = IPPROTO_TCP;
            case SOCK_DGRAM -> {
                boolean isPing = protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
                wanted = isPing && isHost ? protocol : IPPROTO_UDP;
            }
            case SOCK_RAW -> {
                if (protocol == 0) return failed(t, -EPROTONOSUPPORT);
                // Raw packets would bypass what the host's stack checks.
                return failed(t, -EPERM);
            }
            default -> { return failed(t, -ESOCKTNOSUPPORT); }
        }
        if (protocol != 0 && protocol != wanted) return failed(t, -EPROTONOSUPPORT);
        if (isHost) return HostSocket.create(t, family, type, wanted);
        return type == SOCK_STREAM ? new LoopbackStream(t, family) : new LoopbackDatagram(t, family);
    }

    public Routes routes() {
        if (routes == null) routes = isHost ? new HostRoutes() : new LoopbackRoutes();
        return routes;
    }

    /** Gives a file under way up; not at once when that happens inside another's release (chains may be long). */
    public void putLater(Task t, OpenFile f) {
        toPut.add(f);
        if (isPutting) return;
        isPutting = true;
        for (OpenFile next; (next = toPut.poll()) != null;) next.put(t);
        isPutting = false;
    }

    /** Whether the task may use that port (ip(7)). */
    public static boolean mayBind(Task t, int port) {
        return port == 0 || port >= t.kernel.options.unprivilegedPorts || t.cred.capable(Credentials.CAP_NET_BIND_SERVICE);
    }

    @Override
    public String procNet(Task t, String name) {
        return name.equals("unix") ? unix.text() : isHost ? HostSocket.procNet(t, this, name) : loopback.procNet(name);
    }

    /** What TCP and UDP say to an option they do not have; IPv4 has its own word for foreign levels. */
    public static long noSuchOption(int family, int type, int level, boolean isSetting) {
        int own = type == SOCK_STREAM ? SOL_TCP : SOL_UDP;
        boolean isForeign = level != SOL_SOCKET && level != SOL_IP && level != own;
        return isForeign && !isSetting && family == AF_INET ? -EOPNOTSUPP : -ENOPROTOOPT;
    }
}

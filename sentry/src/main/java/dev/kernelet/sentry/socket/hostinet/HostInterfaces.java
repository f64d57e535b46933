package dev.kernelet.sentry.socket.hostinet;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Interfaces;

/** The host's interfaces, read only: requests that get something are passed on to a socket of the Sentry's own. */
public final class HostInterfaces extends Interfaces {
    private static final int SIOCGIFNAME = 0x8910, SIOCGIFCONF = 0x8912, SIOCGIFFLAGS = 0x8913, SIOCGIFADDR = 0x8915,
            SIOCGIFDSTADDR = 0x8917, SIOCGIFBRDADDR = 0x8919, SIOCGIFNETMASK = 0x891b, SIOCGIFMETRIC = 0x891d,
            SIOCGIFMTU = 0x8921, SIOCGIFHWADDR = 0x8927, SIOCGIFINDEX = 0x8933, SIOCGIFTXQLEN = 0x8942,
            SIOCETHTOOL = 0x8946, SIOCGIFMAP = 0x8970;
    private static final int IFREQ = 40, CONF_MAX = 64 << 10;
    private int fd = -1;

    @Override
    public long ioctl(Task t, int request, long argument) {
        switch (request) {
            case SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMETRIC,
                SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFTXQLEN, SIOCGIFMAP -> {
                long p = t.mem.in(argument, IFREQ);
                if (p < 0) return p;
                long r = call(request, p);
                return r < 0 ? r : t.mem.out(argument, p, IFREQ);
            }
            case SIOCETHTOOL -> {
                // As of an interface without a driver that could be asked; programs take that for "unknown".
                long p = t.mem.in(argument, IFREQ);
                if (p < 0) return p;
                return call(SIOCGIFINDEX, p) < 0 ? -ENODEV : -EOPNOTSUPP;
            }
            case SIOCGIFCONF -> { return configuration(t, argument); }
            default -> {
                // What would change interfaces (netdevice(7)).
                boolean sets = request >= 0x8914 && request <= 0x8937 || request >= 0x8940 && request <= 0x8943;
                return sets ? -EPERM : -ENOTTY;
            }
        }
    }

    private long configuration(Task t, long argument) {
        long p = t.mem.in(argument, 16);
        if (p < 0) return p;
        int length = Memory.getInt(p);
        long buffer = Memory.getLong(p + 8);
        if (length < 0) return -EINVAL;
        int room = Math.min(length, CONF_MAX);
        if (buffer != 0) Memory.putLong(p + 8, t.mem.scratch(room));
        Memory.putInt(p, room);
        long mine = Memory.getLong(p + 8);
        long r = call(SIOCGIFCONF, p);
        if (r < 0) return r;
        int n = Memory.getInt(p);
        if (buffer != 0) {
            r = t.mem.out(buffer, mine, Math.min(n, room));
            if (r < 0) return r;
        }
        return t.mem.outInt(argument, n);
    }

    private long call(int request, long p) {
        if (fd < 0) {
            long r = HostCall.call(SOCKET, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            if (r < 0) return r;
            fd = (int) r;
        }
        return HostCall.call(IOCTL, fd, request, p);
    }
}

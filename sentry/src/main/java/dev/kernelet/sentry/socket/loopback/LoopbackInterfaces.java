package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.socket.Interfaces;

/** lo and nothing else (netdevice(7)). */
public final class LoopbackInterfaces extends Interfaces {
    private static final int SIOCETHTOOL = 0x8946, IFREQ = 40, NAME = 16;
    /** IFF_UP, IFF_LOOPBACK, IFF_RUNNING. */
    private static final int FLAGS = 0x49;
    private static final int MTU = 65536, ARPHRD_LOOPBACK = 772;

    @Override
    public long ioctl(Task t, int request, long argument) {
        if (request == 0x8912) return configuration(t, argument);
        if (request > 0x8970 || request >= 0x8944 && request < 0x8970 && request != SIOCETHTOOL) return -ENOTTY;
        long p = t.mem.in(argument, IFREQ);
        if (p < 0) return p;
        if (request == 0x8910) {
            if (Memory.getInt(p + NAME) != 1) return -ENODEV;
            Memory.zero(p, NAME);
            Memory.putBytes(p, "lo");
            return t.mem.out(argument, p, IFREQ);
        }
        boolean isLo = Memory.getByte(p) == 'l' && Memory.getByte(p + 1) == 'o' && Memory.getByte(p + 2) == 0;
        long v = p + NAME;
        switch (request) {
            case 0x8913 -> { if (isLo) Memory.putShort(v, (short) FLAGS); }
            case 0x8915, 0x8917, 0x8919, 0x891b -> {
                if (!isLo) return -ENODEV;
                Memory.putInt(v, AF_INET);
                // Address, peer and netmask; there is no broadcast address.
                Memory.putInt(v + 4, request == 0x891b ? 0xff : request == 0x8919 ? 0 : 0x0100007f);
                Memory.putLong(v + 8, 0);
            }
            case 0x891d -> Memory.putInt(v, 0);
            case 0x8921 -> Memory.putInt(v, MTU);
            case 0x8927 -> {
                Memory.putLong(v, ARPHRD_LOOPBACK);
                Memory.putLong(v + 8, 0);
            }
            case 0x8933 -> Memory.putInt(v, 1);
            case SIOCETHTOOL -> { return isLo ? -EOPNOTSUPP : -ENODEV; }
            case 0x8942 -> Memory.putInt(v, 1000);
            case 0x8970 -> Memory.zero(v, 24);
            default -> { return request >= 0x8914 && request <= 0x8943 ? -EPERM : -ENOTTY; }
        }
        return isLo ? t.mem.out(argument, p, IFREQ) : -ENODEV;
    }

    private static long configuration(Task t, long argument) {
        long p = t.mem.in(argument, 16);
        if (p < 0) return p;
        int room = Memory.getInt(p);
        long buffer = Memory.getLong(p + 8);
        if (room < 0) return -EINVAL;
        if (buffer != 0) {
            if (room < IFREQ) return t.mem.outInt(argument, 0);
            long q = t.mem.scratch(IFREQ);
            Memory.putBytes(q, "lo");
            Memory.putInt(q + NAME, AF_INET);
            Memory.putInt(q + NAME + 4, 0x0100007f);
            long r = t.mem.out(buffer, q, IFREQ);
            if (r < 0) return r;
        }
        return t.mem.outInt(argument, IFREQ);
    }
}

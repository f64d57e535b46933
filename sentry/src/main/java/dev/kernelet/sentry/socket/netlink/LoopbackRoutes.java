package dev.kernelet.sentry.socket.netlink;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/** A sandbox without network: the link lo with its two addresses. */
public final class LoopbackRoutes extends Routes {
    private static final int RTA_DST = 1, RTA_OIF = 4, RTA_PREFSRC = 7, RTA_TABLE = 15;
    private static final int RTM_F_CLONED = 0x200, RTCF_LOCAL = 0x80000000;
    private static final int IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_FLAGS = 8, IFA_F_PERMANENT = 0x80;
    private static final int IFLA_ADDRESS = 1, IFLA_BROADCAST = 2, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_QDISC = 6,
            IFLA_TXQLEN = 13, IFLA_OPERSTATE = 16, IFLA_LINKMODE = 17;
    private static final int ARPHRD_LOOPBACK = 772, FLAGS = 0x10049, MTU = 65536;

    private final byte[] b = new byte[1024];
    private int used;

    @Override
    long get(Task t, NetlinkSocket s, int kind, boolean isDump, long p, int length) {
        int family = length > NetlinkSocket.HEADER ? Memory.getUnsignedByte(p + NetlinkSocket.HEADER) : 0;
        int sequence = Memory.getInt(p + 8), flags = isDump ? NLM_F_MULTI : 0;
        used = 0;
        switch (kind) {
            case RTM_GETLINK -> {
                if (!isDump && !isLo(p, length)) return -ENODEV;
                link(s, sequence, flags);
            }
            case RTM_GETADDR -> {
                if (!isDump) return -EOPNOTSUPP;
                if (family != AF_INET6) address(s, sequence, AF_INET);
                if (family != AF_INET) address(s, sequence, AF_INET6);
            }
            default -> {
                if (!isDump && kind != RTM_GETROUTE) return -ENOENT;
                if (!isDump && !route(s, sequence, family, p, length)) return -ENETUNREACH;
            }
        }
        if (used > 0) send(s);
        if (!isDump) return 0;
        int start = begin(NLMSG_DONE, NLM_F_MULTI, sequence, s.port());
        int32(0);
        end(start);
        send(s);
        return ANSWERED;
    }

    /** Whether a request for one link means lo: by index, or by name. */
    private static boolean isLo(long p, int length) {
        if (length < NetlinkSocket.HEADER + 16) return false;
        int index = Memory.getInt(p + NetlinkSocket.HEADER + 4);
        if (index != 0) return index == 1;
        for (int at = NetlinkSocket.HEADER + 16; length - at >= 4;) {
            int n = Memory.getUnsignedShort(p + at);
            if (n < 4 || n > length - at) return false;
            if (Memory.getUnsignedShort(p + at + 2) == IFLA_IFNAME) {
                return n >= 6 && Memory.getByte(p + at + 4) == 'l' && Memory.getByte(p + at + 5) == 'o'
                        && (n == 6 || Memory.getByte(p + at + 6) == 0);
            }
            at += n + 3 & ~3;
        }
        return false;
    }

    /** The way to one of this machine's own addresses: false when the one that is asked for is none. */
    private boolean route(NetlinkSocket s, int sequence, int family, long p, int length) {
        int size = family == AF_INET6 ? 16 : 4;
        long to = 0;
        for (int at = NetlinkSocket.HEADER + 12; length - at >= 4;) {
            int n = Memory.getUnsignedShort(p + at);
            if (n < 4 || n > length - at) return false;
            if (Memory.getUnsignedShort(p + at + 2) == RTA_DST && n == 4 + size) to = p + at + 4;
            at += n + 3 & ~3;
        }
        if (to == 0) return false;
        boolean isV4 = size == 4;
        boolean isOwn = isV4 ? Memory.getUnsignedByte(to) == 127
                : Memory.getLong(to) == 0 && Memory.getLong(to + 8) == 1L << 56;
        if (!isOwn) return false;
        var address = new byte[size];
        Memory.copyToArray(to, address, 0, size);
        int start = begin(RTM_NEWROUTE, 0, sequence, s.port());
        // Family, lengths of prefixes, TOS; table, by the kernel, RT_SCOPE_UNIVERSE, RTN_LOCAL.
        int32(family | size * 8 << 8);
        int32(255 | (isV4 ? 0 : 2) << 8 | 2 << 24);
        int32(isV4 ? RTM_F_CLONED | RTCF_LOCAL : 0);
        attribute(RTA_DST, address);
        attribute(RTA_OIF, new byte[] {1, 0, 0, 0});
        attribute(RTA_TABLE, new byte[] {(byte) 255, 0, 0, 0});
        attribute(RTA_PREFSRC, isV4 ? new byte[] {127, 0, 0, 1} : address);
        end(start);
        return true;
    }

    private void send(NetlinkSocket s) {
        s.deliver(java.util.Arrays.copyOf(b, used));
        used = 0;
    }

    private void link(NetlinkSocket s, int sequence, int flags) {
        int start = begin(RTM_NEWLINK, flags, sequence, s.port());
        int32(ARPHRD_LOOPBACK << 16);
        int32(1);
        int32(FLAGS);
        int32(0);
        attribute(IFLA_IFNAME, new byte[] {'l', 'o', 0});
        attribute(IFLA_TXQLEN, new byte[] {(byte) 0xe8, 3, 0, 0});
        attribute(IFLA_OPERSTATE, new byte[] {0});
        attribute(IFLA_LINKMODE, new byte[] {0});
        attribute(IFLA_MTU, new byte[] {0, 0, (byte) (MTU >> 16), 0});
        attribute(IFLA_ADDRESS, new byte[6]);
        attribute(IFLA_BROADCAST, new byte[6]);
        attribute(IFLA_QDISC, new byte[] {'n', 'o', 'q', 'u', 'e', 'u', 'e', 0});
        end(start);
    }

    private void address(NetlinkSocket s, int sequence, int family) {
        boolean isV4 = family == AF_INET;
        int start = begin(RTM_NEWADDR, NLM_F_MULTI, sequence, s.port());
        // Family, prefix length, IFA_F_PERMANENT, RT_SCOPE_HOST.
        b[used++] = (byte) family;
        b[used++] = (byte) (isV4 ? 8 : 128);
        b[used++] = (byte) IFA_F_PERMANENT;
        b[used++] = (byte) 254;
        int32(1);
        var ip = isV4 ? new byte[] {127, 0, 0, 1} : new byte[16];
        if (!isV4) ip[15] = 1;
        attribute(IFA_ADDRESS, ip);
        if (isV4) {
            attribute(IFA_LOCAL, ip);
            attribute(IFA_LABEL, new byte[] {'l', 'o', 0});
        }
        attribute(IFA_FLAGS, new byte[] {(byte) IFA_F_PERMANENT, 0, 0, 0});
        end(start);
    }

    private int begin(int kind, int flags, int sequence, int port) {
        int start = used;
        int32(0);
        int32(flags << 16 | kind);
        int32(sequence);
        int32(port);
        return start;
    }

    private void end(int start) { NetlinkSocket.put(b, start, used - start); }

    private void int32(int v) {
        NetlinkSocket.put(b, used, v);
        used += 4;
    }

    private void attribute(int kind, byte[] value) {
        int32(kind << 16 | 4 + value.length);
        System.arraycopy(value, 0, b, used, value.length);
        used += value.length;
        while ((used & 3) != 0) b[used++] = 0;
    }
}

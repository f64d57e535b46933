package dev.kernelet.sentry.socket.hostinet;

import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/** /proc/net/tcp and the like (proc_pid_net(5)): the sandbox's own sockets, not the host's. */
final class HostTable {
    private HostTable() {}

    private static final int TCP_INFO = 11;

    static String text(Task t, Iterable<HostSocket> all, String name) {
        boolean isTcp = name.startsWith("tcp"), isV6 = name.endsWith("6");
        if (!isTcp && !name.startsWith("udp")) return null;
        var b = new StringBuilder(isV6 ? "  sl  local_address                         remote_address                        "
                : isTcp ? "  sl  local_address rem_address   " : "   sl  local_address rem_address   ");
        b.append("st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
        b.append(isV6 && isTcp ? "\n" : isTcp ? "                                                     \n"
                : isV6 ? " ref pointer drops\n" : " ref pointer drops             \n");
        long p = t.mem.scratch(NAME_MAX);
        int line = 0, family = isV6 ? AF_INET6 : AF_INET, protocol = isTcp ? IPPROTO_TCP : IPPROTO_UDP;
        for (HostSocket s : all) {
            if (s.family != family || s.protocol != protocol) continue;
            if (s.localName(t, p) < 0 || Memory.getShort(p + 2) == 0) continue;
            pad(b, line++, isTcp ? 4 : 5);
            b.append(": ");
            name(b, p, isV6);
            b.append(' ');
            Memory.zero(p, NAME_MAX);
            boolean isConnected = s.peerName(t, p) > 0;
            name(b, p, isV6);
            int state = isConnected ? 1 : 7;
            if (isTcp && s.getOption(t, SOL_TCP, TCP_INFO, p, NAME_MAX) > 0) state = Memory.getByte(p);
            b.append(' ');
            hex(b, state, 2);
            b.append(" 00000000:00000000 00:00000000 00000000 ");
            pad(b, s.inode.uid, 5);
            b.append("        0 ").append(s.inode.ino)
                    .append(isTcp ? " 1 0000000000000000 100 0 0 10 0" : " 2 0000000000000000 0").append('\n');
        }
        return b.toString();
    }

    private static void name(StringBuilder b, long p, boolean isV6) {
        int words = isV6 ? 4 : 1;
        for (int i = 0; i < words; i++) hex(b, Memory.getInt(p + (isV6 ? 8 : 4) + 4L * i), 8);
        b.append(':');
        hex(b, Memory.getUnsignedByte(p + 2) << 8 | Memory.getUnsignedByte(p + 3), 4);
    }

    private static void hex(StringBuilder b, int v, int digits) {
        for (int i = digits - 1; i >= 0; i--) b.append("0123456789ABCDEF".charAt(v >>> 4 * i & 15));
    }

    private static void pad(StringBuilder b, int v, int width) {
        String s = Integer.toString(v);
        for (int i = s.length(); i < width; i++) b.append(' ');
        b.append(s);
    }
}

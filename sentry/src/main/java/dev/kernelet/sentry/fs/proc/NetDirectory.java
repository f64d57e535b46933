package dev.kernelet.sentry.fs.proc;

import dev.kernelet.host.HostProc;
import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;

/** /proc/net: the socket families fill their tables in through {@code Root.sockets} when that is a {@link Source}. */
public final class NetDirectory extends PseudoDirectory {
    /** Who knows the sockets. */
    public interface Source {
        /** The content of /proc/net/{@code name}, or null for the bare header. */
        String procNet(Task t, String name);
    }

    private final ProcFs procfs;

    NetDirectory(ProcFs fs) {
        super(fs, 0555);
        procfs = fs;
    }

    @Override
    protected String[] names() {
        return new String[] {"arp", "dev", "if_inet6", "netlink", "netstat", "packet", "protocols", "raw", "raw6", "route",
            "ipv6_route", "snmp", "snmp6", "sockstat", "sockstat6", "tcp", "tcp6", "udp", "udp6", "unix"};
    }

    @Override
    protected Inode make(int index, String name) {
        return new PseudoFile(fs, 0444) {
            @Override
            protected String text(Task t) {
                String s = procfs.kernel.root.sockets instanceof Source source ? source.procNet(t, name) : null;
                if (s == null && isHosts(name)) s = HostProc.read("self/net/" + name);
                return s != null && !s.isEmpty() ? s : header(name);
            }
        };
    }

    /** Interfaces, routes and counters that the program shares with the host; sockets are never the host's. */
    private boolean isHosts(String name) {
        if (!procfs.kernel.options.network.equals("host")) return false;
        return switch (name) {
            case "arp", "dev", "if_inet6", "ipv6_route", "netstat", "route", "snmp", "snmp6" -> true;
            default -> false;
        };
    }

    private static String header(String name) {
        return switch (name) {
            case "dev" -> "Inter-|   Receive                                                |  Transmit\n"
                    + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
                    + "colls carrier compressed\n    lo:       0       0    0    0    0     0          0         0        0 "
                    + "      0    0    0    0     0       0          0\n";
            case "route" -> "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
                    + "                                                       \n";
            case "tcp" -> "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
                    + "                                                     \n";
            case "tcp6", "udp6", "raw6" -> "  sl  local_address                         remote_address                        "
                    + "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
            case "udp", "raw" -> "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
                    + "inode ref pointer drops             \n";
            case "unix" -> "Num       RefCount Protocol Flags    Type St Inode Path\n";
            case "arp" -> "IP address       HW type     Flags       HW address            Mask     Device\n";
            case "netlink" -> "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n";
            case "packet" -> "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n";
            case "if_inet6" -> "00000000000000000000000000000001 01 80 10 80       lo\n";
            case "sockstat" -> "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\n";
            default -> "";
        };
    }
}

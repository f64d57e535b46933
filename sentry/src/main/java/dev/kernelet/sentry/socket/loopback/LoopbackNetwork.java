package dev.kernelet.sentry.socket.loopback;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;

/** Ports in use, and the text of /proc/net. Kernel lock. */
public final class LoopbackNetwork {
    private static final long TIME_WAIT = 60_000_000_000L;
    private static final int LINGERING_MAX = 4096;
    private static final int FIRST_EPHEMERAL = 32768, LAST_EPHEMERAL = 60999;

    private final HashMap<Integer, ArrayList<LoopbackSocket>> tcp = new HashMap<>(), udp = new HashMap<>();
    final ArrayList<LoopbackSocket> all = new ArrayList<>();
    private int next = FIRST_EPHEMERAL;
    /** Ports in TIME_WAIT, oldest first, and until when. */
    private final ArrayDeque<long[]> lingering = new ArrayDeque<>();

    private HashMap<Integer, ArrayList<LoopbackSocket>> ports(boolean isTcp) { return isTcp ? tcp : udp; }

    /** Whether {@code s} may have that address and port. */
    boolean isFree(LoopbackSocket s, long ip, int port) {
        if (s.isStream() && !s.mayReuseAddress() && isLingering(port, s.kernel.now())) return false;
        ArrayList<LoopbackSocket> list = ports(s.isStream()).get(port);
        if (list == null) return true;
        for (LoopbackSocket o : list) if (o != s && o.conflictsWith(s, ip)) return false;
        return true;
    }

    /** The end that closes first: its port is not free for a minute but for those who say so (tcp(7), SO_REUSEADDR). */
    void linger(LoopbackSocket s) {
        if (lingering.size() >= LINGERING_MAX) lingering.poll();
        lingering.add(new long[] {s.port, s.kernel.now() + TIME_WAIT});
    }

    private boolean isLingering(int port, long now) {
        while (!lingering.isEmpty() && lingering.peek()[1] <= now) lingering.poll();
        for (long[] l : lingering) if (l[0] == port) return true;
        return false;
    }

    /** A port nobody has, or 0. */
    int ephemeral(LoopbackSocket s) {
        for (int i = FIRST_EPHEMERAL; i <= LAST_EPHEMERAL; i++) {
            int port = next++;
            if (next > LAST_EPHEMERAL) next = FIRST_EPHEMERAL;
            if (!ports(s.isStream()).containsKey(port)) return port;
        }
        return 0;
    }

    void add(LoopbackSocket s) {
        ports(s.isStream()).computeIfAbsent(s.port, k -> new ArrayList<>(2)).add(s);
    }

    void remove(LoopbackSocket s) {
        ArrayList<LoopbackSocket> list = ports(s.isStream()).get(s.port);
        if (list == null) return;
        list.remove(s);
        if (list.isEmpty()) ports(s.isStream()).remove(s.port);
    }

    /** Who receives what goes to that address: the most exact one; among equals they take turns (SO_REUSEPORT). */
    LoopbackSocket find(boolean isTcp, long ip, int port, long fromIp, int fromPort) {
        ArrayList<LoopbackSocket> list = ports(isTcp).get(port);
        if (list == null) return null;
        LoopbackSocket best = null;
        int bestRank = -1;
        for (int i = 0; i < list.size(); i++) {
            LoopbackSocket s = list.get(i);
            int rank = s.matches(ip, fromIp, fromPort);
            if (rank < 0 || rank < bestRank) continue;
            if (rank == bestRank && Integer.compareUnsigned(s.turn, best.turn) >= 0) continue;
            best = s;
            bestRank = rank;
        }
        if (best != null) best.turn++;
        return best;
    }

    /** /proc/net/tcp and the like (proc_pid_net(5)); null for tables there are none of. */
    public String procNet(String name) {
        boolean isTcp = name.startsWith("tcp"), isV6 = name.endsWith("6");
        if (!isTcp && !name.startsWith("udp")) return null;
        String addresses = isV6 ? "  sl  local_address                         remote_address                        "
                : isTcp ? "  sl  local_address rem_address   " : "   sl  local_address rem_address   ";
        var b = new StringBuilder(addresses).append("st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
        b.append(isV6 && isTcp ? "\n" : isTcp ? "                                                     \n"
                : " ref pointer drops" + (isV6 ? "\n" : "             \n"));
        int line = 0;
        for (LoopbackSocket s : all) {
            if (s.isStream() != isTcp || s.isV6() != isV6 || s.port == 0) continue;
            b.append("    ", 0, Math.max(0, (isTcp ? 4 : 5) - Integer.toString(line).length())).append(line).append(": ");
            s.putHex(b, s.ip, s.port);
            b.append(' ');
            s.putHex(b, s.peerIp, s.peerPort);
            b.append(' ').append(s.procState()).append(" 00000000:00000000 00:00000000 00000000 ");
            String uid = Integer.toString(s.inode.uid);
            b.append("     ", 0, Math.max(0, 5 - uid.length())).append(uid).append("        0 ").append(s.inode.ino)
                    .append(isTcp ? " 1 0000000000000000 100 0 0 10 0" : " 2 0000000000000000 0").append('\n');
            line++;
        }
        return b.toString();
    }
}

package dev.kernelet.sentry.socket.loopback;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;

/**
 * Options of ip(7), ipv6(7), tcp(7) and udp(7) where packets stay in the sandbox: what they are at first, and
 * what they may be set to. Those whose only effect is on packets of a network are remembered; those that
 * would change what the other end sees and have nobody who does it are unknown.
 */
final class LoopbackOptions {
    private LoopbackOptions() {}

    static final int IP_FREEBIND = 15, IPV6_FREEBIND = 78, TCP_CONGESTION = 13;
    static final int IP_RECVERR = 11, IPV6_RECVERR = 25;
    private static final int IP_MTU = 14, IPV6_MTU = 24, IP_TTL = 2;
    private static final int TCP_MAXSEG = 2, TCP_INFO = 11, TCP_ULP = 31;
    /** Of lo, and of TCP's segments there. */
    private static final int MTU = 65536, SEGMENT = 32768, SEGMENT_UNCONNECTED = 536;
    private static final long UNKNOWN = -ENOPROTOOPT;
    private static final String[] CONGESTION = {"cubic", "reno"};

    // ---- reading
    /** An option that nobody has set. */
    static long get(LoopbackSocket s, int level, int option, long value, int room) {
        if (level == SOL_TCP && option == TCP_INFO) return info(s, value, room);
        if (level == SOL_TCP && option == TCP_CONGESTION) return congestion(0, value, room);
        if (level == SOL_TCP && option == TCP_ULP) return 0;
        if (level == SOL_IP && option == IP_MTU || level == SOL_IPV6 && option == IPV6_MTU) {
            return s.peerPort == 0 ? -ENOTCONN : put(level, value, room, level == SOL_IP ? MTU - 1 : MTU);
        }
        long v = switch (level) {
            case SOL_IP -> initialOfIp(option);
            case SOL_IPV6 -> initialOfIpv6(option);
            case SOL_TCP -> initialOfTcp(s, option);
            default -> udp(option) ? 0 : UNKNOWN;
        };
        return v < 0 ? v : put(level, value, room, (int) v);
    }

    /** An int; of IP's a byte where there is no room for more (ip_getsockopt). */
    static long put(int level, long value, int room, int v) {
        Memory.putInt(value, v);
        return level == SOL_IP && room < 4 && room > 0 && v >= 0 && v <= 255 ? 1 : Math.min(room, 4);
    }

    private static long initialOfIp(int option) {
        return switch (option) {
            case IP_TTL -> 64;
            // MTU_DISCOVER (IP_PMTUDISC_WANT), MULTICAST_TTL, MULTICAST_LOOP, MULTICAST_ALL
            case 10, 33, 34, 49 -> 1;
            // TOS, PKTINFO, RECVERR, RECVTTL, RECVTOS, FREEBIND, MINTTL, BIND_ADDRESS_NO_PORT, MULTICAST_IF
            case 1, 8, IP_RECVERR, 12, 13, IP_FREEBIND, 21, 24, 32 -> 0;
            default -> UNKNOWN;
        };
    }

    private static long initialOfIpv6(int option) {
        return switch (option) {
            case 16 -> 64; // UNICAST_HOPS
            // MULTICAST_HOPS, MULTICAST_LOOP, MTU_DISCOVER, AUTOFLOWLABEL
            case 18, 19, 23, 70 -> 1;
            // MULTICAST_IF, RECVERR, RECVPKTINFO, RECVHOPLIMIT, DONTFRAG, RECVTCLASS, TCLASS, FREEBIND
            case 17, IPV6_RECVERR, 49, 51, 62, 66, 67, IPV6_FREEBIND -> 0;
            default -> UNKNOWN;
        };
    }

    private static long initialOfTcp(LoopbackSocket s, int option) {
        return switch (option) {
            case TCP_MAXSEG -> s.peerPort == 0 ? SEGMENT_UNCONNECTED : SEGMENT;
            case 4 -> 7200; // KEEPIDLE
            case 5 -> 75; // KEEPINTVL
            case 6 -> 9; // KEEPCNT
            case 7 -> 6; // SYNCNT
            case 8 -> 60; // LINGER2
            case 12 -> 1; // QUICKACK
            // NODELAY, CORK, DEFER_ACCEPT, WINDOW_CLAMP, THIN_LINEAR_TIMEOUTS, USER_TIMEOUT, FASTOPEN,
            // NOTSENT_LOWAT
            case 1, 3, 9, 10, 16, 18, 23, 25 -> 0;
            default -> UNKNOWN;
        };
    }

    /** TCP_INFO: of a connection without loss, whose window is open. */
    private static long info(LoopbackSocket s, long value, int room) {
        int n = Math.min(room, 104);
        Memory.zero(value, 104);
        boolean isConnected = s.peerPort != 0;
        Memory.putByte(value, (byte) Integer.parseInt(s.procState(), 16));
        // Options agreed upon: timestamps, SACK, window scaling, by 7 both ways.
        if (isConnected) Memory.putShort(value + 5, (short) 0x7707);
        Memory.putInt(value + 8, 200_000); // rto
        Memory.putInt(value + 16, isConnected ? SEGMENT : SEGMENT_UNCONNECTED);
        Memory.putInt(value + 20, SEGMENT_UNCONNECTED); // rcv_mss
        if (isConnected) Memory.putInt(value + 60, MTU - 1);
        if (isConnected) Memory.putInt(value + 64, 65483); // rcv_ssthresh
        Memory.putInt(value + 76, Integer.MAX_VALUE); // snd_ssthresh
        Memory.putInt(value + 80, 10); // snd_cwnd
        Memory.putInt(value + 84, isConnected ? 65483 : SEGMENT_UNCONNECTED); // advmss
        Memory.putInt(value + 88, 3); // reordering
        return n;
    }

    static long congestion(int which, long value, int room) {
        Memory.zero(value, 16);
        Memory.putBytes(value, CONGESTION[which]);
        return Math.min(room, 16);
    }

    // ---- setting
    /** What is kept of the value, as an unsigned int, or -errno. */
    static long check(LoopbackSocket s, int level, int option, long value, int length) {
        if (level == SOL_TCP && option == TCP_CONGESTION) return congestionNamed(value, length);
        if (level == SOL_TCP && option == TCP_ULP) return length < 1 ? -EINVAL : -ENOENT;
        int v = 0;
        if (length >= 4) v = Memory.getInt(value);
        else if (level == SOL_IP && length > 0) v = Memory.getUnsignedByte(value);
        boolean isShort = length < (level == SOL_IP ? 1 : 4);
        return switch (level) {
            case SOL_IP -> ip(s, option, v, isShort);
            case SOL_IPV6 -> ipv6(s, option, v, isShort);
            case SOL_TCP -> isShort ? -EINVAL : tcp(option, v);
            default -> isShort ? -EINVAL : udp(option) ? bool(v) : UNKNOWN;
        };
    }

    private static long bool(int v) { return v != 0 ? 1 : 0; }

    private static long within(int v, int least, int most) { return v < least || v > most ? -EINVAL : v; }

    private static long ip(LoopbackSocket s, int option, int v, boolean isEmpty) {
        boolean isStream = s.type == SOCK_STREAM;
        return switch (option) {
            // The bits of ECN are TCP's own.
            case 1 -> isStream ? v & 0xfc : v & 0xff;
            case IP_TTL -> v == -1 ? 64 : within(v, 1, 255);
            case 8, IP_RECVERR, 12, 13, 24 -> bool(v);
            case 10 -> within(v, 0, 5);
            case IP_FREEBIND, 34 -> isEmpty ? -EINVAL : bool(v);
            case 21 -> isEmpty ? -EINVAL : within(v, 0, 255);
            case 33 -> isStream || isEmpty ? -EINVAL : v == -1 ? 1 : within(v, 0, 255);
            case 49 -> isEmpty ? -EINVAL : within(v, 0, 1);
            case 32 -> isStream || isEmpty ? -EINVAL : v == 0 ? 0 : -EADDRNOTAVAIL;
            // ADD_MEMBERSHIP and what is like it: lo takes none.
            case 35, 39, 42, 46 -> -ENODEV;
            default -> UNKNOWN;
        };
    }

    private static long ipv6(LoopbackSocket s, int option, int v, boolean isShort) {
        if (isShort && option != 70 && option != 62) return isIpv6(option) ? -EINVAL : UNKNOWN;
        boolean isStream = s.type == SOCK_STREAM;
        return switch (option) {
            case 16 -> v == -1 ? 64 : within(v, 0, 255);
            case 18 -> isStream ? UNKNOWN : v == -1 ? 1 : within(v, 0, 255);
            case 17 -> isStream ? UNKNOWN : v == 0 || v == 1 ? v : -ENODEV;
            case 19 -> within(v, 0, 1);
            case 23 -> within(v, 0, 5);
            case IPV6_RECVERR, LoopbackSocket.IPV6_V6ONLY, 49, 51, 62, 66, 70, IPV6_FREEBIND -> bool(v);
            case 67 -> v == -1 ? 0 : v < 0 || v > 255 ? -EINVAL : isStream ? v & 0xfc : v;
            case 20, 42, 46 -> -ENODEV;
            default -> UNKNOWN;
        };
    }

    private static boolean isIpv6(int option) {
        return option == LoopbackSocket.IPV6_V6ONLY || initialOfIpv6(option) >= 0;
    }

    /** CORK, NO_CHECK6_TX, NO_CHECK6_RX, GRO: all switches. */
    private static boolean udp(int option) {
        return option == 1 || option == 101 || option == 102 || option == 104;
    }

    private static long tcp(int option, int v) {
        return switch (option) {
            case 1, 3, 12 -> bool(v);
            case TCP_MAXSEG -> v == 0 ? SEGMENT_UNCONNECTED : within(v, 88, 32767);
            case 4, 5 -> within(v, 1, 32767);
            case 6, 7 -> within(v, 1, 127);
            case 8 -> v < 0 || v > 120 ? 0xffffffffL : v == 0 ? 60 : v;
            case 9 -> Math.max(v, 0);
            case 10 -> v == 0 ? 0 : Math.max(v, 1152);
            case 16 -> within(v, 0, 1);
            case 18, 23 -> v < 0 ? -EINVAL : v;
            case 25 -> v & 0xffffffffL;
            default -> UNKNOWN;
        };
    }

    private static long congestionNamed(long value, int length) {
        if (length < 1) return -EINVAL;
        int n = 0;
        while (n < length && n < 15 && Memory.getByte(value + n) != 0) n++;
        for (int i = 0; i < CONGESTION.length; i++) {
            boolean isThis = CONGESTION[i].length() == n;
            for (int k = 0; isThis && k < n; k++) {
                isThis = CONGESTION[i].charAt(k) == Memory.getByte(value + k);
            }
            if (isThis) return i;
        }
        return -ENOENT;
    }
}

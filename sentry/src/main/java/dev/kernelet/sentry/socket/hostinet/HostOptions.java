package dev.kernelet.sentry.socket.hostinet;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;

/** Which socket options and control messages the host gets to see. */
final class HostOptions {
    private HostOptions() {}

    static final int NO = 0, YES = 1, NEEDS_ADMIN = 2;

    /** Whether an option may be set; NEEDS_ADMIN: by those with CAP_NET_ADMIN in the sandbox. */
    static int maySet(int level, int option) {
        return switch (level) {
            case SOL_SOCKET -> switch (option) {
                case SO_REUSEADDR, SO_BROADCAST, SO_DONTROUTE, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK,
                    SO_LINGER, SO_REUSEPORT, SO_RCVLOWAT, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING, SO_RXQ_OVFL,
                    SO_PEEK_OFF, SO_SELECT_ERR_QUEUE, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_NEW,
                    SO_INCOMING_CPU, SO_BINDTODEVICE, SO_PRIORITY, SO_BUSY_POLL, SO_MAX_PACING_RATE -> YES;
                default -> NO;
            };
            // TOS TTL RECVOPTS PKTINFO MTU_DISCOVER RECVERR RECVTTL RECVTOS BIND_ADDRESS_NO_PORT RECVORIGDSTADDR
            // MULTICAST_IF, TTL, LOOP, ADD/DROP_MEMBERSHIP, SOURCE_..., MCAST_..., MULTICAST_ALL, UNICAST_IF,
            // FREEBIND, MINTTL
            case SOL_IP -> switch (option) {
                case 1, 2, 6, 8, 10, 11, 12, 13, 15, 20, 21, 24, 32, 33, 34, 35, 36, 37, 38, 39, 40, 42, 43,
                    44, 45, 46, 47, 49, 50, 51 -> YES;
                default -> NO;
            };
            // UNICAST_HOPS MULTICAST_IF/HOPS/LOOP ADD/DROP_MEMBERSHIP MTU_DISCOVER MTU RECVERR V6ONLY ADDRFORM(no)
            // MCAST_... RECVPKTINFO RECVHOPLIMIT RECVTCLASS TCLASS DONTFRAG AUTOFLOWLABEL FREEBIND MULTICAST_ALL
            case SOL_IPV6 -> switch (option) {
                case 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 29, 33, 42, 43, 44, 45, 46, 47, 49, 51, 52, 56, 58, 60, 62, 66,
                    67, 70, 72, 74, 76, 78 -> YES;
                default -> NO;
            };
            // NODELAY MAXSEG CORK KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2 DEFER_ACCEPT WINDOW_CLAMP QUICKACK CONGESTION
            // USER_TIMEOUT FASTOPEN TIMESTAMP NOTSENT_LOWAT FASTOPEN_CONNECT SAVE_SYN THIN_...
            case SOL_TCP -> switch (option) {
                case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18, 23, 24, 25, 27, 30, 34, 36, 37 -> YES;
                default -> NO;
            };
            // CORK SEGMENT GRO
            case SOL_UDP -> option == 1 || option == 103 || option == 104 ? YES : NO;
            default -> NO;
        };
    }

    /** Whether an option may be read. */
    static boolean mayGet(int level, int option) {
        if (maySet(level, option) != NO) return true;
        return switch (level) {
            case SOL_SOCKET -> option == SO_ERROR || option == SO_ACCEPTCONN || option == SO_SNDLOWAT || option == SO_COOKIE
                    || option == SO_INCOMING_NAPI_ID || option == SO_PEERNAME || option == SO_MARK
                    || isPlain(option);
            // HDRINCL OPTIONS RETOPTS MTU TRANSPARENT NODEFRAG
            case SOL_IP -> switch (option) {
                case 3, 4, 7, 14, 19, 22 -> true;
                default -> false;
            };
            case SOL_IPV6 -> option == 75; // TRANSPARENT
            // TCP_INFO, REPAIR, CC_INFO, SAVED_SYN, ULP
            case SOL_TCP -> option == 11 || option == 19 || option == 26 || option == 28 || option == 31;
            // ENCAP, NO_CHECK6_TX, NO_CHECK6_RX
            case SOL_UDP -> option >= 100 && option <= 102;
            default -> false;
        };
    }

    /** Those that say what the socket is or that nobody has set them, and nothing of the host. */
    private static boolean isPlain(int option) {
        return switch (option) {
            // PEERGROUPS and PEERPIDFD: none; SO_ATTACH_FILTER: the filter, which nobody can have set.
            case SO_DEBUG, SO_BSDCOMPAT, SO_PASSCRED, SO_PEERCRED, SO_ATTACH_FILTER, SO_PASSSEC,
                SO_WIFI_STATUS, SO_NOFCS, SO_LOCK_FILTER, SO_BPF_EXTENSIONS, SO_MEMINFO, SO_PEERGROUPS,
                SO_ZEROCOPY, SO_TXTIME, SO_PREFER_BUSY_POLL, SO_BUF_LOCK, SO_RESERVE_MEM, SO_TXREHASH,
                SO_RCVMARK, SO_PASSPIDFD, SO_PEERPIDFD -> true;
            default -> false;
        };
    }

    /**
     * Goes through control messages to be sent, which are in private memory: 0, or -errno. Messages of SOL_SOCKET that mean
     * something to other families only are taken out, as Linux ignores them.
     */
    static long checkControl(long control, int length) {
        int at = 0;
        while (length - at >= CMSG_HEADER) {
            long p = control + at;
            long n = Memory.getLong(p);
            if (n < CMSG_HEADER || n > length - at) return -EINVAL;
            int level = Memory.getInt(p + 8), kind = Memory.getInt(p + 12);
            boolean isAllowed = switch (level) {
                case SOL_SOCKET -> kind == SO_TIMESTAMPING || kind == SO_TIMESTAMPING_NEW;
                // TOS, TTL, PKTINFO
                case SOL_IP -> kind == 1 || kind == 2 || kind == 8;
                // PKTINFO HOPLIMIT TCLASS DONTFRAG
                case SOL_IPV6 -> kind == 50 || kind == 52 || kind == 67 || kind == 62;
                case SOL_UDP -> kind == 103;
                default -> false;
            };
            if (!isAllowed) return -EINVAL;
            at += align((int) n);
        }
        return 0;
    }
}

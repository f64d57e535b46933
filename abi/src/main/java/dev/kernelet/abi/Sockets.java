package dev.kernelet.abi;

/** sys/socket.h, linux/in.h, linux/net.h: families, types, options, message flags. */
public final class Sockets {
    private Sockets() {}

    public static final int AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17,
            AF_MAX = 46;
    public static final int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_RDM = 4, SOCK_SEQPACKET = 5, SOCK_DCCP = 6,
            SOCK_PACKET = 10, SOCK_TYPE_MASK = 0xf, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public static final int IPPROTO_IP = 0, IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_IPV6 = 41,
            IPPROTO_ICMPV6 = 58, IPPROTO_RAW = 255, IPPROTO_MPTCP = 262, IPPROTO_MAX = 263;
    public static final int SOL_SOCKET = 1, SOL_IP = 0, SOL_TCP = 6, SOL_UDP = 17, SOL_IPV6 = 41, SOL_NETLINK = 270;

    public static final int SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_DONTROUTE = 5, SO_BROADCAST = 6,
            SO_SNDBUF = 7, SO_RCVBUF = 8, SO_KEEPALIVE = 9, SO_OOBINLINE = 10, SO_NO_CHECK = 11, SO_PRIORITY = 12,
            SO_LINGER = 13, SO_BSDCOMPAT = 14, SO_REUSEPORT = 15, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18,
            SO_SNDLOWAT = 19, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_BINDTODEVICE = 25, SO_ATTACH_FILTER = 26,
            SO_DETACH_FILTER = 27, SO_PEERNAME = 28, SO_TIMESTAMP = 29, SO_ACCEPTCONN = 30, SO_PEERSEC = 31,
            SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PASSSEC = 34, SO_TIMESTAMPNS = 35, SO_MARK = 36,
            SO_TIMESTAMPING = 37, SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_RXQ_OVFL = 40, SO_PEEK_OFF = 42, SO_NOFCS = 43,
            SO_LOCK_FILTER = 44, SO_SELECT_ERR_QUEUE = 45, SO_BUSY_POLL = 46, SO_INCOMING_CPU = 49,
            SO_INCOMING_NAPI_ID = 56, SO_COOKIE = 57, SO_PEERGROUPS = 59, SO_ZEROCOPY = 60, SO_TXTIME = 61,
            SO_TIMESTAMP_NEW = 63, SO_TIMESTAMPNS_NEW = 64, SO_TIMESTAMPING_NEW = 65, SO_RCVTIMEO_NEW = 66,
            SO_SNDTIMEO_NEW = 67, SO_PREFER_BUSY_POLL = 69, SO_PASSPIDFD = 76, SO_PEERPIDFD = 77;
    public static final int SO_WIFI_STATUS = 41, SO_MAX_PACING_RATE = 47, SO_BPF_EXTENSIONS = 48,
            SO_MEMINFO = 55, SO_BUF_LOCK = 72, SO_RESERVE_MEM = 73, SO_TXREHASH = 74, SO_RCVMARK = 75;

    public static final int MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTROUTE = 4, MSG_CTRUNC = 8, MSG_TRUNC = 0x20,
            MSG_DONTWAIT = 0x40, MSG_EOR = 0x80, MSG_WAITALL = 0x100, MSG_CONFIRM = 0x800, MSG_ERRQUEUE = 0x2000,
            MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, MSG_WAITFORONE = 0x10000, MSG_ZEROCOPY = 0x4000000,
            MSG_FASTOPEN = 0x20000000, MSG_CMSG_CLOEXEC = 0x40000000;

    public static final int SCM_RIGHTS = 1, SCM_CREDENTIALS = 2, SCM_PIDFD = 4;
    public static final int CMSG_HEADER = 16;
    public static final int SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;
    public static final int SOMAXCONN = 4096;
    /** sizeof(struct sockaddr_storage). */
    public static final int NAME_MAX = 128;
    public static final int MSGHDR_SIZE = 56, MMSGHDR_SIZE = 64;

    /** Control messages and their data are aligned to eight bytes (CMSG_ALIGN). */
    public static int align(int n) { return n + 7 & ~7; }
}

/* socket(7), ip(7), ipv6(7), tcp(7), udp(7), unix(7): options at first, what they may be set to, and what accept(2) passes on. */
#include "help.h"
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

static int get(int s, int level, int option) {
    int v = -77;
    socklen_t n = sizeof v;
    if (getsockopt(s, level, option, &v, &n) == -1)
        FAIL_AT("getsockopt %d:%d: %s", level, option, check_errno(errno));
    CHECK_EQ(n, 4);
    return v;
}

static int set(int s, int level, int option, int v) { return setsockopt(s, level, option, &v, sizeof v); }

static int get_error(int s, int level, int option) {
    char b[64];
    socklen_t n = sizeof b;
    return getsockopt(s, level, option, b, &n) == 0 ? 0 : errno;
}

static int listener(struct sockaddr_in *a) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    *a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof *a;
    CHECK_OK(bind(s, (void *) a, n));
    CHECK_OK(listen(s, 5));
    CHECK_OK(getsockname(s, (void *) a, &n));
    return s;
}

TEST(tcp_at_first) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_EQ(get(s, SOL_TCP, TCP_KEEPIDLE), 7200);
    CHECK_EQ(get(s, SOL_TCP, TCP_KEEPINTVL), 75);
    CHECK_EQ(get(s, SOL_TCP, TCP_KEEPCNT), 9);
    CHECK_EQ(get(s, SOL_TCP, TCP_SYNCNT), 6);
    CHECK_EQ(get(s, SOL_TCP, TCP_LINGER2), 60);
    CHECK_EQ(get(s, SOL_TCP, TCP_QUICKACK), 1);
    CHECK_EQ(get(s, SOL_TCP, TCP_MAXSEG), 536);
    CHECK_EQ(get(s, SOL_TCP, TCP_NODELAY), 0);
    CHECK_EQ(get(s, SOL_TCP, TCP_USER_TIMEOUT), 0);
    CHECK_EQ(get(s, SOL_TCP, TCP_FASTOPEN), 0);
    CHECK_EQ(get_error(s, SOL_TCP, 99), ENOPROTOOPT);
}

TEST(tcp_limits) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    static const struct { int option, bad, good; } cases[] = {
        { TCP_KEEPIDLE, 0, 1 }, { TCP_KEEPIDLE, 32768, 32767 }, { TCP_KEEPINTVL, 0, 1 }, { TCP_KEEPINTVL, 32768, 32767 },
        { TCP_KEEPCNT, 0, 1 }, { TCP_KEEPCNT, 128, 127 }, { TCP_SYNCNT, 0, 1 }, { TCP_SYNCNT, 128, 127 },
        { TCP_MAXSEG, 7, 1000 }, { TCP_USER_TIMEOUT, -1, 5000 }, { TCP_THIN_LINEAR_TIMEOUTS, 2, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_ERR(set(s, SOL_TCP, cases[i].option, cases[i].bad), EINVAL);
        CHECK_OK(set(s, SOL_TCP, cases[i].option, cases[i].good));
        if (cases[i].option != TCP_MAXSEG)
            CHECK_EQ(get(s, SOL_TCP, cases[i].option), cases[i].good);
    }
    CHECK_OK(set(s, SOL_TCP, TCP_NODELAY, 7));
    CHECK_EQ(get(s, SOL_TCP, TCP_NODELAY), 1);
    CHECK_ERR(setsockopt(s, SOL_TCP, TCP_NODELAY, "x", 1), EINVAL);
    CHECK_OK(set(s, SOL_TCP, TCP_LINGER2, -1));
    CHECK_EQ(get(s, SOL_TCP, TCP_LINGER2), -1);
}

TEST(congestion_control) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    char name[32] = "";
    socklen_t n = sizeof name;
    CHECK_OK(getsockopt(s, SOL_TCP, TCP_CONGESTION, name, &n));
    CHECK_EQ(n, 16);
    CHECK(name[0] != 0);
    CHECK_OK(setsockopt(s, SOL_TCP, TCP_CONGESTION, name, strlen(name)));
    CHECK_OK(setsockopt(s, SOL_TCP, TCP_CONGESTION, "reno", 4));
    CHECK_OK(getsockopt(s, SOL_TCP, TCP_CONGESTION, name, &n));
    CHECK_STR(name, "reno");
    CHECK_ERR(setsockopt(s, SOL_TCP, TCP_CONGESTION, "nonsense", 8), ENOENT);
    CHECK_ERR(setsockopt(s, SOL_TCP, TCP_CONGESTION, "", 0), EINVAL);
    CHECK_ERR(setsockopt(s, SOL_TCP, TCP_ULP, "nonsense", 8), ENOENT);
}

TEST(tcp_info) {
    struct sockaddr_in a;
    int l = listener(&a), c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    struct tcp_info i;
    socklen_t n = sizeof i;
    CHECK_OK(getsockopt(c, SOL_TCP, TCP_INFO, &i, &n));
    CHECK_EQ(i.tcpi_state, TCP_CLOSE);
    CHECK_OK(connect(c, (void *) &a, sizeof a));
    n = sizeof i;
    CHECK_OK(getsockopt(c, SOL_TCP, TCP_INFO, &i, &n));
    CHECK_EQ(n, (socklen_t) 104);
    CHECK_EQ(i.tcpi_state, TCP_ESTABLISHED);
    CHECK(i.tcpi_snd_mss >= 536 && i.tcpi_advmss >= 536 && i.tcpi_pmtu >= 576);
    CHECK(i.tcpi_snd_cwnd > 0 && i.tcpi_rto > 0 && i.tcpi_reordering == 3);
    CHECK(get(c, SOL_TCP, TCP_MAXSEG) > 536);
    n = sizeof i;
    CHECK_OK(getsockopt(l, SOL_TCP, TCP_INFO, &i, &n));
    CHECK_EQ(i.tcpi_state, TCP_LISTEN);
}

TEST(ip_options) {
    int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_EQ(get(s, SOL_IP, IP_TTL), 64);
    CHECK_EQ(get(s, SOL_IP, IP_TOS), 0);
    CHECK_EQ(get(s, SOL_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
    CHECK_EQ(get(s, SOL_IP, IP_MULTICAST_TTL), 1);
    CHECK_EQ(get(s, SOL_IP, IP_MULTICAST_LOOP), 1);
    CHECK_EQ(get(s, SOL_IP, IP_RECVERR), 0);
    CHECK_EQ(get(s, SOL_IP, IP_FREEBIND), 0);
    CHECK_EQ(get_error(s, SOL_IP, IP_MTU), ENOTCONN);
    CHECK_ERR(set(s, SOL_IP, IP_TTL, 0), EINVAL);
    CHECK_ERR(set(s, SOL_IP, IP_TTL, 256), EINVAL);
    CHECK_OK(set(s, SOL_IP, IP_TTL, 9));
    CHECK_EQ(get(s, SOL_IP, IP_TTL), 9);
    CHECK_OK(set(s, SOL_IP, IP_TTL, -1));
    CHECK_EQ(get(s, SOL_IP, IP_TTL), 64);
    CHECK_ERR(set(s, SOL_IP, IP_MTU_DISCOVER, 7), EINVAL);
    CHECK_OK(set(s, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
    CHECK_EQ(get(s, SOL_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
    CHECK_OK(set(s, SOL_IP, IP_TOS, 0x10));
    CHECK_EQ(get(s, SOL_IP, IP_TOS), 0x10);
    CHECK_OK(setsockopt(s, SOL_IP, IP_MULTICAST_TTL, "\5", 1));
    CHECK_EQ(get(s, SOL_IP, IP_MULTICAST_TTL), 5);
    unsigned char byte = 0;
    socklen_t n = 1;
    CHECK_OK(getsockopt(s, SOL_IP, IP_MULTICAST_TTL, &byte, &n));
    CHECK_EQ(byte, 5);
    CHECK_EQ(n, 1);
    /* A stream's bits of ECN are its own. */
    int t = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(set(t, SOL_IP, IP_TOS, 7));
    CHECK_EQ(get(t, SOL_IP, IP_TOS), 4);
    CHECK_ERR(set(t, SOL_IP, IP_MULTICAST_TTL, 5), EINVAL);
}

TEST(ipv6_options) {
    int s = socket(AF_INET6, SOCK_DGRAM, 0);
    if (s == -1)
        SKIP("no IPv6");
    CHECK_EQ(get(s, SOL_IPV6, IPV6_UNICAST_HOPS), 64);
    CHECK_EQ(get(s, SOL_IPV6, IPV6_MULTICAST_HOPS), 1);
    CHECK_EQ(get(s, SOL_IPV6, IPV6_MULTICAST_LOOP), 1);
    CHECK_EQ(get(s, SOL_IPV6, IPV6_MTU_DISCOVER), 1);
    CHECK_EQ(get(s, SOL_IPV6, IPV6_TCLASS), 0);
    CHECK_EQ(get_error(s, SOL_IPV6, IPV6_MTU), ENOTCONN);
    CHECK_ERR(set(s, SOL_IPV6, IPV6_UNICAST_HOPS, 256), EINVAL);
    CHECK_OK(set(s, SOL_IPV6, IPV6_UNICAST_HOPS, 3));
    CHECK_EQ(get(s, SOL_IPV6, IPV6_UNICAST_HOPS), 3);
    CHECK_OK(set(s, SOL_IPV6, IPV6_UNICAST_HOPS, -1));
    CHECK_EQ(get(s, SOL_IPV6, IPV6_UNICAST_HOPS), 64);
    CHECK_OK(set(s, SOL_IPV6, IPV6_TCLASS, 8));
    CHECK_EQ(get(s, SOL_IPV6, IPV6_TCLASS), 8);
    CHECK_ERR(set(s, SOL_IPV6, IPV6_TCLASS, 256), EINVAL);
    CHECK_ERR(set(s, SOL_IPV6, IPV6_MULTICAST_LOOP, 2), EINVAL);
    CHECK_OK(set(s, SOL_IPV6, IPV6_RECVERR, 1));
    CHECK_EQ(get(s, SOL_IPV6, IPV6_RECVERR), 1);
    /* IPv4's are there too. */
    CHECK_EQ(get(s, SOL_IP, IP_TTL), 64);
}

TEST(levels_of_others) {
    int four = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), six = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_EQ(get_error(four, SOL_TCP, TCP_NODELAY), EOPNOTSUPP);
    CHECK_ERR(set(four, SOL_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
    CHECK_EQ(get_error(four, SOL_NETLINK, NETLINK_CAP_ACK), EOPNOTSUPP);
    if (six != -1) {
        CHECK_EQ(get_error(six, SOL_TCP, TCP_NODELAY), ENOPROTOOPT);
        CHECK_ERR(set(six, SOL_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
    }
    CHECK_EQ(get_error(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), SOL_IP, IP_TTL), EOPNOTSUPP);
    int n = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    CHECK_EQ(get_error(n, SOL_IP, IP_TTL), ENOPROTOOPT);
    CHECK_ERR(setsockopt(four, SOL_SOCKET, SO_TYPE, "x", 1), EINVAL);
    CHECK_ERR(set(four, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
}

TEST(nobody_at_the_other_end) {
    for (int kind = SOCK_STREAM; kind <= SOCK_DGRAM; kind++) {
        int s = CHECK_OK(socket(AF_INET, kind, 0));
        struct { int pid; unsigned uid, gid; } c;
        socklen_t n = sizeof c;
        CHECK_OK(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &c, &n));
        CHECK_EQ(n, 12);
        CHECK_EQ(c.pid, 0);
        CHECK_EQ(c.uid, (unsigned) -1);
        CHECK_EQ(c.gid, (unsigned) -1);
        CHECK_EQ(get_error(s, SOL_SOCKET, SO_PEERGROUPS), ENODATA);
        unsigned long long rate = 0;
        n = sizeof rate;
        CHECK_OK(getsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &n));
        CHECK_EQ(rate, ~0ULL);
        CHECK_EQ(get(s, SOL_SOCKET, SO_INCOMING_CPU), -1);
    }
}

TEST(stamps_and_owners) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), v = 0;
    struct timespec stamp;
    CHECK_ERR(ioctl(s, SIOCGSTAMP_OLD, &stamp), ENOENT);
    CHECK_ERR(ioctl(s, SIOCGSTAMPNS_OLD, &stamp), ENOENT);
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    for (int i = 0; i < 2; i++) {
        int f = i ? s : pair[0];
        CHECK_OK(ioctl(f, FIOGETOWN, &v));
        CHECK_EQ(v, 0);
        v = getpid();
        CHECK_OK(ioctl(f, FIOSETOWN, &v));
        CHECK_EQ(fcntl(f, F_GETOWN), getpid());
        v = -getpgrp();
        CHECK_OK(ioctl(f, SIOCSPGRP, &v));
        CHECK_OK(ioctl(f, SIOCGPGRP, &v));
        CHECK_EQ(v, -getpgrp());
        v = 0x3fffffff;
        CHECK_ERR(ioctl(f, FIOSETOWN, &v), ESRCH);
        CHECK_ERR(ioctl(f, FIOSETOWN, BAD), EFAULT);
    }
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(ioctl(p[0], FIOGETOWN, &v), ENOTTY);
}

TEST(accepted_has_the_options_of_its_listener) {
    struct sockaddr_in a;
    int l = listener(&a), c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(set(l, SOL_SOCKET, SO_KEEPALIVE, 1));
    CHECK_OK(set(l, SOL_TCP, TCP_NODELAY, 1));
    CHECK_OK(set(l, SOL_TCP, TCP_KEEPIDLE, 33));
    CHECK_OK(set(l, SOL_SOCKET, SO_RCVBUF, 20000));
    struct linger linger = { 1, 7 };
    CHECK_OK(setsockopt(l, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    CHECK_OK(connect(c, (void *) &a, sizeof a));
    int s = CHECK_OK(accept(l, NULL, NULL));
    CHECK_EQ(get(s, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_EQ(get(s, SOL_TCP, TCP_NODELAY), 1);
    CHECK_EQ(get(s, SOL_TCP, TCP_KEEPIDLE), 33);
    CHECK_EQ(get(s, SOL_SOCKET, SO_RCVBUF), 40000);
    socklen_t n = sizeof linger;
    CHECK_OK(getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &n));
    CHECK_EQ(linger.l_linger, 7);
    CHECK_EQ(get(c, SOL_TCP, TCP_NODELAY), 0);
}

TEST(freebind) {
    int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207) }; /* 192.0.2.7: nobody's */
    CHECK_ERR(bind(s, (void *) &a, sizeof a), EADDRNOTAVAIL);
    CHECK_OK(set(s, SOL_IP, IP_FREEBIND, 1));
    CHECK_OK(bind(s, (void *) &a, sizeof a));
}

/* What came back from where nobody listens: the error at once, and who and what in the queue of errors (ip(7)). */
static void errors_of(int family) {
    int s = socket(family, SOCK_DGRAM, 0), probe = socket(family, SOCK_DGRAM, 0);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    void *a = family == AF_INET ? (void *) &four : (void *) &six;
    socklen_t size = family == AF_INET ? sizeof four : sizeof six, n = size;
    if (s == -1 || bind(probe, a, size) == -1)
        SKIP("no IPv6");
    CHECK_OK(getsockname(probe, a, &n));
    close(probe);
    char text[20] = "", control[200];
    struct sockaddr_storage from;
    struct iovec v = { text, sizeof text };
    struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                        .msg_controllen = sizeof control };
    CHECK_ERR(recvmsg(s, &m, MSG_ERRQUEUE | MSG_DONTWAIT), EAGAIN);
    int level = family == AF_INET ? SOL_IP : SOL_IPV6, option = family == AF_INET ? IP_RECVERR : IPV6_RECVERR;
    CHECK_OK(set(s, level, option, 1));
    CHECK_EQ(sendto(s, "hello", 5, 0, a, size), 5);
    struct pollfd p = { s, 0, 0 };
    CHECK_EQ(poll(&p, 1, 5000), 1);
    CHECK_EQ(p.revents, POLLERR);
    m.msg_namelen = sizeof from;
    m.msg_controllen = sizeof control;
    CHECK_EQ(recvmsg(s, &m, MSG_ERRQUEUE), 5);
    CHECK_STR(text, "hello");
    CHECK(m.msg_flags & MSG_ERRQUEUE);
    CHECK_EQ(((struct sockaddr_in *) &from)->sin_port, family == AF_INET ? four.sin_port : six.sin6_port);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    CHECK(c != NULL);
    CHECK_EQ(c->cmsg_level, level);
    CHECK_EQ(c->cmsg_type, option);
    struct sock_extended_err *e = (void *) CMSG_DATA(c);
    CHECK_EQ(e->ee_errno, ECONNREFUSED);
    CHECK_EQ(e->ee_origin, family == AF_INET ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6);
    CHECK_EQ(e->ee_type, family == AF_INET ? 3 : 1);
    CHECK_EQ(e->ee_code, family == AF_INET ? 3 : 4);
    CHECK_EQ(SO_EE_OFFENDER(e)->sa_family, family);
    CHECK_EQ(c->cmsg_len, CMSG_LEN(sizeof *e + size));
    CHECK_ERR(recvmsg(s, &m, MSG_ERRQUEUE), EAGAIN);
    CHECK_EQ(poll(&p, 1, 0), 0);
}

TEST(queue_of_errors) { errors_of(AF_INET); }

TEST(queue_of_errors_of_ipv6) { errors_of(AF_INET6); }

TEST(memberships_of_netlink) {
    int s = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    unsigned words[4] = { 0 };
    socklen_t n = sizeof words;
    CHECK_OK(getsockopt(s, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &n));
    CHECK_EQ(n, 0);
    CHECK_OK(set(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 1));
    n = sizeof words;
    CHECK_OK(getsockopt(s, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &n));
    CHECK(n >= 4);
    CHECK_EQ(words[0], 1);
}

/* The kinds of control messages that come, in order; a pidfd is left in *pidfd. */
static void kinds_of(int s, char *kinds, int *pidfd) {
    char text[10], control[200];
    struct iovec v = { text, sizeof text };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    CHECK_EQ(recvmsg(s, &m, 0), 2);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        *kinds++ = c->cmsg_type == SCM_RIGHTS ? 'r' : c->cmsg_type == SCM_CREDENTIALS ? 'c' : c->cmsg_type == SCM_PIDFD ? 'p' : '?';
        if (c->cmsg_type == SCM_PIDFD)
            memcpy(pidfd, CMSG_DATA(c), 4);
    }
    *kinds = 0;
}

static int pid_of(int pidfd) {
    char path[60];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    char *at = strstr(read_file(path), "Pid:");
    return at ? atoi(at + 4) : -2;
}

TEST(pidfd_of_the_sender) {
    for (int kind = SOCK_STREAM; kind <= SOCK_SEQPACKET; kind++) {
        if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)
            continue;
        int p[2], one = 1, fd = -1;
        CHECK_OK(socketpair(AF_UNIX, kind, 0, p));
        if (setsockopt(p[1], SOL_SOCKET, SO_PASSPIDFD, &one, sizeof one) == -1 && errno == ENOPROTOOPT)
            SKIP("Linux older than 6.5");
        CHECK_EQ(get(p[1], SOL_SOCKET, SO_PASSPIDFD), 1);
        char kinds[10];
        CHECK_EQ(write(p[0], "hi", 2), 2);
        kinds_of(p[1], kinds, &fd);
        CHECK_STR(kinds, "p");
        CHECK_EQ(pid_of(fd), getpid());
        CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
        /* Behind credentials and files. */
        CHECK_OK(set(p[1], SOL_SOCKET, SO_PASSCRED, 1));
        char control[CMSG_SPACE(4)] = { 0 };
        struct iovec v = { "hi", 2 };
        struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){ CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(c), &one, 4);
        CHECK_EQ(sendmsg(p[0], &m, 0), 2);
        kinds_of(p[1], kinds, &fd);
        CHECK_STR(kinds, "crp");
        /* No room for it: it is not installed. */
        int before = dup(0);
        close(before);
        CHECK_OK(set(p[1], SOL_SOCKET, SO_PASSCRED, 0));
        CHECK_EQ(write(p[0], "hi", 2), 2);
        struct msghdr small = { .msg_iov = &(struct iovec){ control, 2 }, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 16 };
        CHECK_EQ(recvmsg(p[1], &small, 0), 2);
        CHECK(small.msg_flags & MSG_CTRUNC);
        CHECK_EQ(dup(0), before);
    }
}

TEST(pidfd_of_the_peer) {
    int p[2], fd = -1;
    socklen_t n = sizeof fd;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    if (getsockopt(p[0], SOL_SOCKET, SO_PEERPIDFD, &fd, &n) == -1 && errno == ENOPROTOOPT)
        SKIP("Linux older than 6.5");
    CHECK_EQ(n, 4);
    CHECK_EQ(pid_of(fd), getpid());
    CHECK_EQ(get_error(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), SOL_SOCKET, SO_PEERPIDFD), ENODATA);
    CHECK_EQ(get_error(CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), SOL_SOCKET, SO_PEERPIDFD), ENODATA);
}

/* Sends with a control message of one int, and looks for what the other end is told. -1: nothing. */
static int told(int family, int s, int to, int kind, int value, int wanted) {
    char control[CMSG_SPACE(4)] = { 0 }, text[4], got[300];
    int level = family == AF_INET ? SOL_IP : SOL_IPV6;
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    CHECK_OK(getsockname(to, (void *) &a, &n));
    struct iovec v = { "x", 1 }, w = { text, sizeof text };
    struct msghdr m = { .msg_name = &a, .msg_namelen = n, .msg_iov = &v, .msg_iovlen = 1 };
    struct cmsghdr *c = (void *) control;
    if (kind) {
        m.msg_control = control;
        m.msg_controllen = sizeof control;
        *c = (struct cmsghdr){ CMSG_LEN(4), level, kind };
        memcpy(CMSG_DATA(c), &value, 4);
    }
    if (sendmsg(s, &m, 0) == -1)
        return -errno - 1000;
    struct msghdr r = { .msg_iov = &w, .msg_iovlen = 1, .msg_control = got, .msg_controllen = sizeof got };
    CHECK_EQ(recvmsg(to, &r, 0), 1);
    for (c = CMSG_FIRSTHDR(&r); c; c = CMSG_NXTHDR(&r, c))
        if (c->cmsg_level == level && c->cmsg_type == wanted) {
            int x = 0;
            memcpy(&x, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
            return x;
        }
    return -1;
}

static void headers_of(int family) {
    int s = socket(family, SOCK_DGRAM, 0), to = socket(family, SOCK_DGRAM, 0);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bool isFour = family == AF_INET;
    if (s == -1 || bind(to, isFour ? (void *) &four : (void *) &six, isFour ? sizeof four : sizeof six) == -1)
        SKIP("no IPv6");
    int level = isFour ? SOL_IP : SOL_IPV6, ttl = isFour ? IP_TTL : IPV6_HOPLIMIT, tos = isFour ? IP_TOS : IPV6_TCLASS;
    CHECK_EQ(told(family, s, to, 0, 0, ttl), -1);
    CHECK_OK(set(to, level, isFour ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1));
    CHECK_OK(set(to, level, isFour ? IP_RECVTOS : IPV6_RECVTCLASS, 1));
    CHECK_EQ(told(family, s, to, 0, 0, ttl), 64);
    CHECK_EQ(told(family, s, to, 0, 0, tos), 0);
    CHECK_EQ(told(family, s, to, ttl, 7, ttl), 7);
    CHECK_EQ(told(family, s, to, tos, 0x28, tos), 0x28);
    CHECK_EQ(told(family, s, to, 0, 0, ttl), 64);
    CHECK_OK(set(s, level, isFour ? IP_TTL : IPV6_UNICAST_HOPS, 9));
    CHECK_OK(set(s, level, tos, 0x10));
    CHECK_EQ(told(family, s, to, 0, 0, ttl), 9);
    CHECK_EQ(told(family, s, to, 0, 0, tos), 0x10);
    CHECK_EQ(told(family, s, to, ttl, 256, ttl), -EINVAL - 1000);
    CHECK_EQ(told(family, s, to, 99, 1, ttl), -EINVAL - 1000);
}

TEST(headers) { headers_of(AF_INET); }

TEST(headers_of_ipv6) { headers_of(AF_INET6); }

/* connect(2) of a socket that does not wait: under way, then done or failed; the next connect is told how it went. */
TEST(connect_without_waiting) {
    struct sockaddr_in a;
    int l = listener(&a), c = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    CHECK_ERR(connect(c, (void *) &a, sizeof a), EINPROGRESS);
    struct pollfd p = { c, POLLOUT, 0 };
    CHECK_EQ(poll(&p, 1, 5000), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_EQ(get(c, SOL_SOCKET, SO_ERROR), 0);
    CHECK_OK(connect(c, (void *) &a, sizeof a));
    CHECK_ERR(connect(c, (void *) &a, sizeof a), EISCONN);
    close(l);
    for (int asks = 0; asks < 2; asks++) {
        c = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        CHECK_ERR(connect(c, (void *) &a, sizeof a), EINPROGRESS);
        p = (struct pollfd){ c, POLLIN | POLLOUT | POLLRDHUP, 0 };
        CHECK_EQ(poll(&p, 1, 5000), 1);
        CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
        if (asks)
            CHECK_EQ(get(c, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
        CHECK_ERR(connect(c, (void *) &a, sizeof a), asks ? ECONNABORTED : ECONNREFUSED);
        CHECK_ERR(connect(c, (void *) &a, sizeof a), EINPROGRESS);
    }
    c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERR(connect(c, (void *) &a, sizeof a), ECONNREFUSED);
    CHECK_EQ(get(c, SOL_SOCKET, SO_ERROR), 0);
}

static int events_of(int s) {
    struct pollfd p = { s, POLLIN | POLLPRI, 0 };
    poll(&p, 1, 0);
    return p.revents;
}

/* tcp(7), MSG_OOB: the last byte is urgent, reads stop before it, and it is read beside the others. */
TEST(urgent_data) {
    struct sockaddr_in a;
    int l = listener(&a), c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), v;
    CHECK_OK(connect(c, (void *) &a, sizeof a));
    int s = CHECK_OK(accept4(l, NULL, NULL, SOCK_NONBLOCK));
    char b[20];
    CHECK_ERR(recv(s, b, 9, MSG_OOB), EINVAL);
    CHECK_EQ(send(c, "abc", 3, MSG_OOB), 3);
    CHECK_EQ(send(c, "def", 3, 0), 3);
    for (int i = 0; i < 500 && (!ioctl(s, FIONREAD, &v) && v < 2); i++)
        sleep_ms(10);
    sleep_ms(50);
    CHECK_EQ(events_of(s), POLLIN | POLLPRI);
    CHECK_OK(ioctl(s, FIONREAD, &v));
    CHECK_EQ(v, 2);
    CHECK_OK(ioctl(s, SIOCATMARK, &v));
    CHECK_EQ(v, 0);
    CHECK_EQ(recv(s, b, 9, 0), 2);
    CHECK_OK(ioctl(s, SIOCATMARK, &v));
    CHECK_EQ(v, 1);
    CHECK_EQ(recv(s, b, 9, MSG_PEEK), 3);
    CHECK(memcmp(b, "def", 3) == 0);
    CHECK_EQ(recv(s, b, 9, MSG_OOB | MSG_PEEK), 1);
    struct iovec iov = { b, 9 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_EQ(recvmsg(s, &m, MSG_OOB), 1);
    CHECK_EQ(m.msg_flags, MSG_OOB);
    CHECK_EQ(b[0], 'c');
    CHECK_ERR(recv(s, b, 9, MSG_OOB), EINVAL);
    CHECK_EQ(events_of(s), POLLIN);
    CHECK_EQ(recv(s, b, 9, 0), 3);
    CHECK(memcmp(b, "def", 3) == 0);
    CHECK_EQ(events_of(s), 0);
    /* One that is not read in time is lost when it is passed, or a byte like others when there is a new one. */
    CHECK_EQ(send(c, "12", 2, MSG_OOB), 2);
    CHECK_EQ(send(c, "34", 2, MSG_OOB), 2);
    sleep_ms(50);
    CHECK_EQ(recv(s, b, 9, 0), 3);
    CHECK(memcmp(b, "123", 3) == 0);
    CHECK_EQ(events_of(s), POLLPRI);
    CHECK_ERR(recv(s, b, 9, 0), EAGAIN);
    CHECK_EQ(events_of(s), 0);
    CHECK_ERR(recv(s, b, 9, MSG_OOB), EINVAL);
    /* Inline. */
    CHECK_OK(set(s, SOL_SOCKET, SO_OOBINLINE, 1));
    CHECK_EQ(send(c, "xyz", 3, MSG_OOB), 3);
    CHECK_EQ(send(c, "w", 1, 0), 1);
    sleep_ms(50);
    CHECK_ERR(recv(s, b, 9, MSG_OOB), EINVAL);
    CHECK_EQ(recv(s, b, 9, 0), 2);
    CHECK_OK(ioctl(s, SIOCATMARK, &v));
    CHECK_EQ(v, 1);
    CHECK_EQ(events_of(s), POLLIN | POLLPRI);
    CHECK_EQ(recv(s, b, 9, 0), 2);
    CHECK(memcmp(b, "zw", 2) == 0);
    CHECK_EQ(events_of(s), 0);
}

// TCP and UDP over the loopback addresses, IPv4 and IPv6; route dumps over netlink.
#include "help.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static char buf[1 << 20];
static int client, server, lis;

static struct sockaddr_in at(int port) {
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}
static int port_of(int s) {
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    CHECK_OK(getsockname(s, (void *)&a, &n));
    return ntohs(((struct sockaddr_in *)&a)->sin_port);
}
static int bound(int type, int port) {
    struct sockaddr_in a = at(port);
    int s = CHECK_OK(socket(AF_INET, type, 0));
    CHECK_OK(bind(s, (void *)&a, sizeof a));
    return s;
}
static int try_connect(int s, int port) {
    struct sockaddr_in a = at(port);
    return connect(s, (void *)&a, sizeof a);
}
static void tcp_pair(void) {
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 10));
    client = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(try_connect(client, port_of(lis)));
    server = CHECK_OK(accept(lis, NULL, NULL));
}
static int option(int s, int level, int name) {
    int v = -12345;
    socklen_t n = sizeof v;
    CHECK_OK(getsockopt(s, level, name, &v, &n));
    return v;
}
static void set(int s, int level, int name, int v) { CHECK_OK(setsockopt(s, level, name, &v, sizeof v)); }
// A port that was free a moment ago.
static int free_port(void) { int s = bound(SOCK_STREAM, 0), port = port_of(s); close(s); return port; }

TEST(socket_errors) {
    CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, 99, 0), EINVAL);
    become_user();
    CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}

TEST(tcp_echo) {
    tcp_pair();
    CHECK_EQ(write(client, "ping", 4), 4);
    CHECK_EQ(read(server, buf, 100), 4);
    CHECK_MEM(buf, "ping", 4);
    CHECK_EQ(send(server, "pong!", 5, 0), 5);
    CHECK_EQ(recv(client, buf, 5, MSG_WAITALL), 5);
    close(client);
    CHECK_EQ(read(server, buf, 10), 0);
}

TEST(names_of_both_ends) {
    struct sockaddr_in a, b;
    socklen_t n = sizeof a, m = sizeof b;
    tcp_pair();
    CHECK_OK(getsockname(client, (void *)&a, &n));
    CHECK_OK(getpeername(server, (void *)&b, &m));
    CHECK_EQ(n, 16);
    CHECK_EQ(a.sin_port, b.sin_port);
    CHECK_EQ(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(b.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    // The length tells what there would have been.
    n = 4;
    CHECK_OK(getsockname(client, (void *)&a, &n));
    CHECK_EQ(n, 16);
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERR(getpeername(s, (void *)&a, &n), ENOTCONN);
    CHECK_OK(getsockname(s, (void *)&a, &n));
    CHECK_ERR(syscall(SYS_getsockname, client, BAD, &n), EFAULT);
    CHECK_ERR(syscall(SYS_getsockname, client, &a, BAD), EFAULT);
    n = -1;
    CHECK_ERR(syscall(SYS_getsockname, client, &a, &n), EINVAL);
}

TEST(accept_tells_the_peer) {
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 1));
    client = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(try_connect(client, port_of(lis)));
    server = CHECK_OK(accept4(lis, (void *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC));
    CHECK_EQ(ntohs(a.sin_port), port_of(client));
    CHECK_EQ(fcntl(server, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(read(server, buf, 1), EAGAIN);
    CHECK_ERR(accept4(lis, NULL, NULL, 1), EINVAL);
    CHECK_OK(fcntl(lis, F_SETFL, O_NONBLOCK));
    CHECK_ERR(accept(lis, NULL, NULL), EAGAIN);
}

TEST(connection_refused) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERR(try_connect(s, free_port()), ECONNREFUSED);
    CHECK_ERR(read(s, buf, 1), ENOTCONN);
    CHECK_ERR(send(s, buf, 1, MSG_NOSIGNAL), EPIPE);
}

TEST(non_blocking_connect) {
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 5));
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    int r = try_connect(s, port_of(lis));
    CHECK(r == 0 || errno == EINPROGRESS);
    CHECK_EQ(poll_one(s, POLLOUT, 5000), POLLOUT);
    CHECK_EQ(option(s, SOL_SOCKET, SO_ERROR), 0);
    CHECK_OK(accept(lis, NULL, NULL));
    // Once more: the first time tells success, then that it is connected.
    r = try_connect(s, port_of(lis));
    CHECK(r == 0 || errno == EISCONN);
    CHECK_ERR(try_connect(s, port_of(lis)), EISCONN);
}

TEST(non_blocking_connect_refused) {
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    int r = try_connect(s, free_port());
    CHECK(r == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
    if (errno == EINPROGRESS) {
        int bits = poll_one(s, POLLOUT, 5000);
        CHECK_EQ(bits & (POLLERR | POLLHUP), POLLERR | POLLHUP);
        CHECK_EQ(option(s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
        CHECK_EQ(option(s, SOL_SOCKET, SO_ERROR), 0);
    }
}

TEST(address_in_use) {
    int a = bound(SOCK_STREAM, 0), b = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in sa = at(port_of(a));
    CHECK_ERR(bind(b, (void *)&sa, sizeof sa), EADDRINUSE);
    CHECK_ERR(bind(a, (void *)&sa, sizeof sa), EINVAL);
    close(a);
    CHECK_OK(bind(b, (void *)&sa, sizeof sa));
}

TEST(reuse_address_after_time_wait) {
    // Both the connection that lingers and the newcomer must have said so.
    lis = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    set(lis, SOL_SOCKET, SO_REUSEADDR, 1);
    struct sockaddr_in sa = at(0);
    CHECK_OK(bind(lis, (void *)&sa, sizeof sa));
    CHECK_OK(listen(lis, 5));
    int port = port_of(lis);
    client = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(try_connect(client, port));
    server = CHECK_OK(accept(lis, NULL, NULL));
    close(lis);
    close(server);
    CHECK_EQ(read(client, buf, 1), 0);
    close(client);
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    sa = at(port);
    CHECK_ERR(bind(s, (void *)&sa, sizeof sa), EADDRINUSE);
    set(s, SOL_SOCKET, SO_REUSEADDR, 1);
    CHECK_OK(bind(s, (void *)&sa, sizeof sa));
    CHECK_OK(listen(s, 5));
}

TEST(reuse_port) {
    int a = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), b = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in sa = at(0);
    set(a, SOL_SOCKET, SO_REUSEPORT, 1);
    set(b, SOL_SOCKET, SO_REUSEPORT, 1);
    CHECK_OK(bind(a, (void *)&sa, sizeof sa));
    sa = at(port_of(a));
    CHECK_OK(bind(b, (void *)&sa, sizeof sa));
}

TEST(bind_errors) {
    struct sockaddr_in sa = at(0);
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERR(bind(s, (void *)&sa, 8), EINVAL);
    CHECK_ERR(syscall(SYS_bind, s, BAD, 16), EFAULT);
    sa.sin_addr.s_addr = htonl(0x08080808);
    CHECK_ERR(bind(s, (void *)&sa, sizeof sa), EADDRNOTAVAIL);
    sa.sin_family = AF_INET6;
    CHECK_ERR(bind(s, (void *)&sa, sizeof sa), EAFNOSUPPORT);
}

TEST(low_ports_need_privilege) {
    char *start = read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if (atoi(start) < 100) SKIP("low ports are free here");
    become_user();
    struct sockaddr_in sa = at(81);
    CHECK_ERR(bind(CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), (void *)&sa, sizeof sa), EACCES);
}

TEST(half_close) {
    tcp_pair();
    CHECK_EQ(write(client, "last", 4), 4);
    CHECK_OK(shutdown(client, SHUT_WR));
    CHECK_EQ(recv(server, buf, 100, MSG_WAITALL), 4);
    CHECK_EQ(read(server, buf, 10), 0);
    CHECK_EQ(write(server, "answer", 6), 6);
    CHECK_EQ(recv(client, buf, 6, MSG_WAITALL), 6);
    CHECK_ERR(send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(poll_one(server, POLLIN | POLLRDHUP, 1000), POLLIN | POLLRDHUP);
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERR(shutdown(s, SHUT_RD), ENOTCONN);
}

TEST(reset_by_linger) {
    tcp_pair();
    struct linger l = { 1, 0 };
    CHECK_OK(setsockopt(client, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    socklen_t n = sizeof l;
    l.l_onoff = 0;
    CHECK_OK(getsockopt(client, SOL_SOCKET, SO_LINGER, &l, &n));
    CHECK_EQ(l.l_onoff, 1);
    close(client);
    CHECK_ERR(read(server, buf, 1), ECONNRESET);
    CHECK_EQ(read(server, buf, 1), 0);
}

TEST(write_after_reset) {
    tcp_pair();
    close(server);
    CHECK_EQ(write(client, "1", 1), 1);
    poll_one(client, POLLHUP, 1000);
    sleep_ms(20);
    CHECK_ERR(send(client, "2", 1, MSG_NOSIGNAL), EPIPE);
    pid_t pid;
    FORK(pid) write(client, "3", 1);
    CHECK_EQ(exit_of(pid), -SIGPIPE);
}

TEST(poll_states) {
    lis = bound(SOCK_STREAM, 0);
    int s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_EQ(poll_one(s, POLLIN | POLLOUT, 0), POLLOUT | POLLHUP);
    CHECK_OK(listen(lis, 5));
    CHECK_EQ(poll_one(lis, POLLIN | POLLOUT, 0), 0);
    CHECK_OK(try_connect(s, port_of(lis)));
    CHECK_EQ(poll_one(lis, POLLIN, 1000), POLLIN);
    CHECK_EQ(poll_one(s, POLLIN | POLLOUT, 0), POLLOUT);
    server = CHECK_OK(accept(lis, NULL, NULL));
    CHECK_EQ(write(server, "x", 1), 1);
    CHECK_EQ(poll_one(s, POLLIN, 1000), POLLIN);
    close(server);
    CHECK_EQ(poll_one(s, POLLIN | POLLRDHUP, 1000), POLLIN | POLLRDHUP);
}

TEST(epoll_edge_on_tcp) {
    struct epoll_event ev = { .events = EPOLLIN | EPOLLET | EPOLLRDHUP };
    int ep = CHECK_OK(epoll_create1(0));
    tcp_pair();
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, server, &ev));
    CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
    CHECK_EQ(write(client, "ab", 2), 2);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
    CHECK_EQ(write(client, "c", 1), 1);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
    close(client);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
    CHECK(ev.events & EPOLLRDHUP);
}

TEST(peek_and_available) {
    int n = 0;
    tcp_pair();
    CHECK_EQ(write(client, "hello", 5), 5);
    CHECK_EQ(recv(server, buf, 5, MSG_PEEK | MSG_WAITALL), 5);
    CHECK_OK(ioctl(server, FIONREAD, &n));
    CHECK_EQ(n, 5);
    CHECK_EQ(recv(server, buf, 2, 0), 2);
    CHECK_EQ(recv(server, buf, 100, MSG_DONTWAIT), 3);
    CHECK_ERR(recv(server, buf, 1, MSG_DONTWAIT), EAGAIN);
    n = 1;
    CHECK_OK(ioctl(server, FIONBIO, &n));
    CHECK_ERR(read(server, buf, 1), EAGAIN);
}

TEST(large_transfer) {
    tcp_pair();
    pid_t pid;
    FORK(pid) {
        close(server);
        for (int i = 0; i < 40; i++) {
            memset(buf, i, 100000);
            for (int done = 0; done < 100000; ) { ssize_t n = write(client, buf + done, 100000 - done); CHECK(n > 0); done += n; }
        }
    }
    close(client);
    long total = 0;
    ssize_t n;
    while ((n = read(server, buf, sizeof buf)) > 0) {
        for (ssize_t i = 0; i < n; i++) CHECK_EQ(buf[i], (total + i) / 100000);
        total += n;
    }
    CHECK_EQ(total, 4000000);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(full_window_blocks_and_drains) {
    tcp_pair();
    long total = 0;
    ssize_t n;
    CHECK_OK(fcntl(client, F_SETFL, O_NONBLOCK));
    for (int tries = 0; tries < 3; tries++) {
        while ((n = write(client, buf, sizeof buf)) > 0) total += n;
        CHECK(errno == EAGAIN);
        sleep_ms(20);
    }
    CHECK_EQ(poll_one(client, POLLOUT, 0), 0);
    while (total > 0) { n = read(server, buf, sizeof buf); CHECK(n > 0); total -= n; }
    CHECK_EQ(poll_one(client, POLLOUT, 2000), POLLOUT);
}

TEST(gather_and_scatter) {
    tcp_pair();
    struct iovec out[2] = { { "abc", 3 }, { "defg", 4 } }, in[2] = { { buf, 2 }, { buf + 100, 5 } };
    struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
    CHECK_EQ(sendmsg(client, &m, 0), 7);
    m = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
    CHECK_EQ(recvmsg(server, &m, MSG_WAITALL), 7);
    CHECK_MEM(buf + 100, "cdefg", 5);
    struct sockaddr_in a = at(1);
    m = (struct msghdr){ .msg_iov = out, .msg_iovlen = 2, .msg_name = &a, .msg_namelen = sizeof a };
    // An address on a connected stream is not looked at.
    CHECK_EQ(sendmsg(client, &m, 0), 7);
}

TEST(options) {
    tcp_pair();
    CHECK_EQ(option(client, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(option(client, SOL_SOCKET, SO_DOMAIN), AF_INET);
    CHECK_EQ(option(client, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_EQ(option(lis, SOL_SOCKET, SO_ACCEPTCONN), 1);
    CHECK_EQ(option(client, IPPROTO_TCP, TCP_NODELAY), 0);
    set(client, IPPROTO_TCP, TCP_NODELAY, 1);
    CHECK(option(client, IPPROTO_TCP, TCP_NODELAY) != 0);
    set(client, SOL_SOCKET, SO_KEEPALIVE, 1);
    CHECK_EQ(option(client, SOL_SOCKET, SO_KEEPALIVE), 1);
    set(client, IPPROTO_TCP, TCP_KEEPIDLE, 77);
    CHECK_EQ(option(client, IPPROTO_TCP, TCP_KEEPIDLE), 77);
    set(client, SOL_SOCKET, SO_RCVBUF, 50000);
    CHECK_EQ(option(client, SOL_SOCKET, SO_RCVBUF), 100000);
    set(client, IPPROTO_IP, IP_TTL, 42);
    CHECK_EQ(option(client, IPPROTO_IP, IP_TTL), 42);
    set(client, IPPROTO_IP, IP_TOS, 0x10);
    CHECK_EQ(option(client, IPPROTO_IP, IP_TOS), 0x10);
    CHECK(option(client, IPPROTO_TCP, TCP_MAXSEG) > 0);
    set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    struct tcp_info info;
    socklen_t n = sizeof info;
    CHECK_OK(getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &n));
    CHECK_EQ(info.tcpi_state, 1);
}

TEST(option_errors) {
    int v = 1;
    socklen_t n = sizeof v;
    tcp_pair();
    CHECK_ERR(setsockopt(client, SOL_SOCKET, 9999, &v, n), ENOPROTOOPT);
    CHECK_ERR(setsockopt(client, IPPROTO_TCP, 9999, &v, n), ENOPROTOOPT);
    CHECK_ERR(getsockopt(client, IPPROTO_TCP, 9999, &v, &n), ENOPROTOOPT);
    CHECK_ERR(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &v, 1), EINVAL);
    CHECK_ERR(syscall(SYS_setsockopt, client, IPPROTO_TCP, TCP_NODELAY, BAD, 4), EFAULT);
    CHECK_ERR(syscall(SYS_setsockopt, client, IPPROTO_TCP, TCP_NODELAY, &v, -1), EINVAL);
    CHECK_ERR(syscall(SYS_getsockopt, client, SOL_SOCKET, SO_TYPE, BAD, &n), EFAULT);
    CHECK_ERR(setsockopt(client, SOL_SOCKET, SO_TYPE, &v, n), ENOPROTOOPT);
    CHECK_ERR(setsockopt(CHECK_OK(open("/dev/null", O_RDONLY)), SOL_SOCKET, SO_TYPE, &v, n), ENOTSOCK);
}

TEST(receive_timeout) {
    struct timeval t = { 0, 50000 };
    tcp_pair();
    CHECK_OK(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    long long t0 = now_ns();
    CHECK_ERR(read(server, buf, 1), EAGAIN);
    CHECK(now_ns() - t0 >= 45 * MS);
}

TEST(many_connections) {
    int c[50], s[50];
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 64));
    for (int i = 0; i < 50; i++) {
        c[i] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        CHECK_OK(try_connect(c[i], port_of(lis)));
        s[i] = CHECK_OK(accept(lis, NULL, NULL));
    }
    for (int i = 0; i < 50; i++) CHECK_EQ(write(c[i], &i, sizeof i), sizeof i);
    for (int i = 0, v; i < 50; i++) { CHECK_EQ(read(s[i], &v, sizeof v), sizeof v); CHECK_EQ(v, i); }
}

TEST(blocking_accept_and_read_in_two_processes) {
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 5));
    pid_t pid;
    FORK(pid) {
        int s = CHECK_OK(accept(lis, NULL, NULL));
        ssize_t n;
        while ((n = read(s, buf, 100)) > 0) CHECK_EQ(write(s, buf, n), n);
    }
    client = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(try_connect(client, port_of(lis)));
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(write(client, &i, sizeof i), sizeof i);
        int v = -1;
        CHECK_EQ(recv(client, &v, sizeof v, MSG_WAITALL), sizeof v);
        CHECK_EQ(v, i);
    }
    close(client);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(sendfile_to_tcp) {
    tcp_pair();
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    off_t off = 2;
    long sent = syscall(SYS_sendfile, client, fd, &off, 5);
    CHECK_EQ(sent, 5);
    CHECK_EQ(off, 7);
    CHECK_EQ(recv(server, buf, 5, MSG_WAITALL), 5);
    CHECK_MEM(buf, "23456", 5);
}

// --- UDP ---

TEST(udp_round_trip) {
    struct sockaddr_in from, to;
    socklen_t n = sizeof from;
    int a = bound(SOCK_DGRAM, 0), b = bound(SOCK_DGRAM, 0);
    to = at(port_of(b));
    CHECK_EQ(sendto(a, "dgram", 5, 0, (void *)&to, sizeof to), 5);
    CHECK_EQ(recvfrom(b, buf, 100, 0, (void *)&from, &n), 5);
    CHECK_EQ(ntohs(from.sin_port), port_of(a));
    CHECK_EQ(sendto(b, "", 0, 0, (void *)&from, n), 0);
    CHECK_EQ(recv(a, buf, 100, 0), 0);
    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
    CHECK_ERR(recv(a, buf, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(udp_connected) {
    int a = bound(SOCK_DGRAM, 0), b = bound(SOCK_DGRAM, 0), c = bound(SOCK_DGRAM, 0);
    struct sockaddr_in to = at(port_of(a));
    CHECK_OK(try_connect(a, port_of(b)));
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(recv(b, buf, 10, 0), 1);
    // Only the peer is heard.
    CHECK_EQ(sendto(c, "no", 2, 0, (void *)&to, sizeof to), 2);
    CHECK_EQ(sendto(b, "yes", 3, 0, (void *)&to, sizeof to), 3);
    CHECK_EQ(recv(a, buf, 10, 0), 3);
    CHECK_OK(connect(a, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
}

TEST(udp_refused_comes_back) {
    int a = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), b = bound(SOCK_DGRAM, 0), port = port_of(b);
    close(b);
    CHECK_OK(try_connect(a, port));
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(poll_one(a, POLLIN, 1000) & POLLERR, POLLERR);
    CHECK_ERR(recv(a, buf, 1, MSG_DONTWAIT), ECONNREFUSED);
    CHECK_ERR(recv(a, buf, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(udp_truncation_and_size) {
    int a = bound(SOCK_DGRAM, 0), b = bound(SOCK_DGRAM, 0);
    struct iovec iov = { buf, 3 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_OK(try_connect(a, port_of(b)));
    CHECK_EQ(send(a, "12345", 5, 0), 5);
    CHECK_EQ(recvmsg(b, &m, 0), 3);
    CHECK_EQ(m.msg_flags, MSG_TRUNC);
    CHECK_EQ(send(a, "12345", 5, 0), 5);
    CHECK_EQ(recv(b, buf, 2, MSG_TRUNC), 5);
    CHECK_ERR(send(a, buf, 70000, 0), EMSGSIZE);
    CHECK_EQ(send(a, buf, 60000, 0), 60000);
    CHECK_EQ(recv(b, buf, sizeof buf, 0), 60000);
    int n = -1;
    CHECK_EQ(send(a, "12", 2, 0), 2);
    CHECK_EQ(poll_one(b, POLLIN, 1000), POLLIN);
    CHECK_OK(ioctl(b, FIONREAD, &n));
    CHECK_EQ(n, 2);
}

TEST(udp_several_messages) {
    int a = bound(SOCK_DGRAM, 0), b = bound(SOCK_DGRAM, 0);
    struct iovec out[3] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } }, in[3];
    struct mmsghdr m[3] = { 0 };
    struct sockaddr_in from[3];
    CHECK_OK(try_connect(a, port_of(b)));
    for (int i = 0; i < 3; i++) m[i].msg_hdr = (struct msghdr){ .msg_iov = &out[i], .msg_iovlen = 1 };
    CHECK_EQ(sendmmsg(a, m, 3, 0), 3);
    for (int i = 0; i < 3; i++) {
        in[i] = (struct iovec){ buf + i * 10, 10 };
        m[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof *from };
    }
    CHECK_EQ(recvmmsg(b, m, 3, 0, NULL), 3);
    CHECK_EQ(m[2].msg_len, 3);
    CHECK_EQ(ntohs(from[1].sin_port), port_of(a));
    struct timespec t = { 0, 30 * MS };
    CHECK_ERR(recvmmsg(b, m, 3, MSG_DONTWAIT, &t), EAGAIN);
}

TEST(udp_packet_info) {
    int a = bound(SOCK_DGRAM, 0), b = bound(SOCK_DGRAM, 0);
    char room[200];
    struct iovec iov = { buf, 10 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    set(b, IPPROTO_IP, IP_PKTINFO, 1);
    CHECK_OK(try_connect(a, port_of(b)));
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(recvmsg(b, &m, 0), 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    CHECK(c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO);
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    CHECK_EQ(info.ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(info.ipi_ifindex, if_nametoindex("lo"));
}

// --- IPv6 ---

static int six(int type) {
    int s = socket(AF_INET6, type, 0);
    if (s == -1) SKIP("no IPv6");
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    if (bind(s, (void *)&a, sizeof a)) SKIP("no IPv6 loopback address");
    return s;
}

TEST(tcp_over_ipv6) {
    struct sockaddr_in6 a;
    socklen_t n = sizeof a;
    int l = six(SOCK_STREAM);
    CHECK_OK(listen(l, 5));
    CHECK_OK(getsockname(l, (void *)&a, &n));
    CHECK_EQ(n, 28);
    int c = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
    CHECK_OK(connect(c, (void *)&a, n));
    int s = CHECK_OK(accept(l, (void *)&a, &n));
    CHECK(IN6_IS_ADDR_LOOPBACK(&a.sin6_addr));
    CHECK_EQ(write(c, "six", 3), 3);
    CHECK_EQ(read(s, buf, 10), 3);
}

TEST(udp_over_ipv6) {
    struct sockaddr_in6 a;
    socklen_t n = sizeof a;
    int b = six(SOCK_DGRAM), c = six(SOCK_DGRAM);
    CHECK_OK(getsockname(b, (void *)&a, &n));
    CHECK_EQ(sendto(c, "six", 3, 0, (void *)&a, n), 3);
    CHECK_EQ(recv(b, buf, 10, 0), 3);
}

TEST(dual_stack_and_v6only) {
    close(six(SOCK_STREAM));
    int s = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
    set(s, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
    CHECK_OK(bind(s, (void *)&a, sizeof a));
    CHECK_OK(listen(s, 5));
    int c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(try_connect(c, port_of(s)));
    socklen_t n = sizeof a;
    CHECK_OK(accept(s, (void *)&a, &n));
    CHECK(IN6_IS_ADDR_V4MAPPED(&a.sin6_addr));
    int only = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
    set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    CHECK_EQ(option(only, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    a = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
    CHECK_OK(bind(only, (void *)&a, sizeof a));
    CHECK_OK(listen(only, 5));
    CHECK_ERR(try_connect(CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), port_of(only)), ECONNREFUSED);
}

// --- interfaces and routes ---

TEST(loopback_interface) {
    unsigned index = if_nametoindex("lo");
    CHECK(index > 0);
    char text[IF_NAMESIZE];
    CHECK(if_indextoname(index, text) != NULL);
    CHECK_STR(text, "lo");
    struct ifreq r = { 0 };
    strcpy(r.ifr_name, "lo");
    int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ioctl(s, SIOCGIFFLAGS, &r));
    CHECK(r.ifr_flags & IFF_LOOPBACK && r.ifr_flags & IFF_UP);
    CHECK_OK(ioctl(s, SIOCGIFADDR, &r));
    CHECK_EQ(((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_OK(ioctl(s, SIOCGIFMTU, &r));
    CHECK(r.ifr_mtu >= 1500);
    strcpy(r.ifr_name, "nosuch0");
    CHECK_ERR(ioctl(s, SIOCGIFFLAGS, &r), ENODEV);
    CHECK_EQ(if_nametoindex("nosuch0"), 0);
}

// Asks for a dump and counts the messages of a type until its end.
static int dump(int request, int answer, int *found_lo) {
    struct { struct nlmsghdr h; struct rtgenmsg g; } q = { { NLMSG_LENGTH(sizeof(struct rtgenmsg)), request,
        NLM_F_REQUEST | NLM_F_DUMP, 7, 0 }, { AF_UNSPEC } };
    int s = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), count = 0;
    struct sockaddr_nl to = { .nl_family = AF_NETLINK };
    CHECK_EQ(sendto(s, &q, q.h.nlmsg_len, 0, (void *)&to, sizeof to), q.h.nlmsg_len);
    for (;;) {
        ssize_t n = recv(s, buf, sizeof buf, 0);
        CHECK(n > 0);
        for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            CHECK_EQ(h->nlmsg_seq, 7);
            if (h->nlmsg_type == NLMSG_DONE) { close(s); return count; }
            CHECK_EQ(h->nlmsg_type, answer);
            CHECK(h->nlmsg_flags & NLM_F_MULTI);
            count++;
            if (memmem(h, h->nlmsg_len, "lo\0", 3)) (*found_lo)++;
        }
    }
}

TEST(netlink_dumps) {
    int lo = 0;
    CHECK(dump(RTM_GETLINK, RTM_NEWLINK, &lo) >= 1);
    CHECK(lo >= 1);
    CHECK(dump(RTM_GETADDR, RTM_NEWADDR, &lo) >= 1);
    CHECK(dump(RTM_GETROUTE, RTM_NEWROUTE, &lo) >= 0);
}

TEST(netlink_socket_names) {
    struct sockaddr_nl a = { .nl_family = AF_NETLINK };
    socklen_t n = sizeof a;
    int s = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    CHECK_OK(bind(s, (void *)&a, sizeof a));
    CHECK_OK(getsockname(s, (void *)&a, &n));
    CHECK_EQ(n, sizeof a);
    CHECK(a.nl_pid != 0);
    CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
    CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
    CHECK_ERR(recv(s, buf, 10, MSG_DONTWAIT), EAGAIN);
}

TEST(getifaddrs_has_loopback) {
    struct ifaddrs *list, *i;
    int found = 0;
    CHECK_OK(getifaddrs(&list));
    for (i = list; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && !strcmp(i->ifa_name, "lo"))
            found = ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    CHECK(found);
    freeifaddrs(list);
}

TEST(getaddrinfo_of_numbers_and_localhost) {
    struct addrinfo *list, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    CHECK_EQ(getaddrinfo("127.0.0.1", "80", &hints, &list), 0);
    CHECK_EQ(((struct sockaddr_in *)list->ai_addr)->sin_port, htons(80));
    CHECK_EQ(getaddrinfo("localhost", NULL, &hints, &list), 0);
    CHECK_EQ(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(proc_net_tcp_lists_listener) {
    lis = bound(SOCK_STREAM, 0);
    CHECK_OK(listen(lis, 5));
    char want[40];
    snprintf(want, sizeof want, "0100007F:%04X 00000000:0000 0A", port_of(lis));
    CHECK(strstr(read_file("/proc/net/tcp"), want) != NULL);
}

/* RTM_GETROUTE for one address: its type, or -errno. */
static int route_to(int family, const void *address, int size, int *interface) {
    struct { struct nlmsghdr h; struct rtmsg r; struct rtattr a; char to[16]; } q = { 0 };
    q.h = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(sizeof q.r) + RTA_LENGTH(size), .nlmsg_type = RTM_GETROUTE,
                             .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 7 };
    q.r = (struct rtmsg){ .rtm_family = family, .rtm_dst_len = size * 8 };
    q.a = (struct rtattr){ RTA_LENGTH(size), RTA_DST };
    memcpy(q.to, address, size);
    int s = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    CHECK_EQ(send(s, &q, q.h.nlmsg_len, 0), q.h.nlmsg_len);
    static union { struct nlmsghdr h; char b[4096]; } answer;
    int n = CHECK_OK(recv(s, &answer, sizeof answer, 0));
    close(s);
    CHECK_EQ(answer.h.nlmsg_seq, 7);
    if (answer.h.nlmsg_type == NLMSG_ERROR)
        return ((struct nlmsgerr *) NLMSG_DATA(&answer.h))->error;
    CHECK_EQ(answer.h.nlmsg_type, RTM_NEWROUTE);
    CHECK(NLMSG_OK(&answer.h, (unsigned) n));
    struct rtmsg *r = NLMSG_DATA(&answer.h);
    int length = RTM_PAYLOAD(&answer.h);
    for (struct rtattr *a = RTM_RTA(r); RTA_OK(a, length); a = RTA_NEXT(a, length)) {
        if (a->rta_type == RTA_OIF)
            memcpy(interface, RTA_DATA(a), 4);
        if (a->rta_type == RTA_DST)
            CHECK(memcmp(RTA_DATA(a), address, size) == 0);
    }
    return r->rtm_type;
}

TEST(route_to_oneself) {
    unsigned char four[4] = { 127, 9, 9, 9 }, six[16] = { 0 };
    int interface = 0;
    six[15] = 1;
    CHECK_EQ(route_to(AF_INET, four, 4, &interface), RTN_LOCAL);
    CHECK_EQ(interface, (int) if_nametoindex("lo"));
    int r = route_to(AF_INET6, six, 16, &interface);
    if (r != -ENETUNREACH)
        CHECK_EQ(r, RTN_LOCAL);
    CHECK_EQ(interface, (int) if_nametoindex("lo"));
}

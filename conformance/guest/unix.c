// Sockets of the unix family: streams, datagrams, sequenced packets, names, passing of descriptors and credentials.
#include "help.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int p[2];
static char buf[300000];

static socklen_t name(struct sockaddr_un *a, const char *path) {
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    strcpy(a->sun_path, path);
    return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}
// A name outside the file system; unique to this test by its pid.
static socklen_t abstract(struct sockaddr_un *a, const char *tag) {
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    int n = snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "kernelet-check-%d-%s", getpid(), tag);
    return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}
static void pair(int type) { CHECK_OK(socketpair(AF_UNIX, type, 0, p)); }
static int bound(int type, const char *path) {
    struct sockaddr_un a;
    socklen_t n = name(&a, path);
    int s = CHECK_OK(socket(AF_UNIX, type, 0));
    CHECK_OK(bind(s, (void *)&a, n));
    return s;
}
static int listener(int type, const char *path, int backlog) {
    int s = bound(type, path);
    CHECK_OK(listen(s, backlog));
    return s;
}
static int connected(int type, const char *path) {
    struct sockaddr_un a;
    socklen_t n = name(&a, path);
    int s = CHECK_OK(socket(AF_UNIX, type, 0));
    CHECK_OK(connect(s, (void *)&a, n));
    return s;
}

TEST(creation_errors) {
    CHECK_ERR(socket(AF_UNIX, 77, 0), EINVAL);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
    CHECK_ERR(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socketpair(AF_UNIX, 99, 0, p), EINVAL);
    CHECK_ERR(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT);
    CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, p), EOPNOTSUPP);
}

TEST(creation_flags) {
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(s, F_GETFL), O_RDWR | O_NONBLOCK);
    struct stat st;
    CHECK_OK(fstat(s, &st));
    CHECK(S_ISSOCK(st.st_mode));
}

TEST(stream_pair) {
    pair(SOCK_STREAM);
    CHECK_EQ(write(p[0], "hello", 5), 5);
    CHECK_EQ(write(p[0], " world", 6), 6);
    CHECK_EQ(read(p[1], buf, 100), 11);
    CHECK_MEM(buf, "hello world", 11);
    CHECK_EQ(write(p[1], "back", 4), 4);
    CHECK_EQ(read(p[0], buf, 2), 2);
    CHECK_EQ(read(p[0], buf + 2, 100), 2);
    CHECK_MEM(buf, "back", 4);
    CHECK_ERR(recv(p[0], buf, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(stream_end_and_broken_pipe) {
    pair(SOCK_STREAM);
    CHECK_EQ(write(p[0], "x", 1), 1);
    close(p[0]);
    CHECK_EQ(read(p[1], buf, 10), 1);
    CHECK_EQ(read(p[1], buf, 10), 0);
    CHECK_ERR(send(p[1], "y", 1, MSG_NOSIGNAL), EPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERR(write(p[1], "y", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    pid_t pid;
    FORK(pid) write(p[1], "y", 1);
    CHECK_EQ(exit_of(pid), -SIGPIPE);
}

TEST(unread_data_resets_peer) {
    pair(SOCK_STREAM);
    CHECK_EQ(write(p[0], "lost", 4), 4);
    close(p[1]);
    CHECK_ERR(read(p[0], buf, 10), ECONNRESET);
    CHECK_EQ(read(p[0], buf, 10), 0);
}

TEST(shutdown_directions) {
    pair(SOCK_STREAM);
    CHECK_OK(shutdown(p[0], SHUT_WR));
    CHECK_EQ(read(p[1], buf, 1), 0);
    CHECK_ERR(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(write(p[1], "ok", 2), 2);
    CHECK_EQ(read(p[0], buf, 10), 2);
    CHECK_OK(shutdown(p[0], SHUT_RD));
    CHECK_EQ(read(p[0], buf, 10), 0);
    CHECK_ERR(send(p[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERR(shutdown(p[0], 3), EINVAL);
    CHECK_ERR(shutdown(p[0], -1), EINVAL);
    CHECK_OK(shutdown(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), SHUT_RDWR));
}

TEST(datagram_boundaries) {
    pair(SOCK_DGRAM);
    CHECK_EQ(send(p[0], "one", 3, 0), 3);
    CHECK_EQ(send(p[0], "", 0, 0), 0);
    CHECK_EQ(send(p[0], "three", 5, 0), 5);
    CHECK_EQ(recv(p[1], buf, 100, 0), 3);
    CHECK_EQ(recv(p[1], buf, 100, 0), 0);
    CHECK_EQ(recv(p[1], buf, 2, 0), 2);
    // The rest of a datagram is gone.
    CHECK_ERR(recv(p[1], buf, 100, MSG_DONTWAIT), EAGAIN);
}

TEST(truncation_is_told) {
    pair(SOCK_DGRAM);
    struct iovec iov = { buf, 2 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_EQ(send(p[0], "12345", 5, 0), 5);
    CHECK_EQ(recvmsg(p[1], &m, 0), 2);
    CHECK_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
    CHECK_EQ(send(p[0], "12345", 5, 0), 5);
    CHECK_EQ(recv(p[1], buf, 2, MSG_TRUNC), 5);
    CHECK_EQ(send(p[0], "12345", 5, 0), 5);
    CHECK_EQ(recv(p[1], buf, 2, MSG_PEEK | MSG_TRUNC), 5);
    CHECK_EQ(recv(p[1], buf, 10, 0), 5);
}

TEST(peek_leaves_data) {
    pair(SOCK_STREAM);
    CHECK_EQ(write(p[0], "abcdef", 6), 6);
    CHECK_EQ(recv(p[1], buf, 3, MSG_PEEK), 3);
    CHECK_EQ(recv(p[1], buf, 10, MSG_PEEK), 6);
    int n = 0;
    CHECK_OK(ioctl(p[1], FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_EQ(recv(p[1], buf, 10, 0), 6);
}

TEST(waitall) {
    pair(SOCK_STREAM);
    pid_t pid;
    FORK(pid) { write(p[0], "12", 2); sleep_ms(20); write(p[0], "345", 3); }
    CHECK_EQ(recv(p[1], buf, 5, MSG_WAITALL), 5);
    reap(pid);
}

TEST(seqpacket) {
    pair(SOCK_SEQPACKET);
    CHECK_EQ(send(p[0], "abc", 3, 0), 3);
    CHECK_EQ(send(p[0], "de", 2, 0), 2);
    struct iovec iov = { buf, 100 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_EQ(recvmsg(p[1], &m, 0), 3);
    CHECK_EQ(recv(p[1], buf, 1, 0), 1);
    CHECK_ERR(recv(p[1], buf, 1, MSG_DONTWAIT), EAGAIN);
    close(p[0]);
    CHECK_EQ(recv(p[1], buf, 1, 0), 0);
    CHECK_ERR(send(p[1], "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(message_size) {
    pair(SOCK_DGRAM);
    int size = 0;
    socklen_t n = sizeof size;
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, &n));
    char *big = calloc(1, size + 1000);
    CHECK_ERR(send(p[0], big, size + 1000, 0), EMSGSIZE);
    CHECK_EQ(send(p[0], big, 60000, 0), 60000);
    CHECK_EQ(recv(p[1], buf, sizeof buf, 0), 60000);
}

TEST(bind_listen_connect_accept) {
    int l = listener(SOCK_STREAM, "sock", 5), c = connected(SOCK_STREAM, "sock");
    struct sockaddr_un a;
    socklen_t n = sizeof a;
    int s = CHECK_OK(accept(l, (void *)&a, &n));
    CHECK_EQ(n, 2);
    CHECK_EQ(a.sun_family, AF_UNIX);
    CHECK_EQ(write(c, "hi", 2), 2);
    CHECK_EQ(read(s, buf, 10), 2);
    n = sizeof a;
    CHECK_OK(getpeername(c, (void *)&a, &n));
    CHECK_STR(a.sun_path, "sock");
    CHECK_EQ(n, 2 + 5);
    n = sizeof a;
    CHECK_OK(getsockname(s, (void *)&a, &n));
    CHECK_STR(a.sun_path, "sock");
    n = sizeof a;
    CHECK_OK(getsockname(c, (void *)&a, &n));
    CHECK_EQ(n, 2);
}

TEST(bind_makes_a_node) {
    bound(SOCK_STREAM, "sock");
    struct stat st;
    CHECK_OK(lstat("sock", &st));
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0755);
    CHECK_ERR(open("sock", O_RDWR), ENXIO);
    struct sockaddr_un a;
    socklen_t n = name(&a, "sock");
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(bind(s, (void *)&a, n), EADDRINUSE);
    CHECK_OK(unlink("sock"));
    CHECK_OK(bind(s, (void *)&a, n));
    n = name(&a, "second");
    CHECK_ERR(bind(s, (void *)&a, n), EINVAL);
}

TEST(bind_errors) {
    struct sockaddr_un a;
    socklen_t n = name(&a, "no/such/dir");
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(bind(s, (void *)&a, n), ENOENT);
    a.sun_family = AF_INET;
    CHECK_ERR(bind(s, (void *)&a, n), EINVAL);
    CHECK_ERR(bind(s, (void *)&a, 1), EINVAL);
    CHECK_ERR(bind(s, (void *)&a, sizeof a + 1), EINVAL);
    CHECK_ERR(syscall(SYS_bind, s, BAD, 10), EFAULT);
    CHECK_ERR(syscall(SYS_bind, s, &a, -1), EINVAL);
    CHECK_ERR(bind(CHECK_OK(open("/dev/null", O_RDWR)), (void *)&a, n), ENOTSOCK);
    CHECK_ERR(bind(200, (void *)&a, n), EBADF);
}

TEST(longest_path) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    // All 108 bytes used, no end of string.
    memset(a.sun_path, 'x', sizeof a.sun_path);
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(s, (void *)&a, sizeof a));
    char path[200];
    memset(path, 'x', 108);
    path[108] = 0;
    struct stat st;
    CHECK_OK(stat(path, &st));
}

TEST(connect_errors) {
    struct sockaddr_un a;
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    socklen_t n = name(&a, "missing");
    CHECK_ERR(connect(s, (void *)&a, n), ENOENT);
    write_file("plain", "x");
    n = name(&a, "plain");
    CHECK_ERR(connect(s, (void *)&a, n), ECONNREFUSED);
    bound(SOCK_STREAM, "idle");
    n = name(&a, "idle");
    CHECK_ERR(connect(s, (void *)&a, n), ECONNREFUSED);
    bound(SOCK_DGRAM, "dgram");
    n = name(&a, "dgram");
    CHECK_ERR(connect(s, (void *)&a, n), EPROTOTYPE);
    a.sun_family = AF_INET;
    CHECK_ERR(connect(s, (void *)&a, n), EINVAL);
    listener(SOCK_STREAM, "good", 5);
    n = name(&a, "good");
    CHECK_OK(connect(s, (void *)&a, n));
    CHECK_ERR(connect(s, (void *)&a, n), EISCONN);
}

TEST(connect_needs_write_permission) {
    listener(SOCK_STREAM, "sock", 5);
    CHECK_OK(chmod("sock", 0555));
    become_user();
    struct sockaddr_un a;
    socklen_t n = name(&a, "sock");
    CHECK_ERR(connect(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, n), EACCES);
}

TEST(backlog) {
    int l = listener(SOCK_STREAM, "sock", 1);
    struct sockaddr_un a;
    socklen_t n = name(&a, "sock");
    int made = 0, s;
    for (; made < 20; made++) {
        s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
        if (connect(s, (void *)&a, n)) break;
    }
    CHECK(errno == EAGAIN);
    CHECK_EQ(made, 2);
    CHECK_OK(accept(l, NULL, NULL));
    CHECK_OK(connect(s, (void *)&a, n));
}

TEST(listen_and_accept_errors) {
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), d = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_ERR(listen(s, 5), EINVAL);
    CHECK_ERR(listen(d, 5), EOPNOTSUPP);
    CHECK_ERR(accept(s, NULL, NULL), EINVAL);
    CHECK_ERR(accept(d, NULL, NULL), EOPNOTSUPP);
    int l = listener(SOCK_STREAM, "sock", 5);
    CHECK_OK(fcntl(l, F_SETFL, O_NONBLOCK));
    CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
    CHECK_ERR(accept4(l, NULL, NULL, 1), EINVAL);
    connected(SOCK_STREAM, "sock");
    int c = CHECK_OK(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(c, F_GETFL) & O_NONBLOCK);
    CHECK_ERR(read(l, buf, 1), EINVAL);
    CHECK_ERR(send(l, buf, 1, MSG_NOSIGNAL), ENOTCONN);
}

TEST(accept_blocks) {
    int l = listener(SOCK_STREAM, "sock", 5);
    pid_t pid;
    FORK(pid) { sleep_ms(40); connected(SOCK_STREAM, "sock"); }
    CHECK_OK(accept(l, NULL, NULL));
    reap(pid);
}

TEST(abstract_names) {
    struct sockaddr_un a, b;
    socklen_t n = abstract(&a, "x"), m = sizeof b;
    int l = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(l, (void *)&a, n));
    CHECK_OK(listen(l, 5));
    CHECK_OK(getsockname(l, (void *)&b, &m));
    CHECK_EQ(m, n);
    CHECK_MEM(b.sun_path, a.sun_path, n - 2);
    // The length is part of the name.
    CHECK_ERR(connect(c, (void *)&a, n + 1), ECONNREFUSED);
    CHECK_OK(connect(c, (void *)&a, n));
    int other = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(bind(other, (void *)&a, n), EADDRINUSE);
    close(l);
    CHECK_OK(bind(other, (void *)&a, n));
}

TEST(autobind) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_OK(bind(s, (void *)&a, 2));
    socklen_t n = sizeof a;
    CHECK_OK(getsockname(s, (void *)&a, &n));
    CHECK_EQ(n, 2 + 6);
    CHECK_EQ(a.sun_path[0], 0);
}

TEST(datagram_addresses) {
    int a = bound(SOCK_DGRAM, "a"), b = bound(SOCK_DGRAM, "b");
    struct sockaddr_un to, from;
    socklen_t n = name(&to, "b"), m = sizeof from;
    CHECK_EQ(sendto(a, "hi", 2, 0, (void *)&to, n), 2);
    CHECK_EQ(recvfrom(b, buf, 10, 0, (void *)&from, &m), 2);
    CHECK_STR(from.sun_path, "a");
    CHECK_EQ(m, 2 + 2);
    CHECK_ERR(send(a, "x", 1, 0), ENOTCONN);
    CHECK_OK(connect(a, (void *)&to, n));
    CHECK_EQ(send(a, "yo", 2, 0), 2);
    // A connected datagram socket hears only its peer.
    n = name(&to, "a");
    CHECK_EQ(sendto(b, "r", 1, 0, (void *)&to, n), 1);
    int c = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_ERR(sendto(c, "x", 1, 0, (void *)&to, n), EPERM);
    CHECK_OK(connect(a, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNSPEC }, 2));
    CHECK_ERR(send(a, "x", 1, 0), ENOTCONN);
}

TEST(datagram_to_the_dead) {
    int a = bound(SOCK_DGRAM, "a"), b = bound(SOCK_DGRAM, "b");
    struct sockaddr_un to;
    socklen_t n = name(&to, "b");
    CHECK_OK(connect(a, (void *)&to, n));
    close(b);
    CHECK_ERR(send(a, "x", 1, 0), ECONNREFUSED);
    CHECK_ERR(sendto(a, "x", 1, 0, (void *)&to, n), ECONNREFUSED);
}

TEST(full_queue_would_block) {
    pair(SOCK_STREAM);
    ssize_t n, total = 0;
    while ((n = send(p[0], buf, 65536, MSG_DONTWAIT)) > 0) total += n;
    CHECK(errno == EAGAIN);
    CHECK(total >= 65536);
    CHECK_EQ(poll_one(p[0], POLLOUT, 0), 0);
    while (total > 0) { n = read(p[1], buf, sizeof buf); CHECK(n > 0); total -= n; }
    CHECK_EQ(poll_one(p[0], POLLOUT, 1000), POLLOUT);
    pair(SOCK_DGRAM);
    while (send(p[0], buf, 10, MSG_DONTWAIT) > 0) { }
    CHECK(errno == EAGAIN);
}

TEST(gather_and_scatter) {
    pair(SOCK_STREAM);
    struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, in[2] = { { buf, 1 }, { buf + 10, 100 } };
    struct msghdr m = { .msg_iov = out, .msg_iovlen = 3 };
    CHECK_EQ(sendmsg(p[0], &m, 0), 5);
    m = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
    CHECK_EQ(recvmsg(p[1], &m, 0), 5);
    CHECK_EQ(buf[0], 'a');
    CHECK_MEM(buf + 10, "bcde", 4);
    m.msg_iovlen = 1025;
    CHECK_ERR(sendmsg(p[0], &m, 0), EMSGSIZE);
    m = (struct msghdr){ .msg_iov = (void *)BAD, .msg_iovlen = 1 };
    CHECK_ERR(sendmsg(p[0], &m, 0), EFAULT);
    CHECK_ERR(syscall(SYS_sendmsg, p[0], BAD, 0), EFAULT);
    CHECK_ERR(syscall(SYS_recvmsg, p[0], BAD, 0), EFAULT);
}

TEST(several_messages_in_one_call) {
    pair(SOCK_DGRAM);
    struct iovec out[3] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } }, in[4];
    struct mmsghdr m[4] = { 0 };
    for (int i = 0; i < 3; i++) m[i].msg_hdr = (struct msghdr){ .msg_iov = &out[i], .msg_iovlen = 1 };
    CHECK_EQ(sendmmsg(p[0], m, 3, 0), 3);
    CHECK_EQ(m[2].msg_len, 3);
    for (int i = 0; i < 4; i++) {
        in[i] = (struct iovec){ buf + i * 10, 10 };
        m[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
    }
    CHECK_EQ(recvmmsg(p[1], m, 4, MSG_DONTWAIT, NULL), 3);
    CHECK_EQ(m[1].msg_len, 2);
    CHECK_ERR(recvmmsg(p[1], m, 4, MSG_DONTWAIT, NULL), EAGAIN);
    CHECK_EQ(send(p[0], "z", 1, 0), 1);
    CHECK_EQ(recvmmsg(p[1], m, 4, MSG_WAITFORONE, NULL), 1);
}

// --- ancillary data ---

static long send_fds(int s, const int *fds, int n) {
    char room[CMSG_SPACE(sizeof(int) * 300)];
    struct iovec iov = { "f", 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){ CMSG_LEN(sizeof(int) * n), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    return sendmsg(s, &m, 0);
}
static int flags_seen;
static int recv_fds(int s, int *fds, int max, int flags) {
    char room[CMSG_SPACE(sizeof(int) * 300)];
    struct iovec iov = { buf, 100 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = max ? CMSG_LEN(sizeof(int) * max) : 0 };
    if (recvmsg(s, &m, flags) < 0) return -1;
    flags_seen = m.msg_flags;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_type != SCM_RIGHTS) return 0;
    int n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    return n;
}

TEST(descriptors_are_passed) {
    pair(SOCK_STREAM);
    int fds[2], got[4];
    CHECK_OK(pipe(fds));
    CHECK_EQ(send_fds(p[0], fds, 2), 1);
    CHECK_EQ(recv_fds(p[1], got, 4, MSG_CMSG_CLOEXEC), 2);
    CHECK(got[0] != fds[0] && got[1] != fds[1]);
    CHECK_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(got[1], "x", 1), 1);
    CHECK_EQ(read(fds[0], buf, 1), 1);
}

TEST(descriptor_in_flight_keeps_file_open) {
    pair(SOCK_STREAM);
    int fds[2], got;
    CHECK_OK(pipe(fds));
    CHECK_EQ(send_fds(p[0], &fds[1], 1), 1);
    close(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), 0);
    CHECK_EQ(recv_fds(p[1], &got, 1, 0), 1);
    close(got);
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), POLLHUP);
    // Dropped with the socket that holds the message.
    CHECK_OK(pipe(fds));
    CHECK_EQ(send_fds(p[0], &fds[1], 1), 1);
    close(fds[1]);
    close(p[0]);
    close(p[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 1000), POLLHUP);
}

TEST(too_little_room_for_descriptors) {
    pair(SOCK_STREAM);
    int fds[2], got[2];
    CHECK_OK(pipe(fds));
    CHECK_EQ(send_fds(p[0], fds, 2), 1);
    CHECK_EQ(recv_fds(p[1], got, 1, 0), 1);
    CHECK_EQ(flags_seen & MSG_CTRUNC, MSG_CTRUNC);
    CHECK_EQ(send_fds(p[0], fds, 2), 1);
    CHECK_EQ(recv_fds(p[1], got, 0, 0), 0);
    CHECK_EQ(flags_seen & MSG_CTRUNC, MSG_CTRUNC);
    CHECK_EQ(send_fds(p[0], fds, 1), 1);
    CHECK_EQ(read(p[1], buf, 10), 1);
}

TEST(descriptor_passing_errors) {
    pair(SOCK_STREAM);
    int bad = 200, many[254];
    for (int i = 0; i < 254; i++) many[i] = p[0];
    CHECK_ERR(send_fds(p[0], &bad, 1), EBADF);
    CHECK_ERR(send_fds(p[0], many, 254), EINVAL);
    CHECK_EQ(send_fds(p[0], many, 253), 1);
    int got[253];
    CHECK_EQ(recv_fds(p[1], got, 253, 0), 253);
    char room[CMSG_SPACE(4)];
    struct iovec iov = { "f", 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    *(struct cmsghdr *)room = (struct cmsghdr){ 5, SOL_SOCKET, SCM_RIGHTS };
    CHECK_ERR(sendmsg(p[0], &m, 0), EINVAL);
    *(struct cmsghdr *)room = (struct cmsghdr){ CMSG_LEN(4), SOL_SOCKET, 99 };
    CHECK_ERR(sendmsg(p[0], &m, 0), EINVAL);
    m.msg_control = (void *)BAD;
    CHECK_ERR(sendmsg(p[0], &m, 0), EFAULT);
}

TEST(descriptors_stop_a_stream_read) {
    pair(SOCK_STREAM);
    int got;
    CHECK_EQ(write(p[0], "before", 6), 6);
    CHECK_EQ(send_fds(p[0], &p[0], 1), 1);
    CHECK_EQ(write(p[0], "after", 5), 5);
    // What came before is joined to the message with descriptors, what comes after is not.
    CHECK_EQ(recv_fds(p[1], &got, 1, 0), 1);
    CHECK_MEM(buf, "beforef", 7);
    CHECK_EQ(read(p[1], buf, 100), 5);
}

TEST(socket_sent_over_itself_and_collected) {
    for (int i = 0; i < 50; i++) {
        pair(SOCK_STREAM);
        CHECK_EQ(send_fds(p[0], &p[1], 1), 1);
        CHECK_EQ(send_fds(p[1], &p[0], 1), 1);
        close(p[0]);
        close(p[1]);
    }
    pair(SOCK_STREAM);
    CHECK(p[1] < 60);
}

static int credentials(struct ucred *out) {
    char room[CMSG_SPACE(sizeof *out)];
    struct iovec iov = { buf, 100 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    if (recvmsg(p[1], &m, 0) < 0) return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_type != SCM_CREDENTIALS) return 0;
    memcpy(out, CMSG_DATA(c), sizeof *out);
    return 1;
}

TEST(credentials_are_passed) {
    struct ucred u;
    int one = 1;
    pair(SOCK_DGRAM);
    CHECK_EQ(send(p[0], "x", 1, 0), 1);
    CHECK_EQ(credentials(&u), 0);
    CHECK_OK(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
    pid_t pid;
    FORK(pid) send(p[0], "x", 1, 0);
    reap(pid);
    CHECK_EQ(credentials(&u), 1);
    CHECK_EQ(u.pid, pid);
    CHECK_EQ(u.uid, geteuid());
    CHECK_EQ(u.gid, getegid());
}

static long send_cred(pid_t pid, uid_t uid, gid_t gid) {
    char room[CMSG_SPACE(sizeof(struct ucred))];
    struct ucred u = { pid, uid, gid };
    struct iovec iov = { "c", 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){ CMSG_LEN(sizeof u), SOL_SOCKET, SCM_CREDENTIALS };
    memcpy(CMSG_DATA(c), &u, sizeof u);
    return sendmsg(p[0], &m, 0);
}

TEST(credentials_cannot_be_forged) {
    int one = 1;
    struct ucred u;
    become_user();
    pair(SOCK_DGRAM);
    CHECK_OK(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
    CHECK_EQ(send_cred(getpid(), getuid(), getgid()), 1);
    CHECK_EQ(credentials(&u), 1);
    CHECK_EQ(u.pid, getpid());
    CHECK_ERR(send_cred(getpid(), 0, getgid()), EPERM);
    CHECK_ERR(send_cred(getpid(), getuid(), 0), EPERM);
    CHECK_ERR(send_cred(getppid(), getuid(), getgid()), EPERM);
}

TEST(peer_credentials) {
    struct ucred u;
    socklen_t n = sizeof u;
    pair(SOCK_STREAM);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &u, &n));
    CHECK_EQ(u.pid, getpid());
    CHECK_EQ(u.uid, geteuid());
    int l = listener(SOCK_STREAM, "sock", 5);
    pid_t pid;
    int fds[2];
    CHECK_OK(pipe(fds));
    FORK(pid) { int c = connected(SOCK_STREAM, "sock"); CHECK(c > 0); get_byte(fds[0]); }
    int s = CHECK_OK(accept(l, NULL, NULL));
    CHECK_OK(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &n));
    CHECK_EQ(u.pid, pid);
    put_byte(fds[1]);
    reap(pid);
}

// --- options ---

TEST(options) {
    int v;
    socklen_t n = sizeof v;
    pair(SOCK_STREAM);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_TYPE, &v, &n));
    CHECK_EQ(v, SOCK_STREAM);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_DOMAIN, &v, &n));
    CHECK_EQ(v, AF_UNIX);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_PROTOCOL, &v, &n));
    CHECK_EQ(v, 0);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &v, &n));
    CHECK_EQ(v, 0);
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_ACCEPTCONN, &v, &n));
    CHECK_EQ(v, 0);
    v = 10000;
    CHECK_OK(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, n));
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, &n));
    CHECK_EQ(v, 20000);
    CHECK_ERR(getsockopt(p[0], SOL_SOCKET, 9999, &v, &n), ENOPROTOOPT);
    CHECK_ERR(setsockopt(p[0], SOL_SOCKET, 9999, &v, n), ENOPROTOOPT);
    CHECK_ERR(getsockopt(p[0], 6, 1, &v, &n), EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_getsockopt, p[0], SOL_SOCKET, SO_TYPE, BAD, &n), EFAULT);
    CHECK_ERR(syscall(SYS_getsockopt, p[0], SOL_SOCKET, SO_TYPE, &v, BAD), EFAULT);
    CHECK_ERR(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, 3), EINVAL);
    CHECK_ERR(syscall(SYS_setsockopt, p[0], SOL_SOCKET, SO_SNDBUF, BAD, 4), EFAULT);
}

TEST(receive_timeout) {
    struct timeval t = { 0, 60000 }, got;
    socklen_t n = sizeof got;
    pair(SOCK_STREAM);
    CHECK_OK(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    CHECK_OK(getsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &got, &n));
    CHECK_EQ(got.tv_usec, 60000);
    long long t0 = now_ns();
    CHECK_ERR(read(p[0], buf, 1), EAGAIN);
    CHECK(now_ns() - t0 >= 55 * MS);
}

TEST(outgoing_queue_size) {
    pair(SOCK_STREAM);
    int n = -1;
    CHECK_OK(ioctl(p[0], TIOCOUTQ, &n));
    CHECK_EQ(n, 0);
    CHECK_EQ(write(p[0], "abc", 3), 3);
    CHECK_OK(ioctl(p[0], TIOCOUTQ, &n));
    CHECK(n > 0);
    CHECK_ERR(ioctl(p[0], TCGETS, buf), ENOTTY);
}

TEST(seek_and_offsets_refused) {
    pair(SOCK_STREAM);
    CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERR(pread(p[0], buf, 1, 0), ESPIPE);
    CHECK_ERR(ftruncate(p[0], 0), EINVAL);
}

TEST(proc_net_unix_lists_names) {
    struct sockaddr_un a;
    socklen_t n = abstract(&a, "listed");
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(s, (void *)&a, n));
    a.sun_path[0] = '@';
    a.sun_path[n - 2] = 0;
    CHECK(strstr(read_file("/proc/net/unix"), a.sun_path) != NULL);
}

TEST(reset_before_packets_after_bytes) {
    int p[2];
    char c;
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
    CHECK_EQ(send(p[0], "x", 1, 0), 1);
    CHECK_EQ(send(p[1], "y", 1, 0), 1);
    CHECK_OK(close(p[0]));
    CHECK_ERR(recv(p[1], &c, 1, 0), ECONNRESET);
    CHECK_EQ(recv(p[1], &c, 1, 0), 1);
    CHECK_EQ(recv(p[1], &c, 1, 0), 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    CHECK_EQ(send(p[0], "x", 1, 0), 1);
    CHECK_EQ(send(p[1], "y", 1, 0), 1);
    CHECK_OK(close(p[0]));
    CHECK_EQ(recv(p[1], &c, 1, 0), 1);
    CHECK_ERR(recv(p[1], &c, 1, 0), ECONNRESET);
    CHECK_EQ(recv(p[1], &c, 1, 0), 0);
}

TEST(packets_are_not_marked_and_all_counted) {
    int p[2], n = 0;
    char text[16];
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
    CHECK_EQ(send(p[0], "hello", 5, MSG_EOR), 5);
    CHECK_EQ(send(p[0], "world", 5, 0), 5);
    CHECK_OK(ioctl(p[1], FIONREAD, &n));
    CHECK_EQ(n, 10);
    struct iovec iov = { text, sizeof text };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_EQ(recvmsg(p[1], &m, 0), 5);
    CHECK_EQ(m.msg_flags, 0);
}

TEST(datagrams_of_a_lost_peer_are_dropped) {
    int p[2];
    char c;
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p));
    CHECK_EQ(send(p[0], "x", 1, 0), 1);
    CHECK_OK(close(p[0]));
    CHECK_ERR(send(p[1], "y", 1, MSG_NOSIGNAL), ECONNREFUSED);
    CHECK_ERR(recv(p[1], &c, 1, 0), EAGAIN);
    CHECK_ERR(send(p[1], "y", 1, MSG_NOSIGNAL), ENOTCONN);
}

TEST(abstract_names_by_type) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(a.sun_path + 1, 40, "by-type-%d", getpid());
    int stream = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), packets = CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    CHECK_OK(bind(stream, (void *) &a, length));
    CHECK_OK(bind(packets, (void *) &a, length));
    CHECK_ERR(bind(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *) &a, length), EADDRINUSE);
    CHECK_OK(listen(packets, 1));
    CHECK_ERR(connect(CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), (void *) &a, length), ECONNREFUSED);
    CHECK_OK(connect(CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0)), (void *) &a, length));
}

TEST(reading_nothing_takes_no_datagram) {
    int p[2];
    char text[8];
    struct iovec none = { text, 0 };
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
    CHECK_EQ(read(p[1], text, 0), 0);
    CHECK_EQ(readv(p[1], &none, 1), 0);
    CHECK_EQ(send(p[0], "kept", 4, 0), 4);
    CHECK_EQ(read(p[1], text, 0), 0);
    CHECK_EQ(readv(p[1], &none, 1), 0);
    CHECK_EQ(recv(p[1], text, 8, MSG_DONTWAIT), 4);
    CHECK_EQ(writev(p[0], &none, 1), 0);
    CHECK_ERR(recv(p[1], text, 8, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(write(p[0], text, 0), 0);
    CHECK_EQ(recv(p[1], text, 8, MSG_DONTWAIT), 0);
}

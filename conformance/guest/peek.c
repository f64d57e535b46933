/* SO_PEEK_OFF of unix sockets (unix(7), socket(7)). */
#include "check.h"
#include <sys/socket.h>
#include <sys/uio.h>

static int peek_at;
static void peek_from(int fd, int offset) {
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset));
}

/* The bytes a peek of so many gives, as text; then the offset must be this. */
static const char *peek(int fd, size_t length, int then) {
    static char text[100];
    socklen_t size = sizeof peek_at;
    ssize_t n = CHECK_OK(recv(fd, text, length, MSG_PEEK | MSG_DONTWAIT));
    text[n] = 0;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &peek_at, &size));
    CHECK_EQ(peek_at, then);
    return text;
}

static void check_offset(int fd, int offset) {
    socklen_t size = sizeof peek_at;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &peek_at, &size));
    CHECK_EQ(size, sizeof(int));
    CHECK_EQ(peek_at, offset);
}

TEST(peek_offset_of_a_stream) {
    int p[2];
    char text[100];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    check_offset(p[0], -1);
    CHECK_EQ(write(p[1], "abcdef", 6), 6);
    CHECK_EQ(write(p[1], "ghij", 4), 4);
    peek_from(p[0], 0);
    CHECK_STR(peek(p[0], 2, 2), "ab");
    CHECK_STR(peek(p[0], 2, 4), "cd");
    CHECK_STR(peek(p[0], 50, 10), "efghij");
    CHECK_ERR(recv(p[0], text, 5, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    CHECK_ERR(recv(p[0], text, 0, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    check_offset(p[0], 10);
    /* What is taken moves it back, to 0 and not below. */
    CHECK_EQ(read(p[0], text, 3), 3);
    check_offset(p[0], 7);
    peek_from(p[0], 1);
    CHECK_STR(peek(p[0], 2, 3), "ef");
    CHECK_EQ(read(p[0], text, 4), 4);
    check_offset(p[0], 0);
    /* A negative one is none. */
    peek_from(p[0], -5);
    CHECK_STR(peek(p[0], 2, -5), "hi");
    CHECK_STR(peek(p[0], 2, -5), "hi");
    CHECK_EQ(read(p[0], text, 1), 1);
    check_offset(p[0], -5);
    peek_from(p[0], 100);
    CHECK_ERR(recv(p[0], text, 5, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    struct pollfd ready = { p[0], POLLIN, 0 };
    CHECK_EQ(poll(&ready, 1, 0), 1);
    CHECK_OK(shutdown(p[1], SHUT_WR));
    CHECK_EQ(recv(p[0], text, 5, MSG_PEEK), 0);
    peek_from(p[0], INT_MAX);
    CHECK_EQ(recv(p[0], text, 5, MSG_PEEK), 0);
    CHECK_ERR(setsockopt(p[0], SOL_SOCKET, SO_PEEK_OFF, text, 3), EINVAL);
}

TEST(peek_offset_across_the_buffer) {
    int p[2];
    static char sent[60000], got[60000];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    peek_from(p[0], 0);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof sent; i++)
            sent[i] = (char) (i * 7 + i / 256 + (size_t) round);
        CHECK_EQ(write(p[1], sent, sizeof sent), sizeof sent);
        for (size_t at = 0; at < sizeof sent; at += 7000) {
            size_t n = sizeof sent - at < 7000 ? sizeof sent - at : 7000;
            CHECK_EQ(recv(p[0], got, n, MSG_PEEK), n);
            CHECK_MEM(got, sent + at, n);
        }
        CHECK_EQ(recv(p[0], got, sizeof got, MSG_WAITALL), sizeof got);
        CHECK_MEM(got, sent, sizeof got);
        check_offset(p[0], 0);
    }
}

static void check_packets(int type) {
    int p[2];
    char text[100];
    CHECK_OK(socketpair(AF_UNIX, type, 0, p));
    CHECK_EQ(write(p[1], "abcdef", 6), 6);
    CHECK_EQ(write(p[1], "ghij", 4), 4);
    peek_from(p[0], 0);
    CHECK_STR(peek(p[0], 2, 2), "ab");
    CHECK_STR(peek(p[0], 2, 4), "cd");
    CHECK_STR(peek(p[0], 9, 6), "ef");
    CHECK_STR(peek(p[0], 9, 10), "ghij");
    CHECK_ERR(recv(p[0], text, 5, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    peek_from(p[0], 8);
    CHECK_EQ(recv(p[0], text, 1, MSG_PEEK | MSG_TRUNC), 2);
    check_offset(p[0], 9);
    peek_from(p[0], 1);
    struct iovec iov = { text, 5 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    CHECK_EQ(recvmsg(p[0], &m, MSG_PEEK), 5);
    CHECK_EQ(m.msg_flags, 0);
    peek_from(p[0], 1);
    iov.iov_len = 4;
    CHECK_EQ(recvmsg(p[0], &m, MSG_PEEK), 4);
    CHECK_EQ(m.msg_flags, MSG_TRUNC);
    /* One that is taken counts as a whole. */
    peek_from(p[0], 8);
    CHECK_EQ(recv(p[0], text, 3, 0), 3);
    check_offset(p[0], 2);
    CHECK_STR(peek(p[0], 9, 4), "ij");
    CHECK_EQ(recv(p[0], text, 9, 0), 4);
    check_offset(p[0], 0);
    /* Empty ones are seen once. */
    CHECK_EQ(write(p[1], "a", 1), 1);
    CHECK_EQ(write(p[1], "b", 1), 1);
    CHECK_EQ(write(p[1], "", 0), 0);
    CHECK_EQ(write(p[1], "c", 1), 1);
    CHECK_STR(peek(p[0], 9, 1), "a");
    CHECK_STR(peek(p[0], 9, 2), "b");
    CHECK_STR(peek(p[0], 9, 2), "");
    CHECK_STR(peek(p[0], 9, 3), "c");
    CHECK_ERR(recv(p[0], text, 5, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    peek_from(p[0], 2);
    CHECK_STR(peek(p[0], 9, 3), "c");
    peek_from(p[0], -1);
    CHECK_STR(peek(p[0], 9, -1), "a");
}

TEST(peek_offset_of_datagrams) { check_packets(SOCK_DGRAM); }
TEST(peek_offset_of_packets) { check_packets(SOCK_SEQPACKET); }

/* Peeks behind the end wait until there is something at that place. */
TEST(peek_offset_waits) {
    int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, p[2];
    char text[10];
    for (int i = 0; i < 3; i++) {
        CHECK_OK(socketpair(AF_UNIX, types[i], 0, p));
        CHECK_EQ(write(p[1], "abc", 3), 3);
        peek_from(p[0], 7);
        pid_t child = SPAWN({
            sleep_ms(20);
            CHECK_EQ(write(p[1], "def", 3), 3);
            sleep_ms(20);
            CHECK_EQ(write(p[1], "ghij", 4), 4);
        });
        CHECK_EQ(recv(p[0], text, 10, MSG_PEEK), 3);
        CHECK_MEM(text, "hij", 3);
        check_offset(p[0], 10);
        WAIT(child);
    }
}

TEST(peek_offset_and_files) {
    int p[2], sent = CHECK_OK(dup(0));
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    struct iovec iov = { "xy", 2 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    control.header = (struct cmsghdr) { CMSG_LEN(sizeof sent), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), &sent, sizeof sent);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(sendmsg(p[1], &m, 0), 2);
    CHECK_EQ(write(p[1], "def", 3), 3);
    /* The bytes at each offset, and whether the file comes with them. */
    static const char *text[] = { "bcxy", "xy", "y", "def", "f" };
    static const int from[] = { 1, 3, 4, 5, 7 }, has[] = { 1, 1, 1, 0, 0 };
    for (int i = 0; i < 5; i++) {
        char got[20] = "";
        iov = (struct iovec) { got, sizeof got - 1 };
        m.msg_controllen = sizeof control;
        peek_from(p[0], from[i]);
        CHECK_EQ(recvmsg(p[0], &m, MSG_PEEK | MSG_CMSG_CLOEXEC), strlen(text[i]));
        CHECK_STR(got, text[i]);
        check_offset(p[0], from[i] + (int) strlen(text[i]));
        CHECK_EQ(m.msg_controllen != 0, has[i]);
        if (has[i]) {
            int fd;
            memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
            CHECK_OK(close(fd));
        }
    }
}

TEST(receiving_nothing_waits) {
    int p[2];
    char c;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    CHECK_ERR(recv(p[0], &c, 0, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(read(p[0], &c, 0), 0);
    CHECK_EQ(write(p[1], "a", 1), 1);
    CHECK_EQ(recv(p[0], &c, 0, MSG_DONTWAIT), 0);
    CHECK_EQ(recv(p[0], &c, 1, MSG_DONTWAIT), 1);
}

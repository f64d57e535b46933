/* The flags of preadv2(2) and pwritev2(2). */
#include "check.h"
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#define UNKNOWN 0x40000000

static char bytes[64];
static ssize_t in(int fd, size_t length, off_t position, int flags) {
    struct iovec v = { bytes, length };
    return preadv2(fd, &v, 1, position, flags);
}
static ssize_t out(int fd, const char *text, off_t position, int flags) {
    struct iovec v = { (char *) text, strlen(text) };
    return pwritev2(fd, &v, 1, position, flags);
}

/* Some kernels do not know RWF_NOAPPEND. */
static bool knows_noappend(int fd) {
    return out(fd, "", 0, RWF_NOAPPEND) == 0 && out(fd, "0", 0, RWF_NOAPPEND) == 1;
}

TEST(append_and_its_position) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    /* At the end, whatever the position, which stays. */
    CHECK_EQ(out(fd, "abc", 1, RWF_APPEND), 3);
    CHECK_STR(read_file("f"), "0123456789abc");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    /* Without a position it goes to the end. */
    CHECK_EQ(out(fd, "def", -1, RWF_APPEND), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 16);
    CHECK_STR(read_file("f"), "0123456789abcdef");
    struct iovec two[2] = { { "gh", 2 }, { "ij", 2 } };
    CHECK_EQ(pwritev2(fd, two, 2, 0, RWF_APPEND), 4);
    CHECK_STR(read_file("f"), "0123456789abcdefghij");
    CHECK_EQ(fcntl(fd, F_GETFL) & O_APPEND, 0);
    CHECK_EQ(pwrite(fd, "X", 1, 0), 1);
    CHECK_STR(read_file("f"), "X123456789abcdefghij");
    /* Reads take it, and nothing comes of it. */
    CHECK_EQ(in(fd, 3, 1, RWF_APPEND), 3);
    CHECK_MEM(bytes, "123", 3);
}

TEST(noappend) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR | O_APPEND, 0600));
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    if (!knows_noappend(fd))
        SKIP("kernel before 6.9");
    CHECK_EQ(out(fd, "abc", 1, RWF_NOAPPEND), 3);
    CHECK_STR(read_file("f"), "0abc456789");
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
    CHECK_EQ(out(fd, "de", -1, RWF_NOAPPEND | RWF_DSYNC), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
    CHECK_STR(read_file("f"), "0abc4de789");
    CHECK(fcntl(fd, F_GETFL) & O_APPEND);
    CHECK_EQ(out(fd, "Z", 1, 0), 1);
    CHECK_STR(read_file("f"), "0abc4de789Z");
    CHECK_ERR(out(fd, "Z", 1, RWF_NOAPPEND | RWF_APPEND), EINVAL);
    CHECK_ERR(in(fd, 1, 1, RWF_NOAPPEND | RWF_APPEND), EINVAL);
}

TEST(durable_writes) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    CHECK_EQ(out(fd, "abc", 0, RWF_SYNC), 3);
    CHECK_EQ(out(fd, "def", -1, RWF_DSYNC | RWF_HIPRI), 3);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC), 0);
    CHECK_EQ(in(fd, 3, 0, RWF_SYNC | RWF_DSYNC | RWF_HIPRI), 3);
    CHECK_MEM(bytes, "def", 3);
}

TEST(nowait_waits_for_nobody) {
    int p[2], s[2], fds[6];
    CHECK_OK(pipe(p));
    CHECK_ERR(in(p[0], 1, -1, RWF_NOWAIT), EAGAIN);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(in(p[0], 2, -1, RWF_NOWAIT), 2);
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    while (write(p[1], bytes, sizeof bytes) > 0) { }
    while (write(p[1], bytes, 1) > 0) { }
    fcntl(p[1], F_SETFL, 0);
    CHECK_ERR(out(p[1], "a", -1, RWF_NOWAIT), EAGAIN);
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        CHECK_OK(socketpair(AF_UNIX, type, 0, s));
        CHECK_ERR(in(s[0], 1, -1, RWF_NOWAIT), EAGAIN);
        CHECK_EQ(out(s[1], "abc", -1, RWF_NOWAIT), 3);
        CHECK_EQ(in(s[0], 3, -1, RWF_NOWAIT), 3);
        while (out(s[1], "0123456789012345678901234567890123456789012345678901234567890123456789", -1, RWF_NOWAIT) > 0) { }
        CHECK_EQ(errno, EAGAIN);
    }
    fds[0] = CHECK_OK(eventfd(0, 0));
    fds[1] = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    for (int i = 0; i < 2; i++)
        CHECK_ERR(in(fds[i], 8, -1, RWF_NOWAIT), EAGAIN);
    int zero = CHECK_OK(open("/dev/zero", O_RDWR));
    CHECK_EQ(in(zero, 8, -1, RWF_NOWAIT), 8);
    CHECK_EQ(out(zero, "a", -1, RWF_NOWAIT), 1);
}

/* Not everything can promise not to wait. */
TEST(nowait_is_refused) {
    int fd = CHECK_OK(memfd_create("m", 0)), master, slave;
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_ERR(in(fd, 3, 0, RWF_NOWAIT), EOPNOTSUPP);
    CHECK_ERR(out(fd, "a", 0, RWF_NOWAIT), EOPNOTSUPP);
    fd = CHECK_OK(open("/sys/devices/system/cpu/online", O_RDONLY));
    CHECK_ERR(in(fd, 3, 0, RWF_NOWAIT), EOPNOTSUPP);
    fd = CHECK_OK(open("/proc/self/stat", O_RDONLY));
    CHECK_ERR(in(fd, 3, 0, RWF_NOWAIT), EOPNOTSUPP);
    CHECK_OK(openpty(&master, &slave, NULL, NULL, NULL));
    CHECK_ERR(in(slave, 3, -1, RWF_NOWAIT), EOPNOTSUPP);
    CHECK_ERR(out(slave, "abc", -1, RWF_NOWAIT), EOPNOTSUPP);
    fd = CHECK_OK(inotify_init1(0));
    CHECK_ERR(in(fd, 64, -1, RWF_NOWAIT), EOPNOTSUPP);
    CHECK_ERR(in(fd, 64, -1, RWF_DSYNC), EOPNOTSUPP);
    fd = CHECK_OK(eventfd(0, 0));
    CHECK_ERR(out(fd, "12345678", -1, RWF_NOWAIT), EOPNOTSUPP);
    CHECK_ERR(out(fd, "12345678", -1, RWF_DSYNC), EOPNOTSUPP);
    CHECK_EQ(out(fd, "1234567\1", -1, RWF_HIPRI), 8);
}

TEST(order_of_errors) {
    int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0600)), p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(out(fd, "a", 0, UNKNOWN), EOPNOTSUPP);
    CHECK_ERR(out(fd, "a", -1, UNKNOWN), EOPNOTSUPP);
    CHECK_ERR(out(99, "a", 0, UNKNOWN), EBADF);
    CHECK_ERR(in(fd, 1, 0, UNKNOWN), EBADF);
    CHECK_ERR(out(99, "a", -2, UNKNOWN), EINVAL);
    CHECK_ERR(out(p[1], "a", 0, UNKNOWN), ESPIPE);
    struct iovec v = { (void *) -1, 1 };
    CHECK_ERR(pwritev2(fd, &v, 1, 0, UNKNOWN), EFAULT);
    CHECK_ERR(pwritev2(fd, BAD, 1, 0, UNKNOWN), EFAULT);
    CHECK_ERR(pwritev2(fd, &v, 2000, 0, UNKNOWN), EINVAL);
    /* Nothing to do: nobody looks at the flags. */
    CHECK_EQ(out(fd, "", 0, UNKNOWN), 0);
    CHECK_EQ(pwritev2(fd, &v, 0, 0, UNKNOWN), 0);
}

TEST(append_within_the_limit) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    struct rlimit limit = { 10, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ(write(fd, "01234567", 8), 8);
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
    CHECK_EQ(out(fd, "abc", 0, RWF_APPEND), 2);
    CHECK_ERR(out(fd, "abc", 0, RWF_APPEND), EFBIG);
    CHECK_STR(read_file("f"), "01234567ab");
}

/* Flags are of one call: what others do with the same description meanwhile is as it was opened. */
struct writer { int fd; volatile bool ends; };
static void *append_thread(void *argument) {
    struct writer *w = argument;
    while (!w->ends)
        CHECK_EQ(out(w->fd, "a", 0, RWF_APPEND | RWF_SYNC), 1);
    return NULL;
}

TEST(flags_are_of_one_call) {
    struct writer w = { (int) CHECK_OK(open("f", O_CREAT | O_RDWR, 0600)), false };
    pthread_t threads[2];
    CHECK_EQ(write(w.fd, "0123456789", 10), 10);
    for (int i = 0; i < 2; i++)
        CHECK_RC(pthread_create(&threads[i], NULL, append_thread, &w), 0);
    for (int i = 0; i < 300; i++) {
        char c = (char) ('0' + i % 10);
        CHECK_EQ(pwrite(w.fd, &c, 1, 3), 1);
        CHECK_EQ(pread(w.fd, bytes, 1, 3), 1);
        CHECK_EQ(bytes[0], c);
        CHECK_EQ(fcntl(w.fd, F_GETFL) & (O_APPEND | O_SYNC), 0);
    }
    struct stat st;
    do
        CHECK_OK(fstat(w.fd, &st));
    while (st.st_size < 12);
    w.ends = true;
    for (int i = 0; i < 2; i++)
        CHECK_RC(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(pread(w.fd, bytes, 12, 0), 12);
    CHECK_MEM(bytes, "0129456789aa", 12);
}

/* read(2), write(2), pread(2), readv(2), preadv2(2), lseek(2). */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

static int file_with(const char *text) {
    write_file("f", text);
    return (int) CHECK_OK(open("f", O_RDWR));
}

TEST(read_to_the_end) {
    int fd = file_with("abcdef");
    char text[10] = "";
    CHECK_EQ(read(fd, text, 4), 4);
    CHECK_STR(text, "abcd");
    CHECK_EQ(read(fd, text, sizeof text), 2);
    CHECK_EQ(read(fd, text, sizeof text), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
}

TEST(read_bad_descriptor) {
    char c;
    CHECK_ERR(read(-1, &c, 1), EBADF);
    CHECK_ERR(read(99, &c, 1), EBADF);
    CHECK_ERR(write(99, &c, 1), EBADF);
    CHECK_ERR(pread(99, &c, 1, 0), EBADF);
    CHECK_ERR(pwrite(99, &c, 1, 0), EBADF);
    CHECK_ERR(read(99, BAD, 0), EBADF);
}

TEST(read_bad_buffer) {
    int fd = file_with("abcdef");
    CHECK_ERR(read(fd, BAD, 4), EFAULT);
    CHECK_ERR(read(fd, NULL, 4), EFAULT);
    CHECK_ERR(read(fd, (void *) -8L, 4), EFAULT);
    CHECK_ERR(read(fd, (void *) 0xffff800000000000L, 4), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(read(fd, BAD, 0), 0);
}

TEST(write_bad_buffer) {
    int fd = file_with("");
    CHECK_ERR(write(fd, BAD, 4), EFAULT);
    CHECK_ERR(write(fd, NULL, 4), EFAULT);
    CHECK_EQ(write(fd, BAD, 0), 0);
    CHECK_STR(read_file("f"), "");
}

TEST(buffer_at_page_end) {
    int fd = file_with("0123456789");
    char *end = page_end("..........", 10);
    CHECK_EQ(read(fd, end, 10), 10);
    CHECK_MEM(end, "0123456789", 10);
    CHECK_EQ(pwrite(fd, end, 10, 10), 10);
    CHECK_STR(read_file("f"), "01234567890123456789");
}

TEST(huge_counts) {
    int fd = file_with("abc");
    char *room = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(read(fd, room, 1 << 16), 3);
    CHECK_ERR(pread(fd, room, (size_t) -1, 0), EFAULT);
    CHECK_ERR(pread(fd, room, (size_t) 1 << 63, 0), EFAULT);
    /* read(2): at most 0x7ffff000 bytes are transferred. */
    int zero = CHECK_OK(open("/dev/zero", O_RDONLY)), null = CHECK_OK(open("/dev/null", O_WRONLY));
    CHECK_EQ(write(null, room, 0x7ffff000L + 5000), 0x7ffff000L);
    CHECK_OK(close(zero));
}

TEST(read_directory) {
    int fd = CHECK_OK(open(".", O_RDONLY));
    char c;
    CHECK_ERR(read(fd, &c, 1), EISDIR);
    CHECK_ERR(pread(fd, &c, 1, 0), EISDIR);
}

TEST(pread_pwrite_keep_offset) {
    int fd = file_with("abcdef");
    char text[4] = "";
    CHECK_EQ(pread(fd, text, 3, 2), 3);
    CHECK_STR(text, "cde");
    CHECK_EQ(pwrite(fd, "ZZ", 2, 5), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_STR(read_file("f"), "abcdeZZ");
    CHECK_EQ(pread(fd, text, 3, 100), 0);
    CHECK_ERR(pread(fd, text, 3, -1), EINVAL);
    CHECK_ERR(pwrite(fd, text, 3, -1), EINVAL);
}

TEST(pread_on_a_pipe) {
    int p[2];
    char c;
    CHECK_OK(pipe(p));
    CHECK_ERR(pread(p[0], &c, 1, 0), ESPIPE);
    CHECK_ERR(pwrite(p[1], &c, 1, 0), ESPIPE);
    CHECK_ERR(lseek(p[0], 0, SEEK_CUR), ESPIPE);
}

TEST(write_past_the_end_leaves_zeros) {
    int fd = file_with("ab");
    CHECK_EQ(pwrite(fd, "z", 1, 9000), 1);
    char bytes[10];
    CHECK_EQ(pread(fd, bytes, 10, 2), 10);
    CHECK_MEM(bytes, "\0\0\0\0\0\0\0\0\0\0", 10);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 9001);
}

TEST(file_size_limit) {
    int fd = file_with("");
    struct rlimit limit = { 10, 10 };
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
    CHECK_EQ(write(fd, "0123456789abcdef", 16), 10);
    CHECK_ERR(write(fd, "x", 1), EFBIG);
    CHECK_ERR(ftruncate(fd, 11), EFBIG);
    CHECK_KILLED(CHILD({
        signal(SIGXFSZ, SIG_DFL);
        if (write(fd, "x", 1) < 0) { }
    }), SIGXFSZ);
    limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
}

TEST(full_device) {
    int fd = CHECK_OK(open("/dev/full", O_RDWR));
    CHECK_ERR(write(fd, "x", 1), ENOSPC);
    char c = 1;
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 0);
}

TEST(readv_scatter) {
    int fd = file_with("abcdefghij");
    char a[3] = "", b[4] = "", c[9] = "";
    struct iovec iov[3] = { { a, 2 }, { b, 3 }, { c, 8 } };
    CHECK_EQ(readv(fd, iov, 3), 10);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "cde");
    CHECK_STR(c, "fghij");
    CHECK_EQ(readv(fd, iov, 3), 0);
}

TEST(writev_gather) {
    int fd = file_with("");
    struct iovec iov[4] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 }, { "f", 1 } };
    CHECK_EQ(writev(fd, iov, 4), 6);
    CHECK_STR(read_file("f"), "abcdef");
    CHECK_EQ(writev(fd, iov, 0), 0);
}

TEST(iovec_errors) {
    int fd = file_with("abcdef");
    char c[8];
    struct iovec good = { c, 4 }, negative = { c, (size_t) -1 };
    struct iovec sum[2] = { { c, SSIZE_MAX }, { c, SSIZE_MAX } };
    CHECK_ERR(readv(fd, &good, -1), EINVAL);
    CHECK_ERR(readv(fd, &good, 1025), EINVAL);
    CHECK_ERR(readv(fd, BAD, 1), EFAULT);
    CHECK_ERR(readv(fd, &negative, 1), EINVAL);
    CHECK_ERR(writev(fd, &negative, 1), EINVAL);
    /* Entries are cut so that the sum fits (man readv says EINVAL; the kernel caps at MAX_RW_COUNT). */
    CHECK_ERR(readv(99, sum, 2), EBADF);
    CHECK_ERR(writev(99, &good, 1), EBADF);
    CHECK_EQ(readv(fd, BAD, 0), 0);
    struct iovec bad = { BAD, 4 };
    CHECK_ERR(readv(fd, &bad, 1), EFAULT);
    CHECK_ERR(writev(fd, &bad, 1), EFAULT);
}

TEST(many_iovecs) {
    int fd = file_with("");
    static struct iovec iov[1024];
    static char bytes[1024];
    for (int i = 0; i < 1024; i++) {
        bytes[i] = (char) ('a' + i % 26);
        iov[i] = (struct iovec) { bytes + i, 1 };
    }
    CHECK_EQ(writev(fd, iov, 1024), 1024);
    CHECK_MEM(read_file("f"), bytes, 1024);
}

TEST(partial_fault_in_iovec) {
    /* What was read before the bad part counts. */
    int fd = file_with("abcdef");
    char a[4] = "";
    struct iovec iov[2] = { { a, 3 }, { BAD, 3 } };
    CHECK_EQ(readv(fd, iov, 2), 3);
    CHECK_STR(a, "abc");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
}

TEST(partial_fault_in_read) {
    int fd = file_with("");
    char *bytes = malloc(8192);
    memset(bytes, 'k', 8192);
    CHECK_EQ(write(fd, bytes, 8192), 8192);
    char *end = page_end(NULL, 4096);
    ssize_t got = pread(fd, end, 8192, 0);
    CHECK(got == 4096 || (got == -1 && errno == EFAULT));
    if (got == 4096)
        CHECK_MEM(end, bytes, 4096);
}

TEST(preadv_pwritev) {
    int fd = file_with("0123456789");
    char a[3] = "", b[3] = "";
    struct iovec iov[2] = { { a, 2 }, { b, 2 } };
    CHECK_EQ(preadv(fd, iov, 2, 3), 4);
    CHECK_STR(a, "34");
    CHECK_STR(b, "56");
    CHECK_EQ(pwritev(fd, iov, 2, 8), 4);
    CHECK_STR(read_file("f"), "012345673456");
    CHECK_ERR(preadv(fd, iov, 2, -1), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(preadv(p[0], iov, 2, 0), ESPIPE);
}

TEST(preadv2_flags) {
    int fd = file_with("0123456789");
    char a[4] = "";
    struct iovec iov = { a, 3 };
    CHECK_EQ(preadv2(fd, &iov, 1, 5, 0), 3);
    CHECK_STR(a, "567");
    CHECK_EQ(preadv2(fd, &iov, 1, -1, 0), 3);
    CHECK_STR(a, "012");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
    CHECK_EQ(pwritev2(fd, &iov, 1, 0, RWF_APPEND), 3);
    CHECK_STR(read_file("f"), "0123456789012");
    CHECK_EQ(pwritev2(fd, &iov, 1, 0, RWF_DSYNC), 3);
    CHECK_ERR(preadv2(fd, &iov, 1, 0, 0x40000000), EOPNOTSUPP);
    CHECK_ERR(preadv2(fd, &iov, 1, -2, 0), EINVAL);
    ssize_t got = preadv2(fd, &iov, 1, 0, RWF_NOWAIT);
    CHECK(got == 3 || (got == -1 && (errno == EAGAIN || errno == EOPNOTSUPP)));
}

TEST(lseek_positions) {
    int fd = file_with("abcdef");
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    CHECK_EQ(lseek(fd, 3, SEEK_CUR), 5);
    CHECK_EQ(lseek(fd, -1, SEEK_CUR), 4);
    CHECK_EQ(lseek(fd, -2, SEEK_END), 4);
    CHECK_EQ(lseek(fd, 100, SEEK_END), 106);
    char c;
    CHECK_EQ(read(fd, &c, 1), 0);
}

TEST(lseek_errors) {
    int fd = file_with("abcdef");
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERR(lseek(fd, -7, SEEK_END), EINVAL);
    CHECK_ERR(lseek(fd, 0, 99), EINVAL);
    CHECK_ERR(lseek(fd, 0, -1), EINVAL);
    CHECK_ERR(lseek(99, 0, SEEK_SET), EBADF);
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_ERR2(lseek(fd, INT64_MAX, SEEK_CUR), EOVERFLOW, EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
}

TEST(lseek_data_and_hole) {
    int fd = file_with("");
    CHECK_OK(ftruncate(fd, 1 << 20));
    CHECK_EQ(pwrite(fd, "data", 4, 512 << 10), 4);
    off_t data = lseek(fd, 0, SEEK_DATA), hole;
    /* A filesystem may also report no holes at all. */
    CHECK(data == 512 << 10 || data == 0);
    hole = CHECK_OK(lseek(fd, data, SEEK_HOLE));
    CHECK(hole > data && hole <= 1 << 20);
    CHECK_ERR(lseek(fd, 1 << 20, SEEK_DATA), ENXIO);
    CHECK_ERR(lseek(fd, 1 << 20, SEEK_HOLE), ENXIO);
    CHECK_ERR(lseek(fd, -1, SEEK_HOLE), ENXIO);
    CHECK_EQ(lseek(fd, (1 << 20) - 1, SEEK_HOLE) >= (1 << 20) - 1, 1);
}

TEST(lseek_data_of_a_dense_file) {
    int fd = file_with("abcdef");
    CHECK_EQ(lseek(fd, 2, SEEK_DATA), 2);
    CHECK_EQ(lseek(fd, 2, SEEK_HOLE), 6);
    CHECK_ERR(lseek(fd, 6, SEEK_DATA), ENXIO);
}

TEST(large_offsets) {
    int fd = file_with("");
    off_t far = 5L << 30;
    CHECK_EQ(pwrite(fd, "end", 3, far), 3);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, far + 3);
    CHECK(st.st_blocks < 1024);
    char c[4] = "";
    CHECK_EQ(pread(fd, c, 3, far), 3);
    CHECK_STR(c, "end");
    CHECK_EQ(pread(fd, c, 3, far - 100), 3);
    CHECK_MEM(c, "\0\0\0", 3);
}

TEST(append_is_atomic_between_processes) {
    int fd = CHECK_OK(open("log", O_CREAT | O_WRONLY | O_APPEND, 0600));
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = SPAWN({
            char line[11];
            memset(line, 'a' + i, 10);
            line[9] = '\n';
            for (int n = 0; n < 200; n++)
                CHECK_EQ(write(fd, line, 10), 10);
        });
    for (int i = 0; i < 4; i++)
        WAIT(children[i]);
    char *text = read_file("log");
    CHECK_EQ(strlen(text), 8000);
    for (int at = 0; at < 8000; at += 10)
        for (int i = 1; i < 9; i++)
            CHECK_EQ(text[at + i], text[at]);
}

TEST(shared_offset_between_processes) {
    int fd = file_with("");
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = SPAWN({
            for (int n = 0; n < 200; n++)
                CHECK_EQ(write(fd, "xxxxxxxxxx", 10), 10);
        });
    for (int i = 0; i < 4; i++)
        WAIT(children[i]);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8000);
}

TEST(big_transfer) {
    int fd = file_with("");
    size_t length = 3 << 20;
    unsigned *out = malloc(length), *in = malloc(length);
    for (size_t i = 0; i < length / 4; i++)
        out[i] = (unsigned) (i * 2654435761u);
    CHECK_EQ(write(fd, out, length), length);
    CHECK_EQ(pread(fd, in, length, 0), length);
    CHECK_MEM(in, out, length);
    CHECK_EQ(pread(fd, in, 5000, 1234567 * 2), 5000 > length - 2469134 ? length - 2469134 : 5000);
    CHECK_MEM(in, (char *) out + 2469134, 5000);
}

TEST(null_and_zero) {
    int null = CHECK_OK(open("/dev/null", O_RDWR)), zero = CHECK_OK(open("/dev/zero", O_RDWR));
    char bytes[64];
    memset(bytes, 1, sizeof bytes);
    CHECK_EQ(read(null, bytes, 64), 0);
    CHECK_EQ(write(null, bytes, 64), 64);
    CHECK_EQ(read(zero, bytes, 64), 64);
    for (int i = 0; i < 64; i++)
        CHECK_EQ(bytes[i], 0);
    CHECK_EQ(write(zero, bytes, 64), 64);
}

TEST(random_devices) {
    unsigned char a[64], b[64];
    int fd = CHECK_OK(open("/dev/urandom", O_RDONLY));
    CHECK_EQ(read(fd, a, 64), 64);
    CHECK_EQ(read(fd, b, 64), 64);
    CHECK(memcmp(a, b, 64) != 0);
    fd = CHECK_OK(open("/dev/random", O_RDONLY));
    CHECK_EQ(read(fd, a, 64), 64);
    CHECK_EQ(syscall(SYS_getrandom, a, 64, 0), 64);
    CHECK_ERR(syscall(SYS_getrandom, a, 64, 0x100), EINVAL);
    CHECK_ERR(syscall(SYS_getrandom, BAD, 64, 0), EFAULT);
    CHECK_ERR(read(fd, BAD, 64), EFAULT);
}

TEST(fsync_family) {
    int fd = file_with("x"), p[2];
    CHECK_OK(fsync(fd));
    CHECK_OK(fdatasync(fd));
    CHECK_OK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
    CHECK_ERR(sync_file_range(fd, 0, 0, 0x100), EINVAL);
    CHECK_OK(syncfs(fd));
    CHECK_ERR(fsync(99), EBADF);
    CHECK_ERR(fdatasync(99), EBADF);
    CHECK_OK(pipe(p));
    CHECK_ERR(fsync(p[0]), EINVAL);
    CHECK_OK(fsync(CHECK_OK(open(".", O_RDONLY))));
}

TEST(readahead_and_fadvise) {
    int fd = file_with("abc"), p[2];
    CHECK_RC(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    CHECK_RC(posix_fadvise(fd, 0, 0, 42), EINVAL);
    CHECK_RC(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL), EBADF);
    CHECK_OK(pipe(p));
    CHECK_RC(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
    CHECK_OK(readahead(fd, 0, 3));
    CHECK_ERR(readahead(99, 0, 3), EBADF);
    CHECK_ERR(readahead(p[0], 0, 3), EINVAL);
}

TEST(fionread_of_a_file) {
    int fd = file_with("abcdef"), left = -1;
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, 4);
    CHECK_ERR(ioctl(fd, FIONREAD, BAD), EFAULT);
    CHECK_ERR(ioctl(fd, TIOCGWINSZ, BAD), ENOTTY);
    CHECK_ERR(ioctl(99, FIONREAD, &left), EBADF);
}

TEST(write_clears_setuid) {
    int fd = file_with("x");
    CHECK_OK(fchmod(fd, 06755));
    WAIT(SPAWN({
        become_user();
        if (write(fd, "y", 1) < 0) { }
    }));
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 07777, geteuid() == 0 ? 0755 : 0755);
}

TEST(mtime_moves_on_write) {
    int fd = file_with("x");
    struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
    CHECK_OK(futimens(fd, old));
    struct stat st;
    CHECK_EQ(write(fd, "y", 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_mtim.tv_sec > 1000);
    CHECK_EQ(st.st_atim.tv_sec, 1000);
}

TEST(poll_of_a_file) {
    int fd = file_with("x");
    struct pollfd one = { fd, POLLIN | POLLOUT | POLLPRI, 0 };
    CHECK_EQ(poll(&one, 1, 0), 1);
    CHECK_EQ(one.revents, POLLIN | POLLOUT);
}

TEST(vectors_of_nothing_ask_no_file) {
    char c;
    struct iovec none[2] = { { &c, 0 }, { &c, 0 } };
    int dir = CHECK_OK(open(".", O_RDONLY)), counter = CHECK_OK(syscall(SYS_eventfd2, 0, 0));
    CHECK_EQ(readv(dir, none, 1), 0);
    CHECK_EQ(readv(counter, none, 2), 0);
    CHECK_EQ(writev(counter, none, 1), 0);
    CHECK_ERR(writev(dir, none, 1), EBADF);
}

TEST(write_life_hint_of_any_file) {
    unsigned long long hint = 9;
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(fcntl(p[0], 1035 /* F_GET_RW_HINT */, &hint));
    CHECK_EQ(hint, 0);
    CHECK_ERR(fcntl(p[0], 1035, (void *) 1), EFAULT);
    CHECK_ERR(fcntl(p[0], 1037 /* F_GET_FILE_RW_HINT, until Linux 5.17 */, &hint), EINVAL);
}

TEST(write_life_hints) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), other = CHECK_OK(open("f", O_RDONLY));
    uint64_t hint = 3;
    CHECK_OK(fcntl(fd, F_SET_RW_HINT, &hint));
    hint = 9;
    CHECK_OK(fcntl(other, F_GET_RW_HINT, &hint));
    CHECK_EQ(hint, 3);
    hint = 6;
    CHECK_ERR(fcntl(fd, F_SET_RW_HINT, &hint), EINVAL);
    CHECK_ERR(fcntl(fd, F_SET_RW_HINT, BAD), EFAULT);
    CHECK_ERR(fcntl(fd, F_GET_RW_HINT, BAD), EFAULT);
    hint = 2;
    CHECK_OK(fcntl(other, F_SET_RW_HINT, &hint));
    CHECK_OK(fcntl(fd, F_GET_RW_HINT, &hint));
    CHECK_EQ(hint, 2);
}

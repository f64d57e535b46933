/* truncate(2), fallocate(2), copy_file_range(2), sendfile(2), splice(2), tee(2), vmsplice(2). */
#include "check.h"
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static off_t size_of(int fd) {
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    return st.st_size;
}

static int file_of(const char *name, size_t length) {
    int fd = CHECK_OK(open(name, O_CREAT | O_TRUNC | O_RDWR, 0644));
    char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char) ('A' + i % 23);
    CHECK_EQ(write(fd, bytes, length), length);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    free(bytes);
    return fd;
}

static void check_zeros(int fd, off_t from, off_t to) {
    char c[4096];
    for (off_t at = from; at < to; at += 4096) {
        size_t want = to - at < 4096 ? (size_t) (to - at) : 4096;
        CHECK_EQ(pread(fd, c, want, at), want);
        for (size_t i = 0; i < want; i++)
            if (c[i])
                FAIL_AT("expected zeros at %ld got %#x", (long) at + (long) i, c[i]);
    }
}

TEST(truncate_shrinks_and_grows) {
    int fd = file_of("f", 10000);
    CHECK_OK(ftruncate(fd, 5));
    CHECK_EQ(size_of(fd), 5);
    CHECK_OK(truncate("f", 9000));
    CHECK_EQ(size_of(fd), 9000);
    check_zeros(fd, 5, 9000);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(truncate_errors) {
    int fd = file_of("f", 10), p[2];
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(truncate("none", 0), ENOENT);
    CHECK_ERR(truncate("d", 0), EISDIR);
    CHECK_ERR(truncate("f", -1), EINVAL);
    CHECK_ERR(ftruncate(fd, -1), EINVAL);
    CHECK_ERR(truncate("f/x", 0), ENOTDIR);
    CHECK_ERR(truncate(BAD, 0), EFAULT);
    CHECK_ERR(ftruncate(99, 0), EBADF);
    CHECK_ERR(ftruncate(CHECK_OK(open("f", O_RDONLY)), 0), EINVAL);
    CHECK_OK(pipe(p));
    CHECK_ERR(ftruncate(p[1], 0), EINVAL);
    become_user();
    CHECK_ERR(truncate("/etc/passwd", 0), EACCES);
}

TEST(truncate_beyond_limits) {
    int fd = file_of("f", 10);
    CHECK_ERR2(ftruncate(fd, INT64_MAX), EFBIG, EINVAL);
    CHECK_EQ(size_of(fd), 10);
}

TEST(sparse_four_gigabytes) {
    int fd = CHECK_OK(open("big", O_CREAT | O_RDWR, 0600));
    off_t size = 4L << 30;
    CHECK_OK(ftruncate(fd, size));
    CHECK_EQ(size_of(fd), size);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks < 64);
    CHECK_EQ(pwrite(fd, "x", 1, size - 1), 1);
    check_zeros(fd, size - 8192, size - 1);
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks < 256);
    CHECK_OK(ftruncate(fd, 0));
}

TEST(fallocate_extends) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    if (fallocate(fd, 0, 0, 1 << 20) == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem without fallocate");
    CHECK_EQ(size_of(fd), 1 << 20);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks >= 2048);
    check_zeros(fd, 0, 65536);
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 20, 4096));
    CHECK_EQ(size_of(fd), 1 << 20);
    CHECK_OK(fallocate(fd, 0, 10, 10));
    CHECK_EQ(size_of(fd), 1 << 20);
}

TEST(fallocate_punches_holes) {
    int fd = file_of("f", 65536);
    int r = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 20000);
    if (r == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem without holes");
    CHECK_EQ(r, 0);
    check_zeros(fd, 5000, 25000);
    char c;
    CHECK_EQ(pread(fd, &c, 1, 4999), 1);
    CHECK(c != 0);
    CHECK_EQ(pread(fd, &c, 1, 25000), 1);
    CHECK(c != 0);
    CHECK_EQ(size_of(fd), 65536);
    off_t hole = lseek(fd, 0, SEEK_HOLE);
    CHECK_EQ(hole, 8192);
    CHECK_EQ(lseek(fd, hole, SEEK_DATA), 24576);
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100000, 4096));
    CHECK_EQ(size_of(fd), 65536);
}

TEST(fallocate_zero_range) {
    int fd = file_of("f", 20000);
    int r = fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, 5000);
    if (r == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem without zero range");
    check_zeros(fd, 1000, 6000);
    CHECK_OK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 19000, 5000));
    CHECK_EQ(size_of(fd), 24000);
    CHECK_OK(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 24000, 100));
    CHECK_EQ(size_of(fd), 24000);
}

TEST(fallocate_errors) {
    int fd = file_of("f", 100), p[2];
    CHECK_ERR(fallocate(fd, 0, -1, 10), EINVAL);
    CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERR(fallocate(fd, 0, 0, -1), EINVAL);
    CHECK_ERR(fallocate(99, 0, 0, 10), EBADF);
    CHECK_ERR(fallocate(CHECK_OK(open("f", O_RDONLY)), 0, 0, 10), EBADF);
    CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
    CHECK_ERR(fallocate(fd, 0x4000, 0, 10), EOPNOTSUPP);
    CHECK_ERR(fallocate(fd, 0, INT64_MAX - 5, 10), EFBIG);
    CHECK_OK(pipe(p));
    CHECK_ERR(fallocate(p[1], 0, 0, 10), ESPIPE);
    CHECK_ERR2(fallocate(CHECK_OK(open(".", O_RDONLY)), 0, 0, 10), EBADF, EISDIR);
    CHECK_ERR(fallocate(CHECK_OK(open("/dev/null", O_RDWR)), 0, 0, 10), ENODEV);
}

TEST(posix_fallocate_works) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    CHECK_RC(posix_fallocate(fd, 0, 100000), 0);
    CHECK_EQ(size_of(fd), 100000);
}

TEST(copy_file_range_offsets) {
    int in = file_of("in", 10000), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600));
    loff_t from = 100, to = 50;
    CHECK_EQ(copy_file_range(in, &from, out, &to, 5000, 0), 5000);
    CHECK_EQ(from, 5100);
    CHECK_EQ(to, 5050);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(lseek(out, 0, SEEK_CUR), 0);
    char a[5000], b[5000];
    CHECK_EQ(pread(in, a, 5000, 100), 5000);
    CHECK_EQ(pread(out, b, 5000, 50), 5000);
    CHECK_MEM(b, a, 5000);
    check_zeros(out, 0, 50);
}

TEST(copy_file_range_moves_positions) {
    int in = file_of("in", 1000), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600));
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 600, 0), 600);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 600);
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 600, 0), 400);
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 600, 0), 0);
    CHECK_EQ(size_of(out), 1000);
}

TEST(copy_file_range_errors) {
    int in = file_of("in", 1000), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600)), p[2];
    loff_t from = 0, to = 500;
    CHECK_OK(pipe(p));
    CHECK_ERR(copy_file_range(in, NULL, out, NULL, 10, 1), EINVAL);
    CHECK_ERR(copy_file_range(99, NULL, out, NULL, 10, 0), EBADF);
    CHECK_ERR(copy_file_range(in, NULL, 99, NULL, 10, 0), EBADF);
    CHECK_ERR(copy_file_range(in, BAD, out, NULL, 10, 0), EFAULT);
    CHECK_ERR(copy_file_range(in, NULL, out, BAD, 10, 0), EFAULT);
    CHECK_ERR(copy_file_range(in, &from, in, &to, 600, 0), EINVAL);
    CHECK_ERR(copy_file_range(in, NULL, CHECK_OK(open("out", O_RDONLY)), NULL, 10, 0), EBADF);
    CHECK_ERR(copy_file_range(in, NULL, CHECK_OK(open("out", O_WRONLY | O_APPEND)), NULL, 10, 0), EBADF);
    CHECK_ERR(copy_file_range(p[0], NULL, out, NULL, 10, 0), EINVAL);
    CHECK_ERR(copy_file_range(CHECK_OK(open(".", O_RDONLY)), NULL, out, NULL, 10, 0), EISDIR);
    from = 0, to = 500;
    CHECK_EQ(copy_file_range(in, &from, in, &to, 500, 0), 500);
}

TEST(sendfile_to_file_and_socket) {
    int in = file_of("in", 50000), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600)), s[2];
    off_t at = 1000;
    CHECK_EQ(sendfile(out, in, &at, 3000), 3000);
    CHECK_EQ(at, 4000);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(sendfile(out, in, NULL, 100), 100);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 100);
    CHECK_EQ(size_of(out), 3100);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_EQ(sendfile(s[0], in, NULL, 2000), 2000);
    char a[2000], b[2000];
    CHECK_EQ(recv(s[1], a, 2000, MSG_WAITALL), 2000);
    CHECK_EQ(pread(in, b, 2000, 100), 2000);
    CHECK_MEM(a, b, 2000);
    at = 60000;
    CHECK_EQ(sendfile(out, in, &at, 100), 0);
}

TEST(sendfile_to_a_pipe) {
    int in = file_of("in", 300), p[2];
    CHECK_OK(pipe(p));
    CHECK_EQ(sendfile(p[1], in, NULL, 1000), 300);
    char a[300];
    CHECK_EQ(read(p[0], a, 300), 300);
    CHECK_EQ(a[0], 'A');
}

TEST(sendfile_errors) {
    int in = file_of("in", 300), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600)), p[2];
    off_t negative = -1;
    CHECK_OK(pipe(p));
    CHECK_ERR(sendfile(99, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, 99, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, in, BAD, 1), EFAULT);
    CHECK_ERR(sendfile(out, in, &negative, 1), EINVAL);
    off_t zero = 0;
    CHECK_ERR(sendfile(out, p[0], &zero, 1), ESPIPE);
    CHECK_ERR(sendfile(CHECK_OK(open("out", O_RDONLY)), in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(CHECK_OK(open("out", O_WRONLY | O_APPEND)), in, NULL, 1), EINVAL);
}

TEST(splice_between_file_and_pipe) {
    int in = file_of("in", 5000), out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600)), p[2];
    CHECK_OK(pipe(p));
    loff_t at = 10;
    CHECK_EQ(splice(in, &at, p[1], NULL, 3000, 0), 3000);
    CHECK_EQ(at, 3010);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(splice(p[0], NULL, out, NULL, 3000, SPLICE_F_MOVE), 3000);
    char a[3000], b[3000];
    CHECK_EQ(pread(in, a, 3000, 10), 3000);
    CHECK_EQ(pread(out, b, 3000, 0), 3000);
    CHECK_MEM(b, a, 3000);
    CHECK_EQ(splice(in, &(loff_t) { 9999 }, p[1], NULL, 10, 0), 0);
}

TEST(splice_pipe_to_pipe) {
    int a[2], b[2];
    char text[6] = "";
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    CHECK_EQ(write(a[1], "hello", 5), 5);
    CHECK_EQ(splice(a[0], NULL, b[1], NULL, 3, 0), 3);
    CHECK_EQ(read(b[0], text, 5), 3);
    CHECK_MEM(text, "hel", 3);
    CHECK_EQ(read(a[0], text, 5), 2);
    CHECK_MEM(text, "lo", 2);
    CHECK_ERR(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_OK(close(a[1]));
    CHECK_EQ(splice(a[0], NULL, b[1], NULL, 1, 0), 0);
}

TEST(splice_errors) {
    int in = file_of("in", 100), p[2];
    loff_t at = 0;
    CHECK_OK(pipe(p));
    CHECK_ERR(splice(in, NULL, in, NULL, 1, 0), EINVAL);
    CHECK_ERR(splice(99, NULL, p[1], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(in, NULL, 99, NULL, 1, 0), EBADF);
    CHECK_ERR(splice(in, &at, p[1], &at, 1, 0), ESPIPE);
    CHECK_ERR(splice(p[0], &at, in, NULL, 1, 0), ESPIPE);
    CHECK_ERR(splice(in, NULL, p[1], NULL, 1, 0x100), EINVAL);
    CHECK_ERR(splice(in, BAD, p[1], NULL, 1, 0), EFAULT);
    CHECK_ERR(splice(in, NULL, p[0], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
    CHECK_EQ(splice(in, NULL, p[1], NULL, 0, 0), 0);
}

TEST(tee_duplicates) {
    int a[2], b[2];
    char text[6] = "";
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    CHECK_EQ(write(a[1], "hello", 5), 5);
    CHECK_EQ(tee(a[0], b[1], 100, 0), 5);
    CHECK_EQ(read(a[0], text, 5), 5);
    CHECK_STR(text, "hello");
    memset(text, 0, 6);
    CHECK_EQ(read(b[0], text, 5), 5);
    CHECK_STR(text, "hello");
    CHECK_ERR(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERR(tee(a[0], a[1], 1, 0), EINVAL);
    CHECK_ERR(tee(99, a[1], 1, 0), EBADF);
    CHECK_ERR(tee(CHECK_OK(open("/dev/null", O_RDWR)), a[1], 1, 0), EINVAL);
}

TEST(vmsplice_both_ways) {
    int p[2];
    CHECK_OK(pipe(p));
    char text[8] = "gather!", back[8] = "";
    struct iovec out[2] = { { text, 3 }, { text + 3, 4 } }, in = { back, 7 }, bad = { BAD, 5 };
    CHECK_EQ(vmsplice(p[1], out, 2, 0), 7);
    CHECK_EQ(vmsplice(p[0], &in, 1, 0), 7);
    CHECK_STR(back, "gather!");
    CHECK_ERR(vmsplice(p[1], BAD, 1, 0), EFAULT);
    CHECK_ERR(vmsplice(p[1], &bad, 1, 0), EFAULT);
    CHECK_ERR(vmsplice(99, out, 1, 0), EBADF);
    CHECK_ERR(vmsplice(p[1], out, 1025, 0), EINVAL);
    CHECK_ERR(vmsplice(CHECK_OK(open("/dev/null", O_RDWR)), out, 1, 0), EBADF);
}

TEST(blocking_splice_is_woken) {
    int a[2], out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0600));
    CHECK_OK(pipe(a));
    pid_t child = SPAWN({
        sleep_ms(50);
        CHECK_EQ(write(a[1], "late", 4), 4);
    });
    CHECK_EQ(splice(a[0], NULL, out, NULL, 100, 0), 4);
    WAIT(child);
    CHECK_STR(read_file("out"), "late");
}

TEST(truncate_with_an_open_reader) {
    int fd = file_of("f", 10000);
    CHECK_EQ(lseek(fd, 8000, SEEK_SET), 8000);
    CHECK_OK(truncate("f", 100));
    char c[10];
    CHECK_EQ(read(fd, c, 10), 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(size_of(fd), 8001);
    check_zeros(fd, 100, 8000);
}

TEST(truncate_clears_set_id_and_moves_times) {
    int fd = file_of("f", 100);
    struct timespec old[2] = { { 77, 0 }, { 77, 0 } };
    CHECK_OK(futimens(fd, old));
    CHECK_OK(ftruncate(fd, 50));
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_mtim.tv_sec > 77);
}

/* memfd_create(2) and file seals (fcntl(2)). */
#include "check.h"
#include <sys/uio.h>

static int sealable(void) {
    return (int) CHECK_OK(memfd_create("check", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

TEST(basic) {
    int fd = CHECK_OK(memfd_create("name", 0));
    struct stat st;
    char text[6] = "";
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(pread(fd, text, 5, 0), 5);
    CHECK_STR(text, "hello");
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_mode & 07777, 0777);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

TEST(link_text) {
    int fd = CHECK_OK(memfd_create("some name", MFD_CLOEXEC));
    char path[40], target[100] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_OK(readlink(path, target, sizeof target - 1));
    CHECK_STR(target, "/memfd:some name (deleted)");
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(errors) {
    char name[300];
    memset(name, 'n', 299);
    name[249] = 0;
    CHECK_OK(memfd_create(name, 0));
    name[249] = 'n', name[250] = 0;
    CHECK_ERR(memfd_create(name, 0), EINVAL);
    CHECK_ERR(memfd_create(BAD, 0), EFAULT);
    CHECK_ERR(memfd_create("x", 0x8000), EINVAL);
    CHECK_OK(memfd_create("", 0));
}

TEST(reopen) {
    int fd = CHECK_OK(memfd_create("x", 0));
    CHECK_EQ(write(fd, "abc", 3), 3);
    char path[40], text[4] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = CHECK_OK(open(path, O_RDONLY));
    CHECK_EQ(read(again, text, 3), 3);
    CHECK_STR(text, "abc");
    CHECK_ERR(write(again, "x", 1), EBADF);
}

TEST(initial_seals) {
    CHECK_EQ(fcntl(CHECK_OK(memfd_create("x", 0)), F_GET_SEALS), F_SEAL_SEAL);
    CHECK_EQ(fcntl(sealable(), F_GET_SEALS), 0);
    CHECK_ERR(fcntl(CHECK_OK(memfd_create("x", 0)), F_ADD_SEALS, F_SEAL_WRITE), EPERM);
    int pair[2];
    CHECK_OK(pipe(pair));
    CHECK_ERR(fcntl(pair[0], F_GET_SEALS), EINVAL);
    CHECK_ERR(fcntl(pair[1], F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
}

TEST(seal_shrink_and_grow) {
    int fd = sealable();
    CHECK_OK(ftruncate(fd, 8192));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    CHECK_ERR(ftruncate(fd, 4096), EPERM);
    CHECK_OK(ftruncate(fd, 12288));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
    CHECK_ERR(ftruncate(fd, 16384), EPERM);
    CHECK_ERR(pwrite(fd, "x", 1, 12288), EPERM);
    CHECK_EQ(pwrite(fd, "x", 1, 100), 1);
    CHECK_ERR(fallocate(fd, 0, 0, 20000), EPERM);
}

TEST(seal_write) {
    int fd = sealable();
    CHECK_OK(ftruncate(fd, 8192));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK_OK(munmap(map, 4096));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CHECK_ERR(write(fd, "x", 1), EPERM);
    CHECK_ERR(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(map != MAP_FAILED);
    map[0] = 1;
    CHECK_OK(ftruncate(fd, 4096));
    CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
}

TEST(seal_write_makes_shared_read_maps_final) {
    int fd = sealable();
    CHECK_OK(ftruncate(fd, 4096));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED && errno == EPERM)
        SKIP("kernel before 6.7");
    CHECK(map != MAP_FAILED);
    CHECK_ERR2(mprotect(map, 4096, PROT_READ | PROT_WRITE), EACCES, EPERM);
}

TEST(seal_future_write) {
    int fd = sealable();
    CHECK_OK(ftruncate(fd, 4096));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    map[0] = 'k';
    char c = 0;
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'k');
    CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
    CHECK_ERR(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
}

TEST(seal_seal) {
    int fd = sealable();
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    CHECK_ERR(fcntl(sealable(), F_ADD_SEALS, 0x1000), EINVAL);
}

TEST(seals_need_a_writable_descriptor) {
    int fd = sealable();
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_ERR(fcntl(CHECK_OK(open(path, O_RDONLY)), F_ADD_SEALS, F_SEAL_GROW), EPERM);
}

TEST(noexec_and_exec) {
    int fd = memfd_create("x", 0x0008U /* MFD_NOEXEC_SEAL */);
    if (fd == -1 && errno == EINVAL)
        SKIP("kernel before 6.3");
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 0777, 0666);
    CHECK_ERR(fchmod(fd, 0777), EPERM);
    CHECK(fcntl(fd, F_GET_SEALS) & 0x20 /* F_SEAL_EXEC */);
    CHECK_ERR(memfd_create("x", 0x0018U), EINVAL);
}

TEST(shared_between_processes) {
    int fd = CHECK_OK(memfd_create("x", 0));
    CHECK_OK(ftruncate(fd, 4096));
    volatile int *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    WAIT(SPAWN({
        map[5] = 55;
        CHECK_EQ(pwrite(fd, "\x07\0\0\0", 4, 24), 4);
    }));
    CHECK_EQ(map[5], 55);
    CHECK_EQ(map[6], 7);
    int value;
    map[7] = 99;
    CHECK_EQ(pread(fd, &value, 4, 28), 4);
    CHECK_EQ(value, 99);
}

TEST(executable_memfd) {
    int self = CHECK_OK(open("/bin/true", O_RDONLY)), fd = CHECK_OK(memfd_create("prog", MFD_CLOEXEC));
    static char bytes[1 << 20];
    ssize_t length = CHECK_OK(read(self, bytes, sizeof bytes));
    CHECK_EQ(write(fd, bytes, (size_t) length), length);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int ro = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    CHECK_OK(close(fd));
    char *args[] = { "prog", NULL };
    CHECK_STATUS(CHILD({ fexecve(ro, args, args + 1); _exit(1); }), 0);
}

TEST(size_and_holes) {
    int fd = CHECK_OK(memfd_create("x", 0));
    CHECK_OK(ftruncate(fd, 1L << 32));
    CHECK_EQ(pwrite(fd, "x", 1, (1L << 32) - 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_DATA), (1L << 32) - 4096);
    CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks <= 64);
}

TEST(seal_grow_and_fallocate) {
    int fd = CHECK_OK(memfd_create("m", MFD_ALLOW_SEALING));
    CHECK_OK(ftruncate(fd, 8192));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    CHECK_ERR(fallocate(fd, 0, 0, 8193), EPERM);
    CHECK_ERR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8193), EPERM);
    CHECK_ERR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 1), EPERM);
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192));
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 100));
}

TEST(fallocate_modes_of_tmpfs) {
    int fd = CHECK_OK(memfd_create("m", 0));
    CHECK_EQ(pwrite(fd, "abcdefgh", 8, 20000), 8);
    static const int modes[] = { FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_COLLAPSE_RANGE,
        FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE, FALLOC_FL_PUNCH_HOLE,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        CHECK_ERR(fallocate(fd, modes[i], 16384, 4096), EOPNOTSUPP);
    char c = 0;
    CHECK_EQ(pread(fd, &c, 1, 20000), 1);
    CHECK_EQ(c, 'a');
}

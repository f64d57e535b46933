/* process_vm_readv(2), process_vm_writev(2), /proc/PID/mem. */
#include "check.h"
#include <sys/uio.h>

static struct iovec at(void *base, size_t length) {
    return (struct iovec) { base, length };
}

/* A stopped-by-pipe child that shares nothing with us after the fork. */
static int gate[2];
static char *page;

static pid_t other(void) {
    CHECK_OK(pipe(gate));
    page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(page, "parent");
    int ready[2];
    CHECK_OK(pipe(ready));
    pid_t child = SPAWN({
        strcpy(page, "child text");
        strcpy(page + 4096, "second page");
        CHECK_EQ(write(ready[1], "x", 1), 1);
        char c;
        CHECK_EQ(read(gate[0], &c, 1), 1);
        CHECK(strcmp(page, c == 'w' ? "written   " : "child text") == 0);
    });
    char c;
    CHECK_EQ(read(ready[0], &c, 1), 1);
    return child;
}

TEST(read_and_write) {
    pid_t pid = other();
    char text[11] = "";
    struct iovec l = at(text, 10), r = at(page, 10);
    CHECK_EQ(process_vm_readv(pid, &l, 1, &r, 1, 0), 10);
    CHECK_STR(text, "child text");
    CHECK_STR(page, "parent");
    memcpy(text, "written   ", 10);
    CHECK_EQ(process_vm_writev(pid, &l, 1, &r, 1, 0), 10);
    CHECK_EQ(write(gate[1], "w", 1), 1);
    WAIT(pid);
}

TEST(vectors_of_different_shape) {
    pid_t pid = other();
    char a[3], b[30] = "";
    struct iovec l[2] = { at(a, 3), at(b, 20) }, r[3] = { at(page, 5), at(page + 6, 4), at(page + 4096, 6) };
    CHECK_EQ(process_vm_readv(pid, l, 2, r, 3, 0), 15);
    CHECK_MEM(a, "chi", 3);
    CHECK_STR(b, "ldtextsecond");
    CHECK_EQ(write(gate[1], "r", 1), 1);
    WAIT(pid);
}

TEST(own_process) {
    char from[] = "self", to[5] = "";
    struct iovec l = at(to, 4), r = at(from, 4);
    CHECK_EQ(process_vm_readv(getpid(), &l, 1, &r, 1, 0), 4);
    CHECK_STR(to, "self");
}

TEST(partial_transfer) {
    char *end = page_end("12345678", 8), to[20];
    struct iovec l = at(to, 20), r[2] = { at(end, 8), at(BAD, 8) };
    CHECK_EQ(process_vm_readv(getpid(), &l, 1, r, 2, 0), 8);
    CHECK_MEM(to, "12345678", 8);
}

TEST(errors) {
    char text[8];
    struct iovec l = at(text, 8), r = at(BAD, 8), lbad = at(BAD, 8), ok = at(text, 8);
    CHECK_ERR(process_vm_readv(getpid(), &l, 1, &r, 1, 0), EFAULT);
    CHECK_ERR(process_vm_readv(getpid(), &lbad, 1, &ok, 1, 0), EFAULT);
    CHECK_ERR(process_vm_readv(getpid(), BAD, 1, &ok, 1, 0), EFAULT);
    CHECK_ERR(process_vm_readv(getpid(), &l, 1, BAD, 1, 0), EFAULT);
    CHECK_ERR(process_vm_readv(getpid(), &l, 1, &ok, 1, 1), EINVAL);
    CHECK_ERR(process_vm_readv(getpid(), &l, 1025, &ok, 1, 0), EINVAL);
    CHECK_ERR(process_vm_readv(999999, &l, 1, &ok, 1, 0), ESRCH);
    CHECK_EQ(process_vm_readv(getpid(), &l, 0, &ok, 1, 0), 0);
}

TEST(read_only_target) {
    char text[4] = "abc", *page_ = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec l = at(text, 4), r = at(page_, 4);
    CHECK_ERR(process_vm_writev(getpid(), &l, 1, &r, 1, 0), EFAULT);
}

TEST(no_permission) {
    need_root();
    char text[8];
    struct iovec l = at(text, 8), r = at(text, 8);
    pid_t root = getpid();
    WAIT(SPAWN({
        become_user();
        CHECK_ERR(process_vm_readv(root, &l, 1, &r, 1, 0), EPERM);
        char path[40];
        snprintf(path, sizeof path, "/proc/%d/mem", root);
        CHECK_ERR(open(path, O_RDONLY), EACCES);
    }));
}

TEST(proc_mem) {
    pid_t pid = other();
    char path[40], text[11] = "";
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = CHECK_OK(open(path, O_RDWR));
    CHECK_EQ(pread(fd, text, 10, (off_t) (long) page), 10);
    CHECK_STR(text, "child text");
    CHECK_EQ(pwrite(fd, "written   ", 10, (off_t) (long) page), 10);
    CHECK_ERR(pread(fd, text, 10, 4096), EIO);
    CHECK_EQ(write(gate[1], "w", 1), 1);
    WAIT(pid);
    CHECK_EQ(pread(fd, text, 10, (off_t) (long) page), 0);
}

TEST(big_transfer) {
    size_t length = 2 << 20;
    char *from = malloc(length), *to = calloc(1, length);
    for (size_t i = 0; i < length; i++)
        from[i] = (char) (i * 31 % 253);
    struct iovec l = at(to, length), r = at(from, length);
    pid_t pid = getpid();
    WAIT(SPAWN({
        CHECK_EQ(process_vm_readv(pid, &l, 1, &r, 1, 0), length);
        CHECK_MEM(to, from, length);
    }));
}

TEST(gone_process) {
    pid_t pid = SPAWN({ });
    WAIT(pid);
    char text[8];
    struct iovec l = at(text, 8), r = at(text, 8);
    CHECK_ERR(process_vm_readv(pid, &l, 1, &r, 1, 0), ESRCH);
}

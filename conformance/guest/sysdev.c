/* /sys as programs read it, and the nodes of /dev: null(4), zero(4), full(4), random(4), tty(4), pts(4). */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

static void check_node(const char *path, unsigned want_major, unsigned want_minor, mode_t mode) {
    struct stat st;
    if (stat(path, &st) != 0)
        FAIL_AT("%s: %s", path, check_errno(errno));
    if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != want_major || minor(st.st_rdev) != want_minor)
        FAIL_AT("%s: expected character device %u:%u got mode %o %u:%u", path, want_major, want_minor, st.st_mode,
            major(st.st_rdev), minor(st.st_rdev));
    if ((st.st_mode & 0777) != mode)
        FAIL_AT("%s: expected mode %o got %o", path, mode, st.st_mode & 0777);
}

TEST(nodes) {
    check_node("/dev/null", 1, 3, 0666);
    check_node("/dev/zero", 1, 5, 0666);
    check_node("/dev/full", 1, 7, 0666);
    check_node("/dev/random", 1, 8, 0666);
    check_node("/dev/urandom", 1, 9, 0666);
    check_node("/dev/tty", 5, 0, 0666);
}

TEST(standard_links) {
    char target[60] = "";
    CHECK_OK(readlink("/dev/fd", target, sizeof target - 1));
    CHECK_STR(target, "/proc/self/fd");
    memset(target, 0, sizeof target);
    CHECK_OK(readlink("/dev/stdin", target, sizeof target - 1));
    CHECK_STR(target, "/proc/self/fd/0");
    CHECK_OK(lstat("/dev/stdout", &(struct stat) { 0 }));
    CHECK_OK(lstat("/dev/stderr", &(struct stat) { 0 }));
}

TEST(null_device) {
    int fd = CHECK_OK(open("/dev/null", O_RDWR));
    char c;
    CHECK_EQ(read(fd, &c, 1), 0);
    CHECK_EQ(write(fd, &c, 1), 1);
    CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
    CHECK_ERR(ftruncate(fd, 0), EINVAL);
    CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600));
    struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    CHECK_ERR(ioctl(fd, TCGETS, &(struct termios) { 0 }), ENOTTY);
    CHECK_EQ(isatty(fd), 0);
}

TEST(zero_device) {
    int fd = CHECK_OK(open("/dev/zero", O_RDWR));
    char *big = malloc(1 << 20);
    memset(big, 1, 1 << 20);
    CHECK_EQ(read(fd, big, 1 << 20), 1 << 20);
    for (int i = 0; i < 1 << 20; i += 997)
        CHECK_EQ(big[i], 0);
    CHECK_ERR(read(fd, BAD, 100), EFAULT);
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED);
    at[0] = 1;
}

TEST(full_device) {
    int fd = CHECK_OK(open("/dev/full", O_RDWR));
    CHECK_ERR(write(fd, "x", 1), ENOSPC);
    CHECK_STATUS(CHILD({ execl("/bin/bash", "bash", "-c", "echo x > /dev/full 2> /dev/null", NULL); }), 1);
}

TEST(urandom_device) {
    int fd = CHECK_OK(open("/dev/urandom", O_RDONLY));
    unsigned char bytes[4096];
    int counts[256] = { 0 };
    CHECK_EQ(read(fd, bytes, 4096), 4096);
    for (int i = 0; i < 4096; i++)
        counts[bytes[i]]++;
    for (int i = 0; i < 256; i++)
        CHECK(counts[i] < 100);
    fd = CHECK_OK(open("/dev/urandom", O_WRONLY));
    CHECK_EQ(write(fd, "seed", 4), 4);
}

TEST(controlling_terminal_missing) {
    CHECK_STATUS(CHILD({
        CHECK_OK(setsid());
        CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    }), 0);
}

TEST(shm_directory) {
    struct stat st;
    CHECK_OK(stat("/dev/shm", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 01777);
    become_user();
    char path[60];
    snprintf(path, sizeof path, "/dev/shm/check-%d", getpid());
    write_file(path, "text");
    CHECK_STR(read_file(path), "text");
    CHECK_OK(unlink(path));
}

TEST(pts_and_ptmx) {
    int master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_OK(grantpt(master));
    CHECK_OK(unlockpt(master));
    char *name = ptsname(master);
    CHECK(name != NULL && strncmp(name, "/dev/pts/", 9) == 0);
    struct stat st;
    CHECK_OK(stat(name, &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(major(st.st_rdev), 136);
    CHECK_EQ(minor(st.st_rdev), atoi(name + 9));
    CHECK_EQ(st.st_uid, geteuid());
    int slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
    CHECK_EQ(isatty(slave), 1);
    CHECK_STR(ttyname(slave), name);
    DIR *dir = opendir("/dev/pts");
    struct dirent *e;
    bool seen = false;
    while ((e = readdir(dir)))
        seen |= strcmp(e->d_name, name + 9) == 0;
    CHECK(seen);
    char kept[40];
    snprintf(kept, sizeof kept, "%s", name);
    CHECK_OK(close(slave));
    CHECK_OK(close(master));
    CHECK_ERR(open(kept, O_RDWR | O_NOCTTY), ENOENT);
}

TEST(dev_is_writable_for_root) {
    need_root();
    CHECK_OK(mkdir("/dev/check-dir", 0755));
    CHECK_OK(rmdir("/dev/check-dir"));
}

TEST(dev_is_not_writable_for_users) {
    become_user();
    CHECK_ERR(open("/dev/new", O_CREAT | O_RDWR, 0600), EACCES);
    CHECK_ERR(unlink("/dev/null"), EACCES);
    CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERR(open("/dev/mem", O_RDONLY), errno == ENOENT ? ENOENT : EACCES);
}

TEST(cpu_topology) {
    char path[120];
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int from = -1, to = -1;
    int n = sscanf(read_file("/sys/devices/system/cpu/online"), "%d-%d", &from, &to);
    CHECK(n >= 1);
    CHECK_EQ(from, 0);
    if (n == 2)
        CHECK_EQ(to + 1, online);
    read_file("/sys/devices/system/cpu/possible");
    read_file("/sys/devices/system/cpu/present");
    for (int cpu = 0; cpu < online; cpu++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d", cpu);
        struct stat st;
        CHECK_OK(stat(path, &st));
        CHECK(S_ISDIR(st.st_mode));
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
        if (access(path, F_OK) == 0)
            CHECK(atoi(read_file(path)) >= 0);
    }
}

TEST(node_topology) {
    if (access("/sys/devices/system/node", F_OK) != 0)
        SKIP("no node directory");
    CHECK(strlen(read_file("/sys/devices/system/node/online")) >= 2);
}

TEST(sys_kernel_files) {
    CHECK_OK(access("/sys/kernel", F_OK));
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0)
        CHECK(strchr(read_file("/sys/kernel/mm/transparent_hugepage/enabled"), '[') != NULL);
    CHECK_OK(access("/sys/fs/cgroup", F_OK));
    CHECK_OK(access("/sys/class/net/lo", F_OK));
}

TEST(sys_is_read_only_for_users) {
    become_user();
    CHECK_ERR2(open("/sys/devices/system/cpu/online", O_WRONLY), EACCES, EROFS);
    CHECK_ERR2(open("/sys/new", O_CREAT | O_WRONLY, 0600), EACCES, EPERM);
    CHECK_ERR2(mkdir("/sys/new", 0700), EACCES, EPERM);
}

TEST(lscpu_tool) {
    CHECK_EQ(system("lscpu | grep -q Architecture"), 0);
}

TEST(positions_in_files_of_sysfs) {
    int fd = open("/sys/devices/system/cpu/online", O_RDONLY);
    if (fd == -1)
        SKIP("no list of processors");
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 4096);
    CHECK_EQ(st.st_blocks, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 4096);
    CHECK_EQ(lseek(fd, 1, SEEK_DATA), 1);
    CHECK_EQ(lseek(fd, 1, SEEK_HOLE), 4096);
    CHECK_ERR(lseek(fd, 4096, SEEK_DATA), ENXIO);
}

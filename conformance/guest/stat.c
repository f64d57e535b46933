/* stat(2), fstatat(2), statx(2), access(2), faccessat2(2). */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

static int faccessat2_(int dir, const char *path, int mode, int flags) {
    return (int) syscall(SYS_faccessat2, dir, path, mode, flags);
}

TEST(regular_file) {
    struct stat st;
    time_t before = time(NULL);
    write_file("f", "hello");
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_gid, getegid());
    CHECK(st.st_ino != 0);
    CHECK(st.st_dev != 0);
    CHECK(st.st_blksize >= 512);
    CHECK(st.st_mtime >= before - 1 && st.st_mtime <= before + 2);
    CHECK(st.st_ctime >= before - 1 && st.st_ctime <= before + 2);
}

TEST(directory_links) {
    struct stat st;
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0755);
    CHECK(st.st_nlink == 2 || st.st_nlink == 1);
    if (st.st_nlink == 2) {
        CHECK_OK(mkdir("d/e", 0755));
        CHECK_OK(stat("d", &st));
        CHECK_EQ(st.st_nlink, 3);
    }
}

TEST(symlink_and_target) {
    struct stat st;
    write_file("f", "hello");
    CHECK_OK(symlink("f", "link"));
    CHECK_OK(lstat("link", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0777);
    CHECK_EQ(st.st_size, 1);
    CHECK_OK(stat("link", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(symlink("none", "dangling"));
    CHECK_ERR(stat("dangling", &st), ENOENT);
    CHECK_OK(lstat("dangling", &st));
}

TEST(same_file_same_numbers) {
    struct stat a, b, c;
    write_file("f", "");
    CHECK_OK(link("f", "g"));
    CHECK_OK(stat("f", &a));
    CHECK_OK(stat("g", &b));
    CHECK_OK(fstat(CHECK_OK(open("f", O_RDONLY)), &c));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(a.st_dev, b.st_dev);
    CHECK_EQ(a.st_ino, c.st_ino);
    CHECK_EQ(a.st_nlink, 2);
    write_file("h", "");
    CHECK_OK(stat("h", &c));
    CHECK(c.st_ino != a.st_ino);
}

TEST(device_nodes) {
    struct stat st;
    CHECK_OK(stat("/dev/null", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(major(st.st_rdev), 1);
    CHECK_EQ(minor(st.st_rdev), 3);
    CHECK_OK(stat("/dev/zero", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 5));
    CHECK_EQ(st.st_mode & 0777, 0666);
}

TEST(pipe_and_fifo) {
    struct stat st;
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(fstat(p[0], &st));
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0600);
    CHECK_OK(mkfifo("fifo", 0604));
    CHECK_OK(stat("fifo", &st));
    CHECK_EQ(st.st_mode, S_IFIFO | 0604);
}

TEST(stat_errors) {
    struct stat st;
    char name[300];
    memset(name, 'n', 299);
    name[299] = 0;
    write_file("f", "");
    CHECK_ERR(stat("none", &st), ENOENT);
    CHECK_ERR(stat("", &st), ENOENT);
    CHECK_ERR(stat("f/x", &st), ENOTDIR);
    CHECK_ERR(stat(name, &st), ENAMETOOLONG);
    CHECK_ERR(stat(BAD, &st), EFAULT);
    CHECK_ERR(stat(TORN_STR("f"), &st), EFAULT);
    CHECK_ERR(stat("f", BAD), EFAULT);
    CHECK_ERR(stat("f", NULL), EFAULT);
    CHECK_ERR(syscall(SYS_fstat, 99, &st), EBADF);
    CHECK_ERR(syscall(SYS_fstat, 0, BAD), EFAULT);
    CHECK_OK(symlink("loop", "loop"));
    CHECK_ERR(stat("loop", &st), ELOOP);
    CHECK_OK(lstat("loop", &st));
    CHECK_ERR(lstat("loop/", &st), ELOOP);
}

TEST(stat_at_page_end) {
    write_file("f", "abc");
    struct stat *end = page_end(NULL, sizeof(struct stat));
    CHECK_OK(stat(END_STR("f"), end));
    CHECK_EQ(end->st_size, 3);
    CHECK_ERR(stat("f", (struct stat *) ((char *) end + 1)), EFAULT);
}

TEST(fstatat_flags) {
    struct stat st, there;
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "abcd");
    CHECK_OK(symlink("f", "d/l"));
    int dir = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY)), fd = CHECK_OK(open("d/f", O_RDONLY));
    CHECK_OK(fstatat(dir, "f", &st, 0));
    CHECK_EQ(st.st_size, 4);
    CHECK_OK(fstatat(dir, "l", &st, AT_SYMLINK_NOFOLLOW));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(fstatat(fd, "", &there, AT_EMPTY_PATH));
    CHECK_EQ(there.st_size, 4);
    CHECK_OK(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_ERR(fstatat(fd, "", &st, 0), ENOENT);
    CHECK_ERR(fstatat(fd, "x", &st, 0), ENOTDIR);
    CHECK_ERR(fstatat(99, "x", &st, 0), EBADF);
    CHECK_OK(fstatat(99, "/dev/null", &st, 0));
    CHECK_ERR(fstatat(dir, "f", &st, 0x10000000), EINVAL);
    CHECK_OK(fstatat(dir, "f", &st, AT_NO_AUTOMOUNT));
}

TEST(statx_basic) {
    struct statx sx;
    struct stat st;
    write_file("f", "hello");
    CHECK_OK(stat("f", &st));
    memset(&sx, 0xff, sizeof sx);
    CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
    CHECK_EQ(sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    CHECK_EQ(sx.stx_mode, st.st_mode);
    CHECK_EQ(sx.stx_size, 5);
    CHECK_EQ(sx.stx_ino, st.st_ino);
    CHECK_EQ(sx.stx_nlink, 1);
    CHECK_EQ(makedev(sx.stx_dev_major, sx.stx_dev_minor), st.st_dev);
    CHECK_EQ(sx.stx_mtime.tv_sec, st.st_mtim.tv_sec);
    CHECK_EQ(sx.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
    CHECK_EQ(sx.stx_blocks, st.st_blocks);
    CHECK_EQ(sx.stx_blksize, st.st_blksize);
}

TEST(statx_errors) {
    struct statx sx;
    write_file("f", "");
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX__RESERVED, &sx), EINVAL);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0x40000000, STATX_SIZE, &sx), EINVAL);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &sx), EINVAL);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "none", 0, STATX_SIZE, &sx), ENOENT);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "", 0, STATX_SIZE, &sx), ENOENT);
    CHECK_ERR(syscall(SYS_statx, 99, "f", 0, STATX_SIZE, &sx), EBADF);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, BAD, 0, STATX_SIZE, &sx), EFAULT);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, BAD), EFAULT);
    CHECK_OK(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_SIZE, &sx));
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
    /* Since 6.11 a NULL path with AT_EMPTY_PATH is fine too. */
    CHECK_OK(syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, STATX_SIZE, &sx));
}

TEST(statx_mount_root) {
    struct statx sx;
    CHECK_OK(statx(AT_FDCWD, "/proc", 0, STATX_BASIC_STATS | STATX_MNT_ID, &sx));
    CHECK(sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
    CHECK(sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
    CHECK(sx.stx_mask & STATX_MNT_ID);
    unsigned long long proc = sx.stx_mnt_id;
    CHECK_OK(statx(AT_FDCWD, "/proc/self/status", 0, STATX_BASIC_STATS | STATX_MNT_ID, &sx));
    CHECK(!(sx.stx_attributes & STATX_ATTR_MOUNT_ROOT));
    CHECK_EQ(sx.stx_mnt_id, proc);
}

TEST(times_follow_operations) {
    struct stat a, b;
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "x");
    struct timespec old[2] = { { 5000, 1 }, { 6000, 2 } };
    CHECK_OK(utimensat(AT_FDCWD, "d", old, 0));
    CHECK_OK(utimensat(AT_FDCWD, "d/f", old, 0));
    CHECK_OK(stat("d/f", &a));
    CHECK_EQ(a.st_atim.tv_sec, 5000);
    CHECK_EQ(a.st_mtim.tv_nsec, 2);
    sleep_ms(20);
    CHECK_OK(chmod("d/f", 0600));
    CHECK_OK(stat("d/f", &b));
    CHECK_EQ(b.st_mtim.tv_sec, 6000);
    CHECK(b.st_ctim.tv_sec > a.st_ctim.tv_sec || b.st_ctim.tv_nsec > a.st_ctim.tv_nsec);
    CHECK_OK(stat("d", &a));
    CHECK_EQ(a.st_mtim.tv_sec, 6000);
    write_file("d/g", "");
    CHECK_OK(stat("d", &b));
    CHECK(b.st_mtim.tv_sec > 6000);
}

TEST(access_modes) {
    write_file("f", "");
    CHECK_OK(chmod("f", 0400));
    CHECK_OK(access("f", F_OK));
    CHECK_OK(access("f", R_OK));
    CHECK_ERR(access("f", X_OK), EACCES);
    CHECK_ERR(access("none", F_OK), ENOENT);
    CHECK_ERR(access("f/x", F_OK), ENOTDIR);
    CHECK_ERR(access("f", 8), EINVAL);
    CHECK_ERR(access("f", -1), EINVAL);
    CHECK_ERR(access(BAD, F_OK), EFAULT);
    CHECK_ERR(access("", F_OK), ENOENT);
}

TEST(access_as_user) {
    write_file("f", "");
    write_file("g", "");
    CHECK_OK(chmod("f", 0));
    CHECK_OK(chmod("g", 0));
    if (geteuid() == 0)
        CHECK_OK(chown("g", CHECK_USER, CHECK_USER));
    become_user();
    CHECK_ERR(access("f", R_OK), EACCES);
    CHECK_ERR(access("g", W_OK), EACCES);
    CHECK_OK(chmod("g", 0500));
    CHECK_OK(access("g", R_OK | X_OK));
    CHECK_ERR(access("g", R_OK | W_OK), EACCES);
    CHECK_OK(access("/bin/sh", X_OK));
    CHECK_ERR(access("/etc/passwd", W_OK), EACCES);
}

TEST(access_uses_real_ids) {
    need_root();
    write_file("f", "");
    CHECK_OK(chmod("f", 0600));
    CHECK_OK(syscall(SYS_setresuid, CHECK_USER, 0, 0));
    CHECK_ERR(access("f", R_OK), EACCES);
    CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(faccessat2_(AT_FDCWD, "f", R_OK, AT_EACCESS));
}

TEST(faccessat2_flags) {
    write_file("f", "");
    CHECK_OK(symlink("none", "l"));
    int fd = CHECK_OK(open("f", O_PATH));
    CHECK_OK(faccessat2_(AT_FDCWD, "f", R_OK, 0));
    CHECK_ERR(faccessat2_(AT_FDCWD, "l", F_OK, 0), ENOENT);
    CHECK_OK(faccessat2_(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(faccessat2_(fd, "", R_OK, AT_EMPTY_PATH));
    CHECK_ERR(faccessat2_(fd, "", R_OK, 0), ENOENT);
    CHECK_ERR(faccessat2_(AT_FDCWD, "f", R_OK, 0x10), EINVAL);
    CHECK_ERR(faccessat2_(99, "f", R_OK, 0), EBADF);
    CHECK_ERR(faccessat2_(fd, "f", R_OK, 0), ENOTDIR);
}

TEST(access_on_directories) {
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(access("d", R_OK | W_OK | X_OK));
    CHECK_OK(access("d/", F_OK));
    become_user();
    CHECK_ERR(access("/root/x", F_OK), EACCES);
}

TEST(search_permission_in_path) {
    need_root();
    CHECK_OK(mkdir("d", 0700));
    write_file("d/f", "");
    become_user();
    struct stat st;
    CHECK_OK(stat("d", &st));
    CHECK_ERR(stat("d/f", &st), EACCES);
    CHECK_ERR(access("d/f", F_OK), EACCES);
    CHECK_ERR(access("d", R_OK), EACCES);
}

TEST(blocks_count_512) {
    struct stat st;
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    char *bytes = calloc(1, 65536);
    memset(bytes, 1, 65536);
    CHECK_EQ(write(fd, bytes, 65536), 65536);
    CHECK_OK(fsync(fd));
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks >= 128 && st.st_blocks < 200);
}

TEST(fstat_of_deleted_directory) {
    struct stat st;
    CHECK_OK(mkdir("d", 0755));
    int fd = CHECK_OK(open("d", O_RDONLY));
    CHECK_OK(rmdir("d"));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_ERR(openat(fd, "x", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_ERR(mkdirat(fd, "x", 0700), ENOENT);
}

TEST(device_of_special_filesystems) {
    struct stat root, proc, dev;
    CHECK_OK(stat("/etc", &root));
    CHECK_OK(stat("/proc", &proc));
    CHECK_OK(stat("/dev/shm", &dev));
    CHECK(root.st_dev != proc.st_dev);
    CHECK(proc.st_dev != dev.st_dev);
    CHECK_EQ(proc.st_ino, 1);
}

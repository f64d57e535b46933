/* chdir(2), fchdir(2), getcwd(2), chroot(2), statfs(2). */
#include "check.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>

static const char *cwd(void) {
    static char path[PATH_MAX];
    CHECK(getcwd(path, sizeof path) != NULL);
    return path;
}

TEST(chdir_and_getcwd) {
    char start[PATH_MAX];
    strcpy(start, cwd());
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    CHECK_OK(chdir("a/b"));
    CHECK_STR(cwd() + strlen(start), "/a/b");
    CHECK_OK(chdir("../.."));
    CHECK_STR(cwd(), start);
    CHECK_OK(chdir("/"));
    CHECK_STR(cwd(), "/");
    CHECK_OK(chdir("/usr/../usr/bin/"));
    CHECK_STR(cwd(), "/usr/bin");
}

TEST(chdir_errors) {
    write_file("f", "");
    CHECK_OK(symlink("loop", "loop"));
    CHECK_ERR(chdir("none"), ENOENT);
    CHECK_ERR(chdir("f"), ENOTDIR);
    CHECK_ERR(chdir("loop"), ELOOP);
    CHECK_ERR(chdir(""), ENOENT);
    CHECK_ERR(chdir(BAD), EFAULT);
    CHECK_ERR(fchdir(99), EBADF);
    CHECK_ERR(fchdir(CHECK_OK(open("f", O_RDONLY))), ENOTDIR);
}

TEST(fchdir_works) {
    int here = CHECK_OK(open(".", O_RDONLY));
    char start[PATH_MAX];
    strcpy(start, cwd());
    CHECK_OK(chdir("/tmp"));
    CHECK_OK(fchdir(here));
    CHECK_STR(cwd(), start);
    int path = CHECK_OK(open("/usr", O_PATH));
    CHECK_OK(fchdir(path));
    CHECK_STR(cwd(), "/usr");
}

TEST(fchdir_permission) {
    need_root();
    CHECK_OK(mkdir("d", 0744));
    int fd = CHECK_OK(open("d", O_RDONLY));
    become_user();
    CHECK_ERR(fchdir(fd), EACCES);
}

TEST(getcwd_errors) {
    char path[PATH_MAX];
    CHECK_ERR(syscall(SYS_getcwd, path, 1), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, path, 0), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, BAD, 4096), EFAULT);
    size_t length = strlen(cwd());
    CHECK_EQ(syscall(SYS_getcwd, path, length + 1), length + 1);
    CHECK_ERR(syscall(SYS_getcwd, path, length), ERANGE);
}

static void *thread_chdir(void *argument) {
    CHECK_OK(chdir("/usr"));
    return argument;
}

TEST(threads_share_the_directory) {
    pthread_t thread;
    CHECK_RC(pthread_create(&thread, NULL, thread_chdir, NULL), 0);
    CHECK_RC(pthread_join(thread, NULL), 0);
    CHECK_STR(cwd(), "/usr");
    WAIT(SPAWN({ CHECK_OK(chdir("/")); }));
    CHECK_STR(cwd(), "/usr");
}

TEST(unshare_fs) {
    CHECK_STATUS(CHILD({
        pthread_t thread;
        CHECK_OK(chdir("/tmp"));
        CHECK_OK(syscall(SYS_unshare, 0x200 /* CLONE_FS */));
        CHECK_RC(pthread_create(&thread, NULL, thread_chdir, NULL), 0);
        CHECK_RC(pthread_join(thread, NULL), 0);
    }), 0);
}

TEST(chroot_jails) {
    need_root();
    CHECK_OK(mkdir("jail", 0755));
    CHECK_OK(mkdir("jail/etc", 0755));
    write_file("jail/etc/passwd", "jailed");
    CHECK_OK(symlink("/etc/passwd", "jail/link"));
    CHECK_OK(chroot("jail"));
    CHECK_STR(read_file("/etc/passwd"), "jailed");
    CHECK_STR(read_file("/link"), "jailed");
    CHECK_ERR(open("/usr", O_RDONLY), ENOENT);
    CHECK_OK(chdir("/"));
    CHECK_STR(cwd(), "/");
    CHECK_STR(read_file("/../../etc/passwd"), "jailed");
    CHECK_STR(read_file("../etc/passwd"), "jailed");
}

TEST(cwd_outside_of_the_root) {
    need_root();
    CHECK_OK(mkdir("jail", 0755));
    CHECK_OK(chroot("jail"));
    char path[PATH_MAX];
    long length = CHECK_OK(syscall(SYS_getcwd, path, sizeof path));
    CHECK(length > 13 && memcmp(path, "(unreachable)", 13) == 0);
    errno = 0;
    CHECK(getcwd(path, sizeof path) == NULL);
    CHECK_EQ(errno, ENOENT);
    CHECK_OK(open("jail", O_RDONLY));
}

TEST(chroot_errors) {
    need_root();
    write_file("f", "");
    CHECK_ERR(chroot("none"), ENOENT);
    CHECK_ERR(chroot("f"), ENOTDIR);
    CHECK_ERR(chroot(BAD), EFAULT);
    become_user();
    CHECK_ERR(chroot("/"), EPERM);
}

TEST(chroot_is_inherited) {
    need_root();
    CHECK_OK(mkdir("jail", 0755));
    write_file("jail/inside", "");
    CHECK_OK(chroot("jail"));
    CHECK_OK(chdir("/"));
    WAIT(SPAWN({ CHECK_OK(access("/inside", F_OK)); }));
    WAIT(SPAWN({ CHECK_OK(mkdir("/new", 0755)); CHECK_OK(chroot("/new")); }));
    CHECK_OK(access("/inside", F_OK));
}

TEST(statfs_values) {
    struct statfs fs;
    CHECK_OK(statfs(".", &fs));
    CHECK(fs.f_bsize >= 512);
    CHECK(fs.f_blocks >= fs.f_bfree);
    CHECK(fs.f_bfree >= fs.f_bavail);
    CHECK(fs.f_namelen == 255);
    CHECK_OK(statfs("/proc", &fs));
    CHECK_EQ(fs.f_type, 0x9fa0);
    CHECK_OK(statfs("/sys", &fs));
    CHECK_EQ(fs.f_type, 0x62656572);
    CHECK_OK(statfs("/dev/shm", &fs));
    CHECK_EQ(fs.f_type, 0x01021994);
    CHECK_OK(statfs("/dev/pts", &fs));
    CHECK_EQ(fs.f_type, 0x1cd1);
}

TEST(fstatfs_of_anonymous_files) {
    struct statfs fs;
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(fstatfs(p[0], &fs));
    CHECK_EQ(fs.f_type, 0x50495045);
    CHECK_OK(fstatfs(CHECK_OK(open("/proc/self/status", O_RDONLY)), &fs));
    CHECK_EQ(fs.f_type, 0x9fa0);
    CHECK_OK(fstatfs(CHECK_OK(open(".", O_PATH)), &fs));
}

TEST(statfs_errors) {
    struct statfs fs;
    write_file("f", "");
    CHECK_ERR(statfs("none", &fs), ENOENT);
    CHECK_ERR(statfs("f/x", &fs), ENOTDIR);
    CHECK_ERR(statfs(BAD, &fs), EFAULT);
    CHECK_ERR(statfs(".", BAD), EFAULT);
    CHECK_ERR(fstatfs(99, &fs), EBADF);
    CHECK_ERR(fstatfs(0, BAD), EFAULT);
}

TEST(statvfs_function) {
    struct statvfs fs;
    CHECK_OK(statvfs("/", &fs));
    CHECK(fs.f_frsize > 0 && fs.f_blocks > 0);
    CHECK_OK(statvfs("/proc", &fs));
    CHECK_EQ(fs.f_blocks, 0);
}

TEST(ustat_and_old_calls) {
    CHECK_ERR(syscall(SYS_ustat, 0xffff, BAD), EINVAL);
    char name[16] = "";
    long count = syscall(SYS_sysfs, 3, 0, 0);
    if (count == -1 && errno == ENOSYS)
        SKIP("no sysfs call");
    CHECK(count > 1);
    CHECK_OK(syscall(SYS_sysfs, 2, 0, name));
}

TEST(mount_needs_privilege) {
    become_user();
    CHECK_ERR(syscall(SYS_mount, "none", ".", "tmpfs", 0, NULL), EPERM);
    CHECK_ERR(syscall(SYS_umount2, "/proc", 0), EPERM);
    CHECK_ERR(syscall(SYS_pivot_root, ".", "."), EPERM);
}

TEST(pwd_tool_agrees) {
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("d", "l"));
    char line[PATH_MAX] = "";
    FILE *pwd = popen("cd l && /bin/pwd -P", "r");
    CHECK(pwd != NULL && fgets(line, sizeof line, pwd) != NULL);
    CHECK_EQ(pclose(pwd), 0);
    line[strlen(line) - 1] = 0;
    CHECK_STR(line + strlen(cwd()), "/d");
}

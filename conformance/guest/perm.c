/* chmod(2), chown(2), utimensat(2), umask(2) and the permission checks of path_resolution(7) and capabilities(7). */
#include "check.h"
#include <sys/socket.h>
#include <utime.h>

static struct stat st;

static mode_t mode_of(const char *path) {
    CHECK_OK(stat(path, &st));
    return st.st_mode & 07777;
}

static long fchmodat2_(int dir, const char *path, mode_t mode, int flags) {
    return syscall(452, dir, path, mode, flags);
}

TEST(chmod_bits) {
    write_file("f", "");
    for (mode_t mode = 0; mode < 01000; mode += 0111) {
        CHECK_OK(chmod("f", mode));
        CHECK_EQ(mode_of("f"), mode);
    }
    CHECK_OK(chmod("f", S_IFDIR | 0640));
    CHECK_EQ(mode_of("f"), 0640);
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(chmod("f", 07777));
    CHECK_EQ(mode_of("f"), 07777);
}

TEST(chmod_errors) {
    write_file("f", "");
    CHECK_ERR(chmod("none", 0600), ENOENT);
    CHECK_ERR(chmod("f/x", 0600), ENOTDIR);
    CHECK_ERR(chmod("", 0600), ENOENT);
    CHECK_ERR(chmod(BAD, 0600), EFAULT);
    CHECK_ERR(fchmod(99, 0600), EBADF);
    CHECK_ERR(syscall(SYS_fchmodat, 99, "f", 0600), EBADF);
}

TEST(chmod_follows_links) {
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(chmod("l", 0604));
    CHECK_EQ(mode_of("f"), 0604);
}

TEST(fchmodat2_flags) {
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    if (fchmodat2_(AT_FDCWD, "f", 0604, 0) == -1 && errno == ENOSYS)
        SKIP("kernel before 6.6");
    CHECK_EQ(mode_of("f"), 0604);
    CHECK_ERR(fchmodat2_(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
    int fd = CHECK_OK(open("f", O_PATH));
    CHECK_OK(fchmodat2_(fd, "", 0611, AT_EMPTY_PATH));
    CHECK_EQ(mode_of("f"), 0611);
    CHECK_ERR(fchmodat2_(fd, "", 0611, 0), ENOENT);
    CHECK_ERR(fchmodat2_(AT_FDCWD, "f", 0611, 0x8), EINVAL);
}

TEST(fchmod_of_an_open_file) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDONLY, 0600));
    CHECK_OK(fchmod(fd, 0444));
    CHECK_EQ(mode_of("f"), 0444);
    CHECK_OK(unlink("f"));
    CHECK_OK(fchmod(fd, 0600));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 07777, 0600);
}

TEST(umask_values) {
    CHECK_EQ(umask(0), 022);
    CHECK_EQ(umask(07777), 0);
    CHECK_EQ(umask(022), 0777);
    umask(0);
    WAIT(SPAWN({ umask(0777); }));
    CHECK_EQ(umask(0), 0);
    CHECK_OK(mkdir("d", 0777));
    CHECK_EQ(mode_of("d"), 0777);
    CHECK_OK(mkfifo("p", 0666));
    CHECK_EQ(mode_of("p"), 0666);
}

TEST(chown_as_root) {
    need_root();
    write_file("f", "");
    CHECK_OK(chown("f", 123, 456));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 123);
    CHECK_EQ(st.st_gid, 456);
    CHECK_OK(chown("f", -1, 7));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 123);
    CHECK_EQ(st.st_gid, 7);
    CHECK_OK(fchown(CHECK_OK(open("f", O_RDONLY)), 9, -1));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 9);
}

TEST(chown_links) {
    need_root();
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(lchown("l", 5, 6));
    CHECK_OK(lstat("l", &st));
    CHECK_EQ(st.st_uid, 5);
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 0);
    CHECK_OK(chown("l", 8, 8));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 8);
    int fd = CHECK_OK(open("f", O_PATH));
    CHECK_OK(fchownat(fd, "", 10, 10, AT_EMPTY_PATH));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_gid, 10);
}

TEST(chown_errors) {
    write_file("f", "");
    CHECK_ERR(chown("none", -1, -1), ENOENT);
    CHECK_OK(chown("f", -1, -1));
    CHECK_ERR(chown(BAD, -1, -1), EFAULT);
    CHECK_ERR(fchown(99, -1, -1), EBADF);
    CHECK_ERR(fchownat(AT_FDCWD, "f", -1, -1, 0x8), EINVAL);
    CHECK_ERR(fchownat(99, "f", -1, -1, 0), EBADF);
    become_user();
    CHECK_ERR(chown("f", 0, -1), EPERM);
    CHECK_ERR(chown("/etc/passwd", geteuid(), -1), EPERM);
}

TEST(chown_clears_set_id_bits) {
    need_root();
    write_file("f", "");
    CHECK_OK(chmod("f", 06755));
    CHECK_OK(chown("f", 1, 1));
    CHECK_EQ(mode_of("f"), 0755);
    CHECK_OK(chmod("f", 02644));
    CHECK_OK(chown("f", 2, 2));
    /* Without group execute permission the bit means mandatory locking and stays. */
    CHECK_EQ(mode_of("f"), 02644);
}

TEST(owner_may_give_to_own_groups_only) {
    need_root();
    write_file("f", "");
    CHECK_OK(chown("f", CHECK_USER, CHECK_USER));
    gid_t groups[2] = { CHECK_USER, 777 };
    CHECK_OK(syscall(SYS_setgroups, 2, groups));
    CHECK_OK(syscall(SYS_setresgid, CHECK_USER, CHECK_USER, CHECK_USER));
    CHECK_OK(syscall(SYS_setresuid, CHECK_USER, CHECK_USER, CHECK_USER));
    CHECK_OK(chown("f", -1, 777));
    CHECK_ERR(chown("f", -1, 778), EPERM);
    CHECK_OK(chmod("f", 0640));
}

TEST(chmod_drops_setgid_of_foreign_group) {
    need_root();
    write_file("f", "");
    CHECK_OK(chown("f", CHECK_USER, 4242));
    become_user();
    CHECK_OK(chmod("f", 02755));
    CHECK_EQ(mode_of("f"), 0755);
}

TEST(setgid_directory_passes_its_group) {
    need_root();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chown("d", 0, 555));
    CHECK_OK(chmod("d", 02777));
    write_file("d/f", "");
    CHECK_OK(stat("d/f", &st));
    CHECK_EQ(st.st_gid, 555);
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(stat("d/e", &st));
    CHECK_EQ(st.st_gid, 555);
    CHECK_EQ(st.st_mode & 02000, 02000);
}

TEST(class_is_chosen_once) {
    /* The owner gets the owner's bits even when the group has more. */
    write_file("f", "secret");
    if (geteuid() == 0)
        CHECK_OK(chown("f", CHECK_USER, CHECK_USER));
    become_user();
    CHECK_OK(chmod("f", 0077));
    CHECK_ERR(open("f", O_RDONLY), EACCES);
    CHECK_OK(chmod("f", 0477));
    CHECK_OK(open("f", O_RDONLY));
    CHECK_ERR(open("f", O_RDWR), EACCES);
}

TEST(group_and_other_classes) {
    need_root();
    write_file("group", "");
    write_file("other", "");
    CHECK_OK(chown("group", 0, 321));
    CHECK_OK(chmod("group", 0060));
    CHECK_OK(chmod("other", 0006));
    gid_t groups[1] = { 321 };
    CHECK_OK(syscall(SYS_setgroups, 1, groups));
    CHECK_OK(syscall(SYS_setresgid, CHECK_USER, CHECK_USER, CHECK_USER));
    CHECK_OK(syscall(SYS_setresuid, CHECK_USER, CHECK_USER, CHECK_USER));
    CHECK_OK(open("group", O_RDWR));
    CHECK_OK(open("other", O_RDWR));
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
}

TEST(root_overrides_but_not_execute) {
    need_root();
    write_file("f", "#!/bin/sh\n");
    CHECK_OK(chmod("f", 0));
    CHECK_OK(open("f", O_RDWR));
    char *args[] = { "f", NULL };
    CHECK_ERR(execve("./f", args, args + 1), EACCES);
    CHECK_OK(mkdir("d", 0));
    CHECK_OK(chmod("d", 0));
    write_file("d/g", "");
    CHECK_OK(access("d", R_OK | W_OK | X_OK));
}

TEST(open_uses_filesystem_ids) {
    need_root();
    write_file("f", "");
    CHECK_OK(chmod("f", 0600));
    CHECK_EQ(syscall(SYS_setfsuid, CHECK_USER), 0);
    CHECK_ERR(open("f", O_RDONLY), EACCES);
    CHECK_EQ(syscall(SYS_setfsuid, 0), CHECK_USER);
    CHECK_OK(open("f", O_RDONLY));
}

TEST(new_files_belong_to_the_effective_ids) {
    need_root();
    CHECK_OK(chmod(".", 0777));
    CHECK_OK(syscall(SYS_setresgid, 0, 77, 0));
    CHECK_OK(syscall(SYS_setresuid, 0, 88, 0));
    write_file("f", "");
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 88);
    CHECK_EQ(st.st_gid, 77);
}

TEST(utimensat_values) {
    write_file("f", "");
    struct timespec times[2] = { { 1111111111, 123456789 }, { 2222222222, 987654321 } };
    CHECK_OK(utimensat(AT_FDCWD, "f", times, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_atim.tv_sec, 1111111111);
    CHECK_EQ(st.st_atim.tv_nsec, 123456789);
    CHECK_EQ(st.st_mtim.tv_sec, 2222222222);
    CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
}

TEST(utimensat_now_and_omit) {
    write_file("f", "");
    struct timespec times[2] = { { 100, 0 }, { 200, 0 } };
    CHECK_OK(utimensat(AT_FDCWD, "f", times, 0));
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CHECK_OK(utimensat(AT_FDCWD, "f", times, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_atim.tv_sec, 100);
    CHECK(st.st_mtim.tv_sec > 1000000);
    CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atim.tv_sec > 1000000);
}

TEST(utimensat_errors) {
    write_file("f", "");
    struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } }, good[2] = { { 1, 1 }, { 1, 1 } };
    CHECK_ERR(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
    CHECK_ERR(utimensat(AT_FDCWD, "none", good, 0), ENOENT);
    CHECK_ERR(utimensat(AT_FDCWD, "f", BAD, 0), EFAULT);
    CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, BAD, good, 0), EFAULT);
    CHECK_ERR(utimensat(AT_FDCWD, "f", good, 0x8), EINVAL);
    CHECK_ERR(utimensat(99, "f", good, 0), EBADF);
    CHECK_ERR(futimens(99, good), EBADF);
    struct timespec omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
    CHECK_OK(utimensat(AT_FDCWD, "f", omit, 0));
}

TEST(utimensat_links) {
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    struct timespec times[2] = { { 300, 0 }, { 400, 0 } };
    CHECK_OK(utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(lstat("l", &st));
    CHECK_EQ(st.st_mtim.tv_sec, 400);
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtim.tv_sec != 400);
    CHECK_OK(utimensat(AT_FDCWD, "l", times, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtim.tv_sec, 400);
    int fd = CHECK_OK(open("f", O_RDONLY));
    times[1].tv_sec = 500;
    CHECK_OK(futimens(fd, times));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtim.tv_sec, 500);
}

TEST(utimes_of_others) {
    need_root();
    write_file("f", "");
    CHECK_OK(chmod("f", 0666));
    write_file("g", "");
    become_user();
    struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
    /* Setting to "now" needs write permission only, other values need the owner. */
    CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
    CHECK_ERR(utimensat(AT_FDCWD, "f", times, 0), EPERM);
    CHECK_ERR(utimensat(AT_FDCWD, "g", NULL, 0), EACCES);
}

TEST(old_time_calls) {
    write_file("f", "");
    struct utimbuf both = { 10, 20 };
    struct timeval values[2] = { { 30, 5 }, { 40, 6 } };
    CHECK_OK(syscall(SYS_utime, "f", &both));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_atime, 10);
    CHECK_EQ(st.st_mtime, 20);
    CHECK_OK(syscall(SYS_utimes, "f", values));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtim.tv_sec, 40);
    CHECK_EQ(st.st_mtim.tv_nsec, 6000);
    values[0].tv_usec = 1000000;
    CHECK_ERR(syscall(SYS_utimes, "f", values), EINVAL);
    values[0].tv_usec = 0;
    CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", values));
    CHECK_ERR(syscall(SYS_utime, "f", BAD), EFAULT);
    CHECK_ERR(syscall(SYS_utime, BAD, &both), EFAULT);
}

TEST(directory_permissions) {
    need_root();
    CHECK_OK(mkdir("x", 0711));
    CHECK_OK(mkdir("r", 0744));
    write_file("x/f", "");
    write_file("r/f", "");
    become_user();
    CHECK_ERR(open("x", O_RDONLY), EACCES);
    CHECK_OK(open("x/f", O_RDONLY));
    CHECK_OK(open("r", O_RDONLY));
    CHECK_ERR(open("r/f", O_RDONLY), EACCES);
    CHECK_ERR(chdir("r"), EACCES);
    CHECK_OK(chdir("x"));
}

TEST(protected_system_files) {
    become_user();
    CHECK_ERR(open("/etc/passwd", O_WRONLY), EACCES);
    CHECK_ERR(open("/etc/shadow", O_RDONLY), EACCES);
    CHECK_ERR(open("/etc/new-file", O_CREAT | O_WRONLY, 0600), EACCES);
    CHECK_ERR(unlink("/etc/passwd"), EACCES);
    CHECK_ERR(mkdir("/new-dir", 0700), EACCES);
    CHECK_ERR(rename("/etc/passwd", "/etc/x"), EACCES);
    CHECK_ERR(chmod("/etc/passwd", 0666), EPERM);
    CHECK_ERR(truncate("/etc/passwd", 0), EACCES);
    CHECK_ERR(utimensat(AT_FDCWD, "/etc/passwd", NULL, 0), EACCES);
    CHECK_ERR(symlink("x", "/etc/l"), EACCES);
    CHECK_ERR(chroot("/"), EPERM);
}

TEST(exec_permission) {
    write_file("f", "#!/bin/true\n");
    char *args[] = { "f", NULL };
    CHECK_ERR(execve("./f", args, args + 1), EACCES);
    CHECK_ERR(execve(".", args, args + 1), EACCES);
    CHECK_ERR(execve("./none", args, args + 1), ENOENT);
    CHECK_OK(chmod("f", 0755));
    CHECK_STATUS(CHILD({ execve("./f", args, args + 1); _exit(9); }), 0);
}

/* Ids have no sign, and -1 keeps one. */
static void large_ids(int fd) {
    struct stat st;
    CHECK_OK(fchown(fd, 3000000000u, 4000000000u));
    CHECK_OK(fchown(fd, -1, 5));
    CHECK_OK(fchmod(fd, 0640));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_uid, 3000000000u);
    CHECK_EQ(st.st_gid, 5);
    CHECK_EQ(st.st_mode & 07777, 0640);
    CHECK_OK(close(fd));
}

TEST(large_ids_of_pipes_sockets_terminals) {
    need_root();
    int fds[2];
    CHECK_OK(pipe(fds));
    large_ids(fds[0]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    large_ids(fds[0]);
    int master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_OK(grantpt(master));
    CHECK_OK(unlockpt(master));
    large_ids(CHECK_OK(open(ptsname(master), O_RDWR | O_NOCTTY)));
    large_ids(CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0600)));
}

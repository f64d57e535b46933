/* mkdir(2), rmdir(2), unlink(2), rename(2), link(2), symlink(2), mknod(2). */
#include "check.h"
#include <linux/fs.h>
#include <sys/sysmacros.h>

static long rename2(const char *from, const char *to, unsigned flags) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static ino_t inode(const char *path) {
    struct stat st;
    CHECK_OK(lstat(path, &st));
    return st.st_ino;
}

static nlink_t links(const char *path) {
    struct stat st;
    CHECK_OK(lstat(path, &st));
    return st.st_nlink;
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

TEST(mkdir_mode) {
    struct stat st;
    umask(022);
    CHECK_OK(mkdir("d", 07777));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode & 01777, 01755);
    umask(0);
    CHECK_OK(mkdir("e", 0));
    CHECK_OK(stat("e", &st));
    CHECK_EQ(st.st_mode, S_IFDIR);
}

TEST(mkdir_errors) {
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("none", "l"));
    CHECK_ERR(mkdir("d", 0755), EEXIST);
    CHECK_ERR(mkdir("f", 0755), EEXIST);
    CHECK_ERR(mkdir("l", 0755), EEXIST);
    CHECK_ERR(mkdir(".", 0755), EEXIST);
    CHECK_ERR(mkdir("..", 0755), EEXIST);
    CHECK_ERR(mkdir("d/.", 0755), EEXIST);
    CHECK_ERR(mkdir("none/d", 0755), ENOENT);
    CHECK_ERR(mkdir("none/.", 0755), ENOENT);
    CHECK_ERR(mkdir("f/d", 0755), ENOTDIR);
    CHECK_ERR(mkdir("", 0755), ENOENT);
    CHECK_ERR(mkdir(BAD, 0755), EFAULT);
    CHECK_ERR(mkdirat(99, "x", 0755), EBADF);
    CHECK_ERR(mkdirat(CHECK_OK(open("f", O_RDONLY)), "x", 0755), ENOTDIR);
}

TEST(rmdir_errors) {
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(symlink("d", "l"));
    CHECK_ERR(rmdir("d"), ENOTEMPTY);
    CHECK_ERR(rmdir("f"), ENOTDIR);
    CHECK_ERR(rmdir("l"), ENOTDIR);
    CHECK_ERR(rmdir("none"), ENOENT);
    CHECK_ERR(rmdir("d/."), EINVAL);
    CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
    CHECK_ERR(rmdir(BAD), EFAULT);
    CHECK_ERR(rmdir(""), ENOENT);
    CHECK_OK(rmdir("d/e"));
    CHECK_OK(rmdir("d"));
    CHECK(!exists("d"));
}

TEST(rmdir_of_the_working_directory) {
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chdir("d"));
    CHECK_OK(rmdir("../d"));
    char cwd[PATH_MAX];
    CHECK_ERR(syscall(SYS_getcwd, cwd, sizeof cwd), ENOENT);
    CHECK_ERR(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_ERR(mkdir("x", 0700), ENOENT);
    CHECK_OK(open(".", O_RDONLY));
    CHECK_OK(chdir(".."));
}

TEST(unlink_errors) {
    CHECK_OK(mkdir("d", 0755));
    write_file("f", "");
    CHECK_ERR(unlink("d"), EISDIR);
    CHECK_ERR(unlink("none"), ENOENT);
    CHECK_ERR(unlink("f/x"), ENOTDIR);
    CHECK_ERR(unlink(""), ENOENT);
    CHECK_ERR(unlink(BAD), EFAULT);
    CHECK_ERR(unlink("."), EISDIR);
    CHECK_ERR(unlinkat(99, "f", 0), EBADF);
    CHECK_ERR(unlinkat(AT_FDCWD, "f", 0x4000), EINVAL);
    CHECK_ERR(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
    CHECK_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    CHECK_OK(unlink("f"));
}

TEST(unlink_removes_the_link_only) {
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(unlink("l"));
    CHECK(exists("f"));
}

TEST(link_counts) {
    write_file("f", "x");
    CHECK_OK(link("f", "g"));
    CHECK_EQ(links("f"), 2);
    CHECK_EQ(inode("f"), inode("g"));
    write_file("g", "y");
    CHECK_STR(read_file("f"), "y");
    CHECK_OK(unlink("f"));
    CHECK_EQ(links("g"), 1);
}

TEST(link_errors) {
    write_file("f", "");
    write_file("g", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(link("f", "g"), EEXIST);
    CHECK_ERR(link("none", "h"), ENOENT);
    CHECK_ERR(link("d", "h"), EPERM);
    CHECK_ERR(link("f", "none/h"), ENOENT);
    CHECK_ERR(link("f/x", "h"), ENOTDIR);
    CHECK_ERR(link("f", "/dev/shm/kernelet-check"), EXDEV);
    CHECK_ERR(link(BAD, "h"), EFAULT);
    CHECK_ERR(link("f", BAD), EFAULT);
    CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "h", 0x4), EINVAL);
    CHECK_ERR(linkat(99, "f", AT_FDCWD, "h", 0), EBADF);
    CHECK_ERR(linkat(AT_FDCWD, "f", 99, "h", 0), EBADF);
}

TEST(link_to_a_symlink) {
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(link("l", "hard"));
    CHECK_EQ(inode("hard"), inode("l"));
    CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
    CHECK_EQ(inode("followed"), inode("f"));
}

TEST(rename_plain) {
    write_file("a", "one");
    ino_t was = inode("a");
    CHECK_OK(rename("a", "b"));
    CHECK(!exists("a"));
    CHECK_EQ(inode("b"), was);
    CHECK_STR(read_file("b"), "one");
}

TEST(rename_replaces) {
    write_file("a", "one");
    write_file("b", "two");
    int old = CHECK_OK(open("b", O_RDONLY));
    CHECK_OK(rename("a", "b"));
    CHECK_STR(read_file("b"), "one");
    char text[4] = "";
    CHECK_EQ(read(old, text, 3), 3);
    CHECK_STR(text, "two");
    struct stat st;
    CHECK_OK(fstat(old, &st));
    CHECK_EQ(st.st_nlink, 0);
}

TEST(rename_same_file) {
    write_file("a", "x");
    CHECK_OK(link("a", "b"));
    CHECK_OK(rename("a", "b"));
    CHECK(exists("a") && exists("b"));
    CHECK_OK(rename("a", "a"));
    CHECK(exists("a"));
}

TEST(rename_leaves_a_whiteout) {
    write_file("a", "text");
    CHECK_OK(rename2("a", "b", RENAME_WHITEOUT));
    struct stat st;
    CHECK_OK(lstat("a", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev, 0);
    CHECK_STR(read_file("b"), "text");
    CHECK_ERR(rename2("b", "c", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
    write_file("c", "");
    CHECK_ERR(rename2("b", "c", RENAME_WHITEOUT | RENAME_NOREPLACE), EEXIST);
    CHECK_OK(unlink("a"));
}

TEST(rename_directories) {
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "x");
    CHECK_OK(mkdir("empty", 0755));
    CHECK_OK(mkdir("full", 0755));
    write_file("full/g", "");
    CHECK_OK(rename("d", "empty"));
    CHECK_STR(read_file("empty/f"), "x");
    CHECK_ERR2(rename("empty", "full"), ENOTEMPTY, EEXIST);
    CHECK_OK(rename("empty", "full/sub"));
    CHECK_STR(read_file("full/sub/f"), "x");
    struct stat parent, full;
    CHECK_OK(stat("full/sub/..", &parent));
    CHECK_OK(stat("full", &full));
    CHECK_EQ(parent.st_ino, full.st_ino);
}

TEST(rename_errors) {
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_ERR(rename("none", "x"), ENOENT);
    CHECK_ERR(rename("f", "none/x"), ENOENT);
    CHECK_ERR(rename("f", "d"), EISDIR);
    CHECK_ERR(rename("d", "f"), ENOTDIR);
    CHECK_ERR(rename("d", "d/e/x"), EINVAL);
    CHECK_ERR(rename("d", "d/x"), EINVAL);
    CHECK_ERR(rename("d/e", "d"), ENOTEMPTY);
    CHECK_ERR(rename("f/x", "y"), ENOTDIR);
    CHECK_ERR(rename("f", "/proc/y"), EXDEV);
    CHECK_ERR(rename(BAD, "y"), EFAULT);
    CHECK_ERR(rename("f", BAD), EFAULT);
    CHECK_ERR2(rename("d/.", "y"), EBUSY, EINVAL);
    CHECK_ERR2(rename("d/..", "y"), EBUSY, EINVAL);
    CHECK_ERR2(rename(".", "y"), EBUSY, EINVAL);
    CHECK_ERR(rename("", "y"), ENOENT);
}

TEST(rename_noreplace) {
    write_file("a", "one");
    write_file("b", "two");
    CHECK_ERR(rename2("a", "b", RENAME_NOREPLACE), EEXIST);
    CHECK_STR(read_file("b"), "two");
    CHECK_OK(rename2("a", "c", RENAME_NOREPLACE));
    CHECK_ERR(rename2("none", "d", RENAME_NOREPLACE), ENOENT);
}

TEST(rename_exchange) {
    write_file("a", "one");
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "two");
    CHECK_OK(rename2("a", "d", RENAME_EXCHANGE));
    CHECK_STR(read_file("d"), "one");
    CHECK_STR(read_file("a/f"), "two");
    CHECK_ERR(rename2("a", "none", RENAME_EXCHANGE), ENOENT);
    CHECK_ERR(rename2("a", "a/f", RENAME_EXCHANGE), EINVAL);
}

TEST(rename_bad_flags) {
    write_file("a", "");
    CHECK_ERR(rename2("a", "b", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
    CHECK_ERR(rename2("a", "b", RENAME_EXCHANGE | RENAME_WHITEOUT), EINVAL);
    CHECK_ERR(rename2("a", "b", 0x100), EINVAL);
}

TEST(rename_symlink_itself) {
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(rename("l", "m"));
    char text[5] = "";
    CHECK_EQ(readlink("m", text, 4), 1);
    CHECK_OK(rename("f", "m"));
    struct stat st;
    CHECK_OK(lstat("m", &st));
    CHECK(S_ISREG(st.st_mode));
}

TEST(renameat_between_directories) {
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    write_file("a/f", "x");
    int a = CHECK_OK(open("a", O_RDONLY)), b = CHECK_OK(open("b", O_PATH));
    CHECK_OK(renameat(a, "f", b, "g"));
    CHECK_STR(read_file("b/g"), "x");
    CHECK_ERR(renameat(99, "f", b, "g"), EBADF);
    CHECK_ERR(renameat(b, "g", 99, "g"), EBADF);
}

TEST(rename_many_times) {
    write_file("n0", "content");
    char from[20], to[20];
    for (int i = 0; i < 200; i++) {
        snprintf(from, sizeof from, "n%d", i);
        snprintf(to, sizeof to, "n%d", i + 1);
        CHECK_OK(rename(from, to));
    }
    CHECK_STR(read_file("n200"), "content");
    CHECK_ERR(open("n0", O_RDONLY), ENOENT);
}

TEST(replace_pattern_is_atomic) {
    /* A reader sees the old or the new content, never none. */
    write_file("f", "0000");
    pid_t writer = SPAWN({
        for (int i = 0; i < 300; i++) {
            write_file("f.new", i % 2 ? "0000" : "1111");
            CHECK_OK(rename("f.new", "f"));
        }
    });
    int status = 0;
    while (waitpid(writer, &status, WNOHANG) == 0) {
        char *text = read_file("f");
        CHECK(strcmp(text, "0000") == 0 || strcmp(text, "1111") == 0);
    }
    CHECK_STATUS(status, 0);
}

TEST(mknod_files) {
    struct stat st;
    CHECK_OK(mknod("f", S_IFREG | 0640, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0640);
    CHECK_OK(mknod("zero", 0600, 0));
    CHECK_OK(stat("zero", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(mknod("fifo", S_IFIFO | 0600, 0));
    CHECK_OK(mknod("sock", S_IFSOCK | 0600, 0));
    CHECK_OK(stat("sock", &st));
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_ERR(mknod("f", S_IFREG | 0600, 0), EEXIST);
    CHECK_ERR(mknod("d", S_IFDIR | 0700, 0), EPERM);
    CHECK_ERR(mknod("x", S_IFLNK | 0700, 0), EINVAL);
    CHECK_ERR(mknod("none/f", S_IFREG | 0600, 0), ENOENT);
    CHECK_ERR(mknod(BAD, S_IFREG | 0600, 0), EFAULT);
}

TEST(mknod_devices_need_privilege) {
    become_user();
    CHECK_ERR(mknod("c", S_IFCHR | 0600, makedev(1, 3)), EPERM);
    CHECK_ERR(mknod("b", S_IFBLK | 0600, makedev(8, 0)), EPERM);
}

TEST(nlink_of_directories) {
    CHECK_OK(mkdir("d", 0755));
    nlink_t base = links("d");
    char name[20];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "d/%d", i);
        CHECK_OK(mkdir(name, 0755));
    }
    CHECK(links("d") == base + 5 || links("d") == 1);
    CHECK_OK(rename("d/0", "out"));
    CHECK(links("d") == base + 4 || links("d") == 1);
}

TEST_SLOW(deep_directories, 30) {
    for (int i = 0; i < 300; i++) {
        CHECK_OK(mkdir("deeper", 0755));
        CHECK_OK(chdir("deeper"));
    }
    write_file("bottom", "x");
    char *cwd = getcwd(NULL, 0);
    CHECK(cwd != NULL);
    CHECK(strlen(cwd) > 300 * 7);
    for (int i = 0; i < 300; i++)
        CHECK_OK(chdir(".."));
    CHECK(exists("deeper/deeper/deeper"));
}

TEST(names_reused_at_once) {
    for (int i = 0; i < 100; i++) {
        CHECK_OK(mkdir("x", 0755));
        CHECK_ERR(open("x", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
        CHECK_OK(rmdir("x"));
        int fd = CHECK_OK(open("x", O_CREAT | O_EXCL | O_RDWR, 0600));
        CHECK_OK(close(fd));
        CHECK_OK(unlink("x"));
        CHECK_OK(symlink("t", "x"));
        CHECK_OK(unlink("x"));
    }
}

TEST(hide_and_recreate_host_file) {
    /* A file of the system's own directories: removing and making again must work where one may write. */
    need_root();
    struct stat st;
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "one");
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d"));
    CHECK_OK(mkdir("d", 0700));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode & 0777, 0700);
    CHECK(!exists("d/f"));
}

TEST(sticky_directory) {
    need_root();
    CHECK_OK(mkdir("t", 01777));
    CHECK_OK(chmod("t", 01777));
    write_file("t/root", "");
    write_file("t/user", "");
    CHECK_OK(chown("t/user", CHECK_USER, CHECK_USER));
    become_user();
    CHECK_ERR(unlink("t/root"), EPERM);
    CHECK_ERR(rename("t/root", "t/x"), EPERM);
    CHECK_ERR(rename("t/user", "t/root"), EPERM);
    CHECK_OK(unlink("t/user"));
}

TEST(write_permission_of_the_parent) {
    need_root();
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "");
    CHECK_OK(chmod("d/f", 0666));
    become_user();
    CHECK_ERR(unlink("d/f"), EACCES);
    CHECK_ERR(rename("d/f", "g"), EACCES);
    CHECK_ERR(mkdir("d/x", 0700), EACCES);
    CHECK_ERR(rmdir("d/x"), ENOENT);
    CHECK_ERR(symlink("x", "d/l"), EACCES);
    CHECK_ERR(link("d/f", "d/h"), EACCES);
    CHECK_ERR(open("d/new", O_CREAT | O_RDWR, 0600), EACCES);
    CHECK_OK(open("d/f", O_RDWR));
}

TEST(getcwd_after_rename) {
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    CHECK_OK(chdir("a/b"));
    CHECK_OK(rename("../../a", "../../z"));
    char cwd[PATH_MAX];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(cwd + strlen(cwd) - 4, "/z/b");
}

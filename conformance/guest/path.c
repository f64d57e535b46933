/* path_resolution(7), symlink(7), openat2(2) and its RESOLVE_ flags. */
#include "check.h"
#include <linux/openat2.h>

static long openat2_(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = { flags, mode, resolve };
    return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static void tree(void) {
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    write_file("a/f", "af");
    write_file("a/b/f", "abf");
    CHECK_OK(symlink("b/f", "a/rel"));
    CHECK_OK(symlink("../a/b", "a/up"));
    CHECK_OK(symlink("/etc/passwd", "a/abs"));
    CHECK_OK(symlink("..", "a/parent"));
}

TEST(dots) {
    tree();
    CHECK_STR(read_file("a/./b/../f"), "af");
    CHECK_STR(read_file("./././a//b///f"), "abf");
    CHECK_ERR(open("a/f/../f", O_RDONLY), ENOTDIR);
}

TEST(links_in_the_middle) {
    tree();
    CHECK_STR(read_file("a/up/f"), "abf");
    CHECK_STR(read_file("a/up/../f"), "af");
    CHECK_STR(read_file("a/rel"), "abf");
    CHECK_STR(read_file("a/parent/a/parent/a/f"), "af");
}

TEST(forty_links) {
    /* path_resolution(7): 40 links are followed, not more. */
    char from[20], to[20];
    write_file("l0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(from, sizeof from, "l%d", i - 1);
        snprintf(to, sizeof to, "l%d", i);
        CHECK_OK(symlink(from, to));
    }
    CHECK_STR(read_file("l40"), "end");
    CHECK_ERR(open("l41", O_RDONLY), ELOOP);
}

TEST(forty_links_in_a_path) {
    CHECK_OK(symlink(".", "l"));
    write_file("f", "x");
    char path[400] = "";
    for (int i = 0; i < 40; i++)
        strcat(path, "l/");
    strcat(path, "f");
    CHECK_OK(open(path, O_RDONLY));
    memmove(path + 2, path, strlen(path) + 1);
    CHECK_ERR(open(path, O_RDONLY), ELOOP);
}

TEST(loops) {
    CHECK_OK(symlink("y", "x"));
    CHECK_OK(symlink("x", "y"));
    CHECK_ERR(open("x", O_RDONLY), ELOOP);
    CHECK_ERR(open("x/f", O_RDONLY), ELOOP);
    CHECK_ERR(open("x", O_RDWR | O_CREAT, 0600), ELOOP);
    CHECK_ERR(mkdir("x", 0700), EEXIST);
    CHECK_ERR(chdir("x"), ELOOP);
    CHECK_OK(unlink("x"));
}

TEST(trailing_slash) {
    tree();
    struct stat st;
    CHECK_OK(lstat("a/up/", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_ERR(lstat("a/f/", &st), ENOTDIR);
    CHECK_ERR(lstat("a/rel/", &st), ENOTDIR);
    CHECK_OK(mkdir("new/", 0755));
    CHECK_ERR(unlink("a/f/"), ENOTDIR);
    CHECK_ERR(rename("a/f", "a/g/"), ENOTDIR);
    CHECK_ERR(link("a/f", "a/g/"), ENOENT);
    CHECK_ERR(symlink("x", "a/g/"), ENOENT);
    CHECK_OK(rename("new/", "newer/"));
    CHECK_OK(rmdir("newer/"));
}

TEST(dangling_link_with_trailing_slash) {
    CHECK_OK(symlink("none", "l"));
    CHECK_ERR(mkdir("l/", 0755), EEXIST);
    CHECK_ERR(open("l/", O_RDONLY), ENOENT);
    CHECK_ERR(rmdir("l/"), ENOTDIR);
}

TEST(long_components_and_paths) {
    char name[257], path[PATH_MAX + 2];
    memset(name, 'x', 256);
    name[256] = 0;
    struct stat st;
    CHECK_ERR(stat(name, &st), ENAMETOOLONG);
    CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
    CHECK_ERR(symlink("t", name), ENAMETOOLONG);
    CHECK_ERR(unlink(name), ENAMETOOLONG);
    name[255] = 0;
    CHECK_OK(mkdir(name, 0755));
    memset(path, '/', sizeof path);
    path[PATH_MAX] = 0;
    CHECK_ERR(stat(path, &st), ENAMETOOLONG);
    path[PATH_MAX - 1] = 0;
    CHECK_OK(stat(path, &st));
    CHECK_ERR(symlink(path + 1 - 1, ""), ENOENT);
}

TEST(no_access_in_the_middle) {
    need_root();
    tree();
    CHECK_OK(chmod("a/b", 0600));
    become_user();
    CHECK_ERR(open("a/b/f", O_RDONLY), EACCES);
    CHECK_ERR(open("a/b/none", O_RDONLY), EACCES);
    CHECK_ERR(open("a/b/.", O_RDONLY), EACCES);
    CHECK_ERR(open("a/b/..", O_RDONLY), EACCES);
    CHECK_ERR(open("a/rel", O_RDONLY), EACCES);
    CHECK_ERR(chdir("a/b"), EACCES);
}

TEST(magic_links) {
    tree();
    int dir = CHECK_OK(open("a", O_RDONLY)), fd = CHECK_OK(open("a/f", O_RDONLY));
    char path[60], target[200];
    snprintf(path, sizeof path, "/proc/self/fd/%d/b/f", dir);
    CHECK_STR(read_file(path), "abf");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_OK(unlink("a/f"));
    CHECK_STR(read_file(path), "af");
    ssize_t length = CHECK_OK(readlink(path, target, sizeof target));
    CHECK(length > 10 && memcmp(target + length - 10, " (deleted)", 10) == 0);
    CHECK_STR(read_file("/proc/self/cwd/a/b/f"), "abf");
    snprintf(path, sizeof path, "/proc/self/fd/%d/x", fd);
    CHECK_ERR(open(path, O_RDONLY), ENOTDIR);
}

TEST(dev_fd_links) {
    write_file("f", "content");
    int fd = CHECK_OK(open("f", O_RDONLY));
    char path[40];
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    CHECK_STR(read_file(path), "content");
}

TEST(readlink_semantics) {
    char text[20];
    CHECK_OK(symlink("target", "l"));
    memset(text, '#', sizeof text);
    CHECK_EQ(readlink("l", text, sizeof text), 6);
    CHECK_MEM(text, "target##", 8);
    CHECK_EQ(readlink("l", text, 3), 3);
    CHECK_ERR(readlink("l", text, 0), EINVAL);
    CHECK_ERR(syscall(SYS_readlink, "l", text, -1), EINVAL);
    write_file("f", "");
    CHECK_ERR(readlink("f", text, sizeof text), EINVAL);
    CHECK_ERR(readlink("none", text, sizeof text), ENOENT);
    CHECK_ERR(readlink("f/x", text, sizeof text), ENOTDIR);
    CHECK_ERR(readlink("l", BAD, 6), EFAULT);
    CHECK_ERR(readlink(BAD, text, 6), EFAULT);
    CHECK_ERR(readlinkat(99, "l", text, 6), EBADF);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_ERR2(readlinkat(fd, "", text, 6), ENOENT, EINVAL);
    CHECK_ERR(readlinkat(AT_FDCWD, "", text, 6), ENOENT);
}

TEST(symlink_limits) {
    char target[PATH_MAX + 1];
    memset(target, 'x', sizeof target);
    target[PATH_MAX] = 0;
    CHECK_ERR(symlink(target, "l"), ENAMETOOLONG);
    target[3000] = 0;
    CHECK_OK(symlink(target, "l"));
    char back[PATH_MAX];
    CHECK_EQ(readlink("l", back, sizeof back), 3000);
    CHECK_ERR(symlink("", "m"), ENOENT);
    CHECK_ERR(symlink("x", "l"), EEXIST);
    CHECK_ERR(symlink(BAD, "m"), EFAULT);
    CHECK_ERR(symlink("x", BAD), EFAULT);
    CHECK_ERR(symlink("x", "none/m"), ENOENT);
}

TEST(openat2_basic) {
    tree();
    long fd = CHECK_OK(openat2_(AT_FDCWD, "a/f", O_RDONLY | O_CLOEXEC, 0, 0));
    CHECK_EQ(fcntl((int) fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(openat2_(AT_FDCWD, "new", O_CREAT | O_RDWR, 0640, 0));
    struct stat st;
    CHECK_OK(stat("new", &st));
    CHECK_EQ(st.st_mode & 0777, 0640);
}

TEST(openat2_strictness) {
    tree();
    CHECK_ERR(openat2_(AT_FDCWD, "a/f", O_RDONLY | 0x40000000, 0, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "a/f", 1ULL << 40, 0, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "a/f", O_RDONLY, 0600, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "new", O_CREAT | O_RDWR, 0200000, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "a/f", O_RDONLY, 0, 0x1000), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "a/f", O_PATH | O_RDWR, 0, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, BAD, O_RDONLY, 0, 0), EFAULT);
    CHECK_ERR(openat2_(99, "a", O_RDONLY, 0, 0), EBADF);
    CHECK_ERR(openat2_(AT_FDCWD, "a", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT), EINVAL);
}

TEST(openat2_size) {
    struct { struct open_how how; uint64_t more; } big = { { O_RDONLY, 0, 0 }, 0 };
    write_file("f", "");
    CHECK_OK(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof big));
    big.more = 1;
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof big), E2BIG);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, 8), EINVAL);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, 0), EINVAL);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, 8192), E2BIG);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", BAD, sizeof(struct open_how)), EFAULT);
}

TEST(resolve_no_symlinks) {
    tree();
    CHECK_OK(openat2_(AT_FDCWD, "a/b/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
    CHECK_ERR(openat2_(AT_FDCWD, "a/up/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
    CHECK_ERR(openat2_(AT_FDCWD, "a/rel", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
    CHECK_OK(openat2_(AT_FDCWD, "a/rel", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS));
}

TEST(resolve_no_magiclinks) {
    CHECK_ERR(openat2_(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP);
    CHECK_OK(openat2_(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, 0));
    CHECK_OK(openat2_(AT_FDCWD, "/proc/self/status", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
}

TEST(resolve_beneath) {
    tree();
    int dir = CHECK_OK(open("a", O_PATH));
    CHECK_OK(openat2_(dir, "b/../f", O_RDONLY, 0, RESOLVE_BENEATH));
    CHECK_OK(openat2_(dir, "rel", O_RDONLY, 0, RESOLVE_BENEATH));
    CHECK_ERR(openat2_(dir, "../a/f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERR(openat2_(dir, "up/f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERR(openat2_(dir, "parent", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERR(openat2_(dir, "abs", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERR(openat2_(dir, "/etc/passwd", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERR(openat2_(dir, "none", O_RDONLY, 0, RESOLVE_BENEATH), ENOENT);
}

TEST(resolve_in_root) {
    tree();
    CHECK_OK(mkdir("a/etc", 0755));
    write_file("a/etc/passwd", "mine");
    int dir = CHECK_OK(open("a", O_PATH));
    char text[5] = "";
    long fd = CHECK_OK(openat2_(dir, "abs", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CHECK_EQ(read((int) fd, text, 4), 4);
    CHECK_STR(text, "mine");
    CHECK_OK(openat2_(dir, "/f", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CHECK_OK(openat2_(dir, "../../../f", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CHECK_OK(openat2_(dir, "parent/f", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CHECK_ERR(openat2_(dir, "/usr", O_RDONLY, 0, RESOLVE_IN_ROOT), ENOENT);
}

TEST(resolve_no_xdev) {
    CHECK_ERR(openat2_(AT_FDCWD, "/proc/self/status", O_RDONLY, 0, RESOLVE_NO_XDEV), EXDEV);
    int dir = CHECK_OK(open("/proc", O_PATH));
    CHECK_OK(openat2_(dir, "version", O_RDONLY, 0, RESOLVE_NO_XDEV));
    CHECK_ERR(openat2_(dir, "..", O_RDONLY, 0, RESOLVE_NO_XDEV), EXDEV);
    CHECK_OK(openat2_(dir, "/etc", O_RDONLY, 0, RESOLVE_NO_XDEV));
}

TEST(resolve_cached) {
    tree();
    CHECK_OK(open("a/f", O_RDONLY));
    long fd = openat2_(AT_FDCWD, "a/f", O_RDONLY, 0, RESOLVE_CACHED);
    CHECK(fd >= 0 || errno == EAGAIN);
    CHECK_ERR(openat2_(AT_FDCWD, "new", O_RDWR | O_CREAT, 0600, RESOLVE_CACHED), EAGAIN);
}

TEST(rename_while_open) {
    tree();
    int dir = CHECK_OK(open("a/b", O_RDONLY));
    CHECK_OK(rename("a/b", "moved"));
    CHECK_OK(openat(dir, "f", O_RDONLY));
    CHECK_OK(fchdir(dir));
    char cwd[PATH_MAX];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(strrchr(cwd, '/'), "/moved");
    CHECK_STR(read_file("../a/f"), "af");
}

TEST(nonascii_and_odd_names) {
    static const char *names[] = { "\xff\xfe", "new\nline", "sp ace", "-dash", "\xc3\xa9", "...", ".hidden", "\\", "a\tb", "\x01" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_file(names[i], names[i]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_STR(read_file(names[i]), names[i]);
    int entries = 0;
    DIR *dir = opendir(".");
    while (readdir(dir))
        entries++;
    CHECK_EQ(entries, 12);
}

TEST(root_and_its_parent) {
    struct stat a, b;
    CHECK_OK(stat("/", &a));
    CHECK_OK(stat("/../../..", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(a.st_dev, b.st_dev);
    CHECK_ERR(mkdir("/", 0755), EEXIST);
    CHECK_ERR2(rmdir("/"), EBUSY, EACCES);
    CHECK_ERR2(unlink("/"), EISDIR, EACCES);
}

/* xattr(7): setxattr(2), getxattr(2), listxattr(2), removexattr(2) and the l and f forms. */
#include "check.h"
#include <sys/xattr.h>

static void need_xattr(void) {
    write_file("f", "");
    if (setxattr("f", "user.probe", "x", 1, 0) == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem without user attributes");
    CHECK_OK(removexattr("f", "user.probe"));
}

static bool listed(const char *names, ssize_t length, const char *name) {
    for (ssize_t at = 0; at < length; at += (ssize_t) strlen(names + at) + 1)
        if (strcmp(names + at, name) == 0)
            return true;
    return false;
}

TEST(set_and_get) {
    need_xattr();
    char value[20] = "";
    CHECK_OK(setxattr("f", "user.a", "hello", 5, 0));
    CHECK_EQ(getxattr("f", "user.a", value, sizeof value), 5);
    CHECK_STR(value, "hello");
    CHECK_OK(setxattr("f", "user.a", "longer value", 12, 0));
    CHECK_EQ(getxattr("f", "user.a", NULL, 0), 12);
    CHECK_ERR(getxattr("f", "user.a", value, 5), ERANGE);
}

TEST(empty_value) {
    need_xattr();
    char value[5];
    CHECK_OK(setxattr("f", "user.e", "", 0, 0));
    CHECK_EQ(getxattr("f", "user.e", value, sizeof value), 0);
    CHECK_OK(setxattr("f", "user.n", NULL, 0, 0));
    CHECK_EQ(getxattr("f", "user.n", NULL, 0), 0);
}

TEST(create_and_replace) {
    need_xattr();
    CHECK_ERR(setxattr("f", "user.a", "x", 1, XATTR_REPLACE), ENODATA);
    CHECK_OK(setxattr("f", "user.a", "x", 1, XATTR_CREATE));
    CHECK_ERR(setxattr("f", "user.a", "y", 1, XATTR_CREATE), EEXIST);
    CHECK_OK(setxattr("f", "user.a", "y", 1, XATTR_REPLACE));
    CHECK_ERR(setxattr("f", "user.a", "y", 1, 4), EINVAL);
}

TEST(listing) {
    need_xattr();
    char names[200];
    CHECK_OK(setxattr("f", "user.one", "1", 1, 0));
    CHECK_OK(setxattr("f", "user.two", "2", 1, 0));
    ssize_t length = CHECK_OK(listxattr("f", names, sizeof names));
    CHECK(listed(names, length, "user.one"));
    CHECK(listed(names, length, "user.two"));
    CHECK_EQ(listxattr("f", NULL, 0), length);
    CHECK_ERR(listxattr("f", names, (size_t) length - 1), ERANGE);
    CHECK_OK(removexattr("f", "user.one"));
    length = CHECK_OK(listxattr("f", names, sizeof names));
    CHECK(!listed(names, length, "user.one"));
}

TEST(removing) {
    need_xattr();
    CHECK_OK(setxattr("f", "user.a", "x", 1, 0));
    CHECK_OK(removexattr("f", "user.a"));
    CHECK_ERR(removexattr("f", "user.a"), ENODATA);
    CHECK_ERR(getxattr("f", "user.a", NULL, 0), ENODATA);
}

TEST(path_errors) {
    need_xattr();
    char value[10];
    CHECK_ERR(getxattr("none", "user.a", value, 10), ENOENT);
    CHECK_ERR(setxattr("none", "user.a", value, 1, 0), ENOENT);
    CHECK_ERR(listxattr("f/x", value, 10), ENOTDIR);
    CHECK_ERR(fgetxattr(99, "user.a", value, 10), EBADF);
    CHECK_ERR(fsetxattr(99, "user.a", value, 1, 0), EBADF);
    CHECK_ERR(flistxattr(99, value, 10), EBADF);
    CHECK_ERR(fremovexattr(99, "user.a"), EBADF);
    CHECK_ERR(fgetxattr(CHECK_OK(open("f", O_PATH)), "user.a", value, 10), EBADF);
}

TEST(pointer_errors) {
    need_xattr();
    char value[10];
    CHECK_OK(setxattr("f", "user.a", "12345", 5, 0));
    CHECK_ERR(getxattr(BAD, "user.a", value, 10), EFAULT);
    CHECK_ERR(getxattr("f", BAD, value, 10), EFAULT);
    CHECK_ERR(getxattr("f", "user.a", BAD, 10), EFAULT);
    CHECK_ERR(setxattr("f", BAD, "x", 1, 0), EFAULT);
    CHECK_ERR(setxattr("f", "user.b", BAD, 1, 0), EFAULT);
    CHECK_ERR(listxattr("f", BAD, 100), EFAULT);
    CHECK_ERR(removexattr("f", BAD), EFAULT);
    CHECK_ERR(getxattr("f", TORN_STR("user.a"), value, 10), EFAULT);
}

TEST(names) {
    need_xattr();
    char name[300] = "user.";
    memset(name + 5, 'n', 250);
    name[255] = 0;
    CHECK_OK(setxattr("f", name, "x", 1, 0));
    name[255] = 'n', name[256] = 0;
    CHECK_ERR(setxattr("f", name, "x", 1, 0), ERANGE);
    CHECK_ERR(setxattr("f", "", "x", 1, 0), ERANGE);
    CHECK_ERR(setxattr("f", "nonsense", "x", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "nonsense.x", "x", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "user.", "x", 1, 0), EINVAL);
    CHECK_ERR(getxattr("f", "nonsense.x", NULL, 0), EOPNOTSUPP);
}

TEST(value_limit) {
    need_xattr();
    char *value = calloc(1, 65537);
    CHECK_ERR(setxattr("f", "user.big", value, 65537, 0), E2BIG);
    CHECK_OK(setxattr("f", "user.big", value, 1000, 0));
}

TEST(through_links) {
    need_xattr();
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(setxattr("l", "user.a", "via", 3, 0));
    CHECK_EQ(getxattr("f", "user.a", NULL, 0), 3);
    /* Symbolic links cannot hold user attributes. */
    CHECK_ERR(lsetxattr("l", "user.a", "x", 1, 0), EPERM);
    CHECK_ERR2(lgetxattr("l", "user.a", NULL, 0), ENODATA, EPERM);
    CHECK_EQ(llistxattr("l", NULL, 0), 0);
}

TEST(descriptor_forms) {
    need_xattr();
    int fd = CHECK_OK(open("f", O_RDONLY));
    char value[10] = "", names[100];
    CHECK_OK(fsetxattr(fd, "user.fd", "abc", 3, 0));
    CHECK_EQ(fgetxattr(fd, "user.fd", value, 10), 3);
    CHECK_STR(value, "abc");
    CHECK(listed(names, CHECK_OK(flistxattr(fd, names, sizeof names)), "user.fd"));
    CHECK_OK(fremovexattr(fd, "user.fd"));
    CHECK_ERR(fgetxattr(fd, "user.fd", value, 10), ENODATA);
}

TEST(directories_and_specials) {
    need_xattr();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(setxattr("d", "user.a", "x", 1, 0));
    CHECK_EQ(getxattr("d", "user.a", NULL, 0), 1);
    CHECK_OK(mkfifo("p", 0600));
    CHECK_ERR(setxattr("p", "user.a", "x", 1, 0), EPERM);
}

TEST(permissions) {
    need_xattr();
    need_root();
    CHECK_OK(setxattr("f", "user.a", "x", 1, 0));
    CHECK_OK(chmod("f", 0600));
    become_user();
    char value[5];
    CHECK_ERR(getxattr("f", "user.a", value, 5), EACCES);
    CHECK_ERR(setxattr("f", "user.a", "y", 1, 0), EACCES);
    CHECK_ERR(removexattr("f", "user.a"), EACCES);
}

TEST(trusted_namespace) {
    need_xattr();
    need_root();
    char names[200];
    CHECK_OK(setxattr("f", "trusted.secret", "x", 1, 0));
    CHECK(listed(names, CHECK_OK(listxattr("f", names, sizeof names)), "trusted.secret"));
    become_user();
    ssize_t length = CHECK_OK(listxattr("f", names, sizeof names));
    CHECK(!listed(names, length, "trusted.secret"));
    CHECK_ERR2(getxattr("f", "trusted.secret", NULL, 0), ENODATA, EPERM);
    CHECK_ERR(setxattr("f", "trusted.secret", "y", 1, 0), EPERM);
}

TEST(read_only_descriptor_may_set) {
    need_xattr();
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fsetxattr(fd, "user.a", "x", 1, 0));
}

TEST(binary_values) {
    need_xattr();
    unsigned char out[256], in[256];
    for (int i = 0; i < 256; i++)
        out[i] = (unsigned char) i;
    CHECK_OK(setxattr("f", "user.bin", out, 256, 0));
    CHECK_EQ(getxattr("f", "user.bin", in, 256), 256);
    CHECK_MEM(in, out, 256);
}

TEST(kept_over_rename_and_link) {
    need_xattr();
    CHECK_OK(setxattr("f", "user.a", "keep", 4, 0));
    CHECK_OK(rename("f", "g"));
    CHECK_OK(link("g", "h"));
    char value[5] = "";
    CHECK_EQ(getxattr("h", "user.a", value, 4), 4);
    CHECK_STR(value, "keep");
}

TEST(ctime_moves) {
    need_xattr();
    struct stat a, b;
    CHECK_OK(stat("f", &a));
    sleep_ms(20);
    CHECK_OK(setxattr("f", "user.a", "x", 1, 0));
    CHECK_OK(stat("f", &b));
    CHECK(b.st_ctim.tv_sec > a.st_ctim.tv_sec || b.st_ctim.tv_nsec > a.st_ctim.tv_nsec);
    CHECK_EQ(b.st_mtim.tv_nsec, a.st_mtim.tv_nsec);
}

TEST(proc_has_none) {
    char value[10];
    CHECK_ERR(getxattr("/proc/self/status", "user.a", value, 10), EOPNOTSUPP);
    CHECK_ERR2(setxattr("/proc/self/status", "user.a", "x", 1, 0), EOPNOTSUPP, geteuid() ? EACCES : EPERM);
}

/* Since Linux 6.13 name, size and flags are looked at before the file. */
TEST(arguments_come_first) {
    char name[300] = "user.";
    memset(name + 5, 'n', 260);
    if (setxattr("none", "", "x", 1, 0) == -1 && errno == ENOENT)
        SKIP("Linux older than 6.13");
    CHECK_ERR(setxattr("none", name, "x", 1, 0), ERANGE);
    CHECK_ERR(setxattr("none", "user.a", name, 65537, 0), E2BIG);
    CHECK_ERR(setxattr("none", "user.a", "x", 1, 8), EINVAL);
    CHECK_ERR(setxattr("none", "", name, 65537, 8), EINVAL);
    CHECK_ERR(setxattr("none", BAD, name, 65537, 0), EFAULT);
    CHECK_ERR(setxattr("none", "user.a", BAD, 1, 0), EFAULT);
    CHECK_ERR(getxattr("none", name, NULL, 0), ERANGE);
    CHECK_ERR(removexattr("none", ""), ERANGE);
    CHECK_ERR(fgetxattr(99, "", NULL, 0), ERANGE);
    CHECK_ERR(fsetxattr(99, "user.a", "x", 1, 8), EINVAL);
    CHECK_ERR(fremovexattr(99, name), ERANGE);
}

/* getdents64(2), telldir(3), seekdir(3), rewinddir(3), directories that change while they are read. */
#include "check.h"

struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t length;
    uint8_t type;
    char name[];
};

static long getdents(int fd, void *buffer, size_t length) {
    return syscall(SYS_getdents64, fd, buffer, length);
}

static int count(const char *path) {
    DIR *dir = opendir(path);
    int n = 0;
    if (!dir)
        FAIL_AT("opendir %s: %s", path, check_errno(errno));
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void fill(int n) {
    char name[30];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "file-%d", i);
        int fd = CHECK_OK(open(name, O_CREAT | O_RDWR, 0600));
        close(fd);
    }
}

TEST(entries_and_types) {
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(mkfifo("p", 0600));
    struct dirent *e;
    DIR *dir = opendir(".");
    int seen = 0;
    while ((e = readdir(dir))) {
        struct stat st;
        CHECK_OK(lstat(e->d_name, &st));
        if (strcmp(e->d_name, "..") != 0)
            CHECK_EQ(e->d_ino, st.st_ino);
        CHECK(e->d_type == IFTODT(st.st_mode) || e->d_type == DT_UNKNOWN);
        seen++;
    }
    CHECK_EQ(seen, 6);
}

TEST(raw_format) {
    write_file("abc", "");
    char buffer[1024] __attribute__((aligned(8)));
    int fd = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY)), seen = 0;
    long length = CHECK_OK(getdents(fd, buffer, sizeof buffer));
    for (long at = 0; at < length; seen++) {
        struct entry *e = (struct entry *) (buffer + at);
        CHECK(e->length % 8 == 0 && e->length >= 24);
        CHECK(e->ino != 0);
        CHECK(strlen(e->name) < e->length - 19u);
        at += e->length;
    }
    CHECK_EQ(seen, 3);
    CHECK_EQ(getdents(fd, buffer, sizeof buffer), 0);
    CHECK_EQ(getdents(fd, buffer, sizeof buffer), 0);
}

TEST(errors) {
    char buffer[1024];
    write_file("f", "");
    int fd = CHECK_OK(open(".", O_RDONLY));
    CHECK_ERR(getdents(99, buffer, 1024), EBADF);
    CHECK_ERR(getdents(CHECK_OK(open("f", O_RDONLY)), buffer, 1024), ENOTDIR);
    CHECK_ERR(getdents(fd, BAD, 1024), EFAULT);
    CHECK_ERR(getdents(fd, buffer, 10), EINVAL);
    CHECK_ERR(getdents(fd, buffer, 0), EINVAL);
    CHECK_ERR(getdents(CHECK_OK(open(".", O_PATH)), buffer, 1024), EBADF);
    CHECK_OK(mkdir("gone", 0755));
    fd = CHECK_OK(open("gone", O_RDONLY));
    CHECK_OK(rmdir("gone"));
    CHECK_ERR(getdents(fd, buffer, 1024), ENOENT);
}

TEST(old_getdents) {
    write_file("abc", "");
    char buffer[1024];
    int fd = CHECK_OK(open(".", O_RDONLY));
    long length = CHECK_OK(syscall(SYS_getdents, fd, buffer, 1024));
    CHECK(length >= 72);
    unsigned short first = *(unsigned short *) (buffer + 16);
    CHECK(buffer[first - 1] == DT_DIR || buffer[first - 1] == DT_REG || buffer[first - 1] == DT_UNKNOWN);
}

TEST(small_buffers_give_all) {
    fill(50);
    int fd = CHECK_OK(open(".", O_RDONLY)), seen = 0;
    char buffer[64] __attribute__((aligned(8)));
    long length;
    while ((length = getdents(fd, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length; at += ((struct entry *) (buffer + at))->length)
            seen++;
    CHECK_EQ(length, 0);
    CHECK_EQ(seen, 52);
}

TEST_SLOW(thousand_entries, 30) {
    fill(1000);
    CHECK_EQ(count("."), 1002);
    static bool found[1000];
    DIR *dir = opendir(".");
    struct dirent *e;
    int n;
    while ((e = readdir(dir)))
        if (sscanf(e->d_name, "file-%d", &n) == 1) {
            CHECK(!found[n]);
            found[n] = true;
        }
    for (int i = 0; i < 1000; i++)
        CHECK(found[i]);
}

TEST(seekdir_returns_to_the_place) {
    fill(100);
    DIR *dir = opendir(".");
    long where[200];
    char names[200][30];
    int n = 0;
    for (;;) {
        where[n] = telldir(dir);
        struct dirent *e = readdir(dir);
        if (!e)
            break;
        snprintf(names[n++], 30, "%s", e->d_name);
    }
    CHECK_EQ(n, 102);
    for (int i = n - 1; i >= 0; i -= 7) {
        seekdir(dir, where[i]);
        CHECK_STR(readdir(dir)->d_name, names[i]);
    }
}

TEST(rewind_sees_new_entries) {
    fill(3);
    DIR *dir = opendir(".");
    while (readdir(dir)) { }
    write_file("new", "");
    rewinddir(dir);
    int n = 0;
    while (readdir(dir))
        n++;
    CHECK_EQ(n, 6);
}

TEST(lseek_on_directories) {
    fill(3);
    char buffer[1024];
    int fd = CHECK_OK(open(".", O_RDONLY));
    long first = CHECK_OK(getdents(fd, buffer, sizeof buffer));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(getdents(fd, buffer, sizeof buffer), first);
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
}

// A directory takes any offset; beyond its end there is nothing, and it can be read from the start again.
TEST(lseek_far_beyond_the_end) {
    static const char *const directories[] = { ".", "/", "/proc", "/proc/self", "/proc/self/fd", "/proc/self/task", "/proc/sys",
        "/proc/self/ns", "/sys", "/sys/devices", "/dev", "/dev/pts", "/dev/shm", "/usr", "/etc" };
    static const long offsets[] = { 3, 1000, 0x3fffffffL, 0x40000000L, 0x40000001L, 0x7fffffffL, 0x80000000L, 0xffffeffeL,
        0xfffffffeL, 0x100000000L, 0x100000002L, 0x7ffffffffffffffL, 0x7fffffffffffffffL };
    char buffer[2048];
    for (size_t d = 0; d < sizeof directories / sizeof *directories; d++) {
        int fd = open(directories[d], O_RDONLY | O_DIRECTORY);
        if (fd < 0) continue;
        for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
            if (lseek(fd, offsets[o], SEEK_SET) < 0) continue; // some file systems refuse what they never gave
            long n = getdents(fd, buffer, sizeof buffer);
            if (n < 0 && errno != EINVAL && errno != ENOENT && errno != EOVERFLOW && errno != EIO)
                FAIL_AT("getdents of %s at %lx: %s", directories[d], offsets[o], check_errno(errno));
        }
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        CHECK(getdents(fd, buffer, sizeof buffer) > 0);
        close(fd);
    }
}

TEST(dup_shares_the_position) {
    fill(3);
    char buffer[1024];
    int fd = CHECK_OK(open(".", O_RDONLY)), other = CHECK_OK(dup(fd));
    CHECK(getdents(fd, buffer, sizeof buffer) > 0);
    CHECK_EQ(getdents(other, buffer, sizeof buffer), 0);
}

TEST(unlinking_while_reading) {
    fill(200);
    DIR *dir = opendir(".");
    struct dirent *e;
    int removed = 0;
    while ((e = readdir(dir)))
        if (e->d_name[0] != '.') {
            CHECK_OK(unlink(e->d_name));
            removed++;
        }
    CHECK_EQ(removed, 200);
    CHECK_EQ(count("."), 2);
}

TEST(entries_that_stay_are_seen_once) {
    fill(300);
    DIR *dir = opendir(".");
    struct dirent *e;
    int seen[300] = { 0 }, n;
    for (int step = 0; (e = readdir(dir)); step++) {
        if (sscanf(e->d_name, "file-%d", &n) == 1 && n < 300)
            seen[n]++;
        if (step < 50) {
            char name[30];
            snprintf(name, sizeof name, "extra-%d", step);
            write_file(name, "");
        }
    }
    for (int i = 0; i < 300; i++)
        CHECK_EQ(seen[i], 1);
}

TEST(rename_inside_keeps_count) {
    fill(20);
    CHECK_OK(rename("file-3", "renamed"));
    CHECK_OK(rename("file-4", "file-5"));
    CHECK_EQ(count("."), 21);
    CHECK_OK(mkdir("sub", 0755));
    CHECK_OK(rename("renamed", "sub/renamed"));
    CHECK_EQ(count("."), 21);
    CHECK_EQ(count("sub"), 3);
}

TEST(dot_entries_have_inodes) {
    CHECK_OK(mkdir("d", 0755));
    struct stat here, up;
    CHECK_OK(stat("d", &here));
    CHECK_OK(stat(".", &up));
    DIR *dir = opendir("d");
    struct dirent *e;
    int dots = 0;
    while ((e = readdir(dir))) {
        dots++;
        CHECK_EQ(e->d_ino, strcmp(e->d_name, ".") == 0 ? here.st_ino : up.st_ino);
        CHECK_EQ(e->d_type, DT_DIR);
    }
    CHECK_EQ(dots, 2);
}

static int depth_reached(const char *name, int depth) {
    int fd = open(name, O_RDONLY | O_DIRECTORY);
    if (fd == -1)
        return depth;
    CHECK_OK(fchdir(fd));
    close(fd);
    return depth_reached(name, depth + 1);
}

TEST_SLOW(deep_tree, 30) {
    int at = CHECK_OK(open(".", O_RDONLY)), top = at;
    for (int i = 0; i < 500; i++) {
        CHECK_OK(mkdirat(at, "n", 0755));
        int next = CHECK_OK(openat(at, "n", O_RDONLY));
        if (at != top)
            close(at);
        at = next;
    }
    CHECK_EQ(depth_reached("n", 0), 500);
    /* Take it away from the bottom, as rm -r does. */
    for (int i = 0; i < 500; i++) {
        CHECK_OK(chdir(".."));
        CHECK_OK(rmdir("n"));
    }
}

TEST_SLOW(wide_and_deep, 30) {
    char path[100];
    for (int i = 0; i < 10; i++) {
        snprintf(path, sizeof path, "%d", i);
        CHECK_OK(mkdir(path, 0755));
        for (int j = 0; j < 10; j++) {
            snprintf(path, sizeof path, "%d/%d", i, j);
            CHECK_OK(mkdir(path, 0755));
            for (int k = 0; k < 3; k++) {
                snprintf(path, sizeof path, "%d/%d/f%d", i, j, k);
                write_file(path, path);
            }
        }
    }
    FILE *find = popen("find . -type f | wc -l", "r");
    CHECK(find != NULL);
    int n = 0;
    CHECK_EQ(fscanf(find, "%d", &n), 1);
    pclose(find);
    CHECK_EQ(n, 300);
}

TEST(system_directories) {
    CHECK(count("/") > 8);
    CHECK(count("/etc") > 10);
    CHECK(count("/usr/bin") > 100);
    CHECK(count("/proc") > 10);
    CHECK(count("/proc/self") > 20);
    CHECK(count("/dev") > 8);
    CHECK(count("/sys") > 2);
}

TEST(created_file_is_listed_next_to_host_files) {
    need_root();
    int before = count("/etc");
    write_file("/etc/kernelet-check", "");
    CHECK_EQ(count("/etc"), before + 1);
    CHECK_OK(unlink("/etc/kernelet-check"));
    CHECK_EQ(count("/etc"), before);
}

TEST(data_and_holes_of_directories) {
    /* In memory there is no such thing; directories of proc and sysfs are files of no bytes. */
    int fd = CHECK_OK(open("/dev/shm", O_RDONLY | O_DIRECTORY));
    CHECK_ERR(lseek(fd, 0, SEEK_DATA), EINVAL);
    CHECK_ERR(lseek(fd, 0, SEEK_HOLE), EINVAL);
    CHECK_ERR(lseek(fd, 0, SEEK_END), EINVAL);
    static const char *made[] = { "/proc", "/proc/self", "/proc/self/fd", "/sys", "/sys/devices" };
    for (int i = 0; i < 5; i++) {
        fd = CHECK_OK(open(made[i], O_RDONLY | O_DIRECTORY));
        CHECK_ERR(lseek(fd, 0, SEEK_DATA), ENXIO);
        CHECK_ERR(lseek(fd, 5, SEEK_HOLE), ENXIO);
        CHECK_ERR(lseek(fd, -1, SEEK_DATA), ENXIO);
        CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
        CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
        CHECK_EQ(lseek(fd, 3, SEEK_CUR), 7);
        CHECK_ERR(lseek(fd, -8, SEEK_CUR), EINVAL);
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    }
}

/* open(2), openat(2), creat(2), close(2), dup(2), fcntl(2), close_range(2). */
#include "check.h"
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static int flags_of(int fd) {
    return (int) CHECK_OK(fcntl(fd, F_GETFL));
}

TEST(lowest_descriptor) {
    int a = CHECK_OK(open("/dev/null", O_RDONLY)), b = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(b, a + 1);
    CHECK_OK(close(a));
    CHECK_EQ(open("/dev/null", O_RDONLY), a);
}

TEST(missing_file) {
    CHECK_ERR(open("none", O_RDONLY), ENOENT);
    CHECK_ERR(open("none/f", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERR(open("", O_RDONLY), ENOENT);
}

TEST(bad_path_pointer) {
    CHECK_ERR(open(BAD, O_RDONLY), EFAULT);
    CHECK_ERR(open(NULL, O_RDONLY), EFAULT);
    CHECK_ERR(open((char *) -4096L, O_RDONLY), EFAULT);
    CHECK_ERR(open((char *) 0x800000000000L, O_RDONLY), EFAULT);
    CHECK_ERR(open(TORN_STR("file"), O_RDONLY), EFAULT);
    write_file("file", "");
    CHECK_OK(open(END_STR("file"), O_RDONLY));
}

TEST(name_lengths) {
    char name[300];
    memset(name, 'a', sizeof name);
    name[255] = 0;
    CHECK_OK(open(name, O_CREAT | O_RDWR, 0600));
    name[255] = 'a', name[256] = 0;
    CHECK_ERR(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
    static char path[PATH_MAX + 10];
    for (int i = 0; i < PATH_MAX; i += 2)
        memcpy(path + i, "./", 2);
    path[PATH_MAX - 2] = '.', path[PATH_MAX - 1] = 0;
    CHECK_OK(open(path, O_RDONLY));
    memcpy(path + PATH_MAX - 2, "./.", 4);
    CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
}

TEST(access_modes) {
    write_file("f", "abc");
    char c;
    int r = CHECK_OK(open("f", O_RDONLY)), w = CHECK_OK(open("f", O_WRONLY)), rw = CHECK_OK(open("f", O_RDWR));
    CHECK_ERR(write(r, "x", 1), EBADF);
    CHECK_ERR(read(w, &c, 1), EBADF);
    CHECK_EQ(read(rw, &c, 1), 1);
    CHECK_EQ(flags_of(r) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(flags_of(w) & O_ACCMODE, O_WRONLY);
    CHECK_EQ(flags_of(rw) & O_ACCMODE, O_RDWR);
}

TEST(access_mode_three) {
    /* open(2): mode 3 checks for read and write permission and gives a descriptor for ioctl only. */
    write_file("f", "abc");
    char c;
    int fd = CHECK_OK(open("f", O_ACCMODE));
    CHECK_ERR(read(fd, &c, 1), EBADF);
    CHECK_ERR(write(fd, "x", 1), EBADF);
}

TEST(creat_and_excl) {
    int fd = CHECK_OK(creat("f", 0640));
    CHECK_EQ(flags_of(fd) & O_ACCMODE, O_WRONLY);
    CHECK_ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    CHECK_OK(symlink("nowhere", "l"));
    CHECK_ERR(open("l", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    CHECK_OK(open("l", O_CREAT | O_RDWR, 0600));
    CHECK_EQ(access("nowhere", F_OK), 0);
}

TEST(creation_mode_and_umask) {
    struct stat st;
    umask(027);
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 07777));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 07750);
    /* The mode binds later opens only, not this one. */
    fd = CHECK_OK(open("g", O_CREAT | O_RDWR, 0));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG);
}

TEST(truncate_flag) {
    struct stat st;
    write_file("f", "content");
    CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_size, 7);
    CHECK_OK(open("f", O_WRONLY | O_TRUNC));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_size, 0);
}

TEST(directory_flag) {
    write_file("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    int fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
    char c;
    CHECK_ERR(read(fd, &c, 1), EISDIR);
    CHECK_ERR(write(fd, &c, 1), EBADF);
    CHECK_ERR(open("d", O_WRONLY), EISDIR);
    CHECK_ERR(open("d", O_RDWR), EISDIR);
    CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
    CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
    CHECK_ERR(open("new", O_RDWR | O_CREAT | O_DIRECTORY, 0600), EINVAL);
}

TEST(nofollow) {
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("d", "ld"));
    CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERR(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
    CHECK_OK(open("ld/.", O_RDONLY | O_NOFOLLOW));
    CHECK_OK(open("ld/", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
    CHECK_OK(open("f", O_RDONLY | O_NOFOLLOW));
}

TEST(append) {
    write_file("f", "abc");
    int a = CHECK_OK(open("f", O_RDWR | O_APPEND)), b = CHECK_OK(open("f", O_WRONLY));
    CHECK_EQ(lseek(b, 0, SEEK_END), 3);
    CHECK_EQ(write(b, "12345", 5), 5);
    CHECK_EQ(write(a, "Z", 1), 1);
    CHECK_EQ(lseek(a, 0, SEEK_CUR), 9);
    CHECK_EQ(lseek(a, 1, SEEK_SET), 1);
    CHECK_EQ(write(a, "Y", 1), 1);
    CHECK_STR(read_file("f"), "abc12345ZY");
    /* pwrite(2), BUGS: with O_APPEND the offset is not heeded. */
    CHECK_EQ(pwrite(a, "X", 1, 0), 1);
    CHECK_STR(read_file("f"), "abc12345ZYX");
}

TEST(opath) {
    write_file("f", "abc");
    int fd = CHECK_OK(open("f", O_PATH | O_CLOEXEC));
    char c;
    struct stat st;
    CHECK_EQ(flags_of(fd), O_PATH);
    CHECK_ERR(read(fd, &c, 1), EBADF);
    CHECK_ERR(write(fd, &c, 1), EBADF);
    CHECK_ERR(lseek(fd, 0, SEEK_SET), EBADF);
    CHECK_ERR(fchmod(fd, 0600), EBADF);
    CHECK_ERR(ftruncate(fd, 0), EBADF);
    CHECK_ERR(fsync(fd), EBADF);
    CHECK_ERR(fcntl(fd, F_SETFL, 0), EBADF);
    CHECK_EQ((long) mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), -1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 3);
    CHECK_OK(close(CHECK_OK(dup(fd))));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(opath_reopen_through_proc) {
    write_file("f", "abc");
    int fd = CHECK_OK(open("f", O_PATH));
    char path[40], c[4] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = CHECK_OK(open(path, O_RDONLY));
    CHECK_EQ(read(again, c, 3), 3);
    CHECK_STR(c, "abc");
}

TEST(opath_symlink) {
    CHECK_OK(symlink("nowhere", "l"));
    int fd = CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
    struct stat st;
    char target[20] = "";
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(readlinkat(fd, "", target, sizeof target), 7);
    CHECK_STR(target, "nowhere");
    CHECK_ERR(open("l", O_PATH), ENOENT);
}

TEST(opath_as_directory) {
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "x");
    int dir = CHECK_OK(open("d", O_PATH | O_DIRECTORY));
    CHECK_OK(openat(dir, "f", O_RDONLY));
    CHECK_ERR(openat(dir, "g", O_RDONLY), ENOENT);
    int file = CHECK_OK(open("d/f", O_PATH));
    CHECK_ERR(openat(file, "g", O_RDONLY), ENOTDIR);
    CHECK_OK(fchdir(dir));
    CHECK_EQ(access("f", F_OK), 0);
}

TEST(tmpfile) {
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem has no O_TMPFILE");
    CHECK(fd != -1);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0600);
    CHECK_EQ(write(fd, "hidden", 6), 6);
    CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    write_file("f", "");
    CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
    CHECK_ERR(open("none", O_TMPFILE | O_RDWR, 0600), ENOENT);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_STR(read_file("named"), "hidden");
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 1);
}

TEST(tmpfile_excl_cannot_be_linked) {
    int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    if (fd == -1 && errno == EOPNOTSUPP)
        SKIP("filesystem has no O_TMPFILE");
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
}

TEST(direct) {
    int fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0600);
    if (fd == -1 && errno == EINVAL)
        SKIP("filesystem has no O_DIRECT");
    CHECK(fd != -1);
    CHECK_EQ(flags_of(fd) & O_DIRECT, O_DIRECT);
    char *block = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 'q', 4096);
    CHECK_EQ(pwrite(fd, block, 4096, 0), 4096);
    CHECK_EQ(pread(fd, block + 4096, 4096, 0), 4096);
    CHECK_MEM(block + 4096, block, 4096);
}

TEST(flag_bits_of_getfl) {
    int fd = CHECK_OK(open("f", O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_RDWR | O_NONBLOCK | O_SYNC | O_CLOEXEC, 0600));
    CHECK_EQ(flags_of(fd), O_RDWR | O_NONBLOCK | O_SYNC | 0100000 /* O_LARGEFILE */);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_WRONLY | O_CREAT));
    CHECK_EQ(flags_of(fd), O_RDWR | O_APPEND | O_SYNC | 0100000);
}

TEST(noatime_needs_owner) {
    write_file("f", "x");
    CHECK_OK(open("f", O_RDONLY | O_NOATIME));
    become_user();
    CHECK_ERR(open("/etc/passwd", O_RDONLY | O_NOATIME), EPERM);
}

TEST(openat_directories) {
    CHECK_OK(mkdir("d", 0755));
    int dir = CHECK_OK(open("d", O_RDONLY));
    int fd = CHECK_OK(openat(dir, "f", O_CREAT | O_RDWR, 0600));
    CHECK_EQ(access("d/f", F_OK), 0);
    CHECK_ERR(openat(fd, "g", O_RDONLY), ENOTDIR);
    CHECK_ERR(openat(99, "g", O_RDONLY), EBADF);
    CHECK_ERR(openat(-1, "g", O_RDONLY), EBADF);
    CHECK_OK(openat(99, "/dev/null", O_RDONLY));
    CHECK_OK(openat(AT_FDCWD, "d/f", O_RDONLY));
    CHECK_ERR(openat(dir, "", O_RDONLY), ENOENT);
    CHECK_ERR(openat(dir, BAD, O_RDONLY), EFAULT);
}

TEST(executable_is_busy) {
    int self = CHECK_OK(open("/bin/true", O_RDONLY));
    static char bytes[1 << 20];
    ssize_t length = CHECK_OK(read(self, bytes, sizeof bytes));
    int fd = CHECK_OK(open("prog", O_CREAT | O_WRONLY, 0755));
    CHECK_EQ(write(fd, bytes, (size_t) length), length);
    /* execve(2): ETXTBSY while the file is open for writing. */
    char *args[] = { "prog", NULL };
    CHECK_ERR(execve("./prog", args, args + 1), ETXTBSY);
    CHECK_OK(close(fd));
    CHECK_STATUS(CHILD({ execve("./prog", args, args + 1); _exit(1); }), 0);
    CHECK_ERR2(open("/proc/self/exe", O_WRONLY), ETXTBSY, EACCES);
}

TEST(socket_and_fifo_nodes) {
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "sock" };
    CHECK_OK(bind(s, (void *) &name, sizeof name));
    CHECK_ERR(open("sock", O_RDWR), ENXIO);
    CHECK_OK(open("sock", O_PATH));
    CHECK_OK(mkfifo("fifo", 0600));
    CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK));
    CHECK_OK(open("fifo", O_WRONLY | O_NONBLOCK));
}

TEST(descriptor_limit) {
    struct rlimit limit = { 20, 20 };
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    int fd, last = -1;
    while ((fd = open("/dev/null", O_RDONLY)) != -1)
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 19);
    CHECK_ERR(dup(0), EMFILE);
    CHECK_ERR(dup2(0, 20), EBADF);
    CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
    CHECK_ERR(fcntl(0, F_DUPFD, 5), EMFILE);
    int pair[2];
    CHECK_OK(close(19));
    CHECK_ERR(pipe(pair), EMFILE);
    CHECK_EQ(open("/dev/null", O_RDONLY), 19);
}

TEST(close_errors) {
    CHECK_ERR(close(-1), EBADF);
    CHECK_ERR(close(99), EBADF);
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_OK(close(fd));
    CHECK_ERR(close(fd), EBADF);
}

TEST(dup_shares_offset_and_status) {
    write_file("f", "abcdef");
    int a = CHECK_OK(open("f", O_RDWR | O_CLOEXEC)), b = CHECK_OK(dup(a)), c = CHECK_OK(open("f", O_RDONLY));
    char x;
    CHECK_EQ(read(a, &x, 1), 1);
    CHECK_EQ(read(b, &x, 1), 1);
    CHECK_EQ(x, 'b');
    CHECK_EQ(read(c, &x, 1), 1);
    CHECK_EQ(x, 'a');
    CHECK_OK(fcntl(b, F_SETFL, O_APPEND));
    CHECK_EQ(flags_of(a) & O_APPEND, O_APPEND);
    CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(b, F_GETFD), 0);
    CHECK_ERR(dup(-1), EBADF);
}

TEST(dup2_and_dup3) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(dup2(fd, 40), 40);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_EQ(dup2(fd, 40), 40);
    CHECK_ERR(dup2(99, 99), EBADF);
    CHECK_ERR(dup2(99, 40), EBADF);
    CHECK_ERR(dup2(fd, -1), EBADF);
    CHECK_EQ(fcntl(40, F_GETFD), 0);
    CHECK_EQ(dup3(fd, 41, O_CLOEXEC), 41);
    CHECK_EQ(fcntl(41, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(dup3(fd, fd, 0), EINVAL);
    CHECK_ERR(dup3(fd, 42, O_NONBLOCK), EINVAL);
    CHECK_ERR(dup3(99, 42, 0), EBADF);
}

TEST(dup2_closes_target) {
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(dup2(CHECK_OK(open("/dev/null", O_RDONLY)), p[1]));
    char c;
    CHECK_EQ(read(p[0], &c, 1), 0);
}

TEST(fcntl_dupfd) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(fcntl(fd, F_DUPFD, 50), 50);
    CHECK_EQ(fcntl(fd, F_DUPFD, 50), 51);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 50), 52);
    CHECK_EQ(fcntl(52, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERR(fcntl(99, F_DUPFD, 0), EBADF);
    CHECK_ERR(fcntl(fd, 4242, 0), EINVAL);
    CHECK_ERR(fcntl(99, 4242, 0), EBADF);
}

TEST(fcntl_setfd) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, 0xfffe));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

TEST(fcntl_owner) {
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_EQ(fcntl(p[0], F_GETOWN), 0);
    CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
    CHECK_EQ(fcntl(p[0], F_GETOWN), getpid());
    struct f_owner_ex owner = { F_OWNER_TID, getpid() }, got;
    CHECK_OK(fcntl(p[0], F_SETOWN_EX, &owner));
    CHECK_OK(fcntl(p[0], F_GETOWN_EX, &got));
    CHECK_EQ(got.type, F_OWNER_TID);
    CHECK_EQ(got.pid, getpid());
    CHECK_ERR(fcntl(p[0], F_SETOWN_EX, BAD), EFAULT);
    CHECK_OK(fcntl(p[0], F_SETSIG, SIGUSR1));
    CHECK_EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
    CHECK_ERR(fcntl(p[0], F_SETSIG, 100), EINVAL);
}

static volatile sig_atomic_t io_signals;
static void count_io(int sig) { io_signals++; }

TEST(async_signal) {
    signal(SIGIO, count_io);
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
    CHECK_OK(fcntl(p[0], F_SETFL, O_ASYNC));
    CHECK_EQ(flags_of(p[0]) & O_ASYNC, O_ASYNC);
    CHECK_EQ(write(p[1], "x", 1), 1);
    for (int i = 0; i < 200 && !io_signals; i++)
        sleep_ms(5);
    CHECK(io_signals > 0);
}

TEST(cloexec_across_exec) {
    int keep = CHECK_OK(open("/dev/null", O_RDONLY)), lose = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    char script[100];
    snprintf(script, sizeof script, "[ -e /proc/self/fd/%d ] && ! [ -e /proc/self/fd/%d ]", keep, lose);
    CHECK_STATUS(CHILD({ execl("/bin/bash", "bash", "-c", script, NULL); }), 0);
}

TEST(close_range_basic) {
    for (int fd = 60; fd < 70; fd++)
        CHECK_EQ(dup2(0, fd), fd);
    CHECK_OK(syscall(SYS_close_range, 62, 64, 0));
    for (int fd = 60; fd < 70; fd++)
        CHECK_EQ(fcntl(fd, F_GETFD) == 0, fd < 62 || fd > 64);
    CHECK_OK(syscall(SYS_close_range, 65, 66, CLOSE_RANGE_CLOEXEC));
    CHECK_EQ(fcntl(65, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(67, F_GETFD), 0);
    CHECK_ERR(syscall(SYS_close_range, 10, 9, 0), EINVAL);
    CHECK_ERR(syscall(SYS_close_range, 60, 61, 64), EINVAL);
    CHECK_OK(syscall(SYS_close_range, 67, ~0U, CLOSE_RANGE_CLOEXEC));
    CHECK_EQ(fcntl(69, F_GETFD), FD_CLOEXEC);
    CHECK_OK(syscall(SYS_close_range, 1000000, ~0U, 0));
}

TEST(close_range_to_the_end) {
    CHECK_STATUS(CHILD({
        CHECK_OK(syscall(SYS_close_range, 3, ~0U, 0));
        _exit(open("/dev/null", O_RDONLY) == 3 && fcntl(4, F_GETFD) == -1 ? 0 : 1);
    }), 0);
}

static void *closer(void *argument) {
    CHECK_OK(syscall(SYS_close_range, 70, 80, CLOSE_RANGE_UNSHARE));
    CHECK_ERR(fcntl(75, F_GETFD), EBADF);
    return argument;
}

TEST(close_range_unshare) {
    CHECK_EQ(dup2(0, 75), 75);
    pthread_t thread;
    CHECK_RC(pthread_create(&thread, NULL, closer, NULL), 0);
    CHECK_RC(pthread_join(thread, NULL), 0);
    CHECK_EQ(fcntl(75, F_GETFD), 0);
}

static void *opener(void *argument) {
    *(int *) argument = open("/dev/zero", O_RDONLY);
    return NULL;
}

TEST(threads_share_the_table) {
    pthread_t thread;
    int fd = -1;
    char c = 1;
    CHECK_RC(pthread_create(&thread, NULL, opener, &fd), 0);
    CHECK_RC(pthread_join(thread, NULL), 0);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 0);
}

TEST(fork_copies_the_table) {
    write_file("f", "abcdef");
    int fd = CHECK_OK(open("f", O_RDONLY));
    char c;
    WAIT(SPAWN({
        CHECK_EQ(read(fd, &c, 1), 1);
        CHECK_OK(close(fd));
    }));
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 'b');
}

TEST(unlinked_file_lives) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    CHECK_OK(unlink("f"));
    CHECK_EQ(write(fd, "data", 4), 4);
    char text[5] = "";
    CHECK_EQ(pread(fd, text, 4, 0), 4);
    CHECK_STR(text, "data");
    CHECK_ERR(open("f", O_RDONLY), ENOENT);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
}

TEST(unknown_open_flags_are_ignored) {
    /* open(2) ignores bits it does not know, openat2(2) does not. */
    write_file("f", "");
    CHECK_OK(open("f", O_RDONLY | 0x40000000));
}

TEST(trailing_slash_and_dots) {
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "");
    CHECK_OK(open("d/", O_RDONLY));
    CHECK_OK(open("d/../d/./f", O_RDONLY));
    CHECK_OK(open("d//f", O_RDONLY));
    CHECK_ERR(open("d/f/.", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("d/f/..", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("d/none/..", O_RDONLY), ENOENT);
    CHECK_OK(open("/..", O_RDONLY));
}

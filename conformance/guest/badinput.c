// What no program should ask for: unknown numbers, other instruction set interfaces, bad pointers in every argument.
#include "help.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#define FAULT(...) CHECK_ERR(syscall(__VA_ARGS__), EFAULT)
#define KERNEL ((void *)0xffff888000000000UL)
#define ODD ((void *)0x8000000000000000UL)

static int file(void) { int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)); CHECK_EQ(pwrite(fd, "0123456789", 10, 0), 10); return fd; }

TEST(unknown_numbers) {
    static const long numbers[] = { 400, 423, 471, 500, 511, 547, 548, 600, 1000, 0xffff, 0x10000, 0x7fffffff, -1, -2 };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) CHECK_ERR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

TEST(removed_and_never_built_calls) {
    // create_module, get_kernel_syms, query_module, nfsservctl, getpmsg, putpmsg, afs_syscall, tuxcall, security, vserver
    static const int numbers[] = { 174, 177, 178, 180, 181, 182, 183, 184, 185, 236, 134, 156 };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) CHECK_ERR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

TEST(upper_half_of_number_is_not_looked_at_or_unknown) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "0"(0x100000000L | SYS_getpid) : "rcx", "r11", "memory");
    CHECK(r == getpid() || r == -ENOSYS);
}

TEST(x32_numbers) {
    long r = syscall(0x40000000 | SYS_getpid);
    CHECK(r == getpid() || (r == -1 && errno == ENOSYS));
    CHECK_ERR(syscall(0x40000000 | 600), ENOSYS);
}

TEST(int_80) {
    // Native kernels with 32-bit support run it as the 32-bit getpid (20); others end the program. Never anything else.
    pid_t pid;
    FORK(pid) {
        long r;
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        __asm__ volatile("int $0x80" : "=a"(r) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
        _exit((int)r == getpid() ? 1 : (int)r == -ENOSYS ? 2 : 3);
    }
    int code = exit_of(pid);
    CHECK(code == 1 || code == 2 || code == -SIGSEGV || code == -SIGSYS);
}

TEST(int_80_write_is_not_writev) {
    // 4 is write there and stat here, 146 writev there: a wrong table would be seen.
    int fds[2];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    pid_t pid;
    FORK(pid) {
        long r;
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        __asm__ volatile("int $0x80" : "=a"(r) : "0"(1L), "b"(42L) : "memory", "r8", "r9", "r10", "r11");
        _exit(7);
    }
    int code = exit_of(pid);
    // exit(42) of the 32-bit interface.
    CHECK(code == 42 || code == 7 || code < 0);
}

TEST(sysenter_and_vsyscall) {
    pid_t pid;
    FORK(pid) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        long (*vtime)(long *) = (void *)0xffffffffff600400UL;
        long t = vtime(NULL);
        _exit(t > 1600000000 ? 0 : 1);
    }
    int code = exit_of(pid);
    CHECK(code == 0 || code == -SIGSEGV);
}

// --- files ---

TEST(path_arguments) {
    char c[200];
    struct stat st;
    FAULT(SYS_open, BAD, O_RDONLY);
    FAULT(SYS_openat, AT_FDCWD, BAD, O_RDONLY);
    FAULT(SYS_openat, AT_FDCWD, KERNEL, O_RDONLY);
    FAULT(SYS_openat, AT_FDCWD, ODD, O_RDONLY);
    FAULT(SYS_openat, AT_FDCWD, NULL, O_RDONLY);
    FAULT(SYS_openat, AT_FDCWD, TORN_STR("/dev/null"), O_RDONLY);
    FAULT(SYS_creat, BAD, 0600);
    FAULT(SYS_stat, BAD, &st);
    FAULT(SYS_stat, "/", BAD);
    FAULT(SYS_lstat, BAD, &st);
    FAULT(SYS_newfstatat, AT_FDCWD, BAD, &st, 0);
    FAULT(SYS_newfstatat, AT_FDCWD, "/", BAD, 0);
    FAULT(SYS_statx, AT_FDCWD, BAD, 0, 0xfff, c);
    FAULT(SYS_statx, AT_FDCWD, "/", 0, 0xfff, BAD);
    FAULT(SYS_access, BAD, 0);
    FAULT(SYS_faccessat, AT_FDCWD, BAD, 0);
    FAULT(SYS_faccessat2, AT_FDCWD, BAD, 0, 0);
    FAULT(SYS_chdir, BAD);
    FAULT(SYS_mkdir, BAD, 0700);
    FAULT(SYS_mkdirat, AT_FDCWD, BAD, 0700);
    FAULT(SYS_rmdir, BAD);
    FAULT(SYS_unlink, BAD);
    FAULT(SYS_unlinkat, AT_FDCWD, BAD, 0);
    FAULT(SYS_truncate, BAD, 0);
    FAULT(SYS_chmod, BAD, 0);
    FAULT(SYS_fchmodat, AT_FDCWD, BAD, 0);
    FAULT(SYS_chown, BAD, -1, -1);
    FAULT(SYS_lchown, BAD, -1, -1);
    FAULT(SYS_fchownat, AT_FDCWD, BAD, -1, -1, 0);
    FAULT(SYS_statfs, BAD, c);
    FAULT(SYS_statfs, "/", BAD);
    FAULT(SYS_readlink, BAD, c, 10);
    FAULT(SYS_readlink, "/proc/self/exe", BAD, 10);
    FAULT(SYS_readlinkat, AT_FDCWD, BAD, c, 10);
    FAULT(SYS_mknod, BAD, S_IFIFO | 0600, 0);
    FAULT(SYS_mknodat, AT_FDCWD, BAD, S_IFIFO | 0600, 0);
}

TEST(two_path_arguments) {
    file();
    FAULT(SYS_rename, BAD, "x");
    FAULT(SYS_rename, "f", BAD);
    FAULT(SYS_renameat, AT_FDCWD, BAD, AT_FDCWD, "x");
    FAULT(SYS_renameat, AT_FDCWD, "f", AT_FDCWD, BAD);
    FAULT(SYS_renameat2, AT_FDCWD, BAD, AT_FDCWD, "x", 0);
    FAULT(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, BAD, 0);
    FAULT(SYS_link, BAD, "x");
    FAULT(SYS_link, "f", BAD);
    FAULT(SYS_linkat, AT_FDCWD, BAD, AT_FDCWD, "x", 0);
    FAULT(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, BAD, 0);
    FAULT(SYS_symlink, BAD, "x");
    FAULT(SYS_symlink, "f", BAD);
    FAULT(SYS_symlinkat, BAD, AT_FDCWD, "x");
    FAULT(SYS_symlinkat, "f", AT_FDCWD, BAD);
}

TEST(times_and_attributes) {
    int fd = file();
    char c[100];
    FAULT(SYS_utime, BAD, NULL);
    FAULT(SYS_utime, "f", BAD);
    FAULT(SYS_utimes, BAD, NULL);
    FAULT(SYS_utimes, "f", BAD);
    FAULT(SYS_futimesat, AT_FDCWD, BAD, NULL);
    FAULT(SYS_futimesat, AT_FDCWD, "f", BAD);
    FAULT(SYS_utimensat, AT_FDCWD, BAD, NULL, 0);
    FAULT(SYS_utimensat, AT_FDCWD, "f", BAD, 0);
    FAULT(SYS_setxattr, BAD, "user.a", "v", 1, 0);
    FAULT(SYS_setxattr, "f", BAD, "v", 1, 0);
    FAULT(SYS_getxattr, BAD, "user.a", c, 10);
    FAULT(SYS_getxattr, "f", BAD, c, 10);
    FAULT(SYS_fgetxattr, fd, BAD, c, 10);
    FAULT(SYS_listxattr, BAD, c, 10);
    FAULT(SYS_removexattr, BAD, "user.a");
    FAULT(SYS_removexattr, "f", BAD);
}

TEST(read_and_write_buffers) {
    int fd = file();
    off_t off = 0;
    FAULT(SYS_read, fd, BAD, 5);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    FAULT(SYS_read, fd, KERNEL, 5);
    FAULT(SYS_write, fd, BAD, 5);
    FAULT(SYS_write, fd, ODD, 5);
    FAULT(SYS_pread64, fd, BAD, 5, 0);
    FAULT(SYS_pwrite64, fd, BAD, 5, 0);
    FAULT(SYS_readv, fd, BAD, 1);
    FAULT(SYS_writev, fd, BAD, 1);
    struct iovec iov = { (void *)BAD, 5 };
    FAULT(SYS_readv, fd, &iov, 1);
    FAULT(SYS_writev, fd, &iov, 1);
    FAULT(SYS_preadv, fd, &iov, 1, 0, 0);
    FAULT(SYS_pwritev, fd, &iov, 1, 0, 0);
    FAULT(SYS_preadv2, fd, &iov, 1, 0, 0, 0);
    int out = CHECK_OK(open("out", O_RDWR | O_CREAT, 0600));
    FAULT(SYS_sendfile, out, fd, BAD, 5);
    FAULT(SYS_copy_file_range, fd, BAD, out, NULL, 5, 0);
    FAULT(SYS_copy_file_range, fd, &off, out, BAD, 5, 0);
    FAULT(SYS_getdents64, CHECK_OK(open("/", O_RDONLY)), BAD, 1000);
    FAULT(SYS_getdents, CHECK_OK(open("/", O_RDONLY)), BAD, 1000);
    FAULT(SYS_getcwd, BAD, 100);
}

TEST(partial_faults) {
    int fds[2], fd = file();
    char *end = page_end(NULL, 4);
    memcpy(end, "abcd", 4);
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    // A file takes what lies before the bad page.
    CHECK_EQ(pwrite(fd, end, 10, 0), 4);
    CHECK_EQ(pread(fd, end, 10, 0), 4);
    CHECK_MEM(end, "abcd", 4);
    struct iovec iov[2] = { { end, 4 }, { (void *)BAD, 4 } };
    CHECK_EQ(pwritev(fd, iov, 2, 0), 4);
    CHECK_EQ(preadv(fd, iov, 2, 0), 4);
    CHECK_EQ(write(fds[1], end, 4), 4);
    CHECK_ERR(read(fds[0], BAD, 4), EFAULT);
    CHECK_EQ(read(fds[0], end, 4), 4);
}

TEST(lengths) {
    int fd = file();
    char c[16];
    CHECK_EQ(syscall(SYS_read, fd, c, 0), 0);
    CHECK_EQ(syscall(SYS_read, fd, BAD, 0), 0);
    CHECK_ERR2(syscall(SYS_read, fd, c, -1L), EINVAL, EFAULT);
    CHECK_ERR2(syscall(SYS_write, fd, c, -1L), EINVAL, EFAULT);
    CHECK_ERR2(syscall(SYS_read, fd, c, 1L << 63), EINVAL, EFAULT);
    struct iovec iov[2] = { { c, -1L }, { c, 1 } };
    CHECK_ERR(readv(fd, iov, 2), EINVAL);
    iov[0].iov_len = LONG_MAX;
    CHECK_ERR2(readv(fd, iov, 2), EINVAL, EFAULT);
    CHECK_ERR(syscall(SYS_readv, fd, iov, 1025), EINVAL);
    CHECK_ERR(syscall(SYS_readv, fd, iov, -1), EINVAL);
    CHECK_EQ(syscall(SYS_readv, fd, iov, 0), 0);
    CHECK_ERR(pread(fd, c, 1, -1), EINVAL);
    CHECK_ERR(ftruncate(fd, -1), EINVAL);
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERR(lseek(fd, 0, 99), EINVAL);
    CHECK_ERR(syscall(SYS_fallocate, fd, 0, -1L, 1L), EINVAL);
    CHECK_ERR(syscall(SYS_readlink, "/proc/self/exe", c, 0), EINVAL);
    CHECK_ERR(syscall(SYS_readlink, "/proc/self/exe", c, -1), EINVAL);
    CHECK_ERR(syscall(SYS_getcwd, c, 1), ERANGE);
}

TEST(control_calls) {
    int fd = file();
    FAULT(SYS_fcntl, fd, F_GETLK, BAD);
    FAULT(SYS_fcntl, fd, F_SETLK, BAD);
    FAULT(SYS_fcntl, fd, F_OFD_GETLK, BAD);
    FAULT(SYS_fcntl, fd, F_GETOWN_EX, BAD);
    FAULT(SYS_ioctl, fd, FIONREAD, BAD);
    FAULT(SYS_ioctl, fd, FIONBIO, BAD);
    FAULT(SYS_pipe, BAD);
    FAULT(SYS_pipe2, BAD, 0);
    FAULT(SYS_fstat, fd, BAD);
    FAULT(SYS_fstatfs, fd, BAD);
    FAULT(SYS_memfd_create, BAD, 0);
    FAULT(SYS_inotify_add_watch, CHECK_OK(syscall(SYS_inotify_init)), BAD, 1);
    CHECK_ERR2(syscall(SYS_name_to_handle_at, AT_FDCWD, BAD, BAD, BAD, 0), EFAULT, EOPNOTSUPP);
    struct { uint64_t flags, mode, resolve; } how = { 0, 0, 0 };
    FAULT(SYS_openat2, AT_FDCWD, BAD, &how, sizeof how);
    FAULT(SYS_openat2, AT_FDCWD, "/", BAD, sizeof how);
}

// --- processes, signals, time ---

TEST(process_calls) {
    struct rlimit r;
    FAULT(SYS_uname, BAD);
    FAULT(SYS_getrlimit, 0, BAD);
    FAULT(SYS_setrlimit, 0, BAD);
    FAULT(SYS_prlimit64, 0, 0, BAD, &r);
    FAULT(SYS_getrusage, 0, BAD);
    FAULT(SYS_times, BAD);
    FAULT(SYS_sysinfo, BAD);
    FAULT(SYS_getresuid, BAD, BAD, BAD);
    if (getgroups(0, NULL) > 0) FAULT(SYS_getgroups, 1000, BAD);
}

TEST(signal_calls) {
    sigset_t s;
    sigemptyset(&s);
    FAULT(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8);
    FAULT(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8);
    FAULT(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8);
    FAULT(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8);
    FAULT(SYS_rt_sigpending, BAD, 8);
    FAULT(SYS_rt_sigsuspend, BAD, 8);
    FAULT(SYS_rt_sigtimedwait, BAD, NULL, NULL, 8);
    FAULT(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD);
    FAULT(SYS_sigaltstack, BAD, NULL);
    FAULT(SYS_sigaltstack, NULL, BAD);
}

TEST(time_calls) {
    FAULT(SYS_gettimeofday, BAD, NULL);
    FAULT(SYS_time, BAD);
    FAULT(SYS_clock_gettime, CLOCK_MONOTONIC, BAD);
    FAULT(SYS_clock_getres, CLOCK_MONOTONIC, BAD);
    FAULT(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL);
    FAULT(SYS_nanosleep, BAD, NULL);
    FAULT(SYS_setitimer, ITIMER_REAL, BAD, NULL);
    FAULT(SYS_getitimer, ITIMER_REAL, BAD);
    FAULT(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD);
    FAULT(SYS_futex, BAD, 0, 0, NULL, NULL, 0);
    FAULT(SYS_adjtimex, BAD);
}

TEST(waiting_calls) {
    struct epoll_event ev;
    int ep = CHECK_OK(epoll_create1(0));
    FAULT(SYS_poll, BAD, 1, 0);
    FAULT(SYS_ppoll, NULL, 0, BAD, NULL, 8);
    FAULT(SYS_select, 5, BAD, NULL, NULL, NULL);
    FAULT(SYS_select, 0, NULL, NULL, NULL, BAD);
    FAULT(SYS_pselect6, 0, NULL, NULL, NULL, BAD, NULL);
    FAULT(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, CHECK_OK(eventfd(0, 0)), BAD);
    FAULT(SYS_epoll_pwait, ep, &ev, 1, 0, BAD, 8);
}

TEST(socket_calls) {
    int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), p[2];
    socklen_t n = 16;
    char c[200];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
    FAULT(SYS_bind, s, BAD, 16);
    FAULT(SYS_connect, s, BAD, 16);
    FAULT(SYS_getsockname, s, BAD, &n);
    FAULT(SYS_getsockname, s, c, BAD);
    FAULT(SYS_setsockopt, s, SOL_SOCKET, SO_REUSEADDR, BAD, 4);
    FAULT(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, BAD, &n);
    FAULT(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD);
    FAULT(SYS_sendto, p[0], BAD, 5, 0, NULL, 0);
    CHECK_EQ(write(p[0], "x", 1), 1);
    FAULT(SYS_recvfrom, p[1], BAD, 5, 0, NULL, NULL);
    FAULT(SYS_sendmsg, p[0], BAD, 0);
    FAULT(SYS_recvmsg, p[1], BAD, 0);
    FAULT(SYS_sendmmsg, p[0], BAD, 1, 0);
    FAULT(SYS_recvmmsg, p[1], BAD, 1, 0, NULL);
}

// --- descriptors ---

TEST(bad_descriptors_everywhere) {
    static const int numbers[] = { SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_lseek, SYS_ioctl, SYS_pread64, SYS_pwrite64,
        SYS_readv, SYS_writev, SYS_dup, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_getdents64,
        SYS_fchdir, SYS_fchmod, SYS_fchown, SYS_fstatfs, SYS_connect, SYS_accept, SYS_sendto, SYS_recvfrom, SYS_shutdown,
        SYS_bind, SYS_listen, SYS_getsockname, SYS_getpeername, SYS_fallocate, SYS_syncfs, SYS_fadvise64, SYS_readahead,
        SYS_timerfd_gettime, SYS_epoll_wait, SYS_sync_file_range };
    static const int bad[] = { -1, 200, 100000, INT_MAX, INT_MIN };
    char page[4096] = { 0 };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int j = 0; j < 5; j++)
            if (syscall(numbers[i], bad[j], page, 8, 8, page, page) != -1 || errno != EBADF)
                FAIL_AT("system call %d with descriptor %d: %s", numbers[i], bad[j], check_errno(errno));
}

TEST(descriptor_is_an_int) {
    int fd = file();
    char c;
    // The upper half of the register is not part of the number.
    CHECK_EQ(syscall(SYS_read, 0x100000000L | (unsigned)fd, &c, 1), 1);
}

TEST(wrong_kind_of_descriptor) {
    int dir = CHECK_OK(open(".", O_RDONLY)), fd = file(), wr = CHECK_OK(open("f", O_WRONLY)), path = CHECK_OK(open("f", O_PATH));
    char c[100];
    CHECK_ERR(read(dir, c, 10), EISDIR);
    CHECK_ERR(write(dir, c, 10), EBADF);
    CHECK_ERR(read(wr, c, 10), EBADF);
    CHECK_ERR(write(CHECK_OK(open("f", O_RDONLY)), c, 1), EBADF);
    CHECK_ERR(syscall(SYS_getdents64, fd, c, 100), ENOTDIR);
    CHECK_ERR(fchdir(fd), ENOTDIR);
    CHECK_ERR(listen(fd, 1), ENOTSOCK);
    CHECK_ERR(read(path, c, 1), EBADF);
    CHECK_ERR(fchmod(path, 0600), EBADF);
    CHECK_ERR(ioctl(path, FIONREAD, c), EBADF);
    CHECK_ERR(ftruncate(path, 0), EBADF);
    CHECK_ERR(epoll_wait(fd, (void *)c, 1, 0), EINVAL);
    CHECK_ERR(ioctl(fd, 0x12345, c), ENOTTY);
}

TEST(strings_without_end) {
    static char longest[5000];
    memset(longest, 'a', sizeof longest - 1);
    CHECK_ERR(open(longest, O_RDONLY), ENAMETOOLONG);
    CHECK_ERR(mkdir(longest, 0700), ENAMETOOLONG);
    CHECK_ERR(unlink(longest), ENAMETOOLONG);
    CHECK_ERR(symlink(longest, "x"), ENAMETOOLONG);
    CHECK_ERR(setxattr(".", longest, "v", 1, 0), ERANGE);
    longest[4096] = 0;
    CHECK_ERR(open(longest, O_RDONLY), ENAMETOOLONG);
    longest[256] = 0;
    CHECK_ERR(open(longest, O_RDONLY), ENAMETOOLONG);
    longest[255] = 0;
    CHECK_ERR(open(longest, O_RDONLY), ENOENT);
}

TEST(random_arguments_are_survived) {
    // Calls that can do no harm to the test itself, with arguments from a generator: any answer is right but a crash.
    static const int numbers[] = { SYS_read, SYS_pread64, SYS_fstat, SYS_poll, SYS_lseek, SYS_rt_sigpending, SYS_access, SYS_getsockname,
        SYS_getsockopt, SYS_fcntl, SYS_getdents64, SYS_readlink, SYS_getrlimit, SYS_getpriority, SYS_sched_getaffinity,
        SYS_clock_gettime, SYS_futex, SYS_epoll_ctl, SYS_timerfd_gettime, SYS_getxattr, SYS_mincore, SYS_statx, SYS_ioctl };
    pid_t pid;
    FORK(pid) {
        unsigned long seed = 12345;
        alarm(8);
        handle(SIGALRM, SIG_DFL, 0);
        for (int i = 0; i < 20000; i++) {
            unsigned long a[6];
            for (int j = 0; j < 6; j++) {
                seed = seed * 6364136223846793005UL + 1442695040888963407UL;
                unsigned long kind = seed >> 61, v = seed >> 20;
                a[j] = kind < 3 ? v % 16 : kind == 3 ? -(v % 16) : kind == 4 ? v << 12 : kind == 5 ? (unsigned long)BAD : v;
            }
            int nr = numbers[seed >> 33 & 15];
            // Nothing that waits.
            if (nr == SYS_futex) a[1] = 1;
            if (nr == SYS_poll) a[2] = 0;
            if (nr == SYS_read || nr == SYS_fcntl || nr == SYS_ioctl) a[0] = 199;
            syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        }
    }
    CHECK_EQ(exit_of(pid), 0);
}

// Resource limits: the calls, and that each limit is enforced.
#include "help.h"
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void limit(int what, rlim_t soft, rlim_t hard) {
    struct rlimit r = { soft, hard };
    CHECK_OK(setrlimit(what, &r));
}
static void soft_limit(int what, rlim_t soft) {
    struct rlimit r;
    CHECK_OK(getrlimit(what, &r));
    r.rlim_cur = soft;
    CHECK_OK(setrlimit(what, &r));
}
static volatile sig_atomic_t caught;
static void on_signal(int sig) { caught = sig; }

TEST(all_limits_readable) {
    struct rlimit r;
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        CHECK_OK(getrlimit(i, &r));
        CHECK(r.rlim_cur <= r.rlim_max);
    }
}

TEST(bad_arguments) {
    struct rlimit r = { 10, 5 };
    CHECK_ERR(syscall(SYS_getrlimit, 16, &r), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, -1, &r), EINVAL);
    CHECK_ERR(syscall(SYS_setrlimit, 16, &r), EINVAL);
    CHECK_ERR(setrlimit(RLIMIT_CORE, &(struct rlimit){ 10, 5 }), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, RLIMIT_CORE, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_setrlimit, RLIMIT_CORE, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_prlimit64, 0, RLIMIT_CORE, BAD, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_prlimit64, 1 << 22, RLIMIT_CORE, NULL, NULL), ESRCH);
}

TEST(soft_up_to_hard_and_hard_only_down) {
    struct rlimit r;
    become_user();
    limit(RLIMIT_CORE, 0, 4096);
    limit(RLIMIT_CORE, 4096, 4096);
    CHECK_ERR(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 8192 }), EPERM);
    CHECK_ERR(setrlimit(RLIMIT_CORE, &(struct rlimit){ 8192, 8192 }), EPERM);
    limit(RLIMIT_CORE, 100, 1000);
    CHECK_OK(getrlimit(RLIMIT_CORE, &r));
    CHECK_EQ(r.rlim_cur, 100);
    CHECK_EQ(r.rlim_max, 1000);
}

TEST(root_raises_hard) {
    need_cap(CAP_SYS_RESOURCE);
    limit(RLIMIT_CORE, 0, 4096);
    limit(RLIMIT_CORE, 8192, 16384);
}

TEST(inherited_by_fork_and_exec) {
    limit(RLIMIT_CORE, 512, 1024);
    soft_limit(RLIMIT_NOFILE, 77);
    pid_t pid;
    FORK(pid) {
        struct rlimit r;
        CHECK_OK(getrlimit(RLIMIT_CORE, &r));
        CHECK_EQ(r.rlim_cur, 512);
        execv("/bin/sh", (char *[]){ "sh", "-c", "test $(ulimit -n) = 77 && test $(ulimit -c) = 1", NULL });
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(prlimit_of_a_child) {
    struct rlimit old, new = { 11, 22 };
    pid_t pid;
    FORK(pid) for (;;) pause();
    CHECK_OK(prlimit(pid, RLIMIT_CORE, &new, NULL));
    CHECK_OK(prlimit(pid, RLIMIT_CORE, NULL, &old));
    CHECK_EQ(old.rlim_cur, 11);
    CHECK_EQ(old.rlim_max, 22);
    CHECK_OK(prlimit(0, RLIMIT_CORE, NULL, &old));
    CHECK(old.rlim_max != 22);
    kill(pid, SIGKILL);
    reap(pid);
}

TEST(prlimit_of_anothers_process_refused) {
    need_root();
    struct rlimit old;
    pid_t victim, pid;
    FORK(victim) for (;;) pause();
    FORK(pid) {
        become_user();
        CHECK_ERR(prlimit(victim, RLIMIT_CORE, NULL, &old), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
    kill(victim, SIGKILL);
}

TEST(limits_are_of_the_process) {
    pthread_t t;
    struct rlimit r;
    void *body(void *unused) { limit(RLIMIT_CORE, 33, 44); return unused; }
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, NULL);
    CHECK_OK(getrlimit(RLIMIT_CORE, &r));
    CHECK_EQ(r.rlim_cur, 33);
}

TEST(proc_limits_shows_them) {
    limit(RLIMIT_CORE, 4096, 8192);
    char *text = read_file("/proc/self/limits");
    CHECK(strstr(text, "Max core file size        4096                 8192                 bytes") != NULL);
    CHECK(strstr(text, "Max open files") != NULL);
    char *line = strstr(text, "Max nice priority"); // a number, without a unit
    CHECK(line != NULL);
    CHECK_EQ(strcspn(line, "\n"), 26 + 21 + 21);
}

// --- descriptors ---

TEST(nofile_stops_every_maker_of_descriptors) {
    int fds[2];
    soft_limit(RLIMIT_NOFILE, 20);
    int last = 0, fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) last = fd;
    CHECK(errno == EMFILE);
    CHECK(last <= 19);
    CHECK_ERR(dup(0), EMFILE);
    CHECK_ERR(dup2(0, 20), EBADF);
    CHECK_ERR(dup3(0, 1000, 0), EBADF);
    CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
    CHECK_ERR(fcntl(0, F_DUPFD, 10), EMFILE);
    CHECK_ERR(pipe(fds), EMFILE);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
    CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    CHECK_ERR(memfd_create("m", 0), EMFILE);
    CHECK_ERR(syscall(SYS_eventfd2, 0, 0), EMFILE);
    CHECK_ERR(syscall(SYS_epoll_create1, 0), EMFILE);
    CHECK_ERR(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0), EMFILE);
    close(last);
    CHECK_ERR(pipe(fds), EMFILE);
    CHECK_EQ(open("/dev/null", O_RDONLY), last);
}

TEST(nofile_lowered_below_open_ones) {
    int fd = CHECK_OK(fcntl(0, F_DUPFD, 30));
    soft_limit(RLIMIT_NOFILE, 10);
    CHECK_OK(fcntl(fd, F_GETFD));
    CHECK_ERR(fcntl(fd, F_DUPFD, 30), EINVAL);
    CHECK_OK(close(fd));
}

TEST(nofile_above_the_systems_maximum) {
    need_root();
    struct rlimit r = { 1UL << 40, 1UL << 40 };
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &r), EPERM);
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }), EPERM);
}

// --- file size ---

TEST(fsize_signal) {
    pid_t pid;
    soft_limit(RLIMIT_CORE, 0);
    FORK(pid) {
        limit(RLIMIT_FSIZE, 100, 100);
        int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
        CHECK_EQ(write(fd, page_end(NULL, 100), 100), 100);
        write(fd, "x", 1);
    }
    CHECK_EQ(exit_of(pid), -SIGXFSZ);
}

TEST(fsize_error_when_ignored) {
    static char buf[200];
    signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 100, 100);
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    // A write that starts below the limit is cut short; at it, it fails.
    CHECK_EQ(write(fd, buf, 200), 100);
    CHECK_ERR(write(fd, buf, 1), EFBIG);
    CHECK_EQ(pwrite(fd, buf, 10, 95), 5);
    CHECK_ERR(pwrite(fd, buf, 10, 100), EFBIG);
    CHECK_ERR(ftruncate(fd, 101), EFBIG);
    CHECK_OK(ftruncate(fd, 100));
    CHECK_ERR(fallocate(fd, 0, 0, 101), EFBIG);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 100);
}

TEST(fsize_does_not_concern_pipes) {
    int fds[2];
    static char buf[500];
    limit(RLIMIT_FSIZE, 100, 100);
    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], buf, 500), 500);
}

// --- memory ---

TEST(address_space) {
    struct rlimit r;
    CHECK_OK(getrlimit(RLIMIT_AS, &r));
    soft_limit(RLIMIT_AS, 512UL << 20);
    CHECK(mmap(NULL, 1UL << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(errno == ENOMEM);
    void *p = mmap(NULL, 64UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mremap(p, 64UL << 20, 1UL << 30, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK(errno == ENOMEM);
    CHECK(sbrk(1L << 30) == (void *)-1);
    CHECK(malloc(1UL << 30) == NULL);
}

TEST(data_segment) {
    soft_limit(RLIMIT_DATA, 64UL << 20);
    CHECK(sbrk(128L << 20) == (void *)-1);
    CHECK(errno == ENOMEM);
    CHECK(mmap(NULL, 128UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(errno == ENOMEM);
    // Read-only memory is not data.
    CHECK(mmap(NULL, 128UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(locked_memory) {
    become_user();
    limit(RLIMIT_MEMLOCK, 65536, 65536);
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(mlock(p, 8192));
    CHECK_ERR(mlock(p, 1 << 20), ENOMEM);
    CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED);
    CHECK(errno == EAGAIN);
    CHECK_OK(munlock(p, 8192));
    limit(RLIMIT_MEMLOCK, 0, 0);
    CHECK_ERR(mlock(p, 4096), EPERM);
}

static int deep(int n) {
    volatile char room[16384];
    memset((void *)room, n, sizeof room);
    return n ? deep(n - 1) + room[5] : room[7];
}

TEST(stack_of_the_main_thread) {
    pid_t pid;
    soft_limit(RLIMIT_CORE, 0);
    FORK(pid) { soft_limit(RLIMIT_STACK, 1 << 20); deep(100); }
    CHECK_EQ(exit_of(pid), -SIGSEGV);
    FORK(pid) { deep(100); }
    CHECK_EQ(exit_of(pid), 0);
}

// --- processes, time, core, others ---

TEST(nproc_of_an_ordinary_user) {
    need_root();
    uid_t lonely = 54321;
    CHECK_OK(setresgid(lonely, lonely, lonely));
    CHECK_OK(setresuid(lonely, lonely, lonely));
    limit(RLIMIT_NPROC, 3, 3);
    pid_t pids[5] = { 0 };
    int made = 0;
    for (int i = 0; i < 5; i++) {
        pids[i] = fork();
        if (pids[i] == 0) for (;;) pause();
        if (pids[i] < 0) { CHECK(errno == EAGAIN); break; }
        made++;
    }
    CHECK_EQ(made, 2);
    pthread_t t;
    CHECK_RC(pthread_create(&t, NULL, (void *(*)(void *))(void *)pause, NULL), EAGAIN);
    for (int i = 0; i < made; i++) { kill(pids[i], SIGKILL); reap(pids[i]); }
    pid_t pid;
    FORK(pid) _exit(0);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(nproc_does_not_bind_root) {
    need_root();
    limit(RLIMIT_NPROC, 1, 1);
    pid_t pid;
    FORK(pid) _exit(3);
    CHECK_EQ(exit_of(pid), 3);
}

TEST_SLOW(cpu_time_soft_then_hard, 20) {
    pid_t pid;
    long long t0 = now_ns();
    soft_limit(RLIMIT_CORE, 0);
    FORK(pid) {
        limit(RLIMIT_CPU, 1, 2);
        handle(SIGXCPU, on_signal, 0);
        while (!caught) { }
        CHECK_EQ(caught, SIGXCPU);
        // The kernel counts ticks for this limit: on a busy machine whole ticks are charged for parts of them.
        CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= 400 * MS);
        for (;;) { }
    }
    CHECK_EQ(exit_of(pid), -SIGKILL);
    CHECK(now_ns() - t0 >= 1000 * MS);
}

TEST(cpu_time_default_action) {
    pid_t pid;
    soft_limit(RLIMIT_CORE, 0);
    FORK(pid) { limit(RLIMIT_CPU, 1, RLIM_INFINITY); for (;;) { } }
    CHECK_EQ(exit_of(pid), -SIGXCPU);
}

TEST(cpu_time_of_a_child) {
    pid_t pid, grandchild;
    soft_limit(RLIMIT_CORE, 0);
    FORK(pid) {
        limit(RLIMIT_CPU, 1, RLIM_INFINITY);
        FORK(grandchild) { for (;;) { } }
        CHECK_EQ(exit_of(grandchild), -SIGXCPU);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(core_flag_follows_limit) {
    pid_t pid;
    FORK(pid) { limit(RLIMIT_CORE, 0, 0); abort(); }
    int status = reap(pid);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGABRT);
    char *pattern = read_file("/proc/sys/kernel/core_pattern");
    // With a pipe as pattern the limit does not decide.
    if (pattern[0] != '|') CHECK(!WCOREDUMP(status));
}

TEST(nice_limit) {
    become_user();
    limit(RLIMIT_NICE, 0, 0);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
    CHECK_ERR(setpriority(PRIO_PROCESS, 0, 4), EACCES);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
}

TEST(sigpending_limit) {
    become_user();
    limit(RLIMIT_SIGPENDING, 4, 4);
    mask(SIG_BLOCK, SIGRTMIN);
    mask(SIG_BLOCK, SIGUSR1);
    int sent = 0;
    while (sent < 100 && sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = sent }) == 0) sent++;
    CHECK(sent <= 4);
    CHECK_ERR(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }), EAGAIN);
    // A signal by kill still arrives, without its information if need be.
    CHECK_OK(kill(getpid(), SIGUSR1));
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
}

TEST(rlimit_infinity_round_trip) {
    need_cap(CAP_SYS_RESOURCE);
    limit(RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY);
    struct rlimit r;
    CHECK_OK(getrlimit(RLIMIT_CORE, &r));
    CHECK_EQ(r.rlim_cur, RLIM_INFINITY);
    CHECK_EQ(r.rlim_max, RLIM_INFINITY);
}

static volatile int file_size_signals;
static void file_size_signal(int sig) { file_size_signals++; }

#define TOO_LARGE(call)                            \
    do {                                           \
        file_size_signals = 0;                     \
        CHECK_ERR(call, EFBIG);                    \
        CHECK_EQ(file_size_signals, 1);            \
    } while (0)

/* Files that are larger already may be changed, but for growing. Pages of tmpfs beyond the limit are refused as well. */
static void check_growth(int fd, bool is_tmpfs) {
    signal(SIGXFSZ, file_size_signal);
    CHECK_EQ(pwrite(fd, "abc", 3, 20000), 3);
    limit(RLIMIT_FSIZE, 10000, RLIM_INFINITY);
    CHECK_OK(ftruncate(fd, 20003));
    CHECK_OK(ftruncate(fd, 15000));
    TOO_LARGE(ftruncate(fd, 15001));
    CHECK_OK(fallocate(fd, 0, 0, 15000));
    CHECK_OK(fallocate(fd, 0, 11000, 1000));
    TOO_LARGE(fallocate(fd, 0, 14000, 2000));
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 14000, 200));
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 14000, 20000));
    CHECK_OK(ftruncate(fd, 5000));
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 5000));
    if (is_tmpfs)
        TOO_LARGE(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 5001));
    else
        CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 5001));
    TOO_LARGE(fallocate(fd, 0, 1000, 9001));
    CHECK_OK(fallocate(fd, 0, 1000, 9000));
    TOO_LARGE(pwrite(fd, "abc", 3, 10000));
    CHECK_EQ(pwrite(fd, "abc", 3, 9999), 1);
}

TEST(fsize_where_a_file_grows) {
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
    if (fallocate(fd, 0, 0, 10) == -1)
        SKIP("filesystem without fallocate");
    CHECK_OK(ftruncate(fd, 0));
    check_growth(fd, false);
    TOO_LARGE(truncate("f", 10001));
    CHECK_OK(truncate("f", 9000));
}

TEST(fsize_of_memory) {
    check_growth((int) CHECK_OK(memfd_create("m", 0)), true);
}

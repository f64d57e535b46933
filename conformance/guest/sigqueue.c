// Queued real-time signals, sigtimedwait, signalfd.
#include "help.h"
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static volatile int values[64], numbers[64];
static volatile sig_atomic_t count;
static void note(int sig, siginfo_t *si, void *uc UNUSED) {
    if (count < 64) { values[count] = si->si_value.sival_int; numbers[count++] = sig; }
}
static int queue(int sig, int value) { return sigqueue(getpid(), sig, (union sigval){ .sival_int = value }); }
static void block_all(void) { sigset_t s; sigfillset(&s); sigprocmask(SIG_SETMASK, &s, NULL); }
static void unblock_all(void) { sigset_t s; sigemptyset(&s); sigprocmask(SIG_SETMASK, &s, NULL); }
static struct timespec ms(int n) { return (struct timespec){ n / 1000, n % 1000 * MS }; }

static int timedwait(int sig, siginfo_t *si, int limit) {
    sigset_t set = set_of(sig);
    struct timespec t = ms(limit);
    return sigtimedwait(&set, si, &t);
}

TEST(real_time_numbers) {
    CHECK_EQ(SIGRTMIN, 34);
    CHECK_EQ(SIGRTMAX, 64);
    // The two below are libc's; the kernel delivers them all the same.
    struct { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; } k = { SIG_IGN, 0, NULL, 0 };
    CHECK_OK(syscall(SYS_rt_sigaction, 32, &k, NULL, 8));
    CHECK_OK(syscall(SYS_rt_sigaction, 64, &k, NULL, 8));
    CHECK_ERR(syscall(SYS_rt_sigaction, 65, &k, NULL, 8), EINVAL);
}

TEST(queued_in_order) {
    handle_info(SIGRTMIN, note, 0);
    block_all();
    for (int i = 0; i < 10; i++) CHECK_OK(queue(SIGRTMIN, i));
    unblock_all();
    CHECK_EQ(count, 10);
    // Each frame is entered in turn: with the signal blocked in its handler they run one after the other.
    for (int i = 0; i < 10; i++) CHECK_EQ(values[i], i);
}

TEST(ordinary_signals_not_queued) {
    handle_info(SIGUSR1, note, 0);
    block_all();
    for (int i = 0; i < 5; i++) CHECK_OK(queue(SIGUSR1, i));
    unblock_all();
    CHECK_EQ(count, 1);
    CHECK_EQ(values[0], 0);
}

TEST(lower_number_first) {
    block_all();
    queue(SIGRTMIN + 3, 3);
    queue(SIGRTMIN + 1, 1);
    queue(SIGRTMAX, 9);
    queue(SIGRTMIN + 2, 2);
    kill(getpid(), SIGUSR1);
    sigset_t set;
    siginfo_t si;
    struct timespec t = ms(0);
    sigfillset(&set);
    CHECK_EQ(sigtimedwait(&set, &si, &t), SIGUSR1);
    CHECK_EQ(sigtimedwait(&set, &si, &t), SIGRTMIN + 1);
    CHECK_EQ(sigtimedwait(&set, &si, &t), SIGRTMIN + 2);
    CHECK_EQ(sigtimedwait(&set, &si, &t), SIGRTMIN + 3);
    CHECK_EQ(sigtimedwait(&set, &si, &t), SIGRTMAX);
    CHECK_EQ(si.si_value.sival_int, 9);
    CHECK_ERR(sigtimedwait(&set, &si, &t), EAGAIN);
}

TEST(synchronous_signals_come_first) {
    block_all();
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGSEGV);
    sigset_t set;
    sigfillset(&set);
    struct timespec t = ms(0);
    CHECK_EQ(sigtimedwait(&set, NULL, &t), SIGSEGV);
    CHECK_EQ(sigtimedwait(&set, NULL, &t), SIGHUP);
    CHECK_EQ(sigtimedwait(&set, NULL, &t), SIGUSR1);
}

TEST(thread_signals_before_process_signals) {
    block_all();
    kill(getpid(), SIGHUP);
    syscall(SYS_tgkill, getpid(), gettid_(), SIGUSR1);
    sigset_t set;
    sigfillset(&set);
    struct timespec t = ms(0);
    CHECK_EQ(sigtimedwait(&set, NULL, &t), SIGUSR1);
    CHECK_EQ(sigtimedwait(&set, NULL, &t), SIGHUP);
}

TEST(pending_shows_both_queues) {
    sigset_t pending;
    block_all();
    kill(getpid(), SIGHUP);
    syscall(SYS_tgkill, getpid(), gettid_(), SIGUSR1);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGHUP) && sigismember(&pending, SIGUSR1));
    char *text = read_file("/proc/self/status");
    CHECK(strstr(text, "SigPnd:\t0000000000000200") != NULL);
    CHECK(strstr(text, "ShdPnd:\t0000000000000001") != NULL);
}

TEST(siginfo_of_kill_in_queue) {
    block_all();
    siginfo_t si;
    kill(getpid(), SIGRTMIN);
    CHECK_EQ(timedwait(SIGRTMIN, &si, 1000), SIGRTMIN);
    CHECK_EQ(si.si_code, SI_USER);
    CHECK_EQ(si.si_pid, getpid());
    // Two by kill are two real-time signals.
    kill(getpid(), SIGRTMIN);
    kill(getpid(), SIGRTMIN);
    CHECK_EQ(timedwait(SIGRTMIN, NULL, 0), SIGRTMIN);
    CHECK_EQ(timedwait(SIGRTMIN, NULL, 0), SIGRTMIN);
    CHECK_ERR(timedwait(SIGRTMIN, NULL, 0), EAGAIN);
}

TEST(sigtimedwait_times_out) {
    block_all();
    long long t0 = now_ns();
    CHECK_ERR(timedwait(SIGUSR1, NULL, 60), EAGAIN);
    CHECK(now_ns() - t0 >= 60 * MS);
}

TEST(sigtimedwait_errors) {
    sigset_t set = set_of(SIGUSR1);
    struct timespec t = { 0, 1000000000 };
    CHECK_ERR(sigtimedwait(&set, NULL, &t), EINVAL);
    t = (struct timespec){ -1, 0 };
    CHECK_ERR(sigtimedwait(&set, NULL, &t), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, BAD, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, BAD, NULL, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4), EINVAL);
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, BAD, NULL, 8), EFAULT);
    // Taken all the same.
    t = ms(0);
    CHECK_ERR(sigtimedwait(&set, NULL, &t), EAGAIN);
}

TEST(sigtimedwait_woken_by_arrival) {
    block_all();
    pid_t pid;
    FORK(pid) { sleep_ms(40); kill(getppid(), SIGUSR2); }
    siginfo_t si;
    CHECK_EQ(timedwait(SIGUSR2, &si, 5000), SIGUSR2);
    CHECK_EQ(si.si_pid, pid);
    reap(pid);
}

TEST(sigtimedwait_interrupted_by_another) {
    handle_info(SIGUSR1, note, SA_RESTART);
    mask(SIG_BLOCK, SIGUSR2);
    pid_t pid;
    FORK(pid) { sleep_ms(40); kill(getppid(), SIGUSR1); }
    CHECK_ERR(timedwait(SIGUSR2, NULL, 5000), EINTR);
    reap(pid);
}

TEST(sigwait_takes_without_handler) {
    handle_info(SIGUSR1, note, 0);
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    sigset_t set = set_of(SIGUSR1);
    int sig = 0;
    CHECK_RC(sigwait(&set, &sig), 0);
    CHECK_EQ(sig, SIGUSR1);
    CHECK_EQ(count, 0);
}

TEST(waiting_thread_gets_process_signal) {
    sigset_t set = set_of(SIGUSR1);
    void *body(void *arg) { int sig = 0; sigwait(arg, &sig); return (void *)(long)sig; }
    sigprocmask(SIG_BLOCK, &set, NULL);
    pthread_t t;
    void *got;
    pthread_create(&t, NULL, body, &set);
    sleep_ms(20);
    kill(getpid(), SIGUSR1);
    pthread_join(t, &got);
    CHECK_EQ((long)got, SIGUSR1);
}

TEST(sigchld_can_be_waited_for) {
    mask(SIG_BLOCK, SIGCHLD);
    pid_t pid;
    FORK(pid) _exit(3);
    siginfo_t si;
    CHECK_EQ(timedwait(SIGCHLD, &si, 5000), SIGCHLD);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_status, 3);
    CHECK_EQ(exit_of(pid), 3);
}

TEST(kill_and_stop_are_never_waited_for) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGKILL);
    sigaddset(&set, SIGSTOP);
    struct timespec t = ms(1);
    CHECK_ERR(sigtimedwait(&set, NULL, &t), EAGAIN);
}

TEST(pending_limit_counts_queue) {
    become_user();
    setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 8, 8 });
    block_all();
    int n = 0;
    while (n < 50 && queue(SIGRTMIN, n) == 0) n++;
    CHECK(errno == EAGAIN);
    CHECK(n > 0 && n <= 8);
    siginfo_t si;
    CHECK_EQ(timedwait(SIGRTMIN, &si, 0), SIGRTMIN);
    CHECK_EQ(si.si_value.sival_int, 0);
    CHECK_OK(queue(SIGRTMIN, 99));
}

TEST(real_time_handlers_keep_value_and_code) {
    handle_info(SIGRTMAX, note, 0);
    CHECK_OK(queue(SIGRTMAX, 777));
    CHECK_EQ(numbers[0], SIGRTMAX);
    CHECK_EQ(values[0], 777);
}

// --- signalfd ---

static int fd_of(int sig, int flags) {
    sigset_t set = set_of(sig);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return CHECK_OK(signalfd(-1, &set, flags));
}

TEST(signalfd_reads_a_signal) {
    int fd = fd_of(SIGUSR1, SFD_NONBLOCK | SFD_CLOEXEC);
    struct signalfd_siginfo si;
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(read(fd, &si, sizeof si), EAGAIN);
    CHECK_EQ(poll_one(fd, POLLIN, 0), 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(poll_one(fd, POLLIN, 0), POLLIN);
    CHECK_EQ(read(fd, &si, sizeof si), 128);
    CHECK_EQ(si.ssi_signo, SIGUSR1);
    CHECK_EQ(si.ssi_code, SI_USER);
    CHECK_EQ(si.ssi_pid, getpid());
    CHECK_EQ(si.ssi_uid, getuid());
    CHECK_ERR(read(fd, &si, sizeof si), EAGAIN);
}

TEST(signalfd_several_at_once) {
    int fd = fd_of(SIGRTMIN, SFD_NONBLOCK);
    struct signalfd_siginfo si[5];
    for (int i = 0; i < 3; i++) queue(SIGRTMIN, i * 10);
    CHECK_EQ(read(fd, si, sizeof si), 3 * 128);
    CHECK_EQ(si[2].ssi_int, 20);
    CHECK_EQ(si[0].ssi_code, SI_QUEUE);
    queue(SIGRTMIN, 1);
    queue(SIGRTMIN, 2);
    CHECK_EQ(read(fd, si, 200), 128);
    CHECK_EQ(si[0].ssi_int, 1);
}

TEST(signalfd_blocks_until_signal) {
    int fd = fd_of(SIGUSR1, 0);
    pid_t pid;
    struct signalfd_siginfo si;
    FORK(pid) { sleep_ms(40); kill(getppid(), SIGUSR1); }
    CHECK_EQ(read(fd, &si, sizeof si), 128);
    CHECK_EQ(si.ssi_pid, pid);
    reap(pid);
}

TEST(signalfd_child_status) {
    int fd = fd_of(SIGCHLD, 0);
    pid_t pid;
    struct signalfd_siginfo si;
    FORK(pid) _exit(9);
    CHECK_EQ(read(fd, &si, sizeof si), 128);
    CHECK_EQ(si.ssi_pid, pid);
    CHECK_EQ(si.ssi_status, 9);
    CHECK_EQ(si.ssi_code, CLD_EXITED);
}

TEST(signalfd_set_can_be_changed) {
    int fd = fd_of(SIGUSR1, SFD_NONBLOCK);
    struct signalfd_siginfo si;
    sigset_t set = set_of(SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR2);
    CHECK_ERR(read(fd, &si, sizeof si), EAGAIN);
    CHECK_EQ(signalfd(fd, &set, 0), fd);
    CHECK_EQ(read(fd, &si, sizeof si), 128);
    CHECK_EQ(si.ssi_signo, SIGUSR2);
}

TEST(signalfd_errors) {
    sigset_t set = set_of(SIGUSR1);
    int null = CHECK_OK(open("/dev/null", O_RDONLY)), fd = fd_of(SIGUSR1, SFD_NONBLOCK);
    char small[127];
    CHECK_ERR(signalfd(null, &set, 0), EINVAL);
    CHECK_ERR(signalfd(200, &set, 0), EBADF);
    CHECK_ERR(signalfd(-1, &set, 1), EINVAL);
    CHECK_ERR2(syscall(SYS_signalfd4, -1, BAD, 8, 0), EFAULT, EINVAL);
    CHECK_ERR(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
    CHECK_ERR(read(fd, small, sizeof small), EINVAL);
    CHECK_ERR(write(fd, small, sizeof small), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    kill(getpid(), SIGUSR1);
    CHECK_ERR(read(fd, BAD, 128), EFAULT);
}

TEST(signalfd_in_epoll) {
    int fd = fd_of(SIGUSR1, SFD_NONBLOCK), ep = CHECK_OK(epoll_create1(0));
    struct epoll_event ev = { .events = EPOLLIN }, got;
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(epoll_wait(ep, &got, 1, 1000), 1);
    pid_t pid;
    struct signalfd_siginfo si;
    CHECK_EQ(read(fd, &si, sizeof si), 128);
    FORK(pid) { sleep_ms(30); kill(getppid(), SIGUSR1); }
    CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
    reap(pid);
}

TEST(signalfd_of_reader_not_of_maker) {
    // A child that inherited the descriptor reads its own signals.
    int fd = fd_of(SIGUSR1, SFD_NONBLOCK);
    struct signalfd_siginfo si;
    kill(getpid(), SIGUSR1);
    pid_t pid;
    FORK(pid) {
        CHECK_ERR(read(fd, &si, sizeof si), EAGAIN);
        kill(getpid(), SIGUSR1);
        CHECK_EQ(read(fd, &si, sizeof si), 128);
        CHECK_EQ(si.ssi_pid, getpid());
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(read(fd, &si, sizeof si), 128);
}

TEST(signalfd_fdinfo) {
    int fd = fd_of(SIGUSR1, 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(strstr(read_file(path), "sigmask:\t0000000000000200\n") != NULL);
}

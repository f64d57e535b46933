// pidfd_open, pidfd_send_signal, pidfd_getfd.
#include "help.h"
#include <sys/stat.h>

static int open_(pid_t pid, int flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int send_(int fd, int sig, siginfo_t *si, int flags) { return syscall(SYS_pidfd_send_signal, fd, sig, si, flags); }
static int getfd_(int fd, int target, int flags) { return syscall(SYS_pidfd_getfd, fd, target, flags); }

TEST(open_own_and_child) {
    int fd = CHECK_OK(open_(getpid(), 0));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    pid_t pid = pausing();
    CHECK_OK(open_(pid, 0));
    fd = CHECK_OK(open_(pid, O_NONBLOCK));
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    kill(pid, SIGKILL);
    reap(pid);
}

TEST(open_errors) {
    CHECK_ERR(open_(0, 0), EINVAL);
    CHECK_ERR(open_(-1, 0), EINVAL);
    CHECK_ERR(open_(getpid(), 1), EINVAL);
    CHECK_ERR(open_(1 << 22, 0), ESRCH);
    pid_t pid = pausing();
    kill(pid, SIGKILL);
    reap(pid);
    CHECK_ERR(open_(pid, 0), ESRCH);
}

TEST(zombie_can_be_opened) {
    pid_t pid;
    FORK(pid) _exit(0);
    await_state(pid, "Z");
    int fd = CHECK_OK(open_(pid, 0));
    CHECK_EQ(poll_one(fd, POLLIN, 0), POLLIN);
    reap(pid);
    CHECK(poll_one(fd, POLLIN, 0) & POLLIN);
}

TEST(thread_id_is_refused) {
    pthread_t t;
    int fds[2];
    static volatile pid_t tid;
    void *body(void *fd) { tid = gettid_(); get_byte(*(int *)fd); return NULL; }
    CHECK_OK(pipe(fds));
    pthread_create(&t, NULL, body, &fds[0]);
    while (!tid) sleep_ms(1);
    errno = 0;
    CHECK_EQ(open_(tid, 0), -1);
    CHECK(errno == EINVAL || errno == ENOENT);
    put_byte(fds[1]);
    pthread_join(t, NULL);
}

TEST(poll_becomes_ready_at_exit) {
    pid_t pid;
    FORK(pid) sleep_ms(80);
    int fd = CHECK_OK(open_(pid, 0));
    CHECK_EQ(poll_one(fd, POLLIN, 0), 0);
    CHECK_EQ(poll_one(fd, POLLIN, 5000), POLLIN);
    CHECK_EQ(reap(pid), 0);
}

TEST(send_signal) {
    pid_t pid = pausing();
    int fd = CHECK_OK(open_(pid, 0));
    CHECK_OK(send_(fd, 0, NULL, 0));
    CHECK_ERR(send_(fd, 65, NULL, 0), EINVAL);
    CHECK_ERR(send_(fd, -1, NULL, 0), EINVAL);
    CHECK_ERR(send_(fd, 0, NULL, 0x100), EINVAL);
    CHECK_ERR(send_(fd, SIGTERM, BAD, 0), EFAULT);
    CHECK_OK(send_(fd, SIGTERM, NULL, 0));
    CHECK_EQ(exit_of(pid), -SIGTERM);
    CHECK_ERR(send_(fd, 0, NULL, 0), ESRCH);
    CHECK_ERR(send_(fd, SIGTERM, NULL, 0), ESRCH);
}

TEST(send_signal_wrong_descriptor) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERR(send_(fd, 0, NULL, 0), EBADF);
    CHECK_ERR(send_(-1, 0, NULL, 0), EBADF);
    CHECK_ERR(send_(200, 0, NULL, 0), EBADF);
}

static volatile sig_atomic_t caught;
static volatile siginfo_t info;
static void on_info(int sig, siginfo_t *si, void *uc UNUSED) { info = *si; caught = sig; }

TEST(send_signal_with_info) {
    handle_info(SIGUSR1, on_info, 0);
    int fd = CHECK_OK(open_(getpid(), 0));
    siginfo_t si = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    si.si_pid = getpid();
    si.si_uid = 77;
    si.si_value.sival_int = 99;
    CHECK_OK(send_(fd, SIGUSR1, &si, 0));
    CHECK_EQ(caught, SIGUSR1);
    CHECK_EQ(info.si_code, SI_QUEUE);
    CHECK_EQ(info.si_value.sival_int, 99);
    CHECK_ERR(send_(fd, SIGUSR2, &si, 0), EINVAL);
    CHECK_OK(send_(fd, SIGUSR1, NULL, 0));
    CHECK_EQ(info.si_code, SI_USER);
    CHECK_EQ(info.si_pid, getpid());
    pid_t pid = pausing();
    int other = CHECK_OK(open_(pid, 0));
    // Only the kernel may say SI_USER or above to somebody else.
    si.si_code = SI_USER;
    CHECK_ERR(send_(other, SIGUSR1, &si, 0), EPERM);
    si.si_code = SI_TKILL;
    CHECK_ERR(send_(other, SIGUSR1, &si, 0), EPERM);
    kill(pid, SIGKILL);
    reap(pid);
}

TEST(send_signal_permission) {
    need_root();
    pid_t victim = pausing(), pid;
    int fd = CHECK_OK(open_(victim, 0));
    FORK(pid) {
        become_user();
        CHECK_ERR(send_(fd, SIGTERM, NULL, 0), EPERM);
        CHECK_OK(open_(victim, 0));
    }
    CHECK_EQ(exit_of(pid), 0);
    kill(victim, SIGKILL);
    reap(victim);
}

TEST(getfd_takes_a_descriptor) {
    int fds[2], data[2];
    pid_t pid;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        CHECK_OK(pipe(data));
        CHECK_EQ(dup2(data[0], 60), 60);
        CHECK_EQ(write(data[1], "hi", 2), 2);
        put_byte(fds[1]);
        for (;;) pause();
    }
    get_byte(fds[0]);
    int pidfd = CHECK_OK(open_(pid, 0));
    int got = getfd_(pidfd, 60, 0);
    if (got == -1 && errno == EPERM) SKIP("pidfd_getfd not permitted here");
    CHECK(got >= 0);
    char text[2];
    CHECK_EQ(read(got, text, 2), 2);
    CHECK_MEM(text, "hi", 2);
    CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(getfd_(pidfd, 61, 0), EBADF);
    CHECK_ERR(getfd_(pidfd, -1, 0), EBADF);
    CHECK_ERR(getfd_(pidfd, 60, 1), EINVAL);
    CHECK_ERR(getfd_(-1, 60, 0), EBADF);
    kill(pid, SIGKILL);
    reap(pid);
    CHECK_ERR(getfd_(pidfd, 60, 0), ESRCH);
}

TEST(getfd_shares_the_open_file) {
    int mine = CHECK_OK(memfd_create("m", 0));
    int pidfd = CHECK_OK(open_(getpid(), 0));
    int other = getfd_(pidfd, mine, 0);
    if (other == -1 && errno == EPERM) SKIP("pidfd_getfd not permitted here");
    CHECK_EQ(write(mine, "abc", 3), 3);
    CHECK_EQ(lseek(other, 0, SEEK_CUR), 3);
}

TEST(fdinfo_names_the_process) {
    pid_t pid = pausing();
    int fd = CHECK_OK(open_(pid, 0));
    char path[64], want[32];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    snprintf(want, sizeof want, "Pid:\t%d\n", pid);
    CHECK(strstr(read_file(path), want) != NULL);
    kill(pid, SIGKILL);
    reap(pid);
    CHECK(strstr(read_file(path), "Pid:\t-1\n") != NULL);
}

TEST(read_and_write_refused) {
    int fd = CHECK_OK(open_(getpid(), 0));
    char c;
    CHECK_ERR(read(fd, &c, 1), EINVAL);
    CHECK_ERR(write(fd, &c, 1), EINVAL);
    CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
}

TEST(pid_reuse_is_not_confused) {
    pid_t pid;
    FORK(pid) _exit(0);
    int fd = CHECK_OK(open_(pid, 0));
    reap(pid);
    for (int i = 0; i < 20; i++) { pid_t p; FORK(p) _exit(0); reap(p); }
    CHECK_ERR(send_(fd, 0, NULL, 0), ESRCH);
}

TEST(directory_in_proc_serves_to_signal) {
    pid_t child = fork();
    if (child == 0) for (;;) pause();
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", child);
    int fd = CHECK_OK(open(path, O_DIRECTORY | O_CLOEXEC));
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
    CHECK_KILLED(wait_status(child), SIGKILL);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, CHECK_OK(open("/proc", O_DIRECTORY)), 0, NULL, 0), EBADF);
}

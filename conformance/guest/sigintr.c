// Interrupted system calls: which end with EINTR, which are restarted, which go on where they were.
#include "help.h"
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static volatile sig_atomic_t caught;
static void on_signal(int sig) { caught = sig; }

// A helper that sends SIGUSR1 after some time, and then does something that lets a restarted call end.
static pid_t poke(int fd, const void *bytes, size_t length) {
    pid_t pid, target = getpid();
    FORK(pid) {
        sleep_ms(40);
        kill(target, SIGUSR1);
        sleep_ms(40);
        if (fd >= 0) write(fd, bytes, length);
    }
    return pid;
}
static void restart(int flags) { caught = 0; handle(SIGUSR1, on_signal, flags); }

#define INTERRUPTED(flags, call) do { restart(flags); pid_t p_ = poke(-1, NULL, 0); CHECK_ERR(call, EINTR); \
    CHECK_EQ(caught, SIGUSR1); reap(p_); } while (0)

TEST(read_of_a_pipe) {
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    INTERRUPTED(0, read(fds[0], &c, 1));
    restart(SA_RESTART);
    pid_t pid = poke(fds[1], "z", 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(c, 'z');
    CHECK_EQ(caught, SIGUSR1);
    reap(pid);
}

TEST(write_to_a_full_pipe) {
    int fds[2];
    static char buf[200000];
    CHECK_OK(pipe(fds));
    int size = CHECK_OK(fcntl(fds[1], F_GETPIPE_SZ));
    CHECK_EQ(write(fds[1], buf, size), size);
    INTERRUPTED(0, write(fds[1], buf, 1));
    // Part of it written: the part counts, with or without restart.
    CHECK_EQ(read(fds[0], buf, 8192), 8192);
    restart(SA_RESTART);
    pid_t pid = poke(-1, NULL, 0);
    CHECK_EQ(write(fds[1], buf, 100000), 8192);
    reap(pid);
}

TEST(read_of_a_socket) {
    int fds[2];
    char c;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    INTERRUPTED(0, read(fds[0], &c, 1));
    INTERRUPTED(0, recv(fds[0], &c, 1, 0));
    restart(SA_RESTART);
    pid_t pid = poke(fds[1], "q", 1);
    CHECK_EQ(recv(fds[0], &c, 1, 0), 1);
    reap(pid);
    // With a time limit on the socket a call is never restarted.
    struct timeval limit = { 5, 0 };
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    INTERRUPTED(SA_RESTART, recv(fds[0], &c, 1, 0));
}

TEST(accept_call) {
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "s" };
    CHECK_OK(bind(s, (void *)&a, sizeof a));
    CHECK_OK(listen(s, 5));
    INTERRUPTED(0, accept(s, NULL, NULL));
    restart(SA_RESTART);
    pid_t pid, target = getpid();
    FORK(pid) {
        sleep_ms(40);
        kill(target, SIGUSR1);
        sleep_ms(40);
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        connect(c, (void *)&a, sizeof a);
    }
    CHECK_OK(accept(s, NULL, NULL));
    reap(pid);
}

TEST(nanosleep_reports_what_is_left) {
    struct timespec want = { 2, 0 }, left = { 9, 9 };
    INTERRUPTED(SA_RESTART, nanosleep(&want, &left));
    CHECK(left.tv_sec <= 1 && left.tv_nsec >= 0 && left.tv_sec * 1000 + left.tv_nsec / MS >= 1000);
    INTERRUPTED(0, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &want, &left));
    CHECK(left.tv_sec <= 1);
}

TEST(nanosleep_continues_after_ignored_signal_and_stop) {
    long long t0 = now_ns();
    pid_t pid, target = getpid();
    signal(SIGUSR1, SIG_DFL);
    signal(SIGURG, SIG_DFL);
    FORK(pid) { sleep_ms(20); kill(target, SIGURG); kill(target, SIGSTOP); sleep_ms(20); kill(target, SIGCONT); }
    CHECK_OK(nanosleep(&(struct timespec){ 0, 120 * MS }, NULL));
    CHECK(now_ns() - t0 >= 120 * MS && now_ns() - t0 < 2000 * MS);
    reap(pid);
}

TEST(absolute_sleep_interrupted) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 3;
    restart(SA_RESTART);
    pid_t pid = poke(-1, NULL, 0);
    CHECK_RC(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), EINTR);
    reap(pid);
}

TEST(poll_family_never_restarted) {
    int fds[2];
    CHECK_OK(pipe(fds));
    struct pollfd p = { .fd = fds[0], .events = POLLIN };
    INTERRUPTED(SA_RESTART, poll(&p, 1, 5000));
    INTERRUPTED(SA_RESTART, poll(&p, 1, -1));
    struct timespec t = { 5, 0 };
    INTERRUPTED(SA_RESTART, ppoll(&p, 1, &t, NULL));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    struct timeval tv = { 5, 0 };
    INTERRUPTED(SA_RESTART, select(fds[0] + 1, &set, NULL, NULL, &tv));
    t = (struct timespec){ 5, 0 };
    INTERRUPTED(SA_RESTART, pselect(fds[0] + 1, &set, NULL, NULL, &t, NULL));
}

TEST(poll_continues_over_a_stop) {
    int fds[2];
    CHECK_OK(pipe(fds));
    struct pollfd p = { .fd = fds[0], .events = POLLIN };
    pid_t pid, target = getpid();
    FORK(pid) { sleep_ms(30); kill(target, SIGSTOP); sleep_ms(30); kill(target, SIGCONT); }
    long long t0 = now_ns();
    CHECK_EQ(poll(&p, 1, 150), 0);
    CHECK(now_ns() - t0 >= 150 * MS);
    reap(pid);
}

TEST(epoll_never_restarted) {
    int ep = CHECK_OK(epoll_create1(0));
    struct epoll_event ev;
    INTERRUPTED(SA_RESTART, epoll_wait(ep, &ev, 1, 5000));
    INTERRUPTED(SA_RESTART, epoll_wait(ep, &ev, 1, -1));
    sigset_t none;
    sigemptyset(&none);
    INTERRUPTED(SA_RESTART, epoll_pwait(ep, &ev, 1, 5000, &none));
}

TEST(futex_wait) {
    static int word;
    INTERRUPTED(0, syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0));
    struct timespec t = { 5, 0 };
    INTERRUPTED(0, syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0));
    // Without a time limit it starts again: the word has changed by then.
    int *shared_word = shared(4096);
    restart(SA_RESTART);
    pid_t pid, target = getpid();
    FORK(pid) {
        sleep_ms(40);
        kill(target, SIGUSR1);
        sleep_ms(40);
        *shared_word = 1;
        syscall(SYS_futex, shared_word, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    errno = 0;
    long r = syscall(SYS_futex, shared_word, FUTEX_WAIT, 0, NULL, NULL, 0);
    CHECK(r == 0 || errno == EAGAIN);
    CHECK_EQ(*shared_word, 1);
    reap(pid);
}

TEST(futex_wait_with_limit) {
    static int word;
    struct timespec t = { 5, 0 };
    // A handler ends it even with SA_RESTART; a stop does not, and only the rest of the time is waited for.
    INTERRUPTED(SA_RESTART, syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0));
    pid_t pid, target = getpid();
    FORK(pid) { sleep_ms(30); kill(target, SIGSTOP); sleep_ms(30); kill(target, SIGCONT); }
    t = (struct timespec){ 0, 150 * MS };
    long long t0 = now_ns();
    CHECK_ERR(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0), ETIMEDOUT);
    CHECK(now_ns() - t0 >= 150 * MS && now_ns() - t0 < 1500 * MS);
    reap(pid);
}

TEST(wait_calls) {
    pid_t child;
    FORK(child) for (;;) pause();
    INTERRUPTED(0, waitpid(child, NULL, 0));
    siginfo_t si;
    INTERRUPTED(0, waitid(P_PID, child, &si, WEXITED));
    kill(child, SIGKILL);
    reap(child);
}

TEST(pause_and_sigsuspend) {
    sigset_t none;
    sigemptyset(&none);
    INTERRUPTED(SA_RESTART, pause());
    INTERRUPTED(SA_RESTART, sigsuspend(&none));
}

TEST(ignored_signal_does_not_interrupt) {
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    signal(SIGUSR1, SIG_IGN);
    pid_t pid = poke(fds[1], "i", 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    reap(pid);
    struct pollfd p = { .fd = fds[0], .events = POLLIN };
    pid = poke(fds[1], "i", 1);
    CHECK_EQ(poll(&p, 1, 5000), 1);
    reap(pid);
}

TEST(blocked_signal_does_not_interrupt) {
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    restart(0);
    mask(SIG_BLOCK, SIGUSR1);
    pid_t pid = poke(fds[1], "i", 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(caught, 0);
    mask(SIG_UNBLOCK, SIGUSR1);
    CHECK_EQ(caught, SIGUSR1);
    reap(pid);
}

TEST(flock_and_fcntl_locks) {
    int fds[2];
    CHECK_OK(pipe(fds));
    write_file("f", "x");
    int fd = CHECK_OK(open("f", O_RDWR));
    pid_t holder;
    FORK(holder) {
        int mine = open("f", O_RDWR);
        struct flock l = { .l_type = F_WRLCK };
        flock(mine, LOCK_EX);
        fcntl(mine, F_SETLK, &l);
        put_byte(fds[1]);
        for (;;) pause();
    }
    get_byte(fds[0]);
    struct flock l = { .l_type = F_WRLCK };
    INTERRUPTED(0, flock(fd, LOCK_EX));
    INTERRUPTED(0, fcntl(fd, F_SETLKW, &l));
    kill(holder, SIGKILL);
    reap(holder);
    CHECK_OK(flock(fd, LOCK_EX));
}

TEST(fifo_open) {
    CHECK_OK(mkfifo("p", 0600));
    INTERRUPTED(0, open("p", O_RDONLY));
    INTERRUPTED(0, open("p", O_WRONLY));
}

TEST(system_v_calls_never_restarted) {
    int q = msgget(IPC_PRIVATE, 0600), s = semget(IPC_PRIVATE, 1, 0600);
    if (q == -1 || s == -1) SKIP("no System V IPC");
    struct { long type; char text[8]; } m;
    struct sembuf op = { .sem_op = -1 };
    restart(SA_RESTART);
    pid_t pid = poke(-1, NULL, 0);
    long r1 = msgrcv(q, &m, 8, 0, 0), e1 = errno;
    reap(pid);
    pid = poke(-1, NULL, 0);
    long r2 = semop(s, &op, 1), e2 = errno;
    reap(pid);
    msgctl(q, IPC_RMID, NULL);
    semctl(s, 0, IPC_RMID);
    CHECK(r1 == -1 && e1 == EINTR);
    CHECK(r2 == -1 && e2 == EINTR);
}

TEST(eventfd_and_timer_reads) {
    int fd = CHECK_OK(eventfd(0, 0));
    uint64_t v;
    INTERRUPTED(0, read(fd, &v, 8));
    restart(SA_RESTART);
    uint64_t one = 1;
    pid_t pid = poke(fd, &one, 8);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(caught, SIGUSR1);
    reap(pid);
}

TEST(connect_and_send_on_full_queue) {
    int fds[2];
    static char buf[4096];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    while (send(fds[0], buf, sizeof buf, MSG_DONTWAIT) > 0) { }
    CHECK(errno == EAGAIN);
    INTERRUPTED(0, send(fds[0], buf, 1, 0));
}

TEST(two_handlers_one_restart) {
    // SIGUSR1 restarts, SIGUSR2 does not: with both pending the call ends with EINTR.
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    handle(SIGUSR1, on_signal, SA_RESTART);
    handle(SIGUSR2, on_signal, 0);
    pid_t pid, target = getpid();
    FORK(pid) { sleep_ms(40); kill(target, SIGUSR2); }
    CHECK_ERR(read(fds[0], &c, 1), EINTR);
    reap(pid);
    FORK(pid) { sleep_ms(40); kill(target, SIGUSR1); sleep_ms(20); kill(target, SIGUSR2); }
    CHECK_ERR(read(fds[0], &c, 1), EINTR);
    CHECK_EQ(caught, SIGUSR2);
    reap(pid);
}

TEST(many_restarts_of_one_read) {
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    restart(SA_RESTART);
    pid_t pid, target = getpid();
    FORK(pid) {
        for (int i = 0; i < 20; i++) { sleep_ms(3); kill(target, SIGUSR1); }
        put_byte(fds[1]);
    }
    CHECK_EQ(read(fds[0], &c, 1), 1);
    reap(pid);
}

static int jump_fd;
static void write_in_handler(int sig UNUSED) { write(jump_fd, "h", 1); }

TEST(handler_feeds_the_restarted_read) {
    int fds[2];
    char c;
    CHECK_OK(pipe(fds));
    jump_fd = fds[1];
    handle(SIGUSR1, write_in_handler, SA_RESTART);
    pid_t pid = poke(-1, NULL, 0);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(c, 'h');
    reap(pid);
}

TEST(ppoll_with_mask_takes_the_signal_inside) {
    sigset_t none;
    sigemptyset(&none);
    restart(0);
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    struct timespec t = { 5, 0 };
    CHECK_ERR(ppoll(NULL, 0, &t, &none), EINTR);
    CHECK_EQ(caught, SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    CHECK_ERR(pselect(0, NULL, NULL, NULL, &t, &none), EINTR);
    int ep = CHECK_OK(epoll_create1(0));
    struct epoll_event ev;
    raise(SIGUSR1);
    CHECK_ERR(epoll_pwait(ep, &ev, 1, 5000, &none), EINTR);
    sigset_t pending;
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGUSR1));
}

TEST(sendfile_and_splice_on_pipe) {
    int a[2], b[2];
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    INTERRUPTED(0, splice(a[0], NULL, b[1], NULL, 100, 0));
}

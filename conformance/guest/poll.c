// poll, ppoll, select and pselect; eventfd.
#include "help.h"
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

static int fds[2];
static volatile sig_atomic_t caught;
static void on_signal(int sig) { caught = sig; }

TEST(pipe_states) {
    static char buf[65536];
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), 0);
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), POLLOUT);
    put_byte(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLRDNORM, 0), POLLIN | POLLRDNORM);
    CHECK_EQ(poll_one(fds[0], POLLOUT, 0), 0);
    while (write(fds[1], buf, sizeof buf) > 0) { }
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0), 0);
    close(fds[0]);
    CHECK_EQ(poll_one(fds[1], POLLOUT, 0) & POLLERR, POLLERR);
}

TEST(pipe_hangup) {
    CHECK_OK(pipe(fds));
    close(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 0), POLLHUP);
    CHECK_EQ(poll_one(fds[0], 0, 0), POLLHUP);
}

TEST(fifo_before_first_writer) {
    CHECK_OK(mkfifo("p", 0600));
    int r = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
    CHECK_EQ(poll_one(r, POLLIN, 0), 0);
    int w = CHECK_OK(open("p", O_WRONLY));
    CHECK_EQ(poll_one(r, POLLIN, 0), 0);
    close(w);
    CHECK_EQ(poll_one(r, POLLIN, 0), POLLHUP);
}

TEST(regular_files_always_ready) {
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    CHECK_EQ(poll_one(CHECK_OK(open(".", O_RDONLY)), POLLIN, 0), POLLIN);
    CHECK_EQ(poll_one(CHECK_OK(open("/dev/null", O_RDWR)), POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
}

TEST(invalid_descriptors) {
    struct pollfd p[3] = { { -1, POLLIN, 77 }, { 200, POLLIN, 0 }, { -5, POLLIN, 0 } };
    CHECK_EQ(poll(p, 3, 0), 1);
    // A negative number is left out.
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLNVAL);
    CHECK_EQ(p[2].revents, 0);
}

TEST(path_descriptor_is_invalid) {
    CHECK_EQ(poll_one(CHECK_OK(open(".", O_PATH)), POLLIN, 0), POLLNVAL);
}

TEST(bad_arguments) {
    struct pollfd p = { 0, POLLIN, 0 };
    CHECK_ERR(poll((void *)BAD, 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_ppoll, &p, 0, BAD, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_ppoll, &p, 0, NULL, BAD, 8), EFAULT);
    struct timespec t = { 0, 1000000000 };
    CHECK_ERR(syscall(SYS_ppoll, &p, 0, &t, NULL, 8), EINVAL);
    t = (struct timespec){ -1, 0 };
    CHECK_ERR(syscall(SYS_ppoll, &p, 0, &t, NULL, 8), EINVAL);
    t = (struct timespec){ 0, 0 };
    sigset_t s;
    sigemptyset(&s);
    CHECK_ERR(syscall(SYS_ppoll, &p, 0, &t, &s, 4), EINVAL);
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    CHECK_ERR(poll(&p, r.rlim_cur + 1, 0), EINVAL);
}

TEST(timeouts) {
    long long t0 = now_ns();
    CHECK_EQ(poll(NULL, 0, 50), 0);
    CHECK(now_ns() - t0 >= 50 * MS);
    struct timespec t = { 0, 50 * MS };
    t0 = now_ns();
    CHECK_EQ(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), 0);
    CHECK(now_ns() - t0 >= 50 * MS);
    // The rest of the time is written back.
    CHECK_EQ(t.tv_sec * 1000000000 + t.tv_nsec, 0);
}

TEST(remaining_time_written_back) {
    CHECK_OK(pipe(fds));
    put_byte(fds[1]);
    struct pollfd p = { fds[0], POLLIN, 0 };
    struct timespec t = { 5, 0 };
    CHECK_EQ(syscall(SYS_ppoll, &p, 1, &t, NULL, 8), 1);
    CHECK(t.tv_sec == 4 || t.tv_sec == 5);
    struct timeval tv = { 5, 0 };
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    CHECK_EQ(syscall(SYS_select, fds[0] + 1, &set, NULL, NULL, &tv), 1);
    CHECK(tv.tv_sec == 4 || tv.tv_sec == 5);
    CHECK(tv.tv_sec == 5 || tv.tv_usec > 900000);
}

TEST(woken_by_writer) {
    CHECK_OK(pipe(fds));
    pid_t pid;
    FORK(pid) { sleep_ms(40); put_byte(fds[1]); }
    CHECK_EQ(poll_one(fds[0], POLLIN, 5000), POLLIN);
    reap(pid);
}

TEST(woken_by_close) {
    CHECK_OK(pipe(fds));
    pid_t pid;
    FORK(pid) sleep_ms(40);
    close(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN, 5000), POLLHUP);
    reap(pid);
}

TEST(many_descriptors_one_ready) {
    struct pollfd p[100];
    int pipes[100][2];
    for (int i = 0; i < 100; i++) {
        CHECK_OK(pipe(pipes[i]));
        p[i] = (struct pollfd){ pipes[i][0], POLLIN, 0 };
    }
    pid_t pid;
    FORK(pid) { sleep_ms(30); put_byte(pipes[73][1]); }
    CHECK_EQ(poll(p, 100, 5000), 1);
    CHECK_EQ(p[73].revents, POLLIN);
    reap(pid);
}

TEST(same_descriptor_twice) {
    CHECK_OK(pipe(fds));
    put_byte(fds[1]);
    struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[0], POLLIN, 0 } };
    CHECK_EQ(poll(p, 2, 0), 2);
}

TEST(socket_states) {
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLOUT, 0), POLLOUT);
    put_byte(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    CHECK_OK(shutdown(fds[1], SHUT_WR));
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLRDHUP, 0), POLLIN | POLLRDHUP);
    close(fds[1]);
    CHECK_EQ(poll_one(fds[0], POLLIN | POLLOUT | POLLRDHUP, 0), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

// --- select ---

TEST(select_three_sets) {
    int a[2], b[2];
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    put_byte(a[1]);
    fd_set r, w, e;
    FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&e);
    FD_SET(a[0], &r); FD_SET(b[0], &r); FD_SET(b[1], &w); FD_SET(a[0], &e);
    struct timeval tv = { 0, 0 };
    CHECK_EQ(select(b[1] + 1, &r, &w, &e, &tv), 2);
    CHECK(FD_ISSET(a[0], &r) && !FD_ISSET(b[0], &r) && FD_ISSET(b[1], &w) && !FD_ISSET(a[0], &e));
}

TEST(select_errors) {
    fd_set r;
    struct timeval tv = { 0, 0 };
    FD_ZERO(&r);
    FD_SET(200, &r);
    CHECK_ERR(select(201, &r, NULL, NULL, &tv), EBADF);
    CHECK_ERR(select(-1, NULL, NULL, NULL, &tv), EINVAL);
    tv = (struct timeval){ -1, 0 };
    CHECK_ERR(select(0, NULL, NULL, NULL, &tv), EINVAL);
    tv = (struct timeval){ 0, 0 };
    CHECK_ERR(syscall(SYS_select, 10, BAD, NULL, NULL, &tv), EFAULT);
    CHECK_ERR(syscall(SYS_select, 10, NULL, BAD, NULL, &tv), EFAULT);
    CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, BAD), EFAULT);
    struct { const sigset_t *set; size_t size; } arg = { (void *)BAD, 8 };
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &arg), EFAULT);
    arg.size = 4;
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &arg), EINVAL);
}

TEST(select_hangup_is_readable_and_error_is_writable) {
    CHECK_OK(pipe(fds));
    close(fds[1]);
    fd_set r, w;
    FD_ZERO(&r);
    FD_SET(fds[0], &r);
    struct timeval tv = { 0, 0 };
    CHECK_EQ(select(fds[0] + 1, &r, NULL, NULL, &tv), 1);
    CHECK_OK(pipe(fds));
    close(fds[0]);
    FD_ZERO(&w);
    FD_SET(fds[1], &w);
    CHECK_EQ(select(fds[1] + 1, NULL, &w, NULL, &tv), 1);
}

TEST(select_as_sleep) {
    struct timeval tv = { 0, 50000 };
    long long t0 = now_ns();
    CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
    CHECK(now_ns() - t0 >= 50 * MS);
    CHECK_EQ(tv.tv_sec + tv.tv_usec, 0);
    tv = (struct timeval){ 0, 1500000 };
    CHECK_OK(pipe(fds));
    put_byte(fds[1]);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(fds[0], &r);
    // Microseconds above a million are taken as seconds.
    CHECK_EQ(select(fds[0] + 1, &r, NULL, NULL, &tv), 1);
}

TEST(select_high_descriptor) {
    CHECK_OK(pipe(fds));
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_cur < 1024) SKIP("limit of descriptors too low");
    CHECK_EQ(dup2(fds[0], 1000), 1000);
    put_byte(fds[1]);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(1000, &set);
    struct timeval tv = { 0, 0 };
    CHECK_EQ(select(1001, &set, NULL, NULL, &tv), 1);
    CHECK(FD_ISSET(1000, &set));
    FD_SET(1000, &set);
    CHECK_EQ(select(1000, &set, NULL, NULL, &tv), 0);
}

// --- masks ---

TEST(ppoll_mask_is_atomic) {
    handle(SIGUSR1, on_signal, 0);
    mask(SIG_BLOCK, SIGUSR1);
    pid_t pid;
    FORK(pid) { sleep_ms(40); kill(getppid(), SIGUSR1); }
    sigset_t none;
    sigemptyset(&none);
    struct timespec t = { 5, 0 };
    CHECK_ERR(ppoll(NULL, 0, &t, &none), EINTR);
    CHECK_EQ(caught, SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    reap(pid);
}

TEST(ppoll_ready_descriptor_wins) {
    handle(SIGUSR1, on_signal, 0);
    mask(SIG_BLOCK, SIGUSR1);
    CHECK_OK(pipe(fds));
    put_byte(fds[1]);
    struct pollfd p = { fds[0], POLLIN, 0 };
    sigset_t none;
    sigemptyset(&none);
    CHECK_EQ(ppoll(&p, 1, NULL, &none), 1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
}

TEST(ppoll_mask_blocks_more) {
    handle(SIGUSR1, on_signal, 0);
    sigset_t block = set_of(SIGUSR1);
    pid_t pid;
    FORK(pid) { sleep_ms(20); kill(getppid(), SIGUSR1); }
    struct timespec t = { 0, 100 * MS };
    CHECK_EQ(ppoll(NULL, 0, &t, &block), 0);
    CHECK_EQ(caught, SIGUSR1);
    reap(pid);
}

// --- eventfd ---

static uint64_t value;
static long rd(int fd) { return read(fd, &value, 8); }
static long wr(int fd, uint64_t v) { return write(fd, &v, 8); }

TEST(eventfd_counter) {
    int fd = CHECK_OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(wr(fd, 4), 8);
    CHECK_EQ(rd(fd), 8);
    CHECK_EQ(value, 7);
    CHECK_ERR(rd(fd), EAGAIN);
    CHECK_EQ(wr(fd, 0), 8);
    CHECK_ERR(rd(fd), EAGAIN);
}

TEST(eventfd_semaphore) {
    int fd = CHECK_OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    for (int i = 0; i < 2; i++) { CHECK_EQ(rd(fd), 8); CHECK_EQ(value, 1); }
    CHECK_ERR(rd(fd), EAGAIN);
}

TEST(eventfd_overflow) {
    int fd = CHECK_OK(eventfd(0, EFD_NONBLOCK));
    CHECK_ERR(wr(fd, UINT64_MAX), EINVAL);
    CHECK_EQ(wr(fd, UINT64_MAX - 1), 8);
    CHECK_ERR(wr(fd, 1), EAGAIN);
    CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN);
    CHECK_EQ(rd(fd), 8);
    CHECK_EQ(value, UINT64_MAX - 1);
    CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLOUT);
}

TEST(eventfd_errors) {
    char small[7];
    int fd = CHECK_OK(eventfd(1, 0));
    CHECK_ERR(read(fd, small, 7), EINVAL);
    CHECK_ERR(write(fd, small, 7), EINVAL);
    CHECK_ERR(read(fd, BAD, 8), EFAULT);
    CHECK_ERR(write(fd, BAD, 8), EFAULT);
    CHECK_ERR(eventfd(0, 0x1000), EINVAL);
    char big[16];
    CHECK_OK(wr(fd, 1));
    CHECK_EQ(read(fd, big, 16), 8);
    CHECK_ERR(pread(fd, big, 8, 0), ESPIPE);
}

TEST(eventfd_blocks_reader_and_writer) {
    int fd = CHECK_OK(eventfd(0, 0));
    pid_t pid;
    FORK(pid) { sleep_ms(40); wr(fd, 5); }
    CHECK_EQ(rd(fd), 8);
    CHECK_EQ(value, 5);
    reap(pid);
    CHECK_EQ(wr(fd, UINT64_MAX - 1), 8);
    FORK(pid) { sleep_ms(40); rd(fd); }
    CHECK_EQ(wr(fd, 9), 8);
    reap(pid);
    CHECK_EQ(rd(fd), 8);
    CHECK_EQ(value, 9);
}

TEST(eventfd_fdinfo) {
    int fd = CHECK_OK(eventfd(0x1f, 0));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(strstr(read_file(path), "eventfd-count:               1f\n") != NULL);
}

// epoll: level and edge triggered, one-shot, exclusive, nested, with every kind of descriptor.
#include "help.h"
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static int ep;
static struct epoll_event out[16];
static int add_to(int e, int fd, unsigned events, uint64_t data) {
    struct epoll_event ev = { .events = events, .data.u64 = data };
    return epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev);
}
static int add(int fd, unsigned events) { return add_to(ep, fd, events, fd); }
static int mod(int fd, unsigned events) {
    struct epoll_event ev = { .events = events, .data.u64 = fd };
    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}
static int ready(int ms) { return epoll_wait(ep, out, 16, ms); }
static void make(void) { ep = CHECK_OK(epoll_create1(EPOLL_CLOEXEC)); }
static int fds[2];
static void make_pipe(void) { make(); CHECK_OK(pipe2(fds, O_NONBLOCK)); }

TEST(create) {
    CHECK_ERR(syscall(SYS_epoll_create, 0), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_create, -1), EINVAL);
    CHECK_OK(syscall(SYS_epoll_create, 1));
    CHECK_ERR(epoll_create1(1), EINVAL);
    make();
    CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
}

TEST(ctl_errors) {
    make_pipe();
    int file = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)), dir = CHECK_OK(open(".", O_RDONLY));
    struct epoll_event ev = { .events = EPOLLIN };
    CHECK_ERR(epoll_ctl(-1, EPOLL_CTL_ADD, fds[0], &ev), EBADF);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev), EBADF);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, 200, &ev), EBADF);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
    CHECK_ERR(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &ev), EINVAL);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &ev), EPERM);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev), ENOENT);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL), ENOENT);
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_ERR(add(fds[0], EPOLLIN), EEXIST);
    CHECK_ERR(epoll_ctl(ep, 77, fds[0], &ev), EINVAL);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], BAD), EFAULT);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], BAD));
}

TEST(wait_errors) {
    make_pipe();
    CHECK_ERR(epoll_wait(ep, out, 0, 0), EINVAL);
    CHECK_ERR(epoll_wait(ep, out, -1, 0), EINVAL);
    CHECK_ERR(epoll_wait(ep, out, INT_MAX, 0), EINVAL);
    CHECK_ERR(epoll_wait(-1, out, 1, 0), EBADF);
    CHECK_ERR(epoll_wait(fds[0], out, 1, 0), EINVAL);
    CHECK_OK(add(fds[1], EPOLLOUT));
    CHECK_ERR(syscall(SYS_epoll_wait, ep, BAD, 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, out, 1, 0, BAD, 8), EFAULT);
    sigset_t s;
    sigemptyset(&s);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, out, 1, 0, &s, 4), EINVAL);
}

TEST(level_triggered) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_EQ(ready(0), 0);
    put_byte(fds[1]);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(ready(0), 1);
        CHECK_EQ(out[0].events, EPOLLIN);
        CHECK_EQ(out[0].data.u64, fds[0]);
    }
    get_byte(fds[0]);
    CHECK_EQ(ready(0), 0);
}

TEST(edge_triggered) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLET));
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
    // More data is a new edge although nothing was read.
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
    get_byte(fds[0]);
    CHECK_EQ(ready(0), 0);
}

TEST(edge_triggered_ready_when_added_or_modified) {
    make_pipe();
    put_byte(fds[1]);
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLET));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
    CHECK_OK(mod(fds[0], EPOLLIN | EPOLLET));
    CHECK_EQ(ready(0), 1);
}

TEST(edge_triggered_output) {
    make_pipe();
    static char buf[65536];
    CHECK_OK(add(fds[1], EPOLLOUT | EPOLLET));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
    while (write(fds[1], buf, sizeof buf) > 0) { }
    CHECK_EQ(ready(0), 0);
    while (read(fds[0], buf, sizeof buf) > 0) { }
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLOUT);
}

TEST(one_shot) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLONESHOT));
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 0);
    CHECK_OK(mod(fds[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(ready(0), 0);
}

TEST(error_and_hangup_always_reported) {
    make_pipe();
    CHECK_OK(add(fds[0], 0));
    CHECK_EQ(ready(0), 0);
    close(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLHUP);
    make_pipe();
    CHECK_OK(add(fds[1], 0));
    close(fds[0]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLERR);
}

TEST(pipe_end_with_data) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLRDHUP));
    put_byte(fds[1]);
    close(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLIN | EPOLLHUP);
}

TEST(socket_half_close) {
    make();
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLRDHUP));
    CHECK_EQ(ready(0), 0);
    CHECK_OK(shutdown(fds[1], SHUT_WR));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLIN | EPOLLRDHUP);
    close(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
}

TEST(max_events_and_fairness) {
    make();
    int p[5][2], seen = 0;
    for (int i = 0; i < 5; i++) {
        CHECK_OK(pipe(p[i]));
        CHECK_OK(add_to(ep, p[i][0], EPOLLIN, 1 << i));
        put_byte(p[i][1]);
    }
    CHECK_EQ(epoll_wait(ep, out, 16, 0), 5);
    // Two at a time: the ready ones take turns.
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(epoll_wait(ep, out, 2, 0), 2);
        seen |= out[0].data.u32 | out[1].data.u32;
    }
    CHECK_EQ(seen, 31);
}

TEST(data_is_opaque) {
    make_pipe();
    CHECK_OK(add_to(ep, fds[1], EPOLLOUT, 0xfedcba9876543210UL));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].data.u64, 0xfedcba9876543210UL);
}

TEST(modify_changes_interest) {
    make();
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_EQ(ready(0), 0);
    CHECK_OK(mod(fds[0], EPOLLOUT));
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLOUT);
    CHECK_OK(mod(fds[0], EPOLLIN | EPOLLOUT));
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].events, EPOLLIN | EPOLLOUT);
}

TEST(delete_removes) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN));
    put_byte(fds[1]);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    CHECK_EQ(ready(0), 0);
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_EQ(ready(0), 1);
}

TEST(closing_removes_with_last_descriptor) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN));
    int other = CHECK_OK(dup(fds[0]));
    put_byte(fds[1]);
    close(fds[0]);
    // The open file lives on in the copy, and so does the registration, under the old number.
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(out[0].data.u64, fds[0]);
    close(other);
    CHECK_EQ(ready(0), 0);
}

TEST(same_file_under_two_numbers) {
    make_pipe();
    int other = CHECK_OK(dup(fds[0]));
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_OK(add(other, EPOLLIN));
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 2);
}

TEST(nested) {
    make_pipe();
    int inner = ep, outer = CHECK_OK(epoll_create1(0));
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_OK(add_to(outer, inner, EPOLLIN, 7));
    CHECK_EQ(epoll_wait(outer, out, 16, 0), 0);
    put_byte(fds[1]);
    CHECK_EQ(epoll_wait(outer, out, 16, 0), 1);
    CHECK_EQ(out[0].data.u64, 7);
    CHECK_EQ(poll_one(inner, POLLIN, 0), POLLIN);
    CHECK_EQ(poll_one(outer, POLLIN, 0), POLLIN);
    get_byte(fds[0]);
    CHECK_EQ(epoll_wait(outer, out, 16, 0), 0);
    CHECK_EQ(poll_one(outer, POLLIN, 0), 0);
}

TEST(nested_wakes_a_sleeper) {
    make_pipe();
    int outer = CHECK_OK(epoll_create1(0));
    CHECK_OK(add(fds[0], EPOLLIN));
    CHECK_OK(add_to(outer, ep, EPOLLIN, 7));
    pid_t pid;
    FORK(pid) { sleep_ms(40); put_byte(fds[1]); }
    CHECK_EQ(epoll_wait(outer, out, 16, 5000), 1);
    reap(pid);
}

TEST(loops_refused) {
    int a = CHECK_OK(epoll_create1(0)), b = CHECK_OK(epoll_create1(0)), c = CHECK_OK(epoll_create1(0));
    CHECK_OK(add_to(a, b, EPOLLIN, 0));
    CHECK_OK(add_to(b, c, EPOLLIN, 0));
    CHECK_ERR(add_to(c, a, EPOLLIN, 0), ELOOP);
    CHECK_ERR(add_to(b, a, EPOLLIN, 0), ELOOP);
}

TEST(nesting_too_deep) {
    int e[8], failed = 0;
    for (int i = 0; i < 8; i++) e[i] = CHECK_OK(epoll_create1(0));
    for (int i = 0; i < 7; i++)
        if (add_to(e[i], e[i + 1], EPOLLIN, 0)) { CHECK(errno == ELOOP || errno == EINVAL); failed++; }
    CHECK(failed > 0);
}

TEST(exclusive_rules) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLEXCLUSIVE));
    CHECK_ERR(mod(fds[0], EPOLLIN), EINVAL);
    CHECK_ERR(mod(fds[0], EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    CHECK_ERR(add(fds[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
    int other = CHECK_OK(epoll_create1(0));
    CHECK_ERR(add(other, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    put_byte(fds[1]);
    CHECK_EQ(ready(0), 1);
}

TEST(exclusive_wakes_at_least_one) {
    make_pipe();
    static volatile int woken;
    void *body(void *unused UNUSED) {
        int e = epoll_create1(0);
        struct epoll_event got;
        add_to(e, fds[0], EPOLLIN | EPOLLEXCLUSIVE, 0);
        if (epoll_wait(e, &got, 1, 400) == 1) __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
        return NULL;
    }
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, body, NULL);
    sleep_ms(50);
    put_byte(fds[1]);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    CHECK(woken >= 1);
}

TEST(timeouts) {
    make();
    long long t0 = now_ns();
    CHECK_EQ(ready(0), 0);
    CHECK(now_ns() - t0 < 40 * MS);
    t0 = now_ns();
    CHECK_EQ(ready(60), 0);
    CHECK(now_ns() - t0 >= 60 * MS);
}

TEST(pwait2_nanoseconds) {
    make();
    struct timespec t = { 0, 30 * MS };
    long long t0 = now_ns();
    long r = syscall(441, ep, out, 16, &t, NULL, 8);
    if (r == -1 && errno == ENOSYS) SKIP("no epoll_pwait2");
    CHECK_EQ(r, 0);
    CHECK(now_ns() - t0 >= 30 * MS);
    t.tv_nsec = 1000000000;
    CHECK_ERR(syscall(441, ep, out, 16, &t, NULL, 8), EINVAL);
    CHECK_ERR(syscall(441, ep, out, 16, BAD, NULL, 8), EFAULT);
}

TEST(wakes_when_added_by_another_thread) {
    make_pipe();
    void *body(void *unused) { sleep_ms(40); put_byte(fds[1]); add(fds[0], EPOLLIN); return unused; }
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    CHECK_EQ(ready(5000), 1);
    pthread_join(t, NULL);
}

TEST(two_waiters_edge_triggered_one_wakes) {
    make_pipe();
    static volatile int woken;
    void *body(void *unused) {
        struct epoll_event got;
        if (epoll_wait(ep, &got, 1, 300) == 1) __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
        return unused;
    }
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLET));
    pthread_t t[2];
    for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, body, NULL);
    sleep_ms(50);
    put_byte(fds[1]);
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    CHECK_EQ(woken, 1);
}

TEST(eventfd_and_timerfd) {
    make();
    int e = CHECK_OK(eventfd(0, 0)), t = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    uint64_t v = 3;
    CHECK_OK(add(e, EPOLLIN));
    CHECK_OK(add(t, EPOLLIN));
    CHECK_EQ(ready(0), 0);
    CHECK_EQ(write(e, &v, 8), 8);
    CHECK_EQ(ready(0), 1);
    CHECK_EQ(read(e, &v, 8), 8);
    struct itimerspec its = { .it_value = { 0, 30 * MS } };
    CHECK_OK(timerfd_settime(t, 0, &its, NULL));
    CHECK_EQ(ready(5000), 1);
    CHECK_EQ(out[0].data.u64, t);
}

TEST(survives_fork) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN));
    pid_t pid;
    FORK(pid) { put_byte(fds[1]); CHECK_EQ(ready(1000), 1); }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(ready(0), 1);
}

TEST(passed_over_a_socket) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN));
    int s[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c = { 0 };
    char byte = 'x';
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
    c.h = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&c.h), &ep, sizeof ep);
    CHECK_EQ(sendmsg(s[0], &m, 0), 1);
    CHECK_EQ(recvmsg(s[1], &m, 0), 1);
    int got;
    memcpy(&got, CMSG_DATA(&c.h), sizeof got);
    put_byte(fds[1]);
    CHECK_EQ(epoll_wait(got, out, 16, 0), 1);
}

TEST(fdinfo_lists_targets) {
    make_pipe();
    CHECK_OK(add(fds[0], EPOLLIN | EPOLLET));
    char path[64], want[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", ep);
    snprintf(want, sizeof want, "tfd: %8d events: %8x data: %16lx", fds[0], EPOLLIN | EPOLLET | EPOLLERR | EPOLLHUP, (long)fds[0]);
    CHECK(strstr(read_file(path), want) != NULL);
}

TEST(hundred_pipes) {
    make();
    int p[100][2];
    for (int i = 0; i < 100; i++) {
        CHECK_OK(pipe(p[i]));
        CHECK_OK(add_to(ep, p[i][0], EPOLLIN, i));
    }
    for (int round = 0; round < 300; round++) {
        int i = round * 37 % 100;
        put_byte(p[i][1]);
        CHECK_EQ(ready(1000), 1);
        CHECK_EQ(out[0].data.u64, i);
        get_byte(p[i][0]);
    }
    CHECK_EQ(ready(0), 0);
}

TEST(many_ready_at_once) {
    int ep = CHECK_OK(epoll_create1(0)), n = 3000;
    struct rlimit limit = { n + 100, n + 100 };
    if (setrlimit(RLIMIT_NOFILE, &limit)) SKIP("no room for %d descriptors", n);
    int fd = CHECK_OK(eventfd(1, 0));
    for (int i = 0; i < n; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
        CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, CHECK_OK(dup(fd)), &e));
    }
    static struct epoll_event events[4000];
    CHECK_EQ(epoll_wait(ep, events, 4000, 0), n);
    CHECK_EQ(epoll_wait(ep, events, 2500, 0), 2500);
}

TEST(compared_by_kcmp) {
    make();
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_OK(add_to(ep, p[0], EPOLLIN, 0));
    unsigned slot[3] = { ep, p[0], 0 };
    pid_t me = getpid();
    CHECK_EQ(syscall(SYS_kcmp, me, me, 7 /* KCMP_EPOLL_TFD */, p[0], slot), 0);
    CHECK(syscall(SYS_kcmp, me, me, 7, p[1], slot) > 0);
    slot[2] = 1;
    CHECK_ERR(syscall(SYS_kcmp, me, me, 7, p[0], slot), ENOENT);
    slot[2] = 0, slot[1] = 999;
    CHECK_ERR(syscall(SYS_kcmp, me, me, 7, p[0], slot), ENOENT);
    slot[0] = 999;
    CHECK_ERR(syscall(SYS_kcmp, me, me, 7, p[0], slot), EBADF);
    slot[0] = p[0];
    CHECK_ERR(syscall(SYS_kcmp, me, me, 7, p[0], slot), EINVAL);
    CHECK_ERR(syscall(SYS_kcmp, me, me, 7, p[0], (void *)8), EFAULT);
}

/* path_limits of fs/eventpoll.c: 500 ways through two, 100 through three. */
TEST(ways_through_a_nest) {
    enum { WIDTH = 30 };
    int at[3][WIDTH], fd = CHECK_OK(eventfd(0, 0)), taken[3] = { 0 };
    for (int layer = 0; layer < 3; layer++) {
        for (int i = 0; i < WIDTH; i++) {
            struct epoll_event e = { .events = EPOLLIN };
            at[layer][i] = CHECK_OK(epoll_create1(0));
            if (layer == 0) taken[0] += epoll_ctl(at[0][i], EPOLL_CTL_ADD, fd, &e) == 0;
            for (int j = 0; layer > 0 && j < WIDTH; j++) {
                if (epoll_ctl(at[layer][i], EPOLL_CTL_ADD, at[layer - 1][j], &e) == 0) taken[layer]++;
                else CHECK_EQ(errno, EINVAL);
            }
        }
    }
    CHECK_EQ(taken[0], WIDTH);
    CHECK_EQ(taken[1], 500);
    CHECK(taken[2] >= 100 && taken[2] < WIDTH * WIDTH);
}

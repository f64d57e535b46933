/* pipe(7), pipe2(2), fifo(7). */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static int p[2];

static void make(int flags) {
    CHECK_OK(pipe2(p, flags));
}

static void nothing(int sig) { }

static void fill_pipe(int fd) {
    static char block[4096];
    int flags = fcntl(fd, F_GETFL);
    CHECK_OK(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    while (write(fd, block, sizeof block) > 0) { }
    CHECK_EQ(errno, EAGAIN);
    CHECK_OK(fcntl(fd, F_SETFL, flags));
}

TEST(bytes_go_through) {
    make(0);
    char text[10] = "";
    CHECK_EQ(write(p[1], "hello", 5), 5);
    CHECK_EQ(write(p[1], "you", 3), 3);
    CHECK_EQ(read(p[0], text, 3), 3);
    CHECK_STR(text, "hel");
    CHECK_EQ(read(p[0], text, 10), 5);
    CHECK_MEM(text, "loyou", 5);
}

TEST(flags) {
    make(O_CLOEXEC | O_NONBLOCK);
    CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(fcntl(p[1], F_GETFL), O_WRONLY | O_NONBLOCK);
    CHECK_ERR(pipe2(p, 0x4), EINVAL);
    CHECK_ERR(pipe2(p, O_APPEND), EINVAL);
    CHECK_ERR(pipe(BAD), EFAULT);
    int next = CHECK_OK(dup(0));
    CHECK_OK(close(next));
    CHECK_ERR(syscall(SYS_pipe2, BAD, 0), EFAULT);
    CHECK_EQ(dup(0), next);
}

TEST(wrong_direction) {
    make(0);
    char c;
    CHECK_ERR(read(p[1], &c, 1), EBADF);
    CHECK_ERR(write(p[0], &c, 1), EBADF);
    CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
}

TEST(end_of_file) {
    make(0);
    char c;
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_OK(close(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(read(p[0], &c, 1), 0);
    CHECK_EQ(read(p[0], &c, 1), 0);
}

TEST(broken_pipe) {
    make(0);
    CHECK_OK(close(p[0]));
    CHECK_KILLED(CHILD({ if (write(p[1], "x", 1) < 0) { } }), SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERR(write(p[1], "x", 1), EPIPE);
    CHECK_EQ(write(p[1], "", 0), 0);
}

TEST(nonblocking) {
    make(O_NONBLOCK);
    char c;
    CHECK_ERR(read(p[0], &c, 1), EAGAIN);
    fill_pipe(p[1]);
    CHECK_ERR(write(p[1], &c, 1), EAGAIN);
}

TEST(default_capacity) {
    make(O_NONBLOCK);
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
    static char block[70000];
    CHECK_EQ(write(p[1], block, 70000), 65536);
    int length;
    CHECK_OK(ioctl(p[0], FIONREAD, &length));
    CHECK_EQ(length, 65536);
}

TEST(set_capacity) {
    make(O_NONBLOCK);
    static char block[8192];
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096);
    CHECK_EQ(write(p[1], block, 8192), 4096);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 5000), 8192);
    CHECK_EQ(write(p[1], block, 8192), 4096);
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    CHECK_ERR(fcntl(0, F_SETPIPE_SZ, 4096), EBADF);
    // More than any kernel gives; with CAP_SYS_RESOURCE there is no memory for it, others may not.
    for (unsigned size = 0x20000000u; size <= 0x80000000u && size; size += 0x20000000u) {
        CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, size), -1);
        CHECK(errno == EPERM || errno == ENOMEM);
    }
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 0x80000001u), EINVAL);
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, -1), EINVAL);
    CHECK_ERR(fcntl(0, F_GETPIPE_SZ), EBADF);
    become_user();
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 1 << 24), EPERM);
}

TEST(atomic_up_to_pipe_buf) {
    /* pipe(7): a write of at most PIPE_BUF bytes goes whole or, without blocking, not at all. */
    make(O_NONBLOCK);
    static char block[65536];
    CHECK_EQ(write(p[1], block, 65536 - 100), 65536 - 100);
    CHECK_ERR(write(p[1], block, 4096), EAGAIN);
    CHECK_EQ(read(p[0], block, 4096), 4096);
    CHECK_EQ(read(p[0], block, 4096), 4096);
    CHECK_EQ(write(p[1], block, 4096), 4096);
}

TEST(records_do_not_mix) {
    make(0);
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = SPAWN({
            char record[1000];
            memset(record, 'a' + i, sizeof record);
            for (int n = 0; n < 100; n++)
                CHECK_EQ(write(p[1], record, sizeof record), sizeof record);
        });
    CHECK_OK(close(p[1]));
    char record[1000];
    int counts[4] = { 0 };
    for (;;) {
        size_t have = 0;
        ssize_t got = 0;
        while (have < 1000 && (got = read(p[0], record + have, 1000 - have)) > 0)
            have += (size_t) got;
        if (have == 0)
            break;
        CHECK_EQ(have, 1000);
        for (int i = 1; i < 1000; i++)
            CHECK_EQ(record[i], record[0]);
        counts[record[0] - 'a']++;
    }
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(counts[i], 100);
        WAIT(children[i]);
    }
}

TEST(big_write_blocks_until_read) {
    make(0);
    size_t length = 1 << 20;
    pid_t child = SPAWN({
        char *bytes = malloc(length);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (char) (i * 7 % 251);
        CHECK_EQ(write(p[1], bytes, length), length);
    });
    CHECK_OK(close(p[1]));
    char *in = malloc(length);
    size_t have = 0;
    ssize_t got;
    while ((got = read(p[0], in + have, length - have)) > 0)
        have += (size_t) got;
    CHECK_EQ(have, length);
    for (size_t i = 0; i < length; i++)
        CHECK_EQ(in[i], (char) (i * 7 % 251));
    WAIT(child);
}

TEST(blocked_reader_is_woken) {
    make(0);
    pid_t child = SPAWN({
        sleep_ms(50);
        CHECK_EQ(write(p[1], "x", 1), 1);
    });
    char c = 0;
    int64_t from = now_ns();
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK(now_ns() - from > 20000000);
    CHECK_EQ(c, 'x');
    WAIT(child);
}

TEST(blocked_reader_sees_the_last_close) {
    make(0);
    pid_t child = SPAWN({ sleep_ms(50); });
    CHECK_OK(close(p[1]));
    char c;
    CHECK_EQ(read(p[0], &c, 1), 0);
    WAIT(child);
}

TEST(blocked_writer_gets_epipe) {
    make(0);
    fill_pipe(p[1]);
    pid_t child = SPAWN({
        CHECK_OK(close(p[0]));
        signal(SIGPIPE, SIG_IGN);
        CHECK_ERR(write(p[1], "x", 1), EPIPE);
    });
    sleep_ms(50);
    CHECK_OK(close(p[0]));
    WAIT(child);
}

TEST(interrupted_read_and_restart) {
    make(0);
    struct sigaction action = { .sa_handler = nothing };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
    setitimer(ITIMER_REAL, &soon, NULL);
    char c;
    CHECK_ERR(read(p[0], &c, 1), EINTR);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    pid_t child = SPAWN({ sleep_ms(120); CHECK_EQ(write(p[1], "x", 1), 1); });
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_EQ(read(p[0], &c, 1), 1);
    WAIT(child);
}

TEST(interrupted_write_is_partial) {
    make(0);
    struct sigaction action = { .sa_handler = nothing };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
    static char block[100000];
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_EQ(write(p[1], block, sizeof block), 65536);
}

TEST(poll_states) {
    make(O_NONBLOCK);
    struct pollfd r = { p[0], POLLIN, 0 }, w = { p[1], POLLOUT, 0 };
    CHECK_EQ(poll(&r, 1, 0), 0);
    CHECK_EQ(poll(&w, 1, 0), 1);
    CHECK_EQ(w.revents, POLLOUT);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(poll(&r, 1, 0), 1);
    CHECK_EQ(r.revents, POLLIN);
    fill_pipe(p[1]);
    CHECK_EQ(poll(&w, 1, 0), 0);
    int other = CHECK_OK(dup(p[1]));
    CHECK_OK(close(p[1]));
    CHECK_OK(close(other));
    CHECK_EQ(poll(&r, 1, 0), 1);
    CHECK_EQ(r.revents, POLLIN | POLLHUP);
}

TEST(poll_error_on_the_write_end) {
    make(0);
    CHECK_OK(close(p[0]));
    struct pollfd w = { p[1], POLLOUT, 0 };
    CHECK_EQ(poll(&w, 1, 0), 1);
    CHECK_EQ(w.revents, POLLOUT | POLLERR);
}

TEST(pipe_poll_wakes) {
    make(0);
    pid_t child = SPAWN({ sleep_ms(50); CHECK_EQ(write(p[1], "x", 1), 1); });
    struct pollfd r = { p[0], POLLIN, 0 };
    CHECK_EQ(poll(&r, 1, 5000), 1);
    CHECK_EQ(r.revents, POLLIN);
    WAIT(child);
}

TEST(faults) {
    make(O_NONBLOCK);
    CHECK_ERR(write(p[1], BAD, 5), EFAULT);
    CHECK_EQ(write(p[1], "12345", 5), 5);
    CHECK_ERR(read(p[0], BAD, 5), EFAULT);
    char text[6] = "";
    CHECK_EQ(read(p[0], text, 5), 5);
    CHECK_STR(text, "12345");
}

TEST(packet_mode) {
    make(O_DIRECT);
    char text[20] = "";
    CHECK_EQ(write(p[1], "one", 3), 3);
    CHECK_EQ(write(p[1], "three", 5), 5);
    CHECK_EQ(read(p[0], text, 20), 3);
    CHECK_EQ(read(p[0], text, 2), 2);
    /* The rest of a packet is thrown away. */
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(read(p[0], text, 20), 1);
    CHECK_EQ(text[0], 'x');
}

TEST(fionread_and_zero_bytes) {
    make(0);
    int length = -1;
    CHECK_OK(ioctl(p[0], FIONREAD, &length));
    CHECK_EQ(length, 0);
    CHECK_EQ(write(p[1], "", 0), 0);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(read(p[0], NULL, 0), 0);
    CHECK_OK(ioctl(p[1], FIONREAD, &length));
    CHECK_EQ(length, 3);
    CHECK_ERR(ioctl(p[0], FIONREAD, BAD), EFAULT);
}

TEST(reopen_through_proc) {
    make(0);
    char path[40], text[4] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", p[1]);
    int again = CHECK_OK(open(path, O_WRONLY));
    CHECK_EQ(write(again, "abc", 3), 3);
    CHECK_OK(close(again));
    CHECK_EQ(read(p[0], text, 3), 3);
    char target[40] = "";
    CHECK_OK(readlink(path, target, sizeof target - 1));
    CHECK(strncmp(target, "pipe:[", 6) == 0);
}

TEST(vectors) {
    make(0);
    char a[2], b[3];
    struct iovec out[2] = { { "ab", 2 }, { "cde", 3 } }, in[2] = { { a, 2 }, { b, 3 } };
    CHECK_EQ(writev(p[1], out, 2), 5);
    CHECK_EQ(readv(p[0], in, 2), 5);
    CHECK_MEM(a, "ab", 2);
    CHECK_MEM(b, "cde", 3);
}

TEST(fifo_opens_wait_for_the_other_side) {
    CHECK_OK(mkfifo("fifo", 0600));
    pid_t child = SPAWN({
        sleep_ms(50);
        int w = CHECK_OK(open("fifo", O_WRONLY));
        CHECK_EQ(write(w, "hi", 2), 2);
    });
    int64_t from = now_ns();
    int r = CHECK_OK(open("fifo", O_RDONLY));
    CHECK(now_ns() - from > 20000000);
    char text[3] = "";
    CHECK_EQ(read(r, text, 2), 2);
    CHECK_STR(text, "hi");
    WAIT(child);
    CHECK_EQ(read(r, text, 2), 0);
}

TEST(fifo_nonblocking_opens) {
    CHECK_OK(mkfifo("fifo", 0600));
    CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK));
    char c;
    CHECK_EQ(read(r, &c, 1), 0);
    int w = CHECK_OK(open("fifo", O_WRONLY | O_NONBLOCK));
    CHECK_ERR(read(r, &c, 1), EAGAIN);
    CHECK_EQ(write(w, "x", 1), 1);
    CHECK_EQ(read(r, &c, 1), 1);
    int both = CHECK_OK(open("fifo", O_RDWR));
    CHECK_EQ(write(both, "y", 1), 1);
    CHECK_EQ(read(both, &c, 1), 1);
}

TEST(fifo_open_interrupted) {
    CHECK_OK(mkfifo("fifo", 0600));
    struct sigaction action = { .sa_handler = nothing };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_ERR(open("fifo", O_RDONLY), EINTR);
}

TEST(fifo_hangup) {
    CHECK_OK(mkfifo("fifo", 0600));
    int r = CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK)), w = CHECK_OK(open("fifo", O_WRONLY));
    CHECK_OK(close(w));
    struct pollfd one = { r, POLLIN, 0 };
    CHECK_EQ(poll(&one, 1, 0), 1);
    CHECK_EQ(one.revents, POLLHUP);
    w = CHECK_OK(open("fifo", O_WRONLY));
    CHECK_EQ(poll(&one, 1, 0), 0);
}

TEST(shell_pipeline) {
    CHECK_EQ(system("yes | head -n 1000 | sort | uniq -c | grep -q 1000"), 0);
    CHECK_EQ(system("seq 100000 | tail -n 1 | grep -qx 100000"), 0);
}

TEST(ping_pong) {
    int a[2], b[2];
    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    pid_t child = SPAWN({
        char c;
        for (int i = 0; i < 2000; i++) {
            CHECK_EQ(read(a[0], &c, 1), 1);
            CHECK_EQ(write(b[1], &c, 1), 1);
        }
    });
    for (int i = 0; i < 2000; i++) {
        char c = (char) i, back = 0;
        CHECK_EQ(write(a[1], &c, 1), 1);
        CHECK_EQ(read(b[0], &back, 1), 1);
        CHECK_EQ(back, c);
    }
    WAIT(child);
}

TEST(times_of_pipes_and_sockets_are_set) {
    int fds[4];
    struct stat st;
    struct timespec times[2] = { { 1000, 5 }, { 2000, 7 } };
    CHECK_OK(pipe(fds));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2));
    for (int i = 0; i < 4; i += 2) {
        CHECK_OK(futimens(fds[i], times));
        CHECK_OK(fstat(fds[i], &st));
        CHECK_EQ(st.st_atim.tv_sec, 1000);
        CHECK_EQ(st.st_mtim.tv_sec, 2000);
        CHECK_EQ(st.st_mtim.tv_nsec, 7);
        CHECK_OK(futimens(fds[i], NULL));
        CHECK_OK(fstat(fds[i], &st));
        CHECK(st.st_mtim.tv_sec > 1000000000);
    }
}

/* Files of no file system cannot be spliced: none waits for an event. */
TEST(splice_of_event_files) {
    make(0);
    sigset_t set;
    sigemptyset(&set);
    int files[] = {eventfd(5, 0), timerfd_create(CLOCK_MONOTONIC, 0), inotify_init1(0), signalfd(-1, &set, 0), epoll_create1(0)};
    for (int i = 0; i < 5; i++) {
        CHECK_OK(files[i]);
        CHECK_ERR(splice(files[i], NULL, p[1], NULL, 128, 0), EINVAL);
        CHECK_ERR(sendfile(p[1], files[i], NULL, 128), EINVAL);
    }
    CHECK_EQ(write(p[1], "12345678", 8), 8);
    for (int i = 0; i < 2; i++) CHECK_ERR(splice(p[0], NULL, files[i], NULL, 8, 0), EINVAL);
}

TEST(packets_take_a_page_each) {
    int p[2], n = 0;
    char byte = 0;
    CHECK_OK(pipe2(p, O_DIRECT | O_NONBLOCK));
    while (n < 100 && write(p[1], &byte, 1) == 1) n++;
    CHECK_EQ(n, 16);
    struct pollfd f = { p[1], POLLOUT, 0 };
    CHECK_EQ(poll(&f, 1, 0), 0);
    CHECK_EQ(read(p[0], &byte, 1), 1);
    CHECK_EQ(poll(&f, 1, 0), 1);
    CHECK_EQ(write(p[1], &byte, 1), 1);
}

/* Each packet of a full pipe is there, and whoever waits on either side goes on. */
TEST(packets_to_the_last_slot) {
    static unsigned char b[8192];
    int p[2], n = 0, status;
    CHECK_OK(pipe2(p, O_DIRECT | O_NONBLOCK));
    for (int round = 0; round < 3; round++) {
        for (n = 0; memset(b, n + round, 4096), write(p[1], b, 4096) == 4096; n++) { }
        CHECK_EQ(errno, EAGAIN);
        CHECK_EQ(n, 16);
        for (int i = 0; i < n; i++) {
            CHECK_EQ(read(p[0], b, sizeof b), 4096);
            CHECK(b[0] == i + round && b[4095] == i + round);
        }
        CHECK_ERR(read(p[0], b, sizeof b), EAGAIN);
    }
    CHECK_OK(pipe2(p, O_DIRECT));
    pid_t child = CHECK_OK(fork());
    if (child == 0) {
        for (int i = 0; i < 5000; i++) {
            memset(b, i, 4096);
            CHECK_EQ(write(p[1], b, 4096), 4096);
        }
        _exit(0);
    }
    close(p[1]);
    for (int i = 0; i < 5000; i++) {
        CHECK_EQ(read(p[0], b, sizeof b), 4096);
        CHECK(b[0] == (unsigned char) i && b[4095] == (unsigned char) i);
    }
    CHECK_EQ(read(p[0], b, sizeof b), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

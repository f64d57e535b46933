// Pseudo-terminals: opening, hangup, packet mode; controlling terminals and job control.
#include "help.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <utmp.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int master, slave;
static char text[4096], slave_name[64];
static volatile sig_atomic_t caught, times;
static void on_signal(int sig) { caught = sig; times++; }

static void open_pty(void) {
    int n;
    master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_OK(ioctl(master, TIOCGPTN, &n));
    CHECK_OK(unlockpt(master));
    snprintf(slave_name, sizeof slave_name, "/dev/pts/%d", n);
    slave = CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
}
// ... and a pipe, by which its programs say how far they are.
static int fds[2];
static void open_pty_and_pipe(void) {
    open_pty();
    CHECK_OK(pipe(fds));
}
static const char *take(int fd) {
    poll_one(fd, POLLIN, 500);
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    return text;
}
static void type(const char *s) { CHECK_EQ(write(master, s, strlen(s)), strlen(s)); }

// In a child: a session of its own with the slave as its terminal.
static void take_terminal(void) {
    CHECK_OK(setsid());
    CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
}
#define SESSION(P) for ((P) = fork() ?: (take_terminal(), 0); (P) == 0; _exit(0))

TEST(names_and_locks) {
    int n = -1, lock = -1;
    master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_OK(ioctl(master, TIOCGPTN, &n));
    CHECK(n >= 0);
    snprintf(slave_name, sizeof slave_name, "/dev/pts/%d", n);
    CHECK_STR(ptsname(master), slave_name);
    CHECK_OK(ioctl(master, TIOCGPTLCK, &lock));
    CHECK_EQ(lock, 1);
    CHECK_ERR(open(slave_name, O_RDWR | O_NOCTTY), EIO);
    CHECK_OK(grantpt(master));
    CHECK_OK(unlockpt(master));
    slave = CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
    CHECK_STR(ttyname(slave), slave_name);
    CHECK_ERR(ioctl(slave, TIOCGPTN, &n), ENOTTY);
    lock = 1;
    CHECK_OK(ioctl(master, TIOCSPTLCK, &lock));
    CHECK_ERR(open(slave_name, O_RDWR | O_NOCTTY), EIO);
}

TEST(node_of_the_slave) {
    open_pty();
    struct stat st, other;
    CHECK_OK(stat(slave_name, &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(major(st.st_rdev), 136);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_mode & 0600, 0600);
    CHECK_OK(fstat(slave, &other));
    CHECK_EQ(other.st_ino, st.st_ino);
    CHECK_OK(fstat(master, &st));
    CHECK_EQ(major(st.st_rdev), 5);
    close(slave);
    close(master);
    CHECK_ERR(stat(slave_name, &st), ENOENT);
}

TEST(two_at_once_differ) {
    open_pty();
    char first[64];
    strcpy(first, slave_name);
    open_pty();
    CHECK(strcmp(first, slave_name) != 0);
}

TEST(peer_by_ioctl) {
    open_pty();
    int peer = CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_EQ(fcntl(peer, F_GETFD), FD_CLOEXEC);
    CHECK_STR(ttyname(peer), slave_name);
    CHECK_EQ(write(peer, "via peer", 8), 8);
    CHECK_STR(take(master), "via peer");
}

TEST(master_closed_hangs_up_slave) {
    open_pty();
    close(master);
    CHECK_EQ(read(slave, text, 10), 0);
    CHECK_ERR(write(slave, "x", 1), EIO);
    CHECK_EQ(poll_one(slave, POLLIN, 0) & POLLHUP, POLLHUP);
    CHECK_ERR(ioctl(slave, TCGETS, text), EIO);
    CHECK_ERR2(open(slave_name, O_RDWR | O_NOCTTY), ENOENT, EIO);
}

TEST(master_closed_discards_what_was_typed) {
    open_pty();
    CHECK_EQ(write(master, "line\n", 5), 5);
    usleep(20000); // the kernel's work queue brings it to the slave
    CHECK_EQ(poll_one(slave, POLLIN, 1000) & POLLIN, POLLIN);
    close(master);
    CHECK_EQ(read(slave, text, 10), 0);
}

TEST(slave_closed_is_seen_by_master) {
    open_pty();
    CHECK_EQ(write(slave, "last words", 10), 10);
    close(slave);
    CHECK_STR(take(master), "last words");
    CHECK_ERR(read(master, text, 10), EIO);
    CHECK_EQ(poll_one(master, POLLIN, 0) & POLLHUP, POLLHUP);
    // A new opening of the slave brings it back.
    slave = CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
    CHECK_EQ(poll_one(master, POLLIN, 0), 0);
    CHECK_EQ(write(slave, "again", 5), 5);
    CHECK_STR(take(master), "again");
}

TEST(master_before_first_opening_of_slave) {
    master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK));
    CHECK_ERR(read(master, text, 1), EAGAIN);
    CHECK_OK(write(master, "x", 1));
}

TEST(epoll_of_master) {
    open_pty();
    struct epoll_event ev = { .events = EPOLLIN };
    int ep = CHECK_OK(epoll_create1(0));
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, master, &ev));
    CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
    CHECK_EQ(write(slave, "x", 1), 1);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
    take(master);
    close(slave);
    CHECK_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
    CHECK(ev.events & EPOLLHUP);
}

TEST(packet_mode) {
    open_pty();
    int on = 1, mode = 0;
    CHECK_OK(ioctl(master, TIOCPKT, &on));
    CHECK_OK(ioctl(master, TIOCGPKT, &mode));
    CHECK_EQ(mode, 1);
    CHECK_EQ(write(slave, "data", 4), 4);
    CHECK_EQ(poll_one(master, POLLIN, 500), POLLIN);
    CHECK_EQ(read(master, text, 100), 5);
    CHECK_EQ(text[0], TIOCPKT_DATA);
    CHECK_MEM(text + 1, "data", 4);
    CHECK_OK(tcflush(slave, TCIFLUSH));
    CHECK(poll_one(master, POLLIN | POLLPRI, 500) & POLLPRI);
    CHECK_EQ(read(master, text, 100), 1);
    CHECK_EQ(text[0] & TIOCPKT_FLUSHREAD, TIOCPKT_FLUSHREAD);
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    t.c_iflag &= ~IXON;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    CHECK_EQ(read(master, text, 100), 1);
    CHECK_EQ(text[0] & TIOCPKT_NOSTOP, TIOCPKT_NOSTOP);
    on = 0;
    CHECK_OK(ioctl(master, TIOCPKT, &on));
    CHECK_EQ(write(slave, "plain", 5), 5);
    CHECK_STR(take(master), "plain");
}

TEST(large_output_is_not_lost) {
    open_pty();
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    cfmakeraw(&t);
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    pid_t pid;
    FORK(pid) {
        close(master);
        for (int i = 0; i < 200; i++) {
            memset(text, 'a' + i % 26, 1000);
            for (int done = 0; done < 1000; ) { ssize_t n = write(slave, text + done, 1000 - done); CHECK(n > 0); done += n; }
        }
    }
    close(slave);
    long total = 0;
    ssize_t n;
    while ((n = read(master, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < n; i++) CHECK_EQ(text[i], 'a' + (total + i) / 1000 % 26);
        total += n;
    }
    CHECK_EQ(total, 200000);
    CHECK_EQ(exit_of(pid), 0);
}

// --- controlling terminal ---

// Lines wait for their reader: what was taken comes out again, however much it is, and the rest is for later.
TEST(typed_lines_are_not_lost) {
    open_pty();
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    t.c_lflag &= ~ECHO;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    CHECK_OK(fcntl(master, F_SETFL, O_NONBLOCK));
    static char all[600000], got[600000];
    for (int i = 0; i < 600000; i += 60) {
        char line[61];
        snprintf(line, sizeof line, "%059d\n", i);
        memcpy(all + i, line, 60);
    }
    ssize_t n, sent = 0, seen = 0;
    while (sent < 500000 && (n = write(master, all + sent, 1000)) > 0) sent += n;
    CHECK(sent >= 4096 && sent < 500000);
    CHECK_ERR(write(master, all + sent, 1000), EAGAIN);
    while (seen < sent / 60 * 60 && poll_one(slave, POLLIN, 1000)) {
        CHECK_EQ(read(slave, got + seen, sizeof got - seen), 60);
        seen += 60;
    }
    CHECK_EQ(seen, sent / 60 * 60);
    CHECK(poll_one(master, POLLOUT, 500));
    for (; sent % 60; sent++) CHECK_EQ(write(master, all + sent, 1), 1);
    if (seen < sent) {
        CHECK(poll_one(slave, POLLIN, 1000));
        CHECK_EQ(read(slave, got + seen, sizeof got - seen), 60);
    }
    CHECK_EQ(memcmp(got, all, sent), 0);
    CHECK_EQ(poll_one(slave, POLLIN, 0), 0);
}

// A line without end is cut, whatever its characters mean, and does not stop whoever types.
TEST(a_line_without_end) {
    open_pty();
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    t.c_lflag &= ~ECHO;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    for (int literal = 0; literal < 2; literal++) {
        for (int i = 0; i < 4096; i++) type(literal ? "\026x\026x\026x\026x\026x\026x\026x\026x" : "xxxxxxxxxxxxxxxx");
        type("\n");
        CHECK(poll_one(slave, POLLIN, 500));
        char long_line[8192];
        ssize_t n = CHECK_OK(read(slave, long_line, sizeof long_line));
        CHECK(n >= 4094 && n <= 4096);
        CHECK_EQ(long_line[0], 'x');
        CHECK_EQ(poll_one(slave, POLLIN, 0), 0);
    }
}

TEST(taking_a_terminal) {
    open_pty();
    pid_t pid;
    FORK(pid) {
        CHECK_ERR(ioctl(slave, TIOCSCTTY, 0), EPERM);    // no session leader
        CHECK_OK(setsid());
        CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
        CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
        CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
        CHECK_EQ(tcgetpgrp(slave), getpid());
        CHECK_EQ(tcgetsid(slave), getpid());
        int tty = CHECK_OK(open("/dev/tty", O_RDWR));
        CHECK_EQ(write(tty, "by tty", 6), 6);
        char *stat = strrchr(read_file("/proc/self/stat"), ')');
        int ppid, pgrp, session, tty_nr, tpgid;
        CHECK_EQ(sscanf(stat + 4, "%d %d %d %d %d", &ppid, &pgrp, &session, &tty_nr, &tpgid), 5);
        CHECK_EQ(major(tty_nr), 136);
        CHECK_EQ(tpgid, getpid());
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_STR(take(master), "by tty");
}

TEST(opening_takes_a_terminal) {
    open_pty();
    pid_t pid;
    FORK(pid) {
        CHECK_OK(setsid());
        CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
        CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
        CHECK_OK(open(slave_name, O_RDWR));
        CHECK_OK(open("/dev/tty", O_RDWR));
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(terminal_of_another_session) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        pid_t other;
        FORK(other) {
            CHECK_OK(setsid());
            CHECK_ERR(ioctl(slave, TIOCSCTTY, 0), EPERM);
            CHECK_ERR(tcgetpgrp(slave), ENOTTY);
            CHECK_ERR(tcsetpgrp(slave, getpid()), ENOTTY);
        }
        CHECK_EQ(exit_of(other), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(giving_up_the_terminal) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        handle(SIGHUP, on_signal, 0);
        handle(SIGCONT, on_signal, 0);
        CHECK_OK(ioctl(slave, TIOCNOTTY));
        CHECK_EQ(times, 2);
        CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
        CHECK_ERR(tcgetpgrp(slave), ENOTTY);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(hangup_signals_the_session) {
    open_pty_and_pipe();
    pid_t pid;
    FORK(pid) {
        close(master);
        take_terminal();
        handle(SIGHUP, on_signal, 0);
        put_byte(fds[1]);
        while (!times) pause();
        CHECK_EQ(read(slave, text, 10), 0);
        _exit(caught);
    }
    get_byte(fds[0]);
    close(slave);
    close(master);
    CHECK_EQ(exit_of(pid), SIGHUP);
}

TEST(leaders_end_hangs_up_foreground) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        pid_t member;
        FORK(member) {
            close(fds[0]);
            handle(SIGHUP, on_signal, 0);
            put_byte(fds[1]);
            while (!times) usleep(1000); // pause(2) would miss one that comes just before it
            put_byte(fds[1]);
        }
        get_byte(fds[0]);
    }
    CHECK_EQ(exit_of(pid), 0);
    close(fds[1]);
    CHECK_EQ(get_byte(fds[0]), 'x');
}

// --- signals from keys ---

static int key_result(const char *keys, int sig, int lflag_off) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        struct termios t;
        tcgetattr(slave, &t);
        t.c_lflag &= ~lflag_off;
        tcsetattr(slave, TCSANOW, &t);
        handle(sig, on_signal, 0);
        put_byte(fds[1]);
        sleep_ms(60);
        for (int i = 0; i < 100 && !times && !lflag_off; i++) sleep_ms(5);
        _exit(caught);
    }
    get_byte(fds[0]);
    type(keys);
    return exit_of(pid);
}

TEST(keys_send_signals) {
    CHECK_EQ(key_result("\3", SIGINT, 0), SIGINT);
    CHECK_EQ(key_result("\34", SIGQUIT, 0), SIGQUIT);
    CHECK_EQ(key_result("\32", SIGTSTP, 0), SIGTSTP);
}

TEST(keys_without_isig_are_input) {
    CHECK_EQ(key_result("\3", SIGINT, ISIG), 0);
}

TEST(interrupt_flushes_input) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        signal(SIGINT, SIG_IGN);
        put_byte(fds[1]);
        ssize_t n = read(slave, text, 100);
        CHECK_EQ(n, 3);
        CHECK_MEM(text, "ok\n", 3);
    }
    get_byte(fds[0]);
    type("lost\3ok\n");
    CHECK_EQ(exit_of(pid), 0);
}

TEST(noflsh_keeps_input) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        signal(SIGINT, SIG_IGN);
        struct termios t;
        tcgetattr(slave, &t);
        t.c_lflag |= NOFLSH;
        tcsetattr(slave, TCSANOW, &t);
        put_byte(fds[1]);
        CHECK_EQ(read(slave, text, 100), 7);
    }
    get_byte(fds[0]);
    type("kept\3ok\n");
    CHECK_EQ(exit_of(pid), 0);
}

TEST(key_reaches_whole_foreground_group) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        signal(SIGINT, SIG_IGN);
        pid_t a, b, background;
        FORK(a) { signal(SIGINT, SIG_DFL); put_byte(fds[1]); for (;;) pause(); }
        FORK(b) { signal(SIGINT, SIG_DFL); put_byte(fds[1]); for (;;) pause(); }
        FORK(background) { setpgid(0, 0); signal(SIGINT, SIG_DFL); put_byte(fds[1]); for (;;) pause(); }
        CHECK_EQ(exit_of(a), -SIGINT);
        CHECK_EQ(exit_of(b), -SIGINT);
        CHECK_EQ(waitpid(background, NULL, WNOHANG), 0);
        kill(background, SIGKILL);
    }
    for (int i = 0; i < 3; i++) get_byte(fds[0]);
    type("\3");
    CHECK_EQ(exit_of(pid), 0);
}

TEST(signal_ioctl_of_master) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) { put_byte(fds[1]); for (;;) pause(); }
    get_byte(fds[0]);
    CHECK_OK(ioctl(master, TIOCSIG, SIGINT));
    CHECK_EQ(exit_of(pid), -SIGINT);
}

TEST(window_change_signals_foreground) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        handle(SIGWINCH, on_signal, 0);
        put_byte(fds[1]);
        while (!times) pause();
        struct winsize w;
        CHECK_OK(ioctl(slave, TIOCGWINSZ, &w));
        _exit(w.ws_row);
    }
    get_byte(fds[0]);
    struct winsize w = { 33, 90, 0, 0 };
    CHECK_OK(ioctl(master, TIOCSWINSZ, &w));
    CHECK_EQ(exit_of(pid), 33);
}

TEST(same_window_size_signals_nobody) {
    open_pty();
    struct winsize w = { 33, 90, 0, 0 };
    CHECK_OK(ioctl(master, TIOCSWINSZ, &w));
    int fds[2];
    CHECK_OK(pipe(fds));
    pid_t pid;
    SESSION(pid) {
        handle(SIGWINCH, on_signal, 0);
        put_byte(fds[1]);
        sleep_ms(80);
        _exit(times);
    }
    get_byte(fds[0]);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &w));
    CHECK_EQ(exit_of(pid), 0);
}

// --- job control ---

TEST(foreground_group_set_and_get) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        pid_t job;
        FORK(job) for (;;) pause();
        CHECK_OK(setpgid(job, job));
        CHECK_OK(tcsetpgrp(slave, job));
        CHECK_EQ(tcgetpgrp(slave), job);
        signal(SIGTTOU, SIG_IGN);
        CHECK_OK(tcsetpgrp(slave, getpgrp()));
        CHECK_ERR(tcsetpgrp(slave, 1 << 22), ESRCH);
        CHECK_ERR(tcsetpgrp(slave, -1), EINVAL);
        kill(job, SIGKILL);
        reap(job);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(tcsetpgrp(slave, getpgrp()), ENOTTY);
}

TEST(group_of_another_session_refused) {
    open_pty();
    pid_t pid, outside = getpgrp();
    SESSION(pid) {
        CHECK_ERR(tcsetpgrp(slave, outside), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(background_read_stops) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        pid_t job;
        FORK(job) { setpgid(0, 0); read(slave, text, 10); _exit(text[0]); }
        CHECK_STOPS(job, SIGTTIN);
        // Put into the foreground and continued, it reads.
        CHECK_OK(tcsetpgrp(slave, job));
        kill(job, SIGCONT);
        CHECK_EQ(exit_of(job), 'k');
    }
    sleep_ms(60);
    type("k\n");
    CHECK_EQ(exit_of(pid), 0);
}

TEST(background_read_with_signal_ignored_or_orphaned) {
    open_pty();
    volatile int *result = shared(4096);
    pid_t pid;
    SESSION(pid) {
        pid_t job, parent;
        FORK(job) {
            setpgid(0, 0);
            signal(SIGTTIN, SIG_IGN);
            CHECK_ERR(read(slave, text, 10), EIO);
        }
        CHECK_EQ(exit_of(job), 0);
        FORK(job) {
            setpgid(0, 0);
            parent = getpid();
            if (fork()) _exit(0);
            while (getppid() == parent) sleep_ms(1);
            *result = read(slave, text, 10) == -1 ? errno : 1;
            _exit(0);
        }
        CHECK_EQ(exit_of(job), 0);
        while (!*result) sleep_ms(1);
        CHECK_EQ(*result, EIO);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(background_write_stops_with_tostop_only) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        pid_t job;
        FORK(job) { setpgid(0, 0); CHECK_EQ(write(slave, "free", 4), 4); }
        CHECK_EQ(exit_of(job), 0);
        struct termios t;
        CHECK_OK(tcgetattr(slave, &t));
        t.c_lflag |= TOSTOP;
        CHECK_OK(tcsetattr(slave, TCSANOW, &t));
        FORK(job) { setpgid(0, 0); CHECK_EQ(write(slave, "late", 4), 4); }
        CHECK_STOPS(job, SIGTTOU);
        CHECK_OK(tcsetpgrp(slave, job));
        kill(job, SIGCONT);
        CHECK_EQ(exit_of(job), 0);
        FORK(job) { setpgid(0, 0); signal(SIGTTOU, SIG_IGN); CHECK_EQ(write(slave, "more", 4), 4); }
        CHECK_EQ(exit_of(job), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(background_settings_stop) {
    open_pty();
    pid_t pid;
    SESSION(pid) {
        pid_t job;
        struct termios t;
        CHECK_OK(tcgetattr(slave, &t));
        FORK(job) { setpgid(0, 0); tcsetattr(slave, TCSANOW, &t); }
        CHECK_STOPS(job, SIGTTOU);
        kill(job, SIGKILL);
        CHECK_EQ(exit_of(job), -SIGKILL);
        FORK(job) { setpgid(0, 0); tcsetpgrp(slave, getpgrp()); }
        CHECK_STOPS(job, SIGTTOU);
        kill(job, SIGKILL);
        reap(job);
        // Looking does not stop.
        FORK(job) { setpgid(0, 0); CHECK_OK(tcgetattr(slave, &t)); CHECK(tcgetpgrp(slave) > 0); }
        CHECK_EQ(exit_of(job), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(suspend_key_and_resume) {
    open_pty_and_pipe();
    pid_t pid;
    SESSION(pid) {
        pid_t job;
        FORK(job) {
            setpgid(0, 0);
            signal(SIGTTOU, SIG_IGN);
            tcsetpgrp(slave, getpgrp());
            put_byte(fds[1]);
            sleep_ms(150);
            _exit(5);
        }
        CHECK_STOPS(job, SIGTSTP);
        signal(SIGTTOU, SIG_IGN);
        CHECK_OK(tcsetpgrp(slave, getpgrp()));
        CHECK_OK(tcsetpgrp(slave, job));
        kill(-job, SIGCONT);
        CHECK_EQ(exit_of(job), 5);
    }
    get_byte(fds[0]);
    type("\32");
    CHECK_EQ(exit_of(pid), 0);
}

TEST(shell_on_a_terminal) {
    pid_t pid = forkpty(&master, NULL, NULL, NULL);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "tty >/dev/null && stty -echo && echo ready && read x && echo got:$x && exit 3", NULL);
        _exit(127);
    }
    char all[4096] = "";
    int sent = 0;
    for (int i = 0; i < 50; i++) {
        if (!(poll_one(master, POLLIN, 10000) & POLLIN)) break;
        strcat(all, take(master));
        if (!sent && strstr(all, "ready")) { type("word\n"); sent = 1; }
        if (strstr(all, "got:")) break;
    }
    CHECK(strstr(all, "got:word\r\n") != NULL);
    CHECK_EQ(exit_of(pid), 3);
}

TEST(login_tty_sets_everything) {
    open_pty();
    pid_t pid;
    FORK(pid) {
        CHECK_OK(login_tty(slave));
        CHECK_EQ(getsid(0), getpid());
        CHECK_EQ(tcgetpgrp(0), getpid());
        CHECK_EQ(isatty(0) + isatty(1) + isatty(2), 3);
    }
    CHECK_EQ(exit_of(pid), 0);
}

/* struct termio of System V, which stress-ng and old programs use: the low halves of the flags only. */
TEST(settings_of_system_v) {
    open_pty();
    struct { unsigned short i, o, c, l; unsigned char line, cc[8]; } old;
    struct termios now;
    CHECK_EQ(sizeof old, 18);
    CHECK_OK(tcgetattr(slave, &now));
    CHECK_OK(ioctl(slave, TCGETA, &old));
    CHECK_EQ(old.i, now.c_iflag & 0xffff);
    CHECK_EQ(old.o, now.c_oflag & 0xffff);
    CHECK_EQ(old.c, now.c_cflag & 0xffff);
    CHECK_EQ(old.l, now.c_lflag & 0xffff);
    CHECK_EQ(old.cc[0], 3);
    now.c_lflag |= EXTPROC;
    now.c_cc[VSUSP] = 25;
    CHECK_OK(tcsetattr(slave, TCSANOW, &now));
    old.l &= ~(ICANON | ECHO);
    old.cc[0] = 5;
    CHECK_OK(ioctl(slave, TCSETA, &old));
    CHECK_OK(ioctl(slave, TCSETAW, &old));
    CHECK_OK(tcgetattr(master, &now));
    CHECK_EQ(now.c_lflag & (ICANON | ECHO | EXTPROC), EXTPROC);
    CHECK_EQ(now.c_cc[VINTR], 5);
    CHECK_EQ(now.c_cc[VSUSP], 25);
    type("lost");
    CHECK_EQ(poll_one(slave, POLLIN, 5000), POLLIN); // natively it arrives in its own time
    CHECK_OK(ioctl(slave, TCSETAF, &old));
    CHECK_EQ(poll_one(slave, POLLIN, 0), 0);
    CHECK_ERR(ioctl(slave, TCGETA, (void *) 1), EFAULT);
    CHECK_ERR(ioctl(slave, TCSETA, (void *) 1), EFAULT);
}

TEST(many_one_after_the_other) {
    for (int i = 0; i < 8000; i++) {
        open_pty();
        close(slave);
        close(master);
    }
    // What is gone takes no room: there is still some for a directory.
    CHECK_OK(mkdir("after", 0700));
    CHECK_OK(rmdir("after"));
}

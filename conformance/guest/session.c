// Process groups, sessions, orphaned groups and job control without a terminal (with one: pty.c).
#include "help.h"

static void end(pid_t pid) { kill(pid, SIGKILL); reap(pid); }

TEST(setsid_makes_leader) {
    pid_t pid;
    FORK(pid) {
        CHECK_EQ(setsid(), getpid());
        CHECK_EQ(getsid(0), getpid());
        CHECK_EQ(getpgrp(), getpid());
        CHECK_EQ(getpgid(0), getpid());
        CHECK_ERR(setsid(), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(setsid_refused_for_group_leader) {
    pid_t pid;
    FORK(pid) {
        CHECK_OK(setpgid(0, 0));
        CHECK_ERR(setsid(), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(setsid_refused_while_group_of_own_pid_lives) {
    pid_t pid;
    FORK(pid) {
        // Leave the group of one's own number, with a member left behind.
        CHECK_OK(setpgid(0, 0));
        pid_t member = pausing();
        pid_t other = pausing();
        CHECK_OK(setpgid(other, other));
        CHECK_OK(setpgid(0, other));
        CHECK_ERR(setsid(), EPERM);
        end(member);
        CHECK_EQ(setsid(), getpid());
        end(other);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(setpgid_own_group) {
    pid_t pid;
    FORK(pid) {
        CHECK_OK(setpgid(0, 0));
        CHECK_EQ(getpgrp(), getpid());
        CHECK_OK(setpgid(getpid(), getpid()));
        CHECK_OK(setpgid(0, getpid()));
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(setpgid_of_child_and_joining) {
    pid_t a = pausing(), b = pausing();
    CHECK_OK(setpgid(a, 0));
    CHECK_EQ(getpgid(a), a);
    CHECK_OK(setpgid(b, a));
    CHECK_EQ(getpgid(b), a);
    CHECK_OK(setpgid(b, getpgrp()));
    CHECK_EQ(getpgid(b), getpgrp());
    end(a);
    end(b);
}

TEST(setpgid_errors) {
    pid_t a = pausing(), b;
    CHECK_ERR(setpgid(-1, 0), EINVAL);
    CHECK_ERR(setpgid(-1, 5), ESRCH);
    CHECK_ERR(setpgid(0, -1), EINVAL);
    CHECK_ERR(setpgid(getppid(), 0), ESRCH);
    CHECK_ERR(setpgid(a, 1 << 22), EPERM);
    CHECK_ERR(setpgid(1 << 22, 0), ESRCH);
    int fds[2];
    CHECK_OK(pipe(fds));
    FORK(b) { setsid(); put_byte(fds[1]); for (;;) pause(); }
    get_byte(fds[0]);
    CHECK_ERR(setpgid(b, b), EPERM);
    CHECK_ERR(setpgid(a, b), EPERM);
    end(a);
    end(b);
}

TEST(setpgid_after_exec_of_child) {
    int fds[2];
    pid_t pid;
    CHECK_OK(pipe2(fds, O_CLOEXEC));
    FORK(pid) execv("/bin/sleep", (char *[]){ "sleep", "20", NULL });
    close(fds[1]);
    CHECK_EQ(get_byte(fds[0]), -1);
    CHECK_ERR(setpgid(pid, pid), EACCES);
    end(pid);
}

TEST(session_leader_keeps_its_group) {
    pid_t pid;
    FORK(pid) {
        setsid();
        CHECK_ERR(setpgid(0, 0), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(getpgid_getsid_of_others) {
    pid_t a = pausing();
    CHECK_EQ(getpgid(a), getpgrp());
    CHECK_EQ(getsid(a), getsid(0));
    CHECK_ERR(getpgid(-1), ESRCH);
    CHECK_ERR(getpgid(1 << 22), ESRCH);
    CHECK_ERR(getsid(1 << 22), ESRCH);
    CHECK_EQ(syscall(SYS_getpgid, 0), syscall(SYS_getpgrp));
    end(a);
}

TEST(kill_a_group) {
    pid_t a = pausing(), b = pausing(), c = pausing();
    setpgid(a, a);
    setpgid(b, a);
    CHECK_OK(kill(-a, SIGTERM));
    CHECK_EQ(exit_of(a), -SIGTERM);
    CHECK_EQ(exit_of(b), -SIGTERM);
    CHECK_EQ(waitpid(c, NULL, WNOHANG), 0);
    CHECK_ERR(kill(-a, 0), ESRCH);
    end(c);
}

TEST(group_outlives_its_leader) {
    pid_t a = pausing(), b = pausing();
    setpgid(a, a);
    setpgid(b, a);
    end(a);
    CHECK_EQ(getpgid(b), a);
    CHECK_OK(kill(-a, SIGTERM));
    CHECK_EQ(exit_of(b), -SIGTERM);
}

TEST(kill_own_group_by_zero) {
    pid_t pid;
    FORK(pid) {
        setpgid(0, 0);
        pid_t a = pausing();
        signal(SIGTERM, SIG_IGN);
        CHECK_OK(kill(0, SIGTERM));
        CHECK_EQ(exit_of(a), -SIGTERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

static volatile sig_atomic_t hups, conts;
static void on_hup(int sig UNUSED) { hups++; }
static void on_cont(int sig UNUSED) { conts++; }

TEST(orphaned_group_with_stopped_member_gets_hup_and_cont) {
    int fds[2];
    char got[2] = "";
    pid_t pid;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        pid_t member;
        setsid();
        FORK(member) {
            handle(SIGHUP, on_hup, 0);
            handle(SIGCONT, on_cont, 0);
            setpgid(0, 0);
            raise(SIGSTOP);
            while (!hups || !conts) sleep_ms(1);
            write(fds[1], "ok", 2);
        }
        int status;
        CHECK_EQ(waitpid(member, &status, WUNTRACED), member);
        CHECK(WIFSTOPPED(status));
        // Exit: the member's group has no parent in its session any more.
    }
    CHECK_EQ(exit_of(pid), 0);
    close(fds[1]);
    CHECK_EQ(read(fds[0], got, 2), 2);
}

TEST(orphaned_group_without_stopped_member_is_left_alone) {
    int fds[2];
    char c = 0;
    pid_t pid;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        pid_t member;
        setsid();
        FORK(member) {
            handle(SIGHUP, on_hup, 0);
            setpgid(0, 0);
            put_byte(fds[1]);
            sleep_ms(150);
            c = hups ? 'h' : 'n';
            write(fds[1], &c, 1);
        }
        get_byte(fds[0]);
    }
    CHECK_EQ(exit_of(pid), 0);
    close(fds[1]);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    CHECK_EQ(c, 'n');
}

TEST(tstp_ignored_in_orphaned_group) {
    // A stop from the terminal side (TSTP, TTIN, TTOU) has no effect where no shell could continue it; SIGSTOP always stops.
    pid_t pid;
    FORK(pid) {
        setsid();
        raise(SIGTSTP);
        raise(SIGTTIN);
        raise(SIGTTOU);
        _exit(4);
    }
    CHECK_EQ(exit_of(pid), 4);
    FORK(pid) { setsid(); raise(SIGSTOP); _exit(5); }
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    kill(pid, SIGCONT);
    CHECK_EQ(exit_of(pid), 5);
}

TEST(tstp_stops_in_ordinary_group) {
    pid_t pid;
    FORK(pid) { raise(SIGTSTP); _exit(6); }
    CHECK_STOPS(pid, SIGTSTP);
    kill(pid, SIGCONT);
    CHECK_EQ(exit_of(pid), 6);
}

TEST(stop_whole_group) {
    pid_t a = pausing(), b = pausing();
    int status;
    setpgid(a, a);
    setpgid(b, a);
    kill(-a, SIGSTOP);
    CHECK_EQ(waitpid(a, &status, WUNTRACED), a);
    CHECK_EQ(waitpid(b, &status, WUNTRACED), b);
    kill(-a, SIGCONT);
    CHECK_EQ(waitpid(a, &status, WCONTINUED), a);
    CHECK_EQ(waitpid(b, &status, WCONTINUED), b);
    kill(-a, SIGKILL);
    CHECK_EQ(exit_of(a), -SIGKILL);
    CHECK_EQ(exit_of(b), -SIGKILL);
}

TEST(cont_discards_pending_stops_and_back) {
    sigset_t pending;
    mask(SIG_BLOCK, SIGTSTP);
    mask(SIG_BLOCK, SIGCONT);
    kill(getpid(), SIGTSTP);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGTSTP));
    handle(SIGCONT, on_cont, 0);
    kill(getpid(), SIGCONT);
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGTSTP));
    CHECK(sigismember(&pending, SIGCONT));
    kill(getpid(), SIGTSTP);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGTSTP));
    CHECK(!sigismember(&pending, SIGCONT));
    kill(getpid(), SIGCONT);
}

TEST(cont_continues_even_when_blocked_or_ignored) {
    for (int how = 0; how < 2; how++) {
        pid_t pid;
        FORK(pid) {
            if (how) signal(SIGCONT, SIG_IGN);
            else mask(SIG_BLOCK, SIGCONT);
            raise(SIGSTOP);
            _exit(9);
        }
        int status;
        CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
        kill(pid, SIGCONT);
        CHECK_EQ(exit_of(pid), 9);
    }
}

TEST(stopped_process_runs_nothing) {
    volatile int *word = shared(4096);
    pid_t pid;
    FORK(pid) for (;;) { word[0]++; sleep_ms(1); }
    while (!word[0]) sleep_ms(1);
    kill(pid, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    int before = word[0];
    sleep_ms(60);
    CHECK_EQ(word[0], before);
    kill(pid, SIGCONT);
    while (word[0] == before) sleep_ms(1);
    end(pid);
}

TEST(stop_stops_all_threads) {
    volatile int *words = shared(4096);
    void *body(void *word) { for (;;) { ++*(volatile int *)word; } return NULL; }
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        pthread_create(&t, NULL, body, (void *)&words[0]);
        pthread_create(&t, NULL, body, (void *)&words[1]);
        for (;;) pause();
    }
    while (!words[0] || !words[1]) sleep_ms(1);
    kill(pid, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    sleep_ms(10);
    int a = words[0], b = words[1];
    sleep_ms(60);
    CHECK_EQ(words[0], a);
    CHECK_EQ(words[1], b);
    kill(pid, SIGCONT);
    while (words[0] == a || words[1] == b) sleep_ms(1);
    end(pid);
}

TEST(sleep_goes_on_over_a_stop) {
    long long t0 = now_ns();
    pid_t pid;
    FORK(pid) _exit(nanosleep(&(struct timespec){ 0, 200 * MS }, NULL) ? 1 : 0);
    sleep_ms(30);
    kill(pid, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    kill(pid, SIGCONT);
    CHECK_EQ(exit_of(pid), 0);
    CHECK(now_ns() - t0 >= 200 * MS);
}

TEST(permission_of_cont_within_session) {
    need_root();
    // SIGCONT may be sent to any process of the same session, whoever runs it.
    pid_t victim = pausing(), pid;
    FORK(pid) {
        become_user();
        CHECK_ERR(kill(victim, SIGTERM), EPERM);
        CHECK_ERR(kill(victim, 0), EPERM);
        CHECK_OK(kill(victim, SIGCONT));
        CHECK(fork() || (setsid() > 0 && kill(victim, SIGCONT) == -1 && errno == EPERM ? (_exit(0), 1) : (_exit(1), 0)));
        int status;
        CHECK(wait(&status) > 0);
        CHECK_EQ(status, 0);
    }
    CHECK_EQ(exit_of(pid), 0);
    end(victim);
}

// exit, wait4 and waitid, SIGCHLD, subreapers, rusage.
#include "help.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static long waitid_(int type, id_t id, siginfo_t *si, int options, struct rusage *ru) {
    return syscall(SYS_waitid, type, id, si, options, ru);
}

static pid_t child_exiting(int code) { pid_t pid; FORK(pid) _exit(code); return pid; }

static volatile sig_atomic_t caught;
static volatile siginfo_t info;
static void on_signal(int sig) { caught += sig; }
static void on_info(int sig UNUSED, siginfo_t *si, void *uc UNUSED) { caught++; info = *si; }

TEST(exit_codes_are_one_byte) {
    static const int codes[] = { 0, 1, 127, 255, 256, 257, -1 };
    for (int i = 0; i < 7; i++) {
        int status = reap(child_exiting(codes[i]));
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), codes[i] & 255);
    }
}

TEST(killed_by_signal_status) {
    const int sigs[] = { SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPIPE, SIGRTMIN, SIGRTMAX };
    for (int i = 0; i < 8; i++) {
        pid_t pid = pausing();
        CHECK_OK(kill(pid, sigs[i]));
        int status = reap(pid);
        CHECK(WIFSIGNALED(status) && !WIFEXITED(status));
        CHECK_EQ(WTERMSIG(status), sigs[i]);
        CHECK(!WCOREDUMP(status));
    }
}

TEST(no_children) {
    int status;
    CHECK_ERR(wait(&status), ECHILD);
    CHECK_ERR(waitpid(getppid(), &status, 0), ECHILD);
    CHECK_ERR(waitpid(getpid(), &status, 0), ECHILD);
    CHECK_ERR(waitpid(1 << 22, &status, WNOHANG), ECHILD);
    CHECK_ERR(waitid_(P_ALL, 0, NULL, WEXITED, NULL), ECHILD);
    CHECK_ERR(waitid_(P_PID, getpid(), NULL, WEXITED | WNOHANG, NULL), ECHILD);
}

TEST(wait_only_once) {
    pid_t pid = child_exiting(0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

TEST(nohang) {
    pid_t pid = pausing();
    int status = 0x1234;
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(status, 0x1234);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
}

TEST(wait4_bad_arguments) {
    pid_t pid = child_exiting(0);
    CHECK_ERR(wait4(pid, NULL, 0x10, NULL), EINVAL);
    CHECK_ERR(wait4(pid, NULL, WEXITED, NULL), EINVAL);
    CHECK_ERR(wait4(pid, NULL, WNOWAIT, NULL), EINVAL);
    CHECK_ERR(wait4(INT_MIN, NULL, WNOHANG, NULL), ESRCH);
    CHECK_EQ(reap(pid), 0);
}

TEST(wait4_bad_pointer_still_reaps) {
    pid_t pid = child_exiting(0);
    await_state(pid, "Z");
    CHECK_ERR(wait4(pid, BAD, 0, NULL), EFAULT);
    CHECK_ERR(wait4(pid, NULL, 0, NULL), ECHILD);
    pid = child_exiting(0);
    CHECK_ERR(wait4(pid, NULL, 0, BAD), EFAULT);
    CHECK_ERR(wait4(pid, NULL, 0, NULL), ECHILD);
}

TEST(wait_any_takes_all) {
    int seen = 0;
    for (int i = 0; i < 5; i++) child_exiting(1 << i);
    for (int i = 0, status; i < 5; i++) {
        CHECK(wait(&status) > 0);
        seen |= WEXITSTATUS(status);
    }
    CHECK_EQ(seen, 31);
    CHECK_ERR(wait(NULL), ECHILD);
}

TEST(wait_by_process_group) {
    pid_t a = pausing(), b = pausing(), c = child_exiting(3);
    CHECK_OK(setpgid(a, a));
    CHECK_OK(setpgid(b, a));
    kill(b, SIGKILL);
    CHECK_EQ(waitpid(-a, NULL, 0), b);
    CHECK_EQ(waitpid(-a, NULL, WNOHANG), 0);
    CHECK_EQ(waitpid(0, NULL, 0), c);
    CHECK_ERR(waitpid(0, NULL, 0), ECHILD);
    CHECK_ERR(waitpid(-b, NULL, 0), ECHILD);
    kill(a, SIGKILL);
    siginfo_t si;
    CHECK_OK(waitid_(P_PGID, a, &si, WEXITED, NULL));
    CHECK_EQ(si.si_pid, a);
}

TEST(waitid_fields) {
    pid_t pid = child_exiting(7);
    siginfo_t si;
    memset(&si, 0x55, sizeof si);
    CHECK_EQ(waitid_(P_PID, pid, &si, WEXITED, NULL), 0);
    CHECK_EQ(si.si_signo, SIGCHLD);
    CHECK_EQ(si.si_code, CLD_EXITED);
    CHECK_EQ(si.si_status, 7);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_uid, getuid());
    CHECK_EQ(si.si_errno, 0);
    pid = pausing();
    kill(pid, SIGTERM);
    CHECK_EQ(waitid_(P_PID, pid, &si, WEXITED, NULL), 0);
    CHECK_EQ(si.si_code, CLD_KILLED);
    CHECK_EQ(si.si_status, SIGTERM);
}

TEST(waitid_core_dumped_code) {
    pid_t pid;
    siginfo_t si;
    FORK(pid) { setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }); abort(); }
    CHECK_EQ(waitid_(P_PID, pid, &si, WEXITED, NULL), 0);
    CHECK(si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED);
    CHECK_EQ(si.si_status, SIGABRT);
}

TEST(waitid_nohang_clears_info) {
    pid_t pid = pausing();
    siginfo_t si;
    memset(&si, 0x55, sizeof si);
    CHECK_EQ(waitid_(P_PID, pid, &si, WEXITED | WNOHANG, NULL), 0);
    CHECK_EQ(si.si_signo, 0);
    CHECK_EQ(si.si_pid, 0);
    CHECK_EQ(waitid_(P_PID, pid, NULL, WEXITED | WNOHANG, NULL), 0);
    kill(pid, SIGKILL);
    reap(pid);
}

TEST(waitid_nowait_leaves_the_child) {
    pid_t pid = child_exiting(9);
    siginfo_t si;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(waitid_(P_PID, pid, &si, WEXITED | WNOWAIT, NULL), 0);
        CHECK_EQ(si.si_status, 9);
    }
    CHECK_EQ(exit_of(pid), 9);
}

TEST(waitid_bad_arguments) {
    pid_t pid = child_exiting(0);
    siginfo_t si;
    CHECK_ERR(waitid_(P_PID, pid, &si, 0, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PID, pid, &si, WNOHANG, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PID, pid, &si, WEXITED | 0x40, NULL), EINVAL);
    CHECK_ERR(waitid_(17, pid, &si, WEXITED, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PID, 0, &si, WEXITED, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PID, -1, &si, WEXITED, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PGID, -1, &si, WEXITED, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PIDFD, -1, &si, WEXITED, NULL), EINVAL);
    CHECK_ERR(waitid_(P_PIDFD, 200, &si, WEXITED, NULL), EBADF);
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERR(waitid_(P_PIDFD, fd, &si, WEXITED, NULL), EBADF);
    CHECK_ERR(waitid_(P_PID, pid, BAD, WEXITED, NULL), EFAULT);
    CHECK_ERR(waitid_(P_PID, pid, NULL, WEXITED, NULL), ECHILD);
}

TEST(waitid_pidfd) {
    pid_t pid = pausing();
    int fd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    siginfo_t si;
    CHECK_EQ(waitid_(P_PIDFD, fd, &si, WEXITED | WNOHANG, NULL), 0);
    CHECK_EQ(si.si_pid, 0);
    kill(pid, SIGKILL);
    CHECK_EQ(waitid_(P_PIDFD, fd, &si, WEXITED, NULL), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK_ERR(waitid_(P_PIDFD, fd, &si, WEXITED, NULL), ECHILD);
    fd = CHECK_OK(syscall(SYS_pidfd_open, pausing(), O_NONBLOCK));
    CHECK_ERR(waitid_(P_PIDFD, fd, &si, WEXITED, NULL), EAGAIN);
}

TEST(stopped_and_continued) {
    pid_t pid = pausing();
    int status;
    siginfo_t si;
    kill(pid, SIGSTOP);
    CHECK_STOPS(pid, SIGSTOP);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
    kill(pid, SIGCONT);
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    CHECK_EQ(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
    kill(pid, SIGTSTP);
    CHECK_EQ(waitid_(P_PID, pid, &si, WSTOPPED, NULL), 0);
    CHECK_EQ(si.si_code, CLD_STOPPED);
    CHECK_EQ(si.si_status, SIGTSTP);
    kill(pid, SIGCONT);
    CHECK_EQ(waitid_(P_PID, pid, &si, WCONTINUED | WNOWAIT, NULL), 0);
    CHECK_EQ(si.si_code, CLD_CONTINUED);
    CHECK_EQ(si.si_status, SIGCONT);
    CHECK_EQ(waitid_(P_PID, pid, &si, WCONTINUED, NULL), 0);
    kill(pid, SIGKILL);
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(stop_not_reported_without_option) {
    pid_t pid = pausing();
    kill(pid, SIGSTOP);
    await_state(pid, "T");
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(kill_ends_a_stopped_child) {
    pid_t pid = pausing();
    kill(pid, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    kill(pid, SIGTERM);
    sleep_ms(30);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGCONT);
    CHECK_EQ(exit_of(pid), -SIGTERM);
}

TEST(sigchld_on_exit) {
    handle_info(SIGCHLD, on_info, 0);
    pid_t pid = child_exiting(5);
    while (!caught) sleep_ms(1);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_uid, getuid());
    CHECK_EQ(info.si_status, 5);
    CHECK_EQ(exit_of(pid), 5);
}

TEST(sigchld_on_stop_and_continue) {
    handle_info(SIGCHLD, on_info, 0);
    pid_t pid = pausing();
    kill(pid, SIGSTOP);
    while (caught < 1) sleep_ms(1);
    CHECK_EQ(info.si_code, CLD_STOPPED);
    CHECK_EQ(info.si_status, SIGSTOP);
    kill(pid, SIGCONT);
    while (caught < 2) sleep_ms(1);
    CHECK_EQ(info.si_code, CLD_CONTINUED);
    CHECK_EQ(info.si_status, SIGCONT);
    kill(pid, SIGKILL);
    while (caught < 3) sleep_ms(1);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGKILL);
}

TEST(nocldstop_silences_stops) {
    handle_info(SIGCHLD, on_info, SA_NOCLDSTOP);
    pid_t pid = pausing();
    int status;
    kill(pid, SIGSTOP);
    while (waitpid(pid, &status, WUNTRACED) != pid) { }
    kill(pid, SIGCONT);
    while (waitpid(pid, &status, WCONTINUED) != pid) { }
    CHECK_EQ(caught, 0);
    kill(pid, SIGKILL);
    reap(pid);
    CHECK_EQ(caught, 1);
}

TEST(ignored_sigchld_reaps_by_itself) {
    signal(SIGCHLD, SIG_IGN);
    pid_t pid = child_exiting(0);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
    CHECK_ERR(kill(pid, 0), ESRCH);
    CHECK_ERR(wait(NULL), ECHILD);
}

TEST(nocldwait_reaps_but_signals) {
    handle(SIGCHLD, on_signal, SA_NOCLDWAIT);
    pid_t pid = child_exiting(0);
    while (!caught) sleep_ms(1);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

TEST(wait_blocks_until_last_child_with_ignored_sigchld) {
    signal(SIGCHLD, SIG_IGN);
    long long t0 = now_ns();
    pid_t pid;
    FORK(pid) sleep_ms(100);
    child_exiting(0);
    CHECK_ERR(wait(NULL), ECHILD);
    CHECK(now_ns() - t0 >= 100 * MS);
}

TEST(wait_interrupted_and_restarted) {
    pid_t pid;
    handle(SIGUSR1, on_signal, 0);
    FORK(pid) { sleep_ms(50); kill(getppid(), SIGUSR1); for (;;) pause(); }
    CHECK_ERR(waitpid(pid, NULL, 0), EINTR);
    kill(pid, SIGKILL);
    reap(pid);
    handle(SIGUSR1, on_signal, SA_RESTART);
    FORK(pid) { sleep_ms(50); kill(getppid(), SIGUSR1); sleep_ms(30); _exit(8); }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 8);
    CHECK_EQ(caught, 2 * SIGUSR1);
}

TEST(zombie_is_still_a_process) {
    pid_t pid = child_exiting(0);
    await_state(pid, "Z");
    CHECK_OK(kill(pid, 0));
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_EQ(getpgid(pid), getpgrp());
    CHECK_EQ(reap(pid), 0);
    CHECK_ERR(kill(pid, 0), ESRCH);
    CHECK_ERR(getpgid(pid), ESRCH);
}

// --- orphans ---

TEST(orphan_goes_to_init_or_reaper) {
    int fds[2];
    pid_t pid, seen[2];
    CHECK_OK(pipe(fds));
    FORK(pid) {
        pid_t inner, parent = getpid();
        FORK(inner) {
            while (getppid() == parent) sleep_ms(2);
            seen[0] = getppid();
            seen[1] = parent;
            write(fds[1], seen, sizeof seen);
        }
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(read(fds[0], seen, sizeof seen), sizeof seen);
    CHECK_EQ(seen[1], pid);
    CHECK(seen[0] != pid && seen[0] != getpid());
}

TEST(subreaper_adopts) {
    pid_t pid, inner = 0;
    int flag = 0, status;
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
    CHECK_EQ(flag, 1);
    pid_t *words = shared(4096);
    FORK(pid) {
        pid_t me = getpid();
        FORK(inner) {
            while (getppid() == me) sleep_ms(2);
            words[0] = getppid();
            _exit(6);
        }
        words[1] = inner;
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(wait(&status), words[1]);
    CHECK_EQ(WEXITSTATUS(status), 6);
    CHECK_EQ(words[0], getpid());
}

TEST(subreaper_not_inherited_but_effective_below) {
    pid_t pid;
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    FORK(pid) {
        int flag = 1;
        CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
        CHECK_EQ(flag, 0);
        // Two levels further down, still adopted by the test.
        pid_t mid;
        FORK(mid) {
            pid_t leaf, me = getpid();
            FORK(leaf) {
                while (getppid() == me) sleep_ms(2);
                _exit(getppid() == getpgrp() ? 13 : 14);
            }
        }
        CHECK_EQ(exit_of(mid), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
    int status;
    CHECK(wait(&status) > 0);
    CHECK_EQ(WEXITSTATUS(status), 13);
}

TEST(parent_death_signal) {
    int fds[2];
    pid_t pid, inner;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        FORK(inner) {
            close(fds[0]);
            CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGTERM));
            put_byte(fds[1]);
            for (;;) pause();
        }
        get_byte(fds[0]);
    }
    close(fds[1]);
    CHECK_EQ(exit_of(pid), 0);
    // The pipe ends when the grandchild, its last writer, is gone.
    CHECK_EQ(get_byte(fds[0]), -1);
}

// --- rusage and times ---

static void burn(int ms) {
    long long t0 = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - t0 < ms * MS) { }
}

static long long usec(struct timeval tv) { return tv.tv_sec * 1000000LL + tv.tv_usec; }

TEST(rusage_of_waited_child) {
    pid_t pid;
    struct rusage ru, all;
    FORK(pid) { burn(60); }
    memset(&ru, 0, sizeof ru);
    CHECK_EQ(wait4(pid, NULL, 0, &ru), pid);
    CHECK(usec(ru.ru_utime) + usec(ru.ru_stime) >= 40000);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &all));
    CHECK(usec(all.ru_utime) + usec(all.ru_stime) >= 40000);
}

TEST(rusage_of_unwaited_child_not_counted) {
    struct rusage all;
    pid_t pid;
    FORK(pid) burn(50);
    await_state(pid, "Z");
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &all));
    CHECK(usec(all.ru_utime) + usec(all.ru_stime) < 30000);
    reap(pid);
}

TEST(rusage_self_and_thread) {
    struct rusage self, thread;
    burn(40);
    CHECK_OK(getrusage(RUSAGE_SELF, &self));
    CHECK_OK(getrusage(RUSAGE_THREAD, &thread));
    CHECK(usec(self.ru_utime) + usec(self.ru_stime) >= 25000);
    CHECK(usec(thread.ru_utime) + usec(thread.ru_stime) >= 25000);
    CHECK(self.ru_maxrss > 0);
    CHECK_ERR(getrusage(77, &self), EINVAL);
    CHECK_ERR(getrusage(RUSAGE_SELF, BAD), EFAULT);
}

TEST(times_of_children) {
    struct tms { long utime, stime, cutime, cstime; } t;
    pid_t pid;
    FORK(pid) burn(80);
    reap(pid);
    CHECK(syscall(SYS_times, &t) != -1);
    CHECK(t.cutime + t.cstime >= 5);
    CHECK_ERR(syscall(SYS_times, BAD), EFAULT);
    CHECK(syscall(SYS_times, NULL) > 0);
}

TEST(waitid_rusage) {
    struct rusage ru;
    siginfo_t si;
    pid_t pid;
    FORK(pid) burn(40);
    CHECK_EQ(waitid_(P_ALL, 0, &si, WEXITED, &ru), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK(usec(ru.ru_utime) + usec(ru.ru_stime) >= 20000);
}

// --- threads and waiting ---

static void *reap_thread(void *arg) { return (void *)(long)exit_of(*(pid_t *)arg); }

TEST(thread_waits_for_siblings_child) {
    pthread_t t;
    void *code;
    pid_t pid = child_exiting(11);
    pthread_create(&t, NULL, reap_thread, &pid);
    pthread_join(t, &code);
    CHECK_EQ((long)code, 11);
}

TEST(wnothread_sees_own_children_only) {
    pthread_t t;
    pid_t pid = child_exiting(11);
    void *other(void *unused UNUSED) { return (void *)(long)(waitpid(-1, NULL, __WNOTHREAD) == -1 ? errno : 0); }
    void *error;
    pthread_create(&t, NULL, other, NULL);
    pthread_join(t, &error);
    CHECK_EQ((long)error, ECHILD);
    CHECK_EQ(waitpid(pid, NULL, __WNOTHREAD), pid);
}

TEST(two_waiters_one_child) {
    pthread_t t;
    pid_t pid;
    FORK(pid) { sleep_ms(60); _exit(2); }
    void *other(void *arg) { return (void *)(long)waitpid(*(pid_t *)arg, NULL, 0); }
    void *got;
    pthread_create(&t, NULL, other, &pid);
    long mine = waitpid(pid, NULL, 0);
    pthread_join(t, &got);
    CHECK((mine == pid && (long)got == -1) || (mine == -1 && (long)got == pid));
}

// PID namespaces (pid_namespaces(7)): numbers, who reaches whom, the first process and its end.
#include "help.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/kcmp.h>
#include <mqueue.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702
#define NS_GET_NSTYPE 0xb703
#define NS_GET_PID_FROM_PIDNS 0x8004b706
#define NS_GET_TGID_IN_PIDNS 0x8004b709

// Like FORK: the block is the first process of a new PID namespace.
#define FIRST(P) for ((P) = clone_new(); (P) == 0; _exit(0))

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }

static pid_t clone_new(void) {
    need_root();
    return CHECK_OK(clone_with(CLONE_NEWPID | SIGCHLD));
}

static pid_t clone3_with(struct clone_args *args) { return syscall(SYS_clone3, args, sizeof *args); }

// Clone3 with the numbers that are asked for, the innermost first.
static pid_t clone_as(int count, pid_t *numbers, uint64_t flags) {
    struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD, .set_tid = (uintptr_t) numbers, .set_tid_size = count };
    return clone3_with(&args);
}

static const char *link_of(pid_t pid, const char *kind) {
    static char text[2][64];
    static int turn;
    char path[64], *to = text[turn ^= 1];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
    ssize_t n = readlink(path, to, 63);
    if (n < 0) return strerrorname_np(errno);
    to[n] = 0;
    return to;
}

static int ns_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
    return CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
}

// One line of a file of proc without its key, or "".
static const char *line_of(const char *path, const char *key) {
    char *text = read_file(path);
    size_t n = strlen(key);
    for (char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        if (strncmp(at, key, n) != 0) continue;
        char *end = strchr(at, '\n');
        if (end) *end = 0;
        return at + n;
    }
    return "";
}

static const char *status_of(const char *pid, const char *key) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    return line_of(path, key);
}

// A procfs of the caller's namespace, in a mount namespace of its own.
static void own_proc(void) {
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK_OK(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

// A first process that waits until its end is told by the pipe being closed.
static pid_t waiting_first(int *writer) {
    int ready[2], go[2];
    pid_t pid;
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    FIRST(pid) {
        close(go[1]);
        close(ready[1]);
        get_byte(go[0]);
    }
    close(ready[1]);
    close(go[0]);
    CHECK_EQ(get_byte(ready[0]), -1);
    close(ready[0]);
    *writer = go[1];
    return pid;
}

// ---- numbers
TEST(first_process_is_1) {
    pid_t pid;
    FIRST(pid) {
        CHECK_EQ(getpid(), 1);
        CHECK_EQ(gettid_(), 1);
        CHECK_EQ(getppid(), 0);
        CHECK_EQ(getpid(), 1);
        CHECK_EQ(getpgrp(), 0);
        CHECK_EQ(getpgid(0), 0);
        CHECK_EQ(getsid(0), 0);
        CHECK_EQ(getsid(1), 0);
        CHECK_EQ(syscall(SYS_set_tid_address, NULL), 1);
        pid_t child;
        FORK(child) {
            CHECK_EQ(getpid(), 2);
            CHECK_EQ(gettid_(), 2);
            CHECK_EQ(getppid(), 1);
            CHECK_EQ(getpgrp(), 0);
            CHECK_EQ(setsid(), 2);
            CHECK_EQ(getpgrp(), 2);
            CHECK_EQ(getsid(0), 2);
        }
        CHECK_EQ(child, 2);
        CHECK_EQ(exit_of(child), 0);
        FORK(child) CHECK_EQ(getpid(), 3);
        CHECK_EQ(child, 3);
        CHECK_EQ(exit_of(3), 0);
        CHECK_EQ(setsid(), 1);
        CHECK_EQ(getpgid(1), 1);
    }
    CHECK(pid > 1);
    CHECK_EQ(exit_of(pid), 0);
}

static void *thread_number(void *unused) { return (void *) (long) (gettid_() * 1000 + getpid()); }

TEST(numbers_of_threads) {
    pid_t pid;
    FIRST(pid) {
        pthread_t thread;
        void *result;
        CHECK_RC(pthread_create(&thread, NULL, thread_number, NULL), 0);
        CHECK_RC(pthread_join(thread, &result), 0);
        CHECK_EQ((long) result, 2001);
        CHECK_EQ(syscall(SYS_tgkill, 1, 1, 0), 0);
        CHECK_ERR(syscall(SYS_tgkill, 1, 2, 0), ESRCH);
        pid_t child = SPAWN({ CHECK_EQ(getpid(), 3); });
        CHECK_EQ(exit_of(child), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(unshare_is_for_children) {
    need_root();
    pid_t before = getpid(), pid;
    char own[64];
    strcpy(own, link_of(before, "pid"));
    CHECK_OK(unshare(CLONE_NEWPID));
    CHECK_EQ(getpid(), before);
    CHECK_STR(link_of(before, "pid"), own);
    CHECK_STR(link_of(before, "pid_for_children"), "ENOENT");
    // A second one would have nobody in between.
    CHECK_ERR(unshare(CLONE_NEWPID), EINVAL);
    CHECK_ERR(clone_with(CLONE_NEWPID | SIGCHLD), EINVAL);
    // Threads stay where their process is.
    pthread_t thread;
    CHECK_RC(pthread_create(&thread, NULL, thread_number, NULL), EINVAL);
    int go[2];
    CHECK_OK(pipe(go));
    FORK(pid) {
        close(go[1]);
        CHECK_EQ(getpid(), 1);
        CHECK_EQ(getppid(), 0);
        get_byte(go[0]);
    }
    CHECK(pid > 1);
    CHECK(strcmp(link_of(before, "pid_for_children"), own) != 0);
    CHECK_STR(link_of(before, "pid_for_children"), link_of(pid, "pid"));
    pid_t second;
    FORK(second) {
        CHECK_EQ(getpid(), 2);
        CHECK_EQ(getppid(), 0);
        CHECK_EQ(kill(1, 0), 0);
    }
    CHECK_EQ(exit_of(second), 0);
    close(go[1]);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(clone_with(SIGCHLD), ENOMEM);
    CHECK_ERR(clone_with(SIGCHLD), ENOMEM);
}

TEST(clone_flags) {
    need_root();
    CHECK_ERR(clone_with(CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM), EINVAL);
    pid_t pid;
    FIRST(pid) {
        CHECK_ERR(clone_with(CLONE_PARENT | SIGCHLD), EINVAL);
        // A sibling of one that is not the first.
        pid_t child;
        FORK(child) {
            pid_t sibling = CHECK_OK(clone_with(CLONE_PARENT | SIGCHLD));
            if (sibling == 0) {
                CHECK_EQ(getppid(), 1);
                _exit(7);
            }
            CHECK_EQ(sibling, 3);
        }
        CHECK_EQ(exit_of(child), 0);
        CHECK_EQ(exit_of(3), 7);
        // Shared memory is no reason against it.
        int *seen = shared(4096);
        child = CHECK_OK(vfork());
        if (child == 0) {
            *seen = getpid();
            _exit(0);
        }
        CHECK_EQ(child, 4);
        CHECK_EQ(*seen, 4);
        CHECK_EQ(exit_of(child), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(ordinary_users_may_not) {
    become_user();
    CHECK_ERR(unshare(CLONE_NEWPID), EPERM);
    CHECK_ERR(clone_with(CLONE_NEWPID | SIGCHLD), EPERM);
    int fd = ns_of(getpid());
    CHECK_ERR(setns(fd, CLONE_NEWPID), EPERM);
    pid_t wanted = 20000;
    CHECK_ERR(clone_as(1, &wanted, 0), EPERM);
}

TEST(numbers_that_clone_writes) {
    need_root();
    pid_t *word = shared(4096), inner = 0;
    pid_t pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWPID | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &word[0], &inner, 0));
    if (pid == 0) {
        word[1] = inner;
        pid_t child = CHECK_OK(syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &word[2], &inner, 0));
        if (child == 0) {
            word[3] = inner;
            _exit(0);
        }
        CHECK_EQ(exit_of(child), 0);
        _exit(0);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(word[0], pid);
    CHECK_EQ(word[1], 1);
    CHECK_EQ(word[2], 2);
    CHECK_EQ(word[3], 2);
}

TEST(chosen_numbers) {
    pid_t pid;
    FIRST(pid) {
        pid_t wanted[3] = { 300, 0, 0 };
        pid_t child = CHECK_OK(clone_as(1, wanted, 0));
        if (child == 0) {
            CHECK_EQ(getpid(), 300);
            pause();
        }
        CHECK_EQ(child, 300);
        CHECK_ERR(clone_as(1, wanted, 0), EEXIST);
        wanted[0] = 1;
        CHECK_ERR(clone_as(1, wanted, 0), EEXIST);
        wanted[0] = 0;
        CHECK_ERR(clone_as(1, wanted, 0), EINVAL);
        wanted[0] = -5;
        CHECK_ERR(clone_as(1, wanted, 0), EINVAL);
        wanted[0] = 1 << 30;
        CHECK_ERR(clone_as(1, wanted, 0), EINVAL);
        CHECK_ERR(clone_as(33, wanted, 0), EINVAL);
        CHECK_ERR(clone_as(1, BAD, 0), EFAULT);
        CHECK_ERR(clone_as(0, wanted, 0), EINVAL);
        CHECK_ERR(clone_as(1, NULL, 0), EINVAL);
        // The next one does not follow it.
        pid_t next = SPAWN({ CHECK_EQ(getpid(), 2); });
        CHECK_EQ(exit_of(next), 0);
        CHECK_OK(kill(300, SIGKILL));
        CHECK_EQ(exit_of(300), -SIGKILL);
        // Free again.
        wanted[0] = 300;
        child = CHECK_OK(clone_as(1, wanted, 0));
        if (child == 0) _exit(getpid() != 300);
        CHECK_EQ(exit_of(300), 0);
        // In a new namespace the first one is 1 and nothing else.
        wanted[0] = 2;
        CHECK_ERR(clone_as(1, wanted, CLONE_NEWPID), EINVAL);
        wanted[0] = 1;
        wanted[1] = 500;
        child = CHECK_OK(clone_as(2, wanted, CLONE_NEWPID));
        if (child == 0) _exit(getpid() != 1);
        CHECK_EQ(child, 500);
        CHECK_EQ(exit_of(500), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(chosen_numbers_are_not_of_outside) {
    pid_t pid;
    FIRST(pid) {
        // As many as there are levels from here down: not all that Linux knows would do for a process in the first one.
        pid_t wanted[33];
        for (int i = 0; i < 33; i++) wanted[i] = 700 + i;
        CHECK_ERR(clone_as(32, wanted, 0), EINVAL);
    }
    CHECK_EQ(exit_of(pid), 0);
}

// ---- waiting
TEST(parent_waits_by_its_own_numbers) {
    int writer;
    pid_t pid = waiting_first(&writer);
    siginfo_t info = { 0 };
    CHECK_ERR(waitpid(1, NULL, WNOHANG), ECHILD);
    CHECK_ERR(waitid(P_PID, 1, &info, WEXITED | WNOHANG), ECHILD);
    close(writer);
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(waiting_inside) {
    pid_t pid;
    FIRST(pid) {
        pid_t a = SPAWN({ CHECK_OK(setpgid(0, 0)); _exit(3); });
        CHECK_EQ(a, 2);
        setpgid(a, a);
        siginfo_t info = { 0 };
        CHECK_OK(waitid(P_PGID, a, &info, WEXITED | WNOWAIT));
        CHECK_EQ(info.si_pid, 2);
        CHECK_EQ(waitpid(-2, NULL, 0), 2);
        // By the group it is in, though that has no number here.
        pid_t b = SPAWN({});
        CHECK_EQ(waitpid(0, NULL, 0), b);
        CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
        // Somebody else's group.
        CHECK_ERR(setpgid(0, 77), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

static volatile sig_atomic_t got_signal, got_pid, got_code, got_count;
static void take_signal(int sig, siginfo_t *info, void *context) {
    got_signal = sig;
    got_pid = info->si_pid;
    got_code = info->si_code;
    got_count++;
}

TEST(sigchld_has_the_receivers_number) {
    handle_info(SIGCHLD, take_signal, 0);
    mask(SIG_BLOCK, SIGCHLD);
    pid_t pid;
    FIRST(pid) {
        handle_info(SIGCHLD, take_signal, 0);
        sigset_t none = set_of(0);
        pid_t child = SPAWN({});
        sigsuspend(&none);
        CHECK_EQ(got_pid, 2);
        CHECK_EQ(exit_of(child), 0);
    }
    sigset_t none = set_of(0);
    sigsuspend(&none);
    CHECK_EQ(got_pid, pid);
    CHECK_EQ(exit_of(pid), 0);
}

// ---- signals
TEST(nobody_outside_is_reached) {
    need_root();
    pid_t outside = getpid(), group = getpgrp(), session = getsid(0), parent = getppid(), pid;
    int first = 0;
    handle_info(SIGUSR1, take_signal, 0);
    FIRST(pid) {
        pid_t numbers[] = { outside, group, session, parent };
        for (int i = 0; i < 4; i++) {
            pid_t other = numbers[i];
            if (other < 10) continue;
            CHECK_ERR(kill(other, 0), ESRCH);
            CHECK_ERR(kill(other, SIGUSR1), ESRCH);
            CHECK_ERR(kill(-other, SIGUSR1), ESRCH);
            CHECK_ERR(syscall(SYS_tkill, other, SIGUSR1), ESRCH);
            CHECK_ERR(syscall(SYS_tgkill, other, other, SIGUSR1), ESRCH);
            siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
            CHECK_ERR(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), ESRCH);
            CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, other, other, SIGUSR1, &info), ESRCH);
            CHECK_ERR(syscall(SYS_pidfd_open, other, 0), ESRCH);
            CHECK_ERR(getpgid(other), ESRCH);
            CHECK_ERR(getsid(other), ESRCH);
            CHECK_ERR(setpgid(other, 0), ESRCH);
            CHECK_ERR(setpgid(0, other), EPERM);
            CHECK_ERR(sched_getscheduler(other), ESRCH);
            cpu_set_t cpus;
            CHECK_ERR(sched_getaffinity(other, sizeof cpus, &cpus), ESRCH);
            CHECK_ERR(getpriority(PRIO_PROCESS, other), ESRCH);
            CHECK_ERR(setpriority(PRIO_PGRP, other, 1), ESRCH);
            CHECK_ERR(syscall(SYS_ioprio_get, 1, other), ESRCH);
            struct rlimit limit;
            CHECK_ERR(prlimit(other, RLIMIT_NOFILE, NULL, &limit), ESRCH);
            char byte;
            struct iovec one = { &byte, 1 }, there = { &first, 1 };
            CHECK_ERR(process_vm_readv(other, &one, 1, &there, 1, 0), ESRCH);
            CHECK_ERR(syscall(SYS_kcmp, 1, other, KCMP_VM, 0, 0), ESRCH);
            size_t size;
            void *head;
            CHECK_ERR(syscall(SYS_get_robust_list, other, &head, &size), ESRCH);
            clockid_t clock;
            CHECK(clock_getcpuclockid(other, &clock) != 0);
            struct { uint32_t version; int pid; } header = { 0x20080522, other };
            uint32_t sets[6];
            CHECK_ERR(syscall(SYS_capget, &header, sets), ESRCH);
            int pipe_[2];
            CHECK_OK(pipe(pipe_));
            CHECK_ERR(fcntl(pipe_[0], F_SETOWN, other), ESRCH);
            CHECK_ERR(fcntl(pipe_[0], F_SETOWN, -other), ESRCH);
            struct f_owner_ex owner = { F_OWNER_TID, other };
            CHECK_ERR(fcntl(pipe_[0], F_SETOWN_EX, &owner), ESRCH);
            close(pipe_[0]);
            close(pipe_[1]);
        }
        // Nobody is there but the first process, which is spared.
        CHECK_ERR(kill(-1, SIGUSR1), ESRCH);
        pid_t child = pausing();
        CHECK_OK(kill(-1, SIGKILL));
        CHECK_EQ(exit_of(child), -SIGKILL);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(got_count, 0);
}

TEST(a_common_group_is_reached) {
    // As on Linux: kill(0) is for the group, wherever its members are; they learn the sender's own number.
    need_root();
    CHECK_OK(setpgid(0, 0));
    handle_info(SIGUSR1, take_signal, 0);
    pid_t pid;
    FIRST(pid) CHECK_OK(kill(0, SIGUSR1));
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(got_count, 1);
    CHECK_EQ(got_pid, 1);
}

TEST(first_process_is_safe_from_inside) {
    pid_t pid;
    FIRST(pid) {
        int signals[] = { SIGKILL, SIGSTOP, SIGTERM, SIGHUP, SIGSEGV, SIGTSTP, SIGABRT, SIGRTMIN };
        for (int i = 0; i < 8; i++) {
            pid_t child = SPAWN({
                CHECK_OK(kill(1, signals[i]));
                CHECK_OK(syscall(SYS_tgkill, 1, 1, signals[i]));
                // What it says of its sender does not count.
                siginfo_t info = { .si_signo = signals[i], .si_code = SI_QUEUE };
                CHECK_OK(syscall(SYS_rt_sigqueueinfo, 1, signals[i], &info));
                int fd = CHECK_OK(syscall(SYS_pidfd_open, 1, 0));
                CHECK_OK(syscall(SYS_pidfd_send_signal, fd, signals[i], NULL, 0));
            });
            CHECK_EQ(exit_of(child), 0);
            CHECK_OK(kill(1, signals[i]));
        }
        // A child's end is told as its parent asked: no way either.
        pid_t child = CHECK_OK(clone_with(SIGKILL));
        if (child == 0) _exit(0);
        CHECK_EQ(exit_of(child), 0);
        handle_info(SIGTERM, take_signal, 0);
        child = SPAWN({ CHECK_OK(kill(1, SIGTERM)); });
        CHECK_EQ(exit_of(child), 0);
        CHECK_EQ(got_count, 1);
        CHECK_EQ(got_pid, child);
        CHECK_EQ(got_code, SI_USER);
        _exit(17);
    }
    CHECK_EQ(exit_of(pid), 17);
}

TEST(first_process_hears_from_outside) {
    int writer;
    pid_t pid = waiting_first(&writer);
    CHECK_OK(kill(pid, SIGTERM)); // no handler: nothing
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_STOPS(pid, SIGSTOP);
    CHECK_OK(kill(pid, SIGCONT));
    close(writer);
    CHECK_EQ(exit_of(pid), 0);

    int ready[2];
    CHECK_OK(pipe(ready));
    FIRST(pid) {
        handle_info(SIGTERM, take_signal, 0);
        put_byte(ready[1]);
        while (!got_count) sleep_ms(1);
        _exit(got_pid == 0 && got_code == SI_USER ? 5 : 6);
    }
    get_byte(ready[0]);
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_EQ(exit_of(pid), 5);

    pid = waiting_first(&writer);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(parent_death_signal) {
    need_root();
    int ready[2];
    CHECK_OK(pipe(ready));
    pid_t pid;
    FORK(pid) {
        pid_t first;
        FIRST(first) {
            handle_info(SIGUSR2, take_signal, 0);
            CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR2));
            put_byte(ready[1]);
            for (int i = 0; !got_count && i < 3000; i++) sleep_ms(1);
            CHECK_EQ(got_count, 1);
            CHECK_EQ(got_pid, 0);
            put_byte(ready[1]);
        }
        get_byte(ready[0]);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(get_byte(ready[0]), 'x');
}

TEST(message_queue_notice) {
    need_root();
    char name[40];
    snprintf(name, sizeof name, "/pidns-%d", getpid());
    struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
    mqd_t queue = CHECK_OK(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes));
    mq_unlink(name);
    handle_info(SIGUSR1, take_signal, 0);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    CHECK_OK(mq_notify(queue, &event));
    pid_t pid;
    FIRST(pid) CHECK_OK(mq_send(queue, "a", 1, 0));
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(got_pid, pid);
    char text[8];
    CHECK_EQ(mq_receive(queue, text, 8, NULL), 1);
    // The other way round the sender has no number.
    int ready[2], done[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(done));
    FIRST(pid) {
        got_count = 0;
        CHECK_OK(mq_notify(queue, &event));
        put_byte(ready[1]);
        for (int i = 0; !got_count && i < 3000; i++) sleep_ms(1);
        CHECK_EQ(got_count, 1);
        CHECK_EQ(got_pid, 0);
    }
    get_byte(ready[0]);
    CHECK_OK(mq_send(queue, "b", 1, 0));
    CHECK_EQ(exit_of(pid), 0);
}

// ---- the end of the first process
TEST(everybody_ends_with_the_first) {
    need_root();
    int alive[2];
    CHECK_OK(pipe(alive));
    pid_t pid;
    FIRST(pid) {
        close(alive[0]);
        int ready[2];
        CHECK_OK(pipe(ready));
        pid_t child;
        FORK(child) { CHECK_OK(setsid()); put_byte(ready[1]); for (;;) pause(); }
        FORK(child) { // ignores and blocks all it can
            for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
            sigset_t all;
            sigfillset(&all);
            sigprocmask(SIG_BLOCK, &all, NULL);
            put_byte(ready[1]);
            for (;;) sleep_ms(1000);
        }
        FORK(child) { put_byte(ready[1]); for (;;) { } } // runs
        FORK(child) { put_byte(ready[1]); raise(SIGSTOP); for (;;) pause(); }
        FORK(child) { // an orphan
            FORK(child) { put_byte(ready[1]); for (;;) pause(); }
        }
        pid_t inner = CHECK_OK(clone_with(CLONE_NEWPID | SIGCHLD));
        if (inner == 0) { // a namespace below
            FORK(child) { put_byte(ready[1]); for (;;) pause(); }
            put_byte(ready[1]);
            for (;;) pause();
        }
        FORK(child) { put_byte(ready[1]); } // a zombie
        for (int i = 0; i < 8; i++) CHECK_EQ(get_byte(ready[0]), 'x');
        _exit(9);
    }
    close(alive[1]);
    CHECK_EQ(exit_of(pid), 9);
    // By then all are gone, with the ends of the pipe that they held.
    CHECK_OK(fcntl(alive[0], F_SETFL, O_NONBLOCK));
    char c;
    CHECK_EQ(read(alive[0], &c, 1), 0);
}

TEST(also_when_it_is_killed) {
    int alive[2], ready[2];
    CHECK_OK(pipe(alive));
    CHECK_OK(pipe(ready));
    pid_t pid;
    FIRST(pid) {
        close(alive[0]);
        pid_t child;
        for (int i = 0; i < 20; i++) FORK(child) { put_byte(ready[1]); for (;;) pause(); }
        for (;;) pause();
    }
    close(alive[1]);
    for (int i = 0; i < 20; i++) get_byte(ready[0]);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_EQ(exit_of(pid), -SIGKILL);
    CHECK_OK(fcntl(alive[0], F_SETFL, O_NONBLOCK));
    char c;
    CHECK_EQ(read(alive[0], &c, 1), 0);
}

// Each ends once its child is there: always as many as there were, never the same.
static void runner(void) {
    for (;;) {
        pid_t child = clone_with(SIGCHLD);
        if (child > 0) _exit(0);
        if (child < 0) sleep_ms(1);
    }
}

TEST_SLOW(ends_among_processes_that_fork, 30) {
    for (int round = 0; round < 5; round++) {
        int alive[2], ready[2];
        CHECK_OK(pipe(alive));
        CHECK_OK(pipe(ready));
        pid_t pid;
        FIRST(pid) {
            close(alive[0]);
            signal(SIGCHLD, SIG_IGN);
            pid_t child;
            for (int i = 0; i < 12; i++) FORK(child) { put_byte(ready[1]); runner(); }
            for (int i = 0; i < 12; i++) CHECK_EQ(get_byte(ready[0]), 'x');
            sleep_ms(10 * round);
            _exit(4);
        }
        close(alive[1]);
        CHECK_EQ(exit_of(pid), 4);
        CHECK_OK(fcntl(alive[0], F_SETFL, O_NONBLOCK));
        char c;
        CHECK_EQ(read(alive[0], &c, 1), 0);
        close(alive[0]);
        close(ready[0]);
        close(ready[1]);
    }
}

TEST(orphans_go_to_the_first) {
    need_root();
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1)); // gets none of them
    pid_t pid;
    FIRST(pid) {
        int end[2];
        CHECK_OK(pipe(end));
        pid_t child;
        FORK(child) {
            FORK(child) {
                close(end[1]);
                get_byte(end[0]);
                _exit(getppid() == 1 ? 11 : 12);
            }
        }
        CHECK_EQ(exit_of(child), 0);
        close(end[1]);
        CHECK_EQ(exit_of(3), 11);
        // To a subreaper inside.
        FORK(child) {
            CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
            pid_t middle;
            FORK(middle) {
                pid_t leaf;
                FORK(leaf) { await_state(middle, "?"); sleep_ms(20); _exit(getppid() == 4 ? 13 : 14); }
            }
            CHECK_EQ(exit_of(middle), 0);
            CHECK_EQ(exit_of(6), 13);
        }
        CHECK_EQ(child, 4);
        CHECK_EQ(exit_of(child), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
}

TEST(orphans_of_the_first_stay_outside) {
    // The parent of the first process ends: its next parent is outside, and no number inside.
    need_root();
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    int word[2];
    CHECK_OK(pipe(word));
    pid_t pid;
    FORK(pid) {
        pid_t first;
        FIRST(first) {
            sleep_ms(50);
            CHECK_EQ(getppid(), 0);
            _exit(21);
        }
        write(word[1], &first, sizeof first);
    }
    CHECK_EQ(exit_of(pid), 0);
    pid_t first;
    CHECK_EQ(read(word[0], &first, sizeof first), sizeof first);
    CHECK_EQ(exit_of(first), 21);
}

TEST(reboot_ends_the_first) {
    pid_t pid;
    FIRST(pid) {
        if (getpid() != 1 || getppid() != 0) _exit(1); // never anywhere else
        pid_t child = SPAWN({ reboot(RB_AUTOBOOT); });
        exit_of(child);
        for (;;) pause();
    }
    CHECK_EQ(exit_of(pid), -SIGHUP);
    FIRST(pid) {
        if (getpid() != 1 || getppid() != 0) _exit(1);
        reboot(RB_POWER_OFF);
        _exit(2);
    }
    CHECK_EQ(exit_of(pid), -SIGINT);
}

// ---- nested
TEST(three_levels) {
    need_root();
    int word[2], go[2];
    CHECK_OK(pipe(word));
    CHECK_OK(pipe(go));
    pid_t pid, outside = getpid();
    FIRST(pid) {
        pid_t filler = SPAWN({});
        CHECK_EQ(exit_of(filler), 0);
        pid_t inner;
        FIRST(inner) {
            CHECK_EQ(getpid(), 1);
            CHECK_ERR(kill(3, 0), ESRCH);
            pid_t leaf = SPAWN({ close(go[1]); get_byte(go[0]); });
            CHECK_EQ(leaf, 2);
            close(go[1]);
            CHECK_EQ(exit_of(leaf), 0);
        }
        CHECK_EQ(inner, 3);
        write(word[1], &inner, sizeof inner);
        close(go[1]);
        CHECK_EQ(exit_of(inner), 0);
    }
    pid_t inner;
    CHECK_EQ(read(word[0], &inner, sizeof inner), sizeof inner);
    // Seen from here they have all their numbers.
    char path[64], children[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    strcpy(children, read_file(path));
    pid_t seen = atoi(children);
    CHECK(seen > 1 && seen != inner);
    snprintf(path, sizeof path, "%d", seen);
    snprintf(text, sizeof text, "\t%d\t3\t1", seen);
    CHECK_STR(status_of(path, "NSpid:"), text);
    CHECK_STR(status_of(path, "NStgid:"), text);
    snprintf(text, sizeof text, "\t%d", seen);
    CHECK_STR(status_of(path, "Pid:"), text);
    snprintf(text, sizeof text, "\t%d", pid);
    CHECK_STR(status_of(path, "PPid:"), text);
    snprintf(text, sizeof text, "\t%d\t0\t0", getpgrp());
    CHECK_STR(status_of(path, "NSpgid:"), text);
    snprintf(path, sizeof path, "%d", pid);
    snprintf(text, sizeof text, "\t%d\t1", pid);
    CHECK_STR(status_of(path, "NSpid:"), text);
    CHECK(outside != pid);
    close(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

static int deeper(int level) {
    pid_t pid = clone_with(CLONE_NEWPID | SIGCHLD);
    if (pid == -1) {
        CHECK_EQ(errno, ENOSPC);
        return level;
    }
    if (pid == 0) _exit(deeper(level + 1));
    return exit_of(pid);
}

TEST(as_deep_as_it_goes) {
    need_root();
    int levels = deeper(0);
    CHECK(levels >= 16 && levels <= 32);
}

TEST_SLOW(namespaces_are_given_back, 30) {
    // More than there may be at once, by each way that one begins, is kept and ends.
    need_root();
    int own = ns_of(getpid());
    for (int i = 0; i < 300; i++) {
        pid_t pid;
        FIRST(pid) { }
        CHECK_EQ(exit_of(pid), 0);
        FORK(pid) {
            CHECK_OK(unshare(CLONE_NEWPID)); // nobody comes
        }
        CHECK_EQ(exit_of(pid), 0);
        FORK(pid) {
            CHECK_OK(unshare(CLONE_NEWPID));
            pid_t first;
            FORK(first) {
                CHECK_OK(unshare(CLONE_NEWPID));
                FORK(first) { }
                CHECK_EQ(exit_of(first), 0);
            }
            int fd = ns_of(first);
            CHECK_EQ(exit_of(first), 0);
            CHECK_OK(setns(own, CLONE_NEWPID));
            CHECK_OK(setns(fd, CLONE_NEWPID));
            close(CHECK_OK(ioctl(fd, NS_GET_PARENT)));
        }
        CHECK_EQ(exit_of(pid), 0);
        // No number for a second one.
        pid_t wanted[2] = { 1, getpid() };
        CHECK_ERR(clone_as(2, wanted, CLONE_NEWPID), EEXIST);
    }
}

// ---- proc
static const char *numbers_in(const char *directory) {
    static char all[256];
    all[0] = 0;
    DIR *dir = opendir(directory);
    CHECK(dir != NULL);
    struct dirent *entry;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            strncat(all, entry->d_name, 100);
            strcat(all, " ");
        }
    closedir(dir);
    return all;
}

static void *read_self(void *unused) {
    static char text[64];
    ssize_t n = readlink("/proc/thread-self", text, 63);
    text[n < 0 ? 0 : n] = 0;
    return text;
}

TEST(proc_of_a_namespace) {
    need_root();
    pid_t pid, outside = getpid();
    FIRST(pid) {
        char text[80] = "", path[64];
        // Until it is mounted anew, /proc is that of outside.
        CHECK(readlink("/proc/self", text, sizeof text) > 0);
        CHECK(atoi(text) > 1);
        pid_t seen = atoi(text);
        own_proc();
        memset(text, 0, sizeof text);
        CHECK(readlink("/proc/self", text, sizeof text) > 0);
        CHECK_STR(text, "1");
        CHECK_STR(numbers_in("/proc"), "1 ");
        CHECK_STR(numbers_in("/proc/self/task"), "1 ");
        pid_t child = SPAWN({ CHECK_STR(status_of("self", "PPid:"), "\t1"); for (;;) pause(); });
        CHECK_STR(numbers_in("/proc"), "1 2 ");
        CHECK_STR(status_of("2", "NSpid:"), "\t2");
        CHECK_STR(status_of("1", "PPid:"), "\t0");
        CHECK_STR(status_of("1", "NSpgid:"), "\t0");
        CHECK(strncmp(read_file("/proc/1/stat"), "1 (", 3) == 0);
        CHECK(strstr(read_file("/proc/1/stat"), ") R 0 0 0 ") != NULL);
        snprintf(path, sizeof path, "/proc/%d", outside);
        if (outside > 10) CHECK_ERR(open(path, O_RDONLY), ENOENT);
        snprintf(path, sizeof path, "/proc/%d/stat", outside);
        if (outside > 10) CHECK_ERR(open(path, O_RDONLY), ENOENT);
        snprintf(path, sizeof path, "/proc/%d", seen);
        if (seen > 10) CHECK_ERR(open(path, O_RDONLY), ENOENT);
        pthread_t thread;
        void *result;
        CHECK_RC(pthread_create(&thread, NULL, read_self, NULL), 0);
        CHECK_RC(pthread_join(thread, &result), 0);
        CHECK_STR(result, "1/task/3");
        CHECK_STR(read_file("/proc/1/task/1/children"), "2 ");
        int gone = CHECK_OK(open("/proc/2", O_RDONLY | O_DIRECTORY));
        CHECK_OK(kill(2, SIGKILL));
        CHECK_EQ(exit_of(child), -SIGKILL);
        CHECK_STR(numbers_in("/proc"), "1 ");
        CHECK_ERR(open("/proc/2/stat", O_RDONLY), ENOENT);
        CHECK_ERR2(openat(gone, "stat", O_RDONLY), ENOENT, ESRCH);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(proc_of_others) {
    need_root();
    // One in a namespace below, looked at from both.
    int ready[2], go[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    pid_t pid;
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK_OK(mkdir("p", 0755));
    FIRST(pid) {
        CHECK_OK(mount("proc", "p", "proc", 0, NULL));
        put_byte(ready[1]);
        close(go[1]);
        get_byte(go[0]);
    }
    CHECK_EQ(get_byte(ready[0]), 'x');
    CHECK_STR(numbers_in("p"), "1 ");
    char text[80], number[16];
    CHECK_ERR(readlink("p/self", text, sizeof text), ENOENT);
    CHECK_ERR(readlink("p/thread-self", text, sizeof text), ENOENT);
    CHECK_ERR(open("p/self/stat", O_RDONLY), ENOENT);
    CHECK_STR(line_of("p/1/status", "NSpid:"), "\t1");
    CHECK_STR(line_of("p/1/status", "PPid:"), "\t0");
    snprintf(number, sizeof number, "%d", pid);
    snprintf(text, sizeof text, "\t%d\t1", pid);
    CHECK_STR(status_of(number, "NSpid:"), text);
    CHECK(strcmp(link_of(pid, "pid"), link_of(getpid(), "pid")) != 0);
    // Its mount outlives the namespace, empty.
    close(go[1]);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_STR(numbers_in("p"), "");
    CHECK_ERR(open("p/1", O_RDONLY), ENOENT);
    CHECK_OK(umount("p"));
}

TEST(last_number) {
    pid_t pid;
    FIRST(pid) {
        own_proc();
        if (access("/proc/sys/kernel/ns_last_pid", F_OK) != 0) SKIP("a kernel without it");
        CHECK_STR(read_file("/proc/sys/kernel/ns_last_pid"), "1\n");
        pid_t child = SPAWN({});
        CHECK_EQ(exit_of(child), 0);
        CHECK_STR(read_file("/proc/sys/kernel/ns_last_pid"), "2\n");
        CHECK(strstr(read_file("/proc/loadavg"), " 2\n") != NULL);
        write_file("/proc/sys/kernel/ns_last_pid", "400\n");
        child = SPAWN({ CHECK_EQ(getpid(), 401); });
        CHECK_EQ(exit_of(401), 0);
        int fd = CHECK_OK(open("/proc/sys/kernel/ns_last_pid", O_WRONLY));
        CHECK_ERR(write(fd, "-1\n", 3), EINVAL);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(mounting_proc) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK_OK(mkdir("p", 0755));
    CHECK_OK(mount("any", "p", "proc", MS_NOSUID, ""));
    CHECK_ERR(mount("any", "p", "proc", 0, "no_such_option"), EINVAL);
    char text[32] = "";
    CHECK(readlink("p/self", text, sizeof text - 1) > 0);
    CHECK_EQ(atoi(text), getpid());
    CHECK(strstr(read_file("/proc/self/mounts"), "/p proc rw,nosuid") != NULL);
    CHECK(strstr(read_file("/proc/filesystems"), "nodev\tproc\n") != NULL);
    pid_t user;
    FORK(user) {
        become_user();
        CHECK_ERR(mount("any", "p", "proc", 0, NULL), EPERM);
    }
    CHECK_EQ(exit_of(user), 0);
}

// ---- files of namespaces
TEST(setns_joins) {
    int writer;
    pid_t pid = waiting_first(&writer), joined, before = getpid();
    int own = ns_of(getpid()), fd = ns_of(pid);
    CHECK_ERR(setns(fd, CLONE_NEWUTS), EINVAL);
    CHECK_OK(setns(fd, CLONE_NEWPID));
    CHECK_EQ(getpid(), before);
    CHECK_STR(link_of(before, "pid_for_children"), link_of(pid, "pid"));
    FORK(joined) {
        CHECK_EQ(getpid(), 2);
        CHECK_EQ(getppid(), 0);
        CHECK_EQ(kill(1, 0), 0);
        CHECK_ERR(kill(before, 0), ESRCH);
        // Not up again.
        CHECK_ERR(setns(own, CLONE_NEWPID), EINVAL);
        CHECK_OK(setns(fd, 0));
        pid_t child = SPAWN({ CHECK_EQ(getpid(), 3); CHECK_EQ(getppid(), 2); });
        CHECK_EQ(exit_of(child), 0);
    }
    CHECK_EQ(exit_of(joined), 0);
    // By a pidfd too; and back to one's own.
    CHECK_OK(setns(own, CLONE_NEWPID));
    pid_t here = SPAWN({ CHECK(getpid() > 3); CHECK_EQ(getppid(), before); });
    CHECK_EQ(exit_of(here), 0);
    int pidfd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    CHECK_OK(setns(pidfd, CLONE_NEWPID));
    joined = SPAWN({ CHECK_EQ(getpid(), 4); });
    CHECK_EQ(exit_of(joined), 0);
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
    // Nobody lives where the first one has ended.
    CHECK_ERR(clone_with(SIGCHLD), ENOMEM);
    CHECK_OK(setns(own, CLONE_NEWPID));
    CHECK_OK(setns(fd, CLONE_NEWPID));
    CHECK_ERR(clone_with(SIGCHLD), ENOMEM);
    CHECK_OK(setns(own, CLONE_NEWPID));
    here = SPAWN({});
    CHECK_EQ(exit_of(here), 0);
}

TEST(who_joined_is_waited_for) {
    int writer;
    pid_t pid = waiting_first(&writer), joined;
    CHECK_OK(setns(ns_of(pid), CLONE_NEWPID));
    joined = SPAWN({ close(writer); for (;;) pause(); });
    close(writer);
    // The first one's end ends the other; its parent, outside, has to know before the first one is gone.
    siginfo_t info = { 0 };
    CHECK_OK(waitid(P_PID, joined, &info, WEXITED | WNOWAIT));
    CHECK_EQ(info.si_status, SIGKILL);
    sleep_ms(30);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_EQ(exit_of(joined), -SIGKILL);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(files_of_namespaces) {
    int writer;
    pid_t pid = waiting_first(&writer);
    int own = ns_of(getpid()), fd = ns_of(pid);
    struct stat a, b;
    CHECK_EQ(ioctl(fd, NS_GET_NSTYPE), CLONE_NEWPID);
    int parent = CHECK_OK(ioctl(fd, NS_GET_PARENT));
    CHECK_OK(fstat(parent, &a));
    CHECK_OK(fstat(own, &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(fstat(fd, &b));
    CHECK(a.st_ino != b.st_ino);
    close(CHECK_OK(ioctl(fd, NS_GET_USERNS)));
    if (ioctl(fd, NS_GET_TGID_IN_PIDNS, pid) != -1 || errno != ENOTTY) {
        CHECK_EQ(ioctl(fd, NS_GET_TGID_IN_PIDNS, pid), 1);
        CHECK_EQ(ioctl(fd, NS_GET_PID_FROM_PIDNS, 1), pid);
        CHECK_ERR(ioctl(fd, NS_GET_PID_FROM_PIDNS, 2), ESRCH);
        CHECK_ERR(ioctl(fd, NS_GET_TGID_IN_PIDNS, getpid()), ESRCH);
    }
    pid_t inner;
    FIRST(inner) {
        // What is above, or beside, has no parent that could be had.
        CHECK_ERR(ioctl(own, NS_GET_PARENT), EPERM);
        CHECK_ERR(ioctl(fd, NS_GET_PARENT), EPERM);
        CHECK_ERR(setns(fd, CLONE_NEWPID), EINVAL);
        CHECK_ERR(setns(own, CLONE_NEWPID), EINVAL);
        pid_t below;
        FIRST(below) CHECK_ERR(ioctl(own, NS_GET_PARENT), EPERM);
        CHECK_EQ(exit_of(below), 0);
    }
    CHECK_EQ(exit_of(inner), 0);
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(fstat(fd, &b), 0);
}

TEST(pidfds) {
    need_root();
    int outer = CHECK_OK(syscall(SYS_pidfd_open, getpid(), 0)), writer;
    pid_t pid = waiting_first(&writer), other;
    int fd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    snprintf(text, sizeof text, "\t%d", pid);
    CHECK_STR(line_of(path, "Pid:"), text);
    snprintf(text, sizeof text, "\t%d\t1", pid);
    CHECK_STR(line_of(path, "NSpid:"), text);
    FIRST(other) {
        own_proc();
        // One that it was given is no way out.
        CHECK_ERR(syscall(SYS_pidfd_send_signal, outer, 0, NULL, 0), EINVAL);
        CHECK_ERR(syscall(SYS_pidfd_send_signal, outer, SIGKILL, NULL, 0), EINVAL);
        CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), EINVAL);
        CHECK_ERR(setns(outer, CLONE_NEWPID), EINVAL);
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", outer);
        CHECK_STR(line_of(path, "Pid:"), "\t0");
        CHECK_STR(line_of(path, "NSpid:"), "\t0");
        pid_t child = pausing();
        int inner = CHECK_OK(syscall(SYS_pidfd_open, child, 0));
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", inner);
        CHECK_STR(line_of(path, "NSpid:"), "\t2");
        CHECK_OK(syscall(SYS_pidfd_send_signal, inner, SIGKILL, NULL, 0));
        CHECK_EQ(exit_of(child), -SIGKILL);
    }
    CHECK_EQ(exit_of(other), 0);
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

// ---- who sent it, who has it
static struct ucred peer_of(int fd) {
    struct ucred c = { -1, -1, -1 };
    socklen_t n = sizeof c;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n));
    return c;
}

static int send_as(int fd, pid_t pid) {
    char control[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
    struct iovec one = { "m", 1 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof(struct ucred));
    struct ucred who = { pid, getuid(), getgid() };
    memcpy(CMSG_DATA(c), &who, sizeof who);
    return sendmsg(fd, &m, 0);
}

static pid_t sender_of(int fd) {
    char byte, control[256];
    struct iovec one = { &byte, 1 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    CHECK_EQ(recvmsg(fd, &m, 0), 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    CHECK(c != NULL);
    CHECK_EQ(c->cmsg_type, SCM_CREDENTIALS);
    struct ucred who;
    memcpy(&who, CMSG_DATA(c), sizeof who);
    return who.pid;
}

static void senders(int type) {
    int pair[2], on = 1;
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    pid_t outside = getpid(), pid;
    CHECK_EQ(send(pair[0], "o", 1, 0), 1);
    FIRST(pid) {
        CHECK_EQ(sender_of(pair[1]), 0);
        CHECK_EQ(send(pair[1], "i", 1, 0), 1);
        CHECK_EQ(send_as(pair[1], 1), 1);
        if (outside > 10) CHECK_ERR(send_as(pair[1], outside), ESRCH);
        pid_t child = SPAWN({ CHECK_EQ(send(pair[0], "c", 1, 0), 1); });
        CHECK_EQ(exit_of(child), 0);
        CHECK_EQ(sender_of(pair[1]), 2); // it has ended since
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(sender_of(pair[0]), pid);
    CHECK_EQ(sender_of(pair[0]), pid);
}

TEST(senders_of_packets) { senders(SOCK_SEQPACKET); }
TEST(senders_of_streams) { senders(SOCK_STREAM); }
TEST(senders_of_datagrams) { senders(SOCK_DGRAM); }

TEST(peers) {
    need_root();
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    snprintf(name.sun_path + 1, 60, "pidns-%d", getpid());
    int listener = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(listener, (void *) &name, sizeof name));
    CHECK_OK(listen(listener, 5));
    pid_t pid;
    FIRST(pid) {
        int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
        CHECK_OK(connect(fd, (void *) &name, sizeof name));
        CHECK_EQ(peer_of(fd).pid, 0);
        int own[2];
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, own));
        CHECK_EQ(peer_of(own[0]).pid, 1);
    }
    int fd = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(peer_of(fd).pid, pid);
}

TEST(owners_of_files) {
    need_root();
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
    pid_t pid;
    FIRST(pid) {
        CHECK_EQ(fcntl(ends[0], F_GETOWN), 0);
        struct f_owner_ex owner;
        CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &owner));
        CHECK_EQ(owner.pid, 0);
        // To itself: by its own number; the signal finds it.
        CHECK_OK(fcntl(ends[0], F_SETOWN, 1));
        CHECK_EQ(fcntl(ends[0], F_GETOWN), 1);
        handle_info(SIGIO, take_signal, 0);
        CHECK_OK(fcntl(ends[0], F_SETFL, O_ASYNC));
        put_byte(ends[1]);
        CHECK_EQ(got_count, 1);
        CHECK_OK(fcntl(ends[0], F_SETFL, 0));
        CHECK_OK(setpgid(0, 0));
        CHECK_OK(fcntl(ends[0], F_SETOWN, -1));
        CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &owner));
        CHECK_EQ(owner.type, F_OWNER_PGRP);
        CHECK_EQ(owner.pid, 1);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(owners_that_have_ended) {
    // Whoever gets the number next is not meant.
    pid_t pid;
    FIRST(pid) {
        int ends[2];
        pid_t wanted = 60;
        CHECK_OK(pipe(ends));
        CHECK_OK(fcntl(ends[0], F_SETFL, O_ASYNC));
        CHECK_OK(fcntl(ends[0], F_SETSIG, SIGUSR1));
        int types[] = { F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP };
        for (int i = 0; i < 3; i++) {
            pid_t child = CHECK_OK(clone_as(1, &wanted, 0));
            if (child == 0) {
                setpgid(0, 0);
                for (;;) pause();
            }
            setpgid(60, 60);
            struct f_owner_ex owner = { types[i], 60 }, now;
            CHECK_OK(fcntl(ends[0], F_SETOWN_EX, &owner));
            CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &now));
            CHECK_EQ(now.pid, 60);
            if (i == 1) put_byte(ends[1]);
            else CHECK_OK(kill(60, SIGKILL));
            CHECK_EQ(exit_of(child), i == 1 ? -SIGUSR1 : -SIGKILL);
            CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &now));
            CHECK_EQ(now.pid, 0);
            child = CHECK_OK(clone_as(1, &wanted, 0));
            if (child == 0) {
                sleep_ms(30);
                _exit(3);
            }
            put_byte(ends[1]);
            CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &now));
            CHECK_EQ(now.pid, 0);
            CHECK_EQ(exit_of(child), 3);
        }
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(locks) {
    need_root();
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    struct flock outer = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
    CHECK_OK(fcntl(fd, F_SETLK, &outer));
    int ready[2], go[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    pid_t pid;
    FIRST(pid) {
        struct flock l = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
        CHECK_OK(fcntl(fd, F_GETLK, &l));
        CHECK_EQ(l.l_type, F_WRLCK);
        CHECK_EQ(l.l_pid, 0);
        struct flock own = { .l_type = F_WRLCK, .l_start = 5, .l_len = 1 };
        CHECK_OK(fcntl(fd, F_SETLK, &own));
        pid_t child = SPAWN({
            struct flock m = { .l_type = F_WRLCK, .l_start = 5, .l_len = 1 };
            CHECK_OK(fcntl(fd, F_GETLK, &m));
            CHECK_EQ(m.l_pid, 1);
        });
        CHECK_EQ(exit_of(child), 0);
        own_proc();
        CHECK(strstr(read_file("/proc/locks"), "POSIX  ADVISORY  WRITE 1 ") != NULL);
        put_byte(ready[1]);
        close(go[1]);
        get_byte(go[0]);
    }
    get_byte(ready[0]);
    struct flock l = { .l_type = F_WRLCK, .l_start = 5, .l_len = 1 };
    CHECK_OK(fcntl(fd, F_GETLK, &l));
    CHECK_EQ(l.l_pid, pid);
    close(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(ipc_objects) {
    need_root();
    int queue = CHECK_OK(msgget(IPC_PRIVATE, 0600)), segment = CHECK_OK(shmget(IPC_PRIVATE, 4096, 0600));
    int set = CHECK_OK(semget(IPC_PRIVATE, 1, 0600));
    struct msqid_ds q;
    struct shmid_ds s;
    struct { long type; char byte; } message = { 1, 'm' };
    struct sembuf up = { 0, 1, 0 };
    CHECK_OK(semop(set, &up, 1));
    pid_t pid;
    FIRST(pid) {
        CHECK_OK(shmctl(segment, IPC_STAT, &s));
        CHECK_EQ(s.shm_cpid, 0);
        CHECK_EQ(semctl(set, 0, GETPID), 0);
        pid_t child = SPAWN({
            CHECK_OK(msgsnd(queue, &message, 1, 0));
            CHECK(shmat(segment, NULL, 0) != (void *) -1);
            CHECK_OK(semop(set, &up, 1));
        });
        CHECK_EQ(exit_of(child), 0);
        // It has ended; who it was is known.
        CHECK_OK(msgctl(queue, IPC_STAT, &q));
        CHECK_EQ(q.msg_lspid, 2);
        CHECK_OK(shmctl(segment, IPC_STAT, &s));
        CHECK_EQ(s.shm_lpid, 2);
        CHECK_EQ(semctl(set, 0, GETPID), 2);
        CHECK_OK(semop(set, &up, 1));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(semctl(set, 0, GETPID), pid);
    CHECK_OK(shmctl(segment, IPC_STAT, &s));
    CHECK_EQ(s.shm_cpid, getpid());
    CHECK(s.shm_lpid > 2);
    msgctl(queue, IPC_RMID, NULL);
    shmctl(segment, IPC_RMID, NULL);
    semctl(set, 0, IPC_RMID);
}

TEST(terminals) {
    need_root();
    pid_t outer, pid;
    FORK(outer) {
        CHECK_OK(setsid());
        int master = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
        CHECK_OK(grantpt(master));
        CHECK_OK(unlockpt(master));
        int slave = CHECK_OK(open(ptsname(master), O_RDWR));
        signal(SIGTTOU, SIG_IGN);
        CHECK_EQ(tcgetpgrp(slave), getpid());
        pid_t outside = getpid();
        FIRST(pid) {
            // Its session and the foreground group are outside.
            CHECK_EQ(tcgetpgrp(slave), 0);
            pid_t session = -1;
            CHECK_OK(ioctl(slave, TIOCGSID, &session));
            CHECK_EQ(session, 0);
            if (outside > 10) CHECK_ERR(tcsetpgrp(slave, outside), ESRCH);
            CHECK_OK(setpgid(0, 0));
            CHECK_EQ(getpgrp(), 1);
            CHECK_OK(tcsetpgrp(slave, 1));
            CHECK_EQ(tcgetpgrp(slave), 1);
            pid_t child = SPAWN({
                CHECK_EQ(setsid(), 2);
                int own = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
                CHECK_OK(grantpt(own));
                CHECK_OK(unlockpt(own));
                int other = CHECK_OK(open(ptsname(own), O_RDWR));
                CHECK_EQ(tcgetsid(other), 2);
                CHECK_EQ(tcgetpgrp(other), 2);
                own_proc();
                CHECK(strstr(read_file("/proc/2/stat"), " 1 2 2 ") != NULL);
            });
            CHECK_EQ(exit_of(child), 0);
        }
        CHECK_EQ(exit_of(pid), 0);
        CHECK_EQ(tcgetpgrp(slave) != pid, 0);
    }
    CHECK_EQ(exit_of(outer), 0);
}

// ---- threads' own numbers
static void *thread_timer(void *unused) {
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
    event._sigev_un._tid = gettid_();
    timer_t timer;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_delete(timer));
    event._sigev_un._tid = 20000;
    CHECK_ERR(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    struct timespec ts;
    clockid_t clock = ~gettid_() << 3 | 6;
    CHECK_OK(clock_gettime(clock, &ts));
    clock = ~getpid() << 3 | 2;
    CHECK_OK(clock_gettime(clock, &ts));
    return NULL;
}

TEST(calls_that_name_threads) {
    pid_t pid;
    FIRST(pid) {
        pthread_t thread;
        CHECK_RC(pthread_create(&thread, NULL, thread_timer, NULL), 0);
        CHECK_RC(pthread_join(thread, NULL), 0);
        pid_t child = pausing();
        CHECK_EQ(sched_getscheduler(child), 0);
        cpu_set_t cpus;
        CHECK_OK(sched_getaffinity(child, sizeof cpus, &cpus));
        CHECK_OK(setpriority(PRIO_PROCESS, child, 3));
        CHECK_EQ(getpriority(PRIO_PROCESS, child), 3);
        struct rlimit limit;
        CHECK_OK(prlimit(child, RLIMIT_NOFILE, NULL, &limit));
        int value = 5, got = 0;
        struct iovec one = { &got, 4 }, there = { &value, 4 };
        CHECK_EQ(process_vm_readv(1, &one, 1, &there, 1, 0), 4);
        CHECK_EQ(got, 5);
        CHECK(syscall(SYS_kcmp, 1, child, KCMP_VM, 0, 0) > 0);
        CHECK_EQ(syscall(SYS_kcmp, 1, 1, KCMP_VM, 0, 0), 0);
        size_t size;
        void *head;
        CHECK_OK(syscall(SYS_get_robust_list, child, &head, &size));
        CHECK_OK(kill(child, SIGKILL));
        CHECK_EQ(exit_of(child), -SIGKILL);
        struct { uint32_t version; int pid; } header = { 0x20080522, 1 };
        uint32_t sets[6];
        CHECK_OK(syscall(SYS_capget, &header, sets));
        CHECK_OK(syscall(SYS_capset, &header, sets));
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(mutexes) {
    pid_t pid;
    // Not in the first one itself: the C library does not know that it is another.
    FIRST(pid) {
        pid_t second;
        FORK(second) {
            // The words hold the numbers that threads know themselves by.
            pthread_mutexattr_t a;
            pthread_mutexattr_init(&a);
            pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
            pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
            for (int inherits = 0; inherits < 2; inherits++) {
                if (inherits) pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
                pthread_mutex_t *m = shared(4096);
                CHECK_RC(pthread_mutex_init(m, &a), 0);
                pid_t child = SPAWN({ CHECK_RC(pthread_mutex_lock(m), 0); });
                CHECK_EQ(exit_of(child), 0);
                CHECK_RC(pthread_mutex_lock(m), EOWNERDEAD);
                CHECK_RC(pthread_mutex_consistent(m), 0);
                child = SPAWN({ CHECK_RC(pthread_mutex_trylock(m), EBUSY); CHECK_RC(pthread_mutex_lock(m), 0);
                                CHECK_RC(pthread_mutex_unlock(m), 0); });
                await_sleep(child);
                sleep_ms(20);
                CHECK_RC(pthread_mutex_unlock(m), 0);
                CHECK_EQ(exit_of(child), 0);
                CHECK_RC(pthread_mutex_lock(m), 0);
                CHECK_RC(pthread_mutex_unlock(m), 0);
            }
            uint32_t word = 0;
            CHECK_OK(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
            CHECK_OK(syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
            word = 2;
            CHECK_ERR(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
            word = 20000;
            CHECK_ERR(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
        }
        CHECK_EQ(exit_of(second), 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

static void *exec_from_thread(void *unused) {
    execl("/bin/sh", "sh", "-c", "exec test $$ = 1", NULL);
    _exit(88);
}

TEST(exec_keeps_the_number) {
    pid_t pid;
    FIRST(pid) {
        pid_t child = SPAWN({ execl("/bin/sh", "sh", "-c", "exec test $$ = 2", NULL); });
        CHECK_EQ(exit_of(child), 0);
        pthread_t thread;
        pthread_create(&thread, NULL, exec_from_thread, NULL);
        for (;;) pause();
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(a_fault_ends_the_first) {
    pid_t pid;
    FIRST(pid) *(volatile int *) BAD = 1;
    CHECK_EQ(exit_of(pid), -SIGSEGV);
    FIRST(pid) abort();
    int status = reap(pid);
    CHECK(WIFSIGNALED(status));
}

// Small helpers shared by the process, signal, time, socket and terminal families. No checks here: those are in check.h.
#ifndef HELP_H
#define HELP_H
#include "check.h"
#include <sched.h>


#define UNUSED __attribute__((unused))
#define MS 1000000LL

// The block that follows runs in a forked child, which exits 0 at its end; the pid goes to P.
#define FORK(P) for ((P) = fork(); (P) == 0; _exit(0))

UNUSED static long long clock_ns(clockid_t clock) {
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

// Wait status of a child, whatever signals arrive meanwhile; -1 when there is no such child.
UNUSED static int reap(pid_t pid) {
    int status;
    while (waitpid(pid, &status, __WALL) == -1) {
        if (errno != EINTR) return -1;
    }
    return status;
}

// Exit code of a child, or minus the signal that ended it.
UNUSED static int exit_of(pid_t pid) {
    int status = reap(pid);
    if (status == -1) return -1000;
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_EXIT) _exit(CHECK_EXIT);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Waits until a child has been stopped by a signal.
#define CHECK_STOPS(P, sig)                                   \
    do {                                                      \
        int stop_;                                            \
        CHECK_EQ(waitpid((P), &stop_, WUNTRACED), (P));       \
        CHECK(WIFSTOPPED(stop_));                             \
        CHECK_EQ(WSTOPSIG(stop_), (sig));                     \
    } while (0)

UNUSED static pid_t pausing(void) { pid_t pid; FORK(pid) for (;;) pause(); return pid; }

UNUSED static pid_t gettid_(void) { return syscall(SYS_gettid); }

// State letter of a task as /proc shows it, '?' when it cannot be read.
UNUSED static char task_state(pid_t tid) {
    char path[64], buf[512];
    snprintf(path, sizeof path, "/proc/%d/stat", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return '?';
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    if (n <= 0) return '?';
    buf[n] = 0;
    char *p = strrchr(buf, ')');
    return p && p[1] == ' ' ? p[2] : '?';
}

// Waits until a task is in a state ("S", "T", "Z"...), at most two seconds; falls back on a plain nap where /proc tells nothing.
UNUSED static void await_state(pid_t tid, const char *states) {
    for (int i = 0; i < 400; i++) {
        char s = task_state(tid);
        if (s == '?') { sleep_ms(60); return; }
        if (strchr(states, s)) return;
        sleep_ms(5);
    }
}

UNUSED static void await_sleep(pid_t tid) { await_state(tid, "S"); sleep_ms(2); }

// A page of memory shared with every child forked later.
UNUSED static void *shared(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

UNUSED static void put_byte(int fd) { while (write(fd, "x", 1) == -1 && errno == EINTR) { } }
UNUSED static int get_byte(int fd) {
    char c;
    ssize_t n;
    while ((n = read(fd, &c, 1)) == -1 && errno == EINTR) { }
    return n == 1 ? (unsigned char)c : -1;
}

// Polled event bits of one descriptor, now or within a time; -1 on an error.
UNUSED static int poll_one(int fd, int events, int ms) {
    struct pollfd p = { .fd = fd, .events = events };
    int n = poll(&p, 1, ms);
    return n < 0 ? -1 : p.revents;
}

// Whether an effective capability is there: root in a container lacks some.
UNUSED static int have_cap(int cap) {
    struct { uint32_t version; int pid; } header = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } sets[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    return syscall(SYS_capget, &header, sets) == 0 && (sets[cap / 32].effective >> cap % 32 & 1);
}
UNUSED static void need_cap(int cap) {
    if (!have_cap(cap)) SKIP("needs capability %d", cap);
}

UNUSED static void handle(int sig, void (*fn)(int), int flags) {
    struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };
    sigaction(sig, &sa, NULL);
}
UNUSED static void handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags) {
    struct sigaction sa = { .sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO };
    sigaction(sig, &sa, NULL);
}
UNUSED static void mask(int how, int sig) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(how, &set, NULL);
}
UNUSED static sigset_t set_of(int sig) {
    sigset_t set;
    sigemptyset(&set);
    if (sig) sigaddset(&set, sig);
    return set;
}
#endif

// Dispositions, handlers, masks, alternate stacks, who may signal whom, and what a handler is told.
#include "help.h"
#include <setjmp.h>
#include <sys/resource.h>
#include <ucontext.h>

static volatile sig_atomic_t caught, times, depth, deepest;
static volatile siginfo_t info;
static void on_signal(int sig) { caught = sig; times++; }
static void on_info(int sig, siginfo_t *si, void *uc UNUSED) { info = *si; caught = sig; times++; }

TEST(handler_runs_before_kill_returns) {
    handle(SIGUSR1, on_signal, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(caught, SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(times, 2);
}

TEST(info_from_kill) {
    handle_info(SIGUSR1, on_info, 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(info.si_signo, SIGUSR1);
    CHECK_EQ(info.si_code, SI_USER);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_EQ(info.si_uid, getuid());
    CHECK_EQ(info.si_errno, 0);
}

TEST(info_from_tgkill_and_tkill) {
    handle_info(SIGUSR1, on_info, 0);
    CHECK_OK(syscall(SYS_tgkill, getpid(), gettid_(), SIGUSR1));
    CHECK_EQ(info.si_code, SI_TKILL);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_OK(syscall(SYS_tkill, gettid_(), SIGUSR1));
    CHECK_EQ(times, 2);
}

TEST(info_from_sigqueue) {
    handle_info(SIGUSR1, on_info, 0);
    CHECK_OK(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_ptr = (void *)0x123456789abcL }));
    CHECK_EQ(info.si_code, SI_QUEUE);
    CHECK_EQ(info.si_value.sival_ptr, 0x123456789abcL);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_EQ(info.si_uid, getuid());
}

TEST(info_from_another_process) {
    handle_info(SIGUSR1, on_info, 0);
    pid_t pid;
    FORK(pid) kill(getppid(), SIGUSR1);
    reap(pid);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_code, SI_USER);
}

TEST(info_from_alarm) {
    handle_info(SIGALRM, on_info, 0);
    struct itimerval t = { .it_value = { 0, 10000 } };
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    pause();
    CHECK_EQ(info.si_code, SI_KERNEL);
    CHECK_EQ(info.si_pid, 0);
}

TEST(info_from_pipe) {
    int fds[2];
    handle_info(SIGPIPE, on_info, 0);
    CHECK_OK(pipe(fds));
    close(fds[0]);
    CHECK_ERR(write(fds[1], "x", 1), EPIPE);
    CHECK_EQ(caught, SIGPIPE);
    CHECK_EQ(info.si_code, SI_USER);
    CHECK_EQ(info.si_pid, getpid());
}

TEST(rt_sigqueueinfo_rules) {
    siginfo_t si = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    handle_info(SIGUSR1, on_info, 0);
    // The number comes from the argument, the fields from the sender.
    si.si_pid = 4242;
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &si));
    CHECK_EQ(info.si_pid, 4242);
    // To oneself everything may be claimed, to others no kernel code.
    si.si_code = SI_USER;
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &si));
    pid_t pid = pausing();
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &si), EPERM);
    si.si_code = SI_TKILL;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &si), EPERM);
    si.si_code = SI_KERNEL;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &si), EPERM);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, 65, &si), EPERM);
    si.si_code = SI_QUEUE;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, 65, &si), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, 1 << 22, SIGUSR1, &si), ESRCH);
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, pid, 0, &si));
    kill(pid, SIGKILL);
}

TEST(rt_tgsigqueueinfo) {
    siginfo_t si = { .si_code = SI_QUEUE };
    handle_info(SIGUSR1, on_info, 0);
    si.si_value.sival_int = 31;
    CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid_(), SIGUSR1, &si));
    CHECK_EQ(info.si_value.sival_int, 31);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 0, gettid_(), SIGUSR1, &si), EINVAL);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getpid(), -1, SIGUSR1, &si), EINVAL);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getppid(), gettid_(), SIGUSR1, &si), ESRCH);
}

TEST(kill_errors) {
    CHECK_ERR(kill(getpid(), 65), EINVAL);
    CHECK_ERR(kill(getpid(), -1), EINVAL);
    CHECK_ERR(kill(1 << 22, 0), ESRCH);
    CHECK_ERR(kill(-(1 << 22), SIGTERM), ESRCH);
    CHECK_ERR(kill(INT_MIN, 0), ESRCH);
    CHECK_OK(kill(getpid(), 0));
    CHECK_OK(kill(0, 0));
    CHECK_ERR(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, -1, gettid_(), 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, getppid(), gettid_(), 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), gettid_(), 65), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, 1 << 22, 0), ESRCH);
}

TEST(kill_permission) {
    need_root();
    pid_t victim = pausing(), pid;
    FORK(pid) {
        become_user();
        CHECK_ERR(kill(victim, SIGTERM), EPERM);
        CHECK_ERR(kill(victim, 0), EPERM);
        CHECK_ERR(syscall(SYS_tkill, victim, 0), EPERM);
        CHECK_ERR(sigqueue(victim, SIGUSR1, (union sigval){ 0 }), EPERM);
        CHECK_ERR(kill(-getpgid(victim), SIGUSR1) == 0 ? (errno = EPERM, -1) : -1, EPERM);
    }
    exit_of(pid);
    CHECK_EQ(waitpid(victim, NULL, WNOHANG), 0);
    kill(victim, SIGKILL);
}

TEST(kill_saved_uid_matters) {
    need_root();
    // The sender's real or effective id against the target's real or saved id.
    int fds[2];
    pid_t victim, pid;
    CHECK_OK(pipe(fds));
    FORK(victim) { CHECK_OK(syscall(SYS_setresuid, 500, 600, 700)); put_byte(fds[1]); for (;;) pause(); }
    get_byte(fds[0]);
    FORK(pid) { syscall(SYS_setresuid, 600, 600, 600); CHECK_ERR(kill(victim, 0), EPERM); }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) { syscall(SYS_setresuid, 500, 1, 1); CHECK_OK(kill(victim, 0)); }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) { syscall(SYS_setresuid, 1, 700, 1); CHECK_OK(kill(victim, 0)); }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) { syscall(SYS_setresuid, 1, 1, 500); CHECK_ERR(kill(victim, 0), EPERM); }
    CHECK_EQ(exit_of(pid), 0);
    kill(victim, SIGKILL);
}

TEST(sigaction_errors) {
    struct sigaction sa = { .sa_handler = on_signal };
    CHECK_ERR(sigaction(SIGKILL, &sa, NULL), EINVAL);
    CHECK_ERR(sigaction(SIGSTOP, &sa, NULL), EINVAL);
    CHECK_ERR(sigaction(0, &sa, NULL), EINVAL);
    CHECK_ERR(sigaction(65, &sa, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
    // Reading the disposition of the two is allowed.
    CHECK_OK(sigaction(SIGKILL, NULL, &sa));
    CHECK(sa.sa_handler == SIG_DFL);
}

TEST(sigaction_returns_what_was_set) {
    struct sigaction sa = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER }, old;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGTERM);
    sigaddset(&sa.sa_mask, SIGKILL);
    CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_sigaction == on_info);
    CHECK_EQ(old.sa_flags & ~0x04000000, SA_SIGINFO | SA_RESTART | SA_NODEFER);
    CHECK(sigismember(&old.sa_mask, SIGTERM));
    CHECK(!sigismember(&old.sa_mask, SIGKILL));
}

TEST(unknown_flags_are_cleared) {
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } k = { SIG_IGN, 0x7f000000UL << 4 | 0x800, NULL, 0 }, out;
    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, &k, NULL, 8));
    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &out, 8));
    // SA_UNSUPPORTED (0x400) is always cleared, so are bits no kernel knows.
    CHECK_EQ(out.flags & 0x400, 0);
}

TEST(resethand) {
    handle(SIGUSR1, on_signal, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction sa;
    sigaction(SIGUSR1, NULL, &sa);
    CHECK(sa.sa_handler == SIG_DFL);
}

static void nest(int sig) {
    if (++depth > deepest) deepest = depth;
    if (times++ < 3) raise(sig);
    depth--;
}

TEST(signal_blocked_in_its_own_handler) {
    handle(SIGUSR1, nest, 0);
    raise(SIGUSR1);
    CHECK_EQ(deepest, 1);
    CHECK_EQ(times, 4);
}

TEST(nodefer_nests) {
    handle(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    CHECK_EQ(deepest, 4);
}

static void raise_other(int sig UNUSED) { raise(SIGUSR2); times = caught; }

TEST(sa_mask_blocks_in_handler) {
    struct sigaction sa = { .sa_handler = raise_other };
    handle(SIGUSR2, on_signal, 0);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    CHECK_EQ(times, 1);
    CHECK_EQ(caught, SIGUSR2);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}

TEST(ignored_signal_is_dropped) {
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    sigset_t pending;
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    sigpending(&pending);
    // Kept while blocked, for the disposition may change.
    CHECK(sigismember(&pending, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGUSR1));
}

TEST(setting_default_ignore_drops_pending) {
    sigset_t pending;
    handle(SIGCHLD, on_signal, 0);
    mask(SIG_BLOCK, SIGCHLD);
    kill(getpid(), SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGCHLD));
}

TEST(mask_operations) {
    sigset_t set, old;
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigaddset(&set, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
    CHECK(!sigismember(&old, SIGUSR1));
    set = set_of(SIGUSR2);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
    CHECK(sigismember(&old, SIGUSR1));
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, &old));
    CHECK(sigismember(&old, SIGUSR1) && sigismember(&old, SIGUSR2));
    CHECK_OK(sigprocmask(SIG_SETMASK, &set, &old));
    CHECK(sigismember(&old, SIGUSR1) && !sigismember(&old, SIGUSR2));
    CHECK_OK(sigprocmask(77, NULL, &old));
    CHECK(!sigismember(&old, SIGUSR1) && sigismember(&old, SIGUSR2));
}

TEST(mask_errors) {
    sigset_t set;
    sigemptyset(&set);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 128), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigpending, BAD, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigpending, &set, 16), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, BAD, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
}

TEST(kill_and_stop_cannot_be_blocked) {
    sigset_t set, now;
    sigfillset(&set);
    CHECK_OK(sigprocmask(SIG_SETMASK, &set, NULL));
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP) && sigismember(&now, SIGTERM));
    pid_t pid = pausing();
    kill(pid, SIGKILL);
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(pending_then_unblock) {
    sigset_t pending;
    handle(SIGUSR1, on_signal, 0);
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(times, 0);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
    mask(SIG_UNBLOCK, SIGUSR1);
    // An ordinary signal is pending once only.
    CHECK_EQ(times, 1);
}

TEST(sigsuspend_swaps_the_mask) {
    handle(SIGUSR1, on_signal, 0);
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    sigset_t none, now;
    sigemptyset(&none);
    CHECK_ERR(sigsuspend(&none), EINTR);
    CHECK_EQ(times, 1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
}

TEST(pause_returns_after_handler) {
    handle(SIGUSR1, on_signal, SA_RESTART);
    pid_t pid;
    FORK(pid) { sleep_ms(40); kill(getppid(), SIGUSR1); }
    CHECK_ERR(pause(), EINTR);
    CHECK_EQ(caught, SIGUSR1);
    reap(pid);
}

TEST(delivery_order_lowest_first) {
    static volatile int order[4];
    void note(int sig) { order[times++] = sig; }
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    const int sigs[] = { SIGRTMIN + 1, SIGUSR2, SIGHUP, SIGTERM };
    for (int i = 0; i < 4; i++) { handle(sigs[i], note, 0); kill(getpid(), sigs[i]); }
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    // All at once: each next frame is put on top, so the last one runs first.
    CHECK_EQ(times, 4);
    CHECK_EQ(order[3] == SIGHUP || order[0] == SIGHUP, 1);
}

// --- default actions ---

TEST(default_actions_terminate) {
    static const int sigs[] = { SIGHUP, SIGINT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGPOLL, SIGPROF, SIGVTALRM, SIGSTKFLT, SIGPWR, 34, 64 };
    for (unsigned i = 0; i < sizeof sigs / sizeof *sigs; i++) {
        pid_t pid = pausing();
        kill(pid, sigs[i]);
        CHECK_EQ(exit_of(pid), -sigs[i]);
    }
}

TEST(default_actions_core) {
    static const int sigs[] = { SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ };
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    for (unsigned i = 0; i < sizeof sigs / sizeof *sigs; i++) {
        pid_t pid = pausing();
        kill(pid, sigs[i]);
        CHECK_EQ(exit_of(pid), -sigs[i]);
    }
}

TEST(default_actions_ignore) {
    static const int sigs[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
    pid_t pid;
    FORK(pid) {
        for (int i = 0; i < 4; i++) raise(sigs[i]);
        _exit(17);
    }
    CHECK_EQ(exit_of(pid), 17);
}

TEST(default_actions_stop) {
    static const int sigs[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
    for (int i = 0; i < 4; i++) {
        pid_t pid = pausing();
        kill(pid, sigs[i]);
        CHECK_STOPS(pid, sigs[i]);
        kill(pid, SIGKILL);
        CHECK_EQ(exit_of(pid), -SIGKILL);
    }
}

// --- alternate stack ---

static volatile uintptr_t handler_sp;
static volatile int alt_flags;
static void note_stack(int sig UNUSED) {
    stack_t ss;
    handler_sp = (uintptr_t)__builtin_frame_address(0);
    sigaltstack(NULL, &ss);
    alt_flags = ss.ss_flags;
    times++;
}

TEST(altstack_is_used_when_asked) {
    static char stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack }, old;
    CHECK_OK(sigaltstack(&ss, &old));
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    handle(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(handler_sp > (uintptr_t)stack && handler_sp < (uintptr_t)stack + sizeof stack);
    CHECK_EQ(alt_flags, SS_ONSTACK);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK_EQ(old.ss_flags, 0);
    CHECK(old.ss_sp == stack);
    CHECK_EQ(old.ss_size, sizeof stack);
    handle(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    CHECK(!(handler_sp > (uintptr_t)stack && handler_sp < (uintptr_t)stack + sizeof stack));
}

static void change_altstack(int sig UNUSED) {
    static char other[65536];
    stack_t ss = { .ss_sp = other, .ss_size = sizeof other };
    caught = sigaltstack(&ss, NULL) == -1 ? errno : 0;
}

TEST(altstack_errors) {
    static char stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = 100 };
    CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
    ss = (stack_t){ .ss_sp = stack, .ss_size = sizeof stack, .ss_flags = 0x55 };
    CHECK_ERR(sigaltstack(&ss, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sigaltstack, BAD, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_sigaltstack, NULL, BAD), EFAULT);
    ss = (stack_t){ .ss_sp = stack, .ss_size = sizeof stack };
    CHECK_OK(sigaltstack(&ss, NULL));
    // Not while in use.
    handle(SIGUSR1, change_altstack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK_EQ(caught, EPERM);
    ss.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&ss, NULL));
    CHECK_OK(sigaltstack(NULL, &ss));
    CHECK_EQ(ss.ss_flags, SS_DISABLE);
}

static sigjmp_buf jump;
static void jump_out(int sig) { siglongjmp(jump, sig); }
static int grow(int n) { volatile char room[8192]; room[0] = n; return n < 1000000 ? grow(n + 1) + room[0] : 0; }

TEST(altstack_catches_stack_overflow) {
    static char stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct rlimit r;
    getrlimit(RLIMIT_STACK, &r);
    r.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_STACK, &r);
    CHECK_OK(sigaltstack(&ss, NULL));
    handle(SIGSEGV, jump_out, SA_ONSTACK);
    for (int i = 0; i < 3; i++) {
        int sig = sigsetjmp(jump, 1);
        if (sig == 0) grow(0);
        CHECK_EQ(sig, SIGSEGV);
    }
}

TEST(overflow_without_altstack_kills) {
    pid_t pid;
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    FORK(pid) {
        struct rlimit r;
        getrlimit(RLIMIT_STACK, &r);
        r.rlim_cur = 1 << 20;
        setrlimit(RLIMIT_STACK, &r);
        handle(SIGSEGV, jump_out, 0);
        grow(0);
    }
    CHECK_EQ(exit_of(pid), -SIGSEGV);
}

TEST(altstack_not_inherited_by_thread_but_by_fork) {
    static char stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    CHECK_OK(sigaltstack(&ss, NULL));
    pid_t pid;
    FORK(pid) { stack_t now; sigaltstack(NULL, &now); CHECK_EQ(now.ss_flags, 0); CHECK(now.ss_sp == stack); }
    CHECK_EQ(exit_of(pid), 0);
    pthread_t t;
    void *flags;
    void *body(void *unused UNUSED) { stack_t now; sigaltstack(NULL, &now); return (void *)(long)now.ss_flags; }
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, &flags);
    CHECK_EQ((long)flags, SS_DISABLE);
}

TEST(siglongjmp_out_of_handler) {
    handle(SIGUSR1, jump_out, 0);
    volatile int rounds = 0;
    for (int i = 0; i < 10; i++) {
        if (sigsetjmp(jump, 1) == 0) { raise(SIGUSR1); CHECK(0); }
        rounds++;
        sigset_t now;
        sigprocmask(SIG_BLOCK, NULL, &now);
        CHECK(!sigismember(&now, SIGUSR1));
    }
    CHECK_EQ(rounds, 10);
}

// --- threads ---

TEST(tgkill_hits_that_thread) {
    static volatile pid_t where, tid;
    static volatile int stop;
    void note(int sig UNUSED) { where = gettid_(); }
    void *body(void *unused) { tid = gettid_(); while (!stop) sleep_ms(1); return unused; }
    handle(SIGUSR1, note, SA_RESTART);
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    while (!tid) sleep_ms(1);
    CHECK_OK(syscall(SYS_tgkill, getpid(), tid, SIGUSR1));
    while (!where) sleep_ms(1);
    CHECK_EQ(where, tid);
    where = 0;
    pthread_kill(pthread_self(), SIGUSR1);
    CHECK_EQ(where, getpid());
    stop = 1;
    pthread_join(t, NULL);
}

TEST(process_signal_goes_to_thread_that_does_not_block) {
    static volatile pid_t where, tid;
    static volatile int stop;
    void note(int sig UNUSED) { where = gettid_(); }
    void *body(void *unused) {
        mask(SIG_UNBLOCK, SIGUSR1);
        tid = gettid_();
        while (!stop) sleep_ms(1);
        return unused;
    }
    handle(SIGUSR1, note, SA_RESTART);
    mask(SIG_BLOCK, SIGUSR1);
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    while (!tid) sleep_ms(1);
    kill(getpid(), SIGUSR1);
    while (!where) sleep_ms(1);
    CHECK_EQ(where, tid);
    stop = 1;
    pthread_join(t, NULL);
}

TEST(mask_is_per_thread_and_inherited) {
    void *body(void *unused UNUSED) {
        sigset_t now;
        pthread_sigmask(SIG_BLOCK, NULL, &now);
        long has = sigismember(&now, SIGUSR1);
        mask(SIG_UNBLOCK, SIGUSR1);
        return (void *)has;
    }
    pthread_t t;
    void *had;
    mask(SIG_BLOCK, SIGUSR1);
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, &had);
    CHECK_EQ((long)had, 1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
}

TEST(blocked_everywhere_waits_for_first_to_unblock) {
    static volatile pid_t where;
    void note(int sig UNUSED) { where = gettid_(); }
    void *body(void *unused) { mask(SIG_UNBLOCK, SIGUSR1); return unused; }
    handle(SIGUSR1, note, 0);
    mask(SIG_BLOCK, SIGUSR1);
    kill(getpid(), SIGUSR1);
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, NULL);
    CHECK(where != 0 && where != getpid());
}

TEST(kill_minus_one_spares_the_sender) {
    need_root();
    // As a user that nobody else is: the signal reaches that user's processes only.
    pid_t pid;
    FORK(pid) {
        uid_t lonely = 54321;
        CHECK_OK(setresgid(lonely, lonely, lonely));
        CHECK_OK(setresuid(lonely, lonely, lonely));
        pid_t a = pausing(), b = pausing();
        CHECK_OK(kill(-1, SIGTERM));
        CHECK_EQ(exit_of(a), -SIGTERM);
        CHECK_EQ(exit_of(b), -SIGTERM);
        errno = 0;
        kill(-1, SIGTERM);
        _exit(8);
    }
    CHECK_EQ(exit_of(pid), 8);
}

TEST(many_signals_none_lost_as_events) {
    handle(SIGUSR1, on_signal, 0);
    for (int i = 0; i < 5000; i++) kill(getpid(), SIGUSR1);
    CHECK_EQ(times, 5000);
}

TEST(storm_from_another_process) {
    handle(SIGUSR1, on_signal, SA_RESTART);
    pid_t pid;
    FORK(pid) {
        for (int i = 0; i < 3000; i++) kill(getppid(), SIGUSR1);
    }
    volatile unsigned long sum = 0;
    int status;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0) for (int i = 0; i < 1000; i++) sum += i;
    CHECK_EQ(got, pid);
    CHECK(times > 0 && times <= 3000);
}

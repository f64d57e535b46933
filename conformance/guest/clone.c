// fork, vfork, clone, clone3 and threads.
#include "help.h"
#include <sys/resource.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

static char stack[8][65536] __attribute__((aligned(16)));
#define TOP(i) (stack[i] + sizeof stack[i])

static void *read_one(void *fd) { get_byte((int)(long)fd); return NULL; }
static void on_signal(int sig UNUSED) { }

static long raw_clone(unsigned long flags, void *sp, int *ptid, int *ctid, unsigned long tls) {
    return syscall(SYS_clone, flags, sp, ptid, ctid, tls);
}

static long clone3_(struct clone_args *a, size_t size) { return syscall(SYS_clone3, a, size); }

TEST(fork_returns_child_pid_and_zero) {
    int *seen = shared(4096);
    pid_t me = getpid(), pid;
    FORK(pid) { seen[0] = getpid(); seen[1] = getppid(); seen[2] = gettid_(); }
    CHECK(pid > 0);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(seen[0], pid);
    CHECK_EQ(seen[1], me);
    CHECK_EQ(seen[2], pid);
}

TEST(fork_copies_memory) {
    static int value = 1;
    pid_t pid;
    FORK(pid) { value = 2; _exit(value); }
    CHECK_EQ(exit_of(pid), 2);
    CHECK_EQ(value, 1);
}

TEST(fork_shares_file_offset_not_table) {
    int fd = memfd_create("m", 0);
    pid_t pid;
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    lseek(fd, 0, SEEK_SET);
    FORK(pid) { lseek(fd, 4, SEEK_SET); close(fd); }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
}

TEST(fork_clears_pending_keeps_mask) {
    pid_t pid;
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    FORK(pid) {
        sigset_t pending, now;
        sigpending(&pending);
        CHECK(!sigismember(&pending, SIGUSR1));
        sigprocmask(SIG_BLOCK, NULL, &now);
        CHECK(sigismember(&now, SIGUSR1));
    }
    CHECK_EQ(exit_of(pid), 0);
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
}

TEST(fork_clears_alarm) {
    pid_t pid;
    alarm(100);
    FORK(pid) CHECK(alarm(0) == 0);
    CHECK_EQ(exit_of(pid), 0);
    CHECK(alarm(0) > 90);
}

TEST(fork_keeps_only_calling_thread) {
    pthread_t t;
    int fds[2];
    pid_t pid;
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(pthread_create(&t, NULL, read_one, (void *)(long)fds[0]), 0);
    FORK(pid) CHECK(syscall(SYS_tgkill, getpid(), getpid(), 0) == 0 && gettid_() == getpid());
    CHECK_EQ(exit_of(pid), 0);
    put_byte(fds[1]);
    pthread_join(t, NULL);
}

TEST(vfork_shares_memory_and_suspends_parent) {
    static volatile int value;
    pid_t pid = vfork();
    if (pid == 0) {
        value = 7;
        syscall(SYS_nanosleep, &(struct timespec){ 0, 50 * MS }, NULL);
        value = 8;
        _exit(3);
    }
    CHECK_EQ(value, 8);
    CHECK_EQ(exit_of(pid), 3);
}

TEST(vfork_released_by_exec) {
    char *const argv[] = { "sleep", "0.3", NULL };
    long long t0 = now_ns();
    pid_t pid = vfork();
    if (pid == 0) {
        execv("/bin/sleep", argv);
        _exit(127);
    }
    CHECK(now_ns() - t0 < 290 * MS);
    CHECK_EQ(exit_of(pid), 0);
    CHECK(now_ns() - t0 >= 290 * MS);
}

TEST(vfork_child_descriptors_are_its_own) {
    int fd = dup(0 <= fcntl(0, F_GETFD) ? 0 : open("/dev/null", O_RDONLY));
    pid_t pid = vfork();
    if (pid == 0) {
        close(fd);
        _exit(0);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(fcntl(fd, F_GETFD) >= 0);
}

static int ret_five(void *arg) { return arg ? *(int *)arg : 5; }

TEST(clone_fn_exit_code) {
    int code = 44;
    pid_t pid = clone(ret_five, TOP(0), SIGCHLD, &code);
    CHECK(pid > 0);
    CHECK_EQ(exit_of(pid), 44);
}

TEST(clone_exit_signal_is_configurable) {
    mask(SIG_BLOCK, SIGUSR2);
    pid_t pid = clone(ret_five, TOP(0), SIGUSR2, NULL);
    CHECK(pid > 0);
    sigset_t set = set_of(SIGUSR2);
    siginfo_t si;
    CHECK_EQ(sigtimedwait(&set, &si, &(struct timespec){ 5, 0 }), SIGUSR2);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_status, 5);
    CHECK_EQ(si.si_code, CLD_EXITED);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
    CHECK_EQ(waitpid(pid, NULL, __WCLONE), pid);
}

TEST(clone_no_exit_signal_needs_wall) {
    pid_t pid = clone(ret_five, TOP(0), 0, NULL);
    CHECK(pid > 0);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
    int status;
    CHECK_EQ(waitpid(pid, &status, __WALL), pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
}

static int chdir_root(void *unused UNUSED) { return chdir("/") || (umask(0111), 0); }

TEST(clone_fs_shares_cwd_and_umask) {
    char cwd[200];
    CHECK_EQ(chdir("/proc"), 0);
    umask(022);
    CHECK_EQ(exit_of(clone(chdir_root, TOP(0), SIGCHLD, NULL)), 0);
    CHECK(!strcmp(getcwd(cwd, sizeof cwd), "/proc"));
    CHECK_EQ(umask(022), 022);
    CHECK_EQ(exit_of(clone(chdir_root, TOP(0), CLONE_FS | SIGCHLD, NULL)), 0);
    CHECK(!strcmp(getcwd(cwd, sizeof cwd), "/"));
    CHECK_EQ(umask(022), 0111);
}

static int close_fd(void *fd) { return close(*(int *)fd); }

TEST(clone_files_shares_descriptors) {
    int fd = open("/dev/null", O_RDONLY);
    CHECK_EQ(exit_of(clone(close_fd, TOP(0), SIGCHLD, &fd)), 0);
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK_EQ(exit_of(clone(close_fd, TOP(0), CLONE_FILES | SIGCHLD, &fd)), 0);
    CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
}

TEST(clone_vm_shares_memory) {
    static volatile int value;
    int set_value(void *unused UNUSED) { value = 9; return 0; }
    pid_t pid = clone(set_value, TOP(0), CLONE_VM | SIGCHLD, NULL);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(value, 9);
}

static int ignore_usr1(void *unused UNUSED) { signal(SIGUSR1, SIG_IGN); return 0; }

TEST(clone_sighand_shares_dispositions) {
    struct sigaction sa;
    CHECK_EQ(exit_of(clone(ignore_usr1, TOP(0), CLONE_VM | SIGCHLD, NULL)), 0);
    sigaction(SIGUSR1, NULL, &sa);
    CHECK(sa.sa_handler == SIG_DFL);
    CHECK_EQ(exit_of(clone(ignore_usr1, TOP(0), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL)), 0);
    sigaction(SIGUSR1, NULL, &sa);
    CHECK(sa.sa_handler == SIG_IGN);
}

TEST(clone_parent_makes_a_sibling) {
    int *seen = shared(4096);
    pid_t me = getpid(), pid;
    FORK(pid) {
        seen[0] = raw_clone(CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
        if (seen[0] == 0) {
            seen[1] = getppid();
            _exit(6);
        }
    }
    CHECK_EQ(exit_of(pid), 0);
    int status;
    pid_t other = wait(&status);
    CHECK(other > 0 && other != pid);
    CHECK_EQ(WEXITSTATUS(status), 6);
    CHECK_EQ(seen[1], me);
}

TEST(clone_settid_words) {
    int *tids = shared(4096);
    long pid = raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &tids[0], &tids[1], 0);
    if (pid == 0) _exit(tids[1] == getpid() && tids[0] == getpid() ? 0 : 1);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(tids[0], pid);
    CHECK_EQ(tids[1], pid);
}

TEST(clone_child_cleartid_wakes) {
    int *tid = shared(4096);
    *tid = 77;
    // The word is cleared only when somebody else still uses the memory, so the child shares the address space.
    int slow(void *unused UNUSED) { sleep_ms(30); return 0; }
    pid_t pid = clone(slow, TOP(0), CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, NULL, tid);
    while (*(volatile int *)tid) syscall(SYS_futex, tid, FUTEX_WAIT, 77, NULL, NULL, 0);
    CHECK_EQ(*tid, 0);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(clone_pidfd) {
    int pidfd = -1;
    long pid = raw_clone(CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, 0);
    if (pid == 0) _exit(4);
    CHECK(pidfd >= 0);
    CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(poll_one(pidfd, POLLIN, 5000), POLLIN);
    siginfo_t si;
    CHECK_EQ(waitid(P_PIDFD, pidfd, &si, WEXITED), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_status, 4);
}

TEST(clone_bad_flag_combinations) {
    int word;
    CHECK_ERR(raw_clone(CLONE_SIGHAND | SIGCHLD, NULL, NULL, NULL, 0), EINVAL);
    CHECK_ERR(raw_clone(CLONE_THREAD | SIGCHLD, NULL, NULL, NULL, 0), EINVAL);
    CHECK_ERR(raw_clone(CLONE_THREAD | CLONE_VM | SIGCHLD, TOP(0), NULL, NULL, 0), EINVAL);
    CHECK_ERR(raw_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0), EINVAL);
    CHECK_ERR(raw_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &word, NULL, 0), EINVAL);
    CHECK_ERR(raw_clone(CLONE_PIDFD | SIGCHLD, NULL, BAD, NULL, 0), EFAULT);
}

TEST(clone3_basic) {
    struct clone_args a = { .exit_signal = SIGCHLD };
    long pid = clone3_(&a, sizeof a);
    if (pid == 0) _exit(12);
    CHECK(pid > 0);
    CHECK_EQ(exit_of(pid), 12);
}

TEST(clone3_size_rules) {
    struct { struct clone_args a; char more[64]; } big;
    memset(&big, 0, sizeof big);
    big.a.exit_signal = SIGCHLD;
    CHECK_ERR(clone3_(&big.a, 8), EINVAL);
    CHECK_ERR(clone3_(&big.a, 63), EINVAL);
    CHECK_ERR(clone3_(&big.a, 8192), E2BIG);
    CHECK_ERR(clone3_(BAD, 64), EFAULT);
    big.more[40] = 1;
    CHECK_ERR(clone3_(&big.a, sizeof big), E2BIG);
    big.more[40] = 0;
    long pid = clone3_(&big.a, sizeof big);
    if (pid == 0) _exit(1);
    CHECK(pid > 0);
    CHECK_EQ(exit_of(pid), 1);
    pid = clone3_(&big.a, 64);
    if (pid == 0) _exit(2);
    CHECK_EQ(exit_of(pid), 2);
}

TEST(clone3_bad_arguments) {
    struct clone_args a = { .exit_signal = SIGCHLD | 0x100 };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .flags = SIGCHLD };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .flags = CLONE_DETACHED, .exit_signal = SIGCHLD };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .exit_signal = SIGCHLD, .stack = (uintptr_t)stack };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .exit_signal = SIGCHLD, .stack_size = 4096 };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .exit_signal = SIGCHLD, .set_tid_size = 1 };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
    a = (struct clone_args){ .exit_signal = SIGCHLD, .set_tid_size = 100, .set_tid = (uintptr_t)&a };
    CHECK_ERR(clone3_(&a, sizeof a), EINVAL);
}

TEST(clone3_clear_sighand) {
    handle(SIGUSR1, on_signal, 0);
    signal(SIGUSR2, SIG_IGN);
    struct clone_args a = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
    long pid = clone3_(&a, sizeof a);
    if (pid == 0) {
        struct sigaction sa;
        sigaction(SIGUSR1, NULL, &sa);
        CHECK(sa.sa_handler == SIG_DFL);
        sigaction(SIGUSR2, NULL, &sa);
        CHECK(sa.sa_handler == SIG_IGN);
        _exit(0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(clone3_pidfd_and_parent_tid) {
    int pidfd = -1, tid = 0;
    struct clone_args a = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (uintptr_t)&pidfd,
        .parent_tid = (uintptr_t)&tid, .exit_signal = SIGCHLD };
    long pid = clone3_(&a, sizeof a);
    if (pid == 0) _exit(0);
    CHECK_EQ(tid, pid);
    CHECK(pidfd >= 0);
    CHECK_EQ(waitid(P_PIDFD, pidfd, NULL, WEXITED), 0);
}

// --- threads ---

static void *self_ids(void *arg) {
    pid_t *ids = arg;
    ids[0] = getpid();
    ids[1] = gettid_();
    ids[2] = getppid();
    return (void *)123;
}

TEST(thread_ids) {
    pthread_t t;
    pid_t ids[3];
    void *ret;
    CHECK_EQ(pthread_create(&t, NULL, self_ids, ids), 0);
    CHECK_EQ(pthread_join(t, &ret), 0);
    CHECK_EQ((long)ret, 123);
    CHECK_EQ(ids[0], getpid());
    CHECK(ids[1] != getpid() && ids[1] > 0);
    CHECK_EQ(ids[2], getppid());
}

TEST(threads_many_in_turn) {
    for (int i = 0; i < 200; i++) {
        pthread_t t;
        pid_t ids[3];
        if (pthread_create(&t, NULL, self_ids, ids)) { CHECK(!"pthread_create"); break; }
        pthread_join(t, NULL);
    }
    CHECK(1);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;
static void *count(void *unused) {
    for (int i = 0; i < 10000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

TEST(threads_contended_mutex) {
    pthread_t t[8];
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&t[i], NULL, count, NULL), 0);
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(counter, 80000);
}

static __thread int tls_var = 3;
static void *tls_bump(void *unused UNUSED) { tls_var += 10; return (void *)(long)tls_var; }

TEST(threads_have_own_tls) {
    pthread_t a, b;
    void *ra, *rb;
    pthread_create(&a, NULL, tls_bump, NULL);
    pthread_create(&b, NULL, tls_bump, NULL);
    pthread_join(a, &ra);
    pthread_join(b, &rb);
    CHECK_EQ((long)ra, 13);
    CHECK_EQ((long)rb, 13);
    CHECK_EQ(tls_var, 3);
}

static void *block(void *unused) { pause(); return unused; }

TEST(exit_group_ends_all_threads) {
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        for (int i = 0; i < 5; i++) pthread_create(&t, NULL, block, NULL);
        _exit(21);
    }
    CHECK_EQ(exit_of(pid), 21);
}

static void *exit_9(void *unused UNUSED) { sleep_ms(20); _exit(9); }

TEST(exit_group_from_a_thread) {
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        pthread_create(&t, NULL, exit_9, NULL);
        pause();
    }
    CHECK_EQ(exit_of(pid), 9);
}

static void *late_exit(void *unused UNUSED) { sleep_ms(60); syscall(SYS_exit, 5); return NULL; }

TEST(leader_exit_first_leaves_process_alive) {
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        pthread_create(&t, NULL, late_exit, NULL);
        syscall(SYS_exit, 17);
    }
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    await_state(pid, "Z");
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    // The last thread's exit decides nothing but the end: no exit_group was called, so its own code is the group's.
    CHECK_EQ(exit_of(pid), 5);
}

static void *segv(void *unused UNUSED) { *(volatile int *)8 = 1; return NULL; }

TEST(thread_fault_kills_process) {
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        signal(SIGSEGV, SIG_DFL);
        pthread_create(&t, NULL, segv, NULL);
        pause();
    }
    CHECK_EQ(exit_of(pid), -SIGSEGV);
}

static void *do_fork(void *out) {
    pid_t pid = fork();
    if (pid == 0) _exit(gettid_() == getpid() ? 31 : 32);
    *(int *)out = exit_of(pid);
    return NULL;
}

TEST(fork_from_thread) {
    pthread_t t;
    int code = 0;
    pthread_create(&t, NULL, do_fork, &code);
    pthread_join(t, NULL);
    CHECK_EQ(code, 31);
}

static void *fork_only(void *out) {
    pid_t pid = fork();
    if (pid == 0) _exit(33);
    *(int *)out = pid;
    return NULL;
}

TEST(child_of_thread_belongs_to_process) {
    pthread_t t;
    int pid = 0;
    pthread_create(&t, NULL, fork_only, &pid);
    pthread_join(t, NULL);
    CHECK_EQ(exit_of(pid), 33);
}

TEST(raw_thread_without_tls) {
    // A bare thread: no libc in it, only the flags of a thread and words in memory.
    static volatile int done;
    static int ctid = 1;
    int body(void *unused UNUSED) { done = syscall(SYS_gettid); return 0; }
    pid_t tid = clone(body, TOP(1), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
        | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID, NULL, NULL, NULL, &ctid);
    CHECK(tid > 0);
    while (*(volatile int *)&ctid) syscall(SYS_futex, &ctid, FUTEX_WAIT, 1, NULL, NULL, 0);
    CHECK_EQ(done, tid);
    CHECK_ERR(waitpid(tid, NULL, __WALL), ECHILD);
}

TEST(nested_fork_five_deep) {
    int depth = 0;
    pid_t pid = 0;
    for (; depth < 5; depth++) {
        pid = fork();
        if (pid) break;
    }
    if (depth == 5) _exit(5);
    int code = exit_of(pid);
    if (depth) _exit(code);
    CHECK_EQ(code, 5);
}

TEST(fork_hundred_children) {
    pid_t pids[100];
    int good = 0;
    for (int i = 0; i < 100; i++) FORK(pids[i]) _exit(100 + i);
    for (int i = 0; i < 100; i++) good += exit_of(pids[i]) == 100 + i;
    CHECK_EQ(good, 100);
}

TEST(set_tid_address_returns_tid) {
    static int word;
    CHECK_EQ(syscall(SYS_set_tid_address, &word), gettid_());
}

TEST(unshare_files_and_fs) {
    int fd = open("/dev/null", O_RDONLY);
    int body(void *arg) { return unshare(CLONE_FILES) || close(*(int *)arg); }
    CHECK_EQ(exit_of(clone(body, TOP(0), CLONE_FILES | SIGCHLD, &fd)), 0);
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK_EQ(unshare(0), 0);
    CHECK_EQ(unshare(CLONE_FS), 0);
    CHECK_ERR(unshare(1), EINVAL);
}

TEST(unshare_thread_flags_need_single_thread) {
    pthread_t t;
    int fds[2];
    CHECK_EQ(unshare(CLONE_THREAD), 0);
    CHECK_EQ(unshare(CLONE_VM), 0);
    CHECK_EQ(pipe(fds), 0);
    pthread_create(&t, NULL, read_one, (void *)(long)fds[0]);
    CHECK_ERR(unshare(CLONE_THREAD), EINVAL);
    CHECK_ERR(unshare(CLONE_SIGHAND), EINVAL);
    put_byte(fds[1]);
    pthread_join(t, NULL);
}

TEST(sid_and_pgid_inherited) {
    pid_t pid, sid = getsid(0), pgid = getpgrp();
    FORK(pid) CHECK(getsid(0) == sid && getpgrp() == pgid);
    CHECK_EQ(exit_of(pid), 0);
}

/* A process that waits in vfork(2) takes no signal with a handler, nor one that dumps core, but one that ends it. */
static int ends_in_vfork(int signo) {
    volatile int *shared = mmap(NULL, CHECK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t top = CHECK_OK(fork());
    if (top == 0) {
        struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        if (vfork() == 0) {
            shared[0] = 1;
            while (!shared[1])
                sleep_ms(5);
            shared[2] = 1;
            _exit(0);
        }
        _exit(7);
    }
    while (!shared[0])
        sleep_ms(5);
    CHECK_OK(kill(top, signo));
    sleep_ms(100);
    pid_t gone = waitpid(top, &status, WNOHANG);
    shared[1] = 1;
    if (gone == 0)
        CHECK_EQ(waitpid(top, &status, 0), top);
    for (int i = 0; !shared[2] && i < 1000; i++)
        sleep_ms(5);
    CHECK_EQ(shared[2], 1);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), signo);
    return gone == top;
}

TEST(ended_in_vfork) {
    CHECK_EQ(ends_in_vfork(SIGKILL), 1);
    CHECK_EQ(ends_in_vfork(SIGTERM), 1);
    CHECK_EQ(ends_in_vfork(SIGRTMIN + 1), 1);
    CHECK_EQ(ends_in_vfork(SIGQUIT), 0);
}

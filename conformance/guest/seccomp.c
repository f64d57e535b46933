// seccomp(2): strict mode, filters of classic BPF, their actions, inheritance and synchronisation.
#include "help.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ucontext.h>

#define NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARG(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define ARG_HIGH(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]) + 4)
#define IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
#define ALLOW RET(SECCOMP_RET_ALLOW)

static long seccomp(unsigned op, unsigned flags, void *args) { return syscall(SYS_seccomp, op, flags, args); }

static long getppid_(void) { return syscall(SYS_getppid); }

static long install_(unsigned flags, struct sock_filter *filter, size_t count) {
    struct sock_fprog program = { count, filter };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL_FLAGS(flags, ...) ({ struct sock_filter f_[] = { __VA_ARGS__ }; install_(flags, f_, sizeof f_ / sizeof f_[0]); })
#define INSTALL(...) CHECK_OK(INSTALL_FLAGS(0, __VA_ARGS__))
// Call number nr ends with that action, all others are allowed.
#define DENY(nr, action) INSTALL(NR, IF(nr), RET(action), ALLOW)

static volatile siginfo_t seen;
static volatile int seen_count;
static volatile long emulated = -1;
static void on_sys(int sig, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    memcpy((void *) &seen, info, sizeof seen);
    seen_count++;
    if (emulated != -1) uc->uc_mcontext.gregs[REG_RAX] = emulated;
}

TEST(action_errno) {
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | EHOSTUNREACH);
    CHECK_ERR(syscall(SYS_getppid), EHOSTUNREACH);
    CHECK_OK(syscall(SYS_gettid));
    CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
}

TEST(action_errno_of_zero_and_too_large) {
    INSTALL(NR, IF(SYS_getppid), RET(SECCOMP_RET_ERRNO), IF(SYS_getuid), RET(SECCOMP_RET_ERRNO | 0xffff), ALLOW);
    CHECK_EQ(syscall(SYS_getppid), 0);
    CHECK_ERR(syscall(SYS_getuid), 4095);
}

// Calls that a platform may answer by itself, or whose call site is rewritten when hot, are filtered all the same.
TEST(hot_calls_are_filtered) {
    for (int i = 0; i < 500; i++) {
        syscall(SYS_getpid), syscall(SYS_gettid), syscall(SYS_getuid), syscall(SYS_getppid);
        getpid(), getuid(), getppid(), read(-1, NULL, 0);
    }
    INSTALL(NR, IF(SYS_getpid), RET(SECCOMP_RET_ERRNO | 101), IF(SYS_gettid), RET(SECCOMP_RET_ERRNO | 102),
            IF(SYS_getuid), RET(SECCOMP_RET_ERRNO | 103), IF(SYS_getppid), RET(SECCOMP_RET_ERRNO | 104),
            IF(SYS_read), RET(SECCOMP_RET_ERRNO | 105), ALLOW);
    for (int i = 0; i < 50; i++) {
        CHECK_ERR(syscall(SYS_getpid), 101);
        CHECK_ERR(syscall(SYS_gettid), 102);
        CHECK_ERR(syscall(SYS_getuid), 103);
        CHECK_ERR(syscall(SYS_getppid), 104);
        // The C library takes these for calls that cannot fail.
        CHECK_EQ(getpid(), -101);
        CHECK_EQ((int) getuid(), -103);
        CHECK_ERR(read(-1, NULL, 0), 105);
    }
}

TEST(arguments_in_both_halves) {
    INSTALL(NR, IF(SYS_lseek), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW,
            ARG(1), IF(0x89abcdef), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW,
            ARG_HIGH(1), IF(0x01234567), RET(SECCOMP_RET_ERRNO | 55), ALLOW);
    CHECK_ERR(syscall(SYS_lseek, -1, 0x0123456789abcdefL, 0), 55);
    CHECK_ERR(syscall(SYS_lseek, -1, 0x0123456689abcdefL, 0), EBADF);
    CHECK_ERR(syscall(SYS_lseek, -1, 0x0123456789abcdeeL, 0), EBADF);
}

TEST(all_six_arguments) {
    for (int i = 0; i < 6; i++) {
        pid_t pid;
        FORK(pid) {
            INSTALL(NR, IF(SYS_process_vm_readv), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW, ARG(i), IF(0x77), RET(SECCOMP_RET_ERRNO | 66), ALLOW);
            long a[6] = { 0 };
            syscall(SYS_process_vm_readv, a[0], a[1], a[2], a[3], a[4], 1);
            CHECK_EQ(errno, EINVAL);
            a[i] = 0x77;
            CHECK_ERR(syscall(SYS_process_vm_readv, a[0], a[1], a[2], a[3], a[4], a[5]), 66);
        }
        CHECK_EQ(exit_of(pid), 0);
    }
}

TEST(architecture) {
    INSTALL(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), IF(AUDIT_ARCH_X86_64), ALLOW, RET(SECCOMP_RET_KILL_PROCESS));
    CHECK_OK(getppid_());
}

__attribute__((noinline)) static long call_here(long nr) {
    long result;
    __asm__ volatile("syscall; .globl after_call_here\nafter_call_here:" : "=a"(result) : "0"(nr), "D"(-1L), "S"(0L), "d"(0L) : "rcx", "r11", "memory");
    return result;
}
extern char after_call_here[];

TEST(action_trap) {
    handle_info(SIGSYS, on_sys, 0);
    DENY(SYS_getppid, SECCOMP_RET_TRAP | 0x1234);
    for (int i = 1; i <= 40; i++) {
        CHECK_EQ(call_here(SYS_getppid), SYS_getppid);
        CHECK_EQ(seen_count, i);
        CHECK_EQ(seen.si_signo, SIGSYS);
        CHECK_EQ(seen.si_code, 1);
        CHECK_EQ(seen.si_errno, 0x1234);
        CHECK_EQ(seen.si_call_addr, after_call_here);
        CHECK_EQ(seen.si_syscall, SYS_getppid);
        CHECK_EQ(seen.si_arch, AUDIT_ARCH_X86_64);
    }
    emulated = 4711;
    CHECK_EQ(call_here(SYS_getppid), 4711);
}

TEST(trap_of_a_hot_call) {
    handle_info(SIGSYS, on_sys, 0);
    for (int i = 0; i < 200; i++) getppid_();
    DENY(SYS_getppid, SECCOMP_RET_TRAP);
    emulated = 99;
    for (int i = 0; i < 100; i++) CHECK_EQ(getppid_(), 99);
    CHECK_EQ(seen_count, 100);
}

TEST(trap_with_signal_blocked_or_ignored_kills) {
    pid_t pid;
    FORK(pid) {
        handle_info(SIGSYS, on_sys, 0);
        mask(SIG_BLOCK, SIGSYS);
        DENY(SYS_getppid, SECCOMP_RET_TRAP);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
    FORK(pid) {
        signal(SIGSYS, SIG_IGN);
        DENY(SYS_getppid, SECCOMP_RET_TRAP);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
}

// What a stub does: calls of one page are allowed, all others trap.
TEST(instruction_pointer) {
    handle_info(SIGSYS, on_sys, SA_NODEFER);
    unsigned long here = (unsigned long) after_call_here;
    INSTALL(NR, IF(SYS_getppid), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW,
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, here >> 32, 1, 0), RET(SECCOMP_RET_TRAP),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) here, 0, 1), ALLOW, RET(SECCOMP_RET_TRAP));
    for (int i = 1; i <= 40; i++) {
        CHECK(call_here(SYS_getppid) > 0);
        CHECK_EQ(seen_count, i - 1);
        getppid_();
        CHECK_EQ(seen_count, i);
    }
}

TEST(action_kill_process) {
    pid_t pid;
    FORK(pid) {
        DENY(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
        handle_info(SIGSYS, on_sys, 0);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
    // An action that is not known kills too.
    FORK(pid) {
        DENY(SYS_getppid, 0x00110000);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
}

static void *call_getppid(void *how) {
    if (how) DENY(SYS_getppid, *(unsigned *) how);
    getppid_();
    return NULL;
}

TEST(action_kill_thread) {
    pid_t pid;
    unsigned thread = SECCOMP_RET_KILL_THREAD, process = SECCOMP_RET_KILL_PROCESS;
    FORK(pid) {
        pthread_t t;
        pthread_create(&t, NULL, call_getppid, &thread);
        pthread_join(t, NULL);
        _exit(7);
    }
    CHECK_EQ(exit_of(pid), 7);
    FORK(pid) {
        pthread_t t;
        pthread_create(&t, NULL, call_getppid, &process);
        pthread_join(t, NULL);
        _exit(7);
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
    FORK(pid) call_getppid(&thread);
    CHECK_EQ(exit_of(pid), -SIGSYS);
}

TEST(action_trace_without_tracer) {
    DENY(SYS_getppid, SECCOMP_RET_TRACE | 5);
    CHECK_ERR(getppid_(), ENOSYS);
}

TEST(action_log_allows) {
    DENY(SYS_getppid, SECCOMP_RET_LOG);
    CHECK(getppid_() > 0);
}

TEST(actions_available) {
    uint32_t known[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE,
                         SECCOMP_RET_LOG, SECCOMP_RET_ALLOW };
    for (unsigned i = 0; i < 7; i++) CHECK_OK(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &known[i]));
    uint32_t unknown = 0x00110000;
    CHECK_ERR(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP);
    CHECK_ERR(seccomp(SECCOMP_GET_ACTION_AVAIL, 1, &known[0]), EINVAL);
    CHECK_ERR(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, BAD), EFAULT);
    CHECK_ERR(seccomp(99, 0, NULL), EINVAL);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_STRICT, 0, &unknown), EINVAL);
}

TEST(the_gravest_action_counts) {
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 1);
    DENY(SYS_getppid, SECCOMP_RET_ALLOW);
    CHECK_ERR(getppid_(), 1);
    // Of equal actions the newest filter's.
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 2);
    CHECK_ERR(getppid_(), 2);
    DENY(SYS_getppid, SECCOMP_RET_LOG);
    CHECK_ERR(getppid_(), 2);
    handle_info(SIGSYS, on_sys, 0);
    DENY(SYS_getppid, SECCOMP_RET_TRAP);
    getppid_();
    CHECK_EQ(seen_count, 1);
    pid_t pid;
    FORK(pid) {
        DENY(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
        DENY(SYS_getppid, SECCOMP_RET_ERRNO | 3);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
}

TEST(fork_inherits) {
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 31);
    pid_t pid;
    FORK(pid) {
        CHECK_ERR(getppid_(), 31);
        // The child's further filters are its own.
        DENY(SYS_getuid, SECCOMP_RET_ERRNO | 32);
        CHECK_ERR(syscall(SYS_getuid), 32);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(syscall(SYS_getuid));
}

TEST(exec_keeps) {
    pid_t pid;
    FORK(pid) {
        DENY(SYS_mkdir, SECCOMP_RET_ERRNO | EXDEV);
        DENY(SYS_mkdirat, SECCOMP_RET_ERRNO | EXDEV);
        close(2);
        execl("/bin/sh", "sh", "-c", "mkdir made", NULL);
    }
    CHECK_EQ(exit_of(pid), 1);
    CHECK_ERR(rmdir("made"), ENOENT);
}

TEST(status_lines) {
    char *text = read_file("/proc/self/status");
    CHECK(strstr(text, "\nSeccomp:\t"));
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 31);
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 31);
    text = read_file("/proc/self/status");
    CHECK(strstr(text, "\nNoNewPrivs:\t1\n"));
    CHECK(strstr(text, "\nSeccomp:\t2\nSeccomp_filters:\t"));
}

static volatile int hold;
static volatile long other_result;
static void *wait_then_call(void *unused) {
    while (hold) sched_yield();
    errno = 0;
    other_result = syscall(SYS_getppid) == -1 ? errno : 0;
    return NULL;
}

TEST(tsync) {
    pthread_t t;
    hold = 1;
    pthread_create(&t, NULL, wait_then_call, NULL);
    CHECK_OK(INSTALL_FLAGS(SECCOMP_FILTER_FLAG_TSYNC, NR, IF(SYS_getppid), RET(SECCOMP_RET_ERRNO | 77), ALLOW));
    hold = 0;
    pthread_join(t, NULL);
    CHECK_EQ(other_result, 77);
}

TEST(without_tsync_other_threads_are_free) {
    pthread_t t;
    hold = 1;
    pthread_create(&t, NULL, wait_then_call, NULL);
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 77);
    hold = 0;
    pthread_join(t, NULL);
    CHECK_EQ(other_result, 0);
}

static volatile int own_tid, go;
static void *filter_of_its_own(void *unused) {
    DENY(SYS_getuid, SECCOMP_RET_ERRNO | 1);
    own_tid = gettid_();
    while (!go) sched_yield();
    return NULL;
}

TEST(tsync_fails_when_chains_differ) {
    pthread_t t;
    pthread_create(&t, NULL, filter_of_its_own, NULL);
    while (!own_tid) sched_yield();
    CHECK_EQ(INSTALL_FLAGS(SECCOMP_FILTER_FLAG_TSYNC, NR, IF(SYS_getppid), RET(SECCOMP_RET_ERRNO | 77), ALLOW), own_tid);
    CHECK(getppid_() > 0);
    CHECK_ERR(INSTALL_FLAGS(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, ALLOW), ESRCH);
    go = 1;
    pthread_join(t, NULL);
}

TEST(privilege_needed) {
    become_user();
    struct sock_filter f[] = { ALLOW };
    struct sock_fprog program = { 1, f };
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) SKIP("no_new_privs is set already");
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program), EACCES);
    CHECK_ERR(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), EACCES);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

TEST(bad_programs) {
    struct sock_filter f[] = { ALLOW };
    struct sock_fprog empty = { 0, f }, many = { 4097, f }, gone = { 1, BAD };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0, BAD), EFAULT);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0, &empty), EINVAL);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0, &many), EINVAL);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0, &gone), EFAULT);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_FILTER, 0x8000, &empty), EINVAL);
#define BAD_PROGRAM(...) CHECK_ERR(INSTALL_FLAGS(0, __VA_ARGS__), EINVAL)
    BAD_PROGRAM(NR);                                                         // no return at the end
    BAD_PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW);              // behind seccomp_data
    BAD_PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW);               // not aligned
    BAD_PROGRAM(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW);               // not a word
    BAD_PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW);
    BAD_PROGRAM(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), ALLOW);        // past the end
    BAD_PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, 5), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, -1), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_ST, 16), ALLOW);
    BAD_PROGRAM(BPF_STMT(BPF_LD | BPF_MEM, 3), ALLOW);                       // never stored
    BAD_PROGRAM(BPF_STMT(BPF_RET | BPF_X, 0));
    BAD_PROGRAM(BPF_STMT(0xffff, 0), ALLOW);
    CHECK_EQ(prctl(PR_GET_SECCOMP), prctl(PR_GET_SECCOMP));
    CHECK_OK(getppid_());
}

// A computation with every instruction there is; its result comes out as the errno.
TEST(instructions) {
    INSTALL(NR, IF(SYS_getppid), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW,
            BPF_STMT(BPF_LD | BPF_IMM, 100), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 23), BPF_STMT(BPF_ST, 15),       // 123
            BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),                              // 15129
            BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 129), BPF_STMT(BPF_LDX | BPF_IMM, 7), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), // 2142
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff0), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 3),                    // 0x853
            BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0x7), BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 4),                     // 0x8540
            BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_STX, 0),        // 0x10a
            BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), // 0x10a - 64 = 202
            BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 201, 0, 3), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 2, 0),
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 8, 0, 1), BPF_STMT(BPF_JMP | BPF_JA, 1), RET(SECCOMP_RET_ERRNO | 1),
            BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0));
    CHECK_ERR(getppid_(), 202);
}

TEST(division_by_zero_kills) {
    pid_t pid;
    FORK(pid) {
        INSTALL(NR, IF(SYS_getppid), BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW, BPF_STMT(BPF_LDX | BPF_IMM, 0),
                BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW);
        getppid_();
    }
    CHECK_EQ(exit_of(pid), -SIGSYS);
}

TEST(chain_has_an_end) {
    static struct sock_filter f[4096];
    for (int i = 0; i < 4096; i++) f[i] = (struct sock_filter) ALLOW;
    int installed = 0;
    while (install_(0, f, 4096) == 0) CHECK(++installed < 9);
    CHECK_EQ(errno, ENOMEM);
    CHECK(installed >= 1);
}

TEST(strict_and_filter_exclude_each_other) {
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 1);
    CHECK_ERR(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
    CHECK_ERR(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), EINVAL);
}

TEST(filter_sees_restarts) {
    // A sleep interrupted by a stop goes on by restart_syscall(2), which is the filter's business too.
    pid_t pid;
    FORK(pid) {
        DENY(SYS_restart_syscall, SECCOMP_RET_ERRNO | 44);
        struct timespec second = { 1, 0 };
        CHECK_ERR(syscall(SYS_nanosleep, &second, NULL), 44);
    }
    await_sleep(pid);
    kill(pid, SIGSTOP);
    await_state(pid, "T");
    kill(pid, SIGCONT);
    CHECK_EQ(exit_of(pid), 0);
}

TEST_SLOW(filter_of_a_stopped_call_under_signals, 20) {
    handle_info(SIGSYS, on_sys, SA_NODEFER);
    DENY(SYS_getppid, SECCOMP_RET_ERRNO | 9);
    pid_t self = getpid(), pid;
    FORK(pid) for (int i = 0; i < 300; i++) kill(self, SIGURG), sched_yield();
    for (int i = 0; i < 20000; i++) CHECK_EQ(getppid_(), -1);
    reap(pid);
}

// Scheduling policies, priorities, affinity, getcpu, yield; robust lists and rseq registration.
#include "help.h"
#include <linux/capability.h>
#include <linux/futex.h>
#include <sys/resource.h>

static long get_affinity(pid_t pid, size_t size, void *set) { return syscall(SYS_sched_getaffinity, pid, size, set); }
static long set_affinity(pid_t pid, size_t size, void *set) { return syscall(SYS_sched_setaffinity, pid, size, set); }

static struct sched_attr_ { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority;
    uint64_t runtime, deadline, period; uint32_t util_min, util_max; } attr;

TEST(default_policy) {
    struct sched_param p = { 77 };
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_EQ(sched_getscheduler(getpid()), SCHED_OTHER);
    CHECK_OK(sched_getparam(0, &p));
    CHECK_EQ(p.sched_priority, 0);
}

TEST(bad_arguments) {
    struct sched_param p = { 0 };
    CHECK_ERR(sched_getscheduler(-1), EINVAL);
    CHECK_ERR(sched_getscheduler(1 << 22), ESRCH);
    CHECK_ERR(sched_getparam(-1, &p), EINVAL);
    CHECK_ERR(sched_getparam(1 << 22, &p), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, BAD), EFAULT);
    CHECK_ERR(sched_setscheduler(0, 99, &p), EINVAL);
    CHECK_ERR(sched_setscheduler(0, -1, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, BAD), EFAULT);
    CHECK_ERR(sched_setscheduler(1 << 22, SCHED_OTHER, &p), ESRCH);
    p.sched_priority = 1;
    CHECK_ERR(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL);
    CHECK_ERR(sched_setparam(0, &p), EINVAL);
    p.sched_priority = 0;
    CHECK_ERR(sched_setscheduler(0, SCHED_FIFO, &p), EINVAL);
    p.sched_priority = 100;
    CHECK_ERR(sched_setscheduler(0, SCHED_FIFO, &p), EINVAL);
}

TEST(priority_ranges) {
    CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_max(SCHED_RR), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_OTHER), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_BATCH), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_IDLE), 0);
    CHECK_ERR(sched_get_priority_max(99), EINVAL);
    CHECK_ERR(sched_get_priority_min(-1), EINVAL);
}

TEST(batch_and_idle_policies) {
    struct sched_param p = { 0 };
    CHECK_OK(sched_setscheduler(0, SCHED_BATCH, &p));
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    pid_t pid;
    FORK(pid) CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(sched_setscheduler(0, SCHED_IDLE, &p));
    CHECK_EQ(sched_getscheduler(0), SCHED_IDLE);
    if (geteuid() == 0) CHECK_OK(sched_setscheduler(0, SCHED_OTHER, &p));
}

TEST(reset_on_fork) {
    struct sched_param p = { 0 };
    CHECK_OK(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &p));
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
    pid_t pid;
    FORK(pid) CHECK_EQ(sched_getscheduler(0) & SCHED_RESET_ON_FORK, 0);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(real_time_refused_to_ordinary_user) {
    struct sched_param p = { 5 };
    become_user();
    setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ 0, 0 });
    CHECK_ERR(sched_setscheduler(0, SCHED_FIFO, &p), EPERM);
    CHECK_ERR(sched_setscheduler(0, SCHED_RR, &p), EPERM);
}

TEST(rr_interval) {
    struct timespec ts;
    CHECK_OK(sched_rr_get_interval(0, &ts));
    CHECK_ERR(sched_rr_get_interval(-1, &ts), EINVAL);
    CHECK_ERR(sched_rr_get_interval(1 << 22, &ts), ESRCH);
    CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, BAD), EFAULT);
}

TEST(getattr_setattr) {
    memset(&attr, 0, sizeof attr);
    CHECK_OK(syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0));
    CHECK(attr.size >= 48);
    CHECK_EQ(attr.policy, SCHED_OTHER);
    CHECK_EQ(attr.nice, getpriority(PRIO_PROCESS, 0));
    attr = (struct sched_attr_){ .size = 48, .policy = SCHED_BATCH, .nice = 7 };
    CHECK_OK(syscall(SYS_sched_setattr, 0, &attr, 0));
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &attr, 47, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &attr, 5000, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 1), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 1 << 22, &attr, sizeof attr, 0), ESRCH);
    CHECK_ERR(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setattr, 0, BAD, 0), EFAULT);
    attr.size = 20;
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &attr, 0), E2BIG);
    CHECK(attr.size >= 48);
}

TEST(yield) { CHECK_OK(sched_yield()); }

// --- nice ---

TEST(priority_values) {
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 4));
    errno = 0;
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 4);
    // The raw call answers 20 - nice, so that it is never negative.
    CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 16);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 100));
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
    pid_t pid;
    FORK(pid) CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(priority_of_group_and_user) {
    pid_t pid;
    FORK(pid) {
        setpgid(0, 0);
        CHECK_OK(setpriority(PRIO_PGRP, 0, 9));
        CHECK_EQ(getpriority(PRIO_PGRP, getpid()), 9);
        CHECK_EQ(getpriority(PRIO_PROCESS, getpid()), 9);
        errno = 0;
        getpriority(PRIO_USER, 0);
        CHECK(errno == 0);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(priority_errors) {
    CHECK_ERR(syscall(SYS_getpriority, 3, 0), EINVAL);
    CHECK_ERR(syscall(SYS_getpriority, -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_setpriority, 3, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_getpriority, PRIO_PROCESS, 1 << 22), ESRCH);
    CHECK_ERR(syscall(SYS_getpriority, PRIO_PGRP, 1 << 22), ESRCH);
    CHECK_ERR(syscall(SYS_getpriority, PRIO_USER, 77777), ESRCH);
    CHECK_ERR(syscall(SYS_setpriority, PRIO_PROCESS, 1 << 22, 0), ESRCH);
}

TEST(priority_permissions) {
    need_root();
    pid_t victim, pid;
    FORK(victim) for (;;) pause();
    FORK(pid) {
        become_user();
        setrlimit(RLIMIT_NICE, &(struct rlimit){ 0, 0 });
        CHECK_ERR(setpriority(PRIO_PROCESS, victim, 5), EPERM);
        CHECK_ERR(setpriority(PRIO_PROCESS, 0, -1), EACCES);
        CHECK_OK(setpriority(PRIO_PROCESS, 0, 1));
    }
    CHECK_EQ(exit_of(pid), 0);
    kill(victim, SIGKILL);
    need_cap(CAP_SYS_NICE);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, -5));
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), -5);
}

TEST(nice_is_shown_in_proc) {
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 6));
    char *text = strrchr(read_file("/proc/self/stat"), ')');
    long values[20] = { 0 };
    char *at = text + 4;
    for (int i = 0; i < 18; i++) values[i] = strtol(at, &at, 10);
    // Fields 18 and 19 of proc(5): priority and nice.
    CHECK_EQ(values[14], 26);
    CHECK_EQ(values[15], 6);
}

TEST(ioprio) {
    int value = CHECK_OK(syscall(SYS_ioprio_get, 1, 0));
    CHECK(value >= 0);
    CHECK_OK(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5));
    CHECK_EQ(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 5);
    CHECK_ERR(syscall(SYS_ioprio_get, 9, 0), EINVAL);
    CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, 7 << 13), EINVAL);
    CHECK_ERR(syscall(SYS_ioprio_get, 1, 1 << 22), ESRCH);
}

// --- affinity ---

TEST(affinity_get) {
    unsigned char set[1024];
    long n = get_affinity(0, sizeof set, set);
    // The kernel's own set size: a whole number of longs.
    CHECK(n >= 8 && n % 8 == 0);
    int bits = 0;
    for (long i = 0; i < n; i++) bits += __builtin_popcount(set[i]);
    CHECK(bits >= 1);
    CHECK_EQ(get_affinity(getpid(), sizeof set, set), n);
    CHECK_ERR(get_affinity(0, 7, set), EINVAL);
    CHECK_ERR(get_affinity(0, 0, set), EINVAL);
    CHECK_ERR(get_affinity(0, 12, set), EINVAL);
    CHECK_ERR(get_affinity(0, sizeof set, BAD), EFAULT);
    CHECK_ERR(get_affinity(1 << 22, sizeof set, set), ESRCH);
}

TEST(affinity_set_and_inherit) {
    cpu_set_t all, one;
    CHECK_OK(sched_getaffinity(0, sizeof all, &all));
    int cpu = 0;
    while (!CPU_ISSET(cpu, &all)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_OK(sched_setaffinity(0, sizeof one, &one));
    CPU_ZERO(&all);
    CHECK_OK(sched_getaffinity(0, sizeof all, &all));
    CHECK_EQ(CPU_COUNT(&all), 1);
    CHECK(CPU_ISSET(cpu, &all));
    CHECK_EQ(sched_getcpu(), cpu);
    pid_t pid;
    FORK(pid) {
        cpu_set_t mine;
        CHECK_OK(sched_getaffinity(0, sizeof mine, &mine));
        CHECK_EQ(CPU_COUNT(&mine), 1);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(sysconf(_SC_NPROCESSORS_ONLN) >= 1, 1);
}

TEST(affinity_of_no_processor) {
    cpu_set_t none;
    CPU_ZERO(&none);
    CHECK_ERR(sched_setaffinity(0, sizeof none, &none), EINVAL);
    CPU_SET(1000, &none);
    CHECK_ERR(sched_setaffinity(0, sizeof none, &none), EINVAL);
    CHECK_ERR(set_affinity(0, 0, &none), EINVAL);
    CHECK_ERR(set_affinity(0, 8, BAD), EFAULT);
    CHECK_ERR(set_affinity(1 << 22, sizeof none, &none), ESRCH);
}

TEST(affinity_of_anothers_process) {
    need_root();
    pid_t victim, pid;
    cpu_set_t set;
    FORK(victim) for (;;) pause();
    CHECK_OK(sched_getaffinity(0, sizeof set, &set));
    FORK(pid) {
        become_user();
        CHECK_ERR(sched_setaffinity(victim, sizeof set, &set), EPERM);
        CHECK_OK(sched_getaffinity(victim, sizeof set, &set));
    }
    CHECK_EQ(exit_of(pid), 0);
    kill(victim, SIGKILL);
}

TEST(getcpu) {
    unsigned cpu = 9999, node = 9999;
    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 1024 && node < 64);
    CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
    CHECK_ERR(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_getcpu, NULL, BAD, NULL), EFAULT);
    CHECK(sched_getcpu() >= 0);
}

TEST(affinity_shown_in_status) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_OK(sched_setaffinity(0, sizeof one, &one));
    char *at = strstr(read_file("/proc/self/status"), "Cpus_allowed:");
    CHECK(at != NULL);
    unsigned long bits = strtoul(at + 13, NULL, 16);
    CHECK_EQ(__builtin_popcountl(bits), 1);
}

// --- robust list and rseq ---

TEST(robust_list_get_set) {
    struct robust_list_head head = { .list = { NULL } }, *got;
    size_t length;
    head.list.next = &head.list;
    CHECK_OK(syscall(SYS_get_robust_list, 0, &got, &length));
    CHECK_EQ(length, sizeof head);
    CHECK(got != NULL);
    CHECK_OK(syscall(SYS_set_robust_list, &head, sizeof head));
    struct robust_list_head *again;
    CHECK_OK(syscall(SYS_get_robust_list, gettid_(), &again, &length));
    CHECK(again == &head);
    CHECK_OK(syscall(SYS_set_robust_list, got, sizeof head));
    CHECK_ERR(syscall(SYS_set_robust_list, &head, 23), EINVAL);
    CHECK_ERR(syscall(SYS_get_robust_list, 1 << 22, &got, &length), ESRCH);
    CHECK_ERR(syscall(SYS_get_robust_list, 0, BAD, &length), EFAULT);
    CHECK_ERR(syscall(SYS_get_robust_list, 0, &got, BAD), EFAULT);
}

TEST(rseq_is_registered_or_absent) {
    static struct { uint32_t words[8]; } __attribute__((aligned(32))) area;
    long r = syscall(SYS_rseq, &area, 32, 0, 0x53053053);
    // glibc has registered its own, unless the kernel knows none.
    CHECK(r == -1 && (errno == EINVAL || errno == EBUSY || errno == EPERM || errno == ENOSYS));
}

TEST(rseq_own_registration_in_raw_thread) {
    static struct { uint32_t cpu_start, cpu; uint64_t cs; uint32_t flags, node, mm, pad; } __attribute__((aligned(32))) area;
    static char stack[65536] __attribute__((aligned(16)));
    static volatile long result, again, wrong_sig, gone, error;
    int body(void *unused UNUSED) {
        result = syscall(SYS_rseq, &area, 32, 0, 0x53053053);
        if (result) { error = errno; return 0; }
        sched_yield();
        again = syscall(SYS_rseq, &area, 32, 0, 0x53053053) == -1 ? errno : 0;
        wrong_sig = syscall(SYS_rseq, &area, 32, 1, 1) == -1 ? errno : 0;
        gone = syscall(SYS_rseq, &area, 32, 1, 0x53053053);
        return 0;
    }
    pid_t pid = clone(body, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    CHECK_EQ(exit_of(pid), 0);
    if (result && error == ENOSYS) SKIP("no rseq");
    CHECK_EQ(result, 0);
    CHECK_EQ(again, EBUSY);
    CHECK_EQ(wrong_sig, EPERM);
    CHECK_EQ(gone, 0);
}

static void *with_own_stack(void *unused UNUSED) { sched_yield(); return NULL; }

/* A thread's area for rseq lies on its stack, which is gone as soon as it is joined. */
TEST(rseq_areas_go_with_their_threads) {
    size_t size = 1 << 16;
    for (int round = 0; round < 100; round++) {
        pthread_t threads[4];
        void *stacks[4];
        for (int i = 0; i < 4; i++) {
            pthread_attr_t attr;
            pthread_attr_init(&attr);
            stacks[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            pthread_attr_setstack(&attr, stacks[i], size);
            CHECK_EQ(pthread_create(&threads[i], &attr, with_own_stack, NULL), 0);
        }
        for (int i = 0; i < 4; i++) {
            CHECK_EQ(pthread_join(threads[i], NULL), 0);
            CHECK_OK(munmap(stacks[i], size));
        }
    }
}

static volatile int seen = -1, stop, tid;

static void *where_it_runs(void *unused UNUSED) {
    tid = gettid_();
    while (!stop) seen = sched_getcpu();
    return NULL;
}

TEST(affinity_of_a_running_thread) {
    cpu_set_t one, got;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, where_it_runs, NULL), 0);
    while (!tid) sched_yield();
    CHECK_OK(sched_getaffinity(0, sizeof got, &got));
    for (int cpu = 0, left = 2; cpu < CPU_SETSIZE && left; cpu++) {
        if (!CPU_ISSET(cpu, &got)) continue;
        left--;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        CHECK_OK(sched_setaffinity(tid, sizeof one, &one));
        CHECK_OK(sched_getaffinity(tid, sizeof one, &one));
        CHECK(CPU_COUNT(&one) == 1 && CPU_ISSET(cpu, &one));
        for (int i = 0; i < 2000 && seen != cpu; i++) sleep_ms(1);
        CHECK_EQ(seen, cpu);
    }
    stop = 1;
    pthread_join(thread, NULL);
}

TEST(affinity_survives_exec) {
    cpu_set_t one, got;
    CHECK_OK(sched_getaffinity(0, sizeof got, &got));
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &got)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    CHECK_OK(sched_setaffinity(0, sizeof one, &one));
    pid_t pid;
    FORK(pid) {
        char want[16];
        snprintf(want, sizeof want, "%d", last);
        execlp("sh", "sh", "-c", "grep -q \"^Cpus_allowed_list:[[:space:]]*$0\\$\" /proc/self/status", want, NULL);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(membarrier) {
    long known = syscall(SYS_membarrier, 0, 0, 0);
    if (known == -1 && errno == ENOSYS) SKIP("no membarrier");
    CHECK(known > 0);
    if (known & 16) {
        CHECK_OK(syscall(SYS_membarrier, 16, 0, 0));
        CHECK_OK(syscall(SYS_membarrier, 8, 0, 0));
    }
    CHECK_ERR(syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_membarrier, 0, 77, 0), EINVAL);
}

// Futexes: wait and wake, bitsets, requeue, wake_op, private and shared, priority inheritance, robust lists.
#include "help.h"
#include <linux/futex.h>

static long futex(void *word, int op, unsigned val, const void *timeout, void *word2, unsigned val3) {
    return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}
static long futex_n(void *word, int op, unsigned val, long val2, void *word2, unsigned val3) {
    return syscall(SYS_futex, word, op, val, val2, word2, val3);
}
static struct timespec in_ms(clockid_t clock, int n) {
    struct timespec t;
    clock_gettime(clock, &t);
    long long ns = t.tv_nsec + n * MS;
    return (struct timespec){ t.tv_sec + ns / 1000000000, ns % 1000000000 };
}

struct waiter {
    pthread_t thread;
    int *word, op, val3;
    volatile int tid;
    volatile long result;
    volatile int done, error;
};
static void *wait_body(void *arg) {
    struct waiter *w = arg;
    w->tid = gettid_();
    w->result = futex(w->word, w->op, 0, NULL, NULL, w->val3);
    w->error = errno;
    w->done = 1;
    return NULL;
}
static void start(struct waiter *w, int *word, int op, int val3) {
    memset(w, 0, sizeof *w);
    w->word = word;
    w->op = op;
    w->val3 = val3;
    CHECK_RC(pthread_create(&w->thread, NULL, wait_body, w), 0);
    while (!w->tid) sleep_ms(1);
    await_sleep(w->tid);
}
// Wakes until it is the one that should be woken; a waiter that is late is not missed.
static void join(struct waiter *w) { pthread_join(w->thread, NULL); }

TEST(wait_value_differs) {
    int word = 5;
    CHECK_ERR(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 4, NULL, NULL, -1), EAGAIN);
}

TEST(wait_times_out) {
    int word = 5;
    struct timespec t = { 0, 50 * MS };
    long long t0 = now_ns();
    CHECK_ERR(futex(&word, FUTEX_WAIT, 5, &t, NULL, 0), ETIMEDOUT);
    CHECK(now_ns() - t0 >= 50 * MS);
    t = (struct timespec){ 0, 0 };
    CHECK_ERR(futex(&word, FUTEX_WAIT, 5, &t, NULL, 0), ETIMEDOUT);
}

TEST(wait_until_absolute_time) {
    int word = 5;
    struct timespec t = in_ms(CLOCK_MONOTONIC, 50);
    long long t0 = now_ns();
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 5, &t, NULL, -1), ETIMEDOUT);
    CHECK(now_ns() - t0 >= 45 * MS);
    t = in_ms(CLOCK_REALTIME, 50);
    t0 = now_ns();
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &t, NULL, -1), ETIMEDOUT);
    CHECK(now_ns() - t0 >= 45 * MS);
    t = (struct timespec){ 1, 0 };
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 5, &t, NULL, -1), ETIMEDOUT);
}

TEST(bad_arguments) {
    static int word;
    struct timespec t = { 0, 1000000000 };
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0), EINVAL);
    t = (struct timespec){ -1, 0 };
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0), EINVAL);
    CHECK_ERR(futex((char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex((char *)&word + 2, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(BAD, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(BAD, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex((void *)0xffff800000000000UL, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, BAD, NULL, 0), EFAULT);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
    CHECK_ERR(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
    CHECK_ERR(futex(&word, FUTEX_FD, 1, NULL, NULL, 0), ENOSYS);
}

TEST(wake_nobody) {
    int word = 0;
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    // A private wake looks at no memory.
    CHECK_EQ(futex(BAD, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    CHECK_ERR(futex(BAD, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
}

TEST(wake_one_of_three) {
    static int word;
    struct waiter w[3];
    for (int i = 0; i < 3; i++) start(&w[i], &word, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    sleep_ms(30);
    CHECK_EQ(w[0].done + w[1].done + w[2].done, 1);
    // First come, first served.
    CHECK_EQ(w[0].done, 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 2);
    for (int i = 0; i < 3; i++) { join(&w[i]); CHECK_EQ(w[i].result, 0); }
}

TEST(private_and_shared_are_different_queues) {
    int *word = shared(4096);
    struct waiter w;
    start(&w, word, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    join(&w);
}

TEST(shared_works_on_private_memory) {
    static int word;
    struct waiter w;
    start(&w, &word, FUTEX_WAIT, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    join(&w);
    CHECK_EQ(w.result, 0);
}

TEST(shared_over_fork) {
    int *word = shared(4096);
    pid_t pid;
    FORK(pid) { CHECK_EQ(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0), 0); }
    await_sleep(pid);
    CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(private_memory_is_not_shared_over_fork) {
    static int word;
    pid_t pid;
    struct timespec t = { 0, 100 * MS };
    FORK(pid) CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0), ETIMEDOUT);
    sleep_ms(40);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(shared_by_file_at_different_addresses) {
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_OK(ftruncate(fd, 8192));
    int *here = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pid_t pid;
    FORK(pid) {
        int *there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
        CHECK(there != here + 1024);
        CHECK_EQ(futex(there + 3, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
    }
    await_sleep(pid);
    CHECK_EQ(futex(here + 1024, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(here + 1024 + 3, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(shared_by_memfd) {
    int fd = CHECK_OK(memfd_create("m", 0));
    CHECK_OK(ftruncate(fd, 4096));
    pid_t pid;
    FORK(pid) {
        int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK_EQ(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
    }
    await_sleep(pid);
    int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(wait_on_read_only_memory) {
    int *word = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct timespec t = { 0, 5 * MS };
    CHECK_ERR(futex(word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0), ETIMEDOUT);
    CHECK_ERR(futex(word, FUTEX_WAIT_PRIVATE, 1, &t, NULL, 0), EAGAIN);
}

TEST(bitset_selects) {
    static int word;
    struct waiter a, b, c;
    start(&a, &word, FUTEX_WAIT_BITSET_PRIVATE, 1);
    start(&b, &word, FUTEX_WAIT_BITSET_PRIVATE, 2);
    start(&c, &word, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2), 2);
    join(&b);
    join(&c);
    CHECK_EQ(a.done, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    join(&a);
}

TEST(requeue_moves_waiters) {
    static int one, two;
    struct waiter w[3];
    for (int i = 0; i < 3; i++) start(&w[i], &one, FUTEX_WAIT_PRIVATE, 0);
    // Wake one, move at most one: the answer of REQUEUE counts the woken and, like CMP_REQUEUE, the moved.
    CHECK_EQ(futex_n(&one, FUTEX_REQUEUE_PRIVATE, 1, 1, &two, 0), 2);
    CHECK_EQ(futex(&two, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    CHECK_EQ(futex(&one, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    for (int i = 0; i < 3; i++) join(&w[i]);
}

TEST(cmp_requeue) {
    static int one, two;
    struct waiter w[3];
    for (int i = 0; i < 3; i++) start(&w[i], &one, FUTEX_WAIT_PRIVATE, 0);
    CHECK_ERR(futex_n(&one, FUTEX_CMP_REQUEUE_PRIVATE, 1, 5, &two, 7), EAGAIN);
    CHECK_EQ(futex_n(&one, FUTEX_CMP_REQUEUE_PRIVATE, 1, 5, &two, 0), 3);
    CHECK_EQ(futex(&one, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&two, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 2);
    for (int i = 0; i < 3; i++) join(&w[i]);
    CHECK_ERR(futex_n(&one, FUTEX_CMP_REQUEUE, -1, 1, &two, 0), EINVAL);
    CHECK_ERR(futex_n(&one, FUTEX_CMP_REQUEUE, 1, -1, &two, 0), EINVAL);
}

TEST(requeued_waiter_times_out) {
    static int one, two;
    void *body(void *unused UNUSED) {
        struct timespec t = { 0, 120 * MS };
        return (void *)(long)(futex(&one, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0) == -1 ? errno : 0);
    }
    pthread_t thread;
    void *error;
    pthread_create(&thread, NULL, body, NULL);
    sleep_ms(40);
    CHECK_EQ(futex_n(&one, FUTEX_CMP_REQUEUE_PRIVATE, 0, 5, &two, 0), 1);
    pthread_join(thread, &error);
    CHECK_EQ((long)error, ETIMEDOUT);
    CHECK_EQ(futex(&two, FUTEX_WAKE_PRIVATE, 5, NULL, NULL, 0), 0);
}

#define OP(op, oparg, cmp, cmparg) ((op) << 28 | (cmp) << 24 | (oparg) << 12 | (cmparg))

TEST(wake_op_arithmetic) {
    static int one, two = 10;
    CHECK_EQ(futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)), 0);
    CHECK_EQ(two, 7);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 10);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_OR, 5, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 15);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_ANDN, 3, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 12);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_XOR, 6, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 10);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, (int)OP(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 4u, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 26);
    futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_EQ, 0));
    CHECK_EQ(two, 25);
    CHECK_ERR(futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, BAD, OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)), EFAULT);
    CHECK_ERR(futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(7, 1, FUTEX_OP_CMP_EQ, 0)), ENOSYS);
}

TEST(wake_op_wakes_second_when_comparison_holds) {
    static int one, two, none;
    struct waiter a, b;
    start(&a, &one, FUTEX_WAIT_PRIVATE, 0);
    start(&b, &two, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex_n(&none, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_SET, 4, FUTEX_OP_CMP_GT, 0)), 0);
    CHECK_EQ(futex_n(&one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 4)), 2);
    join(&a);
    join(&b);
    CHECK_EQ(two, 5);
}

// --- priority inheritance ---

TEST(lock_pi_uncontended) {
    static int word;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, gettid_());
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_ERR(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
    CHECK_ERR(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
}

TEST(lock_pi_of_a_dead_owner) {
    static int word = 1 << 22;
    CHECK_ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
    CHECK_ERR(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    CHECK_ERR(futex(BAD, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EFAULT);
}

static int pi_word;
static volatile int pi_held, pi_tid;
static void *pi_body(void *unused) {
    pi_tid = gettid_();
    if (futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0)) return (void *)(long)errno;
    pi_held = (pi_word & FUTEX_TID_MASK) == gettid_();
    futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return unused;
}

TEST(lock_pi_contended) {
    pthread_t t;
    void *error;
    CHECK_EQ(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    pthread_create(&t, NULL, pi_body, NULL);
    while (!pi_tid) sleep_ms(1);
    await_sleep(pi_tid);
    CHECK_EQ((unsigned)pi_word, gettid_() | FUTEX_WAITERS);
    CHECK_EQ(futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    pthread_join(t, &error);
    CHECK_EQ((long)error, 0);
    CHECK_EQ(pi_held, 1);
    CHECK_EQ(pi_word, 0);
}

TEST(lock_pi_times_out_at_real_time) {
    static int word;
    void *body(void *unused UNUSED) {
        struct timespec t = in_ms(CLOCK_REALTIME, 60);
        return (void *)(long)(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &t, NULL, 0) == -1 ? errno : 0);
    }
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    pthread_t t;
    void *error;
    pthread_create(&t, NULL, body, NULL);
    pthread_join(t, &error);
    CHECK_EQ((long)error, ETIMEDOUT);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
}

TEST(pthread_pi_mutex) {
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_mutexattr_init(&a);
    CHECK_RC(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
    CHECK_RC(pthread_mutex_init(&m, &a), 0);
    static int counter;
    void *body(void *arg) {
        for (int i = 0; i < 500; i++) { pthread_mutex_lock(arg); counter++; pthread_mutex_unlock(arg); }
        return NULL;
    }
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, body, &m);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    CHECK_EQ(counter, 2000);
}

// --- robust lists ---

TEST(robust_mutex_owner_dies_as_process) {
    pthread_mutexattr_t a;
    pthread_mutex_t *m = shared(4096);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(m, &a);
    pid_t pid;
    FORK(pid) { pthread_mutex_lock(m); kill(getpid(), SIGKILL); }
    CHECK_EQ(exit_of(pid), -SIGKILL);
    CHECK_RC(pthread_mutex_lock(m), EOWNERDEAD);
    CHECK_RC(pthread_mutex_consistent(m), 0);
    CHECK_RC(pthread_mutex_unlock(m), 0);
    CHECK_RC(pthread_mutex_lock(m), 0);
}

TEST(robust_mutex_owner_dies_while_waited_for) {
    pthread_mutexattr_t a;
    pthread_mutex_t *m = shared(4096);
    volatile int *held = (int *)(m + 1);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(m, &a);
    pid_t pid;
    FORK(pid) { pthread_mutex_lock(m); *held = 1; sleep_ms(80); }
    while (!*held) sleep_ms(1);
    CHECK_RC(pthread_mutex_lock(m), EOWNERDEAD);
    reap(pid);
}

TEST(robust_mutex_owner_thread_ends) {
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&m, &a);
    void *body(void *arg) { pthread_mutex_lock(arg); return NULL; }
    pthread_t t;
    pthread_create(&t, NULL, body, &m);
    pthread_join(t, NULL);
    CHECK_RC(pthread_mutex_lock(&m), EOWNERDEAD);
}

TEST(robust_list_by_hand) {
    struct entry { struct robust_list list; int word; };
    struct { struct robust_list_head head; struct entry good, other; } *s = shared(4096);
    pid_t pid;
    FORK(pid) {
        s->head.list.next = &s->good.list;
        s->good.list.next = &s->other.list;
        s->other.list.next = &s->head.list;
        s->head.futex_offset = offsetof(struct entry, word);
        s->good.word = gettid_() | FUTEX_WAITERS;
        s->other.word = 12345;
        CHECK_OK(syscall(SYS_set_robust_list, &s->head, sizeof s->head));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ((unsigned)s->good.word, (unsigned)(FUTEX_OWNER_DIED | FUTEX_WAITERS));
    // Somebody else's lock is left alone.
    CHECK_EQ(s->other.word, 12345);
}

TEST(robust_list_hostile) {
    struct robust_list_head *head = shared(4096);
    pid_t pid;
    // A list that never ends, one that leads into the void, one at a bad address.
    FORK(pid) {
        static struct robust_list a, b;
        a.next = &b;
        b.next = &a;
        head->list.next = &a;
        head->futex_offset = 64;
        CHECK_OK(syscall(SYS_set_robust_list, head, sizeof *head));
    }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) {
        head->list.next = (void *)0x10;
        CHECK_OK(syscall(SYS_set_robust_list, head, sizeof *head));
    }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) CHECK_OK(syscall(SYS_set_robust_list, (void *)0x8, 24));
    CHECK_EQ(exit_of(pid), 0);
}

TEST(robust_list_walked_at_exec) {
    struct { struct robust_list_head head; struct robust_list list; int word; } *s = shared(4096);
    pid_t pid;
    FORK(pid) {
        s->head.list.next = &s->list;
        s->list.next = &s->head.list;
        s->head.futex_offset = sizeof(struct robust_list);
        s->word = gettid_();
        CHECK_OK(syscall(SYS_set_robust_list, &s->head, sizeof s->head));
        execv("/bin/true", (char *[]){ "true", NULL });
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(s->word & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED);
}

// --- libc objects on top ---

TEST(condition_variable_ping_pong) {
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    static int turn;
    void *body(void *unused) {
        for (int i = 0; i < 1000; i++) {
            pthread_mutex_lock(&m);
            while (turn != 1) pthread_cond_wait(&c, &m);
            turn = 0;
            pthread_cond_signal(&c);
            pthread_mutex_unlock(&m);
        }
        return unused;
    }
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&m);
        while (turn != 0) pthread_cond_wait(&c, &m);
        turn = 1;
        pthread_cond_signal(&c);
        pthread_mutex_unlock(&m);
    }
    pthread_join(t, NULL);
    CHECK_EQ(turn, 0);
}

TEST(condition_variable_times_out) {
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    struct timespec t = in_ms(CLOCK_REALTIME, 40);
    pthread_mutex_lock(&m);
    CHECK_RC(pthread_cond_timedwait(&c, &m, &t), ETIMEDOUT);
    t = in_ms(CLOCK_MONOTONIC, 40);
    CHECK_RC(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &t), ETIMEDOUT);
}

TEST(broadcast_wakes_all) {
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    static int go, waiting;
    void *body(void *unused) {
        pthread_mutex_lock(&m);
        waiting++;
        while (!go) pthread_cond_wait(&c, &m);
        pthread_mutex_unlock(&m);
        return unused;
    }
    pthread_t t[20];
    for (int i = 0; i < 20; i++) pthread_create(&t[i], NULL, body, NULL);
    for (;;) {
        pthread_mutex_lock(&m);
        if (waiting == 20) break;
        pthread_mutex_unlock(&m);
        sleep_ms(1);
    }
    go = 1;
    pthread_cond_broadcast(&c);
    pthread_mutex_unlock(&m);
    for (int i = 0; i < 20; i++) pthread_join(t[i], NULL);
    CHECK_EQ(waiting, 20);
}

TEST(barrier_and_semaphores) {
    static pthread_barrier_t b;
    static volatile int serial;
    pthread_barrier_init(&b, NULL, 4);
    void *body(void *unused) {
        for (int i = 0; i < 50; i++)
            if (pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
        return unused;
    }
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, body, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    CHECK_EQ(serial, 50);
}

TEST(kill_of_a_futex_waiter) {
    int *word = shared(4096);
    pid_t pid;
    FORK(pid) futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
    await_sleep(pid);
    kill(pid, SIGKILL);
    CHECK_EQ(exit_of(pid), -SIGKILL);
    CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

TEST(waitv_answers_or_is_unknown) {
    struct { uint64_t val, uaddr; uint32_t flags, reserved; } v = { 1, 0, 2, 0 };
    static int word;
    v.uaddr = (uintptr_t)&word;
    long r = syscall(449, &v, 1, 0, NULL, CLOCK_MONOTONIC);
    CHECK(r == -1 && (errno == EAGAIN || errno == ENOSYS));
}

// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: waiters of a condition are moved to a lock with an owner.
#include "help.h"
#include <linux/futex.h>

static long futex(void *word, int op, unsigned val, const void *timeout, void *word2, unsigned val3) {
    return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}
static long requeue(void *from, long wake, long move, void *to, unsigned expected) {
    return syscall(SYS_futex, from, FUTEX_CMP_REQUEUE_PI_PRIVATE, wake, move, to, expected);
}
static long lock(int *word) { return futex(word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0); }
static long unlock(int *word) { return futex(word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0); }

static int condition, lock_word, other_lock, order;
static struct timespec limit;

struct waiter {
    pthread_t thread;
    volatile int tid, done, error, place;
    volatile unsigned seen;
    bool is_limited;
    int *to;
};

static void *wait_body(void *argument) {
    struct waiter *w = argument;
    w->tid = gettid_();
    long r = futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, w->is_limited ? &limit : NULL, w->to, 0);
    w->error = r == -1 ? errno : 0;
    w->seen = *(volatile unsigned *) w->to;
    if (r == 0) {
        w->place = ++order;
        unlock(w->to);
    }
    w->done = 1;
    return NULL;
}

static void start(struct waiter *w, int *to, int limit_ms) {
    memset(w, 0, sizeof *w);
    w->to = to;
    w->is_limited = limit_ms != 0;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_nsec += limit_ms * MS;
    limit.tv_sec += limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    CHECK_RC(pthread_create(&w->thread, NULL, wait_body, w), 0);
    while (!w->tid) sleep_ms(1);
    await_sleep(w->tid);
}
static void join(struct waiter *w) { CHECK_RC(pthread_join(w->thread, NULL), 0); }

TEST(moved_to_a_held_lock) {
    struct waiter w[3];
    CHECK_OK(lock(&lock_word));
    for (int i = 0; i < 3; i++) start(&w[i], &lock_word, 0);
    CHECK_EQ(requeue(&condition, 1, INT_MAX, &lock_word, 0), 3);
    CHECK_EQ((unsigned)lock_word, gettid_() | FUTEX_WAITERS);
    sleep_ms(20);
    for (int i = 0; i < 3; i++) CHECK_EQ(w[i].done, 0);
    CHECK_OK(unlock(&lock_word));
    for (int i = 0; i < 3; i++) {
        join(&w[i]);
        CHECK_EQ(w[i].error, 0);
        CHECK_EQ(w[i].seen & FUTEX_TID_MASK, w[i].tid);
    }
    CHECK_EQ(order, 3);
    CHECK_EQ(lock_word, 0);
}

TEST(the_first_takes_a_free_lock) {
    struct waiter w[3];
    for (int i = 0; i < 3; i++) start(&w[i], &lock_word, 0);
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 2);
    for (int i = 0; i < 2; i++) {
        join(&w[i]);
        CHECK_EQ(w[i].error, 0);
    }
    CHECK_EQ(w[0].place, 1);
    CHECK_EQ(w[0].seen, w[0].tid | FUTEX_WAITERS);
    CHECK_EQ(w[2].done, 0);
    CHECK_EQ(requeue(&condition, 1, 0, &lock_word, 0), 1);
    join(&w[2]);
    CHECK_EQ(w[2].error, 0);
    CHECK_EQ(w[2].seen, w[2].tid);
    CHECK_EQ(lock_word, 0);
    CHECK_EQ(requeue(&condition, 1, 5, &lock_word, 0), 0);
}

TEST(only_so_many) {
    struct waiter w[4];
    CHECK_OK(lock(&lock_word));
    for (int i = 0; i < 4; i++) start(&w[i], &lock_word, 0);
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 2);
    CHECK_EQ(requeue(&condition, 1, 0, &lock_word, 0), 1);
    CHECK_OK(unlock(&lock_word));
    for (int i = 0; i < 3; i++) join(&w[i]);
    CHECK_EQ(w[3].done, 0);
    CHECK_EQ(requeue(&condition, 1, INT_MAX, &lock_word, 0), 1);
    join(&w[3]);
    CHECK_EQ(lock_word, 0);
}

TEST(arguments) {
    CHECK_ERR(requeue(&condition, 0, 1, &lock_word, 0), EINVAL);
    CHECK_ERR(requeue(&condition, 2, 1, &lock_word, 0), EINVAL);
    CHECK_ERR(requeue(&condition, 1, -1, &lock_word, 0), EINVAL);
    CHECK_ERR(requeue(&condition, 1, 1, &condition, 0), EINVAL);
    CHECK_ERR(requeue(&condition, 1, 1, &lock_word, 7), EAGAIN);
    CHECK_ERR(requeue(&condition, 1, 1, BAD, 0), EFAULT);
    CHECK_ERR(requeue(&condition, 1, 1, (char *)&lock_word + 1, 0), EINVAL);
    CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, &lock_word, 0), EAGAIN);
    CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &condition, 0), EINVAL);
    CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, (char *)&lock_word + 2, 0), EINVAL);
    struct timespec past = { 1, 0 };
    CHECK_ERR(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &lock_word, 0), ETIMEDOUT);
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 0);
}

// Who waits to be moved to one lock is neither woken nor moved anywhere else.
TEST(waiters_of_another_kind) {
    struct waiter w;
    int elsewhere = 0;
    start(&w, &lock_word, 0);
    CHECK_ERR(futex(&condition, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERR(syscall(SYS_futex, &condition, FUTEX_CMP_REQUEUE_PRIVATE, 0, 1, &elsewhere, 0), EINVAL);
    CHECK_ERR(requeue(&condition, 1, 1, &other_lock, 0), EINVAL);
    CHECK_EQ(w.done, 0);
    lock_word = 1 << 22; // nobody
    CHECK_ERR(requeue(&condition, 1, 1, &lock_word, 0), ESRCH);
    lock_word = w.tid;
    CHECK_ERR(requeue(&condition, 1, 1, &lock_word, 0), EDEADLK);
    lock_word = 0;
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 1);
    join(&w);
    CHECK_EQ(w.error, 0);
}

static void *plain_body(void *argument) {
    volatile int *tid = argument;
    *tid = gettid_();
    return (void *)futex(&condition, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

TEST(plain_waiters_are_not_moved) {
    pthread_t thread;
    volatile int tid = 0;
    void *result;
    CHECK_RC(pthread_create(&thread, NULL, plain_body, (void *)&tid), 0);
    while (!tid) sleep_ms(1);
    await_sleep(tid);
    CHECK_ERR(requeue(&condition, 1, 1, &lock_word, 0), EINVAL);
    CHECK_EQ(futex(&condition, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    pthread_join(thread, &result);
    CHECK_EQ((long)result, 0);
}

TEST(times_out_before_and_after) {
    struct waiter w;
    start(&w, &lock_word, 50);
    join(&w);
    CHECK_EQ(w.error, ETIMEDOUT);
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 0);
    CHECK_OK(lock(&lock_word));
    // On a machine that stands still for long the time may be over before.
    long moved = 0;
    for (int attempt = 0; attempt < 4 && moved == 0; attempt++) {
        start(&w, &lock_word, 300);
        moved = requeue(&condition, 1, 1, &lock_word, 0);
        join(&w);
        CHECK_EQ(w.error, ETIMEDOUT);
    }
    CHECK_EQ(moved, 1);
    CHECK_EQ(w.error, ETIMEDOUT);
    CHECK_EQ(w.seen & FUTEX_TID_MASK, gettid_());
    CHECK_OK(unlock(&lock_word));
    CHECK_EQ(lock_word & FUTEX_TID_MASK, 0);
}

static volatile int signals;
static void on_signal(int sig UNUSED) { signals++; }

TEST(signals_before_and_after) {
    struct waiter w;
    signal(SIGUSR1, on_signal);
    start(&w, &lock_word, 0);
    CHECK_RC(pthread_kill(w.thread, SIGUSR1), 0);
    while (!signals) sleep_ms(1);
    await_sleep(w.tid);
    // It has begun again.
    CHECK_EQ(w.done, 0);
    CHECK_OK(lock(&lock_word));
    CHECK_EQ(requeue(&condition, 1, 1, &lock_word, 0), 1);
    CHECK_RC(pthread_kill(w.thread, SIGUSR1), 0);
    join(&w);
    CHECK_EQ(signals, 2);
    // It cannot: the word would have changed.
    CHECK_EQ(w.error, EAGAIN);
    CHECK_OK(unlock(&lock_word));
    // Where the word has changed there is no beginning again.
    start(&w, &lock_word, 0);
    *(volatile int *)&condition = 1;
    CHECK_RC(pthread_kill(w.thread, SIGUSR1), 0);
    join(&w);
    CHECK_EQ(w.error, EAGAIN);
}

// In memory that two processes have at different addresses.
TEST(between_processes) {
    int fd = CHECK_OK(memfd_create("words", 0));
    CHECK_OK(ftruncate(fd, CHECK_PAGE));
    int *here = mmap(NULL, CHECK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pid_t child = SPAWN({
        int *there = mmap(NULL, CHECK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(there != here);
        munmap(here, CHECK_PAGE);
        CHECK_OK(futex(&there[0], FUTEX_WAIT_REQUEUE_PI, 0, NULL, &there[1], 0));
        CHECK_EQ(there[1] & FUTEX_TID_MASK, gettid_());
        CHECK_OK(futex(&there[1], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    });
    CHECK_OK(futex(&here[1], FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    await_sleep(child);
    while (syscall(SYS_futex, &here[0], FUTEX_CMP_REQUEUE_PI, 1, 1, &here[1], 0) == 0) sleep_ms(1);
    CHECK_OK(futex(&here[1], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    WAIT(child);
    CHECK_EQ(here[1], 0);
}

// A condition variable and its lock, made of these: what is produced is consumed, each thing once.
static int stock, taken, rounds = 300;
static void *consume(void *unused) {
    for (;;) {
        CHECK_OK(lock(&lock_word));
        while (stock == 0 && taken < rounds) {
            int seen = *(volatile int *)&condition;
            CHECK_OK(unlock(&lock_word));
            if (futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, seen, NULL, &lock_word, 0) == -1) {
                CHECK_EQ(errno, EAGAIN);
                CHECK_OK(lock(&lock_word));
            }
            CHECK_EQ(*(volatile int *)&lock_word & FUTEX_TID_MASK, gettid_());
        }
        if (taken == rounds) break;
        stock--;
        taken++;
        CHECK_OK(unlock(&lock_word));
    }
    CHECK_OK(unlock(&lock_word));
    return unused;
}

TEST_SLOW(producer_and_consumers, 30) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK_RC(pthread_create(&threads[i], NULL, consume, NULL), 0);
    for (int i = 0; i < rounds; i++) {
        CHECK_OK(lock(&lock_word));
        stock++;
        int value = __atomic_add_fetch(&condition, 1, __ATOMIC_SEQ_CST);
        long r = requeue(&condition, 1, i % 2 ? INT_MAX : 0, &lock_word, (unsigned)value);
        CHECK(r >= 0 && r <= 3);
        CHECK_OK(unlock(&lock_word));
        if (i % 10 == 0) sleep_ms(1);
    }
    // Until all has been taken, whoever still sleeps is woken.
    for (;;) {
        CHECK_OK(lock(&lock_word));
        bool is_over = taken == rounds;
        int value = __atomic_add_fetch(&condition, 1, __ATOMIC_SEQ_CST);
        CHECK(requeue(&condition, 1, INT_MAX, &lock_word, (unsigned)value) >= 0);
        CHECK_OK(unlock(&lock_word));
        if (is_over) break;
        sleep_ms(1);
    }
    for (int i = 0; i < 3; i++) CHECK_RC(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(taken, rounds);
    CHECK_EQ(stock, 0);
    CHECK_EQ(lock_word & FUTEX_TID_MASK, 0);
}

// --- owners that end: the first waiter inherits the lock, and sees it ---

static int inherited, *inherited_shared;
static volatile int owner_tid, heir_tid;
static volatile unsigned heir_saw;
static void *ending_owner(void *unused) {
    CHECK_OK(lock(&inherited));
    owner_tid = gettid_();
    while (!heir_tid) sleep_ms(1);
    await_sleep(heir_tid);
    return unused;
}
static void *heir(void *unused) {
    heir_tid = gettid_();
    CHECK_OK(lock(&inherited));
    heir_saw = *(volatile unsigned *)&inherited;
    CHECK_OK(unlock(&inherited));
    return unused;
}

TEST(a_thread_inherits) {
    pthread_t a, b;
    CHECK_RC(pthread_create(&a, NULL, ending_owner, NULL), 0);
    while (!owner_tid) sleep_ms(1);
    CHECK_RC(pthread_create(&b, NULL, heir, NULL), 0);
    CHECK_RC(pthread_join(a, NULL), 0);
    CHECK_RC(pthread_join(b, NULL), 0);
    CHECK_EQ(heir_saw, heir_tid | FUTEX_OWNER_DIED | FUTEX_WAITERS);
    CHECK_EQ(inherited, 0);
}

// Three wait for a process that is killed: one after the other has it.
TEST(processes_inherit) {
    inherited_shared = shared(CHECK_PAGE);
    volatile int *word = inherited_shared, *has = inherited_shared + 1, *count = inherited_shared + 2;
    pid_t owner = SPAWN({
        CHECK_OK(futex((void *)word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
        *has = 1;
        for (;;) pause();
    });
    while (!*has) sleep_ms(1);
    pid_t heirs[3];
    for (int i = 0; i < 3; i++)
        heirs[i] = SPAWN({
            CHECK_OK(futex((void *)word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
            CHECK_EQ(*word & FUTEX_TID_MASK, gettid_());
            ++*count;
            sleep_ms(5);
            // One of them ends as its owner as well.
            if (i != 1) CHECK_OK(futex((void *)word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
        });
    for (int i = 0; i < 3; i++) await_sleep(heirs[i]);
    CHECK_OK(kill(owner, SIGKILL));
    CHECK_EQ(exit_of(owner), -SIGKILL);
    for (int i = 0; i < 3; i++) WAIT(heirs[i]);
    CHECK_EQ(*count, 3);
}

// One that is dead and not waited for owns nothing any more.
TEST(a_zombie_owns_nothing) {
    int *word = shared(CHECK_PAGE);
    pid_t child = SPAWN({ CHECK_OK(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0)); });
    await_state(child, "Z");
    CHECK_EQ(*word, child);
    CHECK_ERR(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
    WAIT(child);
    CHECK_ERR(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
}

// A waiter that was moved inherits as well; and a new program has left its locks behind.
TEST(moved_waiters_inherit) {
    struct waiter w;
    pthread_t owner;
    heir_tid = 0;
    CHECK_RC(pthread_create(&owner, NULL, ending_owner, NULL), 0);
    while (!owner_tid) sleep_ms(1);
    start(&w, &inherited, 0);
    CHECK_EQ(requeue(&condition, 1, 0, &inherited, 0), 1);
    heir_tid = w.tid;
    join(&w);
    CHECK_RC(pthread_join(owner, NULL), 0);
    CHECK_EQ(w.error, 0);
    CHECK_EQ(w.seen, w.tid | FUTEX_OWNER_DIED | FUTEX_WAITERS);
    CHECK_EQ(inherited, 0);
}

TEST(exec_gives_locks_up) {
    int *word = shared(CHECK_PAGE);
    pid_t child = SPAWN({
        CHECK_OK(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
        sleep_ms(60);
        execl("/bin/sleep", "sleep", "0.3", NULL);
    });
    while (!*(volatile int *)word) sleep_ms(1);
    CHECK_OK(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    CHECK_EQ(kill(child, 0), 0);
    CHECK_EQ((unsigned)*word, gettid_() | FUTEX_OWNER_DIED | FUTEX_WAITERS);
    CHECK_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    WAIT(child);
}

static void robust_pi(pthread_mutex_t *m) {
    pthread_mutexattr_t a;
    CHECK_RC(pthread_mutexattr_init(&a), 0);
    CHECK_RC(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
    CHECK_RC(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_RC(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
    CHECK_RC(pthread_mutex_init(m, &a), 0);
}

TEST(robust_mutex_of_a_killed_process) {
    pthread_mutex_t *m = shared(CHECK_PAGE);
    volatile int *go = (int *)m + 100;
    robust_pi(m);
    for (int round = 0; round < 3; round++) {
        *go = 0;
        pid_t owner = SPAWN({
            CHECK_RC(pthread_mutex_lock(m), 0);
            *go = 1;
            for (;;) pause();
        });
        while (!*go) sleep_ms(1);
        pid_t killer = SPAWN({ sleep_ms(30); kill(owner, SIGKILL); });
        CHECK_RC(pthread_mutex_lock(m), EOWNERDEAD);
        CHECK_RC(pthread_mutex_consistent(m), 0);
        CHECK_RC(pthread_mutex_unlock(m), 0);
        CHECK_EQ(exit_of(owner), -SIGKILL);
        WAIT(killer);
        CHECK_RC(pthread_mutex_lock(m), 0);
        CHECK_RC(pthread_mutex_unlock(m), 0);
    }
}

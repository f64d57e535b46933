// Clocks, sleeping, timerfd, interval timers and POSIX timers.
#include "help.h"
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>

static volatile sig_atomic_t caught, times;
static volatile int value, overrun, code, timer_id;
static void on_signal(int sig) { caught = sig; times++; }
static void on_info(int sig, siginfo_t *si, void *uc UNUSED) {
    caught = sig;
    value = si->si_value.sival_int;
    overrun = si->si_overrun;
    timer_id = si->si_timerid;
    code = si->si_code;
    times++;
}
static struct timespec ms_ts(int n) { return (struct timespec){ n / 1000, n % 1000 * MS }; }
static struct itimerspec one(int ms) { return (struct itimerspec){ .it_value = ms_ts(ms) }; }
static struct itimerspec every(int first, int then) { return (struct itimerspec){ ms_ts(then), ms_ts(first) }; }
static void burn(int ms) {
    long long t0 = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) - t0 < ms * MS) { }
}
static long raw_gettime(clockid_t c, struct timespec *t) { return syscall(SYS_clock_gettime, c, t); }

TEST(every_clock_answers) {
    static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
        CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM,
        CLOCK_BOOTTIME_ALARM, CLOCK_TAI };
    struct timespec t, res;
    for (int i = 0; i < 11; i++) {
        if (i == 8 || i == 9) continue;    // need a clock device
        CHECK_OK(clock_gettime(ids[i], &t));
        CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
        CHECK_OK(raw_gettime(ids[i], &t));
        CHECK_OK(clock_getres(ids[i], &res));
        CHECK(res.tv_sec == 0 && res.tv_nsec > 0 && res.tv_nsec <= 10 * MS);
    }
}

TEST(library_and_system_call_agree) {
    static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME };
    for (int i = 0; i < 4; i++) {
        struct timespec a, b, c;
        CHECK_OK(clock_gettime(ids[i], &a));
        CHECK_OK(raw_gettime(ids[i], &b));
        CHECK_OK(clock_gettime(ids[i], &c));
        long long x = a.tv_sec * 1000000000LL + a.tv_nsec, y = b.tv_sec * 1000000000LL + b.tv_nsec, z = c.tv_sec * 1000000000LL + c.tv_nsec;
        CHECK(x <= y && y <= z);
    }
}

TEST(bad_clocks) {
    struct timespec t;
    CHECK_ERR(raw_gettime(10, &t), EINVAL);
    CHECK_ERR(raw_gettime(12, &t), EINVAL);
    CHECK_ERR(raw_gettime(99, &t), EINVAL);
    CHECK_ERR(raw_gettime(-1, &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_getres, 99, &t), EINVAL);
    CHECK_ERR(raw_gettime(CLOCK_MONOTONIC, BAD), EFAULT);
    CHECK_ERR(raw_gettime(CLOCK_THREAD_CPUTIME_ID, BAD), EFAULT);
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
    CHECK_ERR(syscall(SYS_clock_getres, CLOCK_MONOTONIC, BAD), EFAULT);
}

TEST(setting_clocks_refused) {
    struct timespec t = { 1, 0 };
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_settime, 99, &t), EINVAL);
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT);
    become_user();
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), EPERM);
    CHECK_ERR(syscall(SYS_settimeofday, &(struct timeval){ 1, 0 }, NULL), EPERM);
    struct timex x = { .modes = ADJ_OFFSET };
    CHECK_ERR(syscall(SYS_adjtimex, &x), EPERM);
    x.modes = 0;
    CHECK(syscall(SYS_adjtimex, &x) >= 0);
}

TEST(clocks_advance) {
    struct timespec before, after;
    for (int c = 0; c < 2; c++) {
        clock_gettime(c, &before);
        sleep_ms(20);
        clock_gettime(c, &after);
        CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / MS >= 19);
    }
    long long last = 0;
    for (int i = 0; i < 10000; i++) { long long n = clock_ns(CLOCK_MONOTONIC); CHECK(n >= last); last = n; }
}

TEST(cpu_clocks) {
    long long p = clock_ns(CLOCK_PROCESS_CPUTIME_ID), t = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    sleep_ms(50);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - p < 40 * MS);
    burn(20);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - p >= 19 * MS);
    CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) - t >= 19 * MS);
}

TEST(cpu_clock_of_another) {
    clockid_t c;
    pid_t pid;
    CHECK_RC(clock_getcpuclockid(getpid(), &c), 0);
    CHECK(clock_ns(c) > 0);
    FORK(pid) { burn(50); for (;;) pause(); }
    await_sleep(pid);
    CHECK_RC(clock_getcpuclockid(pid, &c), 0);
    struct timespec t;
    CHECK_OK(clock_gettime(c, &t));
    CHECK(t.tv_sec || t.tv_nsec >= 30 * MS);
    kill(pid, SIGKILL);
    reap(pid);
    CHECK_ERR(clock_gettime(c, &t), EINVAL);
    CHECK_RC(clock_getcpuclockid(1 << 22, &c), ESRCH);
    CHECK_RC(pthread_getcpuclockid(pthread_self(), &c), 0);
    CHECK_OK(clock_gettime(c, &t));
}

TEST(time_and_gettimeofday) {
    time_t t;
    struct timeval tv;
    struct timezone tz;
    CHECK_OK(gettimeofday(&tv, &tz));
    CHECK_EQ(syscall(SYS_time, &t), t);
    CHECK(t - tv.tv_sec <= 1 && t >= tv.tv_sec - 1);
    CHECK_OK(syscall(SYS_gettimeofday, &tv, &tz));
    CHECK_OK(syscall(SYS_gettimeofday, NULL, NULL));
    CHECK_ERR(syscall(SYS_gettimeofday, BAD, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_gettimeofday, NULL, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_time, BAD), EFAULT);
    CHECK(time(NULL) > 1600000000);
}

TEST(vdso_has_the_clock) {
    const char *image = (char *)getauxval(AT_SYSINFO_EHDR);
    if (!image) SKIP("no vdso");
    int found = 0;
    for (int i = 0; i < 4096 - 20; i++) found |= !memcmp(image + i, "__vdso_clock_gettime", 20);
    CHECK(found);
}

// --- sleeping ---

TEST(nanosleep_sleeps) {
    for (int n = 1; n <= 40; n *= 3) {
        long long t0 = now_ns();
        struct timespec t = ms_ts(n);
        CHECK_OK(nanosleep(&t, NULL));
        CHECK(now_ns() - t0 >= n * MS);
    }
}

TEST(nanosleep_errors) {
    struct timespec t = { 0, 1000000000 };
    CHECK_ERR(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){ 0, -1 };
    CHECK_ERR(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){ -1, 0 };
    CHECK_ERR(nanosleep(&t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, BAD, NULL), EFAULT);
    t = (struct timespec){ 0, 0 };
    CHECK_OK(nanosleep(&t, BAD));
}

TEST(clock_nanosleep_each_clock) {
    static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI };
    for (int i = 0; i < 4; i++) {
        struct timespec t = ms_ts(15), now;
        long long t0 = now_ns();
        CHECK_RC(clock_nanosleep(ids[i], 0, &t, NULL), 0);
        CHECK(now_ns() - t0 >= 15 * MS);
        clock_gettime(ids[i], &now);
        long long ns = now.tv_nsec + 15 * MS;
        t = (struct timespec){ now.tv_sec + ns / 1000000000, ns % 1000000000 };
        t0 = now_ns();
        CHECK_RC(clock_nanosleep(ids[i], TIMER_ABSTIME, &t, NULL), 0);
        CHECK(now_ns() - t0 >= 12 * MS);
    }
}

TEST(clock_nanosleep_errors) {
    struct timespec t = ms_ts(1);
    CHECK_ERR2(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), ENOTSUP, EINVAL);
    CHECK_ERR(syscall(SYS_clock_nanosleep, 99, 0, &t, NULL), EINVAL);
    CHECK_ERR2(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &t, NULL), ENOTSUP, EINVAL);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL), EFAULT);
    t.tv_nsec = -5;
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL), EINVAL);
    t = (struct timespec){ 1, 0 };
    CHECK_OK(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

TEST(sleep_on_process_cpu_time) {
    struct timespec t = ms_ts(30);
    pthread_t thread;
    static volatile int stop;
    void *spin(void *unused) { while (!stop) { } return unused; }
    pthread_create(&thread, NULL, spin, NULL);
    long long p = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    CHECK_RC(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL), 0);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - p >= 28 * MS);
    stop = 1;
    pthread_join(thread, NULL);
}

// --- timerfd ---

static uint64_t ticks;
static long rd(int fd) { return read(fd, &ticks, 8); }

TEST(timerfd_one_shot) {
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    struct itimerspec t = one(40), now;
    CHECK_ERR(rd(fd), EAGAIN);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 40 * MS);
    CHECK_ERR(rd(fd), EAGAIN);
    CHECK_EQ(poll_one(fd, POLLIN, 5000), POLLIN);
    CHECK_EQ(rd(fd), 8);
    CHECK_EQ(ticks, 1);
    CHECK_ERR(rd(fd), EAGAIN);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
}

TEST(timerfd_periodic) {
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    struct itimerspec t = every(10, 10), old;
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    sleep_ms(65);
    CHECK_EQ(rd(fd), 8);
    CHECK(ticks >= 6);
    CHECK_EQ(rd(fd), 8);
    t = one(0);
    CHECK_OK(timerfd_settime(fd, 0, &t, &old));
    CHECK_EQ(old.it_interval.tv_nsec, 10 * MS);
    CHECK_EQ(poll_one(fd, POLLIN, 40), 0);
}

TEST(timerfd_absolute) {
    int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, 0));
    struct itimerspec t = { .it_value = { 1, 0 } };
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    CHECK_EQ(rd(fd), 8);
    clock_gettime(CLOCK_REALTIME, &t.it_value);
    t.it_value.tv_nsec += 30 * MS;
    if (t.it_value.tv_nsec >= 1000000000) { t.it_value.tv_sec++; t.it_value.tv_nsec -= 1000000000; }
    long long t0 = now_ns();
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL));
    CHECK_EQ(rd(fd), 8);
    CHECK(now_ns() - t0 >= 25 * MS);
}

TEST(timerfd_errors) {
    struct itimerspec t = one(10);
    char small[7];
    CHECK_ERR(timerfd_create(99, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), null = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERR(timerfd_settime(fd, 8, &t, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(null, 0, &t, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(200, 0, &t, NULL), EBADF);
    CHECK_ERR(timerfd_gettime(null, &t), EINVAL);
    CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, BAD, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_timerfd_gettime, fd, BAD), EFAULT);
    t.it_value.tv_nsec = 1000000000;
    CHECK_ERR(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    CHECK_ERR(read(fd, small, 7), EINVAL);
    CHECK_ERR(write(fd, small, 7), EINVAL);
}

TEST(timerfd_rearmed_forgets_ticks) {
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    struct itimerspec t = every(5, 5);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    sleep_ms(30);
    t = one(2000);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    CHECK_ERR(rd(fd), EAGAIN);
}

TEST(timerfd_survives_fork_and_fdinfo) {
    int fd = CHECK_OK(timerfd_create(CLOCK_BOOTTIME, 0));
    struct itimerspec t = one(30);
    CHECK_OK(timerfd_settime(fd, 0, &t, NULL));
    pid_t pid;
    FORK(pid) { CHECK_EQ(rd(fd), 8); CHECK_EQ(ticks, 1); }
    CHECK_EQ(exit_of(pid), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(strstr(read_file(path), "clockid: 7\n") != NULL);
}

// --- interval timers ---

TEST(itimer_real) {
    struct itimerval t = { .it_interval = { 0, 10000 }, .it_value = { 0, 10000 } }, now;
    handle(SIGALRM, on_signal, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    while (times < 5) pause();
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_interval.tv_usec, 10000);
    CHECK(now.it_value.tv_usec <= 10000);
    t = (struct itimerval){ 0 };
    CHECK_OK(setitimer(ITIMER_REAL, &t, &now));
    CHECK_EQ(now.it_interval.tv_usec, 10000);
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_value.tv_sec + now.it_value.tv_usec, 0);
}

TEST(itimer_virtual_and_prof) {
    handle(SIGVTALRM, on_signal, 0);
    handle(SIGPROF, on_signal, 0);
    struct itimerval t = { .it_value = { 0, 30000 } };
    long long p = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
    sleep_ms(60);
    CHECK_EQ(times, 0);
    while (!times) { }
    CHECK_EQ(caught, SIGVTALRM);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - p >= 25 * MS);
    CHECK_OK(setitimer(ITIMER_PROF, &t, NULL));
    while (times < 2) { }
    CHECK_EQ(caught, SIGPROF);
}

TEST(itimer_errors) {
    struct itimerval t = { .it_value = { 0, 1000000 } };
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    t.it_value.tv_usec = -1;
    CHECK_ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_setitimer, 3, NULL, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, 3, &t), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, 0, BAD), EFAULT);
    CHECK_ERR(syscall(SYS_setitimer, 0, BAD, NULL), EFAULT);
}

TEST(alarm_answers_the_rest) {
    CHECK_EQ(alarm(100), 0);
    CHECK_EQ(alarm(50), 100);
    CHECK_EQ(alarm(0), 50);
    struct itimerval t = { .it_value = { 2, 600000 } };
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    // Seconds, rounded to the nearest and never to none.
    CHECK_EQ(alarm(0), 3);
    t = (struct itimerval){ .it_value = { 0, 200000 } };
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    CHECK_EQ(alarm(0), 1);
}

// --- POSIX timers ---

static int raw_create(clockid_t c, struct sigevent *ev, int *id) { return syscall(SYS_timer_create, c, ev, id); }

TEST(timer_signal_with_value) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 4711 };
    int id;
    handle_info(SIGRTMIN, on_info, 0);
    CHECK_OK(raw_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec t = one(20), now;
    CHECK_OK(syscall(SYS_timer_settime, id, 0, &t, NULL));
    CHECK_OK(syscall(SYS_timer_gettime, id, &now));
    CHECK(now.it_value.tv_nsec > 0);
    while (!times) pause();
    CHECK_EQ(value, 4711);
    CHECK_EQ(code, SI_TIMER);
    CHECK_EQ(timer_id, id);
    CHECK_EQ(overrun, 0);
    CHECK_OK(syscall(SYS_timer_gettime, id, &now));
    CHECK_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
    CHECK_OK(syscall(SYS_timer_delete, id));
    CHECK_ERR(syscall(SYS_timer_delete, id), EINVAL);
}

TEST(timer_default_event_is_alarm) {
    timer_t id;
    handle_info(SIGALRM, on_info, 0);
    CHECK_OK(timer_create(CLOCK_REALTIME, NULL, &id));
    struct itimerspec t = one(10);
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    while (!times) pause();
    CHECK_EQ(code, SI_TIMER);
}

TEST(timer_overrun) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    timer_t id;
    handle_info(SIGUSR1, on_info, 0);
    mask(SIG_BLOCK, SIGUSR1);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec t = every(5, 5);
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    sleep_ms(60);
    mask(SIG_UNBLOCK, SIGUSR1);
    CHECK(times >= 1);
    t = (struct itimerspec){ 0 };
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    CHECK(overrun >= 0);
    CHECK(timer_getoverrun(id) >= 0);
    // The first delivery stood for about ten expiries.
    times = 0;
    mask(SIG_BLOCK, SIGUSR1);
    t = every(2, 2);
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    sleep_ms(50);
    sigset_t set = set_of(SIGUSR1);
    siginfo_t si;
    CHECK_EQ(sigtimedwait(&set, &si, &(struct timespec){ 1, 0 }), SIGUSR1);
    CHECK(si.si_overrun >= 10);
    CHECK_OK(timer_delete(id));
}

TEST(timer_none_only_counts) {
    struct sigevent ev = { .sigev_notify = SIGEV_NONE };
    timer_t id;
    struct itimerspec t = one(1000), now;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    sleep_ms(30);
    CHECK_OK(timer_gettime(id, &now));
    CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec < 980 * MS && now.it_value.tv_nsec > 0);
}

TEST(timer_thread_id) {
    static volatile pid_t where, tid;
    static volatile int stop;
    void note(int sig UNUSED) { where = gettid_(); }
    void *body(void *unused) { tid = gettid_(); while (!stop) sleep_ms(1); return unused; }
    handle(SIGUSR1, note, 0);
    pthread_t t;
    pthread_create(&t, NULL, body, NULL);
    while (!tid) sleep_ms(1);
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
    ev._sigev_un._tid = tid;
    timer_t id;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec its = one(20);
    CHECK_OK(timer_settime(id, 0, &its, NULL));
    while (!where) sleep_ms(1);
    CHECK_EQ(where, tid);
    stop = 1;
    pthread_join(t, NULL);
    int raw;
    ev._sigev_un._tid = getppid();
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &raw), EINVAL);
}

static volatile int thread_runs;
static void in_thread(union sigval v) { thread_runs += v.sival_int; }

TEST(timer_of_libc_thread) {
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = in_thread, .sigev_value.sival_int = 1 };
    timer_t id;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec its = every(5, 5);
    CHECK_OK(timer_settime(id, 0, &its, NULL));
    for (int i = 0; i < 1000 && thread_runs < 3; i++) sleep_ms(5);
    CHECK(thread_runs >= 3);
    CHECK_OK(timer_delete(id));
}

TEST(timer_absolute) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    timer_t id;
    handle_info(SIGUSR1, on_info, 0);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec t = { .it_value = { 1, 0 } };
    CHECK_OK(timer_settime(id, TIMER_ABSTIME, &t, NULL));
    while (!times) sleep_ms(1);
    CHECK_EQ(times, 1);
    clock_gettime(CLOCK_MONOTONIC, &t.it_value);
    t.it_value.tv_sec += 100;
    CHECK_OK(timer_settime(id, TIMER_ABSTIME, &t, NULL));
    CHECK_OK(timer_gettime(id, &t));
    CHECK(t.it_value.tv_sec == 99 || t.it_value.tv_sec == 100);
}

TEST(timer_on_cpu_time) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    timer_t id;
    handle_info(SIGUSR1, on_info, 0);
    CHECK_OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &id));
    struct itimerspec t = one(30);
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    sleep_ms(60);
    CHECK_EQ(times, 0);
    burn(60);
    CHECK_EQ(times, 1);
}

TEST(timer_errors) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
    struct itimerspec t = one(1);
    int id;
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
    ev.sigev_signo = 0;
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
    ev.sigev_signo = SIGUSR1;
    ev.sigev_notify = 77;
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
    CHECK_ERR(raw_create(99, NULL, &id), EINVAL);
    CHECK_ERR(raw_create(CLOCK_MONOTONIC_RAW, NULL, &id), ENOTSUP);
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, (void *)BAD, &id), EFAULT);
    CHECK_ERR(raw_create(CLOCK_MONOTONIC, NULL, (void *)BAD), EFAULT);
    CHECK_ERR(syscall(SYS_timer_settime, 12345, 0, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_gettime, 12345, &t), EINVAL);
    CHECK_ERR(syscall(SYS_timer_getoverrun, 12345), EINVAL);
    CHECK_OK(raw_create(CLOCK_MONOTONIC, NULL, &id));
    t.it_value.tv_nsec = 1000000000;
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, BAD, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_timer_gettime, id, BAD), EFAULT);
}

TEST(timers_not_inherited) {
    int id;
    CHECK_OK(raw_create(CLOCK_MONOTONIC, NULL, &id));
    pid_t pid;
    FORK(pid) { struct itimerspec t; CHECK_ERR(syscall(SYS_timer_gettime, id, &t), EINVAL); }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(many_timers) {
    int id;
    struct itimerspec t = one(20);
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    handle_info(SIGRTMIN, on_info, 0);
    for (int i = 0; i < 50; i++) {
        CHECK_OK(raw_create(CLOCK_MONOTONIC, &ev, &id));
        CHECK_OK(syscall(SYS_timer_settime, id, 0, &t, NULL));
    }
    for (int i = 0; i < 2000 && times < 50; i++) sleep_ms(1);
    CHECK_EQ(times, 50);
}

static volatile long heard;
static void on_tick(int sig UNUSED) { heard++; }

/* A timer is no faster than the program hears it: what comes meanwhile are overruns. */
TEST_SLOW(timers_too_fast_to_be_heard, 60) {
    enum { PROCESSES = 20 };
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        FORK(pids[i]) {
            struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
            timer_t timer;
            CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
            signal(SIGRTMIN, on_tick);
            struct itimerspec its = { { 0, 50000 }, { 0, 50000 } };
            CHECK_OK(timer_settime(timer, 0, &its, NULL));
            while (heard < 50) pause();
            /* Not heard at all for a while. */
            signal(SIGRTMIN, SIG_IGN);
            sleep_ms(50);
            signal(SIGRTMIN, on_tick);
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGRTMIN);
            sigprocmask(SIG_BLOCK, &set, NULL);
            sleep_ms(20);
            siginfo_t info;
            CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
            CHECK_OK(timer_gettime(timer, &its));
            CHECK(its.it_value.tv_sec == 0 && its.it_value.tv_nsec <= 50000);
            CHECK_OK(timer_delete(timer));
        }
    }
    for (int i = 0; i < PROCESSES; i++) CHECK_EQ(exit_of(pids[i]), 0);
}

TEST(timer_getoverrun_is_of_the_last_delivery) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    timer_t id;
    sigset_t set = set_of(SIGUSR1);
    siginfo_t si;
    mask(SIG_BLOCK, SIGUSR1);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    CHECK_EQ(timer_getoverrun(id), 0);
    struct itimerspec t = every(2, 2);
    for (int round = 0; round < 2; round++) {
        CHECK_OK(timer_settime(id, 0, &t, NULL));
        sleep_ms(30);
        // Pending ones do not count yet.
        CHECK_EQ(timer_getoverrun(id), 0);
        CHECK_EQ(sigtimedwait(&set, &si, &(struct timespec){ 1, 0 }), SIGUSR1);
        CHECK(si.si_overrun >= 5);
        CHECK_EQ(timer_getoverrun(id), si.si_overrun);
        sleep_ms(10);
        CHECK_EQ(timer_getoverrun(id), si.si_overrun);
        // A new setting begins anew.
        CHECK_OK(timer_settime(id, 0, &(struct itimerspec){ 0 }, NULL));
        CHECK_EQ(timer_getoverrun(id), 0);
        while (sigtimedwait(&set, &si, &(struct timespec){ 0, 0 }) > 0) { }
    }
    // Once is no overrun.
    t = one(5);
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    CHECK_EQ(sigtimedwait(&set, &si, &(struct timespec){ 1, 0 }), SIGUSR1);
    CHECK_EQ(si.si_overrun, 0);
    CHECK_EQ(timer_getoverrun(id), 0);
    CHECK_OK(timer_delete(id));
    CHECK_ERR(syscall(SYS_timer_getoverrun, 12345), EINVAL);
    CHECK_ERR(syscall(SYS_timer_getoverrun, -1), EINVAL);
}

TEST(timer_overruns_end_at_the_largest_number) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    timer_t id;
    sigset_t set = set_of(SIGUSR1);
    siginfo_t si;
    mask(SIG_BLOCK, SIGUSR1);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
    struct itimerspec t = { { 0, 1 }, { 0, 1 } };
    CHECK_OK(timer_settime(id, 0, &t, NULL));
    sleep_ms(2300);
    CHECK_EQ(sigtimedwait(&set, &si, &(struct timespec){ 1, 0 }), SIGUSR1);
    CHECK_EQ(si.si_overrun, INT_MAX);
    CHECK_EQ(timer_getoverrun(id), INT_MAX);
    CHECK_OK(timer_delete(id));
}

/* fcntl(2) record locks (POSIX and open file description), flock(2), leases. */
#include "check.h"
#include <sys/file.h>

static int lock(int fd, int cmd, short type, off_t start, off_t length) {
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
    return fcntl(fd, cmd, &l);
}

static struct flock query(int fd, int cmd, short type, off_t start, off_t length) {
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
    CHECK_OK(fcntl(fd, cmd, &l));
    return l;
}

static int file(void) {
    return (int) CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
}

/* Two-way hand-over between a test and its child. */
struct turn { int go[2], done[2]; };

static struct turn turns(void) {
    struct turn t;
    CHECK_OK(pipe(t.go));
    CHECK_OK(pipe(t.done));
    return t;
}

static void pass(int end[2]) { CHECK_EQ(write(end[1], "x", 1), 1); }
static void await(int end[2]) { char c; CHECK_EQ(read(end[0], &c, 1), 1); }

TEST(posix_conflict_between_processes) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
    WAIT(SPAWN({
        CHECK_ERR2(lock(fd, F_SETLK, F_WRLCK, 15, 1), EAGAIN, EACCES);
        CHECK_ERR2(lock(fd, F_SETLK, F_RDLCK, 0, 0), EAGAIN, EACCES);
        CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
        CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 20, 0));
        struct flock l = query(fd, F_GETLK, F_RDLCK, 0, 100);
        CHECK_EQ(l.l_type, F_WRLCK);
        CHECK_EQ(l.l_start, 10);
        CHECK_EQ(l.l_len, 10);
        CHECK_EQ(l.l_pid, getppid());
    }));
}

TEST(posix_same_process_never_conflicts) {
    int fd = file(), other = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(lock(other, F_SETLK, F_WRLCK, 0, 0));
    CHECK_EQ(query(other, F_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
}

TEST(posix_read_locks_are_shared) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 0, 100));
    WAIT(SPAWN({
        CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 50, 100));
        CHECK_ERR2(lock(fd, F_SETLK, F_WRLCK, 50, 1), EAGAIN, EACCES);
    }));
}

TEST(posix_split_and_merge) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 100));
    CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 40, 20));
    WAIT(SPAWN({
        CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 40, 20));
        CHECK_ERR2(lock(fd, F_SETLK, F_WRLCK, 39, 1), EAGAIN, EACCES);
        CHECK_ERR2(lock(fd, F_SETLK, F_WRLCK, 60, 1), EAGAIN, EACCES);
        struct flock l = query(fd, F_GETLK, F_WRLCK, 0, 0);
        CHECK_EQ(l.l_len, 40);
        l = query(fd, F_GETLK, F_WRLCK, 40, 0);
        CHECK_EQ(l.l_start, 60);
        CHECK_EQ(l.l_len, 40);
    }));
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 40, 20));
    WAIT(SPAWN({ CHECK_EQ(query(fd, F_GETLK, F_WRLCK, 0, 0).l_len, 100); }));
}

TEST(posix_change_of_type) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 100));
    CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 20, 10));
    WAIT(SPAWN({
        CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 20, 10));
        CHECK_ERR2(lock(fd, F_SETLK, F_RDLCK, 30, 1), EAGAIN, EACCES);
    }));
}

TEST(posix_released_by_any_close) {
    int fd = file(), other = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(close(other));
    WAIT(SPAWN({ CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0)); }));
}

TEST(posix_released_at_exit_and_not_inherited) {
    int fd = file();
    WAIT(SPAWN({ CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0)); }));
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    WAIT(SPAWN({ CHECK_EQ(query(fd, F_GETLK, F_WRLCK, 0, 0).l_type, F_WRLCK); }));
}

TEST(posix_kept_over_exec) {
    int fd = file();
    struct turn t = turns();
    pid_t child = SPAWN({
        CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
        CHECK_OK(dup2(t.go[0], 0));
        CHECK_OK(dup2(t.done[1], 1));
        execl("/bin/bash", "bash", "-c", "echo; read x", NULL);
    });
    await(t.done);
    CHECK_ERR2(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN, EACCES);
    CHECK_EQ(write(t.go[1], "\n", 1), 1);
    WAIT(child);
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

TEST(posix_whence_and_negative_length) {
    int fd = file();
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -2, .l_len = 5 };
    CHECK_OK(fcntl(fd, F_SETLK, &l));
    WAIT(SPAWN({ CHECK_EQ(query(fd, F_GETLK, F_WRLCK, 0, 0).l_start, 8); }));
    CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    l = (struct flock) { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = -4 };
    CHECK_OK(fcntl(fd, F_SETLK, &l));
    WAIT(SPAWN({
        struct flock got = query(fd, F_GETLK, F_WRLCK, 0, 0);
        CHECK_EQ(got.l_start, 6);
        CHECK_EQ(got.l_len, 4);
    }));
}

TEST(posix_errors) {
    int fd = file(), r = CHECK_OK(open("f", O_RDONLY)), w = CHECK_OK(open("f", O_WRONLY));
    CHECK_ERR(lock(r, F_SETLK, F_WRLCK, 0, 0), EBADF);
    CHECK_ERR(lock(w, F_SETLK, F_RDLCK, 0, 0), EBADF);
    CHECK_ERR(lock(fd, F_SETLK, 77, 0, 0), EINVAL);
    CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, -1, 0), EINVAL);
    CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, 5, -10), EINVAL);
    CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 10), EOVERFLOW);
    CHECK_ERR(lock(99, F_SETLK, F_WRLCK, 0, 0), EBADF);
    CHECK_ERR(fcntl(fd, F_SETLK, BAD), EFAULT);
    CHECK_ERR(fcntl(fd, F_GETLK, BAD), EFAULT);
    CHECK_ERR(lock(fd, F_GETLK, F_UNLCK, 0, 0), EINVAL);
    struct flock l = { .l_type = F_WRLCK, .l_whence = 9 };
    CHECK_ERR(fcntl(fd, F_SETLK, &l), EINVAL);
}

TEST(posix_wait) {
    int fd = file();
    struct turn t = turns();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
    pid_t child = SPAWN({
        pass(t.go);
        CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, 5, 1));
        pass(t.done);
    });
    await(t.go);
    sleep_ms(50);
    struct pollfd p = { t.done[0], POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 10));
    WAIT(child);
}

static void nothing(int sig) { }

TEST(posix_wait_interrupted) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    WAIT(SPAWN({
        struct sigaction action = { .sa_handler = nothing };
        sigaction(SIGALRM, &action, NULL);
        struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
        setitimer(ITIMER_REAL, &soon, NULL);
        CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR);
    }));
}

TEST(posix_deadlock) {
    int fd = file();
    struct turn t = turns();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    pid_t child = SPAWN({
        CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 1, 1));
        pass(t.go);
        CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
    });
    await(t.go);
    sleep_ms(100);
    CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
    CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 1));
    WAIT(child);
}

TEST(posix_deadlock_of_three) {
    int fd = file();
    struct turn t = turns();
    pid_t children[2];
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    for (int i = 0; i < 2; i++) {
        children[i] = SPAWN({
            CHECK_OK(lock(fd, F_SETLK, F_WRLCK, i + 1, 1));
            pass(t.go);
            await(t.done);
            CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, i, 1));
        });
        await(t.go);
    }
    pass(t.done);
    pass(t.done);
    sleep_ms(150);
    CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, 2, 1), EDEADLK);
    CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 1));
    WAIT(children[0]);
    WAIT(children[1]);
}

TEST(posix_writers_go_one_by_one) {
    int fd = file();
    CHECK_EQ(pwrite(fd, "0000", 4, 0), 4);
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = SPAWN({
            for (int n = 0; n < 50; n++) {
                CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
                char text[5] = "";
                CHECK_EQ(pread(fd, text, 4, 0), 4);
                snprintf(text, 5, "%04d", atoi(text) + 1);
                CHECK_EQ(pwrite(fd, text, 4, 0), 4);
                CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
            }
        });
    for (int i = 0; i < 4; i++)
        WAIT(children[i]);
    CHECK_STR(read_file("f"), "0200");
}

TEST(ofd_belongs_to_the_description) {
    int fd = file(), other = file(), copy = CHECK_OK(dup(fd));
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_ERR(lock(other, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
    CHECK_ERR(lock(other, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
    CHECK_OK(lock(copy, F_OFD_SETLK, F_RDLCK, 0, 0));
    CHECK_OK(lock(other, F_OFD_SETLK, F_RDLCK, 0, 0));
    CHECK_OK(close(fd));
    CHECK_ERR(lock(other, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
    CHECK_OK(close(copy));
    CHECK_OK(lock(other, F_OFD_SETLK, F_WRLCK, 0, 0));
}

TEST(ofd_inherited_and_queried) {
    int fd = file();
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 3, 4));
    WAIT(SPAWN({ CHECK_OK(lock(fd, F_OFD_SETLK, F_RDLCK, 3, 4)); }));
    struct flock l = query(file(), F_OFD_GETLK, F_WRLCK, 0, 0);
    CHECK_EQ(l.l_type, F_RDLCK);
    CHECK_EQ(l.l_start, 3);
    CHECK_EQ(l.l_pid, -1);
    struct flock pid = { .l_type = F_WRLCK, .l_pid = 5 };
    CHECK_ERR(fcntl(fd, F_OFD_SETLK, &pid), EINVAL);
}

TEST(ofd_against_posix) {
    int fd = file(), other = file();
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_ERR2(lock(other, F_SETLK, F_WRLCK, 0, 0), EAGAIN, EACCES);
    CHECK_EQ(query(other, F_GETLK, F_WRLCK, 0, 0).l_pid, -1);
}

static void *ofd_thread(void *argument) {
    int fd = file();
    CHECK_OK(lock(fd, F_OFD_SETLKW, F_WRLCK, 0, 0));
    *(volatile int *) argument = 1;
    return NULL;
}

TEST(ofd_wait_between_threads) {
    int fd = file();
    volatile int got = 0;
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
    pthread_t thread;
    CHECK_RC(pthread_create(&thread, NULL, ofd_thread, (void *) &got), 0);
    sleep_ms(50);
    CHECK_EQ(got, 0);
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));
    CHECK_RC(pthread_join(thread, NULL), 0);
    CHECK_EQ(got, 1);
}

TEST(flock_conflicts) {
    int a = file(), b = file();
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_SH));
    CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
    CHECK_ERR(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(b, LOCK_UN));
    CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
    CHECK_OK(close(a));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}

TEST(flock_shared_by_dup_and_fork) {
    int a = file(), copy = CHECK_OK(dup(a)), b = file();
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(flock(copy, LOCK_EX | LOCK_NB));
    WAIT(SPAWN({
        CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
        CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    }));
    CHECK_OK(close(a));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(copy, LOCK_UN));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}

TEST(flock_waits) {
    int a = file();
    struct turn t = turns();
    CHECK_OK(flock(a, LOCK_EX));
    pid_t child = SPAWN({
        int b = file();
        pass(t.go);
        CHECK_OK(flock(b, LOCK_EX));
    });
    await(t.go);
    sleep_ms(50);
    CHECK_EQ(waitpid(child, NULL, WNOHANG), 0);
    CHECK_OK(flock(a, LOCK_UN));
    WAIT(child);
}

TEST(flock_errors_and_independence) {
    int fd = file();
    CHECK_ERR(flock(fd, 0), EINVAL);
    CHECK_ERR(flock(fd, LOCK_NB), EINVAL);
    CHECK_ERR(flock(99, LOCK_EX), EBADF);
    CHECK_ERR(flock(CHECK_OK(open("f", O_PATH)), LOCK_EX), EBADF);
    CHECK_OK(flock(CHECK_OK(open("f", O_RDONLY)), LOCK_EX));
    /* flock and fcntl locks do not see each other on local filesystems. */
    WAIT(SPAWN({ CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0)); }));
}

TEST(lockf_function) {
    int fd = file();
    CHECK_OK(lockf(fd, F_TLOCK, 0));
    WAIT(SPAWN({
        CHECK_ERR2(lockf(fd, F_TLOCK, 0), EAGAIN, EACCES);
        CHECK_ERR2(lockf(fd, F_TEST, 0), EAGAIN, EACCES);
    }));
    CHECK_OK(lockf(fd, F_ULOCK, 0));
    WAIT(SPAWN({ CHECK_OK(lockf(fd, F_TLOCK, 0)); }));
}

TEST(flock_tool) {
    /* The way shell scripts use it. */
    CHECK_EQ(system("exec 9>lockfile; flock 9; flock -n lockfile true && exit 1; flock -u 9; flock -n lockfile true"), 0);
}

TEST(proc_locks_lists) {
    int fd = file();
    CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 5, 10));
    char want[40];
    snprintf(want, sizeof want, "POSIX  ADVISORY  WRITE %d", getpid());
    char *text = read_file("/proc/locks");
    CHECK(strstr(text, want) != NULL);
}

static volatile int lease_signals;
static volatile int lease_fd;

static void on_lease(int sig, siginfo_t *info, void *context) {
    lease_signals++;
    lease_fd = info->si_fd;
}

TEST(lease_needs_that_nobody_else_writes) {
    int fd = file(), reader;
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
    CHECK_ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN);
    CHECK_ERR(fcntl(fd, F_SETLEASE, F_UNLCK), EAGAIN);
    CHECK_OK(fcntl(fd, F_SETLEASE, F_WRLCK));
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
    CHECK_OK(fcntl(fd, F_SETLEASE, F_UNLCK));
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
    CHECK_OK(close(fd));
    reader = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fcntl(reader, F_SETLEASE, F_RDLCK));
    CHECK_EQ(fcntl(reader, F_GETLEASE), F_RDLCK);
    CHECK_ERR(fcntl(reader, F_SETLEASE, 7), EINVAL);
    int other = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fcntl(other, F_SETLEASE, F_RDLCK));
    CHECK_ERR(fcntl(other, F_SETLEASE, F_WRLCK), EAGAIN);
    CHECK_ERR(fcntl(CHECK_OK(open(".", O_RDONLY)), F_SETLEASE, F_RDLCK), EINVAL);
}

TEST(lease_is_broken_by_open) {
    struct sigaction action = { .sa_sigaction = on_lease, .sa_flags = SA_SIGINFO };
    sigaction(SIGRTMIN, &action, NULL);
    close(file());
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fcntl(fd, F_SETSIG, SIGRTMIN));
    CHECK_OK(fcntl(fd, F_SETLEASE, F_RDLCK));
    /* Readers do not mind each other. */
    WAIT(SPAWN({ CHECK_OK(open("f", O_RDONLY)); }));
    CHECK_EQ(lease_signals, 0);
    WAIT(SPAWN({ CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), EAGAIN); }));
    CHECK_EQ(lease_signals, 1);
    CHECK_EQ(lease_fd, fd);
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
    pid_t writer = SPAWN({ CHECK_OK(open("f", O_WRONLY)); });
    sleep_ms(30);
    CHECK_OK(fcntl(fd, F_SETLEASE, F_UNLCK));
    WAIT(writer);
    CHECK_EQ(lease_signals, 1);
    /* Closing gives it up, too. Whom to tell and how is forgotten with a lease. */
    CHECK_EQ(fcntl(fd, F_GETSIG), 0);
    CHECK_OK(fcntl(fd, F_SETSIG, SIGRTMIN));
    CHECK_OK(fcntl(fd, F_SETLEASE, F_WRLCK));
    writer = SPAWN({ close(fd); CHECK_OK(truncate("f", 0)); });
    while (lease_signals < 2)
        sleep_ms(1);
    CHECK_OK(close(fd));
    WAIT(writer);
}

TEST(write_lease_becomes_read_lease) {
    struct sigaction action = { .sa_sigaction = on_lease, .sa_flags = SA_SIGINFO };
    sigaction(SIGIO, &action, NULL);
    int fd = file();
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fcntl(fd, F_SETLEASE, F_WRLCK));
    pid_t reader = SPAWN({ CHECK_OK(open("f", O_RDONLY)); pause(); });
    while (!lease_signals)
        sleep_ms(1);
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
    CHECK_OK(fcntl(fd, F_SETLEASE, F_RDLCK));
    CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
    kill(reader, SIGKILL);
    wait_status(reader);
}

TEST(lease_of_anothers_file) {
    need_root();
    close(file());
    CHECK_OK(chmod("f", 0644));
    CHECK_OK(chmod(".", 0755));
    WAIT(SPAWN({
        become_user();
        CHECK_ERR(fcntl(CHECK_OK(open("f", O_RDONLY)), F_SETLEASE, F_RDLCK), EACCES);
    }));
}

/* A wait for a description's lock in a thread of its own: what it came to, and whether it has ended. */
struct ofd_wait { int fd; short type; off_t start, length; pthread_t thread; volatile int tid, done, error; };
static void *ofd_wait_thread(void *argument) {
    struct ofd_wait *w = argument;
    w->tid = (int) syscall(SYS_gettid);
    w->error = lock(w->fd, F_OFD_SETLKW, w->type, w->start, w->length) == -1 ? errno : 0;
    w->done = 1;
    return NULL;
}
static void ofd_start(struct ofd_wait *w, int fd, short type, off_t start, off_t length) {
    *w = (struct ofd_wait) { .fd = fd, .type = type, .start = start, .length = length };
    CHECK_RC(pthread_create(&w->thread, NULL, ofd_wait_thread, w), 0);
    while (!w->tid)
        sleep_ms(1);
    sleep_ms(30);
}

static volatile int ofd_signals;
static void ofd_signal(int sig) { ofd_signals++; }

TEST(ofd_wait_is_interrupted) {
    int fd = file(), other = file();
    struct ofd_wait w;
    struct sigaction action = { .sa_handler = ofd_signal };
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, NULL);
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
    ofd_start(&w, other, F_RDLCK, 5, 1);
    CHECK_EQ(w.done, 0);
    CHECK_RC(pthread_kill(w.thread, SIGUSR2), 0);
    while (ofd_signals == 0)
        sleep_ms(1);
    sleep_ms(20);
    CHECK_EQ(w.done, 0);
    CHECK_RC(pthread_kill(w.thread, SIGUSR1), 0);
    CHECK_RC(pthread_join(w.thread, NULL), 0);
    CHECK_EQ(w.error, EINTR);
    /* Nothing is left of it. */
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));
    CHECK_EQ(query(fd, F_OFD_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
}

TEST(ofd_wait_is_woken) {
    int fd = file(), other = file();
    struct ofd_wait w;
    /* By an unlock of just the part that matters. */
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 100));
    ofd_start(&w, other, F_WRLCK, 40, 10);
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 40));
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 50, 0));
    sleep_ms(20);
    CHECK_EQ(w.done, 0);
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 40, 10));
    CHECK_RC(pthread_join(w.thread, NULL), 0);
    CHECK_EQ(w.error, 0);
    CHECK_OK(lock(other, F_OFD_SETLK, F_UNLCK, 0, 0));
    /* By a lock that becomes one for reading. */
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
    ofd_start(&w, other, F_RDLCK, 0, 0);
    CHECK_OK(lock(fd, F_OFD_SETLK, F_RDLCK, 0, 0));
    CHECK_RC(pthread_join(w.thread, NULL), 0);
    CHECK_EQ(w.error, 0);
    /* By the end of the description, wherever its last descriptor was. */
    ofd_start(&w, file(), F_WRLCK, 0, 0);
    CHECK_OK(close(other));
    pid_t child = SPAWN({ sleep_ms(60); });
    CHECK_OK(close(fd));
    sleep_ms(10);
    CHECK_EQ(w.done, 0);
    WAIT(child);
    CHECK_RC(pthread_join(w.thread, NULL), 0);
    CHECK_EQ(w.error, 0);
}

/* Each waits for the other: nobody is told of a deadlock, only signals end it. */
TEST(ofd_deadlocks_are_not_found) {
    int a = file(), b = file();
    struct ofd_wait w[2];
    struct sigaction action = { .sa_handler = ofd_signal };
    sigaction(SIGUSR1, &action, NULL);
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 1));
    CHECK_OK(lock(b, F_OFD_SETLK, F_WRLCK, 1, 1));
    ofd_start(&w[0], a, F_WRLCK, 1, 1);
    ofd_start(&w[1], b, F_WRLCK, 0, 1);
    sleep_ms(20);
    CHECK_EQ(w[0].done + w[1].done, 0);
    CHECK_RC(pthread_kill(w[1].thread, SIGUSR1), 0);
    CHECK_RC(pthread_join(w[1].thread, NULL), 0);
    CHECK_EQ(w[1].error, EINTR);
    CHECK_EQ(w[0].done, 0);
    CHECK_OK(lock(b, F_OFD_SETLK, F_UNLCK, 0, 0));
    CHECK_RC(pthread_join(w[0].thread, NULL), 0);
    CHECK_EQ(w[0].error, 0);
}

/* A description waits for a process, which would wait for the description: the process is told, the description is not. */
TEST(ofd_and_posix_deadlocks) {
    int fd = file(), mine = file();
    CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 1));
    CHECK_OK(lock(mine, F_SETLK, F_WRLCK, 1, 1));
    struct ofd_wait w;
    ofd_start(&w, fd, F_WRLCK, 1, 1);
    CHECK_ERR(lock(mine, F_SETLKW, F_WRLCK, 0, 1), EDEADLK);
    CHECK_EQ(w.done, 0);
    CHECK_OK(lock(mine, F_SETLK, F_UNLCK, 0, 0));
    CHECK_RC(pthread_join(w.thread, NULL), 0);
    CHECK_EQ(w.error, 0);
    /* A process may wait for a description. */
    CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 1, 1));
    pid_t child = SPAWN({
        sleep_ms(50);
        CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 1));
    });
    CHECK_OK(lock(mine, F_SETLKW, F_WRLCK, 0, 1));
    WAIT(child);
}

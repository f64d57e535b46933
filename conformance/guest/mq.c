/* mq_overview(7): POSIX message queues. */
#include "check.h"
#include <mqueue.h>
#include <sys/resource.h>

static char name[40];

static mqd_t queue(int flags, long messages, long size) {
    struct mq_attr attr = { .mq_maxmsg = messages, .mq_msgsize = size };
    snprintf(name, sizeof name, "/check-%d", getpid());
    mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attr);
    if (q == -1)
        FAIL_AT("mq_open: %s", check_errno(errno));
    CHECK_OK(mq_unlink(name));
    return q;
}

static void nothing(int sig) { }

static struct timespec in_ms(int ms) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += ms * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

TEST(send_and_receive) {
    mqd_t q = queue(0, 4, 32);
    char text[32] = "";
    unsigned priority = 9;
    CHECK_OK(mq_send(q, "hello", 6, 2));
    CHECK_EQ(mq_receive(q, text, 32, &priority), 6);
    CHECK_STR(text, "hello");
    CHECK_EQ(priority, 2);
}

TEST(priorities_and_order) {
    mqd_t q = queue(0, 8, 32);
    char text[32];
    CHECK_OK(mq_send(q, "low-1", 5, 1));
    CHECK_OK(mq_send(q, "high", 4, 30));
    CHECK_OK(mq_send(q, "low-2", 5, 1));
    CHECK_OK(mq_send(q, "mid", 3, 10));
    CHECK_EQ(mq_receive(q, text, 32, NULL), 4);
    CHECK_EQ(mq_receive(q, text, 32, NULL), 3);
    CHECK_EQ(mq_receive(q, text, 32, NULL), 5);
    CHECK_MEM(text, "low-1", 5);
    CHECK_EQ(mq_receive(q, text, 32, NULL), 5);
    CHECK_MEM(text, "low-2", 5);
}

TEST(nonblocking) {
    mqd_t q = queue(O_NONBLOCK, 2, 8);
    char text[8];
    CHECK_ERR(mq_receive(q, text, 8, NULL), EAGAIN);
    CHECK_OK(mq_send(q, "a", 1, 0));
    CHECK_OK(mq_send(q, "b", 1, 0));
    CHECK_ERR(mq_send(q, "c", 1, 0), EAGAIN);
}

TEST(sizes) {
    mqd_t q = queue(0, 2, 8);
    char text[8];
    CHECK_ERR(mq_send(q, "123456789", 9, 0), EMSGSIZE);
    CHECK_OK(mq_send(q, "12345678", 8, 0));
    CHECK_ERR(mq_receive(q, text, 7, NULL), EMSGSIZE);
    CHECK_EQ(mq_receive(q, text, 8, NULL), 8);
    CHECK_OK(mq_send(q, "", 0, 0));
    CHECK_EQ(mq_receive(q, text, 8, NULL), 0);
    CHECK_ERR(mq_send(q, "x", 1, 32768), EINVAL);
}

TEST(attributes) {
    mqd_t q = queue(0, 5, 64);
    struct mq_attr attr, old;
    CHECK_OK(mq_send(q, "x", 1, 0));
    CHECK_OK(mq_getattr(q, &attr));
    CHECK_EQ(attr.mq_maxmsg, 5);
    CHECK_EQ(attr.mq_msgsize, 64);
    CHECK_EQ(attr.mq_curmsgs, 1);
    CHECK_EQ(attr.mq_flags, 0);
    attr.mq_flags = O_NONBLOCK;
    attr.mq_maxmsg = 99;
    CHECK_OK(mq_setattr(q, &attr, &old));
    CHECK_EQ(old.mq_flags, 0);
    CHECK_OK(mq_getattr(q, &attr));
    CHECK_EQ(attr.mq_flags, O_NONBLOCK);
    CHECK_EQ(attr.mq_maxmsg, 5);
    attr.mq_flags = O_APPEND;
    CHECK_ERR(mq_setattr(q, &attr, NULL), EINVAL);
}

TEST(default_attributes) {
    snprintf(name, sizeof name, "/check-%d", getpid());
    mqd_t q = CHECK_OK(mq_open(name, O_CREAT | O_RDWR, 0600, NULL));
    struct mq_attr attr;
    CHECK_OK(mq_getattr(q, &attr));
    CHECK_EQ(attr.mq_maxmsg, 10);
    CHECK_EQ(attr.mq_msgsize, 8192);
    CHECK_OK(mq_unlink(name));
}

TEST(open_errors) {
    CHECK_ERR(mq_open("/none-such", O_RDWR), ENOENT);
    CHECK_ERR(syscall(SYS_mq_open, "has/slash", O_CREAT | O_RDWR, 0600, NULL), EACCES);
    CHECK_ERR(syscall(SYS_mq_open, "", O_CREAT | O_RDWR, 0600, NULL), ENOENT);
    CHECK_ERR(syscall(SYS_mq_open, BAD, O_CREAT | O_RDWR, 0600, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_mq_open, "q", O_CREAT | O_RDWR, 0600, BAD), EFAULT);
    struct mq_attr attr = { .mq_maxmsg = 0, .mq_msgsize = 8 };
    CHECK_ERR(mq_open("/bad", O_CREAT | O_RDWR, 0600, &attr), EINVAL);
    attr = (struct mq_attr) { .mq_maxmsg = 10, .mq_msgsize = -1 };
    CHECK_ERR(mq_open("/bad", O_CREAT | O_RDWR, 0600, &attr), EINVAL);
    CHECK_ERR(mq_unlink("/none-such"), ENOENT);
    char longer[300] = "/";
    memset(longer + 1, 'q', 256);
    longer[257] = 0;
    CHECK_ERR(mq_open(longer, O_CREAT | O_RDWR, 0600, NULL), ENAMETOOLONG);
}

TEST(excl_and_sharing) {
    snprintf(name, sizeof name, "/check-%d", getpid());
    mqd_t a = CHECK_OK(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL));
    CHECK_ERR(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
    mqd_t b = CHECK_OK(mq_open(name, O_RDONLY));
    char text[8192];
    CHECK_OK(mq_send(a, "x", 1, 0));
    CHECK_EQ(mq_receive(b, text, sizeof text, NULL), 1);
    CHECK_ERR(mq_send(b, "x", 1, 0), EBADF);
    mqd_t c = CHECK_OK(mq_open(name, O_WRONLY));
    CHECK_ERR(mq_receive(c, text, sizeof text, NULL), EBADF);
    CHECK_OK(mq_unlink(name));
    CHECK_OK(mq_send(c, "y", 1, 0));
    CHECK_EQ(mq_receive(a, text, sizeof text, NULL), 1);
}

TEST(bad_descriptors) {
    char text[8];
    int null = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERR(mq_send(99, "x", 1, 0), EBADF);
    CHECK_ERR(mq_send(null, "x", 1, 0), EBADF);
    CHECK_ERR(mq_receive(null, text, 8, NULL), EBADF);
    CHECK_ERR(mq_getattr(null, (struct mq_attr *) text), EBADF);
}

TEST(bad_pointers) {
    mqd_t q = queue(0, 4, 8);
    char text[8];
    CHECK_ERR(mq_send(q, BAD, 4, 0), EFAULT);
    CHECK_OK(mq_send(q, "abcd", 4, 0));
    CHECK_ERR(mq_receive(q, BAD, 8, NULL), EFAULT);
    CHECK_OK(mq_send(q, "efgh", 4, 0));
    CHECK_ERR(mq_timedreceive(q, text, 8, NULL, BAD), EFAULT);
}

TEST(blocked_receiver) {
    mqd_t q = queue(0, 4, 8);
    pid_t child = SPAWN({
        sleep_ms(50);
        CHECK_OK(mq_send(q, "late", 4, 7));
    });
    char text[8];
    unsigned priority;
    CHECK_EQ(mq_receive(q, text, 8, &priority), 4);
    CHECK_EQ(priority, 7);
    WAIT(child);
}

TEST(blocked_sender) {
    mqd_t q = queue(0, 1, 8);
    CHECK_OK(mq_send(q, "one", 3, 0));
    pid_t child = SPAWN({ CHECK_OK(mq_send(q, "two", 3, 0)); });
    sleep_ms(50);
    char text[8];
    CHECK_EQ(mq_receive(q, text, 8, NULL), 3);
    CHECK_MEM(text, "one", 3);
    WAIT(child);
    CHECK_EQ(mq_receive(q, text, 8, NULL), 3);
    CHECK_MEM(text, "two", 3);
}

TEST(timeouts) {
    mqd_t q = queue(0, 1, 8);
    char text[8];
    struct timespec soon = in_ms(50), past = { 1, 0 }, bad = { 1, 1000000000 };
    int64_t from = now_ns();
    CHECK_ERR(mq_timedreceive(q, text, 8, NULL, &soon), ETIMEDOUT);
    CHECK(now_ns() - from >= 40000000);
    CHECK_ERR(mq_timedreceive(q, text, 8, NULL, &past), ETIMEDOUT);
    CHECK_ERR(mq_timedreceive(q, text, 8, NULL, &bad), EINVAL);
    CHECK_OK(mq_timedsend(q, "x", 1, 0, &past));
    soon = in_ms(30);
    CHECK_ERR(mq_timedsend(q, "y", 1, 0, &soon), ETIMEDOUT);
    CHECK_EQ(mq_timedreceive(q, text, 8, NULL, &past), 1);
}

TEST(interrupted) {
    mqd_t q = queue(0, 1, 8);
    struct sigaction action = { .sa_handler = nothing };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
    setitimer(ITIMER_REAL, &soon, NULL);
    char text[8];
    CHECK_ERR(mq_receive(q, text, 8, NULL), EINTR);
}

TEST(polling) {
    mqd_t q = queue(0, 1, 8);
    struct pollfd p = { q, POLLIN | POLLOUT, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_OK(mq_send(q, "x", 1, 0));
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN);
}

static volatile sig_atomic_t notified, notified_value;

static void on_notify(int sig, siginfo_t *info, void *context) {
    notified = info->si_code;
    notified_value = info->si_value.sival_int;
}

TEST(notify_by_signal) {
    mqd_t q = queue(0, 4, 8);
    struct sigaction action = { .sa_sigaction = on_notify, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77 };
    CHECK_OK(mq_notify(q, &event));
    CHECK_ERR(mq_notify(q, &event), EBUSY);
    CHECK_OK(mq_send(q, "x", 1, 0));
    for (int i = 0; i < 100 && !notified; i++)
        sleep_ms(5);
    CHECK_EQ(notified, SI_MESGQ);
    CHECK_EQ(notified_value, 77);
    /* The registration is used up, and a queue that is not empty does not notify. */
    CHECK_OK(mq_notify(q, &event));
    notified = 0;
    CHECK_OK(mq_send(q, "y", 1, 0));
    sleep_ms(20);
    CHECK_EQ(notified, 0);
    CHECK_OK(mq_notify(q, NULL));
    event.sigev_notify = 99;
    CHECK_ERR(mq_notify(q, &event), EINVAL);
    event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = 100;
    CHECK_ERR(mq_notify(q, &event), EINVAL);
    event.sigev_signo = SIGUSR1;
    CHECK_ERR(mq_notify(99, &event), EBADF);
}


static volatile int thread_notified;
static void notify_thread(union sigval value) { thread_notified = value.sival_int; }

TEST(notify_by_thread) {
    mqd_t q = queue(0, 4, 8);
    struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify_thread, .sigev_value.sival_int = 5 };
    CHECK_OK(mq_notify(q, &event));
    CHECK_OK(mq_send(q, "x", 1, 0));
    for (int i = 0; i < 200 && !thread_notified; i++)
        sleep_ms(5);
    CHECK_EQ(thread_notified, 5);
}

TEST(inherited_by_fork_not_exec) {
    mqd_t q = queue(0, 4, 8);
    WAIT(SPAWN({ CHECK_OK(mq_send(q, "from child", 8, 0)); }));
    char text[8];
    CHECK_EQ(mq_receive(q, text, 8, NULL), 8);
    CHECK_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
}

TEST(permissions) {
    need_root();
    snprintf(name, sizeof name, "/check-%d", getpid());
    CHECK_OK(mq_open(name, O_CREAT | O_RDWR, 0640, NULL));
    WAIT(SPAWN({
        become_user();
        CHECK_ERR(mq_open(name, O_RDONLY), EACCES);
        CHECK_ERR2(mq_unlink(name), EACCES, EPERM);
    }));
    CHECK_OK(mq_unlink(name));
}

TEST(many_messages_between_processes) {
    mqd_t q = queue(0, 8, 16);
    pid_t child = SPAWN({
        for (int i = 0; i < 1000; i++)
            CHECK_OK(mq_send(q, (char *) &i, sizeof i, 0));
    });
    for (int i = 0; i < 1000; i++) {
        int got = -1;
        char text[16];
        CHECK_EQ(mq_receive(q, text, 16, NULL), 4);
        memcpy(&got, text, 4);
        CHECK_EQ(got, i);
    }
    WAIT(child);
}

// EFAULT at every pointer argument of every call: each row of the tables is called once per pointer and per kind of bad address,
// all its other arguments being good.
#include "help.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <utime.h>

enum { FILE_FD = 100, DIR_FD, READ_FD, WRITE_FD, STREAM_FD, PEER_FD, EPOLL_FD, TIMER_FD, INOTIFY_FD, LISTEN_FD, UDP_FD, TTY_FD, CONNECTED_FD };
enum kind { VALUE, IN, OUT, STRING };
struct arg { enum kind kind; long value; long size; };
struct row { const char *name; long nr; struct arg args[6]; };

#define V(x) { VALUE, (long)(x), 0 }
#define I(p, n) { IN, (long)(p), n }       // n bytes are read there
#define O(n) { OUT, 0, n }                 // n bytes are written there
#define B(p, n) { OUT, (long)(p), n }      // read and written
#define S(s) { STRING, (long)(s), 0 }
#define CALL(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }

static char *pages; // read-write, then no access; then read-only
static char spare[65536];
static timer_t timer;
static int queue, semaphore, segment;
static const char *last;

static void at(int number, int fd) { CHECK_OK(fd); if (fd != number) { CHECK_OK(dup2(fd, number)); close(fd); } }

static void setup(void) {
    int p[2];
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    pages = mmap(0, 3 * CHECK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK_OK(mprotect(pages + CHECK_PAGE, CHECK_PAGE, PROT_NONE));
    CHECK_OK(mprotect(pages + 2 * CHECK_PAGE, CHECK_PAGE, PROT_READ));
    at(FILE_FD, open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(FILE_FD, "0123456789", 10), 10);
    at(DIR_FD, open(".", O_RDONLY | O_DIRECTORY));
    CHECK_OK(symlink("f", "link"));
    CHECK_OK(pipe2(p, O_NONBLOCK)); at(READ_FD, p[0]); at(WRITE_FD, p[1]);
    CHECK_EQ(write(WRITE_FD, "abcd", 4), 4);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p)); at(STREAM_FD, p[0]); at(PEER_FD, p[1]);
    CHECK_EQ(write(PEER_FD, "abcd", 4), 4);
    at(EPOLL_FD, epoll_create1(0));
    CHECK_OK(epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, READ_FD, &(struct epoll_event){ EPOLLIN, { 0 } }));
    at(TIMER_FD, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    at(INOTIFY_FD, inotify_init1(IN_NONBLOCK));
    CHECK_OK(inotify_add_watch(INOTIFY_FD, ".", IN_CREATE));
    close(CHECK_OK(open("made", O_CREAT | O_WRONLY, 0600)));
    at(LISTEN_FD, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    struct sockaddr_un name = { AF_UNIX, "socket" };
    CHECK_OK(bind(LISTEN_FD, (void *)&name, sizeof name));
    CHECK_OK(listen(LISTEN_FD, 5));
    at(CONNECTED_FD, socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(connect(CONNECTED_FD, (void *)&name, sizeof name));
    at(UDP_FD, socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    CHECK_OK(bind(UDP_FD, (void *)&a, sizeof a));
    at(TTY_FD, open("/dev/ptmx", O_RDWR | O_NOCTTY));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_NONE }, &timer));
    queue = CHECK_OK(msgget(IPC_PRIVATE, 0600));
    semaphore = CHECK_OK(semget(IPC_PRIVATE, 2, 0600));
    segment = CHECK_OK(shmget(IPC_PRIVATE, 4096, 0600));
}

static void cleanup(void) { msgctl(queue, IPC_RMID, 0); semctl(semaphore, 0, IPC_RMID); shmctl(segment, IPC_RMID, 0); timer_delete(timer); }

/* One call with argument `which` replaced. */
static void try(const struct row *r, int which, long address, const char *how) {
    long a[6];
    for (int i = 0; i < 6; i++) {
        const struct arg *g = &r->args[i];
        a[i] = g->value;
        if (g->kind == OUT) {
            a[i] = (long)spare + i * 8192;
            if (g->value && g->size > 0) memcpy((void *)a[i], (void *)g->value, g->size);
        }
    }
    a[which] = address;
    long result = syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result == -1 && errno == EFAULT) return;
    static char text[200];
    snprintf(text, sizeof text, "%s argument %d %s: %ld errno %d", r->name, which + 1, how, result, result == -1 ? errno : 0);
    if (getenv("EFAULT_ALL")) fprintf(stderr, "%s\n", text);
    last = text;
}

static void row(const struct row *r) {
    char *end = pages + CHECK_PAGE;
    for (int i = 0; i < 6; i++) {
        const struct arg *g = &r->args[i];
        if (g->kind == VALUE) continue;
        try(r, i, 0x10, "low");
        try(r, i, (long)end, "no access");
        try(r, i, (long)0xffff888000000000UL, "kernel's");
        try(r, i, (long)0x8000000000000000UL, "not canonical");
        if (g->kind == OUT) {
            char *fixed = pages + 2 * CHECK_PAGE;
            CHECK_OK(mprotect(fixed, CHECK_PAGE, PROT_READ | PROT_WRITE));
            if (g->value) memcpy(fixed, (void *)g->value, g->size); else memset(fixed, 0, CHECK_PAGE);
            CHECK_OK(mprotect(fixed, CHECK_PAGE, PROT_READ));
            try(r, i, (long)fixed, "read-only");
        }
        if (g->kind == STRING) {
            memset(pages, 'a', CHECK_PAGE);
            try(r, i, (long)end - 20, "without end");
            try(r, i, (long)end - 1, "one byte");
        } else if (g->size > 1) {
            if (g->value) memcpy(end - (g->size - 1), (void *)g->value, g->size - 1); else memset(end - (g->size - 1), 0, g->size - 1);
            try(r, i, (long)end - (g->size - 1), "last byte missing");
            if (g->value) memcpy(end - 1, (void *)g->value, 1);
            try(r, i, (long)end - 1, "first byte only");
        }
    }
}

#define ROWS(...)                                                                               \
    do {                                                                                        \
        setup();                                                                                \
        const struct row rows[] = { __VA_ARGS__ };                                              \
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) row(&rows[i]);                \
        cleanup();                                                                              \
        if (last) FAIL_AT("%s", last);                                                          \
    } while (0)

static struct timespec soon = { 0, 1 };
static struct itimerspec off;
static struct timeval times2[2];
static sigset_t set;

TEST_SLOW(names, 60) {
    static struct timespec two[2];
    static struct open_how how = { .flags = O_RDONLY };
    ROWS(CALL(open, S("f"), V(O_RDONLY)), CALL(creat, S("g"), V(0600)), CALL(openat, V(AT_FDCWD), S("f"), V(O_RDONLY)),
         CALL(openat2, V(AT_FDCWD), S("f"), I(&how, sizeof how), V(sizeof how)),
         CALL(stat, S("f"), O(144)), CALL(lstat, S("f"), O(144)), CALL(fstat, V(FILE_FD), O(144)),
         CALL(newfstatat, V(AT_FDCWD), S("f"), O(144), V(0)), CALL(statx, V(AT_FDCWD), S("f"), V(0), V(0x7ff), O(256)),
         CALL(statfs, S("f"), O(120)), CALL(fstatfs, V(FILE_FD), O(120)),
         CALL(access, S("f"), V(R_OK)), CALL(faccessat, V(AT_FDCWD), S("f"), V(R_OK)), CALL(faccessat2, V(AT_FDCWD), S("f"), V(R_OK), V(0)),
         CALL(mkdir, S("d"), V(0700)), CALL(mkdirat, V(AT_FDCWD), S("d"), V(0700)), CALL(rmdir, S("d")),
         CALL(unlink, S("none")), CALL(unlinkat, V(AT_FDCWD), S("none"), V(0)),
         CALL(rename, S("f"), S("f2")), CALL(renameat, V(AT_FDCWD), S("f"), V(AT_FDCWD), S("f2")),
         CALL(renameat2, V(AT_FDCWD), S("f"), V(AT_FDCWD), S("f2"), V(0)),
         CALL(link, S("f"), S("f3")), CALL(linkat, V(AT_FDCWD), S("f"), V(AT_FDCWD), S("f3"), V(0)),
         CALL(symlink, S("x"), S("l2")), CALL(symlinkat, S("x"), V(AT_FDCWD), S("l2")),
         CALL(readlink, S("link"), O(1), V(100)), CALL(readlinkat, V(AT_FDCWD), S("link"), O(1), V(100)),
         CALL(mknod, S("n"), V(S_IFIFO | 0600), V(0)), CALL(mknodat, V(AT_FDCWD), S("n"), V(S_IFIFO | 0600), V(0)),
         CALL(chmod, S("f"), V(0600)), CALL(fchmodat, V(AT_FDCWD), S("f"), V(0600)), CALL(chown, S("f"), V(-1), V(-1)),
         CALL(lchown, S("f"), V(-1), V(-1)), CALL(fchownat, V(AT_FDCWD), S("f"), V(-1), V(-1), V(0)),
         CALL(truncate, S("f"), V(10)), CALL(chdir, S(".")),
         CALL(utime, S("f"), I(&off, 16)), CALL(utimes, S("f"), I(times2, 32)), CALL(futimesat, V(AT_FDCWD), S("f"), I(times2, 32)),
         CALL(utimensat, V(AT_FDCWD), S("f"), I(two, 32), V(0)),
         CALL(getxattr, S("f"), S("user.x"), V(0), V(0)), CALL(setxattr, S("f"), S("user.x"), I("v", 1), V(1), V(0)),
         CALL(removexattr, S("f"), S("user.x")), CALL(listxattr, S("f"), V(0), V(0)), CALL(fsetxattr, V(FILE_FD), S("user.x"), I("v", 1), V(1), V(0)),
         CALL(getcwd, O(1), V(4096)), CALL(inotify_add_watch, V(INOTIFY_FD), S("f"), V(IN_OPEN)),
         CALL(memfd_create, S("m"), V(0)), CALL(execve, S("/nonexistent"), V(0), V(0)));
}

TEST_SLOW(data, 60) {
    static struct iovec one = { spare, 4 };
    static long zero;
    static struct flock lock = { .l_type = F_RDLCK };
    ROWS(CALL(pread64, V(FILE_FD), O(1), V(4), V(0)), CALL(pwrite64, V(FILE_FD), I("abcd", 1), V(1), V(0)),
         CALL(read, V(READ_FD), O(1), V(1)), CALL(write, V(WRITE_FD), I("a", 1), V(1)), CALL(write, V(STREAM_FD), I("a", 1), V(1)),
         CALL(preadv, V(FILE_FD), I(&one, 16), V(1), V(0), V(0)), CALL(pwritev, V(FILE_FD), I(&one, 16), V(1), V(0), V(0)),
         CALL(preadv2, V(FILE_FD), I(&one, 16), V(1), V(0), V(0), V(0)), CALL(readv, V(READ_FD), I(&one, 16), V(1)),
         CALL(writev, V(WRITE_FD), I(&one, 16), V(1)), CALL(vmsplice, V(WRITE_FD), I(&one, 16), V(1), V(0)),
         CALL(process_vm_readv, V(getpid()), I(&one, 16), V(1), I(&one, 16), V(1), V(0)),
         CALL(getdents64, V(DIR_FD), O(1), V(1000)), CALL(getdents, V(DIR_FD), O(1), V(1000)),
         CALL(sendfile, V(WRITE_FD), V(FILE_FD), B(&zero, 8), V(1)), CALL(copy_file_range, V(FILE_FD), B(&zero, 8), V(FILE_FD), V(0), V(1), V(0)),
         CALL(splice, V(FILE_FD), B(&zero, 8), V(WRITE_FD), V(0), V(1), V(0)),
         CALL(fcntl, V(FILE_FD), V(F_GETLK), B(&lock, 32)), CALL(fcntl, V(FILE_FD), V(F_SETLK), I(&lock, 32)),
         CALL(fcntl, V(FILE_FD), V(F_OFD_GETLK), B(&lock, 32)), CALL(fcntl, V(FILE_FD), V(15 /* F_SETOWN_EX */), I(&zero, 8)),
         CALL(fcntl, V(FILE_FD), V(16 /* F_GETOWN_EX */), O(8)), CALL(pipe, O(8)), CALL(pipe2, O(8), V(0)),
         CALL(ioctl, V(READ_FD), V(FIONREAD), O(4)), CALL(ioctl, V(READ_FD), V(FIONBIO), I(&zero, 4)),
         CALL(ioctl, V(TTY_FD), V(TCGETS), O(36)), CALL(ioctl, V(TTY_FD), V(TIOCGWINSZ), O(8)), CALL(ioctl, V(TTY_FD), V(TIOCSWINSZ), I(&zero, 8)),
         CALL(ioctl, V(TTY_FD), V(TIOCGPTN), O(4)));
}

TEST_SLOW(waiting, 60) {
    static struct pollfd poll1 = { READ_FD, POLLIN, 0 };
    static fd_set none;
    static int word;
    static struct epoll_event event = { EPOLLIN, { 0 } };
    ROWS(CALL(poll, B(&poll1, 8), V(1), V(0)), CALL(ppoll, B(&poll1, 8), V(1), I(&soon, 16), I(&set, 8), V(8)),
         CALL(select, V(8), B(&none, 8), B(&none, 8), B(&none, 8), I(times2, 16)),
         CALL(pselect6, V(8), B(&none, 8), B(&none, 8), B(&none, 8), I(&soon, 16), I(&off, 16)),
         CALL(epoll_ctl, V(EPOLL_FD), V(EPOLL_CTL_MOD), V(READ_FD), I(&event, 12)), CALL(epoll_wait, V(EPOLL_FD), O(12), V(1), V(0)),
         CALL(epoll_pwait, V(EPOLL_FD), O(12), V(1), V(0), I(&set, 8), V(8)),
         CALL(futex, I(&word, 1), V(FUTEX_WAIT), V(0), I(&soon, 16)), CALL(futex, I(&word, 1), V(FUTEX_WAIT_BITSET), V(0), I(&soon, 16), V(0), V(-1)),
         CALL(signalfd4, V(-1), I(&set, 8), V(8), V(0)), CALL(signalfd, V(-1), I(&set, 8), V(8)),
         CALL(timerfd_settime, V(TIMER_FD), V(0), I(&off, 32), V(0)), CALL(timerfd_gettime, V(TIMER_FD), O(32)),
         CALL(timer_create, V(CLOCK_MONOTONIC), V(0), O(4)), CALL(timer_settime, V(timer), V(0), I(&off, 32), V(0)),
         CALL(timer_gettime, V(timer), O(32)), CALL(getitimer, V(0), O(32)), CALL(setitimer, V(0), I(&off, 32), V(0)),
         CALL(nanosleep, I(&soon, 16), V(0)), CALL(clock_nanosleep, V(CLOCK_MONOTONIC), V(0), I(&soon, 16), V(0)),
         CALL(rt_sigtimedwait, I(&set, 8), V(0), I(&soon, 16), V(8)), CALL(rt_sigsuspend, I(&set, 8), V(8)));
}

TEST_SLOW(processes, 60) {
    static struct rlimit limit = { 100000, 100000 };
    static struct sched_param parameter;
    static unsigned attr[14] = { 48 };
    static long action[4];
    static siginfo_t info = { .si_code = SI_QUEUE };
    static long caps[1] = { 0x20080522 };
    ROWS(CALL(getrlimit, V(RLIMIT_NOFILE), O(16)), CALL(prlimit64, V(0), V(RLIMIT_NOFILE), V(0), O(16)),
         CALL(prlimit64, V(0), V(RLIMIT_CPU), I(&limit, 16), V(0)), CALL(setrlimit, V(RLIMIT_CPU), I(&limit, 16)),
         CALL(getrusage, V(0), O(144)), CALL(times, O(32)), CALL(uname, O(390)), CALL(sysinfo, O(112)),
         CALL(gettimeofday, O(16), V(0)), CALL(clock_gettime, V(CLOCK_MONOTONIC), O(16)), CALL(clock_getres, V(CLOCK_MONOTONIC), O(16)),
         CALL(getresuid, O(4), O(4), O(4)), CALL(getresgid, O(4), O(4), O(4)),
         CALL(capget, I(caps, 8), O(24)),
         CALL(rt_sigaction, V(SIGUSR1), I(action, 32), V(0), V(8)), CALL(rt_sigaction, V(SIGUSR1), V(0), O(32), V(8)),
         CALL(rt_sigprocmask, V(SIG_BLOCK), I(&set, 8), V(0), V(8)), CALL(rt_sigprocmask, V(SIG_BLOCK), V(0), O(8), V(8)),
         CALL(rt_sigpending, O(8), V(8)), CALL(sigaltstack, I(action, 24), V(0)), CALL(sigaltstack, V(0), O(24)),
         CALL(rt_sigqueueinfo, V(getpid()), V(SIGURG), I(&info, 48)),
         CALL(sched_setparam, V(0), I(&parameter, 4)), CALL(sched_getparam, V(0), O(4)), CALL(sched_setscheduler, V(0), V(0), I(&parameter, 4)),
         CALL(sched_getaffinity, V(0), V(128), O(8)), CALL(sched_setaffinity, V(0), V(8), I(&set, 8)), CALL(sched_rr_get_interval, V(0), O(16)),
         CALL(sched_getattr, V(0), O(48), V(48), V(0)), CALL(sched_setattr, V(0), I(attr, 48), V(0)),
         CALL(prctl, V(PR_GET_NAME), O(16)), CALL(prctl, V(PR_SET_NAME), I("name", 1)), CALL(prctl, V(PR_GET_PDEATHSIG), O(4)),
         CALL(prctl, V(37 /* PR_GET_CHILD_SUBREAPER */), O(4)),
         CALL(getrandom, O(1), V(4), V(0)), CALL(getcpu, O(4), O(4), V(0)), CALL(arch_prctl, V(0x1003 /* ARCH_GET_FS */), O(8)),
         CALL(get_robust_list, V(0), O(8), O(8)), CALL(mincore, V(pages), V(4096), O(1)),
         CALL(clone3, I(attr, 64), V(64)));
}

// Who may not do it hears of that first, whatever the address.
TEST(privileged) {
    static int ids[2];
    if (geteuid() == 0) {
        ROWS(CALL(setgroups, V(1), I(ids, 4)), CALL(sethostname, I("h", 1), V(1)));
    } else {
        CHECK_ERR(syscall(SYS_setgroups, 1, 0x10), EPERM);
        CHECK_ERR(syscall(SYS_sethostname, 0x10, 1), EPERM);
    }
}

TEST_SLOW(sockets, 60) {
    static struct sockaddr_in address = { .sin_family = AF_INET };
    static socklen_t length = 100;
    static int one = 1;
    static struct msghdr header;
    static struct mmsghdr many;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(9);
    ROWS(CALL(socketpair, V(AF_UNIX), V(SOCK_STREAM), V(0), O(8)), CALL(bind, V(UDP_FD), I(&address, 16), V(16)),
         CALL(connect, V(UDP_FD), I(&address, 16), V(16)), CALL(getsockname, V(UDP_FD), O(16), B(&length, 4)),
         CALL(getpeername, V(STREAM_FD), O(2), B(&length, 4)), CALL(sendto, V(UDP_FD), I("a", 1), V(1), V(0), I(&address, 16), V(16)),
         CALL(recvfrom, V(STREAM_FD), O(1), V(1), V(MSG_PEEK), V(0), V(0)), CALL(sendmsg, V(STREAM_FD), I(&header, 56), V(0)),
         CALL(recvmsg, V(STREAM_FD), I(&header, 56), V(MSG_PEEK)), CALL(sendmmsg, V(STREAM_FD), I(&many, 56), V(1), V(0)),
         CALL(recvmmsg, V(STREAM_FD), I(&many, 56), V(1), V(MSG_PEEK), V(0)),
         CALL(setsockopt, V(UDP_FD), V(SOL_SOCKET), V(SO_REUSEADDR), I(&one, 4), V(4)),
         CALL(setsockopt, V(STREAM_FD), V(SOL_SOCKET), V(SO_RCVTIMEO), I(times2, 16), V(16)),
         CALL(getsockopt, V(UDP_FD), V(SOL_SOCKET), V(SO_TYPE), O(4), B(&length, 4)),
         CALL(getsockopt, V(STREAM_FD), V(SOL_SOCKET), V(SO_PEERCRED), O(12), B(&length, 4)));
}

TEST_SLOW(ipc, 60) {
    static struct { long type; char text[8]; } message = { 1, "text" };
    static struct sembuf operation = { 0, 1, 0 };
    static unsigned short values[2];
    static struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
    ROWS(CALL(msgsnd, V(queue), I(&message, 8), V(1), V(IPC_NOWAIT)), CALL(msgctl, V(queue), V(IPC_STAT), O(120)),
         CALL(semop, V(semaphore), I(&operation, 6), V(1)), CALL(semtimedop, V(semaphore), I(&operation, 6), V(1), I(&soon, 16)),
         CALL(semctl, V(semaphore), V(0), V(IPC_STAT), O(104)), CALL(semctl, V(semaphore), V(0), V(SETALL), I(values, 4)),
         CALL(semctl, V(semaphore), V(0), V(GETALL), O(4)), CALL(shmctl, V(segment), V(IPC_STAT), O(112)),
         CALL(mq_open, S("efault-queue"), V(O_RDWR), V(0), V(0)), CALL(mq_open, V("efault-queue"), V(O_RDWR | O_CREAT), V(0600), I(&attributes, 64)),
         CALL(mq_unlink, S("efault-queue")));
}


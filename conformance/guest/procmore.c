/* proc(5): what a process waits for, descriptors of all kinds, mounts that can be polled; splice(2) of sockets. */
#include "check.h"
#include "help.h"
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static char *proc_text(pid_t pid, const char *name) {
    char path[60];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return read_file(path);
}

static pid_t sleeper(void) {
    pid_t child = CHECK_OK(fork());
    if (child == 0) {
        for (;;)
            syscall(SYS_nanosleep, &(struct timespec) { 100, 0 }, NULL);
    }
    for (int i = 0; i < 500 && strncmp(proc_text(child, "syscall"), "35 ", 3) != 0; i++)
        usleep(10000);
    return child;
}

TEST(syscall_of_a_sleeping_process) {
    pid_t child = sleeper();
    unsigned long a[6], sp, pc;
    int nr = -2;
    CHECK_EQ(sscanf(proc_text(child, "syscall"), "%d 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx", &nr, a, a + 1, a + 2,
        a + 3, a + 4, a + 5, &sp, &pc), 9);
    CHECK_EQ(nr, SYS_nanosleep);
    CHECK_EQ(a[1], 0);
    CHECK(sp > 0x10000 && pc > 0x10000);
    kill(child, SIGKILL);
}

TEST(wchan_tells_waiting_from_running) {
    pid_t child = sleeper();
    CHECK_STR(proc_text(child, "wchan"), "hrtimer_nanosleep");
    CHECK_STR(proc_text(getpid(), "wchan"), "0");
    kill(child, SIGKILL);
}

static unsigned flags_of(int fd) {
    char path[60], *at;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    at = strstr(read_file(path), "flags:");
    CHECK(at != NULL);
    return strtoul(at + 6, NULL, 8);
}

TEST(fdinfo_flags_of_what_was_not_opened) {
    int p[2], s[2];
    CHECK_OK(pipe2(p, O_NONBLOCK));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
    CHECK_EQ(flags_of(CHECK_OK(eventfd(0, 0))), O_RDWR);
    CHECK_EQ(flags_of(CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC))), O_RDWR | O_CLOEXEC);
    CHECK_EQ(flags_of(CHECK_OK(epoll_create1(0))), O_RDWR);
    CHECK_EQ(flags_of(CHECK_OK(inotify_init())), O_RDONLY);
    CHECK_EQ(flags_of(p[0]), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(flags_of(p[1]), O_WRONLY | O_NONBLOCK);
    CHECK_EQ(flags_of(s[0]), O_RDWR | O_CLOEXEC);
    CHECK_EQ(flags_of(CHECK_OK(open("/proc/self/status", O_RDONLY))), 0100000);
}

TEST(name_of_a_message_queue) {
    char name[40], path[60], target[60] = "";
    snprintf(name, sizeof name, "/procmore.%d", getpid());
    mqd_t q = CHECK_OK(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int) q);
    CHECK_OK(readlink(path, target, sizeof target - 1));
    mq_unlink(name);
    CHECK_STR(target, name);
}

TEST(rollup_tells_kinds_apart) {
    char *text = read_file("/proc/self/smaps_rollup");
    long pss, anonymous, file, shared;
    CHECK(strstr(text, "\nPss_Shmem:") != NULL);
    CHECK_EQ(sscanf(strstr(text, "\nPss:"), "\nPss: %ld", &pss), 1);
    CHECK_EQ(sscanf(strstr(text, "\nPss_Anon:"), "\nPss_Anon: %ld kB\nPss_File: %ld kB\nPss_Shmem: %ld", &anonymous, &file,
        &shared), 3);
    CHECK(anonymous > 0 && labs(anonymous + file + shared - pss) <= 3);
}

TEST(mounts_can_be_polled) {
    int e = CHECK_OK(epoll_create1(0)), fd = CHECK_OK(open("/proc/self/mountinfo", O_RDONLY));
    struct pollfd p = { .fd = fd, .events = POLLPRI };
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(epoll_ctl(e, EPOLL_CTL_ADD, fd, &(struct epoll_event) { .events = EPOLLPRI }));
    CHECK_EQ(epoll_wait(e, &(struct epoll_event) { 0 }, 1, 0), 0);
    CHECK_ERR(epoll_ctl(e, EPOLL_CTL_ADD, CHECK_OK(open("/proc/self/status", O_RDONLY)), &(struct epoll_event) { 0 }), EPERM);
    CHECK_ERR(ioctl(e, 0x12345, 0), EINVAL);
}

TEST(a_mount_wakes_who_polls_mounts) {
    if (geteuid() != 0) SKIP("needs root");
    CHECK_OK(mkdir("m", 0700));
    int fd = CHECK_OK(open("/proc/self/mounts", O_RDONLY));
    struct pollfd p = { .fd = fd, .events = POLLPRI };
    CHECK_EQ(poll(&p, 1, 0), 0);
    pid_t child = CHECK_OK(fork());
    if (child == 0) {
        usleep(100000);
        _exit(mount("none", "m", "tmpfs", 0, NULL) == 0 ? 0 : 1);
    }
    int n = poll(&p, 1, 5000), status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (status != 0) SKIP("may not mount here");
    int second = poll(&p, 1, 0);
    umount("m");
    CHECK_EQ(n, 1);
    CHECK_EQ(p.revents & ~(POLLPRI | POLLERR), 0);
    CHECK_EQ(second, 0);
    CHECK_EQ(poll(&p, 1, 0), 1);
}

TEST(splice_of_an_empty_socket_does_not_wait) {
    int s[2], p[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(pipe(p));
    CHECK_ERR(splice(s[0], NULL, p[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_OK(write(s[1], "abc", 3));
    CHECK_EQ(splice(s[0], NULL, p[1], NULL, 10, SPLICE_F_NONBLOCK), 3);
}

TEST(sendfile_of_a_socket_to_a_pipe) {
    int s[2], p[2], q[2];
    char c[10];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_OK(write(s[1], "abc", 3));
    CHECK_EQ(sendfile(p[1], s[0], NULL, 10), 3);
    CHECK_EQ(read(p[0], c, 10), 3);
    CHECK_OK(fcntl(s[0], F_SETFL, O_NONBLOCK));
    CHECK_ERR(sendfile(p[1], s[0], NULL, 10), EAGAIN);
    CHECK_ERR(sendfile(s[1], s[0], NULL, 10), EINVAL);
    CHECK_ERR(sendfile(p[1], q[0], NULL, 10), EINVAL);
    CHECK_ERR(sendfile(p[1], s[0], &(off_t) { 0 }, 10), ESPIPE);
}

TEST(ethtool_of_loopback_is_not_supported) {
    struct { unsigned command, rest[40]; } get = { 1, { 0 } }; /* ETHTOOL_GSET */
    struct ifreq r = { .ifr_name = "lo", .ifr_data = (char *) &get };
    int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_ERR(ioctl(s, 0x8946, &r), EOPNOTSUPP);
    strcpy(r.ifr_name, "nosuch");
    CHECK_ERR(ioctl(s, 0x8946, &r), ENODEV);
}

TEST(times_are_of_today) {
    static const char *const names[] = { "/proc/self", "/proc/self/fd", "/proc/self/fd/0", "/proc/self/cwd", "/proc/self/stat",
                                         "/proc/uptime", "/proc/sys/kernel/ostype", "/proc/self/task", "/proc/self/ns/mnt" };
    struct stat st;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_OK(lstat(names[i], &st));
        if (st.st_mtime < time(NULL) - 366 * 86400L || st.st_mtime > time(NULL) + 1)
            FAIL_AT("%s: %ld", names[i], (long) st.st_mtime);
    }
}

TEST(cpuset_and_time_offsets) {
    CHECK_EQ(read_file("/proc/self/cpuset")[0], '/');
    long seconds, nanos;
    CHECK_EQ(sscanf(read_file("/proc/self/timens_offsets"), "monotonic %ld %ld boottime", &seconds, &nanos), 2);
    CHECK_EQ(seconds, 0);
    CHECK_EQ(access("/proc/thread-self/timens_offsets", F_OK), -1);
    CHECK_EQ(access("/proc/thread-self/cpuset", F_OK), 0);
}

TEST(values_that_programs_ask_for) {
    CHECK_STR(read_file("/proc/sys/kernel/arch"), "x86_64\n");
    CHECK(atoi(read_file("/proc/sys/kernel/pty/max")) > 0);
    CHECK_EQ(atoi(read_file("/proc/sys/kernel/sched_rr_timeslice_ms")), 100);
    CHECK(atoi(read_file("/proc/sys/vm/dirty_expire_centisecs")) > 0);
    CHECK_EQ(atoi(read_file("/proc/sys/vm/overcommit_kbytes")), 0);
    CHECK_EQ(atoi(read_file("/proc/sys/vm/page-cluster")), 3);
}

TEST(nothing_can_be_made_here) {
    static const char *const places[] = { "/proc", "/proc/self", "/proc/self/fd", "/sys", "/sys/kernel" };
    need_root();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bool isProc = strncmp(places[i], "/proc", 5) == 0;
        CHECK_OK(chdir(places[i]));
        CHECK_ERR(mkdir("new", 0755), isProc ? ENOENT : EPERM);
        CHECK_ERR(symlink("a", "new"), isProc ? ENOENT : EPERM);
        CHECK_ERR(mkfifo("new", 0600), isProc ? ENOENT : EPERM);
        CHECK_ERR(mknod("new", S_IFREG | 0600, 0), isProc ? ENOENT : EACCES);
        CHECK_ERR(open("new", O_CREAT | O_RDWR, 0600), isProc ? ENOENT : EACCES);
    }
    CHECK_OK(chdir("/tmp"));
}

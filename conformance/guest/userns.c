// User namespaces (user_namespaces(7)): ids, maps, and capabilities that end at what is one's own.
#include "help.h"
#include <sys/fsuid.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702
#define NS_GET_OWNER_UID 0xb704
#define ALL_CAPS 0x1ffffffffffULL

static long put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    long r = write(fd, text, strlen(text));
    int e = errno;
    close(fd);
    errno = e;
    return r < 0 ? -1 : 0;
}

static unsigned long long caps(const char *key) {
    char *text = read_file("/proc/self/status"), *at = strstr(text, key);
    CHECK(at != NULL);
    return strtoull(at + strlen(key), NULL, 16);
}

// An ordinary user in a user namespace of its own, before ids are mapped; what it was.
static uid_t user;
static gid_t group;
static void enter(int more) {
    become_user();
    user = getuid();
    group = getgid();
    CHECK_OK(unshare(CLONE_NEWUSER | more));
}

static void map_self(int as) {
    char text[64];
    snprintf(text, sizeof text, "%d %d 1", as, user);
    CHECK_OK(put("/proc/self/uid_map", text));
    CHECK_OK(put("/proc/self/setgroups", "deny"));
    snprintf(text, sizeof text, "%d %d 1", as, group);
    CHECK_OK(put("/proc/self/gid_map", text));
}

static void enter_as_root(int more) {
    enter(more);
    map_self(0);
}

// ---- ids and maps
TEST(before_ids_are_mapped) {
    enter(0);
    CHECK_EQ(getuid(), 65534);
    CHECK_EQ(geteuid(), 65534);
    CHECK_EQ(getgid(), 65534);
    CHECK_EQ(caps("CapEff:"), ALL_CAPS);
    CHECK_EQ(caps("CapBnd:"), ALL_CAPS);
    CHECK_EQ(caps("CapInh:"), 0);
    CHECK_ERR(syscall(SYS_setuid, 0), EINVAL);
    CHECK_ERR(syscall(SYS_setuid, 65534), EINVAL);
    CHECK_ERR(syscall(SYS_setresuid, -1, 5, -1), EINVAL);
    CHECK_ERR(syscall(SYS_setreuid, 5, -1), EINVAL);
    CHECK_ERR(syscall(SYS_setgid, 0), EINVAL);
    CHECK_EQ(setfsuid(0), 65534);
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
    CHECK_STR(read_file("/proc/self/uid_map"), "");
    CHECK_STR(read_file("/proc/self/setgroups"), "allow\n");
    struct stat s;
    CHECK_OK(stat("/", &s));
    CHECK_EQ(s.st_uid, 65534);
}

TEST(root_of_its_own) {
    enter_as_root(0);
    CHECK_EQ(getuid(), 0);
    CHECK_EQ(geteuid(), 0);
    CHECK_EQ(getgid(), 0);
    uid_t r, e, s;
    CHECK_OK(getresuid(&r, &e, &s));
    CHECK_EQ(r | e | s, 0);
    char line[64];
    snprintf(line, sizeof line, "%10d %10d %10d\n", 0, user, 1);
    CHECK_STR(read_file("/proc/self/uid_map"), line);
    CHECK_STR(read_file("/proc/self/setgroups"), "deny\n");
    CHECK(strstr(read_file("/proc/self/status"), "\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n") != NULL);
    write_file("f", "x");
    struct stat st;
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_uid, 0);
    CHECK_EQ(st.st_gid, 0);
    struct statx x;
    CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_ALL, &x));
    CHECK_EQ(x.stx_uid, 0);
    CHECK_OK(stat("/", &st));
    CHECK_EQ(st.st_uid, 65534);
    CHECK_OK(chown("f", 0, 0));
    CHECK_ERR(chown("f", 1, -1), EINVAL);
    CHECK_ERR(chown("f", -1, 65534), EINVAL);
    CHECK_ERR(syscall(SYS_setuid, 1), EINVAL);
    CHECK_OK(syscall(SYS_setuid, 0));
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
    // Children and what they execute are the same.
    CHECK_EQ(WEXITSTATUS(system("test \"$(id -u)\" = 0 && grep -q '^CapEff:.0*1ffffffffff$' /proc/self/status")), 0);
}

TEST(without_a_root_capabilities_end_with_execve) {
    enter(0);
    map_self(1234);
    CHECK_EQ(getuid(), 1234);
    CHECK_EQ(caps("CapEff:"), ALL_CAPS);
    CHECK_EQ(WEXITSTATUS(system("test \"$(id -u)\" = 1234 && grep -q '^CapEff:.0*$' /proc/self/status")), 0);
}

TEST(maps_are_written_once) {
    enter_as_root(0);
    char text[64];
    snprintf(text, sizeof text, "0 %d 1", user);
    CHECK_ERR(put("/proc/self/uid_map", text), EPERM);
    CHECK_ERR(put("/proc/self/gid_map", text), EPERM);
    CHECK_ERR(put("/proc/self/setgroups", "allow"), EPERM);
    CHECK_ERR(put("/proc/self/setgroups", "deny"), EPERM);
}

TEST(maps_that_nobody_may_have) {
    enter(0);
    char text[64];
    CHECK_ERR(put("/proc/self/uid_map", "0 0 1"), EPERM);
    snprintf(text, sizeof text, "0 %d 1", user - 1);
    CHECK_ERR(put("/proc/self/uid_map", text), EPERM);
    snprintf(text, sizeof text, "0 %d 2", user);
    CHECK_ERR(put("/proc/self/uid_map", text), EPERM);
    snprintf(text, sizeof text, "0 %d 1\n1 %d 1", user, user + 1);
    CHECK_ERR(put("/proc/self/uid_map", text), EPERM);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 4294967295"), EPERM);
    CHECK_ERR(put("/proc/self/uid_map", "0 0"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 0"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 1 1"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "a 0 1"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "0 4294967295 2"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 2\n1 5 1"), EINVAL);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 2\n5 1 1"), EINVAL);
    // Groups: only who can leave none for good.
    snprintf(text, sizeof text, "0 %d 1", group);
    CHECK_ERR(put("/proc/self/gid_map", text), EPERM);
    CHECK_ERR(put("/proc/self/setgroups", "perhaps"), EINVAL);
    CHECK_OK(put("/proc/self/setgroups", "deny"));
    CHECK_ERR(put("/proc/self/gid_map", "0 0 1"), EPERM);
    CHECK_OK(put("/proc/self/gid_map", text));
}

TEST(a_privileged_writer_is_not_enough) {
    // The file was opened by somebody without the right: as by a set-user-ID program that writes to its standard output.
    need_root();
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    pid_t pid;
    FORK(pid) {
        enter(0);
        int fds[2] = { CHECK_OK(open("/proc/self/uid_map", O_WRONLY)), CHECK_OK(open("/proc/self/gid_map", O_WRONLY)) };
        char control[CMSG_SPACE(sizeof fds)] = { 0 }, c = 0;
        struct iovec one = { &c, 1 };
        struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_RIGHTS, h->cmsg_len = CMSG_LEN(sizeof fds);
        memcpy(CMSG_DATA(h), fds, sizeof fds);
        CHECK_EQ(sendmsg(pair[0], &m, 0), 1);
        CHECK_EQ(read(pair[0], &c, 1), 1);
        CHECK_EQ(getuid(), 65534);
        CHECK_STR(read_file("/proc/self/uid_map"), "");
    }
    int fds[2];
    char control[CMSG_SPACE(sizeof fds)], c;
    struct iovec one = { &c, 1 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    CHECK_EQ(recvmsg(pair[1], &m, 0), 1);
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fds);
    CHECK_ERR(write(fds[0], "0 0 1", 5), EPERM);
    CHECK_ERR(write(fds[0], "0 0 1000", 8), EPERM);
    CHECK_ERR(write(fds[1], "0 0 1", 5), EPERM);
    CHECK_EQ(write(pair[1], "x", 1), 1);
    CHECK_EQ(exit_of(pid), 0);
}

// A child in a new namespace of root's making, with ranges of ids that the parent wrote.
TEST(ranges_by_a_privileged_parent) {
    need_root();
    int go[2], done[2];
    CHECK_OK(pipe(go));
    CHECK_OK(pipe(done));
    CHECK_OK(chmod(".", 0777));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWUSER));
        put_byte(done[1]);
        get_byte(go[0]);
        CHECK_EQ(getuid(), 65534); // 0 is not in it
        CHECK_OK(syscall(SYS_setresgid, 7, 7, 7));
        gid_t many[] = { 9, 8 };
        CHECK_OK(syscall(SYS_setgroups, 2, many));
        CHECK_EQ(syscall(SYS_getgroups, 2, many), 2);
        CHECK_EQ(many[0], 8);
        many[0] = 5000;
        CHECK_ERR(syscall(SYS_setgroups, 1, many), EINVAL);
        CHECK_OK(syscall(SYS_setresuid, 5, 5, 0));
        CHECK_EQ(getuid(), 5);
        write_file("made", "x");
        struct stat s;
        CHECK_OK(stat("made", &s));
        CHECK_EQ(s.st_uid, 5);
        CHECK_EQ(s.st_gid, 7);
        put_byte(done[1]);
        get_byte(go[0]);
    }
    get_byte(done[0]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    CHECK_OK(put(path, "0 100000 1000\n2000 200000 10\n"));
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    CHECK_OK(put(path, "0 100000 1000"));
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    CHECK_STR(read_file(path), "         0     100000       1000\n      2000     200000         10\n");
    put_byte(go[1]);
    get_byte(done[0]);
    struct stat s;
    CHECK_OK(stat("made", &s));
    CHECK_EQ(s.st_uid, 100005);
    CHECK_EQ(s.st_gid, 100007);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    CHECK(strstr(read_file(path), "\nUid:\t100005\t100005\t100000\t100005\n") != NULL);
    put_byte(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(nested) {
    enter(0);
    // Who has no id here makes no further one.
    CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
    map_self(10);
    user = 10, group = 10;
    CHECK_OK(unshare(CLONE_NEWUSER));
    CHECK_EQ(getuid(), 65534);
    CHECK_ERR(put("/proc/self/uid_map", "0 0 1"), EPERM);
    CHECK_ERR(put("/proc/self/setgroups", "allow"), EPERM);
    map_self(20);
    CHECK_EQ(getuid(), 20);
    CHECK_STR(read_file("/proc/self/uid_map"), "        20         10          1\n");
}

static int deeper(int level) {
    pid_t pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == -1) {
        CHECK_EQ(errno, ENOSPC);
        return level;
    }
    if (pid == 0) {
        map_self(user);
        _exit(deeper(level + 1));
    }
    return exit_of(pid);
}

TEST(as_deep_as_it_goes) {
    become_user();
    user = getuid();
    group = getgid();
    int levels = deeper(0);
    CHECK(levels >= 16 && levels <= 33);
}

TEST_SLOW(given_back, 30) {
    become_user();
    user = getuid();
    group = getgid();
    for (int i = 0; i < 600; i++) {
        pid_t pid;
        FORK(pid) CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS));
        CHECK_EQ(exit_of(pid), 0);
        pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
        if (pid == 0) {
            map_self(0);
            CHECK_OK(unshare(CLONE_NEWUSER));
            _exit(0);
        }
        CHECK_EQ(exit_of(pid), 0);
    }
}

static void *nothing(void *unused) { pause(); return NULL; }

TEST(who_may_not) {
    need_root();
    pid_t pid;
    FORK(pid) {
        pthread_t thread;
        CHECK_RC(pthread_create(&thread, NULL, nothing, NULL), 0);
        CHECK_ERR(unshare(CLONE_NEWUSER), EINVAL);
        CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
        CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0), EINVAL);
    }
    CHECK_EQ(exit_of(pid), 0);
    // A changed root could be left by a mount namespace.
    FORK(pid) {
        CHECK_OK(mkdir("r", 0755));
        CHECK_OK(chroot("r"));
        CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
        CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
    }
    CHECK_EQ(exit_of(pid), 0);
}

// ---- no power over others
TEST(capabilities_end_at_the_namespace) {
    need_root();
    write_file("secret", "s");
    CHECK_OK(chmod("secret", 0600));
    write_file("open", "s");
    CHECK_OK(mkdir("dir", 0700));
    CHECK_OK(chmod(".", 0755));
    int outside = pausing();
    enter_as_root(0);
    CHECK_EQ(caps("CapEff:"), ALL_CAPS);
    CHECK_ERR(open("secret", O_RDONLY), EACCES);
    CHECK_ERR(open("open", O_WRONLY), EACCES);
    CHECK_ERR(open("dir/x", O_CREAT | O_WRONLY, 0600), EACCES);
    CHECK_ERR(chmod("open", 0666), EPERM);
    CHECK_ERR(chown("open", 0, 0), EPERM);
    CHECK_ERR(unlink("/etc/passwd"), EACCES);
    CHECK_ERR(kill(outside, 0), EPERM);
    CHECK_ERR(kill(outside, SIGKILL), EPERM);
    CHECK_ERR(sethostname("x", 1), EPERM);
    CHECK_ERR(setdomainname("x", 1), EPERM);
    CHECK_ERR(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
    CHECK_ERR(umount("/proc"), EPERM);
    CHECK_ERR(mknod("/tmp/userns-device", S_IFCHR | 0600, 0x103), EPERM);
    CHECK_ERR(setpriority(PRIO_PROCESS, 0, -5), EACCES);
    struct rlimit l;
    CHECK_OK(getrlimit(RLIMIT_CORE, &l));
    l.rlim_cur = l.rlim_max = 1;
    CHECK_OK(setrlimit(RLIMIT_CORE, &l));
    l.rlim_max = 2;
    CHECK_ERR(setrlimit(RLIMIT_CORE, &l), EPERM);
    CHECK_ERR(setxattr("open", "trusted.x", "x", 1, 0), EPERM);
    CHECK_ERR2(put("/proc/sys/kernel/hostname", "x"), EACCES, EPERM);
    CHECK_ERR(put("/proc/self/oom_score_adj", "-1000"), EACCES);
    CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0x01234567, 0), EPERM);
    CHECK_ERR(syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWTIME | 0x1), EINVAL);
    cpu_set_t cpus;
    CHECK_OK(sched_getaffinity(0, sizeof cpus, &cpus));
    CHECK_ERR(sched_setaffinity(outside, sizeof cpus, &cpus), EPERM);
    struct sched_param p = { 1 };
    CHECK_ERR(sched_setscheduler(0, SCHED_FIFO, &p), EPERM);
}

TEST(processes_of_the_same_user_outside) {
    static int value = 7;
    become_user();
    pid_t outside, pid;
    FORK(outside) for (;;) pause();
    FORK(pid) {
        enter_as_root(0);
        int got = 0;
        struct iovec one = { &got, 4 }, there = { &value, 4 };
        CHECK_ERR(process_vm_readv(outside, &one, 1, &there, 1, 0), EPERM);
        int fd = CHECK_OK(syscall(SYS_pidfd_open, outside, 0));
        CHECK_ERR(syscall(SYS_pidfd_getfd, fd, 0, 0), EPERM);
        CHECK_ERR(setns(fd, CLONE_NEWUSER), EPERM);
        char path[64], text[64];
        snprintf(path, sizeof path, "/proc/%d/environ", outside);
        CHECK_ERR(open(path, O_RDONLY) == -1 ? -1 : read(open(path, O_RDONLY), text, 9), EACCES);
        snprintf(path, sizeof path, "/proc/%d/root", outside);
        CHECK_ERR(readlink(path, text, sizeof text), EACCES);
        snprintf(path, sizeof path, "/proc/%d/ns/user", outside);
        CHECK_ERR(open(path, O_RDONLY), EACCES);
        // One's own children, and those in namespaces below, are no others.
        pid_t child = pausing();
        CHECK_EQ(process_vm_readv(child, &one, 1, &there, 1, 0), 4);
        CHECK_OK(kill(child, SIGKILL));
        CHECK_EQ(exit_of(child), -SIGKILL);
    }
    CHECK_EQ(exit_of(pid), 0);
    // Who made the namespace is privileged in it.
    int ready[2];
    CHECK_OK(pipe(ready));
    FORK(pid) {
        enter_as_root(0);
        put_byte(ready[1]);
        for (;;) pause();
    }
    get_byte(ready[0]);
    int got = 0;
    struct iovec one = { &got, 4 }, there = { &value, 4 };
    CHECK_EQ(process_vm_readv(pid, &one, 1, &there, 1, 0), 4);
    CHECK_EQ(got, 7);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_EQ(exit_of(pid), -SIGKILL);
    CHECK_OK(kill(outside, SIGKILL));
    CHECK_EQ(exit_of(outside), -SIGKILL);
}

TEST(programs_with_set_user_id) {
    need_root();
    CHECK_EQ(system("cp $(command -v id) sid && chmod 6755 sid"), 0);
    CHECK_OK(chmod(".", 0755));
    pid_t pid;
    FORK(pid) {
        enter_as_root(0);
        _exit(WEXITSTATUS(system("test \"$(./sid -u)\" = 0 && test \"$(./sid -g)\" = 0")));
    }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) {
        enter(0);
        map_self(77);
        // Root's id is not one here: nobody's rights are taken on.
        _exit(WEXITSTATUS(system("test \"$(./sid -u)\" = 77 && test \"$(./sid -g)\" = 77")));
    }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) {
        enter(0);
        _exit(WEXITSTATUS(system("test \"$(./sid -u)\" = 65534")));
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(power_inside) {
    enter_as_root(CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC);
    CHECK_OK(sethostname("inner", 5));
    struct utsname u;
    CHECK_OK(uname(&u));
    CHECK_STR(u.nodename, "inner");
    CHECK_OK(mkdir("m", 0755));
    CHECK_OK(mount("none", "m", "tmpfs", 0, "size=1m,uid=0"));
    write_file("m/f", "x");
    CHECK_OK(chmod("m/f", 0));
    CHECK_EQ(read_file("m/f")[0], 'x'); // CAP_DAC_OVERRIDE over one's own
    CHECK_ERR(mount("none", "m", "tmpfs", 0, "uid=5"), EINVAL);
    CHECK_ERR(mknod("m/d", S_IFCHR | 0600, 0x103), EPERM);
    CHECK_OK(mkdir("b", 0755));
    CHECK_OK(mount("m", "b", NULL, MS_BIND, NULL));
    CHECK_EQ(read_file("b/f")[0], 'x');
    CHECK_OK(umount("b"));
    CHECK_OK(umount("m"));
    CHECK_ERR(mount("none", "m", "devtmpfs", 0, NULL), EPERM);
    CHECK_ERR(mount("none", "m", "sysfs", 0, NULL), EPERM);
    CHECK_ERR(mount("none", "m", "proc", 0, NULL), EPERM); // its processes are not ours
    CHECK_OK(chroot("m"));
    CHECK_OK(chdir("/"));
    CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
}

TEST(terminals_of_its_own) {
    enter_as_root(CLONE_NEWNS);
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    CHECK_OK(mount("devpts", "a", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"));
    CHECK_OK(mount("devpts", "b", "devpts", 0, NULL));
    CHECK_ERR(mount("devpts", "b", "devpts", 0, "gid=5"), EINVAL); // none of ours
    CHECK_ERR(mount("devpts", "b", "devpts", 0, "mode=9"), EINVAL);
    CHECK_ERR(mount("devpts", "b", "devpts", 0, "other"), EINVAL);
    struct stat s;
    CHECK_OK(stat("a/ptmx", &s));
    CHECK_EQ(s.st_mode, S_IFCHR | 0666);
    CHECK_OK(stat("b/ptmx", &s));
    CHECK_EQ(s.st_mode, S_IFCHR);
    int first = CHECK_OK(open("a/ptmx", O_RDWR | O_NOCTTY)), second = CHECK_OK(open("a/ptmx", O_RDWR | O_NOCTTY)), n = -1;
    CHECK_OK(ioctl(second, TIOCGPTN, &n));
    CHECK_EQ(n, 1);
    CHECK_OK(chmod("b/ptmx", 0666));
    int other = CHECK_OK(open("b/ptmx", O_RDWR | O_NOCTTY));
    CHECK_OK(ioctl(other, TIOCGPTN, &n));
    CHECK_EQ(n, 0);
    CHECK_OK(stat("a/1", &s));
    CHECK_EQ(s.st_mode, S_IFCHR | 0620);
    CHECK_EQ(s.st_uid, 0);
    CHECK_EQ(s.st_gid, 0);
    CHECK_OK(stat("b/0", &s));
    CHECK_EQ(s.st_mode, S_IFCHR | 0600);
    n = 0;
    CHECK_OK(ioctl(second, TIOCSPTLCK, &n));
    int slave = CHECK_OK(open("a/1", O_RDWR | O_NOCTTY));
    CHECK_EQ(write(second, "x\n", 2), 2);
    char text[4];
    CHECK_EQ(read(slave, text, 4), 2);
    close(first);
    CHECK_ERR(stat("a/0", &s), ENOENT);
    CHECK_OK(umount2("a", MNT_DETACH));
    CHECK_EQ(write(second, "y\n", 2), 2);
    CHECK_EQ(read(slave, text, 4), 2);
}

TEST(pid_namespace_and_proc) {
    enter_as_root(CLONE_NEWPID | CLONE_NEWNS);
    pid_t pid;
    FORK(pid) {
        CHECK_EQ(getpid(), 1);
        CHECK_OK(mount("proc", "/proc", "proc", 0, NULL));
        char text[8] = "";
        CHECK(readlink("/proc/self", text, 7) > 0);
        CHECK_STR(text, "1");
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(proc_that_was_hidden_stays_so) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK_OK(mount("/dev/null", "/proc/meminfo", NULL, MS_BIND, NULL));
    enter_as_root(CLONE_NEWPID | CLONE_NEWNS);
    pid_t pid;
    FORK(pid) {
        CHECK_OK(mkdir("p", 0755));
        CHECK_ERR(mount("proc", "p", "proc", 0, NULL), EPERM);
        CHECK_ERR(mount("proc", "/proc", "proc", 0, NULL), EPERM);
        CHECK_ERR(umount("/proc/meminfo"), EINVAL);
        CHECK_STR(read_file("/proc/meminfo"), "");
    }
    CHECK_EQ(exit_of(pid), 0);
}

// ---- mounts of more privileged owners
static void hide(void) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK_OK(chmod(".", 0777));
    CHECK_OK(mkdir("top", 0777));
    CHECK_OK(mkdir("top/d", 0777));
    write_file("top/d/secret", "s");
    CHECK_OK(mkdir("ro", 0777));
    CHECK_OK(mkdir("at", 0777));
    CHECK_OK(mkdir("new", 0777));
    CHECK_OK(mount("none", "top/d", "tmpfs", 0, NULL));
    CHECK_OK(mount("none", "ro", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=777"));
    CHECK_OK(mount(NULL, "ro", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

TEST(mounts_are_locked) {
    hide();
    enter_as_root(CLONE_NEWNS);
    CHECK_ERR(umount("top/d"), EINVAL);
    CHECK_ERR(umount2("top/d", MNT_DETACH), EINVAL);
    CHECK_ERR(mount("top/d", "at", NULL, MS_MOVE, NULL), EINVAL);
    CHECK_ERR(mount("top", "at", NULL, MS_BIND, NULL), EINVAL);
    CHECK_ERR(access("top/d/secret", F_OK), ENOENT);
    // With all that lies on it; the copy is one's own, what hides is not.
    CHECK_OK(mount("top", "at", NULL, MS_BIND | MS_REC, NULL));
    CHECK_ERR(access("at/d/secret", F_OK), ENOENT);
    CHECK_ERR(umount("at/d"), EINVAL);
    int home = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
    int fd = CHECK_OK(open("at", O_RDONLY | O_DIRECTORY)), place = CHECK_OK(open("at", O_PATH | O_DIRECTORY));
    CHECK_ERR(umount("at"), EBUSY);
    CHECK_OK(umount2("at", MNT_DETACH));
    CHECK_ERR(faccessat(fd, "d/secret", F_OK, 0), ENOENT);
    CHECK_ERR(faccessat(place, "d/secret", F_OK, 0), ENOENT);
    CHECK_ERR(faccessat(fd, "d/../d/secret", F_OK, 0), ENOENT);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d/d/secret", fd);
    CHECK_ERR(access(path, F_OK), ENOENT);
    CHECK_OK(fchdir(fd));
    CHECK_ERR(access("d/secret", F_OK), ENOENT);
    CHECK_OK(chdir(".."));
    CHECK_OK(fchdir(home));
    CHECK_ERR(access("at/d", F_OK), ENOENT);
    // Rights.
    int m = MS_REMOUNT | MS_BIND;
    CHECK_ERR(mount(NULL, "ro", NULL, m | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), EPERM);
    CHECK_ERR(mount(NULL, "ro", NULL, m | MS_RDONLY | MS_NODEV | MS_NOEXEC, NULL), EPERM);
    CHECK_ERR(mount(NULL, "ro", NULL, m | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL), EPERM);
    CHECK_ERR(mount(NULL, "ro", NULL, m | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), EPERM);
    CHECK_ERR(mount(NULL, "ro", NULL, m | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL), EPERM);
    CHECK_OK(mount(NULL, "ro", NULL, m | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    CHECK_OK(mount("ro", "at", NULL, MS_BIND, NULL));
    CHECK_ERR(mount(NULL, "at", NULL, m | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), EPERM);
    CHECK_ERR(open("at/f", O_CREAT | O_WRONLY, 0600), EROFS);
    CHECK_OK(umount("at"));
    // More may be taken away, and put on top.
    CHECK_OK(mount("none", "top/d", "tmpfs", 0, NULL));
    CHECK_OK(umount("top/d"));
    CHECK_ERR(access("top/d/secret", F_OK), ENOENT);
    CHECK_ERR(umount("top/d"), EINVAL);
}

TEST(locks_outlive_their_namespace) {
    hide();
    enter_as_root(0);
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t pid, last;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        int fd = CHECK_OK(open("top", O_RDONLY | O_DIRECTORY));
        FORK(last) { // in yet another, with a file of the first
            CHECK_OK(unshare(CLONE_NEWNS));
            get_byte(pair[0]);
            CHECK_ERR(faccessat(fd, "d/secret", F_OK, 0), ENOENT);
            CHECK_ERR(umount("top/d"), EINVAL);
            put_byte(pair[0]);
        }
    }
    CHECK_EQ(exit_of(pid), 0);
    put_byte(pair[1]);
    close(pair[0]);
    CHECK_EQ(get_byte(pair[1]), 'x');
}

TEST(roots_may_change) {
    hide();
    enter_as_root(CLONE_NEWNS);
    CHECK_OK(mount("none", "new", "tmpfs", 0, NULL));
    CHECK_OK(mkdir("new/old", 0755));
    CHECK_OK(mkdir("new/top", 0755));
    CHECK_OK(mount("top", "new/top", NULL, MS_BIND | MS_REC, NULL));
    int fd = CHECK_OK(open("top", O_RDONLY | O_DIRECTORY));
    CHECK_ERR(syscall(SYS_pivot_root, "ro", "ro"), EINVAL); // locked
    CHECK_OK(chdir("new"));
    CHECK_OK(syscall(SYS_pivot_root, ".", "old"));
    CHECK_OK(chdir("/"));
    CHECK_OK(umount2("old", MNT_DETACH));
    CHECK_ERR(access("/top/d/secret", F_OK), ENOENT);
    CHECK_OK(access("/top/d", F_OK));
    CHECK_ERR(faccessat(fd, "d/secret", F_OK, 0), ENOENT);
    CHECK_ERR(umount("/top/d"), EINVAL);
    CHECK_OK(umount2("/top", MNT_DETACH));
}

// ---- joining, and files of namespaces
TEST(joining) {
    become_user();
    int ready[2], go[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    pid_t pid, other;
    char path[64];
    int own = CHECK_OK(open("/proc/self/ns/user", O_RDONLY));
    FORK(pid) {
        enter_as_root(CLONE_NEWUTS);
        CHECK_OK(sethostname("joined", 6));
        put_byte(ready[1]);
        CHECK_ERR(setns(own, CLONE_NEWUSER), EPERM);
        get_byte(go[0]);
    }
    get_byte(ready[0]);
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = CHECK_OK(open(path, O_RDONLY)), uts;
    snprintf(path, sizeof path, "/proc/%d/ns/uts", pid);
    uts = CHECK_OK(open(path, O_RDONLY));
    CHECK_ERR(setns(own, CLONE_NEWUSER), EINVAL);
    CHECK_ERR(setns(uts, 0), EPERM);
    uid_t owner = -1;
    CHECK_OK(ioctl(fd, NS_GET_OWNER_UID, &owner));
    CHECK_EQ(owner, getuid());
    struct stat a, b;
    int up = CHECK_OK(ioctl(fd, NS_GET_PARENT)), of = CHECK_OK(ioctl(uts, NS_GET_USERNS));
    CHECK_OK(fstat(up, &a));
    CHECK_OK(fstat(own, &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(fstat(of, &a));
    CHECK_OK(fstat(fd, &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    FORK(other) {
        CHECK_OK(setns(fd, CLONE_NEWUSER));
        CHECK_EQ(getuid(), 0);
        CHECK_EQ(caps("CapEff:"), ALL_CAPS);
        CHECK_OK(setns(uts, 0));
        struct utsname u;
        CHECK_OK(uname(&u));
        CHECK_STR(u.nodename, "joined");
        CHECK_OK(sethostname("other", 5));
        CHECK_ERR(setns(fd, 0), EINVAL);
        CHECK_ERR(setns(own, 0), EPERM);
        CHECK_ERR(ioctl(fd, NS_GET_PARENT), EPERM);
    }
    CHECK_EQ(exit_of(other), 0);
    FORK(other) {
        int pidfd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
        CHECK_OK(setns(pidfd, CLONE_NEWUSER | CLONE_NEWUTS));
        CHECK_EQ(getuid(), 0);
    }
    CHECK_EQ(exit_of(other), 0);
    put_byte(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(others_do_not_join) {
    need_root();
    int ready[2];
    CHECK_OK(pipe(ready));
    pid_t pid;
    FORK(pid) {
        enter_as_root(0);
        put_byte(ready[1]);
        for (;;) pause();
    }
    get_byte(ready[0]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = CHECK_OK(open(path, O_RDONLY));
    pid_t other;
    FORK(other) {
        CHECK_OK(syscall(SYS_setresuid, 1234, 1234, 1234));
        CHECK_ERR(setns(fd, CLONE_NEWUSER), EPERM);
        CHECK_ERR(kill(pid, 0), EPERM);
    }
    CHECK_EQ(exit_of(other), 0);
    CHECK_OK(setns(fd, CLONE_NEWUSER)); // root of outside is privileged below
    CHECK_EQ(getuid(), 65534);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(who_comes_from_above_is_hidden) {
    need_root();
    static int value = 9;
    int ready[2], word[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(word));
    pid_t pid, joined;
    FORK(pid) {
        enter_as_root(0);
        put_byte(ready[1]);
        pid_t other;
        CHECK_EQ(read(word[0], &other, sizeof other), sizeof other);
        int got = 0;
        struct iovec one = { &got, 4 }, there = { &value, 4 };
        CHECK_ERR(process_vm_readv(other, &one, 1, &there, 1, 0), EPERM);
        int fd = CHECK_OK(syscall(SYS_pidfd_open, other, 0));
        CHECK_ERR(syscall(SYS_pidfd_getfd, fd, 0, 0), EPERM);
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/mem", other);
        CHECK_ERR2(open(path, O_RDONLY), EACCES, EPERM);
    }
    get_byte(ready[0]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = CHECK_OK(open(path, O_RDONLY)), again[2];
    CHECK_OK(pipe(again));
    FORK(joined) {
        CHECK_OK(setns(fd, CLONE_NEWUSER));
        put_byte(again[1]);
        for (;;) pause();
    }
    get_byte(again[0]);
    CHECK_EQ(write(word[1], &joined, sizeof joined), sizeof joined);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(kill(joined, SIGKILL));
    CHECK_EQ(exit_of(joined), -SIGKILL);
}

// ---- ids in messages
static volatile sig_atomic_t got_uid;
static void take(int sig, siginfo_t *info, void *context) { got_uid = info->si_uid; }

TEST(ids_in_messages) {
    become_user();
    uid_t outer = getuid();
    gid_t outer_group = getgid();
    int pair[2], on = 1;
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    handle_info(SIGUSR1, take, 0);
    pid_t parent = getpid(), pid;
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    FORK(pid) {
        enter(0);
        map_self(33);
        struct ucred c;
        socklen_t n = sizeof c;
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_PEERCRED, &c, &n));
        CHECK_EQ(c.uid, 33);
        char byte, control[128];
        struct iovec one = { &byte, 1 };
        struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        CHECK_EQ(recvmsg(pair[1], &m, 0), 1);
        memcpy(&c, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof c);
        CHECK_EQ(c.uid, 33);
        CHECK_EQ(c.gid, 33);
        CHECK_EQ(send(pair[1], "y", 1, 0), 1);
        CHECK_OK(kill(parent, SIGUSR1));
        // Ids that are none here cannot be named.
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        m.msg_controllen = CMSG_SPACE(sizeof c);
        h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_CREDENTIALS, h->cmsg_len = CMSG_LEN(sizeof c);
        c.pid = getpid(), c.uid = 0, c.gid = 33;
        memcpy(CMSG_DATA(h), &c, sizeof c);
        CHECK_ERR(sendmsg(pair[1], &m, 0), EINVAL);
        c.uid = outer;
        memcpy(CMSG_DATA(h), &c, sizeof c);
        CHECK_ERR(sendmsg(pair[1], &m, 0), EINVAL);
        int queue = CHECK_OK(msgget(IPC_PRIVATE, 0600));
        struct msqid_ds q;
        CHECK_OK(msgctl(queue, IPC_STAT, &q));
        CHECK_EQ(q.msg_perm.uid, 33);
        q.msg_perm.uid = 5;
        CHECK_ERR(msgctl(queue, IPC_SET, &q), EINVAL);
        CHECK_OK(msgctl(queue, IPC_RMID, NULL));
        pid_t child = SPAWN({});
        siginfo_t info;
        CHECK_OK(waitid(P_PID, child, &info, WEXITED));
        CHECK_EQ(info.si_uid, 33);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(got_uid, outer);
    char byte, control[128];
    struct iovec one = { &byte, 1 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    CHECK_EQ(recvmsg(pair[0], &m, 0), 1);
    struct ucred c;
    memcpy(&c, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof c);
    CHECK_EQ(c.uid, outer);
    CHECK_EQ(c.gid, outer_group);
}

TEST(users_of_one_namespace) {
    // Its root has power over its other users: processes, files.
    need_root();
    int go[2], done[2];
    CHECK_OK(pipe(go));
    CHECK_OK(pipe(done));
    CHECK_OK(chmod(".", 0777));
    write_file("theirs", "x");
    CHECK_OK(chown("theirs", 300001, 300001));
    CHECK_OK(chmod("theirs", 0600));
    write_file("half", "x");
    CHECK_OK(chown("half", 300001, 5)); // its group is none of the namespace
    CHECK_OK(chmod("half", 0600));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWUSER));
        put_byte(done[1]);
        get_byte(go[0]);
        CHECK_OK(syscall(SYS_setresgid, 0, 0, 0));
        CHECK_OK(syscall(SYS_setresuid, 0, 0, 0));
        CHECK_EQ(caps("CapEff:"), ALL_CAPS);
        CHECK_EQ(read_file("theirs")[0], 'x');
        CHECK_ERR(open("half", O_RDONLY), EACCES);
        CHECK_OK(chown("theirs", 2, 2));
        CHECK_ERR(chown("half", 2, -1), EPERM);
        pid_t child;
        FORK(child) {
            CHECK_OK(syscall(SYS_setresuid, 1, 1, 1));
            CHECK_EQ(caps("CapEff:"), 0);
            CHECK_ERR(chown("theirs", 1, 1), EPERM);
            CHECK_ERR(kill(getppid(), 0), EPERM);
            put_byte(done[1]);
            for (;;) pause();
        }
        CHECK_EQ(child > 0, 1);
        get_byte(go[0]);
        CHECK_OK(kill(child, SIGKILL));
        CHECK_EQ(exit_of(child), -SIGKILL);
        CHECK_ERR(kill(getppid(), 0), EPERM);
    }
    get_byte(done[0]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    CHECK_OK(put(path, "0 300000 100"));
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    CHECK_OK(put(path, "0 300000 100"));
    put_byte(go[1]);
    get_byte(done[0]);
    put_byte(go[1]);
    CHECK_EQ(exit_of(pid), 0);
    struct stat s;
    CHECK_OK(stat("theirs", &s));
    CHECK_EQ(s.st_uid, 300002);
}

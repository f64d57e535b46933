// Namespaces that programs make (namespaces(7)): host names, IPC objects, and the files of /proc/PID/ns.
#include "help.h"
#include <mqueue.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/utsname.h>

#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702
#define NS_GET_NSTYPE 0xb703

static const char *host(void) {
    static struct utsname u;
    CHECK_OK(uname(&u));
    return u.nodename;
}

static const char *domain(void) {
    static struct utsname u;
    CHECK_OK(uname(&u));
    return u.domainname;
}

static const char *link_of(pid_t pid, const char *kind) {
    static char text[2][64];
    static int turn;
    char path[64], *to = text[turn ^= 1];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
    ssize_t n = readlink(path, to, 63);
    if (n < 0) return strerrorname_np(errno);
    to[n] = 0;
    return to;
}

static int set_host(const char *name) { return sethostname(name, strlen(name)); }

// A child in a namespace of its own, called "inner", that waits until the pipe is closed.
static pid_t inner(int *writer) {
    int ready[2], go[2];
    pid_t pid;
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    FORK(pid) {
        close(go[1]);
        CHECK_OK(unshare(CLONE_NEWUTS));
        CHECK_OK(set_host("inner"));
        close(ready[1]);
        char c;
        read(go[0], &c, 1);
    }
    close(ready[1]);
    close(go[0]);
    char c;
    CHECK_EQ(read(ready[0], &c, 1), 0);
    *writer = go[1];
    return pid;
}

TEST(uts_unshare_begins_with_the_names_there_were) {
    need_root();
    char before[65], domain_before[65], link_before[64];
    strcpy(before, host());
    strcpy(domain_before, domain());
    strcpy(link_before, link_of(getpid(), "uts"));
    CHECK_OK(unshare(CLONE_NEWUTS));
    CHECK_STR(host(), before);
    CHECK_STR(domain(), domain_before);
    CHECK(strcmp(link_of(getpid(), "uts"), link_before) != 0);
}

TEST(uts_names_are_not_the_parents) {
    need_root();
    char before[65], domain_before[65], text[80];
    strcpy(before, host());
    strcpy(domain_before, domain());
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWUTS));
        CHECK_OK(set_host("first"));
        CHECK_OK(setdomainname("of.it", 5));
        CHECK_STR(host(), "first");
        CHECK_STR(domain(), "of.it");
        CHECK_STR(read_file("/proc/sys/kernel/hostname"), "first\n");
        CHECK_STR(read_file("/proc/sys/kernel/domainname"), "of.it\n");
        // Children, and what they execute, are where their parent is.
        CHECK_EQ(WEXITSTATUS(system("test \"$(uname -n)\" = first")), 0);
        pid_t child;
        FORK(child) CHECK_OK(set_host("second"));
        CHECK_EQ(exit_of(child), 0);
        CHECK_STR(host(), "second");
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_STR(host(), before);
    CHECK_STR(domain(), domain_before);
    snprintf(text, sizeof text, "%s\n", before);
    CHECK_STR(read_file("/proc/sys/kernel/hostname"), text);
}

TEST(uts_set_by_proc) {
    need_root();
    char before[65];
    strcpy(before, host());
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWUTS));
        int fd = CHECK_OK(open("/proc/sys/kernel/hostname", O_WRONLY));
        CHECK_EQ(write(fd, "by-proc", 7), 7);
        CHECK_STR(host(), "by-proc");
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_STR(host(), before);
}

TEST(uts_clone) {
    need_root();
    char before[65];
    strcpy(before, host());
    pid_t pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) {
        CHECK_STR(host(), before);
        CHECK_OK(set_host("cloned"));
        _exit(strcmp(link_of(getpid(), "uts"), link_of(getppid(), "uts")) == 0);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_STR(host(), before);
}

static void *own_host(void *unused) {
    CHECK_OK(unshare(CLONE_NEWUTS));
    CHECK_OK(set_host("thread"));
    CHECK_STR(host(), "thread");
    return NULL;
}

TEST(uts_of_one_thread) {
    need_root();
    char before[65];
    strcpy(before, host());
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, own_host, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_STR(host(), before);
}

TEST(uts_needs_capability) {
    become_user();
    CHECK_ERR(unshare(CLONE_NEWUTS), EPERM);
    CHECK_ERR(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0), EPERM);
    int fd = CHECK_OK(open("/proc/self/ns/uts", O_RDONLY));
    CHECK_ERR(setns(fd, CLONE_NEWUTS), EPERM);
    CHECK_ERR(setns(fd, CLONE_NEWIPC), EINVAL);
}

TEST(uts_of_others_is_hidden_from_users) {
    need_root();
    int writer;
    pid_t pid = inner(&writer), user;
    FORK(user) {
        become_user();
        CHECK_STR(link_of(pid, "uts"), "EACCES");
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/uts", pid);
        CHECK_ERR(open(path, O_RDONLY), EACCES);
    }
    CHECK_EQ(exit_of(user), 0);
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(setns_by_file) {
    need_root();
    int writer;
    char before[65], path[64];
    strcpy(before, host());
    pid_t pid = inner(&writer);
    int home = CHECK_OK(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    snprintf(path, sizeof path, "/proc/%d/ns/uts", pid);
    int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    // The file keeps the namespace when all its processes have ended.
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(setns(fd, CLONE_NEWIPC), EINVAL);
    CHECK_OK(setns(fd, CLONE_NEWUTS));
    CHECK_STR(host(), "inner");
    CHECK_OK(setns(home, 0));
    CHECK_STR(host(), before);
}

TEST(setns_by_pidfd) {
    need_root();
    int writer;
    pid_t pid = inner(&writer);
    int fd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    CHECK_ERR(setns(fd, 0), EINVAL);
    CHECK_ERR(setns(fd, 1), EINVAL);
    CHECK_OK(setns(fd, CLONE_NEWUTS));
    CHECK_STR(host(), "inner");
    CHECK_STR(link_of(getpid(), "uts"), link_of(pid, "uts"));
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(setns(fd, CLONE_NEWUTS), ESRCH);
}

TEST(setns_arguments) {
    int fd = CHECK_OK(open("/proc/self/ns/uts", O_PATH));
    CHECK_ERR(setns(-1, 0), EBADF);
    CHECK_ERR(setns(fd, 0), EBADF);
    CHECK_ERR(setns(CHECK_OK(open("/dev/null", O_RDONLY)), 0), EINVAL);
    CHECK_ERR(setns(CHECK_OK(open("/proc/self/status", O_RDONLY)), 0), EINVAL);
}

TEST(namespace_files) {
    static const struct { const char *name; int kind; } all[] = {
        { "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mnt", CLONE_NEWNS },
        { "net", CLONE_NEWNET }, { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER }, { "uts", CLONE_NEWUTS },
    };
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        char path[64], text[64];
        struct stat s, byname;
        snprintf(path, sizeof path, "/proc/self/ns/%s", all[i].name);
        int fd = CHECK_OK(open(path, O_RDONLY));
        CHECK_EQ(ioctl(fd, NS_GET_NSTYPE), all[i].kind);
        CHECK_OK(fstat(fd, &s));
        CHECK_OK(stat(path, &byname));
        CHECK_EQ(s.st_mode, S_IFREG | 0444);
        CHECK(s.st_ino == byname.st_ino && s.st_dev == byname.st_dev);
        snprintf(text, sizeof text, "%s:[%lu]", all[i].name, (unsigned long) s.st_ino);
        CHECK_STR(link_of(getpid(), all[i].name), text);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        char shown[64] = "";
        CHECK_OK(readlink(path, shown, 63));
        CHECK_STR(shown, text);
        char c;
        CHECK_ERR(read(fd, &c, 1), EINVAL);
        CHECK_ERR(ioctl(fd, 0xb7ff), ENOTTY);
        if (all[i].kind == CLONE_NEWUTS) CHECK_ERR(ioctl(fd, NS_GET_PARENT), EINVAL);
        close(fd);
    }
}

TEST(owner_of_a_namespace) {
    need_root();
    int fd = CHECK_OK(open("/proc/self/ns/uts", O_RDONLY)), user = CHECK_OK(ioctl(fd, NS_GET_USERNS));
    struct stat s, own;
    CHECK_EQ(ioctl(user, NS_GET_NSTYPE), CLONE_NEWUSER);
    CHECK_OK(fstat(user, &s));
    CHECK_OK(stat("/proc/self/ns/user", &own));
    CHECK_EQ(s.st_ino, own.st_ino);
    CHECK(fcntl(user, F_GETFD) == FD_CLOEXEC);
}

TEST(namespaces_of_the_dead) {
    pid_t pid;
    FORK(pid) { }
    siginfo_t info;
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    CHECK_STR(link_of(pid, "uts"), "ENOENT");
    CHECK_EQ(exit_of(pid), 0);
}

// ---- IPC namespaces
#define KEY 0x5eed

// Lines of a table of /proc/sysvipc without its heading.
static int lines_of(const char *table) {
    char path[64];
    snprintf(path, sizeof path, "/proc/sysvipc/%s", table);
    int n = -1;
    for (const char *p = read_file(path); *p; p++) n += *p == '\n';
    return n;
}

TEST(ipc_objects_are_not_the_parents) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWIPC));
    int segment = CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
    int set = CHECK_OK(semget(KEY, 2, IPC_CREAT | 0600)), queue = CHECK_OK(msgget(KEY, IPC_CREAT | 0600));
    int named = CHECK_OK(mq_open("/inner", O_CREAT | O_RDWR, 0600, NULL));
    char outside[64];
    strcpy(outside, link_of(getpid(), "ipc"));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWIPC));
        CHECK(strcmp(link_of(getpid(), "ipc"), outside) != 0);
        CHECK_ERR(shmget(KEY, 0, 0), ENOENT);
        CHECK_ERR(semget(KEY, 0, 0), ENOENT);
        CHECK_ERR(msgget(KEY, 0), ENOENT);
        CHECK_ERR(mq_open("/inner", O_RDWR), ENOENT);
        // Nor by id.
        CHECK_ERR((long) shmat(segment, NULL, 0), EINVAL);
        CHECK_ERR(semctl(set, 0, GETVAL), EINVAL);
        CHECK_ERR(msgctl(queue, IPC_RMID, NULL), EINVAL);
        CHECK_EQ(lines_of("shm") + lines_of("sem") + lines_of("msg"), 0);
        // An open queue goes along.
        CHECK_OK(mq_send(named, "x", 1, 0));
        CHECK_OK(shmget(KEY, 8192, IPC_CREAT | IPC_EXCL | 0600));
        CHECK_OK(mq_open("/inner", O_CREAT | O_EXCL | O_RDWR, 0600, NULL));
        CHECK_EQ(lines_of("shm"), 1);
    }
    CHECK_EQ(exit_of(pid), 0);
    struct shmid_ds d;
    struct mq_attr a;
    CHECK_OK(shmctl(segment, IPC_STAT, &d));
    CHECK_EQ(d.shm_segsz, 4096);
    CHECK_OK(mq_getattr(named, &a));
    CHECK_EQ(a.mq_curmsgs, 1);
    CHECK_EQ(lines_of("shm") * 100 + lines_of("sem") * 10 + lines_of("msg"), 111);
}

TEST(ipc_clone) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWIPC));
    CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
    CHECK_ERR(syscall(SYS_clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0), EINVAL);
    pid_t pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) {
        CHECK_ERR(shmget(KEY, 0, 0), ENOENT);
        // Grandchildren share it.
        int id = CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
        pid_t child;
        FORK(child) CHECK_EQ(shmget(KEY, 0, 0), id);
        _exit(exit_of(child));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(shmget(KEY, 0, 0));
}

TEST(ipc_attached_segment_stays) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWIPC));
    char *p = shmat(CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600)), NULL, 0);
    CHECK(p != MAP_FAILED);
    p[7] = 42;
    CHECK_OK(unshare(CLONE_NEWIPC));
    CHECK_EQ(lines_of("shm"), 0);
    CHECK_EQ(p[7], 42);
    CHECK_OK(shmdt(p));
}

TEST(ipc_undo_when_leaving) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWIPC));
    int set = CHECK_OK(semget(KEY, 1, IPC_CREAT | 0600)), go[2], done[2];
    CHECK_OK(pipe(go));
    CHECK_OK(pipe(done));
    pid_t pid;
    FORK(pid) {
        struct sembuf up = { 0, 3, SEM_UNDO };
        CHECK_OK(semop(set, &up, 1));
        CHECK_EQ(semctl(set, 0, GETVAL), 3);
        CHECK_OK(unshare(CLONE_NEWIPC));
        put_byte(done[1]);
        char c;
        read(go[0], &c, 1);
    }
    char c;
    CHECK_EQ(read(done[0], &c, 1), 1);
    CHECK_EQ(semctl(set, 0, GETVAL), 0);
    put_byte(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(ipc_setns_by_file) {
    need_root();
    int home = CHECK_OK(open("/proc/self/ns/ipc", O_RDONLY));
    CHECK_OK(unshare(CLONE_NEWIPC));
    int id = CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
    int inside = CHECK_OK(open("/proc/self/ns/ipc", O_RDONLY));
    CHECK_OK(setns(home, CLONE_NEWIPC));
    CHECK_ERR(shmget(KEY, 0, 0), ENOENT);
    // The file alone keeps the namespace and what is in it.
    CHECK_OK(setns(inside, 0));
    CHECK_EQ(shmget(KEY, 0, 0), id);
    CHECK_ERR(setns(home, CLONE_NEWUTS), EINVAL);
}

TEST(ipc_setns_by_pidfd) {
    need_root();
    int ready[2], go[2];
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWIPC | CLONE_NEWUTS));
        CHECK_OK(set_host("both"));
        CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
        put_byte(ready[1]);
        char c;
        read(go[0], &c, 1);
    }
    char c, before[65];
    CHECK_EQ(read(ready[0], &c, 1), 1);
    strcpy(before, host());
    int fd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    CHECK_OK(setns(fd, CLONE_NEWIPC));
    CHECK_OK(shmget(KEY, 0, 0));
    CHECK_STR(host(), before);
    CHECK_OK(setns(fd, CLONE_NEWIPC | CLONE_NEWUTS));
    CHECK_STR(host(), "both");
    put_byte(go[1]);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(ipc_bound) {
    need_root();
    write_file("place", "");
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWIPC));
        CHECK_OK(shmget(KEY, 4096, IPC_CREAT | 0600));
        if (syscall(SYS_mount, "/proc/self/ns/ipc", "place", NULL, MS_BIND, NULL) != 0) _exit(77);
    }
    int status = exit_of(pid);
    if (status == 77) SKIP("no mounts of namespaces here");
    CHECK_EQ(status, 0);
    int fd = CHECK_OK(open("place", O_RDONLY));
    CHECK_ERR(umount2("place", 0), EBUSY);
    CHECK_OK(umount2("place", MNT_DETACH));
    CHECK_OK(setns(fd, CLONE_NEWIPC));
    CHECK_OK(shmget(KEY, 0, 0));
}

TEST(ipc_needs_capability) {
    become_user();
    CHECK_ERR(unshare(CLONE_NEWIPC), EPERM);
    CHECK_ERR(syscall(SYS_clone, CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0), EPERM);
    CHECK_ERR(setns(CHECK_OK(open("/proc/self/ns/ipc", O_RDONLY)), 0), EPERM);
}

// What a namespace that has ended held is given back: the Sentry would run out of descriptors.
TEST(ipc_namespaces_end) {
    need_root();
    for (int i = 0; i < 3000; i++) {
        CHECK_OK(unshare(CLONE_NEWIPC));
        CHECK_OK(shmget(IPC_PRIVATE, 1 << 20, 0600));
    }
}

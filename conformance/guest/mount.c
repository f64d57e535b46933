// Mounts and mount namespaces (mount_namespaces(7)): what one process mounts, others do not see. Each test works in a
// namespace of its own, where nothing propagates.
#include "help.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char here[PATH_MAX];

// A namespace for this test alone.
static void own_mounts(void) {
    need_root();
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    CHECK(getcwd(here, sizeof here) != NULL);
}

static int tmpfs(const char *where) { return mount("mine", where, "tmpfs", 0, NULL); }
static int exists(const char *path) { return access(path, F_OK) == 0; }

static const char *link_text(const char *format, ...) {
    static char text[2][PATH_MAX];
    static int turn;
    char path[PATH_MAX], *to = text[turn ^= 1];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof path, format, list);
    va_end(list);
    ssize_t n = readlink(path, to, PATH_MAX - 1);
    if (n < 0) return strerrorname_np(errno);
    to[n] = 0;
    return to;
}

static const char *ns_of(pid_t pid) { return link_text("/proc/%d/ns/mnt", pid); }

// Since 6.18 Linux numbers namespaces for each processor by itself, and goes by the numbers when it forbids circles.
static void one_processor(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    CHECK_OK(sched_setaffinity(0, sizeof set, &set));
}

// How many lines of a table of mounts name a path below the directory of the test.
static int shown(pid_t pid, const char *table, const char *name) {
    char path[64], text[PATH_MAX + 64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, table);
    snprintf(text, sizeof text, "%s/%s ", here, name);
    int n = 0;
    for (const char *p = read_file(path); (p = strstr(p, text)); p++) n++;
    return n;
}

// A child in a namespace of its own with a tmpfs on "d" that holds a file "x"; it works in d, and waits until the pipe
// is closed.
static pid_t inner(int *writer) {
    int ready[2], go[2];
    pid_t pid;
    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(go));
    if (!exists("d")) CHECK_OK(mkdir("d", 0755));
    FORK(pid) {
        close(go[1]);
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(tmpfs("d"));
        write_file("d/x", "inner");
        CHECK_OK(chdir("d"));
        put_byte(ready[1]);
        close(ready[1]);
        get_byte(go[0]);
    }
    close(ready[1]);
    close(go[0]);
    CHECK_EQ(get_byte(ready[0]), 'x');
    close(ready[0]);
    *writer = go[1];
    return pid;
}

static const char *in(const char *format, pid_t pid) {
    static char text[4][PATH_MAX];
    static int turn;
    char *to = text[turn = (turn + 1) % 4], root[64];
    snprintf(root, sizeof root, "/proc/%d/root", pid);
    snprintf(to, PATH_MAX, "%s%s/%s", root, here, format);
    return to;
}

static void end(pid_t pid, int writer) {
    close(writer);
    CHECK_EQ(exit_of(pid), 0);
}

// ---- what is private
TEST(mounts_are_not_the_parents) {
    own_mounts();
    int writer;
    pid_t pid = inner(&writer);
    CHECK(!exists("d/x"));
    CHECK(strcmp(ns_of(pid), ns_of(getpid())) != 0);
    CHECK_EQ(shown(pid, "mounts", "d"), 1);
    CHECK_EQ(shown(pid, "mountinfo", "d"), 1);
    CHECK_EQ(shown(pid, "mountstats", "d"), 1);
    CHECK_EQ(shown(getpid(), "mounts", "d"), 0);
    CHECK_EQ(shown(getpid(), "mountinfo", "d"), 0);
    CHECK_EQ(shown(getpid(), "mountstats", "d"), 0);
    // Nor the other way round.
    CHECK_OK(mkdir("later", 0755));
    CHECK_OK(tmpfs("later"));
    CHECK_EQ(shown(pid, "mounts", "later"), 0);
    end(pid, writer);
}

TEST(unmounting_is_private) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    write_file("d/x", "");
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK(exists("d/x"));
        // The same file system: what is written is seen by both.
        write_file("d/y", "");
        CHECK_OK(umount("d"));
        CHECK(!exists("d/x"));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(exists("d/x") && exists("d/y"));
}

TEST(flags_of_mounts_are_private) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
        CHECK_ERR(open("d/x", O_CREAT | O_WRONLY, 0600), EROFS);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(open("d/x", O_CREAT | O_WRONLY, 0600));
}

TEST(moving_is_private) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("e", 0755));
    CHECK_OK(tmpfs("d"));
    write_file("d/x", "");
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(mount("d", "e", NULL, MS_MOVE, NULL));
        CHECK(exists("e/x") && !exists("d/x"));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(exists("d/x") && !exists("e/x"));
}

TEST(tree_is_copied) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/a", 0755));
    CHECK_OK(tmpfs("d/a"));
    CHECK_OK(mkdir("d/a/b", 0755));
    CHECK_OK(mount("d/a", "d/a/b", NULL, MS_BIND, NULL));
    write_file("d/a/x", "");
    CHECK_OK(tmpfs("d/a/b"));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK(exists("d/a/x") && !exists("d/a/b/x"));
        CHECK_EQ(shown(getpid(), "mountinfo", "d/a/b"), 2);
        CHECK_OK(umount("d/a/b"));
        CHECK(exists("d/a/b/x"));
        CHECK_OK(umount("d/a/b"));
        CHECK_OK(umount("d/a"));
        CHECK_OK(umount("d"));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(shown(getpid(), "mountinfo", "d/a/b"), 2);
}

TEST(cwd_and_root_move_to_the_copies) {
    own_mounts();
    char cwd[PATH_MAX], expected[PATH_MAX + 8];
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_OK(chdir("d/sub"));
    snprintf(expected, sizeof expected, "%s/d/sub", here);
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK(getcwd(cwd, sizeof cwd) != NULL);
        CHECK_STR(cwd, expected);
        CHECK_STR(link_text("/proc/self/cwd"), expected);
        CHECK_STR(link_text("/proc/self/root"), "/");
        snprintf(cwd, sizeof cwd, "%s/d", here);
        CHECK_ERR(umount(cwd), EBUSY);
        CHECK_OK(tmpfs("."));
        CHECK_OK(umount("."));
        CHECK_OK(chdir("../.."));
        CHECK_OK(umount("d"));
        CHECK(!exists("d/sub"));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(cwd, expected);
}

TEST(root_of_chroot_moves_too) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/proc", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(mount("/proc", "d/proc", NULL, MS_BIND | MS_REC, NULL));
    CHECK_OK(chroot("d"));
    CHECK_OK(chdir("/"));
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(tmpfs("/e"));
    write_file("/e/x", "");
    CHECK(strstr(read_file("/proc/self/mountinfo"), " / /e ") != NULL);
    CHECK(strstr(read_file("/proc/self/mountinfo"), " / / ") != NULL);
    CHECK_OK(umount("/e"));
    // What lies outside of the root is not shown.
    CHECK_OK(mkdir("/e/proc", 0755));
    CHECK_OK(mount("/proc", "/e/proc", NULL, MS_BIND, NULL));
    CHECK_OK(chroot("/e"));
    CHECK(strstr(read_file("/proc/self/mounts"), " / ") == NULL);
    CHECK(strstr(read_file("/proc/self/mounts"), " /proc ") != NULL);
}

// ---- how namespaces are made
TEST(clone_makes_one) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
    pid_t pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) {
        CHECK_OK(tmpfs("d"));
        _exit(strcmp(ns_of(getpid()), ns_of(getppid())) == 0);
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(shown(getpid(), "mounts", "d"), 0);
}

TEST(clone3_makes_one) {
    own_mounts();
    uint64_t arguments[8] = { CLONE_NEWNS, 0, 0, 0, SIGCHLD };
    pid_t pid = CHECK_OK(syscall(SYS_clone3, arguments, sizeof arguments));
    if (pid == 0) _exit(strcmp(ns_of(getpid()), ns_of(getppid())) == 0);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(children_share_it) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    pid_t pid;
    FORK(pid) CHECK_OK(tmpfs("d"));
    CHECK_EQ(exit_of(pid), 0);
    CHECK_EQ(shown(getpid(), "mounts", "d"), 1);
}

static void *own_mount(void *unused) {
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK_OK(tmpfs("d"));
    write_file("d/x", "");
    CHECK(exists("d/x"));
    CHECK_OK(chdir("d"));
    return NULL;
}

TEST(of_one_thread) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, own_mount, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK(!exists("d/x"));
    char cwd[PATH_MAX];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(cwd, here);
}

TEST(needs_capability) {
    become_user();
    CHECK_ERR(unshare(CLONE_NEWNS), EPERM);
    CHECK_ERR(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
    int fd = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
    CHECK_ERR(setns(fd, CLONE_NEWNS), EPERM);
    CHECK_ERR(setns(fd, CLONE_NEWUTS), EINVAL);
    CHECK_ERR(mount("none", ".", "tmpfs", 0, NULL), EPERM);
    CHECK_ERR(umount("/proc"), EPERM);
}

// What is in no mount (a memfd, a pipe) has the flags of none, not those of the root of whoever opens it again.
TEST(of_no_mount) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mount("mine", "d", "tmpfs", MS_RDONLY | MS_NOEXEC | MS_NODEV, NULL));
    int proc = CHECK_OK(open("/proc", O_PATH)), memory = CHECK_OK(memfd_create("m", 0)), p[2];
    CHECK_OK(ftruncate(memory, 4096));
    CHECK_OK(pipe(p));
    CHECK_OK(chroot("d"));
    char path[64];
    snprintf(path, sizeof path, "self/fd/%d", memory);
    int again = CHECK_OK(openat(proc, path, O_RDWR));
    void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, again, 0);
    CHECK(at != MAP_FAILED);
    CHECK_OK(mprotect(at, 4096, PROT_READ | PROT_EXEC));
    snprintf(path, sizeof path, "self/fd/%d", p[1]);
    int writer = CHECK_OK(openat(proc, path, O_WRONLY));
    put_byte(writer);
    get_byte(p[0]);
}

TEST(of_the_dead) {
    pid_t pid;
    char path[64];
    FORK(pid) { }
    siginfo_t info;
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, i == 0 ? "mounts" : i == 1 ? "mountinfo" : "mountstats");
        // The third may be read by its owner alone, and who has no memory any more is root's.
        CHECK_ERR(open(path, O_RDONLY), i == 2 && geteuid() != 0 ? EACCES : EINVAL);
    }
    CHECK_STR(ns_of(pid), "ENOENT");
    CHECK_EQ(exit_of(pid), 0);
}

// A namespace may end while somebody waits for its changes.
TEST(changes_are_told) {
    own_mounts();
    CHECK_OK(mkdir("e", 0755));
    int writer, own = CHECK_OK(open("/proc/self/mounts", O_RDONLY));
    char path[64];
    pid_t pid = inner(&writer);
    snprintf(path, sizeof path, "/proc/%d/mounts", pid);
    int its = CHECK_OK(open(path, O_RDONLY));
    CHECK_OK(tmpfs("e"));
    CHECK_EQ(poll_one(own, POLLPRI, 0), POLLPRI | POLLERR);
    CHECK_EQ(poll_one(its, POLLPRI, 0), 0);
    CHECK_OK(mkdir("f", 0755));
    CHECK_OK(mount("e", "f", NULL, MS_MOVE, NULL));
    CHECK_EQ(poll_one(own, POLLPRI, 0), POLLPRI | POLLERR);
    CHECK_EQ(poll_one(own, POLLPRI, 0), 0);
    end(pid, writer);
    close(its);
}

// ---- setns(2)
TEST(setns_by_file) {
    own_mounts();
    int writer;
    char cwd[PATH_MAX], path[64], file[PATH_MAX + 8];
    pid_t pid = inner(&writer);
    int home = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    snprintf(file, sizeof file, "%s/d/x", here);
    int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    CHECK_ERR(setns(fd, CLONE_NEWIPC), EINVAL);
    CHECK(!exists(file));
    CHECK_OK(setns(fd, CLONE_NEWNS));
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(cwd, "/");
    CHECK(exists(file));
    CHECK_STR(ns_of(getpid()), ns_of(pid));
    CHECK_EQ(shown(getpid(), "mounts", "d"), 1);
    CHECK_OK(setns(home, 0));
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(cwd, "/");
    CHECK(!exists(file));
    // The file keeps the namespace when all its processes have ended.
    end(pid, writer);
    CHECK_OK(setns(fd, CLONE_NEWNS));
    CHECK_STR(read_file(file), "inner");
}

TEST(setns_by_pidfd) {
    own_mounts();
    int writer;
    char file[PATH_MAX + 8];
    pid_t pid = inner(&writer);
    snprintf(file, sizeof file, "%s/d/x", here);
    int home = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    int fd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
    CHECK_OK(setns(fd, CLONE_NEWNS));
    CHECK_STR(read_file(file), "inner");
    CHECK_OK(setns(home, CLONE_NEWNS));
    CHECK_OK(setns(fd, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC));
    CHECK_STR(read_file(file), "inner");
    CHECK_OK(setns(home, CLONE_NEWNS));
    end(pid, writer);
    CHECK_ERR(setns(fd, CLONE_NEWNS), ESRCH);
}

TEST(setns_leads_to_what_is_on_top) {
    own_mounts();
    int home = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
    CHECK_OK(tmpfs("/"));
    // The root itself stays where it was.
    CHECK(exists(here));
    CHECK_OK(setns(home, CLONE_NEWNS));
    CHECK(!exists(here));
    CHECK_ERR(chdir("/proc"), ENOENT);
}

static void *waits(void *fd) {
    get_byte(*(int *) fd);
    return NULL;
}

TEST(setns_is_not_for_threads) {
    own_mounts();
    int go[2];
    CHECK_OK(pipe(go));
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, waits, go), 0);
    int fd = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
    CHECK_ERR(setns(fd, CLONE_NEWNS), EINVAL);
    put_byte(go[1]);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_OK(setns(fd, CLONE_NEWNS));
}

TEST(setns_needs_chroot) {
    own_mounts();
    int fd = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
    struct { uint32_t version; int pid; } header = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } sets[2];
    CHECK_OK(syscall(SYS_capget, &header, sets));
    sets[0].effective &= ~(1u << 18); // CAP_SYS_CHROOT
    CHECK_OK(syscall(SYS_capset, &header, sets));
    CHECK_ERR(setns(fd, CLONE_NEWNS), EPERM);
    CHECK_OK(unshare(CLONE_NEWNS));
}

// ---- other namespaces' mounts
TEST(foreign_mounts_are_refused) {
    own_mounts();
    int writer;
    pid_t pid = inner(&writer);
    CHECK_OK(mkdir("e", 0755));
    const char *foreign = in("d", pid);
    CHECK_STR(read_file(in("d/x", pid)), "inner");
    CHECK_ERR(tmpfs(foreign), EINVAL);
    CHECK_ERR(umount(foreign), EINVAL);
    CHECK_ERR(umount2(foreign, MNT_DETACH), EINVAL);
    CHECK_ERR(mount(NULL, foreign, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EINVAL);
    CHECK_ERR(mount(NULL, foreign, NULL, MS_REMOUNT | MS_RDONLY, NULL), EINVAL);
    CHECK_ERR(mount(foreign, "e", NULL, MS_BIND, NULL), EINVAL);
    CHECK_ERR(mount("e", foreign, NULL, MS_BIND, NULL), EINVAL);
    CHECK_ERR(mount(foreign, "e", NULL, MS_MOVE, NULL), EINVAL);
    CHECK_OK(tmpfs("e"));
    CHECK_ERR(mount("e", foreign, NULL, MS_MOVE, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_pivot_root, foreign, foreign), EINVAL);
    CHECK_OK(mkdir("e/old", 0755));
    CHECK_ERR(syscall(SYS_pivot_root, "e", foreign), EINVAL);
    // Its files are there for who may look at the process.
    write_file(in("d/y", pid), "");
    CHECK(exists(in("d/y", pid)) && !exists("d/y"));
    end(pid, writer);
}

TEST(names_of_foreign_places) {
    own_mounts();
    int writer;
    char cwd[2 * PATH_MAX], expected[PATH_MAX + 32];
    pid_t pid = inner(&writer);
    CHECK_STR(link_text("/proc/%d/root", pid), "/");
    snprintf(expected, sizeof expected, "%s/d", here);
    CHECK_STR(link_text("/proc/%d/cwd", pid), expected);
    int fd = CHECK_OK(open(in("d/x", pid), O_RDONLY));
    snprintf(expected, sizeof expected, "%s/d/x", here);
    CHECK_STR(link_text("/proc/self/fd/%d", fd), expected);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CHECK(strstr(read_file("/proc/self/maps"), expected) != NULL);
    CHECK_OK(chdir(in("d", pid)));
    CHECK_OK(syscall(SYS_getcwd, cwd, sizeof cwd));
    snprintf(expected, sizeof expected, "(unreachable)%s/d", here);
    CHECK_STR(cwd, expected);
    CHECK(exists("x"));
    // Up to the root of its namespace, no further.
    for (int i = 0; i < 40; i++) CHECK_OK(chdir(".."));
    CHECK_OK(syscall(SYS_getcwd, cwd, sizeof cwd));
    CHECK_STR(cwd, "(unreachable)/");
    CHECK(exists("proc/self"));
    end(pid, writer);
}

TEST(removed_below_another_namespaces_mount) {
    own_mounts();
    int writer;
    pid_t pid = inner(&writer);
    CHECK_OK(mkdir("e", 0755));
    CHECK_OK(tmpfs("e"));
    CHECK_ERR(rmdir("e"), EBUSY);
    CHECK_ERR(rename("e", "f"), EBUSY);
    CHECK_EQ(shown(pid, "mounts", "d"), 1);
    CHECK_OK(rmdir("d"));
    CHECK_EQ(shown(pid, "mounts", "d"), 0);
    CHECK(!exists(in("d", pid)));
    CHECK_OK(mkdir("d", 0755));
    CHECK(!exists(in("d/x", pid)));
    end(pid, writer);
}

TEST(replaced_below_another_namespaces_mount) {
    own_mounts();
    int writer;
    pid_t pid = inner(&writer);
    CHECK_OK(mkdir("e", 0755));
    CHECK_OK(rename("d", "moved"));
    // The mount goes with the directory.
    CHECK(exists(in("moved/x", pid)));
    CHECK_OK(rename("e", "moved"));
    CHECK(!exists(in("moved/x", pid)));
    CHECK_EQ(shown(pid, "mounts", "moved"), 0);
    end(pid, writer);
}

// ---- lazy unmounting
TEST(lazily_unmounted) {
    own_mounts();
    char cwd[PATH_MAX];
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_OK(mkdir("d/on", 0755));
    CHECK_OK(tmpfs("d/on"));
    write_file("d/sub/x", "kept");
    int fd = CHECK_OK(open("d/sub/x", O_RDONLY)), dir = CHECK_OK(open("d", O_RDONLY));
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CHECK_OK(chdir("d/sub"));
    CHECK_ERR(umount("../../d"), EBUSY);
    CHECK_OK(umount2("../../d", MNT_DETACH));
    CHECK_EQ(shown(getpid(), "mounts", "d") + shown(getpid(), "mounts", "d/on"), 0);
    CHECK_STR(read_file("x"), "kept");
    write_file("y", "");
    CHECK_STR(link_text("/proc/self/fd/%d", fd), "/sub/x");
    CHECK_STR(link_text("/proc/self/fd/%d", dir), "/");
    CHECK_STR(link_text("/proc/self/cwd"), "/sub");
    CHECK(strstr(read_file("/proc/self/maps"), " /sub/x\n") != NULL);
    CHECK_OK(syscall(SYS_getcwd, cwd, sizeof cwd));
    CHECK_STR(cwd, "(unreachable)/sub");
    for (int i = 0; i < 5; i++) CHECK_OK(chdir(".."));
    CHECK(exists("sub/x"));
    // Nothing is mounted there any more, and nothing can be.
    CHECK_ERR2(tmpfs("sub"), EINVAL, ENOENT); // since Linux 6.17
    CHECK_ERR(umount("."), EINVAL);
    CHECK_ERR(mount("sub", "/proc", NULL, MS_BIND, NULL), EINVAL);
    CHECK_ERR(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EINVAL);
    // A new namespace has no copy of it: one stays where one is.
    CHECK_OK(unshare(CLONE_NEWNS));
    CHECK(exists("sub/x"));
}

// ---- pivot_root(2)
TEST(pivot_root_in_a_new_namespace) {
    own_mounts();
    char old[PATH_MAX];
    CHECK_OK(mkdir("d", 0755));
    pid_t pid;
    FORK(pid) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(tmpfs("d"));
        CHECK_OK(mkdir("d/old", 0755));
        write_file("d/x", "new");
        int before = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
        CHECK_OK(chdir("d"));
        CHECK_OK(syscall(SYS_pivot_root, ".", "old"));
        CHECK_OK(chdir("/"));
        CHECK_STR(read_file("/x"), "new");
        snprintf(old, sizeof old, "/old%s", here);
        CHECK(exists(old));
        CHECK_OK(fchdir(before));
        CHECK(getcwd(old, sizeof old) != NULL);
        CHECK(strncmp(old, "/old/", 5) == 0);
        CHECK_OK(chdir("/"));
        close(before);
        CHECK_OK(umount2("old", MNT_DETACH));
        CHECK(!exists(old));
        CHECK_OK(rmdir("old"));
        CHECK(!exists("/proc"));
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(exists(here) && exists("/proc/self"));
    CHECK_EQ(shown(getpid(), "mounts", "d"), 0);
}

TEST(pivot_root_onto_itself) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/proc", 0755));
    CHECK_OK(mount("/proc", "d/proc", NULL, MS_BIND | MS_REC, NULL));
    write_file("d/x", "new");
    CHECK_OK(chdir("d"));
    CHECK_OK(syscall(SYS_pivot_root, ".", "."));
    // The old root lies on top of the new one, also at ".".
    CHECK_OK(umount2(".", MNT_DETACH));
    CHECK_OK(chdir("/"));
    CHECK_STR(read_file("/x"), "new");
    CHECK(!exists(here));
    int lines = 0;
    for (const char *p = read_file("/proc/self/mounts"); *p; p++) lines += *p == '\n';
    CHECK(strstr(read_file("/proc/self/mounts"), "mine / tmpfs ") != NULL);
    CHECK(lines >= 2);
    // The root of a namespace that one comes back to is the new one.
    int fd = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
    CHECK_OK(chroot("/proc"));
    CHECK_OK(setns(fd, 0));
    CHECK_STR(read_file("/x"), "new");
}

// ---- mounts on mounts
TEST(stacked_on_a_working_directory) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(tmpfs("d"));
    write_file("d/first", "");
    CHECK_OK(chdir("d"));
    CHECK_OK(tmpfs("."));
    write_file("../d/second", "");
    CHECK_OK(tmpfs("."));
    CHECK(exists("first") && !exists("../d/second"));
    CHECK_EQ(shown(getpid(), "mounts", "d"), 3);
    CHECK_OK(umount("."));
    CHECK(exists("../d/second"));
    CHECK_OK(umount("."));
    CHECK(exists("../d/first"));
    CHECK_ERR(umount("."), EBUSY);
}

TEST(part_of_a_filesystem_is_named) {
    own_mounts();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("e", 0755));
    CHECK_OK(tmpfs("d"));
    CHECK_OK(mkdir("d/a", 0755));
    CHECK_OK(mkdir("d/a/b", 0755));
    CHECK_OK(mount("d/a/b", "e", NULL, MS_BIND, NULL));
    char text[PATH_MAX + 32];
    snprintf(text, sizeof text, " /a/b %s/e ", here);
    CHECK(strstr(read_file("/proc/self/mountinfo"), text) != NULL);
}

// ---- the end of a namespace
TEST(bound_namespace) {
    one_processor();
    own_mounts();
    char path[64], file[PATH_MAX + 8], cwd[PATH_MAX];
    int writer;
    write_file("place", "");
    pid_t pid = inner(&writer);
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    // One that would keep itself.
    CHECK_ERR(mount("/proc/self/ns/mnt", "place", NULL, MS_BIND, NULL), EINVAL);
    CHECK_OK(mount(path, "place", NULL, MS_BIND, NULL));
    CHECK_EQ(shown(getpid(), "mounts", "place"), 1);
    snprintf(cwd, sizeof cwd, " %s %s/place ", ns_of(pid), here);
    CHECK(strstr(read_file("/proc/self/mountinfo"), cwd) != NULL);
    end(pid, writer);
    pid_t child;
    FORK(child) {
        int fd = CHECK_OK(open("place", O_RDONLY));
        // Namespaces do not copy what keeps others.
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_EQ(shown(getpid(), "mounts", "place"), 0);
        snprintf(file, sizeof file, "%s/d/x", here);
        CHECK_OK(setns(fd, CLONE_NEWNS));
        CHECK_STR(read_file(file), "inner");
    }
    CHECK_EQ(exit_of(child), 0);
    CHECK_OK(umount("place"));
    CHECK_ERR(setns(CHECK_OK(open("place", O_RDONLY)), 0), EINVAL);
}

TEST(ended_by_its_last_process) {
    own_mounts();
    int writer;
    pid_t pid = inner(&writer);
    int fd = CHECK_OK(open(in("d/x", pid), O_RDONLY));
    CHECK_OK(chdir(in("d", pid)));
    end(pid, writer);
    // What is in use stays: the file system, not its place.
    char c, cwd[PATH_MAX];
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_STR(link_text("/proc/self/fd/%d", fd), "/x");
    CHECK_OK(syscall(SYS_getcwd, cwd, sizeof cwd));
    CHECK_STR(cwd, "(unreachable)/");
    CHECK(exists("x"));
    CHECK_OK(chdir(".."));
    CHECK(exists("x"));
}

// What a namespace that has ended had mounted counts no longer (fs.mount-max), nor does it keep memory.
TEST(namespaces_end) {
    own_mounts();
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "d%d", i);
        CHECK_OK(mkdir(name, 0755));
    }
    for (int i = 0; i < 600; i++) {
        pid_t pid = CHECK_OK(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
        if (pid == 0) {
            for (int j = 0; j < 20; j++) {
                snprintf(name, sizeof name, "d%d", j);
                CHECK_OK(tmpfs(name));
            }
            _exit(0);
        }
        CHECK_EQ(exit_of(pid), 0);
    }
    for (int i = 0; i < 2000; i++) CHECK_OK(unshare(CLONE_NEWNS));
}

// Each has the next one's file mounted: the end of the first is the end of all.
TEST(namespaces_that_hold_one_another) {
    one_processor();
    own_mounts();
    char path[64];
    write_file("place", "");
    snprintf(path, sizeof path, "%s/place", here);
    int first = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY)), old = dup(first);
    for (int i = 0; i < 1000; i++) {
        char link[64];
        CHECK_OK(unshare(CLONE_NEWNS));
        int new = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
        CHECK_OK(setns(old, CLONE_NEWNS));
        snprintf(link, sizeof link, "/proc/self/fd/%d", new);
        CHECK_OK(mount(link, path, NULL, MS_BIND, NULL));
        CHECK_OK(setns(new, CLONE_NEWNS));
        // One that keeps an older one would be a circle.
        if (i == 0) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", old);
            CHECK_ERR(mount(link, path, NULL, MS_BIND, NULL), EINVAL);
        }
        close(old);
        old = new;
    }
    close(old);
    CHECK_OK(setns(first, CLONE_NEWNS));
    CHECK_OK(umount(path));
    for (int i = 0; i < 1000; i++) CHECK_OK(unshare(CLONE_NEWNS));
}

TEST(one_more_sysfs) {
    own_mounts();
    CHECK_OK(mkdir("s", 0755));
    CHECK_OK(mount("none", "s", "sysfs", 0, NULL));
    CHECK_OK(access("s/devices/system/cpu/online", R_OK));
    CHECK_ERR(mkdir("s/new", 0755), EPERM);
    CHECK_OK(umount("s"));
    CHECK_ERR(access("s/devices", F_OK), ENOENT);
}

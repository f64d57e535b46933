/* proc(5): the files of a process. */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

static const char *line_of(const char *path, const char *key) {
    static char line[500];
    char *text = read_file(path), *at = text;
    size_t length = strlen(key);
    for (; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (strncmp(at, key, length) == 0) {
            snprintf(line, sizeof line, "%.*s", (int) strcspn(at + length, "\n"), at + length);
            return line + strspn(line, " \t");
        }
    FAIL_AT("%s has no line %s", path, key);
}

static long number_of(const char *path, const char *key) {
    return strtol(line_of(path, key), NULL, 0);
}

TEST(status_identity) {
    CHECK_EQ(number_of("/proc/self/status", "Pid:"), getpid());
    CHECK_EQ(number_of("/proc/self/status", "Tgid:"), getpid());
    CHECK_EQ(number_of("/proc/self/status", "PPid:"), getppid());
    CHECK_EQ(number_of("/proc/self/status", "Threads:"), 1);
    CHECK_EQ(number_of("/proc/self/status", "TracerPid:"), 0);
    CHECK_STR(line_of("/proc/self/status", "Name:"), "proc");
    CHECK_STR(line_of("/proc/self/status", "State:"), "R (running)");
    CHECK_STR(line_of("/proc/self/status", "Umask:"), "0022");
}

TEST(status_credentials) {
    char want[60];
    snprintf(want, sizeof want, "%d\t%d\t%d\t%d", getuid(), geteuid(), geteuid(), geteuid());
    CHECK_STR(line_of("/proc/self/status", "Uid:"), want);
    become_user();
    snprintf(want, sizeof want, "%d\t%d\t%d\t%d", getuid(), getuid(), getuid(), getuid());
    CHECK_STR(line_of("/proc/self/status", "Uid:"), want);
    CHECK_STR(line_of("/proc/self/status", "CapEff:"), "0000000000000000");
    CHECK_EQ(number_of("/proc/self/status", "NoNewPrivs:"), 0);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(number_of("/proc/self/status", "NoNewPrivs:"), 1);
}

TEST(status_memory_and_signals) {
    CHECK(number_of("/proc/self/status", "VmSize:") > 100);
    CHECK(number_of("/proc/self/status", "VmRSS:") > 10);
    CHECK(number_of("/proc/self/status", "VmData:") > 0);
    CHECK(number_of("/proc/self/status", "FDSize:") >= 64);
    CHECK_STR(line_of("/proc/self/status", "SigBlk:"), "0000000000000000");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_IGN);
    CHECK_STR(line_of("/proc/self/status", "SigBlk:"), "0000000000000200");
    raise(SIGUSR1);
    CHECK_STR(line_of("/proc/self/status", "SigPnd:"), "0000000000000200");
    CHECK(strtoul(line_of("/proc/self/status", "SigIgn:"), NULL, 16) & 0x800);
    CHECK(number_of("/proc/self/status", "voluntary_ctxt_switches:") >= 0);
    CHECK(strlen(line_of("/proc/self/status", "Cpus_allowed_list:")) > 0);
}

TEST(other_process_states) {
    pid_t child = SPAWN({ pause(); });
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/status", child);
    for (int i = 0; i < 100 && strcmp(line_of(path, "State:"), "S (sleeping)") != 0; i++)
        sleep_ms(5);
    CHECK_STR(line_of(path, "State:"), "S (sleeping)");
    CHECK_OK(kill(child, SIGSTOP));
    for (int i = 0; i < 100 && strcmp(line_of(path, "State:"), "T (stopped)") != 0; i++)
        sleep_ms(5);
    CHECK_STR(line_of(path, "State:"), "T (stopped)");
    CHECK_OK(kill(child, SIGKILL));
    siginfo_t info;
    CHECK_OK(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT));
    CHECK_STR(line_of(path, "State:"), "Z (zombie)");
    wait_status(child);
    CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

TEST(stat_fields) {
    char *text = read_file("/proc/self/stat"), *after = strrchr(text, ')');
    CHECK(after != NULL);
    CHECK_EQ(atoi(text), getpid());
    CHECK(strncmp(strchr(text, '('), "(proc)", 6) == 0);
    char state;
    int ppid, pgrp, session, tty;
    CHECK_EQ(sscanf(after + 1, " %c %d %d %d %d", &state, &ppid, &pgrp, &session, &tty), 5);
    CHECK_EQ(state, 'R');
    CHECK_EQ(ppid, getppid());
    CHECK_EQ(pgrp, getpgrp());
    CHECK_EQ(session, getsid(0));
    int fields = 2;
    for (char *at = after + 1; *at && *at != '\n'; at++)
        fields += *at == ' ';
    CHECK_EQ(fields, 52);
}

TEST(stat_with_an_odd_name) {
    CHECK_OK(prctl(PR_SET_NAME, "a) b (c"));
    CHECK(strstr(read_file("/proc/self/stat"), "(a) b (c)") != NULL);
    CHECK_STR(read_file("/proc/self/comm"), "a) b (c\n");
}

TEST(comm_can_be_written) {
    int fd = CHECK_OK(open("/proc/self/comm", O_WRONLY));
    CHECK_EQ(write(fd, "renamed-by-a-long-name", 22), 22);
    char name[16];
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "renamed-by-a-lo");
}

TEST(statm_fields) {
    long size, resident, shared, text, lib, data, dirty;
    CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld %ld %ld %ld %ld %ld %ld", &size, &resident, &shared, &text, &lib,
        &data, &dirty), 7);
    CHECK(size > resident && resident > 0);
    CHECK_EQ(lib, 0);
    char *more = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(more != MAP_FAILED);
    long again;
    CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld", &again), 1);
    CHECK_EQ(again, size + 1024);
}

static bool in_maps(unsigned long address, char *line, size_t room) {
    char *at = read_file("/proc/self/maps");
    unsigned long from, to;
    while (at && *at) {
        if (sscanf(at, "%lx-%lx", &from, &to) == 2 && from <= address && address < to) {
            snprintf(line, room, "%.*s", (int) strcspn(at, "\n"), at);
            return true;
        }
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return false;
}

TEST(maps_of_the_program) {
    char line[500];
    CHECK(in_maps((unsigned long) &in_maps, line, sizeof line));
    CHECK(strstr(line, " r-xp ") != NULL);
    CHECK(strcmp(line + strlen(line) - 5, "/proc") == 0);
    static int data = 5;
    CHECK(in_maps((unsigned long) &data, line, sizeof line));
    CHECK(strstr(line, " rw-p ") != NULL);
    int local;
    CHECK(in_maps((unsigned long) &local, line, sizeof line));
    CHECK(strstr(line, "[stack]") != NULL);
    void *heap = sbrk(8192);
    CHECK(in_maps((unsigned long) heap, line, sizeof line));
    CHECK(strstr(line, "[heap]") != NULL);
    char *text = read_file("/proc/self/maps");
    CHECK(strstr(text, "[vdso]") != NULL);
    CHECK(strstr(text, "libc") != NULL);
}

TEST(maps_follow_changes) {
    char line[500], file[PATH_MAX];
    int fd = CHECK_OK(open("mapped file", O_CREAT | O_RDWR, 0600));
    CHECK_OK(ftruncate(fd, 3 * 4096));
    char *at = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK_OK(mprotect(at + 4096, 4096, PROT_NONE));
    CHECK(in_maps((unsigned long) at, line, sizeof line));
    unsigned long from, to, offset, inode;
    unsigned major, minor;
    char modes[5];
    CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %[^\n]", &from, &to, modes, &offset, &major, &minor, &inode, file), 8);
    CHECK_EQ(from, (unsigned long) at);
    CHECK_EQ(to, (unsigned long) at + 4096);
    CHECK_STR(modes, "r--s");
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(inode, st.st_ino);
    CHECK_STR(strrchr(file, '/'), "/mapped file");
    CHECK(in_maps((unsigned long) at + 2 * 4096, line, sizeof line));
    CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx", &from, &to, modes, &offset), 4);
    CHECK_EQ(offset, 8192);
    CHECK(in_maps((unsigned long) at + 4096, line, sizeof line));
    CHECK(strstr(line, "---s") != NULL);
    CHECK_OK(unlink("mapped file"));
    CHECK(in_maps((unsigned long) at, line, sizeof line));
    CHECK(strstr(line, "mapped file (deleted)") != NULL);
    CHECK_OK(munmap(at, 3 * 4096));
    CHECK(!in_maps((unsigned long) at, line, sizeof line));
}

TEST(maps_are_sorted) {
    char *at = read_file("/proc/self/maps");
    unsigned long from, to, last = 0;
    while (at && *at && sscanf(at, "%lx-%lx", &from, &to) == 2) {
        CHECK(from >= last && to > from);
        last = to;
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
}

TEST(smaps_and_rollup) {
    char *at = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(at, 1, 64 * 4096);
    char head[40], *text = read_file("/proc/self/smaps");
    snprintf(head, sizeof head, "%lx-", (unsigned long) at);
    char *entry = strstr(text, head);
    if (!entry)
        SKIP("merged with the mapping before it");
    CHECK(strstr(entry, "Size:") && strstr(entry, "Rss:") && strstr(entry, "Private_Dirty:"));
    CHECK(strtol(strstr(entry, "Rss:") + 4, NULL, 10) >= 256);
    CHECK(number_of("/proc/self/smaps_rollup", "Rss:") >= 256);
    CHECK(number_of("/proc/self/smaps_rollup", "Pss:") > 0);
}

TEST(fd_directory) {
    write_file("f", "");
    int fd = CHECK_OK(open("f", O_RDWR)), p[2];
    CHECK_OK(pipe(p));
    char path[40], target[PATH_MAX] = "", want[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = CHECK_OK(readlink(path, target, sizeof target));
    target[length] = 0;
    CHECK(getcwd(want, sizeof want - 2) != NULL);
    strcat(want, "/f");
    CHECK_STR(target, want);
    CHECK_OK(lstat(path, &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "/proc/self/fd/%d", p[0]);
    CHECK_OK(lstat(path, &st));
    CHECK_EQ(st.st_mode & 0777, 0500);
    CHECK_ERR(open("/proc/self/fd/99", O_RDONLY), ENOENT);
    CHECK_ERR(open("/proc/self/fd/x", O_RDONLY), ENOENT);
}

TEST(fd_listing) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_OK(dup2(fd, 100));
    bool seen = false;
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *e;
    int entries = 0;
    while ((e = readdir(dir))) {
        entries++;
        seen |= strcmp(e->d_name, "100") == 0;
    }
    CHECK(seen);
    CHECK(entries >= 7);
    struct stat st;
    CHECK_OK(stat("/proc/self/fd", &st));
}

TEST(fd_names_of_anonymous_files) {
    char path[40], target[100];
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), e = CHECK_OK(eventfd(0, 0)), ep = CHECK_OK(epoll_create1(0));
    snprintf(path, sizeof path, "/proc/self/fd/%d", s);
    CHECK_OK(readlink(path, target, sizeof target));
    CHECK(strncmp(target, "socket:[", 8) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", e);
    CHECK_OK(readlink(path, target, sizeof target));
    CHECK(strncmp(target, "anon_inode:[eventfd]", 20) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ep);
    CHECK_OK(readlink(path, target, sizeof target));
    CHECK(strncmp(target, "anon_inode:[eventpoll]", 22) == 0);
}

TEST(fdinfo_fields) {
    write_file("f", "0123456789");
    int fd = CHECK_OK(open("f", O_RDONLY | O_CLOEXEC));
    CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK_EQ(number_of(path, "pos:"), 7);
    CHECK_EQ(strtol(line_of(path, "flags:"), NULL, 8), O_RDONLY | O_CLOEXEC | 0100000);
    CHECK(number_of(path, "mnt_id:") > 0);
    CHECK(number_of(path, "ino:") > 0);
    int e = CHECK_OK(eventfd(42, 0));
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", e);
    CHECK_EQ(strtol(line_of(path, "eventfd-count:"), NULL, 16), 42);
}

TEST(cmdline_and_environ) {
    CHECK_STATUS(CHILD({
        char *args[] = { "bash", "-c", "tr '\\0' '|' < /proc/self/cmdline; echo; tr '\\0' '|' < /proc/$$/environ; echo; "
            "tr '\\0' '|' < /proc/$$/cmdline", "zero", "two words", "", NULL }, *env[] = { "A=1", "B=x y", NULL };
        int fd = CHECK_OK(open("out", O_CREAT | O_WRONLY, 0600));
        CHECK_OK(dup2(fd, 1));
        execve("/bin/bash", args, env);
        _exit(1);
    }), 0);
    char *text = read_file("out");
    CHECK(strstr(text, "tr|\\0|||") == text);
    CHECK(strstr(text, "A=1|B=x y|") != NULL);
    CHECK(strstr(text, "bash|-c|tr ") != NULL);
    CHECK(strstr(text, "|zero|two words||") != NULL);
}

TEST(exe_cwd_root) {
    char target[PATH_MAX] = "", cwd[PATH_MAX];
    CHECK_OK(readlink("/proc/self/exe", target, sizeof target - 1));
    CHECK_STR(strrchr(target, '/'), "/proc");
    memset(target, 0, sizeof target);
    CHECK_OK(readlink("/proc/self/cwd", target, sizeof target - 1));
    CHECK_STR(target, getcwd(cwd, sizeof cwd));
    memset(target, 0, sizeof target);
    CHECK_OK(readlink("/proc/self/root", target, sizeof target - 1));
    CHECK_STR(target, "/");
    int fd = CHECK_OK(open("/proc/self/exe", O_RDONLY));
    char magic[4];
    CHECK_EQ(read(fd, magic, 4), 4);
    CHECK_MEM(magic, "\177ELF", 4);
    CHECK_OK(access("/proc/self/root/etc/passwd", R_OK));
}

TEST(self_and_thread_self) {
    char target[50] = "", want[50];
    CHECK_OK(readlink("/proc/self", target, sizeof target - 1));
    CHECK_EQ(atoi(target), getpid());
    memset(target, 0, sizeof target);
    CHECK_OK(readlink("/proc/thread-self", target, sizeof target - 1));
    snprintf(want, sizeof want, "%d/task/%d", getpid(), (int) gettid());
    CHECK_STR(target, want);
    WAIT(SPAWN({
        char text[50] = "";
        CHECK_OK(readlink("/proc/self", text, sizeof text - 1));
        CHECK_EQ(atoi(text), getpid());
    }));
}

static int thread_pipe[2];
static volatile pid_t thread_id;
static void *sleeping_thread(void *argument) {
    thread_id = gettid();
    prctl(PR_SET_NAME, "sleeper");
    char c;
    CHECK_EQ(write(thread_pipe[1], "x", 1), 1);
    sleep_ms(1000);
    (void) c;
    return argument;
}

TEST(task_directory) {
    CHECK_OK(pipe(thread_pipe));
    pthread_t thread;
    CHECK_RC(pthread_create(&thread, NULL, sleeping_thread, NULL), 0);
    char c, path[60];
    CHECK_EQ(read(thread_pipe[0], &c, 1), 1);
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread_id);
    CHECK_STR(read_file(path), "sleeper\n");
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread_id);
    CHECK_EQ(number_of(path, "Pid:"), thread_id);
    CHECK_EQ(number_of(path, "Tgid:"), getpid());
    CHECK_EQ(number_of(path, "Threads:"), 2);
    int entries = 0;
    DIR *dir = opendir("/proc/self/task");
    while (readdir(dir))
        entries++;
    CHECK_EQ(entries, 4);
    /* A thread can be looked up as /proc/TID but is not listed there. */
    snprintf(path, sizeof path, "/proc/%d/comm", thread_id);
    CHECK_STR(read_file(path), "sleeper\n");
}

TEST(mounts_and_mountinfo) {
    CHECK(strstr(read_file("/proc/self/mounts"), " /proc proc ") != NULL);
    CHECK(strstr(read_file("/proc/mounts"), " / ") != NULL);
    char *text = read_file("/proc/self/mountinfo");
    int id, parent, major, minor;
    char root[200], point[200], options[300];
    CHECK_EQ(sscanf(text, "%d %d %d:%d %199s %199s %299s", &id, &parent, &major, &minor, root, point, options), 7);
    CHECK(strstr(text, " - proc proc ") != NULL);
    char *root_line = strstr(text, " / / ");
    CHECK(root_line != NULL);
    /* mountinfo and stat agree on the device. */
    struct stat st;
    CHECK_OK(stat("/proc", &st));
    char want[40];
    snprintf(want, sizeof want, " %d:%d / /proc ", (int) (st.st_dev >> 8), (int) (st.st_dev & 0xff));
    CHECK(strstr(text, want) != NULL);
    CHECK(strlen(read_file("/proc/self/mountstats")) > 10);
}

TEST(limits_file) {
    struct rlimit limit = { 77, 99 };
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    char *line = strstr(read_file("/proc/self/limits"), "Max open files");
    CHECK(line != NULL);
    long soft, hard;
    CHECK_EQ(sscanf(line + 14, "%ld %ld", &soft, &hard), 2);
    CHECK_EQ(soft, 77);
    CHECK_EQ(hard, 99);
    CHECK(strstr(read_file("/proc/self/limits"), "Max stack size") != NULL);
    CHECK(strstr(read_file("/proc/self/limits"), "unlimited") != NULL);
}

TEST(io_counters) {
    long read_before = number_of("/proc/self/io", "rchar:"), write_before = number_of("/proc/self/io", "wchar:");
    write_file("f", "0123456789");
    read_file("f");
    CHECK(number_of("/proc/self/io", "wchar:") >= write_before + 10);
    CHECK(number_of("/proc/self/io", "rchar:") >= read_before + 10);
    CHECK(number_of("/proc/self/io", "syscr:") > 0);
}

TEST(oom_files) {
    CHECK_EQ(atoi(read_file("/proc/self/oom_score_adj")) >= -1000, 1);
    int fd = CHECK_OK(open("/proc/self/oom_score_adj", O_RDWR));
    CHECK_EQ(write(fd, "500", 3), 3);
    CHECK_STR(read_file("/proc/self/oom_score_adj"), "500\n");
    CHECK_ERR(pwrite(fd, "2000", 4, 0), EINVAL);
    WAIT(SPAWN({ CHECK_STR(read_file("/proc/self/oom_score_adj"), "500\n"); }));
    CHECK(atoi(read_file("/proc/self/oom_score")) >= 0);
}

TEST(auxv_file) {
    int fd = CHECK_OK(open("/proc/self/auxv", O_RDONLY));
    unsigned long pair[2], page = 0;
    while (read(fd, pair, 16) == 16 && pair[0] != 0)
        if (pair[0] == 6)
            page = pair[1];
    CHECK_EQ(page, 4096);
}

TEST(other_users_process) {
    need_root();
    pid_t root = getpid();
    WAIT(SPAWN({
        become_user();
        char path[60];
        snprintf(path, sizeof path, "/proc/%d/environ", root);
        CHECK_ERR(open(path, O_RDONLY), EACCES);
        snprintf(path, sizeof path, "/proc/%d/fd", root);
        CHECK_ERR(open(path, O_RDONLY), EACCES);
        snprintf(path, sizeof path, "/proc/%d/exe", root);
        char target[10];
        CHECK_ERR(readlink(path, target, 10), EACCES);
        snprintf(path, sizeof path, "/proc/%d/status", root);
        CHECK_OK(open(path, O_RDONLY));
        snprintf(path, sizeof path, "/proc/%d/cmdline", root);
        CHECK_OK(open(path, O_RDONLY));
    }));
}

TEST(owner_of_the_directory) {
    struct stat st;
    CHECK_OK(stat("/proc/self", &st));
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_mode, S_IFDIR | 0555);
    become_user();
    CHECK_OK(stat("/proc/self/", &st));
    CHECK_EQ(st.st_uid, geteuid());
}

TEST(process_listing) {
    pid_t child = SPAWN({ pause(); });
    bool seen = false, self = false;
    DIR *dir = opendir("/proc");
    struct dirent *e;
    while ((e = readdir(dir))) {
        seen |= atoi(e->d_name) == child;
        self |= strcmp(e->d_name, "self") == 0;
    }
    CHECK(seen && self);
    CHECK_OK(kill(child, SIGKILL));
    wait_status(child);
    char path[40];
    snprintf(path, sizeof path, "/proc/%d", child);
    CHECK_ERR(access(path, F_OK), ENOENT);
}

TEST(reads_in_small_pieces) {
    char whole[20000], *text = read_file("/proc/self/maps");
    snprintf(whole, sizeof whole, "%s", text);
    int fd = CHECK_OK(open("/proc/self/maps", O_RDONLY));
    char pieces[20000];
    size_t have = 0;
    ssize_t got;
    while ((got = read(fd, pieces + have, 37)) > 0)
        have += (size_t) got;
    pieces[have] = 0;
    CHECK_STR(pieces, whole);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, pieces, 12), 12);
    CHECK_MEM(pieces, whole, 12);
}

TEST(open_file_of_a_dead_process) {
    pid_t child = SPAWN({ pause(); });
    char path[40], c[100];
    snprintf(path, sizeof path, "/proc/%d/status", child);
    int fd = CHECK_OK(open(path, O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d", child);
    int dir = CHECK_OK(open(path, O_RDONLY));
    CHECK_OK(kill(child, SIGKILL));
    wait_status(child);
    CHECK_ERR(read(fd, c, sizeof c), ESRCH);
    CHECK_ERR2(openat(dir, "status", O_RDONLY), ESRCH, ENOENT);
}

TEST(cgroup_and_misc_files) {
    CHECK(strlen(read_file("/proc/self/cgroup")) > 0);
    CHECK(strstr(read_file("/proc/self/cgroup"), ":") != NULL);
    read_file("/proc/self/wchan");
    read_file("/proc/self/personality");
    read_file("/proc/self/loginuid");
    read_file("/proc/self/sessionid");
    CHECK(strstr(read_file("/proc/self/uid_map"), "4294967295") != NULL);
    read_file("/proc/self/setgroups");
    read_file("/proc/self/coredump_filter");
    read_file("/proc/self/schedstat");
    char target[60];
    CHECK_OK(readlink("/proc/self/ns/pid", target, sizeof target));
    CHECK(strncmp(target, "pid:[", 5) == 0);
    CHECK_OK(readlink("/proc/self/ns/mnt", target, sizeof target));
}

TEST(pagemap_and_mem) {
    char c = 'q', back = 0;
    int fd = CHECK_OK(open("/proc/self/mem", O_RDWR));
    CHECK_EQ(pread(fd, &back, 1, (off_t) (long) &c), 1);
    CHECK_EQ(back, 'q');
    CHECK_EQ(pwrite(fd, "w", 1, (off_t) (long) &c), 1);
    CHECK_EQ(*(volatile char *) &c, 'w');
    CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
}

TEST(clear_refs_and_read_only_files) {
    CHECK_ERR(open("/proc/self/status", O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERR2(open("/proc/self/new", O_CREAT | O_WRONLY, 0600), ENOENT, EACCES);
    CHECK_ERR2(mkdir("/proc/new", 0700), ENOENT, EACCES);
    CHECK_ERR2(unlink("/proc/self/status"), EPERM, EACCES);
    become_user();
    CHECK_ERR(open("/proc/self/status", O_WRONLY), EACCES);
    CHECK_ERR(open("/proc/version", O_WRONLY), EACCES);
}

TEST(tools_read_it) {
    CHECK_EQ(system("ps -o pid,ppid,stat,comm -p $$ | grep -q sh"), 0);
    CHECK_EQ(system("ps aux | grep -q '[p]s aux'"), 0);
    CHECK_EQ(system("top -b -n 1 | grep -q 'top -'"), 0);
    CHECK_EQ(system("pgrep -x sh > /dev/null"), 0);
    CHECK_EQ(system("free | grep -q Mem:"), 0);
    CHECK_EQ(system("uptime > /dev/null"), 0);
    CHECK_EQ(system("vmstat > /dev/null"), 0);
}

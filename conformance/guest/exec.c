// execve and its family: argument limits, scripts, what is kept and what is reset, permissions. Program images: elf.c.
#include "help.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char *none[] = { NULL };

static long execveat_(int dir, const char *path, char **argv, char **envp, int flags) {
    return syscall(SYS_execveat, dir, path, argv, envp, flags);
}

// Output of a program run in a child, in a static buffer.
static char *output_of(const char *path, char **argv, char **envp) {
    static char text[65536];
    int fds[2];
    size_t n = 0;
    ssize_t r;
    pid_t pid;
    if (pipe(fds)) return NULL;
    FORK(pid) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execve(path, argv, envp);
        CHECK(!"execve");
    }
    close(fds[1]);
    while ((r = read(fds[0], text + n, sizeof text - 1 - n)) > 0) n += r;
    close(fds[0]);
    text[n] = 0;
    snprintf(text + n, sizeof text - n, "=%d", exit_of(pid));
    return text;
}

static void put(const char *name, const char *text, mode_t mode) {
    write_file(name, text);
    CHECK_OK(chmod(name, mode));
}

static void copy_of(const char *from, const char *to) {
    static char buf[1 << 16];
    int in = CHECK_OK(open(from, O_RDONLY)), out = CHECK_OK(open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    ssize_t n;
    while ((n = read(in, buf, sizeof buf)) > 0) CHECK_EQ(write(out, buf, n), n);
    close(in);
    CHECK_OK(close(out));
}

TEST(argv_and_envp_arrive) {
    char *argv[] = { "sh", "-c", "printf '%s|' \"$0\" \"$@\" \"$FOO\"", "a b", "", "c", NULL };
    char *envp[] = { "FOO=bar", NULL };
    CHECK_STR(output_of("/bin/sh", argv, envp), "a b||c|bar|=0");
}

TEST(empty_environment) {
    char *argv[] = { "env", NULL };
    CHECK_STR(output_of("/usr/bin/env", argv, none), "=0");
    CHECK_STR(output_of("/usr/bin/env", argv, NULL), "=0");
}

TEST(null_argv_gives_one_empty_argument) {
    // Since 5.18 an empty list becomes one empty string, so that no program sees argc == 0.
    write_file("unused", "");
    char *argv[] = { "sh", "-c", "tr '\\0' '@' < /proc/self/cmdline > out", NULL };
    CHECK_STR(output_of("/bin/sh", argv, none), "=0");
    int fds[2];
    CHECK_OK(pipe(fds));
    pid_t pid;
    FORK(pid) {
        dup2(fds[1], 2);
        close(fds[1]);
        execve("/bin/cat", none, none);
        _exit(55);
    }
    // cat with no arguments reads standard input, which is empty here.
    CHECK(exit_of(pid) != 55);
}

TEST(path_errors) {
    put("plain", "text", 0644);
    CHECK_ERR(execve("missing", none, none), ENOENT);
    CHECK_ERR(execve("", none, none), ENOENT);
    CHECK_ERR(execve("plain/x", none, none), ENOTDIR);
    CHECK_ERR(execve("plain", none, none), EACCES);
    CHECK_ERR(execve(".", none, none), EACCES);
    CHECK_ERR(execve("/dev/null", none, none), EACCES);
    CHECK_OK(symlink("loop", "loop"));
    CHECK_ERR(execve("loop", none, none), ELOOP);
    static char longname[5000];
    memset(longname, 'a', 4999);
    CHECK_ERR(execve(longname, none, none), ENAMETOOLONG);
    longname[300] = 0;
    CHECK_ERR(execve(longname, none, none), ENAMETOOLONG);
}

TEST(bad_pointers) {
    char *bad_list[] = { (char *)BAD, NULL };
    char *torn[] = { TORN_STR("abc"), NULL };
    CHECK_ERR(execve(BAD, none, none), EFAULT);
    CHECK_ERR(execve("/bin/true", BAD, none), EFAULT);
    CHECK_ERR(execve("/bin/true", none, BAD), EFAULT);
    CHECK_ERR(execve("/bin/true", bad_list, none), EFAULT);
    CHECK_ERR(execve("/bin/true", none, bad_list), EFAULT);
    CHECK_ERR(execve("/bin/true", torn, none), EFAULT);
    char **open_end = page_end(&(char *[]){ "x" }, sizeof(char *));
    CHECK_ERR(execve("/bin/true", open_end, none), EFAULT);
}

TEST(argument_too_long) {
    // One string: MAX_ARG_STRLEN, 32 pages with its end.
    static char text[131073];
    char *argv[] = { "true", text, NULL };
    memset(text, 'x', 131072);
    CHECK_ERR(execve("/bin/true", argv, none), E2BIG);
    CHECK_ERR(execve("/bin/true", none, argv), E2BIG);
    text[131071] = 0;
    CHECK_STR(output_of("/bin/true", argv, none), "=0");
}

TEST(arguments_too_many) {
    // All together: a quarter of the stack limit, with the pointers.
    static char *argv[300001];
    struct rlimit stack = { 8 << 20, RLIM_INFINITY };
    getrlimit(RLIMIT_STACK, &stack);
    stack.rlim_cur = 8 << 20;
    CHECK_OK(setrlimit(RLIMIT_STACK, &stack));
    for (int i = 0; i < 300000; i++) argv[i] = "x";
    CHECK_ERR(execve("/bin/true", argv, none), E2BIG);
    argv[150000] = NULL;
    CHECK_STR(output_of("/bin/true", argv, none), "=0");
    stack.rlim_cur = 1 << 20;
    CHECK_OK(setrlimit(RLIMIT_STACK, &stack));
    CHECK_ERR(execve("/bin/true", argv, none), E2BIG);
    argv[20000] = NULL;
    CHECK_STR(output_of("/bin/true", argv, none), "=0");
}

TEST(long_argument_arrives) {
    static char text[100001];
    char *argv[] = { "sh", "-c", "echo ${#1}", "sh", text, NULL };
    memset(text, 'y', 100000);
    CHECK_STR(output_of("/bin/sh", argv, none), "100000\n=0");
}

// --- scripts ---

TEST(script_runs_its_interpreter) {
    char *argv[] = { "zero", "one", "two words", NULL };
    put("s", "#!/bin/sh\nprintf '%s|' \"$0\" \"$@\"\n", 0755);
    // The script's name replaces argv[0].
    CHECK_STR(output_of("./s", argv, none), "./s|one|two words|=0");
}

TEST(script_one_argument_only) {
    char *argv[] = { "zero", "one", NULL };
    put("s", "#! /bin/echo   -x  y  z  \nignored", 0755);
    CHECK_STR(output_of("./s", argv, none), "-x  y  z ./s one\n=0");
}

TEST(script_without_newline) {
    char *argv[] = { "zero", NULL };
    put("s", "#!/bin/echo", 0755);
    CHECK_STR(output_of("./s", argv, none), "./s\n=0");
}

TEST(script_with_tabs) {
    char *argv[] = { "zero", NULL };
    put("s", "#!\t/bin/echo\ta\tb\n", 0755);
    CHECK_STR(output_of("./s", argv, none), "a\tb ./s\n=0");
}

TEST(script_nested) {
    char *argv[] = { "zero", "arg", NULL };
    put("one", "#!/bin/echo first\n", 0755);
    put("two", "#!./one second\n", 0755);
    put("three", "#!./two third\n", 0755);
    CHECK_STR(output_of("./three", argv, none), "first ./one second ./two third ./three arg\n=0");
}

TEST(script_nested_too_deep) {
    char name[8], text[32];
    put("s0", "#!/bin/true\n", 0755);
    for (int i = 1; i <= 7; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(text, sizeof text, "#!./s%d\n", i - 1);
        put(name, text, 0755);
    }
    char *argv[] = { "x", NULL };
    CHECK_STR(output_of("./s4", argv, none), "=0");
    CHECK_ERR(execve("./s5", argv, none), ELOOP);
    CHECK_ERR(execve("./s7", argv, none), ELOOP);
    put("self", "#!./self\n", 0755);
    CHECK_ERR(execve("./self", argv, none), ELOOP);
}

TEST(script_errors) {
    char *argv[] = { "x", NULL };
    put("empty", "#!\n", 0755);
    CHECK_ERR(execve("./empty", argv, none), ENOEXEC);
    put("blank", "#!    \n", 0755);
    CHECK_ERR(execve("./blank", argv, none), ENOEXEC);
    put("missing", "#!/nonexistent/interpreter\n", 0755);
    CHECK_ERR(execve("./missing", argv, none), ENOENT);
    put("plain", "x", 0644);
    put("noexec", "#!./plain\n", 0755);
    CHECK_ERR(execve("./noexec", argv, none), EACCES);
    put("dir", "#!/\n", 0755);
    CHECK_ERR(execve("./dir", argv, none), EACCES);
    // A first line longer than the kernel's look (256 bytes), cut within the interpreter's name.
    static char text[400];
    memset(text, 'a', 399);
    memcpy(text, "#!/", 3);
    put("cut", text, 0755);
    CHECK_ERR(execve("./cut", argv, none), ENOEXEC);
}

TEST(script_argument_cut_at_look_ahead) {
    static char text[400];
    char *argv[] = { "x", NULL };
    memset(text, 'a', 398);
    memcpy(text, "#!/bin/echo ", 12);
    text[398] = '\n';
    put("cut", text, 0755);
    char *out = output_of("./cut", argv, none);
    char *space = strchr(out, ' ');
    CHECK(space != NULL);
    // 256 bytes are looked at, the last is the end of the string.
    CHECK_EQ(space - out, 255 - 12);
}

TEST(script_unreadable_by_interpreter) {
    char *argv[] = { "x", NULL };
    become_user();
    put("s", "#!/bin/sh\necho hi\n", 0111);
    pid_t pid;
    FORK(pid) { freopen("/dev/null", "w", stderr); execve("./s", argv, none); _exit(1); }
    // The kernel may start it, the shell may not read it.
    int code = exit_of(pid);
    CHECK(code == 126 || code == 2 || code == 127);
}

TEST(no_interpreter_line) {
    char *argv[] = { "x", NULL };
    put("text", "echo hello\n", 0755);
    CHECK_ERR(execve("./text", argv, none), ENOEXEC);
    put("nothing", "", 0755);
    CHECK_ERR(execve("./nothing", argv, none), ENOEXEC);
    put("one", "#", 0755);
    CHECK_ERR(execve("./one", argv, none), ENOEXEC);
}

// --- what exec keeps and resets ---

TEST(close_on_exec) {
    int keep = CHECK_OK(open("/dev/null", O_RDONLY));
    int drop = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    char text[200];
    snprintf(text, sizeof text, "test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d", keep, drop);
    char *argv[] = { "sh", "-c", text, NULL };
    CHECK_STR(output_of("/bin/sh", argv, none), "=0");
    CHECK_OK(fcntl(drop, F_GETFD));
}

TEST(close_on_exec_does_not_touch_sharer) {
    int drop = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    static char stack[65536] __attribute__((aligned(16)));
    int body(void *unused UNUSED) { return execve("/bin/true", (char *[]){ "true", NULL }, none); }
    pid_t pid = clone(body, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
    CHECK_EQ(exit_of(pid), 0);
    CHECK_OK(fcntl(drop, F_GETFD));
}

TEST(failed_exec_changes_nothing) {
    int fd = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    handle(SIGUSR1, (void (*)(int))(void *)getpid, 0);
    put("bad", "x", 0755);
    CHECK_ERR(execve("./bad", none, none), ENOEXEC);
    CHECK_OK(fcntl(fd, F_GETFD));
    struct sigaction sa;
    sigaction(SIGUSR1, NULL, &sa);
    CHECK(sa.sa_handler == (void (*)(int))(void *)getpid);
}

static char *status_line(const char *text, const char *key) {
    static char line[200];
    char *at = strstr(text, key);
    snprintf(line, sizeof line, "%s", at ? at : "none");
    line[strcspn(line, "\n")] = 0;
    return line;
}

TEST(signal_dispositions_and_mask) {
    char *argv[] = { "cat", "/proc/self/status", NULL };
    handle(SIGUSR1, (void (*)(int))(void *)getpid, 0);
    signal(SIGUSR2, SIG_IGN);
    mask(SIG_BLOCK, SIGTERM);
    mask(SIG_BLOCK, SIGALRM);
    raise(SIGALRM);
    char *out = output_of("/bin/cat", argv, none);
    CHECK_STR(status_line(out, "SigBlk:"), "SigBlk:\t0000000000006000");
    CHECK_STR(status_line(out, "SigCgt:"), "SigCgt:\t0000000000000000");
    CHECK(strtoull(status_line(out, "SigIgn:") + 7, NULL, 16) & (1ULL << (SIGUSR2 - 1)));
}

TEST(pending_signals_survive) {
    char *argv[] = { "cat", "/proc/self/status", NULL };
    int fds[2];
    static char text[8192];
    CHECK_OK(pipe(fds));
    pid_t pid;
    FORK(pid) {
        mask(SIG_BLOCK, SIGUSR1);
        kill(getpid(), SIGUSR1);
        dup2(fds[1], 1);
        execve("/bin/cat", argv, none);
    }
    close(fds[1]);
    for (size_t n = 0, r; (r = read(fds[0], text + n, sizeof text - 1 - n)) > 0 && r < sizeof text; n += r) { }
    exit_of(pid);
    CHECK_STR(status_line(text, "ShdPnd:"), "ShdPnd:\t0000000000000200");
}

TEST(pid_parent_and_groups_stay) {
    char *argv[] = { "sh", "-c", "echo $$ $PPID", NULL };
    char want[60], got[60];
    int fds[2];
    CHECK_OK(pipe(fds));
    pid_t pid;
    FORK(pid) { dup2(fds[1], 1); execve("/bin/sh", argv, none); }
    snprintf(want, sizeof want, "%d %d\n", pid, getpid());
    ssize_t n = read(fds[0], got, sizeof got - 1);
    got[n > 0 ? n : 0] = 0;
    CHECK_STR(got, want);
    CHECK_EQ(exit_of(pid), 0);
}

TEST(cwd_umask_nice_alarm_stay) {
    char *argv[] = { "sh", "-c", "umask; pwd; nice", NULL };
    umask(0123);
    CHECK_OK(chdir("/proc"));
    setpriority(PRIO_PROCESS, 0, 3);
    CHECK_STR(output_of("/bin/sh", argv, (char *[]){ "PATH=/bin:/usr/bin", NULL }), "0123\n/proc\n3\n=0");
    char *nap[] = { "sleep", "5", NULL };
    pid_t pid;
    FORK(pid) { alarm(1); execve("/bin/sleep", nap, none); }
    CHECK_EQ(exit_of(pid), -SIGALRM);
}

TEST(itimers_survive_posix_timers_do_not) {
    char *nap[] = { "sleep", "0.3", NULL };
    pid_t pid;
    FORK(pid) {
        timer_t t;
        struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
        CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &t));
        struct itimerspec its = { .it_value = { 0, 100 * MS } };
        CHECK_OK(timer_settime(t, 0, &its, NULL));
        execve("/bin/sleep", nap, none);
    }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) {
        struct itimerval itv = { .it_value = { 0, 100000 } };
        CHECK_OK(setitimer(ITIMER_REAL, &itv, NULL));
        execve("/bin/sleep", nap, none);
    }
    CHECK_EQ(exit_of(pid), -SIGALRM);
}

TEST(comm_is_the_file_name) {
    char *argv[] = { "other", "/proc/self/comm", NULL };
    CHECK_STR(output_of("/bin/cat", argv, none), "cat\n=0");
    copy_of("/bin/cat", "a_very_long_program_name");
    CHECK_STR(output_of("./a_very_long_program_name", argv, none), "a_very_long_pro\n=0");
    put("script", "#!/bin/cat\n", 0755);
    char *only[] = { "x", "/proc/self/comm", NULL };
    CHECK_STR(output_of("./script", only, none), "#!/bin/cat\nscript\n=0");
}

TEST(proc_self_exe) {
    char *argv[] = { "readlink", "/proc/self/exe", NULL };
    char real[PATH_MAX], want[PATH_MAX + 8];
    CHECK(realpath("/usr/bin/readlink", real) != NULL);
    snprintf(want, sizeof want, "%s\n=0", real);
    CHECK_STR(output_of("/usr/bin/readlink", argv, none), want);
}

TEST(exec_proc_self_exe_link) {
    char name[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", name, sizeof name - 1);
    CHECK(n > 0);
    name[n] = 0;
    char *argv[] = { "self", "--list", NULL };
    char *out = output_of("/proc/self/exe", argv, none);
    CHECK(strstr(out, "exec_proc_self_exe_link\n") != NULL);
}

TEST(dumpable_and_keepcaps_reset) {
    pid_t pid;
    FORK(pid) {
        prctl(PR_SET_DUMPABLE, 0);
        char *argv[] = { "sh", "-c", "test -r /proc/self/environ", NULL };
        execve("/bin/sh", argv, none);
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(pdeathsig_survives_plain_exec) {
    int fds[2];
    pid_t pid;
    char c;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        pid_t inner;
        FORK(inner) {
            char *argv[] = { "sleep", "20", NULL };
            close(fds[0]);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write(fds[1], "r", 1);
            execve("/bin/sleep", argv, none);
        }
        CHECK_EQ(read(fds[0], &c, 1), 1);
        sleep_ms(100);
    }
    CHECK_EQ(exit_of(pid), 0);
    close(fds[1]);
    // The end of the sleeping grandchild closes the pipe.
    CHECK_EQ(read(fds[0], &c, 1), 0);
}

static void *pause_thread(void *unused) { pause(); return unused; }
static void *exec_thread(void *unused UNUSED) {
    char *argv[] = { "sh", "-c", "echo $$", NULL };
    execve("/bin/sh", argv, none);
    return NULL;
}

TEST(exec_ends_other_threads) {
    pid_t pid;
    FORK(pid) {
        pthread_t t;
        for (int i = 0; i < 8; i++) pthread_create(&t, NULL, pause_thread, NULL);
        char *argv[] = { "sh", "-c", "test $(ls /proc/self/task | wc -l) = 1", NULL };
        execve("/bin/sh", argv, (char *[]){ "PATH=/bin:/usr/bin", NULL });
    }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(exec_from_thread_takes_leaders_pid) {
    int fds[2];
    char got[30] = "";
    pid_t pid;
    CHECK_OK(pipe(fds));
    FORK(pid) {
        pthread_t t;
        dup2(fds[1], 1);
        pthread_create(&t, NULL, pause_thread, NULL);
        pthread_create(&t, NULL, exec_thread, NULL);
        pause();
    }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(read(fds[0], got, sizeof got - 1) > 0);
    CHECK_EQ(atoi(got), pid);
}

// --- execveat ---

TEST(fexecve_runs_a_descriptor) {
    int fd = CHECK_OK(open("/bin/true", O_RDONLY));
    pid_t pid;
    FORK(pid) { execveat_(fd, "", (char *[]){ "true", NULL }, none, AT_EMPTY_PATH); _exit(50); }
    CHECK_EQ(exit_of(pid), 0);
    int path_fd = CHECK_OK(open("/bin/true", O_PATH | O_CLOEXEC));
    FORK(pid) { execveat_(path_fd, "", (char *[]){ "true", NULL }, none, AT_EMPTY_PATH); _exit(50); }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(execveat_of_a_memfd) {
    int fd = CHECK_OK(memfd_create("prog", MFD_CLOEXEC)), in = CHECK_OK(open("/bin/true", O_RDONLY));
    static char buf[1 << 20];
    ssize_t n = read(in, buf, sizeof buf);
    CHECK_EQ(write(fd, buf, n), n);
    pid_t pid;
    FORK(pid) { execveat_(fd, "", (char *[]){ "true", NULL }, none, AT_EMPTY_PATH); _exit(errno); }
    // Unlike a file opened for writing, the descriptor of a memfd itself does not count as a writer.
    CHECK_EQ(exit_of(pid), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int ro = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    close(fd);
    FORK(pid) { execveat_(ro, "", (char *[]){ "true", NULL }, none, AT_EMPTY_PATH); _exit(errno); }
    CHECK_EQ(exit_of(pid), 0);
}

TEST(execveat_relative_to_a_directory) {
    int dir = CHECK_OK(open("/bin", O_RDONLY | O_DIRECTORY));
    pid_t pid;
    FORK(pid) { execveat_(dir, "true", (char *[]){ "true", NULL }, none, 0); _exit(50); }
    CHECK_EQ(exit_of(pid), 0);
    FORK(pid) { execveat_(AT_FDCWD, "/bin/true", (char *[]){ "true", NULL }, none, 0); _exit(50); }
    CHECK_EQ(exit_of(pid), 0);
    CHECK_ERR(execveat_(dir, "no such program", none, none, 0), ENOENT);
}

TEST(execveat_errors) {
    int dir = CHECK_OK(open("/bin", O_RDONLY | O_DIRECTORY)), file = CHECK_OK(open("/bin/true", O_RDONLY));
    CHECK_ERR(execveat_(dir, "", none, none, 0), ENOENT);
    CHECK_ERR(execveat_(-1, "true", none, none, 0), EBADF);
    CHECK_ERR(execveat_(99, "", none, none, AT_EMPTY_PATH), EBADF);
    CHECK_ERR(execveat_(file, "true", none, none, 0), ENOTDIR);
    CHECK_ERR(execveat_(dir, "", none, none, AT_EMPTY_PATH), EACCES);
    CHECK_ERR(execveat_(dir, "true", none, none, 0x4), EINVAL);
    CHECK_OK(symlink("/bin/true", "link"));
    CHECK_ERR(execveat_(AT_FDCWD, "link", none, none, AT_SYMLINK_NOFOLLOW), ELOOP);
    CHECK_ERR(execveat_(AT_FDCWD, BAD, none, none, 0), EFAULT);
}

TEST(execveat_script_by_descriptor) {
    put("s", "#!/bin/echo\n", 0755);
    int fd = CHECK_OK(open("s", O_RDONLY)), close_fd = CHECK_OK(open("s", O_RDONLY | O_CLOEXEC));
    int fds[2];
    char got[100] = "", want[100];
    pid_t pid;
    CHECK_OK(pipe(fds));
    FORK(pid) { dup2(fds[1], 1); execveat_(fd, "", (char *[]){ "x", "y", NULL }, none, AT_EMPTY_PATH); _exit(50); }
    CHECK_EQ(exit_of(pid), 0);
    CHECK(read(fds[0], got, sizeof got - 1) > 0);
    snprintf(want, sizeof want, "/dev/fd/%d y\n", fd);
    CHECK_STR(got, want);
    // Nobody could open the script after close-on-exec.
    CHECK_ERR(execveat_(close_fd, "", none, none, AT_EMPTY_PATH), ENOENT);
}

// --- permissions ---

TEST(text_busy) {
    copy_of("/bin/sleep", "prog");
    int fd = CHECK_OK(open("prog", O_RDWR));
    CHECK_ERR(execve("./prog", none, none), ETXTBSY);
    CHECK_OK(close(fd));
    int fds[2];
    pid_t pid;
    CHECK_OK(pipe2(fds, O_CLOEXEC));
    FORK(pid) { execve("./prog", (char *[]){ "sleep", "10", NULL }, none); _exit(50); }
    close(fds[1]);
    CHECK_EQ(get_byte(fds[0]), -1);
    CHECK_ERR(open("prog", O_WRONLY), ETXTBSY);
    CHECK_ERR(truncate("prog", 0), ETXTBSY);
    CHECK_OK(close(CHECK_OK(open("prog", O_RDONLY))));
    CHECK_OK(unlink("prog"));
    kill(pid, SIGKILL);
    CHECK_EQ(exit_of(pid), -SIGKILL);
}

TEST(execute_permission) {
    copy_of("/bin/true", "prog");
    CHECK_OK(chmod("prog", 0600));
    CHECK_ERR(execve("./prog", none, none), EACCES);
    become_user();
    copy_of("/bin/true", "mine");
    CHECK_OK(chmod("mine", 0011));
    CHECK_ERR(execve("./mine", none, none), EACCES);
    // Reading is not needed to execute.
    CHECK_OK(chmod("mine", 0100));
    CHECK_STR(output_of("./mine", (char *[]){ "x", NULL }, none), "=0");
    CHECK_OK(mkdir("closed", 0755));
    copy_of("/bin/true", "closed/prog");
    CHECK_OK(chmod("closed", 0644));
    CHECK_ERR(execve("closed/prog", none, none), EACCES);
}

TEST(root_needs_one_execute_bit) {
    need_root();
    copy_of("/bin/true", "prog");
    CHECK_OK(chmod("prog", 0));
    CHECK_ERR(execve("./prog", none, none), EACCES);
    CHECK_OK(chmod("prog", 0001));
    CHECK_STR(output_of("./prog", (char *[]){ "x", NULL }, none), "=0");
}

TEST(vfork_exec_error_is_seen_by_child) {
    static volatile int error;
    pid_t pid = vfork();
    if (pid == 0) {
        execve("/no/such/program", none, none);
        error = errno;
        _exit(9);
    }
    CHECK_EQ(exit_of(pid), 9);
    CHECK_EQ(error, ENOENT);
}

TEST(exec_chain_of_shells) {
    char *argv[] = { "sh", "-c", "exec sh -c 'exec sh -c \"exit 7\"'", NULL };
    CHECK_STR(output_of("/bin/sh", argv, (char *[]){ "PATH=/bin:/usr/bin", NULL }), "=7");
}

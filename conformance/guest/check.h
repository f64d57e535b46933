/*
 * A small test harness for the guest programs of the conformance suite.
 *
 * Each TEST runs in a forked child with its own process group, its own empty working directory and a time limit, so that
 * a crash or a hang ends one test only. A failed CHECK reports through a pipe and ends the process it happens in (exit 99);
 * it may happen in any descendant of the test. One line per test goes to standard output:
 *     ok NAME | FAIL NAME file:line: text | skip NAME reason
 *
 * The harness itself uses only fork, pipe, alarm, waitpid and mkdir, the calls a young kernel gets right first.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK_REPORT_FD 250
#define CHECK_EXIT 99
#define CHECK_TESTS_MAX 256
#define CHECK_PAGE 4096L
/* An ordinary user's identity for tests that must not run as root. */
#define CHECK_USER 65534

struct check_test {
    const char *name;
    void (*run)(void);
    int seconds;
};

static struct check_test check_tests[CHECK_TESTS_MAX];
static int check_count;
static pid_t check_running;
static volatile sig_atomic_t check_late;

static inline void check_add(const char *name, void (*run)(void), int seconds) {
    if (check_count == CHECK_TESTS_MAX)
        abort();
    check_tests[check_count++] = (struct check_test){ name, run, seconds };
}

/* TEST(name) { body }: runs at most 10 seconds. TEST_SLOW(name, seconds) { body }. */
#define TEST_SLOW(name_, seconds_)                                                            \
    static void test_##name_(void);                                                           \
    __attribute__((constructor)) static void check_add_##name_(void) {                        \
        check_add(#name_, test_##name_, seconds_);                                            \
    }                                                                                         \
    static void test_##name_(void)
#define TEST(name_) TEST_SLOW(name_, 10)

__attribute__((format(printf, 1, 2), noreturn, unused)) static void check_fail(const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    text[0] = 'F';
    vsnprintf(text + 1, sizeof text - 1, format, args);
    va_end(args);
    if (write(CHECK_REPORT_FD, text, strlen(text) + 1) < 0) { }
    _exit(CHECK_EXIT);
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void check_skip(const char *format, ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    text[0] = 'S';
    vsnprintf(text + 1, sizeof text - 1, format, args);
    va_end(args);
    if (write(CHECK_REPORT_FD, text, strlen(text) + 1) < 0) { }
    _exit(CHECK_EXIT);
}

__attribute__((unused)) static const char *check_errno(long error) {
    const char *name = error == 0 ? "success" : strerrorname_np((int) error);
    return name ? name : "unknown error";
}

#define FAIL_AT(format, ...) check_fail("%s:%d: " format, strrchr("/" __FILE__, '/') + 1, __LINE__, ##__VA_ARGS__)
#define SKIP(...) check_skip(__VA_ARGS__)

/* CHECK(condition) */
#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition))                                                                     \
            FAIL_AT("expected %s (errno now %s)", #condition, check_errno(errno));            \
    } while (0)

/* CHECK_EQ(actual, expected): two integers. */
#define CHECK_EQ(actual, expected)                                                            \
    do {                                                                                      \
        long long actual_ = (long long) (actual);                                             \
        int error_ = errno;                                                                   \
        long long expected_ = (long long) (expected);                                         \
        if (actual_ != expected_)                                                             \
            FAIL_AT("%s: expected %lld (%#llx) got %lld (%#llx) errno %s", #actual, expected_, \
                    expected_, actual_, actual_, check_errno(error_));                        \
    } while (0)

/* CHECK_OK(call): the call does not return -1; the value of the expression is what it returned. */
#define CHECK_OK(call)                                                                        \
    ({                                                                                        \
        errno = 0;                                                                            \
        long result_ = (long) (call);                                                         \
        if (result_ == -1)                                                                    \
            FAIL_AT("%s: expected success got %s", #call, check_errno(errno));                \
        result_;                                                                              \
    })

/* CHECK_ERR(call, EINVAL): the call returns -1 with this errno. CHECK_ERR2 accepts either of two. */
#define CHECK_ERR2(call, first, second)                                                       \
    do {                                                                                      \
        errno = 0;                                                                            \
        long result_ = (long) (call);                                                         \
        int error_ = errno;                                                                   \
        if (result_ != -1)                                                                    \
            FAIL_AT("%s: expected %s got result %ld", #call, #first, result_);                \
        if (error_ != (first) && error_ != (second))                                          \
            FAIL_AT("%s: expected %s got %s", #call, #first, check_errno(error_));            \
    } while (0)
#define CHECK_ERR(call, error) CHECK_ERR2(call, error, error)

/* CHECK_RC(call, ENOENT): for functions that return the error number (pthread_*, posix_*). */
#define CHECK_RC(call, error)                                                                 \
    do {                                                                                      \
        int result_ = (call);                                                                 \
        if (result_ != (error))                                                               \
            FAIL_AT("%s: expected %s got %s", #call, #error, check_errno(result_));           \
    } while (0)

#define CHECK_STR(actual, expected)                                                           \
    do {                                                                                      \
        const char *actual_ = (actual), *expected_ = (expected);                              \
        if (strcmp(actual_, expected_) != 0)                                                  \
            FAIL_AT("%s: expected \"%.120s\" got \"%.120s\"", #actual, expected_, actual_);   \
    } while (0)

#define CHECK_MEM(actual, expected, length)                                                   \
    do {                                                                                      \
        const unsigned char *actual_ = (const void *) (actual), *expected_ = (const void *) (expected); \
        for (size_t at_ = 0; at_ < (size_t) (length); at_++)                                  \
            if (actual_[at_] != expected_[at_])                                               \
                FAIL_AT("%s: at byte %zu expected %#x got %#x", #actual, at_, expected_[at_], actual_[at_]); \
    } while (0)

/* CHECK_STATUS(status, code): a wait status of an ordinary exit. CHECK_KILLED(status, SIGSEGV). */
#define CHECK_STATUS(status, code)                                                            \
    do {                                                                                      \
        int status_ = (status);                                                               \
        if (!WIFEXITED(status_) || WEXITSTATUS(status_) != (code))                            \
            FAIL_AT("%s: expected exit status %d got wait status %#x", #status, (int) (code), status_); \
    } while (0)
#define CHECK_KILLED(status, sig)                                                             \
    do {                                                                                      \
        int status_ = (status);                                                               \
        if (!WIFSIGNALED(status_) || WTERMSIG(status_) != (sig))                              \
            FAIL_AT("%s: expected death by signal %d got wait status %#x", #status, (int) (sig), status_); \
    } while (0)

/* SPAWN({ block }): runs the block in a forked child (exit 0 at its end), gives the child's pid. */
#define SPAWN(...)                                                                            \
    ({                                                                                        \
        pid_t child_ = fork();                                                                \
        if (child_ == -1)                                                                     \
            FAIL_AT("fork: %s", check_errno(errno));                                          \
        if (child_ == 0) {                                                                    \
            __VA_ARGS__;                                                                      \
            _exit(0);                                                                         \
        }                                                                                     \
        child_;                                                                               \
    })

__attribute__((unused)) static int wait_status(pid_t child) {
    int status = 0;
    pid_t got;
    do
        got = waitpid(child, &status, 0);
    while (got == -1 && errno == EINTR);
    if (got != child)
        check_fail("waitpid: expected %d got %d %s", (int) child, (int) got, check_errno(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_EXIT)
        _exit(CHECK_EXIT);
    return status;
}

/* CHILD({ block }): the block in a child; the value is its wait status. WAIT(pid): the child must exit 0. */
#define CHILD(...) wait_status(SPAWN(__VA_ARGS__))
#define WAIT(pid) CHECK_STATUS(wait_status(pid), 0)

/* A page that may not be touched: every system call answers EFAULT for it. */
__attribute__((unused)) static void *bad_page(void) {
    static void *page;
    if (!page)
        page = mmap(NULL, CHECK_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page;
}
#define BAD ((void *) bad_page())

/* A copy of the bytes whose last byte is the last byte before a page that may not be touched. */
__attribute__((unused)) static void *page_end(const void *bytes, size_t length) {
    size_t room = (length + CHECK_PAGE - 1) / CHECK_PAGE * CHECK_PAGE;
    char *at = mmap(NULL, room + CHECK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + room, CHECK_PAGE, PROT_NONE) != 0)
        check_fail("page_end: %s", check_errno(errno));
    at += room - length;
    if (bytes)
        memcpy(at, bytes, length);
    return at;
}
/* A string with its end at the end of a page; and one that has no end there (EFAULT). */
#define END_STR(text) ((char *) page_end(text, strlen(text) + 1))
#define TORN_STR(text) ((char *) page_end(text, strlen(text)))

__attribute__((unused)) static void need_root(void) {
    if (geteuid() != 0)
        SKIP("needs root");
}

/* Becomes an ordinary user for good (nothing to do for one that is); the working directory is given to that user first. */
__attribute__((unused)) static void become_user(void) {
    if (geteuid() != 0)
        return;
    gid_t group = CHECK_USER;
    if (chown(".", CHECK_USER, CHECK_USER) != 0 || syscall(SYS_setgroups, 1, &group) != 0 ||
        syscall(SYS_setresgid, CHECK_USER, CHECK_USER, CHECK_USER) != 0 ||
        syscall(SYS_setresuid, CHECK_USER, CHECK_USER, CHECK_USER) != 0)
        check_fail("become_user: %s", check_errno(errno));
    prctl(PR_SET_DUMPABLE, 1);
}

__attribute__((unused)) static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (fd == -1 || write(fd, text, length) != (ssize_t) length || close(fd) != 0)
        check_fail("write_file %s: %s", path, check_errno(errno));
}

/* The file's bytes in a static buffer, with a NUL after them; for files under /proc too. */
__attribute__((unused)) static char *read_file(const char *path) {
    static char text[1 << 18];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        check_fail("read_file %s: %s", path, check_errno(errno));
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t) got;
    if (got == -1)
        check_fail("read_file %s: read: %s", path, check_errno(errno));
    close(fd);
    text[length] = 0;
    return text;
}

__attribute__((unused)) static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

__attribute__((unused)) static void sleep_ms(int milliseconds) {
    struct timespec rest = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
    while (nanosleep(&rest, &rest) == -1 && errno == EINTR) { }
}

static void check_alarm(int sig) {
    (void) sig;
    check_late = 1;
    kill(-check_running, SIGKILL);
    kill(check_running, SIGKILL);
}

static void check_remove(int at, const char *name, int depth) {
    if (unlinkat(at, name, 0) == 0 || depth > 200)
        return;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        fchmodat(at, name, 0700, 0);
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd == -1)
        return;
    fchmod(fd, 0700);
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            check_remove(dirfd(dir), entry->d_name, depth + 1);
    if (dir)
        closedir(dir);
    unlinkat(at, name, AT_REMOVEDIR);
}

static void check_say(const char *verdict, const char *name, const char *text) {
    char line[1000];
    int length = snprintf(line, sizeof line, "%s %s%s%s\n", verdict, name, *text ? " " : "", text);
    for (char *at = line; at < line + length - 1; at++)
        if (*at == '\n')
            *at = ' ';
    if (write(1, line, (size_t) length) < 0) { }
}

/* Runs one test: 0 passed, 1 failed, 2 skipped. */
static int check_one(struct check_test *test, const char *base) {
    char dir[PATH_MAX], text[600];
    int report[2], status = 0;
    static int serial;
    snprintf(dir, sizeof dir, "%s/%d", base, serial++);
    if (mkdir(dir, 0755) != 0 || pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) {
        check_say("FAIL", test->name, "harness: mkdir or pipe failed");
        return 1;
    }
    pid_t child = fork();
    if (child == -1) {
        check_say("FAIL", test->name, "harness: fork failed");
        return 1;
    }
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGALRM, SIG_DFL);
        dup3(report[1], CHECK_REPORT_FD, O_CLOEXEC);
        close(report[0]);
        close(report[1]);
        umask(022);
        if (chdir(dir) != 0)
            FAIL_AT("chdir %s: %s", dir, check_errno(errno));
        test->run();
        _exit(0);
    }
    close(report[1]);
    check_running = child;
    check_late = 0;
    alarm((unsigned) test->seconds);
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) { }
    alarm(0);
    kill(-child, SIGKILL);
    ssize_t length = read(report[0], text, sizeof text - 1);
    close(report[0]);
    text[length > 0 ? length : 0] = 0;
    check_remove(AT_FDCWD, dir, 0);
    if (length > 1) {
        check_say(text[0] == 'S' ? "skip" : "FAIL", test->name, text + 1);
        return text[0] == 'S' ? 2 : 1;
    }
    if (check_late)
        snprintf(text, sizeof text, "did not end within %d seconds", test->seconds);
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(text, sizeof text, "exit status %d without a report", WEXITSTATUS(status));
    else {
        check_say("ok", test->name, "");
        return 0;
    }
    check_say("FAIL", test->name, text);
    return 1;
}

int main(int argc, char **argv) {
    const char *only = NULL, *after = NULL;
    bool list = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            list = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--after") == 0 && i + 1 < argc)
            after = argv[++i];
        else {
            fprintf(stderr, "usage: %s [--list] [--only PATTERN] [--after NAME]\n", argv[0]);
            return 2;
        }
    }
    struct sigaction action = { .sa_handler = check_alarm };
    sigaction(SIGALRM, &action, NULL);
    char base[PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    if (list) {
        for (int i = 0; i < check_count; i++)
            printf("%s\n", check_tests[i].name);
        return 0;
    }
    snprintf(base, sizeof base, "%s/check-%d-%ld", tmp ? tmp : "/tmp", (int) getpid(), (long) time(NULL));
    if (mkdir(base, 0755) != 0) {
        perror(base);
        return 2;
    }
    int totals[3] = { 0, 0, 0 };
    for (int i = 0; i < check_count; i++) {
        if (after) {
            if (strcmp(after, check_tests[i].name) == 0)
                after = NULL;
            continue;
        }
        if (!only || fnmatch(only, check_tests[i].name, 0) == 0)
            totals[check_one(&check_tests[i], base)]++;
    }
    rmdir(base);
    char line[100];
    int length = snprintf(line, sizeof line, "%d passed, %d failed, %d skipped\n", totals[0], totals[1], totals[2]);
    if (write(1, line, (size_t) length) < 0)
        return 2;
    return totals[1] != 0;
}

#endif

/*
 * Times single operations. Usage: micro [--seconds S] [OPERATION...]; without names all of them. One line of output an
 * operation: its name and the median of seven repetitions in nanoseconds. A repetition runs for S / 7 seconds (default 0.2),
 * so that slow kernels do not take for ever and fast ones are not timed by the clock's own cost.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPETITIONS 7

extern char **environ;
static char buffer[65536];
static int zero, temporary, library, pipe_there[2], pipe_back[2], pair[2], event, poller;
static char *program_true;

static void need(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void op_getpid(void) { syscall(SYS_getpid); }
static void op_getppid(void) { syscall(SYS_getppid); }
static void op_clock(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); }
static void op_read1(void) { need(read(zero, buffer, 1) == 1, "read"); }
static void op_read64k(void) { need(read(zero, buffer, sizeof buffer) == sizeof buffer, "read"); }
static void op_stat(void) { struct stat s; need(stat("/etc/passwd", &s) == 0, "stat"); }
static void op_pread(void) { need(pread(temporary, buffer, 4096, 0) == 4096, "pread"); }
static void op_pread_library(void) { need(pread(library, buffer, 4096, 8192) == 4096, "pread"); }
static void op_pwrite(void) { need(pwrite(temporary, buffer, 4096, 0) == 4096, "pwrite"); }

static void op_open(void)
{
	int fd = open("/etc/passwd", O_RDONLY);

	need(fd >= 0, "open");
	close(fd);
}

static void map_and_touch(size_t bytes)
{
	char *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED, "mmap");
	for (size_t i = 0; i < bytes; i += 4096)
		p[i] = 1;
	munmap(p, bytes);
}

static void op_mmap(void) { map_and_touch(65536); }
static void op_touch(void) { map_and_touch(256 * 4096); }

static void reap(pid_t child)
{
	int status;

	need(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child");
}

static void op_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	reap(child);
}

static void op_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl(program_true, program_true, NULL);
		_exit(1);
	}
	reap(child);
}

static void op_spawn(void)
{
	char *arguments[] = { "/bin/true", NULL };
	pid_t child = -1;

	posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ);
	reap(child);
}

static void *nothing(void *unused) { return unused; }

static void op_thread(void)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, nothing, NULL) == 0, "pthread_create");
	pthread_join(thread, NULL);
}

/* The other end of the ping-pongs: a process that sends back each byte, until it reads a 0. */
static void echo(int from, int to)
{
	pid_t child = fork();
	char c = 1;

	need(child >= 0, "fork");
	if (child)
		return;
	while (read(from, &c, 1) == 1 && c)
		if (write(to, &c, 1) != 1)
			break;
	_exit(0);
}

static void ping(int to, int from)
{
	char c = 1;

	need(write(to, &c, 1) == 1 && read(from, &c, 1) == 1, "ping-pong");
}

static void op_pipe(void) { ping(pipe_there[1], pipe_back[0]); }
static void op_unix(void) { ping(pair[0], pair[0]); }

static void op_epoll(void)
{
	struct epoll_event e;

	need(epoll_wait(poller, &e, 1, -1) == 1, "epoll_wait");
}

static void on_signal(int sig) { (void)sig; }
static void op_signal(void) { syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1); }

/* One word two threads hand to each other: each waits for its turn and wakes the other. */
static int turn;

static void hand_over(int mine, int other)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, NULL);
	__atomic_store_n(&turn, other, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static void *futex_partner(void *unused)
{
	for (;;)
		hand_over(1, 0);
	return unused;
}

static void op_futex(void) { hand_over(0, 1); }

static const struct {
	const char *name;
	void (*run)(void);
} operations[] = {
	{ "getpid", op_getpid }, { "getppid", op_getppid }, { "clock_gettime", op_clock }, { "read_1_zero", op_read1 },
	{ "read_64k_zero", op_read64k }, { "stat", op_stat }, { "open_close", op_open }, { "pread_4k", op_pread },
	{ "pread_4k_library", op_pread_library }, { "pwrite_4k", op_pwrite }, { "mmap_touch_munmap_64k", op_mmap },
	{ "touch_256_pages", op_touch }, { "fork_wait", op_fork }, { "fork_exec_wait_static", op_exec },
	{ "posix_spawn_wait", op_spawn }, { "thread_create_join", op_thread }, { "pipe_ping_pong", op_pipe },
	{ "unix_ping_pong", op_unix }, { "epoll_wait_ready", op_epoll }, { "signal_to_self", op_signal },
	{ "futex_hand_over", op_futex },
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(void (*run)(void), double nanoseconds)
{
	double result[REPETITIONS];

	for (int r = 0; r < REPETITIONS; r++) {
		double start = now(), spent;
		long done = 0, step = 1;

		do { /* in growing steps, so that the clock is read seldom */
			for (long i = 0; i < step; i++)
				run();
			done += step;
			spent = now() - start;
			if (spent < nanoseconds / 8)
				step *= 2;
		} while (spent < nanoseconds);
		result[r] = spent / done;
	}
	qsort(result, REPETITIONS, sizeof *result, compare);
	return result[REPETITIONS / 2];
}

static void prepare(const char *self)
{
	struct epoll_event e = { .events = EPOLLIN };
	char name[] = "/tmp/micro.XXXXXX";
	pthread_t thread;

	if (asprintf(&program_true, "%.*s/true", (int)(strrchr(self, '/') - self), self) < 0)
		exit(1);
	zero = open("/dev/zero", O_RDONLY);
	library = open("/usr/bin/bash", O_RDONLY);
	temporary = mkstemp(name);
	need(zero >= 0 && library >= 0 && temporary >= 0, "open");
	unlink(name);
	need(write(temporary, buffer, sizeof buffer) == sizeof buffer, "write");
	need(!pipe(pipe_there) && !pipe(pipe_back) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "pipe");
	event = eventfd(1, 0);
	poller = epoll_create1(0);
	need(epoll_ctl(poller, EPOLL_CTL_ADD, event, &e) == 0, "epoll_ctl");
	signal(SIGUSR1, on_signal);
	echo(pipe_there[0], pipe_back[1]);
	echo(pair[1], pair[1]);
	need(pthread_create(&thread, NULL, futex_partner, NULL) == 0, "pthread_create");
}

static int wanted(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return 1;
	return count == 0;
}

int main(int argc, char **argv)
{
	double seconds = 0.2;
	int first = 1;

	if (argc > 2 && !strcmp(argv[1], "--seconds")) {
		seconds = atof(argv[2]);
		first = 3;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(argv[0]);
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (wanted(operations[i].name, argc - first, argv + first))
			printf("%s %.1f\n", operations[i].name, measure(operations[i].run, seconds * 1e9 / REPETITIONS));
	char stop = 0;
	if (write(pipe_there[1], &stop, 1) != 1 || write(pair[0], &stop, 1) != 1)
		return 1;
	while (wait(NULL) > 0)
		;
	return 0;
}

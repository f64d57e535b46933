/*
 * Makes one call over and over, for SpeedTest, which looks at what each costs the Sentry. Usage: calls OPERATION COUNT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[65536], *self;
static int zero, null, file, event, poller;

static int op_getpid(void) { return syscall(SYS_getpid) > 0; }
static int op_getppid(void) { return syscall(SYS_getppid) >= 0; }
static int op_clock(void) { struct timespec t; return clock_gettime(CLOCK_MONOTONIC, &t) == 0; }
static int op_stat(void) { struct stat s; return stat("/etc/passwd", &s) == 0; }
static int op_readlink(void) { return readlink("/etc/passwd", buffer, sizeof buffer) < 0; }
static int op_read(void) { return read(zero, buffer, 1) == 1; }
static int op_read64k(void) { return read(zero, buffer, sizeof buffer) == sizeof buffer; }
static int op_write(void) { return write(null, buffer, 100) == 100; }
static int op_pread(void) { return pread(file, buffer, 4096, 0) == 4096; }
static int op_pwrite(void) { return pwrite(file, buffer, 4096, 0) == 4096; }
static int op_futex(void) { static int word; return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0; }
static int op_epoll(void) { struct epoll_event e; return epoll_wait(poller, &e, 1, 0) == 1; }
static int op_open(void) { int fd = open("/etc/passwd", O_RDONLY); return fd >= 0 && close(fd) == 0; }

static int op_mmap(void)
{
	char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && (p[4096] = 1) && munmap(p, 65536) == 0;
}

static int ended(pid_t child)
{
	int status;

	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static int op_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return ended(child);
}

static int op_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl(self, self, "getpid", "0", NULL);
		_exit(1);
	}
	return ended(child);
}

static const struct { const char *name; int (*call)(void); } operations[] = {
	{ "getpid", op_getpid }, { "getppid", op_getppid }, { "clock", op_clock }, { "stat", op_stat }, { "readlink", op_readlink }, { "read", op_read },
	{ "read64k", op_read64k }, { "write", op_write }, { "pread", op_pread }, { "pwrite", op_pwrite }, { "futex", op_futex },
	{ "epoll", op_epoll }, { "open", op_open }, { "mmap", op_mmap }, { "fork", op_fork }, { "exec", op_exec },
};

int main(int argc, char **argv)
{
	struct epoll_event e = { .events = EPOLLIN };
	char name[] = "/tmp/calls-XXXXXX";
	long count = argc > 2 ? atol(argv[2]) : 0;

	self = argv[0];
	if (count == 0) /* what exec starts */
		return argc != 3;
	zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), file = mkstemp(name);
	unlink(name);
	if (pwrite(file, buffer, 4096, 0) != 4096)
		return 1;
	event = eventfd(1, 0), poller = epoll_create1(0);
	epoll_ctl(poller, EPOLL_CTL_ADD, event, &e);
	for (unsigned i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		if (strcmp(argv[1], operations[i].name))
			continue;
		while (count--)
			if (!operations[i].call())
				return perror(argv[1]), 1;
		return 0;
	}
	return fprintf(stderr, "calls: no operation %s\n", argv[1]), 2;
}

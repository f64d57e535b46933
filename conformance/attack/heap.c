/*
 * Fills what the kernel remembers of open files and mappings until it refuses, then looks at what is refused with which errno,
 * what still works, and that all is well again when it has been given back. To be run with a small heap.
 */
#include "attack.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#define FAILS(call, number) do { errno = 0; long r_ = (long)(call); \
	HOLDS(r_ == -1 && errno == number, #call " when memory is short: %ld, %s", r_, strerrorname_np(errno)); } while (0)

static int child(void) { int pid = fork(); if (pid == 0) _exit(0); return pid; }

int main(void)
{
	struct rlimit files = { 1 << 20, 1 << 20 };
	int held[16], go[2], full[2], fillers = 0, status;
	char byte = 0;
	if (setrlimit(RLIMIT_NOFILE, &files)) getrlimit(RLIMIT_NOFILE, &files), files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
	if (pipe(go) || pipe(full)) return 2;
	int kept = eventfd(0, 0), spare = open("/dev/null", O_RDONLY);
	char *map = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 16; i++) held[i] = dup(kept);
	/* Children take descriptors, each of a file of its own, as many as they may have; the one that is refused says so. */
	while (fillers < 60 && byte != 'r') {
		int pid = fork();
		if (pid < 0) break;
		if (pid == 0) {
			int ep = epoll_create1(0), fd;
			struct epoll_event e = { .events = EPOLLIN };
			while ((fd = eventfd(0, 0)) >= 0) epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
			write(full[1], errno == EMFILE ? "m" : errno == ENFILE ? "r" : "?", 1);
			close(go[1]), read(go[0], &byte, 1);
			_exit(0);
		}
		fillers++;
		read(full[0], &byte, 1);
		HOLDS(byte != '?', "an unknown errno");
	}
	HOLDS(byte == 'r' || child() < 0, "never refused: no test");
	FAILS(open("/dev/null", O_RDONLY), ENFILE);
	FAILS(eventfd(0, 0), ENFILE);
	FAILS(pipe(held + 14), ENFILE);
	FAILS(epoll_create1(0), ENFILE);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 0), ENFILE);
	FAILS(socket(AF_UNIX, SOCK_STREAM, 0), ENOBUFS);
	FAILS(dup(kept), ENOMEM);
	FAILS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(mprotect(map, 4096, PROT_NONE), ENOMEM);
	FAILS(child(), EAGAIN);
	FAILS(mkdir("/tmp/heap", 0700), ENOSPC);
	/* What gives back, and what needs nothing, works. */
	u64 one = 1;
	HOLDS(write(kept, &one, 8) == 8 && read(kept, &one, 8) == 8, "an eventfd");
	HOLDS(munmap(map, 4096) == 0, "munmap");
	HOLDS(close(spare) == 0 && close(held[0]) == 0, "close");
	close(go[1]);
	while (fillers > 0 && waitpid(-1, &status, 0) > 0) fillers--;
	int fd = -1;
	for (int i = 0; i < 300 && (fd = open("/dev/null", O_RDONLY)) < 0; i++) usleep(100000);
	HOLDS(fd >= 0, "memory that was given back is not there");
	int pid = child();
	HOLDS(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "no process afterwards");
	HOLDS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED, "no mapping afterwards");
	return attack_end();
}

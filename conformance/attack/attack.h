/*
 * What the attack programs share. Each tries what must not succeed, says "BROKEN: ..." for what did, and ends with
 * "attack: ok" if nothing has. They run in Kernelet only.
 */
#ifndef ATTACK_H
#define ATTACK_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef unsigned char u8;

static int broken;

#define BROKEN(...) (broken++, printf("BROKEN: " __VA_ARGS__), putchar('\n'), fflush(stdout))
/* What must hold, in words. */
#define HOLDS(condition, ...) do { if (!(condition)) BROKEN(__VA_ARGS__); } while (0)

static inline int attack_end(void)
{
	printf(broken ? "attack: %d broken\n" : "attack: ok\n", broken);
	fflush(stdout);
	return broken != 0;
}

static inline double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Runs f in a child: its wait status, -1 when it had to be killed after so many seconds. It may die of anything. */
static inline int in_child(void (*f)(u64), u64 argument, double seconds)
{
	int status, pid;
	double end = now() + seconds;

	fflush(stdout);
	if ((pid = fork()) < 0)
		return perror("fork"), exit(2), 0;
	if (pid == 0) {
		f(argument);
		fflush(stdout);
		_exit(broken ? 99 : 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		usleep(500);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		broken++;
	return status;
}

/* ---- the stub, which lies at a fixed place above the application's memory */
#define STUB_DEFAULT 0x7ffb00000000UL
#define STUB_STEP 0x800000000UL
#define STUB_TEXT 0x8000UL
#define SLOT_SIZE 0x20000UL
#define ARENA (stub + 0x10000000UL)
#define ARENA_SIZE 0x20000000UL
#define DOOR (stub + 0xf000000UL)
#define SLOT1 (ARENA + SLOT_SIZE)

static u64 stub;
static u8 *stub_syscall; /* a `syscall; ret` in it */
static sigjmp_buf after_fault;

static inline void on_fault(int signo) { siglongjmp(after_fault, signo); }

/* Whether a byte can be read. */
static inline int readable(u64 at)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old[2];
	int ok = 0;

	sigaction(SIGSEGV, &action, &old[0]);
	sigaction(SIGBUS, &action, &old[1]);
	if (!sigsetjmp(after_fault, 1))
		(void)*(volatile u8 *)at, ok = 1;
	sigaction(SIGSEGV, &old[0], NULL);
	sigaction(SIGBUS, &old[1], NULL);
	return ok;
}

/* False: this platform has none. */
static inline int find_stub(void)
{
	for (int i = 0; i < 16 && !stub; i++)
		if (readable(STUB_DEFAULT - i * STUB_STEP))
			stub = STUB_DEFAULT - i * STUB_STEP;
	if (!stub)
		return 0;
	for (u8 *at = (u8 *)stub; !stub_syscall && at < (u8 *)stub + STUB_TEXT - 3; at++) {
		if (((u64)at & 4095) == 0 && !readable((u64)at))
			break;
		if (at[0] == 0x0f && at[1] == 0x05 && at[2] == 0xc3)
			stub_syscall = at;
	}
	return stub_syscall != NULL;
}

/* The call as the stub itself would make it. */
static inline long jump(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	long r;
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	__asm__ volatile("sub $256, %%rsp; call *%7; add $256, %%rsp"
			 : "=a"(r) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(stub_syscall), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#endif

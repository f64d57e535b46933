/*
 * Forges what the stub shares with the kernel while the kernel reads it: threads make calls, others write random values into
 * their slots, signal frames and windows. The program dies of it in all ways there are; the kernel must not, and neighbours
 * must go on.
 *
 *   slot [SECONDS [SEED]]
 */
#include "attack.h"
#include "neighbour.h"
#include "random.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static u64 seed = 1;

/* A forged call can be a kill(2) of the parent, which is nothing to wonder at. */
static void signals(void (*action)(int))
{
	for (int i = 1; i < SIGRTMIN; i++) if (i != SIGCHLD) signal(i, action);
}

static u64 value(void)
{
	static const u64 hostile[] = { 0, 1, 2, 3, 4, 7, 8, 16, 31, 64, 255, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff, ~0UL,
		0x8000000000000000, 0x7fffffffffffffff, 0xe000, 0x1e000, 0x20000, 0x7ffb00000000, 0x800000000000, 0xffffffffff600000 };
	return next() % 3 ? hostile[next() % (sizeof hostile / sizeof *hostile)] : next() % 2 ? next() : next() % 70000;
}

/* Of a slot (platform.stub.StubLayout): whose turn it is, the event and the call's arguments, where command and result lie, too. */
enum { TURN = 0x00, SERVED = 0x04, NUMBER = 0x08, EVENT = 0x0c, ARGUMENTS = 0x10, TURN_SENTRY = 1, EVENT_SYSCALL = 1 };

/*
 * Words that the kernel reads: served, number or result, event, arguments, order, deferred copies, prefetched pieces; signal,
 * code, trap, address; the stub's own; a host call; answers; gathered strings; pending, waits, tid, awake.
 */
static const unsigned short words[] = { SERVED, NUMBER, NUMBER, EVENT, EVENT, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x28, 0x30, 0x38, 0x40,
	0x48, 0x50, 0x58, 0x5c, 0x60, 0x68, 0x6c, 0x70, 0x78, 0x7c, 0xc0, 0xc4, 0xc8, 0xd0, 0xd8, 0x1b0, 0x1b8, 0x1c0, 0x1c8, 0x1cc,
	0x1d0, 0x1d4, 0x1d8, 0x200, 0x208, 0x210, 0x218, 0x220, 0x300, 0x308, 0x310, 0x318, 0x400, 0x404, 0x408, 0x410, 0x414, 0x418,
	0x430, 0x434, 0x438, 0x43c };

static int forges_turn;

static void *forger(void *unused)
{
	(void)unused;
	for (u64 round = 0;; round++) {
		u64 slot = SLOT1 + next() % 4 * SLOT_SIZE;
		switch (next() % 8) {
		case 0: *(volatile u64 *)(slot + 0x100 + next() % 21 * 8) = value(); break; /* registers */
		case 1: *(volatile u64 *)(slot + 0xe000 + (next() % 0x12000 & ~7UL)) = value(); break; /* window, prefetch */
		case 2: *(volatile u64 *)(slot + 0x800 + (next() % 0x800 & ~7UL)) = value(); break; /* small copies */
		case 3: *(volatile u64 *)(slot + 0x1000 + (next() % 0xb000 & ~7UL)) = value(); break; /* state, frames, stack */
		case 4: if (forges_turn) *(volatile unsigned *)slot = next() % 5; break;
		default:
			if (next() % 2)
				*(volatile unsigned *)(slot + words[next() % (sizeof words / sizeof *words)]) = value();
			else
				*(volatile u64 *)(slot + (words[next() % (sizeof words / sizeof *words)] & ~7)) = value();
		}
		if (round % 256 == 255 && !forges_turn) sched_yield();
	}
	return NULL;
}

static volatile int handled;
static void on_usr1(int s) { handled += s; }

/* Copies that go past the window, in pieces and in turns. */
static void megabytes(unsigned which)
{
	static u8 *at, *back;
	static int zero, file;
	enum { SIZE = 9 << 20 };
	if (!at) {
		at = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED) exit(2);
		back = at + SIZE, zero = open("/dev/zero", O_RDONLY), file = memfd_create("megabytes", 0);
	}
	struct iovec to[2] = { { at, SIZE / 2 }, { at + SIZE / 2, SIZE / 2 } }, from = { back, SIZE };
	switch (which % 8) {
	case 0: read(zero, at, SIZE); break;
	case 1: pwrite(file, at, SIZE, 0); break;
	case 2: pread(file, at, SIZE, 0); break;
	case 3: readv(zero, to, 2); break;
	case 4: pwritev(file, to, 2, 0); break;
	case 5: process_vm_readv(getpid(), to, 2, &from, 1, 0); break;
	case 6: process_vm_writev(getpid(), to, 2, &from, 1, 0); break;
	case 7: syscall(SYS_getrandom, at, SIZE / 8, 0); break;
	}
}

static void *caller(void *unused)
{
	char bytes[5000], name[32];
	int p[2], s[2], fd = open("/proc/self/maps", O_RDONLY);
	(void)unused;
	struct iovec v[4] = { { bytes, 100 }, { bytes + 200, 1000 }, { bytes + 2000, 1 }, { name, 32 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 3 };
	if (pipe2(p, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s))
		return NULL;
	for (unsigned i = 0;; i++) {
		struct stat st;
		struct timespec t = { 0, 1000 };
		struct pollfd pf = { p[0], POLLIN, 0 };
		if (i % 16 == 5) megabytes(i / 16);
		snprintf(name, sizeof name, "/tmp/slot.%d", i % 16);
		write(p[1], bytes, 300), read(p[0], bytes, 4000), writev(p[1], v, 4), readv(p[0], v, 4);
		stat("/etc/passwd", &st), access(name, R_OK), getcwd(bytes, sizeof bytes), lseek(fd, 0, SEEK_SET), read(fd, bytes, 4096);
		sendmsg(s[0], &m, 0), recvmsg(s[1], &m, 0), poll(&pf, 1, 0), nanosleep(&t, NULL);
		kill(getpid(), SIGUSR1);
		void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at != MAP_FAILED) mprotect(at, 4096, PROT_READ), munmap(at, 8192);
		if (i % 4 == 0) close(open(name, O_CREAT | O_RDWR, 0600)), setxattr(name, "user.x", bytes, 50, 0);
		if (i % 8 == 0) {
			if (fork() == 0) _exit(0);
			while (waitpid(-1, NULL, WNOHANG) > 0) continue;
		}
		syscall(SYS_futex, bytes, FUTEX_WAKE, 1, 0, 0, 0);
		if (i % 32 == 31) execl("/nonexistent", "x", NULL);
	}
	return NULL;
}

static void forge(u64 round)
{
	struct sigaction a = { .sa_handler = on_usr1 };
	pthread_t id;
	signals(SIG_DFL);
	state = seed ^ round * 0x2545f4914f6cdd1dUL;
	forges_turn = round % 8 == 7;
	sigaction(SIGUSR1, &a, NULL);
	/* Forged calls may write gigabytes, and have the host lay out whole disks, to what the caller gave. */
	for (int fd = 0, null = open("/dev/null", O_RDWR); fd < 3; fd++) dup2(null, fd);
	alarm(2);
	if (pthread_create(&id, NULL, caller, NULL) || pthread_create(&id, NULL, caller, NULL))
		return;
	forger(NULL);
}

/* An event that no thread has made: the kernel orders a copy, and nobody is there to make it. */
static void *sleeper(void *unused) { pause(); return unused; }

static void stall(u64 sleeps)
{
	static char bytes[20000];
	u64 slot = SLOT1;
	pthread_t id;
	int p[2];
	signals(SIG_DFL);
	if (pipe(p) || pthread_create(&id, NULL, sleeper, NULL))
		return;
	alarm(20);
	if (!sleeps) slot = SLOT1; /* our own thread, which runs on */
	usleep(10000);
	*(volatile u64 *)(slot + ARGUMENTS) = p[1];
	*(volatile u64 *)(slot + ARGUMENTS + 8) = (u64)bytes;
	*(volatile u64 *)(slot + ARGUMENTS + 16) = sizeof bytes;
	*(volatile unsigned *)(slot + NUMBER) = SYS_write;
	*(volatile unsigned *)(slot + EVENT) = EVENT_SYSCALL;
	*(volatile unsigned *)(slot + SERVED) = 0;
	*(volatile unsigned *)(slot + TURN) = TURN_SENTRY;
	for (;;) if (sleeps) jump(202, (u64)bytes, 0, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	double end;
	int rounds = 0, ends[3] = { 0 };
	if (argc > 2) seed = strtoul(argv[2], NULL, 0);
	if (!find_stub())
		return puts("no stub here"), 3;
	signals(SIG_IGN);
	watch_neighbour();
	for (int i = 0; i < 2; i++) {
		int status = in_child(stall, i, 15);
		usleep(100000);
		fprintf(stderr, "slot: a stub that never answers ended with %#x, a neighbour waited %.3f s at most\n", status, longest);
		HOLDS(longest < 8, "a stub that never answers keeps others from running for %.3f s", longest);
		HOLDS(status != -1, "a stub that never answers lives on: has the slot another layout?");
		longest = 0;
	}
	end = now() + (argc > 1 ? atof(argv[1]) : 2);
	while (now() < end) {
		int status = in_child(forge, rounds++, 0.3);
		ends[status == -1 ? 2 : WIFSIGNALED(status) ? 1 : 0]++;
	}
	fprintf(stderr, "slot: %d rounds: %d ended, %d by signals, %d killed late; a neighbour waited %.3f s at most\n", rounds, ends[0],
		ends[1], ends[2], longest);
	HOLDS(rounds > 3, "%d rounds: no test", rounds);
	HOLDS(longest < 8, "forged slots keep others from running for %.3f s", longest);
	return attack_end();
}

/*
 * Jumps to the stub's own `syscall` with chosen registers: every number that exists, in all its spellings, and the pinned
 * arguments of those that are allowed. What the stub's filter lets through is what a program may do to the host.
 *
 *   stub numbers | arguments | memory | descriptors FILE
 */
#include "attack.h"
#include <pthread.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define EPERM_ (-1)

/* Allowed whatever the arguments are: they reach the caller's own memory, signals mask and life alone. */
static const int open_calls[] = { 3, 10, 11, 14, 15, 25, 26, 27, 60, 110, 131, 231, 324, 334 };

static int is_open(u64 nr)
{
	for (unsigned i = 0; i < sizeof open_calls / sizeof *open_calls; i++)
		if (open_calls[i] == (int)nr)
			return 1;
	return nr == 335 || nr == 336; /* uretprobe, uprobe: the host leaves them out of seccomp, they are a SIGILL here */
}

static void refused(u64 nr, u64 argument)
{
	long r = jump(nr, argument, argument, argument, argument, argument, argument);
	HOLDS(r == EPERM_, "call %#lx with %#lx from the stub: %ld", nr, argument, r);
}

static void numbers(u64 unused)
{
	static const u64 arguments[] = { 0, 1, 0x7777, ~0UL };
	(void)unused;
	for (u64 nr = 0; nr < 1100; nr++) {
		if (is_open(nr))
			continue;
		for (int i = 0; i < 4; i++) {
			/* Their pinned arguments are the next attack's. */
			if (i != 2 && (nr == 9 || nr == 28 || nr == 33 || nr == 47 || nr == 56 || nr == 157 || nr == 158 || nr == 202 || nr == 203 ||
			    nr == 204))
				continue;
			refused(nr, arguments[i]);
		}
	}
	for (u64 nr = 0; nr < 600; nr++)
		refused(nr | 0x40000000, 0x7777); /* x32 */
	for (int bit = 11; bit < 32; bit++)
		refused(110UL | 1UL << bit, 0);
	for (int bit = 32; bit < 64; bit += 5) /* the number is the low word alone */
		HOLDS(jump(39UL | 1UL << bit, 0, 0, 0, 0, 0, 0) == EPERM_, "getpid with bit %d", bit);
}

#define REFUSED(nr, ...) HOLDS(jump(nr, __VA_ARGS__) == EPERM_, #nr "(" #__VA_ARGS__ ") from the stub")

static void arguments(u64 unused)
{
	(void)unused;
	/* A control: what is allowed does work, so a refusal is the filter's. */
	HOLDS(jump(110, 0, 0, 0, 0, 0, 0) > 0, "getppid from the stub does not work: no test");
	for (int bit = 0; bit < 64; bit++) { /* clone: exactly two flag words */
		REFUSED(56, 0x8011UL ^ 1UL << bit, 0, 0, 0, 0, 0);
		REFUSED(56, 0x1250f00UL ^ 1UL << bit, 0, 0, 0, 0, 0);
	}
	REFUSED(56, 17, 0, 0, 0, 0, 0);
	for (u64 option = 0; option < 80; option++)
		if (option != 1)
			REFUSED(157, option, 9, 0, 0, 0, 0);
	for (u64 signo = 0; signo < 70; signo++) /* PR_SET_PDEATHSIG: to SIGKILL alone */
		if (signo != 9)
			REFUSED(157, 1, signo, 0, 0, 0, 0);
	REFUSED(157, 1UL << 32 | 1, 9, 0, 0, 0, 0);
	REFUSED(157, 0x53564d41, 0, 0, 0, 0, 0); /* PR_SET_VMA */
	for (u64 op = 0; op < 0x4000; op++)
		if (op != 0x1001 && op != 0x1002)
			REFUSED(158, op, 0, 0, 0, 0, 0);
	REFUSED(158, 0x1002 | 1UL << 32, 0, 0, 0, 0, 0);
	for (u64 op = 0; op < 1024; op++)
		if (op > 1)
			REFUSED(202, 0, op, 0, 0, 0, 0);
	for (u64 advice = 0; advice < 130; advice++)
		if (advice == 12 || advice > 25)
			REFUSED(28, ARENA, 4096, advice, 0, 0, 0);
	for (u64 pid = 1; pid < 300; pid++) { /* other threads' processors */
		REFUSED(203, pid, 0, 0, 0, 0, 0);
		REFUSED(204, pid, 0, 0, 0, 0, 0);
	}
	REFUSED(203, getpid(), 0, 0, 0, 0, 0);
	for (u64 fd = 1; fd < 1100; fd++) {
		REFUSED(47, fd, 0, 0, 0, 0, 0);
		REFUSED(33, 0, fd, 0, 0, 0, 0);
	}
	REFUSED(47, 1UL << 32, 0, 0, 0, 0, 0);
	REFUSED(33, 0, 1UL << 32, 0, 0, 0, 0);
	/* locked, growing down, 32-bit, huge, sync, uninitialized, below and above */
	for (int bit = 0; bit < 32; bit++) {
		u64 allowed = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x800 | 0x1000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | 0x100000;
		if (!(allowed >> bit & 1))
			REFUSED(9, 0, 4096, 3, 0x22 | 1UL << bit, ~0UL, 0);
	}
}

/* ---- the kernel's and the stub's own memory */
static void is_out_of_reach(u64 at)
{
	char bytes[64] = { 0 };
	struct iovec local = { bytes, sizeof bytes }, remote = { (void *)at, sizeof bytes };
	int p[2];
	HOLDS(pipe(p) == 0, "pipe");
	HOLDS(write(p[1], (void *)at, 64) < 0 && errno == EFAULT, "the kernel reads %#lx for us", at);
	HOLDS(write(p[1], bytes, 64) == 64, "write to a pipe");
	HOLDS(read(p[0], (void *)at, 64) < 0 && errno == EFAULT, "the kernel writes to %#lx for us", at);
	HOLDS(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0, "process_vm_readv of %#lx", at);
	HOLDS(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) < 0, "process_vm_writev to %#lx", at);
	int fd = open("/proc/self/mem", O_RDWR);
	HOLDS(fd >= 0, "/proc/self/mem");
	HOLDS(pread(fd, bytes, 64, at) < 0, "/proc/self/mem of %#lx can be read", at);
	HOLDS(pwrite(fd, bytes, 64, at) < 0, "/proc/self/mem of %#lx can be written", at);
	close(fd);
	HOLDS(munmap((void *)at, 4096) < 0 || readable(at), "munmap of %#lx", at);
	HOLDS(mprotect((void *)at, 4096, 7) < 0, "mprotect of %#lx", at);
	HOLDS(madvise((void *)at, 4096, MADV_DONTNEED) < 0, "madvise of %#lx", at);
	HOLDS(mremap((void *)at, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED, "mremap of %#lx", at);
	HOLDS(mmap((void *)at, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED, "mmap over %#lx", at);
	HOLDS(mincore((void *)at, 4096, (u8 *)bytes) < 0, "mincore of %#lx", at);
	HOLDS(mlock((void *)at, 4096) < 0, "mlock of %#lx", at);
	close(p[0]), close(p[1]);
}

static void memory(u64 unused)
{
	(void)unused;
	is_out_of_reach(stub);
	is_out_of_reach(DOOR);
	is_out_of_reach(ARENA);
	is_out_of_reach(SLOT1);
	/* The doorbell is the Sentry's: not even our own calls make it writable. */
	HOLDS(jump(10, DOOR, 4096, 3, 0, 0, 0) < 0, "the doorbell page can be made writable");
	long moved = jump(25, DOOR, 0, 4096, 1, 0, 0); /* a second mapping of it */
	HOLDS((moved < 0 && moved > -4096) || jump(10, moved, 4096, 3, 0, 0, 0) < 0, "a copy of the doorbell can be made writable");
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	while (f && fgets(line, sizeof line, f))
		HOLDS(!strstr(line, "kernelet") && !strstr(line, "arena"), "/proc/self/maps shows %s", line);
}

/* ---- descriptors: what the stub has in its table, and what is on its way to it */
static volatile int stop, stolen_count;
static const char *file;

static void look_at(int fd)
{
	long at = jump(9, 0, 4096, 3, 1, fd, 0); /* MAP_SHARED, writable */
	if (at > 0 || at < -4095) {
		if (!broken) BROKEN("descriptor %d could be mapped writable", fd);
		memcpy((void *)at, "stolen", 6);
	}
}

static void *thief(void *unused)
{
	char control[256], byte;
	struct iovec iov = { &byte, 1 };
	(void)unused;
	while (!stop) {
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		if (jump(47, 0, (u64)&m, MSG_DONTWAIT, 0, 0, 0) > 0) {
			struct cmsghdr *c = CMSG_FIRSTHDR(&m);
			for (unsigned i = 0; c && i < (c->cmsg_len - 16) / 4; i++) {
				int fd = ((int *)CMSG_DATA(c))[i];
				stolen_count++;
				look_at(fd);
				jump(3, fd, 0, 0, 0, 0, 0);
			}
		}
		for (int fd = 1; fd < 4; fd++) /* received, not closed yet */
			look_at(fd);
	}
	return NULL;
}

static void descriptors(u64 unused)
{
	pthread_t id;
	double end = now() + 1.5;
	(void)unused;
	for (int fd = 0; fd < 1100; fd++)
		look_at(fd);
	int fd = open(file, O_RDONLY);
	if (fd < 0)
		perror(file), exit(2);
	HOLDS(open(file, O_WRONLY) < 0, "%s can be written anyway: no test", file);
	int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
	HOLDS(write(sealed, "precious", 8) == 8 && !fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), "a sealed memfd");
	int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0444);
	HOLDS(segment >= 0 && (getuid() == 0 || shmat(segment, NULL, 0) == (void *)-1), "a read-only segment");
	pthread_create(&id, NULL, thief, NULL);
	while (now() < end) {
		void *more[] = { mmap(NULL, 4096, PROT_READ, MAP_SHARED, sealed, 0), getuid() ? shmat(segment, NULL, SHM_RDONLY) : NULL };
		/* One that was robbed of its descriptor fails. */
		HOLDS(more[0] == MAP_FAILED || !memcmp(more[0], "precious", 8), "a sealed memfd was written");
		if (more[0] != MAP_FAILED)
			munmap(more[0], 4096);
		if (more[1] && more[1] != MAP_FAILED)
			shmdt(more[1]);
		void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at != MAP_FAILED)
			munmap(at, 4096);
		at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED)
			munmap(at, 4096);
	}
	stop = 1;
	pthread_join(id, NULL);
	shmctl(segment, IPC_RMID, NULL);
	printf("stolen: %s\n", stolen_count ? "some" : "none");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (!find_stub())
		return puts("no stub here"), 3;
	file = argc > 2 ? argv[2] : "/etc/passwd";
	int status = !strcmp(what, "numbers") ? in_child(numbers, 0, 60) : !strcmp(what, "arguments") ? in_child(arguments, 0, 60)
		: !strcmp(what, "memory") ? in_child(memory, 0, 60) : !strcmp(what, "descriptors") ? in_child(descriptors, 0, 60) : 2;
	HOLDS(status == 0 || broken, "ended with status %#x", status);
	return attack_end();
}

/*
 * Random calls on an arena of pages, with every result printed, what the pages then hold, and how /proc/self/maps shows them:
 * what one seed prints natively it must print in Kernelet, too.
 *
 *   memory SEED COUNT
 */
#define _GNU_SOURCE
#include "compare.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define PAGES 24UL

static char *const ARENA = (char *)0x200000000000;
static int files[3];

static long placed(const char *call, long result)
{
	if ((unsigned long)(result - (long)ARENA) >= PAGES * PAGE)
		return shown(call, result);
	printf("%ld %s = page %ld\n", number, call, (result - (long)ARENA) / (long)PAGE);
	return result;
}

/* A page within the arena, now and then not quite a page; and a length from there, now and then a bad one. */
static char *place(void) { return ARENA + below(PAGES - 4) * PAGE + (below(40) ? 0 : 8); }
static unsigned long length(void) { return below(30) ? (1 + below(4)) * PAGE - (below(5) ? 0 : 100) : below(2) ? 0 : -PAGE; }
static int protection(void) { return ONE_OF(PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_NONE, PROT_WRITE, PROT_READ | PROT_EXEC); }

static sigjmp_buf back;
static volatile int signal_code;

static void faulted(int sig, siginfo_t *info, void *context)
{
	(void)context;
	signal_code = sig == SIGSEGV ? (info->si_code == SEGV_MAPERR ? '-' : '.') : sig == SIGBUS ? '!' : '?';
	siglongjmp(back, 1);
}

/* What a load finds, or how it faults; whether a store works. */
static void page(unsigned long n)
{
	volatile char *p = ARENA + n * PAGE + 17;
	volatile int found = -1;

	if (sigsetjmp(back, 1) == 0) {
		found = *p & 0xff;
		printf("%02x", found);
		*p = found;
		printf("w ");
	} else if (found < 0) {
		printf("%c%c  ", signal_code, signal_code);
	} else {
		printf("%c ", signal_code);
	}
}

static void pages(void)
{
	printf("   ");
	for (unsigned long i = 0; i < PAGES; i++)
		page(i);
	printf("\n");
}

/* Page by page: which neighbours are one mapping differs with what was written to them. */
static void maps(void)
{
	char line[500], prot[8];
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to, offset;

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx %7s %lx", &from, &to, prot, &offset) != 4)
			continue;
		for (; from < to && from - (unsigned long)ARENA < PAGES * PAGE; from += PAGE, offset += PAGE) {
			char *name = strchr(line, '/');
			printf("   %ld %s %lx %s", (from - (long)ARENA) / PAGE, prot, name ? offset : 0, name ? name : "\n");
		}
	}
	if (f)
		fclose(f);
}

static void touch(void)
{
	char *p = ARENA + below(PAGES) * PAGE, byte = 'a' + number % 26;
	int n = 1 + below(3);

	for (int i = 0; i < n; i++) {
		struct iovec local = { &byte, 1 }, remote = { p + i * PAGE + 17, 1 };
		placed("touch", process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	}
}

static void map(void)
{
	int kind = below(3) ? MAP_PRIVATE : MAP_SHARED, fd = below(2) ? files[below(COUNT(files))] : -1, prot = protection();
	int flags = kind | ONE_OF(MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE) | (fd < 0 ? MAP_ANONYMOUS : 0);
	char *p = place();
	unsigned long n = length();
	long offset = below(4) * PAGE;

	printf("%ld,%lx,%d,%x,%d,%ld ", (p - ARENA) / (long)PAGE, n, prot, flags, fd, offset);
	placed("mmap", (long)mmap(p, n, prot, flags, fd, offset));
}

/* From a single page: Linux 6.17 has changed what happens to more of them at once. */
static void remap(void)
{
	char *from = ARENA + below(PAGES - 4) * PAGE, *to = ARENA + below(PAGES - 4) * PAGE;
	unsigned long new = (1 + below(3)) * PAGE;
	int flags = ONE_OF(0, 0, MREMAP_FIXED | MREMAP_MAYMOVE, MREMAP_FIXED | MREMAP_MAYMOVE, MREMAP_FIXED);

	if (flags && from < to + new && to < from + PAGE)
		return;
	if (new == PAGE && flags && below(3) == 0)
		flags |= MREMAP_DONTUNMAP;
	printf("%ld,%lx,%x,%ld ", (from - ARENA) / (long)PAGE, new, flags, (to - ARENA) / (long)PAGE);
	placed("mremap", (long)mremap(from, PAGE, new, flags, to));
}

static void ranges(void)
{
	char *p = place();
	unsigned long n = length();
	int what = below(9), prot = protection(), advice = ONE_OF(MADV_DONTNEED, MADV_DONTNEED, MADV_NORMAL, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, MADV_REMOVE,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, 77);
	unsigned char in[32];

	printf("%ld,%lx ", (p - ARENA) / (long)PAGE, n);
	switch (what) {
	case 0: placed("munmap", munmap(p, n)); break;
	case 1: case 2: case 3: printf("%d ", prot); placed("mprotect", mprotect(p, n, prot)); break;
	case 4: case 5: printf("%d ", advice); placed("madvise", madvise(p, n, advice)); break;
	case 6: placed("msync", msync(p, n, ONE_OF(MS_SYNC, MS_ASYNC, MS_SYNC | MS_ASYNC, MS_INVALIDATE, 77))); break;
	case 7: placed("mincore", mincore(p, n, in)); break;
	case 8: placed("mlock", below(2) ? mlock(p, n) : munlock(p, n)); break;
	}
}

static void file(void)
{
	int fd = files[below(COUNT(files))];

	if (below(2))
		placed("ftruncate", ftruncate(fd, below(6) * PAGE + below(2) * 50));
	else
		placed("pwrite", pwrite(fd, &(char){ 'A' + number % 26 }, 1, below(5) * PAGE + 17));
}

/* What a child sees, and that it changes nothing here but what is shared. */
static void child(void)
{
	fflush(stdout);
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		touch();
		pages();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	placed("child", status);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: memory SEED COUNT\n");
		return 2;
	}
	close_range(3, ~0U, 0); /* numbers of descriptors are printed */
	begin(argv[1]);
	for (unsigned i = 0; i < COUNT(files); i++)
		if ((files[i] = memfd_create("memory", 0)) < 0 || ftruncate(files[i], 3 * PAGE + 100))
			return 1;
	struct sigaction action = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (number = 0; number < atol(argv[2]); number++) {
		switch (below(20)) {
		case 0 ... 5: map(); break;
		case 6 ... 7: remap(); break;
		case 8 ... 14: ranges(); break;
		case 15 ... 17: touch(); break;
		case 18: file(); break;
		case 19: if (below(5) == 0) child(); break;
		}
		if (number % 5 == 0)
			pages();
		if (number % 25 == 0)
			maps();
	}
	return 0;
}

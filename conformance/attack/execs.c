/*
 * Threads map, protect, move and unmap memory while others fork and execute programs: a new program must have nothing of the
 * old one's, a child all of its parent's. Passes natively, too.
 *
 *   execs [SECONDS]
 */
#include "attack.h"
#include <pthread.h>
#include <sys/prctl.h>

#define AREA 0x200000000UL
#define AREA_SIZE 0x1000000UL
#define MARK 0x5ec2e7

static volatile int go = 1;

static void *mapper(void *argument)
{
	u64 state = (u64)argument;
	for (; go; state = state * 6364136223846793005UL + 1442695040888963407UL) {
		char *at = (char *)AREA + (state >> 33) % (AREA_SIZE / 4096 - 64) * 4096;
		u64 length = (1 + (state >> 20) % 64) * 4096;
		switch (state >> 60) {
		case 0: case 1: case 2: case 3:
			if (mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at)
				*(volatile u64 *)at = MARK; /* another may have unmapped it: see main */
			break;
		case 4: case 5: munmap(at, length); break;
		case 6: case 7: mprotect(at, length, PROT_READ); break;
		case 8: mprotect(at, length, PROT_READ | PROT_WRITE | PROT_EXEC); break;
		case 9: mremap(at, 4096, length, MREMAP_MAYMOVE); break;
		case 10: madvise(at, length, MADV_DONTNEED); break;
		default: mmap(at, length, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
	}
	return NULL;
}

static void skip(int signo, siginfo_t *info, void *context) { (void)signo, (void)info, (void)context; pthread_exit(NULL); }

static void start_mappers(void)
{
	struct sigaction a = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO | SA_NODEFER };
	pthread_t id;
	sigaction(SIGSEGV, &a, NULL), sigaction(SIGBUS, &a, NULL);
	for (u64 i = 0; i < 3; i++) pthread_create(&id, NULL, mapper, (void *)(i * 7919 + (u64)getpid() * 31 + 1));
}

/* What a fresh program must not find: mappings of the old one's, other threads, its handlers. */
static int is_fresh(void)
{
	char line[512];
	struct sigaction a;
	int threads = 0, old = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, f)) old += strtoul(line, NULL, 16) - AREA < AREA_SIZE;
	fclose(f);
	f = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof line, f)) if (sscanf(line, "Threads: %d", &threads) == 1) break;
	fclose(f);
	sigaction(SIGSEGV, NULL, &a);
	return !old && threads == 1 && a.sa_handler == SIG_DFL && !readable(AREA);
}

/* exec by a thread, with the others at it, again and again: the process keeps its number. */
static void *executes(void *argument)
{
	char left[16], pid[16];
	usleep((u64)argument * 137 % 3000);
	snprintf(left, sizeof left, "%d", (int)(u64)argument - 1), snprintf(pid, sizeof pid, "%d", getpid());
	execl("/proc/self/exe", "execs", "--again", left, pid, NULL);
	_exit(99);
}

static void again(u64 left)
{
	pthread_t id;
	start_mappers();
	if (left % 2) executes((void *)left);
	pthread_create(&id, NULL, executes, (void *)left);
	for (;;) pause();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--fresh")) return is_fresh() ? 0 : 5;
	if (argc > 3 && !strcmp(argv[1], "--again")) {
		int left = atoi(argv[2]);
		if (!is_fresh() || getpid() != atoi(argv[3])) return 6;
		if (left > 0) again(left);
		return 0;
	}
	double end = now() + (argc > 1 ? atof(argv[1]) : 2);
	int rounds = 0;
	HOLDS(mmap((void *)AREA, AREA_SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)AREA, "mmap");
	for (; now() < end || rounds < 5; rounds++) {
		int status = in_child(again, 20, 60);
		HOLDS(status == 0, "exec by threads: %#x", status);
		int pid = fork();
		if (pid == 0) {
			start_mappers();
			for (int i = 0; i < 10; i++) { /* forks of a memory that changes under them */
				int child = fork();
				if (child == 0) {
					u64 kept[2] = { MARK, MARK };
					if (i % 2) execl("/proc/self/exe", "execs", "--fresh", NULL);
					_exit(kept[0] + kept[1] == 2 * MARK ? 0 : 7);
				}
				if (waitpid(child, &status, 0) != child || status) _exit(8);
			}
			_exit(0);
		}
		waitpid(pid, &status, 0);
		HOLDS(status == 0, "forks with threads: %#x", status);
	}
	return attack_end();
}

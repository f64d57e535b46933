/*
 * Fills memory through shared mappings, where no call can be refused: with a limit of memory it must be killed.
 *
 *   shared anonymous|segment|segments|memfd|memfds|file|zero GIGABYTES
 */
#include "attack.h"
#include <sys/shm.h>

#define PART (128UL << 20)

static void fill(char *at, u64 size)
{
	if (at == MAP_FAILED) perror("shared"), exit(2);
	for (u64 i = 0; i < size; i += 4096) at[i] = 1;
}

static char *map(int fd, u64 size)
{
	int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
	if (fd >= 0) ftruncate(fd, size);
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/* One that is mapped no more, and is still there. */
static void part(int isSegment)
{
	char *at = isSegment ? shmat(shmget(IPC_PRIVATE, PART, 0600), NULL, 0) : map(memfd_create("part", 0), PART);
	fill(at, PART);
	if (isSegment) shmdt(at); else munmap(at, PART);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	u64 size = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) << 30;
	if (!strcmp(kind, "anonymous")) fill(map(-1, size), size);
	else if (!strcmp(kind, "zero")) fill(map(open("/dev/zero", O_RDWR), size), size);
	else if (!strcmp(kind, "memfd")) fill(map(memfd_create("one", 0), size), size);
	else if (!strcmp(kind, "file")) fill(map(open("/tmp/shared", O_CREAT | O_RDWR, 0600), size), size);
	else if (!strcmp(kind, "segment")) fill(shmat(shmget(IPC_PRIVATE, size, 0600), NULL, 0), size);
	else for (u64 i = 0; i < size; i += PART) part(!strcmp(kind, "segments"));
	sleep(2);
	puts("filled");
	return 0;
}

/*
 *   texts [DIRECTORY]     one with many names
 *
 * The texts of procfs are made in the kernel's memory and wait there for the next read: thousands of open files with long ones
 * must neither exhaust it nor spoil what others read. Nor may the lists of open directories. To be run with a small heap.
 */
#include "attack.h"
#include <sys/resource.h>

#define MAPPINGS 10000
#define MANY 30

static long lines(const char *bytes, long n)
{
	long count = 0;
	for (long i = 0; i < n; i++) count += bytes[i] == '\n';
	return count;
}

/* Each is read a little, so that it must remember where it is; all see all names, also when others come and go. */
static void directories(const char *path)
{
	static char bytes[32768];
	struct { u64 ino, off; unsigned short size; char type, name[]; } *entry;
	int first = open(path, O_RDONLY), one = 0, n;
	long names = 0;
	for (int i = 0; i < 2000; i++) {
		int fd = open(path, O_RDONLY);
		n = syscall(SYS_getdents64, fd, bytes, 300);
		HOLDS(fd < 0 || n > 0 || errno == ENOMEM, "getdents64 of directory %d: %s", i, strerror(errno));
		one += n > 0;
	}
	fprintf(stderr, "texts: %d directories open\n", one);
	while ((n = syscall(SYS_getdents64, first, bytes, sizeof bytes)) > 0) {
		for (int at = 0; at < n; at += entry->size) entry = (void *)(bytes + at), names++;
		close_range(first + 1, ~0U, 0);
	}
	HOLDS(names > 20000, "only %ld names: %s", names, strerror(errno));
	close(first);
}

int main(int argc, char **argv)
{
	static char bytes[1 << 16];
	static int at[MANY];
	static long found[MANY];
	struct rlimit files = { 4096, 4096 };
	long n, whole = 0, refused = 0;
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc > 1) directories(argv[1]);
	for (long i = 0; i < MAPPINGS; i++) {
		if (mmap((void *)(0x100000000UL + i * 8192), 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			return perror("mmap"), 2;
	}
	/* Each keeps its text, megabytes of it. */
	for (int i = 0; i < 40; i++) {
		n = read(open("/proc/self/smaps", O_RDONLY), bytes, 1);
		refused += n < 0 && (errno == ENOMEM || errno == EMFILE || errno == ENFILE);
		HOLDS(n == 1 || n < 0, "read of smaps: %ld", n);
	}
	fprintf(stderr, "texts: %ld of 40 refused\n", refused);
	close_range(3, ~0U, 0);
	for (int i = 0; i < 400; i++) read(open(i % 2 ? "/proc/self/maps" : "/proc/self/status", O_RDONLY), bytes, 1);
	close_range(3, ~0U, 0);
	/* Read in turns, so that each has to make way for others. */
	for (int i = 0; i < MANY; i++) at[i] = open("/proc/self/maps", O_RDONLY);
	for (int left = MANY; left > 0;) {
		left = 0;
		for (int i = 0; i < MANY; i++) {
			if ((n = read(at[i], bytes, sizeof bytes)) > 0) found[i] += lines(bytes, n), left++;
			HOLDS(n >= 0, "read of maps: %s", strerror(errno));
		}
	}
	int again = open("/proc/self/maps", O_RDONLY);
	while ((n = read(again, bytes, sizeof bytes)) > 0) whole += lines(bytes, n);
	HOLDS(whole > MAPPINGS, "maps has %ld lines", whole);
	for (int i = 0; i < MANY; i++) HOLDS(found[i] == whole, "maps read in turns has %ld lines, not %ld", found[i], whole);
	return attack_end();
}

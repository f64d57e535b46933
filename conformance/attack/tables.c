/*
 * Reads one byte in each two megabytes of memory that has no pages: nothing becomes resident, but each needs a page table of
 * the host's. Prints what it gets; with a limit of memory it must be killed.
 */
#include "attack.h"

int main(int argc, char **argv)
{
	u64 size = (argc > 1 ? strtoul(argv[1], NULL, 0) : 512) << 30;
	volatile char *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) return perror("mmap"), 2;
	madvise((void *)at, size, MADV_NOHUGEPAGE);
	for (u64 i = 0; i < size; i += 2 << 20) (void)at[i];
	sleep(1);
	printf("%lu MB of page tables\n", size >> 30 << 1);
	return 0;
}

/*
 * Many processes that live in one memory: with a limit of memory it counts once, and beyond it all of them are killed.
 *
 *   vforks PROCESSES MEGABYTES
 */
#include "attack.h"
#include <sys/wait.h>

int main(int argc, char **argv)
{
	static int left, rest;
	u64 size = (u64)atoi(argv[2]) << 20;
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (left = atoi(argv[1]); left > 0; left--) {
		static pid_t child;
		child = vfork();
		if (child < 0) perror("vforks"), _exit(2);
		if (child > 0) {
			if (rest > 0) _exit(0); /* one that was waiting in the middle */
			return 2;
		}
	}
	for (u64 i = 0; i < size; i += 4096) at[i] = 1;
	usleep(500000); /* looked at several times */
	rest = 1;
	if (write(1, "lived\n", 6) != 6) _exit(2);
	_exit(0);
}

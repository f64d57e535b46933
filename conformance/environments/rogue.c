/*
 * Forks behind the Sentry's back: jumps to a `syscall; ret` of its stub with the registers of the stub's own fork. "one": a child that
 * spins; "bomb": children that do the same again, and give up their slots first, so that nobody can tell who made them; "thread": a
 * thread that spins. Prints "forks" before that and sleeps after it: the Sentry should end both.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long stub_call(unsigned char *site, long nr, long a0, long a1)
{
	long result;

	__asm__ volatile("sub $128, %%rsp; xor %%edx, %%edx; xor %%r10d, %%r10d; xor %%r8d, %%r8d; call *%5; add $128, %%rsp"
			 : "=a"(result) : "0"(nr), "D"(a0), "S"(a1), "m"(*site), "r"(site)
			 : "rcx", "rdx", "r8", "r10", "r11", "memory");
	return result;
}

static void spins(void)
{
	for (;;)
		;
}

int main(int argc, char **argv)
{
	unsigned char *stub = (unsigned char *)0x7ffb00000000, *site = NULL;
	int bomb = argc > 1 && !strcmp(argv[1], "bomb");

	for (unsigned char *at = stub; !site && at < stub + 0x2000; at++)
		if (at[0] == 0x0f && at[1] == 0x05 && at[2] == 0xc3)
			site = at;
	if (!site)
		return 3;
	printf("forks\n");
	fflush(stdout);
	static void *stack[64];
	stack[32] = spins; /* where the thread's `ret` goes */
	if (argc > 1 && !strcmp(argv[1], "thread"))
		stub_call(site, 56, 0x1250f00, (long)&stack[32]);
	long pid = stub_call(site, 56, 0x8011, 0);
	if (pid == 0) {
		if (!bomb)
			for (;;)
				;
		stub_call(site, 11, 0x7ffb10000000, 0x20000000);
		for (int i = 0; i < 4; i++)
			if (stub_call(site, 56, 0x8011, 0) == 0)
				i = 0;
		for (;;)
			;
	}
	if (pid > 0)
		sleep(100);
	return 4; /* refused, or not ended */
}

/* Random calls whose results are printed, to be compared: what one seed prints natively it must print in Kernelet, too. */
#ifndef COMPARE_H
#define COMPARE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ONE_OF(...) ((const long[]){ __VA_ARGS__ }[below(COUNT(((const long[]){ __VA_ARGS__ })))])
/* A call's arguments, for the reader of a difference. */
#define ARGS(...) printf(__VA_ARGS__), printf(" ")

static unsigned long state;
/* Of the call that is made now. */
static long number;

static inline unsigned below(unsigned n)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (state >> 33) % n;
}

/* The first choices are left out: neighbouring seeds begin alike. */
static inline void begin(const char *seed)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	state = strtoul(seed, NULL, 10);
	for (int i = 0; i < 300; i++)
		below(2);
}

static inline long shown(const char *call, long result)
{
	if (result == -1)
		printf("%ld %s = %s\n", number, call, strerrorname_np(errno));
	else
		printf("%ld %s = %ld\n", number, call, result);
	return result;
}

static inline void content(const char *p, long n)
{
	unsigned h = 17;

	for (long i = 0; i < n; i++)
		h = h * 31 + (unsigned char)p[i];
	if (n >= 0)
		printf("   %x\n", h);
}

#endif

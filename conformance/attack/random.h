/* Random numbers that depend on the seed alone, for each thread its own (splitmix64). */
#ifndef RANDOM_H
#define RANDOM_H
#include <stdint.h>

typedef uint64_t u64;

static __thread u64 state;

static inline u64 next(void)
{
	u64 z = state += 0x9e3779b97f4a7c15UL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}
static inline u64 below(u64 n) { return next() % n; }
#endif

/* What neighbours notice: the longest time that a call of another process took. */
#ifndef NEIGHBOUR_H
#define NEIGHBOUR_H
#include "attack.h"
#include <pthread.h>
#include <sched.h>

static volatile double longest;

static void *neighbour(void *unused) __attribute__((noreturn));
static void *neighbour(void *unused)
{
	(void)unused;
	for (;;) {
		double start = now();
		usleep(2000);
		sched_yield();
		if (now() - start > longest)
			longest = now() - start;
	}
}

static inline void watch_neighbour(void)
{
	pthread_t id;
	pthread_create(&id, NULL, neighbour, NULL);
}
#endif

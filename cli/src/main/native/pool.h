/* See pool.c. Spare.java reads the header. */
#define SPARE_FD 3 /* listens; then: counts, its mount and user namespace, what a caller must show */
#define SPARE_FDS 5

struct pool_header {
	long ignored, blocked; /* signals, as launcher.c records them */
	long closed; /* of the descriptors 0 to 2 */
	long umask;
	long words, variables; /* how many strings follow the directory */
};

void pool_enter(char **argv, const struct pool_header *header, const long *limits, int count);
int pool_is_spare(char **argv);

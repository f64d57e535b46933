/* See outside.c. The layout is read by dev.kernelet.host.Outside. */
#define OUTSIDE_DATA 4096 /* the rest of the page holds the request */
#define OUTSIDE_SIZE (4 * 4096)

enum { OUTSIDE_IDLE, OUTSIDE_ASKED, OUTSIDE_LEAVES };

struct outside {
	volatile int turn; /* a futex */
	volatile int processor; /* of the asking thread */
	volatile long call, result;
	volatile long arguments[6];
	volatile long bell; /* an eventfd */
};

/* Starts it; NULL: it cannot be. */
struct outside *outside_start(int *pid);
/* The result of a request, or a negative errno. */
long outside_ask(long call, long argument);
/* From now on it does nothing but guard the stubs' process group; 0: it cannot. */
int outside_only_guards(void);
void outside_end(void);

#define OUTSIDE_MAPS (-3L) /* request: the id maps of its parent's user namespace; 1: all ids, 0: the caller's own */
long outside_write_maps(int pid, int is_identity);

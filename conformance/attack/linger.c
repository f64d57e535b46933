/*
 * What would keep the kernel busy so long that its neighbours do not run: structures whose work grows with their square or
 * doubles, and calls that move gigabytes. As root mounts are among them.
 *
 *   linger [WHAT|all]
 */
#include "attack.h"
#include "neighbour.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define GIGA (1UL << 30)

static void watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* Each epoll of a layer watches each of the layer below: the ways through them are width to the power of depth. */
static void layers(void)
{
	enum { WIDTH = 60 };
	static int at[4][WIDTH];
	u64 value = 1;
	struct epoll_event e;
	int event = eventfd(0, 0);
	for (int layer = 0; layer < 4; layer++) {
		for (int i = 0; i < WIDTH; i++) {
			at[layer][i] = epoll_create1(0);
			if (layer == 0) watch(at[layer][i], event);
			else for (int j = 0; j < WIDTH; j++) watch(at[layer][i], at[layer - 1][j]);
		}
	}
	write(event, &value, 8);
	HOLDS(epoll_wait(at[0][WIDTH - 1], &e, 1, 0) == 1, "the lowest layer does not see an event");
}

/* The lists of an epoll and of a file that it watches: nothing is looked for in them from their beginning. */
static void watched(int isOneFile, int filesFirst)
{
	int epoll = epoll_create1(0), event = eventfd(1, 0), last = event;
	for (int i = 0; i < 60000; i++) {
		int fd = isOneFile ? dup(event) : eventfd(1, 0);
		if (fd < 0) break;
		watch(epoll, last = fd);
	}
	HOLDS(last - event > 19000, "only %d descriptors: no test", last - event);
	if (!filesFirst) close(epoll);
	close_range(event, ~0U, 0);
}
static void ready_files(void) { watched(0, 0); }
static void one_file(void) { watched(1, 0); }
static void one_file_ends(void) { watched(1, 1); }

/* A recursive bind below itself doubles what there is. */
static void binds(void)
{
	int i, r = 0;
	if (getuid()) return;
	mkdir("binds", 0700);
	if (mount("none", "binds", "tmpfs", 0, "") || mkdir("binds/below", 0700)) return perror("binds");
	for (i = 0; i < 40 && r == 0; i++) r = mount("binds", "binds/below", NULL, MS_BIND | MS_REC, NULL);
	HOLDS(r == -1 && errno == ENOSPC, "%d recursive binds: %s", i, strerror(errno));
	HOLDS(umount2("binds", MNT_DETACH) == 0, "umount2: %s", strerror(errno));
}

static void stacked(void)
{
	int i, r = 0;
	struct stat st;
	if (getuid()) return;
	mkdir("stack", 0700);
	for (i = 0; i < 200000 && r == 0; i++) r = mount("none", "stack", "tmpfs", 0, "");
	HOLDS(r == -1 && (errno == ENOSPC || errno == ENOMEM), "%d mounts on each other: %s", i, strerror(errno));
	HOLDS(stat("stack", &st) == 0, "stat: %s", strerror(errno));
	while (umount2("stack", MNT_DETACH) == 0) continue;
	/* What is unmounted and still in use neither moves nor bears mounts. */
	mount("none", "stack", "tmpfs", 0, ""), chdir("stack"), mkdir("in", 0700), umount2("../stack", MNT_DETACH);
	HOLDS(mount(".", "/tmp", NULL, MS_MOVE, NULL) == -1, "a mount that is gone moves");
	HOLDS(mount("none", "in", "tmpfs", 0, "") == -1, "a mount that is gone bears another");
}

/* The text of a place is bounded, however deep it lies. */
static void depth(void)
{
	char name[201], bytes[8192];
	memset(name, 'd', 200), name[200] = 0;
	mkdir("deep", 0700), chdir("deep");
	for (int i = 0; i < 300000 && mkdir(name, 0700) == 0; i++) chdir(name);
	HOLDS(readlink("/proc/self/cwd", bytes, sizeof bytes) == -1 && errno == ENAMETOOLONG, "readlink: %s", strerror(errno));
	HOLDS(syscall(SYS_getcwd, bytes, sizeof bytes) == -1 && errno == ENAMETOOLONG, "getcwd: %s", strerror(errno));
	snprintf(name, sizeof name, "/proc/self/fd/%d", open(".", O_RDONLY));
	HOLDS(readlink(name, bytes, sizeof bytes) == -1 && errno == ENAMETOOLONG, "readlink fd: %s", strerror(errno));
	int file = open("file", O_CREAT | O_RDWR, 0600);
	ftruncate(file, 4096), mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	FILE *maps = fopen("/proc/self/maps", "r");
	long n = 0;
	while (fread(bytes, 1, sizeof bytes, maps) > 0) n += sizeof bytes;
	HOLDS(n < 1 << 20, "/proc/self/maps has %ld bytes", n);
}

static u8 *room(u64 size)
{
	u8 *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? exit(2), NULL : at;
}

static void zeros(void)
{
	long n = read(open("/dev/zero", O_RDONLY), room(2 * GIGA), 0x7ffff000);
	HOLDS(n == 0x7ffff000, "read of zeros: %ld", n);
}
static void randoms(void)
{
	u8 *at = room(GIGA);
	long n = syscall(SYS_getrandom, at, GIGA, 0);
	HOLDS(n == (long)GIGA && memcmp(at, at + GIGA / 2, 64) && memcmp(at + GIGA - 64, at, 64), "getrandom: %ld", n);
}
static void pages(void)
{
	u8 *at = mmap(NULL, GIGA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	HOLDS(at != MAP_FAILED, "mmap with MAP_POPULATE: %s", strerror(errno));
	munmap(at, GIGA), at = room(GIGA);
	HOLDS(madvise(at, GIGA, 23 /* MADV_POPULATE_WRITE */) == 0, "MADV_POPULATE_WRITE: %s", strerror(errno));
	munmap(at, GIGA), at = room(GIGA);
	HOLDS(mlock(at, GIGA) == 0 || getuid(), "mlock: %s", strerror(errno));
}
static void processes(void)
{
	u8 *at = room(4 * GIGA);
	struct iovec to = { at, 2 * GIGA }, from = { at + 2 * GIGA, 2 * GIGA };
	long n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	HOLDS(n == 0x7ffff000, "process_vm_readv: %ld", n);
}

/* In turns, others between them: nothing is lost, nothing twice, and signals end them with what is done. */
static void contents(void)
{
	enum { WORDS = 8 << 20 };
	unsigned *at = (void *)room(GIGA), *back = at + WORDS + 1000;
	struct iovec v[3] = { { at, 12345 * 4 }, { at + 12345, 4 }, { at + 12346, (WORDS - 12346) * 4L } };
	struct iovec w[3] = { { back, 4 }, { back + 1, 20000004 }, { back + 5000002, (WORDS - 5000002) * 4L } };
	int file = open("contents", O_CREAT | O_RDWR | O_TRUNC, 0600);
	for (int i = 0; i < WORDS; i++) at[i] = i * 2654435761U;
	for (int round = 0; round < 3; round++) {
		memset(back, 0, WORDS * 4L);
		if (round == 0) HOLDS(write(file, at, WORDS * 4L) == WORDS * 4L && pread(file, back, WORDS * 4L, 0) == WORDS * 4L, "write, pread");
		if (round == 1) HOLDS(pwritev(file, v, 3, 0) == WORDS * 4L && preadv(file, w, 3, 0) == WORDS * 4L, "pwritev, preadv");
		if (round == 2) HOLDS(process_vm_readv(getpid(), w, 3, v, 3, 0) == WORDS * 4L, "process_vm_readv");
		HOLDS(memcmp(at, back, WORDS * 4L) == 0, "round %d: other bytes have come back", round);
	}
	HOLDS(lseek(file, 0, SEEK_CUR) == WORDS * 4L, "the file's offset is %ld", lseek(file, 0, SEEK_CUR));
	HOLDS(lseek(file, 0, SEEK_END) == WORDS * 4L, "the file has %ld bytes", lseek(file, 0, SEEK_END));
	HOLDS(pread(file, back, WORDS * 4L, 4) == WORDS * 4L - 4 && memcmp(at + 1, back, WORDS * 4L - 4) == 0, "to the file's end");
}
static void on_alarm(int signo) { (void)signo; }
static void interrupted(void)
{
	struct sigaction a = { .sa_handler = on_alarm };
	sigaction(SIGALRM, &a, NULL);
	ualarm(50000, 0);
	long n = read(open("/dev/zero", O_RDONLY), room(2 * GIGA), 0x7ffff000);
	HOLDS(n > 0 && n < 0x7ffff000, "a signal does not end a long read: %ld", n);
	struct rlimit limit = { 6 << 20, 6 << 20 };
	setrlimit(RLIMIT_FSIZE, &limit), signal(SIGXFSZ, SIG_IGN);
	n = write(open("limited", O_CREAT | O_WRONLY, 0600), room(GIGA), 20 << 20);
	HOLDS(n == 6 << 20, "a write beyond RLIMIT_FSIZE: %ld", n);
}

static const struct { const char *name; void (*f)(void); } kinds[] = {
	{ "layers", layers }, { "ready", ready_files }, { "dups", one_file }, { "ends", one_file_ends }, { "binds", binds },
	{ "stacked", stacked }, { "depth", depth }, { "zeros", zeros }, { "randoms", randoms }, { "pages", pages }, { "processes", processes },
	{ "contents", contents }, { "interrupted", interrupted },
};
static void run(u64 which) { kinds[which].f(); }

int main(int argc, char **argv)
{
	struct rlimit files = { 100000, 100000 };
	if (setrlimit(RLIMIT_NOFILE, &files)) getrlimit(RLIMIT_NOFILE, &files), files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
	watch_neighbour();
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (argc > 1 && strcmp(argv[1], "all") && strcmp(argv[1], kinds[i].name)) continue;
		double start = now();
		longest = 0;
		int status = in_child(run, i, 60);
		fprintf(stderr, "%-12s %.3f s, a neighbour waited %.3f s at most\n", kinds[i].name, now() - start, longest);
		HOLDS(status == 0 || status == 99 << 8, "%s: %#x", kinds[i].name, status);
		HOLDS(longest < 2, "%s: a neighbour waited %.3f s", kinds[i].name, longest);
	}
	return attack_end();
}

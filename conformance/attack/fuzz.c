/*
 * A seeded fuzzer of system calls, to be run inside Kernelet: processes and threads make random calls with arguments from a
 * pool of valid and hostile values. Whatever they do, the kernel below must neither fail, nor hang, nor leak.
 *
 *   fuzz [--seed N] [--seconds N] [--processes N] [--threads N] [--calls N] [--round N] [--trace]
 *
 * A round is a process that makes --calls calls in each of its threads; its choices depend on seed and round number alone
 * (what the calls answer may differ). --round N runs that one round and ends; --trace prints each call before it is made.
 * It prints the seed first and "fuzz: ... ok" last. Not for the host: natively it would do all this to your machine, so it
 * refuses to run where uname(2) does not say Kernelet.
 */
#define _GNU_SOURCE
#include "fuzz-calls.h"
#include "random.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#define POOL 0x10000000UL /* 64 pages of arguments, the last without access */
#define POOL_SIZE 0x40000UL
#define ARENA 0x20000000UL /* where mappings come and go */
#define ARENA_SIZE 0x4000000UL
#define FDS 96

struct call { int nr; const char *signature; };
#define ENTRY(nr, signature, weight) { nr, signature },
static const struct call calls[] = { CALLS(ENTRY) };
#define WEIGHT(nr, signature, weight) weight,
static const unsigned char weights[] = { CALLS(WEIGHT) };
#define NCALLS (int)(sizeof calls / sizeof calls[0])

static u64 seed, fixed_round;
static int seconds = 10, processes = 3, threads = 3, calls_per_thread = 400, trace, one_round;
static int chosen[4096], chosen_count, supervisor, self;
static int pids[8];
static char home[64];

static int one_in(int n) { return below(n) == 0; }

/* The kernel's own call: no cancellation, no errno, nothing of libc between. */
static long call6(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	long r;
	register u64 r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;
	asm volatile("syscall" : "=a"(r) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
}

static const u64 hostile[] = { 0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 65, 127, 128, 255, 256, 511, 1000, 1023, 1024,
	1025, 4094, 4095, 4096, 4097, 8192, 65535, 65536, 1 << 20, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
	0xffffffff, 0x100000000, 0x100000001, 0x7fffffffffffffff, 0x8000000000000000, -1UL, -2UL, -8UL, -16UL, -100UL, -4095UL,
	-4096UL, -4097UL, 0x7ffffffff000, 0x800000000000, 0x7ffb10000000, 0x7ffb00000000, 0x7ffb10010000, 0xffffffffff600000,
	0xffff800000000000, 0x7fffffff0000, 0x8000000000000001, 0x5555555555555555, POOL + POOL_SIZE - 4097, 0x1000, 0xfff };
static u64 any(void)
{
	if (one_in(3)) return next() >> below(64);
	return hostile[below(sizeof hostile / sizeof hostile[0])];
}

static const char *paths[] = { "a", "b", "c", "d", "d/e", "d/f", "d/e/g", "link", "loop", "fifo", "sock", ".", "..", "./d/../a",
	"", "/", "/proc/self/fd", "/proc/self/maps", "/proc/self/mem", "/proc/self/exe", "/proc/self/cwd", "/proc/self/root",
	"/proc/self/status", "/proc/self/fd/5", "/proc/self/task", "/proc/self/ns/user", "/proc/self/oom_score_adj", "/dev/null",
	"/dev/zero", "/dev/full", "/dev/ptmx", "/dev/pts/0", "/dev/shm/x", "/dev/tty", "/proc/sys/kernel/hostname", "/sys",
	"/proc/net/unix", "/proc/self/attr/current", "/proc/self/smaps", "/proc/meminfo", "/proc/locks", "d/", "a/", "a/b", "link/x",
	"/proc/thread-self/comm", "/dev/urandom", "/proc/self/fdinfo/3", "/etc/passwd", "/proc/self/environ", "/proc/self/stat",
	"/proc/self/mountinfo", "/bin/true", "/proc/self/timerslack_ns", "/proc/self/clear_refs", "/proc/self/pagemap" };
static const char *names[] = { "user.x", "user.y", "security.z", "trusted.t", "system.posix_acl_access", "user.", "", "x", "/q",
	"/r", "user.a-name-that-is-rather-long-and-goes-on-for-a-while" };

/* A place in the pool, sometimes at the very end of what is mapped; long addresses are 8 aligned mostly. */
static u64 buffer(void)
{
	switch (below(12)) {
	case 0: return any();
	case 1: return POOL + POOL_SIZE - 4096 - below(64);
	case 2: return POOL + POOL_SIZE - 8192 + below(4096);
	case 3: return ARENA + (below(ARENA_SIZE) & ~7UL);
	case 4: return 0;
	default: return POOL + below(56) * 4096 + (one_in(4) ? below(4096) : below(32) * 8);
	}
}
static u64 text(const char *s)
{
	u64 at = POOL + 57 * 4096 + below(64) * 64;
	if (one_in(40)) return any();
	if (one_in(60)) { memset((char *)POOL + 8192, 'n', 4200); return POOL + 8192; }
	strncpy((char *)at, s, 63);
	return at;
}
static u64 path(void) { return text(paths[below(sizeof paths / sizeof paths[0])]); }

static int fd(void)
{
	switch (below(16)) {
	case 0: return (int)any();
	case 1: return -1;
	default: return 3 + below(FDS);
	}
}
static u64 address(void)
{
	switch (below(10)) {
	case 0: return any() & ~4095UL;
	case 1: return any();
	case 2: return 0;
	default: return ARENA + below(ARENA_SIZE / 4096) * 4096;
	}
}
static u64 length(void) { return one_in(10) ? any() : one_in(8) ? below(65536) : (1 + below(1 << below(12))) * 4096; }

/* Fills structures of the kind asked for: valid in most fields, hostile in some. */
static u64 words(int n)
{
	u64 at = POOL + below(56) * 4096 + below(256) * 8, *p = (u64 *)at;
	for (int i = 0; i < n; i++) p[i] = one_in(4) ? any() : one_in(2) ? below(8) : buffer();
	return at;
}
static u64 vectors(void)
{
	u64 at = words(0), *p = (u64 *)at;
	for (int i = 0; i < 8; i++) p[2 * i] = buffer(), p[2 * i + 1] = one_in(8) ? any() : below(9000);
	return at;
}
static u64 address_of_socket(void)
{
	u64 at = words(16);
	struct sockaddr_in *in = (void *)at;
	struct sockaddr_un *un = (void *)at;
	memset((void *)at, 0, 110);
	switch (below(7)) {
	case 0: un->sun_family = AF_UNIX; strcpy(un->sun_path, "sock"); break;
	case 1: un->sun_family = AF_UNIX; memcpy(un->sun_path, "\0abs", 4); break;
	case 2: *(u64 *)at = AF_NETLINK | next() << 32; break;
	case 3: in->sin_family = AF_INET6; ((char *)at)[23] = 1; in->sin_port = htons(20000 + below(4)); break;
	case 4: *(u64 *)at = below(46); break;
	default: in->sin_family = AF_INET; in->sin_port = htons(20000 + below(4)); in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return at;
}
static u64 message(void)
{
	u64 at = words(0), c = words(0), *p = (u64 *)at;
	struct cmsghdr *h = (void *)c;
	p[0] = one_in(3) ? address_of_socket() : 0, p[1] = one_in(6) ? any() : 16;
	p[2] = vectors(), p[3] = one_in(12) ? any() : below(8);
	p[4] = one_in(3) ? 0 : c, p[5] = one_in(5) ? any() : 16 + 4 * below(8), p[6] = below(2);
	h->cmsg_len = one_in(5) ? any() : 16 + 4 * below(8), h->cmsg_level = SOL_SOCKET, h->cmsg_type = 1 + below(3);
	for (int i = 0; i < 8; i++) ((int *)(c + 16))[i] = fd();
	return at;
}
static u64 time_spec(void)
{
	u64 at = words(0), *p = (u64 *)at;
	p[0] = one_in(12) ? any() : 0, p[1] = one_in(12) ? any() : below(3000000);
	p[2] = p[0], p[3] = one_in(12) ? any() : below(3000000);
	return one_in(12) ? 0 : at;
}
static u64 clone_args(void)
{
	u64 at = words(11), *p = (u64 *)at;
	p[0] = one_in(2) ? 0 : next() & 0xffffff00 & ~0x40000000UL; /* flags */
	if (one_in(2)) p[0] &= ~(u64)CLONE_VM;
	p[4] = one_in(2) ? SIGCHLD : below(70);
	p[5] = p[6] = 0;
	return at;
}

static int process(void)
{
	int p = pids[below(8)];
	return p > 1 && p != supervisor ? p : one_in(2) ? 0 : getpid();
}

static const unsigned short options[] = { 0x5401, 0x5402, 0x5403, 0x5404, 0x5409, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5412,
	0x5413, 0x5414, 0x541b, 0x5420, 0x5421, 0x5422, 0x5423, 0x5424, 0x5425, 0x5429, 0x5450, 0x5451, 0x5452, 0x8910, 0x8912,
	0x8913, 0x8927, 0x894c, 0x5430, 0x5431, 0x1001, 0x1002, 0x1003, 0x1004, 1024, 1025, 1026, 1030, 1031, 1032, 1033, 1034 };

static u64 argument(char kind)
{
	switch (kind) {
	case 'f': return fd();
	case 'd': return one_in(2) ? -100 : fd();
	case 'p': return path();
	case 'n': return text(names[below(sizeof names / sizeof names[0])]);
	case 'b': return one_in(2) ? words(16) : buffer();
	case 'z': return one_in(8) ? any() : below(1 << below(17));
	case 'm': return one_in(8) ? any() : (below(16) << 12 | below(010000));
	case 's': return one_in(8) ? any() : below(66);
	case 'P': return process();
	case 'v': return vectors();
	case 'c': return one_in(10) ? any() : below(9);
	case 'a': return address();
	case 'l': return length();
	case 'k': return address_of_socket();
	case 'K': return one_in(6) ? any() : one_in(2) ? 16 : one_in(2) ? 7 : 28;
	case 'j': { u64 at = words(1); *(u64 *)at = one_in(4) ? any() : below(200); return at; }
	case 't': return time_spec();
	case 'T': return below(5);
	case 'Q': return one_in(20) ? any() : 8;
	case 'C': return one_in(8) ? any() : below(13);
	case 'M': return message();
	case 'H': { u64 at = words(0); for (int i = 0; i < 3; i++) memcpy((char *)at + 64 * i, (void *)message(), 56); return at; }
	case 'F': return one_in(5) ? any() : (below(4) | (below(4) ? 0 : 0100) | (next() & 0x7fff00 & -below(2)));
	case 'A': return one_in(3) ? any() : one_in(2) ? 0 : 0x100UL << below(6);
	case 'u': return one_in(3) ? any() : one_in(2) ? 0 : 65534;
	case 'r': return one_in(6) ? any() : below(17);
	case 'W': return one_in(10) ? buffer() : POOL + 60 * 4096 + below(16) * 4;
	case 'G': return one_in(2) ? 0 : one_in(2) ? 1UL << below(32) : any();
	case 'V': return one_in(2) ? 0 : words(4);
	case 'L': return clone_args();
	case 'O': { u64 at = words(3), *p = (u64 *)at; p[0] = below(1 << 22); p[1] = 0; p[2] = below(64); return at; }
	case 'y': return one_in(5) ? below(46) : one_in(2) ? AF_UNIX : one_in(3) ? AF_INET6 : one_in(4) ? AF_NETLINK : AF_INET;
	case 'Y': return one_in(8) ? any() : (1 + below(5)) | (one_in(4) ? 0 : 04000);
	case 'R': return one_in(12) ? any() : below(8);
	case 'X': return one_in(8) ? any() : (0x10 | (1 + below(2)) | (one_in(2) ? 0x20 : 0));
	case 'o': return one_in(3) ? below(80) : one_in(6) ? any() : options[below(sizeof options / sizeof options[0])];
	case 'i': return one_in(6) ? any() : below(12);
	default: return any();
	}
}

/* Fork-like calls: the child makes a few calls and ends; one that shares our memory ends at once. */
static void forked(int nr, u64 a, u64 size)
{
	u64 flags = nr == SYS_fork ? SIGCHLD : *(u64 *)a;
	long r;
	if ((flags & (CLONE_VM | CLONE_VFORK)) || nr == SYS_clone3) {
		u64 stack = ARENA + ARENA_SIZE + 65536, *top = (u64 *)stack - 8, *p = (u64 *)a;
		(void)top;
		if (nr == SYS_clone3) p[5] = stack - 65536, p[6] = 65536; else flags &= ~(u64)(CLONE_SETTLS | CLONE_PARENT_SETTID);
		/* The child ends without touching a stack. */
		asm volatile("syscall; test %%rax,%%rax; jnz 1f; mov $60,%%eax; xor %%edi,%%edi; syscall; 1:"
			     : "=a"(r) : "0"((long)nr), "D"(nr == SYS_clone3 ? a : flags), "S"(nr == SYS_clone3 ? size : stack), "d"(POOL)
			     : "rcx", "r11", "memory");
		return;
	}
	r = call6(SYS_clone, (flags & 0x7e020000) | SIGCHLD, 0, 0, 0, 0, 0);
	if (r > 0) pids[below(8)] = r;
	if (r == 0) {
		state ^= 0x5555;
		calls_per_thread /= 8;
		signal(SIGALRM, SIG_DFL);
		alarm(1);
	}
}

/* What changes a whole process, and would spoil a round if it came often: weight 0 in the list. */
static const struct call *rare(void)
{
	static const short numbers[] = { 37, 38, 105, 106, 113, 114, 116, 117, 119, 126, 130, 151, 160, 302, 317, 436, 462 };
	int nr = numbers[below(sizeof numbers / sizeof *numbers)], i = 0;
	while (calls[i].nr != nr) i++;
	return &calls[i];
}

static void random_call(const struct call *c)
{
	u64 a[6] = { 0, 0, 0, 0, 0, 0 };
	int n = strlen(c->signature);
	for (int i = 0; i < 6; i++) a[i] = i >= n ? next() : c->signature[i] != 'P' && one_in(60) ? any() : argument(c->signature[i]);
	if (c->nr == SYS_mount || c->nr == SYS_umount2 || c->nr == SYS_pivot_root) /* within the round's directory */
		a[0] = text("d"), a[1] = c->nr == SYS_umount2 ? a[1] : text(one_in(2) ? "d" : "d/e");
	/* No remount: "d" may have become a link to the root, where no program could be started any more. */
	if (c->nr == SYS_mount) a[3] &= ~32UL, a[2] = text(one_in(2) ? "tmpfs" : one_in(2) ? "proc" : "sysfs");
	if ((c->nr == 62 || c->nr == 200 || c->nr == 234) && (int)a[0] < 0) a[0] = 0;
	if (c->nr == SYS_fcntl && (a[1] & 0xff) == 8) a[2] = 0; /* F_SETOWN: not the supervisor */
	if (trace) {
		dprintf(2, "[%d] %d(%lx, %lx, %lx, %lx, %lx, %lx)\n", (int)call6(SYS_gettid, 0, 0, 0, 0, 0, 0), c->nr, a[0], a[1], a[2],
			a[3], a[4], a[5]);
	}
	if (c->nr == SYS_clone || c->nr == SYS_fork || c->nr == SYS_clone3) {
		if (one_in(8)) forked(c->nr, clone_args(), 88);
		return;
	}
	if (c->nr == SYS_execve && !one_in(10)) return;
	long r = call6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (trace) dprintf(2, "[%d] %d = %ld\n", (int)call6(SYS_gettid, 0, 0, 0, 0, 0, 0), c->nr, r);
	if (r >= 3 + FDS && r < 4096 && one_in(2)) dup2(r, 3 + below(FDS)), close(r);
}

static void on_signal(int signo) { (void)signo; }

static void *thread(void *argument_)
{
	state = (u64)argument_;
	for (int i = 0; i < calls_per_thread; i++) random_call(&calls[chosen[below(chosen_count)]]);
	return NULL;
}

static void open_descriptors(void)
{
	int p[2], n = 3;
	mkdir("d", 0755), mkdir("d/e", 0755), symlink("d", "link"), symlink("loop", "loop"), mkfifo("fifo", 0644);
	n = open("a", O_RDWR | O_CREAT, 0644);
	if (write(n, home, sizeof home) < 0) return;
	open(".", O_DIRECTORY), open("d", O_PATH), open("a", O_RDONLY), open("b", O_CREAT | O_WRONLY | O_APPEND, 0644);
	for (int i = 0; i < 8; i++) open(paths[below(sizeof paths / sizeof paths[0])], O_RDONLY | O_NONBLOCK);
	for (int i = 0; i < 3 && !pipe2(p, i == 2 ? O_NONBLOCK : 0); i++) continue;
	epoll_create1(0), epoll_create1(0), eventfd(3, EFD_NONBLOCK), timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	inotify_init1(IN_NONBLOCK), memfd_create("m", MFD_ALLOW_SEALING), posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	for (int type = 1; type <= 5; type += type == 2 ? 3 : 1) socketpair(AF_UNIX, type, 0, p);
	for (int type = 1; type <= 2; type++) {
		socket(AF_UNIX, type | SOCK_NONBLOCK, 0), socket(AF_INET, type | SOCK_NONBLOCK, 0);
		socket(AF_INET6, type | SOCK_NONBLOCK, 0);
	}
	socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
	sigset_t all;
	sigfillset(&all);
	signalfd(-1, &all, SFD_NONBLOCK);
	open("/dev/null", O_RDWR), open("/dev/zero", O_RDWR), syscall(SYS_pidfd_open, getpid(), 0);
}

static void round_(u64 number)
{
	pthread_t id[16];
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };
	struct rlimit files = { FDS + 200, FDS + 200 };
	struct sigaction action = { .sa_handler = on_signal };
	state = seed ^ number * 0x9e3779b97f4a7c15UL;
	setpgid(0, 0);
	close(self);
	for (int i = 0; ; i++) { /* what earlier rounds have done to their directories must not end this one */
		snprintf(home, sizeof home, "/tmp/fuzz.%d.%lu", supervisor, number % 64 + 64 * i);
		mkdir(home, 0777), chmod(home, 0777);
		if (chdir(home) == 0 && access(".", W_OK) == 0) break;
		if (i == 50) perror(home), _exit(3);
	}
	setrlimit(RLIMIT_NOFILE, &files);
	char *pool = mmap((void *)POOL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char *arena = mmap((void *)ARENA, ARENA_SIZE + 65536, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	if (pool != (char *)POOL || arena != (char *)ARENA) _exit(3);
	mprotect(pool + POOL_SIZE - 4096, 4096, PROT_NONE);
	for (int i = 0; i < 8; i++) pids[i] = getpid();
	int null = memfd_create("null", 0); /* standard output is the supervisor's */
	for (int i = 0; i < 2 + !trace; i++) if (dup2(null, i) < 0) _exit(3);
	close(null);
	open_descriptors();
	for (int s = 1; s < 32; s++) if (one_in(2) && s != SIGSEGV && s != SIGBUS) sigaction(s, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (one_in(3)) for (int i = 0; i < 4; i++) random_call(rare());
	for (int i = 1; i < threads; i++) pthread_create(&id[i], NULL, thread, (void *)next());
	thread((void *)next());
	_exit(0);
}

static int start(u64 number)
{
	int pid = fork();
	if (pid < 0) return -1;
	if (pid == 0) round_(number);
	return pid;
}

static void usage_number(char **argv, int *i, u64 *out) { *out = strtoul(argv[++*i] ? argv[*i] : "", NULL, 0); }

static void parse(char **argv)
{
	for (int i = 1; argv[i]; i++) {
		u64 n = 0;
		const char *o = argv[i];
		if (!strcmp(o, "--end")) { puts("fuzz: ok"); exit(0); } /* processes and programs still start */
		if (!strcmp(o, "--trace")) { trace = 1; continue; }
		usage_number(argv, &i, &n);
		if (!strcmp(o, "--seed")) seed = n;
		else if (!strcmp(o, "--seconds")) seconds = n;
		else if (!strcmp(o, "--processes")) processes = n > 16 ? 16 : n;
		else if (!strcmp(o, "--threads")) threads = n > 15 ? 15 : n;
		else if (!strcmp(o, "--calls")) calls_per_thread = n;
		else if (!strcmp(o, "--round")) fixed_round = n, one_round = 1;
		else { fprintf(stderr, "fuzz: unknown option %s\n", o); exit(2); }
	}
}

/* A round that blocks for ever is no fault; one that outlives SIGKILL is. */
struct slot { int pid; u64 round; double since; int killed; };
static struct slot slots[16];
static u64 rounds, late, by_signal, failed;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void reap(void)
{
	int status, pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < processes; i++) {
			if (slots[i].pid != pid) continue;
			kill(-pid, SIGKILL);
			slots[i].pid = 0;
			rounds++;
			by_signal += WIFSIGNALED(status);
		}
	}
}

static int supervise(void)
{
	double end = now() + seconds;
	u64 number = fixed_round;
	for (int busy = 1; busy;) {
		busy = 0;
		reap();
		for (int i = 0; i < processes; i++) {
			struct slot *s = &slots[i];
			if (s->pid == 0 && now() < end && (!one_round || number == fixed_round)) {
				s->round = number++;
				s->killed = 0;
				s->since = now();
				if ((s->pid = start(s->round)) < 0) s->pid = 0, usleep(10000);
			}
			if (s->pid == 0) continue;
			busy = 1;
			if (now() - s->since > 1 && !s->killed) kill(s->pid, SIGKILL), kill(-s->pid, SIGKILL), s->killed = 1, late++;
			if (now() - s->since > 60) {
				fprintf(stderr, "fuzz: round %lu (pid %d) does not die\n", s->round, s->pid);
				return 1;
			}
		}
		usleep(3000);
	}
	return 0;
}

/* The program in memory, where the rounds of a root user cannot change it. */
static int copy_of_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = memfd_create("self", MFD_CLOEXEC);
	char bytes[8192];
	long n;
	while ((n = read(from, bytes, sizeof bytes)) > 0) if (write(to, bytes, n) != n) return -1;
	close(from);
	return to;
}

int main(int argc, char **argv)
{
	struct utsname name;
	uname(&name);
	if (!strstr(name.release, "kernelet")) {
		fprintf(stderr, "fuzz: runs in Kernelet only\n");
		return 2;
	}
	seed = (u64)time(NULL) << 20 ^ getpid();
	(void)argc;
	parse(argv);
	printf("fuzz: seed %lu, %d processes of %d threads, %d calls each, uid %d\n", seed, processes, threads, calls_per_thread, getuid());
	fflush(stdout);
	supervisor = getpid();
	self = copy_of_self();
	for (int s = 1; s < 65; s++) if (s != SIGCHLD && s != SIGKILL && s != SIGSTOP) signal(s, SIG_IGN);
	for (int i = 0; i < NCALLS; i++) for (int w = 0; w < weights[i]; w++) chosen[chosen_count++] = i;
	failed = supervise();
	printf("fuzz: %lu rounds, %lu ended by signals, %lu killed late\n", rounds, by_signal, late);
	if (failed) return 1;
	for (int s = 1; s < 65; s++) signal(s, SIG_DFL);
	fflush(stdout);
	int pid = fork(), status = -1;
	if (pid == 0) syscall(SYS_execveat, self, "", (char *[]){ "fuzz", "--end", NULL }, NULL, 0x1000), perror("fuzz: execveat"), _exit(127);
	waitpid(pid, &status, 0);
	return status != 0;
}

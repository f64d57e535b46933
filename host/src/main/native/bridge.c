/*
 * The bridge between the JVM and the host kernel: the native methods of dev.kernelet.host.HostCall.
 *
 * Needs no JDK header: the few JNI types it uses are spelled out below. Nothing here allocates, locks or calls back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

typedef int64_t jlong;
typedef int32_t jint;
#define JNI(name) __attribute__((visibility("default"))) Java_dev_kernelet_host_HostCall_##name

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys4(nr, a, b, c, d) sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys3(nr, a, b, c) sys6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

jlong JNI(call)(void *env, void *cls, jlong nr, jlong a0, jlong a1, jlong a2, jlong a3, jlong a4, jlong a5)
{
	(void)env, (void)cls;
	return sys6(nr, a0, a1, a2, a3, a4, a5);
}

jlong JNI(clockNanos)(void *env, void *cls, jint clock)
{
	struct timespec t;

	(void)env, (void)cls;
	clock_gettime(clock, &t); /* the C library's, so the vDSO's */
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* XSAVE state-component bitmap of the processor (XCR0) and CPUID leaves: the JVM has no instruction for them. */
jlong JNI(cpuid)(void *env, void *cls, jint leaf, jint subleaf, jint reg)
{
	uint32_t r[4];

	(void)env, (void)cls;
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(subleaf));
	return r[reg & 3];
}

struct capabilities { unsigned version; int pid; }; /* of capset(2), version 3 */

struct spawn {
	int image, control, group;
	volatile int error;
	/* Of a program of the host, image then is -1. */
	const char *path;
	char *const *argv, *const *envp;
	int fds[3];
};

/* The same for a program of the host: descriptors 0 to 2 are given, no other is inherited. */
static int spawn_program(struct spawn *s)
{
	for (int fd = 0; fd < 3; fd++) /* first out of each other's way */
		s->fds[fd] = sys3(SYS_fcntl, s->fds[fd], 0 /* F_DUPFD */, 3);
	for (int fd = 0; fd < 3; fd++)
		sys3(SYS_dup2, s->fds[fd], fd, 0);
	sys3(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	s->error = -(int)sys3(SYS_execve, s->path, s->argv, s->envp);
	sys3(SYS_exit, 127, 0, 0);
	return 0;
}

/*
 * Runs in a child that shares our memory (CLONE_VM) until it has exec'ed: raw calls only, no libc state.
 * Signal dispositions are a copy (no CLONE_SIGHAND), as is the descriptor table.
 */
static int spawn_child(void *arg)
{
	struct spawn *s = arg;
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } dfl = { 0 };
	struct rlimit none = { 0, 0 }, few = { 16, 16 };
	char *empty[] = { 0 };
	char *argv[] = { "kernelet-stub", 0 };
	unsigned long mask = 0;

	for (int sig = 1; sig <= 64; sig++)
		sys4(SYS_rt_sigaction, sig, &dfl, 0, 8);
	if (s->image < 0) {
		sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
		return spawn_program(s);
	}
	/* One group, which no terminal is in front of: the guard's, or one of its own session. Its number names all stubs. */
	if (!s->group || sys3(SYS_setpgid, 0, s->group, 0))
		sys3(SYS_setsid, 0, 0, 0);
	sys3(SYS_dup2, s->control, 0, 0);
	/* Everything but the control socket closes at exec; the stub closes what an old kernel left. */
	sys3(SYS_close_range, 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	sys4(SYS_prlimit64, 0, RLIMIT_CORE, &none, 0);
	sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, &few, 0);
	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	/* Also under no_new_privs root would keep what the Sentry has. */
	sys3(SYS_capset, (&(struct capabilities){ 0x20080522, 0 }), (&(unsigned[6]){ 0 }), 0);
	s->error = -(int)sys6(SYS_execveat, s->image, (long)"", (long)argv, (long)empty, 0x1000 /* AT_EMPTY_PATH */, 0);
	sys3(SYS_exit, 127, 0, 0);
	return 0;
}

static jlong spawn(struct spawn *s)
{
	static _Alignas(64) char stack[16384]; /* one spawn at a time: the caller's lock */
	sigset_t all, old;
	long pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old); /* no handler of the JVM may run in the child */
	pid = clone(spawn_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, s);
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &old, 0);
	if (pid > 0 && s->error) {
		sys4(SYS_wait4, pid, 0, 0, 0);
		return -s->error;
	}
	return pid;
}

/* Starts the ELF image in descriptor `image` with `control` as its descriptor 0, in a process group, or 0. The pid, or -errno. */
jlong JNI(spawnStub)(void *env, void *cls, jlong image, jlong control, jlong group)
{
	struct spawn s = { .image = (int)image, .control = (int)control, .group = (int)group };

	(void)env, (void)cls;
	return spawn(&s);
}

/* Starts a program of the host; addresses of C strings and of arrays of such. The pid, or -errno. */
jlong JNI(spawn)(void *env, void *cls, jlong path, jlong argv, jlong envp, jlong in, jlong out, jlong err)
{
	struct spawn s = { -1, -1, 0, 0, (const char *)path, (char **)argv, (char **)envp, { (int)in, (int)out, (int)err } };

	(void)env, (void)cls;
	return spawn(&s);
}

static int reports; /* a refused call fails with EPERM after the message, and the process goes on */

static char *put(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	return at + n;
}

static char *put_number(char *at, unsigned long value, unsigned base)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		*at++ = digits[--n];
	return at;
}

/* SIGSYS of the Sentry's own filter: says which call it was, then ends the process. */
static void refused(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	static const int arguments[] = { REG_RDI, REG_RSI, REG_RDX, REG_R10 };
	char text[320], *at = put(text, "kernelet: host call ");

	(void)sig;
	at = put_number(at, (unsigned)info->si_syscall, 10);
	for (int i = 0; i < 4; i++) {
		at = put(at, i ? ", 0x" : " (0x");
		at = put_number(at, regs[arguments[i]], 16);
	}
	at = put(at, ") is not on the Sentry's list.\n");
	/* The first call of the machine's report, on the way to a file that it cannot open. */
	if (info->si_syscall == SYS_rt_sigaction)
		at = put(text, "kernelet: the Sentry's virtual machine crashed (a fault outside of Java code).\n");
	if (!reports)
		at = put(at, "The sandbox was ended: this is a bug of Kernelet's, or an attack on it. Please report it.\n");
	sys3(SYS_write, 2, text, at - text);
	if (!reports)
		sys3(SYS_exit_group, 128, 0, 0);
	regs[REG_RAX] = -EPERM;
}

/* Installs the handler for calls that the filter answers with SIGSYS. 0 or -errno. */
jlong JNI(onRefusedCall)(void *env, void *cls, jint report)
{
	struct sigaction action = { .sa_sigaction = refused, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	static const int faults[] = { SIGILL, SIGBUS, SIGFPE, SIGSEGV, SIGTRAP };
	struct sigaction fault;

	(void)env, (void)cls;
	reports = report;
	/* The machine's report of a crash makes calls that are not on the list: with SIGSYS blocked it would end without a word. */
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		if (sigaction(faults[i], 0, &fault) || fault.sa_handler == SIG_DFL)
			continue;
		sigdelset(&fault.sa_mask, SIGSYS);
		sigaction(faults[i], &fault, 0);
	}
	return sigaction(SIGSYS, &action, 0) ? -errno : 0;
}

/* What confine_thread does to the thread it runs on; the same for all. */
static struct {
	int ruleset; /* Landlock's, or -1 */
	unsigned capabilities[6]; /* effective, permitted, inheritable: low words, then high ones */
	int tids[64]; /* who has, in order of coming; beyond these only the number is known */
	volatile int done, error;
} confinement;

/* no_new_privs, Landlock domain, capabilities: all three are a thread's, and none is passed on to others by the kernel. */
static void confine_thread(int sig)
{
	long error = sys6(SYS_prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0, 0);

	(void)sig;
	if (!error && confinement.ruleset >= 0)
		error = sys3(SYS_landlock_restrict_self, confinement.ruleset, 0, 0);
	if (!error)
		error = sys3(SYS_capset, (&(struct capabilities){ 0x20080522, 0 }), confinement.capabilities, 0);
	if (error)
		confinement.error = -(int)error;
	unsigned n = __atomic_fetch_add(&confinement.done, 1, __ATOMIC_SEQ_CST);
	if (n < sizeof confinement.tids / sizeof *confinement.tids)
		__atomic_store_n(&confinement.tids[n], (int)sys3(SYS_gettid, 0, 0, 0), __ATOMIC_SEQ_CST);
}

/* Confines the calling thread, and lets signal 64 do the same to the one that gets it. 0 or -errno. */
jlong JNI(confine)(void *env, void *cls, jlong ruleset, jlong keep)
{
	struct sigaction action = { .sa_handler = confine_thread, .sa_flags = SA_RESTART | SA_ONSTACK };
	struct capabilities self = { 0x20080522, 0 };

	(void)env, (void)cls;
	sys3(SYS_capget, &self, confinement.capabilities, 0);
	for (int i = 0; i < 6; i++)
		confinement.capabilities[i] &= i % 3 == 2 ? 0 : (unsigned)(i < 3 ? keep : keep >> 32);
	confinement.ruleset = (int)ruleset;
	sigfillset(&action.sa_mask);
	if (sigaction(64, &action, 0))
		return -errno;
	confine_thread(0);
	return -confinement.error;
}

/* How many threads have been confined, with a tid whether that one has; or -errno of one that could not be. */
jlong JNI(confined)(void *env, void *cls, jlong tid)
{
	(void)env, (void)cls;
	if (confinement.error)
		return -confinement.error;
	if (!tid)
		return confinement.done;
	for (unsigned i = 0; i < sizeof confinement.tids / sizeof *confinement.tids; i++)
		if (__atomic_load_n(&confinement.tids[i], __ATOMIC_SEQ_CST) == tid)
			return 1;
	return 0;
}

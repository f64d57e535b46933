/*
 * The launcher: loads the virtual machine of the runtime beside it and calls dev.kernelet.cli.Main.start. This process
 * then is the sandbox: it never execs again, so killing it kills the sandbox.
 *
 * What it records before the machine starts, because the machine changes it (see dev.kernelet.sandbox.Inherited):
 *
 *   - argv and environ as bytes. The machine's own environment is then emptied but for LC_ALL and _JAVA_SR_SIGNUM, so
 *     that JAVA_TOOL_OPTIONS, TZ or LD_* change nothing in the Sentry.
 *   - which of the descriptors 0, 1 and 2 were closed. A closed one is held by an O_PATH descriptor, on which read and
 *     write fail with EBADF too, so that no file of the machine gets its number.
 *   - which signals were ignored and which were blocked: the first program inside inherits both.
 *   - the resource limits.
 *
 * Signals. Blocked in every thread before the machine starts, to be read by the Sentry from one signalfd and given to
 * the program inside:
 *
 *     HUP INT QUIT USR1 USR2 PIPE ALRM TERM STKFLT CHLD CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR, 34 to 62
 *
 * PIPE and XFSZ that a host call of the Sentry's own raises are for the calling thread alone, and stay pending there: the
 * signalfd's reader, which writes nothing, sees those that were sent. Not blocked: the faults (ILL TRAP BUS FPE SEGV SYS),
 * ABRT, 32 and 33 (C library), 63 (the machine's own, instead of USR2), 64. A process started from here inherits the mask and
 * must reset it. -Xrs keeps the machine from touching HUP, INT, TERM and QUIT. An ignored signal stays ignored but is queued while blocked, so the signalfd reports it: drop it there. CHLD is set to its default,
 * else children could not be waited for. A background read of the terminal gives EIO, as TTIN is blocked.
 *
 * Environment variables for development, all without effect on the program inside:
 *   KERNELET_VM_OPTIONS  more options, separated by blanks (the last one wins)
 *   KERNELET_CLASSES     class path to use instead of the jar; leaves the AOT cache out
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "jail.h"
#include "outside.h"
#include "pool.h"

#define FAILURE 128 /* exit status of every failure of Kernelet's own */
#define OPTIONS_MAX 96
#define STACK_SIZE (1 << 20)
#define SR_SIGNAL "63"
#define SLICE 250000 /* nanoseconds */
#define JAR_TIME 1735689600 /* as bin/dist sets it */

/* The layout of the long[] given to Main.start: Inherited.java reads it. The supplementary groups follow. */
enum { INFO_IGNORED, INFO_BLOCKED, INFO_CLOSED, INFO_CHANNEL, INFO_HAND, INFO_JAIL, INFO_RLIMITS = INFO_JAIL + 5,
       INFO_COUNT = INFO_RLIMITS + 2 * 16 };

static char home[PATH_MAX];
static char **arguments, **environment;
static jlong info[INFO_COUNT];
static gid_t groups[65536];
static int group_count;
static JavaVMOption options[OPTIONS_MAX];
static int option_count;
static int here = -1; /* the caller's directory, when the machine must start in another one */
static int is_spare; /* started ahead of need (pool.c): tells its status */
static int training; /* the machine must end by itself: it writes its AOT configuration then */

static _Noreturn void leave(int status)
{
	outside_end();
	for (;;)
		syscall(SYS_exit_group, status);
}

static _Noreturn void fail(const char *what, const char *cause, const char *remedy)
{
	signal(SIGXFSZ, SIG_IGN);
	fprintf(stderr, "kernelet: %s: %s\n%s\n", what, cause, remedy);
	leave(FAILURE);
}

/* The directory above bin/, wherever it is and through whatever links it was called. */
static void find_home(void)
{
	ssize_t n = readlink("/proc/self/exe", home, sizeof home - 1);

	if (n > 0) {
		home[n] = 0;
	} else { /* no /proc here */
		const char *name = (const char *)getauxval(AT_EXECFN);
		if (!name || !realpath(name, home))
			fail("cannot find my own program file", strerror(errno), "Mount /proc, or call me by my full path.");
	}
	for (int level = 0; level < 2; level++) {
		char *slash = strrchr(home, '/');
		if (slash)
			*slash = 0;
	}
}

static void record_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		info[INFO_CLOSED] |= 1 << fd;
		/* Lowest free number: this one. No directory, which would be a way out of an empty root. */
		if (open("/dev/null", O_PATH | O_CLOEXEC) != fd && open("/", O_PATH | O_CLOEXEC) != fd)
			leave(FAILURE);
	}
}

static void record_signals(void)
{
	static const int unblocked[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSTOP, SIGSYS,
					 32, 33, 63, 64 };
	struct sigaction action;
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int sig = 1; sig <= 64; sig++) {
		if (sigismember(&set, sig) == 1)
			info[INFO_BLOCKED] |= 1L << (sig - 1);
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			info[INFO_IGNORED] |= 1L << (sig - 1);
	}
	sigfillset(&set);
	for (size_t i = 0; i < sizeof unblocked / sizeof *unblocked; i++)
		sigdelset(&set, unblocked[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	/* The Sentry stops by these when the job inside stops. */
	signal(SIGTSTP, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
}

static void record_limits(void)
{
	for (int i = 0; i < 16; i++) {
		struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
		getrlimit(i, &limit);
		info[INFO_RLIMITS + 2 * i] = limit.rlim_cur;
		info[INFO_RLIMITS + 2 * i + 1] = limit.rlim_max;
	}
}

/*
 * Limits under which the machine or the Sentry could not start, said before they fail in the middle: address space (the heap,
 * classes and the arenas are reserved, not used), size of files (an arena is a file of 512 MB, nearly all of it a hole), descriptors.
 */
static void check_limits(void)
{
	static const struct { int which; rlim_t least; const char *text, *remedy; } needs[] = {
		{ RLIMIT_AS, 8UL << 30, "less than 8 GB of address space is allowed",
		  "Raise the limit: ulimit -v unlimited. Most of it is reserved, not used; --memory limits what is used inside." },
		{ RLIMIT_FSIZE, 1UL << 30, "files of 1 GB are not allowed", "Raise the limit: ulimit -f unlimited." },
		{ RLIMIT_NOFILE, 32, "fewer than 32 descriptors are allowed", "Raise the limit: ulimit -n 1024." },
	};

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		struct rlimit limit = { info[INFO_RLIMITS + 2 * needs[i].which], info[INFO_RLIMITS + 2 * needs[i].which + 1] };
		if (limit.rlim_cur >= needs[i].least)
			continue;
		limit.rlim_cur = limit.rlim_max; /* ours; the program inside gets the caller's */
		if (limit.rlim_max < needs[i].least || setrlimit(needs[i].which, &limit))
			fail("cannot start under this limit", needs[i].text, needs[i].remedy);
	}
}

/*
 * Threads and stubs talk a lot and compute little at a time. With the usual slice a woken one waits until whoever else has
 * its processor is through with his own (fork takes five times as long beside a busy process); a short one lets it go first
 * (EEVDF, Linux 6.12) without a larger share. Inherited by all of them; where it is refused, nothing else changes.
 */
static void take_short_slices(void)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t slice, deadline, period; } attr;

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) || attr.policy != SCHED_OTHER || attr.slice <= SLICE)
		return;
	attr.flags &= 1; /* SCHED_FLAG_RESET_ON_FORK */
	attr.slice = SLICE;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}

/*
 * bin/kernelet is a bash script: bash sets some variables, and takes PS1 and PS2 out. KERNELET_CALLER has them as they were,
 * each ended by a byte 1: puts those back and takes the others out, as well as KERNELET_CALLER.
 */
static void restore_shell_variables(char *before)
{
	static const char *changed[] = { "SHLVL=", "PWD=", "OLDPWD=", "_=", "PS1=", "PS2=", "SHELLOPTS=", "BASHOPTS=",
					 "KERNELET_CALLER=" };
	size_t count = 0, n = 0, i;
	char **restored, *save, *entry;

	while (environ[count])
		count++;
	for (char *c = before; *c; c++)
		count += *c == 1;
	restored = calloc(count + 1, sizeof *restored);
	for (char **from = environ; *from; from++) {
		for (i = 0; i < sizeof changed / sizeof *changed; i++)
			if (!strncmp(*from, changed[i], strlen(changed[i])))
				break;
		if (i == sizeof changed / sizeof *changed)
			restored[n++] = *from;
	}
	for (entry = strtok_r(before, "\1", &save); entry; entry = strtok_r(NULL, "\1", &save))
		restored[n++] = entry;
	environ = restored;
}

/* Keeps the caller's environment for the program inside and empties our own. */
static void record_environment(void)
{
	static char *own[] = { "LC_ALL=C", "_JAVA_SR_SIGNUM=" SR_SIGNAL, NULL };

	environment = environ;
	environ = own;
	/* The machine decodes paths of its own files by the locale. */
	for (char *c = home; *c; c++)
		if (*c & 0x80)
			own[0] = "LC_ALL=C.UTF-8";
}

static const char *development_variable(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environment; *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=' && (*e)[n + 1])
			return *e + n + 1;
	return NULL;
}

/* The machine gives up by exit(3) or _exit(2): while it starts, or when it is out of memory. We never call these. */
static void machine_exits(int status, void *unused)
{
	(void)unused;
	if (training && status == 0)
		return;
	fail("the Java virtual machine gave up", "not enough memory, or an option it does not know",
	     "See the lines above; check ulimit -v, free memory and KERNELET_VM_OPTIONS.");
}

/* In place of the C library's, for libjvm.so. */
__attribute__((visibility("default"))) void _exit(int status)
{
	machine_exits(status, NULL);
	leave(status);
}

static void add_option(char *text)
{
	if (option_count == OPTIONS_MAX)
		fail("too many options for the virtual machine", text, "Shorten lib/vm.options or KERNELET_VM_OPTIONS.");
	/* The machine ends by itself when it makes a cache; otherwise we need not wait for that. */
	if (!strncmp(text, "-XX:AOTMode=record", 18) || !strncmp(text, "-XX:AOTMode=create", 18))
		training = 1;
	options[option_count++].optionString = text;
}

/* One line of vm.options, or one word of KERNELET_VM_OPTIONS, with @HOME@ replaced. */
static void add_line(char *line, const char *classes)
{
	char *mark = strstr(line, "@HOME@"), *text;

	if (!*line || *line == '#')
		return;
	if (classes && !strncmp(line, "-XX:AOTCache=", 13))
		return;
	if (classes && !strncmp(line, "-Xbootclasspath/a:", 18)) {
		if (asprintf(&text, "-Xbootclasspath/a:%s", classes) < 0)
			leave(FAILURE);
		add_option("-Dkernelet.classes=yes");
	} else if (mark) {
		if (asprintf(&text, "%.*s%s%s", (int)(mark - line), line, home, mark + 6) < 0)
			leave(FAILURE);
	} else {
		text = line;
	}
	add_option(text);
}

/* What ends, or only waits, before the compiler is of any use: without it a command takes 3 ms of 24 less. */
static int is_short(char **argv)
{
	static const char *const names[] = { "state", "start", "exec", "kill", "delete", "list", "ps", "pause",
						"resume", "wait", "features" };
	const char *name = argv[container_command(argv)];

	for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return 1;
	return 0;
}

static void read_options(char **argv)
{
	static char text[16384], extra[4096];
	const char *more = development_variable("KERNELET_VM_OPTIONS");
	const char *classes = development_variable("KERNELET_CLASSES");
	char path[PATH_MAX + 32], *save, *line;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "%s/lib/vm.options", home);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, sizeof text - 1);
	if (n <= 0)
		fail("cannot read lib/vm.options", strerror(errno), "The distribution is incomplete: make it again with bin/dist.");
	close(fd);
	text[n] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_line(line, classes);
	if (is_short(argv))
		add_option("-Xint");
	if (more) {
		snprintf(extra, sizeof extra, "%s", more);
		for (line = strtok_r(extra, " ", &save); line; line = strtok_r(NULL, " ", &save))
			add_line(line, NULL);
	}
}

/* The machine drops the AOT cache when the jar's modification time is another; copies often have one of their own. */
static void restore_jar_time(void)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { JAR_TIME, 0 } };
	char path[PATH_MAX + 32];
	struct stat status;

	snprintf(path, sizeof path, "%s/lib/kernelet.jar", home);
	if (stat(path, &status) == 0 && status.st_mtime != JAR_TIME)
		utimensat(AT_FDCWD, path, times, 0); /* where it may not be written starts are slow */
}

static jobjectArray byte_strings(JNIEnv *env, char **strings)
{
	jclass type = (*env)->FindClass(env, "[B");
	jobjectArray array;
	jsize count = 0;

	while (strings[count])
		count++;
	array = (*env)->NewObjectArray(env, count, type, NULL);
	for (jsize i = 0; i < count; i++) {
		jsize n = strlen(strings[i]);
		jbyteArray bytes = (*env)->NewByteArray(env, n);
		(*env)->SetByteArrayRegion(env, bytes, 0, n, (jbyte *)strings[i]);
		(*env)->SetObjectArrayElement(env, array, i, bytes);
		(*env)->DeleteLocalRef(env, bytes);
	}
	return array;
}

/* static int start(byte[] home, byte[][] arguments, byte[][] environment, long[] info) */
static int call_main(JNIEnv *env)
{
	jclass main_class = (*env)->FindClass(env, "dev/kernelet/cli/Main");
	jmethodID start = main_class ? (*env)->GetStaticMethodID(env, main_class, "start", "([B[[B[[B[J)I") : NULL;
	jlongArray numbers;
	jbyteArray directory;
	jlong *group = calloc(group_count + 1, sizeof *group);
	int status;

	if (!start) {
		(*env)->ExceptionDescribe(env);
		return FAILURE;
	}
	if (here >= 0 && fchdir(here))
		leave(FAILURE);
	for (int i = 0; i < group_count; i++)
		group[i] = groups[i];
	numbers = (*env)->NewLongArray(env, INFO_COUNT + group_count);
	(*env)->SetLongArrayRegion(env, numbers, 0, INFO_COUNT, info);
	(*env)->SetLongArrayRegion(env, numbers, INFO_COUNT, group_count, group);
	free(group);
	directory = (*env)->NewByteArray(env, strlen(home));
	(*env)->SetByteArrayRegion(env, directory, 0, strlen(home), (jbyte *)home);
	status = (*env)->CallStaticIntMethod(env, main_class, start, directory, byte_strings(env, arguments + 1),
					     byte_strings(env, environment), numbers);
	if ((*env)->ExceptionCheck(env)) {
		(*env)->ExceptionDescribe(env);
		return FAILURE;
	}
	return status;
}

/* Runs on a thread of its own: the first thread's stack is as large as the caller's limits say. */
static void *run(void *unused)
{
	JavaVMInitArgs args = { JNI_VERSION_10, option_count, options, JNI_FALSE };
	jint (*create)(JavaVM **, void **, void *);
	char path[PATH_MAX + 64];
	void *library;
	JavaVM *vm;
	JNIEnv *env;
	int status;

	(void)unused;
	on_exit(machine_exits, NULL);
	snprintf(path, sizeof path, "%s/runtime/lib/server/libjvm.so", home);
	library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	create = library ? (jint(*)(JavaVM **, void **, void *))dlsym(library, "JNI_CreateJavaVM") : NULL;
	if (!create)
		fail("cannot load the Java runtime", dlerror(), "The distribution is incomplete: make it again with bin/dist.");
	/* The machine and its class loader do not start in a directory that has been removed. */
	here = getcwd(path, sizeof path) ? -1 : open(".", O_PATH | O_CLOEXEC);
	if (here >= 0 && chdir("/"))
		leave(FAILURE);
	if (create(&vm, (void **)&env, &args) != JNI_OK)
		machine_exits(1, NULL);
	status = call_main(env);
	if (training)
		(*vm)->DestroyJavaVM(vm);
	if (is_spare && write(SPARE_FD, &status, sizeof status) < 0)
		leave(FAILURE);
	leave(status);
}

static void enter_pool(void)
{
	struct pool_header header = { info[INFO_IGNORED], info[INFO_BLOCKED], info[INFO_CLOSED], umask(0), 0, 0 };

	umask(header.umask);
	pool_enter(arguments, &header, info + INFO_RLIMITS, 2 * 16);
}

int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)argc;
	arguments = argc > 0 ? argv : (char *[]){ "kernelet", NULL };
	record_stdio();
	record_signals();
	if (container_is_rest(argc, argv)) {
		syscall(SYS_close_range, 3, ~0U, 0);
		container_rest();
	}
	record_limits();
	check_limits();
	take_short_slices();
	group_count = getgroups(sizeof groups / sizeof *groups, groups); /* in a user namespace they may have no number */
	if (group_count < 0)
		group_count = 0;
	if (getenv("KERNELET_CALLER"))
		restore_shell_variables(getenv("KERNELET_CALLER"));
	if (pool_is_spare(arguments))
		is_spare = 1;
	else
		enter_pool();
	container_prepare(arguments, &info[INFO_CHANNEL], &info[INFO_HAND]);
	if (is_spare)
		info[INFO_CHANNEL] = SPARE_FD;
	/* Descriptors of the caller's that are not given on are nothing the Sentry should hold. */
	if (info[INFO_CHANNEL] < 0)
		syscall(SYS_close_range, 3, ~0U, 0);
	/* Before the namespaces: as the only process of a mount namespace we take the mount of our own file away by leaving it. */
	find_home();
	jail_enter(arguments, (struct jail *)&info[INFO_JAIL]);
	record_environment();
	read_options(arguments);
	restore_jar_time();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, run, NULL))
		fail("cannot create a thread", "the caller's limits do not allow one", "Raise them (ulimit -u, ulimit -v).");
	if (info[INFO_JAIL + 4] && info[INFO_HAND] < 0)
		jail_door(home);
	container_hand(home);
	pthread_join(thread, NULL);
	return FAILURE;
}

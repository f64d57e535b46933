/*
 * The process outside: stays where the caller was when the sandbox's process goes into namespaces, and makes a few host calls
 * on names for it. It shares the table of descriptors with the Sentry and one piece of memory, nothing else, so that a request
 * is numbers and a few bytes and a descriptor it opens is the Sentry's at once.
 *
 *   owners   In a user namespace that maps one id, every file of another owner looks like nobody's; here it does not.
 *   files    --directfs=false: all calls that open, name or change files of the host.
 *   sockets  --host-uds: connects a socket to one of the host's that the Sentry has a descriptor of, or (create) gives it a name
 *            beneath a directory that the Sentry has a descriptor of.
 *   guard    It leads the process group that all stubs are born into and cannot leave (their filter has neither setpgid nor
 *            setsid). When the Sentry has ended in whatever way, SIGKILL included, it kills the group: a process forked behind
 *            the Sentry's back has no parent-death signal.
 *
 * A name is one component: no slash, not "..", and no symbolic link is followed, so nothing is reached but what lies beneath
 * a descriptor that the Sentry has. All that is in the shared memory may change at any time: it is copied first, then checked.
 * Its list of calls is the table below, with what waiting and ending need, and kill(2) of that group. It dies with the process that started it: it watches
 * that, for the parent-death signal alone does not pass the scope of the parent's Landlock domain.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outside.h"

/* Requests that are no host call, and their argument: all before the program inside runs. */
#define SEAL (-1L) /* the list of calls; 1: of "files", 2: of "sockets", 4: of the guard alone, 8: sockets get names */
#define RESTRICT (-2L) /* Landlock; a ruleset's descriptor */
#define NAME_ROOM 4096
#define BUFFER_ROOM 4096
#define LOOK_MILLIS 100
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/*
 * Kinds of arguments. n: a number; c: a name, one component; t: the text of a symbolic link; o: struct open_how, copied and
 * checked; b: a buffer of 4096 bytes that is the caller's to read afterwards; s: two struct timespec. All but n are offsets.
 */
static const struct call { short number; char is_owners; const char kinds[7]; } calls[] = {
	{ SYS_statx, 1, "ncnnb" },	{ SYS_fchownat, 1, "ncnnn" },	{ SYS_openat2, 0, "ncon" },
	{ SYS_readlinkat, 0, "ncbn" },	{ SYS_mkdirat, 0, "ncn" },	{ SYS_mknodat, 0, "ncnn" },
	{ SYS_unlinkat, 0, "ncn" },	{ SYS_symlinkat, 0, "tnc" },	{ SYS_linkat, 0, "ncncn" },
	{ SYS_renameat2, 0, "ncncn" },	{ SYS_fchmodat2, 0, "ncnn" },	{ SYS_utimensat, 0, "ncsn" },
};
#define CALLS (sizeof calls / sizeof *calls)

static struct outside *shared;
static int child;

static char *data(void) { return (char *)shared + OUTSIDE_DATA; }

/* A copy of the text at the offset; NULL: not within the memory. */
static const char *copy_text(long offset, char *to, int is_name)
{
	if (offset < 0 || offset > OUTSIDE_SIZE - OUTSIDE_DATA - NAME_ROOM)
		return NULL;
	memcpy(to, data() + offset, NAME_ROOM);
	to[NAME_ROOM - 1] = 0;
	return is_name && (strchr(to, '/') || !strcmp(to, "..")) ? NULL : to;
}

static void *buffer(long offset)
{
	return offset >= 0 && offset <= OUTSIDE_SIZE - OUTSIDE_DATA - BUFFER_ROOM ? data() + offset : NULL;
}

static long copy_how(long offset, struct open_how *how)
{
	if (!buffer(offset))
		return 0;
	memcpy(how, buffer(offset), sizeof *how);
	how->resolve |= RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	how->flags |= O_CLOEXEC;
	return (long)how;
}

/* Whether an open would reach a device: opening one may do something. Who changes names meanwhile is on the host. */
static int is_device(int dir, const char *name)
{
	struct statx status;

	return statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_TYPE, &status) == 0 &&
	       (S_ISCHR(status.stx_mode) || S_ISBLK(status.stx_mode));
}

static long serve(const struct call *call)
{
	static char names[2][NAME_ROOM];
	struct open_how how;
	struct timespec times[2];
	long a[6] = { 0 };
	int name = 0;

	for (int i = 0; call->kinds[i]; i++) {
		a[i] = shared->arguments[i];
		switch (call->kinds[i]) {
		case 'c':
		case 't':
			a[i] = (long)copy_text(a[i], names[name], call->kinds[i] == 'c');
			name++;
			break;
		case 'o':
			a[i] = copy_how(a[i], &how);
			break;
		case 'b':
			a[i] = (long)buffer(a[i]);
			break;
		case 's':
			if (buffer(a[i]))
				memcpy(times, buffer(a[i]), sizeof times);
			a[i] = buffer(a[i]) ? (long)times : 0;
			break;
		default:
			continue;
		}
		if (!a[i])
			return -EINVAL;
	}
	/* Links are never followed; an empty name stands for the descriptor itself. */
	if (call->number == SYS_statx)
		a[2] |= AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	if (call->number == SYS_fchownat || call->number == SYS_fchmodat2 || call->number == SYS_utimensat)
		a[call->number == SYS_fchownat ? 4 : 3] |= AT_SYMLINK_NOFOLLOW;
	if (call->number == SYS_mknodat && (a[2] & S_IFMT) != S_IFIFO && (a[2] & S_IFMT) != S_IFSOCK && (a[2] & S_IFMT) != S_IFREG)
		return -EPERM;
	if (call->number == SYS_linkat)
		a[4] &= AT_EMPTY_PATH;
	if (call->number == SYS_readlinkat && (a[3] < 0 || a[3] > BUFFER_ROOM))
		return -EINVAL;
	if (call->number == SYS_openat2 && !(how.flags & O_PATH) && is_device(a[0], names[0]))
		return -EACCES;
	a[0] = syscall(call->number, a[0], a[1], a[2], a[3], a[4]);
	return a[0] < 0 ? -errno : a[0];
}

/* The list of calls: those of the table, waiting and ending; anything else ends the process. */
static long seal(int is_files, int is_sockets, int is_guard, int is_names)
{
	struct sock_filter code[2 * CALLS + 32];
	struct sock_fprog program = { 0, code };
	static const int always[] = { SYS_futex, SYS_poll, SYS_read, SYS_sched_setaffinity, SYS_getppid, SYS_restart_syscall,
				    SYS_exit_group };

#define PUT(...) code[program.len++] = (struct sock_filter)__VA_ARGS__
#define ALLOW(number) PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1)); PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW))
	PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
		ALLOW(always[i]);
	}
	if (is_sockets) {
		ALLOW(SYS_connect);
	}
	if (is_names) {
		ALLOW(SYS_bind);
		ALLOW(SYS_umask);
	}
	for (size_t i = 0; i < CALLS; i++) {
		if (is_guard || (!calls[i].is_owners && !is_files))
			continue;
		ALLOW(calls[i].number);
	}
	PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 5));
	PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
	PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)-getpid(), 0, 3));
	PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])));
	PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGKILL, 0, 1));
	PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? -errno : 0;
}

/* What root needs to be root towards files; nobody else has any, nor a guard. */
static void drop_capabilities(int is_guard)
{
	struct { unsigned version; int pid; } self = { 0x20080522, 0 };
	unsigned sets[6] = { 0 };

	syscall(SYS_capget, &self, sets);
	for (int i = 0; i < 6; i++)
		sets[i] &= i < 2 && !is_guard ? 0x1f : 0; /* CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID */
	syscall(SYS_capset, &self, sets);
}

static int write_text(int pid, const char *name, const char *text)
{
	char path[64];
	int fd, failed;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	failed = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return failed;
}

/* user_namespaces(7): root keeps all ids, anybody else has their own. */
long outside_write_maps(int pid, int is_identity)
{
	char users[64], groups[64];
	int failed = 0;

	if (is_identity) {
		strcpy(users, "0 0 4294967295");
		strcpy(groups, users);
	} else {
		snprintf(users, sizeof users, "%u %u 1", geteuid(), geteuid());
		snprintf(groups, sizeof groups, "%u %u 1", getegid(), getegid());
		failed = write_text(pid, "setgroups", "deny");
	}
	if (!failed)
		failed = write_text(pid, "uid_map", users);
	return failed ? failed : write_text(pid, "gid_map", groups);
}

/* connect(2) to a socket's file by its descriptor: argument 0 is the socket, 1 the O_PATH descriptor. */
static long connect_to_file(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d", (int)shared->arguments[1]);
	return connect(shared->arguments[0], (struct sockaddr *)&name, sizeof name) ? -errno : 0;
}

/* bind(2) of socket 0 in the directory 1 to the name 2 with mode 3. */
static long bind_file(void)
{
	static char name[NAME_ROOM];
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int failed;

	if (!copy_text(shared->arguments[2], name, 1) || !*name)
		return -EINVAL;
	if (snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/%s", (int)shared->arguments[1], name) >= (int)sizeof to.sun_path)
		return -ENAMETOOLONG;
	umask(~shared->arguments[3] & 0777);
	failed = bind(shared->arguments[0], (struct sockaddr *)&to, sizeof to) ? -errno : 0;
	umask(0);
	return failed;
}

static long answer(long number)
{
	static int is_sealed, is_files, is_sockets, is_guard, is_names;

	if (!is_sealed && number == OUTSIDE_MAPS)
		return outside_write_maps(getppid(), shared->arguments[0]);
	if (!is_sealed && number == RESTRICT)
		return syscall(SYS_landlock_restrict_self, shared->arguments[0], 0) ? -errno : 0;
	if (!is_sealed && number == SEAL) {
		is_sealed = 1;
		is_files = shared->arguments[0] & 1;
		is_sockets = shared->arguments[0] >> 1 & 1;
		is_guard = shared->arguments[0] >> 2 & 1;
		is_names = shared->arguments[0] >> 3 & 1;
		drop_capabilities(is_guard);
		return seal(is_files, is_sockets, is_guard, is_names);
	}
	if (is_sockets && number == SYS_connect)
		return connect_to_file();
	if (is_names && number == SYS_bind)
		return bind_file();
	for (size_t i = 0; i < CALLS; i++)
		if (calls[i].number == number && !is_guard && (calls[i].is_owners || is_files || !is_sealed))
			return serve(&calls[i]);
	return -ENOSYS;
}

/* To the asker's processor: handing over costs a tenth of waking another one. */
static void follow(int processor)
{
	static int here = -1;
	cpu_set_t set;

	if (processor == here || processor < 0 || processor >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	syscall(SYS_sched_setaffinity, 0, sizeof set, &set);
	here = processor;
}

static void ring(int turn)
{
	__atomic_store_n(&shared->turn, turn, __ATOMIC_RELEASE);
	syscall(SYS_write, shared->bell, &(unsigned long){ 1 }, sizeof(long));
}

static _Noreturn void live(int parent)
{
	struct pollfd events[2] = { 0 };
	int self = getpid();
	unsigned long rings;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "kernelet-files");
	umask(0); /* modes come with the application's */
	if (getppid() != parent)
		syscall(SYS_exit_group, 1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	events[0].fd = syscall(SYS_pidfd_open, parent, 0); /* negative before Linux 5.3: poll(2) passes over it */
	events[1].fd = shared->bell;
	events[0].events = events[1].events = POLLIN;
	for (;;) {
		syscall(SYS_poll, events, 2, events[0].fd < 0 ? LOOK_MILLIS : -1);
		if (events[0].revents || events[1].revents & ~POLLIN || (events[0].fd < 0 && getppid() != parent)) {
			syscall(SYS_kill, -self, SIGKILL); /* ourselves, too */
			syscall(SYS_exit_group, 0);
		}
		if (!events[1].revents)
			continue;
		syscall(SYS_read, shared->bell, &rings, sizeof rings);
		if (__atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) == OUTSIDE_LEAVES)
			syscall(SYS_exit_group, 0);
		if (__atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) != OUTSIDE_ASKED)
			continue;
		follow(shared->processor);
		shared->result = answer(shared->call);
		__atomic_store_n(&shared->turn, OUTSIDE_IDLE, __ATOMIC_RELEASE);
		syscall(SYS_futex, &shared->turn, FUTEX_WAKE, 1);
	}
}

struct outside *outside_start(int *pid)
{
	int parent = getpid();

	shared = mmap(NULL, OUTSIDE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return NULL;
	shared->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Without a signal at its end: nobody who waits for stubs is told of it. */
	child = syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
	if (child == 0)
		live(parent);
	if (child < 0) {
		munmap(shared, OUTSIDE_SIZE);
		child = 0;
		return NULL;
	}
	setpgid(child, child);
	*pid = child;
	return shared;
}

long outside_ask(long call, long argument)
{
	if (!child)
		return -EIO;
	shared->call = call;
	shared->arguments[0] = argument;
	shared->processor = -1;
	ring(OUTSIDE_ASKED);
	while (__atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) == OUTSIDE_ASKED)
		if (waitpid(child, NULL, WNOHANG | __WALL) == child) /* killed, or out of memory */
			return child = 0, -EIO;
		else
			syscall(SYS_futex, &shared->turn, FUTEX_WAIT, OUTSIDE_ASKED, &(struct timespec){ 0, 100000000 });
	return shared->result;
}

int outside_only_guards(void)
{
	return outside_ask(SEAL, 4) == 0;
}

/* Before the process ends: else whoever inherits its children would have to reap it. */
void outside_end(void)
{
	if (child <= 0)
		return;
	ring(OUTSIDE_LEAVES);
	/* Not for ever: it may be in the middle of a call. Then the end of this process ends it. */
	for (int i = 0; i < 100 && syscall(SYS_wait4, child, NULL, __WALL | WNOHANG, NULL) == 0; i++)
		syscall(SYS_futex, &shared->turn, FUTEX_WAIT, OUTSIDE_LEAVES, &(struct timespec){ 0, 200000 });
	child = 0;
}

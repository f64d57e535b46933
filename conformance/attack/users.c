/*
 * A process reaches for one of another user's, and for one of its own user's that may not be dumped: memory, environment,
 * descriptors, maps, signals, limits. To be started by root; passes natively, too.
 *
 *   users DIRECTORY     (a directory of root's that others may enter)
 */
#include "attack.h"
#include <grp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define VICTIM 1001
#define ATTACKER 1000

static char secret[64] = "a secret in memory";
static int victim, secret_fd;

static int start(const char *directory, int uid, int dumpable)
{
	int ready[2], pid;
	char byte, path[256];
	if (pipe(ready)) exit(2);
	snprintf(path, sizeof path, "%s/secret.%d", directory, uid);
	if ((pid = fork()) == 0) {
		close(ready[0]);
		secret_fd = open(path, O_CREAT | O_RDWR, 0600);
		if (secret_fd < 0 || write(secret_fd, secret, sizeof secret) < 0 || fchown(secret_fd, uid, uid)) _exit(3);
		dup2(secret_fd, 100);
		if (setgid(uid) || setuid(uid)) _exit(3);
		prctl(PR_SET_DUMPABLE, dumpable);
		if (write(ready[1], "x", 1) != 1) _exit(3);
		for (;;) pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) exit(2);
	close(ready[0]);
	return pid;
}

/* Natively some say ENOENT or ESRCH where others say EPERM; what counts is that nothing is had. */
static void cannot_open(const char *name, int flags)
{
	char path[128], bytes[256];
	snprintf(path, sizeof path, "/proc/%d/%s", victim, name);
	int fd = open(path, flags);
	if (fd < 0) return;
	/* Some can be opened by everybody and refuse to be read. */
	long n = (flags & 3) == O_RDONLY ? read(fd, bytes, sizeof bytes) : write(fd, "0", 1);
	HOLDS(n <= 0 || (n == 1 && bytes[0] == '0'), "%s: %ld bytes", path, n);
	close(fd);
}

#define REFUSED(call) do { errno = 0; long r_ = (long)(call); HOLDS(r_ == -1, #call " is %ld", r_); } while (0)

static void reach_memory(void)
{
	char bytes[64];
	struct iovec local = { bytes, sizeof bytes }, remote = { secret, sizeof secret };
	cannot_open("mem", O_RDONLY), cannot_open("mem", O_RDWR), cannot_open("environ", O_RDONLY), cannot_open("maps", O_RDONLY);
	cannot_open("smaps", O_RDONLY), cannot_open("auxv", O_RDONLY), cannot_open("io", O_RDONLY), cannot_open("syscall", O_RDONLY);
	cannot_open("stack", O_RDONLY), cannot_open("pagemap", O_RDONLY), cannot_open("personality", O_RDONLY);
	cannot_open("timers", O_RDONLY), cannot_open("clear_refs", O_WRONLY), cannot_open("oom_score_adj", O_WRONLY);
	cannot_open("comm", O_WRONLY), cannot_open("fd/100", O_RDONLY), cannot_open("cwd/secret.1001", O_RDONLY);
	cannot_open("root/etc/passwd", O_RDONLY), cannot_open("exe", O_RDONLY), cannot_open("fdinfo/100", O_RDONLY);
	char path[64], link[64];
	static const char *links[] = { "exe", "cwd", "root", "fd/100", "ns/user" };
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", victim, links[i]);
		HOLDS(readlink(path, link, sizeof link) < 0, "%s can be read", path);
	}
	snprintf(path, sizeof path, "/proc/%d/fd", victim);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	HOLDS(fd < 0 || syscall(SYS_getdents64, fd, bytes, sizeof bytes) < 0, "%s can be listed", path);
	REFUSED(process_vm_readv(victim, &local, 1, &remote, 1, 0));
	REFUSED(process_vm_writev(victim, &local, 1, &remote, 1, 0));
	REFUSED(ptrace(PTRACE_ATTACH, victim, 0, 0));
	REFUSED(ptrace(0x4206 /* SEIZE */, victim, 0, 0));
	REFUSED(syscall(SYS_kcmp, getpid(), victim, 0, 0, 0));
	void *head;
	size_t length;
	REFUSED(syscall(SYS_get_robust_list, victim, &head, &length));
	int pidfd = syscall(SYS_pidfd_open, victim, 0);
	REFUSED(syscall(SYS_pidfd_getfd, pidfd, 100, 0));
	REFUSED(syscall(440 /* process_madvise */, pidfd, &remote, 1, MADV_COLD, 0));
	void *page = secret;
	int node = 0, status;
	REFUSED(syscall(SYS_move_pages, victim, 1, &page, &node, &status, 0));
}

static void reach_life(void)
{
	struct rlimit64 limit = { 0, 0 };
	siginfo_t info = { .si_code = SI_QUEUE };
	unsigned long cpus = 1;
	REFUSED(kill(victim, SIGTERM));
	REFUSED(kill(victim, 0));
	REFUSED(syscall(SYS_tgkill, victim, victim, SIGKILL));
	REFUSED(syscall(SYS_tkill, victim, SIGKILL));
	REFUSED(syscall(SYS_rt_sigqueueinfo, victim, SIGUSR1, &info));
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, victim, victim, SIGUSR1, &info));
	int pidfd = syscall(SYS_pidfd_open, victim, 0);
	REFUSED(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	REFUSED(syscall(SYS_prlimit64, victim, RLIMIT_NOFILE, &limit, NULL));
	REFUSED(syscall(SYS_prlimit64, victim, RLIMIT_NOFILE, NULL, &limit));
	REFUSED(syscall(SYS_sched_setaffinity, victim, sizeof cpus, &cpus));
	REFUSED(setpriority(PRIO_PROCESS, victim, 10));
	REFUSED(syscall(SYS_ioprio_set, 1, victim, 3 << 13));
	REFUSED(setpgid(victim, 0));
	/* A signal by the way of a descriptor's owner (fcntl(2)): sent or not with the rights of who set it. */
	int p[2];
	if (pipe(p)) return;
	fcntl(p[0], F_SETOWN, victim), fcntl(p[0], F_SETSIG, SIGTERM), fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	write(p[1], "x", 1);
}

static void others(u64 unused)
{
	(void)unused;
	if (setgroups(0, NULL) || setgid(ATTACKER) || setuid(ATTACKER)) exit(2);
	reach_memory();
	reach_life();
}

static void undumpable(u64 unused)
{
	(void)unused;
	if (setgroups(0, NULL) || setgid(ATTACKER) || setuid(ATTACKER)) exit(2);
	reach_memory();
}

int main(int argc, char **argv)
{
	if (argc < 2 || getuid() || chdir(argv[1])) return 2;
	victim = start(argv[1], VICTIM, 1);
	HOLDS(in_child(others, 0, 30) == 0 || broken, "other user");
	HOLDS(waitpid(victim, NULL, WNOHANG) == 0, "the victim died of it");
	kill(victim, SIGKILL), waitpid(victim, NULL, 0);
	victim = start(argv[1], ATTACKER, 0);
	HOLDS(in_child(undumpable, 0, 30) == 0 || broken, "not dumpable");
	kill(victim, SIGKILL), waitpid(victim, NULL, 0);
	return attack_end();
}

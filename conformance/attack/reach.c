/*
 * Reaches for what is outside of the sandbox. A helper on the host names what is there:
 *
 *   reach PID ABSTRACT-NAME SOCKET FIFO SECRET...
 *
 * PID: a process of the host's; ABSTRACT-NAME, SOCKET, FIFO: where it listens; SECRET: paths of the host's that are not below
 * the sandbox's root.
 */
#include "attack.h"
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#define REFUSED(call) do { errno = 0; long r_ = (long)(call); HOLDS(r_ == -1, #call " is %ld", r_); } while (0)

static void processes(int pid)
{
	char bytes[64], path[64];
	struct iovec local = { bytes, 64 }, remote = { (void *)0x400000, 64 };
	struct rlimit64 limit = { 1, 1 };
	unsigned long cpus = 1;
	siginfo_t info = { .si_code = SI_QUEUE };
	if (kill(pid, 0) == 0 || pid < 1000) return; /* one of our own has that number */
	REFUSED(kill(pid, SIGTERM));
	REFUSED(kill(-pid, SIGTERM));
	REFUSED(syscall(SYS_tkill, pid, SIGKILL));
	REFUSED(syscall(SYS_tgkill, pid, pid, SIGKILL));
	REFUSED(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info));
	REFUSED(syscall(SYS_pidfd_open, pid, 0));
	REFUSED(process_vm_readv(pid, &local, 1, &remote, 1, 0));
	REFUSED(process_vm_writev(pid, &local, 1, &remote, 1, 0));
	REFUSED(ptrace(PTRACE_ATTACH, pid, 0, 0));
	REFUSED(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, NULL));
	REFUSED(syscall(SYS_sched_setaffinity, pid, 8, &cpus));
	REFUSED(setpriority(PRIO_PROCESS, pid, 10));
	REFUSED(getpgid(pid));
	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	REFUSED(open(path, O_RDONLY));
	for (int i = 2; i < 65536; i++) { /* whom we see are ours */
		char status[4096] = "";
		snprintf(path, sizeof path, "/proc/%d/comm", i);
		int fd = open(path, O_RDONLY);
		if (fd < 0) continue;
		if (read(fd, status, sizeof status - 1) < 0) status[0] = 0;
		close(fd);
		HOLDS(!strstr(status, "kernelet") && !strstr(status, "java"), "%s: %s", path, status);
	}
}

static void sockets(const char *abstract, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (type == SOCK_RAW || type == SOCK_RDM) continue;
		int s = socket(AF_UNIX, type, 0);
		memset(un.sun_path, 0, sizeof un.sun_path);
		strcpy(un.sun_path + 1, abstract);
		REFUSED(connect(s, (void *)&un, sizeof(sa_family_t) + 1 + strlen(abstract)));
		strcpy(un.sun_path, path);
		REFUSED(connect(s, (void *)&un, sizeof un));
		REFUSED(sendto(s, "x", 1, 0, (void *)&un, sizeof un));
		close(s);
	}
	char line[4096];
	FILE *f = fopen("/proc/net/unix", "r");
	while (f && fgets(line, sizeof line, f)) HOLDS(!strstr(line, abstract), "/proc/net/unix shows %s", line);
	/* Netlink and the like would speak with the host's kernel. */
	static const int families[] = { 17, 27, 29, 31, 38, 40, 44, 45 }; /* packet, ib, can, bluetooth, alg, vsock, xdp, ... */
	for (unsigned i = 1; i < sizeof families / sizeof *families; i++) {
		for (int type = 1; type <= 5; type++) HOLDS(socket(families[i], type, 0) < 0, "socket of family %d", families[i]);
	}
}

static void pipes(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK);
	if (fd < 0) return;
	/* One of our own with that name is well: what is written must not come out outside, which the helper sees. */
	write(fd, "escaped\n", 8);
	close(fd);
}

static void try(const char *path)
{
	char bytes[64];
	int fd = open(path, O_RDONLY);
	if (fd < 0) return;
	long n = read(fd, bytes, sizeof bytes);
	HOLDS(n <= 0 || !memmem(bytes, n, "SECRET", 6), "%s can be read", path);
	close(fd);
}

static void files(const char *secret)
{
	char path[4096], link[64];
	int root = open("/", O_PATH | O_DIRECTORY);
	static const char *before[] = { "", "/..", "/../..", "/../../../../../../../..", "/proc/1/root", "/proc/self/root",
		"/proc/1/root/..", "/proc/1/cwd/../..", "/proc/self/cwd/../../../..", "/proc/self/fd/../../../..", "/proc/1/fd/0/..",
		"/proc/self/task/1/root/..", "/dev/..", "/dev/fd/../../..", "/proc/../..", "/sys/../..", "/tmp/../.." };
	for (unsigned i = 0; i < sizeof before / sizeof *before; i++) {
		snprintf(path, sizeof path, "%s%s", before[i], secret);
		try(path);
		unlink("/tmp/link");
		if (symlink(path, "/tmp/link") == 0) try("/tmp/link"), try("/tmp/../tmp/link"), try("/proc/self/root/tmp/link");
	}
	snprintf(path, sizeof path, "../../../..%s", secret);
	int fd = openat(root, path, O_RDONLY);
	HOLDS(fd < 0, "%s from a descriptor of the root", path);
	/* The classical ways out of a chroot. */
	mkdir("/tmp/jail", 0755);
	if (chroot("/tmp/jail") == 0) {
		for (int i = 0; i < 64; i++) chdir("..");
		try(secret + 1);
		fchdir(root);
		for (int i = 0; i < 64; i++) chdir("..");
		try(secret + 1);
		chroot("."), try(secret);
	}
	for (int i = 0; i < 32; i++) { /* descriptors that we were not given */
		snprintf(path, sizeof path, "/proc/self/fd/%d", i);
		long n = readlink(path, link, sizeof link);
		HOLDS(n < 0 || i < 3 || i == root || !memmem(link, n, "memfd:", 6), "descriptor %d is %.*s", i, (int)n, link);
	}
}

static void devices(void)
{
	static const struct { const char *name; int major, minor; } nodes[] = { { "mem", 1, 1 }, { "kmsg", 1, 11 }, { "sda", 8, 0 },
		{ "vda", 254, 0 }, { "kvm", 10, 232 }, { "fuse", 10, 229 }, { "tun", 10, 200 }, { "console", 5, 1 }, { "tty1", 4, 1 } };
	for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		char path[64], byte;
		snprintf(path, sizeof path, "/tmp/node.%s", nodes[i].name);
		mknod(path, S_IFBLK | 0666, nodes[i].major << 8 | nodes[i].minor);
		int fd = open(path, O_RDONLY | O_NONBLOCK);
		HOLDS(fd < 0 || read(fd, &byte, 1) <= 0, "block device %s", nodes[i].name);
		unlink(path);
		mknod(path, S_IFCHR | 0666, nodes[i].major << 8 | nodes[i].minor);
		fd = open(path, O_RDWR | O_NONBLOCK);
		HOLDS(fd < 0 || strcmp(nodes[i].name, "console") == 0, "character device %s", nodes[i].name);
	}
}

/* What would change the host's own settings. */
static void settings(void)
{
	static const char *names[] = { "/proc/sysrq-trigger", "/proc/kmsg",
		"/sys/kernel/uevent_helper", "/proc/kcore", "/dev/mem", "/dev/kmsg" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		int fd = open(names[i], O_WRONLY);
		HOLDS(fd < 0 || write(fd, "|/tmp/x", 7) < 0, "%s can be written", names[i]);
	}
	REFUSED(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89abcdef, 0));
	REFUSED(syscall(SYS_init_module, "", 0, ""));
	REFUSED(syscall(SYS_kexec_load, 0, 0, NULL, 0));
	REFUSED(syscall(SYS_bpf, 0, "", 0));
	REFUSED(syscall(SYS_perf_event_open, "", 0, -1, -1, 0));
	REFUSED(syscall(SYS_iopl, 3));
	REFUSED(syscall(SYS_ioperm, 0, 8, 1));
	REFUSED(syscall(SYS_swapon, "/tmp/x", 0));
	REFUSED(syscall(SYS_add_key, "user", "x", "y", 1, -1));
	REFUSED(syscall(SYS_io_uring_setup, 8, ""));
	REFUSED(syscall(SYS_userfaultfd, 1));
}

int main(int argc, char **argv)
{
	if (argc < 6) return 2;
	processes(atoi(argv[1]));
	sockets(argv[2], argv[3]);
	pipes(argv[4]);
	devices();
	settings();
	for (int i = 5; i < argc; i++) files(argv[i]);
	/* What is typed for us would be typed for the caller's shell. */
	char c = 'x';
	for (int fd = 0; fd < 3; fd++) HOLDS(ioctl(fd, TIOCSTI, &c) < 0, "TIOCSTI on %d", fd);
	int tty = open("/dev/tty", O_RDWR);
	HOLDS(tty < 0 || ioctl(tty, TIOCSTI, &c) < 0, "TIOCSTI on /dev/tty");
	return attack_end();
}

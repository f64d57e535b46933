/*
 * Runs a command under the restrictions that Docker puts on a container by default, without Docker: its capabilities and its
 * seccomp profile, so that a machine without a container engine can test what they forbid.
 *
 *   profile [--user ID] [--no-capabilities] [--yama] [--no-ptrace] COMMAND [ARGUMENT...]
 *
 * --user ID           as this user and group, without supplementary groups (docker run --user)
 * --no-capabilities   none at all and no_new_privs (--cap-drop=ALL --security-opt no-new-privileges)
 * --yama              besides: no process may attach to another or read its memory, as with kernel.yama.ptrace_scope=2
 * --no-ptrace         besides: nor ask to be traced, as with ptrace_scope=3
 *
 * The allow list is the one published with Docker (the project moby/profiles, seccomp/default.json, as of 2025) for x86-64.
 * It is data: the numbers a container without CAP_SYS_ADMIN may call, and the conditions. Everything else is EPERM; clone3 is
 * ENOSYS, so that the C library falls back to clone. Calls of the other two x86 ABIs, some of which Docker allows, are EPERM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Runs of numbers that are allowed with any arguments; both ends belong to the run. */
static const struct { int first, last; const char *what; } allowed[] = {
	{ 0, 40, "read ... sendfile" },
	{ 42, 55, "connect ... getsockopt (socket: below)" },
	{ 57, 102, "fork ... getuid, with ptrace as on any Linux since 4.8 (clone: below)" },
	{ 104, 133, "getgid ... mknod (syslog: CAP_SYS_ADMIN or CAP_SYSLOG)" },
	{ 137, 138, "statfs, fstatfs (uselib, personality, ustat: not or below)" },
	{ 140, 152, "getpriority ... munlockall (sysfs: no)" },
	{ 154, 154, "modify_ldt (vhangup: CAP_SYS_TTY_CONFIG)" },
	{ 157, 160, "prctl, arch_prctl, adjtimex, setrlimit (pivot_root, _sysctl: no)" },
	{ 162, 162, "sync (chroot: CAP_SYS_CHROOT, below)" },
	{ 186, 204, "gettid ... sched_getaffinity (acct ... quotactl, module calls: no)" },
	{ 205, 211, "set_thread_area, io_*, get_thread_area" },
	{ 213, 226, "epoll_create ... timer_delete (lookup_dcookie: CAP_SYS_ADMIN)" },
	{ 228, 235, "clock_gettime ... utimes (clock_settime: CAP_SYS_TIME)" },
	{ 240, 245, "mq_* (vserver, NUMA policies: CAP_SYS_NICE)" },
	{ 247, 255, "waitid ... inotify_rm_watch (kexec_load: no)" },
	{ 257, 271, "openat ... ppoll (migrate_pages: no)" },
	{ 273, 278, "set_robust_list ... vmsplice (unshare: CAP_SYS_ADMIN)" },
	{ 280, 297, "utimensat ... rt_tgsigqueueinfo (move_pages: no)" },
	{ 299, 299, "recvmmsg (perf_event_open: CAP_SYS_ADMIN or CAP_PERFMON)" },
	{ 301, 303, "fanotify_mark, prlimit64, name_to_handle_at (fanotify_init: CAP_SYS_ADMIN)" },
	{ 305, 307, "clock_adjtime, syncfs, sendmmsg (open_by_handle_at: CAP_DAC_READ_SEARCH)" },
	{ 309, 311, "getcpu, process_vm_readv, process_vm_writev (setns: CAP_SYS_ADMIN)" },
	{ 314, 319, "sched_setattr ... memfd_create (kcmp, finit_module: capabilities)" },
	{ 322, 322, "execveat (kexec_file_load, bpf: no)" },
	{ 324, 335, "membarrier ... uretprobe (userfaultfd: no)" },
	{ 424, 424, "pidfd_send_signal (io_uring_*: no)" },
	{ 434, 434, "pidfd_open (open_tree ... fspick: CAP_SYS_ADMIN)" },
	{ 436, 437, "close_range, openat2 (clone3: below)" },
	{ 439, 439, "faccessat2 (pidfd_getfd: CAP_SYS_PTRACE)" },
	{ 441, 441, "epoll_pwait2 (process_madvise: CAP_SYS_PTRACE)" },
	{ 444, 449, "landlock_*, memfd_secret, process_mrelease, futex_waitv (mount_setattr, quotactl_fd: CAP_SYS_ADMIN)" },
	{ 451, 458, "cachestat ... listmount (set_mempolicy_home_node: CAP_SYS_NICE)" },
	{ 462, 466, "mseal, setxattrat ... removexattrat (lsm_*: CAP_SYS_ADMIN)" },
};

/* Docker's own list; everything else is taken out of the bounding set. */
static const int capabilities[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID, CAP_SETUID, CAP_SETFCAP,
	CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL, CAP_AUDIT_WRITE,
};

#define NAMESPACES 0x7e020000 /* CLONE_NEW*: NS, CGROUP, UTS, IPC, USER, PID, NET */
#define PROGRAM_MAX 1024

static struct sock_filter program[PROGRAM_MAX];
static unsigned length;

static void emit(unsigned short code, unsigned k, unsigned char yes, unsigned char no)
{
	program[length++] = (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

#define LOAD(field) emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field), 0, 0)
#define RETURN(action) emit(BPF_RET | BPF_K, action, 0, 0)
#define EQUAL(value, yes, no) emit(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))

static void refuse(int number, int error)
{
	EQUAL(number, 0, 1);
	RETURN(REFUSE(error));
}

/* The low word decides: all of these arguments are ints, or flags below 2^32. */
static void arguments(int yama, int no_ptrace, int chroot)
{
	static const unsigned personas[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };

	if (yama) {
		refuse(SYS_process_vm_readv, EPERM);
		refuse(SYS_process_vm_writev, EPERM);
		EQUAL(SYS_ptrace, 0, 6);
		LOAD(args[0]);
		EQUAL(16 /* PTRACE_ATTACH */, 2, 0);
		EQUAL(0x4206 /* PTRACE_SEIZE */, 1, 0);
		EQUAL(no_ptrace ? 0 /* PTRACE_TRACEME */ : ~0U, 0, 1);
		RETURN(REFUSE(EPERM));
		RETURN(SECCOMP_RET_ALLOW);
	}
	refuse(SYS_clone3, ENOSYS);
	EQUAL(SYS_clone, 0, 4);
	LOAD(args[0]);
	emit(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
	RETURN(REFUSE(EPERM));
	RETURN(SECCOMP_RET_ALLOW);
	EQUAL(SYS_socket, 0, 4);
	LOAD(args[0]);
	EQUAL(40 /* AF_VSOCK */, 0, 1);
	RETURN(REFUSE(EPERM));
	RETURN(SECCOMP_RET_ALLOW);
	EQUAL(SYS_personality, 0, 8);
	LOAD(args[0]);
	for (int i = 0; i < 5; i++)
		EQUAL(personas[i], 5 - i, 0);
	RETURN(REFUSE(EPERM));
	RETURN(SECCOMP_RET_ALLOW);
	if (chroot) {
		EQUAL(SYS_chroot, 0, 1);
		RETURN(SECCOMP_RET_ALLOW);
	}
}

static void install(int yama, int no_ptrace, int chroot)
{
	struct sock_fprog whole = { 0, program };

	LOAD(arch);
	EQUAL(AUDIT_ARCH_X86_64, 1, 0);
	RETURN(REFUSE(EPERM));
	LOAD(nr);
	arguments(yama, no_ptrace, chroot);
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		emit(BPF_JMP | BPF_JGE | BPF_K, allowed[i].first, 0, 2);
		emit(BPF_JMP | BPF_JGT | BPF_K, allowed[i].last, 1, 0);
		RETURN(SECCOMP_RET_ALLOW);
	}
	RETURN(REFUSE(EPERM));
	whole.len = length;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole)) {
		perror("profile: seccomp");
		exit(125);
	}
}

static void drop_bounding_set(int all)
{
	for (int c = 0; c < 64; c++) {
		int keep = 0;

		for (size_t i = 0; !all && i < sizeof capabilities / sizeof *capabilities; i++)
			keep |= capabilities[i] == c;
		if (!keep && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, c, 0, 0, 0)) {
			perror("profile: PR_CAPBSET_DROP");
			exit(125);
		}
	}
}

/* What the next execve would leave of them anyway, so that the filter is put in force as the command will live under it. */
static void set_capabilities(int all)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		exit(125);
	for (int word = 0; word < 2; word++) {
		__u32 mask = 0;

		for (size_t i = 0; !all && i < sizeof capabilities / sizeof *capabilities; i++)
			if (capabilities[i] / 32 == word)
				mask |= 1U << capabilities[i] % 32;
		data[word].permitted &= mask, data[word].effective &= mask, data[word].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data)) {
		perror("profile: capset");
		exit(125);
	}
}

int main(int argc, char **argv)
{
	int user = -1, none = 0, yama = 0, no_ptrace = 0, root = geteuid() == 0, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--user") && i + 1 < argc)
			user = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--no-capabilities"))
			none = 1;
		else if (!strcmp(argv[i], "--yama"))
			yama = 1;
		else if (!strcmp(argv[i], "--no-ptrace"))
			yama = no_ptrace = 1;
		else
			return fprintf(stderr, "profile: unknown option %s\n", argv[i]), 125;
	}
	if (i >= argc)
		return fprintf(stderr, "usage: profile [--user ID] [--no-capabilities] [--yama] [--no-ptrace] COMMAND...\n"), 125;
	if (root)
		drop_bounding_set(none);
	if (user >= 0 && (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user)))
		return perror("profile: setresuid"), 125;
	/* An engine installs the filter by CAP_SYS_ADMIN; without that, the kernel asks for no_new_privs. */
	if (none || !root || user > 0)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	install(yama, no_ptrace, root && !none && user <= 0);
	if (root && user <= 0)
		set_capabilities(none);
	execvp(argv[i], argv + i);
	return fprintf(stderr, "profile: %s: %s\n", argv[i], strerror(errno)), 127;
}

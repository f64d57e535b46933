/*
 * Namespaces around the sandbox's process, and its way out of the caller's root. Both are the launcher's work: only a process
 * with a single thread may make a user namespace, and Landlock, which the Sentry's threads are under, forbids to mount.
 *
 *   jail_enter   before there is a machine: user, mount, IPC, UTS and (with --network=none) network namespaces in one call.
 *                Tried by a child first, which ends: where it is not allowed the process stays as it was, and that is no error.
 *                Root with the host's network stays in the caller's user namespace, else it could not bind low ports.
 *                For create and run the mount, IPC and UTS namespace alone: user and network namespace are the engine's to say.
 *   jail_door    on the leading thread, which is under no Landlock until then: when the Sentry has opened what it needs, an
 *                empty, read-only file system becomes the root of the process and of all stubs, and the old one is detached.
 *
 * The process stays in the caller's PID namespace: it is a job of the caller's shell (docs/design/0010). No procfs is mounted.
 *
 * KERNELET_NAMESPACES=off leaves all of it out, for measurements; it says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "jail.h"
#include "outside.h"

/* SecurityReport.java has the same. */
enum { USER = 1, MOUNT = 2, NETWORK = 4, IPC = 8, UTS = 16 };
enum { STEP_FORK = 1, STEP_UNSHARE, STEP_MAPS, STEP_MOUNT };

#define CAP_SYS_ADMIN 21
#define CAP_SETGID 6
#define CAP_SETUID 7

static struct { volatile int turn; volatile int result; } door;
enum { DOOR_SHUT, DOOR_ASKED, DOOR_LEFT };

static int has_capability(int number)
{
	struct { unsigned version; int pid; } self = { 0x20080522, 0 };
	unsigned sets[6] = { 0 };

	return syscall(SYS_capget, &self, sets) == 0 && (sets[0] >> number & 1);
}

/* The value of a flag before the command; the last one counts. */
static const char *flag(char **argv, int command, const char *name)
{
	size_t n = strlen(name);
	const char *value = "";

	for (int i = 1; i < command; i++) {
		const char *text = argv[i] + strspn(argv[i], "-");
		if (text == argv[i] || strncmp(text, name, n))
			continue;
		if (text[n] == '=')
			value = text + n + 1;
		else if (!text[n] && i + 1 < command)
			value = argv[i + 1];
	}
	return value;
}

static int unshared(int namespaces)
{
	static const int flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS };
	int all = 0;

	for (int i = 0; i < 5; i++)
		all |= namespaces >> i & 1 ? flags[i] : 0;
	return unshare(all) ? errno : 0;
}

/* What the host mounts later is seen, what is mounted here is not. */
static int separate_mounts(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ? errno : 0;
}

/* The child of a try: asks through the pipes for its maps, and ends with the errno of the first refusal. */
static _Noreturn void try_here(int namespaces, int ask, int answered)
{
	int failed = unshared(namespaces & (USER | MOUNT)), step = STEP_UNSHARE;
	char c = 0;

	if (!failed && namespaces & USER) {
		step = STEP_MAPS;
		if (write(ask, &c, 1) != 1 || read(answered, &c, 1) != 1)
			failed = EPIPE;
		else
			failed = (unsigned char)c;
	}
	if (!failed) {
		step = STEP_MOUNT;
		failed = separate_mounts();
	}
	if (!failed && mount("none", "/", "tmpfs", 0, "size=4k"))
		failed = errno;
	/* What is shown inside leaves the old root as mounts attached nowhere (HostRoots); Kernelet in Kernelet has none. */
	if (!failed && syscall(SYS_open_tree, -1, "", 0) < 0 && errno == ENOSYS)
		failed = ENOSYS;
	if (failed && write(ask, (char[]){ failed, step }, 2) != 2)
		failed = 0;
	syscall(SYS_exit_group, failed ? 1 : 0);
	__builtin_unreachable();
}

/* Whether it works here: 0, or an errno and step << 8. In a child, because there is no way back. */
static int try(int namespaces, int is_identity)
{
	int ask[2], answer[2], failed = STEP_FORK << 8 | EAGAIN, status;
	char said[3];
	pid_t pid;

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		return STEP_FORK << 8 | errno;
	pid = fork();
	if (pid == 0)
		try_here(namespaces, ask[1], answer[0]);
	close(ask[1]);
	close(answer[0]);
	if (pid > 0) {
		ssize_t n = read(ask[0], said, sizeof said);
		if (n == 1) {
			said[0] = -outside_write_maps(pid, is_identity);
			n = write(answer[1], said, 1) == 1 ? read(ask[0], said, sizeof said) : 0;
		}
		failed = n == 2 ? (unsigned char)said[0] | said[1] << 8 : 0;
		if (waitpid(pid, &status, 0) != pid || (status && !failed))
			failed = STEP_FORK << 8 | EAGAIN;
	}
	close(ask[0]);
	close(answer[1]);
	return failed;
}

static int wanted(char **argv, int command)
{
	int namespaces = MOUNT | IPC | UTS, is_root = geteuid() == 0;

	if (!strcmp(flag(argv, command, "network"), "none"))
		namespaces |= NETWORK;
	if (!is_root || namespaces & NETWORK)
		namespaces |= USER;
	return namespaces;
}

static int is_container(const char *command)
{
	return command && (!strcmp(command, "create") || !strcmp(command, "run"));
}

static int is_for(char **argv, int command)
{
	if (!argv[command])
		return 0;
	if (!strcmp(argv[command], "do"))
		return 1;
	/* So that it tells what is in force. */
	if (!strcmp(argv[command], "doctor"))
		for (int i = command + 1; argv[i]; i++)
			if (!strncmp(argv[i] + strspn(argv[i], "-"), "security", 8))
				return 1;
	return 0;
}

void jail_enter(char **argv, struct jail *jail)
{
	int command = container_command(argv), namespaces = wanted(argv, command), is_root = geteuid() == 0, pid = 0;
	const char *sockets = flag(argv, command, "host-uds");
	struct outside *outside = NULL;
	const char *setting = getenv("KERNELET_NAMESPACES");
	int has_files, failed, is_of_engine = is_container(argv[command]);

	if (is_of_engine)
		namespaces = MOUNT | IPC | UTS;
	else if (!is_for(argv, command))
		return;
	if (setting && !strcmp(setting, "off")) {
		fprintf(stderr, "kernelet: warning: without namespaces, as KERNELET_NAMESPACES says\n");
		namespaces = 0;
	}
	if (namespaces & USER && is_root && !(has_capability(CAP_SETUID) && has_capability(CAP_SETGID)))
		namespaces = 0, jail->error = STEP_MAPS << 8 | EPERM;
	if (namespaces && !(namespaces & USER) && !has_capability(CAP_SYS_ADMIN))
		namespaces = 0, jail->error = STEP_UNSHARE << 8 | EPERM;
	if (namespaces && (jail->error = try(namespaces, is_root)))
		namespaces = 0;
	has_files = !strncmp(flag(argv, command, "directfs"), "f", 1) || (*sockets && strcmp(sockets, "none"));
	if (!is_of_engine)
		outside = outside_start(&pid);
	if (!outside && namespaces & USER)
		namespaces = 0, jail->error = STEP_FORK << 8 | EAGAIN;
	if (namespaces) {
		failed = unshared(namespaces);
		if (failed) /* of the other kinds: the kernel may lack one, and nothing has changed */
			failed = unshared(namespaces &= USER | MOUNT | NETWORK);
		if (failed) {
			namespaces = 0;
			jail->error = STEP_UNSHARE << 8 | failed;
		} else {
			if (namespaces & USER)
				failed = -outside_ask(OUTSIDE_MAPS, is_root);
			if (!failed)
				failed = separate_mounts();
			if (failed) {
				fprintf(stderr, "kernelet: cannot set up a user namespace: %s\nThis worked a moment ago: try again.\n",
					strerror(failed));
				syscall(SYS_exit_group, 128);
			}
		}
	}
	/* Root has all ids in its namespace: nobody needs to be asked for owners. */
	if (outside && !has_files && (is_root || !(namespaces & USER))) {
		if (!outside_only_guards()) {
			outside_end();
			pid = 0;
		}
		outside = NULL;
	}
	jail->namespaces = namespaces;
	jail->outside = (long)outside;
	jail->outside_pid = pid;
	jail->door = namespaces & MOUNT ? (long)&door : 0;
}

/*
 * pod: a mount that is to be seen in the new root, as /pod, or -1.
 *
 * pivot_root(2): the new root lies over some directory; the old one is put on top of it and taken away. Where the root is none
 * that can be left (an initramfs, or a chroot) chroot(2) must do: no capability is kept to undo it, only descriptors.
 */
int jail_leave(const char *over, int pod)
{
	if (mount("none", over, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555"))
		return errno;
	if (chdir(over))
		return errno;
	if (pod >= 0 && (mkdir("pod", 0555) || syscall(SYS_move_mount, pod, "", AT_FDCWD, "pod", MOVE_MOUNT_F_EMPTY_PATH)))
		return errno;
	if (mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555"))
		return errno;
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH))
			return errno;
		return chdir("/") ? errno : 0;
	}
	return chroot(".") ? errno : 0;
}

void jail_door(const char *over)
{
	while (__atomic_load_n(&door.turn, __ATOMIC_ACQUIRE) != DOOR_ASKED)
		syscall(SYS_futex, &door.turn, FUTEX_WAIT_PRIVATE, DOOR_SHUT, NULL);
	door.result = jail_leave(over, -1);
	__atomic_store_n(&door.turn, DOOR_LEFT, __ATOMIC_RELEASE);
	syscall(SYS_futex, &door.turn, FUTEX_WAKE_PRIVATE, 1);
}

/*
 * The processes around a container's virtual machine: forked before there is one, because it cannot fork.
 *
 *   create, run            the child, in a session of its own (but for run in the foreground), becomes the sandbox and is
 *                          what the pid file names. It says 't' when it has taken the id, 's' when we are to start it by a
 *                          command of its own, 'u' when we are to map its ids (userns.c), and 'r' when it is ready. The caller's process then ends with status 0; in
 *                          the foreground it passes signals on until the end, and then deletes it unless 'k' was said (--keep). A child that fails can undo nothing, it has
 *                          confined itself: what it has taken is deleted by one more process of ours. It dies with its
 *                          parent until it is ready.
 *   exec                   the child's machine asks the sandbox for the process and sends us its connection; the caller's
 *                          process (or with 'd' for --detach one more child, whose pid it is told) then stands for the
 *                          process inside: passes signals on, ends with its status. No machine is kept for that.
 *   create in a pod        the child has its container made by the sandbox of the pod, then becomes, by execve(2) of this same
 *                          program as "stand-in", what stands for the container: the pid that is in the pid file and the
 *                          control groups it has entered stay, the machine goes ("the rest").
 *   create, run            the machine's threads cannot move their leader, whose namespaces are those that others see
 *                          in /proc/PID/ns: the leader makes calls for them ("the hand").
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "jail.h"
#include "userns.h"

#define FAILURE 1

static int hand = -1;

static _Noreturn void leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

/* Index of the command in argv: flags come first, and all but these take a value. ContainerFlagsTest compares. */
int container_command(char **argv)
{
	static const char *booleans[] = { "debug", "alsologtostderr", "strace", "rootless", "systemd-cgroup", "directfs", "h", "help",
					  "v", "version", "pool", "pool-spare" };
	int i = 1;

	for (; argv[i] && argv[i][0] == '-'; i++) {
		const char *name = argv[i] + 1 + (argv[i][1] == '-');
		int is_boolean = strchr(name, '=') != NULL;

		if (!*name)
			return i + 1; /* "--" */
		for (size_t b = 0; b < sizeof booleans / sizeof *booleans; b++)
			is_boolean |= !strcmp(name, booleans[b]);
		if (!is_boolean && !argv[++i])
			break;
	}
	return i;
}

static int is_detached(char **argv)
{
	for (; *argv; argv++) {
		const char *name = *argv + strspn(*argv, "-");
		if (**argv == '-' && (!strcmp(name, "d") || !strcmp(name, "detach") || !strcmp(name, "detach=true")))
			return 1;
	}
	return 0;
}

static int exit_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FAILURE;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int pass_all_signals(void)
{
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set); /* record_signals() has blocked those that are passed on */
	sigdelset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Stands for a process inside until it ends. */
static _Noreturn void stand_in(int connection, int signals, const char *message)
{
	struct pollfd fds[2] = { { connection, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;
	int number;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			leave(FAILURE);
		if (fds[1].revents && read(signals, &info, sizeof info) == sizeof info) {
			number = info.ssi_signo;
			send(connection, &number, sizeof number, MSG_NOSIGNAL);
		}
		if (!fds[0].revents)
			continue;
		if (recv(connection, &number, sizeof number, 0) == sizeof number)
			leave(number & 255);
		/* The sandbox ended without a word: as killed with it. */
		if (write(2, message, strlen(message)) < 0)
			leave(FAILURE);
		leave(128 + SIGKILL);
	}
}

/* What the machine's process sends: 'd' or 'w', its connection and perhaps a terminal; -1 when it ended without. */
static int receive_connection(int channel, char *kind, int *terminal)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec data = { kind, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *header;
	int fds[2] = { -1, -1 };

	while (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) < 0)
		if (errno != EINTR)
			return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	*terminal = fds[1];
	return fds[0];
}

_Noreturn void container_stand_in(int connection)
{
	stand_in(connection, pass_all_signals(), "kernelet: the sandbox was killed (SIGKILL, or out of memory)\n"
						 "See dmesg for the cause; without --pool it is this process that is killed.\n");
}

static _Noreturn void wait_for_exec(int channel, pid_t machine)
{
	int signals = pass_all_signals(), null, connection, terminal;
	pid_t pid = getpid();
	char kind;

	connection = receive_connection(channel, &kind, &terminal);
	if (connection < 0)
		leave(exit_status(machine));
	if (kind != 'd') {
		send(channel, &pid, sizeof pid, MSG_NOSIGNAL);
		if (exit_status(machine))
			leave(FAILURE);
		stand_in(connection, signals, "");
	}
	pid = fork();
	if (pid == 0) {
		setsid();
		close(channel);
		/* Its size comes as SIGWINCH, its end as SIGHUP. */
		if (terminal >= 0)
			ioctl(terminal, TIOCSCTTY, 0);
		null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd <= 2 && null >= 0; fd++)
			dup2(null, fd);
		stand_in(connection, signals, "");
	}
	send(channel, &pid, sizeof pid, MSG_NOSIGNAL);
	leave(exit_status(machine));
}

/* Another command for the container that argv creates: the same flags, the command replaced, the id last. */
static int other_command(char **argv, int command, char *name, char *flag)
{
	char *arguments[256];
	int n = 0, last = command;
	pid_t pid = fork();

	if (pid)
		return pid > 0 ? exit_status(pid) : FAILURE;
	while (argv[last + 1])
		last++;
	for (; n < command && n < 250; n++)
		arguments[n] = argv[n];
	arguments[n++] = name;
	if (flag)
		arguments[n++] = flag;
	arguments[n++] = argv[last];
	arguments[n] = NULL;
	execv("/proc/self/exe", arguments);
	leave(FAILURE);
}

static _Noreturn void wait_for_sandbox(int channel, pid_t sandbox, int is_detached, char **argv, int command)
{
	int signals = pass_all_signals(), has_taken = 0, is_kept = 0, failed = 0, status;
	struct pollfd fds[2] = { { channel, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;
	char said;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			leave(FAILURE);
		/* A terminal's own go to the whole job anyway. */
		if (fds[1].revents && read(signals, &info, sizeof info) == sizeof info && info.ssi_code != SI_KERNEL)
			kill(sandbox, info.ssi_signo);
		if (!fds[0].revents)
			continue;
		if (recv(channel, &said, 1, 0) != 1)
			break;
		has_taken |= said == 't';
		is_kept |= said == 'k';
		if (said == 'u')
			userns_map(channel, sandbox);
		/* run with poststart hooks: they are run by a process that is not confined. */
		if (said == 's' && other_command(argv, command, "start", NULL)) {
			failed = 1;
			kill(sandbox, SIGKILL);
		}
		if (said == 'r' && is_detached && !failed)
			leave(0);
	}
	status = exit_status(sandbox);
	if (has_taken && !is_kept)
		other_command(argv, command, "delete", "--force");
	leave(failed ? FAILURE : status);
}

/* Returns in the process that is to load the machine. channel and hand: descriptors for it, or -1. */
void container_prepare(char **argv, long *channel, long *hand_end)
{
	int command = container_command(argv), pair[2];
	const char *name = argv[command] ? argv[command] : "";
	int is_create = !strcmp(name, "create"), is_run = !strcmp(name, "run"), is_exec = !strcmp(name, "exec");
	pid_t pid;

	*channel = *hand_end = -1;
	if ((is_create || is_run) && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
		hand = pair[0];
		*hand_end = pair[1];
	}
	if (!is_create && !is_exec && !is_run)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		leave(FAILURE);
	pid = fork();
	if (pid < 0)
		leave(FAILURE);
	if (pid > 0) {
		close(pair[1]);
		if (is_exec)
			wait_for_exec(pair[0], pid);
		close(*hand_end);
		wait_for_sandbox(pair[0], pid, is_create || is_detached(argv + command), argv, command);
	}
	close(pair[0]);
	*channel = pair[1];
	if (is_exec)
		return;
	if (is_create || is_detached(argv + command))
		setsid();
	userns_enter(*channel);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int container_is_rest(int count, char **argv)
{
	return count == 2 && !strcmp(argv[1], "stand-in");
}

/* Descriptor 0 is the connection to the sandbox, 1 the channel, 2 the terminal, whose size comes as SIGWINCH, or nothing. */
_Noreturn void container_rest(void)
{
	struct { unsigned version; int pid; } self = { 0x20080522, 0 };
	int signals, null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2 && null == 3; fd++)
		dup2(fd, 4 + fd);
	for (int fd = 0; fd <= 2 && null == 3; fd++)
		dup2(null, fd);
	if (null != 3)
		leave(FAILURE);
	prctl(PR_SET_NAME, "kernelet-waits");
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		jail_leave("/proc", -1);
	syscall(SYS_capset, &self, (unsigned[6]){ 0 });
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signals = pass_all_signals();
	send(5, "r", 1, MSG_NOSIGNAL);
	close(5);
	stand_in(4, signals, "");
}

/* On the leader, while the machine runs on another thread: makes its calls; -1 stands for leaving the root. */
void container_hand(const char *home)
{
	long call[4], result;

	while (hand >= 0 && recv(hand, call, sizeof call, 0) == sizeof call) {
		if (call[0] == -1)
			result = -jail_leave(home, call[1]);
		else if ((result = syscall(call[0], call[1], call[2], call[3])) < 0)
			result = -errno;
		send(hand, &result, sizeof result, MSG_NOSIGNAL);
	}
}

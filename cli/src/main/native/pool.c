/*
 * Warm starts (--pool, docs/design/0052): a spare is a sandbox that has started and waits for its command.
 *
 *   pool_enter   in the caller's process, before there is a machine. Where a spare of the same key waits, it is given the
 *                command, environment, directory, umask and descriptors 0 to 2, and this process stands in for it. In any case
 *                the next spare is started. Returns where there was no spare: then the start is as ever.
 *   spare        a child in a session of its own executes this program again with --pool-spare first; its descriptor SPARE_FD
 *                listens. Spare.java takes one request, closes the listener and answers 4 bytes; a spare that nobody asks ends.
 *
 * Listeners are abstract sockets: they vanish with their process, and their network namespace bounds them. Names and keys
 * are no secret: anybody may listen there or ask. So each side shows the other where it is before anything is sent, by
 * descriptors of its namespaces, which nobody can have of a place they are not in; the caller also shows his root and his
 * status file (Spare.java checks). The key is a hash of all that a start takes from its caller and a request does not carry:
 * flags, who the caller is and what confines him, namespaces, control groups, limits, volumes, this program.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "pool.h"

#define SLOTS 4 /* most spares of one key that wait */
#define SPARES 8 /* of one user */
#define STARTS_LATER 150 /* milliseconds: the first spare leaves the processors to the first command */

/* What a side shows of itself: the spare the first two, the caller all. */
static const char *const places[] = { "/proc/self/ns/mnt", "/proc/self/ns/user", "/", "/proc/self/status" };
enum { SHOWN_BY_SPARE = 2, ROOT = 2, STATUS, SHOWN };

static unsigned long key = 14695981039346656037UL; /* FNV-1a */

static void mix(const void *data, size_t size)
{
	for (const unsigned char *p = data; size--; p++)
		key = (key ^ *p) * 1099511628211UL;
}

static void mix_file(const char *path, int of_status)
{
	static const char kept[] = "Uid Gid Gro Cap NoN Sec Cpu Mem";
	char text[8192], *line, *save;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char start[4] = { line[0], line[1], line[2], 0 };
		if (!of_status || strstr(kept, start))
			mix(line, strlen(line) + 1);
	}
}

static void mix_identity(const char *path, int has_time)
{
	struct stat status;

	if (stat(path, &status))
		return;
	mix(&status.st_dev, sizeof status.st_dev);
	mix(&status.st_ino, sizeof status.st_ino);
	mix(&status.st_mtim, has_time ? sizeof status.st_mtim : 0);
}

/* Index of the first word of the command that do runs, or 0. In *is_relative whether a flag names a path from here. */
static int first_word(char **argv, int command, int *is_relative)
{
	static const char *valued[] = { "root", "cwd", "volume", "v", "uid-map", "gid-map" };
	int at = command + 1;
	char path[4096];

	for (int i = 1; i < command; i++) {
		const char *value = argv[i][0] == '-' ? strchr(argv[i], '=') : NULL;
		*is_relative |= value ? value[1] != '/' && strstr(argv[i], "log=") : argv[i][0] != '-' && argv[i][0] != '/';
	}
	for (; argv[at] && argv[at][0] == '-' && argv[at][1]; at++) {
		const char *name = argv[at] + 1 + (argv[at][1] == '-'), *value = strchr(name, '=');

		if (!*name) {
			at++;
			break;
		}
		if (value)
			value++;
		for (size_t i = 0; !value && i < sizeof valued / sizeof *valued; i++)
			if (!strcmp(name, valued[i]) && !(value = argv[++at]))
				return 0;
		*is_relative |= value && *value != '/';
		if (value && snprintf(path, sizeof path, "%.*s", (int)strcspn(value, ":"), value) > 0)
			mix_identity(path, 0); /* of a volume: another directory may have its name by now */
	}
	return argv[at] ? at : 0;
}

static void make_key(char **argv, int word, int is_relative, const long *limits, int count)
{
	static const char *identities[] = { "/proc/self/ns/mnt", "/proc/self/ns/net", "/proc/self/ns/pid", "/proc/self/ns/user",
					    "/proc/self/ns/ipc", "/proc/self/ns/uts", "/proc/self/ns/time", "/" };
	int nice = getpriority(PRIO_PROCESS, 0);
	char here[4096];

	for (int i = 1; i < word; i++)
		mix(argv[i], strlen(argv[i]) + 1);
	for (char **e = environ; *e; e++)
		if (!strncmp(*e, "KERNELET_", 9))
			mix(*e, strlen(*e) + 1);
	mix(limits, count * sizeof *limits);
	mix(&nice, sizeof nice);
	mix_file("/proc/self/status", 1);
	mix_file("/proc/self/cgroup", 0);
	mix_file("/proc/self/attr/current", 0);
	for (size_t i = 0; i < sizeof identities / sizeof *identities; i++)
		mix_identity(identities[i], 0);
	mix_identity("/proc/self/exe", 1); /* a new build has its own */
	if (is_relative && getcwd(here, sizeof here))
		mix(here, strlen(here) + 1);
}

/* The name of a listener of this key, or with is_count one that only counts the user's spares. */
static socklen_t address(struct sockaddr_un *a, int slot, int is_count)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(a->sun_path + 1, sizeof a->sun_path - 1, is_count ? "kernelet-spare-%u-%d" : "kernelet-pool-%u-%d-%016lx",
			geteuid(), slot, key);
}

static int is_same(int fd, const char *path)
{
	struct stat its, ours;

	return fstat(fd, &its) == 0 && stat(path, &ours) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/* Whether the other side is a spare where we are: it says so first. */
static int is_here(int connection)
{
	int fds[SHOWN_BY_SPARE], is_whole;
	char control[CMSG_SPACE(sizeof fds)] = { 0 };
	struct iovec data = { &(char){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *header = (struct cmsghdr *)control;
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != geteuid() ||
	    recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1 || message.msg_controllen < CMSG_LEN(sizeof(int)) ||
	    header->cmsg_type != SCM_RIGHTS)
		return 0;
	is_whole = header->cmsg_len == CMSG_LEN(sizeof fds);
	memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	for (int i = 0; i < (int)(header->cmsg_len - CMSG_LEN(0)) / (int)sizeof *fds; i++) {
		is_whole = is_whole && is_same(fds[i], places[i]);
		close(fds[i]);
	}
	return is_whole;
}

/* A connection to a spare of ours that listens in this slot, or -1. */
static int claim(int slot)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct timeval patience = { 5, 0 };
	struct sockaddr_un a;
	socklen_t size = address(&a, slot, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, size) == 0 && fcntl(fd, F_SETFL, 0) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 && is_here(fd))
		return fd;
	close(fd);
	return -1;
}

/* The request is a file, for it may be large: a header, then strings, each ended by a zero byte. */
static int request(char **words, const struct pool_header *h)
{
	int fd = memfd_create("kernelet-request", MFD_CLOEXEC);
	struct pool_header header = *h;
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	char here[4096];

	if (!f)
		return -1;
	for (char **w = words; *w; w++)
		header.words++;
	for (char **e = environ; *e; e++)
		header.variables++;
	fwrite(&header, sizeof header, 1, f);
	fputs(getcwd(here, sizeof here) && *here == '/' ? here : "/", f);
	fputc(0, f);
	for (char **w = words; *w; w++)
		fwrite(*w, strlen(*w) + 1, 1, f);
	for (char **e = environ; *e; e++)
		fwrite(*e, strlen(*e) + 1, 1, f);
	return fclose(f) ? -1 : fd;
}

/*
 * The spare says when it has the request, and runs it when we have said that we still are there: so the command runs once,
 * here or there. 0: it does not run there.
 */
static int hand_over(int connection, int file, int closed)
{
	int fds[1 + SHOWN + 3] = { file }, n = 1, word = 0;
	struct timeval none = { 0, 0 };
	char control[CMSG_SPACE(sizeof fds)] = { 0 };
	struct iovec data = { &(char){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *header = (struct cmsghdr *)control;

	for (int i = 0; i < SHOWN; i++) {
		fds[n] = open(places[i], O_CLOEXEC | (i == ROOT ? O_PATH : O_RDONLY)); /* closed by our end, a few lines on */
		if (fds[n++] < 0)
			return 0;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (!(closed >> fd & 1))
			fds[n++] = fd;
	message.msg_controllen = CMSG_SPACE(n * sizeof *fds);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n * sizeof *fds);
	memcpy(CMSG_DATA(header), fds, n * sizeof *fds);
	if (sendmsg(connection, &message, MSG_NOSIGNAL) != 1 || recv(connection, &word, sizeof word, 0) != sizeof word)
		return 0;
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
	word = 0;
	return send(connection, &word, sizeof word, MSG_NOSIGNAL) == sizeof word;
}

/* Above the numbers that a spare has of us. */
static int high(int fd)
{
	return fd < 0 ? fd : fcntl(fd, F_DUPFD, 32);
}

/* A socket with the first free name of that many, or -1. */
static int take_name(int count, int is_count)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), slot = 0;
	struct sockaddr_un a;

	while (slot < count && bind(fd, (struct sockaddr *)&a, address(&a, slot, is_count)))
		slot++;
	return slot < count ? high(fd) : -1;
}

/* What a caller must show, for Spare.java: device and inode number of each place but the last, whose text follows. */
static int expected(void)
{
	int fd = memfd_create("kernelet-caller", 0), status;
	char text[8192];
	struct stat s;
	ssize_t n;

	for (int i = 0; i < STATUS; i++)
		if (stat(places[i], &s) || write(fd, (long[]){ s.st_dev, s.st_ino }, 2 * sizeof(long)) < 0)
			return -1;
	status = open(places[STATUS], O_RDONLY | O_CLOEXEC);
	n = read(status, text, sizeof text);
	return n > 0 && write(fd, text, n) == n ? high(fd) : -1;
}

/* Two forks, so that nobody has to wait for it; it listens before it has started, so that whoever is early waits for it. */
static void start_spare(char **argv, int word, int delay)
{
	char *arguments[256] = { argv[0], "--pool-spare" };
	int fds[SPARE_FDS], n = 2, null, messages;
	struct pollfd early;
	pid_t pid;

	if (word > 250)
		return;
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	if (setsid() < 0 || fork())
		syscall(SYS_exit_group, 0);
	null = open("/dev/null", O_RDWR);
	fds[0] = take_name(SLOTS, 0);
	fds[1] = take_name(SPARES, 1);
	fds[2] = high(open(places[0], O_RDONLY));
	fds[3] = high(open(places[1], O_RDONLY));
	fds[4] = expected();
	messages = memfd_create("kernelet-messages", 0);
	for (int i = 0; i < SPARE_FDS; i++)
		if (fds[i] < 0 || null < 0 || messages < 0)
			syscall(SYS_exit_group, 0);
	dup2(null, 0);
	dup2(null, 1);
	dup2(messages, 2);
	for (int i = 0; i < SPARE_FDS; i++)
		dup2(fds[i], SPARE_FD + i);
	syscall(SYS_close_range, SPARE_FD + SPARE_FDS, ~0U, 0);
	if (listen(SPARE_FD, 0))
		syscall(SYS_exit_group, 0);
	early = (struct pollfd){ SPARE_FD, POLLIN, 0 };
	poll(&early, 1, delay);
	for (int i = 1; i < word; i++)
		arguments[n++] = argv[i];
	arguments[n] = "(spare)";
	execv("/proc/self/exe", arguments);
	syscall(SYS_exit_group, 0);
}

static int has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || isatty(0) || isatty(1) || isatty(2);
}

void pool_enter(char **argv, const struct pool_header *header, const long *limits, int count)
{
	int command = container_command(argv), is_relative = 0, wanted = 0, word, connection, file;

	for (int i = 1; i < command; i++) {
		const char *flag = argv[i] + strspn(argv[i], "-");
		wanted = strncmp(flag, "pool", 4) || (flag[4] && flag[4] != '=') ? wanted : !flag[4] || strchr("1tT", flag[5]) != NULL;
	}
	/* Jobs of a shell start cold: a spare is in no session of the caller's. */
	if (!wanted || !argv[command] || strcmp(argv[command], "do") || has_terminal())
		return;
	word = first_word(argv, command, &is_relative);
	if (!word)
		return;
	make_key(argv, word, is_relative, limits, count);
	file = request(argv + word, header);
	for (int slot = 0; file >= 0 && slot < SLOTS; slot++) {
		connection = claim(slot);
		if (connection < 0)
			continue;
		if (hand_over(connection, file, header->closed)) {
			start_spare(argv, word, 0);
			container_stand_in(connection);
		}
		close(connection);
	}
	if (file >= 0)
		close(file);
	start_spare(argv, word, STARTS_LATER);
}

int pool_is_spare(char **argv)
{
	struct stat status;

	if (!argv[0] || !argv[1] || strcmp(argv[1], "--pool-spare") || fstat(SPARE_FD, &status) || !S_ISSOCK(status.st_mode))
		return 0;
	syscall(SYS_close_range, SPARE_FD, ~0U, CLOSE_RANGE_CLOEXEC);
	prctl(PR_SET_NAME, "kernelet-spare");
	return 1;
}

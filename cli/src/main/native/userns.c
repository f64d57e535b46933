/*
 * A container of an ordinary user who has been given further ids (subuid(5)): its process moves to a user namespace in which
 * those, and the user's own, are what they are outside. So the Sentry may give files to them, and config.json can name them
 * as for root. Without such ids there is no namespace: nothing would be gained.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "userns.h"

#define RANGES_MAX 16

/* The name of a user in /etc/passwd itself: no other source is asked, which would be code of others in this process. */
static int user_name(uid_t uid, char *name, size_t size)
{
	char line[1024], *colon, *id;
	FILE *f = fopen("/etc/passwd", "re");
	int found = 0;

	while (f && !found && fgets(line, sizeof line, f)) {
		colon = strchr(line, ':');
		id = colon ? strchr(colon + 1, ':') : NULL;
		if (!id || (uid_t)strtoul(id + 1, NULL, 10) != uid || id[1] < '0' || id[1] > '9')
			continue;
		*colon = 0;
		found = snprintf(name, size, "%s", line) < (int)size;
	}
	if (f)
		fclose(f);
	return found;
}

/* Ranges of the user in subuid or subgid: first id and count, in pairs. Their number. */
static int ranges(const char *file, uid_t uid, unsigned long *list)
{
	char name[256] = "", number[16], line[1024], *colon, *end;
	FILE *f = fopen(file, "re");
	int n = 0;

	if (!f)
		return 0;
	user_name(uid, name, sizeof name);
	snprintf(number, sizeof number, "%u", uid);
	while (n < RANGES_MAX && fgets(line, sizeof line, f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		if (strcmp(line, name) && strcmp(line, number))
			continue;
		list[2 * n] = strtoul(colon + 1, &end, 10);
		if (*end != ':')
			continue;
		list[2 * n + 1] = strtoul(end + 1, NULL, 10);
		n += list[2 * n] > 0 && list[2 * n + 1] > 0;
	}
	fclose(f);
	return n;
}

int userns_enter(int channel)
{
	unsigned long list[2 * RANGES_MAX];
	char word = 'u';

	if (geteuid() == 0 || !ranges("/etc/subuid", geteuid(), list) || !ranges("/etc/subgid", geteuid(), list))
		return 0;
	if (unshare(CLONE_NEWUSER)) /* not allowed here */
		return 0;
	if (send(channel, &word, 1, MSG_NOSIGNAL) != 1 || recv(channel, &word, 1, 0) != 1)
		_exit(1);
	return 1;
}

/* newuidmap(1) or newgidmap(1): PID, then inside, outside and count of each range. */
static int run_map(const char *program, const char *file, pid_t pid, uid_t user, unsigned own)
{
	unsigned long list[2 * RANGES_MAX];
	char text[2 + 3 * (RANGES_MAX + 1)][24], *arguments[sizeof text / sizeof *text + 1];
	int n = ranges(file, user, list), count = 0, status, null;
	pid_t child;

	snprintf(text[count++], sizeof *text, "%s", program);
	snprintf(text[count++], sizeof *text, "%d", pid);
	for (int i = -1; i < n; i++) {
		unsigned long first = i < 0 ? own : list[2 * i];

		snprintf(text[count++], sizeof *text, "%lu", first);
		snprintf(text[count++], sizeof *text, "%lu", first);
		snprintf(text[count++], sizeof *text, "%lu", i < 0 ? 1 : list[2 * i + 1]);
	}
	for (int i = 0; i < count; i++)
		arguments[i] = text[i];
	arguments[count] = NULL;
	child = fork();
	if (child == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, 2);
		execvp(program, arguments);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return child > 0 && status == 0 ? 0 : -1;
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

void userns_map(int channel, pid_t pid)
{
	char word = 'm', text[64];

	/* Without the two programs the user's own ids are all there is. */
	if (run_map("newuidmap", "/etc/subuid", pid, geteuid(), geteuid())) {
		snprintf(text, sizeof text, "%u %u 1", geteuid(), geteuid());
		write_file(pid, "uid_map", text);
	}
	if (run_map("newgidmap", "/etc/subgid", pid, geteuid(), getegid())) {
		write_file(pid, "setgroups", "deny");
		snprintf(text, sizeof text, "%u %u 1", getegid(), getegid());
		write_file(pid, "gid_map", text);
	}
	send(channel, &word, 1, MSG_NOSIGNAL);
}

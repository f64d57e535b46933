/*
 * Events that nobody reads, in as many inotify instances as root lets itself have, and watches: they take a part of the Sentry's
 * memory and no more, end in IN_Q_OVERFLOW and ENOSPC, and are given back. To be run as root with a small heap.
 */
#include "attack.h"
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define INSTANCES 1000

static void limit(const char *name, const char *value)
{
	char path[100];
	snprintf(path, sizeof path, "/proc/sys/fs/inotify/%s", name);
	int fd = open(path, O_WRONLY);
	HOLDS(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value), "%s cannot be set: %s", name, strerror(errno));
	close(fd);
}

/* What an instance has: events without the overflow; whether there was one, and whether it was the last. */
static long drain(int fd, int *overflows, int *last)
{
	static char text[65536] __attribute__((aligned(8)));
	long n = 0, got;
	*overflows = *last = 0;
	while ((got = read(fd, text, sizeof text)) > 0)
		for (long at = 0; at < got; ) {
			struct inotify_event *e = (void *)(text + at);
			if ((*last = e->mask == IN_Q_OVERFLOW)) *overflows += 1; else n++;
			at += sizeof *e + e->len;
		}
	HOLDS(got < 0 && errno == EAGAIN, "the end of the queue: %s", strerror(errno));
	return n;
}

static void flood(u64 round)
{
	static int fd[INSTANCES];
	char name[256], other[256];
	double end = now() + 8;
	long total = 0, most = 0;
	int overflows, last, status;
	/* Names as long as they may be: each event that is remembered keeps one. */
	memset(name, 'a' + (int)round, 255), name[255] = 0;
	for (int i = 0; i < INSTANCES; i++) {
		fd[i] = inotify_init1(IN_NONBLOCK);
		HOLDS(fd[i] >= 0, "instance %d: %s", i, strerror(errno));
		HOLDS(inotify_add_watch(fd[i], ".", IN_ALL_EVENTS) > 0, "watch %d: %s", i, strerror(errno));
	}
	for (long i = 0; i < 2000 && now() < end; i++) {
		snprintf(name, 10, "%09ld", i), name[9] = 'n';
		strcpy(other, name), other[254] = 'x';
		close(creat(name, 0600)), rename(name, other), unlink(other);
	}
	/* Others go on. */
	HOLDS(mkdir("../other", 0700) == 0 && rmdir("../other") == 0, "others make no names: %s", strerror(errno));
	int pid = fork();
	if (pid == 0) _exit(0);
	HOLDS(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "others make no processes: %s", strerror(errno));
	for (int i = 0; i < INSTANCES; i++) {
		long n = drain(fd[i], &overflows, &last);
		HOLDS(overflows == 1 && last, "instance %d: %d overflows, %s", i, overflows, last ? "the last" : "more behind it");
		if (n > most) most = n;
		total += n;
	}
	HOLDS(most > 2 && total > 1000, "hardly any events: %ld, %ld in one", total, most);
	/* What was read is free again: for one instance a whole lot. */
	for (int i = 1; i < INSTANCES; i++) close(fd[i]);
	for (int i = 0; i < 300; i++) close(creat(i % 2 ? "f" : "g", 0600));
	HOLDS(drain(fd[0], &overflows, &last) >= 900 && overflows == 0, "no room afterwards");
}

static void user(u64 id)
{
	char name[20];
	int n = 0, fd[3], m = 0;
	if (setgid(id) || setuid(id)) exit(2);
	for (; m < 3 && (fd[m] = inotify_init1(0)) >= 0; m++) { }
	HOLDS(m == 2 && errno == EMFILE, "a user's instances end after %d: %s", m, strerror(errno));
	for (; n < 300; n++) {
		snprintf(name, sizeof name, "%d", n);
		if (inotify_add_watch(fd[n % 2], name, IN_OPEN) < 0) break;
	}
	HOLDS(n == 100 && errno == ENOSPC, "a user's watches end after %d: %s", n, strerror(errno));
	/* One that is there may be changed; one given back makes room for one; so does one that was for one event, and a file's end. */
	HOLDS(inotify_add_watch(fd[0], "0", IN_OPEN | IN_ONESHOT) == 1, "a watch cannot be changed: %s", strerror(errno));
	close(open("0", O_RDONLY));
	HOLDS(inotify_add_watch(fd[0], "200", IN_OPEN) > 0, "IN_ONESHOT does not give back: %s", strerror(errno));
	HOLDS(inotify_rm_watch(fd[1], 1) == 0 && inotify_add_watch(fd[0], "201", IN_OPEN) > 0, "inotify_rm_watch: %s", strerror(errno));
	HOLDS(inotify_add_watch(fd[0], "202", IN_OPEN) < 0 && errno == ENOSPC, "more than there may be");
	unlink("2");
	HOLDS(inotify_add_watch(fd[0], "202", IN_OPEN) > 0, "unlink does not give back: %s", strerror(errno));
	close(fd[1]);
	for (n = 0; n < 50; n++) {
		snprintf(name, sizeof name, "%d", 250 + n);
		if (inotify_add_watch(fd[0], name, IN_OPEN) < 0) break;
	}
	HOLDS(n >= 48, "close gives %d back: %s", n, strerror(errno));
}

int main(void)
{
	struct rlimit files = { 4096, 4096 };
	char name[20];
	setrlimit(RLIMIT_NOFILE, &files);
	mkdir("notify", 0777), chdir("notify"), chmod(".", 0777);
	limit("max_user_instances", "2147483647");
	limit("max_queued_events", "2147483647");
	for (u64 round = 0; round < 2; round++) {
		int status = in_child(flood, round, 60);
		HOLDS(status == 0 || status == 99 << 8, "the flood: %#x", status);
	}
	limit("max_user_instances", "2");
	limit("max_user_watches", "100");
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 300; n++) snprintf(name, sizeof name, "%d", n), close(creat(name, 0644));
		HOLDS(in_child(user, 1000 + i / 2, 20) == 0, "user %d", i);
	}
	return attack_end();
}

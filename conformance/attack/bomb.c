/*
 * Makes the kernel remember things until it refuses, and says with which errno: bomb links | attributes | messages.
 * "no end" when it never refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char text[65536];

/* Symbolic links whose long targets are kept in kernel memory. */
static int links(int i)
{
	char name[32];
	snprintf(name, sizeof name, "link%d", i);
	text[4000] = 0;
	return symlink(text, name);
}

/* Large extended attributes, 15 to a file. */
static int attributes(int i)
{
	char file[32], name[32];
	snprintf(file, sizeof file, "file%d", i / 15);
	snprintf(name, sizeof name, "user.x%d", i);
	if (i % 15 == 0) close(creat(file, 0600));
	return setxattr(file, name, text, 60000, 0);
}

/* Long names of directories. */
static int directories(int i)
{
	char name[256];
	memset(name, 'n', sizeof name);
	snprintf(name, 16, "%d", i);
	name[strlen(name)] = '-';
	name[250] = 0;
	return mkdir(name, 0700);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int (*make)(int) = !strcmp(what, "links") ? links : !strcmp(what, "attributes") ? attributes : directories;
	memset(text, 'a', sizeof text - 1);
	if (mkdir("bomb", 0700) || chdir("bomb")) return perror("bomb"), 1;
	for (int i = 0; i < 3000000; i++) {
		if (make(i) == 0) continue;
		printf("%s\n", strerrorname_np(errno));
		return i < 1000;
	}
	puts("no end");
	return 1;
}

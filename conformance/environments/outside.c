/*
 * Asks the process outside for what it must not do, as a Sentry would that is in a program's hands. A line for each request:
 * its name and the errno, or "ok". Argument: a directory that may be written.
 */
#include "../../cli/src/main/native/outside.c"

#include <fcntl.h>
#include <stdlib.h>

static int directory;

static void show(const char *what, long result)
{
	printf("%s %s\n", what, result >= 0 ? "ok" : strerrorname_np(-result));
	fflush(stdout);
}

static long ask(long call, const char *a, const char *b, long a0, long a1, long a2, long a3, long a4)
{
	long arguments[] = { a0, a1, a2, a3, a4 };

	strcpy(data(), a);
	strcpy(data() + 4096, b);
	for (int i = 1; i < 5; i++)
		shared->arguments[i] = arguments[i];
	return outside_ask(call, a0);
}

static long open_name(const char *name, int flags)
{
	struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0 };

	memcpy(data() + 8192, &how, sizeof how);
	return ask(SYS_openat2, name, "", directory, 0, 8192, sizeof how, 0);
}

int main(int argc, char **argv)
{
	int pid = 0;

	if (argc < 2 || chdir(argv[1]))
		return 2;
	directory = open(".", O_PATH | O_DIRECTORY);
	symlink("/etc/passwd", "link");
	mkdir("d", 0700);
	if (!outside_start(&pid) || outside_ask(SEAL, 1))
		return 3;
	show("create", open_name("file", O_RDWR | O_CREAT));
	show("itself", open_name(".", O_RDONLY | O_DIRECTORY));
	show("above", open_name("..", O_RDONLY));
	show("slash", open_name("d/..", O_RDONLY));
	show("absolute", open_name("/etc/passwd", O_RDONLY));
	show("link", open_name("link", O_RDONLY));
	directory = open("/dev", O_PATH | O_DIRECTORY);
	show("device", open_name("null", O_RDWR));
	close(directory);
	directory = open(".", O_PATH | O_DIRECTORY);
	show("mkdir", ask(SYS_mkdirat, "e", "", directory, 0, 0700, 0, 0));
	show("mknod device", ask(SYS_mknodat, "n", "", directory, 0, S_IFCHR | 0600, 0x103, 0));
	show("rename above", ask(SYS_renameat2, "e", "..", directory, 0, directory, 4096, 0));
	show("link above", ask(SYS_linkat, "file", "../x", directory, 0, directory, 4096, 0));
	show("statx", ask(SYS_statx, "file", "", directory, 0, 0, 0xfff, 8192));
	show("statx to somewhere", ask(SYS_statx, "file", "", directory, 0, 0, 0xfff, 1 << 20));
	show("name from somewhere", ask(SYS_mkdirat, "x", "", directory, 1 << 20, 0700, 0, 0));
	show("negative offset", ask(SYS_mkdirat, "x", "", directory, -4096, 0700, 0, 0));
	show("readlink too long", ask(SYS_readlinkat, "link", "", directory, 0, 8192, 1 << 20, 0));
	show("connect", ask(SYS_connect, "", "", 0, directory, 0, 0, 0));
	show("execve", ask(SYS_execve, "/bin/sh", "", 0, 0, 0, 0, 0));
	show("openat", ask(SYS_openat, "/etc/passwd", "", -100, 0, 0, 0, 0));
	show("kill", ask(SYS_kill, "", "", getpid(), 9, 0, 0, 0));
	show("seal again", outside_ask(SEAL, 1));
	show("maps again", outside_ask(OUTSIDE_MAPS, 1));
	outside_end();
	show("after its end", outside_ask(SYS_statx, 0));
	return 0;
}

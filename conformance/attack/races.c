/*
 * Races against a volume that two sandboxes (or a sandbox and the host) share: one exchanges directories and files with
 * symbolic links that lead out of it, the other opens, makes, renames and removes by these names. Nothing outside may be
 * read or changed.
 *
 *   races swap DIRECTORY OUTSIDE SECONDS    OUTSIDE: where the links lead
 *   races use DIRECTORY SECONDS             longer if it could not open much
 */
#include "attack.h"
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>

static double end;

/* Without following a link ourselves. */
static void make_at(int directory, const char *name)
{
	int fd = openat(directory, name, O_CREAT | O_WRONLY | O_NOFOLLOW, 0666);
	if (fd >= 0) write(fd, "inside", 6), close(fd);
}

static void make(const char *name)
{
	mkdir(name, 0777);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd >= 0) make_at(fd, "secret"), close(fd);
}

/* x is a directory or a link to the directory outside, f a file or a link to the file outside. */
static int swap(const char *outside)
{
	char target[4096];
	snprintf(target, sizeof target, "%s/secret", outside);
	make("d"), make_at(AT_FDCWD, "g");
	symlink(outside, "link"), symlink(target, "flink");
	rename("d", "x"), rename("g", "f");
	for (unsigned i = 0; now() < end; i++) {
		syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "link", 2 /* RENAME_EXCHANGE */);
		syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "flink", 2);
		if (i % 64 == 0) { /* anew: whatever the other has done to them */
			make("x"), make("link"), make_at(AT_FDCWD, "f");
			symlink(outside, "link"), symlink(target, "flink");
		}
		if (i % 256 == 0) rename("x", "y"), mkdir("x", 0777), rmdir("x"), rename("y", "x");
	}
	return 0;
}

static unsigned long opened;

static void look(const char *name)
{
	char bytes[64];
	int fd = open(name, O_RDONLY);
	if (fd < 0) return;
	long n = read(fd, bytes, sizeof bytes);
	opened++;
	HOLDS(n < 0 || !memmem(bytes, n, "SECRET", 6), "%s is the file outside", name);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED) {
		struct stat st;
		HOLDS(fstat(fd, &st) || st.st_size < 6 || memcmp(at, "SECRET", 6), "%s maps the file outside", name);
		munmap(at, 4096);
	}
	close(fd);
}

static void change(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd >= 0) write(fd, "escaped", 7), fchmod(fd, 0606), close(fd);
}

static int use(void)
{
	struct timeval times[2] = { { 1, 0 }, { 1, 0 } };
	for (unsigned i = 0; (now() < end || opened < 100) && now() < end + 60 && !broken; i++) {
		look("x/secret"), look("f"), look("x/../f"), look("./x/./secret");
		change("x/new"), change("f"), change("x/secret");
		truncate("x/secret", 6), truncate("f", 6), chmod("x/secret", 0666), chmod("f", 0666), utimes("x/secret", times);
		setxattr("x/secret", "user.escaped", "1", 1, 0), setxattr("x", "user.escaped", "1", 1, 0);
		mkdir("x/made", 0777), rmdir("x/made"), symlink("t", "x/sym"), unlink("x/sym"), mkfifo("x/pipe", 0666), unlink("x/pipe");
		rename("x/new", "x/newer"), rename("x/newer", "moved"), link("x/secret", "linked"), look("linked"), unlink("linked");
		unlink("x/new"), unlink("moved");
		int dir = open("x", O_PATH | O_DIRECTORY), file = open("f", O_PATH);
		if (dir >= 0) {
			int fd = openat(dir, "secret", O_RDWR);
			if (fd >= 0) write(fd, "inside", 6), close(fd);
			unlinkat(dir, "new", 0), openat(dir, "../f", O_RDONLY), fchdir(dir), look("secret"), chdir("..");
			close(dir);
		}
		if (file >= 0) {
			char path[64];
			snprintf(path, sizeof path, "/proc/self/fd/%d", file);
			look(path), close(file);
		}
		for (int fd = 3; fd < 64; fd++) close(fd);
		if (i % 16 == 15) chdir("/vol");
	}
	HOLDS(opened >= 100, "only %lu opened: no test", opened);
	return attack_end();
}

int main(int argc, char **argv)
{
	if (argc < 4 || chdir(argv[2])) return perror("races"), 2;
	end = now() + atof(argv[argc - 1]);
	return !strcmp(argv[1], "swap") ? swap(argv[3]) : use();
}

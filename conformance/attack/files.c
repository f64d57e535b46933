/*
 * Random calls on a handful of file names and descriptors, with every result printed: what one seed prints natively it must
 * print in Kernelet, too.
 *
 *   files SEED COUNT DIRECTORY
 *
 * All takes place two levels below a new directory in DIRECTORY, so that ".." is the program's own. Left out is what
 * filesystems may answer as they like: sizes of directories, blocks, holes, RESOLVE_CACHED.
 */
#define _GNU_SOURCE
#include "compare.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static int fds[8], at, top;
static char buf[100000], top_name[4096];
static const char *const NAMES[] = { "a", "b", "c", "d", "d/a", "d/b", "e", "e/x", "e/x/y", "l", "l/a", "d/../a", "./b", "d/", "e/x/",
	"..a", "a/", "l2", "d/l3", "nonexist/z", "", ".", "..", "d/..", "e/../d/a", "l/", "l2/", "a/b" };
static const char *const ATTRIBUTES[] = { "user.a", "user.b", "user.", "foo", "user.long", "security" };

#define CHANCE(n) (below(n) == 0)

static const char *name(void) { return NAMES[below(COUNT(NAMES))]; }
/* For changes: more often one of the first. */
static const char *target(void) { return NAMES[below(below(3) ? 12 : COUNT(NAMES))]; }
static int fd(void) { return fds[at = below(8)]; }
static long offset(int reach, int before) { return (long)below(reach) - before; }

static void attributes(long result, const struct stat *s)
{
	if (result)
		return;
	printf("   mode %o nlink %ld size %ld uid %d rdev %lx\n", s->st_mode, (long)s->st_nlink,
	       S_ISDIR(s->st_mode) ? 0L : (long)s->st_size, s->st_uid, (long)s->st_rdev);
}

/* ---- descriptors */

static void do_open(void)
{
	static const struct { int rarely, flag; } extra[] = { { 2, O_CREAT }, { 4, O_EXCL }, { 4, O_TRUNC }, { 4, O_APPEND },
		{ 6, O_NOFOLLOW }, { 6, O_DIRECTORY }, { 10, O_PATH }, { 10, O_CLOEXEC }, { 15, O_NOATIME }, { 12, O_TMPFILE }, { 15, O_SYNC } };
	int flags = ONE_OF(O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_ACCMODE) | O_NONBLOCK, mode = below(01000), old = fd();
	const char *p = name();

	for (unsigned i = 0; i < COUNT(extra); i++)
		flags |= CHANCE(extra[i].rarely) ? extra[i].flag : 0;
	if (old >= 0)
		close(old);
	ARGS("%s,%x,%o", p, flags, mode);
	if ((fds[at] = shown("open", open(p, flags, mode))) >= 0)
		shown("flags", fcntl(fds[at], F_GETFL));
}

static void do_openat2(void)
{
	struct open_how how = { .flags = (below(2) ? O_RDWR | O_CREAT : O_RDONLY) | O_NONBLOCK, .resolve = ONE_OF(1, 2, 4, 8, 16, 64, 0) };
	const char *p = name();
	long r;

	if (how.flags & O_CREAT)
		how.mode = below(3) ? 0600 : 010600;
	ARGS("%s,%llx,%llx", p, how.flags, how.resolve);
	if ((r = shown("openat2", syscall(SYS_openat2, AT_FDCWD, p, &how, sizeof how))) >= 0)
		close(r);
}

static void do_close(void)
{
	int f = fd();

	fds[at] = -1;
	shown("close", close(f));
}

static void do_dup2(void)
{
	int from = fd(), to = fd();

	if (to >= 0)
		shown("dup2", dup2(from, to));
}

static void do_flags(void)
{
	int f = fd();

	shown("setfl", fcntl(f, F_SETFL, O_NONBLOCK | ONE_OF(O_APPEND, 0, O_NOATIME, O_RDWR | O_CREAT)));
	shown("getfl", fcntl(f, F_GETFL));
}

/* ---- content */

static void do_write(void)
{
	int f = fd(), n = below(5000);

	ARGS("%d,%d", f, n);
	shown("write", write(f, buf, n));
}

static void do_read(void)
{
	int f = fd(), n = below(9000);

	ARGS("%d,%d", f, n);
	content(buf, shown("read", read(f, buf, n)));
}

static void do_pread(void)
{
	int f = fd(), n = below(9000);
	long o = offset(20000, 1000);

	ARGS("%d,%d,%ld", f, n, o);
	content(buf, shown("pread", pread(f, buf, n, o)));
}

static void do_pwrite(void)
{
	int f = fd(), n = below(3000);
	long o = offset(20000, 1000);

	ARGS("%d,%d,%ld", f, n, o);
	shown("pwrite", pwrite(f, buf, n, o));
}

static void do_vectors(void)
{
	struct iovec iov[3] = { { buf, below(2000) }, { buf + 3000, below(2000) }, { NULL, 0 } };
	int f = fd(), flags = below(4) ? 0 : RWF_APPEND, n = below(4);
	long o = offset(5000, 1);

	ARGS("%d,%d,%ld,%x", f, n, o, flags);
	shown("pwritev2", pwritev2(f, iov, n, o, flags));
	shown("preadv", preadv(f, iov, 1 + below(3), o));
}

static void do_lseek(void)
{
	int f = fd(), whence = below(4);
	long o = offset(20000, 3000);
	struct stat st;

	if (whence == SEEK_DATA || (fstat(f, &st) == 0 && S_ISDIR(st.st_mode)))
		return;
	ARGS("%d,%ld,%d", f, o, whence);
	shown("lseek", lseek(f, o, whence));
}

static void do_ftruncate(void)
{
	int f = fd();
	long o = offset(30000, 500);

	ARGS("%d,%ld", f, o);
	shown("ftruncate", ftruncate(f, o));
}

static void do_truncate(void)
{
	const char *p = name();
	long o = offset(30000, 500);

	ARGS("%s,%ld", p, o);
	shown("truncate", truncate(p, o));
}

static void do_fallocate(void)
{
	int f = fd(), mode = ONE_OF(0, 1, 3, 0, 1, 3, 2);
	long o = offset(10000, 200), n = offset(10000, 200);

	ARGS("%d,%d,%ld,%ld", f, mode, o, n);
	shown("fallocate", fallocate(f, mode, o, n));
}

static void do_mmap(void)
{
	int f = fd(), prot = 1 + below(3), flags = below(2) ? MAP_SHARED : MAP_PRIVATE;
	long o = below(4) * 4096L, n;
	struct stat st;
	char *m = mmap(NULL, 8192, prot, flags, f, o);

	ARGS("%d,%d,%d,%ld", f, prot, flags, o);
	if (shown("mmap", m == MAP_FAILED ? -1 : 0) < 0)
		return;
	if (fstat(f, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > o) {
		n = st.st_size - o < 8192 ? st.st_size - o : 8192;
		if (prot & PROT_READ) {
			content(m, n);
			content(m + n, (n + 4095 & -4096L) - n);
		}
		if (prot & PROT_WRITE)
			m[n / 2] = 'M', m[n - 1] = 'N';
	}
	munmap(m, 8192);
}

static void do_copy(void)
{
	int in = fd(), out = fd(), n = below(8000);
	off_t from = below(5000), to = below(5000);

	ARGS("%d,%d,%d,%ld,%ld", in, out, n, from, to);
	shown("copy_file_range", copy_file_range(in, &from, out, &to, n, below(10) ? 0 : 1));
	printf("   %ld %ld\n", from, to);
	ARGS("%d,%d", out, in);
	shown("sendfile", sendfile(out, in, NULL, n));
}

static void do_splice(void)
{
	int ends[2], f = fd(), n = below(8000), writes = below(2);
	off_t o = below(3000), *where = below(2) ? &o : NULL;
	long r;

	if (pipe2(ends, O_NONBLOCK))
		return;
	ARGS("%d,%d,%ld", f, n, where ? o : -1);
	if (writes) {
		if (write(ends[1], buf, 3000) == 3000)
			shown("splice in", splice(ends[0], NULL, f, where, n, 0));
	} else if ((r = shown("splice out", splice(f, where, ends[1], NULL, n, 0))) > 0) {
		content(buf, read(ends[0], buf, r));
	}
	close(ends[0]);
	close(ends[1]);
}

/* ---- names */

static void do_rename(void)
{
	const char *p = target(), *q = target();
	int flags = below(3);

	ARGS("%s,%s,%d", p, q, flags);
	shown("rename", below(3) ? rename(p, q) : syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, q, flags));
}

static void do_link(void)
{
	const char *p = target(), *q = target();

	ARGS("%s,%s", p, q);
	shown("link", link(p, q));
}

static void do_linkat(void)
{
	int f = fd(), flags = ONE_OF(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, 0);
	const char *p = flags == AT_EMPTY_PATH ? "" : name(), *q = name();

	ARGS("%d,%s,%s,%x", f, p, q, flags);
	shown("linkat", linkat(f, p, AT_FDCWD, q, flags));
}

static void do_symlink(void)
{
	const char *p = name(), *q = target();

	ARGS("%s,%s", p, q);
	shown("symlink", symlink(p, q));
}

static void do_unlink(void)
{
	const char *p = target();

	ARGS("%s", p);
	shown("unlink", unlink(p));
}

static void do_rmdir(void)
{
	const char *p = target();

	ARGS("%s", p);
	shown("rmdir", rmdir(p));
}

static void do_mkdir(void)
{
	const char *p = target();
	int mode = 0700 | below(01000);

	ARGS("%s,%o", p, mode);
	shown("mkdir", mkdir(p, mode));
}

static void do_at_descriptor(void)
{
	int f = fd();
	const char *p = name();

	ARGS("%d,%s", f, p);
	shown("unlinkat", unlinkat(f, p, below(2) ? AT_REMOVEDIR : 0));
	shown("mkdirat", mkdirat(f, p, 0755));
}

static void do_mknod(void)
{
	const char *p = name();
	int mode = ONE_OF(S_IFIFO, S_IFIFO, S_IFSOCK, S_IFREG, 0) | below(01000);

	ARGS("%s,%o", p, mode);
	shown("mknod", mknod(p, mode, 0));
}

static void do_chdir(void)
{
	const char *p = name();
	int f = fd();

	ARGS("%s,%d", p, f);
	shown("chdir", below(3) ? chdir(p) : fchdir(f));
	if (!getcwd(buf, 4096))
		printf("   no cwd: %s\n", strerrorname_np(errno));
	else if (strncmp(buf, top_name, strlen(top_name)) == 0)
		printf("   %s\n", buf + strlen(top_name));
	if (CHANCE(3) || strncmp(buf, top_name, strlen(top_name)))
		shown("back", fchdir(top));
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void do_list(void)
{
	const char *p = name();
	char *list[200];
	int n = 0;
	DIR *d = opendir(p);
	struct dirent *e;

	ARGS("%s", p);
	shown("opendir", d ? 0 : -1);
	if (!d)
		return;
	while ((e = readdir(d)) && n < 200)
		if (asprintf(&list[n], "%s:%d", e->d_name, e->d_type) > 0)
			n++;
	qsort(list, n, sizeof *list, by_name);
	for (int i = 0; i < n; i++) {
		printf(" %s", list[i]);
		free(list[i]);
	}
	printf("\n");
	closedir(d);
}

/* ---- attributes */

static void do_stat(void)
{
	struct stat st;
	const char *p = name();
	int f = fd();

	ARGS("%s,%d", p, f);
	attributes(shown("stat", stat(p, &st)), &st);
	attributes(shown("lstat", lstat(p, &st)), &st);
	attributes(shown("fstat", fstat(f, &st)), &st);
	shown("readlink", readlink(p, buf, below(20)));
}

static void do_chmod(void)
{
	const char *p = name();
	int f = fd(), mode = below(010000) | 0600;

	ARGS("%s,%d,%o", p, f, mode);
	shown("chmod", below(2) ? chmod(p, mode) : fchmod(f, mode));
}

static void do_access(void)
{
	const char *p = name();
	int mode = below(9), flags = (below(2) ? AT_SYMLINK_NOFOLLOW : 0) | (below(2) ? AT_EACCESS : 0) | (below(8) ? 0 : AT_EMPTY_PATH);

	ARGS("%s,%d,%x", p, mode, flags);
	shown("access", access(p, mode));
	shown("faccessat2", syscall(SYS_faccessat2, AT_FDCWD, p, mode, flags));
}

static void do_times(void)
{
	struct timespec times[2] = { { below(1000000), below(2) ? UTIME_OMIT : below(999999999) },
		{ below(1000000), below(5) ? below(1200000000) : UTIME_OMIT } };
	const char *p = name();
	int flags = below(2) ? AT_SYMLINK_NOFOLLOW : 0;
	struct stat st;

	ARGS("%s,%ld.%ld,%x", p, times[1].tv_sec, times[1].tv_nsec, flags);
	if (shown("utimensat", utimensat(AT_FDCWD, p, times, flags)) == 0 && times[1].tv_nsec != UTIME_OMIT
	    && fstatat(AT_FDCWD, p, &st, flags) == 0)
		printf("   %ld.%ld\n", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void do_xattr(void)
{
	const char *p = name(), *a = ATTRIBUTES[below(COUNT(ATTRIBUTES))];
	int n = below(100), flags = below(4);

	ARGS("%s,%s,%d,%d", p, a, n, flags);
	if (below(2))
		shown("setxattr", setxattr(p, a, buf, n, flags));
	shown("getxattr", getxattr(p, a, buf, below(3) ? 200 : below(50)));
	if (CHANCE(6))
		shown("removexattr", removexattr(p, a));
	shown("listxattr", listxattr(p, buf, 1000));
}

static void do_locks(void)
{
	struct flock l = { .l_type = below(3), .l_whence = below(3), .l_start = offset(1000, 100), .l_len = offset(1000, 100) };
	int f = fd(), command = ONE_OF(F_SETLK, F_GETLK, F_OFD_SETLK, F_OFD_GETLK);

	ARGS("%d,%d,%d,%d,%ld,%ld", f, command, l.l_type, l.l_whence, l.l_start, l.l_len);
	if (shown("lock", fcntl(f, command, &l)) == 0 && (command == F_GETLK || command == F_OFD_GETLK) && l.l_type != F_UNLCK)
		printf("   %d %ld %ld %d\n", l.l_type, l.l_start, l.l_len, l.l_pid == getpid() ? 1 : l.l_pid);
	shown("flock", flock(f, LOCK_NB | ONE_OF(LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH | LOCK_EX, 0)));
}

static void (*const ACTIONS[])(void) = { do_open, do_open, do_open, do_open, do_open, do_openat2, do_close, do_dup2, do_flags, do_write,
	do_write, do_read, do_pread, do_pwrite, do_vectors, do_lseek, do_ftruncate, do_truncate, do_fallocate, do_mmap, do_copy, do_copy,
	do_splice, do_rename, do_rename, do_rename, do_link, do_link, do_linkat, do_symlink, do_unlink, do_unlink, do_rmdir, do_mkdir, do_mkdir,
	do_at_descriptor, do_mknod, do_chdir, do_list, do_stat, do_stat, do_chmod, do_access, do_times, do_xattr, do_xattr, do_locks };

int main(int argc, char **argv)
{
	char path[4000];

	if (argc != 4) {
		fprintf(stderr, "usage: files SEED COUNT DIRECTORY\n");
		return 2;
	}
	close_range(3, ~0U, 0);
	umask(022);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	snprintf(path, sizeof path, "%s/filesXXXXXX", argv[3]);
	if (!mkdtemp(path) || chdir(path) || mkdir("in", 0755) || chdir("in") || !getcwd(top_name, sizeof top_name))
		return 1;
	top = open(".", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 8; i++)
		fds[i] = -1;
	begin(argv[1]);
	for (number = 0; number < atol(argv[2]); number++) {
		for (int i = 0; i < 8000; i++)
			buf[i] = 'a' + (number * 7 + i) % 26;
		ACTIONS[below(COUNT(ACTIONS))]();
	}
	fflush(stdout);
	if (chdir("/") || execlp("sh", "sh", "-c", "chmod -R u+rwx \"$0\"; rm -rf \"$0\"", path, NULL))
		return 1;
}

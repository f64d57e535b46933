/*
 * Fills pipes and sockets that nobody reads, with gigabytes if the kernel takes them: its own memory must stay within bounds,
 * and neighbours must still be able to use pipes and sockets.
 *
 *   buffers               with --memory=256M
 *   buffers messages      with a small heap
 */
#include "attack.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>

static char bytes[1 << 20], back[1 << 20];

static int loopback(int *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);
	p[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (void *)&a, n) || listen(l, 1) || getsockname(l, (void *)&a, &n) || connect(p[0], (void *)&a, n)) return -1;
	p[1] = accept(l, NULL, NULL);
	close(l);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	return p[1] < 0 ? -1 : 0;
}

static int pair(int kind, int *p)
{
	int ends[2];
	switch (kind) {
	case 0: if (pipe2(ends, O_NONBLOCK)) return -1; p[0] = ends[1], p[1] = ends[0]; return fcntl(p[0], F_SETPIPE_SZ, 1 << 20) < 0;
	case 1: return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	case 2: return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p);
	case 3: return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, p);
	default: return loopback(p);
	}
}

/* Blocking transfers of a megabyte, as others make them. */
static void transfer(u64 kind)
{
	int p[2], pid;
	if (pair(kind, p)) { BROKEN("kind %d: no pair: %s", (int)kind, strerror(errno)); return; }
	fcntl(p[0], F_SETFL, 0), fcntl(p[1], F_SETFL, 0);
	size_t piece = kind == 2 || kind == 3 ? 4000 : sizeof bytes, done = 0;
	for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = i * 31 >> 3;
	fflush(stdout);
	if ((pid = fork()) == 0) {
		for (size_t at = 0; at < sizeof bytes;) {
			long n = write(p[0], bytes + at, at + piece > sizeof bytes ? sizeof bytes - at : piece);
			if (n < 0 && errno == ENOBUFS) usleep(500);
			else if (n <= 0) _exit(1);
			else at += n;
		}
		_exit(0);
	}
	for (long n; done < sizeof bytes && (n = read(p[1], back + done, sizeof back - done)) > 0;) done += n;
	HOLDS(done == sizeof bytes && memcmp(bytes, back, sizeof bytes) == 0, "kind %d: %ld bytes have come", (int)kind, (long)done);
}

static void fill(u64 kind)
{
	static int held[20000][2];
	int count = 0, full = 0, p[2];
	u64 total = 0;
	for (; count < 3000 && pair(kind, held[count]) == 0; count++) {
		size_t piece = kind == 2 || kind == 3 ? 100000 : sizeof bytes;
		for (long n; (n = write(held[count][0], bytes, piece)) > 0;) total += n;
		full += errno == EAGAIN;
	}
	fprintf(stderr, "buffers: kind %d: %lu MB in %d\n", (int)kind, (long)(total >> 20), count);
	HOLDS(total < 160UL << 20, "kind %d: %lu MB are under way in %d", (int)kind, (long)(total >> 20), count);
	HOLDS(count > 100 && total > 8UL << 20, "kind %d: only %lu MB in %d: no test", (int)kind, (long)(total >> 20), count);
	/* For neighbours, while it is so; and one that waits goes on when there is memory again. */
	for (int k = 0; k < 5; k++) HOLDS(in_child(transfer, k, 20) == 0, "kind %d beside %d", k, (int)kind);
	if (pair(kind, p) || kind == 2 || kind == 3) return;
	fcntl(p[0], F_SETFL, 0);
	int pid = fork();
	if (pid == 0) _exit(write(p[0], bytes, sizeof bytes) != sizeof bytes);
	usleep(100000);
	for (int i = 0; i < count; i++) close(held[i][0]), close(held[i][1]);
	fcntl(p[1], F_SETFL, 0);
	alarm(20);
	for (long n, left = sizeof bytes; left > 0 && (n = read(p[1], back, sizeof back)) > 0;) left -= n;
}

/* What each message costs beyond its bytes; to be run with a small heap. */
static void messages(u64 unused)
{
	int p[2], count = 0, n;
	(void)unused;
	if (pipe2(p, O_DIRECT | O_NONBLOCK)) return;
	while (write(p[1], bytes, 1) == 1) count++;
	HOLDS(count == 16, "a pipe takes %d packets", count); /* pipe(7) */
	static int all[4000], made;
	for (made = 0; made < 4000; made++) { /* datagrams of the loopback that nobody receives, by calls that are not refused */
		struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t size = sizeof a;
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		if (s < 0 || bind(s, (void *)&a, size) || getsockname(s, (void *)&a, &size) || connect(s, (void *)&a, size)) break;
		all[made] = s;
	}
	HOLDS(made > 1000, "only %d sockets: no test", made);
	for (int i = 0; i < made * 4; i++) write(all[i / 4], bytes, 50000);
	for (int i = 0; i < 2000; i++) {
		if (socketpair(AF_UNIX, i % 2 ? SOCK_SEQPACKET | SOCK_NONBLOCK : SOCK_STREAM | SOCK_NONBLOCK, 0, p)) break;
		setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, 4);
		for (n = 0; n < 3000 && write(p[0], bytes, 1) > 0; n++) continue;
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 20000, 20000 };
	if (setrlimit(RLIMIT_NOFILE, &files)) getrlimit(RLIMIT_NOFILE, &files), files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
	if (argc > 1 && !strcmp(argv[1], "messages")) {
		int status = in_child(messages, 0, 100);
		HOLDS(status == 0 || status == 99 << 8, "messages: %#x", status);
		transfer(0), transfer(1);
		return attack_end();
	}
	for (int k = 0; k < 5; k++) {
		int status = in_child(fill, k, 100);
		HOLDS(status == 0 || status == 99 << 8, "kind %d: %#x", k, status);
	}
	return attack_end();
}

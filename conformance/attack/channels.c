/*
 * Random calls on pipes, unix sockets, eventfds and the epoll files that watch them, none of which waits, with every result
 * printed: what one seed prints natively it must print in Kernelet, too.
 *
 *   channels SEED COUNT
 *
 * Left out is MSG_OOB, which streams of unix sockets inside do not have, and EPOLLET: how often one is woken without a cause is
 * nobody's promise.
 */
#define _GNU_SOURCE
#include "compare.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS 14

static int fds[FDS], at, epolls[2];
static char buf[300000];

static int fd(void) { return fds[at = below(FDS)]; }

/* A small one, or one that may not fit. */
static int size(void) { return below(6) ? below(3000) : below(200000); }

static void keep(int f)
{
	int old = fd();

	if (old >= 0)
		close(old);
	fds[at] = f;
}

static void make(void)
{
	int pair[2] = { -1, -1 }, r;

	switch (below(6)) {
	case 0: r = shown("pipe", pipe2(pair, O_NONBLOCK | ONE_OF(0, 0, 0, O_DIRECT, O_CLOEXEC))); break;
	case 1: r = shown("stream", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)); break;
	case 2: r = shown("datagrams", socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair)); break;
	case 3: r = shown("packets", socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair)); break;
	case 4: r = shown("eventfd", pair[0] = eventfd(below(3), EFD_NONBLOCK | (below(2) ? EFD_SEMAPHORE : 0))); break;
	default: r = shown("socket", pair[0] = socket(AF_UNIX, ONE_OF(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET) | SOCK_NONBLOCK, 0)); break;
	}
	if (r < 0)
		return;
	keep(pair[0]);
	if (pair[1] >= 0)
		keep(pair[1]);
}

static void lose(void)
{
	int f = fd();

	fds[at] = -1;
	ARGS("%d", f);
	shown("close", close(f));
}

static void copy(void)
{
	int f = fd(), g;

	ARGS("%d", f);
	if ((g = shown("dup", fcntl(f, F_DUPFD, 3))) >= 0)
		keep(g);
}

static void put(void)
{
	int f = fd(), n = below(4) ? size() : 8, flags = ONE_OF(0, 0, 0, MSG_EOR, MSG_MORE, MSG_DONTROUTE) | MSG_NOSIGNAL;

	memset(buf, 'a' + number % 26, n);
	if (n == 8)
		*(long *)buf = below(20) ? (long)below(5) : -1;
	ARGS("%d,%d,%x", f, n, flags);
	if (below(2))
		shown("write", write(f, buf, n));
	else
		shown("send", send(f, buf, n, flags));
}

static void take(void)
{
	int f = fd(), n = below(4) ? size() : 8, flags = ONE_OF(0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE);
	struct iovec iov[2] = { { buf, n / 3 }, { buf + n / 3, n - n / 3 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	long r;

	ARGS("%d,%d,%x", f, n, flags);
	switch (below(3)) {
	case 0: content(buf, shown("read", read(f, buf, n))); break;
	case 1: r = shown("recv", recv(f, buf, n, flags)); content(buf, r < n ? r : n); break;
	default:
		r = shown("recvmsg", recvmsg(f, &m, flags));
		content(buf, r < n ? r : n);
		if (r >= 0)
			printf("   flags %x name %d\n", m.msg_flags, m.msg_namelen);
	}
}

/* Descriptors through a socket. */
static void rights(void)
{
	int f = fd(), passed = fd(), n = 1 + below(50), got;
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { buf, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &passed, sizeof passed);
	ARGS("%d,%d,%d", f, passed, n);
	shown("sendmsg", sendmsg(f, &m, MSG_NOSIGNAL));
	f = fd();
	m.msg_controllen = below(5) ? sizeof control : 0;
	ARGS("%d,%zu", f, m.msg_controllen);
	if (shown("recvmsg", recvmsg(f, &m, 0)) < 0)
		return;
	printf("   flags %x control %zu\n", m.msg_flags, m.msg_controllen);
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		memcpy(&got, CMSG_DATA(c), sizeof got);
		printf("   got %d\n", got);
		keep(got);
	}
}

static socklen_t named(struct sockaddr_un *a)
{
	a->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(a->sun_path + 1, 50, "channels-%d-%d", getpid(), below(3));
}

static void names(void)
{
	struct sockaddr_un a = { 0 };
	socklen_t length = named(&a);
	int f = fd(), g;

	ARGS("%d,%s", f, strrchr(a.sun_path + 1, '-'));
	switch (below(7)) {
	case 0: case 1: shown("bind", bind(f, (void *)&a, length)); break;
	case 2: shown("listen", listen(f, below(3))); break;
	case 3: shown("connect", connect(f, (void *)&a, length)); break;
	case 4: if ((g = shown("accept", accept4(f, NULL, NULL, SOCK_NONBLOCK))) >= 0) keep(g); break;
	case 5: shown("sendto", sendto(f, buf, below(2000), MSG_NOSIGNAL, (void *)&a, length)); break;
	case 6:
		length = sizeof a;
		if (shown("getsockname", getsockname(f, (void *)&a, &length)) == 0) printf("   %d\n", length > 2 ? 1 : 0);
		length = sizeof a;
		if (shown("getpeername", getpeername(f, (void *)&a, &length)) == 0) printf("   %d\n", length > 2 ? 1 : 0);
	}
}

static void options(void)
{
	int f = fd(), value = below(2), option = ONE_OF(SO_TYPE, SO_ERROR, SO_ACCEPTCONN, SO_PASSCRED, SO_DOMAIN, SO_PROTOCOL, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE);
	socklen_t length = sizeof value;

	ARGS("%d,%d", f, option);
	switch (below(5)) {
	case 0: if (option != SO_PASSCRED) shown("setsockopt", setsockopt(f, SOL_SOCKET, option, &value, sizeof value)); break;
	case 1: if (shown("getsockopt", getsockopt(f, SOL_SOCKET, option, &value, &length)) == 0) printf("   %d\n", value); break;
	case 2: if (shown("FIONREAD", ioctl(f, FIONREAD, &value)) == 0) printf("   %d\n", value); break;
	case 3: shown("shutdown", shutdown(f, below(4))); break;
	case 4: shown("F_SETPIPE_SZ", fcntl(f, F_SETPIPE_SZ, ONE_OF(4096, 65536, 5000, 0, 131072))); break;
	}
}

static void between(void)
{
	int f = fd(), g = fd(), n = below(5000);

	ARGS("%d,%d,%d", f, g, n);
	if (below(2))
		shown("splice", splice(f, NULL, g, NULL, n, SPLICE_F_NONBLOCK));
	else
		shown("tee", tee(f, g, n, SPLICE_F_NONBLOCK));
}

static void look(void)
{
	struct pollfd p[FDS];

	for (int i = 0; i < FDS; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLRDBAND | POLLWRNORM };
	shown("poll", poll(p, FDS, 0));
	for (int i = 0; i < FDS; i++)
		printf(" %d:%x", p[i].fd, p[i].revents);
	printf("\n");
}

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return x->data.fd - y->data.fd;
}

static void watch(void)
{
	int ep = epolls[below(2)], f = below(12) ? fd() : epolls[below(2)], op = ONE_OF(EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL);
	struct epoll_event e = { .events = ONE_OF(EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP) | ONE_OF(0, 0, EPOLLONESHOT), .data.fd = f }, all[20];
	int n;

	ARGS("%d,%d,%d,%x", ep, op, f, e.events);
	shown("epoll_ctl", epoll_ctl(ep, op, f, &e));
	ep = epolls[below(2)];
	ARGS("%d", ep);
	n = shown("epoll_wait", epoll_wait(ep, all, COUNT(all), 0));
	if (n > 1)
		qsort(all, n, sizeof *all, by_data);
	for (int i = 0; i < n; i++)
		printf("   %d:%x\n", all[i].data.fd, all[i].events);
}

static void (*const ACTIONS[])(void) = { make, make, make, lose, lose, copy, put, put, put, put, put, take, take, take, take, take, rights, rights,
	names, names, names, options, options, between, between, look, look, watch, watch, watch };

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: channels SEED COUNT\n");
		return 2;
	}
	close_range(3, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	begin(argv[1]);
	for (int i = 0; i < FDS; i++)
		fds[i] = -1;
	epolls[0] = epoll_create1(0), epolls[1] = epoll_create1(0);
	for (number = 0; number < atol(argv[2]); number++)
		ACTIONS[below(COUNT(ACTIONS))]();
	return 0;
}

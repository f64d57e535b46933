/*
 * Takes as much of one kind as there is, until the kernel refuses (or a million are had), and gives it back: once and once
 * again, for what the first round took must be there for the second.
 *
 *   exhaust [WHAT|all [SECONDS]]
 */
#include "attack.h"
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <pthread.h>
#include <linux/futex.h>
#include <netinet/in.h>

#define MANY 1000000
static long count;

/* Each takes one more: -1 when refused. What a process holds goes away with it. */
static int descriptor(long i) { return i % 3 == 0 ? eventfd(0, 0) : i % 3 == 1 ? open("/dev/null", O_RDONLY) : timerfd_create(0, 0); }
static int sockets(long i) { int p[2]; return socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, p); }
static int pipes(long i) { int p[2]; (void)i; return pipe(p); }
static int process(long i)
{
	int pid = fork();
	(void)i;
	if (pid == 0) for (;;) pause();
	return pid;
}
static void *rest(void *p) { pause(); return p; }
static int thread(long i)
{
	pthread_t id;
	pthread_attr_t a;
	(void)i;
	pthread_attr_init(&a), pthread_attr_setstacksize(&a, 16384);
	return (errno = pthread_create(&id, &a, rest, NULL)) ? -1 : 0;
}
static unsigned word;
static void *waiter(void *p) { syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0); return p; }
static int futex_waiter(long i)
{
	pthread_t id;
	pthread_attr_t a;
	(void)i;
	pthread_attr_init(&a), pthread_attr_setstacksize(&a, 16384);
	return (errno = pthread_create(&id, &a, waiter, NULL)) ? -1 : 0;
}
static int timer(long i)
{
	timer_t t;
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct itimerspec s = { { 0, 0 }, { 1000 + i, 0 } };
	return timer_create(CLOCK_MONOTONIC, &e, &t) ? -1 : timer_settime(t, 0, &s, NULL);
}
static int signals(long i)
{
	union sigval v = { .sival_int = i };
	sigset_t all;
	if (i == 0) sigfillset(&all), sigprocmask(SIG_BLOCK, &all, NULL);
	return sigqueue(getpid(), SIGRTMIN + i % 20, v);
}
static int lock_fd;
static int locks(long i)
{
	struct flock l = { .l_type = i % 2 ? F_WRLCK : F_RDLCK, .l_start = 2 * i, .l_len = 1 };
	if (i == 0) lock_fd = open("locked", O_CREAT | O_RDWR, 0600);
	return fcntl(lock_fd, F_SETLK, &l);
}
static int inodes(long i)
{
	char name[32];
	snprintf(name, sizeof name, "d/i%ld", i);
	if (i == 0) mkdir("d", 0700);
	return mkdir(name, 0700);
}
static int epolls(long i) /* one in the other, as deep as it goes; then wide */
{
	static int last = -1;
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0), ev = eventfd(1, 0);
	if (ep < 0 || ev < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e)) return -1;
	if (last >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, last, &e)) last = -1;
	else last = ep;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e) == 0) BROKEN("an epoll in itself");
	return epoll_wait(ep, &e, 1, 0) < 0 ? -1 : (int)(i & 0);
}
static int watch_fd;
static int watches(long i)
{
	char name[64];
	if (i == 0) mkdir("w", 0700), watch_fd = inotify_init();
	snprintf(name, sizeof name, "w/%ld", i);
	close(creat(name, 0600));
	return inotify_add_watch(watch_fd, name, IN_ALL_EVENTS);
}
static int events(long i) /* never read */
{
	if (i == 0) mkdir("e", 0700), watch_fd = inotify_init(), inotify_add_watch(watch_fd, "e", IN_ALL_EVENTS);
	char name[32];
	snprintf(name, sizeof name, "e/%ld", i % 2);
	return creat(name, 0600) < 0 && errno != EMFILE ? -1 : i > 200000 ? -1 : 0;
}
static int posix_messages(long i)
{
	static mqd_t q;
	static char text[8192];
	char name[32];
	if (i % 10 == 0) {
		snprintf(name, sizeof name, "/q%d.%ld", getpid(), i);
		q = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, NULL);
		mq_unlink(name);
	}
	return q < 0 ? -1 : mq_send(q, text, 8192, 0);
}
static int sysv_messages(long i)
{
	static int q;
	static struct { long type; char text[4000]; } m = { 1, "" };
	if (i % 4 == 0 && (q = msgget(IPC_PRIVATE, 0600)) < 0) return -1;
	return msgsnd(q, &m, sizeof m.text, IPC_NOWAIT);
}
static int semaphores(long i)
{
	int s = semget(IPC_PRIVATE, 250, 0600);
	struct sembuf op = { i % 250, 1, SEM_UNDO };
	return s < 0 ? -1 : semop(s, &op, 1);
}
static int segments(long i) { (void)i; return shmget(IPC_PRIVATE, 65536, 0600); }
static int mappings(long i)
{
	char *at = mmap((void *)(0x100000000UL + i * 8192), 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? -1 : 0;
}

/* Sends a descriptor over its own pair: nobody else has it, so it is never received. */
static int send_rights(int over, int what)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &what, sizeof what);
	return sendmsg(over, &m, MSG_DONTWAIT);
}
static int rights(long i) /* cycles of one and of two, each with a megabyte behind it */
{
	int p[2], q[2], r = 0;
	if (i == 20000) return errno = 0, -1;
	if (socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, p)) return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, q)) return close(p[0]), close(p[1]), -1;
	if (i % 3 == 0) r = send_rights(p[0], p[1]);
	else r = send_rights(p[0], q[1]) < 0 ? -1 : send_rights(q[0], p[1]);
	if (r >= 0 && i % 4 == 0) {
		static char bytes[65536];
		write(p[0], bytes, sizeof bytes);
	}
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
	return r < 0 ? -1 : 0;
}
static int chain(long i) /* a socket in a socket in a socket: its end must not be a recursion of the kernel's */
{
	static int last = -1;
	int p[2];
	if (i == 30000) return close(last), last = -1, errno = 0, -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p)) return -1;
	if (last >= 0 && send_rights(p[0], last) < 0) return -1;
	close(last), close(p[0]);
	last = p[1];
	return 0;
}
static int buffers(long i) /* what is sent and not read */
{
	static char bytes[100000];
	int p[2];
	if (i % 2) { if (pipe2(p, O_NONBLOCK)) return -1; } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p)) return -1;
	return write(p[1], bytes, sizeof bytes) < 0 ? -1 : 0;
}
static int loopback(long i) /* half-made connections */
{
	static struct sockaddr_in in = { .sin_family = AF_INET };
	static int l;
	socklen_t n = sizeof in;
	if (i == 0) {
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		l = socket(AF_INET, SOCK_STREAM, 0), bind(l, (void *)&in, sizeof in), listen(l, 5000), getsockname(l, (void *)&in, &n);
	}
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	return s < 0 ? -1 : connect(s, (void *)&in, sizeof in) && errno != EINPROGRESS ? -1 : 0;
}

static int mounts(long i) /* of its own namespace, which ends with the process */
{
	if (i == 0 && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))) return -1;
	mkdir("w", 0755);
	return mount("none", "w", "tmpfs", 0, NULL);
}
static int namespaces(long i) /* each kept by its file */
{
	return unshare(CLONE_NEWNS) || i == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -1 : open("/proc/self/ns/mnt", O_RDONLY);
}
static int pid_namespaces(long i) /* likewise; its first process has ended */
{
	char name[32];
	int pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0), fd;
	(void)i;
	if (pid == 0) for (;;) pause();
	if (pid < 0) return -1;
	snprintf(name, sizeof name, "/proc/%d/ns/pid", pid);
	fd = open(name, O_RDONLY);
	kill(pid, SIGKILL), waitpid(pid, NULL, 0);
	return fd;
}
static int user_namespaces(long i) /* likewise, with a mount namespace that ends */
{
	char name[32], c;
	int p[2], pid, fd;
	(void)i;
	if (pipe(p)) return -1;
	pid = fork();
	if (pid == 0) {
		c = unshare(CLONE_NEWUSER | CLONE_NEWNS) ? errno : 0;
		write(p[1], &c, 1);
		for (;;) pause();
	}
	if (pid < 0 || read(p[0], &c, 1) != 1) return -1;
	snprintf(name, sizeof name, "/proc/%d/ns/user", pid);
	fd = c ? -1 : open(name, O_RDONLY);
	kill(pid, SIGKILL), waitpid(pid, NULL, 0), close(p[0]), close(p[1]);
	if (c) errno = c;
	return fd;
}

static const struct { const char *name; int (*take)(long); } kinds[] = {
	{ "descriptors", descriptor }, { "sockets", sockets }, { "pipes", pipes }, { "processes", process }, { "threads", thread },
	{ "futexes", futex_waiter }, { "timers", timer }, { "signals", signals }, { "locks", locks }, { "inodes", inodes },
	{ "epolls", epolls }, { "watches", watches }, { "events", events }, { "mq", posix_messages }, { "msg", sysv_messages },
	{ "sem", semaphores }, { "shm", segments }, { "mappings", mappings }, { "chain", chain }, { "rights", rights },
	{ "buffers", buffers }, { "loopback", loopback },
	{ "mounts", mounts }, { "namespaces", namespaces }, { "pidns", pid_namespaces }, { "userns", user_namespaces },
};
static double limit = 0.15;

static void take(u64 which)
{
	double end = now() + limit;
	setpgid(0, 0);
	for (count = 0; count < MANY && now() < end; count++)
		if (kinds[which].take(count) < 0) break;
	fprintf(stderr, "%-12s %7ld %s\n", kinds[which].name, count, count == MANY || now() >= end ? "" : strerrorname_np(errno));
	if (kinds[which].take == chain) chain(30000);
	kill(0, SIGKILL);
}

/* One user's cycles of sockets, which are never received, are his own affair: files under way are counted per user (unix(7)). */
static void rights_of(u64 uid)
{
	struct rlimit files = { 200, 200 };
	int p[2], n = 0;
	setrlimit(RLIMIT_NOFILE, &files);
	if (setgid(uid) || setuid(uid)) exit(2);
	for (; n < 1000; n++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p)) break;
		if (send_rights(p[0], p[1]) < 0) break;
		close(p[0]), close(p[1]);
		if (uid == 1001 && n == 50) return;
	}
	HOLDS(uid == 1000, "a user cannot send because another has: %d, %s", n, strerror(errno));
	HOLDS(n >= 100 && n < 1000 && errno == ETOOMANYREFS, "cycles end after %d: %s", n, strerror(errno));
}

/* What System V objects outlive. */
static void clean(void)
{
	union { struct msqid_ds m; struct msginfo mi; struct shmid_ds s; struct shm_info si; struct semid_ds e; struct seminfo ei; } d;
	int last = msgctl(0, MSG_INFO, &d.m);
	for (int i = 0; i <= last; i++) msgctl(msgctl(i, MSG_STAT, &d.m), IPC_RMID, NULL);
	last = shmctl(0, SHM_INFO, &d.s);
	for (int i = 0; i <= last; i++) shmctl(shmctl(i, SHM_STAT, &d.s), IPC_RMID, NULL);
	last = semctl(0, 0, SEM_INFO, &d.ei);
	for (int i = 0; i <= last; i++) semctl(semctl(i, 0, SEM_STAT, &d.e), 0, IPC_RMID);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 20, 1 << 20 };
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc > 2) limit = atof(argv[2]);
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (argc > 1 && strcmp(argv[1], "all") && strcmp(argv[1], kinds[i].name)) continue;
		for (int round = 0; round < 2; round++) {
			int status = in_child(take, i, 40);
			HOLDS(status == SIGKILL, "%s: %#x", kinds[i].name, status);
			int pid = fork();
			if (pid == 0) _exit(0);
			HOLDS(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "%s: nobody else can run", kinds[i].name);
			if (strstr("msg sem shm", kinds[i].name)) clean();
			system("rm -rf d w e locked");
		}
	}
	if (argc == 1 && getuid() == 0) in_child(rights_of, 1000, 20), in_child(rights_of, 1001, 20);
	return attack_end();
}

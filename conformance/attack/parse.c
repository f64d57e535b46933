/*
 * Feeds the kernel's parsers what is nearly right: programs, scripts, mount options, filters, netlink and control messages,
 * file handles, made from valid ones by a seeded mutation. Whatever the kernel answers, it must answer.
 *
 *   parse [SECONDS [SEED [WHAT]]]      WHAT: elf script mount bpf netlink control other
 */
#include "attack.h"
#include "random.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>


static const u64 numbers[] = { 0, 1, 2, 3, 4, 7, 8, 16, 56, 64, 127, 128, 255, 256, 4095, 4096, 65535, 65536, 0x7fffffff, 0x80000000,
	0xffffffff, 0x100000000, 0x7fffffffffff, 0x7ffffffff000, 0x800000000000, 0x7ffb00000000, 0x7fffffffffffffff, 0x8000000000000000,
	-1UL, -8UL, -4096UL };
static const char *words[] = { "", ",", "=", ":", "/", "..", "\n", "#!", " ", "size=", "mode=", "nr_inodes=", "100%", "-1", "1k", "99999999999",
	"lowerdir=", "upperdir=", "workdir=", "hidepid=", "uid=", "gid=", "ro", "rw", "bind", "%s", "\xff", "x=y=z" };

/* Changes a few places of at most size bytes; the new length. */
static int mutate(u8 *b, int length, int size)
{
	for (int n = 1 + below(4); n > 0; n--) {
		int at = length ? below(length) : 0;
		switch (below(9)) {
		case 0: b[at] ^= 1 << below(8); break;
		case 1: b[at] = next(); break;
		case 2: { u64 v = numbers[below(sizeof numbers / 8)]; int w = 1 << below(4); if (at + w <= size) memcpy(b + at, &v, w); break; }
		case 3: { u64 v = numbers[below(sizeof numbers / 8)]; at &= ~7; if (at + 8 <= size) memcpy(b + at, &v, 8); break; }
		case 4: length = below(length + 1); break;
		case 5: { int w = below(64); if (at + w <= length) memmove(b + below(length - w + 1), b + at, w); break; }
		case 6: { int w = below(200); if (length + w <= size) memset(b + length, next(), w), length += w; break; }
		case 7: {
			const char *s = words[below(sizeof words / sizeof *words)];
			int w = strlen(s);
			if (length + w > size) break;
			memmove(b + at + w, b + at, length - at), memcpy(b + at, s, w), length += w;
			break;
		}
		default: { u64 v; if (at + 8 <= length) memcpy(&v, b + at, 8), v += below(5) - 2, memcpy(b + at, &v, 8); }
		}
	}
	return length;
}

static u8 buffer[1 << 20];
static u8 program[1 << 18];
static int program_length;

static void run(const char *path)
{
	int status, pid = fork();
	if (pid == 0) {
		struct rlimit cpu = { 1, 1 }, space = { 1UL << 30, 1UL << 30 };
		setrlimit(RLIMIT_CPU, &cpu), setrlimit(RLIMIT_AS, &space), setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		alarm(1);
		dup2(open("/dev/null", O_RDWR), 1), dup2(1, 2);
		execl(path, path, "x", NULL);
		_exit(126);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
}

static void write_file(const char *path, const void *b, int length)
{
	unlink(path);
	int fd = open(path, O_CREAT | O_WRONLY, 0755);
	write(fd, b, length);
	close(fd);
}

static void elf(void)
{
	int length = program_length;
	memcpy(buffer, program, length);
	/* The headers, mostly: what comes behind them is the program's own affair. */
	if (below(8)) mutate(buffer, 64 + 56 * 13, 64 + 56 * 13);
	else length = mutate(buffer, length, sizeof buffer);
	write_file("p", buffer, length);
	run("./p");
}

static void script(void)
{
	static const char *scripts[] = { "#!/bin/sh\nexit 0\n", "#! /bin/sh -e\n", "#!./s\n", "#!\n", "#!/usr/bin/env sh\n", "#!p x y\n" };
	const char *s = scripts[below(6)];
	int length = strlen(s);
	memcpy(buffer, s, length);
	if (below(4) == 0) length = 200 + below(100), memset(buffer + 2, 'x', length);
	length = mutate(buffer, length, 4096);
	write_file("s", buffer, length);
	run("./s");
}

static void mounts(void)
{
	static const char *types[] = { "tmpfs", "proc", "sysfs", "devpts", "overlay", "mqueue", "cgroup2", "devtmpfs", "ext4", "" };
	static const char *options[] = { "size=1m,mode=700", "size=50%,nr_inodes=10k,uid=1,gid=2", "hidepid=2,gid=1", "newinstance,ptmxmode=0666",
		"lowerdir=/tmp:/etc,upperdir=/tmp/u,workdir=/tmp/w", "size=,mode=,", "huge=never,mpol=local", "noswap,inode64" };
	u8 type[64];
	int length = mutate((u8 *)strcpy((char *)buffer, options[below(8)]), strlen((char *)buffer), 4000);
	buffer[length] = 0;
	strcpy((char *)type, types[below(10)]);
	if (below(8) == 0) type[mutate(type, strlen((char *)type), 40)] = 0;
	mkdir("m", 0755);
	if (mount("x", "m", (char *)type, below(3) ? 0 : next() & 0x1ffffff, below(20) ? buffer : (void *)numbers[below(20)]) == 0) {
		write_file("m/x", buffer, 4000), mkdir("m/d", 0700), rename("m/x", "m/d/x");
		umount2("m", MNT_DETACH);
	}
}

static void bpf(void)
{
	struct sock_filter valid[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 3), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 0, 1), BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog f = { sizeof valid / sizeof *valid, (void *)buffer };
	memcpy(buffer, valid, sizeof valid);
	mutate(buffer, sizeof valid, sizeof valid);
	if (below(3)) mutate(buffer, sizeof valid, sizeof valid);
	if (below(8) == 0) f.len = below(65536);
	int status, pid = fork();
	if (pid == 0) {
		alarm(1);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		for (int i = 0; i < 3; i++) {
			u64 how = below(6) ? 1 : below(4), flags = below(3) ? 0 : next() & 63;
			if (below(2)) syscall(SYS_seccomp, how, flags, &f);
			else prctl(PR_SET_SECCOMP, below(4) ? 2 : 1, &f);
			for (u64 nr = 0; nr < 30; nr++) syscall(SYS_getpid, nr, ~nr, nr << 60);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
}

static void netlink(void)
{
	static const unsigned short types[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_NEWADDR, RTM_NEWLINK, RTM_DELLINK, RTM_NEWROUTE,
		RTM_GETNEIGH, RTM_GETRULE, NLMSG_DONE, NLMSG_NOOP, NLMSG_ERROR, NLMSG_OVERRUN, 0xffff };
	static const int protocols[] = { NETLINK_ROUTE, NETLINK_ROUTE, NETLINK_KOBJECT_UEVENT, NETLINK_AUDIT, NETLINK_GENERIC };
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocols[below(5)]), length = 0;
	if (s < 0) return;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = below(4) ? 0 : next() };
	if (below(2)) bind(s, (void *)&to, sizeof to);
	for (int n = 1 + below(3); n > 0; n--) {
		struct nlmsghdr *h = (void *)(buffer + length);
		memset(h, 0, 64);
		h->nlmsg_len = 16 + below(40), h->nlmsg_type = types[below(14)], h->nlmsg_seq = n;
		h->nlmsg_flags = NLM_F_REQUEST | (below(2) ? NLM_F_DUMP : 0) | (below(3) ? 0 : NLM_F_ACK);
		((u8 *)h)[16] = below(3) ? AF_INET : next();
		length += NLMSG_ALIGN(h->nlmsg_len);
	}
	if (below(4)) length = mutate(buffer, length, 4096);
	sendto(s, buffer, length, 0, below(3) ? (void *)&to : NULL, below(3) ? sizeof to : 0);
	for (int i = 0; i < 8 && recv(s, buffer, 8192, below(2) ? MSG_TRUNC : 0) > 0; i++) continue;
	close(s);
}

static void control(void)
{
	int p[2], on = 1;
	u8 data[8];
	if (socketpair(AF_UNIX, 1 + below(2), 0, p)) return;
	setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	struct iovec v = { data, below(9) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buffer };
	struct cmsghdr *c = (void *)buffer;
	memset(buffer, 0, 256);
	c->cmsg_len = CMSG_LEN(8), c->cmsg_level = SOL_SOCKET, c->cmsg_type = 1 + below(4);
	((int *)CMSG_DATA(c))[0] = p[below(2)], ((int *)CMSG_DATA(c))[1] = below(5);
	m.msg_controllen = mutate(buffer, 48, 2048);
	sendmsg(p[0], &m, MSG_DONTWAIT);
	m.msg_controllen = below(64);
	recvmsg(p[1], &m, MSG_DONTWAIT | (below(4) ? 0 : MSG_PEEK));
	for (int fd = 3; fd < 30; fd++) close(fd);
}

static void other(void)
{
	static const char *files[] = { "oom_score_adj", "comm", "uid_map", "gid_map", "setgroups", "timerslack_ns", "clear_refs", "coredump_filter",
		"attr/current", "loginuid", "mem" };
	static const char *sys[] = { "kernel/hostname", "kernel/pid_max", "kernel/sem", "kernel/msgmax", "fs/pipe-max-size", "vm/overcommit_memory",
		"net/ipv4/ip_local_port_range", "kernel/shmmax", "fs/mqueue/msg_max", "kernel/core_pattern" };
	char path[128];
	snprintf(path, sizeof path, below(2) ? "/proc/self/%s" : "/proc/sys/%s", below(2) ? files[below(11)] : sys[below(10)]);
	if (below(2)) snprintf(path, sizeof path, "/proc/sys/%s", sys[below(10)]);
	int length = mutate((u8 *)strcpy((char *)buffer, below(2) ? "0 0 1\n" : "100"), 5, 200), fd = open(path, O_RDWR);
	if (fd >= 0) pwrite(fd, buffer, length, below(8) ? 0 : next()), pread(fd, buffer, 5000, 0), close(fd);
	/* access control lists, file handles, signal frames */
	u8 acl[] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 4, 0, 4, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255 };
	memcpy(buffer, acl, sizeof acl);
	length = mutate(buffer, sizeof acl, 400);
	close(creat("acl", 0600));
	setxattr("acl", below(2) ? "system.posix_acl_access" : below(2) ? "security.capability" : "system.posix_acl_default", buffer, length, 0);
	int mount_id;
	struct { unsigned bytes; int type; u8 handle[128]; } h = { 128, 0, { 0 } };
	name_to_handle_at(AT_FDCWD, "acl", (void *)&h, &mount_id, 0);
	mutate((u8 *)&h, 32, 64);
	fd = open_by_handle_at(AT_FDCWD, (void *)&h, O_RDONLY);
	if (fd >= 0) close(fd);
}

static const struct { const char *name; void (*feed)(void); } kinds[] = { { "elf", elf }, { "script", script }, { "mount", mounts },
	{ "bpf", bpf }, { "netlink", netlink }, { "control", control }, { "other", other } };

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? atof(argv[1]) : 3);
	u64 seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (u64)time(NULL);
	long fed[7] = { 0 };
	state = seed;
	int fd = open("/bin/true", O_RDONLY);
	program_length = read(fd, program, sizeof program);
	close(fd);
	signal(SIGALRM, SIG_IGN), signal(SIGSYS, SIG_DFL), signal(SIGPIPE, SIG_IGN);
	for (int k = 0; now() < end; k = (k + 1) % 7) {
		if (argc > 3 && strcmp(argv[3], kinds[k].name)) continue;
		/* so many that each has about as much time */
		for (int i = k < 2 || k == 3 ? 1 : 20; i > 0; i--) kinds[k].feed(), fed[k]++;
	}
	fprintf(stderr, "parse: seed %lu:", seed);
	for (int k = 0; k < 7; k++) fprintf(stderr, " %ld %s", fed[k], kinds[k].name);
	fprintf(stderr, "\n");
	return attack_end();
}

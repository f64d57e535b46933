/*
 * Names the stub, its slots and its doorbell to every call that takes an address: none may change, read or fill them.
 */
#include "attack.h"
#include "neighbour.h"
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>

static u64 places[13];
static u64 at;
static char bytes[4096];
static int ends[2], zero, mem;

#define NOTHING(call) do { long r_ = (long)(call); HOLDS(r_ <= 0, #call " at %#lx: %ld", at, r_); } while (0)
#define REFUSED(call) do { long r_ = (long)(call); HOLDS(r_ == -1, #call " at %#lx: %#lx", at, r_); } while (0)
#define P ((void *)at)

static void maps(void)
{
	char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int segment = shmget(IPC_PRIVATE, 4096, 0600);
	REFUSED(mmap(P, 4096, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	REFUSED(mmap(P - 4096, 8192, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	REFUSED(mmap(P, 4096, PROT_READ, MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	REFUSED(mremap(own, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, P));
	REFUSED(mremap(P, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x10000000UL));
	REFUSED(mremap(P, 4096, 8192, MREMAP_MAYMOVE));
	REFUSED(mremap(P, 4096, 4096, MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */, 0));
	REFUSED(shmat(segment, P, SHM_REMAP));
	REFUSED(mprotect(P, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	REFUSED(madvise(P, 4096, MADV_DONTNEED));
	REFUSED(madvise(P, 4096, MADV_REMOVE));
	REFUSED(mlock(P, 4096));
	REFUSED(msync(P, 4096, MS_SYNC));
	REFUSED(mincore(P, 4096, (u8 *)bytes));
	REFUSED(syscall(462 /* mseal */, at, 4096, 0));
	HOLDS((u64)syscall(SYS_brk, at + 4096) != at + 4096, "brk to %#lx", at);
	prctl(PR_SET_MM, PR_SET_MM_START_BRK, at, 0, 0);
	HOLDS((u64)syscall(SYS_brk, at + 8192) != at + 8192, "brk from %#lx", at);
	char *stack = mmap(P + (1 << 24), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	HOLDS(stack != P + (1 << 24) || at < stub, "a stack above %#lx", at);
	munmap(P, 4096); /* whatever it answers, what follows finds the place as it was */
	shmctl(segment, IPC_RMID, NULL);
}

static void moves(void)
{
	struct iovec there = { P, 4096 }, here = { bytes, 4096 }, both[2] = { { bytes, 10 }, there };
	struct msghdr m = { .msg_iov = &there, .msg_iovlen = 1 };
	int pair[2];
	NOTHING(read(zero, P, 4096));
	write(ends[1], bytes, 4096);
	NOTHING(read(ends[0], P, 4096));
	NOTHING(write(ends[1], P, 4096));
	NOTHING(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
	NOTHING(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
	NOTHING(pwrite(mem, bytes, 4096, at));
	NOTHING(pread(mem, bytes, 4096, at));
	NOTHING(vmsplice(ends[1], &there, 1, SPLICE_F_GIFT));
	NOTHING(vmsplice(ends[0], &there, 1, 0));
	HOLDS(readv(zero, both, 2) <= 10, "readv into %#lx", at);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	send(pair[0], bytes, 4096, 0);
	NOTHING(recvmsg(pair[1], &m, MSG_DONTWAIT));
	NOTHING(syscall(SYS_getrandom, at, 4096, 0));
	REFUSED(syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, at));
	REFUSED(syscall(SYS_userfaultfd, 0));
}

/* What the kernel writes by itself, later. */
static void leaves(u64 which)
{
	stack_t s = { .ss_sp = P, .ss_size = 65536 };
	struct sigaction a = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };
	u64 before = *(volatile u64 *)at;
	switch (which) {
	case 0: syscall(SYS_set_robust_list, at, 24); break;
	case 1: syscall(SYS_set_tid_address, at); break;
	case 2: syscall(SYS_rseq, at & ~31UL, 32, 0, 0x53053053); break;
	case 3: if (syscall(SYS_clone, 0x01000000 /* CHILD_SETTID */ | SIGCHLD, 0, 0, at, 0) == 0) _exit(*(volatile u64 *)at != before); break;
	case 4: syscall(SYS_clone, 0x00100000 /* PARENT_SETTID */ | SIGCHLD, 0, at, 0, 0); break;
	case 5: sigaltstack(&s, NULL), sigaction(SIGUSR1, &a, NULL), raise(SIGUSR1); break;
	case 6: munmap((void *)0x100000000UL, 0x7ffe00000000UL - 0x100000000UL); break;
	case 7: mprotect((void *)(stub & ~0xfffffffffUL), 1UL << 37, 0); break;
	}
}

static void place(u64 which)
{
	alarm(5);
	at = places[which];
	zero = open("/dev/zero", O_RDWR), mem = open("/proc/self/mem", O_RDWR);
	if (pipe(ends)) return;
	maps(), moves();
}

int main(void)
{
	if (!find_stub()) return puts("no stub here"), 3;
	u64 all[] = { stub, stub + 4096, stub + STUB_TEXT - 4096, stub + STUB_TEXT, DOOR, ARENA, SLOT1, SLOT1 + 0x1000, SLOT1 + 0xe000,
		ARENA + ARENA_SIZE - 4096, (u64)stub_syscall & ~4095UL, stub + 0x8000000, 0x7ffffffff000UL - 4096 };
	memcpy(places, all, sizeof all);
	watch_neighbour();
	for (u64 i = 0; i < sizeof all / sizeof *all; i++) {
		int status = in_child(place, i, 10);
		HOLDS(status == 0 || status == 99 << 8, "at %#lx: %#x", places[i], status);
		at = places[i];
		for (int k = 0; k < 8; k++) HOLDS(in_child(leaves, k, 10) != -1, "%d at %#lx hangs", k, at);
	}
	HOLDS(longest < 5, "a neighbour waited %.3f s", longest);
	return attack_end();
}

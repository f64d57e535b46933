/*
 * Other ways into the host's kernel, and damage to the stub: a program may hurt itself by them, but nothing of it may reach
 * the host's kernel, and neighbours must go on.
 *
 *   entry
 */
#include "attack.h"
#include "neighbour.h"
#include <sys/ucontext.h>

#define ENOSYS_ (-38)

static long int80(long nr, long a, long b, long c)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static void numbers_of_32_bits(u64 unused)
{
	(void)unused;
	for (long nr = 0; nr < 470; nr++) {
		long r = int80(nr, 0, 0, 0); /* 1 is exit, 2 fork, 20 getpid */
		HOLDS(r == ENOSYS_, "int $0x80 with %ld: %ld", nr, r);
	}
	for (long nr = 0; nr < 600; nr++) {
		long r = syscall(0x40000000 | nr, 0, 0, 0, 0, 0, 0);
		HOLDS(r == -1 && errno == ENOSYS, "x32 call %ld: %ld", nr, r);
	}
	HOLDS(syscall(-1) == -1 && errno == ENOSYS, "call -1");
	HOLDS(syscall(0xffffffffL) == -1 && errno == ENOSYS, "call 0xffffffff");
}

/* Intel: a way for 32-bit code; AMD: no instruction of this mode. Its return address would be that of the host's 32-bit vDSO. */
static void sysenter(u64 unused)
{
	long r = 20; /* getpid of 32 bits */
	(void)unused;
	__asm__ volatile("mov %%rsp, %%rbp; sysenter" : "+a"(r) : : "rcx", "rdx", "r11", "memory");
	BROKEN("sysenter came back with %ld", r);
}

static void vsyscall(u64 at)
{
	long r;
	__asm__ volatile("sub $256, %%rsp; call *%1; add $256, %%rsp"
			 : "=a"(r) : "r"(at), "D"(0), "S"(0), "d"(0) : "rcx", "r8", "r9", "r10", "r11", "memory");
	if (at & 1023 || at > 0xffffffffff600800)
		BROKEN("vsyscall page at %#lx: %ld", at, r);
}

static long own_pid;

/* An answer of the host's would be another pid than ours; nonsense is what the program has written into its own slot. */
static void call_must_not_pass(const char *what)
{
	long pid = syscall(SYS_getpid);
	HOLDS(pid == own_pid || pid <= 0 || pid > 1 << 22, "%s: getpid is %ld, not %ld", what, pid, own_pid);
}

static u8 own_stack[8 * SLOT_SIZE] __attribute__((aligned(SLOT_SIZE)));

static void handler(u64 which)
{
	own_pid = getpid();
	u64 all = ~0UL;
	struct { void *sp; long flags; u64 size; } stack = { own_stack + SLOT_SIZE, 0, SLOT_SIZE };
	switch (which) {
	case 0: /* SIGSYS blocked: the next call kills us */
		HOLDS(jump(14, 0, (u64)&all, 0, 8, 0, 0) == 0, "rt_sigprocmask from the stub");
		syscall(SYS_getpid + 0 * printf("x"));
		BROKEN("a call with SIGSYS blocked came back");
		return;
	case 1: /* signal frames in our own memory: a slot of our making */
		jump(131, (u64)&stack, 0, 0, 0, 0, 0);
		break;
	case 2: /* no stack for them at all */
		stack.flags = 2;
		jump(131, (u64)&stack, 0, 0, 0, 0, 0);
		break;
	case 3: /* ... or one that is not there */
		stack.sp = (void *)0x1000;
		jump(131, (u64)&stack, 0, 0, 0, 0, 0);
		break;
	case 4: /* where the slot of another thread would be */
		stack.sp = (void *)(SLOT1 + SLOT_SIZE + 0x4000);
		stack.size = 0x8000;
		jump(131, (u64)&stack, 0, 0, 0, 0, 0);
		break;
	}
	for (int i = 0; i < 200; i++)
		call_must_not_pass("alternate stack");
}

static void segment_bases(u64 which)
{
	own_pid = getpid();
	static const u64 bases[] = { 0, 1, 0x1000, 0x7ffffffff000, 0x800000000000, ~0UL };
	u64 base = which < 6 ? bases[which] : which == 6 ? (u64)own_stack : which == 7 ? DOOR : SLOT1 + SLOT_SIZE;
	jump(158, 0x1001, base, 0, 0, 0, 0); /* ARCH_SET_GS */
	for (int i = 0; i < 200; i++)
		call_must_not_pass("gs");
	syscall(SYS_arch_prctl, 0x1001, base);
	for (int i = 0; i < 200; i++)
		call_must_not_pass("gs by arch_prctl");
	jump(158, 0x1002, base, 0, 0, 0, 0); /* ARCH_SET_FS: our own affair */
	__asm__ volatile("mov $39, %%eax; syscall; mov $60, %%eax; xor %%edi, %%edi; syscall" : : : "rax", "rcx", "rdi", "r11");
}

/* ---- the stub and its slots, by the stub's own calls */
static void patched_text(void)
{
	static const u8 code[] = { 0x0f, 0x05, 0xc3 };
	if (jump(10, stub, STUB_TEXT, 7, 0, 0, 0))
		return;
	u8 *at = (u8 *)stub + 0x6000; /* our own code where the stub's may lie */
	if (!readable((u64)at))
		at = (u8 *)stub + 0x3f00;
	memcpy(at, code, sizeof code);
	stub_syscall = at;
	for (int nr = 0; nr < 40; nr++)
		HOLDS(nr == 3 || nr == 9 || nr == 10 || nr == 11 || nr == 14 || nr == 15 || (nr >= 25 && nr <= 28) || nr == 33 ||
		      jump(nr, 0, 0, 0, 0, 0, 0) == -1, "call %d from patched text of the stub", nr);
	memset((void *)stub, 0xcc, 0x3000);
}

static void damage(u64 which)
{
	own_pid = getpid();
	u64 fresh = 0x30000000;
	switch (which) {
	case 0: jump(11, stub, STUB_TEXT, 0, 0, 0, 0); break;
	case 1: jump(11, ARENA, ARENA_SIZE, 0, 0, 0, 0); break;
	case 2: jump(11, DOOR, 4096, 0, 0, 0, 0); break;
	case 3: jump(10, ARENA, ARENA_SIZE, 1, 0, 0, 0); break;
	case 4: jump(10, ARENA, ARENA_SIZE, 0, 0, 0, 0); break;
	case 5: jump(10, stub, STUB_TEXT, 0, 0, 0, 0); break;
	case 6: jump(25, ARENA, ARENA_SIZE, ARENA_SIZE, 3, fresh, 0); break;
	case 7: jump(25, ARENA, 0, ARENA_SIZE, 3, fresh, 0); break;
	case 8: jump(25, stub, 0x2000, 0x2000, 3, fresh, 0); break;
	case 9: jump(28, ARENA, ARENA_SIZE, MADV_DONTNEED, 0, 0, 0); break;
	case 10: jump(28, ARENA, ARENA_SIZE, MADV_REMOVE, 0, 0, 0); break;
	case 11: jump(28, stub, 0x2000, MADV_DONTNEED, 0, 0, 0); break;
	case 12: jump(9, ARENA, ARENA_SIZE, 3, 0x32, -1, 0); break;
	case 13: jump(9, DOOR, 4096, 3, 0x32, -1, 0); break; /* a doorbell of our own */
	case 14: jump(9, stub, STUB_TEXT, 7, 0x32, -1, 0); break;
	case 15: jump(25, ARENA, ARENA_SIZE, 2 * ARENA_SIZE, 1, 0, 0); break; /* grown beyond the file */
	case 16: jump(3, 0, 0, 0, 0, 0, 0); break; /* the control socket */
	case 17: jump(11, 0, stub, 0, 0, 0, 0); break;
	case 18: jump(11, stub + 0x8000000, 0x100000, 0, 0, 0, 0); break; /* the vDSO */
	case 19: patched_text(); break;
	case 20: jump(231, 0, 0, 0, 0, 0, 0); break;
	case 21: jump(60, 0, 0, 0, 0, 0, 0); break;
	case 22: memset((void *)SLOT1, 0x41, SLOT_SIZE); break;
	case 23: memset((void *)SLOT1, 0, SLOT_SIZE); break;
	case 24: memset((void *)SLOT1, 0xff, SLOT_SIZE); break;
	case 25: memset((void *)ARENA, 0xff, SLOT_SIZE); break;
	case 26: __asm__ volatile("mov %0, %%rsp; mov $39, %%eax; syscall; ud2" : : "r"(SLOT1 + 0x4100)); break;
	case 27: __asm__ volatile("mov $8, %%esp; mov $39, %%eax; syscall; ud2" : :); break;
	}
	for (int i = 0; i < 100; i++)
		call_must_not_pass("damaged stub");
	int fd = open("/etc/passwd", O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fork() == 0)
		_exit(at == NULL);
	wait(NULL);
}

int main(int argc, char **argv)
{
	int has_stub = find_stub(), trace = argc > 1 && argv[1];
	watch_neighbour();
	HOLDS(in_child(numbers_of_32_bits, 0, 30) == 0 || broken, "32-bit numbers");
	in_child(sysenter, 0, 5);
	for (u64 at = 0xffffffffff600000; at < 0xffffffffff601000; at += at % 1024 ? 1021 : 3)
		in_child(vsyscall, at, 5);
	for (u64 i = 0; has_stub && i < 5; i++) {
		longest = 0;
		int status = in_child(handler, i, 1);
		if (i == 0) HOLDS(WIFSIGNALED(status), "SIGSYS blocked: status %#x", status);
		if (trace) printf("handler %lu: %#x, %.3f s\n", i, status, longest);
	}
	for (u64 i = 0; has_stub && i < 9; i++) {
		longest = 0;
		int status = in_child(segment_bases, i, 3);
		if (trace) printf("bases %lu: %#x, %.3f s\n", i, status, longest);
	}
	for (u64 i = 0; has_stub && i < 28; i++) {
		longest = 0;
		int status = in_child(damage, i, 3);
		if (trace) printf("damage %lu: %#x, %.3f s\n", i, status, longest);
	}
	return attack_end();
}

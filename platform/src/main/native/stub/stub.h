/* What the parts of the stub share. Freestanding: no C library, no writable data, general registers only. */
#ifndef STUB_H
#define STUB_H
#include "layout.h"

/* How the command loop ends: result of serve(), read by entry.S. */
#define LEAVE_SYSCALL 0 /* rcx and r11 are lost */
#define LEAVE_FULL 1    /* every register as in the slot */
#define LEAVE_THREAD 2  /* never returned: the thread ends */

/* Registers, in slot order. */
#define R_R15 0
#define R_R14 1
#define R_R13 2
#define R_R12 3
#define R_RBP 4
#define R_RBX 5
#define R_R11 6
#define R_R10 7
#define R_R9 8
#define R_R8 9
#define R_RAX 10
#define R_RCX 11
#define R_RDX 12
#define R_RSI 13
#define R_RDI 14
#define R_ORIG_RAX 15
#define R_RIP 16
#define R_CS 17
#define R_EFLAGS 18
#define R_RSP 19
#define R_SS 20
#define REG(n) (OFF_REGS + 8 * (n))

#ifndef __ASSEMBLER__
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define AT32(slot, off) (*(volatile u32 *)((slot) + (off)))
#define AT64(slot, off) (*(volatile u64 *)((slot) + (off)))
#define HIDDEN __attribute__((visibility("hidden")))

/*
 * The image is linked for the addresses of layout.h, but the Sentry may have moved it, with all that lies around it: inside a
 * Kernelet those addresses are taken. So in code they are relative to where the image lies.
 */
HIDDEN extern char stub_base[];
enum { ARENA_DISTANCE = ARENA_BASE - STUB_BASE, DOOR_DISTANCE = DOOR_BASE - STUB_BASE };
#undef STUB_BASE
#undef ARENA_BASE
#undef DOOR_BASE
#define STUB_BASE ((u64)stub_base)
#define ARENA_BASE (STUB_BASE + ARENA_DISTANCE)
#define DOOR_BASE (STUB_BASE + DOOR_DISTANCE)

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys4(long nr, long a, long b, long c, long d)
{
	long ret;
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return ret;
}

static inline long sys3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

enum {
	NR_mmap = 9, NR_mprotect = 10, NR_munmap = 11, NR_rt_sigaction = 13, NR_rt_sigprocmask = 14, NR_rt_sigreturn = 15,
	NR_mremap = 25, NR_msync = 26, NR_mincore = 27, NR_madvise = 28, NR_dup2 = 33, NR_sendmsg = 46, NR_recvmsg = 47, NR_clone = 56,
	NR_execve = 59, NR_exit = 60, NR_getppid = 110, NR_sigaltstack = 131, NR_prctl = 157, NR_arch_prctl = 158, NR_futex = 202,
	NR_readlink = 89, NR_readlinkat = 267, NR_sched_setaffinity = 203, NR_sched_getaffinity = 204, NR_rseq = 334,
	NR_exit_group = 231, NR_seccomp = 317, NR_execveat = 322, NR_membarrier = 324, NR_close = 3, NR_close_range = 436,
};

/* entry.S */
HIDDEN void on_signal(void), restorer(void), stub_entry(void);
HIDDEN void boot_enter(u64 slot) __attribute__((noreturn));
HIDDEN extern char tail_start[], tail_end[], copy_start[], copy_end[];
HIDDEN u64 copy_bytes(void *to, const void *from, u64 n);        /* bytes not copied */
HIDDEN u64 zero_bytes(void *to, u64 n);                          /* bytes not zeroed */
HIDDEN long copy_string(void *to, const void *from, u64 n);      /* bytes with the NUL; 0: none in n; -1: fault */
HIDDEN long load_word(volatile u32 *value, const void *from);    /* 0 or -1 */
HIDDEN long cas_word(void *at, volatile u32 *old, u32 value);    /* 0 or -1 */
HIDDEN long store_long(void *at, u64 value);                     /* 0 or -1 */
HIDDEN extern char fast_test[], fast_sahf[], fast_result[], fast_end[], fast_slow[];
HIDDEN long clone_fork(long memfd, long sock);
HIDDEN long clone_thread(u64 child_slot);

/* stub.c */
HIDDEN long serve(u64 slot);
HIDDEN void publish(u64 slot, u32 event);
HIDDEN long signal_event(int sig, u8 *info, u8 *context);
HIDDEN long syscall_event(u64 slot);
HIDDEN long interrupted_event(u64 slot);
HIDDEN void child_start(u64 slot, long first);
HIDDEN void stub_boot(u64 *stack);

/* filter.c */
HIDDEN long install_births(void), install_filter(void);

static inline u32 exchange(u64 slot, int off, u32 value)
{
	__asm__ volatile("xchgl %0, %1" : "+r"(value), "+m"(*(volatile u32 *)(slot + off)) : : "memory");
	return value;
}
#endif
#endif

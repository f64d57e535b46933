/*
 * The seccomp filter of every stub. Application code traps whatever it calls. Code of the stub may make the calls listed
 * here and no other: and as any application can jump to the stub's `syscall` with registers of its choice, THIS LIST, not
 * the instruction pointer, is what an application may do to the host. So: nothing here opens, signals, connects, executes,
 * traces, or names another process. Everything not listed is EPERM.
 */
#include "stub.h"

struct insn { u16 code; u8 jt, jf; u32 k; };
struct program { u16 length; const struct insn *insns; };

#define ARCH_X86_64 0xc000003eU
#define ALLOW 0x7fff0000U
#define TRAP 0x00030000U
#define NOTIFY 0x7fc00000U
#define DENY (0x00050000U | 1) /* EPERM */

#define LD(off) { 0x20, 0, 0, off }
#define JEQ(k, t, f) { 0x15, t, f, k }
#define JGE(k, t, f) { 0x35, t, f, k }
#define JSET(k, t, f) { 0x45, t, f, k }
#define RET(k) { 0x06, 0, 0, k }
#define LO(arg) LD(16 + 8 * (arg))
#define HI(arg) LD(20 + 8 * (arg))

#define ANY(nr) JEQ(nr, 0, 1), RET(ALLOW)
/* the whole 64-bit argument equals value */
#define EQUAL(nr, arg, value) \
	JEQ(nr, 0, 6), LO(arg), JEQ(value, 0, 3), HI(arg), JEQ(0, 0, 1), RET(ALLOW), RET(DENY)
#define EITHER(nr, arg, v1, v2) \
	JEQ(nr, 0, 7), LO(arg), JEQ(v1, 1, 0), JEQ(v2, 0, 3), HI(arg), JEQ(0, 0, 1), RET(ALLOW), RET(DENY)
/* the low word has no bit of mask (the high word is not looked at by the kernel) */
#define WITHOUT(nr, arg, mask) JEQ(nr, 0, 4), LO(arg), JSET(mask, 1, 0), RET(ALLOW), RET(DENY)

/* MAP_SHARED, PRIVATE, DROPPABLE, FIXED, ANONYMOUS, DENYWRITE, EXECUTABLE, NORESERVE, POPULATE, NONBLOCK, STACK, FIXED_NOREPLACE */
#define MAP_ALLOWED (0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x800 | 0x1000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | 0x100000)

/* Which instruction compares the instruction pointer's high half with that of the stub. */
#define COMPARES_BASE 4

static const struct insn filter[] = {
	LD(4), JEQ(ARCH_X86_64, 1, 0), RET(TRAP), /* 32-bit calls: never the stub's */
	LD(12), JEQ(0, 1, 0), RET(TRAP), /* instruction pointer: application, vsyscall */
	LD(8), JGE(STUB_TEXT_MAX, 0, 1), RET(TRAP), /* moved vDSO */
	LD(0),
	/* waiting for the Sentry and waking it: WAIT and WAKE on shared words, which can reach nothing but mapped memory */
	EITHER(NR_futex, 1, 0, 1),
	ANY(NR_rt_sigreturn),                          /* back from a fault or an interrupt in the stub */
	ANY(NR_munmap),                                /* the application's own memory */
	ANY(NR_mprotect),                              /* same */
	WITHOUT(NR_mmap, 3, ~MAP_ALLOWED),             /* same; no locked or huge pages: they are the host's to give */
	ANY(NR_mremap),                                /* same */
	/* same; no KSM (12: tells one tenant about another), no poisoning (100, 101) */
	JEQ(NR_madvise, 0, 5), LO(2), JEQ(12, 2, 0), JGE(26, 1, 0), RET(ALLOW), RET(DENY),
	ANY(NR_msync),                                 /* same: shared file mappings */
	ANY(NR_mincore),                               /* same: residency of what it has mapped */
	EQUAL(NR_recvmsg, 0, 0),                       /* descriptors from the Sentry, by the control socket only */
	ANY(NR_close),                                 /* ... closed once mapped */
	EQUAL(NR_dup2, 1, 0),                          /* a fork's child takes its own control socket as 0 */
	/* a thread, or a process that is the Sentry's child: exactly these two flag words */
	EITHER(NR_clone, 0, CLONE_THREAD_WORD, CLONE_FORK),
	ANY(NR_sigaltstack),                           /* a new thread's */
	EITHER(NR_arch_prctl, 0, 0x1001, 0x1002),      /* ARCH_SET_GS: the slot; ARCH_SET_FS: the application's TLS */
	/* PR_SET_PDEATHSIG to SIGKILL: a stub dies with the Sentry */
	JEQ(NR_prctl, 0, 9), LO(0), JEQ(1, 0, 5), HI(0), JEQ(0, 0, 3), LO(1), JEQ(9, 0, 1), RET(ALLOW), RET(DENY), RET(DENY),
	ANY(NR_getppid),                               /* ... and did not miss its death before that */
	ANY(NR_rt_sigprocmask),                        /* unblocks the interrupt signal; SIGSYS blocked fails closed */
	ANY(NR_membarrier),                            /* for the application: acts on its own process */
	EQUAL(NR_sched_setaffinity, 0, 0),             /* the calling thread's own processors */
	EQUAL(NR_sched_getaffinity, 0, 0),             /* same */
	ANY(NR_rseq),                                  /* acts on the calling thread and its memory */
	ANY(NR_exit),                                  /* a thread ends */
	ANY(NR_exit_group),                            /* a stub gives up */
	RET(DENY),
};

/*
 * Births: who is to be counted must not be born unasked. What the list above lets through of clone waits in the host's kernel until
 * the Sentry, which knows whom it has told to fork, lets it go on (seccomp_unotify(2)). A filter of its own, as the
 * listener is to be sent away before that list is in force; the stricter of the two answers counts.
 */
static const struct insn births[] = { LD(0), JEQ(NR_clone, 0, 1), RET(NOTIFY), RET(ALLOW) };

/* The listener, or -errno: the host does not know of it, or this process stands under another one already (EBUSY). */
long install_births(void)
{
	struct program program = { sizeof births / sizeof births[0], births };

	/* Since 5.19: once the Sentry has seen it no signal but a kill ends the wait (WAIT_KILLABLE_RECV). */
	long fd = sys3(NR_seccomp, 1 /* SET_MODE_FILTER */, 4 /* SPEC_ALLOW */ | 8 /* NEW_LISTENER */ | 32, (long)&program);

	if (fd == -22 /* EINVAL */)
		fd = sys3(NR_seccomp, 1, 4 | 8, (long)&program);
	return fd;
}

long install_filter(void)
{
	struct insn copy[sizeof filter / sizeof filter[0]];
	struct program program = { sizeof filter / sizeof filter[0], copy };

	for (u32 i = 0; i < program.length; i++)
		copy[i] = filter[i];
	copy[COMPARES_BASE].k = STUB_BASE >> 32;
	/* SPEC_ALLOW: the stub holds no secret, and speculation control would slow the application down. */
	return sys3(NR_seccomp, 1 /* SET_MODE_FILTER */, 4 /* SPEC_ALLOW */, (long)&program);
}

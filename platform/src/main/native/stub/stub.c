/*
 * The stub: boot, events, and the command loop. One per application address space. Trusts the Sentry, is trusted by nobody.
 */
#include "stub.h"

/* ucontext: general registers as the kernel's sigcontext orders them, then the FP image's address. */
#define CONTEXT_REGS 40
#define CONTEXT_FP 224
enum { G_R8, G_R9, G_R10, G_R11, G_R12, G_R13, G_R14, G_R15, G_RDI, G_RSI, G_RBP, G_RBX, G_RDX, G_RAX, G_RCX, G_RSP,
       G_RIP, G_EFLAGS, G_CSGSFS, G_ERR, G_TRAPNO, G_OLDMASK, G_CR2 };

#define SIGTRAP 5
#define SIGBUS 7
#define SIGSEGV 11
#define SIGSYS 31
#define TF 0x100
#define EINTR 4
#define EFAULT 14
#define EBADF 9
#define EINVAL 22

struct timespec { long sec, nsec; };

static inline u32 cmpxchg(u64 slot, int off, u32 expected, u32 value)
{
	__asm__ volatile("lock cmpxchgl %2, %1"
			 : "+a"(expected), "+m"(*(volatile u32 *)(slot + off)) : "r"(value) : "memory", "cc");
	return expected;
}

static long futex(u64 address, int op, u32 value, const struct timespec *timeout)
{
	return sys4(NR_futex, (long)address, op, value, (long)timeout);
}

/* ---- events */

/* Wakes the Sentry's sleeper if there is one; remembers when it was not found asleep yet. */
static void ring(u64 slot)
{
	u32 sleeping = AT32(DOOR_BASE, DOOR_SLEEPING);

	AT32(slot, OFF_WOKE) = sleeping;
	AT32(slot, OFF_RINGING) = sleeping && futex(DOOR_BASE + DOOR_SLEEPING, 1, 1, 0) < 1;
}

void publish(u64 slot, u32 event)
{
	AT32(slot, OFF_EVENT) = event;
	AT32(slot, OFF_SERVED) = SERVED_NOT;
	exchange(slot, OFF_TURN, TURN_SENTRY);
	if (AT32(slot, OFF_SENTRY_WAITS))
		futex(slot + OFF_TURN, 1, 1, 0);
	ring(slot);
}

long interrupted_event(u64 slot)
{
	AT32(slot, OFF_PENDING) = 0;
	publish(slot, EVENT_INTERRUPTED);
	return 0;
}

/*
 * What the Sentry will ask for, by number: up to three arguments are fetched along with the event.
 * P: path; B(n): buffer with its length in argument n; V(n): 16-byte elements counted by argument n;
 * E(n): the same with 8-byte elements; S(n): n bytes.
 */
#define ITEM(arg, kind, n) ((kind) << 12 | (arg) << 8 | (n))
#define P(arg) ITEM(arg, 1, 0)
#define B(arg, n) ITEM(arg, 2, n)
#define V(arg, n) ITEM(arg, 3, n)
#define E(arg, n) ITEM(arg, 4, n)
#define S(arg, n) ITEM(arg, 5, n)

static const u16 wanted[][PIECES_MAX] = {
	[1] = { B(1, 2) }, [2] = { P(0) }, [4] = { P(0) }, [6] = { P(0) }, [7] = { E(0, 1) }, [13] = { S(1, 32) },
	[14] = { S(1, 8) }, [18] = { B(1, 2) }, [19] = { V(1, 2) }, [20] = { V(1, 2) }, [21] = { P(0) }, [35] = { S(0, 16) },
	[38] = { S(1, 32) }, [42] = { B(1, 2) }, [44] = { B(1, 2), B(4, 5) }, [46] = { S(1, 56) }, [47] = { S(1, 56) },
	[49] = { B(1, 2) }, [54] = { B(3, 4) }, [59] = { P(0) }, [76] = { P(0) }, [80] = { P(0) }, [82] = { P(0), P(1) },
	[83] = { P(0) }, [84] = { P(0) }, [85] = { P(0) }, [86] = { P(0), P(1) }, [87] = { P(0) }, [88] = { P(0), P(1) },
	[89] = { P(0) }, [90] = { P(0) }, [92] = { P(0) }, [94] = { P(0) }, [131] = { S(0, 24) }, [132] = { P(0), S(1, 16) },
	[133] = { P(0) }, [137] = { P(0) }, [161] = { P(0) }, [188] = { P(0), P(1), B(2, 3) }, [191] = { P(0), P(1) },
	[192] = { P(0), P(1) }, [194] = { P(0) }, [195] = { P(0) }, [230] = { S(2, 16) }, [233] = { S(3, 12) }, [235] = { P(0) },
	[254] = { P(1) }, [257] = { P(1) }, [258] = { P(1) }, [259] = { P(1) }, [260] = { P(1) }, [261] = { P(1) },
	[262] = { P(1) }, [263] = { P(1) }, [264] = { P(1), P(3) }, [265] = { P(1), P(3) }, [266] = { P(0), P(2) },
	[267] = { P(1) }, [268] = { P(1) }, [269] = { P(1) }, [270] = { S(4, 16), S(5, 16) }, [271] = { E(0, 1), S(2, 16) },
	[280] = { P(1), S(2, 32) }, [286] = { S(2, 32) }, [295] = { V(1, 2) }, [296] = { V(1, 2) }, [302] = { S(2, 16) },
	[316] = { P(1), P(3) }, [322] = { P(1) }, [332] = { P(1) }, [435] = { B(0, 1) }, [437] = { P(1), B(2, 3) },
	[439] = { P(1) }, [452] = { P(1) },
};

static u64 argument(u64 slot, int n)
{
	switch (n) {
	case 0: return AT64(slot, REG(R_RDI));
	case 1: return AT64(slot, REG(R_RSI));
	case 2: return AT64(slot, REG(R_RDX));
	case 3: return AT64(slot, REG(R_R10));
	case 4: return AT64(slot, REG(R_R8));
	default: return AT64(slot, REG(R_R9));
	}
}

static u32 prefetch(u64 slot, u32 nr)
{
	u32 pieces = 0, used = 0;

	if (nr >= sizeof wanted / sizeof wanted[0])
		return 0;
	for (int i = 0; i < PIECES_MAX && wanted[nr][i]; i++) {
		u32 item = wanted[nr][i], kind = item >> 12;
		u64 from = argument(slot, item >> 8 & 15), n = item & 255;
		u64 piece = slot + OFF_PIECES + pieces * PIECE_SIZE;

		if (!from || from >= STUB_BASE)
			continue;
		if (kind == 1) {
			long got = copy_string((void *)(slot + OFF_PREFETCH + used), (void *)from, PREFETCH_PATH_MAX);
			if (got <= 0)
				continue;
			n = got;
		} else {
			if (kind != 5)
				n = argument(slot, n);
			if (n > PREFETCH_BUFFER_MAX)
				continue;
			n <<= kind == 3 ? 4 : kind == 4 ? 3 : 0;
			if (!n || n > PREFETCH_BUFFER_MAX || copy_bytes((void *)(slot + OFF_PREFETCH + used), (void *)from, n))
				continue;
		}
		AT64(piece, 0) = from;
		AT32(piece, 8) = OFF_PREFETCH - OFF_WINDOW + used;
		AT32(piece, 12) = n | (kind == 1 ? PIECE_STRING : 0);
		used += (n + 15) & ~15U;
		if (++pieces == PIECES_MAX || used > PREFETCH_SIZE - PREFETCH_BUFFER_MAX)
			break;
	}
	return pieces;
}

/* The strings of an array of pointers, one behind the other into the window from `at`: how far it is filled then. */
static u32 gather(u64 slot, u64 array, u64 result, u32 at)
{
	u32 from = at, count = 0;
	long n;
	u64 p;

	AT32(result, 0) = -1;
	for (; array; array += 8, count++, at += n) {
		if (array >= STUB_BASE || copy_bytes(&p, (void *)array, 8) || p >= STUB_BASE)
			return from;
		if (!p)
			break;
		n = copy_string((void *)(slot + OFF_WINDOW + at), (void *)p, WINDOW_SIZE - at);
		if (n <= 0)
			return from;
	}
	AT32(result, 0) = count;
	AT32(result, 4) = OFF_WINDOW + from;
	AT32(result, 8) = at - from;
	return at;
}

/* The frame that rt_sigreturn takes apart, FP image included: one piece from the stack pointer on, as much as there is. */
static u32 fetch_frame(u64 slot)
{
	u64 from = AT64(slot, REG(R_RSP)), n = PREFETCH_BUFFER_MAX;

	if (from >= STUB_BASE)
		return 0;
	n -= copy_bytes((void *)(slot + OFF_PREFETCH), (void *)from, n);
	AT64(slot, OFF_PIECES) = from;
	AT32(slot, OFF_PIECES + 8) = OFF_PREFETCH - OFF_WINDOW;
	AT32(slot, OFF_PIECES + 12) = n;
	return 1;
}

static void call_event(u64 slot, u32 nr, u32 pieces, u32 trapped)
{
	if (nr == NR_execve || nr == NR_execveat) {
		int first = nr == NR_execve ? 1 : 2;
		u32 used = gather(slot, argument(slot, first), slot + OFF_GATHERED, 0);

		gather(slot, argument(slot, first + 1), slot + OFF_GATHERED + GATHERED_SIZE, used);
	}
	AT32(slot, OFF_NR) = nr;
	for (int i = 0; i < 6; i++)
		AT64(slot, OFF_CALL_ARGS + 8 * i) = argument(slot, i);
	publish(slot, EVENT_SYSCALL | trapped | pieces << EVENT_PIECES_SHIFT);
}

static u32 fetch(u64 slot, u32 nr)
{
	return nr == NR_rt_sigreturn ? fetch_frame(slot) : prefetch(slot, nr);
}

/*
 * Whether the path just fetched was no symbolic link when the Sentry looked, and no name has changed since: who makes a path
 * real (realpath(3)) asks for each directory on the way to each file, a compiler a thousand times.
 */
static int is_no_link(u64 slot)
{
	const u8 *path = (const u8 *)(slot + OFF_PREFETCH), *known;
	u64 entry;
	u32 n = AT32(slot, OFF_PIECES + 12) & (PIECE_STRING - 1), hash = 0, i;

	if (!AT32(slot, OFF_MEMO_USED) || n < 2 || n > MEMO_PATH)
		return 0;
	for (i = 0; i < n; i++)
		hash = 31 * hash + path[i];
	entry = slot + OFF_MEMO + hash % MEMO_ENTRIES * MEMO_ENTRY;
	if (AT32(entry, 0) != AT32(DOOR_BASE, DOOR_NAMES))
		return 0;
	known = (const u8 *)(entry + 4);
	for (i = 0; i < n && known[i] == path[i]; i++)
		;
	return i == n;
}

/* Single-stepping goes on behind the call: with every register. */
static long leave(u64 slot)
{
	return AT64(slot, REG(R_EFLAGS)) & TF ? LEAVE_FULL : LEAVE_SYSCALL;
}

/* Registers are in the slot (from a patched call site). Not 0: the answer is, too, and it is how to leave, plus one. */
long syscall_event(u64 slot)
{
	u32 nr = AT64(slot, REG(R_RAX)), pieces = fetch(slot, nr);

	if ((nr == NR_readlink || nr == NR_readlinkat) && pieces && is_no_link(slot)) {
		AT64(slot, REG(R_RAX)) = -EINVAL;
		return 1 + leave(slot);
	}
	call_event(slot, nr, pieces, 0);
	return 0;
}

static void save_registers(u64 slot, const u64 *g)
{
	AT64(slot, REG(R_R15)) = g[G_R15];
	AT64(slot, REG(R_R14)) = g[G_R14];
	AT64(slot, REG(R_R13)) = g[G_R13];
	AT64(slot, REG(R_R12)) = g[G_R12];
	AT64(slot, REG(R_RBP)) = g[G_RBP];
	AT64(slot, REG(R_RBX)) = g[G_RBX];
	AT64(slot, REG(R_R11)) = g[G_R11];
	AT64(slot, REG(R_R10)) = g[G_R10];
	AT64(slot, REG(R_R9)) = g[G_R9];
	AT64(slot, REG(R_R8)) = g[G_R8];
	AT64(slot, REG(R_RAX)) = g[G_RAX];
	AT64(slot, REG(R_RCX)) = g[G_RCX];
	AT64(slot, REG(R_RDX)) = g[G_RDX];
	AT64(slot, REG(R_RSI)) = g[G_RSI];
	AT64(slot, REG(R_RDI)) = g[G_RDI];
	AT64(slot, REG(R_ORIG_RAX)) = ~0UL;
	AT64(slot, REG(R_RIP)) = g[G_RIP];
	AT64(slot, REG(R_CS)) = 0x33;
	AT64(slot, REG(R_EFLAGS)) = g[G_EFLAGS];
	AT64(slot, REG(R_RSP)) = g[G_RSP];
	AT64(slot, REG(R_SS)) = 0x2b;
}

/* A fault in the stub itself: the application has broken its own slot. Ends this address space only. */
static void give_up(int sig, u64 rip, u64 address)
{
	AT64(ARENA_BASE, HDR_FAULT_RIP) = rip;
	AT64(ARENA_BASE, HDR_FAULT_ADDRESS) = address;
	AT32(ARENA_BASE, HDR_FAULT_SIGNAL) = sig;
	sys3(NR_exit_group, 128 + sig, 0, 0);
}

long signal_event(int sig, u8 *info, u8 *context)
{
	u64 slot = (u64)context & -SLOT_SIZE;
	u64 *g = (u64 *)(context + CONTEXT_REGS);
	u64 rip = g[G_RIP];
	int in_tail = rip >= (u64)tail_start && rip < (u64)tail_end;
	int in_stub = rip - STUB_BASE < STUB_TEXT_MAX && !in_tail;
	int code = *(int *)(info + 8);

	if (sig == INTERRUPT_SIGNAL) {
		u64 mask = 1UL << (sig - 1);

		if (rip >= (u64)fast_sahf && rip < (u64)fast_end) {
			/* A ready answer, all but given: complete it, then it is the application that was hit. */
			if (rip == (u64)fast_sahf)
				g[G_EFLAGS] = (g[G_EFLAGS] & ~0xd5UL) | (g[G_RAX] >> 8 & 0xd5);
			g[G_RAX] = g[G_R11];
			g[G_R11] = g[G_EFLAGS];
			g[G_RIP] = g[G_RCX];
			in_stub = 0;
		}
		if (in_stub) {
			AT32(slot, OFF_PENDING) = 1;
			if (rip >= (u64)fast_test && rip < (u64)fast_sahf)
				g[G_RIP] = (u64)fast_slow; /* not a ready answer then, but a call */
			return 0;
		}
		/* Blocked while in the handler (frames must not nest); as we do not return, unblock by hand. */
		sys4(NR_rt_sigprocmask, 1 /* SIG_UNBLOCK */, (long)&mask, 0, 8);
		if (!in_tail)
			save_registers(slot, g);
		publish(slot, EVENT_INTERRUPTED);
		return *(long *)(context + CONTEXT_FP);
	}
	if (sig == SIGSYS && code == 1 /* SYS_SECCOMP */) {
		u32 nr = *(u32 *)(info + 24);

		if (*(u32 *)(info + 28) != 0xc000003e)
			nr = ~0U; /* int $0x80: numbers of another architecture */
		save_registers(slot, g);
		AT64(slot, REG(R_ORIG_RAX)) = g[G_RAX];
		call_event(slot, nr, fetch(slot, nr), EVENT_TRAPPED);
		return *(long *)(context + CONTEXT_FP);
	}
	if (in_stub) {
		if ((sig == SIGSEGV || sig == SIGBUS) && rip >= (u64)copy_start && rip < (u64)copy_end) {
			g[G_RIP] = g[G_R8];
			return 0;
		}
		if (sig == SIGTRAP) { /* the application single-steps itself into us */
			g[G_EFLAGS] &= ~(u64)TF;
			return 0;
		}
		give_up(sig, rip, *(u64 *)(info + 16));
	}
	if (!in_tail)
		save_registers(slot, g);
	AT32(slot, OFF_SIGNAL) = sig;
	AT32(slot, OFF_CODE) = code;
	AT32(slot, OFF_TRAPNO) = g[G_TRAPNO];
	AT64(slot, OFF_ERROR_CODE) = g[G_ERR];
	AT64(slot, OFF_FAULT_ADDRESS) = *(u64 *)(info + 16);
	publish(slot, EVENT_FAULT);
	return *(long *)(context + CONTEXT_FP);
}

/* ---- commands */

/* Spins until the turn is ours (1), it is of no use any more (0), or so many turns are over (-1). */
static int spin(u64 slot, u32 turns, u32 while_state)
{
	for (u32 i = 0; i < turns; i++) {
		u32 state = AT32(slot, OFF_SERVED);

		if (AT32(slot, OFF_TURN) == TURN_STUB)
			return 1;
		if (state != while_state)
			return 0;
		__asm__ volatile("pause");
	}
	return -1;
}

/*
 * Sleeping and being woken costs tens of microseconds where processors idle, so it is worth as much to be awake when the
 * Sentry has decided: once it has taken the event, and unless it says that the call blocks. Whether it will take it soon
 * nobody knows (its thread may have no processor), so that is waited for briefly; longer when it had to be woken and
 * processors are free; and ever more rarely where it was in vain.
 */
static int wait_awake(u64 slot)
{
	u32 turns = AT32(DOOR_BASE, DOOR_SPIN), more = AT32(DOOR_BASE, DOOR_SPIN_LONG);
	int done;

	if (AT32(slot, OFF_SERVED) == SERVED_NOT) {
		if (AT32(slot, OFF_SPIN_SKIP)) {
			AT32(slot, OFF_SPIN_SKIP)--;
			return 0;
		}
		done = spin(slot, AT32(slot, OFF_WOKE) && more ? more : turns, SERVED_NOT);
		if (done > 0)
			return 1;
		AT32(slot, OFF_SPIN_FAILS) = done < 0 ? (AT32(slot, OFF_SPIN_FAILS) << 1 | 1) & 63 : 0;
		AT32(slot, OFF_SPIN_SKIP) = AT32(slot, OFF_SPIN_FAILS) >> 1;
		if (done < 0)
			return 0;
	}
	return spin(slot, turns ? SPIN_SERVED : 0, SERVED_TAKEN) > 0;
}

static void check_parent(void)
{
	if (sys3(NR_getppid, 0, 0, 0) != (long)AT32(DOOR_BASE, DOOR_SENTRY_PID))
		sys3(NR_exit_group, 1, 0, 0);
}

/*
 * The parent-death signal comes from the Sentry's thread that is the parent. If the Sentry was killed while this process was
 * on its way, the parent may be a thread that ended a moment later than the first, and that one's Landlock domain forbids it
 * to signal us (LANDLOCK_SCOPE_SIGNAL). So until an order has come after PR_SET_PDEATHSIG, which proves that all was well
 * then, look now and then; only so often, as a dying process is gone after a while.
 */
#define LOOKS 11

static void wait_unsure(u64 slot)
{
	struct timespec time = { 0, 25000000 };

	for (int i = 0; i < LOOKS && AT32(slot, OFF_TURN) != TURN_STUB && !AT32(slot, OFF_RINGING); i++) {
		if (cmpxchg(slot, OFF_TURN, TURN_SENTRY, TURN_SENTRY_ASLEEP) == TURN_STUB)
			break;
		futex(slot + OFF_TURN, 0, TURN_SENTRY_ASLEEP, &time);
		check_parent();
		time.nsec *= 2;
		if (time.nsec >= 1000000000)
			time.nsec = 0, time.sec = 1;
		time.sec *= 2;
	}
	if (!AT32(slot, OFF_RINGING)) /* else it is the ringer who looks, and the next order counts */
		AT32(slot, OFF_UNSURE)--;
}

/*
 * The Sentry had said it would sleep, but was not asleep yet when it was rung for: it will be in a few microseconds, so ring
 * again soon, for some tens of them.
 */
static void ring_again(u64 slot)
{
	int tries = AT32(DOOR_BASE, DOOR_SPIN) ? RING_TRIES : 0;

	for (int i = 0; i < tries && AT32(slot, OFF_RINGING); i++) {
		if (spin(slot, RING_TURNS, SERVED_NOT) >= 0)
			return;
		ring(slot);
	}
}

static void wait_turn(u64 slot)
{
	long delay = 100000;

	if (AT32(slot, OFF_RINGING))
		ring_again(slot);
	if (AT32(slot, OFF_UNSURE))
		wait_unsure(slot);
	if (wait_awake(slot))
		return;
	while (AT32(slot, OFF_TURN) != TURN_STUB) {
		u32 turn = cmpxchg(slot, OFF_TURN, TURN_SENTRY, TURN_SENTRY_ASLEEP);

		if (turn == TURN_STUB)
			return;
		if (AT32(slot, OFF_RINGING)) {
			/*
			 * The Sentry had said it would sleep but did not sleep yet. It is the only one to write that
			 * word, so ring again a little later, until it was woken or says it is awake; ever later, as it
			 * may be awake but not running yet because of all who ring.
			 */
			struct timespec soon = { 0, delay };

			delay = delay < 20000000 ? delay * 2 : delay;
			futex(slot + OFF_TURN, 0, TURN_SENTRY_ASLEEP, &soon);
			if (AT32(slot, OFF_UNSURE))
				check_parent();
			if (AT32(slot, OFF_TURN) != TURN_STUB)
				ring(slot);
		} else {
			futex(slot + OFF_TURN, 0, TURN_SENTRY_ASLEEP, 0);
		}
	}
}

static void answer(u64 slot, long result)
{
	AT64(slot, OFF_RESULT) = result;
	exchange(slot, OFF_TURN, TURN_SENTRY);
	if (AT32(slot, OFF_SENTRY_WAITS))
		futex(slot + OFF_TURN, 1, 1, 0);
}

struct message { void *name; u64 namelen; void *iov; u64 iovlen; void *control; u64 controllen; u64 flags; };
struct iov { void *base; u64 len; };

/* Receives up to max descriptors from the Sentry: how many, or -errno. */
static long receive(int *fds, long max, int flags)
{
	struct { u64 len; int level, type; int fds[BATCH_FDS]; } control;
	u8 byte;
	struct iov iov = { &byte, 1 };
	struct message msg = { 0, 0, &iov, 1, &control, sizeof control, 0 };
	long n;

	n = sys3(NR_recvmsg, 0, (long)&msg, flags | 0x40000000 /* MSG_CMSG_CLOEXEC */);
	if (n < 0)
		return n;
	if (msg.controllen < 20 || control.level != 1 || control.type != 1)
		return -EBADF;
	n = (control.len - 16) / 4;
	n = n < max ? n : max;
	for (long i = 0; i < max; i++)
		fds[i] = i < n ? control.fds[i] : -1;
	return n;
}

#define DONTWAIT 0x40

static long map_fd(u64 slot)
{
	int fds[1];
	long n = receive(fds, 1, DONTWAIT), result;

	if (n < 1)
		return n ? n : -EBADF;
	result = sys6(NR_mmap, AT64(slot, OFF_ARGS), AT64(slot, OFF_ARGS + 8), AT64(slot, OFF_ARGS + 16),
		      AT64(slot, OFF_ARGS + 24), fds[0], AT64(slot, OFF_ARGS + 32));
	sys3(NR_close, fds[0], 0, 0);
	return result;
}

/* Orders one after the other until one fails: how many were done. The first word of an entry becomes its result. */
static long batch(u64 slot, u64 count, u64 descriptors)
{
	u64 e = slot + OFF_WINDOW, i;
	int fds[BATCH_FDS];
	long n = 0;

	if (descriptors && (n = receive(fds, BATCH_FDS, DONTWAIT)) < 1)
		return n ? n : -EBADF;
	for (i = 0; i < count && i < BATCH_MAX; i++, e += BATCH_ENTRY) {
		u64 a0 = AT64(e, 16), a1 = AT64(e, 24), a2 = AT64(e, 32), a4 = AT64(e, 48);
		long fd = (int)AT32(e, 4), result;

		if (AT32(e, 0) == OP_COPY_OUT) {
			result = copy_bytes((void *)a1, (void *)(slot + a0), a2) ? -EFAULT : 0;
		} else {
			if (fd >= 0 && fd < n)
				a4 = fds[fd];
			result = sys6(AT64(e, 8), a0, a1, a2, AT64(e, 40), a4, AT64(e, 56));
		}
		AT64(e, 0) = result;
		if (result && result != (long)a0)
			break;
	}
	while (n)
		sys3(NR_close, fds[--n], 0, 0);
	return i;
}

static long fork_command(void)
{
	int fds[2];
	long n = receive(fds, 2, DONTWAIT), result;

	if (n < 2)
		return n < 0 ? n : -EBADF;
	do
		result = clone_fork(fds[0], fds[1]);
	while (result == -EINTR); /* while it waited for leave (filter.c) */
	sys3(NR_close, fds[0], 0, 0);
	sys3(NR_close, fds[1], 0, 0);
	return result;
}

static u64 get_fsbase(void)
{
	u64 value = 0;

	if (AT32(DOOR_BASE, DOOR_FSGSBASE))
		__asm__ volatile("rdfsbase %0" : "=r"(value));
	return value;
}

static void set_fsbase(u64 value)
{
	if (AT32(DOOR_BASE, DOOR_FSGSBASE))
		__asm__ volatile("wrfsbase %0" : : "r"(value) : "memory");
	else
		sys3(NR_arch_prctl, 0x1002 /* ARCH_SET_FS */, value, 0);
}

static void save_xstate(u64 slot)
{
	u32 lo = AT32(DOOR_BASE, DOOR_XFEATURES), hi = AT32(DOOR_BASE, DOOR_XFEATURES + 4);

	for (int i = 512; i < 576; i += 8)
		AT64(slot, OFF_XSTATE + i) = 0;
	__asm__ volatile("xsave64 (%0)" : : "r"(slot + OFF_XSTATE), "a"(lo), "d"(hi) : "memory");
}

static void load_xstate(u64 slot)
{
	u32 lo = AT32(DOOR_BASE, DOOR_XFEATURES), hi = AT32(DOOR_BASE, DOOR_XFEATURES + 4);

	__asm__ volatile("xrstor64 (%0)" : : "r"(slot + OFF_XSTATE), "a"(lo), "d"(hi) : "memory");
}

static void load_lazy(u64 slot)
{
	u32 flags = AT32(slot, OFF_FLAGS);

	if (flags & LOAD_FSBASE)
		set_fsbase(AT64(slot, OFF_FSBASE));
	if (flags & LOAD_XSTATE)
		load_xstate(slot);
}

/* Deferred copies, the result, and away. */
static long resume_syscall(u64 slot)
{
	u32 flags = AT32(slot, OFF_FLAGS), count = flags >> DEFERRED_SHIFT;

	AT64(slot, REG(R_RAX)) = AT64(slot, OFF_ANSWER);
	if (flags & HAS_CALL) {
		u64 call = slot + OFF_CALL, nr = AT64(call, 0), a0 = AT64(call, 8), failure = AT64(call, 56), a4 = AT64(call, 40);
		int fds[1] = { -1 };
		long result;

		if (nr & CALL_RECEIVES)
			a4 = receive(fds, 1, DONTWAIT) < 1 ? -1 : fds[0];
		result = sys6((u32)nr, a0, AT64(call, 16), AT64(call, 24), AT64(call, 32), a4, AT64(call, 48));
		if (fds[0] >= 0)
			sys3(NR_close, fds[0], 0, 0);
		if (result && result != (long)a0)
			AT64(slot, REG(R_RAX)) = failure ? failure : (u64)result;
	}
	for (u32 i = 0; i < count; i++) {
		u64 at = slot + OFF_DEFERRED_LIST + i * DEFERRED_SIZE;

		u64 from = AT64(at, 0), to = AT64(at, 8), n = AT64(at, 16);

		if (from == (u64)DEFERRED_ZEROS ? zero_bytes((void *)to, n) : copy_bytes((void *)to, (void *)(slot + from), n))
			AT64(slot, REG(R_RAX)) = -EFAULT;
	}
	load_lazy(slot);
	return leave(slot);
}

long serve(u64 slot)
{
	for (;;) {
		u64 a0, a1, a2;
		u32 op, word;
		long result = 0;

		wait_turn(slot);
		if (!AT32(slot, OFF_AWAKE))
			AT32(slot, OFF_AWAKE) = 1;
		op = AT32(slot, OFF_OP);
		if (op == OP_RESUME_SYSCALL)
			return resume_syscall(slot);
		a0 = AT64(slot, OFF_ARGS), a1 = AT64(slot, OFF_ARGS + 8), a2 = AT64(slot, OFF_ARGS + 16);
		switch (op) {
		case OP_RESUME:
			load_lazy(slot);
			return LEAVE_FULL;
		case OP_COPY_IN:
			result = a2 - copy_bytes((void *)(slot + a0), (void *)a1, a2);
			break;
		case OP_COPY_OUT:
			result = a2 - copy_bytes((void *)a1, (void *)(slot + a0), a2);
			break;
		case OP_COPY_STRING:
			result = copy_string((void *)(slot + a0), (void *)a1, a2);
			break;
		case OP_LOAD32:
			result = load_word((volatile u32 *)(slot + OFF_SMALL), (void *)a0);
			break;
		case OP_CAS32:
			word = a1;
			result = cas_word((void *)a0, &word, (u32)a2);
			AT32(slot, OFF_SMALL) = word;
			break;
		case OP_STORE64:
			result = store_long((void *)a0, a1);
			break;
		case OP_HOST_CALL:
			result = sys6(a0, a1, a2, AT64(slot, OFF_ARGS + 24), AT64(slot, OFF_ARGS + 32),
				      AT64(slot, OFF_ARGS + 40), AT64(slot, OFF_ARGS + 48));
			break;
		case OP_MAP_FD:
			result = map_fd(slot);
			break;
		case OP_BATCH:
			result = batch(slot, a0, a1);
			break;
		case OP_SAVE_XSTATE:
			save_xstate(slot);
			break;
		case OP_LOAD_XSTATE:
			load_xstate(slot);
			break;
		case OP_GET_FSBASE:
			result = get_fsbase();
			break;
		case OP_FORK:
			result = fork_command();
			break;
		case OP_THREAD:
			do
				result = clone_thread(ARENA_BASE + a0 * SLOT_SIZE);
			while (result == -EINTR);
			break;
		case OP_EXIT_THREAD:
			sys3(NR_exit, 0, 0, 0);
			break;
		}
		answer(slot, result);
	}
}

/* ---- birth */

/* A new thread, or (process) the first of a new process, before it enters the command loop. */
void child_start(u64 slot, long process)
{
	struct { u64 sp; int flags, pad; u64 size; } stack = { slot + OFF_STACK, 0, 0, OFF_STACK_TOP - OFF_STACK };

	AT64(slot, OFF_SELF) = slot;
	if (!AT32(slot, OFF_ANSWERS))
		AT32(slot, OFF_ANSWERS) = -1;
	AT64(slot, OFF_STACK_PTR) = slot + OFF_STACK_TOP;
	sys3(NR_sigaltstack, (long)&stack, 0, 0); /* EPERM: we are on it already */
	if (AT32(DOOR_BASE, DOOR_FSGSBASE))
		__asm__ volatile("wrgsbase %0" : : "r"(slot) : "memory");
	else
		sys3(NR_arch_prctl, 0x1001 /* ARCH_SET_GS */, slot, 0);
	if (!process)
		return;
	(void)AT32(slot, OFF_PREFETCH); /* see clone_fork */
	sys3(NR_prctl, 1 /* PR_SET_PDEATHSIG */, 9, 0);
	check_parent();
	AT32(slot, OFF_UNSURE) = AT32(slot, OFF_TURN) == TURN_STUB ? 2 : 1;
}

static void check(int ok, int code)
{
	if (!ok)
		sys3(NR_exit_group, code, 0, 0);
}

static void handle(int sig)
{
	/* SA_SIGINFO | SA_ONSTACK | SA_RESTORER, and SA_NODEFER except for the interrupt: its frames must not nest */
	struct { void *handler; u64 flags; void *restorer; u64 mask; } action = {
		on_signal, 0x0c000004 | (sig == INTERRUPT_SIGNAL ? 0 : 0x40000000), restorer, 0 };

	check(sys4(NR_rt_sigaction, sig, (long)&action, 0, 8) == 0, 105);
}

/* The listener of all stubs' births goes to the Sentry, by a message without it where there is none. */
static void send_births(long fd)
{
	struct { u64 len; int level, type, fd, pad; } control = { 20, 1, 1 /* SCM_RIGHTS */, fd, 0 };
	u8 byte = 0;
	struct iov iov = { &byte, 1 };
	struct message msg = { 0, 0, &iov, 1, &control, fd < 0 ? 0 : sizeof control, 0 };

	check(sys3(NR_sendmsg, 0, (long)&msg, 0) == 1, 107);
	if (fd >= 0)
		sys3(NR_close, fd, 0, 0);
}

void stub_boot(u64 *stack)
{
	u64 *aux, header = ARENA_BASE, lo, hi;
	int fds[2] = { -1, -1 };

	for (aux = stack + 1 + *stack + 1; *aux; aux++)
		;
	if (sys3(NR_close_range, 1, ~0U, 0))
		for (int fd = 1; fd < 16; fd++)
			sys3(NR_close, fd, 0, 0);
	check(receive(fds, 2, 0) == 2, 101);
	/* FIXED_NOREPLACE: by bad luck the vDSO may lie there; then the Sentry starts another template */
	check(sys6(NR_mmap, ARENA_BASE, ARENA_SIZE, 3, 0x100001, fds[0], 0) == (long)ARENA_BASE, 102);
	check(sys6(NR_mmap, DOOR_BASE, 4096, 1, 0x100001, fds[1], 0) == (long)DOOR_BASE, 103);
	sys3(NR_close, fds[0], 0, 0);
	sys3(NR_close, fds[1], 0, 0);
	for (aux++; *aux; aux += 2) {
		if (aux[0] == 26)
			AT64(header, HDR_HWCAP2) = aux[1];
		else if (aux[0] == 33)
			AT64(header, HDR_VDSO) = aux[1];
		else if (aux[0] == 51)
			AT64(header, HDR_MINSIGSTKSZ) = aux[1];
	}
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	AT64(header, HDR_XCR0) = hi << 32 | (u32)lo;
	sys3(NR_prctl, 15 /* PR_SET_NAME */, (long)"kernelet-stub", 0);
	handle(SIGSYS), handle(SIGSEGV), handle(SIGBUS), handle(8), handle(SIGTRAP), handle(4), handle(INTERRUPT_SIGNAL);
	check(sys6(NR_prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0, 0) == 0, 106);
	send_births(AT32(DOOR_BASE, DOOR_GATE) ? install_births() : -1);
	check(install_filter() == 0, 106);
	boot_enter(ARENA_BASE + SLOT_SIZE);
}

package dev.kernelet.platform.stub;

/**
 * Addresses, offsets and command numbers shared by the Sentry and the stub. The one source of both:
 * bin/native-build turns each {@code public static final} line here into a C macro of the same name, so
 * expressions must be valid in both languages and stand on one line.
 */
public final class StubLayout {
    private StubLayout() {}

    // ---- the stub's part of every address space; all below STUB_BASE is the application's. Where these
    // addresses are not to be had (inside a Kernelet) all of it lies lower by a multiple of STUB_STEP.
    /**
     * By how much a base is lower than the one before: stack and mappings of a fresh process stay out of the
     * way.
     */
    public static final long STUB_STEP = 0x800000000L;
    public static final long STUB_BASE = 0x7ffb00000000L;
    /** Text and constants end before this; the seccomp filter's instruction-pointer window. */
    public static final long STUB_TEXT_MAX = 0x8000L;
    /** Where rewritten call sites enter. */
    public static final long STUB_ENTRY = STUB_BASE + 0x100;
    /** vvar and vDSO pages of the host, moved here. */
    public static final long VDSO_AREA = 0x7ffb08000000L;
    /** One page of the Sentry's, mapped read-only: the doorbell and the spin figure. */
    public static final long DOOR_BASE = 0x7ffb0f000000L;
    public static final long ARENA_BASE = 0x7ffb10000000L;
    public static final int SLOT_SHIFT = 17;
    public static final long SLOT_SIZE = 1L << SLOT_SHIFT;
    public static final int SLOTS = 4096;
    public static final long ARENA_SIZE = SLOT_SIZE * SLOTS;

    // ---- doorbell page: the Sentry's, read-only for stubs
    /** 1: a Sentry thread sleeps here and wants to be woken; futex word. */
    public static final int DOOR_SLEEPING = 0;
    /**
     * How many turns of its waiting loop a stub spins until its event is taken (0: one processor, no spinning
     * at all).
     */
    public static final int DOOR_SPIN = 4;
    /** How many when a Sentry thread had to be woken: 0 while no processors are free. */
    public static final int DOOR_SPIN_LONG = 24;
    /** State components to save and load. */
    public static final int DOOR_XFEATURES = 8;
    /** Not zero: wrfsbase and rdfsbase may be used. */
    public static final int DOOR_FSGSBASE = 16;
    /** The Sentry's pid: a stub with another parent must not live. */
    public static final int DOOR_SENTRY_PID = 20;
    /** Not zero: the Sentry is to be asked about every fork and every thread (Births). */
    public static final int DOOR_GATE = 28;
    /**
     * Another number whenever a name has gone or what it leads to may be another: what stubs remember
     * of paths ends.
     */
    public static final int DOOR_NAMES = 32;

    // ---- slot 0: the arena header, written by the template at boot and by a stub that gives up
    public static final int HDR_XCR0 = 0;
    public static final int HDR_HWCAP2 = 8;
    public static final int HDR_VDSO = 16;
    public static final int HDR_MINSIGSTKSZ = 24;
    public static final int HDR_FAULT_RIP = 48;
    public static final int HDR_FAULT_ADDRESS = 56;
    public static final int HDR_FAULT_SIGNAL = 64;

    // ---- a slot: control page, extended state, stack, bounce buffer, window, prefetch area
    public static final int OFF_XSTATE = 0x1000;
    public static final int XSTATE_MAX = 0x3000;
    /**
     * Paths that readlink(2) has found to be no links, if OFF_MEMO_USED is not 0: entry
     * {@code hash % MEMO_ENTRIES}, what DOOR_NAMES was then (int) and the path with its NUL.
     */
    public static final int OFF_MEMO = 0x4000;
    public static final int MEMO_ENTRIES = 64;
    public static final int MEMO_ENTRY = 128;
    public static final int MEMO_PATH = MEMO_ENTRY - 4;
    public static final int OFF_STACK = 0x6000;
    public static final int OFF_STACK_TOP = 0xc000;
    public static final int OFF_BOUNCE = 0xc000;
    public static final int BOUNCE_SIZE = 0x2000;
    public static final int OFF_WINDOW = 0xe000;
    public static final int WINDOW_SIZE = 0x10000;
    public static final int OFF_PREFETCH = 0x1e000;
    public static final int PREFETCH_SIZE = 0x2000;

    // ---- control page. Its first line is all that an ordinary call and its answer need: a cache line on its
    // way from one processor to the other costs as much as a handler. What both sides write at every turn is
    // here, nothing else.
    /** Whose turn it is. The futex word both sides wait on. */
    public static final int OFF_TURN = 0x00;
    /** The stub has published an event or answered a command. */
    public static final int TURN_SENTRY = 1;
    /** The application runs, or the stub works. */
    public static final int TURN_STUB = 2;
    /** As TURN_SENTRY, and the stub sleeps on the word. */
    public static final int TURN_SENTRY_ASLEEP = 3;
    /** How far the Sentry is: what the stub may wait for awake. */
    public static final int OFF_SERVED = 0x04;
    /** The event is not taken yet. */
    public static final int SERVED_NOT = 0;
    /** The call blocks. */
    public static final int SERVED_PARKED = 1;
    /** The handler runs. */
    public static final int SERVED_TAKEN = 2;

    // ---- the event: the stub's
    public static final int OFF_NR = 0x08;
    /**
     * Of a system call also: by SIGSYS (EVENT_TRAPPED), or from a rewritten call site; how many pieces are
     * prefetched.
     */
    public static final int OFF_EVENT = 0x0c;
    public static final int EVENT_MASK = 0xff;
    public static final int EVENT_SYSCALL = 1;
    public static final int EVENT_FAULT = 2;
    public static final int EVENT_INTERRUPTED = 3;
    public static final int EVENT_TRAPPED = 0x100;
    public static final int EVENT_PIECES_SHIFT = 16;
    /** Six arguments of a system call. */
    public static final int OFF_CALL_ARGS = 0x10;

    // ---- the command: the Sentry's, where the event was
    public static final int OFF_OP = 0x10;
    /**
     * RESUME_*: which of the lazily loaded parts to load, if there is a call at OFF_CALL, how many deferred
     * copies.
     */
    public static final int OFF_FLAGS = 0x14;
    public static final int LOAD_FSBASE = 1;
    public static final int LOAD_XSTATE = 2;
    public static final int HAS_CALL = 4;
    public static final int DEFERRED_SHIFT = 8;
    /** Of a host call its number and six arguments. */
    public static final int OFF_ARGS = 0x18;
    /** What a command came to: the stub's. */
    public static final int OFF_RESULT = 0x08;
    /** RESUME_SYSCALL: the call's result. */
    public static final int OFF_ANSWER = 0x18;
    /**
     * Deferred copies of RESUME_SYSCALL (up to MAX_DEFERRED), 24 bytes each: slot offset, address, length.
     */
    public static final int OFF_DEFERRED_LIST = 0x20;
    public static final int DEFERRED_SIZE = 24;
    /** As a deferred copy's slot offset: zeros. */
    public static final int DEFERRED_ZEROS = -1;

    /**
     * Prefetched pieces of an event, 16 bytes each: address, offset in the window (int), length (int).
     * Deferred copies, which are written when these are of no use any more, may reach as far.
     */
    public static final int OFF_PIECES = 0x50;
    public static final int PIECE_SIZE = 16;
    public static final int PIECES_MAX = 3;
    /** A piece length with this bit is a string's, with its NUL. */
    public static final int PIECE_STRING = 0x10000;
    public static final int PREFETCH_BUFFER_MAX = 4096;
    public static final int PREFETCH_PATH_MAX = 512;

    // ---- of a fault
    public static final int OFF_SIGNAL = 0xc0;
    public static final int OFF_CODE = 0xc4;
    public static final int OFF_TRAPNO = 0xc8;
    public static final int OFF_FAULT_ADDRESS = 0xd0;
    public static final int OFF_ERROR_CODE = 0xd8;

    // ---- registers, in the order of dev.kernelet.platform.Registers
    public static final int OFF_REGS = 0x100;
    public static final int OFF_FSBASE = 0x1b0;
    /** The slot's own address and stack top, for the entry from patched call sites (by %gs). */
    public static final int OFF_SELF = 0x1b8;
    public static final int OFF_STACK_PTR = 0x1c0;
    /** How many turns of its loop a stub waits awake for a handler, if it does at all. */
    public static final int SPIN_SERVED = 2000;
    /** A ring that came too early is repeated so often, after so many turns of the waiting loop. */
    public static final int RING_TRIES = 10;
    public static final int RING_TURNS = 100;
    /** The stub's own: it has just woken a sleeping Sentry thread. */
    public static final int OFF_WOKE = 0x1cc;
    /**
     * The stub's own: one bit for each time in a row that waiting awake for the event to be taken was in
     * vain.
     */
    public static final int OFF_SPIN_FAILS = 0x1d0;
    /** The stub's own: how often to leave that out therefore. */
    public static final int OFF_SPIN_SKIP = 0x1d4;
    /** The stub's own: the doorbell's sleeper may have missed the ring. */
    public static final int OFF_RINGING = 0x1c8;
    /** 0: nothing is known, whatever lies in OFF_MEMO. */
    public static final int OFF_MEMO_USED = 0x1dc;
    /** The stub's own: orders that must still come until it is sure to die with the Sentry. */
    public static final int OFF_UNSURE = 0x1d8;

    // ---- what is looked at often and seldom written
    /** An interrupt came while the stub could not report it. */
    public static final int OFF_PENDING = 0x430;
    /** Not zero: a Sentry thread sleeps on the turn word until the command is answered. */
    public static final int OFF_SENTRY_WAITS = 0x434;
    /** The stub runs since it was last woken. */
    public static final int OFF_AWAKE = 0x43c;
    /** CLONE_CHILD_CLEARTID word: not zero while the host thread exists. */
    public static final int OFF_TID = 0x438;

    /** With the number of a deferred mmap: its descriptor waits in the control socket. */
    public static final long CALL_RECEIVES = 0x100000000L;
    /** Host call of RESUME_SYSCALL: number, six arguments, the result if it fails (0: the errno itself). */
    public static final int OFF_CALL = 0x200;
    /**
     * Calls the stub answers by itself: entry number {@code nr & 15}, 16 bytes each: the number (int; entry 0
     * must never hold 0 unasked), at 8 the value. getpid, gettid and the identity calls all differ in these
     * four bits.
     */
    public static final int OFF_ANSWERS = 0x300;
    public static final int ANSWERS = 16;
    /**
     * execve's strings, fetched along with the event: argv's, then envp's, 16 bytes each: how many strings
     * (int; -1: not fetched), where in the slot they lie one behind the other (int), how many bytes (int).
     */
    public static final int OFF_GATHERED = 0x400;
    public static final int GATHERED_SIZE = 16;
    /** Small copies travel in the control page. */
    public static final int OFF_SMALL = 0x800;
    public static final int SMALL_SIZE = 0x800;

    public static final int OP_NOP = 0;
    public static final int OP_RESUME_SYSCALL = 1;
    public static final int OP_RESUME = 2;
    public static final int OP_COPY_IN = 3;
    public static final int OP_COPY_OUT = 4;
    public static final int OP_COPY_STRING = 5;
    public static final int OP_LOAD32 = 6;
    public static final int OP_CAS32 = 7;
    public static final int OP_HOST_CALL = 8;
    public static final int OP_MAP_FD = 9;
    public static final int OP_SAVE_XSTATE = 10;
    public static final int OP_LOAD_XSTATE = 11;
    public static final int OP_GET_FSBASE = 12;
    public static final int OP_FORK = 13;
    public static final int OP_THREAD = 14;
    public static final int OP_EXIT_THREAD = 15;
    public static final int OP_STORE64 = 16;
    public static final int OP_BATCH = 17;

    // ---- OP_BATCH: entries at the window's beginning, data for copies behind them
    public static final int BATCH_MAX = 64;
    /**
     * Operation (int; becomes the result, a long), descriptor for argument 4 (int), call number, six
     * arguments.
     */
    public static final int BATCH_ENTRY = 64;
    public static final int BATCH_DATA = BATCH_MAX * BATCH_ENTRY;
    public static final int BATCH_FDS = 8;

    /** The host signal that interrupts application code (SIGUSR2). */
    public static final int INTERRUPT_SIGNAL = 12;
    /** AMX tile state is never granted to a stub: left out of every image. */
    public static final long XSTATE_EXCLUDED = 0x60000L;

    /** CLONE_PARENT | SIGCHLD. */
    public static final long CLONE_FORK = 0x8011L;
    /** CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM|CHILD_SETTID|CHILD_CLEARTID. */
    public static final long CLONE_THREAD_WORD = 0x1250f00L;
}

package dev.kernelet.platform;

/**
 * One application thread as the platform sees it: its registers and the hand that works in its address space.
 *
 * <p>A context is either <i>running</i> (application code) or <i>stopped</i> (it has trapped and serves
 * commands). All methods but {@link #poll} and {@link #interrupt} require it to be stopped and are called by
 * one Sentry thread at a time (the kernel lock). A command is one shared-memory round trip and also a wait:
 * when the stub dies or does not answer by the platform's deadline its process is killed, the command returns
 * {@code -EFAULT} (copies) or {@code -ESRCH} (others), and {@link #isDead} turns true; the Sentry then treats
 * the task as killed.
 *
 * <p>Everything read from the stub is hostile. {@code nr}, {@code a0...a5} and the fault fields are read
 * once, by poll. Application addresses are checked against {@link PlatformTraits#userEnd} by the platform.
 */
public abstract class ExecutionContext {
    /** For the Sentry's use (its Task). */
    public Object owner;

    // Set by poll() when it returns SYSCALL.
    public int nr;
    public long a0, a1, a2, a3, a4, a5;
    // Set by poll() when it returns FAULT (siginfo_t and sigcontext fields of the host's signal).
    public int faultSignal, faultCode, trapNumber;
    public long faultAddress, errorCode;

    public abstract AddressSpace space();

    /**
     * One of {@link Trap}; NONE while running. Never blocks, allocates nothing. Once it has returned
     * something else the context is stopped and poll must not be called again before the next resume.
     */
    public abstract int poll();

    /**
     * False: the host was told to let the resumed thread run, and it does not yet: it may wait for this
     * processor.
     */
    public boolean isAwake() { return true; }

    public abstract boolean isDead();

    // ---- registers (valid while stopped; the values are the application's own business)
    public abstract long reg(int register);

    public abstract void setReg(int register, long value);

    /** Copies {@link Registers#COUNT} registers to {@code destination}. */
    public abstract void getRegs(long[] destination);

    public abstract void setRegs(long[] source);

    public abstract long fsBase();

    public abstract void setFsBase(long value);

    /** The application's %gs base; 0 where it has none of its own. */
    public long gsBase() { return 0; }

    /** Gives the thread a %gs base of its own; false: the platform cannot (it needs %gs itself). */
    public boolean setGsBase(long value) { return value == 0; }

    /**
     * The extended-state image (XSAVE layout, {@link PlatformTraits#xstateSize} bytes) of the stopped thread,
     * saved into {@code destination}.
     */
    public abstract void saveXstate(long destination);

    /** Loads an image. The platform sanitises header and MXCSR; a hostile image cannot fault the stub. */
    public abstract void loadXstate(long source);

    /** Resets FP state as exec does (x87 control word 0x37f, MXCSR 0x1f80). */
    public abstract void resetXstate();

    // ---- resume
    /** Ends a system call with {@code result} in rax: the fast way, rcx and r11 are lost as the ABI says. */
    public abstract void resumeSyscall(long result);

    /**
     * Resumes with all registers as set by {@link #setReg}: after exec, signals, sigreturn, faults,
     * interrupts.
     */
    public abstract void resume();

    /**
     * Hint: the call the context has stopped for blocks, no resume comes soon, so the stub need not spin for
     * it.
     */
    public void parked() {}

    /**
     * Lets the platform answer a call that takes no arguments and whose result does not change by itself
     * (getpid, gettid, getuid...) without reporting it, until {@link #clearStubAnswers}. A platform may do
     * nothing. Both may be called while the context runs.
     */
    public void setStubAnswer(int nr, long value) {}

    public void clearStubAnswers() {}

    /**
     * Lets the platform answer readlink(2) and readlinkat(2) of this absolute path, which names no symbolic
     * link, by EINVAL: until {@link Platform#namesChanged} or {@link #clearStubAnswers}. A platform may do
     * nothing. Not while the context runs.
     */
    public void setNoLink(byte[] path, int length) {}

    /**
     * Makes a running context stop soon ({@link Trap#INTERRUPTED}, or whatever else it was about to report).
     * Harmless when stopped. Asynchronous; may be called by any thread that holds the kernel lock.
     */
    public abstract void interrupt();

    // ---- copies. All return the number of bytes copied before the first fault (so less than length:
    // EFAULT).
    public abstract long copyIn(long destination, long userAddress, long length);

    public abstract long copyOut(long userAddress, long source, long length);

    /**
     * Copies a NUL-terminated string of at most {@code max} bytes including the NUL. Returns its length
     * without the NUL, -EFAULT, or -ENAMETOOLONG when no NUL was found.
     */
    public abstract long copyInString(long destination, long userAddress, long max);

    /**
     * The data window, shared with the application's process: {@link #windowSize} bytes, hostile at all
     * times.
     */
    public abstract long window();

    public abstract int windowSize();

    /**
     * Application memory to window[offset...]. Free when the stub has already fetched these bytes along with
     * the event.
     */
    public abstract long windowIn(int offset, long userAddress, long length);

    /** window[offset...] to application memory, now. */
    public abstract long windowOut(int offset, long userAddress, long length);

    /**
     * window[offset...] to application memory as part of the coming {@link #resumeSyscall}: no round trip. If
     * the copy faults the call's result becomes -EFAULT. It happens when the stub gets to it, so what another
     * thread may already act upon (parent_tid of clone) must be written with {@link #windowOut} before that
     * thread runs. At most {@link #MAX_DEFERRED} per stop; returns false when that is used up (then use
     * {@link #windowOut}).
     */
    public abstract boolean deferWindowOut(int offset, long userAddress, long length);

    /** The same, of {@code length} zeros: nothing has to be copied. False: use another way. */
    public boolean deferZeros(long userAddress, long length) { return false; }

    public static final int MAX_DEFERRED = 4;

    /**
     * Where in the window the bytes at {@code userAddress} that the stub fetched along with the event lie, or
     * -1. For paths and small write buffers; {@code length} -1 asks for a NUL-terminated string.
     */
    public abstract int prefetched(long userAddress, long length);

    /**
     * The strings of an execve's argv ({@code which} 0) or envp (1) that came along with the event, one
     * behind the other with their NULs, into at most {@code room} bytes at {@code destination}. {@code count
     * << 32 | length}, or -1: they did not come. Hostile: count the NULs.
     */
    public long gathered(int which, long destination, int room) { return -1; }

    /** Aligned 32-bit load, zero-extended; -EFAULT on a fault. */
    public abstract long load32(long userAddress);

    /**
     * Atomic compare-and-swap; returns the old value zero-extended (success iff equal to expected), or
     * -EFAULT.
     */
    public abstract long cas32(long userAddress, int expected, int value);

    // ---- the host calls a stub makes on order (results are checked, never trusted)
    /**
     * Host system call by the stopped thread, without descriptor arguments: munmap, mprotect, mremap,
     * madvise, msync...
     */
    public abstract long hostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5);

    /**
     * mmap of a host descriptor of the Sentry's, MAP_FIXED at {@code address}. The stub keeps no descriptor.
     * 0 or -errno.
     */
    public abstract long mapFd(long address, long length, int prot, int flags, int hostFd, long offset);

    /** Anonymous mmap, MAP_FIXED at {@code address}. 0 or -errno. */
    public abstract long mapAnonymous(long address, long length, int prot, int flags);

    /**
     * A {@link #hostCall} that succeeds with 0 or its first argument, as part of the coming
     * {@link #resumeSyscall}: no round trip. When it fails the call's result becomes {@code failure}, or the
     * host's errno if that is 0. Whatever needs the stub before makes it happen at once. One per stop; false:
     * not taken, use hostCall.
     */
    public boolean deferHostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5, long failure) {
        return false;
    }

    /** A {@link #mapFd} in the same way: as part of the coming resumeSyscall. False: not taken. */
    public boolean deferMapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        return false;
    }

    /**
     * From here on {@link #mapFd}, {@link #mapAnonymous}, {@link #hostCall} and {@link #copyOut} may be only
     * noted, and then answer as if they had succeeded; {@link #runBatch} does what was noted, in order, in
     * one round trip. For a fresh address space: nothing must run in it meanwhile. A platform may as well do
     * everything at once.
     */
    public void beginBatch() {}

    /** Ends a batch: 0, or the errno of the first order that failed; those after it were not carried out. */
    public long runBatch() { return 0; }

    /**
     * Binds the thread to the processors of {@code mask} (bits, low words first); threads and processes it
     * makes are born so bound. On success {@code mask} is what the host made of it. 0 or -errno; -ENOSYS: the
     * platform binds threads itself.
     */
    public long setAffinity(long[] mask) { return -ENOSYS; }

    private static final int EINVAL = 22, ENOSYS = 38;

    /** mmap's result must be the address that was asked for: 0, or -errno. */
    protected static long mapResult(long result, long address) {
        if (result == address) return 0;
        return result < 0 && result > -4096 ? result : -EINVAL;
    }

    // ---- processes and threads
    /**
     * A new thread in the same address space, born stopped with a copy of this one's registers, fs base and
     * FP state; null: EAGAIN.
     */
    public abstract ExecutionContext newThread();

    /**
     * A copy of the whole address space (host fork, copy-on-write) with one context, born stopped with a copy
     * of this one's registers and state; null: the host refused (EAGAIN).
     */
    public abstract AddressSpace fork();

    /** CPU time this thread has used, in nanoseconds, or -1 when the platform cannot tell. Any time. */
    public long cpuNanos() { return -1; }

    /** Ends this thread for good; the last one ends the address space. */
    public abstract void exitThread();

    public static final int MAX_THREADS_PER_SPACE = 4095;
}

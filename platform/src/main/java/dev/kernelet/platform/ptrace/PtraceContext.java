package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.Registers;
import dev.kernelet.platform.Trap;
import dev.kernelet.platform.process.Xstate;

/**
 * One traced thread. The Sentry's side (kernel lock) reads memory by itself and asks the {@link Tracer} for
 * everything else;
 * the tracer fills the event fields and registers in before it publishes a trap.
 */
final class PtraceContext extends ExecutionContext {
    private static final int EFAULT = 14, ESRCH = 3, ENAMETOOLONG = 36, EINVAL = 22;
    private static final int MMAP = 9, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20;
    private static final int RUNNING = 0, STOPPED = 1, DEAD = 2;
    private static final int ANSWERS = 16, STRING_PIECE = 256;

    final PtraceAddressSpace space;
    final PtracePlatform platform;
    final int tid;
    /** As the Sentry sees it; kernel lock. */
    private int state = STOPPED;
    /** user_regs_struct, while stopped. {@link #changed}: more than rax differs from the thread's own. */
    final long[] regs = new long[Ptrace.REGS];
    boolean changed;
    /** What the thread has stopped for; written by the tracer, after the fields it goes with. */
    volatile int published;
    /** Somebody wants to see the coming stop by PTRACE_INTERRUPT. */
    volatile boolean interruptWanted;
    /** Told to end. */
    volatile boolean leaving;
    /** The tracer's: the thread stands in a ptrace stop. */
    boolean atStop = true;
    boolean gone;
    // Pinning's.
    boolean isPinned;
    int quickStops;
    long resumedAt;

    private long window;
    private int deferred;
    private final int[] deferredOffset = new int[MAX_DEFERRED];
    private final long[] deferredAddress = new long[MAX_DEFERRED], deferredLength = new long[MAX_DEFERRED];

    PtraceContext(PtraceAddressSpace space, int tid) {
        this.space = space;
        this.platform = space.platform;
        this.tid = tid;
    }

    /** Born of {@code parent}: its registers. */
    void copyRegisters(PtraceContext parent) {
        System.arraycopy(parent.regs, 0, regs, 0, Ptrace.REGS);
        changed = true;
    }

    @Override
    public AddressSpace space() { return space; }

    @Override
    public boolean isDead() { return state == DEAD || space.dead; }

    @Override
    public int poll() {
        if (state != RUNNING) return isDead() ? Trap.DEAD : Trap.NONE;
        int trap = published;
        if (trap == Trap.NONE && !space.dead) return Trap.NONE;
        platform.runs(-1);
        published = Trap.NONE;
        interruptWanted = false;
        if (space.dead || trap == Trap.DEAD) {
            state = DEAD;
            return Trap.DEAD;
        }
        state = STOPPED;
        return trap;
    }

    // ---- registers

    @Override
    public long reg(int register) { return regs[Registers.check(register)]; }

    @Override
    public void setReg(int register, long value) {
        regs[Registers.check(register)] = value;
        changed = true;
    }

    @Override
    public void getRegs(long[] destination) { System.arraycopy(regs, 0, destination, 0, Registers.COUNT); }

    @Override
    public void setRegs(long[] source) {
        System.arraycopy(source, 0, regs, 0, Registers.COUNT);
        changed = true;
    }

    @Override
    public long fsBase() { return regs[Ptrace.FS_BASE]; }

    @Override
    public void setFsBase(long value) {
        // ARCH_SET_FS refuses what is no user address, and so does PTRACE_SETREGS.
        regs[Ptrace.FS_BASE] = Long.compareUnsigned(value, platform.traits.userEnd()) >= 0 ? 0 : value;
        changed = true;
    }

    @Override
    public long gsBase() { return regs[Ptrace.GS_BASE]; }

    @Override
    public boolean setGsBase(long value) {
        if (Long.compareUnsigned(value, platform.traits.userEnd()) >= 0) return false;
        regs[Ptrace.GS_BASE] = value;
        changed = true;
        return true;
    }

    @Override
    public void saveXstate(long destination) {
        if (platform.command(this, Tracer.GET_XSTATE, 0, 0, 0, 0, 0, 0, 0) < 0) Xstate.reset(platform.xstate);
        // x87 and SSE count as in use, as in the kernel's own frames: who changes only the old part of one
        // expects it to be loaded.
        Memory.putLong(platform.xstate + Xstate.HEADER, Memory.getLong(platform.xstate + Xstate.HEADER) | 3);
        Memory.copy(platform.xstate, destination, platform.traits.xstateSize());
    }

    @Override
    public void loadXstate(long source) {
        Memory.zero(platform.xstate, platform.xstateSize);
        Memory.copy(source, platform.xstate, platform.traits.xstateSize());
        Xstate.sanitise(platform.xstate, platform.xfeatures);
        platform.command(this, Tracer.SET_XSTATE, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void resetXstate() {
        Memory.zero(platform.xstate, platform.xstateSize);
        Xstate.reset(platform.xstate);
        platform.command(this, Tracer.SET_XSTATE, 0, 0, 0, 0, 0, 0, 0);
    }

    // ---- resume

    @Override
    public void resumeSyscall(long result) {
        if (deferred != 0 && !flushDeferred()) result = -EFAULT;
        regs[Registers.RAX] = result;
        go();
    }

    @Override
    public void resume() {
        if (deferred != 0) flushDeferred();
        changed = true;
        go();
    }

    private void go() {
        state = RUNNING;
        interruptWanted = false;
        platform.runs(1);
        platform.post(this, Tracer.RESUME);
    }

    private boolean flushDeferred() {
        int n = deferred;
        deferred = 0;
        boolean ok = true;
        for (int i = 0; i < n; i++) {
            long length = deferredLength[i];
            ok &= copyOut(deferredAddress[i], window + deferredOffset[i], length) == length;
        }
        return ok;
    }

    // Calls the tracer answers by itself, by their low four bits. Read by the tracer at any time.
    private final int[] answerNr = new int[ANSWERS];
    private final long[] answerValue = new long[ANSWERS];
    private volatile boolean answers;

    @Override
    public void setStubAnswer(int nr, long value) {
        if (nr <= 0) return;
        int i = nr & ANSWERS - 1;
        answerNr[i] = -1;
        answers = true;
        answerValue[i] = value;
        answers = true;
        answerNr[i] = nr;
        answers = true;
    }

    @Override
    public void clearStubAnswers() {
        java.util.Arrays.fill(answerNr, -1);
        answers = false;
    }

    /** The tracer's: whether the call in the event fields has a ready answer; then it is in rax. */
    boolean answered() {
        if (!answers) return false;
        int i = nr & ANSWERS - 1;
        if (nr <= 0 || answerNr[i] != nr) return false;
        regs[Registers.RAX] = answerValue[i];
        return true;
    }

    @Override
    public void interrupt() {
        if (state != RUNNING || published != Trap.NONE || interruptWanted) return;
        interruptWanted = true;
        platform.post(this, Tracer.INTERRUPT);
    }

    // ---- copies

    /** Bytes copied, 0 if the first one faults; -EFAULT when the process is dead. */
    private long copied(long n) {
        if (n >= 0) return n;
        return isDead() ? -EFAULT : 0;
    }

    @Override
    public long copyIn(long destination, long userAddress, long length) {
        length = platform.traits.clamp(userAddress, length);
        return length == 0 ? 0 : copied(space.transfer(this, userAddress, destination, length, false));
    }

    @Override
    public long copyOut(long userAddress, long source, long length) {
        length = platform.traits.clamp(userAddress, length);
        return length == 0 ? 0 : copied(space.transfer(this, userAddress, source, length, true));
    }

    @Override
    public long copyInString(long destination, long userAddress, long max) {
        long room = platform.traits.clamp(userAddress, max), done = 0;
        while (done < room) {
            long n = copied(space.transfer(this, userAddress + done, destination + done, Math.min(room - done,
                    STRING_PIECE), false));
            if (n <= 0) return -EFAULT;
            for (long end = done + n; done < end; done++) if (Memory.getByte(destination
                    + done) == 0) return done;
        }
        return room < max ? -EFAULT : -ENAMETOOLONG;
    }

    @Override
    public long window() {
        if (window == 0) window = platform.windows.take(this);
        return window;
    }

    @Override
    public int windowSize() { return Windows.SIZE; }

    private static void checkWindow(int offset, long length) {
        if (offset < 0 || length < 0 || offset + length > Windows.SIZE) throw new IndexOutOfBoundsException();
    }

    @Override
    public long windowIn(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        return copyIn(window() + offset, userAddress, length);
    }

    @Override
    public long windowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        return copyOut(userAddress, window() + offset, length);
    }

    @Override
    public boolean deferWindowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        if (deferred == MAX_DEFERRED) return false;
        if (length == 0) return true;
        deferredOffset[deferred] = offset;
        deferredAddress[deferred] = userAddress;
        deferredLength[deferred++] = length;
        return true;
    }

    @Override
    public int prefetched(long userAddress, long length) { return -1; }

    @Override
    public long load32(long userAddress) {
        if ((userAddress & 3) != 0 || platform.traits.clamp(userAddress, 4) < 4) return -EFAULT;
        // A copy is not one access: until two in a row agree.
        long p = platform.word, last = -1;
        for (;;) {
            if (space.transfer(this, userAddress, p, 4, false) != 4) return -EFAULT;
            long value = Memory.getUnsignedInt(p);
            if (value == last) return value;
            last = value;
        }
    }

    @Override
    public long cas32(long userAddress, int expected, int value) {
        if ((userAddress & 3) != 0 || platform.traits.clamp(userAddress, 4) < 4) return -EFAULT;
        long r = platform.command(this, Tracer.CAS, userAddress, expected, value, 0, 0, 0, 0);
        return r < 0 ? -EFAULT : r;
    }

    // ---- host calls

    @Override
    public long hostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5) {
        return platform.command(this, Tracer.HOST_CALL, nr, a0, a1, a2, a3, a4, a5);
    }

    @Override
    public long mapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        return mapResult(platform.command(this, Tracer.MAP_FD, address, length, prot, flags | MAP_FIXED,
                hostFd, offset, 0), address);
    }

    @Override
    public long mapAnonymous(long address, long length, int prot, int flags) {
        return mapResult(hostCall(MMAP, address, length, prot, flags | MAP_FIXED | MAP_ANONYMOUS, -1, 0),
                address);
    }

    // ---- threads and processes

    @Override
    public ExecutionContext newThread() {
        if (isDead() || space.liveThreads() >= MAX_THREADS_PER_SPACE) return null;
        return platform.command(this, Tracer.NEW_THREAD, 0, 0, 0, 0, 0, 0, 0) < 0 ? null
                : platform.bornContext();
    }

    @Override
    public AddressSpace fork() {
        if (isDead() || platform.command(this, Tracer.FORK, 0, 0, 0, 0, 0, 0, 0) < 0) return null;
        return platform.bornContext().space;
    }

    @Override
    public void exitThread() {
        if (state == DEAD) return;
        if (state == RUNNING) platform.runs(-1);
        state = DEAD;
        if (space.dead || space.leave(this) == 0) {
            space.kill();
            return;
        }
        leaving = true;
        platform.post(this, Tracer.EXIT);
    }
}

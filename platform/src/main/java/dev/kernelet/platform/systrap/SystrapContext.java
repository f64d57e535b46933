package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.Registers;
import dev.kernelet.platform.Trap;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.Xstate;

/** One application thread: its slot. See the package comment for the protocol. */
final class SystrapContext extends ExecutionContext {
    static final int RUNNING = 0, STOPPED = 1, DEAD = 2;
    private static final int EFAULT = 14, ESRCH = 3, ENAMETOOLONG = 36, EINVAL = 22,
            SCHED_SETAFFINITY = 203, SCHED_GETAFFINITY = 204;

    final SystrapAddressSpace space;
    final SystrapPlatform platform;
    final int index;
    /** The slot in the Sentry's mapping; the platform's graveyard once the arena is gone. */
    long slot;
    int state = STOPPED;
    long tid;
    private boolean interruptSent;
    /** It was asleep, or not born, when it was last resumed. */
    private boolean woken;
    /** The end of the call site that trapped, if it is due to be rewritten. */
    private long patchSite;
    private int lazy, deferred, pieces;
    private long fsBase;
    /** The application's own %gs base; 0: %gs points to the slot, for rewritten call sites. */
    private long gsBase;

    SystrapContext(SystrapAddressSpace space, int index) {
        this.space = space;
        this.platform = space.platform;
        this.index = index;
        this.slot = space.arena.slot(index);
    }

    @Override
    public AddressSpace space() { return space; }

    @Override
    public boolean isDead() { return state == DEAD || space.dead; }

    @Override
    public boolean isAwake() { return !woken || Memory.getInt(slot + OFF_AWAKE) != 0; }

    @Override
    public int poll() {
        if (state != RUNNING) return isDead() ? Trap.DEAD : Trap.NONE;
        long s = slot;
        if (Memory.getIntVolatile(s + OFF_TURN) == TURN_STUB) {
            if (!space.dead) return Trap.NONE;
            state = DEAD;
            space.runs(-1);
            return Trap.DEAD;
        }
        space.runs(-1);
        if (space.dead) {
            state = DEAD;
            return Trap.DEAD;
        }
        state = STOPPED;
        Memory.putInt(s + OFF_SERVED, SERVED_TAKEN);
        platform.events++;
        interruptSent = woken = false;
        int word = Memory.getInt(s + OFF_EVENT), event = word & EVENT_MASK;
        if (event == EVENT_SYSCALL) {
            nr = Memory.getInt(s + OFF_NR);
            pieces = word >>> EVENT_PIECES_SHIFT;
            long args = s + OFF_CALL_ARGS;
            a0 = Memory.getLong(args);
            a1 = Memory.getLong(args + 8);
            a2 = Memory.getLong(args + 16);
            a3 = Memory.getLong(args + 24);
            a4 = Memory.getLong(args + 32);
            a5 = Memory.getLong(args + 40);
            if ((word & EVENT_TRAPPED) != 0) {
                platform.trapped++;
                long rip = Memory.getLong(s + OFF_REGS + 8 * Registers.RIP);
                if (platform.patching && space.sites.hit(rip)) patchSite = rip;
            }
            return Trap.SYSCALL;
        }
        pieces = 0;
        if (event == EVENT_FAULT) {
            faultSignal = Memory.getInt(s + OFF_SIGNAL);
            faultCode = Memory.getInt(s + OFF_CODE);
            trapNumber = Memory.getInt(s + OFF_TRAPNO);
            faultAddress = Memory.getLong(s + OFF_FAULT_ADDRESS);
            errorCode = Memory.getLong(s + OFF_ERROR_CODE);
            // Hostile: a signal number out of range must not reach an array of the Sentry's.
            if (faultSignal != 11 && faultSignal != 7 && faultSignal != 8 && faultSignal != 5 && faultSignal != 4)
                faultSignal = faultSignal == 31 ? 31 : 11;
            return Trap.FAULT;
        }
        return Trap.INTERRUPTED;
    }

    // ---- registers

    @Override
    public long reg(int register) { return Memory.getLong(slot + OFF_REGS + 8L * checkRegister(register)); }

    @Override
    public void setReg(int register, long value) { Memory.putLong(slot + OFF_REGS + 8L * checkRegister(register), value); }

    private static int checkRegister(int register) {
        if (register < 0 || register >= Registers.COUNT) throw new IndexOutOfBoundsException();
        return register;
    }

    @Override
    public void getRegs(long[] destination) {
        for (int i = 0; i < Registers.COUNT; i++) destination[i] = Memory.getLong(slot + OFF_REGS + 8L * i);
    }

    @Override
    public void setRegs(long[] source) {
        for (int i = 0; i < Registers.COUNT; i++) Memory.putLong(slot + OFF_REGS + 8L * i, source[i]);
    }

    @Override
    public long fsBase() {
        if ((lazy & LOAD_FSBASE) != 0) return fsBase;
        if (!platform.fsgsbase) return fsBase;
        long value = command(OP_GET_FSBASE);
        return lost ? 0 : value;
    }

    @Override
    public void setFsBase(long value) {
        // ARCH_SET_FS refuses what is no user address; wrfsbase of a non-canonical one would fault in the stub.
        if (Long.compareUnsigned(value, platform.traits.userEnd()) >= 0) value = 0;
        fsBase = value;
        Memory.putLong(slot + OFF_FSBASE, value);
        lazy |= LOAD_FSBASE;
    }

    @Override
    public long gsBase() { return gsBase; }

    @Override
    public boolean setGsBase(long value) {
        if (value == gsBase) return true;
        if (Long.compareUnsigned(value, platform.traits.userEnd()) >= 0 || !space.sites.turnOff(this)) return false;
        gsBase = value;
        return loadGsBase();
    }

    private boolean loadGsBase() {
        return gsBase == 0 || hostCall(158 /* arch_prctl */, 0x1001 /* ARCH_SET_GS */, gsBase, 0, 0, 0, 0) == 0;
    }

    @Override
    public void saveXstate(long destination) {
        if ((lazy & LOAD_XSTATE) == 0) command(OP_SAVE_XSTATE);
        Memory.copy(slot + OFF_XSTATE, destination, platform.traits.xstateSize());
    }

    @Override
    public void loadXstate(long source) {
        Memory.copy(source, slot + OFF_XSTATE, platform.traits.xstateSize());
        Xstate.sanitise(slot + OFF_XSTATE, platform.xfeatures);
        lazy |= LOAD_XSTATE;
    }

    @Override
    public void resetXstate() {
        Xstate.reset(slot + OFF_XSTATE);
        lazy |= LOAD_XSTATE;
    }

    // ---- resume

    @Override
    public void resumeSyscall(long result) {
        long s = slot;
        if (patchSite != 0) {
            space.sites.patch(this, patchSite);
            patchSite = 0;
        }
        if (callFailure != 0) {
            result = callFailure;
            callFailure = 0;
        }
        Memory.putLong(s + OFF_ANSWER, result);
        for (int i = 0, n = 3 * deferred; i < n; i++) Memory.putLong(s + OFF_DEFERRED_LIST + 8L * i, deferredCopies[i]);
        lazy |= deferred << DEFERRED_SHIFT;
        if (callPending) lazy |= HAS_CALL;
        callPending = false;
        resume(OP_RESUME_SYSCALL);
    }

    @Override
    public void resume() {
        if (deferred != 0) flushDeferred();
        if (callPending) callNow();
        callFailure = 0;
        resume(OP_RESUME);
    }

    private void resume(int op) {
        long s = slot;
        deferred = 0;
        pieces = 0;
        patchSite = 0;
        Memory.putInt(s + OFF_FLAGS, lazy);
        lazy = 0;
        Memory.putInt(s + OFF_OP, op);
        state = RUNNING;
        space.runs(1);
        // An interrupt that had come too early: the caller has looked at what there was to do.
        if (Memory.getInt(s + OFF_PENDING) != 0) Memory.putInt(s + OFF_PENDING, 0);
        if (Memory.getAndSetInt(s + OFF_TURN, TURN_STUB) == TURN_SENTRY_ASLEEP) wake(s);
    }

    private void wake(long s) {
        platform.stubsWoken++;
        woken = true;
        Memory.putInt(s + OFF_AWAKE, 0);
        Host.futexWake(s + OFF_TURN, 1);
    }

    @Override
    public void setStubAnswer(int nr, long value) {
        if (nr <= 0) return;
        long entry = slot + OFF_ANSWERS + (nr & ANSWERS - 1) * 16L;
        Memory.putInt(entry, -1);
        Memory.putLongVolatile(entry + 8, value);
        Memory.putIntRelease(entry, nr);
    }

    @Override
    public void clearStubAnswers() {
        for (int i = 0; i < ANSWERS; i++) Memory.putInt(slot + OFF_ANSWERS + 16L * i, -1);
    }

    @Override
    public void parked() { Memory.putInt(slot + OFF_SERVED, SERVED_PARKED); }

    private void flushDeferred() {
        int n = deferred;
        deferred = 0;
        for (int i = 0; i < 3 * n; i += 3)
            command(OP_COPY_OUT, deferredCopies[i], deferredCopies[i + 1], deferredCopies[i + 2]);
    }

    @Override
    public void interrupt() {
        if (state != RUNNING || interruptSent || Memory.getIntVolatile(slot + OFF_TURN) != TURN_STUB) return;
        interruptSent = true;
        space.signal(tid, INTERRUPT_SIGNAL);
    }

    // ---- commands

    /** The last command was not answered: the process is dead. */
    private boolean lost;

    private long command(int op) {
        long s = slot;
        if (callPending) callNow();
        if (space.dead || state != STOPPED) {
            lost = true;
            return -ESRCH;
        }
        Memory.putInt(s + OFF_OP, op);
        Memory.putInt(s + OFF_SERVED, SERVED_TAKEN);
        boolean asleep = Memory.getAndSetInt(s + OFF_TURN, TURN_STUB) == TURN_SENTRY_ASLEEP;
        platform.commands++;
        if (asleep) wake(s);
        // A clone takes long: time for what the next one needs. Its child may need this processor: no
        // spinning for it.
        if (op == OP_FORK && this != platform.templateContext) platform.prepareArena();
        boolean isLong = asleep || op == OP_HOST_CALL || op == OP_MAP_FD || op == OP_BATCH;
        lost = !space.await(s, tid, op == OP_THREAD ? 0 : platform.spinTurns(isLong || op == OP_FORK));
        return lost ? -ESRCH : Memory.getLong(s + OFF_RESULT);
    }

    private long command(int op, long x, long y, long z) {
        long args = slot + OFF_ARGS;
        Memory.putLong(args, x);
        Memory.putLong(args + 8, y);
        Memory.putLong(args + 16, z);
        return command(op);
    }

    /** Bytes from {@code address} to the end of application memory, at most {@code length}. */
    private long clamp(long address, long length) {
        long end = platform.traits.userEnd();
        if (address < 0 || address >= end || length <= 0) return 0;
        return Math.min(length, end - address);
    }

    /** A copy command's result: bytes copied, whatever the stub says. */
    private long copied(long result, long length) {
        if (lost || result < 0) return 0;
        return Math.min(result, length);
    }

    /** copyIn and friends: EFAULT when the process is dead, else what was copied. */
    private long done(long n) { return n == 0 && lost ? -EFAULT : n; }

    @Override
    public long copyIn(long destination, long userAddress, long length) {
        int at = prefetched(userAddress, length);
        if (at >= 0) {
            Memory.copy(slot + OFF_WINDOW + at, destination, length);
            return length;
        }
        length = clamp(userAddress, length);
        lost = false;
        long total = 0;
        while (total < length) {
            long n = Math.min(length - total, length <= SMALL_SIZE ? SMALL_SIZE : BOUNCE_SIZE);
            int bounce = length <= SMALL_SIZE ? OFF_SMALL : OFF_BOUNCE;
            long got = copied(command(OP_COPY_IN, bounce, userAddress + total, n), n);
            Memory.copy(slot + bounce, destination + total, got);
            total += got;
            if (got < n) break;
        }
        return done(total);
    }

    @Override
    public long copyOut(long userAddress, long source, long length) {
        length = clamp(userAddress, length);
        if (batching && batch.noteCopy(userAddress, source, length)) return length;
        lost = false;
        long total = 0;
        while (total < length) {
            long n = Math.min(length - total, length <= SMALL_SIZE ? SMALL_SIZE : BOUNCE_SIZE);
            int bounce = length <= SMALL_SIZE ? OFF_SMALL : OFF_BOUNCE;
            Memory.copy(source + total, slot + bounce, n);
            long put = copied(command(OP_COPY_OUT, bounce, userAddress + total, n), n);
            total += put;
            if (put < n) break;
        }
        return done(total);
    }

    @Override
    public long copyInString(long destination, long userAddress, long max) {
        int at = prefetched(userAddress, -1);
        if (at >= 0) {
            long from = slot + OFF_WINDOW + at;
            long limit = Math.min(max, WINDOW_SIZE + PREFETCH_SIZE - at);
            int n = Memory.copyString(from, destination, (int) limit);
            if (n >= 0) return n;
            if (limit == max) return -ENAMETOOLONG;
        }
        long room = clamp(userAddress, max);
        lost = false;
        long total = 0;
        while (total < room) {
            long n = Math.min(room - total, SMALL_SIZE);
            long got = command(OP_COPY_STRING, OFF_SMALL, userAddress + total, n);
            if (lost || got < 0) return -EFAULT;
            long take = got == 0 ? n : Math.min(got, n);
            Memory.copy(slot + OFF_SMALL, destination + total, take);
            total += take;
            if (got == 0) continue;
            // The stub's word for it is not enough.
            Memory.putByte(destination + total - 1, (byte) 0);
            return total - 1;
        }
        return room < max ? -EFAULT : -ENAMETOOLONG;
    }

    @Override
    public long window() { return slot + OFF_WINDOW; }

    @Override
    public int windowSize() { return WINDOW_SIZE; }

    private static void checkWindow(int offset, long length) {
        if (offset < 0 || length < 0 || offset + length > WINDOW_SIZE) throw new IndexOutOfBoundsException();
    }

    @Override
    public long windowIn(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        int at = prefetched(userAddress, length);
        if (at >= 0) {
            Memory.copy(slot + OFF_WINDOW + at, slot + OFF_WINDOW + offset, length);
            return length;
        }
        length = clamp(userAddress, length);
        if (length == 0) return 0;
        return done(copied(command(OP_COPY_IN, OFF_WINDOW + offset, userAddress, length), length));
    }

    @Override
    public long windowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        length = clamp(userAddress, length);
        if (length == 0) return 0;
        return done(copied(command(OP_COPY_OUT, OFF_WINDOW + offset, userAddress, length), length));
    }

    @Override
    public boolean deferWindowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        if (deferred == MAX_DEFERRED) return false;
        if (length == 0) return true;
        // Out of range: a copy that is sure to fault, so the result becomes -EFAULT.
        if (clamp(userAddress, length) < length) userAddress = 0x800000000000L;
        defer(OFF_WINDOW + offset, userAddress, length);
        return true;
    }

    /** Kept here until the resume: the line of the slot that it goes to is the stub's meanwhile. */
    private final long[] deferredCopies = new long[3 * MAX_DEFERRED];

    private void defer(long from, long userAddress, long length) {
        int at = 3 * deferred++;
        deferredCopies[at] = from;
        deferredCopies[at + 1] = userAddress;
        deferredCopies[at + 2] = length;
    }

    @Override
    public boolean deferZeros(long userAddress, long length) {
        if (deferred == MAX_DEFERRED) return false;
        if (clamp(userAddress, length) < length) userAddress = 0x800000000000L;
        defer(DEFERRED_ZEROS, userAddress, length);
        return true;
    }

    @Override
    public int prefetched(long userAddress, long length) {
        for (int i = 0, n = Math.min(pieces, PIECES_MAX); i < n; i++) {
            long piece = slot + OFF_PIECES + (long) i * PIECE_SIZE;
            int at = Memory.getInt(piece + 8), size = Memory.getInt(piece + 12);
            long skipped = userAddress - Memory.getLong(piece);
            boolean string = (size & PIECE_STRING) != 0;
            size &= ~PIECE_STRING;
            if (skipped < 0 || skipped > size || length < 0 && skipped != 0) continue;
            if (at < WINDOW_SIZE || size < 0 || size > PREFETCH_SIZE || at > WINDOW_SIZE + PREFETCH_SIZE - size) return -1;
            if (length < 0 ? string : length <= size - skipped) return at + (int) skipped;
        }
        return -1;
    }

    @Override
    public long gathered(int which, long destination, int room) {
        long at = slot + OFF_GATHERED + (long) which * GATHERED_SIZE;
        int count = Memory.getInt(at), from = Memory.getInt(at + 4), length = Memory.getInt(at + 8);
        if (count < 0 || length < count || length > room || from < OFF_WINDOW
                || from > OFF_WINDOW + WINDOW_SIZE - length) return -1;
        Memory.copy(slot + from, destination, length);
        return (long) count << 32 | length;
    }

    @Override
    public long load32(long userAddress) {
        if ((userAddress & 3) != 0 || clamp(userAddress, 4) < 4) return -EFAULT;
        if (command(OP_LOAD32, userAddress, 0, 0) != 0) return -EFAULT;
        return Memory.getUnsignedInt(slot + OFF_SMALL);
    }

    @Override
    public long cas32(long userAddress, int expected, int value) {
        if ((userAddress & 3) != 0 || clamp(userAddress, 4) < 4) return -EFAULT;
        if (command(OP_CAS32, userAddress, expected, value) != 0) return -EFAULT;
        return Memory.getUnsignedInt(slot + OFF_SMALL);
    }

    @Override
    public long hostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (batching && batch.note(OP_HOST_CALL, -1, nr, a0, a1, a2, a3, a4, a5)) return nr == 9 ? a0 : 0;
        long args = slot + OFF_ARGS;
        Memory.putLong(args + 24, a2);
        Memory.putLong(args + 32, a3);
        Memory.putLong(args + 40, a4);
        Memory.putLong(args + 48, a5);
        return command(OP_HOST_CALL, nr, a0, a1);
    }

    @Override
    public long mapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        if (batching && batch.noteMap(address, length, prot, flags | 0x10, hostFd, offset)) return 0;
        if (Host.sendFds(space.arena.control, platform.sendScratch, hostFd, -1) < 0) return -ESRCH;
        long args = slot + OFF_ARGS;
        Memory.putLong(args + 24, flags | 0x10);
        Memory.putLong(args + 32, offset);
        return mapped(command(OP_MAP_FD, address, length, prot), address);
    }

    @Override
    public long mapAnonymous(long address, long length, int prot, int flags) {
        return mapped(hostCall(9, address, length, prot, flags | 0x30, -1, 0), address);
    }

    @Override
    public boolean deferMapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        if (callPending || batching || callFailure != 0) return false;
        if (Host.sendFds(space.arena.control, platform.sendScratch, hostFd, -1) < 0) return false;
        return deferHostCall(9, address, length, prot, flags | 0x10, CALL_RECEIVES, offset, 0);
    }

    /** mmap's result must be the address that was asked for. */
    private long mapped(long result, long address) {
        if (lost && !batching) return -ESRCH;
        if (result == address) return 0;
        return result < 0 && result > -4096 ? result : -EINVAL;
    }

    // ---- a host call that travels with the resume
    private boolean callPending, pendingReceives;
    /** What a deferred call that had to be made early failed with. */
    private long callFailure;

    @Override
    public boolean deferHostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5, long failure) {
        if (callPending || batching || callFailure != 0) return false;
        long p = slot + OFF_CALL;
        Memory.putLong(p, a4 == CALL_RECEIVES ? nr | CALL_RECEIVES : nr);
        Memory.putLong(p + 8, a0);
        Memory.putLong(p + 16, a1);
        Memory.putLong(p + 24, a2);
        Memory.putLong(p + 32, a3);
        Memory.putLong(p + 40, a4);
        Memory.putLong(p + 48, a5);
        Memory.putLong(p + 56, failure);
        pendingReceives = a4 == CALL_RECEIVES;
        callPending = true;
        return true;
    }

    /**
     * Something else needs the stub first: the deferred call is made now. The arguments of that other command
     * are kept.
     */
    private void callNow() {
        callPending = false;
        long p = slot + OFF_CALL, args = slot + OFF_ARGS;
        for (int i = 0; i < 7; i++) saved[i] = Memory.getLong(args + 8L * i);
        boolean receives = pendingReceives;
        // Of a mapping: address, length, protection, flags, offset; of any other call its number, too.
        int from = receives ? 1 : 0;
        for (int i = from; i < 7; i++) Memory.putLong(args + 8L * (i - from), Memory.getLong(p + 8L * i));
        if (receives) Memory.putLong(args + 32, Memory.getLong(p + 48));
        long first = Memory.getLong(p + 8), failure = Memory.getLong(p + 56);
        long r = command(receives ? OP_MAP_FD : OP_HOST_CALL);
        for (int i = 0; i < 7; i++) Memory.putLong(args + 8L * i, saved[i]);
        if (r != 0 && r != first) callFailure = failure != 0 ? failure : r < 0 && r > -4096 ? r : -EINVAL;
    }

    private final long[] saved = new long[7];

    // ---- batches
    private final Batch batch = new Batch(this);
    private boolean batching;

    @Override
    public void beginBatch() {
        batching = true;
        batch.begin();
    }

    @Override
    public long runBatch() {
        batch.carryOut();
        batching = false;
        return batch.error;
    }

    /** Carries out the {@code count} orders noted in the window: how many were done, or negative. */
    long runNoted(int count, int descriptors) {
        long control = space.arena.control;
        if (descriptors > 0 && Host.sendFds(control, platform.sendScratch, descriptors) < 0) return -ESRCH;
        return command(OP_BATCH, count, descriptors, 0);
    }

    @Override
    public long setAffinity(long[] mask) {
        int bytes = 8 * mask.length;
        if (bytes > SMALL_SIZE) return -EINVAL;
        long here = slot + OFF_SMALL, there = platform.base + (ARENA_BASE - STUB_BASE) + index * SLOT_SIZE + OFF_SMALL;
        for (int i = 0; i < mask.length; i++) Memory.putLong(here + 8L * i, mask[i]);
        long r = hostCall(SCHED_SETAFFINITY, 0, bytes, there, 0, 0, 0);
        if (r >= 0) r = hostCall(SCHED_GETAFFINITY, 0, bytes, there, 0, 0, 0);
        if (lost) return -ESRCH;
        if (r < 0) return r;
        for (int i = 0; i < mask.length; i++) mask[i] = 8L * i < r ? Memory.getLong(slot + OFF_SMALL + 8L * i) : 0;
        return 0;
    }

    // ---- threads and processes

    /** Makes {@code child} (a fresh slot) a copy of this context, in its first waiting turn. */
    private void copyTo(SystrapContext child) {
        long to = child.slot;
        Memory.zero(to, OFF_SMALL);
        Memory.putInt(to + OFF_ANSWERS, -1);
        Memory.copy(slot + OFF_REGS, to + OFF_REGS, 8L * Registers.COUNT);
        child.lazy = lazy;
        child.woken = true;
        child.fsBase = fsBase;
        if ((lazy & LOAD_FSBASE) != 0) Memory.putLong(to + OFF_FSBASE, fsBase);
        int xstate = platform.traits.xstateSize();
        if ((lazy & LOAD_XSTATE) != 0) Memory.copy(slot + OFF_XSTATE, to + OFF_XSTATE, xstate);
        Memory.putIntVolatile(to + OFF_TURN, TURN_SENTRY);
    }

    @Override
    public ExecutionContext newThread() {
        int index = space.takeSlot();
        if (index < 0) return null;
        var child = new SystrapContext(space, index);
        copyTo(child);
        // Not zero until the host clears it at the thread's end.
        Memory.putInt(child.slot + OFF_TID, -1);
        long tid = command(OP_THREAD, index, 0, 0);
        if (lost || tid <= 0) {
            space.dropSlot(index);
            return null;
        }
        child.tid = tid;
        space.add(child);
        child.gsBase = gsBase;
        child.loadGsBase();
        return child;
    }

    @Override
    public AddressSpace fork() { return fork(platform.sendScratch, platform.takeArena()); }

    /** {@code scratch}: 128 bytes of the caller's; {@code arena}: the child's, or null. */
    AddressSpace fork(long scratch, Arena arena) {
        if (arena == null) return null;
        var child = new SystrapAddressSpace(platform, arena, space.vdso);
        copyTo(child.first);
        platform.beginBirth();
        try {
            long pid = -ESRCH;
            if (Host.sendFds(space.arena.control, scratch, arena.memfd(), arena.peer()) >= 0)
                pid = command(OP_FORK);
            child.sites.inherit(space.sites);
        // A pid is what a hostile process says: it must be a child of ours nobody has claimed.
            if (lost || pid <= 0 || !platform.adopt(child, (int) pid)) {
                arena.close();
                return null;
            }
        } finally {
            platform.endBirth();
        }
        arena.sent();
        child.first.gsBase = gsBase;
        child.first.loadGsBase();
        return child;
    }

    @Override
    public void exitThread() {
        if (state == DEAD) return;
        if (state == RUNNING) space.runs(-1);
        if (space.dead || space.remove(this) == 0) {
            state = DEAD;
            space.kill();
            return;
        }
        long s = slot;
        Memory.putInt(s + OFF_OP, OP_EXIT_THREAD);
        if (Memory.getAndSetInt(s + OFF_TURN, TURN_STUB) == TURN_SENTRY_ASLEEP) Host.futexWake(s + OFF_TURN, 1);
        state = DEAD;
    }

    /** For {@link CallSites}: an atomic aligned store; 0 or negative. */
    long store64(long address, long value) {
        long result = command(OP_STORE64, address, value, 0);
        return lost ? -ESRCH : result;
    }

    /**
     * For the platform: a command without arguments, by the thread that owns this context. False: process
     * lost.
     */
    boolean nop() {
        command(OP_NOP);
        return !lost;
    }
}

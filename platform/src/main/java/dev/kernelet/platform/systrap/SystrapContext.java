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
final class SystrapContext extends SystrapCommands {
    private boolean interruptSent;
    /** The end of the call site that trapped, if it is due to be rewritten. */
    private long patchSite;
    private int lazy;
    private long fsBase;
    /** The application's own %gs base; 0: %gs points to the slot, for rewritten call sites. */
    private long gsBase;

    SystrapContext(SystrapAddressSpace space, int index) { super(space, index); }

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
            if (faultSignal != 11 && faultSignal != 7 && faultSignal != 8 && faultSignal != 5
                    && faultSignal != 4)
                faultSignal = faultSignal == 31 ? 31 : 11;
            return Trap.FAULT;
        }
        return Trap.INTERRUPTED;
    }

    // ---- registers

    @Override
    public long reg(int register) { return Memory.getLong(slot + OFF_REGS + 8L * Registers.check(register)); }

    @Override
    public void setReg(int register, long value) {
        Memory.putLong(slot + OFF_REGS + 8L * Registers.check(register), value);
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
        // ARCH_SET_FS refuses what is no user address; wrfsbase of a non-canonical one would fault in the
        // stub.
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
        if (Long.compareUnsigned(value, platform.traits.userEnd()) >= 0 || !space.sites.turnOff(this))
            return false;
        gsBase = value;
        return loadGsBase();
    }

    private boolean loadGsBase() {
        if (gsBase == 0) return true;
        return hostCall(158 /* arch_prctl */, 0x1001 /* ARCH_SET_GS */, gsBase, 0, 0, 0, 0) == 0;
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
        for (int i = 0, n = 3 * deferred; i < n; i++)
            Memory.putLong(s + OFF_DEFERRED_LIST + 8L * i, deferredCopies[i]);
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
        Memory.putInt(slot + OFF_MEMO_USED, 0);
    }

    @Override
    public void setNoLink(byte[] path, int length) {
        if (length >= MEMO_PATH) return;
        if (Memory.getInt(slot + OFF_MEMO_USED) == 0) Memory.zero(slot + OFF_MEMO, MEMO_ENTRIES * MEMO_ENTRY);
        int hash = 0;
        for (int i = 0; i < length; i++) hash = 31 * hash + (path[i] & 0xff);
        long entry = slot + OFF_MEMO + (long) MEMO_ENTRY * (31 * hash & MEMO_ENTRIES - 1); // the NUL counts
        Memory.putInt(entry, platform.names());
        Memory.copyFromArray(path, 0, entry + 4, length);
        Memory.putByte(entry + 4 + length, (byte) 0);
        Memory.putInt(slot + OFF_MEMO_USED, 1);
    }

    @Override
    public void parked() { Memory.putInt(slot + OFF_SERVED, SERVED_PARKED); }

    @Override
    public void interrupt() {
        if (state != RUNNING || interruptSent || Memory.getIntVolatile(slot + OFF_TURN) != TURN_STUB) return;
        interruptSent = true;
        space.signal(tid, INTERRUPT_SIGNAL);
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
        long tid = birth(OP_THREAD, index);
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

    /** A command that clones. */
    private long birth(int op, int slot) {
        var births = platform.births;
        if (births == null) return command(op, slot, 0, 0);
        int mother = (int) tid;
        births.expect(mother);
        try {
            return command(op, slot, 0, 0);
        } finally {
            births.forget(mother);
        }
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
                pid = birth(OP_FORK, 0);
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
        if (Memory.getAndSetInt(s + OFF_TURN, TURN_STUB) == TURN_SENTRY_ASLEEP)
            Host.futexWake(s + OFF_TURN, 1);
        state = DEAD;
    }
}

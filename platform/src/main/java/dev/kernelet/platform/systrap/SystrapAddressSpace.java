package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.RemoteMemory;

/** One stub process: an arena, its contexts, and the process id. */
final class SystrapAddressSpace extends AddressSpace {
    private static final int EFAULT = 14, ESRCH = 3, SIGKILL = 9;

    final SystrapPlatform platform;
    final Arena arena;
    final SystrapContext first;
    long vdso;
    /** Killed or ended. Set by the reaper, too. */
    volatile boolean dead;
    /**
     * The host process id; guarded by this object's monitor with {@link #reaped}: never signalled after it
     * was reaped.
     */
    private int pid;
    private boolean reaped;
    /** Made when it is needed; guarded as the pid. */
    private RemoteMemory.Target outside;
    CallSites sites = new CallSites(this);
    /** Contexts that run application code. Kernel lock. */
    int running;

    /** By slot number; null: free. Kernel lock. */
    private SystrapContext[] contexts = new SystrapContext[4];
    private int live = 1, nextSlot = 2;
    /** Slots whose threads have been told to exit; free again once the host has cleared their tid word. */
    private int[] leaving = new int[4];
    private int leavingCount;

    SystrapAddressSpace(SystrapPlatform platform, Arena arena, long vdso) {
        this.platform = platform;
        this.arena = arena;
        this.vdso = vdso;
        first = new SystrapContext(this, 1);
        contexts[1] = first;
    }

    /** Called once, by the platform, under its birth protocol. */
    synchronized void born(int pid) {
        this.pid = pid;
        first.tid = pid;
    }

    @Override
    public ExecutionContext first() { return first; }

    @Override
    public boolean isAlive() { return !dead; }

    @Override
    public int hostPid() { return dead ? 0 : pid; }

    @Override
    public long vdsoBase() { return vdso; }

    @Override
    public boolean canBeEmptied(ExecutionContext c) {
        // A vDSO that the host would not let us move lies among the application's pages.
        if (c != first || live != 1 || dead || first.gsBase() != 0) return false;
        if (vdso != 0 && vdso < platform.base) return false;
        // Threads that were told to exit may still be about to.
        for (int i = 0; i < leavingCount; i++) {
            if (Memory.getIntVolatile(arena.slot(leaving[i]) + OFF_TID) != 0) return false;
        }
        return true;
    }

    @Override
    public void empty() {
        sites = new CallSites(this);
        first.hostCall(11 /* munmap */, 0, platform.base, 0, 0, 0, 0);
    }

    @Override
    public void kill() {
        synchronized (this) {
            if (!reaped && pid > 0) Host.kill(pid, SIGKILL);
        }
        markDead();
    }

    /** As if somebody outside had killed it: whoever waits for it hears of its death. */
    synchronized void killUnexpectedly() {
        if (!reaped && pid > 0) Host.kill(pid, SIGKILL);
    }

    void runs(int change) {
        running += change;
        platform.runs(change);
    }

    /**
     * Writes private memory whatever its protection, by /proc/PID/mem; copied on write. Bytes, or negative.
     */
    synchronized long poke(long address, long source, long length) {
        if (reaped) return -ESRCH;
        long fd = outside().open();
        return fd < 0 ? fd : Host.pwrite(fd, source, length, address);
    }

    synchronized void signal(long tid, int signal) {
        if (!reaped && !dead) Host.tgkill(pid, tid, signal);
    }

    /** From the reaper: the process has ended. Nobody may signal this pid from here on. */
    void reap(long scratch) {
        boolean isUnexpected = !dead;
        synchronized (this) {
            reaped = true;
            Host.reap(pid, scratch, 0);
        }
        markDead();
        var listener = platform.deaths;
        if (isUnexpected && listener != null) listener.died(this);
        // Whoever ended it on purpose needs not be told.
        if (isUnexpected) platform.ring();
    }

    private void markDead() {
        synchronized (this) {
            if (dead) return;
            dead = true;
        }
        // Whoever waits for an answer gets his turn, and sees that the process is dead.
        var all = contexts;
        for (var context : all) {
            if (context == null) continue;
            long turn = context.slot + OFF_TURN;
            Memory.putIntVolatile(turn, TURN_SENTRY);
            Host.futexWake(turn, 1);
        }
        platform.buried(this);
    }

    /** The arena goes; its contexts' slots point to memory that stays. Kernel lock. */
    void release(long graveyard) {
        for (var context : contexts) if (context != null) context.slot = graveyard;
        first.slot = graveyard;
        arena.close();
        if (outside != null) outside.close();
    }

    // ---- slots

    int takeSlot() {
        for (int i = 0; i < leavingCount; i++) {
            int index = leaving[i];
            if (Memory.getIntVolatile(arena.slot(index) + OFF_TID) != 0) continue;
            leaving[i] = leaving[--leavingCount];
            return index;
        }
        return nextSlot < SLOTS ? nextSlot++ : -1;
    }

    void dropSlot(int index) {
        if (leavingCount == leaving.length) leaving = java.util.Arrays.copyOf(leaving, leavingCount * 2);
        leaving[leavingCount++] = index;
        Memory.putInt(arena.slot(index) + OFF_TID, 0);
    }

    synchronized void add(SystrapContext context) {
        if (context.index >= contexts.length)
            contexts = java.util.Arrays.copyOf(contexts, Math.max(context.index + 1, contexts.length * 2));
        contexts[context.index] = context;
        live++;
    }

    /**
     * Takes a leaving thread out; the number that stay. Its slot is free when the host has cleared the tid
     * word.
     */
    synchronized int remove(SystrapContext context) {
        if (live == 1) return 0;
        contexts[context.index] = null;
        if (context.index != 1) { // the first thread has no clear-tid word: its slot is not used again
            if (leavingCount == leaving.length) leaving = java.util.Arrays.copyOf(leaving, leavingCount * 2);
            leaving[leavingCount++] = context.index;
        }
        return --live;
    }

    // ---- waiting for a command's answer
    /** Made when an answer is late for the first time. Kernel lock. */
    private Silence silence;

    /** True: answered. False: the process is dead, if need be because it did not answer by the deadline. */
    boolean await(long slot, long tid, int turns) {
        long turn = slot + OFF_TURN;
        if (turns > 0) {
            for (int n = turns; n > 0; n--) {
                if (Memory.getIntVolatile(turn) != TURN_STUB) {
                    platform.spun(turns, true);
                    return !dead;
                }
                Thread.onSpinWait();
            }
            platform.spun(turns, false);
        }
        int waits = 0;
        platform.answersSlept++;
        while (Memory.getIntVolatile(turn) == TURN_STUB && !dead) {
            Memory.putIntVolatile(slot + OFF_SENTRY_WAITS, 1);
            // In time slept, not by the clock: a frozen sandbox that thaws has lost one period, no more.
            if (Host.futexWait(turn, TURN_STUB, platform.silencePeriod) != -Host.ETIMEDOUT) continue;
            if (silence == null) silence = new Silence(pid);
            boolean isHostile = Memory.getIntVolatile(turn) == TURN_STUB ? silence.isRefusal(tid, waits)
                    : silence.isUnsaid();
            if (++waits * Silence.PERIOD_MILLIS >= platform.deadlineSeconds * 1000 || isHostile) kill();
        }
        Memory.putInt(slot + OFF_SENTRY_WAITS, 0);
        return !dead;
    }

    // ---- memory from outside

    @Override
    protected long remote(long userAddress, long local, long length, boolean write) {
        if (userAddress < 0 || userAddress >= platform.traits.userEnd()) return -EFAULT;
        length = platform.traits.clamp(userAddress, length);
        if (length == 0) return 0;
        synchronized (this) {
            if (reaped) return -ESRCH;
            return platform.remote().transfer(outside(), textMap, userAddress, local, length, write);
        }
    }

    private RemoteMemory.Target outside() {
        if (outside == null) {
            outside = new RemoteMemory.Target();
            outside.tid = pid;
        }
        return outside;
    }

    @Override
    public String hostProc(String name) {
        synchronized (this) {
            return reaped ? null : RemoteMemory.text(pid, name);
        }
    }
}

package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.Platform;
import dev.kernelet.platform.PlatformTraits;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.RemoteMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;

/**
 * The systrap platform. Owns the doorbell page, the {@link Template} thread that starts the template stub and
 * keeps spares, and the {@link Reaper}.
 *
 * <p>Locks: the platform's monitor guards the process table and the spares; it is taken inside the kernel
 * lock and never around a command. A space's monitor guards its pid and is taken before the platform's.
 */
public final class SystrapPlatform extends Platform {
    /** Spares kept ready. */
    private static final int SPARES = 2;
    private static final int MMAP = 9, MUNMAP = 11;

    final long door;
    private final long doorFd;
    final long imageFd;
    /** Where the stub's part of an address space begins: STUB_BASE, or lower. */
    final long base;
    final long silencePeriod = Memory.allocate(16);
    /** For sendmsg under the kernel lock. */
    final long sendScratch = Memory.allocate(128);
    private final long sleepTimeout = Memory.allocate(16);
    /** Zero memory in place of a dead context's slot. */
    private final long graveyard;
    final int deadlineSeconds = Integer.getInteger("kernelet.stub.deadline", 10);
    private final int processors = Runtime.getRuntime().availableProcessors();
    /** Worth waiting awake on; {@code -Dkernelet.spin=off}: never. */
    final boolean manyProcessors = processors > 1 && !"off".equals(System.getProperty("kernelet.spin"));
    /** Whether hot call sites are rewritten; {@code -Dkernelet.patch=off} turns it off. */
    volatile boolean patching = !"off".equals(System.getProperty("kernelet.patch"));

    // What was done, for statistics(). Kernel lock.
    long events, trapped, commands, stubsWoken, answersSlept, sleeps, sitesPatched;

    // Known once the template stub is up.
    PlatformTraits traits;
    long xfeatures;
    boolean fsgsbase;
    volatile int group;
    final int guard;

    private final HashMap<Integer, SystrapAddressSpace> processes = new HashMap<>();
    private final ArrayDeque<SystrapAddressSpace> spares = new ArrayDeque<>();
    private final ArrayList<SystrapAddressSpace> dead = new ArrayList<>();
    private volatile int deadCount;
    private int underWay;
    /** The reaper waits for births to end. */
    private boolean awaitsBirth;
    private volatile boolean closed, rung;
    private boolean ready;
    /** The host has refused another process since somebody last asked for one. */
    private boolean refused;
    private String failure;
    /**
     * All stubs were killed on purpose: their programs end as by SIGKILL, and that is no failure of the
     * platform's.
     */
    private boolean ended;
    private final Template template;
    /** The template stub's only one. */
    volatile SystrapContext templateContext;
    private Reaper reaper;
    /** null: the host cannot ask us about births; then {@link Rogues} alone finds them. */
    volatile Births births;
    /** Made when it is needed first: most programs' memory is never looked at from outside. */
    RemoteMemory remote;

    /**
     * Starts the platform in the background; {@link #traits} and {@link #newAddressSpace} wait for it.
     *
     * @param imageFd descriptor of the stub's ELF image (best a memfd, see {@link #image}); the platform's
     *        from here on
     * @param guard process group that the stubs join, led by a process that kills it when this one has ended
     *        (outside.c); 0: a group of their own
     */
    public SystrapPlatform(int imageFd, int guard) {
        this.imageFd = imageFd;
        this.guard = guard;
        long entry = Memory.allocate(8);
        if (Host.pread(imageFd, entry, 8, 24) != 8)
            throw new IllegalStateException("the stub image cannot be read");
        base = Memory.getLong(entry) & -STUB_TEXT_MAX;
        Memory.free(entry);
        HostProc.open();
        doorFd = Host.memfd("door", 2 | 8);
        if (doorFd < 0 || Host.ftruncate(doorFd, 4096) < 0)
            throw new IllegalStateException("memfd: " + doorFd);
        door = Host.mapShared(doorFd, 4096);
        // From here on it can be mapped read-only alone: the one writable mapping is ours.
        Host.seal(doorFd, Host.SEAL_SHRINK | Host.SEAL_GROW | Host.SEAL_FUTURE_WRITE | Host.SEAL_SEAL);
        graveyard = Host.mapAnonymous(SLOT_SIZE);
        Memory.putInt(graveyard + OFF_TURN, TURN_SENTRY);
        Memory.putLong(silencePeriod, 0);
        Memory.putLong(silencePeriod + 8, Silence.PERIOD_MILLIS * 1_000_000L);
        Memory.putInt(door + DOOR_SENTRY_PID, (int) Host.getpid());
        Memory.putInt(door + DOOR_SPIN, manyProcessors ? 100 : 0);
        Memory.putInt(door + DOOR_GATE, "off".equals(System.getProperty("kernelet.births")) ? 0 : 1);
        namesChanged();
        runs(0);
        template = new Template(this, (int) doorFd);
        template.start();
    }

    /** A memfd with the bytes of the stub image, moved to where it can lie here, for the constructor. */
    public static int image(byte[] elf) {
        long fd = Host.memfd("kernelet-stub", 2 | 0x10);
        if (fd < 0) throw new IllegalStateException("memfd_create: " + fd);
        long at = Memory.allocate(elf.length);
        Memory.copyFromArray(elf, 0, at, elf.length);
        move(at, -lowering());
        long n = Host.pwrite(fd, at, elf.length, 0);
        Memory.free(at);
        if (n != elf.length) throw new IllegalStateException("stub image: " + n);
        Host.seal(fd, Host.SEAL_SHRINK | Host.SEAL_GROW | 8 /* F_SEAL_WRITE */ | Host.SEAL_SEAL);
        return (int) fd;
    }

    /**
     * How far below STUB_BASE the stub must lie: its place must be in the part of the address space this host
     * offers.
     */
    private static long lowering() {
        long length = ARENA_BASE + ARENA_SIZE - STUB_BASE;
        for (long down = 0; down < 16 * STUB_STEP; down += STUB_STEP) {
            // PROT_NONE; MAP_PRIVATE, ANONYMOUS, NORESERVE, FIXED_NOREPLACE. What lies there already is only
            // ours.
            long r = HostCall.call(MMAP, STUB_BASE - down, length, 0, 0x104022, -1, 0);
            if (r > 0) HostCall.call(MUNMAP, r, length, 0, 0, 0, 0);
            if (r == STUB_BASE - down || r == -17 /* EEXIST */) return down;
        }
        throw new IllegalStateException("no room for the stub in the address space");
    }

    /** Shifts the image's load addresses and its entry: its code is position independent. */
    private static void move(long elf, long distance) {
        Memory.putLong(elf + 24, Memory.getLong(elf + 24) + distance);
        long header = elf + Memory.getLong(elf + 32);
        int size = Memory.getUnsignedShort(elf + 54);
        for (int i = Memory.getUnsignedShort(elf + 56); i > 0; i--, header += size) {
            if (Memory.getInt(header) != 1 /* PT_LOAD */) continue;
            Memory.putLong(header + 16, Memory.getLong(header + 16) + distance);
            Memory.putLong(header + 24, Memory.getLong(header + 24) + distance);
        }
    }

    @Override
    public synchronized String failure() { return failure; }

    synchronized RemoteMemory remote() {
        if (remote == null) remote = new RemoteMemory(true);
        return remote;
    }

    @Override
    public PlatformTraits traits() {
        awaitTemplate();
        return traits;
    }

    private synchronized void awaitTemplate() {
        while (!ready && failure == null) pause(0);
        if (failure != null && !ended) throw new IllegalStateException(failure);
    }

    // ---- the template's side

    synchronized void learned(PlatformTraits traits, long xfeatures, boolean fsgsbase, int group) {
        this.traits = traits;
        this.xfeatures = xfeatures;
        this.fsgsbase = fsgsbase;
        this.group = group;
    }

    synchronized void ready() {
        ready = true;
        notifyAll();
    }

    synchronized void fail(String reason) {
        failure = reason;
        notifyAll();
    }

    /** {@code listener}: what hears of all births, or -1. */
    void watchBirths(int listener) {
        if (listener < 0) return;
        births = new Births(listener);
        births.start();
    }

    void startReaper() {
        reaper = new Reaper(this, group);
        reaper.start();
    }

    synchronized void offer(SystrapAddressSpace spare) {
        spares.add(spare);
        notifyAll();
    }

    synchronized void noSpare() {
        refused = true;
        notifyAll();
    }

    /** Waits until spares are wanted: 1; 0: it is time to look for rogues; -1: the platform closes. */
    synchronized int awaitDemand() {
        long period = births != null ? Rogues.RARE_MILLIS : Rogues.PERIOD_MILLIS;
        long end = System.nanoTime() + period * 1_000_000L;
        while ((spares.size() >= SPARES || refused) && !closed) {
            long left = (end - System.nanoTime()) / 1_000_000L;
            if (left <= 0) return 0;
            pause(left);
        }
        return closed ? -1 : 1;
    }

    // ---- rogues: children that no fork of ours has made
    private long resumes, resumesSeen;

    /** Whether application code runs, or ran since this was asked last: without it nobody forks. */
    synchronized boolean hasRun() {
        boolean ran = runningContexts != 0 || resumes != resumesSeen;
        resumesSeen = resumes;
        return ran;
    }

    synchronized boolean isKnown(int pid) { return processes.containsKey(pid) || closed; }

    synchronized boolean isBirth() { return underWay > 0; }

    /** A child that nobody knows has ended. */
    synchronized void reapRogue(int pid, long scratch) { Host.reap(pid, scratch, 0); }

    /** Kills every stub, known or not. */
    void killAll() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        Host.kill(-group, 9);
    }

    /** Kills the process with these slots. */
    void killOwner(Rogues rogues, String slots) {
        Integer[] pids;
        synchronized (this) {
            pids = processes.keySet().toArray(new Integer[0]);
        }
        for (int pid : pids) {
            if (!slots.equals(rogues.slots(pid))) continue;
            SystrapAddressSpace space;
            synchronized (this) {
                space = processes.get(pid);
            }
            if (space != null) space.killUnexpectedly();
        }
    }

    // ---- address spaces

    @Override
    public AddressSpace newAddressSpace() {
        if (deadCount > 8) sweep();
        synchronized (this) {
            if (refused) {
                refused = false;
                notifyAll();
            }
            for (;;) {
                while (spares.isEmpty() && failure == null && !ended && !closed && !refused) pause(0);
                if (spares.isEmpty() || ended) return null;
                var space = spares.poll();
                notifyAll();
                if (!space.dead) return space;
            }
        }
    }

    // ---- the arena of the next fork, made while the last one is under way. Kernel lock.
    private Arena nextArena;

    /** An arena for a fork, or null: the host refuses. */
    Arena takeArena() {
        Arena arena = nextArena;
        nextArena = null;
        return arena != null ? arena : Arena.create(sendScratch);
    }

    void prepareArena() {
        if (nextArena == null && !closed) nextArena = Arena.create(sendScratch);
        if (deadCount > 0) sweep();
    }

    /** A fork command is under way: the reaper must not yet take an unknown child for a rogue. */
    synchronized void beginBirth() { underWay++; }

    synchronized void endBirth() {
        underWay--;
        if (awaitsBirth) notifyAll();
    }

    /**
     * Takes the child {@code pid}, as a stub named it, for {@code space}. False if it cannot be: then
     * somebody lies. All stubs, and no other child but the guard, are in this process group.
     */
    synchronized boolean adopt(SystrapAddressSpace space, int pid) {
        if (processes.containsKey(pid) || Host.getpgid(pid) != group) return false;
        if (closed) {
            Host.kill(pid, 9);
            return false;
        }
        space.born(pid);
        processes.put(pid, space);
        return true;
    }

    /**
     * The space of an ended child, or null: unknown. Waits while a birth is under way, as it may be that
     * child.
     */
    synchronized SystrapAddressSpace ended(int pid) {
        var space = processes.remove(pid);
        awaitsBirth = true;
        while (space == null && underWay > 0) {
            pause(0);
            space = processes.remove(pid);
        }
        awaitsBirth = false;
        return space;
    }

    /** The space is dead; its arena is given back by {@link #sweep}. */
    synchronized void buried(SystrapAddressSpace space) {
        dead.add(space);
        deadCount = dead.size();
    }

    /** Unmaps the arenas of dead processes. Under the kernel lock, so nobody works in one. */
    private void sweep() {
        synchronized (this) {
            for (int i = 0; i < dead.size(); i++) dead.get(i).release(graveyard);
            dead.clear();
            deadCount = 0;
        }
    }

    // ---- the doorbell

    @Override
    public void prepareSleep() {
        if (deadCount > 0) sweep();
        Memory.putIntVolatile(door + DOOR_SLEEPING, 1);
    }

    @Override
    public void sleep(long timeoutNanos) {
        if (!rung) {
            sleeps++;
            long timeout = 0;
            if (timeoutNanos >= 0) {
                timeout = sleepTimeout;
                Memory.putLong(timeout, timeoutNanos / 1_000_000_000L);
                Memory.putLong(timeout + 8, timeoutNanos % 1_000_000_000L);
            }
            Host.futexWait(door + DOOR_SLEEPING, 1, timeout);
        }
        rung = false;
        Memory.putIntVolatile(door + DOOR_SLEEPING, 0);
    }

    @Override
    public void finishSleep() {
        Memory.putIntVolatile(door + DOOR_SLEEPING, 0);
    }

    @Override
    public void ring() {
        rung = true;
        if (Memory.compareAndSetInt(door + DOOR_SLEEPING, 1, 0)) Host.futexWake(door + DOOR_SLEEPING, 1);
    }

    // ---- spinning for an answer: bounded in time, and left out more and more while it does not help

    private static final int SHORT = 400, LONG = 2000; // turns of some 25 ns
    private int longFails, longSkip, shortFails, shortSkip, runningContexts;
    private boolean longSpinOffered;

    /** How long to spin for an answer; {@code isLong}: the stub had to be woken, or calls the host. */
    int spinTurns(boolean isLong) {
        if (!manyProcessors) return 0;
        if (isLong && runningContexts + 2 <= processors) {
            if (longSkip == 0) return LONG;
            longSkip--;
        }
        if (shortSkip == 0) return SHORT;
        shortSkip--;
        return 0;
    }

    void spun(int turns, boolean won) {
        if (turns == LONG) {
            longFails = won ? 0 : Math.min(longFails + 1, 8);
            longSkip = won ? 0 : 1 << longFails;
        } else {
            shortFails = won ? 0 : Math.min(shortFails + 1, 8);
            shortSkip = shortFails < 4 ? 0 : 1 << (shortFails - 3);
        }
    }

    /**
     * Contexts that run application code: as many as there are processors, and stubs stop to spin for long;
     * until so few run that two processors are free. (Two limits, so that the word does not change with every
     * call.)
     */
    void runs(int change) {
        runningContexts += change;
        if (change > 0) resumes++;
        boolean offer = longSpinOffered ? runningContexts < processors
                : manyProcessors && runningContexts <= processors - 2;
        if (offer == longSpinOffered) return;
        longSpinOffered = offer;
        Memory.putInt(door + DOOR_SPIN_LONG, offer ? LONG : 0);
    }

    // ---- what stubs remember of paths
    private int names;

    @Override
    public void namesChanged() {
        if (++names == 0) names = 1; // which stands for nothing
        Memory.putIntVolatile(door + DOOR_NAMES, names);
    }

    int names() { return names; }

    @Override
    public String statistics() {
        return "events " + events + ", trapped " + trapped + ", commands " + commands + ", stubs woken "
                + stubsWoken + ", answers slept for " + answersSlept + ", sleeps " + sleeps
                + ", sites patched " + sitesPatched;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) return;
            closed = true;
            notifyAll();
        }
        if (group > 0) Host.kill(-group, 9);
        try {
            template.join();
            if (group > 0) Host.kill(-group, 9);
            if (reaper != null) reaper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sweep();
        if (nextArena != null) nextArena.close();
        Host.close(doorFd);
        Host.close(imageFd);
    }

    /** From the reaper: no child is left. Expected after {@link #close} alone. */
    synchronized void allGone() {
        if (failure == null) failure = "all stub processes are gone";
        notifyAll();
    }
}

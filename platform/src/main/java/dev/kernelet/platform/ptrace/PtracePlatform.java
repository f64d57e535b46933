package dev.kernelet.platform.ptrace;

import static dev.kernelet.platform.stub.StubLayout.STUB_BASE;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.Platform;
import dev.kernelet.platform.PlatformTraits;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.RemoteMemory;
import java.util.ArrayDeque;

/**
 * The ptrace platform: what the {@link Tracer} and the Sentry's workers share. Requests to the tracer: a ring
 * of those that need no answer, and one command at a time that does.
 *
 * <p>Locks: requests are made under the kernel lock (at the start: by the tracer itself). The platform's
 * monitor guards the spares and the start.
 */
public final class PtracePlatform extends Platform {
    private static final int RING = 1024, SPIN = 1500, SPARES = 2;
    private static final int IDLE = 0, POSTED = 1, AWAITED = 2;

    final int sandboxPid = (int) Host.getpid();
    final boolean manyProcessors = Runtime.getRuntime().availableProcessors() > 1;
    final RemoteMemory remote;
    /** Memory by PTRACE_PEEKDATA alone; for tests. */
    final boolean byWords;
    final Windows windows = new Windows();
    private final int deadlineSeconds = Integer.getInteger("kernelet.stub.deadline", 10);
    /** A word for load32; kernel lock. */
    final long word = Memory.allocate(8);

    // Known once the template is up.
    PlatformTraits traits;
    long xfeatures;
    /** The size the kernel's regset has, and an image of that size; for one command at a time. */
    long xstate;
    int xstateSize;

    private final ArrayDeque<PtraceAddressSpace> spares = new ArrayDeque<>();
    private boolean ready, refused;
    private String failure;
    private volatile boolean closed;
    private final Tracer tracer;

    /**
     * Starts the platform in the background; {@link #traits} and {@link #newAddressSpace} wait for it.
     *
     * @param memory "vm", "proc" or "peek": the first way to application memory to be tried
     */
    public PtracePlatform(String memory) {
        remote = new RemoteMemory(memory.equals("vm"));
        byWords = memory.equals("peek");
        Memory.putLong(oneSecond, 1);
        tracer = new Tracer(this);
        tracer.start();
    }

    @Override
    public synchronized String failure() { return failure; }

    @Override
    public PlatformTraits traits() {
        awaitStart();
        return traits;
    }

    private synchronized void awaitStart() {
        while (!ready && failure == null) pause(0);
        if (failure != null) throw new IllegalStateException(failure);
    }

    // ---- the tracer's side

    synchronized void ready() {
        ready = true;
        notifyAll();
    }

    synchronized void fail(String reason) {
        if (failure == null) failure = reason;
        notifyAll();
    }

    synchronized void offer(PtraceAddressSpace spare) {
        spares.add(spare);
        notifyAll();
    }

    /** The host refuses another process: not tried again before somebody asks. */
    synchronized void refused() {
        refused = true;
        notifyAll();
    }

    synchronized boolean wantsSpare() {
        return spares.size() < SPARES && !closed && !refused && failure == null;
    }

    boolean isClosed() { return closed; }

    // ---- address spaces

    @Override
    public AddressSpace newAddressSpace() {
        synchronized (this) {
            refused = false;
            for (;;) {
                tracer.kick();
                while (spares.isEmpty() && failure == null && !closed && !refused) pause(0);
                if (spares.isEmpty()) return null;
                var space = spares.poll();
                if (!space.dead) return space;
            }
        }
    }

    /** What the last FORK or NEW_THREAD made. */
    PtraceContext bornContext() {
        var born = tracer.born;
        tracer.born = null;
        return born;
    }

    // ---- requests without an answer: kernel lock on one side, the tracer on the other

    private final PtraceContext[] ringContext = new PtraceContext[RING];
    private final int[] ringRequest = new int[RING];
    private volatile int ringHead, ringTail;

    void post(PtraceContext c, int request) {
        int tail = ringTail;
        while (tail - ringHead == RING) Thread.onSpinWait();
        ringContext[tail & RING - 1] = c;
        ringRequest[tail & RING - 1] = request;
        ringTail = tail + 1;
        tracer.wakeUp();
    }

    boolean hasRequest() { return ringHead != ringTail || Memory.getIntVolatile(commandState) != IDLE; }

    /** The tracer's: carries out all that is there; whether there was something. */
    boolean takeRequests() {
        int head = ringHead;
        boolean any = false;
        while (head != ringTail) {
            int i = head & RING - 1;
            var c = ringContext[i];
            ringContext[i] = null;
            int request = ringRequest[i];
            ringHead = ++head;
            tracer.request(c, request);
            any = true;
        }
        if (Memory.getIntVolatile(commandState) == IDLE) return any;
        commandResult = tracer.command(commandContext, commandOp, commandArgs);
        commandContext = null;
        if (Memory.getAndSetInt(commandState, IDLE) == AWAITED) Host.futexWake(commandState, 1);
        return true;
    }

    // ---- commands: one at a time, kernel lock

    private final long commandState = Memory.allocate(8);
    private final long oneSecond = Memory.allocate(16);
    private PtraceContext commandContext;
    private int commandOp;
    private final long[] commandArgs = new long[7];
    private long commandResult;

    /**
     * Has the tracer do something with a stopped thread and waits for the result; -ESRCH when the process is
     * dead.
     */
    long command(PtraceContext c, int op, long a, long b, long d, long e, long f, long g, long h) {
        if (c.isDead()) return -Host.ESRCH;
        long[] args = commandArgs;
        args[0] = a;
        args[1] = b;
        args[2] = d;
        args[3] = e;
        args[4] = f;
        args[5] = g;
        args[6] = h;
        commandContext = c;
        commandOp = op;
        if (tracer.isCurrent()) return tracer.command(c, op, args); // the template's
        Memory.putIntVolatile(commandState, POSTED);
        tracer.wakeUp();
        awaitCommand(c);
        return commandResult;
    }

    private void awaitCommand(PtraceContext c) {
        long state = commandState;
        if (manyProcessors) {
            for (int i = 0; i < SPIN; i++) {
                if (Memory.getIntVolatile(state) == IDLE) return;
                Thread.onSpinWait();
            }
        }
        if (!Memory.compareAndSetInt(state, POSTED, AWAITED)) return;
        int seconds = 0;
        while (Memory.getIntVolatile(state) != IDLE) {
            // Counted in seconds slept, not by the clock: a frozen sandbox that thaws has lost one second, no
            // more.
            if (Host.futexWait(state, AWAITED, oneSecond) == -Host.ETIMEDOUT && ++seconds >= deadlineSeconds)
                c.space.kill();
        }
    }

    // ---- the sleeper

    private final long sleeping = Memory.allocate(8);
    private final long sleepTimeout = Memory.allocate(16);
    private volatile boolean rung;
    private volatile int running;

    /**
     * Contexts that run application code, for the tracer's guess whether spinning is worth while. Kernel
     * lock.
     */
    void runs(int change) { running += change; }

    int running() { return running; }

    @Override
    public void prepareSleep() { Memory.putIntVolatile(sleeping, 1); }

    @Override
    public void sleep(long timeoutNanos) {
        if (!rung) {
            long timeout = 0;
            if (timeoutNanos >= 0) {
                timeout = sleepTimeout;
                Memory.putLong(timeout, timeoutNanos / 1_000_000_000L);
                Memory.putLong(timeout + 8, timeoutNanos % 1_000_000_000L);
            }
            Host.futexWait(sleeping, 1, timeout);
        }
        rung = false;
        Memory.putIntVolatile(sleeping, 0);
    }

    @Override
    public void finishSleep() { Memory.putIntVolatile(sleeping, 0); }

    @Override
    public void ring() {
        rung = true;
        wakeSleeper();
    }

    /** Whether somebody slept. */
    boolean wakeSleeper() {
        if (Memory.getIntVolatile(sleeping) != 1 || !Memory.compareAndSetInt(sleeping, 1, 0)) return false;
        Host.futexWake(sleeping, 1);
        return true;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) return;
            closed = true;
            notifyAll();
        }
        tracer.kick();
        try {
            tracer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void learned(int xstateImage, long hwcap2) {
        traits = new PlatformTraits("ptrace", STUB_BASE, xstateImage, hwcap2);
    }
}

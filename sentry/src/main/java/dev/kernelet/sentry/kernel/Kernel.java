package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.Platform;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.mm.BulkBuffers;
import dev.kernelet.sentry.vfs.NameChanges;
import dev.kernelet.sentry.wait.TimerQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/** One sandbox's kernel: the lock, tasks, timers, workers. See the package description. */
public final class Kernel {
    public final Platform platform;
    public final KernelOptions options;
    final ReentrantLock lock = new ReentrantLock(true);
    public final TimerQueue timers = new TimerQueue();
    public final Futexes futexes = new Futexes();
    MemoryGuard memoryGuard;
    public final PidTable pids = new PidTable();
    public final Root root;
    /** Of containers that came later; null: there has been none. */
    java.util.ArrayList<ControlGroup> controlGroups;
    /** Open file descriptions that came to a descriptor: bounded by {@link KernelOptions#fileLimit}. */
    public int openFiles;
    /** What /proc/PID/ns calls the next namespace that is made; those of the start lie below. */
    public long nextNamespace = 4026532000L;
    /** PID namespaces besides the sandbox's own. */
    int pidNamespaces;
    /** User namespaces besides the sandbox's own. */
    int userNamespaces;
    public final BulkBuffers bulk = new BulkBuffers();
    public final UserCounts users = new UserCounts();
    /** The first process: its end is the sandbox's. */
    public ThreadGroup init;
    /** What the sandbox is to the caller's shell. */
    public final CallerJob job = new CallerJob(this);
    /** Woken when a signal stays pending somewhere: signalfd. */
    public final dev.kernelet.sentry.wait.WaitQueue signalQueue = new dev.kernelet.sentry.wait.WaitQueue();

    // ---- scheduling; kernel lock
    Task[] running = new Task[64];
    int runningCount;
    private Task readyHead, readyTail;
    final AtomicReference<Event> posted = new AtomicReference<>();
    /** Workers that are in their loop and not in a slow section; one of them leads. */
    int active;
    final Semaphore standby = new Semaphore(0);
    /** Until when the leader sleeps (monotonic), or 0 when it does not. */
    volatile long sleepsUntil;
    volatile boolean isStopping;
    private final long[] unimplementedSeen = new long[16];

    public Kernel(Platform platform, KernelOptions options) {
        this.platform = platform;
        this.options = options;
        this.root = new Root(this);
        NameChanges.tell(platform);
    }

    /** CLOCK_MONOTONIC in nanoseconds: the base of all deadlines. */
    public long now() { return System.nanoTime(); }

    /** CLOCK_REALTIME in nanoseconds. */
    public long realtime() { return HostCall.clockNanos(0); }

    /** Puts a task that waits on the ready list; harmless for any other. */
    public void makeReady(Task t) {
        if (t.isReady || t.state == Task.DEAD) return;
        t.isReady = true;
        t.nextReady = null;
        if (readyTail == null) readyHead = t; else readyTail.nextReady = t;
        readyTail = t;
    }

    Task takeReady() {
        Task t = readyHead;
        if (t == null) return null;
        readyHead = t.nextReady;
        if (readyHead == null) readyTail = null;
        t.nextReady = null;
        t.isReady = false;
        return t;
    }

    boolean hasReady() { return readyHead != null; }

    void addRunning(Task t) {
        if (memoryGuard != null && !memoryGuard.isArmed()) memoryGuard.wakeUp();
        t.state = Task.RUNNING;
        if (runningCount == running.length) running = java.util.Arrays.copyOf(running, runningCount * 2);
        t.runIndex = runningCount;
        running[runningCount++] = t;
    }

    void removeRunning(Task t) {
        int i = t.runIndex;
        if (i < 0) return;
        t.runIndex = -1;
        Task last = running[--runningCount];
        running[runningCount] = null;
        if (last != t) {
            running[i] = last;
            last.runIndex = i;
        }
    }

    /** Hands an event to the leading worker; any thread, any time, without the lock. */
    public void post(Event e) {
        Event head;
        do {
            head = posted.get();
            e.next = head;
        } while (!posted.compareAndSet(head, e));
        if (sleepsUntil != 0) platform.ring();
    }

    void runPosted() {
        if (posted.getPlain() == null) return;
        Event list = posted.getAndSet(null), ordered = null;
        while (list != null) {
            Event next = list.next;
            list.next = ordered;
            ordered = list;
            list = next;
        }
        while (ordered != null) {
            Event e = ordered;
            ordered = e.next;
            e.next = null;
            e.run(this);
        }
    }

    /**
     * Before a host call that may take long: gives the kernel lock up, another worker leads. Objects the
     * caller uses until {@link #exitSlow} must be held (OpenFile.hold). Anything may have changed afterwards.
     */
    public void enterSlow() {
        if (--active == 0) standby.release();
        lock.unlock();
    }

    public void exitSlow() {
        lock.lock();
        active++;
    }

    /** Logs a call that has no handler, once per number. */
    public void unimplemented(Task t, int nr) {
        if (nr < 0 || nr >= 1024) return;
        if ((unimplementedSeen[nr >> 6] >>> nr & 1) != 0) return;
        unimplementedSeen[nr >> 6] |= 1L << nr;
        String name = SyscallNumber.name(nr);
        DebugLog.warn("unsupported system call " + nr + " (" + (name == null ? "unassigned" : name) + ") by " + t);
    }

    /** An internal error: never silently wrong. Reports and stops the sandbox with status 128. */
    void failed(Throwable e) {
        failure = e;
        DebugLog.error("internal error, the sandbox stops", e);
        stop();
    }

    /** The internal error that stopped the sandbox, or null. */
    public volatile Throwable failure;
    /**
     * Bytes written to the descriptors the sandbox was given: see {@link KernelOptions#outputLimit}. Kernel
     * lock.
     */
    public long outputBytes;
    /** wait status of the first process once it has ended (wait(2)). */
    public volatile int exitStatus;

    /**
     * A signal from outside the sandbox: for the first program. The terminal's go to the foreground group;
     * SIGCONT, which the caller's shell sends to a whole job, to the first program's group.
     */
    public void signalInit(int signo, boolean isTerminals) {
        if (signo == SIGCONT) job.delivered();
        if (init == null || init.processGroup == null) return;
        Session.ControllingTerminal tty = isTerminals ? init.session().tty : null;
        if (tty != null) {
            tty.signalled(signo);
            // A line that hangs up, a group that became orphaned: for the whole job.
            if (signo != SIGHUP && signo != SIGCONT || tty.foregroundIn(null) == init.pgid()) return;
        }
        if (isTerminals || signo == SIGCONT) Signals.send(init.processGroup, signo);
        else Signals.send(init, SigInfo.user(signo, 0, 0, 0).fromOutside());
    }

    /** Lets the first process go that was held back (KernelOptions.holdsInit). Kernel lock. */
    public void releaseInit() {
        if (!options.holdsInit) return;
        options.holdsInit = false;
        makeReady(init.leader);
    }

    /** Ends the sandbox: workers leave their loops, run() returns. Kernel lock. */
    public void stop() {
        isStopping = true;
        standby.release(1000);
        platform.ring();
    }

    /** Runs the sandbox on the calling thread and further workers until {@link #stop}. */
    public void run(int workers) {
        platform.deaths = new HostDeaths(this);
        var threads = new Thread[workers - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(new Worker(this, false), "worker-" + (i + 1));
            threads[i].setDaemon(true);
            threads[i].start();
        }
        new Worker(this, true).run();
    }
}

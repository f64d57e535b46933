package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.mm.UserMemory;
import dev.kernelet.sentry.strace.Strace;
import dev.kernelet.sentry.vfs.PathWalk;
import dev.kernelet.sentry.wait.Timer;
import dev.kernelet.sentry.wait.WaitQueue;
import dev.kernelet.sentry.wait.Waiter;

/** A thread of an application as the kernel sees it (task_struct). Kernel lock. */
public final class Task {
    // ---- results of a handler that are not values (far outside the range of addresses and errnos)
    /** The handler has registered what it waits for ({@link #block}); it will be run again. */
    public static final long BLOCKED = Long.MIN_VALUE;
    /** All registers are set (exec, rt_sigreturn): resume with them as they are. */
    public static final long REGISTERS_SET = Long.MIN_VALUE + 1;
    /** The task no longer exists, or will be finished by whoever took it over. */
    public static final long GONE = Long.MIN_VALUE + 2;

    // ---- states
    public static final int RUNNING = 0, IN_KERNEL = 1, WAITING = 2, STOPPED = 3, DEAD = 4;

    public final Kernel kernel;
    /** In the sandbox's own PID namespace; changes when exec takes the leader's place over. */
    public int tid;
    /** Its number as it knows it itself. */
    public int ownTid;
    /** In all namespaces that see it; null: the sandbox's own alone. */
    Pid numbers;
    /** Where the processes that it makes live (unshare(2), setns(2)), held; null: in its own PID namespace. */
    public PidNamespace childPids;
    public ThreadGroup group;
    public ExecutionContext ctx;
    public MemoryManager mm;
    public FdTable fds;
    public FsContext fs;
    public Credentials cred;
    /** Host name of its own (CLONE_NEWUTS); null: the sandbox's. */
    public UtsNamespace uts;
    /** System V objects and message queues of its own (CLONE_NEWIPC), held; null: the sandbox's. */
    public IpcNamespace ipc;
    /** comm: up to 15 bytes (prctl PR_SET_NAME). */
    public String name = "";
    /** The thread's directory in procfs, once it has been asked for. */
    public ProcEntry procDirectory;
    public int state = IN_KERNEL;
    int runIndex = -1;
    /** Born, never resumed: makeReady starts it. */
    public boolean isNew;
    Task nextReady;
    boolean isReady;

    /** Where methods that return an object leave their negative errno. */
    public int error;
    /** set_mempolicy(2): mode with flags, and nodes (mm.NumaPolicy). */
    public int memoryPolicy;
    public long memoryPolicyNodes;
    public final UserMemory mem = new UserMemory(this);
    public final PathWalk walk = new PathWalk(this);

    // ---- the call at hand
    public int nr = -1;
    /** Registers of the call as they were at its entry (read once). */
    private final long[] args = new long[6];
    /** How often the handler has been run before for this call. */
    public int reruns;
    /** A handler's own state across runs of one call; zero at the first run. */
    public long s0, s1, s2, s3;
    public Object so;
    /** The call log's, from entry to exit. */
    public Object strace;
    private boolean isTimedOut;
    private TaskWaiter[] waiters = {new TaskWaiter()};
    private int waiterCount;
    private final Deadline deadlineTimer = new Deadline();

    // ---- life
    /** Must end as soon as its handler is out of the way. */
    boolean isKilled;
    /** Its host thread has not stopped yet though the task is no more. */
    boolean lingers;
    /** Goes on when its control group is thawed. */
    boolean isFrozen;
    /** Takes part in a stop of its process. */
    boolean mustStop;
    /** What its call ended with when it stopped; of a new task: what it starts with (0: the child's side of a clone). */
    long stopResult;
    /** vfork(2): who waits for whom. */
    Task vforkParent, vforkChild;
    /** set_tid_address(2), set_robust_list(2). */
    public long clearChildTid, robustList;
    /** rseq(2): what is registered; 0: nothing. */
    long rseqArea;
    int rseqLength, rseqSignature;
    /** prctl(2) PR_SET_PDEATHSIG. */
    int parentDeathSignal;
    /** Woken when this thread ends: pidfds made with PIDFD_THREAD. */
    dev.kernelet.sentry.wait.WaitQueue pidfdQueue;
    /** SEM_UNDO adjustments; owned by SysIpc. */
    public Cleanup semUndo;
    public int personality;
    public long timerSlackNanos = 50_000;
    public final Scheduling sched = new Scheduling();
    public final long startNanos;

    /** Set when there may be work before returning to the application: signals, exit, stop. */
    public boolean attention;
    public final Signals signals;
    /** What to do before a call's handler is run: bits of SyscallEntry; 0 for almost every task. */
    int entryWork;
    /** seccomp(2): Seccomp.DISABLED, STRICT or FILTER. */
    public int seccompMode;
    Seccomp.Filter seccompFilter;
    final FutexOps.Wait futexWait = new FutexOps.Wait();

    public Task(Kernel kernel, int tid, Pid numbers, ThreadGroup group) {
        this.kernel = kernel;
        this.tid = tid;
        this.numbers = numbers;
        this.ownTid = numbers == null ? tid : numbers.own();
        this.group = group;
        this.signals = new Signals(this);
        this.startNanos = kernel.now();
    }

    // ---- numbers: what the task calls others, and what others call it
    /** The thread that it knows by that number, or null. */
    public Task thread(int tid) { return group.pids == null ? kernel.pids.task(tid) : group.pids.task(tid); }

    /** The process, zombies included. */
    public ThreadGroup process(int pid) {
        return group.pids == null ? kernel.pids.group(pid) : group.pids.process(pid);
    }

    public ProcessGroup processGroup(int id) {
        return group.pids == null ? kernel.pids.processGroup(id) : group.pids.processGroup(id);
    }

    /** As a process of {@code viewer} (null: the sandbox's own namespace) sees it; 0: not at all. */
    public int tidIn(PidNamespace viewer) { return viewer == null ? tid : Pid.in(numbers, viewer); }

    public dev.kernelet.sentry.wait.WaitQueue exitQueue() {
        if (pidfdQueue == null) pidfdQueue = new dev.kernelet.sentry.wait.WaitQueue();
        return pidfdQueue;
    }

    public long arg(int i) { return args[i]; }

    public int argInt(int i) { return (int) args[i]; }

    /** Takes call number and arguments over from the context. */
    void beginCall(ExecutionContext c) {
        nr = c.nr;
        args[0] = c.a0;
        args[1] = c.a1;
        args[2] = c.a2;
        args[3] = c.a3;
        args[4] = c.a4;
        args[5] = c.a5;
        reruns = 0;
        s0 = s1 = s2 = s3 = 0;
        so = null;
        isTimedOut = false;
    }

    /** Something a blocked call must take back however it ends; the handler keeps it in {@link #so}. */
    public interface Cleanup {
        void cleanup(Task t);
    }

    /** The call is over, or the task ends inside it: takes everything back that it had registered. */
    void endCall() {
        cancelWaits();
        if (so instanceof Cleanup c) c.cleanup(this);
        restarted = false;
        if (deadlineTimer.isArmed()) kernel.timers.disarm(deadlineTimer);
        so = null;
    }

    // ---- blocking
    private final class TaskWaiter extends Waiter {
        @Override
        protected boolean wake(int events) {
            kernel.makeReady(Task.this);
            return true;
        }
    }

    private final class Deadline extends Timer {
        @Override
        protected void fire() {
            isTimedOut = true;
            kernel.makeReady(Task.this);
        }
    }

    /** Adds a queue to those whose wake-up runs the handler again. Finish with {@link #block()}. */
    public void waitOn(WaitQueue q, int events, boolean exclusive) {
        if (waiterCount == waiters.length) {
            waiters = java.util.Arrays.copyOf(waiters, waiterCount * 2);
            for (int i = waiterCount; i < waiters.length; i++) waiters[i] = new TaskWaiter();
        }
        TaskWaiter w = waiters[waiterCount++];
        w.events = events;
        w.exclusive = exclusive;
        q.add(w);
    }

    /** Waits on one queue: BLOCKED, or -ERESTARTSYS when a signal is pending. */
    public long block(WaitQueue q, int events) {
        waitOn(q, events, false);
        return block();
    }

    /**
     * Waits for what was registered (waitOn, setDeadline): BLOCKED, or -ERESTARTSYS when a signal is pending; handlers whose
     * man page says so turn that into -EINTR, -ERESTARTNOHAND or a partial count.
     */
    public long block() {
        if (attention && signals.isPending()) {
            cancelWaits();
            return -ERESTARTSYS;
        }
        return BLOCKED;
    }

    /** Bytes that a call moves at most before others have their turn: some milliseconds. */
    public static final int TURN = 4 << 20;

    /**
     * In the middle of a long call that keeps what it has done: the handler, which now returns BLOCKED, is
     * run again when others have had their turn. False: it is to end with what is done, since a signal is
     * pending.
     */
    public boolean givesWay() {
        if (attention && signals.isPending()) return false;
        lookAgainAt(kernel.now());
        return true;
    }

    /** Waits for what was registered; only a kill ends it early (the task is then gone). */
    public long blockUninterruptible() { return BLOCKED; }

    public boolean isFirstRun() { return reruns == 0; }

    /**
     * The time (monotonic nanoseconds) at which the handler is run again anyway, with {@link #isTimedOut}. Set at the first
     * run only; later runs keep it.
     */
    public void setDeadline(long monotonicNanos) {
        if (isTimedOut || deadlineTimer.isArmed()) return;
        if (restarted) monotonicNanos = restartDeadline;
        kernel.timers.arm(deadlineTimer, monotonicNanos);
    }

    public boolean isTimedOut() { return isTimedOut; }

    /** Sets another time after one has passed: for calls that can only look now and then (CPU clocks). */
    public void lookAgainAt(long monotonicNanos) {
        isTimedOut = false;
        kernel.timers.disarm(deadlineTimer);
        kernel.timers.arm(deadlineTimer, monotonicNanos);
    }

    /** Of the armed deadline; for remaining times. */
    public long deadline() { return deadlineTimer.deadlineNanos; }

    // ---- restart blocks (restart_syscall(2)): a call with a relative timeout goes on with what is left of it
    private int restartNr = -1;
    private final long[] restartArgs = new long[6];
    private long restartDeadline;
    private boolean restarted;

    /** For a call interrupted by a signal: -ERESTART_RESTARTBLOCK, so that without a handler it goes on until the same deadline. */
    public long restartBlock() {
        restartNr = nr;
        System.arraycopy(args, 0, restartArgs, 0, 6);
        restartDeadline = deadlineTimer.deadlineNanos;
        return -ERESTART_RESTARTBLOCK;
    }

    /** restart_syscall(2): turns the call at hand into the interrupted one; false when there is none (EINTR). */
    public boolean restart() {
        if (restartNr < 0) return false;
        nr = restartNr;
        restartNr = -1;
        System.arraycopy(restartArgs, 0, args, 0, 6);
        restarted = true;
        return true;
    }

    void cancelWaits() {
        while (waiterCount > 0) waiters[--waiterCount].cancel();
    }

    /**
     * Ends a blocked call early or interrupts running application code, so that signals, stops and exits are looked at.
     * Sets {@link #attention}.
     */
    public void notifySignal() {
        attention = true;
        if (state == WAITING) kernel.makeReady(this);
        else if (state == RUNNING) ctx.interrupt();
    }

    /** New credentials; counts follow the real user id, and a change of the effective ids hides the process's memory (prctl(2)). */
    public void changeCredentials(Credentials c) {
        Credentials old = cred;
        if (old.uid != c.uid) {
            kernel.users.tasks(old.uid, -1);
            kernel.users.tasks(c.uid, 1);
        }
        if (old.euid != c.euid || old.egid != c.egid || old.fsuid != c.fsuid || old.fsgid != c.fsgid) {
            hide();
        }
        cred = c;
        ctx.clearStubAnswers();
    }

    /** As after a change of credentials: others may not look into the process. */
    void hide() {
        group.dumpable = 0;
        parentDeathSignal = 0;
    }

    /**
     * The result of a call without arguments that stays true until told otherwise (clearStubAnswers): from now on the
     * platform may answer it by itself. Not where the call must be seen.
     */
    public long answer(int number, long result) {
        if (!Strace.enabled && (entryWork == 0 || SyscallEntry.mayBeUnseen(this,
                number))) ctx.setStubAnswer(number, result);
        return result;
    }

    /**
     * A walk has found that {@code mem.pathBytes} names something that is no symbolic link: as {@link
     * #answer}.
     */
    public void noLink() {
        if (Strace.enabled || entryWork != 0 || !walk.isTheName(mem.pathBytes, mem.pathLength)) return;
        ctx.setNoLink(mem.pathBytes, mem.pathLength);
    }

    @Override
    public String toString() { return dev.kernelet.sentry.log.DebugLog.printable(name) + "[" + tid + "]"; }
}

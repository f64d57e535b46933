package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;

/** A process: tasks that share a process id, signal handlers, limits and fate. Kernel lock. */
public final class ThreadGroup {
    public final Kernel kernel;
    public final int pid;
    /** Where its numbers are; null: in the sandbox's own namespace alone ({@link Kernel#pids}). */
    public final PidNamespace pids;
    /** Its number as it knows it itself. */
    public final int ownPid;
    /** Null in the sandbox's own namespace until {@link #identity}. */
    private Pid numbers;
    public Task leader;
    /** The tasks that live; the leader may have ended before others. */
    public final ArrayList<Task> tasks = new ArrayList<>();
    public ThreadGroup parent;
    /** The thread of the parent that made this process: it gets PR_SET_PDEATHSIG's event, __WNOTHREAD asks for it. */
    Task creator;
    public final ArrayList<ThreadGroup> children = new ArrayList<>();
    public Limits limits = new Limits();
    public ProcessGroup processGroup;
    /** Which of several containers it belongs to; null: the sandbox's first. */
    public ControlGroup controlGroup;
    /** The signal sent to the parent at the end (clone(2)); 0: none. */
    int exitSignal;

    // ---- signals
    public SignalHandlers handlers = new SignalHandlers();
    final PendingSignals pending = new PendingSignals();
    /** Where the search for a thread that takes a signal begins. */
    private int lastTarget;

    // ---- job control
    /** All tasks have stopped. */
    public boolean isStopped;
    /** Tasks that still have to stop, while a stop is under way. */
    int stopsMissing;
    public int stopSignal;
    /** A wait may report these once: a stop, a continue. */
    boolean reportsStop, reportsContinue;

    // ---- the end
    /** exit_group(2), exec or a fatal signal: all tasks end with {@link #exitStatus}. */
    public boolean isExiting;
    /** wait(2) status. */
    public int exitStatus;
    public boolean isZombie;
    public boolean isReaped;
    /** Woken when a child changes state. */
    final WaitQueue childQueue = new WaitQueue();
    /** Woken when this process ends: pidfds. */
    public final WaitQueue exitQueue = new WaitQueue();

    // ---- attributes
    boolean isSubreaper;
    /** Some ancestor may be a subreaper. */
    boolean hasSubreaper;
    /** execve(2) was called: the parent may no longer change the process group. */
    boolean hasExecuted;
    /**
     * The first process of a container: signals it has no handler for do nothing, but for SIGKILL and SIGSTOP from outside
     * (pid_namespaces(7)).
     */
    boolean isUnkillable;
    /** prctl(2) PR_SET_DUMPABLE. */
    public int dumpable = 1;
    public int oomScoreAdj;
    /** prctl(2) PR_SET_THP_DISABLE: remembered; the host decides. */
    boolean hasNoHugePages;
    /** The program's file as /proc/PID/exe shows it. */
    public Path exe;
    /** CLOCK_MONOTONIC at birth. */
    public final long startNanos;

    // ---- accounting
    /** CPU time of address spaces the process has left behind (exec). */
    public long cpuNanosBefore;
    /** For /proc/PID/io: bytes and calls of the read and write families. */
    public long readBytes, writtenBytes, readCalls, writeCalls;
    /** The process's directory in procfs, once it has been asked for. */
    public ProcEntry procDirectory;
    /** CPU time of the process at its end, for wait4(2). */
    long cpuNanosAtEnd;
    /** Of waited-for children. */
    public long childCpuNanos;
    /** Largest resident set seen, in KB: own and of waited-for children. */
    long maxRssKb, childMaxRssKb;

    /** Told when the process has ended. */
    public interface AtExit {
        void processEnded(ThreadGroup g);
    }

    public final ArrayList<AtExit> atExit = new ArrayList<>();
    /** Told when the process becomes another program: POSIX timers, message queue notifications. */
    public final ArrayList<AtExit> atExec = new ArrayList<>();
    /** Came to its present parent when an earlier one ended. */
    boolean isAdopted;

    // ---- timers of the process; owned by the time family
    public PosixTimers timers;
    CpuClocks.CpuLimit cpuLimit;

    public ThreadGroup(Kernel kernel, int pid, Pid numbers) {
        this.kernel = kernel;
        this.pid = pid;
        this.numbers = numbers;
        pids = numbers == null ? null : numbers.namespace;
        ownPid = numbers == null ? pid : numbers.own();
        this.startNanos = kernel.now();
    }

    /** As a process of {@code viewer} (null: the sandbox's own namespace) sees it; 0: not at all. */
    public int pidIn(PidNamespace viewer) {
        return viewer == null ? pid : pids == null ? 0 : numbers.in(viewer);
    }

    /** Who it is, for those who remember it longer than it lives. */
    public Pid identity() {
        if (numbers == null) numbers = new Pid(pid, null, null);
        return numbers;
    }

    /** The numbers of what begins with it, a process group or a session. */
    Pid numbers() { return pids == null ? null : numbers; }

    /** Whether it is the first process of its namespace: other than {@link Kernel#init}, of an inner one. */
    public boolean isInnerInit() { return pids != null && pids.init() == this; }

    /** Its process group's id in the sandbox's own namespace; see {@link #pgidIn}. */
    public int pgid() { return processGroup == null ? 0 : processGroup.id; }

    public int pgidIn(PidNamespace viewer) { return processGroup == null ? 0 : processGroup.idIn(viewer); }

    public Session session() { return processGroup == null ? null : processGroup.session; }

    public int sidIn(PidNamespace viewer) {
        return processGroup == null ? 0 : processGroup.session.idIn(viewer);
    }

    public int parentIn(PidNamespace viewer) { return parent == null ? 0 : parent.pidIn(viewer); }

    /** The thread a signal for the whole process should interrupt, or null when all block it. */
    Task targetFor(int signo) {
        if (leader.signals.wants(signo)) return leader;
        int n = tasks.size();
        for (int i = 0; i < n; i++) {
            Task t = tasks.get((lastTarget + i) % n);
            if (!t.signals.wants(signo)) continue;
            lastTarget = (lastTarget + i) % n;
            return t;
        }
        return null;
    }

    /** Any task that lives, the leader if it does; or null. */
    public Task anyTask() {
        if (leader.state != Task.DEAD) return leader;
        return tasks.isEmpty() ? null : tasks.get(0);
    }

    public long childMaxRssKb() { return childMaxRssKb; }
}

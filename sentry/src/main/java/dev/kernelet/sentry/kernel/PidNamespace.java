package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.SIGKILL;

import java.util.ArrayList;
import java.util.TreeMap;

/**
 * Numbers of processes of its own (pid_namespaces(7)). A process whose {@link ThreadGroup#pids} is null is in
 * the namespace that the sandbox began with, whose numbers are in {@link PidTable}; every other has one more
 * number in its own namespace and in each between the two ({@link Pid}). Its first process is its init: when
 * that ends, so does everything else in it. A namespace lives while processes, files of nsfs or namespaces
 * below refer to it. Kernel lock.
 */
public final class PidNamespace {
    /** As deep as Linux lets them be (MAX_PID_NS_LEVEL). */
    public static final int LEVEL_MAX = 32;
    /** In one sandbox (user.max_pid_namespaces): each has tables, and a procfs where it is mounted. */
    public static final int MAX = 1024;
    /** Below this are only the first ones: daemons (RESERVED_PIDS). */
    private static final int RESERVED = 300;

    public final Kernel kernel;
    /** Null: the sandbox's own. */
    public final PidNamespace parent;
    /** The user namespace it belongs to; null: the sandbox's own. */
    public final UserNamespace owner;
    /** The sandbox's own is at level 0. */
    public final int level;
    /** What /proc/PID/ns calls it. */
    public final long number;
    /** The procfs that shows it, once one is mounted; owned by fs.proc. */
    public Object proc;
    private final TreeMap<Integer, Task> tasks = new TreeMap<>();
    private final TreeMap<Integer, ThreadGroup> processes = new TreeMap<>();
    private final TreeMap<Integer, ProcessGroup> groups = new TreeMap<>();
    private ThreadGroup init;
    private int last;
    private int users;
    /** The first process has ended: nobody comes any more. */
    private boolean isClosed;
    /** Its members are just being killed. */
    private boolean isKilling;

    private PidNamespace(Kernel kernel, PidNamespace parent, int level, UserNamespace owner) {
        this.owner = owner;
        this.kernel = kernel;
        this.parent = parent;
        this.level = level;
        number = kernel.nextNamespace++;
    }

    /** A new one below the task's, which nobody refers to yet; null with t.error: too deep, or too many. */
    public static PidNamespace make(Task t, UserNamespace owner) {
        PidNamespace parent = t.group.pids;
        int level = parent == null ? 1 : parent.level + 1;
        t.error = -ENOSPC;
        boolean hasRoom = level <= LEVEL_MAX && t.kernel.pidNamespaces < MAX;
        return hasRoom ? new PidNamespace(t.kernel, parent, level, owner) : null;
    }

    /** A new one in the sandbox's own: for a process that comes from outside. */
    public static PidNamespace make(Kernel k) { return new PidNamespace(k, null, 1, null); }

    // ---- its life
    public PidNamespace hold() {
        if (users++ > 0) return this;
        kernel.pidNamespaces++;
        if (parent != null) parent.hold();
        return this;
    }

    public void put() {
        if (--users > 0) return;
        kernel.pidNamespaces--;
        proc = null;
        if (parent != null) parent.put();
    }

    /** Nobody refers to it: a name that is still known (O_PATH) does not bring it back. */
    public boolean hasEnded() { return users == 0; }

    /** Whether it is {@code other} or lies below that one. */
    public boolean isWithin(PidNamespace other) {
        PidNamespace n = this;
        while (n != null && n != other) n = n.parent;
        return n == other;
    }

    /** Whether the task may have its children in {@code to}: its own namespace, or one below. */
    public static boolean isOpenTo(Task t, PidNamespace to) {
        PidNamespace own = t.group.pids;
        return own == null || to != null && to.isWithin(own);
    }

    /** setns(2): children of the task live in {@code to} from now on. */
    public static void enter(Task t, PidNamespace to) {
        PidNamespace old = t.childPids;
        t.childPids = to == t.group.pids ? null : to.hold();
        if (old != null) old.put();
    }

    /** The namespaces from {@code top} (null: the sandbox's own) down to {@code bottom}, which is within. */
    public static PidNamespace[] path(PidNamespace top, PidNamespace bottom) {
        int from = top == null ? 0 : top.level;
        var all = new PidNamespace[(bottom == null ? 0 : bottom.level) - from + 1];
        int at = all.length;
        for (PidNamespace n = bottom; at > 0; n = n == null ? null : n.parent) all[--at] = n;
        return all;
    }

    /** Who its privileged are; {@code n} null: the sandbox's own. */
    public static UserNamespace owner(PidNamespace n) { return n == null ? null : n.owner; }

    // ---- members
    public Task task(int tid) { return tasks.get(tid); }

    /** The process with that number, zombies included. */
    public ThreadGroup process(int pid) { return processes.get(pid); }

    public ProcessGroup processGroup(int id) { return groups.get(id); }

    /** The first process with a number of at least {@code pid}, or null: for walks over all. */
    public ThreadGroup processFrom(int pid) {
        var e = processes.ceilingEntry(pid);
        return e == null ? null : e.getValue();
    }

    /** Who reaps its orphans; null: nobody has come yet. */
    public ThreadGroup init() { return init; }

    public boolean isClosed() { return isClosed; }

    /** Whether it ever had a process: before, it has no name in /proc. */
    public boolean hasBegun() { return init != null || isClosed; }

    /** The number given out last in the task's namespace (/proc/sys/kernel/ns_last_pid, /proc/loadavg). */
    public static int last(Task t) { return t.group.pids == null ? t.kernel.pids.last() : t.group.pids.last; }

    /** The next one is to be behind that: 0 or -errno. */
    public static long setLast(Task t, String text) {
        int n;
        try {
            n = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return -EINVAL;
        }
        if (n < 0 || n >= PidTable.PID_MAX) return -EINVAL;
        if (t.group.pids == null) t.kernel.pids.setLast(n);
        else t.group.pids.last = n;
        return 0;
    }

    void add(Task t) {
        for (PidNamespace n = this; n != null; n = n.parent) n.tasks.put(t.tidIn(n), t);
    }

    void remove(Task t) {
        for (PidNamespace n = this; n != null; n = n.parent) n.tasks.remove(t.tidIn(n), t);
    }

    void add(ThreadGroup g) {
        hold();
        if (init == null && !isClosed) {
            init = g;
            g.isUnkillable = true;
        }
        for (PidNamespace n = this; n != null; n = n.parent) n.processes.put(g.pidIn(n), g);
    }

    /** A process has been reaped. The last one lets an init that has ended go. */
    void remove(ThreadGroup g) {
        for (PidNamespace n = this; n != null; n = n.parent) n.processes.remove(g.pidIn(n), g);
        if (g == init) init = null;
        for (PidNamespace n = this; n != null; n = n.parent) {
            boolean isWaiting = n.isClosed && !n.isKilling && n.init != null && !n.init.isZombie;
            if (isWaiting && n.isAlone()) Exit.becomeZombie(n.init);
        }
        put();
    }

    void add(ProcessGroup g) {
        for (PidNamespace n = this; n != null; n = n.parent) n.groups.put(g.idIn(n), g);
    }

    void remove(ProcessGroup g) {
        for (PidNamespace n = this; n != null; n = n.parent) n.groups.remove(g.idIn(n), g);
    }

    // ---- numbers
    /**
     * Numbers for a new thread in {@code n} (null: the sandbox's own) and all above it. {@code chosen}: those
     * that clone3(2) asks for, the innermost first. Null and {@link Init#error}.
     */
    static Pid allocate(Kernel k, PidNamespace n, int[] chosen) {
        int[] inner = n == null ? null : new int[n.level];
        int at = 0;
        for (PidNamespace m = n; m != null; m = m.parent, at++) {
            int r = at < chosen.length ? m.take(chosen[at]) : m.next();
            if (r < 0) return fail(r);
            inner[m.level - 1] = r;
        }
        int number = at < chosen.length ? k.pids.take(chosen[at]) : k.pids.allocate();
        if (number < 0) return fail(at < chosen.length ? number : -EAGAIN);
        // Nobody joins what has no init any more; numbers that are taken are told of first (alloc_pid).
        return n != null && n.isClosed ? fail(-ENOMEM) : new Pid(number, n, inner);
    }

    private static Pid fail(int error) {
        Init.error = error;
        return null;
    }

    private boolean isFree(int id) {
        return !tasks.containsKey(id) && !processes.containsKey(id) && !groups.containsKey(id);
    }

    private int next() {
        // The first number is for the first process, also when one before it came to nothing.
        if (init == null) last = 0;
        for (int tries = 0; tries < PidTable.PID_MAX; tries++) {
            last = last + 1 < PidTable.PID_MAX ? last + 1 : RESERVED;
            if (isFree(last)) return last;
        }
        return -EAGAIN;
    }

    private int take(int id) {
        if (id < 1 || id >= PidTable.PID_MAX || id != 1 && init == null) return -EINVAL;
        return isFree(id) ? id : -EEXIST;
    }

    // ---- the end of its init
    private boolean isAlone() { return processes.size() == 1 && processes.firstEntry().getValue() == init; }

    /**
     * The init has no threads any more: everybody else is killed (zap_pid_ns_processes). True when they are
     * gone; else {@link #remove} goes on with the last one's end.
     */
    boolean close() {
        isClosed = true;
        isKilling = true;
        for (ThreadGroup g : new ArrayList<>(processes.values())) {
            if (g == init) continue;
            if (g.isZombie && g.parent == init) Exit.reap(g);
            else Exit.killGroup(g, SIGKILL);
        }
        isKilling = false;
        return isAlone();
    }
}

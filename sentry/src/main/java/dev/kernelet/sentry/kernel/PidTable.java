package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import java.util.Arrays;

/**
 * Task ids in use, in the sandbox's own PID namespace: all have one here, also those of inner namespaces
 * ({@link PidNamespace}). Ids are given out in rising order and wrap, as in Linux. Kernel lock.
 */
public final class PidTable {
    public static final int PID_MAX = 1 << 17;
    private Task[] byTid = new Task[256];
    private ThreadGroup[] byPid = new ThreadGroup[256];
    private ProcessGroup[] byGroup = new ProcessGroup[256];
    private int next = 1;
    private int count;

    /** A free id (also not in use as a process, group or session id by {@code inUse} groups), or -1. */
    public int allocate() {
        for (int tries = 0; tries < PID_MAX; tries++) {
            int id = next++;
            if (next >= PID_MAX) next = 300;
            if (isFree(id)) return id;
        }
        return -1;
    }

    private boolean isFree(int id) {
        return task(id) == null && group(id) == null && processGroup(id) == null;
    }

    /** One that is asked for (clone3(2), set_tid), or -errno. */
    int take(int id) {
        if (id < 1 || id >= PID_MAX) return -EINVAL;
        return isFree(id) ? id : -EEXIST;
    }

    /** The id given out last. */
    int last() { return next - 1; }

    void setLast(int id) { next = id + 1 < PID_MAX ? id + 1 : 300; }

    public Task task(int tid) { return tid > 0 && tid < byTid.length ? byTid[tid] : null; }

    /** The process with that id, zombies included. */
    public ThreadGroup group(int pid) { return pid > 0 && pid < byPid.length ? byPid[pid] : null; }

    public ProcessGroup processGroup(int id) { return id > 0 && id < byGroup.length ? byGroup[id] : null; }

    public void add(ProcessGroup g) {
        if (processGroup(g.id) == g) return;
        if (g.id >= byGroup.length) byGroup = Arrays.copyOf(byGroup, Math.max(g.id + 1, byGroup.length * 2));
        byGroup[g.id] = g;
        if (g.pids() != null) g.pids().add(g);
    }

    public void remove(ProcessGroup g) {
        if (processGroup(g.id) != g) return;
        byGroup[g.id] = null;
        if (g.pids() != null) g.pids().remove(g);
    }

    public void add(Task t) {
        if (t.tid >= byTid.length) byTid = Arrays.copyOf(byTid, Math.max(t.tid + 1, byTid.length * 2));
        byTid[t.tid] = t;
        if (t.group.pids != null) t.group.pids.add(t);
        count++;
    }

    public void remove(Task t) {
        if (task(t.tid) == t) {
            byTid[t.tid] = null;
            if (t.group.pids != null) t.group.pids.remove(t);
            count--;
        }
    }

    public void add(ThreadGroup g) {
        if (g.pid >= byPid.length) byPid = Arrays.copyOf(byPid, Math.max(g.pid + 1, byPid.length * 2));
        byPid[g.pid] = g;
        if (g.pids != null) g.pids.add(g);
    }

    public void remove(ThreadGroup g) {
        if (group(g.pid) != g) return;
        byPid[g.pid] = null;
        if (g.pids != null) g.pids.remove(g);
    }

    /** Number of tasks. */
    public int count() { return count; }

    /** The first process with an id of at least {@code pid}, or null: for walks over all. */
    public ThreadGroup groupFrom(int pid) {
        for (int i = Math.max(pid, 1); i < byPid.length; i++) if (byPid[i] != null) return byPid[i];
        return null;
    }
}

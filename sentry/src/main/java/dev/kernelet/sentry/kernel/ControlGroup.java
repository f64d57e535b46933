package dev.kernelet.sentry.kernel;

import java.util.ArrayList;

/**
 * The processes of one of several containers in a sandbox (cgroups(7)): a process is in its parent's,
 * whatever becomes of the parent. The first container's processes are in none:
 * {@link ThreadGroup#controlGroup} is null. Kernel lock.
 */
public final class ControlGroup {
    /** Most tasks at once; 0: as many as the sandbox may have. */
    public int taskLimit;
    /** Tasks that live. */
    int tasks;
    /** CPU time of processes that have ended. */
    long cpuNanosEnded;

    public int tasks() { return tasks; }

    boolean isFull() { return taskLimit > 0 && tasks >= taskLimit; }

    /** The processes of {@code c} that live; null: of the first container. */
    public static ArrayList<ThreadGroup> processes(Kernel k, ControlGroup c) {
        var list = new ArrayList<ThreadGroup>();
        for (ThreadGroup g = k.pids.groupFrom(1); g != null; g = k.pids.groupFrom(g.pid + 1)) {
            if (g.controlGroup == c && !g.isZombie) list.add(g);
        }
        return list;
    }

    /** Ends all of them at once, as by SIGKILL. */
    public void kill(Kernel k) {
        for (ThreadGroup g : processes(k, this)) Exit.killGroup(g, dev.kernelet.abi.Signal.SIGKILL);
    }

    /** Of all processes there are and were. */
    public long cpuNanos(Kernel k) {
        long sum = cpuNanosEnded;
        for (ThreadGroup g : processes(k, this)) sum += CpuClocks.process(g);
        return sum;
    }
}

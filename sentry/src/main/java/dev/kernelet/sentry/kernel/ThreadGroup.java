package dev.kernelet.sentry.kernel;

import java.util.ArrayList;

/** A process: tasks that share a process id, signal handlers, limits and fate. Kernel lock. */
public final class ThreadGroup {
    public final Kernel kernel;
    public final int pid;
    public Task leader;
    public final ArrayList<Task> tasks = new ArrayList<>();
    public ThreadGroup parent;
    public final ArrayList<ThreadGroup> children = new ArrayList<>();
    /** CPU time of address spaces the process has left behind (exec). */
    public long cpuNanosBefore;
    public Limits limits = new Limits();

    public ThreadGroup(Kernel kernel, int pid) {
        this.kernel = kernel;
        this.pid = pid;
    }
}

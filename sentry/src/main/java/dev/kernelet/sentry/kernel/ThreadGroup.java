package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.vfs.Path;
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
    /** The running program's file (/proc/PID/exe), set by exec. */
    public Path exe;
    /** The process's directory in procfs, once it has been asked for. */
    public Object procDirectory;
    public int oomScoreAdj;
    /** CLOCK_BOOTTIME at the process's birth, in nanoseconds. */
    public long startNanos;
    public Limits limits = new Limits();

    public ThreadGroup(Kernel kernel, int pid) {
        this.kernel = kernel;
        this.pid = pid;
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.SIGKILL;

import dev.kernelet.sentry.log.DebugLog;
import java.util.ArrayList;

/**
 * The processes of one of several containers in a sandbox (cgroups(7)): a process is in its parent's,
 * whatever becomes of the parent. The first container's processes are in none:
 * {@link ThreadGroup#controlGroup} is null. Kernel lock.
 */
public final class ControlGroup {
    /** Most tasks at once, and bytes of memory; 0: as many as the sandbox may have. */
    public int taskLimit;
    public long memoryLimit;
    /** As the files of the group show them: microseconds in each period (0: no limit), and the share. */
    public long cpuQuota, cpuPeriod = 100_000, cpuWeight = 100;
    /** Tasks that live. */
    int tasks;
    /** CPU time of processes that have ended. */
    long cpuNanosEnded;
    /** Nothing runs until {@link #thaw}. */
    boolean isFrozen;
    // what MemoryGuard found at its last look
    private long resident, most;
    private ThreadGroup largest;

    /** A new one, which the kernel's memory guard looks after until {@link #end}. */
    public static ControlGroup make(Kernel k) {
        var c = new ControlGroup();
        if (k.controlGroups == null) k.controlGroups = new ArrayList<>();
        k.controlGroups.add(c);
        return c;
    }

    private ControlGroup() {}

    public void end(Kernel k) { k.controlGroups.remove(this); }

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
        for (ThreadGroup g : processes(k, this)) Exit.killGroup(g, SIGKILL);
    }

    /** Of all processes there are and were. */
    public long cpuNanos(Kernel k) {
        long sum = cpuNanosEnded;
        for (ThreadGroup g : processes(k, this)) sum += CpuClocks.process(g);
        return sum;
    }

    // ---- the freezer: what runs stops at its next way into the kernel, what waits goes on waiting
    public void freeze(Kernel k) {
        isFrozen = true;
        for (ThreadGroup g : processes(k, this)) {
            for (Task t : g.tasks) {
                t.attention = true;
                if (t.state == Task.RUNNING) t.ctx.interrupt();
            }
        }
    }

    public void thaw(Kernel k) {
        isFrozen = false;
        for (ThreadGroup g : processes(k, this)) {
            for (Task t : g.tasks) {
                if (t.isFrozen) k.makeReady(t);
                t.isFrozen = false;
            }
        }
    }

    // ---- memory
    void beginLook() {
        resident = 0;
        most = -1;
        largest = null;
    }

    void seen(ThreadGroup g, long bytes) {
        resident += bytes;
        if (bytes <= most) return;
        most = bytes;
        largest = g;
    }

    boolean isTooLarge() { return memoryLimit > 0 && resident > memoryLimit; }

    /** As the host's OOM killer in a group that is too large. */
    void killLargest() {
        if (largest == null) return;
        DebugLog.warn("out of memory: " + (resident >> 20) + " MB resident in a container, limit "
                + (memoryLimit >> 20) + " MB: killed " + largest.leader);
        MemoryGuard.kill(largest);
    }
}

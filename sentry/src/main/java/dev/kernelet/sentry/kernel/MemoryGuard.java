package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.ipc.SharedSegments;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.mm.MapsText;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.wait.Timer;

/**
 * Holds a sandbox to its memory limit where no cgroup does: while application code runs it looks at what all address spaces have
 * resident, and when that is too much it kills the process with most, as the host's OOM killer would in a cgroup. Files in
 * memory and shared mappings have a limit of the same size to themselves: what is written by calls tmpfs
 * refuses, what is written through mappings is seen here. Kernel lock.
 */
public final class MemoryGuard extends Timer {
    private static final long PERIOD_NANOS = 50_000_000L, SHARED_PERIOD_NANOS = 500_000_000L;
    private static final int SIGKILL = 9;
    /**
     * Bytes of a mapping in the host's kernel; of the page tables that a page needs at most which is alone.
     */
    private static final int HOST_VMA = 256, LONE_PAGE = 3 * 4096;

    private final Kernel kernel;
    private final long limit;
    // of the last look
    private long total;
    private ThreadGroup largest, largestOther;
    private long most;
    /**
     * Resident pages that are not a process's own: files, and shared memory, which a close look tells apart.
     */
    private long mapped, shared;
    private long mappedThen, lookedThen;
    private int looks;
    private final long[] shares = new long[2];

    private MemoryGuard(Kernel kernel, long limit) {
        this.kernel = kernel;
        this.limit = limit;
    }

    /** Starts guarding {@code limit} bytes. */
    public static void start(Kernel kernel, long limit) {
        kernel.memoryGuard = new MemoryGuard(kernel, limit);
        HeapBudget.limitBuffers(limit);
    }

    /** Application code is about to run: looks again soon, if it does not already. */
    void wakeUp() {
        if (!isArmed()) kernel.timers.arm(this, kernel.now() + PERIOD_NANOS);
    }

    @Override
    protected void fire() {
        // Nothing runs: nothing grows. The next resume arms the timer again.
        if (kernel.runningCount == 0) return;
        // What each has resident is cheap to ask, but counts what a fork shares once for each: that it is too much is looked at.
        long much = look(false) > limit && look(true) > limit ? total : lookAtShared();
        if (much > limit && largest != null) {
            // Files that nobody has mapped are anybody's: the first process, whose end is that of all, goes last.
            boolean isNobodys = largest == kernel.init && most < much / 2 && largestOther != null;
            ThreadGroup victim = isNobodys ? largestOther : largest;
            DebugLog.warn("out of memory: " + (much >> 20) + " MB resident, limit " + (limit >> 20)
                    + " MB (--memory): killed " + victim.leader);
            kill(victim);
        }
        largest = largestOther = null;
        if (kernel.controlGroups != null) lookAtGroups();
        kernel.timers.arm(this, kernel.now() + PERIOD_NANOS);
    }

    /** It and all that live in the same memory (vfork(2)): else nothing would be gained. */
    static void kill(ThreadGroup g) {
        Task first = g.anyTask();
        MemoryManager mm = first == null ? null : first.mm;
        var pids = g.kernel.pids;
        ThreadGroup o;
        for (int pid = 1; mm != null && (o = pids.groupFrom(pid)) != null; pid = o.pid + 1) {
            Task t = o == g || o.isZombie ? null : o.anyTask();
            if (t != null && t.mm == mm) Signals.send(o, SIGKILL);
        }
        Signals.send(g, SIGKILL);
    }

    /** Containers with limits of their own; files in memory are nobody's. */
    private void lookAtGroups() {
        boolean isMuch = false;
        for (ControlGroup c : kernel.controlGroups) isMuch |= c.isTooLarge();
        if (!isMuch) return;
        look(true);
        for (ControlGroup c : kernel.controlGroups) if (c.isTooLarge()) c.killLargest();
    }

    /**
     * Files in memory and shared mappings grow where they are written through mappings, which no charge can
     * refuse: how much they are, mapped or not. That is much work, so it is done now and then, and when much
     * more than before is mapped.
     */
    private long lookAtShared() {
        long now = kernel.now();
        boolean isMore = mapped > limit && mapped - mappedThen > limit / 4;
        if (!isMore && now - lookedThen < SHARED_PERIOD_NANOS) return 0;
        lookedThen = now;
        mappedThen = mapped;
        long files = Tmpfs.inUse(kernel) + SharedSegments.inUse();
        if (mapped <= limit && files <= limit) return 0;
        look(true);
        return Math.max(files, shared);
    }

    /**
     * What the host's kernel keeps for a process: its mappings, and page tables, which pages that are
     * nobody's (zeros that were only read) need as well. These it is asked for only where they can be many.
     */
    private long keptByHost(MemoryManager mm) {
        long most = (mm.total >> 9) + (long) mm.mappingCount() * LONE_PAGE;
        long tables = most > Math.max(512 << 10, limit >> 10) ? MapsText.pageTables(mm) : 0;
        return (long) mm.mappingCount() * HOST_VMA + tables;
    }

    /** Sums up all processes into {@link #total}, pages that several have once if {@code isExact}; finds the largest. */
    private long look(boolean isExact) {
        long mostOther = -1;
        most = -1;
        total = 0;
        mapped = shared = 0;
        looks++;
        if (kernel.controlGroups != null) for (ControlGroup c : kernel.controlGroups) c.beginLook();
        ThreadGroup g;
        for (int pid = 1; (g = kernel.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            Task t = g.isZombie ? null : g.anyTask();
            MemoryManager mm = t == null ? null : t.mm;
            if (mm == null || mm.space == null || !mm.space.isAlive()) continue;
            // One memory of several processes (vfork(2), CLONE_VM): the first one's.
            if (mm.users > 1 && mm.lastLook == looks) continue;
            mm.lastLook = looks;
            long own, others = 0;
            if (isExact && MapsText.share(mm, shares)) {
                own = shares[0];
                others = shares[1];
                shared += others;
            } else {
                long[] pages = MapsText.resident(mm);
                own = pages[0] - pages[1] << 12;
                mapped += pages[1] << 12;
            }
            own += keptByHost(mm);
            total += own;
            if (g.controlGroup != null) g.controlGroup.seen(g, own);
            if (own + others > most) {
                most = own + others;
                largest = g;
            }
            if (g != kernel.init && own + others > mostOther) {
                mostOther = own + others;
                largestOther = g;
            }
        }
        return total;
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the whole sandbox is to the world outside: one process of a job of the caller's shell (setpgid(2),
 * credentials(7)). When the first program's process group stops inside, the sandbox stops outside by the same
 * signal, so that the caller's shell takes its terminal back; a SIGCONT from there (fg, bg) continues both.
 * Kernel lock, but for {@link #continued}.
 */
public final class CallerJob {
    private static final int GENERATIONS_MAX = 32, SIG_UNBLOCK = 1, SIG_BLOCK = 0;
    /** Fields of /proc/PID/stat behind the name, from 0. */
    private static final int STAT_PARENT = 1, STAT_GROUP = 2, STAT_SESSION = 3;

    private final Kernel kernel;
    private final long mask = Memory.allocate(8);
    /** SIGCONTs that arrived and have not reached the first program yet. */
    private final AtomicInteger continuing = new AtomicInteger();

    CallerJob(Kernel kernel) { this.kernel = kernel; }

    /** A SIGCONT was read (any thread): the stop that is being thought about is over. */
    public void continued() { continuing.incrementAndGet(); }

    /** That SIGCONT has reached the first program. */
    void delivered() { continuing.decrementAndGet(); }

    // ---- orphaned groups
    /**
     * Whether nobody outside would continue us: no process of our group has its parent in another group of
     * our session. Our ancestors of the same group (a script that calls us) count; other members (a
     * pipeline's) have the same parents. Without /proc: no, rather a stop that somebody must end than none.
     */
    boolean isOrphaned() {
        String stat = HostProc.read("self/stat");
        if (stat.isEmpty()) return false;
        int group = field(stat, STAT_GROUP), session = field(stat, STAT_SESSION), parent = field(stat, STAT_PARENT);
        for (int i = 0; i < GENERATIONS_MAX && parent > 1; i++) {
            stat = HostProc.read(parent + "/stat");
            if (stat.isEmpty() || field(stat, STAT_SESSION) != session) return true;
            if (field(stat, STAT_GROUP) != group) return false;
            parent = field(stat, STAT_PARENT);
        }
        return true;
    }

    private static int field(String stat, int index) {
        int at = stat.lastIndexOf(')') + 2;
        for (int i = 0; i < index; i++) at = stat.indexOf(' ', at) + 1;
        return Integer.parseInt(stat, at, stat.indexOf(' ', at), 10);
    }

    // ---- stopping
    /**
     * A process of {@code pg} has stopped or ended: stops the sandbox when that is the first program's group
     * and all of it stands.
     */
    void check(ProcessGroup pg) {
        ThreadGroup init = kernel.init;
        if (init == null || pg != init.processGroup || !init.isStopped || init.isExiting) return;
        for (int i = 0; i < pg.members.size(); i++) {
            ThreadGroup g = pg.members.get(i);
            if (!g.isStopped && !g.isZombie) return;
        }
        // SIGSTOP is no terminal's: somebody inside may mean to continue the group.
        if (init.stopSignal == SIGSTOP && isAnyRunning()) return;
        stop(init.stopSignal);
    }

    private boolean isAnyRunning() {
        for (ThreadGroup g = kernel.pids.groupFrom(1); g != null; g = kernel.pids.groupFrom(g.pid + 1)) {
            if (!g.isStopped && !g.isZombie) return true;
        }
        return false;
    }

    /**
     * Stops this process; comes back after SIGCONT, or at once when the host ignores the signal (an orphaned
     * group).
     */
    private void stop(int signo) {
        // A stop signal would discard a SIGCONT that is on its way.
        if (continuing.get() > 0 || isContinuePending()) return;
        Memory.putLong(mask, bit(signo));
        if (signo != SIGSTOP) HostCall.call(RT_SIGPROCMASK, SIG_UNBLOCK, mask, 0, 8);
        // To this thread alone: the one that reads the signalfd must not get hold of it.
        HostCall.call(TGKILL, HostCall.call(GETPID), HostCall.call(GETTID), signo);
        if (signo != SIGSTOP) HostCall.call(RT_SIGPROCMASK, SIG_BLOCK, mask, 0, 8);
    }

    private static boolean isContinuePending() {
        String status = HostProc.read("self/status");
        int at = status.indexOf("ShdPnd:\t");
        return at >= 0 && (Long.parseUnsignedLong(status, at + 8, at + 24, 16) & bit(SIGCONT)) != 0;
    }
}

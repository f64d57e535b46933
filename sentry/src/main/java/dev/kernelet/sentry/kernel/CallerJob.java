package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the whole sandbox is to the world outside: one process of a job of the caller's shell (setpgid(2), credentials(7)). When
 * the first program's process group stops inside, the sandbox stops outside by the same signal, so that the caller's shell
 * takes its terminal back; a SIGCONT from there (fg, bg) continues both. Kernel lock, but for {@link #continued}.
 */
public final class CallerJob {
    private static final int O_RDONLY_CLOEXEC = 0x80000, GENERATIONS_MAX = 32;
    private static final int SIG_UNBLOCK = 1, SIG_BLOCK = 0, WORDS = 512;

    private final Kernel kernel;
    private final long buffer = Memory.allocate(WORDS);
    /** SIGCONTs that arrived and have not reached the first program yet. */
    private final AtomicInteger continuing = new AtomicInteger();

    CallerJob(Kernel kernel) { this.kernel = kernel; }

    /** A SIGCONT was read (any thread): the stop that is being thought about is over. */
    public void continued() { continuing.incrementAndGet(); }

    /** That SIGCONT has reached the first program. */
    void delivered() { continuing.decrementAndGet(); }

    // ---- orphaned groups
    /**
     * Whether nobody outside would continue us: no process of our group has its parent in another group of our session. Our
     * ancestors of the same group (a script that calls us) count; other members (a pipeline's) have the same parents.
     */
    boolean isOrphaned() {
        long group = HostCall.call(GETPGID, 0), session = HostCall.call(GETSID, 0);
        long parent = HostCall.call(GETPPID);
        for (int i = 0; i < GENERATIONS_MAX && parent > 1; i++) {
            if (HostCall.call(GETSID, parent) != session) return true;
            if (HostCall.call(GETPGID, parent) != group) return false;
            parent = parentOf(parent);
            if (parent < 0) return false; // No /proc here: rather a stop that somebody must end than none.
        }
        return true;
    }

    /** Field 4 of /proc/PID/stat, or -1. */
    private long parentOf(long pid) {
        Memory.putBytes(buffer, "/proc/" + pid + "/stat\0");
        long fd = HostCall.call(OPENAT, -100, buffer, O_RDONLY_CLOEXEC, 0);
        if (fd < 0) return -1;
        int n = (int) HostCall.call(READ, fd, buffer, WORDS);
        HostCall.call(CLOSE, fd);
        int at = n - 1;
        while (at > 0 && Memory.getByte(buffer + at) != ')') at--;
        long parent = 0;
        for (at += 4; at < n && Memory.getByte(buffer + at) != ' '; at++) parent = parent * 10 + Memory.getByte(buffer + at) - '0';
        return at <= 4 ? -1 : parent;
    }

    // ---- stopping
    /** A process of {@code pg} has stopped or ended: stops the sandbox when that is the first program's group and all of it stands. */
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

    /** Stops this process; comes back after SIGCONT, or at once when the host ignores the signal (an orphaned group). */
    private void stop(int signo) {
        Memory.putLong(buffer, 0);
        HostCall.call(RT_SIGPENDING, buffer, 8);
        // A stop signal would discard a SIGCONT that is on its way.
        if (continuing.get() > 0 || (Memory.getLong(buffer) & bit(SIGCONT)) != 0) return;
        if (signo != SIGSTOP) {
            Memory.putLong(buffer, bit(signo));
            HostCall.call(RT_SIGPROCMASK, SIG_UNBLOCK, buffer, 0, 8);
        }
        // To this thread alone: the one that reads the signalfd must not get hold of it.
        HostCall.call(TGKILL, HostCall.call(GETPID), HostCall.call(GETTID), signo);
        if (signo == SIGSTOP) return;
        Memory.putLong(buffer, bit(signo));
        HostCall.call(RT_SIGPROCMASK, SIG_BLOCK, buffer, 0, 8);
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

/** Stopping and continuing whole processes (signal(7), setpgid(2)). Kernel lock. */
final class JobControl {
    private JobControl() {}

    /** Side effects of sending a signal, whatever becomes of it: stops and SIGCONT cancel each other. */
    static void prepare(ThreadGroup g, int signo) {
        if ((bit(signo) & STOP_SIGNALS) != 0) {
            discard(g, bit(SIGCONT));
        } else if (signo == SIGCONT) {
            discard(g, STOP_SIGNALS);
            resume(g);
        }
    }

    private static void discard(ThreadGroup g, long mask) {
        g.pending.discard(g.kernel, mask);
        for (int i = 0; i < g.tasks.size(); i++) g.tasks.get(i).signals.pending.discard(g.kernel, mask);
    }

    private static void resume(ThreadGroup g) {
        g.stopsMissing = 0;
        for (int i = 0; i < g.tasks.size(); i++) {
            Task t = g.tasks.get(i);
            t.mustStop = false;
            if (t.state == Task.STOPPED) g.kernel.makeReady(t);
        }
        if (!g.isStopped) return;
        g.isStopped = false;
        g.reportsStop = false;
        g.reportsContinue = true;
        tellParent(g, CLD_CONTINUED, SIGCONT);
    }

    /** A stop signal is taken by {@code t}: all tasks of its process are to stop. */
    static void begin(Task t, int signo) {
        ThreadGroup g = t.group;
        g.stopSignal = signo;
        g.stopsMissing = 0;
        for (int i = 0; i < g.tasks.size(); i++) {
            Task o = g.tasks.get(i);
            if (o.state == Task.STOPPED || o.isKilled) continue;
            o.mustStop = true;
            g.stopsMissing++;
            if (o != t) o.notifySignal();
        }
    }

    /** {@code t} stops here. */
    static void stop(Task t) {
        t.state = Task.STOPPED;
        stopped(t);
    }

    /** One task less to wait for: it has stopped, or ended. */
    static void stopped(Task t) {
        ThreadGroup g = t.group;
        t.mustStop = false;
        if (g.stopsMissing == 0 || --g.stopsMissing > 0) return;
        g.isStopped = true;
        g.reportsStop = true;
        g.reportsContinue = false;
        tellParent(g, CLD_STOPPED, g.stopSignal);
        g.kernel.job.check(g.processGroup);
    }

    private static void tellParent(ThreadGroup g, int code, int status) {
        ThreadGroup p = g.parent;
        if (p == null) return;
        if ((p.handlers.flags[SIGCHLD] & SA_NOCLDSTOP) == 0 && !p.handlers.isIgnored(SIGCHLD)) {
            Signals.send(p, Exit.childInfo(g, SIGCHLD, code, status));
        }
        p.childQueue.wake(~0);
    }

    /**
     * {@code g} is leaving its group or its parent: jobs that become orphaned with stopped members get SIGHUP
     * and SIGCONT, for nobody else could wake them (_exit(2)).
     */
    static void checkOrphaned(ProcessGroup pg, ThreadGroup leaving) {
        if (!pg.hasStopped() || !pg.isOrphaned(leaving)) return;
        Signals.send(pg, SIGHUP);
        Signals.send(pg, SIGCONT);
    }

    // ---- process groups
    static void join(ThreadGroup g, ProcessGroup pg) {
        leave(g);
        g.processGroup = pg;
        pg.members.add(g);
        g.kernel.pids.add(pg);
    }

    static void leave(ThreadGroup g) {
        ProcessGroup old = g.processGroup;
        if (old == null) return;
        old.members.remove(g);
        g.processGroup = null;
        if (!old.members.isEmpty()) return;
        old.session.groups.remove(old);
        g.kernel.pids.remove(old);
    }
}

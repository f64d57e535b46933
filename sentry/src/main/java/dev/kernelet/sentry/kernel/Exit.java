package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.wait.Timer;

/**
 * How tasks and processes end. Kernel lock.
 *
 * <p>A task is plain data, so it can be finished wherever it is as long as its host thread is stopped or about to be
 * killed with the whole address space. Only a running thread of a memory that lives on (a vfork child) has to be
 * interrupted first; a stub that does not obey is killed after a deadline.
 */
public final class Exit {
    /** Generous: what is killed then is the whole memory, a vfork parent included, and a busy host starves threads. */
    private static final long OBEY_NANOS = 10_000_000_000L;

    private Exit() {}

    /** exit(2): one thread ends. */
    public static long exit(Task t, int code) {
        int status = (code & 0xff) << 8;
        // Without exit_group(2) the status of the thread that ends last counts.
        if (!t.group.isExiting) t.group.exitStatus = status;
        exitTask(t, status);
        return Task.GONE;
    }

    /** The kernel ends one thread with a signal's wait status. */
    static long exitThread(Task t, int signo) {
        if (!t.group.isExiting) t.group.exitStatus = signo;
        exitTask(t, signo);
        return Task.GONE;
    }

    /** exit_group(2): all threads end. */
    public static long exitGroup(Task t, int code) {
        killGroup(t.group, (code & 0xff) << 8);
        exitTask(t, t.group.exitStatus);
        return Task.GONE;
    }

    /** reboot(2): the first process of the PID namespace ends as by {@code signo}, and with it all others. */
    public static long reboot(Task t, int signo) {
        killGroup(t.group.pids == null ? t.kernel.init : t.group.pids.init(), signo);
        exitTask(t, t.group.exitStatus);
        return Task.GONE;
    }

    /** The host process behind the task died, or had to be killed: as by SIGKILL. */
    static void hostDeath(Task t) {
        if (t.state == Task.DEAD) return;
        killGroup(t.group, SIGKILL);
        exitTask(t, t.group.exitStatus);
    }

    /** Ends all tasks of a process with wait status {@code status}; a task whose handler is running ends when it returns. */
    static void killGroup(ThreadGroup g, int status) {
        if (g.isExiting || g.tasks.isEmpty()) return;
        g.isExiting = true;
        g.exitStatus = status;
        g.stopsMissing = 0;
        for (int i = g.tasks.size() - 1; i >= 0; i--) if (i < g.tasks.size()) kill(g.tasks.get(i));
    }

    /** Ends one task: at once where its host thread is out of the way, else as soon as it is. */
    static void kill(Task t) {
        if (t.state == Task.DEAD || t.isKilled) return;
        t.isKilled = true;
        t.attention = true;
        switch (t.state) {
            case Task.WAITING, Task.STOPPED -> finish(t);
            case Task.RUNNING -> {
                if (hasOwnMemory(t)) {
                    finish(t);
                } else {
                    t.ctx.interrupt();
                    new Deadline(t).arm();
                }
            }
            default -> {
                if (t.isNew) finish(t);
            }
        }
    }

    /** Whether the memory goes away with the (ending) process. */
    private static boolean hasOwnMemory(Task t) {
        int users = 0;
        for (int i = 0; i < t.group.tasks.size(); i++) if (t.group.tasks.get(i).mm == t.mm) users++;
        return t.mm.users == users;
    }

    private static final class Deadline extends Timer {
        private final Task task;

        Deadline(Task task) { this.task = task; }

        void arm() { task.kernel.timers.arm(this, task.kernel.now() + OBEY_NANOS); }

        @Override
        protected void fire() {
            if (task.state == Task.RUNNING) task.mm.space.kill();
        }
    }

    /** The task at hand ends: its handler must answer GONE. */
    static void exitTask(Task t, int status) {
        if (t.state == Task.DEAD) return;
        finish(t);
    }

    /** exec takes the process over: all other tasks are gone at once. */
    static void endOthers(Task t) {
        ThreadGroup g = t.group;
        while (g.tasks.size() > 1) {
            Task o = g.tasks.get(g.tasks.size() - 1);
            if (o == t) o = g.tasks.get(g.tasks.size() - 2);
            o.isKilled = true;
            boolean lingers = o.state == Task.RUNNING && o.mm.users > g.tasks.size();
            finish(o);
            if (!lingers) continue;
            // Its memory lives on (a vfork parent's): the host thread is let go once it has stopped.
            o.lingers = true;
            t.kernel.addRunning(o);
            o.ctx.interrupt();
            new Deadline(o).arm();
        }
    }

    private static void finish(Task t) {
        Kernel k = t.kernel;
        ThreadGroup g = t.group;
        boolean wasRunning = t.state == Task.RUNNING;
        if (wasRunning) k.removeRunning(t);
        t.endCall();
        t.state = Task.DEAD;
        if (t.mustStop) JobControl.stopped(t);
        if (t.semUndo != null) t.semUndo.cleanup(t);
        boolean isLast = g.tasks.size() == 1;
        if (isLast) {
            g.cpuNanosAtEnd = CpuClocks.process(g);
            if (g.controlGroup != null) g.controlGroup.cpuNanosEnded += g.cpuNanosAtEnd;
        }
        leaveMemory(t, wasRunning);
        g.tasks.remove(t);
        if (--t.fs.users == 0) t.fs.release(t);
        t.fds.put(t);
        if (t.ipc != null) {
            t.ipc.put();
            t.ipc = null;
        }
        if (t.cred.ns != null) t.cred.ns.put();
        if (t.childPids != null) {
            t.childPids.put();
            t.childPids = null;
        }
        k.users.tasks(t.cred.uid, -1);
        if (g.controlGroup != null) g.controlGroup.tasks--;
        t.signals.pending.discard(k, ~0L);
        reparentChildren(t);
        if (t.pidfdQueue != null) t.pidfdQueue.wake(~0);
        t.mem.release();
        if (t != g.leader) {
            k.pids.remove(t);
            if (t.procDirectory != null) t.procDirectory.ended();
        }
        if (isLast) groupEnds(g);
    }

    /** Gives the address space up: robust futexes, clear_child_tid, a waiting vfork parent, the host thread. */
    private static void leaveMemory(Task t, boolean wasRunning) {
        MemoryManager mm = t.mm;
        ExecutionContext c = t.ctx;
        boolean isAlive = !c.isDead() && mm.space.isAlive();
        t.kernel.futexes.ownerEnds(t);
        if (isAlive) RobustList.walk(t, wasRunning);
        if (isAlive && t.rseqArea != 0 && mm.users > 1 && !wasRunning) Rseq.leave(t);
        if (isAlive && t.clearChildTid != 0 && mm.users > 1) RobustList.clearTid(t);
        boolean isShared = mm.users > 1;
        if (isShared && isAlive && !wasRunning) c.exitThread();
        releaseVforkParent(t);
        mm.put(t);
    }

    /** The parent that waits for exec or exit of its vfork child goes on. */
    static void releaseVforkParent(Task t) {
        Task parent = t.vforkParent;
        if (parent == null) return;
        t.vforkParent = null;
        if (parent.vforkChild != t) return;
        parent.vforkChild = null;
        t.kernel.makeReady(parent);
    }

    /** Children go to another thread of the process, or to the next subreaper or init; they learn of a parent's death. */
    private static void reparentChildren(Task t) {
        ThreadGroup g = t.group;
        boolean groupLives = !g.tasks.isEmpty();
        ThreadGroup reaper = groupLives ? g : reaperFor(g);
        for (int i = g.children.size() - 1; i >= 0; i--) {
            if (i >= g.children.size()) continue;
            ThreadGroup c = g.children.get(i);
            if (groupLives && c.creator != t) continue;
            reparent(c, g, reaper, !groupLives || c.creator == t);
        }
    }

    private static void reparent(ThreadGroup c, ThreadGroup from, ThreadGroup to, boolean parentDied) {
        if (parentDied) {
            for (int j = 0; j < c.tasks.size(); j++) {
                Task ct = c.tasks.get(j);
                if (ct.parentDeathSignal == 0) continue;
                SigInfo i = SigInfo.user(ct.parentDeathSignal, SI_USER, from.ownPid, 0);
                Signals.send(ct, i.between(from.leader, c));
            }
        }
        if (to == null) return;
        c.creator = to.anyTask();
        if (to == from) return;
        from.children.remove(c);
        c.parent = to;
        to.children.add(c);
        c.exitSignal = SIGCHLD;
        c.isAdopted = true;
        if (c.isZombie) notifyParent(c);
        else if (c.processGroup != null && c.processGroup.session == from.session()) {
            JobControl.checkOrphaned(c.processGroup, null);
        }
    }

    /**
     * The living process that takes over the children of {@code g}; null: the sandbox is ending. In an inner
     * PID namespace none from above, and its first process also when that has ended: it lets nobody live.
     */
    private static ThreadGroup reaperFor(ThreadGroup g) {
        if (g.hasSubreaper) {
            for (ThreadGroup p = g.parent; p != null && p.pids == g.pids; p = p.parent) {
                if (p.isSubreaper && !p.tasks.isEmpty() && !p.isExiting) return p;
            }
        }
        if (g.pids != null) return g.pids.init();
        ThreadGroup init = g.kernel.init;
        return init == null || init == g || init.tasks.isEmpty() ? null : init;
    }

    private static void groupEnds(ThreadGroup g) {
        Kernel k = g.kernel;
        g.isExiting = true;
        g.isStopped = false;
        g.pending.discard(k, ~0L);
        if (g.timers != null) g.timers.release();
        ProcessGroup pg = g.processGroup;
        Session session = pg.session;
        if (session.leader == g) {
            session.leader = null;
            if (session.tty != null) session.tty.leaderExited(session);
        }
        // The first process of a namespace ends when everybody else there has.
        if (!g.isInnerInit() || g.pids.close()) becomeZombie(g);
    }

    /** It waits to be waited for. */
    static void becomeZombie(ThreadGroup g) {
        Kernel k = g.kernel;
        ProcessGroup pg = g.processGroup;
        for (int i = 0; i < g.atExit.size(); i++) g.atExit.get(i).processEnded(g);
        g.atExit.clear();
        g.isZombie = true;
        JobControl.checkOrphaned(pg, g);
        k.job.check(pg);
        if (g == k.init) {
            k.exitStatus = g.exitStatus;
            endSandbox(k);
            return;
        }
        g.exitQueue.wake(~0);
        notifyParent(g);
    }

    /** The first process has ended: so does everything else. */
    private static void endSandbox(Kernel k) {
        for (ThreadGroup g = k.pids.groupFrom(1); g != null; g = k.pids.groupFrom(g.pid + 1)) killGroup(g, SIGKILL);
        k.stop();
    }

    // ---- the parent learns
    static SigInfo childInfo(ThreadGroup g, int signo, int code, int status) {
        int uid = g.parent.leader.cred.userOut(g.leader.cred.uid);
        SigInfo i = SigInfo.user(signo, code, g.pidIn(g.parent.pids), uid);
        i.u1 = status & 0xffffffffL;
        long nanos = g.isZombie ? g.cpuNanosAtEnd : CpuClocks.process(g);
        i.u2 = CpuClocks.userNanos(nanos) / 10_000_000;
        i.u3 = CpuClocks.systemNanos(nanos) / 10_000_000;
        return i;
    }

    static int exitCode(int status) {
        if ((status & 0x7f) == 0) return CLD_EXITED;
        return (status & 0x80) != 0 ? CLD_DUMPED : CLD_KILLED;
    }

    static int exitValue(int status) { return (status & 0x7f) == 0 ? status >> 8 & 0xff : status & 0x7f; }

    private static void notifyParent(ThreadGroup g) {
        ThreadGroup p = g.parent;
        // Came from outside the sandbox (Init.createInit), or nobody is left to wait for it.
        if (p == null || p.isInnerInit() && p.pids.isClosed()) {
            reap(g);
            return;
        }
        boolean isIgnored = false;
        if (g.exitSignal == SIGCHLD) {
            isIgnored = p.handlers.handler[SIGCHLD] == SIG_IGN
                    || (p.handlers.flags[SIGCHLD] & SA_NOCLDWAIT) != 0;
        }
        // What init has adopted it need not know of: a command of "do" is no init.
        if (g.isAdopted && p == g.kernel.init && g.kernel.options.reapsOrphans && !p.isSubreaper) {
            reap(g);
            return;
        }
        if (g.exitSignal != 0 && !(g.exitSignal == SIGCHLD && p.handlers.handler[SIGCHLD] == SIG_IGN)) {
            Signals.send(p, childInfo(g, g.exitSignal, exitCode(g.exitStatus), exitValue(g.exitStatus)));
        }
        if (isIgnored) reap(g);
        p.childQueue.wake(~0);
    }

    /** A zombie's last trace goes away. */
    static void reap(ThreadGroup g) {
        Kernel k = g.kernel;
        g.isReaped = true;
        ThreadGroup p = g.parent;
        if (p != null) {
            p.children.remove(g);
            p.childCpuNanos += g.cpuNanosAtEnd + g.childCpuNanos;
            p.childMaxRssKb = Math.max(p.childMaxRssKb, Math.max(g.maxRssKb, g.childMaxRssKb));
        }
        JobControl.leave(g);
        k.pids.remove(g.leader);
        k.pids.remove(g);
        if (g.procDirectory != null) g.procDirectory.ended();
    }
}

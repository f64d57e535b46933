package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

/**
 * Signal state of a task (mask, pending signals, alternate stack), and the ways to send one (signal(7)). Delivery is
 * in {@link SignalDelivery}. Kernel lock.
 */
public final class Signals {
    final Task task;
    public long mask;
    final PendingSignals pending = new PendingSignals();

    /** The mask to go back to when a temporary one ends. */
    private long savedMask;
    boolean hasSavedMask;
    /** Blocked signals that a sigtimedwait of this task is waiting for. */
    public long awaited;

    // ---- sigaltstack(2)
    long altStack, altSize;
    int altFlags = SS_DISABLE;

    // ---- of the last fault, for the sigcontext
    long trapNumber, errorCode, faultAddress;

    Signals(Task task) { this.task = task; }

    /** Whether an unblocked signal (or a kill, or a stop) is waiting to be looked at. */
    public boolean isPending() {
        return task.isKilled || task.mustStop || deliverable() != 0;
    }

    long deliverable() { return (pending.set | task.group.pending.set) & ~mask; }

    /** sigpending(2). */
    public long pendingAndBlocked() { return (pending.set | task.group.pending.set) & mask; }

    public long pendingSet() { return pending.set; }

    public long groupPendingSet() { return task.group.pending.set; }

    /** Sets the mask; signals that become deliverable are looked at before the task goes on. */
    public void setMask(long newMask) {
        mask = newMask & ~UNMASKABLE;
        if (deliverable() != 0) task.attention = true;
    }

    /**
     * Replaces the mask until the call at hand ends (rt_sigsuspend, ppoll, pselect6, epoll_pwait): a handler's frame then
     * restores the old one; without a signal it is restored when the call returns. Called at the first run only.
     */
    public void setTemporaryMask(long newMask) {
        if (!hasSavedMask) savedMask = mask;
        hasSavedMask = true;
        mask = newMask & ~UNMASKABLE;
        // beforeResume must see the end of the call in any case.
        task.attention = true;
    }

    /** The mask that a handler's frame restores. */
    long takeMaskForFrame() {
        long m = hasSavedMask ? savedMask : mask;
        hasSavedMask = false;
        return m;
    }

    void restoreMask() {
        if (!hasSavedMask) return;
        hasSavedMask = false;
        setMask(savedMask);
    }

    /** Sends a signal of the kernel's own (SIGPIPE, SIGXFSZ) to this task. */
    public void raise(int signal) {
        send(task, SigInfo.user(signal, SI_USER, task.group.ownPid, task.cred.userOut(task.cred.uid)));
    }

    /** Before returning to the application; see Worker. */
    long beforeResume(long result) { return SignalDelivery.beforeResume(task, result); }

    /** A synchronous exception of the application (fields of the context). */
    void fault() { SignalDelivery.fault(task); }

    /** Whether the task would take that signal at once. */
    boolean wants(int signo) {
        if (task.state == Task.DEAD || task.isKilled) return false;
        if ((mask & ~awaited & bit(signo)) != 0) return false;
        return task.state != Task.STOPPED;
    }

    // ---- dequeuing
    /** Takes the next signal of {@code candidates}, the task's own before the process's; or null. */
    SigInfo take(long candidates) {
        Kernel k = task.kernel;
        int signo = pending.next(candidates);
        if (signo != 0) return taken(pending.take(k, signo));
        signo = task.group.pending.next(candidates);
        return signo == 0 ? null : taken(task.group.pending.take(k, signo));
    }

    SigInfo takeFault() {
        int signo = pending.nextFault(~mask);
        return signo == 0 ? null : taken(pending.take(task.kernel, signo));
    }

    static SigInfo taken(SigInfo i) {
        i.dequeued();
        return i;
    }

    /** For signalfd and sigtimedwait: takes a pending signal out of {@code wanted}, blocked or not; or null. */
    public SigInfo takePending(long wanted) { return take(wanted & ~UNMASKABLE); }

    // ---- sending
    /** To one thread, by the kernel (SI_KERNEL): SIGPIPE, SIGXFSZ, SIGXCPU... */
    public static void send(Task t, int signo) { send(t, SigInfo.of(signo, SI_KERNEL)); }

    /** To a process, by the kernel: SIGWINCH, SIGHUP, SIGALRM... */
    public static void send(ThreadGroup g, int signo) { send(g, SigInfo.of(signo, SI_KERNEL)); }

    /** To every process of a group, by the kernel: terminals. */
    public static void send(ProcessGroup pg, int signo) {
        for (int i = pg.members.size() - 1; i >= 0; i--) {
            if (i < pg.members.size()) send(pg.members.get(i), signo);
        }
    }

    /** SIGPIPE for a write to a pipe or socket without readers (pipe(7)): answers -EPIPE. */
    public static long brokenPipe(Task t) {
        t.signals.raise(SIGPIPE);
        return -EPIPE;
    }

    /** 0, or -EAGAIN when a real-time signal finds the queue full. */
    public static long send(Task t, SigInfo info) { return post(t, t.group, true, info); }

    public static long send(ThreadGroup g, SigInfo info) {
        Task t = g.anyTask();
        return t == null ? 0 : post(t, g, false, info);
    }

    /**
     * Queues an object that is sent again and again; false when it is still queued from before (the sender counts an
     * overrun). {@code t} null: to the process.
     */
    public static boolean sendReusable(Task t, ThreadGroup g, SigInfo info) {
        if (info.isQueued) return false;
        if (t != null) send(t, info); else send(g, info);
        return true;
    }

    /** Takes a reusable object off the queue it may be in: its timer is deleted. */
    public static void cancelReusable(Task t, ThreadGroup g, SigInfo info) {
        if (!info.isQueued) return;
        g.pending.remove(g.kernel, info);
        if (info.isQueued && t != null) t.signals.pending.remove(g.kernel, info);
    }

    private static long post(Task t, ThreadGroup g, boolean isForThread, SigInfo info) {
        int signo = info.signo;
        if (g.isZombie || g.tasks.isEmpty() || isForThread && t.state == Task.DEAD) return 0;
        if (g.isExiting) return 0;
        JobControl.prepare(g, signo);
        if (g.isUnkillable && isRefused(t, g, info)) {
            info.dequeued();
            return 0;
        }
        if (signo == SIGKILL) {
            Exit.killGroup(g, SIGKILL);
            return 0;
        }
        if (isDropped(t, g, signo)) {
            // A blocked signal is kept even if ignored: the disposition may change before it is unblocked.
            info.dequeued();
            return 0;
        }
        PendingSignals p = isForThread ? t.signals.pending : g.pending;
        if (signo < SIGRTMIN && p.has(signo)) {
            info.dequeued();
            return 0;
        }
        if (!charge(t, info)) {
            if (signo >= SIGRTMIN && info.code < 0 && info.code != SI_TKILL) return -EAGAIN;
            info = null;
        }
        p.add(signo, info);
        if (!g.kernel.signalQueue.isEmpty()) g.kernel.signalQueue.wake(dev.kernelet.sentry.vfs.OpenFile.POLLIN);
        Task target = isForThread ? t.signals.wants(signo) ? t : null : g.targetFor(signo);
        if (target == null) return 0;
        if (target.vforkChild != null && ends(g, signo)) Exit.killGroup(g, signo);
        else target.notifySignal();
        return 0;
    }

    /** What ends the process without a core dump does so at once, even in vfork(2), where signals wait otherwise. */
    private static boolean ends(ThreadGroup g, int signo) {
        long harmless = IGNORED_BY_DEFAULT | STOP_SIGNALS | DUMPS_CORE;
        return g.handlers.handler[signo] == SIG_DFL && (bit(signo) & harmless) == 0 && !g.isUnkillable;
    }

    /**
     * What the first process of a container or namespace does not notice: blocked signals are looked at again
     * when delivered.
     */
    private static boolean isRefused(Task t, ThreadGroup g, SigInfo info) {
        int signo = info.signo;
        if (g.handlers.handler[signo] != SIG_DFL || (t.signals.mask & bit(signo)) != 0) return false;
        return (bit(signo) & UNMASKABLE) == 0 || info.code != SI_KERNEL && !info.isFromOutside;
    }

    private static boolean isDropped(Task t, ThreadGroup g, int signo) {
        if ((t.signals.mask & bit(signo)) != 0) return false;
        return g.handlers.isIgnored(signo) && (t.signals.awaited & bit(signo)) == 0;
    }

    /** Counts a queued signal against the receiver's RLIMIT_SIGPENDING; false: no room for its siginfo. */
    private static boolean charge(Task t, SigInfo info) {
        int uid = t.cred.uid;
        int n = t.kernel.users.pendingSignals(uid, 1);
        if (n > t.group.limits.soft(Limits.SIGPENDING) && (info.signo >= SIGRTMIN || info.code < 0)) {
            t.kernel.users.pendingSignals(uid, -1);
            return false;
        }
        info.chargedUid = uid;
        return true;
    }

    /**
     * A signal the task cannot escape: faults, bad frames. When it is blocked or ignored (or {@code isFatal}) the default action
     * is taken (force_sig in the kernel's words).
     */
    public static void force(Task t, SigInfo info, boolean isFatal) {
        SignalHandlers h = t.group.handlers;
        int signo = info.signo;
        boolean isBlocked = (t.signals.mask & bit(signo)) != 0;
        if (isBlocked || h.handler[signo] == SIG_IGN || isFatal) {
            h.handler[signo] = SIG_DFL;
            t.signals.mask &= ~bit(signo);
        }
        if (h.handler[signo] == SIG_DFL) t.group.isUnkillable = false;
        send(t, info);
        t.attention = true;
    }

    /** The disposition of {@code signo} became "ignore": what is pending goes away. */
    public static void flushIgnored(ThreadGroup g, int signo) {
        g.pending.discard(g.kernel, bit(signo));
        for (int i = 0; i < g.tasks.size(); i++) g.tasks.get(i).signals.pending.discard(g.kernel, bit(signo));
    }

    // ---- sigaltstack(2)
    /** Whether {@code sp} lies on the alternate stack. */
    boolean isOnAltStack(long sp) {
        if ((altFlags & SS_AUTODISARM) != 0) return false;
        return Long.compareUnsigned(sp, altStack) > 0 && Long.compareUnsigned(sp - altStack, altSize) <= 0;
    }

    int altStackFlags(long sp) {
        if (altSize == 0) return SS_DISABLE;
        return (isOnAltStack(sp) ? SS_ONSTACK : 0) | altFlags & SS_AUTODISARM;
    }

    /** stack_t as sigaltstack(2) shows it. */
    public void writeAltStack(long to, long userSp) {
        dev.kernelet.abi.Memory.putLong(to, altStack);
        dev.kernelet.abi.Memory.putInt(to + 8, altStackFlags(userSp));
        dev.kernelet.abi.Memory.putLong(to + 16, altSize);
    }

    void disarmAltStack() {
        altStack = altSize = 0;
        altFlags = SS_DISABLE;
    }

    /** 0 or -errno. */
    public long setAltStack(long sp, int flags, long size, long userSp) {
        if (altSize != 0 && isOnAltStack(userSp)) return -EPERM;
        int mode = flags & ~SS_AUTODISARM;
        if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
        if (mode == SS_DISABLE) {
            altStack = altSize = 0;
        } else {
            if (Long.compareUnsigned(size, MINSIGSTKSZ) < 0) return -ENOMEM;
            altStack = sp;
            altSize = size;
        }
        altFlags = flags;
        return 0;
    }
}

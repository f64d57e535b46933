package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.ESRCH;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.ProcessGroup;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.wait.WaitQueue;
import dev.kernelet.sentry.wait.Waiter;

/** Whom a file's signals go to (fcntl(2): F_SETOWN, F_SETSIG), and with O_ASYNC the sender of them. Kernel lock. */
public final class FileOwner extends Waiter implements OpenFile.ReleaseHook {
    private static final int POLL_IN = 1, POLL_OUT = 2, POLL_MSG = 3, POLL_HUP = 6, POLLMSG = 0x400;

    private final Kernel kernel;
    /** F_OWNER_*; the id is a thread's, process's or group's in the sandbox's own namespace; 0: nobody. */
    private int type = F_OWNER_PID, id;
    /** The process (also of a thread) or process group: numbers are used again. */
    private Object who;
    /** Who named the owner: the signal is sent with these rights. */
    private int uid, euid;
    /** F_SETSIG; 0: SIGIO without further information. */
    public int signal;
    /** The descriptor that O_ASYNC was set through, for si_fd. */
    private int fd;

    private FileOwner(Kernel kernel) {
        this.kernel = kernel;
        events = OpenFile.POLLIN | OpenFile.POLLRDNORM | OpenFile.POLLOUT | OpenFile.POLLWRNORM | OpenFile.POLLHUP
                | OpenFile.POLLERR | OpenFile.POLLPRI;
    }

    /** The file's, made on first use. */
    public static FileOwner of(Kernel k, OpenFile f) {
        if (f.owner == null) f.owner = new FileOwner(k);
        return (FileOwner) f.owner;
    }

    /** F_SETFL with or without O_ASYNC: files that cannot wait do not keep the flag. */
    public static void setAsync(Kernel k, OpenFile f, int fd, boolean on) {
        WaitQueue q = f.waitQueue();
        if (q == null || on == ((f.flags & FASYNC) != 0)) return;
        FileOwner o = of(k, f);
        o.fd = fd;
        if (on) q.add(o);
        else o.cancel();
        f.flags ^= FASYNC;
    }

    /** F_SETOWN, F_SETOWN_EX: by the number that {@code t} knows; 0: nobody. 0 or -ESRCH. */
    public long set(Task t, int newType, int number) {
        int found = 0;
        Object owner = null;
        if (number != 0 && newType == F_OWNER_TID) {
            Task o = t.thread(number);
            if (o == null) return -ESRCH;
            owner = o.group;
            found = o.tid;
        } else if (number != 0 && newType == F_OWNER_PID) {
            ThreadGroup g = t.process(number);
            if (g == null) return -ESRCH;
            owner = g;
            found = g.pid;
        } else if (number != 0) {
            ProcessGroup g = t.processGroup(number);
            if (g == null || g.members.isEmpty()) return -ESRCH;
            owner = g;
            found = g.id;
        }
        type = newType;
        id = found;
        who = owner;
        uid = t.cred.uid;
        euid = t.cred.euid;
        return 0;
    }

    /** F_SETLEASE: the process, unless somebody has been named. */
    void setDefault(Task t) {
        if (id == 0) set(t, F_OWNER_PID, t.group.ownPid);
    }

    void clear() {
        id = signal = 0;
        who = null;
    }

    public int type() { return type; }

    /** Whom the file's signals go to as {@code viewer} sees it; 0: nobody it knows, or that is left. */
    public int idIn(PidNamespace viewer) {
        if (thread() instanceof Task t) return t.tidIn(viewer);
        if (process() instanceof ThreadGroup g) return g.pidIn(viewer);
        return group() instanceof ProcessGroup g ? g.idIn(viewer) : 0;
    }

    // ---- who is left of those that were named
    private Task thread() {
        Task t = type == F_OWNER_TID ? kernel.pids.task(id) : null;
        return t != null && t.group == who ? t : null;
    }

    private ThreadGroup process() {
        ThreadGroup g = type == F_OWNER_PID ? kernel.pids.group(id) : null;
        return g == who ? g : null;
    }

    private ProcessGroup group() {
        ProcessGroup g = type == F_OWNER_PGRP ? kernel.pids.processGroup(id) : null;
        return g == who ? g : null;
    }

    private boolean maySignal(Credentials to) {
        return euid == 0 || euid == to.suid || euid == to.uid || uid == to.suid || uid == to.uid;
    }

    @Override
    public void released(OpenFile file) { cancel(); }

    /** Urgent data has come (tcp(7)): SIGURG for the file's owner, if it has one. */
    public static void urgent(OpenFile f) {
        if (!(f.owner instanceof FileOwner o)) return;
        int asked = o.signal;
        o.signal = SIGURG;
        o.wake(0);
        o.signal = asked;
    }

    /** The lease (F_SETLEASE) taken through descriptor {@code fd} is to be given up. */
    void leaseBroken(int fd) {
        this.fd = fd;
        wake(OpenFile.POLLIN | OpenFile.POLLRDNORM | POLLMSG);
    }

    @Override
    protected boolean wake(int happened) {
        Task t = thread();
        ThreadGroup process = process();
        ProcessGroup group = group();
        if (t != null && maySignal(t.cred)) Signals.send(t, info(happened));
        if (process != null) send(process, happened);
        for (int i = group == null ? -1 : group.members.size() - 1; i >= 0; i--) {
            if (i < group.members.size()) send(group.members.get(i), happened);
        }
        return false;
    }

    private void send(ThreadGroup g, int happened) {
        Task t = g.anyTask();
        if (t != null && maySignal(t.cred)) Signals.send(g, info(happened));
    }

    private SigInfo info(int happened) {
        if (signal == 0 || happened == 0) return SigInfo.of(signal == 0 ? SIGIO : signal, SI_KERNEL);
        boolean in = (happened & POLLMSG) == 0 && (happened & OpenFile.POLLIN) != 0;
        SigInfo i = SigInfo.of(signal, in ? POLL_IN : (happened & POLLMSG) != 0 ? POLL_MSG : (happened & OpenFile.POLLOUT) != 0 ? POLL_OUT : POLL_HUP);
        i.u0 = happened;
        i.u1 = fd;
        return i;
    }
}

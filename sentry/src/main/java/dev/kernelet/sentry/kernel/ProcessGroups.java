package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

/** setpgid(2) and setsid(2). Kernel lock. */
public final class ProcessGroups {
    private ProcessGroups() {}

    public static long setpgid(Task t, int pid, int pgid) {
        if (pgid == 0) pgid = pid == 0 ? t.group.ownPid : pid;
        if (pgid < 0) return -EINVAL;
        ThreadGroup g = pid == 0 ? t.group : t.process(pid);
        if (g == null || g.isZombie) return -ESRCH;
        if (g != t.group) {
            if (g.parent != t.group) return -ESRCH;
            if (g.session() != t.group.session()) return -EPERM;
            if (g.hasExecuted) return -EACCES;
        }
        Session s = g.session();
        if (s.leader == g || s.id == g.pid) return -EPERM;
        ProcessGroup pg = t.processGroup(pgid);
        if (g.processGroup == pg) return 0;
        if (pg == null) {
            if (pgid != g.pidIn(t.group.pids)) return -EPERM;
            pg = new ProcessGroup(g, s);
        }
        if (pg.session != s) return -EPERM;
        JobControl.join(g, pg);
        return 0;
    }

    public static long setsid(Task t) {
        ThreadGroup g = t.group;
        if (g.pgid() == g.pid || t.kernel.pids.processGroup(g.pid) != null) return -EPERM;
        JobControl.join(g, new ProcessGroup(g, new Session(g)));
        return g.ownPid;
    }
}

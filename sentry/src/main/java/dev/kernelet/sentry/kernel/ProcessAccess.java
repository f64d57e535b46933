package dev.kernelet.sentry.kernel;

/** Whether a task may look into another process: "ptrace access mode checking" in ptrace(2). */
public final class ProcessAccess {
    private ProcessAccess() {}

    /** PTRACE_MODE_REALCREDS: calls that name a process. */
    public static boolean byRealIds(Task t, Task target) {
        return may(t, target, t.cred.uid, t.cred.gid, t.cred.permitted);
    }

    /** PTRACE_MODE_FSCREDS: files of /proc. */
    public static boolean byFileIds(Task t, Task target) {
        return may(t, target, t.cred.fsuid, t.cred.fsgid, t.cred.effective);
    }

    private static boolean may(Task t, Task target, int uid, int gid, long capabilities) {
        Credentials o = target.cred;
        if (t.group == target.group || t.cred.capable(Credentials.CAP_SYS_PTRACE)) return true;
        // Of a program that has hidden itself nobody knows here which user namespace executed it.
        if (target.group.dumpable != 1) return false;
        if (t.cred.capableIn(o.ns, Credentials.CAP_SYS_PTRACE)) return true;
        if (t.cred.ns != o.ns) return false;
        boolean isSame = uid == o.euid && uid == o.suid && uid == o.uid
                && gid == o.egid && gid == o.sgid && gid == o.gid;
        // A program with more rights than its user has, or one that has hidden itself (PR_SET_DUMPABLE).
        return isSame && (o.permitted & ~capabilities) == 0;
    }
}

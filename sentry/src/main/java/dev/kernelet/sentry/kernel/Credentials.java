package dev.kernelet.sentry.kernel;

/** credentials(7) and capabilities(7). Immutable by convention: copy, change, assign to the task. */
public final class Credentials {
    public static final long ALL_CAPS = (1L << 41) - 1;
    public static final int CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH = 2, CAP_FOWNER = 3, CAP_FSETID = 4,
            CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7, CAP_SETPCAP = 8, CAP_LINUX_IMMUTABLE = 9,
            CAP_NET_BIND_SERVICE = 10, CAP_NET_BROADCAST = 11, CAP_NET_ADMIN = 12, CAP_NET_RAW = 13, CAP_IPC_LOCK = 14,
            CAP_IPC_OWNER = 15, CAP_SYS_CHROOT = 18, CAP_SYS_PTRACE = 19, CAP_SYS_PACCT = 20, CAP_SYS_ADMIN = 21,
            CAP_SYS_BOOT = 22, CAP_SYS_NICE = 23, CAP_SYS_RESOURCE = 24, CAP_SYS_TIME = 25, CAP_SYS_TTY_CONFIG = 26,
            CAP_MKNOD = 27, CAP_LEASE = 28, CAP_SETFCAP = 31, CAP_CHECKPOINT_RESTORE = 40;

    public int uid, euid, suid, fsuid;
    public int gid, egid, sgid, fsgid;
    public int[] groups = {};
    public long permitted, effective, inheritable, bounding = ALL_CAPS, ambient;
    public int securebits;
    public boolean noNewPrivs;
    /** The user namespace they are in, where their capabilities are of use; null: the sandbox's own. */
    public UserNamespace ns;

    public Credentials copy() {
        var c = new Credentials();
        c.uid = uid; c.euid = euid; c.suid = suid; c.fsuid = fsuid;
        c.gid = gid; c.egid = egid; c.sgid = sgid; c.fsgid = fsgid;
        c.groups = groups;
        c.permitted = permitted; c.effective = effective; c.inheritable = inheritable;
        c.bounding = bounding; c.ambient = ambient;
        c.securebits = securebits;
        c.noNewPrivs = noNewPrivs;
        c.ns = ns;
        return c;
    }

    /**
     * Over the sandbox: nobody's in an inner user namespace, whatever it has there. The rule for all that is
     * not said to be otherwise.
     */
    public boolean capable(int capability) { return ns == null && capableHere(capability); }

    /** Over what concerns the own user namespace alone. */
    public boolean capableHere(int capability) { return (effective >>> capability & 1) != 0; }

    /** Over what belongs to the user namespace {@code of} (null: the sandbox's own; cap_capable). */
    public boolean capableIn(UserNamespace of, int capability) {
        for (UserNamespace n = of;; n = n.parent) {
            if (n == ns) return capableHere(capability);
            if (n == null || ns != null && n.level <= ns.level) return false;
            // Who made it has all capabilities over it, and over those below.
            if (n.parent == ns && n.owner == euid) return true;
        }
    }

    /** Over something with these owners, which both must be of the own user namespace. */
    public boolean capableOver(int user, int group, int capability) {
        if (!capableHere(capability)) return false;
        return ns == null || ns.userOut(user, UserNamespace.NONE) != UserNamespace.NONE
                && ns.groupOut(group, UserNamespace.NONE) != UserNamespace.NONE;
    }

    // ---- ids as their user namespace has them; what is not mapped is shown as the overflow id
    public int userOut(int id) { return ns == null ? id : ns.userOut(id, UserNamespace.OVERFLOW); }

    public int groupOut(int id) { return ns == null ? id : ns.groupOut(id, UserNamespace.OVERFLOW); }

    /** The sandbox's id; -1: none (also for -1). */
    public int userIn(int id) { return ns == null || id == -1 ? id : ns.userIn(id); }

    public int groupIn(int id) { return ns == null || id == -1 ? id : ns.groupIn(id); }

    /** Whether the sandbox's user {@code id} is the namespace's root. */
    public boolean isRoot(int id) { return id == (ns == null ? 0 : ns.userIn(0)) && id != -1; }

    /** Whether {@code g} is the filesystem group or a supplementary one. */
    public boolean inGroup(int g) {
        if (g == fsgid) return true;
        for (int x : groups) if (x == g) return true;
        return false;
    }
}

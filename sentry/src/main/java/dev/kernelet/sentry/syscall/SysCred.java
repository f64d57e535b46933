package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.sentry.kernel.Credentials.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Task;

/** Credentials and capabilities: credentials(7), capabilities(7). Ids are unsigned 32-bit; -1 is no id. */
final class SysCred {
    private static final int NGROUPS_MAX = 65536;
    private static final int KEEP_CAPS = 1 << 4, NO_SETUID_FIXUP = 1 << 2;
    /** Capabilities that the filesystem user id carries (setfsuid(2)). */
    private static final long FS_CAPS = 1L << CAP_CHOWN | 1L << CAP_DAC_OVERRIDE | 1L << CAP_DAC_READ_SEARCH | 1L << CAP_FOWNER
            | 1L << CAP_FSETID | 1L << CAP_LINUX_IMMUTABLE | 1L << CAP_MKNOD | 1L << 32;
    private static final int CAP_V1 = 0x19980330, CAP_V2 = 0x20071026, CAP_V3 = 0x20080522;

    private SysCred() {}

    private static long id(int value) { return Integer.toUnsignedLong(value); }

    /** In an inner user namespace it changes when ids are mapped: asked for each time. */
    private static long own(Task t, int call, int value) {
        return t.cred.ns == null ? t.answer(call, id(value)) : id(value);
    }

    /** getuid(2). */
    static long getuid(Task t) { return own(t, 102, t.cred.userOut(t.cred.uid)); }

    /** geteuid(2). */
    static long geteuid(Task t) { return own(t, 107, t.cred.userOut(t.cred.euid)); }

    /** getgid(2). */
    static long getgid(Task t) { return own(t, 104, t.cred.groupOut(t.cred.gid)); }

    /** getegid(2). */
    static long getegid(Task t) { return own(t, 108, t.cred.groupOut(t.cred.egid)); }

    // ---- user ids
    /** setuid(2). */
    static long setuid(Task t, int uid) {
        uid = t.cred.userIn(uid);
        if (uid == -1) return -EINVAL;
        Credentials c = t.cred.copy();
        if (t.cred.capableHere(CAP_SETUID)) c.uid = c.suid = uid;
        else if (uid != c.uid && uid != c.suid) return -EPERM;
        c.euid = c.fsuid = uid;
        return commit(t, c);
    }

    /** setreuid(2). */
    static long setreuid(Task t, int newRuid, int newEuid) {
        Credentials o = t.cred, c = o.copy();
        int ruid = o.userIn(newRuid), euid = o.userIn(newEuid);
        if (isNone(newRuid, ruid) || isNone(newEuid, euid)) return -EINVAL;
        boolean may = o.capableHere(CAP_SETUID);
        if (ruid != -1) {
            if (!may && ruid != o.uid && ruid != o.euid) return -EPERM;
            c.uid = ruid;
        }
        if (euid != -1) {
            if (!may && euid != o.uid && euid != o.euid && euid != o.suid) return -EPERM;
            c.euid = euid;
        }
        if (ruid != -1 || euid != -1 && euid != o.uid) c.suid = c.euid;
        c.fsuid = c.euid;
        return commit(t, c);
    }

    /** setresuid(2). */
    static long setresuid(Task t, int newRuid, int newEuid, int newSuid) {
        Credentials o = t.cred, c = o.copy();
        int ruid = o.userIn(newRuid), euid = o.userIn(newEuid), suid = o.userIn(newSuid);
        if (isNone(newRuid, ruid) || isNone(newEuid, euid) || isNone(newSuid, suid)) return -EINVAL;
        boolean areOwn = isOwn(o, ruid) && isOwn(o, euid) && isOwn(o, suid);
        if (!areOwn && !o.capableHere(CAP_SETUID)) return -EPERM;
        if (ruid != -1) c.uid = ruid;
        if (euid != -1) c.euid = euid;
        if (suid != -1) c.suid = suid;
        c.fsuid = c.euid;
        return commit(t, c);
    }

    /** An id that the user namespace does not have. */
    private static boolean isNone(int asked, int mapped) { return asked != -1 && mapped == -1; }

    private static boolean isOwn(Credentials c, int uid) { return uid == -1 || uid == c.uid || uid == c.euid || uid == c.suid; }

    /** What changing user ids does to capabilities (capabilities(7), "Effect of user ID changes"). */
    private static long commit(Task t, Credentials c) {
        Credentials o = t.cred;
        HostIds ids = t.kernel.options.ids;
        // Ids that no range covers cannot be taken on (user_namespaces(7)).
        if (c.uid != o.uid && !ids.hasUser(c.uid) || c.euid != o.euid && !ids.hasUser(c.euid)
                || c.suid != o.suid && !ids.hasUser(c.suid) || c.fsuid != o.fsuid && !ids.hasUser(c.fsuid)) return -EINVAL;
        if ((c.securebits & NO_SETUID_FIXUP) == 0) {
            boolean hadRoot = o.isRoot(o.uid) || o.isRoot(o.euid) || o.isRoot(o.suid);
            boolean hasRoot = c.isRoot(c.uid) || c.isRoot(c.euid) || c.isRoot(c.suid);
            if (hadRoot && !hasRoot) {
                if ((c.securebits & KEEP_CAPS) == 0) c.permitted = c.effective = 0;
                c.ambient = 0;
            }
            if (o.isRoot(o.euid) && !c.isRoot(c.euid)) c.effective = 0;
            if (!o.isRoot(o.euid) && c.isRoot(c.euid)) c.effective = c.permitted;
            if (o.isRoot(o.fsuid) && !c.isRoot(c.fsuid)) c.effective &= ~FS_CAPS;
            if (!o.isRoot(o.fsuid) && c.isRoot(c.fsuid)) c.effective |= c.permitted & FS_CAPS;
        }
        t.changeCredentials(c);
        return 0;
    }

    /** setfsuid(2): answers the old id, whatever comes of it. */
    static long setfsuid(Task t, int uid) {
        Credentials o = t.cred;
        long old = id(o.userOut(o.fsuid));
        uid = o.userIn(uid);
        if (uid != -1 && (isOwn(o, uid) || uid == o.fsuid || o.capableHere(CAP_SETUID))) {
            Credentials c = o.copy();
            c.fsuid = uid;
            commit(t, c);
        }
        return old;
    }

    // ---- group ids
    private static long commitGroups(Task t, Credentials c) {
        HostIds ids = t.kernel.options.ids;
        Credentials o = t.cred;
        if (c.gid != o.gid && !ids.hasGroup(c.gid) || c.egid != o.egid && !ids.hasGroup(c.egid)
                || c.sgid != o.sgid && !ids.hasGroup(c.sgid) || c.fsgid != o.fsgid && !ids.hasGroup(c.fsgid)) return -EINVAL;
        t.changeCredentials(c);
        return 0;
    }

    /** setgid(2). */
    static long setgid(Task t, int gid) {
        gid = t.cred.groupIn(gid);
        if (gid == -1) return -EINVAL;
        Credentials c = t.cred.copy();
        if (t.cred.capableHere(CAP_SETGID)) c.gid = c.sgid = gid;
        else if (gid != c.gid && gid != c.sgid) return -EPERM;
        c.egid = c.fsgid = gid;
        return commitGroups(t, c);
    }

    /** setregid(2). */
    static long setregid(Task t, int newRgid, int newEgid) {
        Credentials o = t.cred, c = o.copy();
        int rgid = o.groupIn(newRgid), egid = o.groupIn(newEgid);
        if (isNone(newRgid, rgid) || isNone(newEgid, egid)) return -EINVAL;
        boolean may = o.capableHere(CAP_SETGID);
        if (rgid != -1) {
            if (!may && rgid != o.gid && rgid != o.egid) return -EPERM;
            c.gid = rgid;
        }
        if (egid != -1) {
            if (!may && egid != o.gid && egid != o.egid && egid != o.sgid) return -EPERM;
            c.egid = egid;
        }
        if (rgid != -1 || egid != -1 && egid != o.gid) c.sgid = c.egid;
        c.fsgid = c.egid;
        return commitGroups(t, c);
    }

    /** setresgid(2). */
    static long setresgid(Task t, int newRgid, int newEgid, int newSgid) {
        Credentials o = t.cred, c = o.copy();
        int rgid = o.groupIn(newRgid), egid = o.groupIn(newEgid), sgid = o.groupIn(newSgid);
        if (isNone(newRgid, rgid) || isNone(newEgid, egid) || isNone(newSgid, sgid)) return -EINVAL;
        boolean areOwn = isOwnGroup(o, rgid) && isOwnGroup(o, egid) && isOwnGroup(o, sgid);
        if (!areOwn && !o.capableHere(CAP_SETGID)) return -EPERM;
        if (rgid != -1) c.gid = rgid;
        if (egid != -1) c.egid = egid;
        if (sgid != -1) c.sgid = sgid;
        c.fsgid = c.egid;
        return commitGroups(t, c);
    }

    private static boolean isOwnGroup(Credentials c, int g) { return g == -1 || g == c.gid || g == c.egid || g == c.sgid; }

    /** setfsgid(2). */
    static long setfsgid(Task t, int gid) {
        Credentials o = t.cred;
        long old = id(o.groupOut(o.fsgid));
        gid = o.groupIn(gid);
        if (gid != -1 && (isOwnGroup(o, gid) || gid == o.fsgid || o.capableHere(CAP_SETGID))) {
            Credentials c = o.copy();
            c.fsgid = gid;
            commitGroups(t, c);
        }
        return old;
    }

    private static long three(Task t, long a, int x, long b, int y, long c, int z) {
        if (t.mem.outInt(a, x) < 0 || t.mem.outInt(b, y) < 0 || t.mem.outInt(c, z) < 0) return -EFAULT;
        return 0;
    }

    /** getresuid(2). */
    static long getresuid(Task t, long r, long e, long s) {
        Credentials c = t.cred;
        return three(t, r, c.userOut(c.uid), e, c.userOut(c.euid), s, c.userOut(c.suid));
    }

    /** getresgid(2). */
    static long getresgid(Task t, long r, long e, long s) {
        Credentials c = t.cred;
        return three(t, r, c.groupOut(c.gid), e, c.groupOut(c.egid), s, c.groupOut(c.sgid));
    }

    /** getgroups(2). */
    static long getgroups(Task t, int size, long list) {
        int[] g = t.cred.groups;
        if (size < 0) return -EINVAL;
        if (size == 0 || g.length == 0) return g.length;
        if (size < g.length) return -EINVAL;
        long p = t.mem.scratch(g.length * 4);
        for (int i = 0; i < g.length; i++) Memory.putInt(p + 4L * i, t.cred.groupOut(g[i]));
        long r = t.mem.out(list, p, g.length * 4);
        return r < 0 ? r : g.length;
    }

    /** setgroups(2). */
    static long setgroups(Task t, int size, long list) {
        if (!t.cred.capableHere(CAP_SETGID) || t.cred.ns != null && !t.cred.ns.maySetGroups()) return -EPERM;
        if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
        long p = t.mem.in(list, size * 4);
        if (p < 0) return p;
        var groups = new int[size];
        for (int i = 0; i < size; i++) {
            groups[i] = t.cred.groupIn(Memory.getInt(p + 4L * i));
            if (groups[i] == -1 || !t.kernel.options.ids.hasGroup(groups[i])) return -EINVAL;
        }
        // Kept sorted, and so shown (groups_sort in the kernel's words).
        java.util.Arrays.sort(groups);
        Credentials c = t.cred.copy();
        c.groups = groups;
        return commitGroups(t, c);
    }

    // ---- capabilities
    /**
     * The number of 64-bit sets' words for the header's version, or -errno (a wrong one is answered with
     * ours).
     */
    private static long version(Task t, long header, long p, boolean isProbe) {
        switch (Memory.getInt(p)) {
            case CAP_V1 -> { return 1; }
            case CAP_V2, CAP_V3 -> { return 2; }
            default -> {
                long r = t.mem.outInt(header, CAP_V3);
                return r < 0 ? r : isProbe ? 0 : -EINVAL;
            }
        }
    }

    /** capget(2). */
    static long capget(Task t, long header, long data) {
        long p = t.mem.in(header, 8);
        if (p < 0) return p;
        int pid = Memory.getInt(p + 4);
        long words = version(t, header, p, data == 0);
        if (words <= 0 || data == 0) return Math.min(words, 0);
        if (pid < 0) return -EINVAL;
        Task o = pid == 0 ? t : t.thread(pid);
        if (o == null) return -ESRCH;
        long q = t.mem.scratch(24);
        for (int i = 0; i < words; i++) {
            Memory.putInt(q + 12 * i, (int) (o.cred.effective >>> 32 * i));
            Memory.putInt(q + 12 * i + 4, (int) (o.cred.permitted >>> 32 * i));
            Memory.putInt(q + 12 * i + 8, (int) (o.cred.inheritable >>> 32 * i));
        }
        return t.mem.out(data, q, (int) words * 12);
    }

    /** capset(2). */
    static long capset(Task t, long header, long data) {
        long p = t.mem.in(header, 8);
        if (p < 0) return p;
        int pid = Memory.getInt(p + 4);
        long words = version(t, header, p, false);
        if (words < 0) return words;
        if (pid != 0 && pid != t.ownTid) return -EPERM;
        long q = t.mem.in(data, (int) words * 12);
        if (q < 0) return q;
        long effective = 0, permitted = 0, inheritable = 0;
        for (int i = 0; i < words; i++) {
            effective |= Memory.getUnsignedInt(q + 12 * i) << 32 * i;
            permitted |= Memory.getUnsignedInt(q + 12 * i + 4) << 32 * i;
            inheritable |= Memory.getUnsignedInt(q + 12 * i + 8) << 32 * i;
        }
        effective &= ALL_CAPS;
        permitted &= ALL_CAPS;
        inheritable &= ALL_CAPS;
        Credentials o = t.cred;
        if ((permitted & ~o.permitted) != 0 || (effective & ~permitted) != 0) return -EPERM;
        long allowed = o.inheritable | o.permitted;
        if (!o.capableHere(CAP_SETPCAP) && (inheritable & ~allowed) != 0) return -EPERM;
        if ((inheritable & ~(o.inheritable | o.bounding)) != 0) return -EPERM;
        Credentials c = o.copy();
        c.effective = effective;
        c.permitted = permitted;
        c.inheritable = inheritable;
        c.ambient &= permitted & inheritable;
        t.changeCredentials(c);
        return 0;
    }
}

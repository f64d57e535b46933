package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/** What all System V objects have: key, id, owners and mode (struct kern_ipc_perm). */
abstract class IpcObject {
    int id, key, seq;
    int uid, gid, cuid, cgid, mode;
    boolean isRemoved;
    /** Seconds since the epoch. */
    long ctime;

    /**
     * Whether the task may do all that the permission bits {@code wanted} (in any of the three places) say: 0
     * or -EACCES.
     */
    long access(Task t, int wanted) {
        Credentials c = t.cred;
        int requested = wanted >> 6 | wanted >> 3 | wanted;
        int granted = mode;
        if (c.euid == cuid || c.euid == uid) granted >>= 6;
        else if (inGroup(c, cgid) || inGroup(c, gid)) granted >>= 3;
        boolean may = (requested & ~granted & 7) == 0
                || c.capableIn(IpcNamespace.owner(t), Credentials.CAP_IPC_OWNER);
        return may ? 0 : -EACCES;
    }

    private static boolean inGroup(Credentials c, int g) {
        if (c.egid == g) return true;
        for (int x : c.groups) if (x == g) return true;
        return false;
    }

    /** Whether the task may change or remove the object: 0 or -EPERM. */
    long control(Task t) {
        Credentials c = t.cred;
        boolean may = c.euid == cuid || c.euid == uid
                || c.capableIn(IpcNamespace.owner(t), Credentials.CAP_SYS_ADMIN);
        return may ? 0 : -EPERM;
    }

    /** Writes struct ipc64_perm. */
    void putPerm(Task t, long p) {
        Memory.putInt(p + PERM_KEY, key);
        Memory.putInt(p + PERM_UID, t.cred.userOut(uid));
        Memory.putInt(p + PERM_GID, t.cred.groupOut(gid));
        Memory.putInt(p + PERM_CUID, t.cred.userOut(cuid));
        Memory.putInt(p + PERM_CGID, t.cred.groupOut(cgid));
        Memory.putInt(p + PERM_MODE, mode);
        Memory.putShort(p + PERM_SEQ, (short) seq);
    }

    /** IPC_SET: owner and permission bits of the struct ipc64_perm at {@code p}. 0 or -EINVAL. */
    long setPerm(Task t, long p) {
        int u = t.cred.userIn(Memory.getInt(p + PERM_UID)), g = t.cred.groupIn(Memory.getInt(p + PERM_GID));
        if (u == -1 || g == -1) return -EINVAL;
        uid = u;
        gid = g;
        mode = mode & ~0777 | Memory.getInt(p + PERM_MODE) & 0777;
        ctime = seconds(t);
        return 0;
    }

    /**
     * *ctl(2), IPC_SET without settings of the kind's own: a struct of {@code size} bytes, which begins with
     * the owner.
     */
    final long set(Task t, long buffer, int size) {
        long p = t.mem.in(buffer, size);
        if (p < 0) return p;
        long r = control(t);
        return r < 0 ? r : setPerm(t, p);
    }

    /** Writes the kind's struct *id_ds: 0 or -errno. */
    protected abstract long stat(Task t, long buffer);

    /** *ctl(2), IPC_STAT (0, or -errno) and, {@code bySlot}, *_STAT (the id); {@code any}: whoever asks. */
    final long stat(Task t, long buffer, boolean bySlot, boolean any) {
        long r = any ? 0 : access(t, 0444);
        if (r == 0) r = stat(t, buffer);
        return r < 0 ? r : bySlot ? id : 0;
    }

    /** The object's line of /proc/sysvipc. */
    protected abstract void show(StringBuilder b, PidNamespace viewer);

    /** Blocks the task. Neither msgsnd, msgrcv nor semop is ever restarted after a handler (signal(7)). */
    static long block(Task t, WaitQueue queue) {
        long r = t.block(queue, 1);
        return r == -ERESTARTSYS ? -EINTR : r;
    }

    static long seconds(Task t) { return t.kernel.realtime() / 1_000_000_000L; }
}

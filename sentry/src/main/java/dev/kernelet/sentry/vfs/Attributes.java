package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;

/** Changes of mode, owner and times with their permission rules (chmod(2), chown(2), utimensat(2)). */
public final class Attributes {
    private Attributes() {}

    private static boolean isReadOnly(Mount m) { return m != null && m.isReadOnly(); }

    public static long chmod(Task t, Mount m, Dentry d, Inode n, int mode) {
        if (isReadOnly(m)) return -EROFS;
        if (n.isSymlink()) return -EOPNOTSUPP;
        Credentials c = t.cred;
        if (!Access.isOwner(c, n)) return -EPERM;
        mode &= 07777;
        boolean mayKeep = c.inGroup(n.gid) || c.capableOver(n.uid, n.gid, Credentials.CAP_FSETID);
        if (!mayKeep) mode &= ~S_ISGID;
        NameChanges.happened();
        return changed(d, n, n.setattr(t, mode, -1, -1));
    }

    public static long chown(Task t, Mount m, Dentry d, Inode n, int uid, int gid) {
        if (uid != -1 && !t.kernel.options.ids.hasUser(uid) || gid != -1 && !t.kernel.options.ids.hasGroup(gid)) return -EINVAL;
        if (isReadOnly(m)) return -EROFS;
        Credentials c = t.cred;
        boolean owns = Access.isOwner(c.fsuid, n);
        if (!c.capableOver(n.uid, n.gid, Credentials.CAP_CHOWN) || Access.isForeign(n)) {
            if (uid != -1 && !(owns && uid == n.uid)) return -EPERM;
            if (gid != -1 && !(owns && (gid == n.gid || c.inGroup(gid)))) return -EPERM;
        }
        int mode = -1;
        // Set-ID bits of programs go, whoever asks (chown(2)).
        if (!n.isDirectory() && (n.mode & (S_ISUID | S_ISGID)) != 0) {
            mode = n.mode & 07777 & ~S_ISUID;
            boolean mayKeep = c.inGroup(n.gid) || c.capableOver(n.uid, n.gid, Credentials.CAP_FSETID);
            if ((n.mode & 010) != 0 || !mayKeep) mode &= ~S_ISGID;
        }
        NameChanges.happened();
        return changed(d, n, n.setattr(t, mode, uid, gid));
    }

    /** {@code isNow}: both times are UTIME_NOW, for which write permission is enough. */
    public static long utimes(Task t, Mount m, Dentry d, Inode n, long atime, long mtime, boolean isNow) {
        if (isReadOnly(m)) return -EROFS;
        if (!Access.isOwner(t.cred, n)) {
            if (!isNow) return -EPERM;
            if (Access.check(t.cred, n, Access.WRITE) < 0) return -EACCES;
        }
        return changed(d, n, n.setTimes(t, atime, mtime));
    }

    private static long changed(Dentry d, Inode n, long result) {
        if (result == 0 && Notify.active > 0) Notify.dentry(d, n, Notify.IN_ATTRIB);
        return result;
    }
}

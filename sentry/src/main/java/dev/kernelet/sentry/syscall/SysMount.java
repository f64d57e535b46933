package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.AT_FDCWD;
import static dev.kernelet.abi.Mounts.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.UserMemory;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.MountOps;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** mount(2) and its kin: changes of what the sandbox sees, never of the host. */
final class SysMount {
    private SysMount() {}

    private static final int TYPE_MAX = 4096;

    /** A path argument of the application, or null and t.error. */
    private static Path place(Task t, long address, int walk) {
        long r = t.mem.path(address);
        if (r == 0) r = -ENOENT;
        if (r > 0) r = t.walk.at(AT_FDCWD, walk);
        if (r < 0) {
            t.error = (int) r;
            return null;
        }
        return t.walk.path();
    }

    /** mount(2). */
    static long mount(Task t, long source, long target, long type, long rawFlags, long data) {
        int flags = (int) rawFlags;
        if ((flags & MS_MGC_MSK) == MS_MGC_VAL) flags &= ~MS_MGC_MSK;
        Path where = place(t, target, PathWalk.FOLLOW);
        if (where == null) return t.error;
        if (!t.cred.capableIn(t.fs.mounts.owner, Credentials.CAP_SYS_ADMIN)) return -EPERM;
        if ((flags & MS_REMOUNT) != 0) return MountOps.remount(t, where, flags);
        if ((flags & (MS_BIND | MS_MOVE)) != 0) {
            Path from = place(t, source, PathWalk.FOLLOW);
            if (from == null) return t.error;
            return (flags & MS_BIND) != 0 ? MountOps.bind(t, from, where, flags) : MountOps.move(t, from, where);
        }
        // Nothing propagates here: all mounts are private, which is what these ask for or allow.
        int propagation = flags & (MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE | MS_SHARED);
        if (propagation != 0) {
            boolean isOne = Integer.bitCount(propagation) == 1 && (flags & ~(propagation | MS_REC | MS_SILENT)) == 0;
            return !isOne || propagation == MS_SHARED || where.dentry != where.mount.root ? -EINVAL : 0;
        }
        String typeName = type == 0 ? null : t.mem.string(type, TYPE_MAX);
        if (typeName == null) return type == 0 ? -EINVAL : t.error;
        String name = source == 0 ? "none" : t.mem.string(source, UserMemory.PATH_MAX);
        if (name == null) return t.error;
        String options = data == 0 ? "" : t.mem.string(data, TYPE_MAX);
        if (options == null) return t.error;
        return MountOps.mountNew(t, where, typeName, name, options, flags);
    }

    /** umount2(2). */
    static long umount2(Task t, long target, int flags) {
        if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) != 0) return -EINVAL;
        Path at = place(t, target, (flags & UMOUNT_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0);
        if (at == null) return t.error;
        if (!t.cred.capableIn(t.fs.mounts.owner, Credentials.CAP_SYS_ADMIN)) return -EPERM;
        if ((flags & MNT_EXPIRE) != 0) return (flags & (MNT_FORCE | MNT_DETACH)) != 0 ? -EINVAL : -EAGAIN;
        // What lies on top is meant, also at "." (LOOKUP_MOUNTPOINT).
        return MountOps.unmount(t, MountNamespace.top(at), flags);
    }

    /** pivot_root(2). */
    static long pivot_root(Task t, long newRoot, long putOld) {
        if (!t.cred.capableIn(t.fs.mounts.owner, Credentials.CAP_SYS_ADMIN)) return -EPERM;
        Path root = place(t, newRoot, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (root == null) return t.error;
        Path old = place(t, putOld, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        return old == null ? t.error : MountOps.pivotRoot(t, root, old);
    }
}

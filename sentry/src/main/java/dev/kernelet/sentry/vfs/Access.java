package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.sentry.kernel.Credentials.*;

import dev.kernelet.sentry.kernel.Credentials;

/** Permission checks on inodes (path_resolution(7), credentials(7), capabilities(7)). */
public final class Access {
    private Access() {}

    /** Permission bits asked for, as in access(2). */
    public static final int EXECUTE = 1, WRITE = 2, READ = 4;

    /** 0 or -EACCES: whether {@code c} may use {@code n} in all ways of {@code mask}. */
    public static long check(Credentials c, Inode n, int mask) {
        int mode = n.mode;
        int bits;
        if (isOwner(c.fsuid, n)) bits = mode >> 6;
        else if ((mode >> 3 & 7) != (mode & 7) && !n.hasForeignGroup && c.inGroup(n.gid)) bits = mode >> 3;
        else bits = mode;
        if ((bits & mask) == mask) return 0;
        return capable(c, n, mask) ? 0 : -EACCES;
    }

    private static boolean capable(Credentials c, Inode n, int mask) {
        if (isForeign(n)) return false;
        if (n.isDirectory()) {
            if (c.capableOver(n.uid, n.gid, CAP_DAC_OVERRIDE)) return true;
            return (mask & WRITE) == 0 && c.capableOver(n.uid, n.gid, CAP_DAC_READ_SEARCH);
        }
        if (mask == READ && c.capableOver(n.uid, n.gid, CAP_DAC_READ_SEARCH)) return true;
        // Even the superuser may execute only what somebody may.
        boolean isRunnable = (mask & EXECUTE) == 0 || (n.mode & 0111) != 0;
        return isRunnable && c.capableOver(n.uid, n.gid, CAP_DAC_OVERRIDE);
    }

    public static boolean isOwner(Credentials c, Inode n) {
        return isOwner(c.fsuid, n) || c.capableOver(n.uid, n.gid, CAP_FOWNER) && !isForeign(n);
    }

    static boolean isOwner(int uid, Inode n) { return uid == n.uid && !n.hasForeignUser; }

    static boolean isForeign(Inode n) { return n.hasForeignUser || n.hasForeignGroup; }

    /** Whether the sticky bit of {@code dir} keeps the caller from removing or renaming {@code target} in it. */
    public static boolean isStickyForbidden(Credentials c, Inode dir, Inode target) {
        return (dir.mode & 01000) != 0 && !isOwner(c.fsuid, target) && !isOwner(c.fsuid, dir)
                && (!c.capableOver(target.uid, target.gid, CAP_FOWNER) || isForeign(target));
    }
}

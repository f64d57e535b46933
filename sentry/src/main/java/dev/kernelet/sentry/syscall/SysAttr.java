package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Leases;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Attributes;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.PathWalk;

/** System calls that change attributes: chmod(2), chown(2), utimensat(2), truncate(2). */
final class SysAttr {
    private SysAttr() {}

    private static final long BILLION = 1_000_000_000L;
    private static final long KEEP = Long.MIN_VALUE;

    private static Mount mount(OpenFile f) { return f.path == null ? null : f.path.mount; }

    private static Dentry dentry(OpenFile f) { return f.path == null ? null : f.path.dentry; }

    /** Walks to an existing file, into t.walk. */
    private static long walk(Task t, int dirfd, long path, int flags) {
        long r = t.mem.path(path);
        if (r == 0 && (flags & PathWalk.EMPTY) == 0) return -ENOENT;
        if (r >= 0) r = t.walk.at(dirfd, flags);
        return r == 0 && t.walk.inode == null ? -EBADF : r;
    }

    // ---- mode
    /** chmod(2). */
    static long chmod(Task t, long path, int mode) { return fchmodat(t, AT_FDCWD, path, mode); }

    /** fchmodat(2): the kernel's has no flags. */
    static long fchmodat(Task t, int dirfd, long path, int mode) {
        long r = walk(t, dirfd, path, PathWalk.FOLLOW);
        return r < 0 ? r : Attributes.chmod(t, t.walk.mount, t.walk.dentry, t.walk.inode, mode);
    }

    /** fchmodat2(2). */
    static long fchmodat2(Task t, int dirfd, long path, int mode, int flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long r = walk(t, dirfd, path, SysStat.walkFlags(flags));
        return r < 0 ? r : Attributes.chmod(t, t.walk.mount, t.walk.dentry, t.walk.inode, mode);
    }

    /** fchmod(2). */
    static long fchmod(Task t, int fd, int mode) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0 || f.inode == null) return -EBADF;
        return Attributes.chmod(t, mount(f), dentry(f), f.inode, mode);
    }

    // ---- owner
    /** chown(2). */
    static long chown(Task t, long path, int uid, int gid) { return fchownat(t, AT_FDCWD, path, uid, gid, 0); }

    /** lchown(2). */
    static long lchown(Task t, long path, int uid, int gid) {
        return fchownat(t, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
    }

    /** fchownat(2). */
    static long fchownat(Task t, int dirfd, long path, int uid, int gid, int flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long r = walk(t, dirfd, path, SysStat.walkFlags(flags));
        return r < 0 ? r : chown(t, t.walk.mount, t.walk.dentry, t.walk.inode, uid, gid);
    }

    /** fchown(2). */
    static long fchown(Task t, int fd, int uid, int gid) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0 || f.inode == null) return -EBADF;
        return chown(t, mount(f), dentry(f), f.inode, uid, gid);
    }

    /** Ids are those of the caller's user namespace. */
    private static long chown(Task t, Mount m, Dentry d, Inode n, int uid, int gid) {
        int user = t.cred.userIn(uid), group = t.cred.groupIn(gid);
        if (uid != -1 && user == -1 || gid != -1 && group == -1) return -EINVAL;
        return Attributes.chown(t, m, d, n, user, group);
    }

    // ---- times
    /** utimensat(2); without a path the descriptor itself is meant (futimens). */
    static long utimensat(Task t, int dirfd, long path, long times, int flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long now = t.kernel.realtime();
        long atime = now, mtime = now;
        boolean isNow = true;
        if (times != 0) {
            long p = t.mem.in(times, 32);
            if (p < 0) return p;
            long an = Memory.getLong(p + 8), mn = Memory.getLong(p + 24);
            if (an == UTIME_OMIT && mn == UTIME_OMIT) return 0;
            if (!isValid(an) || !isValid(mn)) return badTimes(t, dirfd, path, flags);
            atime = time(Memory.getLong(p), an, now);
            mtime = time(Memory.getLong(p + 16), mn, now);
            isNow = an == UTIME_NOW && mn == UTIME_NOW;
        }
        if (path == 0 && dirfd != AT_FDCWD) {
            if (flags != 0) return -EINVAL;
            OpenFile f = t.fds.get(dirfd);
            if (f == null || f.inode == null || (f.flags & O_PATH) != 0) return -EBADF;
            return Attributes.utimes(t, mount(f), dentry(f), f.inode, atime, mtime, isNow);
        }
        return utimes(t, dirfd, path, atime, mtime, isNow, SysStat.walkFlags(flags));
    }

    /** Times are looked at after the file. */
    private static long badTimes(Task t, int dirfd, long path, int flags) {
        if (path == 0 && dirfd != AT_FDCWD) return flags == 0 && t.fds.get(dirfd) == null ? -EBADF : -EINVAL;
        long r = walk(t, dirfd, path, SysStat.walkFlags(flags));
        return r < 0 ? r : -EINVAL;
    }

    private static boolean isValid(long nanos) {
        return nanos == UTIME_NOW || nanos == UTIME_OMIT || nanos >= 0 && nanos < BILLION;
    }

    private static long time(long seconds, long nanos, long now) {
        if (nanos == UTIME_NOW) return now;
        return nanos == UTIME_OMIT ? KEEP : clamp(seconds) * BILLION + nanos;
    }

    /** Times are kept in 64 bits of nanoseconds: years 1677 to 2262. */
    private static long clamp(long seconds) {
        long limit = Long.MAX_VALUE / BILLION - 1;
        return Math.max(-limit, Math.min(limit, seconds));
    }

    private static long utimes(Task t, int dirfd, long path, long atime, long mtime, boolean isNow, int walk) {
        long r = walk(t, dirfd, path, walk);
        return r < 0 ? r : Attributes.utimes(t, t.walk.mount, t.walk.dentry, t.walk.inode, atime, mtime, isNow);
    }

    /** utime(2). */
    static long utime(Task t, long path, long times) {
        long atime = t.kernel.realtime(), mtime = atime;
        if (times != 0) {
            long p = t.mem.in(times, 16);
            if (p < 0) return p;
            atime = clamp(Memory.getLong(p)) * BILLION;
            mtime = clamp(Memory.getLong(p + 8)) * BILLION;
        }
        return utimes(t, AT_FDCWD, path, atime, mtime, times == 0, PathWalk.FOLLOW);
    }

    /** utimes(2). */
    static long utimes(Task t, long path, long times) { return futimesat(t, AT_FDCWD, path, times); }

    /** futimesat(2). */
    static long futimesat(Task t, int dirfd, long path, long times) {
        long atime = t.kernel.realtime(), mtime = atime;
        if (times != 0) {
            long p = t.mem.in(times, 32);
            if (p < 0) return p;
            long am = Memory.getLong(p + 8), mm = Memory.getLong(p + 24);
            if (am < 0 || am >= 1_000_000 || mm < 0 || mm >= 1_000_000) return -EINVAL;
            atime = clamp(Memory.getLong(p)) * BILLION + am * 1000;
            mtime = clamp(Memory.getLong(p + 16)) * BILLION + mm * 1000;
        }
        if (path == 0 && dirfd != AT_FDCWD) {
            OpenFile f = t.fds.get(dirfd);
            if (f == null || f.inode == null || (f.flags & O_PATH) != 0) return -EBADF;
            return Attributes.utimes(t, mount(f), dentry(f), f.inode, atime, mtime, times == 0);
        }
        return utimes(t, dirfd, path, atime, mtime, times == 0, PathWalk.FOLLOW);
    }

    // ---- size
    /** truncate(2). */
    static long truncate(Task t, long path, long length) {
        if (length < 0) return -EINVAL;
        long r = walk(t, AT_FDCWD, path, PathWalk.FOLLOW);
        if (r < 0) return r;
        Inode n = t.walk.inode;
        Dentry d = t.walk.dentry;
        if (n.isDirectory()) return -EISDIR;
        if (!n.isRegular()) return -EINVAL;
        r = Access.check(t.cred, n, Access.WRITE);
        if (r < 0) return r;
        if (t.walk.mount.isReadOnly()) return -EROFS;
        if (n.executions > 0) return -ETXTBSY;
        r = Leases.truncated(t, n);
        if (r != 0) return r;
        r = SysFile.checkSize(t, n, length);
        if (r == 0) r = n.truncate(t, length);
        if (r == 0) r = FileOpen.dropPrivileges(t, n);
        if (r == 0 && Notify.active > 0) Notify.dentry(d, n, Notify.IN_MODIFY);
        return r;
    }
}

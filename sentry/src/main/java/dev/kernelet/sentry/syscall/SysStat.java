package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Mounts;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.PathWalk;

/** System calls that look at files: stat(2), statx(2), access(2), statfs(2). */
final class SysStat {
    private SysStat() {}

    private static final long BILLION = 1_000_000_000L;

    /** stat(2). */
    static long stat(Task t, long path, long buf) { return at(t, AT_FDCWD, path, buf, PathWalk.FOLLOW); }

    /** lstat(2). */
    static long lstat(Task t, long path, long buf) { return at(t, AT_FDCWD, path, buf, 0); }

    /** newfstatat(2). */
    static long newfstatat(Task t, int dirfd, long path, long buf, int flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) != 0) return -EINVAL;
        // Linux 6.11 took over what glibc needs: a null path is an empty one.
        if (path == 0 && (flags & AT_EMPTY_PATH) != 0 && dirfd >= 0) return fstat(t, dirfd, buf);
        return at(t, dirfd, path, buf, walkFlags(flags));
    }

    /** AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH for PathWalk. */
    static int walkFlags(int flags) {
        return ((flags & AT_SYMLINK_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0)
                | ((flags & AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY : 0);
    }

    private static long at(Task t, int dirfd, long path, long buf, int walk) {
        long r = t.mem.path(path);
        if (r < 0) return r;
        r = t.walk.at(dirfd, walk);
        return r < 0 ? r : out(t, t.walk.inode, buf);
    }

    /** fstat(2). */
    static long fstat(Task t, int fd, long buf) {
        OpenFile f = t.fds.get(fd);
        return f == null ? -EBADF : out(t, inode(f), buf);
    }

    /** An open file's inode; every file has one but those made by mistake. */
    static Inode inode(OpenFile f) {
        return f.inode != null || f.path == null ? f.inode : f.path.dentry.inode;
    }

    private static long out(Task t, Inode n, long buf) {
        if (n == null) return -EBADF;
        long r = n.refresh(t);
        if (r < 0) return r;
        long p = t.mem.scratch(SIZE);
        Memory.putLong(p + DEV, n.fs.device);
        Memory.putLong(p + INO, n.ino);
        Memory.putLong(p + NLINK, n.nlink);
        Memory.putInt(p + MODE, n.mode);
        Memory.putInt(p + UID, t.cred.userOut(n.uid));
        Memory.putInt(p + GID, t.cred.groupOut(n.gid));
        Memory.putLong(p + RDEV, n.rdev);
        Memory.putLong(p + FILE_SIZE, n.size);
        Memory.putLong(p + BLKSIZE, n.blockSize());
        Memory.putLong(p + BLOCKS, n.blocks());
        putTime(p + ATIME, n.atime);
        putTime(p + MTIME, n.mtime);
        putTime(p + CTIME, n.ctime);
        return t.mem.out(buf, p, SIZE);
    }

    private static void putTime(long p, long nanos) {
        Memory.putLong(p, Math.floorDiv(nanos, BILLION));
        Memory.putLong(p + 8, Math.floorMod(nanos, BILLION));
    }

    /** statx(2). */
    static long statx(Task t, int dirfd, long path, int flags, int mask, long buf) {
        int sync = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | sync)) != 0) return -EINVAL;
        if ((mask & STATX_RESERVED) != 0 || (flags & sync) == sync) return -EINVAL;
        Inode n;
        Mount m;
        boolean isMountRoot;
        if (path == 0 && (flags & AT_EMPTY_PATH) != 0 && dirfd >= 0) {
            OpenFile f = t.fds.get(dirfd);
            if (f == null) return -EBADF;
            n = inode(f);
            m = f.path == null ? null : f.path.mount;
            isMountRoot = m != null && f.path.dentry == m.root;
        } else {
            long r = t.mem.path(path);
            if (r < 0) return r;
            r = t.walk.at(dirfd, walkFlags(flags));
            if (r < 0) return r;
            n = t.walk.inode;
            m = t.walk.mount;
            isMountRoot = m != null && t.walk.dentry == m.root;
        }
        if (n == null) return -EBADF;
        long r = n.refresh(t);
        if (r < 0) return r;
        long p = t.mem.scratch(STATX_SIZE);
        fillStatx(t, p, n, m, isMountRoot);
        return t.mem.out(buf, p, STATX_SIZE);
    }

    private static void fillStatx(Task t, long p, Inode n, Mount m, boolean isMountRoot) {
        int have = STATX_BASIC_STATS;
        if (n.btime != 0) have |= STATX_BTIME;
        if (m != null) have |= STATX_MNT_ID;
        Memory.putInt(p, have);
        Memory.putInt(p + 4, n.blockSize());
        Memory.putLong(p + 8, isMountRoot ? STATX_ATTR_MOUNT_ROOT : 0);
        Memory.putInt(p + 16, n.nlink);
        Memory.putInt(p + 20, t.cred.userOut(n.uid));
        Memory.putInt(p + 24, t.cred.groupOut(n.gid));
        Memory.putShort(p + 28, (short) n.mode);
        Memory.putLong(p + 32, n.ino);
        Memory.putLong(p + 40, n.size);
        Memory.putLong(p + 48, n.blocks());
        Memory.putLong(p + 56, STATX_ATTR_MOUNT_ROOT);
        putStatxTime(p + 64, n.atime);
        if (n.btime != 0) putStatxTime(p + 80, n.btime);
        putStatxTime(p + 96, n.ctime);
        putStatxTime(p + 112, n.mtime);
        Memory.putInt(p + 128, major(n.rdev));
        Memory.putInt(p + 132, minor(n.rdev));
        Memory.putInt(p + 136, major(n.fs.device));
        Memory.putInt(p + 140, minor(n.fs.device));
        if (m != null) Memory.putLong(p + 144, m.id);
    }

    private static void putStatxTime(long p, long nanos) {
        Memory.putLong(p, Math.floorDiv(nanos, BILLION));
        Memory.putInt(p + 8, (int) Math.floorMod(nanos, BILLION));
    }

    // ---- access
    /** access(2). */
    static long access(Task t, long path, int mode) { return faccessat2(t, AT_FDCWD, path, mode, 0); }

    /** faccessat(2): the kernel's has no flags. */
    static long faccessat(Task t, int dirfd, long path, int mode) { return faccessat2(t, dirfd, path, mode, 0); }

    /** faccessat2(2). */
    static long faccessat2(Task t, int dirfd, long path, int mode, int flags) {
        if ((mode & ~7) != 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long r = t.mem.path(path);
        if (r < 0) return r;
        Credentials c = (flags & AT_EACCESS) != 0 ? t.cred : real(t.cred);
        t.walk.override = c;
        r = t.walk.at(dirfd, walkFlags(flags));
        if (r < 0) return r;
        Inode n = t.walk.inode;
        if (n == null) return -EBADF;
        Mount m = t.walk.mount;
        if (mode == 0) return 0;
        if ((mode & Access.EXECUTE) != 0 && n.isRegular() && m != null && (m.flags & Mounts.MS_NOEXEC) != 0) return -EACCES;
        r = Access.check(c, n, mode);
        if (r < 0) return r;
        boolean isSpecial = n.type() == S_IFCHR || n.type() == S_IFBLK || n.type() == S_IFIFO || n.type() == S_IFSOCK;
        return (mode & Access.WRITE) != 0 && m != null && m.isReadOnly() && !isSpecial ? -EROFS : 0;
    }

    /** access(2) asks for the real ids, and for the capabilities a program started by them would have. */
    private static Credentials real(Credentials c) {
        long caps = c.isRoot(c.uid) ? c.permitted : 0;
        if (c.uid == c.fsuid && c.gid == c.fsgid && c.effective == caps) return c;
        Credentials r = c.copy();
        r.fsuid = c.uid;
        r.fsgid = c.gid;
        r.effective = caps;
        return r;
    }

    // ---- statfs
    /** statfs(2). */
    static long statfs(Task t, long path, long buf) {
        long r = t.mem.path(path);
        if (r < 0) return r;
        r = t.walk.at(AT_FDCWD, PathWalk.FOLLOW);
        return r < 0 ? r : statfsOut(t, t.walk.inode.fs, t.walk.mount, buf);
    }

    /** fstatfs(2). */
    static long fstatfs(Task t, int fd, long buf) {
        OpenFile f = t.fds.get(fd);
        if (f == null || inode(f) == null) return -EBADF;
        return statfsOut(t, inode(f).fs, f.path == null ? null : f.path.mount, buf);
    }

    /** ustat(2). */
    static long ustat(Task t, long device, long buf) {
        for (Mount m : t.fs.mounts.mounts) {
            if (m.fs.device != device) continue;
            long s = t.mem.scratch(STATFS_SIZE), p = t.mem.scratch(32);
            long r = m.fs.statfs(s);
            if (r < 0) return r;
            Memory.putInt(p, (int) Memory.getLong(s + F_BFREE));
            Memory.putLong(p + 8, Memory.getLong(s + F_FFREE));
            return t.mem.out(buf, p, 32);
        }
        return -EINVAL;
    }

    /** sysfs(2): filesystem types by number. */
    static long sysfs(Task t, int option, long a1, long a2) {
        FilesystemTypes types = FilesystemTypes.of(t.kernel);
        if (option == 3) return types.count();
        if (option == 1) {
            String wanted = t.mem.string(a1, 256);
            if (wanted == null) return t.error;
            int i = 0;
            for (String name : types.names()) {
                if (name.equals(wanted)) return i;
                i++;
            }
            return -EINVAL;
        }
        if (option != 2) return -EINVAL;
        int i = 0;
        for (String name : types.names()) {
            if (i++ != (int) a1) continue;
            long p = t.mem.scratch(name.length() + 1);
            Memory.putBytes(p, name);
            return t.mem.out(a2, p, name.length() + 1);
        }
        return -EINVAL;
    }

    private static long statfsOut(Task t, Filesystem fs, Mount m, long buf) {
        long p = t.mem.scratch(STATFS_SIZE);
        Memory.putLong(p + F_BSIZE, 4096);
        Memory.putLong(p + F_NAMELEN, 255);
        Memory.putLong(p + F_FRSIZE, 4096);
        Memory.putLong(p + F_FSID, fs.device);
        long r = fs.statfs(p);
        if (r < 0) return r;
        Memory.putLong(p + F_TYPE, fs.magic());
        int shown = Mounts.MS_RDONLY | Mounts.MS_NOSUID | Mounts.MS_NODEV | Mounts.MS_NOEXEC | Mounts.MS_SYNCHRONOUS
                | Mounts.MS_NOATIME | Mounts.MS_NODIRATIME;
        int flags = Mounts.ST_VALID;
        if (m != null) {
            flags |= m.flags & shown;
            if ((m.flags & (Mounts.MS_NOATIME | Mounts.MS_STRICTATIME)) == 0) flags |= 0x1000;
        }
        Memory.putLong(p + F_FLAGS, flags);
        return t.mem.out(buf, p, STATFS_SIZE);
    }
}

package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;

/**
 * Changes to names: create, link, unlink, rename with all checks that are not the filesystem's. Each first walks the path
 * in {@code t.mem.pathBytes}; results are 0 or -errno. The order of checks is that of Linux, since programs see it.
 */
public final class DirectoryOps {
    private DirectoryOps() {}

    /** Puts a fresh inode into the name cache. */
    public static Dentry instantiate(Dentry dir, String name, Inode n) {
        Dentry d = dir.child(name);
        if (d == null) return dir.addChild(name, n);
        d.inode = n;
        return d;
    }

    /** Permission bits of a new inode: umask, and no set-group-ID programs for groups the caller is not in. */
    public static int newMode(Task t, Inode dir, int mode) {
        int m = mode & 07777 & ~t.fs.umask;
        boolean stripped = (mode & S_IFMT) != S_IFDIR && (m & (S_ISGID | 010)) == (S_ISGID | 010)
                && (dir.mode & S_ISGID) != 0 && !t.cred.inGroup(dir.gid)
                && !t.cred.capableOver(dir.uid, dir.gid, Credentials.CAP_FSETID);
        return stripped ? m & ~S_ISGID : m;
    }

    /** The directory part of a creation: 0 when the name is free and may be created; dir and name are in the walk. */
    private static long prepareCreate(Task t, int dirfd, boolean wantsDirectory) {
        PathWalk w = t.walk;
        long r = w.at(dirfd, PathWalk.PARENT);
        return r < 0 ? r : checkCreate(t, w, wantsDirectory);
    }

    private static long checkCreate(Task t, PathWalk w, boolean wantsDirectory) {
        if (w.last != PathWalk.NORMAL) return -EEXIST;
        Dentry d = w.lookupLast();
        if (d == null && t.error != -ENOENT) return t.error;
        if (d != null && d.inode != null) return -EEXIST;
        if (w.hasTrailingSlash && !wantsDirectory) return -ENOENT;
        if (w.parentMount.isReadOnly()) return -EROFS;
        if (w.parent.isDead) return -ENOENT;
        return Access.check(t.cred, w.parent.inode, Access.WRITE | Access.EXECUTE);
    }

    private static long created(Task t, Dentry dir, String name, Inode n) {
        if (n == null) return t.error;
        instantiate(dir, name, n);
        Notify.name(dir.inode, Notify.IN_CREATE, n, name, 0);
        return 0;
    }

    /** Whether mknod(2) makes files of the type in {@code mode}: asked before the path is looked at. */
    public static long checkNodeType(int mode) {
        return switch (mode & S_IFMT) {
            case 0, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK -> 0;
            case S_IFDIR -> -EPERM;
            default -> -EINVAL;
        };
    }

    /** mknodat(2), after {@link #checkNodeType}. */
    public static long mknod(Task t, int dirfd, int mode, long rdev) {
        int type = (mode & S_IFMT) == 0 ? S_IFREG : mode & S_IFMT;
        long r = prepareCreate(t, dirfd, false);
        if (r < 0) return r;
        boolean isDevice = type == S_IFCHR || type == S_IFBLK;
        // 0:0 is a whiteout, which everyone may make.
        if (isDevice && !(type == S_IFCHR && rdev == 0) && !t.cred.capable(Credentials.CAP_MKNOD)) return -EPERM;
        Dentry dir = t.walk.parent;
        String name = t.walk.lastName();
        return created(t, dir, name,
                dir.inode.create(t, name, type | newMode(t, dir.inode, type | mode & 07777), isDevice ? rdev : 0));
    }

    /**
     * Creates a socket's inode for bind(2); null with t.error (-EADDRINUSE when the name exists). {@code
     * hostSocket}: the host's that gets this name, if the directory is the host's (else -ENODEV); -1: none.
     */
    public static Path bindSocket(Task t, String path, int mode, int hostSocket) {
        PathWalk w = t.walk;
        long r = w.at(AT_FDCWD, path, PathWalk.PARENT);
        if (r == 0) r = checkCreate(t, w, false);
        if (r == 0) {
            Dentry dir = w.parent;
            String name = w.lastName();
            int made = S_IFSOCK | newMode(t, dir.inode, S_IFSOCK | mode);
            r = created(t, dir, name, hostSocket < 0 ? dir.inode.create(t, name, made, 0)
                    : dir.inode.bindHostSocket(t, name, made, hostSocket));
            if (r == 0) return new Path(w.parentMount, dir.child(name));
        }
        t.error = r == -EEXIST ? -EADDRINUSE : (int) r;
        return null;
    }

    public static long mkdir(Task t, int dirfd, int mode) {
        long r = prepareCreate(t, dirfd, true);
        if (r < 0) return r;
        Dentry dir = t.walk.parent;
        String name = t.walk.lastName();
        return created(t, dir, name, dir.inode.mkdir(t, name, newMode(t, dir.inode, S_IFDIR | mode & 01777)));
    }

    public static long symlink(Task t, String target, int dirfd) {
        long r = prepareCreate(t, dirfd, false);
        if (r < 0) return r;
        Dentry dir = t.walk.parent;
        String name = t.walk.lastName();
        return created(t, dir, name, dir.inode.symlink(t, name, target));
    }

    /** linkat(2): the old path was walked already ({@code oldMount} and {@code target}), the new one is in pathBytes. */
    public static long link(Task t, Mount oldMount, Dentry oldDentry, Inode target, int newDirfd) {
        PathWalk w = t.walk;
        long r = w.at(newDirfd, PathWalk.PARENT);
        if (r < 0) return r;
        if (w.last != PathWalk.NORMAL) return -EEXIST;
        if (w.parentMount != oldMount) {
            Dentry d = w.lookupLast();
            return d != null && d.inode != null ? -EEXIST : -EXDEV;
        }
        r = checkCreate(t, w, false);
        if (r < 0) return r;
        if (target.isDirectory()) return -EPERM;
        if (target.nlink == 0 && !target.isLinkable) return -ENOENT;
        Dentry dir = w.parent;
        String name = w.lastName();
        r = dir.inode.link(t, name, target);
        if (r < 0) return r;
        instantiate(dir, name, target);
        Notify.name(dir.inode, Notify.IN_CREATE, target, name, 0);
        Notify.self(target, Notify.IN_ATTRIB);
        return 0;
    }

    /** Whether the caller may take {@code victim} out of {@code dir}. */
    private static long mayDelete(Task t, Inode dir, Inode victim) {
        long r = Access.check(t.cred, dir, Access.WRITE | Access.EXECUTE);
        if (r < 0) return r;
        return Access.isStickyForbidden(t.cred, dir, victim) ? -EPERM : 0;
    }

    public static long unlink(Task t, int dirfd) {
        PathWalk w = t.walk;
        long r = w.at(dirfd, PathWalk.PARENT);
        if (r < 0) return r;
        if (w.last != PathWalk.NORMAL) return -EISDIR;
        if (w.parentMount.isReadOnly()) return -EROFS;
        Dentry d = w.lookupLast();
        if (d == null) return t.error;
        Inode n = d.inode;
        if (n == null) return -ENOENT;
        if (w.hasTrailingSlash) return n.isDirectory() ? -EISDIR : -ENOTDIR;
        Dentry dir = w.parent;
        r = mayDelete(t, dir.inode, n);
        if (r < 0) return r;
        if (n.isDirectory()) return -EISDIR;
        if (t.fs.mounts.isMountPoint(d)) return -EBUSY;
        r = dir.inode.unlink(t, d.name, n);
        if (r < 0) return r;
        remove(dir, d);
        Notify.self(n, Notify.IN_ATTRIB);
        Notify.name(dir.inode, Notify.IN_DELETE, n, d.name, 0);
        gone(n);
        return 0;
    }

    public static long rmdir(Task t, int dirfd) {
        PathWalk w = t.walk;
        long r = w.at(dirfd, PathWalk.PARENT);
        if (r < 0) return r;
        if (w.last != PathWalk.NORMAL) {
            return w.last == PathWalk.DOT ? -EINVAL : w.last == PathWalk.DOTDOT ? -ENOTEMPTY : -EBUSY;
        }
        if (w.parentMount.isReadOnly()) return -EROFS;
        Dentry d = w.lookupLast();
        if (d == null) return t.error;
        Inode n = d.inode;
        if (n == null) return -ENOENT;
        Dentry dir = w.parent;
        r = mayDelete(t, dir.inode, n);
        if (r < 0) return r;
        if (!n.isDirectory()) return -ENOTDIR;
        if (t.fs.mounts.isMountPoint(d)) return -EBUSY;
        r = dir.inode.rmdir(t, d.name, n);
        if (r < 0) return r;
        remove(dir, d);
        Notify.self(n, Notify.IN_DELETE_SELF);
        Notify.name(dir.inode, Notify.IN_DELETE, n, d.name, 0);
        n.releaseIfUnused();
        return 0;
    }

    private static void remove(Dentry dir, Dentry d) {
        NameChanges.happened();
        // The filesystem may have given up the lock meanwhile.
        if (dir.child(d.name) == d) dir.detach(d);
        d.isDead = true;
        d.fs.cached.remove(d);
        if (d.mounts != 0) MountNamespace.detachAll(d);
    }

    private static void gone(Inode n) {
        if (n.nlink == 0 && n.opens == 0) Notify.self(n, Notify.IN_DELETE_SELF);
        n.releaseIfUnused();
    }

    // ---- rename
    /** renameat2(2): the first path is in pathBytes, the second is read from {@code newPath} of the application. */
    public static long rename(Task t, int oldDirfd, int newDirfd, long newPath, int flags) {
        PathWalk w = t.walk;
        long r = w.at(oldDirfd, PathWalk.PARENT);
        if (r < 0) return r;
        Mount mount = w.parentMount;
        int oldLast = w.last;
        boolean oldSlash = w.hasTrailingSlash;
        Dentry oldDir = w.parent, old = null;
        int oldError = 0;
        if (oldLast == PathWalk.NORMAL) {
            old = w.lookupLast();
            if (old == null) oldError = t.error;
            else if (old.inode == null) oldError = -ENOENT;
        }
        r = t.mem.path(newPath);
        if (r < 0) return r;
        r = w.at(newDirfd, PathWalk.PARENT);
        if (r < 0) return r;
        if (oldLast == PathWalk.NORMAL && w.last == PathWalk.NORMAL && mount != w.parentMount) return -EXDEV;
        if (oldLast != PathWalk.NORMAL) return -EBUSY;
        if (w.last != PathWalk.NORMAL) return (flags & RENAME_NOREPLACE) != 0 ? -EEXIST : -EBUSY;
        if (mount.isReadOnly()) return -EROFS;
        if (oldError < 0) return oldError;
        Dentry target = w.lookupLast();
        if (target == null && t.error != -ENOENT) return t.error;
        Inode replaced = target == null ? null : target.inode;
        Dentry newDir = w.parent;
        r = checkRename(t, oldDir, old, oldSlash, newDir, replaced, target, w.hasTrailingSlash, flags);
        if (r != 0) return r;
        if (replaced == old.inode) return 0;
        String newName = w.lastName();
        String oldName = old.name;
        boolean leavesWhiteout = (flags & RENAME_WHITEOUT) != 0;
        if (leavesWhiteout && !oldDir.inode.fs.isInMemory()) return -EINVAL;
        r = oldDir.inode.rename(t, oldName, old.inode, newDir.inode, newName, replaced, flags & ~RENAME_WHITEOUT);
        if (r < 0) return r;
        moved(oldDir, old, newDir, newName, replaced, flags);
        return leavesWhiteout ? whiteout(t, oldDir, oldName) : 0;
    }

    /** The device 0:0 by which an overlay knows that a name is gone (rename(2), RENAME_WHITEOUT). */
    private static long whiteout(Task t, Dentry dir, String name) {
        Inode n = dir.inode.create(t, name, S_IFCHR, 0);
        if (n == null) return t.error;
        instantiate(dir, name, n);
        return 0;
    }

    private static long checkRename(Task t, Dentry oldDir, Dentry old, boolean oldSlash, Dentry newDir, Inode replaced,
            Dentry target, boolean newSlash, int flags) {
        boolean exchanges = (flags & RENAME_EXCHANGE) != 0;
        if (replaced != null && (flags & RENAME_NOREPLACE) != 0) return -EEXIST;
        if (replaced == null && exchanges) return -ENOENT;
        if (exchanges && newSlash && !replaced.isDirectory()) return -ENOTDIR;
        Inode n = old.inode;
        if (!n.isDirectory() && (oldSlash || !exchanges && newSlash)) return -ENOTDIR;
        if (isAncestor(old, newDir)) return -EINVAL;
        if (replaced != null && isAncestor(target, oldDir)) return exchanges ? -EINVAL : -ENOTEMPTY;
        if (replaced == n) return 0;
        long r = mayDelete(t, oldDir.inode, n);
        if (r < 0) return r;
        if (replaced == null) {
            if (newDir.isDead) return -ENOENT;
            r = Access.check(t.cred, newDir.inode, Access.WRITE | Access.EXECUTE);
        } else {
            r = mayDelete(t, newDir.inode, replaced);
            if (r == 0 && !exchanges && n.isDirectory() != replaced.isDirectory()) {
                r = n.isDirectory() ? -ENOTDIR : -EISDIR;
            }
        }
        if (r < 0) return r;
        if (oldDir != newDir) {
            // ".." of a moved directory changes.
            if (n.isDirectory()) r = Access.check(t.cred, n, Access.WRITE);
            if (r == 0 && exchanges && replaced.isDirectory()) r = Access.check(t.cred, replaced, Access.WRITE);
            if (r < 0) return r;
        }
        MountNamespace ns = t.fs.mounts;
        return ns.isMountPoint(old) || replaced != null && ns.isMountPoint(target) ? -EBUSY : 0;
    }

    /** Whether {@code d} lies on the way from {@code below} up to the root of their filesystem, itself included. */
    private static boolean isAncestor(Dentry d, Dentry below) {
        for (Dentry x = below; x != null; x = x.parent) if (x == d) return true;
        return false;
    }

    private static void moved(Dentry oldDir, Dentry old, Dentry newDir, String newName, Inode replaced, int flags) {
        NameChanges.happened();
        Inode n = old.inode;
        String oldName = old.name;
        Dentry target = newDir.child(newName);
        if (oldDir.child(oldName) == old) oldDir.detach(old);
        if (target != null) newDir.detach(target);
        old.name = newName;
        newDir.attach(old);
        boolean exchanges = (flags & RENAME_EXCHANGE) != 0;
        if (target != null && exchanges) {
            target.name = oldName;
            oldDir.attach(target);
        } else if (target != null) {
            target.isDead = true;
            if (target.mounts != 0) MountNamespace.detachAll(target);
        }
        if (Notify.active > 0) {
            int cookie = Notify.newCookie();
            Notify.name(oldDir.inode, Notify.IN_MOVED_FROM, n, oldName, cookie);
            Notify.name(newDir.inode, Notify.IN_MOVED_TO, n, newName, cookie);
            Notify.self(n, Notify.IN_MOVE_SELF);
            if (exchanges) {
                cookie = Notify.newCookie();
                Notify.name(newDir.inode, Notify.IN_MOVED_FROM, replaced, newName, cookie);
                Notify.name(oldDir.inode, Notify.IN_MOVED_TO, replaced, oldName, cookie);
            }
        }
        if (replaced != null && !exchanges) {
            Notify.self(replaced, Notify.IN_ATTRIB);
            gone(replaced);
        }
    }
}

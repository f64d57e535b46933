package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Mounts;
import dev.kernelet.sentry.fs.host.HostFdFile;
import dev.kernelet.sentry.fs.host.HostFdInode;
import dev.kernelet.sentry.fs.pipe.PipeFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;

/** Opens and creates files (open(2), openat2(2)). Failures: null and {@code t.error}; 0 there means the task waits. */
public final class FileOpen {
    private FileOpen() {}

    /** Status flags that go into {@link OpenFile#flags}. */
    private static final int NOT_KEPT = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC;

    /** Opens the path in {@code t.mem.pathBytes}. */
    public static OpenFile open(Task t, int dirfd, int flags, int mode, int resolve) {
        PathWalk w = t.walk;
        int how = resolve << PathWalk.RESOLVE_SHIFT;
        return opened(t, w, prepare(t, flags) ? w.at(dirfd, how | walkFlags(flags)) : t.error, flags, mode);
    }

    /** Opens a path of the Sentry's own, as the task (the program to execute, an interpreter). */
    public static OpenFile open(Task t, int dirfd, String path, int flags, int mode) {
        PathWalk w = t.walk;
        return opened(t, w, prepare(t, flags) ? w.at(dirfd, path, walkFlags(flags)) : t.error, flags, mode);
    }

    /**
     * Opens a program for execve(2): the path in {@code pathBytes} when {@code path} is null, with AT_EMPTY_PATH and
     * AT_SYMLINK_NOFOLLOW in {@code atFlags}. A regular file that the task may execute, or null with t.error.
     */
    public static OpenFile openExec(Task t, int dirfd, String path, int atFlags) {
        PathWalk w = t.walk;
        int how = ((atFlags & AT_SYMLINK_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0)
                | ((atFlags & AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY : 0);
        long r = path == null ? w.at(dirfd, how) : w.at(dirfd, path, how);
        if (r == 0) {
            Inode n = w.inode;
            if (n != null && n.isSymlink()) r = -ELOOP;
            else if (n == null || !n.isRegular() || w.mount != null && (w.mount.flags & Mounts.MS_NOEXEC) != 0) r = -EACCES;
            else r = Access.check(t.cred, n, Access.EXECUTE);
        }
        if (r < 0) {
            t.error = (int) r;
            return null;
        }
        return file(t, w.inode, w.dentry == null ? null : w.path(), O_RDONLY | O_LARGEFILE);
    }

    private static boolean prepare(Task t, int flags) {
        t.error = -EINVAL;
        if ((flags & O_TMPFILE_BIT) != 0) {
            return (flags & O_TMPFILE) == O_TMPFILE && (flags & O_ACCMODE) != 0 && (flags & O_CREAT) == 0;
        }
        return (flags & (O_CREAT | O_DIRECTORY)) != (O_CREAT | O_DIRECTORY);
    }

    private static int walkFlags(int flags) {
        int w = (flags & O_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0;
        if ((flags & O_DIRECTORY) != 0) w |= PathWalk.DIRECTORY;
        if ((flags & O_CREAT) != 0) {
            w |= PathWalk.CREATE;
            if ((flags & O_EXCL) != 0) w &= ~PathWalk.FOLLOW;
        }
        return w;
    }

    private static OpenFile opened(Task t, PathWalk w, long r, int flags, int mode) {
        if (r < 0) {
            t.error = (int) r;
            return null;
        }
        if ((flags & O_PATH) != 0) return new PathFile(w.inode, w.path(), flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW));
        if ((flags & O_TMPFILE_BIT) != 0) return tmpfile(t, w, flags, mode);
        boolean isNew = false;
        if ((flags & O_CREAT) != 0) {
            if (w.inode == null) {
                r = create(t, w, mode);
                isNew = true;
            } else if ((flags & O_EXCL) != 0) r = -EEXIST;
            else if (w.inode.isDirectory()) r = -EISDIR;
        }
        Inode n = w.inode;
        if (r == 0 && !isNew) r = mayOpen(t, w, n, flags);
        if (r == 0 && Leases.active > 0) r = Leases.askFor(t, n, writes(flags), (flags & O_NONBLOCK) == 0);
        if (r < 0) {
            t.error = r == Task.BLOCKED ? 0 : (int) r;
            return null;
        }
        OpenFile f = file(t, n, w.path(), flags & VALID_OPEN_FLAGS & ~NOT_KEPT | O_LARGEFILE);
        if (f != null && (flags & O_TRUNC) != 0 && n.isRegular() && !isNew) {
            r = f.isWritable() ? f.truncate(t, 0) : n.truncate(t, 0);
            if (r == 0) r = dropPrivileges(t, n);
            if (r < 0) {
                f.put(t);
                t.error = (int) r;
                return null;
            }
            Notify.file(f, Notify.IN_MODIFY);
        }
        if (f != null) Notify.file(f, Notify.IN_OPEN);
        return f;
    }

    private static long create(Task t, PathWalk w, int mode) {
        Dentry dir = w.parent;
        if (dir.isDead) return -ENOENT;
        if (w.parentMount.isReadOnly()) return -EROFS;
        long r = Access.check(t.cred, dir.inode, Access.WRITE | Access.EXECUTE);
        if (r < 0) return r;
        String name = w.lastName();
        Inode n = dir.inode.create(t, name, S_IFREG | DirectoryOps.newMode(t, dir.inode, S_IFREG | mode & 07777), 0);
        if (n == null) return t.error;
        w.dentry = DirectoryOps.instantiate(dir, name, n);
        w.mount = w.parentMount;
        w.inode = n;
        Notify.name(dir.inode, Notify.IN_CREATE, n, name, 0);
        return 0;
    }

    private static OpenFile tmpfile(Task t, PathWalk w, int flags, int mode) {
        Inode dir = w.inode;
        long r = w.mount.isReadOnly() ? -EROFS : Access.check(t.cred, dir, Access.WRITE | Access.EXECUTE);
        Inode n = null;
        if (r < 0) t.error = (int) r;
        else n = dir.tmpfile(t, S_IFREG | DirectoryOps.newMode(t, dir, S_IFREG | mode & 07777));
        if (n == null) return null;
        n.isLinkable = (flags & O_EXCL) == 0;
        var d = new Dentry(dir.fs, "#" + n.ino, w.dentry, n);
        d.isDead = true;
        return file(t, n, new Path(w.mount, d), flags & VALID_OPEN_FLAGS & ~NOT_KEPT & ~O_CREAT | O_LARGEFILE);
    }

    private static boolean writes(int flags) { return (flags & (O_ACCMODE | O_TRUNC)) != 0; }

    /** The checks of open(2) on what exists. */
    private static long mayOpen(Task t, PathWalk w, Inode n, int flags) {
        int access = flags & O_ACCMODE;
        int mask = access == O_RDONLY ? Access.READ : access == O_WRONLY ? Access.WRITE : Access.READ | Access.WRITE;
        boolean writes = writes(flags);
        if (writes) mask |= Access.WRITE;
        switch (n.mode & S_IFMT) {
            case S_IFLNK -> { return -ELOOP; }
            case S_IFDIR -> { if (writes) return -EISDIR; }
            case S_IFCHR, S_IFBLK -> { if ((w.mount.flags & Mounts.MS_NODEV) != 0) return -EACCES; }
            default -> { }
        }
        long r = Access.check(t.cred, n, mask);
        if (r < 0) return r;
        if (writes && w.mount.isReadOnly() && (n.isRegular() || n.isDirectory())) return -EROFS;
        if ((flags & O_NOATIME) != 0 && !Access.isOwner(t.cred, n)) return -EPERM;
        if (writes && n.executions > 0) return -ETXTBSY;
        return 0;
    }

    /** The open file description of an inode, all checks done. Also opens anew through magic links. */
    static OpenFile file(Task t, Inode n, Path path, int flags) {
        OpenFile f;
        switch (n.mode & S_IFMT) {
            case S_IFIFO -> {
                // The pipe that standard output is, opened anew (/dev/stdout): its readers are the host's.
                if (n instanceof HostFdInode) {
                    f = n.open(t, path, flags);
                    break;
                }
                f = t.kernel.options.hostFifos && t.so == null ? HostFdFile.fifo(t, n, flags) : null;
                boolean isHosts = f != null || t.kernel.options.hostFifos && t.so == null
                        && t.error != -ENODEV;
                if (!isHosts) f = PipeFile.openFifo(t, n, path, flags);
            }
            case S_IFCHR, S_IFBLK -> f = DeviceTable.open(t, n, path, flags);
            case S_IFSOCK -> {
                t.error = -ENXIO;
                return null;
            }
            default -> f = n.open(t, path, flags);
        }
        if (f == null) return null;
        // Only terminals look at it, when they are opened.
        f.flags &= ~O_NOCTTY;
        if (n.isRegular()) f.countWriter();
        if (f.path == null) f.path = path;
        return f;
    }

    /**
     * What happens to set-user-ID and set-group-ID bits when a file's content is changed by one without CAP_FSETID
     * (write(2), truncate(2), chown(2)): 0 or -errno.
     */
    public static long dropPrivileges(Task t, Inode n) {
        int mode = n.mode;
        if ((mode & (S_ISUID | S_ISGID)) == 0 || !n.isRegular()) return 0;
        int gone = mode & S_ISUID;
        // set-group-ID without group execute is mandatory locking, not a privilege.
        if ((mode & (S_ISGID | 010)) == (S_ISGID | 010)) gone |= S_ISGID;
        if (gone == 0 || t.cred.capableOver(n.uid, n.gid, Credentials.CAP_FSETID)) return 0;
        return n.setattr(t, mode & 07777 & ~gone, -1, -1);
    }

    /** A file opened with O_PATH: a place, no access to content. */
    public static final class PathFile extends OpenFile {
        PathFile(Inode inode, Path path, int flags) {
            super(inode, flags);
            this.path = path;
        }

        @Override
        public long read(Task t, long address, long length) { return -EBADF; }

        @Override
        public long write(Task t, long address, long length) { return -EBADF; }
    }
}

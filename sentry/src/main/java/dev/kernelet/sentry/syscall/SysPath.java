package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.pipe.PipeFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.UserMemory;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.DirectoryOps;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** System calls on paths: open(2), names (mkdir, link, rename...), the working directory and the root. */
final class SysPath {
    private SysPath() {}

    private static final int OPENAT2_RESOLVE = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS
            | RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
    private static final int PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

    // ---- open
    /** open(2). */
    static long open(Task t, long path, int flags, int mode) { return openat(t, AT_FDCWD, path, flags, mode); }

    /** creat(2). */
    static long creat(Task t, long path, int mode) {
        return openat(t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
    }

    /** openat(2): unknown flags are ignored. */
    static long openat(Task t, int dirfd, long path, int flags, int mode) {
        flags &= VALID_OPEN_FLAGS;
        if ((flags & O_PATH) != 0) flags &= PATH_FLAGS;
        return open(t, dirfd, path, flags, mode, 0);
    }

    /** openat2(2): unknown flags, and a mode without need, are errors. */
    static long openat2(Task t, int dirfd, long path, long how, long size) {
        if (size < OPEN_HOW_SIZE) return -EINVAL;
        if (size > 4096) return -E2BIG;
        long p = t.mem.in(how, (int) size);
        if (p < 0) return p;
        for (long i = OPEN_HOW_SIZE; i < size; i++) if (Memory.getByte(p + i) != 0) return -E2BIG;
        long flags = Memory.getLong(p), mode = Memory.getLong(p + 8), resolve = Memory.getLong(p + 16);
        if ((flags & ~(long) VALID_OPEN_FLAGS) != 0 || (resolve & ~(long) OPENAT2_RESOLVE) != 0) return -EINVAL;
        if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) return -EINVAL;
        boolean creates = (flags & (O_CREAT | O_TMPFILE_BIT)) != 0;
        if (creates ? (mode & ~07777L) != 0 : mode != 0) return -EINVAL;
        if ((flags & O_PATH) != 0 && (flags & ~(long) PATH_FLAGS) != 0) return -EINVAL;
        if ((resolve & RESOLVE_CACHED) != 0 && (flags & (O_TRUNC | O_CREAT | O_TMPFILE_BIT)) != 0) return -EAGAIN;
        return open(t, dirfd, path, (int) flags, (int) mode, (int) resolve);
    }

    private static long open(Task t, int dirfd, long path, int flags, int mode, int resolve) {
        OpenFile f;
        if (t.so != null) {
            // A FIFO that waits for its other side: already half open.
            f = PipeFile.openFifo(t, null, null, flags);
        } else {
            long r = t.mem.path(path);
            if (r < 0) return r;
            r = t.fds.lowestFree(t, 0);
            if (r < 0) return r;
            f = FileOpen.open(t, dirfd, flags, mode, resolve);
        }
        if (f == null) return t.error == 0 ? t.block() : t.error;
        return t.fds.install(t, f, (flags & O_CLOEXEC) != 0);
    }

    // ---- names
    /** Runs {@code t.mem.path}; an empty path is ENOENT. */
    private static long path(Task t, long address) {
        long r = t.mem.path(address);
        return r == 0 ? -ENOENT : r;
    }

    /** mkdir(2). */
    static long mkdir(Task t, long path, int mode) { return mkdirat(t, AT_FDCWD, path, mode); }

    /** mkdirat(2). */
    static long mkdirat(Task t, int dirfd, long path, int mode) {
        long r = path(t, path);
        return r < 0 ? r : DirectoryOps.mkdir(t, dirfd, mode);
    }

    /** mknod(2). */
    static long mknod(Task t, long path, int mode, long device) { return mknodat(t, AT_FDCWD, path, mode, device); }

    /** mknodat(2). */
    static long mknodat(Task t, int dirfd, long path, int mode, long device) {
        long r = DirectoryOps.checkNodeType(mode);
        if (r == 0) r = path(t, path);
        return r < 0 ? r : DirectoryOps.mknod(t, dirfd, mode, device & 0xffffffffL);
    }

    /** rmdir(2). */
    static long rmdir(Task t, long path) { return unlinkat(t, AT_FDCWD, path, AT_REMOVEDIR); }

    /** unlink(2). */
    static long unlink(Task t, long path) { return unlinkat(t, AT_FDCWD, path, 0); }

    /** unlinkat(2). */
    static long unlinkat(Task t, int dirfd, long path, int flags) {
        if ((flags & ~AT_REMOVEDIR) != 0) return -EINVAL;
        long r = path(t, path);
        if (r < 0) return r;
        return flags != 0 ? DirectoryOps.rmdir(t, dirfd) : DirectoryOps.unlink(t, dirfd);
    }

    /** rename(2). */
    static long rename(Task t, long from, long to) { return renameat2(t, AT_FDCWD, from, AT_FDCWD, to, 0); }

    /** renameat(2). */
    static long renameat(Task t, int fromDirfd, long from, int toDirfd, long to) {
        return renameat2(t, fromDirfd, from, toDirfd, to, 0);
    }

    /** renameat2(2). */
    static long renameat2(Task t, int fromDirfd, long from, int toDirfd, long to, int flags) {
        if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) != 0) return -EINVAL;
        if ((flags & RENAME_EXCHANGE) != 0 && flags != RENAME_EXCHANGE) return -EINVAL;
        long r = path(t, from);
        return r < 0 ? r : DirectoryOps.rename(t, fromDirfd, toDirfd, to, flags);
    }

    /** link(2). */
    static long link(Task t, long from, long to) { return linkat(t, AT_FDCWD, from, AT_FDCWD, to, 0); }

    /** linkat(2). */
    static long linkat(Task t, int fromDirfd, long from, int toDirfd, long to, int flags) {
        if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long r = t.mem.path(from);
        if (r < 0) return r;
        if ((flags & AT_EMPTY_PATH) != 0 && r == 0 && fromDirfd != AT_FDCWD) {
            OpenFile f = t.fds.get(fromDirfd);
            if (f == null) return -EBADF;
            // Only what was opened with the same credentials, so that a descriptor one was given is no name (open(2), O_TMPFILE).
            if (f.openedBy != t.cred && !t.cred.capable(Credentials.CAP_DAC_READ_SEARCH)) return -ENOENT;
        }
        PathWalk w = t.walk;
        r = w.at(fromDirfd, ((flags & AT_SYMLINK_FOLLOW) != 0 ? PathWalk.FOLLOW : 0)
                | ((flags & AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY : 0));
        if (r < 0) return r;
        Mount mount = w.mount;
        Dentry dentry = w.dentry;
        Inode n = w.inode;
        if (mount == null || n == null) return -EXDEV;
        r = path(t, to);
        return r < 0 ? r : DirectoryOps.link(t, mount, dentry, n, toDirfd);
    }

    /** symlink(2). */
    static long symlink(Task t, long target, long path) { return symlinkat(t, target, AT_FDCWD, path); }

    /** symlinkat(2). */
    static long symlinkat(Task t, long target, int dirfd, long path) {
        String to = t.mem.string(target, UserMemory.PATH_MAX);
        if (to == null) return t.error;
        if (to.isEmpty()) return -ENOENT;
        long r = path(t, path);
        return r < 0 ? r : DirectoryOps.symlink(t, to, dirfd);
    }

    /** readlink(2). */
    static long readlink(Task t, long path, long buffer, int size) { return readlinkat(t, AT_FDCWD, path, buffer, size); }

    /** readlinkat(2): an empty path stands for a descriptor that was opened as a link with O_PATH. */
    static long readlinkat(Task t, int dirfd, long path, long buffer, int size) {
        if (size <= 0) return -EINVAL;
        long r = t.mem.path(path);
        if (r < 0) return r;
        boolean isEmpty = r == 0;
        r = t.walk.at(dirfd, PathWalk.EMPTY);
        if (r < 0) return r;
        Inode n = t.walk.inode;
        if (n == null || !n.isSymlink()) {
            if (n != null) t.noLink();
            return isEmpty ? -ENOENT : -EINVAL;
        }
        t.error = -EINVAL;
        String target = n.readlink(t);
        if (target == null) return t.error;
        // Only procfs knows longer ones (d_path in fs/d_path.c).
        if (target.length() >= UserMemory.PATH_MAX) return -ENAMETOOLONG;
        int length = Math.min(target.length(), size);
        long p = t.mem.scratch(target.length());
        Memory.putBytes(p, target);
        r = t.mem.out(buffer, p, length);
        return r < 0 ? r : length;
    }

    // ---- working directory and root
    /** chdir(2). */
    static long chdir(Task t, long path) {
        long r = path(t, path);
        if (r < 0) return r;
        r = t.walk.at(AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r == 0) r = Access.check(t.cred, t.walk.inode, Access.EXECUTE);
        if (r == 0) t.fs.setCwd(t.walk.path());
        return r;
    }

    /** fchdir(2). */
    static long fchdir(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if (f.path == null || !f.path.dentry.inode.isDirectory()) return -ENOTDIR;
        long r = Access.check(t.cred, f.path.dentry.inode, Access.EXECUTE);
        if (r == 0) t.fs.setCwd(f.path);
        return r;
    }

    /** chroot(2). */
    static long chroot(Task t, long path) {
        long r = path(t, path);
        if (r < 0) return r;
        r = t.walk.at(AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r == 0) r = Access.check(t.cred, t.walk.inode, Access.EXECUTE);
        if (r < 0) return r;
        if (!t.cred.capableHere(Credentials.CAP_SYS_CHROOT)) return -EPERM;
        t.fs.changeRoot(t.walk.path());
        return 0;
    }

    /** getcwd(2): the length with the NUL. */
    static long getcwd(Task t, long buffer, long size) {
        Path cwd = t.fs.cwd;
        if (cwd.dentry.isDead) return -ENOENT;
        String name = PathWalk.pathName(cwd, t.fs.root);
        if (name == null) name = "(unreachable)" + PathWalk.pathName(cwd, null);
        int n = name.length() + 1;
        if (n > UserMemory.PATH_MAX) return -ENAMETOOLONG;
        if (n > size && size >= 0) return -ERANGE;
        long p = t.mem.scratch(n);
        Memory.putBytes(p, name);
        Memory.putByte(p + n - 1, (byte) 0);
        long r = t.mem.out(buffer, p, n);
        return r < 0 ? r : n;
    }

    /** umask(2). */
    static long umask(Task t, int mask) {
        int old = t.fs.umask;
        t.fs.umask = mask & 0777;
        return old;
    }

    // ---- handles: no filesystem here exports any
    /** name_to_handle_at(2). */
    static long name_to_handle_at(Task t, int dirfd, long path, long handle, long mountId, int flags) {
        if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_HANDLE_FID | AT_HANDLE_MNT_ID_UNIQUE)) != 0) return -EINVAL;
        long r = t.mem.path(path);
        if (r < 0) return r;
        r = t.walk.at(dirfd, ((flags & AT_SYMLINK_FOLLOW) != 0 ? PathWalk.FOLLOW : 0)
                | ((flags & AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY : 0));
        return r < 0 ? r : -EOPNOTSUPP;
    }

    /** open_by_handle_at(2). */
    static long open_by_handle_at(Task t, int mountFd, long handle, int flags) {
        return t.cred.capable(Credentials.CAP_DAC_READ_SEARCH) ? -ESTALE : -EPERM;
    }
}

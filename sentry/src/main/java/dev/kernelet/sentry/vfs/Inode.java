package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/**
 * A file, directory, link, device, FIFO or socket of a filesystem. Kernel lock.
 *
 * <p>Methods that yield an object return null on failure and leave a negative errno in {@code t.error}; the
 * others return 0 or a negative errno. Permission checks on the parent directory are the caller's (PathWalk
 * and SysPath). Names are byte strings without '/', never "." or "..".
 */
public abstract class Inode {
    public final Filesystem fs;
    public long ino;
    /** S_IF* and permission bits. */
    public int mode;
    public int uid, gid;
    /**
     * The owner, the group are ids of the host that no id inside stands for: they are shown as the overflow
     * id, but belong to nobody inside, and no capability of a program reaches the file (user_namespaces(7)).
     */
    public boolean hasForeignUser, hasForeignGroup;
    public int nlink = 1;
    /** For device nodes: the number as in st_rdev (new encoding, makedev(3)). */
    public long rdev;
    /** Nanoseconds since the epoch. */
    public long atime, mtime, ctime, btime;
    public long size;
    /**
     * Open file descriptions of this inode, O_PATH included; kept by OpenFile. Mappings hold their OpenFile.
     */
    public int opens;
    /**
     * Programs that run from this inode: opening it for writing is ETXTBSY. Kept by the loader's owner (mm).
     */
    public int executions;
    /** Open file descriptions that may write, made by open(2): it cannot be executed then (ETXTBSY). */
    public int writers;
    /** Shared writable mappings: F_SEAL_WRITE is EBUSY. Kept by mm. */
    public int writableMappings;
    /** Made by O_TMPFILE without O_EXCL: linkat(2) may give it a name. */
    public boolean isLinkable;
    /** F_SET_RW_HINT: kept and told, nothing else. */
    public byte writeHint;
    /** POSIX, OFD and flock locks on this inode: filled in by vfs.FileLocks on first use. */
    public Object locks;
    /** inotify watches: filled in by vfs.Inotify on first use. */
    public Object watches;
    /** The pipe behind a FIFO while it is open: owned by fs.pipe. */
    public Object fifo;

    /** The inode of a stacking filesystem (overlay) that stands for this one. */
    public Object stacked;

    protected Inode(Filesystem fs) { this.fs = fs; }

    public final int type() { return mode & 0xf000; }
    public final boolean isDirectory() { return (mode & 0xf000) == 0x4000; }
    public final boolean isSymlink() { return (mode & 0xf000) == 0xa000; }
    public final boolean isRegular() { return (mode & 0xf000) == 0x8000; }

    /** Brings the fields above up to date (host files, proc files that compute). 0 or -errno. */
    public long refresh(Task t) { return 0; }

    /** st_blocks in 512-byte units. */
    public long blocks() { return (size + 511) >> 9; }

    public int blockSize() { return 4096; }

    /**
     * Whether names in this directory may be cached in dentries (also negative ones) without asking again.
     */
    public boolean cacheable() { return true; }

    // ---- directories
    /**
     * The inode called {@code name}, or null with t.error (-ENOENT). Called once per name when
     * {@link #cacheable}.
     */
    public Inode lookup(Task t, String name) { t.error = -ENOTDIR; return null; }

    /**
     * mknod(2), create and O_CREAT: a new inode of type and permissions {@code mode}, owned by the caller.
     */
    public Inode create(Task t, String name, int mode, long rdev) { t.error = -EPERM; return null; }

    /**
     * As {@link #create} of a socket, which is the host's {@code socket} with that name; null with -ENODEV
     * where there are none.
     */
    public Inode bindHostSocket(Task t, String name, int mode, int socket) {
        t.error = -ENODEV;
        return null;
    }

    public Inode mkdir(Task t, String name, int mode) { t.error = -EPERM; return null; }

    public Inode symlink(Task t, String name, String target) { t.error = -EPERM; return null; }

    /** An unnamed regular file for O_TMPFILE. */
    public Inode tmpfile(Task t, int mode) { t.error = -EOPNOTSUPP; return null; }

    public long link(Task t, String name, Inode target) { return -EPERM; }

    public long unlink(Task t, String name, Inode target) { return -EPERM; }

    public long rmdir(Task t, String name, Inode target) { return -EPERM; }

    /**
     * renameat2(2) within one filesystem; {@code replaced} is the inode at the new name or null. Type checks
     * are done.
     */
    public long rename(Task t, String name, Inode moved, Inode newDir, String newName, Inode replaced,
            int flags) {
        return -EPERM;
    }

    // ---- links
    /** The target text of a symbolic link, or null with t.error. */
    public String readlink(Task t) { t.error = -EINVAL; return null; }

    /**
     * A "magic" link (/proc/PID/fd/N...): the path it jumps to; null for an ordinary link, or with t.error.
     */
    public Path follow(Task t) { return null; }

    // ---- attributes. Permission checks are done; the method applies the change and updates ctime.
    /** Sets those of mode, uid, gid (each -1: keep; mode without type bits). */
    public long setattr(Task t, int mode, int uid, int gid) { return -EPERM; }

    /** Sets times in nanoseconds since the epoch ({@link Long#MIN_VALUE}: keep). */
    public long setTimes(Task t, long atime, long mtime) { return -EPERM; }

    /** {@link #setattr} of what only this object knows; 0. Ids are all but -1: they have no sign. */
    protected final long putAttributes(long now, int newMode, int newUid, int newGid) {
        if (newMode != -1) mode = mode & 0xf000 | newMode & 07777;
        if (newUid != -1) uid = newUid;
        if (newGid != -1) gid = newGid;
        ctime = now;
        return 0;
    }

    /** {@link #setTimes} likewise; 0. */
    protected final long putTimes(long now, long newAtime, long newMtime) {
        if (newAtime != Long.MIN_VALUE) atime = newAtime;
        if (newMtime != Long.MIN_VALUE) mtime = newMtime;
        ctime = now;
        return 0;
    }

    /** As listxattr(2) wants them. */
    protected static String list(Iterable<String> names) {
        var s = new StringBuilder();
        for (String name : names) s.append(name).append('\0');
        return s.toString();
    }

    public long truncate(Task t, long size) { return -EINVAL; }

    /** Extended attributes: value or null with t.error (-ENODATA, -EOPNOTSUPP). */
    public byte[] getXattr(Task t, String name) { t.error = -EOPNOTSUPP; return null; }

    public long setXattr(Task t, String name, byte[] value, int flags) { return -EOPNOTSUPP; }

    public long removeXattr(Task t, String name) { return -EOPNOTSUPP; }

    /** Names, each with its NUL, as listxattr(2) returns them; or null with t.error. */
    public String listXattr(Task t) { return ""; }

    // ---- opening
    /**
     * The open file description for O_* {@code flags}; permission, type (O_DIRECTORY...) and O_TRUNC are done
     * by the caller. Null with a negative {@code t.error}, or with {@code t.error == 0} when the task now
     * waits for what it has registered (FIFOs): the call then returns {@link Task#BLOCKED} and is run again.
     */
    /** Opens a FIFO of the host: a descriptor or -errno; -ENODEV: it is none, the sandbox has its own. */
    public int openHostFifo(int access) { return -dev.kernelet.abi.Errno.ENODEV; }

    /** An O_PATH descriptor of a socket of the host, which is the caller's; or -errno as above. */
    public int openHostSocket() { return -dev.kernelet.abi.Errno.ENODEV; }

    public abstract OpenFile open(Task t, Path path, int flags);

    /**
     * The last name is gone ({@link #nlink} is 0) and no open file is left: free what the inode holds. A
     * working directory may still refer to it: later calls must not fail badly (-ENOENT, -ESTALE).
     */
    public void release() {}

    /**
     * A name of it is no longer cached; it may be looked up again later. For filesystems that keep more than
     * the name.
     */
    public void forgotten() {}

    /** The mount namespace that this is the file of (nsfs), or null. */
    public MountNamespace mountNamespace() { return null; }

    /** A mount whose root this is has been attached, or detached. */
    protected void attached(boolean isAttached) {}

    /** After a name went away: {@link #release} if it was the last and nobody has the file open. */
    public final void releaseIfUnused() {
        if (nlink == 0 && opens == 0) release();
    }
}

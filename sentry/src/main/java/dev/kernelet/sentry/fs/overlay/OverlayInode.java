package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.LinkedHashMap;

/** What all inodes of an overlay have; itself a symbolic link, device, FIFO or socket. Kernel lock. */
class OverlayInode extends Inode {
    private static final int XATTR_BYTES_MAX = 1 << 20;
    final OverlayFilesystem overlay;
    /** What this inode was when the sandbox began; null for a new one. */
    final Inode lower;
    /** Where a lower inode was found; null once it is pinned or when it is new. */
    private OverlayDirectory home;
    private String homeName;
    /** Of a new symbolic link. */
    String target;
    /** All extended attributes, once one was changed. */
    private LinkedHashMap<String, byte[]> xattrs;
    private int xattrBytes;
    private boolean isCharged;

    /** The face of a lower inode. */
    OverlayInode(OverlayFilesystem fs, Inode lower, OverlayDirectory home, String name) {
        super(fs);
        this.overlay = fs;
        this.lower = lower;
        this.home = home;
        this.homeName = name;
        ino = lower.ino;
        mode = lower.mode;
        uid = lower.uid;
        gid = lower.gid;
        hasForeignUser = lower.hasForeignUser;
        hasForeignGroup = lower.hasForeignGroup;
        nlink = lower.nlink;
        rdev = lower.rdev;
        size = lower.size;
        atime = lower.atime;
        mtime = lower.mtime;
        ctime = lower.ctime;
        btime = lower.btime;
    }

    /** A new inode; room for it is charged already. */
    OverlayInode(OverlayFilesystem fs, int mode, int uid, int gid) {
        super(fs);
        this.overlay = fs;
        this.lower = null;
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        ino = fs.newIno();
        atime = mtime = ctime = btime = Tmpfs.now();
        isCharged = true;
    }

    void touch() { mtime = ctime = Tmpfs.now(); }

    void touchChange() { ctime = Tmpfs.now(); }

    /** Before the first change: this very object stands for the file from now on. */
    final void pin() {
        if (home == null) return;
        OverlayDirectory dir = home;
        home = null;
        dir.keep(homeName, this);
    }

    @Override
    public int openHostFifo(int access) { return lower == null ? super.openHostFifo(access)
            : lower.openHostFifo(access); }

    @Override
    public int openHostSocket() { return lower == null ? super.openHostSocket() : lower.openHostSocket(); }

    @Override
    public long blocks() { return lower == null ? 0 : lower.blocks(); }

    @Override
    public int blockSize() { return lower == null ? 4096 : lower.blockSize(); }

    @Override
    public String readlink(Task t) {
        if (target != null) return target;
        if (lower != null) return lower.readlink(t);
        t.error = -EINVAL;
        return null;
    }

    // ---- attributes
    @Override
    public long setattr(Task t, int newMode, int newUid, int newGid) {
        pin();
        putAttributes(ctime, newMode, newUid, newGid);
        touchChange();
        return 0;
    }

    @Override
    public long setTimes(Task t, long newAtime, long newMtime) {
        pin();
        putTimes(ctime, newAtime, newMtime);
        touchChange();
        return 0;
    }

    private static boolean isSupported(String name) {
        return name.startsWith("user.") || name.startsWith("trusted.") || name.startsWith("security.");
    }

    @Override
    public byte[] getXattr(Task t, String name) {
        if (xattrs == null) {
            if (lower != null) return lower.getXattr(t, name);
            t.error = isSupported(name) ? -ENODATA : -EOPNOTSUPP;
            return null;
        }
        byte[] value = xattrs.get(name);
        if (value == null) t.error = isSupported(name) ? -ENODATA : -EOPNOTSUPP;
        return value;
    }

    @Override
    public long setXattr(Task t, String name, byte[] value, int flags) {
        if (!isSupported(name)) return -EOPNOTSUPP;
        long r = ownXattrs(t);
        if (r < 0) return r;
        byte[] old = xattrs.get(name);
        if (old != null && (flags & XATTR_CREATE) != 0) return -EEXIST;
        if (old == null && (flags & XATTR_REPLACE) != 0) return -ENODATA;
        int more = value.length - (old == null ? -name.length() : old.length);
        if (xattrBytes + more > XATTR_BYTES_MAX || !overlay.upper.chargeAttributes(more)) return -ENOSPC;
        xattrs.put(name, value);
        xattrBytes += more;
        touchChange();
        return 0;
    }

    @Override
    public long removeXattr(Task t, String name) {
        if (!isSupported(name)) return -EOPNOTSUPP;
        long r = ownXattrs(t);
        if (r < 0) return r;
        byte[] old = xattrs.remove(name);
        if (old == null) return -ENODATA;
        int bytes = old.length + name.length();
        xattrBytes -= bytes;
        overlay.upper.charge(-bytes);
        touchChange();
        return 0;
    }

    private long ownXattrs(Task t) {
        if (xattrs != null) return 0;
        pin();
        var own = new LinkedHashMap<String, byte[]>();
        String names = lower == null ? "" : lower.listXattr(t);
        if (names == null) return t.error;
        for (int i = 0; i < names.length();) {
            int end = names.indexOf('\0', i);
            String name = names.substring(i, end);
            byte[] value = lower.getXattr(t, name);
            if (value != null) own.put(name, value);
            i = end + 1;
        }
        xattrs = own;
        return 0;
    }

    @Override
    public String listXattr(Task t) {
        if (xattrs == null) return lower == null ? "" : lower.listXattr(t);
        return list(xattrs.keySet());
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        // Sockets, and devices that the Sentry has no driver for.
        t.error = -ENXIO;
        return null;
    }

    @Override
    public void forgotten() { if (home != null) lower.forgotten(); }

    @Override
    public void release() {
        if (isCharged) overlay.upper.charge(-Tmpfs.BYTES_PER_INODE);
        overlay.upper.charge(-xattrBytes);
        isCharged = false;
        xattrBytes = 0;
        xattrs = null;
        if (lower != null && opens == 0) lower.release();
    }
}

package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.LinkedHashMap;

/** What all inodes of a tmpfs have; itself a device, FIFO, socket or symbolic link. Kernel lock. */
class TmpfsInode extends Inode {
    private static final int XATTR_BYTES_MAX = 1 << 20;
    final Tmpfs tmpfs;
    private LinkedHashMap<String, byte[]> xattrs;
    private int xattrBytes;
    /** Of a symbolic link. */
    String target;

    TmpfsInode(Tmpfs fs, int mode, int uid, int gid) {
        super(fs);
        tmpfs = fs;
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        ino = fs.newIno();
        atime = mtime = ctime = btime = Tmpfs.now();
    }

    final void touch() { mtime = ctime = Tmpfs.now(); }

    @Override
    public long blocks() { return 0; }

    @Override
    public String readlink(Task t) {
        if (target == null) t.error = -EINVAL;
        return target;
    }

    @Override
    public long setattr(Task t, int newMode, int newUid, int newGid) {
        return putAttributes(Tmpfs.now(), newMode, newUid, newGid);
    }

    @Override
    public long setTimes(Task t, long newAtime, long newMtime) {
        return putTimes(Tmpfs.now(), newAtime, newMtime);
    }

    @Override
    public byte[] getXattr(Task t, String name) {
        if (!isSupported(name)) {
            t.error = -EOPNOTSUPP;
            return null;
        }
        byte[] value = xattrs == null ? null : xattrs.get(name);
        if (value == null) t.error = -ENODATA;
        return value;
    }

    private static boolean isSupported(String name) {
        return name.startsWith("user.") || name.startsWith("trusted.") || name.startsWith("security.");
    }

    @Override
    public long setXattr(Task t, String name, byte[] value, int flags) {
        if (!isSupported(name)) return -EOPNOTSUPP;
        byte[] old = xattrs == null ? null : xattrs.get(name);
        if (old != null && (flags & XATTR_CREATE) != 0) return -EEXIST;
        if (old == null && (flags & XATTR_REPLACE) != 0) return -ENODATA;
        int more = value.length - (old == null ? -name.length() : old.length);
        if (xattrBytes + more > XATTR_BYTES_MAX || !tmpfs.chargeAttributes(more)) return -ENOSPC;
        if (xattrs == null) xattrs = new LinkedHashMap<>();
        xattrs.put(name, value);
        xattrBytes += more;
        ctime = Tmpfs.now();
        return 0;
    }

    @Override
    public long removeXattr(Task t, String name) {
        if (!isSupported(name)) return -EOPNOTSUPP;
        byte[] old = xattrs == null ? null : xattrs.remove(name);
        if (old == null) return -ENODATA;
        int bytes = old.length + name.length();
        xattrBytes -= bytes;
        tmpfs.charge(-bytes);
        ctime = Tmpfs.now();
        return 0;
    }

    @Override
    public String listXattr(Task t) {
        if (xattrs == null) return "";
        return list(xattrs.keySet());
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        t.error = -ENXIO;
        return null;
    }

    @Override
    public void release() {
        tmpfs.inodes--;
        tmpfs.charge(-Tmpfs.BYTES_PER_INODE - xattrBytes);
    }
}

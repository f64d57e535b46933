package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/**
 * What a descriptor that the sandbox was given refers to: a file, pipe, socket or terminal of the host.
 * Kernel lock.
 */
public final class HostFdInode extends Inode {
    /** The filesystem all of them claim to be on. */
    private static final class Imported extends Filesystem {
        final HostCalls calls = new HostCalls();

        @Override
        public String type() { return "hostfd"; }

        @Override
        public long magic() { return 0x686f7374; }
    }

    final Kernel kernel;
    /** Owned; closed when no open file is left. */
    final int fd;
    private final Imported imported;
    private long blocks;

    private HostFdInode(Kernel kernel, Imported fs, int fd) {
        super(fs);
        this.kernel = kernel;
        this.imported = fs;
        this.fd = fd;
        refresh(null);
        // Released with its last open file, whatever names the host has for it.
        nlink = 0;
    }

    /**
     * The open file for the host descriptor {@code fd}, which from now on is the Sentry's; null when it is
     * not open. It has a path, so that /proc/self/fd/N can be opened, but no name.
     */
    public static OpenFile open(Kernel kernel, int fd) {
        long flags = HostCall.call(FCNTL, fd, F_GETFL);
        if (flags < 0 || (flags & O_PATH) != 0) return null;
        if (kernel.root.imported == null) kernel.root.imported = new Imported();
        var fs = (Imported) kernel.root.imported;
        var inode = new HostFdInode(kernel, fs, fd);
        var d = new Dentry(fs, "", null, inode);
        var f = new HostFdFile(inode, (int) flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME) | O_LARGEFILE, false);
        f.path = new Path(fs.internal(), d);
        return f;
    }

    @Override
    public long refresh(Task t) {
        HostCalls c = imported.calls;
        long r = c.statx(fd);
        if (r < 0) return r;
        long s = c.statx;
        mode = c.statxMode();
        uid = kernel.options.ids.userInside(Memory.getInt(s + 20));
        gid = kernel.options.ids.groupInside(Memory.getInt(s + 24));
        size = Memory.getLong(s + 40);
        blocks = Memory.getLong(s + 48);
        atime = c.statxTime(64);
        btime = c.statxTime(80);
        ctime = c.statxTime(96);
        mtime = c.statxTime(112);
        rdev = c.statxRdev();
        ino = c.statxIno();
        return 0;
    }

    @Override
    public long blocks() { return blocks; }

    @Override
    public long setattr(Task t, int mode, int uid, int gid) {
        if (!isRegular()) return -EPERM;
        long r = 0;
        if (uid != -1 || gid != -1) {
            int user = uid == -1 ? -1 : kernel.options.ids.userOutside(uid), group = gid == -1 ? -1 : kernel.options.ids.groupOutside(gid);
            if (uid != -1 && user == HostIds.NONE || gid != -1 && group == HostIds.NONE) return -EINVAL;
            r = imported.calls.chown(fd, user, group);
        }
        if (r == 0 && mode != -1) r = imported.calls.chmod(fd, mode & 07777);
        return r;
    }

    @Override
    public long setTimes(Task t, long atime, long mtime) {
        return isRegular() ? imported.calls.utimens(fd, null, atime, mtime) : -EPERM;
    }

    @Override
    public long truncate(Task t, long size) { return isRegular() ? HostCall.call(FTRUNCATE, fd, size) : -EINVAL; }

    /** Opened anew, through /dev/stdin and the like: the same host file, offset included. */
    @Override
    public OpenFile open(Task t, Path path, int flags) {
        long f = HostCall.call(FCNTL, fd, F_GETFL);
        int access = flags & O_ACCMODE;
        if (f < 0 || (f & O_ACCMODE) != O_RDWR && (f & O_ACCMODE) != access) {
            t.error = -EACCES;
            return null;
        }
        return new HostFdFile(this, flags, true);
    }

    long iovec(long address, long length) { return imported.calls.iovec(address, length); }

    /**
     * Numbers 0 to 2 are taken again at once, by what can be neither read nor written: for what the virtual
     * machine prints.
     */
    @Override
    public void release() {
        HostCall.call(CLOSE, fd);
        if (fd > 2) return;
        long taken = HostProc.open(".", O_PATH);
        if (taken > 2) HostCall.call(CLOSE, taken);
    }
}

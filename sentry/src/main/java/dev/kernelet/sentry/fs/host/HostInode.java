package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;
import static dev.kernelet.sentry.fs.host.HostCalls.close;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.ArrayList;

/**
 * A file of the host and the descriptors open for it. Found by the name it was last seen under, or, once that is gone, by an
 * open descriptor. Kernel lock.
 */
final class HostInode extends Inode {
    final HostFilesystem host;
    /** Where it was last seen; name null: unlinked. The root has no parent. */
    HostInode parent;
    String name;
    int device;
    long hostIno;
    HostInode nextInMap;
    boolean isInMap;

    /** O_PATH descriptor of a directory. */
    int pathFd = -1;
    /** O_RDONLY, and O_RDWR or O_WRONLY; kept while {@link #dataOpens} is not 0, the first also as a cache. */
    int readFd = -1, writeFd = -1;
    int dataOpens;
    private boolean isWriteOnly;
    int seat = -1;
    boolean isRecent;

    /** A directory of the host that is not shown: the Sentry's own filesystems go here. */
    private boolean isHidden;
    private ArrayList<HostInode> hiddenChildren;
    /** A hidden directory that the host, too, has an entry for. */
    boolean isListed;
    /** The fields are older than something done to the file. */
    boolean isStale;
    private long blocks;
    private int blockSize = 4096;
    private String target;

    HostInode(HostFilesystem host, HostInode parent, String name) {
        super(host);
        this.host = host;
        this.parent = parent;
        this.name = name;
    }

    // ---- attributes
    /** Takes over what the last statx said. */
    void fill() {
        HostCalls c = host.calls;
        long s = c.statx;
        mode = c.statxMode();
        int user = Memory.getInt(s + 20), group = Memory.getInt(s + 24);
        uid = host.ids.userInside(user);
        gid = host.ids.groupInside(group);
        hasForeignUser = !host.ids.hasHostUser(user);
        hasForeignGroup = !host.ids.hasHostGroup(group);
        nlink = Memory.getInt(s + 16);
        size = Memory.getLong(s + 40);
        blocks = Memory.getLong(s + 48);
        blockSize = Memory.getInt(s + 4);
        atime = c.statxTime(64);
        btime = c.statxTime(80);
        ctime = c.statxTime(96);
        mtime = c.statxTime(112);
        rdev = c.statxRdev();
        hostIno = c.statxIno();
        device = host.deviceIndex();
        ino = HostFilesystem.inodeNumber(device, hostIno);
        isStale = false;
    }

    @Override
    public long refresh(Task t) {
        if (isHidden || (host.exclusive && !isStale)) return 0;
        return reload();
    }

    private long reload() {
        int fd = writeFd >= 0 ? writeFd : readFd >= 0 ? readFd : pathFd;
        long r;
        if (fd >= 0) {
            r = host.calls.statx(fd);
        } else if (name == null) {
            return 0;
        } else {
            int dir = parent.directory();
            if (dir < 0) return dir;
            r = host.calls.statx(dir, name);
            if (r == 0 && (host.calls.statxIno() != hostIno || host.deviceIndex() != device)) return 0;
        }
        if (r == 0) fill();
        return r;
    }

    @Override
    public long blocks() { return blocks; }

    @Override
    public int blockSize() { return blockSize; }

    @Override
    public boolean cacheable() { return host.exclusive || isHidden; }

    // ---- descriptors
    /** The O_PATH descriptor of this directory, valid until the next call that opens one; or -errno. */
    int directory() {
        if (pathFd >= 0) {
            isRecent = true;
            return pathFd;
        }
        if (isHidden) return -ENOENT;
        if (name == null) return -ENOENT;
        int up = parent.directory();
        if (up < 0) return up;
        int fd = host.calls.open(up, name, O_PATH | O_DIRECTORY, 0);
        if (host.makeRoom(fd)) fd = host.calls.open(parent.directory(), name, O_PATH | O_DIRECTORY, 0);
        if (fd < 0) return fd;
        if (!host.exclusive && !isSame(fd)) {
            close(fd);
            return -ESTALE;
        }
        pathFd = fd;
        host.fds.add(this);
        return fd;
    }

    private boolean isSame(int fd) {
        return host.calls.statx(fd) == 0 && host.calls.statxIno() == hostIno && host.deviceIndex() == device;
    }

    private int openByName(int flags) {
        if (name == null) return -ESTALE;
        int dir = parent.directory();
        if (dir < 0) return dir;
        // Nonblocking: should the name stand for a FIFO by now, the open must not hang.
        int fd = host.calls.open(dir, name, flags | O_NONBLOCK, 0);
        if (host.makeRoom(fd)) fd = host.calls.open(parent.directory(), name, flags | O_NONBLOCK, 0);
        if (fd >= 0 && !host.exclusive && !isSame(fd)) {
            close(fd);
            return -ESTALE;
        }
        return fd;
    }

    /** A descriptor to read from; or -errno. */
    int readDescriptor() {
        if (readFd >= 0) {
            isRecent = true;
            return readFd;
        }
        if (isHidden || (mode & 0xf000) != 0x8000 && !isDirectory()) return -ENXIO;
        int fd = openByName(isDirectory() ? O_RDONLY | O_DIRECTORY : O_RDONLY);
        if (fd < 0) {
            if (writeFd >= 0 && !isWriteOnly) return writeFd;
            return fd;
        }
        readFd = fd;
        host.fds.add(this);
        return fd;
    }

    /** A descriptor to write to (and to read from if the host lets us); or -errno. */
    int writeDescriptor(boolean alsoRead) {
        if (writeFd >= 0 && !(alsoRead && isWriteOnly)) return writeFd;
        int fd = openByName(O_RDWR);
        if (fd == -EACCES && !alsoRead) {
            fd = openByName(O_WRONLY);
            isWriteOnly = true;
        } else {
            isWriteOnly = false;
        }
        if (fd < 0) return fd;
        if (writeFd >= 0) close(writeFd);
        writeFd = fd;
        return fd;
    }

    /** Closes what nobody needs now; whether the inode has no seat among the caching ones any more. */
    boolean closeIdle() {
        if (dataOpens == 0) closeData();
        if (pathFd >= 0 && parent != null && name != null) {
            close(pathFd);
            pathFd = -1;
        }
        if (readFd >= 0 || pathFd >= 0) return false;
        host.fds.remove(this);
        return true;
    }

    private void closeData() {
        if (readFd >= 0) close(readFd);
        if (writeFd >= 0) close(writeFd);
        readFd = writeFd = -1;
    }

    /** An open file of this inode is gone. */
    void closed() {
        if (--dataOpens > 0) return;
        if (writeFd >= 0) {
            // A writable descriptor kept open would make execve fail on the host (ETXTBSY).
            close(writeFd);
            writeFd = -1;
        }
        if (host.exclusive && name != null) return;
        closeData();
        if (pathFd < 0) host.fds.remove(this);
    }

    @Override
    public void release() {
        if (dataOpens > 0) return;
        host.remove(this);
        if (pathFd >= 0 && parent != null) {
            close(pathFd);
            pathFd = -1;
        }
        closeData();
        host.fds.remove(this);
    }

    /** With one name only (as a directory) it can be found again; with several, others may still be cached. */
    @Override
    public void forgotten() { if ((nlink <= 1 || isDirectory()) && opens == 0) release(); }

    // ---- names
    /** Makes {@code child} appear as an empty directory, whatever the host has there. */
    void hide(String child) {
        var i = new HostInode(host, this, child);
        i.isHidden = true;
        i.mode = 0x4000 | 0755;
        i.nlink = 2;
        if (hiddenChildren == null) hiddenChildren = new ArrayList<>();
        hiddenChildren.add(i);
        i.atime = i.mtime = i.ctime = i.btime = mtime;
        i.ino = 0x000f_ffff_ffff_ff00L - hiddenChildren.size();
    }

    int hiddenCount() { return hiddenChildren == null ? 0 : hiddenChildren.size(); }

    HostInode hiddenChild(int i) { return hiddenChildren.get(i); }

    private HostInode hiddenChild(String child) {
        if (hiddenChildren != null) for (HostInode i : hiddenChildren) if (i.name.equals(child)) return i;
        return null;
    }

    @Override
    public Inode lookup(Task t, String child) {
        if (!isDirectory()) return fail(t, -ENOTDIR);
        if (isHidden) return fail(t, -ENOENT);
        HostInode h = hiddenChild(child);
        if (h != null) return h;
        int dir = directory();
        long r = dir < 0 ? dir : host.calls.statx(dir, child);
        return r < 0 ? fail(t, r) : intern(t, child);
    }

    /** The inode of {@code child}, which {@code calls.statx} has just described. */
    private HostInode intern(Task t, String child) {
        HostCalls c = host.calls;
        boolean maps = !host.exclusive || (c.statxMode() & 0xf000) != 0x4000 && Memory.getInt(c.statx + 16) > 1;
        HostInode i = maps ? host.find() : null;
        if (i != null && i.type() != (c.statxMode() & 0xf000)) {
            host.remove(i);
            i = null;
        }
        boolean isNew = i == null;
        if (isNew) i = new HostInode(host, this, child);
        i.parent = this;
        i.name = child;
        i.fill();
        if (isNew && maps) host.insert(i);
        if (isNew && i.device != device && i.isDirectory()) i.enterMount();
        return i;
    }

    /** A directory on another host device than its parent: kernel filesystems are not shown. */
    private void enterMount() {
        int fd = host.calls.open(parent.directory(), name, O_PATH | O_DIRECTORY, 0);
        if (fd >= 0 && !host.isPseudo(fd)) {
            pathFd = fd;
            host.fds.add(this);
            return;
        }
        if (fd >= 0) close(fd);
        isHidden = true;
        mode = 0x4000 | 0755;
        nlink = 2;
    }

    private static HostInode fail(Task t, long error) {
        if (t != null) t.error = (int) error;
        return null;
    }

    /** Looks at what was just made and gives it to the application's user. */
    private HostInode adopt(Task t, String child, int dir, int mode) {
        int uid = host.ids.userOutside(t.cred.fsuid);
        int gid = host.ids.groupOutside((this.mode & 02000) != 0 ? this.gid : t.cred.fsgid);
        // of no id of the host: open(2), EOVERFLOW
        boolean isNobodys = uid == HostIds.NONE || gid == HostIds.NONE;
        long r = isNobodys ? -EOVERFLOW : host.calls.statx(dir, child);
        if (isNobodys) host.calls.unlink(dir, child, (mode & 0xf000) == 0x4000 ? AT_REMOVEDIR : 0);
        if (r < 0) return fail(t, r);
        if (Memory.getInt(host.calls.statx + 20) != uid || Memory.getInt(host.calls.statx + 24) != gid) {
            r = host.calls.chown(dir, child, uid, gid);
            // Without privilege all files are the Sentry's own user's.
            if (r < 0 && !(r == -EPERM && host.hostUid != 0)) {
                host.calls.unlink(dir, child, (mode & 0xf000) == 0x4000 ? AT_REMOVEDIR : 0);
                return fail(t, r);
            }
            if ((mode & 06000) != 0 && (mode & 0xf000) != 0xa000) chmodAt(dir, child, mode & 07777);
            r = host.calls.statx(dir, child);
            if (r < 0) return fail(t, r);
        }
        isStale = true;
        HostInode i = intern(t, child);
        return i;
    }

    private long chmodAt(int dir, String child, int bits) {
        long r = host.calls.chmod(dir, child, bits);
        if (r != -ENOSYS && r != -EOPNOTSUPP) return r;
        int fd = host.calls.open(dir, child, O_RDONLY | O_NONBLOCK, 0); // before Linux 6.6
        if (fd < 0) return fd;
        r = host.calls.chmod(fd, bits);
        close(fd);
        return r;
    }

    private int changeable(String child) {
        if (isHidden || hiddenChild(child) != null) return -EPERM;
        return directory();
    }

    @Override
    public Inode create(Task t, String child, int mode, long rdev) {
        int dir = changeable(child);
        if (dir < 0) return fail(t, dir);
        int type = mode & 0xf000;
        if (type != 0 && type != 0x8000) {
            // Device nodes on the host are nothing an application may make.
            if (type != 0x1000 && type != 0xc000) return fail(t, -EPERM);
            long r = host.calls.mknod(dir, child, mode, 0);
            return r < 0 ? fail(t, r) : adopt(t, child, dir, mode);
        }
        int fd = host.calls.open(dir, child, O_CREAT | O_EXCL | O_RDWR, mode & 07777);
        if (host.makeRoom(fd)) fd = host.calls.open(directory(), child, O_CREAT | O_EXCL | O_RDWR, mode & 07777);
        if (fd < 0) return fail(t, fd);
        HostInode i = adopt(t, child, directory(), mode | 0x8000);
        if (i == null || i.writeFd >= 0) {
            close(fd);
        } else {
            // Kept for the open that follows: the mode may forbid a second one.
            i.writeFd = fd;
            i.isWriteOnly = false;
            host.fds.add(i);
        }
        return i;
    }

    @Override
    public Inode bindHostSocket(Task t, String child, int mode, int socket) {
        int dir = changeable(child);
        long r = dir < 0 ? dir : host.calls.bind(socket, dir, child, mode);
        return r < 0 ? fail(t, r) : adopt(t, child, dir, mode);
    }

    @Override
    public Inode mkdir(Task t, String child, int mode) {
        int dir = changeable(child);
        long r = dir < 0 ? dir : host.calls.mkdir(dir, child, mode & 07777);
        return r < 0 ? fail(t, r) : adopt(t, child, dir, mode & 07777 | this.mode & 02000 | 0x4000);
    }

    @Override
    public Inode symlink(Task t, String child, String text) {
        int dir = changeable(child);
        long r = dir < 0 ? dir : host.calls.symlink(dir, child, text);
        return r < 0 ? fail(t, r) : adopt(t, child, dir, 0xa000);
    }

    @Override
    public Inode tmpfile(Task t, int mode) {
        int dir = directory();
        if (dir < 0 || isHidden) return fail(t, isHidden ? -EPERM : dir);
        int fd = host.calls.openSelf(dir, O_TMPFILE | O_RDWR, mode & 07777);
        if (fd < 0) return fail(t, fd);
        int group = (this.mode & 02000) != 0 ? gid : t.cred.fsgid;
        host.calls.chown(fd, host.ids.userOutside(t.cred.fsuid), host.ids.groupOutside(group));
        long r = host.calls.statx(fd);
        if (r < 0) {
            close(fd);
            return fail(t, r);
        }
        var i = new HostInode(host, this, null);
        i.fill();
        i.writeFd = fd;
        host.insert(i);
        host.fds.add(i);
        return i;
    }

    @Override
    public long link(Task t, String child, Inode target) {
        var i = (HostInode) target;
        int dir = changeable(child);
        if (dir < 0) return dir;
        long r;
        if (i.name != null) {
            int from = i.parent.directory();
            r = from < 0 ? from : host.calls.link(from, i.name, directory(), child);
        } else {
            int fd = i.writeFd >= 0 ? i.writeFd : i.readFd;
            r = fd < 0 ? -ENOENT : host.calls.linkFd(fd, dir, child);
        }
        if (r < 0) return r;
        if (i.name == null) {
            i.parent = this;
            i.name = child;
        }
        i.isStale = isStale = true;
        if (!i.isInMap) host.insert(i);
        return i.reload();
    }

    @Override
    public long unlink(Task t, String child, Inode target) { return remove(child, (HostInode) target, 0); }

    @Override
    public long rmdir(Task t, String child, Inode target) { return remove(child, (HostInode) target, AT_REMOVEDIR); }

    private long remove(String child, HostInode target, int flags) {
        int dir = changeable(child);
        long r = dir < 0 ? dir : host.calls.unlink(dir, child, flags);
        if (r < 0) return r;
        isStale = true;
        if (target == null) return 0;
        target.forget(this, child);
        if (flags != 0) target.nlink = 0;
        else if (target.nlink > 0) target.nlink--;
        target.isStale = true;
        return 0;
    }

    /** The name {@code child} in {@code dir} no longer stands for this inode. */
    private void forget(HostInode dir, String child) {
        if (parent == dir && child.equals(name)) name = null;
    }

    @Override
    public long rename(Task t, String from, Inode moved, Inode newDir, String to, Inode replaced, int flags) {
        var m = (HostInode) moved;
        var target = (HostInode) newDir;
        int dir = changeable(from);
        int toDir = target.changeable(to);
        if (dir < 0 || toDir < 0) return dir < 0 ? dir : toDir;
        long r = host.calls.rename(directory(), from, toDir, to, flags);
        if (r < 0) return r;
        isStale = target.isStale = m.isStale = true;
        if (replaced == m) return 0;
        if (replaced != null) {
            var old = (HostInode) replaced;
            old.isStale = true;
            if ((flags & 2) != 0) { // RENAME_EXCHANGE
                old.parent = this;
                old.name = from;
            } else {
                old.forget(target, to);
                old.nlink = old.isDirectory() ? 0 : Math.max(0, old.nlink - 1);
            }
        }
        m.parent = target;
        m.name = to;
        return 0;
    }

    @Override
    public String readlink(Task t) {
        if (target != null) return target;
        if (!isSymlink()) return failString(t, -EINVAL);
        int dir = name == null ? -ENOENT : parent.directory();
        if (dir < 0) return failString(t, dir);
        String s = host.calls.readlink(dir, name, host.error);
        if (s == null) return failString(t, host.error[0]);
        if (host.exclusive) target = s;
        return s;
    }

    private static String failString(Task t, int error) {
        t.error = error;
        return null;
    }

    // ---- changing attributes
    @Override
    public long setattr(Task t, int mode, int uid, int gid) {
        if (isHidden) return -EPERM;
        isStale = true;
        int dir = name == null || parent == null ? -1 : parent.directory();
        int fd = dir >= 0 ? -1 : anyDescriptor();
        if (dir < 0 && fd < 0) return fd;
        long r = 0;
        if (uid != -1 || gid != -1) {
            int user = uid == -1 ? -1 : host.ids.userOutside(uid), group = gid == -1 ? -1 : host.ids.groupOutside(gid);
            if (uid != -1 && user == HostIds.NONE || gid != -1 && group == HostIds.NONE) return -EINVAL;
            r = dir >= 0 ? host.calls.chown(dir, name, user, group) : host.calls.chown(fd, user, group);
            if (r < 0) return r;
        }
        if (mode != -1) r = dir >= 0 ? chmodAt(dir, name, mode & 07777) : host.calls.chmod(fd, mode & 07777);
        return r < 0 ? r : reload();
    }

    private int anyDescriptor() { return writeFd >= 0 ? writeFd : parent == null ? rootDescriptor() : readDescriptor(); }

    /** The root has no name in a parent: a real descriptor of it. */
    private int rootDescriptor() {
        if (readFd < 0) readFd = host.calls.openSelf(pathFd, O_RDONLY | O_DIRECTORY, 0);
        return readFd;
    }

    @Override
    public long setTimes(Task t, long atime, long mtime) {
        if (isHidden) return -EPERM;
        isStale = true;
        int dir = name == null || parent == null ? -1 : parent.directory();
        int fd = dir >= 0 ? dir : anyDescriptor();
        if (fd < 0) return fd;
        long r = host.calls.utimens(fd, dir >= 0 ? name : null, atime, mtime);
        return r < 0 ? r : reload();
    }

    @Override
    public long truncate(Task t, long size) {
        if (!isRegular()) return isDirectory() ? -EISDIR : -EINVAL;
        boolean wasOpen = writeFd >= 0;
        int fd = writeDescriptor(false);
        if (fd < 0) return fd;
        long r = HostCall.call(FTRUNCATE, fd, size);
        if (r == 0) {
            this.size = size;
            isStale = true;
        }
        // Kept until the open that O_TRUNC belongs to is done with it, or the cache wants it.
        if (!wasOpen) {
            if (dataOpens == 0) host.fds.add(this);
        }
        return r;
    }

    // ---- extended attributes: the user's own and file capabilities (other namespaces are the host kernel's business)
    private static boolean passes(String name) { return name.startsWith("user.") || name.equals("security.capability"); }

    private static int refusal(String name) {
        boolean isKnown = name.startsWith("trusted.") || name.startsWith("security.") || name.startsWith("system.");
        return isKnown ? -ENODATA : -EOPNOTSUPP;
    }

    private int xattrDescriptor() { return isRegular() || isDirectory() ? anyDescriptor() : -EPERM; }

    @Override
    public byte[] getXattr(Task t, String name) {
        int fd = passes(name) ? xattrDescriptor() : refusal(name);
        if (fd < 0) {
            t.error = fd == -EPERM || fd == -EACCES ? -ENODATA : fd;
            return null;
        }
        byte[] b = host.calls.getXattr(fd, name, host.error);
        if (b == null) t.error = host.error[0];
        return b;
    }

    @Override
    public long setXattr(Task t, String name, byte[] value, int flags) {
        if (isHidden) return -EPERM;
        if (!passes(name)) return -EOPNOTSUPP;
        int fd = xattrDescriptor();
        isStale = true;
        return fd < 0 ? fd : host.calls.setXattr(fd, name, value, flags);
    }

    @Override
    public long removeXattr(Task t, String name) {
        if (!passes(name)) return refusal(name);
        int fd = xattrDescriptor();
        isStale = true;
        return fd < 0 ? fd : host.calls.removeXattr(fd, name);
    }

    @Override
    public String listXattr(Task t) {
        int fd = isHidden ? -ENXIO : xattrDescriptor();
        if (fd < 0) return "";
        String all = host.calls.listXattr(fd, host.error);
        if (all == null) {
            if (host.error[0] == -EOPNOTSUPP) return "";
            t.error = host.error[0];
            return null;
        }
        var out = new StringBuilder();
        for (int i = 0; i < all.length();) {
            int end = all.indexOf('\0', i);
            if (end < 0) break;
            if (passes(all.substring(i, end))) out.append(all, i, end + 1);
            i = end + 1;
        }
        return out.toString();
    }

    // ---- opening
    @Override
    public OpenFile open(Task t, Path path, int flags) {
        int type = type();
        if (type == 0x4000) return HostDirectoryFile.open(t, this, path, flags);
        if (type != 0x8000) {
            // Devices, FIFOs and sockets of the host lead out of the sandbox.
            t.error = type == 0xa000 ? -ELOOP : type == 0xc000 ? -ENXIO : -EACCES;
            return null;
        }
        int access = flags & 3;
        int fd = access == 0 ? readDescriptor() : writeDescriptor(access != 1);
        if (fd < 0) {
            t.error = fd;
            return null;
        }
        dataOpens++;
        var f = new HostFile(this, flags, fd);
        f.path = path;
        return f;
    }

    @Override
    public int openHostFifo(int access) { return type() == 0x1000 ? openByName(access)
            : super.openHostFifo(access); }

    @Override
    public int openHostSocket() { return type() == 0xc000 ? openByName(O_PATH) : super.openHostSocket(); }

    boolean isHidden() { return isHidden; }

    /** A directory that is gone but still in use. */
    boolean isRemoved() { return nlink == 0 && name == null; }

    /** An own O_RDONLY descriptor of this directory, or -errno. */
    int openDirectory() {
        int dir = directory();
        if (dir < 0) return dir;
        int fd = host.calls.openSelf(dir, O_RDONLY | O_DIRECTORY, 0);
        return host.makeRoom(fd) ? host.calls.openSelf(directory(), O_RDONLY | O_DIRECTORY, 0) : fd;
    }
}

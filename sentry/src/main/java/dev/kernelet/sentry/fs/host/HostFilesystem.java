package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;

/** A directory of the host as a filesystem. See the package description for the two modes. Kernel lock. */
public final class HostFilesystem extends Filesystem implements AutoCloseable {
    /** Trusts what it has seen: nobody else changes these files (or the sandbox need not notice). */
    public final boolean exclusive;
    final HostCalls calls;
    final FdCache fds;
    /** Who the Sentry is on the host: files it makes belong to these until they are given to the application's user. */
    final int hostUid, hostGid;
    final HostIds ids;
    /** Out parameter of {@link HostCalls}. */
    final int[] error = new int[1];

    private long[] devices = new long[8];
    private int deviceCount;
    private HostInode[] inodes = new HostInode[1024];
    private int inodeCount;

    private static boolean isMaskCleared;

    /** Of those that come and go while the sandbox lives: their memory is never given back. */
    private static HostCalls common;

    private HostFilesystem(boolean exclusive, HostIds ids, boolean comesAndGoes) {
        if (comesAndGoes && common == null) common = new HostCalls();
        calls = comesAndGoes ? common : new HostCalls();
        this.ids = ids;
        this.exclusive = exclusive;
        this.fds = new FdCache();
        hostUid = HostCalls.own[0];
        hostGid = HostCalls.own[1];
    }

    /**
     * Opens the host directory {@code path}; null when that fails ({@code error[0]} tells why). {@code hides}: names in it that
     * are the Sentry's business ("dev", "proc", "sys" of a root): they appear as empty directories to mount on.
     */
    public static HostFilesystem open(String path, boolean exclusive, String[] hides, int[] error) {
        return open(path, exclusive, hides, HostIds.SAME, error);
    }

    /** The same with ids of its files that are others inside. */
    public static HostFilesystem open(String path, boolean exclusive, String[] hides, HostIds ids, int[] error) {
        int fd = HostRoots.open(path);
        if (fd < 0) {
            error[0] = fd;
            return null;
        }
        var fs = new HostFilesystem(exclusive, ids, path.startsWith(HostRoots.POD));
        long r = fs.calls.statx(fd);
        if (r < 0 || fs.isPseudo(fd)) {
            error[0] = r < 0 ? (int) r : -EACCES;
            HostCalls.close(fd);
            fs.free();
            return null;
        }
        // Modes given to open and mkdir already have the application's umask.
        if (!isMaskCleared) HostCall.call(UMASK, 0);
        isMaskCleared = true;
        HostInode root = new HostInode(fs, null, "/");
        root.fill();
        root.pathFd = fd;
        fs.insert(root);
        for (String name : hides) root.hide(name);
        fs.root = new Dentry(fs, "/", null, root);
        return fs;
    }

    /** Whether the host lets the Sentry read all files. */
    public boolean isSuperuser() { return hostUid == 0; }

    @Override
    public boolean keepsNames() { return true; }

    @Override
    public String type() { return "host"; }

    /** V9FS_MAGIC: what remote file servers of sandboxes show. */
    @Override
    public long magic() { return 0x01021997; }

    @Override
    public long statfs(long buf) {
        int fd = ((HostInode) root.inode).pathFd;
        long r = HostCall.call(FSTATFS, fd, buf);
        Memory.putLong(buf, 0);
        return r;
    }

    @Override
    public long sync() {
        int fd = calls.openSelf(((HostInode) root.inode).pathFd, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0) return fd;
        long r = HostCall.call(SYNCFS, fd);
        HostCalls.close(fd);
        return r;
    }

    /** Whether {@code fd} lies on a filesystem that is a window into the host kernel: such mounts are not shown. */
    boolean isPseudo(int fd) {
        long buf = calls.dirents();
        if (HostCall.call(FSTATFS, fd, buf) < 0) return true;
        int magic = Memory.getInt(buf);
        return switch (magic) {
            case 0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11,
                    0x6165676c, 0x19800202, 0x42494e4d, 0x0187, 0x62656570, 0xde5e81e4, 0x6e736673, 0x7655821,
                    0x11307854, 0x86 -> true; // proc, sysfs, devpts, cgroup, cgroup2, debugfs, tracefs, securityfs, bpf...
            default -> false;
        };
    }

    /** A small number for the host device in {@code calls.statx}: 0 for the first one seen, the root's. */
    int deviceIndex() {
        long dev = calls.statxDev();
        for (int i = 0; i < deviceCount; i++) if (devices[i] == dev) return i;
        if (deviceCount == devices.length) devices = java.util.Arrays.copyOf(devices, deviceCount * 2);
        devices[deviceCount] = dev;
        return deviceCount++;
    }

    /** One st_ino for files of several host devices: the device's number in the high bits. */
    static long inodeNumber(int device, long hostIno) {
        if (device == 0) return hostIno;
        return (hostIno >>> 52) == 0 ? hostIno | (long) device << 52 : hostIno * 0x9e3779b97f4a7c15L ^ device;
    }

    // ---- inodes by identity (an open hash over (device, ino)); in exclusive mode only those with several names are here
    private int bucket(int device, long hostIno) {
        long h = (hostIno * 31 + device) * 0x9e3779b97f4a7c15L;
        return (int) (h >>> 40) & (inodes.length - 1);
    }

    /** The inode that {@code calls.statx} describes, known or not. */
    HostInode find() {
        int device = deviceIndex();
        long ino = calls.statxIno();
        for (HostInode i = inodes[bucket(device, ino)]; i != null; i = i.nextInMap) {
            if (i.hostIno == ino && i.device == device) return i;
        }
        return null;
    }

    void insert(HostInode i) {
        if (inodeCount >= inodes.length && inodes.length < 1 << 22) grow();
        int b = bucket(i.device, i.hostIno);
        i.nextInMap = inodes[b];
        i.isInMap = true;
        inodes[b] = i;
        inodeCount++;
    }

    void remove(HostInode i) {
        if (!i.isInMap) return;
        i.isInMap = false;
        inodeCount--;
        int b = bucket(i.device, i.hostIno);
        if (inodes[b] == i) {
            inodes[b] = i.nextInMap;
        } else {
            HostInode p = inodes[b];
            while (p.nextInMap != i) p = p.nextInMap;
            p.nextInMap = i.nextInMap;
        }
        i.nextInMap = null;
    }

    private void grow() {
        HostInode[] old = inodes;
        inodes = new HostInode[old.length * 2];
        for (HostInode i : old) {
            while (i != null) {
                HostInode next = i.nextInMap;
                int b = bucket(i.device, i.hostIno);
                i.nextInMap = inodes[b];
                inodes[b] = i;
                i = next;
            }
        }
    }

    /** The open descriptor, or after EMFILE once more with fewer idle ones. */
    boolean makeRoom(int result) {
        if (result != -EMFILE && result != -ENFILE) return false;
        fds.evict(64);
        return true;
    }

    private boolean isReadOnly() {
        long buf = calls.dirents();
        return HostCall.call(FSTATFS, ((HostInode) root.inode).pathFd, buf) == 0
                && (Memory.getLong(buf + 80) & 1) != 0;
    }

    /** Whether both show the same directory of the host, by mounts that are alike. */
    public boolean isSame(HostFilesystem other) {
        return devices[0] == other.devices[0] && isReadOnly() == other.isReadOnly()
                && ((HostInode) root.inode).hostIno == ((HostInode) other.root.inode).hostIno;
    }

    /** Nobody has it mounted any more. Files that are open stay so; names lead nowhere. */
    public void leave() {
        shrink();
        var r = (HostInode) root.inode;
        if (r.pathFd >= 0) HostCalls.close(r.pathFd);
        r.pathFd = -1;
        fds.evict(Integer.MAX_VALUE);
    }

    @Override
    public void close() {
        leave();
        free();
    }

    private void free() {
        if (calls != common) calls.free();
    }
}

package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.OpenFile;

/** One tmpfs (tmpfs(5)). Kernel lock. */
public class Tmpfs extends Filesystem {
    public static final long MAGIC = 0x01021994;
    public static final int BYTES_PER_INODE = 512;
    /** CLOCK_REALTIME_COARSE: what Linux stamps files with. */
    private static final int COARSE = 5;

    final TmpfsSpace space;
    private final String type;
    /** size= of this mount; 0: only the common limit. */
    long sizeLimit;
    long ownUsed;
    /** Where large files are kept; null: in memory. */
    Backing backing;
    long inodes;
    private long nextIno = 1;

    /** {@code mode}: of the root directory, permission bits. */
    public Tmpfs(Kernel kernel, int mode) { this(kernel, "tmpfs", mode, 0, 0); }

    public Tmpfs(Kernel kernel, String type, int mode, int uid, int gid) {
        this.type = type;
        space = TmpfsSpace.of(kernel);
        var top = new TmpfsDirectory(this, S_IFDIR | mode, uid, gid);
        root = new Dentry(this, "", null, top);
    }

    // ---- static trees (/dev), made while the sandbox is put together
    public void addDevice(String name, int mode, long rdev) {
        var n = new TmpfsInode(this, S_IFCHR | mode, 0, 0);
        n.rdev = rdev;
        ((TmpfsDirectory) root.inode).add(name, n);
    }

    public void addSymlink(String name, String target) {
        var n = new TmpfsInode(this, S_IFLNK | 0777, 0, 0);
        n.target = target;
        n.size = target.length();
        ((TmpfsDirectory) root.inode).add(name, n);
    }

    public void addDirectory(String name, int mode) {
        ((TmpfsDirectory) root.inode).add(name, new TmpfsDirectory(this, S_IFDIR | mode, 0, 0));
    }

    /** size= (bytes). */
    public void setSizeLimit(long bytes) { sizeLimit = bytes; }

    public void setBacking(Backing where) { backing = where; }

    public static long now() { return HostCall.clockNanos(COARSE); }

    long newIno() {
        inodes++;
        account(BYTES_PER_INODE);
        return nextIno++;
    }

    /** Accounts for {@code bytes} more (or, negative, fewer); false when there is no room for them. */
    public boolean charge(long bytes) {
        if (bytes > 0 && !fits(bytes)) return false;
        account(bytes);
        return true;
    }

    /** Accounts for what was used already. */
    void account(long bytes) {
        space.used += bytes;
        ownUsed += bytes;
    }

    /** Whether one name more fits. */
    public boolean fitsName() { return !HeapBudget.isScarce(); }

    /** Whether one inode more fits: its memory is the Sentry's own. */
    boolean fitsInode() { return !HeapBudget.isScarce() && fits(BYTES_PER_INODE); }

    /** Accounts for one inode more; false when there is no room for it. */
    public boolean chargeInode() { return !HeapBudget.isScarce() && charge(BYTES_PER_INODE); }

    /** Accounts for bytes of extended attributes more (or fewer). */
    public boolean chargeAttributes(long bytes) { return (bytes <= 0 || !HeapBudget.isScarce()) && charge(bytes); }

    /** Whether {@code bytes} more fit. */
    boolean fits(long bytes) { return space.used + bytes <= space.limit && (sizeLimit == 0 || ownUsed + bytes <= sizeLimit); }

    @Override
    public boolean isInMemory() { return true; }

    @Override
    public boolean keepsNames() { return true; }

    @Override
    public String type() { return type; }

    @Override
    public long magic() { return MAGIC; }

    @Override
    public String showOptions() { return sizeLimit > 0 ? ",size=" + (sizeLimit >> 10) + "k" : ""; }

    @Override
    public long statfs(long buf) {
        long total = sizeLimit > 0 ? Math.min(sizeLimit, space.limit) : space.limit;
        long free = Math.max(0, Math.min(total - ownUsed, space.limit - space.used));
        Memory.putLong(buf + F_BSIZE, 4096);
        Memory.putLong(buf + F_BLOCKS, total >> 12);
        Memory.putLong(buf + F_BFREE, free >> 12);
        Memory.putLong(buf + F_BAVAIL, free >> 12);
        Memory.putLong(buf + F_FILES, total >> 12);
        Memory.putLong(buf + F_FFREE, Math.max(0, (total >> 12) - inodes));
        Memory.putLong(buf + F_NAMELEN, 255);
        Memory.putLong(buf + F_FRSIZE, 4096);
        return 0;
    }

    /** Bytes that files in memory take now, also those that were written through mappings. */
    public static long inUse(Kernel k) { return FileContent.recountMapped(TmpfsSpace.of(k)); }

    // ---- memfd_create(2)
    /** An unnamed file of the kernel's own tmpfs, as memfd_create(2) and shmget(2) want it; {@code name} is for show. */
    public static OpenFile memfd(Task t, String name, int mode, int seals) {
        TmpfsSpace space = TmpfsSpace.of(t.kernel);
        if (space.anonymous == null) space.anonymous = new Tmpfs(t.kernel, 01777);
        var n = new TmpfsRegular(space.anonymous, S_IFREG | mode, t.cred.fsuid, t.cred.fsgid);
        n.nlink = 0;
        n.seals = seals;
        var f = new TmpfsFile(n, 0x8002);
        f.name = "/" + name + " (deleted)";
        return f;
    }
}

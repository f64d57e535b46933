package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;

/** A lower filesystem that is never changed, and a tmpfs that holds the content of what was. Kernel lock. */
public final class OverlayFilesystem extends Filesystem {
    public static final long MAGIC = 0x794c7630;

    public final Filesystem lower;
    final Tmpfs upper;
    /** The host may refuse to list a directory that our own checks let pass: an open must try. */
    final boolean probes;
    /** New inodes are numbered from here on: above the numbers that host filesystems use. */
    private long nextIno = 1L << 48;

    public OverlayFilesystem(Filesystem lower, Tmpfs upper) {
        this.lower = lower;
        this.upper = upper;
        this.probes = !(lower instanceof HostFilesystem h && h.isSuperuser());
        root = new Dentry(this, "", null, new OverlayDirectory(this, lower.root.inode, null, ""));
    }

    long newIno() { return ++nextIno; }

    @Override
    public boolean isInMemory() { return true; }

    @Override
    public boolean keepsNames() { return true; }

    @Override
    public String type() { return "overlay"; }

    @Override
    public long magic() { return MAGIC; }

    @Override
    public String showOptions() { return ",lowerdir=/,upperdir=/,workdir=/"; }

    @Override
    public long statfs(long buf) { return upper.statfs(buf); }

    /** The inode for a lower one found as {@code name} in {@code parent}. */
    OverlayInode wrap(Inode low, OverlayDirectory parent, String name) {
        if (low.stacked instanceof OverlayInode known && known.fs == this) return known;
        OverlayInode n = switch (low.mode & S_IFMT) {
            case S_IFDIR -> new OverlayDirectory(this, low, parent, name);
            case S_IFREG -> new OverlayRegular(this, low, parent, name);
            default -> new OverlayInode(this, low, parent, name);
        };
        // Other names of the same file must lead here too.
        if (low.nlink > 1 && !low.isDirectory()) low.stacked = n;
        return n;
    }

    /** Makes the directory {@code path} (absolute) and those above it where they are missing: for mount points. */
    public Dentry makeDirectories(String path) {
        Dentry d = root;
        for (String name : path.split("/")) {
            if (name.isEmpty()) continue;
            Dentry c = d.child(name);
            if (c == null || c.inode == null) {
                var dir = (OverlayDirectory) d.inode;
                Inode n = dir.lookup(null, name);
                if (n == null) n = dir.mkdir(null, name, 0755);
                if (n == null || !n.isDirectory()) return null;
                if (c == null) c = d.addChild(name, n); else c.inode = n;
            }
            if (!c.inode.isDirectory()) return null;
            d = c;
        }
        return d;
    }
}

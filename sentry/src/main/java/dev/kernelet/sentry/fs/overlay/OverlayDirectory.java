package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.HashMap;

/** A directory: the lower one's names but for those in a table of changes. Kernel lock. */
final class OverlayDirectory extends OverlayInode {
    /** A name that differs from the lower directory's. */
    static final class Entry {
        final String name;
        /** Null: a whiteout. */
        OverlayInode inode;
        /** The lower directory has the name too. */
        final boolean coversLower;
        /** The inode is what the lower directory has under this name: it changed, the name did not. */
        boolean isOriginal;
        /** Place in the order of creation, for readdir. */
        long sequence;
        /** Neighbours among the names that are only here. */
        Entry previous, next;
        boolean isListed;

        Entry(String name, OverlayInode inode, boolean coversLower, boolean isOriginal) {
            this.name = name;
            this.inode = inode;
            this.coversLower = coversLower;
            this.isOriginal = isOriginal;
        }
    }

    private HashMap<String, Entry> changes;
    /** The names that are only here, oldest first. */
    Entry first, last;
    private long nextSequence;
    /** Of entries that are originals. */
    private int originals;
    OverlayDirectory parent;
    private LowerNames lowerNames;
    private int listHolders;

    OverlayDirectory(OverlayFilesystem fs, Inode lower, OverlayDirectory parent, String name) {
        super(fs, lower, parent, name);
        this.parent = parent == null ? this : parent;
    }

    private OverlayDirectory(OverlayFilesystem fs, int mode, int uid, int gid, OverlayDirectory parent) {
        super(fs, mode, uid, gid);
        this.parent = parent;
        nlink = 2;
        size = 4096;
    }

    // ---- the table
    Entry change(String name) { return changes == null ? null : changes.get(name); }

    private void enter(Entry e) {
        if (changes == null) changes = new HashMap<>(8);
        changes.put(e.name, e);
    }

    private void list(Entry e) {
        e.isListed = true;
        e.sequence = nextSequence++;
        e.previous = last;
        e.next = null;
        if (last == null) first = e; else last.next = e;
        last = e;
    }

    private void unlist(Entry e) {
        if (!e.isListed) return;
        e.isListed = false;
        if (e.previous == null) first = e.next; else e.previous.next = e.next;
        if (e.next == null) last = e.previous; else e.next.previous = e.previous;
    }

    /** {@code inode}, found below as {@code name}, is about to change. */
    void keep(String name, OverlayInode inode) {
        pin();
        if (change(name) != null) return;
        enter(new Entry(name, inode, true, true));
        originals++;
    }

    /** Puts an inode under a name that is free. */
    private void put(String name, OverlayInode inode) {
        pin();
        Entry old = change(name);
        var e = new Entry(name, inode, old != null && old.coversLower, false);
        enter(e);
        list(e);
        if (inode instanceof OverlayDirectory d) {
            d.parent = this;
            nlink++;
        }
        touch();
    }

    /** Takes a name away that stands for {@code inode}. */
    private void take(String name, Inode inode) {
        pin();
        Entry e = change(name);
        if (e == null) {
            enter(new Entry(name, null, true, false));
        } else {
            unlist(e);
            if (e.isOriginal) originals--;
            if (e.coversLower) {
                e.inode = null;
                e.isOriginal = false;
            } else {
                changes.remove(name);
            }
        }
        if (inode.isDirectory()) nlink--;
        touch();
    }

    private boolean isEmpty(Task t) {
        if (first != null || originals > 0) return false;
        if (lower == null) return true;
        LowerNames names = lowerNames(t);
        if (names == null) return false;
        for (int i = 0; i < names.count; i++) if (change(names.name[i]) == null) return false;
        return true;
    }

    /** The lower directory's names, or null with t.error. */
    LowerNames lowerNames(Task t) {
        if (lowerNames != null) return lowerNames;
        LowerNames n = LowerNames.read(t, lower);
        if (n != null && n.count <= LowerNames.KEPT) lowerNames = n;
        return n;
    }

    /** For an open file, until {@link #releaseNames}: all that are open share one list, however long it is. */
    LowerNames holdNames(Task t) {
        LowerNames n = lowerNames(t);
        if (n == null) return null;
        lowerNames = n;
        listHolders++;
        return n;
    }

    void releaseNames() {
        if (--listHolders == 0 && lowerNames.count > LowerNames.KEPT) lowerNames = null;
    }

    // ---- names
    @Override
    public Inode lookup(Task t, String name) {
        Entry e = change(name);
        if (e == null && lower != null) {
            Inode low = lower.lookup(t, name);
            return low == null ? null : overlay.wrap(low, this, name);
        }
        if (e == null || e.inode == null) {
            if (t != null) t.error = -ENOENT;
            return null;
        }
        return e.inode;
    }

    private boolean mayAdd(Task t, String name) {
        Entry e = change(name);
        int error = nlink == 0 ? -ENOENT : e != null && e.inode != null ? -EEXIST
                : overlay.upper.chargeInode() ? 0 : -ENOSPC;
        if (error != 0 && t != null) t.error = error;
        return error == 0;
    }

    private int groupOf(Task t) { return (mode & S_ISGID) != 0 ? gid : t == null ? 0 : t.cred.fsgid; }

    private static int userOf(Task t) { return t == null ? 0 : t.cred.fsuid; }

    @Override
    public Inode create(Task t, String name, int newMode, long rdev) {
        if (!mayAdd(t, name)) return null;
        OverlayInode n;
        if ((newMode & S_IFMT) == S_IFREG) {
            n = OverlayRegular.create(t, overlay, newMode, userOf(t), groupOf(t));
            if (n == null) {
                overlay.upper.charge(-Tmpfs.BYTES_PER_INODE);
                return null;
            }
        } else {
            n = new OverlayInode(overlay, newMode, userOf(t), groupOf(t));
            n.rdev = rdev;
        }
        put(name, n);
        return n;
    }

    @Override
    public Inode mkdir(Task t, String name, int newMode) {
        if (!mayAdd(t, name)) return null;
        var d = new OverlayDirectory(overlay, S_IFDIR | newMode & 07777 | mode & S_ISGID, userOf(t), groupOf(t), this);
        put(name, d);
        return d;
    }

    @Override
    public Inode symlink(Task t, String name, String target) {
        if (!mayAdd(t, name)) return null;
        var n = new OverlayInode(overlay, S_IFLNK | 0777, userOf(t), groupOf(t));
        n.target = target;
        n.size = target.length();
        put(name, n);
        return n;
    }

    @Override
    public Inode tmpfile(Task t, int newMode) {
        if (nlink == 0 || !overlay.upper.chargeInode()) {
            t.error = nlink == 0 ? -ENOENT : -ENOSPC;
            return null;
        }
        OverlayInode n = OverlayRegular.create(t, overlay, newMode, userOf(t), groupOf(t));
        if (n == null) overlay.upper.charge(-Tmpfs.BYTES_PER_INODE); else n.nlink = 0;
        return n;
    }

    @Override
    public long link(Task t, String name, Inode target) {
        if (target.fs != fs) return -EXDEV;
        if (nlink == 0) return -ENOENT;
        Entry e = change(name);
        if (e != null && e.inode != null) return -EEXIST;
        if (!overlay.upper.fitsName()) return -ENOSPC;
        var n = (OverlayInode) target;
        n.pin();
        put(name, n);
        n.nlink++;
        n.touchChange();
        return 0;
    }

    private boolean has(Task t, String name, Inode target) {
        Entry e = change(name);
        return e == null ? lower != null : e.inode == target;
    }

    @Override
    public long unlink(Task t, String name, Inode target) {
        if (!has(t, name, target)) return -ENOENT;
        var n = (OverlayInode) target;
        if (n.nlink > 1) n.pin();
        take(name, n);
        n.nlink--;
        n.touchChange();
        return 0;
    }

    @Override
    public long rmdir(Task t, String name, Inode target) {
        if (!has(t, name, target)) return -ENOENT;
        var d = (OverlayDirectory) target;
        if (!d.isEmpty(t)) return -ENOTEMPTY;
        take(name, d);
        d.nlink = 0;
        d.touchChange();
        return 0;
    }

    @Override
    public long rename(Task t, String name, Inode moved, Inode newDir, String newName, Inode replaced, int flags) {
        if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) return -EINVAL;
        if (newDir.fs != fs) return -EXDEV;
        var to = (OverlayDirectory) newDir;
        var m = (OverlayInode) moved;
        var r = (OverlayInode) replaced;
        if (!has(t, name, m) || r != null && !to.has(t, newName, r) || to.nlink == 0) return -ENOENT;
        boolean exchanges = (flags & RENAME_EXCHANGE) != 0;
        if (!exchanges && r instanceof OverlayDirectory d && !d.isEmpty(t)) return -ENOTEMPTY;
        m.pin();
        if (r != null && (exchanges || r.nlink > 1)) r.pin();
        take(name, m);
        if (r != null) to.take(newName, r);
        to.put(newName, m);
        if (exchanges) put(name, r);
        m.touchChange();
        if (r == null) return 0;
        if (!exchanges) r.nlink = r.isDirectory() ? 0 : r.nlink - 1;
        r.touchChange();
        return 0;
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        if (lower != null && lowerNames == null && overlay.probes) {
            // Whether the host lets us read it is to be known now.
            OpenFile probe = lower.open(t, null, O_RDONLY | O_DIRECTORY);
            if (probe == null) return null;
            probe.put(t);
        }
        var f = new OverlayDirectoryFile(this, flags);
        f.path = path;
        return f;
    }

    @Override
    public void release() {
        // What is left are whiteouts.
        changes = null;
        super.release();
    }
}

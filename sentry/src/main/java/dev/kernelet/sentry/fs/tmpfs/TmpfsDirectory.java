package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.HashMap;

/**
 * A directory: a table by name and a list in order of creation, whose growing numbers are the offsets of
 * readdir, so that entries neither repeat nor get lost while others come and go.
 */
final class TmpfsDirectory extends TmpfsInode {
    /** Offsets 0 and 1 are "." and "..". */
    private static final long FIRST_COOKIE = 2;
    private static final int EMPTY_SIZE = 40, ENTRY_SIZE = 20;

    static final class Entry {
        final String name;
        TmpfsInode inode;
        final long cookie;
        Entry previous, next;
        boolean isGone;

        Entry(String name, TmpfsInode inode, long cookie) {
            this.name = name;
            this.inode = inode;
            this.cookie = cookie;
        }
    }

    private final HashMap<String, Entry> entries = new HashMap<>(4);
    private Entry first, last;
    private long nextCookie = FIRST_COOKIE;
    /** For the inode number of "..". */
    private TmpfsDirectory parent = this;

    TmpfsDirectory(Tmpfs fs, int mode, int uid, int gid) {
        super(fs, mode, uid, gid);
        nlink = 2;
        size = EMPTY_SIZE;
    }

    void add(String name, TmpfsInode inode) {
        var e = new Entry(name, inode, nextCookie++);
        entries.put(name, e);
        e.previous = last;
        if (last == null) first = e; else last.next = e;
        last = e;
        size += ENTRY_SIZE;
        if (inode instanceof TmpfsDirectory d) {
            nlink++;
            d.parent = this;
        }
        touch();
    }

    private void remove(Entry e) {
        entries.remove(e.name);
        if (e.previous == null) first = e.next; else e.previous.next = e.next;
        if (e.next == null) last = e.previous; else e.next.previous = e.previous;
        e.isGone = true;
        size -= ENTRY_SIZE;
        if (e.inode.isDirectory()) nlink--;
        touch();
    }

    @Override
    public Inode lookup(Task t, String name) {
        Entry e = entries.get(name);
        if (e == null) {
            t.error = -ENOENT;
            return null;
        }
        return e.inode;
    }

    /** Whether a new inode can be had: room, and this directory still exists. */
    private boolean mayAdd(Task t, String name) {
        if (nlink == 0) t.error = -ENOENT;
        else if (entries.containsKey(name)) t.error = -EEXIST;
        else if (!tmpfs.fitsInode()) t.error = -ENOSPC;
        else return true;
        return false;
    }

    private int groupOf(Task t) { return (mode & S_ISGID) != 0 ? gid : t.cred.fsgid; }

    @Override
    public Inode create(Task t, String name, int newMode, long rdev) {
        if (!mayAdd(t, name)) return null;
        TmpfsInode n = (newMode & S_IFMT) == S_IFREG
                ? new TmpfsRegular(tmpfs, newMode, t.cred.fsuid, groupOf(t))
                : new TmpfsInode(tmpfs, newMode, t.cred.fsuid, groupOf(t));
        n.rdev = rdev;
        add(name, n);
        return n;
    }

    @Override
    public Inode mkdir(Task t, String name, int newMode) {
        if (!mayAdd(t, name)) return null;
        var n = new TmpfsDirectory(tmpfs, S_IFDIR | newMode & 07777 | mode & S_ISGID, t.cred.fsuid,
                groupOf(t));
        add(name, n);
        return n;
    }

    @Override
    public Inode symlink(Task t, String name, String target) {
        if (!mayAdd(t, name)) return null;
        var n = new TmpfsInode(tmpfs, S_IFLNK | 0777, t.cred.fsuid, groupOf(t));
        n.target = target;
        n.size = target.length();
        add(name, n);
        return n;
    }

    @Override
    public Inode tmpfile(Task t, int newMode) {
        if (!tmpfs.fitsInode()) {
            t.error = -ENOSPC;
            return null;
        }
        var n = new TmpfsRegular(tmpfs, newMode, t.cred.fsuid, groupOf(t));
        n.nlink = 0;
        return n;
    }

    @Override
    public long link(Task t, String name, Inode target) {
        if (target.fs != fs) return -EXDEV;
        if (nlink == 0) return -ENOENT;
        if (entries.containsKey(name)) return -EEXIST;
        if (target.nlink == Integer.MAX_VALUE) return -EMLINK;
        if (!tmpfs.fitsName()) return -ENOSPC;
        add(name, (TmpfsInode) target);
        target.nlink++;
        target.ctime = ctime;
        return 0;
    }

    @Override
    public long unlink(Task t, String name, Inode target) {
        Entry e = entries.get(name);
        if (e == null || e.inode != target) return -ENOENT;
        remove(e);
        target.nlink--;
        target.ctime = ctime;
        return 0;
    }

    @Override
    public long rmdir(Task t, String name, Inode target) {
        Entry e = entries.get(name);
        if (e == null || e.inode != target) return -ENOENT;
        var d = (TmpfsDirectory) target;
        if (!d.entries.isEmpty()) return -ENOTEMPTY;
        remove(e);
        d.nlink = 0;
        d.ctime = ctime;
        return 0;
    }

    @Override
    public long rename(Task t, String name, Inode moved, Inode newDir, String newName, Inode replaced,
            int flags) {
        if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) return -EINVAL;
        if (newDir.fs != fs) return -EXDEV;
        var to = (TmpfsDirectory) newDir;
        Entry e = entries.get(name), other = to.entries.get(newName);
        if (e == null || e.inode != moved) return -ENOENT;
        if ((other == null ? null : other.inode) != replaced) return -ENOENT;
        if (to.nlink == 0) return -ENOENT;
        if ((flags & RENAME_EXCHANGE) != 0) {
            remove(e);
            to.remove(other);
            to.add(newName, e.inode);
            add(name, other.inode);
            moved.ctime = replaced.ctime = ctime;
            return 0;
        }
        if (other != null) {
            if (replaced instanceof TmpfsDirectory d) {
                if (!d.entries.isEmpty()) return -ENOTEMPTY;
                d.nlink = 0;
            } else {
                replaced.nlink--;
            }
            to.remove(other);
            replaced.ctime = to.ctime;
        }
        remove(e);
        to.add(newName, e.inode);
        moved.ctime = to.ctime;
        return 0;
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        var f = new DirectoryFile(this, flags);
        f.path = path;
        return f;
    }

    /** An open directory: remembers the entry it stopped at, so that going on is not a search. */
    private static final class DirectoryFile extends OpenFile {
        private Entry stop;

        DirectoryFile(TmpfsDirectory d, int flags) { super(d, flags); }

        @Override
        public long read(Task t, long address, long length) { return -EISDIR; }

        @Override
        public long pread(Task t, long address, long length, long position) { return -EISDIR; }

        @Override
        public long fsync(Task t, boolean dataOnly) { return 0; }

        @Override
        public long lseek(Task t, long off, int whence) { return seekAnywhere(off, whence); }

        @Override
        public long readdir(Task t, DirectorySink sink) {
            var d = (TmpfsDirectory) inode;
            if (d.nlink == 0) return -ENOENT;
            if (!readDots(sink, d.ino, d.parent.ino, FIRST_COOKIE)) return 0;
            Entry e = stop;
            if (e == null || e.isGone || e.cookie != offset) {
                e = d.first;
                while (e != null && e.cookie < offset) e = e.next;
            }
            while (e != null && sink.entry(e.name, e.inode.ino, e.inode.mode >> 12, e.cookie + 1)) {
                offset = e.cookie + 1;
                e = e.next;
            }
            stop = e;
            if (e != null) offset = e.cookie;
            d.atime = Tmpfs.now();
            return 0;
        }
    }
}

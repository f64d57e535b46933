package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * An open directory. Offsets: 0 and 1 are "." and "..", then the lower directory's names by their place in
 * its list, which never changes; from {@link #ADDED} on the names that are only in the overlay, in order of
 * creation. So names neither repeat nor get lost while others come and go. Kernel lock.
 */
final class OverlayDirectoryFile extends OpenFile {
    private static final int DT_DIR = 4;
    private static final long ADDED = 1L << 30;

    private final OverlayDirectory directory;
    private LowerNames names;
    private OverlayDirectory.Entry stop;

    OverlayDirectoryFile(OverlayDirectory directory, int flags) {
        super(directory, flags);
        this.directory = directory;
    }

    @Override
    public long pread(Task t, long address, long length, long position) { return -EISDIR; }

    @Override
    public long lseek(Task t, long off, int whence) { return seekAnywhere(off, whence); }

    @Override
    public long readdir(Task t, DirectorySink sink) {
        OverlayDirectory d = directory;
        if (d.nlink == 0) return -ENOENT;
        if (!readDots(sink, d.ino, d.parent.ino, 2)) return 0;
        if (offset < ADDED) {
            if (d.lower != null) {
                if (names == null) names = d.holdNames(t);
                if (names == null) return t.error;
                if (!readLower(sink)) return 0;
            }
            offset = ADDED;
        }
        readAdded(sink);
        return 0;
    }

    private boolean readLower(DirectorySink sink) {
        LowerNames n = names;
        for (int i = (int) Math.min(offset - 2, n.count); i < n.count; i++) {
            OverlayDirectory.Entry e = directory.change(n.name[i]);
            boolean taken = true;
            if (e == null) taken = sink.entry(n.name[i], n.ino[i], n.type[i], i + 3);
            else if (e.isOriginal) taken = sink.entry(e.name, e.inode.ino, e.inode.mode >> 12 & 15, i + 3);
            if (!taken) return false;
            offset = i + 3;
        }
        return true;
    }

    private void readAdded(DirectorySink sink) {
        OverlayDirectory.Entry e = stop;
        if (e == null || !e.isListed || ADDED + e.sequence != offset) {
            e = directory.first;
            while (e != null && ADDED + e.sequence < offset) e = e.next;
        }
        while (e != null && sink.entry(e.name, e.inode.ino, e.inode.mode >> 12 & 15,
                ADDED + e.sequence + 1)) {
            offset = ADDED + e.sequence + 1;
            e = e.next;
        }
        stop = e;
        if (e != null) offset = ADDED + e.sequence;
    }

    @Override
    protected void release(Task t) {
        if (names != null) directory.releaseNames();
    }

    @Override
    public long fsync(Task t, boolean dataOnly) { return 0; }
}

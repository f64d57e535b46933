package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import java.util.concurrent.locks.LockSupport;

/** A regular file: the lower one's content, or a copy in the upper filesystem. Kernel lock. */
final class OverlayRegular extends OverlayInode {
    private static final int CHUNK = 256 << 10;
    /** From this size on a copy lets other tasks run in between. */
    private static final long SLOW = 4 << 20;

    /** Holds the content, its size and times; null as long as the lower file's are good. */
    private Inode data;
    private boolean isCopying;

    OverlayRegular(OverlayFilesystem fs, Inode lower, OverlayDirectory home, String name) { super(fs, lower, home, name); }

    private OverlayRegular(OverlayFilesystem fs, int mode, int uid, int gid, Inode data) {
        super(fs, mode, uid, gid);
        this.data = data;
    }

    /** A new, empty file, or null with t.error. */
    static OverlayRegular create(Task t, OverlayFilesystem fs, int mode, int uid, int gid) {
        Inode data = newData(t, fs);
        return data == null ? null : new OverlayRegular(fs, mode, uid, gid, data);
    }

    private static Inode newData(Task t, OverlayFilesystem fs) {
        Inode data = fs.upper.root.inode.tmpfile(t, 0600);
        // One name: this inode's.
        if (data != null) data.nlink = 1;
        return data;
    }

    boolean isUpper() { return data != null; }

    @Override
    void touch() {
        super.touch();
        if (data != null) data.mtime = data.ctime = mtime;
    }

    @Override
    void touchChange() {
        super.touchChange();
        if (data != null) data.ctime = ctime;
    }

    @Override
    public long refresh(Task t) {
        Inode d = data;
        if (d == null) return 0;
        d.refresh(t);
        size = d.size;
        atime = d.atime;
        mtime = d.mtime;
        ctime = d.ctime;
        return 0;
    }

    @Override
    public long setTimes(Task t, long newAtime, long newMtime) {
        long r = super.setTimes(t, newAtime, newMtime);
        if (data == null) return r;
        data.setTimes(t, newAtime, newMtime);
        return r;
    }

    @Override
    public long blocks() { return data != null ? data.blocks() : super.blocks(); }

    @Override
    public int blockSize() { return 4096; }

    @Override
    public long truncate(Task t, long newSize) {
        if (newSize < 0) return -EINVAL;
        long r = copyUp(t, newSize);
        return r < 0 ? r : data.truncate(t, newSize);
    }

    /** Gives the file content of its own: the first {@code keep} bytes of the lower file's. 0 or -errno. */
    long copyUp(Task t, long keep) {
        while (isCopying) pause(t);
        if (data != null) return 0;
        pin();
        Inode fresh = newData(t, overlay);
        if (fresh == null) return t.error;
        isCopying = true;
        long r = copy(t, fresh, Math.min(keep, size));
        isCopying = false;
        if (r < 0) {
            fresh.nlink = 0;
            fresh.releaseIfUnused();
            return r;
        }
        fresh.atime = atime;
        fresh.mtime = mtime;
        fresh.ctime = ctime;
        data = fresh;
        return 0;
    }

    private static void pause(Task t) {
        t.kernel.enterSlow();
        LockSupport.parkNanos(200_000);
        t.kernel.exitSlow();
    }

    private long copy(Task t, Inode fresh, long length) {
        if (length <= 0) return 0;
        OpenFile from = lower.open(t, null, O_RDONLY);
        if (from == null) return t.error;
        OpenFile to = fresh.open(t, null, O_RDWR);
        if (to == null) {
            from.put(t);
            return t.error;
        }
        long buffer = Memory.allocate(CHUNK);
        long r = copyRange(t, from, to, buffer, length);
        Memory.free(buffer);
        from.put(t);
        // Holes at the end are kept as such.
        if (r >= 0 && fresh.size < length) r = to.truncate(t, length);
        to.put(t);
        return r;
    }

    private static long copyRange(Task t, OpenFile from, OpenFile to, long buffer, long length) {
        long at = 0;
        while (at < length) {
            if (length >= SLOW && (at = from.lseek(t, at, SEEK_DATA)) < 0) return at == -ENXIO ? 0 : at;
            int n = (int) Math.min(CHUNK, length - at);
            if (n <= 0) return 0;
            if (length >= SLOW) t.kernel.enterSlow();
            long got = from.pread(t, buffer, n, at);
            if (length >= SLOW) t.kernel.exitSlow();
            if (got <= 0) return got;
            long put = to.pwrite(t, buffer, got, at);
            if (put < 0) return put;
            at += put;
        }
        return 0;
    }

    /** The file that reads and writes go to now. */
    OpenFile openReal(Task t, int flags) {
        if (data != null) return data.open(t, null, flags);
        return lower.open(t, null, flags & ~O_ACCMODE & ~O_APPEND | O_RDONLY);
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        OpenFile real = openReal(t, flags);
        if (real == null) return null;
        var f = new OverlayFile(this, flags, real, data != null);
        f.path = path;
        return f;
    }

    @Override
    public void release() {
        if (data != null) {
            data.nlink = 0;
            data.releaseIfUnused();
        }
        super.release();
    }
}

package dev.kernelet.sentry.fs.overlay;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * An open regular file of an overlay: passes on to the lower file until the content is copied, from then on to the copy.
 * Kernel lock.
 */
final class OverlayFile extends OpenFile {
    private final OverlayRegular node;
    private OpenFile real;
    private boolean isUpper;

    OverlayFile(OverlayRegular node, int flags, OpenFile real, boolean isUpper) {
        super(node, flags);
        this.node = node;
        this.real = real;
        this.isUpper = isUpper;
    }

    /** The file to read from, in {@link #real}: 0 or -errno. */
    private long current(Task t) {
        if (isUpper || !node.isUpper()) return 0;
        OpenFile f = node.openReal(t, flags);
        if (f == null) return t.error;
        real.put(t);
        real = f;
        isUpper = true;
        return 0;
    }

    private long writable(Task t, long keep) {
        if (!isUpper) {
            long r = node.copyUp(t, keep);
            if (r < 0) return r;
            r = current(t);
            if (r < 0) return r;
        }
        // F_SETFL may have changed O_APPEND and the like.
        real.flags = flags;
        return 0;
    }

    @Override
    protected void release(Task t) { real.put(t); }

    @Override
    public long pread(Task t, long address, long length, long position) {
        long r = current(t);
        return r < 0 ? r : real.pread(t, address, length, position);
    }

    @Override
    public long write(Task t, long address, long length) {
        long r = writable(t, Long.MAX_VALUE);
        if (r < 0) return r;
        real.offset = offset;
        r = real.write(t, address, length);
        offset = real.offset;
        return r;
    }

    @Override
    public long pwrite(Task t, long address, long length, long position) {
        long r = writable(t, Long.MAX_VALUE);
        return r < 0 ? r : real.pwrite(t, address, length, position);
    }

    /** As ext4: what is read may be there already, and what is written may have to wait. */
    @Override
    public int rwFlags(boolean writes) { return writes ? RWF_ANYWHERE : RWF_ANYWHERE | RWF_NOWAIT; }

    @Override
    public long lseek(Task t, long off, int whence) {
        if (whence != SEEK_DATA && whence != SEEK_HOLE) return super.lseek(t, off, whence);
        long r = current(t);
        if (r < 0) return r;
        r = real.lseek(t, off, whence);
        return r < 0 ? r : (offset = r);
    }

    @Override
    public long fsync(Task t, boolean dataOnly) { return 0; }

    @Override
    public long truncate(Task t, long size) {
        long r = writable(t, size);
        return r < 0 ? r : real.truncate(t, size);
    }

    @Override
    public long fallocate(Task t, int mode, long position, long length) {
        long r = writable(t, Long.MAX_VALUE);
        return r < 0 ? r : real.fallocate(t, mode, position, length);
    }

    @Override
    public void mappingWritten() { node.touch(); }

    @Override
    public long mapDescriptor(Task t, boolean shared, boolean writable) {
        long r = shared && writable ? writable(t, Long.MAX_VALUE) : current(t);
        return r < 0 ? r : real.mapDescriptor(t, shared, writable);
    }

    @Override
    public void writableMappings(int change) {
        if (real != null) real.writableMappings(change);
    }
}

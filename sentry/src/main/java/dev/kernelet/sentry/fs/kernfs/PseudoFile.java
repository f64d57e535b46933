package dev.kernelet.sentry.fs.kernfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/**
 * A regular file whose content is made as text at the first read after an open or a rewind (seq_file has the
 * same effect).
 */
public abstract class PseudoFile extends Inode {
    protected PseudoFile(Filesystem fs, int permissions) {
        super(fs);
        ino = PseudoDirectory.nextIno();
        mode = 0x8000 | permissions;
    }

    /** The content as a byte string, or null with t.error. */
    protected abstract String text(Task t);

    @Override
    public long blocks() { return 0; }

    /** A write of {@code value} (all of it in one call): bytes taken or -errno. */
    protected long store(Task t, String value) { return -EIO; }

    @Override
    public long truncate(Task t, long size) { return 0; }

    @Override
    public OpenFile open(Task t, Path path, int flags) { return new Open(this, path, flags); }

    /** An open one. */
    public static class Open extends OpenFile {
        private String text;

        protected Open(PseudoFile inode, Path path, int flags) {
            super(inode, flags);
            this.path = path;
        }

        @Override
        public long pread(Task t, long address, long length, long position) {
            if (text == null || position == 0) text = ((PseudoFile) inode).text(t);
            if (text == null) return t.error;
            if (position < 0) return -EINVAL;
            if (position >= text.length()) return 0;
            int n = (int) Math.min(length, text.length() - position);
            for (int i = 0; i < n; i++) Memory.putByte(address + i, (byte) text.charAt((int) position + i));
            return n;
        }

        @Override
        public long pwrite(Task t, long address, long length, long position) {
            if (length > 65536) return -EINVAL;
            return ((PseudoFile) inode).store(t, Memory.getBytes(address, (int) length));
        }

        @Override
        public long lseek(Task t, long off, int whence) {
            // As sysfs, whose files have a size; most of proc have none, and no end.
            return inode.size > 0 ? super.lseek(t, off, whence) : seekAnywhere(off, whence);
        }

        @Override
        public long fsync(Task t, boolean dataOnly) { return -EINVAL; }
    }
}

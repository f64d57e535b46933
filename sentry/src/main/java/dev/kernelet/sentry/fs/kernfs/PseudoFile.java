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
        PseudoDirectory.stamp(this);
    }

    /** The content as a byte string, or null with t.error. */
    protected abstract String text(Task t);

    @Override
    public long blocks() { return 0; }

    /** A write of {@code value} (all of it in one call): bytes taken or -errno. */
    protected long store(Task t, String value) { return -EIO; }

    /** The same where it matters through which file. */
    protected long store(Task t, OpenFile file, String value, long position) { return store(t, value); }

    @Override
    public long truncate(Task t, long size) { return 0; }

    @Override
    public OpenFile open(Task t, Path path, int flags) { return new Open(this, path, flags); }

    /**
     * Bytes of text that open files may keep for their next reads, all together: beyond it those that kept
     * theirs longest make it again when it is asked for.
     */
    private static final long KEPT_MAX = 16 << 20;
    /** Who keeps text, the one that made it last first; a ring. Kernel lock. */
    private static final Open KEEPERS = new Open();
    private static long kept;

    /** An open one. */
    public static class Open extends OpenFile {
        private String text;
        private Open previous = this, next = this;

        /** The ring's head. */
        private Open() { super(null, 0); }

        protected Open(PseudoFile inode, Path path, int flags) {
            super(inode, flags);
            this.path = path;
        }

        @Override
        public long pread(Task t, long address, long length, long position) {
            if (text == null || position == 0) {
                int error = make(t);
                if (error < 0) return error;
            }
            if (position < 0) return -EINVAL;
            if (position >= text.length()) return 0;
            int n = (int) Math.min(length, text.length() - position);
            for (int i = 0; i < n; i++) Memory.putByte(address + i, (byte) text.charAt((int) position + i));
            return n;
        }

        /**
         * Texts can be as long as what they tell of is manifold: that there is no memory for one concerns
         * its reader alone.
         */
        private int make(Task t) {
            forget();
            try {
                text = ((PseudoFile) inode).text(t);
            } catch (OutOfMemoryError e) {
                while (KEEPERS.next != KEEPERS) KEEPERS.next.forget();
                return -ENOMEM;
            }
            if (text == null) return t.error;
            while (kept + text.length() > KEPT_MAX && KEEPERS.previous != KEEPERS) KEEPERS.previous.forget();
            kept += text.length();
            next = KEEPERS.next;
            previous = KEEPERS;
            next.previous = previous.next = this;
            return 0;
        }

        private void forget() {
            if (text == null) return;
            kept -= text.length();
            text = null;
            previous.next = next;
            next.previous = previous;
            previous = next = this;
        }

        @Override
        protected void release(Task t) { forget(); }

        @Override
        public long pwrite(Task t, long address, long length, long position) {
            if (length > 65536) return -EINVAL;
            return ((PseudoFile) inode).store(t, this, Memory.getBytes(address, (int) length), position);
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

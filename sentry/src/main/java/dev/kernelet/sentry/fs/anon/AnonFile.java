package dev.kernelet.sentry.fs.anon;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** A file without a name or a position. */
public abstract class AnonFile extends OpenFile {
    AnonFile(int flags) { super(AnonInode.SHARED, flags); }

    @Override
    public boolean isSeekable() { return false; }

    /** Accepted and without effect (noop_llseek). */
    @Override
    public long lseek(Task t, long off, int whence) { return 0; }
}

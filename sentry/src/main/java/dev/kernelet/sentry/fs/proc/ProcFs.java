package dev.kernelet.sentry.fs.proc;

import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;

/** procfs. Kernel lock. */
public final class ProcFs extends Filesystem {
    public final Kernel kernel;

    public ProcFs(Kernel kernel) {
        this.kernel = kernel;
        root = new Dentry(this, "", null, new ProcRoot(this));
    }

    /** The process whose directory {@code n} is, or null. */
    public static ThreadGroup process(Inode n) {
        return n instanceof TaskDirectory d && d.thread == null ? d.group : null;
    }

    @Override
    public String type() { return "proc"; }

    @Override
    public long magic() { return 0x9fa0; }

    /** Bytes of memory the sandbox has, for sysinfo(2) too. */
    public static long totalBytes(Kernel k) { return SystemText.totalBytes(k); }

    /** What all processes have resident and do not share with a file. */
    public static long residentBytes(Kernel k) { return SystemText.residentBytes(k); }

    public static long freeBytes(Kernel k) { return SystemText.freeBytes(k); }
}

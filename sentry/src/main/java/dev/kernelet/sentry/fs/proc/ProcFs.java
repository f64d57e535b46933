package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;

/**
 * procfs: of one PID namespace. The sandbox's own also makes those of others, when they are mounted. Kernel
 * lock.
 */
public final class ProcFs extends Filesystem implements FilesystemTypes.Type {
    public final Kernel kernel;
    /** Whose processes it shows, with the numbers they have there; null: the sandbox's own namespace. */
    public final PidNamespace pids;

    public ProcFs(Kernel kernel) {
        this(kernel, null);
        FilesystemTypes.of(kernel).register("proc", this);
    }

    private ProcFs(Kernel kernel, PidNamespace pids) {
        this.kernel = kernel;
        this.pids = pids;
        root = new Dentry(this, "", null, new ProcRoot(this));
    }

    /** The procfs of a PID namespace. */
    public static ProcFs of(PidNamespace pids) {
        if (pids.proc == null) pids.proc = new ProcFs(pids.kernel, pids);
        return (ProcFs) pids.proc;
    }

    /** mount(2): that of the caller's namespace; this one is the sandbox's own. No options are known. */
    @Override
    public Filesystem make(Task t, String source, String data) {
        t.error = -EINVAL;
        return !data.isEmpty() ? null : t.group.pids == null ? this : of(t.group.pids);
    }

    // ---- who is shown
    Task task(int tid) { return pids == null ? kernel.pids.task(tid) : pids.task(tid); }

    ThreadGroup process(int pid) { return pids == null ? kernel.pids.group(pid) : pids.process(pid); }

    ThreadGroup processFrom(int pid) {
        return pids == null ? kernel.pids.groupFrom(pid) : pids.processFrom(pid);
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
    public static long totalBytes(Kernel k, ControlGroup c) { return SystemText.totalBytes(k, c); }

    /** What all processes have resident and do not share with a file. */
    public static long residentBytes(Kernel k, ControlGroup c) { return SystemText.residentBytes(k, c); }

    public static long freeBytes(Kernel k, ControlGroup c) { return SystemText.freeBytes(k, c); }
}

package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;

/** Root, working directory and umask; shared by tasks with CLONE_FS. Kernel lock. */
public final class FsContext {
    public MountNamespace mounts;
    public Path root, cwd;
    public int umask = 022;
    public int users = 1;

    /** The last task that used it is gone. */
    void release(Task t) {}

    public FsContext copy() {
        var c = new FsContext();
        c.mounts = mounts;
        c.root = root;
        c.cwd = cwd;
        c.umask = umask;
        return c;
    }
}

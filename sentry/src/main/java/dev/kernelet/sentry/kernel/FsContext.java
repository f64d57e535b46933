package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.NameChanges;
import dev.kernelet.sentry.vfs.Path;

/** Root, working directory and umask; shared by tasks with CLONE_FS. Kernel lock. */
public final class FsContext {
    /** Changed by {@link #setMounts} once a program runs; held then (the first namespace needs it not). */
    public MountNamespace mounts;
    /** Changed by {@link #setRoot} and {@link #setCwd}, which keep their names in the cache. */
    public Path root, cwd;
    public int umask = 022;
    public int users = 1;

    /** The last task that used it is gone. */
    void release(Task t) {
        setRoot(null);
        setCwd(null);
        setMounts(null);
    }

    public void setMounts(MountNamespace to) {
        if (to != null) to.hold();
        if (mounts != null) mounts.put();
        mounts = to;
    }

    public void setRoot(Path p) {
        if (p != null) p.dentry.holds++;
        if (root != null) root.dentry.holds--;
        root = p;
    }

    /** Of one that tasks use already: chroot(2), pivot_root(2), setns(2). */
    public void changeRoot(Path p) {
        setRoot(p);
        NameChanges.happened();
    }

    public void setCwd(Path p) {
        if (p != null) p.dentry.holds++;
        if (cwd != null) cwd.dentry.holds--;
        cwd = p;
    }

    /** Whether the root is the mount namespace's, unchanged by chroot(2). */
    boolean isAtTop() {
        Path top = mounts.top();
        return root.mount == top.mount && root.dentry == top.dentry;
    }

    public FsContext copy() {
        var c = new FsContext();
        c.setMounts(mounts);
        c.setRoot(root);
        c.setCwd(cwd);
        c.umask = umask;
        return c;
    }
}

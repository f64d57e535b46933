package dev.kernelet.sentry.vfs;

import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;

/** The mounts a process sees (mount_namespaces(7)). Kernel lock. */
public final class MountNamespace {
    public Mount root;
    /** In the order of mounting; the root first. */
    public final ArrayList<Mount> mounts = new ArrayList<>();
    private static int nextId = 21;
    /** How often what is mounted has changed. */
    public int changes;
    private WaitQueue queue;

    public static int newMountId() { return nextId++; }

    /** The topmost mount whose mount point is {@code point} seen through {@code parent}, or null. */
    public Mount at(Mount parent, Dentry point) {
        for (int i = mounts.size() - 1; i >= 0; i--) {
            Mount m = mounts.get(i);
            if (m.parent == parent && m.point == point) return m;
        }
        return null;
    }

    /** Attaches {@code m} at {@code where}, or as the root when that is null. */
    public void attach(Mount m, Path where) {
        if (where == null) {
            root = m;
        } else {
            m.parent = where.mount;
            m.point = where.dentry;
            m.point.mounts++;
        }
        mounts.add(m);
        changed();
        m.root.inode.attached(true);
    }

    /** Woken when what is mounted changes. */
    public WaitQueue queue() {
        if (queue == null) queue = new WaitQueue();
        return queue;
    }

    private void changed() {
        changes++;
        if (queue != null) queue.wakeAll(OpenFile.POLLERR | OpenFile.POLLPRI);
    }

    public void detach(Mount m) {
        mounts.remove(m);
        changed();
        if (m.point != null) m.point.mounts--;
        m.root.inode.attached(false);
    }
}

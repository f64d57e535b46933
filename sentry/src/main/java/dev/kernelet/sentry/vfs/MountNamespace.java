package dev.kernelet.sentry.vfs;

import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;
import java.util.HashMap;

/** The mounts a process sees (mount_namespaces(7)). Kernel lock. */
public final class MountNamespace {
    public Mount root;
    /** In the order of mounting; the root first. */
    public final ArrayList<Mount> mounts = new ArrayList<>();
    /** The newest mount on a dentry, and behind it the others. */
    private final HashMap<Dentry, Mount> at = new HashMap<>();
    private static int nextId = 21;
    /** How often what is mounted has changed. */
    public int changes;
    private WaitQueue queue;

    public static int newMountId() { return nextId++; }

    /** The topmost mount whose mount point is {@code point} seen through {@code parent}, or null. */
    public Mount at(Mount parent, Dentry point) {
        for (Mount m = at.get(point); m != null; m = m.nextAtPoint) if (m.parent == parent) return m;
        return null;
    }

    /** Puts {@code m} on a place; null, null: it is the namespace's root. */
    void place(Mount m, Mount parent, Dentry point) {
        if (m.point != null) displace(m);
        m.parent = parent;
        m.point = point;
        if (point == null) return;
        m.nextAtPoint = at.put(point, m);
        point.mounts++;
    }

    /** Takes {@code m} from its place, which it still knows. */
    private void displace(Mount m) {
        m.point.mounts--;
        Mount first = at.get(m.point);
        if (first == m) {
            if (m.nextAtPoint == null) at.remove(m.point); else at.put(m.point, m.nextAtPoint);
        } else {
            Mount newer = first;
            while (newer != null && newer.nextAtPoint != m) newer = newer.nextAtPoint;
            if (newer != null) newer.nextAtPoint = m.nextAtPoint;
        }
        m.nextAtPoint = null;
    }

    /** Attaches {@code m} at {@code where}, or as the root when that is null. */
    public void attach(Mount m, Path where) {
        if (where == null) {
            root = m;
        } else {
            place(m, where.mount, where.dentry);
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
        if (m.point != null) displace(m);
        m.root.inode.attached(false);
    }
}

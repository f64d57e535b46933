package dev.kernelet.sentry.vfs;

import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;
import java.util.HashMap;

/**
 * The mounts a process sees (mount_namespaces(7)). The sandbox begins with one, which stays; others, made by
 * {@link MountOps#unshare}, live while an {@code FsContext}, an open file or a mount of nsfs refers to them.
 * Kernel lock.
 */
public final class MountNamespace {
    /** What /proc/PID/ns calls the one that a kernel begins with (include/linux/proc_ns.h). */
    private static final long FIRST = 4026531841L;
    private static final ArrayList<MountNamespace> ALL = new ArrayList<>();
    private static final ArrayList<MountNamespace> ENDING = new ArrayList<>();
    private static int nextId = 21;
    private static int count;

    /** Its number in /proc/PID/ns; those made later have higher ones. */
    public final long number;
    public Mount root;
    /** The user namespace it belongs to; null: the sandbox's own. */
    public UserNamespace owner;
    /** In the order of mounting; the root first. */
    public final ArrayList<Mount> mounts = new ArrayList<>();
    /** The newest mount on a dentry, and behind it the others. */
    private final HashMap<Dentry, Mount> at = new HashMap<>();
    /** How often what is mounted has changed. */
    public int changes;
    private WaitQueue queue;
    private int users;
    private boolean hasEnded;

    /** The one that a sandbox begins with. */
    public MountNamespace() { this(FIRST); }

    /** An empty one, which nobody refers to yet. */
    public MountNamespace(long number) {
        this.number = number;
        ALL.add(this);
    }

    public static int newMountId() { return nextId++; }

    /** Mounts of all namespaces together. */
    static int count() { return count; }

    public boolean contains(Mount m) { return m.namespace == this; }

    /** The mount on {@code point} seen through {@code parent}, in whichever namespace that is; or null. */
    public static Mount at(Mount parent, Dentry point) {
        MountNamespace ns = parent.namespace;
        if (ns == null) return null;
        for (Mount m = ns.at.get(point); m != null; m = m.nextAtPoint) if (m.parent == parent) return m;
        return null;
    }

    /** What is on top at a place. */
    public static Path top(Path p) {
        for (Mount m = at(p.mount, p.dentry); m != null; m = at(m, m.root)) p = new Path(m, m.root);
        return p;
    }

    /** Where a process is that enters the namespace. */
    public Path top() { return top(new Path(root, root.root)); }

    /** Puts {@code m} on a place; null, null: it is the namespace's root. */
    void place(Mount m, Mount parent, Dentry point) {
        if (m.point != null) displace(m);
        m.parent = parent;
        m.point = point;
        changed();
        if (point == null) return;
        m.nextAtPoint = at.put(point, m);
        point.mounts++;
    }

    /** Takes {@code m} from its place: nothing leads up from it any more. */
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
        m.parent = null;
        m.point = null;
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
        m.namespace = this;
        m.root.holds++;
        count++;
        m.root.inode.attached(true);
    }

    public void detach(Mount m) {
        mounts.remove(m);
        left(m);
    }

    /**
     * Likewise, of one whose parent goes too. Linux leaves locked ones on it, for as long as somebody has a file
     * there; here such a file leads nowhere, and so nothing has to be kept.
     */
    void detachWithParent(Mount m) {
        if (m.isLocked) m.parent.isBlocked = true;
        detach(m);
    }

    /** {@code m} is no longer in the namespace. Who works in it, or has files of it open, keeps it. */
    private void left(Mount m) {
        if (m.point != null) displace(m);
        m.namespace = null;
        changed();
        m.root.holds--;
        count--;
        m.root.inode.attached(false);
    }

    /** Woken when what is mounted changes. */
    public WaitQueue queue() {
        if (queue == null) queue = new WaitQueue();
        return queue;
    }

    private void changed() {
        changes++;
        NameChanges.happened();
        if (queue != null) queue.wakeAll(OpenFile.POLLERR | OpenFile.POLLPRI);
    }

    // ---- names that are mount points
    /** Whether something is mounted on {@code d} here: then its name stays. */
    public boolean isMountPoint(Dentry d) { return d.mounts != 0 && at.containsKey(d); }

    /**
     * {@code d} has lost its name: what other namespaces have mounted on it is unmounted (detach_mounts in
     * fs/namespace.c).
     */
    static void detachAll(Dentry d) {
        for (int i = ALL.size() - 1; i >= 0 && d.mounts != 0; i--) {
            MountNamespace ns = ALL.get(i);
            for (Mount m = ns.at.get(d); m != null; m = ns.at.get(d)) MountOps.detachTree(ns, m);
        }
    }

    // ---- its life
    public MountNamespace hold() {
        users++;
        return this;
    }

    /** The last one that lets go ends it. */
    public void put() {
        if (--users > 0 || hasEnded || number == FIRST) return;
        hasEnded = true;
        ALL.remove(this);
        // A mount of nsfs may let another namespace end, and so on, deeper than there is stack.
        ENDING.add(this);
        if (ENDING.size() > 1) return;
        for (int i = 0; i < ENDING.size(); i++) ENDING.get(i).end();
        ENDING.clear();
    }

    private void end() {
        for (int i = mounts.size() - 1; i >= 0; i--) {
            Mount m = mounts.get(i);
            if (m.isLocked && m.parent != null) m.parent.isBlocked = true;
            left(m);
        }
        mounts.clear();
    }

    /** Nobody refers to it any more: a name that is still known (O_PATH) does not bring it back. */
    public boolean hasEnded() { return hasEnded; }
}

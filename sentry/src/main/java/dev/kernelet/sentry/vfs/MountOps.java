package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mounts.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.FsContext;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.kernel.UserNamespace;
import java.util.ArrayList;
import java.util.HashMap;

/** Changes of a mount namespace (mount(2), umount2(2), pivot_root(2)). Capability checks are done. */
public final class MountOps {
    private MountOps() {}

    private static final long NSFS_MAGIC = 0x6e736673;
    private static final int KEPT = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME
            | MS_STRICTATIME | MS_NOSYMFOLLOW;

    /**
     * Mounts of all namespaces together (fs.mount-max); a tenth of what Linux allows in each, as some work
     * here is linear in them and all of them are in the Sentry's heap.
     */
    public static final int MAX = 10_000;

    public static Mount add(MountNamespace ns, Filesystem fs, Path where, int flags, String source) {
        var m = new Mount(fs, fs.root, flags & KEPT, MountNamespace.newMountId());
        m.source = source;
        ns.attach(m, where);
        return m;
    }

    /** A new filesystem of a named type at {@code where}. */
    public static long mountNew(Task t, Path where, String type, String source, String data, int flags) {
        FilesystemTypes.Type factory = FilesystemTypes.of(t.kernel).find(type);
        if (factory == null) return -ENODEV;
        where = MountNamespace.top(where);
        if (!t.fs.mounts.contains(where.mount)) return -EINVAL;
        if (MountNamespace.count() >= MAX) return -ENOSPC;
        if (!mayMount(t, type)) return -EPERM;
        t.error = -EINVAL;
        Filesystem fs = factory.make(t, source, data);
        if (fs == null) return t.error;
        if (type.equals("proc") && t.fs.mounts.owner != null && !isSeen(t.fs.mounts, fs, flags)) return -EPERM;
        if (where.dentry.inode.isDirectory() != fs.root.inode.isDirectory()) return -ENOTDIR;
        add(t.fs.mounts, fs, where, flags, source);
        return 0;
    }

    /** Types that do no harm are for the privileged of any user namespace (FS_USERNS_MOUNT). */
    private static boolean mayMount(Task t, String type) {
        if (type.equals("proc")) {
            return t.cred.capableIn(PidNamespace.owner(t.group.pids), Credentials.CAP_SYS_ADMIN);
        }
        boolean isHarmless = type.equals("tmpfs") || type.equals("ramfs") || type.equals("devpts");
        Credentials c = t.cred;
        return isHarmless ? c.capableHere(Credentials.CAP_SYS_ADMIN) : c.capable(Credentials.CAP_SYS_ADMIN);
    }

    /**
     * Whether a procfs can be seen as a whole already: what its owner has hidden of it, or made read-only,
     * must not come back by another mount (mount_too_revealing).
     */
    private static boolean isSeen(MountNamespace ns, Filesystem fs, int flags) {
        for (Mount m : ns.mounts) {
            boolean isWhole = m.fs.magic() == fs.magic() && m.root == m.fs.root;
            boolean isLike = isWhole && (m.lockedFlags & MS_RDONLY & ~flags) == 0;
            if (isLike && !hasLocked(treeBelow(ns, new Path(m, null)))) return true;
        }
        return false;
    }

    /** MS_BIND; with MS_REC what is mounted below comes too. */
    public static long bind(Task t, Path from, Path where, int flags) {
        if (from.dentry.inode.isDirectory() != where.dentry.inode.isDirectory()) return -ENOTDIR;
        MountNamespace ns = t.fs.mounts;
        // Also what was unmounted and is still in use is nobody's. Files of nsfs are everybody's, wherever
        // they were opened.
        where = MountNamespace.top(where);
        boolean isNamespace = from.dentry.fs.magic() == NSFS_MAGIC;
        if (!isNamespace && !ns.contains(from.mount) || !ns.contains(where.mount)) return -EINVAL;
        // One that kept itself, or one that keeps it, would never end (mnt_ns_loop in fs/namespace.c).
        MountNamespace named = from.dentry.inode.mountNamespace();
        if (named != null && named.number <= ns.number) return -EINVAL;
        // Without what lies on it one would see what that hides.
        if (!isNamespace && (flags & MS_REC) == 0 && hasLocked(treeBelow(ns, from))) return -EINVAL;
        // Collected first: the copy must not be copied into itself, and copies double what there is.
        ArrayList<Mount> below = (flags & MS_REC) != 0 ? treeBelow(ns, from) : new ArrayList<>();
        if (MountNamespace.count() + 1 + below.size() > MAX) return -ENOSPC;
        var copies = new HashMap<Mount, Mount>();
        copies.put(from.mount, copy(ns, from.mount, from.dentry, where, false));
        for (Mount m : below) {
            copies.put(m, copy(ns, m, m.root, new Path(copies.get(m.parent), m.point), true));
        }
        return 0;
    }

    private static boolean hasLocked(ArrayList<Mount> tree) {
        for (int i = 0; i < tree.size(); i++) if (tree.get(i).isLocked) return true;
        return false;
    }

    /** All mounts at and below a place, in the whole mount for a null dentry; each behind its parent. */
    private static ArrayList<Mount> treeBelow(MountNamespace ns, Path top) {
        var children = new HashMap<Mount, ArrayList<Mount>>();
        for (Mount m : ns.mounts) {
            if (m.parent != null) children.computeIfAbsent(m.parent, p -> new ArrayList<>()).add(m);
        }
        var tree = new ArrayList<Mount>();
        for (Mount m : children.getOrDefault(top.mount, new ArrayList<>())) {
            if (top.dentry == null || isBelow(m.point, top.dentry)) tree.add(m);
        }
        for (int i = 0; i < tree.size(); i++) {
            tree.addAll(children.getOrDefault(tree.get(i), new ArrayList<>()));
        }
        return tree;
    }

    private static Mount copy(MountNamespace ns, Mount from, Dentry root, Path where, boolean isBelowTop) {
        // A file of nsfs is in no mount.
        boolean isNamespace = root.fs.magic() == NSFS_MAGIC && root != from.root;
        int flags = isNamespace ? 0 : from.flags;
        var m = new Mount(isNamespace ? root.fs : from.fs, root, flags, MountNamespace.newMountId());
        m.source = isNamespace ? root.fs.type() : from.source;
        if (!isNamespace) likeThat(m, from, root == from.root && isBelowTop && from.isLocked);
        ns.attach(m, where);
        return m;
    }

    private static boolean isBelow(Dentry d, Dentry top) {
        for (; d != null; d = d.parent) if (d == top) return true;
        return false;
    }

    /** MS_REMOUNT: new flags of an existing mount, at its root. */
    public static long remount(Task t, Path where, int flags) {
        Mount m = where.mount;
        if (where.dentry != m.root || !t.fs.mounts.contains(m)) return -EINVAL;
        // Those of times stay if none is named (path_mount).
        if ((flags & TIMES) == 0) flags |= m.flags & TIMES;
        if ((m.lockedFlags & ~flags) != 0 || m.keepsTimes && times(flags) != times(m.flags)) return -EPERM;
        m.flags = flags & KEPT;
        return 0;
    }

    /** What the flags come to: relatime unless another is named. */
    private static int times(int flags) {
        int kind = (flags & MS_NOATIME) != 0 ? MS_NOATIME : flags & MS_STRICTATIME;
        return kind | flags & MS_NODIRATIME;
    }

    private static final int TIMES = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

    /** MS_MOVE. */
    public static long move(Task t, Path from, Path where) {
        Mount m = from.mount;
        MountNamespace ns = t.fs.mounts;
        where = MountNamespace.top(where);
        if (from.dentry != m.root || m.parent == null || m.isLocked) return -EINVAL;
        if (!ns.contains(m) || !ns.contains(where.mount)) return -EINVAL;
        if (m.root.inode.isDirectory() != where.dentry.inode.isDirectory()) return -ENOTDIR;
        for (Mount x = where.mount; x != null; x = x.parent) if (x == m) return -ELOOP;
        ns.place(m, where.mount, where.dentry);
        return 0;
    }

    /** umount2(2) of the mount whose root is {@code at}. */
    public static long unmount(Task t, Path at, int flags) {
        Mount m = at.mount;
        MountNamespace ns = t.fs.mounts;
        if (at.dentry != m.root || !ns.contains(m) || m.isLocked) return -EINVAL;
        if (m == ns.root || m == t.fs.root.mount) return -EBUSY;
        boolean detaches = (flags & MNT_DETACH) != 0;
        boolean isParent = false;
        for (Mount x : ns.mounts) isParent |= x.parent == m;
        if (isParent && !detaches) return -EBUSY;
        if (!detaches && isBusy(t, m)) return -EBUSY;
        if (isParent) detachTree(ns, m); else ns.detach(m);
        return 0;
    }

    /** Takes {@code m} and what lies on it out of its namespace, each on its own. */
    static void detachTree(MountNamespace ns, Mount m) {
        for (Mount x : treeBelow(ns, new Path(m, null))) ns.detachWithParent(x);
        ns.detach(m);
    }

    /** Whether a process of the sandbox works in the mount or has a file of it open. */
    private static boolean isBusy(Task t, Mount m) {
        var pids = t.kernel.pids;
        for (ThreadGroup g = pids.groupFrom(1); g != null; g = pids.groupFrom(g.pid + 1)) {
            for (Task x : g.tasks) if (uses(x, m)) return true;
        }
        return false;
    }

    private static boolean uses(Task x, Mount m) {
        if (x.fs != null && (x.fs.cwd.mount == m || x.fs.root.mount == m)) return true;
        if (x.fds == null) return false;
        for (int fd = 0; fd < x.fds.end(); fd++) {
            OpenFile f = x.fds.get(fd);
            if (f != null && f.path != null && f.path.mount == m) return true;
        }
        return false;
    }

    /** pivot_root(2): {@code root} becomes the root, the old root is put at {@code old} below it. */
    public static long pivotRoot(Task t, Path root, Path old) {
        MountNamespace ns = t.fs.mounts;
        Mount now = t.fs.root.mount;
        if (root.dentry != root.mount.root || t.fs.root.dentry != now.root) return -EINVAL;
        if (root.mount == now || old.mount == now) return -EBUSY;
        old = MountNamespace.top(old);
        if (root.mount.isLocked || root.mount.parent == null) return -EINVAL;
        if (!ns.contains(root.mount) || !ns.contains(old.mount)) return -EINVAL;
        boolean isReachable = false;
        for (Mount x = old.mount; x != null; x = x.parent) if (x == root.mount) isReachable = true;
        if (!isReachable || now != ns.root) return -EINVAL;
        Mount top = root.mount;
        ns.place(top, null, null);
        ns.root = top;
        ns.place(now, old.mount, old.dentry);
        ns.mounts.remove(top);
        ns.mounts.add(0, top);
        var pids = t.kernel.pids;
        for (ThreadGroup g = pids.groupFrom(1); g != null; g = pids.groupFrom(g.pid + 1)) {
            for (Task x : g.tasks) if (x.fs != null) repoint(x.fs, now, root);
        }
        return 0;
    }

    /** Who was at the old root is at the new one. */
    private static void repoint(FsContext fs, Mount old, Path root) {
        if (fs.root.mount == old && fs.root.dentry == old.root) fs.changeRoot(root);
        if (fs.cwd.mount == old && fs.cwd.dentry == old.root) fs.setCwd(root);
    }

    // ---- new namespaces
    /** Whether the task may have a copy of its namespace. */
    public static boolean hasRoomForCopy(Task t) {
        return MountNamespace.count() + t.fs.mounts.mounts.size() <= MAX;
    }

    /**
     * CLONE_NEWNS: gives {@code fs}, which nobody shares, a copy of its namespace; root and working directory
     * are where they were, in the copies of their mounts.
     */
    public static void unshare(FsContext fs, long number, UserNamespace owner) {
        MountNamespace from = fs.mounts;
        var ns = new MountNamespace(number);
        ns.owner = owner;
        var copies = new HashMap<Mount, Mount>();
        copies.put(from.root, copyOf(from.root));
        for (Mount m : treeBelow(from, new Path(from.root, null))) {
            // What holds a namespace is not copied, nor what lies on it: two could hold each other.
            boolean isCopied = m.root.inode.mountNamespace() == null && copies.containsKey(m.parent);
            if (isCopied) copies.put(m, copyOf(m));
        }
        for (Mount m : from.mounts) {
            Mount c = copies.get(m);
            if (c != null) ns.attach(c, m.parent == null ? null : new Path(copies.get(m.parent), m.point));
            if (c != null && owner != from.owner) lock(c, c != ns.root);
        }
        Mount root = copies.get(fs.root.mount), cwd = copies.get(fs.cwd.mount);
        if (root != null) fs.changeRoot(new Path(root, fs.root.dentry));
        if (cwd != null) fs.setCwd(new Path(cwd, fs.cwd.dentry));
        fs.setMounts(ns);
    }

    private static Mount copyOf(Mount from) {
        var m = new Mount(from.fs, from.root, from.flags, MountNamespace.newMountId());
        m.source = from.source;
        return likeThat(m, from, from.isLocked);
    }

    /** Who is privileged in the copy alone must not see more, nor do more, than without (lock_mnt_tree). */
    private static void lock(Mount m, boolean isHiding) {
        m.lockedFlags |= m.flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW);
        m.keepsTimes = true;
        m.isLocked |= isHiding;
    }

    private static Mount likeThat(Mount m, Mount from, boolean isLocked) {
        m.lockedFlags = from.lockedFlags;
        m.keepsTimes = from.keepsTimes;
        m.isLocked = isLocked;
        return m;
    }

    /** setns(2): {@code fs} goes to the root of another namespace. */
    public static void enter(FsContext fs, MountNamespace to) {
        fs.setMounts(to);
        Path top = to.top();
        fs.changeRoot(top);
        fs.setCwd(top);
    }
}

package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import java.nio.charset.StandardCharsets;

/**
 * Turns paths into places (path_resolution(7)). One per task, reused: the results are fields, good until the next walk of
 * the same task. A walk over cached names allocates nothing.
 *
 * <p>{@link #at} and {@link #from} find what exists. With {@link #CREATE} a missing last name is no error: then
 * {@link #dentry} and {@link #inode} are null, {@link #parent} and {@link #lastName} say where it would be. With
 * {@link #PARENT} the walk ends in the directory of the last name, which {@link #lookupLast} then looks up.
 */
public final class PathWalk {
    public static final int AT_FDCWD = -100;
    /** A symbolic link as the last name is followed. */
    public static final int FOLLOW = 1;
    /** An empty path stands for the start itself (AT_EMPTY_PATH). */
    public static final int EMPTY = 2;
    public static final int CREATE = 4;
    public static final int PARENT = 8;
    /** What is found must be a directory. */
    public static final int DIRECTORY = 0x10;
    /** RESOLVE_* of openat2(2), shifted by {@link #RESOLVE_SHIFT}. */
    public static final int RESOLVE_SHIFT = 8;
    private static final int NO_XDEV = 1 << 8, NO_MAGICLINKS = 2 << 8, NO_SYMLINKS = 4 << 8, BENEATH = 8 << 8,
            IN_ROOT = 0x10 << 8, CACHED = 0x20 << 8;
    private static final int LINKS_MAX = 40;
    private static final int NAME_MAX = 255;

    /** Kinds of a path's last component. */
    public static final int NORMAL = 0, DOT = 1, DOTDOT = 2, ROOT = 3;

    private final Task t;
    /** Whose permissions count; null: the task's own. Reset after every walk. */
    public Credentials override;

    // ---- results
    public Mount mount;
    public Dentry dentry;
    public Inode inode;
    /** The file named by a descriptor and an empty path; else null. It may have neither mount nor dentry (a pipe). */
    public OpenFile file;
    /** The directory of the last name (seen through {@link #mount}'s tree: {@link #parentMount}); null unless NORMAL. */
    public Mount parentMount;
    public Dentry parent;
    public int last;
    public boolean hasTrailingSlash;

    // ---- the walk at hand
    private Credentials cred;
    private int flags;
    private byte[] path;
    private int at, end;
    private int nameFrom, nameLength;
    private int links;
    private Mount rootMount;
    private Dentry rootDentry;
    private boolean knowsRoot;
    private byte[] spliced = {}, spare = {};

    public PathWalk(Task t) { this.t = t; }

    /** Whether {@code name}, just walked, is the only name of the place found: see NameChanges. */
    public boolean isTheName(byte[] name, int length) {
        return length > 1 && name[0] == '/' && mount != null
                && NameChanges.isTheName(name, length, mount, dentry, rootMount, rootDentry);
    }

    /** The place found, as an object to keep. */
    public Path path() { return new Path(mount, dentry); }

    /** Walks {@code t.mem.pathBytes} relative to the descriptor {@code dirfd} or AT_FDCWD: 0 or -errno. */
    public long at(int dirfd, int flags) {
        path = t.mem.pathBytes;
        at = 0;
        end = t.mem.pathLength;
        return start(dirfd, flags);
    }

    /** Like {@link #at} for a path of the Sentry's own (a byte string). */
    public long at(int dirfd, String name, int flags) {
        path = name.getBytes(StandardCharsets.ISO_8859_1);
        at = 0;
        end = path.length;
        return start(dirfd, flags);
    }

    /** Walks {@code name} from {@code directory} on. */
    public long from(Path directory, String name, int flags) {
        path = name.getBytes(StandardCharsets.ISO_8859_1);
        at = 0;
        end = path.length;
        return begin(directory, flags);
    }

    private long start(int dirfd, int flags) {
        file = null;
        if (end > 0 && path[0] == '/' && (flags & (BENEATH | IN_ROOT)) == 0) return begin(t.fs.root, flags);
        if (dirfd == AT_FDCWD) return begin(t.fs.cwd, flags);
        if (end == 0 && (flags & EMPTY) == 0) return -ENOENT;
        OpenFile f = t.fds.get(dirfd);
        if (f == null) return -EBADF;
        if (end == 0) {
            file = f;
            override = null;
            parent = null;
            last = ROOT;
            hasTrailingSlash = false;
            mount = f.path == null ? null : f.path.mount;
            dentry = f.path == null ? null : f.path.dentry;
            inode = f.inode != null || dentry == null ? f.inode : dentry.inode;
            return 0;
        }
        if (f.path == null) return -ENOTDIR;
        return begin(f.path, flags);
    }

    private long begin(Path start, int flags) {
        file = null;
        if (end == 0 && (flags & EMPTY) == 0) return -ENOENT;
        this.flags = flags;
        cred = override == null ? t.cred : override;
        override = null;
        links = 0;
        mount = start.mount;
        dentry = start.dentry;
        rootMount = t.fs.root.mount;
        rootDentry = t.fs.root.dentry;
        knowsRoot = end > 0 && path[0] == '/';
        if ((flags & (BENEATH | IN_ROOT)) != 0) {
            knowsRoot = true;
            rootMount = mount;
            rootDentry = dentry;
            if (end > 0 && path[0] == '/' && (flags & BENEATH) != 0) return -EXDEV;
        }
        parent = null;
        hasTrailingSlash = false;
        long r = walk();
        path = null;
        if (r < 0) return r;
        inode = dentry == null ? null : dentry.inode;
        return 0;
    }

    private long walk() {
        for (;;) {
            while (at < end && path[at] == '/') at++;
            if (at == end) {
                last = ROOT;
                parent = null;
                break;
            }
            Inode dir = dentry.inode;
            if (!dir.isDirectory()) return -ENOTDIR;
            long r = Access.check(cred, dir, Access.EXECUTE);
            if (r < 0) return r;
            int from = at, to = at;
            while (to < end && path[to] != '/') to++;
            int next = to;
            while (next < end && path[next] == '/') next++;
            boolean isLast = next == end;
            int length = to - from;
            at = next;
            if (path[from] == '.' && (length == 1 || length == 2 && path[from + 1] == '.')) {
                if (isLast) {
                    last = length == 1 ? DOT : DOTDOT;
                    parent = null;
                }
                if (isLast && (flags & PARENT) != 0) return 0;
                if (length == 2) r = up();
                if (r < 0) return r;
                if (isLast) break;
                continue;
            }
            if (length > NAME_MAX) return -ENAMETOOLONG;
            if (mount != null && mount.isBlocked) return -ENOENT;
            if (isLast) {
                last = NORMAL;
                hasTrailingSlash = next > to;
                nameFrom = from;
                nameLength = length;
                parent = dentry;
                parentMount = mount;
                if ((flags & PARENT) != 0) return keepName();
                if ((flags & CREATE) != 0 && hasTrailingSlash) return -EISDIR;
            }
            Dentry d = lookup(dentry, from, length);
            if (d == null || d.inode == null) {
                long e = d == null ? t.error : -ENOENT;
                if (e != -ENOENT || !isLast || (flags & CREATE) == 0) return e;
                dentry = null;
                return keepName();
            }
            if (d.inode.isSymlink() && (!isLast || (flags & FOLLOW) != 0 || hasTrailingSlash)) {
                r = follow(d.inode, to);
                if (r < 0) return r;
                continue;
            }
            dentry = d;
            if (d.mounts != 0) {
                r = cross();
                if (r < 0) return r;
            }
            if (isLast) break;
        }
        if ((hasTrailingSlash || (flags & DIRECTORY) != 0) && !dentry.inode.isDirectory()) return -ENOTDIR;
        return 0;
    }

    /** The last name must survive the walk: its bytes may lie in a buffer that is used again. */
    private long keepName() {
        if (nameFrom + nameLength > path.length) return -EINVAL;
        lastBytes = path;
        lastString = null;
        return 0;
    }

    private byte[] lastBytes;
    private String lastString;

    /** The last name of a walk with PARENT, or with CREATE that found nothing. */
    public String lastName() {
        if (lastString == null) {
            Dentry d = parent.child(lastBytes, nameFrom, nameLength);
            lastString = d != null ? d.name : new String(lastBytes, nameFrom, nameLength, StandardCharsets.ISO_8859_1);
        }
        return lastString;
    }

    /**
     * After a walk with PARENT: the dentry of the last name, possibly negative; null with t.error (also -ENOENT where
     * the filesystem's names may not be cached).
     */
    public Dentry lookupLast() {
        path = lastBytes;
        Dentry d = lookup(parent, nameFrom, nameLength);
        path = null;
        return d;
    }

    private Dentry lookup(Dentry dir, int from, int length) {
        Dentry d = dir.child(path, from, length);
        if (d != null && dir.inode.cacheable()) return d;
        if ((flags & CACHED) != 0) {
            t.error = -EAGAIN;
            return null;
        }
        return lookup(t, dir, d != null ? d.name : new String(path, from, length, StandardCharsets.ISO_8859_1));
    }

    /** Asks the filesystem; keeps the answer. The dentry, negative where that may be cached, or null with t.error. */
    public static Dentry lookup(Task t, Dentry dir, String name) {
        Inode parent = dir.inode;
        Dentry d = dir.child(name);
        if (d != null && parent.cacheable()) return d;
        if (dir.isDead) {
            t.error = -ENOENT;
            return null;
        }
        t.error = 0;
        Inode found = parent.lookup(t, name);
        // The lookup may have given up the kernel lock: look again.
        d = dir.child(name);
        if (found == null) {
            if (d != null && d.mounts == 0) forget(dir, d);
            return t.error == -ENOENT && parent.cacheable() ? dir.addChild(name, null) : null;
        }
        if (d == null) return dir.addChild(name, found);
        if (d.inode == null) d.inode = found;
        if (d.inode == found || d.mounts != 0) return d;
        forget(dir, d);
        return dir.addChild(name, found);
    }

    private static void forget(Dentry dir, Dentry d) {
        dir.detach(d);
        d.isDead = true;
        d.fs.cached.remove(d);
    }

    /** "..": never above the root of the walk. */
    private long up() {
        knowsRoot = true;
        for (;;) {
            if (mount == rootMount && dentry == rootDentry) {
                return (flags & BENEATH) != 0 ? -EXDEV : 0;
            }
            if (dentry != mount.root) break;
            if (mount.parent == null) return 0;
            if ((flags & NO_XDEV) != 0) return -EXDEV;
            dentry = mount.point;
            mount = mount.parent;
        }
        if (dentry.parent != null) dentry = dentry.parent;
        return dentry.mounts != 0 ? cross() : 0;
    }

    /** Steps from a mount point to what is mounted there. */
    private long cross() {
        while (dentry.mounts != 0) {
            Mount m = MountNamespace.at(mount, dentry);
            if (m == null) return 0;
            if ((flags & NO_XDEV) != 0) return -EXDEV;
            mount = m;
            dentry = m.root;
        }
        return 0;
    }

    /** A symbolic link: its text goes in front of the rest of the path, which begins at {@code rest}. */
    private long follow(Inode link, int rest) {
        if (++links > LINKS_MAX || (flags & NO_SYMLINKS) != 0) return -ELOOP;
        if (mount != null && (mount.flags & dev.kernelet.abi.Mounts.MS_NOSYMFOLLOW) != 0) return -ELOOP;
        t.error = 0;
        Path jump = link.follow(t);
        if (jump != null) {
            if ((flags & NO_MAGICLINKS) != 0) return -ELOOP;
            if ((flags & (BENEATH | IN_ROOT)) != 0) return -EXDEV;
            if ((flags & NO_XDEV) != 0 && jump.mount != mount) return -EXDEV;
            mount = jump.mount;
            dentry = jump.dentry;
            return 0;
        }
        if (t.error < 0) return t.error;
        String target = link.readlink(t);
        if (target == null) return t.error;
        int n = target.length();
        if (n == 0) return -ENOENT;
        if (target.charAt(0) == '/') {
            if ((flags & BENEATH) != 0) return -EXDEV;
            // Linux knows the root's mount only when the path has led it there before.
            if ((flags & NO_XDEV) != 0 && (!knowsRoot || mount != rootMount)) return -EXDEV;
            knowsRoot = true;
            mount = rootMount;
            dentry = rootDentry;
        }
        int length = n + end - rest;
        byte[] to = path == spliced ? spare : spliced;
        if (to.length < length) to = new byte[Math.max(length, 256)];
        for (int i = 0; i < n; i++) to[i] = (byte) target.charAt(i);
        System.arraycopy(path, rest, to, n, end - rest);
        if (path == spliced) {
            spare = spliced;
        }
        spliced = to;
        path = to;
        at = 0;
        end = length;
        hasTrailingSlash = false;
        return 0;
    }

    // ---- names of places
    /**
     * The name of a place as seen from {@code root}, for getcwd(2) and the links of procfs: with " (deleted)" behind a
     * removed one; null when it cannot be reached from there. A null {@code root} stands for whatever is on top.
     */
    public static String pathName(Path p, Path root) {
        String s = pathName(p.mount, p.dentry, root);
        return s != null && p.dentry.isDead ? s + " (deleted)" : s;
    }

    /** Beyond this a path's text is its end alone: directories may lie in one another a million deep. */
    private static final int TEXT_MAX = 1 << 16;

    /**
     * As d_path() in fs/d_path.c, for the links of procfs: what cannot be reached from {@code root}, as
     * another namespace's mounts and what was unmounted, is named from its own top. Null for what lies in no
     * mount.
     */
    public static String linkName(Path p, Path root) {
        String s = pathName(p, root);
        if (s != null) return s;
        Mount m = p.mount;
        Dentry d = p.dentry;
        while (d != m.root || m.parent != null) {
            boolean isTop = d == m.root;
            d = isTop ? m.point : d.parent;
            if (isTop) m = m.parent;
            if (d == null) return null;
        }
        return pathName(p, null);
    }

    private static String pathName(Mount mount, Dentry dentry, Path root) {
        int length = 0;
        Mount m = mount;
        Dentry d = dentry;
        // First how long, then from the end backwards.
        for (;;) {
            if (root != null && m == root.mount && d == root.dentry) break;
            if (d == m.root) {
                if (m.parent == null) {
                    if (root == null) break;
                    return null;
                }
                d = m.point;
                m = m.parent;
                continue;
            }
            length += 1 + d.name.length();
            if (d.parent == null) return root == null ? d.name : null;
            if (length > TEXT_MAX) break;
            d = d.parent;
        }
        if (length == 0) return "/";
        var bytes = new byte[length];
        m = mount;
        d = dentry;
        while (length > 0) {
            if (d == m.root) {
                d = m.point;
                m = m.parent;
                continue;
            }
            int n = d.name.length();
            length -= n;
            for (int i = 0; i < n; i++) bytes[length + i] = (byte) d.name.charAt(i);
            bytes[--length] = '/';
            d = d.parent;
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}

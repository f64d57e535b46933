package dev.kernelet.sentry.vfs;

/** Tells inotify(7) what happens to inodes. Costs one comparison while nothing is watched. */
public final class Notify {
    private Notify() {}

    public static final int IN_ACCESS = 1, IN_MODIFY = 2, IN_ATTRIB = 4, IN_CLOSE_WRITE = 8, IN_CLOSE_NOWRITE = 0x10,
            IN_OPEN = 0x20, IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80, IN_CREATE = 0x100, IN_DELETE = 0x200,
            IN_DELETE_SELF = 0x400, IN_MOVE_SELF = 0x800, IN_ISDIR = 0x40000000;

    /** The name is no longer in its directory (IN_EXCL_UNLINK); not for programs. */
    public static final int UNLINKED = 0x8000000;

    /** What {@link Inode#watches} holds. */
    public interface Watches {
        /** {@code name}: of the entry when the watched inode is its directory, else null. */
        void event(Inode watched, int mask, int cookie, String name);
    }

    /** Watches in the sandbox: kept by those who set {@link Inode#watches}. */
    public static int active;
    private static int nextCookie = 1;

    public static int newCookie() { return nextCookie++; }

    /** Something happened to the name {@code name} in {@code dir}; {@code n} is what it stands for. */
    public static void name(Inode dir, int mask, Inode n, String name, int cookie) {
        if (active == 0 || !(dir.watches instanceof Watches w)) return;
        w.event(dir, n.isDirectory() ? mask | IN_ISDIR : mask, cookie, name);
    }

    public static void self(Inode n, int mask) {
        if (active == 0 || !(n.watches instanceof Watches w)) return;
        // Of its own end or move a directory is told without the mark (as Linux does it).
        boolean isMarked = n.isDirectory() && (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) == 0;
        w.event(n, isMarked ? mask | IN_ISDIR : mask, 0, null);
    }

    /** Something happened to the inode behind {@code d}: told to watches on its directory and on itself. */
    public static void dentry(Dentry d, Inode n, int mask) {
        if (active == 0) return;
        if (d != null && d.parent != null && d.parent.inode != null) {
            name(d.parent.inode, d.isDead ? mask | UNLINKED : mask, n, d.name, 0);
        }
        if (n != null) self(n, mask);
    }

    /** Something was done through an open file. */
    public static void file(OpenFile f, int mask) {
        if (active == 0 || f.inode == null || (f.flags & 0x200000) != 0) return;
        dentry(f.path == null ? null : f.path.dentry, f.inode, mask);
    }
}

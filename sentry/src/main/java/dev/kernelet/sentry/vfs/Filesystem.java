package dev.kernelet.sentry.vfs;

/** One mounted instance of a filesystem (a superblock). */
public abstract class Filesystem {
    private static int nextDevice = 0x20;
    /** st_dev: an anonymous device number, as Linux gives to filesystems without a block device. */
    public final long device = nextDevice++;
    public Dentry root;
    final DentryRing cached = new DentryRing();
    private Mount internal;

    /**
     * A mount that is attached nowhere and has no flags, for files that are in none: those of pipes and
     * sockets, memfds, namespaces.
     */
    public final Mount internal() {
        if (internal == null) internal = new Mount(this, null, 0, MountNamespace.newMountId());
        return internal;
    }

    /** The type's name as in /proc/filesystems. */
    public abstract String type();

    /** f_type of statfs(2). */
    public abstract long magic();

    /** Nodes of any kind may be made in it: it is the sandbox's own. */
    public boolean isInMemory() { return false; }

    /**
     * Its names go by the calls of the sandbox's programs alone, while {@link Inode#cacheable} of a
     * directory holds.
     */
    public boolean keepsNames() { return false; }

    /** Options shown in /proc/mounts after rw/ro, each with a leading comma; "" for none. */
    public String showOptions() { return ""; }

    /** Fills the struct statfs at {@code buf} (120 bytes, zeroed) but f_type and f_flags. 0 or -errno. */
    public long statfs(long buf) { return 0; }

    /** Forgets the names and inodes that nobody uses. */
    public final void shrink() { cached.shrink(); }

    /** syncfs(2). */
    public long sync() { return 0; }
}

package dev.kernelet.sentry.vfs;

/** A filesystem (or a part of one) attached somewhere in a mount namespace. Kernel lock. */
public final class Mount {
    public final Filesystem fs;
    /** What is seen at the mount point: the filesystem's root, or a dentry below it for a bind mount. */
    public final Dentry root;
    /** The namespace it is attached in; null when it was unmounted or never mounted. */
    MountNamespace namespace;
    /** The mount this one lies on and the covered dentry; null for the root and when not attached. */
    public Mount parent;
    public Dentry point;
    /** Another mount on the same dentry, seen through the same or another parent: an older one. */
    Mount nextAtPoint;
    /** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME... (mount(2)). */
    public int flags;
    /** Mount id as in /proc/PID/mountinfo. */
    public final int id;
    /** Flags that must stay, with all of those for access times if {@link #keepsTimes}: its owner set them. */
    int lockedFlags;
    boolean keepsTimes;
    /** It hides something from a user namespace below its owner's: it is not moved nor taken away alone. */
    boolean isLocked;
    /** It left its namespace together with locked mounts on it: nothing is found in it that they might hide. */
    boolean isBlocked;
    /** What is shown as the source in /proc/mounts. */
    public String source = "none";

    public Mount(Filesystem fs, Dentry root, int flags, int id) {
        this.fs = fs;
        this.root = root;
        this.flags = flags;
        this.id = id;
    }

    public boolean isReadOnly() { return (flags & 1) != 0; }
}

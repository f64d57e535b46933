package dev.kernelet.sentry.vfs;

/** A place in the tree: a dentry seen through a mount. Immutable. */
public final class Path {
    public final Mount mount;
    public final Dentry dentry;

    public Path(Mount mount, Dentry dentry) {
        this.mount = mount;
        this.dentry = dentry;
    }

    public boolean same(Path other) { return mount == other.mount && dentry == other.dentry; }
}

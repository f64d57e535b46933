package dev.kernelet.sentry.vfs;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.Platform;

/**
 * Tells the platform when a path may lead elsewhere than before: a name is gone or moved, a mount came or
 * went, a root is another, somebody's right to pass a directory changed. What stubs remember of paths
 * ({@link dev.kernelet.platform.ExecutionContext#setNoLink}) ends with it. That a name is new changes
 * nothing: only paths that exist are remembered. Kernel lock.
 */
public final class NameChanges {
    private static Platform platform;

    private NameChanges() {}

    public static void tell(Platform p) { platform = p; }

    public static void happened() {
        if (platform != null) platform.namesChanged();
    }

    /**
     * Whether {@code path} (absolute, {@code end} bytes) is the one name, from the root given, of what a walk
     * has found: no links, no dots, and no directory on the way whose names may change without
     * {@link #happened}.
     */
    static boolean isTheName(byte[] path, int end, Mount mount, Dentry dentry, Mount rootMount, Dentry root) {
        int at = end;
        while (mount != rootMount || dentry != root) {
            if (dentry == mount.root) {
                if (mount.parent == null) return false;
                dentry = mount.point;
                mount = mount.parent;
                continue;
            }
            String name = dentry.name;
            at -= name.length();
            if (at < 1 || path[at - 1] != '/' || !Memory.isEqual(name, path, at)) return false;
            at--;
            dentry = dentry.parent;
            if (dentry == null || dentry.inode == null || !dentry.fs.keepsNames()) return false;
            if (!dentry.inode.cacheable()) return false;
        }
        return at == 0 && end > 0;
    }
}

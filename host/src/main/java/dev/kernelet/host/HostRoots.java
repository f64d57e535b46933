package dev.kernelet.host;

import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;

/**
 * The host directories a sandbox shows, as mounts of their own, attached nowhere (open_tree(2)): with ".."
 * nothing above them is reached, whatever becomes of the Sentry. What is only read is read-only there;
 * devices and set-user-ID bits count nowhere. Made where the launcher has made a mount namespace; without
 * one {@link #open} opens the directory itself.
 */
public final class HostRoots {
    private static final int OPEN_TREE_CLONE = 1, AT_RECURSIVE = 0x8000, MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8;

    private static String[] paths = new String[4];
    private static int[] fds = new int[4];
    private static int count;
    private static final long scratch = Memory.allocate(32 + 4097);

    private HostRoots() {}

    private static long path(String path) {
        int n = Math.min(path.length(), 4096);
        for (int i = 0; i < n; i++) Memory.putByte(scratch + 32 + i, (byte) path.charAt(i));
        Memory.putByte(scratch + 32 + n, (byte) 0);
        return scratch + 32;
    }

    /**
     * Makes the mount for a directory, or for the one a file is in; where that is refused nothing changes.
     */
    public static void add(String path, boolean isWritten) {
        for (int i = 0; i < count; i++) if (paths[i].equals(path)) return;
        int fd = (int) HostCall.call(OPENAT, AT_FDCWD, path(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd == -20 /* ENOTDIR */ && !path.endsWith("/")) {
            add(directoryOf(path), isWritten);
            return;
        }
        if (fd < 0) return;
        int tree = clone(fd, "", (isWritten ? 0 : RDONLY) | NOSUID | NODEV);
        HostCall.call(CLOSE, fd);
        if (tree < 0) return;
        if (count == fds.length) {
            paths = java.util.Arrays.copyOf(paths, 2 * count);
            fds = java.util.Arrays.copyOf(fds, 2 * count);
        }
        paths[count] = path;
        fds[count++] = tree;
    }

    /** The path up to the last slash. */
    public static String directoryOf(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? slash < 0 ? "." : "/" : path.substring(0, slash);
    }

    /** The same for one file or directory; the descriptor is the caller's. Or a negative errno. */
    public static int copy(String path, boolean isWritten) {
        int fd = (int) HostCall.call(OPENAT, AT_FDCWD, path(path), O_PATH | O_CLOEXEC, 0);
        if (fd < 0) return fd;
        int tree = clone(fd, "", (isWritten ? 0 : RDONLY) | NOSUID | NODEV);
        HostCall.call(CLOSE, fd);
        return tree;
    }

    private static int clone(int directory, String name, long attributes) {
        int fd = (int) HostCall.call(OPEN_TREE, directory, path(name),
                OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH | O_CLOEXEC);
        if (fd < 0) return fd;
        Memory.zero(scratch, 32);
        Memory.putLong(scratch, attributes);
        long r = HostCall.call(MOUNT_SETATTR, fd, path(""), AT_EMPTY_PATH | AT_RECURSIVE, scratch, 32);
        if (r == 0) return fd;
        HostCall.call(CLOSE, fd);
        return (int) r;
    }

    /** Whether there is a mount of its own for the directory. */
    public static boolean isThere(String path) {
        for (int i = 0; i < count; i++) if (paths[i].equals(path)) return true;
        return false;
    }

    /** An O_PATH descriptor of the directory, which is the caller's; or a negative errno. */
    public static int open(String path) {
        if (pod >= 0 && path.startsWith(POD)) return openInPod(path.substring(POD.length()));
        for (int i = 0; i < count; i++) {
            if (paths[i].equals(path)) return (int) HostCall.call(FCNTL, fds[i], F_DUPFD_CLOEXEC, 3);
        }
        return (int) HostCall.call(OPENAT, AT_FDCWD, path(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    }

    // ---- the containers of a pod that come later
    /** What a path begins with that lies below the pod's own place; the host's are absolute there. */
    public static final String POD = "pod:";
    private static final int FSMOUNT_CLOEXEC = 1, FSCONFIG_SET_STRING = 1, FSCONFIG_CMD_CREATE = 6;
    private static int pod = -1;

    /** A descriptor of the place where directories of later containers are mounted, or -1. */
    public static int pod() { return pod; }

    /**
     * Makes that place, an empty file system in memory, which the Sentry cannot change: who makes a container
     * enters the Sentry's mount namespace and mounts there what it may reach. 0 or a negative errno.
     */
    public static int makePod() {
        int fs = (int) HostCall.call(FSOPEN, path("tmpfs"), FSMOUNT_CLOEXEC);
        if (fs < 0) return fs;
        long names = Memory.allocate(32);
        Memory.putBytes(names, "mode\0" + "711\0");
        long r = HostCall.call(FSCONFIG, fs, FSCONFIG_SET_STRING, names, names + 5, 0);
        if (r == 0) r = HostCall.call(FSCONFIG, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
        if (r == 0) r = HostCall.call(FSMOUNT, fs, FSMOUNT_CLOEXEC, RDONLY | NOSUID | NODEV | NOEXEC);
        Memory.free(names);
        HostCall.call(CLOSE, fs);
        if (r >= 0) pod = (int) r;
        return (int) Math.min(r, 0);
    }

    /** By openat2(2), the one call that opens once the Sentry is confined. */
    private static int openInPod(String name) {
        long how = Memory.allocate(24);
        Memory.putLong(how, O_PATH | O_DIRECTORY | O_CLOEXEC);
        Memory.putLong(how + 8, 0);
        Memory.putLong(how + 16, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        int fd = (int) HostCall.call(OPENAT2, pod, path(name), how, 24);
        Memory.free(how);
        return fd;
    }

    /**
     * The same for /proc. What root may change there without any capability (proc(5)) is made read-only;
     * memory of the stubs must stay writable.
     */
    public static void addProc() {
        int proc = HostProc.directory();
        if (proc < 0) return;
        if (HostCall.call(GETEUID) == 0) {
            for (String name : new String[] {"sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"}) {
                int tree = clone(proc, name, RDONLY | NOSUID | NODEV | NOEXEC);
                if (tree < 0) continue;
                long empty = Memory.allocate(1);
                Memory.putByte(empty, (byte) 0);
                HostCall.call(MOVE_MOUNT, tree, empty, proc, path(name), MOVE_MOUNT_F_EMPTY_PATH);
                Memory.free(empty);
                HostCall.call(CLOSE, tree);
            }
        }
        int tree = clone(proc, "", NOSUID | NODEV | NOEXEC);
        if (tree < 0) return;
        HostProc.use(tree);
        HostCall.call(CLOSE, proc);
    }
}

package dev.kernelet.sandbox;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sentry.fs.host.HostFdFile;
import dev.kernelet.sentry.fs.host.HostFdInode;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.tty.DevPts;
import dev.kernelet.sentry.tty.HostTerminal;
import dev.kernelet.sentry.vfs.DeviceTable;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * Descriptors 0, 1 and 2 of the caller, given to the first program, and the caller's controlling terminal,
 * which need not be among them. A closed one stays closed.
 */
final class Stdio {
    private static final int TCGETS = 0x5401, TIOCGSID = 0x5429, O_RDWR_NOCTTY_CLOEXEC = 0x80102, F_GETFL = 3, STATUS_FLAGS = 0xc03;

    /** Walks paths; never runs. */
    private final Task t;
    private final DevPts terminals;
    private final long buffer = Memory.allocate(256);
    private HostTerminal controlling;
    private final HostTerminal[] found = new HostTerminal[3];

    private final String root;

    Stdio(Task t, DevPts terminals, String root) {
        this.t = t;
        this.root = root;
        this.terminals = terminals;
    }

    /** Fills {@code fds}; the controlling terminal, or null. */
    Session.ControllingTerminal install(FdTable fds, Inherited inherited) {
        if (hasControllingTerminal()) controlling = HostTerminal.controlling(t.kernel);
        if (controlling != null) show(controlling);
        for (int fd = 0; fd < 3; fd++) {
            if (inherited.isClosed(fd)) continue;
            OpenFile file = terminal(fd);
            if (file == null) file = HostFdInode.open(t.kernel, fd);
            if (file instanceof HostFdFile given) given.showAt(name(fd, file.inode));
            if (file != null) fds.replace(t, fd, file, false);
        }
        Memory.free(buffer);
        return controlling;
    }

    /** Where the caller's file or directory {@code fd} is to be found inside: what /proc/self/fd/N says. */
    private Path name(int fd, Inode inode) {
        if (!inode.isRegular() && !inode.isDirectory()) return null;
        String name = HostProc.readlink("self/fd/" + fd);
        if (!name.startsWith("/")) return null;
        Path found = same(name, inode);
        if (found != null || root.equals("/") || !name.startsWith(root + "/")) return found;
        return same(name.substring(root.length()), inode);
    }

    private Path same(String name, Inode inode) {
        if (t.walk.at(PathWalk.AT_FDCWD, name, 0) < 0) return null;
        Path p = t.walk.path();
        Inode n = p.dentry.inode;
        if (n.refresh(t) < 0 || n.ino != inode.ino || n.mode != inode.mode) return null;
        return n.size == inode.size && n.mtime == inode.mtime ? p : null;
    }

    /** Asked here, so that a start without a terminal loads no class of them. */
    private boolean hasControllingTerminal() {
        Memory.putBytes(buffer, "/dev/tty\0");
        long fd = HostCall.call(OPENAT, -100, buffer, O_RDWR_NOCTTY_CLOEXEC, 0);
        if (fd >= 0) HostCall.call(CLOSE, fd);
        return fd >= 0;
    }

    /** An open file for the host descriptor {@code fd}, or null when that is no terminal. */
    private OpenFile terminal(int fd) {
        if (HostCall.call(FSTAT, fd, buffer) < 0 || (Memory.getInt(buffer + 24) & Stat.S_IFMT) != Stat.S_IFCHR) return null;
        int device = (int) Memory.getLong(buffer + 40);
        if (HostCall.call(IOCTL, fd, TCGETS, buffer) < 0) return null;
        long flags = HostCall.call(FCNTL, fd, F_GETFL);
        if (flags < 0) return null;
        HostTerminal terminal = find(fd, device);
        Path path = show(terminal);
        return path == null ? null : terminal.file(path.dentry.inode, path, (int) flags & STATUS_FLAGS);
    }

    private HostTerminal find(int fd, int device) {
        // TIOCGSID answers for one's controlling terminal alone.
        boolean isControlling = HostCall.call(IOCTL, fd, TIOCGSID, buffer) == 0;
        if (isControlling && controlling != null && controlling.deviceNumber() == device) return controlling;
        for (int i = 0; i < fd; i++) if (found[i] != null && found[i].deviceNumber() == device) return found[i];
        return found[fd] = HostTerminal.of(t.kernel, fd, device);
    }

    /**
     * Where the terminal is to be seen inside: below /dev/pts, or a node in /dev of the name it has outside.
     */
    private Path show(HostTerminal terminal) {
        int device = terminal.deviceNumber();
        String name = terminals.isShown(terminal) || terminals.adopt(t, terminal)
                ? "/dev/pts/" + DevPts.index(device) : node(terminal, device);
        return t.walk.at(PathWalk.AT_FDCWD, name, PathWalk.FOLLOW) == 0 ? t.walk.path() : null;
    }

    private String node(HostTerminal terminal, int device) {
        DeviceTable.of(t.kernel).register(Stat.major(device), Stat.minor(device), terminal);
        int major = Stat.major(device), minor = Stat.minor(device);
        if (major == 5 && minor == 1) return "/dev/console";
        String name = major == 4 ? minor < 64 ? "tty" + minor : "ttyS" + (minor - 64) : "tty" + major + "-" + minor;
        if (t.walk.at(PathWalk.AT_FDCWD, "/dev", PathWalk.FOLLOW) == 0) t.walk.inode.create(t, name, Stat.S_IFCHR | 0620, device);
        return "/dev/" + name;
    }
}

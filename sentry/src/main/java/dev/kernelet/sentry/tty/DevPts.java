package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.DeviceTable;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** devpts: /dev/pts/N for each pseudo-terminal, and /dev/pts/ptmx which makes new ones. Kernel lock. */
public final class DevPts extends Filesystem {
    private static final int PTY_MAX = 4096;
    private static final int TTY_GROUP = 5;
    private final Directory directory;
    private PtyInode[] inodes = new PtyInode[16];

    public DevPts(Kernel kernel) {
        directory = new Directory();
        root = new Dentry(this, "", null, directory);
        DeviceTable devices = DeviceTable.of(kernel);
        devices.register(5, 2, DevPts::openMasterOf);
        devices.register(136, -1, (t, node, path, flags) -> {
            if (node instanceof PtyInode) return node.open(t, path, flags);
            t.error = -ENXIO;
            return null;
        });
        devices.register(5, 0, (t, node, path, flags) -> openControlling(t, node, path, flags));
    }

    @Override
    public String type() { return "devpts"; }

    @Override
    public long magic() { return 0x1cd1; }

    @Override
    public String showOptions() { return ",gid=5,mode=620,ptmxmode=666"; }

    /** A node of that number: the devpts among the task's own mounts, as others are other containers'. */
    private static OpenFile openMasterOf(Task t, Inode node, Path path, int flags) {
        for (var m : t.fs.mounts.mounts) {
            if (m.fs instanceof DevPts own) return own.openMaster(t, node, path, flags);
        }
        t.error = -ENODEV;
        return null;
    }

    private OpenFile openMaster(Task t, Inode node, Path path, int flags) {
        Pty p = make(t);
        return p == null ? null : p.openMaster(node, path, flags);
    }

    /** A new pseudo-terminal; null with t.error. */
    Pty make(Task t) {
        int i = 0;
        while (i < inodes.length && inodes[i] != null) i++;
        if (i >= PTY_MAX) {
            t.error = -ENOSPC;
            return null;
        }
        var pty = new Pty(this, i);
        enter(i, new PtyInode(t, pty, i));
        return pty;
    }

    private void enter(int i, PtyInode inode) {
        if (i >= inodes.length) inodes = java.util.Arrays.copyOf(inodes, Math.max(i + 1, inodes.length * 2));
        inodes[i] = inode;
    }

    /** The minor number. */
    public static int index(int device) { return device & 0xff | device >>> 12 & ~0xff; }

    public boolean isShown(HostTerminal terminal) {
        int i = index(terminal.deviceNumber());
        return i < inodes.length && inodes[i] != null && inodes[i].terminal == terminal;
    }

    /**
     * Shows the caller's pseudo-terminal under the number it has outside; false when that number cannot be
     * had.
     */
    public boolean adopt(Task t, HostTerminal terminal) {
        int device = terminal.deviceNumber(), i = index(device);
        if ((device >>> 8 & 0xfff) != 136 || i >= PTY_MAX || i < inodes.length && inodes[i] != null)
            return false;
        enter(i, new PtyInode(t, terminal, i));
        return true;
    }

    void remove(Pty p) {
        inodes[p.index] = null;
        Dentry d = root.child(Integer.toString(p.index));
        // Out of the ring of cached names, too: else each terminal that ever was stays, 200 KB of them.
        if (d == null) return;
        root.prune(d);
        if (d.isDead) return;
        root.detach(d); // something is mounted on it
        d.isDead = true;
    }

    Inode inode(int index) { return inodes[index]; }

    /** Where a slave lies: in the mount its master was opened through, else in the root's devpts. */
    Path place(Task t, Pty p, Path master) {
        for (var m : t.fs.mounts.mounts) {
            if (m.fs != this) continue;
            Dentry d = dev.kernelet.sentry.vfs.PathWalk.lookup(t, root, Integer.toString(p.index));
            if (d != null) return new Path(m, d);
        }
        return master;
    }

    /** /dev/tty: the caller's controlling terminal. */
    private static OpenFile openControlling(Task t, Inode node, Path path, int flags) {
        Session s = t.group.session();
        if (s == null || !(s.tty instanceof Terminal terminal)) {
            t.error = -ENXIO;
            return null;
        }
        return terminal.openAgain(t, node, path, flags);
    }

    private final class Directory extends PseudoDirectory {
        private final Inode ptmx = new Ptmx();

        Directory() { super(DevPts.this, 0755); }

        @Override
        protected String[] names() { return new String[] {"ptmx"}; }

        @Override
        protected Inode make(int index, String name) { return ptmx; }

        @Override
        public boolean cacheable() { return false; }

        @Override
        public Inode lookup(Task t, String name) {
            int n = name.length() > 0 && name.length() < 6 && name.charAt(0) >= '0' && name.charAt(0) <= '9'
                    ? number(name) : -1;
            if (n >= 0 && n < inodes.length && inodes[n] != null) return inodes[n];
            return super.lookup(t, name);
        }

        private static int number(String s) {
            int v = 0;
            for (int i = 0; i < s.length(); i++) {
                char c = s.charAt(i);
                if (c < '0' || c > '9') return -1;
                v = v * 10 + c - '0';
            }
            return s.length() > 1 && s.charAt(0) == '0' ? -1 : v;
        }

        @Override
        protected void list(Task t, long from, OpenFile.DirectorySink sink) {
            if (from == 0 && !sink.entry("ptmx", ptmx.ino, 2, 3)) return;
            for (int i = (int) Math.max(0, from - 1); i < inodes.length; i++) {
                if (inodes[i] != null && !sink.entry(Integer.toString(i), inodes[i].ino, 2, i + 4)) return;
            }
        }
    }

    private final class Ptmx extends Inode {
        Ptmx() {
            super(DevPts.this);
            ino = 2;
            mode = 0x2000 | 0666;
            rdev = 5 << 8 | 2;
        }

        @Override
        public OpenFile open(Task t, Path path, int flags) { return openMaster(t, this, path, flags); }
    }

    private final class PtyInode extends Inode {
        final Terminal terminal;

        PtyInode(Task t, Terminal terminal, int index) {
            super(DevPts.this);
            this.terminal = terminal;
            ino = index + 3;
            mode = 0x2000 | 0620;
            rdev = terminal.deviceNumber();
            uid = t.cred.fsuid;
            gid = TTY_GROUP;
            atime = mtime = ctime = t.kernel.realtime();
        }

        @Override
        public OpenFile open(Task t, Path path, int flags) {
            return terminal instanceof Pty pty ? pty.openSlave(t, this, path, flags)
                    : ((HostTerminal) terminal).open(t, this, path, flags);
        }

        @Override
        public long setattr(Task t, int newMode, int newUid, int newGid) {
            return putAttributes(t.kernel.realtime(), newMode, newUid, newGid);
        }

        @Override
        public long setTimes(Task t, long a, long m) {
            return putTimes(t.kernel.realtime(), a, m);
        }
    }
}

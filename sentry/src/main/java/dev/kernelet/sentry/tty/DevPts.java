package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.DeviceTable;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** devpts: /dev/pts/N for each pseudo-terminal, and /dev/pts/ptmx which makes new ones. Kernel lock. */
public final class DevPts extends Filesystem implements FilesystemTypes.Type {
    /** In all instances together (kernel.pty.max): each is 200 KB of the heap. */
    private static final int PTY_MAX = 4096;
    private static final int TTY_GROUP = 5, NOBODYS = -1;
    private static int ptys;

    private final int mode, ptmxMode;
    /** Of new terminals; NOBODYS: the opener's. */
    private final int user, group;
    private PtyInode[] inodes = new PtyInode[16];

    private DevPts(int mode, int ptmxMode, int user, int group, int root, int rootGroup) {
        this.mode = mode;
        this.ptmxMode = ptmxMode;
        this.user = user;
        this.group = group;
        this.root = new Dentry(this, "", null, new Directory(new Ptmx(root, rootGroup)));
    }

    public DevPts(Kernel kernel) {
        this(0620, 0666, NOBODYS, TTY_GROUP, 0, 0);
        FilesystemTypes.of(kernel).register("devpts", this);
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
    public String showOptions() {
        String owner = (user == NOBODYS ? "" : ",uid=" + user) + (group == NOBODYS ? "" : ",gid=" + group);
        return owner + ",mode=" + octal(mode) + ",ptmxmode=" + octal(ptmxMode);
    }

    private static String octal(int mode) { return Integer.toOctalString(01000 | mode & 0777).substring(1); }

    /** mount(2): always a new instance. */
    @Override
    public Filesystem make(Task t, String source, String data) {
        int newMode = 0600, newPtmxMode = 0, newUser = NOBODYS, newGroup = NOBODYS;
        t.error = -EINVAL;
        for (String option : data.split(",")) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            boolean isMode = key.equals("mode") || key.equals("ptmxmode");
            int value = equals < 0 ? -1 : number(option.substring(equals + 1), isMode ? 8 : 10);
            switch (key) {
                case "", "newinstance" -> { continue; }
                case "mode" -> newMode = value & 0777;
                case "ptmxmode" -> newPtmxMode = value & 0777;
                case "uid" -> newUser = value = t.cred.userIn(value);
                case "gid" -> newGroup = value = t.cred.groupIn(value);
                default -> { return null; }
            }
            if (value < 0) return null;
        }
        int owner = Math.max(0, t.cred.userIn(0)), ownerGroup = Math.max(0, t.cred.groupIn(0));
        return new DevPts(newMode, newPtmxMode, newUser, newGroup, owner, ownerGroup);
    }

    /** -1: none. */
    private static int number(String s, int base) {
        try {
            return s.startsWith("-") || s.startsWith("+") ? -1 : Integer.parseInt(s, base);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /**
     * A node of that number: the devpts it is in, or at "pts" beside it (pts(4)), else the first among the
     * task's own mounts, as others are other containers'.
     */
    private static OpenFile openMasterOf(Task t, Inode node, Path path, int flags) {
        if (node.fs instanceof DevPts own) return own.openMaster(t, node, path, flags);
        Dentry beside = path == null || path.dentry.parent == null ? null : path.dentry.parent.child("pts");
        Mount on = beside == null || beside.mounts == 0 ? null : MountNamespace.at(path.mount, beside);
        if (on != null && on.fs instanceof DevPts own) return own.openMaster(t, node, path, flags);
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
        if (i >= PTY_MAX || ptys >= PTY_MAX) {
            t.error = -ENOSPC;
            return null;
        }
        var pty = new Pty(this, i);
        enter(i, new PtyInode(t, pty, i));
        ptys++;
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
        ptys--;
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
        private final Inode ptmx;

        Directory(Inode ptmx) {
            super(DevPts.this, 0755);
            this.ptmx = ptmx;
        }

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
        Ptmx(int uid, int gid) {
            super(DevPts.this);
            this.uid = uid;
            this.gid = gid;
            ino = 2;
            mode = 0x2000 | ptmxMode;
            rdev = 5 << 8 | 2;
        }

        @Override
        public OpenFile open(Task t, Path path, int flags) { return openMaster(t, this, path, flags); }

        @Override
        public long setattr(Task t, int newMode, int newUid, int newGid) {
            return putAttributes(t.kernel.realtime(), newMode, newUid, newGid);
        }
    }

    private final class PtyInode extends Inode {
        final Terminal terminal;

        PtyInode(Task t, Terminal terminal, int index) {
            super(DevPts.this);
            this.terminal = terminal;
            ino = index + 3;
            mode = 0x2000 | DevPts.this.mode;
            rdev = terminal.deviceNumber();
            uid = user == NOBODYS ? t.cred.fsuid : user;
            gid = group == NOBODYS ? t.cred.fsgid : group;
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

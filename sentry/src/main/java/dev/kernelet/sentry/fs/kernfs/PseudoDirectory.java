package dev.kernelet.sentry.fs.kernfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/**
 * A read-only directory of a pseudo filesystem. Children are listed by name and made when first looked up;
 * subclasses give {@link #names} and {@link #make}, or override {@link #lookup} and {@link #list} when they
 * change all the time.
 */
public abstract class PseudoDirectory extends Inode {
    private String[] names;
    private Inode[] made;

    protected PseudoDirectory(Filesystem fs, int permissions) {
        super(fs);
        ino = nextIno();
        mode = 0x4000 | permissions;
        nlink = 2;
        stamp(this);
    }

    private static final int CLOCK_REALTIME_COARSE = 5, PROC_SUPER_MAGIC = 0x9fa0;

    /** Its times are those of when somebody first asked for it, as in Linux. */
    static void stamp(Inode i) { i.atime = i.mtime = i.ctime = HostCall.clockNanos(CLOCK_REALTIME_COARSE); }

    private static long lastIno = 0xf0000000L;

    public static long nextIno() { return lastIno++; }

    /** The fixed names, in listing order. */
    protected abstract String[] names();

    /** The inode for {@code names()[index]}; may be null (it does not exist now). */
    protected abstract Inode make(int index, String name);

    @Override
    public Inode lookup(Task t, String name) {
        if (names == null) {
            names = names();
            made = new Inode[names.length];
        }
        for (int i = 0; i < names.length; i++) {
            if (!names[i].equals(name)) continue;
            if (made[i] == null) made[i] = make(i, name);
            if (made[i] == null) break;
            return made[i];
        }
        t.error = -ENOENT;
        return null;
    }

    /**
     * Calls the sink for the entries from index {@code from} (0 is the first after . and ..); offsets are
     * index + 3.
     */
    protected void list(Task t, long from, OpenFile.DirectorySink sink) {
        if (names == null) lookup(t, "");
        for (int i = (int) from; i < names.length; i++) {
            Inode child = lookup(t, names[i]);
            if (child == null) continue;
            if (!sink.entry(names[i], child.ino, child.mode >>> 12, i + 3)) return;
        }
    }

    /** In proc there is no such name; elsewhere open(2) has its own word for what cannot be made. */
    @Override
    public Inode create(Task t, String name, int mode, long rdev) {
        return refuse(t, (mode & 0xf000) == 0x8000 ? -EACCES : -EPERM);
    }

    @Override
    public Inode mkdir(Task t, String name, int mode) { return refuse(t, -EPERM); }

    @Override
    public Inode symlink(Task t, String name, String target) { return refuse(t, -EPERM); }

    private Inode refuse(Task t, int error) {
        t.error = fs.magic() == PROC_SUPER_MAGIC ? -ENOENT : error;
        return null;
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        if ((flags & 3) != 0) {
            t.error = -EISDIR;
            return null;
        }
        return new OpenDirectory(this, path, flags);
    }

    private static final class OpenDirectory extends OpenFile {
        OpenDirectory(PseudoDirectory inode, Path path, int flags) {
            super(inode, flags);
            this.path = path;
        }

        @Override
        public long read(Task t, long address, long length) { return -EISDIR; }

        @Override
        public long pread(Task t, long address, long length, long position) { return -EISDIR; }

        @Override
        public long readdir(Task t, DirectorySink sink) {
            var parent = path == null || path.dentry.parent == null ? inode : path.dentry.parent.inode;
            if (!readDots(sink, inode.ino, parent.ino, 2)) return 0;
            // lseek(2) takes any offset: beyond all entries there is none.
            ((PseudoDirectory) inode).list(t, Math.clamp(offset - 2, 0, Integer.MAX_VALUE - 3),
                    (name, ino, type, next) -> {
                if (!sink.entry(name, ino, type, next)) return false;
                offset = next;
                return true;
            });
            return 0;
        }

        @Override
        public long fsync(Task t, boolean dataOnly) { return -EINVAL; }
    }
}

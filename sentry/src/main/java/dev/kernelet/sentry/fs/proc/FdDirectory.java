package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.fs.kernfs.PseudoLink;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** /proc/PID/fd and /proc/PID/fdinfo. */
final class FdDirectory extends PseudoDirectory {
    private final TaskDirectory directory;
    private final boolean isInfo;

    FdDirectory(TaskDirectory directory, boolean isInfo) {
        super(directory.procfs, isInfo ? 0555 : 0500);
        this.directory = directory;
        this.isInfo = isInfo;
        directory.own(this);
    }

    @Override
    protected String[] names() { return new String[0]; }

    @Override
    protected Inode make(int index, String name) { return null; }

    @Override
    public boolean cacheable() { return false; }

    private OpenFile file(int fd) {
        Task o = directory.task();
        return o == null || o.fds == null ? null : o.fds.get(fd);
    }

    @Override
    public Inode lookup(Task t, String name) {
        int fd = ProcRoot.number(name);
        OpenFile f = fd < 0 ? null : file(fd);
        if (f == null) {
            t.error = -ENOENT;
            return null;
        }
        return isInfo ? new Info(fd) : new Link(fd, f);
    }

    @Override
    protected void list(Task t, long from, OpenFile.DirectorySink sink) {
        Task o = directory.task();
        if (o == null || o.fds == null) return;
        for (int fd = (int) from; fd < o.fds.end(); fd++) {
            if (o.fds.get(fd) == null) continue;
            if (!sink.entry(Integer.toString(fd), ino + 1 + fd, isInfo ? 8 : 10, fd + 3)) return;
        }
    }

    private final class Link extends PseudoLink {
        private final int fd;

        Link(int fd, OpenFile f) {
            super(FdDirectory.this.fs);
            this.fd = fd;
            ino = FdDirectory.this.ino + 1 + fd;
            mode = 0xa000 | 0100 | (f.isReadable() ? 0400 : 0) | (f.isWritable() ? 0200 : 0);
            size = 64;
            directory.own(this);
        }

        @Override
        public String readlink(Task t) {
            OpenFile f = target(t);
            if (f == null) return null;
            Path at = f.shownAt();
            if (at == null) return f.describe();
            String s = PathWalk.linkName(at, t.fs.root);
            return s == null ? f.describe() : s;
        }

        private OpenFile target(Task t) {
            if (!directory.mayInspect(t)) {
                t.error = -EACCES;
                return null;
            }
            OpenFile f = file(fd);
            if (f == null) t.error = -ENOENT;
            return f;
        }

        @Override
        public Path follow(Task t) {
            OpenFile f = target(t);
            if (f == null) return null;
            if (f.path != null) return f.path;
            // A nameless file (pipe, socket): a place of its own, so that it can be opened again.
            if (f.inode == null) {
                t.error = -ENXIO;
                return null;
            }
            var dentry = new dev.kernelet.sentry.vfs.Dentry(f.inode.fs, f.describe(), null, f.inode);
            return new Path(f.inode.fs.internal(), dentry);
        }
    }

    private final class Info extends PseudoFile {
        private final int fd;

        Info(int fd) {
            super(FdDirectory.this.fs, 0444);
            this.fd = fd;
            ino = FdDirectory.this.ino + 1 + fd;
            directory.own(this);
        }

        @Override
        protected String text(Task t) {
            OpenFile f = file(fd);
            if (f == null || !directory.mayInspect(t)) {
                t.error = f == null ? -ENOENT : -EACCES;
                return null;
            }
            int flags = f.flags | (directory.task().fds.isCloseOnExec(fd) ? 0x80000 : 0);
            return "pos:\t" + f.position() + "\nflags:\t0" + Integer.toOctalString(flags) + "\nmnt_id:\t"
                    + (f.path == null ? 15 : f.path.mount.id) + "\nino:\t" + (f.inode == null ? 0 : f.inode.ino) + "\n"
                    + (f instanceof PidFile p ? p.fdinfo(directory.procfs.pids) : f.fdinfo(t));
        }
    }
}

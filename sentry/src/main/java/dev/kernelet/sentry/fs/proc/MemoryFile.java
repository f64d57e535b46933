package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** /proc/PID/mem, and pagemap (which hides frame numbers, as for users without privilege). */
final class MemoryFile extends Inode {
    private final TaskDirectory directory;
    private final boolean isPagemap;

    MemoryFile(TaskDirectory directory, String name) {
        super(directory.procfs);
        this.directory = directory;
        isPagemap = name.equals("pagemap");
        ino = dev.kernelet.sentry.fs.kernfs.PseudoDirectory.nextIno();
        mode = 0x8000 | (isPagemap ? 0400 : 0600);
        directory.own(this);
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        Task o = directory.task();
        if (o == null || o.mm == null || !directory.mayInspect(t)) {
            t.error = o == null || o.mm == null ? -ESRCH : -EACCES;
            return null;
        }
        return new Open(this, o.mm, path, flags, isPagemap);
    }

    private static final class Open extends OpenFile {
        private final MemoryManager mm;
        private final boolean isPagemap;

        Open(Inode inode, MemoryManager mm, Path path, int flags, boolean isPagemap) {
            super(inode, flags);
            this.mm = mm;
            this.path = path;
            this.isPagemap = isPagemap;
        }

        @Override
        public long pread(Task t, long address, long length, long position) {
            // The file does not keep the memory alive.
            if (mm.users <= 0) return 0;
            if (isPagemap) {
                if ((position & 7) != 0 || (length & 7) != 0) return -EINVAL;
                Memory.zero(address, length);
                return length;
            }
            if (!mm.isAccessible(position, 1, false)) return -EIO;
            long n = mm.space.readRemote(position, address, length);
            return n < 0 ? -EIO : n;
        }

        @Override
        public long pwrite(Task t, long address, long length, long position) {
            if (isPagemap) return -EBADF;
            if (mm.users <= 0) return 0;
            if (!mm.isAccessible(position, 1, true)) return -EIO;
            long n = mm.space.writeRemote(position, address, length);
            return n < 0 ? -EIO : n;
        }

        @Override
        public long lseek(Task t, long off, int whence) {
            if (whence == 0) return offset = off;
            if (whence == 1) return offset += off;
            return -EINVAL;
        }
    }
}

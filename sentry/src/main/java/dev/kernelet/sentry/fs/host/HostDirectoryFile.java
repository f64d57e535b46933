package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** An open host directory. Offsets are the host's own cookies. Kernel lock. */
final class HostDirectoryFile extends OpenFile {
    private static final int DT_DIR = 4;
    /** Offsets of hidden directories that the host has no entry for: values no host filesystem uses. */
    private static final long EXTRA = 0x5ff0_f1f2_f3f4_0000L;

    private final HostInode directory;
    /** -1: not shown. */
    private final int fd;
    /** Where the host's descriptor stands. */
    private long position;

    private HostDirectoryFile(HostInode directory, int flags, int fd) {
        super(directory, flags);
        this.directory = directory;
        this.fd = fd;
    }

    static OpenFile open(Task t, HostInode directory, Path path, int flags) {
        boolean isEmpty = directory.isHidden() || directory.isRemoved();
        int fd = isEmpty ? -1 : directory.openDirectory();
        if (fd < 0 && !isEmpty) {
            t.error = fd;
            return null;
        }
        var f = new HostDirectoryFile(directory, flags, fd);
        f.path = path;
        directory.dataOpens++;
        return f;
    }

    @Override
    protected void release(Task t) {
        if (fd >= 0) HostCalls.close(fd);
        directory.closed();
    }

    @Override
    public long pread(Task t, long address, long length, long position) { return -EISDIR; }

    @Override
    public long lseek(Task t, long off, int whence) { return seekAnywhere(off, whence); }

    @Override
    public long readdir(Task t, DirectorySink sink) {
        if (directory.isRemoved()) return -ENOENT;
        if (fd < 0) return readHidden(sink);
        if (isExtra()) return readExtra(sink);
        if (offset != position) {
            long r = HostCall.call(LSEEK, fd, offset, 0);
            if (r < 0) return r;
            position = offset;
        }
        HostCalls c = directory.host.calls;
        long buf = c.dirents();
        for (;;) {
            long n = HostCall.call(GETDENTS64, fd, buf, HostCalls.DIRENTS);
            if (n < 0) return n;
            if (n == 0) return readExtra(sink);
            for (long p = buf, end = buf + n; p < end; p += Memory.getUnsignedShort(p + 16)) {
                long next = Memory.getLong(p + 8);
                position = next;
                if (!emit(sink, p, next)) {
                    position = -1;
                    return 0;
                }
                offset = next;
            }
        }
    }

    /** struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name. */
    private boolean emit(DirectorySink sink, long p, long next) {
        int length = 0;
        while (Memory.getByte(p + 19 + length) != 0) length++;
        String name = Memory.getBytes(p + 19, length);
        long ino = HostFilesystem.inodeNumber(directory.device, Memory.getLong(p));
        int type = Memory.getUnsignedByte(p + 18);
        for (int i = 0; i < directory.hiddenCount(); i++) {
            HostInode h = directory.hiddenChild(i);
            if (h.name.equals(name)) {
                h.ino = ino;
                h.isListed = true;
                type = DT_DIR;
            }
        }
        return sink.entry(name, ino, type, next);
    }

    private boolean isExtra() { return offset >= EXTRA && offset <= EXTRA + directory.hiddenCount(); }

    private long readExtra(DirectorySink sink) {
        int from = isExtra() ? (int) (offset - EXTRA) : 0;
        for (int i = from; i < directory.hiddenCount(); i++) {
            HostInode h = directory.hiddenChild(i);
            if (h.isListed) continue;
            if (!sink.entry(h.name, h.ino, DT_DIR, EXTRA + i + 1)) return 0;
            offset = EXTRA + i + 1;
        }
        return 0;
    }

    private long readHidden(DirectorySink sink) {
        if (offset == 0) {
            if (!sink.entry(".", directory.ino, DT_DIR, 1)) return 0;
            offset = 1;
        }
        if (offset == 1) {
            if (!sink.entry("..", directory.parent.ino, DT_DIR, 2)) return 0;
            offset = 2;
        }
        return 0;
    }

    @Override
    public long fsync(Task t, boolean dataOnly) {
        if (fd < 0) return 0;
        return slowCall(t, FSYNC, fd, 0, 0);
    }
}

package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** An open regular file. */
public final class TmpfsFile extends OpenFile {
    private static final int MS_NOATIME = 1024;
    private final TmpfsRegular node;
    /** What /proc/PID/fd shows for a file without a path. */
    String name;

    TmpfsFile(TmpfsRegular node, int flags) {
        super(node, flags);
        this.node = node;
    }

    @Override
    public long pread(Task t, long address, long length, long position) {
        if (position < 0) return -EINVAL;
        long n = Math.min(length, node.size - position);
        if (n <= 0) return 0;
        long r = node.content.read(address, n, position);
        if (node.atime <= node.mtime && (flags & O_NOATIME) == 0
                && (path == null || (path.mount.flags & MS_NOATIME) == 0)) {
            node.atime = Tmpfs.now();
        }
        return r;
    }

    @Override
    public long write(Task t, long address, long length) {
        if ((flags & O_APPEND) != 0) offset = node.size;
        long n = pwrite(t, address, length, offset);
        if (n > 0) offset += n;
        return n;
    }

    @Override
    public long pwrite(Task t, long address, long length, long position) {
        if (position < 0) return -EINVAL;
        // pwrite(2), BUGS: O_APPEND wins over the position.
        if ((flags & O_APPEND) != 0) position = node.size;
        if (length == 0) return 0;
        if (position >= TmpfsRegular.SIZE_MAX) return -EFBIG;
        length = Math.min(length, TmpfsRegular.SIZE_MAX - position);
        if ((node.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) return -EPERM;
        if (position + length > node.size && (node.seals & F_SEAL_GROW) != 0) {
            if (position >= node.size) return -EPERM;
            length = node.size - position;
        }
        long n = node.content.write(address, length, position, node.size);
        if (n <= 0) return n;
        if (position + n > node.size) node.size = position + n;
        node.touch();
        return n;
    }

    @Override
    public long lseek(Task t, long off, int whence) {
        if (whence != SEEK_DATA && whence != SEEK_HOLE) return super.lseek(t, off, whence);
        if (off < 0 || off >= node.size) return -ENXIO;
        long to = node.content.seek(off, whence, node.size);
        return to < 0 ? to : (offset = to);
    }

    @Override
    public long fsync(Task t, boolean dataOnly) { return 0; }

    @Override
    public long fallocate(Task t, int mode, long position, long length) {
        if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0) return -EOPNOTSUPP;
        boolean punches = (mode & FALLOC_FL_PUNCH_HOLE) != 0, zeroes = (mode & FALLOC_FL_ZERO_RANGE) != 0;
        if (punches && ((mode & FALLOC_FL_KEEP_SIZE) == 0 || zeroes)) return -EOPNOTSUPP;
        if (punches || zeroes) {
            if ((node.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) return -EPERM;
        }
        long end = position + length;
        if (end > TmpfsRegular.SIZE_MAX) return -EFBIG;
        boolean isBeyond = !punches && end > node.size;
        // Also when the size is to stay (shmem_fallocate).
        if (isBeyond && (node.seals & F_SEAL_GROW) != 0) return -EPERM;
        long r = node.content.fallocate(mode, position, length, node.size);
        if (r < 0) return r;
        if (isBeyond && (mode & FALLOC_FL_KEEP_SIZE) == 0) node.size = end;
        node.touch();
        return 0;
    }

    @Override
    public long mapDescriptor(Task t, boolean shared, boolean writable) {
        if (shared && writable && (node.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) return -EPERM;
        FileContent c = node.content;
        return shared && writable ? c.writableDescriptor(node.size) : c.readDescriptor(node.size);
    }

    @Override
    public void mappingWritten() { node.touch(); }

    @Override
    public void writableMappings(int change) {
        node.writableMappings += change;
        if (change > 0) node.mappedWritable();
    }

    /** F_GET_SEALS and F_ADD_SEALS. */
    public long seals() { return node.seals; }

    public long addSeals(int seals) { return isWritable() ? node.addSeals(seals) : -EPERM; }

    @Override
    public String describe() { return name == null ? "/ (deleted)" : name; }
}

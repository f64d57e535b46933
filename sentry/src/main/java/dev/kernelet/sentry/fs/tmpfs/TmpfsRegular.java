package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** A regular file and its content. */
final class TmpfsRegular extends TmpfsInode {
    /** The largest file: 16 TiB, as on the filesystems this one stands in for. */
    static final long SIZE_MAX = 1L << 44;

    final FileContent content;
    /** F_SEAL_*; F_SEAL_SEAL alone: no seals may be added. */
    int seals = F_SEAL_SEAL;

    /** Stores of the application may change content and times: the host knows, by its memfd's times. */
    private boolean wasMappedWritable;

    TmpfsRegular(Tmpfs fs, int mode, int uid, int gid) {
        super(fs, mode, uid, gid);
        content = new FileContent(fs);
    }

    @Override
    public long blocks() { return content.blocks(); }

    @Override
    public long truncate(Task t, long newSize) {
        if (newSize < 0) return -EINVAL;
        if (newSize > SIZE_MAX) return -EFBIG;
        if (newSize < size && (seals & F_SEAL_SHRINK) != 0) return -EPERM;
        if (newSize > size && (seals & F_SEAL_GROW) != 0) return -EPERM;
        long r = content.truncate(newSize);
        if (r < 0) return r;
        size = newSize;
        touch();
        return 0;
    }

    void mappedWritable() {
        if (!wasMappedWritable) content.forgetHostMtime();
        wasMappedWritable = true;
    }

    @Override
    public long refresh(Task t) {
        if (!wasMappedWritable) return 0;
        long changed = content.hostMtime();
        if (changed > mtime) mtime = ctime = changed;
        return 0;
    }

    @Override
    public long setTimes(Task t, long newAtime, long newMtime) {
        if (wasMappedWritable) {
            refresh(t);
            content.forgetHostMtime();
        }
        return super.setTimes(t, newAtime, newMtime);
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        var f = new TmpfsFile(this, flags);
        f.path = path;
        return f;
    }

    /** F_ADD_SEALS. */
    long addSeals(int more) {
        int known = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;
        if ((more & ~known) != 0) return -EINVAL;
        if ((seals & F_SEAL_SEAL) != 0) return -EPERM;
        if ((more & F_SEAL_WRITE) != 0 && (seals & F_SEAL_WRITE) == 0 && writableMappings > 0) return -EBUSY;
        // A program that can no longer be made executable is to keep its content too (memfd_create(2), F_SEAL_EXEC).
        if ((more & F_SEAL_EXEC) != 0 && (mode & 0111) != 0) {
            more |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
        }
        seals |= more;
        return 0;
    }

    @Override
    public long setattr(Task t, int newMode, int newUid, int newGid) {
        if (newMode != -1 && (seals & F_SEAL_EXEC) != 0 && ((newMode ^ mode) & 0111) != 0) return -EPERM;
        return super.setattr(t, newMode, newUid, newGid);
    }

    @Override
    public void release() {
        content.free();
        super.release();
    }
}

package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** An open regular file of the host. The descriptor is the inode's; the offset is ours. Kernel lock. */
final class HostFile extends OpenFile {
    private final HostInode file;
    private final int fd;

    HostFile(HostInode file, int flags, int fd) {
        super(file, flags);
        this.file = file;
        this.fd = fd;
    }

    @Override
    protected void release(Task t) { file.closed(); }

    @Override
    public long pread(Task t, long address, long length, long position) {
        return HostCall.call(PREAD64, fd, address, length, position);
    }

    @Override
    public long write(Task t, long address, long length) {
        long n = pwrite(t, address, length, offset);
        if (n <= 0) return n;
        if ((flags & O_APPEND) == 0) {
            offset += n;
        } else {
            file.refresh(t);
            offset = file.size;
        }
        return n;
    }

    @Override
    public long pwrite(Task t, long address, long length, long position) {
        int special = flags & (O_APPEND | O_SYNC);
        long n;
        if (special == 0) {
            n = HostCall.call(PWRITE64, fd, address, length, position);
        } else {
            int rwf = ((special & O_APPEND) != 0 ? RWF_APPEND : 0)
                    | ((special & O_SYNC) == O_SYNC ? RWF_SYNC : (special & O_DSYNC) != 0 ? RWF_DSYNC : 0);
            n = vector(PWRITEV2, address, length, position, rwf);
        }
        if (n > 0) file.isStale = true;
        return n;
    }

    private long vector(int nr, long address, long length, long position, int rwf) {
        long iov = file.host.calls.iovec(address, length);
        return HostCall.call(nr, fd, iov, 1, position, 0, rwf);
    }

    /** As ext4: what is read may be there already, and what is written may have to wait. */
    @Override
    public int rwFlags(boolean writes) { return writes ? RWF_ANYWHERE : RWF_ANYWHERE | RWF_NOWAIT; }

    @Override
    public long lseek(Task t, long off, int whence) {
        if (whence != 3 && whence != 4) return super.lseek(t, off, whence);
        // SEEK_DATA, SEEK_HOLE: the host knows; its own offset of this descriptor means nothing to us.
        long r = HostCall.call(LSEEK, fd, off, whence);
        if (r >= 0) offset = r;
        return r;
    }

    @Override
    public long fsync(Task t, boolean dataOnly) {
        return slowCall(t, dataOnly ? FDATASYNC : FSYNC, fd, 0, 0);
    }

    @Override
    public long truncate(Task t, long size) {
        if (!isWritable()) return -EINVAL;
        long r = HostCall.call(FTRUNCATE, fd, size);
        if (r == 0) {
            file.size = size;
            file.isStale = true;
        }
        return r;
    }

    @Override
    public long fallocate(Task t, int mode, long position, long length) {
        hold();
        t.kernel.enterSlow();
        long r = HostCall.call(FALLOCATE, fd, mode, position, length);
        t.kernel.exitSlow();
        file.isStale = true;
        put(t);
        return r;
    }

    @Override
    public int poll(Task t) { return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM; }

    @Override
    public long mapDescriptor(Task t, boolean shared, boolean writable) {
        if (shared && writable) return fd;
        // What only reads gets a descriptor that can do no more.
        int r = file.readDescriptor();
        return r < 0 ? fd : r;
    }
}

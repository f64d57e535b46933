package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/**
 * An open file description (open(2)): what file descriptors refer to. Reference counted. Kernel lock.
 *
 * <p>Data methods get native addresses: memory of the Sentry or the task's window (hostile: copy before
 * parsing). They never block: {@code -EAGAIN} means "not now", and the system call decides between EAGAIN and
 * waiting on {@link #waitQueue} for {@link #poll} events, whatever O_NONBLOCK says. Byte counts or negative
 * errnos are returned.
 */
public abstract class OpenFile {
    public static final int POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 0x10,
            POLLNVAL = 0x20, POLLRDNORM = 0x40, POLLRDBAND = 0x80, POLLWRNORM = 0x100, POLLWRBAND = 0x200,
            POLLRDHUP = 0x2000;

    /** O_ACCMODE and status flags as F_GETFL shows them (without O_CREAT and the like). */
    public int flags;
    /** Where it was opened; null for files without a name in a filesystem. */
    public Path path;
    public final Inode inode;
    /** The file offset (read, write and lseek use it in the default implementations). */
    public long offset;
    private int references = 1;
    private boolean isWriter;
    /** Is one of the kernel's openFiles; set by FdTable. */
    public boolean isCounted;
    /** The epoll items that watch this file (fs.anon), told when it is released. */
    public ReleaseHook epollItems;
    /** F_SETOWN, F_SETSIG state; owned by SysFile. */
    public ReleaseHook owner;

    /** The credentials of who opened it. */
    public Object openedBy;

    /** Flags of preadv2(2) and pwritev2(2) that need nothing of the file. */
    protected static final int RWF_ANYWHERE = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND | RWF_NOAPPEND;

    protected OpenFile(Inode inode, int flags) {
        this.inode = inode;
        this.flags = flags;
        if (inode != null) inode.opens++;
    }

    public final boolean isReadable() { return (flags & 3) == 0 || (flags & 3) == 2; }
    public final boolean isWritable() { return (flags & 3) == 1 || (flags & 3) == 2; }
    public final boolean isNonblocking() { return (flags & 0x800) != 0; }

    /** Counts this description in its inode's {@code writers}. */
    final void countWriter() {
        if (isWriter || inode == null || !isWritable()) return;
        isWriter = true;
        inode.writers++;
    }

    public final OpenFile hold() {
        references++;
        return this;
    }

    /** Gives one reference up; the last one releases the file. */
    public final void put(Task t) {
        if (--references != 0) return;
        if (epollItems != null) epollItems.released(this);
        if (owner != null) owner.released(this);
        if (isCounted && t != null) t.kernel.openFiles--;
        Inode n = inode;
        if (isWriter) n.writers--;
        if (Notify.active > 0)
            Notify.file(this, isWritable() ? Notify.IN_CLOSE_WRITE : Notify.IN_CLOSE_NOWRITE);
        if (n != null && n.locks != null) FileLocks.released(this);
        if (Leases.active > 0) Leases.released(this);
        release(t);
        if (n == null || --n.opens > 0) return;
        if (Notify.active > 0 && n.nlink == 0 && !n.isDirectory()) Notify.self(n, Notify.IN_DELETE_SELF);
        n.releaseIfUnused();
    }

    /** Told before the last reference's release. */
    public interface ReleaseHook {
        void released(OpenFile file);
    }

    public final int references() { return references; }

    /** The last reference is gone ({@code t} may be null at shutdown). */
    protected void release(Task t) {}

    /** A descriptor of this file was closed by a process (close(2), exit): mq notify cares. */
    public void flush(Task t) {}

    /**
     * The file offset as lseek(fd, 0, SEEK_CUR) answers it; descriptions shared with the host keep theirs
     * there.
     */
    public long position() { return offset; }

    public void position(long at) { offset = at; }

    // ---- data
    public long read(Task t, long address, long length) {
        long n = pread(t, address, length, offset);
        if (n > 0) offset += n;
        return n;
    }

    public long write(Task t, long address, long length) {
        long n = pwrite(t, address, length, offset);
        if (n > 0) offset += n;
        return n;
    }

    /** Never called of files that cannot be positioned: the system call has answered -ESPIPE. */
    public long pread(Task t, long address, long length, long position) { return -EINVAL; }

    /** O_APPEND is handled here (implementations write at the end). */
    public long pwrite(Task t, long address, long length, long position) { return -EINVAL; }

    public boolean isSeekable() { return true; }

    /**
     * True for streams whose single read(2)/readv(2) may not be split into several calls (sockets, eventfd,
     * ttys...).
     */
    public boolean isPacketLike() { return false; }

    /** The flags that preadv2(2) or pwritev2(2) may have here (kiocb_set_rw_flags); others are refused. */
    public int rwFlags(boolean writes) {
        return waitQueue() == null ? RWF_ANYWHERE : RWF_ANYWHERE | RWF_NOWAIT;
    }

    /** Every read gives as many zeros as are asked for (zero(4)). */
    public boolean readsZeros() { return false; }

    /** Takes whatever is written without a look at it (null(4)): the data need not even be there. */
    public boolean isSink() { return false; }

    public long lseek(Task t, long off, int whence) {
        if (!isSeekable()) return -ESPIPE;
        long to;
        switch (whence) {
            case 0 -> to = off;
            case 1 -> to = offset + off;
            case 2 -> {
                long r = inode.refresh(t);
                if (r < 0) return r;
                to = inode.size + off;
            }
            case 3, 4 -> {
                long r = inode.refresh(t);
                if (r < 0) return r;
                if (off < 0 || off >= inode.size) return -ENXIO;
                to = whence == 3 ? off : inode.size;
            }
            default -> { return -EINVAL; }
        }
        if (to < 0) return whence == 0 || off < 0 ? -EINVAL : -EOVERFLOW;
        return offset = to;
    }

    /** lseek(2) of what has no end: from the start or from here, anywhere. */
    protected final long seekAnywhere(long off, int whence) {
        if (whence != 0 && whence != 1) return -EINVAL;
        long to = whence == 0 ? off : offset + off;
        return to < 0 ? -EINVAL : (offset = to);
    }

    /**
     * Entries from {@link #offset} on (a cookie of the file's own choice): calls {@code sink} until it
     * returns false, with each entry's own following offset. 0 or -errno.
     */
    public long readdir(Task t, DirectorySink sink) { return -ENOTDIR; }

    /**
     * The first two entries of a directory, as far as they are still due, the third one's offset being
     * {@code next}. False: there is no room for more.
     */
    protected final boolean readDots(DirectorySink sink, long own, long parent, long next) {
        if (offset == 0) {
            if (!sink.entry(".", own, 4, 1)) return false;
            offset = 1;
        }
        if (offset == 1) {
            if (!sink.entry("..", parent, 4, next)) return false;
            offset = next;
        }
        return true;
    }

    /** Takes directory entries. */
    public interface DirectorySink {
        /**
         * {@code type} is DT_*; {@code next} the offset of the entry behind this one. False: full, this entry
         * not taken.
         */
        boolean entry(String name, long ino, int type, long next);
    }

    public long fsync(Task t, boolean dataOnly) { return -EINVAL; }

    /**
     * A host call for this file that may take long: meanwhile others have the kernel lock (Kernel.enterSlow).
     */
    public final long slowCall(Task t, int nr, long a0, long a1, long a2) {
        hold();
        t.kernel.enterSlow();
        long r = HostCall.call(nr, a0, a1, a2);
        t.kernel.exitSlow();
        put(t);
        return r;
    }

    public long truncate(Task t, long size) { return inode == null ? -EINVAL : inode.truncate(t, size); }

    public long fallocate(Task t, int mode, long position, long length) { return -EOPNOTSUPP; }

    /** ioctl(2); {@code argument} is the raw third argument. */
    public long ioctl(Task t, int request, long argument) { return -ENOTTY; }

    // ---- readiness
    /** The POLL* conditions that hold now. */
    public int poll(Task t) { return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM; }

    /**
     * Woken with POLL* bits when a condition arises; null for files that are always ready (then epoll answers
     * EPERM).
     */
    public WaitQueue waitQueue() { return null; }

    // ---- mapping
    /** {@link #mapDescriptor}'s answer for files whose mappings are anonymous memory (/dev/zero). */
    public static final long MAP_ZERO = Long.MIN_VALUE;

    /**
     * The host descriptor that backs a mapping of this file (see mm), or a negative errno (-ENODEV: cannot be
     * mapped). The descriptor stays the file's; offsets in it equal the file's offsets. {@code shared}: for
     * MAP_SHARED.
     */
    public long mapDescriptor(Task t, boolean shared, boolean writable) { return -ENODEV; }

    /**
     * The file may have been written through a shared mapping (msync(2), munmap(2)): the host keeps no times
     * for it.
     */
    public void mappingWritten() {}

    /** Shared mappings through which the file may be written came (1) or went (-1): sealing cares. */
    public void writableMappings(int change) {}

    /** Lines of /proc/PID/fdinfo/N after pos, flags, mnt_id and ino. */
    public String fdinfo(Task t) { return ""; }

    /**
     * What readlink of /proc/PID/fd/N shows for files without a path ("pipe:[12]", "anon_inode:[eventpoll]").
     */
    /** Where /proc/PID/fd says this is: {@link #path}, or for a file that was given by its name here. */
    public Path shownAt() { return path; }

    public String describe() { return "anon_inode:[file]"; }
}

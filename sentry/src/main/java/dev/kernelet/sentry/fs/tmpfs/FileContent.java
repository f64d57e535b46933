package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/**
 * The bytes of one file. Small files live in a native buffer that grows by doubling. A file that gets large, sparse, or is
 * mapped moves to a memfd of its own, once and for good: from then on the host keeps its pages and holes, and reads, writes
 * and mappings see the same memory.
 *
 * <p>The room used is charged to the filesystem: exactly for buffers; for memfds by an estimate that is never too low but
 * for writes through mappings, made exact when it would exceed the limit.
 */
final class FileContent {
    private static final int BUFFER_MAX = 512 << 10;
    private static final int BUFFER_MIN = 64;
    private static final int HOLE_MAX = 64 << 10;
    private static final int SYS_UTIMENSAT = 280, SYS_CLOSE = 3, SYS_FSTAT = 5, SYS_LSEEK = 8, SYS_PREAD64 = 17,
            SYS_PWRITE64 = 18, SYS_FTRUNCATE = 77, SYS_FALLOCATE = 285, SYS_MEMFD_CREATE = 319;
    private static final int MFD_CLOEXEC = 1;

    private final Tmpfs fs;
    private long buffer;
    private int capacity;
    /** In the buffer: everything from here on is zero and counts as never written. */
    private long dataEnd;
    /** Whole pages of the buffer were skipped by writes: they count as holes as long as they are zero. */
    private boolean hasGaps;
    private int fd = -1;
    /** The same file, for reading alone. */
    private int readFd = -1;
    /** Bytes charged for the memfd. */
    private long charged;

    /** Its place among those that are mapped; -1: it is not there. */
    private int mappedIndex = -1;

    FileContent(Tmpfs fs) { this.fs = fs; }

    /** st_blocks. */
    long blocks() {
        if (fd >= 0) return recount() >> 9;
        long pages = dataEnd + 4095 >> 12;
        if (hasGaps) {
            for (long at = 0; at < dataEnd; at += 4096) if (isZero(buffer + at, Math.min(4096, dataEnd - at))) pages--;
        }
        return pages << 3;
    }

    /** The memfd's real size on the host, which the charge becomes. */
    private long recount() {
        if (HostCall.call(SYS_FSTAT, fd, fs.space.stat) < 0) return charged;
        long bytes = Memory.getLong(fs.space.stat + Stat.BLOCKS) << 9;
        // Also what was written through mappings, which is too late to refuse.
        fs.account(bytes - charged);
        charged = bytes;
        return bytes;
    }

    /** Bytes that are in memory, as the host counts them now. */
    static long recountMapped(TmpfsSpace space) {
        for (FileContent c : space.mapped) c.recount();
        return space.used;
    }

    /** A mapping that may write is about to be made. */
    private void mayBeMapped() {
        // What is kept in a host's directory is no memory.
        if (mappedIndex >= 0 || fs.backing != null) return;
        mappedIndex = fs.space.mapped.size();
        fs.space.mapped.add(this);
    }

    private void isNoLongerMapped() {
        if (mappedIndex < 0) return;
        FileContent last = fs.space.mapped.removeLast();
        if (last != this) {
            fs.space.mapped.set(mappedIndex, last);
            last.mappedIndex = mappedIndex;
        }
        mappedIndex = -1;
    }

    private boolean chargeMemfd(long bytes) {
        if (!fs.charge(bytes)) {
            recount();
            if (!fs.charge(bytes)) return false;
        }
        charged += bytes;
        return true;
    }

    /** {@code length} bytes at {@code position}, all below the file's size. */
    long read(long address, long length, long position) {
        if (fd >= 0) return HostCall.call(SYS_PREAD64, fd, address, length, position);
        long n = Math.max(0, Math.min(length, dataEnd - position));
        if (n > 0) Memory.copy(buffer + position, address, n);
        if (n < length) Memory.zero(address + n, length - n);
        return length;
    }

    long write(long address, long length, long position, long size) {
        long end = position + length;
        if (fd < 0 && (end > BUFFER_MAX || position > dataEnd + HOLE_MAX)) {
            long r = toMemfd(size);
            if (r < 0) return r;
        }
        if (fd >= 0) {
            if (!chargeMemfd(length)) return -ENOSPC;
            return HostCall.call(SYS_PWRITE64, fd, address, length, position);
        }
        if (end > capacity) {
            long r = grow((int) end);
            if (r < 0) return r;
        }
        if (position > (dataEnd + 4095 & -4096L)) hasGaps = true;
        Memory.copy(address, buffer + position, length);
        if (end > dataEnd) dataEnd = end;
        return length;
    }

    private long grow(int end) {
        int more = Math.max(capacity, BUFFER_MIN);
        while (more < end) more <<= 1;
        if (!fs.charge(more - capacity)) return -ENOSPC;
        long fresh = Memory.allocate(more);
        if (buffer != 0) {
            Memory.copy(buffer, fresh, dataEnd);
            Memory.free(buffer);
        }
        buffer = fresh;
        capacity = more;
        return 0;
    }

    long truncate(long size) {
        if (fd >= 0) return HostCall.call(SYS_FTRUNCATE, fd, size);
        if (size == 0) {
            freeBuffer();
        } else if (size < dataEnd) {
            Memory.zero(buffer + size, dataEnd - size);
            dataEnd = size;
        }
        return 0;
    }

    private void freeBuffer() {
        if (buffer != 0) Memory.free(buffer);
        fs.charge(-capacity);
        buffer = 0;
        capacity = 0;
        dataEnd = 0;
    }

    void free() {
        if (fd >= 0) {
            HostCall.call(SYS_CLOSE, fd);
            if (readFd >= 0 && readFd != fd) HostCall.call(SYS_CLOSE, readFd);
            fd = readFd = -1;
            isNoLongerMapped();
            fs.charge(-charged);
            charged = 0;
        } else {
            freeBuffer();
        }
    }

    /** When the host last saw a change of the memfd, in nanoseconds; 0 when there is none. */
    long hostMtime() {
        if (fd < 0 || HostCall.call(SYS_FSTAT, fd, fs.space.stat) < 0) return 0;
        return Memory.getLong(fs.space.stat + Stat.MTIME) * 1_000_000_000 + Memory.getLong(fs.space.stat + Stat.MTIME + 8);
    }

    /** Sets that time to 0: later changes show, even within one tick of the host's clock. */
    void forgetHostMtime() {
        if (fd < 0) return;
        long times = fs.space.stat;
        for (int i = 0; i < 32; i += 8) Memory.putLong(times + i, 0);
        HostCall.call(SYS_UTIMENSAT, fd, 0, times, 0);
    }

    /** The memfd, made now if there is none yet; or -errno. */
    long descriptor(long size) {
        long r = fd < 0 ? toMemfd(size) : 0;
        return r < 0 ? r : fd;
    }

    /** The same for a mapping that may write. */
    long writableDescriptor(long size) {
        long r = descriptor(size);
        if (r >= 0) mayBeMapped();
        return r;
    }

    /**
     * A descriptor of the memfd that can do no more than read, for mappings that may not write: a program
     * can catch what is on its way to its stub, and map it as it likes. Without /proc it is the other one.
     */
    long readDescriptor(long size) {
        long r = descriptor(size);
        if (r < 0 || readFd >= 0) return r < 0 ? r : readFd;
        r = HostProc.reopenReadOnly(fd);
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) return r;
        return readFd = r < 0 ? fd : (int) r;
    }

    private long toMemfd(long size) {
        long made = fs.backing != null ? fs.backing.file() : HostCall.call(SYS_MEMFD_CREATE, fs.space.memfdName, MFD_CLOEXEC);
        if (made < 0) return made == -ENOMEM ? -ENOSPC : made;
        long r = HostCall.call(SYS_FTRUNCATE, made, size);
        // Skipped pages become holes again.
        for (long at = 0; at < dataEnd && r >= 0; at += 4096) {
            long n = Math.min(4096, dataEnd - at);
            if (!hasGaps || !isZero(buffer + at, n)) r = HostCall.call(SYS_PWRITE64, made, buffer + at, n, at);
        }
        if (r < 0) {
            HostCall.call(SYS_CLOSE, made);
            return r;
        }
        freeBuffer();
        fd = (int) made;
        recount();
        return 0;
    }

    private static boolean isZero(long address, long length) {
        long i = 0;
        for (; i + 8 <= length; i += 8) if (Memory.getLong(address + i) != 0) return false;
        for (; i < length; i++) if (Memory.getByte(address + i) != 0) return false;
        return true;
    }

    /** SEEK_DATA, SEEK_HOLE. */
    long seek(long off, int whence, long size) {
        if (fd < 0 && dataEnd == size && size <= 4096) return whence == SEEK_DATA ? off : size;
        long r = descriptor(size);
        return r < 0 ? r : HostCall.call(SYS_LSEEK, fd, off, whence);
    }

    long fallocate(int mode, long position, long length, long size) {
        long r = descriptor(size);
        if (r < 0) return r;
        if ((mode & FALLOC_FL_ZERO_RANGE) != 0) {
            // The host's tmpfs has no such thing: a hole, then room for it again.
            int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
            r = HostCall.call(SYS_FALLOCATE, fd, punch, position, length);
            if (r < 0) return r;
            mode &= ~FALLOC_FL_ZERO_RANGE;
        }
        if ((mode & FALLOC_FL_PUNCH_HOLE) == 0 && !chargeMemfd(length)) return -ENOSPC;
        return HostCall.call(SYS_FALLOCATE, fd, mode, position, length);
    }
}

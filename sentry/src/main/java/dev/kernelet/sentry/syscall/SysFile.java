package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.BulkBuffers;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * System calls that move data through descriptors: read(2), write(2) and their vectors, positioned and not.
 *
 * <p>Data goes through the task's window in pieces. A call that had to wait in its middle keeps in {@code t.s0} how much is
 * done, since its handler is run again from the start.
 */
final class SysFile {
    private SysFile() {}

    /** Most bytes one call moves (read(2), NOTES). */
    private static final long MAX_RW_COUNT = 0x7ffff000L;
    /** The end of what can be an application's address: checked before anything else (access_ok). */
    private static final long USER_END = 0x7ffffffff000L;
    private static final int IOV_MAX = 1024;
    /** Vectors are gathered in pieces of this size; what must not be split, up to the second. */
    private static final int GATHER = 64 << 10, PACKET_MAX = 1 << 20;
    /** No position: the file's own offset. */
    private static final long SEQUENTIAL = -1;
    /** More is zeroed in pieces, between which signals are looked at. */
    private static final int ZEROS_MAX = 1 << 20;
    private static final int SIGPIPE = 13, SIGXFSZ = 25;
    private static final int WAIT_READ = OpenFile.POLLIN | OpenFile.POLLRDNORM | OpenFile.POLLERR | OpenFile.POLLHUP
            | OpenFile.POLLRDHUP;
    private static final int WAIT_WRITE = OpenFile.POLLOUT | OpenFile.POLLWRNORM | OpenFile.POLLERR | OpenFile.POLLHUP;

    // ---- read
    /** read(2). */
    static long read(Task t, int fd, long buffer, long count) {
        OpenFile f = t.fds.get(fd);
        if (f == null || !f.isReadable() || (f.flags & O_PATH) != 0) return -EBADF;
        if (f instanceof Socket s) return SocketIo.read(t, s, buffer, count);
        return read(t, f, buffer, count, SEQUENTIAL, 0);
    }

    /** pread64(2). */
    static long pread64(Task t, int fd, long buffer, long count, long position) {
        if (position < 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (!f.isSeekable()) return -ESPIPE;
        if (!f.isReadable()) return -EBADF;
        return read(t, f, buffer, count, position, 0);
    }

    private static long read(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        return countRead(t, readData(t, f, buffer, count, position, rwf));
    }

    /** For /proc/PID/io. */
    private static long countRead(Task t, long n) {
        if (n > 0) t.group.readBytes += n;
        t.group.readCalls++;
        return n;
    }

    private static long countWrite(Task t, long n) {
        if (n > 0) t.group.writtenBytes += n;
        t.group.writeCalls++;
        return n;
    }

    private static long readData(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        if (count < 0 || buffer < 0 || buffer + count > USER_END || buffer + count < 0) return -EFAULT;
        if (count > MAX_RW_COUNT) count = MAX_RW_COUNT;
        if (count > 0 && !t.mem.writable(buffer, count)) {
            count = accessible(t, buffer, count, true);
            if (count == 0) return t.s0 > 0 ? t.s0 : -EFAULT;
        }
        if (t.s0 > 0) return t.so == f ? readBulk(t, f, buffer, count, position, rwf) : t.s0;
        if (f.readsZeros() && count > 0 && count <= ZEROS_MAX) {
            return t.mem.zerosOutLast(buffer, count) == 0 ? count : -EFAULT;
        }
        int max = t.mem.dataMax();
        if (count > max && f.isPacketLike()) return readPacket(t, f, buffer, count, rwf);
        if (count >= BulkBuffers.WORTHWHILE) return readBulk(t, f, buffer, count, position, rwf);
        long done = 0, n;
        do {
            long piece = Math.min(count - done, max);
            n = position < 0 ? f.read(t, t.mem.dataWindow(), piece)
                    : f.pread(t, t.mem.dataWindow(), piece, position + done);
            if (n <= 0) break;
            boolean isLast = n < piece || done + n == count;
            long r = isLast ? t.mem.dataOutLast(buffer + done, n) : t.mem.dataOut(buffer + done, n);
            if (r < 0) return done > 0 ? done : r;
            done += n;
            if (isLast) break;
        } while (true);
        if (done > 0) {
            if (Notify.active > 0) Notify.file(f, Notify.IN_ACCESS);
            return done;
        }
        return n == -EAGAIN ? waitFor(t, f, WAIT_READ, rwf) : n;
    }

    private static long readBulk(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        long done = t.s0, n;
        if (done >= count) return done;
        long p = t.kernel.bulk.take();
        boolean givesWay = false;
        do {
            long piece = Math.min(count - done, BulkBuffers.SIZE);
            n = position < 0 ? f.read(t, p, piece) : f.pread(t, p, piece, position + done);
            if (n <= 0) break;
            long out = t.mem.bulkOut(buffer + done, p, n);
            done += out;
            if (out < n) {
                n = -EFAULT;
                break;
            }
            if (n < piece) break;
            givesWay = done < count && done - t.s0 >= Task.TURN && t.givesWay();
        } while (done < count && !givesWay && done - t.s0 < Task.TURN);
        t.kernel.bulk.give(p);
        if (givesWay) return keep(t, f, done);
        if (done > 0) {
            if (Notify.active > 0) Notify.file(f, Notify.IN_ACCESS);
            return done;
        }
        return n == -EAGAIN ? waitFor(t, f, WAIT_READ, rwf) : n;
    }

    /** The call goes on behind what is done, if the descriptor is then still the same file's. */
    private static long keep(Task t, OpenFile f, long done) {
        t.mem.flush();
        t.s0 = done;
        t.so = f;
        return Task.BLOCKED;
    }

    /** A read that the file must see as one, larger than the window. */
    private static long readPacket(Task t, OpenFile f, long buffer, long count, int rwf) {
        int size = (int) Math.min(count, PACKET_MAX);
        long p = t.mem.scratch(size);
        long n = f.read(t, p, size);
        if (n == -EAGAIN) return waitFor(t, f, WAIT_READ, rwf);
        if (n <= 0) return n;
        return t.mem.copyOut(buffer, p, n) == n ? n : -EFAULT;
    }

    /** How much of the range, from its start, may be read or written: at the granularity of pages. */
    private static long accessible(Task t, long address, long count, boolean write) {
        long n = Math.min(count, 4096 - (address & 4095));
        if (!isAccessible(t, address, n, write)) return 0;
        while (n < count) {
            long piece = Math.min(count - n, 4096);
            if (!isAccessible(t, address + n, piece, write)) break;
            n += piece;
        }
        return n;
    }

    private static boolean isAccessible(Task t, long address, long length, boolean write) {
        return write ? t.mem.writable(address, length) : t.mem.readable(address, length);
    }

    /** The file said -EAGAIN: waits until it is ready, unless it is not to. */
    private static long waitFor(Task t, OpenFile f, int events, int rwf) {
        if (f.isNonblocking() || (rwf & RWF_NOWAIT) != 0 || f.waitQueue() == null) return -EAGAIN;
        return t.block(f.waitQueue(), events);
    }

    // ---- write
    /** write(2). */
    static long write(Task t, int fd, long buffer, long count) {
        OpenFile f = t.fds.get(fd);
        if (f == null || !f.isWritable() || (f.flags & O_PATH) != 0) return -EBADF;
        if (f instanceof Socket s) return SocketIo.write(t, s, buffer, count);
        return write(t, f, buffer, count, SEQUENTIAL, 0);
    }

    /** pwrite64(2). */
    static long pwrite64(Task t, int fd, long buffer, long count, long position) {
        if (position < 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (!f.isSeekable()) return -ESPIPE;
        if (!f.isWritable()) return -EBADF;
        return write(t, f, buffer, count, position, 0);
    }

    private static long write(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        return countWrite(t, writeData(t, f, buffer, count, position, rwf));
    }

    private static long writeData(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        if (count < 0 || buffer < 0 || buffer + count > USER_END || buffer + count < 0) return -EFAULT;
        if (count > MAX_RW_COUNT) count = MAX_RW_COUNT;
        if (isAnother(t, f)) return t.s0;
        Inode n = f.inode;
        if (n != null && n.isRegular()) {
            long rest = beginWrite(t, f, count - t.s0, position < 0 ? position : position + t.s0);
            if (rest < 0) return t.s0 > 0 ? t.s0 : rest;
            count = t.s0 + rest;
        }
        if (f.isSink()) return count;
        int max = t.mem.dataMax();
        boolean isPacket = f.isPacketLike();
        if (count > max && isPacket) return writePacket(t, f, buffer, count, rwf);
        long done = t.s0;
        if (count == 0) {
            // An empty datagram is one; elsewhere nothing happens.
            return isPacket ? finishWrite(t, f, f.write(t, t.mem.dataWindow(), 0), 0, rwf) : 0;
        }
        if (count - done >= BulkBuffers.WORTHWHILE) return writeBulk(t, f, buffer, count, position, rwf);
        long w = 0;
        while (done < count) {
            long piece = Math.min(count - done, max);
            long p = t.mem.dataIn(buffer + done, piece);
            if (p < 0) return done > 0 ? done : p;
            if (t.mem.dataLength < piece) {
                piece = t.mem.dataLength;
                count = done + piece;
            }
            w = position < 0 ? f.write(t, p, piece) : f.pwrite(t, p, piece, position + done);
            if (w < 0) break;
            done += w;
            // A short write means "full" for streams; go on, and hear -EAGAIN.
            if (w == 0) break;
        }
        return finishWrite(t, f, w, done, rwf);
    }

    private static boolean isAnother(Task t, OpenFile f) {
        return t.so instanceof OpenFile before && before != f;
    }

    private static long writeBulk(Task t, OpenFile f, long buffer, long count, long position, int rwf) {
        long p = t.kernel.bulk.take();
        long done = t.s0, w = 0;
        while (done < count && done - t.s0 < Task.TURN) {
            long piece = Math.min(count - done, BulkBuffers.SIZE);
            long in = t.mem.bulkIn(p, buffer + done, piece);
            if (in < piece) count = done + in;
            if (in == 0) {
                w = done > 0 ? 0 : -EFAULT;
                break;
            }
            w = position < 0 ? f.write(t, p, in) : f.pwrite(t, p, in, position + done);
            if (w <= 0) break;
            done += w;
        }
        t.kernel.bulk.give(p);
        if (w > 0 && done < count && t.givesWay()) return keep(t, f, done);
        return finishWrite(t, f, w, done, rwf);
    }

    private static long finishWrite(Task t, OpenFile f, long result, long done, int rwf) {
        if (done > 0 && Notify.active > 0) Notify.file(f, Notify.IN_MODIFY);
        if (result >= 0) return done;
        if (result == -EPIPE) t.signals.raise(SIGPIPE);
        if (result != -EAGAIN) return done > 0 ? done : result;
        if (done > t.s0) t.s0 = done;
        if (f.isNonblocking() || (rwf & RWF_NOWAIT) != 0) return done > 0 ? done : -EAGAIN;
        long r = waitFor(t, f, WAIT_WRITE, rwf);
        return r != Task.BLOCKED && done > 0 ? done : r;
    }

    private static long writePacket(Task t, OpenFile f, long buffer, long count, int rwf) {
        if (count > PACKET_MAX) {
            // Larger than any packet: a stream (tty, stream socket), which may take a part.
            count = PACKET_MAX;
        }
        long p = t.mem.scratch((int) count);
        long n = t.mem.copyIn(p, buffer, count);
        if (n <= 0) return -EFAULT;
        long w = f.write(t, p, n);
        return finishWrite(t, f, w, Math.max(w, 0), rwf);
    }

    /**
     * Before content of a regular file changes: RLIMIT_FSIZE and privileges. The bytes that may be written,
     * or -errno.
     */
    static long beginWrite(Task t, OpenFile f, long count, long position) {
        Inode n = f.inode;
        long limit = t.group.limits.soft(Limits.FSIZE);
        if (limit != Long.MAX_VALUE && count > 0) {
            long at = position;
            if ((f.flags & O_APPEND) != 0) {
                n.refresh(t);
                at = n.size;
            } else if (at < 0) {
                at = f.position();
            }
            if (at >= limit) {
                t.signals.raise(SIGXFSZ);
                return -EFBIG;
            }
            count = Math.min(count, limit - at);
        }
        if (count > 0 && (n.mode & (S_ISUID | S_ISGID)) != 0) {
            long r = FileOpen.dropPrivileges(t, n);
            if (r < 0) return r;
        }
        return count;
    }

    // ---- vectors
    /** readv(2). */
    static long readv(Task t, int fd, long iov, int count) { return vector(t, fd, iov, count, SEQUENTIAL, 0, false); }

    /** writev(2). */
    static long writev(Task t, int fd, long iov, int count) { return vector(t, fd, iov, count, SEQUENTIAL, 0, true); }

    /** preadv(2). On x86-64 the low half of the position is all of it. */
    static long preadv(Task t, int fd, long iov, int count, long position, long high) {
        return positioned(t, fd, iov, count, position, 0, false);
    }

    /** pwritev(2). */
    static long pwritev(Task t, int fd, long iov, int count, long position, long high) {
        return positioned(t, fd, iov, count, position, 0, true);
    }

    /** preadv2(2). */
    static long preadv2(Task t, int fd, long iov, int count, long position, long high, int flags) {
        if (position == -1) return vector(t, fd, iov, count, SEQUENTIAL, flags, false);
        return positioned(t, fd, iov, count, position, flags, false);
    }

    /** pwritev2(2). */
    static long pwritev2(Task t, int fd, long iov, int count, long position, long high, int flags) {
        if (position == -1) return vector(t, fd, iov, count, SEQUENTIAL, flags, true);
        return positioned(t, fd, iov, count, position, flags, true);
    }

    private static long positioned(Task t, int fd, long iov, int count, long position, int rwf, boolean writes) {
        if (position < 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (!f.isSeekable()) return -ESPIPE;
        return vector(t, fd, iov, count, position, rwf, writes);
    }

    static long vector(Task t, int fd, long iov, int count, long position, int rwf, boolean writes) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0 || !(writes ? f.isWritable() : f.isReadable())) return -EBADF;
        if (count < 0 || count > IOV_MAX) return -EINVAL;
        if (count == 0) return 0;
        long p = t.mem.in(iov, count * 16);
        if (p < 0) return p;
        long total = 0;
        for (int i = 0; i < count; i++) {
            long n = Memory.getLong(p + 16L * i + 8);
            if (n < 0) return -EINVAL;
            long address = Memory.getLong(p + 16L * i);
            if (address < 0 || address + n > USER_END || address + n < 0) return -EFAULT;
            n = Math.min(n, MAX_RW_COUNT - total);
            Memory.putLong(p + 16L * i + 8, n);
            total += n;
        }
        if (total == 0) return 0; // no file is asked: a directory, an event counter, a datagram socket
        if (rwf != 0) {
            if ((rwf & ~f.rwFlags(writes)) != 0) return -EOPNOTSUPP;
            if ((rwf & (RWF_APPEND | RWF_NOAPPEND)) == (RWF_APPEND | RWF_NOAPPEND)) return -EINVAL;
        }
        if (f instanceof Socket s) return SocketIo.vector(t, s, p, count, total, writes, rwf);
        boolean isAsOpened = (rwf & (RWF_APPEND | RWF_NOAPPEND | RWF_DSYNC | RWF_SYNC)) == 0;
        if (count == 1) {
            long address = Memory.getLong(p), n = Memory.getLong(p + 8);
            if (!writes) return read(t, f, address, n, position, rwf);
            if (isAsOpened) return write(t, f, address, n, position, rwf);
        }
        if (!writes) return countRead(t, readVector(t, f, p, count, total, position, rwf));
        return countWrite(t, isAsOpened ? writeVector(t, f, p, count, total, position, rwf)
                : writeOtherwise(t, f, p, count, total, position, rwf));
    }

    /** For this one call the file behaves as if opened with or without O_APPEND, O_DSYNC, O_SYNC. */
    private static long writeOtherwise(Task t, OpenFile f, long iov, int count, long total, long position,
            int rwf) {
        // A copy up lets others run, who must not see these flags: it is made before.
        if (f.inode != null && f.inode.isRegular()) f.pwrite(t, t.mem.dataWindow(), 0, 0);
        int flags = f.flags;
        if ((rwf & RWF_APPEND) != 0) f.flags |= O_APPEND;
        if ((rwf & RWF_NOAPPEND) != 0) f.flags &= ~O_APPEND;
        f.flags |= (rwf & RWF_SYNC) != 0 ? O_SYNC : (rwf & RWF_DSYNC) != 0 ? O_DSYNC : 0;
        long r = writeVector(t, f, iov, count, total, position, rwf);
        int changed = O_APPEND | O_SYNC | O_DSYNC;
        f.flags = f.flags & ~changed | flags & changed;
        return r;
    }

    private static long readVector(Task t, OpenFile f, long iov, int count, long total, long position, int rwf) {
        total = accessibleVector(t, iov, count, true);
        if (t.s0 > 0 && (total <= t.s0 || isAnother(t, f))) return t.s0;
        if (total < 0) return total;
        boolean isPacket = f.isPacketLike();
        int max = (int) Math.min(total, isPacket ? PACKET_MAX : GATHER);
        long buffer = t.mem.scratch(max);
        long done = t.s0, n = 0;
        int segment = 0;
        long used = done;
        for (long size; used > 0 && used >= (size = Memory.getLong(iov + 16L * segment + 8)); segment++) {
            used -= size;
        }
        do {
            long piece = Math.min(total - done, max);
            n = position < 0 ? f.read(t, buffer, piece) : f.pread(t, buffer, piece, position + done);
            if (n <= 0) break;
            for (long at = 0; at < n;) {
                long length = Memory.getLong(iov + 16L * segment + 8) - used;
                if (length == 0) {
                    segment++;
                    used = 0;
                    continue;
                }
                int m = (int) Math.min(length, n - at);
                long r = t.mem.out(Memory.getLong(iov + 16L * segment) + used, buffer + at, m);
                if (r < 0) return done + at > 0 ? done + at : r;
                used += m;
                at += m;
            }
            done += n;
            if (n < piece) break;
            boolean isLong = done < total && !isPacket && done - t.s0 >= Task.TURN;
            if (isLong && t.givesWay()) return keep(t, f, done);
        } while (done < total && !isPacket && done - t.s0 < Task.TURN);
        if (done > 0 && Notify.active > 0) Notify.file(f, Notify.IN_ACCESS);
        if (done > 0 || n >= 0) return done;
        return n == -EAGAIN ? waitFor(t, f, WAIT_READ, rwf) : n;
    }

    /**
     * The bytes of the vector up to its first inaccessible one; -EFAULT when there are none but should be.
     */
    private static long accessibleVector(Task t, long iov, int count, boolean write) {
        long total = 0;
        for (int i = 0; i < count; i++) {
            long address = Memory.getLong(iov + 16L * i), n = Memory.getLong(iov + 16L * i + 8);
            if (n == 0 || isAccessible(t, address, n, write)) {
                total += n;
                continue;
            }
            total += accessible(t, address, n, write);
            return total == 0 ? -EFAULT : total;
        }
        return total;
    }

    private static long writeVector(Task t, OpenFile f, long iov, int count, long total, long position, int rwf) {
        if (t.s0 > 0 && (total <= t.s0 || isAnother(t, f))) return t.s0;
        if (f.inode != null && f.inode.isRegular()) {
            long rest = beginWrite(t, f, total - t.s0, position < 0 ? position : position + t.s0);
            if (rest < 0) return t.s0 > 0 ? t.s0 : rest;
            total = t.s0 + rest;
        }
        if (f.isSink()) return total;
        boolean isPacket = f.isPacketLike();
        if (total == 0 && !isPacket) return 0;
        int max = (int) Math.min(total, isPacket ? PACKET_MAX : GATHER);
        long buffer = t.mem.scratch(max);
        long done = t.s0, w = 0;
        do {
            long piece = gather(t, buffer, iov, count, done, Math.min(total - done, max));
            if (piece < 0) return done > 0 ? done : piece;
            w = position < 0 ? f.write(t, buffer, piece) : f.pwrite(t, buffer, piece, position + done);
            if (w <= 0) break;
            done += w;
        } while (done < total && !isPacket && done - t.s0 < Task.TURN);
        if (w > 0 && done < total && !isPacket && t.givesWay()) return keep(t, f, done);
        return finishWrite(t, f, w, done, rwf);
    }

    /**
     * Copies {@code length} bytes of the vector, from its byte {@code skip} on; fewer before a fault, or
     * -EFAULT.
     */
    private static long gather(Task t, long buffer, long iov, int count, long skip, long length) {
        long done = 0;
        for (int i = 0; i < count && done < length; i++) {
            long address = Memory.getLong(iov + 16L * i), n = Memory.getLong(iov + 16L * i + 8);
            if (skip >= n) {
                skip -= n;
                continue;
            }
            long m = Math.min(n - skip, length - done);
            long copied = t.mem.readable(address + skip, m) ? t.mem.copyIn(buffer + done, address + skip, m)
                    : t.mem.copyIn(buffer + done, address + skip, accessible(t, address + skip, m, false));
            done += copied;
            if (copied < m) return done == 0 ? -EFAULT : done;
            skip = 0;
        }
        return done;
    }

    // ---- position, size, durability
    /** lseek(2). */
    static long lseek(Task t, int fd, long offset, int whence) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (whence < 0 || whence > SEEK_HOLE) return -EINVAL;
        return f.lseek(t, offset, whence);
    }

    /** fsync(2). */
    static long fsync(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        return f == null || (f.flags & O_PATH) != 0 ? -EBADF : f.fsync(t, false);
    }

    /** fdatasync(2). */
    static long fdatasync(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        return f == null || (f.flags & O_PATH) != 0 ? -EBADF : f.fsync(t, true);
    }

    /** sync(2). */
    static long sync(Task t) {
        for (int i = 0; i < t.fs.mounts.mounts.size(); i++) t.fs.mounts.mounts.get(i).fs.sync();
        return 0;
    }

    /** syncfs(2). */
    static long syncfs(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        return f.inode == null ? 0 : f.inode.fs.sync();
    }

    /** sync_file_range(2). */
    static long sync_file_range(Task t, int fd, long offset, long count, int flags) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if ((flags & ~7) != 0 || offset < 0 || count < 0 || offset + count < 0) return -EINVAL;
        if (!f.isSeekable()) return -ESPIPE;
        return f.fsync(t, true);
    }

    /** ftruncate(2). */
    static long ftruncate(Task t, int fd, long length) {
        if (length < 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (f.inode == null || !f.inode.isRegular() || !f.isWritable()) return -EINVAL;
        long r = checkSize(t, f.inode, length);
        if (r == 0) r = f.truncate(t, length);
        if (r == 0) r = FileOpen.dropPrivileges(t, f.inode);
        if (r == 0 && Notify.active > 0) Notify.file(f, Notify.IN_MODIFY);
        return r;
    }

    /** RLIMIT_FSIZE for a new size, if the file grows by it (inode_newsize_ok). */
    static long checkSize(Task t, Inode n, long length) {
        if (length <= t.group.limits.soft(Limits.FSIZE)) return 0;
        long r = n.refresh(t);
        if (r < 0) return r;
        if (length <= n.size) return 0;
        t.signals.raise(SIGXFSZ);
        return -EFBIG;
    }

    /** fallocate(2). */
    static long fallocate(Task t, int fd, int mode, long offset, long length) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (offset < 0 || length <= 0) return -EINVAL;
        int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE
                | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
        if ((mode & ~known) != 0) return -EOPNOTSUPP;
        if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) == FALLOC_FL_PUNCH_HOLE) return -EOPNOTSUPP;
        if (!f.isWritable()) return -EBADF;
        Inode n = f.inode;
        if (n == null || n.type() == S_IFIFO) return -ESPIPE;
        if (n.isDirectory()) return -EISDIR;
        if (!n.isRegular()) return -ENODEV;
        if (offset > Long.MAX_VALUE - length) return -EFBIG;
        long r = checkAllocation(t, n, mode, offset, length);
        if (r == 0) r = f.fallocate(t, mode, offset, length);
        if (r == 0) r = FileOpen.dropPrivileges(t, n);
        if (r == 0 && Notify.active > 0) Notify.file(f, Notify.IN_MODIFY);
        return r;
    }

    /** tmpfs can do less than disks, and lets nobody keep pages beyond his limit even if the size stays. */
    private static long checkAllocation(Task t, Inode n, int mode, long offset, long length) {
        boolean isTmpfs = n.fs instanceof Tmpfs;
        if (isTmpfs && (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0) return -EOPNOTSUPP;
        if ((mode & FALLOC_FL_INSERT_RANGE) != 0) {
            long r = n.refresh(t);
            return r < 0 ? r : n.size > Long.MAX_VALUE - length ? -EFBIG : checkSize(t, n, n.size + length);
        }
        int keeps = isTmpfs ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
        return (mode & keeps) != 0 ? 0 : checkSize(t, n, offset + length);
    }

    /** fadvise64(2): advice may be ignored, wrong advice not. */
    static long fadvise64(Task t, int fd, long offset, long length, int advice) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (f.inode != null && f.inode.type() == S_IFIFO) return -ESPIPE;
        return length < 0 || advice < 0 || advice > 5 ? -EINVAL : 0;
    }

    /** readahead(2). */
    static long readahead(Task t, int fd, long offset, long count) {
        OpenFile f = t.fds.get(fd);
        if (f == null || !f.isReadable() || (f.flags & O_PATH) != 0) return -EBADF;
        return f.inode == null || !f.inode.isRegular() ? -EINVAL : 0;
    }

    /** cachestat(2). */
    static long cachestat(Task t, int fd, long range, long result, int flags) { return -ENOSYS; }

    // ---- moving data between files
}

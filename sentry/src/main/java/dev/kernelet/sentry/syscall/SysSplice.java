package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.fs.anon.AnonFile;
import dev.kernelet.sentry.fs.pipe.Pipe;
import dev.kernelet.sentry.fs.pipe.PipeFile;
import dev.kernelet.sentry.fs.host.HostFdFile;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * System calls that move data from file to file: sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2). The data
 * passes through the task's window, or lies in a pipe's buffer; it never visits the application.
 */
final class SysSplice {
    private SysSplice() {}

    private static final int SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 0xf;
    private static final int SIGPIPE = 13;
    private static final int READABLE = OpenFile.POLLIN | OpenFile.POLLRDNORM | OpenFile.POLLERR | OpenFile.POLLHUP
            | OpenFile.POLLRDHUP;
    private static final int WRITABLE = OpenFile.POLLOUT | OpenFile.POLLWRNORM | OpenFile.POLLERR | OpenFile.POLLHUP;
    /** Most bytes one call moves: the calls may stop short, and others want the kernel too. */
    private static final long PORTION = 16 << 20;
    /** No position: the file's own offset. */
    private static final long SEQUENTIAL = -1;

    private static OpenFile file(Task t, int fd, boolean writes) {
        OpenFile f = t.fds.get(fd);
        return f == null || (f.flags & O_PATH) != 0 || !(writes ? f.isWritable() : f.isReadable()) ? null : f;
    }

    /** The offset at {@code pointer}: into {@code t.s1} or, for the second one, {@code t.s2}; 0 or -errno. */
    private static long loadOffset(Task t, long pointer) {
        long p = t.mem.in(pointer, 8);
        if (p < 0) return p;
        long at = Memory.getLong(p);
        return at < 0 ? -EINVAL : at;
    }

    // ---- sendfile
    /** sendfile(2). */
    static long sendfile(Task t, int outFd, int inFd, long offset, long count) {
        long at = SEQUENTIAL;
        if (offset != 0) {
            at = loadOffset(t, offset);
            if (at < 0) return at;
        }
        OpenFile in = file(t, inFd, false);
        if (in == null) return -EBADF;
        if (offset != 0 && !in.isSeekable()) return -ESPIPE;
        OpenFile out = file(t, outFd, true);
        if (out == null) return -EBADF;
        if (!in.isSeekable() && out instanceof PipeFile pipe && !(in instanceof PipeFile) && count > 0) {
            int flags = in.isNonblocking() ? SPLICE_F_NONBLOCK : 0;
            long r = fileToPipe(t, in, SEQUENTIAL, pipe, Math.min(count, PORTION), flags);
            if (r == -EPIPE) t.signals.raise(SIGPIPE);
            return r;
        }
        if (!in.isSeekable() || in.inode == null || in.inode.isDirectory()) return -EINVAL;
        if (count < 0 || (out.flags & O_APPEND) != 0 && out.inode != null && out.inode.isRegular()) return -EINVAL;
        long from = at < 0 ? in.position() : at;
        long done = t.s0;
        long r = send(t, in, from, out, Math.min(count, PORTION));
        if (r == Task.BLOCKED) return r;
        done = t.s0;
        if (done == 0 && r < 0) return r;
        if (Notify.active > 0 && done > 0) {
            Notify.file(in, Notify.IN_ACCESS);
            Notify.file(out, Notify.IN_MODIFY);
        }
        if (at < 0) in.position(from + done);
        else if (t.mem.outLong(offset, from + done) < 0) return -EFAULT;
        return done;
    }

    /** Moves bytes on, counting in {@code t.s0}: 0, -errno, or BLOCKED. */
    private static long send(Task t, OpenFile in, long from, OpenFile out, long count) {
        if (out.inode != null && out.inode.isRegular()) {
            count = SysFile.beginWrite(t, out, count, SEQUENTIAL);
            if (count < 0) return count;
        }
        int max = t.mem.dataMax();
        long window = t.mem.dataWindow();
        while (t.s0 < count) {
            long n = in.pread(t, window, Math.min(max, count - t.s0), from + t.s0);
            if (n <= 0) return n;
            for (long moved = 0; moved < n;) {
                long w = out.write(t, window + moved, n - moved);
                if (w == -EPIPE) t.signals.raise(SIGPIPE);
                if (w == -EAGAIN) return waitFor(t, out, WRITABLE, 0);
                if (w <= 0) return w;
                moved += w;
                t.s0 += w;
            }
        }
        return 0;
    }

    private static long waitFor(Task t, OpenFile f, int events, int flags) {
        if (f.isNonblocking() || (flags & SPLICE_F_NONBLOCK) != 0 || f.waitQueue() == null) return -EAGAIN;
        return t.block(f.waitQueue(), events);
    }

    // ---- copy_file_range
    /** copy_file_range(2). */
    static long copy_file_range(Task t, int inFd, long inOffset, int outFd, long outOffset, long count, int flags) {
        OpenFile in = t.fds.get(inFd), out = t.fds.get(outFd);
        if (in == null || out == null || ((in.flags | out.flags) & O_PATH) != 0) return -EBADF;
        long from = in.position(), to = out.position();
        if (inOffset != 0 && (from = loadOffset(t, inOffset)) < 0) return from;
        if (outOffset != 0 && (to = loadOffset(t, outOffset)) < 0) return to;
        if (flags != 0) return -EINVAL;
        if (in.inode == null || out.inode == null) return -EINVAL;
        if (in.inode.isDirectory() || out.inode.isDirectory()) return -EISDIR;
        if (!in.inode.isRegular() || !out.inode.isRegular()) return -EINVAL;
        // The caller's own files (stdio) have an offset that the host shares out: another filesystem, as far as this goes.
        if (in instanceof HostFdFile || out instanceof HostFdFile) return -EXDEV;
        if (file(t, inFd, false) == null || file(t, outFd, true) == null || (out.flags & O_APPEND) != 0) return -EBADF;
        if (count < 0 || from > Long.MAX_VALUE - count || to > Long.MAX_VALUE - count) return -EOVERFLOW;
        // What lies beyond the end does not count when the ranges are compared.
        if (in.inode == out.inode && in.inode.refresh(t) == 0) count = Math.min(count, Math.max(0, in.inode.size - from));
        if (in.inode == out.inode && from < to + count && to < from + count) return -EINVAL;
        if (count == 0) return 0;
        long limit = SysFile.beginWrite(t, out, Math.min(count, PORTION), to);
        if (limit < 0) return limit;
        long done = 0, r = 0;
        int max = t.mem.dataMax();
        long window = t.mem.dataWindow();
        while (done < limit) {
            r = in.pread(t, window, Math.min(max, limit - done), from + done);
            if (r <= 0) break;
            r = out.pwrite(t, window, r, to + done);
            if (r <= 0) break;
            done += r;
        }
        if (done == 0) return r;
        if (Notify.active > 0) {
            Notify.file(in, Notify.IN_ACCESS);
            Notify.file(out, Notify.IN_MODIFY);
        }
        if (inOffset == 0) in.position(from + done);
        else if (t.mem.outLong(inOffset, from + done) < 0) return -EFAULT;
        if (outOffset == 0) out.position(to + done);
        else if (t.mem.outLong(outOffset, to + done) < 0) return -EFAULT;
        return done;
    }

    // ---- splice
    /** splice(2). */
    static long splice(Task t, int inFd, long inOffset, int outFd, long outOffset, long count, int flags) {
        if (count == 0) return 0;
        if ((flags & ~SPLICE_F_ALL) != 0) return -EINVAL;
        OpenFile in = t.fds.get(inFd), out = t.fds.get(outFd);
        if (in == null || out == null || ((in.flags | out.flags) & O_PATH) != 0) return -EBADF;
        boolean fromPipe = in instanceof PipeFile, toPipe = out instanceof PipeFile;
        if (fromPipe && inOffset != 0 || toPipe && outOffset != 0) return -ESPIPE;
        if (!in.isReadable() || !out.isWritable()) return -EBADF;
        if (!fromPipe && !toPipe || out instanceof AnonFile) return -EINVAL;
        if (inOffset != 0 && !in.isSeekable() || outOffset != 0 && !out.isSeekable()) return inOffset != 0 ? -ESPIPE : -EINVAL;
        if (!fromPipe && in.inode != null && in.inode.isDirectory()) return -EINVAL;
        if (!toPipe && (out.flags & O_APPEND) != 0 && out.inode != null && out.inode.isRegular()) return -EINVAL;
        long pointer = inOffset != 0 ? inOffset : outOffset, at = SEQUENTIAL;
        if (pointer != 0) {
            at = loadOffset(t, pointer);
            if (at < 0) return at;
        }
        count = count < 0 ? PORTION : Math.min(count, PORTION);
        long r;
        if (fromPipe && toPipe) r = pipeToPipe(t, (PipeFile) in, (PipeFile) out, count, flags, true);
        else if (fromPipe) r = pipeToFile(t, (PipeFile) in, out, at, count, flags);
        else r = fileToPipe(t, in, at, (PipeFile) out, count, flags);
        if (r == -EPIPE) t.signals.raise(SIGPIPE);
        if (r <= 0) return r;
        if (Notify.active > 0) {
            Notify.file(in, Notify.IN_ACCESS);
            Notify.file(out, Notify.IN_MODIFY);
        }
        return pointer != 0 && t.mem.outLong(pointer, at + r) < 0 ? -EFAULT : r;
    }

    /** Bytes that can be moved on into the pipe; or EPIPE, EAGAIN, BLOCKED. */
    private static long room(Task t, PipeFile out, int flags) {
        Pipe p = out.pipe;
        if (!p.hasReaders()) return -EPIPE;
        return p.room() > 0 ? p.room() : waitFor(t, out, WRITABLE, flags);
    }

    /** Bytes in the pipe; 0 at its end; or EAGAIN, BLOCKED. */
    private static long available(Task t, PipeFile in, int flags) {
        Pipe p = in.pipe;
        if (p.used() > 0) return p.used();
        return p.hasWriters() ? waitFor(t, in, READABLE, flags) : 0;
    }

    private static long pipeToPipe(Task t, PipeFile in, PipeFile out, long count, int flags, boolean takes) {
        if (in.pipe == out.pipe) return -EINVAL;
        long n = available(t, in, flags);
        if (n < 0) return n;
        // At the end of the one, too, the other is looked at.
        long room = n == 0 && out.pipe.hasReaders() ? 0 : room(t, out, flags);
        if (room <= 0 || n == 0) return room < 0 ? room : 0;
        int m = (int) Math.min(Math.min(n, room), Math.min(count, t.mem.dataMax()));
        long window = t.mem.dataWindow();
        long got = takes ? in.read(t, window, m) : in.pipe.peek(window, 0, m);
        return got <= 0 ? got : out.pipe.write(window, (int) got);
    }

    private static long pipeToFile(Task t, PipeFile in, OpenFile out, long at, long count, int flags) {
        if (out.inode != null && out.inode.isRegular()) {
            count = SysFile.beginWrite(t, out, count, at);
            if (count < 0) return count;
        }
        long done = 0;
        while (done < count) {
            Pipe p = in.pipe;
            if (p.used() == 0) return done > 0 ? done : available(t, in, flags);
            if (p.hasPackets()) return done > 0 ? done : packetToFile(t, in, out, at, count);
            int n = (int) Math.min(p.contiguous(), count - done);
            long w = at < 0 ? out.write(t, p.readAddress(), n) : out.pwrite(t, p.readAddress(), n, at + done);
            if (w == -EAGAIN) return done > 0 ? done : waitFor(t, out, WRITABLE, 0);
            if (w <= 0) return done > 0 ? done : w;
            p.consume((int) w);
            done += w;
        }
        return done;
    }

    private static long packetToFile(Task t, PipeFile in, OpenFile out, long at, long count) {
        long window = t.mem.dataWindow();
        int most = (int) Math.min(count, t.mem.dataMax());
        long n = in.pipe.peek(window, 0, most);
        if (n <= 0) return n;
        long w = at < 0 ? out.write(t, window, n) : out.pwrite(t, window, n, at);
        // Only what has been written is gone from the pipe.
        return w <= 0 ? w : Math.min(w, in.read(t, window, most));
    }

    private static long fileToPipe(Task t, OpenFile in, long at, PipeFile out, long count, int flags) {
        long done = 0;
        long window = t.mem.dataWindow();
        while (done < count) {
            long room = done > 0 ? out.pipe.room() : room(t, out, flags);
            if (room <= 0) return done > 0 ? done : room;
            if (in instanceof AnonFile) return -EINVAL;
            long n = Math.min(Math.min(room, count - done), t.mem.dataMax());
            n = at < 0 ? in.read(t, window, n) : in.pread(t, window, n, at + done);
            // Of files only sockets look at the flag.
            if (n == -EAGAIN) return done > 0 ? done : waitFor(t, in, READABLE, isSocket(in) ? flags : 0);
            if (n <= 0) return done > 0 ? done : n;
            out.pipe.write(window, (int) n);
            done += n;
            // What comes in packets or slowly is passed on at once.
            if (!in.isSeekable()) break;
        }
        return done;
    }

    private static boolean isSocket(OpenFile f) { return f.inode != null && f.inode.type() == Stat.S_IFSOCK; }

    /** tee(2). */
    static long tee(Task t, int inFd, int outFd, long count, int flags) {
        if ((flags & ~SPLICE_F_ALL) != 0) return -EINVAL;
        if (count == 0) return 0;
        OpenFile in = file(t, inFd, false), out = file(t, outFd, true);
        if (in == null || out == null) return -EBADF;
        if (!(in instanceof PipeFile from) || !(out instanceof PipeFile to)) return -EINVAL;
        long r = pipeToPipe(t, from, to, count < 0 ? PORTION : count, flags, false);
        if (r == -EPIPE) t.signals.raise(SIGPIPE);
        return r;
    }

    /** vmsplice(2): pages are copied, which the caller cannot tell from pages given. */
    static long vmsplice(Task t, int fd, long iov, long count, int flags) {
        if ((flags & ~SPLICE_F_ALL) != 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (!(f instanceof PipeFile)) return -EBADF;
        if (count < 0 || count > 1024) return -EINVAL;
        int rwf = (flags & SPLICE_F_NONBLOCK) != 0 ? RWF_NOWAIT : 0;
        return SysFile.vector(t, fd, iov, (int) count, SEQUENTIAL, rwf, f.isWritable());
    }
}

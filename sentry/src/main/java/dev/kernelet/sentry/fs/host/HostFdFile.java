package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Signal.SIGXFSZ;
import static dev.kernelet.abi.Stat.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Reactor;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/**
 * A descriptor the sandbox was given. Regular files are read and written without a position, so that the
 * offset and O_APPEND are the host's, shared with whoever else has the description open.
 *
 * <p>The description is shared with other processes, so O_NONBLOCK must not be set on it: it would make their
 * reads fail. Instead each call is told not to wait: MSG_DONTWAIT for sockets, RWF_NOWAIT for pipes (Linux
 * 6.4). Where neither is known (terminals, older kernels) readiness is asked first; such a write is kept to
 * what poll(2) promises. Kernel lock.
 */
public final class HostFdFile extends OpenFile {
    private static final int MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;
    private static final int PIPE_BUF = 4096;
    private static final int TCGETS = 0x5401, TCSETSF = 0x5404, TCSBRK = 0x5409, TCFLSH = 0x540b,
            TIOCOUTQ = 0x5411, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, FIONREAD = 0x541b,
            TCGETS2 = 0x802c542a, TCSETSF2 = 0x402c542d;

    private final HostFdInode node;
    private final int fd;
    private final int type;
    private final boolean isTerminal;
    /** RWF_NOWAIT is of no use here. */
    private boolean asksFirst;
    /** A regular file opened anew inside (/dev/stdout): a description of its own, so the offset is ours. */
    private final boolean ownsOffset;
    private Reactor.Watch watch;
    private boolean isAlwaysReady;
    /** A FIFO opened for reading that no writer has opened yet: its end of file is none (fifo(7)). */
    private boolean awaitsWriter;
    private Path shownAt;

    HostFdFile(HostFdInode node, int flags, boolean isReopened) {
        super(node, flags);
        this.node = node;
        this.fd = node.fd;
        this.type = node.mode & S_IFMT;
        ownsOffset = isReopened && type == S_IFREG;
        isAlwaysReady = type == S_IFREG || type == S_IFDIR || type == S_IFBLK;
        long p = Memory.allocate(64);
        isTerminal = type == S_IFCHR && HostCall.call(IOCTL, fd, TCGETS, p) == 0;
        Memory.free(p);
        asksFirst = type == S_IFCHR;
    }

    /**
     * A FIFO of the host: null when it is none; else the open file, or null with t.error. Opening for
     * reading does not wait for a writer, the first read does; without a reader opening for writing fails
     * (ENXIO), also when it should wait.
     */
    public static OpenFile fifo(Task t, Inode inode, int flags) {
        long fd = inode.openHostFifo(flags & O_ACCMODE);
        t.error = (int) fd;
        if (fd < 0) return null;
        OpenFile f = HostFdInode.open(t.kernel, (int) fd);
        f.flags = f.flags & ~O_NONBLOCK | flags & O_NONBLOCK;
        ((HostFdFile) f).awaitsWriter = (flags & O_ACCMODE) == 0;
        return f;
    }

    public boolean isTerminal() { return isTerminal; }

    public int hostDescriptor() { return fd; }

    @Override
    protected void release(Task t) {
        if (watch != null) Reactor.of(node.kernel).remove(watch);
        if (shownAt != null) shownAt.dentry.holds--;
    }

    // ---- data
    @Override
    public long read(Task t, long address, long length) {
        if (ownsOffset) return super.read(t, address, length);
        if (isAlwaysReady) return HostCall.call(READ, fd, address, length);
        long n;
        if (type == S_IFSOCK) {
            n = HostCall.call(RECVFROM, fd, address, length, MSG_DONTWAIT, 0, 0);
        } else if (!asksFirst) {
            n = HostCall.call(PREADV2, fd, node.iovec(address, length), 1, -1, 0, RWF_NOWAIT);
            if (n == -EOPNOTSUPP) {
                asksFirst = true;
                return read(t, address, length);
            }
        } else {
            n = (ask(POLLIN) & (POLLIN | POLLERR | POLLHUP)) == 0 ? -EAGAIN
                    : HostCall.call(READ, fd, address, length);
        }
        if (n == 0 && length > 0 && awaitsWriter && !isNonblocking()
                && (ask(POLLIN) & POLLHUP) == 0) n = -EAGAIN;
        if (n == -EAGAIN) arm(POLLIN | POLLRDHUP);
        else if (n > 0) awaitsWriter = false;
        return n;
    }

    @Override
    public long write(Task t, long address, long length) {
        if (ownsOffset && (flags & O_APPEND) == 0) return super.write(t, address, length); // by pwrite
        length = allowed(t, length);
        return length < 0 ? length : wrote(writeNow(t, address, length));
    }

    /**
     * What of it the sandbox may still put out (--output-limit); -EFBIG and SIGXFSZ as for a file that is too
     * large.
     */
    private long allowed(Task t, long length) {
        long limit = node.kernel.options.outputLimit;
        if (limit == 0 || length == 0) return length;
        long left = limit - node.kernel.outputBytes;
        if (left > 0) return Math.min(length, left);
        t.signals.raise(SIGXFSZ);
        return -EFBIG;
    }

    private long wrote(long n) {
        if (n > 0) node.kernel.outputBytes += n;
        return n;
    }

    private long writeNow(Task t, long address, long length) {
        if (isAlwaysReady) {
            // O_APPEND set by F_SETFL inside is not the host's business.
            if ((flags & O_APPEND) == 0) return HostCall.call(WRITE, fd, address, length);
            return HostCall.call(PWRITEV2, fd, node.iovec(address, length), 1, -1, 0, RWF_APPEND);
        }
        long n;
        if (type == S_IFSOCK) {
            n = HostCall.call(SENDTO, fd, address, length, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
        } else if (!asksFirst) {
            n = HostCall.call(PWRITEV2, fd, node.iovec(address, length), 1, -1, 0, RWF_NOWAIT);
            if (n == -EOPNOTSUPP) {
                asksFirst = true;
                return writeNow(t, address, length);
            }
        } else if ((ask(POLLOUT) & (POLLOUT | POLLERR | POLLHUP)) == 0) {
            n = -EAGAIN;
        } else if (isTerminal) {
            // Output may be stopped at any byte (^S).
            n = slowCall(t, WRITE, fd, address, length);
        } else {
            n = HostCall.call(WRITE, fd, address, type == S_IFIFO ? Math.min(length, PIPE_BUF) : length);
        }
        if (n == -EAGAIN) arm(POLLOUT);
        return n;
    }

    @Override
    public long pread(Task t, long address, long length, long position) {
        return isAlwaysReady ? HostCall.call(PREAD64, fd, address, length, position) : -ESPIPE;
    }

    @Override
    public long pwrite(Task t, long address, long length, long position) {
        if (!isAlwaysReady) return -ESPIPE;
        length = allowed(t, length);
        return length < 0 ? length : wrote(HostCall.call(PWRITE64, fd, address, length, position));
    }

    @Override
    public boolean isSeekable() { return isAlwaysReady || type == S_IFCHR && !isTerminal; }

    @Override
    public boolean isPacketLike() { return isTerminal || type == S_IFSOCK || type == 0; }

    @Override
    public long lseek(Task t, long off, int whence) {
        if (!isSeekable()) return -ESPIPE;
        if (ownsOffset) return super.lseek(t, off, whence);
        long r = HostCall.call(LSEEK, fd, off, whence);
        if (r >= 0) offset = r;
        return r;
    }

    @Override
    public long position() {
        if (ownsOffset) return super.position();
        long at = isSeekable() ? HostCall.call(LSEEK, fd, 0, 1) : 0;
        return at < 0 ? 0 : at;
    }

    @Override
    public void position(long at) {
        if (ownsOffset) super.position(at);
        else HostCall.call(LSEEK, fd, at, 0);
    }

    @Override
    public long readdir(Task t, DirectorySink sink) { return -ENOTDIR; }

    @Override
    public long fsync(Task t, boolean dataOnly) {
        return slowCall(t, dataOnly ? FDATASYNC : FSYNC, fd, 0, 0);
    }

    @Override
    public long fallocate(Task t, int mode, long position, long length) {
        return type == S_IFREG ? HostCall.call(FALLOCATE, fd, mode, position, length) : -ESPIPE;
    }

    @Override
    public long mapDescriptor(Task t, boolean shared, boolean writable) {
        return type == S_IFREG ? fd : -ENODEV;
    }

    // ---- readiness
    /** poll(2) without waiting. */
    private int ask(int conditions) {
        return Reactor.ask(node.iovec(0, 0), fd, conditions);
    }

    private void arm(int conditions) {
        Reactor reactor = Reactor.of(node.kernel);
        if (watch == null) watch = reactor.watch(fd);
        if (reactor.arm(watch, conditions) == -EPERM) isAlwaysReady = true;
    }

    @Override
    public int poll(Task t) {
        if (isAlwaysReady) return super.poll(t);
        int now = ask(Reactor.wanted(this)), missing = Reactor.missing(this, now);
        if (missing != 0) arm(missing);
        return now;
    }

    @Override
    public WaitQueue waitQueue() {
        if (isAlwaysReady) return null;
        if (watch == null) {
            arm(0);
            if (isAlwaysReady) return null;
        }
        return watch.queue;
    }

    // ---- terminals
    @Override
    public long ioctl(Task t, int request, long argument) {
        int size = switch (request) {
            case TCGETS -> 36;
            case TCGETS2 -> 44;
            case TIOCGWINSZ -> 8;
            case FIONREAD, TIOCOUTQ -> 4;
            default -> 0;
        };
        if (size != 0) {
            long p = t.mem.scratch(size);
            long r = HostCall.call(IOCTL, fd, request, p);
            return r < 0 ? r : t.mem.out(argument, p, size);
        }
        if (!isTerminal) return -ENOTTY;
        if (request >= TCGETS + 1 && request <= TCSETSF) size = 36;
        else if (request > 0x402c542a && request <= TCSETSF2 || request == 0x402c542b) size = 44;
        else if (request == TIOCSWINSZ) size = 8;
        if (size != 0) {
            long p = t.mem.in(argument, size);
            return p < 0 ? p : slowIoctl(t, request, p);
        }
        return request >= TCSBRK && request <= TCFLSH ? slowIoctl(t, request, argument) : -ENOTTY;
    }

    /** Those that may wait for output to drain. */
    private long slowIoctl(Task t, int request, long argument) {
        return slowCall(t, IOCTL, fd, Integer.toUnsignedLong(request), argument);
    }

    /** A name under which the same file is to be found inside; null: none. */
    public void showAt(Path p) {
        shownAt = p;
        if (p != null) p.dentry.holds++;
    }

    @Override
    public Path shownAt() { return shownAt != null ? shownAt : path; }

    @Override
    public String describe() {
        return switch (type) {
            case S_IFIFO -> "pipe:[" + node.ino + "]";
            case S_IFSOCK -> "socket:[" + node.ino + "]";
            case S_IFCHR -> isTerminal ? "/dev/tty" : (int) node.rdev == 0x103 ? "/dev/null" : "/dev/char";
            default -> "host:[" + node.ino + "]";
        };
    }
}

package dev.kernelet.sentry.fs.pipe;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/** An end of a pipe, or of a FIFO (both ends when opened O_RDWR). Kernel lock. */
public final class PipeFile extends OpenFile {
    private static final int O_NONBLOCK = 0x800, O_DIRECT = 0x4000;
    private static final int FIONREAD = 0x541b;

    public final Pipe pipe;

    private PipeFile(Inode inode, Pipe pipe, int flags) {
        super(inode, flags);
        this.pipe = pipe;
        if (isReadable()) {
            pipe.readers++;
            pipe.readerOpens++;
        }
        if (isWritable()) {
            pipe.writers++;
            pipe.writerOpens++;
        }
    }

    /** pipe2(2): reader and writer. */
    public static PipeFile[] create(Task t, int flags) {
        var pipe = new Pipe();
        var inode = new PipeInode(t, pipe);
        int status = flags & (O_NONBLOCK | O_DIRECT);
        return new PipeFile[] {new PipeFile(inode, pipe, status), new PipeFile(inode, pipe, status | 1)};
    }

    /** A half-open FIFO that a blocked open(2) keeps in its task. */
    private record PendingOpen(PipeFile file, int peerOpens) implements Task.Cleanup {
        @Override
        public void cleanup(Task t) { file.put(t); }
    }

    /**
     * fifo(7): opening for reading waits for a writer and the other way round. Null with t.error, which may
     * be Task.BLOCKED's stand-in: {@code t.error == 0} means the task is to block (the caller returns
     * t.block()).
     */
    public static OpenFile openFifo(Task t, Inode inode, Path path, int flags) {
        if (t.so instanceof PendingOpen p) return resume(t, p);
        var pipe = (Pipe) inode.fifo;
        int access = flags & 3;
        if (access == 3) {
            t.error = -EINVAL;
            return null;
        }
        if (!(inode instanceof PipeInode) && access == 1 && (flags & O_NONBLOCK) != 0
                && (pipe == null || pipe.readers == 0)) {
            t.error = -ENXIO;
            return null;
        }
        if (pipe == null) inode.fifo = pipe = new Pipe();
        var file = new PipeFile(inode, pipe, flags & ~(O_DIRECT | 0x3c0));
        file.path = path;
        pipe.queue.wakeAll(~0);
        // Only a FIFO waits for its other end; a pipe opened anew through /proc/PID/fd does not.
        boolean waits = !(inode instanceof PipeInode)
                && (access == 0 && pipe.writers == 0 && (flags & O_NONBLOCK) == 0
                || access == 1 && pipe.readers == 0);
        if (!waits) return file;
        var pending = new PendingOpen(file, access == 0 ? pipe.writerOpens : pipe.readerOpens);
        t.so = pending;
        t.waitOn(pipe.queue, ~0, false);
        t.error = 0;
        return null;
    }

    private static OpenFile resume(Task t, PendingOpen p) {
        Pipe pipe = p.file.pipe;
        boolean reads = p.file.isReadable();
        if (p.peerOpens != (reads ? pipe.writerOpens : pipe.readerOpens)) {
            t.so = null;
            return p.file;
        }
        t.waitOn(pipe.queue, ~0, false);
        t.error = 0;
        return null;
    }

    @Override
    protected void release(Task t) {
        if (isReadable()) pipe.readers--;
        if (isWritable()) pipe.writers--;
        if (pipe.readers == 0 && pipe.writers == 0) {
            pipe.free();
            if (inode.fifo == pipe) inode.fifo = null;
        }
        pipe.queue.wakeAll(POLLHUP | POLLERR | POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    }

    @Override
    public long read(Task t, long address, long length) {
        if (!isReadable()) return -EBADF;
        if (length == 0) return 0;
        if (pipe.used() == 0) return pipe.writers == 0 ? 0 : -EAGAIN;
        int n = pipe.read(address, (int) Math.min(length, Integer.MAX_VALUE));
        // One reader was woken for what is there: what is left is for the next one.
        if (pipe.used() > 0 && !t.isFirstRun()) pipe.queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    @Override
    public long write(Task t, long address, long length) {
        if (!isWritable()) return -EBADF;
        if (pipe.readers == 0) return -EPIPE;
        if (length == 0) return 0;
        int n = (int) Math.min(length, Integer.MAX_VALUE);
        if ((flags & O_DIRECT) != 0) {
            int packet = Math.min(n, Pipe.PIPE_BUF);
            return pipe.putPacket(address, packet) ? packet : -EAGAIN;
        }
        // Up to PIPE_BUF bytes go in as a whole or not at all (pipe(7)).
        if (n <= Pipe.PIPE_BUF && pipe.room() < n) return -EAGAIN;
        return pipe.write(address, n);
    }

    @Override
    public boolean isSeekable() { return false; }

    @Override
    public int poll(Task t) {
        int events = 0;
        if (isReadable()) {
            if (pipe.used() > 0) events |= POLLIN | POLLRDNORM;
            // A FIFO that never had a writer is not hung up.
            if (pipe.writers == 0 && pipe.writerOpens > 0) events |= POLLHUP;
        }
        if (isWritable()) {
            if (pipe.room() >= Pipe.PIPE_BUF) events |= POLLOUT | POLLWRNORM;
            if (pipe.readers == 0) events |= POLLERR;
        }
        return events;
    }

    @Override
    public WaitQueue waitQueue() { return pipe.queue; }

    @Override
    public long ioctl(Task t, int request, long argument) {
        return request == FIONREAD ? t.mem.outInt(argument, pipe.used()) : -ENOTTY;
    }

    /** F_GETPIPE_SZ and F_SETPIPE_SZ. */
    public long capacity() { return pipe.capacity(); }

    public long setCapacity(Task t, long bytes) {
        return pipe.setCapacity(bytes, t.cred.capable(Credentials.CAP_SYS_RESOURCE));
    }

    @Override
    public long fsync(Task t, boolean dataOnly) { return -EINVAL; }

    @Override
    public long truncate(Task t, long size) { return -EINVAL; }

    @Override
    public String describe() { return "pipe:[" + inode.ino + "]"; }

    /** The inode of an anonymous pipe. /proc/PID/fd opens it anew. */
    private static final class PipeInode extends Inode {
        PipeInode(Task t, Pipe pipe) {
            super(Pipe.FILESYSTEM);
            ino = Pipe.FILESYSTEM.nextIno++;
            mode = 0x1000 | 0600;
            uid = t.cred.fsuid;
            gid = t.cred.fsgid;
            fifo = pipe;
            atime = mtime = ctime = t.kernel.realtime();
        }

        @Override
        public OpenFile open(Task t, Path path, int flags) { return openFifo(t, this, path, flags); }

        @Override
        public long setattr(Task t, int newMode, int newUid, int newGid) {
            return putAttributes(t.kernel.realtime(), newMode, newUid, newGid);
        }

        @Override
        public long setTimes(Task t, long newAtime, long newMtime) {
            return putTimes(t.kernel.realtime(), newAtime, newMtime);
        }
    }

    /** For splice(2): what a native address range holds goes into the pipe as far as it fits. */
    public long put(long source, int length) { return pipe.write(source, length); }

}

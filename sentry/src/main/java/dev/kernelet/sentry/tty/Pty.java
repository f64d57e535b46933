package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/**
 * A pseudo-terminal (pty(7)): a master that plays the keyboard and screen, and a slave that programs use.
 * Kernel lock.
 */
public final class Pty extends Terminal implements LineDiscipline.Sink {
    private static final int OUTPUT_MAX = 64 << 10;
    /** Bits of the control byte in packet mode (ioctl_tty(2)). */
    private static final int PKT_FLUSHREAD = 1, PKT_FLUSHWRITE = 2, PKT_STOP = 4, PKT_START = 8,
            PKT_NOSTOP = 16, PKT_DOSTOP = 32;
    private static final int TTYAUX_PTS_MAJOR = 136, SIGWINCH = 28;

    final DevPts fs;
    public final int index;
    private final LineDiscipline discipline = new LineDiscipline(termios, this);
    private final WaitQueue masterQueue = new WaitQueue(), slaveQueue = new WaitQueue();
    private final byte[] output = new byte[OUTPUT_MAX];
    private int outHead, outCount;
    private boolean isStopped, isLocked = true, isPacket;
    private int packetStatus;
    private int slaves;
    private boolean hadSlave, isMasterClosed;

    Pty(DevPts fs, int index) {
        this.fs = fs;
        this.index = index;
    }

    @Override
    public int deviceNumber() { return TTYAUX_PTS_MAJOR << 8 | index & 0xff | (index & ~0xff) << 12; }

    void unlock() { isLocked = false; }

    void resize(long size) {
        if (size == winsize) return;
        winsize = size;
        signalForeground(SIGWINCH);
    }

    // ---- LineDiscipline.Sink
    @Override
    public int room() { return OUTPUT_MAX - outCount; }

    @Override
    public void put(int c) {
        output[outHead + outCount++ & OUTPUT_MAX - 1] = (byte) c;
    }

    @Override
    public void signal(int signo) { signalForeground(signo); }

    @Override
    public void changed() {
        if (discipline.isReadable()) slaveQueue.wake(OpenFile.POLLIN | OpenFile.POLLRDNORM);
        if (outCount > 0 && !isStopped) masterQueue.wake(OpenFile.POLLIN | OpenFile.POLLRDNORM);
    }

    @Override
    public void flow(boolean stop) { setStopped(stop); }

    @Override
    public void flushOutput() {
        flush(false, true);
        masterQueue.wake(OpenFile.POLLOUT | OpenFile.POLLWRNORM); // input is gone, too
    }

    // ---- Terminal
    @Override
    protected void setStopped(boolean stop) {
        if (isStopped == stop) return;
        isStopped = stop;
        packetStatus = packetStatus & ~(PKT_STOP | PKT_START) | (stop ? PKT_STOP : PKT_START);
        if (!stop) {
            slaveQueue.wake(OpenFile.POLLOUT | OpenFile.POLLWRNORM);
            masterQueue.wake(OpenFile.POLLIN | OpenFile.POLLRDNORM);
        }
        if (isPacket) masterQueue.wake(OpenFile.POLLPRI | OpenFile.POLLIN);
    }

    @Override
    protected void flush(boolean input, boolean out) {
        if (input) {
            discipline.flushInput();
            packetStatus |= PKT_FLUSHREAD;
            masterQueue.wake(OpenFile.POLLOUT | OpenFile.POLLWRNORM);
        }
        if (out) {
            outHead = outCount = 0;
            packetStatus |= PKT_FLUSHWRITE;
            slaveQueue.wake(OpenFile.POLLOUT | OpenFile.POLLWRNORM);
        }
        if (isPacket) masterQueue.wake(OpenFile.POLLPRI | OpenFile.POLLIN);
    }

    @Override
    protected void termiosChanged(Task t, boolean wasCanonical, int request) {
        discipline.modeChanged(wasCanonical);
        boolean usesFlow = (termios.iflag & Termios.IXON) != 0;
        if (!usesFlow) setStopped(false);
        if (isPacket) {
            int now = usesFlow && termios.is(Termios.VSTOP, 19) && termios.is(Termios.VSTART, 17)
                    ? PKT_DOSTOP : PKT_NOSTOP;
            packetStatus = packetStatus & ~(PKT_DOSTOP | PKT_NOSTOP) | now;
            masterQueue.wake(OpenFile.POLLPRI | OpenFile.POLLIN);
        }
        slaveQueue.wake(OpenFile.POLLIN | OpenFile.POLLRDNORM);
    }

    @Override
    protected OpenFile openAgain(Task t, Inode node, Path path, int flags) {
        return openSlave(t, node, path, flags | 0x100);
    }

    OpenFile openMaster(Inode inode, Path path, int flags) { return new Master(inode, path, flags); }

    /** Opens the slave side; null with t.error. */
    OpenFile openSlave(Task t, Inode inode, Path path, int flags) {
        if (isLocked || isMasterClosed) {
            t.error = -EIO;
            return null;
        }
        var file = new Slave(inode, path, flags);
        slaves++;
        hadSlave = true;
        openedBy(t, flags);
        masterQueue.wake(OpenFile.POLLOUT);
        return file;
    }

    /** The side of the terminal emulator. */
    private final class Master extends OpenFile {
        Master(Inode inode, Path path, int flags) {
            super(inode, flags & ~0x3c0);
            this.path = path;
        }

        @Override
        public int rwFlags(boolean writes) { return RWF_ANYWHERE; }

        @Override
        protected void release(Task t) {
            isMasterClosed = true;
            fs.remove(Pty.this);
            discipline.flushInput(); // what nobody has read yet is nobody's (tty_vhangup, n_tty_flush_buffer)
            hangup();
            slaveQueue.wakeAll(~0);
        }

        @Override
        public long read(Task t, long address, long length) {
            if (length == 0) return 0;
            if (isPacket && packetStatus != 0) {
                Memory.putByte(address, (byte) packetStatus);
                packetStatus = 0;
                return 1;
            }
            int skip = isPacket ? 1 : 0;
            if (outCount == 0 || isStopped) return hadSlave && slaves == 0 && outCount == 0 ? -EIO : -EAGAIN;
            int n = (int) Math.min(length - skip, outCount);
            if (skip == 1) Memory.putByte(address, (byte) 0);
            for (int i = 0; i < n; i++)
                Memory.putByte(address + skip + i, output[outHead + i & OUTPUT_MAX - 1]);
            outHead = outHead + n & OUTPUT_MAX - 1;
            outCount -= n;
            slaveQueue.wake(OpenFile.POLLOUT | OpenFile.POLLWRNORM);
            return n + skip;
        }

        @Override
        public long write(Task t, long address, long length) {
            if (length == 0) return 0;
            int n = discipline.receive(address, (int) Math.min(length, 4096));
            return n == 0 ? -EAGAIN : n;
        }

        @Override
        public boolean isSeekable() { return false; }

        @Override
        public int poll(Task t) {
            int events = discipline.hasRoom() ? POLLOUT | POLLWRNORM : 0;
            if (outCount > 0 && !isStopped) events |= POLLIN | POLLRDNORM;
            if (isPacket && packetStatus != 0) events |= POLLPRI | POLLIN | POLLRDNORM;
            if (hadSlave && slaves == 0) events |= POLLHUP;
            return events;
        }

        @Override
        public WaitQueue waitQueue() { return masterQueue; }

        @Override
        public long ioctl(Task t, int request, long argument) {
            switch (request) {
                case TIOCGPTN -> { return t.mem.outInt(argument, index); }
                case TIOCSPTLCK -> {
                    long p = t.mem.in(argument, 4);
                    if (p < 0) return p;
                    isLocked = Memory.getInt(p) != 0;
                    return 0;
                }
                case TIOCGPTLCK -> { return t.mem.outInt(argument, isLocked ? 1 : 0); }
                case TIOCPKT -> {
                    long p = t.mem.in(argument, 4);
                    if (p < 0) return p;
                    isPacket = Memory.getInt(p) != 0;
                    packetStatus = 0;
                    return 0;
                }
                case TIOCGPKT -> { return t.mem.outInt(argument, isPacket ? 1 : 0); }
                case TIOCGPTPEER -> { return openPeer(t, (int) argument); }
                case TIOCSIG -> {
                    if (argument < 1 || argument > 64) return -EINVAL;
                    signalForeground((int) argument);
                    return 0;
                }
                case FIONREAD -> { return t.mem.outInt(argument, isStopped ? 0 : outCount); }
                case TIOCOUTQ -> { return t.mem.outInt(argument, 0); }
                default -> { return Pty.this.ioctl(t, this, request, argument, true); }
            }
        }

        private long openPeer(Task t, int flags) {
            Path place = fs.place(t, Pty.this, path);
            OpenFile slave = openSlave(t, fs.inode(index), place, flags & ~0x80000 | 0x100);
            return slave == null ? t.error : t.fds.install(t, slave, (flags & 0x80000) != 0);
        }

        @Override
        public String fdinfo(Task t) { return "tty-index:\t" + index + "\n"; }

        @Override
        public String describe() { return "/dev/ptmx"; }
    }

    /** The side of the programs. */
    private final class Slave extends OpenFile implements TerminalFile {
        Slave(Inode inode, Path path, int flags) {
            super(inode, flags & ~0x3c0);
            this.path = path;
        }

        @Override
        public int rwFlags(boolean writes) { return RWF_ANYWHERE; }

        @Override
        public Terminal terminal() { return Pty.this; }

        @Override
        public OpenFile reopen(Task t, int flags) { return openSlave(t, inode, path, flags); }

        @Override
        protected void release(Task t) {
            if (--slaves == 0) masterQueue.wakeAll(POLLHUP | POLLIN);
        }

        @Override
        public long read(Task t, long address, long length) {
            long r = checkRead(t);
            if (r < 0) return r;
            if (length == 0) return 0;
            if (!termios.has(Termios.ICANON)) return readRaw(t, address, (int) Math.min(length, 1 << 16));
            if (discipline.isReadable()) {
                int n = discipline.read(address, (int) Math.min(length, 1 << 16));
                masterQueue.wake(POLLOUT | POLLWRNORM);
                return n;
            }
            return isMasterClosed ? 0 : -EAGAIN;
        }

        /** The four cases of MIN and TIME (termios(3)). */
        private long readRaw(Task t, long address, int length) {
            int min = termios.cc[Termios.VMIN] & 0xff, tenths = termios.cc[Termios.VTIME] & 0xff;
            int there = discipline.available();
            int wanted = Math.min(Math.max(min, min == 0 ? 0 : 1), length);
            boolean isEnough = min == 0 ? there > 0 : there >= wanted;
            if (!isEnough && !isMasterClosed) {
                if (min == 0 && tenths == 0) return 0;
                if (isNonblocking()) return there > 0 ? discipline.read(address, length) : -EAGAIN;
                if (tenths == 0) return -EAGAIN;
                if (min > 0 && there == 0) return -EAGAIN;
                // With MIN the timer runs from byte to byte: a longer buffer than at the last look starts it
                // anew.
                if (t.isTimedOut()) return there > 0 ? discipline.read(address, length) : 0;
                t.setDeadline(t.kernel.now() + tenths * 100_000_000L);
                return -EAGAIN;
            }
            int n = discipline.read(address, length);
            masterQueue.wake(POLLOUT | POLLWRNORM);
            return n;
        }

        @Override
        public long write(Task t, long address, long length) {
            long r = checkWrite(t);
            if (r < 0) return r;
            if (isMasterClosed) return -EIO;
            if (length == 0) return 0;
            if (isStopped) return -EAGAIN;
            int n = discipline.write(address, (int) Math.min(length, 1 << 16));
            if (outCount > 0) masterQueue.wake(POLLIN | POLLRDNORM);
            return n == 0 ? -EAGAIN : n;
        }

        @Override
        public boolean isSeekable() { return false; }

        @Override
        public boolean isPacketLike() { return true; }

        @Override
        public int poll(Task t) {
            int events = 0;
            if (isMasterClosed) return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
            if (discipline.isReadable()) events |= POLLIN | POLLRDNORM;
            if (room() >= 8 && !isStopped) events |= POLLOUT | POLLWRNORM;
            return events;
        }

        @Override
        public WaitQueue waitQueue() { return slaveQueue; }

        @Override
        public long ioctl(Task t, int request, long argument) {
            if (isMasterClosed) return -EIO;
            if (request == FIONREAD) return t.mem.outInt(argument, discipline.readable());
            if (request == TIOCOUTQ) return t.mem.outInt(argument, outCount);
            return Pty.this.ioctl(t, this, request, argument, false);
        }

        @Override
        public String describe() { return "/dev/pts/" + index; }
    }
}

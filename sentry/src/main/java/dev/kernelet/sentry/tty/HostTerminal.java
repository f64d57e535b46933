package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.ProcessGroup;
import dev.kernelet.sentry.kernel.Reactor;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.DeviceTable;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/**
 * The caller's own terminal. Settings, line discipline and window size stay the host's, so that programs
 * outside can share it and nothing has to be put back at the end; sessions and foreground groups are the
 * Sentry's, laid over the one group that the host sees (this process's). A process inside is in the
 * foreground when its group is the Sentry's foreground group and this process is in the host's. The host's
 * signals (^C, ^Z, window size) reach us as its foreground group and are passed on to the Sentry's ({@code
 * Kernel.signalInit}).
 *
 * <p>Reads and writes go through an open file description of our own with O_NONBLOCK, for the caller's may
 * not be changed. Kernel lock.
 */
public final class HostTerminal extends Terminal implements DeviceTable.Driver {
    private static final int POLLIN = OpenFile.POLLIN, POLLOUT = OpenFile.POLLOUT;
    private static final int O_RDWR = 2, O_NOCTTY = 0x100, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

    private final Kernel kernel;
    private final int fd;
    private final int device;
    /** It is this process's controlling terminal. */
    private final boolean isControlling;
    /** The description is the caller's, without O_NONBLOCK: ask before each call. */
    private final boolean isShared;
    private final long buffer = Memory.allocate(64);
    private Reactor.Watch watch;

    private HostTerminal(Kernel kernel, int fd, int device, boolean isControlling, boolean isShared) {
        this.kernel = kernel;
        this.fd = fd;
        this.device = device;
        this.isControlling = isControlling;
        this.isShared = isShared;
    }

    // ---- finding it
    /** The controlling terminal of this process, through /dev/tty; null when there is none. */
    public static HostTerminal controlling(Kernel k) {
        int fd = open("/dev/tty\0");
        if (fd < 0) return null;
        long p = Memory.allocate(8);
        long r = HostCall.call(IOCTL, fd, Integer.toUnsignedLong(TIOCGDEV), p);
        int device = Memory.getInt(p);
        Memory.free(p);
        if (r == 0) return new HostTerminal(k, fd, device, true, false);
        HostCall.call(CLOSE, fd);
        return null;
    }

    /**
     * The terminal behind the host descriptor {@code given}, which is not the controlling one; null when it
     * is no terminal.
     */
    public static HostTerminal of(Kernel k, int given, int device) {
        int fd = open("/proc/self/fd/" + given + "\0");
        return new HostTerminal(k, fd < 0 ? given : fd, device, false, fd < 0);
    }

    private static int open(String path) {
        long p = Memory.allocate(64);
        Memory.putBytes(p, path);
        int fd = (int) HostCall.call(OPENAT, -100, p, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
        Memory.free(p);
        return fd;
    }

    @Override
    public int deviceNumber() { return device; }

    // ---- foreground and background
    /** Whether this process is in the background of the host's terminal. */
    private boolean isBehind() {
        if (!isControlling) return false;
        long r = HostCall.call(IOCTL, fd, TIOCGPGRP, buffer);
        return r == 0 && Memory.getInt(buffer) != (int) HostCall.call(GETPGID, 0);
    }

    @Override
    protected boolean isForeground(ProcessGroup pg) { return pg == foreground && !isBehind(); }

    /** 0, as for a group outside one's pid namespace, while another job of the caller's has the terminal. */
    @Override
    public int foregroundIn(PidNamespace viewer) { return isBehind() ? 0 : super.foregroundIn(viewer); }

    /** A signal of the host's terminal: for the foreground inside. */
    @Override
    public void signalled(int signo) { signalForeground(signo); }

    @Override
    public void leaderExited(Session s) {
        if (session == s) release(); // The line itself goes on.
    }

    /** Takes the host's terminal too when it belongs to another job: the caller ignores SIGTTOU. */
    @Override
    protected void foregroundChanged() {
        if (!isBehind()) return;
        Memory.putInt(buffer, (int) HostCall.call(GETPGID, 0));
        HostCall.call(IOCTL, fd, TIOCSPGRP, buffer);
    }

    // ---- ioctl(2)
    @Override
    protected long ioctl(Task t, OpenFile file, int request, long argument, boolean isMaster) {
        switch (request) {
            case TCGETS, TCGETS2, TCGETA, TIOCGWINSZ, FIONREAD, TIOCOUTQ -> {
                int size = sizeOf(request);
                long p = t.mem.scratch(size);
                long r = HostCall.call(IOCTL, fd, Integer.toUnsignedLong(request), p);
                return r < 0 ? r : t.mem.out(argument, p, size);
            }
            case TCSETS, TCSETSW, TCSETSF, TCSETS2, TCSETSW2, TCSETSF2, TCSETA, TCSETAW, TCSETAF,
                    TIOCSWINSZ -> {
                long r = request == TIOCSWINSZ ? 0 : checkBackground(t, SIGTTOU);
                if (r < 0) return r;
                long p = t.mem.in(argument, sizeOf(request));
                return p < 0 ? p : change(t, file, request, p);
            }
            case TCSBRK, TCSBRKP, TCXONC, TCFLSH -> {
                long r = checkBackground(t, SIGTTOU);
                return r < 0 ? r : change(t, file, request, argument);
            }
            case TIOCSCTTY -> {
                // Signals come only from the host's own controlling terminal.
                return isControlling ? super.ioctl(t, file, request, argument, false) : -EPERM;
            }
            default -> { return super.ioctl(t, file, request, argument, false); }
        }
    }

    private static int sizeOf(int request) {
        return switch (request) {
            case TCGETS, TCSETS, TCSETSW, TCSETSF -> Termios.SIZE;
            case TCGETA, TCSETA, TCSETAW, TCSETAF -> Termios.OLD_SIZE;
            case TIOCGWINSZ, TIOCSWINSZ -> 8;
            case FIONREAD, TIOCOUTQ -> 4;
            default -> Termios.SIZE2;
        };
    }

    /**
     * A request that may wait until output has drained. The host lets it through in the background, as
     * SIGTTOU is blocked.
     */
    private long change(Task t, OpenFile file, int request, long argument) {
        return file.slowCall(t, IOCTL, fd, Integer.toUnsignedLong(request), argument);
    }

    /** The settings as they are now. */
    private boolean fetchTermios() {
        if (HostCall.call(IOCTL, fd, TCGETS, buffer) < 0) return false;
        termios.read(buffer, false);
        return true;
    }

    @Override
    protected long checkWrite(Task t) {
        if (isForeground(t.group.processGroup) || !fetchTermios()) return 0;
        return super.checkWrite(t);
    }

    @Override
    protected void termiosChanged(Task t, boolean wasCanonical, int request) {}

    @Override
    protected void flush(boolean input, boolean output) {}

    @Override
    protected void setStopped(boolean isStopped) {}

    // ---- readiness
    private void arm(int conditions) {
        Reactor reactor = Reactor.of(kernel);
        if (watch == null) watch = reactor.watch(fd);
        reactor.arm(watch, conditions);
    }

    /** poll(2) without waiting. */
    private int ask(int conditions) { return Reactor.ask(buffer, fd, conditions); }

    private int available() {
        return HostCall.call(IOCTL, fd, FIONREAD, buffer) < 0 ? 0 : Memory.getInt(buffer);
    }

    @Override
    protected OpenFile openAgain(Task t, Inode node, Path path, int flags) { return file(node, path, flags); }

    /** open(2) by its name. */
    @Override
    public OpenFile open(Task t, Inode node, Path path, int flags) {
        if (isControlling) openedBy(t, flags);
        return file(node, path, flags);
    }

    /** An open file of this terminal. */
    public OpenFile file(Inode node, Path path, int flags) {
        var f = new File(node, flags & ~0x3c0);
        f.path = path;
        return f;
    }

    private final class File extends OpenFile implements TerminalFile {
        File(Inode node, int flags) { super(node, flags); }

        @Override
        public Terminal terminal() { return HostTerminal.this; }

        @Override
        public OpenFile reopen(Task t, int flags) { return HostTerminal.this.open(t, inode, path, flags); }

        // ---- data
        @Override
        public long read(Task t, long address, long length) {
            long r = checkRead(t);
            if (r < 0 || length == 0) return r;
            // The host's O_NONBLOCK knows nothing of TIME and takes less than MIN (termios(3)).
            if (fetchTermios() && !termios.has(Termios.ICANON)) {
                r = waitRaw(t, (int) Math.min(length, 1 << 16));
                if (r <= 0) return r;
            }
            long n = isShared && (ask(POLLIN) & (POLLIN | POLLERR | POLLHUP)) == 0 ? -EAGAIN
                    : HostCall.call(READ, fd, address, length);
            if (n == -EAGAIN) arm(POLLIN | POLLRDHUP);
            // Another job of the caller's has just come to the foreground.
            if (n == -EIO && isBehind()) return checkRead(t);
            return n;
        }

        /** 1: read now; 0: nothing came in time; -EAGAIN: wait. */
        private long waitRaw(Task t, int length) {
            int min = termios.cc[Termios.VMIN] & 0xff, tenths = termios.cc[Termios.VTIME] & 0xff;
            int there = available();
            if (min == 0 ? there > 0 : there >= Math.min(min, length)) return 1;
            if ((ask(POLLIN) & (POLLERR | POLLHUP)) != 0) return 1;
            if (min == 0 && tenths == 0) return 0;
            if (isNonblocking()) return there > 0 ? 1 : -EAGAIN;
            arm(POLLIN | POLLRDHUP);
            if (tenths == 0 || min > 0 && there == 0) return -EAGAIN;
            if (t.isTimedOut()) return there > 0 ? 1 : 0;
            t.setDeadline(t.kernel.now() + tenths * 100_000_000L);
            return -EAGAIN;
        }

        @Override
        public long write(Task t, long address, long length) {
            long r = checkWrite(t);
            if (r < 0 || length == 0) return r;
            if (isShared) return writeShared(t, address, length);
            long n = HostCall.call(WRITE, fd, address, length);
            if (n == -EAGAIN) arm(POLLOUT);
            return n;
        }

        /** May wait at any byte (^S). */
        private long writeShared(Task t, long address, long length) {
            if ((ask(POLLOUT) & (POLLOUT | POLLERR | POLLHUP)) == 0) {
                arm(POLLOUT);
                return -EAGAIN;
            }
            return slowCall(t, WRITE, fd, address, length);
        }

        @Override
        public boolean isSeekable() { return false; }

        @Override
        public boolean isPacketLike() { return true; }

        @Override
        public int poll(Task t) {
            int now = ask(Reactor.wanted(this)), missing = Reactor.missing(this, now);
            if (missing != 0) arm(missing);
            return now;
        }

        @Override
        public WaitQueue waitQueue() {
            if (watch == null) arm(0);
            return watch.queue;
        }

        @Override
        public long ioctl(Task t, int request, long argument) {
            return HostTerminal.this.ioctl(t, this, request, argument, false);
        }

        @Override
        public String describe() { return "/dev/tty"; }
    }
}

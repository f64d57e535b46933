package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Event;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Reactor;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.Timer;
import dev.kernelet.sentry.wait.Waiter;

/**
 * A pseudo-terminal inside whose other end is a terminal of the host: the container's console. The host's
 * terminal is made
 * raw, so that editing, echo, job control and sizes are the Sentry's alone; bytes go to and fro. Kernel lock.
 */
public final class HostConsole {
    private static final int TCGETS = 0x5401, TCSETS = 0x5402, TIOCGWINSZ = 0x5413;
    private static final int POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16;
    private static final int CHUNK = 4096, ROUNDS = 200, ROUND_MILLIS = 10;

    private final Kernel kernel;
    private final Pty pty;
    private final OpenFile master;
    /** Owned. */
    private final int fd;
    private final Reactor.Watch watch;
    private final long buffer = Memory.allocate(CHUNK), scratch = Memory.allocate(64);
    /** Output that the host's terminal has not taken yet is in the buffer, from {@code outAt} on. */
    private int outAt, outCount;
    private final long input = Memory.allocate(CHUNK);
    private int inAt, inCount;
    private boolean isClosed, isPosted;

    private final class Moved extends Waiter {
        @Override
        protected boolean wake(int events) {
            post();
            return true;
        }
    }

    private final Event pump = new Event() {
        @Override
        protected void run(Kernel k) {
            isPosted = false;
            pump();
        }
    };

    private HostConsole(Kernel kernel, Pty pty, OpenFile master, int fd) {
        this.kernel = kernel;
        this.pty = pty;
        this.master = master;
        this.fd = fd;
        watch = Reactor.of(kernel).watch(fd);
        watch.queue.add(new Moved());
        master.waitQueue().add(new Moved());
    }

    /**
     * In {@code fs}, for the host's terminal {@code fd}, whose description is nobody else's. Null with
     * t.error.
     */
    public static HostConsole open(Kernel kernel, DevPts fs, Task t, int fd) {
        Pty pty = fs.make(t);
        if (pty == null) return null;
        pty.unlock();
        OpenFile master = pty.openMaster(fs.root.inode, null, 2);
        var console = new HostConsole(kernel, pty, master, fd);
        console.makeRaw();
        console.resized();
        return console;
    }

    private void makeRaw() {
        if (HostCall.call(IOCTL, fd, TCGETS, scratch) < 0) return;
        Memory.putInt(scratch, 0); // no input processing
        Memory.putInt(scratch + 4, 0); // no output processing
        Memory.putInt(scratch + 12, Memory.getInt(scratch + 12) & ~(1 | 2 | 8 | 16 | 32 | 64 | 0x8000)); // ISIG ICANON ECHO* IEXTEN
        Memory.putByte(scratch + 17 + 6, (byte) 1); // VMIN
        Memory.putByte(scratch + 17 + 5, (byte) 0); // VTIME
        HostCall.call(IOCTL, fd, TCSETS, scratch);
    }

    /** The host's terminal may have another size now. */
    public void resized() {
        if (isClosed) return;
        if (HostCall.call(IOCTL, fd, TIOCGWINSZ, scratch) == 0) pty.resize(Memory.getLong(scratch));
    }

    public void resize(int rows, int columns) { pty.resize(rows & 0xffff | (long) (columns & 0xffff) << 16); }

    /** The program's side, opened for {@code t}. */
    public OpenFile slave(Task t) {
        Path place = pty.fs.place(t, pty, null);
        if (place != null) place.dentry.inode.setattr(t, 0620, t.cred.uid, -1);
        return pty.openSlave(t, pty.fs.inode(pty.index), place, 2 | 0x100);
    }

    /** Makes it the controlling terminal of a new session's leader. */
    public void control(ThreadGroup leader) {
        pty.attach(leader.session(), leader);
        post();
    }

    public Path place(Task t) { return pty.fs.place(t, pty, null); }

    private void post() {
        if (isPosted || isClosed) return;
        isPosted = true;
        kernel.post(pump);
    }

    private void pump() {
        if (isClosed) return;
        int missing = pumpIn() | pumpOut();
        if (isClosed || missing == 0) return;
        Reactor.of(kernel).arm(watch, missing);
    }

    /** Host to program; the conditions to wait for. */
    private int pumpIn() {
        for (;;) {
            while (inCount > 0) {
                long n = master.write(null, input + inAt, inCount);
                if (n <= 0) return 0; // the program reads, then we are woken
                inAt += (int) n;
                inCount -= (int) n;
            }
            int now = ask(POLLIN);
            if ((now & POLLIN) == 0 && (now & (POLLHUP | POLLERR)) == 0) return POLLIN;
            long n = (now & POLLIN) == 0 ? 0 : HostCall.call(READ, fd, input, CHUNK);
            if (n <= 0) {
                close();
                return 0;
            }
            inAt = 0;
            inCount = (int) n;
        }
    }

    /** Program to host. */
    private int pumpOut() {
        for (;;) {
            while (outCount > 0) {
                if (isClosed || (ask(POLLOUT) & POLLOUT) == 0) return POLLOUT;
                long n = HostCall.call(WRITE, fd, buffer + outAt, Math.min(outCount, 256));
                if (n <= 0) return POLLOUT;
                outAt += (int) n;
                outCount -= (int) n;
            }
            long n = master.read(null, buffer, CHUNK);
            if (n <= 0) return 0;
            outAt = 0;
            outCount = (int) n;
        }
    }

    /**
     * Waits, at most about two seconds, until the host's terminal has taken all output: nothing else runs any
     * more.
     */
    public void drain() {
        for (int i = 0; i < ROUNDS && !isClosed; i++) {
            if (pumpOut() == 0) return;
            poll(POLLOUT, ROUND_MILLIS);
        }
    }

    /**
     * Its program has ended: as {@link #drain}, then closed; {@code done} hears of it. Others go on meanwhile:
     * whoever leaves his terminal unread would stop them all.
     */
    public void finish(Runnable done) {
        if (isClosed || pumpOut() == 0) {
            close();
            done.run();
        } else {
            new Ending(done).again();
        }
    }

    private final class Ending extends Timer {
        private final Runnable done;
        private int rounds;

        Ending(Runnable done) { this.done = done; }

        void again() { kernel.timers.arm(this, kernel.now() + ROUND_MILLIS * 1_000_000L); }

        @Override
        protected void fire() {
            if (!isClosed && ++rounds < ROUNDS && pumpOut() != 0) {
                again();
                return;
            }
            close();
            done.run();
        }
    }

    /** The line is gone: as when a terminal emulator ends. */
    public void close() {
        if (isClosed) return;
        isClosed = true;
        Reactor.of(kernel).remove(watch);
        HostCall.call(CLOSE, fd);
        Memory.free(input);
        Memory.free(buffer);
        master.put(null);
    }

    private int ask(int conditions) { return poll(conditions, 0); }

    private int poll(int conditions, int millis) {
        Memory.putInt(scratch, fd);
        Memory.putInt(scratch + 4, conditions);
        return HostCall.call(POLL, scratch, 1, millis) > 0 ? Memory.getUnsignedShort(scratch + 6) : 0;
    }
}

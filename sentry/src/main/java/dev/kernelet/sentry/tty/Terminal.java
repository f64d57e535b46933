package dev.kernelet.sentry.tty;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.ProcessGroup;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * What every terminal has: a session, a foreground process group, settings, a window size (tty_ioctl(4)).
 * Kernel lock.
 */
public abstract class Terminal implements Session.ControllingTerminal {
    static final int TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCGETA = 0x5405,
            TCSETA = 0x5406, TCSETAW = 0x5407, TCSETAF = 0x5408, TCSBRK = 0x5409, TCXONC = 0x540a,
            TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410,
            TIOCOUTQ = 0x5411, TIOCSTI = 0x5412, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, FIONREAD = 0x541b, TIOCPKT = 0x5420,
            TIOCNOTTY = 0x5422, TIOCSETD = 0x5423, TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCGSID = 0x5429,
            TCGETS2 = 0x802c542a, TCSETS2 = 0x402c542b, TCSETSW2 = 0x402c542c, TCSETSF2 = 0x402c542d, TIOCGPTN = 0x80045430,
            TIOCSPTLCK = 0x40045431, TIOCGDEV = 0x80045432, TIOCSIG = 0x40045436, TIOCGPKT = 0x80045438,
            TIOCGPTLCK = 0x80045439, TIOCGEXCL = 0x80045440, TIOCGPTPEER = 0x5441;
    static final int SIGHUP = 1, SIGCONT = 18, SIGTTIN = 21, SIGTTOU = 22, SIGWINCH = 28;

    protected final Termios termios = new Termios();
    /** Rows, columns, and pixels: struct winsize. */
    protected long winsize;
    protected Session session;
    protected ProcessGroup foreground;
    private boolean isExclusive;

    // ---- Session.ControllingTerminal
    @Override
    public void leaderExited(Session s) {
        if (session != s) return;
        ProcessGroup fg = foreground;
        release();
        if (fg != null) {
            Signals.send(fg, SIGHUP);
            Signals.send(fg, SIGCONT);
        }
    }

    /** The host's line discipline has raised a signal; only the caller's terminal hears of it. */
    @Override
    public void signalled(int signo) {}

    /** Whether processes of {@code pg} may read and change the terminal. */
    protected boolean isForeground(ProcessGroup pg) { return pg == foreground; }

    /** TIOCSPGRP has chosen another foreground group. */
    protected void foregroundChanged() {}

    @Override
    public int foregroundIn(PidNamespace viewer) { return foreground == null ? -1 : foreground.idIn(viewer); }

    /** Gives the session up. */
    protected final void release() {
        if (session != null) session.tty = null;
        session = null;
        foreground = null;
    }

    /** The line is gone (master closed): SIGHUP to the session's leader and the foreground group. */
    protected final void hangup() {
        Session s = session;
        ProcessGroup fg = foreground;
        if (s == null) return;
        release();
        if (s.leader != null) {
            Signals.send(s.leader, SIGHUP);
            Signals.send(s.leader, SIGCONT);
        }
        if (fg != null && (s.leader == null || fg != s.leader.processGroup)) {
            Signals.send(fg, SIGHUP);
            Signals.send(fg, SIGCONT);
        }
    }

    protected final void signalForeground(int signo) {
        if (foreground != null) Signals.send(foreground, signo);
    }

    // ---- controlling terminal
    /**
     * open(2) of a terminal without O_NOCTTY by a session leader that has none makes it the controlling one.
     */
    protected final void openedBy(Task t, int flags) {
        Session s = t.group.session();
        // The first program's session stands for its caller's, which has another leader.
        if (t.group == t.kernel.init && !t.kernel.options.hasContainerInit) return;
        if ((flags & 0x100) != 0 || s == null || s.leader != t.group || s.tty != null || session != null) return;
        attach(s, t.group);
    }

    @Override
    public final void attach(Session s, ThreadGroup leader) {
        session = s;
        s.tty = this;
        foreground = leader.processGroup;
    }

    private long setControlling(Task t, int steal) {
        Session s = t.group.session();
        if (s.leader == t.group && session == s) return 0;
        if (s.leader != t.group || s.tty != null) return -EPERM;
        if (session != null) {
            if (steal != 1 || !t.cred.capable(Credentials.CAP_SYS_ADMIN)) return -EPERM;
            release();
        }
        attach(s, t.group);
        return 0;
    }

    private long giveUp(Task t) {
        Session s = t.group.session();
        if (s.tty != this) return -ENOTTY;
        if (s.leader != t.group) return 0;
        leaderExited(s);
        return 0;
    }

    /**
     * A background process reads (SIGTTIN) or changes (SIGTTOU) its controlling terminal: 0 to go on, -EIO,
     * or -ERESTARTSYS after the signal was sent (setpgid(2), credentials(7)).
     */
    protected final long checkBackground(Task t, int signo) {
        if (session == null || t.group.session() != session || foreground == null) return 0;
        ProcessGroup own = t.group.processGroup;
        if (isForeground(own)) return 0;
        boolean isIgnored = (t.signals.mask >>> signo - 1 & 1) != 0 || (t.group.handlers.ignored() >>> signo - 1 & 1) != 0;
        if (isIgnored) return signo == SIGTTIN ? -EIO : 0;
        if (own.isOrphaned()) return -EIO;
        Signals.send(own, signo);
        return -ERESTARTSYS;
    }

    protected final long checkRead(Task t) { return checkBackground(t, SIGTTIN); }

    protected long checkWrite(Task t) { return termios.has(Termios.TOSTOP) ? checkBackground(t, SIGTTOU) : 0; }

    // ---- ioctl(2)
    /** {@code isMaster}: called through the other end, which is nobody's background process. */
    protected long ioctl(Task t, OpenFile file, int request, long argument, boolean isMaster) {
        switch (request) {
            case TCGETS, TCGETS2 -> {
                boolean isLong = request == TCGETS2;
                long p = t.mem.scratch(Termios.SIZE2);
                termios.write(p, isLong);
                return t.mem.out(argument, p, isLong ? Termios.SIZE2 : Termios.SIZE);
            }
            case TCGETA -> {
                long p = t.mem.scratch(Termios.OLD_SIZE);
                termios.writeOld(p);
                return t.mem.out(argument, p, Termios.OLD_SIZE);
            }
            case TCSETS, TCSETSW, TCSETSF, TCSETS2, TCSETSW2, TCSETSF2, TCSETA, TCSETAW, TCSETAF -> {
                long r = isMaster ? 0 : checkBackground(t, SIGTTOU);
                return r < 0 ? r : setTermios(t, request, argument);
            }
            case TIOCGWINSZ -> { return t.mem.outLong(argument, winsize); }
            case TIOCSWINSZ -> {
                long p = t.mem.in(argument, 8);
                if (p < 0) return p;
                long size = Memory.getLong(p);
                if (size == winsize) return 0;
                winsize = size;
                signalForeground(SIGWINCH);
                return 0;
            }
            case TIOCSCTTY -> { return isMaster ? -ENOTTY : setControlling(t, (int) argument); }
            case TIOCNOTTY -> { return giveUp(t); }
            case TIOCGPGRP -> {
                if (!isMaster && (session == null || t.group.session() != session)) return -ENOTTY;
                return t.mem.outInt(argument, Math.max(0, foregroundIn(t.group.pids)));
            }
            case TIOCSPGRP -> { return setForeground(t, argument, isMaster); }
            case TIOCGSID -> {
                if (!isMaster && (session == null || t.group.session() != session)) return -ENOTTY;
                return session == null ? -ENOTTY : t.mem.outInt(argument, session.idIn(t.group.pids));
            }
            case TIOCEXCL, TIOCNXCL -> {
                isExclusive = request == TIOCEXCL;
                return 0;
            }
            case TIOCGEXCL -> { return t.mem.outInt(argument, isExclusive ? 1 : 0); }
            case TIOCGETD -> { return t.mem.outInt(argument, 0); }
            case TIOCSETD -> {
                long p = t.mem.in(argument, 4);
                return p < 0 ? p : Memory.getInt(p) == 0 ? 0 : -EINVAL;
            }
            case TIOCGDEV -> { return t.mem.outInt(argument, deviceNumber()); }
            // Typing into a terminal for others is how programs break out: refused, as with
            // dev.tty.legacy_tiocsti=0.
            case TIOCSTI -> { return -EIO; }
            case TCSBRK, TCSBRKP -> {
                long r = isMaster ? 0 : checkBackground(t, SIGTTOU);
                return r < 0 ? r : drain(t);
            }
            case TCXONC -> {
                long r = isMaster ? 0 : checkBackground(t, SIGTTOU);
                if (r < 0) return r;
                if (argument < 0 || argument > 3) return -EINVAL;
                if (argument <= 1) setStopped(argument == 0);
                return 0;
            }
            case TCFLSH -> {
                long r = isMaster ? 0 : checkBackground(t, SIGTTOU);
                if (r < 0) return r;
                if (argument < 0 || argument > 2) return -EINVAL;
                flush(argument != 1, argument != 0);
                return 0;
            }
            default -> { return -ENOTTY; }
        }
    }

    private long setTermios(Task t, int request, long argument) {
        boolean isLong = request == TCSETS2 || request == TCSETSW2 || request == TCSETSF2;
        boolean isOld = request >= TCSETA && request <= TCSETAF;
        long p = t.mem.in(argument, isLong ? Termios.SIZE2 : isOld ? Termios.OLD_SIZE : Termios.SIZE);
        if (p < 0) return p;
        if (request == TCSETSF || request == TCSETSF2 || request == TCSETAF) flush(true, false);
        boolean wasCanonical = termios.has(Termios.ICANON);
        if (isOld) termios.readOld(p);
        else termios.read(p, isLong);
        termiosChanged(t, wasCanonical, request);
        return 0;
    }

    private long setForeground(Task t, long argument, boolean isMaster) {
        if (!isMaster) {
            long r = checkBackground(t, SIGTTOU);
            if (r < 0) return r;
            if (session == null || t.group.session() != session) return -ENOTTY;
        } else if (session == null) {
            return -ENOTTY;
        }
        long p = t.mem.in(argument, 4);
        if (p < 0) return p;
        int id = Memory.getInt(p);
        if (id < 0) return -EINVAL;
        ProcessGroup pg = t.processGroup(id);
        if (pg == null || pg.session != session) return pg == null ? -ESRCH : -EPERM;
        foreground = pg;
        foregroundChanged();
        return 0;
    }

    /** A new open file of this terminal, for /dev/tty; null with t.error. */
    protected abstract OpenFile openAgain(Task t, dev.kernelet.sentry.vfs.Inode node, dev.kernelet.sentry.vfs.Path path, int flags);

    protected abstract void termiosChanged(Task t, boolean wasCanonical, int request);

    protected abstract void flush(boolean input, boolean output);

    protected abstract void setStopped(boolean isStopped);

    /** tcdrain(3). */
    protected long drain(Task t) { return 0; }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

/** Dispositions of signals (sigaction(2)); shared by tasks with CLONE_SIGHAND. Kernel lock. */
public final class SignalHandlers {
    final long[] handler = new long[65], flags = new long[65], restorer = new long[65], mask = new long[65];
    int users = 1;

    SignalHandlers copy() {
        var c = new SignalHandlers();
        System.arraycopy(handler, 0, c.handler, 0, 65);
        System.arraycopy(flags, 0, c.flags, 0, 65);
        System.arraycopy(restorer, 0, c.restorer, 0, 65);
        System.arraycopy(mask, 0, c.mask, 0, 65);
        return c;
    }

    /** For execve(2): ignored signals stay ignored, all else is as at first. */
    SignalHandlers copyForExec() {
        var c = new SignalHandlers();
        for (int s = 1; s <= 64; s++) if (handler[s] == SIG_IGN) c.handler[s] = SIG_IGN;
        return c;
    }

    /** CLONE_CLEAR_SIGHAND: handlers become default, ignored signals stay ignored. */
    SignalHandlers copyCleared() { return copyForExec(); }

    public long handler(int signo) { return handler[signo]; }

    public long flags(int signo) { return flags[signo]; }

    public long restorer(int signo) { return restorer[signo]; }

    public long mask(int signo) { return mask[signo]; }

    /** sigaction(2). */
    public void set(int signo, long newHandler, long newFlags, long newRestorer, long newMask) {
        handler[signo] = newHandler;
        flags[signo] = newFlags;
        restorer[signo] = newRestorer;
        mask[signo] = newMask;
    }

    /** Whether the signal would be thrown away if it were not blocked. */
    public boolean isIgnored(int signo) {
        return handler[signo] == SIG_IGN || handler[signo] == SIG_DFL && (bit(signo) & IGNORED_BY_DEFAULT) != 0;
    }

    /** The mask of signals with a handler function, or of the ignored ones: for /proc/PID/status. */
    public long caught() {
        long m = 0;
        for (int s = 1; s <= 64; s++) if (handler[s] != SIG_DFL && handler[s] != SIG_IGN) m |= bit(s);
        return m;
    }

    public long ignored() {
        long m = 0;
        for (int s = 1; s <= 64; s++) if (handler[s] == SIG_IGN) m |= bit(s);
        return m;
    }
}

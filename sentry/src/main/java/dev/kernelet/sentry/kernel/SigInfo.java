package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.Memory;

/**
 * A siginfo_t, and its place in a queue of pending signals. Timers and message queues subclass it and send the same object
 * over and over (sigqueue entries allocated in advance): see {@link Signals#sendReusable}.
 */
public class SigInfo {
    public int signo, errno, code;
    /** The union behind the three numbers: bytes 16...47. What lies behind is kept only for rt_sigqueueinfo(2). */
    public long u0, u1, u2, u3;
    private long[] rest;

    SigInfo next;
    /** Whose count of pending signals this one is in (RLIMIT_SIGPENDING), or -1. */
    int chargedUid = -1;
    boolean isQueued;
    /** From a namespace above the receiver's, or from outside the sandbox: reaches a first process too. */
    boolean isFromOutside;

    public static SigInfo of(int signo, int code) {
        var i = new SigInfo();
        i.signo = signo;
        i.code = code;
        return i;
    }

    /** As kill(2) and tgkill(2) send it. */
    public static SigInfo user(int signo, int code, int pid, int uid) {
        SigInfo i = of(signo, code);
        i.u0 = pid & 0xffffffffL | (long) uid << 32;
        return i;
    }

    /**
     * Sent by one to the other: who is in a PID namespace above has no number in the
     * receiver's. One below reaches only its own process group, and keeps the number it knows itself by.
     */
    public SigInfo between(Task sender, ThreadGroup receiver) {
        PidNamespace from = sender.group.pids, to = receiver.pids;
        UserNamespace there = receiver.leader.cred.ns;
        // What the sender says of itself is in its own user namespace.
        if (sender.cred.ns != there) {
            int user = sender.cred.userIn(uid());
            u0 = u0 & 0xffffffffL | (long) receiver.leader.cred.userOut(user) << 32;
        }
        boolean isSeen = from == to || to == null || from != null && from.isWithin(to);
        return isSeen ? this : fromOutside();
    }

    /** From no process that the receiver could know. */
    public SigInfo fromOutside() {
        u0 &= ~0xffffffffL;
        isFromOutside = true;
        return this;
    }

    public static SigInfo fault(int signo, int code, long address) {
        SigInfo i = of(signo, code);
        i.u0 = address;
        return i;
    }

    public int pid() { return (int) u0; }

    public int uid() { return (int) (u0 >>> 32); }

    /** si_status of SIGCHLD, si_int of queued signals. */
    public int status() { return (int) u1; }

    /** Called when the signal has been taken off its queue, to be delivered or dropped. */
    protected void dequeued() {}

    /** The last moment before it is shown to the application: timers fill in si_overrun. */
    protected void prepare() {}

    public void write(long to) {
        prepare();
        Memory.putInt(to, signo);
        Memory.putInt(to + SI_ERRNO, errno);
        Memory.putInt(to + SI_CODE, code);
        Memory.putInt(to + 12, 0);
        Memory.putLong(to + 16, u0);
        Memory.putLong(to + 24, u1);
        Memory.putLong(to + 32, u2);
        Memory.putLong(to + 40, u3);
        for (int i = 0; i < 10; i++) Memory.putLong(to + 48 + 8 * i, rest == null ? 0 : rest[i]);
    }

    public static SigInfo read(long from) {
        var s = new SigInfo();
        s.signo = Memory.getInt(from);
        s.errno = Memory.getInt(from + SI_ERRNO);
        s.code = Memory.getInt(from + SI_CODE);
        s.u0 = Memory.getLong(from + 16);
        s.u1 = Memory.getLong(from + 24);
        s.u2 = Memory.getLong(from + 32);
        s.u3 = Memory.getLong(from + 40);
        for (int i = 0; i < 10; i++) {
            long w = Memory.getLong(from + 48 + 8 * i);
            if (w == 0) continue;
            if (s.rest == null) s.rest = new long[10];
            s.rest[i] = w;
        }
        return s;
    }
}

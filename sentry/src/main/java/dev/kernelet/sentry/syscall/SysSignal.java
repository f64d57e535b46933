package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.Registers;
import dev.kernelet.sentry.fs.anon.SignalFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.ProcessGroup;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.SignalFrame;
import dev.kernelet.sentry.kernel.SignalHandlers;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.OpenFile;

/** Signals: dispositions, masks, sending, waiting. */
final class SysSignal {
    private static final int SFD_NONBLOCK = 0x800, SFD_CLOEXEC = 0x80000;

    private SysSignal() {}

    // ---- dispositions
    /** rt_sigaction(2). */
    static long rt_sigaction(Task t, int signo, long action, long old, long size) {
        if (size != 8) return -EINVAL;
        if (signo < 1 || signo > 64 || action != 0 && (signo == SIGKILL || signo == SIGSTOP)) return -EINVAL;
        SignalHandlers h = t.group.handlers;
        long in = 0;
        if (action != 0) {
            in = t.mem.in(action, SIGACTION_SIZE);
            if (in < 0) return in;
        }
        if (old != 0) {
            long p = t.mem.scratch(SIGACTION_SIZE);
            Memory.putLong(p, h.handler(signo));
            Memory.putLong(p + 8, h.flags(signo));
            Memory.putLong(p + 16, h.restorer(signo));
            Memory.putLong(p + 24, h.mask(signo));
            if (t.mem.out(old, p, SIGACTION_SIZE) < 0) return -EFAULT;
        }
        if (action != 0) {
            h.set(signo, Memory.getLong(in), Memory.getLong(in + 8), Memory.getLong(in + 16),
                    Memory.getLong(in + 24) & ~UNMASKABLE);
            if (h.isIgnored(signo)) Signals.flushIgnored(t.group, signo);
        }
        return 0;
    }

    /** rt_sigprocmask(2). */
    static long rt_sigprocmask(Task t, int how, long set, long old, long size) {
        if (size != 8) return -EINVAL;
        long mask = t.signals.mask;
        if (set != 0) {
            long p = t.mem.in(set, 8);
            if (p < 0) return p;
            long m = Memory.getLong(p);
            switch (how) {
                case SIG_BLOCK -> t.signals.setMask(mask | m);
                case SIG_UNBLOCK -> t.signals.setMask(mask & ~m);
                case SIG_SETMASK -> t.signals.setMask(m);
                default -> { return -EINVAL; }
            }
        }
        return old == 0 ? 0 : t.mem.outLong(old, mask);
    }

    /** rt_sigreturn(2). */
    static long rt_sigreturn(Task t) { return SignalFrame.sigreturn(t); }

    /** rt_sigpending(2). */
    static long rt_sigpending(Task t, long set, long size) {
        if (Long.compareUnsigned(size, 8) > 0) return -EINVAL;
        long p = t.mem.scratch(8);
        Memory.putLong(p, t.signals.pendingAndBlocked());
        return t.mem.out(set, p, (int) size);
    }

    /** sigaltstack(2): stack_t is { void *, int, size_t }. */
    static long sigaltstack(Task t, long stack, long old) {
        long userSp = t.ctx.reg(Registers.RSP);
        long in = 0;
        if (stack != 0) {
            in = t.mem.in(stack, 24);
            if (in < 0) return in;
        }
        if (old != 0) {
            long p = t.mem.scratch(24);
            t.signals.writeAltStack(p, userSp);
            if (t.mem.out(old, p, 24) < 0) return -EFAULT;
        }
        if (stack == 0) return 0;
        return t.signals.setAltStack(Memory.getLong(in), Memory.getInt(in + 8), Memory.getLong(in + 16), userSp);
    }

    // ---- waiting
    /** rt_sigtimedwait(2). */
    static long rt_sigtimedwait(Task t, long set, long info, long timeout, long size) {
        if (size != 8) return -EINVAL;
        long p = t.mem.in(set, 8);
        if (p < 0) return p;
        long wanted = Memory.getLong(p) & ~UNMASKABLE;
        if (t.isFirstRun() && timeout != 0) {
            long nanos = TimeStructs.timespec(t, timeout);
            if (nanos < 0) return nanos;
            t.s3 = nanos == 0 ? 1 : 0;
            t.setDeadline(TimeStructs.deadline(t, nanos));
        }
        SigInfo i = t.signals.takePending(wanted);
        if (i != null) {
            t.signals.awaited = 0;
            if (info != 0) {
                long out = t.mem.scratch(SIGINFO_SIZE);
                i.write(out);
                if (t.mem.out(info, out, SIGINFO_SIZE) < 0) return -EFAULT;
            }
            return i.signo;
        }
        if (t.s3 == 1 || t.isTimedOut()) {
            t.signals.awaited = 0;
            return -EAGAIN;
        }
        t.signals.awaited = wanted;
        long r = t.block();
        if (r != Task.BLOCKED) t.signals.awaited = 0;
        return r == -ERESTARTSYS ? -EINTR : r;
    }

    /** rt_sigsuspend(2). */
    static long rt_sigsuspend(Task t, long set, long size) {
        if (size != 8) return -EINVAL;
        if (t.isFirstRun()) {
            long p = t.mem.in(set, 8);
            if (p < 0) return p;
            t.signals.setTemporaryMask(Memory.getLong(p));
        }
        long r = t.block();
        return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
    }

    /** pause(2). */
    static long pause(Task t) {
        long r = t.block();
        return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
    }

    /** signalfd(2). */
    static long signalfd(Task t, int fd, long mask, long size) { return signalfd4(t, fd, mask, size, 0); }

    /** signalfd4(2). */
    static long signalfd4(Task t, int fd, long mask, long size, int flags) {
        if (size != 8 || (flags & ~(SFD_NONBLOCK | SFD_CLOEXEC)) != 0) return -EINVAL;
        long p = t.mem.in(mask, 8);
        if (p < 0) return p;
        long set = Memory.getLong(p) & ~UNMASKABLE;
        if (fd == -1) return t.fds.install(t, new SignalFile(t.kernel, set, flags), (flags & SFD_CLOEXEC) != 0);
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if (!(f instanceof SignalFile s)) return -EINVAL;
        s.mask = set;
        t.kernel.signalQueue.wake(OpenFile.POLLIN);
        return fd;
    }

    // ---- sending
    /** kill(2). */
    static long kill(Task t, int pid, int signo) {
        if (signo < 0 || signo > 64) return -EINVAL;
        return send(t, pid, SigInfo.user(signo, SI_USER, t.group.ownPid, t.cred.userOut(t.cred.uid)));
    }

    private static long send(Task t, int pid, SigInfo info) {
        if (pid > 0) {
            ThreadGroup g = t.process(pid);
            Task thread = g == null ? t.thread(pid) : null;
            if (thread != null) g = thread.group;
            return g == null || g.isReaped ? -ESRCH : sendOne(t, g, info);
        }
        if (pid == -1) return sendAll(t, info);
        if (pid == Integer.MIN_VALUE) return -ESRCH;
        ProcessGroup pg = pid == 0 ? t.group.processGroup : t.processGroup(-pid);
        if (pg == null || pg.members.isEmpty()) return -ESRCH;
        long result = -ESRCH;
        for (int i = pg.members.size() - 1; i >= 0; i--) {
            if (i >= pg.members.size()) continue;
            long r = sendOne(t, pg.members.get(i), copy(info));
            if (r == 0 || result != 0) result = r;
        }
        return result;
    }

    /** Everybody the sender sees but the first process and itself (kill(2)). */
    private static long sendAll(Task t, SigInfo info) {
        long result = -ESRCH;
        ThreadGroup g;
        for (int pid = 1; (g = t.kernel.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            if (g == t.kernel.init || g == t.group || g.isZombie || g.pidIn(t.group.pids) <= 1) continue;
            long r = sendOne(t, g, copy(info));
            if (r == 0 || result == -ESRCH) result = r;
        }
        return result;
    }

    private static SigInfo copy(SigInfo i) {
        SigInfo c = SigInfo.of(i.signo, i.code);
        c.errno = i.errno;
        c.u0 = i.u0;
        c.u1 = i.u1;
        c.u2 = i.u2;
        c.u3 = i.u3;
        return c;
    }

    private static long sendOne(Task t, ThreadGroup g, SigInfo info) {
        if (!mayKill(t, g, info.signo)) return -EPERM;
        return info.signo == 0 ? 0 : Signals.send(g, info.between(t, g));
    }

    /** The permission rule of kill(2): same user, CAP_KILL, or SIGCONT within the session. */
    static boolean mayKill(Task t, ThreadGroup g, int signo) {
        if (g == t.group) return true;
        Task o = g.leader;
        if (o == null || o.cred == null) return true;
        Credentials a = t.cred, b = o.cred;
        if (a.euid == b.suid || a.euid == b.uid || a.uid == b.suid || a.uid == b.uid) return true;
        if (a.capableIn(b.ns, Credentials.CAP_KILL)) return true;
        return signo == SIGCONT && t.group.session() == g.session();
    }

    /** tkill(2). */
    static long tkill(Task t, int tid, int signo) { return tid <= 0 ? -EINVAL : toThread(t, -1, tid, signo); }

    /** tgkill(2). */
    static long tgkill(Task t, int tgid, int tid, int signo) {
        return tgid <= 0 || tid <= 0 ? -EINVAL : toThread(t, tgid, tid, signo);
    }

    private static long toThread(Task t, int tgid, int tid, int signo) {
        if (signo < 0 || signo > 64) return -EINVAL;
        Task o = t.thread(tid);
        if (o == null || tgid > 0 && o.group != t.process(tgid)) return -ESRCH;
        if (!mayKill(t, o.group, signo)) return -EPERM;
        if (signo == 0) return 0;
        SigInfo i = SigInfo.user(signo, SI_TKILL, t.group.ownPid, t.cred.userOut(t.cred.uid));
        return Signals.send(o, i.between(t, o.group));
    }

    /** rt_sigqueueinfo(2). */
    static long rt_sigqueueinfo(Task t, int pid, int signo, long info) {
        SigInfo i = readInfo(t, signo, info);
        if (i == null) return t.error;
        if (pid <= 0) return pid == 0 ? -ESRCH : -ESRCH;
        ThreadGroup g = t.process(pid);
        if (isForged(i) && (g == null || g != t.group)) return -EPERM;
        if (g == null || g.isReaped) return -ESRCH;
        if (signo < 0 || signo > 64) return -EINVAL;
        return sendOne(t, g, i);
    }

    /** rt_tgsigqueueinfo(2). */
    static long rt_tgsigqueueinfo(Task t, int tgid, int tid, int signo, long info) {
        SigInfo i = readInfo(t, signo, info);
        if (i == null) return t.error;
        if (tgid <= 0 || tid <= 0) return -EINVAL;
        if (isForged(i) && tgid != t.group.ownPid) return -EPERM;
        Task o = t.thread(tid);
        if (o == null || o.group != t.process(tgid)) return -ESRCH;
        if (signo < 0 || signo > 64) return -EINVAL;
        if (!mayKill(t, o.group, signo)) return -EPERM;
        return signo == 0 ? 0 : Signals.send(o, i.between(t, o.group));
    }

    private static SigInfo readInfo(Task t, int signo, long info) {
        long p = t.mem.in(info, SIGINFO_SIZE);
        if (p < 0) {
            t.error = (int) p;
            return null;
        }
        SigInfo i = SigInfo.read(p);
        i.signo = signo;
        return i;
    }

    /** Nobody may pretend to be the kernel or kill(2) towards another process (rt_sigqueueinfo(2)). */
    private static boolean isForged(SigInfo i) { return i.code >= 0 || i.code == SI_TKILL; }
}

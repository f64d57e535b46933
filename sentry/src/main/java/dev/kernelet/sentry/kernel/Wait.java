package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.vfs.OpenFile;

/** Waiting for children: wait4(2), waitid(2). Kernel lock. */
public final class Wait {
    public static final int WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000,
            WNOTHREAD = 0x20000000, WALL = 0x40000000, WCLONE = 0x80000000;
    private static final int P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3;
    public static final int RUSAGE_SIZE = 144;

    private Wait() {}

    /** What was found. One per call: waits are not hot enough to matter. */
    private static final class Found {
        ThreadGroup child;
        int code, value, status;
        boolean hasCandidate;
    }

    public static long wait4(Task t, int pid, long statusAddress, int options, long rusage) {
        if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) != 0) return -EINVAL;
        if (pid == Integer.MIN_VALUE) return -ESRCH;
        int type = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
        Object only = type == P_ALL ? null : type == P_PID ? t.process(pid) : group(t, -pid);
        var f = new Found();
        long r = find(t, type, only, options | WEXITED, f);
        if (r <= 0) return r;
        int childPid = f.child.pidIn(t.group.pids);
        long e = 0;
        if (rusage != 0) e = outRusage(t, rusage, f);
        if (e == 0 && statusAddress != 0) e = t.mem.outInt(statusAddress, f.status);
        consume(t, f, options);
        return e < 0 ? e : childPid;
    }

    public static long waitid(Task t, int type, int id, long info, int options, long rusage) {
        if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) != 0) return -EINVAL;
        if ((options & (WEXITED | WUNTRACED | WCONTINUED)) == 0) return -EINVAL;
        Object only = null;
        switch (type) {
            case P_ALL -> { }
            case P_PID -> {
                if (id <= 0) return -EINVAL;
                only = t.process(id);
            }
            case P_PGID -> {
                if (id < 0) return -EINVAL;
                only = group(t, id);
            }
            case P_PIDFD -> {
                if (id < 0) return -EINVAL;
                OpenFile file = t.fds.get(id);
                if (!(file instanceof PidFile p)) return -EBADF;
                only = p.group;
                // A non-blocking pidfd: EAGAIN where others would wait (pidfd_open(2)).
                if (file.isNonblocking()) options |= WNOHANG;
            }
            default -> {
                return -EINVAL;
            }
        }
        boolean isNonblocking = type == P_PIDFD && t.fds.get(id).isNonblocking();
        var f = new Found();
        long r = find(t, type, only, options, f);
        if (r < 0) return r;
        if (r == 0 && isNonblocking) return -EAGAIN;
        long e = 0;
        if (r > 0 && rusage != 0) e = outRusage(t, rusage, f);
        if (e == 0 && info != 0) e = outInfo(t, info, r > 0 ? f : null);
        if (r > 0) consume(t, f, options);
        return e;
    }

    private static ProcessGroup group(Task t, int id) {
        return id == 0 ? t.group.processGroup : t.processGroup(id);
    }

    /** 1: found; 0: nothing yet and WNOHANG; BLOCKED or -errno. */
    private static long find(Task t, int type, Object only, int options, Found f) {
        ThreadGroup g = t.group;
        for (int i = 0; i < g.children.size(); i++) {
            ThreadGroup c = g.children.get(i);
            if (!isMeant(t, c, type, only, options)) continue;
            f.hasCandidate = true;
            if (check(c, options, f)) return 1;
        }
        if (!f.hasCandidate) return -ECHILD;
        if ((options & WNOHANG) != 0) return 0;
        return t.block(g.childQueue, ~0);
    }

    private static boolean isMeant(Task t, ThreadGroup c, int type, Object only, int options) {
        if (type != P_ALL && (type == P_PGID ? c.processGroup : c) != only) return false;
        if ((options & WNOTHREAD) != 0 && c.creator != t) return false;
        if (c.isAdopted && t.group == t.kernel.init && t.kernel.options.reapsOrphans && !t.group.isSubreaper) return false;
        if ((options & WALL) != 0) return true;
        return (c.exitSignal != SIGCHLD) == ((options & WCLONE) != 0);
    }

    private static boolean check(ThreadGroup c, int options, Found f) {
        if (c.isZombie) {
            if ((options & WEXITED) == 0) return false;
            f.child = c;
            f.status = c.exitStatus;
            f.code = Exit.exitCode(c.exitStatus);
            f.value = Exit.exitValue(c.exitStatus);
            return true;
        }
        if (c.reportsStop && (options & WUNTRACED) != 0) {
            f.child = c;
            f.status = c.stopSignal << 8 | 0x7f;
            f.code = CLD_STOPPED;
            f.value = c.stopSignal;
            return true;
        }
        if (c.reportsContinue && (options & WCONTINUED) != 0) {
            f.child = c;
            f.status = 0xffff;
            f.code = CLD_CONTINUED;
            f.value = SIGCONT;
            return true;
        }
        return false;
    }

    private static void consume(Task t, Found f, int options) {
        if ((options & WNOWAIT) != 0) return;
        switch (f.code) {
            case CLD_STOPPED -> f.child.reportsStop = false;
            case CLD_CONTINUED -> f.child.reportsContinue = false;
            default -> Exit.reap(f.child);
        }
    }

    private static long outInfo(Task t, long address, Found f) {
        // Only the fields of SIGCHLD are written; without a child all of them are zero (waitid(2)).
        long p = t.mem.scratch(32);
        if (f != null) {
            Memory.putInt(p + SI_SIGNO, SIGCHLD);
            Memory.putInt(p + SI_CODE, f.code);
            Memory.putInt(p + SI_PID, f.child.pidIn(t.group.pids));
            Memory.putInt(p + SI_UID, t.cred.userOut(f.child.leader.cred.uid));
            Memory.putInt(p + SI_STATUS, f.value);
        }
        return t.mem.out(address, p, 28);
    }

    private static long outRusage(Task t, long address, Found f) {
        ThreadGroup c = f.child;
        long own = c.isZombie ? c.cpuNanosAtEnd : CpuClocks.process(c);
        long p = t.mem.scratch(RUSAGE_SIZE);
        fillRusage(p, own + c.childCpuNanos, Math.max(c.maxRssKb, c.childMaxRssKb));
        return t.mem.out(address, p, RUSAGE_SIZE);
    }

    /** struct rusage (getrusage(2)). */
    public static void fillRusage(long p, long cpuNanos, long maxRssKb) {
        putTimeval(p, CpuClocks.userNanos(cpuNanos));
        putTimeval(p + 16, CpuClocks.systemNanos(cpuNanos));
        Memory.putLong(p + 32, maxRssKb);
    }

    private static void putTimeval(long p, long nanos) {
        Memory.putLong(p, nanos / 1_000_000_000);
        Memory.putLong(p + 8, nanos % 1_000_000_000 / 1000);
    }
}

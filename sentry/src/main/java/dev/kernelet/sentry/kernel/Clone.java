package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;
import static dev.kernelet.platform.Registers.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.vfs.MountOps;

/** New tasks: clone(2), clone3(2), fork(2), vfork(2). Kernel lock. */
public final class Clone {
    public static final long VM = 0x100, FS = 0x200, FILES = 0x400, SIGHAND = 0x800, PIDFD = 0x1000, PTRACE = 0x2000,
            VFORK = 0x4000, PARENT = 0x8000, THREAD = 0x10000, NEWNS = 0x20000, SYSVSEM = 0x40000, SETTLS = 0x80000,
            PARENT_SETTID = 0x100000, CHILD_CLEARTID = 0x200000, DETACHED = 0x400000, UNTRACED = 0x800000,
            CHILD_SETTID = 0x1000000, NEWCGROUP = 0x2000000, NEWUTS = 0x4000000, NEWIPC = 0x8000000,
            NEWUSER = 0x10000000, NEWPID = 0x20000000, NEWNET = 0x40000000, IO = 0x80000000L,
            CLEAR_SIGHAND = 0x1_0000_0000L, INTO_CGROUP = 0x2_0000_0000L, NEWTIME = 0x80;
    public static final long NAMESPACES = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWTIME;

    /** What clone(2) and clone3(2) have in common. */
    static final class Request {
        long flags, stack, tls, parentTid, childTid, pidfd;
        int exitSignal;
        long setTid, setTidSize;
        /** Asked for by set_tid, the innermost namespace first; or null. */
        int[] tids;
        /** CLONE_NEWUSER: what the child and its other new namespaces are in; else the parent's. */
        UserNamespace users;
    }

    private Clone() {}

    /** clone(2): the flags carry the exit signal in their low byte; the pidfd goes where CLONE_PARENT_SETTID's id would. */
    public static long clone(Task t, long flags, long stack, long parentTid, long childTid, long tls) {
        if (t.vforkChild != null || t.s0 != 0) return awaitVfork(t);
        flags &= 0xffffffffL;
        var r = new Request();
        r.exitSignal = (int) flags & 0xff;
        r.flags = flags & ~0xffL;
        r.stack = stack;
        r.parentTid = parentTid;
        r.pidfd = parentTid;
        r.childTid = childTid;
        r.tls = tls;
        if ((flags & (PIDFD | PARENT_SETTID)) == (PIDFD | PARENT_SETTID)) return -EINVAL;
        return make(t, r);
    }

    /** clone3(2). */
    public static long clone3(Task t, long address, long size) {
        if (t.vforkChild != null || t.s0 != 0) return awaitVfork(t);
        if (size < 64) return -EINVAL;
        if (size > 4096) return -E2BIG;
        long p = t.mem.in(address, (int) size);
        if (p < 0) return p;
        for (long i = 88; i < size; i++) if (Memory.getByte(p + i) != 0) return -E2BIG;
        var r = new Request();
        r.flags = Memory.getLong(p);
        r.pidfd = Memory.getLong(p + 8);
        r.childTid = Memory.getLong(p + 16);
        r.parentTid = Memory.getLong(p + 24);
        long signal = Memory.getLong(p + 32);
        r.stack = Memory.getLong(p + 40);
        long stackSize = Memory.getLong(p + 48);
        r.tls = Memory.getLong(p + 56);
        r.setTid = size >= 72 ? Memory.getLong(p + 64) : 0;
        r.setTidSize = size >= 80 ? Memory.getLong(p + 72) : 0;
        if ((r.flags & ~0x3_ffff_ffffL) != 0 || (r.flags & (DETACHED | 0x7f)) != 0) return -EINVAL;
        if ((r.flags & (SIGHAND | CLEAR_SIGHAND)) == (SIGHAND | CLEAR_SIGHAND)) return -EINVAL;
        if ((r.flags & INTO_CGROUP) != 0) return -EOPNOTSUPP;
        if ((signal & ~0xffL) != 0 || signal > 64) return -EINVAL;
        if ((r.flags & (THREAD | PARENT)) != 0 && signal != 0) return -EINVAL;
        if (r.stack == 0 ? stackSize > 0 : stackSize == 0) return -EINVAL;
        if (r.setTidSize < 0 || r.setTidSize > PidNamespace.LEVEL_MAX) return -EINVAL;
        if ((r.setTid == 0) != (r.setTidSize == 0)) return -EINVAL;
        if (r.setTid != 0) {
            p = t.mem.in(r.setTid, 4 * (int) r.setTidSize);
            if (p < 0) return p;
            r.tids = new int[(int) r.setTidSize];
            for (int i = 0; i < r.tids.length; i++) r.tids[i] = Memory.getInt(p + 4L * i);
        }
        r.exitSignal = (int) signal;
        if (r.stack != 0) r.stack += stackSize;
        return make(t, r);
    }

    public static long fork(Task t) {
        var r = new Request();
        r.exitSignal = SIGCHLD;
        return make(t, r);
    }

    public static long vfork(Task t) {
        if (t.vforkChild != null || t.s0 != 0) return awaitVfork(t);
        var r = new Request();
        r.flags = VM | VFORK;
        r.exitSignal = SIGCHLD;
        return make(t, r);
    }

    private static long check(Task t, Request r) {
        long f = r.flags;
        if ((f & (NEWNS | FS)) == (NEWNS | FS) || (f & (NEWUSER | FS)) == (NEWUSER | FS)) return -EINVAL;
        if ((f & THREAD) != 0 && (f & SIGHAND) == 0) return -EINVAL;
        if ((f & SIGHAND) != 0 && (f & VM) == 0) return -EINVAL;
        if ((f & THREAD) != 0 && (f & (NEWUSER | NEWPID)) != 0) return -EINVAL;
        if ((f & PIDFD) != 0 && (f & DETACHED) != 0) return -EINVAL;
        if ((f & PARENT) != 0 && (t.group == t.kernel.init || t.group.isInnerInit())) return -EINVAL;
        // A thread lives where its process does; of namespaces for children there is one to be had at a time.
        if ((f & (THREAD | NEWPID)) != 0 && t.childPids != null) return -EINVAL;
        if ((f & NAMESPACES) != 0 && !mayMake(t, f)) return -EPERM;
        if ((f & (NEWIPC | SYSVSEM)) == (NEWIPC | SYSVSEM)) return -EINVAL;
        if ((f & NEWNS) != 0 && !MountOps.hasRoomForCopy(t)) return -ENOSPC;
        // Signals sent before the fork are for the parent alone.
        if (t.attention && t.signals.isPending()) return -ERESTARTNOINTR;
        Kernel k = t.kernel;
        if (k.pids.count() >= k.options.taskLimit) return -EAGAIN;
        if (t.group.controlGroup != null && t.group.controlGroup.isFull()) return -EAGAIN;
        if (k.users.tasks(t.cred.uid, 0) >= t.group.limits.soft(Limits.NPROC) && t.cred.uid != 0
                && !t.cred.capable(Credentials.CAP_SYS_RESOURCE) && !t.cred.capable(Credentials.CAP_SYS_ADMIN)) {
            return -EAGAIN;
        }
        return 0;
    }

    /** Whether the task may have new namespaces of these kinds: by CAP_SYS_ADMIN in its user namespace. */
    public static boolean mayMake(Task t, long kinds) {
        if ((kinds & NAMESPACES & ~(NEWUTS | NEWIPC | NEWNS | NEWPID | NEWUSER)) != 0) return false;
        // In a new user namespace, which all may have, one has all capabilities.
        return (kinds & NEWUSER) != 0 || t.cred.capableHere(Credentials.CAP_SYS_ADMIN);
    }

    private static long make(Task t, Request r) {
        long e = check(t, r);
        if (e < 0) return e;
        Kernel k = t.kernel;
        long f = r.flags;
        if ((f & PIDFD) != 0 && !t.mem.writable(r.pidfd, 4)) return -EFAULT;
        r.users = (f & NEWUSER) != 0 ? UserNamespace.make(t) : t.cred.ns;
        if ((f & NEWUSER) != 0 && r.users == null) return t.error;
        PidNamespace pids = t.childPids != null ? t.childPids : t.group.pids;
        boolean isPlain = pids == null && (f & NEWPID) == 0 && r.tids == null;
        Pid numbers = isPlain ? null : numbersFor(t, r, pids);
        if (numbers == null && !isPlain) return t.error;
        int tid = isPlain ? k.pids.allocate() : numbers.number;
        if (tid < 0) return -EAGAIN;
        ExecutionContext ctx = newContext(t, f);
        if (ctx == null) return -EAGAIN;
        boolean isThread = (f & THREAD) != 0;
        Task c = new Task(k, tid, numbers, isThread ? t.group : newGroup(t, tid, numbers, r));
        inherit(t, c, ctx, r);
        if (!isThread) c.group.leader = c;
        c.group.tasks.add(c);
        k.pids.add(c);
        k.users.tasks(c.cred.uid, 1);
        if (c.group.controlGroup != null) c.group.controlGroup.tasks++;
        long pidfd = (f & PIDFD) == 0 ? 0 : openPidfd(t, c, r, isThread);
        setRegisters(c, r, ctx);
        int shown = c.tidIn(t.group.pids);
        if ((f & PARENT_SETTID) != 0) t.mem.outInt(r.parentTid, shown);
        if ((f & CHILD_SETTID) != 0 && r.childTid != 0) writeChildTid(c, r.childTid);
        if ((f & CHILD_CLEARTID) != 0) c.clearChildTid = r.childTid;
        if (pidfd < 0) {
            Exit.kill(c);
            return pidfd;
        }
        // parent_tid and clear_child_tid are one word for pthread_create: it must be written before the child can end.
        // Nor may a child of its own process miss it in memory that both share.
        if ((f & VM) != 0 || (f & PARENT_SETTID) != 0 && t.mm.sharedKey(r.parentTid) != null) t.mem.flush();
        c.isNew = true;
        k.makeReady(c);
        if ((f & VFORK) == 0) return shown;
        c.vforkParent = t;
        t.vforkChild = c;
        t.s0 = shown;
        return awaitVfork(t);
    }

    /** In {@code pids}, or in a new namespace of its own; null with t.error. */
    private static Pid numbersFor(Task t, Request r, PidNamespace pids) {
        boolean isNew = (r.flags & NEWPID) != 0;
        if (isNew) pids = PidNamespace.make(t, r.users);
        if (isNew && pids == null) return null;
        Pid p = null;
        int count = r.tids == null ? 0 : r.tids.length;
        long e = count > (pids == null ? 1 : pids.level + 1) ? -EINVAL : 0;
        Credentials c = isNew && r.users != t.cred.ns ? r.users.entered(t.cred) : t.cred;
        PidNamespace at = pids;
        for (int i = 0; i < count && e == 0; i++, at = at == null ? null : at.parent) {
            UserNamespace owner = PidNamespace.owner(at);
            boolean mayChoose = c.capableIn(owner, Credentials.CAP_CHECKPOINT_RESTORE)
                    || c.capableIn(owner, Credentials.CAP_SYS_ADMIN);
            if (!mayChoose) e = -EPERM;
        }
        if (e == 0) {
            p = PidNamespace.allocate(t.kernel, pids, r.tids == null ? NONE : r.tids);
            e = Init.error;
        }
        t.error = (int) e;
        return p;
    }

    private static final int[] NONE = {};

    /** vfork(2): nothing but a kill ends this wait. */
    private static long awaitVfork(Task t) {
        return t.vforkChild != null ? t.blockUninterruptible() : t.s0;
    }

    /** A thread of the parent's host process, also for vfork; or a copy of the whole process. */
    private static ExecutionContext newContext(Task t, long flags) {
        if ((flags & VM) != 0) return t.ctx.newThread();
        AddressSpace s = t.ctx.fork();
        return s == null ? null : s.first();
    }

    private static ThreadGroup newGroup(Task t, int pid, Pid numbers, Request r) {
        var g = new ThreadGroup(t.kernel, pid, numbers);
        ThreadGroup from = t.group;
        boolean isSibling = (r.flags & PARENT) != 0;
        g.parent = isSibling ? from.parent : from;
        g.creator = isSibling ? from.creator : t;
        g.exitSignal = isSibling ? from.exitSignal : r.exitSignal;
        if (g.parent != null) g.parent.children.add(g);
        g.limits = from.limits.copy();
        CpuClocks.limitChanged(g);
        if ((r.flags & SIGHAND) != 0) {
            g.handlers = from.handlers;
            g.handlers.users++;
        } else {
            g.handlers = (r.flags & CLEAR_SIGHAND) != 0 ? from.handlers.copyCleared() : from.handlers.copy();
        }
        g.hasSubreaper = g.parent != null && (g.parent.hasSubreaper || g.parent.isSubreaper);
        g.dumpable = from.dumpable;
        g.hasNoHugePages = from.hasNoHugePages;
        g.oomScoreAdj = from.oomScoreAdj;
        g.exe = from.exe;
        g.controlGroup = from.controlGroup;
        t.kernel.pids.add(g);
        JobControl.join(g, from.processGroup);
        return g;
    }

    private static void inherit(Task t, Task c, ExecutionContext ctx, Request r) {
        long flags = r.flags;
        c.ctx = ctx;
        ctx.owner = c;
        c.mm = (flags & VM) != 0 ? t.mm.hold() : t.mm.fork(t, ctx.space());
        c.fds = (flags & FILES) != 0 ? t.fds.hold() : t.fds.copy();
        if ((flags & FS) != 0) {
            c.fs = t.fs;
            c.fs.users++;
        } else {
            c.fs = t.fs.copy();
            if ((flags & NEWNS) != 0) MountOps.unshare(c.fs, t.kernel.nextNamespace++, r.users);
        }
        c.cred = (flags & NEWUSER) != 0 ? r.users.entered(t.cred) : t.cred;
        if (r.users != null) r.users.hold();
        c.uts = (flags & NEWUTS) != 0 ? new UtsNamespace(t, r.users) : t.uts;
        c.ipc = (flags & NEWIPC) != 0 ? IpcNamespace.make(t.kernel, r.users) : t.ipc;
        if (c.ipc != null) c.ipc.hold();
        Seccomp.inherit(t, c);
        c.name = t.name;
        c.personality = t.personality;
        c.timerSlackNanos = t.timerSlackNanos;
        c.sched.inherit(t.sched);
        if ((flags & VM) == 0) Rseq.inherit(t, c);
        Signals s = c.signals;
        s.mask = t.signals.mask;
        // The alternate stack is kept but where two tasks would use it at once (sigaltstack(2)).
        if ((flags & (VM | VFORK)) != VM) {
            s.altStack = t.signals.altStack;
            s.altSize = t.signals.altSize;
            s.altFlags = t.signals.altFlags;
        }
    }

    private static long openPidfd(Task t, Task c, Request r, boolean isThread) {
        long fd = t.fds.install(t, new PidFile(c, isThread ? PidFile.PIDFD_THREAD : 0), true);
        return fd < 0 ? fd : t.mem.outInt(r.pidfd, (int) fd);
    }

    private static void setRegisters(Task c, Request r, ExecutionContext ctx) {
        ctx.setReg(RAX, 0);
        if (r.stack != 0) ctx.setReg(RSP, r.stack);
        if ((r.flags & SETTLS) != 0) ctx.setFsBase(r.tls);
    }

    /** Written by the child itself on its way out: no round trip. A bad address is nobody's concern (clone(2)). */
    private static void writeChildTid(Task c, long address) {
        c.mem.begin();
        c.mem.outInt(address, c.ownTid);
    }
}

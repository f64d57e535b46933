package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.SIGHUP;
import static dev.kernelet.abi.Signal.SIGINT;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.anon.EpollFile;
import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.fs.proc.NamespaceFile;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.Affinity;
import dev.kernelet.sentry.kernel.Rseq;
import dev.kernelet.sentry.kernel.Clone;
import dev.kernelet.sentry.kernel.CpuClocks;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Exec;
import dev.kernelet.sentry.kernel.Exit;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.ProcessAccess;
import dev.kernelet.sentry.kernel.ProcessGroups;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.kernel.UtsNamespace;
import dev.kernelet.sentry.kernel.Wait;
import dev.kernelet.sentry.vfs.MountOps;
import dev.kernelet.sentry.vfs.OpenFile;

/** Processes: making, ending, waiting for them, their ids, limits and what the system says of itself. */
final class SysProcess {
    private static final int ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004,
            ARCH_GET_CPUID = 0x1011, ARCH_SET_CPUID = 0x1012;
    private static final int GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4;
    private static final int UTS_FIELD = 65;

    private SysProcess() {}

    // ---- making and ending
    /** clone(2). */
    static long clone(Task t, long flags, long stack, long parentTid, long childTid, long tls) {
        return Clone.clone(t, flags, stack, parentTid, childTid, tls);
    }

    /** clone3(2). */
    static long clone3(Task t, long arguments, long size) { return Clone.clone3(t, arguments, size); }

    /** fork(2). */
    static long fork(Task t) { return Clone.fork(t); }

    /** vfork(2). */
    static long vfork(Task t) { return Clone.vfork(t); }

    /** execve(2). */
    static long execve(Task t, long path, long argv, long envp) { return Exec.execve(t, path, argv, envp); }

    /** execveat(2). */
    static long execveat(Task t, int dirfd, long path, long argv, long envp, int flags) {
        return Exec.execveat(t, dirfd, path, argv, envp, flags);
    }

    /** _exit(2) of a thread. */
    static long exit(Task t, int code) { return Exit.exit(t, code); }

    /** exit_group(2). */
    static long exit_group(Task t, int code) { return Exit.exitGroup(t, code); }

    /** wait4(2). */
    static long wait4(Task t, int pid, long status, int options, long rusage) {
        return Wait.wait4(t, pid, status, options, rusage);
    }

    /** waitid(2). */
    static long waitid(Task t, int type, int id, long info, int options, long rusage) {
        return Wait.waitid(t, type, id, info, options, rusage);
    }

    // ---- ids
    /** getpid(2). */
    static long getpid(Task t) { return t.answer(39, t.group.ownPid); }

    /** getppid(2). */
    static long getppid(Task t) { return t.group.parentIn(t.group.pids); }

    /** gettid(2). */
    static long gettid(Task t) { return t.answer(186, t.ownTid); }

    /** getpgrp(2). */
    static long getpgrp(Task t) { return t.group.pgidIn(t.group.pids); }

    private static ThreadGroup group(Task t, int pid) {
        if (pid == 0) return t.group;
        ThreadGroup g = t.process(pid);
        if (g != null) return g;
        Task o = t.thread(pid);
        return o == null ? null : o.group;
    }

    /** getpgid(2). */
    static long getpgid(Task t, int pid) {
        ThreadGroup g = group(t, pid);
        return g == null ? -ESRCH : g.pgidIn(t.group.pids);
    }

    /** getsid(2). */
    static long getsid(Task t, int pid) {
        ThreadGroup g = group(t, pid);
        return g == null ? -ESRCH : g.sidIn(t.group.pids);
    }

    /** setpgid(2). */
    static long setpgid(Task t, int pid, int pgid) { return ProcessGroups.setpgid(t, pid, pgid); }

    /** setsid(2). */
    static long setsid(Task t) { return ProcessGroups.setsid(t); }

    /** set_tid_address(2). */
    static long set_tid_address(Task t, long address) {
        t.clearChildTid = address;
        return t.ownTid;
    }

    /** set_robust_list(2): the head is 24 bytes. */
    static long set_robust_list(Task t, long head, long size) {
        if (size != 24) return -EINVAL;
        t.robustList = head;
        return 0;
    }

    /** get_robust_list(2). */
    static long get_robust_list(Task t, int pid, long head, long size) {
        Task o = pid == 0 ? t : t.thread(pid);
        if (o == null) return -ESRCH;
        if (!ProcessAccess.byRealIds(t, o)) return -EPERM;
        long r = t.mem.outLong(size, 24);
        return r < 0 ? r : t.mem.outLong(head, o.robustList);
    }

    // ---- the thread's own
    /** arch_prctl(2). */
    static long arch_prctl(Task t, int code, long address) {
        switch (code) {
            case ARCH_SET_FS -> {
                if (Long.compareUnsigned(address, t.kernel.platform.traits().userEnd()) >= 0) return -EPERM;
                t.ctx.setFsBase(address);
                return 0;
            }
            case ARCH_GET_FS -> { return t.mem.outLong(address, t.ctx.fsBase()); }
            case ARCH_GET_GS -> { return t.mem.outLong(address, t.ctx.gsBase()); }
            case ARCH_SET_GS -> { return t.ctx.setGsBase(address) ? 0 : -EPERM; }
            case ARCH_GET_CPUID -> { return 1; }
            case ARCH_SET_CPUID -> { return -ENODEV; }
            // CPUID faulting, shadow stacks, tagging: not offered.
            default -> { return -EINVAL; }
        }
    }

    /** prctl(2). */
    static long prctl(Task t, int option, long a, long b, long c, long d) {
        return dev.kernelet.sentry.kernel.Prctl.prctl(t, option, a, b, c, d);
    }

    /** personality(2). */
    static long personality(Task t, int value) {
        int old = t.personality;
        if (value != -1) t.personality = value;
        return Integer.toUnsignedLong(old);
    }

    /** rseq(2). */
    static long rseq(Task t, long area, int length, int flags, int signature) {
        return Rseq.rseq(t, area, length, flags, signature);
    }

    /** getcpu(2): one of the processors it may run on. Where it is just now the vDSO tells, as programs ask. */
    static long getcpu(Task t, long cpu, long node, long cache) {
        if (cpu != 0 && t.mem.outInt(cpu, Affinity.any(t)) < 0) return -EFAULT;
        return node == 0 ? 0 : t.mem.outInt(node, 0);
    }

    /** restart_syscall(2). */
    static long restart_syscall(Task t) { return t.restart() ? SyscallTable.dispatch(t, t.nr) : -EINTR; }

    // ---- namespaces
    /** unshare(2): what threads share may be split; new namespaces: users, mounts and others. */
    static long unshare(Task t, int flags) {
        long known = Clone.NAMESPACES | Clone.FS | Clone.FILES | Clone.VM | Clone.SIGHAND | Clone.THREAD | Clone.SYSVSEM;
        if ((Integer.toUnsignedLong(flags) & ~known) != 0) return -EINVAL;
        if ((flags & Clone.NAMESPACES) != 0 && !Clone.mayMake(t, flags)) return -EPERM;
        int single = (int) (Clone.THREAD | Clone.SIGHAND | Clone.VM | Clone.NEWUSER);
        if ((flags & single) != 0 && t.group.tasks.size() > 1) return -EINVAL;
        if ((flags & Clone.NEWNS) != 0 && !MountOps.hasRoomForCopy(t)) return -ENOSPC;
        UserNamespace users = t.cred.ns;
        if ((flags & Clone.NEWUSER) != 0) {
            users = UserNamespace.make(t);
            if (users == null) return t.error;
        }
        PidNamespace pids = null;
        if ((flags & Clone.NEWPID) != 0) {
            // Once is enough until a process is there: further ones would be below it.
            pids = t.childPids != null ? null : PidNamespace.make(t, users);
            if (pids == null) return t.childPids != null ? -EINVAL : t.error;
        }
        if ((flags & (Clone.FS | Clone.NEWNS | Clone.NEWUSER)) != 0 && t.fs.users > 1) {
            t.fs.users--;
            t.fs = t.fs.copy();
        }
        if ((flags & Clone.FILES) != 0 && t.fds.isShared()) {
            var own = t.fds.copy();
            t.fds.put(t);
            t.fds = own;
        }
        if ((flags & Clone.NEWNS) != 0) MountOps.unshare(t.fs, t.kernel.nextNamespace++, users);
        if ((flags & Clone.NEWUTS) != 0) t.uts = new UtsNamespace(t, users);
        if ((flags & Clone.NEWIPC) != 0) IpcNamespace.enter(t, IpcNamespace.make(t.kernel, users));
        if (pids != null) t.childPids = pids.hold();
        if ((flags & Clone.NEWUSER) != 0) UserNamespace.enter(t, users);
        return 0;
    }

    /** setns(2): by a file of /proc/PID/ns, or all of {@code kinds} by a pidfd. */
    static long setns(Task t, int fd, int kinds) { return NamespaceFile.setns(t, fd, kinds); }

    // ---- limits and usage
    /** getrlimit(2). */
    static long getrlimit(Task t, int resource, long limit) {
        return resource < 0 || resource >= Limits.COUNT ? -EINVAL : prlimit64(t, 0, resource, 0, limit);
    }

    /** setrlimit(2). */
    static long setrlimit(Task t, int resource, long limit) {
        if (limit == 0) return -EFAULT;
        return prlimit64(t, 0, resource, limit, 0);
    }

    /** prlimit(2). */
    static long prlimit64(Task t, int pid, int resource, long newLimit, long oldLimit) {
        if (resource < 0 || resource >= Limits.COUNT) return -EINVAL;
        long soft = 0, hard = 0;
        if (newLimit != 0) {
            long p = t.mem.in(newLimit, 16);
            if (p < 0) return p;
            soft = Memory.getLong(p);
            hard = Memory.getLong(p + 8);
            if (Long.compareUnsigned(soft, hard) > 0) return -EINVAL;
            if (resource == Limits.NOFILE && Long.compareUnsigned(hard, 1 << 20) > 0) return -EPERM;
        }
        ThreadGroup g = group(t, pid);
        if (g == null || g.isZombie) return -ESRCH;
        if (g != t.group && !mayLimit(t, g.leader)) return -EPERM;
        Limits l = g.limits;
        long oldSoft = l.rawSoft(resource), oldHard = l.rawHard(resource);
        if (newLimit != 0) {
            boolean raises = Long.compareUnsigned(hard, oldHard) > 0;
            if (raises && !(t.cred.capable(Credentials.CAP_SYS_RESOURCE) && isWithin(t, resource,
                    hard))) return -EPERM;
            l.set(resource, soft, hard);
            if (resource == Limits.CPU) CpuClocks.limitChanged(g);
            if (resource == Limits.STACK && g == t.group) t.mm.stackLimitChanged(t);
        }
        if (oldLimit == 0) return 0;
        long p = t.mem.scratch(16);
        Memory.putLong(p, oldSoft);
        Memory.putLong(p + 8, oldHard);
        return t.mem.out(oldLimit, p, 16);
    }

    /** Not even root raises what the sandbox was given. */
    private static boolean isWithin(Task t, int resource, long hard) {
        KernelOptions o = t.kernel.options;
        long most = resource == Limits.CPU ? o.cpuSeconds : resource == Limits.FSIZE ? o.fileSize : 0;
        return most == 0 || Long.compareUnsigned(hard, resource == Limits.CPU ? most + 1 : most) <= 0;
    }

    private static boolean mayLimit(Task t, Task o) {
        Credentials a = t.cred, b = o.cred;
        return a.uid == b.euid && a.uid == b.suid && a.uid == b.uid && a.gid == b.egid && a.gid == b.sgid && a.gid == b.gid
                || a.capableIn(b.ns, Credentials.CAP_SYS_RESOURCE);
    }

    /** getrusage(2). */
    static long getrusage(Task t, int who, long usage) {
        long nanos;
        switch (who) {
            case 0 -> nanos = CpuClocks.process(t.group);
            case -1 -> nanos = t.group.childCpuNanos;
            case 1 -> nanos = CpuClocks.thread(t);
            default -> { return -EINVAL; }
        }
        long p = t.mem.scratch(Wait.RUSAGE_SIZE);
        Wait.fillRusage(p, nanos, who == -1 ? t.group.childMaxRssKb() : CpuClocks.maxRssKb(t.group));
        return t.mem.out(usage, p, Wait.RUSAGE_SIZE);
    }

    /** times(2), in ticks of 10 ms. */
    static long times(Task t, long tms) {
        if (tms != 0) {
            long own = CpuClocks.process(t.group), children = t.group.childCpuNanos;
            long p = t.mem.scratch(32);
            Memory.putLong(p, CpuClocks.userNanos(own) / 10_000_000);
            Memory.putLong(p + 8, CpuClocks.systemNanos(own) / 10_000_000);
            Memory.putLong(p + 16, CpuClocks.userNanos(children) / 10_000_000);
            Memory.putLong(p + 24, CpuClocks.systemNanos(children) / 10_000_000);
            if (t.mem.out(tms, p, 32) < 0) return -EFAULT;
        }
        return HostCall.clockNanos(7) / 10_000_000;
    }

    /** sysinfo(2): struct sysinfo has 112 bytes. */
    static long sysinfo(Task t, long info) {
        long p = t.mem.scratch(112);
        Memory.putLong(p, HostCall.clockNanos(7) / 1_000_000_000);
        long total = ProcFs.totalBytes(t.kernel, t.group.controlGroup);
        long free = ProcFs.freeBytes(t.kernel, t.group.controlGroup);
        Memory.putLong(p + 32, total);
        Memory.putLong(p + 40, free);
        Memory.putShort(p + 80, (short) Math.min(65535, t.kernel.pids.count()));
        Memory.putInt(p + 104, 1);
        return t.mem.out(info, p, 112);
    }

    private static final int PER_LINUX32 = 8;

    // ---- names
    /** uname(2): six fields of 65 bytes. */
    static long uname(Task t, long name) {
        long p = t.mem.scratch(6 * UTS_FIELD);
        Memory.putBytes(p, "Linux");
        Memory.putBytes(p + UTS_FIELD, UtsNamespace.hostname(t));
        Memory.putBytes(p + 2 * UTS_FIELD, release(t));
        Memory.putBytes(p + 3 * UTS_FIELD, "#1 SMP PREEMPT_DYNAMIC");
        Memory.putBytes(p + 4 * UTS_FIELD, (t.personality & 0xff) == PER_LINUX32 ? "i686" : "x86_64");
        Memory.putBytes(p + 5 * UTS_FIELD, UtsNamespace.domainname(t));
        return t.mem.out(name, p, 6 * UTS_FIELD);
    }

    /** For programs that cannot read a version above 2.6 (UNAME26 of personality(2)): 6.12 is 2.6.72. */
    private static String release(Task t) {
        String r = t.kernel.options.release;
        if ((t.personality & 0x0020000) == 0) return r;
        int dot = r.indexOf('.'), end = dot + 1;
        while (end < r.length() && Character.isDigit(r.charAt(end))) end++;
        return "2.6." + (60 + Integer.parseInt(r.substring(dot + 1, end)));
    }

    /** sethostname(2). */
    static long sethostname(Task t, long name, int length) {
        String s = utsName(t, name, length);
        if (s == null) return t.error;
        UtsNamespace.setHostname(t, s);
        return 0;
    }

    /** setdomainname(2). */
    static long setdomainname(Task t, long name, int length) {
        String s = utsName(t, name, length);
        if (s == null) return t.error;
        UtsNamespace.setDomainname(t, s);
        return 0;
    }

    private static String utsName(Task t, long name, int length) {
        t.error = -EPERM;
        UserNamespace owner = t.uts == null ? null : t.uts.owner;
        if (!t.cred.capableIn(owner, Credentials.CAP_SYS_ADMIN)) return null;
        t.error = -EINVAL;
        if (length < 0 || length > 64) return null;
        long p = t.mem.in(name, length);
        t.error = -EFAULT;
        return p < 0 ? null : Memory.getBytes(p, length);
    }

    /** syslog(2): the log of a kernel that has nothing to say. */
    static long syslog(Task t, int type, long buffer, int length) {
        if (type < 0 || type > 10) return -EINVAL;
        boolean isRead = type == 2 || type == 3 || type == 4;
        if (isRead && (buffer == 0 || length < 0)) return -EINVAL;
        if (type != 3 && type != 10 && !t.cred.capable(34) && !t.cred.capable(Credentials.CAP_SYS_ADMIN)) return -EPERM;
        return 0;
    }

    // ---- pidfd
    /** pidfd_open(2). */
    static long pidfd_open(Task t, int pid, int flags) {
        if ((flags & ~(PidFile.PIDFD_NONBLOCK | PidFile.PIDFD_THREAD)) != 0 || pid <= 0) return -EINVAL;
        boolean isThread = (flags & PidFile.PIDFD_THREAD) != 0;
        Task o = t.thread(pid);
        if (o == null) {
            ThreadGroup g = t.process(pid);
            if (g == null || g.isReaped) return -ESRCH;
            o = g.leader;
        }
        if (!isThread && o.group.leader != o) return -EINVAL;
        return t.fds.install(t, new PidFile(o, flags), true);
    }

    /** pidfd_getfd(2). */
    static long pidfd_getfd(Task t, int pidfd, int fd, int flags) {
        if (flags != 0) return -EINVAL;
        OpenFile f = t.fds.get(pidfd);
        if (!(f instanceof PidFile p)) return -EBADF;
        Task o = p.thread != null ? p.thread : p.group.anyTask();
        if (o == null || o.fds == null || p.group.isZombie) return -ESRCH;
        if (!ProcessAccess.byRealIds(t, o)) return -EPERM;
        OpenFile file = o.fds.get(fd);
        return file == null ? -EBADF : t.fds.install(t, file.hold(), true);
    }

    /** pidfd_send_signal(2). */
    static long pidfd_send_signal(Task t, int pidfd, int signo, long info, int flags) {
        if ((flags & ~7) != 0 || Integer.bitCount(flags) > 1) return -EINVAL;
        OpenFile f = t.fds.get(pidfd);
        if (f == null) return -EBADF;
        PidFile p = f instanceof PidFile own ? own : null;
        // A directory /proc/PID does as well.
        ThreadGroup group = p != null ? p.group : ProcFs.process(f.inode);
        if (group == null) return -EBADF;
        Task thread = p != null ? p.thread : null;
        PidNamespace pids = t.group.pids;
        // To nobody outside the sender's namespace, however it came by the file (access_pidfd_pidns).
        if (pids != null && (group.pids == null || !group.pids.isWithin(pids))) return -EINVAL;
        if (signo < 0 || signo > 64) return -EINVAL;
        SigInfo i = SigInfo.user(signo, 0, t.group.ownPid, t.cred.userOut(t.cred.uid));
        if (info != 0) {
            long in = t.mem.in(info, 128);
            if (in < 0) return in;
            i = SigInfo.read(in);
            if (i.signo != signo) return -EINVAL;
            if (group != t.group && (i.code >= 0 || i.code == -6)) return -EPERM;
        }
        if (group.isReaped || thread != null && thread.state == Task.DEAD) return -ESRCH;
        if (!SysSignal.mayKill(t, group, signo)) return -EPERM;
        if (signo == 0) return 0;
        i.between(t, group);
        boolean toThread = (flags & 1) != 0 || flags == 0 && thread != null;
        return toThread ? Signals.send(thread != null ? thread : group.leader, i) : Signals.send(group, i);
    }

    /** process_mrelease(2). */
    static long process_mrelease(Task t, int pidfd, int flags) {
        if (flags != 0) return -EINVAL;
        OpenFile f = t.fds.get(pidfd);
        if (!(f instanceof PidFile p)) return -EBADF;
        return p.group.isZombie ? -ESRCH : -EINVAL;
    }

    /** kcmp(2): a total order by identity. */
    static long kcmp(Task t, int pid1, int pid2, int type, long index1, long index2) {
        Task a = t.thread(pid1), b = t.thread(pid2);
        if (a == null || b == null) return -ESRCH;
        if (!ProcessAccess.byRealIds(t, a) || !ProcessAccess.byRealIds(t, b)) return -EPERM;
        Object x, y;
        switch (type) {
            case 0 -> {
                x = a.fds.get((int) index1);
                y = b.fds.get((int) index2);
                if (x == null || y == null) return -EBADF;
            }
            case 1 -> {
                x = a.mm;
                y = b.mm;
            }
            case 2 -> {
                x = a.fds;
                y = b.fds;
            }
            case 3 -> {
                x = a.fs;
                y = b.fs;
            }
            case 4 -> {
                x = a.group.handlers;
                y = b.group.handlers;
            }
            case 5 -> { return 0; } // KCMP_IO: nobody has a context of its own
            case 6 -> {
                x = a.semUndo;
                y = b.semUndo;
            }
            case 7 -> { // KCMP_EPOLL_TFD: struct kcmp_epoll_slot
                long slot = t.mem.in(index2, 12);
                if (slot < 0) return slot;
                x = a.fds.get((int) index1);
                OpenFile epoll = b.fds.get(Memory.getInt(slot));
                if (x == null || epoll == null) return -EBADF;
                if (!(epoll instanceof EpollFile e)) return -EINVAL;
                y = e.target(Memory.getInt(slot + 4), Memory.getInt(slot + 8));
                if (y == null) return -ENOENT;
            }
            default -> { return -EINVAL; }
        }
        if (x == y) return 0;
        return System.identityHashCode(x) < System.identityHashCode(y) ? 1 : 2;
    }

    private static final int REBOOT_MAGIC1 = 0xfee1dead;
    private static final int RESTART = 0x01234567, RESTART2 = 0xa1b2c3d4, HALT = 0xcdef0123, POWER_OFF = 0x4321fedc;

    /** reboot(2), as in any PID namespace but the first: its init ends as by SIGHUP or SIGINT. */
    static long reboot(Task t, int magic1, int magic2, int command) {
        if (!t.cred.capableIn(PidNamespace.owner(t.group.pids), Credentials.CAP_SYS_BOOT)) return -EPERM;
        boolean isMagic = magic1 == REBOOT_MAGIC1
                && (magic2 == 0x28121969 || magic2 == 0x05121996 || magic2 == 0x16041998 || magic2 == 0x20112000);
        if (!isMagic) return -EINVAL;
        return switch (command) {
            case RESTART, RESTART2 -> Exit.reboot(t, SIGHUP);
            case HALT, POWER_OFF -> Exit.reboot(t, SIGINT);
            default -> -EINVAL;
        };
    }

    // ---- refused
    /** acct(2). */
    static long acct(Task t, long path) { return t.cred.capable(Credentials.CAP_SYS_PACCT) ? -ENOSYS : -EPERM; }

    /** ptrace(2): not offered yet; EPERM is what debuggers explain to their users. */
    static long ptrace(Task t, long request, long pid, long address, long data) { return -EPERM; }

    /** seccomp(2). */
    static long seccomp(Task t, int operation, int flags, long arguments) {
        return dev.kernelet.sentry.kernel.Seccomp.seccomp(t, operation, flags, arguments);
    }

    /** Random bytes take eight times as long as others. */
    private static final int RANDOM_TURN = Task.TURN / 8;

    /** getrandom(2). */
    static long getrandom(Task t, long buffer, long length, int flags) {
        if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0) return -EINVAL;
        if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
        long total = Math.min(length, Integer.MAX_VALUE), done = t.s0;
        while (done < total) {
            if (done - t.s0 >= RANDOM_TURN) {
                if (!t.givesWay()) return done;
                t.s0 = done;
                return Task.BLOCKED;
            }
            int n = (int) Math.min(total - done, t.mem.dataMax());
            long p = t.mem.dataWindow();
            long got = HostCall.call(SyscallNumber.GETRANDOM, p, n, 0);
            if (got < 0) return done > 0 ? done : got;
            boolean isLast = done + got >= total;
            long r = isLast ? t.mem.dataOutLast(buffer + done, got) : t.mem.dataOut(buffer + done, got);
            if (r < 0) return done > 0 ? done : r;
            done += got;
        }
        return done;
    }
}

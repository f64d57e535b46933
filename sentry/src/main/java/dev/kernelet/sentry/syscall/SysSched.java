package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.sentry.kernel.Scheduling.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Affinity;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.ProcessGroup;
import dev.kernelet.sentry.kernel.Scheduling;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;

/**
 * Scheduling (sched(7)): checked, remembered and shown as Linux does; of all that the host keeps the
 * processors.
 */
final class SysSched {
    private static final int RESET_ON_FORK = 0x40000000;
    private static final int ATTR_SIZE = 48;

    private SysSched() {}

    private static Task task(Task t, int pid) { return pid == 0 ? t : t.thread(pid); }

    private static boolean mayChange(Task t, Task o) {
        return t.cred.euid == o.cred.euid || t.cred.euid == o.cred.uid
                || t.cred.capableIn(o.cred.ns, Credentials.CAP_SYS_NICE);
    }

    /** sched_yield(2). */
    static long sched_yield(Task t) { return 0; }

    // ---- policies
    /** sched_setscheduler(2). */
    static long sched_setscheduler(Task t, int pid, int policy, long param) {
        if (policy < 0) return -EINVAL;
        return setScheduler(t, pid, policy, param);
    }

    /** sched_setparam(2). */
    static long sched_setparam(Task t, int pid, long param) { return setScheduler(t, pid, -1, param); }

    private static long setScheduler(Task t, int pid, int policy, long param) {
        if (pid < 0 || param == 0) return -EINVAL;
        long p = t.mem.in(param, 4);
        if (p < 0) return p;
        int priority = Memory.getInt(p);
        Task o = task(t, pid);
        if (o == null) return -ESRCH;
        boolean reset = policy >= 0 && (policy & RESET_ON_FORK) != 0;
        int real = policy < 0 ? o.sched.policy : policy & ~RESET_ON_FORK;
        if (!isPolicy(real) || real == DEADLINE) return -EINVAL;
        boolean isRealtime = real == FIFO || real == RR;
        if (isRealtime ? priority < 1 || priority > 99 : priority != 0) return -EINVAL;
        long r = mayRealtime(t, o, isRealtime, priority);
        if (r < 0) return r;
        o.sched.policy = real;
        o.sched.priority = priority;
        if (policy >= 0) o.sched.resetOnFork = reset;
        return 0;
    }

    private static boolean isPolicy(int p) { return p >= OTHER && p <= DEADLINE && p != 4; }

    private static long mayRealtime(Task t, Task o, boolean isRealtime, int priority) {
        if (!mayChange(t, o)) return -EPERM;
        if (!isRealtime || t.cred.capable(Credentials.CAP_SYS_NICE)) return 0;
        return priority > o.group.limits.soft(Limits.RTPRIO) ? -EPERM : 0;
    }

    /** sched_getscheduler(2). */
    static long sched_getscheduler(Task t, int pid) {
        if (pid < 0) return -EINVAL;
        Task o = task(t, pid);
        return o == null ? -ESRCH : o.sched.policy | (o.sched.resetOnFork ? RESET_ON_FORK : 0);
    }

    /** sched_getparam(2). */
    static long sched_getparam(Task t, int pid, long param) {
        if (pid < 0 || param == 0) return -EINVAL;
        Task o = task(t, pid);
        return o == null ? -ESRCH : t.mem.outInt(param, o.sched.priority);
    }

    /** sched_get_priority_max(2). */
    static long sched_get_priority_max(Task t, int policy) {
        return !isPolicy(policy) ? -EINVAL : policy == FIFO || policy == RR ? 99 : 0;
    }

    /** sched_get_priority_min(2). */
    static long sched_get_priority_min(Task t, int policy) {
        return !isPolicy(policy) ? -EINVAL : policy == FIFO || policy == RR ? 1 : 0;
    }

    /** sched_rr_get_interval(2). */
    static long sched_rr_get_interval(Task t, int pid, long interval) {
        if (pid < 0) return -EINVAL;
        Task o = task(t, pid);
        if (o == null) return -ESRCH;
        return TimeStructs.outTimespec(t, interval,
                o.sched.policy == FIFO ? 0 : o.sched.policy == RR ? 100_000_000 : 3_000_000);
    }

    /** sched_setattr(2). */
    static long sched_setattr(Task t, int pid, long attr, int flags) {
        if (attr == 0 || pid < 0 || flags != 0) return -EINVAL;
        long s = t.mem.in(attr, 4);
        if (s < 0) return s;
        int size = Memory.getInt(s);
        if (size == 0) size = ATTR_SIZE;
        if (size < ATTR_SIZE || size > 4096) return t.mem.outInt(attr, 56) < 0 ? -EFAULT : -E2BIG;
        long p = t.mem.in(attr, size);
        if (p < 0) return p;
        Task o = task(t, pid);
        if (o == null) return -ESRCH;
        int policy = Memory.getInt(p + 4);
        long f = Memory.getLong(p + 8);
        if (!isPolicy(policy) || (f & ~0x7fL) != 0) return -EINVAL;
        int nice = Memory.getInt(p + 16), priority = Memory.getInt(p + 20);
        boolean isRealtime = policy == FIFO || policy == RR;
        if (policy == DEADLINE) return t.cred.capable(Credentials.CAP_SYS_NICE) ? -EBUSY : -EPERM;
        if (isRealtime ? priority < 1 || priority > 99 : priority != 0) return -EINVAL;
        long r = mayRealtime(t, o, isRealtime, priority);
        if (r < 0) return r;
        if (!isRealtime) {
            if (nice < -20 || nice > 19) return -EINVAL;
            r = setNice(t, o, nice);
            if (r < 0) return -EPERM;
        }
        o.sched.policy = policy;
        o.sched.priority = priority;
        o.sched.resetOnFork = (f & 1) != 0;
        return 0;
    }

    /** sched_getattr(2). */
    static long sched_getattr(Task t, int pid, long attr, int size, int flags) {
        if (attr == 0 || pid < 0 || flags != 0 || size < ATTR_SIZE || size > 4096) return -EINVAL;
        Task o = task(t, pid);
        if (o == null) return -ESRCH;
        Scheduling s = o.sched;
        int n = Math.min(size, 56);
        long p = t.mem.scratch(56);
        Memory.putInt(p, n);
        Memory.putInt(p + 4, s.policy);
        Memory.putLong(p + 8, s.resetOnFork ? 1 : 0);
        Memory.putInt(p + 16, s.policy == OTHER || s.policy == BATCH ? s.nice : 0);
        Memory.putInt(p + 20, s.priority);
        return t.mem.out(attr, p, n);
    }

    // ---- processors
    /** sched_setaffinity(2). */
    static long sched_setaffinity(Task t, int pid, int size, long mask) {
        Task o = task(t, pid);
        int n = Math.min(Math.max(size, 0), 1024);
        long p = t.mem.in(mask, n);
        if (p < 0) return p;
        if (o == null || o.state == Task.DEAD) return -ESRCH;
        if (!mayChange(t, o)) return -EPERM;
        var bits = new long[Affinity.initial(t.kernel).length];
        long any = 0;
        for (int i = 0; i < Math.min(n, 8 * bits.length); i++) {
            bits[i >> 3] |= (long) Memory.getUnsignedByte(p + i) << 8 * (i & 7);
        }
        for (long b : bits) any |= b;
        return any == 0 ? -EINVAL : Affinity.set(t, o, bits);
    }

    /** sched_getaffinity(2): the number of bytes the kernel's own mask has. */
    static long sched_getaffinity(Task t, int pid, int size, long mask) {
        if (size < 8 || (size & 7) != 0 || size * 8L < t.kernel.options.processors) return -EINVAL;
        Task o = task(t, pid);
        if (o == null) return -ESRCH;
        long[] bits = Affinity.of(o);
        int n = Math.min(size, 8 * bits.length);
        long p = t.mem.scratch(8 * bits.length);
        for (int i = 0; i < bits.length; i++) Memory.putLong(p + 8L * i, bits[i]);
        long r = t.mem.out(mask, p, n);
        return r < 0 ? r : n;
    }

    // ---- nice values
    /** getpriority(2): 20 minus the nice value, so that errors can be told. */
    static long getpriority(Task t, int which, int who) {
        return each(t, which, who, ASKED);
    }

    /** setpriority(2). */
    static long setpriority(Task t, int which, int who, int value) {
        int nice = Math.max(-20, Math.min(19, value));
        return each(t, which, who, nice);
    }

    private static long setNice(Task t, Task o, int nice) {
        if (nice < o.sched.nice && !t.cred.capable(Credentials.CAP_SYS_NICE)
                && 20 - nice > o.group.limits.soft(Limits.NICE)) {
            return -EACCES;
        }
        o.sched.nice = nice;
        return 0;
    }

    /** Instead of a nice value to set: what it is now. */
    private static final int ASKED = Integer.MIN_VALUE;

    private static long one(Task t, Task o, int nice) {
        if (nice == ASKED) return 20 - o.sched.nice;
        return mayChange(t, o) ? setNice(t, o, nice) : -EPERM;
    }

    /**
     * PRIO_PROCESS, PRIO_PGRP, PRIO_USER: the last error, or -ESRCH when nobody was meant; when asked, the
     * best one's answer.
     */
    private static long each(Task t, int which, int who, int nice) {
        if (which < 0 || which > 2) return -EINVAL;
        long result = -ESRCH;
        if (which == 0) {
            Task o = task(t, who);
            return o == null ? -ESRCH : one(t, o, nice);
        }
        if (which == 1) {
            ProcessGroup pg = who == 0 ? t.group.processGroup : t.processGroup(who);
            if (pg == null) return -ESRCH;
            for (ThreadGroup g : pg.members) for (Task o : g.tasks) result = both(result, one(t, o, nice));
            return result;
        }
        int uid = who == 0 ? t.cred.uid : t.cred.userIn(who);
        ThreadGroup g;
        for (int pid = 1; (g = t.kernel.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            if (g.pidIn(t.group.pids) == 0) continue;
            for (Task o : g.tasks) if (o.cred.uid == uid) result = both(result, one(t, o, nice));
        }
        return result;
    }

    /** Answers to who asks are above 0: the largest; results of a change are not: the last error. */
    private static long both(long so, long r) { return so == -ESRCH || r < 0 || so >= 0 && r > so ? r : so; }

    /** ioprio_get(2). */
    static long ioprio_get(Task t, int which, int who) {
        if (which < 1 || which > 3) return -EINVAL;
        Task o = which == 1 ? task(t, who) : t;
        return o == null ? -ESRCH : o.sched.ioPriority;
    }

    /** ioprio_set(2). */
    static long ioprio_set(Task t, int which, int who, int priority) {
        if (which < 1 || which > 3) return -EINVAL;
        int kind = priority >>> 13, level = priority & 0x1fff;
        if (kind > 3 || kind != 0 && kind != 3 && level > 7 || kind == 0 && level != 0) return -EINVAL;
        if (kind == 1 && !t.cred.capable(Credentials.CAP_SYS_NICE)
                && !t.cred.capable(Credentials.CAP_SYS_ADMIN)) return -EPERM;
        Task o = which == 1 ? task(t, who) : t;
        if (o == null) return -ESRCH;
        if (!mayChange(t, o)) return -EPERM;
        o.sched.ioPriority = priority;
        return 0;
    }
}

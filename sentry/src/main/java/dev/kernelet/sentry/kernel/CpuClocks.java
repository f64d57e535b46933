package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.host.HostCall;

/**
 * CPU time of tasks: that of the host threads which run them, read with the host's own CPU clocks (clock_getcpuclockid(3)
 * says how an id is made of a pid). Time the Sentry spends on a call is not charged to the caller. Kernel lock.
 */
public final class CpuClocks {
    private static final int PROF = 0, VIRT = 1, SCHED = 2, PER_THREAD = 4;

    private CpuClocks() {}

    /** Nanoseconds used by all threads of a process, ended ones and earlier programs included. */
    public static long process(ThreadGroup g) {
        long nanos = g.cpuNanosBefore;
        Task t = g.leader;
        for (int i = 0; i < g.tasks.size(); i++) {
            t = g.tasks.get(i);
            if (t.state != Task.DEAD && t.ctx != null) break;
        }
        if (t == null || t.ctx == null) return nanos;
        // A vfork child still lives in its parent's process.
        if (t.mm != null && t.mm.users > g.tasks.size()) return nanos;
        int pid = t.ctx.space().hostPid();
        if (pid <= 0) return nanos;
        long now = HostCall.clockNanos(~pid << 3 | SCHED);
        return now < 0 ? nanos : nanos + now;
    }

    /** The part of CPU time that counts as spent in the program, and the rest: the host clock knows the sum only. */
    public static long userNanos(long nanos) { return nanos - systemNanos(nanos); }

    public static long systemNanos(long nanos) { return nanos >>> 3; }

    /** Nanoseconds used by one task. */
    public static long thread(Task t) {
        if (t.group.tasks.size() <= 1) return process(t.group);
        long nanos = t.ctx == null ? -1 : t.ctx.cpuNanos();
        return nanos < 0 ? process(t.group) / t.group.tasks.size() : nanos;
    }

    /** A negative clock id: a process's or a thread's CPU clock. Nanoseconds, or -EINVAL. */
    public static long read(Task t, int clock) {
        int id = ~(clock >> 3);
        if ((clock & 3) == 3) return -EINVAL;
        if ((clock & PER_THREAD) != 0) {
            Task other = id == 0 ? t : t.thread(id);
            return other == null || other.group != t.group ? -EINVAL : thread(other);
        }
        ThreadGroup g = id == 0 ? t.group : t.process(id);
        return g == null ? -EINVAL : process(g);
    }

    /** Largest resident set of a process seen so far, in KB. */
    public static long maxRssKb(ThreadGroup g) {
        Task t = g.anyTask();
        if (t != null && t.mm != null && t.mm.space != null) {
            long[] r = dev.kernelet.sentry.mm.MapsText.resident(t.mm);
            if (r != null && r.length > 0) g.maxRssKb = Math.max(g.maxRssKb, r[0] << 2);
        }
        return g.maxRssKb;
    }

    /** RLIMIT_CPU was changed: SIGXCPU each second from the soft limit on, SIGKILL at the hard one (setrlimit(2)). */
    public static void limitChanged(ThreadGroup g) {
        if (g.limits.rawSoft(Limits.CPU) == Limits.INFINITY && g.cpuLimit == null) return;
        if (g.cpuLimit == null) g.cpuLimit = new CpuLimit(g);
        g.cpuLimit.arm();
    }

    /** Looks at a process's CPU time when it may have reached its limit. */
    static final class CpuLimit extends dev.kernelet.sentry.wait.Timer {
        private final ThreadGroup group;
        private long nextSignalSeconds;

        CpuLimit(ThreadGroup g) { group = g; }

        void arm() {
            nextSignalSeconds = 0;
            schedule();
        }

        private void schedule() {
            if (group.isZombie || group.limits.rawSoft(Limits.CPU) == Limits.INFINITY) return;
            long limit = Math.max(group.limits.soft(Limits.CPU), nextSignalSeconds);
            long left = Math.min(limit, 1L << 32) * 1_000_000_000L - process(group);
            long wait = Math.max(10_000_000, left / Math.max(1, group.kernel.options.processors));
            group.kernel.timers.arm(this, group.kernel.now() + wait);
        }

        @Override
        protected void fire() {
            if (group.isZombie) return;
            long seconds = process(group) / 1_000_000_000L;
            if (seconds >= group.limits.hard(Limits.CPU)) {
                Signals.send(group, 9);
                return;
            }
            if (seconds >= Math.max(group.limits.soft(Limits.CPU), nextSignalSeconds)) {
                Signals.send(group, 24);
                nextSignalSeconds = seconds + 1;
            }
            schedule();
        }
    }
}

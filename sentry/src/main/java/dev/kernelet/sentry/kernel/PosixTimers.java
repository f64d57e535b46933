package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.wait.Timer;

/** A process's interval timers (setitimer(2)) and POSIX timers (timer_create(2)). Kernel lock. */
public final class PosixTimers {
    private static final int SIGALRM = 14, SIGVTALRM = 26, SIGPROF = 27;
    private static final int SI_TIMER = -2, SI_KERNEL = 0x80;
    public static final int SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4;
    private static final int OVERRUN_MAX = Integer.MAX_VALUE;
    /** Timers on CPU clocks look this often while they are far away, and no more often than this. */
    private static final long CPU_POLL_NANOS = 1_000_000, IGNORED_NANOS = 1_000_000;

    private final Kernel kernel;
    private final ThreadGroup group;
    private Entry[] entries = {};
    /** ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
    private final Interval[] intervals = new Interval[3];

    public PosixTimers(ThreadGroup group) {
        this.group = group;
        kernel = group.kernel;
    }

    /** A timer on a clock; the clock is monotonic time or the CPU time of the process or a thread. */
    private abstract class Ticking extends Timer {
        /** The task whose CPU clock drives it; null with {@link #isCpu}: the process's. */
        Task cpuTask;
        boolean isCpu;
        /** Of its own clock; 0: not armed. */
        long expiry;
        long interval;
        /** Its signal has not been taken yet: only then it goes on, so that no timer is faster than who is to hear it. */
        private boolean isHeld;

        long clock() {
            if (!isCpu) return kernel.now();
            return cpuTask == null ? CpuClocks.process(group) : CpuClocks.thread(cpuTask);
        }

        void set(long expiryNanos, long intervalNanos) {
            kernel.timers.disarm(this);
            isHeld = false;
            expiry = expiryNanos;
            interval = intervalNanos;
            if (expiry != 0) arm();
        }

        private void arm() {
            long wait = isCpu ? Math.max(CPU_POLL_NANOS, (expiry - clock()) / kernel.options.processors) : 0;
            kernel.timers.arm(this, isCpu ? kernel.now() + wait : expiry);
        }

        long remaining() {
            if (isHeld) catchUp();
            return expiry == 0 ? 0 : Math.max(1, expiry - clock());
        }

        /** Expirations that have passed since it was held. */
        private void catchUp() {
            long late = clock() - expiry;
            if (late < 0) return;
            long times = 1 + late / interval;
            expiry += times * interval;
            missed(times);
        }

        /** The signal has been taken. */
        final void goOn() {
            if (!isHeld) return;
            isHeld = false;
            catchUp();
            arm();
        }

        @Override
        protected void fire() {
            long now = clock();
            if (now < expiry) {
                arm();
                return;
            }
            if (interval == 0) {
                expiry = 0;
                expired(1);
                return;
            }
            long times = 1 + (now - expiry) / interval;
            expiry += times * interval;
            expired(times);
            if (isAwaited()) isHeld = true;
            else if (isCpu) arm();
            // Nobody hears it: no faster than the clock of Linux ticks.
            else kernel.timers.arm(this, Math.max(expiry, now + IGNORED_NANOS));
        }

        abstract void expired(long times);

        /** Whether a signal of it is queued. */
        abstract boolean isAwaited();

        abstract void missed(long times);
    }

    // ---- setitimer(2)
    private final class Interval extends Ticking {
        final SigInfo info;

        Interval(int which) {
            info = new SigInfo() {
                @Override
                protected void dequeued() { goOn(); }
            };
            info.signo = which == 0 ? SIGALRM : which == 1 ? SIGVTALRM : SIGPROF;
            info.code = SI_KERNEL;
            isCpu = which != 0;
        }

        @Override
        boolean isAwaited() { return info.isQueued; }

        @Override
        void missed(long times) {}

        @Override
        void expired(long times) { Signals.sendReusable(null, group, info); }
    }

    /** Nanoseconds to the next expiration of interval timer {@code which}, 0 when disarmed. */
    public long remaining(int which) { return intervals[which] == null ? 0 : intervals[which].remaining(); }

    public long interval(int which) { return intervals[which] == null ? 0 : intervals[which].interval; }

    public void set(int which, long value, long interval) {
        if (intervals[which] == null) {
            if (value == 0) return;
            intervals[which] = new Interval(which);
        }
        Interval i = intervals[which];
        i.set(value == 0 ? 0 : i.clock() + value, interval);
    }

    // ---- timer_create(2)
    /** One timer. */
    public final class Entry extends Ticking {
        public final int id;
        public final int clockId;
        final int notify;
        final Task target;
        final SigInfo info;
        private boolean isPending;
        private long overruns, shownOverruns;

        Entry(int id, int clockId, int notify, int signo, long value, Task target) {
            this.id = id;
            this.clockId = clockId;
            this.notify = notify;
            this.target = target;
            info = new SigInfo() {
                @Override
                protected void dequeued() {
                    isPending = false;
                    goOn();
                }

                @Override
                protected void prepare() {
                    shownOverruns = Math.min(overruns, OVERRUN_MAX);
                    overruns = 0;
                    u0 = Entry.this.id & 0xffffffffL | shownOverruns << 32;
                }
            };
            info.signo = signo;
            info.code = SI_TIMER;
            info.u0 = id;
            info.u1 = value;
        }

        @Override
        boolean isAwaited() { return isPending; }

        @Override
        void missed(long times) { overruns += times; }

        @Override
        void expired(long times) {
            if (notify == SIGEV_NONE) return;
            if (isPending) {
                overruns += times;
                return;
            }
            overruns = times - 1;
            isPending = true;
            boolean sent = Signals.sendReusable(target, group, info);
            if (!sent) isPending = false;
        }

        public long remainingNanos() { return remaining(); }

        public long intervalNanos() { return interval; }

        public int overrun() { return (int) shownOverruns; }

        /** The present time of its clock (absolute times count from it). */
        public long now() { return clock(); }

        /** Arms at {@code expiry} of {@link #now}'s time; 0 disarms. */
        public void settime(long expiryNanos, long intervalNanos) {
            overruns = shownOverruns = 0;
            set(expiryNanos, intervalNanos);
        }
    }

    /** A new timer, or null: too many (EAGAIN). */
    public Entry create(int clockId, int notify, int signo, long value, boolean hasEvent, Task target, Task cpuTask,
            boolean isCpu) {
        int id = 0;
        while (id < entries.length && entries[id] != null) id++;
        if (id >= 65536) return null;
        if (id == entries.length) entries = java.util.Arrays.copyOf(entries, Math.max(4, id * 2));
        var e = new Entry(id, clockId, notify, signo, hasEvent ? value : id, target);
        e.isCpu = isCpu;
        e.cpuTask = cpuTask;
        return entries[id] = e;
    }

    public Entry get(int id) { return id >= 0 && id < entries.length ? entries[id] : null; }

    /** timer_delete(2): 0 or -EINVAL. */
    public long delete(int id) {
        Entry e = get(id);
        if (e == null) return -EINVAL;
        e.set(0, 0);
        Signals.cancelReusable(e.target, group, e.info);
        entries[id] = null;
        return 0;
    }

    /** exec: POSIX timers go, interval timers stay (execve(2)). */
    public void exec() {
        for (int i = 0; i < entries.length; i++) if (entries[i] != null) delete(i);
    }

    /** The process ends. */
    public void release() {
        exec();
        for (Interval i : intervals) if (i != null) i.set(0, 0);
    }
}

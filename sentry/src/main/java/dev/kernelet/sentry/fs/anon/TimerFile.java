package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.Timer;
import dev.kernelet.sentry.wait.WaitQueue;

/** timerfd_create(2). Kernel lock. */
public final class TimerFile extends AnonFile {
    private final Kernel kernel;
    public final int clock;
    private final WaitQueue queue = new WaitQueue();
    private long intervalNanos;
    private long expirations;
    private final Timer timer = new Timer() {
        @Override
        protected void fire() {
            expired(deadlineNanos);
        }
    };

    public TimerFile(Kernel kernel, int clock, int flags) {
        super(2 | flags & 0x800);
        this.kernel = kernel;
        this.clock = clock;
    }

    private void expired(long deadline) {
        expirations++;
        if (intervalNanos > 0) {
            long late = kernel.now() - deadline;
            long extra = late / intervalNanos;
            expirations += extra;
            kernel.timers.arm(timer, deadline + (extra + 1) * intervalNanos);
        }
        queue.wake(POLLIN);
    }

    /** Arms with a monotonic deadline (0: disarm) and a period. */
    public void set(long deadlineNanos, long interval) {
        kernel.timers.disarm(timer);
        expirations = 0;
        intervalNanos = interval;
        if (deadlineNanos != 0) kernel.timers.arm(timer, deadlineNanos);
    }

    public long interval() { return intervalNanos; }

    /** Nanoseconds to the next expiration, 0 when disarmed. */
    public long remaining() { return timer.isArmed() ? Math.max(1, timer.deadlineNanos - kernel.now()) : 0; }

    @Override
    protected void release(Task t) { kernel.timers.disarm(timer); }

    @Override
    public long read(Task t, long address, long length) {
        if (length < 8) return -EINVAL;
        if (expirations == 0) return -EAGAIN;
        Memory.putLong(address, expirations);
        expirations = 0;
        return 8;
    }

    @Override
    public boolean isPacketLike() { return true; }

    @Override
    public long write(Task t, long address, long length) { return -EINVAL; }

    @Override
    public int poll(Task t) { return expirations > 0 ? POLLIN : 0; }

    @Override
    public WaitQueue waitQueue() { return queue; }

    @Override
    public String fdinfo(Task t) {
        long left = remaining();
        return "clockid: " + clock + "\nticks: " + expirations + "\nsettime flags: 00\nit_value: ("
                + left / 1_000_000_000 + ", " + left % 1_000_000_000 + ")\nit_interval: ("
                + intervalNanos / 1_000_000_000 + ", " + intervalNanos % 1_000_000_000 + ")\n";
    }

    @Override
    public String describe() { return "anon_inode:[timerfd]"; }
}

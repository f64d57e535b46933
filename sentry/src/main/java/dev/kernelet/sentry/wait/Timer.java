package dev.kernelet.sentry.wait;

/** Fires once at a monotonic time. Intrusive: armed at most once at a time, in one {@link TimerQueue}. Kernel lock. */
public abstract class Timer {
    int index = -1;
    /** CLOCK_MONOTONIC in nanoseconds (System.nanoTime()'s base). */
    public long deadlineNanos;

    public final boolean isArmed() { return index >= 0; }

    /** Called once, no longer armed, under the kernel lock. */
    protected abstract void fire();
}

package dev.kernelet.sentry.wait;

/** Something to be told when a {@link WaitQueue} wakes. Intrusive: on at most one queue at a time. Kernel lock. */
public abstract class Waiter {
    WaitQueue queue;
    Waiter prev, next;
    /** The events (POLLIN...) that matter; a wake-up with none of them passes by. */
    public int events = ~0;
    /** At most one exclusive waiter is woken per wake-up (EPOLLEXCLUSIVE, accept). */
    public boolean exclusive;

    public final boolean isQueued() { return queue != null; }

    public final void cancel() {
        if (queue != null) queue.remove(this);
    }

    /**
     * Called for each matching wake-up; stays queued unless it cancels itself. May queue and cancel any waiter.
     * Returns whether an exclusive wake-up was used.
     */
    protected abstract boolean wake(int events);
}

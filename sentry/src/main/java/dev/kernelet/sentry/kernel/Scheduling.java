package dev.kernelet.sentry.kernel;

/**
 * Scheduling attributes of a task (sched(7)). Remembered and shown; but for the processors
 * (Affinity) the host schedules the threads its own way.
 */
public final class Scheduling {
    public static final int OTHER = 0, FIFO = 1, RR = 2, BATCH = 3, IDLE = 5, DEADLINE = 6;

    public int policy = OTHER, priority, nice;
    public boolean resetOnFork;
    /** Bits of the processors it may use; null: those the sandbox was started with (Affinity). */
    public long[] affinity;
    /** Its host thread has yet to be bound to them. */
    boolean isBindingDue;
    public int ioPriority;
    public long runtime, deadline, period;

    void inherit(Scheduling parent) {
        affinity = parent.affinity;
        ioPriority = parent.ioPriority;
        if (parent.resetOnFork) {
            nice = Math.max(parent.nice, 0);
            return;
        }
        policy = parent.policy;
        priority = parent.priority;
        nice = parent.nice;
    }
}

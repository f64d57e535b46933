package dev.kernelet.sentry.kernel;

/** Signal state of a task: mask, pending signals, alternate stack. */
public final class Signals {
    private final Task task;
    public long mask;

    Signals(Task task) { this.task = task; }

    /** Whether an unblocked signal (or a kill) is waiting to be looked at. */
    public boolean isPending() { return false; }

    /** Before returning to the application; see Worker. */
    long beforeResume(long result) { return result; }

    /** A synchronous exception of the application (fields of the context). */
    void fault() {}
}

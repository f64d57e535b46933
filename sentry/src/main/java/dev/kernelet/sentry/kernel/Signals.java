package dev.kernelet.sentry.kernel;

/** Signal state of a task: mask, pending signals, alternate stack. */
public final class Signals {
    private final Task task;
    public long mask;

    Signals(Task task) { this.task = task; }

    /** Whether an unblocked signal (or a kill) is waiting to be looked at. */
    public boolean isPending() { return false; }

    /**
     * Replaces the mask until the call at hand ends (rt_sigsuspend, ppoll, pselect6, epoll_pwait): a handler's frame then
     * restores the old one; without a signal it is restored when the call returns. Called at the first run only.
     */
    public void setTemporaryMask(long newMask) {}

    /** Sends a signal of the kernel's own (SIGPIPE, SIGXFSZ) to this task. */
    public void raise(int signal) {}

    /** Before returning to the application; see Worker. */
    long beforeResume(long result) { return result; }

    /** A synchronous exception of the application (fields of the context). */
    void fault() {}
}

package dev.kernelet.sentry.kernel;

/** Work handed to the leading worker by another thread ({@link Kernel#post}). Intrusive; not posted twice at once. */
public abstract class Event {
    Event next;

    /** Runs under the kernel lock. */
    protected abstract void run(Kernel kernel);
}

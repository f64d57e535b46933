package dev.kernelet.platform;

/**
 * A way to run application code and catch its system calls. One per sandbox.
 *
 * <p>Threading: {@link #newAddressSpace}, {@link #ring} and {@link #sleep} may be called by any Sentry
 * thread.
 */
public abstract class Platform implements AutoCloseable {
    /** Told, on any thread, of an address space whose process has ended without {@link AddressSpace#kill}. */
    public interface Deaths {
        void died(AddressSpace space);
    }

    public volatile Deaths deaths;

    public abstract PlatformTraits traits();

    /**
     * A fresh, empty address space (nothing mapped but the platform's own pages) with one context in it,
     * stopped as if it had trapped: the Sentry maps the program with its commands, sets all registers and
     * resumes it. Returns null when the host refuses another process (the caller answers ENOMEM or EAGAIN).
     */
    public abstract AddressSpace newAddressSpace();

    /** Why there will be no address space any more, or null. */
    public String failure() { return null; }

    /**
     * Announces that the caller is about to sleep. From here on every context that publishes an event wakes
     * the sleeper, so the caller must poll all running contexts once more before {@link #sleep}.
     */
    public abstract void prepareSleep();

    /**
     * Sleeps until a context publishes an event, {@link #ring} is called, or the timeout (nanoseconds, -1:
     * none) is over.
     */
    public abstract void sleep(long timeoutNanos);

    /** Takes the announcement back, or ends it after {@link #sleep}. */
    public abstract void finishSleep();

    /** Wakes the thread that sleeps in {@link #sleep}, or makes its next sleep return at once. */
    public abstract void ring();

    /**
     * Waits on this object, whose monitor the caller has, for {@code millis} at most (0: as long as it
     * takes).
     */
    protected final void pause(long millis) {
        try {
            wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted");
        }
    }

    /** What contexts were told by {@link ExecutionContext#setNoLink} is no longer known to be so. */
    public void namesChanged() {}

    /** For the debug log: what was done, in numbers. */
    public String statistics() { return ""; }

    /** Kills every process of the platform and waits for them. */
    @Override
    public abstract void close();
}

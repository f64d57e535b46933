package dev.kernelet.sentry.kernel;

/** How tasks end. */
public final class Exit {
    private Exit() {}

    /** The host process behind the task died, or had to be killed: as by SIGKILL. */
    static void hostDeath(Task t) {
        t.kernel.stop();
    }
}

package dev.kernelet.sandbox;

/**
 * How the files of the host are reached.
 *
 * @param direct     the Sentry opens them itself, beneath its roots; else the process outside does, and the Sentry can open none
 * @param opensFifos   FIFOs of the host can be opened
 * @param opensSockets programs can connect to unix sockets of the host
 * @param createsSockets sockets that programs bind in a volume are the host's
 */
public record HostAccess(boolean direct, boolean opensFifos, boolean opensSockets, boolean createsSockets) {
    public static final HostAccess DEFAULT = new HostAccess(true, false, false, false);

    /** Whether unix sockets of the host are used at all. */
    public boolean usesSockets() { return opensSockets || createsSockets; }
}

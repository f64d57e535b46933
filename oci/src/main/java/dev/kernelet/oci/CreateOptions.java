package dev.kernelet.oci;

import dev.kernelet.sandbox.Inherited;

/** Flags of {@code create} and {@code run}, and the global ones that matter to a container. */
public final class CreateOptions {
    public String id = "", bundle = ".", consoleSocket, pidFile, stateRoot, runtimeDirectory;
    public int preserveFds;
    /** {@code run}: the program goes at once. */
    public boolean startsAtOnce, detach;
    /** What has ended stays, to be deleted by that command. */
    public boolean keeps;
    /** Containers of a pod share a sandbox. */
    public boolean sharesPods;
    public boolean debug, strace, overlayRoot, overlayMounts;
    public long overlaySize;
    public String overlayMedium = "memory", platform = "systrap", network = "host";
    public int fdLimit;
    public Inherited inherited;
    /** Takes what has no effect. */
    public java.util.function.Consumer<String> warn;
}

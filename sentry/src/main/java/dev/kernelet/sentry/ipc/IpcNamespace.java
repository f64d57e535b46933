package dev.kernelet.sentry.ipc;

import dev.kernelet.sentry.kernel.Kernel;

/** The System V objects and POSIX queues that processes can see (ipc_namespaces(7)): one per sandbox. */
public final class IpcNamespace {
    public final SharedSegments segments = new SharedSegments();
    public final SemaphoreSets semaphores = new SemaphoreSets();
    public final MessageQueues messages = new MessageQueues();
    public final PosixQueues posix = new PosixQueues();

    public static IpcNamespace of(Kernel k) {
        if (k.root.ipc == null) k.root.ipc = new IpcNamespace();
        return (IpcNamespace) k.root.ipc;
    }
}

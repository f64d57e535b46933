package dev.kernelet.sentry.ipc;

import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;

/** The System V objects and POSIX queues that processes can see (ipc_namespaces(7)): one per sandbox. */
public final class IpcNamespace {
    public final SharedSegments segments = new SharedSegments();
    public final SemaphoreSets semaphores = new SemaphoreSets();
    public final MessageQueues messages = new MessageQueues();

    public static IpcNamespace of(Kernel k) {
        if (k.root.ipc == null) k.root.ipc = new IpcNamespace();
        return (IpcNamespace) k.root.ipc;
    }

    /** A process ends: its semaphore adjustments are undone. */
    public static void exit(Task t, ThreadGroup group) {
        if (t.kernel.root.ipc != null) of(t.kernel).semaphores.undo(t, group);
    }
}

package dev.kernelet.sentry.ipc;

import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UserNamespace;

/**
 * The System V objects and POSIX queues that processes can see (ipc_namespaces(7)). A task whose
 * {@link Task#ipc} is null is in the namespace that the sandbox began with. Others live while a task, an open
 * file or a mount refers to them; their objects end with them. Kernel lock.
 */
public final class IpcNamespace {
    public final SharedSegments segments = new SharedSegments();
    public final SemaphoreSets semaphores = new SemaphoreSets();
    public final MessageQueues messages = new MessageQueues();
    public final PosixQueues posix = new PosixQueues();
    /** Its number in /proc/PID/ns; 0 for the first. */
    public final long number;
    /** The user namespace it belongs to; null: the sandbox's own. */
    public final UserNamespace owner;
    private int users;
    private boolean hasEnded;

    private IpcNamespace(long number, UserNamespace owner) {
        this.number = number;
        this.owner = owner;
    }

    /** A new one, which nobody refers to yet. */
    public static IpcNamespace make(Kernel k, UserNamespace owner) {
        return new IpcNamespace(k.nextNamespace++, owner);
    }

    public static IpcNamespace make(Kernel k) { return make(k, null); }

    /** The one that the task is in. */
    public static IpcNamespace of(Task t) {
        if (t.ipc != null) return t.ipc;
        Kernel k = t.kernel;
        if (k.root.ipc == null) k.root.ipc = new IpcNamespace(0, null);
        return (IpcNamespace) k.root.ipc;
    }

    /** Who its objects' privileged are. */
    static UserNamespace owner(Task t) { return t.ipc == null ? null : t.ipc.owner; }

    /** unshare(2), setns(2): the task goes to {@code to} (null: the first); what it was to undo is undone. */
    public static void enter(Task t, IpcNamespace to) {
        // Threads share what is to be undone: the last one that leaves, or the end of the process, does it.
        if (t.group.tasks.size() == 1) of(t).semaphores.leave(t.group);
        if (to != null) to.hold();
        if (t.ipc != null) t.ipc.put();
        t.ipc = to;
    }

    /** Nobody refers to it any more: a name that is still known (O_PATH) does not bring it back. */
    public boolean hasEnded() { return hasEnded; }

    public IpcNamespace hold() {
        users++;
        return this;
    }

    public void put() {
        if (--users > 0 || hasEnded) return;
        hasEnded = true;
        // The rest is memory of the heap. Queues that are open stay until they are closed.
        segments.removeAll();
    }
}

package dev.kernelet.sentry.fs.proc;

import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.wait.WaitQueue;

/**
 * An open /proc/PID/mounts, mountinfo or mountstats. Always readable; after a change of the mount namespace
 * poll(2) and epoll(7) tell of an exceptional condition, once for each file (proc_pid_mounts(5)).
 */
final class MountsFile extends PseudoFile.Open {
    private final MountNamespace mounts;
    private int seen;

    MountsFile(PseudoFile inode, Path path, int flags, MountNamespace mounts) {
        super(inode, path, flags);
        this.mounts = mounts;
        seen = mounts.changes;
    }

    @Override
    public int poll(Task t) {
        int ready = POLLIN | POLLRDNORM;
        if (seen != mounts.changes) {
            seen = mounts.changes;
            ready |= POLLERR | POLLPRI;
        }
        return ready;
    }

    @Override
    public WaitQueue waitQueue() { return mounts.queue(); }
}

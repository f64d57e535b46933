package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.wait.WaitQueue;

/** A process or thread as a file (pidfd_open(2)): readable once it has ended. Kernel lock. */
public final class PidFile extends OpenFile {
    /** O_EXCL: the file stands for one thread, not for the process. */
    public static final int PIDFD_THREAD = 0x80, PIDFD_NONBLOCK = 0x800;

    public final ThreadGroup group;
    /** The thread, or null for a process. */
    public final Task thread;
    private final WaitQueue queue;

    public PidFile(Task of, int pidfdFlags) {
        super(AnonInode.SHARED, 2 | pidfdFlags & (PIDFD_NONBLOCK | PIDFD_THREAD));
        group = of.group;
        thread = (pidfdFlags & PIDFD_THREAD) != 0 ? of : null;
        queue = thread == null ? group.exitQueue : thread.exitQueue();
    }

    private PidFile(ThreadGroup of) {
        super(AnonInode.SHARED, 2);
        group = of;
        thread = null;
        queue = of.exitQueue;
    }

    /** A descriptor for that process, which may have ended: the number or -errno. */
    public static long install(Task t, ThreadGroup g) { return t.fds.install(t, new PidFile(g), true); }

    @Override
    public boolean isSeekable() { return false; }

    @Override
    public int poll(Task t) {
        if (thread != null && thread != group.leader) return thread.state == Task.DEAD ? POLLIN | POLLRDNORM | POLLHUP : 0;
        if (group.isReaped) return POLLIN | POLLRDNORM | POLLHUP;
        return group.isZombie ? POLLIN | POLLRDNORM : 0;
    }

    @Override
    public WaitQueue waitQueue() { return queue; }

    @Override
    public String fdinfo(Task t) {
        int pid = group.isReaped ? -1 : thread == null ? group.pid : thread.tid;
        return "Pid:\t" + pid + "\nNSpid:\t" + pid + "\n";
    }

    @Override
    public String describe() { return "anon_inode:[pidfd]"; }
}

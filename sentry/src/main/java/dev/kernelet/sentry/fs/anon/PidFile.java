package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.PidNamespace;
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

    /** The lines of fdinfo in the procfs of {@code viewer} (pidfd_open(2)): 0 where it does not see it. */
    public String fdinfo(PidNamespace viewer) {
        int pid = number(viewer);
        var s = new StringBuilder("Pid:\t").append(pid).append("\nNSpid:");
        if (pid <= 0) return s.append('\t').append(pid).append('\n').toString();
        for (PidNamespace n : PidNamespace.path(viewer, group.pids)) s.append('\t').append(number(n));
        return s.append('\n').toString();
    }

    private int number(PidNamespace viewer) {
        return group.isReaped ? -1 : thread == null ? group.pidIn(viewer) : thread.tidIn(viewer);
    }

    @Override
    public String describe() { return "anon_inode:[pidfd]"; }
}

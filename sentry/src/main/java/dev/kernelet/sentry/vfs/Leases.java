package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;

/**
 * Leases (fcntl(2), F_SETLEASE): who holds one is told by a signal when somebody else opens or truncates the file, who has to wait
 * until it is given up or the time for that is over. Costs one comparison while there is none. Kernel lock.
 */
public final class Leases {
    /** fs.lease-break-time. */
    private static final long BREAK_NANOS = 45_000_000_000L;
    private static final int NONE = -1, LIMIT = 4096;

    private Leases() {}

    public static int active;
    private static final ArrayList<Lease> leases = new ArrayList<>();
    private static final WaitQueue queue = new WaitQueue();

    private static final class Lease {
        final OpenFile file;
        int fd, type, target = NONE;
        long deadline;

        Lease(OpenFile file) { this.file = file; }
    }

    private static Lease of(OpenFile f) {
        for (int i = 0; i < active; i++) if (leases.get(i).file == f) return leases.get(i);
        return null;
    }

    /** F_GETLEASE: while it is being broken, what it is to become. */
    public static long get(Task t, OpenFile f) {
        if (active == 0) return FileLocks.UNLOCK;
        Lease l = of(f);
        if (l == null || isOver(t, l)) return FileLocks.UNLOCK;
        return l.target != NONE ? l.target : l.type;
    }

    /** F_SETLEASE. */
    public static long set(Task t, OpenFile f, int fd, int type) {
        Inode n = f.inode;
        if (n == null || !n.isRegular()) return -EINVAL;
        if (t.cred.fsuid != n.uid && !t.cred.capable(Credentials.CAP_LEASE)) return -EACCES;
        Lease l = of(f);
        if (l != null && isOver(t, l)) l = null;
        switch (type) {
            case FileLocks.UNLOCK -> {
                if (l == null) return -EAGAIN;
                drop(l);
                return 0;
            }
            case FileLocks.READ, FileLocks.WRITE -> { }
            default -> { return -EINVAL; }
        }
        if (type == FileLocks.READ ? n.writers > 0 : n.opens > 1) return -EAGAIN;
        for (int i = 0; i < active; i++) {
            Lease o = leases.get(i);
            if (o.file.inode == n && o != l && (type == FileLocks.WRITE || o.target != NONE)) return -EAGAIN;
        }
        if (l != null && l.target != NONE && type != l.target) return -EAGAIN;
        if (l == null) {
            if (active >= LIMIT) return -ENOMEM;
            l = new Lease(f);
            leases.add(l);
            active++;
        }
        l.fd = fd;
        l.type = type;
        l.target = NONE;
        FileOwner.of(t.kernel, f).setDefault(t);
        queue.wakeAll(~0);
        return 0;
    }

    /** The file is about to be opened, or truncated: 0, -EWOULDBLOCK, or what {@link Task#block} says. */
    static long askFor(Task t, Inode n, boolean writes, boolean waits) {
        boolean isHeld = false;
        long until = Long.MAX_VALUE;
        for (int i = active - 1; i >= 0; i--) {
            Lease l = leases.get(i);
            if (l.file.inode != n || !writes && l.type == FileLocks.READ || isOver(t, l)) continue;
            if (!writes && l.type == FileLocks.READ) continue;
            int target = writes ? FileLocks.UNLOCK : FileLocks.READ;
            if (l.target == NONE || target > l.target) {
                boolean isFirst = l.target == NONE;
                l.target = target;
                if (isFirst) {
                    l.deadline = t.kernel.now() + BREAK_NANOS;
                    FileOwner.of(t.kernel, l.file).leaseBroken(l.fd);
                }
            }
            isHeld = true;
            until = Math.min(until, l.deadline);
        }
        if (!isHeld) return 0;
        if (!waits) return -EWOULDBLOCK;
        t.setDeadline(until);
        return t.block(queue, ~0);
    }

    /** truncate(2) by name. */
    public static long truncated(Task t, Inode n) { return active == 0 ? 0 : askFor(t, n, true, true); }

    /** The holder had its time: the lease is what it was to become. True: it is no more. */
    private static boolean isOver(Task t, Lease l) {
        if (l.target == NONE || t.kernel.now() < l.deadline) return false;
        if (l.target == FileLocks.UNLOCK) {
            drop(l);
            return true;
        }
        l.type = l.target;
        l.target = NONE;
        queue.wakeAll(~0);
        return false;
    }

    private static void drop(Lease l) {
        leases.remove(l);
        active--;
        // Whom to tell, and how, is forgotten with it.
        if (l.file.owner instanceof FileOwner o) o.clear();
        queue.wakeAll(~0);
    }

    /** The open file description is gone. */
    static void released(OpenFile f) {
        Lease l = of(f);
        if (l != null) drop(l);
    }
}

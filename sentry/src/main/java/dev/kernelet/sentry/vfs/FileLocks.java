package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Pid;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;

/**
 * Record locks of processes and of open file descriptions (fcntl(2)) and whole-file locks (flock(2)). One object per kernel;
 * what is locked hangs on {@link Inode#locks}. A process's locks belong to its descriptor table, the others to the open file
 * description. Waiting tasks are run again after each unlock of the inode. Kernel lock.
 */
public final class FileLocks {
    public static final int READ = 0, WRITE = 1, UNLOCK = 2;
    public static final long END = Long.MAX_VALUE;
    /** Locks in the sandbox: they are searched one by one. */
    private static final int LIMIT = 100_000;
    /** How long a chain of waiters may be looked at (Linux has the same bound). */
    private static final int CHAIN = 10;

    private int count;
    private final ArrayList<Waiting> waiting = new ArrayList<>();
    /** For /proc/locks. */
    private final ArrayList<OfInode> locked = new ArrayList<>();

    /** A held lock of bytes {@code start} to {@code last}, both included. */
    public static final class Lock {
        public final Object owner;
        /** Of the process; null for an open file description. */
        public final Pid pid;
        public int type;
        public long start, last;

        Lock(Object owner, Pid pid, int type, long start, long last) {
            this.owner = owner;
            this.pid = pid;
            this.type = type;
            this.start = start;
            this.last = last;
        }

        /** As a process of {@code viewer} sees it: 0 when it does not, -1 for a description's. */
        public int pidIn(PidNamespace viewer) { return pid == null ? -1 : pid.in(viewer); }
    }

    /** What {@link Inode#locks} holds. */
    private static final class OfInode {
        final FileLocks all;
        final Inode inode;
        final ArrayList<Lock> records = new ArrayList<>(4);
        final ArrayList<Lock> whole = new ArrayList<>(2);
        final WaitQueue queue = new WaitQueue();

        OfInode(FileLocks all, Inode inode) {
            this.all = all;
            this.inode = inode;
        }
    }

    /** A process that waits for a record lock; kept in the task. */
    private static final class Waiting implements Task.Cleanup {
        final FileLocks all;
        Object owner, holder;

        Waiting(FileLocks all) { this.all = all; }

        @Override
        public void cleanup(Task t) { all.waiting.remove(this); }
    }

    public static FileLocks of(Kernel k) {
        if (k.root.locks == null) k.root.locks = new FileLocks();
        return (FileLocks) k.root.locks;
    }

    private OfInode on(Inode n) {
        if (n.locks == null) {
            var l = new OfInode(this, n);
            n.locks = l;
            locked.add(l);
        }
        return (OfInode) n.locks;
    }

    private static void dropEmpty(OfInode l) {
        if (!l.records.isEmpty() || !l.whole.isEmpty() || !l.queue.isEmpty()) return;
        l.inode.locks = null;
        l.all.locked.remove(l);
    }

    // ---- record locks
    private static Lock conflict(OfInode l, Object owner, int type, long start, long last) {
        for (int i = 0, n = l.records.size(); i < n; i++) {
            Lock r = l.records.get(i);
            if (r.owner != owner && r.start <= last && start <= r.last && (type == WRITE || r.type == WRITE)) return r;
        }
        return null;
    }

    /** F_GETLK: a lock that stands in the way of this one, or null. */
    public Lock test(Inode n, Object owner, int type, long start, long last) {
        return n.locks == null ? null : conflict((OfInode) n.locks, owner, type, start, last);
    }

    /** F_SETLK and F_SETLKW: 0, -EAGAIN, -EDEADLK, -ENOLCK, or what {@link Task#block} says. */
    public long set(Task t, Inode n, Object owner, Pid pid, int type, long start, long last, boolean waits) {
        if (type == UNLOCK && n.locks == null) return 0;
        OfInode l = on(n);
        if (type != UNLOCK) {
            Lock c = conflict(l, owner, type, start, last);
            if (c != null) return waits ? await(t, l, owner, pid, c) : -EAGAIN;
            if (count >= LIMIT) {
                dropEmpty(l);
                return -ENOLCK;
            }
        }
        boolean wakes = apply(l, owner, pid, type, start, last);
        if (wakes) l.queue.wakeAll(~0);
        dropEmpty(l);
        return 0;
    }

    private long await(Task t, OfInode l, Object owner, Pid pid, Lock c) {
        var w = t.so instanceof Waiting known ? known : null;
        if (w != null) waiting.remove(w);
        // A description's locks are no one process's: its own waits never end so. But whoever waits for a process
        // is part of the chain in which a process may find itself (posix_locks_deadlock in fs/locks.c).
        if (pid != null && isDeadlock(owner, c)) return -EDEADLK;
        if (c.pid != null) {
            if (w == null) w = new Waiting(this);
            w.owner = owner;
            w.holder = c.owner;
            t.so = w;
            waiting.add(w);
        }
        return t.block(l.queue, ~0);
    }

    private boolean isDeadlock(Object owner, Lock c) {
        Object holder = c.owner;
        for (int i = 0; i < CHAIN; i++) {
            if (holder == owner) return true;
            Object next = null;
            for (int j = 0; j < waiting.size(); j++) if (waiting.get(j).owner == holder) next = waiting.get(j).holder;
            if (next == null) return false;
            holder = next;
        }
        return false;
    }

    /** Replaces what the owner has in the range; whether somebody else might get on now. */
    private boolean apply(OfInode l, Object owner, Pid pid, int type, long start, long last) {
        boolean wakes = false;
        ArrayList<Lock> rs = l.records;
        for (int i = rs.size() - 1; i >= 0; i--) {
            Lock r = rs.get(i);
            if (r.owner != owner) continue;
            // Neighbours of the same type become one.
            boolean touches = r.type == type && (r.last != END && r.last + 1 >= start) && (last == END || r.start <= last + 1)
                    || r.start <= last && start <= r.last;
            if (!touches) continue;
            if (r.type == type) {
                start = Math.min(start, r.start);
                last = Math.max(last, r.last);
                rs.remove(i);
                count--;
                continue;
            }
            if (type != WRITE) wakes = true;
            boolean before = r.start < start, behind = r.last > last;
            if (before && behind) {
                rs.add(new Lock(owner, pid, r.type, last + 1, r.last));
                count++;
                r.last = start - 1;
            } else if (before) {
                r.last = start - 1;
            } else if (behind) {
                r.start = last + 1;
            } else {
                rs.remove(i);
                count--;
            }
        }
        if (type != UNLOCK) {
            rs.add(new Lock(owner, pid, type, start, last));
            count++;
        }
        return wakes;
    }

    // ---- whole-file locks
    /** flock(2): {@code type} READ, WRITE or UNLOCK. */
    public long flock(Task t, OpenFile f, int type, boolean waits) {
        Inode n = f.inode;
        if (type == UNLOCK && n.locks == null) return 0;
        OfInode l = on(n);
        for (int i = l.whole.size() - 1; i >= 0; i--) {
            Lock w = l.whole.get(i);
            if (w.owner != f) continue;
            if (w.type == type) return 0;
            // Changing the kind of lock is not atomic (flock(2), NOTES).
            l.whole.remove(i);
            count--;
            l.queue.wakeAll(~0);
        }
        if (type == UNLOCK) {
            dropEmpty(l);
            return 0;
        }
        for (int i = 0; i < l.whole.size(); i++) {
            if (type == WRITE || l.whole.get(i).type == WRITE) return waits ? t.block(l.queue, ~0) : -EWOULDBLOCK;
        }
        if (count >= LIMIT) {
            dropEmpty(l);
            return -ENOLCK;
        }
        l.whole.add(new Lock(f, t.group.identity(), type, 0, END));
        count++;
        return 0;
    }

    // ---- release
    /** A process closed a descriptor of the file: all its record locks on the inode go (fcntl(2)). */
    public static void closed(Inode n, FdTable table) { drop((OfInode) n.locks, table, false); }

    /** An open file description is gone. */
    public static void released(OpenFile f) { drop((OfInode) f.inode.locks, f, true); }

    private static void drop(OfInode l, Object owner, boolean alsoWhole) {
        boolean gone = false;
        for (int i = l.records.size() - 1; i >= 0; i--) {
            if (l.records.get(i).owner != owner) continue;
            l.records.remove(i);
            l.all.count--;
            gone = true;
        }
        if (alsoWhole) {
            for (int i = l.whole.size() - 1; i >= 0; i--) {
                if (l.whole.get(i).owner != owner) continue;
                l.whole.remove(i);
                l.all.count--;
                gone = true;
            }
        }
        if (gone) l.queue.wakeAll(~0);
        dropEmpty(l);
    }

    // ---- /proc/locks
    /** The text of /proc/locks (proc_locks(5)). */
    public String text(PidNamespace viewer) {
        var s = new StringBuilder();
        int id = 1;
        for (OfInode l : locked) {
            for (Lock r : l.records) {
                id += line(s, id, r.pid == null ? "OFDLCK" : "POSIX ", r, viewer, l.inode);
            }
            for (Lock w : l.whole) id += line(s, id, "FLOCK ", w, viewer, l.inode);
        }
        return s.toString();
    }

    /** Lines written: none of a process that the viewer does not see. */
    private static int line(StringBuilder s, int id, String kind, Lock r, PidNamespace viewer, Inode n) {
        int pid = r.pidIn(viewer);
        if (pid == 0) return 0;
        long dev = n.fs.device;
        s.append(id).append(": ").append(kind).append(" ADVISORY  ");
        s.append(r.type == WRITE ? "WRITE " : "READ  ").append(pid);
        s.append(" 00:").append(dev < 16 ? "0" : "").append(Long.toHexString(dev)).append(':').append(n.ino).append(' ');
        s.append(r.start).append(' ');
        if (r.last == END) s.append("EOF\n"); else s.append(r.last).append('\n');
        return 1;
    }
}

package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Pid;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.wait.WaitQueue;

/** System V semaphores (semget(2), semop(2), semctl(2)). */
public final class SemaphoreSets implements ThreadGroup.AtExit {
    private final IpcTable<Set> table = new IpcTable<>(SEMMNI);
    private int semaphores;

    static final class Set extends IpcObject {
        final int[] value;
        final Pid[] pid;
        long otime;
        final WaitQueue waiters = new WaitQueue();
        Sleeper sleepers;
        Undo undos;

        Set(int n) {
            value = new int[n];
            pid = new Pid[n];
        }

        @Override
        protected long stat(Task t, long buffer) {
            long p = t.mem.scratch(SEMID_DS_SIZE);
            putPerm(t, p);
            Memory.putLong(p + SEM_OTIME, otime);
            Memory.putLong(p + SEM_CTIME, ctime);
            Memory.putLong(p + SEM_NSEMS, value.length);
            return t.mem.out(buffer, p, SEMID_DS_SIZE);
        }

        @Override
        protected void show(StringBuilder b, PidNamespace viewer) {
            IpcText.column(b, key, 10).column(id, 10).octal(mode, 5).column(value.length, 10).column(uid, 5)
                    .column(gid, 5).column(cuid, 5).column(cgid, 5).column(otime, 10).column(ctime, 10).end();
        }
    }

    /** SEM_UNDO adjustments of one process for one set. */
    private static final class Undo {
        final ThreadGroup group;
        final int[] adjust;
        Undo next;

        Undo(ThreadGroup group, int n, Undo next) {
            this.group = group;
            adjust = new int[n];
            this.next = next;
        }
    }

    /** A task that waits in semop: on which semaphore, for zero or for more (GETZCNT, GETNCNT). */
    private static final class Sleeper implements Task.Cleanup {
        final Set set;
        int semaphore;
        boolean forZero;
        Sleeper next;

        Sleeper(Set set) {
            this.set = set;
            next = set.sleepers;
            set.sleepers = this;
        }

        @Override
        public void cleanup(Task t) {
            if (set.sleepers == this) {
                set.sleepers = next;
                return;
            }
            Sleeper s = set.sleepers;
            while (s != null && s.next != this) s = s.next;
            if (s != null) s.next = next;
        }
    }

    public long get(Task t, int key, int n, int flags) {
        if (n < 0 || n > SEMMSL) return -EINVAL;
        long r = table.find(t, key, flags);
        Set s = table.found;
        if (s != null) {
            r = s.access(t, flags);
            if (r < 0) return r;
            return n > s.value.length ? -EINVAL : s.id;
        }
        if (r < 0) return r;
        if (n == 0) return -EINVAL;
        if (semaphores + n > SEMMNS) return -ENOSPC;
        r = table.add(t, new Set(n), key, flags);
        if (r >= 0) semaphores += n;
        return r;
    }

    // ---- semop
    /** semtimedop(2); {@code timeout} in nanoseconds, or -1 for none. */
    public long operate(Task t, int id, long ops, long count, long timeout) {
        Set s;
        if (t.so instanceof Sleeper sleeper) {
            s = sleeper.set;
            if (s.isRemoved) return -EIDRM;
        } else {
            if (count < 1 || id < 0) return -EINVAL;
            if (count > SEMOPM) return -E2BIG;
            s = null;
        }
        int n = (int) count;
        long p = t.mem.in(ops, n * 6);
        if (p < 0) return p;
        if (s == null) {
            s = table.get(t, id);
            if (s == null) return t.error;
        }
        boolean alters = false;
        for (int i = 0; i < n; i++) {
            if (Memory.getUnsignedShort(p + 6L * i) >= s.value.length) return -EFBIG;
            alters |= Memory.getShort(p + 6L * i + 2) != 0;
        }
        long r = s.access(t, alters ? 0222 : 0444);
        if (r < 0) return r;
        r = perform(t, s, p, n);
        if (r == 0) {
            s.otime = IpcObject.seconds(t);
            if (alters) s.waiters.wakeAll(1);
            return 0;
        }
        if (r != MUST_WAIT) return r;
        return sleep(t, s, Memory.getUnsignedShort(failed), Memory.getShort(failed + 2) == 0, timeout);
    }

    private static final long MUST_WAIT = Long.MIN_VALUE;
    /** The operation that has to wait. */
    private long failed;

    /** Does all operations or none: 0, -errno, or MUST_WAIT because of the operation {@link #failed}. */
    private long perform(Task t, Set s, long p, int n) {
        Undo undo = null;
        for (int i = 0; i < n; i++) {
            int sem = Memory.getUnsignedShort(p + 6L * i), op = Memory.getShort(p + 6L * i + 2);
            int flags = Memory.getShort(p + 6L * i + 4);
            int v = s.value[sem] + op;
            long errno = MUST_WAIT;
            boolean fails = op == 0 ? s.value[sem] != 0 : v < 0;
            if (fails && (flags & IPC_NOWAIT) != 0) errno = -EAGAIN;
            if (v > SEMVMX) {
                fails = true;
                errno = -ERANGE;
            }
            if (!fails && (flags & SEM_UNDO) != 0 && op != 0) {
                undo = undoOf(s, t.group);
                int a = undo.adjust[sem] - op;
                if (a < -SEMVMX - 1 || a > SEMVMX) {
                    fails = true;
                    errno = -ERANGE;
                } else {
                    undo.adjust[sem] = a;
                }
            }
            if (fails) {
                failed = p + 6L * i;
                while (--i >= 0) revert(s, undo, p + 6L * i);
                return errno;
            }
            s.value[sem] = v;
        }
        for (int i = 0; i < n; i++) s.pid[Memory.getUnsignedShort(p + 6L * i)] = t.group.identity();
        return 0;
    }

    private static void revert(Set s, Undo undo, long p) {
        int sem = Memory.getUnsignedShort(p), op = Memory.getShort(p + 2);
        s.value[sem] -= op;
        if ((Memory.getShort(p + 4) & SEM_UNDO) != 0 && undo != null) undo.adjust[sem] += op;
    }

    private Undo undoOf(Set s, ThreadGroup g) {
        for (Undo u = s.undos; u != null; u = u.next) if (u.group == g) return u;
        boolean known = false;
        for (int i = 0; i < g.atExit.size(); i++) known |= g.atExit.get(i) == this;
        if (!known) g.atExit.add(this);
        return s.undos = new Undo(g, s.value.length, s.undos);
    }

    private long sleep(Task t, Set s, int sem, boolean forZero, long timeout) {
        if (t.isTimedOut()) return -EAGAIN;
        Sleeper w = t.so instanceof Sleeper known ? known : new Sleeper(s);
        t.so = w;
        w.semaphore = sem;
        w.forZero = forZero;
        if (timeout >= 0) t.setDeadline(t.kernel.now() + timeout);
        return IpcObject.block(t, s.waiters);
    }

    // ---- semctl
    public long control(Task t, int id, int n, int command, long argument) {
        if (id < 0) return -EINVAL;
        if (command == IPC_INFO || command == SEM_INFO) return info(t, command, argument);
        boolean bySlot = command == SEM_STAT || command == SEM_STAT_ANY;
        Set s = table.get(t, id, bySlot);
        if (s == null) return t.error;
        switch (command) {
            case IPC_STAT, SEM_STAT, SEM_STAT_ANY -> {
                return s.stat(t, argument, bySlot, command == SEM_STAT_ANY);
            }
            case IPC_SET -> { return s.set(t, argument, SEMID_DS_SIZE); }
            case IPC_RMID -> {
                long r = s.control(t);
                if (r < 0) return r;
                table.remove(s);
                semaphores -= s.value.length;
                s.waiters.wakeAll(1);
                return 0;
            }
            case GETALL, SETALL -> { return all(t, s, command, argument); }
            case GETPID, GETVAL, GETNCNT, GETZCNT, SETVAL -> { return one(t, s, n, command, argument); }
            default -> { return -EINVAL; }
        }
    }

    private long one(Task t, Set s, int n, int command, long argument) {
        long r = s.access(t, command == SETVAL ? 0222 : 0444);
        int value = (int) argument;
        if (command == SETVAL && (value < 0 || value > SEMVMX)) return -ERANGE;
        if (r < 0) return r;
        if (n < 0 || n >= s.value.length) return -EINVAL;
        switch (command) {
            case GETVAL -> { return s.value[n]; }
            case GETPID -> { return Pid.in(s.pid[n], t.group.pids); }
            case SETVAL -> {
                for (Undo u = s.undos; u != null; u = u.next) u.adjust[n] = 0;
                s.value[n] = value;
                s.pid[n] = t.group.identity();
                s.ctime = IpcObject.seconds(t);
                s.waiters.wakeAll(1);
                return 0;
            }
            default -> {
                int count = 0;
                for (Sleeper w = s.sleepers; w != null; w = w.next) {
                    if (w.semaphore == n && w.forZero == (command == GETZCNT)) count++;
                }
                return count;
            }
        }
    }

    private long all(Task t, Set s, int command, long argument) {
        long r = s.access(t, command == SETALL ? 0222 : 0444);
        if (r < 0) return r;
        int n = s.value.length;
        if (command == GETALL) {
            long p = t.mem.scratch(2 * n);
            for (int i = 0; i < n; i++) Memory.putShort(p + 2L * i, (short) s.value[i]);
            return t.mem.out(argument, p, 2 * n);
        }
        long p = t.mem.in(argument, 2 * n);
        if (p < 0) return p;
        for (int i = 0; i < n; i++) if (Memory.getUnsignedShort(p + 2L * i) > SEMVMX) return -ERANGE;
        for (int i = 0; i < n; i++) {
            s.value[i] = Memory.getUnsignedShort(p + 2L * i);
            s.pid[i] = t.group.identity();
            for (Undo u = s.undos; u != null; u = u.next) u.adjust[i] = 0;
        }
        s.ctime = IpcObject.seconds(t);
        s.waiters.wakeAll(1);
        return 0;
    }

    private long info(Task t, int command, long buffer) {
        boolean used = command == SEM_INFO;
        long p = t.mem.scratch(SEMINFO_SIZE);
        Memory.putInt(p, SEMMNS);
        Memory.putInt(p + 4, SEMMNI);
        Memory.putInt(p + 8, SEMMNS);
        Memory.putInt(p + 12, SEMMNS);
        Memory.putInt(p + 16, SEMMSL);
        Memory.putInt(p + 20, SEMOPM);
        Memory.putInt(p + 24, SEMOPM);
        Memory.putInt(p + 28, used ? table.used() : 20);
        Memory.putInt(p + 32, SEMVMX);
        Memory.putInt(p + 36, used ? semaphores : SEMVMX);
        return table.outInfo(t, buffer, p, SEMINFO_SIZE);
    }

    // ---- the end of a process
    @Override
    public void processEnded(ThreadGroup group) {
        for (int i = 0, n = table.maxIndex(); i <= n; i++) {
            Set s = table.bySlot(i);
            if (s != null && s.undos != null) undo(group, s);
        }
    }

    /** The process goes to another namespace: what it was to undo at its end is undone now. */
    void leave(ThreadGroup group) {
        if (group.atExit.remove(this)) processEnded(group);
    }

    private static void undo(ThreadGroup group, Set s) {
        Undo before = null;
        for (Undo u = s.undos; u != null; before = u, u = u.next) {
            if (u.group != group) continue;
            for (int i = 0; i < u.adjust.length; i++) {
                if (u.adjust[i] == 0) continue;
                s.value[i] = Math.clamp(s.value[i] + u.adjust[i], 0, SEMVMX);
                s.pid[i] = group.identity();
            }
            if (before == null) s.undos = u.next; else before.next = u.next;
            s.otime = group.kernel.realtime() / 1_000_000_000L;
            s.waiters.wakeAll(1);
            return;
        }
    }

    /** The lines of /proc/sysvipc/sem below the heading. */
    public String show(PidNamespace viewer) { return table.show(viewer); }
}

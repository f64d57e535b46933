package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Futexes.Waiter;

/** The operations of futex(2) for a task; restartable like every handler. Kernel lock. */
public final class FutexOps {
    /** Keeps the queued waiters of a blocked call in the task, and takes them off however it ends. */
    public static final class Wait implements Task.Cleanup {
        Waiter[] waiters = {new Waiter()};
        int count;
        /** A lock operation: what the call does when woken. */
        boolean isPi;

        @Override
        public void cleanup(Task t) {
            for (int i = 0; i < count; i++) {
                t.kernel.futexes.dequeue(waiters[i]);
                waiters[i].isPi = false;
                waiters[i].owner = null;
                waiters[i].object = waiters[i].requeueObject = null;
            }
            count = 0;
            isPi = false;
        }
    }

    /**
     * How often a word is tried to be exchanged that changes under the Sentry's hands (or of which a stub says
     * so): what stands in the way so often stands there on purpose, and everybody waits. Then -EAGAIN.
     */
    private static final int TRIES = 1000;

    private FutexOps() {}

    /** FUTEX_WAIT and FUTEX_WAIT_BITSET; the deadline is set by the caller. */
    public static long await(Task t, long address, int expected, int bitset, boolean isPrivate) {
        if (t.so instanceof Wait w) return rerun(t, w);
        if (bitset == 0) return -EINVAL;
        long value = load(t, address);
        if (value < 0) return value;
        if ((int) value != expected) return -EAGAIN;
        if (t.isTimedOut()) return -ETIMEDOUT;
        Wait w = t.futexWait;
        queue(t, w.waiters[0], address, bitset, isPrivate);
        w.count = 1;
        t.so = w;
        return finish(t, w);
    }

    private static long rerun(Task t, Wait w) {
        for (int i = 0; i < w.count; i++) if (w.waiters[i].isWoken) return i;
        if (t.isTimedOut()) return -ETIMEDOUT;
        return finish(t, w);
    }

    private static long finish(Task t, Wait w) { return t.block(); }

    /** Reads the word: zero-extended, -EINVAL when misaligned, -EFAULT. */
    static long load(Task t, long address) {
        if ((address & 3) != 0) return -EINVAL;
        if (!t.mem.readable(address, 4)) return -EFAULT;
        return t.ctx.load32(address);
    }

    private static void queue(Task t, Waiter w, long address, int bitset, boolean isPrivate) {
        w.address = address;
        Object key = isPrivate ? null : t.mm.sharedKey(address);
        if (key == null) t.kernel.futexes.queue(w, t, t.mm, address, bitset);
        else t.kernel.futexes.queue(w, t, key, t.mm.sharedOffset(address), bitset);
    }

    private static Object key(Task t, long address, boolean isPrivate) {
        Object key = isPrivate ? null : t.mm.sharedKey(address);
        return key == null ? t.mm : key;
    }

    private static long offset(Task t, long address, Object key) {
        return key == t.mm ? address : t.mm.sharedOffset(address);
    }

    private static long check(Task t, long address) {
        if ((address & 3) != 0) return -EINVAL;
        return t.mem.readable(address, 4) ? 0 : -EFAULT;
    }

    public static long wake(Task t, long address, int max, int bitset, boolean isPrivate) {
        if (bitset == 0) return -EINVAL;
        if ((address & 3) != 0) return -EINVAL;
        // A private wake never looks at the memory.
        if (!isPrivate && !t.mem.readable(address, 4)) return -EFAULT;
        Object key = key(t, address, isPrivate);
        return t.kernel.futexes.wake(key, offset(t, address, key), Math.max(max, 1), bitset);
    }

    /** FUTEX_REQUEUE and FUTEX_CMP_REQUEUE ({@code compare}). */
    public static long requeue(Task t, long from, long to, int wake, int move, boolean compare, int expected,
            boolean isPrivate) {
        if (wake < 0 || move < 0) return -EINVAL;
        long r = check(t, from);
        if (r == 0) r = check(t, to);
        if (r < 0) return r;
        if (compare) {
            long value = t.ctx.load32(from);
            if (value < 0) return value;
            if ((int) value != expected) return -EAGAIN;
        }
        Object a = key(t, from, isPrivate), b = key(t, to, isPrivate);
        long oa = offset(t, from, a), ob = offset(t, to, b);
        Futexes f = t.kernel.futexes;
        int woken = wake == 0 ? 0 : f.wake(a, oa, wake, ~0);
        if (woken < 0) return woken;
        int moved = f.requeue(a, oa, b, ob, move);
        if (moved < 0) return moved;
        // Both operations count the moved ones, whatever futex(2) says of FUTEX_REQUEUE.
        return woken + moved;
    }

    /** FUTEX_WAKE_OP: changes the second word atomically and wakes by its old value. */
    public static long wakeOp(Task t, long first, long second, int wake, int wake2, int op, boolean isPrivate) {
        long r = check(t, first);
        if (r == 0) r = check(t, second);
        if (r < 0) return r;
        int operation = op >>> 28 & 7, comparison = op >>> 24 & 15;
        int operand = op << 8 >> 20, compareWith = op << 20 >> 20;
        if ((op >>> 28 & 8) != 0) operand = 1 << (operand & 31);
        long old;
        for (int tries = 0;; tries++) {
            if (tries == TRIES) return -EAGAIN;
            old = t.ctx.load32(second);
            if (old < 0) return old;
            int v = (int) old;
            int changed;
            switch (operation) {
                case 0 -> changed = operand;
                case 1 -> changed = v + operand;
                case 2 -> changed = v | operand;
                case 3 -> changed = v & ~operand;
                case 4 -> changed = v ^ operand;
                default -> { return -ENOSYS; }
            }
            long seen = t.ctx.cas32(second, v, changed);
            if (seen < 0) return seen;
            if (seen == old) break;
        }
        int v = (int) old;
        boolean holds;
        switch (comparison) {
            case 0 -> holds = v == compareWith;
            case 1 -> holds = v != compareWith;
            case 2 -> holds = v < compareWith;
            case 3 -> holds = v <= compareWith;
            case 4 -> holds = v > compareWith;
            case 5 -> holds = v >= compareWith;
            default -> { return -ENOSYS; }
        }
        Object a = key(t, first, isPrivate), b = key(t, second, isPrivate);
        int n = t.kernel.futexes.wake(a, offset(t, first, a), Math.max(1, wake), ~0);
        if (n >= 0 && holds) {
            int m = t.kernel.futexes.wake(b, offset(t, second, b), Math.max(1, wake2), ~0);
            if (m > 0) n += m;
        }
        return n;
    }

    // ---- priority inheritance: the locking protocol without a scheduler's part in it
    public static long lockPi(Task t, long address, boolean tryOnly, boolean isPrivate) {
        if (t.so instanceof Wait w) {
            if (w.waiters[0].isWoken) return 0;
            if (t.isTimedOut()) return -ETIMEDOUT;
            long r = t.block();
            return r == -ERESTARTSYS ? -ERESTARTNOINTR : r;
        }
        long r = check(t, address);
        if (r < 0) return r;
        Task holder;
        for (int tries = 0;; tries++) {
            if (tries == TRIES) return -EAGAIN;
            long value = t.ctx.load32(address);
            if (value < 0) return value;
            int v = (int) value;
            int owner = v & Futexes.TID_MASK;
            if (owner == t.ownTid) return -EDEADLK;
            if (owner == 0) {
                Object key = key(t, address, isPrivate);
                boolean others = t.kernel.futexes.first(key, offset(t, address, key)) != null;
                int taken = t.ownTid | v & Futexes.OWNER_DIED | (others ? Futexes.WAITERS : 0);
                long seen = t.ctx.cas32(address, v, taken);
                if (seen < 0) return seen;
                if (seen == value) {
                    if (others) t.kernel.futexes.owned(key, offset(t, address, key), t);
                    return 0;
                }
                continue;
            }
            holder = owner(t, owner);
            if (holder == null) return -ESRCH;
            if (tryOnly) return -EAGAIN;
            if (v >= 0) {
                long seen = t.ctx.cas32(address, v, v | Futexes.WAITERS);
                if (seen < 0) return seen;
                if (seen != value) continue;
            }
            break;
        }
        if (t.isTimedOut()) return -ETIMEDOUT;
        Wait w = t.futexWait;
        w.waiters[0].isPi = true;
        w.waiters[0].owner = holder;
        queue(t, w.waiters[0], address, ~0, isPrivate);
        w.count = 1;
        t.so = w;
        r = t.block();
        return r == -ERESTARTSYS ? -ERESTARTNOINTR : r;
    }

    /** The task that a word names, if it is there to unlock it. */
    private static Task owner(Task t, int tid) {
        Task o = t.thread(tid);
        return o == null || o.state == Task.DEAD ? null : o;
    }

    public static long unlockPi(Task t, long address, boolean isPrivate) {
        long r = check(t, address);
        if (r < 0) return r;
        Object key = key(t, address, isPrivate);
        long offset = offset(t, address, key);
        for (int tries = 0;; tries++) {
            if (tries == TRIES) return -EAGAIN;
            long value = t.ctx.load32(address);
            if (value < 0) return value;
            if ((value & Futexes.TID_MASK) != t.ownTid) return -EPERM;
            Waiter first = t.kernel.futexes.first(key, offset);
            if (first != null && !first.isPi) return -EINVAL;
            int next = first == null ? 0
                    : first.task.ownTid | (t.kernel.futexes.hasSecond(key, offset) ? Futexes.WAITERS : 0);
            long seen = t.ctx.cas32(address, (int) value, next);
            if (seen < 0) return seen;
            if (seen != value) continue;
            if (first != null) {
                t.kernel.futexes.grant(first);
                t.kernel.futexes.owned(key, offset, first.task);
            }
            return 0;
        }
    }

    /** FUTEX_WAIT_REQUEUE_PI: waits on one word, is woken as the owner of another. */
    public static long waitRequeuePi(Task t, long address, int expected, long target, boolean isPrivate) {
        if (t.so instanceof Wait w) {
            if (w.waiters[0].isWoken) return 0;
            return t.isTimedOut() ? -ETIMEDOUT : blockForRequeue(t, w.waiters[0]);
        }
        if (address == target) return -EINVAL;
        long r = check(t, target);
        if (r < 0) return r;
        long value = load(t, address);
        if (value < 0) return value;
        if ((int) value != expected) return -EAGAIN;
        if (t.isTimedOut()) return -ETIMEDOUT;
        Wait w = t.futexWait;
        Waiter first = w.waiters[0];
        queue(t, first, address, ~0, isPrivate);
        first.requeueObject = key(t, target, isPrivate);
        first.requeueOffset = offset(t, target, first.requeueObject);
        first.requeueAddress = target;
        w.count = 1;
        t.so = w;
        return blockForRequeue(t, first);
    }

    /**
     * A signal: once moved, it is as if the word had changed; before, the call begins again
     * (handle_early_requeue_pi_wakeup).
     */
    private static long blockForRequeue(Task t, Waiter w) {
        boolean isMoved = w.isPi;
        long r = t.block();
        return r == -ERESTARTSYS ? isMoved ? -EAGAIN : -ERESTARTNOINTR : r;
    }

    /** FUTEX_CMP_REQUEUE_PI. */
    public static long cmpRequeuePi(Task t, long from, long to, int wake, int move, int expected,
            boolean isPrivate) {
        if (wake != 1 || move < 0 || from == to) return -EINVAL;
        long r = check(t, from);
        if (r == 0) r = check(t, to);
        if (r < 0) return r;
        long value = t.ctx.load32(from);
        if (value < 0) return value;
        if ((int) value != expected) return -EAGAIN;
        Object a = key(t, from, isPrivate), b = key(t, to, isPrivate);
        long oa = offset(t, from, a), ob = offset(t, to, b);
        if (a == b && oa == ob) return -EINVAL;
        for (int n = 0;; n++) {
            Waiter w = n - 1 >= move ? null : t.kernel.futexes.first(a, oa);
            if (w == null) return n;
            if (w.requeueObject != b || w.requeueOffset != ob) return -EINVAL;
            r = requeueOne(t, w, to, b, ob, n == 0, move > 0);
            if (r < 0) return r;
        }
    }

    /** The first may become the owner at once (futex_proxy_trylock_atomic); others wait behind whoever that is. */
    private static long requeueOne(Task t, Waiter w, long to, Object object, long offset, boolean mayTake,
            boolean marks) {
        for (int tries = 0;; tries++) {
            if (tries == TRIES) return -EAGAIN;
            long word = t.ctx.load32(to);
            if (word < 0) return word;
            int owner = (int) word & Futexes.TID_MASK;
            if (owner == w.task.ownTid) return -EDEADLK;
            boolean takes = mayTake && owner == 0;
            Task holder = owner(t, owner);
            if (owner != 0 && holder == null) return -ESRCH;
            int next = takes ? w.task.ownTid | (int) word & Futexes.OWNER_DIED | (marks ? Futexes.WAITERS : 0)
                    : (int) word | Futexes.WAITERS;
            long seen = next == (int) word ? word : t.ctx.cas32(to, (int) word, next);
            if (seen < 0) return seen;
            if (seen != word) continue;
            if (takes) {
                t.kernel.futexes.grant(w);
                t.kernel.futexes.owned(object, offset, w.task);
            } else {
                t.kernel.futexes.requeuePi(w, object, offset, holder);
            }
            return 0;
        }
    }

    /** futex_waitv(2): one entry per word, values already read from the application. */
    public static long awaitMany(Task t, int n, long[] address, int[] expected, boolean[] isPrivate) {
        if (t.so instanceof Wait w) return rerun(t, w);
        for (int i = 0; i < n; i++) {
            long value = load(t, address[i]);
            if (value < 0) return value;
            if ((int) value != expected[i]) return -EAGAIN;
        }
        if (t.isTimedOut()) return -ETIMEDOUT;
        var w = new Wait();
        w.waiters = new Waiter[n];
        for (int i = 0; i < n; i++) {
            w.waiters[i] = new Waiter();
            queue(t, w.waiters[i], address[i], ~0, isPrivate[i]);
        }
        w.count = n;
        t.so = w;
        return t.block();
    }
}

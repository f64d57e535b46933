package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;

/**
 * futex(2): waiters hashed by key. Kernel lock.
 *
 * <p>A key is (object, offset): the memory manager and the address for private memory, the shared object behind the
 * mapping and the offset in it for shared memory. The word itself is the application's; it is read and exchanged by
 * its own stub, and the kernel lock makes "compare and queue" atomic against every wake.
 */
public final class Futexes {
    public static final int TID_MASK = 0x3fffffff, OWNER_DIED = 0x40000000, WAITERS = 0x80000000;
    private static final int BUCKETS = 1024;

    private final Waiter[] heads = new Waiter[BUCKETS], tails = new Waiter[BUCKETS];
    private int piWaiters;

    /** A task's place in a queue. Each task has one, and one more per word of a futex_waitv. */
    public static final class Waiter {
        Task task;
        Object object;
        long offset;
        int bitset;
        boolean isQueued;
        /** Taken off by a wake. */
        boolean isWoken;
        /** Waits for a PI lock: who unlocks it makes it the owner, and so does the owner's end. */
        boolean isPi;
        Task owner;
        /** Of the word, in the task's memory. */
        long address;
        /** For FUTEX_WAIT_REQUEUE_PI: the key it is to be moved to, as a PI waiter, and by nothing else. */
        Object requeueObject;
        long requeueOffset, requeueAddress;
        Waiter prev, next;
        int bucket;
    }

    private static int bucket(Object object, long offset) {
        int h = System.identityHashCode(object) * 31 + (int) (offset >>> 2) + (int) (offset >>> 32);
        h *= 0x9e3779b9;
        return h >>> 22;
    }

    void queue(Waiter w, Task t, Object object, long offset, int bitset) {
        w.task = t;
        w.object = object;
        w.offset = offset;
        w.bitset = bitset;
        w.isWoken = false;
        w.requeueObject = null;
        link(w);
    }

    private void link(Waiter w) {
        int b = w.bucket = bucket(w.object, w.offset);
        w.prev = tails[b];
        w.next = null;
        if (tails[b] == null) heads[b] = w; else tails[b].next = w;
        tails[b] = w;
        w.isQueued = true;
        if (w.isPi) piWaiters++;
    }

    void dequeue(Waiter w) {
        if (!w.isQueued) return;
        int b = w.bucket;
        if (w.prev == null) heads[b] = w.next; else w.prev.next = w.next;
        if (w.next == null) tails[b] = w.prev; else w.next.prev = w.prev;
        w.prev = w.next = null;
        w.isQueued = false;
        if (w.isPi) piWaiters--;
    }

    private void wake(Waiter w) {
        dequeue(w);
        w.isWoken = true;
        w.task.kernel.makeReady(w.task);
    }

    /** Wakes up to {@code max} waiters of a key that share a bit: how many. PI waiters are a mistake of the caller: -EINVAL. */
    int wake(Object object, long offset, int max, int bitset) {
        int n = 0;
        Waiter w = heads[bucket(object, offset)];
        while (w != null && n < max) {
            Waiter next = w.next;
            if (w.object == object && w.offset == offset) {
                if (w.isPi || w.requeueObject != null) return -EINVAL;
                if ((w.bitset & bitset) != 0) {
                    wake(w);
                    n++;
                }
            }
            w = next;
        }
        return n;
    }

    /** Moves up to {@code max} waiters from one key to another: how many. Of PI waiters: -EINVAL. */
    int requeue(Object object, long offset, Object toObject, long toOffset, int max) {
        int n = 0;
        Waiter w = heads[bucket(object, offset)];
        while (w != null && n < max) {
            Waiter next = w.next;
            if (w.object == object && w.offset == offset) {
                if (w.isPi || w.requeueObject != null) return -EINVAL;
                dequeue(w);
                w.object = toObject;
                w.offset = toOffset;
                link(w);
                n++;
            }
            w = next;
        }
        return n;
    }

    /** The longest waiting one of a key, or null. */
    Waiter first(Object object, long offset) {
        for (Waiter w = heads[bucket(object, offset)]; w != null; w = w.next) {
            if (w.object == object && w.offset == offset) return w;
        }
        return null;
    }

    boolean hasSecond(Object object, long offset) {
        boolean seen = false;
        for (Waiter w = heads[bucket(object, offset)]; w != null; w = w.next) {
            if (w.object != object || w.offset != offset) continue;
            if (seen) return true;
            seen = true;
        }
        return false;
    }

    /** Makes {@code w} the owner of a PI lock whose word was already changed, and wakes it. */
    void grant(Waiter w) {
        dequeue(w);
        w.isWoken = true;
        w.task.kernel.makeReady(w.task);
    }

    /** Who waits for this PI lock waits for another owner now. */
    void owned(Object object, long offset, Task owner) {
        for (Waiter w = heads[bucket(object, offset)]; w != null; w = w.next) {
            if (w.object == object && w.offset == offset && w.isPi) w.owner = owner;
        }
    }

    /** Owners of PI locks for which others wait end: the first of each becomes the owner (exit_pi_state_list). */
    void ownerEnds(Task t) {
        if (piWaiters == 0) return;
        for (int b = 0; b < BUCKETS; b++) {
            for (Waiter w = heads[b]; w != null;) {
                if (w.isPi && w.owner == t) {
                    succeed(w, t.ownTid);
                    w = heads[b];
                } else {
                    w = w.next;
                }
            }
        }
    }

    /** Nobody but the kernel changes a word that has an owner and waiters: it need not be exchanged. */
    private void succeed(Waiter w, int tid) {
        long p = Memory.allocate(4);
        if (w.task.mm.isAccessible(w.address, 4, true) && w.task.mm.space.readRemote(w.address, p, 4) == 4) {
            int owner = Memory.getInt(p) & TID_MASK;
            Memory.putInt(p, w.task.ownTid | WAITERS | OWNER_DIED);
            if (owner == tid || owner == 0) w.task.mm.space.writeRemote(w.address, p, 4);
        }
        Memory.free(p);
        grant(w);
        owned(w.object, w.offset, w.task);
    }

    /** Moves one waiter to another key as a PI waiter. */
    void requeuePi(Waiter w, Object toObject, long toOffset, Task owner) {
        dequeue(w);
        w.owner = owner;
        w.address = w.requeueAddress;
        w.object = toObject;
        w.offset = toOffset;
        w.isPi = true;
        w.requeueObject = null;
        link(w);
    }

    /** Wakes waiters of {@code address} in a memory: clear_child_tid and robust lists, at a task's end. */
    public static void wakeAddress(Task t, long address, int max) {
        Object key = t.mm.sharedKey(address);
        Futexes f = t.kernel.futexes;
        if (key == null) f.wake(t.mm, address, max, ~0);
        else f.wake(key, t.mm.sharedOffset(address), max, ~0);
    }
}

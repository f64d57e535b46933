package dev.kernelet.sentry.kernel;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;

/**
 * What a task leaves in its memory when it ends: robust futexes marked as ownerless (set_robust_list(2)), the
 * thread id word cleared (set_tid_address(2)).
 */
final class RobustList {
    /** As many locks as the kernel follows (ROBUST_LIST_LIMIT). */
    private static final int LIMIT = 2048;

    private RobustList() {}

    /** {@code isRemote}: the task's thread runs, its memory is reached without it. */
    static void walk(Task t, boolean isRemote) {
        long head = t.robustList;
        if (head == 0) return;
        t.robustList = 0;
        // Nobody is left to see the marks in a memory that ends with its last task, unless it shares some.
        if (t.mm.users == 1 && !t.mm.hasSharedMappings()) return;
        long buffer = Memory.allocate(32);
        // Nearly always the list is empty: seen from outside, the thread need not be woken for that.
        if (read(t, true, buffer, head, 24)) {
            long entry = Memory.getLong(buffer), offset = Memory.getLong(buffer + 8), pending = Memory.getLong(buffer + 16);
            for (int i = 0; i < LIMIT && (entry & ~1L) != head; i++) {
                long e = entry & ~1L;
                boolean isPi = (entry & 1) != 0;
                // The next link first: the lock may be freed by whoever gets it.
                boolean hasNext = read(t, isRemote, buffer, e, 8);
                long next = Memory.getLong(buffer);
                if (e != (pending & ~1L) && !died(t, isRemote, buffer, e + offset, isPi, false)) break;
                if (!hasNext) break;
                entry = next;
            }
            if ((pending & ~1L) != 0) died(t, isRemote, buffer, (pending & ~1L) + offset, (pending & 1) != 0, true);
        }
        Memory.free(buffer);
    }

    private static boolean died(Task t, boolean isRemote, long buffer, long address, boolean isPi, boolean isPending) {
        if ((address & 3) != 0) return false;
        for (int tries = 0; tries < 100; tries++) {
            if (!read(t, isRemote, buffer, address, 4)) return false;
            int value = Memory.getInt(buffer);
            if (isPending && !isPi && value == 0) {
                // Died between giving the lock up and waking the next one.
                Futexes.wakeAddress(t, address, 1);
                return true;
            }
            if ((value & Futexes.TID_MASK) != t.ownTid) return true;
            int dead = value & Futexes.WAITERS | Futexes.OWNER_DIED;
            if (!exchange(t, isRemote, buffer, address, value, dead)) continue;
            if (!isPi && (value & Futexes.WAITERS) != 0) Futexes.wakeAddress(t, address, 1);
            return true;
        }
        return false;
    }

    static void clearTid(Task t) {
        long buffer = Memory.allocate(8);
        if (t.mem.writable(t.clearChildTid, 4)) t.mm.space.writeRemote(t.clearChildTid, buffer, 4);
        Memory.free(buffer);
        Futexes.wakeAddress(t, t.clearChildTid, 1);
    }

    private static boolean read(Task t, boolean isRemote, long buffer, long address, int length) {
        if (!t.mem.readable(address, length)) return false;
        if (isRemote) return t.mm.space.readRemote(address, buffer, length) == length;
        return t.ctx.copyIn(buffer, address, length) == length;
    }

    private static boolean exchange(Task t, boolean isRemote, long buffer, long address, int old, int value) {
        if (!t.mem.writable(address, 4)) return false;
        ExecutionContext c = t.ctx;
        if (!isRemote) return c.cas32(address, old, value) == (old & 0xffffffffL);
        Memory.putInt(buffer, value);
        return t.mm.space.writeRemote(address, buffer, 4) == 4;
    }
}

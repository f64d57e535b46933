package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.SyscallNumber.PRLIMIT64;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/**
 * Bounds the host descriptors that are open only because they may be useful again: O_PATH descriptors of directories and
 * descriptors of files nobody has open. A clock: each inode that holds some has a seat, recently used ones get a second
 * round. Kernel lock.
 */
final class FdCache {
    private HostInode[] seats = new HostInode[256];
    private int used, hand;
    private final int limit;

    /** Raises RLIMIT_NOFILE to its hard value and takes at most a quarter of it. */
    FdCache() {
        long p = Memory.allocate(16);
        long max = 1024;
        if (HostCall.call(PRLIMIT64, 0, 7, 0, p) == 0) {
            Memory.putLong(p, Memory.getLong(p + 8));
            HostCall.call(PRLIMIT64, 0, 7, p, 0);
            max = Memory.getLong(p + 8);
        }
        Memory.free(p);
        limit = (int) Math.max(4, Math.min(4096, (max < 0 ? 1 << 20 : max) / 4));
    }

    void add(HostInode i) {
        i.isRecent = true;
        if (i.seat >= 0) return;
        if (used >= limit) evict(1);
        if (used == seats.length) seats = java.util.Arrays.copyOf(seats, used * 2);
        i.seat = used;
        seats[used++] = i;
    }

    void remove(HostInode i) {
        int s = i.seat;
        if (s < 0) return;
        i.seat = -1;
        HostInode last = seats[--used];
        seats[used] = null;
        if (last != i) {
            seats[s] = last;
            last.seat = s;
        }
    }

    /** Closes descriptors of {@code n} inodes that can do without, if there are so many. */
    void evict(int n) {
        for (int steps = 2 * used; steps > 0 && n > 0 && used > 0; steps--) {
            if (hand >= used) hand = 0;
            HostInode i = seats[hand++];
            if (i.isRecent) {
                i.isRecent = false;
            } else if (i.closeIdle()) {
                hand--;
                n--;
            }
        }
    }
}

package dev.kernelet.sentry.socket;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.HeapBudget;

/** Bytes under way: a ring in native memory that grows as it is used. Kernel lock. */
public final class ByteRing {
    private static final int SMALLEST = 4096;
    private long buffer;
    private int allocated, head, used;
    /** Bytes ever read: the position of the first unread one. */
    public long position;

    /** A writer was told to wait for want of memory, not of room. */
    private boolean isHeldBack;

    public int used() { return used; }

    /** How much may be put where {@code limit} bytes may wait. */
    public int room(int limit) {
        int n = limit - used, now = Math.max(allocated, SMALLEST) - used;
        if (now >= n || !HeapBudget.isNativeShort()) return n;
        isHeldBack = true;
        return now;
    }

    /** Whether one was held back since this was last asked. */
    public boolean wasHeldBack() {
        boolean was = isHeldBack;
        isHeldBack = false;
        return was;
    }

    /** Takes all of it; the caller keeps limits. */
    public void put(long source, int length) {
        if (length <= 0) return;
        if (used + length > allocated) grow(used + length);
        int at = head + used;
        if (at >= allocated) at -= allocated;
        int first = Math.min(length, allocated - at);
        Memory.copy(source, buffer + at, first);
        if (length > first) Memory.copy(source + first, buffer, length - first);
        used += length;
    }

    /** Copies up to {@code length} bytes without taking them. */
    public int peek(long destination, int length) { return peek(destination, length, 0); }

    /** The same, behind the first {@code skip}, which are there. */
    public int peek(long destination, int length, int skip) {
        int n = Math.min(length, used - skip);
        if (n <= 0) return 0;
        int from = head + skip;
        if (from >= allocated) from -= allocated;
        int first = Math.min(n, allocated - from);
        Memory.copy(buffer + from, destination, first);
        if (n > first) Memory.copy(buffer, destination + first, n - first);
        return n;
    }

    public void consume(int n) {
        position += n;
        head += n;
        if (head >= allocated) head -= allocated;
        used -= n;
        if (used == 0) head = 0;
    }

    private void grow(int wanted) {
        int size = Math.max(allocated, SMALLEST);
        while (size < wanted) size <<= 1;
        long fresh = Memory.allocate(size);
        if (buffer != 0) {
            int first = Math.min(used, allocated - head);
            Memory.copy(buffer + head, fresh, first);
            if (used > first) Memory.copy(buffer, fresh + first, used - first);
            Memory.free(buffer);
        }
        HeapBudget.buffers(size - allocated);
        buffer = fresh;
        allocated = size;
        head = 0;
    }

    public void free() {
        if (buffer != 0) Memory.free(buffer);
        HeapBudget.buffers(-allocated);
        buffer = 0;
        allocated = used = head = 0;
    }
}

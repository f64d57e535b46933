package dev.kernelet.sentry.mm;

import dev.kernelet.abi.Memory;

/**
 * Private buffers for large transfers. Above some tens of kilobytes the host copies between the Sentry and an application
 * (one call for all of it) faster than the two processors pass a window back and forth. Kernel lock.
 */
public final class BulkBuffers {
    /** Of one buffer: small enough to stay in a processor's cache. */
    public static final int SIZE = 256 << 10;
    /** From this many bytes on it pays. */
    public static final int WORTHWHILE = 96 << 10;
    private static final int KEPT = 4;

    private final long[] free = new long[KEPT];
    private int count;

    /** A buffer for one transfer; give it back. */
    public long take() { return count > 0 ? free[--count] : Memory.allocate(SIZE); }

    public void give(long buffer) {
        if (count < KEPT) free[count++] = buffer;
        else Memory.free(buffer);
    }
}

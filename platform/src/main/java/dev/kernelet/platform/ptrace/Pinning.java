package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import java.util.Arrays;

/**
 * Keeps tracer and tracee on one processor while they talk: a stop is a hand-over between two threads, 5 us
 * on one processor and some 50 where an idle one must be woken. A thread that makes calls in quick succession
 * is pinned beside the tracer; one that computes for a while gets the processors of the sandbox's own process
 * back. The tracer's alone.
 */
final class Pinning {
    private static final int SCHED_SETAFFINITY = 203, SCHED_GETAFFINITY = 204, GETCPU = 309, MASK_SIZE = 128;
    /** Shorter runs between two stops are talk; so many in a row pin. */
    private static final long TALK_NANOS = 150_000;
    private static final int TALK_COUNT = 4;
    /** A pinned thread that has run for so long without a stop is let go. */
    static final long COMPUTE_NANOS = 1_000_000;
    /** So long all stay on one processor; then the scheduler may choose another. */
    private static final long TURN_NANOS = 1_000_000_000L;

    private final int sandboxPid;
    private final boolean enabled;
    private final long free = Memory.allocate(MASK_SIZE), one = Memory.allocate(MASK_SIZE);
    private PtraceContext[] pinned = new PtraceContext[16];
    private int count;
    private int processor = -1;
    private long since;

    Pinning(int sandboxPid, boolean enabled) {
        this.sandboxPid = sandboxPid;
        this.enabled = enabled && HostCall.call(SCHED_GETAFFINITY, 0, MASK_SIZE, free) > 0;
    }

    /** The thread has stopped. */
    void stopped(PtraceContext c) {
        if (!enabled) return;
        long now = System.nanoTime();
        if (now - c.resumedAt >= TALK_NANOS) {
            c.quickStops = 0;
        } else if (++c.quickStops >= TALK_COUNT && !c.isPinned) {
            pin(c, now);
        }
    }

    void resumed(PtraceContext c) {
        if (enabled) c.resumedAt = System.nanoTime();
    }

    /** A thread made by another has the processors of that one. */
    void born(PtraceContext child, PtraceContext parent) {
        if (parent.isPinned) add(child);
    }

    void ended(PtraceContext c) {
        if (c.isPinned) remove(c);
    }

    private void add(PtraceContext c) {
        if (count == pinned.length) pinned = Arrays.copyOf(pinned, 2 * count);
        c.isPinned = true;
        pinned[count++] = c;
    }

    private void remove(PtraceContext c) {
        c.isPinned = false;
        for (int i = 0; i < count; i++) {
            if (pinned[i] != c) continue;
            pinned[i] = pinned[--count];
            pinned[count] = null;
            return;
        }
    }

    private void pin(PtraceContext c, long now) {
        if (processor < 0) {
            if (HostCall.call(GETCPU, one, 0, 0) != 0) return;
            processor = Memory.getInt(one);
            Memory.zero(one, MASK_SIZE);
            if (processor >= 8 * MASK_SIZE) return;
            Memory.putByte(one + (processor >> 3), (byte) (1 << (processor & 7)));
            HostCall.call(SCHED_SETAFFINITY, 0, MASK_SIZE, one);
            since = now;
        }
        HostCall.call(SCHED_SETAFFINITY, c.tid, MASK_SIZE, one);
        add(c);
    }

    private void unpin(PtraceContext c) {
        HostCall.call(SCHED_SETAFFINITY, c.tid, MASK_SIZE, free);
        remove(c);
        c.quickStops = 0;
    }

    /**
     * Before the tracer sleeps: lets go whoever computes. How long it may sleep until somebody is due, in
     * nanoseconds; -1: as long as it likes.
     */
    long review() {
        if (processor < 0) return -1;
        long now = System.nanoTime(), next = -1;
        boolean over = now - since > TURN_NANOS, read = false;
        for (int i = count - 1; i >= 0; i--) {
            var c = pinned[i];
            if (c.atStop && !over) continue;
            long left = c.resumedAt + COMPUTE_NANOS - now;
            if (left > 0 && !over) {
                next = next < 0 ? left : Math.min(next, left);
                continue;
            }
            // What the sandbox's own process may use now: somebody may have changed it.
            if (!read) read = HostCall.call(SCHED_GETAFFINITY, sandboxPid, MASK_SIZE, free) > 0;
            unpin(c);
        }
        if (count == 0) {
            HostCall.call(SCHED_SETAFFINITY, 0, MASK_SIZE, free);
            processor = -1;
        }
        return next;
    }
}

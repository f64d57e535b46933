package dev.kernelet.platform.process;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;

/**
 * Empties the fresh template: everything the host has mapped at exec goes, but for the vDSO and its data
 * pages, which move into the stub's region (their distances kept: the code addresses the data relative to
 * itself).
 */
public final class Emptying {
    private static final int MUNMAP = 11, MREMAP = 25, MINCORE = 27, MAX = 64;
    private static final long PAGE = 4096, VDSO_PAGES_MAX = 16, USER_END = 0x7ffffffff000L;

    private final ExecutionContext hand;
    /** How much lower than in StubLayout all of the stub's addresses are. */
    private final long lowering;
    private final long[] start = new long[MAX], end = new long[MAX];
    private final boolean[] vdso = new boolean[MAX];
    private int count;

    /**
     * @param hand the process's only context, stopped
     * @param base where the stub lies
     */
    public Emptying(ExecutionContext hand, long base) {
        lowering = STUB_BASE - base;
        this.hand = hand;
    }

    /** For a stub that lies where it was linked. */
    public Emptying(ExecutionContext hand) { this(hand, STUB_BASE); }

    /** The vDSO's new address (0: there is none), or a negative errno. */
    public long run(int pid, long vdsoBase) {
        if (!readMaps(pid)) return withoutMaps(vdsoBase);
        long origin = 0, newBase = vdsoBase;
        boolean movable = true;
        for (int i = 0; i < count; i++) {
            if (vdso[i]) {
                if (origin == 0) origin = start[i];
                if (!movable) continue;
                long to = VDSO_AREA - lowering + (start[i] - origin);
                long length = end[i] - start[i];
                // MREMAP_MAYMOVE | MREMAP_FIXED
                long result = hand.hostCall(MREMAP, start[i], length, length, 3, to, 0);
                if (result == to) {
                    if (vdsoBase >= start[i] && vdsoBase < end[i]) newBase = to + (vdsoBase - start[i]);
                } else if (start[i] == origin) {
                    // sealed system mappings: it stays where it is, a hole of the application's range
                    movable = false;
                } else {
                    return -22;
                }
            } else {
                long result = hand.hostCall(MUNMAP, start[i], end[i] - start[i], 0, 0, 0, 0);
                if (result < 0) return result;
            }
        }
        return newBase;
    }

    /**
     * As {@link #run}, when there is no /proc to read: what lies where is asked page by page. Only the vDSO
     * and its data must be found, all else goes in whole ranges.
     */
    private long withoutMaps(long vdsoBase) {
        long from = vdsoBase & -PAGE, to = from, newBase = vdsoBase;
        if (from != 0) {
            while (to < from + VDSO_PAGES_MAX * PAGE && isMapped(to)) to += PAGE;
            long lowest = from - VDSO_PAGES_MAX * PAGE;
            while (from > lowest && isMapped(from - PAGE)) from -= PAGE;
        }
        long target = VDSO_AREA - lowering - from;
        boolean moved = true;
        for (long at = from, length; moved && at < to; at += length) {
            // A mapping moves as a whole or not at all, so its length is the one that succeeds.
            for (length = to - at; length > 0; length -= PAGE) {
                if (hand.hostCall(MREMAP, at, length, length, 3, at + target, 0) == at + target) break;
            }
            if (length == 0 && at > from) return -22;
            moved = length > 0;
            if (moved && vdsoBase >= at && vdsoBase < at + length) newBase = vdsoBase + target;
        }
        long base = STUB_BASE - lowering, end = ARENA_BASE + ARENA_SIZE - lowering;
        long r = moved || from == 0 ? unmap(0, base) : unmap(0, from);
        if (r >= 0 && !moved) r = unmap(to, base);
        if (r >= 0) r = unmap(end, USER_END - lowering);
        return r < 0 ? r : newBase;
    }

    private long unmap(long from, long to) {
        return from < to ? hand.hostCall(MUNMAP, from, to - from, 0, 0, 0, 0) : 0;
    }

    /**
     * mincore(2) looks for the mapping first (ENOMEM) and then finds that it cannot write to the stub's text
     * (EFAULT).
     */
    private boolean isMapped(long page) {
        return hand.hostCall(MINCORE, page, PAGE, STUB_BASE - lowering, 0, 0, 0) == -14;
    }

    private boolean readMaps(int pid) {
        long fd = Host.openProc(pid, "maps", 0);
        if (fd < 0) return false;
        long buffer = Memory.allocate(65536);
        long length = 0, n;
        while (length < 65536 && (n = Host.read(fd, buffer + length, 65536 - length)) > 0) length += n;
        Host.close(fd);
        String text = Memory.getBytes(buffer, (int) length);
        Memory.free(buffer);
        for (int at = 0; at < text.length(); ) {
            int eol = text.indexOf('\n', at);
            if (eol < 0) break;
            line(text.substring(at, eol));
            at = eol + 1;
        }
        return count > 0;
    }

    private void line(String line) {
        int dash = line.indexOf('-'), space = line.indexOf(' ');
        long from = Long.parseUnsignedLong(line.substring(0, dash), 16);
        long to = Long.parseUnsignedLong(line.substring(dash + 1, space), 16);
        if (from < 0 || count == MAX) return; // vsyscall
        long linked = from + lowering;
        if (linked >= STUB_BASE && linked < STUB_BASE + STUB_TEXT_MAX) return;
        if (linked >= DOOR_BASE && linked < ARENA_BASE + ARENA_SIZE) return;
        start[count] = from;
        end[count] = to;
        vdso[count++] = line.endsWith("[vdso]") || line.indexOf("[vvar") >= 0;
    }
}

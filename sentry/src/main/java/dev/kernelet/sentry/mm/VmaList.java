package dev.kernelet.sentry.mm;

import dev.kernelet.sentry.kernel.Task;
import java.util.Arrays;

/**
 * The mappings of an address space in the order of their addresses: parallel arrays, so that a look-up touches little
 * memory, allocates nothing, and fork copies them whole. Moving entries costs less than a tree's pointers up to tens
 * of thousands of them, and the limit is {@link #MAX}. Kernel lock.
 */
final class VmaList {
    /** vm.max_map_count. */
    static final int MAX = 65530;
    /** Free pages kept below a mapping that grows down (stack_guard_gap). */
    static final long STACK_GAP = 256L << 12;

    long[] start = new long[32], end = new long[32];
    Vma[] vma = new Vma[32];
    int count;
    /** The entry found last. */
    private int last;
    /** All gaps above {@link #hintTop} (up to the top of the search area) are smaller than {@link #hintSize}. */
    private long hintTop = Long.MAX_VALUE, hintSize;

    /** The first entry whose end lies above {@code address}; count when there is none. */
    int find(long address) {
        int i = last;
        if (i < count && address < end[i] && address >= start[i]) return i;
        int low = 0, high = count;
        while (low < high) {
            int mid = (low + high) >>> 1;
            if (end[mid] > address) high = mid; else low = mid + 1;
        }
        last = low;
        return low;
    }

    /** The entry that contains {@code address}, or -1. */
    int at(long address) {
        int i = find(address);
        return i < count && start[i] <= address ? i : -1;
    }

    boolean isFree(long from, long to) {
        int i = find(from);
        return i == count || start[i] >= to;
    }

    /** Bytes mapped in the range. */
    long mappedIn(long from, long to) {
        long n = 0;
        for (int i = find(from); i < count && start[i] < to; i++) n += Math.min(to, end[i]) - Math.max(from, start[i]);
        return n;
    }

    /** Cuts the entry that {@code address} lies strictly inside of. The first entry that starts at or above it. */
    int split(long address) {
        int i = find(address);
        if (i == count || start[i] >= address) return i;
        insertAt(i + 1, address, end[i], vma[i]);
        end[i] = address;
        return i + 1;
    }

    private void insertAt(int i, long from, long to, Vma v) {
        if (count == start.length) grow();
        System.arraycopy(start, i, start, i + 1, count - i);
        System.arraycopy(end, i, end, i + 1, count - i);
        System.arraycopy(vma, i, vma, i + 1, count - i);
        start[i] = from;
        end[i] = to;
        vma[i] = v;
        v.hold();
        count++;
    }

    private void grow() {
        int n = count * 2;
        start = Arrays.copyOf(start, n);
        end = Arrays.copyOf(end, n);
        vma = Arrays.copyOf(vma, n);
    }

    /** Removes the entries first...last-1. */
    private void removeAt(Task t, int first, int last) {
        if (first == last) return;
        for (int i = first; i < last; i++) vma[i].put(t);
        System.arraycopy(start, last, start, first, count - last);
        System.arraycopy(end, last, end, first, count - last);
        System.arraycopy(vma, last, vma, first, count - last);
        int n = count - (last - first);
        Arrays.fill(vma, n, count, null);
        count = n;
    }

    /** Adds a mapping in a free range and joins it with equal neighbours. */
    void add(Task t, long from, long to, Vma v) {
        int i = find(from);
        boolean joinsBelow = i > 0 && end[i - 1] == from && vma[i - 1].sameAs(v);
        boolean joinsAbove = i < count && start[i] == to && vma[i].sameAs(v);
        if (joinsBelow && joinsAbove) {
            end[i - 1] = end[i];
            removeAt(t, i, i + 1);
        } else if (joinsBelow) {
            end[i - 1] = to;
        } else if (joinsAbove) {
            start[i] = from;
        } else {
            insertAt(i, from, to, v);
            last = i;
        }
    }

    /** Takes all mappings out of the range. */
    void remove(Task t, long from, long to) {
        int first = split(from);
        int last = split(to);
        removeAt(t, first, last);
        if (hintTop != Long.MAX_VALUE) {
            long gapEnd = first < count ? start[first] : Long.MAX_VALUE;
            if (gapEnd > hintTop) hintTop = gapEnd;
        }
    }

    /** Gives entry {@code i} other properties; neighbours are joined by {@link #join}. */
    void set(Task t, int i, Vma v) {
        Vma old = vma[i];
        v.hold();
        vma[i] = v;
        old.put(t);
    }

    /** Joins equal neighbours from the entry before {@code first} to the one behind {@code last}. */
    void join(Task t, int first, int last) {
        for (int i = Math.min(last + 1, count - 1); i > Math.max(first - 1, 0); i--) {
            if (end[i - 1] == start[i] && vma[i - 1].sameAs(vma[i])) {
                end[i - 1] = end[i];
                removeAt(t, i, i + 1);
            }
        }
    }

    /** Where the space below entry {@code i} ends: a mapping that grows down keeps a gap. */
    private long gapEnd(int i) {
        return (vma[i].flags & Vma.GROWSDOWN) != 0 ? Math.max(0, start[i] - STACK_GAP) : start[i];
    }

    /** The highest free range of that length in [low, high): its start, or -1. {@code usual}: high is always the same. */
    long findTopDown(long length, long low, long high, boolean usual) {
        long top = usual && length >= hintSize && hintTop < high ? hintTop : high;
        int i = find(top);
        if (i < count) top = Math.min(top, gapEnd(i));
        for (;;) {
            long bottom = i == 0 ? low : Math.max(low, end[i - 1]);
            if (top - bottom >= length) {
                if (usual) {
                    hintTop = top;
                    hintSize = length;
                }
                return top - length;
            }
            if (i == 0 || bottom == low) return -1;
            i--;
            top = Math.min(top, gapEnd(i));
        }
    }

    /** The lowest free range of that length in [low, high): its start, or -1. */
    long findBottomUp(long length, long low, long high) {
        long bottom = low;
        for (int i = find(low); i < count && start[i] < high; i++) {
            if (gapEnd(i) - bottom >= length) return bottom;
            bottom = Math.max(bottom, end[i]);
        }
        return high - bottom >= length ? bottom : -1;
    }

    /** A copy for fork, without the mappings the child does not get. */
    VmaList copy(Task t) {
        var c = new VmaList();
        int n = Math.max(32, count);
        c.start = Arrays.copyOf(start, n);
        c.end = Arrays.copyOf(end, n);
        c.vma = Arrays.copyOf(vma, n);
        c.count = count;
        boolean leavesOut = false;
        for (int i = 0; i < count; i++) {
            vma[i].hold();
            leavesOut |= (vma[i].flags & Vma.DONTFORK) != 0;
        }
        if (leavesOut) {
            for (int i = c.count - 1; i >= 0; i--) {
                if ((c.vma[i].flags & Vma.DONTFORK) != 0) c.removeAt(t, i, i + 1);
            }
        }
        return c;
    }

    void clear(Task t) {
        removeAt(t, 0, count);
    }
}

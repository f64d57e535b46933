package dev.kernelet.sentry.vfs;

import java.util.Arrays;

/**
 * All cached names of one filesystem in the order of their arrival, to keep their number within bounds: past the limit each
 * new one pushes out an old one that was not used since the ring last came round (the "second chance" of page caches).
 * What is in use stays: working directories, open files and mounts refer to their dentries, children to their parents.
 */
final class DentryRing {
    private static final int LIMIT = 1 << 16;
    private static final int TRIES = 16;

    private Dentry[] ring = new Dentry[64];
    private int count, hand;

    void add(Dentry d) {
        if (count >= LIMIT) {
            for (int i = 0; i < TRIES; i++) {
                int at = hand++;
                if (hand >= count) hand = 0;
                Dentry old = ring[at];
                if (old.isRecent) {
                    old.isRecent = false;
                    continue;
                }
                if (!release(old)) continue;
                put(at, d);
                return;
            }
        }
        if (count == ring.length) ring = Arrays.copyOf(ring, count * 2);
        put(count++, d);
    }

    private void put(int at, Dentry d) {
        ring[at] = d;
        d.ringIndex = at;
    }

    /** The name is gone for good: nothing here may keep what it stood for. */
    void remove(Dentry d) {
        int at = d.ringIndex;
        if (at < 0 || at >= count || ring[at] != d) return;
        Dentry last = ring[--count];
        ring[count] = null;
        if (last != d) put(at, last);
        if (hand >= count) hand = 0;
        d.ringIndex = -1;
    }

    /** Forgets all that is not in use. */
    void shrink() {
        for (int at = count - 1; at >= 0; at--) {
            if (at >= count) continue;
            Dentry d = ring[at];
            if (release(d)) remove(d);
        }
    }

    /** Whether nothing keeps the dentry in the cache (any more). */
    private static boolean release(Dentry d) {
        if (d.isDead || !d.isAttached()) return true;
        Inode n = d.inode;
        if (d.mounts != 0 || d.holds != 0 || d.childCount() > 0) return false;
        if (n != null) {
            if (n.opens > 0 || n.locks != null || n.watches != null || n.fifo != null) return false;
            if (n.type() == 0xc000) return false;
        }
        d.parent.detach(d);
        if (n != null) n.forgotten();
        return true;
    }
}

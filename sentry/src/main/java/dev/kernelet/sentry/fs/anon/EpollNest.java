package dev.kernelet.sentry.fs.anon;

import dev.kernelet.sentry.fs.anon.EpollFile.Item;
import dev.kernelet.sentry.vfs.OpenFile;
import java.util.IdentityHashMap;

/**
 * epoll files that watch epoll files: no circles, no more than so deep, and no more than so many ways from
 * a file up to those whom it wakes, or one wake-up would never end. Each epoll file is looked at once for
 * each question, however many ways lead to it. Kernel lock.
 */
final class EpollNest {
    /** EP_MAX_NESTS. */
    private static final int DEEPEST = 4;
    /**
     * Ways through so many epoll files that watch each other (path_limits of fs/eventpoll.c); of those
     * through none, any.
     */
    private static final int[] WAYS = {Integer.MAX_VALUE, 500, 100, 50, 10};

    /** The question that is being answered: what has another number is not known yet. */
    private static int round;

    /** What is known of one epoll file. */
    static final class Place {
        private int known, depth;
        private final int[] ways = new int[DEEPEST + 1];
    }

    private EpollNest() {}

    private static boolean isKnown(EpollFile e) {
        if (e.place == null) e.place = new Place();
        if (e.place.known == round) return true;
        e.place.known = round;
        return false;
    }

    /** Whether {@code outer} may not watch {@code inner}: ELOOP. */
    static boolean loopsOrIsTooDeep(EpollFile outer, EpollFile inner) {
        round++;
        int below = depth(inner, outer);
        if (below < 0) return true;
        round++;
        return height(outer) + 1 + below > DEEPEST;
    }

    /** How many lie below one another from {@code e} on; -1: {@code target} is among them. */
    private static int depth(EpollFile e, EpollFile target) {
        if (e == target) return -1;
        if (isKnown(e)) return e.place.depth;
        int deepest = 0;
        for (Item b : e.items()) {
            for (Item i = b; i != null; i = i.nextInBucket) {
                if (!(i.file instanceof EpollFile inner)) continue;
                int d = depth(inner, target);
                if (d < 0) return -1;
                deepest = Math.max(deepest, 1 + d);
            }
        }
        e.place.depth = deepest;
        return deepest;
    }

    /** How many lie above one another from {@code e} on, each watching the one before. */
    private static int height(EpollFile e) {
        if (isKnown(e)) return e.place.depth;
        int highest = 0;
        for (Item i = (Item) e.epollItems; i != null; i = i.nextHook) {
            highest = Math.max(highest, 1 + height(i.owner()));
        }
        e.place.depth = highest;
        return highest;
    }

    /**
     * Whether too many ways lead up from {@code file}, which has just been added, or from what it watches:
     * EINVAL.
     */
    static boolean hasTooManyPaths(OpenFile file) {
        int upwards = ++round;
        if (!(file instanceof EpollFile e)) return isBeyond(file, upwards);
        // The marks of the way down must not be those of the ways up.
        return isAnyBeyond(e, upwards, new IdentityHashMap<>());
    }

    private static boolean isAnyBeyond(EpollFile e, int upwards,
            IdentityHashMap<EpollFile, EpollFile> visited) {
        if (visited.put(e, e) != null) return false;
        for (Item b : e.items()) {
            for (Item i = b; i != null; i = i.nextInBucket) {
                boolean isBeyond = i.file instanceof EpollFile inner ? isAnyBeyond(inner, upwards, visited)
                        : isBeyond(i.file, upwards);
                if (isBeyond) return true;
            }
        }
        return false;
    }

    /** Once for each file, which may be watched under many descriptors. */
    private static boolean isBeyond(OpenFile file, int upwards) {
        Item first = (Item) file.epollItems;
        if (first.seen == upwards) return false;
        first.seen = upwards;
        var ways = new int[DEEPEST + 1];
        for (Item i = first; i != null; i = i.nextHook) {
            int[] onwards = ways(i.owner());
            for (int k = 1; k <= DEEPEST; k++) ways[k] = Math.min(ways[k] + onwards[k], WAYS[1] + 1);
        }
        for (int k = 1; k <= DEEPEST; k++) if (ways[k] > WAYS[k]) return true;
        return false;
    }

    /** The ways up from {@code e} by the number of epoll files that they lead through. */
    private static int[] ways(EpollFile e) {
        if (isKnown(e)) return e.place.ways;
        int[] ways = e.place.ways;
        java.util.Arrays.fill(ways, 0);
        if (e.epollItems == null) ways[0] = 1;
        for (Item i = (Item) e.epollItems; i != null; i = i.nextHook) {
            int[] onwards = ways(i.owner());
            for (int k = 0; k < DEEPEST; k++) ways[k + 1] = Math.min(ways[k + 1] + onwards[k], WAYS[1] + 1);
        }
        return ways;
    }
}

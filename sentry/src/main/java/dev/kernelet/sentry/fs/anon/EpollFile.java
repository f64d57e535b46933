package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.wait.WaitQueue;
import dev.kernelet.sentry.wait.Waiter;
import java.util.HashMap;

/**
 * epoll(7): an interest list keyed by (descriptor, open file) and a ready list. Kernel lock.
 *
 * <p>A wake-up of a watched file puts its item on the ready list; {@link #collect} asks the file what is true
 * now.
 */
public final class EpollFile extends AnonFile {
    public static final int EPOLLET = 1 << 31, EPOLLONESHOT = 1 << 30, EPOLLWAKEUP = 1 << 29,
            EPOLLEXCLUSIVE = 1 << 28;
    private static final int MASK = ~(EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE);
    private static final int CTL_ADD = 1, CTL_DEL = 2, CTL_MOD = 3;

    private final WaitQueue queue = new WaitQueue();
    private Item[] buckets = new Item[16];
    private int count;
    private Item readyHead, readyTail;

    public EpollFile() { super(2); }

    /**
     * One descriptor that is watched. Lists are linked both ways: each may hold as many as there are
     * descriptors.
     */
    private final class Item extends Waiter implements ReleaseHook {
        final int fd;
        final OpenFile file;
        int interest;
        long data;
        boolean isReady;
        Item nextInBucket, nextReady, previousReady;
        /** The other hooks of the same file. */
        Item nextHook, previousHook;
        /**
         * The look at the nest that has counted the paths from this item's file; used of a file's first
         * hook.
         */
        int seen;

        Item(int fd, OpenFile file) {
            this.fd = fd;
            this.file = file;
        }

        EpollFile owner() { return EpollFile.this; }

        @Override
        protected boolean wake(int events) {
            // POLLFREE-like wake-ups carry everything; otherwise only what was asked for counts.
            if ((interest & MASK) == 0) return false;
            boolean wasEmpty = readyHead == null;
            addReady(this);
            if (wasEmpty || !queue.isEmpty()) queue.wake(POLLIN | POLLRDNORM);
            return true;
        }

        @Override
        public void released(OpenFile f) {
            for (Item i = this; i != null;) {
                Item following = i.nextHook;
                i.owner().remove(i);
                i = following;
            }
        }
    }

    // ---- epoll_ctl(2)
    public long control(Task t, int op, int fd, OpenFile file, int events, long data) {
        if (file.waitQueue() == null) return -EPERM;
        if (file == this) return -EINVAL;
        if ((events & EPOLLEXCLUSIVE) != 0 && op != CTL_DEL) {
            if (op == CTL_MOD || file instanceof EpollFile) return -EINVAL;
            int known = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
            if ((events & ~known) != 0) return -EINVAL;
        }
        Item item = find(fd, file);
        switch (op) {
            case CTL_ADD -> {
                if (item != null) return -EEXIST;
                if (file instanceof EpollFile inner && loopsOrIsTooDeep(this, inner)) return -ELOOP;
                return add(t, fd, file, events, data);
            }
            case CTL_DEL -> {
                if (item == null) return -ENOENT;
                remove(item);
                return 0;
            }
            case CTL_MOD -> {
                if (item == null) return -ENOENT;
                if (item.exclusive) return -EINVAL;
                item.interest = events | POLLERR | POLLHUP;
                item.events = item.interest & MASK;
                item.data = data;
                if ((file.poll(t) & item.interest & MASK) != 0) {
                    addReady(item);
                    queue.wake(POLLIN | POLLRDNORM);
                }
                return 0;
            }
            default -> { return -EINVAL; }
        }
    }

    private long add(Task t, int fd, OpenFile file, int events, long data) {
        var item = new Item(fd, file);
        item.interest = events | POLLERR | POLLHUP;
        item.events = item.interest & MASK;
        item.data = data;
        item.exclusive = (events & EPOLLEXCLUSIVE) != 0;
        if (count >= buckets.length) grow();
        int b = bucket(fd, file);
        item.nextInBucket = buckets[b];
        buckets[b] = item;
        count++;
        item.nextHook = (Item) file.epollItems;
        if (item.nextHook != null) item.nextHook.previousHook = item;
        file.epollItems = item;
        if ((epollItems != null || file instanceof EpollFile) && hasTooManyPaths(file)) {
            remove(item);
            return -EINVAL;
        }
        file.waitQueue().add(item);
        if ((file.poll(t) & item.interest & MASK) != 0) {
            addReady(item);
            queue.wake(POLLIN | POLLRDNORM);
        }
        return 0;
    }

    private void remove(Item item) {
        item.cancel();
        int b = bucket(item.fd, item.file);
        Item p = buckets[b];
        if (p == item) {
            buckets[b] = item.nextInBucket;
        } else {
            while (p != null && p.nextInBucket != item) p = p.nextInBucket;
            if (p == null) return;
            p.nextInBucket = item.nextInBucket;
        }
        count--;
        unhook(item);
        removeReady(item);
    }

    private static void unhook(Item item) {
        if (item.previousHook == null) item.file.epollItems = item.nextHook;
        else item.previousHook.nextHook = item.nextHook;
        if (item.nextHook != null) item.nextHook.previousHook = item.previousHook;
        item.nextHook = item.previousHook = null;
    }

    private int bucket(int fd, OpenFile file) {
        return (fd * 31 + System.identityHashCode(file)) * 0x9e3779b9 >>> 8 & buckets.length - 1;
    }

    private Item find(int fd, OpenFile file) {
        for (Item i = buckets[bucket(fd, file)]; i != null; i = i.nextInBucket) {
            if (i.fd == fd && i.file == file) return i;
        }
        return null;
    }

    /**
     * What is watched under the number {@code fd}, when {@code skip} others that are, too, are left out; or
     * null (kcmp(2)).
     */
    public OpenFile target(int fd, int skip) {
        for (Item b : buckets) {
            for (Item i = b; i != null; i = i.nextInBucket) if (i.fd == fd && skip-- == 0) return i.file;
        }
        return null;
    }

    private void grow() {
        Item[] old = buckets;
        buckets = new Item[old.length * 4];
        for (Item i : old) {
            while (i != null) {
                Item next = i.nextInBucket;
                int b = bucket(i.fd, i.file);
                i.nextInBucket = buckets[b];
                buckets[b] = i;
                i = next;
            }
        }
    }

    // ---- nests: epoll files that watch epoll files. No circles, no more than so deep, and no more than so many
    // ways from a file up to those whom it wakes, or one wake-up would never end. Each epoll file is looked at
    // once for each question, however many ways lead to it.
    /** EP_MAX_NESTS. */
    private static final int DEEPEST = 4;
    /**
     * Ways through so many epoll files that watch each other (path_limits of fs/eventpoll.c); of those
     * through none, any.
     */
    private static final int[] WAYS = {Integer.MAX_VALUE, 500, 100, 50, 10};

    /** The question that is being answered: what has another number is not known yet. */
    private static int round;
    /** What the last question has found out about this one. */
    private int known, depth;
    private int[] ways;

    private static boolean isKnown(EpollFile e) {
        if (e.known == round) return true;
        e.known = round;
        return false;
    }

    /** Whether {@code outer} may not watch {@code inner}: ELOOP. */
    private static boolean loopsOrIsTooDeep(EpollFile outer, EpollFile inner) {
        round++;
        int below = depth(inner, outer);
        if (below < 0) return true;
        round++;
        return height(outer) + 1 + below > DEEPEST;
    }

    /** How many lie below one another from {@code e} on; -1: {@code target} is among them. */
    private static int depth(EpollFile e, EpollFile target) {
        if (e == target) return -1;
        if (isKnown(e)) return e.depth;
        int deepest = 0;
        for (Item b : e.buckets) {
            for (Item i = b; i != null; i = i.nextInBucket) {
                if (!(i.file instanceof EpollFile inner)) continue;
                int d = depth(inner, target);
                if (d < 0) return -1;
                deepest = Math.max(deepest, 1 + d);
            }
        }
        e.depth = deepest;
        return deepest;
    }

    /** How many lie above one another from {@code e} on, each watching the one before. */
    private static int height(EpollFile e) {
        if (isKnown(e)) return e.depth;
        int highest = 0;
        for (Item i = (Item) e.epollItems; i != null; i = i.nextHook) {
            highest = Math.max(highest, 1 + height(i.owner()));
        }
        e.depth = highest;
        return highest;
    }

    /**
     * Whether too many ways lead up from {@code file}, which has just been added, or from what it watches:
     * EINVAL.
     */
    private static boolean hasTooManyPaths(OpenFile file) {
        int upwards = ++round;
        if (!(file instanceof EpollFile e)) return isBeyond(file, upwards);
        // The marks of the way down must not be those of the ways up.
        return isAnyBeyond(e, upwards, new HashMap<>());
    }

    private static boolean isAnyBeyond(EpollFile e, int upwards,
            HashMap<EpollFile, EpollFile> visited) {
        if (visited.put(e, e) != null) return false;
        for (Item b : e.buckets) {
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
        if (isKnown(e)) return e.ways;
        var ways = new int[DEEPEST + 1];
        e.ways = ways;
        if (e.epollItems == null) ways[0] = 1;
        for (Item i = (Item) e.epollItems; i != null; i = i.nextHook) {
            int[] onwards = ways(i.owner());
            for (int k = 0; k < DEEPEST; k++) ways[k + 1] = Math.min(ways[k + 1] + onwards[k], WAYS[1] + 1);
        }
        return ways;
    }

    /** How many files it watches. */
    public int count() { return count; }

    // ---- the ready list
    private void addReady(Item item) {
        if (item.isReady) return;
        item.isReady = true;
        item.nextReady = null;
        item.previousReady = readyTail;
        if (readyTail == null) readyHead = item; else readyTail.nextReady = item;
        readyTail = item;
    }

    private void removeReady(Item item) {
        if (!item.isReady) return;
        Item before = item.previousReady, after = item.nextReady;
        if (before == null) readyHead = after; else before.nextReady = after;
        if (after == null) readyTail = before; else after.previousReady = before;
        item.isReady = false;
        item.nextReady = item.previousReady = null;
    }

    /** Writes up to {@code max} struct epoll_event (packed, 12 bytes) to {@code to}: how many. */
    public int collect(Task t, long to, int max) {
        int n = 0;
        Item end = readyTail;
        Item i = readyHead;
        if (i == null) return 0;
        boolean last = false;
        while (!last && n < max && (i = readyHead) != null) {
            last = i == end;
            removeReady(i);
            int events = i.file.poll(t) & i.interest & MASK;
            if (events == 0) continue;
            long p = to + 12L * n++;
            Memory.putInt(p, events);
            Memory.putLong(p + 4, i.data);
            if ((i.interest & EPOLLONESHOT) != 0) {
                i.interest &= ~MASK;
                i.events = 0;
            } else if ((i.interest & EPOLLET) == 0) {
                // Level-triggered: stays ready until a look finds nothing.
                addReady(i);
            }
        }
        return n;
    }

    /** Whether a wait would return something, without taking it. */
    private boolean hasEvents(Task t) {
        Item i = readyHead;
        while (i != null) {
            Item next = i.nextReady;
            if ((i.file.poll(t) & i.interest & MASK) != 0) return true;
            removeReady(i);
            i = next;
        }
        return false;
    }

    @Override
    protected void release(Task t) {
        for (int b = 0; b < buckets.length; b++) {
            while (buckets[b] != null) remove(buckets[b]);
        }
        queue.wakeAll(POLLHUP);
    }

    @Override
    public long read(Task t, long address, long length) { return -EINVAL; }

    @Override
    public long write(Task t, long address, long length) { return -EINVAL; }

    @Override
    public int poll(Task t) { return hasEvents(t) ? POLLIN | POLLRDNORM : 0; }

    @Override
    public WaitQueue waitQueue() { return queue; }

    @Override
    public String fdinfo(Task t) {
        var out = new StringBuilder();
        for (Item b : buckets) {
            for (Item i = b; i != null; i = i.nextInBucket) {
                out.append("tfd: ").append(AnonInode.pad(Integer.toString(i.fd), 8))
                        .append(" events: ").append(AnonInode.pad(Integer.toHexString(i.interest), 8))
                        .append(" data: ").append(AnonInode.pad(Long.toHexString(i.data), 16))
                        .append("  pos:").append(i.file.offset).append(" ino:")
                        .append(Long.toHexString(i.file.inode == null ? 0 : i.file.inode.ino))
                        .append(" sdev:")
                        .append(i.file.inode == null ? "0" : Long.toHexString(i.file.inode.fs.device))
                        .append('\n');
            }
        }
        return out.toString();
    }

    @Override
    public long ioctl(Task t, int request, long argument) { return -EINVAL; }

    @Override
    public String describe() { return "anon_inode:[eventpoll]"; }
}

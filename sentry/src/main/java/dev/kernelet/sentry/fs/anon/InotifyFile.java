package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.ArrayList;
import java.util.TreeMap;

/** An inotify instance (inotify(7)). Kernel lock. */
public final class InotifyFile extends AnonFile {
    public static final int IN_ALL_EVENTS = 0xfff, IN_UNMOUNT = 0x2000, IN_Q_OVERFLOW = 0x4000,
            IN_IGNORED = 0x8000, IN_ONLYDIR = 0x1000000, IN_DONT_FOLLOW = 0x2000000,
            IN_EXCL_UNLINK = 0x4000000, IN_MASK_CREATE = 0x10000000, IN_MASK_ADD = 0x20000000,
            IN_ONESHOT = 0x80000000;
    private static final int FIONREAD = 0x541b;

    private static final class Watch {
        final InotifyFile file;
        final int wd;
        final Inode inode;
        int mask;

        Watch(InotifyFile file, int wd, Inode inode, int mask) {
            this.file = file;
            this.wd = wd;
            this.inode = inode;
            this.mask = mask;
        }
    }

    private static final class Event {
        final int wd, mask, cookie;
        final String name;
        Event next;

        Event(int wd, int mask, int cookie, String name) {
            this.wd = wd;
            this.mask = mask;
            this.cookie = cookie;
            this.name = name;
        }

        /**
         * struct inotify_event: wd, mask, cookie, len (4 each), and the name with NULs up to a multiple of
         * 16.
         */
        int size() { return 16 + (name == null ? 0 : name.length() + 16 & ~15); }

        /** Whatever the cookie (event_compare in inotify_fsnotify.c). */
        boolean same(Event o) {
            return wd == o.wd && mask == o.mask && mask != IN_IGNORED
                    && (name == null ? o.name == null : name.equals(o.name));
        }
    }

    /** What {@link Inode#watches} holds. */
    private static final class OfInode implements Notify.Watches {
        final ArrayList<Watch> list = new ArrayList<>(2);

        @Override
        public void event(Inode watched, int mask, int cookie, String name) {
            boolean isGone = (mask & Notify.IN_DELETE_SELF) != 0 && name == null;
            for (int i = list.size() - 1; i >= 0; i--) {
                Watch w = list.get(i);
                if ((w.mask & mask & IN_ALL_EVENTS) != 0 && !isExcluded(w, mask, name)) {
                    w.file.queue(new Event(w.wd, mask & (IN_ALL_EVENTS | Notify.IN_ISDIR), cookie, name));
                    if ((w.mask & IN_ONESHOT) != 0) {
                        w.file.remove(w, true);
                        continue;
                    }
                }
                if (isGone) w.file.remove(w, true);
            }
        }

        private static boolean isExcluded(Watch w, int mask, String name) {
            return (mask & Notify.UNLINKED) != 0 && name != null && (w.mask & IN_EXCL_UNLINK) != 0;
        }
    }

    private final InotifyLimits limits;
    private final InotifyLimits.User user;
    private final int maxEvents;
    /** Tree and list give back at once what is no longer there: an array would keep its greatest length. */
    private final TreeMap<Integer, Watch> watches = new TreeMap<>();
    private Event first, last;
    private int events, bytes;
    /** IN_Q_OVERFLOW is in the queue, once. */
    private boolean isOverflown;
    private final WaitQueue queue = new WaitQueue();
    private int lastWd;

    private InotifyFile(int flags, InotifyLimits limits, InotifyLimits.User user) {
        super(flags & 0x800);
        this.limits = limits;
        this.user = user;
        maxEvents = limits.get("max_queued_events");
    }

    /** null: EMFILE. */
    public static InotifyFile make(Task t, int flags) {
        InotifyLimits limits = InotifyLimits.of(t.kernel);
        InotifyLimits.User user = limits.instance(t.cred.euid);
        return user == null ? null : new InotifyFile(flags, limits, user);
    }

    // ---- watches
    /** inotify_add_watch(2): the watch descriptor or -errno. */
    public long add(Inode n, int mask) {
        int kept = mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT);
        var of = (OfInode) n.watches;
        if (of != null) {
            for (Watch w : of.list) {
                if (w.file != this) continue;
                if ((mask & IN_MASK_CREATE) != 0) return -EEXIST;
                w.mask = (mask & IN_MASK_ADD) != 0 ? w.mask | kept : kept;
                return w.wd;
            }
        }
        if (!limits.watch(user)) return -ENOSPC;
        if (of == null) n.watches = of = new OfInode();
        do if (++lastWd < 0) lastWd = 1; while (watches.containsKey(lastWd));
        var w = new Watch(this, lastWd, n, kept);
        of.list.add(w);
        watches.put(w.wd, w);
        Notify.active++;
        return w.wd;
    }

    /** inotify_rm_watch(2). */
    public long remove(int wd) {
        Watch w = watches.get(wd);
        if (w == null) return -EINVAL;
        remove(w, true);
        return 0;
    }

    private void remove(Watch w, boolean tells) {
        watches.remove(w.wd);
        limits.watchGone(user);
        var of = (OfInode) w.inode.watches;
        of.list.remove(w);
        if (of.list.isEmpty()) w.inode.watches = null;
        Notify.active--;
        if (tells) queue(new Event(w.wd, IN_IGNORED, 0, null));
    }

    /** As fsnotify_insert_event: first a full queue; then of equal events in a row only the first is kept. */
    private void queue(Event e) {
        boolean isFull = events >= maxEvents;
        if (!isFull && last != null && last.same(e)) return;
        if (isFull || !limits.event(e.name)) {
            if (isOverflown) return;
            isOverflown = true;
            e = new Event(-1, IN_Q_OVERFLOW, 0, null);
        }
        if (last == null) first = e; else last.next = e;
        last = e;
        events++;
        bytes += e.size();
        queue.wake(POLLIN | POLLRDNORM);
    }

    private void dropFirst() {
        Event e = first;
        first = e.next;
        if (first == null) last = null;
        events--;
        bytes -= e.size();
        if (e.mask == IN_Q_OVERFLOW) isOverflown = false; else limits.eventGone(e.name);
    }

    @Override
    protected void release(Task t) {
        for (Watch w : new ArrayList<>(watches.values())) remove(w, false);
        while (first != null) dropFirst();
        limits.instanceGone(user);
    }

    // ---- reading
    @Override
    public long read(Task t, long address, long length) {
        long used = 0;
        for (Event e; (e = first) != null; dropFirst()) {
            int size = e.size();
            if (size > length - used) {
                if (used == 0) return -EINVAL;
                break;
            }
            long p = address + used;
            Memory.putInt(p, e.wd);
            Memory.putInt(p + 4, e.mask);
            Memory.putInt(p + 8, e.cookie);
            Memory.putInt(p + 12, size - 16);
            if (size > 16) {
                Memory.zero(p + 16, size - 16);
                Memory.putBytes(p + 16, e.name);
            }
            used += size;
        }
        return used == 0 ? -EAGAIN : used;
    }

    @Override
    public long write(Task t, long address, long length) { return -EBADF; }

    /** It has no read_iter in Linux. */
    @Override
    public int rwFlags(boolean writes) { return RWF_HIPRI; }

    @Override
    public boolean isPacketLike() { return true; }

    @Override
    public int poll(Task t) { return first == null ? 0 : POLLIN | POLLRDNORM; }

    @Override
    public WaitQueue waitQueue() { return queue; }

    @Override
    public long ioctl(Task t, int request, long argument) {
        if (request != FIONREAD) return -ENOTTY;
        return t.mem.outInt(argument, bytes);
    }

    @Override
    public String fdinfo(Task t) {
        var s = new StringBuilder();
        for (Watch w : watches.values()) {
            s.append("inotify wd:").append(Integer.toHexString(w.wd)).append(" ino:")
                    .append(Long.toHexString(w.inode.ino));
            s.append(" sdev:").append(Long.toHexString(w.inode.fs.device)).append(" mask:");
            s.append(Integer.toHexString(w.mask)).append(" ignored_mask:0\n");
        }
        return s.toString();
    }

    @Override
    public String describe() { return "anon_inode:inotify"; }
}

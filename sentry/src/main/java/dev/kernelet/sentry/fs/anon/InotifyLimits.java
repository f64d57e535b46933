package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.kernel.Kernel;
import java.util.HashMap;
import java.util.Map;

/**
 * How much of inotify(7) each user may have, and all together: /proc/sys/fs/inotify. Counted for the
 * effective user id an instance was made with (inotify_new_group in fs/notify/inotify/inotify_user.c; the man page says
 * real). Kernel lock.
 */
public final class InotifyLimits {
    /** Names beneath /proc/sys. */
    public static final String DIRECTORY = "fs/inotify/";
    /** Bytes of the heap a watch takes, and an event without its name. */
    private static final int WATCH_BYTES = 256, EVENT_BYTES = 64;
    /** Events not yet read take so much of the heap, all together; what comes then is an overflow. */
    private static final long EVENTS_MAX_BYTES = Runtime.getRuntime().maxMemory() / 16;

    /** Of one user, while he has any. */
    static final class User {
        private final int uid;
        private int instances, watches;

        private User(int uid) { this.uid = uid; }
    }

    private final HashMap<Integer, User> users = new HashMap<>();
    private int maxQueuedEvents = 16384, maxUserInstances = 128;
    /** As Linux, by the memory there is: here a twentieth of the heap for one user's. */
    private int maxUserWatches =
            (int) Math.min(1 << 20, Math.max(8192, Runtime.getRuntime().maxMemory() / 20 / WATCH_BYTES));
    private long eventBytes;

    private InotifyLimits(Map<String, String> given) {
        if (given == null) return;
        for (Map.Entry<String, String> e : given.entrySet()) {
            String name = e.getKey();
            if (name.startsWith(DIRECTORY)) set(name.substring(DIRECTORY.length()), e.getValue().trim());
        }
    }

    public static InotifyLimits of(Kernel k) {
        if (k.root.inotify == null) k.root.inotify = new InotifyLimits(k.options.sysctl);
        return (InotifyLimits) k.root.inotify;
    }

    // ---- /proc/sys/fs/inotify
    public int get(String name) {
        return switch (name) {
            case "max_queued_events" -> maxQueuedEvents;
            case "max_user_instances" -> maxUserInstances;
            default -> maxUserWatches;
        };
    }

    /** 0 or -errno. What is there stays, as in Linux; queues keep the length they were made with. */
    public long set(String name, String text) {
        int v = number(text);
        if (v < 0) return -EINVAL;
        switch (name) {
            case "max_queued_events" -> maxQueuedEvents = v;
            case "max_user_instances" -> maxUserInstances = v;
            case "max_user_watches" -> maxUserWatches = v;
            default -> { return -EINVAL; }
        }
        return 0;
    }

    /** 0 to 2^31-1 in decimal digits, else -1. */
    private static int number(String text) {
        if (text.isEmpty() || text.length() > 10) return -1;
        long v = 0;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') return -1;
            v = v * 10 + text.charAt(i) - '0';
        }
        return v > Integer.MAX_VALUE ? -1 : (int) v;
    }

    // ---- counts
    /** One more instance of this user's, or null when he may have no more. */
    User instance(int uid) {
        User u = users.get(uid);
        if ((u == null ? 0 : u.instances) >= maxUserInstances) return null;
        if (u == null) users.put(uid, u = new User(uid));
        u.instances++;
        return u;
    }

    /** Gives an instance back; its watches have been. */
    void instanceGone(User u) {
        if (--u.instances == 0) users.remove(u.uid);
    }

    boolean watch(User u) {
        if (u.watches >= maxUserWatches) return false;
        u.watches++;
        return true;
    }

    void watchGone(User u) { u.watches--; }

    private static int bytes(String name) {
        return name == null ? EVENT_BYTES : EVENT_BYTES + 56 + name.length();
    }

    /** Room for one more event: no more of it when the heap is short, as when Linux cannot allocate it. */
    boolean event(String name) {
        if (HeapBudget.isScarce() || eventBytes >= EVENTS_MAX_BYTES) return false;
        eventBytes += bytes(name);
        return true;
    }

    void eventGone(String name) { eventBytes -= bytes(name); }
}

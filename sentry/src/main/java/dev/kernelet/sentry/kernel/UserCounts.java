package dev.kernelet.sentry.kernel;

import java.util.Arrays;

/**
 * What each real user id has in use: tasks (RLIMIT_NPROC), queued signals (RLIMIT_SIGPENDING) and files under
 * way in sockets (unix(7)). Kernel lock.
 */
public final class UserCounts {
    private int[] uids = new int[8];
    private int[] tasks = new int[8];
    private int[] signals = new int[8];
    private int[] files = new int[8];
    private int count;

    private int index(int uid) {
        for (int i = 0; i < count; i++) if (uids[i] == uid) return i;
        for (int i = 0; i < count; i++) {
            if (tasks[i] != 0 || signals[i] != 0 || files[i] != 0) continue;
            uids[i] = uid;
            return i;
        }
        if (count == uids.length) {
            uids = Arrays.copyOf(uids, count * 2);
            tasks = Arrays.copyOf(tasks, count * 2);
            signals = Arrays.copyOf(signals, count * 2);
            files = Arrays.copyOf(files, count * 2);
        }
        uids[count] = uid;
        return count++;
    }

    /** Adds to the number of tasks and returns it. */
    int tasks(int uid, int change) { return tasks[index(uid)] += change; }

    int pendingSignals(int uid, int change) { return signals[index(uid)] += change; }

    /** Adds to the number of files under way and returns it. */
    public int filesUnderWay(int uid, int change) { return files[index(uid)] += change; }
}

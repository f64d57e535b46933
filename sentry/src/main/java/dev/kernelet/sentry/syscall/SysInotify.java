package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** inotify(7). */
final class SysInotify {
    private SysInotify() {}

    /** inotify_init(2). */
    static long inotify_init(Task t) {
        return -ENOSYS;
    }

    /** inotify_init1(2). */
    static long inotify_init1(Task t, int a0) {
        return -ENOSYS;
    }

    /** inotify_add_watch(2). */
    static long inotify_add_watch(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** inotify_rm_watch(2). */
    static long inotify_rm_watch(Task t, int a0, int a1) {
        return -ENOSYS;
    }
}

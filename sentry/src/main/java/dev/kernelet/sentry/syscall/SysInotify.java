package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.sentry.fs.anon.InotifyFile.*;

import dev.kernelet.sentry.fs.anon.InotifyFile;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.PathWalk;

/** inotify(7). */
final class SysInotify {
    private SysInotify() {}

    /** inotify_init(2). */
    static long inotify_init(Task t) { return inotify_init1(t, 0); }

    /** inotify_init1(2). */
    static long inotify_init1(Task t, int flags) {
        if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) return -EINVAL;
        InotifyFile f = InotifyFile.make(t, flags);
        return f == null ? -EMFILE : t.fds.install(t, f, (flags & O_CLOEXEC) != 0);
    }

    /** inotify_add_watch(2). */
    static long inotify_add_watch(Task t, int fd, long path, int mask) {
        int known = IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK
                | IN_MASK_CREATE | IN_MASK_ADD | 0x40000000 | IN_ONESHOT;
        if ((mask & known) == 0) return -EINVAL;
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        if ((mask & IN_MASK_ADD) != 0 && (mask & IN_MASK_CREATE) != 0) return -EINVAL;
        if (!(f instanceof InotifyFile i)) return -EINVAL;
        long r = t.mem.path(path);
        if (r < 0) return r;
        int how = ((mask & IN_DONT_FOLLOW) == 0 ? PathWalk.FOLLOW : 0) | ((mask & IN_ONLYDIR) != 0 ? PathWalk.DIRECTORY : 0);
        r = t.walk.at(AT_FDCWD, how);
        if (r < 0) return r;
        r = Access.check(t.cred, t.walk.inode, Access.READ);
        return r < 0 ? r : i.add(t.walk.inode, mask);
    }

    /** inotify_rm_watch(2). */
    static long inotify_rm_watch(Task t, int fd, int wd) {
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        return f instanceof InotifyFile i ? i.remove(wd) : -EINVAL;
    }
}

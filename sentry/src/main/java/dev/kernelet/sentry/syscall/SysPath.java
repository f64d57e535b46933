package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family path. */
final class SysPath {
    private SysPath() {}

    /** open(2). */
    static long open(Task t, long a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** openat(2). */
    static long openat(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** openat2(2). */
    static long openat2(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** creat(2). */
    static long creat(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** stat(2). */
    static long stat(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** lstat(2). */
    static long lstat(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** newfstatat(2). */
    static long newfstatat(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** statx(2). */
    static long statx(Task t, int a0, long a1, int a2, int a3, long a4) {
        return -ENOSYS;
    }

    /** access(2). */
    static long access(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** faccessat(2). */
    static long faccessat(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** faccessat2(2). */
    static long faccessat2(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** mkdir(2). */
    static long mkdir(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** mkdirat(2). */
    static long mkdirat(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** mknod(2). */
    static long mknod(Task t, long a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** mknodat(2). */
    static long mknodat(Task t, int a0, long a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** rmdir(2). */
    static long rmdir(Task t, long a0) {
        return -ENOSYS;
    }

    /** unlink(2). */
    static long unlink(Task t, long a0) {
        return -ENOSYS;
    }

    /** unlinkat(2). */
    static long unlinkat(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** rename(2). */
    static long rename(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** renameat(2). */
    static long renameat(Task t, int a0, long a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** renameat2(2). */
    static long renameat2(Task t, int a0, long a1, int a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** link(2). */
    static long link(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** linkat(2). */
    static long linkat(Task t, int a0, long a1, int a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** symlink(2). */
    static long symlink(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** symlinkat(2). */
    static long symlinkat(Task t, long a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** readlink(2). */
    static long readlink(Task t, long a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** readlinkat(2). */
    static long readlinkat(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** chmod(2). */
    static long chmod(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** fchmodat(2). */
    static long fchmodat(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** fchmodat2(2). */
    static long fchmodat2(Task t, int a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** chown(2). */
    static long chown(Task t, long a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** lchown(2). */
    static long lchown(Task t, long a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** fchownat(2). */
    static long fchownat(Task t, int a0, long a1, int a2, int a3, int a4) {
        return -ENOSYS;
    }

    /** truncate(2). */
    static long truncate(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** utime(2). */
    static long utime(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** utimes(2). */
    static long utimes(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** futimesat(2). */
    static long futimesat(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** utimensat(2). */
    static long utimensat(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** chdir(2). */
    static long chdir(Task t, long a0) {
        return -ENOSYS;
    }

    /** chroot(2). */
    static long chroot(Task t, long a0) {
        return -ENOSYS;
    }

    /** getcwd(2). */
    static long getcwd(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** umask(2). */
    static long umask(Task t, int a0) {
        return -ENOSYS;
    }

    /** statfs(2). */
    static long statfs(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** mount(2). */
    static long mount(Task t, long a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** umount2(2). */
    static long umount2(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** pivot_root(2). */
    static long pivot_root(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** setxattr(2). */
    static long setxattr(Task t, long a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** lsetxattr(2). */
    static long lsetxattr(Task t, long a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** fsetxattr(2). */
    static long fsetxattr(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** getxattr(2). */
    static long getxattr(Task t, long a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** lgetxattr(2). */
    static long lgetxattr(Task t, long a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** fgetxattr(2). */
    static long fgetxattr(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** listxattr(2). */
    static long listxattr(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** llistxattr(2). */
    static long llistxattr(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** flistxattr(2). */
    static long flistxattr(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** removexattr(2). */
    static long removexattr(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** lremovexattr(2). */
    static long lremovexattr(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** fremovexattr(2). */
    static long fremovexattr(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** setxattrat(2). */
    static long setxattrat(Task t, int a0, long a1, int a2, int a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** getxattrat(2). */
    static long getxattrat(Task t, int a0, long a1, int a2, int a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** listxattrat(2). */
    static long listxattrat(Task t, int a0, long a1, int a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** removexattrat(2). */
    static long removexattrat(Task t, int a0, long a1, int a2, long a3) {
        return -ENOSYS;
    }

    /** name_to_handle_at(2). */
    static long name_to_handle_at(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** open_by_handle_at(2). */
    static long open_by_handle_at(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

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

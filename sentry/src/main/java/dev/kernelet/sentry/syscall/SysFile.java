package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** System calls: family file. */
final class SysFile {
    private SysFile() {}

    /** read(2). */
    static long read(Task t, int fd, long buffer, long count) {
        return -ENOSYS;
    }

    /** write(2). */
    static long write(Task t, int fd, long buffer, long count) {
        return -ENOSYS;
    }

    /** readv(2). */
    static long readv(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** writev(2). */
    static long writev(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** pread64(2). */
    static long pread64(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** pwrite64(2). */
    static long pwrite64(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** preadv(2). */
    static long preadv(Task t, int a0, long a1, int a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** pwritev(2). */
    static long pwritev(Task t, int a0, long a1, int a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** preadv2(2). */
    static long preadv2(Task t, int a0, long a1, long a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** pwritev2(2). */
    static long pwritev2(Task t, int a0, long a1, long a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** lseek(2). */
    static long lseek(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** close(2). */
    static long close(Task t, int a0) {
        return -ENOSYS;
    }

    /** close_range(2). */
    static long close_range(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** dup(2). */
    static long dup(Task t, int a0) {
        return -ENOSYS;
    }

    /** dup2(2). */
    static long dup2(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** dup3(2). */
    static long dup3(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** fcntl(2). */
    static long fcntl(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** ioctl(2). */
    static long ioctl(Task t, int a0, int a1, long a2) {
        return -ENOSYS;
    }

    /** flock(2). */
    static long flock(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** fsync(2). */
    static long fsync(Task t, int a0) {
        return -ENOSYS;
    }

    /** fdatasync(2). */
    static long fdatasync(Task t, int a0) {
        return -ENOSYS;
    }

    /** sync(2). */
    static long sync(Task t) {
        return -ENOSYS;
    }

    /** syncfs(2). */
    static long syncfs(Task t, int a0) {
        return -ENOSYS;
    }

    /** sync_file_range(2). */
    static long sync_file_range(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** ftruncate(2). */
    static long ftruncate(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** fallocate(2). */
    static long fallocate(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** fadvise64(2). */
    static long fadvise64(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** readahead(2). */
    static long readahead(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** sendfile(2). */
    static long sendfile(Task t, int a0, int a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** copy_file_range(2). */
    static long copy_file_range(Task t, int a0, long a1, int a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** splice(2). */
    static long splice(Task t, int a0, long a1, int a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** tee(2). */
    static long tee(Task t, int a0, int a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** vmsplice(2). */
    static long vmsplice(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }

    /** getdents(2). */
    static long getdents(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** getdents64(2). */
    static long getdents64(Task t, int a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** fstat(2). */
    static long fstat(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** fstatfs(2). */
    static long fstatfs(Task t, int a0, long a1) {
        return -ENOSYS;
    }

    /** fchmod(2). */
    static long fchmod(Task t, int a0, int a1) {
        return -ENOSYS;
    }

    /** fchown(2). */
    static long fchown(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }

    /** fchdir(2). */
    static long fchdir(Task t, int a0) {
        return -ENOSYS;
    }

    /** cachestat(2). */
    static long cachestat(Task t, int a0, long a1, long a2, int a3) {
        return -ENOSYS;
    }
}

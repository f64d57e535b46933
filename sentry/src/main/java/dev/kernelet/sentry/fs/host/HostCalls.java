package dev.kernelet.sentry.fs.host;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.Outside;

/**
 * Host calls on names and descriptors with the native memory they need: one per filesystem, used under the kernel lock only
 * (never inside a slow section).
 */
final class HostCalls {
    /** STATX_BASIC_STATS | STATX_BTIME. */
    private static final int STATX_MASK = 0xfff;
    static final int DIRENTS = 32 << 10;
    private static final int OVERFLOW_ID = 65534;

    /** Room for two names, or a name and a path behind it at {@link #PATH_AT}. */
    private final long nameA = Memory.allocate(310 + 4160);
    private static final int PATH_AT = 310;
    /** struct statx of the last {@link #statx}. */
    final long statx = Memory.allocate(256);
    private final long words = Memory.allocate(64);
    private long dirents;
    /** Effective user and group of this process; they do not change, and cannot be asked for for ever. */
    static final int[] own = {(int) HostCall.call(GETEUID), (int) HostCall.call(GETEGID)};

    /** The name with its NUL at {@code at}; -ENAMETOOLONG is the host's to say, so longer ones are cut to a name it refuses. */
    private static long name(long at, String s, int max) {
        int n = Math.min(s.length(), max);
        for (int i = 0; i < n; i++) Memory.putByte(at + i, (byte) s.charAt(i));
        Memory.putByte(at + n, (byte) 0);
        return at;
    }

    /** openat2(2) of one component, a final symbolic link not followed: it cannot leave {@code dir}. */
    int open(int dir, String name, int flags, int mode) {
        return openHow(dir, name(nameA, name, 300), flags | O_NOFOLLOW, mode);
    }

    int openSelf(int dir, int flags, int mode) {
        Memory.putShort(nameA, (short) '.');
        return openHow(dir, nameA, flags, mode);
    }

    /** openat2(2): openat refuses nothing, and the Sentry's own filter has no other call that opens. */
    private int openHow(int dir, long path, int flags, int mode) {
        long how = words;
        boolean isPath = (flags & O_PATH) != 0;
        int kept = isPath ? flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW) : flags & VALID_OPEN_FLAGS | O_NOCTTY;
        Memory.putLong(how, kept | O_CLOEXEC);
        Memory.putLong(how + 8, mode);
        Memory.putLong(how + 16, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        return (int) Outside.file(OPENAT2, dir, path, how, OPEN_HOW_SIZE, 0);
    }

    long statx(int dir, String name) {
        name(nameA, name, 300);
        long r = Outside.file(STATX, dir, nameA, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MASK, statx);
        if (r == 0 && Outside.knowsOwners()) owners(dir);
        return r;
    }

    long statx(int fd) {
        Memory.putByte(nameA, (byte) 0);
        long r = Outside.file(STATX, fd, nameA, AT_EMPTY_PATH, STATX_MASK, statx);
        if (r == 0 && Outside.knowsOwners()) owners(fd);
        return r;
    }

    /**
     * In a user namespace with one id of each kind any other looks like the overflow id, which may be ours,
     * too.
     */
    private void owners(int dir) {
        boolean isOurs = Memory.getInt(statx + 20) == own[0] && Memory.getInt(statx + 24) == own[1];
        if (isOurs && own[0] != OVERFLOW_ID && own[1] != OVERFLOW_ID) return;
        Outside.owners(dir, nameA, statx);
    }

    int statxMode() { return Memory.getUnsignedShort(statx + 28); }

    long statxIno() { return Memory.getLong(statx + 32); }

    /** The host's device number, major and minor in one word. */
    long statxDev() { return Memory.getUnsignedInt(statx + 136) << 32 | Memory.getUnsignedInt(statx + 140); }

    long statxRdev() {
        long major = Memory.getUnsignedInt(statx + 128), minor = Memory.getUnsignedInt(statx + 132);
        return minor & 0xff | (major & 0xfff) << 8 | (minor & ~0xffL) << 12 | (major & ~0xfffL) << 32;
    }

    long statxTime(int offset) {
        return Memory.getLong(statx + offset) * 1_000_000_000L + Memory.getInt(statx + offset + 8);
    }

    long mkdir(int dir, String name, int mode) { return Outside.file(MKDIRAT, dir, name(nameA, name, 300),
            mode, 0, 0); }

    long mknod(int dir, String name, int mode, long rdev) {
        return Outside.file(MKNODAT, dir, name(nameA, name, 300), mode, rdev, 0);
    }

    long bind(int socket, int dir, String name, int mode) {
        return Outside.bind(socket, dir, name(nameA, name, 300), mode & 0777);
    }

    long unlink(int dir, String name, int flags) { return Outside.file(UNLINKAT, dir, name(nameA, name, 300),
            flags, 0, 0); }

    long symlink(int dir, String name, String target) {
        if (target.length() > 4095) return -ENAMETOOLONG;
        name(nameA + PATH_AT, target, 4095);
        return Outside.file(SYMLINKAT, nameA + PATH_AT, dir, name(nameA, name, 300), 0, 0);
    }

    long link(int fromDir, String from, int dir, String name) {
        long a = name(nameA, from, 300);
        return Outside.file(LINKAT, fromDir, a, dir, name(nameA + PATH_AT, name, 300), 0);
    }

    /** linkat(2) of an open file (needs CAP_DAC_READ_SEARCH); for O_TMPFILE. */
    long linkFd(int fd, int dir, String name) {
        Memory.putByte(nameA, (byte) 0);
        return Outside.file(LINKAT, fd, nameA, dir, name(nameA + PATH_AT, name, 300), AT_EMPTY_PATH);
    }

    long rename(int fromDir, String from, int dir, String name, int flags) {
        long a = name(nameA, from, 300);
        return Outside.file(RENAMEAT2, fromDir, a, dir, name(nameA + PATH_AT, name, 300), flags);
    }

    String readlink(int dir, String name, int[] error) {
        long n = Outside.file(READLINKAT, dir, name(nameA, name, 300), nameA + PATH_AT, 4096, 0);
        if (n < 0) {
            error[0] = (int) n;
            return null;
        }
        return Memory.getBytes(nameA + PATH_AT, (int) n);
    }

    long chown(int dir, String name, int uid, int gid) {
        name(nameA, name, 300);
        if (!Outside.knowsOwners()) return Outside.file(FCHOWNAT, dir, nameA, uid, gid, AT_SYMLINK_NOFOLLOW);
        synchronized (Outside.class) { // a group of the caller's has no number here
            Outside.name(Outside.NAME_A, nameA);
            return Outside.call(FCHOWNAT, dir, Outside.NAME_A, uid, gid, 0);
        }
    }

    long chown(int fd, int uid, int gid) {
        if (!Outside.knowsOwners() && !Outside.servesFiles()) return HostCall.call(FCHOWN, fd, uid, gid);
        synchronized (Outside.class) {
            Memory.putByte(Outside.data(Outside.NAME_A), (byte) 0);
            return Outside.call(FCHOWNAT, fd, Outside.NAME_A, uid, gid, AT_EMPTY_PATH);
        }
    }

    long chmod(int dir, String name, int mode) {
        return Outside.file(FCHMODAT2, dir, name(nameA, name, 300), mode, AT_SYMLINK_NOFOLLOW, 0);
    }

    long chmod(int fd, int mode) {
        if (!Outside.servesFiles()) return HostCall.call(FCHMOD, fd, mode);
        Memory.putByte(nameA, (byte) 0);
        long r = Outside.file(FCHMODAT2, fd, nameA, mode, AT_EMPTY_PATH, 0);
        return r == -ENOSYS ? HostCall.call(FCHMOD, fd, mode) : r; // before Linux 6.6
    }

    long utimens(int dir, String name, long atime, long mtime) {
        timespec(words, atime);
        timespec(words + 16, mtime);
        long path = name == null ? 0 : name(nameA, name, 300);
        return Outside.file(UTIMENSAT, dir, path, words, name == null ? 0 : AT_SYMLINK_NOFOLLOW, 0);
    }

    private static void timespec(long at, long nanos) {
        Memory.putLong(at, Math.floorDiv(nanos, 1_000_000_000L));
        Memory.putLong(at + 8, nanos == Long.MIN_VALUE ? (1L << 30) - 2 : Math.floorMod(nanos, 1_000_000_000L)); // UTIME_OMIT
    }

    /** Memory for getdents64(2), {@link #DIRENTS} bytes. */
    long dirents() {
        if (dirents == 0) dirents = Memory.allocate(DIRENTS);
        return dirents;
    }

    // ---- extended attributes of an open file
    private long xattr() { return dirents() + 512; }

    byte[] getXattr(int fd, String name, int[] error) {
        long max = DIRENTS - 512;
        long n = HostCall.call(FGETXATTR, fd, name(nameA, name, 300), xattr(), max);
        if (n == -ERANGE) return bigXattr(fd, nameA, error);
        return bytes(xattr(), n, error);
    }

    private static byte[] bigXattr(int fd, long name, int[] error) {
        long p = Memory.allocate(65536);
        long n = HostCall.call(FGETXATTR, fd, name, p, 65536);
        byte[] b = bytes(p, n, error);
        Memory.free(p);
        return b;
    }

    private static byte[] bytes(long at, long n, int[] error) {
        if (n < 0) {
            error[0] = (int) n;
            return null;
        }
        var b = new byte[(int) n];
        Memory.copyToArray(at, b, 0, b.length);
        return b;
    }

    long setXattr(int fd, String name, byte[] value, int flags) {
        long p = Memory.allocate(value.length + 1);
        Memory.copyFromArray(value, 0, p, value.length);
        long r = HostCall.call(FSETXATTR, fd, name(nameA, name, 300), p, value.length, flags);
        Memory.free(p);
        return r;
    }

    long removeXattr(int fd, String name) { return HostCall.call(FREMOVEXATTR, fd, name(nameA, name, 300)); }

    String listXattr(int fd, int[] error) {
        long n = HostCall.call(FLISTXATTR, fd, xattr(), DIRENTS - 512);
        if (n < 0) {
            error[0] = (int) n;
            return null;
        }
        return Memory.getBytes(xattr(), (int) n);
    }

    /** A struct iovec, valid until the next call. */
    long iovec(long address, long length) {
        Memory.putLong(words + 48, address);
        Memory.putLong(words + 56, length);
        return words + 48;
    }

    static void close(int fd) { HostCall.call(CLOSE, fd); }

    void free() {
        Memory.free(nameA);
        Memory.free(statx);
        Memory.free(words);
        if (dirents != 0) Memory.free(dirents);
    }
}

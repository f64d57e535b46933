package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.PathWalk;

/** Extended attributes (xattr(7)). */
final class SysXattr {
    private SysXattr() {}

    private static final int NAME_MAX = 255, SIZE_MAX = 65536, LIST_MAX = 65536;
    private static final int ARGS_SIZE = 16;

    /** Walks to the file an attribute call is about: into t.walk. */
    private static long walk(Task t, int dirfd, long path, int flags) {
        long r = t.mem.path(path);
        if (r == 0 && (flags & PathWalk.EMPTY) == 0) return -ENOENT;
        if (r >= 0) r = t.walk.at(dirfd, flags);
        return r == 0 && t.walk.inode == null ? -EBADF : r;
    }

    private static OpenFile file(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        return f == null || (f.flags & O_PATH) != 0 || f.inode == null ? null : f;
    }

    private static Mount mount(OpenFile f) { return f.path == null ? null : f.path.mount; }

    /** The attribute's name, or null and t.error. */
    private static String name(Task t, long address) {
        String s = t.mem.string(address, NAME_MAX + 1);
        if (s == null) {
            if (t.error == -ENAMETOOLONG) t.error = -ERANGE;
        } else if (s.isEmpty()) {
            t.error = -ERANGE;
            s = null;
        }
        return s;
    }

    /** Permission by name space, xattr(7); then whether the name is in one. */
    private static long check(Task t, Inode n, String name, boolean writes) {
        long r = mayUse(t, n, name, writes);
        if (r < 0) return r;
        int dot = name.indexOf('.');
        // A name space without a name in it is known, but no name.
        return dot < 0 ? -EOPNOTSUPP : dot == name.length() - 1 ? -EINVAL : 0;
    }

    private static long mayUse(Task t, Inode n, String name, boolean writes) {
        if (name.startsWith("trusted.")) {
            return t.cred.capable(Credentials.CAP_SYS_ADMIN) ? 0 : writes ? -EPERM : -ENODATA;
        }
        if (name.startsWith("security.")) {
            if (!writes) return 0;
            int needs = name.equals("security.capability") ? Credentials.CAP_SETFCAP : Credentials.CAP_SYS_ADMIN;
            return t.cred.capable(needs) ? 0 : -EPERM;
        }
        // Lists of permissions name the sandbox's ids.
        if (name.startsWith("system.") && t.cred.ns != null) return -EOPNOTSUPP;
        if (name.startsWith("system.")) return writes && !Access.isOwner(t.cred, n) ? -EPERM : 0;
        if (name.startsWith("user.")) {
            if (!n.isRegular() && !n.isDirectory()) return writes ? -EPERM : -ENODATA;
            if (writes && n.isDirectory() && (n.mode & S_ISVTX) != 0 && !Access.isOwner(t.cred, n)) return -EPERM;
        }
        return Access.check(t.cred, n, writes ? Access.WRITE : Access.READ);
    }

    // ---- set
    private static byte[] given;

    /** The name of what is set, whose value is kept. Looked at before the file is, as Linux does since 6.13. */
    private static String attribute(Task t, long name, long value, long size, int flags) {
        t.error = -EINVAL;
        if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) return null;
        String s = name(t, name);
        if (s == null) return null;
        t.error = -E2BIG;
        if (size < 0 || size > SIZE_MAX) return null;
        long p = t.mem.in(value, (int) size);
        t.error = (int) p;
        if (p < 0) return null;
        given = new byte[(int) size];
        Memory.copyToArray(p, given, 0, (int) size);
        return s;
    }

    private static long set(Task t, Mount m, Inode n, String name, int flags) {
        byte[] value = given;
        given = null;
        if (m != null && m.isReadOnly()) return -EROFS;
        long r = check(t, n, name, true);
        if (r < 0) return r;
        r = n.setXattr(t, name, value, flags);
        if (r == 0) Notify.self(n, Notify.IN_ATTRIB);
        return r;
    }

    /** setxattr(2). */
    static long setxattr(Task t, long path, long name, long value, long size, int flags) {
        String a = attribute(t, name, value, size, flags);
        long r = a == null ? t.error : walk(t, AT_FDCWD, path, PathWalk.FOLLOW);
        return r < 0 ? r : set(t, t.walk.mount, t.walk.inode, a, flags);
    }

    /** lsetxattr(2). */
    static long lsetxattr(Task t, long path, long name, long value, long size, int flags) {
        String a = attribute(t, name, value, size, flags);
        long r = a == null ? t.error : walk(t, AT_FDCWD, path, 0);
        return r < 0 ? r : set(t, t.walk.mount, t.walk.inode, a, flags);
    }

    /** fsetxattr(2). */
    static long fsetxattr(Task t, int fd, long name, long value, long size, int flags) {
        String a = attribute(t, name, value, size, flags);
        if (a == null) return t.error;
        OpenFile f = file(t, fd);
        return f == null ? -EBADF : set(t, mount(f), f.inode, a, flags);
    }

    /** setxattrat(2). */
    static long setxattrat(Task t, int dirfd, long path, int atFlags, long name, long args, long size) {
        long p = arguments(t, args, size);
        if (p < 0) return p;
        long value = Memory.getLong(p), length = Memory.getUnsignedInt(p + 8);
        int flags = Memory.getInt(p + 12);
        String a = attribute(t, name, value, length, flags);
        long r = a == null ? t.error : walkAt(t, dirfd, path, atFlags);
        return r < 0 ? r : set(t, t.walk.mount, t.walk.inode, a, flags);
    }

    /** struct xattr_args: value, size, flags. */
    private static long arguments(Task t, long args, long size) {
        if (size < ARGS_SIZE) return -EINVAL;
        if (size > 4096) return -E2BIG;
        long p = t.mem.in(args, (int) size);
        for (int i = ARGS_SIZE; p > 0 && i < size; i++) if (Memory.getByte(p + i) != 0) return -E2BIG;
        return p;
    }

    private static long walkAt(Task t, int dirfd, long path, int atFlags) {
        if ((atFlags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        return walk(t, dirfd, path, SysStat.walkFlags(atFlags));
    }

    // ---- get
    private static long get(Task t, Inode n, String s, long buffer, long size) {
        long r = check(t, n, s, false);
        if (r < 0) return r;
        byte[] value = n.getXattr(t, s);
        if (value == null) return t.error;
        if (size == 0) return value.length;
        if (size > 0 && size < value.length) return -ERANGE;
        r = t.mem.outBytes(buffer, value, value.length);
        return r < 0 ? r : value.length;
    }

    /** getxattr(2). */
    static long getxattr(Task t, long path, long name, long value, long size) {
        String s = name(t, name);
        long r = s == null ? t.error : walk(t, AT_FDCWD, path, PathWalk.FOLLOW);
        return r < 0 ? r : get(t, t.walk.inode, s, value, size);
    }

    /** lgetxattr(2). */
    static long lgetxattr(Task t, long path, long name, long value, long size) {
        String s = name(t, name);
        long r = s == null ? t.error : walk(t, AT_FDCWD, path, 0);
        return r < 0 ? r : get(t, t.walk.inode, s, value, size);
    }

    /** fgetxattr(2). */
    static long fgetxattr(Task t, int fd, long name, long value, long size) {
        String s = name(t, name);
        if (s == null) return t.error;
        OpenFile f = file(t, fd);
        return f == null ? -EBADF : get(t, f.inode, s, value, size);
    }

    /** getxattrat(2). */
    static long getxattrat(Task t, int dirfd, long path, int atFlags, long name, long args, long size) {
        long p = arguments(t, args, size);
        if (p < 0) return p;
        if (Memory.getInt(p + 12) != 0) return -EINVAL;
        long value = Memory.getLong(p), length = Memory.getUnsignedInt(p + 8);
        String s = name(t, name);
        long r = s == null ? t.error : walkAt(t, dirfd, path, atFlags);
        return r < 0 ? r : get(t, t.walk.inode, s, value, length);
    }

    // ---- list
    private static long list(Task t, Inode n, long buffer, long size) {
        t.error = 0;
        String names = n.listXattr(t);
        if (names == null) return t.error;
        if (!t.cred.capable(Credentials.CAP_SYS_ADMIN)) names = withoutTrusted(names);
        int length = names.length();
        if (length > LIST_MAX) return -E2BIG;
        if (size == 0 || length == 0) return length;
        if (size > 0 && size < length) return -ERANGE;
        long p = t.mem.scratch(length);
        Memory.putBytes(p, names);
        long r = t.mem.out(buffer, p, length);
        return r < 0 ? r : length;
    }

    private static String withoutTrusted(String names) {
        if (!names.contains("trusted.")) return names;
        var s = new StringBuilder();
        for (int at = 0; at < names.length();) {
            int end = names.indexOf('\0', at) + 1;
            if (!names.startsWith("trusted.", at)) s.append(names, at, end);
            at = end;
        }
        return s.toString();
    }

    /** listxattr(2). */
    static long listxattr(Task t, long path, long list, long size) {
        long r = walk(t, AT_FDCWD, path, PathWalk.FOLLOW);
        return r < 0 ? r : list(t, t.walk.inode, list, size);
    }

    /** llistxattr(2). */
    static long llistxattr(Task t, long path, long list, long size) {
        long r = walk(t, AT_FDCWD, path, 0);
        return r < 0 ? r : list(t, t.walk.inode, list, size);
    }

    /** flistxattr(2). */
    static long flistxattr(Task t, int fd, long list, long size) {
        OpenFile f = file(t, fd);
        return f == null ? -EBADF : list(t, f.inode, list, size);
    }

    /** listxattrat(2). */
    static long listxattrat(Task t, int dirfd, long path, int atFlags, long list, long size) {
        long r = walkAt(t, dirfd, path, atFlags);
        return r < 0 ? r : list(t, t.walk.inode, list, size);
    }

    // ---- remove
    private static long remove(Task t, Mount m, Inode n, String s) {
        if (m != null && m.isReadOnly()) return -EROFS;
        long r = check(t, n, s, true);
        if (r == 0) r = n.removeXattr(t, s);
        if (r == 0) Notify.self(n, Notify.IN_ATTRIB);
        return r;
    }

    /** removexattr(2). */
    static long removexattr(Task t, long path, long name) {
        String s = name(t, name);
        long r = s == null ? t.error : walk(t, AT_FDCWD, path, PathWalk.FOLLOW);
        return r < 0 ? r : remove(t, t.walk.mount, t.walk.inode, s);
    }

    /** lremovexattr(2). */
    static long lremovexattr(Task t, long path, long name) {
        String s = name(t, name);
        long r = s == null ? t.error : walk(t, AT_FDCWD, path, 0);
        return r < 0 ? r : remove(t, t.walk.mount, t.walk.inode, s);
    }

    /** fremovexattr(2). */
    static long fremovexattr(Task t, int fd, long name) {
        String s = name(t, name);
        if (s == null) return t.error;
        OpenFile f = file(t, fd);
        return f == null ? -EBADF : remove(t, mount(f), f.inode, s);
    }

    /** removexattrat(2). */
    static long removexattrat(Task t, int dirfd, long path, int atFlags, long name) {
        String s = name(t, name);
        long r = s == null ? t.error : walkAt(t, dirfd, path, atFlags);
        return r < 0 ? r : remove(t, t.walk.mount, t.walk.inode, s);
    }
}

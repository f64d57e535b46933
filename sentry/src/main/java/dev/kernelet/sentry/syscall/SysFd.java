package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.pipe.PipeFile;
import dev.kernelet.sentry.fs.tmpfs.TmpfsFile;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Leases;
import dev.kernelet.sentry.vfs.FileLocks;
import dev.kernelet.sentry.socket.Socket;
import dev.kernelet.sentry.vfs.FileOwner;
import dev.kernelet.sentry.vfs.Notify;
import dev.kernelet.sentry.vfs.OpenFile;

/** System calls on descriptors as such: close(2), dup(2), fcntl(2), ioctl(2), getdents(2), flock(2). */
final class SysFd {
    private SysFd() {}

    private static final int CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4;
    private static final int SETTABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;
    private static final int SIGNAL_MAX = 64;
    private static final int FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIONBIO = 0x5421, FIOASYNC = 0x5452, FIONREAD = 0x541b,
            FIOQSIZE = 0x5460, FIGETBSZ = 2;
    private static final int RWH_WRITE_LIFE_EXTREME = 5;
    private static final int FIOSETOWN = 0x8901, SIOCSPGRP = 0x8902, FIOGETOWN = 0x8903, SIOCGPGRP = 0x8904;
    /** FICLONE, FICLONERANGE, FIDEDUPERANGE: copy instead (cp falls back). */
    private static final int FICLONE = 0x40049409, FICLONERANGE = 0x4020940d, FIDEDUPERANGE = 0xc0189436;
    private static final int F_UNLCK = 2, FLOCK_SIZE = 32;
    private static final int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;

    // ---- close and dup
    /** close(2). */
    static long close(Task t, int fd) { return t.fds.close(t, fd); }

    /** close_range(2). */
    static long close_range(Task t, int first, int last, int flags) {
        if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0) return -EINVAL;
        if (Integer.compareUnsigned(first, last) > 0) return -EINVAL;
        if ((flags & CLOSE_RANGE_UNSHARE) != 0 && t.fds.isShared()) {
            FdTable shared = t.fds;
            t.fds = shared.copy();
            shared.put(t);
        }
        FdTable fds = t.fds;
        if (first < 0) return 0;
        int end = last < 0 ? fds.end() - 1 : Math.min(last, fds.end() - 1);
        for (int fd = first; fd <= end; fd++) {
            if (fds.get(fd) == null) continue;
            if ((flags & CLOSE_RANGE_CLOEXEC) != 0) fds.setCloseOnExec(fd, true);
            else fds.close(t, fd);
        }
        return 0;
    }

    /** dup(2). */
    static long dup(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        return f == null ? -EBADF : t.fds.install(t, f.hold(), false);
    }

    /** dup2(2). */
    static long dup2(Task t, int fd, int to) {
        if (fd == to) return t.fds.get(fd) == null ? -EBADF : fd;
        return replace(t, fd, to, false);
    }

    /** dup3(2). */
    static long dup3(Task t, int fd, int to, int flags) {
        if ((flags & ~O_CLOEXEC) != 0 || fd == to) return -EINVAL;
        return replace(t, fd, to, flags != 0);
    }

    private static long replace(Task t, int fd, int to, boolean cloexec) {
        if (to < 0 || to >= maxFiles(t)) return -EBADF;
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        t.fds.replace(t, to, f.hold(), cloexec);
        return to;
    }

    private static long maxFiles(Task t) { return Math.min(t.group.limits.soft(Limits.NOFILE), 1 << 20); }

    // ---- fcntl
    /** fcntl(2). */
    static long fcntl(Task t, int fd, int command, long argument) {
        OpenFile f = t.fds.get(fd);
        if (f == null) return -EBADF;
        switch (command) {
            case F_DUPFD, F_DUPFD_CLOEXEC -> {
                int lowest = (int) argument;
                if (lowest < 0 || lowest >= maxFiles(t)) return -EINVAL;
                return t.fds.install(t, f.hold(), command == F_DUPFD_CLOEXEC, lowest);
            }
            case F_GETFD -> { return t.fds.isCloseOnExec(fd) ? FD_CLOEXEC : 0; }
            case F_SETFD -> {
                t.fds.setCloseOnExec(fd, (argument & FD_CLOEXEC) != 0);
                return 0;
            }
            case F_GETFL -> { return f.flags; }
            case F_DUPFD_QUERY -> { return t.fds.get((int) argument) == f ? 1 : t.fds.get((int) argument) == null ? -EBADF : 0; }
            default -> { return (f.flags & O_PATH) != 0 ? -EBADF : fcntlFile(t, f, fd, command, argument); }
        }
    }

    private static long fcntlFile(Task t, OpenFile f, int fd, int command, long argument) {
        switch (command) {
            case F_SETFL -> { return setFlags(t, f, fd, (int) argument); }
            case F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW -> {
                return lock(t, f, command, argument);
            }
            case F_GETPIPE_SZ -> { return f instanceof PipeFile p ? p.capacity() : -EBADF; }
            case F_SETPIPE_SZ -> { return f instanceof PipeFile p ? p.setCapacity(t, argument & 0xffffffffL) : -EBADF; }
            case F_GET_SEALS -> { return f instanceof TmpfsFile m ? m.seals() : -EINVAL; }
            case F_ADD_SEALS -> { return f instanceof TmpfsFile m ? m.addSeals((int) argument) : -EINVAL; }
            case F_GETOWN, F_SETOWN, F_GETOWN_EX, F_SETOWN_EX, F_GETSIG, F_SETSIG -> {
                return owner(t, f, command, argument);
            }
            case F_GETLEASE -> { return Leases.get(t, f); }
            case F_SETLEASE -> { return Leases.set(t, f, fd, (int) argument); }
            case F_NOTIFY -> { return -EINVAL; } // as without CONFIG_DNOTIFY; inotify(7) is there
            // F_GET_FILE_RW_HINT went with Linux 5.17.
            case F_GET_RW_HINT -> { return t.mem.outLong(argument, f.inode == null ? 0 : f.inode.writeHint); }
            case F_SET_RW_HINT -> {
                if (f.inode == null || !Access.isOwner(t.cred, f.inode)) return -EPERM;
                long p = t.mem.in(argument, 8);
                if (p < 0) return p;
                long hint = Memory.getLong(p);
                if (hint < 0 || hint > RWH_WRITE_LIFE_EXTREME) return -EINVAL;
                f.inode.writeHint = (byte) hint;
                return 0;
            }
            default -> { return -EINVAL; }
        }
    }

    private static long setFlags(Task t, OpenFile f, int fd, int flags) {
        if ((flags & ~f.flags & O_NOATIME) != 0 && f.inode != null && !Access.isOwner(t.cred, f.inode)) return -EPERM;
        f.flags = f.flags & ~SETTABLE | flags & SETTABLE;
        FileOwner.setAsync(t.kernel, f, fd, (flags & FASYNC) != 0);
        return 0;
    }

    /** POSIX and open file description locks: struct flock is l_type 2, l_whence 2, l_start 8 (at 8), l_len 8, l_pid 4. */
    private static long lock(Task t, OpenFile f, int command, long argument) {
        boolean isOfd = command >= F_OFD_GETLK, gets = command == F_GETLK || command == F_OFD_GETLK;
        long p = t.mem.in(argument, FLOCK_SIZE);
        if (p < 0) return p;
        int type = Memory.getShort(p);
        if (isOfd && Memory.getInt(p + 24) != 0) return -EINVAL;
        if (type < FileLocks.READ || type > FileLocks.UNLOCK || gets && !isOfd && type == FileLocks.UNLOCK) return -EINVAL;
        if (f.inode == null) return -EINVAL;
        long start = Memory.getLong(p + 8), length = Memory.getLong(p + 16);
        long base = 0;
        switch (Memory.getShort(p + 2)) {
            case SEEK_SET -> { }
            case SEEK_CUR -> base = f.position();
            case SEEK_END -> {
                long r = f.inode.refresh(t);
                if (r < 0) return r;
                base = f.inode.size;
            }
            default -> { return -EINVAL; }
        }
        if (start > Long.MAX_VALUE - base) return -EOVERFLOW;
        start += base;
        if (start < 0) return -EINVAL;
        long last = FileLocks.END;
        if (length > 0) {
            if (length - 1 > Long.MAX_VALUE - start) return -EOVERFLOW;
            last = start + length - 1;
        } else if (length < 0) {
            if (start + length < 0) return -EINVAL;
            last = start - 1;
            start += length;
        }
        Object owner = isOfd ? f : t.fds;
        FileLocks locks = FileLocks.of(t.kernel);
        if (gets) return testLock(t, locks.test(f.inode, owner, type, start, last), p, argument);
        if (type == FileLocks.READ && !f.isReadable() || type == FileLocks.WRITE && !f.isWritable()) return -EBADF;
        boolean waits = command == F_SETLKW || command == F_OFD_SETLKW;
        return locks.set(t, f.inode, owner, isOfd ? null : t.group.identity(), type, start, last, waits);
    }

    private static long testLock(Task t, FileLocks.Lock c, long p, long argument) {
        if (c == null) {
            Memory.putShort(p, (short) FileLocks.UNLOCK);
        } else {
            Memory.putShort(p, (short) c.type);
            Memory.putShort(p + 2, (short) SEEK_SET);
            Memory.putLong(p + 8, c.start);
            Memory.putLong(p + 16, c.last == FileLocks.END ? 0 : c.last - c.start + 1);
            Memory.putInt(p + 24, c.pidIn(t.group.pids));
        }
        return t.mem.out(argument, p, FLOCK_SIZE);
    }

    /** flock(2). */
    static long flock(Task t, int fd, int operation) {
        OpenFile f = t.fds.get(fd);
        int type = switch (operation & ~LOCK_NB) {
            case LOCK_SH -> FileLocks.READ;
            case LOCK_EX -> FileLocks.WRITE;
            case LOCK_UN -> FileLocks.UNLOCK;
            default -> -1;
        };
        if (type < 0) return -EINVAL;
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (type != FileLocks.UNLOCK && !f.isReadable() && !f.isWritable()) return -EBADF;
        if (f.inode == null) return -EINVAL;
        return FileLocks.of(t.kernel).flock(t, f, type, (operation & LOCK_NB) == 0);
    }

    /** F_GETOWN and its kin. */
    private static long owner(Task t, OpenFile f, int command, long argument) {
        FileOwner o = FileOwner.of(t.kernel, f);
        switch (command) {
            case F_GETOWN -> { return o.type() == F_OWNER_PGRP ? -o.idIn(t.group.pids) : o.idIn(t.group.pids); }
            case F_SETOWN -> {
                int id = (int) argument;
                if (id == Integer.MIN_VALUE) return -EINVAL;
                return o.set(t, id < 0 ? F_OWNER_PGRP : F_OWNER_PID, Math.abs(id));
            }
            case F_GETOWN_EX -> {
                long p = t.mem.scratch(8);
                Memory.putInt(p, o.type());
                Memory.putInt(p + 4, o.idIn(t.group.pids));
                return t.mem.out(argument, p, 8);
            }
            case F_SETOWN_EX -> {
                long p = t.mem.in(argument, 8);
                if (p < 0) return p;
                int type = Memory.getInt(p);
                return type < 0 || type > F_OWNER_PGRP ? -EINVAL : o.set(t, type, Memory.getInt(p + 4));
            }
            case F_GETSIG -> { return o.signal; }
            default -> {
                if (argument < 0 || argument > SIGNAL_MAX) return -EINVAL;
                o.signal = (int) argument;
                return 0;
            }
        }
    }

    // ---- ioctl
    /** ioctl(2): what holds for all files here, the rest is the file's. */
    static long ioctl(Task t, int fd, int request, long argument) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        switch (request) {
            case FIOCLEX, FIONCLEX -> {
                t.fds.setCloseOnExec(fd, request == FIOCLEX);
                return 0;
            }
            case FIONBIO -> {
                long on = t.mem.loadInt(argument);
                if (on < 0) return on;
                f.flags = on != 0 ? f.flags | O_NONBLOCK : f.flags & ~O_NONBLOCK;
                return 0;
            }
            case FIOASYNC -> {
                long on = t.mem.loadInt(argument);
                if (on < 0) return on;
                if (f.waitQueue() == null && on != 0) return -ENOTTY;
                FileOwner.setAsync(t.kernel, f, fd, on != 0);
                return 0;
            }
            case FIOSETOWN, SIOCSPGRP -> {
                if (!(f instanceof Socket)) return f.ioctl(t, request, argument);
                long p = t.mem.in(argument, 4);
                return p < 0 ? p : owner(t, f, F_SETOWN, Memory.getInt(p));
            }
            case FIOGETOWN, SIOCGPGRP -> {
                if (!(f instanceof Socket)) return f.ioctl(t, request, argument);
                return t.mem.outInt(argument, (int) owner(t, f, F_GETOWN, 0));
            }
            case FICLONE, FICLONERANGE, FIDEDUPERANGE -> { return -EOPNOTSUPP; }
            case FIGETBSZ -> {
                if (f.inode == null) return -ENOTTY;
                return t.mem.outInt(argument, f.inode.blockSize());
            }
            case FIONREAD -> {
                if (f.inode == null || !f.inode.isRegular()) return f.ioctl(t, request, argument);
                long r = f.inode.refresh(t);
                return r < 0 ? r : t.mem.outInt(argument, (int) (f.inode.size - f.position()));
            }
            case FIOQSIZE -> {
                if (f.inode == null || !f.inode.isRegular() && !f.inode.isDirectory()) return -ENOTTY;
                long r = f.inode.refresh(t);
                return r < 0 ? r : t.mem.outLong(argument, f.inode.size);
            }
            default -> { return f.ioctl(t, request, argument); }
        }
    }

    // ---- getdents
    /** Writes struct linux_dirent64, or struct linux_dirent, to the window. */
    private static final class Entries implements OpenFile.DirectorySink {
        private final boolean isOld;
        private final long start;
        private final int room;
        int used;
        boolean isTooSmall;
        long next;

        Entries(boolean isOld, long start, int room, long offset) {
            this.isOld = isOld;
            this.start = start;
            this.room = room;
            next = offset;
        }

        @Override
        public boolean entry(String name, long ino, int type, long following) {
            int n = name.length();
            // d_ino, d_off, d_reclen, d_type, name, NUL; the old form has the type in the last byte.
            int length = (isOld ? 18 + n + 2 : 19 + n + 1) + 7 & ~7;
            if (length > room - used) {
                isTooSmall = used == 0;
                return false;
            }
            long p = start + used;
            Memory.putLong(p + length - 8, 0);
            Memory.putLong(p, ino);
            Memory.putLong(p + 8, following);
            Memory.putShort(p + 16, (short) length);
            if (!isOld) Memory.putByte(p + 18, (byte) type);
            Memory.putBytes(p + (isOld ? 18 : 19), name);
            if (isOld) Memory.putByte(p + length - 1, (byte) type);
            used += length;
            next = following;
            return true;
        }
    }

    /** getdents(2). */
    static long getdents(Task t, int fd, long buffer, int count) { return entries(t, fd, buffer, count, true); }

    /** getdents64(2). */
    static long getdents64(Task t, int fd, long buffer, int count) { return entries(t, fd, buffer, count, false); }

    private static long entries(Task t, int fd, long buffer, int count, boolean isOld) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (f.inode == null || !f.inode.isDirectory()) return -ENOTDIR;
        int room = (int) Math.min(Integer.toUnsignedLong(count), t.mem.dataMax());
        if (room > 0 && !t.mem.writable(buffer, 1)) return -EFAULT;
        var sink = new Entries(isOld, t.mem.dataWindow(), room, f.offset);
        long r = f.readdir(t, sink);
        if (r < 0) return r;
        if (sink.isTooSmall) return -EINVAL;
        f.offset = sink.next;
        if (Notify.active > 0) Notify.file(f, Notify.IN_ACCESS);
        if (sink.used == 0) return 0;
        r = t.mem.dataOutLast(buffer, sink.used);
        return r < 0 ? r : sink.used;
    }
}

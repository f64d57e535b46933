package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.ProcessAccess;
import dev.kernelet.sentry.kernel.Task;

/** process_vm_readv(2) and process_vm_writev(2), and access to another process's memory for /proc/PID/mem and ptrace(2). */
public final class RemoteMemory {
    private RemoteMemory() {}

    private static final int IOV_MAX = 1024;
    private static final int PIECE = 32 << 10;
    /** Most bytes one call moves (MAX_RW_COUNT). */
    private static final long MAX = 0x7ffff000;

    /** ptrace(2), access mode with real credentials: whether {@code t} may look into {@code target}. 0 or -EPERM. */
    public static long mayAccess(Task t, Task target) {
        return ProcessAccess.byRealIds(t, target) ? 0 : -EPERM;
    }

    /** Copies from {@code mm}, whoever runs there: the number of bytes, short at the first page that is not readable; or -EFAULT. */
    public static long read(MemoryManager mm, long address, long destination, long length) {
        long n = accessible(mm, address, length, false);
        if (n == 0) return length == 0 ? 0 : -EFAULT;
        return mm.space.readRemote(address, destination, n);
    }

    /** Copies to {@code mm}; see {@link #read}. */
    public static long write(MemoryManager mm, long address, long source, long length) {
        long n = accessible(mm, address, length, true);
        if (n == 0) return length == 0 ? 0 : -EFAULT;
        return mm.space.writeRemote(address, source, n);
    }

    /** How many bytes from {@code address} on the mappings make accessible. */
    private static long accessible(MemoryManager mm, long address, long length, boolean write) {
        VmaList l = mm.list;
        if (address < 0 || length < 0 || address + length < 0) return 0;
        long at = address, end = address + length;
        for (int i = l.find(at); at < end && i < l.count && l.start[i] <= at; i++) {
            Vma v = l.vma[i];
            if (write ? !v.isWritable() : !v.isReadable()) break;
            at = l.end[i];
        }
        return Math.min(at, end) - address;
    }

    /** process_vm_readv(2) and (writes) process_vm_writev(2): local and remote are arrays of struct iovec. */
    public static long transfer(Task t, int pid, long local, long localCount, long remote, long remoteCount, long flags, boolean writes) {
        if (flags != 0) return -EINVAL;
        if (localCount < 0 || localCount > IOV_MAX || remoteCount < 0 || remoteCount > IOV_MAX) return -EINVAL;
        long l = t.mem.in(local, (int) localCount * 16);
        if (l < 0) return l;
        long r = t.mem.in(remote, (int) remoteCount * 16);
        if (r < 0) return r;
        if (!sane(l, localCount)) return -EINVAL;
        if (!sane(r, remoteCount)) return -EINVAL;
        if (total(l, localCount) == 0 || total(r, remoteCount) == 0) return 0;
        Task target = t.thread(pid);
        long e = target == null || target.mm == null ? -ESRCH : mayAccess(t, target);
        if (e < 0) return t.s0 > 0 ? t.s0 : e;
        return copy(t, target.mm, l, localCount, r, remoteCount, writes);
    }

    private static boolean sane(long iov, long count) {
        for (long i = 0; i < count; i++) if (Memory.getLong(iov + 16 * i + 8) < 0) return false;
        return true;
    }

    private static long total(long iov, long count) {
        long n = 0;
        for (long i = 0; i < count; i++) n += Memory.getLong(iov + 16 * i + 8);
        return n;
    }

    private static long copy(Task t, MemoryManager mm, long local, long localCount, long remote, long remoteCount, boolean writes) {
        long buffer = t.mem.scratch(PIECE);
        long done = 0, at = 0;
        int i = 0, j = 0;
        long localDone = 0, remoteDone = 0;
        while (i < localCount && j < remoteCount && done < MAX) {
            long localLeft = Memory.getLong(local + 16L * i + 8) - localDone;
            long remoteLeft = Memory.getLong(remote + 16L * j + 8) - remoteDone;
            if (localLeft == 0) {
                i++;
                localDone = 0;
                continue;
            }
            if (remoteLeft == 0) {
                j++;
                remoteDone = 0;
                continue;
            }
            if (done - t.s0 >= Task.TURN) {
                if (!t.givesWay()) return done;
                t.s0 = done;
                return Task.BLOCKED;
            }
            long n = Math.min(localLeft, remoteLeft);
            n = Math.min(n, done < t.s0 ? t.s0 - done : Math.min(PIECE, MAX - done));
            if (done < t.s0) { // what earlier turns have moved
                done += n;
                localDone += n;
                remoteDone += n;
                continue;
            }
            long here = Memory.getLong(local + 16L * i) + localDone, there = Memory.getLong(remote + 16L * j) + remoteDone;
            long moved = writes ? outward(t, mm, here, there, buffer, n) : inward(t, mm, here, there, buffer, n);
            if (moved > 0) done += moved;
            if (moved < n) return done > 0 ? done : moved < 0 ? moved : -EFAULT;
            localDone += n;
            remoteDone += n;
        }
        return done;
    }

    private static long inward(Task t, MemoryManager mm, long here, long there, long buffer, long n) {
        long got = mm == t.mm ? t.mem.copyIn(buffer, there, n) : read(mm, there, buffer, n);
        if (got <= 0) return got == 0 ? -EFAULT : got;
        return t.mem.writable(here, got) ? t.mem.copyOut(here, buffer, got) : -EFAULT;
    }

    private static long outward(Task t, MemoryManager mm, long here, long there, long buffer, long n) {
        if (!t.mem.readable(here, n)) return -EFAULT;
        long got = t.mem.copyIn(buffer, here, n);
        if (got <= 0) return -EFAULT;
        return mm == t.mm ? t.mem.copyOut(there, buffer, got) : write(mm, there, buffer, got);
    }
}

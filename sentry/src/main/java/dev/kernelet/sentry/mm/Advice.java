package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;

/** madvise(2), msync(2), mincore(2), mlock(2) and mseal(2): calls over ranges of what is mapped. */
public final class Advice {
    private Advice() {}

    // ---- madvise
    public static long madvise(Task t, long address, long length, int advice) {
        if (!isKnown(advice)) return advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE ? -EPERM : -EINVAL;
        if ((address & 4095) != 0) return -EINVAL;
        long bytes = MemoryManager.pageUp(length);
        if (length != 0 && bytes == 0 || bytes < 0) return -EINVAL;
        long to = address + bytes;
        if (address < 0 || to < address) return -EINVAL;
        if (to == address) return 0;
        MemoryManager mm = t.mm;
        VmaList l = mm.list;
        // Some advice takes several turns: where it goes on, and whether it has met a hole (inTurns).
        boolean hole = t.s1 != 0;
        long at = t.s0 != 0 ? t.s0 : address;
        for (int i = l.find(at); at < to; ) {
            if (i == l.count || l.start[i] >= to) {
                hole = true;
                break;
            }
            if (l.start[i] > at) {
                // Other advice skips holes, this ends there.
                if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) return -ENOMEM;
                hole = true;
                at = l.start[i];
            }
            if ((l.vma[i].flags & Vma.RESERVED) != 0) {
                hole = true;
                at = l.end[i++];
                continue;
            }
            // One order for all neighbours to which the advice may be given.
            long from = at, refused = 0;
            while (i < l.count && l.start[i] <= at && at < to && (l.vma[i].flags & Vma.RESERVED) == 0) {
                refused = check(t, l.vma[i], advice);
                if (refused < 0) break;
                at = Math.min(to, l.end[i++]);
            }
            long r = at > from ? apply(t, mm, from, at, advice) : 0;
            if (r == Task.BLOCKED) t.s1 = hole ? 1 : 0;
            if (r < 0) return r;
            if (refused < 0) return refused;
            i = at < to ? l.find(at) : i;
        }
        return hole ? -ENOMEM : 0;
    }

    private static boolean isKnown(int a) {
        return a >= MADV_NORMAL && a <= MADV_DONTNEED || a >= MADV_FREE && a <= MADV_COLLAPSE && a != MADV_MERGEABLE && a != MADV_UNMERGEABLE;
    }

    private static long check(Task t, Vma v, int advice) {
        boolean isLocked = (v.flags & Vma.LOCKED) != 0;
        switch (advice) {
            case MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE -> {
                if (isLocked && advice != MADV_DONTNEED_LOCKED) return -EINVAL;
                if (advice == MADV_FREE && (v.file != null || v.shared != null)) return -EINVAL;
                if ((v.flags & Vma.SEALED) != 0 && v.isAnonymous() && !v.isWritable()) return -EPERM;
            }
            case MADV_REMOVE -> {
                if (isLocked) return -EINVAL;
                if (v.isAnonymous()) return -EINVAL;
                if (!v.isShared() || (v.flags & Vma.MAYWRITE) == 0) return -EACCES;
            }
            case MADV_COLD, MADV_PAGEOUT -> { if (isLocked) return -EINVAL; }
            case MADV_WIPEONFORK -> { if (!v.isAnonymous()) return -EINVAL; }
            default -> { }
        }
        return 0;
    }

    /** What works on each page, and may be asked for gigabytes. */
    private static boolean takesLong(int advice) {
        return switch (advice) {
            case MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE -> true;
            default -> false;
        };
    }

    private static long apply(Task t, MemoryManager mm, long from, long to, int advice) {
        if (advice != MADV_DONTDUMP && advice != MADV_DODUMP) {
            int host = advice == MADV_DONTNEED_LOCKED ? MADV_DONTNEED : advice;
            boolean isPlain = advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_DONTNEED_LOCKED;
            // Pages given up may go as late as on the way back: before that nobody can know that they have gone.
            boolean isDeferred = isPlain && mm.defers(t, to - from)
                    && t.ctx.deferHostCall(SyscallNumber.MADVISE, from, to - from, host, 0, 0, 0, 0);
            long r = isDeferred ? 0 : takesLong(advice) ? inTurns(t, from, to, host)
                    : t.ctx.hostCall(SyscallNumber.MADVISE, from, to - from, host, 0, 0, 0);
            // Hints the host has no use for (huge pages not built in) are no errors of the application's.
            boolean isHint = advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE || advice <= MADV_WILLNEED;
            if (r < 0 && !(isHint && r == -EINVAL)) return r;
        }
        switch (advice) {
            case MADV_DONTFORK -> mm.change(t, from, to, -1, Vma.DONTFORK, 0);
            case MADV_DOFORK -> mm.change(t, from, to, -1, 0, Vma.DONTFORK);
            case MADV_WIPEONFORK -> mm.change(t, from, to, -1, Vma.WIPEONFORK, 0);
            case MADV_KEEPONFORK -> mm.change(t, from, to, -1, 0, Vma.WIPEONFORK);
            case MADV_DONTDUMP -> mm.change(t, from, to, -1, Vma.DONTDUMP, 0);
            case MADV_DODUMP -> mm.change(t, from, to, -1, 0, Vma.DONTDUMP);
            case MADV_HUGEPAGE -> mm.change(t, from, to, -1, Vma.HUGEPAGE, Vma.NOHUGEPAGE);
            case MADV_NOHUGEPAGE -> mm.change(t, from, to, -1, Vma.NOHUGEPAGE, Vma.HUGEPAGE);
            case MADV_NORMAL -> mm.change(t, from, to, -1, 0, Vma.RANDOM | Vma.SEQUENTIAL);
            case MADV_RANDOM -> mm.change(t, from, to, -1, Vma.RANDOM, Vma.SEQUENTIAL);
            case MADV_SEQUENTIAL -> mm.change(t, from, to, -1, Vma.SEQUENTIAL, Vma.RANDOM);
            default -> { }
        }
        return 0;
    }

    // ---- msync
    public static long msync(Task t, long address, long length, int flags) {
        if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || (address & 4095) != 0) return -EINVAL;
        if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) return -EINVAL;
        long to = address + MemoryManager.pageUp(length);
        if (address < 0 || to < address) return -ENOMEM;
        if (to == address) return 0;
        VmaList l = t.mm.list;
        long at = address;
        boolean hole = false;
        for (int i = l.find(at); at < to; i = l.find(at)) {
            if (i == l.count || l.start[i] >= to) return -ENOMEM;
            if (l.start[i] > at) {
                hole = true;
                at = l.start[i];
            }
            Vma v = l.vma[i];
            if ((flags & MS_INVALIDATE) != 0 && (v.flags & Vma.LOCKED) != 0) return -EBUSY;
            at = Math.min(to, l.end[i]);
            if (v.isShared() && v.file != null && v.isWritable()) v.file.mappingWritten();
            if ((flags & MS_SYNC) != 0 && v.isShared() && v.file != null) {
                // May give the kernel lock up: the list can be another one afterwards, hence the look-up by address.
                v.file.hold();
                long r = v.file.fsync(t, true);
                v.file.put(t);
                if (r < 0 && r != -EINVAL) return r;
            }
        }
        return hole ? -ENOMEM : 0;
    }

    // ---- mincore
    public static long mincore(Task t, long address, long length, long vector) {
        if ((address & 4095) != 0) return -EINVAL;
        MemoryManager mm = t.mm;
        if (address < 0 || length < 0 || length > mm.userEnd || address > mm.userEnd - length) return -ENOMEM;
        long pages = MemoryManager.pageUp(length) >> 12;
        if (pages == 0) return 0;
        if (!t.mem.writable(vector, pages)) return -EFAULT;
        if (!isMapped(mm.list, address, address + (pages << 12))) return -ENOMEM;
        return t.ctx.hostCall(SyscallNumber.MINCORE, address, pages << 12, vector, 0, 0, 0);
    }

    static boolean isMapped(VmaList l, long from, long to) {
        long at = from;
        for (int i = l.find(from); at < to; i++) {
            if (i == l.count || l.start[i] > at || (l.vma[i].flags & Vma.RESERVED) != 0) return false;
            at = l.end[i];
        }
        return true;
    }

    // ---- locks: nothing swaps inside the sandbox, so a lock is its account and the pages brought in
    private static boolean mayLock(Task t) {
        return t.cred.capable(Credentials.CAP_IPC_LOCK) || Remap.exceedsLockLimit(t, 1) == false;
    }

    public static long mlock(Task t, long address, long length, boolean onFault) {
        if (!mayLock(t)) return -EPERM;
        length = MemoryManager.pageUp(length + (address & 4095));
        address &= -4096L;
        long to = address + length;
        if (to < address || length < 0 || address < 0) return -EINVAL;
        if (length == 0) return 0;
        MemoryManager mm = t.mm;
        long already = 0;
        VmaList l = mm.list;
        for (int i = l.find(address); i < l.count && l.start[i] < to; i++) {
            if ((l.vma[i].flags & Vma.LOCKED) != 0) already += Math.min(to, l.end[i]) - Math.max(address, l.start[i]);
        }
        if (!t.cred.capable(Credentials.CAP_IPC_LOCK) && Remap.exceedsLockLimit(t, mm.locked - already + length)) return -ENOMEM;
        long end = mappedUpTo(l, address, to);
        if (end > address) {
            mm.change(t, address, end, -1, Vma.LOCKED | (onFault ? Vma.LOCKONFAULT : 0), onFault ? 0 : Vma.LOCKONFAULT);
        }
        if (end < to) return -ENOMEM;
        return onFault ? 0 : populate(t, address, to, false, 0);
    }

    private static long mappedUpTo(VmaList l, long from, long to) {
        long at = from;
        for (int i = l.find(from); at < to && i < l.count && l.start[i] <= at && (l.vma[i].flags & Vma.RESERVED) == 0; i++) {
            at = Math.min(to, l.end[i]);
        }
        return at;
    }

    // ---- faulting in, for mlock(2), mlockall(2) and, where it is much, for mmap(2), mremap(2), brk(2): by
    // pieces, so that others have their turn. A call that goes on has the next address, the end, its result,
    // and how strict it is in Task.s0...s3; no signal but a kill ends it early.
    /** In one turn: a page takes a microsecond or two. */
    private static final int PIECE = 2 << 20;
    private static final int SKIPS = 1, STRICT = 2;

    /**
     * Behind a call that has mapped [address, address + length), where {@code flags} (of mmap) or a lock ask
     * for its pages and the host was not asked because of the length: {@code result}, or {@code BLOCKED}.
     */
    public static long populateAfter(Task t, long result, long address, long length, int flags) {
        if (result < 0) return result;
        boolean asks = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
        VmaList l = t.mm.list;
        int i = l.find(address);
        if (!asks && (i == l.count || !Vma.isLocked(l.vma[i].flags))) return result;
        return populate(t, address, address + length, true, result);
    }

    /**
     * All of a range: {@code result}, -ENOMEM when some of it cannot be ({@code skips}: is left out then), or
     * {@code BLOCKED}.
     */
    private static long populate(Task t, long from, long to, boolean skips, long result) {
        t.s0 = from;
        t.s1 = to;
        t.s2 = result;
        t.s3 = skips ? SKIPS : STRICT;
        return populateOn(t);
    }

    public static long populateOn(Task t) {
        VmaList l = t.mm.list;
        for (long done = 0; t.s0 < t.s1; ) {
            int i = l.find(t.s0);
            if (i == l.count || l.start[i] >= t.s1) break;
            Vma v = l.vma[i];
            long from = Math.max(t.s0, l.start[i]), to = Math.min(t.s1, l.end[i]);
            // A stack is mapped to its limit here, which Linux would not bring in.
            boolean isOurs = (v.flags & (Vma.STACK | Vma.RESERVED)) != 0;
            if (isOurs || !v.isReadable() && t.s3 == SKIPS) {
                t.s0 = to;
                continue;
            }
            if (!v.isReadable()) return -ENOMEM;
            if (done >= PIECE) {
                t.lookAgainAt(t.kernel.now());
                return t.blockUninterruptible();
            }
            to = Math.min(to, from + PIECE);
            boolean writes = v.isWritable() && (!v.isShared() || (v.prot & PROT_READ) == 0);
            int how = writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
            long r = t.ctx.hostCall(SyscallNumber.MADVISE, from, to - from, how, 0, 0, 0);
            if (r < 0 && r != -EINVAL && t.s3 == STRICT) return r == -EAGAIN ? -EAGAIN : -ENOMEM;
            t.s0 = to;
            done += to - from;
        }
        return t.s2;
    }

    /** The same range by range for madvise(2), which goes on at {@code Task.s0}. */
    private static long inTurns(Task t, long from, long to, int advice) {
        for (long at = from; at < to; ) {
            if (t.s2 >= PIECE) {
                t.s2 = 0;
                t.s0 = at;
                t.lookAgainAt(t.kernel.now());
                return t.blockUninterruptible();
            }
            // To where huge pages begin: PIECE is one.
            long next = Math.min(to, at + PIECE & -(long) PIECE);
            long r = t.ctx.hostCall(SyscallNumber.MADVISE, at, next - at, advice, 0, 0, 0);
            if (r < 0) return r;
            t.s2 += next - at;
            at = next;
        }
        return 0;
    }

    public static long munlock(Task t, long address, long length) {
        length = MemoryManager.pageUp(length + (address & 4095));
        address &= -4096L;
        long to = address + length;
        if (to < address || length < 0 || address < 0) return -EINVAL;
        if (length == 0) return 0;
        long end = mappedUpTo(t.mm.list, address, to);
        if (end > address) t.mm.change(t, address, end, -1, 0, Vma.LOCKED | Vma.LOCKONFAULT);
        return end < to ? -ENOMEM : 0;
    }

    public static long mlockall(Task t, int flags) {
        if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0 || flags == MCL_ONFAULT) return -EINVAL;
        if (!mayLock(t)) return -EPERM;
        MemoryManager mm = t.mm;
        boolean isCurrent = (flags & MCL_CURRENT) != 0;
        if (isCurrent && !t.cred.capable(Credentials.CAP_IPC_LOCK) && Remap.exceedsLockLimit(t, mm.total)) return -ENOMEM;
        int lock = Vma.LOCKED | ((flags & MCL_ONFAULT) != 0 ? Vma.LOCKONFAULT : 0);
        mm.defaultFlags = (flags & MCL_FUTURE) != 0 ? lock : 0;
        if (!isCurrent) return 0;
        lockAll(t, mm, lock);
        return (flags & MCL_ONFAULT) != 0 ? 0 : populate(t, 0, mm.userEnd, true, 0);
    }

    private static void lockAll(Task t, MemoryManager mm, int lock) {
        VmaList l = mm.list;
        for (int i = 0; i < l.count; i++) {
            if ((l.vma[i].flags & Vma.RESERVED) != 0) continue;
            long end = l.end[i];
            mm.change(t, l.start[i], end, -1, lock, ~lock & (Vma.LOCKED | Vma.LOCKONFAULT));
            // It may have been joined with the one before.
            i = l.find(end) - 1;
        }
    }

    public static long munlockall(Task t) {
        t.mm.defaultFlags = 0;
        lockAll(t, t.mm, 0);
        return 0;
    }

    // ---- mseal
    public static long mseal(Task t, long address, long length, long flags) {
        if (flags != 0 || (address & 4095) != 0) return -EINVAL;
        long bytes = MemoryManager.pageUp(length);
        if (length != 0 && bytes == 0 || bytes < 0) return -EINVAL;
        long to = address + bytes;
        if (to < address || address < 0) return -EINVAL;
        if (to == address) return 0;
        if (!isMapped(t.mm.list, address, to)) return -ENOMEM;
        t.mm.change(t, address, to, -1, Vma.SEALED, 0);
        return 0;
    }
}

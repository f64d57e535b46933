package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;

/** mremap(2): grows, shrinks and moves mappings. The host moves the pages. */
public final class Remap {
    private Remap() {}

    public static long mremap(Task t, long address, long oldLength, long newLength, int flags, long newAddress) {
        MemoryManager mm = t.mm;
        if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) return -EINVAL;
        boolean mayMove = (flags & MREMAP_MAYMOVE) != 0, fixed = (flags & MREMAP_FIXED) != 0;
        boolean keeps = (flags & MREMAP_DONTUNMAP) != 0;
        if (fixed && !mayMove || keeps && (!mayMove || oldLength != newLength)) return -EINVAL;
        if ((address & 4095) != 0) return -EINVAL;
        oldLength = MemoryManager.pageUp(oldLength);
        newLength = MemoryManager.pageUp(newLength);
        if (newLength <= 0 || oldLength < 0 || newLength > mm.userEnd || oldLength > mm.userEnd) return -EINVAL;
        VmaList l = mm.list;
        int i = l.at(address);
        if (i < 0) return -EFAULT;
        if (fixed) {
            if ((newAddress & 4095) != 0 || newAddress < 0 || newAddress > mm.userEnd - newLength) return -EINVAL;
            if (newAddress < address + oldLength && address < newAddress + newLength) return -EINVAL;
            if (newAddress < MemoryManager.LOWEST) return -EPERM;
        } else if (!keeps && oldLength >= newLength) {
            if (oldLength > newLength) {
                long r = mm.unmap(t, t.ctx, address + newLength, address + oldLength);
                if (r < 0) return r;
            }
            return address;
        }
        if (l.count + 4 > VmaList.MAX) return -ENOMEM;
        return resize(t, mm, i, address, oldLength, newLength, mayMove, fixed, keeps, newAddress);
    }

    private static long resize(Task t, MemoryManager mm, int i, long address, long oldLength, long newLength, boolean mayMove,
            boolean fixed, boolean keeps, long to) {
        VmaList l = mm.list;
        Vma v = l.vma[i];
        if ((v.flags & (Vma.SEALED | Vma.RESERVED)) != 0) return -EPERM;
        boolean copies = oldLength == 0;
        if (copies && !v.isShared()) return -EINVAL;
        if (fixed) {
            long r = mm.checkNotOurs(to, to + newLength);
            if (r < 0) return r;
            if (oldLength > newLength) {
                r = mm.unmap(t, t.ctx, address + newLength, address + oldLength);
                if (r < 0) return r;
                oldLength = newLength;
                i = l.at(address);
            }
        }
        if (oldLength > l.end[i] - address) return -EFAULT;
        if (v.delta + address + newLength < 0) return -EINVAL;
        long more = keeps || copies ? newLength : newLength - oldLength;
        if ((v.flags & Vma.LOCKED) != 0 && !keeps) {
            long r = mm.mayLock(t, more);
            if (r < 0) return -EAGAIN;
        }
        long replaced = fixed ? l.mappedIn(to, to + newLength) : 0;
        if (mm.mayGrow(t, more - replaced, v.isData()) < 0) return -ENOMEM;
        boolean growsHere = !fixed && !keeps && !copies && address + oldLength == l.end[i]
                && address + newLength <= mm.userEnd && l.isFree(address + oldLength, address + newLength);
        if (growsHere && grow(t, mm, v, address, oldLength, newLength) == 0) return address;
        if (!mayMove) return -ENOMEM;
        if (!fixed) {
            to = mm.findFree(newLength, v.isAnonymous());
            if (to < 0) return to;
        }
        long r = copies ? copy(t, mm, v, address, newLength, to) : move(t, mm, v, address, oldLength, newLength, to, keeps);
        return r < 0 ? r : to;
    }

    /** In place: only the new part is mapped, so it does not matter how the host has the old one in pieces. */
    private static long grow(Task t, MemoryManager mm, Vma v, long address, long oldLength, long newLength) {
        long from = address + oldLength, to = address + newLength;
        long r = mapMore(t, v, from, to - from);
        if (r == -EOPNOTSUPP) r = exactly(t.ctx.hostCall(SyscallNumber.MREMAP, address, oldLength, newLength, 0, 0, 0), address);
        if (r == 0) mm.addAccounted(t, from, to, v);
        return r;
    }

    /** Maps [from, from + length) as a continuation of {@code v}; -EOPNOTSUPP: only the host can (shared anonymous memory). */
    private static long mapMore(Task t, Vma v, long from, long length) {
        ExecutionContext c = t.ctx;
        int host = v.isShared() ? MAP_SHARED : MAP_PRIVATE;
        host |= Vma.hostFlags(0, v.flags, length);
        if (v.isAnonymous()) {
            if ((v.flags & Vma.DROPPABLE) != 0) return -EOPNOTSUPP;
            return c.mapAnonymous(from, length, v.prot, host);
        }
        long fd = v.shared != null ? v.shared.descriptor((v.flags & Vma.MAYWRITE) != 0)
                : v.file.mapDescriptor(t, v.isShared(), (v.flags & Vma.MAYWRITE) != 0 && v.isShared());
        if (fd < 0) return v.shared != null ? -EOPNOTSUPP : fd;
        return c.mapFd(from, length, v.prot, host, (int) fd, from + v.delta);
    }

    /** Old length 0: a second mapping of the same shared memory. */
    private static long copy(Task t, MemoryManager mm, Vma v, long address, long length, long to) {
        Vma w = v.withDelta(v.delta + address - to);
        long r = mapMore(t, w, to, length);
        if (r == -EOPNOTSUPP) {
            r = exactly(t.ctx.hostCall(SyscallNumber.MREMAP, address, 0, length, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0), to);
        }
        if (r == 0) mm.replace(t, to, to + length, w);
        return r;
    }

    private static long move(Task t, MemoryManager mm, Vma v, long from, long oldLength, long newLength, long to, boolean keeps) {
        ExecutionContext c = t.ctx;
        int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keeps ? MREMAP_DONTUNMAP : 0);
        long r = exactly(c.hostCall(SyscallNumber.MREMAP, from, oldLength, newLength, flags, to, 0), to);
        if (r == -EFAULT) {
            // What is one mapping here may be several of the host's, which it moves one at a time only.
            r = movePieces(c, from, oldLength, to, flags);
            if (r == 0 && newLength > oldLength) {
                r = mapMore(t, v.withDelta(v.isAnonymous() ? 0 : v.delta + from - to), to + oldLength, newLength - oldLength);
            }
        }
        if (r < 0) return r;
        if (keeps) {
            // The old place stays, empty, and is no longer locked.
            if ((v.flags & Vma.LOCKED) != 0) mm.change(t, from, from + oldLength, -1, 0, Vma.LOCKED | Vma.LOCKONFAULT);
        } else {
            mm.forget(t, from, from + oldLength);
        }
        mm.replace(t, to, to + newLength, v.isAnonymous() ? v : v.withDelta(v.delta + from - to));
        return 0;
    }

    private static long movePieces(ExecutionContext c, long from, long length, long to, int flags) {
        if (length == 4096) return exactly(c.hostCall(SyscallNumber.MREMAP, from, length, length, flags, to, 0), to);
        long half = (length >> 1) + 4095 & -4096L;
        for (int i = 0; i < 2; i++) {
            long at = i == 0 ? 0 : half, n = i == 0 ? half : length - half;
            long r = exactly(c.hostCall(SyscallNumber.MREMAP, from + at, n, n, flags, to + at, 0), to + at);
            if (r == -EFAULT && n > 4096) r = movePieces(c, from + at, n, to + at, flags);
            if (r < 0) return r;
        }
        return 0;
    }

    /** The host's answer is believed only when it is the address that was ordered. */
    private static long exactly(long result, long address) {
        if (result == address) return 0;
        return result < 0 && result > -4096 ? result : -ENOMEM;
    }

    /**
     * remap_file_pages(2): as Linux since 4.0, an ordinary mapping of another part of the same file over a piece of a shared
     * one.
     */
    public static long remapFilePages(Task t, long start, long size, long prot, long pageOffset, int flags) {
        if (prot != 0) return -EINVAL;
        start &= -4096L;
        size &= -4096L;
        if (size <= 0 || start < 0 || start + size < 0 || pageOffset < 0 || pageOffset + (size >> 12) < 0) return -EINVAL;
        MemoryManager mm = t.mm;
        int i = mm.list.at(start);
        if (i < 0 || !mm.list.vma[i].isShared() || start + size > mm.list.end[i]) return -EINVAL;
        Vma v = mm.list.vma[i];
        if (v.file == null || pageOffset >= 1L << 51) return -EINVAL;
        Vma w = v.withDelta((pageOffset << 12) - start);
        long r = mm.checkNotOurs(start, start + size);
        if (r == 0) r = mapMore(t, w, start, size);
        if (r == 0) mm.replace(t, start, start + size, w);
        return r;
    }

    /** Whether locking everything mapped now would exceed RLIMIT_MEMLOCK. */
    static boolean exceedsLockLimit(Task t, long bytes) {
        return bytes > t.group.limits.soft(Limits.MEMLOCK);
    }
}

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.O_PATH;
import static dev.kernelet.abi.Fcntl.F_SEAL_EXEC;
import static dev.kernelet.abi.Fcntl.F_SEAL_SEAL;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Rseq;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.Advice;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.mm.NumaPolicy;
import dev.kernelet.sentry.mm.Remap;
import dev.kernelet.sentry.mm.RemoteMemory;
import dev.kernelet.sentry.vfs.OpenFile;

/** System calls: family mm. */
final class SysMm {
    private SysMm() {}

    /** Longest name of memfd_create(2), without its NUL. */
    private static final int MFD_NAME_MAX = 249;

    /** mmap(2). */
    static long mmap(Task t, long address, long length, int prot, int flags, int fd, long offset) {
        if (t.s3 != 0) return Advice.populateOn(t);
        if ((offset & 4095) != 0) return -EINVAL;
        OpenFile file = null;
        if ((flags & MAP_ANONYMOUS) == 0) {
            file = t.fds.get(fd);
            if (file == null || (file.flags & O_PATH) != 0) return -EBADF;
            // There are no huge pages: hugetlbfs files neither.
            if ((flags & MAP_HUGETLB) != 0) return -EINVAL;
        } else if ((flags & MAP_HUGETLB) != 0) {
            int log = flags >>> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
            return log == 0 || log == 21 || log == 30 ? -ENOMEM : -EINVAL;
        }
        long r = t.mm.mmap(t, address, length, prot, flags, file, file == null ? 0 : offset);
        return length > Task.TURN ? Advice.populateAfter(t, r, r, MemoryManager.pageUp(length), flags) : r;
    }

    /** munmap(2). */
    static long munmap(Task t, long address, long length) {
        Rseq.unmapped(t, address, length);
        return t.mm.munmap(t, address, length);
    }

    /** mprotect(2). */
    static long mprotect(Task t, long address, long length, int prot) {
        return t.mm.mprotect(t, address, length, prot);
    }

    /** mremap(2). */
    static long mremap(Task t, long address, long oldLength, long newLength, int flags, long newAddress) {
        if (t.s3 != 0) return Advice.populateOn(t);
        long r = Remap.mremap(t, address, oldLength, newLength, flags, newAddress);
        return newLength > Task.TURN ? Advice.populateAfter(t, r, r, MemoryManager.pageUp(newLength), 0) : r;
    }

    /** madvise(2). */
    static long madvise(Task t, long address, long length, int advice) {
        return Advice.madvise(t, address, length, advice);
    }

    /** brk(2). */
    static long brk(Task t, long address) {
        if (t.s3 != 0) return Advice.populateOn(t);
        long before = t.mm.brk, now = t.mm.brk(t, address);
        if (now - before <= Task.TURN) return now;
        return Advice.populateAfter(t, now, MemoryManager.pageUp(before), now - before, 0);
    }

    /** msync(2). */
    static long msync(Task t, long address, long length, int flags) {
        return Advice.msync(t, address, length, flags);
    }

    /** mincore(2). */
    static long mincore(Task t, long address, long length, long vector) {
        return Advice.mincore(t, address, length, vector);
    }

    /** mlock(2). */
    static long mlock(Task t, long address, long length) {
        return t.s3 != 0 ? Advice.populateOn(t) : Advice.mlock(t, address, length, false);
    }

    /** mlock2(2). */
    static long mlock2(Task t, long address, long length, int flags) {
        if (t.s3 != 0) return Advice.populateOn(t);
        return (flags & ~MLOCK_ONFAULT) != 0 ? -EINVAL : Advice.mlock(t, address, length, flags != 0);
    }

    /** munlock(2). */
    static long munlock(Task t, long address, long length) {
        return Advice.munlock(t, address, length);
    }

    /** mlockall(2). */
    static long mlockall(Task t, int flags) {
        return t.s3 != 0 ? Advice.populateOn(t) : Advice.mlockall(t, flags);
    }

    /** munlockall(2). */
    static long munlockall(Task t) {
        return Advice.munlockall(t);
    }

    /** memfd_create(2). */
    static long memfd_create(Task t, long nameAddress, int flags) {
        if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) != 0) {
            // Huge pages: sizes are the upper bits; there are none.
            boolean isHuge = (flags & MFD_HUGETLB) != 0 && (flags & 0x3ffffff & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB
                    | MFD_NOEXEC_SEAL | MFD_EXEC)) == 0;
            return isHuge ? -ENODEV : -EINVAL;
        }
        if ((flags & MFD_EXEC) != 0 && (flags & MFD_NOEXEC_SEAL) != 0) return -EINVAL;
        String name = t.mem.string(nameAddress, MFD_NAME_MAX + 1);
        if (name == null) return t.error == -ENAMETOOLONG ? -EINVAL : t.error;
        boolean noExec = (flags & MFD_NOEXEC_SEAL) != 0;
        int seals = (flags & MFD_ALLOW_SEALING) != 0 || noExec ? 0 : F_SEAL_SEAL;
        if (noExec) seals |= F_SEAL_EXEC;
        OpenFile f = Tmpfs.memfd(t, "memfd:" + name, noExec ? 0666 : 0777, seals);
        return t.fds.install(t, f, (flags & MFD_CLOEXEC) != 0);
    }

    /** remap_file_pages(2). */
    static long remap_file_pages(Task t, long start, long size, long prot, long pageOffset, int flags) {
        return Remap.remapFilePages(t, start, size, prot, pageOffset, flags);
    }

    /** mbind(2). */
    static long mbind(Task t, long address, long length, long mode, long nodeMask, long maxNode, int flags) {
        return NumaPolicy.bind(t, address, length, mode, nodeMask, maxNode, flags);
    }

    /** set_mempolicy(2). */
    static long set_mempolicy(Task t, int mode, long nodeMask, long maxNode) {
        return NumaPolicy.set(t, mode, nodeMask, maxNode);
    }

    /** get_mempolicy(2). */
    static long get_mempolicy(Task t, long mode, long nodeMask, long maxNode, long address, long flags) {
        return NumaPolicy.get(t, mode, nodeMask, maxNode, address, flags);
    }

    /** migrate_pages(2). */
    static long migrate_pages(Task t, int pid, long maxNode, long from, long to) {
        Task target = pid == 0 ? t : t.thread(pid);
        if (target == null) return -ESRCH;
        long r = RemoteMemory.mayAccess(t, target);
        return r < 0 ? r : NumaPolicy.migrate(t, maxNode, from, to);
    }

    /** move_pages(2). */
    static long move_pages(Task t, int pid, long count, long pages, long nodes, long status, int flags) {
        Task target = pid == 0 ? t : t.thread(pid);
        if (target == null || target.mm == null) return -ESRCH;
        long r = RemoteMemory.mayAccess(t, target);
        return r < 0 ? r : NumaPolicy.movePages(t, target.mm, count, pages, nodes, status, flags);
    }

    /** process_vm_readv(2). */
    static long process_vm_readv(Task t, int pid, long local, long localCount, long remote, long remoteCount, long flags) {
        return RemoteMemory.transfer(t, pid, local, localCount, remote, remoteCount, flags, false);
    }

    /** process_vm_writev(2). */
    static long process_vm_writev(Task t, int pid, long local, long localCount, long remote, long remoteCount, long flags) {
        return RemoteMemory.transfer(t, pid, local, localCount, remote, remoteCount, flags, true);
    }

    /** process_madvise(2). */
    static long process_madvise(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** mseal(2). */
    static long mseal(Task t, long address, long length, long flags) {
        return Advice.mseal(t, address, length, flags);
    }

    /** pkey_mprotect(2). */
    static long pkey_mprotect(Task t, long address, long length, int prot, int key) {
        return key == -1 ? t.mm.mprotect(t, address, length, prot) : -EINVAL;
    }

    /** pkey_alloc(2). */
    static long pkey_alloc(Task t, long flags, long rights) {
        return flags != 0 || (rights & ~3) != 0 ? -EINVAL : -ENOSPC;
    }

    /** pkey_free(2). */
    static long pkey_free(Task t, int key) {
        return -EINVAL;
    }

    /** userfaultfd(2). */
    static long userfaultfd(Task t, int a0) {
        return -ENOSYS;
    }

    /** memfd_secret(2). */
    static long memfd_secret(Task t, int a0) {
        return -ENOSYS;
    }

    /** membarrier(2). */
    static long membarrier(Task t, int command, int flags, int cpu) {
        // The stub is the process whose threads are meant: the host's own barrier is the true one. Restartable sequences are not
        // offered, and the slow global barrier would hold everybody up.
        int offered = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED
                | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED
                | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
        if (flags != 0) return -EINVAL;
        if (command == MEMBARRIER_CMD_QUERY) {
            long r = t.ctx.hostCall(SyscallNumber.MEMBARRIER, 0, 0, 0, 0, 0, 0);
            return r < 0 ? -ENOSYS : r & offered;
        }
        if (Integer.bitCount(command) != 1 || (command & offered) == 0) return -EINVAL;
        return t.ctx.hostCall(SyscallNumber.MEMBARRIER, command, 0, 0, 0, 0, 0);
    }
}

package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** System calls: family mm. */
final class SysMm {
    private SysMm() {}

    /** mmap(2). */
    static long mmap(Task t, long address, long length, int prot, int flags, int fd, long offset) {
        if ((offset & 4095) != 0) return -EINVAL;
        OpenFile file = null;
        if ((flags & MAP_ANONYMOUS) == 0) {
            file = t.fds.get(fd);
            if (file == null) return -EBADF;
            // There are no huge pages: hugetlbfs files neither.
            if ((flags & MAP_HUGETLB) != 0) return -EINVAL;
        } else if ((flags & MAP_HUGETLB) != 0) {
            int log = flags >>> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
            return log == 0 || log == 21 || log == 30 ? -ENOMEM : -EINVAL;
        }
        return t.mm.mmap(t, address, length, prot, flags, file, file == null ? 0 : offset);
    }

    /** munmap(2). */
    static long munmap(Task t, long address, long length) {
        return t.mm.munmap(t, address, length);
    }

    /** mprotect(2). */
    static long mprotect(Task t, long address, long length, int prot) {
        return t.mm.mprotect(t, address, length, prot);
    }

    /** mremap(2). */
    static long mremap(Task t, long a0, long a1, long a2, int a3, long a4) {
        return -ENOSYS;
    }

    /** madvise(2). */
    static long madvise(Task t, long a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** brk(2). */
    static long brk(Task t, long address) {
        return t.mm.brk(t, address);
    }

    /** msync(2). */
    static long msync(Task t, long a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** mincore(2). */
    static long mincore(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** mlock(2). */
    static long mlock(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** mlock2(2). */
    static long mlock2(Task t, long a0, long a1, int a2) {
        return -ENOSYS;
    }

    /** munlock(2). */
    static long munlock(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** mlockall(2). */
    static long mlockall(Task t, int a0) {
        return -ENOSYS;
    }

    /** munlockall(2). */
    static long munlockall(Task t) {
        return -ENOSYS;
    }

    /** memfd_create(2). */
    static long memfd_create(Task t, long a0, int a1) {
        return -ENOSYS;
    }

    /** remap_file_pages(2). */
    static long remap_file_pages(Task t, long a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** mbind(2). */
    static long mbind(Task t, long a0, long a1, long a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** set_mempolicy(2). */
    static long set_mempolicy(Task t, int a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** get_mempolicy(2). */
    static long get_mempolicy(Task t, long a0, long a1, long a2, long a3, long a4) {
        return -ENOSYS;
    }

    /** migrate_pages(2). */
    static long migrate_pages(Task t, int a0, long a1, long a2, long a3) {
        return -ENOSYS;
    }

    /** move_pages(2). */
    static long move_pages(Task t, int a0, long a1, long a2, long a3, long a4, int a5) {
        return -ENOSYS;
    }

    /** process_vm_readv(2). */
    static long process_vm_readv(Task t, int a0, long a1, long a2, long a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** process_vm_writev(2). */
    static long process_vm_writev(Task t, int a0, long a1, long a2, long a3, long a4, long a5) {
        return -ENOSYS;
    }

    /** process_madvise(2). */
    static long process_madvise(Task t, int a0, long a1, long a2, long a3, int a4) {
        return -ENOSYS;
    }

    /** mseal(2). */
    static long mseal(Task t, long a0, long a1, long a2) {
        return -ENOSYS;
    }

    /** pkey_mprotect(2). */
    static long pkey_mprotect(Task t, long a0, long a1, int a2, int a3) {
        return -ENOSYS;
    }

    /** pkey_alloc(2). */
    static long pkey_alloc(Task t, long a0, long a1) {
        return -ENOSYS;
    }

    /** pkey_free(2). */
    static long pkey_free(Task t, int a0) {
        return -ENOSYS;
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
    static long membarrier(Task t, int a0, int a1, int a2) {
        return -ENOSYS;
    }
}

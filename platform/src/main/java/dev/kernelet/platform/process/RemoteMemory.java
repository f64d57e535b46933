package dev.kernelet.platform.process;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.AddressSpace;

/**
 * Memory of other processes from outside: by process_vm_readv(2) and process_vm_writev(2) or, where a
 * container's filter forbids these, by /proc/PID/mem. Whoever may trace a process may do both, from any
 * thread, while it runs or stands. The latter writes to read-only memory, too (ptrace(2)), so the
 * application's own mappings are asked first.
 */
public final class RemoteMemory {
    private static final int EPERM = 1, ESRCH = 3, EIO = 5, EFAULT = 14, ENOSYS = 38, O_RDWR = 2;
    private static final int PROT_READ = 1, PROT_WRITE = 2;

    /** One process: a live thread of it, and its /proc/PID/mem once that was needed. */
    public static class Target {
        /** A thread that lives: the first one's id is no good once it has ended. */
        public int tid;
        private long memFd = -1;

        /** The descriptor of its /proc/PID/mem, or -errno. */
        public final long open() {
            if (memFd < 0) memFd = Host.openProc(tid, "mem", O_RDWR);
            return memFd;
        }

        public final void close() {
            if (memFd >= 0) Host.close(memFd);
            memFd = -1;
        }
    }

    private final long iovs = Memory.allocate(32);
    private volatile boolean vmCalls;

    /** @param vmCalls false: without process_vm_readv */
    public RemoteMemory(boolean vmCalls) { this.vmCalls = vmCalls; }

    /**
     * Bytes read (or written) until the first fault, or a negative errno. Kernel lock.
     *
     * @param map the application's memory; null: the range is the platform's own
     */
    public long transfer(Target t, AddressSpace.TextMap map, long address, long local, long length, boolean write) {
        if (vmCalls) {
            synchronized (this) {
                Memory.putLong(iovs, local);
                Memory.putLong(iovs + 8, length);
                Memory.putLong(iovs + 16, address);
                Memory.putLong(iovs + 24, length);
                long n = write ? Host.vmWrite(t.tid, iovs) : Host.vmRead(t.tid, iovs);
                if (n != -EPERM && n != -ENOSYS) return n;
                vmCalls = false;
            }
        }
        length = allowed(map, address, length, write);
        if (length == 0) return -EFAULT;
        long fd = t.open();
        if (fd < 0) return fd;
        long n = write ? Host.pwrite(fd, local, length, address) : Host.pread(fd, local, length, address);
        // EIO: an unmapped page. 0: the process has no memory any more.
        return n == -EIO ? -EFAULT : n == 0 && length > 0 ? -ESRCH : n;
    }

    /** How much of a copy the application itself could make, for ways that do not look at protections. Kernel lock. */
    public static long allowed(AddressSpace.TextMap map, long address, long length, boolean write) {
        return map == null ? length : map.allowed(address, length, write ? PROT_WRITE : PROT_READ);
    }

    /** The text of the host's /proc/PID/name, at most 4 MiB; null when it cannot be read. */
    public static String text(int pid, String name) {
        long fd = Host.openProc(pid, name, 0);
        if (fd < 0) return null;
        int size = 64 << 10, max = 4 << 20;
        long buffer = Memory.allocate(size);
        long length = 0, n;
        while ((n = Host.read(fd, buffer + length, size - length)) > 0) {
            length += n;
            if (size - length >= 4096 || size == max) continue;
            long larger = Memory.allocate(size * 2);
            Memory.copy(buffer, larger, length);
            Memory.free(buffer);
            buffer = larger;
            size *= 2;
        }
        Host.close(fd);
        String text = n < 0 ? null : Memory.getBytes(buffer, (int) length);
        Memory.free(buffer);
        return text;
    }
}

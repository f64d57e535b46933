package dev.kernelet.sentry.mm;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/**
 * An object of shared memory without a file: what a MAP_SHARED | MAP_ANONYMOUS mapping or a System V segment maps. Counted
 * by the mappings (list entries) that show it. Kernel lock.
 *
 * <p>A shared anonymous mapping is the host's own and reaches children through the host's fork, so the object is only
 * its identity (futex keys, merging); a System V segment is attached by any process, so its subclass has a host memfd.
 */
public class SharedMemory {
    /** The host descriptor that holds the bytes; -1: they live in the host mappings alone. */
    public final int hostFd;
    /** The same for reading alone; -1: not asked for yet. */
    private int readFd = -1;
    /** Number of mappings in all address spaces. */
    public int mappings;

    public SharedMemory(int hostFd) { this.hostFd = hostFd; }

    /** What a mapping is made from; if it may not write, a descriptor that cannot, as it may be caught. */
    final int descriptor(boolean mayWrite) {
        if (mayWrite || hostFd < 0) return hostFd;
        if (readFd < 0) {
            long r = HostProc.reopenReadOnly(hostFd);
            readFd = r < 0 ? hostFd : (int) r;
        }
        return readFd;
    }

    /** The host descriptors are no longer needed. */
    public final void close() {
        if (readFd >= 0 && readFd != hostFd) HostCall.call(SyscallNumber.CLOSE, readFd);
        if (hostFd >= 0) HostCall.call(SyscallNumber.CLOSE, hostFd);
    }

    /** What /proc/PID/maps shows as the mapping's name. */
    public String name() { return "/dev/zero (deleted)"; }

    protected void mapped() { mappings++; }

    /** One mapping less; the last one may free the object. */
    protected void unmapped() { mappings--; }
}

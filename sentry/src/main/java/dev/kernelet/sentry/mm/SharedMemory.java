package dev.kernelet.sentry.mm;

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
    /** Number of mappings in all address spaces. */
    public int mappings;

    public SharedMemory(int hostFd) { this.hostFd = hostFd; }

    /** What /proc/PID/maps shows as the mapping's name. */
    public String name() { return "/dev/zero (deleted)"; }

    protected void mapped() { mappings++; }

    /** One mapping less; the last one may free the object. */
    protected void unmapped() { mappings--; }
}

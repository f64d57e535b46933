package dev.kernelet.platform;

/**
 * One application address space: a host process of the platform. All of an application's threads share it.
 */
public abstract class AddressSpace {
    /** For the Sentry's use (its MemoryManager). */
    public Object owner;

    /**
     * What a platform that rewrites call sites, or writes memory from outside, must know of the application's
     * memory; set by its memory manager. Null: nothing is rewritten.
     */
    public interface TextMap {
        /**
         * A free range of whole pages within {@code distance} of {@code near}, the platform's from now on:
         * neither mapped nor shown to the application. 0: there is none.
         */
        long reserve(long near, long length, long distance);

        /**
         * The protection (PROT_*) of a range that lies in one private mapping of a file's text which the
         * application itself cannot write to; -1 otherwise.
         */
        int privateText(long address, long length);

        /**
         * How many of the {@code length} bytes at {@code address} the application itself may read (PROT_READ)
         * or write (PROT_WRITE), up to the first it may not. Kernel lock.
         */
        default long allowed(long address, long length, int prot) { return length; }
    }

    public TextMap textMap;

    /** The context the space was born with. */
    public abstract ExecutionContext first();

    /**
     * Kills the process at once, whatever its threads do; every context becomes {@link Trap#DEAD}. Never
     * blocks.
     */
    public abstract void kill();

    public abstract boolean isAlive();

    /**
     * Whether the space can be emptied and given to another program of the same rights: {@code c}, stopped,
     * is its only context, and nothing of the old program can stay.
     */
    public boolean canBeEmptied(ExecutionContext c) { return false; }

    /**
     * Unmaps everything but the platform's own pages, as the first order of a batch that has begun on the
     * first context ({@link ExecutionContext#beginBatch}). Only after {@link #canBeEmptied}.
     */
    public void empty() { throw new UnsupportedOperationException(); }

    /** The host process id, for {@code /proc/PID} look-ups and tests; 0 when dead. */
    public abstract int hostPid();

    /** The address of the vDSO image kept mapped for the application, or 0 (goes into AT_SYSINFO_EHDR). */
    public abstract long vdsoBase();

    /**
     * Reads application memory without any of its threads: any time while the process lives, also while they
     * run. Slow (1 us or more). Returns bytes read, or a negative errno.
     */
    public final long readRemote(long userAddress, long destination, long length) {
        return remote(userAddress, destination, length, false);
    }

    /** Writes application memory without any of its threads; see {@link #readRemote}. */
    public final long writeRemote(long userAddress, long source, long length) {
        return remote(userAddress, source, length, true);
    }

    protected abstract long remote(long userAddress, long local, long length, boolean write);

    /**
     * The text of the host's {@code /proc/PID/name} for this process ("statm", "smaps"...), at most 4 MiB;
     * null when it cannot be read. For figures only the host knows (resident memory). Slow.
     */
    public String hostProc(String name) { return null; }
}

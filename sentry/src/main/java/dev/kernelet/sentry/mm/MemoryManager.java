package dev.kernelet.sentry.mm;

import dev.kernelet.platform.AddressSpace;

/** The mappings of one address space; shared by tasks with CLONE_VM. Kernel lock. */
public final class MemoryManager {
    public AddressSpace space;
    public int users = 1;

    /**
     * Whether the whole range may be read (or written) according to the mappings. When false a copy would fault: EFAULT
     * before anything is done. When true the host may still fault it (a file cut short).
     */
    public boolean isAccessible(long address, long length, boolean write) { return true; }

    /** For futex keys: the object behind a shared mapping at {@code address} (inode or shared memory), or null if private. */
    public Object sharedKey(long address) { return null; }

    /** The offset in {@link #sharedKey}'s object that {@code address} maps. */
    public long sharedOffset(long address) { return address; }
}

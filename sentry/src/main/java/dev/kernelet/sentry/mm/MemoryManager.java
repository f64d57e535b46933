package dev.kernelet.sentry.mm;

import dev.kernelet.platform.AddressSpace;
import dev.kernelet.sentry.kernel.Task;

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

    /** One task more uses this memory (CLONE_VM). */
    public MemoryManager hold() {
        users++;
        return this;
    }

    /** One task less uses it; the last one gives all mappings back and kills the host process. {@code t} may be null. */
    public void put(Task t) {
        if (--users > 0) return;
        if (space != null) space.kill();
    }

    /** fork(2): the memory of a child whose {@code childSpace} is a host copy of this one's. One user. */
    public MemoryManager fork(Task parent, AddressSpace childSpace) {
        var c = new MemoryManager();
        c.space = childSpace;
        childSpace.owner = c;
        return c;
    }
}

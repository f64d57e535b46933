package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Mman.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * What a range of addresses maps and how (vm_area_struct without its bounds, which are the {@link VmaList}'s). Immutable, so
 * that pieces of a split mapping and forked address spaces share it; counted by the list entries that use it.
 */
public final class Vma {
    public static final int SHARED = 1, GROWSDOWN = 2, LOCKED = 4, LOCKONFAULT = 8, NORESERVE = 0x10, DONTFORK = 0x20,
            WIPEONFORK = 0x40, DONTDUMP = 0x80, HUGEPAGE = 0x100, NOHUGEPAGE = 0x200, SEALED = 0x400, STACK = 0x800,
            MAYREAD = 0x1000, MAYWRITE = 0x2000, MAYEXEC = 0x4000, DROPPABLE = 0x8000, SEQUENTIAL = 0x10000,
            RANDOM = 0x20000, GUARDED = 0x40000;
    /** The platform's own pages inside the application's range (trampolines): not shown, not for the application. */
    public static final int RESERVED = 0x80000;
    /** A private mapping of a file that was never writable: it still shows the file and nothing else. */
    static final int PRISTINE = 0x100000;
    static final int MAY_ALL = MAYREAD | MAYWRITE | MAYEXEC;

    public final int prot;
    public final int flags;
    /** The mapped file; this object holds one reference to it. */
    public final OpenFile file;
    public final SharedMemory shared;
    /** Address plus delta is the offset in the file or shared memory; 0 for private anonymous memory. */
    public final long delta;
    private int uses;

    Vma(int prot, int flags, OpenFile file, SharedMemory shared, long delta) {
        this.prot = prot;
        this.flags = flags;
        this.file = file;
        this.shared = shared;
        this.delta = delta;
    }

    static Vma anonymous(int prot, int flags) { return new Vma(prot, flags | MAY_ALL, null, null, 0); }

    Vma with(int newProt, int newFlags) {
        if ((newProt & PROT_WRITE) != 0) newFlags &= ~PRISTINE;
        return new Vma(newProt, newFlags, file, shared, delta);
    }

    Vma withDelta(long newDelta) { return new Vma(prot, flags, file, shared, newDelta); }

    boolean isAnonymous() { return file == null && shared == null; }

    public boolean isShared() { return (flags & SHARED) != 0; }

    /** Private, writable and no stack: what RLIMIT_DATA counts. */
    boolean isData() { return (prot & PROT_WRITE) != 0 && (flags & (SHARED | GROWSDOWN)) == 0; }

    boolean isReadable() { return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) != 0; }

    boolean isWritable() { return (prot & PROT_WRITE) != 0; }

    boolean mayNotBe(int newProt) {
        return (newProt & PROT_WRITE) != 0 && (flags & MAYWRITE) == 0
                || (newProt & PROT_EXEC) != 0 && (flags & MAYEXEC) == 0;
    }

    static boolean isLocked(int flags) { return (flags & (LOCKED | LOCKONFAULT)) == LOCKED; }

    /**
     * Flags of mmap(2) for the host. MAP_NORESERVE always: what may be promised is the sandbox's limit, not the
     * host's heuristics. Where there is much to fault in, {@link Advice#populateAfter} does it.
     */
    static int hostFlags(int flags, int vmFlags, long length) {
        boolean isWanted = (flags & MAP_POPULATE) != 0 && (flags & MAP_NONBLOCK) == 0 || isLocked(vmFlags);
        return MAP_NORESERVE | (isWanted && length <= Task.TURN ? MAP_POPULATE : 0);
    }

    static boolean isOnNoexec(OpenFile file) {
        boolean isMounted = file.path != null && file.path.mount != null;
        return isMounted && (file.path.mount.flags & 8 /* MS_NOEXEC */) != 0;
    }

    /** Whether neighbours of these kinds are one mapping. */
    boolean sameAs(Vma o) {
        return o == this || prot == o.prot && flags == o.flags && file == o.file && shared == o.shared && delta == o.delta;
    }

    /** One list entry more. */
    void hold() {
        if (uses++ == 0 && file != null) {
            file.hold();
            if ((flags & (SHARED | MAYWRITE)) == (SHARED | MAYWRITE)) file.writableMappings(1);
        }
        if (shared != null) shared.mapped();
    }

    /** One list entry less. */
    void put(Task t) {
        if (shared != null) shared.unmapped();
        if (--uses == 0 && file != null) {
            if ((flags & (SHARED | MAYWRITE)) == (SHARED | MAYWRITE)) {
                file.writableMappings(-1);
                if (isWritable()) file.mappingWritten();
            }
            file.put(t);
        }
    }
}

package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** How the program loader maps into a fresh address space, at addresses of its choice. Later mappings replace earlier ones. */
public final class LoadedMappings {
    private final Task t;
    private final MemoryManager mm;
    private final ExecutionContext c;

    public LoadedMappings(Task t, MemoryManager mm, ExecutionContext c) {
        this.t = t;
        this.mm = mm;
        this.c = c;
    }

    /** A private mapping of the file, whose host descriptor is {@code fd}: 0 or -errno. */
    public long file(long from, long to, int prot, OpenFile file, int fd, long offset) {
        if (mm.mdwe != 0 && ExecGain.isDenied(prot, prot)) return -EACCES;
        long r = c.mapFd(from, to - from, prot, MAP_PRIVATE, fd, offset);
        if (r < 0) return r;
        mm.replace(t, from, to, new Vma(prot, Vma.MAY_ALL, file, null, offset - from));
        return 0;
    }

    public long anonymous(long from, long to, int prot) { return anonymous(from, to, prot, 0); }

    long anonymous(long from, long to, int prot, int flags) {
        long r = c.mapAnonymous(from, to - from, prot, MAP_PRIVATE | MAP_NORESERVE);
        if (r < 0) return r;
        mm.replace(t, from, to, Vma.anonymous(prot, flags));
        return 0;
    }

    public long protect(long from, long to, int prot) {
        if (mm.mdwe != 0 && ExecGain.isDenied(prot, prot)) return -EACCES;
        long r = c.hostCall(SyscallNumber.MPROTECT, from, to - from, prot, 0, 0, 0);
        if (r < 0) return r;
        mm.change(t, from, to, prot, 0, 0);
        return 0;
    }

    /**
     * The main stack: mapped down to its limit at once, so that the host's own faults grow it and none comes here. (A limit
     * raised later is honoured by {@link MemoryManager#fault}.)
     */
    public long stack(long from, long to, int prot) {
        return anonymous(from, to, prot, Vma.GROWSDOWN | Vma.STACK);
    }
}

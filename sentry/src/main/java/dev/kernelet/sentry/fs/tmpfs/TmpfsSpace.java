package dev.kernelet.sentry.fs.tmpfs;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Kernel;
import java.util.ArrayList;

/** What all tmpfs of one kernel share: the room they may use together, and buffers for host calls. Kernel lock. */
final class TmpfsSpace {
    private static final int SYS_SYSINFO = 99;

    final long limit;
    long used;
    /** The name of all memfds, for the host's /proc. */
    final long memfdName = Memory.allocate(16);
    final long stat = Memory.allocate(Stat.SIZE);
    /** Files that can be written through mappings, past any charge: they are counted anew now and then. */
    final ArrayList<FileContent> mapped = new ArrayList<>();
    /** Where memfd_create(2) files live. */
    Tmpfs anonymous;

    private TmpfsSpace(long limit) {
        this.limit = limit;
        Memory.putBytes(memfdName, "tmpfs");
    }

    static TmpfsSpace of(Kernel k) {
        if (k.root.tmpfs == null) {
            k.root.tmpfs = new TmpfsSpace(k.options.memoryLimit > 0 ? k.options.memoryLimit : hostMemory() / 2);
        }
        return (TmpfsSpace) k.root.tmpfs;
    }

    private static long hostMemory() {
        long p = Memory.allocate(128);
        long r = HostCall.call(SYS_SYSINFO, p);
        long total = r < 0 ? 1L << 30 : Memory.getLong(p + 32) * Math.max(1, Memory.getInt(p + 104));
        Memory.free(p);
        return total;
    }
}

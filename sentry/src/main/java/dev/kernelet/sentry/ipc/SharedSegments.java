package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Pid;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.SharedMemory;
import java.util.ArrayList;

/** System V shared memory (shmget(2), shmop(2), shmctl(2)). */
public final class SharedSegments {
    private static final int SHMMNI = 4096;
    /** ULONG_MAX - 2^24: the default of shmmax and shmall. */
    private static final long SHMMAX = -1L - (1L << 24);
    private static final long NAME = Memory.allocate(16);
    static { Memory.putBytes(NAME, "SYSV"); }

    private final IpcTable<Segment> table = new IpcTable<>(SHMMNI);
    private long pages;
    /** In all namespaces together: each has a descriptor of the Sentry. */
    private static final ArrayList<Segment> ALL = new ArrayList<>();
    private static final long STAT = Memory.allocate(Stat.SIZE);

    /** A segment; its bytes are in a host memfd, mapped by all that attach it. */
    static final class Segment extends IpcObject {
        final SharedSegments owner;
        final Bytes bytes;
        final long size;
        long atime, dtime;
        Pid cpid, lpid;

        Segment(SharedSegments owner, int hostFd, long size) {
            this.owner = owner;
            this.size = size;
            bytes = new Bytes(this, hostFd);
        }

        @Override
        protected long stat(Task t, long buffer) {
            long p = t.mem.scratch(SHMID_DS_SIZE);
            putPerm(t, p);
            Memory.putLong(p + SHM_SEGSZ, size);
            Memory.putLong(p + SHM_ATIME, atime);
            Memory.putLong(p + SHM_DTIME, dtime);
            Memory.putLong(p + SHM_CTIME, ctime);
            Memory.putInt(p + SHM_CPID, Pid.in(cpid, t.group.pids));
            Memory.putInt(p + SHM_LPID, Pid.in(lpid, t.group.pids));
            Memory.putLong(p + SHM_NATTCH, bytes.mappings);
            return t.mem.out(buffer, p, SHMID_DS_SIZE);
        }

        @Override
        protected void show(StringBuilder b, PidNamespace viewer) {
            IpcText.column(b, key, 10).column(id, 10).octal(mode, 5).column(size, 21)
                    .column(Pid.in(cpid, viewer), 5).column(Pid.in(lpid, viewer), 5)
                    .column(bytes.mappings, 5).column(uid, 5).column(gid, 5).column(cuid, 5)
                    .column(cgid, 5).column(atime, 10).column(dtime, 10).column(ctime, 10)
                    .column(size + 4095 & -4096L, 21).column(0, 21).end();
        }
    }

    /** The mappable side of a segment. */
    static final class Bytes extends SharedMemory {
        final Segment segment;

        Bytes(Segment segment, int hostFd) {
            super(hostFd);
            this.segment = segment;
        }

        @Override
        public String name() {
            String hex = Integer.toHexString(segment.key);
            return "/SYSV" + "00000000".substring(hex.length()) + hex + " (deleted)";
        }

        @Override
        protected void mapped() {
            super.mapped();
            segment.atime = HostCall.clockNanos(0) / 1_000_000_000L;
        }

        @Override
        protected void unmapped() {
            super.unmapped();
            segment.dtime = HostCall.clockNanos(0) / 1_000_000_000L;
            if (mappings == 0 && (segment.mode & SHM_DEST) != 0) segment.owner.destroy(segment);
        }
    }

    private void destroy(Segment s) {
        table.remove(s);
        ALL.remove(s);
        pages -= s.size + 4095 >>> 12;
        s.bytes.close();
    }

    /** At once, or when it is attached no more. */
    private void remove(Segment s) {
        if (s.bytes.mappings == 0) {
            destroy(s);
        } else {
            s.mode |= SHM_DEST;
            s.key = IPC_PRIVATE;
        }
    }

    /** The namespace ends. */
    void removeAll() {
        for (int i = table.maxIndex(); i >= 0; i--) {
            Segment s = table.bySlot(i);
            if (s != null) remove(s);
        }
    }

    public long get(Task t, int key, long size, int flags) {
        long r = table.find(t, key, flags);
        Segment s = table.found;
        if (s != null) {
            r = s.access(t, flags);
            if (r < 0) return r;
            return Long.compareUnsigned(size, s.size) > 0 ? -EINVAL : s.id;
        }
        if (r < 0) return r;
        if (size <= 0 || size > 1L << 46) return size <= 0 ? -EINVAL : -ENOMEM;
        // There are no huge pages.
        if ((flags & SHM_HUGETLB) != 0) return -ENOMEM;
        if (ALL.size() >= SHMMNI) return -ENOSPC;
        long fd = HostCall.call(SyscallNumber.MEMFD_CREATE, NAME, MFD_CLOEXEC);
        if (fd < 0) return -ENOSPC;
        long length = size + 4095 & -4096L;
        r = HostCall.call(SyscallNumber.FTRUNCATE, fd, length);
        if (r < 0) {
            HostCall.call(SyscallNumber.CLOSE, fd);
            return -ENOMEM;
        }
        s = new Segment(this, (int) fd, size);
        s.cpid = t.group.identity();
        ALL.add(s);
        pages += length >> 12;
        return table.add(t, s, key, flags);
    }

    /** Bytes of memory that all segments take, attached or not. */
    public static long inUse() {
        long bytes = 0;
        for (Segment s : ALL) {
            long r = HostCall.call(SyscallNumber.FSTAT, s.bytes.hostFd, STAT);
            if (r >= 0) bytes += Memory.getLong(STAT + Stat.BLOCKS) << 9;
        }
        return bytes;
    }

    public long attach(Task t, int id, long address, int flags) {
        Segment s = table.get(t, id);
        if (s == null) return t.error;
        if (address != 0) {
            if ((address & 4095) != 0) {
                if ((flags & SHM_RND) == 0) return -EINVAL;
                address &= -4096L;
                if (address == 0 && (flags & SHM_REMAP) != 0) return -EINVAL;
            }
        } else if ((flags & SHM_REMAP) != 0) {
            return -EINVAL;
        }
        boolean readOnly = (flags & SHM_RDONLY) != 0, exec = (flags & SHM_EXEC) != 0;
        long r = s.access(t, 0444 | (readOnly ? 0 : 0222) | (exec ? 0111 : 0));
        if (r < 0) return r;
        int prot = PROT_READ | (readOnly ? 0 : PROT_WRITE) | (exec ? PROT_EXEC : 0);
        r = t.mm.attach(t, address, s.size, prot, s.bytes, !readOnly, (flags & SHM_REMAP) != 0);
        if (r >= 0) s.lpid = t.group.identity();
        return r;
    }

    public long detach(Task t, long address) {
        if ((address & 4095) != 0) return -EINVAL;
        SharedMemory m = t.mm.detach(t, address);
        if (m == null) return -EINVAL;
        if (m instanceof Bytes b) b.segment.lpid = t.group.identity();
        return 0;
    }

    public long control(Task t, int id, int command, long buffer) {
        if (command < 0 || id < 0) return -EINVAL;
        switch (command) {
            case IPC_INFO -> { return info(t, buffer); }
            case SHM_INFO -> { return usage(t, buffer); }
            default -> { }
        }
        boolean bySlot = command == SHM_STAT || command == SHM_STAT_ANY;
        Segment s = table.get(t, id, bySlot);
        if (s == null) return t.error;
        switch (command) {
            case IPC_STAT, SHM_STAT, SHM_STAT_ANY -> {
                return s.stat(t, buffer, bySlot, command == SHM_STAT_ANY);
            }
            case IPC_SET -> { return s.set(t, buffer, SHMID_DS_SIZE); }
            case IPC_RMID -> {
                long r = s.control(t);
                if (r < 0) return r;
                remove(s);
                return 0;
            }
            case SHM_LOCK, SHM_UNLOCK -> {
                if (!t.cred.capable(Credentials.CAP_IPC_LOCK)) {
                    if (t.cred.euid != s.uid && t.cred.euid != s.cuid) return -EPERM;
                    if (command == SHM_LOCK && t.group.limits.soft(Limits.MEMLOCK) == 0) return -EPERM;
                }
                s.mode = command == SHM_LOCK ? s.mode | SHM_LOCKED : s.mode & ~SHM_LOCKED;
                return 0;
            }
            default -> { return -EINVAL; }
        }
    }

    private long info(Task t, long buffer) {
        long p = t.mem.scratch(SHMINFO_SIZE);
        Memory.putLong(p, SHMMAX);
        Memory.putLong(p + 8, 1);
        Memory.putLong(p + 16, SHMMNI);
        Memory.putLong(p + 24, SHMMNI);
        Memory.putLong(p + 32, SHMMAX);
        return table.outInfo(t, buffer, p, SHMINFO_SIZE);
    }

    private long usage(Task t, long buffer) {
        long p = t.mem.scratch(SHM_INFO_SIZE);
        Memory.putInt(p, table.used());
        Memory.putLong(p + 8, pages);
        Memory.putLong(p + 16, pages);
        return table.outInfo(t, buffer, p, SHM_INFO_SIZE);
    }

    /** The lines of /proc/sysvipc/shm below the heading. */
    public String show(PidNamespace viewer) { return table.show(viewer); }
}

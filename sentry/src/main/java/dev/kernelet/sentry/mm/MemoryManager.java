package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.Registers;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/**
 * The mappings of one address space (mm_struct); shared by tasks with CLONE_VM. Kernel lock.
 *
 * <p>The memory itself is the host's: it faults pages in, copies them on write and keeps files' pages. This class decides
 * what is mapped where, and orders it from the address space's host process through a stopped thread of it. Every order
 * names the address, so the host decides nothing that matters here, and the list changes only when the order succeeded.
 */
public final class MemoryManager implements AddressSpace.TextMap {
    /** mmap_min_addr. */
    static final long LOWEST = 0x10000, TASK_SIZE = 0x7ffffffff000L;
    /** Larger ones are ordered at once: a host that does not overcommit may refuse them. */
    private static final long DEFERRABLE = 64 << 20;
    static final int GROW_AHEAD = 64 << 10;
    private static final long INITIAL_STACK = 132 << 10;

    public AddressSpace space;
    public int users = 1;
    final VmaList list;

    /** First address that cannot be mapped (PlatformTraits). */
    long userEnd;
    /** mmap places mappings below this, downwards. */
    long mmapBase;
    /** Flags for all future mappings (mlockall MCL_FUTURE). */
    int defaultFlags;
    /** PR_SET_MDWE. */
    public int mdwe;
    /** The memory guard's last look at it. */
    public int lastLook;

    // ---- sizes in bytes
    public long total, data, stack, executable, locked, totalPeak, residentPeak;

    // ---- the program's parts, set by the loader; prctl PR_SET_MM may change them
    public long startCode, endCode, startData, endData, startBrk, brk, startStack;
    public long argStart, argEnd, envStart, envEnd;
    /** AT_* pairs as on the stack, for /proc/PID/auxv. */
    public long[] auxv = {};
    /** /proc/PID/exe: the file run, held. */
    private OpenFile exe;

    public MemoryManager() { list = new VmaList(); }

    private MemoryManager(VmaList list) { this.list = list; }

    /** The memory of a fresh address space; the loader sets the layout. */
    public static MemoryManager of(AddressSpace space, long userEnd) {
        var mm = new MemoryManager();
        mm.space = space;
        mm.userEnd = userEnd;
        mm.mmapBase = userEnd - (1L << 30);
        space.owner = mm;
        space.textMap = mm;
        return mm;
    }

    // ---- questions
    /**
     * Whether the whole range may be read (or written) according to the mappings. When false a copy would fault: EFAULT
     * before anything is done. When true the host may still fault it (a file cut short).
     */
    public boolean isAccessible(long address, long length, boolean write) {
        long to = address + length;
        if (to < address || length < 0) return false;
        if (length == 0) return true;
        VmaList l = list;
        int i = l.find(address);
        for (long at = address; ; i++) {
            if (i >= l.count || l.start[i] > at) return false;
            Vma v = l.vma[i];
            if (write ? !v.isWritable() : !v.isReadable()) return false;
            if (to <= l.end[i]) return true;
            at = l.end[i];
        }
    }

    /** For futex keys: the object behind a shared mapping at {@code address} (inode or shared memory), or null if private. */
    public Object sharedKey(long address) {
        int i = list.at(address);
        if (i < 0) return null;
        Vma v = list.vma[i];
        if (!v.isShared()) return null;
        if (v.shared != null) return v.shared;
        return v.file.inode != null ? v.file.inode : v.file;
    }

    /** The offset in {@link #sharedKey}'s object that {@code address} maps. */
    public long sharedOffset(long address) {
        int i = list.at(address);
        return i < 0 ? address : address + list.vma[i].delta;
    }

    // ---- users
    /** One task more uses this memory (CLONE_VM). */
    public MemoryManager hold() {
        users++;
        return this;
    }

    /** One task less uses it; the last one gives all mappings back and kills the host process. {@code t} may be null. */
    public void put(Task t) {
        if (--users > 0) return;
        if (space != null) space.kill();
        list.clear(t);
        setExe(t, null);
    }

    /** fork(2): the memory of a child whose {@code childSpace} is a host copy of this one's. One user. */
    public MemoryManager fork(Task parent, AddressSpace childSpace) {
        var c = new MemoryManager(list.copy(parent));
        c.space = childSpace;
        childSpace.owner = c;
        childSpace.textMap = c;
        c.userEnd = userEnd;
        c.mmapBase = mmapBase;
        c.startCode = startCode;
        c.endCode = endCode;
        c.startData = startData;
        c.endData = endData;
        c.startBrk = startBrk;
        c.brk = brk;
        c.startStack = startStack;
        c.argStart = argStart;
        c.argEnd = argEnd;
        c.envStart = envStart;
        c.envEnd = envEnd;
        c.auxv = auxv;
        c.mdwe = mdwe == 0 ? 0 : ExecGain.inherited(this);
        c.setExe(parent, exe);
        // Locks are not inherited (mlock(2)).
        if (locked != 0) {
            for (int i = 0; i < c.list.count; i++) {
                Vma v = c.list.vma[i];
                if ((v.flags & Vma.LOCKED) != 0) c.list.set(parent, i, v.with(v.prot, v.flags & ~(Vma.LOCKED | Vma.LOCKONFAULT)));
            }
        }
        for (int i = 0; i < c.list.count; i++) c.account(c.list.vma[i], c.list.end[i] - c.list.start[i]);
        c.totalPeak = c.total;
        return c;
    }

    /** Replaces the program file, holding the new one. */
    public void setExe(Task t, OpenFile file) {
        if (file != null) {
            file.hold();
            if (file.inode != null) file.inode.executions++;
        }
        if (exe != null) {
            if (exe.inode != null) exe.inode.executions--;
            exe.put(t);
        }
        exe = file;
    }

    public OpenFile exe() { return exe; }

    // ---- the list's entries, for /proc and core dumps
    /** Whether other processes may see what is written here. */
    public boolean hasSharedMappings() {
        for (int i = 0; i < list.count; i++) if (list.vma[i].isShared()) return true;
        return false;
    }

    public int mappingCount() { return list.count; }

    public long mappingStart(int i) { return list.start[i]; }

    public long mappingEnd(int i) { return list.end[i]; }

    public Vma mapping(int i) { return list.vma[i]; }

    // ---- accounts
    void account(Vma v, long bytes) {
        if ((v.flags & Vma.RESERVED) != 0) return;
        // The main stack is mapped to its limit, but counts as Linux would have it at the start.
        if ((v.flags & Vma.STACK) != 0) bytes = Math.clamp(bytes, -INITIAL_STACK, INITIAL_STACK);
        total += bytes;
        if (total > totalPeak) totalPeak = total;
        if (v.isData()) data += bytes;
        if ((v.flags & Vma.GROWSDOWN) != 0) stack += bytes;
        if ((v.prot & PROT_EXEC) != 0 && !v.isWritable()) executable += bytes;
        if ((v.flags & Vma.LOCKED) != 0) locked += bytes;
    }

    private void removeAccounted(Task t, long from, long to) {
        VmaList l = list;
        for (int i = l.find(from); i < l.count && l.start[i] < to; i++) {
            account(l.vma[i], Math.max(from, l.start[i]) - Math.min(to, l.end[i]));
        }
        l.remove(t, from, to);
    }

    void addAccounted(Task t, long from, long to, Vma v) {
        list.add(t, from, to, v);
        account(v, to - from);
    }

    /** may_expand_vm: whether limits allow {@code bytes} more (0) or not (-ENOMEM). */
    long mayGrow(Task t, long bytes, boolean isData) {
        Limits limits = t.group.limits;
        if (total + bytes > limits.soft(Limits.AS) || total + bytes < 0) return -ENOMEM;
        if (isData && data + bytes > limits.soft(Limits.DATA)) return -ENOMEM;
        return 0;
    }

    /** mlock(2): whether the task may lock {@code bytes} more. */
    long mayLock(Task t, long bytes) {
        if (t.cred.capable(Credentials.CAP_IPC_LOCK)) return 0;
        long limit = t.group.limits.soft(Limits.MEMLOCK);
        if (limit == 0) return -EPERM;
        return locked + bytes > limit ? -EAGAIN : 0;
    }

    // ---- mmap
    public static long pageUp(long n) { return n + 4095 & -4096L; }

    /** mmap(2) behind the checks of descriptor and offset alignment: an address or -errno. {@code file} is not taken over. */
    public long mmap(Task t, long address, long length, int prot, int flags, OpenFile file, long offset) {
        if (length == 0) return -EINVAL;
        boolean replaces = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == MAP_FIXED;
        length = pageUp(length);
        if (length <= 0) return -ENOMEM;
        if (offset + length < 0 || offset < 0) return -EOVERFLOW;
        if (list.count > VmaList.MAX) return -ENOMEM;
        prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
        address = place(address, length, flags, file == null);
        if (address < 0) return address;
        int f = defaultFlags;
        if ((flags & MAP_LOCKED) != 0) f |= Vma.LOCKED;
        if ((flags & MAP_NORESERVE) != 0) f |= Vma.NORESERVE;
        if ((f & Vma.LOCKED) != 0) {
            long r = mayLock(t, length);
            if (r < 0) return r;
        }
        if ((flags & MAP_GROWSDOWN) != 0) {
            if (file != null || (flags & MAP_TYPE) != MAP_PRIVATE) return -EINVAL;
            f |= Vma.GROWSDOWN;
        }
        if (file == null) return mapAnonymous(t, t.ctx, address, length, prot, flags, f, replaces);
        return mapFile(t, t.ctx, address, length, prot, flags, f, replaces, file, offset);
    }

    private long mapAnonymous(Task t, ExecutionContext c, long address, long length, int prot, int flags, int vmFlags,
            boolean replaces) {
        Vma v;
        int host;
        switch (flags & MAP_TYPE) {
            case MAP_PRIVATE -> {
                v = Vma.anonymous(prot, vmFlags);
                host = MAP_PRIVATE;
            }
            case MAP_SHARED -> {
                v = new Vma(prot, vmFlags | Vma.SHARED | Vma.MAY_ALL, null, new SharedMemory(-1), -address);
                host = MAP_SHARED;
            }
            case MAP_DROPPABLE -> {
                v = Vma.anonymous(prot, vmFlags | Vma.DROPPABLE | Vma.WIPEONFORK | Vma.DONTDUMP | Vma.NORESERVE);
                host = MAP_DROPPABLE;
            }
            default -> { return -EINVAL; }
        }
        long r = checkReplace(t, address, length, v, replaces);
        if (r < 0) return r;
        host |= Vma.hostFlags(flags, vmFlags, length) | MAP_FIXED | MAP_ANONYMOUS;
        // Where there was nothing, other threads have no business before the call is over.
        boolean isDeferred = !replaces && c == t.ctx && defers(t, length)
                && c.deferHostCall(SyscallNumber.MMAP, address, length, prot, host, -1, 0, 0);
        r = isDeferred ? 0 : order(t, c, SyscallNumber.MMAP, address, length, prot, host, 0);
        return mapped(t, r, address, length, v, replaces);
    }

    /**
     * Orders a host call at the application's own range. When nobody else can see the difference it is made on the way back
     * to the application, so that the whole system call is one trip; {@code failure} is its result if the host then refuses
     * (0: the errno). The list then has a mapping too many, which harms nobody. 0 or -errno.
     */
    long order(Task t, ExecutionContext c, int nr, long address, long length, long a2, long a3, long failure) {
        if (isAlone(t, c, length) && c.deferHostCall(nr, address, length, a2, a3, -1, 0, failure)) return 0;
        long r = c.hostCall(nr, address, length, a2, a3, -1, 0);
        if (r == 0 || r == address) return 0;
        return r < 0 && r > -4096 ? r : -EINVAL;
    }

    private boolean isAlone(Task t, ExecutionContext c, long length) {
        return users == 1 && c == t.ctx && defers(t, length);
    }

    /** Whether a host call over so many bytes may wait for the way back to the application. */
    boolean defers(Task t, long length) {
        return !t.attention && length <= DEFERRABLE;
    }

    private long checkReplace(Task t, long address, long length, Vma v, boolean replaces) {
        if (mdwe != 0 && ExecGain.isDenied(v.prot, v.prot)) return -EACCES;
        long more = length;
        if (replaces) {
            long r = checkNotOurs(address, address + length);
            if (r < 0) return r;
            more -= list.mappedIn(address, address + length);
        }
        return mayGrow(t, more, v.isData());
    }

    /** Sealed mappings may not be changed (mseal(2)), nor may the platform's. */
    long checkNotOurs(long from, long to) {
        VmaList l = list;
        for (int i = l.find(from); i < l.count && l.start[i] < to; i++) {
            if ((l.vma[i].flags & (Vma.SEALED | Vma.RESERVED)) != 0) return -EPERM;
        }
        return 0;
    }

    /** Enters what the host has mapped: the address, or the host's errno. */
    private long mapped(Task t, long r, long address, long length, Vma v, boolean replaces) {
        if (r < 0) return r;
        if (replaces) removeAccounted(t, address, address + length);
        addAccounted(t, address, address + length, v);
        return address;
    }

    private long mapFile(Task t, ExecutionContext c, long address, long length, int prot, int flags, int vmFlags,
            boolean replaces, OpenFile file, long offset) {
        int type = flags & MAP_TYPE;
        boolean shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
        if (!shared && type != MAP_PRIVATE) return -EINVAL;
        if (type == MAP_SHARED_VALIDATE) {
            int known = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE
                    | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB
                    | MAP_FIXED_NOREPLACE | MAP_ABOVE4G | MAP_UNINITIALIZED;
            if ((flags & ~known) != 0) return -EOPNOTSUPP;
        }
        int may = Vma.MAY_ALL;
        if (shared) {
            if ((prot & PROT_WRITE) != 0 && !file.isWritable()) return -EACCES;
            vmFlags |= Vma.SHARED;
            if (!file.isWritable()) may &= ~Vma.MAYWRITE;
        }
        if (!file.isReadable()) return -EACCES;
        if (Vma.isOnNoexec(file)) {
            if ((prot & PROT_EXEC) != 0) return -EPERM;
            may &= ~Vma.MAYEXEC;
        }
        boolean writable = shared && file.isWritable();
        long fd = file.mapDescriptor(t, shared, writable);
        if (fd == -EPERM && writable && (prot & PROT_WRITE) == 0) {
            // A sealed memfd (F_SEAL_WRITE): it can be shared, but never written.
            may &= ~Vma.MAYWRITE;
            fd = file.mapDescriptor(t, true, false);
        }
        if (fd == OpenFile.MAP_ZERO) return mapAnonymous(t, c, address, length, prot, shared ? MAP_SHARED : flags, vmFlags, replaces);
        if (fd < 0) return fd;
        if (!shared && (prot & PROT_WRITE) == 0) vmFlags |= Vma.PRISTINE;
        var v = new Vma(prot, vmFlags | may, file, null, offset - address);
        long r = checkReplace(t, address, length, v, replaces);
        if (r < 0) return r;
        if (replaces && !shared && (flags & MAP_POPULATE) == 0 && isMappedAlready(v, address, length)) {
            // A dynamic linker maps a library whole, then its segments over it: they only differ in protection.
            r = order(t, c, SyscallNumber.MPROTECT, address, length, prot, 0, 0);
            if (r < 0) return r;
            change(t, address, address + length, prot, 0, 0);
            return address;
        }
        int host = (shared ? MAP_SHARED : MAP_PRIVATE) | Vma.hostFlags(flags, vmFlags, length);
        // As in order(): on the way back, where nobody sees the difference.
        boolean isDeferred = !shared && isAlone(t, c, length)
                && c.deferMapFd(address, length, prot, host, (int) fd, offset);
        r = isDeferred ? 0 : c.mapFd(address, length, prot, host, (int) fd, offset);
        return mapped(t, r, address, length, v, replaces);
    }

    /** Whether the range shows just what the private mapping {@code v} would, protection aside. */
    private boolean isMappedAlready(Vma v, long address, long length) {
        int i = list.find(address);
        if (i == list.count || list.start[i] > address || list.end[i] < address + length) return false;
        Vma o = list.vma[i];
        return o.file == v.file && o.delta == v.delta && o.flags == (v.flags | Vma.PRISTINE);
    }

    /** get_unmapped_area: where the mapping goes, or -errno. */
    long place(long address, long length, int flags, boolean isAnonymous) {
        if (length > userEnd - LOWEST) return -ENOMEM;
        if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
            if ((address & 4095) != 0) return -EINVAL;
            if (address < 0 || address > userEnd - length) return -ENOMEM;
            if (address < LOWEST) return -EPERM;
            if ((flags & MAP_FIXED_NOREPLACE) != 0 && !list.isFree(address, address + length)) return -EEXIST;
            return address;
        }
        address &= -4096L;
        if (address > 0 && address < LOWEST) address = LOWEST;
        if (address > 0 && address <= userEnd - length && isFreeWithGap(address, address + length)
                && ((flags & MAP_32BIT) == 0 || address + length <= 0x80000000L)) {
            return address;
        }
        if ((flags & MAP_32BIT) != 0) {
            long a = list.findBottomUp(length, 0x40000000L, 0x80000000L);
            return a < 0 ? -ENOMEM : a;
        }
        return findFree(length, isAnonymous);
    }

    /** A free range as mmap would choose it, or -ENOMEM. */
    long findFree(long length, boolean isAnonymous) {
        // Large anonymous mappings are aligned so that huge pages fit, as Linux does since 6.7.
        if (isAnonymous && (length & (2 << 20) - 1) == 0) {
            long a = list.findTopDown(length + (2 << 20) - 4096, LOWEST, mmapBase, false);
            if (a >= 0) return a + (2 << 20) - 4096 & -(2L << 20);
        }
        long a = list.findTopDown(length, LOWEST, mmapBase, true);
        if (a < 0) a = list.findBottomUp(length, userEnd / 3 & -4096L, userEnd);
        return a < 0 ? -ENOMEM : a;
    }

    private boolean isFreeWithGap(long from, long to) {
        int i = list.find(from);
        if (i == list.count) return true;
        long next = list.start[i];
        if ((list.vma[i].flags & Vma.GROWSDOWN) != 0) next -= VmaList.STACK_GAP;
        return to <= next;
    }

    // ---- System V shared memory
    /** shmat(2): maps all of a segment; {@code address} 0 lets the kernel choose. The address or -errno. */
    public long attach(Task t, long address, long size, int prot, SharedMemory s, boolean mayWrite, boolean replaces) {
        long length = pageUp(size);
        if (address != 0) {
            if (address < LOWEST || address > userEnd - length) return -EINVAL;
            if (!replaces && !isFreeWithGap(address, address + length)) return -EINVAL;
        } else {
            address = findFree(length, false);
            if (address < 0) return address;
        }
        if (list.count > VmaList.MAX) return -ENOMEM;
        var v = new Vma(prot, Vma.SHARED | (mayWrite ? Vma.MAY_ALL : Vma.MAYREAD | Vma.MAYEXEC), null, s, -address);
        long r = checkReplace(t, address, length, v, replaces);
        if (r < 0) return r;
        r = t.ctx.mapFd(address, length, prot, MAP_SHARED | MAP_NORESERVE, s.descriptor(mayWrite), 0);
        return mapped(t, r, address, length, v, replaces);
    }

    /** shmdt(2): unmaps what is left of the segment attached at {@code address}; the segment, or null when there is none. */
    public SharedMemory detach(Task t, long address) {
        VmaList l = list;
        int i = l.find(address);
        while (i < l.count && (l.vma[i].shared == null || l.vma[i].shared.hostFd < 0 || l.vma[i].delta != -address)) i++;
        if (i == l.count || address < 0) return null;
        SharedMemory s = l.vma[i].shared;
        for (; i < l.count; i++) {
            Vma v = l.vma[i];
            if (v.shared != s || v.delta != -address) continue;
            long next = l.end[i];
            if (unmap(t, t.ctx, l.start[i], next) < 0) return null;
            i = l.find(next) - 1;
        }
        return s;
    }

    // ---- munmap
    /** munmap(2). */
    public long munmap(Task t, long address, long length) {
        // Above the user's end of this platform is nothing of the application's, which knows of Linux's only.
        boolean isInside = address >= 0 && length > 0 && address <= TASK_SIZE - length;
        if ((address & 4095) != 0 || !isInside) return -EINVAL;
        return unmap(t, t.ctx, Math.min(address, userEnd), Math.min(address + pageUp(length), userEnd));
    }

    long unmap(Task t, ExecutionContext c, long from, long to) {
        VmaList l = list;
        int first = l.find(from);
        if (first == l.count || l.start[first] >= to) return 0;
        for (int i = first; i < l.count && l.start[i] < to; i++) {
            if ((l.vma[i].flags & Vma.SEALED) != 0) return -EPERM;
            if ((l.vma[i].flags & Vma.RESERVED) == 0) continue;
            // The platform's own pages lie between: they stay.
            long next = l.end[i];
            long before = from < l.start[i] ? unmap(t, c, from, l.start[i]) : 0;
            return before < 0 || next >= to ? before : unmap(t, c, next, to);
        }
        long r;
        if (l.start[first] < from && to < l.end[first] && l.count >= VmaList.MAX) return -ENOMEM;
        int end = l.find(to - 1);
        long low = Math.max(from, l.start[first]);
        long high = end < l.count && l.start[end] < to ? to : l.end[end - 1];
        r = order(t, c, SyscallNumber.MUNMAP, low, high - low, 0, 0, 0);
        if (r < 0) return r;
        removeAccounted(t, from, to);
        return 0;
    }

    // ---- mprotect
    /** mprotect(2). */
    public long mprotect(Task t, long address, long length, int prot) {
        int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
        prot &= ~grows;
        if (grows == (PROT_GROWSDOWN | PROT_GROWSUP)) return -EINVAL;
        if ((address & 4095) != 0) return -EINVAL;
        if (length == 0) return 0;
        long to = address + pageUp(length);
        if (to <= address) return -ENOMEM;
        if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)) != 0) return -EINVAL;
        prot &= ~PROT_SEM;
        VmaList l = list;
        int first = l.find(address);
        if (first == l.count) return -ENOMEM;
        if (grows == PROT_GROWSDOWN) {
            if (l.start[first] >= to) return -ENOMEM;
            if ((l.vma[first].flags & Vma.GROWSDOWN) == 0) return -EINVAL;
            address = l.start[first];
        } else if (l.start[first] > address) {
            return -ENOMEM;
        } else if (grows == PROT_GROWSUP) {
            return -EINVAL;
        }
        return protect(t, t.ctx, address, to, prot);
    }

    /** Applies to the mappings up to the first that refuses, in one order to the host. */
    long protect(Task t, ExecutionContext c, long from, long to, int prot) {
        VmaList l = list;
        long sealed = checkNotOurs(from, to);
        if (sealed < 0) return sealed;
        long at = from, result = 0, newData = 0;
        boolean changes = false;
        for (int i = l.find(from); at < to; i++) {
            if (i == l.count || l.start[i] > at) {
                result = -ENOMEM;
                break;
            }
            Vma v = l.vma[i];
            if (v.mayNotBe(prot) || mdwe != 0 && ExecGain.isDenied(v.prot, prot)) {
                result = -EACCES;
                break;
            }
            long end = Math.min(to, l.end[i]);
            if (v.prot != prot) {
                changes = true;
                if ((prot & PROT_WRITE) != 0 && !v.isWritable() && (v.flags & (Vma.SHARED | Vma.GROWSDOWN)) == 0) newData += end - at;
            }
            at = end;
        }
        if (!changes) return result;
        if (newData != 0 && data + newData > t.group.limits.soft(Limits.DATA) && mayGrow(t, 0, false) == 0) return -ENOMEM;
        if (l.count + 2 > VmaList.MAX) return -ENOMEM;
        long r = order(t, c, SyscallNumber.MPROTECT, from, at - from, prot, 0, result);
        if (r < 0) return r;
        change(t, from, at, prot, 0, 0);
        return result;
    }

    /** Sets protection (-1: keep) and flags of all mappings in a range, splitting and joining. */
    void change(Task t, long from, long to, int prot, int setFlags, int clearFlags) {
        VmaList l = list;
        int first = l.split(from);
        int last = l.split(to);
        for (int i = first; i < last; i++) {
            Vma v = l.vma[i];
            int p = prot < 0 ? v.prot : prot;
            int f = v.flags & ~clearFlags | setFlags;
            if (p == v.prot && f == v.flags) continue;
            long bytes = l.end[i] - l.start[i];
            account(v, -bytes);
            // The piece before came from the same mapping more often than not: then it is the same object again.
            Vma w = i > 0 && isChanged(v, l.vma[i - 1], p, f) ? l.vma[i - 1] : v.with(p, f);
            account(w, bytes);
            l.set(t, i, w);
        }
        l.join(t, first, last);
    }

    private static boolean isChanged(Vma from, Vma to, int prot, int flags) {
        return to.prot == prot && to.flags == flags && to.file == from.file && to.shared == from.shared && to.delta == from.delta;
    }

    // ---- brk
    /** brk(2): the break after the call. */
    public long brk(Task t, long address) {
        if (address < startBrk || startBrk == 0) return brk;
        if (address - startBrk + (endData - startData) > t.group.limits.soft(Limits.DATA) || address > userEnd - 4096) return brk;
        long from = pageUp(brk), to = pageUp(address);
        if (to == from) return brk = address;
        if (to < from) {
            if (unmap(t, t.ctx, to, from) < 0) return brk;
            return brk = address;
        }
        if (!isFreeWithGap(from, to + 4096) || mayGrow(t, to - from, true) < 0 || list.count >= VmaList.MAX) return brk;
        int f = defaultFlags;
        if ((f & Vma.LOCKED) != 0 && mayLock(t, to - from) < 0) return brk;
        int host = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | Vma.hostFlags(0, f, to - from);
        if (order(t, t.ctx, SyscallNumber.MMAP, from, to - from, PROT_READ | PROT_WRITE, host, brk) < 0) return brk;
        addAccounted(t, from, to, Vma.anonymous(PROT_READ | PROT_WRITE, f));
        return brk = address;
    }

    // ---- stacks
    /**
     * A fault of the application at {@code address}: true when it was the growth of a stack, which is done (resume); false:
     * deliver the signal.
     */
    public boolean fault(Task t, long address) { return growsDown(t, address & -4096L); }

    /** The same for a range the Sentry is about to access for the application. */
    boolean growFor(Task t, long address, long length, boolean write) {
        if (length <= 0 || address < LOWEST || address > userEnd - length) return false;
        if (!growsDown(t, address & -4096L)) return false;
        return isAccessible(address, length, write);
    }

    /**
     * RLIMIT_STACK was changed by a task of this memory: what is mapped of the main stack ahead of use beyond a lower limit is
     * given back, so that the limit holds. A higher one is reached by growth.
     */
    public void stackLimitChanged(Task t) {
        VmaList l = list;
        int i = l.find(startStack);
        if (i == l.count || (l.vma[i].flags & Vma.STACK) == 0) return;
        long rsp = t.ctx.reg(Registers.RSP);
        // Only the thread that runs on it knows how much of it is in use.
        if (rsp < l.start[i] || rsp >= l.end[i]) return;
        long low = l.end[i] - Math.min(t.group.limits.soft(Limits.STACK), l.end[i] - l.start[i]) + 4095 & -4096L;
        low = Math.min(low, rsp - INITIAL_STACK & -4096L);
        if (low <= l.start[i]) return;
        if (t.ctx.hostCall(SyscallNumber.MUNMAP, l.start[i], low - l.start[i], 0, 0, 0, 0) == 0) l.start[i] = low;
    }

    private boolean growsDown(Task t, long page) {
        VmaList l = list;
        int i = l.find(page);
        if (i == l.count || l.start[i] <= page || (l.vma[i].flags & Vma.GROWSDOWN) == 0) return false;
        Vma v = l.vma[i];
        long top = l.end[i];
        for (int j = i + 1; j < l.count && l.start[j] == top && (l.vma[j].flags & Vma.GROWSDOWN) != 0; j++) top = l.end[j];
        long lowest = i == 0 ? LOWEST : l.end[i - 1] + (l.vma[i - 1].isReadable() ? VmaList.STACK_GAP : 0);
        if (top - page > t.group.limits.soft(Limits.STACK) || page < lowest) return false;
        long limit = Math.max(lowest, top - Math.min(t.group.limits.soft(Limits.STACK), top) + 4095 & -4096L);
        long from = Math.max(Math.min(page, l.start[i] - GROW_AHEAD), limit);
        if (from > page) from = page;
        if (mayGrow(t, l.start[i] - from, false) < 0) return false;
        if (t.ctx.mapAnonymous(from, l.start[i] - from, v.prot, MAP_PRIVATE | MAP_NORESERVE) < 0) return false;
        addAccounted(t, from, l.start[i], v);
        return true;
    }

    // ---- for the loader and the platform
    /** Enters a mapping the host has made. */
    void replace(Task t, long from, long to, Vma v) {
        if (!list.isFree(from, to)) removeAccounted(t, from, to);
        addAccounted(t, from, to, v);
    }

    /** Takes out what the host has already unmapped. */
    void forget(Task t, long from, long to) { removeAccounted(t, from, to); }

    /** Where mmap begins to look for space, downwards. */
    public void setMmapBase(long address) { mmapBase = address; }

    /** A free range for a position-independent image in the area of mmap; {@code align} is a power of two. -ENOMEM. */
    public long findImage(long length, long align) {
        long a = list.findTopDown(length + align - 4096, LOWEST, mmapBase, false);
        return a < 0 ? -ENOMEM : a + align - 1 & -align;
    }

    /** The platform's own mapping at a place of its choice within {@code distance} of {@code near}; 0 when there is none. */
    public long reserve(Task t, long near, long length, long distance) {
        long low = Math.max(LOWEST, near - distance), high = Math.min(userEnd, near + distance);
        length = pageUp(length);
        long a = near > low ? list.findTopDown(length, low, near, false) : -1;
        if (a < 0) a = list.findBottomUp(length, near, high);
        if (a < 0) return 0;
        list.add(t, a, a + length, new Vma(0, Vma.RESERVED, null, null, 0));
        return a;
    }

    @Override
    public long reserve(long near, long length, long distance) { return reserve(null, near, length, distance); }

    @Override
    public int privateText(long address, long length) {
        int i = list.at(address);
        if (i < 0 || address + length > list.end[i]) return -1;
        Vma v = list.vma[i];
        boolean isText = v.file != null && !v.isShared() && (v.prot & (PROT_WRITE | PROT_EXEC)) == PROT_EXEC
                && (v.flags & (Vma.SEALED | Vma.RESERVED)) == 0;
        return isText ? v.prot : -1;
    }

    @Override
    public long allowed(long address, long length, int prot) {
        VmaList l = list;
        long at = address, end = address + length;
        for (int i = l.find(address); at < end && i < l.count && l.start[i] <= at; i++) {
            Vma v = l.vma[i];
            if (prot == PROT_WRITE ? !v.isWritable() : !v.isReadable()) break;
            at = l.end[i];
        }
        return Math.min(at, end) - address;
    }
}

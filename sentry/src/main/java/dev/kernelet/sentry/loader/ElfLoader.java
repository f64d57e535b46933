package dev.kernelet.sentry.loader;

import static dev.kernelet.abi.Elf.*;
import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.LoadedMappings;
import dev.kernelet.sentry.mm.MemoryManager;

/** Maps the segments of an ELF file into a fresh address space, with as few orders to the host as it takes. */
final class ElfLoader {
    private final Task t;
    private final MemoryManager mm;
    private final ExecutionContext c;
    private final LoadedMappings to;
    private final long userEnd;

    ElfLoader(Task t, MemoryManager mm, ExecutionContext c, long userEnd) {
        this.t = t;
        this.mm = mm;
        this.c = c;
        this.userEnd = userEnd;
        to = new LoadedMappings(t, mm, c);
    }

    /** Maps all segments, {@code bias} added to their addresses: 0 or -errno. Records code, data and brk when {@code isMain}. */
    long map(ElfFile e, long bias, boolean isMain) {
        long end = e.high + bias;
        if (e.loads == 0 || e.low + bias < 0x10000 || end > userEnd || end < 0) return e.loads == 0 ? -EINVAL : -ENOMEM;
        long fd = e.file.mapDescriptor(t, false, false);
        if (fd < 0) return fd == Long.MIN_VALUE || fd == -ENODEV ? -ENOEXEC : fd;
        int i = 0;
        while (i < e.loads) {
            int last = i;
            while (last + 1 < e.loads && continues(e, last)) last++;
            long r = mapRun(e, i, last, bias, (int) fd);
            if (r < 0) return r;
            i = last + 1;
        }
        for (i = 0; i < e.loads; i++) {
            long r = bss(e, i, bias);
            if (r < 0) return r;
        }
        if (isMain) record(e, bias);
        return 0;
    }

    /** Whether the next segment follows this one in the file as in memory, so that one mapping can hold both. */
    private static boolean continues(ElfFile e, int i) {
        int j = i + 1;
        if (e.filesz[i] == 0 || e.filesz[j] == 0 || e.memsz[i] != e.filesz[i]) return false;
        if (e.vaddr[j] - e.vaddr[i] != e.offset[j] - e.offset[i]) return false;
        return pageUp(e.vaddr[i] + e.filesz[i]) == (e.vaddr[j] & -4096L);
    }

    /** The file parts of segments first...last in one mapping, then each with its protection. */
    private long mapRun(ElfFile e, int first, int last, long bias, int fd) {
        if (e.filesz[first] == 0) return 0;
        long from = (e.vaddr[first] & -4096L) + bias;
        long end = pageUp(e.vaddr[last] + e.filesz[last]) + bias;
        int prot = e.prot(first);
        long r = to.file(from, end, prot, e.file, fd, e.offset[first] & -4096L);
        for (int i = first + 1; i <= last && r == 0; i++) {
            if (e.prot(i) == prot) continue;
            r = to.protect((e.vaddr[i] & -4096L) + bias, pageUp(e.vaddr[i] + e.filesz[i]) + bias, e.prot(i));
        }
        return r;
    }

    private long bss(ElfFile e, int i, long bias) {
        long zeroFrom = e.vaddr[i] + e.filesz[i] + bias, end = e.vaddr[i] + e.memsz[i] + bias;
        if (zeroFrom == end) return 0;
        long page = e.filesz[i] == 0 ? zeroFrom & -4096L : pageUp(zeroFrom);
        if (page > zeroFrom && (e.prot(i) & PROT_WRITE) != 0) {
            // The rest of the last file page; also what lies behind the segment's end there, as Linux does.
            int n = (int) (page - zeroFrom);
            long zeros = Memory.allocate(n);
            long done = c.copyOut(zeroFrom, zeros, n);
            Memory.free(zeros);
            if (done != n) return -EFAULT;
        }
        if (pageUp(end) <= page) return 0;
        return to.anonymous(page, pageUp(end), e.prot(i));
    }

    private void record(ElfFile e, long bias) {
        long startCode = Long.MAX_VALUE, endCode = 0, startData = 0, endData = 0, brk = 0;
        for (int i = 0; i < e.loads; i++) {
            long a = e.vaddr[i] + bias;
            if ((e.flags[i] & PF_X) != 0 && a < startCode) startCode = a;
            if (a > startData) startData = a;
            long fileEnd = a + e.filesz[i];
            if ((e.flags[i] & PF_X) != 0 && fileEnd > endCode) endCode = fileEnd;
            if (fileEnd > endData) endData = fileEnd;
            if (a + e.memsz[i] > brk) brk = a + e.memsz[i];
        }
        mm.startCode = startCode == Long.MAX_VALUE ? 0 : startCode;
        mm.endCode = endCode;
        mm.startData = startData;
        mm.endData = endData;
        mm.startBrk = mm.brk = pageUp(brk);
    }

    static long pageUp(long n) { return n + 4095 & -4096L; }
}

package dev.kernelet.sentry.loader;

import static dev.kernelet.abi.Elf.*;
import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.vfs.OpenFile;

/** The headers of an ELF64 file, read once and checked: everything in them may be hostile. */
final class ElfFile {
    /** Most bytes of program headers (65536 in Linux): 1170 of them. */
    private static final int MAX_PHDRS = 65536;
    private static final int PATH_MAX = 4096;

    final OpenFile file;
    int type;
    long entry, phoff;
    int phnum;
    /** The program headers of type PT_LOAD. */
    int loads;
    long[] offset, vaddr, filesz, memsz;
    int[] flags;
    /** Largest p_align of a PT_LOAD that is a power of two. */
    long align = 4096;
    boolean execStack;
    String interpreter;
    /** Lowest (page) and highest address, unrelocated. */
    long low, high;

    private ElfFile(OpenFile file) { this.file = file; }

    /** Whether these first bytes are an ELF file's. */
    static boolean isElf(long head, long length) { return length >= 4 && Memory.getInt(head) == MAGIC; }

    /**
     * Reads the headers. {@code head} holds the first {@code length} bytes of the file. Null with t.error: -ENOEXEC, or what
     * execve(2) answers for other defects.
     */
    static ElfFile read(Task t, OpenFile file, long head, long length) {
        var e = new ElfFile(file);
        long r = e.parse(t, head, length);
        if (r == 0) return e;
        t.error = (int) r;
        return null;
    }

    private long parse(Task t, long head, long length) {
        if (length < EHDR_SIZE || !isElf(head, length)) return -ENOEXEC;
        int machine = Memory.getUnsignedShort(head + E_MACHINE);
        if (Memory.getByte(head + E_CLASS) != ELFCLASS64 || Memory.getByte(head + E_DATA) != ELFDATA2LSB || machine != EM_X86_64) {
            DebugLog.warn("exec: not a 64-bit x86-64 program (ELF class " + Memory.getByte(head + E_CLASS) + ", machine "
                    + machine + "); 32-bit programs are not supported");
            return -ENOEXEC;
        }
        type = Memory.getUnsignedShort(head + E_TYPE);
        if (type != ET_EXEC && type != ET_DYN) return -ENOEXEC;
        entry = Memory.getLong(head + E_ENTRY);
        phoff = Memory.getLong(head + E_PHOFF);
        phnum = Memory.getUnsignedShort(head + E_PHNUM);
        int size = phnum * PHDR_SIZE;
        if (Memory.getUnsignedShort(head + E_PHENTSIZE) != PHDR_SIZE || size == 0 || size > MAX_PHDRS) return -ENOEXEC;
        if (phoff < 0) return -ENOEXEC;
        if (phoff <= length - size) return parse(t, head, length, head + phoff);
        long p = Memory.allocate(size);
        long r = file.pread(t, p, size, phoff) == size ? parse(t, head, length, p) : -ENOEXEC;
        Memory.free(p);
        return r;
    }

    private long parse(Task t, long head, long length, long phdrs) {
        int n = 0;
        for (int i = 0; i < phnum; i++) if (Memory.getInt(phdrs + i * PHDR_SIZE) == PT_LOAD) n++;
        offset = new long[n];
        vaddr = new long[n];
        filesz = new long[n];
        memsz = new long[n];
        flags = new int[n];
        for (int i = 0; i < phnum; i++) {
            long p = phdrs + i * PHDR_SIZE;
            switch (Memory.getInt(p + P_TYPE)) {
                case PT_LOAD -> {
                    long r = load(p);
                    if (r < 0) return r;
                }
                case PT_INTERP -> {
                    if (interpreter != null) break;
                    long r = interpreter(t, Memory.getLong(p + P_OFFSET), Memory.getLong(p + P_FILESZ), head, length);
                    if (r < 0) return r;
                }
                case PT_GNU_STACK -> execStack = (Memory.getInt(p + P_FLAGS) & PF_X) != 0;
                default -> { }
            }
        }
        return 0;
    }

    private long load(long p) {
        int i = loads++;
        offset[i] = Memory.getLong(p + P_OFFSET);
        vaddr[i] = Memory.getLong(p + P_VADDR);
        filesz[i] = Memory.getLong(p + P_FILESZ);
        memsz[i] = Memory.getLong(p + P_MEMSZ);
        flags[i] = Memory.getInt(p + P_FLAGS);
        long limit = 1L << 47;
        if (vaddr[i] < 0 || memsz[i] < 0 || filesz[i] < 0 || filesz[i] > memsz[i] || memsz[i] > limit || vaddr[i] > limit - memsz[i]) {
            return -EINVAL;
        }
        // The file must be mappable where the header says.
        if (filesz[i] != 0 && ((offset[i] ^ vaddr[i]) & 4095) != 0 || offset[i] < 0 || offset[i] + filesz[i] < 0) return -EINVAL;
        long a = Memory.getLong(p + P_ALIGN);
        if (a > align && a <= 1L << 30 && (a & a - 1) == 0) align = a;
        long from = vaddr[i] & -4096L, to = vaddr[i] + memsz[i];
        if (i == 0) {
            low = from;
            high = to;
        } else {
            // total_mapping_size assumes rising order; so do we.
            low = Math.min(low, from);
            high = Math.max(high, to);
        }
        return 0;
    }

    private long interpreter(Task t, long at, long size, long head, long length) {
        if (size < 2 || size > PATH_MAX || at < 0) return -ENOEXEC;
        long p = head + at;
        long own = 0;
        if (at > length - size) {
            p = own = Memory.allocate(size);
            if (file.pread(t, p, size, at) != size) {
                Memory.free(own);
                return -EIO;
            }
        }
        boolean terminated = Memory.getByte(p + size - 1) == 0;
        int n = 0;
        while (n < size && Memory.getByte(p + n) != 0) n++;
        if (terminated) interpreter = Memory.getBytes(p, n);
        if (own != 0) Memory.free(own);
        return terminated ? 0 : -ENOEXEC;
    }

    /** PROT_* of segment {@code i}. */
    int prot(int i) { return (flags[i] & PF_R) >> 2 | flags[i] & PF_W | (flags[i] & PF_X) << 2; }
}

package dev.kernelet.sentry.loader;

import static dev.kernelet.abi.Elf.*;
import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

import dev.kernelet.abi.Fcntl;
import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.PlatformTraits;
import dev.kernelet.platform.Registers;
import dev.kernelet.sentry.kernel.Exec;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.ExecGain;
import dev.kernelet.sentry.mm.LoadedMappings;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.OpenFile;

/** Loads programs (ELF, #! scripts). The address space of the caller is never touched. */
public final class Loader {
    /** First bytes of a file read at once: headers, program headers and interpreter name lie there. */
    private static final int HEAD = 4096;
    /** Of these, what may hold a #! line (BINPRM_BUF_SIZE with a terminator). */
    private static final int SCRIPT_HEAD = 255;
    private static final int MAX_SCRIPTS = 5;
    /** Most of the stack that is mapped at the start; what the limit allows beyond comes by growth. */
    private static final long MAX_STACK = 256L << 20;
    private static final int RANDOM = 64;
    private static final int ADDR_NO_RANDOMIZE = 0x40000;

    private final Task t;
    private final ProgramImage image;
    /** One file at a time; held. */
    private OpenFile file;
    private String[] argv;
    private final long head = Memory.allocate(HEAD + RANDOM);
    private final long random = head + HEAD;
    private ElfFile main, interpreter;
    private long userEnd, mainBias, interpreterBias;

    private Loader(Task t, ProgramImage image) {
        this.t = t;
        this.image = image;
    }

    /**
     * Makes {@code image.space} (fresh, from the platform), {@code image.mm} and the memory of the program in it, its stack
     * with argv, envp and auxv included, and sets all registers of {@code image.space.first()} for the first instruction. 0; or a
     * negative errno with everything given back, and the caller's program goes on. May return Task.BLOCKED.
     */
    public static long load(Task t, ProgramImage image) {
        var l = new Loader(t, image);
        long r = l.load();
        Memory.free(l.head);
        if (l.file != null) l.file.put(t);
        if (l.interpreter != null) l.interpreter.file.put(t);
        if (r < 0 && image.mm != null && !image.takesOver) {
            image.mm.put(t);
            image.mm = null;
            image.space = null;
        }
        return r;
    }

    private long load() {
        file = image.file.hold();
        image.isRandomized = (t.personality & ADDR_NO_RANDOMIZE) == 0;
        argv = image.argv.length == 0 ? new String[] {""} : image.argv;
        long r = resolve();
        if (r < 0) return r;
        image.exePath = file.path;
        long stackLimit = t.group.limits.soft(Limits.STACK);
        long strings = InitialStack.measure(image.fileName, argv, image.envp, stackLimit);
        if (strings < 0) return strings;
        if (HostCall.call(SyscallNumber.GETRANDOM, random, RANDOM, 0) != RANDOM) return -EAGAIN;
        PlatformTraits traits = t.kernel.platform.traits();
        userEnd = traits.userEnd();
        boolean takesOver = image.mayTakeOver && willMap(main) && (interpreter == null || willMap(interpreter));
        if (!takesOver || !Exec.vacate(t, image)) image.space = t.kernel.platform.newAddressSpace();
        if (image.space == null) return -ENOMEM;
        image.mm = MemoryManager.of(image.space, userEnd);
        if (t.mm != null && t.mm.mdwe != 0) image.mm.mdwe = ExecGain.inherited(t.mm);
        ExecutionContext c = image.space.first();
        long stackTop = layOut(stackLimit, strings);
        c.beginBatch();
        if (image.takesOver) image.space.empty();
        r = mapFiles(c);
        if (r < 0) return r;
        image.mm.setExe(t, file);
        r = stack(c, stackTop, Math.min(stackLimit, MAX_STACK), strings, traits);
        if (r < 0) return r;
        start(c, r);
        return c.runBatch();
    }

    // ---- what to run
    /** Follows #! lines to the ELF file and reads it and its interpreter. */
    private long resolve() {
        String name = image.fileName;
        for (int depth = 0; ; depth++) {
            if (file.inode != null && file.inode.writers > 0) return -ETXTBSY;
            long n = file.pread(t, head, HEAD, 0);
            if (n < 0) return n;
            if (n < HEAD) Memory.zero(head + n, HEAD - n);
            if (n < 2 || Memory.getByte(head) != '#' || Memory.getByte(head + 1) != '!') return readElf(n);
            if (depth == MAX_SCRIPTS) return -ELOOP;
            name = script(name);
            if (name == null) return -ENOEXEC;
            OpenFile next = FileOpen.openExec(t, Fcntl.AT_FDCWD, name, 0);
            if (next == null) return t.error;
            file.put(t);
            file = next;
        }
    }

    private static boolean isBlank(int c) { return c == ' ' || c == '\t'; }

    /** The interpreter named in a #! line, its arguments put into argv; null when the line is no good (execve(2)). */
    private String script(String scriptName) {
        int end = 2;
        while (end < SCRIPT_HEAD && Memory.getByte(head + end) != '\n') end++;
        boolean isCut = end == SCRIPT_HEAD;
        while (end > 2 && isBlank(Memory.getByte(head + end - 1))) end--;
        int from = 2;
        while (from < end && isBlank(Memory.getByte(head + from))) from++;
        int to = from;
        while (to < end && !isBlank(Memory.getByte(head + to)) && Memory.getByte(head + to) != 0) to++;
        // A line longer than the buffer may lose its argument's end, but not the interpreter's.
        if (to == from || isCut && to == end) return null;
        String name = Memory.getBytes(head + from, to - from);
        int arg = to;
        while (arg < end && isBlank(Memory.getByte(head + arg))) arg++;
        int argEnd = arg;
        while (argEnd < end && Memory.getByte(head + argEnd) != 0) argEnd++;
        int more = argEnd > arg ? 3 : 2;
        var out = new String[argv.length - 1 + more];
        out[0] = name;
        if (more == 3) out[1] = Memory.getBytes(head + arg, argEnd - arg);
        out[more - 1] = scriptName;
        System.arraycopy(argv, 1, out, more, argv.length - 1);
        argv = out;
        return name;
    }

    private long readElf(long length) {
        main = ElfFile.read(t, file, head, length);
        if (main == null) return t.error;
        if (main.interpreter == null) return 0;
        OpenFile f = FileOpen.openExec(t, Fcntl.AT_FDCWD, main.interpreter, 0);
        if (f == null) return t.error;
        long n = f.inode.writers > 0 ? -ETXTBSY : f.pread(t, head, HEAD, 0);
        interpreter = n < EHDR_SIZE ? null : ElfFile.read(t, f, head, n);
        if (interpreter != null) return 0;
        f.put(t);
        return n < 0 ? n : n < EHDR_SIZE ? -EIO : t.error == -ENOEXEC ? -ELIBBAD : t.error;
    }

    /**
     * For a program that is to take its caller's process over: whether mapping this file can fail for want of
     * memory alone, and the caller may read it anyway.
     */
    private boolean willMap(ElfFile e) {
        if (e.loads == 0 || e.align > 1 << 21 || e.file.mapDescriptor(t, false, false) < 0) return false;
        if (Access.check(t.cred, e.file.inode, Access.READ) != 0) return false;
        for (int i = 0; i < e.loads; i++) {
            if (e.filesz[i] == 0 && e.memsz[i] == 0) return false;
            if (i > 0 && e.vaddr[i] < e.vaddr[i - 1] + e.memsz[i - 1]) return false;
            // A partial page of zeros must lie within the file.
            if (e.offset[i] + e.filesz[i] > e.file.inode.size) return false;
        }
        return e.type == ET_DYN ? e.high - e.low < 1L << 40 : e.low >= 0x10000 && e.high <= userEnd;
    }

    // ---- where
    private long random(int word, int bits) {
        return image.isRandomized ? Memory.getLong(random + 8 * word) & (1L << bits) - 1 : 0;
    }

    /** Chooses mmap base and the end of the stack, which is returned. */
    private long layOut(long stackLimit, long strings) {
        long top = userEnd - (random(3, 22) << 12);
        long gap = Math.max(128L << 20, Math.min(stackLimit, 1L << 30)) + (1L << 20);
        // As in Linux the gap is counted from the highest possible stack, so that the two offsets are independent.
        image.mm.setMmapBase(userEnd - (16L << 30) - gap - (random(4, 28) << 12));
        return top;
    }

    private long mapFiles(ExecutionContext c) {
        var to = new ElfLoader(t, image.mm, c, userEnd);
        MemoryManager mm = image.mm;
        if (main.type == ET_DYN) {
            if (main.loads == 0) return -EINVAL;
            long length = ElfLoader.pageUp(main.high) - main.low;
            long base;
            if (interpreter != null) {
                base = (userEnd / 3 * 2 & -4096L) + (random(5, 28) << 12) & -main.align;
            } else {
                base = mm.findImage(length, main.align);
                if (base < 0) return base;
            }
            mainBias = base - (main.low & -main.align);
        }
        long r = to.map(main, mainBias, true);
        if (r < 0) return r;
        if (main.type == ET_DYN && interpreter == null) mm.startBrk = mm.brk = userEnd / 3 * 2 & -4096L;
        // A place in the 32 MB behind the image (arch_randomize_brk).
        mm.startBrk = mm.brk = mm.brk + (random(6, 13) << 12);
        if (interpreter == null) return 0;
        if (interpreter.loads == 0) return -EINVAL;
        if (interpreter.type == ET_DYN) {
            long base = mm.findImage(ElfLoader.pageUp(interpreter.high) - interpreter.low, interpreter.align);
            if (base < 0) return base;
            interpreterBias = base - (interpreter.low & -interpreter.align);
        }
        r = to.map(interpreter, interpreterBias, false);
        return r == -EINVAL ? -ELIBBAD : r;
    }

    // ---- the stack and the start
    /** Maps and fills the stack: the stack pointer or -errno. */
    private long stack(ExecutionContext c, long top, long size, long strings, PlatformTraits traits) {
        long needed = strings + 8L * (argv.length + image.envp.length) + (128 << 10);
        size = Math.max(size, needed) + 4095 & -4096L;
        MemoryManager mm = image.mm;
        int prot = PROT_READ | PROT_WRITE | (main.execStack ? PROT_EXEC : 0);
        long r = new LoadedMappings(t, mm, c).stack(top - size, top, prot);
        if (r < 0) return r;
        var s = new InitialStack(top);
        long vdso = image.space.vdsoBase();
        if (vdso != 0) s.aux(AT_SYSINFO_EHDR, vdso);
        s.aux(AT_MINSIGSTKSZ, minSignalStack(traits));
        s.aux(AT_HWCAP, hardware());
        s.aux(AT_PAGESZ, 4096);
        s.aux(AT_CLKTCK, 100);
        s.aux(AT_PHDR, phdrAddress());
        s.aux(AT_PHENT, PHDR_SIZE);
        s.aux(AT_PHNUM, main.phnum);
        s.aux(AT_BASE, interpreter == null ? 0 : interpreterBias);
        s.aux(AT_FLAGS, 0);
        s.aux(AT_ENTRY, main.entry + mainBias);
        s.auxIds(image.cred, image.isSecure);
        s.aux(AT_HWCAP2, traits.hwcap2());
        return s.write(mm, c, image.fileName, argv, image.envp, strings, random, image.isRandomized);
    }

    private static long hardware = -1;

    /** AT_HWCAP. A virtual machine traps cpuid, so it is asked once. */
    private static long hardware() {
        if (hardware < 0) hardware = HostCall.cpuid(1, 0, 3) & 0xffffffffL;
        return hardware;
    }

    /** Where the program headers are mapped: in the segment whose part of the file holds them. */
    private long phdrAddress() {
        for (int i = 0; i < main.loads; i++) {
            if (main.offset[i] <= main.phoff && main.phoff < main.offset[i] + main.filesz[i]) {
                return main.phoff - main.offset[i] + main.vaddr[i] + mainBias;
            }
        }
        return 0;
    }

    /** Bytes of the largest signal frame: siginfo, ucontext, restorer; the FP image with its magic; alignment. */
    private static long minSignalStack(PlatformTraits traits) {
        return 8 + 128 + 304 + 63 + 8 + traits.xstateSize() + 4 + 15 & -16L;
    }

    private void start(ExecutionContext c, long sp) {
        var regs = new long[Registers.COUNT];
        regs[Registers.RIP] = interpreter == null ? main.entry + mainBias : interpreter.entry + interpreterBias;
        regs[Registers.RSP] = sp;
        regs[Registers.CS] = 0x33;
        regs[Registers.SS] = 0x2b;
        regs[Registers.EFLAGS] = 0x202;
        regs[Registers.ORIG_RAX] = -1;
        c.setRegs(regs);
        c.setFsBase(0);
        c.resetXstate();
    }
}

package dev.kernelet.platform.systrap;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.Registers;
import dev.kernelet.platform.Trap;
import dev.kernelet.platform.stub.StubLayout;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.RemoteMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * The systrap platform by itself: a Sentry of a few calls, tiny guests, checks and figures. Run by
 * bin/systrap-check.
 */
public final class SystrapCheck {
    static SystrapPlatform platform;
    static byte[] guest, stubImage;
    static int failures, checks;

    public static void main(String[] args) throws Exception {
        HostCall.load(Path.of(args[0], "libkernelet.so").toAbsolutePath().toString());
        stubImage = Files.readAllBytes(Path.of(args[0], "kernelet-stub"));
        int image = SystrapPlatform.image(stubImage);
        guest = Files.readAllBytes(Path.of(args[0], "systrap-guest"));
        long t0 = System.nanoTime();
        platform = new SystrapPlatform(image, 0);
        System.out.println("traits " + platform.traits() + " after " + (System.nanoTime() - t0) / 1000
                + " us");
        String only = args.length > 1 ? args[1] : "";
        if (only.isEmpty() || only.equals("basic")) basic();
        patches = true;
        if (only.isEmpty() || only.equals("patches")) patches();
        patches = false;
        if (only.isEmpty() || only.equals("memory")) memory();
        if (only.isEmpty() || only.equals("faults")) faults();
        if (only.isEmpty() || only.equals("many")) many();
        if (only.isEmpty() || only.equals("interrupts")) interrupts();
        if (only.isEmpty() || only.equals("hostile")) hostile();
        if (only.isEmpty() || only.equals("filter")) filter();
        if (only.isEmpty() || only.equals("figures")) figures();
        platform.close();
        long left = HostCall.call(61, -1, 0, 1 | 0x40000000L, 0);
        check("no child is left", left == -10);
        System.out.println(checks + " checks, " + failures + " failures");
        Runtime.getRuntime().halt(failures == 0 ? 0 : 1);
    }

    static void check(String what, boolean ok) {
        checks++;
        if (ok) return;
        failures++;
        System.out.println("FAILED: " + what);
    }

    // ---- a Sentry of a few calls

    static final ArrayList<ExecutionContext> running = new ArrayList<>();
    static final StringBuilder output = new StringBuilder();
    static final ArrayList<Integer> childCodes = new ArrayList<>();
    static final long scratch = Memory.allocate(65536);
    static ExecutionContext main;
    static int code, deaths;
    static ExecutionContext faulted;
    static boolean spin = true;

    static ExecutionContext load(int mode, long argument) {
        var space = platform.newAddressSpace();
        var c = space.first();
        space.textMap = patches ? new Text() : null;
        long at = Memory.allocate(guest.length);
        Memory.copyFromArray(guest, 0, at, guest.length);
        int phnum = Memory.getShort(at + 56);
        for (int i = 0; i < phnum; i++) {
            long ph = at + Memory.getLong(at + 32) + i * 56L;
            if (Memory.getInt(ph) != 1) continue;
            long vaddr = Memory.getLong(ph + 16), filesz = Memory.getLong(ph + 32),
                    memsz = Memory.getLong(ph + 40);
            long from = vaddr & -4096, to = (vaddr + memsz + 4095) & -4096;
            int prot = 7;
            check("map segment", c.mapAnonymous(from, to - from, prot, 2) == 0);
            check("copy segment", c.copyOut(vaddr, at + Memory.getLong(ph + 8), filesz) == filesz);
        }
        check("map stack", c.mapAnonymous(0x7ff000000000L, 0x100000, 3, 2) == 0);
        c.setReg(Registers.RIP, Memory.getLong(at + 24));
        c.setReg(Registers.RSP, 0x7ff000100000L - 64);
        c.setReg(Registers.EFLAGS, 0x202);
        c.setReg(Registers.RDI, mode);
        c.setReg(Registers.RSI, argument);
        c.resetXstate();
        c.setFsBase(0x7ff000001000L);
        Memory.free(at);
        return c;
    }

    static boolean patches, answers;

    /** Trampolines below the guest, all of whose text may be rewritten. */
    static class Text implements dev.kernelet.platform.AddressSpace.TextMap {
        long next = 0x300000;

        public long reserve(long near, long length, long distance) {
            next += length;
            return next - length;
        }

        public int privateText(long address, long length) {
            return address >= 0x400000 && address + length <= 0x440000 ? 7 : -1;
        }
    }

    static int run(int mode, long argument) {
        start(mode, argument);
        return loop();
    }

    static ExecutionContext start(int mode, long argument) {
        main = load(mode, argument);
        running.clear();
        childCodes.clear();
        output.setLength(0);
        code = -1;
        calls = trapped = 0;
        deaths = 0;
        faulted = null;
        running.add(main);
        if (answers) main.setStubAnswer(39, 1234);
        main.resume();
        return main;
    }

    static int loop() {
        long idle = 0;
        while (!running.isEmpty()) {
            boolean any = step();
            if (any) {
                idle = 0;
            } else if (!spin || ++idle > 2000) {
                platform.prepareSleep();
                if (!step()) platform.sleep(-1);
                platform.finishSleep();
            } else {
                Thread.onSpinWait();
            }
        }
        return code;
    }

    static boolean step() {
        boolean any = false;
        for (int i = 0; i < running.size(); i++) {
            var c = running.get(i);
            int trap = c.poll();
            if (trap == Trap.NONE) continue;
            any = true;
            if (trap == Trap.DEAD) {
                running.remove(i--);
                deaths++;
            } else if (trap == Trap.SYSCALL) {
                calls++;
                int event = Memory.getInt(((SystrapContext) c).slot + StubLayout.OFF_EVENT);
                if ((event & StubLayout.EVENT_TRAPPED) != 0) trapped++;
                if (!call(c)) running.remove(c);
            } else if (trap == Trap.FAULT) {
                faulted = c;
                running.remove(i--);
                c.space().kill();
            } else {
                interrupted++;
                c.resume();
            }
        }
        return any;
    }

    static long interrupted;
    static int calls, trapped;

    static boolean call(ExecutionContext c) {
        switch (c.nr) {
            case 110 -> c.resumeSyscall(77);
            case 24 -> c.resumeSyscall(0);
            case 39 -> c.resumeSyscall(1234);
            case 0 -> {
                Memory.fill(c.window(), 64, (byte) 7);
                c.deferWindowOut(0, c.a1, 64);
                c.resumeSyscall(64);
            }
            case 257 -> {
                long n = c.copyInString(scratch, c.a1, 4096);
                c.resumeSyscall(n == 10 && c.a0 == -100 || (int) c.a0 == -100 ? 5 : -2);
            }
            case 4 -> {
                long n = c.copyInString(scratch, c.a0, 4096);
                Memory.fill(c.window(), 144, (byte) 7);
                c.deferWindowOut(0, c.a1, 144);
                c.resumeSyscall(n == 20 ? 0 : -2);
            }
            case 1 -> {
                long n = c.copyIn(scratch, c.a1, c.a2);
                if (output.length() < 10000) output.append(Memory.getBytes(scratch, (int) n));
                c.resumeSyscall(n);
            }
            case 9 -> {
                long r = c.mapAnonymous(0x10000000, c.a1, (int) c.a2, 2);
                c.resumeSyscall(r == 0 ? 0x10000000 : r);
            }
            case 57 -> {
                var child = c.fork();
                if (child == null) {
                    c.resumeSyscall(-11);
                    return true;
                }
                child.first().setReg(Registers.RAX, 0);
                child.textMap = c.space().textMap;
                running.add(child.first());
                child.first().resume();
                c.resumeSyscall(1000);
            }
            case 56 -> {
                var t = c.newThread();
                if (t == null) {
                    c.resumeSyscall(-11);
                    return true;
                }
                t.setReg(Registers.RAX, 0);
                t.setReg(Registers.RSP, c.a1);
                running.add(t);
                t.resume();
                c.resumeSyscall(1001);
            }
            case 60 -> {
                c.exitThread();
                return false;
            }
            case 231 -> {
                if (c == main) code = (int) c.a0;
                else childCodes.add((int) c.a0);
                c.space().kill();
                return false;
            }
            default -> c.resumeSyscall(-38);
        }
        return true;
    }

    // ---- checks

    static void basic() {
        check("hello exits", run(0, 0) == 42);
        check("hello's output: " + output, output.toString().equals("hello\n"));
        check("getppid", run(1, 1000) == 42);
        check("registers, flags, red zone, xmm over a call", run(2, 20000) == 42);
        spin = false;
        check("the same without spinning", run(2, 5000) == 42);
        spin = true;
        for (int mode = 14; mode <= 16; mode++) check("call site form " + mode, run(mode, 200) == 42);
        check("int 0x80 is a call of no number", run(9, 0) == 42);
    }

    static void patches() throws Exception {
        check("getppid", run(14, 1000) == 42);
        check("patched: " + trapped + " of 1000 calls trapped", trapped < 40);
        check("registers, flags, red zone, xmm over a patched call", run(2, 20000) == 42);
        check("also patched: " + trapped, trapped < 40);
        spin = false;
        check("the same without spinning", run(2, 5000) == 42);
        spin = true;
        for (int mode = 14; mode <= 16; mode++) {
            check("call site form " + mode, run(mode, 200) == 42);
            System.out.println("  form " + mode + ": " + trapped + " trapped");
        }
        answers = true;
        check("getpid answered in the stub", run(19, 100_000) == 42);
        check("... nearly always: " + calls, calls < 50);
        check("registers with a ready answer", run(18, 100_000) == 42 && calls < 50);
        answers = false;
        many();
        interrupts();
        answers = true;
        var c = start(18, 10_000_000);
        storm(c);
        check("ready answers under " + interrupted + " interrupts: " + code, code == 42 && interrupted > 20);
        answers = false;
    }

    static void memory() {
        var c = load(0, 0);
        long a = 0x20000000L;
        check("map", c.mapAnonymous(a, 0x20000, 3, 2) == 0);
        for (int i = 0; i < 65536; i++) Memory.putByte(scratch + i, (byte) (i * 7));
        check("copyOut", c.copyOut(a, scratch, 65536) == 65536);
        long back = Memory.allocate(0x40000);
        check("copyIn", c.copyIn(back, a, 65536) == 65536);
        boolean same = true;
        for (int i = 0; i < 65536; i++) same &= Memory.getByte(back + i) == (byte) (i * 7);
        check("the bytes come back", same);
        check("copy up to a fault", c.copyIn(back, a + 0x20000 - 100, 200) == 100);
        check("copy out up to a fault", c.copyOut(a + 0x20000 - 5000, back, 9000) == 5000);
        check("a bad address", c.copyIn(back, 0x1000, 8) == 0);
        check("the stub's memory", c.copyIn(back, 0x7ffb10020000L, 8) == 0);
        check("a kernel address", c.copyIn(back, -4096, 8) == 0 && c.copyOut(-4096, back, 8) == 0);
        check("a range that wraps", c.copyIn(back, a, Long.MAX_VALUE >> 40 << 20) <= 0x20000);
        Memory.putBytes(scratch, "abcdef\0");
        c.copyOut(a + 0x20000 - 7, scratch, 7);
        check("string at the end", c.copyInString(back, a + 0x20000 - 7, 4096) == 6);
        check("string too long", c.copyInString(back, a + 0x20000 - 7, 6) == -36);
        c.copyOut(a + 0x20000 - 6, scratch, 6);
        check("string over the end", c.copyInString(back, a + 0x20000 - 6, 4096) == -14);
        Memory.fill(scratch, 5000, (byte) 'x');
        c.copyOut(a, scratch, 5000);
        check("string of 5000 bytes", c.copyInString(back, a, 4096) == -36);
        Memory.putInt(scratch, 41);
        c.copyOut(a, scratch, 4);
        check("load32", c.load32(a) == 41 && c.load32(0x1000) == -14);
        check("cas32", c.cas32(a, 41, -1) == 41 && c.load32(a) == 0xffffffffL
                && c.cas32(a, 0, 1) == 0xffffffffL);
        check("cas32 faults", c.cas32(0x1000, 41, 42) == -14);
        check("window", c.windowIn(100, a, 4) == 4 && Memory.getInt(c.window() + 100) == -1);
        Memory.putInt(c.window() + 8, 99);
        check("window out", c.windowOut(8, a + 4, 4) == 4 && c.load32(a + 4) == 99);
        check("munmap", c.hostCall(11, a + 0x1000, 0x1000, 0, 0, 0, 0) == 0
                && c.copyIn(back, a, 0x3000) == 0x1000);
        check("forbidden host call", c.hostCall(39, 0, 0, 0, 0, 0, 0) == -1);
        long fd = Host.memfd("file", 0);
        Memory.putInt(scratch, 4711);
        Host.pwrite(fd, scratch, 4, 4096);
        check("map a descriptor", c.mapFd(a, 0x1000, 1, 1, (int) fd, 4096) == 0 && c.load32(a) == 4711);
        Host.close(fd);
        check("read remotely", c.space().readRemote(a, back, 4) == 4 && Memory.getInt(back) == 4711);
        Memory.putInt(back, 17);
        check("write remotely", c.space().writeRemote(a + 0x8000, back, 4) == 4
                && c.load32(a + 0x8000) == 17);
        platform.remote = new RemoteMemory(false);
        check("read through /proc", c.space().readRemote(a, back, 4) == 4 && Memory.getInt(back) == 4711);
        check("write through /proc", c.space().writeRemote(a + 0x8000, back, 4) == 4);
        check("read of nothing", c.space().readRemote(0x5000, back, 4) == -14);
        var map = c.space().textMap;
        c.space().textMap = new Text() {
            @Override
            public long allowed(long address, long length, int prot) {
                return address == a && prot == 2 ? 0 : length;
            }
        };
        check("no write to read-only memory through /proc", c.space().writeRemote(a, back, 4) == -14
                && c.load32(a) == 4711 && c.space().writeRemote(a + 0x8000, back, 4) == 4);
        c.space().textMap = map;
        platform.remote = new RemoteMemory(true);
        check("fs base", c.fsBase() == 0x7ff000001000L);
        var copy = c.fork();
        check("fork", copy != null);
        check("fork's memory", copy.first().load32(a + 0x8000) == 4711 && c.load32(a + 0x8000) == 4711);
        check("copy on write", copy.first().cas32(a + 0x10000, 0x78787878, 5) >= 0
                && c.load32(a + 0x10000) != 5);
        var t = copy.first().newThread();
        check("thread", t != null && t.load32(a) == 4711);
        check("clock vdso at " + Long.toHexString(c.space().vdsoBase()), c.space().vdsoBase() != 0);
        t.exitThread();
        copy.kill();
        check("commands to the dead", copy.first().load32(a) == -14 && copy.first().isDead());
        c.space().kill();
        Memory.free(back);
    }

    static void faults() {
        check("segv", run(5, 0) == -1 && faulted.faultSignal == 11 && faulted.faultCode == 1
                && faulted.faultAddress == 0x1234 && faulted.errorCode == 6 && faulted.trapNumber == 14);
        check("fpe", run(10, 0) == -1 && faulted.faultSignal == 8 && faulted.faultCode == 1);
        check("ill", run(11, 0) == -1 && faulted.faultSignal == 4);
    }

    static void many() {
        check("200 threads", run(4, 200) == 42);
        check("200 forks", run(3, 200) == 42);
        check("200 children's codes", childCodes.size() == 200 && !childCodes.contains(98));
    }

    static void interrupts() throws Exception {
        for (int round = 0; round < 2; round++) {
            storm(start(round == 0 ? 6 : 2, round == 0 ? 20_000_000 : 100_000));
            check("registers under " + interrupted + " interrupts, round " + round + ": " + code, code == 42
                    && interrupted > 20);
        }
    }

    static void storm(ExecutionContext c) {
        interrupted = 0;
        long deadline = System.nanoTime() + 3_000_000_000L, next = 0;
        while (!running.isEmpty()) {
            if (!step()) Thread.onSpinWait();
            long now = System.nanoTime();
            if (now > next && now < deadline && !running.isEmpty()) {
                c.interrupt();
                next = now + 20_000;
            }
        }
    }

    static void hostile() throws Exception {
        // A stub that does not answer: stopped from outside.
        var c = load(12, 0);
        int pid = c.space().hostPid();
        Host.kill(pid, 19);
        Thread.sleep(50);
        long t = System.nanoTime();
        check("a stopped stub: the command ends", c.load32(0x400000) == -14 && c.isDead());
        System.out.println("  deadline after " + (System.nanoTime() - t) / 1_000_000 + " ms");
        // A stub killed while it runs: the sleeper wakes.
        start(12, 0);
        int victim = main.space().hostPid();
        new Thread(() -> {
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
            }
            Host.kill(victim, 9);
        }).start();
        loop();
        check("a killed stub is noticed", deaths == 1);
        // interrupt an endless loop
        var loop = start(12, 0);
        Thread.sleep(10);
        loop.interrupt();
        int trap = 0;
        for (int i = 0; i < 1000 && (trap = loop.poll()) == Trap.NONE; i++) Thread.sleep(1);
        check("an endless loop is interrupted", trap == Trap.INTERRUPTED);
        loop.space().kill();
    }

    // ---- the boundary: jump to the stub's own syscall instruction with every number

    /**
     * What the filter lets through whatever its arguments; all other numbers must be refused or be checked
     * below.
     */
    private static final int[] OPEN = {3, 10, 11, 15, 25, 26, 27, 60, 110, 131, 14, 231, 324, 334};

    static long syscallInStub() {
        for (int i = 0; i < stubImage.length - 7; i++) {
            // restorer: mov $15,%eax; syscall
            if (stubImage[i] == (byte) 0xb8 && stubImage[i + 1] == 15 && stubImage[i + 2] == 0
                    && stubImage[i + 5] == 0x0f && stubImage[i + 6] == 5) {
                long offset = Memory.getLong(elfWord(64 + 8)), vaddr = Memory.getLong(elfWord(64 + 16));
                return vaddr + (i + 5 - offset);
            }
        }
        return 0;
    }

    private static long elfWord(int at) {
        Memory.copyFromArray(stubImage, at, scratch, 8);
        return scratch;
    }

    /**
     * The result of the call made from within the stub, as an attacker makes it; the process may die of it.
     */
    static long jump(ExecutionContext victim, long at, int nr, long... a) {
        var copy = victim.fork();
        var c = copy.first();
        int[] order = {Registers.RDI, Registers.RSI, Registers.RDX, Registers.R10, Registers.R8,
                Registers.R9};
        for (int i = 0; i < 6; i++) c.setReg(order[i], i < a.length ? a[i] : 0);
        c.setReg(Registers.RAX, nr);
        c.setReg(Registers.RIP, at);
        c.setReg(Registers.RSP, 0x7ff000080000L);
        c.resume();
        int trap = Trap.NONE;
        long end = System.nanoTime() + 2_000_000_000L;
        while ((trap = c.poll()) == Trap.NONE && System.nanoTime() < end) Thread.onSpinWait();
        // It returns to address 0 and faults there.
        long rax = trap == Trap.DEAD || trap == Trap.NONE ? -999 : c.reg(Registers.RAX);
        copy.kill();
        return rax;
    }

    static void filter() {
        var c = load(0, 0);
        long at = syscallInStub();
        check("the stub's syscall is found", at != 0);
        StringBuilder allowed = new StringBuilder();
        for (int nr = 0; nr < 470; nr++) {
            // uretprobe, uprobe: the kernel itself leaves them out of seccomp
            boolean open = nr == 335 || nr == 336;
            for (int n : OPEN) open |= n == nr;
            if (open) continue;
            long r = jump(c, at, nr, 0x7777, 0x7777, 0x7777, 0x7777, 0x7777, 0x7777);
            if (r != -1) allowed.append(' ').append(nr).append(':').append(r);
        }
        check("numbers not refused:" + allowed, allowed.isEmpty());
        check("clone with other flags", jump(c, at, 56, 17) == -1
                && jump(c, at, 56, 0x8011L | 1L << 32) == -1);
        check("prctl but PDEATHSIG", jump(c, at, 157, 1, 15) == -1 && jump(c, at, 157, 22, 0) == -1
                && jump(c, at, 157, 4, 1) == -1);
        check("mmap locked, huge", jump(c, at, 9, 0, 4096, 3, 0x2022, -1, 0) == -1
                && jump(c, at, 9, 0, 4096, 3, 0x40022, -1, 0) == -1);
        check("madvise mergeable, poison", jump(c, at, 28, 0, 4096, 12) == -1
                && jump(c, at, 28, 0, 4096, 100) == -1);
        check("futex requeue, lock, wait_bitset", jump(c, at, 202, 0, 3) == -1 && jump(c, at, 202, 0, 6) == -1
                && jump(c, at, 202, 0, 9) == -1);
        check("recvmsg of another descriptor", jump(c, at, 47, 1) == -1);
        check("dup2 to another descriptor", jump(c, at, 33, 0, 1) == -1);
        check("arch_prctl", jump(c, at, 158, 0x3001) == -1 && jump(c, at, 158, 0x1011, 0) == -1);
        check("processors of another thread", jump(c, at, 203, 1, 8, 0) == -1
                && jump(c, at, 204, 1, 8, 0) == -1);
        c.space().kill();
    }

    static void figures() {
        patches = true;
        for (int round = 0; round < 3; round++) {
            int n = 1_000_000;
            long t = System.nanoTime();
            run(14, n);
            System.out.println("getppid, patched " + (System.nanoTime() - t) / n + " ns");
        }
        answers = true;
        for (int mode = 19; mode <= 20; mode++) {
            int n = mode == 19 ? 50_000_000 : 300_000;
            long t = System.nanoTime();
            run(mode, n);
            System.out.println((mode == 19 ? "getpid, answered " : "stat, patched ")
                    + (System.nanoTime() - t) / n + " ns");
        }
        answers = patches = false;
        for (int round = 0; round < 3; round++) {
            int n = 200_000;
            long t = System.nanoTime();
            run(1, n);
            System.out.println("getppid        " + (System.nanoTime() - t) / n + " ns");
        }
        int n = 100_000;
        long t = System.nanoTime();
        run(7, n);
        System.out.println("write 512      " + (System.nanoTime() - t) / n + " ns");
        t = System.nanoTime();
        run(8, n);
        System.out.println("stat           " + (System.nanoTime() - t) / n + " ns");
        for (int mode = 14; mode <= 17; mode++) {
            t = System.nanoTime();
            run(mode, n);
            System.out.println("site form " + mode + "   " + (System.nanoTime() - t) / n + " ns");
        }
        var c = (SystrapContext) load(0, 0);
        for (int round = 0; round < 3; round++) {
            t = System.nanoTime();
            for (int i = 0; i < n; i++) c.nop();
            System.out.println("empty command  " + (System.nanoTime() - t) / n + " ns");
        }
        t = System.nanoTime();
        for (int i = 0; i < n; i++) c.copyIn(scratch, 0x7ff000000000L + 4096, 64);
        System.out.println("copyIn 64      " + (System.nanoTime() - t) / n + " ns");
        t = System.nanoTime();
        for (int i = 0; i < n; i++) c.copyIn(scratch, 0x7ff000000000L + 4096, 8192);
        System.out.println("copyIn 8192    " + (System.nanoTime() - t) / n + " ns");
        for (int round = 0; round < 3; round++) {
            n = 200;
            t = System.nanoTime();
            for (int i = 0; i < n; i++) c.fork().kill();
            System.out.println("fork + kill    " + (System.nanoTime() - t) / n / 1000 + " us");
            t = System.nanoTime();
            for (int i = 0; i < n; i++) c.newThread().exitThread();
            System.out.println("thread + exit  " + (System.nanoTime() - t) / n / 1000 + " us");
            t = System.nanoTime();
            for (int i = 0; i < n; i++) platform.newAddressSpace().kill();
            System.out.println("new space+kill " + (System.nanoTime() - t) / n / 1000 + " us");
        }
        spin = false;
        n = 20000;
        t = System.nanoTime();
        run(1, n);
        System.out.println("getppid, Sentry sleeping " + (System.nanoTime() - t) / n + " ns");
        c.space().kill();
    }
}

package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.Registers;
import dev.kernelet.platform.process.Emptying;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.Xstate;

/** Makes the template: the first traced process, of which all others are forks. Run by the tracer. */
final class Start {
    private static final int ATTEMPTS = 5, XSTATE_BUFFER = 0x10000, XSTATE_XCR0 = 464, STACK_READ = 2048;
    private static final int MMAP = 9, RT_SIGACTION = 13, PRCTL = 157, RECVMSG = 47, PR_SET_NAME = 15,
            PR_SET_NO_NEW_PRIVS = 38;
    private static final int AT_HWCAP2 = 26, AT_SYSINFO_EHDR = 33, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11,
            SIGKILL = 9;
    /** SA_SIGINFO, SA_NODEFER, SA_RESTORER. */
    private static final long HANDLER_FLAGS = 0x4 | 0x40000000L | 0x04000000L;
    /** AMX tile state is never granted: left out of every image. */
    private static final long XSTATE_EXCLUDED = 0x60000L;

    private final PtracePlatform platform;
    private final Tracer tracer;
    PtraceAddressSpace space;
    long control = -1, peer = -1;
    private long hwcap2, vdso;

    Start(PtracePlatform platform, Tracer tracer) {
        this.platform = platform;
        this.tracer = tracer;
    }

    /** null, or why it cannot be. */
    String run() {
        long image = image();
        if (image < 0) return "memfd_create: " + Errno.name((int) -image);
        long r = Host.socketpair(tracer.scratch);
        if (r < 0) return "socketpair: " + Errno.name((int) -r);
        control = Memory.getInt(tracer.scratch);
        peer = Memory.getInt(tracer.scratch + 4);
        String reason = null;
        // By bad luck of the host's randomization something may lie where the hand's memory goes: try again.
        for (int i = 0; i < ATTEMPTS; i++) {
            reason = attempt(image);
            if (reason == null) break;
            if (space != null) space.kill();
            space = null;
        }
        Host.close(image);
        return reason;
    }

    private static long image() {
        byte[] elf = Hand.image();
        long fd = Host.memfd("kernelet-hand", 2 | 0x10);
        if (fd < 0) return fd;
        long at = Memory.allocate(elf.length);
        Memory.copyFromArray(elf, 0, at, elf.length);
        long n = Host.pwrite(fd, at, elf.length, 0);
        Memory.free(at);
        Host.seal(fd, Host.SEAL_SHRINK | Host.SEAL_GROW | 8 /* F_SEAL_WRITE */ | Host.SEAL_SEAL);
        return n < 0 ? n : fd;
    }

    private String attempt(long image) {
        long pid = HostCall.spawnStub(image, peer, 0);
        if (pid < 0) return "starting a process from a memfd: " + Errno.name((int) -pid);
        String reason = seize((int) pid);
        if (reason != null) {
            Host.kill(pid, SIGKILL);
            return reason;
        }
        space = new PtraceAddressSpace(platform, (int) pid, 0);
        tracer.threads.put(space.first);
        if (!tracer.readRegisters(space.first)) return "ptrace(PTRACE_GETREGS): the first process is gone";
        reason = learn(space.first);
        return reason != null ? reason : equip((int) pid);
    }

    private String seize(int pid) {
        long r = Ptrace.seize(pid);
        if (r < 0) return "ptrace(PTRACE_SEIZE): " + Errno.name((int) -r);
        r = Ptrace.interrupt(pid);
        long status = tracer.scratch;
        while (r == 0 && Ptrace.waitFor(pid, status, 0) == pid) {
            if (Tracer.hasEnded(Memory.getInt(status))) break;
            if (Memory.getInt(status) >> 16 == Ptrace.EVENT_STOP) return null;
            Ptrace.cont(pid, 0);
        }
        return "ptrace(PTRACE_INTERRUPT): the first process is gone";
    }

    /** What processor and kernel have: extended state, vDSO, AT_HWCAP2. */
    private String learn(PtraceContext c) {
        long buffer = Memory.allocate(XSTATE_BUFFER);
        long size = Ptrace.getXstate(c.tid, tracer.scratch, buffer, XSTATE_BUFFER);
        if (size < 576) return "ptrace(PTRACE_GETREGSET): no extended state";
        platform.xfeatures = Memory.getLong(buffer + XSTATE_XCR0) & ~XSTATE_EXCLUDED;
        platform.xstate = buffer;
        platform.xstateSize = (int) size;
        Xstate.learn(buffer);
        long n = tracer.fetch(c, c.regs[Registers.RSP], buffer, STACK_READ) == 0 ? STACK_READ : 0;
        long at = 8 + 8 * (Memory.getLong(buffer) + 1);
        while (at + 8 < n && Memory.getLong(buffer + at) != 0) at += 8;
        for (at += 8; at + 16 <= n && Memory.getLong(buffer + at) != 0; at += 16) {
            long value = Memory.getLong(buffer + at + 8);
            if (Memory.getLong(buffer + at) == AT_HWCAP2) hwcap2 = value;
            if (Memory.getLong(buffer + at) == AT_SYSINFO_EHDR) vdso = value;
        }
        platform.learned(Xstate.size(platform.xfeatures), hwcap2);
        return null;
    }

    /** The hand's memory, handlers, and nothing else in the address space but the vDSO. */
    private String equip(int pid) {
        var c = space.first;
        // PROT_READ|WRITE; MAP_PRIVATE|ANONYMOUS|NORESERVE|FIXED_NOREPLACE
        long r = tracer.inject(c, MMAP, Hand.AREA, Hand.AREA_SIZE, 3, 0x104022, -1, 0);
        if (r != Hand.AREA) return "mmap in the first process: " + Errno.name((int) -r);
        long s = tracer.scratch;
        Memory.putLong(s, Hand.HANDLER);
        Memory.putLong(s + 8, HANDLER_FLAGS);
        Memory.putLong(s + 16, Hand.HANDLER);
        Memory.putLong(s + 24, 0);
        Memory.putBytes(s + 32, "kernelet-stub\0");
        if (tracer.store(c, Hand.AREA, s, 64) < 0) return "the first process's memory cannot be written";
        tracer.inject(c, PRCTL, PR_SET_NAME, Hand.AREA + 32, 0, 0, 0, 0);
        tracer.inject(c, PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
        for (int signal : new int[] {SIGSEGV, SIGBUS, SIGFPE}) {
            r = tracer.inject(c, RT_SIGACTION, signal, Hand.AREA, 0, 8, 0, 0);
            if (r < 0) return "rt_sigaction in the first process: " + Errno.name((int) -r);
        }
        c.resetXstate();
        space.vdso = new Emptying(c).run(pid, vdso);
        if (space.dead || space.vdso < 0)
            return "the first process could not be emptied: " + Errno.name((int) -space.vdso);
        return null;
    }

    /** Takes back what was sent by the socket and not received. */
    static void drain(long socket, long scratch) {
        Memory.zero(scratch, 64);
        Memory.putLong(scratch + 16, scratch + 64);
        Memory.putLong(scratch + 24, 1);
        Memory.putLong(scratch + 64, scratch + 96);
        Memory.putLong(scratch + 72, 1);
        // Without room for them the kernel closes the descriptors of a message (unix(7)).
        for (long n = 1; n > 0;) n = HostCall.call(RECVMSG, socket, scratch, 0x40);
    }
}

package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/** ptrace(2) and its companions by name; all but the constants for the tracer thread alone. Raw results. */
final class Ptrace {
    private Ptrace() {}

    // ---- user_regs_struct (sys/user.h): Registers.COUNT registers, then these
    static final int FS_BASE = 21, GS_BASE = 22, REGS = 27, REGS_SIZE = REGS * 8;

    // ---- options and stops
    private static final int PTRACE = 101, WAIT4 = 61, RT_SIGTIMEDWAIT = 128, RT_SIGPROCMASK = 14;
    /** TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE; EXITKILL: a tracee never outlives its tracer. */
    private static final long OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000;
    static final int EVENT_STOP = 128;
    static final int SIGTRAP = 5, SYSCALL_STOP = SIGTRAP | 0x80, SIGCHLD = 17;
    static final long AUDIT_ARCH_X86_64 = 0xc000003eL;
    private static final int NT_X86_XSTATE = 0x202;
    private static final int WAIT_OWN = 0x60000000; // __WALL, __WNOTHREAD: no child of another thread of ours
    static final int WNOHANG = 1;

    static long seize(int tid) { return HostCall.call(PTRACE, 0x4206, tid, 0, OPTIONS); }
    static long interrupt(int tid) { return HostCall.call(PTRACE, 0x4207, tid, 0, 0); }
    /** Runs; system calls and signals are not carried out but reported. */
    static long sysemu(int tid) { return HostCall.call(PTRACE, 31, tid, 0, 0); }
    /** Runs for real: only ever in {@link Hand}. */
    static long cont(int tid, int signal) { return HostCall.call(PTRACE, 7, tid, 0, signal); }
    static long getRegs(int tid, long regs) { return HostCall.call(PTRACE, 12, tid, 0, regs); }
    static long setRegs(int tid, long regs) { return HostCall.call(PTRACE, 13, tid, 0, regs); }
    static long pokeUser(int tid, int register, long value) {
        return HostCall.call(PTRACE, 6, tid, 8L * register, value);
    }
    static long peekUser(int tid, int register, long to) {
        return HostCall.call(PTRACE, 3, tid, 8L * register, to);
    }
    static long peek(int tid, long address, long to) { return HostCall.call(PTRACE, 2, tid, address, to); }
    static long poke(int tid, long address, long value) {
        return HostCall.call(PTRACE, 5, tid, address, value);
    }
    static long eventMessage(int tid, long to) { return HostCall.call(PTRACE, 0x4201, tid, 0, to); }
    static long siginfo(int tid, long to) { return HostCall.call(PTRACE, 0x4202, tid, 0, to); }

    /**
     * PTRACE_GET_SYSCALL_INFO: the audit architecture of the call a thread stands at. {@code scratch}: 88
     * bytes.
     */
    static long callArchitecture(int tid, long scratch) {
        long n = HostCall.call(PTRACE, 0x420e, tid, 88, scratch);
        return n < 8 ? -1 : Memory.getUnsignedInt(scratch + 4);
    }

    /** The extended state into {@code image}; its size, or a negative errno. {@code iov}: 16 bytes. */
    static long getXstate(int tid, long iov, long image, long size) {
        Memory.putLong(iov, image);
        Memory.putLong(iov + 8, size);
        long r = HostCall.call(PTRACE, 0x4204, tid, NT_X86_XSTATE, iov);
        return r < 0 ? r : Memory.getLong(iov + 8);
    }

    static long setXstate(int tid, long iov, long image, long size) {
        Memory.putLong(iov, image);
        Memory.putLong(iov + 8, size);
        return HostCall.call(PTRACE, 0x4205, tid, NT_X86_XSTATE, iov);
    }

    /** wait4(2) for a child or tracee of this thread; -1: any. */
    static long waitFor(int tid, long status, int options) {
        return HostCall.call(WAIT4, tid, status, WAIT_OWN | options, 0);
    }

    /**
     * Sleeps until SIGCHLD: a tracee has stopped, or {@link #kick}. {@code set}: a sigset_t; {@code timeout}
     * or 0.
     */
    static long awaitSignal(long set, long timeout) {
        return HostCall.call(RT_SIGTIMEDWAIT, set, 0, timeout, 8);
    }

    /**
     * Blocks SIGCHLD for the calling thread; whether it already was. {@code set}: that sigset_t; {@code old}:
     * 8 bytes.
     */
    static boolean blockSignal(long set, long old) {
        HostCall.call(RT_SIGPROCMASK, 0, set, old, 8);
        return (Memory.getLong(old) & 1L << SIGCHLD - 1) != 0;
    }
}

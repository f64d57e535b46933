package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.Registers;

/**
 * Reads what a signal-delivery-stop is about. Signal, code and address are in the siginfo, but the error code
 * of a page fault (write or read, present or not) is nowhere for a tracer: the signal is delivered to
 * {@link Hand#HANDLER}, which has it in its frame, and all registers are put back. The tracer's alone.
 */
final class Faults {
    private static final int SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SI_KERNEL = 0x80;
    private static final int DEBUG_TRAP = 1, BREAKPOINT = 3, INVALID_OPCODE = 6;
    /** In the frame: return address and ucontext header, then 19 words of sigcontext up to err, trapno. */
    private static final int FRAME_ERROR = 8 + 40 + 19 * 8;

    private final Tracer tracer;
    private final PtracePlatform platform;
    private long saved;

    Faults(Tracer tracer, PtracePlatform platform) {
        this.tracer = tracer;
        this.platform = platform;
    }

    /** Fills the fault fields in; false: no fault, somebody has sent that signal. */
    boolean read(PtraceContext c, int signal) {
        if (signal != SIGSEGV && signal != SIGBUS && signal != SIGFPE && signal != SIGILL
                && signal != SIGTRAP) return false;
        long info = tracer.scratch;
        if (Ptrace.siginfo(c.tid, info) < 0) return false;
        int code = Memory.getInt(info + 8);
        if (code <= 0 || !tracer.readRegisters(c)) return false; // by kill(2) and the like
        c.faultSignal = signal;
        c.faultCode = code;
        c.faultAddress = Memory.getLong(info + 16);
        c.errorCode = 0;
        c.trapNumber = signal == SIGILL ? INVALID_OPCODE : code == SI_KERNEL ? BREAKPOINT : DEBUG_TRAP;
        if (signal != SIGILL && signal != SIGTRAP) readFrame(c, signal);
        return true;
    }

    private void readFrame(PtraceContext c, int signal) {
        if (saved == 0) saved = Memory.allocate(platform.xstateSize);
        long scratch = tracer.scratch;
        // The kernel resets the extended state for a handler.
        if (Ptrace.getXstate(c.tid, scratch, saved, platform.xstateSize) < 0) return;
        tracer.setRegister(Registers.RSP, Hand.FRAME_TOP);
        tracer.setRegister(Registers.ORIG_RAX, -1);
        if (Ptrace.setRegs(c.tid, tracer.regs) < 0) return;
        if (tracer.runHand(c, Hand.HANDLER_DONE, signal) >= 0
                && Ptrace.peekUser(c.tid, Registers.RSP, scratch) == 0) {
            long frame = Memory.getLong(scratch);
            if (tracer.fetch(c, frame + FRAME_ERROR, scratch, 16) == 0) {
                c.errorCode = Memory.getLong(scratch);
                c.trapNumber = Memory.getInt(scratch + 8);
            }
        }
        Ptrace.setXstate(c.tid, scratch, saved, platform.xstateSize);
    }
}

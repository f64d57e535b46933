package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.process.Host;

/** Whether a child of the calling thread can be traced as the platform needs it. The child stays traced. */
public final class PtraceProbe {
    private static final int STOP_WAITS = 4;

    /** The request that failed; "" when all works. */
    public String failed = "";
    /** Its result. */
    public long result;

    /** @param pid a child of this thread that waits in a system call */
    public PtraceProbe(int pid) {
        long status = Memory.allocate(Ptrace.REGS_SIZE);
        if (!fails("PTRACE_SEIZE", Ptrace.seize(pid)) && !fails("PTRACE_INTERRUPT", Ptrace.interrupt(pid))
                && !fails("PTRACE_INTERRUPT", stop(pid, status)) && !fails("PTRACE_GETREGS",
                        Ptrace.getRegs(pid, status))
                && !fails("PTRACE_SYSEMU", Ptrace.sysemu(pid))) {
            long stop = stop(pid, status); // it goes into its call again
            if (stop != Ptrace.SYSCALL_STOP) fails("PTRACE_SYSEMU", stop < 0 ? stop : -Host.ESRCH);
        }
        Memory.free(status);
    }

    private boolean fails(String request, long r) {
        if (r >= 0) return false;
        failed = request;
        result = r;
        return true;
    }

    /** The signal and flag of the next stop, or a negative errno. */
    private static long stop(int pid, long status) {
        for (int i = 0; i < STOP_WAITS; i++) {
            long r = Ptrace.waitFor(pid, status, 0);
            if (r == -Host.EINTR) continue;
            if (r < 0) return r;
            return Tracer.hasEnded(Memory.getInt(status)) ? -Host.ESRCH : Memory.getInt(status) >> 8 & 0xff;
        }
        return -Host.EINTR;
    }
}

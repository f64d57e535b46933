package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;
import static dev.kernelet.platform.Registers.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.ExecutionContext;

/**
 * The frame a signal handler finds on its stack, and the way back.
 *
 * <pre>
 * rsp at the handler -> 0    return address: sa_restorer
 *                       8    ucontext: uc_flags 0, uc_link 8, uc_stack 16, sigcontext 40 (256 bytes), uc_sigmask 296
 *                       312  siginfo (128 bytes)
 *                       ...  up to a multiple of 64: XSAVE image, FP_XSTATE_MAGIC2 behind it
 * </pre>
 */
public final class SignalFrame {
    private static final int UCONTEXT = 8, UC_STACK = 16, UC_MCONTEXT = 40, UC_SIGMASK = 296, UCONTEXT_SIZE = 304,
            INFO = UCONTEXT + UCONTEXT_SIZE, FRAME_SIZE = INFO + SIGINFO_SIZE;
    /** UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS (asm/ucontext.h). */
    private static final long UC_FLAGS = 1 | 2 | 4;
    // struct sigcontext
    private static final int SC_RIP = 128, SC_EFLAGS = 136, SC_CS = 144, SC_SS = 150, SC_ERR = 152, SC_TRAPNO = 160,
            SC_OLDMASK = 168, SC_CR2 = 176, SC_FPSTATE = 184;
    /** Which registers lie at sigcontext offset 8 * index. */
    private static final int[] SC_REGISTERS =
            {R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP};
    private static final int RED_ZONE = 128;
    // sw_reserved of the FXSAVE area (struct _fpx_sw_bytes)
    private static final int SW_RESERVED = 464, MAGIC1 = 0x46505853, MAGIC2 = 0x46505845, FXSAVE_SIZE = 512;
    /** What a program may change of the flags: CF PF AF ZF SF TF DF OF RF AC. */
    private static final long USER_EFLAGS = 0x50dd5, TF = 0x100, DF = 0x400, RF = 0x10000;
    private static final int USER_CS = 0x33, USER_SS = 0x2b;
    /** State components an image may hold: x87, SSE, AVX, AVX-512, PKRU. */
    private static final long XFEATURES = 0x2e7;
    private static long hostXfeatures;

    private SignalFrame() {}

    /** AT_MINSIGSTKSZ: what a frame takes at most. */
    public static int minimumStackSize(Kernel k) { return FRAME_SIZE + 16 + 64 + k.platform.traits().xstateSize() + 8; }

    /** Builds the frame and points the registers at the handler; false when the stack is not writable. */
    static boolean push(Task t, SigInfo info, long handler, long flags, long restorer) {
        Signals s = t.signals;
        ExecutionContext c = t.ctx;
        if ((flags & SA_RESTORER) == 0) return false;
        int xsize = t.kernel.platform.traits().xstateSize();
        long sp = c.reg(RSP) - RED_ZONE;
        boolean wasOnAltStack = s.altSize != 0 && s.isOnAltStack(c.reg(RSP));
        if ((flags & SA_ONSTACK) != 0 && s.altSize != 0 && !wasOnAltStack) sp = s.altStack + s.altSize;
        long fp = sp - (xsize + 4) & ~63L;
        long frame = (fp - FRAME_SIZE & ~15L) - 8;
        if ((wasOnAltStack || sp == s.altStack + s.altSize && s.altSize != 0) && !fits(s, frame)) return false;
        t.mem.begin();
        int total = (int) (fp - frame) + xsize + 4;
        long p = t.mem.scratch(total);
        Memory.putLong(p, restorer);
        writeContext(t, p + UCONTEXT, fp);
        info.write(p + INFO);
        writeXstate(c, p + (fp - frame), xsize);
        if (!t.mem.writable(frame, total) || c.copyOut(frame, p, total) != total) return false;
        if ((s.altFlags & SS_AUTODISARM) != 0) s.disarmAltStack();
        c.resetXstate();
        c.setReg(RDI, info.signo);
        c.setReg(RSI, frame + INFO);
        c.setReg(RDX, frame + UCONTEXT);
        c.setReg(RAX, 0);
        c.setReg(RIP, handler);
        c.setReg(RSP, frame);
        c.setReg(EFLAGS, c.reg(EFLAGS) & ~(TF | DF | RF));
        return true;
    }

    /** A frame that would run over the end of the alternate stack is not pushed at all. */
    private static boolean fits(Signals s, long frame) {
        return Long.compareUnsigned(frame, s.altStack) > 0 && Long.compareUnsigned(frame - s.altStack, s.altSize) <= 0;
    }

    private static void writeContext(Task t, long uc, long fp) {
        Signals s = t.signals;
        ExecutionContext c = t.ctx;
        Memory.putLong(uc, UC_FLAGS);
        Memory.putLong(uc + UC_STACK, s.altStack);
        Memory.putInt(uc + UC_STACK + 8, s.altFlags);
        Memory.putLong(uc + UC_STACK + 16, s.altSize);
        long sc = uc + UC_MCONTEXT;
        for (int i = 0; i < SC_REGISTERS.length; i++) Memory.putLong(sc + 8 * i, c.reg(SC_REGISTERS[i]));
        Memory.putLong(sc + SC_EFLAGS, c.reg(EFLAGS));
        Memory.putShort(sc + SC_CS, (short) USER_CS);
        Memory.putShort(sc + SC_SS, (short) USER_SS);
        Memory.putLong(sc + SC_ERR, s.errorCode);
        Memory.putLong(sc + SC_TRAPNO, s.trapNumber);
        long mask = s.takeMaskForFrame();
        Memory.putLong(sc + SC_OLDMASK, mask);
        Memory.putLong(sc + SC_CR2, s.faultAddress);
        Memory.putLong(sc + SC_FPSTATE, fp);
        Memory.putLong(uc + UC_SIGMASK, mask);
    }

    private static void writeXstate(ExecutionContext c, long to, int xsize) {
        c.saveXstate(to);
        if (hostXfeatures == 0) {
            hostXfeatures = (HostCall.cpuid(0xd, 0, 0) & 0xffffffffL | HostCall.cpuid(0xd, 0, 3) << 32) & XFEATURES;
        }
        Memory.zero(to + SW_RESERVED, FXSAVE_SIZE - SW_RESERVED);
        if (xsize <= FXSAVE_SIZE) return;
        // x87 and SSE state count as in use even in their initial state: a handler may write them in the old layout.
        Memory.putLong(to + FXSAVE_SIZE, Memory.getLong(to + FXSAVE_SIZE) | 3);
        Memory.putInt(to + SW_RESERVED, MAGIC1);
        Memory.putInt(to + SW_RESERVED + 4, xsize + 4);
        Memory.putLong(to + SW_RESERVED + 8, hostXfeatures);
        Memory.putInt(to + SW_RESERVED + 16, xsize);
        Memory.putInt(to + xsize, MAGIC2);
    }

    // ---- rt_sigreturn(2)
    /** Takes the frame at the stack pointer apart: REGISTERS_SET, also when it was bad (then SIGSEGV is on its way). */
    public static long sigreturn(Task t) {
        ExecutionContext c = t.ctx;
        // The handler's "ret" has taken the return address off.
        long frame = c.reg(RSP) - 8;
        long uc = t.mem.in(frame + UCONTEXT, UCONTEXT_SIZE);
        if (uc < 0 || !restore(t, uc)) {
            Signals.force(t, SigInfo.of(SIGSEGV, SI_KERNEL), false);
            return Task.REGISTERS_SET;
        }
        return Task.REGISTERS_SET;
    }

    private static boolean restore(Task t, long uc) {
        Signals s = t.signals;
        ExecutionContext c = t.ctx;
        long sc = uc + UC_MCONTEXT;
        long userSp = c.reg(RSP);
        if (!restoreXstate(t, Memory.getLong(sc + SC_FPSTATE))) return false;
        for (int i = 0; i < SC_REGISTERS.length; i++) c.setReg(SC_REGISTERS[i], Memory.getLong(sc + 8 * i));
        long flags = Memory.getLong(sc + SC_EFLAGS) & USER_EFLAGS;
        c.setReg(EFLAGS, c.reg(EFLAGS) & ~USER_EFLAGS | flags);
        s.setMask(Memory.getLong(uc + UC_SIGMASK));
        s.setAltStack(Memory.getLong(uc + UC_STACK), Memory.getInt(uc + UC_STACK + 8),
                Memory.getLong(uc + UC_STACK + 16), userSp);
        long rip = c.reg(RIP);
        // The vDSO lies above the application's own memory: a signal may well arrive in it.
        long vdso = t.mm.space.vdsoBase();
        return rip >= 0 && (rip < t.kernel.platform.traits().userEnd() || rip >= vdso && rip < vdso + dev.kernelet.sentry.mm.MapsText.VDSO_SIZE);
    }

    private static boolean restoreXstate(Task t, long fp) {
        ExecutionContext c = t.ctx;
        if (fp == 0) {
            c.resetXstate();
            return true;
        }
        if ((fp & 63) != 0) return false;
        int xsize = t.kernel.platform.traits().xstateSize();
        long image = t.mem.scratch(xsize + 4);
        if (!t.mem.readable(fp, FXSAVE_SIZE) || c.copyIn(image, fp, FXSAVE_SIZE) != FXSAVE_SIZE) return false;
        boolean isExtended = Memory.getInt(image + SW_RESERVED) == MAGIC1
                && Memory.getInt(image + SW_RESERVED + 16) == xsize && xsize > FXSAVE_SIZE;
        if (isExtended) {
            int rest = xsize + 4 - FXSAVE_SIZE;
            if (c.copyIn(image + FXSAVE_SIZE, fp + FXSAVE_SIZE, rest) != rest) return false;
            isExtended = Memory.getInt(image + xsize) == MAGIC2;
        }
        if (!isExtended && xsize > FXSAVE_SIZE) {
            // Only x87 and SSE state are there; the others get their initial values.
            Memory.zero(image + FXSAVE_SIZE, xsize - FXSAVE_SIZE);
            Memory.putLong(image + FXSAVE_SIZE, 3);
        }
        c.loadXstate(image);
        return true;
    }
}

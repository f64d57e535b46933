package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;
import static dev.kernelet.platform.Registers.*;

import dev.kernelet.platform.ExecutionContext;

/** What happens to a task between a trap and its return to the application: kills, stops, signals, restarts. */
final class SignalDelivery {
    private static final int NR_RESTART_SYSCALL = 219;

    private SignalDelivery() {}

    /**
     * Looks at all that is waiting for {@code t}, whose call ended with {@code result} (or REGISTERS_SET). Returns what to
     * resume with, or GONE when the task has ended or stopped.
     */
    static long beforeResume(Task t, long result) {
        Signals s = t.signals;
        for (;;) {
            // A frame that could not be written for want of a host process would look like a bad stack, and end in SIGSEGV.
            if (t.ctx.isDead()) Exit.hostDeath(t);
            if (t.state == Task.DEAD) return Task.GONE;
            if (t.isKilled) {
                Exit.exitTask(t, t.group.exitStatus);
                return Task.GONE;
            }
            if (t.mustStop) {
                t.stopResult = result;
                JobControl.stop(t);
                return Task.GONE;
            }
            if (t.group.controlGroup != null && t.group.controlGroup.isFrozen) {
                t.stopResult = result;
                t.state = Task.STOPPED;
                t.isFrozen = true;
                return Task.GONE;
            }
            SigInfo i = s.takeFault();
            if (i == null) i = s.take(~s.mask);
            if (i != null) {
                result = deliver(t, i, result);
            } else if (s.hasSavedMask) {
                s.restoreMask();
                if (s.deliverable() != 0) result = restart(t, result);
            } else {
                break;
            }
        }
        t.attention = false;
        if (t.sched.isBindingDue) Affinity.bind(t);
        return restart(t, result);
    }

    /** One signal: pushes a frame for its handler, or takes the default action. The result to go on with. */
    private static long deliver(Task t, SigInfo i, long result) {
        SignalHandlers h = t.group.handlers;
        int signo = i.signo;
        long handler = h.handler[signo];
        if (handler == SIG_IGN) return result;
        if (handler == SIG_DFL) {
            defaultAction(t, signo);
            return result;
        }
        result = interrupted(t, result, h.flags[signo]);
        settle(t, result);
        long flags = h.flags[signo], mask = h.mask[signo];
        if ((flags & SA_RESETHAND) != 0) h.handler[signo] = SIG_DFL;
        if (SignalFrame.push(t, i, handler, flags, h.restorer[signo])) {
            long blocked = t.signals.mask | mask;
            if ((flags & SA_NODEFER) == 0) blocked |= bit(signo);
            t.signals.mask = blocked & ~UNMASKABLE;
        } else {
            Signals.force(t, SigInfo.of(SIGSEGV, SI_KERNEL), signo == SIGSEGV);
        }
        return Task.REGISTERS_SET;
    }

    private static void defaultAction(Task t, int signo) {
        long b = bit(signo);
        if ((b & IGNORED_BY_DEFAULT) != 0 || t.group.isUnkillable && (b & UNMASKABLE) == 0) return;
        if ((b & STOP_SIGNALS) != 0) {
            // Nobody could continue a member of an orphaned group (setpgid(2)); SIGSTOP stops it all the same.
            if (signo == SIGSTOP || !t.group.processGroup.isOrphaned(null)) JobControl.begin(t, signo);
            return;
        }
        int status = signo;
        if ((b & DUMPS_CORE) != 0 && t.group.limits.soft(Limits.CORE) > 0 && t.group.dumpable == 1) status |= 0x80;
        Exit.killGroup(t.group, status);
    }

    /** A handler is going to run: turns restart codes into EINTR where signal(7) says so. */
    private static long interrupted(Task t, long result, long flags) {
        if (result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK) return -EINTR;
        if (result == -ERESTARTSYS && (flags & SA_RESTART) == 0) return -EINTR;
        return result;
    }

    /** Puts the result of a call into the registers; a call that is to be restarted is stepped back to. */
    private static void settle(Task t, long result) {
        long fault = t.mem.flush();
        if (result == Task.REGISTERS_SET) return;
        ExecutionContext c = t.ctx;
        if (result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND) {
            stepBack(c, t.nr);
        } else if (result == -ERESTART_RESTARTBLOCK) {
            stepBack(c, NR_RESTART_SYSCALL);
        } else {
            c.setReg(RAX, fault < 0 && result >= 0 ? fault : result);
        }
    }

    /** The syscall instruction is two bytes long and left in place also at patched sites. */
    private static void stepBack(ExecutionContext c, int nr) {
        c.setReg(RAX, nr);
        c.setReg(RIP, c.reg(RIP) - 2);
    }

    /** No handler ran: a restart code makes the call start again. */
    private static long restart(Task t, long result) {
        if (result < -ERESTART_RESTARTBLOCK || result > -ERESTARTSYS) return result;
        settle(t, result);
        return Task.REGISTERS_SET;
    }

    /** A synchronous exception: the context's fields become a signal that cannot be blocked or ignored. */
    static void fault(Task t) {
        ExecutionContext c = t.ctx;
        Signals s = t.signals;
        s.trapNumber = c.trapNumber;
        s.errorCode = c.errorCode;
        s.faultAddress = c.faultAddress;
        int signo = c.faultSignal;
        if (signo < 1 || signo > SIGSYS) signo = SIGSEGV;
        if (signo == SIGSEGV && c.faultCode == 1 /* SEGV_MAPERR */ && t.mm.fault(t, c.faultAddress)) return;
        Signals.force(t, SigInfo.fault(signo, c.faultCode, c.faultAddress), false);
    }
}

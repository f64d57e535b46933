package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.platform.Registers;
import dev.kernelet.sentry.kernel.Task;

/** What a task waits for (proc_pid_wchan(5), proc_pid_syscall(5)). Kernel lock. */
final class Waits {
    private Waits() {}

    /** The kernel's function that sleeps, for the calls that sleep most; "0", as who may not know sees, else. */
    static String channel(Task o, boolean mayInspect) {
        if (!mayInspect || o.state != Task.WAITING && o.state != Task.STOPPED) return "0";
        if (o.state == Task.STOPPED) return "do_signal_stop";
        return switch (o.nr) {
            case NANOSLEEP, CLOCK_NANOSLEEP -> "hrtimer_nanosleep";
            case WAIT4, WAITID -> "do_wait";
            case FUTEX, FUTEX_WAIT, FUTEX_WAITV -> "futex_wait_queue";
            case POLL, PPOLL -> "do_sys_poll";
            case SELECT, PSELECT6 -> "do_select";
            case EPOLL_WAIT, EPOLL_PWAIT, EPOLL_PWAIT2 -> "ep_poll";
            case PAUSE -> "__do_sys_pause";
            case RT_SIGSUSPEND -> "sigsuspend";
            case RT_SIGTIMEDWAIT -> "do_sigtimedwait";
            default -> "0";
        };
    }

    /** Number and arguments of its call, or -1; stack pointer and program counter. */
    static String call(Task o) {
        if (o.state == Task.RUNNING || o.ctx == null) return "running\n";
        var s = new StringBuilder(120);
        boolean isInCall = o.state == Task.WAITING || o.state == Task.IN_KERNEL;
        s.append(isInCall ? o.nr : -1);
        for (int i = 0; isInCall && i < 6; i++) hex(s, o.arg(i));
        hex(s, o.ctx.reg(Registers.RSP));
        hex(s, o.ctx.reg(Registers.RIP));
        return s.append('\n').toString();
    }

    private static void hex(StringBuilder s, long value) { s.append(" 0x").append(Long.toHexString(value)); }
}

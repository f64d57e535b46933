package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * Which platform to take, by what a start can afford to ask: each platform's one indispensable call, made
 * with an argument that
 * can only fail. What may not be called at all fails otherwise than what would be done.
 */
public final class Choice {
    private static final int SET_MODE_FILTER = 1, PTRACE_PEEKDATA = 2, NO_PID = Integer.MAX_VALUE;
    static final String SECCOMP_CALL = "seccomp(SECCOMP_SET_MODE_FILTER)", PTRACE_CALL = "ptrace";

    private Choice() {}

    /**
     * The platform for {@code --platform=name}: "systrap" or "ptrace".
     *
     * @throws Failure when it cannot work here
     */
    public static String of(String name) {
        switch (name) {
            case "auto" -> { }
            case "kvm" -> throw new Failure("the kvm platform is not built yet",
                    "Use --platform=auto, which takes the best there is.");
            default -> {
                check(name);
                return name;
            }
        }
        long filter = filter();
        if (filter == -EFAULT) return "systrap";
        long trace = trace();
        if (trace == -ESRCH) return "ptrace";
        throw new Failure("no platform works here: " + failed(SECCOMP_CALL, filter) + ", "
                + failed(PTRACE_CALL, trace),
                cause(filter) + "; see kernelet doctor.");
    }

    private static void check(String name) {
        boolean traces = name.equals("ptrace");
        long r = traces ? trace() : filter();
        if (r == (traces ? -ESRCH : -EFAULT)) return;
        throw new Failure("the " + name + " platform cannot work here: " + failed(traces ? PTRACE_CALL
                : SECCOMP_CALL, r), cause(r)
                + "; try --platform=" + (traces ? "systrap" : "ptrace") + ", or see kernelet doctor.");
    }

    private static String failed(String call, long result) {
        return call + ": " + (result < 0 ? dev.kernelet.abi.Errno.name((int) -result)
                : "no error where there must be one");
    }

    private static String cause(long result) {
        var e = new Environment();
        String cause = e.refusal(result);
        return Character.toUpperCase(cause.charAt(0)) + cause.substring(1) + ": " + e.remedy(result);
    }

    /** Whether a process may have a seccomp filter here. */
    public static boolean mayFilter() { return filter() == -EFAULT; }

    /** Installing a filter that cannot be read: EFAULT where filters are allowed. */
    static long filter() { return HostCall.call(SECCOMP, SET_MODE_FILTER, 0, 0); }

    /** Reading a word of nobody's: ESRCH where tracing is allowed. */
    static long trace() { return HostCall.call(PTRACE, PTRACE_PEEKDATA, NO_PID, 0, 0); }
}

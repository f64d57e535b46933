package dev.kernelet.sentry.strace;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.log.DebugLog;

/** Interim: names and raw arguments. The real decoder replaces it, keeping these three members. */
public final class Strace {
    private Strace() {}

    public static boolean enabled;

    public static void enter(Task t) {
        DebugLog.debug(t + " E " + SyscallNumber.name(t.nr) + "(0x" + Long.toHexString(t.arg(0)) + ", 0x"
                + Long.toHexString(t.arg(1)) + ", 0x" + Long.toHexString(t.arg(2)) + ")");
    }

    public static void exit(Task t, long result) {
        DebugLog.debug(t + " X " + SyscallNumber.name(t.nr) + " = " + result);
    }
}

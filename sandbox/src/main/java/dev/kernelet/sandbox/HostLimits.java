package dev.kernelet.sandbox;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/** The Sentry's own resource limits on the host, and what it may take of the host's. */
final class HostLimits {
    private static final int RLIMIT_NOFILE = 7;

    /**
     * A process inside is up to three tasks outside: with a quarter of the host's numbers no fork bomb takes
     * them all, and nobody outside is left without a process to end it with.
     */
    private static final int SHARE = 4, LEAST_TASKS = 256;

    private HostLimits() {}

    /** Most tasks where no limit was asked for: {@code most}, or what the host can spare. */
    static int tasks(int most) {
        long host = Math.min(number("sys/kernel/pid_max"), number("sys/kernel/threads-max"));
        return (int) Math.max(LEAST_TASKS, Math.min(most, host / SHARE));
    }

    private static long number(String name) {
        String text = HostProc.read(name);
        long n = 0;
        for (int i = 0; i < text.length() && n < 1L << 40; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') break;
            n = n * 10 + c - '0';
        }
        return n > 0 ? n : Long.MAX_VALUE;
    }

    /** Descriptors: as many as may be had, for each file open inside may need one outside. */
    static void raise() {
        long p = Memory.allocate(16);
        if (HostCall.call(SyscallNumber.PRLIMIT64, 0, RLIMIT_NOFILE, 0, p) == 0) {
            long hard = Memory.getLong(p + 8);
            if (Memory.getLong(p) != hard) {
                Memory.putLong(p, hard);
                HostCall.call(SyscallNumber.PRLIMIT64, 0, RLIMIT_NOFILE, p, 0);
            }
        }
        Memory.free(p);
    }
}

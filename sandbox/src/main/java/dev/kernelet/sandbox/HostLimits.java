package dev.kernelet.sandbox;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;

/** The Sentry's own resource limits on the host. */
final class HostLimits {
    private static final int RLIMIT_NOFILE = 7;

    private HostLimits() {}

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

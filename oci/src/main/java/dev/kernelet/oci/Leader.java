package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;

/**
 * Calls made by the process's leading thread, for what belongs to a thread and is looked for at the leader
 * (container.c).
 */
final class Leader {
    private Leader() {}

    /** {@code hand}: {@code Inherited.hand()}; without one nothing is done. */
    static long call(int hand, int nr, long a, long b) {
        if (hand < 0) return 0;
        long p = Memory.allocate(32);
        Memory.putLong(p, nr);
        Memory.putLong(p + 8, a);
        Memory.putLong(p + 16, b);
        Memory.putLong(p + 24, 0);
        HostCall.call(SyscallNumber.WRITE, hand, p, 32);
        long r = HostCall.call(SyscallNumber.READ, hand, p, 8) == 8 ? Memory.getLong(p)
                : -dev.kernelet.abi.Errno.EIO;
        Memory.free(p);
        return r;
    }
}

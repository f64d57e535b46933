package dev.kernelet.sandbox;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;

/** Messages to the user without the weight of System.err. */
public final class StandardError {
    private StandardError() {}

    /** Writes text as it is. */
    public static void print(String text) {
        long p = Memory.allocate(text.length() + 1);
        int n = Memory.putBytes(p, text);
        HostCall.call(SyscallNumber.WRITE, 2, p, n);
        Memory.free(p);
    }
}

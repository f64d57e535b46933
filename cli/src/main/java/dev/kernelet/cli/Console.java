package dev.kernelet.cli;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;

/** Writes byte strings to standard output and error, without the encoders of System.out. */
final class Console {
    private Console() {}

    static void out(String text) { write(1, text); }

    static void error(String text) { write(2, text); }

    static void write(int fd, String text) {
        long buffer = Memory.allocate(text.length() + 1);
        int length = Memory.putBytes(buffer, text), done = 0;
        while (done < length) {
            long n = HostCall.call(SyscallNumber.WRITE, fd, buffer + done, length - done);
            if (n <= 0) break;
            done += (int) n;
        }
        Memory.free(buffer);
    }
}

package dev.kernelet.cli;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Inherited;
import java.nio.charset.StandardCharsets;

/**
 * Start without the launcher, by the stock java command: the machine has already had its way with signals and limits, so
 * what was ignored or blocked is not known and signals are not forwarded.
 */
final class PlainStart {
    private static final int O_CLOEXEC = 0x80000;

    private PlainStart() {}

    static int run(String[] arguments) {
        String home = System.getProperty("kernelet.home");
        if (home == null) {
            System.err.println("kernelet: the system property kernelet.home is not set");
            System.err.println("Give the distribution's directory: java -Dkernelet.home=DIR ...");
            return Main.FAILURE;
        }
        HostCall.load(home + "/lib/libkernelet.so");
        var strings = new String[arguments.length];
        for (int i = 0; i < strings.length; i++) strings[i] = byteString(arguments[i]);
        return Main.run(strings, Inherited.of(byteString(home), environment(), info()));
    }

    private static String byteString(String s) {
        return new String(s.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static String[] environment() {
        String all = read("/proc/self/environ");
        return all.isEmpty() ? new String[0] : all.substring(0, all.length() - 1).split("\0");
    }

    private static long[] info() {
        var info = new long[Inherited.GROUPS];
        info[3] = info[4] = -1;
        long limit = Memory.allocate(16);
        for (int i = 0; i < 16; i++) {
            HostCall.call(PRLIMIT64, 0, i, 0, limit);
            info[Inherited.LIMITS + 2 * i] = Memory.getLong(limit);
            info[Inherited.LIMITS + 1 + 2 * i] = Memory.getLong(limit + 8);
        }
        Memory.free(limit);
        return info;
    }

    private static String read(String path) {
        long buffer = Memory.allocate(1 << 20);
        Memory.putBytes(buffer, path);
        long fd = HostCall.call(OPEN, buffer, O_CLOEXEC);
        int length = 0;
        for (long n; fd >= 0 && (n = HostCall.call(READ, fd, buffer + length, (1 << 20) - length)) > 0; ) length += (int) n;
        if (fd >= 0) HostCall.call(CLOSE, fd);
        String text = Memory.getBytes(buffer, length);
        Memory.free(buffer);
        return text;
    }
}

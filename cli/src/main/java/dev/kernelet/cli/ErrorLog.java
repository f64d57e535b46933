package dev.kernelet.cli;

import static dev.kernelet.abi.SyscallNumber.OPEN;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.log.DebugLog;

/**
 * The file of {@code --log}: one JSON object a line, in the shape container engines read, or key=value text.
 */
final class ErrorLog {
    private static final int O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400, O_CLOEXEC = 0x80000;
    private static int fd = -1;
    private static boolean isText;

    private ErrorLog() {}

    /** Appends: the engine shares the file. A negative errno, or 0. */
    static long open(String path, boolean asText) {
        isText = asText;
        long name = Memory.allocate(path.length() + 1);
        Memory.putBytes(name, path);
        long r = HostCall.call(OPEN, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        Memory.free(name);
        if (r < 0) return r;
        fd = (int) r;
        return 0;
    }

    static boolean isOpen() { return fd >= 0; }

    static void error(String message) { write("error", message); }

    static void warning(String message) { write("warning", message); }

    private static void write(String level, String message) {
        if (fd < 0) return;
        String time = DebugLog.isoTime(), quoted = DebugLog.quote(message);
        Console.write(fd, isText ? "time=\"" + time + "\" level=" + level + " msg=" + quoted + "\n"
                : "{\"msg\":" + quoted + ",\"level\":\"" + level + "\",\"time\":\"" + time + "\"}\n");
    }
}

package dev.kernelet.host;

import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;

/**
 * The host's /proc, by one O_PATH descriptor that is opened when the process starts: it works in whatever root the process
 * stands later, and none is ever mounted. Where there is no /proc everything here fails with ENOENT.
 */
public final class HostProc {
    private static final int ENOENT = 2, PATH_MAX = 4096;
    private static volatile int directory = -1;

    private HostProc() {}

    /** Opens /proc if that has not been done. */
    public static synchronized void open() {
        if (directory >= 0) return;
        long path = Memory.allocate(8);
        Memory.putBytes(path, "/proc");
        long fd = HostCall.call(OPENAT, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        Memory.free(path);
        if (fd >= 0) directory = (int) fd;
    }

    /** Takes a descriptor of /proc that somebody else has opened. */
    public static synchronized void use(int fd) { directory = fd; }

    /** The descriptor of /proc, or negative. */
    public static int directory() { return directory; }

    /** openat2(2) of a name below /proc, such as "self/maps": a descriptor or negative errno. */
    public static long open(String name, int flags) {
        if (directory < 0) return -ENOENT;
        long how = Memory.allocate(OPEN_HOW_SIZE + PATH_MAX);
        long at = how + OPEN_HOW_SIZE;
        Memory.putBytes(at, name);
        Memory.putLong(how, flags | O_CLOEXEC | O_NOCTTY);
        Memory.putLong(how + 8, 0);
        Memory.putLong(how + 16, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
        long fd = HostCall.call(OPENAT2, directory, at, how, OPEN_HOW_SIZE);
        Memory.free(how);
        return fd;
    }

    /**
     * A second descriptor of the file that {@code fd} is open on, for reading alone: whoever is given it can
     * map the file, but never writable. Or negative errno, also where there is no /proc.
     */
    public static long reopenReadOnly(int fd) {
        if (directory < 0) return -ENOENT;
        long how = Memory.allocate(OPEN_HOW_SIZE + 32);
        Memory.zero(how, OPEN_HOW_SIZE + 32);
        Memory.putBytes(how + OPEN_HOW_SIZE, "self/fd/" + fd);
        Memory.putLong(how, O_RDONLY | O_CLOEXEC);
        long r = HostCall.call(OPENAT2, directory, how + OPEN_HOW_SIZE, how, OPEN_HOW_SIZE);
        Memory.free(how);
        return r;
    }

    /** readlink(2) of a name below /proc: "" when there is none. */
    public static String readlink(String name) {
        if (directory < 0) return "";
        long at = Memory.allocate(PATH_MAX + 64), p = at + 64;
        Memory.putBytes(at, name + "\0");
        long n = HostCall.call(READLINKAT, directory, at, p, PATH_MAX);
        String text = n > 0 && n < PATH_MAX ? Memory.getBytes(p, (int) n) : "";
        Memory.free(at);
        return text;
    }

    /** The whole of a file below /proc; "" when it cannot be read. */
    public static String read(String name) {
        long fd = open(name, O_RDONLY);
        if (fd < 0) return "";
        int room = 65536;
        long buffer = Memory.allocate(room);
        var text = new StringBuilder();
        for (long n; (n = HostCall.call(READ, fd, buffer, room)) > 0; ) text.append(Memory.getBytes(buffer, (int) n));
        Memory.free(buffer);
        HostCall.call(CLOSE, fd);
        return text.toString();
    }
}

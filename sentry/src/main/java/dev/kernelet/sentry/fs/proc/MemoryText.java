package dev.kernelet.sentry.fs.proc;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.mm.MemoryManager;

/** Files of /proc/PID that speak of memory. What is resident only the host knows: its smaps of the stub process is read. */
final class MemoryText {
    private static final int STRINGS_MAX = 1 << 20;

    private MemoryText() {}

    /** The argument strings as they are in memory now (a program may overwrite them: setproctitle(3)). */
    static String cmdline(MemoryManager mm) { return remote(mm, mm.argStart, mm.argEnd); }

    static String environ(MemoryManager mm) { return remote(mm, mm.envStart, mm.envEnd); }

    private static String remote(MemoryManager mm, long from, long to) {
        int n = (int) Math.min(Math.max(0, to - from), STRINGS_MAX);
        if (n == 0) return "";
        long buffer = Memory.allocate(n);
        long got = mm.space.readRemote(from, buffer, n);
        String s = got <= 0 ? "" : Memory.getBytes(buffer, (int) got);
        Memory.free(buffer);
        return s;
    }

    static String auxv(MemoryManager mm) {
        var bytes = new char[mm.auxv.length * 8];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (char) (mm.auxv[i >> 3] >>> (i & 7) * 8 & 0xff);
        return new String(bytes);
    }

    /** Resident bytes, by the host's statm of the stub process. */
    static long resident(MemoryManager mm) { return statm(mm, 1) << 12; }

    static long residentFile(MemoryManager mm) { return statm(mm, 2) << 12; }

    private static long statm(MemoryManager mm, int field) {
        String text = mm.space == null ? null : mm.space.hostProc("statm");
        String[] f = text == null ? new String[0] : text.trim().split(" ");
        try {
            return f.length > field ? Long.parseLong(f[field]) : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}

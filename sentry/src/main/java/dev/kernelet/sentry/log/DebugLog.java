package dev.kernelet.sentry.log;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;

/** The debug log: lines as Google's logging libraries write them, or JSON objects. */
public final class DebugLog {
    /** Whether there is a log; guard warnings that are costly to put together. */
    public static boolean enabled;
    /** Whether {@link #debug} lines are wanted; guard each of them with it. */
    public static boolean debugEnabled;

    private static final int O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400, O_CLOEXEC = 0x80000;
    private static final int BUFFER = 1 << 16;
    private static final long DAY = 86_400;
    private static int fd = -1;
    private static boolean json, copyToStderr;
    private static int pid;
    private static long buffer; // guarded by the monitor
    private static boolean[] unsupportedSeen;

    private DebugLog() {}

    /**
     * Opens the log. In {@code pattern} %TIMESTAMP%, %COMMAND% and %ID% are replaced; one that ends in "/" is a
     * directory (made if need be) that gets a file named by time and command. Null: standard error. 0 or -errno.
     */
    public static synchronized long open(String pattern, String command, boolean asJson, boolean withDebug, boolean toStderr) {
        pid = (int) HostCall.call(GETPID);
        json = asJson;
        buffer = Memory.allocate(BUFFER);
        if (pattern == null) {
            // A copy: the program may close its descriptor, and ours must not be closed for it.
            fd = (int) HostCall.call(FCNTL, 2, 1030, 100); // F_DUPFD_CLOEXEC
            if (fd < 0) return 0; // closed: no log, no failure
        } else {
            String path = expand(pattern.endsWith("/") ? pattern + "kernelet.log.%TIMESTAMP%.%COMMAND%.txt" : pattern, command);
            if (path.length() >= 4096) return -Errno.ENAMETOOLONG;
            if (pattern.endsWith("/")) makeDirectories(path);
            Memory.putByte(buffer + Memory.putBytes(buffer, path), (byte) 0);
            long r = HostCall.call(OPEN, buffer, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (r < 0) return r;
            fd = (int) r;
            copyToStderr = toStderr;
        }
        debugEnabled = withDebug;
        enabled = true;
        return 0;
    }

    public static void debug(String message) {
        if (debugEnabled) line('D', message);
    }

    public static void info(String message) {
        if (enabled) line('I', message);
    }

    public static void warn(String message) {
        if (enabled) line('W', message);
    }

    /** With the cause's stack, if there is one. */
    public static void error(String message, Throwable cause) {
        if (!enabled) return;
        line('E', message);
        for (Throwable c = cause; c != null; c = c.getCause()) {
            line('E', c == cause ? c.toString() : "caused by " + c);
            StackTraceElement[] stack = c.getStackTrace();
            for (int i = 0; i < stack.length && i < 64; i++) line('E', "    at " + stack[i]);
        }
    }

    /** A feature the kernel does not have, logged the first time {@code nr} (below 1024) wants it. */
    public static void unsupported(int nr, String what) {
        if (!enabled || nr < 0 || nr >= 1024) return;
        if (unsupportedSeen == null) unsupportedSeen = new boolean[1024];
        if (unsupportedSeen[nr]) return;
        unsupportedSeen[nr] = true;
        line('W', "unsupported: " + what);
    }

    // ---- lines
    private static synchronized void line(char level, String message) {
        if (fd < 0) return;
        long now = HostCall.clockNanos(0);
        var b = new StringBuilder(message.length() + 96);
        if (json) {
            b.append("{\"msg\":");
            quote(b, message);
            b.append(",\"level\":\"").append(levelName(level)).append("\",\"time\":\"");
            isoTime(b, now);
            b.append("\",\"pid\":").append(pid).append("}\n");
        } else {
            b.append(level);
            long civil = civil(Math.floorDiv(now / 1_000_000_000, DAY));
            two(b, civil >> 8 & 0xff);
            two(b, civil & 0xff);
            b.append(' ');
            clock(b, now);
            b.append(' ').append(pid).append("] ").append(escaped(message)).append('\n');
        }
        write(b);
    }

    private static void write(StringBuilder b) {
        int length = b.length();
        for (int from = 0; from < length; from += BUFFER) {
            int n = Math.min(BUFFER, length - from);
            for (int i = 0; i < n; i++) Memory.putByte(buffer + i, (byte) b.charAt(from + i));
            HostCall.call(WRITE, fd, buffer, n);
            if (copyToStderr) HostCall.call(WRITE, 2, buffer, n);
        }
    }

    private static String levelName(char level) {
        return switch (level) {
            case 'D' -> "debug";
            case 'I' -> "info";
            case 'W' -> "warning";
            default -> "error";
        };
    }

    /** Names that programs give themselves, for terminals and lines of text: no control characters, as ps(1). */
    public static String printable(String s) {
        StringBuilder b = null;
        for (int i = 0; i < s.length(); i++) {
            if (!isControl(s, i)) continue;
            if (b == null) b = new StringBuilder(s);
            b.setCharAt(i, '?');
        }
        return b == null ? s : b.toString();
    }

    private static boolean isControl(String s, int at) {
        char c = s.charAt(at);
        // Bytes of UTF-8, but for U+0080 to U+009F.
        if (c == 0xc2 && at + 1 < s.length()) return s.charAt(at + 1) >= 0x80 && s.charAt(at + 1) < 0xa0;
        if (c >= ' ' && c < 0x7f || c >= 0xa0) return false;
        char before = at == 0 ? 0 : s.charAt(at - 1);
        return c < 0x80 || before <= 0xc2 && (before < 0x80 || before >= 0xc0);
    }

    /** Messages, with texts of whoever in them: control characters as \\x1b, to be told apart. */
    public static String escaped(String s) {
        if (s == null || printable(s) == s) return s;
        var b = new StringBuilder();
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (isControl(s, i)) b.append("\\x").append(hex(c >> 4)).append(hex(c));
            else b.append(c);
        }
        return b.toString();
    }

    /** A JSON string literal. */
    public static String quote(String s) {
        var b = new StringBuilder(s.length() + 2);
        quote(b, s);
        return b.toString();
    }

    private static void quote(StringBuilder b, String s) {
        b.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c == '"' || c == '\\') {
                b.append('\\').append(c);
            } else if (c < 0x20 || c >= 0x7f) { // bytes that need not be valid UTF-8: as code points, lossless
                b.append("\\u").append(hex(c >> 12)).append(hex(c >> 8)).append(hex(c >> 4)).append(hex(c));
            } else {
                b.append(c);
            }
        }
        b.append('"');
    }

    private static char hex(int digit) { return "0123456789abcdef".charAt(digit & 15); }

    // ---- time (UTC), without the classes of java.time
    /** RFC 3339, now. */
    public static String isoTime() {
        var b = new StringBuilder(32);
        isoTime(b, HostCall.clockNanos(0));
        return b.toString();
    }

    private static void isoTime(StringBuilder b, long now) {
        long civil = civil(Math.floorDiv(now / 1_000_000_000, DAY));
        b.append(civil >> 16).append('-');
        two(b, civil >> 8 & 0xff);
        b.append('-');
        two(b, civil & 0xff);
        b.append('T');
        clock(b, now);
        b.append('Z');
    }

    /** Days since 1970-01-01 as year << 16 | month << 8 | day, by the proleptic Gregorian calendar. */
    static long civil(long days) {
        long shifted = days + 719_468; // from 0000-03-01: leap days come last
        long era = Math.floorDiv(shifted, 146_097);
        long dayOfEra = shifted - era * 146_097;
        long yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long marchMonth = (5 * dayOfYear + 2) / 153;
        long day = dayOfYear - (153 * marchMonth + 2) / 5 + 1;
        long month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        return era * 400 + yearOfEra + (month <= 2 ? 1 : 0) << 16 | month << 8 | day;
    }

    private static void clock(StringBuilder b, long now) {
        long second = now / 1_000_000_000 % DAY;
        two(b, second / 3600);
        b.append(':');
        two(b, second / 60 % 60);
        b.append(':');
        two(b, second % 60);
        b.append('.');
        String micros = Long.toString(now / 1000 % 1_000_000 + 1_000_000);
        b.append(micros, 1, 7);
    }

    private static void two(StringBuilder b, long n) { b.append((char) ('0' + n / 10)).append((char) ('0' + n % 10)); }

    // ---- names
    private static String expand(String pattern, String command) {
        if (pattern.indexOf('%') < 0) return pattern;
        long now = HostCall.clockNanos(0);
        long civil = civil(Math.floorDiv(now / 1_000_000_000, DAY));
        var stamp = new StringBuilder(24);
        stamp.append(civil >> 16);
        two(stamp, civil >> 8 & 0xff);
        two(stamp, civil & 0xff);
        stamp.append('-');
        var time = new StringBuilder(16);
        clock(time, now);
        for (int i = 0; i < time.length(); i++) {
            if (time.charAt(i) != ':') stamp.append(time.charAt(i));
        }
        return pattern.replace("%TIMESTAMP%", stamp).replace("%COMMAND%", command).replace("%ID%", "kernelet-" + pid);
    }

    private static void makeDirectories(String path) {
        for (int i = path.indexOf('/', 1); i > 0; i = path.indexOf('/', i + 1)) {
            Memory.putByte(buffer + Memory.putBytes(buffer, path.substring(0, i)), (byte) 0);
            long r = HostCall.call(MKDIR, buffer, 0755);
            if (r < 0 && r != -Errno.EEXIST) continue; // open says what is wrong
        }
    }
}

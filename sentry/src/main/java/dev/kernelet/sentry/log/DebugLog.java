package dev.kernelet.sentry.log;

/** Interim: warnings and errors to standard error. The real debug log replaces it. */
public final class DebugLog {
    private DebugLog() {}

    public static boolean enabled;

    public static void debug(String message) {
        if (enabled) System.err.println(message);
    }

    public static void warn(String message) {
        if (enabled) System.err.println(message);
    }

    public static void error(String message, Throwable cause) {
        System.err.println(message);
        if (cause != null) cause.printStackTrace();
    }
}

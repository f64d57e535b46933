package dev.kernelet.cli;

import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sentry.log.DebugLog;

/** The first lines of a debug log: what this process was started with. */
final class StartReport {
    private StartReport() {}

    static void log(String[] arguments, Inherited inherited) {
        DebugLog.debug("kernelet " + Version.NUMBER + " in " + inherited.home());
        for (int i = 0; i < arguments.length; i++) DebugLog.debug("argument " + i + ": " + DebugLog.quote(arguments[i]));
        var names = new StringBuilder("environment:"); // values may be secrets
        for (String variable : inherited.environment()) {
            names.append(' ').append(variable, 0, Math.max(0, variable.indexOf('=')));
        }
        DebugLog.debug(names.toString());
        DebugLog.debug("ignored signals: 0x" + Long.toHexString(inherited.ignoredSignals()));
        DebugLog.debug("blocked signals: 0x" + Long.toHexString(inherited.blockedSignals()));
        DebugLog.debug("closed descriptors: 0x" + Integer.toHexString(inherited.closedStdio()));
        long[] limits = inherited.limits();
        for (int i = 0; i + 1 < limits.length; i += 2) {
            DebugLog.debug("limit " + i / 2 + ": " + Long.toUnsignedString(limits[i]) + " "
                    + Long.toUnsignedString(limits[i + 1]));
        }
    }
}

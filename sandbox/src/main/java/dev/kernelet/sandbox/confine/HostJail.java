package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.CallFilter;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sentry.log.DebugLog;

/**
 * Confines the Sentry's own process. {@link #seal} is the last step of a start: the program inside is loaded and has not run.
 *
 * <p>For development, {@code -Dkernelet.seccomp=} {@code report} lets a refused call fail with EPERM after its message instead
 * of ending the sandbox, {@code off} leaves the filter out, {@code train} makes everything and takes nothing into force.
 */
public final class HostJail {
    private static final int PR_SET_NO_NEW_PRIVS = 38, PR_SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1, MDWE_NO_INHERIT = 2;

    private HostJail() {}

    /** Memory never becomes executable any more, code never changes, and host calls are those of {@link SentryCalls}. */
    public static void seal(SandboxOptions options) {
        String mode = System.getProperty("kernelet.seccomp", "kill");
        if (mode.equals("off")) return;
        boolean isTraining = mode.equals("train");
        CallFilter filter = filter(options, loadsClassesByName(), false);
        if (isTraining) {
            filter.program();
            executableRegions(true);
            return;
        }
        seal(filter, mode.equals("report"));
        DebugLog.debug("the Sentry may make " + filter.allowedCalls() + " host calls");
    }

    static void seal(CallFilter filter, boolean onlyReports) {
        long r = HostCall.call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (r < 0) throw new Failure("cannot confine the Sentry: prctl(PR_SET_NO_NEW_PRIVS)", r, "It needs Linux 3.5 or newer.");
        // EINVAL before Linux 6.3 and 6.6; mseal is ENOSYS before 6.10. Both only add to what the filter refuses.
        HostCall.call(PRCTL, PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN | MDWE_NO_INHERIT, 0, 0, 0);
        executableRegions(false);
        HostCall.onRefusedCall(onlyReports ? 1 : 0);
        r = filter.install();
        if (r != 0) {
            String why = r < 0 ? Errno.name((int) -r) : "thread " + r + " has a filter of its own";
            throw new Failure("cannot confine the Sentry: seccomp(SECCOMP_SET_MODE_FILTER): " + why,
                    "The kernel must have CONFIG_SECCOMP_FILTER; what runs Kernelet must not forbid seccomp(2).");
        }
    }

    /** The Sentry's list for these options. */
    static CallFilter filter(SandboxOptions options, boolean loadsClasses, boolean describes) {
        var filter = new CallFilter(CallFilter.TRAP, describes);
        boolean writesHost = !options.overlayRoot() || options.volumes().length > 0 && !options.overlayVolumes();
        SentryCalls.list(filter, options.network(), writesHost, options.platform(), loadsClasses);
        return filter;
    }

    /** Whether classes come from a directory: a development build (bin/dev), not a distribution. */
    private static boolean loadsClassesByName() {
        // By the launcher: the virtual machine keeps its own property for the boot class path to itself.
        return System.getProperty("kernelet.classes") != null;
    }

    /** Seals every executable mapping: its protection stays and nothing takes its place (mseal(2)). The number of them. */
    private static int executableRegions(boolean counts) {
        String maps = HostProc.read("self/maps");
        int sealed = 0;
        for (int at = 0; at < maps.length(); ) {
            int end = maps.indexOf('\n', at), dash = maps.indexOf('-', at), blank = maps.indexOf(' ', at);
            if (end < 0) break;
            // ADDRESS-ADDRESS rwxp ...
            if (maps.charAt(blank + 3) == 'x' && maps.charAt(at) != 'f') {
                long from = Long.parseLong(maps, at, dash, 16), to = Long.parseLong(maps, dash + 1, blank, 16);
                if (counts || HostCall.call(MSEAL, from, to - from, 0) == 0) sealed++;
            }
            at = end + 1;
        }
        return sealed;
    }
}

package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.CallFilter;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sandbox.Namespaces;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.probe.Probes;

/**
 * What {@link HostJail} would put in force here, layer by layer, and the list of host calls. Changes nothing.
 */
public final class SecurityReport {
    private static final int SECCOMP_GET_ACTION_AVAIL = 2, PR_GET_MDWE = 66;

    private final SandboxOptions options;
    private final StringBuilder text = new StringBuilder();

    private SecurityReport(SandboxOptions options) { this.options = options; }

    /** For a sandbox with these options: lines for people. */
    public static String of(SandboxOptions options) {
        HostProc.open();
        return new SecurityReport(options).write();
    }

    private String write() {
        boolean hasProc = HostProc.directory() >= 0;
        line("no_new_privs", 0, "all threads, all stubs");
        line("host call filter", filter(), "all threads at once; and every stub, by its own list");
        landlock();
        line("capabilities", 0, capabilities());
        line("memory not executable", HostCall.call(PRCTL, PR_GET_MDWE, 0, 0, 0, 0),
                "PR_SET_MDWE (Linux 6.3); the filter refuses PROT_EXEC in any case");
        long seal = HostCall.call(MSEAL, 0, 0, 1);
        boolean seals = seal == -Errno.EINVAL && hasProc;
        line("code sealed", seals ? 0 : hasProc ? seal : -Errno.ENOENT, "mseal (Linux 6.10), found by /proc/self/maps");
        line("threads of the machine", hasProc ? 0 : -Errno.ENOENT,
                "Landlock and capabilities on those too, found by /proc/self/task");
        line("births", Probes.listener(), "stubs wait for leave to fork (seccomp_unotify, Linux 5.5)");
        line("rogue processes", hasProc ? 0 : -Errno.ENOENT, "found by /proc/self/task/*/children and killed");
        namespaces();
        calls();
        return text.toString();
    }

    private void line(String layer, long result, String what) {
        text.append(layer);
        for (int i = layer.length(); i < 24; i++) text.append(' ');
        if (result < 0) text.append("not here (").append(Errno.name((int) -result)).append("): ");
        else text.append("in force: ");
        text.append(what).append('\n');
    }

    private static long filter() {
        long action = Memory.allocate(4);
        Memory.putInt(action, CallFilter.TRAP);
        long r = HostCall.call(SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, action);
        Memory.free(action);
        return r;
    }

    private void landlock() {
        int version = new Landlock(options).version;
        if (version >= 0 && version < 2) {
            text.append("Landlock                not here: version 1 cannot rename between directories\n");
            return;
        }
        String what = "version " + version
                + (options.host().direct() ? ": roots and volumes" : ": /proc; roots and volumes outside");
        if (version >= 4 && options.network().equals("none")) what += ", no TCP";
        if (version >= 6) what += ", no signals and abstract sockets to the outside";
        line("Landlock", version, what);
    }

    private String capabilities() {
        if (HostCall.call(GETEUID) != 0) return "none: not root";
        String[] names = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "", "", "", "",
            "", "CAP_NET_BIND_SERVICE", "", "", "CAP_NET_RAW"};
        var kept = new StringBuilder("only");
        long bits = HostJail.capabilities(options);
        for (int i = 0; i < names.length; i++) if ((bits >>> i & 1) != 0) kept.append(' ').append(names[i]);
        return kept.append(", where the caller has them; stubs have none").toString();
    }

    /** The launcher has made them for this command as for a sandbox. */
    private void namespaces() {
        Namespaces n = options.inherited().namespaces();
        String why = n.error() == 0 ? "not here: " : "not here (" + n.refusedCall() + ", "
                + Errno.name(n.errno()) + "): ";
        boolean isRoot = HostCall.call(GETEUID) == 0, hasNetwork = options.network().equals("none");
        layer("user namespace", n.has(Namespaces.USER) ? IN_FORCE : isRoot && !hasNetwork && n.error() == 0
                ? NOT_USED : why,
                isRoot ? "all ids, no power outside; with --network=none (else low ports could not be bound)"
                        : "the caller's own id; other processes of the caller's cannot be traced");
        layer("mount namespace", n.has(Namespaces.MOUNT) ? IN_FORCE : why,
                "an empty root; what is shown are mounts of their own, read-only unless written to");
        layer("network namespace", n.has(Namespaces.NETWORK) ? IN_FORCE : hasNetwork ? why : NOT_USED,
                "with --network=none");
        layer("IPC, UTS namespaces", n.has(Namespaces.IPC) ? IN_FORCE : why,
                "System V IPC, message queues and names apart");
        layer("PID namespace", NOT_USED,
                "the sandbox is a job of the caller's shell; " + (new Landlock(options).version >= 6
                ? "Landlock keeps signals in" : "signals are not kept in (Landlock does from Linux 6.12 on)"));
        layer("process outside", n.outside() != 0 ? IN_FORCE : NOT_USED, options.host().direct()
                ? "tells owners of files; 9 host calls" : "opens all files, the Sentry none; 19 host calls");
        layer("guard", n.outsidePid() != 0 ? IN_FORCE : why,
                "kills what a killed Sentry leaves: all stubs are in its process group");
    }

    private static final String IN_FORCE = "in force: ", NOT_USED = "not used: ";

    private void layer(String name, String state, String what) {
        text.append(name);
        for (int i = name.length(); i < 24; i++) text.append(' ');
        text.append(state).append(what).append('\n');
    }

    private void calls() {
        CallFilter filter = HostJail.filter(options, false, true);
        text.append("\nHost calls of the Sentry: ").append(filter.allowedCalls()).append(", with --network=")
                .append(options.network()).append(Landlock.writesHost(options) ? " and writable files" : " and no writable files")
                .append(".\nAnything else ends the sandbox.\n").append(filter.text());
    }
}

package dev.kernelet.cli;

import dev.kernelet.oci.CreateOptions;
import dev.kernelet.oci.SandboxProcess;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sentry.strace.Strace;

/**
 * {@code create} and {@code run}: this process becomes the container (container.c has made it a process of
 * its own).
 */
final class CreateCommand {
    private CreateCommand() {}

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        var o = new CreateOptions();
        o.startsAtOnce = arguments[global.position].equals("run");
        var f = new Flags(arguments, global.position + 1);
        while (f.next()) accept(f, o);
        if (f.position() >= arguments.length) throw new UsageException(arguments[global.position]
                + ": no container id given");
        if (f.position() + 1 < arguments.length) throw new UsageException("more than a container id given: "
                + arguments[f.position() + 1]);
        if (!global.directfs || global.hostFifo || !global.hostUds.equals("none") || global.cpuLimit > 0
                || global.fileSizeLimit > 0 || global.outputLimit > 0) {
            throw new UsageException("--directfs=false, --host-fifo, --host-uds, --cpu-limit, "
                    + "--file-size-limit and"
                    + " --output-limit are for \"kernelet do\" only");
        }
        o.id = arguments[f.position()];
        if (global.strace) {
            String unknown = Strace.configure(global.straceSyscalls, global.straceLogSize);
            if (unknown != null) throw new UsageException("--strace-syscalls: no such system call: "
                    + unknown);
        }
        o.stateRoot = global.stateRoot;
        o.runtimeDirectory = ContainerCommands.variable(inherited, "XDG_RUNTIME_DIR");
        o.debug = global.debug;
        o.strace = global.strace;
        o.sharesPods = global.sharesPods;
        o.overlayRoot = global.overlaysRoot();
        o.overlayMounts = global.overlaysVolumes();
        o.overlaySize = global.overlaySize();
        o.overlayMedium = global.overlayMedium();
        o.platform = global.platform;
        o.network = global.network;
        o.fdLimit = global.fdLimit == SandboxOptions.DEFAULT_FD_LIMIT ? 0 : global.fdLimit;
        o.inherited = inherited;
        o.warn = new ContainerCommands.Warn();
        return SandboxProcess.run(o);
    }

    private static void accept(Flags f, CreateOptions o) {
        switch (f.name()) {
            case "b", "bundle" -> o.bundle = f.string();
            case "console-socket" -> o.consoleSocket = f.string();
            case "pid-file" -> o.pidFile = f.string();
            case "preserve-fds" -> o.preserveFds = f.integer(0);
            case "d", "detach" -> o.detach = f.bool();
            // The root is not changed by pivot_root(2) here, and there is no host session keyring inside.
            case "no-pivot", "no-new-keyring", "no-subreaper" -> f.bool();
            case "keep" -> o.keeps = f.bool();
            case "pidfd-socket", "user-log" -> f.string();
            default -> throw f.unknown();
        }
    }
}

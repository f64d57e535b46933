package dev.kernelet.cli;

import dev.kernelet.sandbox.IdMap;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;
import dev.kernelet.sandbox.confine.SecurityReport;

/** {@code doctor}: what this environment allows. */
final class DoctorCommand {
    static final String HELP = """
            Usage: kernelet [flags] doctor --security

            Says what confines the Sentry in this environment, layer by layer, and which host calls are left to it.

              --security  the layers and the list
              --volumes   as for a sandbox with a writable volume
            """;

    private boolean security, volumes, help;

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        return new DoctorCommand().start(global, arguments, inherited);
    }

    private int start(GlobalFlags global, String[] arguments, Inherited inherited) {
        var flags = new Flags(arguments, global.position + 1);
        while (flags.next()) accept(flags);
        if (flags.position() < arguments.length) throw new UsageException("doctor: takes no argument");
        if (help || !security) {
            Console.out(HELP);
            return help ? 0 : Main.FAILURE;
        }
        Volume[] volume = volumes ? new Volume[] {new Volume("/", "/")} : new Volume[0];
        Console.out(SecurityReport.of(new SandboxOptions(new String[0], "/", null, volume, true, false, "memory", 0, false,
                new IdMap[0], new IdMap[0], global.platform, global.network, null, false, "", 0, global.pidsLimit, 0,
                global.fdLimit, inherited)));
        return 0;
    }

    private void accept(Flags f) {
        switch (f.name()) {
            case "security" -> security = f.bool();
            case "volumes" -> volumes = f.bool();
            case "h", "help" -> help = f.bool();
            default -> throw f.unknown();
        }
    }
}

package dev.kernelet.cli;

import dev.kernelet.sandbox.IdMap;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sandbox.ProgramLimits;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;
import dev.kernelet.sandbox.confine.SecurityReport;
import dev.kernelet.sandbox.probe.Mechanism;
import dev.kernelet.sandbox.probe.Probes;
import dev.kernelet.sentry.log.DebugLog;
import java.util.List;

/** {@code doctor}: what this environment allows. */
final class DoctorCommand {
    static final String HELP = """
            Usage: kernelet [flags] doctor [--json] [--security]

            Tries each mechanism that Kernelet uses or could use here and says whether it works; if not: the call that failed, the
            known cause, what is lost without it and what to do; then which platform --platform=auto takes. Nothing is
            changed. The exit status is 0 when "kernelet do" can work here, else 1.

              --json      the same for programs, as one JSON object
              --security  instead: what confines the Sentry here, layer by layer, and which host calls are left to it
              --volumes   with --security: as for a sandbox with a writable volume
            """;

    private static final int COLUMN = 24, NOTHING_WORKS = 1;

    private boolean security, volumes, json, help;

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        return new DoctorCommand().start(global, arguments, inherited);
    }

    private int start(GlobalFlags global, String[] arguments, Inherited inherited) {
        var flags = new Flags(arguments, global.position + 1);
        while (flags.next()) accept(flags);
        if (flags.position() < arguments.length) throw new UsageException("doctor: takes no argument");
        if (help) {
            Console.out(HELP);
            return 0;
        }
        if (security) return security(global, inherited);
        List<Mechanism> all = Probes.all(inherited.limits());
        String platform = Probes.platform(all);
        Console.out(json ? json(all, platform) : text(all, platform));
        return platform == null ? NOTHING_WORKS : 0;
    }

    private int security(GlobalFlags global, Inherited inherited) {
        if (json) throw new UsageException("doctor: --security has no --json form");
        Volume[] volume = volumes ? new Volume[] {new Volume("/", "/")} : new Volume[0];
        Console.out(SecurityReport.of(new SandboxOptions(new String[0], "/", null, volume, true, false,
                "memory", 0, false,
                new IdMap[0], new IdMap[0], global.platform, global.network, null, false, "", 0,
                        global.pidsLimit, 0,
                global.fdLimit, inherited, global.hostAccess(),
                ProgramLimits.NONE).resolved()));
        return 0;
    }

    private void accept(Flags f) {
        switch (f.name()) {
            case "security" -> security = f.bool();
            case "volumes" -> volumes = f.bool();
            case "json" -> json = f.bool();
            case "h", "help" -> help = f.bool();
            default -> throw f.unknown();
        }
    }

    // ---- for people

    private static String text(List<Mechanism> all, String platform) {
        var b = new StringBuilder();
        for (var m : all) {
            b.append(m.works() ? "works    " : "MISSING  ").append(m.name());
            String more = m.works() ? m.detail() : m.failure();
            if (!more.isEmpty()) {
                b.append(" ".repeat(Math.max(2, COLUMN - m.name().length()))).append(more);
            }
            b.append('\n');
            if (m.works()) continue;
            b.append("           cause:   ").append(m.cause()).append('\n');
            b.append("           lost:    ").append(m.lost()).append('\n');
            b.append("           remedy:  ").append(m.remedy()).append('\n');
        }
        b.append("\n--platform=auto takes ").append(platform == null
                ? "none: \"kernelet do\" cannot work here" : platform);
        return b.append(".\n").toString();
    }

    // ---- for programs

    private static String json(List<Mechanism> all, String platform) {
        var b = new StringBuilder("{\"version\":").append(DebugLog.quote(Version.NUMBER)).append(",\"platform\":");
        b.append(platform == null ? "null" : DebugLog.quote(platform)).append(",\"mechanisms\":[");
        for (int i = 0; i < all.size(); i++) {
            var m = all.get(i);
            if (i > 0) b.append(',');
            b.append("\n{\"name\":").append(DebugLog.quote(m.name())).append(",\"works\":").append(m.works());
            string(b, "detail", m.detail());
            if (!m.works()) {
                string(b, "call", m.call());
                string(b, "errno", m.errno() == 0 ? "" : dev.kernelet.abi.Errno.name(m.errno()));
                string(b, "cause", m.cause());
                string(b, "lost", m.lost());
                string(b, "remedy", m.remedy());
            }
            b.append('}');
        }
        return b.append("]}\n").toString();
    }

    private static void string(StringBuilder b, String name, String value) {
        b.append(",\"").append(name).append("\":").append(DebugLog.quote(value));
    }
}

package dev.kernelet.cli;

import dev.kernelet.sandbox.IdMap;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sandbox.ProgramLimits;
import dev.kernelet.sandbox.Sandbox;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;
import dev.kernelet.sentry.strace.Strace;
import java.util.Arrays;

/** {@code do}: runs a command in a sandbox over the caller's own files. */
final class DoCommand {
    static final String USAGE = "Usage: kernelet [flags] do [flags of do] [--] COMMAND [ARGUMENT...]\n";
    static final String HELP = USAGE + """

            Runs COMMAND in a sandbox that shows the caller's files, directory and environment. What it writes stays in memory
            and is gone at its end, but for volumes. The exit status is the command's; 128 + n when signal n ended it, 127 when
            it was not found, 126 when it cannot be executed, 128 when Kernelet itself failed (two lines say why).

              --root DIR             host directory that is "/" inside (/)
              --cwd DIR              directory to start in (the caller's)
              --volume SRC[:DST]     show a host file or directory inside, writes going through; may be repeated
              --force-overlay=BOOL   keep writes to the root in memory (true); false writes to the host unless --overlay2 says
                                     otherwise
              --quiet                no warnings
              --uid-map "IN OUT N"   user ids: N from IN on inside are those from OUT on outside; may be repeated
              --gid-map "IN OUT N"   the same for group ids
            """;

    private String root = "/", cwd;
    private boolean forceOverlay = true, quiet, help;
    private Volume[] volumes = {};
    private IdMap[] uidMaps = {}, gidMaps = {};

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        return new DoCommand().start(global, arguments, inherited);
    }

    private int start(GlobalFlags global, String[] arguments, Inherited inherited) {
        var flags = new Flags(arguments, global.position + 1);
        while (flags.next()) accept(flags);
        if (help) {
            Console.out(HELP);
            return 0;
        }
        String[] command = Arrays.copyOfRange(arguments, flags.position(), arguments.length);
        if (command.length == 0) throw new UsageException("do: no command given");
        if (global.replacesSandboxNetwork && !quiet) {
            // Where runsc says it too, and whatever was meant: the program is not cut off from the network.
            Console.error("kernelet: warning: --rootless has no sandbox network, the host's is used (none with --network=none)\n");
        }
        if (global.strace) {
            String unknown = Strace.configure(global.straceSyscalls, global.straceLogSize);
            if (unknown != null) throw new UsageException("--strace-syscalls: no such system call: " + unknown);
        }
        return Sandbox.run(new SandboxOptions(command, root, cwd, volumes, forceOverlay || global.overlaysRoot(),
                global.overlaysVolumes(), global.overlayMedium(), global.overlaySize(), quiet, uidMaps, gidMaps, global.platform, global.network,
                global.stateRoot, global.strace, global.straceSyscalls, global.straceLogSize, global.pidsLimit, global.memory,
                global.fdLimit, inherited, global.hostAccess(),
                new ProgramLimits(global.cpuLimit, global.fileSizeLimit, global.outputLimit)));
    }

    void accept(Flags f) {
        switch (f.name()) {
            case "root" -> root = f.string();
            case "cwd" -> cwd = f.string();
            case "volume", "v" -> volumes = add(volumes, volume(f));
            case "force-overlay" -> forceOverlay = f.bool();
            case "quiet" -> quiet = f.bool();
            case "uid-map" -> uidMaps = add(uidMaps, idMap(f));
            case "gid-map" -> gidMaps = add(gidMaps, idMap(f));
            case "h", "help" -> help = f.bool();
            default -> throw f.unknown();
        }
    }

    private static <T> T[] add(T[] list, T element) {
        T[] longer = Arrays.copyOf(list, list.length + 1);
        longer[list.length] = element;
        return longer;
    }

    private static Volume volume(Flags f) {
        String value = f.string();
        int colon = value.indexOf(':');
        String source = colon < 0 ? value : value.substring(0, colon);
        String destination = colon < 0 ? value : value.substring(colon + 1);
        if (source.isEmpty() || destination.isEmpty() || destination.indexOf(':') >= 0) throw f.bad(value, "SRC or SRC:DST");
        if (destination.charAt(0) != '/') {
            if (colon >= 0) throw f.bad(value, "an absolute DST");
            throw f.bad(value, "an absolute SRC, or SRC:DST");
        }
        return new Volume(source, destination);
    }

    private static IdMap idMap(Flags f) {
        String value = f.string();
        String[] fields = value.strip().split("[ \t]+");
        try {
            if (fields.length == 3) {
                int inside = Integer.parseUnsignedInt(fields[0]), outside = Integer.parseUnsignedInt(fields[1]);
                int count = Integer.parseUnsignedInt(fields[2]);
                if (count != 0) return new IdMap(inside, outside, count);
            }
        } catch (NumberFormatException e) {
            // Below.
        }
        throw f.bad(value, "three numbers: INSIDE OUTSIDE COUNT");
    }
}

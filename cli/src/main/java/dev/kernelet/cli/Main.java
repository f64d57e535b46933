package dev.kernelet.cli;

import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Inherited;
import dev.kernelet.sentry.log.DebugLog;
import java.nio.charset.StandardCharsets;

/** Entry: picks the command, turns failures into two lines and a status. */
public final class Main {
    /**
     * Exit status of every failure of Kernelet's own; of the OCI runtime's commands it is 1, which engines
     * know from others.
     */
    static final int FAILURE = 128, OCI_FAILURE = 1;

    private Main() {}

    /** Called by the launcher (launcher.c), which exits with what this returns. */
    static int start(byte[] home, byte[][] arguments, byte[][] environment, long[] info) {
        // The one path that goes through the virtual machine's own decoding: UTF-8 when it is not ASCII
        // (launcher.c).
        HostCall.load(new String(home, StandardCharsets.UTF_8) + "/lib/libkernelet.so");
        return run(byteStrings(arguments),
                Inherited.of(new String(home, StandardCharsets.ISO_8859_1), byteStrings(environment), info));
    }

    /** Without the launcher: {@code java -Dkernelet.home=DIR -cp kernelet.jar dev.kernelet.cli.Main ...}. */
    public static void main(String[] arguments) {
        Runtime.getRuntime().halt(PlainStart.run(arguments));
    }

    private static String[] byteStrings(byte[][] list) {
        var strings = new String[list.length];
        for (int i = 0; i < list.length; i++) strings[i] = new String(list[i], StandardCharsets.ISO_8859_1);
        return strings;
    }

    static int run(String[] arguments, Inherited inherited) {
        var global = new GlobalFlags();
        try {
            global.parse(arguments);
            return command(global, arguments, inherited);
        } catch (UsageException e) {
            return failed(global, e.getMessage(), "Run \"kernelet help\" for all flags.\n" + HelpCommand.USAGE);
        } catch (Failure e) {
            return failed(global, e.getMessage(), DebugLog.escaped(e.remedy));
        } catch (OutOfMemoryError e) {
            DebugLog.error("out of memory", e);
            return failed(global, e.getMessage(), "A limit of this environment is too low for a start: see ulimit -u and the"
                    + " container's limits of processes (32 at least) and memory.");
        } catch (Throwable e) {
            DebugLog.error("internal error", e);
            return failed(global, "internal error: " + e, "This is a bug of Kernelet's. Run again with --debug --debug-log=FILE"
                    + " and report it with that file.");
        }
    }

    private static int command(GlobalFlags global, String[] arguments, Inherited inherited) {
        if (global.version) return version();
        String name = global.position < arguments.length ? arguments[global.position] : null;
        if (global.help) return HelpCommand.run(name);
        if (name == null) {
            Console.error(HelpCommand.USAGE);
            return FAILURE;
        }
        global.isOci = isOci(name);
        openLogs(global, name);
        String training = System.getProperty("kernelet.train");
        if (training != null) Training.load(training);
        if (DebugLog.debugEnabled) StartReport.log(arguments, inherited);
        return switch (name) {
            case "do" -> DoCommand.run(global, arguments, inherited);
            case "doctor" -> DoctorCommand.run(global, arguments, inherited);
            case "create", "run" -> CreateCommand.run(global, arguments, inherited);
            case "install", "uninstall" -> InstallCommand.run(global, arguments, inherited);
            case "help" -> HelpCommand.run(global.position + 1 < arguments.length ? arguments[global.position + 1] : null);
            case "flags" -> HelpCommand.run("flags");
            case "version" -> version();
            default -> {
                if (global.isOci) yield ContainerCommands.run(global, arguments, inherited);
                throw new UsageException("no such command: " + name);
            }
        };
    }

    private static boolean isOci(String command) {
        return switch (command) {
            case "create", "run", "state", "start", "kill", "delete", "list", "ps", "pause", "resume",
                    "wait", "events", "update",
                    "exec", "spec", "features" -> true;
            default -> false;
        };
    }

    private static int version() {
        Console.out("kernelet version " + Version.NUMBER + "\n");
        return 0;
    }

    private static void openLogs(GlobalFlags global, String command) {
        if (global.log != null) {
            long r = ErrorLog.open(global.log, global.logFormat.equals("text"));
            if (r < 0) throw new Failure("cannot open " + global.log + ": open", r, "Correct --log: a file you may write to.");
        }
        if (!global.debug && !global.strace && global.debugLog == null) return;
        long r = DebugLog.open(global.debugLog, command, global.jsonDebugLog, global.debug, global.alsoLogToStderr);
        if (r < 0) {
            throw new Failure("cannot open " + global.debugLog + ": open", r,
                    "Correct --debug-log: a file you may write to, or a directory with \"/\" at its end.");
        }
    }

    /** The message may quote a bundle, a file or an argument. */
    private static int failed(GlobalFlags global, String message, String remedy) {
        String what = DebugLog.escaped(message);
        DebugLog.error("FATAL ERROR: " + what, null);
        if (global.log != null) ErrorLog.error(what);
        Console.error("kernelet: " + what + "\n" + remedy + "\n");
        return global.isOci ? OCI_FAILURE : FAILURE;
    }
}

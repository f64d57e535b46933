package dev.kernelet.cli;

/** {@code help [command]} and {@code flags}. */
final class HelpCommand {
    private HelpCommand() {}

    static final String USAGE = """
            Usage: kernelet [flags] COMMAND [flags of the command] ...

              do COMMAND...   run a command in a sandbox over your own files
              create, start, run, exec, kill, delete, state, list, ps, pause, resume, wait, events, update, spec, features
                              an OCI runtime's, with the flags of runc and runsc: kernelet create -b BUNDLE ID
              install, uninstall   enter this runtime into the configuration of Docker and containerd, or take it out
              doctor          say what this environment allows
              flags           list the flags
              help [COMMAND]  this text, or a command's

            """;

    static int run(String topic) {
        switch (topic == null ? "" : topic) {
            case "" -> Console.out(USAGE + "Flags:\n" + GlobalFlags.HELP);
            case "do" -> Console.out(DoCommand.HELP);
            case "install", "uninstall" -> Console.out(InstallCommand.HELP);
            case "doctor" -> Console.out(DoctorCommand.HELP);
            case "flags" -> Console.out(GlobalFlags.HELP);
            case "help" -> Console.out(USAGE);
            default -> throw new UsageException("help: no such command: " + topic);
        }
        return 0;
    }
}

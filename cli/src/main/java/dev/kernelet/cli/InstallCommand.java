package dev.kernelet.cli;

import dev.kernelet.oci.EngineFiles;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Inherited;
import java.util.Arrays;

/** {@code install} and {@code uninstall}: a runtime's entry in the files of Docker and containerd. */
final class InstallCommand {
    static final String HELP = """
            Usage: kernelet install [flags] [-- FLAG...]
                   kernelet uninstall [flags]

            Enters this Kernelet as a runtime into Docker's daemon.json, and into containerd's config.toml when
            there is one, or takes it out again. All else in the files stays as it is. Flags after "--" are given
            to each container of Docker's: kernelet install -- --debug --debug-log=/tmp/kernelet/

              --runtime NAME             name of the runtime (kernelet)
              --config_file FILE         Docker's (/etc/docker/daemon.json); empty: leave Docker alone
              --containerd_config FILE   containerd's (/etc/containerd/config.toml, if it is there); empty: leave
                                         containerd alone
              --clobber=BOOL             replace an entry of that name in Docker's file (true)
              --experimental             also turn on Docker's experimental features
            """;

    private static final String CONTAINERD = "/etc/containerd/config.toml";

    private String name = "kernelet", docker = "/etc/docker/daemon.json", containerd;
    private boolean clobber = true, experimental, help;

    private InstallCommand() {}

    static int run(GlobalFlags global, String[] arguments, Inherited inherited) {
        return new InstallCommand().start(global, arguments, inherited);
    }

    private int start(GlobalFlags global, String[] arguments, Inherited inherited) {
        boolean isInstall = arguments[global.position].equals("install");
        var flags = new Flags(arguments, global.position + 1);
        while (flags.next()) accept(flags);
        if (help) {
            Console.out(HELP);
            return 0;
        }
        String[] rest = Arrays.copyOfRange(arguments, flags.position(), arguments.length);
        if (rest.length > 0 && !isInstall) throw new UsageException("uninstall: takes no argument");
        checkName();
        if (containerd == null) containerd = EngineFiles.exists(CONTAINERD) ? CONTAINERD : "";
        String path = inherited.home() + "/bin/kernelet";
        if (isInstall) new GlobalFlags().parse(rest); // they are refused here, not at each container
        // Both are read and changed before one is written: an error leaves both as they were.
        String oldDocker = docker.isEmpty() ? "" : EngineFiles.read(docker);
        String oldContainerd = containerd.isEmpty() ? "" : EngineFiles.read(containerd);
        String newDocker = docker.isEmpty() ? "" : docker(isInstall, oldDocker, path, rest);
        String newContainerd = containerd.isEmpty() ? "" : isInstall
                ? EngineFiles.containerdWith(oldContainerd, containerd, name, path)
                : EngineFiles.containerdWithout(oldContainerd, containerd, name);
        write(docker, oldDocker, newDocker, "systemctl reload docker");
        write(containerd, oldContainerd, newContainerd, "systemctl restart containerd");
        return 0;
    }

    private String docker(boolean isInstall, String old, String path, String[] rest) {
        if (!isInstall) return EngineFiles.dockerWithout(old, docker, name);
        if (!clobber && EngineFiles.dockerHas(old, docker, name)) {
            throw new Failure(docker + ": a runtime " + name + " is there already (--clobber=false)",
                    "Use another name (--runtime).");
        }
        return EngineFiles.dockerWith(old, docker, name, path, rest, experimental);
    }

    private static void write(String file, String old, String text, String next) {
        if (file.isEmpty()) return;
        if (text.equals(old)) {
            Console.out(file + ": nothing to do\n");
            return;
        }
        EngineFiles.write(file, text);
        Console.out(file + ": changed; now: " + next + "\n");
    }

    private void checkName() {
        boolean isGood = !name.isEmpty() && name.length() <= 64 && !name.equals("runc");
        for (int i = 0; i < name.length() && isGood; i++) {
            char c = name.charAt(i);
            isGood = (c | 0x20) >= 'a' && (c | 0x20) <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-';
        }
        if (!isGood) {
            throw new UsageException("--runtime: \"" + name + "\" is no name (letters, digits, _, -; not runc)");
        }
    }

    private void accept(Flags f) {
        switch (f.name()) {
            case "runtime" -> name = f.string();
            case "config_file", "config-file" -> docker = f.string();
            case "containerd_config", "containerd-config" -> containerd = f.string();
            case "clobber" -> clobber = f.bool();
            case "experimental" -> experimental = f.bool();
            case "h", "help" -> help = f.bool();
            default -> throw f.unknown();
        }
    }
}

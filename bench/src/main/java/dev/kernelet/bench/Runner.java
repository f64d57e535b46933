package dev.kernelet.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A way to run a command.
 *
 * @param name    as in results
 * @param version of the program, for the record
 * @param prefix  words before the command
 */
record Runner(String name, String version, List<String> prefix) {
    static final String NATIVE = "native", KERNELET = "kernelet";

    /** Every runner that can start a program here, native first; those that cannot are named in {@code missing}. */
    static List<Runner> find(Path top, Path work, List<String> missing) throws IOException, InterruptedException {
        String kernelet = top.resolve("dist/out/bin/kernelet").toString();
        var all = new ArrayList<Runner>();
        all.add(new Runner(NATIVE, firstLine("uname", "-r"), List.of()));
        String version = firstLine(kernelet, "--version");
        for (String platform : List.of("systrap", "ptrace")) {
            String name = platform.equals("systrap") ? KERNELET : KERNELET + "-" + platform;
            all.add(new Runner(name, version, List.of(kernelet, "--platform=" + platform, "--network=none", "do", "--quiet", "--")));
        }
        String runsc = firstLine("runsc", "--version");
        for (String platform : List.of("systrap", "ptrace")) {
            all.add(new Runner("runsc-" + platform, runsc, List.of("runsc", "--platform=" + platform, "--network=none",
                    "--ignore-cgroups", "--overlay2=all:memory", "do", "--quiet", "--")));
        }
        all.add(new Runner("bwrap", firstLine("bwrap", "--version"), List.of("bwrap", "--bind", "/", "/", "--dev", "/dev",
                "--proc", "/proc", "--unshare-all", "--die-with-parent", "--")));
        for (String runtime : List.of("runc", "crun")) {
            all.add(new Runner(runtime, firstLine(runtime, "--version"), List.of(top.resolve("bench/oci-do").toString(), runtime)));
        }
        all.add(new Runner("proot", firstLine("proot", "--version"), List.of("proot", "-r", "/")));
        var found = new ArrayList<Runner>();
        for (Runner r : all) {
            var run = Run.of(r, List.of("/bin/true"), work, 20);
            if (run.status() == 0) found.add(r);
            else missing.add(r.name + ": " + (run.output().isBlank() ? "status " + run.status() : run.output().strip()));
        }
        return found;
    }

    private static String firstLine(String... command) throws InterruptedException {
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            try (Stream<String> lines = process.inputReader().lines()) {
                return lines.findFirst().orElse("");
            }
        } catch (IOException e) {
            return "not found";
        }
    }
}

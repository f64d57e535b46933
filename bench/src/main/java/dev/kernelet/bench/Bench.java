package dev.kernelet.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of bench/run and bench/compare. */
@Command(name = "bench", subcommands = {Bench.RunCommand.class, Bench.CompareCommand.class})
final class Bench {
    private Bench() {}

    public static void main(String[] arguments) { System.exit(new CommandLine(new Bench()).execute(arguments)); }

    @Command(name = "run", mixinStandardHelpOptions = true,
            description = "Runs every measurement natively, in Kernelet and in each peer found, in turn, and shows ratios.")
    static final class RunCommand implements Callable<Integer> {
        @Option(names = "--top", hidden = true, required = true) Path top;
        @Option(names = "--work", hidden = true, required = true) Path work;

        @Option(names = "--rounds", description = "samples of each measurement (default ${DEFAULT-VALUE})") int rounds = 5;

        @Option(names = "--settings", split = ",",
                description = "of free (both CPUs), one-cpu (all pinned to CPU 0), burning (a process burns one CPU); default all")
        List<String> settings = List.of("free", "one-cpu", "burning");

        @Option(names = "--runners", split = ",", description = "only these (native is always there)") List<String> runners = List.of();

        @Option(names = "--only", split = ",", description = "only these measurements (names as in targets.tsv; a workload's "
                + "name; micro; memory; idle)")
        List<String> only = List.of();

        @Option(names = "--seconds", description = "for each micro operation (default ${DEFAULT-VALUE})") double seconds = 0.2;

        @Option(names = "--out", description = "directory for result.json and result.html (default target/bench/result)") Path out;

        @Override
        public Integer call() throws Exception {
            if (out == null) out = work.resolve("result");
            Files.createDirectories(out);
            var missing = new ArrayList<String>();
            List<Runner> found = new ArrayList<>(Runner.find(top, work, missing));
            if (!runners.isEmpty()) found.removeIf(r -> !r.name().equals(Runner.NATIVE) && !runners.contains(r.name()));
            Targets targets = Targets.read(top.resolve("bench/targets.tsv"));
            var measurement = new Measurement(top, work, found, rounds, seconds, only);
            measurement.result.notes.addAll(missing);
            for (String setting : settings) {
                measurement.run(setting);
                measurement.result.write(out.resolve("result.json"));
            }
            System.out.print(Table.of(measurement.result, targets));
            Page.write(measurement.result, targets, out.resolve("result.html"));
            System.out.println("\nwritten: " + out.resolve("result.json") + ", " + out.resolve("result.html"));
            return 0;
        }
    }

    @Command(name = "compare", mixinStandardHelpOptions = true, description = "Kernelet's figures of two results, side by side.")
    static final class CompareCommand implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "OLD.json") Path old;
        @Parameters(index = "1", paramLabel = "NEW.json") Path fresh;

        @Override
        public Integer call() throws Exception {
            var slower = Table.compare(Result.read(old), Result.read(fresh), System.out);
            return slower ? 1 : 0;
        }
    }
}

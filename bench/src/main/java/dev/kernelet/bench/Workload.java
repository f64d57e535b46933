package dev.kernelet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A script of workloads/.
 *
 * @param name   file name without its ending
 * @param script the file
 * @param rates  names of the rates it prints ("NAME NUMBER", more is better); empty: its wall time counts
 * @param needs  programs that must be there
 */
record Workload(String name, Path script, List<String> rates, List<String> needs) {
    static List<Workload> all(Path directory) throws IOException {
        var result = new ArrayList<Workload>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".sh")).sorted().toList()) {
                List<String> rates = List.of(), needs = List.of();
                for (String line : Files.readAllLines(file)) {
                    if (line.startsWith("# metric: rate ")) rates = List.of(line.substring(15).split(" "));
                    if (line.startsWith("# needs: ")) needs = List.of(line.substring(9).split(" "));
                }
                result.add(new Workload(file.getFileName().toString().replace(".sh", ""), file, rates, needs));
            }
        }
        return result;
    }

    /** The first needed program that is not on the PATH (or in Debian's own directory of PostgreSQL), or null. */
    String missing() throws IOException {
        for (String program : needs) {
            boolean found = Stream.of(System.getenv("PATH").split(":"))
                    .anyMatch(d -> Files.isExecutable(Path.of(d.isEmpty() ? "." : d, program)));
            if (!found) return program;
        }
        return null;
    }
}

package dev.kernelet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** targets.tsv: what Kernelet is to reach, and the titles of the rows. */
final class Targets {
    private record Target(String kind, double value, String title) {}

    private final Map<String, Target> byName = new LinkedHashMap<>();

    static Targets read(Path file) throws IOException {
        var t = new Targets();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) continue;
            String[] f = line.split("\t");
            if (f.length != 4) throw new IOException(file + ": four fields wanted: " + line);
            t.byName.put(f[0], new Target(f[1], Double.parseDouble(f[2]), f[3]));
        }
        return t;
    }

    String title(String name) { return byName.containsKey(name) ? byName.get(name).title : name; }

    /** The bound in the row's unit (at least, for rates); NaN when there is none or its basis was not measured. */
    double bound(Result result, Result.Row row) {
        Target t = byName.get(row.name);
        if (t == null) return Double.NaN;
        double nativeMedian = row.median(Runner.NATIVE);
        return switch (t.kind) {
            case "max" -> t.value;
            case "native", "share" -> t.value * nativeMedian;
            case "start" -> {
                Result.Row start = result.find(row.setting, "true");
                yield start == null ? Double.NaN : start.median(Runner.KERNELET) + t.value * nativeMedian;
            }
            case "none" -> Double.NaN;
            default -> throw new IllegalArgumentException("targets.tsv: " + t.kind);
        };
    }

    /** "met", "missed", or "" when there is no target or no figure. */
    String verdict(Result result, Result.Row row) {
        double bound = bound(result, row), is = row.median(Runner.KERNELET);
        if (Double.isNaN(bound) || Double.isNaN(is)) return "";
        return (row.isRate() ? is >= bound : is <= bound) ? "met" : "missed";
    }
}

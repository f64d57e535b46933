package dev.kernelet.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Results as text. */
final class Table {
    private static final double NOTABLY_SLOWER = 1.2;

    private Table() {}

    static String of(Result result, Targets targets) {
        var out = new StringBuilder();
        List<String> runners = List.copyOf(result.versions.keySet());
        String setting = "";
        for (Result.Row row : result.rows) {
            if (!row.setting.equals(setting)) {
                setting = row.setting;
                out.append("\n== ").append(setting).append(": native, then each runner's median as a multiple of it\n");
                out.append(String.format("%-38s", ""));
                for (String r : runners) out.append(String.format("%16s", r));
                out.append("   target (kernelet)\n");
            }
            out.append(String.format("%-38s", targets.title(row.name)));
            for (String r : runners) out.append(String.format("%16s", cell(row, r)));
            double bound = targets.bound(result, row);
            String verdict = setting.equals("free") ? targets.verdict(result, row) : "";
            if (!verdict.isEmpty()) {
                out.append("   ").append(row.isRate() ? ">= " : "<= ").append(figure(bound, row.unit)).append(' ').append(verdict);
            }
            out.append('\n');
        }
        for (String note : result.notes) out.append("note: ").append(note).append('\n');
        return out.toString();
    }

    private static String cell(Result.Row row, String runner) {
        double m = row.median(runner), base = row.median(Runner.NATIVE);
        if (Double.isNaN(m)) return row.failures.containsKey(runner) ? "failed" : "-";
        if (runner.equals(Runner.NATIVE) || Double.isNaN(base) || base == 0) return figure(m, row.unit);
        return String.format("%s x%.2f", figure(m, row.unit), m / base);
    }

    static String figure(double v, String unit) {
        return switch (unit) {
            case Result.NANOSECONDS -> v < 1e3 ? String.format("%.0f ns", v) : v < 1e6 ? String.format("%.1f us", v / 1e3)
                    : String.format("%.2f ms", v / 1e6);
            case Result.SECONDS -> v < 1 ? String.format("%.0f ms", v * 1e3) : String.format("%.2f s", v);
            case Result.PER_SECOND -> v < 1e4 ? String.format("%.0f/s", v) : String.format("%.1fk/s", v / 1e3);
            case Result.MEGABYTES -> String.format("%.1f MB", v);
            default -> String.format("%.2f %s", v, unit);
        };
    }

    /** Kernelet's medians side by side; whether one got notably worse. */
    static boolean compare(Result old, Result fresh, PrintStream out) {
        var slower = new ArrayList<String>();
        for (Result.Row row : fresh.rows) {
            Result.Row before = old.find(row.setting, row.name);
            if (before == null) continue;
            for (String runner : fresh.versions.keySet()) {
                double a = before.median(runner), b = row.median(runner);
                if (!runner.startsWith(Runner.KERNELET) || Double.isNaN(a) || Double.isNaN(b) || a <= 0 || b <= 0) continue;
                double worse = row.isRate() ? a / b : b / a;
                out.printf("%-10s %-18s %-30s %12s -> %12s  x%.2f%s%n", row.setting, runner, row.name, figure(a, row.unit),
                        figure(b, row.unit), b / a, worse > NOTABLY_SLOWER ? "  worse" : worse < 1 / NOTABLY_SLOWER ? "  better" : "");
                if (worse > NOTABLY_SLOWER) slower.add(row.name);
            }
        }
        return !slower.isEmpty();
    }
}

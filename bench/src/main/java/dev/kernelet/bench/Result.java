package dev.kernelet.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All that a run found, as it is kept in JSON. */
final class Result {
    /** Units of rows: times are better small, rates better large. */
    static final String NANOSECONDS = "ns", SECONDS = "s", PER_SECOND = "/s", MEGABYTES = "MB", PERCENT = "%";

    Map<String, String> conditions = new LinkedHashMap<>();
    Map<String, String> versions = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    List<Row> rows = new ArrayList<>();

    /** Samples of one measurement in one setting, by runner. */
    static final class Row {
        String setting, name, unit;
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        /** Why a runner has none. */
        Map<String, String> failures = new LinkedHashMap<>();

        boolean isRate() { return unit.equals(PER_SECOND); }

        /** NaN when there is none. */
        double median(String runner) {
            List<Double> list = samples.getOrDefault(runner, List.of()).stream().sorted().toList();
            int n = list.size();
            if (n == 0) return Double.NaN;
            return n % 2 == 1 ? list.get(n / 2) : (list.get(n / 2 - 1) + list.get(n / 2)) / 2;
        }
    }

    Row row(String setting, String name, String unit) {
        for (Row r : rows) if (r.setting.equals(setting) && r.name.equals(name)) return r;
        var r = new Row();
        r.setting = setting;
        r.name = name;
        r.unit = unit;
        rows.add(r);
        return r;
    }

    Row find(String setting, String name) {
        for (Row r : rows) if (r.setting.equals(setting) && r.name.equals(name)) return r;
        return null;
    }

    void write(Path file) throws IOException {
        Gson gson = new GsonBuilder().setPrettyPrinting().create();
        Files.writeString(file, gson.toJson(this) + "\n");
    }

    static Result read(Path file) throws IOException { return new Gson().fromJson(Files.readString(file), Result.class); }
}

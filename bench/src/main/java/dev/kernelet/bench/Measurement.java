package dev.kernelet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs all measurements in rounds: each round asks every runner once, so that a change of the machine's load meets all. */
final class Measurement {
    private static final int WORKLOAD_SECONDS_MAX = 180, MICRO_SECONDS_MAX = 120, SANDBOXES = 4;
    private static final int SPARE_MILLIS = 400;

    final Result result = new Result();
    private final Path top, work;
    private final List<Runner> runners;
    private final int rounds;
    private final double seconds;
    private final Set<String> only;

    Measurement(Path top, Path work, List<Runner> runners, int rounds, double seconds, List<String> only) throws IOException {
        this.top = top;
        this.work = work;
        this.runners = runners;
        this.rounds = rounds;
        this.seconds = seconds;
        this.only = new HashSet<>(only);
        conditions();
        for (Runner r : runners) result.versions.put(r.name(), r.version());
    }

    private boolean wanted(String name) { return only.isEmpty() || only.contains(name); }

    private void conditions() throws IOException {
        result.conditions.put("date", Instant.now().toString());
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("model name")) result.conditions.put("cpu", line.substring(line.indexOf(':') + 2));
        }
        result.conditions.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        result.conditions.put("kernel", Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip());
        result.conditions.put("rounds", String.valueOf(rounds));
    }

    private static String load() throws IOException { return Files.readString(Path.of("/proc/loadavg")).split(" ")[0]; }

    void run(String setting) throws IOException, InterruptedException {
        result.conditions.put("load before " + setting, load());
        Process burner = null;
        if (setting.equals("burning")) {
            burner = new ProcessBuilder("/bin/sh", "-c", "while :; do :; done").start();
        }
        try {
            List<Runner> pinned = setting.equals("one-cpu") ? runners.stream().map(Measurement::pinned).toList() : runners;
            for (int round = 0; round < rounds; round++) {
                System.err.printf("%s, round %d of %d, load %s%n", setting, round + 1, rounds, load());
                micro(setting, pinned);
                workloads(setting, pinned);
                warm(setting, pinned);
            }
            if (setting.equals("free")) {
                memory(setting);
                idle(setting);
            }
        } finally {
            if (burner != null) burner.destroyForcibly().waitFor();
        }
        result.conditions.put("load after " + setting, load());
    }

    private static Runner pinned(Runner r) {
        var prefix = new ArrayList<>(List.of("taskset", "-c", "0"));
        prefix.addAll(r.prefix());
        return new Runner(r.name(), r.version(), prefix);
    }

    // ---- single operations
    private void micro(String setting, List<Runner> runners) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(work.resolve("bin/micro").toString(), "--seconds", String.valueOf(seconds)));
        if (!wanted("micro")) {
            var asked = new ArrayList<>(only);
            for (Workload w : Workload.all(top.resolve("bench/workloads"))) asked.remove(w.name());
            asked.removeAll(List.of("memory", "idle"));
            if (asked.isEmpty()) return;
            command.addAll(asked);
        }
        for (Runner r : runners) {
            Run run = Run.of(r, command, work, MICRO_SECONDS_MAX);
            for (String line : run.output().lines().toList()) {
                String[] f = line.split(" ");
                if (f.length != 2 || !f[1].matches("[0-9.]+")) continue;
                sample(result.row(setting, f[0], Result.NANOSECONDS), r, Double.parseDouble(f[1]));
            }
            if (run.status() != 0) note(setting + ": micro in " + r.name() + ": " + why(run));
        }
    }

    private static void sample(Result.Row row, Runner r, double value) {
        row.samples.computeIfAbsent(r.name(), k -> new ArrayList<>()).add(value);
    }

    private void note(String text) {
        if (!result.notes.contains(text)) result.notes.add(text);
    }

    private static String why(Run run) {
        if (run.status() == Run.TIMED_OUT) return "not done in time";
        String last = run.output().strip();
        last = last.substring(last.lastIndexOf('\n') + 1);
        return "status " + run.status() + (last.isEmpty() ? "" : ": " + last.substring(0, Math.min(160, last.length())));
    }

    // ---- whole programs
    private void workloads(String setting, List<Runner> runners) throws IOException, InterruptedException {
        for (Workload w : Workload.all(top.resolve("bench/workloads"))) {
            if (!wanted(w.name())) continue;
            String missing = w.missing();
            if (missing != null) {
                note(w.name() + ": not measured, no " + missing + " here (apt-get install)");
                continue;
            }
            for (Runner r : runners) workload(setting, w, r);
        }
    }

    private void workload(String setting, Workload w, Runner r) throws IOException, InterruptedException {
        List<String> names = w.rates().isEmpty() ? List.of(w.name()) : w.rates().stream().map(n -> w.name() + "." + n).toList();
        String unit = w.rates().isEmpty() ? Result.SECONDS : Result.PER_SECOND;
        for (String n : names) {
            // One that has failed twice is not asked again: it may take its full time each round.
            if (result.row(setting, n, unit).failures.getOrDefault(r.name(), "").startsWith("twice")) return;
        }
        List<String> command = w.name().equals("true") ? List.of("/bin/true") : List.of("/bin/bash", w.script().toString());
        Run run = Run.of(r, command, work, WORKLOAD_SECONDS_MAX);
        for (String n : names) {
            Result.Row row = result.row(setting, n, unit);
            double value = run.status() != 0 ? Double.NaN : w.rates().isEmpty() ? run.seconds() : rate(run, n);
            if (!Double.isNaN(value)) sample(row, r, value);
            else row.failures.merge(r.name(), why(run), (a, b) -> "twice: " + b);
        }
    }

    /**
     * A start with a spare sandbox (--pool) that has had time to get ready. In a session of its own: a
     * terminal makes it cold.
     */
    private void warm(String setting, List<Runner> runners) throws IOException, InterruptedException {
        if (!wanted("true-warm")) return;
        for (Runner r : runners) {
            int at = r.prefix().lastIndexOf("do");
            if (!r.name().equals(Runner.KERNELET) || at < 0) continue;
            var prefix = new ArrayList<>(List.of("setsid", "-w"));
            prefix.addAll(r.prefix());
            prefix.add(at + 2, "--pool");
            var pooled = new Runner(r.name(), r.version(), prefix);
            Run.of(pooled, List.of("/bin/true"), work, WORKLOAD_SECONDS_MAX);
            Thread.sleep(SPARE_MILLIS);
            Run run = Run.of(pooled, List.of("/bin/true"), work, WORKLOAD_SECONDS_MAX);
            Result.Row row = result.row(setting, "true-warm", Result.SECONDS);
            if (run.status() == 0) sample(row, r, run.seconds());
            else row.failures.put(r.name(), why(run));
            Thread.sleep(SPARE_MILLIS); // the next spare's start is not the next row's
        }
    }

    private static double rate(Run run, String name) {
        String key = name.substring(name.indexOf('.') + 1) + " ";
        for (String line : run.output().lines().toList()) {
            if (line.startsWith(key)) return Double.parseDouble(line.substring(key.length()).strip());
        }
        return Double.NaN;
    }

    // ---- memory and idle CPU of sleeping sandboxes
    private void memory(String setting) throws IOException, InterruptedException {
        if (!wanted("memory")) return;
        for (Runner r : runners) {
            if (r.name().equals(Runner.NATIVE)) continue;
            var sandboxes = new ArrayList<Process>();
            try {
                double first = 0, all = 0;
                for (int i = 0; i < SANDBOXES; i++) {
                    sandboxes.add(sleeping(r));
                    all = pss(sandboxes);
                    if (i == 0) first = all;
                }
                sample(result.row(setting, "memory.first", Result.MEGABYTES), r, first);
                sample(result.row(setting, "memory.further", Result.MEGABYTES), r, (all - first) / (SANDBOXES - 1));
            } finally {
                end(sandboxes);
            }
        }
    }

    private Process sleeping(Runner r) throws IOException, InterruptedException {
        var words = new ArrayList<>(r.prefix());
        words.addAll(List.of("/bin/sleep", "60"));
        Process p = new ProcessBuilder(words).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        Thread.sleep(2500);
        return p;
    }

    private static void end(List<Process> sandboxes) throws InterruptedException {
        for (Process p : sandboxes) {
            List<ProcessHandle> children = p.descendants().toList();
            p.destroy();
            if (!p.waitFor(3, TimeUnit.SECONDS)) p.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private static List<ProcessHandle> processes(List<Process> sandboxes) {
        return sandboxes.stream().flatMap(p -> Stream.concat(Stream.of(p.toHandle()), p.descendants())).toList();
    }

    private static double pss(List<Process> sandboxes) throws IOException {
        double kilobytes = 0;
        for (ProcessHandle p : processes(sandboxes)) {
            for (String line : Files.readAllLines(Path.of("/proc/" + p.pid() + "/smaps_rollup"))) {
                if (line.startsWith("Pss:")) kilobytes += Double.parseDouble(line.replaceAll("[^0-9]", ""));
            }
        }
        return kilobytes / 1024;
    }

    private void idle(String setting) throws IOException, InterruptedException {
        if (!wanted("idle")) return;
        for (Runner r : runners) {
            if (r.name().equals(Runner.NATIVE)) continue;
            List<Process> sandbox = List.of(sleeping(r));
            try {
                long before = ticks(sandbox);
                Thread.sleep(20_000);
                sample(result.row(setting, "idle", Result.PERCENT), r, (ticks(sandbox) - before) / 100.0 / 20 * 100);
            } finally {
                end(sandbox);
            }
        }
    }

    /** utime and stime of all its processes, in hundredths of a second (proc_pid_stat(5)). */
    private static long ticks(List<Process> sandboxes) throws IOException {
        long sum = 0;
        for (ProcessHandle p : processes(sandboxes)) {
            String stat = Files.readString(Path.of("/proc/" + p.pid() + "/stat"));
            String[] f = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            sum += Long.parseLong(f[11]) + Long.parseLong(f[12]);
        }
        return sum;
    }
}

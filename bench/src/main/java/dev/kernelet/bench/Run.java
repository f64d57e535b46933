package dev.kernelet.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One command that ran to its end (or was ended): wall time, status, and what it printed (standard output and error). */
record Run(double seconds, int status, String output) {
    static final int TIMED_OUT = 124, NOT_STARTED = 127;

    /** Runs in a new directory below {@code work}, removed afterwards; all its processes are ended at the deadline. */
    static Run of(Runner runner, List<String> command, Path work, int secondsMax) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "bench.");
        try {
            return in(directory, runner, command, work, secondsMax);
        } finally {
            delete(directory);
        }
    }

    private static Run in(Path directory, Runner runner, List<String> command, Path work, int secondsMax)
            throws IOException, InterruptedException {
        var words = new ArrayList<>(runner.prefix());
        words.addAll(command);
        var builder = new ProcessBuilder(words).directory(directory.toFile()).redirectErrorStream(true);
        // Through a pipe: runsc writes to a regular file at an offset of its own.
        builder.redirectOutput(ProcessBuilder.Redirect.PIPE).redirectInput(Path.of("/dev/null").toFile());
        builder.environment().put("DATA", work.resolve("data").toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        long start = System.nanoTime();
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return new Run(0, NOT_STARTED, e.getMessage());
        }
        var text = new StringBuilder();
        Thread reader = Thread.ofVirtual().start(() -> read(process, text));
        boolean ended = process.waitFor(secondsMax, TimeUnit.SECONDS);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (!ended) {
            Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList().forEach(ProcessHandle::destroyForcibly);
            process.waitFor();
        }
        reader.join(2000);
        synchronized (text) {
            return new Run(seconds, ended ? process.exitValue() : TIMED_OUT, text.toString());
        }
    }

    private static void read(Process process, StringBuilder text) {
        try (var in = process.inputReader()) {
            for (String line; (line = in.readLine()) != null;) {
                synchronized (text) {
                    if (text.length() < 1 << 20) text.append(line).append('\n');
                }
            }
        } catch (IOException e) {
            // The process was ended at its deadline: what came before that is kept.
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path p : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(p);
        } catch (UncheckedIOException e) {
            System.err.println("left behind: " + directory + ": " + e.getMessage());
        }
    }
}

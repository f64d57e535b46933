package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs shell scripts against the distribution, with $K for its launcher and $T for a directory of their own.
 */
final class Shell {
    static final Path ROOT = Path.of(System.getProperty("kernelet.root"));
    static final Path DISTRIBUTION = ROOT.resolve("dist/out");
    static final boolean IS_ROOT = "root".equals(System.getProperty("user.name"));

    /** For one script. */
    int secondsMax = 120;
    private final Path directory;

    record Result(int status, String out, String error) {
        void is(int expectedStatus, String expectedOut) {
            assertEquals(expectedOut, out, error);
            assertEquals(expectedStatus, status, error);
        }

        /** Kernelet's own failure: status 128, and these words on standard error. */
        void failed(String... words) {
            assertEquals(128, status, error);
            for (String word : words) assertTrue(error.contains(word), "no \"" + word + "\" in " + error);
            assertTrue(error.startsWith("kernelet: "), error);
        }
    }

    Shell(Path directory) { this.directory = directory; }

    Result run(String script) throws IOException, InterruptedException { return run(List.of("bash", "-c",
            script)); }

    /** As an ordinary user, when this is root. */
    Result runAsUser(String script) throws IOException, InterruptedException {
        if (!IS_ROOT) return run(script);
        return run(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-c",
                script));
    }

    private Result run(List<String> command) throws IOException, InterruptedException {
        File out = File.createTempFile("shell", ".out"), error = File.createTempFile("shell", ".err");
        try {
            var builder = new ProcessBuilder(command).directory(directory.toFile()).redirectOutput(out).redirectError(error);
            builder.redirectInput(new File("/dev/null"));
            builder.environment().put("K", DISTRIBUTION.resolve("bin/kernelet").toString());
            builder.environment().put("T", directory.toString());
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            if (!process.waitFor(secondsMax, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                fail("no end after " + secondsMax + " s: " + command.getLast() + "\n" + text(out)
                        + text(error));
            }
            return new Result(process.exitValue(), text(out), text(error));
        } finally {
            Files.delete(out.toPath());
            Files.delete(error.toPath());
        }
    }

    private static String text(File f) throws IOException {
        return Files.readString(f.toPath(), StandardCharsets.ISO_8859_1);
    }

    // ---- nothing left behind
    /**
     * Processes of the distribution under test that run now: launchers, their stubs, and stubs that have lost
     * their launcher.
     */
    static List<String> processes() throws IOException {
        var found = new ArrayList<String>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path p : all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
                String exe = executable(p);
                if (isOurs(exe) || exe.contains("kernelet-stub") && !isOthers(parent(p))) found.add(p + " "
                        + exe);
            }
        }
        return found;
    }

    private static boolean isOurs(String exe) { return exe.equals(DISTRIBUTION.resolve("bin/kernelet").toString()); }

    /** A child of another distribution's launcher: somebody else's test. */
    private static boolean isOthers(Path parent) {
        String exe = executable(parent);
        return exe.endsWith("/bin/kernelet") && !isOurs(exe);
    }

    /** "" when it is gone or not ours to see. */
    private static String executable(Path process) {
        try {
            return Files.readSymbolicLink(process.resolve("exe")).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static Path parent(Path process) {
        try {
            String stat = Files.readString(process.resolve("stat"));
            return Path.of("/proc", stat.substring(stat.lastIndexOf(')') + 2).split(" ")[1]);
        } catch (IOException e) {
            return Path.of("/proc/0");
        }
    }

    /** Waits until no more of them run than before. */
    static void assertNothingMore(List<String> before) throws IOException, InterruptedException {
        List<String> more = List.of();
        for (int i = 0; i < 100; i++) {
            more = new ArrayList<>(processes());
            more.removeAll(before);
            if (more.isEmpty()) return;
            Thread.sleep(100);
        }
        fail("left behind: " + more);
    }
}

package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/**
 * A script of conformance/ that runs rows of checks and leaves the result of each in target/conformance/SCRIPT/ROW: every line
 * is a test. A row that cannot run on this machine is skipped, with the reason.
 */
final class Rows {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));

    private final String script;

    private Rows(String script) { this.script = script; }

    /** {@code word}: chooses it in KERNELET_FAMILIES. */
    static Stream<DynamicNode> of(String script, String word) throws Exception {
        String chosen = System.getenv("KERNELET_FAMILIES");
        if (chosen != null && !chosen.isBlank() && !chosen.contains(word)) return Stream.empty();
        var rows = new Rows(script);
        List<String> names = rows.run("--list", ROOT.resolve("target/" + script + ".list"));
        List<String> output = rows.run("", ROOT.resolve("target/" + script + ".out"));
        output.forEach(System.out::println);
        return names.stream().map(row -> dynamicContainer(row, rows.checks(row, output)));
    }

    private Stream<DynamicTest> checks(String row, List<String> output) {
        var tests = new ArrayList<DynamicTest>();
        boolean ended = false;
        try {
            for (String line : Files.readAllLines(ROOT.resolve("target/conformance/" + script).resolve(row), StandardCharsets.ISO_8859_1)) {
                String[] words = line.split(" ", 3);
                switch (words[0]) {
                    case "ok" -> tests.add(dynamicTest(words[1], () -> { }));
                    case "FAIL" -> tests.add(dynamicTest(words[1], () -> fail(line)));
                    case "SKIPPED" -> {
                        ended = true;
                        tests.add(dynamicTest(row, () -> Assumptions.abort(line)));
                    }
                    case "end" -> ended = true;
                    default -> { }
                }
            }
        } catch (java.io.IOException e) {
            tests.add(dynamicTest(row, () -> fail("no result\n" + String.join("\n", output))));
        }
        if (!ended) tests.add(dynamicTest("end", () -> fail("cut short\n" + String.join("\n", output))));
        if (tests.isEmpty()) tests.add(dynamicTest(row, () -> fail("an empty result\n" + String.join("\n", output))));
        return tests.stream();
    }

    private List<String> run(String option, Path output) throws Exception {
        var command = new ArrayList<String>(List.of("bash", ROOT.resolve("conformance/" + script).toString()));
        if (!option.isEmpty()) command.add(option);
        Files.createDirectories(output.getParent());
        var builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true);
        builder.redirectInput(new File("/dev/null")).redirectOutput(output.toFile());
        Process process = builder.start();
        if (!process.waitFor(12, TimeUnit.MINUTES)) {
            process.destroy();
            if (!process.waitFor(60, TimeUnit.SECONDS)) process.destroyForcibly();
        }
        return Files.readAllLines(output, StandardCharsets.ISO_8859_1);
    }
}

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
import org.junit.jupiter.api.TestFactory;

/** Every row of conformance/containers; a row whose engine cannot run on this machine is skipped, with the reason. */
class EnvironmentsTest {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));
    private static final Path RESULTS = ROOT.resolve("target/conformance/containers");

    @TestFactory
    Stream<DynamicNode> environments() throws Exception {
        String chosen = System.getenv("KERNELET_FAMILIES");
        if (chosen != null && !chosen.isBlank() && !chosen.contains("environments")) return Stream.empty();
        List<String> rows = run("--list", ROOT.resolve("target/environments.list"));
        List<String> output = run("", ROOT.resolve("target/environments.out"));
        output.forEach(System.out::println);
        return rows.stream().map(row -> dynamicContainer(row, checks(row, output)));
    }

    private static Stream<DynamicTest> checks(String row, List<String> output) {
        var tests = new ArrayList<DynamicTest>();
        boolean ended = false;
        try {
            for (String line : Files.readAllLines(RESULTS.resolve(row), StandardCharsets.ISO_8859_1)) {
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

    private static List<String> run(String option, Path output) throws Exception {
        var command = new ArrayList<String>(List.of("bash", ROOT.resolve("conformance/containers").toString()));
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

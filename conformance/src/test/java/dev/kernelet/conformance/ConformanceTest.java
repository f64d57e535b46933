package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every check of every guest program and every script of conformance/, natively and in Kernelet. KERNELET_FAMILIES
 * (words separated by blanks) chooses; conformance/run has more to offer when one looks for a cause.
 */
class ConformanceTest {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));
    private static final Path RUN = ROOT.resolve("conformance/run");
    private static final boolean IS_ROOT = "root".equals(System.getProperty("user.name"));

    @TestFactory
    Stream<DynamicNode> guestPrograms() throws Exception {
        return families("--verbose", names("--list"));
    }

    @TestFactory
    Stream<DynamicNode> guestProgramsAsAnOrdinaryUser() throws Exception {
        return IS_ROOT ? families("--verbose --user", names("--list")) : Stream.empty();
    }

    @TestFactory
    Stream<DynamicNode> programs() throws Exception {
        if (!Files.isDirectory(ROOT.resolve("conformance/programs"))) return Stream.empty();
        return families("--verbose", names("--programs --list"));
    }

    @TestFactory
    Stream<DynamicNode> outside() throws Exception {
        return families("--verbose", names("--outside --list"));
    }

    /** The families that differ most between platforms; all pass by hand: KERNELET_DO, conformance/run. */
    @TestFactory
    Stream<DynamicNode> guestProgramsOnPtrace() throws Exception {
        return with("--platform=ptrace", "clone", "exec", "futex", "mmap", "procvm", "sigfault", "signal");
    }

    /** With files opened by the process outside. */
    @TestFactory
    Stream<DynamicNode> filesFromOutside() throws Exception {
        return with("--directfs=false", "getdents", "mmfile", "open", "path", "perm", "readwrite", "stat",
                "tree", "xattr");
    }

    private static Stream<DynamicNode> with(String flags, String... chosen) throws Exception {
        String kernelet = ROOT.resolve("dist/out/bin/kernelet") + " " + flags + " do";
        var names = names("--list").stream().filter(List.of(chosen)::contains).toList();
        return families("--verbose --kernelet --with=" + kernelet.replace(' ', ','), names);
    }

    private static Stream<DynamicNode> families(String options, List<String> names) {
        assertTrue(Files.isExecutable(ROOT.resolve("dist/out/bin/kernelet")), "no distribution to test: run bin/dist first");
        return names.stream().map(name -> dynamicContainer(name, Stream.of(name).flatMap(n -> checks(options, n))));
    }

    private static List<String> names(String options) throws Exception {
        String chosen = System.getenv("KERNELET_FAMILIES");
        var all = run(options).lines();
        if (chosen == null || chosen.isBlank()) return all;
        return all.stream().filter(List.of(chosen.strip().split("\\s+"))::contains).toList();
    }

    /** Runs one family and makes a test of each line of its result. */
    private static Stream<DynamicTest> checks(String options, String family) {
        Output output;
        try {
            output = run(options + " " + family);
        } catch (Exception e) {
            return Stream.of(dynamicTest(family, () -> fail(e)));
        }
        var tests = new ArrayList<DynamicTest>();
        for (String line : output.lines()) {
            String rest = line.length() > 9 ? line.substring(9) : "";
            String name = rest.isEmpty() ? "" : rest.split(" ", 2)[0];
            if (line.startsWith("ok ") || line.startsWith("passes, so")) {
                tests.add(dynamicTest(name, () -> { }));
            } else if (line.startsWith("FAIL ")) {
                tests.add(dynamicTest(name, () -> fail(rest)));
            } else if (line.startsWith("skip ") || line.startsWith("expected ")) {
                tests.add(dynamicTest(name, () -> Assumptions.abort(rest)));
            }
        }
        if (tests.isEmpty() || output.status > 1) {
            tests.add(dynamicTest(family + " ran", () -> fail("status " + output.status + "\n" + String.join("\n", output.lines))));
        }
        return tests.stream();
    }

    private record Output(int status, List<String> lines) {}

    private static Output run(String options) throws IOException, InterruptedException {
        var command = new ArrayList<String>(List.of("bash", RUN.toString()));
        command.addAll(List.of(options.split(" ")));
        File output = File.createTempFile("conformance", ".out");
        try {
            var builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true);
            builder.redirectInput(new File("/dev/null")).redirectOutput(output);
            int status = builder.start().waitFor();
            return new Output(status, Files.readAllLines(output.toPath(), StandardCharsets.ISO_8859_1));
        } finally {
            Files.delete(output.toPath());
        }
    }
}

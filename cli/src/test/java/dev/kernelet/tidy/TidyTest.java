package dev.kernelet.tidy;

import static org.junit.jupiter.api.Assertions.*;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules of style that a program can check. Ratchets only go down. */
class TidyTest {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));
    private static final int WIDTH = 110;
    /** Lines longer than WIDTH there are; and no line may be longer than WIDEST. */
    private static final int OVERLONG_LINES = 1121, WIDEST = 160;
    private static final int FILE_LINES = 715;

    /** Lower layers first; a module may use itself and those before it. */
    private static final List<String> MODULES = List.of("abi", "host", "platform", "sentry", "sandbox", "oci", "cli");

    private static final TreeMap<Path, List<String>> SOURCES = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        for (String module : MODULES) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".java"))::iterator) {
                    SOURCES.put(ROOT.relativize(file), Files.readAllLines(file));
                }
            }
        }
        assertTrue(SOURCES.size() > 40);
    }

    private static void assertNone(List<String> findings) {
        assertTrue(findings.isEmpty(), () -> String.join("\n", findings));
    }

    private interface Rule {
        boolean broken(String line);
    }

    private static List<String> lines(String module, Rule rule) {
        var found = new ArrayList<String>();
        SOURCES.forEach((file, lines) -> {
            if (!file.startsWith(module) || file.toString().contains("/test/")) return;
            for (int i = 0; i < lines.size(); i++) {
                if (rule.broken(lines.get(i))) found.add(file + ":" + (i + 1) + ": " + lines.get(i).strip());
            }
        });
        return found;
    }

    @Test
    void widthAndWhiteSpace() {
        var found = new ArrayList<String>();
        int[] overlong = {0};
        SOURCES.forEach((file, lines) -> {
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                String place = file + ":" + (i + 1);
                if (line.length() > WIDTH) overlong[0]++;
                if (line.length() > WIDEST) found.add(place + ": wider than " + WIDEST);
                if (line.indexOf('\t') >= 0) found.add(place + ": tab");
                if (line.endsWith(" ")) found.add(place + ": blank at the end");
            }
        });
        assertNone(found);
        assertTrue(overlong[0] <= OVERLONG_LINES, () -> "lines wider than " + WIDTH + ": " + overlong[0]);
    }

    @Test
    void filesAreShort() {
        var found = new ArrayList<String>();
        SOURCES.forEach((file, lines) -> {
            if (lines.size() > FILE_LINES) found.add(file + ": " + lines.size() + " lines");
        });
        assertNone(found);
    }

    @Test
    void everyPackageTeaches() {
        var found = new ArrayList<String>();
        SOURCES.keySet().forEach(file -> {
            Path directory = file.getParent();
            if (!file.toString().contains("/main/")) return;
            if (!SOURCES.containsKey(directory.resolve("package-info.java"))) found.add(directory + ": no package-info.java");
        });
        assertNone(found.stream().distinct().toList());
    }

    /** What costs start-up time, ends the process behind the kernel's back, or belongs to one class. */
    @Test
    void bannedCalls() {
        Pattern costly = Pattern.compile("String\\.format|\\.formatted\\(|System\\.exit|java\\.util\\.logging|System\\.getLogger"
                + "|ServiceLoader|java\\.lang\\.reflect|java\\.lang\\.foreign|java\\.util\\.stream|java\\.nio\\.(channels|file)"
                + "|java\\.util\\.regex");
        for (String module : List.of("abi", "host", "platform", "sentry", "sandbox")) {
            assertNone(lines(module, line -> costly.matcher(line).find()));
        }
        assertNone(lines("cli", line -> line.contains("System.exit") || line.contains("String.format")));
        for (String module : MODULES) {
            assertNone(lines(module, line -> line.startsWith("import jdk.internal") || line.startsWith("import sun."))
                    .stream().filter(l -> !l.startsWith("abi/src/main/java/dev/kernelet/abi/Memory.java")).toList());
        }
    }

    /** Native methods are in one class. */
    @Test
    void oneBridge() {
        Pattern declaration = Pattern.compile("\\bnative (long|int|void|boolean) ");
        for (String module : MODULES) {
            assertNone(lines(module, line -> declaration.matcher(line).find() && !line.strip().startsWith("*"))
                    .stream().filter(l -> !l.contains("host/HostCall.java")).toList());
        }
    }

    @Test
    void arrowsPointDown() {
        Pattern use = Pattern.compile("^import (?:static )?dev\\.kernelet\\.(\\w+)\\.");
        var found = new ArrayList<String>();
        SOURCES.forEach((file, lines) -> {
            int layer = MODULES.indexOf(file.getName(0).toString());
            if (file.toString().contains("/test/")) return;
            for (String line : lines) {
                var m = use.matcher(line);
                if (m.find() && MODULES.indexOf(m.group(1)) > layer) found.add(file + ": " + line);
            }
        });
        assertNone(found);
    }
}

package dev.kernelet.oci;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.sandbox.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RuntimeSpecTest {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));
    private static final String SMALL = """
            {"ociVersion":"1.2.0","root":{"path":"/r","readonly":true},"process":{"cwd":"/","args":["a"],"user":{"uid":4294967295,"gid":0},
             "rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":18446744073709551615}],"capabilities":{"effective":["CAP_KILL"]}},
             "mounts":[{"destination":"/t","type":"tmpfs","source":"x","options":["ro","nosuid","size=1k"]}],
             "linux":{"namespaces":[{"type":"pid"}],"resources":{"memory":{"limit":1048576},"cpu":{"quota":150000,"period":100000}}}}
            """;

    /** Every field that the parser reads by name has its place on the page. */
    @Test
    void thePageNamesEveryField() throws Exception {
        String page = Files.readString(ROOT.resolve("docs/compatibility/oci.md"));
        var missing = new TreeSet<String>();
        for (String file : new String[] {"RuntimeSpec", "Resources", "Hooks"}) {
            String source = Files.readString(ROOT.resolve("oci/src/main/java/dev/kernelet/oci/" + file
                    + ".java"));
            var m = Pattern.compile("\\.(?:get|string|strings|stringMap|list|number|bool)\\(\\s*\"(\\w+)\"").matcher(source);
            int found = 0;
            for (; m.find(); found++) {
                if (!Pattern.compile("\\b" + m.group(1)
                        + "\\b").matcher(page).find()) missing.add(m.group(1));
            }
            assertTrue(found > 3, file);
        }
        assertEquals("[]", missing.toString());
    }

    @Test
    void reads() {
        RuntimeSpec s = RuntimeSpec.parse(SMALL, "/bundle");
        assertEquals("/r", s.container.root);
        assertTrue(s.container.readonlyRoot);
        assertEquals(-1, s.container.process.uid);
        assertEquals(1 << 20, s.container.memoryLimit);
        assertEquals(2, s.container.processors);
        assertEquals("size=1k", s.container.mounts.getFirst().data());
        assertTrue(s.warnings.isEmpty(), s.warnings.toString());
    }

    @Test
    void whatIsNotKnownIsSaid() {
        RuntimeSpec s = RuntimeSpec.parse(SMALL.replaceFirst("\\{", "{\"novelty\":1,"), "/bundle");
        assertEquals("[novelty is not known and has no effect]", s.warnings.toString());
    }

    /** Damaged texts end in a Failure, never in another exception, and soon. */
    @Test
    void damagedTexts() {
        var random = new Random(5);
        String signs = "{}[]\",:0-9eE.\\u truefalsnl\u0000\u00ff";
        for (int i = 0; i < 20_000; i++) {
            var text = new StringBuilder(SMALL);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(text.length());
                char c = signs.charAt(random.nextInt(signs.length()));
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, c);
                    case 1 -> text.deleteCharAt(at);
                    default -> text.insert(at, c);
                }
            }
            try {
                RuntimeSpec.parse(text.toString(), "/bundle");
            } catch (Failure expected) {
                assertNotNull(expected.getMessage());
            }
        }
    }
}

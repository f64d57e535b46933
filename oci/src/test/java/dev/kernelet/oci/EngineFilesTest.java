package dev.kernelet.oci;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.sandbox.Failure;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What install and uninstall make of configuration files, odd ones too. */
class EngineFilesTest {
    private static final String[] NONE = {};

    private static String docker(String text) {
        return EngineFiles.dockerWith(text, "d", "k", "/k", NONE, false);
    }

    private static String without(String text) { return EngineFiles.dockerWithout(text, "d", "k"); }

    private static String containerd(String text) { return EngineFiles.containerdWith(text, "c", "k", "/k"); }

    @Test
    void allElseStaysAsItIs() {
        for (String text : List.of("{}", "{ }\n", "{\n}", "{\"a\":1}", "{\"a\":1e3,\"b\":\"}\\\"{\"}\n",
                "{\n\t\"log\": {\"x\": [1, {\"runtimes\": {}}]},\n\t\"é\": \"\\u00e9\"\n}\n",
                "  {\"a\" : null }  ",
                "{\"runtimes\": {\"runc2\": {\"path\": \"runc\"}}, \"z\": true}",
                "{\"z\": 0.10, \"runtimes\": {\n  \"o\" : {\"path\": \"o\"}\n}}", "{\"\\u006b\": 1}")) {
            String with = docker(text);
            assertEquals("/k", Json.parse(with, "d").get("runtimes").get("k").string("path", ""), with);
            assertEquals(with, docker(with), "twice");
            String without = without(with);
            assertEquals(text.replaceAll("^\\{\\s*\\}", "{}"), without.replaceAll("^\\{\\s*\\}", "{}"));
            assertEquals(without, without(without));
        }
    }

    @Test
    void dockersFile() {
        assertEquals("{\"runtimes\": {\"k\": {\"path\":\"/k\"}}}\n", docker(""));
        assertEquals("{\"runtimes\": {\"k\": {\"path\":\"/k\"}}}\n", docker(" \n"));
        assertEquals("{\"a\":1, \"runtimes\": {\"k\": {\"path\":\"/k\",\"runtimeArgs\":[\"--debug\"]}},"
                + " \"experimental\": true}",
                EngineFiles.dockerWith("{\"a\":1}", "d", "k", "/k", new String[] {"--debug"}, true));
        assertEquals("{\"runtimes\": {\"k\": {\"path\":\"/k\"}}}",
                docker("{\"runtimes\": {\"k\": {\"path\": \"/old\"}}}"));
        assertEquals("{\"runtimes\": {\"k\": {\"path\":\"/k\"}}}", docker("{\"runtimes\": {\"\\u006b\": 3}}")
                .replace("\\u006b", "k"), "a name in another spelling");
        assertEquals("{}", without("{\"runtimes\": {\"k\": {}}, \"default-runtime\": \"k\"}"));
        assertEquals("{\"default-runtime\": \"o\"}",
                without("{\"runtimes\": {\"k\": {}}, \"default-runtime\": \"o\"}"));
        assertEquals("", EngineFiles.dockerWithout("", "d", "k"));
        assertTrue(EngineFiles.dockerHas("{\"runtimes\": {\"k\": {}}}", "d", "k"));
        assertFalse(EngineFiles.dockerHas("{\"runtimes\": {\"o\": {}}}", "d", "k"));
    }

    @Test
    void whatIsNotUnderstoodIsRefused() {
        for (String text : List.of("null", "[]", "\"x\"", "{", "{\"a\":1,}", "{\"a\":1} x", "# x\n{}",
                "\u00ef\u00bb\u00bf{}", "{\"runtimes\": null}", "{\"runtimes\": []}",
                "{\"runtimes\": \"x\"}", "{\"a\":1,\"a\":2}", "[".repeat(9000))) {
            assertThrows(Failure.class, () -> docker(text), text);
        }
    }

    @Test
    void containerdsFile() {
        String runc = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n";
        for (String text : List.of("version = 2\n",
                "# mine\nversion=2 # two\n[plugins]\n  [plugins.\"x\"]\n    a = 1\n",
                "version = 2\n" + runc + "  runtime_type = \"x\"\n", "version = 3\nimports = []\n")) {
            String with = containerd(text);
            assertTrue(with.startsWith(text), with);
            assertEquals(with, containerd(with), "twice");
            assertEquals(text, EngineFiles.containerdWithout(with, "c", "k"));
            assertEquals(with.indexOf(".runtimes.runc]"), with.lastIndexOf(".runtimes.runc]"), with);
            assertTrue(with.contains("BinaryName = \"/k\"\n"), with);
        }
        assertTrue(containerd("version = 3\n")
                .contains("[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.k]"));
        assertTrue(containerd("").startsWith("version = 2\n"));
        assertTrue(containerd("# only a comment").startsWith("version = 2\n# only a comment\n"));
        assertEquals("a", EngineFiles.containerdWithout("a", "c", "k"));
    }

    @Test
    void containerdsOtherFilesAreRefused() {
        for (String text : List.of("version = 1\n", "root = \"/x\"\n", "version =\n",
                "[plugins]\nversion = 2\n", "version = 2\n" + EngineFiles.BEGIN + "k\n",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.k]\n")) {
            assertThrows(Failure.class, () -> containerd(text), text);
        }
    }
}

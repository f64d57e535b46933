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

    /** Else containers of a node whose kubelet has systemd's driver would not lie in their pods' slices. */
    @Test
    void theCgroupDriverIsTheOtherRuntimes() {
        String options = "version = 2\n[plugins.x.containerd.runtimes.runc.options]\n";
        assertTrue(containerd(options + "  SystemdCgroup = true # kubeadm\n").contains("SystemdCgroup = true\n"));
        for (String no : List.of("", "SystemdCgroup = false\n", "# SystemdCgroup = true\n")) {
            String with = containerd(options + no);
            assertEquals(no.isEmpty() ? -1 : with.indexOf(no) + no.indexOf('S'), with.lastIndexOf("SystemdCgroup"));
        }
        String with = containerd(options + "SystemdCgroup=true");
        assertEquals(with, containerd(with), "twice");
        assertEquals(options + "SystemdCgroup=true", EngineFiles.containerdWithout(with, "c", "k"));
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
        assertTrue(containerd("# only a comment").startsWith("# only a comment\n" + Blocks.BEGIN));
        for (String text : List.of("", "# only a comment", "\n")) {
            assertTrue(containerd(text).contains("\nversion = 2\n["), "before the first table");
            assertEquals(text, EngineFiles.containerdWithout(containerd(text), "c", "k"));
        }
        assertEquals("a", EngineFiles.containerdWithout("a", "c", "k"));
    }

    private static final String TABLE = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.";
    private static final String OF_A_USER = "version = 2\n" + TABLE + "runc]\n  runtime_type = \"x\"\n";

    private static String with(String text, String... names) {
        for (String name : names) text = EngineFiles.containerdWith(text, "c", name, "/" + name);
        return text;
    }

    private static String withoutThese(String text, String... names) {
        for (String name : names) text = EngineFiles.containerdWithout(text, "c", name);
        return text;
    }

    private static int count(String text, String word) {
        int n = 0;
        for (int at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) n++;
        return n;
    }

    /** One is a prefix of another; the entry of runc is there once, for as long as there is any. */
    @Test
    void severalNames() {
        for (String text : List.of("", "# a comment", "version = 2\n", "version = 3\nimports = []", OF_A_USER,
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
                        + "  default_runtime_name = \"o\"\n" + TABLE + "o]\n  runtime_type = \"o\"\n")) {
            for (String[] order : new String[][] {{"a", "ab"}, {"ab", "a"}}) {
                String both = with(text, "a", "ab");
                int runc = text.contains("default_runtime_name") ? 0 : 1;
                assertEquals(runc, count(both, ".runtimes.runc]"), both);
                assertEquals(both, with(both, "ab", "a", "ab"), "again");
                String one = withoutThese(both, order[0]);
                assertEquals(with(text, order[1]), one);
                assertEquals(one, withoutThese(one, order[0], "never"), "again");
                assertEquals(text, withoutThese(one, order[1]), "as before");
            }
        }
    }

    /** As the first version wrote them: runc in the block of the first name. */
    @Test
    void blocksOfAnOlderVersion() {
        String runc = TABLE + "runc]\n  runtime_type = \"io.containerd.runc.v2\"\n";
        String old = "version = 2\n" + block("a", runc) + block("b", "");
        String[] both = {"a", "b"};
        assertEquals(with("version = 2\n", both), with(old, "b"));
        assertEquals(with("version = 2\n", "b"), withoutThese(old, "a"), "runc stays with b");
        assertEquals(with("version = 2\n", "a"), withoutThese(old, "b"));
        assertEquals("version = 2\n", withoutThese(old, "a", "b"));
        assertEquals("version = 2\n", withoutThese(old, "b", "a"));
        assertEquals(old, withoutThese(old, "c"), "nothing to do");
    }

    private static String block(String name, String before) {
        return Blocks.BEGIN + name + "\n" + before + TABLE + name + "]\n"
                + "  runtime_type = \"io.containerd.runc.v2\"\n" + TABLE + name + ".options]\n"
                + "  BinaryName = \"/" + name + "\"\n" + Blocks.END + name + "\n";
    }

    /** What others write around and between the blocks is kept; what it relies on stays. */
    @Test
    void writtenSince() {
        String late = "[debug]\n  level = \"x\"\n";
        assertEquals("version = 2\n# c\n" + late, withoutThese(with("# c", "a", "b") + late, "a", "b"));
        String given = with("version = 2\n", "a") + late;
        assertEquals("version = 2\n" + late, withoutThese(given, "a"));
        assertEquals(with("version = 2\n" + late, "a", "b"), with(given, "b"));
        String own = with("version = 2\n", "a") + TABLE + "runc]\n  runtime_type = \"mine\"\n";
        assertEquals(1, count(with(own, "a"), ".runtimes.runc]"), "a user's entry of runc replaces ours");
        assertEquals(1, count(withoutThese(with(own, "b"), "a"), ".runtimes.runc]"));
    }

    @Test
    void containerdsOtherFilesAreRefused() {
        for (String text : List.of("version = 1\n", "root = \"/x\"\n", "version =\n",
                "[plugins]\nversion = 2\n", "version = 2\n" + Blocks.BEGIN + "k\n",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.k]\n")) {
            assertThrows(Failure.class, () -> containerd(text), text);
        }
    }
}

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

    private static RuntimeSpec unified(String members) {
        return RuntimeSpec.parse(SMALL.replace("\"resources\":{", "\"resources\":{\"unified\":{" + members
                + "},"), "/bundle");
    }

    /** Files of cgroup v2: limits hold inside too, with room for the Sentry outside. */
    @Test
    void unifiedResources() {
        RuntimeSpec s = unified("\"memory.max\":\"64M\",\"pids.max\":\"30\\n\",\"cpu.max\":\"max 50000\","
                + "\"memory.high\":\"1g\",\"memory.oom.group\":\"1\","
                + "\"cpuset.cpus\":\"0\",\"cgroup.max.depth\":\"9\"");
        assertEquals(64 << 20, s.container.memoryLimit);
        assertEquals(30, s.container.pidsLimit);
        assertEquals(0, s.container.cpuQuota);
        assertEquals(50_000, s.container.cpuPeriod);
        assertEquals(1, s.container.processors);
        var left = new StringBuilder();
        for (String[] u : s.resources.unified) left.append(u[0]).append('=').append(u[1]).append(' ');
        assertEquals("memory.high=" + ((1L << 30) + Cgroup.SENTRY_MEMORY) + " memory.oom.group=1"
                + " cgroup.max.depth=9 ", left.toString());
        assertEquals(0, unified("\"memory.max\":\"max\"").container.memoryLimit);
        assertEquals(150_000, unified("\"cpu.weight\":\"7\"").container.cpuQuota, "the other field's");
        for (String bad : new String[] {"cgroup.procs\":\"1", "cgroup.kill\":\"1",
                "cgroup.subtree_control\":\"", "x\":\"1",
                "../memory.max\":\"1", "memory/max\":\"1", "..\":\"1", ".x\":\"1", "memory.max\":\"",
                "memory.max\":\"-1", "memory.max\":\"0", "memory.max\":\"M", "memory.max\":\"9E",
                "pids.max\":\"1 2", "cpu.max\":\"max x"}) {
            assertThrows(Failure.class, () -> unified("\"" + bad + "\""), bad);
        }
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

    private static final String LARGE = """
            {"ociVersion":"1.2.0", "root":{"path":"/r", "readonly":true}, "hostname":"h", "domainname":"d",
             "annotations":{"a":"b"},
             "process":{"cwd":"/", "args":["a"], "env":["A=b"], "terminal":false, \
            "consoleSize":{"height":1, "width":1},
              "user":{"uid":0, "gid":0, "umask":1, "additionalGids":[1]}, \
            "capabilities":{"effective":["CAP_KILL"]},
              "rlimits":[{"type":"RLIMIT_NOFILE", "soft":1, "hard":2}], "oomScoreAdj":1, \
            "noNewPrivileges":true,
              "scheduler":{"policy":"SCHED_OTHER", "nice":1, "flags":["SCHED_FLAG_RESET_ON_FORK"]},
              "ioPriority":{"class":"IOPRIO_CLASS_BE", "priority":4}},
             "mounts":[{"destination":"/t", "type":"tmpfs", "source":"x", "options":["ro", "size=1k", \
            "tmpcopyup"]}],
             "hooks":{"prestart":[{"path":"/x", "args":["a"], "env":["a=b"], "timeout":1}], \
            "startContainer":[]},
             "linux":{"namespaces":[{"type":"user"}, {"type":"network", "path":"/x"}],
              "uidMappings":[{"containerID":0, "hostID":5, "size":1}],
              "gidMappings":[{"containerID":0, "hostID":5, "size":1}],
              "devices":[{"type":"c", "path":"/dev/x", "major":1, "minor":3, "fileMode":438, "uid":0, \
            "gid":0}],
              "cgroupsPath":"/a", "maskedPaths":["/x"], "readonlyPaths":["/y"], "sysctl":{"net.a":"1"},
              "rootfsPropagation":"private", "personality":{"domain":"LINUX", "flags":[]},
              "seccomp":{"defaultAction":"SCMP_ACT_ERRNO", "defaultErrnoRet":1, "flags":[],
               "architectures":["SCMP_ARCH_X86_64"], "syscalls":[{"names":["read"], "action":"SCMP_ACT_ALLOW",
                "args":[{"index":0, "value":1, "valueTwo":0, "op":"SCMP_CMP_EQ"}]}]},
              "resources":{"memory":{"limit":1048576, "swap":-1}, "pids":{"limit":1}, "unified":{"a.b":"c"},
               "cpu":{"quota":1, "period":2, "shares":2, "cpus":"0-1", "mems":"0"},
               "blockIO":{"weight":10, "throttleReadBpsDevice":[{"major":1, "minor":1, "rate":1}]},
               "hugepageLimits":[{"pageSize":"2MB", "limit":1}], "network":{"classID":1, "priorities":[]},
               "devices":[{"allow":true, "type":"c", "major":1, "minor":1, "access":"rwm"}]}}}
            """;

    /** Each value is replaced by each of some others: what comes of it is a specification or a Failure. */
    @Test
    void valuesOfOtherKinds() {
        assertEquals(1, RuntimeSpec.parse(LARGE, "/bundle").container.uids.length / 3);
        String[] others = {"null", "{}", "[]", "[null]", "[[]]", "[{}]", "\"\"", "\"/../x\"", "0", "-1",
                "1e99",
                "18446744073709551615", "9223372036854775807", "true", "{\"a\":null}"};
        int values = 0;
        for (int at = 0; at < LARGE.length(); at++) {
            int end = valueEnd(LARGE, at);
            if (end < 0) continue;
            values++;
            for (String other : others) {
                String text = LARGE.substring(0, at) + other + LARGE.substring(end);
                try {
                    RuntimeSpec.parse(text, "/bundle");
                } catch (Failure expected) {
                    assertNotNull(expected.getMessage());
                } catch (RuntimeException e) {
                    throw new AssertionError(text.substring(Math.max(0, at - 40), Math.min(text.length(), at
                            + 40)), e);
                }
            }
        }
        assertTrue(values > 100, "values: " + values);
    }

    /** Where the value that begins at {@code at} ends; -1 when none does. */
    private static int valueEnd(String s, int at) {
        char before = at == 0 ? '{' : s.charAt(at - 1), c = s.charAt(at);
        boolean isBegin = at > 0 && (before == ':' || before == '[') && c != ']' || before == ' '
                && "{\"".indexOf(c) >= 0;
        if (!isBegin) return -1;
        int depth = 0;
        boolean isString = false;
        for (int i = at; i < s.length(); i++) {
            char d = s.charAt(i);
            if (d == '"') isString = !isString;
            if (isString) continue;
            if (d == '{' || d == '[') depth++;
            if (d == '}' || d == ']') depth--;
            if (depth < 0 || depth == 0 && (d == ',' || d == ':')) return s.charAt(i) == ':' ? -1 : i;
            if (depth == 0 && (d == '}' || d == ']')) return i + 1;
        }
        return -1;
    }
}

package dev.kernelet.cli;

import static org.junit.jupiter.api.Assertions.*;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The native launcher, with this build's classes: what it hands over, from where it starts, how it fails. */
class LauncherTest {
    private static final Path ROOT = Path.of(System.getProperty("kernelet.root"));

    @TempDir
    static Path temporary;

    private static Path home;

    private record Result(int status, String out, String error) {}

    /** A distribution in miniature: this JDK as the runtime, the test's class path instead of the jar. */
    @BeforeAll
    static void makeHome() throws Exception {
        home = makeHome(temporary.resolve("home"));
    }

    private static Path makeHome(Path home) throws Exception {
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.createSymbolicLink(home.resolve("runtime"), Path.of(System.getProperty("java.home")));
        Files.copy(ROOT.resolve("cli/src/main/native/vm.options"), home.resolve("lib/vm.options"));
        String script = "set -e; top=$1; . $1/bin/tools.sh; $1/bin/native-build $2/lib; build_launcher $2/bin/kernelet";
        var build = new ProcessBuilder("bash", "-c", script, "bash", ROOT.toString(), home.toString()).inheritIO();
        build.environment().put("JAVA_HOME", System.getProperty("java.home"));
        assertEquals(0, build.start().waitFor());
        return home;
    }

    /** Runs a shell script with the launcher as $K and the debug log as $LOG. */
    private static Result shell(String script, String... environment) throws IOException, InterruptedException {
        return shell(home, script, environment);
    }

    private static Result shell(Path home, String script, String... environment) throws IOException, InterruptedException {
        File out = Files.createTempFile(temporary, "out", "").toFile(), error = Files.createTempFile(temporary, "err", "").toFile();
        var builder = new ProcessBuilder("bash", "-c", script).redirectOutput(out).redirectError(error);
        builder.redirectInput(new File("/dev/null"));
        builder.environment().put("K", home.resolve("bin/kernelet").toString());
        builder.environment().put("LOG", temporary.resolve("log").toString());
        builder.environment().put("KERNELET_CLASSES", System.getProperty("java.class.path"));
        for (String variable : environment) {
            int equals = variable.indexOf('=');
            builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        Files.deleteIfExists(temporary.resolve("log"));
        Process process = builder.start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher did not end");
        return new Result(process.exitValue(), read(out), read(error));
    }

    private static String read(File file) throws IOException {
        return Files.readString(file.toPath(), StandardCharsets.ISO_8859_1);
    }

    private static List<String> log() throws IOException {
        var lines = new ArrayList<String>();
        for (String line : Files.readAllLines(temporary.resolve("log"), StandardCharsets.ISO_8859_1)) lines.add(line.substring(line.indexOf("] ") + 2));
        return lines;
    }

    private static void assertLogged(String line) throws IOException {
        assertTrue(log().contains(line), () -> {
            try {
                return "no line \"" + line + "\" in " + log();
            } catch (IOException e) {
                return e.toString();
            }
        });
    }

    @Test
    void version() throws Exception {
        Result r = shell("$K --version");
        assertEquals(new Result(0, "kernelet version " + Version.NUMBER + "\n", ""), r);
        assertTrue(Files.readString(ROOT.resolve("pom.xml")).contains("<version>" + Version.NUMBER + "</version>"));
    }

    @Test
    void argumentsAreBytes() throws Exception {
        shell("$K --debug --debug-log=$LOG help $'\\xff\\xc3(\\x01' ''");
        assertLogged("argument 3: \"\\u00ff\\u00c3(\\u0001\"");
        assertLogged("argument 4: \"\"");
    }

    @Test
    void ignoredAndBlockedSignals() throws Exception {
        shell("trap '' HUP INT USR1 CHLD; $K --debug --debug-log=$LOG help");
        assertLogged("ignored signals: 0x" + Long.toHexString(1L | 1L << 1 | 1L << 9 | 1L << 16));
        assertLogged("blocked signals: 0x0");
    }

    @Test
    void closedDescriptorsAreSeen() throws Exception {
        Result r = shell("$K --debug --debug-log=$LOG help <&-; echo $?");
        assertLogged("closed descriptors: 0x1");
        assertTrue(r.out.endsWith("0\n"));
        shell("$K --debug --debug-log=$LOG help >&- 2>&-");
        assertLogged("closed descriptors: 0x6");
        shell("$K --debug --debug-log=$LOG help");
        assertLogged("closed descriptors: 0x0");
    }

    /** bin/kernelet is a bash script, and bash adds and changes variables. */
    @Test
    void environmentIsTheCallers() throws Exception {
        String tree = "t=$(mktemp -d); mkdir -p $t/bin $t/dist; cp " + ROOT + "/bin/kernelet $t/bin; ln -s ${K%/bin/*} $t/dist/out; ";
        String run = "KERNELET_CLASSES=\"$KERNELET_CLASSES\" $t/bin/kernelet --debug --debug-log=$LOG help";
        assertEquals(0, shell(tree + "env -i 'C D=1' A=2 " + run).status);
        assertLogged("environment: C D A KERNELET_CLASSES");
        assertEquals(0, shell(tree + "env -i A=1 SHLVL=7 PWD=/ _=x " + run).status);
        assertLogged("environment: A KERNELET_CLASSES SHLVL PWD _");
    }

    @Test
    void limitsAreTheCallers() throws Exception {
        shell("ulimit -n 123; ulimit -s 256; $K --debug --debug-log=$LOG help");
        assertLogged("limit 7: 123 123");
        assertLogged("limit 3: 262144 262144");
    }

    @Test
    void theCallersVirtualMachineOptionsAreNotOurs() throws Exception {
        Result r = shell("$K --version", "JAVA_TOOL_OPTIONS=-Xbogus", "_JAVA_OPTIONS=-Xbogus", "JDK_JAVA_OPTIONS=-Xbogus",
                "TZ=Nowhere/Else", "LD_BIND_NOW=1", "MALLOC_CHECK_=3");
        assertEquals(new Result(0, "kernelet version " + Version.NUMBER + "\n", ""), r);
    }

    @Test
    void startsFromAnywhere() throws Exception {
        assertEquals(0, shell("cd / && ln -sf $K $LOG.link && $LOG.link --version").status);
        assertEquals("", shell("d=$(mktemp -d) && cd $d && rmdir $d && $K --version").error, "from a deleted directory");
        Result removed = shell("d=$(mktemp -d) && cd $d && rmdir $d && $K do true");
        assertEquals(128, removed.status);
        assertTrue(removed.error.contains("has been removed: getcwd: ENOENT"), removed.error);
        assertEquals(0, shell("cd ${K%/*} && PATH=. kernelet --version").status);
        assertEquals(0, shell("exec -a other $K --version").status);
        assertEquals(0, shell("env -i KERNELET_CLASSES=$KERNELET_CLASSES $K --version").status);
    }

    @Test
    void startsFromADirectoryWithAnyName() throws Exception {
        Result r = shell("d=${LOG%/*}/$'h\\xc3\\xb6m\\xc3\\xa9 of it' && cp -a \"${K%/bin/*}\" \"$d\" && \"$d/bin/kernelet\" --version");
        assertEquals(new Result(0, "kernelet version " + Version.NUMBER + "\n", ""), r);
    }

    @Test
    void failuresAreTwoLinesAndStatus128() throws Exception {
        for (String limit : new String[] {"-v 300000", "-f 1000", "-n 20"}) {
            Result r = shell("ulimit " + limit + "; $K --version");
            assertEquals(128, r.status);
            assertTrue(r.error.startsWith("kernelet: cannot start under this limit: "), r.error);
            assertEquals(2, r.error.lines().count(), r.error);
        }
        Result r = shell("$K --version", "KERNELET_VM_OPTIONS=-XX:NoSuchOption");
        assertEquals(128, r.status);
        assertTrue(r.error.contains("kernelet: the Java virtual machine gave up"), r.error);
        r = shell("cp $K $LOG.alone; $LOG.alone --version");
        assertEquals(128, r.status);
        assertEquals(2, r.error.lines().count(), r.error);
    }

    @Test
    void usageErrors() throws Exception {
        for (String arguments : new String[] {"--nonsense do true", "nonsense", "do", "do --nonsense true", "--memory=x do true",
            "do --volume relative true", "do --volume /a:relative true", "do --uid-map 1 true", "--strace --strace-syscalls=x do true",
            "--debug-log=/nonexistent/x --debug do true", "--log=/nonexistent/x do true", ""}) {
            Result r = shell("$K " + arguments);
            assertEquals(128, r.status, arguments);
            assertEquals("", r.out, arguments);
            assertTrue(r.error.lines().count() >= 2, arguments + ": " + r.error);
        }
    }

    @Test
    void errorsAreAppendedToTheLogAsJson() throws Exception {
        shell("echo before > $LOG; $K --log=$LOG nonsense; $K --log=$LOG nonsense2");
        List<String> lines = Files.readAllLines(temporary.resolve("log"));
        assertEquals(3, lines.size());
        assertTrue(lines.get(1).matches("\\{\"msg\":\"no such command: nonsense\",\"level\":\"error\","
                + "\"time\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\"}"), lines.get(1));
    }

    @Test
    void debugLogNames() throws Exception {
        Path directory = temporary.resolve("logs/deep");
        shell("$K --debug --debug-log=" + directory + "/ help");
        String[] names = directory.toFile().list();
        assertNotNull(names);
        assertTrue(names.length == 1 && names[0].matches("kernelet\\.log\\.\\d{8}-\\d{6}\\.\\d{6}\\.help\\.txt"), names[0]);
        shell("$K --debug --debug-log=" + temporary + "/x.%COMMAND%.%ID% help");
        assertEquals(1, temporary.toFile().list((d, n) -> n.matches("x\\.help\\.kernelet-\\d+")).length);
    }

    @Test
    void helpIsOnStandardOutput() throws Exception {
        for (String arguments : new String[] {"help", "--help", "-h", "flags", "help do", "do --help", "do -h"}) {
            Result r = shell("$K " + arguments);
            assertEquals(0, r.status, arguments);
            assertEquals("", r.error, arguments);
            assertTrue(r.out.contains("--"), arguments);
        }
    }
}

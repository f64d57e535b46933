package dev.kernelet.sandbox.confine;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Sentry's filter refuses, tried in processes that have put it on themselves. */
class HostJailTest {
    /** Calls on the list of a sandbox without network and volumes. Only goes down. */
    private static final int ALLOWED_MAX = 67;

    @TempDir
    static Path temporary;

    private record Result(int status, List<String> out, String error) {}

    @BeforeAll
    static void buildBridge() throws Exception {
        String script = System.getProperty("kernelet.root") + "/bin/native-build";
        assertEquals(0, new ProcessBuilder("bash", script, temporary.toString()).inheritIO().start().waitFor());
    }

    private static Result probe(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC", "-Xrs",
                "-XX:InitialCodeCacheSize=16m", "-XX:ReservedCodeCacheSize=16m", "-XX:-UsePerfData",
                "-XX:-UseDynamicNumberOfCompilerThreads", "-XX:-MaxFDLimit", "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                HostJailProbe.class.getName(), temporary.resolve("libkernelet.so").toString()));
        command.addAll(List.of(arguments));
        File out = temporary.resolve("out").toFile(), error = temporary.resolve("error").toFile();
        Process p = new ProcessBuilder(command).redirectOutput(out).redirectError(error)
                .redirectInput(new File("/dev/null")).start();
        assertTrue(p.waitFor(60, TimeUnit.SECONDS), "the probe did not end");
        return new Result(p.exitValue(), Files.readAllLines(out.toPath()),
                Files.readString(error.toPath(), StandardCharsets.ISO_8859_1));
    }

    @Test
    void everythingElseIsRefused() throws Exception {
        Result r = probe("all");
        assertEquals(0, r.status, r.error);
        var wrong = new ArrayList<String>();
        for (String line : r.out) {
            if (!line.startsWith("calls ") && !line.endsWith(" -" + Errno.EPERM)) wrong.add(line);
        }
        assertEquals(List.of(), wrong);
        assertTrue(r.out.size() > 400, r.out.size() + " calls tried");
        assertTrue(r.out.contains("execve -1") && r.out.contains("ptrace -1") && r.out.contains("socket -1"));
    }

    @Test
    void theListIsShort() throws Exception {
        int calls = Integer.parseInt(probe("one", "0").out.getFirst().substring(6));
        assertTrue(calls > 30 && calls <= ALLOWED_MAX, calls + " calls are allowed");
    }

    @Test
    void aRefusedCallEndsTheProcessLoudly() throws Exception {
        for (int nr : new int[] {SyscallNumber.EXECVE, SyscallNumber.PTRACE, SyscallNumber.SOCKET, SyscallNumber.GETPPID}) {
            Result r = probe("one", Integer.toString(nr));
            assertEquals(128, r.status);
            assertTrue(r.error.contains("host call " + nr + " "), r.error);
        }
    }

    /** Landlock and capabilities, of the thread that asks for them and of one that was there before. */
    @Test
    void theDomainIsTheSandboxs() throws Exception {
        var directories = new String[3];
        for (int i = 0; i < 3; i++) {
            directories[i] = Files.createTempDirectory(temporary, "d").toString();
            Files.writeString(Path.of(directories[i], "f"), "x");
        }
        Process sleep = new ProcessBuilder("sleep", "60").start();
        Result r = probe("domain", directories[0], directories[1], directories[2], Long.toString(sleep.pid()));
        sleep.destroy();
        assertEquals(0, r.status, r.error);
        Assumptions.assumeTrue(landlockVersion() >= 6, "Landlock of this kernel: version " + landlockVersion());
        var expected = new ArrayList<String>(List.of("chroot -1"));
        for (String who : new String[] {"self", "older"}) {
            for (String line : new String[] {"reads root 0", "writes root -13", "creates in root -13", "writes volume 0",
                    "creates in volume 0", "reads outside -13", "creates outside -13", "signals -1", "binds -13", "connects -13"}) {
                expected.add(who + " " + line);
            }
        }
        assertEquals(expected, r.out);
    }

    private static int landlockVersion() throws Exception {
        HostCall.load(temporary.resolve("libkernelet.so").toString());
        return (int) HostCall.call(SyscallNumber.LANDLOCK_CREATE_RULESET, 0, 0, 1);
    }
}

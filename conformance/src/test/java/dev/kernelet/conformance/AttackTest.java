package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that want to end the Sentry: conformance/attack. Whatever they do, it answers, and nothing is left behind. */
class AttackTest {
    /** Seconds of each of the fuzzer's runs here; by hand: {@code fuzz --seconds 600}. */
    private static final int FUZZ_SECONDS = 15;

    @TempDir
    Path directory;

    private Shell shell;
    private List<String> before;

    @BeforeEach
    void start() throws Exception {
        shell = new Shell(directory);
        before = Shell.processes();
    }

    @AfterEach
    void nothingLeft() throws Exception { Shell.assertNothingMore(before); }

    private void build(String name) throws Exception {
        Path source = Shell.ROOT.resolve("conformance/attack/" + name + ".c");
        shell.run("gcc -O1 -std=gnu17 -Wall -Wno-unused-result -pthread -o $T/" + name + " " + source
                + " && chmod -R a+rX $T").is(0, "");
    }

    // ---- memory of the kernel's own: names and attributes end in ENOSPC, and what others do goes on
    private void bomb(String what) throws Exception {
        build("bomb");
        shell.run("cd /tmp && $K do sh -c '$T/bomb " + what + "; echo status $?; ls $T > /dev/null && echo others go on'")
                .is(0, "ENOSPC\nstatus 0\nothers go on\n");
    }

    @Test
    void symbolicLinksEndInNoSpace() throws Exception { bomb("links"); }

    @Test
    void attributesEndInNoSpace() throws Exception { bomb("attributes"); }

    /** Processes that have looked into /proc leave nothing there: here each would keep 14 KB of 24 MB. */
    @Test
    void endedProcessesAreForgotten() throws Exception {
        shell.run("KERNELET_VM_OPTIONS=-Xmx24m $K do bash -c 'for ((i = 0; i < 2500; i++)); do "
                + "(read -r x < /proc/self/stat) || exit; done; echo done'").is(0, "done\n");
    }

    // ---- random calls
    private void fuzz(boolean isRoot, String network) throws Exception {
        build("fuzz");
        String seed = Long.toUnsignedString(System.nanoTime() & 0xffffffffL);
        String script = network + "timeout -s KILL 100 $K --network=" + (network.isEmpty() ? "none" : "host")
                + " --memory=2G --pids-limit=500 do $T/fuzz --seconds " + FUZZ_SECONDS + " --seed " + seed
                + " | tail -c 2000; echo status ${PIPESTATUS[0]}; $K do echo a fresh one starts";
        Shell.Result r = isRoot ? shell.run(script) : shell.runAsUser(script);
        String told = "seed " + seed + ":\n" + r.out() + r.error();
        assertTrue(r.out().endsWith("fuzz: ok\nstatus 0\na fresh one starts\n"), told);
        assertFalse(r.error().contains("internal error"), told);
    }

    @Test
    void randomCallsOfAUser() throws Exception { fuzz(false, ""); }

    @Test
    void randomCallsOfRoot() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        fuzz(true, "");
    }

    /** With the host's network, in a namespace that has nothing but a loopback interface: nothing leaves the machine. */
    @Test
    void randomCallsWithTheHostsNetwork() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        Files.writeString(directory.resolve("loopback"), "ip link set lo up; exec \"$@\"\n");
        fuzz(true, "unshare -n bash $T/loopback ");
    }
}

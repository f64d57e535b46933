package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A running sandbox, looked at from outside: no thread of the Sentry, no stub without its restrictions. */
class ConfinementTest {
    /** Waits for the program, then shows the threads of Sentry and stubs that are not as they must be. */
    private static final String LOOK = """
            p=$!
            for i in $(seq 300); do [ -s $T/ready ] && break; sleep 0.1; done
            look() { # WHAT CAPABILITIES FILE...
                local what=$1 caps=$2 f; shift 2
                for f; do
                    awk -v what="$what" -v caps="$caps" '
                        /^(Seccomp|NoNewPrivs|CapEff|CapPrm|CapInh|CapAmb):/ { v[$1] = $2 }
                        END { if (v["Seccomp:"] != 2 || v["NoNewPrivs:"] != 1 ||
                                  v["CapEff:"] != caps || v["CapPrm:"] != caps ||
                                  v["CapInh:"] !~ /^0+$/ || v["CapAmb:"] !~ /^0+$/)
                                print what, v["Seccomp:"], v["NoNewPrivs:"], v["CapEff:"], v["CapPrm:"] }' $f
                done
            }
            look Sentry $CAPS /proc/$p/task/*/status
            stubs=$(cat /proc/$p/task/*/children)
            for s in $stubs; do
                look stub 0000000000000000 /proc/$s/task/*/status
                for d in /proc/$s/fd/*; do
                    case $d-$(readlink $d) in */fd/0-socket:*) ;; *) echo stub has $d ;; esac
                done
            done
            set -- /proc/$p/task/*; [ $# -gt 8 ] || echo few threads: $#
            set -- $stubs; [ $# -gt 1 ] || echo few stubs: $#
            kill $p; wait $p; rm -f $T/ready
            """;

    @TempDir
    Path directory;

    private Shell shell;
    private List<String> before;

    @BeforeEach
    void start() throws Exception {
        shell = new Shell(directory);
        before = Shell.processes();
        shell.run("chmod a+rwx $T");
    }

    @AfterEach
    void nothingLeft() throws Exception { Shell.assertNothingMore(before); }

    private static String look(String flags, String capabilities) {
        return "CAPS=" + capabilities + "; $K " + flags + " sh -c 'echo ready; sleep 100' > $T/ready &\n" + LOOK;
    }

    @Test
    void everyThreadOfRoot() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(Shell.IS_ROOT, "needs root");
        // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH; with what the flags ask for besides.
        shell.run(look("--network=none do", "0000000000000006")).is(0, "");
        shell.run(look("do", "0000000000002406")).is(0, "");
        shell.run(look("--network=none do --volume $T", "000000000000001f")).is(0, "");
    }

    @Test
    void everyThreadOfAUser() throws Exception {
        shell.runAsUser(look("--network=none do", "0000000000000000")).is(0, "");
        shell.runAsUser(look("do --volume $T", "0000000000000000")).is(0, "");
    }

    /** Descriptors beyond the first three, and the Sentry's own environment, are not the program's. */
    @Test
    void nothingOfTheCallersLeaks() throws Exception {
        Files.writeString(directory.resolve("secret"), "secret");
        shell.run("exec 7< $T/secret 9<> $T/secret; $K do sh -c 'ls /proc/self/fd | sort | tr \"\\n\" \" \"; cat <&7' 2>&1 | "
                + "grep -o '^0 1 2 [0-9]* '").is(0, "0 1 2 3 \n");
    }

    // ---- processes forked behind the Sentry's back: a program that jumps into its stub

    private void buildRogue() throws Exception {
        Path source = Path.of(System.getProperty("kernelet.root"), "conformance/environments/rogue.c");
        shell.run("gcc -O1 -Wall -Werror -o $T/rogue " + source + " && chmod -R a+rX $T").is(0, "");
    }

    @Test
    void aRogueProcessIsKilledAndItsMakerToo() throws Exception {
        buildRogue();
        shell.run("$K do sh -c '$T/rogue one; echo status $?; sleep 0.1; echo others go on'").is(0,
                "forks\nstatus 137\nothers go on\n");
        shell.runAsUser("$K do $T/rogue one").is(137, "forks\n");
    }

    /** Nothing is left of it: see nothingLeft. */
    @Test
    void manyRoguesEndTheSandbox() throws Exception {
        buildRogue();
        shell.run("$K do sh -c '$T/rogue bomb; sleep 100'").is(137, "forks\n");
    }

    @Test
    void doctorSaysWhatIsInForce() throws Exception {
        String layers = "$K --network=none doctor --security | grep -c -E '^(no_new_privs|host call filter) +in force'";
        shell.run(layers).is(0, "2\n");
        shell.run("$K doctor --security | grep -c '^connect: '").is(0, "1\n");
        shell.run("$K --network=none doctor --security | grep -c '^connect: '").is(1, "0\n");
        shell.run("$K doctor --security extra").failed("doctor", "no argument");
    }
}

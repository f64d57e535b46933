package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * doctor, --platform=auto and the words of a failed start, under filters that let calls fail as a container's
 * would.
 */
class DoctorTest {
    // Numbers of unistd_64.h; 157:0=22 is prctl(PR_SET_SECCOMP).
    private static final String NO_SECCOMP = "317=38 157:0=22=22", NO_PTRACE = "101=1", NO_MEMFD = "319=38",
            NO_LANDLOCK = "444=38", NO_PROCESS_VM = "310=1", NO_UNSHARE = "272=1";

    @TempDir Path directory;
    private Shell shell;

    @BeforeEach
    void build() throws Exception {
        shell = new Shell(directory);
        shell.run("gcc -O2 -Wall -Wextra -o $T/restrict " + Shell.ROOT
                + "/conformance/environments/restrict.c").is(0, "");
    }

    private String doctor(String refused) throws Exception {
        Shell.Result r = shell.run((refused.isEmpty() ? "" : "$T/restrict " + refused + " ") + "$K doctor");
        assertEquals(0, r.status(), r.error());
        return r.out();
    }

    private static void isMissing(String report, String mechanism, String call) {
        assertTrue(report.lines().anyMatch(l -> l.startsWith("MISSING  " + mechanism) && l.contains(call)),
                report);
        assertTrue(report.contains("remedy:"), report);
    }

    @Test
    void whatARefusalMeans() throws Exception {
        isMissing(doctor(NO_PTRACE), "ptrace", "ptrace: EPERM");
        isMissing(doctor(NO_UNSHARE), "user namespaces", "unshare(CLONE_NEWUSER): EPERM");
        isMissing(doctor(NO_LANDLOCK), "Landlock", "landlock_create_ruleset: ENOSYS");
        String report = doctor(NO_PROCESS_VM);
        isMissing(report, "process_vm_readv", "EPERM");
        assertTrue(report.contains("--platform=auto takes systrap."), report);
    }

    @Test
    void withoutSeccompTheOtherPlatform() throws Exception {
        String report = doctor(NO_SECCOMP);
        isMissing(report, "seccomp filters", "ENOSYS");
        assertTrue(report.contains("--platform=auto takes ptrace."), report);
        shell.run("$T/restrict " + NO_SECCOMP + " $K do echo hi").is(0, "hi\n");
        shell.run("$T/restrict " + NO_SECCOMP + " $K --platform=systrap do echo hi").failed("seccomp",
                "ENOSYS", "doctor");
    }

    @Test
    void whereNothingWorks() throws Exception {
        shell.run("$T/restrict " + NO_SECCOMP + " " + NO_PTRACE
                + " $K do echo hi 2>&1 >/dev/null | grep -v warning >&2; "
                + "exit ${PIPESTATUS[0]}").failed("seccomp", "ENOSYS", "ptrace: EPERM", "doctor");
        shell.run("$T/restrict " + NO_MEMFD + " $K do echo hi").failed("memfd_create: ENOSYS", "doctor");
        shell.run("$T/restrict " + NO_PTRACE + " $K --platform=ptrace do echo hi").failed("ptrace: EPERM",
                "doctor");
        shell.run("$K --platform=kvm do echo hi").failed("not built yet", "auto");
    }

    @Test
    void forPrograms() throws Exception {
        shell.run("$K doctor --json | python3 -c 'import json, sys; d = json.load(sys.stdin); "
                + "print(sorted(d), len(d[\"mechanisms\"]) > 10)'").is(0,
                        "['mechanisms', 'platform', 'version'] True\n");
        shell.run("$T/restrict " + NO_SECCOMP
                + " $K doctor --json | python3 -c 'import json, sys; d = json.load(sys.stdin); "
                + "print(d[\"platform\"], [m[\"call\"] for m in d[\"mechanisms\"] if not m[\"works\"]][0])'")
                .is(0, "ptrace seccomp(SECCOMP_SET_MODE_FILTER)\n");
    }
}

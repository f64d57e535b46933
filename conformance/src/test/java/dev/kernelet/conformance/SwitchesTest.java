package dev.kernelet.conformance;

import static org.junit.jupiter.api.Assertions.*;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What makes Kernelet fast can be switched off, one by one, and changes nothing else: call sites are not
 * rewritten, nobody waits awake, one worker; so can be asking about births. Three families of the conformance suite here; all of them by
 * hand: {@code KERNELET_VM_OPTIONS=-Dkernelet.spin=off conformance/run --kernelet}.
 */
class SwitchesTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"patch=off", "spin=off", "workers=1", "births=off"})
    void conformance(String property) throws Exception {
        Path run = Shell.ROOT.resolve("conformance/run");
        Shell.Result r = new Shell(directory).run("KERNELET_DO=\"$K do\" KERNELET_VM_OPTIONS=-Dkernelet."
                + property + " "
                + run + " --kernelet exec pipe signal");
        assertEquals(0, r.status(), r.out() + r.error());
        assertTrue(r.out().matches("(?s).*kernelet: [1-9]\\d+ passed, 0 failed.*"), r.out());
    }
}

package dev.kernelet.conformance;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests by scripts ({@link Shell}), each in a directory of its own, after which no process may be left. */
abstract class LeavesNothing {
    @TempDir
    Path directory;

    Shell shell;
    List<String> before;

    @BeforeEach
    final void note() throws Exception {
        shell = new Shell(directory);
        before = Shell.processes();
    }

    @AfterEach
    void nothingLeft() throws Exception { Shell.assertNothingMore(before); }
}

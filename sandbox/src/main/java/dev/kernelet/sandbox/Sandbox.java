package dev.kernelet.sandbox;

/** Interim: the kernel that runs the command is not here yet. */
public final class Sandbox {
    private Sandbox() {}

    /**
     * Runs the command to its end: its exit status, 128 + n when signal n ended it, 127 not found, 126 not executable.
     *
     * @throws Failure when Kernelet itself fails
     */
    public static int run(SandboxOptions options) {
        throw new Failure("cannot run " + options.command()[0] + ": not built yet", "This version has no kernel to run programs on.");
    }
}

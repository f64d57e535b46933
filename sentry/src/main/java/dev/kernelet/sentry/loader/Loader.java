package dev.kernelet.sentry.loader;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;

/** Loads programs (ELF, #! scripts). The address space of the caller is never touched. */
public final class Loader {
    private Loader() {}

    /**
     * Makes {@code image.space} (fresh, from the platform), {@code image.mm} and the memory of the program in it, its stack
     * with argv, envp and auxv included, and sets all registers of {@code image.space.first()} for the first instruction. 0; or a
     * negative errno with everything given back, and the caller's program goes on. May return Task.BLOCKED.
     */
    public static long load(Task t, ProgramImage image) { return -ENOSYS; }
}

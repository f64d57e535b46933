package dev.kernelet.sentry.loader;

import dev.kernelet.platform.AddressSpace;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** What execve(2) is asked to load, and what came of it. */
public final class ProgramImage {
    // ---- set by exec
    /** The file to be run, checked for execute permission and opened for reading; exec holds and puts it. */
    public OpenFile file;
    /** Its place; null for a memfd and the like. */
    public Path path;
    /** The name as the caller gave it (AT_EXECFN, argument of a #! interpreter); "/dev/fd/N..." for execveat. */
    public String fileName;
    public String[] argv, envp;
    /** The credentials the program will have (AT_UID...); {@code isSecure} is AT_SECURE. */
    public Credentials cred;
    public boolean isSecure;
    /** Addresses are chosen at random; false under ADDR_NO_RANDOMIZE (personality(2)). */
    public boolean isRandomized = true;

    /** The program may be loaded into the caller's own process, emptied. */
    public boolean mayTakeOver;

    // ---- set by the loader
    /** It is: there is no way back. */
    public boolean takesOver;
    public AddressSpace space;
    public MemoryManager mm;
    /** The file really run (behind #! lines), for /proc/PID/exe and comm. */
    public Path exePath;
}

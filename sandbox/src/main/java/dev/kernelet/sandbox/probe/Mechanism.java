package dev.kernelet.sandbox.probe;

import dev.kernelet.abi.Errno;

/**
 * One mechanism of the host.
 *
 * @param name   as shown
 * @param works  whether it can be used here
 * @param detail what is known of it: a version, a limit; may be empty
 * @param call   the call that failed, empty when it works
 * @param errno  what it failed with, 0 when it works or there is none
 * @param cause  the known cause, empty when it works
 * @param lost   what Kernelet loses without it
 * @param remedy what to do about it, one line
 */
public record Mechanism(String name, boolean works, String detail, String call, int errno, String cause,
        String lost,
        String remedy) {
    static Mechanism works(String name, String detail) { return new Mechanism(name, true, detail, "", 0, "",
            "", ""); }

    static Mechanism missing(String name, String call, long result, String cause, String lost,
            String remedy) {
        return new Mechanism(name, false, "", call, result < 0 ? (int) -result : 0, cause, lost, remedy);
    }

    /** "ptrace(PTRACE_SEIZE): EPERM". */
    public String failure() { return errno == 0 ? call : call + ": " + Errno.name(errno); }
}

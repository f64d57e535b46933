package dev.kernelet.sandbox;

/**
 * What jail.c did before there was a virtual machine.
 *
 * @param kinds      bits of the namespaces that are new
 * @param error      errno of the step that was refused, the step in the bits above 8; 0: none
 * @param outside    address of the memory shared with the process outside; 0: there is none
 * @param outsidePid that process, which guards the stubs' group, with or without the memory; 0: none
 * @param door       address of the word by which the leading thread is asked to leave the root; 0: it cannot
 */
public record Namespaces(long kinds, int error, long outside, long outsidePid, long door) {
    public static final int USER = 1, MOUNT = 2, NETWORK = 4, IPC = 8, UTS = 16;

    public boolean has(int kind) { return (kinds & kind) != 0; }

    /** The call that was refused; "" when none was. */
    public String refusedCall() {
        return switch (error >> 8) {
            case 1 -> "fork";
            case 2 -> "unshare";
            case 3 -> "uid_map";
            case 4 -> "mount";
            default -> "";
        };
    }

    public int errno() { return error & 0xff; }
}

package dev.kernelet.sandbox;

/**
 * What the caller gave this process and the first program inside inherits, recorded by the launcher before
 * the virtual machine could change it.
 *
 * @param home           directory of the distribution: holds bin/, lib/ and runtime/
 * @param environment    NAME=value byte strings, in order, whatever they hold
 * @param ignoredSignals bit {@code signal - 1}: was ignored
 * @param blockedSignals bit {@code signal - 1}: was blocked
 * @param closedStdio    bit {@code fd}: 0, 1 or 2 was closed (an O_PATH descriptor holds its number now)
 * @param channel        socket to the process that waits for a container command (container.c), or -1
 * @param hand           socket to the leading thread, which makes calls for others (container.c), or -1
 * @param namespaces     the namespaces that are new, and how to leave the root
 * @param limits         soft and hard limit of each of the 16 resources (getrlimit(2))
 * @param groups         supplementary groups of the caller
 */
public record Inherited(String home, String[] environment, long ignoredSignals, long blockedSignals, int closedStdio,
        int channel, int hand, Namespaces namespaces, long[] limits, int[] groups) {
    /** Index of the limits in what {@link #of} takes, and of the groups behind them. */
    public static final int LIMITS = 10, GROUPS = LIMITS + 2 * 16;

    /**
     * As launcher.c fills it: ignored, blocked, closed, channel, hand, five numbers of the namespaces,
     * limits, groups.
     */
    public static Inherited of(String home, String[] environment, long[] info) {
        var namespaces = new Namespaces(info[5], (int) info[6], info[7], info[8], info[9]);
        var groups = new int[info.length - GROUPS];
        for (int i = 0; i < groups.length; i++) groups[i] = (int) info[GROUPS + i];
        return new Inherited(home, environment, info[0], info[1], (int) info[2], (int) info[3], (int) info[4],
                namespaces, java.util.Arrays.copyOfRange(info, LIMITS, GROUPS), groups);
    }

    /**
     * Signals a process from the outside can send the launcher that are meant for the program inside: blocked
     * in every thread by the launcher, so that one signalfd reads them. Bit {@code signal - 1}; see
     * launcher.c.
     */
    public static final long FORWARDED_SIGNALS = forwarded();

    public boolean isClosed(int fd) { return (closedStdio >>> fd & 1) != 0; }

    public String libraryPath() { return home + "/lib/libkernelet.so"; }

    public String stubPath() { return home + "/lib/kernelet-stub"; }

    private static long forwarded() {
        long set = -1L;
        // ILL TRAP ABRT BUS FPE KILL SEGV STOP SYS, two of the C library, one of the virtual
        // machine, 64.
        int[] others = {4, 5, 6, 7, 8, 9, 11, 19, 31, 32, 33, 63, 64};
        for (int signal : others) set &= ~(1L << signal - 1);
        return set;
    }
}

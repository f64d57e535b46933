package dev.kernelet.sandbox;

/**
 * What programs may use besides memory, processes and descriptors; 0: no limit. Nobody inside can raise these.
 *
 * @param cpuSeconds of each process: SIGXCPU, a second later SIGKILL
 * @param fileSize   bytes of a file: EFBIG and SIGXFSZ
 * @param output     bytes written to the descriptors of the caller, by all processes: EFBIG and SIGXFSZ
 */
public record ProgramLimits(long cpuSeconds, long fileSize, long output) {
    public static final ProgramLimits NONE = new ProgramLimits(0, 0, 0);
}

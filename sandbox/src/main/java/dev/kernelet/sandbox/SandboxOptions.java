package dev.kernelet.sandbox;

import dev.kernelet.sandbox.probe.Choice;

/**
 * What a sandbox is to be. Paths are byte strings (one char per byte) as the user gave them.
 *
 * @param command        program and arguments
 * @param root           host directory that is "/" inside
 * @param cwd            directory the program starts in, as seen inside; null: the caller's
 * @param volumes        host paths shown inside
 * @param overlayRoot    whether writes below the root go to memory and are gone at exit
 * @param overlayVolumes the same for the volumes
 * @param overlayMedium  where overlays keep large files: "memory", "self" (the file system they lie over) or
 * "dir=PATH"
 * @param overlaySize    most bytes of an overlay; 0: only {@code memory} bounds it
 * @param quiet          no warnings on standard error
 * @param uidMaps        user id ranges; empty: identity
 * @param gidMaps        group id ranges; empty: identity
 * @param platform       "auto", "systrap", "ptrace" or "kvm"
 * @param network        "host" or "none"
 * @param stateRoot      directory for state files; null: the default
 * @param strace         whether system calls are logged
 * @param straceSyscalls names to log, separated by commas; empty: all
 * @param straceLogSize  most bytes shown of one buffer
 * @param pidsLimit      most tasks at once; 0: what the host can spare
 * @param memory         most bytes of memory, file systems in memory included; 0: the host's
 * @param fdLimit        most open files at once in the whole sandbox
 * @param inherited      what the caller's process was like
 * @param host           how files of the host are reached, and which special ones
 * @param limits         of CPU time, file sizes and output
 */
public record SandboxOptions(
        String[] command,
        String root,
        String cwd,
        Volume[] volumes,
        boolean overlayRoot,
        boolean overlayVolumes,
        String overlayMedium,
        long overlaySize,
        boolean quiet,
        IdMap[] uidMaps,
        IdMap[] gidMaps,
        String platform,
        String network,
        String stateRoot,
        boolean strace,
        String straceSyscalls,
        int straceLogSize,
        int pidsLimit,
        long memory,
        int fdLimit,
        Inherited inherited,
        HostAccess host,
        ProgramLimits limits) {
    public static final int DEFAULT_PIDS_LIMIT = 16384;
    public static final int DEFAULT_FD_LIMIT = 1 << 20;
    public static final int DEFAULT_STRACE_LOG_SIZE = 1024;

    /** With files opened by the Sentry itself, and none but regular ones. */
    public SandboxOptions(String[] command, String root, String cwd, Volume[] volumes, boolean overlayRoot,
            boolean overlayVolumes, String overlayMedium, long overlaySize, boolean quiet, IdMap[] uidMaps,
            IdMap[] gidMaps, String platform, String network, String stateRoot, boolean strace,
            String straceSyscalls, int straceLogSize, int pidsLimit, long memory, int fdLimit,
            Inherited inherited) {
        this(command, root, cwd, volumes, overlayRoot, overlayVolumes, overlayMedium, overlaySize, quiet,
                uidMaps,
                gidMaps, platform, network, stateRoot, strace, straceSyscalls, straceLogSize, pidsLimit,
                        memory,
                fdLimit, inherited, HostAccess.DEFAULT, ProgramLimits.NONE);
    }

    /**
     * These options with a platform in place of "auto".
     *
     * @throws Failure when the platform cannot work here
     */
    public SandboxOptions resolved() {
        String chosen = Choice.of(platform);
        if (chosen.equals(platform)) return this;
        return new SandboxOptions(command, root, cwd, volumes, overlayRoot, overlayVolumes, overlayMedium,
                overlaySize, quiet, uidMaps,
                gidMaps, chosen, network, stateRoot, strace, straceSyscalls, straceLogSize, pidsLimit, memory,
                        fdLimit, inherited, host, limits);
    }
}

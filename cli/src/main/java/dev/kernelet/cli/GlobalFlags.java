package dev.kernelet.cli;

import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.HostAccess;

/** The flags before the command. */
final class GlobalFlags {
    boolean debug, jsonDebugLog, strace, rootless, systemdCgroup, help, version, alsoLogToStderr;
    String debugLog, log, logFormat = "json", straceSyscalls = "", platform = "auto", network, overlay2, stateRoot;
    int straceLogSize = SandboxOptions.DEFAULT_STRACE_LOG_SIZE;
    int pidsLimit, fdLimit = SandboxOptions.DEFAULT_FD_LIMIT;
    private static final long MEMORY_LEAST = 1 << 20;
    long memory, cpuLimit, fileSizeLimit, outputLimit;
    boolean directfs = true, hostFifo, sharesPods = true;
    String hostUds = "none";
    private static final String OVERLAY_FORMS = "none, or {root|all}:{memory|self|dir=/PATH}[,size=N]";
    /** The host's network is used where a sandbox's own is meant, and the user is to know. */
    boolean replacesSandboxNetwork;
    /** The command is one of an OCI runtime. */
    boolean isOci;
    /** Index of the command. */
    int position;

    static final String HELP = """
              --debug                    log what the Sentry does
              --debug-log FILE           where to; a directory if it ends in "/". %TIMESTAMP%, %COMMAND% and %ID% are
                                         replaced. Default: standard error
              --debug-log-format FORMAT  text (default) or json
              --alsologtostderr          copy the debug log to standard error
              --log FILE                 append errors to this file, one a line
              --log-format FORMAT        of that file: json (default), or text: key=value
              --strace                   log every system call with its arguments and result
              --strace-syscalls LIST     only these, separated by commas
              --strace-log-size N        most bytes shown of one buffer (1024)
              --platform NAME            how system calls are caught: systrap, ptrace, or auto (default): the best that
                                         works here (see doctor)
              --network MODE             host (default): the host's network; none: loopback only
              --rootless                 accepted for compatibility: Kernelet never needs privilege
              --systemd-cgroup           linux.cgroupsPath is SLICE:PREFIX:NAME (told by its form)
              --overlay2 SETTING         none, or {root|all}:{memory|self|dir=PATH}[,size=N]: where writes to the root (or to
                                         the volumes too) go: memory, a file without a name beside the files, or in PATH
              --directfs=BOOL            the Sentry opens the host's files itself (true); false: another
                                         process does, and the Sentry can open none
              --host-fifo none|open      whether FIFOs of the host can be opened (none)
              --host-uds none|open|create|all
                                         whether programs can connect to unix sockets of the host, make
                                         some in volumes, or both (none)
              --pod-sandbox MODE         containers of a pod have one sandbox together: shared (default);
                                         or each its own: separate
              --root DIR                 directory for state files
              --pids-limit N             most processes and threads at once (16384, at most a quarter
                                         of what the machine can have)
              --memory BYTES             most memory, like 512M; default: what the host has
              --fd-limit N               most open files at once (1048576)
              --allow-suid               accepted for compatibility: set-user-ID programs work inside, and gain nothing outside
              --cpu-limit SECONDS        most CPU time of a process: SIGXCPU, then SIGKILL
              --file-size-limit BYTES    largest file: EFBIG and SIGXFSZ
              --output-limit BYTES       most that is written to the caller's descriptors: EFBIG and SIGXFSZ
              --pool                     warm starts of do: a spare sandbox is ready for the next
              --help, --version
            """;

    void parse(String[] arguments) {
        var flags = new Flags(arguments, 0);
        while (flags.next()) accept(flags);
        position = flags.position();
        if (network == null) {
            replacesSandboxNetwork = rootless;
            network = "host";
        } else if (network.equals("sandbox")) {
            if (!rootless) {
                throw new UsageException("--network=sandbox is not available: this version has no network stack of its own");
            }
            replacesSandboxNetwork = true;
            network = "host";
        }
    }

    private void accept(Flags f) {
        switch (f.name()) {
            case "debug" -> debug = f.bool();
            case "debug-log" -> debugLog = f.string();
            case "debug-log-format" -> jsonDebugLog = f.word("text", "json").equals("json");
            case "alsologtostderr" -> alsoLogToStderr = f.bool();
            case "log" -> log = f.string();
            case "log-format" -> logFormat = f.word("text", "json");
            case "strace" -> strace = f.bool();
            case "strace-syscalls" -> straceSyscalls = f.string();
            case "strace-log-size" -> straceLogSize = f.integer(0);
            case "platform" -> platform = f.word("auto", "systrap", "ptrace", "kvm");
            case "network" -> network = network(f);
            case "rootless" -> rootless = f.boolOr("auto");
            case "systemd-cgroup" -> systemdCgroup = f.bool();
            case "overlay2" -> overlay2 = overlay(f);
            case "directfs" -> directfs = f.bool();
            case "host-fifo" -> hostFifo = f.word("none", "open").equals("open");
            case "host-uds" -> hostUds = f.word("none", "open", "create", "all");
            case "pod-sandbox" -> sharesPods = f.word("shared", "separate").equals("shared");
            case "root" -> stateRoot = f.string();
            case "pids-limit" -> pidsLimit = f.integer(1);
            case "memory" -> memory = memory(f);
            case "cpu-limit" -> cpuLimit = f.integer(1);
            case "file-size-limit" -> fileSizeLimit = f.bytes();
            case "output-limit" -> outputLimit = f.bytes();
            case "fd-limit" -> fdLimit = f.integer(16);
            case "allow-suid" -> {
                if (!f.bool()) throw new UsageException("--allow-suid=false: use setpriv --no-new-privs inside, or noNewPrivileges");
            }
            case "pool", "pool-spare" -> f.bool(); // the launcher's (pool.c)
            case "h", "help" -> help = f.bool();
            case "v", "version" -> version = f.bool();
            default -> throw f.unknown();
        }
    }

    /** Less than a program needs to start is meant to be something else: 512 for 512M. */
    private static long memory(Flags f) {
        long bytes = f.bytes();
        if (bytes == 0 || bytes >= MEMORY_LEAST) return bytes;
        throw f.bad(String.valueOf(bytes), "1M at least, like 512M, or 0: the host's");
    }

    private static String network(Flags f) {
        String value = f.string();
        if (!value.equals("host") && !value.equals("none") && !value.equals("sandbox")) throw f.bad(value, "host, none");
        return value;
    }

    private static String overlay(Flags f) {
        String value = f.string(), kind = value;
        int comma = value.indexOf(',');
        if (comma >= 0) {
            kind = value.substring(0, comma);
            if (!value.startsWith("size=", comma + 1) || Flags.parseBytes(value.substring(comma + 6)) < 0) {
                throw f.bad(value, OVERLAY_FORMS);
            }
        }
        if (kind.equals("none") && comma < 0) return value;
        int colon = kind.indexOf(':');
        String which = colon < 0 ? "" : kind.substring(0, colon), medium = kind.substring(colon + 1);
        if (!which.equals("root") && !which.equals("all")) throw f.bad(value, OVERLAY_FORMS);
        if (!medium.equals("memory") && !medium.equals("self") && !medium.startsWith("dir=/")) throw f.bad(value, OVERLAY_FORMS);
        return value;
    }

    boolean overlaysRoot() { return overlay2 != null && !overlay2.equals("none"); }

    boolean overlaysVolumes() { return overlay2 != null && overlay2.startsWith("all:"); }

    /** "memory", "self" or "dir=PATH". */
    String overlayMedium() {
        if (!overlaysRoot()) return "memory";
        int comma = overlay2.indexOf(',');
        return overlay2.substring(overlay2.indexOf(':') + 1, comma < 0 ? overlay2.length() : comma);
    }

    long overlaySize() {
        int at = overlay2 == null ? -1 : overlay2.indexOf(",size=");
        return at < 0 ? 0 : Flags.parseBytes(overlay2.substring(at + 6));
    }

    HostAccess hostAccess() {
        boolean all = hostUds.equals("all");
        return new HostAccess(directfs, hostFifo, all || hostUds.equals("open"),
                all || hostUds.equals("create"));
    }
}

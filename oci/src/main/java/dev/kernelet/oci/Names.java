package dev.kernelet.oci;

import static dev.kernelet.abi.Mounts.*;

/** Numbers for the names that config.json uses. */
final class Names {
    private static final String[] CAPABILITIES = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
            "FSETID", "KILL", "SETGID",
        "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
                "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT",
                "SYS_NICE", "SYS_RESOURCE",
        "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
                "MAC_OVERRIDE", "MAC_ADMIN",
        "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"};
    private static final String[] LIMITS = {"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE",
            "MEMLOCK", "AS", "LOCKS",
        "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
    private static final String[] SIGNALS = {"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE",
            "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
                "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS"};

    private Names() {}

    /** CAP_NAME in any case; -1 when there is none of that name. */
    static int capability(String name) {
        String upper = upper(name);
        return upper.startsWith("CAP_") ? index(CAPABILITIES, upper.substring(4)) : -1;
    }

    static String capabilityName(int number) { return "CAP_" + CAPABILITIES[number]; }

    static int capabilities() { return CAPABILITIES.length; }

    static int limit(String name) { return name.startsWith("RLIMIT_") ? index(LIMITS, name.substring(7))
            : -1; }

    /** A signal by number or name, with or without SIG; -1 when there is none. */
    static int signal(String name) {
        String s = upper(name);
        if (!s.isEmpty() && s.length() < 3 && s.charAt(0) >= '0' && s.charAt(0) <= '9') {
            int n = 0;
            for (int i = 0; i < s.length(); i++) n = n * 10 + Character.digit(s.charAt(i), 10);
            return n >= 0 && n <= 64 ? n : -1;
        }
        if (s.startsWith("SIG")) s = s.substring(3);
        if (s.equals("IOT")) return 6;
        if (s.equals("POLL")) return 29;
        if (s.equals("CLD")) return 17;
        if (s.startsWith("RTMIN")) return realTime(s.substring(5), 34, 1);
        if (s.startsWith("RTMAX")) return realTime(s.substring(5), 64, -1);
        int i = index(SIGNALS, s);
        return i < 0 ? -1 : i + 1;
    }

    private static int realTime(String offset, int base, int sign) {
        if (offset.isEmpty()) return base;
        if (offset.length() > 3 || offset.charAt(0) != (sign > 0 ? '+' : '-')) return -1;
        int n = 0;
        for (int i = 1; i < offset.length(); i++) {
            int digit = Character.digit(offset.charAt(i), 10);
            if (digit < 0) return -1;
            n = n * 10 + digit;
        }
        int signal = base + sign * n;
        return signal >= 34 && signal <= 64 ? signal : -1;
    }

    private static int index(String[] names, String name) {
        for (int i = 0; i < names.length; i++) if (names[i].equals(name)) return i;
        return -1;
    }

    private static String upper(String s) {
        var u = new char[s.length()];
        for (int i = 0; i < u.length; i++) {
            char c = s.charAt(i);
            u[i] = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
        }
        return new String(u);
    }

    // ---- mount options (runtime-spec, "Linux mount options")
    static final int UNKNOWN = -1, SHARED = -2, COPY_UP = -3, ID_MAP = -4;

    /**
     * What an option adds to the mount's flags: UNKNOWN for one of the filesystem's own, SHARED for one not
     * to be had; or another of the names above.
     */
    static int mountSet(String option) {
        return switch (option) {
            case "ro", "rro" -> MS_RDONLY;
            case "nosuid", "rnosuid" -> MS_NOSUID;
            case "nodev", "rnodev" -> MS_NODEV;
            case "noexec", "rnoexec" -> MS_NOEXEC;
            case "sync" -> MS_SYNCHRONOUS;
            case "dirsync" -> MS_DIRSYNC;
            case "mand" -> MS_MANDLOCK;
            case "noatime", "rnoatime" -> MS_NOATIME;
            case "nodiratime", "rnodiratime" -> MS_NODIRATIME;
            case "relatime", "rrelatime" -> MS_RELATIME;
            case "strictatime", "rstrictatime" -> MS_STRICTATIME;
            case "nosymfollow", "rnosymfollow" -> MS_NOSYMFOLLOW;
            case "bind" -> MS_BIND;
            case "rbind" -> MS_BIND | MS_REC;
            case "private", "rprivate", "slave", "rslave", "unbindable", "runbindable", "defaults", "rw",
                    "rrw", "suid", "rsuid", "dev",
                    "rdev", "exec", "rexec", "async", "atime", "ratime", "diratime", "rdiratime",
                            "norelatime", "rnorelatime",
                    "nostrictatime", "rnostrictatime", "symfollow", "rsymfollow", "loud", "silent", "nomand",
                            "iversion", "noiversion",
                    "copy-symlink" -> 0;
            case "tmpcopyup" -> COPY_UP;
            case "idmap", "ridmap" -> ID_MAP;
            case "shared", "rshared" -> SHARED;
            default -> UNKNOWN;
        };
    }

    /** What an option takes out of the mount's flags. */
    static int mountClear(String option) {
        return switch (option) {
            case "rw", "rrw" -> MS_RDONLY;
            case "suid", "rsuid" -> MS_NOSUID;
            case "dev", "rdev" -> MS_NODEV;
            case "exec", "rexec" -> MS_NOEXEC;
            case "async" -> MS_SYNCHRONOUS;
            case "atime", "ratime" -> MS_NOATIME;
            case "diratime", "rdiratime" -> MS_NODIRATIME;
            case "norelatime", "rnorelatime" -> MS_RELATIME;
            case "nostrictatime", "rnostrictatime" -> MS_STRICTATIME;
            default -> 0;
        };
    }
}

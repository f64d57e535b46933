package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/** Kernel, /proc, control groups, limits, processor: what is read, not tried. */
final class Machine {
    private static final int RELEASE = 130, LEAST_MAJOR = 5, LEAST_MINOR = 13;
    private static final String[] RESOURCES = {"cpu", "fsize", "data", "stack", "core", "rss", "nproc",
            "nofile", "memlock", "as"};

    private Machine() {}

    static Mechanism kernel() {
        long p = Memory.allocate(6 * 65);
        HostCall.call(UNAME, p);
        String release = text(p + RELEASE, 65);
        Memory.free(p);
        int major = leading(release, 0), dot = release.indexOf('.'), minor = dot < 0 ? 0 : leading(release,
                dot + 1);
        if (major > LEAST_MAJOR || major == LEAST_MAJOR
                && minor >= LEAST_MINOR) return Mechanism.works("kernel", "Linux " + release);
        return Mechanism.missing("kernel", "Linux " + release, 0, "older than 5.13",
                "not tested: anything may fail", "use a newer kernel");
    }

    private static String text(long at, int most) {
        int n = 0;
        while (n < most && Memory.getByte(at + n) != 0) n++;
        return Memory.getBytes(at, n);
    }

    private static int leading(String s, int at) {
        int n = 0;
        for (; at < s.length() && s.charAt(at) >= '0' && s.charAt(at) <= '9'; at++) n = 10 * n
                + s.charAt(at) - '0';
        return n;
    }

    static Mechanism proc() {
        if (HostProc.directory() < 0 || HostProc.read("self/status").isEmpty()) {
            return Mechanism.missing("/proc", "open(/proc/self/status)", -2,
                    "not mounted, or something else is mounted over it",
                    "confinement of the machine's own threads, search for rogue processes, resident sizes",
                            "mount -t proc proc /proc");
        }
        String mounts = HostProc.read("self/mountinfo");
        int masked = 0;
        for (int at = mounts.indexOf(" /proc/"); at >= 0; at = mounts.indexOf(" /proc/", at + 1)) masked++;
        return Mechanism.works("/proc", masked == 0 ? "" : masked
                + " places in it are mounted over, as container engines do; Kernelet mounts none, so that is no obstacle");
    }

    static Mechanism controlGroups() {
        String groups = HostProc.read("self/cgroup");
        if (groups.isEmpty()) return Mechanism.works("control groups", "none");
        boolean isSecond = groups.startsWith("0::");
        String limits = "";
        // ID:CONTROLLERS:PATH, of version 2 "0::PATH" (cgroups(7)).
        for (int at = 0, eol; (eol = groups.indexOf('\n', at)) >= 0; at = eol + 1) {
            int first = groups.indexOf(':', at), second = groups.indexOf(':', first + 1);
            if (first < 0 || second < 0 || second > eol) continue;
            String controllers = groups.substring(first + 1, second), path = groups.substring(second + 1,
                    eol);
            if (isSecond) {
                limits += limit("", path, "memory.max") + limit("", path, "pids.max") + limit("", path,
                        "cpu.max");
            } else if (controllers.equals("memory")) {
                limits += limit("/memory", path, "memory.limit_in_bytes");
            } else if (controllers.equals("pids")) {
                limits += limit("/pids", path, "pids.max");
            } else if (controllers.contains("cpu,") || controllers.endsWith(",cpu")
                    || controllers.equals("cpu")) {
                limits += limit("/cpu", path, "cpu.cfs_quota_us");
            }
        }
        return Mechanism.works("control groups", "version " + (isSecond ? 2 : 1) + (limits.isEmpty()
                ? "; no limits" : limits));
    }

    private static String limit(String mount, String path, String file) {
        String value = least("/sys/fs/cgroup" + mount, path, file);
        return value.isEmpty() ? "" : "; " + file + " " + value;
    }

    /**
     * The nearest limit of this group and those above it; a container may see its own group as the root of
     * the mount.
     */
    private static String least(String mount, String path, String file) {
        for (String group = path.equals("/") ? "" : path; ; group = group.substring(0,
                group.lastIndexOf('/'))) {
            String value = Environment.firstLine(Environment.file(mount + group + "/" + file));
            // Version 1 has -1, or a number no machine reaches, for "no limit".
            if (!value.isEmpty() && value.length() < 19 && !value.startsWith("max")
                    && !value.startsWith("-1")) return value;
            if (group.lastIndexOf('/') < 0) return "";
        }
    }

    static Mechanism limits(long[] limits) {
        var text = new StringBuilder();
        for (int i = 0; i < RESOURCES.length && 2 * i + 1 < limits.length; i++) {
            if (limits[2 * i] == -1 || i == 4) continue; // core: of no matter
            if (text.length() > 0) text.append(", ");
            text.append(RESOURCES[i]).append(' ').append(Long.toUnsignedString(limits[2 * i]));
        }
        return Mechanism.works("limits", text.length() == 0 ? "none" : text.toString());
    }

    static Mechanism processor() {
        long one = HostCall.cpuid(1, 0, 2), seven = HostCall.cpuid(7, 0, 1), sevenC = HostCall.cpuid(7, 0, 2);
        var text = new StringBuilder();
        flag(text, one >>> 26, "xsave");
        flag(text, one >>> 28, "avx");
        flag(text, seven >>> 5, "avx2");
        flag(text, seven >>> 16, "avx512f");
        flag(text, seven, "fsgsbase");
        flag(text, sevenC >>> 3, "pku");
        flag(text, one >>> 31, "hypervisor");
        text.append("; ").append(Runtime.getRuntime().availableProcessors()).append(" processors");
        if ((one >>> 26 & 1) != 0) return Mechanism.works("processor", text.toString());
        return Mechanism.missing("processor", "cpuid", 0, "no xsave", "everything",
                "use a processor of 2012 or newer");
    }

    private static void flag(StringBuilder text, long bit, String name) {
        if ((bit & 1) == 0) return;
        if (text.length() > 0) text.append(' ');
        text.append(name);
    }
}

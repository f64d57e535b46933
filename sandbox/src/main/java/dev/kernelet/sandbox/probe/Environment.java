package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/** What is known to forbid things on Linux: filters, sysctls, security modules. Read once. */
final class Environment {
    private static final int O_RDONLY_CLOEXEC = 0x80000, SECCOMP_MODE_FILTER = 2;

    final int filterMode;
    /** kernel.yama.ptrace_scope, or -1: not in this kernel. */
    final int yama;
    /** kernel.unprivileged_userns_clone (Debian, Ubuntu), or -1. */
    final int userNamespacesSysctl;
    /** kernel.apparmor_restrict_unprivileged_userns (Ubuntu 24.04), or -1. */
    final int appArmorRestricts;
    final long maxUserNamespaces;
    /** The AppArmor or SELinux label of this process; "" when there is none. */
    final String label;
    final boolean isRoot;

    Environment() {
        HostProc.open();
        filterMode = (int) field(HostProc.read("self/status"), "Seccomp:");
        yama = (int) number("sys/kernel/yama/ptrace_scope");
        userNamespacesSysctl = (int) number("sys/kernel/unprivileged_userns_clone");
        appArmorRestricts = (int) number("sys/kernel/apparmor_restrict_unprivileged_userns");
        maxUserNamespaces = number("sys/user/max_user_namespaces");
        String attr = firstLine(HostProc.read("self/attr/current"));
        label = attr.equals("unconfined") || attr.equals("kernel") ? "" : attr;
        isRoot = HostCall.call(GETEUID) == 0;
    }

    boolean isFiltered() { return filterMode == SECCOMP_MODE_FILTER; }

    /** Why a call is refused that nothing else is known to refuse. */
    String refusal(long result) {
        if (isFiltered() && (result == -EPERM || result == -ENOSYS || result == -EACCES)) {
            return "a seccomp filter in force here forbids it, as container engines' profiles do";
        }
        if (result == -ENOSYS || result == -EOPNOTSUPP
                || result == -EINVAL) return "this kernel does not have it";
        if (!label.isEmpty() && (result == -EPERM || result == -EACCES)) return "perhaps the security label "
                + label;
        if (result == -ENOMEM
                || result == -EAGAIN) return "out of memory or processes, or a limit (ulimit -a, the container's)";
        if (result == -EMFILE || result == -ENFILE) return "out of descriptors (ulimit -n)";
        return result == -EPERM || result == -EACCES ? "not permitted to this user" : "not known";
    }

    /** What helps against {@link #refusal}. */
    String remedy(long result) {
        if (isFiltered()) return "docker run --security-opt seccomp=unconfined (or a profile that allows it)";
        if (result == -ENOSYS || result == -EINVAL
                || result == -EOPNOTSUPP) return "use a newer kernel, or one that is built with it";
        return "ask the administrator of this host";
    }

    // ---- reading

    static long field(String status, String name) {
        int at = status.indexOf(name);
        if (at < 0) return -1;
        at += name.length();
        while (at < status.length() && status.charAt(at) <= ' ' && status.charAt(at) != '\n') at++;
        return number(status, at);
    }

    /** The number in a file below /proc, or -1. */
    static long number(String name) { return number(HostProc.read(name), 0); }

    private static long number(String s, int at) {
        int end = at;
        while (end < s.length() && end < at + 18 && s.charAt(end) >= '0' && s.charAt(end) <= '9') end++;
        return end == at ? -1 : Long.parseLong(s, at, end, 10);
    }

    static String firstLine(String s) {
        int end = s.indexOf('\n');
        if (end < 0) end = s.indexOf('\0');
        return end < 0 ? s : s.substring(0, end);
    }

    /** A small file by its path; "" when it cannot be read. */
    static String file(String path) {
        long buffer = Memory.allocate(4096);
        Memory.putBytes(buffer, path.length() < 4096 ? path : "");
        long fd = HostCall.call(OPENAT, -100, buffer, O_RDONLY_CLOEXEC, 0);
        long n = fd < 0 ? 0 : HostCall.call(READ, fd, buffer, 4096);
        if (fd >= 0) HostCall.call(CLOSE, fd);
        String text = n > 0 ? Memory.getBytes(buffer, (int) n) : "";
        Memory.free(buffer);
        return text;
    }
}

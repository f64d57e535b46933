package dev.kernelet.sandbox.probe;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.ptrace.PtraceProbe;
import java.util.ArrayList;
import java.util.List;

/** Tries every mechanism; see the package comment. */
public final class Probes {
    private static final int PR_SET_NO_NEW_PRIVS = 38, PR_SET_SYSCALL_USER_DISPATCH = 59, SIGSYS = 31;
    private static final int MFD_CLOEXEC = 1, MFD_EXEC = 0x10, KVM_GET_API_VERSION = 0xae00;
    private static final int LANDLOCK_VERSION = 1;

    private final Environment environment = new Environment();
    private final ArrayList<Mechanism> found = new ArrayList<>();

    private Probes() {}

    /**
     * All mechanisms of this host, in the order they matter.
     *
     * @param limits soft and hard limits of the caller's process (getrlimit(2))
     */
    public static List<Mechanism> all(long[] limits) {
        var p = new Probes();
        p.found.add(Machine.kernel());
        p.processes();
        p.filters();
        p.births();
        p.dispatch();
        p.trace();
        p.remoteMemory();
        p.found.add(new Namespaces(p.environment).probe());
        p.landlock();
        p.pidfd();
        p.kvm();
        p.found.add(Machine.proc());
        p.found.add(Machine.controlGroups());
        p.found.add(Machine.limits(limits));
        p.found.add(Machine.processor());
        return p.found;
    }

    /** The platform "auto" takes where these mechanisms are; null: none works. */
    public static String platform(List<Mechanism> all) {
        if (!works(all, PROCESSES)) return null;
        return works(all, FILTERS) ? "systrap" : works(all, TRACE) ? "ptrace" : null;
    }

    /** The first mechanism the platform needs and does not have; null: none, or it is not known. */
    public static Mechanism missing(String platform) {
        var p = new Probes();
        p.processes();
        if (platform.equals("ptrace")) p.trace();
        else p.filters();
        for (var m : p.found) if (!m.works()) return m;
        return null;
    }

    private static boolean works(List<Mechanism> all, String name) {
        for (var m : all) if (m.name().equals(name)) return m.works();
        return false;
    }

    static final String PROCESSES = "processes from memory", FILTERS = "seccomp filters", TRACE = "ptrace";

    private void missing(String name, String call, long result, String lost) {
        found.add(Mechanism.missing(name, call, result, environment.refusal(result), lost,
                environment.remedy(result)));
    }

    private void works(String name, String detail) { found.add(Mechanism.works(name, detail)); }

    private void processes() {
        long fd = Host.memfd("kernelet-probe", MFD_EXEC);
        if (fd < 0) {
            missing(PROCESSES, "memfd_create", fd, "everything: stubs are processes started from a memfd");
            return;
        }
        Host.close(fd);
        try (var p = new ProbeProcess()) {
            if (p.hasStarted()) {
                works(PROCESSES, "memfd_create, execveat");
                return;
            }
            long noExec = Environment.number("sys/vm/memfd_noexec");
            String lost = "everything: stubs are processes started from a memfd";
            if (noExec == 2) {
                found.add(Mechanism.missing(PROCESSES, p.failed, p.failure(), "vm.memfd_noexec is 2", lost,
                        "sysctl -w vm.memfd_noexec=1 (as root)"));
            } else {
                missing(PROCESSES, p.failed, p.failure(), lost);
            }
        }
    }

    /** A filter that traps getppid, in a process without a handler: it must die of SIGSYS. */
    private void filters() {
        String lost = "the systrap platform (ptrace takes its place, many times slower), and the filter of the Sentry's own calls";
        try (var p = new ProbeProcess()) {
            if (!p.hasStarted()) {
                missing(FILTERS, p.failed, p.failure(), lost);
                return;
            }
            long r = p.call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (r == 0) r = filter(p, GETPPID, 0x00030000 /* SECCOMP_RET_TRAP */, 0);
            if (r == 0) {
                r = p.call(GETPPID);
                if (r == ProbeProcess.DIED && p.signal() == SIGSYS) {
                    works(FILTERS, "SECCOMP_RET_TRAP" + (environment.isFiltered()
                            ? "; another filter is in force already" : ""));
                    return;
                }
                r = -EOPNOTSUPP;
            }
            missing(FILTERS, Choice.SECCOMP_CALL, r == ProbeProcess.DIED ? -EPERM : r, lost);
        }
    }

    /** Installs a filter that answers one call with {@code action}. */
    private static long filter(ProbeProcess p, int call, int action, int flags) {
        long at = p.here(0);
        Memory.putShort(at, (short) 4);
        Memory.putLong(at + 8, ProbeProcess.there(16));
        instruction(at + 16, 0x20, 0, 0, 0); // the number
        instruction(at + 24, 0x15, 0, 1, call);
        instruction(at + 32, 0x06, 0, 0, action);
        instruction(at + 40, 0x06, 0, 0, 0x7fff0000); // SECCOMP_RET_ALLOW
        return p.call(SECCOMP, 1, flags, ProbeProcess.there(0));
    }

    /** What a stub gets that asks for a listener of its births: a descriptor or a negative errno. */
    public static long listener() {
        try (var p = new ProbeProcess()) {
            if (!p.hasStarted()) return p.failure();
            long r = p.call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (r == 0) r = filter(p, CLONE, 0x7fc00000 /* SECCOMP_RET_USER_NOTIF */, 8 /* NEW_LISTENER */);
            return r == ProbeProcess.DIED ? -EPERM : r;
        }
    }

    private void births() {
        String name = "seccomp notification", call = "seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)",
                lost = "leave for each fork: processes behind the Sentry's back are found afterwards";
        long r = listener();
        if (r >= 0) works(name, "every fork and thread of a stub waits for leave");
        else if (r != -EBUSY) missing(name, call, r, lost);
        else found.add(Mechanism.missing(name, call, r, "a supervisor has a listener here already", lost,
                "a limit of processes outside (docker run --pids-limit)"));
    }

    private static void instruction(long at, int code, int yes, int no, int k) {
        Memory.putShort(at, (short) code);
        Memory.putByte(at + 2, (byte) yes);
        Memory.putByte(at + 3, (byte) no);
        Memory.putInt(at + 4, k);
    }

    private void dispatch() {
        try (var p = new ProbeProcess()) {
            String name = "syscall user dispatch", lost = "nothing: not used";
            if (!p.hasStarted()) {
                missing(name, p.failed, p.failure(), lost);
                return;
            }
            // Calls from anywhere in the lower half are let through, so nothing changes for it.
            long r = p.call(PRCTL, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 1L << 46, 0);
            if (r == 0) works(name, "not used");
            else missing(name, "prctl(PR_SET_SYSCALL_USER_DISPATCH)", r == ProbeProcess.DIED ? -EPERM : r,
                    lost);
        }
    }

    private void trace() {
        String lost = "the ptrace platform, which nobody needs where systrap works";
        long r = Choice.trace();
        if (r != -ESRCH) {
            missing(TRACE, Choice.PTRACE_CALL, r, lost);
            return;
        }
        String scope = environment.yama < 0 ? "no yama" : "kernel.yama.ptrace_scope " + environment.yama;
        try (var p = new ProbeProcess()) {
            if (!p.hasStarted()) {
                missing(TRACE, p.failed, p.failure(), lost);
                return;
            }
            var probe = new PtraceProbe((int) p.pid);
            if (probe.failed.isEmpty()) {
                works(TRACE, "PTRACE_SEIZE, PTRACE_SYSEMU; " + scope);
            } else if (environment.yama > 1 && probe.result == -EPERM) {
                found.add(Mechanism.missing(TRACE, "ptrace(" + probe.failed + ")", probe.result, scope
                        + " (yama)", lost,
                        "sysctl -w kernel.yama.ptrace_scope=1 (as root on the host)"));
            } else {
                missing(TRACE, "ptrace(" + probe.failed + ")", probe.result, lost);
            }
        }
    }

    private void remoteMemory() {
        String name = "process_vm_readv", lost = "speed of a few calls: /proc/PID/mem takes its place";
        long iovs = Memory.allocate(48);
        Memory.putLong(iovs, iovs + 32);
        Memory.putLong(iovs + 8, 8);
        Memory.putLong(iovs + 16, iovs + 40);
        Memory.putLong(iovs + 24, 8);
        // A process may always read itself, whatever yama says: only a filter forbids that.
        long self = Host.vmRead(Host.getpid(), iovs);
        if (self != 8) {
            missing(name, name, self, lost);
        } else {
            try (var p = new ProbeProcess()) {
                Memory.putLong(iovs + 16, ProbeProcess.buffer());
                long r = !p.hasStarted() ? p.failure() : Host.vmRead(p.pid, iovs);
                if (!p.runs()) {
                    missing(name, p.failed, r, lost);
                } else if (r == 8) {
                    works(name, "");
                } else if (r == -EPERM && environment.yama > 1) {
                    found.add(Mechanism.missing(name, name, r, "kernel.yama.ptrace_scope " + environment.yama
                            + " (yama)", lost,
                            "sysctl -w kernel.yama.ptrace_scope=1 (as root on the host)"));
                } else {
                    missing(name, name, r, lost);
                }
            }
        }
        Memory.free(iovs);
    }

    private void landlock() {
        long r = HostCall.call(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_VERSION);
        String lost = "a layer around the Sentry: which files it may reach";
        if (r >= 2) {
            works("Landlock", "ABI " + r);
        } else if (r == -EOPNOTSUPP) {
            found.add(Mechanism.missing("Landlock", "landlock_create_ruleset", r,
                    "built in, but not among the security modules in force",
                    lost, "add landlock to the kernel's parameter lsm="));
        } else {
            missing("Landlock", "landlock_create_ruleset", r < 0 ? r : -EOPNOTSUPP, lost);
        }
    }

    private void pidfd() {
        long r = HostCall.call(PIDFD_OPEN, Host.getpid(), 0);
        if (r >= 0) {
            Host.close(r);
            works("pidfd_open", "not used");
        } else {
            missing("pidfd_open", "pidfd_open", r, "nothing: not used");
        }
    }

    private void kvm() {
        long path = Memory.allocate(16);
        Memory.putBytes(path, "/dev/kvm");
        long fd = HostCall.call(OPENAT, -100, path, 0x80002 /* O_RDWR, O_CLOEXEC */, 0);
        Memory.free(path);
        String lost = "nothing: the kvm platform is not built yet";
        if (fd < 0) {
            String cause = fd == -ENOENT
                    ? "no virtualization here, or the device is not given to the container"
                    : fd == -EACCES ? "this user is not in the device's group" : environment.refusal(fd);
            found.add(Mechanism.missing("/dev/kvm", "open(/dev/kvm)", fd, cause, lost,
                    "docker run --device /dev/kvm; usermod -aG kvm"));
            return;
        }
        long version = HostCall.call(IOCTL, fd, KVM_GET_API_VERSION, 0);
        Host.close(fd);
        if (version == 12) works("/dev/kvm", "API 12; not used: the kvm platform is not built yet");
        else missing("/dev/kvm", "ioctl(KVM_GET_API_VERSION)", version < 0 ? version : -EOPNOTSUPP, lost);
    }
}

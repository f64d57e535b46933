package dev.kernelet.sandbox;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.Platform;
import dev.kernelet.platform.ptrace.PtracePlatform;
import dev.kernelet.platform.systrap.SystrapPlatform;
import dev.kernelet.sandbox.probe.Mechanism;
import dev.kernelet.sandbox.probe.Probes;

/** Makes the platform that was asked for. */
final class PlatformChoice {
    private static final int O_RDONLY_CLOEXEC = 0x80000;

    private PlatformChoice() {}

    static Platform make(String name, Inherited inherited) {
        // For tests: "proc" or "peek", where a container forbids process_vm_readv(2).
        if (name.equals("ptrace")) return new PtracePlatform(System.getProperty("kernelet.ptrace.memory", "vm"));
        byte[] image = read(inherited.stubPath());
        try {
            return new SystrapPlatform(SystrapPlatform.image(image),
                    (int) inherited.namespaces().outsidePid());
        } catch (IllegalStateException e) {
            throw failed(name, e.getMessage());
        }
    }

    /**
     * The platform has said why it does not start; the probes of doctor know the cause, if it is a known one.
     */
    static Failure failed(String name, String why) {
        Mechanism missing = Probes.missing(name);
        if (missing != null) {
            return new Failure("cannot start the " + name + " platform: " + missing.failure(),
                    "Cause: " + missing.cause() + ". Remedy: " + missing.remedy()
                            + ". See also: kernelet doctor.");
        }
        return new Failure("cannot start the " + name + " platform: " + why,
                "It needs memfd_create(2), processes" + (name.equals("systrap")
                        ? ", seccomp filters" : ", ptrace(2)")
                        + "; see kernelet doctor, ulimit -a and the container's limits.");
    }

    private static byte[] read(String path) {
        long buffer = Memory.allocate(1 << 20);
        try {
            int n = Memory.putBytes(buffer, path);
            Memory.putByte(buffer + n, (byte) 0);
            long fd = HostCall.call(SyscallNumber.OPENAT, -100, buffer, O_RDONLY_CLOEXEC, 0);
            long length = fd < 0 ? fd : HostCall.call(SyscallNumber.READ, fd, buffer, 1 << 20);
            if (fd >= 0) HostCall.call(SyscallNumber.CLOSE, fd);
            if (length <= 0) {
                throw new Failure("cannot read " + path + ": " + Errno.name((int) -length),
                        "The installation is incomplete.");
            }
            var bytes = new byte[(int) length];
            Memory.copyToArray(buffer, bytes, 0, (int) length);
            return bytes;
        } finally {
            Memory.free(buffer);
        }
    }
}

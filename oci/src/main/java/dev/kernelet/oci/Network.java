package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * Puts the sandbox into the container's network namespace: the calling thread, which starts all others that
 * matter, and the
 * leading thread, whose namespace is what engines find under /proc/PID/ns/net (container.c, "the hand").
 */
final class Network {
    private static final int CLONE_NEWNET = 0x40000000, AF_INET = 2, SOCK_DGRAM = 2, SIOCGIFFLAGS = 0x8913,
            SIOCSIFFLAGS = 0x8914, IFF_UP = 1;

    private Network() {}

    /** {@code path} null: a new namespace, with the loopback device up. */
    static void enter(String path, int hand) {
        if (path != null) {
            int fd = Host.open(path, Host.O_RDONLY, 0);
            if (fd < 0) throw new Failure("cannot open the network namespace " + path + ": open", fd,
                    "See linux.namespaces in config.json.");
            long r = HostCall.call(SyscallNumber.SETNS, fd, CLONE_NEWNET);
            if (r == 0) r = Leader.call(hand, SyscallNumber.SETNS, fd, CLONE_NEWNET);
            Host.close(fd);
            if (r < 0) throw new Failure("cannot join the network namespace " + path + ": setns", r,
                    "Run as root.");
            return;
        }
        long r = Leader.call(hand, SyscallNumber.UNSHARE, CLONE_NEWNET, 0);
        if (r < 0) throw new Failure("cannot make a network namespace: unshare", r,
                "Run as root, or with --network=none or host.");
        enter("/proc/self/ns/net", -1);
        raiseLoopback();
    }

    private static void raiseLoopback() {
        long s = HostCall.call(SyscallNumber.SOCKET, AF_INET, SOCK_DGRAM | Host.O_CLOEXEC, 0);
        if (s < 0) return;
        long p = Memory.allocate(40);
        Memory.zero(p, 40);
        Memory.putBytes(p, "lo");
        if (HostCall.call(SyscallNumber.IOCTL, s, SIOCGIFFLAGS, p) == 0) {
            Memory.putShort(p + 16, (short) (Memory.getShort(p + 16) | IFF_UP));
            HostCall.call(SyscallNumber.IOCTL, s, SIOCSIFFLAGS, p);
        }
        Memory.free(p);
        Host.close((int) s);
    }
}

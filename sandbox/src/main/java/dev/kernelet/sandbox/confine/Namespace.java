package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.host.Outside;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Namespaces;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;

/**
 * What the Sentry does in the namespaces that the launcher has made (jail.c): takes mounts of its own of all
 * it shows, and in the end has the leading thread leave the root for an empty one.
 */
final class Namespace {
    private static final int ASKED = 1, LEFT = 2, FUTEX_WAIT_PRIVATE = 0x80, FUTEX_WAKE_PRIVATE = 0x81;

    private Namespace() {}

    static boolean hasDoor(SandboxOptions options) { return options.inherited().namespaces().door() != 0; }

    /** While the calling thread still has the capabilities of its namespaces and is under no Landlock. */
    static void enter(SandboxOptions options) {
        Namespaces n = options.inherited().namespaces();
        boolean direct = options.host().direct();
        boolean asksOwners = direct && n.has(Namespaces.USER) && HostCall.call(GETEUID) != 0;
        if (n.outside() != 0) Outside.use(n.outside(), n.outsidePid(), asksOwners);
        if (n.outside() == 0 && (!direct || options.host().usesSockets())) {
            throw new Failure("cannot start the process outside (--directfs=false, --host-uds): fork",
                    "See ulimit -u and the container's limit of processes; or do without these flags.");
        }
        if (!direct) Outside.serveFiles();
        if (!n.has(Namespaces.MOUNT)) return;
        HostRoots.addProc();
        String medium = options.overlayMedium();
        boolean inPlace = medium != null && medium.equals("self");
        HostRoots.add(options.root(), !options.overlayRoot() || inPlace);
        for (Volume v : options.volumes()) HostRoots.add(v.source(), !options.overlayVolumes() || inPlace);
        if (medium != null && medium.startsWith("dir=")) HostRoots.add(medium.substring(4), true);
    }

    /** Everything has been opened: only descriptors lead anywhere from here on. */
    static void leaveRoot(SandboxOptions options, boolean isTraining) {
        long door = options.inherited().namespaces().door();
        confineOutside(options);
        if (door == 0 || isTraining) return;
        if (options.inherited().hand() >= 0) {
            left(-askHand(options.inherited().hand()));
            return;
        }
        Memory.putIntVolatile(door, ASKED);
        HostCall.call(FUTEX, door, FUTEX_WAKE_PRIVATE, 1);
        while (Memory.getIntVolatile(door) == ASKED) HostCall.call(FUTEX, door, FUTEX_WAIT_PRIVATE, ASKED, 0);
        left(Memory.getIntVolatile(door) == LEFT ? Memory.getInt(door + 4) : -1);
    }

    /** The leading thread of a container serves calls (container.c); this one is none. 0 or -errno. */
    private static int askHand(int hand) {
        long p = Memory.allocate(32);
        Memory.zero(p, 32);
        Memory.putLong(p, -1);
        Memory.putLong(p + 8, HostRoots.pod());
        boolean isAnswered = HostCall.call(WRITE, hand, p, 32) == 32 && HostCall.call(READ, hand, p, 8) == 8;
        int result = isAnswered ? (int) Memory.getLong(p) : -Errno.EIO;
        Memory.free(p);
        return result;
    }

    private static void left(int error) {
        if (error == 0) return;
        throw new Failure("cannot leave the root directory: pivot_root: " + Errno.name(error),
                "This is a bug of Kernelet's: please report it with what \"kernelet doctor\" says.");
    }

    /** The root stays. */
    static void stay(SandboxOptions options) { confineOutside(options); }

    private static void confineOutside(SandboxOptions options) {
        Namespaces n = options.inherited().namespaces();
        if (n.outside() == 0) return;
        Landlock landlock = options.host().direct() ? null : new Landlock(options);
        long r = Outside.confine(landlock == null ? -1 : landlock.make(true), !options.host().direct(),
                options.host().usesSockets(), options.host().createsSockets());
        if (landlock != null) landlock.close();
        if (r < 0) throw new Failure("cannot confine the process outside: seccomp", r,
                "It needs Linux 3.17 or newer.");
    }
}

package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.Volume;

/**
 * The Landlock domain of the Sentry and of all stubs (landlock(7)): the sandbox's roots and volumes with the rights they need,
 * no TCP without network, no signals and no abstract sockets to processes outside.
 *
 * <p>A stub must be in the domain of the thread that reads its memory: made earlier, or by a thread with a domain of its own, it
 * could not be reached by process_vm_readv(2) or /proc/PID/mem.
 */
final class Landlock {
    private static final int CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1;
    private static final long EXECUTE = 1, WRITE_FILE = 2, READ_FILE = 4, READ_DIR = 8, REMOVE_DIR = 0x10,
            REMOVE_FILE = 0x20, MAKE_CHAR = 0x40, MAKE_DIR = 0x80, MAKE_REG = 0x100, MAKE_SOCK = 0x200, MAKE_FIFO = 0x400,
            MAKE_BLOCK = 0x800, MAKE_SYM = 0x1000, REFER = 0x2000, TRUNCATE = 0x4000, IOCTL_DEV = 0x8000;
    private static final long READ = READ_FILE | READ_DIR;
    /** Device nodes are nothing the Sentry makes, and it executes nothing. */
    private static final long CHANGE = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO
            | MAKE_SYM | REFER | TRUNCATE;
    private static final long OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
    private static final long BIND_TCP = 1, CONNECT_TCP = 2, ABSTRACT_UNIX_SOCKET = 1, SIGNAL = 2;

    /** The version the kernel has; negative errno: none. */
    final int version;
    private final SandboxOptions options;
    private final long handled;
    private int ruleset = -1;
    private final long scratch = Memory.allocate(32 + 4096);

    Landlock(SandboxOptions options) {
        this.options = options;
        version = (int) HostCall.call(LANDLOCK_CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION);
        long all = IOCTL_DEV * 2 - 1;
        handled = version >= 5 ? all : version >= 3 ? all & ~IOCTL_DEV : all & ~(IOCTL_DEV | TRUNCATE);
    }

    /** Whether anything of the host may be written. */
    static boolean writesHost(SandboxOptions o) {
        return HostRoots.pod() >= 0 || !o.overlayRoot() || o.volumes().length > 0 && !o.overlayVolumes();
    }

    /**
     * A descriptor of the ruleset, or -1: not available. Version 1 forbids all renames between directories.
     * {@code isOutside}: for the process outside, which opens the files; else for the Sentry.
     */
    int make(boolean isOutside) {
        if (version < 2) return -1;
        Memory.putLong(scratch, handled);
        boolean hasNetwork = !isOutside && !options.network().equals("none");
        Memory.putLong(scratch + 8, version >= 4 && !hasNetwork ? BIND_TCP | CONNECT_TCP : 0);
        Memory.putLong(scratch + 16, version >= 6 ? ABSTRACT_UNIX_SOCKET | SIGNAL : 0);
        int size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
        ruleset = (int) HostCall.call(LANDLOCK_CREATE_RULESET, scratch, size, 0);
        if (ruleset < 0) return -1;
        if (isOutside || options.host().direct()) allowFiles();
        // Also what is mounted there later.
        allow(HostRoots.pod(), READ | CHANGE);
        if (isOutside) return ruleset;
        // /proc/PID/mem of the stubs; of other processes the domain forbids it.
        allow(dev.kernelet.host.HostProc.directory(), READ | WRITE_FILE);
        // For the rest of the start: the filter knows no call that takes a path like these.
        allow(options.inherited().home(), READ);
        allow("/sys/fs/cgroup", READ);
        allow("/dev/zero", READ | WRITE_FILE);
        allow("/dev/tty", READ | WRITE_FILE | IOCTL_DEV);
        return ruleset;
    }

    /** What is shown of the host. */
    private void allowFiles() {
        String medium = options.overlayMedium();
        boolean inPlace = medium != null && medium.equals("self");
        // FIFOs are written to where no file is. A mount of its own, where there can be one, is read-only
        // all the same.
        long shown = options.host().opensFifos() ? READ | WRITE_FILE : READ;
        allow(options.root(), options.overlayRoot() && !inPlace ? shown : READ | CHANGE);
        for (Volume v : options.volumes()) {
            allow(v.source(), options.overlayVolumes() && !inPlace ? shown : READ | CHANGE);
        }
        if (medium != null && medium.startsWith("dir=")) allow(medium.substring(4), READ | CHANGE);
    }

    private void allow(String path, long rights) {
        long at = scratch + 32;
        if (path.length() >= 4096) return;
        Memory.putByte(at + Memory.putBytes(at, path), (byte) 0);
        int fd = HostRoots.isThere(path) ? HostRoots.open(path)
                : (int) HostCall.call(OPENAT, AT_FDCWD, at, O_PATH | O_CLOEXEC, 0);
        if (fd < 0) return; // who needs it will say so
        allow(fd, rights);
        HostCall.call(CLOSE, fd);
    }

    private void allow(int fd, long rights) {
        if (fd < 0) return;
        Memory.putLong(scratch, rights & handled);
        Memory.putInt(scratch + 8, fd);
        long r = HostCall.call(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, scratch, 0);
        if (r == 0) return;
        Memory.putLong(scratch, rights & handled & OF_A_FILE); // EINVAL: not a directory
        HostCall.call(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, scratch, 0);
    }

    /** When every thread has the domain. */
    void close() {
        if (ruleset >= 0) HostCall.call(CLOSE, ruleset);
        Memory.free(scratch);
    }
}

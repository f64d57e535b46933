package dev.kernelet.sentry.fs.dev;

import static dev.kernelet.abi.Stat.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.fs.tmpfs.TmpfsType;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.DeviceTable;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** Registers the memory devices and the filesystems in memory, and makes the tree of /dev. */
public final class Devices {
    private Devices() {}

    private static final int SYS_OPENAT = 257;
    private static final int O_RDWR_CLOEXEC = 0x80002;

    /** While the sandbox is put together: opens what is needed of the host. */
    public static void register(Kernel k) {
        long path = Memory.allocate(16);
        Memory.putBytes(path, "/dev/zero");
        int hostZero = (int) HostCall.call(SYS_OPENAT, -100, path, O_RDWR_CLOEXEC, 0);
        Memory.free(path);
        TmpfsType.register(k);
        FilesystemTypes.of(k).register("devtmpfs", new DevType());
        DeviceTable table = DeviceTable.of(k);
        int[] minors = {MemoryDevice.NULL, MemoryDevice.ZERO, MemoryDevice.FULL, MemoryDevice.RANDOM, MemoryDevice.URANDOM};
        for (int minor : minors) table.register(MemoryDevice.MAJOR, minor, new MemoryDriver(minor, hostZero));
    }

    private record DevType() implements FilesystemTypes.Type {
        @Override
        public Filesystem make(Task t, String source, String data) { return filesystem(t.kernel); }
    }

    private record MemoryDriver(int minor, int hostZero) implements DeviceTable.Driver {
        @Override
        public OpenFile open(Task t, Inode node, Path path, int flags) {
            var f = new MemoryDevice(node, flags, minor, hostZero);
            f.path = path;
            return f;
        }
    }

    /**
     * A fresh /dev: nodes, links into /proc, and empty directories for devpts (pts), tmpfs (shm) and message queues
     * (mqueue) to be mounted on.
     */
    public static Tmpfs filesystem(Kernel k) {
        var fs = new Tmpfs(k, "devtmpfs", 0755, 0, 0);
        fs.addDevice("null", 0666, makedev(1, 3));
        fs.addDevice("zero", 0666, makedev(1, 5));
        fs.addDevice("full", 0666, makedev(1, 7));
        fs.addDevice("random", 0666, makedev(1, 8));
        fs.addDevice("urandom", 0666, makedev(1, 9));
        fs.addDevice("tty", 0666, makedev(5, 0));
        fs.addDevice("console", 0620, makedev(5, 1));
        fs.addDevice("ptmx", 0666, makedev(5, 2));
        fs.addSymlink("fd", "/proc/self/fd");
        fs.addSymlink("stdin", "/proc/self/fd/0");
        fs.addSymlink("stdout", "/proc/self/fd/1");
        fs.addSymlink("stderr", "/proc/self/fd/2");
        fs.addSymlink("core", "/proc/kcore");
        fs.addDirectory("pts", 0755);
        fs.addDirectory("shm", 01777);
        fs.addDirectory("mqueue", 01777);
        return fs;
    }
}

package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.kernel.Task;

/** Character devices by number: what opening a device node leads to, whichever filesystem holds the node. */
public final class DeviceTable {
    /** Opens a device; null with t.error. */
    public interface Driver {
        OpenFile open(Task t, Inode node, Path path, int flags);
    }

    private static final int ANY = -1;
    private int[] majors = new int[16], minors = new int[16];
    private Driver[] drivers = new Driver[16];
    private int count;

    /** {@code minor} -1: all minors of that major. */
    public void register(int major, int minor, Driver driver) {
        if (count == majors.length) {
            majors = java.util.Arrays.copyOf(majors, count * 2);
            minors = java.util.Arrays.copyOf(minors, count * 2);
            drivers = java.util.Arrays.copyOf(drivers, count * 2);
        }
        majors[count] = major;
        minors[count] = minor;
        drivers[count++] = driver;
    }

    public Driver find(long rdev) {
        int major = Stat.major(rdev), minor = Stat.minor(rdev);
        for (int i = 0; i < count; i++) {
            if (majors[i] == major && (minors[i] == ANY || minors[i] == minor)) return drivers[i];
        }
        return null;
    }

    /** The table of the kernel, made on first use. */
    public static DeviceTable of(dev.kernelet.sentry.kernel.Kernel k) {
        if (k.root.devices == null) k.root.devices = new DeviceTable();
        return (DeviceTable) k.root.devices;
    }

    /** Opens the node's device: by its number, else as its filesystem knows; null with t.error (-ENXIO: nobody knows it). */
    static OpenFile open(Task t, Inode node, Path path, int flags) {
        if (node.type() == Stat.S_IFCHR) {
            Driver d = of(t.kernel).find(node.rdev);
            if (d != null) return d.open(t, node, path, flags);
            return node.open(t, path, flags);
        }
        t.error = -ENXIO;
        return null;
    }
}

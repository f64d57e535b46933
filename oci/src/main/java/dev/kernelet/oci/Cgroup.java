package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;

/**
 * The host's cgroups of a sandbox, version 1 (a directory per controller) or 2 (one for all). The Sentry and
 * all its stubs are
 * in them, so limits are given room for the Sentry itself: what the container may use is enforced by the
 * Sentry exactly.
 */
final class Cgroup {
    /**
     * What the Sentry needs beside the container: virtual machine and page tables; threads of the machine and
     * spare stubs.
     */
    static final long SENTRY_MEMORY = 96L << 20, SENTRY_TASKS = 64;
    private static final String[] CONTROLLERS = {"memory", "cpu", "cpuacct", "cpuset", "pids", "blkio",
            "freezer", "hugetlb", "systemd"};

    private final ArrayList<String> warnings;
    /** Directories made, to be kept in the state. */
    final ArrayList<String> directories = new ArrayList<>();
    /** Of systemd's, with an engine that uses its driver; null without. */
    private String slice, unit;

    private Cgroup(ArrayList<String> warnings) { this.warnings = warnings; }

    static boolean isUnified() { return Host.exists("/sys/fs/cgroup/cgroup.controllers"); }

    /** Which directories there are to be; nothing is made. {@code path}: linux.cgroupsPath. */
    static Cgroup plan(String path, String id, ArrayList<String> warnings) {
        var c = new Cgroup(warnings);
        String relative = path.isEmpty() ? id : path;
        if (path.indexOf(':') >= 0) {
            relative = c.scope(path);
            if (isUnified() && !isRootOfHost()) relative = ofUsersManager() + relative;
        }
        for (String name : relative.split("/")) {
            if (name.equals("..")) throw new Failure("config.json: linux.cgroupsPath with \"..\"",
                    "Correct it.");
        }
        String own = relative.charAt(0) == '/' ? "" : Host.read("/proc/self/cgroup");
        if (isUnified()) {
            // Not in our own: a group with processes can give its children no controllers (cgroups(7)).
            String ours = ownPath(own, "");
            c.directories.add(place("/sys/fs/cgroup", relative, ours.substring(0, ours.lastIndexOf('/'))));
            return c;
        }
        for (String controller : CONTROLLERS) {
            String mount = "/sys/fs/cgroup/" + controller;
            if (!Host.exists(mount + "/cgroup.procs")) continue;
            c.directories.add(place(mount, relative, ownPath(own, controller.equals("systemd")
                    ? "name=systemd" : controller)));
        }
        return c;
    }

    /**
     * SLICE:PREFIX:NAME of engines with the systemd driver: the directory that systemd would give such a
     * scope (systemd.slice(5)).
     */
    private String scope(String path) {
        int first = path.indexOf(':'), second = path.indexOf(':', first + 1);
        if (second < 0) throw new Failure("config.json: linux.cgroupsPath " + path,
                "Give it as SLICE:PREFIX:NAME, or as a path.");
        String slice = path.substring(0, first), prefix = path.substring(first + 1, second),
                name = path.substring(second + 1);
        if (slice.isEmpty()) slice = isRootOfHost() ? "system.slice" : "user.slice";
        var b = new StringBuilder();
        // a-b.slice lies in a.slice.
        for (int dash = slice.indexOf('-'); dash > 0; dash = slice.indexOf('-', dash + 1)) {
            b.append('/').append(slice, 0, dash).append(".slice");
        }
        if (!slice.equals("-.slice")) b.append('/').append(slice);
        this.slice = slice;
        unit = (prefix.isEmpty() ? "" : prefix + "-") + name + ".scope";
        return b.append('/').append(unit).toString();
    }

    private static boolean isRootOfHost() { return Host.euid() == 0 && !StateStore.isUsersRoot(); }

    /** What is delegated to an ordinary user: the scope lies below the user's own systemd, if we do. */
    private static String ofUsersManager() {
        String own = ownPath(Host.read("/proc/self/cgroup"), "");
        int user = own.indexOf("/user@"), end = own.indexOf(".service/", user + 1);
        return user < 0 || end < 0 ? "" : own.substring(0, end + ".service".length());
    }

    private static String place(String mount, String path, String own) {
        if (path.charAt(0) == '/') return mount + path;
        return mount + (own.length() < 2 || !Host.exists(mount + own) ? "" : own) + "/" + path;
    }

    /**
     * The end of a container ends all processes of its directories: none may be there yet that is not its
     * own. Before they are noted anywhere.
     */
    void checkUnused() {
        for (String d : directories) {
            if (Host.read(d + "/cgroup.procs").isBlank()) continue;
            throw new Failure("the cgroup " + d + " is not empty",
                    "Another container uses it, perhaps one of the same id"
                    + " with another --root: give linux.cgroupsPath, or another id.");
        }
    }

    /**
     * Makes the directories, sets the limits and moves this process there. Where cgroups cannot be had, a
     * container without
     * limits runs without them.
     */
    void enter(Resources r, String id, String runtimeDirectory) {
        if (unit != null && isUnified()
                && SystemdScope.start(slice, unit, id, r, runtimeDirectory, warnings)) {
            directories.clear();
            directories.add("/sys/fs/cgroup" + SystemdScope.path());
        }
        for (String d : directories) {
            if (make(d, r)) continue;
            remove(directories);
            directories.clear();
            return;
        }
        apply(directories, r, warnings);
        for (String d : directories) {
            long e = Host.write(d + "/cgroup.procs", "0");
            if (e < 0) unavailable(d + "/cgroup.procs", e, r);
        }
    }

    private boolean make(String d, Resources r) {
        long e = Host.mkdirs(d, 0755);
        if (e < 0) {
            unavailable(d, e, r);
            return false;
        }
        if (d.startsWith("/sys/fs/cgroup/cpuset/")) inheritSet("/sys/fs/cgroup/cpuset", d);
        if (isUnified()) enableControllers(d);
        return true;
    }

    /** The path of a controller in the text of /proc/PID/cgroup. */
    static String ownPath(String text, String controller) {
        for (String line : text.split("\n")) {
            int first = line.indexOf(':'), second = line.indexOf(':', first + 1);
            if (second < 0) continue;
            for (String name : line.substring(first + 1, second).split(",")) {
                if (name.equals(controller)) return line.substring(second + 1);
            }
        }
        return "/";
    }

    /** A new cpuset is empty, and no process may be in it: it gets its parent's, from the top down. */
    private static void inheritSet(String mount, String directory) {
        for (int slash = mount.length(); slash >= 0; slash = directory.indexOf('/', slash + 1)) {
            int end = directory.indexOf('/', slash + 1);
            String child = end < 0 ? directory : directory.substring(0, end);
            for (String file : new String[] {"/cpuset.cpus", "/cpuset.mems"}) {
                if (Host.read(child + file).isBlank()) Host.write(child + file,
                        Host.read(directory.substring(0, slash) + file).strip());
            }
            if (end < 0) return;
        }
    }

    private void unavailable(String where, long error, Resources r) {
        boolean hasLimits = r.memoryLimit > 0 || r.cpuQuota > 0 || r.pidsLimit > 0 || !r.cpus.isEmpty();
        boolean mayMiss = error == -EACCES || error == -EROFS || error == -EPERM || error == -ENOENT;
        if (mayMiss && (!hasLimits || Host.euid() != 0)) {
            if (hasLimits) warnings.add("no cgroup on the host (" + where
                    + "): memory and pids limits are the Sentry's alone, cpu has none");
            return;
        }
        throw new Failure("cannot use the cgroup " + where + ": write", error,
                "Run as root, or without resource limits.");
    }

    /** cgroup v2: what is to be limited has to be enabled from the top down. */
    private static void enableControllers(String directory) {
        String base = "/sys/fs/cgroup";
        for (int slash = base.length(); slash >= 0
                && slash < directory.length(); slash = directory.indexOf('/', slash + 1)) {
            for (String controller : new String[] {"cpuset", "cpu", "io", "memory", "pids", "hugetlb"}) {
                Host.write(directory.substring(0, slash) + "/cgroup.subtree_control", "+" + controller);
            }
        }
    }

    // ---- limits
    /** Sets what is given in {@code r}; also for {@code update}. */
    static void apply(Iterable<String> directories, Resources r, ArrayList<String> warnings) {
        if (r.hasUnified && !isUnified()) {
            throw new Failure("config.json: linux.resources.unified: this host has cgroup v1",
                    "Use the other fields of linux.resources.");
        }
        if (!r.hugepages.isEmpty() && !isUnified() && !Host.exists("/sys/fs/cgroup/hugetlb")) {
            warnings.add("linux.resources.hugepageLimits: the host has no hugetlb controller");
        }
        for (String d : directories) {
            if (Host.exists(d + "/cgroup.controllers")) applyUnified(d, r, warnings);
            else applyOne(d, r, warnings);
        }
    }

    private static void applyOne(String d, Resources r, ArrayList<String> warnings) {
        if (d.startsWith("/sys/fs/cgroup/memory/")) {
            memory(d, r, warnings);
        } else if (d.startsWith("/sys/fs/cgroup/cpu/")) {
            set(d, "cpu.shares", r.cpuShares, warnings);
            set(d, "cpu.cfs_period_us", r.cpuPeriod, warnings);
            if (r.cpuQuota != 0) put(d, "cpu.cfs_quota_us", Long.toString(r.cpuQuota), warnings);
            set(d, "cpu.rt_period_us", r.realtimePeriod, warnings);
            set(d, "cpu.rt_runtime_us", r.realtimeRuntime, warnings);
            if (r.cpuBurst >= 0) put(d, "cpu.cfs_burst_us", Long.toString(r.cpuBurst), warnings);
            if (r.cpuIdle >= 0) put(d, "cpu.idle", Long.toString(r.cpuIdle), warnings);
        } else if (d.startsWith("/sys/fs/cgroup/cpuset/")) {
            if (!r.cpus.isEmpty()) put(d, "cpuset.cpus", r.cpus, warnings);
            if (!r.mems.isEmpty()) put(d, "cpuset.mems", r.mems, warnings);
        } else if (d.startsWith("/sys/fs/cgroup/pids/")) {
            if (r.pidsLimit != 0) put(d, "pids.max", r.pidsLimit > 0 ? Long.toString(r.pidsLimit
                    + SENTRY_TASKS) : "max", warnings);
        } else if (d.startsWith("/sys/fs/cgroup/blkio/")) {
            if (r.blkioWeight > 0) put(d, Host.exists(d + "/blkio.weight") ? "blkio.weight"
                    : "blkio.bfq.weight", Long.toString(r.blkioWeight), warnings);
            for (String[] t : r.blkioThrottle) put(d, "blkio.throttle." + t[0], t[1] + " " + t[2], warnings);
        } else if (d.startsWith("/sys/fs/cgroup/hugetlb/")) {
            for (String[] h : r.hugepages) put(d, "hugetlb." + h[0] + ".limit_in_bytes", h[1], warnings);
        }
    }

    private static void memory(String d, Resources r, ArrayList<String> warnings) {
        String swap = d + "/memory.memsw.limit_in_bytes";
        boolean hasSwap = r.memorySwap != 0 && Host.exists(swap);
        String limit = r.memoryLimit == 0 ? null : r.memoryLimit < 0 ? "-1" : Long.toString(r.memoryLimit
                + SENTRY_MEMORY);
        String both = !hasSwap ? null : r.memorySwap < 0 ? "-1" : Long.toString(r.memorySwap + SENTRY_MEMORY);
        // The one for both must never be below the one for memory: which comes first depends on the
        // direction.
        if (both != null && limit != null && Host.write(swap, both) < 0) {
            put(d, "memory.limit_in_bytes", limit, warnings);
            put(d, "memory.memsw.limit_in_bytes", both, warnings);
        } else if (limit != null) {
            put(d, "memory.limit_in_bytes", limit, warnings);
        } else if (both != null) {
            put(d, "memory.memsw.limit_in_bytes", both, warnings);
        }
        if (r.memoryReservation != 0) put(d, "memory.soft_limit_in_bytes", Long.toString(r.memoryReservation),
                warnings);
        if (r.swappiness >= 0 && r.swappiness <= 100) put(d, "memory.swappiness", Long.toString(r.swappiness),
                warnings);
        if (r.disableOomKiller) put(d, "memory.oom_control", "1", warnings);
    }

    private static void applyUnified(String d, Resources r, ArrayList<String> warnings) {
        if (r.memoryLimit != 0) put(d, "memory.max", r.memoryLimit < 0 ? "max" : Long.toString(r.memoryLimit
                + SENTRY_MEMORY), warnings);
        if (r.memorySwap > 0 && r.memoryLimit > 0) put(d, "memory.swap.max", Long.toString(Math.max(0,
                r.memorySwap - r.memoryLimit)), warnings);
        else if (r.memorySwap < 0) put(d, "memory.swap.max", "max", warnings);
        if (r.memoryReservation > 0) put(d, "memory.low", Long.toString(r.memoryReservation), warnings);
        if (r.cpuShares > 0) put(d, "cpu.weight", Long.toString(weight(r.cpuShares)),
                warnings);
        if (r.cpuQuota != 0 || r.cpuPeriod != 0) {
            String period = r.cpuPeriod > 0 ? Long.toString(r.cpuPeriod) : "100000";
            put(d, "cpu.max", (r.cpuQuota > 0 ? Long.toString(r.cpuQuota) : "max") + " " + period, warnings);
        }
        if (r.cpuBurst >= 0) put(d, "cpu.max.burst", Long.toString(r.cpuBurst), warnings);
        if (r.cpuIdle >= 0) put(d, "cpu.idle", Long.toString(r.cpuIdle), warnings);
        if (!r.cpus.isEmpty()) put(d, "cpuset.cpus", r.cpus, warnings);
        if (!r.mems.isEmpty()) put(d, "cpuset.mems", r.mems, warnings);
        if (r.pidsLimit != 0) put(d, "pids.max", r.pidsLimit > 0 ? Long.toString(r.pidsLimit + SENTRY_TASKS)
                : "max", warnings);
        if (r.blkioWeight > 0) put(d, "io.weight", Long.toString(1 + (r.blkioWeight - 10) * 9999 / 990),
                warnings);
        String[][] keys = {{"read_bps_device", "rbps"}, {"write_bps_device", "wbps"}, {"read_iops_device",
                "riops"}, {"write_iops_device", "wiops"}};
        for (String[] t : r.blkioThrottle) {
            for (String[] k : keys) if (k[0].equals(t[0])) put(d, "io.max", t[1] + " " + k[1] + "=" + t[2],
                    warnings);
        }
        for (String[] h : r.hugepages) put(d, "hugetlb." + h[0] + ".max", h[1], warnings);
        for (String[] u : r.unified) put(d, u[0], u[1], warnings);
    }

    /** cgroup v1's shares as v2's weight. */
    static long weight(long shares) { return 1 + (Math.clamp(shares, 2, 262144) - 2) * 9999 / 262142; }

    private static void set(String d, String file, long value, ArrayList<String> warnings) {
        if (value > 0) put(d, file, Long.toString(value), warnings);
    }

    private static void put(String d, String file, String value, ArrayList<String> warnings) {
        long r = Host.write(d + "/" + file, value);
        if (r == 0) return;
        if (r == -ENOENT) {
            warnings.add("the host has no " + file + ": the limit has no effect there");
            return;
        }
        throw new Failure("cannot set " + d + "/" + file + " to " + value + ": write", r,
                "Correct linux.resources.");
    }

    // ---- freezer
    private static String freezer(Iterable<String> directories) {
        for (String d : directories) {
            if (d.startsWith("/sys/fs/cgroup/freezer/")) return d + "/freezer.state";
            if (Host.exists(d + "/cgroup.freeze")) return d + "/cgroup.freeze";
        }
        return null;
    }

    static boolean isFrozen(Iterable<String> directories) {
        String file = freezer(directories);
        if (file == null) return false;
        String state = Host.read(file).strip();
        return state.equals("1") || state.equals("FROZEN") || state.equals("FREEZING");
    }

    /** Stops or lets go all processes of the sandbox, at once. */
    static void freeze(Iterable<String> directories, boolean on) {
        String file = freezer(directories);
        if (file == null) {
            throw new Failure("cannot pause: the container has no freezer cgroup",
                    "Run it as root, or where cgroups are delegated.");
        }
        boolean isUnified = file.endsWith("cgroup.freeze");
        String wanted = isUnified ? on ? "1" : "0" : on ? "FROZEN" : "THAWED";
        for (int i = 0; i < 500; i++) {
            long r = Host.write(file, wanted);
            if (r < 0) throw new Failure("cannot write " + file + ": write", r, "Run as root.");
            if (isUnified || Host.read(file).strip().equals(wanted)) return;
            Host.sleep(2);
        }
        if (on) Host.write(file, "THAWED");
        throw new Failure("the container does not freeze",
                "Try again; a process may be waiting for a device of the host.");
    }

    // ---- the end
    /** Kills what is left and removes the directories. */
    static void remove(Iterable<String> directories) {
        for (String d : directories) {
            for (int i = 0; i < 100; i++) {
                long r = Host.rmdir(d);
                if (r != -EBUSY) break;
                kill(d);
                Host.sleep(i < 10 ? 2 : 20);
            }
        }
    }

    private static void kill(String directory) {
        for (String pid : Host.read(directory + "/cgroup.procs").split("\n")) {
            if (pid.isEmpty() || Integer.parseInt(pid) == Host.pid()) continue;
            HostCall.call(SyscallNumber.KILL, Integer.parseInt(pid), 9);
        }
    }
}

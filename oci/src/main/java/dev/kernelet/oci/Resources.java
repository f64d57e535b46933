package dev.kernelet.oci;

import java.util.ArrayList;

/**
 * linux.resources: what the host's cgroups are to enforce. -1 or null: not given. Also what {@code update}
 * changes.
 */
final class Resources {
    long memoryLimit, memoryReservation, memorySwap, kernelMemory;
    long swappiness = -1;
    boolean disableOomKiller;
    long cpuShares, cpuQuota, cpuPeriod, cpuBurst = -1, realtimeRuntime, realtimePeriod;
    long cpuIdle = -1;
    String cpus = "", mems = "";
    long pidsLimit;
    long blkioWeight;
    /** File of cgroup v1's blkio (without "blkio.throttle.") and a "major:minor rate" line. */
    final ArrayList<String[]> blkioThrottle = new ArrayList<>();
    /** cgroup v2 files set as they are. */
    final ArrayList<String[]> unified = new ArrayList<>();
    boolean hasUnified;
    /** Lines for devices.allow and devices.deny (v1), in order. */
    final ArrayList<String[]> devices = new ArrayList<>();
    final ArrayList<String[]> hugepages = new ArrayList<>();

    void read(Json r, ArrayList<String> warnings) {
        if (r == null) return;
        Json memory = r.get("memory");
        if (memory != null) memory(memory, warnings);
        Json cpu = r.get("cpu");
        if (cpu != null) cpu(cpu);
        Json pids = r.get("pids");
        if (pids != null) pidsLimit = pids.number("limit", 0);
        Json blkio = r.get("blockIO");
        if (blkio != null) blkio(blkio, warnings);
        for (Json d : r.list("devices")) device(d);
        for (Json h : r.list("hugepageLimits")) {
            hugepages.add(new String[] {h.string("pageSize", ""), Long.toUnsignedString(h.number("limit",
                    0))});
        }
        Json network = r.get("network");
        if (network != null && (network.number("classID", 0) != 0 || !network.list("priorities").isEmpty())) {
            warnings.add("linux.resources.network has no effect");
        }
        if (r.get("rdma") != null) warnings.add("linux.resources.rdma has no effect: there is no RDMA inside");
        for (var e : r.stringMap("unified").entrySet()) {
            hasUnified = true;
            unified(r, e.getKey(), e.getValue().strip());
        }
    }

    /**
     * A file of cgroup v2. The limits that also hold inside go there, and have precedence over the other
     * fields, as with runc. cgroup.procs and its like are the runtime's: they would move processes of the
     * host here, to be killed with the container.
     */
    private void unified(Json r, String file, String value) {
        if (file.indexOf('/') >= 0 || file.indexOf('.') < 1 || file.startsWith("cgroup.")
                && !file.startsWith("cgroup.max.")) {
            throw r.bad("files of controllers in unified, like memory.high, not \"" + file + "\"");
        }
        switch (file) {
            case "memory.max" -> memoryLimit = size(r, file, value);
            case "memory.high" -> {
                long high = size(r, file, value);
                String text = high < 0 ? "max" : Long.toString(high + Cgroup.SENTRY_MEMORY);
                unified.add(new String[] {file, text});
            }
            case "pids.max" -> pidsLimit = size(r, file, value);
            case "cpuset.cpus" -> cpus = value;
            case "cpu.max" -> {
                int blank = value.indexOf(' ');
                cpuQuota = size(r, file, blank < 0 ? value : value.substring(0, blank));
                if (blank >= 0) cpuPeriod = size(r, file, value.substring(blank + 1).strip());
            }
            default -> unified.add(new String[] {file, value});
        }
    }

    /** As memparse() of Linux: a number with perhaps a letter. -1: max. */
    private static long size(Json r, String file, String value) {
        if (value.equals("max")) return -1;
        int last = value.length() - 1;
        int unit = last < 1 ? -1 : "KMGTPE".indexOf(Character.toUpperCase(value.charAt(last)));
        try {
            long n = Long.parseLong(unit < 0 ? value : value.substring(0, last));
            int shift = 10 * (unit + 1);
            if (n > 0 && n <= (Long.MAX_VALUE >> 1) >> shift) return n << shift;
        } catch (NumberFormatException e) {
            // said below
        }
        throw r.bad("a number above 0, or max, in unified." + file);
    }

    private void memory(Json m, ArrayList<String> warnings) {
        memoryLimit = m.number("limit", 0);
        memoryReservation = m.number("reservation", 0);
        memorySwap = m.number("swap", 0);
        kernelMemory = m.number("kernel", 0);
        long tcp = m.number("kernelTCP", 0);
        if (kernelMemory > 0 || tcp > 0) warnings.add("linux.resources.memory.kernel and kernelTCP have no effect (gone from Linux)");
        swappiness = m.number("swappiness", -1);
        disableOomKiller = m.bool("disableOOMKiller");
        m.bool("useHierarchy");
        m.bool("checkBeforeUpdate");
    }

    private void cpu(Json c) {
        cpuShares = c.number("shares", 0);
        cpuQuota = c.number("quota", 0);
        cpuPeriod = c.number("period", 0);
        cpuBurst = c.number("burst", -1);
        realtimeRuntime = c.number("realtimeRuntime", 0);
        realtimePeriod = c.number("realtimePeriod", 0);
        cpuIdle = c.number("idle", -1);
        cpus = c.string("cpus", "");
        mems = c.string("mems", "");
    }

    private void blkio(Json b, ArrayList<String> warnings) {
        blkioWeight = b.number("weight", 0);
        if (b.number("leafWeight", 0) != 0) warnings.add("linux.resources.blockIO.leafWeight has no effect");
        for (Json d : b.list("weightDevice")) {
            d.number("major", 0);
            d.number("minor", 0);
            d.number("weight", 0);
            d.number("leafWeight", 0);
            warnings.add("linux.resources.blockIO.weightDevice has no effect");
        }
        String[] fields = {"throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice",
                "throttleWriteIOPSDevice"};
        String[] files = {"read_bps_device", "write_bps_device", "read_iops_device", "write_iops_device"};
        for (int i = 0; i < fields.length; i++) {
            for (Json d : b.list(fields[i])) {
                blkioThrottle.add(new String[] {files[i], d.number("major", 0) + ":" + d.number("minor", 0),
                        Long.toUnsignedString(d.number("rate", 0))});
            }
        }
    }

    private void device(Json d) {
        String type = d.string("type", "a"), access = d.string("access", "rwm");
        long major = d.number("major", -1), minor = d.number("minor", -1);
        devices.add(new String[] {d.bool("allow") ? "devices.allow" : "devices.deny", type + " " + (major < 0
                ? "*" : Long.toString(major)) + ":"
            + (minor < 0 ? "*" : Long.toString(minor)) + " " + access});
    }

    /** How many processors the container sees: its quota rounded up, and its set; 0: all. */
    int processors() {
        int n = 0;
        if (cpuQuota > 0) {
            long period = cpuPeriod > 0 ? cpuPeriod : 100_000;
            n = (int) Math.min(4096, (cpuQuota + period - 1) / period);
        }
        int set = setSize(cpus);
        return n == 0 ? set : set == 0 ? n : Math.min(n, set);
    }

    /** Of a list like 0-2,5. 0 when there is none. */
    static int setSize(String cpus) {
        int count = 0;
        for (String part : cpus.split(",")) {
            if (part.isEmpty()) continue;
            int dash = part.indexOf('-');
            try {
                int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
                count += dash < 0 ? 1 : Math.max(0, Integer.parseInt(part.substring(dash + 1)) - first + 1);
            } catch (NumberFormatException e) {
                return 0;
            }
        }
        return count;
    }
}

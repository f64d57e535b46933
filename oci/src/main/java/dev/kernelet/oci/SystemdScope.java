package dev.kernelet.oci;

import java.util.ArrayList;

/**
 * A scope unit (systemd.scope(5)) for the sandbox, as engines with the systemd driver ask for by
 * SLICE:PREFIX:NAME. systemd makes its directory and delegates it to us; one that we made there ourselves
 * would lose its controllers when systemd next looks what its units need.
 */
final class SystemdScope {
    private static final String SYSTEMD = "org.freedesktop.systemd1", OBJECT = "/org/freedesktop/systemd1",
            MANAGER = "org.freedesktop.systemd1.Manager";
    private static final int MILLIS_MAX = 10_000;

    private SystemdScope() {}

    /** The bus of root's systemd, or of the ordinary user's own. Null: none. */
    private static DBus bus(String runtimeDirectory) {
        if (!Host.exists("/run/systemd/system")) return null;
        if (Host.euid() == 0 && !StateStore.isUsersRoot()) return DBus.connect("/run/dbus/system_bus_socket");
        return runtimeDirectory == null ? null : DBus.connect(runtimeDirectory + "/bus");
    }

    /** Whether this process is in the scope now. */
    static boolean start(String slice, String unit, String id, Resources r, String runtimeDirectory,
            ArrayList<String> warnings) {
        DBus bus = bus(runtimeDirectory);
        if (bus == null) return false;
        String error = call(bus, slice, unit, id, r);
        if ((SYSTEMD + ".UnitExists").equals(error)) { // one that failed once
            bus.call(SYSTEMD, OBJECT, MANAGER, "ResetFailedUnit", "s", new DBus.Body().string(unit));
            error = call(bus, slice, unit, id, r);
        }
        bus.close();
        if (error == null) {
            for (int waited = 0; waited < MILLIS_MAX; waited += 2) {
                if (path().endsWith("/" + unit)) return true;
                Host.sleep(2);
            }
            error = "not within " + MILLIS_MAX / 1000 + " s";
        }
        warnings.add("systemd has not made " + unit + " (" + error + "): its cgroup may lose limits when"
                + " systemd changes others");
        return false;
    }

    /** Of this process, in the one hierarchy. */
    static String path() { return Cgroup.ownPath(Host.read("/proc/self/cgroup"), ""); }

    /** Null, or the error's name. */
    private static String call(DBus bus, String slice, String unit, String id, Resources r) {
        var b = new DBus.Body().string(unit).string("replace");
        int from = b.begin();
        b.text("Description", "Kernelet container " + id).text("Slice", slice);
        b.text("CollectMode", "inactive-or-failed");
        b.property("Delegate", true).property("DefaultDependencies", false);
        b.properties("PIDs", Host.pid());
        for (String controller : new String[] {"Memory", "CPU", "IO", "Tasks"}) {
            b.property(controller + "Accounting", true);
        }
        limits(b, r);
        b.end(from);
        b.end(b.begin()); // no other units
        boolean isDone = bus.call(SYSTEMD, OBJECT, MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", b);
        return isDone ? null : bus.error;
    }

    /** What systemd would else write over the files again. */
    private static void limits(DBus.Body b, Resources r) {
        if (r.memoryLimit > 0) b.property("MemoryMax", r.memoryLimit + Cgroup.SENTRY_MEMORY);
        else if (r.memoryLimit < 0) b.property("MemoryMax", -1);
        for (String[] u : r.unified) {
            if (!u[0].equals("memory.high")) continue;
            b.property("MemoryHigh", u[1].equals("max") ? -1 : Long.parseLong(u[1]));
        }
        if (r.memoryReservation > 0) b.property("MemoryLow", r.memoryReservation);
        if (r.memorySwap < 0) b.property("MemorySwapMax", -1);
        else if (r.memorySwap > 0 && r.memoryLimit > 0) {
            b.property("MemorySwapMax", Math.max(0, r.memorySwap - r.memoryLimit));
        }
        if (r.pidsLimit > 0) b.property("TasksMax", r.pidsLimit + Cgroup.SENTRY_TASKS);
        else if (r.pidsLimit < 0) b.property("TasksMax", -1);
        if (r.cpuShares > 0) b.property("CPUWeight", Cgroup.weight(r.cpuShares));
        long period = r.cpuPeriod > 0 ? r.cpuPeriod : 100_000;
        if (r.cpuPeriod > 0) b.property("CPUQuotaPeriodUSec", r.cpuPeriod);
        if (r.cpuQuota != 0) {
            // Of a second, to whole hundredths as systemd takes them.
            long each = Math.min(r.cpuQuota, Long.MAX_VALUE / 2_000_000) * 1_000_000 / period;
            b.property("CPUQuotaPerSecUSec", r.cpuQuota < 0 ? -1 : (each + 9999) / 10_000 * 10_000);
        }
    }

    /** update: of a scope that systemd knows; else nothing. */
    static void update(Iterable<String> directories, Resources r, String runtimeDirectory) {
        for (String d : directories) {
            if (!d.endsWith(".scope") || !Cgroup.isUnified()) continue;
            DBus bus = bus(runtimeDirectory);
            if (bus == null) return;
            var b = new DBus.Body().string(d.substring(d.lastIndexOf('/') + 1)).number(1);
            int from = b.begin();
            limits(b, r);
            b.end(from);
            bus.call(SYSTEMD, OBJECT, MANAGER, "SetUnitProperties", "sba(sv)", b);
            bus.close();
        }
    }
}

package dev.kernelet.cli;

import dev.kernelet.oci.UpdateRequest;
import dev.kernelet.sandbox.Inherited;

/** Flags of {@code update}, as runc has them, put into the JSON that {@code --resources} takes. */
final class UpdateFlags {
    private UpdateFlags() {}

    static String parse(Flags f, Inherited inherited) {
        var u = new UpdateRequest();
        while (f.next()) {
            switch (f.name()) {
                case "r", "resources" -> u.file = f.string();
                case "memory" -> u.memory("limit", bytes(f));
                case "memory-reservation" -> u.memory("reservation", bytes(f));
                case "memory-swap" -> u.memory("swap", bytes(f));
                case "kernel-memory", "kernel-memory-tcp" -> f.string();
                case "cpu-share" -> u.cpu("shares", number(f));
                case "cpu-quota" -> u.cpu("quota", number(f));
                case "cpu-period" -> u.cpu("period", number(f));
                case "cpu-burst" -> u.cpu("burst", number(f));
                case "cpu-idle" -> u.cpu("idle", number(f));
                case "cpu-rt-period" -> u.cpu("realtimePeriod", number(f));
                case "cpu-rt-runtime" -> u.cpu("realtimeRuntime", number(f));
                case "cpuset-cpus" -> u.cpuset("cpus", f.string());
                case "cpuset-mems" -> u.cpuset("mems", f.string());
                case "blkio-weight" -> u.blkioWeight = number(f);
                case "pids-limit" -> u.pids = number(f);
                case "l3-cache-schema", "mem-bw-schema" -> throw new UsageException("update --" + f.name()
                        + " is not supported");
                default -> throw f.unknown();
            }
        }
        return u.json();
    }

    private static long bytes(Flags f) {
        String value = f.string();
        if (value.equals("-1")) return -1;
        long n = Flags.parseBytes(value);
        if (n < 0) throw f.bad(value, "a number of bytes, like 512M");
        return n;
    }

    private static long number(Flags f) {
        String value = f.string();
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw f.bad(value, "a whole number");
        }
    }
}

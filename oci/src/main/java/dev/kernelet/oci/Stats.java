package dev.kernelet.oci;

import java.util.ArrayList;

/** Figures of the host's cgroups, in the shape that runc gives them. */
final class Stats {
    private Stats() {}

    static String json(String id, ArrayList<String> cgroups) {
        var j = new JsonText().open().field("type", "stats").field("id", id).name("data").open();
        cpu(j, cgroups);
        memory(j, cgroups);
        pids(j, cgroups);
        return j.close().close().toString();
    }

    /** The same of a container in another's sandbox, which tells what it uses; limits are the host's. */
    static String json(String id, ArrayList<String> cgroups, Json use) {
        var j = new JsonText().open().field("type", "stats").field("id", id).name("data").open();
        long cpu = use.number("cpu", 0);
        j.name("cpu").open().name("usage").open().field("total", cpu).close().close();
        boolean isOne = !find(cgroups, "memory.usage_in_bytes").isEmpty();
        long limit = number(find(cgroups, isOne ? "memory.limit_in_bytes" : "memory.max"));
        long memory = use.number("memory", 0);
        j.name("memory").open().name("usage").open().field("limit", limit).field("usage", memory).close()
                .close();
        j.name("pids").open().field("current", use.number("pids", 0))
                .field("limit", number(find(cgroups, "pids.max"))).close();
        return j.close().close().toString();
    }

    private static String find(ArrayList<String> cgroups, String file) {
        for (String d : cgroups) {
            String text = Host.read(d + "/" + file);
            if (!text.isEmpty()) return text;
        }
        return "";
    }

    private static long number(String text) {
        String s = text.strip();
        if (s.isEmpty() || s.charAt(0) < '0' || s.charAt(0) > '9') return 0;
        try {
            return Long.parseLong(s);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    /** A value of a file of "name value" lines. */
    private static long field(String text, String name) {
        for (String line : text.split("\n")) if (line.startsWith(name
                + " ")) return number(line.substring(name.length() + 1));
        return 0;
    }

    private static void cpu(JsonText j, ArrayList<String> cgroups) {
        String unified = find(cgroups, "cpu.stat"), v1 = find(cgroups, "cpuacct.usage");
        long total = v1.isEmpty() ? field(unified, "usage_usec") * 1000 : number(v1);
        long user = v1.isEmpty() ? field(unified, "user_usec") * 1000 : number(find(cgroups,
                "cpuacct.usage_user"));
        long system = v1.isEmpty() ? field(unified, "system_usec") * 1000 : number(find(cgroups,
                "cpuacct.usage_sys"));
        j.name("cpu").open().name("usage").open().field("total", total).field("kernel", system).field("user",
                user).close();
        j.name("throttling").open().field("periods", field(unified, "nr_periods")).field("throttledPeriods",
                field(unified, "nr_throttled"))
                .field("throttledTime", field(unified, "throttled_time") + field(unified,
                        "throttled_usec") * 1000).close().close();
    }

    private static void memory(JsonText j, ArrayList<String> cgroups) {
        String v1 = find(cgroups, "memory.usage_in_bytes");
        boolean isOne = !v1.isEmpty();
        long usage = number(isOne ? v1 : find(cgroups, "memory.current"));
        long max = number(find(cgroups, isOne ? "memory.max_usage_in_bytes" : "memory.peak"));
        long limit = number(find(cgroups, isOne ? "memory.limit_in_bytes" : "memory.max"));
        long failures = number(find(cgroups, "memory.failcnt"));
        String stat = find(cgroups, "memory.stat");
        j.name("memory").open().field("cache", field(stat, isOne ? "cache"
                : "file")).name("usage").open().field("limit", limit)
                .field("usage", usage).field("max", max).field("failcnt", failures).close().close();
    }

    private static void pids(JsonText j, ArrayList<String> cgroups) {
        j.name("pids").open().field("current", number(find(cgroups, "pids.current"))).field("limit",
                number(find(cgroups, "pids.max"))).close();
    }
}

package dev.kernelet.oci;

import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.strace.Strace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Flags of the runtime for one container: annotations {@code dev.kernelet.flag.NAME}, or {@code
 * dev.gvisor.flag.NAME} as pods for runsc carry them. Whoever writes annotations may be less trusted than
 * whoever configured the runtime, so they can only make a container smaller or more isolated, or be logged
 * where the runtime logs anyway.
 */
final class FlagAnnotations {
    private static final String OWN = "dev.kernelet.flag.", OTHERS = "dev.gvisor.flag.";
    static final String[] NAMES = {"debug", "fd-limit", "memory", "network", "overlay2", "pids-limit",
            "pod-sandbox", "strace",
            "strace-log-size", "strace-syscalls"};

    private final CreateOptions o;
    private final ContainerSpec c;

    private FlagAnnotations(CreateOptions o, ContainerSpec c) {
        this.o = o;
        this.c = c;
    }

    static void apply(LinkedHashMap<String, String> annotations, CreateOptions o, ContainerSpec c,
            ArrayList<String> warnings) {
        var a = new FlagAnnotations(o, c);
        for (Map.Entry<String, String> e : annotations.entrySet()) {
            String key = e.getKey();
            boolean isOwn = key.startsWith(OWN);
            if (!isOwn && !key.startsWith(OTHERS)) continue;
            String name = key.substring(isOwn ? OWN.length() : OTHERS.length());
            if (java.util.Arrays.asList(NAMES).contains(name)) a.set(key, name, e.getValue());
            else if (isOwn) throw bad(key, "is not a flag that may be set for one container");
            else warnings.add("annotation " + key + " has no effect");
        }
        a.configure();
    }

    private static Failure bad(String key, String why) {
        return new Failure("config.json: annotation " + key + " " + why, "The flags are " + String.join(", ",
                NAMES)
                + "; give the others to the runtime itself.");
    }

    private String syscalls = "";
    private int logSize = 1024;
    private boolean logs;

    private void set(String key, String name, String value) {
        switch (name) {
            case "debug", "strace" -> {
                if (!value.equals("true") && !value.equals("false")) throw bad(key, "must be true or false");
                if (value.equals("false")) return;
                if (!DebugLog.enabled) throw bad(key, "needs a log: the runtime is used without --debug-log");
                if (name.equals("debug")) DebugLog.debugEnabled = true;
                else o.strace = true;
            }
            case "strace-syscalls" -> {
                syscalls = value;
                logs = true;
            }
            case "strace-log-size" -> {
                logSize = (int) number(key, value, 1 << 20);
                logs = true;
            }
            case "memory" -> c.memoryLimit = lower(c.memoryLimit, number(key, value, Long.MAX_VALUE));
            case "pids-limit" -> c.pidsLimit = (int) lower(c.pidsLimit, number(key, value, 1 << 22));
            case "fd-limit" -> {
                c.fdLimit = (int) lower(c.fdLimit, number(key, value, 1 << 20));
                o.sharesPods = false; // it is the sandbox's
            }
            case "pod-sandbox" -> {
                if (!value.equals("separate")) throw bad(key, "must be separate");
                o.sharesPods = false;
            }
            case "network" -> {
                if (!value.equals("none")) throw bad(key, "must be none");
                o.network = value;
                o.sharesPods = false; // a sandbox has one network
            }
            default -> overlay(key, value);
        }
    }

    private static long lower(long now, long wanted) { return now <= 0 ? wanted : Math.min(now, wanted); }

    private static long number(String key, String value, long most) {
        int shift = value.isEmpty() ? 0 : switch (value.charAt(value.length() - 1) | 0x20) {
            case 'k' -> 10;
            case 'm' -> 20;
            case 'g' -> 30;
            default -> 0;
        };
        try {
            long n = Long.parseLong(shift > 0 ? value.substring(0, value.length() - 1) : value);
            if (n > 0 && n <= most >> shift) return n << shift;
        } catch (NumberFormatException e) {
            // as one that is out of range
        }
        throw bad(key, "must be a number from 1 to " + most);
    }

    /** No directory of the host's choosing, and none that was asked for is taken away. */
    private void overlay(String key, String value) {
        boolean isAll = value.startsWith("all:");
        if (!isAll && !value.startsWith("root:")) throw bad(key, "must be {root|all}:{memory|self}");
        String medium = value.substring(value.indexOf(':') + 1);
        if (!medium.equals("memory") && !medium.equals("self")) throw bad(key,
                "must be {root|all}:{memory|self}");
        o.overlayRoot = true;
        o.overlayMounts |= isAll;
        o.overlayMedium = medium;
    }

    private void configure() {
        if (!logs || !o.strace) return;
        String unknown = Strace.configure(syscalls, logSize);
        if (unknown != null) throw bad(OWN + "strace-syscalls", "names no system call: " + unknown);
    }
}

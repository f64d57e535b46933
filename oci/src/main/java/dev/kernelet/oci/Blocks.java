package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import java.util.LinkedHashMap;

/**
 * A file in which each runtime has a block between two comments, after what others wrote. What the runtimes
 * need together is in one more block, the first, which goes with the last of them.
 */
final class Blocks {
    static final String BEGIN = "# kernelet install: begin ", END = "# kernelet install: end ";
    /** In place of a runtime's name, which has no parentheses. */
    static final String COMMON = "(common to these)";
    private static final String NO_NEWLINE = "# There was no newline before this.\n",
            VERSION = "version = 2\n";
    private static final String RUNC = ".runtimes.runc]",
            TYPE = "  runtime_type = \"io.containerd.runc.v2\"\n";

    /** What others wrote. */
    String foreign;
    final LinkedHashMap<String, String> blocks = new LinkedHashMap<>();

    /** @throws Failure for a block without an end */
    Blocks(String text, String file) {
        var others = new StringBuilder();
        String common = null;
        int beforeCommon = -1;
        for (int at = 0; at < text.length();) {
            int next = lineEnd(text, at);
            String name = named(text.substring(at, next), BEGIN);
            if (name == null) {
                others.append(text, at, next);
                at = next;
                continue;
            }
            int end = end(text, next, name, file);
            String body = text.substring(next, end);
            at = lineEnd(text, end);
            if (name.equals(COMMON)) {
                common = body;
                beforeCommon = others.length();
            } else {
                blocks.put(name, withoutRunc(body));
            }
        }
        foreign = others.toString();
        if (common != null) undo(common, beforeCommon);
    }

    /** Where the comment that ends the block begins. */
    private static int end(String text, int from, String name, String file) {
        for (int at = from; at < text.length(); at = lineEnd(text, at)) {
            if (name.equals(named(text.substring(at, lineEnd(text, at)), END))) return at;
        }
        throw new Failure(file + ": the line \"" + END + name + "\" is missing",
                "Remove by hand what was installed.");
    }

    /** What the common block stood for, where others wrote nothing since that relies on it. */
    private void undo(String common, int before) {
        if (common.contains(NO_NEWLINE) && before == foreign.length() && foreign.endsWith("\n")) {
            foreign = foreign.substring(0, before - 1);
        }
        if (common.contains(VERSION) && !isBare() && version() == -1) foreign = VERSION + foreign;
    }

    /** Before there was a common block, that of the first runtime had the entry of runc. */
    private static String withoutRunc(String body) {
        int runc = body.indexOf(RUNC + "\n" + TYPE);
        if (runc < 0) return body;
        int from = body.lastIndexOf('\n', runc) + 1;
        return body.substring(0, from) + body.substring(runc + RUNC.length() + 1 + TYPE.length());
    }

    private static int lineEnd(String text, int at) {
        int end = text.indexOf('\n', at);
        return end < 0 ? text.length() : end + 1;
    }

    /** The name in such a comment, or null. */
    private static String named(String line, String comment) {
        return line.startsWith(comment) ? line.substring(comment.length()).stripTrailing() : null;
    }

    /** {@code table}: that of the runtimes' plugin. */
    String text(String table) {
        if (blocks.isEmpty()) return foreign;
        var b = new StringBuilder(foreign);
        var common = new StringBuilder();
        if (!foreign.isEmpty() && !foreign.endsWith("\n")) {
            b.append('\n');
            common.append(NO_NEWLINE);
        }
        if (version() == -1) common.append(VERSION);
        // Given any, containerd no longer adds its default itself.
        if (!has("runc") && !foreign.contains("default_runtime_name")) {
            common.append('[').append(table).append(RUNC + "\n" + TYPE);
        }
        if (!common.isEmpty()) append(b, COMMON, common.toString());
        blocks.forEach((name, body) -> append(b, name, body));
        return b.toString();
    }

    private static void append(StringBuilder b, String name, String body) {
        b.append(BEGIN).append(name).append('\n').append(body).append(END).append(name).append('\n');
    }

    /**
     * The tables of a runtime and of its options. The kubelet has one cgroup driver for all: where another
     * runtime has systemd's, ours has it, else the pods' slices would not hold it.
     */
    void put(String name, String table, String path) {
        String key = "[" + table + ".runtimes." + name;
        blocks.put(name, key + "]\n" + TYPE + key + ".options]\n  BinaryName = " + new JsonText().value(path)
                + "\n" + (foreign.lines().anyMatch(Blocks::isSystemdCgroup) ? "  SystemdCgroup = true\n" : ""));
    }

    private static boolean isSystemdCgroup(String line) {
        String l = line.replaceAll("\\s", "");
        return l.equals("SystemdCgroup=true") || l.startsWith("SystemdCgroup=true#");
    }

    /** Whether others wrote an entry of that name, in whatever quotes. */
    boolean has(String name) {
        for (String quote : new String[] {"", "\"", "'"}) {
            if (foreign.contains(".runtimes." + quote + name + quote + "]")) return true;
        }
        return false;
    }

    /** Others wrote nothing but comments. */
    boolean isBare() { return foreign.lines().allMatch(l -> l.isBlank() || l.strip().startsWith("#")); }

    /** Of the file; -1: none at the top level. */
    int version() {
        for (String line : foreign.split("\n")) {
            String l = line.strip();
            if (l.startsWith("[")) return -1;
            int equals = l.indexOf('=');
            if (equals < 0 || !l.substring(0, equals).strip().equals("version")) continue;
            String value = l.substring(equals + 1).strip();
            return value.isEmpty() ? 0 : Character.digit(value.charAt(0), 10);
        }
        return -1;
    }
}

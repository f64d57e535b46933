package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import java.util.LinkedHashMap;

/** What {@code update} is to change, given as flags or as a file of linux.resources ("-": standard input). */
public final class UpdateRequest {
    public String file;
    public long blkioWeight, pids;
    private final LinkedHashMap<String, Long> memory = new LinkedHashMap<>(), cpu = new LinkedHashMap<>();
    private final LinkedHashMap<String, String> sets = new LinkedHashMap<>();

    public void memory(String field, long value) { memory.put(field, value); }

    public void cpu(String field, long value) { cpu.put(field, value); }

    public void cpuset(String field, String value) { sets.put(field, value); }

    public String json() {
        if (file != null) {
            var error = new int[1];
            String text = file.equals("-") ? Host.readAll(0, error) : Host.read(file, error);
            if (text == null) throw new Failure("cannot read " + file + " (--resources): open", error[0],
                    "Name a file of JSON, or \"-\".");
            return text;
        }
        var j = new JsonText().open();
        j.name("memory").open();
        for (var e : memory.entrySet()) j.field(e.getKey(), e.getValue());
        j.close().name("cpu").open();
        for (var e : cpu.entrySet()) j.field(e.getKey(), e.getValue());
        for (var e : sets.entrySet()) j.field(e.getKey(), e.getValue());
        j.close();
        if (pids != 0) j.name("pids").open().field("limit", pids).close();
        if (blkioWeight != 0) j.name("blockIO").open().field("weight", blkioWeight).close();
        return j.close().toString();
    }
}

package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/** What is known about a container outside it: the file {@code state.json} in its directory. */
final class ContainerState {
    /** Of the file's form. A newer one is refused: it may mean what we do not know of. */
    static final int VERSION = 2;

    String id = "", bundle = "", rootfs = "", created = "", ociVersion = RuntimeSpec.VERSION;
    /**
     * The sandbox's process, or what stands for a container in another's; and when it was born (clock ticks
     * after boot): the pair names it for good.
     */
    int pid;
    long processStart;
    /** Whether {@code start} has let the program go. */
    boolean isStarted;
    boolean hasHooks;
    /** Of a container in another's sandbox: that one's id; else "". */
    String sandbox = "";
    /** process.oomScoreAdj. */
    int oomScore;
    /** Further containers can come into its sandbox. */
    boolean hostsPod;
    LinkedHashMap<String, String> annotations = new LinkedHashMap<>();
    /** Directories of the host's cgroups that were made for it. */
    final ArrayList<String> cgroups = new ArrayList<>();
    int owner;

    String text() {
        var j = new JsonText().open().field("version", VERSION).field("id", id).field("bundle",
                bundle).field("rootfs", rootfs)
                .field("created", created).field("ociVersion", ociVersion).field("pid",
                        pid).field("processStart", processStart)
                .field("started", isStarted).field("hooks", hasHooks).field("owner", owner)
                .field("sandbox", sandbox).field("hostsPod", hostsPod)
                .field("oomScore", oomScore).strings("cgroups", cgroups);
        j.name("annotations").open();
        for (var e : annotations.entrySet()) j.field(e.getKey(), e.getValue());
        return j.close().close().toString();
    }

    static ContainerState parse(String text, String path) {
        Json j = Json.parse(text, path);
        long version = j.number("version", 0);
        if (version != VERSION && version != 1) { // which knew no pods
            throw new Failure(path + " is of version " + version + ", this is kernelet with version "
                    + VERSION,
                    "Use the version of Kernelet that made the container, or remove the directory by hand.");
        }
        var s = new ContainerState();
        s.id = j.string("id", "");
        s.bundle = j.string("bundle", "");
        s.rootfs = j.string("rootfs", "");
        s.created = j.string("created", "");
        s.ociVersion = j.string("ociVersion", "");
        s.pid = (int) j.number("pid", 0);
        s.processStart = j.number("processStart", 0);
        s.isStarted = j.bool("started");
        s.hasHooks = j.bool("hooks");
        s.sandbox = j.string("sandbox", "");
        s.hostsPod = j.bool("hostsPod");
        s.oomScore = (int) j.number("oomScore", 0);
        s.owner = (int) j.number("owner", 0);
        s.annotations = j.stringMap("annotations");
        for (String c : j.strings("cgroups")) s.cgroups.add(c);
        return s;
    }

    /** What no other container is called while this one's process is remembered. */
    String uniqueName() { return pid + "." + processStart; }

    /** Whether the sandbox's process is there and no zombie. */
    boolean isAlive() {
        if (pid <= 0) return false;
        Host.ProcessStat stat = Host.stat(pid);
        return stat != null && stat.start() == processStart && stat.state() != 'Z' && stat.state() != 'X';
    }

    /** created, running, paused or stopped. */
    String status() {
        if (!isAlive()) return "stopped";
        if (!isStarted) return "created";
        return Cgroup.isFrozen(cgroups) ? "paused" : "running";
    }

    /** As the specification's state, with what runc adds. */
    String json(String status) {
        var j = new JsonText().open().field("ociVersion", ociVersion).field("id", id)
                .field("pid", status.equals("stopped") ? 0 : pid).field("status", status).field("bundle",
                        bundle)
                .field("rootfs", rootfs).field("created", created);
        j.name("annotations").open();
        for (var e : annotations.entrySet()) j.field(e.getKey(), e.getValue());
        return j.close().field("owner", "").close().toString();
    }
}

package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sentry.log.DebugLog;
import java.util.ArrayList;
import java.util.function.Consumer;

/** What commands do to containers that other processes are. Loads no class of the Sentry. */
public final class Lifecycle {
    private static final int SIGKILL = 9, SIGTERM = 15;
    /** Seconds that a sandbox has to end one of several containers: it may be one that obeys nobody. */
    private static final int PATIENCE = 5;

    private final StateStore store;
    private final String runtimeDirectory;

    /** {@code root}: --root, or null; {@code runtimeDirectory}: XDG_RUNTIME_DIR, or null. */
    public Lifecycle(String root, String runtimeDirectory) {
        store = new StateStore(root, runtimeDirectory);
        this.runtimeDirectory = runtimeDirectory;
    }

    /** Asks the sandbox that the container is in. */
    private ControlClient.Answer ask(ContainerState s, JsonText request) { return ask(s, 0, request); }

    private ControlClient.Answer ask(ContainerState s, int patience, JsonText request) {
        if (!s.sandbox.isEmpty()) {
            request.field("container", s.id);
            ContainerState sandbox = store.find(s.sandbox);
            if (sandbox != null && sandbox.status().equals("paused")) {
                throw new Failure("the sandbox " + s.sandbox + " of container " + s.id + " is paused",
                        "Resume it first.");
            }
        }
        return ControlClient.ask(controlDirectory(s), patience, request.close().toString());
    }

    /** Where the socket of the container's sandbox is. */
    String controlDirectory(ContainerState s) {
        return store.directory(s.sandbox.isEmpty() ? s.id : s.sandbox);
    }

    /** The state of a container as JSON (state). */
    public String state(String id) {
        ContainerState s = store.load(id);
        return s.json(s.status());
    }

    /** start. */
    public void start(String id, Consumer<String> warn) {
        ContainerState s = store.load(id);
        String status = s.status();
        switch (status) {
            case "created" -> { }
            case "stopped" -> throw new Failure("cannot start a container that has stopped",
                    "Create a new one.");
            default -> throw new Failure("cannot start an already running container",
                    "Each container is started once.");
        }
        // The sandbox's own word counts; the file tells the other commands.
        ask(s, new JsonText().open().field("op", "start")).socket().close();
        s.isStarted = true;
        store.save(s);
        if (!s.hasHooks) return;
        try {
            Hooks.run(hooks(id), "poststart", s.json("running"));
        } catch (Failure e) { // the container is not what it was to be: it ends (runtime-spec, "Lifecycle")
            killProcess(s);
            throw e;
        }
    }

    private Json hooks(String id) {
        String text = Host.read(store.directory(id) + "/config.json");
        return text.isEmpty() ? null : Json.parse(text, "config.json").get("hooks");
    }

    /** kill: a signal by name or number, for the first process or for all. */
    public void kill(String id, String name, boolean all) {
        int signal = Names.signal(name);
        if (signal < 0) throw new Failure("unknown signal \"" + name + "\"",
                "Use a name like TERM, or a number from 0 to 64.");
        ContainerState s = store.load(id);
        String status = s.status();
        if (status.equals("stopped")) {
            if (all) return; // as other runtimes: nothing is left to be killed
            throw new Failure("container not running", "It has stopped; delete it.");
        }
        if (signal == SIGKILL && status.equals("paused")) Cgroup.freeze(s.cgroups, false);
        if (signal == SIGKILL && s.sandbox.isEmpty()) {
            killProcess(s);
        } else if (status.equals("created") && s.sandbox.isEmpty()) {
            if (signal != 0) killProcess(s);
        } else {
            if (status.equals("created") && signal != 0) signal = SIGKILL;
            if (signal == SIGKILL) killInPod(s, all);
            else ask(s, new JsonText().open().field("op", "signal").field("signal", signal).field("all",
                    all)).socket().close();
        }
    }

    /** The sandbox does it; if it does not, what stands for the container ends, which tells it once more. */
    private void killInPod(ContainerState s, boolean all) {
        try {
            ask(s, PATIENCE, new JsonText().open().field("op", "signal").field("signal", SIGKILL).field("all",
                    all)).socket().close();
            for (int i = 0; i < 100 * PATIENCE && s.isAlive(); i++) Host.sleep(i < 20 ? 1 : 10);
        } catch (Failure e) {
            DebugLog.warn(e.getMessage());
        }
        killProcess(s);
    }

    /** By a descriptor of the process, so that no other that got its number is hit. */
    private static void killProcess(ContainerState s) {
        long fd = HostCall.call(SyscallNumber.PIDFD_OPEN, s.pid, 0);
        if (fd < 0 || !s.isAlive()) {
            Host.close((int) fd);
            return;
        }
        long r = HostCall.call(SyscallNumber.PIDFD_SEND_SIGNAL, fd, SIGKILL, 0, 0);
        Host.close((int) fd);
        if (r < 0 && r != -ESRCH) throw new Failure("cannot kill the sandbox of " + s.id
                + ": pidfd_send_signal", r, "Run as its owner.");
    }

    /** delete. With {@code force} a running container is killed, and one that is not there is no error. */
    public void delete(String id, boolean force, Consumer<String> warn) {
        StateStore.checkId(id);
        if (!store.isTaken(id)) {
            if (force) return;
            throw StateStore.notThere(id);
        }
        ContainerState s = store.find(id);
        if (s == null) { // its making was cut short before anything else was made
            if (!force) throw StateStore.notThere(id);
            store.remove(id);
            return;
        }
        String status = s.status();
        if (!status.equals("stopped")) {
            if (!force && !status.equals("created")) {
                throw new Failure("cannot delete container " + id + " that is not stopped: " + status,
                        "Kill it first, or use --force.");
            }
            if (status.equals("paused")) Cgroup.freeze(s.cgroups, false);
            killProcess(s);
            awaitEnd(s);
        }
        if (!s.sandbox.isEmpty()) leavePod(s, warn);
        Json hooks = s.hasHooks ? hooks(id) : null;
        Cgroup.remove(s.cgroups);
        store.remove(id);
        Hooks.runAll(hooks, "poststop", s.json("stopped"), warn);
    }

    /** The sandbox gives up what it has of the container; if it still lives. */
    private void leavePod(ContainerState s, Consumer<String> warn) {
        ContainerState sandbox = store.find(s.sandbox);
        if (sandbox == null || !sandbox.isAlive()) return;
        var places = new ArrayList<String>();
        boolean isKnown = false;
        try {
            ControlClient.Answer a = ask(s, PATIENCE, new JsonText().open().field("op", "delete"));
            a.socket().close();
            isKnown = a.answer().bool("known");
            for (String p : a.answer().strings("places")) places.add(p);
        } catch (Failure e) {
            if (!sandbox.isAlive()) return; // it has just ended
            warn.accept(e.getMessage());
        }
        var mounts = new PodMounts(sandbox);
        mounts.detach(places);
        if (!isKnown) mounts.detachAll(s.uniqueName());
    }

    private static void awaitEnd(ContainerState s) {
        for (int i = 0; i < 1000 && s.isAlive(); i++) Host.sleep(i < 20 ? 1 : 10);
        if (s.isAlive()) throw new Failure("the sandbox of " + s.id + " (process " + s.pid + ") does not end",
                "It may wait for a device of the host; try again.");
    }

    /** pause and resume. */
    public void pause(String id, boolean on) {
        ContainerState s = store.load(id);
        String status = s.status();
        if (on && !status.equals("running") || !on && !status.equals("paused")) {
            throw new Failure("cannot " + (on ? "pause" : "resume") + " a container that is " + status,
                    "See \"kernelet state\".");
        }
        // The host's group has what stands for the container: it tells that it is paused.
        if (!s.sandbox.isEmpty()) ask(s, new JsonText().open().field("op", "freeze").field("on", on)).socket()
                .close();
        Cgroup.freeze(s.cgroups, on);
    }

    /** wait: the exit status, once the container has ended. */
    public int await(String id) {
        ContainerState s = store.load(id);
        if (s.status().equals("stopped")) throw new Failure("container not running",
                "Its status was told to whoever waited.");
        LocalSocket socket = ask(s, new JsonText().open().field("op", "wait")).socket();
        int status = socket.receiveInt();
        return status < 0 ? 128 + SIGKILL : status;
    }

    /** A row of {@code list}. */
    public record Row(String id, int pid, String status, String bundle, String created, int owner,
            String json) {}

    public ArrayList<Row> list() {
        var rows = new ArrayList<Row>();
        for (String id : store.ids()) {
            ContainerState s;
            try {
                s = store.find(id);
            } catch (Failure e) {
                continue; // of another version, or being removed
            }
            if (s == null) continue;
            String status = s.status();
            rows.add(new Row(id, status.equals("stopped") ? 0 : s.pid, status, s.bundle, s.created, s.owner,
                    s.json(status)));
        }
        return rows;
    }

    /** A process inside. */
    public record ProcessRow(int pid, int parent, int uid, int hostPid, String command) {}

    public ArrayList<ProcessRow> processes(String id) {
        ContainerState s = store.load(id);
        var rows = new ArrayList<ProcessRow>();
        if (!s.status().equals("running")) return rows;
        ControlClient.Answer a = ask(s, new JsonText().open().field("op", "ps"));
        a.socket().close();
        for (Json p : a.answer().list("processes")) {
            rows.add(new ProcessRow((int) p.number("pid", 0), (int) p.number("parent", 0),
                    (int) p.number("uid", 0), (int) p.number("hostPid", 0),
                    p.string("command", "")));
        }
        return rows;
    }

    /** The directory of a running container, for {@code exec}. */
    ContainerState running(String id) {
        ContainerState s = store.load(id);
        String status = s.status();
        if (status.equals("paused")) throw new Failure("cannot exec in a paused container",
                "Resume it first.");
        if (!status.equals("running")) throw new Failure("cannot exec in a container that is " + status
                + ": container not running", "Start one.");
        return s;
    }

    /** events --stats: what the host's cgroups count. */
    public String stats(String id) {
        ContainerState s = store.load(id);
        if (s.status().equals("stopped")) throw new Failure("container not running",
                "Only running containers have figures.");
        if (s.sandbox.isEmpty()) return Stats.json(id, s.cgroups);
        ControlClient.Answer a = ask(s, new JsonText().open().field("op", "use"));
        a.socket().close();
        return Stats.json(id, s.cgroups, a.answer());
    }

    /** update: other limits. */
    public void update(String id, String resourcesJson, Consumer<String> warn) {
        ContainerState s = store.load(id);
        if (s.status().equals("stopped")) throw new Failure("container not running",
                "Only running containers can be changed.");
        var r = new Resources();
        var warnings = new ArrayList<String>();
        r.read(Json.parse(resourcesJson, "resources"), warnings);
        SystemdScope.update(s.cgroups, r, runtimeDirectory);
        Cgroup.apply(s.cgroups, r, warnings);
        for (String w : warnings) warn.accept(w);
        ask(s, new JsonText().open().field("op", "limits").field("memory", r.memoryLimit)
                .field("pids", r.pidsLimit).field("quota", r.cpuQuota).field("period", r.cpuPeriod)
                .field("weight", r.cpuShares > 0 ? Cgroup.weight(r.cpuShares) : 0)).socket().close();
    }
}

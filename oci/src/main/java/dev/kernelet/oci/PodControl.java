package dev.kernelet.oci;

import dev.kernelet.sandbox.Container;
import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Inside;
import dev.kernelet.sandbox.PodMember;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** The further containers of a pod, in the sandbox of its first: made, found, deleted. */
final class PodControl {
    private final Container sandbox;
    private final HashMap<String, ContainerControl> members = new HashMap<>();

    PodControl(Container sandbox) { this.sandbox = sandbox; }

    synchronized ContainerControl find(String id) {
        ContainerControl c = members.get(id);
        if (c == null) throw new Failure("container not running: its sandbox knows no container " + id,
                "Delete it with --force.");
        return c;
    }

    private synchronized void add(String id, ContainerControl c) {
        if (members.putIfAbsent(id, c) != null) throw new Failure("container with id " + id
                + " already exists in its sandbox", "Delete it first, or use another id.");
    }

    /** Makes a container, and stays with whoever stands for it until both have ended. */
    void create(LocalSocket s, Json j, int[] fds) {
        String id = j.string("id", "");
        boolean hasConsole = j.bool("console");
        int count = hasConsole ? 1 : (int) j.number("files", 0);
        RuntimeSpec spec;
        try {
            spec = spec(j);
            if (fds.length < count) throw new Failure("control request without its descriptors",
                    "Use one version of Kernelet for all commands.");
        } catch (Failure e) {
            for (int fd : fds) Host.close(fd);
            throw e;
        }
        int[] files = hasConsole ? new int[0] : Arrays.copyOf(fds, count), hookFiles =
                Arrays.copyOfRange(fds, count, fds.length);
        for (Json closed : j.list("closed")) {
            int i = closed.integer(0, files.length - 1);
            Host.close(files[i]);
            files[i] = -1;
        }
        var life = new Life(s);
        var target = new AtomicReference<Inside.SignalTarget>();
        var failure = new AtomicReference<Failure>();
        var done = new CountDownLatch(1);
        PodMember m = sandbox.join(spec.container, target(j), files, hasConsole ? fds[0] : -1, life::ended,
                (pid, signals, error) -> {
            target.set(signals);
            failure.set(error);
            done.countDown();
        });
        var c = new ContainerControl(m);
        ContainerControl.await(done);
        try {
            if (failure.get() != null) throw failure.get();
            add(id, c);
        } catch (Failure e) {
            for (int fd : hookFiles) Host.close(fd);
            if (failure.get() == null) m.delete(places -> { });
            throw e;
        }
        life.answered(c);
        StartHooks hooks = null;
        if (Hooks.has(spec.hooks, "startContainer")) {
            hooks = new StartHooks(m, spec.container.process, spec.hooks, hookFiles);
        }
        starter(c, m, hooks);
        ContainerControl.follow(s, target.get());
        m.signal(9, true);
    }

    /** A container that may end before its maker has been told that it is made. */
    private static final class Life {
        private final LocalSocket s;
        private ContainerControl control;
        /** The exit status plus one, once it has ended. */
        private int ended;

        Life(LocalSocket s) { this.s = s; }

        synchronized void ended(int status) {
            ended = status + 1;
            if (control == null) return;
            control.ended(status);
            s.sendInt(status);
        }

        synchronized void answered(ContainerControl c) {
            s.send(ContainerControl.DONE);
            control = c;
            if (ended > 0) ended(ended - 1);
        }
    }

    /** Waits until it is to go, and lets it. */
    private static void starter(ContainerControl c, PodMember m, StartHooks hooks) {
        ControlServer.thread(() -> {
            c.awaitStart();
            Failure failure = null;
            try {
                if (hooks != null) hooks.run();
                m.release();
            } catch (Failure e) {
                failure = e;
            }
            c.begun(failure);
        }, "start");
    }

    /** With whom it shares PIDs; null: with nobody, or with the sandbox. */
    private synchronized PodMember target(Json j) {
        String id = j.string("pid", "");
        return id.isEmpty() || id.equals(j.string("sandbox", "")) ? null : member(id);
    }

    private static RuntimeSpec spec(Json j) {
        var places = new ArrayList<ContainerSpec.Place>();
        for (Json p : j.list("places")) {
            places.add(new ContainerSpec.Place(p.string("directory", ""), p.string("file", null)));
        }
        RuntimeSpec spec = RuntimeSpec.placed(j.string("config", ""), j.string("bundle", ""), places);
        ContainerSpec c = spec.container;
        c.hostname = j.string("hostname", "");
        c.domainname = j.string("domainname", "");
        c.ownsUts = j.bool("uts");
        c.ownsIpc = j.bool("ipc");
        c.ownsPids = j.string("pid", "").isEmpty();
        c.overlayRoot = j.bool("overlayRoot");
        c.overlayMounts = j.bool("overlayMounts");
        c.overlaySize = j.number("overlaySize", 0);
        c.overlayMedium = j.string("overlayMedium", "memory");
        c.memoryLimit = j.number("memory", 0);
        if (j.number("pids", 0) > 0) c.pidsLimit = (int) j.number("pids", 0);
        ArrayList<Json> limits = j.list("limits");
        var inherited = new long[limits.size()];
        for (int i = 0; i < inherited.length; i++) inherited[i] = limits.get(i).number();
        spec.inherit(inherited);
        return spec;
    }

    private PodMember member(String id) { return (PodMember) find(id).inside; }

    void limits(String id, Json j) {
        member(id).limits(j.number("memory", 0), (int) Math.clamp(j.number("pids", 0), -1, 1 << 22),
                j.number("quota", 0), j.number("period", 0), j.number("weight", 0));
    }

    void freeze(LocalSocket s, String id, boolean on) {
        var done = new CountDownLatch(1);
        member(id).freeze(on, done::countDown);
        ContainerControl.await(done);
        s.send(ContainerControl.DONE);
    }

    void use(LocalSocket s, String id) {
        var done = new CountDownLatch(1);
        var text = new JsonText().open();
        member(id).use((cpu, memory, tasks) -> {
            text.field("cpu", cpu).field("memory", memory).field("pids", tasks);
            done.countDown();
        });
        ContainerControl.await(done);
        s.send(text.close().toString());
    }

    /** Ends a container, if it is there, and says what can be unmounted. */
    void delete(LocalSocket s, String id) {
        ContainerControl c;
        synchronized (this) {
            c = members.remove(id);
        }
        var done = new CountDownLatch(1);
        var places = new AtomicReference<String[]>();
        java.util.function.Consumer<String[]> sink = list -> {
            places.set(list);
            done.countDown();
        };
        if (c != null) ((PodMember) c.inside).delete(sink);
        else sandbox.unusedPlaces(sink);
        ContainerControl.await(done);
        s.send(new JsonText().open().field("known", c != null)
                .strings("places", Arrays.asList(places.get())).close().toString());
    }
}

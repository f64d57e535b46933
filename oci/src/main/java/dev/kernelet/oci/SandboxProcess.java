package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.sandbox.Container;
import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Namespaces;
import dev.kernelet.sentry.log.DebugLog;

/**
 * The process that a container is, from {@code create} to its end. Each step leaves enough behind for {@code
 * delete --force}
 * to undo it should the process be killed or fail: the id's directory first, then the state with what is
 * going to be made.
 * It undoes nothing itself: once the container is made this process is confined (sandbox.confine).
 */
public final class SandboxProcess {
    private static final int PR_SET_PDEATHSIG = 1;

    private final CreateOptions o;
    private final StateStore store;
    private final ContainerState state = new ContainerState();
    private RuntimeSpec spec;
    /** A network namespace that is not the host's has been entered. */
    private boolean hasNetwork;
    private String configText;
    private Container container;
    private volatile Failure startFailure;
    /** Of the pod whose sandbox the container comes into; null: it has one of its own. */
    private ContainerState pod;

    private SandboxProcess(CreateOptions o) {
        this.o = o;
        store = new StateStore(o.stateRoot, o.runtimeDirectory);
    }

    /** The program's exit status, once it has ended. */
    public static int run(CreateOptions o) { return new SandboxProcess(o).run(); }

    private int run() {
        StateStore.checkId(o.id);
        read();
        store.take(o.id);
        say('t');
        int listener = prepare();
        if (pod != null) return joinPod();
        makeContainer();
        for (String w : spec.warnings) o.warn.accept(w);
        var server = new ControlServer(listener, container);
        ContainerControl control = server.first;
        if (o.startsAtOnce && !startsByCommand()) control.startsAtOnce();
        server.listen();
        if (o.keeps) say('k');
        if (startsByCommand()) say('s');
        if (!o.startsAtOnce || o.detach) {
            Leader.call(o.inherited.hand(), SyscallNumber.PRCTL, PR_SET_PDEATHSIG, 0);
            say('r');
            Host.close(o.inherited.channel());
        }
        control.awaitStart();
        if (spec.container.holdsFirst) startHooks(control);
        else control.begun(null);
        int status = container.run();
        if (startFailure != null && o.startsAtOnce && !startsByCommand()) throw startFailure;
        control.ended(status);
        return status;
    }

    /** Of kind startContainer: they run inside, which only now begins to run. */
    private void startHooks(ContainerControl control) {
        var hooks = new StartHooks(container, spec.container.process, spec.hooks, StartHooks.open(spec.hooks,
                state.json("created")));
        var t = new Thread(null, () -> {
            try {
                hooks.run();
                container.release();
            } catch (Failure e) {
                startFailure = e;
                if (o.startsAtOnce && !startsByCommand()) container.abandon();
            }
            control.begun(startFailure);
        }, "hooks", 256 << 10);
        t.setDaemon(true);
        t.start();
    }

    /** The sandbox of the pod makes the container; this process becomes what stands for it. */
    private int joinPod() {
        var client = new PodClient(o, spec, store, pod);
        complete();
        int[] fds = files();
        int console = spec.container.process.terminal ? console() : -1;
        LocalSocket connection = client.make(configText, state, fds, console);
        Pods.scoreOom(store, pod);
        for (String w : spec.warnings) o.warn.accept(w);
        if (o.keeps) say('k');
        if (startsByCommand()) say('s');
        else if (o.startsAtOnce) client.start();
        client.becomeStandIn(connection, console);
        return 0;
    }

    /**
     * Whether {@code run} leaves its second half to the command {@code start}: this process is confined by
     * then and cannot run poststart hooks.
     */
    private boolean startsByCommand() { return o.startsAtOnce && Hooks.has(spec.hooks, "poststart"); }

    private void read() {
        String bundle = Host.realPath(o.bundle);
        var error = new int[1];
        configText = Host.read(bundle + "/config.json", error);
        if (configText == null) {
            throw new Failure("cannot read " + bundle + "/config.json: open", error[0],
                    "Name a bundle's directory with --bundle; \"kernelet spec\" makes a config.json.");
        }
        spec = RuntimeSpec.parse(configText, bundle);
        if (spec.container.process.args.length == 0) throw new Failure("config.json: process.args is missing or empty", "Name a program.");
        if (spec.container.process.terminal && o.consoleSocket == null && (!o.startsAtOnce || o.detach)) {
            throw new Failure("cannot allocate tty if runc will detach without setting console socket",
                    "Give --console-socket.");
        }
        if (!spec.container.process.terminal && o.consoleSocket != null) {
            throw new Failure("cannot use console socket if runc will not detach or allocate tty",
                    "Leave --console-socket out.");
        }
        spec.inherit(o.inherited.limits());
        if (o.fdLimit > 0) spec.container.fdLimit = o.fdLimit;
        if (spec.container.hostname == null) spec.container.hostname = hostnameOfPod();
        // A new UTS namespace begins with the names of its maker's.
        spec.container.hostname = orOwn(spec.container.hostname, "hostname");
        spec.container.domainname = orOwn(spec.container.domainname, "domainname");
        FlagAnnotations.apply(spec.annotations, o, spec.container, spec.warnings);
        pod = o.sharesPods ? Pods.sandbox(store, spec) : null;
        if (pod == null) spec.warnOfNamespaces();
        else state.sandbox = pod.id;
        if (spec.container.uids.length > 0 && Host.euid() != 0 && !hasIds(spec.container.uids)) {
            spec.warnings.add("linux.uidMappings: this user has not been given these ids (subuid(5), "
                    + "newuidmap(1)):"
                    + " all files are the user's own");
        }
        state.id = o.id;
        state.bundle = bundle;
        state.rootfs = spec.container.root;
        state.annotations = spec.annotations;
        state.owner = Host.euid();
        state.pid = Host.pid();
        state.processStart = Host.stat(state.pid).start();
        state.created = DebugLog.isoTime();
        state.hasHooks = spec.hooks != null;
        state.oomScore = spec.container.process.oomScoreAdj;
    }

    /** The name that the container has whose UTS namespace is to be shared; null: it is none of ours. */
    private String hostnameOfPod() {
        for (RuntimeSpec.Namespace n : spec.namespaces) {
            if (!n.type().equals("uts") || n.path() == null) continue;
            ContainerState s = Pods.holder(store, n.path());
            if (s == null) return null;
            String text = Host.read(s.bundle + "/config.json");
            return text.isEmpty() ? null : Json.parse(text, s.bundle).string("hostname", null);
        }
        return null;
    }

    private static String orOwn(String given, String file) {
        if (given != null && !given.isEmpty()) return given;
        String name = Host.read("/proc/sys/kernel/" + file).strip();
        return name.isEmpty() ? null : name;
    }

    /** Whether each id of the host that is mapped is one this process may give files to (userns.c). */
    private static boolean hasIds(int[] ranges) {
        int[] own = IdRanges.ofProcess();
        for (int i = 0; i < ranges.length; i += 3) {
            boolean isCovered = ranges[i + 1] == Host.euid() && ranges[i + 2] == 1;
            for (int j = 0; j < own.length && Host.read("/proc/self/setgroups").startsWith("allow"); j += 2) {
                int offset = ranges[i + 1] - own[j];
                isCovered |= own[j + 1] != -1 && Integer.compareUnsigned(offset, own[j + 1]) < 0
                        && Integer.compareUnsigned(ranges[i + 2], own[j + 1] - offset) <= 0;
            }
            if (!isCovered) return false;
        }
        return true;
    }

    /**
     * All that needs the host's files, which are out of reach once the container is made. A listening socket.
     */
    private int prepare() {
        Cgroup cgroup = Cgroup.plan(spec.cgroupsPath, o.id, spec.warnings);
        cgroup.checkUnused();
        state.cgroups.addAll(cgroup.directories);
        store.save(state);
        if (state.hasHooks) {
            long r = Host.replace(store.directory(o.id) + "/config.json", configText, 0600);
            if (r < 0) throw new Failure("cannot write " + store.directory(o.id) + "/config.json: write", r,
                    "See that --root has room.");
        }
        cgroup.enter(spec.resources, o.id, o.runtimeDirectory);
        if (!cgroup.directories.isEmpty() && !cgroup.directories.equals(state.cgroups)) {
            state.cgroups.clear();
            state.cgroups.addAll(cgroup.directories); // systemd has put us elsewhere
            store.save(state);
        }
        var outside = new Outside(Hooks.has(spec.hooks, "prestart") || Hooks.has(spec.hooks,
                "createRuntime"));
        for (RuntimeSpec.Namespace n : spec.namespaces) if (n.type().equals("network")) network(n.path());
        if (pod != null && !o.network.equals("none")) Pods.checkNetwork(pod);
        networkSysctl();
        String shown = state.json("creating");
        outside.run(new Runnable() { // not a lambda, which the virtual machine would make here
            @Override
            public void run() {
                Hooks.run(spec.hooks, "prestart", shown);
                Hooks.run(spec.hooks, "createRuntime", shown);
            }
        });
        Hooks.run(spec.hooks, "createContainer", shown);
        spec.container.holdsFirst = Hooks.has(spec.hooks, "startContainer");
        oomScore(spec.container.process.oomScoreAdj);
        boolean hostsPod = o.sharesPods && Pods.isSandbox(spec) && canHostPod();
        if (o.startsAtOnce && !startsByCommand() || hostsPod) {
            state.isStarted = o.startsAtOnce && !startsByCommand();
            state.hostsPod = hostsPod;
            store.save(state);
        }
        if (pod == null) return listen();
        writePid();
        return -1;
    }

    /** Whether what comes later can be mounted for the Sentry: it must have a mount namespace of its own. */
    private boolean canHostPod() {
        Namespaces n = o.inherited.namespaces();
        return n.door() != 0 && n.has(Namespaces.MOUNT) && spec.container.uids.length == 0
                && HostRoots.makePod() == 0;
    }

    private int listen() {
        String path = store.directory(o.id) + "/control";
        int listener = LocalSocket.listen(path);
        if (listener < 0) {
            throw new Failure("cannot listen at " + path + ": bind", listener,
                    "See that --root is on a file system that can hold sockets.");
        }
        writePid();
        return listener;
    }

    private void writePid() {
        if (o.pidFile != null) {
            long r = Host.replace(o.pidFile, Integer.toString(state.pid), 0644);
            if (r < 0) throw new Failure("cannot write " + o.pidFile + " (--pid-file): write", r,
                    "Name a file that can be written.");
        }
    }

    private void network(String path) {
        if (o.network.equals("none")) return;
        if (path == null && Host.euid() != 0) {
            o.network = "none"; // a namespace of its own would have nothing else to show
            return;
        }
        Network.enter(path, o.inherited.hand());
        hasNetwork = true;
    }

    /** The host's kernel keeps them for each network namespace, and its stack is the container's. */
    private void networkSysctl() {
        for (var e : spec.container.sysctl.entrySet()) {
            if (!e.getKey().startsWith("net/")) continue;
            if (!hasNetwork) {
                if (o.network.equals("none")) continue; // shown inside
                throw new Failure("config.json: linux.sysctl " + e.getKey()
                        + ": not allowed in the host's network namespace",
                        "Give the container a network namespace of its own.");
            }
            long r = Host.write("/proc/sys/" + e.getKey(), e.getValue());
            if (r < 0) throw new Failure("cannot set linux.sysctl " + e.getKey() + " to \"" + e.getValue()
                    + "\": write", r, "Correct it in config.json, or leave it out.");
        }
    }

    private static void oomScore(int value) {
        if (value != 0) Host.write("/proc/self/oom_score_adj", Integer.toString(value));
    }

    /** What flags say of the container. */
    private void complete() {
        ContainerSpec c = spec.container;
        c.id = o.id;
        c.platform = o.platform;
        c.network = o.network;
        c.strace = o.strace;
        c.overlayRoot = o.overlayRoot;
        c.overlayMounts = o.overlayMounts;
        c.overlaySize = o.overlaySize;
        c.overlayMedium = o.overlayMedium;
        c.inherited = o.inherited;
    }

    /** Its descriptors, -1 for one that was closed. */
    private int[] files() {
        var fds = new int[3 + o.preserveFds];
        for (int fd = 0; fd < fds.length; fd++) fds[fd] = fd < 3 && o.inherited.isClosed(fd) ? -1 : fd;
        return fds;
    }

    private void makeContainer() {
        complete();
        ContainerSpec c = spec.container;
        int[] fds = files();
        int console = c.process.terminal ? console() : -1;
        for (int fd = 0; console >= 0 && fd < 3; fd++) fds[fd] = -1;
        container = Container.create(c, fds, console);
    }

    private int console() {
        if (o.consoleSocket == null) { // run in the foreground: the caller's own terminal
            int fd = Host.open("/proc/self/fd/0", Host.O_RDWR | Host.O_NOCTTY, 0);
            if (fd < 0) throw new Failure("process.terminal is set but standard input is no terminal: open",
                    fd, "Run it from a terminal.");
            return fd;
        }
        HostPty pty = HostPty.open();
        pty.resize(spec.container.process.rows, spec.container.process.columns);
        LocalSocket.sendConsole(o.consoleSocket, pty.master, pty.name);
        Host.close(pty.master);
        pty.control();
        pty.replaceOutput();
        return pty.slave;
    }

    /** To the process that waits for us (container.c). */
    private void say(char what) {
        if (o.inherited.channel() < 0) return;
        long p = Memory.allocate(8);
        Memory.putByte(p, (byte) what);
        HostCall.call(SyscallNumber.WRITE, o.inherited.channel(), p, 1);
        Memory.free(p);
    }
}

package dev.kernelet.sandbox;


import dev.kernelet.host.HostProc;
import dev.kernelet.host.HostRoots;
import dev.kernelet.platform.Platform;
import dev.kernelet.sandbox.confine.HostJail;
import dev.kernelet.sandbox.probe.Choice;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.MemoryGuard;
import dev.kernelet.sentry.strace.Strace;
import dev.kernelet.sentry.tty.HostConsole;
import dev.kernelet.sentry.vfs.MountNamespace;
import java.util.ArrayList;

/**
 * A container: a sandbox that is made first, started later, and into which further processes can be brought.
 * Made by
 * {@link #create}, which does all that can fail; {@link #run} then starts the first process and returns at
 * its end. The other
 * methods may be called by any thread while it runs.
 */
public final class Container extends Inside {
    private final Platform platform;
    /** Where containers of a pod can be brought in; else null. */
    private final PodFiles files = HostRoots.pod() < 0 ? null : new PodFiles();
    /** Most tasks where no limit is set. */
    private int unlimitedTasks;

    private Container(ContainerSpec spec) {
        super(spec);
        spec.platform = Choice.of(spec.platform); // the list of host calls is the platform's
        HostLimits.raise();
        HostProc.open();
        HostJail.restrict(jail());
        platform = PlatformChoice.make(spec.platform, spec.inherited);
        kernel = new Kernel(platform, kernelOptions());
    }

    /** What the Sentry may reach of the host: the root, the sources of bind mounts, the network. */
    private SandboxOptions jail() {
        var volumes = new ArrayList<Volume>();
        for (MountSpec m : spec.mounts) if (m.type().equals("bind")) volumes.add(new Volume(m.source(),
                m.destination()));
        return new SandboxOptions(spec.process.args, spec.root, spec.process.cwd,
                volumes.toArray(new Volume[0]), spec.overlayRoot,
                spec.overlayMounts, spec.overlayMedium, spec.overlaySize, true, maps(spec.uids),
                        maps(spec.gids),
                        spec.platform, spec.network, null,
                spec.strace, "", 0, spec.pidsLimit, spec.memoryLimit, spec.fdLimit, spec.inherited);
    }

    private static IdMap[] maps(int[] ranges) {
        var maps = new IdMap[ranges.length / 3];
        for (int i = 0; i < maps.length; i++) {
            maps[i] = new IdMap(ranges[3 * i], ranges[3 * i + 1], ranges[3 * i + 2]);
        }
        return maps;
    }

    /**
     * Makes the container and its first process, which does not run yet. {@code fds}: host descriptors that
     * become its 0 and
     * following, -1 for closed ones; {@code console}: a terminal of the host that is its console, or -1.
     *
     * @throws Failure when the specification cannot be fulfilled; nothing is left then
     */
    public static Container create(ContainerSpec spec, int[] fds, int console) {
        var c = new Container(spec);
        try {
            c.prepare(fds, console);
            return c;
        } catch (Throwable e) {
            c.platform.close();
            throw e;
        }
    }

    private void prepare(int[] fds, int consoleFd) {
        Strace.enabled = spec.strace;
        long memory = spec.memoryLimit > 0 ? spec.memoryLimit : ProcFs.totalBytes(kernel, null) / 10 * 9;
        MemoryGuard.start(kernel, memory);
        var first = new ContainerProcess(kernel, spec, spec.process);
        view = new ContainerView(kernel, spec, files, new MountNamespace());
        view.mount(first.setup);
        mounts = first.setup.fs.mounts;
        root = first.setup.fs.root;
        firstConsole = consoleFd < 0 ? null : openConsole(first, consoleFd, spec.process);
        if (firstConsole != null) view.bindConsole(first.setup, firstConsole);
        init = first.start(fds, firstConsole, null).group;
        assert init == kernel.init;
    }

    /**
     * Brings a further container into the sandbox. {@code done} gets the first process's id there, or the
     * {@link Failure}; that process waits for {@link Inside#release}. {@code atExit} is told of its end.
     * {@code target}: whose PID namespace it shares if it has none of its own; null: the sandbox's.
     */
    public PodMember join(ContainerSpec member, PodMember target, int[] fds, int console, AtExit atExit,
            Started done) {
        if (files == null) throw new Failure("this sandbox takes no further containers",
                "Give --pod-sandbox=shared when it is made.");
        var m = new PodMember(kernel, member, files, target);
        post(() -> {
            try {
                m.make(fds, console, atExit);
                done.started(m.init.pid, signal -> post(() -> m.signalFirst(signal)), null);
            } catch (Failure e) {
                done.started(0, null, e);
            }
        });
        return m;
    }

    /** The places of further containers that can be unmounted by now; told once. Under the kernel's lock. */
    public void unusedPlaces(java.util.function.Consumer<String[]> sink) {
        post(() -> sink.accept(files == null ? new String[0] : files.unused()));
    }

    private KernelOptions kernelOptions() {
        var k = new KernelOptions();
        if (spec.processors > 0) k.processors = Math.min(k.processors, spec.processors);
        unlimitedTasks = HostLimits.tasks(k.taskLimit);
        k.taskLimit = spec.pidsLimit > 0 ? spec.pidsLimit : unlimitedTasks;
        k.isTaskLimited = spec.pidsLimit > 0;
        k.cpuQuota = spec.cpuQuota;
        k.cpuPeriod = spec.cpuPeriod;
        k.cpuWeight = spec.cpuWeight;
        k.memoryLimit = spec.memoryLimit;
        k.fileLimit = spec.fdLimit;
        k.network = spec.network;
        k.strace = spec.strace;
        if (spec.uids.length > 0 || spec.gids.length > 0) k.ids = new HostIds(spec.uids, spec.gids);
        k.reapsOrphans = false;
        k.hasContainerInit = true;
        k.holdsInit = spec.holdsFirst;
        if (spec.hostname != null) k.hostname = spec.hostname;
        if (spec.domainname != null) k.domainname = spec.domainname;
        if (!spec.sysctl.isEmpty()) k.sysctl = spec.sysctl;
        String ports = spec.sysctl.get("net/ipv4/ip_unprivileged_port_start");
        if (ports != null) k.unprivilegedPorts = port(ports);
        return k;
    }

    /** The host has taken the same value, or refused it. */
    private static int port(String value) {
        try {
            return Integer.parseInt(value.strip());
        } catch (NumberFormatException e) {
            throw new Failure("config.json: linux.sysctl net.ipv4.ip_unprivileged_port_start: \"" + value
                    + "\" is no number", "Correct it.");
        }
    }

    /**
     * Lets the first process go, and returns at its end with its exit status; everything inside has ended
     * then.
     */
    public int run() {
        try {
            new SignalForwarder(kernel, new SignalForwarder.Filter() {
                @Override
                public boolean takes(int signal) { return terminalSignal(signal); }
            }).start();
            HostJail.seal(jail(), true);
            kernel.run(Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors())));
            if (kernel.failure != null) {
                throw new Failure("internal error in the kernel: " + kernel.failure,
                        "This is a bug of Kernelet's. Run again with --debug-log=FILE and report it with that file.");
            }
            for (HostConsole c : consoles) c.drain();
            return exitCode(kernel.exitStatus);
        } finally {
            platform.close();
        }
    }

    /** Signals about the host's terminal are not for the program: true when that is all they were. */
    private boolean terminalSignal(int signal) {
        if (firstConsole == null) return false;
        if (signal == 28) post(() -> firstConsole.resized());
        return signal == 28;
    }

    /** Ends everything without running it (or while it runs). */
    public void close() { platform.close(); }

    /** Other limits than it was made with; 0: unchanged, -1: none. */
    public void limits(long memory, int pids) {
        post(() -> {
            if (pids != 0) kernel.options.taskLimit = pids < 0 ? unlimitedTasks : pids;
            if (pids != 0) kernel.options.isTaskLimited = pids > 0;
            if (memory != 0) kernel.options.memoryLimit = Math.max(0, memory);
        });
    }

    /** The same of processors, as the control group inside shows them; how many there are stays as it is. */
    public void processorLimits(long quota, long period, long weight) {
        post(() -> {
            if (quota != 0) kernel.options.cpuQuota = Math.max(0, quota);
            if (period > 0) kernel.options.cpuPeriod = period;
            if (weight > 0) kernel.options.cpuWeight = weight;
        });
    }
}

package dev.kernelet.sandbox;


import dev.kernelet.host.HostProc;
import dev.kernelet.platform.Platform;
import dev.kernelet.sandbox.confine.HostJail;
import dev.kernelet.sandbox.probe.Choice;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.kernel.Event;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.MemoryGuard;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.strace.Strace;
import dev.kernelet.sentry.tty.HostConsole;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import java.util.ArrayList;

/**
 * A container: a sandbox that is made first, started later, and into which further processes can be brought.
 * Made by
 * {@link #create}, which does all that can fail; {@link #run} then starts the first process and returns at
 * its end. The other
 * methods may be called by any thread while it runs.
 */
public final class Container {
    /**
     * Told of the end of a process: its exit status, 128 + n when signal n ended it. Called under the
     * kernel's lock.
     */
    public interface AtExit {
        void ended(int status);
    }

    /** A process as {@link #processes} tells of it. */
    public record ProcessInfo(int pid, int parent, int uid, int hostPid, String command) {}

    private final ContainerSpec spec;
    private final Platform platform;
    private final Kernel kernel;
    private ContainerView view;
    private MountNamespace mounts;
    private Path root;
    /** Terminals of the host that serve consoles inside. Kernel lock. */
    private final ArrayList<HostConsole> consoles = new ArrayList<>();
    private HostConsole firstConsole;
    /** Most tasks where no limit is set. */
    private int unlimitedTasks;

    private Container(ContainerSpec spec) {
        this.spec = spec;
        HostLimits.raise();
        HostProc.open();
        HostJail.restrict(jail());
        platform = PlatformChoice.make(Choice.of(spec.platform), spec.inherited);
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
        long memory = spec.memoryLimit > 0 ? spec.memoryLimit : ProcFs.totalBytes(kernel) / 10 * 9;
        MemoryGuard.start(kernel, memory);
        var first = new ContainerProcess(kernel, spec, spec.process);
        view = new ContainerView(kernel, spec);
        view.mount(first.setup);
        mounts = first.setup.fs.mounts;
        root = first.setup.fs.root;
        firstConsole = consoleFd < 0 ? null : openConsole(first, consoleFd, spec.process);
        if (firstConsole != null) view.bindConsole(first.setup, firstConsole);
        Task init = first.start(fds, firstConsole);
        assert init.group == kernel.init;
    }

    private HostConsole openConsole(ContainerProcess p, int fd, ProcessSpec process) {
        var console = HostConsole.open(kernel, view.terminals(), p.setup, fd);
        if (console == null) throw new Failure("cannot make a terminal: open", p.setup.error,
                "Mount a devpts on /dev/pts.");
        if (process.rows > 0 && process.columns > 0) console.resize(process.rows, process.columns);
        consoles.add(console);
        return console;
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
            new SignalForwarder(kernel, this::terminalSignal).start();
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

    /** Lets the first process go where the specification held it back. */
    public void release() { post(kernel::releaseInit); }

    /** Ends all processes, whatever they do: {@link #run} returns. */
    public void abandon() { post(kernel::stop); }

    /** Ends everything without running it (or while it runs). */
    public void close() { platform.close(); }

    private void post(Runnable work) {
        kernel.post(new Event() {
            @Override
            protected void run(Kernel k) { work.run(); }
        });
    }

    /**
     * Starts a further process. {@code done} gets its process id, or the {@link Failure}; {@code atExit} is
     * called at its end.
     * The returned handle sends it signals.
     */
    public void exec(ProcessSpec process, int[] fds, int consoleFd, AtExit atExit, Started done) {
        post(() -> {
            HostConsole console = null;
            try {
                var p = new ContainerProcess(kernel, spec, process);
                view(p);
                if (consoleFd >= 0) console = openConsole(p, consoleFd, process);
                HostConsole terminal = console;
                Task t = p.start(fds, terminal);
                t.fs.mounts.hold();
                t.group.atExit.add(g -> {
                    if (terminal != null) {
                        terminal.drain();
                        terminal.close();
                        consoles.remove(terminal);
                    }
                    atExit.ended(exitCode(g.exitStatus));
                });
                done.started(t.group.pid, signal -> post(() -> signal(t.group, signal, terminal)), null);
            } catch (Failure e) {
                if (console != null) {
                    console.close();
                    consoles.remove(console);
                }
                done.started(0, null, e);
            }
        });
    }

    /** A further process sees the mounts that the first one sees now, from their root (as by setns(2)). */
    private void view(ContainerProcess p) {
        Task init = kernel.init == null ? null : kernel.init.anyTask();
        if (init == null || init.fs == null || init.fs.mounts == null) p.view(mounts, root);
        else p.view(init.fs.mounts, init.fs.mounts.top());
    }

    /** What became of {@link #exec}. Called under the kernel's lock. */
    public interface Started {
        void started(int pid, SignalTarget target, Failure failure);
    }

    /** Takes signals for one process. */
    public interface SignalTarget {
        void signal(int signo);
    }

    private void signal(ThreadGroup g, int signo, HostConsole terminal) {
        if (signo == 28 && terminal != null) terminal.resized();
        else if (!g.isZombie) Signals.send(g, SigInfo.user(signo, 0, 0, 0));
    }

    /** A signal from outside for the first process, or for all processes. */
    public void signal(int signo, boolean all) {
        post(() -> {
            if (!all) {
                kernel.signalInit(signo, false);
                return;
            }
            for (ThreadGroup g = kernel.pids.groupFrom(1); g != null; g = kernel.pids.groupFrom(g.pid + 1)) {
                if (!g.isZombie) Signals.send(g, SigInfo.user(signo, 0, 0, 0));
            }
        });
    }

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

    /** Gives {@code sink} the list of processes, from under the kernel's lock. */
    public void processes(java.util.function.Consumer<ArrayList<ProcessInfo>> sink) {
        post(() -> {
            var list = new ArrayList<ProcessInfo>();
            for (ThreadGroup g = kernel.pids.groupFrom(1); g != null; g = kernel.pids.groupFrom(g.pid + 1)) {
                Task t = g.anyTask();
                if (g.isZombie || t == null) continue;
                list.add(new ProcessInfo(g.pid, g.parentPid(), t.cred.uid, t.mm.space.hostPid(), t.name));
            }
            sink.accept(list);
        });
    }

    /** The shell's convention (128 + n for a signal) for a wait status. */
    static int exitCode(int waitStatus) {
        int signal = waitStatus & 0x7f;
        return signal != 0 ? 128 + signal : waitStatus >>> 8 & 0xff;
    }
}

package dev.kernelet.sandbox;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.Event;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Signals;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.tty.HostConsole;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import java.util.ArrayList;

/**
 * One container as it is inside: its mounts, its processes, its consoles. A sandbox has one, and in a pod
 * more. Public methods may be called by any thread while the sandbox runs.
 */
public class Inside {
    /**
     * Told of the end of a process: its exit status, 128 + n when signal n ended it. Called under the
     * kernel's lock.
     */
    public interface AtExit {
        void ended(int status);
    }

    /** A process as {@link #processes} tells of it. */
    public record ProcessInfo(int pid, int parent, int uid, int hostPid, String command) {}

    /** What became of {@link #exec}. Called under the kernel's lock. */
    public interface Started {
        void started(int pid, SignalTarget target, Failure failure);
    }

    /** Takes signals for one process. */
    public interface SignalTarget {
        void signal(int signo);
    }

    final ContainerSpec spec;
    Kernel kernel;
    ContainerView view;
    MountNamespace mounts;
    Path root;
    /** The container's first process, once it is made. */
    ThreadGroup init;
    /** Terminals of the host that serve consoles inside. Kernel lock. */
    final ArrayList<HostConsole> consoles = new ArrayList<>();
    HostConsole firstConsole;

    Inside(ContainerSpec spec) { this.spec = spec; }

    /** Null for the sandbox's first container. */
    ControlGroup controlGroup() { return null; }

    /** Whose numbers its processes are known by; null: the sandbox's. */
    PidNamespace pids() { return null; }

    /** Where a further process belongs; null: to the sandbox's first container. */
    Init.Place place(Task first) { return null; }

    final HostConsole openConsole(ContainerProcess p, int fd, ProcessSpec process) {
        var console = HostConsole.open(kernel, view.terminals(), p.setup, fd);
        if (console == null) throw new Failure("cannot make a terminal: open", p.setup.error,
                "Mount a devpts on /dev/pts.");
        if (process.rows > 0 && process.columns > 0) console.resize(process.rows, process.columns);
        consoles.add(console);
        return console;
    }

    final void close(HostConsole console) {
        console.close();
        consoles.remove(console);
    }

    /** The terminal's program has ended; {@code done} when its output is out. {@code c}: or null. */
    final void finish(HostConsole c, Runnable done) {
        if (c == null) {
            done.run();
            return;
        }
        c.finish(() -> {
            consoles.remove(c);
            done.run();
        });
    }

    final void post(Runnable work) {
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
    public final void exec(ProcessSpec process, int[] fds, int consoleFd, AtExit atExit, Started done) {
        kernel.post(new Event() {
            @Override
            protected void run(Kernel k) { begin(process, fds, consoleFd, atExit, done); }
        });
    }

    private void begin(ProcessSpec process, int[] fds, int consoleFd, AtExit atExit, Started done) {
        HostConsole console = null;
        int[] files = fds; // until the process has them
        try {
            var p = new ContainerProcess(kernel, spec, process);
            Task first = init == null ? null : init.anyTask();
            if (init != null && first == null) {
                throw new Failure("container not running", "It has ended.");
            }
            view(p, first);
            if (consoleFd >= 0) console = openConsole(p, consoleFd, process);
            HostConsole terminal = console;
            files = new int[0];
            Task t = p.start(fds, terminal, place(first));
            t.fs.mounts.hold();
            var further = new Further(t.group, terminal, atExit);
            t.group.atExit.add(further);
            done.started(t.group.pidIn(pids()), further, null);
        } catch (Failure e) {
            for (int fd : files) HostCall.call(SyscallNumber.CLOSE, fd);
            if (console != null) close(console);
            else if (consoleFd >= 0) HostCall.call(SyscallNumber.CLOSE, consoleFd);
            done.started(0, null, e);
        }
    }

    /**
     * A process started by {@link #exec}. Classes here, not lambdas: those the virtual machine makes
     * when it meets them.
     */
    private final class Further implements ThreadGroup.AtExit, SignalTarget {
        private final ThreadGroup group;
        private final HostConsole terminal;
        private final AtExit told;

        Further(ThreadGroup group, HostConsole terminal, AtExit told) {
            this.group = group;
            this.terminal = terminal;
            this.told = told;
        }

        @Override
        public void processEnded(ThreadGroup g) {
            int status = exitCode(g.exitStatus);
            if (terminal == null) told.ended(status);
            else finish(terminal, () -> told.ended(status));
        }

        @Override
        public void signal(int signo) { kernel.post(new Arrived(signo)); }

        private final class Arrived extends Event {
            private final int signo;

            Arrived(int signo) { this.signo = signo; }

            @Override
            protected void run(Kernel k) { Inside.signal(group, signo, terminal); }
        }
    }

    /** A further process sees the mounts that the first one sees now, from their root (as by setns(2)). */
    private void view(ContainerProcess p, Task first) {
        if (first == null || first.fs == null || first.fs.mounts == null) p.view(mounts, root);
        else p.view(first.fs.mounts, first.fs.mounts.top());
    }

    static void signal(ThreadGroup g, int signo, HostConsole terminal) {
        if (signo == 28 && terminal != null) terminal.resized();
        else if (!g.isZombie) Signals.send(g, SigInfo.user(signo, 0, 0, 0).fromOutside());
    }

    /** A signal from outside for the first process, or for all processes. */
    public final void signal(int signo, boolean all) {
        post(() -> {
            if (!all) {
                signalFirst(signo);
                return;
            }
            for (ThreadGroup g : ControlGroup.processes(kernel, controlGroup())) {
                Signals.send(g, SigInfo.user(signo, 0, 0, 0).fromOutside());
            }
        });
    }

    void signalFirst(int signo) { kernel.signalInit(signo, false); }

    /** Lets the first process go where the specification held it back. */
    public void release() { post(kernel::releaseInit); }

    /** Ends all processes, whatever they do. */
    public void abandon() { post(kernel::stop); }

    /** Gives {@code sink} the list of processes, from under the kernel's lock. */
    public final void processes(java.util.function.Consumer<ArrayList<ProcessInfo>> sink) {
        post(() -> {
            var list = new ArrayList<ProcessInfo>();
            for (ThreadGroup g : ControlGroup.processes(kernel, controlGroup())) {
                Task t = g.anyTask();
                if (t == null) continue;
                PidNamespace n = g.pidIn(pids()) == 0 ? g.pids : pids();
                list.add(new ProcessInfo(g.pidIn(n), g.parentIn(n), t.cred.uid, t.mm.space.hostPid(),
                        t.name));
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

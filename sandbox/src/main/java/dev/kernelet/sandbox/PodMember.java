package dev.kernelet.sandbox;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UtsNamespace;
import dev.kernelet.sentry.vfs.MountNamespace;

/**
 * A container that came to a sandbox which runs already: its mounts and its processes are its own, the kernel
 * is that of the pod's first container. Made by {@link Container#join}.
 */
public final class PodMember extends Inside {
    private ControlGroup controlGroup;
    private final PodFiles files;
    private final PodMember target;
    private UtsNamespace uts;
    private IpcNamespace ipc;
    /** Held; null: the sandbox's. */
    private PidNamespace pids;
    private boolean isReleased, isDeleted;
    private AtExit atExit;

    /** {@code target}: see {@link Container#join}. */
    PodMember(Kernel kernel, ContainerSpec spec, PodFiles files, PodMember target) {
        super(spec);
        this.target = target;
        this.kernel = kernel;
        this.files = files;
    }

    @Override
    ControlGroup controlGroup() { return controlGroup; }

    @Override
    Init.Place place(Task first) {
        var p = new Init.Place();
        p.controlGroup = controlGroup;
        p.uts = first == null ? uts : first.uts;
        p.ipc = first == null ? ipc : first.ipc;
        p.pids = pids;
        return p;
    }

    /** Makes mounts and first process, which waits. Kernel lock. */
    void make(int[] fds, int consoleFd, AtExit whenEnded) {
        atExit = whenEnded;
        controlGroup = ControlGroup.make(kernel);
        controlGroup.taskLimit = spec.pidsLimit;
        controlGroup.memoryLimit = spec.memoryLimit;
        controlGroup.cpuQuota = spec.cpuQuota;
        controlGroup.cpuPeriod = spec.cpuPeriod;
        controlGroup.cpuWeight = spec.cpuWeight;
        var first = new ContainerProcess(kernel, spec, spec.process);
        view = new ContainerView(kernel, spec, files, new MountNamespace(kernel.nextNamespace++));
        if (spec.ownsPids) pids = PidNamespace.make(kernel);
        else if (target != null) pids = target.pids;
        if (pids != null) pids.hold();
        view.pids = pids;
        view.controlGroup = controlGroup;
        boolean isMade = false;
        try {
            first.setup.fs.mounts = view.mounts.hold();
            view.mount(first.setup);
            mounts = view.mounts;
            root = first.setup.fs.root;
            if (spec.ownsUts) uts = new UtsNamespace(kernel, spec.hostname, spec.domainname);
            if (spec.ownsIpc) ipc = IpcNamespace.make(kernel);
            firstConsole = consoleFd < 0 ? null : openConsole(first, consoleFd, spec.process);
            if (firstConsole != null) view.bindConsole(first.setup, firstConsole);
            Init.Place place = place(null);
            place.isFirst = true;
            Task t = first.start(fds, firstConsole, place);
            init = t.group;
            init.atExit.add(g -> ended(exitCode(g.exitStatus)));
            isMade = true;
        } finally {
            if (!isMade) {
                if (firstConsole != null) close(firstConsole);
                else if (consoleFd >= 0) HostCall.call(SyscallNumber.CLOSE, consoleFd);
                view.mounts.put();
                release(view);
            }
        }
    }

    /** The first process has ended, and with it the others. */
    private void ended(int status) {
        controlGroup.kill(kernel);
        finish(firstConsole, () -> atExit.ended(status));
    }

    /** All its processes stand still, or go on. Under the kernel's lock. */
    public void freeze(boolean on, Runnable done) {
        post(() -> {
            if (on) controlGroup.freeze(kernel);
            else controlGroup.thaw(kernel);
            done.run();
        });
    }

    /** Other limits than it was made with; 0: unchanged, -1: none. */
    public void limits(long memory, int pids, long quota, long period, long weight) {
        post(() -> {
            if (pids != 0) controlGroup.taskLimit = Math.max(0, pids);
            if (memory != 0) controlGroup.memoryLimit = Math.max(0, memory);
            if (quota != 0) controlGroup.cpuQuota = Math.max(0, quota);
            if (period > 0) controlGroup.cpuPeriod = period;
            if (weight > 0) controlGroup.cpuWeight = weight;
        });
    }

    /** Takes what the container uses. Under the kernel's lock. */
    public interface UseSink {
        void take(long cpuNanos, long residentBytes, int tasks);
    }

    public void use(UseSink sink) {
        post(() -> sink.take(controlGroup.cpuNanos(kernel), ProcFs.residentBytes(kernel, controlGroup),
                controlGroup.tasks()));
    }

    private void release(ContainerView v) {
        v.release();
        controlGroup.end(kernel);
        if (pids != null) pids.put();
    }

    @Override
    PidNamespace pids() { return pids; }

    @Override
    void signalFirst(int signo) {
        signal(init, signo, firstConsole);
    }

    @Override
    public void release() {
        post(() -> {
            if (isReleased) return;
            isReleased = true;
            kernel.makeReady(init.leader);
        });
    }

    @Override
    public void abandon() { post(() -> controlGroup.kill(kernel)); }

    /**
     * Ends all processes and gives the container's files back; {@code done} gets the places that can be
     * unmounted. Under the kernel's lock.
     */
    public void delete(java.util.function.Consumer<String[]> done) {
        post(() -> {
            controlGroup.kill(kernel);
            if (!isDeleted) release(view);
            isDeleted = true;
            done.accept(files.unused());
        });
    }
}

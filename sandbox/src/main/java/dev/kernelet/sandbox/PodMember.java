package dev.kernelet.sandbox;

import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UtsNamespace;
import dev.kernelet.sentry.vfs.MountNamespace;

/**
 * A container that came to a sandbox which runs already: its mounts and its processes are its own, the kernel
 * is that of the pod's first container. Made by {@link Container#join}.
 */
public final class PodMember extends Inside {
    private final ControlGroup controlGroup = new ControlGroup();
    private final PodFiles files;
    private UtsNamespace uts;
    private IpcNamespace ipc;
    private boolean isReleased, isDeleted;
    private AtExit atExit;

    PodMember(Kernel kernel, ContainerSpec spec, PodFiles files) {
        super(spec);
        this.kernel = kernel;
        this.files = files;
        controlGroup.taskLimit = spec.pidsLimit;
    }

    @Override
    ControlGroup controlGroup() { return controlGroup; }

    @Override
    Init.Place place(Task first) {
        var p = new Init.Place();
        p.controlGroup = controlGroup;
        p.uts = first == null ? uts : first.uts;
        p.ipc = first == null ? ipc : first.ipc;
        return p;
    }

    /** Makes mounts and first process, which waits. Kernel lock. */
    void make(int[] fds, int consoleFd, AtExit whenEnded) {
        atExit = whenEnded;
        var first = new ContainerProcess(kernel, spec, spec.process);
        view = new ContainerView(kernel, spec, files, new MountNamespace(kernel.nextNamespace++));
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
                view.mounts.put();
                view.release();
            }
        }
    }

    /** The first process has ended, and with it the others. */
    private void ended(int status) {
        controlGroup.kill(kernel);
        if (firstConsole != null) {
            firstConsole.drain();
            close(firstConsole);
        }
        atExit.ended(status);
    }

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
            if (!isDeleted) view.release();
            isDeleted = true;
            done.accept(files.unused());
        });
    }
}

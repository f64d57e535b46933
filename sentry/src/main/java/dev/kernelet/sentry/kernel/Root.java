package dev.kernelet.sentry.kernel;

/** The parts of a kernel that lower packages reach through it: set once while the sandbox is put together. */
public final class Root {
    public final Kernel kernel;
    /** Parts by family, each cast by the package that owns it. */
    public Object sockets, ipc, devices, filesystems, tmpfs, tty, inotify, proc, reactor, imported, locks;

    Root(Kernel kernel) { this.kernel = kernel; }
}

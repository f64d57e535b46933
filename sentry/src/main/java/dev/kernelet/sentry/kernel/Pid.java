package dev.kernelet.sentry.kernel;

/**
 * The numbers of a thread, process, process group or session in each PID namespace that sees it (struct pid).
 * What has ended keeps them: messages, sockets and IPC objects remember who it was. In the sandbox's own
 * namespace there is none until somebody has to remember. Kernel lock.
 */
public final class Pid {
    /** In the sandbox's own namespace: the number that the kernel itself goes by. */
    public final int number;
    /** Where it lives; null: the sandbox's own namespace. */
    final PidNamespace namespace;
    /** In the namespaces of levels 1 up to {@link #namespace}'s; null in the sandbox's own. */
    private final int[] inner;

    Pid(int number, PidNamespace namespace, int[] inner) {
        this.number = number;
        this.namespace = namespace;
        this.inner = inner;
    }

    /** As its own processes see it. */
    int own() { return inner == null ? number : inner[inner.length - 1]; }

    /** As processes of {@code viewer} see it (null: the sandbox's own); 0: not at all. */
    public int in(PidNamespace viewer) {
        if (viewer == null) return number;
        return inner != null && namespace.isWithin(viewer) ? inner[viewer.level - 1] : 0;
    }

    /** Likewise, of one that may be null: nobody. */
    public static int in(Pid p, PidNamespace viewer) { return p == null ? 0 : p.in(viewer); }
}

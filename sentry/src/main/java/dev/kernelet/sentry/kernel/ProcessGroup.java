package dev.kernelet.sentry.kernel;

import java.util.ArrayList;

/** A process group: a job of a shell (setpgid(2), credentials(7)). Kernel lock. */
public final class ProcessGroup {
    /** In the sandbox's own namespace. */
    public final int id;
    /** In inner namespaces; null: in none. */
    private final Pid numbers;
    public final Session session;
    public final ArrayList<ThreadGroup> members = new ArrayList<>();

    /** The group that {@code first} founds. */
    ProcessGroup(ThreadGroup first, Session session) {
        id = first.pid;
        numbers = first.numbers();
        this.session = session;
        session.groups.add(this);
    }

    /** As a process of {@code viewer} sees it; 0: not at all. */
    public int idIn(PidNamespace viewer) { return viewer == null ? id : Pid.in(numbers, viewer); }

    /** Where it has numbers; null: in the sandbox's own namespace alone. */
    PidNamespace pids() { return numbers == null ? null : numbers.namespace; }

    /**
     * An orphaned group: no member has a parent in another group of the same session (setpgid(2)); {@code
     * leaving} is taken as gone already. Nobody could continue its stopped members.
     */
    boolean isOrphaned(ThreadGroup leaving) {
        for (int i = 0; i < members.size(); i++) {
            ThreadGroup g = members.get(i);
            if (g == leaving || g.isZombie) continue;
            // The first process's parent is outside.
            if (g == g.kernel.init && !g.kernel.job.isOrphaned()) return false;
            if (g.tasks.isEmpty() && g.children.isEmpty() || g.parent == null) continue;
            if (g.parent.processGroup == null) continue;
            if (g.parent.processGroup != this && g.parent.processGroup.session == session) return false;
        }
        return true;
    }

    public boolean isOrphaned() { return isOrphaned(null); }

    boolean hasStopped() {
        for (int i = 0; i < members.size(); i++) if (members.get(i).isStopped) return true;
        return false;
    }
}

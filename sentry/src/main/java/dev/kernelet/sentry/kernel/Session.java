package dev.kernelet.sentry.kernel;

import java.util.ArrayList;

/** A session (setsid(2)): process groups under one controlling terminal. Kernel lock. */
public final class Session {
    /** In the sandbox's own namespace. */
    public final int id;
    /** In inner namespaces; null: in none. */
    private final Pid numbers;
    public ThreadGroup leader;
    public final ArrayList<ProcessGroup> groups = new ArrayList<>();
    /** The controlling terminal, or null. Told when the leader ends. */
    public ControllingTerminal tty;

    /** What the kernel needs of a terminal. */
    public interface ControllingTerminal {
        /**
         * The session leader has ended: hang up (SIGHUP and SIGCONT to the foreground group), give the
         * session up.
         */
        void leaderExited(Session session);

        /** tty_nr as in /proc/PID/stat. */
        int deviceNumber();

        /** The foreground process group's id as {@code viewer} sees it (0: not at all), or -1. */
        int foregroundIn(PidNamespace viewer);

        /** Becomes the controlling terminal of {@code session}, {@code leader}'s group its foreground. */
        void attach(Session session, ThreadGroup leader);

        /** A signal of the host's line discipline, when this is the caller's terminal. */
        void signalled(int signo);
    }

    Session(ThreadGroup leader) {
        id = leader.pid;
        numbers = leader.numbers();
        this.leader = leader;
    }

    /** As a process of {@code viewer} sees it; 0: not at all. */
    public int idIn(PidNamespace viewer) { return viewer == null ? id : Pid.in(numbers, viewer); }
}

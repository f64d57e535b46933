package dev.kernelet.sentry.kernel;

import java.util.ArrayList;

/** A session (setsid(2)): process groups under one controlling terminal. Kernel lock. */
public final class Session {
    public final int id;
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

        /** The foreground process group's id, or -1. */
        int foregroundGroup();

        /** Becomes the controlling terminal of {@code session}, {@code leader}'s group its foreground. */
        void attach(Session session, ThreadGroup leader);

        /** A signal of the host's line discipline, when this is the caller's terminal. */
        void signalled(int signo);
    }

    Session(int id, ThreadGroup leader) {
        this.id = id;
        this.leader = leader;
    }

    public ProcessGroup group(int pgid) {
        for (int i = 0; i < groups.size(); i++) if (groups.get(i).id == pgid) return groups.get(i);
        return null;
    }
}

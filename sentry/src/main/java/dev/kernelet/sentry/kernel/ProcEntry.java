package dev.kernelet.sentry.kernel;

/** What /proc shows of a process or thread. Kernel lock. */
public interface ProcEntry {
    /** Its number is free again: no cached name may keep it, and with it all that the process was. */
    void ended();
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.ENOSYS;

/**
 * What comes between a trap and the handler for the few tasks that ask for it: one word of the task, {@link Task#entryWork}, tells
 * whether there is anything, so all others pay one test. Kernel lock.
 */
final class SyscallEntry {
    /** Bits of {@link Task#entryWork}: a filter or strict mode. */
    static final int SECCOMP = 1;

    /** The handler is to be run. */
    static final long PROCEED = Long.MIN_VALUE + 3;

    private SyscallEntry() {}

    /** PROCEED, or what the call ends with instead, or GONE. */
    static long enter(Task t) {
        return (t.entryWork & SECCOMP) != 0 ? Seccomp.check(t, false) : PROCEED;
    }

    /** Whether what is to be done before the call comes to nothing each time. */
    static boolean mayBeUnseen(Task t, int nr) {
        return (t.entryWork & ~SECCOMP) == 0 && Seccomp.alwaysAllows(t, nr);
    }

    /** SECCOMP_RET_TRACE: without a tracer the call fails. */
    static long seccompStop(Task t, int data) { return -ENOSYS; }
}

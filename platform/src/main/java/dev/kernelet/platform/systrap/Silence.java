package dev.kernelet.platform.systrap;

import dev.kernelet.host.HostProc;

/**
 * Looks at a stub's thread that has not answered an order for a while: one that lacks a processor or waits
 * for a disk has time until the deadline, but while the Sentry waits nobody else is served. So a thread that
 * is not about its order at all loses its process at once: one that sleeps in a call no order makes, or
 * computes what no order needs. An application can bring that about by an event of its own making, while its
 * thread is not in the stub. One for all waits of a process: what is found within a while adds up.
 */
final class Silence {
    static final int PERIOD_MILLIS = 250;
    /** In clock ticks, hundredths of a second (proc_pid_stat(5)): an order takes some microseconds. */
    private static final long USER_TICKS = 20;
    private static final int LOOKS = 2;
    /** A stub wakes who sleeps for its answer; it may lose its processor just before that, but not often. */
    private static final int UNSAID = 3;

    /** A sandbox that is frozen now and then and thaws one by one is no sin. */
    private static final long MEMORY_NANOS = 10_000_000_000L;

    private final int pid;
    private int asleep, unsaid;
    private long user, userBefore, since;

    Silence(int pid) { this.pid = pid; }

    /** Nobody was woken, and the answer is there: true when that is no accident any more. */
    boolean isUnsaid() {
        forget();
        return ++unsaid >= UNSAID;
    }

    private void forget() {
        long now = System.nanoTime();
        if (now - since > MEMORY_NANOS) {
            asleep = unsaid = 0;
            user = 0;
        }
        since = now;
    }

    /** True: it will not answer. Every {@link #PERIOD_MILLIS}, {@code looks} times before in this wait. */
    boolean isRefusal(long tid, int looks) {
        forget();
        String thread = pid + "/task/" + tid + "/";
        String stat = HostProc.read(thread + "stat");
        int at = stat.lastIndexOf(')') + 2;
        // A thread that has ended behind the Sentry's back: its process may go on without it.
        boolean isGone = at < 2 || at >= stat.length() || stat.charAt(at) == 'Z' || stat.charAt(at) == 'X';
        if (isGone) return ++asleep >= LOOKS;
        if (stat.charAt(at) == 'S') {
            // A stopped or frozen one has other states, one in a page fault no call (proc_pid_syscall(5)).
            String call = HostProc.read(thread + "syscall");
            boolean waits = call.startsWith("202 ") || call.startsWith("47 "); // futex, recvmsg
            if (waits) asleep++;
            return asleep >= LOOKS;
        }
        for (int field = 3; field < 14 && at > 0; field++) at = stat.indexOf(' ', at) + 1;
        int end = stat.indexOf(' ', at);
        if (at <= 0 || end < 0) return false;
        long now = Long.parseLong(stat, at, end, 10);
        if (looks > 0) user += now - userBefore;
        userBefore = now;
        return user >= USER_TICKS;
    }
}

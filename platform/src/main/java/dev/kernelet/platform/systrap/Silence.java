package dev.kernelet.platform.systrap;

import dev.kernelet.host.HostProc;

/**
 * Looks at a stub's thread that has not answered an order for a while: one that lacks a processor or waits
 * for a disk has time until the deadline, but while the Sentry waits nobody else is served. So a thread that
 * is not about its order at all loses its process at once: one that sleeps in a call no order makes, or
 * computes what no order needs. An application can bring that about by an event of its own making, while its
 * thread is not in the stub.
 */
final class Silence {
    static final int PERIOD_MILLIS = 250;
    /** In clock ticks, hundredths of a second (proc_pid_stat(5)): an order takes some microseconds. */
    private static final long USER_TICKS = 20;
    private static final int LOOKS = 2;

    private final String thread;
    private int asleep;
    private long userAtFirst = -1;

    Silence(int pid, long tid) { thread = pid + "/task/" + tid + "/"; }

    /** True: it will not answer. Called every {@link #PERIOD_MILLIS}. */
    boolean isRefusal() {
        String stat = HostProc.read(thread + "stat");
        int at = stat.lastIndexOf(')') + 2;
        if (at < 2 || at >= stat.length()) return false; // gone: others will tell
        if (stat.charAt(at) == 'S') {
            // A stopped or frozen one has other states, one in a page fault no call (proc_pid_syscall(5)).
            String call = HostProc.read(thread + "syscall");
            boolean waits = call.startsWith("202 ") || call.startsWith("47 "); // futex, recvmsg
            asleep = waits ? asleep + 1 : 0;
            return asleep >= LOOKS;
        }
        asleep = 0;
        for (int field = 3; field < 14 && at > 0; field++) at = stat.indexOf(' ', at) + 1;
        int end = stat.indexOf(' ', at);
        if (at <= 0 || end < 0) return false;
        long user = Long.parseLong(stat, at, end, 10);
        if (userAtFirst < 0) userAtFirst = user;
        return user - userAtFirst >= USER_TICKS;
    }
}

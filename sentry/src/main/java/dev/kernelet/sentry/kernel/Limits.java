package dev.kernelet.sentry.kernel;

/** getrlimit(2): soft and hard limits of a process. */
public final class Limits {
    public static final int CPU = 0, FSIZE = 1, DATA = 2, STACK = 3, CORE = 4, RSS = 5, NPROC = 6, NOFILE = 7, MEMLOCK = 8,
            AS = 9, LOCKS = 10, SIGPENDING = 11, MSGQUEUE = 12, NICE = 13, RTPRIO = 14, RTTIME = 15, COUNT = 16;
    public static final long INFINITY = -1;

    private final long[] soft = new long[COUNT], hard = new long[COUNT];

    public Limits() {
        java.util.Arrays.fill(soft, INFINITY);
        java.util.Arrays.fill(hard, INFINITY);
        set(STACK, 8 << 20, INFINITY);
        set(CORE, 0, INFINITY);
        set(NOFILE, 1024, 1 << 20);
        set(MEMLOCK, 8 << 20, 8 << 20);
        set(MSGQUEUE, 819200, 819200);
        set(NICE, 0, 0);
        set(RTPRIO, 0, 0);
        set(SIGPENDING, 96000, 96000);
        set(NPROC, 96000, 96000);
    }

    /** The raw value, RLIM_INFINITY as -1. */
    public long rawSoft(int r) { return soft[r]; }

    public long rawHard(int r) { return hard[r]; }

    /** The value to compare with: infinity is Long.MAX_VALUE. */
    public long soft(int r) { return soft[r] < 0 ? Long.MAX_VALUE : soft[r]; }

    public long hard(int r) { return hard[r] < 0 ? Long.MAX_VALUE : hard[r]; }

    public void set(int r, long softValue, long hardValue) {
        soft[r] = softValue;
        hard[r] = hardValue;
    }

    public Limits copy() {
        var c = new Limits();
        System.arraycopy(soft, 0, c.soft, 0, COUNT);
        System.arraycopy(hard, 0, c.hard, 0, COUNT);
        return c;
    }
}

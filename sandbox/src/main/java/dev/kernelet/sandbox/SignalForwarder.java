package dev.kernelet.sandbox;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Event;
import dev.kernelet.sentry.kernel.Kernel;

/**
 * Gives signals that are sent to the launcher's process to the first program inside. They are blocked in all
 * threads (launcher.c); one thread reads them from a signalfd(2).
 */
final class SignalForwarder implements Runnable {
    private static final int SFD_CLOEXEC = 0x80000, SIGINFO_SIZE = 128, SIGCHLD = 17, SIGCONT = 18, SI_KERNEL = 0x80;

    private final Kernel kernel;
    private final Filter filter;
    private long fd = -1;
    private long buffer;

    /** Takes signals that are not for the program. */
    interface Filter {
        boolean takes(int signal);
    }

    /** {@code filter}: null for none. */
    SignalForwarder(Kernel kernel, Filter filter) {
        this.kernel = kernel;
        this.filter = filter;
    }

    void start() {
        buffer = Memory.allocate(SIGINFO_SIZE);
        Memory.putLong(buffer, Inherited.FORWARDED_SIGNALS & ~(1L << SIGCHLD - 1));
        fd = HostCall.call(SyscallNumber.SIGNALFD4, -1, buffer, 8, SFD_CLOEXEC);
        if (fd < 0) return;
        var thread = new Thread(null, this, "signals", 64 << 10);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void run() {
        while (HostCall.call(SyscallNumber.READ, fd, buffer, SIGINFO_SIZE) == SIGINFO_SIZE) {
            int signal = Memory.getInt(buffer);
            // The terminal's own (^C): for all that runs in the foreground.
            boolean isTerminals = Memory.getInt(buffer + 8) == SI_KERNEL;
            if (filter != null && filter.takes(signal)) continue;
            deliver(signal, isTerminals);
        }
    }

    void deliver(int signal, boolean isTerminals) {
        if (signal == SIGCONT) kernel.job.continued();
        kernel.post(new Arrived(signal, isTerminals));
    }

    private static final class Arrived extends Event {
        private final int signal;

        private final boolean isTerminals;

        Arrived(int signal, boolean isTerminals) {
            this.signal = signal;
            this.isTerminals = isTerminals;
        }

        @Override
        protected void run(Kernel k) { k.signalInit(signal, isTerminals); }
    }
}

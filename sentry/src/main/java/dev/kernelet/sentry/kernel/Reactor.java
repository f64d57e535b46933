package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.wait.WaitQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Tells when host descriptors become ready: one thread in epoll_wait(2), started with the first descriptor
 * that somebody waits for. It never takes the kernel lock but posts each {@link Watch}, which then wakes its
 * queue.
 *
 * <p>Edge triggered, on demand: who finds a descriptor not ready {@link #arm}s the conditions it wants. They
 * stay armed while they fire for someone; a condition that fires when nobody waits is dropped until it is
 * asked for again, so that a pipe that is written all the time costs nothing here. What happened before the
 * arming counts: epoll reports it at once.
 */
public final class Reactor {
    private static final int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
    private static final int EPOLLET = 1 << 31, EPOLL_CLOEXEC = 0x80000;
    private static final int BATCH = 64;

    /** A host descriptor and those who wait for it. */
    public static final class Watch extends Event {
        public final int fd;
        public final WaitQueue queue = new WaitQueue();
        private final Reactor reactor;
        private int index = -1, armed;
        /** Conditions reported by the thread and not yet passed on; the watch is posted while not 0. */
        private final AtomicInteger pending = new AtomicInteger();

        private Watch(Reactor reactor, int fd) {
            this.reactor = reactor;
            this.fd = fd;
        }

        @Override
        protected void run(Kernel kernel) {
            int events = pending.getAndSet(0);
            if (index < 0) return;
            if (queue.isEmpty()) {
                reactor.disarm(this, events);
                return;
            }
            // POLLRDNORM and POLLWRNORM are what epoll calls by their other names.
            if ((events & 1) != 0) events |= 0x40;
            if ((events & 4) != 0) events |= 0x100;
            queue.wake(events);
        }
    }

    private final Kernel kernel;
    private int epoll = -1;
    private final long event = Memory.allocate(16);
    private volatile AtomicReferenceArray<Watch> watches = new AtomicReferenceArray<>(64);
    private int used;
    private int[] free = new int[64];
    private int freeCount;

    private Reactor(Kernel kernel) { this.kernel = kernel; }

    public static Reactor of(Kernel kernel) {
        if (kernel.root.reactor == null) kernel.root.reactor = new Reactor(kernel);
        return (Reactor) kernel.root.reactor;
    }

    public Watch watch(int fd) { return new Watch(this, fd); }

    /** poll(2) of a host descriptor without waiting; {@code scratch}: 8 bytes. */
    public static int ask(long scratch, int fd, int conditions) {
        Memory.putInt(scratch, fd);
        Memory.putInt(scratch + 4, conditions & 0xffff);
        return HostCall.call(POLL, scratch, 1, 0) > 0 ? Memory.getUnsignedShort(scratch + 6) : 0;
    }

    /** What to ask a host descriptor of a file for. */
    public static int wanted(OpenFile f) {
        int in = OpenFile.POLLIN | OpenFile.POLLPRI | OpenFile.POLLRDHUP | OpenFile.POLLRDNORM;
        return (f.isReadable() ? in : 0) | (f.isWritable() ? OpenFile.POLLOUT | OpenFile.POLLWRNORM : 0);
    }

    /** What is to be armed after that answer: whoever asks may be about to wait for what is not there yet. */
    public static int missing(OpenFile f, int now) {
        if ((now & OpenFile.POLLHUP) != 0) return 0;
        int in = OpenFile.POLLIN | OpenFile.POLLRDHUP | OpenFile.POLLPRI;
        return (f.isReadable() && (now & OpenFile.POLLIN) == 0 ? in : 0)
                | (f.isWritable() && (now & OpenFile.POLLOUT) == 0 ? OpenFile.POLLOUT : 0);
    }

    /**
     * Asks for POLL* conditions to be reported to the watch's queue, also if they hold already. 0 or -errno
     * (-EPERM: the descriptor is of a kind that is always ready).
     */
    public long arm(Watch w, int conditions) {
        int wanted = w.armed | conditions;
        if (wanted == w.armed && w.index >= 0) return 0;
        if (epoll < 0) {
            long r = start();
            if (r < 0) return r;
        }
        int operation = EPOLL_CTL_MOD;
        if (w.index < 0) {
            operation = EPOLL_CTL_ADD;
            enter(w);
        }
        long r = control(operation, w, wanted);
        if (r < 0) {
            if (operation == EPOLL_CTL_ADD) leave(w);
            return r;
        }
        w.armed = wanted;
        return 0;
    }

    private void disarm(Watch w, int conditions) {
        int left = w.armed & ~conditions;
        if (left == w.armed) return;
        w.armed = left;
        control(EPOLL_CTL_MOD, w, left);
    }

    /** Before the descriptor is closed. */
    public void remove(Watch w) {
        if (w.index < 0) return;
        control(EPOLL_CTL_DEL, w, 0);
        leave(w);
        w.armed = 0;
    }

    private long control(int operation, Watch w, int conditions) {
        Memory.putInt(event, conditions | EPOLLET);
        Memory.putLong(event + 4, w.index);
        return HostCall.call(EPOLL_CTL, epoll, operation, w.fd, event);
    }

    private void enter(Watch w) {
        int i = freeCount > 0 ? free[--freeCount] : used++;
        AtomicReferenceArray<Watch> a = watches;
        if (i >= a.length()) {
            var more = new AtomicReferenceArray<Watch>(a.length() * 2);
            for (int j = 0; j < a.length(); j++) more.set(j, a.get(j));
            watches = a = more;
        }
        a.set(i, w);
        w.index = i;
    }

    private void leave(Watch w) {
        watches.set(w.index, null);
        if (freeCount == free.length) free = java.util.Arrays.copyOf(free, freeCount * 2);
        free[freeCount++] = w.index;
        w.index = -1;
    }

    private long start() {
        long fd = HostCall.call(EPOLL_CREATE1, EPOLL_CLOEXEC);
        if (fd < 0) return fd;
        epoll = (int) fd;
        var thread = new Thread(null, this::loop, "reactor", 256 << 10);
        thread.setDaemon(true);
        thread.start();
        return 0;
    }

    /**
     * The thread. A report about a place that has a new owner by now wakes that one for nothing, which is
     * harmless.
     */
    private void loop() {
        long events = Memory.allocate(BATCH * 12);
        for (;;) {
            long n = HostCall.call(EPOLL_PWAIT, epoll, events, BATCH, -1, 0, 8);
            if (n < 0 && n != -dev.kernelet.abi.Errno.EINTR) {
                DebugLog.warn("reactor: epoll_wait: " + n);
                return;
            }
            AtomicReferenceArray<Watch> a = watches;
            for (int i = 0; i < n; i++) {
                long p = events + 12L * i;
                Watch w = a.get(Memory.getInt(p + 4));
                if (w == null) continue;
                int conditions = Memory.getInt(p);
                int before = w.pending.getAndUpdate(x -> x | conditions);
                if (before == 0 && conditions != 0) kernel.post(w);
            }
        }
    }
}

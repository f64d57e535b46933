package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.anon.EpollFile;
import dev.kernelet.sentry.fs.anon.EventFile;
import dev.kernelet.sentry.fs.pipe.PipeFile;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** System calls that wait for descriptors, and those that make pipes and event descriptors. */
final class SysPoll {
    private static final int O_CLOEXEC = 0x80000, O_NONBLOCK = 0x800, O_DIRECT = 0x4000, O_PATH = 0x200000;
    private static final int POLL_ALWAYS = OpenFile.POLLERR | OpenFile.POLLHUP;
    private static final int IN_SET = OpenFile.POLLRDNORM | OpenFile.POLLRDBAND | OpenFile.POLLIN | OpenFile.POLLHUP
            | OpenFile.POLLERR;
    private static final int OUT_SET = OpenFile.POLLWRBAND | OpenFile.POLLWRNORM | OpenFile.POLLOUT | OpenFile.POLLERR;
    private static final int EX_SET = OpenFile.POLLPRI;
    private static final int EPOLL_MAX_EVENTS = Integer.MAX_VALUE / 12;
    private static final int EPOLL_BATCH = 1 << 16;

    private SysPoll() {}

    /** poll(2). */
    static long poll(Task t, long fds, int nfds, int timeoutMillis) {
        if (t.isFirstRun() && timeoutMillis > 0) t.setDeadline(t.kernel.now() + timeoutMillis * 1_000_000L);
        long r = pollOnce(t, fds, nfds, timeoutMillis == 0);
        return r == -ERESTARTSYS ? t.restartBlock() : r;
    }

    /** ppoll(2): the remaining time is not written back (the C library hides it anyway; a null-safe Linux detail). */
    static long ppoll(Task t, long fds, int nfds, long timeout, long sigmask, long sigsetSize) {
        long r = beginTimed(t, timeout, sigmask, sigsetSize);
        if (r < 0) return r;
        r = pollOnce(t, fds, nfds, r == 1);
        if (r != Task.BLOCKED && timeout != 0) writeRemaining(t, timeout, false);
        return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
    }

    /** First run: mask and deadline. 1: do not wait (zero timeout), 0: may wait, or -errno. */
    private static long beginTimed(Task t, long timeout, long sigmask, long sigsetSize) {
        if (t.isFirstRun()) {
            if (timeout != 0) {
                long nanos = TimeStructs.timespec(t, timeout);
                if (nanos < 0) return nanos;
                t.s3 = nanos == 0 ? 1 : 0;
                if (nanos > 0) t.setDeadline(TimeStructs.deadline(t, nanos));
            }
            if (sigmask != 0) {
                if (sigsetSize != 8) return -EINVAL;
                long p = t.mem.in(sigmask, 8);
                if (p < 0) return p;
                t.signals.setTemporaryMask(Memory.getLong(p));
            }
        }
        return t.s3;
    }

    private static void writeRemaining(Task t, long timeout, boolean isTimeval) {
        if (t.s3 == 1) return;
        long left = t.isTimedOut() ? 0 : Math.max(0, t.deadline() - t.kernel.now());
        long p = t.mem.scratch(16);
        Memory.putLong(p, left / 1_000_000_000);
        Memory.putLong(p + 8, isTimeval ? left % 1_000_000_000 / 1000 : left % 1_000_000_000);
        // A read-only timespec is no error (ppoll(2) notes it).
        t.mem.out(timeout, p, 16);
    }

    private static long pollOnce(Task t, long fds, int nfds, boolean isImmediate) {
        if (Integer.toUnsignedLong(nfds) > t.group.limits.soft(Limits.NOFILE)) return -EINVAL;
        int bytes = nfds * 8;
        long p = t.mem.in(fds, bytes);
        if (p < 0) return p;
        int ready = 0;
        for (int i = 0; i < nfds; i++) {
            long e = p + 8L * i;
            int fd = Memory.getInt(e);
            int revents = 0;
            if (fd >= 0) {
                OpenFile f = t.fds.get(fd);
                revents = f == null || (f.flags & O_PATH) != 0 ? OpenFile.POLLNVAL
                        : f.poll(t) & (Memory.getUnsignedShort(e + 4) | POLL_ALWAYS);
            }
            Memory.putShort(e + 6, (short) revents);
            if (revents != 0) ready++;
        }
        if (ready > 0 || isImmediate || t.isTimedOut()) {
            long r = nfds == 0 ? 0 : t.mem.out(fds, p, bytes);
            return r < 0 ? r : ready;
        }
        for (int i = 0; i < nfds; i++) {
            long e = p + 8L * i;
            int fd = Memory.getInt(e);
            OpenFile f = fd < 0 ? null : t.fds.get(fd);
            if (f != null && f.waitQueue() != null) {
                t.waitOn(f.waitQueue(), Memory.getUnsignedShort(e + 4) | POLL_ALWAYS, false);
            }
        }
        return t.block();
    }

    /** select(2). */
    static long select(Task t, int n, long in, long out, long ex, long timeval) {
        if (t.isFirstRun() && timeval != 0) {
            long nanos = TimeStructs.timeval(t, timeval);
            if (nanos < 0) return nanos;
            t.s3 = nanos == 0 ? 1 : 0;
            if (nanos > 0) t.setDeadline(TimeStructs.deadline(t, nanos));
        }
        long r = selectOnce(t, n, in, out, ex);
        if (r != Task.BLOCKED && timeval != 0) writeRemaining(t, timeval, true);
        return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
    }

    /** pselect(2). The last argument points to { sigset_t *, size_t }. */
    static long pselect6(Task t, int n, long in, long out, long ex, long timeout, long maskArgument) {
        long mask = 0, size = 8;
        if (t.isFirstRun() && maskArgument != 0) {
            long p = t.mem.in(maskArgument, 16);
            if (p < 0) return p;
            mask = Memory.getLong(p);
            size = Memory.getLong(p + 8);
        }
        long r = beginTimed(t, timeout, mask, size);
        if (r < 0) return r;
        r = selectOnce(t, n, in, out, ex);
        if (r != Task.BLOCKED && timeout != 0) writeRemaining(t, timeout, false);
        return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
    }

    private static long selectOnce(Task t, int n, long in, long out, long ex) {
        if (n < 0) return -EINVAL;
        n = Math.min(n, Math.max(t.fds.end(), 64));
        int bytes = n + 63 >> 6 << 3;
        long pin = in == 0 ? 0 : t.mem.in(in, bytes);
        if (pin < 0) return pin;
        long pout = out == 0 ? 0 : t.mem.in(out, bytes);
        if (pout < 0) return pout;
        long pex = ex == 0 ? 0 : t.mem.in(ex, bytes);
        if (pex < 0) return pex;
        long results = t.mem.scratch(3 * bytes);
        int ready = 0;
        for (int fd = 0; fd < n; fd++) {
            boolean wantIn = bit(pin, fd), wantOut = bit(pout, fd), wantEx = bit(pex, fd);
            if (!wantIn && !wantOut && !wantEx) continue;
            OpenFile f = t.fds.get(fd);
            if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
            int events = f.poll(t);
            if (wantIn && (events & IN_SET) != 0) ready += setBit(results, fd);
            if (wantOut && (events & OUT_SET) != 0) ready += setBit(results + bytes, fd);
            if (wantEx && (events & EX_SET) != 0) ready += setBit(results + 2 * bytes, fd);
        }
        if (ready > 0 || t.s3 == 1 || t.isTimedOut()) {
            long r = in == 0 || bytes == 0 ? 0 : t.mem.out(in, results, bytes);
            if (r >= 0 && out != 0 && bytes != 0) r = t.mem.out(out, results + bytes, bytes);
            if (r >= 0 && ex != 0 && bytes != 0) r = t.mem.out(ex, results + 2 * bytes, bytes);
            return r < 0 ? r : ready;
        }
        for (int fd = 0; fd < n; fd++) {
            int events = (bit(pin, fd) ? IN_SET : 0) | (bit(pout, fd) ? OUT_SET : 0) | (bit(pex, fd) ? EX_SET : 0);
            if (events == 0) continue;
            OpenFile f = t.fds.get(fd);
            if (f != null && f.waitQueue() != null) t.waitOn(f.waitQueue(), events, false);
        }
        return t.block();
    }

    private static boolean bit(long set, int fd) {
        return set != 0 && (Memory.getLong(set + (fd >> 6 << 3)) >>> fd & 1) != 0;
    }

    private static int setBit(long set, int fd) {
        long word = set + (fd >> 6 << 3);
        Memory.putLong(word, Memory.getLong(word) | 1L << fd);
        return 1;
    }

    // ---- epoll
    /** epoll_create(2). */
    static long epoll_create(Task t, int size) { return size <= 0 ? -EINVAL : epoll_create1(t, 0); }

    /** epoll_create1(2). */
    static long epoll_create1(Task t, int flags) {
        if ((flags & ~O_CLOEXEC) != 0) return -EINVAL;
        return t.fds.install(t, new EpollFile(), flags != 0);
    }

    /** epoll_ctl(2). */
    static long epoll_ctl(Task t, int epfd, int op, int fd, long event) {
        int events = 0;
        long data = 0;
        if (op != 2) {
            long p = t.mem.in(event, 12);
            if (p < 0) return p;
            events = Memory.getInt(p);
            data = Memory.getLong(p + 4);
        }
        OpenFile e = t.fds.get(epfd), f = t.fds.get(fd);
        if (e == null || f == null || ((e.flags | f.flags) & O_PATH) != 0) return -EBADF;
        if (f.waitQueue() == null) return -EPERM;
        return e instanceof EpollFile epoll ? epoll.control(t, op, fd, f, events, data) : -EINVAL;
    }

    /** epoll_wait(2). */
    static long epoll_wait(Task t, int epfd, long events, int max, int timeoutMillis) {
        if (t.isFirstRun() && timeoutMillis > 0) t.setDeadline(t.kernel.now() + timeoutMillis * 1_000_000L);
        return epollWait(t, epfd, events, max, timeoutMillis == 0);
    }

    /** epoll_pwait(2). */
    static long epoll_pwait(Task t, int epfd, long events, int max, int timeoutMillis, long sigmask, long size) {
        if (t.isFirstRun() && sigmask != 0) {
            if (size != 8) return -EINVAL;
            long p = t.mem.in(sigmask, 8);
            if (p < 0) return p;
            t.signals.setTemporaryMask(Memory.getLong(p));
        }
        return epoll_wait(t, epfd, events, max, timeoutMillis);
    }

    /** epoll_pwait2(2). */
    static long epoll_pwait2(Task t, int epfd, long events, int max, long timeout, long sigmask, long size) {
        long r = beginTimed(t, timeout, sigmask, size);
        return r < 0 ? r : epollWait(t, epfd, events, max, r == 1);
    }

    private static long epollWait(Task t, int epfd, long events, int max, boolean isImmediate) {
        if (max <= 0 || max > EPOLL_MAX_EVENTS) return -EINVAL;
        OpenFile f = t.fds.get(epfd);
        if (f == null) return -EBADF;
        if (!(f instanceof EpollFile epoll)) return -EINVAL;
        int n = Math.min(max, Math.min(EPOLL_BATCH, Math.max(64, epoll.count())));
        if (!t.mem.writable(events, 12L * max)) return -EFAULT;
        long p = t.mem.scratch(Math.min(n, 64) * 12);
        if (n > 64) p = t.mem.scratch(n * 12);
        n = epoll.collect(t, p, n);
        if (n > 0) {
            long r = t.mem.out(events, p, n * 12);
            return r < 0 ? r : n;
        }
        if (isImmediate || t.isTimedOut()) return 0;
        t.waitOn(epoll.waitQueue(), OpenFile.POLLIN, true);
        long r = t.block();
        return r == -ERESTARTSYS ? -EINTR : r;
    }

    // ---- eventfd and pipes
    /** eventfd(2). */
    static long eventfd(Task t, int initial) { return eventfd2(t, initial, 0); }

    /** eventfd2(2). */
    static long eventfd2(Task t, int initial, int flags) {
        if ((flags & ~(O_CLOEXEC | O_NONBLOCK | EventFile.EFD_SEMAPHORE)) != 0) return -EINVAL;
        return t.fds.install(t, new EventFile(initial, flags), (flags & O_CLOEXEC) != 0);
    }

    /** pipe(2). */
    static long pipe(Task t, long fds) { return pipe2(t, fds, 0); }

    /** pipe2(2). */
    static long pipe2(Task t, long fds, int flags) {
        if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) != 0) return -EINVAL;
        if (!t.mem.writable(fds, 8)) return -EFAULT;
        boolean cloexec = (flags & O_CLOEXEC) != 0;
        PipeFile[] ends = PipeFile.create(t, flags);
        long r = t.fds.install(t, ends[0], cloexec);
        if (r < 0) {
            ends[1].put(t);
            return r;
        }
        long w = t.fds.install(t, ends[1], cloexec);
        if (w < 0) {
            t.fds.close(t, (int) r);
            return w;
        }
        long p = t.mem.scratch(8);
        Memory.putInt(p, (int) r);
        Memory.putInt(p + 4, (int) w);
        return t.mem.out(fds, p, 8);
    }
}

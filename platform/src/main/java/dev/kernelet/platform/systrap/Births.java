package dev.kernelet.platform.systrap;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.process.Host;

/**
 * Nobody is born unasked: each clone(2) of a stub, which is also what an application gets that jumps into its
 * stub, waits in the host's kernel until this thread has looked whether the Sentry ordered it of that thread
 * (seccomp_unotify(2); filter.c, {@code births}). What it did not order fails, and its process is killed.
 * Registers alone say what a clone does, so nothing can change once it has been looked at. When the Sentry has
 * ended, the host answers in its place: ENOSYS.
 *
 * <p>Thread numbers are what stubs say. One that lies gives its order away to another, and is killed itself.
 */
final class Births extends Thread {
    private static final int ORDERS = 64;
    private static final int EPERM = 1, ENOENT = 2, SIGKILL = 9;

    private final long listener;
    // Orders under way: at most one a thread, of a worker or the template. This monitor, never held long.
    private final int[] tids = new int[ORDERS];
    private final boolean[] isUsed = new boolean[ORDERS];

    Births(int listener) {
        super("births");
        this.listener = listener;
        setDaemon(true);
    }

    /** This thread of a stub is about to be told to fork, or to start a thread. */
    synchronized void expect(int tid) {
        int i = 0;
        while (tids[i] != 0) i++;
        tids[i] = tid;
        isUsed[i] = false;
    }

    /** The order is done, or was lost. */
    synchronized void forget(int tid) {
        int i = 0;
        while (tids[i] != tid) i++;
        tids[i] = 0;
    }

    /** Its order, which is good for one birth; -1: none. */
    private synchronized int order(int tid) {
        for (int i = 0; i < ORDERS; i++) {
            if (tid > 0 && tids[i] == tid && !isUsed[i]) {
                isUsed[i] = true;
                return i;
            }
        }
        return -1;
    }

    /** A signal came between question and answer: it will ask again. */
    private synchronized void restore(int order, int tid) {
        if (tids[order] == tid) isUsed[order] = false;
    }

    @Override
    public void run() {
        long request = Memory.allocate(80 + 24);
        for (;;) {
            long r = Host.receiveNotification(listener, request);
            if (r == -Host.EINTR) continue;
            if (r == -ENOENT && !Host.isHungUp(listener, request)) continue; // it was killed meanwhile
            if (r < 0) break; // no stub is left
            int tid = Memory.getInt(request + 8);
            int order = order(tid);
            if (order < 0) Host.kill(tid, SIGKILL); // by a thread's number: all of its process
            r = Host.answer(listener, request + 80, Memory.getLong(request), order < 0 ? EPERM : 0);
            if (r == -ENOENT && order >= 0) restore(order, tid);
        }
        Memory.free(request);
        Host.close(listener);
    }
}

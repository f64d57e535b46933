package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;

/**
 * Orders noted in a context's window and carried out in one round trip. Only for spaces in which no
 * application code runs meanwhile. Kernel lock.
 */
final class Batch {
    private static final int EINVAL = 22;
    /** Descriptors that one message carries. */
    private static final int FDS_SENT = 6;

    private final SystrapCommands context;
    private int noted, notedFds;
    private final int[] fds = new int[FDS_SENT];
    private long data;
    /** Of the first order that failed, or 0. */
    long error;

    Batch(SystrapCommands context) { this.context = context; }

    void begin() {
        error = 0;
        empty();
    }

    private void empty() {
        noted = notedFds = 0;
        data = OFF_WINDOW + BATCH_DATA;
    }

    /** Does what was noted so far; after an error nothing more is done. */
    void carryOut() {
        int n = noted, descriptors = notedFds;
        empty();
        if (n == 0 || error < 0) return;
        long scratch = context.platform.sendScratch;
        for (int i = 0; i < descriptors; i++) Memory.putInt(scratch + 96 + 4L * i, fds[i]);
        long done = context.runNoted(n, descriptors);
        if (done == n) return;
        long e = done < 0 || done > n ? done : Memory.getLong(context.slot + OFF_WINDOW + done * BATCH_ENTRY);
        error = e < 0 && e > -4096 ? e : -EINVAL;
    }

    /** Notes an order; true always: a full list is carried out first. */
    boolean note(int op, int fd, long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (noted == BATCH_MAX) carryOut();
        long e = context.slot + OFF_WINDOW + (long) noted++ * BATCH_ENTRY;
        Memory.putInt(e, op);
        Memory.putInt(e + 4, fd);
        Memory.putLong(e + 8, nr);
        Memory.putLong(e + 16, a0);
        Memory.putLong(e + 24, a1);
        Memory.putLong(e + 32, a2);
        Memory.putLong(e + 40, a3);
        Memory.putLong(e + 48, a4);
        Memory.putLong(e + 56, a5);
        return true;
    }

    boolean noteMap(long address, long length, int prot, int flags, int hostFd, long offset) {
        if (noted == BATCH_MAX) carryOut();
        int i = 0;
        while (i < notedFds && fds[i] != hostFd) i++;
        if (i == FDS_SENT) {
            carryOut();
            i = 0;
        }
        if (i == notedFds) fds[notedFds++] = hostFd;
        return note(OP_HOST_CALL, i, 9, address, length, prot, flags, -1, offset);
    }

    /** False: too large to be noted, what came before it is done. */
    boolean noteCopy(long userAddress, long source, long length) {
        if (noted == BATCH_MAX || length > OFF_WINDOW + WINDOW_SIZE - data) carryOut();
        if (length > OFF_WINDOW + WINDOW_SIZE - data) return false;
        Memory.copy(source, context.slot + data, length);
        note(OP_COPY_OUT, -1, 0, data, userAddress, length, 0, 0, 0);
        data += length + 15 & ~15L;
        return true;
    }
}

package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/** eventfd(2). Kernel lock. */
public final class EventFile extends AnonFile {
    public static final int EFD_SEMAPHORE = 1;
    private final boolean isSemaphore;
    private long count;
    private final WaitQueue queue = new WaitQueue();

    public EventFile(int initial, int flags) {
        super(2 | flags & 0x800);
        count = Integer.toUnsignedLong(initial);
        isSemaphore = (flags & EFD_SEMAPHORE) != 0;
    }

    @Override
    public long read(Task t, long address, long length) {
        if (length < 8) return -EINVAL;
        if (count == 0) return -EAGAIN;
        long value = isSemaphore ? 1 : count;
        count -= value;
        Memory.putLong(address, value);
        queue.wake(POLLOUT);
        return 8;
    }

    @Override
    public long write(Task t, long address, long length) {
        if (length != 8) return -EINVAL;
        long value = Memory.getLong(address);
        if (value == -1) return -EINVAL;
        // The largest value that can be stored is 2^64 - 2 (eventfd(2)).
        if (Long.compareUnsigned(-2 - count, value) < 0) return -EAGAIN;
        count += value;
        if (value != 0) queue.wake(POLLIN);
        return 8;
    }

    /** It has no write_iter in Linux. */
    @Override
    public int rwFlags(boolean writes) { return writes ? RWF_HIPRI : super.rwFlags(false); }

    @Override
    public boolean isPacketLike() { return true; }

    @Override
    public int poll(Task t) {
        int events = count != 0 ? POLLIN : 0;
        if (count == -1) events |= POLLERR;
        if (Long.compareUnsigned(count, -2) < 0) events |= POLLOUT;
        return events;
    }

    @Override
    public WaitQueue waitQueue() { return queue; }

    @Override
    public String fdinfo(Task t) {
        return "eventfd-count: " + AnonInode.pad(Long.toHexString(count), 16)
                + "\neventfd-id: 0\neventfd-semaphore: " + (isSemaphore ? 1 : 0) + "\n";
    }

    @Override
    public String describe() { return "anon_inode:[eventfd]"; }
}

package dev.kernelet.sentry.fs.pipe;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.sentry.vfs.OpenFile.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.HeapBudget;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.wait.WaitQueue;

/** A pipe's buffer: a ring of bytes in native memory, allocated when first written and freed with the last end. Kernel lock. */
public final class Pipe {
    public static final int PIPE_BUF = 4096;
    public static final int DEFAULT_SIZE = 64 << 10;
    public static final int MAX_SIZE = 1 << 20;

    int readers, writers;
    /** How often an end was opened: lets a FIFO open notice one that came and went. */
    int readerOpens, writerOpens;
    public final WaitQueue queue = new WaitQueue();
    private long buffer;
    private int allocated;
    private int capacity = DEFAULT_SIZE;
    private int head, used;
    /** Lengths of packets (O_DIRECT), a ring; null while no packet was written. */
    private int[] packets;
    private int packetHead, packetCount;

    public int used() { return used; }

    public int room() {
        if (hasNoSlot()) return 0;
        return HeapBudget.isNativeShort() ? roomAsItIs() : capacity - used;
    }

    /** A packet takes a page of Linux's, however short it is. */
    private boolean hasNoSlot() { return packetCount >= capacity / PIPE_BUF; }

    /** Without growing. */
    private int roomAsItIs() { return Math.min(capacity, Math.max(allocated, PIPE_BUF)) - used; }

    public int capacity() { return capacity; }

    /** What is next was written as a packet (O_DIRECT) and is read as one. */
    public boolean hasPackets() { return packetCount > 0; }

    public boolean hasReaders() { return readers > 0; }

    public boolean hasWriters() { return writers > 0; }

    /** F_SETPIPE_SZ: the size set, or -errno. */
    public long setCapacity(long bytes, boolean privileged) {
        if (bytes < 0 || bytes > 1L << 31) return -EINVAL;
        if (bytes > MAX_SIZE && !privileged) return -EPERM;
        if (bytes > 1 << 26) return -ENOMEM;
        int size = PIPE_BUF;
        while (size < bytes) size <<= 1;
        if (size < used) return -EBUSY;
        capacity = size;
        if (buffer != 0) reallocate(Math.max(PIPE_BUF, Math.min(size, allocated)));
        queue.wake(POLLOUT | POLLWRNORM);
        return size;
    }

    /** Copies up to {@code length} bytes in; no atomicity rule here. */
    int put(long source, int length) {
        int n = Math.min(length, room());
        if (n <= 0) return 0;
        if (used + n > allocated) {
            int want = Math.max(allocated, PIPE_BUF);
            while (want < used + n) want <<= 1;
            reallocate(Math.min(want, capacity));
        }
        int at = head + used;
        if (at >= allocated) at -= allocated;
        int first = Math.min(n, allocated - at);
        Memory.copy(source, buffer + at, first);
        if (n > first) Memory.copy(source + first, buffer, n - first);
        used += n;
        return n;
    }

    /** Writes as much as fits and wakes readers: bytes, or -EAGAIN. */
    public int write(long source, int length) {
        int n = put(source, length);
        if (n == 0 && length > 0) return -EAGAIN;
        queue.wake(POLLIN | POLLRDNORM);
        return n;
    }

    boolean putPacket(long source, int length) {
        if (room() < length) return false;
        if (packets == null) packets = new int[16];
        if (packetCount == packets.length) {
            var more = new int[packetCount * 2];
            for (int i = 0; i < packetCount; i++) more[i] = packets[(packetHead + i) % packetCount];
            packets = more;
            packetHead = 0;
        }
        // First the bytes: with the packet there may be no slot left for them.
        put(source, length);
        packets[(packetHead + packetCount++) % packets.length] = length;
        queue.wake(POLLIN | POLLRDNORM);
        return true;
    }

    /** Copies up to {@code length} bytes from {@code skip} bytes behind the head, without taking them (tee(2)). */
    public int peek(long destination, int skip, int length) {
        int n = Math.min(length, used - skip);
        if (n <= 0) return 0;
        int at = head + skip;
        if (at >= allocated) at -= allocated;
        int first = Math.min(n, allocated - at);
        Memory.copy(buffer + at, destination, first);
        if (n > first) Memory.copy(buffer, destination + first, n - first);
        return n;
    }

    /** The address of the next unread bytes and, in {@link #contiguous}, how many lie there in one piece. */
    public long readAddress() { return buffer + head; }

    public int contiguous() { return Math.min(used, allocated - head); }

    /** Takes {@code n} bytes away and wakes writers when there is room again. */
    public void consume(int n) {
        // Also when a writer waits for want of memory that is there again.
        boolean wasFull = roomAsItIs() < PIPE_BUF;
        head += n;
        if (head >= allocated) head -= allocated;
        used -= n;
        if (used == 0) head = 0;
        if (wasFull && room() >= PIPE_BUF) queue.wake(POLLOUT | POLLWRNORM);
    }

    int read(long destination, int length) {
        if (packetCount > 0) return readPacket(destination, length);
        int n = peek(destination, 0, length);
        if (n > 0) consume(n);
        return n;
    }

    private int readPacket(long destination, int length) {
        boolean hadNone = hasNoSlot();
        int size = packets[packetHead];
        packetHead = (packetHead + 1) % packets.length;
        packetCount--;
        int n = peek(destination, 0, Math.min(length, size));
        consume(size);
        if (hadNone && room() >= PIPE_BUF) queue.wake(POLLOUT | POLLWRNORM);
        return n;
    }

    private void reallocate(int size) {
        long old = buffer;
        long fresh = Memory.allocate(size);
        if (old != 0) {
            int first = Math.min(used, allocated - head);
            Memory.copy(old + head, fresh, first);
            if (used > first) Memory.copy(old, fresh + first, used - first);
            Memory.free(old);
        }
        HeapBudget.buffers(size - allocated);
        buffer = fresh;
        allocated = size;
        head = 0;
    }

    void free() {
        if (buffer != 0) Memory.free(buffer);
        HeapBudget.buffers(-allocated);
        buffer = 0;
        allocated = used = head = 0;
        packetCount = 0;
    }

    /** The filesystem that pipe inodes belong to (pipefs). */
    static final class PipeFilesystem extends Filesystem {
        long nextIno = 1000;

        @Override
        public String type() { return "pipefs"; }

        @Override
        public long magic() { return 0x50495045; }
    }

    static final PipeFilesystem FILESYSTEM = new PipeFilesystem();
}

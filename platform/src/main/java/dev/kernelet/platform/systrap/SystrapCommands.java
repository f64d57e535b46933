package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.process.Host;

/**
 * What the Sentry has the stub of a stopped thread do for it: copies, mappings, host calls; each at once, or
 * noted to travel with the coming resume or in a {@link Batch}. {@link SystrapContext} is the rest of the
 * thread. (A class above it and not an object beside it: a context stays one object, and a field of it one
 * load away.)
 */
abstract class SystrapCommands extends ExecutionContext {
    static final int RUNNING = 0, STOPPED = 1, DEAD = 2;
    private static final int EFAULT = 14, ENAMETOOLONG = 36, EINVAL = 22, SCHED_SETAFFINITY = 203,
            SCHED_GETAFFINITY = 204;
    static final int ESRCH = 3;

    final SystrapAddressSpace space;
    final SystrapPlatform platform;
    final int index;
    /** The slot in the Sentry's mapping; the platform's graveyard once the arena is gone. */
    long slot;
    int state = STOPPED;
    long tid;
    /** It was asleep, or not born, when it was last resumed. */
    boolean woken;
    /** Copies noted for the coming resume; pieces of memory that came along with the event. */
    int deferred, pieces;

    SystrapCommands(SystrapAddressSpace space, int index) {
        this.space = space;
        this.platform = space.platform;
        this.index = index;
        this.slot = space.arena.slot(index);
    }

    /** The last command was not answered: the process is dead. */
    boolean lost;

    final void wake(long s) {
        platform.stubsWoken++;
        woken = true;
        Memory.putInt(s + OFF_AWAKE, 0);
        Host.futexWake(s + OFF_TURN, 1);
    }

    final long command(int op) {
        long s = slot;
        if (callPending) callNow();
        if (space.dead || state != STOPPED) {
            lost = true;
            return -ESRCH;
        }
        Memory.putInt(s + OFF_OP, op);
        Memory.putInt(s + OFF_SERVED, SERVED_TAKEN);
        boolean asleep = Memory.getAndSetInt(s + OFF_TURN, TURN_STUB) == TURN_SENTRY_ASLEEP;
        platform.commands++;
        if (asleep) wake(s);
        // A clone takes long: time for what the next one needs. Its child may need this processor: no
        // spinning for it.
        if (op == OP_FORK && this != platform.templateContext) platform.prepareArena();
        boolean isLong = asleep || op == OP_HOST_CALL || op == OP_MAP_FD || op == OP_BATCH;
        lost = !space.await(s, tid, op == OP_THREAD ? 0 : platform.spinTurns(isLong || op == OP_FORK));
        return lost ? -ESRCH : Memory.getLong(s + OFF_RESULT);
    }

    final long command(int op, long x, long y, long z) {
        long args = slot + OFF_ARGS;
        Memory.putLong(args, x);
        Memory.putLong(args + 8, y);
        Memory.putLong(args + 16, z);
        return command(op);
    }

    /** A copy command's result: bytes copied, whatever the stub says. */
    private long copied(long result, long length) {
        if (lost || result < 0) return 0;
        return Math.min(result, length);
    }

    /** copyIn and friends: EFAULT when the process is dead, else what was copied. */
    private long done(long n) { return n == 0 && lost ? -EFAULT : n; }

    @Override
    public long copyIn(long destination, long userAddress, long length) {
        int at = prefetched(userAddress, length);
        if (at >= 0) {
            Memory.copy(slot + OFF_WINDOW + at, destination, length);
            return length;
        }
        length = platform.traits.clamp(userAddress, length);
        lost = false;
        long total = 0;
        while (total < length) {
            long n = Math.min(length - total, length <= SMALL_SIZE ? SMALL_SIZE : BOUNCE_SIZE);
            int bounce = length <= SMALL_SIZE ? OFF_SMALL : OFF_BOUNCE;
            long got = copied(command(OP_COPY_IN, bounce, userAddress + total, n), n);
            Memory.copy(slot + bounce, destination + total, got);
            total += got;
            if (got < n) break;
        }
        return done(total);
    }

    @Override
    public long copyOut(long userAddress, long source, long length) {
        length = platform.traits.clamp(userAddress, length);
        if (batching && batch.noteCopy(userAddress, source, length)) return length;
        lost = false;
        long total = 0;
        while (total < length) {
            long n = Math.min(length - total, length <= SMALL_SIZE ? SMALL_SIZE : BOUNCE_SIZE);
            int bounce = length <= SMALL_SIZE ? OFF_SMALL : OFF_BOUNCE;
            Memory.copy(source + total, slot + bounce, n);
            long put = copied(command(OP_COPY_OUT, bounce, userAddress + total, n), n);
            total += put;
            if (put < n) break;
        }
        return done(total);
    }

    @Override
    public long copyInString(long destination, long userAddress, long max) {
        int at = prefetched(userAddress, -1);
        if (at >= 0) {
            long from = slot + OFF_WINDOW + at;
            long limit = Math.min(max, WINDOW_SIZE + PREFETCH_SIZE - at);
            int n = Memory.copyString(from, destination, (int) limit);
            if (n >= 0) return n;
            if (limit == max) return -ENAMETOOLONG;
        }
        long room = platform.traits.clamp(userAddress, max);
        lost = false;
        long total = 0;
        while (total < room) {
            long n = Math.min(room - total, SMALL_SIZE);
            long got = command(OP_COPY_STRING, OFF_SMALL, userAddress + total, n);
            if (lost || got < 0) return -EFAULT;
            long take = got == 0 ? n : Math.min(got, n);
            Memory.copy(slot + OFF_SMALL, destination + total, take);
            total += take;
            if (got == 0) continue;
            // The stub's word for it is not enough.
            Memory.putByte(destination + total - 1, (byte) 0);
            return total - 1;
        }
        return room < max ? -EFAULT : -ENAMETOOLONG;
    }

    @Override
    public long window() { return slot + OFF_WINDOW; }

    @Override
    public int windowSize() { return WINDOW_SIZE; }

    private static void checkWindow(int offset, long length) {
        if (offset < 0 || length < 0 || offset + length > WINDOW_SIZE) throw new IndexOutOfBoundsException();
    }

    @Override
    public long windowIn(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        int at = prefetched(userAddress, length);
        if (at >= 0) {
            Memory.copy(slot + OFF_WINDOW + at, slot + OFF_WINDOW + offset, length);
            return length;
        }
        length = platform.traits.clamp(userAddress, length);
        if (length == 0) return 0;
        return done(copied(command(OP_COPY_IN, OFF_WINDOW + offset, userAddress, length), length));
    }

    @Override
    public long windowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        length = platform.traits.clamp(userAddress, length);
        if (length == 0) return 0;
        return done(copied(command(OP_COPY_OUT, OFF_WINDOW + offset, userAddress, length), length));
    }

    @Override
    public boolean deferWindowOut(int offset, long userAddress, long length) {
        checkWindow(offset, length);
        if (deferred == MAX_DEFERRED) return false;
        if (length == 0) return true;
        // Out of range: a copy that is sure to fault, so the result becomes -EFAULT.
        if (platform.traits.clamp(userAddress, length) < length) userAddress = 0x800000000000L;
        defer(OFF_WINDOW + offset, userAddress, length);
        return true;
    }

    /** Kept here until the resume: the line of the slot that it goes to is the stub's meanwhile. */
    final long[] deferredCopies = new long[3 * MAX_DEFERRED];

    private void defer(long from, long userAddress, long length) {
        int at = 3 * deferred++;
        deferredCopies[at] = from;
        deferredCopies[at + 1] = userAddress;
        deferredCopies[at + 2] = length;
    }

    @Override
    public boolean deferZeros(long userAddress, long length) {
        if (deferred == MAX_DEFERRED) return false;
        if (platform.traits.clamp(userAddress, length) < length) userAddress = 0x800000000000L;
        defer(DEFERRED_ZEROS, userAddress, length);
        return true;
    }

    final void flushDeferred() {
        int n = deferred;
        deferred = 0;
        for (int i = 0; i < 3 * n; i += 3)
            command(OP_COPY_OUT, deferredCopies[i], deferredCopies[i + 1], deferredCopies[i + 2]);
    }

    @Override
    public int prefetched(long userAddress, long length) {
        for (int i = 0, n = Math.min(pieces, PIECES_MAX); i < n; i++) {
            long piece = slot + OFF_PIECES + (long) i * PIECE_SIZE;
            int at = Memory.getInt(piece + 8), size = Memory.getInt(piece + 12);
            long skipped = userAddress - Memory.getLong(piece);
            boolean string = (size & PIECE_STRING) != 0;
            size &= ~PIECE_STRING;
            if (skipped < 0 || skipped > size || length < 0 && skipped != 0) continue;
            if (at < WINDOW_SIZE || size < 0 || size > PREFETCH_SIZE
                    || at > WINDOW_SIZE + PREFETCH_SIZE - size) return -1;
            if (length < 0 ? string : length <= size - skipped) return at + (int) skipped;
        }
        return -1;
    }

    @Override
    public long gathered(int which, long destination, int room) {
        long at = slot + OFF_GATHERED + (long) which * GATHERED_SIZE;
        int count = Memory.getInt(at), from = Memory.getInt(at + 4), length = Memory.getInt(at + 8);
        if (count < 0 || length < count || length > room || from < OFF_WINDOW
                || from > OFF_WINDOW + WINDOW_SIZE - length) return -1;
        Memory.copy(slot + from, destination, length);
        return (long) count << 32 | length;
    }

    @Override
    public long load32(long userAddress) {
        if ((userAddress & 3) != 0 || platform.traits.clamp(userAddress, 4) < 4) return -EFAULT;
        if (command(OP_LOAD32, userAddress, 0, 0) != 0) return -EFAULT;
        return Memory.getUnsignedInt(slot + OFF_SMALL);
    }

    @Override
    public long cas32(long userAddress, int expected, int value) {
        if ((userAddress & 3) != 0 || platform.traits.clamp(userAddress, 4) < 4) return -EFAULT;
        if (command(OP_CAS32, userAddress, expected, value) != 0) return -EFAULT;
        return Memory.getUnsignedInt(slot + OFF_SMALL);
    }

    @Override
    public long hostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (batching && batch.note(OP_HOST_CALL, -1, nr, a0, a1, a2, a3, a4, a5)) return nr == 9 ? a0 : 0;
        long args = slot + OFF_ARGS;
        Memory.putLong(args + 24, a2);
        Memory.putLong(args + 32, a3);
        Memory.putLong(args + 40, a4);
        Memory.putLong(args + 48, a5);
        return command(OP_HOST_CALL, nr, a0, a1);
    }

    @Override
    public long mapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        if (batching && batch.noteMap(address, length, prot, flags | 0x10, hostFd, offset)) return 0;
        if (Host.sendFds(space.arena.control, platform.sendScratch, hostFd, -1) < 0) return -ESRCH;
        long args = slot + OFF_ARGS;
        Memory.putLong(args + 24, flags | 0x10);
        Memory.putLong(args + 32, offset);
        return mapped(command(OP_MAP_FD, address, length, prot), address);
    }

    @Override
    public long mapAnonymous(long address, long length, int prot, int flags) {
        return mapped(hostCall(9, address, length, prot, flags | 0x30, -1, 0), address);
    }

    @Override
    public boolean deferMapFd(long address, long length, int prot, int flags, int hostFd, long offset) {
        if (callPending || batching || callFailure != 0) return false;
        if (Host.sendFds(space.arena.control, platform.sendScratch, hostFd, -1) < 0) return false;
        return deferHostCall(9, address, length, prot, flags | 0x10, CALL_RECEIVES, offset, 0);
    }

    private long mapped(long result, long address) {
        return lost && !batching ? -ESRCH : mapResult(result, address);
    }

    // ---- a host call that travels with the resume
    boolean callPending;
    private boolean pendingReceives;
    /** What a deferred call that had to be made early failed with. */
    long callFailure;

    @Override
    public boolean deferHostCall(int nr, long a0, long a1, long a2, long a3, long a4, long a5, long failure) {
        if (callPending || batching || callFailure != 0) return false;
        long p = slot + OFF_CALL;
        Memory.putLong(p, a4 == CALL_RECEIVES ? nr | CALL_RECEIVES : nr);
        Memory.putLong(p + 8, a0);
        Memory.putLong(p + 16, a1);
        Memory.putLong(p + 24, a2);
        Memory.putLong(p + 32, a3);
        Memory.putLong(p + 40, a4);
        Memory.putLong(p + 48, a5);
        Memory.putLong(p + 56, failure);
        pendingReceives = a4 == CALL_RECEIVES;
        callPending = true;
        return true;
    }

    /**
     * Something else needs the stub first: the deferred call is made now. The arguments of that other command
     * are kept.
     */
    final void callNow() {
        callPending = false;
        long p = slot + OFF_CALL, args = slot + OFF_ARGS;
        for (int i = 0; i < 7; i++) saved[i] = Memory.getLong(args + 8L * i);
        boolean receives = pendingReceives;
        // Of a mapping: address, length, protection, flags, offset; of any other call its number, too.
        int from = receives ? 1 : 0;
        for (int i = from; i < 7; i++) Memory.putLong(args + 8L * (i - from), Memory.getLong(p + 8L * i));
        if (receives) Memory.putLong(args + 32, Memory.getLong(p + 48));
        long first = Memory.getLong(p + 8), failure = Memory.getLong(p + 56);
        long r = command(receives ? OP_MAP_FD : OP_HOST_CALL);
        for (int i = 0; i < 7; i++) Memory.putLong(args + 8L * i, saved[i]);
        if (r != 0 && r != first) callFailure = failure != 0 ? failure : r < 0 && r > -4096 ? r : -EINVAL;
    }

    private final long[] saved = new long[7];

    // ---- batches
    private final Batch batch = new Batch(this);
    private boolean batching;

    @Override
    public void beginBatch() {
        batching = true;
        batch.begin();
    }

    @Override
    public long runBatch() {
        batch.carryOut();
        batching = false;
        return batch.error;
    }

    /** Carries out the {@code count} orders noted in the window: how many were done, or negative. */
    long runNoted(int count, int descriptors) {
        long control = space.arena.control;
        if (descriptors > 0 && Host.sendFds(control, platform.sendScratch, descriptors) < 0) return -ESRCH;
        return command(OP_BATCH, count, descriptors, 0);
    }

    @Override
    public long setAffinity(long[] mask) {
        int bytes = 8 * mask.length;
        if (bytes > SMALL_SIZE) return -EINVAL;
        long here = slot + OFF_SMALL, there = platform.base + (ARENA_BASE - STUB_BASE) + index * SLOT_SIZE
                + OFF_SMALL;
        for (int i = 0; i < mask.length; i++) Memory.putLong(here + 8L * i, mask[i]);
        long r = hostCall(SCHED_SETAFFINITY, 0, bytes, there, 0, 0, 0);
        if (r >= 0) r = hostCall(SCHED_GETAFFINITY, 0, bytes, there, 0, 0, 0);
        if (lost) return -ESRCH;
        if (r < 0) return r;
        for (int i = 0; i < mask.length; i++)
            mask[i] = 8L * i < r ? Memory.getLong(slot + OFF_SMALL + 8L * i) : 0;
        return 0;
    }

    /** For {@link CallSites}: an atomic aligned store; 0 or negative. */
    long store64(long address, long value) {
        long result = command(OP_STORE64, address, value, 0);
        return lost ? -ESRCH : result;
    }

    /**
     * For the platform: a command without arguments, by the thread that owns this context. False: process
     * lost.
     */
    boolean nop() {
        command(OP_NOP);
        return !lost;
    }
}

package dev.kernelet.platform.systrap;

import static dev.kernelet.platform.stub.StubLayout.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.process.Host;

/**
 * The Sentry's side of what one stub process is given at birth: the arena (a sealed, sparse memfd of slots)
 * and the control socket. Belongs to one address space alone.
 */
final class Arena {
    /** The Sentry's mapping; slot n at base + n * SLOT_SIZE. */
    final long base;
    /** The Sentry's end of the control socket. */
    final int control;
    /** To be sent to the stub, then closed here. */
    private int memfd, peer;

    private Arena(long base, int control, int memfd, int peer) {
        this.base = base;
        this.control = control;
        this.memfd = memfd;
        this.peer = peer;
    }

    /** A new arena, or null when the host refuses. {@code scratch}: 8 bytes of the caller's. */
    static Arena create(long scratch) {
        long fd = Host.memfd("arena", 2 | 8);
        if (fd < 0) return null;
        // Sealed: a truncated arena would be a SIGBUS in the Sentry.
        if (Host.ftruncate(fd, ARENA_SIZE) < 0
                || Host.seal(fd, Host.SEAL_SHRINK | Host.SEAL_GROW | Host.SEAL_SEAL) < 0) {
            Host.close(fd);
            return null;
        }
        long base = Host.mapShared(fd, ARENA_SIZE);
        if (base < 0 && base > -4096) {
            Host.close(fd);
            return null;
        }
        // What nearly every process uses is there when the stub comes: its first fault finds all of it. No
        // more, as
        // a page costs microseconds to make and to free.
        long slot = base + SLOT_SIZE;
        Host.populate(slot, 0x1000);
        Host.populate(slot + OFF_STACK_TOP - 0x1000, 0x1000);
        Host.populate(slot + OFF_WINDOW, 0x2000);
        Host.populate(slot + OFF_PREFETCH, 0x1000);
        if (Host.socketpair(scratch) < 0) {
            Host.munmap(base, ARENA_SIZE);
            Host.close(fd);
            return null;
        }
        return new Arena(base, Memory.getInt(scratch), (int) fd, Memory.getInt(scratch + 4));
    }

    long slot(int index) { return base + ((long) index << SLOT_SHIFT); }

    int memfd() { return memfd; }

    /** The stub's end of the socket. */
    int peer() { return peer; }

    /** The stub has its own copies now. */
    void sent() {
        if (memfd >= 0) Host.close(memfd);
        if (peer >= 0) Host.close(peer);
        memfd = peer = -1;
    }

    void close() {
        sent();
        Host.close(control);
        Host.munmap(base, ARENA_SIZE);
    }
}

package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;

/**
 * Data windows: memory of the Sentry's own, one to a context that asks for it. Used again only when nobody
 * holds the context any more: a handler of a killed task may still be at work in its window. Kernel lock.
 */
final class Windows {
    static final int SIZE = 0x10000;

    private static final class Window extends PhantomReference<PtraceContext> {
        final long address;
        Window previous, next;

        Window(PtraceContext owner, ReferenceQueue<PtraceContext> queue, long address) {
            super(owner, queue);
            this.address = address;
        }
    }

    private final ReferenceQueue<PtraceContext> abandoned = new ReferenceQueue<>();
    /** Those in use: references must be reachable themselves. */
    private Window head;

    long take(PtraceContext owner) {
        var old = (Window) abandoned.poll();
        if (old != null) unlink(old);
        var w = new Window(owner, abandoned, old != null ? old.address : Memory.allocate(SIZE));
        w.next = head;
        if (head != null) head.previous = w;
        head = w;
        return w.address;
    }

    private void unlink(Window w) {
        if (w.next != null) w.next.previous = w.previous;
        if (w.previous != null) w.previous.next = w.next;
        else head = w.next;
    }
}

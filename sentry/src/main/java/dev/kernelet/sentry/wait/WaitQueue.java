package dev.kernelet.sentry.wait;

/** A list of waiters, oldest first. Kernel lock. */
public final class WaitQueue {
    private Waiter head, tail;
    private Marker spare;

    /** The place of a walk that is under way: survives any change of the list, nested walks included. */
    private static final class Marker extends Waiter {
        @Override
        protected boolean wake(int events) { return false; }
    }

    public void add(Waiter w) {
        assert w.queue == null;
        w.queue = this;
        w.prev = tail;
        w.next = null;
        if (tail == null) head = w; else tail.next = w;
        tail = w;
    }

    public void remove(Waiter w) {
        assert w.queue == this;
        if (w.prev == null) head = w.next; else w.prev.next = w.next;
        if (w.next == null) tail = w.prev; else w.next.prev = w.prev;
        w.queue = null;
        w.prev = w.next = null;
    }

    public boolean isEmpty() { return head == null; }

    public Waiter first() { return head; }

    /** Wakes every waiter that cares for one of {@code events}, but only one of the exclusive ones. */
    public void wake(int events) { wake(events, 1); }

    /** Wakes all, exclusive or not. */
    public void wakeAll(int events) { wake(events, Integer.MAX_VALUE); }

    private void wake(int events, int exclusiveLimit) {
        if (head == null) return;
        Marker marker = spare == null ? new Marker() : spare;
        spare = null;
        Waiter w = head;
        // Waiters queued from now on (a handler run again at once) belong to the next wake-up.
        Waiter last = tail;
        while (w != null) {
            boolean isLast = w == last;
            insertAfter(w, marker);
            if (!(w instanceof Marker) && (w.events & events) != 0 && (!w.exclusive || exclusiveLimit > 0)) {
                boolean exclusive = w.exclusive;
                if (w.wake(events) && exclusive) exclusiveLimit--;
            }
            w = marker.next;
            if (isLast) w = null;
            remove(marker);
        }
        spare = marker;
    }

    private void insertAfter(Waiter w, Waiter marker) {
        marker.queue = this;
        marker.prev = w;
        marker.next = w.next;
        if (w.next == null) tail = marker; else w.next.prev = marker;
        w.next = marker;
    }
}

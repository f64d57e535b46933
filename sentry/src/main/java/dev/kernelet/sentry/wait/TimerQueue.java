package dev.kernelet.sentry.wait;

import java.util.Arrays;

/** A binary heap of timers. Kernel lock. */
public final class TimerQueue {
    private Timer[] heap = new Timer[64];
    private int size;

    public void arm(Timer t, long deadlineNanos) {
        if (t.index >= 0) disarm(t);
        t.deadlineNanos = deadlineNanos;
        if (size == heap.length) heap = Arrays.copyOf(heap, size * 2);
        up(size++, t);
    }

    public void disarm(Timer t) {
        int i = t.index;
        if (i < 0) return;
        t.index = -1;
        Timer last = heap[--size];
        heap[size] = null;
        if (last == t) return;
        up(i, last);
        if (heap[i] == last) down(i, last);
    }

    /** The earliest deadline, or Long.MAX_VALUE. */
    public long next() { return size == 0 ? Long.MAX_VALUE : heap[0].deadlineNanos; }

    /** Fires all that are due. */
    public void run(long nowNanos) {
        while (size > 0 && heap[0].deadlineNanos <= nowNanos) {
            Timer t = heap[0];
            disarm(t);
            t.fire();
        }
    }

    private void up(int i, Timer t) {
        while (i > 0) {
            int parent = (i - 1) >> 1;
            Timer p = heap[parent];
            if (p.deadlineNanos <= t.deadlineNanos) break;
            heap[i] = p;
            p.index = i;
            i = parent;
        }
        heap[i] = t;
        t.index = i;
    }

    private void down(int i, Timer t) {
        for (;;) {
            int child = 2 * i + 1;
            if (child >= size) break;
            if (child + 1 < size && heap[child + 1].deadlineNanos < heap[child].deadlineNanos) child++;
            Timer c = heap[child];
            if (t.deadlineNanos <= c.deadlineNanos) break;
            heap[i] = c;
            c.index = i;
            i = child;
        }
        heap[i] = t;
        t.index = i;
    }
}

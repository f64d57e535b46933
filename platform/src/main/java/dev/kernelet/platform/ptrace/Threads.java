package dev.kernelet.platform.ptrace;

/** Traced threads by host thread id: open addressing, no boxes. The tracer's alone. */
final class Threads {
    private int[] keys = new int[64];
    private PtraceContext[] values = new PtraceContext[64];
    private int count;

    int size() { return count; }

    private static int slot(int tid, int length) { return tid * 0x9e3779b1 >>> 16 & length - 1; }

    private int find(int tid) {
        int i = slot(tid, keys.length);
        while (keys[i] != 0 && keys[i] != tid) i = i + 1 & keys.length - 1;
        return i;
    }

    PtraceContext get(int tid) { return values[find(tid)]; }

    void put(PtraceContext context) {
        if (count * 2 >= keys.length) grow();
        int i = find(context.tid);
        if (keys[i] == 0) count++;
        keys[i] = context.tid;
        values[i] = context;
    }

    void remove(int tid) {
        int i = find(tid);
        if (keys[i] == 0) return;
        count--;
        int mask = keys.length - 1;
        // Those behind it that hashed to its place or before move up (Knuth, volume 3, 6.4, algorithm R).
        for (int j = i;;) {
            keys[i] = 0;
            values[i] = null;
            do {
                j = j + 1 & mask;
                if (keys[j] == 0) return;
            } while ((j - slot(keys[j], keys.length) & mask) < (j - i & mask));
            keys[i] = keys[j];
            values[i] = values[j];
            i = j;
        }
    }

    /** Any thread; null: there is none. */
    PtraceContext any() {
        for (var context : values) if (context != null) return context;
        return null;
    }

    private void grow() {
        int[] oldKeys = keys;
        PtraceContext[] oldValues = values;
        keys = new int[oldKeys.length * 2];
        values = new PtraceContext[keys.length];
        count = 0;
        for (int i = 0; i < oldKeys.length; i++) if (oldKeys[i] != 0) put(oldValues[i]);
    }
}

package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;

/** The objects of one kind by id and by key (struct ipc_ids). An id is a slot and a sequence number. */
final class IpcTable<T extends IpcObject> {
    private final int most;
    private IpcObject[] slots = new IpcObject[16];
    private int used, sequence;

    IpcTable(int most) { this.most = most; }

    int used() { return used; }

    /** The highest slot in use, or -1. */
    int maxIndex() {
        for (int i = slots.length - 1; i >= 0; i--) if (slots[i] != null) return i;
        return -1;
    }

    /** The object with that id; null with t.error -EINVAL (or -EIDRM: the slot was used again). */
    @SuppressWarnings("unchecked")
    T get(Task t, int id) {
        T o = id < 0 ? null : bySlot(id % IPCMNI);
        if (o != null && o.id == id) return o;
        t.error = o == null ? -EINVAL : -EIDRM;
        if (o != null && o.seq < id / IPCMNI) t.error = -EINVAL;
        return null;
    }

    /** What *ctl(2) names: an id or, {@code bySlot}, a slot. Null with t.error. */
    T get(Task t, int id, boolean bySlot) {
        T o = bySlot ? bySlot(id) : get(t, id);
        if (o == null && bySlot) t.error = -EINVAL;
        return o;
    }

    @SuppressWarnings("unchecked")
    T bySlot(int i) { return i >= 0 && i < slots.length ? (T) slots[i] : null; }

    @SuppressWarnings("unchecked")
    T byKey(int key) {
        for (IpcObject o : slots) if (o != null && o.key == key) return (T) o;
        return null;
    }

    /**
     * The first half of *get(2): a found object's id or -errno; 0 with {@link #found} null: make one.
     * {@link #found} is set when the caller has checks of its own.
     */
    long find(Task t, int key, int flags) {
        found = null;
        if (key == IPC_PRIVATE) return 0;
        T o = byKey(key);
        if (o == null) return (flags & IPC_CREAT) != 0 ? 0 : -ENOENT;
        if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL)) return -EEXIST;
        found = o;
        return o.id;
    }

    T found;

    /** Adds a new object, owned by the task: its id or -ENOSPC. */
    long add(Task t, T o, int key, int flags) {
        if (used >= most) return -ENOSPC;
        int i = 0;
        while (i < slots.length && slots[i] != null) i++;
        if (i == slots.length) slots = java.util.Arrays.copyOf(slots, i * 2);
        slots[i] = o;
        used++;
        o.key = key;
        o.seq = sequence++ & 0xffff;
        if (sequence > Integer.MAX_VALUE / IPCMNI) sequence = 0;
        o.id = o.seq * IPCMNI + i;
        o.uid = o.cuid = t.cred.euid;
        o.gid = o.cgid = t.cred.egid;
        o.mode = flags & 0777;
        o.ctime = IpcObject.seconds(t);
        return o.id;
    }

    /** The end of *_INFO: {@code size} bytes at {@code p} go out. The highest slot in use, or -errno. */
    long outInfo(Task t, long buffer, long p, int size) {
        long r = t.mem.out(buffer, p, size);
        return r < 0 ? r : Math.max(0, maxIndex());
    }

    /** The lines of /proc/sysvipc below the heading. */
    String show(PidNamespace viewer) {
        var b = new StringBuilder();
        for (IpcObject o : slots) if (o != null) o.show(b, viewer);
        return b.toString();
    }

    void remove(T o) {
        slots[o.id % IPCMNI] = null;
        used--;
        o.isRemoved = true;
    }
}

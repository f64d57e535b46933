package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Pid;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/** System V message queues (msgget(2), msgop(2), msgctl(2)). */
public final class MessageQueues {
    private final IpcTable<Queue> table = new IpcTable<>(MSGMNI);

    static final class Queue extends IpcObject {
        Message head, tail;
        long bytes, limit = MSGMNB;
        int count;
        long stime, rtime;
        Pid lspid, lrpid;
        final WaitQueue senders = new WaitQueue(), receivers = new WaitQueue();

        void append(Message m) {
            if (tail == null) head = m; else tail.next = m;
            tail = m;
            count++;
            bytes += m.data.length;
        }

        void remove(Message m) {
            Message before = null;
            for (Message x = head; x != m; x = x.next) before = x;
            if (before == null) head = m.next; else before.next = m.next;
            if (tail == m) tail = before;
            count--;
            bytes -= m.data.length;
        }

        @Override
        protected long stat(Task t, long buffer) {
            long p = t.mem.scratch(MSQID_DS_SIZE);
            putPerm(t, p);
            Memory.putLong(p + MSG_STIME, stime);
            Memory.putLong(p + MSG_RTIME, rtime);
            Memory.putLong(p + MSG_CTIME, ctime);
            Memory.putLong(p + MSG_CBYTES, bytes);
            Memory.putLong(p + MSG_QNUM, count);
            Memory.putLong(p + MSG_QBYTES, limit);
            Memory.putInt(p + MSG_LSPID, Pid.in(lspid, t.group.pids));
            Memory.putInt(p + MSG_LRPID, Pid.in(lrpid, t.group.pids));
            return t.mem.out(buffer, p, MSQID_DS_SIZE);
        }

        @Override
        protected void show(StringBuilder b, PidNamespace viewer) {
            IpcText.column(b, key, 10).column(id, 10).octal(mode, 5).column(bytes, 11).column(count, 10)
                    .column(Pid.in(lspid, viewer), 5).column(Pid.in(lrpid, viewer), 5)
                    .column(uid, 5).column(gid, 5).column(cuid, 5)
                    .column(cgid, 5).column(stime, 10).column(rtime, 10).column(ctime, 10).end();
        }
    }

    private static final class Message {
        long type;
        byte[] data;
        Message next;
    }

    public long get(Task t, int key, int flags) {
        long r = table.find(t, key, flags);
        Queue q = table.found;
        if (q != null) {
            r = q.access(t, flags);
            return r < 0 ? r : q.id;
        }
        return r < 0 ? r : table.add(t, new Queue(), key, flags);
    }

    /** The queue of a call; when it waited before, the one it waited on. Null with t.error. */
    private Queue queue(Task t, int id) {
        if (!(t.so instanceof Queue q)) return table.get(t, id);
        if (!q.isRemoved) return q;
        t.error = -EIDRM;
        return null;
    }

    // ---- msgsnd, msgrcv
    public long send(Task t, int id, long buffer, long size, int flags) {
        if (size < 0 || size > MSGMAX || id < 0) return -EINVAL;
        long p = t.mem.in(buffer, 8 + (int) size);
        if (p < 0) return p;
        long type = Memory.getLong(p);
        if (type < 1) return -EINVAL;
        Queue q = queue(t, id);
        if (q == null) return t.error;
        long r = q.access(t, 0222);
        if (r < 0) return r;
        if (q.bytes + size > q.limit || q.count + 1 > q.limit) {
            if ((flags & IPC_NOWAIT) != 0) return -EAGAIN;
            t.so = q;
            return IpcObject.block(t, q.senders);
        }
        var m = new Message();
        m.type = type;
        m.data = new byte[(int) size];
        Memory.copyToArray(p + 8, m.data, 0, (int) size);
        q.append(m);
        q.lspid = t.group.identity();
        q.stime = IpcObject.seconds(t);
        q.receivers.wakeAll(1);
        return 0;
    }

    public long receive(Task t, int id, long buffer, long size, long type, int flags) {
        if (id < 0 || size < 0) return -EINVAL;
        boolean copies = (flags & MSG_COPY) != 0;
        if (copies && ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0)) return -EINVAL;
        Queue q = queue(t, id);
        if (q == null) return t.error;
        long r = q.access(t, 0444);
        if (r < 0) return r;
        Message m = copies ? nth(q, type) : find(q, type, (flags & MSG_EXCEPT) != 0);
        if (m == null) {
            if ((flags & IPC_NOWAIT) != 0) return -ENOMSG;
            t.so = q;
            return IpcObject.block(t, q.receivers);
        }
        int n = m.data.length;
        if (size < n) {
            if ((flags & MSG_NOERROR) == 0) return -E2BIG;
            n = (int) size;
        }
        if (!t.mem.writable(buffer, 8 + n)) return -EFAULT;
        long p = t.mem.scratch(8 + n);
        Memory.putLong(p, m.type);
        Memory.copyFromArray(m.data, 0, p + 8, n);
        if (!copies) {
            q.remove(m);
            q.lrpid = t.group.identity();
            q.rtime = IpcObject.seconds(t);
            q.senders.wakeAll(1);
        }
        r = t.mem.out(buffer, p, 8 + n);
        return r < 0 ? r : n;
    }

    private static Message nth(Queue q, long n) {
        Message m = q.head;
        while (m != null && n-- > 0) m = m.next;
        return m;
    }

    private static Message find(Queue q, long type, boolean except) {
        if (type >= 0) {
            for (Message m = q.head; m != null; m = m.next)
                if (type == 0 || (m.type == type) != except) return m;
            return null;
        }
        long limit = type == Long.MIN_VALUE ? Long.MAX_VALUE : -type;
        Message lowest = null;
        for (Message m = q.head; m != null; m = m.next) {
            if (m.type <= limit && (lowest == null || m.type < lowest.type)) lowest = m;
        }
        return lowest;
    }

    // ---- msgctl
    public long control(Task t, int id, int command, long buffer) {
        if (id < 0 || command < 0) return -EINVAL;
        if (command == IPC_INFO || command == MSG_INFO) return info(t, command, buffer);
        boolean bySlot = command == MSG_STAT || command == MSG_STAT_ANY;
        Queue q = table.get(t, id, bySlot);
        if (q == null) return t.error;
        switch (command) {
            case IPC_STAT, MSG_STAT, MSG_STAT_ANY -> {
                return q.stat(t, buffer, bySlot, command == MSG_STAT_ANY);
            }
            case IPC_SET -> {
                long p = t.mem.in(buffer, MSQID_DS_SIZE);
                if (p < 0) return p;
                long r = q.control(t);
                if (r < 0) return r;
                long limit = Memory.getLong(p + MSG_QBYTES);
                if (Long.compareUnsigned(limit, MSGMNB) > 0 && !t.cred.capable(Credentials.CAP_SYS_RESOURCE))
                    return -EPERM;
                r = q.setPerm(t, p);
                if (r < 0) return r;
                q.limit = limit < 0 ? Long.MAX_VALUE : limit;
                q.senders.wakeAll(1);
                q.receivers.wakeAll(1);
                return 0;
            }
            case IPC_RMID -> {
                long r = q.control(t);
                if (r < 0) return r;
                table.remove(q);
                q.senders.wakeAll(1);
                q.receivers.wakeAll(1);
                return 0;
            }
            default -> { return -EINVAL; }
        }
    }

    private long info(Task t, int command, long buffer) {
        long p = t.mem.scratch(MSGINFO_SIZE);
        int messages = 0;
        long bytes = 0;
        for (int i = 0; i <= table.maxIndex(); i++) {
            Queue q = table.bySlot(i);
            if (q == null) continue;
            messages += q.count;
            bytes += q.bytes;
        }
        boolean used = command == MSG_INFO;
        Memory.putInt(p, used ? table.used() : MSGMNI * (MSGMNB / 1024));
        Memory.putInt(p + 4, used ? messages : MSGMNB);
        Memory.putInt(p + 8, MSGMAX);
        Memory.putInt(p + 12, MSGMNB);
        Memory.putInt(p + 16, MSGMNI);
        Memory.putInt(p + 20, 16);
        Memory.putInt(p + 24, used ? (int) bytes : MSGMNB);
        Memory.putShort(p + 28, (short) 0xffff);
        return table.outInfo(t, buffer, p, MSGINFO_SIZE);
    }

    /** The lines of /proc/sysvipc/msg below the heading. */
    public String show(PidNamespace viewer) { return table.show(viewer); }
}

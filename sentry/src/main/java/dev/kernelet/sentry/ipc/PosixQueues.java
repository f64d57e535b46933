package dev.kernelet.sentry.ipc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Ipc.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.OpenFile;
import java.util.HashMap;

/** POSIX message queues by name (mq_overview(7)): the mqueue filesystem's only directory. */
public final class PosixQueues {
    private static final class QueueFs extends Filesystem {
        @Override
        public String type() { return "mqueue"; }

        @Override
        public long magic() { return 0x19800202; }
    }

    private final QueueFs fs = new QueueFs();
    private final HashMap<String, PosixQueue> queues = new HashMap<>();
    private long nextIno = 1;

    /** mq_open(2): a descriptor or -errno. {@code attributes}: address of a struct mq_attr or 0. */
    public long open(Task t, long nameAddress, int flags, int mode, long attributes) {
        String name = name(t, nameAddress);
        if (name == null) return t.error;
        long attr = 0;
        if ((flags & O_CREAT) != 0 && attributes != 0) {
            attr = t.mem.in(attributes, MQ_ATTR_SIZE);
            if (attr < 0) return attr;
        }
        PosixQueue q = queues.get(name);
        if (q == null) {
            if ((flags & O_CREAT) == 0) return -ENOENT;
            q = create(t, name, mode & ~t.fs.umask, attr);
            if (q == null) return t.error;
        } else {
            if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return -EEXIST;
            int access = flags & O_ACCMODE;
            if (access == O_ACCMODE) return -EINVAL;
            long r = Access.check(t.cred, q, access == O_RDONLY ? Access.READ : access == O_WRONLY ? Access.WRITE
                    : Access.READ | Access.WRITE);
            if (r < 0) return r;
        }
        var f = new PosixQueueFile(q, "/" + name, flags & (O_ACCMODE | O_NONBLOCK));
        // Queue descriptors never survive exec (mq_overview(7)).
        return t.fds.install(t, f, true);
    }

    private PosixQueue create(Task t, String name, int mode, long attr) {
        boolean privileged = t.cred.capable(Credentials.CAP_SYS_RESOURCE);
        long messages = MQ_MSG_DEFAULT, size = MQ_MSGSIZE_DEFAULT;
        t.error = -EINVAL;
        if (attr != 0) {
            messages = Memory.getLong(attr + 8);
            size = Memory.getLong(attr + 16);
            if (messages <= 0 || size <= 0) return null;
            if (messages > (privileged ? MQ_MSG_HARD : MQ_MSG_DEFAULT)) return null;
            if (size > (privileged ? MQ_MSGSIZE_HARD : MQ_MSGSIZE_DEFAULT)) return null;
        }
        if (queues.size() >= MQ_QUEUES_MAX && !privileged) {
            t.error = -ENOSPC;
            return null;
        }
        var q = new PosixQueue(fs, nextIno++, Stat.S_IFREG | mode & 07777, messages, size);
        q.uid = t.cred.fsuid;
        q.gid = t.cred.fsgid;
        q.owner = t.cred.uid;
        long bytes = q.cost();
        for (PosixQueue o : queues.values()) if (o.owner == q.owner) bytes += o.cost();
        if (bytes > t.group.limits.soft(Limits.MSGQUEUE)) {
            t.error = -EMFILE;
            return null;
        }
        q.atime = q.mtime = q.ctime = t.kernel.realtime();
        queues.put(name, q);
        return q;
    }

    private static String name(Task t, long address) {
        String s = t.mem.string(address, 4096);
        if (s == null) return null;
        if (s.isEmpty()) t.error = -ENOENT;
        else if (s.length() > 255) t.error = -ENAMETOOLONG;
        else if (s.indexOf('/') >= 0 || s.equals(".") || s.equals("..")) t.error = -EACCES;
        else return s;
        return null;
    }

    public long unlink(Task t, long nameAddress) {
        String name = name(t, nameAddress);
        if (name == null) return t.error;
        PosixQueue q = queues.get(name);
        if (q == null) return -ENOENT;
        // The directory is sticky: the queue's owner and the superuser only.
        if (t.cred.fsuid != q.uid && !t.cred.capable(Credentials.CAP_FOWNER)) return -EPERM;
        queues.remove(name);
        q.nlink = 0;
        q.releaseIfUnused();
        return 0;
    }

    /** The queue behind a descriptor, or null with t.error -EBADF. */
    public static PosixQueueFile file(Task t, int fd) {
        OpenFile f = t.fds.get(fd);
        if (f instanceof PosixQueueFile q) return q;
        t.error = -EBADF;
        return null;
    }
}

package dev.kernelet.sentry.socket;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Sockets.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.vfs.OpenFile;

/** Control messages of unix(7): files under way and credentials. One to parse into, or kept with data. Kernel lock. */
public final class Rights {
    /** SCM_MAX_FD. */
    private static final int FILES_MAX = 253;
    private static final OpenFile[] NONE = {};

    public OpenFile[] files = NONE;
    /** Whether the sender gave or needs credentials; those of SCM_CREDENTIALS. */
    public boolean hasCredentials;
    public int uid, gid;
    /** The process: kept, for numbers are used again. */
    private ThreadGroup sender;
    /** Real user id of the one who sent the files. */
    private int payer;

    public boolean isEmpty() { return files.length == 0 && !hasCredentials; }

    public void clear() {
        files = NONE;
        hasCredentials = false;
        sender = null;
    }

    /** Reads the control messages of {@code m}; the files are not held yet. 0 or -errno. */
    public long parse(Task t, Message m) {
        clear();
        int at = 0, end = m.controlLength;
        while (end - at >= CMSG_HEADER) {
            long p = m.control + at;
            long length = Memory.getLong(p);
            if (length < CMSG_HEADER || length > end - at) return -EINVAL;
            if (Memory.getInt(p + 8) == SOL_SOCKET) {
                long r = take(t, Memory.getInt(p + 12), p + CMSG_HEADER, (int) length - CMSG_HEADER);
                if (r < 0) return r;
            }
            at += align((int) length);
        }
        return 0;
    }

    private long take(Task t, int kind, long p, int length) {
        switch (kind) {
            case SCM_RIGHTS -> { return takeFiles(t, p, length >> 2); }
            case SCM_CREDENTIALS -> {
                if (length != 12) return -EINVAL;
                int named = Memory.getInt(p);
                Credentials c = t.cred;
                uid = c.userIn(Memory.getInt(p + 4));
                gid = c.groupIn(Memory.getInt(p + 8));
                if (uid == -1 || gid == -1) return -EINVAL;
                UserNamespace owner = t.group.pids == null ? null : t.group.pids.owner;
                if (named != t.group.ownPid && !c.capableIn(owner, Credentials.CAP_SYS_ADMIN)) return -EPERM;
                boolean isOwn = uid == c.uid || uid == c.euid || uid == c.suid;
                if (!isOwn && !c.capableHere(Credentials.CAP_SETUID)) return -EPERM;
                isOwn = gid == c.gid || gid == c.egid || gid == c.sgid;
                if (!isOwn && !c.capableHere(Credentials.CAP_SETGID)) return -EPERM;
                sender = named == t.group.ownPid ? t.group : t.process(named);
                if (sender == null) return -ESRCH;
                hasCredentials = true;
                return 0;
            }
            default -> { return -EINVAL; }
        }
    }

    private long takeFiles(Task t, long p, int count) {
        int before = files.length;
        if (count > FILES_MAX - before) return -EINVAL;
        files = java.util.Arrays.copyOf(files, before + count);
        for (int i = 0; i < count; i++) {
            OpenFile f = t.fds.get(Memory.getInt(p + 4L * i));
            if (f == null) return -EBADF;
            files[before + i] = f;
        }
        return 0;
    }

    /** Whether the files may go under way too (unix(7): ETOOMANYREFS). */
    public long mayHold(Task t, Sockets sockets) {
        if (files.length == 0) return 0;
        // Cycles of sockets under way are only found at the end of the sandbox: nobody gets more than a part
        // of what the sandbox has, and who has used up his share leaves others theirs.
        long most = Math.min(Sockets.FILES_UNDER_WAY_MAX, t.kernel.options.fileLimit / 4);
        long limit = Math.min(t.group.limits.soft(Limits.NOFILE), most);
        if (t.kernel.users.filesUnderWay(t.cred.uid, 0) + files.length <= limit) return 0;
        boolean isFree = t.cred.capable(Credentials.CAP_SYS_RESOURCE) || t.cred.capable(Credentials.CAP_SYS_ADMIN);
        return isFree && sockets.filesUnderWay < most ? 0 : -ETOOMANYREFS;
    }

    /** A copy that holds its files, to be kept with data; null when there is nothing to keep. */
    public Rights held(Task t, Sockets sockets, boolean wantsCredentials) {
        if (files.length == 0 && !hasCredentials && !wantsCredentials) return null;
        var r = new Rights();
        r.files = files;
        r.hasCredentials = true;
        r.sender = hasCredentials ? sender : t.group;
        r.uid = hasCredentials ? uid : t.cred.uid;
        r.gid = hasCredentials ? gid : t.cred.gid;
        for (OpenFile f : files) f.hold();
        r.payer = t.cred.uid;
        t.kernel.users.filesUnderWay(r.payer, files.length);
        sockets.filesUnderWay += files.length;
        files = NONE;
        return r;
    }

    public boolean hasSameSender(Rights o) { return sender == o.sender && uid == o.uid && gid == o.gid; }

    /** Gives the files to the receiver: control messages and descriptors. Not peeking, they are its own from now on. */
    public void deliver(Task t, Sockets sockets, Message m, boolean isPeek, boolean closeOnExec) {
        if (files.length == 0) return;
        int room = (m.controlRoom - m.controlLength - CMSG_HEADER) >> 2;
        int done = 0;
        if (m.control != 0 && room > 0) {
            long p = m.control + m.controlLength + CMSG_HEADER;
            for (; done < files.length && done < room; done++) {
                long fd = t.fds.install(t, files[done].hold(), closeOnExec);
                if (fd < 0) break;
                Memory.putInt(p + 4L * done, (int) fd);
            }
            if (done > 0) {
                int kept = m.controlRoom;
                m.controlRoom = Math.min(kept, m.controlLength + CMSG_HEADER + 4 * done);
                m.putControl(SOL_SOCKET, SCM_RIGHTS, 4 * done);
                m.controlLength = Math.min(kept, align(m.controlLength));
                m.controlRoom = kept;
            }
        }
        if (done < files.length) m.flags |= MSG_CTRUNC;
        if (!isPeek) drop(t, sockets);
    }

    /** SCM_CREDENTIALS for a receiver that wants them (SO_PASSCRED); {@code r} null: the sender did not say. */
    public static void deliverCredentials(Task t, Rights r, Message m) {
        long p = m.putControl(SOL_SOCKET, SCM_CREDENTIALS, 12);
        if (p == 0) return;
        boolean isKnown = r != null && r.hasCredentials;
        Memory.putInt(p, isKnown ? r.sender.pidIn(t.group.pids) : 0);
        Memory.putInt(p + 4, isKnown ? t.cred.userOut(r.uid) : 65534);
        Memory.putInt(p + 8, isKnown ? t.cred.groupOut(r.gid) : 65534);
    }

    /** SCM_PIDFD for a receiver that wants it (SO_PASSPIDFD), behind the files as Linux has it. */
    public static void deliverPidfd(Task t, Rights r, Message m) {
        if (r == null || r.sender == null) return;
        if (m.control == 0 || m.controlRoom - m.controlLength < CMSG_HEADER + 4) {
            m.flags |= MSG_CTRUNC;
            return;
        }
        long fd = PidFile.install(t, r.sender);
        Memory.putInt(m.putControl(SOL_SOCKET, SCM_PIDFD, 4), (int) fd);
    }

    /** Nobody will receive the files (any more). */
    public void drop(Task t, Sockets sockets) {
        OpenFile[] gone = files;
        files = NONE;
        sockets.filesUnderWay -= gone.length;
        if (gone.length > 0) t.kernel.users.filesUnderWay(payer, -gone.length);
        for (OpenFile f : gone) sockets.putLater(t, f);
    }
}

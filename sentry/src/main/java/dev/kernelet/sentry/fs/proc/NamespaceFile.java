package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.O_PATH;

import dev.kernelet.sentry.fs.anon.PidFile;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.Clone;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.ProcessAccess;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.kernel.UtsNamespace;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.MountOps;
import dev.kernelet.sentry.vfs.NamelessFilesystem;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** A namespace as a file, opened by /proc/PID/ns (nsfs), for setns(2); stat(2) compares. Kernel lock. */
public final class NamespaceFile extends OpenFile {
    private static final int NS_GET_USERNS = 0xb701, NS_GET_PARENT = 0xb702, NS_GET_NSTYPE = 0xb703,
            NS_GET_OWNER_UID = 0xb704, NS_GET_PID_FROM_PIDNS = 0x8004b706, NS_GET_TGID_FROM_PIDNS = 0x8004b707,
            NS_GET_PID_IN_PIDNS = 0x8004b708, NS_GET_TGID_IN_PIDNS = 0x8004b709;

    private static final Filesystem NSFS = new NamelessFilesystem("nsfs", 0x6e736673);

    private NamespaceFile(Node inode, Path path, int flags) {
        super(inode, flags);
        this.path = path;
        inode.hold(true);
    }

    @Override
    protected void release(Task t) { ((Node) inode).hold(false); }

    /** CLONE_NEWUTS and its like. */
    public int kind() { return flagOf(((Node) inode).kind); }

    /** The namespace; null: that of the sandbox's beginning, or of another kind. */
    public UtsNamespace uts() { return ((Node) inode).namespace instanceof UtsNamespace n ? n : null; }

    /** Likewise. */
    public IpcNamespace ipc() { return ((Node) inode).namespace instanceof IpcNamespace n ? n : null; }

    /** The mount namespace; null: of another kind. */
    public MountNamespace mounts() { return inode.mountNamespace(); }

    /** Likewise. */
    public PidNamespace pids() { return ((Node) inode).namespace instanceof PidNamespace n ? n : null; }

    /** Likewise. */
    public UserNamespace users() { return ((Node) inode).namespace instanceof UserNamespace n ? n : null; }

    private static int flagOf(String kind) {
        return (int) switch (kind) {
            case "cgroup" -> Clone.NEWCGROUP;
            case "ipc" -> Clone.NEWIPC;
            case "mnt" -> Clone.NEWNS;
            case "net" -> Clone.NEWNET;
            case "pid" -> Clone.NEWPID;
            case "time" -> Clone.NEWTIME;
            case "user" -> Clone.NEWUSER;
            default -> Clone.NEWUTS;
        };
    }

    /** The numbers of those that a kernel begins with (include/linux/proc_ns.h). */
    private static long numberOf(String kind, Object namespace) {
        if (namespace instanceof UtsNamespace n) return n.number;
        if (namespace instanceof IpcNamespace n) return n.number;
        if (namespace instanceof MountNamespace n) return n.number;
        if (namespace instanceof PidNamespace n) return n.number;
        if (namespace instanceof UserNamespace n) return n.number;
        return switch (kind) {
            case "time" -> 4026531834L;
            case "cgroup" -> 4026531835L;
            case "pid" -> 4026531836L;
            case "user" -> 4026531837L;
            case "uts" -> 4026531838L;
            case "ipc" -> 4026531839L;
            default -> 4026531840L; // net
        };
    }

    /** ioctl_ns(2). */
    @Override
    public long ioctl(Task t, int request, long argument) {
        boolean isNested = kind() == Clone.NEWUSER || kind() == Clone.NEWPID;
        return switch (request) {
            case NS_GET_NSTYPE -> kind();
            case NS_GET_PARENT -> isNested ? parent(t) : -EINVAL;
            case NS_GET_USERNS -> user(t, owner());
            case NS_GET_OWNER_UID -> kind() != Clone.NEWUSER ? -EINVAL
                    : t.mem.outInt(argument, t.cred.userOut(users() == null ? 0 : users().owner));
            default -> number(t, request, (int) argument);
        };
    }

    /** Of a user namespace the one above. */
    private UserNamespace owner() {
        Object of = ((Node) inode).namespace;
        if (of instanceof UtsNamespace n) return n.owner;
        if (of instanceof IpcNamespace n) return n.owner;
        if (of instanceof MountNamespace n) return n.owner;
        if (of instanceof PidNamespace n) return n.owner;
        return of instanceof UserNamespace n ? n.parent : null;
    }

    /** A file of a user namespace within the caller's. The first one has none above. */
    private long user(Task t, UserNamespace n) {
        boolean isFirst = kind() == Clone.NEWUSER && users() == null;
        if (isFirst || !UserNamespace.isWithin(n, t.cred.ns)) return -EPERM;
        return t.fds.install(t, new NamespaceFile(new Node("user", n), null, 0), true);
    }

    /** The namespace above, unless that is out of the caller's. The first ones have none. */
    private long parent(Task t) {
        if (kind() == Clone.NEWUSER) return user(t, owner());
        PidNamespace n = pids(), own = t.group.pids;
        if (n == null || own != null && (n.parent == null || !n.parent.isWithin(own))) return -EPERM;
        return t.fds.install(t, new NamespaceFile(new Node("pid", n.parent), null, 0), true);
    }

    /** Numbers of one PID namespace in another: the file's and the caller's. */
    private long number(Task t, int request, int id) {
        if (request < NS_GET_PID_FROM_PIDNS || request > NS_GET_TGID_IN_PIDNS) return -ENOTTY;
        if (kind() != Clone.NEWPID) return -EINVAL;
        boolean isFrom = request == NS_GET_PID_FROM_PIDNS || request == NS_GET_TGID_FROM_PIDNS;
        PidNamespace named = pids(), own = t.group.pids;
        PidNamespace from = isFrom ? named : own, to = isFrom ? own : named;
        Task o = from == null ? t.kernel.pids.task(id) : from.task(id);
        if (o == null) return -ESRCH;
        boolean isThread = request == NS_GET_PID_FROM_PIDNS || request == NS_GET_PID_IN_PIDNS;
        int n = isThread ? o.tidIn(to) : o.group.pidIn(to);
        return n == 0 ? -ESRCH : n;
    }

    // ---- setns(2)
    private static final long JOINABLE = Clone.NEWUTS | Clone.NEWIPC | Clone.NEWNS | Clone.NEWPID
            | Clone.NEWUSER;

    /** setns(2): by a file of this kind, or all of {@code kinds} by a pidfd. All is checked first. */
    public static long setns(Task t, int fd, int kinds) {
        OpenFile f = t.fds.get(fd);
        if (f == null || (f.flags & O_PATH) != 0) return -EBADF;
        if (f instanceof NamespaceFile n) {
            if (kinds != 0 && kinds != n.kind()) return -EINVAL;
            return join(t, n.kind(), n.uts(), n.ipc(), n.mounts(), n.pids(), n.users());
        }
        if (!(f instanceof PidFile p)) return -EINVAL;
        if (kinds == 0 || (Integer.toUnsignedLong(kinds) & ~Clone.NAMESPACES) != 0) return -EINVAL;
        Task of = p.thread == null ? p.group.leader : p.thread;
        if (of.state == Task.DEAD) return -ESRCH;
        if (!ProcessAccess.byRealIds(t, of)) return -EPERM;
        return join(t, kinds, of.uts, of.ipc, of.fs.mounts, of.group.pids, of.cred.ns);
    }

    private static long join(Task t, int kinds, UtsNamespace uts, IpcNamespace ipc, MountNamespace mounts,
            PidNamespace pids, UserNamespace users) {
        if ((kinds & Clone.NAMESPACES & ~JOINABLE) != 0) return -EPERM;
        Credentials c = t.cred;
        if ((kinds & Clone.NEWUSER) != 0) {
            if (users == c.ns || t.group.tasks.size() > 1 || t.fs.users > 1) return -EINVAL;
            if (users == null || !c.capableIn(users, Credentials.CAP_SYS_ADMIN)) return -EPERM;
            c = users.entered(c);
        }
        boolean others = (kinds & ~Clone.NEWUSER) != 0;
        if (others && !c.capableHere(Credentials.CAP_SYS_ADMIN)) return -EPERM;
        boolean may = ((kinds & Clone.NEWUTS) == 0 || isAdmin(c, uts == null ? null : uts.owner))
                && ((kinds & Clone.NEWIPC) == 0 || isAdmin(c, ipc == null ? null : ipc.owner))
                && ((kinds & Clone.NEWPID) == 0 || isAdmin(c, PidNamespace.owner(pids)))
                && ((kinds & Clone.NEWNS) == 0 || isAdmin(c, mounts.owner)
                        && c.capableHere(Credentials.CAP_SYS_CHROOT));
        if (!may) return -EPERM;
        if ((kinds & Clone.NEWPID) != 0 && !PidNamespace.isOpenTo(t, pids)) return -EINVAL;
        // Root and working directory are others' too (Linux moves theirs by a pidfd of several kinds).
        if ((kinds & Clone.NEWNS) != 0 && t.fs.users > 1) return -EINVAL;
        if ((kinds & Clone.NEWUSER) != 0) UserNamespace.enter(t, users);
        if ((kinds & Clone.NEWNS) != 0) MountOps.enter(t.fs, mounts);
        if ((kinds & Clone.NEWUTS) != 0) t.uts = uts;
        if ((kinds & Clone.NEWIPC) != 0) IpcNamespace.enter(t, ipc);
        if ((kinds & Clone.NEWPID) != 0) PidNamespace.enter(t, pids);
        return 0;
    }

    private static boolean isAdmin(Credentials c, UserNamespace owner) {
        return c.capableIn(owner, Credentials.CAP_SYS_ADMIN);
    }

    @Override
    public boolean isSeekable() { return false; }

    @Override
    public String describe() { return ((Node) inode).text(); }

    /** The inode of a namespace. Two of one namespace have the same number: that is what programs compare. */
    static final class Node extends Inode {
        private final String kind;
        private final Object namespace;

        Node(String kind, Object namespace) {
            super(NSFS);
            this.kind = kind;
            this.namespace = namespace;
            ino = numberOf(kind, namespace);
            mode = 0x8000 | 0444;
        }

        String text() { return kind + ":[" + ino + "]"; }

        @Override
        protected void attached(boolean isAttached) { hold(isAttached); }

        /** Keeps the namespace alive, or no longer. */
        private void hold(boolean isHeld) {
            if (namespace instanceof IpcNamespace n) {
                if (isHeld) n.hold(); else n.put();
            } else if (namespace instanceof MountNamespace n) {
                if (isHeld) n.hold(); else n.put();
            } else if (namespace instanceof PidNamespace n) {
                if (isHeld) n.hold(); else n.put();
            } else if (namespace instanceof UserNamespace n) {
                if (isHeld) n.hold(); else n.put();
            }
        }

        @Override
        public MountNamespace mountNamespace() { return namespace instanceof MountNamespace n ? n : null; }

        @Override
        public OpenFile open(Task t, Path path, int flags) {
            // Known by an O_PATH descriptor alone, which keeps nothing.
            t.error = -ENOENT;
            if (namespace instanceof IpcNamespace n && n.hasEnded()) return null;
            if (namespace instanceof MountNamespace n && n.hasEnded()) return null;
            if (namespace instanceof PidNamespace n && n.hasEnded()) return null;
            if (namespace instanceof UserNamespace n && n.hasEnded()) return null;
            return new NamespaceFile(this, path, flags);
        }
    }
}

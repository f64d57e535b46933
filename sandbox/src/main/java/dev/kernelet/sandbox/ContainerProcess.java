package dev.kernelet.sandbox;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.host.HostFdInode;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.FsContext;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Scheduling;
import dev.kernelet.sentry.kernel.Seccomp;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.tty.HostConsole;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * Puts a process of a container together as its specification says. Kernel lock, but before the kernel runs.
 */
final class ContainerProcess {
    private final Kernel kernel;
    private final ProcessSpec spec;
    private final ContainerSpec container;
    private final FsContext fs = new FsContext();
    /** Walks paths before there is a program; never runs. */
    final Task setup;

    ContainerProcess(Kernel kernel, ContainerSpec container, ProcessSpec spec) {
        this.kernel = kernel;
        this.container = container;
        this.spec = spec;
        setup = Init.walker(kernel, fs);
    }

    /** The view an earlier process has. */
    void view(MountNamespace mounts, Path root) {
        fs.mounts = mounts;
        fs.setRoot(root);
        fs.setCwd(root);
    }

    /**
     * Starts it. {@code hostFds}: descriptors 0 and following of the process (-1: closed), ours from now on;
     * with
     * {@code console} not null the first three are that terminal. {@code place}: see Init.
     */
    Task start(int[] hostFds, HostConsole console, Init.Place place) {
        var fds = new FdTable();
        for (int fd = 0; fd < hostFds.length; fd++) {
            OpenFile f = hostFds[fd] < 0 ? null : HostFdInode.open(kernel, hostFds[fd]);
            if (f != null) fds.replace(setup, fd, f, false);
        }
        // Who begins the sandbox still has to say on its own descriptors why that has failed.
        boolean isFirst = kernel.init == null, isStarted = false;
        try {
            Task t = start(fds, console, place);
            isStarted = true;
            return t;
        } finally {
            if (!isStarted && !isFirst) {
                fds.put(setup);
                fs.setRoot(null);
                fs.setCwd(null);
            }
        }
    }

    private Task start(FdTable fds, HostConsole console, Init.Place place) {
        fs.umask = spec.umask < 0 ? 022 : spec.umask;
        enterDirectory();
        // As other runtimes: the user's directory where the environment has none. Hooks get what they were given.
        String given = spec.variable("HOME");
        boolean isNeeded = spec.program == null && (given == null || given.isEmpty());
        String home = isNeeded ? Passwd.home(setup, spec.uid) : null;
        setup.cred = credentials();
        if (console != null) {
            OpenFile slave = console.slave(setup);
            if (slave == null) throw new Failure("cannot open the console: open", setup.error,
                    "Mount a devpts on /dev/pts.");
            fds.replace(setup, 0, slave, false);
            fds.replace(setup, 1, slave.hold(), false);
            fds.replace(setup, 2, slave.hold(), false);
        }
        if (spec.args.length == 0) throw new Failure("process.args is empty", "Name a program to run.");
        String program = spec.program != null ? spec.program
                : Init.find(setup, spec.args[0], spec.variable("PATH"));
        if (program == null) throw cannotRun(setup.error);
        Task t = Init.createInit(kernel, program, spec.args, spec.environment(home), fs, fds, setup.cred,
                limits(), place);
        if (t == null) throw cannotRun(Init.error);
        if (container.seccomp != null && !Seccomp.install(t, container.seccomp, container.isSeccompLogged)) {
            throw new Failure("linux.seccomp: the filter made of it is not valid",
                    "This is a bug of Kernelet's.");
        }
        t.group.oomScoreAdj = spec.oomScoreAdj;
        schedule(t.sched);
        t.personality = spec.personality;
        if (console != null) console.control(t.group);
        return t;
    }

    private void schedule(Scheduling s) {
        s.policy = spec.schedulingPolicy;
        s.priority = spec.schedulingPriority;
        s.nice = spec.nice;
        s.resetOnFork = spec.resetsOnFork;
        s.runtime = spec.runtime;
        s.deadline = spec.deadline;
        s.period = spec.period;
        s.ioPriority = spec.ioPriority;
    }

    /** In the words engines look for to tell 127 and 126 apart. */
    private Failure cannotRun(int error) {
        String name = spec.args[0];
        String what = switch (-error) {
            case ENOENT -> name.indexOf('/') >= 0 ? "stat " + name + ": no such file or directory"
                    : "\"" + name + "\": executable file not found in $PATH";
            case EACCES -> "\"" + name + "\": permission denied";
            case ENOEXEC -> "\"" + name + "\": exec format error";
            default -> "\"" + name + "\": " + dev.kernelet.abi.Errno.name(-error);
        };
        return new Failure("exec: " + what,
                "Name a program that exists in the container and may be executed.");
    }

    private void enterDirectory() {
        if (spec.cwd.isEmpty()
                || spec.cwd.charAt(0) != '/') throw new Failure("process.cwd is not absolute: " + spec.cwd,
                        "Correct it.");
        for (int slash = 1; slash > 0; slash = spec.cwd.indexOf('/', slash) + 1) {
            int end = spec.cwd.indexOf('/', slash);
            String part = end < 0 ? spec.cwd : spec.cwd.substring(0, end);
            if (setup.walk.at(PathWalk.AT_FDCWD, part, PathWalk.FOLLOW) != -ENOENT) continue;
            makeDirectory(part);
        }
        long r = setup.walk.at(PathWalk.AT_FDCWD, spec.cwd, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r < 0) throw new Failure("chdir to cwd (\"" + spec.cwd + "\") set in config.json failed", r,
                "Name a directory.");
        fs.setCwd(setup.walk.path());
    }

    /** As other runtimes: a working directory that is not there is made. */
    private void makeDirectory(String path) {
        int slash = path.lastIndexOf('/');
        if (setup.walk.at(PathWalk.AT_FDCWD, slash == 0 ? "/" : path.substring(0, slash),
                PathWalk.FOLLOW) < 0) return;
        Path parent = setup.walk.path();
        String name = path.substring(slash + 1);
        if (name.isEmpty() || parent.mount.isReadOnly() || !parent.dentry.inode.isDirectory()) return;
        Inode made = parent.dentry.inode.mkdir(setup, name, 0755);
        if (made == null) return;
        made.setattr(setup, -1, spec.uid, spec.gid);
        var stale = parent.dentry.child(name);
        if (stale != null) parent.dentry.detach(stale);
    }

    private Credentials credentials() {
        var c = new Credentials();
        if (!kernel.options.ids.hasUser(spec.uid) || !kernel.options.ids.hasGroup(spec.gid)) {
            throw new Failure("process.user: " + Integer.toUnsignedString(spec.uid) + ":"
                    + Integer.toUnsignedString(spec.gid) + " is not in linux.uidMappings and gidMappings",
                    "Name a user and a group that they cover.");
        }
        c.uid = c.euid = c.suid = c.fsuid = spec.uid;
        c.gid = c.egid = c.sgid = c.fsgid = spec.gid;
        c.groups = spec.groups;
        c.bounding = spec.bounding;
        c.inheritable = spec.inheritable;
        c.permitted = spec.permitted;
        c.effective = spec.effective;
        c.ambient = spec.ambient & spec.permitted & spec.inheritable;
        c.noNewPrivs = spec.noNewPrivileges;
        return c;
    }

    private Limits limits() {
        var l = new Limits();
        for (int i = 0; i < Limits.COUNT; i++) {
            if ((spec.hasLimit >>> i & 1) != 0) l.set(i, spec.limits[2 * i], spec.limits[2 * i + 1]);
        }
        return l;
    }
}

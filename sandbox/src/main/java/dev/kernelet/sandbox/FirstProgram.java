package dev.kernelet.sandbox;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.FsContext;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.Session;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * Puts the first process together: who it is, where it stands, what it inherits; and finds its program by
 * PATH.
 */
final class FirstProgram {
    private final Kernel kernel;
    private final SandboxOptions options;
    private final FsContext fs = new FsContext();
    private final Credentials cred;
    /** The caller's nice value. */
    private final int nice;
    /** Walks paths before there is a program; never runs. */
    private final Task setup;
    private FileView view;
    String[] command;
    private Inherited inherited;
    private String directory;

    FirstProgram(Kernel kernel, SandboxOptions options) {
        this.kernel = kernel;
        this.options = options;
        command = options.command();
        inherited = options.inherited();
        cred = credentials();
        nice = 20 - (int) HostCall.call(SyscallNumber.GETPRIORITY, 0, 0);
        setup = Init.walker(kernel, fs);
    }

    /** The files that will be seen. */
    void mount() {
        fs.umask = umask();
        view = new FileView(kernel, options);
        view.mount(setup);
    }

    /** Another command than the options'. */
    void take(Spare spare) {
        command = spare.command;
        inherited = spare.inherited;
        directory = spare.directory;
        fs.umask = spare.umask;
    }

    /** Makes the first process, ready to run: null and {@link Init#error} when it cannot be. */
    Task create() {
        enterDirectory();
        String[] environment = inherited.environment();
        var fds = new FdTable();
        setup.cred = cred;
        var stdio = new Stdio(setup, view.terminals, options.root());
        Session.ControllingTerminal tty = stdio.install(fds, inherited);
        String path = null;
        for (String e : environment) if (e.startsWith("PATH=")) path = e.substring(5);
        String program = Init.find(setup, command[0], path);
        if (program == null) {
            Init.error = setup.error;
            return null;
        }
        Task t = Init.createInit(kernel, program, command, environment, fs, fds, cred, limits());
        if (t != null) {
            t.sched.nice = Math.max(-20, Math.min(19, nice));
            Init.inheritSignals(t, inherited.ignoredSignals(), inherited.blockedSignals());
            if (tty != null) tty.attach(t.group.session(), t.group);
        }
        return t;
    }

    private void enterDirectory() {
        String cwd = options.cwd() != null ? options.cwd() : directory != null ? directory : hostDirectory();
        long r = setup.walk.at(PathWalk.AT_FDCWD, cwd, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r == 0) {
            fs.setCwd(setup.walk.path());
        } else if (options.cwd() != null) {
            throw new Failure("cannot enter " + cwd + " (--cwd): chdir", r,
                    "Name a directory that exists inside the sandbox.");
        } else if (cwd.isEmpty() && options.root().equals("/")) {
            throw new Failure("the working directory has been removed: getcwd", -ENOENT,
                    "Go to one that exists, or name one inside the sandbox by --cwd.");
        }
    }

    /** The caller's directory: empty when it has been removed, "/" when it is outside of this root. */
    private static String hostDirectory() {
        long p = Memory.allocate(4096);
        long n = HostCall.call(SyscallNumber.GETCWD, p, 4096);
        String s = n == -ENOENT ? "" : n > 1 && Memory.getByte(p) == '/' ? Memory.getBytes(p, (int) n - 1) : "/";
        Memory.free(p);
        return s;
    }

    private static int umask() {
        int old = (int) HostCall.call(SyscallNumber.UMASK, 0);
        return old < 0 ? 022 : old;
    }

    private Credentials credentials() {
        var c = new Credentials();
        HostIds ids = kernel.options.ids;
        c.uid = c.euid = c.suid = c.fsuid = ids.userInside((int) HostCall.call(SyscallNumber.GETUID));
        c.gid = c.egid = c.sgid = c.fsgid = ids.groupInside((int) HostCall.call(SyscallNumber.GETGID));
        c.groups = options.inherited().groups().clone();
        for (int i = 0; i < c.groups.length; i++) c.groups[i] = ids.groupInside(c.groups[i]);
        if (c.euid == 0) c.permitted = c.effective = Credentials.ALL_CAPS;
        return c;
    }

    /** The caller's limits, but for descriptors: the Sentry raised its own. */
    private Limits limits() {
        var l = new Limits();
        long[] host = options.inherited().limits();
        if (host != null && host.length >= 2 * Limits.COUNT) {
            for (int i = 0; i < Limits.COUNT; i++) l.set(i, host[2 * i], host[2 * i + 1]);
        }
        ProgramLimits asked = options.limits();
        if (asked.cpuSeconds() > 0) lower(l, Limits.CPU, asked.cpuSeconds(), asked.cpuSeconds() + 1);
        if (asked.fileSize() > 0) lower(l, Limits.FSIZE, asked.fileSize(), asked.fileSize());
        return l;
    }

    private static void lower(Limits l, int resource, long soft, long hard) {
        if (Long.compareUnsigned(l.rawHard(resource), hard) < 0) hard = l.rawHard(resource);
        if (Long.compareUnsigned(l.rawSoft(resource), soft) < 0) soft = l.rawSoft(resource);
        l.set(resource, Long.compareUnsigned(soft, hard) < 0 ? soft : hard, hard);
    }
}

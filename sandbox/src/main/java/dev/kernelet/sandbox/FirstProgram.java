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
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * Puts the first process together: who it is, where it stands, what it inherits; and finds its program by
 * PATH.
 */
final class FirstProgram {
    private static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Kernel kernel;
    private final SandboxOptions options;
    private final FsContext fs = new FsContext();
    private final Credentials cred;
    /** Walks paths before there is a program; never runs. */
    private final Task setup;

    FirstProgram(Kernel kernel, SandboxOptions options) {
        this.kernel = kernel;
        this.options = options;
        cred = credentials();
        setup = new Task(kernel, 0, new ThreadGroup(kernel, 0));
        setup.fs = fs;
        setup.fds = new FdTable();
        setup.cred = new Credentials();
        setup.cred.permitted = setup.cred.effective = Credentials.ALL_CAPS;
    }

    /**
     * Mounts the view and makes the first process, ready to run: null and {@link Init#error} when it cannot
     * be.
     */
    Task create() {
        fs.umask = umask();
        var view = new FileView(kernel, options);
        view.mount(setup);
        enterDirectory();
        String[] environment = options.inherited().environment();
        var fds = new FdTable();
        setup.cred = cred;
        Session.ControllingTerminal tty = new Stdio(setup, view.terminals).install(fds, options.inherited());
        String program = find(options.command()[0], environment);
        if (program == null) {
            Init.error = setup.error;
            return null;
        }
        Task t = Init.createInit(kernel, program, options.command(), environment, fs, fds, cred, limits());
        if (t != null) {
            Init.inheritSignals(t, options.inherited().ignoredSignals(), options.inherited().blockedSignals());
            if (tty != null) tty.attach(t.group.session(), t.group);
        }
        return t;
    }

    private void enterDirectory() {
        String cwd = options.cwd() != null ? options.cwd() : hostDirectory();
        long r = setup.walk.at(PathWalk.AT_FDCWD, cwd, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r == 0) {
            fs.setCwd(setup.walk.path());
        } else if (options.cwd() != null) {
            throw new Failure("cannot enter " + cwd + " (--cwd): chdir", r, "Name a directory that exists inside the sandbox.");
        }
    }

    private static String hostDirectory() {
        long p = Memory.allocate(4096);
        long n = HostCall.call(SyscallNumber.GETCWD, p, 4096);
        String s = n > 1 && Memory.getByte(p) == '/' ? Memory.getBytes(p, (int) n - 1) : "/";
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

    // ---- PATH
    /**
     * The file to run: a name with a slash as it is, else the first executable one along PATH. Null with
     * setup.error.
     */
    private String find(String name, String[] environment) {
        if (name.indexOf('/') >= 0) return name;
        setup.error = -ENOENT;
        if (name.isEmpty()) return null;
        String path = DEFAULT_PATH;
        for (String e : environment) if (e.startsWith("PATH=")) path = e.substring(5);
        int error = -ENOENT;
        for (int at = 0; at <= path.length();) {
            int end = path.indexOf(':', at);
            if (end < 0) end = path.length();
            String candidate = end == at ? name : path.substring(at, end) + "/" + name;
            int r = isExecutable(candidate);
            if (r == 0) return candidate;
            if (r == -EACCES) error = r;
            at = end + 1;
        }
        setup.error = error;
        return null;
    }

    private int isExecutable(String path) {
        long r = setup.walk.at(PathWalk.AT_FDCWD, path, PathWalk.FOLLOW);
        if (r < 0) return (int) r;
        if (!setup.walk.inode.isRegular()) return -EACCES;
        return (int) Access.check(cred, setup.walk.inode, Access.EXECUTE);
    }
}

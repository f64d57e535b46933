package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.loader.Loader;
import dev.kernelet.sentry.loader.ProgramImage;
import dev.kernelet.sentry.vfs.Access;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.PathWalk;

/** The first process of a sandbox, and others that come from outside it. */
public final class Init {
    private Init() {}

    /** The errno (negative) of the last failed {@link #createInit}. */
    public static int error;

    /**
     * Makes the first process (or, when there is one, a further process without a parent), ready to run
     * {@code file} (a path, looked up without PATH). Runs under the kernel lock on a worker (post an event).
     * Takes {@code fs}, {@code fds} and {@code cred} over. Null when the program cannot be started: see
     * {@link #error}.
     */
    public static Task createInit(Kernel k, String file, String[] argv, String[] envp, FsContext fs,
            FdTable fds, Credentials cred, Limits limits) {
        return createInit(k, file, argv, envp, fs, fds, cred, limits, null);
    }

    /** Where a process belongs that is not the sandbox's first container's. */
    public static final class Place {
        public ControlGroup controlGroup;
        /** Null: the sandbox's. */
        public UtsNamespace uts;
        public IpcNamespace ipc;
        /** Where its numbers are: the first process that comes there is the namespace's. Null: the sandbox's. */
        public PidNamespace pids;
        /** It is a container's first process, and waits for {@link Kernel#makeReady}. */
        public boolean isFirst;
    }

    /** The same at a place; null: in the first container. */
    public static Task createInit(Kernel k, String file, String[] argv, String[] envp, FsContext fs,
            FdTable fds, Credentials cred, Limits limits, Place place) {
        PidNamespace pids = place == null ? null : place.pids;
        Pid numbers = pids == null ? null : PidNamespace.allocate(k, pids, new int[0]);
        if (numbers == null && pids != null) return null;
        Task t = newProcess(k, numbers, fs, fds, cred, limits);
        OpenFile program = FileOpen.openExec(t, -100, file, 0);
        long r = t.error;
        if (program != null) {
            var image = new ProgramImage();
            image.file = program;
            image.path = program.path;
            image.fileName = file;
            image.argv = argv;
            image.envp = envp;
            image.cred = ProgramCredentials.forProgram(t, program);
            r = Loader.load(t, image);
            program.put(t);
            if (r == 0) begin(t, image, place);
        }
        if (r == 0) return t;
        error = r == Task.BLOCKED ? -EAGAIN : (int) r;
        return null;
    }

    private static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /**
     * A task that walks paths before there is a program, with all rights until it is given others; never
     * runs.
     */
    public static Task walker(Kernel k, FsContext fs) {
        var t = new Task(k, 0, null, new ThreadGroup(k, 0, null));
        t.fs = fs;
        t.fds = new FdTable();
        t.cred = new Credentials();
        t.cred.permitted = t.cred.effective = Credentials.ALL_CAPS;
        return t;
    }

    /**
     * The file to run: a name with a slash as it is, else the first that {@code t} may execute along
     * {@code path} (PATH; null: the usual one). Null with t.error.
     */
    public static String find(Task t, String name, String path) {
        if (name.indexOf('/') >= 0) return name;
        t.error = -ENOENT;
        if (name.isEmpty()) return null;
        if (path == null) path = DEFAULT_PATH;
        int error = -ENOENT;
        for (int at = 0; at <= path.length();) {
            int end = path.indexOf(':', at);
            if (end < 0) end = path.length();
            String candidate = end == at ? name : path.substring(at, end) + "/" + name;
            int r = isExecutable(t, candidate);
            if (r == 0) return candidate;
            if (r == -EACCES) error = r;
            at = end + 1;
        }
        t.error = error;
        return null;
    }

    private static int isExecutable(Task t, String path) {
        long r = t.walk.at(PathWalk.AT_FDCWD, path, PathWalk.FOLLOW);
        if (r < 0) return (int) r;
        if (!t.walk.inode.isRegular()) return -EACCES;
        return (int) Access.check(t.cred, t.walk.inode, Access.EXECUTE);
    }

    /** Dispositions and mask of whoever called us, as execve(2) hands them down. Bit {@code signal - 1}. */
    public static void inheritSignals(Task t, long ignored, long blocked) {
        for (int s = 1; s <= 64; s++) if ((ignored & bit(s)) != 0) t.group.handlers.set(s, SIG_IGN, 0, 0, 0);
        t.signals.setMask(blocked);
    }

    /** A process without memory, leader of its own session. */
    private static Task newProcess(Kernel k, Pid numbers, FsContext fs, FdTable fds, Credentials cred,
            Limits limits) {
        int pid = numbers == null ? k.pids.allocate() : numbers.number;
        var g = new ThreadGroup(k, pid, numbers);
        var t = new Task(k, pid, numbers, g);
        g.leader = t;
        if (limits != null) g.limits = limits;
        CpuClocks.limitChanged(g);
        t.fs = fs;
        t.fds = fds;
        t.cred = cred;
        t.personality = k.options.personality;
        return t;
    }

    /** What is started in a container later sees what its first process sees (exec of the OCI commands). */
    private static void joinNamespaces(Task t, Task first) {
        if (first == null) return;
        t.uts = first.uts;
        t.ipc = first.ipc == null ? null : first.ipc.hold();
    }

    private static void enter(Task t, Place place) {
        t.uts = place.uts;
        t.ipc = place.ipc == null ? null : place.ipc.hold();
        t.group.controlGroup = place.controlGroup;
    }

    private static void begin(Task t, ProgramImage image, Place place) {
        Kernel k = t.kernel;
        ThreadGroup g = t.group;
        g.tasks.add(t);
        JobControl.join(g, new ProcessGroup(g, new Session(g)));
        k.pids.add(g);
        k.pids.add(t);
        k.users.tasks(t.cred.uid, 1);
        if (place != null) enter(t, place);
        else if (k.init != null) joinNamespaces(t, k.init.anyTask());
        if (g.controlGroup != null) g.controlGroup.tasks++;
        if (k.init == null) {
            k.init = g;
            g.isUnkillable = k.options.hasContainerInit;
        }
        t.cred = image.cred;
        t.mm = image.mm;
        t.ctx = image.space.first();
        t.ctx.owner = t;
        image.space.owner = image.mm;
        t.mem.begin();
        t.name = Exec.commName(image.fileName);
        g.exe = image.exePath;
        t.isNew = true;
        t.stopResult = Task.REGISTERS_SET;
        // Its namespace's first process may have ended while the program was read.
        if (g.pids != null && g.pids.isClosed()) Exit.killGroup(g, SIGKILL);
        else if (place != null ? !place.isFirst : g != k.init || !k.options.holdsInit) k.makeReady(t);
    }
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.sentry.loader.Loader;
import dev.kernelet.sentry.loader.ProgramImage;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.OpenFile;

/** The first process of a sandbox, and others that come from outside it. */
public final class Init {
    private Init() {}

    /** The errno (negative) of the last failed {@link #createInit}. */
    public static int error;

    /**
     * Makes the first process (or, when there is one, a further process without a parent), ready to run {@code file} (a
     * path, looked up without PATH). Runs under the kernel lock on a worker (post an event). Takes {@code fs}, {@code fds}
     * and {@code cred} over. Null when the program cannot be started: see {@link #error}.
     */
    public static Task createInit(Kernel k, String file, String[] argv, String[] envp, FsContext fs, FdTable fds,
            Credentials cred, Limits limits) {
        Task t = newProcess(k, fs, fds, cred, limits);
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
            if (r == 0) begin(t, image);
        }
        if (r == 0) return t;
        error = r == Task.BLOCKED ? -EAGAIN : (int) r;
        return null;
    }

    /** Dispositions and mask of whoever called us, as execve(2) hands them down. Bit {@code signal - 1}. */
    public static void inheritSignals(Task t, long ignored, long blocked) {
        for (int s = 1; s <= 64; s++) if ((ignored & bit(s)) != 0) t.group.handlers.set(s, SIG_IGN, 0, 0, 0);
        t.signals.setMask(blocked);
    }

    /** A process without memory, leader of its own session. */
    private static Task newProcess(Kernel k, FsContext fs, FdTable fds, Credentials cred, Limits limits) {
        int pid = k.pids.allocate();
        var g = new ThreadGroup(k, pid);
        var t = new Task(k, pid, g);
        g.leader = t;
        if (limits != null) g.limits = limits;
        CpuClocks.limitChanged(g);
        t.fs = fs;
        t.fds = fds;
        t.cred = cred;
        t.personality = k.options.personality;
        return t;
    }

    private static void begin(Task t, ProgramImage image) {
        Kernel k = t.kernel;
        ThreadGroup g = t.group;
        var session = new Session(g.pid, g);
        g.tasks.add(t);
        JobControl.join(g, new ProcessGroup(g.pid, session));
        k.pids.add(g);
        k.pids.add(t);
        k.users.tasks(t.cred.uid, 1);
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
        if (g != k.init || !k.options.holdsInit) k.makeReady(t);
    }
}

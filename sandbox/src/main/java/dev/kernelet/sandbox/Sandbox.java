package dev.kernelet.sandbox;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.host.HostProc;
import dev.kernelet.sandbox.confine.HostJail;
import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Init;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.MemoryGuard;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.log.DebugLog;
import dev.kernelet.sentry.strace.Strace;
import dev.kernelet.platform.Platform;

/** One sandbox: a platform, a kernel, its file systems and the first program. Not reusable. */
public final class Sandbox {
    /** struct utsname is six of them. */
    private static final int UTS_FIELD = 65;

    private static final int NOT_FOUND = 127, NOT_EXECUTABLE = 126;

    /** What a Sentry has resident with a small program, and some room for more. */
    private static final long SENTRY_MEMORY = 48L << 20;

    private final SandboxOptions options;
    /** Bytes the host's control groups allow; 0: no limit. */
    private long hostLimit;

    private Sandbox(SandboxOptions options) { this.options = options.resolved(); }

    /**
     * Runs the command to its end: its exit status, 128 + n when signal n ended it, 127 not found, 126 not
     * executable.
     *
     * @throws Failure when Kernelet itself fails
     */
    public static int run(SandboxOptions options) { return new Sandbox(options).run(); }

    private int run() {
        HostLimits.raise();
        HostProc.open();
        HostJail.restrict(options);
        Platform platform = PlatformChoice.make(options.platform(), options.inherited());
        try {
            return run(platform);
        } catch (IllegalStateException e) {
            String failure = platform.failure();
            throw failure != null ? PlatformChoice.failed(options.platform(), failure) : e;
        } finally {
            platform.close();
        }
    }

    private int run(Platform platform) {
        Kernel kernel = new Kernel(platform, kernelOptions());
        Strace.enabled = options.strace();
        MemoryGuard.start(kernel, guarded(kernel));
        var program = new FirstProgram(kernel, options);
        program.mount();
        Spare spare = null;
        if (options.inherited().channel() >= 0) {
            spare = new Spare(options.inherited());
            HostJail.prepare(options);
            if (!spare.await()) return 0;
            program.take(spare);
        }
        Task init = program.create();
        if (init == null) {
            String failure = platform.failure();
            if (failure != null) throw PlatformChoice.failed(options.platform(), failure);
            return startFailed(program.command[0], -Init.error);
        }
        var signals = new SignalForwarder(kernel, null);
        if (spare != null) spare.watch(signals);
        else signals.start();
        HostJail.seal(options);
        kernel.run(Integer.getInteger("kernelet.workers", Math.max(2, Math.min(4,
                kernel.options.processors))));
        if (DebugLog.debugEnabled) {
            Runtime r = Runtime.getRuntime();
            DebugLog.debug(platform.statistics() + ", heap " + (r.totalMemory() - r.freeMemory()));
        }
        if (kernel.failure != null) {
            throw new Failure("internal error in the kernel: " + kernel.failure,
                    "This is a bug of Kernelet's. Run again with --debug-log=FILE and report it with that file.");
        }
        int status = exitCode(kernel.exitStatus);
        if (spare != null) spare.answer(status);
        return status;
    }

    /**
     * What the programs may use before the largest is killed. Without a limit of the user's: nine tenths of
     * the machine, so that it stays usable, or of the control group, less what the Sentry itself needs.
     */
    private long guarded(Kernel kernel) {
        long most = ProcFs.totalBytes(kernel, null) / 10 * 9;
        if (hostLimit > 0) most = Math.max(most / 4, Math.min(most, hostLimit / 10 * 9 - SENTRY_MEMORY));
        return options.memory() > 0 ? Math.min(options.memory(), most) : most;
    }

    /** The shell's convention (128 + n for a signal) for a wait status. */
    private static int exitCode(int waitStatus) {
        int signal = waitStatus & 0x7f;
        return signal != 0 ? 128 + signal : waitStatus >>> 8 & 0xff;
    }

    /** The command could not be run: said as a shell says it, with its statuses. */
    private int startFailed(String what, int errno) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EAGAIN) {
            throw new Failure("cannot start " + what, -errno,
                    "A limit of this environment is too low: see ulimit -a and the container's limits of processes and memory.");
        }
        String why = switch (errno) {
            case ENOENT -> "not found";
            case EACCES -> "permission denied";
            case ENOTDIR -> "not a directory on the way";
            case ELOOP -> "too many symbolic links on the way";
            case ENAMETOOLONG -> "the name is too long";
            case ENOEXEC -> "not a 64-bit x86 program or script";
            default -> dev.kernelet.abi.Errno.name(errno);
        };
        DebugLog.warn("execve " + what + ": " + why);
        StandardError.print("kernelet: " + DebugLog.escaped(what) + ": " + why + "\n");
        return errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE;
    }

    private static int[] ranges(IdMap[] maps) {
        var ranges = new int[maps.length * 3];
        for (int i = 0; i < maps.length; i++) {
            ranges[3 * i] = maps[i].inside();
            ranges[3 * i + 1] = maps[i].outside();
            ranges[3 * i + 2] = maps[i].count();
        }
        return ranges;
    }

    /** nodename of uname(2). */
    private static String hostname(String otherwise) {
        long p = Memory.allocate(6 * UTS_FIELD);
        long r = HostCall.call(SyscallNumber.UNAME, p);
        int n = 0;
        while (r == 0 && n < UTS_FIELD - 1 && Memory.getByte(p + UTS_FIELD + n) != 0) n++;
        String name = n == 0 ? otherwise : Memory.getBytes(p + UTS_FIELD, n);
        Memory.free(p);
        return name;
    }

    private KernelOptions kernelOptions() {
        var k = new KernelOptions();
        k.taskLimit = options.pidsLimit() > 0 ? options.pidsLimit()
                : HostLimits.tasks(SandboxOptions.DEFAULT_PIDS_LIMIT);
        hostLimit = HostMemory.limit();
        k.memoryLimit = options.memory() > 0 && hostLimit > 0 ? Math.min(options.memory(), hostLimit)
                : Math.max(options.memory(), hostLimit);
        k.fileLimit = options.fdLimit();
        // An error where an engine's profile does not allow to ask.
        k.personality = (int) Math.max(0, HostCall.call(SyscallNumber.PERSONALITY, 0xffffffffL));
        k.cpuSeconds = options.limits().cpuSeconds();
        k.fileSize = options.limits().fileSize();
        k.outputLimit = options.limits().output();
        k.hostFifos = options.host().opensFifos();
        k.hostSockets = options.host().opensSockets();
        k.createsHostSockets = options.host().createsSockets();
        k.network = options.network();
        // The caller's files know the caller's machine by its name (/etc/hosts); those of another root do not.
        if (options.root().equals("/")) k.hostname = hostname(k.hostname);
        k.strace = options.strace();
        k.spins = !"off".equals(System.getProperty("kernelet.spin"));
        k.ids = new HostIds(ranges(options.uidMaps()), ranges(options.gidMaps()));
        return k;
    }
}

package dev.kernelet.sandbox.confine;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.host.CallFilter;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Namespaces;
import dev.kernelet.sandbox.SandboxOptions;
import dev.kernelet.sandbox.StandardError;
import dev.kernelet.sandbox.probe.Choice;
import dev.kernelet.sentry.log.DebugLog;

/**
 * Confines the Sentry's own process, in this order:
 *
 * <ol>
 *   <li>{@link #restrict}, before there is a stub or a thread of the Sentry's: no_new_privs, Landlock and
 *   capabilities of the
 *       calling thread. Threads and stubs made from here on inherit all three, and so can reach each other.
 *       The threads that
 *       the virtual machine has already get them by a signal, each a domain of its own: they have no
 *       business with stubs.
 *   <li>{@link #seal}, the last step of a start, when the program inside is loaded and has not run: all
 *   threads have done
 *       that; no memory becomes executable, code cannot be changed; the list of host calls, on all threads
 *       at once.
 * </ol>
 *
 * <p>For development, {@code -Dkernelet.seccomp=} {@code report} lets a refused call fail with EPERM after
 * its message instead
 * of ending the sandbox, {@code off} leaves the filter out, {@code train} makes everything and takes nothing
 * into force.
 */
public final class HostJail {
    private static final int PR_SET_NO_NEW_PRIVS = 38, PR_SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1,
            MDWE_NO_INHERIT = 2;

    private static final int SIGNAL = 64, SIGNAL_DEADLINE_MILLIS = 5000, LOOK_MILLIS = 20, ROOM = 4096;
    private static final long CAP_CHOWN = 1, CAP_DAC_OVERRIDE = 1 << 1, CAP_DAC_READ_SEARCH = 1 << 2,
            CAP_FOWNER = 1 << 3,
            CAP_FSETID = 1 << 4, CAP_NET_BIND_SERVICE = 1 << 10, CAP_NET_RAW = 1 << 13;

    /** Threads that were there before {@link #restrict}, the calling one included. */
    private static int threads;
    /** The threads that were asked to, as many as the bridge remembers. */
    private static final int[] tids = new int[64];
    private static int asked;
    private static Landlock landlock;
    /** {@link #prepare} has been called. */
    private static boolean isPrepared;

    private HostJail() {}

    private static String mode() { return System.getProperty("kernelet.seccomp", "kill"); }

    /** Before there is a stub: mounts of its own for what is shown, no_new_privs, Landlock, capabilities. */
    public static void restrict(SandboxOptions options) {
        if (mode().equals("off")) return;
        Namespace.enter(options);
        landlock = new Landlock(options);
        int ruleset = landlock.make(false);
        if (mode().equals("train")) return;
        long r = HostCall.confine(ruleset, capabilities(options));
        if (r < 0 && ruleset >= 0) r = HostCall.confine(-1, capabilities(options)); // E2BIG: too many domains already
        if (r < 0) throw new Failure("cannot confine the Sentry: capset", r,
                "This is a bug of Kernelet's: please report it.");
        threads = 1 + signalOthers(Namespace.hasDoor(options) ? (int) HostCall.call(GETPID) : 0);
    }

    /** What root needs to be root towards files; nobody else has any of them. */
    static long capabilities(SandboxOptions options) {
        // An ordinary user's namespace gives them all; needed they are where it holds ids to give files to
        // (userns.c).
        boolean givesFiles = options.uidMaps().length > 0 && !options.inherited().namespaces()
                .has(Namespaces.USER);
        if (HostCall.call(GETEUID) != 0 && !givesFiles) return 0;
        long keep = CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH;
        if (Landlock.writesHost(options)) keep |= CAP_CHOWN | CAP_FOWNER | CAP_FSETID;
        if (options.network().equals("host")) keep |= CAP_NET_BIND_SERVICE | CAP_NET_RAW;
        return keep;
    }

    /**
     * Lets all threads but the calling one and {@code but} confine themselves. Their number; 0 where there is
     * no /proc to find them by.
     */
    private static int signalOthers(int but) {
        long fd = HostProc.open("self/task", dev.kernelet.abi.Fcntl.O_DIRECTORY);
        if (fd < 0) return 0;
        int pid = (int) HostCall.call(GETPID), self = (int) HostCall.call(GETTID), count = 0;
        long buffer = Memory.allocate(ROOM);
        for (long n; (n = HostCall.call(GETDENTS64, fd, buffer, ROOM)) > 0; ) {
            for (long at = buffer; at < buffer + n; at += Memory.getUnsignedShort(at + 16)) {
                int tid = number(at + 19);
                if (tid <= 0 || tid == self || tid == but) continue;
                if (HostCall.call(TGKILL, pid, tid, SIGNAL) != 0) continue;
                remember(tid);
                count++;
            }
        }
        Memory.free(buffer);
        HostCall.call(CLOSE, fd);
        return count;
    }

    /** Whether every thread that was to confine itself has, or has ended before it could. */
    private static boolean allConfined() {
        long pid = HostCall.call(GETPID);
        for (int i = 0; i < asked; i++) {
            if (HostCall.confined(tids[i]) != 1 && HostCall.call(TGKILL, pid, tids[i], 0) != -Errno.ESRCH) return false;
        }
        return asked < tids.length;
    }

    private static void remember(int tid) {
        if (asked < tids.length) tids[asked++] = tid;
    }

    private static int number(long at) {
        int n = 0;
        for (int c; (c = Memory.getByte(at)) != 0; at++) {
            if (c < '0' || c > '9') return 0;
            n = 10 * n + c - '0';
        }
        return n;
    }

    static void awaitThreads() {
        long end = System.nanoTime() + SIGNAL_DEADLINE_MILLIS * 1_000_000L;
        long look = System.nanoTime() + LOOK_MILLIS * 1_000_000L;
        for (long done; (done = HostCall.confined(0)) < threads; HostCall.call(SCHED_YIELD)) {
            long now = System.nanoTime();
            if (done >= 0 && now > look) { // one may have ended before it got the signal
                if (allConfined()) break;
                look = now + LOOK_MILLIS * 1_000_000L;
            }
            if (done >= 0 && now < end) continue;
            throw new Failure("cannot confine the Sentry: " + (done < 0 ? Errno.name((int) -done) : done
                    + " threads of " + threads),
                    "The machine may be overloaded: try again.");
        }
        landlock.close();
    }

    /**
     * Memory never becomes executable any more, code never changes, and host calls are those of {@link
     * SentryCalls}.
     */
    public static void seal(SandboxOptions options) { seal(options, false); }

    /**
     * All of {@link #seal} but the list of host calls, which a spare that waits for its command needs still
     * less of. Nothing is opened by a path after it.
     */
    public static void prepare(SandboxOptions options) {
        if (!mode().equals("kill") && !mode().equals("report")) return;
        leave(options, false);
        awaitThreads();
        fixMemory();
        isPrepared = true;
    }

    private static void leave(SandboxOptions options, boolean isTraining) {
        // A development build goes on to open its classes by name.
        if (loadsClassesByName()) Namespace.stay(options);
        else Namespace.leaveRoot(options, isTraining);
        if (!isTraining && Namespace.hasDoor(options)) confineLeader();
    }

    /**
     * EINVAL before Linux 6.3 and 6.6; mseal is ENOSYS before 6.10. Both only add to what the filter refuses.
     */
    private static void fixMemory() {
        HostCall.call(PRCTL, PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN | MDWE_NO_INHERIT, 0, 0, 0);
        executableRegions(false);
    }

    /** {@code isContainer}: the sandbox serves a control socket. */
    public static void seal(SandboxOptions options, boolean isContainer) {
        String mode = mode();
        if (mode.equals("off")) return;
        boolean isTraining = mode.equals("train");
        if (!isPrepared) leave(options, isTraining);
        CallFilter filter = filter(options, loadsClassesByName(), false);
        if (isContainer) SentryCalls.control(filter, options.network().equals("host"));
        if (isTraining) {
            filter.program();
            executableRegions(true);
            return;
        }
        if (!isPrepared) awaitThreads();
        if (options.platform().equals("ptrace") && !Choice.mayFilter()) {
            withoutFilter(options);
            return;
        }
        seal(filter, mode.equals("report"));
        DebugLog.debug("the Sentry may make " + filter.allowedCalls() + " host calls");
    }

    /**
     * The ptrace platform works where seccomp is forbidden: all but the list of host calls is in force there.
     */
    private static void withoutFilter(SandboxOptions options) {
        if (!isPrepared) fixMemory();
        if (options.quiet()) return;
        StandardError.print("kernelet: warning: seccomp is not allowed here, so Kernelet's own host calls are not limited\n");
    }

    static void seal(CallFilter filter, boolean onlyReports) {
        long r = HostCall.call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (r < 0) throw new Failure("cannot confine the Sentry: prctl(PR_SET_NO_NEW_PRIVS)", r,
                "It needs Linux 3.5 or newer.");
        if (!isPrepared) fixMemory();
        HostCall.onRefusedCall(onlyReports ? 1 : 0);
        r = filter.install();
        if (r != 0) {
            String why = r < 0 ? Errno.name((int) -r) : "thread " + r + " has a filter of its own";
            throw new Failure("cannot confine the Sentry: seccomp(SECCOMP_SET_MODE_FILTER): " + why,
                    "The kernel must have CONFIG_SECCOMP_FILTER; what runs Kernelet must not forbid seccomp(2).");
        }
    }

    /** The leading thread, which is not needed without restrictions any more. */
    private static void confineLeader() {
        long pid = HostCall.call(GETPID);
        if (HostCall.call(TGKILL, pid, pid, SIGNAL) != 0) return;
        remember((int) pid);
        threads++;
    }

    /** The Sentry's list for these options. */
    static CallFilter filter(SandboxOptions options, boolean loadsClasses, boolean describes) {
        var filter = new CallFilter(CallFilter.TRAP, describes);
        int proc = options.host().direct() ? -1 : HostProc.directory();
        SentryCalls.list(filter, options.network(), Landlock.writesHost(options), options.platform(),
                loadsClasses, proc, options.host());
        if (options.inherited().namespaces().outside() != 0) SentryCalls.outside(filter);
        return filter;
    }

    /** Whether classes come from a directory: a development build (bin/dev), not a distribution. */
    private static boolean loadsClassesByName() {
        // By the launcher: the virtual machine keeps its own property for the boot class path to itself.
        return System.getProperty("kernelet.classes") != null;
    }

    /**
     * Seals every executable mapping: its protection stays and nothing takes its place (mseal(2)). The number
     * of them.
     */
    private static int executableRegions(boolean counts) {
        String maps = HostProc.read("self/maps");
        int sealed = 0;
        for (int at = 0; at < maps.length(); ) {
            int end = maps.indexOf('\n', at), dash = maps.indexOf('-', at), blank = maps.indexOf(' ', at);
            if (end < 0) break;
            // ADDRESS-ADDRESS rwxp ...
            if (maps.charAt(blank + 3) == 'x' && maps.charAt(at) != 'f') {
                long from = Long.parseLong(maps, at, dash, 16), to = Long.parseLong(maps, dash + 1, blank,
                        16);
                if (counts || HostCall.call(MSEAL, from, to - from, 0) == 0) sealed++;
            }
            at = end + 1;
        }
        return sealed;
    }
}

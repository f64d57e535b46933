package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.platform.Registers;
import dev.kernelet.sentry.log.DebugLog;

/**
 * seccomp(2) for programs: strict mode, and chains of filters that a task inherits and can only lengthen. A filter judges what
 * reaches the Sentry, from a trap or a rewritten call site alike; the platform answers by itself only calls
 * that the filters allow whatever their arguments are. Kernel lock.
 *
 * <p>User notification is not offered: SECCOMP_FILTER_FLAG_NEW_LISTENER is EINVAL, SECCOMP_GET_ACTION_AVAIL says EOPNOTSUPP,
 * and a filter that answers so without a listener gets ENOSYS for the call, as on Linux.
 */
public final class Seccomp {
    public static final int DISABLED = 0, STRICT = 1, FILTER = 2;
    private static final int OP_STRICT = 0, OP_FILTER = 1, OP_ACTION_AVAIL = 2;
    private static final int FLAG_TSYNC = 1, FLAG_LOG = 2, FLAG_SPEC_ALLOW = 4, FLAG_TSYNC_ESRCH = 16;
    private static final int KILL_PROCESS = 0x80000000, KILL_THREAD = 0, TRAP = 0x00030000, ERRNO = 0x00050000,
            USER_NOTIF = 0x7fc00000, TRACE = 0x7ff00000, LOG = 0x7ffc0000, ALLOW = 0x7fff0000;
    private static final int ACTION = 0xffff0000, DATA = 0xffff;
    private static final int SYS_SECCOMP = 1;
    /** Calls whose verdict may be kept: all that Linux has. */
    private static final int KEPT = 512;
    /** Instructions of a whole chain, four more for each filter (MAX_INSNS_PER_PATH). */
    private static final int CHAIN_MAX = 32768, CHAIN_PENALTY = 4;

    /** A filter and those installed before it. Immutable, but for what it remembers. */
    static final class Filter {
        final ClassicBpf program;
        final Filter previous;
        final boolean isLogged;
        final int count;

        Filter(ClassicBpf program, Filter previous, boolean isLogged) {
            this.program = program;
            this.previous = previous;
            this.isLogged = isLogged;
            count = previous == null ? 1 : previous.count + 1;
        }

        // ---- calls that the whole chain allows whatever their arguments are: found out once for each number
        private final long[] asked = new long[KEPT / 64], allowed = new long[KEPT / 64];

        boolean alwaysAllows(int nr) {
            if (nr < 0 || nr >= KEPT) return false;
            long bit = 1L << nr;
            int word = nr >> 6;
            if ((asked[word] & bit) == 0) {
                asked[word] |= bit;
                boolean isAllowed = true;
                for (Filter f = this; f != null && isAllowed; f = f.previous) {
                    isAllowed = f.program.alwaysAnswers(nr, ALLOW);
                }
                if (isAllowed) allowed[word] |= bit;
            }
            return (allowed[word] & bit) != 0;
        }
    }

    private Seccomp() {}

    // ---- installing
    /** seccomp(2). */
    public static long seccomp(Task t, int operation, int flags, long address) {
        switch (operation) {
            case OP_STRICT -> { return flags != 0 || address != 0 ? -EINVAL : setStrict(t); }
            case OP_FILTER -> { return setFilter(t, flags, address); }
            case OP_ACTION_AVAIL -> {
                if (flags != 0) return -EINVAL;
                long action = t.mem.loadInt(address);
                return action < 0 ? action : isKnown((int) action) ? 0 : -EOPNOTSUPP;
            }
            default -> { return -EINVAL; }
        }
    }

    /** prctl(2) PR_SET_SECCOMP. */
    static long setMode(Task t, long mode, long address) {
        if (mode == STRICT) return setStrict(t);
        return mode == FILTER ? setFilter(t, 0, address) : -EINVAL;
    }

    private static boolean isKnown(int action) {
        return action == KILL_PROCESS || action == KILL_THREAD || action == TRAP || action == ERRNO || action == TRACE
                || action == LOG || action == ALLOW;
    }

    private static long setStrict(Task t) {
        if (t.seccompMode == FILTER) return -EINVAL;
        enable(t, STRICT, null);
        return 0;
    }

    private static long setFilter(Task t, int flags, long address) {
        if ((flags & ~(FLAG_TSYNC | FLAG_LOG | FLAG_SPEC_ALLOW | FLAG_TSYNC_ESRCH)) != 0) return -EINVAL;
        // struct sock_fprog: length, 6 bytes of padding, pointer.
        long p = t.mem.in(address, 16);
        if (p < 0) return p;
        int count = Memory.getUnsignedShort(p);
        long from = Memory.getLong(p + 8);
        if (count == 0 || count > ClassicBpf.MAX_INSTRUCTIONS) return -EINVAL;
        // Else a set-user-ID program could be made to fail in ways its author never thought of.
        if (!t.cred.noNewPrivs && !t.cred.capableHere(Credentials.CAP_SYS_ADMIN)) return -EACCES;
        long code = t.mem.in(from, count * 8);
        if (code < 0) return code;
        ClassicBpf program = ClassicBpf.load(code, count);
        if (program == null || t.seccompMode == STRICT) return -EINVAL;
        int total = count;
        for (Filter f = t.seccompFilter; f != null; f = f.previous) total += f.program.length() + CHAIN_PENALTY;
        if (total > CHAIN_MAX) return -ENOMEM;
        if ((flags & FLAG_TSYNC) != 0) {
            Task cannot = whoCannotFollow(t);
            if (cannot != null) return (flags & FLAG_TSYNC_ESRCH) != 0 ? -ESRCH : cannot.ownTid;
        }
        var filter = new Filter(program, t.seccompFilter, (flags & FLAG_LOG) != 0);
        enable(t, FILTER, filter);
        if ((flags & FLAG_TSYNC) != 0) synchronise(t);
        return 0;
    }

    /** A thread whose chain has gone another way; the caller's filter cannot become its own. */
    private static Task whoCannotFollow(Task t) {
        for (int i = 0; i < t.group.tasks.size(); i++) {
            Task o = t.group.tasks.get(i);
            if (o == t || o.seccompMode == DISABLED) continue;
            Filter f = t.seccompFilter;
            while (f != null && f != o.seccompFilter) f = f.previous;
            if (o.seccompMode != FILTER || f == null) return o;
        }
        return null;
    }

    private static void synchronise(Task t) {
        for (int i = 0; i < t.group.tasks.size(); i++) {
            Task o = t.group.tasks.get(i);
            if (o == t) continue;
            if (t.cred.noNewPrivs && !o.cred.noNewPrivs) {
                Credentials c = o.cred.copy();
                c.noNewPrivs = true;
                o.cred = c;
            }
            enable(o, FILTER, t.seccompFilter);
        }
    }

    private static void enable(Task t, int mode, Filter filter) {
        t.seccompMode = mode;
        t.seccompFilter = filter;
        t.entryWork |= SyscallEntry.SECCOMP;
        t.ctx.clearStubAnswers();
    }

    /**
     * Puts a filter on a task that comes from outside, as whoever starts it wants it: a container's profile.
     * Instructions are struct sock_filter each. False when they are no valid program.
     */
    public static boolean install(Task t, long[] instructions, boolean isLogged) {
        ClassicBpf program = ClassicBpf.of(instructions);
        if (program == null) return false;
        enable(t, FILTER, new Filter(program, t.seccompFilter, isLogged));
        return true;
    }

    /**
     * Whether call {@code nr} of {@code t} is allowed whatever its arguments are, so that it need not be
     * seen.
     */
    static boolean alwaysAllows(Task t, int nr) {
        return t.seccompMode == FILTER ? t.seccompFilter.alwaysAllows(nr) : t.seccompMode == DISABLED;
    }

    /** clone(2). */
    static void inherit(Task from, Task to) {
        to.seccompMode = from.seccompMode;
        to.seccompFilter = from.seccompFilter;
        to.entryWork |= from.entryWork & SyscallEntry.SECCOMP;
    }

    public static int filters(Task t) { return t.seccompFilter == null ? 0 : t.seccompFilter.count; }

    // ---- judging
    /**
     * The verdict over the call at hand: {@link SyscallEntry#PROCEED}, what the call ends with instead, or GONE.
     * {@code wasTraced}: a tracer has already been asked (seccomp(2), SECCOMP_RET_TRACE).
     */
    static long check(Task t, boolean wasTraced) {
        if (t.seccompMode == STRICT) return checkStrict(t);
        if (t.seccompFilter.alwaysAllows(t.nr)) return SyscallEntry.PROCEED;
        long ip = t.ctx.reg(Registers.RIP);
        int verdict = ALLOW;
        boolean isLogged = false;
        for (Filter f = t.seccompFilter; f != null; f = f.previous) {
            int v = f.program.run(t, ip);
            // The gravest action counts, of equals the one of the newest filter.
            if ((v & ACTION) < (verdict & ACTION)) {
                verdict = v;
                isLogged = f.isLogged;
            }
        }
        int data = verdict & DATA;
        switch (verdict & ACTION) {
            case ALLOW -> { return SyscallEntry.PROCEED; }
            case ERRNO -> {
                if (isLogged) log(t, "ERRNO");
                return -Math.min(data, 4095);
            }
            case TRAP -> {
                if (isLogged) log(t, "TRAP");
                Signals.force(t, info(t, ip, data), false);
                return Task.REGISTERS_SET;
            }
            case TRACE -> { return wasTraced ? SyscallEntry.PROCEED : SyscallEntry.seccompStop(t, data); }
            case LOG -> {
                log(t, "LOG");
                return SyscallEntry.PROCEED;
            }
            case USER_NOTIF -> { return -ENOSYS; }
            default -> { return kill(t, ip, verdict); }
        }
    }

    private static long checkStrict(Task t) {
        // read, write, _exit, sigreturn
        if (t.nr == 0 || t.nr == 1 || t.nr == 60 || t.nr == 15) return SyscallEntry.PROCEED;
        log(t, "KILL_THREAD");
        return Exit.exitThread(t, SIGKILL);
    }

    /** KILL_THREAD, or the process for KILL_PROCESS and whatever is no known action. The last thread's end dumps core. */
    private static long kill(Task t, long ip, int verdict) {
        boolean isThread = (verdict & ACTION) == KILL_THREAD;
        log(t, isThread ? "KILL_THREAD" : "KILL_PROCESS");
        if (isThread && t.group.tasks.size() > 1) return Exit.exitThread(t, SIGSYS);
        Signals.force(t, info(t, ip, verdict & DATA), true);
        return Task.REGISTERS_SET;
    }

    private static SigInfo info(Task t, long ip, int data) {
        SigInfo i = SigInfo.of(SIGSYS, SYS_SECCOMP);
        i.errno = data;
        i.u0 = ip;
        i.u1 = Integer.toUnsignedLong(t.nr) | (long) ClassicBpf.ARCH_X86_64 << 32;
        return i;
    }

    private static void log(Task t, String action) {
        if (!DebugLog.enabled) return;
        String name = SyscallNumber.name(t.nr);
        DebugLog.info("seccomp: " + action + " for " + (name == null ? "call " + t.nr : name) + " by " + t);
    }
}

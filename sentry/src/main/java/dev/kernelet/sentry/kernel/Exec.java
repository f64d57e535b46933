package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Signal.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.loader.Loader;
import dev.kernelet.sentry.loader.ProgramImage;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.OpenFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;

/**
 * execve(2): a fresh address space is filled by the loader while the old program still stands; only when all has gone well does
 * the task move over, so a failure leaves nothing half done. Kernel lock.
 */
public final class Exec {
    private static final int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000;
    /** READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO (personality(2)). */
    private static final int PER_CLEAR_ON_SETID = 0x0400000 | 0x0040000 | 0x0200000 | 0x0100000;
    /** Longest single argument, with its NUL (MAX_ARG_STRLEN). */
    private static final int STRING_MAX = 32 * 4096;

    private Exec() {}

    public static long execve(Task t, long path, long argv, long envp) {
        return execveat(t, AT_FDCWD, path, argv, envp, 0);
    }

    public static long execveat(Task t, int dirfd, long path, long argv, long envp, int flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return -EINVAL;
        long n = t.mem.path(path);
        if (n < 0) return n;
        String name = new String(t.mem.pathBytes, 0, t.mem.pathLength, StandardCharsets.ISO_8859_1);
        OpenFile file = FileOpen.openExec(t, dirfd, null, flags);
        if (file == null) return t.error == 0 ? Task.BLOCKED : t.error;
        var image = new ProgramImage();
        image.file = file;
        image.path = file.path;
        image.fileName = displayName(dirfd, name);
        var strings = new ArgumentReader(t, name.length() + 1);
        image.argv = strings.read(0, argv);
        if (image.argv != null) image.envp = strings.read(1, envp);
        long r;
        if (image.envp == null) {
            r = strings.error;
        } else {
            // A program may rely on argv[0] (execve(2), since 5.18).
            if (image.argv.length == 0) image.argv = new String[] {""};
            image.cred = ProgramCredentials.forProgram(t, file);
            image.isSecure = ProgramCredentials.isSecure(t.cred, image.cred);
            image.mayTakeOver = mayTakeOver(t, image);
            r = Loader.load(t, image);
        }
        file.put(t);
        if (r != 0 && !image.takesOver) return r;
        become(t, image);
        if (r == 0) return Task.REGISTERS_SET;
        // The old program is gone and the new one is not there: as by SIGKILL (execve(2)).
        Exit.hostDeath(t);
        return Task.GONE;
    }

    /**
     * Whether the new program may be loaded into the process of the old one, emptied: only where nobody else
     * lives in it, and only if the new program has no right the old one has not. What the old one may have
     * hidden in the process (see {@code canBeEmptied}, docs/design/0050) then gains nothing.
     */
    private static boolean mayTakeOver(Task t, ProgramImage image) {
        Credentials old = t.cred, c = image.cred;
        if (image.isSecure || old.euid != c.euid || old.egid != c.egid
                || (c.permitted & ~old.permitted) != 0) return false;
        if (t.group.tasks.size() != 1 || t.group.leader != t || t.mm == null || t.mm.users != 1) return false;
        return t.mm.space.canBeEmptied(t.ctx);
    }

    /**
     * The old program's memory goes, but for the list of it; called by the loader when nothing in the files
     * speaks against it. False: it cannot go, as the host's kernel would go on to write to it (rseq(2)).
     */
    public static boolean vacate(Task t, ProgramImage image) {
        if (t.rseqArea != 0 && !Rseq.leave(t)) return false;
        RobustList.walk(t, false);
        image.takesOver = true;
        image.space = t.mm.space;
        t.mm.space = null;
        return true;
    }

    /** What a script's interpreter is given as its name (execveat(2)). */
    private static String displayName(int dirfd, String name) {
        if (dirfd == AT_FDCWD || name.startsWith("/")) return name;
        return name.isEmpty() ? "/dev/fd/" + dirfd : "/dev/fd/" + dirfd + "/" + name;
    }

    /** The point of no return: the task becomes the program in {@code image}. */
    private static void become(Task t, ProgramImage image) {
        ThreadGroup g = t.group;
        Exit.endOthers(t);
        t.kernel.futexes.ownerEnds(t);
        takeLeadersPlace(t);
        leaveOldMemory(t);
        t.mm = image.mm;
        t.ctx = image.space.first();
        t.ctx.owner = t;
        image.space.owner = image.mm;
        if (t.sched.affinity != null && !image.takesOver) Affinity.bind(t);
        t.mem.begin();
        if (t.fds.isShared()) {
            FdTable own = t.fds.copy();
            t.fds.put(t);
            t.fds = own;
        }
        t.fds.closeOnExec(t);
        resetSignals(t);
        ProgramCredentials.apply(t, image.cred);
        t.clearChildTid = t.robustList = t.rseqArea = 0;
        if (image.isSecure) t.personality &= ~PER_CLEAR_ON_SETID;
        String arg0 = image.fileName;
        t.name = commName(arg0);
        g.exe = image.exePath;
        g.hasExecuted = true;
        g.exitSignal = SIGCHLD;
        g.dumpable = image.isSecure ? 0 : 1;
        for (int i = 0; i < g.atExec.size(); i++) g.atExec.get(i).processEnded(g);
        g.atExec.clear();
        if (g.timers != null) g.timers.exec();
    }

    static String commName(String fileName) {
        String s = fileName.substring(fileName.lastIndexOf('/') + 1);
        return s.length() > 15 ? s.substring(0, 15) : s;
    }

    /** A thread other than the first that calls exec gets the first one's id: the process keeps its number. */
    private static void takeLeadersPlace(Task t) {
        ThreadGroup g = t.group;
        Task old = g.leader;
        if (old == t) return;
        PidTable pids = t.kernel.pids;
        pids.remove(old);
        pids.remove(t);
        Pid numbers = t.numbers;
        old.tid = t.tid;
        old.ownTid = t.ownTid;
        t.numbers = old.numbers;
        old.numbers = numbers;
        t.tid = g.pid;
        t.ownTid = g.ownPid;
        g.leader = t;
        pids.add(t);
    }

    private static void leaveOldMemory(Task t) {
        MemoryManager old = t.mm;
        ExecutionContext c = t.ctx;
        if (old == null) return;
        boolean isShared = old.users > 1;
        boolean isAlive = !c.isDead();
        if (isAlive) RobustList.walk(t, false);
        if (isAlive && isShared && t.rseqArea != 0) Rseq.leave(t);
        if (isAlive && isShared && t.clearChildTid != 0) RobustList.clearTid(t);
        // A host process that goes on has all its time on its own clock.
        if (!isShared && old.space != null) t.group.cpuNanosBefore = CpuClocks.process(t.group);
        Exit.releaseVforkParent(t);
        if (isShared && isAlive) c.exitThread();
        old.put(t);
    }

    private static void resetSignals(Task t) {
        ThreadGroup g = t.group;
        g.handlers.users--;
        g.handlers = g.handlers.copyForExec();
        t.signals.disarmAltStack();
        t.signals.awaited = 0;
    }

    /** Reads argv and envp: many neighbouring strings with each copy. */
    private static final class ArgumentReader {
        private static final int PIECE = 4096;
        private final Task t;
        /** Bytes of strings and pointers still allowed: a quarter of the stack limit, at most 6 MB (execve(2)). */
        private long room;
        int error;
        private final long piece;
        private long pieceStart, pieceEnd;

        ArgumentReader(Task t, int used) {
            this.t = t;
            long stack = Math.min(t.group.limits.soft(Limits.STACK) / 4, 6 << 20);
            room = Math.max(stack, STRING_MAX) - used;
            piece = t.mem.scratch(PIECE);
        }

        /** {@code which}: 0 argv, 1 envp. */
        String[] read(int which, long array) {
            if (array == 0) return new String[0];
            String[] fetched = fetched(which);
            if (fetched != null) return fetched;
            var list = new ArrayList<String>();
            for (;;) {
                int want = (int) Math.min(512, 4096 - (array & 4095)) & ~7;
                if (want == 0) want = 8;
                long pointers = t.mem.scratch(512);
                long got = copyIn(pointers, array, want) & ~7L;
                if (got == 0) return fail(-EFAULT);
                for (int i = 0; i < got; i += 8) {
                    long p = Memory.getLong(pointers + i);
                    if (p == 0) return list.toArray(new String[0]);
                    String s = string(p);
                    if (s == null) return null;
                    room -= s.length() + 1 + 8;
                    if (room < 0) return fail(-E2BIG);
                    list.add(s);
                }
                array += got;
            }
        }

        /** What came along with the call; null when it did not, or is too much. */
        private String[] fetched(int which) {
            int max = t.ctx.windowSize();
            long buffer = t.mem.scratch(max);
            long n = t.ctx.gathered(which, buffer, max);
            if (n < 0) return null;
            var strings = new String[(int) (n >>> 32)];
            long at = buffer, end = buffer + (int) n;
            if ((int) n + 8L * strings.length > room) return null;
            for (int i = 0; i < strings.length; i++) {
                int length = Memory.length(at, end - at);
                if (at + length == end) return null;
                strings[i] = Memory.getBytes(at, length);
                at += length + 1;
            }
            room -= (int) n + 8L * strings.length;
            return strings;
        }

        private String[] fail(int e) {
            error = e;
            return null;
        }

        private long copyIn(long to, long from, int length) {
            return t.mem.readable(from, 1) ? Math.max(0, t.ctx.copyIn(to, from, length)) : 0;
        }

        private String string(long p) {
            StringBuilder longer = null;
            for (int total = 0;;) {
                if (p < pieceStart || p >= pieceEnd) {
                    int want = PIECE - (int) (p & PIECE - 1);
                    pieceStart = p;
                    pieceEnd = p + copyIn(piece, p, want);
                    if (pieceEnd == p) {
                        error = -EFAULT;
                        return null;
                    }
                }
                long from = piece + (p - pieceStart);
                int have = (int) (pieceEnd - p), n = Memory.length(from, have);
                String s = Memory.getBytes(from, n);
                if (n < have) return longer == null ? s : longer.append(s).toString();
                if (longer == null) longer = new StringBuilder();
                longer.append(s);
                total += n;
                if (total >= STRING_MAX) {
                    error = -E2BIG;
                    return null;
                }
                p += n;
            }
        }
    }
}

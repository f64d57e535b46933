package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.log.DebugLog;

/**
 * Keeps what programs make the Sentry remember (names, inodes, open files, mappings, messages, timers...) within the Java
 * heap, which it must never exhaust: before that, calls that would add to it fail as they do in Linux when kernel memory is
 * short. Scarce: nothing new in file systems and queues. Exhausted: no new files, mappings or tasks either; what gives memory
 * back always works. The heap is the virtual machine's, so this is too. Looked at by the leading worker; kernel lock.
 */
public final class HeapBudget {
    /** Calls between two looks: one call adds some hundred KB at most, and an eighth of the heap is kept free. */
    static final int CALLS = 32;
    private static final long PAUSE_NANOS = 200_000_000L;

    private static final long MAX = Runtime.getRuntime().maxMemory();
    private static final long SCARCE = MAX / 20 * 12, EXHAUSTED = MAX / 20 * 15, STEP = MAX / 16;

    private static int level;
    /** In use when it was last known without garbage, and from when on garbage may be the reason. */
    private static long lookAbove = SCARCE;
    private static long notBefore;
    /** Native memory that holds what is under way in pipes and sockets, and how much that may be. */
    private static long buffers, buffersMax = 1L << 30;
    private static boolean isNativeShort;

    private HeapBudget() {}

    /** No new names, inodes, messages. */
    public static boolean isScarce() { return level > 0; }

    /** Nothing new at all. */
    public static boolean isExhausted() { return level > 1; }

    /**
     * Buffers of pipes and sockets may grow no more: each does with a page, or with what it has, as pipes of
     * Linux do beyond pipe-user-pages-soft; so everybody goes on, but slowly.
     */
    public static boolean isNativeShort() { return isNativeShort; }

    /** Bytes more (or, negative, fewer) for buffers. */
    public static void buffers(long bytes) {
        buffers += bytes;
        if (isNativeShort == buffers > buffersMax) return;
        isNativeShort = !isNativeShort;
        if (isNativeShort) DebugLog.warn("buffers of pipes and sockets have used up their memory");
    }

    /** A sandbox whose memory is limited: a quarter of it. */
    static void limitBuffers(long memory) { buffersMax = Math.clamp(memory / 4, 16L << 20, buffersMax); }

    /** Brings the level up to date; cheap unless much is in use. */
    static void look() {
        Runtime r = Runtime.getRuntime();
        long used = r.totalMemory() - r.freeMemory();
        if (used < lookAbove && level == 0) return;
        long now = System.nanoTime();
        if (level > 0 && now - notBefore < 0 && used < lookAbove) return;
        // Only a collection tells what is garbage. It may take a second, so it is not done for a tenth of the time.
        System.gc();
        used = r.totalMemory() - r.freeMemory();
        int before = level;
        level = used > EXHAUSTED ? 2 : used > SCARCE ? 1 : 0;
        long end = System.nanoTime();
        notBefore = end + Math.max(PAUSE_NANOS, 10 * (end - now));
        lookAbove = Math.max(SCARCE, used + STEP);
        if (level > before) {
            DebugLog.warn("programs have used " + (used >> 20) + " of " + (MAX >> 20) + " MB of the kernel's memory: "
                    + (level == 2 ? "new files, mappings and tasks" : "new names and messages") + " are refused");
        }
    }

    /** The errno with which call {@code nr} is refused now, or 0; asked only when memory is scarce. */
    static int refusal(Task t, int nr) {
        if (level == 0) return 0;
        int r = whenScarce(t, nr);
        return r != 0 || level == 1 ? r : whenExhausted(t, nr);
    }

    /** Names of tmpfs and overlays are refused there (ENOSPC). */
    private static int whenScarce(Task t, int nr) {
        return switch (nr) {
            case 29, 64, 68 -> -ENOSPC; // shmget, semget, msgget
            case 69, 242 -> -ENOMEM; // msgsnd, mq_timedsend
            case 240, 254 -> -ENOSPC; // mq_open, inotify_add_watch
            case 222 -> -EAGAIN; // timer_create
            case 233 -> t.argInt(1) == 1 ? -ENOSPC : 0; // epoll_ctl ADD
            case 129, 297 -> -EAGAIN; // rt_sigqueueinfo, rt_tgsigqueueinfo
            case 116 -> -ENOMEM; // setgroups
            default -> 0;
        };
    }

    private static int whenExhausted(Task t, int nr) {
        return switch (nr) {
            case 2, 85, 257, 437, 22, 293, 213, 291, 284, 290, 283, 282, 289, 253, 294, 434, 438, 319, 304 -> -ENFILE;
            case 32, 33, 292 -> -ENOMEM; // dup, dup2, dup3
            case 41, 53, 43, 288 -> -ENOBUFS; // socket, socketpair, accept, accept4
            case 44, 46, 307 -> -ENOBUFS; // sendto, sendmsg, sendmmsg
            case 9, 10, 25, 28, 149, 325, 216, 30, 237, 329 -> -ENOMEM; // mmap, mprotect, mremap, madvise, mlock, shmat, mbind
            case 11 -> 0; // munmap gives back
            case 56, 57, 58, 435 -> -EAGAIN; // clone, fork, vfork, clone3
            case 59, 322 -> -ENOMEM; // execve, execveat
            case 72 -> t.argInt(1) == 0 || t.argInt(1) == 1030 ? -ENOMEM : isLock(t.argInt(1)) ? -ENOLCK : 0; // fcntl
            case 73 -> (t.argInt(1) & 8) == 0 ? -ENOLCK : 0; // flock but LOCK_UN
            case 78, 217 -> -ENOMEM; // getdents
            case 165 -> -ENOMEM; // mount
            case 272 -> (t.argInt(0) & Clone.NAMESPACES) != 0 ? -ENOMEM : 0; // unshare
            case 90, 91, 92, 93, 94, 132, 235, 260, 261, 268, 280, 452 -> -ENOMEM; // chmod, chown, utimes: copies in overlays
            default -> 0;
        };
    }

    /** F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW. */
    private static boolean isLock(int command) { return command == 6 || command == 7 || command == 37 || command == 38; }
}

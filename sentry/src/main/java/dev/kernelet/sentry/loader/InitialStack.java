package dev.kernelet.sentry.loader;

import static dev.kernelet.abi.Elf.*;
import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.mm.MemoryManager;

/**
 * What a new program finds on its stack, laid out as Linux does. From the top: a null word, the file name, environment and
 * argument strings, alignment, the platform's name, 16 random bytes, then (aligned to 16) the auxiliary vector, envp,
 * argv, argc at the stack pointer. Built in private memory and copied out in one piece.
 */
final class InitialStack {
    /** Longest single string with its NUL (MAX_ARG_STRLEN). */
    static final int MAX_STRING = 128 << 10;
    private static final int AUX_MAX = 24;

    private final long top;
    private long buffer, size, sp;
    private final long[] aux = new long[2 * AUX_MAX];
    private int auxCount;

    InitialStack(long top) { this.top = top; }

    private long at(long userAddress) { return buffer + size - (top - userAddress); }

    /** Bytes of all strings, each with its NUL; or -E2BIG when one is too long or all are together. */
    static long measure(String fileName, String[] argv, String[] envp, long stackLimit) {
        // A quarter of the stack limit, at most 3/4 of the default limit, at least 128 KiB (setup_arg_pages, execve(2)).
        long limit = Math.max(128 << 10, Math.min(stackLimit / 4, (8L << 20) / 4 * 3));
        long pointers = 8L * (argv.length + envp.length);
        if (pointers > limit) return -E2BIG;
        limit -= pointers;
        long sum = fileName.length() + 1;
        for (String s : argv) {
            if (s.length() >= MAX_STRING) return -E2BIG;
            sum += s.length() + 1;
        }
        for (String s : envp) {
            if (s.length() >= MAX_STRING) return -E2BIG;
            sum += s.length() + 1;
        }
        return sum > limit ? -E2BIG : sum;
    }

    void aux(int type, long value) {
        aux[2 * auxCount] = type;
        aux[2 * auxCount++ + 1] = value;
    }

    /**
     * Writes everything; {@code random} are 16 bytes for AT_RANDOM and 8 for the stack's offset. The aux entries that hold
     * addresses on the stack are added here. Returns the stack pointer or -EFAULT.
     */
    long write(MemoryManager mm, ExecutionContext c, String fileName, String[] argv, String[] envp, long strings, long random,
            boolean randomize) {
        long fixed = 8 + 8192 + 64 + 16 + 8L * (argv.length + envp.length + 3) + 16L * (AUX_MAX + 1);
        size = (strings + fixed + 15 & ~15L) + 16;
        buffer = Memory.allocate(size);
        long p = top - 8;
        p -= fileName.length() + 1;
        Memory.putBytes(at(p), fileName);
        long execfn = p;
        mm.envEnd = p;
        for (int i = envp.length - 1; i >= 0; i--) Memory.putBytes(at(p -= envp[i].length() + 1), envp[i]);
        mm.envStart = mm.argEnd = p;
        for (int i = argv.length - 1; i >= 0; i--) Memory.putBytes(at(p -= argv[i].length() + 1), argv[i]);
        mm.argStart = p;
        if (randomize) p -= Memory.getLong(random + 16) & 8191;
        p &= -16;
        p -= 7;
        Memory.putBytes(at(p), "x86_64");
        long platform = p;
        p -= 16;
        Memory.copy(random, at(p), 16);
        aux(AT_RANDOM, p);
        aux(AT_EXECFN, execfn);
        aux(AT_PLATFORM, platform);
        aux(AT_NULL, 0);
        long items = 1 + argv.length + 1 + envp.length + 1;
        sp = p - (items + 2L * auxCount) * 8 & -16;
        vectors(argv, envp, mm.argStart, mm.envStart);
        mm.auxv = java.util.Arrays.copyOf(aux, 2 * auxCount);
        mm.startStack = sp;
        long n = top - sp;
        boolean done = c.copyOut(sp, at(sp), n) == n;
        Memory.free(buffer);
        return done ? sp : -EFAULT;
    }

    private void vectors(String[] argv, String[] envp, long arg, long env) {
        long p = at(sp);
        Memory.putLong(p, argv.length);
        for (String s : argv) {
            Memory.putLong(p += 8, arg);
            arg += s.length() + 1;
        }
        Memory.putLong(p += 8, 0);
        for (String s : envp) {
            Memory.putLong(p += 8, env);
            env += s.length() + 1;
        }
        Memory.putLong(p += 8, 0);
        for (int i = 0; i < 2 * auxCount; i++) Memory.putLong(p += 8, aux[i]);
    }

    void auxIds(Credentials c, boolean isSecure) {
        aux(AT_UID, c.userOut(c.uid));
        aux(AT_EUID, c.userOut(c.euid));
        aux(AT_GID, c.groupOut(c.gid));
        aux(AT_EGID, c.groupOut(c.egid));
        aux(AT_SECURE, isSecure ? 1 : 0);
    }
}

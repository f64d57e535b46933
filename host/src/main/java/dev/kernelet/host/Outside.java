package dev.kernelet.host;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;

/**
 * The process outside (outside.c in the launcher's sources): it stays in the caller's namespaces and makes
 * some host calls on names for the Sentry, with which it shares the table of descriptors and one piece of
 * memory.
 *
 * <p>A request is the call's number and its arguments, where a name or a buffer is an offset into the shared
 * memory: {@link #NAME_A}, {@link #NAME_B}, {@link #BUFFER}. One request at a time: {@link #call} holds this
 * class's monitor, and whoever fills the names must hold it too.
 */
public final class Outside {
    /** Offsets in the shared memory that stand for a name or a buffer of 4096 bytes. */
    public static final long NAME_A = 0, NAME_B = 4096, BUFFER = 8192;
    /** Requests that are no host call (outside.c). */
    private static final long SEAL = -1, RESTRICT = -2;
    private static final int TURN = 0, PROCESSOR = 4, CALL = 8, RESULT = 16, ARGUMENTS = 24, BELL = 72,
            DATA = 4096, EIO = 5;
    private static final int ASKED = 1, FUTEX_WAIT = 0;
    /** Between two looks whether it still lives. */
    private static final long LOOK_NANOS = 200_000_000;

    private static long shared, pid, scratch, one;
    private static boolean servesFiles, knowsOwners;

    private Outside() {}

    /**
     * {@code address} of the shared memory, {@code child}: its pid, {@code owners}: see {@link #knowsOwners}.
     */
    public static void use(long address, long child, boolean owners) {
        shared = address;
        pid = child;
        knowsOwners = owners;
        scratch = Memory.allocate(16 + 128);
        one = Memory.allocate(8);
        Memory.putLong(one, 1);
        Memory.putLong(scratch, 0);
        Memory.putLong(scratch + 8, LOOK_NANOS);
    }

    public static boolean isThere() { return shared != 0; }

    /**
     * Whether owners of files are its to say: the Sentry is in a user namespace where they have no number.
     */
    public static boolean knowsOwners() { return knowsOwners; }

    /** Whether it makes all calls on files of the host. */
    public static boolean servesFiles() { return servesFiles; }

    /** From now on it makes the calls on files. */
    public static void serveFiles() { servesFiles = true; }

    /**
     * The last step before the program inside runs: its Landlock ruleset (-1: none), its list of calls. 0 or
     * -errno.
     */
    public static synchronized long confine(long ruleset, boolean files, boolean sockets, boolean names) {
        long r = ruleset < 0 ? 0 : call(RESTRICT, ruleset, 0, 0, 0, 0);
        if (r == 0) r = call(SEAL, (files ? 1 : 0) | (sockets ? 2 : 0) | (names ? 8 : 0), 0, 0, 0, 0);
        return r;
    }

    /** Connects a socket to the socket's file that {@code file} is an O_PATH descriptor of. */
    public static long connect(int socket, int file) { return call(CONNECT, socket, file, 0, 0, 0); }

    /** Gives a socket a name in the directory {@code dir}, with this mode; 0 or -errno. */
    public static synchronized long bind(int socket, int dir, long name, int mode) {
        name(NAME_A, name);
        return call(BIND, socket, dir, NAME_A, mode, 0);
    }

    /** Where a name or a buffer of the request is. */
    public static long data(long offset) { return shared + DATA + offset; }

    /** Copies a name with its NUL. */
    public static void name(long offset, long from) {
        long to = data(offset);
        for (int i = 0; i < 4095; i++) {
            byte b = Memory.getByte(from + i);
            Memory.putByte(to + i, b);
            if (b == 0) return;
        }
        Memory.putByte(to + 4095, (byte) 0);
    }

    /** The call's result or negative errno; -EIO when the process has ended. */
    public static synchronized long call(long number, long a0, long a1, long a2, long a3, long a4) {
        if (pid == 0) return -EIO;
        Memory.putLong(shared + CALL, number);
        Memory.putLong(shared + ARGUMENTS, a0);
        Memory.putLong(shared + ARGUMENTS + 8, a1);
        Memory.putLong(shared + ARGUMENTS + 16, a2);
        Memory.putLong(shared + ARGUMENTS + 24, a3);
        Memory.putLong(shared + ARGUMENTS + 32, a4);
        HostCall.call(GETCPU, scratch + 16, 0, 0);
        Memory.putInt(shared + PROCESSOR, Memory.getInt(scratch + 16));
        Memory.putIntVolatile(shared + TURN, ASKED);
        HostCall.call(WRITE, Memory.getInt(shared + BELL), one, 8);
        while (Memory.getIntVolatile(shared + TURN) == ASKED) {
            HostCall.call(FUTEX, shared + TURN, FUTEX_WAIT, ASKED, scratch);
            if (Memory.getIntVolatile(shared + TURN) == ASKED && hasEnded()) {
                pid = 0;
                return -EIO;
            }
        }
        return Memory.getLong(shared + RESULT);
    }

    private static boolean hasEnded() {
        Memory.zero(scratch + 16, 128);
        long r = HostCall.call(WAITID, 1 /* P_PID */, pid, scratch + 16, 0x41000005L /* __WALL, WNOWAIT,
                WEXITED, WNOHANG */, 0);
        return r < 0 || Memory.getInt(scratch + 16 + 16) != 0;
    }

    /**
     * Puts user and group of the file into a struct statx, as they are outside. {@code path}: a name in
     * {@code dir}, or an empty one.
     */
    public static synchronized void owners(int dir, long path, long statx) {
        name(NAME_A, path);
        int atEmptyPath = Memory.getByte(path) == 0 ? 0x1000 : 0;
        if (call(STATX, dir, NAME_A, atEmptyPath, 0xfff, BUFFER) != 0) return;
        // Of the same file, if somebody else changes names meanwhile.
        if (Memory.getLong(data(BUFFER) + 32) != Memory.getLong(statx + 32)) return;
        Memory.putInt(statx + 20, Memory.getInt(data(BUFFER) + 20));
        Memory.putInt(statx + 24, Memory.getInt(data(BUFFER) + 24));
    }

    /**
     * A call on names or files, by this process or, when it {@link #servesFiles}, by the one outside. Names
     * and buffers are addresses here.
     */
    public static long file(int number, long a0, long a1, long a2, long a3, long a4) {
        if (!servesFiles) return HostCall.call(number, a0, a1, a2, a3, a4);
        return serve(number, a0, a1, a2, a3, a4);
    }

    private static synchronized long serve(int number, long a0, long a1, long a2, long a3, long a4) {
        switch (number) {
            case STATX -> {
                name(NAME_A, a1);
                long r = call(number, a0, NAME_A, a2, a3, BUFFER);
                if (r == 0) Memory.copy(data(BUFFER), a4, 256);
                return r;
            }
            case OPENAT2 -> {
                name(NAME_A, a1);
                Memory.copy(a2, data(BUFFER), a3);
                return call(number, a0, NAME_A, BUFFER, a3, 0);
            }
            case READLINKAT -> {
                name(NAME_A, a1);
                long r = call(number, a0, NAME_A, BUFFER, Math.min(a3, 4096), 0);
                if (r > 0) Memory.copy(data(BUFFER), a2, r);
                return r;
            }
            case SYMLINKAT -> {
                name(NAME_A, a0);
                name(NAME_B, a2);
                return call(number, NAME_A, a1, NAME_B, 0, 0);
            }
            case LINKAT, RENAMEAT2 -> {
                name(NAME_A, a1);
                name(NAME_B, a3);
                return call(number, a0, NAME_A, a2, NAME_B, a4);
            }
            case UTIMENSAT -> {
                if (a1 == 0) return HostCall.call(number, a0, 0, a2, a3);
                name(NAME_A, a1);
                Memory.copy(a2, data(BUFFER), 32);
                return call(number, a0, NAME_A, BUFFER, a3, 0);
            }
            default -> {
                name(NAME_A, a1);
                return call(number, a0, NAME_A, a2, a3, a4);
            }
        }
    }
}

package dev.kernelet.host;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import java.util.Arrays;

/**
 * Builds a seccomp(2) filter for this process out of a list of entries, one a system call, tried in their order:
 *
 * <pre>
 * filter.allow(MPROTECT, "thread stacks and malloc").isOneOf(2, PROT_NONE, PROT_READ | PROT_WRITE);
 * filter.refuse(CLONE3, ENOSYS, "the C library falls back to clone");
 * </pre>
 *
 * An entry's checks must all hold, or those of one of its alternatives ({@link #or}). They look at the low 32 bits of an
 * argument: right for what the kernel takes as an int and for flag words whose high bits it refuses. What no entry allows gets
 * the action given to {@link #install}. BPF: linux/filter.h; struct seccomp_data: linux/seccomp.h.
 */
public final class CallFilter {
    public static final int KILL_PROCESS = 0x80000000, TRAP = 0x00030000, LOG = 0x7ffc0000;
    private static final int ALLOW = 0x7fff0000, ERRNO = 0x00050000;
    private static final int LOAD = 0x20, EQUAL = 0x15, ANY_OF = 0x45, AND = 0x54, RETURN = 0x06;
    private static final int AUDIT_ARCH_X86_64 = 0xc000003e, NUMBER = 0, ARCHITECTURE = 4, ARGUMENTS = 16;
    private static final int SET_MODE_FILTER = 1, FLAG_TSYNC = 1;
    private static final int NEXT = -1;

    /** code, jt, jf, k of instruction i at 4 * i. */
    private int[] code = new int[4 * 512];
    private int length;
    /** Instructions of the open alternative that go on elsewhere when their check fails. */
    private final int[] failures = new int[64];
    private int failureCount, entry = -1;
    private final int otherwise;

    private final StringBuilder text;
    private int allowed;

    /**
     * @param otherwise the action for every call that is not allowed: {@link #TRAP}, {@link #KILL_PROCESS} or {@link #LOG}
     * @param describes whether {@link #text} is wanted
     */
    public CallFilter(int otherwise, boolean describes) {
        this.otherwise = otherwise;
        text = describes ? new StringBuilder() : null;
        emit(LOAD, 0, 0, ARCHITECTURE);
        emit(EQUAL, 1, 0, AUDIT_ARCH_X86_64);
        emit(RETURN, 0, 0, KILL_PROCESS);
        emit(LOAD, 0, 0, NUMBER);
    }

    /** Begins an entry: the call is allowed when what follows holds. */
    public CallFilter allow(int nr, String reason) {
        end();
        allowed++;
        entry = emit(EQUAL, 0, 0, nr);
        if (text != null) text.append('\n').append(name(nr)).append(": ").append(reason);
        return this;
    }

    /**
     * An entry of its own: the call fails with {@code errno}, as those who make it unasked can live with
     * that.
     */
    public CallFilter refuse(int nr, int errno, String reason) {
        end();
        emit(EQUAL, 0, 1, nr);
        emit(RETURN, 0, 0, ERRNO | errno);
        if (text != null) text.append('\n').append(name(nr)).append(" fails with ").append(Errno.name(errno)).append(": ").append(reason);
        return this;
    }

    /** The argument is one of these. */
    public CallFilter isOneOf(int argument, int... values) {
        load(argument);
        int after = length + values.length;
        for (int i = 0; i < values.length - 1; i++) emit(EQUAL, after - length - 1, 0, values[i]);
        fails(emit(EQUAL, 0, NEXT, values[values.length - 1]));
        describe(argument, " is one of", values);
        return this;
    }

    /** No bit of {@code mask} is set. */
    public CallFilter hasNone(int argument, int mask) {
        load(argument);
        fails(emit(ANY_OF, NEXT, 0, mask));
        describe(argument, " has no bit of", mask);
        return this;
    }

    /** The bits of {@code mask} are one of these values. */
    public CallFilter hasMasked(int argument, int mask, int... values) {
        load(argument);
        emit(AND, 0, 0, mask);
        int after = length + values.length;
        for (int i = 0; i < values.length - 1; i++) emit(EQUAL, after - length - 1, 0, values[i]);
        fails(emit(EQUAL, 0, NEXT, values[values.length - 1]));
        describe(argument, " & " + hex(mask) + " is one of", values);
        return this;
    }

    /** Another set of checks for the same call. */
    public CallFilter or() {
        emit(RETURN, 0, 0, ALLOW);
        patchFailures();
        if (text != null) text.append(" or");
        return this;
    }

    /** Number of calls that are allowed, with whatever arguments. */
    public int allowedCalls() { return allowed; }

    /** The list, a line an entry, sorted by nothing but its own order. */
    public String text() { return text.append('\n').substring(1); }

    /** The finished program: {code, jt, jf, k} for each instruction. */
    public int[] program() {
        finish();
        return Arrays.copyOf(code, 4 * length);
    }

    /**
     * Puts the filter on every thread of this process (which needs no_new_privs on the calling one and gives it to all). 0; or
     * a negative errno; or the id of a thread that could not follow.
     */
    public long install() {
        finish();
        long program = Memory.allocate(16 + 8L * length);
        Memory.putShort(program, (short) length);
        Memory.putLong(program + 8, program + 16);
        for (int i = 0; i < length; i++) {
            long at = program + 16 + 8L * i;
            Memory.putShort(at, (short) code[4 * i]);
            Memory.putByte(at + 2, (byte) code[4 * i + 1]);
            Memory.putByte(at + 3, (byte) code[4 * i + 2]);
            Memory.putInt(at + 4, code[4 * i + 3]);
        }
        long r = HostCall.call(SyscallNumber.SECCOMP, SET_MODE_FILTER, FLAG_TSYNC, program);
        Memory.free(program);
        return r;
    }

    private void finish() {
        end();
        if (code[4 * (length - 1)] != RETURN || code[4 * (length - 1) + 3] != otherwise) emit(RETURN, 0, 0, otherwise);
    }

    private void end() {
        if (entry < 0) return;
        emit(RETURN, 0, 0, ALLOW);
        if (failureCount > 0) {
            patchFailures();
            emit(RETURN, 0, 0, otherwise);
        }
        code[4 * entry + 2] = distance(entry);
        entry = -1;
    }

    private void load(int argument) { emit(LOAD, 0, 0, ARGUMENTS + 8 * argument); }

    private void fails(int instruction) { failures[failureCount++] = instruction; }

    private void patchFailures() {
        for (int i = 0; i < failureCount; i++) {
            int at = 4 * failures[i];
            int field = code[at + 1] == NEXT ? 1 : 2;
            code[at + field] = distance(failures[i]);
        }
        failureCount = 0;
    }

    private int distance(int from) {
        int d = length - from - 1;
        if (d > 255) throw new IllegalStateException("an entry of the filter is too long");
        return d;
    }

    private int emit(int operation, int ifTrue, int ifFalse, int k) {
        if (4 * length == code.length) code = Arrays.copyOf(code, 2 * code.length);
        int at = 4 * length;
        code[at] = operation;
        code[at + 1] = ifTrue;
        code[at + 2] = ifFalse;
        code[at + 3] = k;
        return length++;
    }

    private void describe(int argument, String relation, int... values) {
        if (text == null) return;
        text.append(", argument ").append(argument).append(relation);
        for (int v : values) text.append(' ').append(hex(v));
    }

    private static String name(int nr) {
        String name = SyscallNumber.name(nr);
        return name == null ? Integer.toString(nr) : name;
    }

    private static String hex(int v) { return v >= 0 && v < 10 ? Integer.toString(v) : "0x" + Integer.toHexString(v); }
}

package dev.kernelet.sentry.kernel;

import dev.kernelet.abi.Memory;

/**
 * A classic BPF program as seccomp(2) takes it: checked once when it is installed (net/core/filter.c and the narrower list of
 * kernel/seccomp.c tell what is allowed), interpreted at each call. Immutable.
 */
final class ClassicBpf {
    static final int MAX_INSTRUCTIONS = 4096;
    private static final int CELLS = 16;
    /** struct seccomp_data: number, architecture, instruction pointer, six arguments. */
    static final int DATA_SIZE = 64;
    static final int ARCH_X86_64 = 0xc000003e;

    // ---- instructions: class | size or operation | mode or source (linux/bpf_common.h)
    private static final int LD_ABS = 0x20, LD_IMM = 0x00, LD_MEM = 0x60, LD_LEN = 0x80, LDX_IMM = 0x01, LDX_MEM = 0x61,
            LDX_LEN = 0x81, ST = 0x02, STX = 0x03, RET_K = 0x06, RET_A = 0x16, TAX = 0x07, TXA = 0x87, JA = 0x05, NEG = 0x84;
    private static final int ALU = 4, JMP = 5, FROM_X = 8;
    private static final int ADD = 0x00, SUB = 0x10, MUL = 0x20, DIV = 0x30, OR = 0x40, AND = 0x50, LSH = 0x60, RSH = 0x70,
            XOR = 0xa0, JEQ = 0x10, JGT = 0x20, JGE = 0x30, JSET = 0x40;

    /** struct sock_filter each: code, jt, jf, k. */
    private final long[] code;

    private ClassicBpf(long[] code) { this.code = code; }

    int length() { return code.length; }

    /** A program put together by ourselves; null when it is not a valid one. */
    static ClassicBpf of(long[] instructions) {
        if (instructions.length == 0 || instructions.length > MAX_INSTRUCTIONS) return null;
        var p = new ClassicBpf(instructions.clone());
        return p.isValid() && p.readsOnlyWhatItStored() ? p : null;
    }

    /** The program of {@code count} instructions at {@code from}; null when it is not a valid one (EINVAL). */
    static ClassicBpf load(long from, int count) {
        var p = new ClassicBpf(new long[count]);
        for (int i = 0; i < count; i++) p.code[i] = Memory.getLong(from + 8L * i);
        return p.isValid() && p.readsOnlyWhatItStored() ? p : null;
    }

    private int op(int pc) { return (int) code[pc] & 0xffff; }

    private int jt(int pc) { return (int) code[pc] >>> 16 & 0xff; }

    private int jf(int pc) { return (int) code[pc] >>> 24; }

    private int k(int pc) { return (int) (code[pc] >>> 32); }

    private boolean isValid() {
        for (int pc = 0; pc < code.length; pc++) {
            int op = op(pc), k = k(pc);
            boolean ok = switch (op) {
                case LD_ABS -> Integer.compareUnsigned(k, DATA_SIZE) < 0 && (k & 3) == 0;
                case LD_MEM, LDX_MEM, ST, STX -> Integer.compareUnsigned(k, CELLS) < 0;
                case LD_IMM, LDX_IMM, LD_LEN, LDX_LEN, RET_K, RET_A, TAX, TXA, NEG -> true;
                case JA -> Integer.compareUnsigned(k, code.length - pc - 1) < 0;
                default -> (op & 7) == ALU ? isValidAlu(op, k) : (op & 7) == JMP && isValidJump(op, pc);
            };
            if (!ok) return false;
        }
        int last = op(code.length - 1);
        return last == RET_K || last == RET_A;
    }

    private static boolean isValidAlu(int op, int k) {
        return switch (op & ~(ALU | FROM_X)) {
            case ADD, SUB, MUL, OR, AND, XOR -> true;
            case DIV -> (op & FROM_X) != 0 || k != 0;
            case LSH, RSH -> (op & FROM_X) != 0 || Integer.compareUnsigned(k, 32) < 0;
            default -> false;
        };
    }

    private boolean isValidJump(int op, int pc) {
        int kind = op & ~(JMP | FROM_X);
        if (kind != JEQ && kind != JGT && kind != JGE && kind != JSET) return false;
        return pc + jt(pc) + 1 < code.length && pc + jf(pc) + 1 < code.length;
    }

    /** Each cell that is loaded was stored before, on every way there. Jumps lead forward only. */
    private boolean readsOnlyWhatItStored() {
        var masks = new int[code.length];
        java.util.Arrays.fill(masks, ~0);
        int valid = 0;
        for (int pc = 0; pc < code.length; pc++) {
            valid &= masks[pc];
            int op = op(pc);
            if (op == ST || op == STX) {
                valid |= 1 << k(pc);
            } else if (op == LD_MEM || op == LDX_MEM) {
                if ((valid >>> k(pc) & 1) == 0) return false;
            } else if (op == JA) {
                masks[pc + 1 + k(pc)] &= valid;
                valid = ~0;
            } else if ((op & 7) == JMP) {
                masks[pc + 1 + jt(pc)] &= valid;
                masks[pc + 1 + jf(pc)] &= valid;
                valid = ~0;
            }
        }
        return true;
    }

    /**
     * Whether the program answers {@code verdict} for call {@code nr} whatever its arguments and origin are:
     * followed as long as only the number and the architecture are looked at.
     */
    boolean alwaysAnswers(int nr, int verdict) {
        int a = 0;
        for (int pc = 0; ; pc++) {
            int op = op(pc), k = k(pc);
            if (op == RET_K) return k == verdict;
            if (op == LD_ABS && k == 0) a = nr;
            else if (op == LD_ABS && k == 4) a = ARCH_X86_64;
            else if (op == JA) pc += k;
            else if (op == (ALU | AND)) a &= k;
            else if ((op & (7 | FROM_X)) == JMP) pc += isTaken(op, a, k) ? jt(pc) : jf(pc);
            else return false;
        }
    }

    /** What the program answers for the call that {@code t} is about to make from {@code ip}. */
    int run(Task t, long ip) {
        int a = 0, x = 0;
        int[] cells = null;
        for (int pc = 0; ; pc++) {
            int op = op(pc), k = k(pc);
            switch (op) {
                case LD_ABS -> a = data(t, ip, k);
                case LD_IMM -> a = k;
                case LD_LEN -> a = DATA_SIZE;
                case LDX_IMM -> x = k;
                case LDX_LEN -> x = DATA_SIZE;
                case LD_MEM -> a = cells[k];
                case LDX_MEM -> x = cells[k];
                case ST, STX -> {
                    if (cells == null) cells = new int[CELLS];
                    cells[k] = op == ST ? a : x;
                }
                case RET_K -> { return k; }
                case RET_A -> { return a; }
                case TAX -> x = a;
                case TXA -> a = x;
                case NEG -> a = -a;
                case JA -> pc += k;
                default -> {
                    int other = (op & FROM_X) != 0 ? x : k;
                    if ((op & 7) == JMP) {
                        pc += isTaken(op, a, other) ? jt(pc) : jf(pc);
                    } else {
                        if (other == 0 && (op & ~(ALU | FROM_X)) == DIV) return 0;
                        a = compute(op, a, other);
                    }
                }
            }
        }
    }

    private static boolean isTaken(int op, int a, int other) {
        return switch (op & ~(JMP | FROM_X)) {
            case JEQ -> a == other;
            case JGT -> Integer.compareUnsigned(a, other) > 0;
            case JGE -> Integer.compareUnsigned(a, other) >= 0;
            default -> (a & other) != 0;
        };
    }

    private static int compute(int op, int a, int other) {
        return switch (op & ~(ALU | FROM_X)) {
            case ADD -> a + other;
            case SUB -> a - other;
            case MUL -> a * other;
            case DIV -> Integer.divideUnsigned(a, other);
            case OR -> a | other;
            case AND -> a & other;
            case LSH -> a << other;
            case RSH -> a >>> other;
            default -> a ^ other;
        };
    }

    /** A word of struct seccomp_data. */
    private static int data(Task t, long ip, int offset) {
        return switch (offset) {
            case 0 -> t.nr;
            case 4 -> ARCH_X86_64;
            case 8 -> (int) ip;
            case 12 -> (int) (ip >>> 32);
            default -> (int) (t.arg(offset - 16 >> 3) >>> ((offset & 4) << 3));
        };
    }
}

package dev.kernelet.oci;

import java.util.Arrays;

/**
 * Puts classic BPF programs for seccomp(2) together: struct sock_filter as {@code code | jt << 16 | jf << 24
 * | k << 32}.
 */
final class BpfText {
    private static final int LD_ABS = 0x20, AND = 0x54, JA = 0x05, JEQ = 0x15, JGT = 0x25, JGE = 0x35, JSET =
            0x45, RET = 0x06;
    /** Of a conditional jump; what is further away takes a jump of its own. */
    private static final int FAR = 255;
    private long[] code = new long[64];
    private int length;

    int length() { return length; }

    long[] code() { return Arrays.copyOf(code, length); }

    void append(BpfText other) { for (int i = 0; i < other.length; i++) add(other.code[i]); }

    private void add(long instruction) {
        if (length == code.length) code = Arrays.copyOf(code, 2 * length);
        code[length++] = instruction;
    }

    private void add(int op, int jt, int jf,
            int k) { add(op | (long) jt << 16 | (long) jf << 24 | (long) k << 32); }

    /** The word of struct seccomp_data at {@code offset}. */
    void load(int offset) { add(LD_ABS, 0, 0, offset); }

    void and(int mask) { add(AND, 0, 0, mask); }

    void jump(int over) { add(JA, 0, 0, over); }

    void answer(int verdict) { add(RET, 0, 0, verdict); }

    void skipUnlessEqual(int value, int count) { skipUnless(JEQ, value, count); }

    void skipIfEqual(int value, int count) { add(JEQ, count, 0, value); }

    void skipUnlessSet(int mask, int count) { skipUnless(JSET, mask, count); }

    void skipUnlessAbove(int value, int count) { skipUnless(JGT, value, count); }

    private void skipUnless(int op, int k, int count) {
        if (count <= FAR) {
            add(op, 0, count, k);
        } else {
            add(op, 1, 0, k);
            jump(count);
        }
    }

    /** Goes on when it holds, else over what follows and {@code rest} instructions. */
    void condition(SeccompProfile.Condition c, int rest) {
        int low = 16 + 8 * c.argument(), high = low + 4;
        int vLow = (int) c.value(), vHigh = (int) (c.value() >>> 32);
        switch (c.operator()) {
            case SeccompProfile.EQ, SeccompProfile.MASKED_EQ -> {
                boolean isMasked = c.operator() == SeccompProfile.MASKED_EQ;
                int each = isMasked ? 3 : 2;
                load(high);
                if (isMasked) and((int) (c.mask() >>> 32));
                add(JEQ, 0, each + rest, vHigh);
                load(low);
                if (isMasked) and((int) c.mask());
                add(JEQ, 0, rest, vLow);
            }
            case SeccompProfile.NE -> {
                load(high);
                add(JEQ, 0, 2, vHigh);
                load(low);
                add(JEQ, rest, 0, vLow);
            }
            case SeccompProfile.GT -> above(high, low, JGT, vHigh, vLow, 0, rest);
            case SeccompProfile.GE -> above(high, low, JGE, vHigh, vLow, 0, rest);
            // Not greater or equal; not greater.
            case SeccompProfile.LT -> above(high, low, JGE, vHigh, vLow, rest, 0);
            default -> above(high, low, JGT, vHigh, vLow, rest, 0);
        }
    }

    /**
     * Compares 64 bits: the high word decides unless it is equal. {@code yes}, {@code no}: how far to go
     * then.
     */
    private void above(int high, int low, int op, int vHigh, int vLow, int yes, int no) {
        load(high);
        add(JGT, yes + 3, 0, vHigh);
        add(JEQ, 0, no + 2, vHigh);
        load(low);
        add(op, yes, no, vLow);
    }
}

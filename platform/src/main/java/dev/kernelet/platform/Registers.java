package dev.kernelet.platform;

/**
 * Register numbers of {@link ExecutionContext#reg}: the order of user_regs_struct (sys/user.h) up to rsp,
 * then ss.
 */
public final class Registers {
    private Registers() {}

    public static final int R15 = 0, R14 = 1, R13 = 2, R12 = 3, RBP = 4, RBX = 5, R11 = 6, R10 = 7, R9 = 8,
            R8 = 9, RAX = 10, RCX = 11, RDX = 12, RSI = 13, RDI = 14, ORIG_RAX = 15, RIP = 16, CS = 17,
            EFLAGS = 18, RSP = 19, SS = 20, COUNT = 21;

    /** The number, which is one of the above. */
    public static int check(int register) {
        if (register < 0 || register >= COUNT) throw new IndexOutOfBoundsException();
        return register;
    }
}

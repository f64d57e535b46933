package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mman.*;

/** PR_SET_MDWE (prctl(2)): memory that a process writes, or could write, never becomes code. Kernel lock. */
public final class ExecGain {
    private static final int PR_MDWE_REFUSE_EXEC_GAIN = 1, PR_MDWE_NO_INHERIT = 2;

    private ExecGain() {}

    /** Where it is set: whether what is {@code before} must not become {@code prot}; a new one is both. */
    static boolean isDenied(int before, int prot) {
        return (prot & PROT_EXEC) != 0 && ((prot & PROT_WRITE) != 0 || (before & PROT_EXEC) == 0);
    }

    /** What a child has of it, and a new program in the same process. */
    public static int inherited(MemoryManager mm) {
        return (mm.mdwe & PR_MDWE_NO_INHERIT) != 0 ? 0 : mm.mdwe;
    }

    /** PR_SET_MDWE: what is set stays. */
    public static long set(MemoryManager mm, long bits, long rest) {
        if (rest != 0 || (bits & ~(PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT)) != 0) return -EINVAL;
        if (bits == PR_MDWE_NO_INHERIT) return -EINVAL;
        if (mm.mdwe != 0 && mm.mdwe != bits) return -EPERM;
        mm.mdwe = (int) bits;
        return 0;
    }

    /** PR_GET_MDWE. */
    public static long get(MemoryManager mm, long rest) { return rest != 0 ? -EINVAL : mm.mdwe; }
}

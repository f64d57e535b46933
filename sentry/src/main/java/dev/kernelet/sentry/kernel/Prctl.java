package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.mm.ExecGain;

/** prctl(2): what has a meaning inside; EINVAL for the rest, as on a kernel built without it. Kernel lock. */
public final class Prctl {
    private static final int SECBIT_KEEP_CAPS = 1 << 4, SECBIT_NO_CAP_AMBIENT_RAISE = 1 << 6;
    private static final int CAP_LAST = 40;

    private Prctl() {}

    public static long prctl(Task t, int option, long a, long b, long c, long d) {
        switch (option) {
            case 1 -> { // PR_SET_PDEATHSIG
                if (a < 0 || a > 64) return -EINVAL;
                t.parentDeathSignal = (int) a;
                return 0;
            }
            case 2 -> { return t.mem.outInt(a, t.parentDeathSignal); }
            case 3 -> { return t.group.dumpable; }
            case 4 -> { // PR_SET_DUMPABLE
                if (a != 0 && a != 1) return -EINVAL;
                t.group.dumpable = (int) a;
                return 0;
            }
            case 7 -> { return (t.cred.securebits & SECBIT_KEEP_CAPS) != 0 ? 1 : 0; }
            case 8 -> { // PR_SET_KEEPCAPS
                if (a != 0 && a != 1) return -EINVAL;
                if ((t.cred.securebits & SECBIT_KEEP_CAPS << 1) != 0) return -EPERM;
                return setBits(t, a == 1 ? t.cred.securebits | SECBIT_KEEP_CAPS : t.cred.securebits & ~SECBIT_KEEP_CAPS);
            }
            case 13 -> { return 0; } // PR_GET_TIMING: statistical
            case 14 -> { return a == 0 ? 0 : -EINVAL; }
            case 15 -> { return setName(t, a); }
            case 16 -> { // PR_GET_NAME
                long p = t.mem.scratch(16);
                Memory.putBytes(p, t.name);
                return t.mem.out(a, p, 16);
            }
            case 21 -> { return t.seccompMode; } // PR_GET_SECCOMP
            case 22 -> { return Seccomp.setMode(t, a, b); } // PR_SET_SECCOMP
            case 23 -> { // PR_CAPBSET_READ
                if (a < 0 || a > CAP_LAST) return -EINVAL;
                return t.cred.bounding >>> a & 1;
            }
            case 24 -> { // PR_CAPBSET_DROP
                if (a < 0 || a > CAP_LAST) return -EINVAL;
                if (!t.cred.capableHere(Credentials.CAP_SETPCAP)) return -EPERM;
                Credentials n = t.cred.copy();
                n.bounding &= ~(1L << a);
                t.cred = n;
                return 0;
            }
            case 25 -> { return t.mem.outInt(a, 1); } // PR_GET_TSC: enabled
            case 26 -> { return a == 1 ? 0 : -EINVAL; }
            case 27 -> { return t.cred.securebits; }
            case 28 -> { // PR_SET_SECUREBITS
                if (!t.cred.capableHere(Credentials.CAP_SETPCAP)) return -EPERM;
                if ((a & ~0xffL) != 0) return -EPERM;
                int locked = t.cred.securebits >> 1 & 0x55;
                if (((a ^ t.cred.securebits) & locked) != 0 || (t.cred.securebits & 0xaa & ~a) != 0) return -EPERM;
                return setBits(t, (int) a);
            }
            case 29 -> { // PR_SET_TIMERSLACK
                t.timerSlackNanos = a <= 0 ? 50_000 : a;
                return 0;
            }
            case 30 -> { return t.timerSlackNanos; }
            case 31, 32 -> { return 0; } // PR_TASK_PERF_EVENTS_*
            case 33 -> { // PR_MCE_KILL: broken memory is the host's concern
                if (c != 0 || d != 0) return -EINVAL;
                return a == 0 && b == 0 || a == 1 && b >= 0 && b <= 2 ? 0 : -EINVAL;
            }
            case 34 -> { return a != 0 || b != 0 || c != 0 || d != 0 ? -EINVAL : 2; } // PR_MCE_KILL_DEFAULT
            case 35 -> { return c != 0 || d != 0 || t.cred.capable(Credentials.CAP_SYS_RESOURCE) ? -EINVAL : -EPERM; } // PR_SET_MM
            case 36 -> { // PR_SET_CHILD_SUBREAPER
                t.group.isSubreaper = a != 0;
                return 0;
            }
            case 37 -> { return t.mem.outInt(a, t.group.isSubreaper ? 1 : 0); }
            case 38 -> { // PR_SET_NO_NEW_PRIVS
                if (a != 1 || b != 0 || c != 0 || d != 0) return -EINVAL;
                Credentials n = t.cred.copy();
                n.noNewPrivs = true;
                t.cred = n;
                return 0;
            }
            case 39 -> { return a != 0 || b != 0 || c != 0 || d != 0 ? -EINVAL : t.cred.noNewPrivs ? 1 : 0; }
            case 40 -> { return t.mem.outLong(a, t.clearChildTid); } // PR_GET_TID_ADDRESS
            case 41 -> { // PR_SET_THP_DISABLE
                if (b != 0 || c != 0 || d != 0) return -EINVAL;
                t.group.hasNoHugePages = a != 0;
                return 0;
            }
            case 42 -> { return a != 0 || b != 0 || c != 0 || d != 0 ? -EINVAL : t.group.hasNoHugePages ? 1 : 0; }
            case 47 -> { return ambient(t, a, b, c, d); }
            case 59 -> { return a == 0 && b == 0 && c == 0 && d == 0 ? 0 : -EINVAL; } // PR_SET_SYSCALL_USER_DISPATCH: off
            case 65 -> { return ExecGain.set(t.mm, a, b | c | d); } // PR_SET_MDWE
            case 66 -> { return ExecGain.get(t.mm, a | b | c | d); }
            case 0x41555856 -> { return auxv(t, a, b, c | d); }
            default -> { return -EINVAL; }
        }
    }

    /** PR_GET_AUXV: the auxiliary vector's size, of which as much as fits is copied. */
    private static long auxv(Task t, long address, long room, long rest) {
        if (rest != 0) return -EINVAL;
        long[] v = t.mm.auxv;
        if (v == null) return -EINVAL;
        int n = (int) Math.min(Math.max(0, room), 8L * v.length);
        long p = t.mem.scratch(8 * v.length);
        for (int i = 0; i < v.length; i++) Memory.putLong(p + 8L * i, v[i]);
        long r = t.mem.out(address, p, n);
        return r < 0 ? r : 8L * v.length;
    }

    private static long setBits(Task t, int bits) {
        Credentials n = t.cred.copy();
        n.securebits = bits;
        t.cred = n;
        return 0;
    }

    private static long setName(Task t, long address) {
        long p = t.mem.scratch(16);
        long n = t.ctx.copyInString(p, address, 16);
        // A longer name is cut, not refused (PR_SET_NAME).
        if (n == -ENAMETOOLONG) n = 15;
        if (n < 0) return n;
        t.name = Memory.getBytes(p, (int) Math.min(n, 15));
        return 0;
    }

    private static long ambient(Task t, long op, long cap, long c, long d) {
        Credentials n = t.cred.copy();
        if (op == 4) { // PR_CAP_AMBIENT_CLEAR_ALL
            if (cap != 0 || c != 0 || d != 0) return -EINVAL;
            n.ambient = 0;
            t.cred = n;
            return 0;
        }
        if (cap < 0 || cap > CAP_LAST || c != 0 || d != 0) return -EINVAL;
        long bit = 1L << cap;
        switch ((int) op) {
            case 1 -> { return (n.ambient & bit) != 0 ? 1 : 0; }
            case 2 -> {
                if ((n.permitted & bit) == 0 || (n.inheritable & bit) == 0
                        || (n.securebits & SECBIT_NO_CAP_AMBIENT_RAISE) != 0) {
                    return -EPERM;
                }
                n.ambient |= bit;
            }
            case 3 -> n.ambient &= ~bit;
            default -> { return -EINVAL; }
        }
        t.cred = n;
        return 0;
    }
}

package dev.kernelet.oci;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Profiles of linux.seccomp and the programs made of them, which an interpreter of its own runs here. */
class SeccompProfileTest {
    private static final int ALLOW = 0x7fff0000, ERRNO = 0x50000, KILL_THREAD = 0, LOG = 0x7ffc0000, TRAP =
            0x30000;
    private static final long X86_64 = 0xc000003eL;

    private static long[] program(String json) { return SeccompProfile.read(Json.parse(json, "test"))
            .program(); }

    private static int run(long[] code, long nr, long... args) {
        var data = new int[16];
        data[0] = (int) nr;
        data[1] = (int) X86_64;
        for (int i = 0; i < args.length; i++) {
            data[4 + 2 * i] = (int) args[i];
            data[5 + 2 * i] = (int) (args[i] >>> 32);
        }
        long a = 0;
        for (int pc = 0; ; pc++) {
            int op = (int) code[pc] & 0xffff, jt = (int) code[pc] >>> 16 & 0xff, jf = (int) code[pc] >>> 24;
            long k = code[pc] >>> 32;
            switch (op) {
                case 0x20 -> a = data[(int) k / 4] & 0xffffffffL;
                case 0x54 -> a &= k;
                case 0x05 -> pc += (int) k;
                case 0x15 -> pc += a == k ? jt : jf;
                case 0x25 -> pc += a > k ? jt : jf;
                case 0x35 -> pc += a >= k ? jt : jf;
                case 0x45 -> pc += (a & k) != 0 ? jt : jf;
                case 0x06 -> { return (int) k; }
                default -> fail("instruction " + op);
            }
        }
    }

    @Test
    void aProfileLikeThoseOfEngines() {
        long[] p = program("""
                {"defaultAction":"SCMP_ACT_ERRNO", "defaultErrnoRet":1, \
                "architectures":["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls":[
                 {"names":["read","write","nosuchcall","getpid"],"action":"SCMP_ACT_ALLOW"},
                 {"names":["personality"], "action":"SCMP_ACT_ALLOW", "args":[{"index":0, "value":0, \
                "op":"SCMP_CMP_EQ"}]},
                 {"names":["personality"], "action":"SCMP_ACT_ALLOW", "args":[{"index":0, "value":8, \
                "op":"SCMP_CMP_EQ"}]},
                 {"names":["clone"],"action":"SCMP_ACT_ALLOW",
                  "args":[{"index":0,"value":2114060288,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]},
                 {"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}""");
        assertEquals(ALLOW, run(p, SyscallNumber.READ));
        assertEquals(ALLOW, run(p, SyscallNumber.GETPID));
        assertEquals(ERRNO | 1, run(p, SyscallNumber.OPEN));
        assertEquals(ALLOW, run(p, SyscallNumber.PERSONALITY, 0));
        assertEquals(ALLOW, run(p, SyscallNumber.PERSONALITY, 8));
        assertEquals(ERRNO | 1, run(p, SyscallNumber.PERSONALITY, 9));
        assertEquals(ERRNO | 1, run(p, SyscallNumber.PERSONALITY, 1L << 32), "all 64 bits count");
        assertEquals(ALLOW, run(p, SyscallNumber.CLONE, 0x1200011));
        assertEquals(ERRNO | 1, run(p, SyscallNumber.CLONE, 0x10000000));
        assertEquals(ERRNO | 38, run(p, SyscallNumber.CLONE3));
        assertEquals(ERRNO | 38, run(p, SyscallNumber.CLONE3 + 1), "newer than the profile");
        assertEquals(ERRNO | 38, run(p, -1));
        assertEquals(KILL_THREAD, run(p, 0x40000000 | SyscallNumber.READ),
                "x32 is not among the architectures");
    }

    @Test
    void x32AndOtherActions() {
        long[] p = program("""
                {"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X32"],"syscalls":[
                 {"names":["read"],"action":"SCMP_ACT_TRAP"},{"names":["read"],"action":"SCMP_ACT_ALLOW",
                  "args":[{"index":1,"value":1,"op":"SCMP_CMP_EQ"}]},
                 {"names":["write"], "action":"SCMP_ACT_TRACE", "errnoRet":7}, {"names":["open"], \
                "action":"SCMP_ACT_KILL_PROCESS"}]}""");
        assertEquals(TRAP, run(p, 0x40000000 | SyscallNumber.READ));
        assertEquals(TRAP, run(p, SyscallNumber.READ, 0, 1), "a rule without conditions goes first");
        assertEquals(0x7ff00007, run(p, SyscallNumber.WRITE));
        assertEquals(0x80000000, run(p, SyscallNumber.OPEN));
        assertEquals(LOG, run(p, 460), "a default that allows says nothing of newer calls");
    }

    /** Random conditions: the program says what the comparison says. */
    @Test
    void operators() {
        var random = new Random(3);
        long[] edges = {0, 1, -1, 0x7fffffffL, 0x80000000L, 0xffffffffL, 0x100000000L, 0x100000001L,
                Long.MIN_VALUE, Long.MAX_VALUE};
        for (int round = 0; round < 3000; round++) {
            int count = 1 + random.nextInt(6);
            var values = new long[count];
            var masks = new long[count];
            var ops = new int[count];
            var text = new StringBuilder();
            for (int i = 0; i < count; i++) {
                values[i] = random.nextBoolean() ? edges[random.nextInt(edges.length)] : random.nextLong();
                masks[i] = random.nextBoolean() ? edges[random.nextInt(edges.length)] : random.nextLong();
                ops[i] = random.nextInt(SeccompProfile.OPERATORS.length);
                boolean isMasked = ops[i] == SeccompProfile.MASKED_EQ;
                text.append(i == 0 ? "" : ",").append("{\"index\":" + i + ",\"op\":\""
                        + SeccompProfile.OPERATORS[ops[i]]
                        + "\",\"value\":" + Long.toUnsignedString(isMasked ? masks[i] : values[i])
                                + ",\"valueTwo\":"
                        + Long.toUnsignedString(isMasked ? values[i] : 0) + "}");
            }
            long[] p =
                    program("{\"defaultAction\":\"SCMP_ACT_ALLOW\", \"syscalls\":[{\"names\":[\"mmap\"], "
                            + "\"action\":"
                    + "\"SCMP_ACT_TRAP\",\"args\":[" + text + "]}]}");
            for (int i = 0; i < 20; i++) {
                var args = new long[6];
                for (int j = 0; j < 6; j++) {
                    args[j] = j < count && random.nextInt(4) > 0 ? values[j]
                            : edges[random.nextInt(edges.length)];
                }
                boolean holds = true;
                for (int j = 0; j < count; j++) holds &= holds(ops[j], args[j], values[j], masks[j]);
                assertEquals(holds ? TRAP : ALLOW, run(p, SyscallNumber.MMAP, args), text.toString());
            }
        }
    }

    private static boolean holds(int op, long a, long value, long mask) {
        int order = Long.compareUnsigned(a, value);
        return switch (op) {
            case SeccompProfile.NE -> order != 0;
            case SeccompProfile.LT -> order < 0;
            case SeccompProfile.LE -> order <= 0;
            case SeccompProfile.EQ -> order == 0;
            case SeccompProfile.GE -> order >= 0;
            case SeccompProfile.GT -> order > 0;
            default -> (a & mask) == value;
        };
    }

    @Test
    void manyRulesOnOneCall() {
        var rules = new ArrayList<String>();
        for (int i = 0; i < 200; i++) {
            rules.add("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":" + i
                    + ",\"args\":[{\"index\":1,\"value\":" + i
                    + ",\"op\":\"SCMP_CMP_EQ\"}]}");
        }
        long[] p = program("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" + String.join(",", rules)
                + "]}");
        for (int i = 0; i < 200; i++) assertEquals(ERRNO | i, run(p, SyscallNumber.IOCTL, 0, i));
        assertEquals(ALLOW, run(p, SyscallNumber.IOCTL, 0, 200));
        assertEquals(ALLOW, run(p, SyscallNumber.READ, 0, 5));
    }

    @Test
    void whatCannotBeIsRefused() {
        for (String bad : new String[] {
            "{}", "{\"defaultAction\":\"SCMP_ACT_DANCE\"}", "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_Z80\"]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}",
            "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[null]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\", \"syscalls\":[{\"names\":[], "
                    + "\"action\":\"SCMP_ACT_ERRNO\"}]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\", \"syscalls\":[{\"names\":[\"read\"], "
                    + "\"action\":\"SCMP_ACT_NOTIFY\"}]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\", \"syscalls\":[{\"names\":[\"read\"], "
                    + "\"action\":\"SCMP_ACT_TRAP\", \"args\":[null]}]}",
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\", \"syscalls\":[{\"names\":[\"read\"], "
                    + "\"action\":\"SCMP_ACT_TRAP\", "
                + "\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}]}",
        }) {
            assertThrows(Failure.class, () -> program(bad), bad);
        }
    }
}

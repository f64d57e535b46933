package dev.kernelet.oci;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;
import java.util.HashMap;

/**
 * linux.seccomp as rules over call numbers, and as the classic BPF program that libseccomp would make of them
 * for x86-64. What each action means is the Sentry's business: the program is a filter like those of
 * seccomp(2).
 *
 * <p>Where rules overlap, one without conditions goes before all others for its call; else the first that
 * holds counts. Names that are none of x86-64's calls are left out (a profile lists those of all machines and
 * versions).
 */
final class SeccompProfile {
    private static final int KILL_PROCESS = 0x80000000, KILL_THREAD = 0, TRAP = 0x00030000, ERRNO =
            0x00050000,
            TRACE = 0x7ff00000, LOG = 0x7ffc0000, ALLOW = 0x7fff0000;
    private static final int ACTION = 0xffff0000, EPERM = 1, ENOSYS = 38, ERRNO_MAX = 0xffff;
    private static final int X32 = 0x40000000, CALLS = 1024, INSTRUCTIONS_MAX = 4096;
    private static final String[] ARCHITECTURES = {"X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS",
            "MIPS64", "MIPS64N32",
            "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC",
                    "PARISC64", "RISCV64",
            "LOONGARCH64", "M68K", "SH", "SHEB"};
    static final String[] OPERATORS = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
            "SCMP_CMP_GE", "SCMP_CMP_GT",
            "SCMP_CMP_MASKED_EQ"};
    static final String[] ACTIONS = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
            "SCMP_ACT_KILL_PROCESS",
            "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"};
    /**
     * There is one thread yet, mitigations of the processor are not a filter's business here, and nobody is
     * notified: but for the first they change nothing.
     */
    static final String[] FLAGS = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            "SECCOMP_FILTER_FLAG_TSYNC",
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
    static final int NE = 0, LT = 1, LE = 2, EQ = 3, GE = 4, GT = 5, MASKED_EQ = 6;

    /** A comparison of one argument; {@code mask} of MASKED_EQ. */
    record Condition(int argument, int operator, long value, long mask) {}

    /** What calls {@code number} end with when all conditions hold. */
    record Rule(int number, int verdict, Condition[] conditions) {}

    final ArrayList<Rule> rules = new ArrayList<>();
    private final HashMap<String, Integer> numbers = numbers();
    private int defaultVerdict;
    private boolean hasX32;
    /** The largest number named, whatever its action; -1: none. */
    private int last = -1;
    boolean isLogged;

    private SeccompProfile() {}

    static SeccompProfile read(Json s) {
        var p = new SeccompProfile();
        String action = s.string("defaultAction", "");
        if (action.isEmpty()) throw s.bad("a defaultAction");
        p.defaultVerdict = p.verdict(s, action, s.get("defaultErrnoRet"));
        for (String name : s.strings("architectures")) p.architecture(s, name);
        for (String flag : s.strings("flags")) {
            if (!java.util.List.of(FLAGS).contains(flag)) throw s.bad("flags like SECCOMP_FILTER_FLAG_LOG, "
                    + "not " + flag);
            p.isLogged |= flag.equals(FLAGS[0]);
        }
        if (!s.string("listenerPath", "").isEmpty() || !s.string("listenerMetadata", "")
                .isEmpty()) throw noListener(s);
        for (Json rule : s.list("syscalls")) p.rule(rule);
        return p;
    }

    private void architecture(Json s, String name) {
        String plain = name.startsWith("SCMP_ARCH_") ? name.substring(10) : "";
        for (String known : ARCHITECTURES) {
            if (!plain.equals(known)) continue;
            hasX32 |= plain.equals("X32");
            return;
        }
        throw s.bad("architectures like SCMP_ARCH_X86_64, not " + name);
    }

    private static Failure noListener(Json at) {
        return new Failure("config.json: " + at.path() + ": SCMP_ACT_NOTIFY is not supported: a process of "
                + "the host cannot"
                + " answer calls of the sandbox", "Use another action, and leave listenerPath out.");
    }

    private int verdict(Json at, String action, Json errno) {
        int data = errno == null ? EPERM : errno.integer(0, ERRNO_MAX);
        return switch (action) {
            case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD" -> KILL_THREAD;
            case "SCMP_ACT_KILL_PROCESS" -> KILL_PROCESS;
            case "SCMP_ACT_TRAP" -> TRAP;
            case "SCMP_ACT_ERRNO" -> ERRNO | data;
            case "SCMP_ACT_TRACE" -> TRACE | data;
            case "SCMP_ACT_LOG" -> LOG;
            case "SCMP_ACT_ALLOW" -> ALLOW;
            case "SCMP_ACT_NOTIFY" -> throw noListener(at);
            default -> throw at.bad("an action like SCMP_ACT_ERRNO, not " + action);
        };
    }

    private void rule(Json r) {
        if (r == null) throw new Failure("config.json: linux.seccomp.syscalls holds a null", "Correct it.");
        String[] names = r.strings("names");
        if (names.length == 0) throw r.bad("names");
        int verdict = verdict(r, r.string("action", ""), r.get("errnoRet"));
        ArrayList<Json> args = r.list("args");
        var conditions = new Condition[args.size()];
        int seen = 0;
        boolean isAny = false;
        for (int i = 0; i < conditions.length; i++) {
            conditions[i] = condition(args.get(i), r);
            int bit = 1 << conditions[i].argument;
            // As other runtimes: two conditions on one argument are two rules.
            isAny |= (seen & bit) != 0;
            seen |= bit;
        }
        for (String name : names) {
            int number = number(name);
            if (number < 0) continue;
            last = Math.max(last, number);
            if (verdict == defaultVerdict) continue; // and no rule: it would only hide others
            if (!isAny) rules.add(new Rule(number, verdict, conditions));
            else for (Condition c : conditions) rules.add(new Rule(number, verdict, new Condition[] {c}));
        }
    }

    private static Condition condition(Json a, Json rule) {
        if (a == null) throw rule.bad("objects in args");
        Json index = a.get("index");
        if (index == null) throw a.bad("an index");
        String op = a.string("op", "");
        int operator = -1;
        for (int i = 0; i < OPERATORS.length; i++) if (op.equals(OPERATORS[i])) operator = i;
        if (operator < 0) throw a.bad("an op like SCMP_CMP_EQ");
        long value = a.number("value", 0), two = a.number("valueTwo", 0);
        // Of MASKED_EQ the first value is the mask (runtime-spec, config-linux.md).
        return operator == MASKED_EQ ? new Condition(index.integer(0, 5), operator, two, value)
                : new Condition(index.integer(0, 5), operator, value, -1);
    }

    private int number(String name) {
        Integer n = numbers.get(name);
        return n == null ? -1 : n;
    }

    private static HashMap<String, Integer> numbers() {
        var map = new HashMap<String, Integer>(1024);
        for (int n = 0; n < CALLS; n++) {
            String name = SyscallNumber.name(n);
            if (name != null) map.put(name, n);
        }
        return map;
    }

    // ---- the program
    /** Instructions as struct sock_filter each. */
    long[] program() {
        var b = new BpfText();
        b.load(4);
        b.skipUnlessEqual(0xc000003e, 1); // AUDIT_ARCH_X86_64; no other exists here
        b.jump(1);
        b.answer(KILL_PROCESS);
        b.load(0);
        // A number of the x32 ABI (but not -1, which tracers set): another architecture, of the same calls.
        b.skipIfEqual(-1, 2);
        b.skipUnlessSet(X32, 1);
        if (hasX32) b.and(~X32);
        else b.answer(KILL_THREAD);
        int action = defaultVerdict & ACTION;
        boolean isStrict = action != ALLOW && action != LOG && action != TRACE;
        if (isStrict && last >= 0 && defaultVerdict != (ERRNO | ENOSYS)) {
            // A call newer than the profile: programs fall back on ENOSYS, but not on EPERM. As other
            // runtimes do it.
            b.skipUnlessAbove(last, 1);
            b.answer(ERRNO | ENOSYS);
        }
        var isDecided = new boolean[CALLS];
        for (Rule r : rules) isDecided[r.number] |= r.conditions.length == 0;
        conditional(b, isDecided);
        var isDone = new boolean[CALLS];
        for (Rule r : rules) {
            if (r.conditions.length > 0 || isDone[r.number]) continue;
            isDone[r.number] = true;
            b.skipUnlessEqual(r.number, 1);
            b.answer(r.verdict);
        }
        b.answer(defaultVerdict);
        if (b.length() > INSTRUCTIONS_MAX) {
            throw new Failure("config.json: linux.seccomp makes a program of " + b.length()
                    + " instructions, more than "
                    + INSTRUCTIONS_MAX, "Use fewer rules.");
        }
        return b.code();
    }

    /** Calls with conditions come first: decisions about the others are kept and need no second look. */
    private void conditional(BpfText b, boolean[] isDecided) {
        var isDone = new boolean[CALLS];
        for (Rule r : rules) {
            if (isDecided[r.number] || isDone[r.number]) continue;
            isDone[r.number] = true;
            var block = new BpfText();
            for (Rule same : rules) if (same.number == r.number) one(block, same);
            block.answer(defaultVerdict);
            b.skipUnlessEqual(r.number, block.length());
            b.append(block);
        }
    }

    /** Built from the end: each condition must know how far it is to the end of the rule. */
    private static void one(BpfText b, Rule r) {
        var body = new BpfText();
        body.answer(r.verdict);
        for (int i = r.conditions.length - 1; i >= 0; i--) {
            var c = new BpfText();
            c.condition(r.conditions[i], body.length());
            c.append(body);
            body = c;
        }
        b.append(body);
    }
}

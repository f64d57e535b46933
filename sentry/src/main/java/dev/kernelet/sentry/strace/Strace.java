package dev.kernelet.sentry.strace;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.log.DebugLog;

/** Logs system calls with decoded arguments, results and how long they took. */
public final class Strace {
    /** Guards every call of {@link #enter} and {@link #exit}. */
    public static boolean enabled;
    private static boolean[] wanted; // by number; null: all

    private Strace() {}

    /** What {@link Task#strace} holds from entry to exit: the arguments as text, null where the call writes them. */
    private record Call(int nr, String[] arguments, long startNanos) {}

    /**
     * Switches the log on.
     *
     * @param names   calls to log, separated by commas; empty: all
     * @param logSize most bytes shown of one buffer
     * @return null, or the first name that is no system call's
     */
    public static String configure(String names, int logSize) {
        Structs.logSize = Math.min(logSize, 32 << 10);
        if (!names.isEmpty()) {
            wanted = new boolean[512];
            for (String name : names.split(",")) {
                int nr = StraceTable.number(name);
                if (nr < 0) return name;
                wanted[nr] = true;
            }
        }
        enabled = true;
        return null;
    }

    /** A call begins. */
    public static void enter(Task t) {
        t.strace = null;
        if (wanted != null && (t.nr < 0 || t.nr >= 512 || !wanted[t.nr])) return;
        String[] kinds = StraceTable.kinds(t.nr);
        var texts = new String[kinds.length];
        var line = begin(t, 'E', t.nr);
        for (int i = 0; i < kinds.length; i++) {
            if (i > 0) line.append(", ");
            int start = line.length();
            if (isWritten(kinds[i])) {
                if (kinds[i].equals("POLL")) Structs.poll(line, t, t.arg(i), t.argInt(i + 1), false);
                else Structs.pointer(line, t.arg(i));
            } else {
                input(line, t, kinds[i], i);
                texts[i] = line.substring(start);
            }
        }
        DebugLog.info(line.append(')').toString());
        t.strace = new Call(t.nr, texts, System.nanoTime());
    }

    /** A call ends with {@code result}; returns it, or -EFAULT when what it wrote could not be delivered. */
    public static long exit(Task t, long result) {
        if (!(t.strace instanceof Call call) || result == Task.GONE) return result;
        t.strace = null;
        long nanos = System.nanoTime() - call.startNanos;
        if (result != Task.REGISTERS_SET && t.mem.flush() < 0) result = -Errno.EFAULT;
        boolean failed = result < 0 && result >= -4095;
        String[] kinds = StraceTable.kinds(call.nr);
        var line = begin(t, 'X', call.nr);
        for (int i = 0; i < kinds.length; i++) {
            if (i > 0) line.append(", ");
            if (call.arguments[i] != null) line.append(call.arguments[i]);
            else if (failed || result == Task.REGISTERS_SET) Structs.pointer(line, t.arg(i));
            else output(line, t, kinds[i], i, result);
        }
        line.append(") = ");
        if (failed) line.append("-1 ").append(Errno.name((int) -result));
        else if (result == Task.REGISTERS_SET) line.append("?");
        else result(line, call.nr, result);
        line.append(" (").append(nanos / 1000).append('.').append(nanos / 100 % 10).append("us)");
        DebugLog.info(line.toString());
        return result;
    }

    private static StringBuilder begin(Task t, char phase, int nr) {
        var line = new StringBuilder(160);
        padded(line.append('['), t.group.pid);
        padded(line.append(':'), t.tid);
        line.append("] ").append(DebugLog.printable(t.name)).append(' ').append(phase).append(' ');
        String name = SyscallNumber.name(nr);
        if (name == null) line.append("sys_").append(nr);
        else line.append(name);
        return line.append('(');
    }

    private static void padded(StringBuilder b, int n) {
        String s = Integer.toString(n);
        for (int i = s.length(); i < 4; i++) b.append(' ');
        b.append(s);
    }

    private static void result(StringBuilder b, int nr, long result) {
        if (nr == SyscallNumber.MMAP || nr == SyscallNumber.BRK || nr == SyscallNumber.MREMAP || nr == SyscallNumber.SHMAT) {
            Values.hex(b, result);
        } else {
            b.append(result);
            if (result > 9 || result < 0) b.append(" (0x").append(Long.toHexString(result)).append(')');
        }
    }

    private static boolean isWritten(String kind) { return kind.charAt(0) <= 'Z'; }

    /** An argument the call reads. */
    private static void input(StringBuilder b, Task t, String kind, int i) {
        long v = t.arg(i);
        int n = t.argInt(i);
        switch (kind) {
            case "d", "fd" -> b.append(n);
            case "l" -> b.append(v);
            case "u" -> b.append(Long.toUnsignedString(v));
            case "x" -> Values.hex(b, v);
            case "o" -> b.append('0').append(Integer.toOctalString(n));
            case "at" -> b.append(n == -100 ? "AT_FDCWD" : Integer.toString(n));
            case "ptr" -> Structs.pointer(b, v);
            case "path", "str" -> Structs.string(b, t, v);
            case "argv" -> Structs.strings(b, t, v);
            case "env" -> Structs.count(b, t, v);
            case "buf1", "buf2", "buf3", "buf4" -> Structs.bytes(b, t, v, t.arg(kind.charAt(3) - '0'));
            case "iov" -> Structs.vectors(b, t, v, t.argInt(i + 1), Structs.logSize);
            case "sa" -> Structs.socketAddress(b, t, v, t.argInt(i + 1));
            case "msg" -> Structs.message(b, t, v, Structs.logSize);
            case "ts" -> Structs.timespec(b, t, v);
            case "ts2" -> Structs.timespecs(b, t, v, 9);
            case "tv" -> Structs.timeval(b, t, v);
            case "its" -> Structs.intervalTimer(b, t, v, 9);
            case "itv" -> Structs.intervalTimer(b, t, v, 6);
            case "fval" -> futexValue(b, t, v);
            case "sigset" -> Structs.signalSet(b, t, v);
            case "sigact" -> Structs.sigaction(b, t, v);
            case "siginfo" -> Structs.siginfo(b, t, v);
            case "stack" -> Structs.stack(b, t, v);
            case "epoll" -> Structs.epollEvent(b, t, v);
            case "rlimit" -> Structs.limit(b, t, v);
            case "openhow" -> Structs.openHow(b, t, v);
            case "clonearg" -> Structs.cloneArguments(b, t, v);
            default -> named(b, kind, v, n);
        }
    }

    /** Flag sets and constants. */
    private static void named(StringBuilder b, String kind, long v, int n) {
        long bits = n & 0xffffffffL;
        switch (kind) {
            case "open" -> Values.open(b, n);
            case "prot" -> Values.flags(b, Values.PROT, bits, "PROT_NONE");
            case "map" -> Values.flags(b, Values.MAP, bits, "0");
            case "mremap" -> Values.flags(b, Values.MREMAP, bits, "0");
            case "clone" -> cloneFlags(b, v);
            case "atflags" -> Values.flags(b, Values.AT, bits, "0");
            case "accmode" -> Values.flags(b, Values.ACCESS, bits, "F_OK");
            case "wait" -> Values.flags(b, Values.WAIT, bits, "0");
            case "flock" -> Values.flags(b, Values.FLOCK, bits, "0");
            case "msgflags" -> Values.flags(b, Values.MSG, bits, "0");
            case "whence" -> Values.constant(b, Values.WHENCE, n);
            case "how" -> Values.constant(b, Values.HOW, n);
            case "madv" -> Values.constant(b, Values.MADVISE, n);
            case "af" -> Values.constant(b, Values.FAMILY, n);
            case "socktype" -> Values.socketType(b, n);
            case "sol" -> Values.constant(b, Values.SOL, n);
            case "sopt" -> Values.constant(b, Values.SO, n);
            case "clock" -> Values.constant(b, Values.CLOCK, n);
            case "itimer" -> Values.constant(b, Values.ITIMER, n);
            case "rlim" -> Values.constant(b, Values.RLIMIT, n);
            case "fcntl" -> Values.constant(b, Values.FCNTL, n);
            case "ioctl" -> Values.constant(b, Values.IOCTL, bits);
            case "futex" -> Values.futex(b, n);
            case "epollop" -> Values.constant(b, Values.EPOLL_OP, n);
            case "archprctl" -> Values.constant(b, Values.ARCH_PRCTL, n);
            case "prctl" -> Values.constant(b, Values.PRCTL, n);
            case "sig" -> Values.signal(b, n);
            default -> Values.hex(b, v);
        }
    }

    private static void cloneFlags(StringBuilder b, long v) {
        Values.flags(b, Values.CLONE, v & ~0xffL, "0");
        if ((v & 0xff) != 0) Values.signal(b.append('|'), (int) v & 0xff);
    }

    /** futex(2)'s fourth argument is a timeout for the waiting operations, a number for the others. */
    private static void futexValue(StringBuilder b, Task t, long v) {
        int op = t.argInt(1) & 0x7f;
        if (op == 0 || op == 6 || op == 9 || op == 11 || op == 13) Structs.timespec(b, t, v);
        else Values.hex(b, v);
    }

    /** An argument the call has written. */
    private static void output(StringBuilder b, Task t, String kind, int i, long result) {
        long v = t.arg(i);
        switch (kind) {
            case "BUF" -> Structs.bytes(b, t, v, result);
            case "STR" -> Structs.string(b, t, v);
            case "STAT" -> Structs.stat(b, t, v);
            case "IOV" -> Structs.vectors(b, t, v, t.argInt(i + 1), Math.min(result, Structs.logSize));
            case "SA" -> Structs.socketAddressOut(b, t, v, t.arg(i + 1));
            case "MSG" -> Structs.message(b, t, v, Math.min(result, Structs.logSize));
            case "POLL" -> Structs.poll(b, t, v, t.argInt(i + 1), true);
            case "EPOLL" -> Structs.epoll(b, t, v, result);
            case "FDS" -> Structs.descriptors(b, t, v);
            case "TS" -> Structs.timespec(b, t, v);
            case "TV" -> Structs.timeval(b, t, v);
            case "ITS" -> Structs.intervalTimer(b, t, v, 9);
            case "ITV" -> Structs.intervalTimer(b, t, v, 6);
            case "SIGSET" -> Structs.signalSet(b, t, v);
            case "SIGACT" -> Structs.sigaction(b, t, v);
            case "SIGINFO" -> Structs.siginfo(b, t, v);
            case "STACK" -> Structs.stack(b, t, v);
            case "STATUS" -> Structs.waitStatus(b, t, v);
            case "RLIMIT" -> Structs.limit(b, t, v);
            case "UTS" -> Structs.names(b, t, v);
            case "INT" -> Structs.integer(b, t, v);
            default -> Structs.pointer(b, v);
        }
    }
}

package dev.kernelet.oci;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * Programs of the host that an engine wants run at points of a container's life (runtime-spec,
 * "POSIX-platform Hooks"): state
 * on standard input, one after the other, each with its timeout.
 */
final class Hooks {
    static final String[] KINDS = {"prestart", "createRuntime", "createContainer", "startContainer",
            "poststart", "poststop"};
    static final int SHOWN_MAX = 1024;
    private static final int WNOHANG = 1, POLLIN = 1;

    private Hooks() {}

    /** Errors in the form, before anything is done. */
    static void check(Json hooks) {
        for (String kind : KINDS) {
            for (Json h : hooks.list(kind)) {
                String path = h.string("path", "");
                if (path.isEmpty() || path.charAt(0) != '/') throw h.bad("an absolute path in path");
                h.strings("args");
                h.strings("env");
                if (h.get("timeout") != null) h.get("timeout").integer(1, Integer.MAX_VALUE);
            }
        }
    }

    static boolean has(Json hooks, String kind) { return hooks != null && !hooks.list(kind).isEmpty(); }

    /** Runs all of one kind; the first that fails ends it. */
    static void run(Json hooks, String kind, String state) {
        if (hooks == null) return;
        for (Json h : hooks.list(kind)) runOne(h, kind, state);
    }

    /** The same, but failures are only told of: poststart and poststop. */
    static void runAll(Json hooks, String kind, String state, java.util.function.Consumer<String> warn) {
        if (hooks == null) return;
        for (Json h : hooks.list(kind)) {
            try {
                runOne(h, kind, state);
            } catch (Failure e) {
                warn.accept(e.getMessage());
            }
        }
    }

    private static void runOne(Json h, String kind, String state) {
        String path = h.string("path", ""), what = kind + " hook " + path;
        String[] args = h.strings("args");
        if (args.length == 0) args = new String[] {path};
        long pipe = Memory.allocate(8);
        HostCall.call(SyscallNumber.PIPE2, pipe, Host.O_CLOEXEC);
        int out = Memory.getInt(pipe), outWrite = Memory.getInt(pipe + 4);
        Memory.free(pipe);
        // A file, not a pipe: a hook that does not read holds nobody up, however large the annotations are.
        int in = Host.memory("state", state);
        long pid = Spawn.start(path, args, h.strings("env"), in, outWrite, outWrite);
        Host.close(in);
        Host.close(outWrite);
        var shown = new StringBuilder();
        try {
            if (pid < 0) throw new Failure(what + ": execve", pid, "Correct hooks in config.json.");
            int w = wait(what, (int) pid, out, h.number("timeout", 0), shown);
            if (w == 0) return;
            throw failed(what, (w & 0x7f) != 0 ? "ended by signal " + (w & 0x7f) : "exit status " + (w >>> 8),
                    shown.toString());
        } finally {
            Host.close(out);
        }
    }

    static Failure failed(String what, String how, String output) {
        String line = output.strip().replace('\n', ' ');
        return new Failure(what + ": " + how + (line.isEmpty() ? "" : ", output: " + line),
                "See its output.");
    }

    /** The wait status of a hook, whose output is taken so that it is never held up; some is kept. */
    private static int wait(String what, int pid, int out, long seconds, StringBuilder shown) {
        long deadline = seconds == 0 ? Long.MAX_VALUE : System.nanoTime() + seconds * 1_000_000_000L;
        long p = Memory.allocate(8192), status = Memory.allocate(8);
        try {
            boolean isOpen = true;
            for (;;) {
                if (isOpen) isOpen = take(out, p, shown, 20);
                else Host.sleep(2);
                // Its output may be held open by a child of its own: its end is what counts.
                if (HostCall.call(SyscallNumber.WAIT4, pid, status, WNOHANG, 0) == pid) break;
                if (System.nanoTime() - deadline > 0 && seconds > 0) {
                    HostCall.call(SyscallNumber.KILL, pid, 9);
                    HostCall.call(SyscallNumber.WAIT4, pid, status, 0, 0);
                    throw new Failure(what + " did not end within " + seconds + " s",
                            "Correct it, or its timeout in config.json.");
                }
            }
            while (isOpen && shown.length() < SHOWN_MAX && take(out, p, shown, 0)) { }
            return Memory.getInt(status);
        } finally {
            Memory.free(p);
            Memory.free(status);
        }
    }

    /**
     * Reads once, when there is something within {@code millis}: false at the end, or when there is nothing
     * at once.
     */
    private static boolean take(int out, long p, StringBuilder shown, int millis) {
        Memory.putInt(p, out);
        Memory.putInt(p + 4, POLLIN);
        if (HostCall.call(SyscallNumber.POLL, p, 1, millis) <= 0) return millis > 0;
        long n = HostCall.call(SyscallNumber.READ, out, p, 8192);
        if (n > 0 && shown.length() < SHOWN_MAX) {
            shown.append(Memory.getBytes(p, (int) Math.min(n, SHOWN_MAX - shown.length())));
        }
        return n > 0;
    }
}

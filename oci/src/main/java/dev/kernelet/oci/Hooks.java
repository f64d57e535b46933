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
    private static final int SHOWN_MAX = 4096, WNOHANG = 1, POLLIN = 1;

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
        String path = h.string("path", "");
        String[] args = h.strings("args");
        if (args.length == 0) args = new String[] {path};
        long seconds = h.number("timeout", 0);
        long pipes = Memory.allocate(16);
        HostCall.call(SyscallNumber.PIPE2, pipes, Host.O_CLOEXEC);
        HostCall.call(SyscallNumber.PIPE2, pipes + 8, Host.O_CLOEXEC);
        int inRead = Memory.getInt(pipes), inWrite = Memory.getInt(pipes + 4), outRead = Memory.getInt(pipes
                + 8), outWrite = Memory.getInt(pipes + 12);
        Memory.free(pipes);
        long pid = Spawn.start(path, args, h.strings("env"), inRead, outWrite, outWrite);
        Host.close(inRead);
        Host.close(outWrite);
        try {
            if (pid < 0) throw new Failure(kind + " hook " + path + ": execve", pid,
                    "Correct hooks in config.json.");
            wait(kind + " hook " + path, (int) pid, state, inWrite, outRead, seconds);
        } finally {
            Host.close(outRead);
        }
    }

    /** Feeds the state and collects the output until the end; both pipes may be slow. */
    private static void wait(String what, int pid, String state, int in, int out, long seconds) {
        long deadline = seconds == 0 ? Long.MAX_VALUE : System.nanoTime() + seconds * 1_000_000_000L;
        // A state is far smaller than a pipe: this does not wait. A hook that reads nothing is none of our
        // business.
        Host.writeAll(in, state);
        Host.close(in);
        var shown = new StringBuilder();
        long p = Memory.allocate(8192), status = Memory.allocate(8);
        try {
            boolean isOpen = true;
            for (;;) {
                if (isOpen) {
                    Memory.putInt(p, out);
                    Memory.putInt(p + 4, POLLIN);
                    if (HostCall.call(SyscallNumber.POLL, p, 1, 20) > 0) {
                        long n = HostCall.call(SyscallNumber.READ, out, p, 8192);
                        if (n <= 0) isOpen = false;
                        else if (shown.length() < SHOWN_MAX) shown.append(Memory.getBytes(p, (int) Math.min(n,
                                SHOWN_MAX)));
                    }
                } else {
                    Host.sleep(2);
                }
                // Its output may be held open by a child of its own: its end is what counts.
                if (HostCall.call(SyscallNumber.WAIT4, pid, status, WNOHANG, 0) == pid) break;
                if (System.nanoTime() > deadline) {
                    HostCall.call(SyscallNumber.KILL, pid, 9);
                    HostCall.call(SyscallNumber.WAIT4, pid, status, 0, 0);
                    throw new Failure(what + " did not end within " + seconds + " s",
                            "Correct it, or its timeout in config.json.");
                }
            }
            int w = Memory.getInt(status);
            if (w == 0) return;
            String how = (w & 0x7f) != 0 ? "ended by signal " + (w & 0x7f) : "exit status " + (w >>> 8);
            throw new Failure(what + ": " + how + (shown.isEmpty() ? "" : ", output: "
                    + shown.toString().strip()), "See its output.");
        } finally {
            Memory.free(p);
            Memory.free(status);
        }
    }
}

package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Inside;
import dev.kernelet.sandbox.ProcessSpec;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Hooks of kind startContainer: programs of the container, run inside it with the rights of its first program
 * before that goes. The state comes from a file in memory, and what they write goes to another.
 */
final class StartHooks {
    private final Inside container;
    private final ProcessSpec like;
    private final ArrayList<Json> hooks;
    /** Of each hook: its descriptors 0 to 2, and another of its output for us. */
    private final int[] files;

    /** {@code files}: of {@link #open}. */
    StartHooks(Inside container, ProcessSpec like, Json hooks, int[] files) {
        this.container = container;
        this.like = like;
        this.hooks = hooks.list("startContainer");
        this.files = files;
    }

    /** Opens what they need: the sandbox's process, once it is confined, may not. */
    static int[] open(Json hooks, String state) {
        int count = hooks == null ? 0 : hooks.list("startContainer").size();
        var files = new int[4 * count];
        for (int i = 0; i < count; i++) {
            int out = Host.memory("output", "");
            files[4 * i] = Host.memory("state", state);
            files[4 * i + 1] = out;
            files[4 * i + 2] = Host.duplicate(out);
            files[4 * i + 3] = Host.duplicate(out);
        }
        return files;
    }

    /** One after the other; the first that fails ends it. */
    void run() {
        int i = 0;
        try {
            for (; i < hooks.size(); i++) run(i);
        } finally {
            for (int rest = 4 * i + 4; rest < files.length; rest++) Host.close(files[rest]);
        }
    }

    private void run(int i) {
        Json h = hooks.get(i);
        String path = h.string("path", "");
        String[] args = h.strings("args");
        ProcessSpec p = like.like(path, args.length == 0 ? new String[] {path} : args, h.strings("env"));
        int[] own = java.util.Arrays.copyOfRange(files, 4 * i, 4 * i + 3);
        int status;
        String output;
        try {
            status = runOne(p, own, h.number("timeout", 0), path);
        } finally {
            output = Host.readFrom(files[4 * i + 3], Hooks.SHOWN_MAX);
            Host.close(files[4 * i + 3]);
        }
        if (status == 0) return;
        String how = status > 128 ? "ended by signal " + (status - 128) : "exit status " + status;
        throw Hooks.failed("startContainer hook " + path, how, output);
    }

    private int runOne(ProcessSpec p, int[] fds, long seconds, String path) {
        var ended = new CountDownLatch(1);
        var status = new AtomicInteger();
        var target = new AtomicReference<Inside.SignalTarget>();
        var failure = new AtomicReference<Failure>();
        container.exec(p, fds, -1, s -> {
            status.set(s);
            ended.countDown();
        }, (pid, signals, error) -> {
            target.set(signals);
            failure.set(error);
            if (error != null) ended.countDown();
        });
        boolean isOver = await(ended, seconds);
        if (failure.get() != null) {
            throw new Failure("startContainer hook " + path + ": " + failure.get().getMessage(),
                    "Correct hooks in config.json: its path is one inside the container.");
        }
        if (isOver) return status.get();
        target.get().signal(9);
        await(ended, 0);
        throw new Failure("startContainer hook " + path + " did not end within " + seconds + " s",
                "Correct it, or its timeout in config.json.");
    }

    private static boolean await(CountDownLatch latch, long seconds) {
        try {
            return latch.await(seconds == 0 ? Long.MAX_VALUE : seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nobody interrupts this thread
        }
    }
}

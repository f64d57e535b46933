package dev.kernelet.oci;

import dev.kernelet.sandbox.Container;
import dev.kernelet.sandbox.Failure;
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
    private final Container container;
    private final ProcessSpec like;
    private final ArrayList<Json> hooks;
    /** Of each hook: its descriptors 0 to 2, and another of its output for us. */
    private final int[][] files;

    /** Opens what it needs: once the container runs, this process may not. */
    StartHooks(Container container, ProcessSpec like, Json hooks, String state) {
        this.container = container;
        this.like = like;
        this.hooks = hooks.list("startContainer");
        files = new int[this.hooks.size()][];
        for (int i = 0; i < files.length; i++) {
            int out = Host.memory("output", "");
            files[i] = new int[] {Host.memory("state", state), out, Host.duplicate(out), Host.duplicate(out)};
        }
    }

    /** One after the other; the first that fails ends it. */
    void run() {
        for (int i = 0; i < files.length; i++) {
            Json h = hooks.get(i);
            String path = h.string("path", "");
            String[] args = h.strings("args");
            ProcessSpec p = like.like(path, args.length == 0 ? new String[] {path} : args, h.strings("env"));
            int status = runOne(p, java.util.Arrays.copyOf(files[i], 3), h.number("timeout", 0), path);
            String output = Host.readFrom(files[i][3], Hooks.SHOWN_MAX);
            Host.close(files[i][3]);
            if (status == 0) continue;
            String how = status > 128 ? "ended by signal " + (status - 128) : "exit status " + status;
            throw Hooks.failed("startContainer hook " + path, how, output);
        }
    }

    private int runOne(ProcessSpec p, int[] fds, long seconds, String path) {
        var ended = new CountDownLatch(1);
        var status = new AtomicInteger();
        var target = new AtomicReference<Container.SignalTarget>();
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

package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.Inside;
import dev.kernelet.sandbox.ProcessSpec;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** What engines ask of one container of the sandbox, and how far it has come. */
final class ContainerControl {
    static final String DONE = "{}";
    private static final int SIGKILL = 9;

    final Inside inside;
    /** Opened when the program is to go. */
    private final CountDownLatch start = new CountDownLatch(1);
    private final ArrayList<LocalSocket> waiting = new ArrayList<>();
    /** Opened when the program has gone, or cannot go: {@link #startFailure}. */
    private final CountDownLatch begun = new CountDownLatch(1);
    private Failure startFailure; // written before begun is opened
    /** The exit status plus one, once the program has ended. */
    private int ended;

    ContainerControl(Inside inside) { this.inside = inside; }

    void startsAtOnce() { start.countDown(); }

    /** Waits until the program is to go. */
    void awaitStart() { await(start); }

    static void await(CountDownLatch latch) {
        for (;;) {
            try {
                latch.await();
                return;
            } catch (InterruptedException e) {
                // Nobody interrupts this thread.
            }
        }
    }

    /** Tells whoever asked for the start that the program has gone, or why it has not: then all ends. */
    void begun(Failure failure) {
        startFailure = failure;
        begun.countDown();
    }

    /** Whether the connection is still needed. */
    boolean answer(LocalSocket s, Json j, String operation, int[] fds) {
        switch (operation) {
            case "start" -> start(s);
            case "exec" -> exec(s, j, fds);
            case "signal" -> {
                int signal = j.get("signal").integer(0, 64);
                if (start.getCount() > 0 && signal != SIGKILL) throw new Failure("container not running",
                        "Start it first.");
                inside.signal(signal, j.bool("all"));
                s.send(DONE);
            }
            case "ps" -> ps(s);
            case "wait" -> {
                synchronized (waiting) {
                    s.send(DONE);
                    if (ended > 0) s.sendInt(ended - 1);
                    else waiting.add(s);
                    return ended == 0;
                }
            }
            default -> throw new Failure("unknown control request " + operation,
                    "Use one version of Kernelet for all commands.");
        }
        return false;
    }

    private void start(LocalSocket s) {
        synchronized (start) {
            if (start.getCount() == 0) throw new Failure("cannot start an already running container",
                    "Each container is started once.");
            start.countDown();
        }
        await(begun);
        s.send(startFailure == null ? DONE : ControlServer.failure(startFailure));
        if (startFailure != null) inside.abandon();
    }

    /** At the end of the container: tells those who wait. */
    void ended(int status) {
        start.countDown(); // whoever waits to begin it has nothing to do any more
        synchronized (waiting) {
            ended = status + 1;
            for (LocalSocket s : waiting) s.sendInt(status);
            waiting.clear();
        }
    }

    private void exec(LocalSocket s, Json j, int[] fds) {
        if (start.getCount() > 0) {
            for (int fd : fds) Host.close(fd);
            throw new Failure("cannot exec in a container that has not been started", "Start it first.");
        }
        ProcessSpec p;
        try {
            p = RuntimeSpec.process(j.get("process"), new ArrayList<>());
        } catch (Failure e) {
            for (int fd : fds) Host.close(fd);
            throw e;
        }
        int console = j.bool("console") ? fds[0] : -1;
        int[] files = console >= 0 ? new int[0] : fds;
        var life = new Further(s);
        inside.exec(p, files, console, life, life);
        await(life.done);
        if (life.failure != null) throw life.failure;
        follow(s, life.target);
    }

    /** Tells whoever asked for a further process of its begin and its end. */
    private static final class Further implements Inside.AtExit, Inside.Started {
        final CountDownLatch done = new CountDownLatch(1);
        Inside.SignalTarget target; // these two written before done is opened
        Failure failure;
        private final LocalSocket s;

        Further(LocalSocket s) { this.s = s; }

        @Override
        public void started(int pid, Inside.SignalTarget signals, Failure error) {
            target = signals;
            failure = error;
            // Answered here, so that the exit status cannot come first.
            if (error == null) s.send(new JsonText().open().field("pid", pid).close().toString());
            done.countDown();
        }

        @Override
        public void ended(int status) { s.sendInt(status); }
    }

    /**
     * Gives the process what whoever stands for it passes on; when that is gone, perhaps killed, so is the
     * process.
     */
    static void follow(LocalSocket s, Inside.SignalTarget target) {
        for (int signal; (signal = s.receiveInt()) >= 0;) {
            if (signal > 0 && signal <= 64) target.signal(signal);
        }
        target.signal(SIGKILL);
    }

    private void ps(LocalSocket s) {
        var done = new CountDownLatch(1);
        var list = new AtomicReference<ArrayList<Inside.ProcessInfo>>(new ArrayList<>());
        if (start.getCount() == 0) {
            inside.processes(l -> {
                list.set(l);
                done.countDown();
            });
            await(done);
        }
        var j = new JsonText().open().name("processes").openList();
        for (Inside.ProcessInfo p : list.get()) {
            j.open().field("pid", p.pid()).field("parent", p.parent()).field("uid", p.uid()).field("hostPid",
                    p.hostPid())
                    .field("command", p.command()).close();
        }
        s.send(j.closeList().close().toString());
    }
}

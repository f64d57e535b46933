package dev.kernelet.oci;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Container;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.ProcessSpec;
import dev.kernelet.sentry.log.DebugLog;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The sandbox's ear: a socket in the container's directory, out of reach of what runs inside. Serves the
 * superuser and the
 * user it runs as, a request a connection. See {@link ControlClient} for the other end.
 */
final class ControlServer {
    private static final int PATIENCE_SECONDS = 10;

    private final int listener;
    private final Container container;
    /** Opened when the program is to go. */
    private final CountDownLatch start = new CountDownLatch(1);
    private final ArrayList<LocalSocket> waiting = new ArrayList<>();
    /** Opened when the program has gone, or cannot go: {@link #startFailure}. */
    private final CountDownLatch begun = new CountDownLatch(1);
    private Failure startFailure; // written before begun is opened

    /** {@code startsAtOnce}: without being asked to. */
    ControlServer(int listener, Container container, boolean startsAtOnce) {
        this.container = container;
        this.listener = listener;
        if (startsAtOnce) start.countDown();
        thread(this::listen, "control");
    }

    private static void thread(Runnable work, String name) {
        var t = new Thread(null, work, name, 256 << 10);
        t.setDaemon(true);
        t.start();
    }

    /** Waits until the program is to go. */
    void awaitStart() { await(start); }

    private static void await(CountDownLatch latch) {
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

    private void listen() {
        for (;;) {
            long fd = HostCall.call(SyscallNumber.ACCEPT4, listener, 0, 0, Host.O_CLOEXEC);
            if (fd == -dev.kernelet.abi.Errno.EINTR || fd == -dev.kernelet.abi.Errno.ECONNABORTED) continue;
            if (fd < 0) {
                DebugLog.warn("control: accept: " + fd);
                Host.sleep(100);
                continue;
            }
            var s = new LocalSocket((int) fd);
            int user = s.peerUser();
            if (user != 0 && user != Host.euid()) s.close();
            else thread(() -> serve(s), "control-" + fd);
        }
    }

    private void serve(LocalSocket s) {
        s.timeout(PATIENCE_SECONDS);
        LocalSocket.Received request = s.receive();
        if (request == null) {
            s.close();
            return;
        }
        s.timeout(0);
        boolean isKept = false;
        try {
            isKept = answer(s, request);
        } catch (Failure e) {
            s.send(failure(e));
        } catch (RuntimeException e) {
            DebugLog.error("control request", e);
            s.send(failure(new Failure("internal error: " + e, "This is a bug of Kernelet's.")));
        }
        if (isKept) return;
        s.close();
    }

    private static String failure(Failure e) {
        return new JsonText().open().field("error", e.getMessage()).field("remedy",
                e.remedy).close().toString();
    }

    private static final String DONE = "{}";

    /** Whether the connection is still needed. */
    private boolean answer(LocalSocket s, LocalSocket.Received request) {
        Json j = Json.parse(request.text(), "control request");
        String operation = j.string("op", "");
        if (!operation.equals("exec")) request.closeAll();
        switch (operation) {
            case "start" -> {
                synchronized (start) {
                    if (start.getCount() == 0) throw new Failure("cannot start an already running container",
                            "Each container is started once.");
                    start.countDown();
                }
                await(begun);
                s.send(startFailure == null ? DONE : failure(startFailure));
                if (startFailure != null) container.abandon();
            }
            case "exec" -> { return exec(s, j, request.fds()); }
            case "signal" -> {
                if (start.getCount() > 0) throw new Failure("container not running", "Start it first.");
                container.signal(j.get("signal").integer(0, 64), j.bool("all"));
                s.send(DONE);
            }
            case "ps" -> ps(s);
            case "limits" -> {
                container.limits(j.number("memory", 0), (int) Math.clamp(j.number("pids", 0), -1, 1 << 22));
                container.processorLimits(j.number("quota", 0), j.number("period", 0), j.number("weight", 0));
                s.send(DONE);
            }
            case "wait" -> {
                synchronized (waiting) {
                    waiting.add(s);
                }
                s.send(DONE);
                return true;
            }
            default -> throw new Failure("unknown control request " + operation,
                    "Use one version of Kernelet for all commands.");
        }
        return false;
    }

    /** At the end of the container: tells those who wait. */
    void ended(int status) {
        synchronized (waiting) {
            for (LocalSocket s : waiting) s.sendInt(status);
        }
    }

    private boolean exec(LocalSocket s, Json j, int[] fds) {
        if (start.getCount() > 0) {
            for (int fd : fds) Host.close(fd);
            throw new Failure("cannot exec in a container that has not been started", "Start it first.");
        }
        ProcessSpec p = RuntimeSpec.process(j.get("process"), new ArrayList<>());
        int console = j.bool("console") ? fds[0] : -1;
        int[] files = console >= 0 ? new int[0] : fds;
        var target = new AtomicReference<Container.SignalTarget>();
        var failure = new AtomicReference<Failure>();
        var done = new CountDownLatch(1);
        container.exec(p, files, console, s::sendInt, (pid, signals, error) -> {
            target.set(signals);
            failure.set(error);
            // Answered here, so that the exit status cannot come first.
            if (error == null) s.send(new JsonText().open().field("pid", pid).close().toString());
            done.countDown();
        });
        try {
            done.await();
        } catch (InterruptedException e) {
            return false;
        }
        if (failure.get() != null) throw failure.get();
        for (int signal; (signal = s.receiveInt()) >= 0;) if (signal > 0
                && signal <= 64) target.get().signal(signal);
        // Whoever stood for the process is gone, perhaps killed: so is the process.
        target.get().signal(9);
        return false;
    }

    private void ps(LocalSocket s) {
        var done = new CountDownLatch(1);
        var list = new AtomicReference<ArrayList<Container.ProcessInfo>>();
        container.processes(l -> {
            list.set(l);
            done.countDown();
        });
        try {
            if (start.getCount() > 0) list.set(new ArrayList<>());
            else done.await();
        } catch (InterruptedException e) {
            return;
        }
        var j = new JsonText().open().name("processes").openList();
        for (Container.ProcessInfo p : list.get()) {
            j.open().field("pid", p.pid()).field("parent", p.parent()).field("uid", p.uid()).field("hostPid",
                    p.hostPid())
                    .field("command", p.command()).close();
        }
        s.send(j.closeList().close().toString());
    }
}

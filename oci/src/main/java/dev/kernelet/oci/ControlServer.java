package dev.kernelet.oci;

import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Container;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sentry.log.DebugLog;

/**
 * The sandbox's ear: a socket in the container's directory, out of reach of what runs inside. Serves the
 * superuser and the
 * user it runs as, a request a connection. See {@link ControlClient} for the other end.
 */
final class ControlServer {
    private static final int PATIENCE_SECONDS = 10;

    private final int listener;
    /** Whom it serves besides the superuser; asked at the start, as the Sentry's list has no such call. */
    private final int owner = Host.euid();
    private final Container container;
    /** Of the sandbox's first container. */
    final ContainerControl first;
    /** Further ones; null until there is one. */
    private PodControl pod;

    ControlServer(int listener, Container container) {
        this.container = container;
        this.listener = listener;
        first = new ContainerControl(container);
    }

    void listen() { thread(new Connection(null), "control"); }

    /**
     * What a thread does: for one connection, or takes them. Not a lambda: the virtual machine makes
     * those at run time.
     */
    private final class Connection implements Runnable {
        private final LocalSocket s;

        Connection(LocalSocket s) { this.s = s; }

        @Override
        public void run() {
            if (s == null) accept();
            else serve(s);
        }
    }

    static void thread(Runnable work, String name) {
        var t = new Thread(null, work, name, 256 << 10);
        t.setDaemon(true);
        t.start();
    }

    private void accept() {
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
            if (user != 0 && user != owner) s.close();
            else thread(new Connection(s), "control-" + fd);
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

    static String failure(Failure e) {
        return new JsonText().open().field("error", e.getMessage()).field("remedy",
                e.remedy).close().toString();
    }

    /** Whether the connection is still needed. */
    private boolean answer(LocalSocket s, LocalSocket.Received request) {
        Json j = Json.parse(request.text(), "control request");
        String operation = j.string("op", ""), id = j.string("container", null);
        if (!operation.equals("exec") && !operation.equals("create")) request.closeAll();
        switch (operation) {
            case "create" -> pod().create(s, j, request.fds());
            case "delete" -> pod().delete(s, id);
            case "freeze" -> pod().freeze(s, id, j.bool("on"));
            case "use" -> pod().use(s, id);
            case "limits" -> {
                if (id == null) limits(j);
                else pod().limits(id, j);
                s.send(ContainerControl.DONE);
            }
            default -> {
                return found(id, request).answer(s, j, operation, request.fds());
            }
        }
        return false;
    }

    /** The container; descriptors for one that is no more have no owner. */
    private ContainerControl found(String id, LocalSocket.Received request) {
        try {
            return id == null ? first : pod().find(id);
        } catch (Failure e) {
            request.closeAll();
            throw e;
        }
    }

    private void limits(Json j) {
        container.limits(j.number("memory", 0), (int) Math.clamp(j.number("pids", 0), -1, 1 << 22));
        container.processorLimits(j.number("quota", 0), j.number("period", 0), j.number("weight", 0));
    }

    private synchronized PodControl pod() {
        if (pod == null) pod = new PodControl(container);
        return pod;
    }
}

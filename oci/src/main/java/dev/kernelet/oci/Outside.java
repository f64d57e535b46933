package dev.kernelet.oci;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;
import java.util.concurrent.SynchronousQueue;

/**
 * A thread that stays in the network namespace this process was started in, for hooks that are to see it while
 * the others have moved to the container's, and goes back to the mount namespace of whoever called us, so that
 * what a hook mounts is seen there.
 */
final class Outside {
    private final SynchronousQueue<Runnable> work = new SynchronousQueue<>();
    private Thread thread;
    private Throwable failure; // written before the thread ends

    /** {@code isNeeded}: whether {@link #run} will have something to do; there is no thread else. */
    Outside(boolean isNeeded) {
        if (!isNeeded) return;
        thread = new Thread(null, this::serve, "outside", 256 << 10);
        thread.setDaemon(true);
        thread.start();
    }

    private static final int CLONE_FS = 0x200, CLONE_NEWNS = 0x20000;

    /** To the namespace of the waiting process (container.c). An ordinary user cannot, and could not mount there. */
    private static void returnToMounts() {
        int fd = Host.open("/proc/" + HostCall.call(GETPPID) + "/ns/mnt", Host.O_RDONLY, 0);
        if (fd < 0) return;
        if (HostCall.call(UNSHARE, CLONE_FS) == 0) HostCall.call(SETNS, fd, CLONE_NEWNS);
        Host.close(fd);
    }

    private void serve() {
        try {
            Runnable hooks = work.take();
            returnToMounts();
            hooks.run();
        } catch (InterruptedException | Failure e) {
            failure = e;
        }
    }

    /** Runs {@code r} there, once, and waits for its end. */
    void run(Runnable r) {
        if (thread == null) return;
        try {
            work.put(r);
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nobody interrupts this thread
        }
        if (failure instanceof Failure f) throw f;
    }
}

package dev.kernelet.oci;

import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.host.HostCall;
import dev.kernelet.sandbox.Failure;

/**
 * A thread that stays in the network namespace this process was started in, for hooks that are to see it while
 * the others have moved to the container's, and goes back to the mount namespace of whoever called us, so that
 * what a hook mounts is seen there.
 */
final class Outside implements Runnable {
    private Runnable work; // guarded by this
    private Thread thread;
    private Throwable failure; // written before the thread ends

    /** {@code isNeeded}: whether {@link #run} will have something to do; there is no thread else. */
    Outside(boolean isNeeded) {
        if (!isNeeded) return;
        thread = new Thread(null, this, "outside", 256 << 10);
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

    @Override
    public void run() {
        try {
            Runnable hooks = await();
            returnToMounts();
            hooks.run();
        } catch (InterruptedException | Failure e) {
            failure = e;
        }
    }

    private synchronized Runnable await() throws InterruptedException {
        while (work == null) wait();
        return work;
    }

    private synchronized void give(Runnable r) {
        work = r;
        notifyAll();
    }

    /** Runs {@code r} there, once, and waits for its end. */
    void run(Runnable r) {
        if (thread == null) return;
        try {
            give(r);
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nobody interrupts this thread
        }
        if (failure instanceof Failure f) throw f;
    }
}

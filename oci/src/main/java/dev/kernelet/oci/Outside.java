package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import java.util.concurrent.SynchronousQueue;

/**
 * A thread that stays in the namespaces this process was started in, for hooks that are to see those while the
 * others have moved to the container's.
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

    private void serve() {
        try {
            work.take().run();
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

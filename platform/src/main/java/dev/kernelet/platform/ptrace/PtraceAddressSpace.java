package dev.kernelet.platform.ptrace;

import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.ExecutionContext;
import dev.kernelet.platform.process.Host;
import dev.kernelet.platform.process.RemoteMemory;
import java.util.ArrayList;

/** One traced process. */
final class PtraceAddressSpace extends AddressSpace {
    private static final int EFAULT = 14, ESRCH = 3, EPERM = 1, SIGKILL = 9;

    final PtracePlatform platform;
    private final int pid;
    final PtraceContext first;
    long vdso;
    /** Killed or ended. Set by the tracer, too. */
    volatile boolean dead;
    /** Guarded by this object's monitor: the pid is never signalled after it was reaped. */
    private boolean reaped;
    /** Threads that live; guarded by this object's monitor. */
    private final ArrayList<PtraceContext> live = new ArrayList<>(1);
    /** Guarded by this object's monitor. */
    private final RemoteMemory.Target memory = new RemoteMemory.Target();

    PtraceAddressSpace(PtracePlatform platform, int pid, long vdso) {
        this.platform = platform;
        this.pid = pid;
        this.vdso = vdso;
        memory.tid = pid;
        first = new PtraceContext(this, pid);
        live.add(first);
    }

    @Override
    public ExecutionContext first() { return first; }

    @Override
    public boolean isAlive() { return !dead; }

    @Override
    public int hostPid() { return dead ? 0 : pid; }

    @Override
    public long vdsoBase() { return vdso; }

    @Override
    public void kill() {
        synchronized (this) {
            if (!reaped) Host.kill(pid, SIGKILL);
        }
        dead = true;
    }

    /** From the tracer: the process has ended and its pid is free. */
    void ended() {
        synchronized (this) {
            reaped = true;
            memory.close();
        }
        dead = true;
    }

    // ---- threads

    synchronized void add(PtraceContext c) { live.add(c); }

    synchronized int liveThreads() { return live.size(); }

    /** Takes a thread out that is told to end; how many stay. */
    synchronized int leave(PtraceContext c) {
        live.remove(c);
        if (memory.tid == c.tid && !live.isEmpty()) memory.tid = live.get(0).tid;
        return live.size();
    }

    // ---- memory

    @Override
    protected long remote(long userAddress, long local, long length, boolean write) {
        if (userAddress < 0 || userAddress >= platform.traits.userEnd()) return -EFAULT;
        length = platform.traits.clamp(userAddress, length);
        return length == 0 ? 0 : transfer(null, userAddress, local, length, write);
    }

    /**
     * A copy within the application's range: bytes until the first fault, or a negative errno.
     *
     * @param stopped a thread that stands, for the last resort; null: none is known
     */
    long transfer(PtraceContext stopped, long userAddress, long local, long length, boolean write) {
        synchronized (this) {
            if (reaped) return -ESRCH;
            long n = platform.byWords ? -EPERM : platform.remote.transfer(memory, textMap, userAddress, local, length, write);
            if (n >= 0 || n == -EFAULT || n == -ESRCH || stopped == null) return n;
            length = RemoteMemory.allowed(textMap, userAddress, length, write);
            if (length == 0) return -EFAULT;
        }
        return platform.command(stopped, write ? Tracer.POKE : Tracer.PEEK, userAddress, local, length, 0, 0,
                0, 0);
    }

    /** A copy beyond the application's range, by the tracer: bytes or a negative errno. */
    synchronized long area(long address, long local, long length, boolean write) {
        if (reaped || platform.byWords) return reaped ? -ESRCH : -EPERM;
        return platform.remote.transfer(memory, null, address, local, length, write);
    }

    @Override
    public String hostProc(String name) {
        synchronized (this) {
            return reaped ? null : RemoteMemory.text(memory.tid, name);
        }
    }
}

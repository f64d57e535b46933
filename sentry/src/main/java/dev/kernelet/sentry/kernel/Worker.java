package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.platform.Trap;
import dev.kernelet.sentry.strace.Strace;
import dev.kernelet.sentry.syscall.SyscallTable;

/** A thread that leads, or stands by while another does. */
final class Worker implements Runnable {
    private final Kernel kernel;
    private final boolean isFirst;
    private int callsToLook = HeapBudget.CALLS;

    Worker(Kernel kernel, boolean isFirst) {
        this.kernel = kernel;
        this.isFirst = isFirst;
    }

    @Override
    public void run() {
        try {
            if (!isFirst) kernel.standby.acquireUninterruptibly();
            kernel.lock.lock();
            kernel.active++;
            while (!kernel.isStopping) turn();
        } catch (Throwable e) {
            kernel.failed(e);
        } finally {
            kernel.active--;
            if (kernel.lock.isHeldByCurrentThread()) kernel.lock.unlock();
        }
    }

    /** One round of the loop. */
    private void turn() {
        Kernel k = kernel;
        boolean did = false;
        k.runPosted();
        Task t;
        while ((t = k.takeReady()) != null) {
            runAgain(t);
            did = true;
            if (k.active > 1) break;
        }
        if (k.active > 1) {
            stepBack();
            return;
        }
        did |= pollRunning();
        long next = k.timers.next();
        if (next != Long.MAX_VALUE) {
            long now = k.now();
            if (next <= now) {
                k.timers.run(now);
                did = true;
            }
        }
        if (k.lock.hasQueuedThreads()) {
            k.lock.unlock();
            k.lock.lock();
        } else if (!did && !k.hasReady()) {
            idle();
        }
    }

    /** Another worker leads: wait to be needed. */
    private void stepBack() {
        Kernel k = kernel;
        if (k.hasReady() || k.timers.next() < k.sleepsUntil) {
            if (k.sleepsUntil != 0) k.platform.ring();
        }
        k.active--;
        k.lock.unlock();
        k.standby.acquireUninterruptibly();
        k.lock.lock();
        k.active++;
    }

    private boolean pollRunning() {
        Kernel k = kernel;
        boolean did = false;
        for (int i = k.runningCount - 1; i >= 0; i--) {
            if (i >= k.runningCount) continue;
            Task t = k.running[i];
            int trap = t.ctx.poll();
            if (trap == Trap.NONE) continue;
            did = true;
            k.removeRunning(t);
            t.state = Task.IN_KERNEL;
            trapped(t, trap);
            if (k.active > 1) break;
        }
        return did;
    }

    private void idle() {
        Kernel k = kernel;
        if (k.options.spins && spin()) return;
        k.platform.prepareSleep();
        k.sleepsUntil = Long.MAX_VALUE;
        if (pollRunning() || k.posted.get() != null || k.hasReady() || k.isStopping) {
            k.platform.finishSleep();
            k.sleepsUntil = 0;
            return;
        }
        long next = k.timers.next();
        k.sleepsUntil = next;
        long timeout = next == Long.MAX_VALUE ? -1 : Math.max(0, next - k.now());
        k.lock.unlock();
        k.platform.sleep(timeout);
        k.lock.lock();
        k.sleepsUntil = 0;
        k.platform.finishSleep();
    }

    // ---- spinning: worth what it costs to be woken (40 us), and more where a processor is free and programs
    // work for some time between calls; left out where it does not help, but for a look now and then
    private static final long LONG = 150_000, SHORT = 12_000, PROBE = 6_000;
    private static final long PREEMPTED = 30_000, GIVE_WAY = 8_000;
    private static final int ALWAYS = 256, NEARLY_ALWAYS = 220, MOSTLY = 170;
    /** How often spinning helped, of 256. */
    private int helped = ALWAYS;
    private int probeIn, probes;

    /** Polls for a short while; whether something came up. */
    private boolean spin() {
        Kernel k = kernel;
        if (k.options.processors == 1 || k.runningCount == 0) return false;
        boolean isProbe = helped < MOSTLY;
        if (isProbe && --probeIn > 0) return false;
        probeIn = 8;
        long start = System.nanoTime(), now = start;
        boolean isFree = k.runningCount < k.options.processors;
        long budget = isProbe ? isFree && (++probes & 7) == 0 ? LONG : PROBE
                : isFree && helped > NEARLY_ALWAYS ? LONG : SHORT;
        long end = Math.min(start + budget, k.timers.next());
        do {
            for (int j = 0; j < 20; j++) {
                if (pollRunning()) {
                    // What only a long look finds is not found again by short ones.
                    if (budget == LONG) helped = ALWAYS;
                    else helped += ALWAYS - helped + 3 >> (isProbe ? 1 : 3);
                    return true;
                }
                Thread.onSpinWait();
            }
            if (k.posted.getOpaque() != null || k.hasReady() || k.lock.hasQueuedThreads()) return true;
            long last = now;
            now = System.nanoTime();
            if (now - last > PREEMPTED) {
                // Somebody else has use for this processor, too.
                helped = Math.min(helped, MOSTLY - 1);
                return false;
            }
            if (now - start > GIVE_WAY && someoneIsWaiting()) return false;
        } while (now < end);
        helped -= helped >> 3;
        return false;
    }

    /**
     * Whether a task was sent on its way and does not run: the host puts it on the processor of whoever woke it more
     * often than not, and leaves it there although another one idles.
     */
    private boolean someoneIsWaiting() {
        Kernel k = kernel;
        for (int i = 0; i < k.runningCount; i++) if (!k.running[i].ctx.isAwake()) return true;
        return false;
    }

    // ---- traps and calls
    private void trapped(Task t, int trap) {
        if (t.lingers) {
            t.state = Task.DEAD;
            if (trap != Trap.DEAD) t.ctx.exitThread();
            return;
        }
        if (t.isKilled && trap != Trap.DEAD) trap = Trap.INTERRUPTED;
        switch (trap) {
            case Trap.SYSCALL -> {
                t.beginCall(t.ctx);
                if (Strace.enabled) Strace.enter(t);
                if (t.entryWork == 0) call(t);
                else enter(t);
            }
            case Trap.FAULT -> {
                t.nr = -1;
                t.signals.fault();
                toUser(t, Task.REGISTERS_SET);
            }
            case Trap.INTERRUPTED -> {
                t.nr = -1;
                toUser(t, Task.REGISTERS_SET);
            }
            default -> Exit.hostDeath(t);
        }
    }

    /** A task was woken: its handler is run again, or a stop is over. */
    private void runAgain(Task t) {
        if (t.group.controlGroup != null && t.group.controlGroup.isFrozen && !t.isKilled) {
            t.isFrozen = true;
            return;
        }
        if (t.state == Task.WAITING) {
            t.state = Task.IN_KERNEL;
            t.cancelWaits();
            t.reruns++;
            call(t);
        } else if (t.state == Task.STOPPED) {
            t.state = Task.IN_KERNEL;
            toUser(t, t.stopResult);
        } else if (t.state == Task.IN_KERNEL && t.isNew) {
            t.isNew = false;
            toUser(t, t.stopResult);
        }
    }

    /** A call of a task that is filtered or traced. */
    private void enter(Task t) {
        long r = SyscallEntry.enter(t);
        if (r == SyscallEntry.PROCEED) {
            call(t);
            return;
        }
        if (r == Task.GONE) return;
        t.mem.begin();
        t.endCall();
        if (Strace.enabled) r = Strace.exit(t, r);
        toUser(t, r);
    }

    private void call(Task t) {
        t.mem.begin();
        if (--callsToLook < 0) {
            callsToLook = HeapBudget.CALLS;
            HeapBudget.look();
        }
        long r = HeapBudget.isScarce() ? HeapBudget.refusal(t, t.nr) : 0;
        if (r == 0) r = SyscallTable.dispatch(t, t.nr);
        if (r == Task.BLOCKED) {
            if (t.ctx.isDead()) {
                Exit.hostDeath(t);
                return;
            }
            t.state = Task.WAITING;
            if (t.isKilled) {
                Exit.exitTask(t, t.group.exitStatus);
                return;
            }
            t.ctx.parked();
            // A handler may have been woken between its registration and here (it woke itself, or a slow section).
            return;
        }
        t.endCall();
        if (Strace.enabled) r = Strace.exit(t, r);
        toUser(t, r);
    }

    /** Back to the application with a call's result, unless signals, stops or an exit come between. */
    private void toUser(Task t, long result) {
        if (result == Task.GONE) return;
        if (t.attention || (result >= -ERESTART_RESTARTBLOCK && result <= -ERESTARTSYS)) {
            result = t.signals.beforeResume(result);
            if (result == Task.GONE) return;
        }
        if (result == Task.REGISTERS_SET) {
            t.mem.flush();
            t.ctx.resume();
        } else {
            t.mem.attachDeferred();
            t.ctx.resumeSyscall(result);
        }
        kernel.addRunning(t);
    }
}

package dev.kernelet.platform.ptrace;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.platform.Registers;
import dev.kernelet.platform.Trap;
import dev.kernelet.platform.process.Host;

/**
 * The one thread that makes ptrace requests: the kernel takes them from no other. It waits for stops and for
 * requests, both
 * announced by SIGCHLD, reports the stops as traps, and has injected calls done by {@link Hand}.
 */
final class Tracer extends Thread {
    // Requests (no answer) and commands (answer).
    static final int RESUME = 1, INTERRUPT = 2, EXIT = 3;
    static final int HOST_CALL = 10, MAP_FD = 11, CAS = 12, GET_XSTATE = 13, SET_XSTATE = 14, FORK = 15,
            NEW_THREAD = 16,
            PEEK = 17, POKE = 18;

    private static final int EIO = 5, EFAULT = 14, SIGBUS = 7, SIGKILL = 9, SIGSEGV = 11;
    private static final int GETTID = 186, EXIT_CALL = 60, CLONE = 56, MMAP = 9, CLOSE = 3, RECVMSG = 47;
    /** CLONE_PARENT | SIGCHLD; CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM. */
    private static final long FORK_FLAGS = 0x8011, THREAD_FLAGS = 0x50f00;
    /** A nap when another thread of this process may have taken our SIGCHLD. */
    private static final long NAP_NANOS = 2_000_000;
    private static final int SPIN = 400;

    private final PtracePlatform platform;
    final Threads threads = new Threads();
    private final Pinning pinning;
    private final Faults faults;
    private volatile int tid;
    private volatile boolean sleeps;
    private PtraceAddressSpace template;
    /** Result of a FORK or NEW_THREAD. */
    PtraceContext born;

    final long regs = Memory.allocate(Ptrace.REGS_SIZE);
    final long scratch = Memory.allocate(256);
    private final long status = Memory.allocate(8);
    private final long signals = Memory.allocate(16);
    private final long timeout = Memory.allocate(16);
    /**
     * Our end of the socket that every traced process has as descriptor 0, and theirs: to take back what was
     * not taken.
     */
    private long control = -1, peer = -1;
    private boolean stealsSignals;

    Tracer(PtracePlatform platform) {
        super("tracer");
        this.platform = platform;
        pinning = new Pinning(platform.sandboxPid, platform.manyProcessors
                && !"off".equals(System.getProperty("kernelet.pin")));
        faults = new Faults(this, platform);
        setDaemon(true);
    }

    boolean isCurrent() { return Thread.currentThread() == this; }

    @Override
    public void run() {
        tid = (int) HostCall.call(GETTID);
        Memory.putLong(signals, 1L << Ptrace.SIGCHLD - 1);
        stealsSignals = !Ptrace.blockSignal(signals, signals + 8);
        try {
            var start = new Start(platform, this);
            String reason = start.run();
            if (reason != null) {
                platform.fail(reason);
            } else {
                template = start.space;
                control = start.control;
                peer = start.peer;
                platform.ready();
                while (!platform.isClosed()) turn();
            }
        } catch (Throwable e) {
            platform.fail("internal error in the tracer: " + e);
        }
        endAll();
    }

    private void turn() {
        boolean did = platform.takeRequests();
        did |= takeStops();
        if (did) {
            spins = SPIN;
            return;
        }
        if (platform.wantsSpare()) {
            makeSpare();
            return;
        }
        if (spin()) return;
        sleep();
    }

    // ---- waiting

    private int spins, spinFails, spinSkip;

    /** A stop was reported a moment ago: its answer is worth waiting for, unless that was in vain lately. */
    private boolean spin() {
        if (!reported || !platform.manyProcessors) return false;
        reported = false;
        if (spinSkip > 0) {
            spinSkip--;
            return false;
        }
        for (int i = 0; i < spins; i++) {
            if (platform.hasRequest()) {
                spinFails = 0;
                return true;
            }
            Thread.onSpinWait();
        }
        spinFails = Math.min(spinFails + 1, 6);
        spinSkip = spinFails < 2 ? 0 : 1 << spinFails;
        return false;
    }

    private boolean reported;

    private void sleep() {
        long nap = pinning.review();
        if (stealsSignals) nap = nap < 0 ? NAP_NANOS : Math.min(nap, NAP_NANOS);
        sleeps = true;
        if (!platform.hasRequest() && !platform.isClosed()) {
            if (nap < 0) Ptrace.awaitSignal(signals, 0);
            else nap(nap);
        }
        sleeps = false;
    }

    private void nap(long nanos) {
        Memory.putLong(timeout, 0);
        Memory.putLong(timeout + 8, nanos);
        Ptrace.awaitSignal(signals, timeout);
    }

    void wakeUp() {
        if (sleeps) kick();
    }

    void kick() {
        if (tid != 0) Host.tgkill(platform.sandboxPid, tid, Ptrace.SIGCHLD);
    }

    // ---- stops

    private boolean takeStops() {
        boolean any = false;
        for (;;) {
            long id = Ptrace.waitFor(-1, status, Ptrace.WNOHANG);
            if (id <= 0) return any;
            any = true;
            var c = threads.get((int) id);
            int what = Memory.getInt(status);
            if (c != null) stopped(c, what);
            else if (!hasEnded(what)) Host.tgkill(id, id, SIGKILL); // nobody of ours
        }
    }

    static boolean hasEnded(int what) { return (what & 0x7f) != 0x7f; }

    private void stopped(PtraceContext c, int what) {
        if (hasEnded(what)) {
            ended(c);
            return;
        }
        c.atStop = true;
        pinning.stopped(c);
        int signal = what >> 8 & 0xff, event = what >> 16;
        if (c.leaving) {
            injectExit(c);
        } else if (event == 0 && signal == Ptrace.SYSCALL_STOP) {
            called(c);
        } else if (event == 0 && faults.read(c, signal)) {
            report(c, Trap.FAULT);
        } else if (event == Ptrace.EVENT_STOP && c.interruptWanted) {
            if (readRegisters(c)) report(c, Trap.INTERRUPTED);
        } else {
            letGo(c); // a signal from outside, or an interrupt nobody waits for any more
        }
    }

    private void called(PtraceContext c) {
        if (!readRegisters(c)) return;
        long[] r = c.regs;
        c.nr = (int) r[Registers.ORIG_RAX];
        // as the program had it: the kernel puts -ENOSYS there at first
        r[Registers.RAX] = r[Registers.ORIG_RAX];
        // syscall leaves rip in rcx; where it does not, and for int $0x80, the kernel is asked.
        if (r[Registers.RCX] != r[Registers.RIP] && Ptrace.callArchitecture(c.tid,
                scratch) != Ptrace.AUDIT_ARCH_X86_64) c.nr = -1;
        if (c.answered()) {
            letGo(c);
            return;
        }
        c.a0 = r[Registers.RDI];
        c.a1 = r[Registers.RSI];
        c.a2 = r[Registers.RDX];
        c.a3 = r[Registers.R10];
        c.a4 = r[Registers.R8];
        c.a5 = r[Registers.R9];
        report(c, Trap.SYSCALL);
    }

    private void report(PtraceContext c, int trap) {
        c.published = trap;
        reported = !platform.wakeSleeper();
    }

    boolean readRegisters(PtraceContext c) {
        if (Ptrace.getRegs(c.tid, regs) < 0) return false; // killed: its end is reported, too
        for (int i = 0; i < Ptrace.REGS; i++) c.regs[i] = Memory.getLong(regs + 8L * i);
        c.changed = false;
        return true;
    }

    /** A thread has ended; the first one's end is the process's. */
    private void ended(PtraceContext c) {
        threads.remove(c.tid);
        pinning.ended(c);
        c.gone = true;
        c.atStop = false;
        boolean isUnexpected = c == c.space.first && !c.space.dead;
        if (c == c.space.first) c.space.ended();
        if (c == c.space.first || !c.leaving) {
            c.published = Trap.DEAD;
            platform.ring();
        }
        var listener = platform.deaths;
        if (isUnexpected && listener != null) listener.died(c.space);
    }

    // ---- requests

    void request(PtraceContext c, int request) {
        if (c.gone) return;
        switch (request) {
            case RESUME -> letGo(c);
            case INTERRUPT -> {
                if (!c.atStop) Ptrace.interrupt(c.tid);
            }
            case EXIT -> {
                if (c.atStop) injectExit(c);
                else Ptrace.interrupt(c.tid);
            }
            default -> throw new IllegalStateException();
        }
    }

    /** Application code runs: never but by PTRACE_SYSEMU. */
    private void letGo(PtraceContext c) {
        if (!c.atStop) return;
        long r = c.changed ? writeRegisters(c) : Ptrace.pokeUser(c.tid, Registers.RAX, c.regs[Registers.RAX]);
        c.changed = false;
        c.atStop = false;
        pinning.resumed(c);
        if (r == 0) r = Ptrace.sysemu(c.tid);
        if (r < 0 && r != -Host.ESRCH) c.space.kill(); // ESRCH: killed meanwhile
    }

    /** All registers, but segments and privileges that are not the application's to choose. */
    private long writeRegisters(PtraceContext c) {
        long[] r = c.regs;
        r[Registers.ORIG_RAX] = -1;
        r[Registers.CS] = 0x33;
        r[Registers.SS] = 0x2b;
        for (int i = 0; i < Ptrace.REGS; i++) Memory.putLong(regs + 8L * i, r[i]);
        return Ptrace.setRegs(c.tid, regs);
    }

    // ---- commands

    long command(PtraceContext c, int op, long[] a) {
        if (c.gone || !c.atStop) return -Host.ESRCH;
        return switch (op) {
            case HOST_CALL -> inject(c, a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
            case MAP_FD -> mapFd(c, a);
            case CAS -> {
                prepare(c, Hand.CAS, Hand.FRAME_TOP);
                setRegister(Registers.RDI, a[0]);
                setRegister(Registers.RAX, a[1] & 0xffffffffL);
                setRegister(Registers.RDX, a[2]);
                long r = run(c, Hand.CAS_DONE);
                yield r < 0 ? r : r & 0xffffffffL;
            }
            case GET_XSTATE -> Ptrace.getXstate(c.tid, scratch, platform.xstate, platform.xstateSize);
            case SET_XSTATE -> Ptrace.setXstate(c.tid, scratch, platform.xstate, platform.xstateSize);
            case FORK -> birth(c, FORK_FLAGS);
            case NEW_THREAD -> birth(c, THREAD_FLAGS);
            case PEEK -> words(c, a[0], a[1], a[2], false);
            case POKE -> words(c, a[0], a[1], a[2], true);
            default -> throw new IllegalStateException();
        };
    }

    /** A system call of our choice in the stopped thread: its result. */
    long inject(PtraceContext c, long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
        prepare(c, Hand.SYSCALL, Hand.FRAME_TOP);
        setRegister(Registers.RAX, nr);
        setRegister(Registers.RDI, a0);
        setRegister(Registers.RSI, a1);
        setRegister(Registers.RDX, a2);
        setRegister(Registers.R10, a3);
        setRegister(Registers.R8, a4);
        setRegister(Registers.R9, a5);
        return run(c, Hand.SYSCALL_DONE);
    }

    /**
     * Registers for a piece of the hand; the thread's own stay in {@code c.regs} and are written when it goes
     * on.
     */
    void prepare(PtraceContext c, long entry, long stack) {
        for (int i = 0; i < Ptrace.REGS; i++) Memory.putLong(regs + 8L * i, c.regs[i]);
        setRegister(Registers.ORIG_RAX, -1);
        setRegister(Registers.RIP, entry);
        setRegister(Registers.RSP, stack);
        setRegister(Registers.EFLAGS, 0x202);
        setRegister(Registers.CS, 0x33);
        setRegister(Registers.SS, 0x2b);
    }

    void setRegister(int register, long value) { Memory.putLong(regs + 8L * register, value); }

    private long run(PtraceContext c, long done) {
        long r = Ptrace.setRegs(c.tid, regs);
        if (r < 0) return -Host.ESRCH;
        return runHand(c, done, 0);
    }

    /**
     * Lets the thread go in the hand and waits until it stands at the int3 before {@code done}: rax then, or
     * -EFAULT,
     * -ESRCH. Nobody can change what it executes there, and every signal stops it first.
     */
    long runHand(PtraceContext c, long done, int signal) {
        c.changed = true;
        for (;;) {
            if (Ptrace.cont(c.tid, signal) < 0) return -Host.ESRCH;
            signal = 0;
            long id;
            do id = Ptrace.waitFor(c.tid, status, 0); while (id == -Host.EINTR);
            if (id != c.tid) return -Host.ESRCH;
            int what = Memory.getInt(status), stop = what >> 8 & 0xff;
            if (hasEnded(what)) {
                ended(c);
                return -Host.ESRCH;
            }
            if (what >> 16 != 0) {
                if (what >> 16 != Ptrace.EVENT_STOP) newborn(c);
                continue;
            }
            if (Ptrace.peekUser(c.tid, Registers.RIP, scratch) < 0) return -Host.ESRCH;
            long rip = Memory.getLong(scratch);
            if (stop == Ptrace.SIGTRAP && rip == done) {
                return Ptrace.peekUser(c.tid, Registers.RAX, scratch) < 0 ? -Host.ESRCH
                        : Memory.getLong(scratch);
            }
            if (stop == SIGSEGV || stop == SIGBUS) return -EFAULT;
        }
    }

    // ---- descriptors

    /**
     * The descriptor travels by the socket all have as 0; nothing but the tracer's order makes anybody read
     * there.
     */
    private long mapFd(PtraceContext c, long[] a) {
        if (Host.sendFds(control, scratch + 64, (int) a[4], -1) < 0) return -EIO;
        long fd = receive(c);
        if (fd < 0) {
            Start.drain(peer, scratch);
            return fd;
        }
        long r = inject(c, MMAP, a[0], a[1], a[2], a[3], fd, a[5]);
        long closed = inject(c, CLOSE, fd, 0, 0, 0, 0, 0);
        if (closed < 0) c.space.kill(); // it would keep what its application may not have
        return r;
    }

    private long receive(PtraceContext c) {
        long message = Hand.AREA, iov = Hand.AREA + 64, control = Hand.AREA + 128, buffer = scratch;
        Memory.zero(buffer, 160);
        Memory.putLong(buffer + 16, iov);
        Memory.putLong(buffer + 24, 1);
        Memory.putLong(buffer + 32, control);
        Memory.putLong(buffer + 40, 24);
        Memory.putLong(buffer + 64, Hand.AREA + 96);
        Memory.putLong(buffer + 72, 1);
        long n = store(c, message, buffer, 160);
        if (n < 0) return n;
        n = inject(c, RECVMSG, 0, message, 0x40000040 /* MSG_CMSG_CLOEXEC, MSG_DONTWAIT */, 0, 0, 0);
        if (n < 0) return n;
        if (fetch(c, control, buffer, 24) < 0) return -EIO;
        int fd = Memory.getInt(buffer + 16);
        // What other threads of the process write there is their own business; 0 is the socket.
        return Memory.getLong(buffer) == 20 && fd > 0 ? fd : -EIO;
    }

    // ---- the hand's memory

    /** Writes where {@link Hand#AREA} is: 0 or a negative errno. */
    long store(PtraceContext c, long address, long from, long length) {
        return c.space.area(address, from, length, true) == length || words(c, address, from, length,
                true) == length ? 0 : -EIO;
    }

    long fetch(PtraceContext c, long address, long to, long length) {
        return c.space.area(address, to, length, false) == length || words(c, address, to, length,
                false) == length ? 0 : -EIO;
    }

    /** A copy by PTRACE_PEEKDATA and PTRACE_POKEDATA: bytes until the first fault, or a negative errno. */
    private long words(PtraceContext c, long address, long local, long length, boolean write) {
        long done = 0, word = scratch + 248;
        while (done < length) {
            long at = address + done & -8L;
            int skip = (int) (address + done - at);
            long n = Math.min(8 - skip, length - done);
            long r = Ptrace.peek(c.tid, at, word);
            if (r < 0) return done > 0 ? done : r == -EIO ? -EFAULT : r;
            if (write) {
                Memory.copy(local + done, word + skip, n);
                if (Ptrace.poke(c.tid, at, Memory.getLong(word)) < 0) return done > 0 ? done : -EFAULT;
            } else {
                Memory.copy(word + skip, local + done, n);
            }
            done += n;
        }
        return done;
    }

    // ---- births

    private int newbornTid;

    /**
     * The parent stands at its clone's event: its child, ours from its first moment, is about to stop, too.
     */
    private void newborn(PtraceContext parent) {
        if (Ptrace.eventMessage(parent.tid, scratch) < 0) return;
        int child = Memory.getInt(scratch);
        long id;
        do id = Ptrace.waitFor(child, status, 0); while (id == -Host.EINTR);
        if (id == child && !hasEnded(Memory.getInt(status))) newbornTid = child;
    }

    /** clone(2) in the stopped thread; 0 and {@link #born}, or a negative errno. */
    private long birth(PtraceContext parent, long flags) {
        newbornTid = 0;
        long r = inject(parent, CLONE, flags, 0, 0, 0, 0, 0);
        if (newbornTid == 0) return r < 0 ? r : -Host.ESRCH;
        if (r < 0) {
            Host.kill(newbornTid, SIGKILL); // its parent was killed meanwhile
            return r;
        }
        PtraceContext child;
        if (flags == FORK_FLAGS) {
            child = new PtraceAddressSpace(platform, newbornTid, parent.space.vdso).first;
        } else {
            child = new PtraceContext(parent.space, newbornTid);
            parent.space.add(child);
        }
        child.copyRegisters(parent);
        threads.put(child);
        pinning.born(child, parent);
        born = child;
        return 0;
    }

    private int refusals;

    private void makeSpare() {
        if (birth(template.first, FORK_FLAGS) < 0) {
            if (template.dead) {
                platform.fail("the first process is gone");
            } else if (++refusals < 10) {
                nap(5_000_000); // those killed just now may still count on the host
            } else {
                refusals = 0;
                platform.refused();
            }
            return;
        }
        refusals = 0;
        var spare = born.space;
        born = null;
        platform.offer(spare);
    }

    /** exit(2) of this thread alone. */
    private void injectExit(PtraceContext c) {
        prepare(c, Hand.SYSCALL, Hand.FRAME_TOP);
        setRegister(Registers.RAX, EXIT_CALL);
        setRegister(Registers.RDI, 0);
        c.changed = true;
        c.atStop = false;
        if (Ptrace.setRegs(c.tid, regs) == 0) Ptrace.cont(c.tid, 0);
    }

    // ---- the end

    private void endAll() {
        for (PtraceContext c; (c = threads.any()) != null;) {
            c.space.kill();
            threads.remove(c.tid);
        }
        for (long r = 0; r != -Host.ECHILD;) r = Ptrace.waitFor(-1, status, 0);
        if (control >= 0) Host.close(control);
        if (peer >= 0) Host.close(peer);
        platform.fail("the tracer has ended");
        platform.ring();
    }
}

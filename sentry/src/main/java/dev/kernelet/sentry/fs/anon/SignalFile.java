package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.SigInfo;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.wait.WaitQueue;

/** signalfd(2): reads the signals pending for whoever reads. Kernel lock. */
public final class SignalFile extends AnonFile {
    private static final int ENTRY = 128;
    private final Kernel kernel;
    public long mask;

    public SignalFile(Kernel kernel, long mask, int flags) {
        super(2 | flags & 0x800);
        this.kernel = kernel;
        this.mask = mask;
    }

    @Override
    public long read(Task t, long address, long length) {
        if (length < ENTRY) return -EINVAL;
        long n = 0;
        while (n + ENTRY <= length) {
            SigInfo i = t.signals.takePending(mask);
            if (i == null) break;
            write(i, address + n);
            n += ENTRY;
        }
        return n == 0 ? -EAGAIN : n;
    }

    /** struct signalfd_siginfo: the fields that the signal's origin fills, the others zero. */
    private static void write(SigInfo i, long p) {
        i.write(p);
        long u0 = i.u0, u1 = i.u1, u2 = i.u2, u3 = i.u3;
        Memory.zero(p, ENTRY);
        Memory.putInt(p, i.signo);
        Memory.putInt(p + 4, i.errno);
        Memory.putInt(p + 8, i.code);
        if (i.code == -2) {
            Memory.putInt(p + 24, (int) u0);
            Memory.putInt(p + 32, (int) (u0 >>> 32));
            Memory.putInt(p + 44, (int) u1);
            Memory.putLong(p + 48, u1);
            return;
        }
        Memory.putInt(p + 12, (int) u0);
        Memory.putInt(p + 16, (int) (u0 >>> 32));
        if (i.signo == 17 && i.code > 0) {
            Memory.putInt(p + 40, (int) u1);
            Memory.putLong(p + 56, u2);
            Memory.putLong(p + 64, u3);
        } else if (i.code < 0) {
            Memory.putInt(p + 44, (int) u1);
            Memory.putLong(p + 48, u1);
        } else if (i.code > 0 && i.code < 0x80) {
            Memory.putLong(p + 72, u0);
        }
    }

    @Override
    public long write(Task t, long address, long length) { return -EINVAL; }

    @Override
    public boolean isPacketLike() { return true; }

    @Override
    public int poll(Task t) {
        return ((t.signals.pendingSet() | t.signals.groupPendingSet()) & mask) != 0 ? POLLIN | POLLRDNORM : 0;
    }

    @Override
    public WaitQueue waitQueue() { return kernel.signalQueue; }

    @Override
    public String fdinfo(Task t) {
        String h = Long.toHexString(mask);
        return "sigmask:\t" + "0000000000000000".substring(h.length()) + h + "\n";
    }

    @Override
    public String describe() { return "anon_inode:[signalfd]"; }
}

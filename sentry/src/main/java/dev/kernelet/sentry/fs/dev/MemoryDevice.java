package dev.kernelet.sentry.fs.dev;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;

/** An open null, zero, full, random or urandom: which one, its minor number says. */
final class MemoryDevice extends OpenFile {
    static final int MAJOR = 1, NULL = 3, ZERO = 5, FULL = 7, RANDOM = 8, URANDOM = 9;
    private static final int SYS_GETRANDOM = 318;
    private static final int RNDGETENTCNT = 0x80045200;
    private static final int POOL_BITS = 256;

    private final int minor;
    private final int hostZero;

    MemoryDevice(Inode node, int flags, int minor, int hostZero) {
        super(node, flags);
        this.minor = minor;
        this.hostZero = hostZero;
    }

    private boolean isRandom() { return minor == RANDOM || minor == URANDOM; }

    @Override
    public long read(Task t, long address, long length) { return pread(t, address, length, 0); }

    @Override
    public long write(Task t, long address, long length) { return pwrite(t, address, length, 0); }

    @Override
    public long pread(Task t, long address, long length, long position) {
        if (minor == NULL) return 0;
        if (!isRandom()) {
            Memory.zero(address, length);
            return length;
        }
        long done = 0;
        while (done < length) {
            long n = HostCall.call(SYS_GETRANDOM, address + done, length - done, 0);
            if (n < 0 && n != -EINTR) return done > 0 ? done : n;
            if (n > 0) done += n;
        }
        return done;
    }

    /** What is written to random goes nowhere: the host's pool needs no help. */
    @Override
    public long pwrite(Task t, long address, long length, long position) { return minor == FULL ? -ENOSPC : length; }

    @Override
    public int rwFlags(boolean writes) { return minor == FULL ? RWF_ANYWHERE : RWF_ANYWHERE | RWF_NOWAIT; }

    @Override
    public boolean readsZeros() { return minor == ZERO || minor == FULL; }

    @Override
    public boolean isSink() { return minor == NULL || minor == ZERO; }

    @Override
    public long lseek(Task t, long off, int whence) { return offset = 0; }

    @Override
    public long ioctl(Task t, int request, long argument) {
        return isRandom() && request == RNDGETENTCNT ? t.mem.outInt(argument, POOL_BITS) : -ENOTTY;
    }

    /** zero(4): a mapping of it is anonymous memory, which the host's own device provides. */
    @Override
    public long mapDescriptor(Task t, boolean shared, boolean writable) {
        return minor == ZERO && hostZero >= 0 ? hostZero : -ENODEV;
    }
}

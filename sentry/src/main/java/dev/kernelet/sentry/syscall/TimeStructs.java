package dev.kernelet.sentry.syscall;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/** struct timespec and timeval of the application, as nanoseconds. */
final class TimeStructs {
    /** Longer times count as this one (292 years would overflow). */
    static final long FOREVER = Long.MAX_VALUE / 4;

    private TimeStructs() {}

    /** Nanoseconds of a valid timespec, or -EFAULT, -EINVAL. */
    static long timespec(Task t, long address) {
        long p = t.mem.in(address, 16);
        return p < 0 ? p : nanos(Memory.getLong(p), Memory.getLong(p + 8));
    }

    static long nanos(long seconds, long nanos) {
        if (seconds < 0 || nanos < 0 || nanos > 999_999_999) return -EINVAL;
        return seconds > FOREVER / 1_000_000_000 ? FOREVER : seconds * 1_000_000_000 + nanos;
    }

    /** select(2) takes any number of microseconds and carries them over. */
    static long timeval(Task t, long address) {
        long p = t.mem.in(address, 16);
        if (p < 0) return p;
        long seconds = Memory.getLong(p), micros = Memory.getLong(p + 8);
        if (seconds < 0 || micros < 0) return -EINVAL;
        seconds += micros / 1_000_000;
        return seconds > FOREVER / 1_000_000_000 ? FOREVER : seconds * 1_000_000_000 + micros % 1_000_000 * 1000;
    }

    /** The monotonic time {@code nanos} from now. */
    static long deadline(Task t, long nanos) { return t.kernel.now() + Math.min(nanos, FOREVER); }

    /** A timespec for the application: 0 or -EFAULT. */
    static long outTimespec(Task t, long address, long nanos) {
        long p = t.mem.scratch(16);
        Memory.putLong(p, Math.floorDiv(nanos, 1_000_000_000L));
        Memory.putLong(p + 8, Math.floorMod(nanos, 1_000_000_000L));
        return t.mem.out(address, p, 16);
    }
}

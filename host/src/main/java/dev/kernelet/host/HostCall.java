package dev.kernelet.host;

/**
 * Host system calls: one shape, all longs, result or negative errno. The only class with native methods.
 *
 * <p>The bridge library is loaded once by {@link #load}. Memory arguments are native addresses
 * ({@link dev.kernelet.abi.Memory}); the call reads and writes them without any check.
 */
public final class HostCall {
    private HostCall() {}

    /** Loads the bridge library. Must run before any other method. */
    public static void load(String libraryPath) {
        System.load(libraryPath);
    }

    /** syscall(2) without errno: the raw kernel result, {@code -errno} on failure. May block. */
    public static native long call(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

    public static long call(long nr) { return call(nr, 0, 0, 0, 0, 0, 0); }
    public static long call(long nr, long a0) { return call(nr, a0, 0, 0, 0, 0, 0); }
    public static long call(long nr, long a0, long a1) { return call(nr, a0, a1, 0, 0, 0, 0); }
    public static long call(long nr, long a0, long a1, long a2) { return call(nr, a0, a1, a2, 0, 0, 0); }
    public static long call(long nr, long a0, long a1, long a2, long a3) { return call(nr, a0, a1, a2, a3, 0, 0); }
    public static long call(long nr, long a0, long a1, long a2, long a3, long a4) {
        return call(nr, a0, a1, a2, a3, a4, 0);
    }

    /** clock_gettime(2) through the vDSO, in nanoseconds. */
    public static native long clockNanos(int clockId);
}

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

    /** CPUID: register 0...3 (eax, ebx, ecx, edx) of the given leaf. */
    public static native long cpuid(int leaf, int subleaf, int register);

    /**
     * Starts the static ELF image in descriptor {@code imageFd} in a new process and session whose only descriptor is
     * {@code controlFd}, as 0: empty environment, default signals. The pid or negative errno. In C because no Java may
     * run between fork and exec. One caller at a time.
     */
    public static native long spawnStub(long imageFd, long controlFd, long group);

    /**
     * Starts a program of the host with the given descriptors as 0, 1 and 2, default signals, and nothing else inherited:
     * addresses of a C string and of two arrays of C strings. The pid or negative errno. One caller at a time.
     */
    public static native long spawn(long path, long argv, long envp, long in, long out, long error);

    /**
     * Installs the SIGSYS handler for host calls that a {@link CallFilter} answers with {@link CallFilter#TRAP}: a message on
     * standard error, then exit status 128; or, with {@code report} not 0, -EPERM. 0 or a negative errno.
     */
    public static native long onRefusedCall(int report);

    /**
     * Confines the calling thread: no_new_privs, the Landlock domain of {@code ruleset} (-1: none), no capability but those in
     * the bits of {@code keep}. From then on signal 64 does the same to the thread that gets it. 0 or a negative errno.
     */
    public static native long confine(long ruleset, long keep);

    /**
     * How many threads {@link #confine} and signal 64 have confined; with a {@code tid} but 0, whether (1, 0)
     * they have confined that one. A negative errno when one could not be.
     */
    public static native long confined(long tid);
}

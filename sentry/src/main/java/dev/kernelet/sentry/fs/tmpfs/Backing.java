package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.host.Outside;

/**
 * A host directory that keeps the large files of a tmpfs in place of memory: as files without a name
 * (O_TMPFILE). Kernel lock.
 */
public final class Backing {
    private final int directory;
    /** struct open_how and the path ".". */
    private final long how = Memory.allocate(OPEN_HOW_SIZE + 2);

    private Backing(int directory) {
        this.directory = directory;
        Memory.putLong(how, O_TMPFILE | O_RDWR | O_CLOEXEC);
        Memory.putLong(how + 8, 0600);
        Memory.putLong(how + 16, RESOLVE_BENEATH);
        Memory.putShort(how + OPEN_HOW_SIZE, (short) '.');
    }

    /**
     * Opens the directory and tries it, that the first large write does not fail; null with {@code error[0]}.
     */
    public static Backing open(String path, int[] error) {
        int fd = HostRoots.open(path);
        var backing = new Backing(fd);
        long r = fd < 0 ? fd : backing.file();
        if (r >= 0) {
            HostCall.call(CLOSE, r);
            return backing;
        }
        error[0] = (int) r;
        return null;
    }

    /** A descriptor of a new, empty file, or -errno. */
    long file() { return Outside.file(OPENAT2, directory, how + OPEN_HOW_SIZE, how, OPEN_HOW_SIZE, 0); }
}

package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import java.util.ArrayList;

/** Files of the host, by byte-string paths. Results are negative errnos, as host calls give them. */
final class Host {
    static final int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100,
            O_TRUNC = 0x200,
            O_APPEND = 0x400, O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000, O_CLOEXEC = 0x80000,
                    O_PATH = 0x200000;
    private static final int AT_FDCWD = -100, FILE_MAX = 16 << 20;

    private Host() {}

    /** A NUL-terminated copy in native memory, to be freed. */
    static long string(String s) {
        long p = Memory.allocate(s.length() + 1);
        Memory.putBytes(p, s);
        Memory.putByte(p + s.length(), (byte) 0);
        return p;
    }

    private static long withPath(int nr, String path, long a, long b) {
        long p = string(path);
        long r = HostCall.call(nr, p, a, b);
        Memory.free(p);
        return r;
    }

    static int open(String path, int flags, int mode) {
        long p = string(path);
        long r = HostCall.call(OPENAT, AT_FDCWD, p, flags | O_CLOEXEC, mode);
        Memory.free(p);
        return (int) r;
    }

    static void close(int fd) {
        if (fd >= 0) HostCall.call(CLOSE, fd);
    }

    /** The whole file, or null with {@code error[0]}. */
    static String read(String path, int[] error) {
        int fd = open(path, O_RDONLY, 0);
        if (fd < 0) {
            error[0] = fd;
            return null;
        }
        String text = readAll(fd, error);
        close(fd);
        return text;
    }

    /** The content of a file that may not be there: "" then. */
    static String read(String path) {
        String s = read(path, new int[1]);
        return s == null ? "" : s;
    }

    static String readAll(int fd, int[] error) {
        int capacity = 32 << 10, length = 0;
        long buffer = Memory.allocate(capacity);
        for (;;) {
            long n = HostCall.call(READ, fd, buffer + length, capacity - length);
            if (n == -EINTR) continue;
            if (n < 0 || capacity > FILE_MAX) {
                error[0] = n < 0 ? (int) n : -EFBIG;
                Memory.free(buffer);
                return null;
            }
            if (n == 0) break;
            length += (int) n;
            if (length < capacity) continue;
            long larger = Memory.allocate(capacity * 2);
            Memory.copy(buffer, larger, length);
            Memory.free(buffer);
            buffer = larger;
            capacity *= 2;
        }
        String text = Memory.getBytes(buffer, length);
        Memory.free(buffer);
        return text;
    }

    static long writeAll(int fd, String text) {
        long p = string(text);
        long r = 0;
        for (int done = 0; done < text.length() && r >= 0;) {
            r = HostCall.call(WRITE, fd, p + done, text.length() - done);
            if (r == -EINTR) r = 0;
            if (r > 0) done += (int) r;
        }
        Memory.free(p);
        return Math.min(r, 0);
    }

    /** Writes to a file that is there (a control file of the kernel's). */
    static long write(String path, String text) {
        int fd = open(path, O_WRONLY, 0);
        if (fd < 0) return fd;
        long r = writeAll(fd, text);
        close(fd);
        return r;
    }

    /** Replaces a file at once: readers see the old or the new one, whatever happens in between. */
    static long replace(String path, String text, int mode) {
        String temporary = path + ".new";
        int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
        if (fd < 0) return fd;
        long r = writeAll(fd, text);
        close(fd);
        return r < 0 ? r : rename(temporary, path);
    }

    static long rename(String path, String other) {
        long from = string(path), to = string(other);
        long r = HostCall.call(RENAME, from, to);
        Memory.free(from);
        Memory.free(to);
        return r;
    }

    static long mkdir(String path, int mode) { return withPath(MKDIR, path, mode, 0); }

    /** With all directories above it; 0 also when it is there. */
    static long mkdirs(String path, int mode) {
        long r = mkdir(path, mode);
        if (r == -ENOENT) {
            int slash = path.lastIndexOf('/');
            if (slash <= 0) return r;
            r = mkdirs(path.substring(0, slash), mode);
            if (r == 0) r = mkdir(path, mode);
        }
        return r == -EEXIST ? 0 : r;
    }

    static long unlink(String path) { return withPath(UNLINK, path, 0, 0); }

    static long rmdir(String path) { return withPath(RMDIR, path, 0, 0); }

    static boolean exists(String path) { return withPath(ACCESS, path, 0, 0) == 0; }

    /** Names in a directory; empty when there is none. */
    static ArrayList<String> list(String path) {
        var names = new ArrayList<String>();
        int fd = open(path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0) return names;
        int size = 32 << 10;
        long p = Memory.allocate(size);
        for (long n; (n = HostCall.call(GETDENTS64, fd, p, size)) > 0;) {
            for (long at = 0; at < n; at += Memory.getUnsignedShort(p + at + 16)) {
                long name = p + at + 19;
                int length = 0;
                while (Memory.getByte(name + length) != 0) length++;
                String s = Memory.getBytes(name, length);
                if (!s.equals(".") && !s.equals("..")) names.add(s);
            }
        }
        Memory.free(p);
        close(fd);
        return names;
    }

    static String cwd() {
        long p = Memory.allocate(4096);
        long n = HostCall.call(GETCWD, p, 4096);
        String s = n > 1 ? Memory.getBytes(p, (int) n - 1) : "/";
        Memory.free(p);
        return s;
    }

    /** Follows all links; the path itself when that fails. */
    static String realPath(String path) {
        int fd = open(path, O_PATH, 0);
        if (fd < 0) return absolute(path);
        long p = Memory.allocate(4096), name = string("/proc/self/fd/" + fd);
        long n = HostCall.call(READLINK, name, p, 4096);
        String s = n > 0 ? Memory.getBytes(p, (int) n) : absolute(path);
        Memory.free(p);
        Memory.free(name);
        close(fd);
        return s;
    }

    static String absolute(String path) { return path.startsWith("/") ? path : cwd() + "/" + path; }

    static int pid() { return (int) HostCall.call(GETPID); }

    static int euid() { return (int) HostCall.call(GETEUID); }

    /** Clock ticks after boot at which the process was born, and its state letter; null: there is none. */
    record ProcessStat(char state, long start) {}

    static ProcessStat stat(int pid) {
        String s = read("/proc/" + pid + "/stat");
        int end = s.lastIndexOf(')');
        if (end < 0) return null;
        String[] fields = s.substring(end + 2).split(" ");
        return fields.length < 20 ? null : new ProcessStat(fields[0].charAt(0), Long.parseLong(fields[19]));
    }

    /**
     * A file in memory that holds {@code text}, to be read from its beginning. A descriptor or a negative
     * errno.
     */
    static int memory(String name, String text) {
        long p = string(name);
        int fd = (int) HostCall.call(MEMFD_CREATE, p, 1 /* MFD_CLOEXEC */);
        Memory.free(p);
        if (fd < 0 || text.isEmpty()) return fd;
        writeAll(fd, text);
        HostCall.call(LSEEK, fd, 0, 0);
        return fd;
    }

    /** Another descriptor of the same open file. */
    static int duplicate(int fd) { return (int) HostCall.call(FCNTL, fd, 1030 /* F_DUPFD_CLOEXEC */, 3); }

    /** At most {@code most} bytes from the beginning of an open file. */
    static String readFrom(int fd, int most) {
        long p = Memory.allocate(most);
        long n = HostCall.call(PREAD64, fd, p, most, 0);
        String s = n <= 0 ? "" : Memory.getBytes(p, (int) n);
        Memory.free(p);
        return s;
    }

    static void sleep(int millis) {
        long p = Memory.allocate(16);
        Memory.putLong(p, millis / 1000);
        Memory.putLong(p + 8, millis % 1000 * 1_000_000L);
        HostCall.call(CLOCK_NANOSLEEP, 1 /* CLOCK_MONOTONIC */, 0, p, 0); // on the Sentry's list, too
        Memory.free(p);
    }
}

package dev.kernelet.sandbox;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;

/**
 * How much memory the control groups of this process allow. Read once at the start: later no path can be
 * opened.
 */
final class HostMemory {
    /** More than any machine has: version 1 says "no limit" with a number like this. */
    private static final long NO_LIMIT = 1L << 50;
    private static final int O_RDONLY_CLOEXEC = 0x80000, ROOM = 32;

    private HostMemory() {}

    /** The least limit of this process's control group and those above it, or 0: none. */
    static long limit() {
        String groups = HostProc.read("self/cgroup");
        long least = NO_LIMIT;
        // ID:CONTROLLERS:PATH, of version 2 "0::PATH" (cgroups(7)).
        for (int at = 0; at < groups.length(); ) {
            int eol = groups.indexOf('\n', at), first = groups.indexOf(':', at), second = groups.indexOf(':', first + 1);
            if (eol < 0 || first < 0 || second < 0 || second > eol) break;
            String path = groups.substring(second + 1, eol);
            if (second == first + 1) {
                least = Math.min(least, climb("/sys/fs/cgroup", path, "/memory.max"));
            } else if (isMemory(groups, first + 1, second)) {
                least = Math.min(least, climb("/sys/fs/cgroup/memory", path, "/memory.limit_in_bytes"));
            }
            at = eol + 1;
        }
        return least < NO_LIMIT ? least : 0;
    }

    private static boolean isMemory(String groups, int from, int to) {
        for (int at = from; at < to; ) {
            int end = groups.indexOf(',', at);
            if (end < 0 || end > to) end = to;
            if (end - at == 6 && groups.startsWith("memory", at)) return true;
            at = end + 1;
        }
        return false;
    }

    /**
     * A container may see its own group as the root of the mount while the path is the host's: names that are not there
     * are passed over on the way up.
     */
    private static long climb(String mount, String path, String file) {
        long least = NO_LIMIT;
        for (String group = path; ; group = group.substring(0, group.lastIndexOf('/'))) {
            if (group.equals("/")) group = "";
            least = Math.min(least, number(mount.concat(group).concat(file)));
            if (group.lastIndexOf('/') < 0) return least;
        }
    }

    private static long number(String path) {
        long buffer = Memory.allocate(path.length() + 1 + ROOM);
        Memory.putByte(buffer + Memory.putBytes(buffer, path), (byte) 0);
        long fd = HostCall.call(SyscallNumber.OPENAT, -100, buffer, O_RDONLY_CLOEXEC, 0);
        long length = fd < 0 ? fd : HostCall.call(SyscallNumber.READ, fd, buffer, ROOM);
        if (fd >= 0) HostCall.call(SyscallNumber.CLOSE, fd);
        long value = 0;
        int digits = 0;
        for (byte c; digits < length && digits < 18 && (c = Memory.getByte(buffer + digits)) >= '0' && c <= '9'; digits++)
            value = value * 10 + c - '0';
        Memory.free(buffer);
        return digits > 0 && digits < 18 ? value : NO_LIMIT; // "max", or more digits than memory has
    }
}

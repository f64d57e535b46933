package dev.kernelet.sentry.fs.proc;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.mm.Vma;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** Files of /proc/PID that speak of memory. What is resident only the host knows: its smaps of the stub process is read. */
final class MemoryText {
    private static final int STRINGS_MAX = 1 << 20;

    private MemoryText() {}

    /** The argument strings as they are in memory now (a program may overwrite them: setproctitle(3)). */
    static String cmdline(MemoryManager mm) { return remote(mm, mm.argStart, mm.argEnd); }

    static String environ(MemoryManager mm) { return remote(mm, mm.envStart, mm.envEnd); }

    private static String remote(MemoryManager mm, long from, long to) {
        int n = (int) Math.min(Math.max(0, to - from), STRINGS_MAX);
        if (n == 0) return "";
        long buffer = Memory.allocate(n);
        long got = mm.space.readRemote(from, buffer, n);
        String s = got <= 0 ? "" : Memory.getBytes(buffer, (int) got);
        Memory.free(buffer);
        return s;
    }

    static String auxv(MemoryManager mm) {
        var bytes = new char[mm.auxv.length * 8];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (char) (mm.auxv[i >> 3] >>> (i & 7) * 8 & 0xff);
        return new String(bytes);
    }

    /** Resident bytes, by the host's statm of the stub process. */
    static long resident(MemoryManager mm) { return statm(mm, 1) << 12; }

    static long residentFile(MemoryManager mm) { return statm(mm, 2) << 12; }

    private static long statm(MemoryManager mm, int field) {
        int pid = mm.space == null ? 0 : mm.space.hostPid();
        String[] f = pid == 0 ? new String[0] : SystemText.HostText.read("/proc/" + pid + "/statm").trim().split(" ");
        try {
            return f.length > field ? Long.parseLong(f[field]) : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    static String maps(Task t, MemoryManager mm, boolean isSmaps) {
        var s = new StringBuilder(8192);
        String host = isSmaps ? SystemText.HostText.read("/proc/" + mm.space.hostPid() + "/smaps") : null;
        for (int i = 0; i < mm.mappingCount(); i++) {
            Vma v = mm.mapping(i);
            if ((v.flags & Vma.RESERVED) != 0) continue;
            long start = mm.mappingStart(i), end = mm.mappingEnd(i);
            line(s, t, mm, v, start, end);
            if (isSmaps) details(s, host, v, start, end);
        }
        s.append("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n");
        return s.toString();
    }

    private static void line(StringBuilder s, Task t, MemoryManager mm, Vma v, long start, long end) {
        int from = s.length();
        hex(s, start, 8);
        s.append('-');
        hex(s, end, 8);
        s.append(' ').append((v.prot & 1) != 0 ? 'r' : '-').append((v.prot & 2) != 0 ? 'w' : '-')
                .append((v.prot & 4) != 0 ? 'x' : '-').append(v.isShared() ? 's' : 'p').append(' ');
        boolean isBacked = v.file != null || v.shared != null;
        hex(s, isBacked ? start + v.delta : 0, 8);
        s.append(' ');
        long dev = v.file != null && v.file.inode != null ? v.file.inode.fs.device : isBacked ? 1 : 0;
        hex(s, dev >>> 8 & 0xfff, 2);
        s.append(':');
        hex(s, dev & 0xff | dev >>> 12 & 0xfff00, 2);
        s.append(' ').append(v.file != null && v.file.inode != null ? v.file.inode.ino : 0);
        String name = name(t, mm, v, start, end);
        if (name != null) {
            do s.append(' '); while (s.length() - from < 73);
            s.append(name);
        } else {
            s.append(' ');
        }
        s.append('\n');
    }

    private static String name(Task t, MemoryManager mm, Vma v, long start, long end) {
        if (v.file != null) {
            Path p = v.file.path;
            String n = p == null ? null : PathWalk.pathName(p, t.fs.root);
            return n == null ? v.file.describe() : n.replace("\n", "\\012");
        }
        if (v.shared != null) return v.shared.name();
        if (mm.space != null && mm.space.vdsoBase() == start) return "[vdso]";
        if (start < mm.brk && end > mm.startBrk && mm.startBrk != mm.brk) return "[heap]";
        return start <= mm.startStack && mm.startStack < end ? "[stack]" : null;
    }

    private static void hex(StringBuilder s, long value, int width) {
        String h = Long.toHexString(value);
        for (int i = h.length(); i < width; i++) s.append('0');
        s.append(h);
    }

    private static void field(StringBuilder s, String key, long kilobytes) {
        String v = Long.toString(kilobytes);
        s.append(key).append(':');
        for (int i = key.length() + 1 + v.length(); i < 24; i++) s.append(' ');
        s.append(v).append(" kB\n");
    }

    private static final String[] FIELDS = {"Rss", "Pss", "Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean",
        "Private_Dirty", "Referenced", "Anonymous", "KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
        "Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked"};

    private static void details(StringBuilder s, String host, Vma v, long start, long end) {
        field(s, "Size", end - start >> 10);
        field(s, "KernelPageSize", 4);
        field(s, "MMUPageSize", 4);
        for (String f : FIELDS) field(s, f, sum(host, f, start, end));
        s.append("THPeligible:           0\nVmFlags: ").append((v.prot & 1) != 0 ? "rd " : "").append((v.prot & 2) != 0 ? "wr " : "")
                .append((v.prot & 4) != 0 ? "ex " : "").append(v.isShared() ? "sh " : "").append("mr mw me \n");
    }

    /** Sums a field of the host's mappings that begin within a range. */
    private static long sum(String host, String key, long start, long end) {
        long total = 0;
        int at = 0;
        boolean within = false;
        String k = key + ":";
        while (at < host.length()) {
            int next = host.indexOf('\n', at);
            if (next < 0) next = host.length();
            char c = host.charAt(at);
            if (c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
                int dash = host.indexOf('-', at);
                if (dash > 0 && dash < next) {
                    long from = Long.parseUnsignedLong(host.substring(at, dash), 16);
                    within = from >= start && from < end;
                }
            } else if (within && host.startsWith(k, at)) {
                for (int i = at + k.length(); i < next; i++) {
                    char d = host.charAt(i);
                    if (d < '0' || d > '9') continue;
                    long value = 0;
                    for (; i < next && host.charAt(i) >= '0' && host.charAt(i) <= '9'; i++) value = value * 10 + host.charAt(i) - '0';
                    total += value;
                    break;
                }
            }
            at = next + 1;
        }
        return total;
    }

    static String rollup(MemoryManager mm) {
        String host = SystemText.HostText.read("/proc/" + mm.space.hostPid() + "/smaps_rollup");
        var s = new StringBuilder();
        int n = mm.mappingCount();
        hex(s, n == 0 ? 0 : mm.mappingStart(0), 8);
        s.append('-');
        hex(s, n == 0 ? 0 : mm.mappingEnd(n - 1), 8);
        s.append(" ---p 00000000 00:00 0                          [rollup]\n");
        int line = host.indexOf('\n');
        return line < 0 ? s.toString() : s.append(host, line + 1, host.length()).toString();
    }
}

package dev.kernelet.sentry.mm;

import static dev.kernelet.abi.Mman.*;

import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * The texts of /proc/PID/maps, smaps, smaps_rollup and statm (proc(5)). What is mapped is the memory
 * manager's to say; what is resident only the host knows, and its figures are added up per mapping.
 */
public final class MapsText {
    private static final int NAME_COLUMN = 73;
    public static final long VDSO_SIZE = 0x2000;

    private final MemoryManager mm;
    private final Path root;
    private final StringBuilder out = new StringBuilder(4096);

    private MapsText(MemoryManager mm, Path root) {
        this.mm = mm;
        this.root = root;
    }

    // ---- maps
    /** /proc/PID/maps; paths as seen from {@code root}. */
    public static String maps(MemoryManager mm, Path root) {
        var m = new MapsText(mm, root);
        VmaList l = mm.list;
        for (int i = 0; i < l.count; i++) if (m.isShown(i)) m.line(i);
        m.vdso();
        return m.out.toString();
    }

    private boolean isShown(int i) { return (mm.list.vma[i].flags & Vma.RESERVED) == 0; }

    private void line(int i) {
        VmaList l = mm.list;
        Vma v = l.vma[i];
        long device = 0, ino = 0;
        if (v.file != null && v.file.inode != null) {
            device = v.file.inode.fs.device;
            ino = v.file.inode.ino;
        }
        line(l.start[i], l.end[i], v.prot, v.isShared(), v.isAnonymous() ? 0 : l.start[i] + v.delta, device, ino, name(i));
    }

    private void line(long from, long to, int prot, boolean shared, long offset, long device, long ino, String name) {
        int start = out.length();
        hex(from, 8).append('-');
        hex(to, 8).append(' ');
        out.append((prot & PROT_READ) != 0 ? 'r' : '-').append((prot & PROT_WRITE) != 0 ? 'w' : '-')
                .append((prot & PROT_EXEC) != 0 ? 'x' : '-').append(shared ? 's' : 'p').append(' ');
        hex(offset, 8).append(' ');
        hex(device >> 8 & 0xfff, 2).append(':');
        hex(device & 0xff | device >> 12 & 0xfff00, 2).append(' ').append(ino);
        if (name != null) {
            out.append(' ');
            while (out.length() - start < NAME_COLUMN) out.append(' ');
            for (int i = 0; i < name.length(); i++) {
                if (name.charAt(i) == '\n') out.append("\\012"); else out.append(name.charAt(i));
            }
        } else {
            out.append(' ');
        }
        out.append('\n');
    }

    private StringBuilder hex(long value, int width) {
        String s = Long.toHexString(value);
        for (int i = s.length(); i < width; i++) out.append('0');
        return out.append(s);
    }

    /** What is shown behind mapping {@code i}, or null. */
    private String name(int i) {
        Vma v = mm.list.vma[i];
        if (v.file != null) return fileName(v.file);
        if (v.shared != null) return v.shared.name();
        long from = mm.list.start[i], to = mm.list.end[i];
        if (from < mm.brk && to > mm.startBrk) return "[heap]";
        if (from <= mm.startStack && to > mm.startStack) return "[stack]";
        return null;
    }

    private String fileName(OpenFile f) {
        String s = f.path == null ? null : PathWalk.linkName(f.path, root);
        return s != null ? s : f.describe();
    }

    private void vdso() {
        long v = mm.space.vdsoBase();
        if (v != 0) line(v, v + VDSO_SIZE, PROT_READ | PROT_EXEC, false, 0, 0, 0, "[vdso]");
    }

    // ---- smaps
    private static final String[] KEYS = {"Rss", "Pss", "Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean",
            "Private_Dirty", "Referenced", "Anonymous", "KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
            "Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked"};
    private static final int RSS = 0, PSS = 1, PSS_DIRTY = 2, LOCKED = KEYS.length - 1;

    /** /proc/PID/smaps. */
    public static String smaps(MemoryManager mm, Path root) {
        var m = new MapsText(mm, root);
        VmaList l = mm.list;
        long[] sums = m.residents();
        for (int i = 0; i < l.count; i++) {
            if (!m.isShown(i)) continue;
            m.line(i);
            m.field("Size", l.end[i] - l.start[i] >> 10);
            m.field("KernelPageSize", 4);
            m.field("MMUPageSize", 4);
            for (int k = 0; k < KEYS.length; k++) m.field(KEYS[k], sums[i * KEYS.length + k]);
            m.out.append("THPeligible:           0\n");
            m.flags(l.vma[i]);
        }
        return m.out.toString();
    }

    /** /proc/PID/smaps_rollup. */
    public static String rollup(MemoryManager mm) {
        var m = new MapsText(mm, null);
        VmaList l = mm.list;
        if (l.count == 0) return "";
        m.line(l.start[0], l.end[l.count - 1], 0, false, 0, 0, 0, "[rollup]");
        long[] sums = m.residents();
        long pss = 0;
        for (int k = 0; k < KEYS.length; k++) {
            long sum = 0;
            for (int i = 0; i < l.count; i++) sum += sums[i * KEYS.length + k];
            m.field(KEYS[k], sum);
            if (k == PSS) pss = sum;
            if (k == PSS_DIRTY) m.pssByKind(pss);
        }
        return m.out.toString();
    }

    private void pssByKind(long pss) {
        var shares = new long[2];
        share(mm, shares);
        long anonymous = Math.clamp(shares[0] >> 10, 0, pss);
        field("Pss_Anon", anonymous);
        field("Pss_File", pss - anonymous);
        field("Pss_Shmem", 0);
    }

    private void field(String key, long kilobytes) {
        int start = out.length();
        out.append(key).append(':');
        String s = Long.toString(kilobytes);
        while (out.length() - start < 24 - s.length()) out.append(' ');
        out.append(s).append(" kB\n");
    }

    private void flags(Vma v) {
        out.append("VmFlags:");
        if ((v.prot & PROT_READ) != 0) out.append(" rd");
        if ((v.prot & PROT_WRITE) != 0) out.append(" wr");
        if ((v.prot & PROT_EXEC) != 0) out.append(" ex");
        if ((v.flags & Vma.SHARED) != 0) out.append(" sh");
        if ((v.flags & Vma.MAYREAD) != 0) out.append(" mr");
        if ((v.flags & Vma.MAYWRITE) != 0) out.append(" mw");
        if ((v.flags & Vma.MAYEXEC) != 0) out.append(" me");
        if ((v.flags & Vma.SHARED) != 0 && (v.flags & Vma.MAYWRITE) != 0) out.append(" ms");
        if ((v.flags & Vma.GROWSDOWN) != 0) out.append(" gd");
        if ((v.flags & Vma.LOCKED) != 0) out.append(" lo");
        if ((v.flags & Vma.SEQUENTIAL) != 0) out.append(" sr");
        if ((v.flags & Vma.RANDOM) != 0) out.append(" rr");
        if ((v.flags & Vma.DONTFORK) != 0) out.append(" dc");
        if ((v.flags & Vma.NORESERVE) != 0) out.append(" nr");
        if ((v.flags & Vma.WIPEONFORK) != 0) out.append(" wf");
        if ((v.flags & Vma.DONTDUMP) != 0) out.append(" dd");
        if ((v.flags & Vma.HUGEPAGE) != 0) out.append(" hg");
        if ((v.flags & Vma.NOHUGEPAGE) != 0) out.append(" nh");
        if ((v.flags & Vma.SEALED) != 0) out.append(" sl");
        out.append(" \n");
    }

    /** For each mapping the host's figures in kilobytes, in the order of KEYS; zeros when the host does not tell. */
    private long[] residents() {
        VmaList l = mm.list;
        var sums = new long[Math.max(1, l.count) * KEYS.length];
        String text = mm.space.hostProc("smaps");
        if (text != null) addUp(text, sums);
        for (int i = 0; i < l.count; i++) {
            int at = i * KEYS.length;
            sums[at + LOCKED] = (l.vma[i].flags & Vma.LOCKED) != 0 ? sums[at + RSS] : 0;
        }
        return sums;
    }

    private void addUp(String text, long[] sums) {
        int entry = -1;
        for (int at = 0, eol; at < text.length() && (eol = text.indexOf('\n', at)) >= 0; at = eol + 1) {
            char c = text.charAt(at);
            if (c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
                int dash = text.indexOf('-', at);
                entry = dash < 0 || dash - at > 15 ? -1 : mm.list.at(Long.parseLong(text, at, dash, 16));
                continue;
            }
            int colon = entry < 0 ? -1 : text.indexOf(':', at);
            if (colon < 0 || colon > eol) continue;
            int k = key(text, at, colon);
            if (k >= 0) sums[entry * KEYS.length + k] += number(text, colon + 1, eol);
        }
    }

    private static int key(String text, int from, int to) {
        for (int k = 0; k < KEYS.length; k++) {
            if (KEYS[k].length() == to - from && text.startsWith(KEYS[k], from)) return k;
        }
        return -1;
    }

    private static long number(String text, int from, int to) {
        long n = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9') n = n * 10 + c - '0';
        }
        return n;
    }

    // ---- sums
    /** Resident pages: all, and those of files and shared memory; zeros when the host does not tell. */
    public static long[] resident(MemoryManager mm) {
        var r = new long[2];
        String text = mm.space.hostProc("statm");
        if (text == null) return r;
        String[] f = text.trim().split(" ");
        if (f.length > 2) {
            r[0] = number(f[1], 0, f[1].length());
            r[1] = number(f[2], 0, f[2].length());
        }
        return r;
    }

    /**
     * Bytes of resident memory, shared pages in equal parts: anonymous, and of files in memory and shared
     * mappings. False when the host does not tell.
     */
    public static boolean share(MemoryManager mm, long[] bytes) {
        String text = mm.space.hostProc("smaps_rollup"); // with these since Linux 5.9
        if (text == null) return false;
        bytes[0] = share(text, "Pss_Anon:");
        bytes[1] = Math.max(0, share(text, "Pss_Shmem:"));
        return bytes[0] >= 0;
    }

    private static long share(String text, String key) {
        int at = text.indexOf(key);
        if (at < 0) return -1;
        for (at += key.length(); at < text.length() && text.charAt(at) == ' '; at++) continue;
        int end = at;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') end++;
        return end > at ? number(text, at, end) << 10 : -1;
    }

    /** Bytes of page tables on the host; 0 when it does not tell. */
    public static long pageTables(MemoryManager mm) {
        String text = mm.space.hostProc("status");
        int at = text == null ? -1 : text.indexOf("\nVmPTE:");
        return at < 0 ? 0 : number(text, at + 7, text.indexOf('\n', at + 7)) << 10;
    }

    /** /proc/PID/statm. */
    public static String statm(MemoryManager mm) {
        long[] r = resident(mm);
        long text = (mm.endCode + 4095 >> 12) - (mm.startCode >> 12);
        return (mm.total >> 12) + " " + r[0] + " " + r[1] + " " + text + " 0 " + (mm.data + mm.stack >> 12) + " 0\n";
    }
}

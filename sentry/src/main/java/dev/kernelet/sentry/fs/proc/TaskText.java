package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Affinity;
import dev.kernelet.sentry.kernel.CpuClocks;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Limits;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Seccomp;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.kernel.UserNamespace;
import dev.kernelet.sentry.mm.MapsText;
import dev.kernelet.sentry.mm.MemoryManager;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** The texts of a process's files (proc_pid_*(5)). */
final class TaskText {
    private static final long TICK = 10_000_000;

    private TaskText() {}

    static String of(Task t, Task o, TaskDirectory directory, String name) {
        return switch (name) {
            case "cmdline" -> cmdline(o);
            case "environ" -> o.mm == null ? "" : MemoryText.environ(o.mm);
            case "auxv" -> o.mm == null ? "" : MemoryText.auxv(o.mm);
            case "comm" -> o.name + "\n";
            case "stat" -> stat(o, directory);
            case "statm" -> statm(o);
            case "status" -> status(t.cred, o, directory.procfs.pids);
            case "maps" -> o.mm == null ? "" : MapsText.maps(o.mm, t.fs.root);
            case "smaps" -> o.mm == null ? "" : MapsText.smaps(o.mm, t.fs.root);
            case "smaps_rollup" -> o.mm == null ? "" : MapsText.rollup(o.mm);
            case "mounts" -> mounts(o, false);
            case "mountinfo" -> mounts(o, true);
            case "mountstats" -> mountstats(o);
            case "limits" -> limits(o);
            case "io" -> "rchar: " + o.group.readBytes + "\nwchar: " + o.group.writtenBytes + "\nsyscr: "
                    + o.group.readCalls + "\nsyscw: " + o.group.writeCalls + "\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n";
            case "cgroup" -> "0::/\n";
            case "cpuset" -> "/\n";
            case "timens_offsets" -> "monotonic           0         0\nboottime            0         0\n";
            case "oom_score" -> Math.max(0, 666 + o.group.oomScoreAdj * 2 / 3) + "\n";
            case "oom_score_adj" -> o.group.oomScoreAdj + "\n";
            case "oom_adj" -> o.group.oomScoreAdj * 17 / 1000 + "\n";
            case "uid_map" -> map(t, o, false);
            case "gid_map" -> map(t, o, true);
            case "projid_map" -> HostIds.SAME.text(false);
            case "setgroups" -> o.cred.ns != null ? o.cred.ns.setgroupsText() : "allow\n";
            case "loginuid", "sessionid" -> "4294967295";
            case "personality" -> hex8(o.personality);
            case "schedstat" -> CpuClocks.thread(o) + " 0 0\n";
            case "timerslack_ns" -> o.timerSlackNanos + "\n";
            case "coredump_filter" -> "00000033\n";
            case "wchan" -> Waits.channel(o, directory.mayInspect(t));
            case "syscall" -> Waits.call(o);
            case "children" -> children(o, directory.procfs.pids);
            default -> "";
        };
    }

    static long store(Task t, TaskDirectory directory, String name, String value) {
        Task o = directory.task();
        if (o == null) return -ESRCH;
        String v = value.endsWith("\n") ? value.substring(0, value.length() - 1) : value;
        switch (name) {
            case "comm" -> {
                if (o.group != t.group) return -EINVAL;
                o.name = v.length() > 15 ? v.substring(0, 15) : v;
                return value.length();
            }
            case "oom_score_adj", "oom_adj" -> {
                int n;
                try {
                    n = Integer.parseInt(v.trim());
                } catch (NumberFormatException e) {
                    return -EINVAL;
                }
                if (name.equals("oom_adj")) n = n == 15 ? 1000 : n * 1000 / 17;
                if (n < -1000 || n > 1000) return -EINVAL;
                if (n < o.group.oomScoreAdj && !t.cred.capable(Credentials.CAP_SYS_RESOURCE)) return -EACCES;
                o.group.oomScoreAdj = n;
                return value.length();
            }
            case "clear_refs", "coredump_filter", "timerslack_ns", "loginuid" -> { return value.length(); }
            case "uid_map", "gid_map", "projid_map", "setgroups" -> { return -EPERM; }
            default -> { return -EACCES; }
        }
    }

    private static String cmdline(Task o) { return o.mm == null ? "" : MemoryText.cmdline(o.mm); }

    private static char state(Task o) {
        if (o.group.isZombie || o.state == Task.DEAD && o == o.group.leader) return 'Z';
        return switch (o.state) {
            case Task.RUNNING, Task.IN_KERNEL -> 'R';
            case Task.STOPPED -> 'T';
            case Task.DEAD -> 'X';
            default -> 'S';
        };
    }

    private static String stat(Task o, TaskDirectory directory) {
        ThreadGroup g = o.group;
        PidNamespace viewer = directory.procfs.pids;
        boolean isThread = directory.thread != null;
        MemoryManager mm = o.mm;
        long utime = (isThread ? CpuClocks.thread(o) : CpuClocks.process(g)) / TICK;
        var s = new StringBuilder(400);
        s.append(isThread ? o.tidIn(viewer) : g.pidIn(viewer)).append(" (").append(o.name).append(") ");
        s.append(state(o)).append(' ').append(g.parentIn(viewer)).append(' ').append(g.pgidIn(viewer));
        s.append(' ').append(g.sidIn(viewer)).append(' ');
        s.append(ttyNumber(g)).append(' ').append(ttyForeground(g, viewer)).append(" 4194304 0 0 0 0 ");
        s.append(utime).append(" 0 ").append(g.childCpuNanos / TICK).append(" 0 ");
        s.append(20 + o.sched.nice).append(' ').append(o.sched.nice).append(' ').append(Math.max(1, g.tasks.size()));
        s.append(" 0 ").append(g.startNanos / TICK).append(' ');
        s.append(mm == null ? 0 : mm.total).append(' ').append(mm == null ? 0 : MemoryText.resident(mm) >> 12).append(' ');
        s.append(g.limits.rawSoft(Limits.RSS) < 0 ? "18446744073709551615" : g.limits.rawSoft(Limits.RSS) + "");
        // startcode endcode startstack kstkesp kstkeip
        if (mm == null) s.append(" 0 0 0 0 0 ");
        else s.append(' ').append(mm.startCode).append(' ').append(mm.endCode).append(' ').append(mm.startStack).append(" 0 0 ");
        s.append(o.signals.pendingSet() & 0x7fffffff).append(' ').append(o.signals.mask & 0x7fffffff).append(' ');
        s.append(o.group.handlers.ignored() & 0x7fffffff).append(' ').append(o.group.handlers.caught() & 0x7fffffff);
        s.append(" 0 0 0 17 0 0 0 0 0 0 ");
        if (mm == null) s.append("0 0 0 0 0 0 0 ");
        else {
            s.append(mm.startData).append(' ').append(mm.endData).append(' ').append(mm.startBrk).append(' ')
                    .append(mm.argStart).append(' ').append(mm.argEnd).append(' ').append(mm.envStart).append(' ')
                    .append(mm.envEnd).append(' ');
        }
        return s.append(g.exitStatus).append('\n').toString();
    }

    private static int ttyNumber(ThreadGroup g) {
        return g.session() == null || g.session().tty == null ? 0 : g.session().tty.deviceNumber();
    }

    private static int ttyForeground(ThreadGroup g, PidNamespace viewer) {
        return g.session() == null || g.session().tty == null ? -1 : g.session().tty.foregroundIn(viewer);
    }

    private static String statm(Task o) { return o.mm == null ? "0 0 0 0 0 0 0\n" : MapsText.statm(o.mm); }

    private static void line(StringBuilder s, String key, long kilobytes) {
        String v = Long.toString(kilobytes);
        s.append(key).append(":\t");
        for (int i = v.length(); i < 8; i++) s.append(' ');
        s.append(v).append(" kB\n");
    }

    private static void hex(StringBuilder s, String key, long value) {
        String v = Long.toHexString(value);
        s.append(key).append(":\t");
        for (int i = v.length(); i < 16; i++) s.append('0');
        s.append(v).append('\n');
    }

    private static String status(Credentials reader, Task o, PidNamespace viewer) {
        ThreadGroup g = o.group;
        Credentials c = o.cred;
        char st = state(o);
        var s = new StringBuilder(1500);
        s.append("Name:\t").append(o.name).append("\nUmask:\t0").append(o.fs == null ? "022" : octal3(o.fs.umask));
        s.append("\nState:\t").append(st).append(st == 'R' ? " (running)" : st == 'S' ? " (sleeping)" : st == 'T' ? " (stopped)"
                : st == 'Z' ? " (zombie)" : " (dead)");
        s.append("\nTgid:\t").append(g.pidIn(viewer));
        s.append("\nNgid:\t0\nPid:\t").append(o.tidIn(viewer)).append("\nPPid:\t");
        s.append(g.parentIn(viewer)).append("\nTracerPid:\t0\nUid:\t");
        s.append(reader.userOut(c.uid)).append('\t').append(reader.userOut(c.euid)).append('\t');
        s.append(reader.userOut(c.suid)).append('\t').append(reader.userOut(c.fsuid)).append("\nGid:\t");
        s.append(reader.groupOut(c.gid)).append('\t').append(reader.groupOut(c.egid)).append('\t');
        s.append(reader.groupOut(c.sgid)).append('\t').append(reader.groupOut(c.fsgid));
        s.append("\nFDSize:\t").append(o.fds == null ? 0 : Math.max(64, Integer.highestOneBit(Math.max(1, o.fds.end() - 1)) * 2));
        s.append("\nGroups:\t");
        for (int x : c.groups) s.append(reader.groupOut(x)).append(' ');
        if (c.groups.length == 0) s.append(' ');
        numbers(s, o, viewer);
        s.append("\nKthread:\t0\n");
        MemoryManager mm = o.mm;
        if (mm != null) {
            long size = mm.total >> 10, rss = MemoryText.resident(mm) >> 10, file = MemoryText.residentFile(mm) >> 10;
            line(s, "VmPeak", Math.max(size, mm.totalPeak >> 10));
            line(s, "VmSize", size);
            line(s, "VmLck", mm.locked >> 10);
            line(s, "VmPin", 0);
            mm.residentPeak = Math.max(mm.residentPeak, rss << 10);
            line(s, "VmHWM", mm.residentPeak >> 10);
            line(s, "VmRSS", rss);
            line(s, "RssAnon", Math.max(0, rss - file));
            line(s, "RssFile", file);
            line(s, "RssShmem", 0);
            line(s, "VmData", mm.data >> 10);
            line(s, "VmStk", mm.stack >> 10);
            line(s, "VmExe", mm.endCode - mm.startCode + 1023 >> 10);
            line(s, "VmLib", Math.max(0, mm.executable - (mm.endCode - mm.startCode)) >> 10);
            line(s, "VmPTE", 64);
            line(s, "VmSwap", 0);
            s.append("HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n");
            s.append("untag_mask:\t0xffffffffffffffff\n");
        }
        s.append("Threads:\t").append(Math.max(1, g.tasks.size())).append("\nSigQ:\t").append(0).append('/')
                .append(Math.min(g.limits.soft(Limits.SIGPENDING), 1 << 30)).append('\n');
        hex(s, "SigPnd", o.signals.pendingSet());
        hex(s, "ShdPnd", o.signals.groupPendingSet());
        hex(s, "SigBlk", o.signals.mask);
        hex(s, "SigIgn", o.group.handlers.ignored());
        hex(s, "SigCgt", o.group.handlers.caught());
        hex(s, "CapInh", c.inheritable);
        hex(s, "CapPrm", c.permitted);
        hex(s, "CapEff", c.effective);
        hex(s, "CapBnd", c.bounding);
        hex(s, "CapAmb", c.ambient);
        s.append("NoNewPrivs:\t").append(c.noNewPrivs ? 1 : 0).append("\nSeccomp:\t").append(o.seccompMode)
                .append("\nSeccomp_filters:\t").append(Seccomp.filters(o)).append('\n');
        s.append("Speculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\talways enabled\n");
        long[] allowed = Affinity.of(o);
        words(s.append("Cpus_allowed:\t"), allowed, o.kernel.options.processors);
        s.append("\nCpus_allowed_list:\t").append(list(allowed)).append("\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
        return s.append("voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n").toString();
    }

    /** In the viewer's namespace and in each below that the task is in. */
    private static void numbers(StringBuilder s, Task o, PidNamespace viewer) {
        ThreadGroup g = o.group;
        PidNamespace[] all = PidNamespace.path(viewer, g.pids);
        s.append("\nNStgid:");
        for (PidNamespace n : all) s.append('\t').append(g.pidIn(n));
        s.append("\nNSpid:");
        for (PidNamespace n : all) s.append('\t').append(o.tidIn(n));
        s.append("\nNSpgid:");
        for (PidNamespace n : all) s.append('\t').append(g.pgidIn(n));
        s.append("\nNSsid:");
        for (PidNamespace n : all) s.append('\t').append(g.sidIn(n));
    }

    private static String map(Task t, Task o, boolean isOfGroups) {
        UserNamespace n = o.cred.ns;
        return n == null ? t.kernel.options.ids.text(isOfGroups) : n.text(isOfGroups, t.cred.ns);
    }

    private static String hex8(int v) {
        String h = Integer.toHexString(v);
        return "00000000".substring(h.length()) + h + "\n";
    }

    /** A mask in groups of 32 bits, the highest first. */
    private static void words(StringBuilder s, long[] mask, int processors) {
        int last = Math.max(0, processors - 1) >> 5;
        for (int i = 2 * mask.length - 1; i >= 0; i--) {
            int v = (int) (mask[i >> 1] >>> 32 * (i & 1));
            if (i > last && v == 0) continue;
            last = i;
            String h = Integer.toHexString(v);
            if (s.charAt(s.length() - 1) != '\t') s.append(',').append("00000000", h.length(), 8);
            s.append(h);
        }
    }

    private static boolean has(long[] mask, int bit) {
        return bit < 64 * mask.length && (mask[bit >> 6] >>> bit & 1) != 0;
    }

    /** A mask as ranges: "0-1,4". */
    private static String list(long[] mask) {
        var s = new StringBuilder();
        for (int i = 0; i < 64 * mask.length; i++) {
            if (!has(mask, i)) continue;
            int end = i;
            while (has(mask, end + 1)) end++;
            if (s.length() > 0) s.append(',');
            s.append(i);
            if (end > i) s.append('-').append(end);
            i = end;
        }
        return s.toString();
    }

    private static String octal3(int v) {
        String o = Integer.toOctalString(v);
        return "000".substring(Math.min(3, o.length())) + o;
    }

    private static String limits(Task o) {
        String[] names = {"cpu time", "file size", "data size", "stack size", "core file size", "resident set", "processes",
            "open files", "locked memory", "address space", "file locks", "pending signals", "msgqueue size", "nice priority",
            "realtime priority", "realtime timeout"};
        String[] units = {"seconds", "bytes", "bytes", "bytes", "bytes", "bytes", "processes", "files", "bytes", "bytes",
            "locks", "signals", "bytes", "", "", "us"};
        var s = new StringBuilder("Limit                     Soft Limit           Hard Limit           Units     \n");
        for (int i = 0; i < Limits.COUNT; i++) {
            pad(s, "Max " + names[i], 26);
            pad(s, limit(o.group.limits.rawSoft(i)), 21);
            pad(s, limit(o.group.limits.rawHard(i)), 21);
            if (!units[i].isEmpty()) pad(s, units[i], 10);
            s.append('\n');
        }
        return s.toString();
    }

    private static String limit(long v) { return v < 0 ? "unlimited" : Long.toString(v); }

    private static void pad(StringBuilder s, String text, int width) {
        s.append(text);
        for (int i = text.length(); i < width; i++) s.append(' ');
    }

    private static String children(Task o, PidNamespace viewer) {
        var s = new StringBuilder();
        for (ThreadGroup c : o.group.children) s.append(c.pidIn(viewer)).append(' ');
        return s.toString();
    }

    // ---- mounts
    private static String mounts(Task o, boolean isInfo) {
        if (o.fs == null || o.fs.mounts == null) return "";
        var s = new StringBuilder();
        for (Mount m : o.fs.mounts.mounts) {
            // A mount that cannot be reached from the root of the process is not shown.
            String point = PathWalk.pathName(new Path(m, m.root), o.fs.root);
            if (point == null) continue;
            String flags = options(m);
            if (isInfo) {
                long dev = m.fs.device;
                String within = within(m);
                s.append(m.id).append(' ').append(m.parent == null ? 1 : m.parent.id).append(' ').append(dev >>> 8 & 0xfff)
                        .append(':').append(dev & 0xff | dev >>> 12 & 0xfff00).append(' ')
                        .append(escape(within)).append(' ').append(escape(point)).append(' ')
                        .append(flags).append(" - ").append(m.fs.type()).append(' ')
                        .append(escape(m.source)).append(' ').append(m.isReadOnly() ? "ro" : "rw").append(m.fs.showOptions()).append('\n');
            } else {
                s.append(escape(m.source)).append(' ').append(escape(point)).append(' ').append(m.fs.type()).append(' ').append(flags)
                        .append(m.fs.showOptions()).append(" 0 0\n");
            }
        }
        return s.toString();
    }

    /** Which part of its file system a mount shows. */
    private static String within(Mount m) {
        if (m.root == m.fs.root) return "/";
        if (m.root.parent == null) return m.root.name;
        var s = new StringBuilder();
        // Directories may lie in one another a million deep: the end of the name is enough then.
        for (Dentry d = m.root; d.parent != null && s.length() < 4096; d = d.parent) {
            s.insert(0, d.name).insert(0, '/');
        }
        return m.root.isDead ? s + "//deleted" : s.toString();
    }

    private static String options(Mount m) {
        return (m.isReadOnly() ? "ro" : "rw") + ((m.flags & 2) != 0 ? ",nosuid" : "") + ((m.flags & 4) != 0 ? ",nodev" : "")
                + ((m.flags & 8) != 0 ? ",noexec" : "") + ((m.flags & 1024) != 0 ? ",noatime" : ",relatime");
    }

    private static String mountstats(Task o) {
        if (o.fs == null || o.fs.mounts == null) return "";
        var s = new StringBuilder();
        for (Mount m : o.fs.mounts.mounts) {
            String point = PathWalk.pathName(new Path(m, m.root), o.fs.root);
            if (point != null) {
                s.append("device ").append(escape(m.source)).append(" mounted on ").append(escape(point)).append(" with fstype ")
                        .append(m.fs.type()).append('\n');
            }
        }
        return s.toString();
    }

    /** Blanks and backslashes in octal, as getmntent(3) reads them. */
    static String escape(String p) {
        StringBuilder s = null;
        for (int i = 0; i < p.length(); i++) {
            char c = p.charAt(i);
            if (c != ' ' && c != '\t' && c != '\n' && c != '\\' && c != '#') {
                if (s != null) s.append(c);
                continue;
            }
            if (s == null) s = new StringBuilder(p.substring(0, i));
            s.append('\\').append(c >>> 6).append(c >>> 3 & 7).append(c & 7);
        }
        return s == null ? p : s.toString();
    }
}

package dev.kernelet.sentry.fs.proc;

import dev.kernelet.abi.Memory;
import dev.kernelet.abi.SyscallNumber;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostProc;
import dev.kernelet.sentry.ipc.IpcNamespace;
import dev.kernelet.sentry.kernel.CpuClocks;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.mm.MapsText;
import dev.kernelet.sentry.vfs.FileLocks;

/** The texts of system-wide files. Figures are the sandbox's own; hardware facts are read from the host once. */
final class SystemText {
    private static String hostCpuinfo;

    private SystemText() {}

    static String of(ProcFs fs, Task t, String name) {
        Kernel k = fs.kernel;
        return switch (name) {
            case "cmdline" -> "quiet\n";
            case "cpuinfo" -> cpuinfo(k);
            case "filesystems" -> "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\nnodev\tpipefs\n"
                    + "nodev\tsockfs\nnodev\tmqueue\nnodev\toverlay\n";
            case "loadavg" -> loadavg(k, t);
            case "meminfo" -> meminfo(k, t.group.controlGroup);
            case "stat" -> stat(k);
            case "uptime" -> uptime(k);
            case "version" -> "Linux version " + k.options.release + " (kernelet) #1 SMP PREEMPT_DYNAMIC\n";
            case "swaps" -> "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
            case "partitions" -> "major minor  #blocks  name\n\n";
            case "devices" -> "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n"
                    + "136 pts\n\nBlock devices:\n";
            case "cgroups" -> "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t1\t1\ncpu\t0\t1\t1\n"
                    + "cpuacct\t0\t1\t1\nblkio\t0\t1\t1\nmemory\t0\t1\t1\npids\t0\t1\t1\n";
            case "misc", "modules", "diskstats", "key-users", "consoles", "pagetypeinfo", "zoneinfo" -> "";
            case "locks" -> FileLocks.of(k).text(fs.pids);
            case "interrupts" -> interrupts(k);
            case "softirqs" -> interrupts(k);
            case "vmstat" -> "nr_free_pages " + (freeBytes(k, t.group.controlGroup) >> 12)
                    + "\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n"
                    + "pgfault 0\npgmajfault 0\n";
            case "tty/drivers" -> "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
                    + "/dev/ptmx            /dev/ptmx       5       2 system\npty_slave            /dev/pts      136 0-1048575 "
                    + "pty:slave\n";
            case "sysvipc/msg" -> "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      "
                    + "stime      rtime      ctime\n" + IpcNamespace.of(t).messages.show(fs.pids);
            case "sysvipc/sem" -> "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
                    + IpcNamespace.of(t).semaphores.show(fs.pids);
            case "sysvipc/shm" -> "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid  "
                    + "    atime      dtime      ctime                   rss                  swap\n"
                    + IpcNamespace.of(t).segments.show(fs.pids);
            default -> "";
        };
    }

    // ---- memory
    /** Bytes of memory the sandbox has: its limit, else the host's. Without /proc by sysinfo(2). */
    static long totalBytes(Kernel k, ControlGroup c) {
        long host = hostMeminfo("MemTotal:") << 10;
        if (host == 0) host = hostSysinfo(32);
        if (k.options.memoryLimit > 0) host = Math.min(k.options.memoryLimit, host);
        return c != null && c.memoryLimit > 0 ? Math.min(c.memoryLimit, host) : host;
    }

    static long freeBytes(Kernel k, ControlGroup c) {
        long free = hostMeminfo("MemAvailable:") << 10, total = totalBytes(k, c);
        if (free == 0) free = hostSysinfo(40);
        boolean isLimited = k.options.memoryLimit > 0 || c != null && c.memoryLimit > 0;
        return Math.min(free, isLimited ? Math.max(0, total - residentBytes(k, c)) : total);
    }

    /** What all processes, or those of {@code c}, have resident and do not share with a file. */
    static long residentBytes(Kernel k, ControlGroup c) {
        long pages = 0;
        ThreadGroup g;
        for (int pid = 1; (g = k.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            Task t = g.isZombie || c != null && g.controlGroup != c ? null : g.anyTask();
            if (t == null || t.mm == null || t.mm.space == null) continue;
            long[] r = MapsText.resident(t.mm);
            pages += r[0] - r[1];
        }
        return pages << 12;
    }

    private static long hostSysinfo(int offset) {
        long p = Memory.allocate(128);
        long r = HostCall.call(SyscallNumber.SYSINFO, p);
        long bytes = r < 0 ? 1L << 30 : Memory.getLong(p + offset) * Math.max(1, Memory.getInt(p + 104));
        Memory.free(p);
        return bytes;
    }

    private static long hostMeminfo(String key) {
        String text = HostProc.read("meminfo");
        int at = text.indexOf(key);
        if (at < 0) return 0;
        long value = 0;
        for (int i = at + key.length(); i < text.length() && text.charAt(i) != '\n'; i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9') value = value * 10 + c - '0';
        }
        return value;
    }

    private static String meminfo(Kernel k, ControlGroup c) {
        long total = totalBytes(k, c) >> 10, free = freeBytes(k, c) >> 10;
        var s = new StringBuilder(1200);
        String[] names = {"MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapCached", "Active", "Inactive",
            "Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)", "Unevictable", "Mlocked", "SwapTotal",
            "SwapFree", "Dirty", "Writeback", "AnonPages", "Mapped", "Shmem", "KReclaimable", "Slab", "SReclaimable",
            "SUnreclaim", "KernelStack", "PageTables", "CommitLimit", "Committed_AS", "VmallocTotal", "VmallocUsed",
            "VmallocChunk"};
        for (String n : names) {
            long v = switch (n) {
                case "MemTotal", "CommitLimit" -> total;
                case "MemFree", "MemAvailable" -> free;
                case "AnonPages", "Active", "Active(anon)", "Committed_AS" -> total - free;
                case "VmallocTotal" -> 34359738367L;
                default -> 0;
            };
            String value = Long.toString(v);
            s.append(n).append(':');
            for (int i = n.length() + 1 + value.length(); i < 24; i++) s.append(' ');
            s.append(value).append(" kB\n");
        }
        s.append("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n"
                + "HugePages_Surp:        0\nHugepagesize:       2048 kB\n");
        return s.toString();
    }

    // ---- processors
    /** The host's entries for as many processors as the sandbox has. */
    private static String cpuinfo(Kernel k) {
        if (hostCpuinfo == null) hostCpuinfo = HostProc.read("cpuinfo");
        String one = hostCpuinfo;
        int end = one.indexOf("\n\n");
        if (end > 0) one = one.substring(0, end + 2);
        var s = new StringBuilder();
        for (int i = 0; i < k.options.processors; i++) {
            int line = one.indexOf('\n');
            s.append("processor\t: ").append(i).append(one, Math.max(line, 0), one.length());
        }
        return s.toString();
    }

    private static String stat(Kernel k) {
        long ticks = 0;
        int processes = 0, runnable = 0;
        ThreadGroup g;
        for (int pid = 1; (g = k.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            processes++;
            ticks += CpuClocks.process(g) / 10_000_000;
            for (Task t : g.tasks) if (t.state == Task.RUNNING || t.state == Task.IN_KERNEL) runnable++;
        }
        long idle = Math.max(0, upNanos(k) / 10_000_000 * k.options.processors - ticks);
        var s = new StringBuilder();
        s.append("cpu  ").append(ticks).append(" 0 0 ").append(idle).append(" 0 0 0 0 0 0\n");
        for (int i = 0; i < k.options.processors; i++) {
            s.append("cpu").append(i).append(' ').append(ticks / k.options.processors).append(" 0 0 ")
                    .append(idle / k.options.processors).append(" 0 0 0 0 0 0\n");
        }
        s.append("intr 0\nctxt 0\nbtime ").append((k.realtime() - upNanos(k)) / 1_000_000_000).append("\nprocesses ")
                .append(processes).append("\nprocs_running ").append(Math.max(1, runnable)).append("\nprocs_blocked 0\n")
                .append("softirq 0 0 0 0 0 0 0 0 0 0 0\n");
        return s.toString();
    }

    private static String interrupts(Kernel k) {
        var s = new StringBuilder("           ");
        for (int i = 0; i < k.options.processors; i++) s.append("CPU").append(i).append("       ");
        return s.append('\n').toString();
    }

    /** CLOCK_BOOTTIME: the application's clocks are the host's, so its uptime is too. */
    static long upNanos(Kernel k) { return HostCall.clockNanos(7); }

    private static String uptime(Kernel k) {
        long centis = upNanos(k) / 10_000_000;
        return centis(centis) + " " + centis(centis * k.options.processors) + "\n";
    }

    private static String centis(long n) {
        long f = n % 100;
        return n / 100 + (f < 10 ? ".0" : ".") + f;
    }

    private static String loadavg(Kernel k, Task t) {
        int running = 0;
        ThreadGroup g;
        for (int pid = 1; (g = k.pids.groupFrom(pid)) != null; pid = g.pid + 1) {
            for (Task o : g.tasks) if (o.state == Task.RUNNING || o.state == Task.IN_KERNEL) running++;
        }
        int last = PidNamespace.last(t);
        return "0.00 0.00 0.00 " + Math.max(1, running) + "/" + k.pids.count() + " " + last + "\n";
    }
}

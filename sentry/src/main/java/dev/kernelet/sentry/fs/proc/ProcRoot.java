package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoLink;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;

/** /proc: the system's files, then a directory per process. */
final class ProcRoot extends PseudoDirectory {
    /** Offsets of process entries begin here: process id + this. */
    private static final int PID_BASE = 256;
    private final ProcFs procfs;

    ProcRoot(ProcFs fs) {
        super(fs, 0555);
        procfs = fs;
        ino = 1;
    }

    @Override
    protected String[] names() {
        return new String[] {"cgroups", "cmdline", "consoles", "cpuinfo", "devices", "diskstats", "filesystems",
            "interrupts", "key-users", "loadavg", "locks", "meminfo", "misc", "modules", "mounts", "net", "pagetypeinfo",
            "partitions", "self", "softirqs", "stat", "swaps", "sys", "sysvipc", "thread-self", "tty", "uptime", "version",
            "vmstat", "zoneinfo"};
    }

    @Override
    protected Inode make(int index, String name) {
        return switch (name) {
            case "self", "thread-self", "mounts", "net" -> new Self(procfs, name);
            case "sys" -> new SysctlDirectory(procfs, "");
            case "sysvipc" -> new SystemDirectory(procfs, "sysvipc", "msg", "sem", "shm");
            case "tty" -> new SystemDirectory(procfs, "tty", "drivers");
            default -> new SystemFile(procfs, name);
        };
    }

    /** Processes come and go: names are asked for each time. */
    @Override
    public boolean cacheable() { return false; }

    @Override
    public Inode lookup(Task t, String name) {
        char c = name.isEmpty() ? 0 : name.charAt(0);
        if (c < '0' || c > '9') return super.lookup(t, name);
        int id = number(name);
        Task found = id < 0 ? null : procfs.task(id);
        ThreadGroup g = found == null ? procfs.process(id) : found.group;
        if (g == null) return super.lookup(t, name);
        // Any thread's id works, though only processes are listed (proc(5)).
        return TaskDirectory.of(procfs, g, found != null && found != g.leader ? found : null);
    }

    /** The number a name stands for, or -1: no sign, no leading zero. */
    static int number(String name) {
        int n = name.length();
        if (n == 0 || n > 9 || n > 1 && name.charAt(0) == '0') return -1;
        int value = 0;
        for (int i = 0; i < n; i++) {
            char c = name.charAt(i);
            if (c < '0' || c > '9') return -1;
            value = value * 10 + c - '0';
        }
        return value;
    }

    @Override
    protected void list(Task t, long from, OpenFile.DirectorySink sink) {
        var full = new boolean[1];
        if (from + 2 < PID_BASE) {
            super.list(t, from, (name, ino, type, next) -> {
                boolean taken = sink.entry(name, ino, type, next);
                full[0] = !taken;
                return taken;
            });
            if (full[0]) return;
        }
        int pid = (int) Math.max(1, from + 2 - PID_BASE);
        for (ThreadGroup g; (g = procfs.processFrom(pid)) != null; pid++) {
            Inode dir = TaskDirectory.of(procfs, g, null);
            pid = g.pidIn(procfs.pids);
            if (!sink.entry(Integer.toString(pid), dir.ino, 4, PID_BASE + pid + 1)) return;
        }
    }

    /** self, thread-self, and the links that lead through self. */
    private static final class Self extends PseudoLink {
        private final ProcFs procfs;
        private final String name;

        Self(ProcFs fs, String name) {
            super(fs);
            procfs = fs;
            this.name = name;
        }

        @Override
        public String readlink(Task t) {
            int pid = t.group.pidIn(procfs.pids);
            if (pid == 0 && name.endsWith("self")) {
                t.error = -ENOENT;
                return null;
            }
            return switch (name) {
                case "self" -> Integer.toString(pid);
                case "thread-self" -> pid + "/task/" + t.tidIn(procfs.pids);
                default -> "self/" + name;
            };
        }
    }
}

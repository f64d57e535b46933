package dev.kernelet.sentry.fs.cgroup;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.CpuClocks;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;

/**
 * cgroup2 as a container with a cgroup namespace of its own sees it (cgroups(7)): its own group as the root,
 * with the limits that are in force inside and what is used of them. There are no other groups, and limits
 * are changed from outside alone.
 */
public final class CgroupFs extends Filesystem {
    private static final String[] NAMES = {"cgroup.controllers", "cgroup.events", "cgroup.freeze",
            "cgroup.max.depth",
            "cgroup.max.descendants", "cgroup.procs", "cgroup.stat", "cgroup.subtree_control",
                    "cgroup.threads",
            "cgroup.type", "cpu.idle", "cpu.max", "cpu.max.burst", "cpu.stat", "cpu.weight",
                    "cpu.weight.nice",
            "cpuset.cpus", "cpuset.cpus.effective", "cpuset.mems", "cpuset.mems.effective", "io.max",
                    "io.stat",
            "memory.current", "memory.events", "memory.high", "memory.low", "memory.max", "memory.min",
            "memory.oom.group", "memory.stat", "memory.swap.current", "memory.swap.max", "pids.current",
            "pids.events", "pids.max"};

    private final Kernel kernel;
    /** Null: of the sandbox's first container. */
    private final ControlGroup group;

    public CgroupFs(Kernel kernel, ControlGroup group) {
        this.kernel = kernel;
        this.group = group;
        root = new Dentry(this, "", null, new Group());
    }

    @Override
    public String type() { return "cgroup2"; }

    @Override
    public long magic() { return 0x63677270; }

    private final class Group extends PseudoDirectory {
        Group() { super(CgroupFs.this, 0755); }

        @Override
        protected String[] names() { return NAMES; }

        @Override
        protected Inode make(int index, String name) { return new File(name); }

        @Override
        public Inode mkdir(Task t, String name, int mode) {
            t.error = -EPERM; // no groups below: nothing could be limited
            return null;
        }
    }

    private final class File extends PseudoFile {
        private final String name;

        File(String name) {
            super(CgroupFs.this, 0644);
            this.name = name;
        }

        @Override
        protected String text(Task t) { return content(t, name); }

        @Override
        protected long store(Task t, String value) {
            // A process moves to where it is already.
            boolean isMove = name.equals("cgroup.procs") || name.equals("cgroup.threads");
            return isMove ? value.length() : -EPERM;
        }
    }

    private String content(Task t, String name) {
        KernelOptions o = kernel.options;
        ControlGroup c = group;
        long memory = c == null ? o.memoryLimit : c.memoryLimit, quota = c == null ? o.cpuQuota : c.cpuQuota;
        int tasks = c != null ? c.taskLimit : o.isTaskLimited ? o.taskLimit : 0;
        return switch (name) {
            case "cgroup.controllers" -> "cpuset cpu io memory pids\n";
            case "cgroup.events" -> "populated 1\nfrozen 0\n";
            case "cgroup.freeze", "cpu.idle", "cpu.max.burst", "cpu.weight.nice", "memory.low", "memory.min",
                    "memory.oom.group", "memory.swap.current" -> "0\n";
            case "cgroup.max.depth", "cgroup.max.descendants", "memory.high" -> "max\n";
            case "cgroup.procs", "cgroup.threads" -> members(t.group.pids, name.equals("cgroup.threads"));
            case "cgroup.stat" -> "nr_descendants 0\nnr_dying_descendants 0\n";
            case "cgroup.type" -> "domain\n";
            case "cpu.max" -> (quota > 0 ? quota : "max") + " "
                    + (c == null ? o.cpuPeriod : c.cpuPeriod) + "\n";
            case "cpu.stat" -> cpuStat();
            case "cpu.weight" -> (c == null ? o.cpuWeight : c.cpuWeight) + "\n";
            case "cpuset.cpus.effective" -> o.processors == 1 ? "0\n" : "0-" + (o.processors - 1) + "\n";
            case "cpuset.mems.effective" -> "0\n";
            case "memory.current" -> ProcFs.residentBytes(kernel, c) + "\n";
            case "memory.events" -> "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n";
            case "memory.max" -> (memory > 0 ? memory : "max") + "\n";
            case "memory.stat" -> "anon " + ProcFs.residentBytes(kernel, c) + "\nfile 0\nkernel 0\nshmem 0\n"
                    + "file_mapped 0\ninactive_anon 0\nactive_anon 0\ninactive_file 0\nactive_file 0\nslab "
                            + "0\n";
            case "memory.swap.max" -> "max\n";
            case "pids.current" -> (c == null ? kernel.pids.count() : c.tasks()) + "\n";
            case "pids.events" -> "max 0\n";
            case "pids.max" -> (tasks > 0 ? tasks : "max") + "\n";
            default -> "\n"; // cgroup.subtree_control, cpuset.*, io.*: nothing
        };
    }

    private String members(PidNamespace viewer, boolean threads) {
        var s = new StringBuilder();
        for (ThreadGroup g = kernel.pids.groupFrom(1); g != null; g = kernel.pids.groupFrom(g.pid + 1)) {
            if (g.isZombie || g.controlGroup != group || g.pidIn(viewer) == 0) continue;
            if (!threads) s.append(g.pidIn(viewer)).append('\n');
            else for (Task t : g.tasks) s.append(t.tidIn(viewer)).append('\n');
        }
        return s.toString();
    }

    private String cpuStat() {
        long nanos = group == null ? 0 : group.cpuNanos(kernel);
        for (ThreadGroup g = kernel.pids.groupFrom(1); g != null; g = kernel.pids.groupFrom(g.pid + 1)) {
            if (group == null) nanos += g.childCpuNanos + (g.isZombie ? 0 : CpuClocks.process(g));
        }
        return "usage_usec " + nanos / 1000 + "\nuser_usec " + CpuClocks.userNanos(nanos) / 1000
                + "\nsystem_usec "
                + CpuClocks.systemNanos(nanos) / 1000 + "\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n";
    }
}

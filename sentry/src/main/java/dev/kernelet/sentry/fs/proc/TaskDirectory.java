package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.kernel.ProcEntry;
import dev.kernelet.sentry.kernel.ProcessAccess;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;

/** /proc/PID and /proc/PID/task/TID. A process keeps its directory, so that inode numbers are stable. */
final class TaskDirectory extends PseudoDirectory implements ProcEntry {
    final ProcFs procfs;
    final ThreadGroup group;
    /** The thread, or null for the process's directory (then its leader is shown). */
    final Task thread;
    /** The same of another PID namespace. */
    private TaskDirectory next;

    private TaskDirectory(ProcFs fs, ThreadGroup group, Task thread) {
        super(fs, 0555);
        procfs = fs;
        this.group = group;
        this.thread = thread;
    }

    static TaskDirectory of(ProcFs fs, ThreadGroup g, Task thread) {
        var first = (TaskDirectory) (thread == null ? g.procDirectory : thread.procDirectory);
        for (TaskDirectory d = first; d != null; d = d.next) if (d.procfs == fs) return d;
        var d = new TaskDirectory(fs, g, thread);
        d.next = first;
        if (thread == null) g.procDirectory = d;
        else thread.procDirectory = d;
        return d;
    }

    Task task() { return thread != null ? thread : group.leader; }

    boolean isGone() {
        return thread == null ? group.isReaped : thread.state == Task.DEAD;
    }

    @Override
    public void ended() {
        for (TaskDirectory d = this; d != null; d = d.next) d.forget();
    }

    private void forget() {
        String name = Integer.toString(thread == null ? group.pidIn(procfs.pids) : thread.tidIn(procfs.pids));
        forget(procfs.root, name);
        if (thread == null) return;
        Dentry process = procfs.root.child(Integer.toString(group.pidIn(procfs.pids)));
        Dentry threads = process == null ? null : process.child("task");
        if (threads != null) forget(threads, name);
    }

    private void forget(Dentry parent, String name) {
        Dentry d = parent.child(name);
        if (d != null && d.inode == this) parent.prune(d);
    }

    @Override
    public long refresh(Task t) {
        Task shown = task();
        if (shown != null && shown.cred != null) {
            own(this);
        }
        return 0;
    }

    @Override
    protected String[] names() {
        String common = "attr auxv cgroup clear_refs cmdline comm cwd environ cpuset exe fd fdinfo gid_map io "
                + "limits loginuid maps mem mountinfo mounts net ns oom_adj oom_score oom_score_adj pagemap "
                + "personality projid_map root schedstat sessionid setgroups smaps smaps_rollup stack stat statm "
                + "status syscall uid_map wchan";
        String own = thread != null ? " children" : " coredump_filter mountstats task timens_offsets timers timerslack_ns";
        return (common + own).split(" ");
    }

    @Override
    protected Inode make(int index, String name) {
        return switch (name) {
            case "cwd", "exe", "root" -> new TaskLink(this, name);
            case "fd", "fdinfo" -> new FdDirectory(this, name.equals("fdinfo"));
            case "ns" -> new NamespaceDirectory(this);
            case "net" -> new NetDirectory(procfs);
            case "attr" -> null;
            case "task" -> new Threads(this);
            case "mem", "pagemap" -> new MemoryFile(this, name);
            default -> new TaskFile(this, name);
        };
    }

    @Override
    public boolean cacheable() { return !isGone(); }

    @Override
    public Inode lookup(Task t, String name) {
        if (isGone()) {
            t.error = -ENOENT;
            return null;
        }
        Inode i = super.lookup(t, name);
        if (i != null) own(i);
        return i;
    }

    /**
     * Files of a process belong to its effective user (proc(5)); those of one that is not dumpable or has
     * ended to root, but for directories that all may read (task_dump_owner in fs/proc/base.c).
     */
    void own(Inode i) {
        Task shown = task();
        if (shown == null || shown.cred == null) return;
        boolean hasEnded = group.isZombie || shown.state == Task.DEAD;
        boolean isOpen = i.isDirectory() && (i.mode & 07777) == 0555 || group.dumpable == 1 && !hasEnded;
        i.uid = isOpen ? shown.cred.euid : 0;
        i.gid = isOpen ? shown.cred.egid : 0;
    }

    /** Whether {@code t} may look into the process: PTRACE_MODE_READ (ptrace(2)). */
    boolean mayInspect(Task t) {
        Task o = task();
        return o == null || ProcessAccess.byFileIds(t, o);
    }

    /** /proc/PID/task. */
    private static final class Threads extends PseudoDirectory {
        private final TaskDirectory process;

        Threads(TaskDirectory process) {
            super(process.procfs, 0555);
            this.process = process;
        }

        @Override
        protected String[] names() { return new String[0]; }

        @Override
        protected Inode make(int index, String name) { return null; }

        @Override
        public boolean cacheable() { return false; }

        @Override
        public Inode lookup(Task t, String name) {
            int tid = ProcRoot.number(name);
            Task found = process.procfs.task(tid);
            if (found == null || found.group != process.group) {
                t.error = -ENOENT;
                return null;
            }
            return of(process.procfs, process.group, found);
        }

        @Override
        public long refresh(Task t) {
            nlink = 2 + process.group.tasks.size();
            return 0;
        }

        @Override
        protected void list(Task t, long from, OpenFile.DirectorySink sink) {
            for (int i = (int) from; i < process.group.tasks.size(); i++) {
                Task x = process.group.tasks.get(i);
                String name = Integer.toString(x.tidIn(process.procfs.pids));
                if (!sink.entry(name, of(process.procfs, process.group, x).ino, 4, i + 3)) return;
            }
        }
    }
}

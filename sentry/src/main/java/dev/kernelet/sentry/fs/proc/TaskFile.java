package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** A text file of a process's directory. */
final class TaskFile extends PseudoFile {
    private final TaskDirectory directory;
    private final String name;

    TaskFile(TaskDirectory directory, String name) {
        super(directory.procfs, permissions(name));
        this.directory = directory;
        this.name = name;
        directory.own(this);
    }

    @Override
    public long refresh(Task t) {
        directory.own(this);
        return super.refresh(t);
    }

    private static int permissions(String name) {
        return switch (name) {
            case "auxv", "environ", "io", "mountstats", "personality", "stack", "syscall" -> 0400;
            case "clear_refs" -> 0200;
            case "comm", "oom_score_adj", "oom_adj", "coredump_filter", "gid_map", "uid_map", "projid_map", "setgroups",
                "loginuid" -> 0644;
            case "timerslack_ns" -> 0666;
            default -> 0444;
        };
    }

    @Override
    protected String text(Task t) {
        Task shown = directory.task();
        if (directory.isGone() || shown == null) {
            t.error = -ESRCH;
            return null;
        }
        switch (name) {
            case "auxv", "environ", "io", "maps", "smaps", "smaps_rollup", "syscall", "stack",
                "personality" -> {
                if (!directory.mayInspect(t)) {
                    t.error = -EACCES;
                    return null;
                }
            }
            default -> { }
        }
        return TaskText.of(t, shown, directory, name);
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        if (!name.startsWith("mount")) return super.open(t, path, flags);
        Task shown = directory.task();
        boolean isGone = shown == null || shown.state == Task.DEAD || shown.fs == null
                || shown.fs.mounts == null;
        t.error = -EINVAL;
        return isGone ? null : new MountsFile(this, path, flags, shown.fs.mounts);
    }

    @Override
    protected long store(Task t, String value) { return TaskText.store(t, directory, name, value); }
}

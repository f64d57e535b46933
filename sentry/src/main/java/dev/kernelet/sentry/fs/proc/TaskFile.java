package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.UserNamespace;
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

    @Override
    protected long store(Task t, OpenFile file, String value, long position) {
        boolean isMap = name.equals("uid_map") || name.equals("gid_map") || name.equals("setgroups");
        return isMap ? storeMap(t, file, value, position) : store(t, value);
    }

    /**
     * Ids of a user namespace. Who opened the file must have the right to what is written too: a privileged
     * program that is made to write to it gives nothing away.
     */
    private long storeMap(Task t, OpenFile file, String value, long position) {
        Task shown = directory.task();
        UserNamespace n = shown == null ? null : shown.cred.ns;
        if (n == null || !(file.openedBy instanceof Credentials opener)) return -EPERM;
        if (position != 0 || value.length() >= 4096) return -EINVAL;
        if (name.equals("setgroups")) return n.storeSetgroups(t, opener, value);
        return n.storeMap(t, opener, name.equals("gid_map"), value);
    }
}

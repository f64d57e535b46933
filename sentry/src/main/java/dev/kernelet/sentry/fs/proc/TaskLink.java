package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoLink;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** /proc/PID/{cwd,exe,root}: magic links. */
final class TaskLink extends PseudoLink {
    private final TaskDirectory directory;
    private final String name;

    TaskLink(TaskDirectory directory, String name) {
        super(directory.procfs);
        this.directory = directory;
        this.name = name;
        directory.own(this);
    }

    private Path target(Task t) {
        Task o = directory.task();
        if (!directory.mayInspect(t)) {
            t.error = -EACCES;
            return null;
        }
        Path p = o == null || o.fs == null ? null : switch (name) {
            case "cwd" -> o.fs.cwd;
            case "root" -> o.fs.root;
            default -> o.group.exe;
        };
        if (p == null) t.error = -ENOENT;
        return p;
    }

    @Override
    public String readlink(Task t) {
        Path p = target(t);
        if (p == null) return null;
        String s = PathWalk.linkName(p, t.fs.root);
        return s == null ? "(unreachable)" : s;
    }

    @Override
    public Path follow(Task t) { return target(t); }
}

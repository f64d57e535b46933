package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.EACCES;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoLink;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Inode;

/** /proc/PID/ns (namespaces(7)): one of each kind in a sandbox. */
final class NamespaceDirectory extends PseudoDirectory {
    private static final String[] NAMES = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
        "time_for_children", "user", "uts"};

    private final TaskDirectory directory;

    NamespaceDirectory(TaskDirectory directory) {
        super(directory.procfs, 0511);
        this.directory = directory;
    }

    @Override
    protected String[] names() { return NAMES; }

    @Override
    protected Inode make(int index, String name) {
        return new PseudoLink(fs) {
            @Override
            public String readlink(Task t) {
                if (!directory.mayInspect(t)) {
                    t.error = -EACCES;
                    return null;
                }
                int end = name.indexOf('_');
                String kind = end < 0 ? name : name.substring(0, end);
                long number = switch (kind) {
                    case "time" -> 4026531834L;
                    case "cgroup" -> 4026531835L;
                    case "pid" -> 4026531836L;
                    case "user" -> 4026531837L;
                    case "uts" -> 4026531838L;
                    case "ipc" -> 4026531839L;
                    case "net" -> 4026531840L;
                    default -> 4026531841L;
                };
                return kind + ":[" + number + "]";
            }
        };
    }
}

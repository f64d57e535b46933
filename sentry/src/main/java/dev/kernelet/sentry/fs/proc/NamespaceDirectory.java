package dev.kernelet.sentry.fs.proc;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoLink;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Path;

/** /proc/PID/ns (namespaces(7)): of net, cgroup and time a sandbox has one. */
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
    protected Inode make(int index, String name) { return new Link(name); }

    /** A magic link: the text names the namespace, following it leads to its file. */
    private final class Link extends PseudoLink {
        private final String kind;
        private final boolean isForChildren;

        Link(String name) {
            super(NamespaceDirectory.this.fs);
            int end = name.indexOf('_');
            kind = end < 0 ? name : name.substring(0, end);
            isForChildren = end >= 0;
        }

        private NamespaceFile.Node target(Task t) {
            if (!directory.mayInspect(t)) {
                t.error = -EACCES;
                return null;
            }
            Task o = directory.task();
            boolean outlivesTask = (kind.equals("pid") || kind.equals("user")) && !isForChildren;
            PidNamespace pids = o == null ? null : o.group.pids;
            if (isForChildren && o != null && o.childPids != null) pids = o.childPids;
            boolean hasBegun = pids == null || pids.hasBegun();
            if (o == null || !hasBegun || o.state == Task.DEAD && !outlivesTask) {
                t.error = -ENOENT;
                return null;
            }
            return new NamespaceFile.Node(kind, switch (kind) {
                case "uts" -> o.uts;
                case "ipc" -> o.ipc;
                case "mnt" -> o.fs.mounts;
                case "pid" -> pids;
                case "user" -> o.cred.ns;
                default -> null;
            });
        }

        @Override
        public String readlink(Task t) {
            NamespaceFile.Node n = target(t);
            return n == null ? null : n.text();
        }

        @Override
        public Path follow(Task t) {
            NamespaceFile.Node n = target(t);
            return n == null ? null : new Path(n.fs.internal(), new Dentry(n.fs, n.text(), null, n));
        }
    }
}

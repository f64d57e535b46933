package dev.kernelet.sandbox;

import dev.kernelet.sentry.fs.dev.Devices;
import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.fs.overlay.OverlayFilesystem;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.fs.sys.SysFs;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.tty.DevPts;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** The tree the program sees: the host's directory under an overlay, with the Sentry's own proc, sys and dev on top. */
final class FileView {
    private static final int MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8;
    /** Directories of the host that are windows into its kernel: ours are mounted there. */
    private static final String[] HIDDEN = {"proc", "sys", "dev"};

    private final Kernel kernel;
    private final SandboxOptions options;
    final MountNamespace mounts = new MountNamespace();
    Path root;
    DevPts terminals;

    FileView(Kernel kernel, SandboxOptions options) {
        this.kernel = kernel;
        this.options = options;
    }

    /** Mounts all; {@code t} is a task for the walks, without a program yet. */
    void mount(Task t) {
        Filesystem rootFs = host(options.root(), options.overlayRoot(), HIDDEN, "--root");
        root = attach(rootFs, null, 0, "none");
        t.fs.mounts = mounts;
        t.fs.root = t.fs.cwd = root;
        Devices.register(kernel);
        attach(new ProcFs(kernel), at(t, "/proc"), MS_NOSUID | MS_NODEV | MS_NOEXEC, "proc");
        attach(new SysFs(kernel), at(t, "/sys"), MS_NOSUID | MS_NODEV | MS_NOEXEC, "sysfs");
        attach(Devices.filesystem(kernel), at(t, "/dev"), MS_NOSUID, "devtmpfs");
        terminals = new DevPts(kernel);
        attach(terminals, at(t, "/dev/pts"), MS_NOSUID | MS_NOEXEC, "devpts");
        attach(new Tmpfs(kernel, 01777), at(t, "/dev/shm"), MS_NOSUID | MS_NODEV, "shm");
        for (Volume v : options.volumes()) {
            attach(host(v.source(), options.overlayVolumes(), new String[0], "--volume"), volumePoint(t, v), MS_NOSUID, v.source());
        }
    }

    private Filesystem host(String path, boolean overlay, String[] hidden, String flag) {
        var error = new int[1];
        HostFilesystem fs = HostFilesystem.open(path, overlay, hidden, error);
        if (fs == null) {
            throw new Failure("cannot open " + path + " (" + flag + "): open", error[0],
                    "Name a directory that exists and that this user may read.");
        }
        if (!overlay) return fs;
        var upper = new Tmpfs(kernel, 0755);
        if (options.overlaySize() > 0) upper.setSizeLimit(options.overlaySize());
        return new OverlayFilesystem(fs, upper);
    }

    private Path attach(Filesystem fs, Path where, int flags, String source) {
        Dentry top = fs.root;
        var m = new Mount(fs, top, flags, MountNamespace.newMountId());
        m.source = source;
        mounts.attach(m, where);
        return new Path(m, top);
    }

    private Path at(Task t, String path) {
        long r = t.walk.at(PathWalk.AT_FDCWD, path, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        if (r < 0) throw new Failure("cannot mount on " + path + ": lookup", r, "The root directory must be one of a Linux system.");
        return t.walk.path();
    }

    /** The directory a volume is shown at, made (in the overlay) when it is not there. */
    private Path volumePoint(Task t, Volume v) {
        String[] names = v.destination().split("/");
        String path = "";
        for (String name : names) {
            if (name.isEmpty()) continue;
            String next = path + "/" + name;
            if (t.walk.at(PathWalk.AT_FDCWD, next, PathWalk.FOLLOW) < 0) {
                Path parent = path.isEmpty() ? root : at(t, path);
                if (parent.dentry.inode.mkdir(t, name, 0755) == null) {
                    throw new Failure("cannot make " + next + " for --volume: mkdir", t.error,
                            "Name a destination that exists in the root, or leave the overlay on.");
                }
                Dentry stale = parent.dentry.child(name);
                if (stale != null) parent.dentry.detach(stale);
            }
            path = next;
        }
        long r = t.walk.at(PathWalk.AT_FDCWD, path.isEmpty() ? "/" : path, PathWalk.FOLLOW);
        if (r < 0) throw new Failure("cannot mount on " + path + ": lookup", r, "Name another --volume destination.");
        return t.walk.path();
    }
}

package dev.kernelet.sandbox;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.fs.dev.Devices;
import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.fs.overlay.OverlayFilesystem;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.fs.sys.SysFs;
import dev.kernelet.sentry.fs.tmpfs.Backing;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.tty.DevPts;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/**
 * The tree the program sees: the host's directory under an overlay, with the Sentry's own proc, sys and dev
 * on top.
 */
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
        t.fs.setRoot(root);
        t.fs.setCwd(root);
        Devices.register(kernel);
        attach(new ProcFs(kernel), at(t, "/proc"), MS_NOSUID | MS_NODEV | MS_NOEXEC, "proc");
        attach(new SysFs(kernel), at(t, "/sys"), MS_NOSUID | MS_NODEV | MS_NOEXEC, "sysfs");
        attach(Devices.filesystem(kernel), at(t, "/dev"), MS_NOSUID, "devtmpfs");
        terminals = new DevPts(kernel);
        attach(terminals, at(t, "/dev/pts"), MS_NOSUID | MS_NOEXEC, "devpts");
        attach(new Tmpfs(kernel, 01777), at(t, "/dev/shm"), MS_NOSUID | MS_NODEV, "shm");
        for (Volume v : options.volumes()) attachVolume(t, v);
    }

    private void attachVolume(Task t, Volume v) {
        String source = v.source();
        var error = new int[1];
        HostFilesystem probe = HostFilesystem.open(source, true, new String[0], kernel.options.ids, error);
        if (probe != null) probe.close();
        boolean isFile = error[0] == -ENOTDIR && source.charAt(source.length() - 1) != '/';
        Path where = volumePoint(t, v, isFile);
        if (!isFile) {
            attach(host(source, options.overlayVolumes(), new String[0], "--volume"), where, MS_NOSUID, source);
            return;
        }
        // A single file: the mount shows nothing but that name of its directory.
        int slash = source.lastIndexOf('/');
        Filesystem directory = host(slash <= 0 ? slash < 0 ? "." : "/" : source.substring(0, slash), options.overlayVolumes(),
                new String[0], "--volume");
        Dentry file = PathWalk.lookup(t, directory.root, source.substring(slash + 1));
        if (file == null || file.inode == null) throw cannotOpen(source, "--volume", file == null ? t.error : -ENOENT);
        attach(directory, file, where, MS_NOSUID, source);
    }

    private static Failure cannotOpen(String path, String flag, long error) {
        return new Failure("cannot open " + path + " (" + flag + "): open", error,
                flag.equals("--root") ? "Name a directory that exists and that this user may read."
                        : "Name a file or directory that exists and that this user may read.");
    }

    private Filesystem host(String path, boolean overlay, String[] hidden, String flag) {
        var error = new int[1];
        HostFilesystem fs = HostFilesystem.open(path, overlay, hidden, kernel.options.ids, error);
        if (fs == null) throw cannotOpen(path, flag, error[0]);
        if (!overlay) return fs;
        var upper = new Tmpfs(kernel, 0755);
        if (options.overlaySize() > 0) upper.setSizeLimit(options.overlaySize());
        String medium = options.overlayMedium();
        if (!medium.equals("memory")) upper.setBacking(backing(medium.startsWith("dir=") ? medium.substring(4) : path));
        return new OverlayFilesystem(fs, upper);
    }

    static Backing backing(String path) {
        var error = new int[1];
        Backing backing = Backing.open(path, error);
        if (backing == null) {
            throw new Failure("cannot keep an overlay's files in " + path + " (--overlay2): open(O_TMPFILE)", error[0],
                    "Name a directory this user may write to (dir=PATH), or use root:memory.");
        }
        return backing;
    }

    private Path attach(Filesystem fs, Path where, int flags, String source) {
        return attach(fs, fs.root, where, flags, source);
    }

    private Path attach(Filesystem fs, Dentry top, Path where, int flags, String source) {
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

    /** The file or directory a volume is shown at, made (in the overlay) when it is not there. */
    private Path volumePoint(Task t, Volume v, boolean isFile) {
        String[] names = v.destination().split("/");
        int last = names.length - 1;
        String path = "";
        for (String name : names) {
            if (name.isEmpty()) continue;
            String next = path + "/" + name;
            if (t.walk.at(PathWalk.AT_FDCWD, next, PathWalk.FOLLOW) < 0) {
                Path parent = path.isEmpty() ? root : at(t, path);
                boolean makesFile = isFile && name == names[last];
                Inode made = makesFile ? parent.dentry.inode.create(t, name, Stat.S_IFREG | 0644, 0)
                        : parent.dentry.inode.mkdir(t, name, 0755);
                if (made == null) {
                    throw new Failure("cannot make " + next + " for --volume: " + (makesFile ? "open" : "mkdir"), t.error,
                            "Name a destination that exists in the root, or leave the overlay on.");
                }
                Dentry stale = parent.dentry.child(name);
                if (stale != null) parent.dentry.detach(stale);
            }
            path = next;
        }
        long r = t.walk.at(PathWalk.AT_FDCWD, path.isEmpty() ? "/" : path, PathWalk.FOLLOW);
        if (r < 0) throw new Failure("cannot mount on " + path + ": lookup", r, "Name another --volume destination.");
        if (t.walk.inode.isDirectory() == isFile) {
            throw new Failure("cannot show " + v.source() + " at " + path + " (--volume): mount", isFile ? -EISDIR : -ENOTDIR,
                    isFile ? "Name a file as its destination." : "Name a directory as its destination.");
        }
        return t.walk.path();
    }
}

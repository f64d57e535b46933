package dev.kernelet.sandbox;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Mounts.*;

import dev.kernelet.abi.Stat;
import dev.kernelet.host.HostRoots;
import dev.kernelet.sentry.fs.cgroup.CgroupFs;
import dev.kernelet.sentry.fs.dev.Devices;
import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.fs.overlay.OverlayFilesystem;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.fs.sys.SysFs;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.ControlGroup;
import dev.kernelet.sentry.kernel.HostIds;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.PidNamespace;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.tty.DevPts;
import dev.kernelet.sentry.tty.HostConsole;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;
import java.util.ArrayList;

/**
 * The tree a container sees: its root file system (the host's directory itself, so that writes reach it),
 * the mounts of its
 * specification in their order, the devices every container has, and what is to be hidden or read-only.
 */
final class ContainerView {
    private static final int S_IFMT = 0xf000, S_IFCHR = 0x2000, S_IFBLK = 0x6000, S_IFIFO = 0x1000,
            S_IFREG = 0x8000;
    private static final String[] NOTHING_HIDDEN = {};

    private final Kernel kernel;
    private final ContainerSpec spec;
    final MountNamespace mounts;
    /** Of a pod, whose containers share what they show of the host; null: none. */
    private final PodFiles files;
    private final ArrayList<PodFiles.Shared> shown = new ArrayList<>();
    private final ArrayList<String> places = new ArrayList<>();
    private Path root;
    /** Null: the sandbox's. */
    PidNamespace pids;
    ControlGroup controlGroup;
    /** The devpts that the container's terminals are in, once it is mounted. */
    private DevPts terminals;

    ContainerView(Kernel kernel, ContainerSpec spec, PodFiles files, MountNamespace mounts) {
        this.kernel = kernel;
        this.spec = spec;
        this.files = files;
        this.mounts = mounts;
    }

    /** Mounts all; {@code t} is a task of the superuser for the walks, without a program. */
    void mount(Task t) {
        String top = spec.rootPlace == null ? spec.root : place(spec.rootPlace);
        root = attach(host(top, spec.overlayRoot, kernel.options.ids, "root.path"), null, 0, "root");
        t.fs.mounts = mounts;
        t.fs.setRoot(root);
        t.fs.setCwd(root);
        if (spec.rootPlace == null) Devices.register(kernel);
        for (MountSpec m : spec.mounts) mount(t, m);
        Mount dev = mountOf(t, "/dev");
        if (dev != null && dev.fs instanceof Tmpfs) devices(t);
        else if (!spec.devices.isEmpty()) {
            throw new Failure("linux.devices: /dev is no tmpfs of the container, and the host's gets no "
                    + "devices",
                    "Mount a tmpfs on /dev, or leave linux.devices out.");
        }
        for (String path : spec.readonlyPaths) readOnly(t, path);
        for (String path : spec.maskedPaths) mask(t, path);
        if (spec.readonlyRoot) root.mount.flags |= MS_RDONLY;
    }

    /** The devpts of the container; one that is nowhere mounted when it has none. */
    DevPts terminals() {
        if (terminals == null) terminals = new DevPts(kernel);
        return terminals;
    }

    /** /dev/console is the first process's terminal. */
    void bindConsole(Task t, HostConsole console) {
        Path place = console.place(t);
        if (place == null) return;
        Path where = point(t, "/dev/console", false);
        attach(place.mount.fs, place.dentry, where, place.mount.flags, "devpts");
    }

    private void mount(Task t, MountSpec m) {
        Dentry top = m.type().equals("bind") ? bound(t, m) : filesystem(t, m).root;
        boolean isDirectory = top.inode.isDirectory();
        Path where = point(t, m.destination(), isDirectory);
        if (m.copiesUp() && where.dentry.inode.isDirectory()) {
            long r = CopyUp.copy(t, where, top.inode);
            if (r < 0) throw new Failure("mount of " + m.destination() + " (tmpcopyup): copy", r,
                    "Give it a larger size, or leave tmpcopyup out.");
        }
        attach(top.fs, top, where, m.flags(), m.source());
        if (isDirectory != where.dentry.inode.isDirectory()) {
            throw new Failure("cannot mount " + m.source() + " on " + m.destination() + ": ENOTDIR",
                    "Mount a directory on a directory, or a file on a file.");
        }
    }

    private Filesystem filesystem(Task t, MountSpec m) {
        switch (m.type()) {
            case "proc" -> { return processes(); }
            case "sysfs" -> { return new SysFs(kernel); }
            case "devpts" -> {
                return terminals();
            }
            case "cgroup", "cgroup2" -> { return new CgroupFs(kernel, controlGroup); }
            default -> {
                if (m.type().equals("mqueue")) return new Tmpfs(kernel, "mqueue", 01777, 0, 0);
                String type = m.type();
                FilesystemTypes.Type factory = FilesystemTypes.of(kernel).find(type);
                if (factory == null) {
                    throw new Failure("mount of " + m.destination() + ": filesystem type " + m.type()
                            + " is not known",
                            "Leave this mount out.");
                }
                String data = m.data();
                Filesystem fs = factory.make(t, m.source(), data);
                if (fs == null) throw new Failure("mount of " + m.destination() + " with \"" + data
                        + "\": mount", t.error, "Correct its options.");
                return fs;
            }
        }
    }

    /** The procfs of the container's PID namespace. */
    private ProcFs processes() {
        if (pids != null) return ProcFs.of(pids);
        return FilesystemTypes.of(kernel).find("proc") instanceof ProcFs first ? first : new ProcFs(kernel);
    }

    /**
     * A directory of the host; or of a file its name in its directory, of which nothing else can be reached.
     */
    private Dentry bound(Task t, MountSpec m) {
        String source = m.source(), what = "mount of " + m.destination();
        if (m.place() != null) return boundInPod(t, m, what);
        var error = new int[1];
        HostFilesystem probe = HostFilesystem.open(source, true, NOTHING_HIDDEN, kernel.options.ids, error);
        if (probe != null) probe.close();
        HostIds ids = ids(m);
        if (error[0] != -ENOTDIR) return host(source, spec.overlayMounts, ids, what).root;
        int slash = source.lastIndexOf('/');
        Filesystem directory = host(slash == 0 ? "/" : source.substring(0, slash), spec.overlayMounts, ids,
                what);
        Dentry file = PathWalk.lookup(t, directory.root, source.substring(slash + 1));
        return found(t, file, source, what);
    }

    private HostIds ids(MountSpec m) {
        HostIds ids = kernel.options.ids;
        return m.uids().length > 0 || m.gids().length > 0 ? ids.through(m.uids(), m.gids()) : ids;
    }

    private static Dentry found(Task t, Dentry file, String source, String what) {
        if (file == null || file.inode == null) {
            throw cannotOpen(source, what, file == null ? t.error : -ENOENT);
        }
        return file;
    }

    /** The same below the pod's place, where a file has a directory of its own. */
    private Dentry boundInPod(Task t, MountSpec m, String what) {
        Filesystem fs = host(place(m.place()), spec.overlayMounts, ids(m), what);
        String name = m.place().file();
        return name == null ? fs.root : found(t, PathWalk.lookup(t, fs.root, name), m.source(), what);
    }

    private String place(ContainerSpec.Place p) {
        places.add(p.directory());
        return HostRoots.POD + p.directory();
    }

    /** Its mounts are gone. */
    void release() { files.release(shown, places); }

    private Filesystem host(String path, boolean overlay, HostIds ids, String what) {
        var error = new int[1];
        HostFilesystem fs = HostFilesystem.open(path, overlay, NOTHING_HIDDEN, ids, error);
        if (fs == null) throw cannotOpen(path, what, error[0]);
        if (files == null) return overlay ? overlay(fs, path) : fs;
        PodFiles.Shared s = files.find(fs, overlay, ids);
        if (s != null) fs.close();
        else s = files.add(overlay ? overlay(fs, path) : fs, fs, ids, path.startsWith(HostRoots.POD)
                ? path.substring(HostRoots.POD.length()) : null);
        shown.add(s);
        return s.fs;
    }

    private Filesystem overlay(HostFilesystem fs, String path) {
        var upper = new Tmpfs(kernel, 0755);
        if (spec.overlaySize > 0) upper.setSizeLimit(spec.overlaySize);
        String medium = spec.overlayMedium;
        if (!medium.equals("memory")) {
            upper.setBacking(FileView.backing(medium.startsWith("dir=") ? medium.substring(4) : path));
        }
        return new OverlayFilesystem(fs, upper);
    }

    private static Failure cannotOpen(String path, String what, int error) {
        return new Failure("cannot open " + path + " (" + what + "): open", error,
                "Name a file or directory that exists.");
    }

    private Path attach(Filesystem fs, Path where, int flags, String source) { return attach(fs, fs.root,
            where, flags, source); }

    private Path attach(Filesystem fs, Dentry top, Path where, int flags, String source) {
        var m = new Mount(fs, top, flags, MountNamespace.newMountId());
        m.source = source;
        mounts.attach(m, where);
        return new Path(m, top);
    }

    private static Path find(Task t, String path) {
        return t.walk.at(PathWalk.AT_FDCWD, path, PathWalk.FOLLOW) < 0 ? null : t.walk.path();
    }

    private static Mount mountOf(Task t, String path) {
        Path p = find(t, path);
        return p == null ? null : p.mount;
    }

    /**
     * A mount point: made, with the directories above it, when it is not there. Links lead inside the root
     * only.
     */
    Path point(Task t, String destination, boolean isDirectory) {
        String path = "";
        String[] names = destination.split("/");
        for (int i = 0; i < names.length; i++) {
            if (names[i].isEmpty() || names[i].equals(".")) continue;
            String next = path + "/" + names[i];
            if (find(t, next) == null) make(t, path, names[i], isDirectory || i < names.length - 1);
            path = next;
        }
        Path p = find(t, path.isEmpty() ? "/" : path);
        if (p == null) {
            throw new Failure("cannot make the mount point " + destination + ": lookup", t.error,
                    "Name a destination that can be reached inside the root file system.");
        }
        return p;
    }

    private void make(Task t, String parent, String name, boolean isDirectory) {
        Path at = find(t, parent.isEmpty() ? "/" : parent);
        Inode made = null;
        if (at != null) {
            made = isDirectory ? at.dentry.inode.mkdir(t, name, 0755) : at.dentry.inode.create(t, name,
                    S_IFREG | 0644, 0);
        }
        if (made == null) {
            throw new Failure("cannot make " + parent + "/" + name + " in the container: mkdir", t.error,
                    "Name a destination below a directory that can be written.");
        }
        forget(at, name);
    }

    private static void forget(Path at, String name) {
        Dentry stale = at.dentry.child(name);
        if (stale != null) at.dentry.detach(stale);
    }

    // ---- devices
    /** What every container has in /dev (runtime-spec, "Default Devices"), and those of the specification. */
    private void devices(Task t) {
        int[][] numbers = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}};
        String[] names = {"null", "zero", "full", "random", "urandom", "tty"};
        for (int i = 0; i < names.length; i++) {
            node(t, "/dev/" + names[i], S_IFCHR | 0666, Stat.makedev(numbers[i][0], numbers[i][1]), 0, 0);
        }
        link(t, "fd", "/proc/self/fd");
        link(t, "stdin", "/proc/self/fd/0");
        link(t, "stdout", "/proc/self/fd/1");
        link(t, "stderr", "/proc/self/fd/2");
        link(t, "core", "/proc/kcore");
        link(t, "ptmx", "pts/ptmx");
        for (ContainerSpec.DeviceNode d : spec.devices) {
            int type = d.type() == 'b' ? S_IFBLK : d.type() == 'p' ? S_IFIFO : S_IFCHR;
            node(t, d.path(), type | d.mode() & 07777, Stat.makedev(d.major(), d.minor()), d.uid(), d.gid());
        }
    }

    private void node(Task t, String path, int mode, long number, int uid, int gid) {
        if (find(t, path) != null) return;
        int slash = path.lastIndexOf('/');
        Path parent = point(t, path.substring(0, Math.max(slash, 1)), true);
        String name = path.substring(slash + 1);
        Inode made = parent.dentry.inode.create(t, name, mode, number);
        if (made == null) throw new Failure("cannot make the device " + path + ": mknod", t.error,
                "Give a path below /dev.");
        made.setattr(t, mode & ~S_IFMT, uid, gid);
        forget(parent, name);
    }

    private void link(Task t, String name, String target) {
        Path dev = find(t, "/dev");
        if (find(t, "/dev/" + name) != null || dev.dentry.inode.symlink(t, name, target) == null) return;
        forget(dev, name);
    }

    // ---- hidden and read-only paths
    private void readOnly(Task t, String path) {
        Path p = find(t, path);
        if (p != null) attach(p.mount.fs, p.dentry, p, p.mount.flags | MS_RDONLY, p.mount.source);
    }

    private void mask(Task t, String path) {
        Path p = find(t, path);
        if (p == null) return;
        if (p.dentry.inode.isDirectory()) {
            attach(new Tmpfs(kernel, 0755), p, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "tmpfs");
            return;
        }
        Path nothing = find(t, "/dev/null");
        if (nothing != null) attach(nothing.mount.fs, nothing.dentry, p, nothing.mount.flags,
                nothing.mount.source);
    }

}

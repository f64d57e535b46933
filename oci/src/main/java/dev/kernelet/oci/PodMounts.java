package dev.kernelet.oci;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.SyscallNumber.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.host.HostRoots;
import dev.kernelet.sandbox.ContainerSpec;
import dev.kernelet.sandbox.Failure;
import dev.kernelet.sandbox.MountSpec;
import java.util.ArrayList;

/**
 * Mounts what a container shows of the host in the mount namespace of its pod's sandbox, below the one place
 * there where the Sentry's Landlock domain lets it open files, and takes it away again: /pod/C/0 is the root,
 * /pod/C/N the source of a bind mount, or /pod/C/N/NAME where that is a file. The Sentry can change
 * nothing of this: it has no capability, and its own mount of the place is read-only.
 */
final class PodMounts {
    private static final int CLONE_FS = 0x200, CLONE_NEWNS = 0x20000, OPEN_TREE_CLONE = 1,
            AT_EMPTY_PATH = 0x1000, MOVE_MOUNT_F_EMPTY_PATH = 4, MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8,
            MOUNT_ATTR_RDONLY = 1, AT_FDCWD = -100;
    private static final String POD = "/pod";

    private final ContainerState sandbox;

    PodMounts(ContainerState sandbox) { this.sandbox = sandbox; }

    /** Something that is shown: a copy of its mount, and the file's name, null for a directory. */
    private record Source(int tree, String file) {}

    /**
     * All that the container shows; where the Sentry finds it, in the order of {@link RuntimeSpec#placed}.
     */
    ArrayList<ContainerSpec.Place> attach(String name, ContainerSpec c) {
        var sources = new ArrayList<Source>();
        boolean inPlace = c.overlayMedium.equals("self");
        sources.add(source(c.root, !c.overlayRoot || inPlace, "root.path"));
        for (MountSpec m : c.mounts) {
            if (!m.type().equals("bind")) continue;
            sources.add(source(m.source(), !c.overlayMounts || inPlace, "mount of " + m.destination()));
        }
        var places = new ArrayList<ContainerSpec.Place>();
        for (int i = 0; i < sources.size(); i++) {
            places.add(new ContainerSpec.Place(name + "/" + i, sources.get(i).file));
        }
        inside(() -> attach(name, sources));
        return places;
    }

    private static Source source(String path, boolean isWritten, String what) {
        int tree = HostRoots.copy(path, isWritten);
        if (tree < 0) throw new Failure("cannot open " + path + " (" + what + "): open", tree,
                "Name a file or directory that exists.");
        long p = Memory.allocate(256), empty = Host.string("");
        HostCall.call(STATX, tree, empty, AT_EMPTY_PATH, 1 /* STATX_TYPE */, p);
        boolean isDirectory = (Memory.getUnsignedShort(p + 28) & 0xf000) == 0x4000;
        Memory.free(p);
        Memory.free(empty);
        String name = path.substring(path.lastIndexOf('/') + 1);
        return new Source(tree, isDirectory ? null : name);
    }

    private static void attach(String top, ArrayList<Source> sources) {
        int place = writable();
        at(place, MKDIRAT, top, 0711, "mkdir");
        for (int i = 0; i < sources.size(); i++) {
            Source s = sources.get(i);
            String name = top + "/" + i;
            at(place, MKDIRAT, name, 0711, "mkdir");
            if (s.file != null) {
                name += "/" + s.file;
                at(place, MKNODAT, name, 0x8000 | 0600, "mknod");
            }
            long empty = Host.string(""), to = Host.string(POD + "/" + name);
            long r = HostCall.call(MOVE_MOUNT, s.tree, empty, AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH);
            Memory.free(empty);
            Memory.free(to);
            Host.close(s.tree);
            if (r < 0) throw failed("move_mount", r);
        }
        Host.close(place);
    }

    private static Failure failed(String call, long error) {
        return new Failure("cannot mount the container's files in the sandbox of its pod: " + call, error,
                "Run as the user the sandbox runs as, or give --pod-sandbox=separate.");
    }

    private static void at(int directory, int nr, String name, int mode, String call) {
        long r = tryAt(directory, nr, name, mode);
        if (r < 0) throw failed(call, r);
    }

    private static long tryAt(int directory, int nr, String name, int mode) {
        long p = Host.string(name);
        long r = HostCall.call(nr, directory, p, mode, 0);
        Memory.free(p);
        return r;
    }

    /** A mount of the place that is not the Sentry's, and so can be written to. */
    private static int writable() {
        long path = Host.string(POD), empty = Host.string(""), attributes = Memory.allocate(32);
        Memory.zero(attributes, 32);
        Memory.putLong(attributes + 8, MOUNT_ATTR_RDONLY);
        long fd = HostCall.call(OPEN_TREE, AT_FDCWD, path, OPEN_TREE_CLONE | Host.O_CLOEXEC);
        long r = fd < 0 ? fd : HostCall.call(MOUNT_SETATTR, fd, empty, AT_EMPTY_PATH, attributes, 32);
        Memory.free(path);
        Memory.free(empty);
        Memory.free(attributes);
        if (r < 0) throw failed("open_tree", r);
        return (int) fd;
    }

    // ---- the end
    /** Takes places away that the Sentry needs no more. */
    void detach(ArrayList<String> places) {
        if (places.isEmpty()) return;
        inside(() -> {
            int place = writable();
            for (String p : places) {
                int slash = p.indexOf('/');
                if (slash <= 0) continue;
                StateStore.checkId(p.substring(0, slash));
                StateStore.checkId(p.substring(slash + 1));
                detach(place, p);
                tryAt(place, UNLINKAT, p.substring(0, slash), 0x200 /* AT_REMOVEDIR */);
            }
            Host.close(place);
        });
    }

    /** All places of a container that the Sentry does not know. */
    void detachAll(String top) {
        inside(() -> {
            int place = writable();
            for (String name : Host.list(POD + "/" + top)) detach(place, top + "/" + name);
            tryAt(place, UNLINKAT, top, 0x200);
            Host.close(place);
        });
    }

    private static void detach(int place, String name) {
        if (unmount(POD + "/" + name) < 0) {
            for (String file : Host.list(POD + "/" + name)) {
                unmount(POD + "/" + name + "/" + file);
                tryAt(place, UNLINKAT, name + "/" + file, 0);
            }
        }
        tryAt(place, UNLINKAT, name, 0x200);
    }

    private static long unmount(String path) {
        long p = Host.string(path);
        long r = HostCall.call(UMOUNT2, p, MNT_DETACH | UMOUNT_NOFOLLOW);
        Memory.free(p);
        return r;
    }

    /** On a thread in the sandbox's mount namespace, where nothing else is to be seen. */
    private void inside(Runnable work) {
        int fd = Host.open("/proc/" + sandbox.pid + "/ns/mnt", Host.O_RDONLY, 0);
        if (fd < 0 || !sandbox.isAlive()) {
            Host.close(fd);
            throw new Failure("the sandbox " + sandbox.id + " of its pod has ended", "Make the pod anew.");
        }
        var failure = new Failure[1];
        var t = new Thread(null, () -> {
            long r = HostCall.call(UNSHARE, CLONE_FS);
            if (r == 0) r = HostCall.call(SETNS, fd, CLONE_NEWNS);
            try {
                if (r < 0) throw failed("setns", r);
                work.run();
            } catch (Failure e) {
                failure[0] = e;
            }
        }, "mounts", 256 << 10);
        t.start();
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nobody interrupts this thread
        }
        Host.close(fd);
        if (failure[0] != null) throw failure[0];
    }
}

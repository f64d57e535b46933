package dev.kernelet.sentry.fs;

import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.host.HostFilesystem;
import dev.kernelet.sentry.fs.overlay.OverlayFilesystem;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.FsContext;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import dev.kernelet.sentry.vfs.DirectoryOps;
import dev.kernelet.sentry.vfs.FileOpen;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;

/** Host files and the overlay without an application. Arguments: bridge library, an empty directory it may fill. */
public final class OverlayCheck {
    static Task t;
    static long buffer;

    public static void main(String[] args) {
        HostCall.load(args[0]);
        buffer = Memory.allocate(1 << 16);
        var kernel = new Kernel(null, new KernelOptions());
        t = new Task(kernel, 1, null, new ThreadGroup(kernel, 1, null));
        t.cred = new Credentials();
        t.cred.effective = t.cred.permitted = Credentials.ALL_CAPS;
        t.fs = new FsContext();
        int[] error = new int[1];

        var shared = HostFilesystem.open(args[1], false, new String[0], error);
        mount(shared);
        String[] names = {"sub", "proc"};
        for (String s : names) expect(0, mkdir("/" + s));
        write("/a", O_CREAT | O_WRONLY, "hello");
        write("/sub/b", O_CREAT | O_WRONLY, "beta");
        write("/a", O_WRONLY | O_APPEND, " world");
        equal("hello world", read("/a"));
        equal("proc sub a ", list("/"));
        expect(11, stat("/a"));
        link("/a", "/hard");
        expect(2, (long) inode("/a").nlink);
        if (inode("/a") != inode("/hard")) throw new AssertionError("identity");
        expect(0, unlink("/a"));
        expect(1, (long) inode("/hard").nlink);
        link("/hard", "/a");
        rename("/sub/b", "/sub/c");
        equal("beta", read("/sub/c"));
        rename("/sub/c", "/sub/b");

        var lower = HostFilesystem.open(args[1], true, new String[] {"proc", "sys"}, error);
        mount(new OverlayFilesystem(lower, new Tmpfs(kernel, 0755)));
        equal("proc sub sys a hard ", list("/"));
        equal("hello world", read("/a"));
        write("/hard", O_RDWR, "HE");
        equal("HEllo world", read("/a"));
        expect(0, unlink("/a"));
        equal("proc sub sys hard ", list("/"));
        write("/a", O_CREAT | O_RDWR, "new");
        equal("new", read("/a"));
        equal("HEllo world", read("/hard"));
        expect(-39, rmdir("/sub"));
        rename("/sub", "/moved");
        equal("beta", read("/moved/b"));
        write("/moved/b", O_WRONLY | O_TRUNC, "");
        expect(0, stat("/moved/b"));
        expect(0, unlink("/moved/b"));
        expect(0, rmdir("/moved"));
        expect(-2, stat("/sub"));
        equal("proc sys a hard ", list("/"));
        OpenFile f = FileOpen.open(t, AT_FDCWD, "/", O_TMPFILE | O_RDWR, 0600);
        f.put(t);
        mount(shared);
        equal("hello world", read("/a"));
        equal("proc sub a hard ", list("/"));
        speed(args[1]);
        System.out.println("overlay check: ok");
    }

    static void mount(Filesystem fs) {
        var ns = new MountNamespace();
        ns.attach(new Mount(fs, fs.root, 0, 1), null);
        t.fs.mounts = ns;
        t.fs.root = t.fs.cwd = new Path(ns.root, fs.root);
    }

    static void path(String p) {
        for (int i = 0; i < p.length(); i++) t.mem.pathBytes[i] = (byte) p.charAt(i);
        t.mem.pathLength = p.length();
    }

    static long mkdir(String p) { path(p); return DirectoryOps.mkdir(t, AT_FDCWD, 0755); }

    static long unlink(String p) { path(p); return DirectoryOps.unlink(t, AT_FDCWD); }

    static long rmdir(String p) { path(p); return DirectoryOps.rmdir(t, AT_FDCWD); }

    static void link(String from, String to) {
        expect(0, t.walk.at(AT_FDCWD, from, 0));
        var m = t.walk.mount;
        var d = t.walk.dentry;
        path(to);
        expect(0, DirectoryOps.link(t, m, d, d.inode, AT_FDCWD));
    }

    static void rename(String from, String to) {
        expect(0, t.walk.at(AT_FDCWD, from, PathWalk.PARENT));
        var dir = t.walk.parent;
        var d = t.walk.lookupLast();
        expect(0, t.walk.at(AT_FDCWD, to, PathWalk.PARENT));
        var toDir = t.walk.parent;
        String name = t.walk.lastName();
        expect(0, dir.inode.rename(t, d.name, d.inode, toDir.inode, name, null, 0));
        dir.detach(d);
        var n = toDir.child(name);
        if (n != null) toDir.detach(n);
        d.name = name;
        toDir.attach(d);
    }

    static dev.kernelet.sentry.vfs.Inode inode(String p) {
        expect(0, t.walk.at(AT_FDCWD, p, 0));
        t.walk.inode.refresh(t);
        return t.walk.inode;
    }

    static long stat(String p) {
        long r = t.walk.at(AT_FDCWD, p, 0);
        if (r < 0) return r;
        t.walk.inode.refresh(t);
        return t.walk.inode.size;
    }

    static void write(String p, int flags, String text) {
        OpenFile f = FileOpen.open(t, AT_FDCWD, p, flags, 0644);
        if (f == null) throw new AssertionError(p + ": " + t.error);
        Memory.putBytes(buffer, text);
        expect(text.length(), f.write(t, buffer, text.length()));
        f.put(t);
    }

    static String read(String p) {
        OpenFile f = FileOpen.open(t, AT_FDCWD, p, O_RDONLY, 0);
        if (f == null) throw new AssertionError(p + ": " + t.error);
        long n = f.read(t, buffer, 4096);
        f.put(t);
        return n < 0 ? "error " + n : Memory.getBytes(buffer, (int) n);
    }

    static String list(String p) {
        OpenFile f = FileOpen.open(t, AT_FDCWD, p, O_RDONLY | O_DIRECTORY, 0);
        var dirs = new java.util.TreeSet<String>();
        var files = new java.util.TreeSet<String>();
        // One entry at a time, as a small buffer would.
        for (boolean[] got = {true}; got[0];) {
            got[0] = false;
            expect(0, f.readdir(t, (name, ino, type, next) -> {
                if (got[0]) return false;
                got[0] = true;
                if (!name.startsWith(".") && !(type == 4 ? dirs : files).add(name)) throw new AssertionError("twice " + name);
                return true;
            }));
        }
        f.put(t);
        var s = new StringBuilder();
        for (String n : dirs) s.append(n).append(' ');
        for (String n : files) s.append(n).append(' ');
        return s.toString();
    }

    static void speed(String dir) {
        int[] error = new int[1];
        var lower = HostFilesystem.open("/", true, new String[] {"proc", "sys", "dev"}, error);
        mount(new OverlayFilesystem(lower, new Tmpfs(t.kernel, 0755)));
        String p = "/usr/lib/x86_64-linux-gnu/libc.so.6";
        for (int round = 0; round < 5; round++) {
            long a = System.nanoTime();
            for (int i = 0; i < 200_000; i++) stat(p);
            long b = System.nanoTime();
            for (int i = 0; i < 200_000; i++) {
                path(p);
                FileOpen.open(t, AT_FDCWD, O_RDONLY, 0, 0).put(t);
            }
            long c = System.nanoTime();
            OpenFile f = FileOpen.open(t, AT_FDCWD, p, O_RDONLY, 0);
            for (int i = 0; i < 200_000; i++) f.pread(t, buffer, 4096, (i & 127) << 12);
            long d = System.nanoTime();
            f.put(t);
            if (round == 4) {
                System.out.println("stat " + (b - a) / 200_000 + " ns, open+close " + (c - b) / 200_000
                        + " ns, pread 4k " + (d - c) / 200_000 + " ns");
            }
        }
    }

    static void expect(long want, long got) {
        if (want != got) throw new AssertionError("expected " + want + ", got " + got);
    }

    static void equal(String want, String got) {
        if (!want.equals(got)) throw new AssertionError("expected [" + want + "], got [" + got + "]");
    }
}

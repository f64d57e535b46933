package dev.kernelet.sentry.vfs;

import static dev.kernelet.abi.Errno.*;
import static dev.kernelet.abi.Fcntl.*;
import static dev.kernelet.abi.Stat.*;
import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.host.HostCall;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.FsContext;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.KernelOptions;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.kernel.ThreadGroup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Path walks, name operations and files on a tmpfs, by a task without an application. */
class PathWalkTest {
    private Task t;
    private PathWalk w;

    @BeforeAll
    static void loadBridge() throws Exception {
        var top = java.nio.file.Path.of("").toAbsolutePath();
        while (!Files.exists(top.resolve("bin/native-build"))) top = top.getParent();
        assertEquals(0, new ProcessBuilder(top.resolve("bin/native-build").toString()).inheritIO().start().waitFor());
        HostCall.load(top.resolve("target/native/libkernelet.so").toString());
    }

    @BeforeEach
    void makeTask() {
        var kernel = new Kernel(null, new KernelOptions());
        t = new Task(kernel, 1, null, new ThreadGroup(kernel, 1, null));
        t.cred = new Credentials();
        t.cred.effective = t.cred.permitted = Credentials.ALL_CAPS;
        t.fds = new FdTable();
        t.fs = new FsContext();
        t.fs.mounts = new MountNamespace();
        var root = MountOps.add(t.fs.mounts, new Tmpfs(kernel, 0755), null, 0, "root");
        t.fs.root = t.fs.cwd = new Path(root, root.root);
        w = t.walk;
    }

    private Task path(String s) {
        byte[] b = s.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(b, 0, t.mem.pathBytes, 0, b.length);
        t.mem.pathLength = b.length;
        return t;
    }

    private long mkdir(String s) { return DirectoryOps.mkdir(path(s), AT_FDCWD, 0755); }

    private long symlink(String target, String s) { return DirectoryOps.symlink(path(s), target, AT_FDCWD); }

    private long unlink(String s) { return DirectoryOps.unlink(path(s), AT_FDCWD); }

    private long walk(String s, int flags) { return w.at(AT_FDCWD, s, flags); }

    private OpenFile open(String s, int flags) { return FileOpen.open(t, AT_FDCWD, s, flags, 0644); }

    private long openError(String s, int flags) {
        assertNull(open(s, flags));
        return t.error;
    }

    private void touch(String s) { open(s, O_CREAT | O_WRONLY).put(t); }

    @Test
    void namesAndDots() {
        assertEquals(0, mkdir("/a"));
        assertEquals(0, mkdir("/a/b/"));
        assertEquals(-EEXIST, mkdir("/a"));
        assertEquals(-ENOENT, mkdir("/x/y"));
        touch("/a/b/f");
        assertEquals(0, walk("/a/./b/../b/f", 0));
        assertEquals("/a/b/f", PathWalk.pathName(w.path(), t.fs.root));
        assertEquals(-ENOTDIR, walk("/a/b/f/", 0));
        assertEquals(-ENOTDIR, walk("/a/b/f/.", 0));
        assertEquals(-ENOENT, walk("/a/b/g", 0));
        assertEquals(-ENOENT, walk("", 0));
        assertEquals(0, walk("/../../a", 0));
        assertEquals(-ENAMETOOLONG, walk("/" + "x".repeat(256), 0));
        assertEquals(-EISDIR, unlink("/a"));
        assertEquals(-ENOTEMPTY, DirectoryOps.rmdir(path("/a"), AT_FDCWD));
        assertEquals(-EINVAL, DirectoryOps.rmdir(path("/a/."), AT_FDCWD));
    }

    @Test
    void links() {
        mkdir("/d");
        touch("/d/f");
        assertEquals(0, symlink("d", "/s"));
        assertEquals(0, symlink("/d/f", "/d/abs"));
        assertEquals(0, symlink("loop2", "/loop1"));
        assertEquals(0, symlink("loop1", "/loop2"));
        assertEquals(0, walk("/s/f", 0));
        assertEquals("/d/f", PathWalk.pathName(w.path(), t.fs.root));
        assertEquals(0, walk("/s", 0));
        assertTrue(w.inode.isSymlink());
        assertEquals(0, walk("/s/", 0));
        assertTrue(w.inode.isDirectory());
        assertEquals(0, walk("/s/abs", PathWalk.FOLLOW));
        assertTrue(w.inode.isRegular());
        assertEquals(-ELOOP, walk("/loop1", PathWalk.FOLLOW));
        assertEquals(-ELOOP, openError("/s", O_NOFOLLOW));
        assertEquals(-EXDEV, walk("/s/../d", RESOLVE_BENEATH << PathWalk.RESOLVE_SHIFT));
        assertEquals(-ELOOP, walk("s/f", RESOLVE_NO_SYMLINKS << PathWalk.RESOLVE_SHIFT));
        assertEquals(0, symlink("new", "/dangling"));
        touch("/dangling");
        assertEquals(0, walk("/new", 0));
        assertEquals(-EEXIST, openError("/dangling", O_CREAT | O_EXCL | O_WRONLY));
    }

    @Test
    void mountsAndRoots() {
        mkdir("/m");
        walk("/m", 0);
        Path point = w.path();
        Mount m = MountOps.add(t.fs.mounts, new Tmpfs(t.kernel, 01777), point, 0, "x");
        touch("/m/in");
        assertEquals(0, walk("/m/in", 0));
        assertSame(m, w.mount);
        assertEquals("/m/in", PathWalk.pathName(w.path(), t.fs.root));
        assertEquals(-EXDEV, walk("m/in", RESOLVE_NO_XDEV << PathWalk.RESOLVE_SHIFT));
        assertEquals(0, walk("/m/../m/./in", 0));
        assertEquals(-EBUSY, DirectoryOps.rmdir(path("/m"), AT_FDCWD));
        walk("/m", 0);
        Path old = t.fs.root;
        t.fs.root = w.path();
        assertEquals(0, walk("/../in", 0));
        assertNull(PathWalk.pathName(old, t.fs.root));
        t.fs.root = old;
        walk("/m", 0);
        assertEquals(0, MountOps.unmount(t, w.path(), 0));
        assertEquals(-ENOENT, walk("/m/in", 0));
    }

    @Test
    void permissions() {
        mkdir("/p");
        touch("/p/f");
        path("/p");
        walk("/p", 0);
        w.inode.setattr(t, 0700, -1, -1);
        Credentials root = t.cred;
        t.cred = new Credentials();
        t.cred.fsuid = t.cred.uid = t.cred.euid = 1000;
        assertEquals(-EACCES, walk("/p/f", 0));
        assertEquals(-EACCES, mkdir("/q"));
        assertEquals(-EACCES, openError("/p", 0));
        t.cred = root;
        assertEquals(0, walk("/p/f", 0));
    }

    @Test
    void content() {
        OpenFile f = open("/f", O_CREAT | O_RDWR);
        long p = Memory.allocate(1 << 20);
        for (int i = 0; i < 1 << 20; i += 8) Memory.putLong(p + i, i * 0x9e3779b97f4a7c15L);
        assertEquals(5, f.write(t, p, 5));
        assertEquals(5, f.inode.size);
        assertEquals(1000, f.pwrite(t, p, 1000, 3));
        long q = Memory.allocate(1 << 20);
        assertEquals(1003, f.pread(t, q, 5000, 0));
        assertEquals(Memory.getByte(p + 999), Memory.getByte(q + 1002));
        // Large and sparse: a memfd from here on.
        assertEquals(1 << 20, f.pwrite(t, p, 1 << 20, 1L << 30));
        assertEquals((1L << 30) + (1 << 20), f.inode.size);
        assertEquals(1 << 20, f.pread(t, q, 1 << 20, 1L << 30));
        assertEquals(Memory.getLong(p + 4096), Memory.getLong(q + 4096));
        assertEquals(1003, f.pread(t, q, 1003, 0));
        assertEquals(Memory.getByte(p + 999), Memory.getByte(q + 1002));
        assertEquals(4096, f.lseek(t, 0, SEEK_HOLE));
        assertEquals(1L << 30, f.lseek(t, 4096, SEEK_DATA));
        assertTrue(f.inode.blocks() < 4096);
        assertEquals(0, f.truncate(t, 10));
        assertEquals(10, f.pread(t, q, 100, 0));
        f.put(t);
        Memory.free(p);
        Memory.free(q);
    }

    @Test
    void unlinkedButOpen() {
        OpenFile f = open("/gone", O_CREAT | O_RDWR);
        assertEquals(0, unlink("/gone"));
        assertEquals(-ENOENT, walk("/gone", 0));
        assertEquals("/gone (deleted)", PathWalk.pathName(f.path, t.fs.root));
        assertEquals(0, f.inode.nlink);
        long p = Memory.allocate(8);
        assertEquals(8, f.write(t, p, 8));
        assertEquals(8, f.pread(t, p, 8, 0));
        Memory.free(p);
        f.put(t);
        assertEquals(0, f.inode.opens);
    }

    @Test
    void readdirSurvivesRemovals() {
        mkdir("/many");
        for (int i = 0; i < 100; i++) touch("/many/" + i);
        OpenFile d = open("/many", O_DIRECTORY);
        var seen = new java.util.ArrayList<String>();
        var next = new long[1];
        while (true) {
            int before = seen.size();
            d.readdir(t, (name, ino, type, following) -> {
                if (seen.size() == before + 7) return false;
                seen.add(name);
                next[0] = following;
                return true;
            });
            d.offset = next[0];
            if (seen.size() == before) break;
            for (String s : seen.subList(before, seen.size())) if (s.charAt(0) != '.') assertEquals(0, unlink("/many/" + s));
        }
        assertEquals(102, seen.size());
        assertEquals(0, DirectoryOps.rmdir(path("/many"), AT_FDCWD));
        d.put(t);
    }
}

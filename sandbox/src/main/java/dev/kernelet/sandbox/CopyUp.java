package dev.kernelet.sandbox;

import static dev.kernelet.abi.Fcntl.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;
import dev.kernelet.sentry.vfs.PathWalk;
import java.util.ArrayList;

/**
 * The mount option tmpcopyup: a tmpfs begins with what it hides. Files, directories and links with owners and
 * modes; what is neither is left out. Links are copied as such, never followed.
 */
final class CopyUp {
    private static final int BUFFER = 64 << 10, DEPTH_MAX = 128, S_IFREG = 0x8000;

    private final Task t;
    private final Path from;

    private CopyUp(Task t, Path from) {
        this.t = t;
        this.from = from;
    }

    /** 0 or a negative errno (of a tmpfs that is too small, for example). */
    static long copy(Task t, Path from, Inode to) {
        to.setattr(t, from.dentry.inode.mode & 07777, from.dentry.inode.uid, from.dentry.inode.gid);
        return new CopyUp(t, from).directory(from.dentry, to, 0);
    }

    private long directory(Dentry d, Inode to, int depth) {
        if (depth > DEPTH_MAX) return 0;
        OpenFile f = d.inode.open(t, new Path(from.mount, d), O_RDONLY | O_DIRECTORY);
        if (f == null) return t.error;
        var names = new ArrayList<String>();
        for (int before = -1; before < names.size();) {
            before = names.size();
            f.readdir(t, (name, ino, type, next) -> {
                if (!name.equals(".") && !name.equals("..")) names.add(name);
                return true;
            });
        }
        f.put(t);
        for (String name : names) {
            Dentry child = PathWalk.lookup(t, d, name);
            if (child == null || child.inode == null) continue;
            long r = entry(child, name, to, depth);
            if (r < 0) return r;
        }
        return 0;
    }

    private long entry(Dentry child, String name, Inode to, int depth) {
        Inode n = child.inode;
        Inode made;
        if (n.isDirectory()) made = to.mkdir(t, name, n.mode & 07777);
        else if (n.isSymlink()) made = to.symlink(t, name, n.readlink(t));
        else if (n.isRegular()) made = to.create(t, name, S_IFREG | n.mode & 07777, 0);
        else return 0;
        if (made == null) return t.error;
        made.setattr(t, n.isSymlink() ? -1 : n.mode & 07777, n.uid, n.gid);
        if (n.isDirectory()) return directory(child, made, depth + 1);
        return n.isRegular() ? content(child, made) : 0;
    }

    private long content(Dentry child, Inode to) {
        OpenFile in = child.inode.open(t, new Path(from.mount, child), O_RDONLY), out = to.open(t, null,
                O_WRONLY);
        if (in == null || out == null) return t.error;
        long buffer = Memory.allocate(BUFFER), at = 0, r;
        while ((r = in.pread(t, buffer, BUFFER, at)) > 0) {
            long n = r;
            for (long done = 0; done < n && r > 0; done += r) r = out.pwrite(t, buffer + done, n - done, at
                    + done);
            if (r < 0) break;
            at += n;
        }
        Memory.free(buffer);
        in.put(t);
        out.put(t);
        return Math.min(r, 0);
    }
}

package dev.kernelet.sentry.fs.anon;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.NamelessFilesystem;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** The one inode that all anonymous files share (fs/anon_inodes.c gives them one too). */
public final class AnonInode extends Inode {
    private static final Filesystem FILESYSTEM = new NamelessFilesystem("anon_inodefs", 0x09041934);
    public static final AnonInode SHARED = new AnonInode();

    private AnonInode() {
        super(FILESYSTEM);
        ino = 15;
        mode = 0600;
    }

    /** For fdinfo: numbers are written in columns. */
    static String pad(String number, int width) {
        return number.length() >= width ? number : " ".repeat(width - number.length()) + number;
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        t.error = -ENXIO;
        return null;
    }
}

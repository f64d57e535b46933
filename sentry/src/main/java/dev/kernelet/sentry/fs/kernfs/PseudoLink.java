package dev.kernelet.sentry.fs.kernfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** A symbolic link of a pseudo filesystem. */
public abstract class PseudoLink extends Inode {
    protected PseudoLink(Filesystem fs) {
        super(fs);
        ino = PseudoDirectory.nextIno();
        mode = 0xa000 | 0777;
        PseudoDirectory.stamp(this);
    }

    @Override
    public abstract String readlink(Task t);

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        t.error = -ELOOP;
        return null;
    }
}

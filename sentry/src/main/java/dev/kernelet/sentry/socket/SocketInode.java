package dev.kernelet.sentry.socket;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Stat;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.NamelessFilesystem;
import dev.kernelet.sentry.vfs.OpenFile;
import dev.kernelet.sentry.vfs.Path;

/** What fstat(2) of a socket shows: an inode of sockfs of its own. */
final class SocketInode extends Inode {
    private static final Filesystem SOCKFS = new NamelessFilesystem("sockfs", 0x534f434b);

    SocketInode(Task t, long ino) {
        super(SOCKFS);
        this.ino = ino;
        mode = Stat.S_IFSOCK | 0777;
        uid = t.cred.fsuid;
        gid = t.cred.fsgid;
    }

    @Override
    public OpenFile open(Task t, Path path, int flags) {
        t.error = -ENXIO;
        return null;
    }

    @Override
    public long setattr(Task t, int newMode, int newUid, int newGid) {
        return putAttributes(t.kernel.realtime(), newMode, newUid, newGid);
    }

    @Override
    public long setTimes(Task t, long newAtime, long newMtime) {
        return putTimes(t.kernel.realtime(), newAtime, newMtime);
    }
}

package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.sentry.kernel.Credentials;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;

/** mount(2) of type tmpfs. */
public final class TmpfsType implements FilesystemTypes.Type {
    private TmpfsType() {}

    public static void register(Kernel k) {
        var type = new TmpfsType();
        FilesystemTypes.of(k).register("tmpfs", type);
        FilesystemTypes.of(k).register("ramfs", type);
    }

    @Override
    public Filesystem make(Task t, String source, String data) {
        Credentials c = t.cred;
        int own = c.userOut(c.fsuid), ownGroup = c.groupOut(c.fsgid);
        var o = TmpfsOptions.parse(data, TmpfsSpace.of(t.kernel).limit, own, ownGroup);
        int uid = o == null ? -1 : o.uid() == own ? c.fsuid : c.userIn(o.uid());
        int gid = o == null ? -1 : o.gid() == ownGroup ? c.fsgid : c.groupIn(o.gid());
        if (uid == -1 || gid == -1) {
            t.error = -EINVAL;
            return null;
        }
        var fs = new Tmpfs(t.kernel, "tmpfs", o.mode(), uid, gid);
        fs.setSizeLimit(o.size());
        return fs;
    }
}

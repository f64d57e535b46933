package dev.kernelet.sentry.fs.tmpfs;

import static dev.kernelet.abi.Errno.*;

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
        var o = TmpfsOptions.parse(data, TmpfsSpace.of(t.kernel).limit, t.cred.fsuid, t.cred.fsgid);
        if (o == null) {
            t.error = -EINVAL;
            return null;
        }
        var fs = new Tmpfs(t.kernel, "tmpfs", o.mode(), o.uid(), o.gid());
        fs.setSizeLimit(o.size());
        return fs;
    }
}

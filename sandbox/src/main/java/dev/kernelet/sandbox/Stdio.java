package dev.kernelet.sandbox;

import dev.kernelet.sentry.fs.host.HostFdInode;
import dev.kernelet.sentry.kernel.FdTable;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** Descriptors 0, 1 and 2 of the caller, given to the first program. A closed one stays closed. */
final class Stdio {
    private Stdio() {}

    static void install(Task t, FdTable fds, Inherited inherited) {
        OpenFile[] files = new OpenFile[3];
        for (int fd = 0; fd < 3; fd++) {
            if (inherited.isClosed(fd)) continue;
            files[fd] = HostFdInode.open(t.kernel, fd);
            if (files[fd] != null) fds.replace(t, fd, files[fd], false);
        }
    }
}

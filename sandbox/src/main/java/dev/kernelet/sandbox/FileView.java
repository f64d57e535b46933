package dev.kernelet.sandbox;

import dev.kernelet.abi.Errno;
import dev.kernelet.sentry.fs.proc.ProcFs;
import dev.kernelet.sentry.fs.sys.SysFs;
import dev.kernelet.sentry.fs.tmpfs.Tmpfs;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.Mount;
import dev.kernelet.sentry.vfs.MountNamespace;
import dev.kernelet.sentry.vfs.Path;

/** The tree the program sees: the host's directory under an overlay, with the Sentry's own proc, sys and dev on top. */
final class FileView {
    private static final int MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_RELATIME = 1 << 21;

    private final Kernel kernel;
    private final SandboxOptions options;
    final MountNamespace mounts = new MountNamespace();
    Path root;

    FileView(Kernel kernel, SandboxOptions options) {
        this.kernel = kernel;
        this.options = options;
    }
}

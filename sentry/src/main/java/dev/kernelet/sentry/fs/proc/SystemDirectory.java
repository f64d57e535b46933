package dev.kernelet.sentry.fs.proc;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.vfs.Inode;

/** A directory of {@link SystemFile}s; their name for SystemText is "directory/name". */
final class SystemDirectory extends PseudoDirectory {
    private final ProcFs procfs;
    private final String prefix;
    private final String[] names;

    SystemDirectory(ProcFs fs, String prefix, String... names) {
        super(fs, 0555);
        procfs = fs;
        this.prefix = prefix;
        this.names = names;
    }

    @Override
    protected String[] names() { return names; }

    @Override
    protected Inode make(int index, String name) { return new SystemFile(procfs, prefix + "/" + name); }
}

package dev.kernelet.sentry.fs.proc;

import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Task;

/** A file that speaks of the whole system. */
final class SystemFile extends PseudoFile {
    private final ProcFs procfs;
    private final String name;

    SystemFile(ProcFs fs, String name) {
        super(fs, 0444);
        procfs = fs;
        this.name = name;
    }

    @Override
    protected String text(Task t) { return SystemText.of(procfs, t, name); }
}

package dev.kernelet.sentry.tty;

import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.OpenFile;

/** An open file that is a terminal programs use (not a master). */
public interface TerminalFile {
    Terminal terminal();

    /** A new open file of the same terminal (/dev/tty); null with t.error. */
    OpenFile reopen(Task t, int flags);
}

package dev.kernelet.sentry.kernel;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Fcntl;
import dev.kernelet.sentry.vfs.FileLocks;
import dev.kernelet.sentry.vfs.OpenFile;
import java.util.Arrays;

/** A process's file descriptors; shared by tasks with CLONE_FILES. Kernel lock. */
public final class FdTable {
    private OpenFile[] files = new OpenFile[64];
    private boolean[] closeOnExec = new boolean[64];
    /** No descriptor below this is free. */
    private int firstFree;
    private int end;
    private int users = 1;

    public FdTable hold() {
        users++;
        return this;
    }

    public boolean isShared() { return users > 1; }

    /** One task less uses the table; the last one closes all. */
    public void put(Task t) {
        if (--users > 0) return;
        for (int fd = 0; fd < end; fd++) if (files[fd] != null) close(t, fd);
    }

    /** The open file, or null (EBADF). */
    public OpenFile get(int fd) { return fd >= 0 && fd < end ? files[fd] : null; }

    public boolean isCloseOnExec(int fd) { return closeOnExec[fd]; }

    public void setCloseOnExec(int fd, boolean on) { closeOnExec[fd] = on; }

    /** One more than the highest open descriptor. */
    public int end() { return end; }

    /** Installs the file (taking over the caller's reference) at the lowest free descriptor, or puts it: -EMFILE. */
    public long install(Task t, OpenFile file, boolean cloexec) { return install(t, file, cloexec, 0); }

    public long install(Task t, OpenFile file, boolean cloexec, int lowest) {
        long fd = lowestFree(t, lowest);
        if (fd >= 0 && !file.isCounted && t.kernel.openFiles >= t.kernel.options.fileLimit) fd = -ENFILE;
        if (fd < 0) {
            file.put(t);
            return fd;
        }
        if (!file.isCounted) {
            file.isCounted = true;
            file.openedBy = t.cred;
            t.kernel.openFiles++;
        }
        set((int) fd, file, cloexec);
        if (lowest <= firstFree) firstFree = (int) fd + 1;
        return fd;
    }

    /** The lowest free descriptor from {@code lowest} on, or -EMFILE by RLIMIT_NOFILE. */
    public long lowestFree(Task t, int lowest) {
        int fd = Math.max(lowest, firstFree);
        while (fd < end && files[fd] != null) fd++;
        if (Integer.toUnsignedLong(fd) >= Math.min(t.group.limits.soft(Limits.NOFILE), 1 << 20)) return -EMFILE;
        return fd;
    }

    /** dup2(2): installs at exactly this descriptor, closing what was there. Takes over the caller's reference. */
    public void replace(Task t, int fd, OpenFile file, boolean cloexec) {
        OpenFile old = get(fd);
        set(fd, file, cloexec);
        if (old != null) {
            closed(t, old);
        }
    }

    private void set(int fd, OpenFile file, boolean cloexec) {
        if (fd >= files.length) {
            int n = Math.max(fd + 1, files.length * 2);
            files = Arrays.copyOf(files, n);
            closeOnExec = Arrays.copyOf(closeOnExec, n);
        }
        files[fd] = file;
        closeOnExec[fd] = cloexec;
        if (fd >= end) end = fd + 1;
    }

    /** 0 or -EBADF. */
    public long close(Task t, int fd) {
        OpenFile f = get(fd);
        if (f == null) return -EBADF;
        files[fd] = null;
        if (fd < firstFree) firstFree = fd;
        while (end > 0 && files[end - 1] == null) end--;
        closed(t, f);
        return 0;
    }

    private void closed(Task t, OpenFile f) {
        if (f.inode != null && f.inode.locks != null && (f.flags & Fcntl.O_PATH) == 0) FileLocks.closed(f.inode, this);
        f.flush(t);
        f.put(t);
    }

    /** A copy for fork, with a reference more on every file. */
    public FdTable copy() {
        var c = new FdTable();
        c.files = Arrays.copyOf(files, Math.max(64, end));
        c.closeOnExec = Arrays.copyOf(closeOnExec, Math.max(64, end));
        c.end = end;
        c.firstFree = firstFree;
        for (int fd = 0; fd < end; fd++) if (files[fd] != null) files[fd].hold();
        return c;
    }

    public void closeOnExec(Task t) {
        for (int fd = 0; fd < end; fd++) if (files[fd] != null && closeOnExec[fd]) close(t, fd);
    }
}

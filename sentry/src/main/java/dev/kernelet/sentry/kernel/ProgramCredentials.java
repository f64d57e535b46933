package dev.kernelet.sentry.kernel;

import dev.kernelet.sentry.vfs.Inode;
import dev.kernelet.sentry.vfs.OpenFile;

/** How execve(2) changes credentials: set-user-ID bits and the capability rules of capabilities(7). Kernel lock. */
final class ProgramCredentials {
    private static final int S_ISUID = 04000, S_ISGID = 02000, S_IXGRP = 010, MS_NOSUID = 2;
    static final int SECBIT_NOROOT = 1, SECBIT_KEEP_CAPS = 1 << 4;

    private ProgramCredentials() {}

    /** The credentials {@code t} has after executing {@code file}. */
    static Credentials forProgram(Task t, OpenFile file) {
        Credentials c = t.cred.copy();
        Inode n = file.inode;
        boolean allowed = t.kernel.options.allowSuid && !c.noNewPrivs && n != null && file.path != null
                && (file.path.mount.flags & MS_NOSUID) == 0;
        // A program of another mount namespace, or with owners that the user namespace does not have, gives no
        // rights of theirs.
        allowed = allowed && (c.ns == null || t.fs.mounts.contains(file.path.mount)
                && c.ns.userOut(n.uid, UserNamespace.NONE) != UserNamespace.NONE
                && c.ns.groupOut(n.gid, UserNamespace.NONE) != UserNamespace.NONE);
        if (allowed && (n.mode & S_ISUID) != 0) c.euid = n.uid;
        if (allowed && (n.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) c.egid = n.gid;
        boolean isSetId = c.euid != t.cred.euid || c.egid != t.cred.egid;
        c.suid = c.fsuid = c.euid;
        c.sgid = c.fsgid = c.egid;
        if (isSetId) c.ambient = 0;
        c.securebits &= ~SECBIT_KEEP_CAPS;
        if ((c.securebits & SECBIT_NOROOT) == 0 && (c.isRoot(c.uid) || c.isRoot(c.euid))) {
            c.permitted = c.inheritable | c.bounding;
            // Nothing is gained by execve(2) with no_new_privs: not root's capabilities either.
            if (c.noNewPrivs) c.permitted &= t.cred.permitted;
            c.effective = c.isRoot(c.euid) ? c.permitted : c.ambient;
        } else {
            c.permitted = c.ambient;
            c.effective = c.ambient;
        }
        return c;
    }

    /** AT_SECURE: the program has more rights than its caller (getauxval(3)). */
    static boolean isSecure(Credentials old, Credentials c) {
        if (c.euid != c.uid || c.egid != c.gid) return true;
        return !c.isRoot(c.uid) && (c.permitted & ~c.ambient) != 0;
    }

    static void apply(Task t, Credentials c) {
        if (c.euid != t.cred.euid || c.egid != t.cred.egid) t.parentDeathSignal = 0;
        t.cred = c;
        t.ctx.clearStubAnswers();
    }
}

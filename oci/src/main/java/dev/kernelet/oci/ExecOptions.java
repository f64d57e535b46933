package dev.kernelet.oci;

import dev.kernelet.sandbox.Inherited;

/** Flags of {@code exec}. */
public final class ExecOptions {
    public String id = "", processFile, pidFile, consoleSocket, cwd, user;
    public String[] args = {}, env = {}, capabilities = {}, additionalGids = {};
    public boolean detach, terminal, noNewPrivileges;
    public int preserveFds;
    public Inherited inherited;
}

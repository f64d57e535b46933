package dev.kernelet.platform.systrap;

import dev.kernelet.abi.Memory;
import dev.kernelet.platform.process.Host;

/**
 * Waits for stub processes to end. All of them are in one process group, and all are children of this JVM
 * (CLONE_PARENT) that end with SIGCHLD; the guard, which leads the group, is one that ends without.
 */
final class Reaper extends Thread {
    private static final int SI_PID = 16;

    private final SystrapPlatform platform;
    private final int group;

    Reaper(SystrapPlatform platform, int group) {
        super("reaper");
        this.platform = platform;
        this.group = group;
        setDaemon(true);
    }

    @Override
    public void run() {
        long info = Memory.allocate(128);
        for (;;) {
            // First look, then tell, then reap: the pid stays taken until nobody can signal it any more.
            long result = Host.peekDead(group, info);
            if (result == -Host.EINTR) continue;
            if (result < 0) break; // ECHILD: none is left
            int pid = Memory.getInt(info + SI_PID);
            var space = platform.ended(pid);
            if (space != null) space.reap(info);
            else platform.reapRogue(pid, info); // a rogue: forked behind the Sentry's back
        }
        Memory.free(info);
        platform.allGone();
    }
}

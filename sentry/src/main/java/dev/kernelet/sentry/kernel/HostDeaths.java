package dev.kernelet.sentry.kernel;

import dev.kernelet.platform.AddressSpace;
import dev.kernelet.platform.Platform;
import java.util.ArrayList;

/**
 * A host process of the platform was killed from outside: its program dies as by SIGKILL. Tasks that run show it by their trap;
 * here is the end of those that wait or are stopped.
 */
final class HostDeaths implements Platform.Deaths {
    private final Kernel kernel;

    HostDeaths(Kernel kernel) { this.kernel = kernel; }

    @Override
    public void died(AddressSpace space) { kernel.post(new Death(space)); }

    private static final class Death extends Event {
        private final AddressSpace space;

        Death(AddressSpace space) { this.space = space; }

        @Override
        protected void run(Kernel k) {
            var tasks = new ArrayList<Task>();
            for (ThreadGroup g = k.pids.groupFrom(1); g != null; g = k.pids.groupFrom(g.pid + 1)) tasks.addAll(g.tasks);
            for (Task t : tasks) {
                boolean isAtRest = t.state == Task.WAITING || t.state == Task.STOPPED;
                if (isAtRest && t.mm != null && t.mm.space == space) Exit.hostDeath(t);
            }
        }
    }
}

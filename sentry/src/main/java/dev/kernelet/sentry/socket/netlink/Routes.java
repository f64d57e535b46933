package dev.kernelet.sentry.socket.netlink;

import static dev.kernelet.abi.Errno.*;

import dev.kernelet.abi.Memory;
import dev.kernelet.sentry.kernel.Task;

/** Answers requests of rtnetlink(7). */
public abstract class Routes {
    /** The answer is in the socket's queue, with its own end. */
    static final long ANSWERED = 1;
    static final int RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22, RTM_NEWROUTE = 24,
            RTM_GETROUTE = 26, RTM_GETNEIGH = 30, RTM_GETRULE = 34, RTM_MAX = 124;
    static final int NLM_F_MULTI = 2, NLM_F_DUMP = 0x300, NLMSG_DONE = 3;

    /** The request of {@code length} bytes at {@code p} (private memory): {@link #ANSWERED}, 0 or -errno. */
    final long answer(Task t, NetlinkSocket s, long p, int length) {
        int kind = Memory.getUnsignedShort(p + 4);
        if (kind < RTM_NEWLINK || kind > RTM_MAX) return -EOPNOTSUPP;
        boolean isDump = (Memory.getUnsignedShort(p + 6) & NLM_F_DUMP) == NLM_F_DUMP;
        // Of each kind, the third is to get; the others would change something.
        if ((kind & 3) != 2) return -EPERM;
        return switch (kind) {
            case RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH, RTM_GETRULE -> get(t, s, kind, isDump, p, length);
            default -> -EOPNOTSUPP;
        };
    }

    abstract long get(Task t, NetlinkSocket s, int kind, boolean isDump, long p, int length);
}
